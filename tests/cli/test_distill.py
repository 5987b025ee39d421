"""``babelite distill``: the training run that it starts, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import babelite.training

Run = Callable[..., tuple[int, str, str]]


def test_distill_trains_with_a_teacher(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def train(sources: Any, out: Path, config: Any, **others: Any) -> SimpleNamespace:
        given.update(sources=sources, out=out, config=config, **others)
        return SimpleNamespace(precision_at_1={"en-fr": 0.5}, pairs=10, seconds=1.0)

    monkeypatch.setattr(babelite.training, "train", train, raising=False)
    (here / "small.toml").write_text("dim = 64\nmatryoshka = [16]\n")
    text = ["2*en-fr=talks.tsv", "0.5*en=news.txt", "de-fr.tsv", "fr=presse.jsonl"]
    options = ["--minutes", "6", "--teacher-license", "MIT", "--config", "small.toml"]
    code, _, err = run("distill", "en=m:encode", *text, "--out", "model", *options)
    assert code == 0, err
    config = given["config"]
    assert [source.name for source in given["sources"]] == ["en-fr", "de-fr"]
    alone = [(s.language, s.path, s.weight) for s in given["monolingual"]]
    assert alone == [("en", "news.txt", 0.5), ("fr", "presse.jsonl", 1.0)]
    assert config.teacher == ["en=m:encode"]
    assert config.teacher_license == ["MIT"]
    assert config.objective == "align + 10*teach + 2*teach_sim"
    assert (config.minutes, config.teacher_minutes) == (6, 2)
    assert (config.dim, config.matryoshka) == (64, [16])


def test_text_in_one_language_alone_is_refused(run: Run, here: Path) -> None:
    (here / "news.txt").write_text("a sentence\n")
    code, _, err = run("distill", "m:encode", "en=news.txt", "--out", "model")
    assert code == 2
    assert "pairs" in err
    assert not (here / "model").exists()
