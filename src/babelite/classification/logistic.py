"""Multinomial logistic regression on frozen vectors, trained by L-BFGS in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.classification.examples import (
    Examples,
    FitProgress,
    check_vectors,
    dev_examples,
    log_softmax,
    softmax,
    training_examples,
)

Function = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

# From strong to weak regularisation; the best values for unit vectors lie well inside.
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_WITHOUT_DEV = 10.0

_MEMORY = 10  # correction pairs of L-BFGS, the default of most libraries
_ITERATIONS = 1_000
_TOLERANCE = 1e-4  # largest component of the gradient of the mean loss, as in scikit-learn
_SUFFICIENT, _CURVATURE = 1e-4, 0.9  # Wolfe conditions (Nocedal & Wright 2006, section 3.1)
_TRIALS = 30


class LogisticClassifier:
    """Logistic regression with the interface of scikit-learn.

    Minimises the cross-entropy summed over documents, times ``C``, plus half the squared weights;
    biases are not regularised. Equal to scikit-learn's ``LogisticRegression(C=C)``.

    Args:
        strengths: Values of ``C`` to choose from, rising. The one with the most correct dev
            predictions is kept; ties are broken by the likelihood of the true labels. Without dev
            documents ``C`` is 10, or the given value if there is only one.

    Attributes:
        classes_: The labels in alphabetical order, after training.
        chosen_strength_: The chosen ``C``, after training.

    Example:
        >>> classifier = LogisticClassifier().fit([[1.0, 0.0], [0.0, 1.0]] * 9, ["sea", "land"] * 9)
        >>> classifier.predict([[0.9, 0.1], [0.3, 0.7]])
        ['sea', 'land']
    """

    kind: Literal["logistic"] = "logistic"

    def __init__(self, strengths: Sequence[float] = STRENGTHS) -> None:
        self.strengths = tuple(strengths)
        self.classes_: tuple[str, ...] = ()
        self.chosen_strength_ = 0.0
        self._weights = np.zeros((0, 0), np.float32)
        self._biases = np.zeros(0, np.float32)

    def fit(
        self,
        vectors: ArrayLike,
        labels: Sequence[str],
        dev_vectors: ArrayLike | None = None,
        dev_labels: Sequence[str] | None = None,
        progress: FitProgress | None = None,
    ) -> LogisticClassifier:
        """Train on vectors (n, dim) and n labels; deterministic; returns the classifier itself.

        Dev vectors (m, dim) and m labels serve to choose the strength. ``progress`` is called with
        the number of strengths tried and their total.

        Raises:
            BabeliteError: There are fewer than two labels, or the shapes do not match.
        """
        examples = training_examples(vectors, labels)
        dev, strengths = dev_examples(dev_vectors, dev_labels, examples), self.strengths
        if dev is None and len(strengths) > 1:
            strengths = (_WITHOUT_DEV,)
        best, kept = (-1, -np.inf), np.zeros(0)
        found = np.zeros((examples.vectors.shape[1] + 1) * len(examples.classes))
        for number, strength in enumerate(strengths, start=1):
            found = minimize(_penalised(examples, strength), found)  # warm start
            score = _score_dev(found, dev) if dev is not None else (0, 0.0)
            if score > best:
                best, kept, self.chosen_strength_ = score, found, strength
            if progress is not None:
                progress(number, len(strengths))
        table = kept.reshape(-1, len(examples.classes)).astype(np.float32)
        alphabetical = sorted(range(len(examples.classes)), key=examples.classes.__getitem__)
        self.classes_ = tuple(sorted(examples.classes))
        self._weights, self._biases = table[:-1, alphabetical], table[-1, alphabetical]
        return self

    def predict_proba(self, vectors: ArrayLike) -> NDArray[np.float32]:
        """The probability of every label for vectors (n, dim): float32 (n, labels)."""
        rows = check_vectors(vectors, len(self._weights))
        return softmax(rows @ self._weights + self._biases).astype(np.float32, copy=False)

    def predict(self, vectors: ArrayLike) -> list[str]:
        """The most probable label of each vector; see `predict_proba`."""
        return [self.classes_[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Parameters: ``weights`` (dim, labels), ``biases`` (labels,), ``strength`` (1,)."""
        strength = np.array([self.chosen_strength_], np.float32)
        return {"weights": self._weights, "biases": self._biases, "strength": strength}

    @classmethod
    def from_arrays(
        cls, classes: Sequence[str], arrays: Mapping[str, NDArray[np.float32]]
    ) -> LogisticClassifier:
        """Restore a classifier from `arrays`; ValueError if they do not fit the classes."""
        missing = np.zeros(0, np.float32)
        weights, biases, strength = (
            arrays.get(name, missing) for name in ("weights", "biases", "strength")
        )
        if weights.shape[1:] != (len(classes),) or biases.shape != (len(classes),):
            raise ValueError("the weights do not fit the labels")
        if strength.shape != (1,) or not strength[0] > 0:
            raise ValueError("the regularisation strength is missing or invalid")
        made = cls()
        made.classes_, made._weights, made._biases = tuple(classes), weights, biases
        made.chosen_strength_ = float(strength[0])
        return made


def _penalised(examples: Examples, strength: float) -> Function:
    """Objective and gradient: mean cross-entropy plus squared weights over 2·C·n."""
    rows = np.ones((len(examples.vectors), examples.vectors.shape[1] + 1))
    rows[:, :-1] = examples.vectors
    every = np.arange(len(rows))
    penalty = 1 / (strength * len(rows))

    def function(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(rows.shape[1], -1)
        logs = log_softmax(rows @ table)
        loss = -logs[every, examples.targets].mean()
        errors = np.exp(logs)
        errors[every, examples.targets] -= 1
        slope = rows.T @ errors / len(rows)
        slope[:-1] += penalty * table[:-1]
        return loss + penalty / 2 * float((table[:-1] ** 2).sum()), slope.ravel()

    return function


def _score_dev(flat: NDArray[np.float64], dev: Examples) -> tuple[int, float]:
    """The number of correct dev predictions, and the log-probability of the true labels."""
    table = flat.reshape(-1, len(dev.classes))
    scores = dev.vectors @ table[:-1] + table[-1]
    right = int((scores.argmax(axis=1) == dev.targets).sum())
    return right, float(log_softmax(scores)[np.arange(len(scores)), dev.targets].sum())


# --- L-BFGS ---------------------------------------------------------------------------------------


def minimize(
    function: Function, start: NDArray[np.float64], tolerance: float = _TOLERANCE
) -> NDArray[np.float64]:
    """Minimise a convex function (value and gradient) by L-BFGS.

    Nocedal & Wright 2006, algorithm 7.5. It ends when no component of the gradient is above
    ``tolerance``, or when rounding prevents further progress.
    """
    point = start
    value, slope = function(point)
    moves: list[tuple[NDArray[np.float64], NDArray[np.float64], float]] = []
    for _ in range(_ITERATIONS):
        if np.abs(slope).max() <= tolerance:
            break
        step = _search_line(function, point, value, slope, _direction(slope, moves))
        if step is None:
            break
        following, value, steeper = step
        moved, turned = following - point, steeper - slope
        if (product := float(moved @ turned)) > 0:
            moves = [*moves[1 - _MEMORY :], (moved, turned, 1 / product)]
        point, slope = following, steeper
    return point


def _direction(
    slope: NDArray[np.float64],
    moves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], float]],
) -> NDArray[np.float64]:
    """Search direction by the two-loop recursion (algorithm 7.4)."""
    direction = -slope
    shares = []
    for moved, turned, inverse in reversed(moves):
        share = inverse * float(moved @ direction)
        direction = direction - share * turned
        shares.append(share)
    if moves:
        moved, turned, _ = moves[-1]
        direction = direction * (float(moved @ turned) / float(turned @ turned))
    for (moved, turned, inverse), share in zip(moves, reversed(shares), strict=True):
        direction = direction + moved * (share - inverse * float(turned @ direction))
    return direction


def _search_line(
    function: Function,
    point: NDArray[np.float64],
    value: float,
    slope: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]] | None:
    """Point, value and gradient after a step that satisfies the Wolfe conditions; None if none."""
    falling = float(slope @ direction)
    low, high, size = 0.0, np.inf, 1.0
    found = None
    for _ in range(_TRIALS):
        there = point + size * direction
        value_there, slope_there = function(there)
        if value_there > value + _SUFFICIENT * size * falling:
            high = size
        else:
            found = there, value_there, slope_there
            if float(slope_there @ direction) >= _CURVATURE * falling:
                return found
            low = size
        size = 2 * low if high == np.inf else (low + high) / 2
    return found
