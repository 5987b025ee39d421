"""The version of babelite."""

__version__ = "0.1.0"
