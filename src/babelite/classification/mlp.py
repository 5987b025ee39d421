"""Multilayer perceptron (MLP) classifier on frozen vectors, LASER's for MLDoc, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.classification.examples import (
    FitProgress,
    check_vectors,
    dev_examples,
    softmax,
    training_examples,
)
from babelite.classification.mlp_training import (
    Layers,
    MLPSettings,
    forward,
    layer_sizes,
    layer_views,
    train_networks,
)


class MLPClassifier:
    """LASER's document classifier, with the interface of scikit-learn.

    Args:
        seed: Random seed of initial weights, document order and dropout. Results are reproducible
            on the same machine.
        settings: Architecture and training settings.

    Attributes:
        classes_: The labels in alphabetical order, after training.
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
        progress: FitProgress | None = None,
    ) -> MLPClassifier:
        """Train; the arguments are those of `LogisticClassifier.fit`.

        The epoch with the most correct dev predictions is kept, the last of several equal ones;
        without dev documents the last epoch.
        """
        [trained] = fit_mlps(
            vectors, labels, dev_vectors, dev_labels, (self.seed,), self.settings, progress
        )
        self.classes_, self.chosen_epoch_ = trained.classes_, trained.chosen_epoch_
        self._layers = trained._layers
        return self

    def predict_proba(self, vectors: ArrayLike) -> NDArray[np.float32]:
        """The probability of every label for vectors (n, dim): float32 (n, labels)."""
        rows = check_vectors(vectors, self._layers[0][0].shape[1])
        scores: NDArray[np.float32] = forward(self._layers, rows, None)[-1][0]
        return softmax(scores)

    def predict(self, vectors: ArrayLike) -> list[str]:
        """The most probable label of each vector; see `predict_proba`."""
        return [self.classes_[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Parameters of layer N: ``weights_N`` (inputs, outputs) and ``biases_N`` (outputs,)."""
        named = {}
        for number, (weights, biases) in enumerate(self._layers):
            named[f"weights_{number}"], named[f"biases_{number}"] = weights[0], biases[0, 0]
        return named

    @classmethod
    def from_arrays(
        cls, classes: Sequence[str], arrays: Mapping[str, NDArray[np.float32]]
    ) -> MLPClassifier:
        """Restore a classifier from `arrays`; ValueError if they do not fit the classes."""
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


def fit_mlps(
    vectors: ArrayLike,
    labels: Sequence[str],
    dev_vectors: ArrayLike | None = None,
    dev_labels: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    settings: MLPSettings | None = None,
    progress: FitProgress | None = None,
) -> list[MLPClassifier]:
    """Train one MLP for each seed, all in the same batched numpy operations.

    Several take little longer than one: most time is the overhead of numpy calls. Each result
    equals that of `MLPClassifier.fit` with its seed; each has its own best epoch.
    """
    if not seeds:
        raise ValueError("at least one seed is needed")
    chosen = settings or MLPSettings()
    examples = training_examples(vectors, labels)
    dev = dev_examples(dev_vectors, dev_labels, examples)
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
