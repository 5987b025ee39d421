import base64
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.evaluation.model_report import write_report
from babelite.evaluation.retrieval import RetrievalResult, evaluate
from babelite.neighbors import SearchHit, SearchResult

RECORDS = """\
{"event":"train","phase":"bag","pairs":1000,"seconds":6,"losses":{"align":3.0}}
{"event":"validation","pairs":1000,"seconds":6,"precision_at_1":{"en-fr":0.4},"mean_precision_at_1":0.4}
{"event":"train","phase":"layers","pairs":2000,"seconds":12,"losses":{"align":2.0,"ugt":7.5}}
{"event":"validation","pairs":2000,"seconds":12,"precision_at_1":{"en-fr":0.6},"mean_precision_at_1":0.6}
"""


class Letters:
    dim = 256

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])


@pytest.fixture(scope="module")
def result() -> RetrievalResult:
    pairs = [("nation", "nation"), ("table", "tabelle"), ("pater", "vater"), ("music", "musik")]
    return evaluate(Letters(), pairs, name="words.tsv", languages=("en", "de"))


class Page(HTMLParser):
    """Collects what a page refers to and says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.descriptions: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "source", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "href", "data", "action"):
                self.references.append(value or "")
            if name == "alt":
                self.descriptions.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_full_report(tmp_path: Path, result: RetrievalResult) -> None:
    (tmp_path / "metrics.jsonl").write_text(RECORDS)
    out = write_report(
        tmp_path / "report.html",
        title="A model of <letters>",
        summary={"pairs": 1234567, "minutes": 3.14159, "size": "9.8 MB", "speed": 10321.4},
        metrics_jsonl=tmp_path / "metrics.jsonl",
        results=[result],
        examples=[
            SearchResult(
                "Where & when?", (SearchHit(0.934, 0, "<b>Wo</b>"), SearchHit(-0.1, 1, "x"))
            )
        ],
    )
    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    for words in ("A model of <letters>", "1,234,567", "3.14", "9.8 MB", "10,321"):
        assert words in page.text
    for words in ("words.tsv", "Where & when?", "<b>Wo</b>", "0.93", "-0.10"):
        assert words in page.text
    assert f"{100 * result.mean.value:.1f}" in page.text
    # Five pictures, each on light and on dark paper, and nothing from outside.
    assert len(page.references) == 10
    assert all(r.startswith("data:image/svg+xml;base64,") for r in page.references)
    assert all(b"</svg>" in base64.b64decode(r.partition(",")[2]) for r in page.references)
    assert len(set(page.references)) == 10
    assert len(page.descriptions) == 5
    assert all(page.descriptions)
    assert not re.search(r"@import|url\(|<script", text)


def test_a_report_with_facts_only(tmp_path: Path) -> None:
    out = write_report(tmp_path / "r.html", title="Bare", summary={"pairs": 3})
    page = Page(out.read_text(encoding="utf-8"))
    assert page.references == []
    assert "P@1" not in page.text
    assert "Learning curves" not in page.text


def test_reports_are_reproducible(tmp_path: Path) -> None:
    records = tmp_path / "metrics.jsonl"
    records.write_text(RECORDS.splitlines()[0] + "\n")
    first, second = (
        write_report(tmp_path / name, title="Twice", metrics_jsonl=records).read_bytes()
        for name in ("a.html", "b.html")
    )
    assert first == second


def test_a_run_without_validation(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(RECORDS.splitlines()[0] + "\n")
    out = write_report(tmp_path / "r.html", title="Short", metrics_jsonl=tmp_path / "metrics.jsonl")
    assert len(Page(out.read_text(encoding="utf-8")).references) == 2


def test_a_missing_training_log(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="no such file"):
        write_report(tmp_path / "r.html", title="None", metrics_jsonl=tmp_path / "metrics.jsonl")
    assert not (tmp_path / "r.html").exists()
