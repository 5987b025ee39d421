"""Groups of pairs that say similar things: batches made of them hold negatives that are hard.

Once the encoder finds most translations among sentences drawn by chance, such batches teach it
little more. Pairs are grouped by the token bag, which costs far less than the layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from babelite.neighbors import spherical_kmeans
from babelite.training.data.tokens import TokenizedPairs
from babelite.training.loop.checkpoints import load_weights, save_weights
from babelite.training.network.transformer import DualTransformer
from babelite.training.progress import TrainingProgress

PAIRS_A_GROUP = 64
_BLOCK = 8_192
# Seeds of FAISS have 31 bits, and k-means takes the next one.
_SEEDS = (1 << 31) - 1


def group_pairs(network: DualTransformer, pairs: TokenizedPairs, seed: int) -> NDArray[np.int32]:
    """Put pairs into groups of about `PAIRS_A_GROUP` that say similar things.

    Args:
        network: The encoder, of which the token embeddings alone are used.
        pairs: Tokenised pairs of one language pair.
        seed: Of k-means.

    Returns:
        int32 (pairs,), the number of each pair's group; the groups of a coarser group follow each
        other.
    """
    vectors = _vectors(network, pairs)
    seed %= _SEEDS
    # Two levels of k-means make as many groups at a fraction of the cost of one.
    coarse = max(1, round((len(vectors) / PAIRS_A_GROUP) ** 0.5))
    _, parts = spherical_kmeans(vectors, coarse, seed)
    groups = np.empty(len(vectors), dtype=np.int32)
    begun = 0
    for part in range(coarse):
        members = np.flatnonzero(parts == part)
        if not len(members):
            continue
        count = max(1, len(members) // PAIRS_A_GROUP)
        groups[members] = begun + spherical_kmeans(vectors[members], count, seed)[1]
        begun += count
    return groups


def save_groups(
    path: Path,
    network: DualTransformer,
    corpora: Sequence[TokenizedPairs],
    seed: int,
    progress: TrainingProgress,
) -> None:
    """Group the pairs of each language pair, and keep the numbers of their groups in a file."""
    found = {}
    with progress.stage("Grouping similar pairs", sum(map(len, corpora))) as advance:
        for pairs in corpora:
            found[pairs.name] = torch.from_numpy(group_pairs(network, pairs, seed))
            advance(len(pairs))
    save_weights(path, found, {})


def load_groups(path: Path, corpora: Sequence[TokenizedPairs]) -> list[NDArray[np.int32]]:
    """What `save_groups` has kept, for each language pair an array as `group_pairs` gives it."""
    found, _ = load_weights(path)
    return [found[pairs.name].numpy() for pairs in corpora]


@torch.no_grad()
def _vectors(network: DualTransformer, pairs: TokenizedPairs) -> NDArray[np.float32]:
    """Unit rows (pairs, dim), halfway between the two sides of each pair."""
    device = network.embeddings.word_embeddings.weight.device
    vectors = np.empty((len(pairs), network.shape.dim), dtype=np.float32)
    for start in range(0, len(pairs), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(pairs)))
        both = [
            F.normalize(network.bag(*(torch.from_numpy(part).to(device) for part in flat)), dim=1)
            for flat in (pairs.source.flat(rows), pairs.target.flat(rows))
        ]
        vectors[rows] = F.normalize(both[0] + both[1], dim=1).float().cpu().numpy()
    return vectors
