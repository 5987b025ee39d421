"""Text in a wrong encoding, and HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.filtering.text_damage import has_markup, is_mojibake


def decoded_wrongly(text: str, encoding: str) -> str:
    return "".join(bytes([b]).decode(encoding, "ignore") or chr(b) for b in text.encode())


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize(
    "text",
    [
        *("Été à la mer", "à", "cœur", "sûr", "Noël", "Straße", "Łódź", "10 €", "don’t", "25 °C"),
        *("Привет", "Καλημέρα", "日本語", "한국어", "😀", "naïve – yes", "ÄÖÜ", "garçon", "š"),
    ],
)
def test_text_that_was_decoded_wrongly(text: str, encoding: str) -> None:
    assert is_mojibake(decoded_wrongly(text, encoding))
    assert not is_mojibake(text)


@given(st.text(st.characters(categories=["Ll"], max_codepoint=0x24F), min_size=1))
def test_lower_case_latin_letters_are_no_mojibake(text: str) -> None:
    assert not is_mojibake(text)


@pytest.mark.parametrize(
    "text",
    [
        *("à\xa0« mot »", "«\xa0à\xa0»", "MAÇÃ”", "IRMÃ»", "MAÇÃ\xa0», disse", "CAFÉ®", "NESTLÉ™"),
        *("É’s", "Ä“", "SÃO", "CRÈME—GLACÉE", "Ñ, Ñ…", "A·B·Ò·C", "Â", "Â son tour", "5ª À 6º"),
    ],
)
def test_unusual_text_that_is_right(text: str) -> None:
    assert not is_mojibake(text)


@pytest.mark.parametrize(
    "text",
    [
        *("<b>bold</b>", "a<br/>b", "<P CLASS=x>", "<a href='u'>", "x</div>", "<!-- c", "<h2>T"),
        *("Q&amp;A", "a&nbsp;b", "it&#39;s", "&#x27;", "&eacute;t&eacute;"),
    ],
)
def test_markup(text: str) -> None:
    assert has_markup(text)


@pytest.mark.parametrize(
    "text",
    ["1 < 2 > 0", "a <b and c> d", "<name>", "R&D; AT&T", "I <3 you", "x <- y", "&unknown;", "&#;"],
)
def test_signs_that_are_no_markup(text: str) -> None:
    assert not has_markup(text)
