from collections.abc import Callable
from pathlib import Path

import pytest

from babelite.errors import BabeliteError
from babelite.evaluation.datasets import (
    TopicSentence,
    read_sib200,
    read_sib200_parallel,
    read_sts,
)
from babelite.evaluation.similarity import ScoredPair

HEADER = "index_id\tcategory\ttext"


@pytest.fixture
def sib(tmp_path: Path) -> Path:
    for language, numbers in {"eng_Latn": (3, 1, 2), "fra_Latn": (1, 3, 4)}.items():
        folder = tmp_path / language
        folder.mkdir()
        for split, number in zip(("train", "dev", "test"), numbers, strict=True):
            row = f"{number}\tsports\t{language} “{number}"
            (folder / f"{split}.tsv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    return tmp_path


def test_topics_of_one_language(sib: Path) -> None:
    assert read_sib200(sib, "eng_Latn", ["test", "dev"]) == [
        TopicSentence(2, "sports", "eng_Latn “2"),
        TopicSentence(1, "sports", "eng_Latn “1"),
    ]


def test_sentences_are_aligned_by_their_numbers(sib: Path) -> None:
    assert read_sib200_parallel(sib, ["fra_Latn", "eng_Latn"]) == {
        "fra_Latn": ["fra_Latn “1", "fra_Latn “3"],
        "eng_Latn": ["eng_Latn “1", "eng_Latn “3"],
    }


def test_languages_without_a_common_sentence(sib: Path) -> None:
    for split in ("train", "dev", "test"):
        (sib / "fra_Latn" / f"{split}.tsv").write_text(f"{HEADER}\n9\tsports\tneuf\n")
    with pytest.raises(BabeliteError, match="no sentence is in all of the languages"):
        read_sib200_parallel(sib, ["eng_Latn", "fra_Latn"])


def test_scored_pairs(tmp_path: Path) -> None:
    path = tmp_path / "en.test.tsv"
    path.write_text('A "cat.\tA dog.\t1.25\n\nYes.\tNo.\t0\n', encoding="utf-8")
    assert read_sts(path) == [ScoredPair('A "cat.', "A dog.", 1.25), ScoredPair("Yes.", "No.", 0)]


@pytest.mark.parametrize(
    ("text", "read", "problem"),
    [
        ("a\tb\tc\n", lambda path: read_sib200(path, ".", ["x"]), r"x\.tsv, line 1: is not the h"),
        (
            f"{HEADER}\nfive\tsports\ttext\n",
            lambda path: read_sib200(path, ".", ["x"]),
            "line 2: is not a number, a category",
        ),
        (
            f"{HEADER}\n5\tsports\n",
            lambda path: read_sib200(path, ".", ["x"]),
            "line 2: is not a number, a category",
        ),
        ("a\tb\t1\na\tb\n", lambda path: read_sts(path / "x.tsv"), r"x\.tsv, line 2: is not two"),
        ("a\tb\tgood\n", lambda path: read_sts(path / "x.tsv"), "line 1: is not two sentences"),
        ("", lambda path: read_sts(path / "y.tsv"), r"y\.tsv: there is no such file"),
        ("", lambda path: read_sib200(path, "xxx_Latn"), r"train\.tsv: there is no such file"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, text: str, read: Callable[[Path], object], problem: str
) -> None:
    (tmp_path / "x.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(BabeliteError, match=problem):
        read(tmp_path)
