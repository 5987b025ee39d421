"""Training data: vocabulary, token files, batches."""
