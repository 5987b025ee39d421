"""Groups of vectors that point the same way: k-means on the unit sphere, by FAISS."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows may be on disk, as float16.
Rows = NDArray[np.floating[Any]]

_ROUNDS = 8
_TRAINING_ROWS_A_CLUSTER = 50
_BLOCK = 1 << 16


def spherical_kmeans(
    rows: Rows, count: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Partition rows by k-means with cosines, learnt from a sample of them.

    Args:
        rows: Unit rows, shape (n, dim), n > 0; one block at a time is copied as float32.
        count: How many clusters, from 1 to n.
        seed: Of the sample and of k-means.

    Returns:
        The centroids, float32 (count, dim), and the number of each row's cluster, int32 (n,). The
        same rows give the same clusters.
    """
    import faiss

    size = min(len(rows), count * _TRAINING_ROWS_A_CLUSTER)
    sample = np.sort(np.random.default_rng(seed).choice(len(rows), size, replace=False))
    kmeans = faiss.Kmeans(
        rows.shape[1],
        count,
        niter=_ROUNDS,
        seed=seed + 1,
        spherical=True,
        max_points_per_centroid=_TRAINING_ROWS_A_CLUSTER,
        min_points_per_centroid=1,
    )
    kmeans.train(rows[sample].astype(np.float32))
    centroids = np.array(kmeans.centroids, dtype=np.float32)
    own = np.empty(len(rows), dtype=np.int32)
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        _, nearest = faiss.knn(
            rows[block].astype(np.float32), centroids, 1, metric=faiss.METRIC_INNER_PRODUCT
        )
        own[block] = nearest[:, 0]
    return centroids, own


def kmeans_comparisons(rows: int, count: int) -> int:
    """How many times `spherical_kmeans` compares two vectors."""
    return count * (_ROUNDS * min(rows, count * _TRAINING_ROWS_A_CLUSTER) + rows)
