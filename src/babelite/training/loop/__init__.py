"""Training loop: phases, steps, validation, checkpoints."""
