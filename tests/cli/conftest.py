"""Fixtures for tests of commands: a current directory with an encoder, and ways to run."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babelite import cli

ENCODER = """
import numpy as np

def letters(sentences):
    return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory; ``letter_encoder:letters`` is an encoder in it."""
    (tmp_path / "letter_encoder.py").write_text(ENCODER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "letter_encoder", raising=False)
    return tmp_path


@pytest.fixture
def run(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line; returns its exit code, standard output and standard error."""

    def run(*arguments: str, standard_input: str = "") -> tuple[int, str, str]:
        stream = io.TextIOWrapper(io.BytesIO(standard_input.encode()))
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "argv", ["babelite", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
            raise SystemExit(0)
        printed = capfd.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def fails(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Runs a command that must fail with an error code; returns what it wrote to standard error."""
    codes: list[str] = []
    report = cli._fail

    def reported(message: str, code: str, *arguments: Any, **options: Any) -> None:
        codes.append(code)
        report(message, code, *arguments, **options)

    monkeypatch.setattr(cli, "_fail", reported)

    def fails(code: str, *arguments: str, standard_input: str = "") -> str:
        exit_code, _, error = run(*arguments, standard_input=standard_input)
        assert (exit_code, codes) == (2, [code]), error
        codes.clear()
        return error

    return fails
