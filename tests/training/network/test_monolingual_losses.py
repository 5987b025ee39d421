"""Losses of sentences without translations, against computations with plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from babelite.training.data.vocabulary import MASK, PAD
from babelite.training.network.distillation import TeacherHeads
from babelite.training.network.monolingual_losses import (
    SentenceBatch,
    bag_monolingual_losses,
    monolingual_losses,
)
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape

SHAPE = NetworkShape(vocabulary_size=40, dim=8, layers=1, heads=2, hidden_dim=8)


def make_model(matryoshka: tuple[int, ...] = (), **weights: float) -> TrainingModel:
    torch.manual_seed(0)
    return TrainingModel(
        DualTransformer(SHAPE, dropout=0.0),
        weights,
        languages=3,
        dropout=0.0,
        teachers=TeacherHeads(8, [5, 6], [1.0, 2.0]) if "teach" in weights else None,
        matryoshka=matryoshka,
        mono_share=0.25,
    ).eval()


def make_batch() -> SentenceBatch:
    torch.manual_seed(1)
    ids = torch.randint(3, 40, (6, 5))
    ids[2, 3:] = PAD
    targets = [F.normalize(torch.randn(6, width), dim=1) for width in (5, 6)]
    targets[1][[0, 4]] = 0  # the second teacher does not read them
    return SentenceBatch(ids, 1, targets)


@pytest.mark.parametrize("matryoshka", [(), (4,)])
@pytest.mark.parametrize("bag", [True, False])
def test_teach_is_the_mean_distance_to_the_teachers(bag: bool, matryoshka: tuple[int, ...]) -> None:
    model, batch = make_model(matryoshka, align=1.0, teach=3.0), make_batch()
    assert model.teachers is not None
    if bag:
        present = batch.ids.ne(PAD)
        lengths = present.sum(1)
        ids, offsets = batch.ids[present], lengths.cumsum(0) - lengths
        found = bag_monolingual_losses(model, ids, offsets, batch.targets)
        vectors = model.network.bag(ids, offsets)
    else:
        found = monolingual_losses(model, batch, torch.Generator())
        vectors = model.network(batch.ids)
    means = []
    for size in (*matryoshka, 8):
        total = 0.0
        for weight, head, wanted in zip(
            (1.0, 2.0), model.teachers.maps, batch.targets, strict=True
        ):
            mapped = F.normalize(vectors[:, :size], dim=1) @ head.weight[:, :size].T
            known = [row for row in range(6) if wanted[row].any()]
            total += weight * float(
                np.mean(
                    [
                        1 - float(torch.cosine_similarity(mapped[r], wanted[r], 0).detach())
                        for r in known
                    ]
                )
            )
        means.append(total)
    assert found.keys() == {"mono_teach"}
    assert found["mono_teach"].item() == pytest.approx(np.mean(means), abs=1e-6)


def test_smlm_predicts_the_masked_word_in_half_of_the_sentences() -> None:
    model, batch = make_model(align=1.0, smlm=2.0), make_batch()
    assert model.head is not None
    seen: list[torch.Tensor] = []
    model.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found = monolingual_losses(model, batch, torch.Generator().manual_seed(2))
    [hidden] = seen
    masked = hidden.eq(MASK)
    assert 0 < masked.any(1).sum() < 6
    assert masked.sum(1).max() == 1
    logits = model.head(model.network(hidden), model.embeddings, 1)
    losses = [
        -logits[row].log_softmax(0)[batch.ids[row][masked[row]]].item()
        for row in range(6)
        if masked[row].any()
    ]
    assert found.keys() == {"mono_smlm"}
    assert found["mono_smlm"].item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_sentence_counts_as_much_as_one_of_a_pair() -> None:
    model = make_model(align=1.0, teach=4.0)
    one = torch.tensor(1.0)
    losses = {"align": one, "teach": one, "mono_teach": one}
    assert model.weighted_sum(losses).item() == pytest.approx(1 + 4 + 0.25 * 4)
