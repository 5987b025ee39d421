"""All the groups of commands, in the order in which the help shows them."""

from __future__ import annotations

import typer

from babelite.cli import (
    align,
    classify,
    compare,
    corpus,
    encode,
    evaluate,
    filter,
    index,
    info,
    mine,
    search,
    serve,
    train,
)
from babelite.cli.demo import command as demo


def register(app: typer.Typer) -> None:
    """Add every command to the command line."""
    modules = (
        train,
        compare,
        evaluate,
        search,
        encode,
        index,
        info,
        serve,
        mine,
        filter,
        align,
        classify,
        corpus,
        demo,
    )
    for module in modules:
        module.register(app)
