"""Spherical k-means: k-means with cosines, by FAISS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from babelite.neighbors.exact_search import StoredVectors, knn
from babelite.neighbors.faiss_threads import load_faiss

_ITERATIONS = 8
_TRAINING_ROWS_PER_CLUSTER = 50
_BLOCK_ROWS = 1 << 16


def spherical_kmeans(
    rows: StoredVectors, count: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Partition unit rows, (n, dim), into 1 to n clusters by k-means with cosines.

    It is trained on a sample; the same rows and seed give the same clusters. One block of rows at a
    time is copied as float32.

    Returns:
        The centroids, float32 (count, dim), and the cluster of each row, int32 (n,).
    """
    faiss = load_faiss()
    size = min(len(rows), count * _TRAINING_ROWS_PER_CLUSTER)
    sample = np.sort(np.random.default_rng(seed).choice(len(rows), size, replace=False))
    kmeans = faiss.Kmeans(
        rows.shape[1],
        count,
        niter=_ITERATIONS,
        seed=seed + 1,
        spherical=True,
        max_points_per_centroid=_TRAINING_ROWS_PER_CLUSTER,
        min_points_per_centroid=1,
    )
    kmeans.train(rows[sample].astype(np.float32))
    centroids = np.array(kmeans.centroids, dtype=np.float32)
    own = np.empty(len(rows), dtype=np.int32)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        own[block] = knn(rows[block].astype(np.float32), centroids, 1).indices[:, 0]
    return centroids, own


def kmeans_comparisons(rows: int, count: int) -> int:
    """The number of comparisons of two vectors in `spherical_kmeans`."""
    return count * (_ITERATIONS * min(rows, count * _TRAINING_ROWS_PER_CLUSTER) + rows)
