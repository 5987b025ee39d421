"""Encoding on a cluster: speed with one and two workers, memory, and cost of killed workers.

    python benchmarks/cluster.py en-fr.tsv.gz en-de.tsv.gz --lines 1000000

The lines come from the first two columns of the given files. They are encoded to Parquet with one
worker and with two, on a Ray cluster started on this machine (``--ray none``: in processes, without
Ray). Then a run with two workers loses one of them by ``kill -9``, and later the driver process.
The same command is run again, and every id has to be in the result exactly once. Last, the rates
give a plan for 10^9 lines on a hundred machines.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

LEAST_RATIO, MOST_MEMORY = 1.6, 400e6
# Shares of the lines that are done when a worker and the driver are killed.
KILL_WORKER, KILL_DRIVER = 0.2, 0.5


def sentences(corpora: Sequence[Path]) -> Iterator[str]:
    """Both sides of the pairs of all files, one pair of each file in turn."""
    from babelite.storage import read_lines

    streams = [read_lines(path) for path in corpora]
    while streams:
        for stream in list(streams):
            line = next(stream, None)
            if line is None:
                streams.remove(stream)
            else:
                yield from line.split("\t")[:2]


def drive(text: Path, out: Path, ray: str | None, workers: int, shard_lines: int) -> None:
    """Encode with this process as the driver; print the measurements as JSON."""
    from babelite.cluster import encode_files, open_pool
    from babelite.corpus import SentenceSource
    from babelite.encoding import Encoder, fingerprint_of
    from babelite.storage import write_text

    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one worker without Ray is this process
    began = time.perf_counter()
    first: list[float] = []
    with open_pool(ray=ray, workers=workers) as pool:

        def progress(what: str, done: int, total: int) -> None:
            if what != "encoding":
                return
            if not first:
                first.append(time.perf_counter())
            alive = [pid for pid in pool.crew.pids.values() if Path(f"/proc/{pid}").exists()]
            state = {"done": done, "workers": alive, "lost": pool.lost}
            write_text(out.with_suffix(".state"), json.dumps(state))

        made = encode_files(
            [SentenceSource(str(text))],
            str(out),
            pool,
            fingerprint_of(Encoder.load()),
            dtype="float16",
            shard_rows=shard_lines,
            progress=progress,
        )
        ended = time.perf_counter()
    result = {
        "rows": made.new_rows,
        "seconds": ended - first[0],
        "all_seconds": ended - began,
        "memory": made.peak_memory,
        "lost": made.lost_workers,
    }
    print(json.dumps(result))


class Driver:
    """Starts driver processes."""

    def __init__(self, text: Path, ray: str, shard_lines: int) -> None:
        self._fixed = [
            sys.executable, __file__, "--text", str(text), "--ray", ray,
            "--shard-lines", str(shard_lines),
        ]  # fmt: skip

    def start(self, out: Path, workers: int) -> subprocess.Popen[str]:
        """Start a driver process."""
        options = ["--drive", str(out), "--workers", str(workers)]
        return subprocess.Popen([*self._fixed, *options], stdout=subprocess.PIPE, text=True)

    def run(self, out: Path, workers: int) -> dict[str, float]:
        """Start a driver process and wait for its measurements."""
        process = self.start(out, workers)
        printed = process.communicate()[0]
        if process.returncode:
            raise SystemExit(f"the run with {workers} workers failed")
        result: dict[str, float] = json.loads(printed.splitlines()[-1])
        return result


def state_of(out: Path) -> dict[str, object]:
    """The last state written by the driver."""
    try:
        state: dict[str, object] = json.loads(out.with_suffix(".state").read_text("utf-8"))
        return state
    except (OSError, ValueError):
        return {"done": 0, "workers": [], "lost": 0}


def wait_until(process: subprocess.Popen[str], out: Path, rows: float) -> dict[str, object]:
    """Wait until this number of rows is done."""
    while (state := state_of(out))["done"] < rows:  # type: ignore[operator]
        if process.poll() is not None:
            raise SystemExit("the run ended before it could be killed; use more --lines")
        time.sleep(0.05)
    return state


def kill_twice(driver: Driver, out: Path, lines: int) -> tuple[int, int, dict[str, float]]:
    """Kill a worker, then the driver, and start again.

    Returns:
        Workers lost before the second kill, shards present after it, and the last measurements.
    """
    process = driver.start(out, 2)
    state = wait_until(process, out, KILL_WORKER * lines)
    os.kill(state["workers"][0], signal.SIGKILL)  # type: ignore[index]
    state = wait_until(process, out, KILL_DRIVER * lines)
    process.kill()
    process.communicate()
    there = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    result = driver.run(out, 2)
    if any(path.stat().st_mtime_ns != then for path, then in there.items()):
        print("NOTE: an existing shard was written again (by a worker that outlived its driver)")
    return int(state["lost"]), len(there), result  # type: ignore[call-overload]


def require_all_once(out: Path, text: Path, lines: int) -> None:
    """Check that every id occurs exactly once, in order, with a vector."""
    import pyarrow.parquet as pq

    number = 0
    for path in sorted(out.glob("*.parquet")):
        table = pq.read_table(path)
        for given in table["id"].to_pylist():
            number += 1
            if given != f"{text}:{number}":
                raise SystemExit(f"{path}: {given} in place of line {number}")
        if table["vector"].null_count or table["vector"].chunk(0).values.null_count:
            raise SystemExit(f"{path}: has a line without vector")
    if number != lines:
        raise SystemExit(f"{number:,} ids for {lines:,} lines")


def comparisons_a_second() -> float:
    """Comparisons of 256-dimensional vectors per second of CPU time of one core."""
    import faiss
    import numpy as np

    from babelite.encoding import unit_rows
    from babelite.neighbors import Clusters, ClusterSearch, probed_comparisons

    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    rows = unit_rows(rng.normal(size=(100_000, 256))).astype(np.float16)
    clusters = Clusters.of(rows)
    queries = rows[:8192].astype(np.float32)
    started = time.process_time()
    ClusterSearch(rows, clusters).nearest(queries, 5)
    return len(queries) * probed_comparisons(len(rows)) / (time.process_time() - started)


def compare(text: Path, folder: Path, lines: int, options: argparse.Namespace) -> None:
    """Run all measurements and print the tables."""
    driver = Driver(text, options.ray, options.shard_lines)
    print(f"{lines:,} lines, {text.stat().st_size / lines:.0f} bytes each, ray: {options.ray}\n")
    results: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for round_ in range(options.rounds):
        for workers, found in results.items():
            out = folder / f"of-{workers}-{round_}"
            found.append(driver.run(out, workers))
            require_all_once(out, text, lines)
    rates = {
        workers: sorted(result["rows"] / result["seconds"] for result in found)
        for workers, found in results.items()
    }
    middle = {workers: statistics.median(found) for workers, found in rates.items()}
    print("| workers | lines/s | with start and end | ratio | peak memory of a worker |")
    print("|---:|---:|---:|---:|---:|")
    for workers, found in results.items():
        whole = statistics.median(r["rows"] / r["all_seconds"] for r in found)
        peak = max(result["memory"] for result in found) / 1e6
        spread = f"{rates[workers][0]:,.0f}–{rates[workers][-1]:,.0f}"
        print(
            f"| {workers} | {middle[workers]:,.0f} ({spread}) | {whole:,.0f} "
            f"| {middle[workers] / middle[1]:.2f} | {peak:.0f} MB |"
        )
    memory = max(r["memory"] for found in results.values() for r in found)
    ratio = middle[2] / middle[1]
    print(f"\nratio ≥ {LEAST_RATIO}: {'yes' if ratio >= LEAST_RATIO else 'NO'} ({ratio:.2f})")
    print(f"memory ≤ 400 MB: {'yes' if memory <= MOST_MEMORY else 'NO'} ({memory / 1e6:.0f} MB)")

    out = folder / "killed"
    lost, there, result = kill_twice(driver, out, lines)
    require_all_once(out, text, lines)
    print(
        f"a worker and the driver killed: {lost} worker lost, {there} shards kept, "
        f"{result['rows']:,.0f} lines encoded again; every id is in the result exactly once"
    )
    show_plan(middle[2] / 2, text, folder / "of-2-0", lines)


def show_plan(rate: float, text: Path, shards: Path, lines: int) -> None:
    """Print the plan for 10^9 lines."""
    from cluster_planning import Machines, Rates, as_table, plan

    comparisons = comparisons_a_second()
    shard_bytes = sum(path.stat().st_size for path in shards.glob("*.parquet")) / lines
    rates = Rates(rate, comparisons, text.stat().st_size / lines, shard_bytes, 256)
    machines = Machines()
    print(
        f"\n1,000,000,000 lines on {machines.count} machines of {machines.cores} cores, each core "
        f"{rate:,.0f} lines/s and {comparisons:.2g} comparisons/s, {shard_bytes:.0f} bytes a line "
        f"in shards, {machines.network * 8 / 1e9:.0f} Gbit/s:\n"
    )
    print(as_table(plan(10**9, rates, machines)))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "corpora", type=Path, nargs="*", help="sentence pairs: TSV, optionally compressed"
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="number of measurements")
    parser.add_argument("--shard-lines", type=int, default=25_000)
    parser.add_argument("--ray", default="local", help="local, auto, an address, or none")
    for hidden in ("--text", "--drive"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        ray = None if options.ray == "none" else options.ray
        drive(options.text, options.drive, ray, options.workers, options.shard_lines)
        return
    if not options.corpora:
        parser.error("give files of sentence pairs, such as en-fr.tsv.gz")
    with tempfile.TemporaryDirectory() as name:
        text = Path(name) / "text.txt"
        with text.open("w", encoding="utf-8") as stream:
            lines = 0
            for sentence in islice(sentences(options.corpora), options.lines):
                stream.write(f"{sentence}\n")
                lines += 1
        if lines < options.lines:
            parser.error(
                f"the files have only {lines:,} sentences; give more files or fewer --lines"
            )
        compare(text, Path(name), lines, options)


if __name__ == "__main__":
    main()
