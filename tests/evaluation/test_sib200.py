from pathlib import Path

import pytest

from babelite.errors import BabeliteError
from babelite.evaluation.sib200 import TopicSentence, read_sib200, read_sib200_parallel

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


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"""Luna"" won, he said."', '"Luna" won, he said.'),
        ('"""She left."""', '"She left."'),
        ('"Luna" won, he said.', '"Luna" won, he said.'),
        ('"Luna won', '"Luna won'),
        ('It is 5" long.', 'It is 5" long.'),
    ],
)
def test_quoted_cells_are_decoded(tmp_path: Path, cell: str, text: str) -> None:
    (tmp_path / "test.tsv").write_text(f"{HEADER}\n7\tsports\t{cell}\n", encoding="utf-8")
    assert read_sib200(tmp_path, ".", ["test"]) == [TopicSentence(7, "sports", text)]


def test_sentences_are_aligned_by_their_numbers(sib: Path) -> None:
    assert read_sib200_parallel(sib, ["fra_Latn", "eng_Latn"]) == {
        "fra_Latn": ["fra_Latn “1", "fra_Latn “3"],
        "eng_Latn": ["eng_Latn “1", "eng_Latn “3"],
    }


def test_languages_without_a_common_sentence(sib: Path) -> None:
    for split in ("train", "dev", "test"):
        (sib / "fra_Latn" / f"{split}.tsv").write_text(f"{HEADER}\n9\tsports\tneuf\n")
    with pytest.raises(BabeliteError, match="eng_Latn, fra_Latn") as refused:
        read_sib200_parallel(sib, ["eng_Latn", "fra_Latn"])
    assert refused.value.code == "input-empty"


@pytest.mark.parametrize(
    ("text", "language", "place", "code"),
    [
        ("a\tb\tc\n", ".", "train.tsv, line 1: ", "format-invalid"),
        (f"{HEADER}\nfive\tsports\ttext\n", ".", "train.tsv, line 2: ", "format-invalid"),
        (f"{HEADER}\n5\tsports\n", ".", "train.tsv, line 2: ", "format-invalid"),
        (HEADER, "xxx_Latn", "train.tsv: ", None),
    ],
)
def test_invalid_files_are_refused(
    tmp_path: Path, text: str, language: str, place: str, code: str | None
) -> None:
    (tmp_path / "train.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(BabeliteError, match=place) as refused:
        read_sib200(tmp_path, language)
    assert code is None or refused.value.code == code
