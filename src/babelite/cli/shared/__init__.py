"""What several commands share: options, progress bars, checks before long work, tables."""
