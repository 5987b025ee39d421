"""All commands, in panels by what people do with them, in the order of the help."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

# Modules of `babelite.cli`.
_PANELS = {
    "Search and encode": ("search", "index", "encode", "mine", "align", "filter", "classify"),
    "Build corpora": ("corpus",),
    "Train and evaluate": ("train", "distill", "evaluate", "compare"),
    "Serve and more": ("serve", "info", "demo.command"),
}


def make_command() -> typer.core.TyperGroup:
    """The command line with all its commands."""
    from babelite.cli import HELP, root

    app = typer.Typer(
        name="babelite",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback(help=HELP)(root)
    order: list[str] = []
    for panel, modules in _PANELS.items():
        for module in modules:
            import_module(f"babelite.cli.{module}").register(app)
            registered: list[Any] = [*app.registered_commands, *app.registered_groups]
            for one in registered:
                if one.name not in order:
                    one.rich_help_panel = panel
                    order.append(one.name)
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    group.commands = {name: group.commands[name] for name in order}
    _hide_types_of_flags(group)
    return group


def _hide_types_of_flags(command: typer.core.TyperGroup) -> None:
    """Let the help show ``--json``, not ``--json <bool>``, in a command and all below it."""
    for parameter in command.get_params(typer.Context(command)):
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    for below in getattr(command, "commands", {}).values():
        _hide_types_of_flags(below)
