"""Training of several small MLPs in one batch: forward, backward and Adam, in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from babelite.classification.examples import Examples, FitProgress, softmax

# The defaults of Adam (Kingma & Ba 2015).
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8

# For each layer the weights, shape (seeds, in, out), and biases, (seeds, 1, out).
Layers = list[tuple[NDArray[np.floating], NDArray[np.floating]]]


@dataclass(frozen=True)
class MLPSettings:
    """Architecture and training of the MLP; the defaults are LASER's for MLDoc.

    Source: facebookresearch/LASER, tasks/mldoc; Artetxe & Schwenk 2019, section 4.2.

    Attributes:
        hidden: Sizes of the hidden layers, each followed by tanh.
        dropout: Dropout rate of the input and of hidden layers.
        learning_rate: Learning rate of Adam.
        batch_size: Documents a step.
        epochs: Passes over the training documents.

    Raises:
        ValueError: A number is out of range.
    """

    hidden: tuple[int, ...] = (10, 8)
    dropout: float = 0.2
    learning_rate: float = 1e-3
    batch_size: int = 12
    epochs: int = 500

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1 (got {self.dropout})")
        if min(*self.hidden, self.batch_size, self.epochs, 1) < 1:
            raise ValueError("hidden sizes, batch_size and epochs must be at least 1")


def train_networks(
    examples: Examples,
    dev: Examples | None,
    seeds: Sequence[int],
    settings: MLPSettings,
    progress: FitProgress | None,
) -> tuple[NDArray[np.float32], list[int]]:
    """Flat parameters of each seed, shape (seeds, parameters), and the epochs they are from."""
    sizes = layer_sizes(examples, settings)
    generators = [np.random.default_rng(seed) for seed in seeds]
    flat = np.stack([_initialise(sizes, generator) for generator in generators])
    gradient = np.empty_like(flat)
    layers, slopes = layer_views(flat, sizes), layer_views(gradient, sizes)
    adam = _Adam(flat, gradient, settings.learning_rate)
    best = np.full(len(seeds), -1)
    kept, epochs = flat.copy(), [settings.epochs] * len(seeds)
    for epoch in range(1, settings.epochs + 1):
        drawn = [_shuffle(examples, sizes, settings, generator) for generator in generators]
        inputs, targets, *masks = (np.stack(part) for part in zip(*drawn, strict=True))
        for start in range(0, len(examples.vectors), settings.batch_size):
            batch = np.s_[:, start : start + settings.batch_size]
            cut = [mask[batch] for mask in masks]
            write_gradient(layers, slopes, inputs[batch], targets[batch], cut, settings.dropout)
            adam.step()
        if dev is not None:
            right = _count_correct(layers, dev)
            for row in np.flatnonzero(right >= best):
                best[row], kept[row], epochs[row] = right[row], flat[row], epoch
        if progress is not None:
            progress(epoch, settings.epochs)
    return (flat if dev is None else kept), epochs


def layer_sizes(examples: Examples, settings: MLPSettings) -> list[int]:
    """The sizes of input, hidden layers and output."""
    return [examples.vectors.shape[1], *settings.hidden, len(examples.classes)]


def _initialise(sizes: Sequence[int], generator: np.random.Generator) -> NDArray[np.float32]:
    """Uniform within ±1/√inputs, the initialisation of linear layers in PyTorch."""
    parts = []
    for inputs, outputs in pairwise(sizes):
        bound = 1 / np.sqrt(inputs)
        parts.append(generator.uniform(-bound, bound, (inputs + 1) * outputs))
    return np.concatenate(parts).astype(np.float32)


def layer_views(flat: NDArray[np.floating], sizes: Sequence[int]) -> Layers:
    """Views of the layers in flat parameters of shape (seeds, parameters)."""
    layers, start = [], 0
    for inputs, outputs in pairwise(sizes):
        middle, stop = start + inputs * outputs, start + (inputs + 1) * outputs
        weights = flat[:, start:middle].reshape(-1, inputs, outputs)
        layers.append((weights, flat[:, middle:stop][:, None]))
        start = stop
    return layers


def _shuffle(
    examples: Examples, sizes: Sequence[int], settings: MLPSettings, generator: np.random.Generator
) -> list[NDArray[np.generic]]:
    """Shuffled inputs with dropout applied, their targets, and dropout masks of hidden layers."""
    order = generator.permutation(len(examples.vectors))
    rows = examples.vectors[order]
    masks = []
    for size in sizes[:-1]:
        kept = generator.random((len(rows), size), dtype=np.float32) >= settings.dropout
        masks.append(kept * np.float32(1 / (1 - settings.dropout)))
    return [rows * masks[0], examples.targets[order], *masks[1:]]


def forward(
    layers: Layers, inputs: NDArray[np.floating], masks: Sequence[NDArray[np.floating]] | None
) -> list[NDArray[np.floating]]:
    """The input of each layer, and the scores of the last, shape (seeds, n, classes)."""
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


def write_gradient(
    layers: Layers,
    slopes: Layers,
    inputs: NDArray[np.floating],
    targets: NDArray[np.int64],
    masks: Sequence[NDArray[np.floating]],
    dropout: float,
) -> None:
    """Write the gradient of the mean cross-entropy of a batch into ``slopes``."""
    states = forward(layers, inputs, masks)
    error = softmax(states.pop())
    seeds, count = targets.shape
    error[np.arange(seeds)[:, None], np.arange(count), targets] -= 1
    error /= count
    for number in range(len(layers) - 1, -1, -1):
        weights, biases = slopes[number]
        np.matmul(states[number].swapaxes(1, 2), error, out=weights)
        error.sum(axis=1, keepdims=True, out=biases)
        if number:
            # The state is m·tanh(a), m = 0 or 1/(1 - dropout); this is its derivative by a.
            state = states[number]
            error = error @ layers[number][0].swapaxes(1, 2)
            error *= masks[number - 1] - state * state * (1 - dropout)


def _count_correct(layers: Layers, dev: Examples) -> NDArray[np.int64]:
    answers = forward(layers, dev.vectors, None)[-1].argmax(axis=-1)
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
        self._steps += 1
        mean, square, work = self._mean, self._square, self._work
        mean *= _BETA_1
        np.multiply(self._gradient, 1 - _BETA_1, out=work)
        mean += work
        np.multiply(self._gradient, self._gradient, out=work)
        work *= 1 - _BETA_2
        square *= _BETA_2
        square += work
        # The bias corrections are applied to scalars: √(square / c2) + ε, and rate / c1.
        np.sqrt(square, out=work)
        work *= (1 - _BETA_2**self._steps) ** -0.5
        work += _EPSILON
        np.divide(mean, work, out=work)
        work *= self._rate / (1 - _BETA_1**self._steps)
        self._flat -= work
