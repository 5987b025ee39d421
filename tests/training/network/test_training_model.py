"""Losses: inputs of each objective, heads and languages."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from babelite.training.data.vocabulary import MASK, PAD
from babelite.training.network.heads import TranslationDecoder
from babelite.training.network.objectives import alignment_loss
from babelite.training.network.training_model import (
    Batch,
    ContrastiveSettings,
    TrainingModel,
    join_sides,
)
from babelite.training.network.transformer import DualTransformer, NetworkShape
from babelite.training.objective_parser import OBJECTIVES, parse_objective

SHAPE = NetworkShape(vocabulary_size=60, dim=16, layers=1, heads=2, hidden_dim=24, max_tokens=32)


def build(
    objective: str, languages: int = 2, contrastive: ContrastiveSettings | None = None
) -> TrainingModel:
    torch.manual_seed(0)
    network = DualTransformer(SHAPE, dropout=0.0)
    weights = parse_objective(objective)
    model = TrainingModel(
        network, weights, languages=languages, contrastive=contrastive, dropout=0.0
    )
    return model.train()


def make_batch(size: int = 8, *, languages: tuple[int, int] = (0, 1), seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def side(longest: int) -> Tensor:
        ids = torch.randint(3, SHAPE.vocabulary_size, (size, longest), generator=generator)
        lengths = torch.randint(2, longest + 1, (size, 1), generator=generator)
        return torch.where(torch.arange(longest) < lengths, ids, PAD)

    return Batch(side(9), side(11), *languages)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def losses(model: TrainingModel, batch: Batch, seed: int = 0) -> dict[str, float]:
    return {name: loss.item() for name, loss in model(batch, seeded(seed)).items()}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The ids that the encoder is given, call after call."""
    calls: list[Tensor] = []
    within: list[bool] = []  # what is asked for sentence vectors takes the sentences apart itself

    def recording(name: str) -> None:
        original = getattr(DualTransformer, name)

        def record(network: DualTransformer, ids: Tensor, *more: Tensor) -> Tensor:
            if not within:
                calls.append(ids)
            within.append(True)
            try:
                found: Tensor = original(network, ids, *more)
                return found
            finally:
                within.pop()

        monkeypatch.setattr(DualTransformer, name, record)

    recording("states")
    recording("forward")
    return calls


# --- what is shown ----------------------------------------------------------------------------


def test_the_papers_sum_encodes_each_side_once(shown: list[Tensor]) -> None:
    build("ugt + 2*align + 2*sim")(make_batch(), seeded())
    assert len(shown) == 2


@pytest.mark.parametrize("objective", ["xtr", "align", "sim", "translation", "xtr + align + sim"])
def test_objectives_without_masks_get_the_unmasked_sentences(
    objective: str, shown: list[Tensor]
) -> None:
    batch = make_batch()
    build(objective)(batch, seeded())
    assert len(shown) == 2
    assert torch.equal(shown[0], batch.source)
    assert torch.equal(shown[1], batch.target)


@pytest.mark.parametrize("objective", ["smlm", "ugt", "ugt + align", "smlm + xtr"])
def test_single_word_objectives_mask_one_word_of_one_side(
    objective: str, shown: list[Tensor]
) -> None:
    batch = make_batch(40)
    build(objective)(batch, seeded())
    assert len(shown) == 2
    masked = [view.eq(MASK).sum(1) for view in shown]
    assert torch.equal(masked[0] + masked[1], torch.ones(40, dtype=torch.int64))
    assert 0 < masked[0].sum() < 40
    for view, side in zip(shown, (batch.source, batch.target), strict=True):
        assert torch.equal(view[view.ne(MASK)], side[view.ne(MASK)])


def test_mlm_encodes_each_side_and_tlm_both_together(shown: list[Tensor]) -> None:
    batch = make_batch()
    build("mlm")(batch, seeded())
    assert [view.shape for view in shown] == [batch.source.shape, batch.target.shape]
    shown.clear()
    build("tlm")(batch, seeded())
    assert [view.shape for view in shown] == [(8, 20)]


def test_joined_sides_both_begin_at_position_0() -> None:
    ids, positions = join_sides(torch.tensor([[4, 5, PAD]]), torch.tensor([[6, 7]]))
    assert ids.tolist() == [[4, 5, PAD, 6, 7]]
    assert positions.tolist() == [[0, 1, 2, 0, 1]]


def test_in_a_joined_sequence_each_side_attends_to_the_other() -> None:
    network = build("tlm").network.eval()
    with torch.no_grad():  # larger weights, so that attention makes a difference
        for parameter in network.parameters():
            parameter.mul_(8)
    batch = make_batch()
    width = batch.source.shape[1]
    with torch.no_grad():
        together = network.states(*join_sides(batch.source, batch.target))[:, :width]
        otherwise = network.states(*join_sides(batch.source, batch.target.flip(0)))[:, :width]
    assert not torch.allclose(together, otherwise, atol=1e-3)


# --- losses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_finite_and_reaches_the_embeddings(objective: str) -> None:
    model = build(objective)
    loss = model(make_batch(), seeded())[objective]
    loss.backward()
    assert loss.isfinite()
    gradient = model.embeddings.grad
    assert gradient is not None
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_bfloat16_changes_no_loss_by_much(objective: str) -> None:
    model, batch = build(objective, contrastive=ContrastiveSettings(True, 0.1)), make_batch()
    expected = losses(model, batch)[objective]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(batch, seeded())[objective]
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected, rel=0.05, abs=1e-3)
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("objective", "sides"), [("mlm", 2), ("tlm", 1), ("smlm", 1), ("translation", 2)]
)
def test_training_starts_at_the_uniform_distribution(objective: str, sides: int) -> None:
    found = losses(build(objective), make_batch(64))[objective]
    assert found == pytest.approx(sides * math.log(SHAPE.vocabulary_size), rel=0.05)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_depend_on_the_generator_only(objective: str) -> None:
    model, batch = build(objective), make_batch()
    first = losses(model, batch)
    torch.manual_seed(99)
    assert losses(model, batch) == first


def test_the_total_is_the_weighted_sum() -> None:
    model = build("ugt + 2*align + .5*sim")
    found = model(make_batch(), seeded())
    assert list(found) == ["ugt", "align", "sim"]
    expected = found["ugt"] + 2 * found["align"] + 0.5 * found["sim"]
    assert model.weighted_sum(found).item() == pytest.approx(expected.item())


def test_the_bag_loss_is_align_on_bags() -> None:
    model, batch = build("align", contrastive=ContrastiveSettings(True, 0.05)), make_batch()

    def flat(side: Tensor) -> tuple[Tensor, Tensor]:
        lengths = side.ne(PAD).sum(1)
        return side[side.ne(PAD)], lengths.cumsum(0) - lengths

    u, v = (model.network.bag(*flat(side)) for side in (batch.source, batch.target))
    assert model.bag_losses(flat(batch.source), flat(batch.target))[
        "align"
    ].item() == pytest.approx(alignment_loss(u, v, cosine=True, temperature=0.05).item(), rel=1e-5)


def test_padding_changes_no_loss() -> None:
    model, batch = build("xtr + align + sim + translation"), make_batch()
    more = torch.zeros(8, 4, dtype=torch.int64)
    wide = Batch(torch.cat([batch.source, more], 1), torch.cat([batch.target, more], 1))
    assert losses(model, wide) == pytest.approx(losses(model, batch), rel=1e-4)


# --- heads ------------------------------------------------------------------------------------


def heads_of(model: TrainingModel) -> set[str]:
    return {name.split(".")[0] for name, _ in model.named_parameters()} - {"network"}


def test_heads_exist_only_if_an_objective_needs_them() -> None:
    assert heads_of(build("align + sim")) == set()
    assert heads_of(build("ugt + align")) == {"head"}
    assert heads_of(build("translation")) == {"head", "decoder"}
    projected = build("align", contrastive=ContrastiveSettings(projection=4))
    assert heads_of(projected) == {"projection"}


def test_no_head_is_part_of_the_encoder() -> None:
    model = build("ugt + align + translation", contrastive=ContrastiveSettings(projection=4))
    assert set(model.network.state_dict()) == set(DualTransformer(SHAPE).state_dict())


@pytest.mark.parametrize("objective", ["mlm", "tlm", "smlm", "xtr", "ugt"])
def test_with_two_languages_the_head_gets_no_language(objective: str) -> None:
    model = build(objective)
    there, back = make_batch(), make_batch(languages=(1, 0))
    assert losses(model, there) == losses(model, back)


@pytest.mark.parametrize("objective", ["mlm", "tlm", "smlm", "xtr", "ugt", "translation"])
def test_with_three_languages_the_head_gets_the_language(objective: str) -> None:
    model = build(objective, languages=3)
    assert model.head is not None and model.head.language is not None
    with torch.no_grad():
        model.head.language.weight.normal_(generator=seeded())
    found = {
        languages: losses(model, make_batch(languages=languages))[objective]
        for languages in ((0, 1), (0, 2), (1, 2))
    }
    assert len(set(found.values())) == 3


def test_the_head_gets_the_language_of_the_predicted_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(objective: str) -> list[int]:
        model = build(objective, languages=4)
        seen: list[int] = []
        head = model.head
        assert head is not None
        forward: Callable[[Tensor, Tensor, int], Tensor] = head.forward

        def record(vectors: Tensor, embeddings: Tensor, language: int) -> Tensor:
            seen.append(language)
            return forward(vectors, embeddings, language)

        monkeypatch.setattr(head, "forward", record)
        model(make_batch(languages=(2, 3)), seeded())
        return seen

    assert told("smlm") == [2, 3]
    assert told("xtr") == [3, 2]
    assert told("ugt") == [3, 2]
    assert told("mlm") == [2, 3]
    assert told("tlm") == [2, 3]
    assert told("translation") == [3, 2]


def test_the_decoder_sees_only_earlier_words() -> None:
    torch.manual_seed(0)
    decoder = TranslationDecoder(SHAPE, languages=2, dropout=0.0).eval()
    embeddings = torch.randn(SHAPE.vocabulary_size, SHAPE.dim)
    vectors, tokens = torch.randn(1, SHAPE.dim), torch.tensor([[5, 6, 7, 8, 9]])
    changed = tokens.clone()
    changed[0, 2] = 10
    with torch.no_grad():
        before = decoder(vectors, tokens, embeddings, 0)
        after = decoder(vectors, changed, embeddings, 0)
        elsewhere = decoder(vectors + 1, tokens, embeddings, 0)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-4)
    assert not torch.allclose(before[:, 0], elsewhere[:, 0], atol=1e-4)
