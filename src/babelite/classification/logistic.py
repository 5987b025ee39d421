"""Multinomial logistic regression on frozen vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.classification.labels import (
    Examples,
    checked_vectors,
    further_examples,
    softmax,
    training_examples,
)

Progress = Callable[[int, int], None]
Function = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

# From strong to weak regularisation: what suits vectors of unit length lies well within.
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_WITHOUT_DEV = 10.0

_MEMORY = 10  # pairs of differences that L-BFGS remembers, as most libraries do
_ITERATIONS = 1_000
_TOLERANCE = 1e-4  # of the largest slope, the loss being a mean over documents; as scikit-learn
_SUFFICIENT, _CURVATURE = 1e-4, 0.9  # Wolfe's conditions (Nocedal & Wright 2006, section 3.1)
_TRIALS = 30


class LogisticClassifier:
    """Logistic regression with the interface of scikit-learn.

    The cross-entropy summed over documents, times ``C``, plus half the squared weights; biases are
    free. That is scikit-learn's ``LogisticRegression(C=C)``.

    Args:
        strengths: The values of ``C`` to choose from by the dev documents, rising; the one with the
            most right answers is kept, of equals the one that finds the true labels likeliest.
            Without dev documents ``C`` is 10, or what is given if it is a single one.

    Attributes:
        classes_: The labels in alphabetical order, once it is trained.
        chosen_strength_: The ``C`` that was kept.

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
        progress: Progress | None = None,
    ) -> LogisticClassifier:
        """Train; nothing about it is random.

        Args:
            vectors: Array of shape (n, dim).
            labels: n labels, of two kinds at least.
            dev_vectors: Array of shape (m, dim), to choose the strength by.
            dev_labels: m labels.
            progress: Told how many strengths were tried, and how many there are.

        Returns:
            Itself.

        Raises:
            BabeliteError: There are fewer than two labels, or numbers do not fit together.
        """
        examples = training_examples(vectors, labels)
        dev, strengths = None, self.strengths
        if dev_vectors is not None and dev_labels is not None:
            dev = further_examples(dev_vectors, dev_labels, examples)
        elif len(strengths) > 1:
            strengths = (_WITHOUT_DEV,)
        best, kept = (-1, -np.inf), np.zeros(0)
        found = np.zeros((examples.vectors.shape[1] + 1) * len(examples.classes))
        for number, strength in enumerate(strengths, start=1):
            found = minimize(_penalised(examples, strength), found)  # from the one before: near it
            score = _judge(found, dev) if dev is not None else (0, 0.0)
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
        """The probability of every label.

        Args:
            vectors: Array of shape (n, dim).

        Returns:
            float32 array of shape (n, labels), columns as in ``classes_``, rows of sum 1.

        Raises:
            BabeliteError: The vectors have another number of components than in training.
        """
        rows = checked_vectors(vectors, len(self._weights))
        return softmax(rows @ self._weights + self._biases).astype(np.float32, copy=False)

    def predict(self, vectors: ArrayLike) -> list[str]:
        """The most probable label of each vector; see `predict_proba`."""
        return [self.classes_[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, by name, for saving.

        Returns:
            ``weights`` (dim, labels), ``biases`` (labels,) and ``strength`` (1,), all float32.
        """
        strength = np.array([self.chosen_strength_], np.float32)
        return {"weights": self._weights, "biases": self._biases, "strength": strength}

    @classmethod
    def from_arrays(
        cls, classes: Sequence[str], arrays: Mapping[str, NDArray[np.float32]]
    ) -> LogisticClassifier:
        """A trained classifier from what `arrays` gave.

        Args:
            classes: The labels, in the order of the columns.
            arrays: What `arrays` gave.

        Raises:
            ValueError: The arrays do not fit these classes.
        """
        weights, biases, strength = (arrays.get(name) for name in ("weights", "biases", "strength"))
        if (
            weights is None
            or biases is None
            or strength is None
            or strength.shape != (1,)
            or not strength[0] > 0
            or weights.ndim != 2
            or {weights.shape[1], *biases.shape} != {len(classes)}
        ):
            raise ValueError("the weights do not fit the labels")
        made = cls()
        made.classes_, made._weights, made._biases = tuple(classes), weights, biases
        made.chosen_strength_ = float(strength[0])
        return made


def _penalised(examples: Examples, strength: float) -> Function:
    """Mean cross-entropy plus the squared weights over 2·C·n, and its gradient."""
    rows = np.ones((len(examples.vectors), examples.vectors.shape[1] + 1))
    rows[:, :-1] = examples.vectors
    every = np.arange(len(rows))
    penalty = 1 / (strength * len(rows))

    def function(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(rows.shape[1], -1)
        scores = rows @ table
        scores -= scores.max(axis=1, keepdims=True)
        logs = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        scores -= logs
        loss = -scores[every, examples.targets].mean()
        errors = np.exp(scores)
        errors[every, examples.targets] -= 1
        slope = rows.T @ errors / len(rows)
        slope[:-1] += penalty * table[:-1]
        return loss + penalty / 2 * float((table[:-1] ** 2).sum()), slope.ravel()

    return function


def _judge(flat: NDArray[np.float64], dev: Examples) -> tuple[int, float]:
    """How many answers are right, and the log-probability of the true labels."""
    table = flat.reshape(-1, len(dev.classes))
    scores = dev.vectors @ table[:-1] + table[-1]
    right = int((scores.argmax(axis=1) == dev.targets).sum())
    scores -= scores.max(axis=1, keepdims=True)
    true = scores[np.arange(len(scores)), dev.targets]
    return right, float((true - np.log(np.exp(scores).sum(axis=1))).sum())


# --- the minimum of a smooth convex function ------------------------------------------------------


def minimize(
    function: Function, start: NDArray[np.float64], tolerance: float = _TOLERANCE
) -> NDArray[np.float64]:
    """Find the minimum of a convex function by L-BFGS (Nocedal & Wright 2006, algorithm 7.5).

    Args:
        function: Gives value and gradient.
        start: Where to begin, shape (n,).
        tolerance: How steep it may still be.

    Returns:
        A point whose gradient has no component above ``tolerance``, or the best that rounding lets
        be found.

    Example:
        >>> minimize(lambda x: (float(((x - 3) ** 2).sum()), 2 * (x - 3)), np.zeros(2)).round(4)
        array([3., 3.])
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
    """The two loops of L-BFGS (algorithm 7.4)."""
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
    """A step that satisfies Wolfe's conditions, by bisection; None if no step goes down."""
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
