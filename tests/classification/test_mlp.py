from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.classification import MLPClassifier, MLPSettings, fit_mlps
from babelite.classification.mlp_training import forward, layer_views, write_gradient
from babelite.errors import BabeliteError

QUICK = MLPSettings(epochs=30)


def blobs(
    per_class: int = 40, classes: int = 3, dim: int = 12, seed: int = 0
) -> tuple[NDArray[np.float32], list[str]]:
    """Separable points around one corner of a simplex for each class."""
    rng = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(classes), per_class)
    rows = 0.15 * rng.standard_normal((len(numbers), dim)) + np.eye(classes, dim)[numbers]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    order = rng.permutation(len(rows))
    return rows[order].astype(np.float32), [f"class {n}" for n in numbers[order]]


def accuracy(answers: Sequence[str], true: Sequence[str]) -> float:
    return float(np.mean(np.array(answers) == np.array(true)))


# --- the maths ------------------------------------------------------------------------------------


def cross_entropy(
    flat: NDArray[np.float64],
    sizes: Sequence[int],
    inputs: NDArray[np.float64],
    targets: NDArray[np.int64],
    masks: Sequence[NDArray[np.float64]],
) -> float:
    """By its definition, one document of one network at a time."""
    total = 0.0
    for place, target in enumerate(targets):
        state, start = inputs[place], 0
        for layer, (i, o) in enumerate(pairwise(sizes)):
            weights = flat[start : start + i * o].reshape(i, o)
            state = state @ weights + flat[start + i * o : start + i * o + o]
            start += i * o + o
            if layer < len(sizes) - 2:
                state = np.tanh(state) * masks[layer][place]
        total -= state[target] - np.log(np.exp(state).sum())
    return total / len(inputs)


@pytest.mark.parametrize("hidden", [(), (4,), (5, 3)])
def test_gradients_equal_finite_differences(hidden: tuple[int, ...]) -> None:
    rng, dropout, count = np.random.default_rng(3), 0.2, 6
    sizes = [7, *hidden, 3]
    parameters = sum((i + 1) * o for i, o in pairwise(sizes))
    flat, gradient = rng.standard_normal((2, parameters)), np.empty((2, parameters))
    inputs, targets = rng.standard_normal((2, count, 7)), rng.integers(0, 3, (2, count))
    masks = [(rng.random((2, count, h)) >= dropout) / (1 - dropout) for h in hidden]
    write_gradient(
        layer_views(flat, sizes), layer_views(gradient, sizes), inputs, targets, masks, dropout
    )
    step = 1e-6
    for network in range(2):
        for parameter in range(parameters):
            values = []
            for sign in (1, -1):
                moved = flat[network].copy()
                moved[parameter] += sign * step
                cut = [mask[network] for mask in masks]
                values.append(cross_entropy(moved, sizes, inputs[network], targets[network], cut))
            slope = (values[0] - values[1]) / (2 * step)
            assert gradient[network, parameter] == pytest.approx(slope, abs=1e-7)


def test_the_first_step_equals_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    vectors, labels = blobs(4)
    start = MLPClassifier(5, MLPSettings(epochs=1, dropout=0.0, batch_size=12, learning_rate=0.0))
    start.fit(vectors, labels)
    moved = MLPClassifier(5, MLPSettings(epochs=1, dropout=0.0, batch_size=12)).fit(vectors, labels)
    before, after = start.arrays(), moved.arrays()
    layers = []
    for number in range(3):
        linear = torch.nn.Linear(*before[f"weights_{number}"].shape)
        linear.weight.data = torch.tensor(before[f"weights_{number}"].T.copy())
        linear.bias.data = torch.tensor(before[f"biases_{number}"].copy())
        layers += [linear, torch.nn.Tanh()]
    network = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    targets = torch.tensor([start.classes_.index(label) for label in labels])
    torch.nn.functional.cross_entropy(network(torch.tensor(vectors)), targets).backward()
    adam.step()
    for number in range(3):
        weights = network[2 * number].weight.detach().numpy().T
        np.testing.assert_allclose(after[f"weights_{number}"], weights, atol=2e-6)


# --- the classifier -------------------------------------------------------------------------------


def test_accuracy_is_close_to_scikit_learn() -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    vectors, labels = blobs(60, classes=4)
    held_out, true = blobs(60, classes=4, seed=1)
    theirs = neural_network.MLPClassifier(
        (10, 8), activation="tanh", batch_size=12, alpha=0.0, max_iter=300, random_state=0
    ).fit(vectors, labels)
    ours = MLPClassifier(0, MLPSettings(epochs=100)).fit(vectors, labels)
    assert accuracy(ours.predict(held_out), true) >= theirs.score(held_out, true) - 0.02
    assert accuracy(ours.predict(vectors), labels) > 0.97
    assert ours.classes_ == tuple(theirs.classes_)


def test_probabilities_sum_to_one_and_agree_with_predictions() -> None:
    vectors, labels = blobs()
    classifier = MLPClassifier(0, QUICK).fit(vectors, labels)
    shares = classifier.predict_proba(vectors)
    assert shares.shape == (len(vectors), 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [classifier.classes_[i] for i in shares.argmax(axis=1)] == classifier.predict(vectors)


def test_fit_mlps_equals_fitting_each_seed_alone() -> None:
    vectors, labels = blobs()
    dev, true = blobs(10, seed=1)
    together = fit_mlps(vectors, labels, dev, true, (3, 0, 8), QUICK)
    for seed, classifier in zip((3, 0, 8), together, strict=True):
        alone = MLPClassifier(seed, QUICK).fit(vectors, labels, dev, true)
        assert alone.chosen_epoch_ == classifier.chosen_epoch_
        for name, array in alone.arrays().items():
            np.testing.assert_array_equal(array, classifier.arrays()[name])
    one, other = together[0].arrays(), together[1].arrays()
    assert not np.allclose(one["weights_0"], other["weights_0"])


def test_the_last_of_the_best_epochs_on_dev_is_kept() -> None:
    vectors, labels = blobs(20)
    dev, true = blobs(15, seed=1)
    rights = []
    for epochs in range(1, 13):
        # Training for n epochs without dev equals the state of a longer run after n epochs.
        stopped = MLPClassifier(0, MLPSettings(epochs=epochs)).fit(vectors, labels)
        rights.append(accuracy(stopped.predict(dev), true))
    best = 12 - int(np.argmax(rights[::-1]))
    chosen = MLPClassifier(0, MLPSettings(epochs=12)).fit(vectors, labels, dev, true)
    assert chosen.chosen_epoch_ == best
    assert accuracy(chosen.predict(dev), true) == max(rights)


@settings(max_examples=8)
@given(st.permutations(["class 0", "class 1", "class 2"]))
def test_the_names_of_labels_do_not_matter(names: list[str]) -> None:
    vectors, labels = blobs(10)
    renamed = [names[int(label[-1])] for label in labels]
    few = MLPSettings(epochs=4)
    one = MLPClassifier(0, few).fit(vectors, labels)
    other = MLPClassifier(0, few).fit(vectors, renamed)
    back = [names[int(label[-1])] for label in one.predict(vectors)]
    assert back == other.predict(vectors)


def test_forward_without_masks_drops_nothing() -> None:
    rng = np.random.default_rng(0)
    layers = [(rng.standard_normal((1, 3, 2)), rng.standard_normal((1, 1, 2)))]
    inputs = rng.standard_normal((4, 3))
    expected = inputs @ layers[0][0][0] + layers[0][1][0]
    np.testing.assert_allclose(forward(layers, inputs, None)[-1][0], expected)


@pytest.mark.parametrize(
    ("labels", "dev_labels", "problem"),
    [
        (["a"] * 4, None, "have only the label 'a'"),
        ([], None, "no labels at all"),
        (["a", "b", "a"], None, "4 vectors and 3 labels"),
        (["a", "b", "a", "b"], ["a", "c"], "dev document 2 has the label 'c'"),
    ],
)
def test_invalid_examples(labels: list[str], dev_labels: list[str] | None, problem: str) -> None:
    vectors = np.eye(4)[: 4 if labels else 0]
    dev = np.eye(4)[:2] if dev_labels else None
    with pytest.raises(BabeliteError, match=problem):
        MLPClassifier(0, QUICK).fit(vectors, labels, dev, dev_labels)


def test_invalid_vectors_and_settings() -> None:
    classifier = MLPClassifier(0, MLPSettings(epochs=1)).fit(np.eye(4), ["a", "b", "a", "b"])
    with pytest.raises(BabeliteError, match="have 3 components, the classifier was trained on 4"):
        classifier.predict(np.eye(3))
    with pytest.raises(BabeliteError, match="document 2 has a value"):
        classifier.predict([[0.0] * 4, [np.nan] * 4])
    with pytest.raises(BabeliteError, match="shape"):
        classifier.predict([0.0] * 4)
    with pytest.raises(ValueError, match="dropout"):
        MLPSettings(dropout=1.0)
    with pytest.raises(ValueError, match="at least 1"):
        MLPSettings(epochs=0)
    with pytest.raises(ValueError, match="at least one seed"):
        fit_mlps(np.eye(2), ["a", "b"], seeds=())
