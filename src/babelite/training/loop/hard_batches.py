"""Hard batches: groups of similar pairs, whose negatives are hard to distinguish.

Once the encoder finds most translations among random sentences, random batches teach it little.
Pairs are clustered by their bag-of-token vectors, which cost much less than those of the layers.
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
from babelite.training.training_progress import TrainingProgress

PAIRS_PER_GROUP = 64
_BLOCK = 8_192
# FAISS seeds have 31 bits, and k-means also uses seed + 1.
_SEEDS = (1 << 31) - 1


def group_pairs(network: DualTransformer, pairs: TokenizedPairs, seed: int) -> NDArray[np.int32]:
    """Cluster pairs by their token embeddings into groups of about `PAIRS_PER_GROUP`.

    Returns the group numbers, int32 (pairs,). Neighbouring numbers are similar groups.
    """
    vectors = _vectors(network, pairs)
    seed %= _SEEDS
    # Two levels of k-means cost a fraction of one level with as many groups.
    coarse = max(1, round((len(vectors) / PAIRS_PER_GROUP) ** 0.5))
    _, parts = spherical_kmeans(vectors, coarse, seed)
    groups = np.empty(len(vectors), dtype=np.int32)
    begun = 0
    for part in range(coarse):
        members = np.flatnonzero(parts == part)
        if not len(members):
            continue
        count = max(1, len(members) // PAIRS_PER_GROUP)
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
    """Group the pairs of each language pair, and save the group numbers to a file."""
    found = {}
    with progress.stage("Grouping similar pairs", sum(map(len, corpora))) as advance:
        for pairs in corpora:
            found[pairs.name] = torch.from_numpy(group_pairs(network, pairs, seed))
            advance(len(pairs))
    save_weights(path, found, {})


def load_groups(path: Path, corpora: Sequence[TokenizedPairs]) -> list[NDArray[np.int32]]:
    """Load the groups of each language pair, int32 (pairs,), from a file of `save_groups`."""
    found, _ = load_weights(path)
    return [found[pairs.name].numpy() for pairs in corpora]


@torch.no_grad()
def _vectors(network: DualTransformer, pairs: TokenizedPairs) -> NDArray[np.float32]:
    """Unit vectors (pairs, dim): the normalised sum of the two sides of each pair."""
    device = network.embeddings.word_embeddings.weight.device
    vectors = np.empty((len(pairs), network.shape.dim), dtype=np.float32)
    for start in range(0, len(pairs), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(pairs)))
        both = [
            F.normalize(network.bag(*side.flat(rows, device)), dim=1)
            for side in (pairs.source, pairs.target)
        ]
        vectors[rows] = F.normalize(both[0] + both[1], dim=1).float().cpu().numpy()
    return vectors
