"""Teachers: encoders whose vectors of the training sentences an encoder learns (distillation)."""
