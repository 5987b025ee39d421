"""Output that cannot be written: readers that go away, full disks, texts with escape sequences."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

Run = Callable[..., tuple[int, str, str]]

TEXT = "red\x1b[31m and \x1b]0;title\x07 of a line\nanother line\n"


def exit_code(arguments: list[str], stdout: int | IO[bytes], stderr: int | IO[bytes]) -> int:
    """The exit code of a command with these streams."""
    command = [sys.executable, "-m", "babelite", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=stderr, check=False).returncode


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "lines.txt", "red", "-m", "letter_encoder:letters"],
        ["search", "lines.txt", "red", "-m", "letter_encoder:letters", "--json"],
        ["mine", "lines.txt", "lines.txt", "-m", "letter_encoder:letters"],
        ["info"],
        ["--help"],
    ],
)
def test_a_closed_pipe_ends_a_command_quietly(here: Path, arguments: list[str]) -> None:
    (here / "lines.txt").write_text(TEXT)
    reading, writing = os.pipe()
    os.close(reading)
    with (here / "errors").open("wb") as errors:
        assert exit_code(arguments, writing, errors) == 141
    os.close(writing)
    said = (here / "errors").read_text()
    assert "Traceback" not in said and "pipe" not in said.lower()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_messages_that_cannot_be_written_do_not_end_a_command(here: Path) -> None:
    (here / "lines.txt").write_text(TEXT)
    arguments = ["mine", "lines.txt", "lines.txt", "-m", "letter_encoder:letters", "--out", "o.tsv"]
    with Path("/dev/full").open("wb") as full:
        assert exit_code(arguments, subprocess.DEVNULL, full) == 0
        assert (here / "o.tsv").exists()
        assert exit_code(["search", "missing.txt", "red"], subprocess.DEVNULL, full) == 2
        assert exit_code(["info"], full, subprocess.DEVNULL) == 2


def test_escape_sequences_of_a_text_do_not_reach_the_terminal(here: Path, run: Run) -> None:
    (here / "lines.txt").write_text(TEXT)
    encoder = ["-m", "letter_encoder:letters"]
    _, found, _ = run("search", "lines.txt", "red\x1b[2J", *encoder)
    _, _, explained = run("mine", "lines.txt", "lines.txt", *encoder, "--explain", "1")
    _, _, failed = run("search", "no\x1b[2Jfile", "red", *encoder)
    for shown in (found, explained, failed):
        assert "\u241b" in shown
        assert "\x1b[2J" not in shown and "\x1b]" not in shown and "\x07" not in shown
