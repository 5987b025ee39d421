"""Training with text without translations: ``babelite train --mono``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from small_runs import records, run, run_stopped

from babelite.corpus import parse_monolingual_source, parse_source
from babelite.encoding import read_model_description
from babelite.errors import BabeliteError
from babelite.storage import read_lines
from babelite.training import make_config, prepare_text

MODULE = '''
import numpy as np

SEEN = set()

def encode(sentences):
    """A teacher that knows how often each letter occurs."""
    SEEN.update(sentences)
    counts = [np.bincount([*s.lower().encode()], minlength=128)[97:123] for s in sentences]
    return np.array(counts, float) + 0.01
'''


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mono_teacher.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "mono_teacher:encode"


@pytest.fixture
def english(tmp_path: Path, bilingual_pairs: list[tuple[str, str]]) -> str:
    """300 sentences with the words of the pairs, and some that must be dropped."""
    path = tmp_path / "news.txt"
    sides = [pair[0] for pair in bilingual_pairs]
    lines = [f"{sides[n]} {sides[n + 1]}" for n in range(300)]
    path.write_text("\n".join([*lines, "", lines[0].upper(), *sides]) + "\n", encoding="utf-8")
    return f"en={path}"


def test_both_phases_learn_from_sentences_without_translations(
    parallel_file: Path, tmp_path: Path, teacher: str, english: str
) -> None:
    out = tmp_path / "model"
    options: dict[str, Any] = {"teacher": [f"en={teacher}"], "objective": "align+10*teach+smlm"}
    run(parallel_file, out, mono=[english], bag_steps=80, steps=40, **options)
    logged = records(out, "train")
    bag, layers = ([r for r in logged if r["phase"] == phase] for phase in ("bag", "layers"))
    assert bag[-1]["losses"]["mono_teach"] < 0.9 * bag[0]["losses"]["mono_teach"]
    assert "mono_smlm" not in bag[0]["losses"]
    assert layers[-1]["losses"]["mono_smlm"] < layers[0]["losses"]["mono_smlm"]
    last = layers[-1]["losses"]
    expected = {"align": 1, "teach": 10, "smlm": 1, "mono_teach": 5, "mono_smlm": 0.5}
    total = sum(weight * last[name] for name, weight in expected.items())
    assert layers[-1]["loss"] == pytest.approx(total, rel=1e-5)
    assert "news.txt" in (out / "README.md").read_text(encoding="utf-8")


def test_sentences_are_cleaned_and_share_nothing_with_held_out_pairs(
    parallel_file: Path, tmp_path: Path, english: str
) -> None:
    config = make_config("tiny", None, {"objective": "smlm", "held_out": 100})
    monolingual = [parse_monolingual_source(english)]
    folder = tmp_path / "text"
    prepare_text([parse_source(str(parallel_file))], folder, config, monolingual=monolingual)
    [file] = folder.glob("corpus/en.mono*.tsv")
    found = [line.split("\t")[0] for line in read_lines(file)]
    held_out = [line.split("\t")[0] for line in read_lines(folder / "corpus/en-fr.held-out.tsv")]
    assert held_out
    assert not {*found} & {*held_out}
    assert {*found} > {line.split("\t")[0] for line in read_lines(folder / "corpus/en-fr.tsv")}
    assert len(found) == len({*map(str.lower, found)})


def test_a_stopped_run_resumes_bit_equal(
    parallel_file: Path,
    tmp_path: Path,
    teacher: str,
    english: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, Any] = {"teacher": [teacher], "mono": [english], "dropout": 0.1}
    options |= {"objective": "align + 5*teach + smlm", "mono_share": 0.3}
    run(parallel_file, tmp_path / "whole", **options)
    run_stopped(parallel_file, tmp_path / "stopped", monkeypatch, **options)
    run(parallel_file, tmp_path / "stopped", **options)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "stopped"))
    assert all(one[name].equal(other[name]) for name in one)
    with pytest.raises(BabeliteError, match="--mono") as caught:
        run(parallel_file, tmp_path / "stopped", **options | {"mono": []})
    assert caught.value.code == "run-mismatch"


def test_a_language_may_have_no_pairs(parallel_file: Path, tmp_path: Path, teacher: str) -> None:
    german = tmp_path / "german.jsonl"
    rows = ({"text": f"wörter über wörter {n} {n % 7}"} for n in range(200))
    german.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "model"
    run(parallel_file, out, teacher=[teacher], mono=[f"2*de={german}"], bag_steps=20, steps=2)
    assert read_model_description(out / "babelite.json").languages == ("en", "fr", "de")
    assert "wörter" in (out / "tokenizer.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"objective": "align"}, "option-conflict"),
        ({"objective": "align + smlm", "layers": 0}, "option-conflict"),
        ({"teacher": ["fr=mono_teacher:encode"]}, "language-not-found"),
    ],
)
def test_text_that_nothing_learns_from_is_refused(
    options: dict[str, Any],
    code: str,
    parallel_file: Path,
    tmp_path: Path,
    teacher: str,
    english: str,
) -> None:
    with pytest.raises(BabeliteError) as caught:
        run(parallel_file, tmp_path / "model", mono=[english], **options)
    assert caught.value.code == code
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("content", ["\n \n", "👍\n🔥\n"])
def test_text_without_sentences_leaves_no_run(
    content: str, parallel_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "empty.txt"
    file.write_text(content, encoding="utf-8")
    out = tmp_path / "model"
    with pytest.raises(BabeliteError, match=r"empty\.txt") as caught:
        run(parallel_file, out, objective="smlm", mono=[f"en={file}"])
    assert caught.value.code in ("input-empty", "too-few")
    assert not (out / "training").exists()


def test_a_file_that_cannot_be_read_is_noticed_at_once(parallel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    with pytest.raises(BabeliteError, match=r"missing\.txt") as caught:
        run(parallel_file, out, objective="smlm", mono=[f"en={tmp_path / 'missing.txt'}"])
    assert caught.value.code == "file-not-found"
    assert not out.exists()


@pytest.mark.parametrize(
    "text", ["en-fr=pairs.tsv", "news.txt", "=news.txt", "english!=news.txt", "en="]
)
def test_the_language_must_be_given(text: str) -> None:
    with pytest.raises(BabeliteError) as caught:
        parse_monolingual_source(text)
    assert caught.value.code == "languages-unknown"
