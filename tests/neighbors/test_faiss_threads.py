"""FAISS answers in forked processes, and uses no more threads than the process may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import faiss
import pytest

from babelite.neighbors import faiss_threads, load_faiss

SEARCHES = """
import multiprocessing, sys
import numpy as np
from babelite import Index
from babelite.encoding import AdaptedEncoder
from babelite.neighbors import Clusters, ClusterSearch, load_faiss, nearest

rng = np.random.default_rng(0)
lines = [f"{a} {b}" for a in range(40) for b in range(30)]
vectors = {line: rng.normal(size=32) for line in lines}
encoder = AdaptedEncoder("random", lambda texts: [vectors.get(t, np.ones(32)) for t in texts])
index = Index.build(lines, encoder, sys.argv[1], kind="pq")
rows = encoder.encode(lines)

def search(_=None):
    found = [nearest(rows, rows, 3).indices]
    found.append(ClusterSearch(rows, Clusters.of(rows), threads=2).nearest(rows, 3).indices)
    found.append(np.array([[hit.row for hit in hits] for hits in index.search(lines, 3)]))
    return [indices.tolist() for indices in found]

if __name__ == "__main__":
    assert load_faiss().omp_get_max_threads() == 2, "the parent must use a pool of threads"
    expected = search()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(search, range(2)) == [expected, expected]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_workers_search_after_their_parent_has(tmp_path: Path) -> None:
    program = tmp_path / "searches.py"
    # Two threads, also on a machine with one core.
    two = "import babelite.machine as m; m.own_cores = lambda: {0, 1}\n"
    program.write_text(two + SEARCHES, encoding="utf-8")
    subprocess.run(
        [sys.executable, str(program), str(tmp_path / "index")],
        check=True,
        timeout=60,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )


def test_faiss_uses_no_more_threads_than_the_process_may(monkeypatch: pytest.MonkeyPatch) -> None:
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(8)
        monkeypatch.setattr(faiss_threads, "usable_cores", lambda: 3)
        assert load_faiss().omp_get_max_threads() == 3
        faiss.omp_set_num_threads(1)  # a choice of fewer is kept
        assert load_faiss().omp_get_max_threads() == 1
    finally:
        faiss.omp_set_num_threads(before)
