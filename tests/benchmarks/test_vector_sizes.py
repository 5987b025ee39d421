"""The benchmark of vector sizes, on vectors of which the result is known."""

from __future__ import annotations

import numpy as np
from vector_sizes import measure, table


def test_small_vectors_keep_what_their_components_keep() -> None:
    chance = np.random.default_rng(0)
    candidates = chance.standard_normal((500, 64)).astype(np.float32)
    candidates /= np.linalg.norm(candidates, axis=1, keepdims=True)
    queries = candidates[:40] + chance.standard_normal((40, 64)).astype(np.float32) * 0.02
    found = {row.name: row for row in measure(queries, candidates, [64, 16])}
    whole = found["64 components, float32"]
    assert (whole.bytes_per_vector, whole.precision_at_1, whole.kept) == (256, 1, 1)
    assert found["64 components, int8"].bytes_per_vector == 64
    assert found["64 components, binary"].bytes_per_vector == 8
    kept = [row.kept for row in found.values()]
    assert found["64 components, int8"].kept > 0.9
    assert found["64 components, binary, ranked again"].kept > found["64 components, binary"].kept
    assert 0 < min(kept) < 0.5
    assert table([*found.values()]).count("\n") == 2 + len(found)
