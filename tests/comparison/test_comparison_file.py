"""Validation of the TOML file of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_comparison import BASE, SMALL, SYSTEMS, TASKS, read_grid

from babelite.comparison.comparison_file import read_comparison_file
from babelite.errors import BabeliteError


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pairs = 6000", "pairs = -1", ["budget.pairs", "above 0"]),
        ("pairs = 6000", "pairs = 6000\nminutes = 1", ["budget", "one of pairs, epochs, steps"]),
        ("seeds = [0]", "seeds = [0, 0]", ["seeds", "twice"]),
        ("seeds = [0]", "sedes = [0]", ["sedes", "there is no key"]),
        ('reference = "align"', 'reference = "aling"', ["reference", "'aling'"]),
        ('name = "align"', 'name = "token bag"', ["name", "'token bag' is used twice"]),
        ('kind = "retrieval"', 'kind = "retrival"', ["tasks.1", "retrival"]),
        ('documents = "topics"', "", ["tasks.3.documents", "is missing"]),
        ("seeds = [0, 1]", "seeds = [0, -1]", ["tasks.3", "seeds"]),
        ("seeds = [0, 1]", "seeds = []", ["tasks.3", "seeds"]),
        ("dim = 32", "dim = 33", ["'token bag'", "--dim 33 is not a multiple"]),
        ("dim = 32", "dimension = 32", ["'token bag'", "no option 'dimension'"]),
        ('objective = "align"', 'objective = "algin"', ["'align'", "'algin'"]),
        ("dim = 32", "seed = 3", ["training.seed", "is set by"]),
        ('train = ["en-fr.tsv"]', "train = []", ["data.train", "at least 1"]),
        ("[data]\n", "[data]\nmore = 1\n", ["data.more", "there is no key"]),
        ("title =", "title", ["TOML"]),
    ],
)
def test_an_invalid_configuration_is_reported_with_file_and_key(
    old: str, new: str, words: list[str], text: Path, tmp_path: Path
) -> None:
    assert old in SMALL
    with pytest.raises(BabeliteError) as caught:
        read_grid(SMALL.replace(old, new, 1), text, tmp_path)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "compare.toml"))
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match=r"absent\.toml") as caught:
        read_comparison_file(tmp_path / "absent.toml", tmp_path)
    assert caught.value.code == "file-not-found"


def test_systems_need_training_text_and_a_budget(text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="data: is missing"):
        read_grid("seeds = [0]\n[budget]\npairs = 100\n" + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="budget: is missing"):
        read_grid(BASE.replace("[budget]\npairs = 6000\n", "") + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="nothing to compare"):
        read_grid(TASKS, text, tmp_path)
