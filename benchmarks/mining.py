"""Mining beside LASER's algorithm: time, memory and agreement of the pairs.

    python benchmarks/mining.py en-fr.tsv.gz --model MODEL_FOLDER --lines 100000

Both get the same vectors of the pairs of a parallel corpus, the target side shuffled. LASER's
algorithm is that of its published script mine_bitexts.py: FAISS's flat index in both directions,
then Python loops over the neighbours for the margins. Each runs in a separate process. The true
pairs are known, so the table also shows the recall lost by babelite's approximate search.
``--only babelite`` runs babelite only, from text to pairs, for sizes that LASER's algorithm cannot
handle.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from babelite.machine import peak_memory

K = 4


def laser(source: np.ndarray, target: np.ndarray) -> list[tuple[int, int, float]]:
    """Mining by ratio margin and "max" retrieval, as in LASER's script."""
    import faiss

    def knn(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        index = faiss.IndexFlatIP(x.shape[1])
        index.add(y)
        return index.search(x, min(y.shape[0], K))

    x2y_sim, x2y_ind = knn(source, target)
    y2x_sim, y2x_ind = knn(target, source)
    x2y_mean, y2x_mean = x2y_sim.mean(axis=1), y2x_sim.mean(axis=1)

    def score_candidates(
        x: np.ndarray, y: np.ndarray, ind: np.ndarray, fwd: np.ndarray, bwd: np.ndarray
    ) -> np.ndarray:
        scores = np.zeros(ind.shape)
        for i in range(scores.shape[0]):
            for j in range(scores.shape[1]):
                k = ind[i, j]
                scores[i, j] = x[i].dot(y[k]) / ((fwd[i] + bwd[k]) / 2)
        return scores

    fwd_scores = score_candidates(source, target, x2y_ind, x2y_mean, y2x_mean)
    bwd_scores = score_candidates(target, source, y2x_ind, y2x_mean, x2y_mean)
    fwd_best = x2y_ind[np.arange(len(source)), fwd_scores.argmax(axis=1)]
    bwd_best = y2x_ind[np.arange(len(target)), bwd_scores.argmax(axis=1)]
    indices = np.stack(
        (
            np.concatenate((np.arange(len(source)), bwd_best)),
            np.concatenate((fwd_best, np.arange(len(target)))),
        ),
        axis=1,
    )
    scores = np.concatenate((fwd_scores.max(axis=1), bwd_scores.max(axis=1)))
    seen_source, seen_target, pairs = set(), set(), []
    for i in np.argsort(-scores):
        src, trg = indices[i]
        if src not in seen_source and trg not in seen_target:
            seen_source.add(src)
            seen_target.add(trg)
            pairs.append((int(src), int(trg), float(scores[i])))
    return pairs


def babelite(source: np.ndarray, target: np.ndarray, kind: str) -> list[tuple[int, int, float]]:
    """The steps of `babelite.mining.mine` after encoding."""
    from babelite.mining import (
        QUERIES_PER_BLOCK,
        LocalBackend,
        NeighbourSearch,
        WorkFolder,
        candidate_pairs,
    )
    from babelite.neighbors import Neighbours, choose_search_kind

    def neighbours(name: str, queries: np.ndarray, candidates: np.ndarray) -> Neighbours:
        search = NeighbourSearch(name, queries, candidates, K, chosen)
        starts = range(0, len(queries), QUERIES_PER_BLOCK)
        blocks = [slice(start, start + QUERIES_PER_BLOCK) for start in starts]
        # Vectors are given, so the backend needs no encoder.
        found = list(LocalBackend(None).search(work, search, blocks))
        return Neighbours(*(np.concatenate(part) for part in zip(*found, strict=True)))

    with tempfile.TemporaryDirectory() as folder:
        work = WorkFolder(Path(folder))
        chosen = choose_search_kind(kind, len(source), len(target))
        found = candidate_pairs(
            neighbours("forward", source, target), neighbours("backward", target, source)
        )
    columns = found.source.tolist(), found.target.tolist(), found.score.tolist()
    return list(zip(*columns, strict=True))


CONTENDERS = {
    "LASER's algorithm": laser,
    "babelite, exact": lambda x, y: babelite(x, y, "exact"),
    "babelite, clusters": lambda x, y: babelite(x, y, "clusters"),
}


def measure(name: str, folder: Path) -> None:
    """Run one miner in this process and write its pairs to the folder."""
    vectors = [np.load(folder / f"{side}.npy") for side in ("source", "target")]
    started = time.perf_counter()
    pairs = CONTENDERS[name](*vectors)
    seconds = time.perf_counter() - started
    memory = peak_memory() / 1e6
    result = {"seconds": seconds, "memory": memory, "pairs": pairs}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def compare(texts: tuple[list[str], list[str]], model: str | None) -> None:
    """Encode once, run all miners and print the table."""
    from babelite.encoding import open_encoder

    encoder = open_encoder(model)
    order = np.random.default_rng(0).permutation(len(texts[1]))
    reference: set[tuple[int, int]] = set()
    first = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "source.npy", encoder.encode(texts[0]))
        np.save(folder / "target.npy", encoder.encode(texts[1])[order])
        print(
            f"{len(texts[0]):,} × {len(texts[1]):,} sentences, {encoder.dim} components, k = {K}\n"
        )
        print("| miner | seconds | faster | peak memory | pairs | same pairs | true pairs found |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for contender in CONTENDERS:
            command = [sys.executable, __file__, "--measure", contender, str(folder)]
            subprocess.run(command, check=True)
            result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
            pairs = {(source, target) for source, target, _ in result["pairs"]}
            first, reference = first or result["seconds"], reference or pairs
            true = sum(order[target] == source for source, target in pairs) / len(order)
            print(
                f"| {contender} | {result['seconds']:.1f} | {first / result['seconds']:.1f} x "
                f"| {result['memory']:.0f} MB | {len(pairs):,} "
                f"| {100 * len(pairs & reference) / len(reference):.2f} % | {100 * true:.2f} % |",
                flush=True,
            )


def mine_alone(texts: tuple[list[str], list[str]], model: str | None) -> None:
    """Mine from text to scored pairs and print the time of each step."""
    from babelite.encoding import open_encoder
    from babelite.mining import mine

    started = time.perf_counter()
    last = ""

    def progress(what: str, done: int, total: int) -> None:
        nonlocal last
        if what != last:
            print(f"{time.perf_counter() - started:8.1f} s  {what}", flush=True)
        last = what

    with mine(*texts, open_encoder(model), progress=progress) as mined:
        pairs = mined.pairs()
        seconds = time.perf_counter() - started
        memory = peak_memory() / 1e6
        known = set(zip(*texts, strict=True))
        true = sum(
            (mined.sources[source], mined.targets[target]) in known
            for source, target in zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        )
        sides = f"{len(mined.sources):,} × {len(mined.targets):,}"
    print(f"{seconds:8.1f} s  {sides} sentences, {mined.search} search: {len(pairs):,} pairs")
    print(f"{memory:,.0f} MB peak; {true:,} pairs are in the corpus")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "corpus", type=Path, nargs="*", help="sentence pairs: TSV, optionally compressed"
    )
    parser.add_argument("--model", help="encoder, as in babelite mine")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--only", choices=["babelite"], help="run babelite only, from text")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
        return

    from babelite.corpus import comparison_key
    from babelite.storage import read_lines

    # Distinct sentences only: pairs of equal sentences would be chosen arbitrarily.
    seen: set[bytes] = set()
    pairs: list[list[str]] = []
    for line in (line for path in options.corpus for line in read_lines(path)):
        pair = line.split("\t")[:2]
        keys = {comparison_key(text) for text in pair}
        if len(pairs) < options.lines and seen.isdisjoint(keys):
            seen |= keys
            pairs.append(pair)
    texts = [source for source, _ in pairs], [target for _, target in pairs]
    if options.only:
        mine_alone(texts, options.model)
    else:
        compare(texts, options.model)


if __name__ == "__main__":
    main()
