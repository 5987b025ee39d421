"""`EncoderTransformer` keeps the conventions of scikit-learn."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from word_encoder import WordEncoder

from babelite import BabeliteError, Encoder

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from babelite.classification import EncoderTransformer

TEXTS = [f"{a} {b}" for a in ("ball", "goal", "team") for b in ("match", "run", "win")]
TEXTS += [f"{a} {b}" for a in ("salt", "soup", "rice") for b in ("cook", "eat", "taste")]
LABELS = ["sport"] * 9 + ["food"] * 9


def test_the_checks_of_scikit_learn_that_apply() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it skips the checks with arrays of numbers, and warns
        check_estimator(EncoderTransformer())
        check_estimator(EncoderTransformer(WordEncoder(), by_sentence=True))


def test_parameters_are_kept_and_cloned() -> None:
    encoder = Encoder.load()
    transformer = EncoderTransformer(encoder, by_sentence=True)
    assert transformer.get_params() == {"encoder": encoder, "by_sentence": True}
    copied = clone(transformer)
    assert copied.encoder is encoder
    assert copied.set_params(by_sentence=False).by_sentence is False
    assert transformer.by_sentence is True


def test_vectors_are_those_of_the_encoder() -> None:
    texts = np.array(["Where is the station?", ""])
    vectors = EncoderTransformer().fit_transform(texts)
    np.testing.assert_allclose(vectors, Encoder.load().encode(list(texts)), atol=1e-6)
    transformer = EncoderTransformer().fit(texts)
    names = transformer.get_feature_names_out()
    assert [names[0], len(names)] == ["encodertransformer0", 256]
    with pytest.raises(BabeliteError, match="array of shape"):
        transformer.transform(texts[:, None])


def test_cross_validation_and_grid_search_of_a_pipeline() -> None:
    pipeline = make_pipeline(EncoderTransformer(WordEncoder()), LogisticRegression(C=100))
    assert cross_val_score(pipeline, TEXTS, LABELS, cv=3).mean() > 0.5
    grid = {"encodertransformer__by_sentence": [False, True]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(TEXTS, LABELS)
    assert set(search.predict(["goal run", "soup eat"])) <= {"sport", "food"}


def test_a_pipeline_with_the_packaged_model_is_pickled() -> None:
    pipeline = make_pipeline(EncoderTransformer(), LogisticRegression()).fit(TEXTS, LABELS)
    again = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(again.predict(TEXTS), pipeline.predict(TEXTS))
