"""Documents as sentences."""

import gzip
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import read_document


def written(folder: Path, text: str) -> str:
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_lines_are_sentences_and_keep_their_numbers(tmp_path: Path) -> None:
    document = read_document(written(tmp_path, "\ufeffOne.\n\n  Two. \r\n\t\nThree"))
    assert document.sentences == ("One.", "Two.", "Three")
    assert document.numbers == (1, 3, 5)
    assert document.last == 5


def test_compressed_documents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"One.\nTwo.\n"))
    assert read_document(str(path)).sentences == ("One.", "Two.")


@pytest.mark.parametrize(
    ("text", "message"), [("", "is empty"), ("\n \n\t\n", "contains only blank lines")]
)
def test_a_document_without_text(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    for language in (None, "en"):
        with raises("input-empty", message):
            read_document(path, language)


def test_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("One.\nÉté.\n".encode("latin-1"))
    with raises("not-utf8", "line 2"):
        read_document(str(path))


def test_running_text_is_split(tmp_path: Path) -> None:
    text = "Dr. Smith came home.  He slept! Did he\tdream?\n\nNobody knows\nToo bad.\n"
    document = read_document(written(tmp_path, text + "x" * 120 + "\n"), "en")
    assert document.sentences == (
        "Dr. Smith came home.",
        "He slept!",
        "Did he dream?",
        "Nobody knows",  # a line is a paragraph
        "Too bad.",
        "x" * 120,
    )
    assert document.numbers == (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("text", "unsplit"),
    [
        ("One. Two.\nThree! “Four.”\nFive.\n", True),
        ("One sentence.\nIt costs 3.50 dollars, e.g. here.\nThree.\nFour. Five.\n", False),
        ("1. Scope\nM. Dupont\nSee fig. 3\n", False),
        ("你好。我是人。\n", True),
    ],
)
def test_documents_of_paragraphs_look_unsplit(tmp_path: Path, text: str, unsplit: bool) -> None:
    assert read_document(written(tmp_path, text)).looks_unsplit is unsplit
