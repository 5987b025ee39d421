"""File formats of parallel text, one module a format."""
