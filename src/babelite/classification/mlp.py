"""A small multilayer perceptron on frozen vectors: LASER's document classifier, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.classification.labels import (
    checked_vectors,
    further_examples,
    softmax,
    training_examples,
)
from babelite.classification.perceptron import (
    Layers,
    MLPSettings,
    Progress,
    forward,
    layer_sizes,
    layer_views,
    train_networks,
)


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

    kind: Literal["mlp"] = "mlp"

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
        scores: NDArray[np.float32] = forward(self._layers, rows, None)[-1][0]
        return softmax(scores)

    def predict(self, vectors: ArrayLike) -> list[str]:
        """The most probable label of each vector; see `predict_proba`."""
        return [self.classes_[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, by name, for saving.

        Returns:
            ``weights_N`` (width before, width) and ``biases_N`` (width,) of layer N, all float32.
        """
        named = {}
        for number, (weights, biases) in enumerate(self._layers):
            named[f"weights_{number}"], named[f"biases_{number}"] = weights[0], biases[0, 0]
        return named

    @classmethod
    def from_arrays(
        cls, classes: Sequence[str], arrays: Mapping[str, NDArray[np.float32]]
    ) -> MLPClassifier:
        """A trained classifier from what `arrays` gave.

        Args:
            classes: The labels, in the order of the last layer's columns.
            arrays: What `arrays` gave.

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
        ValueError: There is no seed.
    """
    if not seeds:
        raise ValueError("no seeds; one for each classifier is needed")
    chosen = settings or MLPSettings()
    examples = training_examples(vectors, labels)
    dev = None
    if dev_vectors is not None and dev_labels is not None:
        dev = further_examples(dev_vectors, dev_labels, examples)
    weights, epochs = train_networks(examples, dev, seeds, chosen, progress)
    alphabetical = sorted(range(len(examples.classes)), key=examples.classes.__getitem__)
    sizes = layer_sizes(examples, chosen)
    trained = []
    for row, (seed, epoch) in enumerate(zip(seeds, epochs, strict=True)):
        layers = layer_views(weights[row : row + 1].copy(), sizes)
        last_weights, last_biases = layers[-1]
        layers[-1] = (last_weights[..., alphabetical], last_biases[..., alphabetical])
        classifier = MLPClassifier(seed, chosen)
        classifier.classes_ = tuple(sorted(examples.classes))
        classifier.chosen_epoch_, classifier._layers = epoch, layers
        trained.append(classifier)
    return trained
