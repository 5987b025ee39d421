import numpy as np
from word_encoder import WordEncoder

from babelite.classification import text_vectors
from babelite.corpus import split_at_punctuation


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
