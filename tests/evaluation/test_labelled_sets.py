from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.labelled_sets import (
    read_labelled_set,
    read_mldoc_file,
    read_sib200_topics,
)

NEWS = {
    "english": ["Shares of Acme Co . rose.  (c) Reuters Limited 1997.", 'He said "it\'s over".'],
    "german": ["Zürich: Kurse fielen.", "Tab\there und da"],
    "chinese": ["股价上涨。", "会议结束。"],
}
LABELS = ["CCAT", "GCAT"]


def by_script(texts: Sequence[str]) -> str:
    """As MLDoc's generate_documents.py writes documents when Python 3 runs it."""
    return "".join(f"{label}\t{text.encode()}\n" for label, text in zip(LABELS, texts, strict=True))


@pytest.fixture
def mldoc(tmp_path: Path) -> Path:
    for language, texts in NEWS.items():
        parts = ["test"] if language == "chinese" else ["train.1000", "train.2000", "dev", "test"]
        for part in parts:
            (tmp_path / f"{language}.{part}").write_text(by_script(texts))
    return tmp_path


def test_mldoc_as_its_script_writes_it(mldoc: Path) -> None:
    documents = read_labelled_set(mldoc)
    assert documents.name == "MLDoc"
    assert documents.by_sentence
    assert [*documents.corpora] == ["en", "de", "zh"]
    assert documents.corpora["en"].train == [
        LabelledText("CCAT", "Shares of Acme Co. rose."),
        LabelledText("GCAT", 'He said "it\'s over".'),
    ]
    assert documents.corpora["de"].test == [
        LabelledText("CCAT", "Zürich: Kurse fielen."),
        LabelledText("GCAT", "Tab here und da"),
    ]
    assert documents.corpora["zh"].train == []
    assert documents.corpora["zh"].test[0].text == "股价上涨。"
    assert documents.codes(["german", "en"]) == ["de", "en"]


def test_mldoc_by_python_2_packed_and_in_folders(tmp_path: Path) -> None:
    (tmp_path / "german").mkdir()
    lines = "".join(f"{a}\t{b}\n" for a, b in zip(LABELS, NEWS["german"], strict=True))
    for part in ("train.2000", "dev"):
        (tmp_path / "german" / f"german.{part}").write_text(lines)
    with gzip.open(tmp_path / "german" / "german.test.gz", "wt", encoding="utf-8") as stream:
        stream.write(lines)
    corpus = read_labelled_set(tmp_path, ["german"], train_size=2000).corpora["de"]
    assert [row.text for row in corpus.test] == ["Zürich: Kurse fielen.", "Tab here und da"]
    assert len(corpus.train) == len(corpus.dev) == 2
    with pytest.raises(BabeliteError, match=r"no training documents, such as english\.train\.1000"):
        read_labelled_set(tmp_path)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("XCAT\tb'text'", "line 2: is not one of the labels CCAT, ECAT, GCAT, MCAT"),
        ("CCAT b'text'", "line 2: is not one of the labels"),
        ("CCAT\tb'text", "line 2: is not a whole byte string of UTF-8; the file is cut off"),
        ("CCAT\tb'\\xff'", "line 2: is not a whole byte string of UTF-8"),
        ("CCAT\tb'a' + b'b'", "line 2: is not a whole byte string"),
    ],
)
def test_lines_that_are_not_mldocs(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "english.test").write_text(f"CCAT\tb'fine'\n{line}\n")
    with pytest.raises(BabeliteError, match=problem):
        read_mldoc_file(tmp_path / "english.test")
    (tmp_path / "english.test").write_text("")
    with pytest.raises(BabeliteError, match="is empty"):
        read_mldoc_file(tmp_path / "english.test")


def test_mldoc_without_a_part(mldoc: Path) -> None:
    (mldoc / "german.dev").unlink()
    with pytest.raises(BabeliteError, match=r"holds german\.train\.1000 but no german\.dev"):
        read_labelled_set(mldoc)
    with pytest.raises(BabeliteError, match="has no documents in it, it has en, de, zh"):
        read_labelled_set(mldoc, ["italian"])


@pytest.fixture
def sib200(tmp_path: Path) -> Path:
    for language in ("eng_Latn", "fra_Latn"):
        (tmp_path / language).mkdir()
        for part, numbers in (("train", [5, 1]), ("dev", [2]), ("test", [9, 3])):
            rows = numbers if language == "eng_Latn" else numbers[::-1]
            (tmp_path / language / f"{part}.tsv").write_text(
                "index_id\tcategory\ttext\n"
                + "".join(f"{n}\ttopic {n % 2}\t{language} {n}\n" for n in rows)
            )
    return tmp_path


def test_sib200_is_parallel_whatever_the_order(sib200: Path) -> None:
    documents = read_labelled_set(sib200)
    assert documents.parallel
    assert not documents.by_sentence
    for language, corpus in documents.corpora.items():
        assert [row.text for row in corpus.test] == [f"{language} 3", f"{language} 9"]
        assert corpus.train[0] == LabelledText("topic 1", f"{language} 1")
    assert [*read_sib200_topics(sib200, ["fra_Latn"]).corpora] == ["fra_Latn"]
    path = sib200 / "fra_Latn" / "test.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert not read_labelled_set(sib200).parallel


def test_files_of_ones_own(tmp_path: Path) -> None:
    for name in ("en.train.tsv", "en.dev.tsv", "en.test.tsv", "fr.test.tsv"):
        (tmp_path / name).write_text(f"id\tgood\t{name}\nid\tbad\t \n")
    documents = read_labelled_set(tmp_path, columns=("2", "3"))
    assert documents.name == tmp_path.name
    assert [*documents.corpora] == ["en", "fr"]
    assert documents.corpora["fr"].train == []
    assert documents.corpora["fr"].test == [LabelledText("good", "fr.test.tsv")]
    (tmp_path / "en.dev.tsv").unlink()
    with pytest.raises(BabeliteError, match=r"has no en\.dev\.tsv, by which"):
        read_labelled_set(tmp_path)


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match=r"neither SIB-200's .*; call yours en\.train\.tsv"):
        read_labelled_set(tmp_path)
    with pytest.raises(BabeliteError, match="there is no such folder"):
        read_labelled_set(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(BabeliteError, match="is a file"):
        read_labelled_set(tmp_path / "file")
