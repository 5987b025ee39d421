"""The command `babelite demo` and its steps."""
