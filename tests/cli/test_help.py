"""The help of every command, and errors as JSON."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from babelite.cli.commands import make_command

Run = Callable[..., tuple[int, str, str]]


def command_paths(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The words that name each command: none for the whole command line."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from command_paths(below, *path, name)


COMMANDS = list(command_paths(make_command()))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_flag_shows_a_type_in_the_help(run: Run, path: tuple[str, ...]) -> None:
    code, out, _ = run(*path, "--help")
    assert code == 0
    assert "--help" in out
    assert "<bool>" not in out and "BOOLEAN" not in out


def help_texts() -> dict[str, str]:
    texts = {}
    for path in COMMANDS:
        command: Any = make_command()
        for name in path:
            command = command.commands[name]
        texts[" ".join(path)] = command.help
    return texts


def test_help_does_not_depend_on_docstrings() -> None:
    code = "import json, test_help; print(json.dumps(test_help.help_texts()))"
    paths = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *sys.path]}"
    command = [sys.executable, "-OO", "-c", f"{paths}; {code}"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    texts = help_texts()
    assert all(texts.values())
    assert json.loads(result.stdout) == texts


def test_options_that_commands_share_are_the_same_everywhere() -> None:
    shared = {"--allow-download", "--column", "--json", "--plot", "--ray", "--work", "--workers"}
    texts: dict[str, set[tuple[str, str]]] = {name: set() for name in shared}
    for path in COMMANDS:
        command: Any = make_command()
        for name in path:
            command = command.commands[name]
        for parameter in command.get_params(typer.Context(command)):
            for name in shared & set(parameter.opts):
                texts[name].add((parameter.metavar, parameter.help))
    assert {name: found for name, found in texts.items() if len(found) != 1} == {}


def test_commands_stand_in_panels_by_purpose(run: Run) -> None:
    _, out, _ = run("--help")
    shown = re.findall(r"^╭─ (.*?) ─|^│ (\w+)  ", out, re.MULTILINE)
    assert [panel or command for panel, command in shown] == [
        *("Options", "Search and encode"),
        *("search", "index", "encode", "mine", "align", "filter", "classify"),
        *("Build corpora", "corpus"),
        *("Train and evaluate", "train", "distill", "evaluate", "compare"),
        *("Serve and more", "serve", "info", "demo"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["search", "no_file", "query"], "file-not-found"),
        (["search", "no_file"], "option-invalid"),
        (["search", "no_file", "query", "--no-such-option"], "option-invalid"),
    ],
)
def test_an_error_is_json_on_request(run: Run, arguments: list[str], code: str) -> None:
    exit_code, out, err = run(*arguments, "--json")
    assert exit_code == 2
    error = json.loads(out)["error"]
    assert error["code"] == code
    assert err == f"babelite: {error['message']}\n"
    exit_code, out, _ = run(*arguments)
    assert (exit_code, out) == (2, "")


def test_help_shows_brackets_unchanged(run: Run) -> None:
    code, out, _ = run("filter", "--help")
    assert code == 0
    assert "babelite[filter]" in out


def test_train_shows_the_default_of_every_setting(run: Run) -> None:
    from babelite.training import TrainingConfig

    _, out, _ = run("train", "--help")
    shown = " ".join(out.replace("│", " ").split())
    for name, field in TrainingConfig.model_fields.items():
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert f"(default: {field.default})" in shown, name


def test_train_names_the_extra_to_install() -> None:
    without_torch = "import sys; sys.modules['torch'] = None; from babelite.cli import main; main()"
    command = [sys.executable, "-c", without_torch, "train"]
    given = subprocess.run(
        [*command, "en-fr.tsv", "--out", "model", "--minutes", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert given.returncode == 2
    assert given.stderr.endswith("run: pip install 'babelite[train]'.\n")
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "pip install 'babelite[train]'" in shown.stdout
