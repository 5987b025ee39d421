from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.labelled_sets import read_labelled_set
from babelite.evaluation.mldoc import read_mldoc_file

NEWS = {
    "english": ["Shares of Acme Co . rose.  (c) Reuters Limited 1997.", 'He said "it\'s over".'],
    "german": ["Zürich: Kurse fielen.", "Tab\there und da"],
    "chinese": ["股价上涨。", "会议结束。"],
}
LABELS = ["CCAT", "GCAT"]


def as_python_3_writes(texts: Sequence[str]) -> str:
    """Documents as MLDoc's generate_documents.py writes them under Python 3."""
    return "".join(f"{label}\t{text.encode()}\n" for label, text in zip(LABELS, texts, strict=True))


@pytest.fixture
def mldoc(tmp_path: Path) -> Path:
    for language, texts in NEWS.items():
        parts = ["test"] if language == "chinese" else ["train.1000", "train.2000", "dev", "test"]
        for part in parts:
            (tmp_path / f"{language}.{part}").write_text(as_python_3_writes(texts))
    return tmp_path


def test_mldoc_files_written_by_python_3(mldoc: Path) -> None:
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


def test_mldoc_files_written_by_python_2_compressed_and_in_folders(tmp_path: Path) -> None:
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
    ("line", "code"),
    [
        ("XCAT\tb'text'", "format-invalid"),
        ("CCAT b'text'", "format-invalid"),
        ("CCAT\tb'text", "file-damaged"),
        ("CCAT\tb'\\xff'", "file-damaged"),
        ("CCAT\tb'a' + b'b'", "file-damaged"),
    ],
)
def test_invalid_lines_of_mldoc_files(tmp_path: Path, line: str, code: str) -> None:
    (tmp_path / "english.test").write_text(f"CCAT\tb'fine'\n{line}\n")
    with pytest.raises(BabeliteError) as refused:
        read_mldoc_file(tmp_path / "english.test")
    assert (refused.value.code, refused.value.line) == (code, 2)
    (tmp_path / "english.test").write_text("")
    with pytest.raises(BabeliteError) as refused:
        read_mldoc_file(tmp_path / "english.test")
    assert refused.value.code == "input-empty"


def test_mldoc_without_a_part(mldoc: Path) -> None:
    (mldoc / "german.dev").unlink()
    with pytest.raises(BabeliteError, match=r"has german\.train\.1000 but no german\.dev"):
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


def test_sib200_is_parallel_in_any_order(sib200: Path) -> None:
    documents = read_labelled_set(sib200)
    assert documents.parallel
    assert not documents.by_sentence
    for language, corpus in documents.corpora.items():
        assert [row.text for row in corpus.test] == [f"{language} 3", f"{language} 9"]
        assert corpus.train[0] == LabelledText("topic 1", f"{language} 1")
    assert [*read_labelled_set(sib200, ["fra_Latn"]).corpora] == ["fra_Latn"]
    path = sib200 / "fra_Latn" / "test.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert not read_labelled_set(sib200).parallel


def test_custom_files(tmp_path: Path) -> None:
    for name in ("en.train.tsv", "en.dev.tsv", "en.test.tsv", "fr.test.tsv"):
        (tmp_path / name).write_text(f"id\tgood\t{name}\nid\tbad\t \n")
    documents = read_labelled_set(tmp_path, columns=("2", "3"))
    assert documents.name == tmp_path.name
    assert [*documents.corpora] == ["en", "fr"]
    assert not documents.corpora["fr"].train
    assert documents.corpora["fr"].test == [LabelledText("good", "fr.test.tsv")]
    (tmp_path / "en.dev.tsv").unlink()
    with pytest.raises(BabeliteError, match=r"has no en\.dev\.tsv"):
        read_labelled_set(tmp_path)


def test_folders_without_labelled_documents(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, code in (
        (".", "input-empty"),
        ("none", "folder-not-found"),
        ("file", "not-a-folder"),
    ):
        with pytest.raises(BabeliteError) as refused:
            read_labelled_set(tmp_path / name)
        assert refused.value.code == code
