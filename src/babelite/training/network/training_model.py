"""The training model, and the loss of each objective from a batch of pairs.

Objectives need different inputs: the sentences unchanged, with one word masked (`smlm`, `ugt`),
with many tokens masked (`mlm`), or both sides in one sequence (`tlm`). Each input is encoded once
per batch, however many objectives use it.

To add an objective, add its name to `objective_parser.OBJECTIVES` and its loss to `_LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from babelite.training.data.vocabulary import PAD
from babelite.training.distributed.batch_slice import BatchSlice
from babelite.training.network import objectives
from babelite.training.network.distillation import Targets, TeacherHeads
from babelite.training.network.heads import ReconstructionHead, TranslationDecoder
from babelite.training.network.masking import choose_sides, mask_one_token, mask_tokens
from babelite.training.network.prefixes import mean_over_prefixes
from babelite.training.network.transformer import DualTransformer
from babelite.training.objective_parser import (
    MONOLINGUAL_OBJECTIVES,
    TEACHER_OBJECTIVES,
    monolingual_name,
)

_WITH_WORD_MASKED = {"smlm", "ugt"}
_WITH_HEAD = {"mlm", "tlm", "smlm", "xtr", "ugt", "translation"}


@dataclass(frozen=True)
class Batch:
    """Pairs of one language pair, whole or this process's slice of a shared batch."""

    source: Tensor  # int64 (B, L1), PAD after the end
    target: Tensor  # int64 (B, L2); in a slice, L1 and L2 are those of the whole batch
    source_language: int = 0  # numbers of the languages
    target_language: int = 1
    batch_slice: BatchSlice | None = None
    targets: tuple[Targets, ...] = ()


@dataclass(frozen=True)
class ContrastiveSettings:
    """Similarity of sentence vectors in ``align`` and ``sim``."""

    cosine: bool = False  # instead of the dot product
    temperature: float = 1.0  # similarities are divided by it
    projection: int = 0  # width of a projection before the comparison (Mao et al., 2022); 0: none


class TrainingModel(nn.Module):
    """The encoder with the heads that its objectives (with their weights) need."""

    def __init__(
        self,
        network: DualTransformer,
        weights: Mapping[str, float],
        *,
        languages: int = 2,
        contrastive: ContrastiveSettings | None = None,
        dropout: float = 0.1,
        teachers: TeacherHeads | None = None,
        matryoshka: Sequence[int] = (),
        mono_share: float = 0.0,
    ) -> None:
        super().__init__()
        shape = network.shape
        self.sizes = (*matryoshka, shape.dim)
        self.network, self.weights = network, dict(weights)
        # A sentence without translation counts as much as one of a pair.
        self._mono_weights = {
            monolingual_name(name): mono_share * weights[name]
            for name in MONOLINGUAL_OBJECTIVES
            if name in weights
        }
        self.contrastive = contrastive or ContrastiveSettings()
        needs_head = not _WITH_HEAD.isdisjoint(weights)
        self.head = ReconstructionHead(shape, languages) if needs_head else None
        self.decoder = (
            TranslationDecoder(shape, languages, dropout) if "translation" in weights else None
        )
        width = self.contrastive.projection
        self.projection = nn.Linear(shape.dim, width, bias=False) if width else None
        self.teachers = teachers

    @property
    def embeddings(self) -> Tensor:
        """The token embeddings (V, d), to which the decoders are tied."""
        return self.network.embeddings.word_embeddings.weight

    @property
    def tables(self) -> list[Tensor]:
        """The tables of which each batch uses a few rows."""
        ngrams = self.network.ngrams
        return [self.embeddings] if ngrams is None else [self.embeddings, ngrams.vectors]

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The unweighted loss of each objective, a scalar, in the order of the weights.

        It is the mean over the batch, or what this process's slice adds to the mean. The generator
        draws masks and must be on the device of the batch.
        """
        views = _Views(self, batch, generator)
        return {name: _LOSSES[name](views) for name in self.weights}

    def weighted_sum(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of the losses of the layers phase or of the bag phase."""
        if len(losses) == 1 < len(self.weights):
            return next(iter(losses.values()))  # the bag phase trains only `align`
        weights = self.weights | self._mono_weights
        return torch.stack([weights.get(n, 1.0) * loss for n, loss in losses.items()]).sum()

    def folded_state(self) -> dict[str, Tensor]:
        """The state dict with shared n-grams added to the token embeddings."""
        state: dict[str, Tensor] = self.state_dict()
        if self.network.ngrams is not None:
            del state["network.ngrams.vectors"]
            state["network.embeddings.word_embeddings.weight"] = self.network.ngrams.added_to(
                self.embeddings
            )
        return state

    def bag_losses(
        self,
        source: tuple[Tensor, Tensor],
        target: tuple[Tensor, Tensor],
        batch_slice: BatchSlice | None = None,
        targets: tuple[Targets, ...] = (),
    ) -> dict[str, Tensor]:
        """``align``, and the objectives of teachers, on the encoder without its layers.

        A side is its token ids, int64 (tokens,), and the start of each sentence, int64 (B,).
        """
        ids = torch.cat([source[0], target[0]])
        offsets = torch.cat([source[1], target[1] + len(source[0])])
        # One call for both sides: a token that they share is normalised once.
        u, v = self.network.bag(ids, offsets).chunk(2)
        whole, temperature = _whole_batch(u, v, batch_slice), self.contrastive.temperature

        def align(u: Tensor, v: Tensor, whole: objectives.WholeBatch | None) -> Tensor:
            return objectives.alignment_loss(
                u, v, cosine=True, temperature=temperature, whole=whole
            )

        found = mean_over_prefixes(align, u, v, whole, self.sizes)
        losses = {"align": found if batch_slice is None else found * batch_slice.share}
        for name in TEACHER_OBJECTIVES:
            if name in self.weights:
                losses[name] = self.teacher_loss(name, u, v, whole, targets, batch_slice)
        return losses

    def teacher_loss(
        self,
        name: str,
        u: Tensor,
        v: Tensor,
        whole: objectives.WholeBatch | None,
        targets: tuple[Targets, ...],
        batch_slice: BatchSlice | None,
    ) -> Tensor:
        """The loss of an objective of teachers, the mean over the sizes of the vectors."""
        teachers, temperature = self.teachers, self.contrastive.temperature
        assert teachers is not None
        if name == "teach":
            wanted = [each.both_sides(batch_slice) for each in targets]

            def teach(u: Tensor, v: Tensor, whole: objectives.WholeBatch | None) -> Tensor:
                return teachers.teach(torch.cat([u, v]), wanted, batch_slice)

            return mean_over_prefixes(teach, u, v, whole, self.sizes)
        whole = whole or objectives.WholeBatch(u, v, torch.arange(len(u), device=u.device))
        given = teachers.distributions(targets, batch_slice, whole.places, temperature)

        def teach_sim(u: Tensor, v: Tensor, whole: objectives.WholeBatch | None) -> Tensor:
            assert whole is not None
            return teachers.teach_sim(u, v, whole, given, batch_slice, temperature)

        return mean_over_prefixes(teach_sim, u, v, whole, self.sizes)


def _whole_batch(
    u: Tensor, v: Tensor, batch_slice: BatchSlice | None
) -> objectives.WholeBatch | None:
    if batch_slice is None:
        return None
    return objectives.WholeBatch(*batch_slice.gather(u, v), batch_slice.places(u.device))


class _Views:
    """Inputs and outputs of the encoder for one batch, computed on first use."""

    def __init__(self, model: TrainingModel, batch: Batch, generator: torch.Generator) -> None:
        self.model, self.batch, self.generator = model, batch, generator
        self.sides = (batch.source, batch.target)
        self.languages = (batch.source_language, batch.target_language)

    @cached_property
    def masked(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Each side (b, L) with one word masked in one of the two, and the masked words (b,)."""
        source, target = self.sides
        generator, batch_slice = self.generator, self.batch.batch_slice
        first = choose_sides(len(source), generator, source.device, batch_slice)
        return (
            mask_one_token(source, first, generator, batch_slice),
            mask_one_token(target, ~first, generator, batch_slice),
        )

    @cached_property
    def vectors(self) -> tuple[Tensor, Tensor]:
        """Sentence vectors (b, d) of both sides, masked if an objective masks a word."""
        use_masked = not _WITH_WORD_MASKED.isdisjoint(self.model.weights)
        sides = (self.masked[0][0], self.masked[1][0]) if use_masked else self.sides
        return self.model.network(sides[0]), self.model.network(sides[1])

    @cached_property
    def compared(self) -> tuple[Tensor, Tensor]:
        """Vectors of both sides for `align` and `sim`."""
        project = self.model.projection
        u, v = self.vectors
        return (u, v) if project is None else (project(u), project(v))

    @cached_property
    def whole_vectors(self) -> objectives.WholeBatch | None:
        """Sentence vectors of the whole batch, if several processes share it."""
        return _whole_batch(*self.vectors, self.batch.batch_slice)

    @cached_property
    def whole_compared(self) -> objectives.WholeBatch | None:
        """Vectors of the whole batch for `align` and `sim`."""
        if self.model.projection is None:
            return self.whole_vectors
        return _whole_batch(*self.compared, self.batch.batch_slice)

    def contrast(self, objective: Callable[..., Tensor]) -> Tensor:
        """`objectives.alignment_loss` or `similarity_loss` with the settings of the model."""
        settings = self.model.contrastive

        def loss(u: Tensor, v: Tensor, whole: objectives.WholeBatch | None) -> Tensor:
            return objective(
                u, v, cosine=settings.cosine, temperature=settings.temperature, whole=whole
            )

        found = mean_over_prefixes(loss, *self.compared, self.whole_compared, self.model.sizes)
        return self.mean_of_pairs(found)

    def teach(self, name: str) -> Tensor:
        """The loss of an objective of teachers."""
        batch = self.batch
        return self.model.teacher_loss(
            name, *self.vectors, self.whole_vectors, batch.targets, batch.batch_slice
        )

    @cached_property
    def own_logits(self) -> tuple[Tensor, Tensor]:
        """Logits (b, V) of each side for its own masked word."""
        return self.predict(self.vectors[0], 0), self.predict(self.vectors[1], 1)

    @cached_property
    def other_logits(self) -> tuple[Tensor, Tensor]:
        """Logits (b, V) of each side for the tokens of the other side."""
        if self.model.head is not None and self.model.head.language is None:
            return self.own_logits  # the head gets no language, so they are equal
        return self.predict(self.vectors[0], 1), self.predict(self.vectors[1], 0)

    def mean_of_pairs(self, loss: Tensor) -> Tensor:
        """What a mean over the pairs of this process adds to the mean over the batch."""
        return loss if self.batch.batch_slice is None else loss * self.batch.batch_slice.share

    def mean_of_tokens(self, loss: Tensor, count: int) -> Tensor:
        """What a mean over `count` tokens of this process adds to the mean over the batch."""
        part = self.batch.batch_slice
        return loss if part is None else part.part_of_mean(loss, count)

    def predict(self, vectors: Tensor, side: int) -> Tensor:
        """Logits (N, V) for tokens of the language of a side."""
        assert self.model.head is not None
        logits: Tensor = self.model.head(vectors, self.model.embeddings, self.languages[side])
        return logits


def _mlm(views: _Views) -> Tensor:
    total = views.batch.source.new_zeros((), dtype=torch.float32)
    for side, ids in enumerate(views.sides):
        hidden, chosen = mask_tokens(
            ids, views.model.network.shape.vocabulary_size, views.generator, views.batch.batch_slice
        )
        states = views.model.network.states(hidden)[chosen]
        loss = objectives.token_loss(views.predict(states, side), ids[chosen])
        total = total + views.mean_of_tokens(loss, len(states))
    return total


def _tlm(views: _Views) -> Tensor:
    joined, positions = join_sides(*views.sides)
    size = views.model.network.shape.vocabulary_size
    hidden, chosen = mask_tokens(joined, size, views.generator, views.batch.batch_slice)
    states = views.model.network.states(hidden, positions)
    first = torch.arange(joined.shape[1], device=joined.device) < views.sides[0].shape[1]
    logits, tokens = [], []
    for side, part in enumerate((chosen & first, chosen & ~first)):
        logits.append(views.predict(states[part], side))
        tokens.append(joined[part])
    loss = objectives.token_loss(torch.cat(logits), torch.cat(tokens))
    return views.mean_of_tokens(loss, sum(map(len, tokens)))


def join_sides(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Concatenate both sides, each with positions from 0 (Lample & Conneau, 2019).

    Returns ids and positions, int64 (B, L1 + L2). PAD may stand between the sides.
    """
    sides = [source, target]
    positions = torch.cat([torch.arange(side.shape[1], device=side.device) for side in sides])
    return torch.cat(sides, dim=1), positions.expand(len(source), -1)


def _smlm(views: _Views) -> Tensor:
    words = torch.cat([words for _, words in views.masked])
    loss = objectives.single_word_loss(torch.cat(views.own_logits), words)
    return views.mean_of_tokens(loss, int(words.ne(PAD).sum()))


def _xtr(views: _Views) -> Tensor:
    loss = objectives.reconstruction_loss(*views.other_logits, *views.sides)
    return views.mean_of_pairs(loss)


def _ugt(views: _Views) -> Tensor:
    words = (views.masked[0][1], views.masked[1][1])
    loss = objectives.unified_loss(*views.other_logits, *views.sides, *words)
    return views.mean_of_pairs(loss)


def _translation(views: _Views) -> Tensor:
    decoder = views.model.decoder
    assert decoder is not None
    total = views.batch.source.new_zeros((), dtype=torch.float32)
    for side, vectors in ((1, views.vectors[0]), (0, views.vectors[1])):
        ids = views.sides[side]
        states = decoder(vectors, ids, views.model.embeddings, views.languages[side])
        present = ids.ne(PAD)
        tokens = ids[present]
        loss = objectives.token_loss(views.predict(states[present], side), tokens)
        total = total + views.mean_of_tokens(loss, len(tokens))
    return total


# The loss of each objective.
_LOSSES: dict[str, Callable[[_Views], Tensor]] = {
    "mlm": _mlm,
    "tlm": _tlm,
    "smlm": _smlm,
    "xtr": _xtr,
    "ugt": _ugt,
    "align": lambda views: views.contrast(objectives.alignment_loss),
    "sim": lambda views: views.contrast(objectives.similarity_loss),
    "translation": _translation,
    "teach": lambda views: views.teach("teach"),
    "teach_sim": lambda views: views.teach("teach_sim"),
}
