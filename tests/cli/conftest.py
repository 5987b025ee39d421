"""What the tests of commands share: a current directory with an encoder, and a way to run."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from babelite.cli import main

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
    """Runs a command line; gives its exit code, standard output and standard error."""

    def run(*arguments: str, standard_input: str = "") -> tuple[int, str, str]:
        stream = io.TextIOWrapper(io.BytesIO(standard_input.encode()))
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "argv", ["babelite", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
            raise SystemExit(0)
        printed = capfd.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run
