"""Sentence splitting by language and by punctuation."""

import pytest

from babelite.corpus import split_at_punctuation, split_sentences


def test_wrapped_text_is_joined() -> None:
    lines = ["This sentence is", "wrapped. This one", "too.", "", "", "A paragraph", "of its own"]
    assert list(split_sentences(lines, "en")) == [
        "This sentence is wrapped.",
        "This one too.",
        "A paragraph of its own",
    ]
    # Without blank lines the text is not taken as wrapped: lines are paragraphs.
    assert next(iter(split_sentences(lines[:3], "en"))) == "This sentence is"


def test_sentences_of_scripts_without_spaces() -> None:
    assert list(split_sentences(["你好。我是人。"], "zh")) == ["你好。", "我是人。"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("He said “no.” She left.", ["He said “no.”", "She left."]),
        ("Rates rose 1.5 percent at J. P. Smith Inc. on Monday.", None),
        ("東京で。大阪でも。", ["東京で。", "大阪でも。"]),
        ("東京で「はい。」大阪。", ["東京で「はい。」", "大阪。"]),
        ("no end", ["no end"]),
        ("two\nlines", ["two", "lines"]),
        ("", [""]),
        ("   ", ["   "]),
    ],
)
def test_split_at_punctuation(text: str, sentences: list[str] | None) -> None:
    found = split_at_punctuation(text)
    if sentences is None:
        assert found[0].startswith("Rates rose 1.5 percent at J. P. Smith Inc.")
    else:
        assert found == sentences
