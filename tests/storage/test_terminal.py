"""Control characters of a text that is shown on a terminal."""

from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.storage import visible_text, writing_text


@given(st.text())
def test_visible_text_has_no_control_characters(text: str) -> None:
    shown = visible_text(text)
    assert len(shown) == len(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown if c not in "\t\n")
    if text.isprintable():
        assert shown == text


def test_a_terminal_gets_visible_controls_and_a_file_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "caf\u00e9 \x1b]0;title\x07 \x9b2J\t\u2026\n"
    main, terminal = os.openpty()
    with os.fdopen(terminal, "wb", buffering=0) as stream:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding="utf-8"))
        with writing_text("-") as output:
            output.write(text)
        shown = os.read(main, 1000).decode()
        monkeypatch.undo()
    os.close(main)
    assert shown.rstrip() == visible_text(text).rstrip()
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    with writing_text("-") as output:
        output.write(text)
    assert written.getvalue().decode() == text
