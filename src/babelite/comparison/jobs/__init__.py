"""The jobs of a comparison: preparing text, training and evaluating, each in its own process."""
