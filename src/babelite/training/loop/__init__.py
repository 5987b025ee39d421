"""The training loop: steps, phases, validation, checkpoints."""
