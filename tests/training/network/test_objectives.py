"""The objectives against dense computations in plain Python, and their gradients."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from babelite.errors import BabeliteError
from babelite.training.network.objectives import (
    alignment_loss,
    bag_divergence,
    bag_weights,
    reconstruction_loss,
    similarity_loss,
    single_word_loss,
    token_loss,
    unified_loss,
)
from babelite.training.objective_parser import OBJECTIVES, parse_objective

VOCABULARY = 11

# Repeated tokens (5, 3), padding, one sentence of a single token and one that is empty.
SOURCE = [[4, 5, 5, 6], [3, 3, 3, 9], [10], []]
TARGET = [[7, 8], [9, 3, 4, 4, 4], [6, 10], [3, 5]]
# Masked words: 5 does not occur in the translation, 9 and 10 do; the last sentence has none.
SOURCE_WORDS = [5, 9, 0, 0]
TARGET_WORDS = [0, 0, 10, 0]


def pad(sentences: list[list[int]]) -> Tensor:
    longest = max(map(len, sentences))
    return torch.tensor([ids + [0] * (longest - len(ids)) for ids in sentences])


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


# --- the same, written out --------------------------------------------------------------------


def log_softmax(row: list[float]) -> list[float]:
    total = math.log(sum(math.exp(x) for x in row))
    return [x - total for x in row]


def bag(sentence: list[int]) -> list[float]:
    counts = Counter(sentence)
    return [counts[w] / max(1, len(sentence)) for w in range(VOCABULARY)]


def divergence(target: list[float], logits: list[float]) -> float:
    predicted = log_softmax(logits)
    return sum(
        q * (math.log(q) - log_p) for q, log_p in zip(target, predicted, strict=True) if q > 0
    )


def dense_unified(logits: list[list[float]], words: list[int], other: list[list[int]]) -> float:
    total = 0.0
    for row, word, sentence in zip(logits, words, other, strict=True):
        target = bag(sentence)
        if word:
            target = [q / 2 for q in target]
            target[word] += 1 / 2
        total += divergence(target, row)
    return total / len(logits)


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def dense_scores(u: Tensor, v: Tensor, cosine: bool, temperature: float) -> list[list[float]]:
    left, right = u.tolist(), v.tolist()
    if cosine:
        left, right = (
            [[x / math.sqrt(dot(r, r)) for x in r] for r in side] for side in (left, right)
        )
    return [[dot(a, b) / temperature for b in right] for a in left]


def dense_alignment(u: Tensor, v: Tensor, cosine: bool, temperature: float) -> float:
    scores = dense_scores(u, v, cosine, temperature)
    columns = [list(column) for column in zip(*scores, strict=True)]
    return -sum(
        log_softmax(matrix[i])[i] / len(matrix)
        for matrix in (scores, columns)
        for i in range(len(matrix))
    )


def dense_similarity(u: Tensor, v: Tensor, cosine: bool, temperature: float) -> float:
    def distribution(x: Tensor) -> list[list[float]]:
        scores = dense_scores(x, x, cosine, temperature)
        rows = []
        for i, row in enumerate(scores):
            others = log_softmax([s for j, s in enumerate(row) if j != i])
            rows.append([math.exp(log_p) for log_p in others])
        return rows

    first, second = distribution(u), distribution(v)
    total = 0.0
    for a, b in zip(first, second, strict=True):
        total -= sum(math.log(math.cos(math.pi / 2 * (x - y))) for x, y in zip(a, b, strict=True))
    return total / len(first)


# --- values -----------------------------------------------------------------------------------


def test_token_loss_is_the_mean_cross_entropy() -> None:
    logits, tokens = random(4, VOCABULARY), [3, 3, 7, 10]
    expected = -sum(log_softmax(logits[i].tolist())[w] for i, w in enumerate(tokens)) / 4
    assert token_loss(logits, torch.tensor(tokens)).item() == pytest.approx(expected)


def test_token_loss_without_tokens_is_zero_and_differentiable() -> None:
    logits = torch.zeros(0, VOCABULARY, requires_grad=True)
    loss = token_loss(logits, torch.zeros(0, dtype=torch.int64))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0


def test_single_word_loss_ignores_sentences_without_a_masked_word() -> None:
    logits = random(4, VOCABULARY)
    expected = -(log_softmax(logits[0].tolist())[5] + log_softmax(logits[1].tolist())[9]) / 2
    assert single_word_loss(logits, torch.tensor(SOURCE_WORDS)).item() == pytest.approx(expected)


def test_bag_weights_are_shares_of_the_sentence() -> None:
    weights = bag_weights(pad(SOURCE))
    assert weights.sum(1).tolist() == [1, 1, 1, 0]
    assert weights[1].tolist() == [0.25] * 4
    assert weights[2].tolist() == [1, 0, 0, 0]


def test_bag_divergence_equals_the_dense_one() -> None:
    logits, tokens = random(4, VOCABULARY), pad(SOURCE)
    found = bag_divergence(logits, tokens, bag_weights(tokens))
    expected = [divergence(bag(s), row.tolist()) for s, row in zip(SOURCE, logits, strict=True)]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_xtr_equals_the_dense_computation() -> None:
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    found = reconstruction_loss(first, second, pad(SOURCE), pad(TARGET))
    expected = sum(
        divergence(bag(TARGET[i]), first[i].tolist())
        + divergence(bag(SOURCE[i]), second[i].tolist())
        for i in range(4)
    )
    assert found.item() == pytest.approx(expected / 4, abs=1e-6)


def test_ugt_equals_the_dense_computation() -> None:
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    words = torch.tensor(SOURCE_WORDS), torch.tensor(TARGET_WORDS)
    found = unified_loss(first, second, pad(SOURCE), pad(TARGET), *words)
    expected = dense_unified(first.tolist(), SOURCE_WORDS, TARGET) + dense_unified(
        second.tolist(), TARGET_WORDS, SOURCE
    )
    # The empty source of the last pair is the bag that the last target would have to predict.
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_ugt_with_nothing_masked_is_xtr() -> None:
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    none = torch.zeros(4, dtype=torch.int64)
    unified = unified_loss(first, second, pad(SOURCE), pad(TARGET), none, none)
    assert unified.item() == pytest.approx(
        reconstruction_loss(first, second, pad(SOURCE), pad(TARGET)).item()
    )


@pytest.mark.parametrize(("cosine", "temperature"), [(False, 1.0), (True, 1.0), (True, 0.1)])
def test_align_and_sim_equal_the_dense_computation(cosine: bool, temperature: float) -> None:
    u, v = random(5, 3), random(5, 3, seed=1)
    how = {"cosine": cosine, "temperature": temperature}
    assert alignment_loss(u, v, cosine=cosine, temperature=temperature).item() == pytest.approx(
        dense_alignment(u, v, **how)
    )
    # A mild case: from a difference of 0.95 on, the loss is a straight line.
    v = u + 0.05 * v
    assert similarity_loss(u, v, cosine=cosine, temperature=temperature).item() == pytest.approx(
        dense_similarity(u, v, **how), rel=1e-6
    )


# --- properties -------------------------------------------------------------------------------

SENTENCES = st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=8)
LOGITS = st.lists(st.floats(-20, 20), min_size=VOCABULARY, max_size=VOCABULARY)


@given(SENTENCES, LOGITS)
def test_divergence_is_never_negative(sentence: list[int], logits: list[float]) -> None:
    tokens = torch.tensor([sentence])
    row = torch.tensor([logits], dtype=torch.float64)
    assert bag_divergence(row, tokens, bag_weights(tokens)).item() >= -1e-6


@given(SENTENCES)
def test_divergence_is_zero_where_the_prediction_is_the_bag(sentence: list[int]) -> None:
    tokens = torch.tensor([sentence])
    logits = torch.tensor([bag(sentence)], dtype=torch.float64).log().clamp(min=-50)
    assert bag_divergence(logits, tokens, bag_weights(tokens)).item() == pytest.approx(0, abs=1e-6)


def test_similarity_loss_is_zero_for_equal_distances() -> None:
    u = random(6, 4)
    rotation = torch.linalg.qr(random(4, 4, seed=2)).Q
    assert similarity_loss(u, u @ rotation).item() == pytest.approx(0, abs=1e-9)


def test_similarity_loss_is_finite_for_disjoint_distributions() -> None:
    u = torch.tensor([[9.0, 0], [9, 0], [0, 9], [0, 9]], requires_grad=True)
    v = torch.tensor([[9.0, 0], [0, 9], [9, 0], [0, 9]], requires_grad=True)
    loss = similarity_loss(u, v)
    loss.backward()  # type: ignore[no-untyped-call]
    assert 0 < loss.item() < 100
    assert u.grad is not None and v.grad is not None
    assert bool(u.grad.isfinite().all()) and bool(v.grad.isfinite().all())


def test_similarity_loss_grows_with_the_difference() -> None:
    from babelite.training.network.objectives import _negative_log_cosine

    differences = torch.linspace(0, 1, 1001, dtype=torch.float64)
    losses = _negative_log_cosine(differences)
    assert bool((losses[1:] > losses[:-1]).all())
    assert torch.equal(losses, _negative_log_cosine(-differences))


@pytest.mark.parametrize("size", [0, 1])
def test_similarity_loss_of_one_sentence_is_zero(size: int) -> None:
    u = torch.ones(size, 3, requires_grad=True)
    assert similarity_loss(u, u).item() == 0


def test_losses_over_tokens_do_not_grow_with_the_batch() -> None:
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    words = torch.tensor(SOURCE_WORDS), torch.tensor(TARGET_WORDS)
    sides = pad(SOURCE), pad(TARGET)

    def twice(*tensors: Tensor) -> list[Tensor]:
        return [torch.cat([tensor, tensor]) for tensor in tensors]

    for once, doubled in (
        (token_loss(first, words[0]), token_loss(*twice(first, words[0]))),
        (single_word_loss(first, words[0]), single_word_loss(*twice(first, words[0]))),
        (
            reconstruction_loss(first, second, *sides),
            reconstruction_loss(*twice(first, second, *sides)),
        ),
        (
            unified_loss(first, second, *sides, *words),
            unified_loss(*twice(first, second, *sides, *words)),
        ),
    ):
        assert doubled.item() == pytest.approx(once.item())


def test_swapping_the_sides_changes_nothing() -> None:
    u, v = random(5, 4), random(5, 4, seed=1)
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    source, target = pad(SOURCE), pad(TARGET)
    words = torch.tensor(SOURCE_WORDS), torch.tensor(TARGET_WORDS)
    assert alignment_loss(u, v).item() == pytest.approx(alignment_loss(v, u).item())
    assert similarity_loss(u, v).item() == pytest.approx(similarity_loss(v, u).item())
    assert reconstruction_loss(first, second, source, target).item() == pytest.approx(
        reconstruction_loss(second, first, target, source).item()
    )
    assert unified_loss(first, second, source, target, *words).item() == pytest.approx(
        unified_loss(second, first, target, source, *words[::-1]).item()
    )


def test_padding_changes_nothing() -> None:
    first, second = random(4, VOCABULARY), random(4, VOCABULARY, seed=1)
    words = torch.tensor(SOURCE_WORDS), torch.tensor(TARGET_WORDS)
    wide = [
        torch.cat([side, torch.zeros(4, 3, dtype=torch.int64)], 1)
        for side in (pad(SOURCE), pad(TARGET))
    ]
    assert unified_loss(first, second, *wide, *words).item() == pytest.approx(
        unified_loss(first, second, pad(SOURCE), pad(TARGET), *words).item()
    )


def test_similarities_keep_their_precision_under_autocast() -> None:
    u, v = random(20, 16).float(), random(20, 16, seed=1).float()
    expected = alignment_loss(u, v, cosine=True, temperature=0.05)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = alignment_loss(u, v, cosine=True, temperature=0.05)
    assert found.item() == expected.item()


# --- gradients --------------------------------------------------------------------------------


def _bags(first: Tensor, second: Tensor) -> Tensor:
    return reconstruction_loss(first, second, pad(SOURCE), pad(TARGET))


def _unified(first: Tensor, second: Tensor) -> Tensor:
    words = torch.tensor(SOURCE_WORDS), torch.tensor(TARGET_WORDS)
    return unified_loss(first, second, pad(SOURCE), pad(TARGET), *words)


GRADIENTS: dict[str, tuple[Callable[..., Tensor], tuple[int, int], int]] = {
    "token_loss": (lambda x: token_loss(x, torch.tensor([3, 3, 7, 1])), (4, VOCABULARY), 1),
    "smlm": (lambda x: single_word_loss(x, torch.tensor(SOURCE_WORDS)), (4, VOCABULARY), 1),
    "xtr": (_bags, (4, VOCABULARY), 2),
    "ugt": (_unified, (4, VOCABULARY), 2),
    "align, dot": (alignment_loss, (4, 3), 2),
    "align, cosine": (lambda u, v: alignment_loss(u, v, cosine=True, temperature=0.1), (4, 3), 2),
    "sim, dot": (similarity_loss, (4, 3), 2),
    "sim, cosine": (lambda u, v: similarity_loss(u, v, cosine=True, temperature=0.5), (4, 3), 2),
    "sim, beyond the last exact difference": (
        lambda u, v: similarity_loss(4 * u, 4 * v),
        (4, 3),
        2,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_equal_finite_differences(name: str) -> None:
    function, shape, arguments = GRADIENTS[name]
    inputs = [random(*shape, seed=seed).requires_grad_() for seed in range(arguments)]
    assert torch.autograd.gradcheck(function, inputs)


def test_bag_divergence_gradient_is_prediction_minus_target() -> None:
    logits, tokens = random(4, VOCABULARY).requires_grad_(), pad(SOURCE)
    bag_divergence(logits, tokens, bag_weights(tokens)).sum().backward()  # type: ignore[no-untyped-call]
    for row, sentence in enumerate(SOURCE):
        target = torch.tensor(bag(sentence), dtype=torch.float64)
        expected = logits[row].softmax(0) - target if sentence else torch.zeros(VOCABULARY)
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad[row], expected.double(), rtol=0, atol=1e-6)


# --- the sum of objectives --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("ugt + 2*align + 2*sim", {"ugt": 1, "align": 2, "sim": 2}),
        ("  XTR+.5 * align ", {"xtr": 1, "align": 0.5}),
        ("translation", {"translation": 1}),
        (" + ".join(OBJECTIVES), dict.fromkeys(OBJECTIVES, 1)),
    ],
)
def test_objectives_are_parsed(text: str, weights: dict[str, float]) -> None:
    read = parse_objective(text)
    assert read == weights
    assert list(read) == list(weights)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ugt + ",
        "laser",
        "2*",
        "-1*align",
        "align*2",
        "align + align",
        "0*sim",
        "nan*sim",
        "1e3*sim",
    ],
)
def test_a_bad_objective_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BabeliteError) as caught:
        parse_objective(text)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
