"""All the groups of commands, in the order in which the help shows them."""

from __future__ import annotations

import typer

from babelite.cli import corpus, demo, evaluate, index, search, train


def register(app: typer.Typer) -> None:
    """Add every command to the command line."""
    for module in (train, evaluate, search, index, corpus, demo):
        module.register(app)
