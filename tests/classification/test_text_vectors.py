import numpy as np
import pytest
from word_encoder import WordEncoder

from babelite.classification import text_vectors
from babelite.classification.text_vectors import split_at_punctuation


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
def test_sentences(text: str, sentences: list[str] | None) -> None:
    found = split_at_punctuation(text)
    if sentences is None:
        assert found[0].startswith("Rates rose 1.5 percent at J. P. Smith Inc.")
    else:
        assert found == sentences


def test_a_document_is_the_mean_of_its_sentences() -> None:
    encoder = WordEncoder()
    documents = ["aa bb. cc. ee", "ff", "", "gg. hh"]
    vectors = text_vectors(encoder, documents, by_sentence=True)
    for document, vector in zip(documents, vectors, strict=True):
        mean = encoder.encode(split_at_punctuation(document)).mean(axis=0)
        length = np.linalg.norm(mean)
        np.testing.assert_allclose(vector, mean / length if length else mean, atol=1e-6)
    whole = text_vectors(encoder, documents)
    np.testing.assert_allclose(whole, encoder.encode(documents), atol=1e-6)
    assert not np.allclose(whole[0], vectors[0])
    for by_sentence in (True, False):
        assert text_vectors(encoder, [], by_sentence=by_sentence).shape == (0, 16)
