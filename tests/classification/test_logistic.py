from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.classification import LogisticClassifier
from babelite.classification.logistic import minimize
from babelite.errors import BabeliteError


def noisy(count: int = 120, seed: int = 0) -> tuple[NDArray[np.float32], list[str]]:
    """Unit vectors in three classes that overlap."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 3, count)
    rows = rng.standard_normal((count, 8)) + 1.5 * np.eye(3, 8)[numbers]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), ["xyz"[n] for n in numbers]


@pytest.mark.parametrize("strength", [0.3, 10.0, 100.0])
def test_equal_to_scikit_learn(strength: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    vectors, labels = noisy()
    theirs = linear_model.LogisticRegression(C=strength, tol=1e-8, max_iter=5_000)
    theirs.fit(vectors, labels)
    ours = LogisticClassifier((strength,)).fit(vectors, labels)
    held_out, _ = noisy(seed=1)
    shares = theirs.predict_proba(held_out)
    np.testing.assert_allclose(ours.predict_proba(held_out), shares, atol=5e-3)
    assert ours.classes_ == tuple(theirs.classes_)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_minimize_finds_the_minimum_of_a_quadratic(size: int) -> None:
    rng = np.random.default_rng(size)
    root = rng.standard_normal((size, size))
    matrix, goal = root @ root.T + 0.1 * np.eye(size), rng.standard_normal(size)

    def function(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return float((x - goal) @ matrix @ (x - goal)) / 2, matrix @ (x - goal)

    found = minimize(function, np.zeros(size), tolerance=1e-9)
    np.testing.assert_allclose(found, goal, atol=1e-6)


def test_the_best_strength_on_dev_is_kept() -> None:
    vectors, labels = noisy()
    dev, true = noisy(60, seed=1)
    strengths = (0.01, 1.0, 1000.0)
    rights = [
        np.mean(
            np.array(LogisticClassifier((c,)).fit(vectors, labels).predict(dev)) == np.array(true)
        )
        for c in strengths
    ]
    chosen = LogisticClassifier(strengths).fit(vectors, labels, dev, true)
    assert chosen.chosen_strength_ == strengths[int(np.argmax(rights))]
    # All predictions on these are wrong; the smallest weights give the highest likelihood.
    wrong = ["yzx"["xyz".index(label)] for label in labels[:5]]
    sure = LogisticClassifier((1.0, 0.01, 1000.0)).fit(vectors, labels, vectors[:5], wrong)
    assert sure.chosen_strength_ == 0.01
    assert LogisticClassifier().fit(vectors, labels).chosen_strength_ == 10


@settings(max_examples=10)
@given(st.permutations(["x", "y", "z"]))
def test_the_names_of_labels_do_not_matter(names: list[str]) -> None:
    vectors, labels = noisy(40)
    renaming = dict(zip("xyz", names, strict=True))
    one = LogisticClassifier().fit(vectors, labels)
    other = LogisticClassifier().fit(vectors, [renaming[label] for label in labels])
    assert [renaming[label] for label in one.predict(vectors)] == other.predict(vectors)


def test_progress_and_invalid_examples() -> None:
    vectors, labels = noisy(30)
    told: list[tuple[int, int]] = []
    LogisticClassifier((1.0, 2.0)).fit(
        vectors, labels, vectors, labels, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]
    with pytest.raises(BabeliteError, match="only the label 'x'"):
        LogisticClassifier().fit(vectors, ["x"] * 30)
    with pytest.raises(BabeliteError, match="there are no dev documents"):
        LogisticClassifier().fit(vectors, labels, np.empty((0, 8)), [])
    with pytest.raises(BabeliteError, match="have 3 components and the training vectors have 8"):
        LogisticClassifier().fit(vectors, labels, np.eye(3), ["x", "y", "z"])
