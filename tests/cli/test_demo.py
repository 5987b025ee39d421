from collections.abc import Callable
from pathlib import Path

import pytest

from babelite.cli.demo import steps as demo
from babelite.neighbors import SearchHit, SearchResult

Run = Callable[..., tuple[int, str, str]]


def test_brackets_in_sentences_are_printed_literally(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [SearchResult("Fermer [tous] :bell:", (SearchHit(0.5, 0, "Close [all] :bell:"),))]
    result = demo.DemoResult(Path("[demo]/model"), here / "[demo].html", [], examples, 1.0)
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: result)
    code, out, _ = run("demo")
    assert code == 0
    for text in ("Fermer [tous] :bell:", "Close [all] :bell:", "[demo]/model", "[demo].html"):
        assert text in out
