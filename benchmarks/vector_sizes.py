"""What smaller vectors keep: fewer components, one byte or one bit for each.

    python benchmarks/vector_sizes.py tatoeba.en-fr.tsv.gz --lines lines.fr.txt

The queries are the first sentences of pairs; the candidates are their translations and the lines.
P@1: share of queries whose nearest candidate is their translation. Neighbours kept: share of the
ten nearest by float32 vectors among the ten found. Binary vectors are compared by the number of
different bits; "ranked again" takes the 100 nearest of them and ranks these by int8 vectors.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite import Encoder
from babelite.corpus import parse_source
from babelite.encoding import quantize_binary, quantize_int8, unit_rows
from babelite.neighbors import load_faiss, nearest
from babelite.storage import read_lines

K = 10
RANKED_AGAIN = 100

Rows = NDArray[np.float32]


class SizeResult(NamedTuple):
    """A row of the table; shares from 0 to 1."""

    name: str
    bytes_per_vector: int
    precision_at_1: float
    kept: float


def measure(queries: Rows, candidates: Rows, sizes: list[int]) -> Iterator[SizeResult]:
    """Measure kinds of vectors; candidate i is the translation of query i."""
    best = nearest(queries, candidates, K).indices
    for dim in sizes:
        left, right = unit_rows(queries[:, :dim]), unit_rows(candidates[:, :dim])
        bytes_left, bytes_right = (
            unit_rows(quantize_int8(side).astype(np.float32)) for side in (left, right)
        )
        binary = _by_bits(left, right, RANKED_AGAIN)
        again = np.take_along_axis(
            binary,
            np.argsort(-np.einsum("qd,qkd->qk", bytes_left, bytes_right[binary]), axis=1),
            axis=1,
        )
        bits = -(-dim // 8)
        for name, size, found in (
            ("float32", 4 * dim, nearest(left, right, K).indices),
            ("int8", dim, nearest(bytes_left, bytes_right, K).indices),
            ("binary", bits, binary[:, :K]),
            ("binary, ranked again", bits + dim, again[:, :K]),
        ):
            right_at_1 = float((found[:, 0] == np.arange(len(queries))).mean())
            kept = (found[:, :, None] == best[:, None, :]).any(2).mean()
            yield SizeResult(f"{dim} components, {name}", size, right_at_1, float(kept))


def _by_bits(queries: Rows, candidates: Rows, k: int) -> NDArray[np.int64]:
    """The candidates with the fewest different bits."""
    index = load_faiss().IndexBinaryFlat(8 * -(-queries.shape[1] // 8))
    index.add(quantize_binary(candidates))
    found: NDArray[np.int64] = index.search(quantize_binary(queries), min(k, len(candidates)))[1]
    return found


def table(results: list[SizeResult]) -> str:
    """The results in Markdown."""
    lines = ["| vectors | bytes | P@1 | neighbours kept, % |", "|---|---:|---:|---:|"]
    for name, size, *shares in results:
        lines.append(f"| {name} | {size:,} | {' | '.join(f'{100 * one:.1f}' for one in shares)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the packaged model, or another."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pairs", nargs="+", help="files of sentence pairs")
    parser.add_argument("--lines", type=Path, action="append", default=[], help="more candidates")
    parser.add_argument("--model", type=Path, help="model folder instead of the packaged model")
    options = parser.parse_args()
    encoder = Encoder.load(options.model) if options.model else Encoder.load()
    pairs = [(p.source, p.target) for name in options.pairs for p in parse_source(name).read()]
    pairs = list({target: (source, target) for source, target in pairs}.values())
    known = {target for _, target in pairs}
    lines = dict.fromkeys(line for path in options.lines for line in read_lines(path))
    candidates = [target for _, target in pairs]
    candidates += [line for line in lines if line.strip() and line not in known]
    sizes = [encoder.dim, *sorted(encoder.description.matryoshka, reverse=True)]
    queries = encoder.encode([source for source, _ in pairs])
    print(f"{len(pairs):,} queries, {len(candidates):,} candidates\n")
    print(table([*measure(queries, encoder.encode(candidates), sizes)]))


if __name__ == "__main__":
    main()
