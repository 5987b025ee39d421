"""The training objectives as pure functions of tensors.

Notation as in Mao et al. (2021): a batch holds B pairs (S1, S2); u and v are the sentence vectors
of the two sides, (B, d); logits are those of the reconstruction head on sentence vectors, (B, V).
Every function returns a scalar: the mean over the batch, never a sum, so that weights keep their
meaning when the batch grows. Where several processes share a batch, what compares sentences is
given the vectors of the whole batch beside those of its own part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from babelite.training.data.vocabulary import PAD

# From here on the logarithm of the cosine is continued as a straight line: at a difference of 1 it
# is minus infinity.
_LAST_EXACT_DIFFERENCE = 0.95


def token_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """Cross-entropy of single tokens: ``mlm``, ``tlm`` and ``translation``.

    The masked language model (Devlin et al., 2019), its form over both sides of a pair (Lample &
    Conneau, 2019) and the decoder of LASER (Artetxe & Schwenk, 2019) differ in where the logits
    come from, not in the loss.

    Args:
        logits: (M, V), one row for each token to be predicted in the batch.
        tokens: int64 (M,), what stood there.

    Returns:
        The mean over the tokens; zero where there is none.
    """
    if not len(tokens):
        return logits.sum() * 0
    return F.cross_entropy(_precise(logits), tokens)


def single_word_loss(logits: Tensor, words: Tensor) -> Tensor:
    """``smlm``: the sentence vector predicts the one word that was masked (section 3.2).

    Args:
        logits: (B, V) of the masked sides.
        words: int64 (B,), the masked words; PAD where a sentence had nothing to mask.

    Returns:
        The mean of −log p(word) over the sentences that had a word masked.
    """
    return token_loss(logits[words.ne(PAD)], words[words.ne(PAD)])


def bag_divergence(logits: Tensor, tokens: Tensor, weights: Tensor) -> Tensor:
    """KL(q ‖ softmax(logits)) where q is a bag of weighted tokens.

    The bag is given by its members, so nothing of size (B, V) is made beside the logits. A token
    that occurs twice counts twice.

    Args:
        logits: (B, V).
        tokens: int64 (B, L), PAD where there is none.
        weights: (B, L), adding up to 1 in each row and zero at PAD; a row of zeros (an empty bag)
            contributes nothing.

    Returns:
        (B,), at least zero.
    """
    logits = _precise(logits)
    expected = (weights * logits.gather(1, tokens)).sum(1)
    same = tokens.unsqueeze(2).eq(tokens.unsqueeze(1)).to(weights.dtype)
    share = (same * weights.unsqueeze(1)).sum(2)
    negative_entropy = torch.xlogy(weights, share).sum(1)
    return weights.sum(1) * logits.logsumexp(1) - expected + negative_entropy


def bag_weights(tokens: Tensor) -> Tensor:
    """Each token's share c(w)/n of its sentence.

    Args:
        tokens: int64 (B, L), PAD after the end.

    Returns:
        float32 (B, L), rows adding up to 1, or to 0 where a sentence is empty.
    """
    present = tokens.ne(PAD).float()
    return present / present.sum(1, keepdim=True).clamp(min=1)


def reconstruction_loss(
    source_logits: Tensor, target_logits: Tensor, source: Tensor, target: Tensor
) -> Tensor:
    """``xtr``: each sentence vector predicts the bag of the other side's tokens (section 3.3).

    Args:
        source_logits: (B, V), of u.
        target_logits: (B, V), of v.
        source: int64 (B, L1), tokens of S1, nothing masked.
        target: int64 (B, L2), tokens of S2, nothing masked.

    Returns:
        mean of KL(c2/n2 ‖ p1) + KL(c1/n1 ‖ p2).
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

    On the side where a word was masked the target is ½ that word + ½ the other side's bag; on the
    other side it is the bag of the whole, unmasked sentence.

    Args:
        source_logits: (B, V), of u; u has seen the masked S1.
        target_logits: (B, V), of v.
        source: int64 (B, L1), tokens of S1 before masking.
        target: int64 (B, L2), tokens of S2 before masking.
        source_words: int64 (B,), the word masked in S1, PAD where none was.
        target_words: int64 (B,), likewise for S2.

    Returns:
        The mean of the two sides' divergences, added up.
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
class Whole:
    """The sentence vectors of a batch of which only a part is at hand.

    Attributes:
        u: (B, d), the first sides of the whole batch.
        v: (B, d), the second sides.
        places: int64 (b,), which rows of them the part is.
    """

    u: Tensor
    v: Tensor
    places: Tensor


def similarities(u: Tensor, v: Tensor, *, cosine: bool, temperature: float) -> Tensor:
    """All similarities (B, B) of two batches of sentence vectors.

    Args:
        u: (B, d).
        v: (B, d).
        cosine: Whether vectors are brought to unit length first (Mao et al., 2022) or not (2021).
        temperature: What similarities are divided by.
    """
    u, v = _precise(u), _precise(v)
    # Autocast would round the product to 8 bits, and the temperature magnifies what that loses.
    with torch.autocast(u.device.type, enabled=False):
        if cosine:
            u, v = F.normalize(u, dim=1), F.normalize(v, dim=1)
        return u @ v.T / temperature


def alignment_loss(
    u: Tensor,
    v: Tensor,
    *,
    cosine: bool = False,
    temperature: float = 1.0,
    whole: Whole | None = None,
) -> Tensor:
    """``align``: a sentence must find its translation in the batch, both ways (section 3.4).

    Args:
        u: (B, d), or a part of it.
        v: (B, d), or a part of it.
        cosine: Dot products (the paper) or cosines.
        temperature: What similarities are divided by.
        whole: The whole batch, if `u` and `v` are a part.

    Returns:
        CE(M, diagonal) + CE(Mᵀ, diagonal); of a part, the mean over its rows of both.
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
    whole: Whole | None = None,
) -> Tensor:
    """``sim``: both languages must agree on which sentences of the batch are alike (section 3.4).

    A sentence is not compared with itself: that similarity saturates the softmax.

    Args:
        u: (B, d), or a part of it.
        v: (B, d), or a part of it.
        cosine: Dot products (the paper) or cosines.
        temperature: What similarities are divided by.
        whole: The whole batch, if `u` and `v` are a part.

    Returns:
        The mean over sentences of −Σ_j log cos(π/2 · (P1 − P2)), P the softmax over the others;
        zero for a batch of one.
    """
    if whole is None:
        whole = Whole(u, v, torch.arange(len(u), device=u.device))
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


def _precise(x: Tensor) -> Tensor:
    """At least float32: logarithms and softmaxes of 16-bit numbers are noise."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
