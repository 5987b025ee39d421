from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from babelite.cluster import PoolBackend, WorkerPool, open_pool, pool_backend
from babelite.encoding import Encoder, unit_rows
from babelite.errors import BabeliteError
from babelite.mining import mine
from babelite.neighbors import Clusters, ClusterSearch, ExactSearch, nearest

Pairs = list[tuple[str, str, float]]


def text(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"{n:x}" for n in rng.integers(10**6, size=6)) for _ in range(count)]


SOURCE, TARGET = text(300, 1), [f"{line}!" for line in text(350, 1)]


def mined(encoder: Encoder, kind: str, backend: PoolBackend | None, work: Path | None) -> Pairs:
    with mine(SOURCE, TARGET, encoder, search=kind, backend=backend, work=work) as found:
        pairs = found.pairs()
        return [
            (found.sources[int(s)], found.targets[int(t)], float(score))
            for s, t, score in zip(pairs.source, pairs.target, pairs.score, strict=True)
        ]


@pytest.mark.parametrize("kind", ["exact", "clusters"])
def test_workers_find_the_pairs_of_one_process(
    kind: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("babelite.mining.mine"), "SENTENCES_PER_BLOCK", 64)
    monkeypatch.setattr(import_module("babelite.mining.mine"), "QUERIES_PER_BLOCK", 100)
    encoder = Encoder.load(model)
    with open_pool(model, workers=1) as pool:
        assert mined(encoder, kind, PoolBackend(pool), None) == mined(encoder, kind, None, None)


def test_workers_with_another_model_are_rejected(model: str, tmp_path: Path) -> None:
    with open_pool(None, workers=1) as pool, pytest.raises(BabeliteError) as error:
        mined(Encoder.load(model), "exact", PoolBackend(pool), tmp_path)
    assert error.value.code == "encoder-mismatch"
    assert not list(tmp_path.glob("*.vectors"))


def test_neighbours_from_several_blocks_are_merged(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder.load(model)
    whole = mined(encoder, "exact", None, None)
    monkeypatch.setattr(pool_backend, "EXACT_ROWS_PER_BLOCK", 64)
    monkeypatch.setattr(pool_backend, "CLUSTERED_ROWS_PER_BLOCK", 128)
    with open_pool(model, workers=1) as pool:
        for kind in ("exact", "clusters"):  # in blocks this small every cluster is searched
            parts = mined(encoder, kind, PoolBackend(pool), None)
            assert [pair[:2] for pair in parts] == [pair[:2] for pair in whole]
            np.testing.assert_allclose(
                [score for *_, score in parts], [score for *_, score in whole], rtol=1e-5
            )


@pytest.mark.parametrize("kind", ["exact", "clusters"])
def test_an_interrupted_run_resumes_with_or_without_workers(
    kind: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("babelite.mining.mine"), "SENTENCES_PER_BLOCK", 64)
    monkeypatch.setattr(import_module("babelite.mining.mine"), "QUERIES_PER_BLOCK", 100)
    encoder = Encoder.load(model)
    whole = mined(encoder, kind, None, None)
    steps: list[str] = []

    def tell(what: str, done: int, total: int) -> None:
        steps.append(what)
        if what == "neighbours forward" and done == 200:
            raise KeyboardInterrupt

    def interrupted(pool: WorkerPool) -> None:
        with mine(
            SOURCE, TARGET, encoder, search=kind, backend=PoolBackend(pool), work=tmp_path / "work",
            progress=tell,
        ):  # fmt: skip
            pass

    with open_pool(model, workers=1) as pool, pytest.raises(KeyboardInterrupt):
        interrupted(pool)
    before = (tmp_path / "work" / "source.vectors").stat().st_mtime_ns
    assert mined(encoder, kind, None, tmp_path / "work") == whole
    assert (tmp_path / "work" / "source.vectors").stat().st_mtime_ns == before


def test_equal_vectors_in_different_blocks_keep_their_order() -> None:
    rng = np.random.default_rng(0)
    rows = unit_rows(rng.normal(size=(40, 8)))
    candidates = np.concatenate([rows, rows, rows])
    found = ExactSearch(candidates).nearest(rows, 3)
    part = [
        pool_backend.CandidateBlock(
            start, open_pool(workers=1).backend.put(candidates[start : start + 40])
        )
        for start in (0, 40, 80)
    ]
    queries = open_pool(workers=1).backend.put(rows)
    merged = pool_backend.find_neighbours(None, lambda lines: None, queries, tuple(part), 3)
    np.testing.assert_array_equal(merged.indices, found.indices)
    np.testing.assert_array_equal(merged.indices, nearest(rows, candidates, 3).indices)


def test_the_counted_comparisons_are_those_that_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    from babelite.neighbors import probed_comparisons

    rng = np.random.default_rng(0)
    rows = unit_rows(rng.normal(size=(20_000, 8)))
    clusters = Clusters.of(rows)
    made = 0
    knn = faiss.knn

    def counting(queries: np.ndarray, candidates: np.ndarray, *arguments: object, **names: object):  # noqa: ANN202
        nonlocal made
        made += len(queries) * len(candidates)
        return knn(queries, candidates, *arguments, **names)

    monkeypatch.setattr(faiss, "knn", counting)
    ClusterSearch(rows, clusters).nearest(rows[:500], 4)
    assert made / 500 == pytest.approx(probed_comparisons(20_000), rel=0.25)
