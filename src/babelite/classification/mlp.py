"""A small multilayer perceptron on frozen vectors: LASER's document classifier, in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.classification.labels import (
    Examples,
    checked_vectors,
    further_examples,
    training_examples,
)

# What Adam's authors propose (Kingma & Ba 2015), and every library has as its default.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8

# A network: for each layer its weights, shape (seeds, in, out), and biases, (seeds, 1, out).
Layers = list[tuple[NDArray[np.floating], NDArray[np.floating]]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class MLPSettings:
    """How the perceptron is built and trained; the defaults are LASER's for MLDoc.

    They are those of its scripts (facebookresearch/LASER, tasks/mldoc; Artetxe & Schwenk 2019,
    arXiv:1812.10464, section 4.2).

    Attributes:
        hidden: Sizes of the hidden layers, each followed by tanh.
        dropout: Share of components set to zero in training, of the input and of hidden layers.
        learning_rate: Adam's.
        batch_size: Documents a step.
        epochs: How often every document is seen.
    """

    hidden: tuple[int, ...] = (10, 8)
    dropout: float = 0.2
    learning_rate: float = 1e-3
    batch_size: int = 12
    epochs: int = 500


class MLPClassifier:
    """LASER's classifier, with the interface of scikit-learn.

    Args:
        seed: Of the initial weights, the order of documents and dropout. The same seed on the same
            machine gives the same classifier.
        settings: How it is built and trained.

    Attributes:
        classes_: The labels in alphabetical order, once it is trained.
        chosen_epoch_: The epoch that was kept, counted from 1.

    Example:
        >>> vectors = [[1.0, 0.0], [0.0, 1.0]] * 30
        >>> classifier = MLPClassifier().fit(vectors, ["sport", "music"] * 30)
        >>> classifier.classes_, classifier.predict([[0.9, 0.1]])
        (('music', 'sport'), ['sport'])
    """

    kind = "mlp"

    def __init__(self, seed: int = 0, settings: MLPSettings | None = None) -> None:
        self.seed, self.settings = seed, settings or MLPSettings()
        self.classes_: tuple[str, ...] = ()
        self.chosen_epoch_ = 0
        self._layers: Layers = []

    def fit(
        self,
        vectors: ArrayLike,
        labels: Sequence[str],
        dev_vectors: ArrayLike | None = None,
        dev_labels: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> MLPClassifier:
        """Train.

        Args:
            vectors: Array of shape (n, dim).
            labels: n labels, of two kinds at least.
            dev_vectors: Array of shape (m, dim), to choose the epoch by.
            dev_labels: m labels. The epoch most of whose answers are right is kept, the last of
                them if several are equal; without dev documents the last epoch.
            progress: Told the number of epochs that are done, and of all.

        Returns:
            Itself.

        Raises:
            BabeliteError: There are fewer than two labels, or numbers do not fit together.
        """
        [trained] = fit_side_by_side(
            vectors, labels, dev_vectors, dev_labels, (self.seed,), self.settings, progress
        )
        self.classes_, self.chosen_epoch_ = trained.classes_, trained.chosen_epoch_
        self._layers = trained._layers
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
        rows = checked_vectors(vectors, self._layers[0][0].shape[1])
        scores: NDArray[np.float32] = _forward(self._layers, rows, None)[-1][0]
        return _softmax(scores)

    def predict(self, vectors: ArrayLike) -> list[str]:
        """The most probable label of each vector; see `predict_proba`."""
        return [self.classes_[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, by name, for saving."""
        named = {}
        for number, (weights, biases) in enumerate(self._layers):
            named[f"weights_{number}"], named[f"biases_{number}"] = weights[0], biases[0, 0]
        return named

    @classmethod
    def from_arrays(
        cls, classes: Sequence[str], arrays: Mapping[str, NDArray[np.float32]]
    ) -> MLPClassifier:
        """A trained classifier from what `arrays` gave.

        Raises:
            ValueError: The arrays do not make a network for these classes.
        """
        made = cls()
        made.classes_ = tuple(classes)
        width: int | None = None
        for number in range(len(arrays) // 2):
            weights, biases = (arrays.get(f"{n}_{number}") for n in ("weights", "biases"))
            if weights is None or biases is None or weights.ndim != 2 or biases.ndim != 1:
                raise ValueError("a layer is missing")
            if width not in (None, weights.shape[0]) or biases.shape[0] != weights.shape[1]:
                raise ValueError("the layers do not fit together")
            width = weights.shape[1]
            made._layers.append((weights[None], biases[None, None]))
        if width != len(made.classes_) or len(arrays) != 2 * len(made._layers):
            raise ValueError("the layers do not fit the labels")
        return made


def fit_side_by_side(
    vectors: ArrayLike,
    labels: Sequence[str],
    dev_vectors: ArrayLike | None = None,
    dev_labels: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    settings: MLPSettings | None = None,
    progress: Progress | None = None,
) -> list[MLPClassifier]:
    """Train classifiers that differ in their seeds alone, in little more time than one.

    The networks are so small that a step's time goes into calling numpy; calling it for all at once
    saves that. Each comes out as it would alone.

    Args:
        vectors: As for `MLPClassifier.fit`, as are the next three.
        labels: Labels.
        dev_vectors: To choose the epoch by, for each seed its own.
        dev_labels: Their labels.
        seeds: One for each classifier.
        settings: How they are built and trained.
        progress: Told the number of epochs that are done, and of all.

    Returns:
        The classifiers in the order of the seeds.

    Raises:
        BabeliteError: As `MLPClassifier.fit`.
    """
    chosen = settings or MLPSettings()
    examples = training_examples(vectors, labels)
    dev = None
    if dev_vectors is not None and dev_labels is not None:
        dev = further_examples(dev_vectors, dev_labels, examples)
    weights, epochs = _train(examples, dev, seeds, chosen, progress)
    alphabetical = sorted(range(len(examples.classes)), key=examples.classes.__getitem__)
    sizes = _sizes(examples, chosen)
    trained = []
    for row, (seed, epoch) in enumerate(zip(seeds, epochs, strict=True)):
        layers = _views(weights[row : row + 1].copy(), sizes)
        last_weights, last_biases = layers[-1]
        layers[-1] = (last_weights[..., alphabetical], last_biases[..., alphabetical])
        classifier = MLPClassifier(seed, chosen)
        classifier.classes_ = tuple(sorted(examples.classes))
        classifier.chosen_epoch_, classifier._layers = epoch, layers
        trained.append(classifier)
    return trained


# --- training -------------------------------------------------------------------------------------


def _train(
    examples: Examples,
    dev: Examples | None,
    seeds: Sequence[int],
    settings: MLPSettings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], list[int]]:
    """The weights of each seed, flat, shape (seeds, all), and the epochs they are of."""
    sizes = _sizes(examples, settings)
    generators = [np.random.default_rng(seed) for seed in seeds]
    flat = np.stack([_initial(sizes, generator) for generator in generators])
    gradient = np.empty_like(flat)
    layers, slopes = _views(flat, sizes), _views(gradient, sizes)
    adam = _Adam(flat, gradient, settings.learning_rate)
    best = np.full(len(seeds), -1)
    kept, epochs = flat.copy(), [settings.epochs] * len(seeds)
    for epoch in range(1, settings.epochs + 1):
        drawn = [_epoch(examples, sizes, settings, generator) for generator in generators]
        inputs, targets, *masks = (np.stack(part) for part in zip(*drawn, strict=True))
        for start in range(0, len(examples.vectors), settings.batch_size):
            batch = np.s_[:, start : start + settings.batch_size]
            cut = [mask[batch] for mask in masks]
            _gradient(layers, slopes, inputs[batch], targets[batch], cut, settings.dropout)
            adam.step()
        if dev is not None:
            right = _right(layers, dev)
            for row in np.flatnonzero(right >= best):
                best[row], kept[row], epochs[row] = right[row], flat[row], epoch
        if progress is not None:
            progress(epoch, settings.epochs)
    return (flat if dev is None else kept), epochs


def _sizes(examples: Examples, settings: MLPSettings) -> list[int]:
    return [examples.vectors.shape[1], *settings.hidden, len(examples.classes)]


def _initial(sizes: Sequence[int], generator: np.random.Generator) -> NDArray[np.float32]:
    """Uniform within ±1/√inputs, as LASER's library starts its linear layers."""
    parts = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        bound = 1 / np.sqrt(inputs)
        parts.append(generator.uniform(-bound, bound, (inputs + 1) * outputs))
    return np.concatenate(parts).astype(np.float32)


def _views(flat: NDArray[np.floating], sizes: Sequence[int]) -> Layers:
    """The layers inside of flat parameters of shape (seeds, all); no copies."""
    layers, start = [], 0
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        middle, stop = start + inputs * outputs, start + (inputs + 1) * outputs
        weights = flat[:, start:middle].reshape(-1, inputs, outputs)
        layers.append((weights, flat[:, middle:stop][:, None]))
        start = stop
    return layers


def _epoch(
    examples: Examples,
    sizes: Sequence[int],
    settings: MLPSettings,
    generator: np.random.Generator,
) -> list[NDArray[np.generic]]:
    """The documents in a new order with dropout done, their targets, the masks of hidden layers."""
    order = generator.permutation(len(examples.vectors))
    rows = examples.vectors[order]
    masks = []
    for size in sizes[:-1]:
        kept = generator.random((len(rows), size), dtype=np.float32) >= settings.dropout
        masks.append(kept * np.float32(1 / (1 - settings.dropout)))
    return [rows * masks[0], examples.targets[order], *masks[1:]]


def _forward(
    layers: Layers,
    inputs: NDArray[np.floating],
    masks: Sequence[NDArray[np.floating]] | None,
) -> list[NDArray[np.floating]]:
    """What goes into each layer, and what comes out of the last: scores, (seeds, n, classes)."""
    states = [inputs]
    for number, (weights, biases) in enumerate(layers):
        out = states[-1] @ weights
        out += biases
        if number < len(layers) - 1:
            np.tanh(out, out=out)
            if masks is not None:
                out *= masks[number]
        states.append(out)
    return states


def _gradient(
    layers: Layers,
    slopes: Layers,
    inputs: NDArray[np.floating],
    targets: NDArray[np.int64],
    masks: Sequence[NDArray[np.floating]],
    dropout: float,
) -> None:
    """Write the slopes of the mean cross-entropy of a batch.

    A state is m·t with t = tanh(a) and m = 0 or 1/(1 - dropout). Its slope by a is m·(1 - t²), which
    is m - state²·(1 - dropout) in both cases, so that t itself need not be kept.
    """
    states = _forward(layers, inputs, masks)
    error = _softmax(states.pop())
    seeds, count = targets.shape
    error[np.arange(seeds)[:, None], np.arange(count), targets] -= 1
    error /= count
    for number in range(len(layers) - 1, -1, -1):
        weights, biases = slopes[number]
        np.matmul(states[number].swapaxes(1, 2), error, out=weights)
        error.sum(axis=1, keepdims=True, out=biases)
        if number:
            state = states[number]
            error = error @ layers[number][0].swapaxes(1, 2)
            error *= masks[number - 1] - state * state * (1 - dropout)


def _softmax(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


def _right(layers: Layers, dev: Examples) -> NDArray[np.int64]:
    answers = _forward(layers, dev.vectors, None)[-1].argmax(axis=-1)
    right: NDArray[np.int64] = (answers == dev.targets).sum(axis=-1)
    return right


class _Adam:
    """Adam (Kingma & Ba 2015, algorithm 1) on flat parameters, in place."""

    def __init__(
        self, flat: NDArray[np.float32], gradient: NDArray[np.float32], learning_rate: float
    ) -> None:
        self._flat, self._gradient, self._rate = flat, gradient, learning_rate
        self._mean, self._square = np.zeros_like(flat), np.zeros_like(flat)
        self._work = np.empty_like(flat)
        self._steps = 0

    def step(self) -> None:
        """Move the parameters against the gradient."""
        self._steps += 1
        mean, square, work = self._mean, self._square, self._work
        mean *= _BETA_1
        np.multiply(self._gradient, 1 - _BETA_1, out=work)
        mean += work
        np.multiply(self._gradient, self._gradient, out=work)
        work *= 1 - _BETA_2
        square *= _BETA_2
        square += work
        # √(square / c2) + ε, and the rate over c1, with both corrections in the scalars.
        np.sqrt(square, out=work)
        work *= (1 - _BETA_2**self._steps) ** -0.5
        work += _EPSILON
        np.divide(mean, work, out=work)
        work *= self._rate / (1 - _BETA_1**self._steps)
        self._flat -= work
