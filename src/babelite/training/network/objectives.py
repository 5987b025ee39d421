"""Training objectives as functions of tensors.

Notation and sections are those of Mao et al. (2021): a batch has B pairs (S1, S2); u and v, (B, d),
are the sentence vectors of the two sides; source and target, int64 (B, L1) and (B, L2), are their
unmasked tokens, PAD after the end; logits, (B, V), are those of the reconstruction head on sentence
vectors. Every function of an objective returns a scalar, the mean over the batch, so that weights
of objectives do not depend on the batch size. Where several processes share a batch, functions that
compare sentences get the vectors of the whole batch and those of a slice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from babelite.training.data.vocabulary import PAD

# Beyond this difference, log cos(π/2 · x) is replaced by its tangent: at 1 it is minus infinity.
_LAST_EXACT_DIFFERENCE = 0.95


def token_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """``mlm``, ``tlm``, ``translation``: mean of −log p(token) of tokens (M,) by logits (M, V).

    The masked language model (Devlin et al., 2019), the translation language model (Lample &
    Conneau, 2019) and the decoder of LASER (Artetxe & Schwenk, 2019) differ only in the logits. The
    mean is zero if there are no tokens.
    """
    if not len(tokens):
        return logits.sum() * 0
    return F.cross_entropy(at_least_float32(logits), tokens)


def single_word_loss(logits: Tensor, words: Tensor) -> Tensor:
    """``smlm``: the sentence vector predicts the masked word (section 3.2).

    The mean of −log p(word) over masked words, int64 (B,); PAD where no word was masked.
    """
    return token_loss(logits[words.ne(PAD)], words[words.ne(PAD)])


def bag_divergence(logits: Tensor, tokens: Tensor, weights: Tensor) -> Tensor:
    """KL(q ‖ softmax(logits)), (B,), for a bag q of weighted tokens, int64 (B, L) with PAD.

    The bag is given by its tokens, so no second array of size (B, V) is needed. A token that occurs
    twice counts twice. Weights, (B, L), are zero at PAD; each row has the sum 1, or 0 for an empty
    bag, whose divergence is 0.
    """
    logits = at_least_float32(logits)
    expected = (weights * logits.gather(1, tokens)).sum(1)
    same = tokens.unsqueeze(2).eq(tokens.unsqueeze(1)).to(weights.dtype)
    share = (same * weights.unsqueeze(1)).sum(2)
    negative_entropy = torch.xlogy(weights, share).sum(1)
    return weights.sum(1) * logits.logsumexp(1) - expected + negative_entropy


def bag_weights(tokens: Tensor) -> Tensor:
    """The share c(w)/n of each token in its sentence: float32 (B, L), zero at PAD."""
    present = tokens.ne(PAD).float()
    return present / present.sum(1, keepdim=True).clamp(min=1)


def reconstruction_loss(
    source_logits: Tensor, target_logits: Tensor, source: Tensor, target: Tensor
) -> Tensor:
    """``xtr``: each sentence vector predicts the bag of the other side's tokens (section 3.3).

    The mean of KL(c2/n2 ‖ p1) + KL(c1/n1 ‖ p2); `source_logits` are those of u.
    """
    there = bag_divergence(source_logits, target, bag_weights(target))
    back = bag_divergence(target_logits, source, bag_weights(source))
    return (there + back).mean()


def unified_loss(
    source_logits: Tensor,
    target_logits: Tensor,
    source: Tensor,
    target: Tensor,
    source_words: Tensor,
    target_words: Tensor,
) -> Tensor:
    """``ugt``: the masked word and the translation in one distribution (section 3.3).

    For the side with a masked word the target is ½ that word + ½ the other side's bag. For the
    other side it is the bag of the whole, unmasked sentence. The result is the mean of the sum of
    both sides' KL divergences. Words are int64 (B,), PAD where none is masked.
    """

    def side(logits: Tensor, words: Tensor, other: Tensor) -> Tensor:
        masked = words.ne(PAD).float().unsqueeze(1) / 2
        tokens = torch.cat([words.unsqueeze(1), other], dim=1)
        weights = torch.cat([masked, (1 - masked) * bag_weights(other)], dim=1)
        return bag_divergence(logits, tokens, weights)

    there = side(source_logits, source_words, target)
    back = side(target_logits, target_words, source)
    return (there + back).mean()


@dataclass(frozen=True)
class WholeBatch:
    """Sentence vectors of a whole batch, of which this process computes a slice."""

    u: Tensor  # (B, d), the first sides
    v: Tensor  # (B, d), the second sides
    places: Tensor  # int64 (b,), the rows of the slice


def similarities(u: Tensor, v: Tensor, *, cosine: bool, temperature: float) -> Tensor:
    """Cosines (Mao et al., 2022) or dot products (2021), (B, C), divided by the temperature."""
    u, v = at_least_float32(u), at_least_float32(v)
    # Autocast would round to 8 bits of precision, and the temperature magnifies the error.
    with torch.autocast(u.device.type, enabled=False):
        if cosine:
            u, v = F.normalize(u, dim=1), F.normalize(v, dim=1)
        return (u / temperature) @ v.T  # fewer divisions than of the product


def alignment_loss(
    u: Tensor,
    v: Tensor,
    *,
    cosine: bool = False,
    temperature: float = 1.0,
    whole: WholeBatch | None = None,
) -> Tensor:
    """``align``: each sentence must find its translation in the batch (section 3.4).

    CE(M, diagonal) + CE(Mᵀ, diagonal) for the similarities M of u and v, (B, d). For a slice of
    `whole`, u and v are (b, d), and both terms are means over its rows.
    """
    if whole is not None:
        there = similarities(u, whole.v, cosine=cosine, temperature=temperature)
        back = similarities(v, whole.u, cosine=cosine, temperature=temperature)
        return F.cross_entropy(there, whole.places) + F.cross_entropy(back, whole.places)
    scores = similarities(u, v, cosine=cosine, temperature=temperature)
    diagonal = torch.arange(len(scores), device=scores.device)
    return F.cross_entropy(scores, diagonal) + F.cross_entropy(scores.T, diagonal)


def similarity_loss(
    u: Tensor,
    v: Tensor,
    *,
    cosine: bool = False,
    temperature: float = 1.0,
    whole: WholeBatch | None = None,
) -> Tensor:
    """``sim``: both languages must agree on the similarities within the batch (section 3.4).

    The mean over sentences of −Σ_j log cos(π/2 · (P1 − P2)), where P is the softmax over the other
    sentences; zero for a batch of one. A sentence is not compared with itself, as that similarity
    saturates the softmax. For a slice of `whole`, u and v are (b, d).
    """
    if whole is None:
        whole = WholeBatch(u, v, torch.arange(len(u), device=u.device))
    if len(whole.u) < 2:
        return (u.sum() + v.sum()) * 0
    itself = whole.places.unsqueeze(1).eq(torch.arange(len(whole.u), device=u.device))

    def distribution(x: Tensor, everyone: Tensor) -> Tensor:
        scores = similarities(x, everyone, cosine=cosine, temperature=temperature)
        return scores.masked_fill(itself, -math.inf).softmax(1)

    difference = distribution(u, whole.u) - distribution(v, whole.v)
    return _negative_log_cosine(difference).sum(1).mean()


def _negative_log_cosine(difference: Tensor) -> Tensor:
    size = difference.abs()
    exact = size.clamp(max=_LAST_EXACT_DIFFERENCE)
    slope = math.pi / 2 * math.tan(math.pi / 2 * _LAST_EXACT_DIFFERENCE)
    return -torch.log(torch.cos(math.pi / 2 * exact)) + slope * (size - exact)


def at_least_float32(x: Tensor) -> Tensor:
    """Convert to at least float32: logarithms and softmaxes of 16-bit numbers are too inexact."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def feature_distillation_loss(predicted: Tensor, wanted: Tensor) -> tuple[Tensor, int]:
    """``teach``: mapped sentence vectors must point where the teacher's vectors point.

    The target of a translation may be the teacher's vector of the original (Reimers & Gurevych,
    2020); the linear map before the comparison is that of LEALLA's feature distillation (Mao &
    Nakagawa, 2023).

    `predicted`, (n, t), are the sentence vectors after the linear map, `wanted`, (n, t), those of
    the teacher, zero for a sentence without one. The mean of 1 − cos(predicted, wanted) over the
    sentences with a teacher's vector, 0 without any; and their number.
    """
    present = wanted.any(1)
    count = int(present.sum())
    if not count:
        return predicted.sum() * 0, 0
    cosines = F.cosine_similarity(at_least_float32(predicted[present]), wanted[present], dim=1)
    return 1 - cosines.mean(), count


@dataclass(frozen=True)
class TeacherDistribution:
    """How a teacher distributes the similarities of n sentences of a slice over a whole batch."""

    present: Tensor  # bool (b,), the n sentences that have a teacher's vector
    hidden: Tensor  # float32 (n, B), 0, or `_HIDDEN` for a sentence that is not compared
    log_probabilities: Tensor  # float32 (n, B)

    @property
    def count(self) -> int:
        """The number of sentences."""
        return len(self.hidden)

    @cached_property
    def is_empty(self) -> bool:
        """Whether there is no sentence, or one that is compared with none."""
        return not self.count or bool(self.hidden.ne(0).all(1).any())


# A similarity this low has the probability 0. Minus infinity would give 0 · ∞.
_HIDDEN = -1e4


def teacher_distribution(
    teacher_u: Tensor, teacher_v: Tensor, places: Tensor, temperature: float
) -> TeacherDistribution:
    """The distributions that `logit_distillation_loss` asks for.

    teacher_u, (b, t), and teacher_v, (B, t), are the teacher's vectors, zero for a sentence without
    one, and `places`, int64 (b,), the rows of v that translate u. A distribution is the softmax of
    the cosines, divided by the temperature, with the other sentences that have a vector. A sentence
    is not compared with its own translation, as in `sim`.
    """
    present, others = teacher_u.any(1), teacher_v.any(1)
    itself = places.unsqueeze(1).eq(torch.arange(len(teacher_v), device=teacher_v.device))
    hidden = (itself | ~others)[present] * _HIDDEN
    scores = similarities(teacher_u[present], teacher_v, cosine=True, temperature=temperature)
    return TeacherDistribution(present, hidden, (scores + hidden).log_softmax(1))


def logit_distillation_loss(
    u: Tensor, v: Tensor, wanted: TeacherDistribution, temperature: float
) -> Tensor:
    """``teach_sim``: the similarities of a batch must be distributed as the teacher's are.

    This is the logit distillation of LEALLA (Mao & Nakagawa, 2023) with distributions in place of
    squared differences.

    u, (b, d), are one side's sentence vectors of a slice, v, (B, d), the other side's of the whole
    batch. The mean of KL(P ‖ Q) over the sentences of u with a teacher's vector; P and Q are the
    distributions of the teacher and the student, see `teacher_distribution`.
    """
    if wanted.is_empty:
        return u.sum() * 0 + v.sum() * 0
    scores = similarities(u[wanted.present], v, cosine=True, temperature=temperature)
    found = (scores + wanted.hidden).log_softmax(1)
    return F.kl_div(found, wanted.log_probabilities, reduction="batchmean", log_target=True)
