"""HTTP: limits, error bodies, authentication and metrics."""
