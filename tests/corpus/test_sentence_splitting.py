"""Sentence splitting by language and by punctuation."""

import pytest

from babelite.corpus import split_at_punctuation, split_sentences
from babelite.errors import BabeliteError


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


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["1. Scope of services.", "It is wide.", "2.1. Prices apply."]),
        ("en", ["I. Introduction.", "II. Methods.", "It was plan B.", "Then we left."]),
        ("en", ["He lives at approx. 5 km.", "See fig. 3 of vol. 2.", "Fine."]),
        ("en", ["It was 1984.", "5 people left.", "No.", "That is wrong."]),
        ("fr_CA", ["M. Dupont a vu M. Martin et MM. Durand.", "Il fait 5 m.", "Puis il dort."]),
        ("fr", ["Le Dr. Martin vint en janv. 2019, env. 5 km.", "av. J.-C.", "Il partit."]),
        ("de-AT", ["1. Geltungsbereich.", "Im 19. Jahrhundert war es so.", "Es waren 5.", "Ende."]),
        ("DE", ["Frau Dr. Meier, geb. Schmidt, kam am 3. Mai.", "Sie ging z. B. nicht."]),
        ("es", ["1. Objeto.", "D. Juan y Dña. Ana caminan aprox. 5 km."]),
        ("it", ["Vedi n. 5, pag. 12.", "S. Pietro dura 5 s.", "Poi il sig. Rossi."]),
        ("ita_Latn", ["1. Oggetto.", "G. Rossi venne."]),
        ("pl", ["1. Zakres.", "To jest."]),
    ],
)
def test_numbers_and_abbreviations_do_not_end_a_sentence(
    language: str, sentences: list[str]
) -> None:
    assert list(split_sentences([" ".join(sentences)], language)) == sentences


@pytest.mark.parametrize("language", ["english", "xx", "", "e"])
def test_an_unknown_language_is_refused(language: str) -> None:
    with pytest.raises(BabeliteError) as error:
        list(split_sentences(["One. Two."], language))
    assert error.value.code == "language-not-found"
