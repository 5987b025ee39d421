"""Losses of sentences without translations (``--mono``): ``teach`` and ``smlm``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from babelite.training.data.vocabulary import PAD
from babelite.training.distributed.batch_slice import BatchSlice
from babelite.training.network import objectives
from babelite.training.network.masking import choose_sides, mask_one_token
from babelite.training.network.prefixes import mean_over_prefixes
from babelite.training.network.training_model import TrainingModel
from babelite.training.objective_parser import monolingual_name


@dataclass(frozen=True)
class SentenceBatch:
    """Sentences of one language, whole or this process's slice of a shared batch."""

    ids: Tensor  # int64 (b, L), PAD after the end; in a slice, L is that of the whole batch
    language: int  # its number
    targets: Sequence[Tensor]  # (B, t) for each teacher and the whole batch; zero where it has none
    batch_slice: BatchSlice | None = None


def bag_monolingual_losses(
    model: TrainingModel,
    ids: Tensor,
    offsets: Tensor,
    targets: Sequence[Tensor],
    batch_slice: BatchSlice | None = None,
) -> dict[str, Tensor]:
    """``teach`` on the encoder without its layers.

    The sentences are token ids, int64 (tokens,), and the start of each sentence, int64 (b,).
    """
    loss = _teach(model, model.network.bag(ids, offsets), targets, batch_slice)
    return {monolingual_name("teach"): loss}


def monolingual_losses(
    model: TrainingModel, batch: SentenceBatch, generator: torch.Generator
) -> dict[str, Tensor]:
    """The unweighted losses of those objectives of the model that need no translation.

    Each is the mean over the batch, or what this process's slice adds to the mean. As in pairs, one
    word is masked in half of the sentences if the model has ``smlm``.
    """
    ids, words, part = batch.ids, None, batch.batch_slice
    if "smlm" in model.weights:
        chosen = choose_sides(len(ids), generator, ids.device, part)
        ids, words = mask_one_token(ids, chosen, generator, part)
    vectors = model.network(ids)
    losses = {}
    if "teach" in model.weights:
        losses[monolingual_name("teach")] = _teach(model, vectors, batch.targets, part)
    if words is not None:
        assert model.head is not None
        logits = model.head(vectors, model.embeddings, batch.language)
        loss = objectives.single_word_loss(logits, words)
        if part is not None:
            loss = part.part_of_mean(loss, int(words.ne(PAD).sum()))
        losses[monolingual_name("smlm")] = loss
    return losses


def _teach(
    model: TrainingModel,
    vectors: Tensor,
    targets: Sequence[Tensor],
    batch_slice: BatchSlice | None,
) -> Tensor:
    teachers = model.teachers
    assert teachers is not None
    wanted = [each if batch_slice is None else batch_slice.take(each) for each in targets]

    def loss(u: Tensor, v: Tensor, whole: objectives.WholeBatch | None) -> Tensor:
        return teachers.teach(u, wanted, batch_slice)

    return mean_over_prefixes(loss, vectors, vectors, None, model.sizes)
