"""All the groups of commands, in the order in which the help shows them."""

from __future__ import annotations

import typer

from babelite.cli import align, corpus, demo, encode, evaluate, filter, index, mine, search, train


def register(app: typer.Typer) -> None:
    """Add every command to the command line."""
    for module in (train, evaluate, search, encode, index, mine, filter, align, corpus, demo):
        module.register(app)
