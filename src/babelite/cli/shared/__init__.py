"""Shared by several commands: options, progress display, preflight checks, tables of results."""
