"""Command ``babelite demo`` and its steps."""
