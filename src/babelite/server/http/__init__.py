"""HTTP layer: authentication, limits, error bodies and metrics."""
