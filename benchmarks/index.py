"""Build time, size, speed and recall of babelite's indices beside plain FAISS over float32 vectors.

    python benchmarks/index.py --model MODEL_FOLDER --lines lines.txt --queries queries.txt

Lines and queries are encoded once; encoding is not timed. Each index is built from the same vectors
and searched in a separate process. Recall is the share of the ten nearest by float32 vectors among
the ten found. With --work FOLDER the vectors are kept for the next run.

With --filtered each query searches one percent of the lines: those with one value of a field. FAISS
gets the rows of this value (IDSelector), LanceDB (pip install lancedb) the condition.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

K = 10
QUERIES = 1_000
ONE_BY_ONE = 200  # queries that are also searched one by one
BLOCK = 4096
PARTS = 100  # values of the field "part"; a filter keeps one of them
PART = 7

Vectors = NDArray[np.floating[Any]]
Search = Callable[[Vectors], NDArray[np.int64]]


class ReplayedEncoder:
    """An encoder that returns given vectors in order."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors, self.given, self.dim = vectors, 0, vectors.shape[1]

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return the next vectors."""
        first, self.given = self.given, self.given + len(sentences)
        return np.asarray(self.vectors[first : self.given], np.float32)


def make_babelite(vectors: Vectors, out: Path, kind: str, precision: str) -> None:
    """Build an index of babelite."""
    from babelite.index import Index

    lines = (f"line {row}" for row in range(len(vectors)))
    Index.build(lines, ReplayedEncoder(vectors), out, kind=kind, precision=precision)  # type: ignore[arg-type]


def open_babelite(out: Path) -> Search:
    """Open an index of babelite."""
    from babelite.index import Index

    index = Index.open(out)
    return lambda queries: index.nearest(queries, K).indices


def make_flat(vectors: Vectors, out: Path) -> None:
    """Build a flat FAISS index of float32 vectors."""
    import faiss

    out.mkdir()
    index = faiss.IndexFlatIP(vectors.shape[1])
    for start in range(0, len(vectors), BLOCK):
        index.add(np.asarray(vectors[start : start + BLOCK], np.float32))
    faiss.write_index(index, str(out / "flat.faiss"))


def open_flat(out: Path) -> Search:
    """Open a flat FAISS index."""
    import faiss

    index: Any = faiss.read_index(str(out / "flat.faiss"))
    return lambda queries: index.search(queries, K)[1]  # type: ignore[no-any-return]


def make_babelite_fields(vectors: Vectors, out: Path, kind: str) -> None:
    """Build an index of babelite whose lines have a field."""
    from babelite.index import Index, IndexRow

    lines = (
        IndexRow(f"line {row}", fields={"part": f"part {row % PARTS}"})
        for row in range(len(vectors))
    )
    Index.build(lines, ReplayedEncoder(vectors), out, kind=kind)  # type: ignore[arg-type]


def open_babelite_filtered(out: Path) -> Search:
    """Open an index of babelite that is searched with a filter."""
    from babelite.index import Index

    index = Index.open(out)
    where = {"part": f"part {PART}"}
    return lambda queries: index.nearest(queries, K, where=where).indices


def make_flat_fields(vectors: Vectors, out: Path) -> None:
    """Build a flat FAISS index, and an array of the field."""
    make_flat(vectors, out)
    np.save(out / "parts.npy", np.arange(len(vectors)) % PARTS)


def open_flat_filtered(out: Path) -> Search:
    """Open a flat FAISS index that is searched with a selector of rows."""
    import faiss

    index: Any = faiss.read_index(str(out / "flat.faiss"))
    parts = np.load(out / "parts.npy")

    def search(queries: Vectors) -> NDArray[np.int64]:
        selector = faiss.IDSelectorBatch(np.flatnonzero(parts == PART))
        params = faiss.SearchParameters(sel=selector)
        return index.search(queries, K, params=params)[1]  # type: ignore[no-any-return]

    return search


def make_lance(vectors: Vectors, out: Path) -> None:
    """Build a table of LanceDB with an index of the field; without one of vectors it is exact."""
    import lancedb
    import pyarrow as pa

    dim = vectors.shape[1]

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(vectors), BLOCK):
            block = np.asarray(vectors[start : start + BLOCK], np.float32)
            rows = np.arange(start, start + len(block))
            columns = {
                "row": pa.array(rows),
                "part": pa.array([f"part {row % PARTS}" for row in rows]),
                "vector": pa.FixedSizeListArray.from_arrays(block.ravel(), dim),
            }
            yield pa.RecordBatch.from_pydict(columns)

    schema = pa.schema(
        [("row", pa.int64()), ("part", pa.string()), ("vector", pa.list_(pa.float32(), dim))]
    )
    table = lancedb.connect(str(out)).create_table("lines", batches(), schema=schema)
    table.create_scalar_index("part", index_type="BITMAP")


def open_lance(out: Path) -> Search:
    """Open a table of LanceDB."""
    import lancedb

    table = lancedb.connect(str(out)).open_table("lines")

    def nearest(query: Vectors) -> list[int]:
        search = table.search(query).metric("cosine").where(f"part = 'part {PART}'")
        found: list[int] = search.select(["row"]).limit(K).to_arrow()["row"].to_pylist()
        return found

    return lambda queries: np.array([nearest(query) for query in queries])


CONTENDERS: dict[str, tuple[Callable[[Vectors, Path], None], Callable[[Path], Search]]] = {
    "FAISS flat, float32": (make_flat, open_flat),
    "exact, float16": (lambda v, out: make_babelite(v, out, "exact", "float16"), open_babelite),
    "exact": (lambda v, out: make_babelite(v, out, "exact", "int8"), open_babelite),
    "ivf": (lambda v, out: make_babelite(v, out, "ivf", "int8"), open_babelite),
    "pq": (lambda v, out: make_babelite(v, out, "pq", "int8"), open_babelite),
}

FILTERED: dict[str, tuple[Callable[[Vectors, Path], None], Callable[[Path], Search]]] = {
    "FAISS flat, IDSelector": (make_flat_fields, open_flat_filtered),
    "exact, where": (
        lambda v, out: make_babelite_fields(v, out, "exact"),
        open_babelite_filtered,
    ),
    "pq, where": (lambda v, out: make_babelite_fields(v, out, "pq"), open_babelite_filtered),
    "LanceDB, where": (make_lance, open_lance),
}


def make(name: str, work: Path, size: int, out: Path) -> dict[str, Any]:
    """Build an index of the first lines.

    Returns:
        Seconds and peak megabytes of memory.
    """
    vectors = np.load(work / "lines.npy", mmap_mode="r")[:size]
    before = memory()["anonymous"]
    started = time.perf_counter()
    (CONTENDERS | FILTERED)[name][0](vectors, out)
    return {"build": time.perf_counter() - started, "build_memory": memory()["peak"] - before}


def measure(name: str, work: Path, out: Path) -> dict[str, Any]:
    """Search an index.

    Returns:
        Queries per second (in one call; one by one: of the median time), memory in MB, and the
        rows found.
    """
    queries = np.load(work / "queries.npy")
    before = memory()["anonymous"]
    search = (CONTENDERS | FILTERED)[name][1](out)
    search(queries[:2])
    seconds = []
    for row in range(min(ONE_BY_ONE, len(queries))):
        started = time.perf_counter()
        search(queries[row : row + 1])
        seconds.append(time.perf_counter() - started)
    singly = 1 / float(np.median(seconds))
    started = time.perf_counter()
    found = search(queries)
    together = len(queries) / (time.perf_counter() - started)
    held = memory()["anonymous"] - before
    return {"singly": singly, "together": together, "memory": held, "found": found.tolist()}


def memory() -> dict[str, float]:
    """Peak and current anonymous memory in MB (Linux)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "peak": int(fields["VmHWM"].split()[0]) / 1000,
        "anonymous": int(fields["RssAnon"].split()[0]) / 1000,
    }


def run(step: str, name: str, work: Path, size: int, out: Path) -> dict[str, Any]:
    """Run a step in a new process."""
    command = [sys.executable, __file__, "--step", step, "--contender", name]
    command += ["--work", str(work), "--sizes", str(size), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compare(work: Path, sizes: Sequence[int], names: Sequence[str]) -> None:
    """Measure all indices at all sizes and print a table."""
    print("| lines | index | build | peak memory | on disk | singly | together | memory | recall |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for size in sizes:
        nearest: list[set[int]] = []
        for name in names:
            with tempfile.TemporaryDirectory(dir=work) as folder:
                out = Path(folder) / "index"
                made = run("make", name, work, size, out)
                files = (file for file in out.rglob("*") if file.is_file())
                megabytes = sum(file.stat().st_size for file in files) / 1e6
                result = made | run("search", name, work, size, out)
            found = [set(rows) for rows in result["found"]]
            nearest = nearest or found
            recall = np.mean([len(a & b) / len(b) for a, b in zip(found, nearest, strict=True)])
            print(
                f"| {size:,} | {name} | {result['build']:.1f} s | {result['build_memory']:,.0f} MB "
                f"| {megabytes:,.0f} MB | {result['singly']:,.1f}/s | {result['together']:,.0f}/s "
                f"| {result['memory']:,.0f} MB | {recall:.3f} |",
                flush=True,
            )


def encode(model: Path | None, lines: Iterable[str], count: int, out: Path) -> None:
    """Write the vectors of lines as float16."""
    from babelite.encoding import encode_stream, open_encoder, write_vectors

    encoder = open_encoder(None if model is None else str(model))
    blocks = encode_stream(encoder, islice(lines, count))
    write_vectors(out, blocks, dim=encoder.dim, dtype=np.float16)


def read_texts(path: Path) -> Iterator[str]:
    """The non-blank lines of a file."""
    from babelite.storage import read_lines

    return (line for line in read_lines(path) if line.strip())


def prepare(work: Path, options: argparse.Namespace) -> None:
    """Encode lines and queries if they are not yet encoded."""
    work.mkdir(parents=True, exist_ok=True)
    for name, path, count in (
        ("queries", options.queries, QUERIES),
        ("lines", options.lines, max(options.sizes)),
    ):
        out = work / f"{name}.npy"
        if not out.exists():
            encode(options.model, read_texts(path), count, out)
    there = len(np.load(work / "lines.npy", mmap_mode="r"))
    if there < max(options.sizes):
        raise SystemExit(f"{options.lines} has {there:,} lines; lower --sizes")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, help="model folder (default: the packaged model)")
    parser.add_argument("--lines", type=Path, help="sentences to search, one a line")
    parser.add_argument("--queries", type=Path, help="queries, one a line")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--work", type=Path, help="folder for vectors (default: temporary)")
    parser.add_argument("--filtered", action="store_true", help="search one percent of the lines")
    parser.add_argument("--contender", choices=CONTENDERS | FILTERED, action="append")
    parser.add_argument("--step", choices=["make", "search"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "make":
        print(json.dumps(make(options.contender[0], options.work, *options.sizes, options.out)))
    elif options.step == "search":
        print(json.dumps(measure(options.contender[0], options.work, options.out)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            work = options.work or Path(folder)
            prepare(work, options)
            known = FILTERED if options.filtered else CONTENDERS
            first = next(iter(known))  # the reference of recall
            names = [n for n in known if n in (options.contender or known) or n == first]
            compare(work, options.sizes, names)


if __name__ == "__main__":
    main()
