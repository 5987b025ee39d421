"""Mining time and memory by number of lines, and the cost of a kill.

    python benchmarks/mining_scale.py en-fr.tsv.gz en-de.tsv.gz en-es.tsv.gz en-it.tsv.gz \
        --lines 10000 100000 1000000 --kill --work scale

For each number of lines two files of distinct sentences are made from pairs of the corpora in turn,
shuffled. ``babelite mine`` then runs from text to scored pairs in a separate process. Its time, its
peak memory and the share of the corpus pairs found are measured. With --kill the process is killed
when half of its vectors are written, in the middle of a block, and started again. The table shows
how many vectors on disk were lost, the additional time of both runs together, and whether the pairs
are byte-identical. Measurements are kept in --work and not repeated.

Below the table: the exponent of growth between neighbouring sizes for each step, and the
extrapolation to --extrapolate lines.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from babelite.neighbors import search_threads
from babelite.storage import read_lines

# The message of `babelite mine` about a finished step.
STEP = re.compile(r"^(.+?): ([\d,]+) in ([\d.]+) s", re.MULTILINE)
STEPS = ("encoding", "neighbours")
_HALF_BYTES = 2  # a float16
_CLUSTER = 20 * 16  # cores
_INTO_A_BLOCK = 0.25  # seconds


def write_sides(corpora: Sequence[Path], count: int, folder: Path) -> None:
    """Write ``source.txt`` and ``target.txt``, and the pairs in ``gold.tsv``.

    Every sentence occurs once. The corpora give one pair each in turn while they have pairs of two
    new sentences. Then both sides are filled up with other targets, which have no partner.
    """
    sources: dict[str, str] = {}
    targets: set[str] = set()
    spare: dict[str, None] = {}
    for source, target in _in_turn(corpora):
        if len(sources) == count:
            break
        if not (source and target) or target in targets:
            continue
        if source in sources:
            spare[target] = None
        else:
            sources[source] = target
            targets.add(target)
    fill = [text for text in spare if text not in targets and text not in sources]
    short = count - len(sources)
    if len(fill) < 2 * short:
        raise SystemExit(f"the corpora have fewer than {count:,} different sentences a side")
    sides = {
        "source.txt": [*sources, *fill[:short]],
        "target.txt": [*targets, *fill[short : 2 * short]],
        "gold.tsv": [f"{source}\t{target}" for source, target in sources.items()],
    }
    for name, lines in sides.items():
        lines.sort()  # reproducible, independent of the order of a set
        random.Random(name).shuffle(lines)
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _in_turn(corpora: Sequence[Path]) -> Iterator[tuple[str, str]]:
    files = [read_lines(path) for path in corpora]
    while files:
        for file in list(files):
            line = next(file, None)
            if line is None:
                files.remove(file)
            else:
                source, target, *_ = (*line.split("\t"), "")
                yield source.strip(), target.strip()


def start_mining(folder: Path, out: str, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Start ``babelite mine`` in a folder; its messages go to ``log.txt``."""
    command = [sys.executable, "-m", "babelite", "mine", "source.txt", "target.txt", "--out", out]
    if options.model:
        command += ["--model", str(options.model.resolve())]
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stderr=log)


def mine(folder: Path, out: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run mining and measure it.

    Returns:
        ``seconds``; ``memory``, the peak in MB; ``steps``: first word of
        a step -> rows and seconds.
    """
    started = time.perf_counter()
    process = start_mining(folder, out, options)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    said = (folder / "log.txt").read_text(encoding="utf-8")
    if status:
        raise SystemExit(f"mining failed: {said.strip().splitlines()[-1]}")
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    steps: dict[str, list[float]] = {}
    for what, rows, took in STEP.findall(said):
        step = steps.setdefault(what.split()[0], [0, 0.0])
        step[0] += int(rows.replace(",", ""))
        step[1] += float(took)
    return {"seconds": seconds, "memory": used.ru_maxrss / unit, "steps": steps}


def kill_and_resume(folder: Path, lines: int, options: argparse.Namespace) -> dict[str, Any]:
    """Kill a run when half of its vectors are on disk, and resume it.

    Returns:
        ``lost``: number of vectors on disk that were computed again; ``seconds`` before and after
        the kill; ``same``: whether the pairs equal those of the uninterrupted run.
    """
    from babelite import Encoder

    width = _HALF_BYTES * Encoder.load(options.model).dim
    vectors = folder / "again.tsv.work" / "source.vectors"
    started = time.perf_counter()
    process = start_mining(folder, "again.tsv", options)
    while not vectors.exists() or vectors.stat().st_size < lines * width:
        if process.poll() is not None:
            raise SystemExit("mining ended before it was killed; use more lines")
        time.sleep(0.05)
    time.sleep(_INTO_A_BLOCK)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise SystemExit("mining ended before it was killed; use more lines")
    before = time.perf_counter() - started
    there = sum(file.stat().st_size for file in vectors.parent.glob("*.vectors")) // width
    again = mine(folder, "again.tsv", options)
    kept = 2 * lines - int(again["steps"]["encoding"][0])
    same = (folder / "again.tsv").read_bytes() == (folder / "pairs.tsv").read_bytes()
    (folder / "again.tsv").unlink()
    return {"lost": there - kept, "seconds": [before, again["seconds"]], "same": same}


def found_share(folder: Path) -> tuple[int, float]:
    """The number of mined pairs, and the share of the corpus pairs among them."""
    known = set(read_lines(folder / "gold.tsv"))
    total = right = 0
    for number, line in enumerate(read_lines(folder / "pairs.tsv")):
        total = number  # the first line is the header
        right += "\t".join(line.split("\t")[-2:]) in known
    return total, right / len(known)


def measure(lines: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one size, or read an earlier measurement."""
    folder = options.work / str(lines)
    kept = folder / "measured.json"
    result: dict[str, Any] = {}
    if kept.exists():
        result = json.loads(kept.read_text(encoding="utf-8"))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_sides(options.corpora, lines, folder)
        result = mine(folder, "pairs.tsv", options)
        result["pairs"], result["found"] = found_share(folder)
        kept.write_text(json.dumps(result), encoding="utf-8")
    if options.kill and "kill" not in result:
        result["kill"] = kill_and_resume(folder, lines, options)
        kept.write_text(json.dumps(result), encoding="utf-8")
    return result


def row(lines: int, result: dict[str, Any]) -> str:
    """A row of the table."""
    steps = [result["steps"][step][1] for step in STEPS]
    cells = [
        f"{lines:,} × {lines:,}",
        *(f"{seconds:,.1f} s" for seconds in (*steps, result["seconds"])),
        f"{result['memory']:,.0f} MB",
        f"{result['pairs']:,}",
        f"{100 * result['found']:.1f} %",
    ]
    if "kill" in result:
        kill = result["kill"]
        more = sum(kill["seconds"]) - result["seconds"]
        cells.append(
            f"after {kill['seconds'][0]:,.1f} s; {kill['lost']:,} vectors lost, "
            f"{more:.1f} s more in all, {'the same' if kill['same'] else 'OTHER'} pairs"
        )
    return f"| {' | '.join(cells)} |"


def exponent(sizes: tuple[int, int], costs: tuple[float, float]) -> float:
    """The exponent e with which costs grow like size ** e.

    Example:
        >>> exponent((10, 100), (3.0, 300.0))
        2.0
    """
    return math.log(costs[1] / costs[0]) / math.log(sizes[1] / sizes[0])


def growth(results: dict[int, dict[str, Any]], wanted: int) -> Iterator[str]:
    """The exponents between neighbouring sizes, and the extrapolation to a larger size."""
    sizes = sorted(results)

    def costs(size: int) -> dict[str, float]:
        result = results[size]
        steps = {step: max(result["steps"][step][1], 0.1) for step in STEPS}
        return {**steps, "the rest": max(result["seconds"] - sum(steps.values()), 0.1)}

    for small, large in pairwise(sizes):
        before, after = costs(small), costs(large)
        outcomes = ", ".join(
            f"{step} {exponent((small, large), (before[step], after[step])):.2f}" for step in before
        )
        whole = exponent((small, large), (results[small]["seconds"], results[large]["seconds"]))
        yield f"{small:,} to {large:,} lines: time grows with the exponent {whole:.2f} ({outcomes})"
    if len(sizes) < 2:
        return
    small, large = sizes[-2:]
    before, after = costs(small), costs(large)
    at_large, times = sum(after.values()), wanted / large
    # Encoding and writing are linear. The measured exponent is the best case of the search:
    # comparing every line with every centroid is quadratic, as centroids grow with the lines.
    power = max(1.0, exponent((small, large), (before["neighbours"], after["neighbours"])))
    linear = (at_large - after["neighbours"]) * times
    searches = [after["neighbours"] * times**power, after["neighbours"] * times**2]
    bytes_a_line = (results[large]["memory"] - results[small]["memory"]) * 1e6 / (large - small)
    hours = search_threads() / 3600  # core-hours a second
    few, many = ((linear + search) * hours for search in searches)
    yield (
        f"{wanted:,} × {wanted:,} lines would take {few:,.0f} core-hours if the search grew "
        f"with the exponent {power:.2f}, {many:,.0f} if it became quadratic: "
        f"{few / _CLUSTER:,.1f} to {many / _CLUSTER:,.1f} hours on 20 machines of 16 cores; and "
        f"{bytes_a_line * wanted / 1e9:,.0f} GB of memory, {bytes_a_line:,.0f} bytes a line"
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "corpora", type=Path, nargs="+", help="sentence pairs: TSV, optionally compressed"
    )
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument(
        "--work", type=Path, default=Path("scale"), help="folder of texts and results"
    )
    parser.add_argument("--kill", action="store_true", help="also kill and resume a run")
    parser.add_argument("--extrapolate", type=int, default=100_000_000)
    parser.add_argument("--model", type=Path, help="model folder (default: the packaged model)")
    options = parser.parse_args()
    kill = " killed half-way |" if options.kill else ""
    print(
        "| lines | encoding | search | text to pairs | peak memory | pairs | found of the corpus |"
        f"{kill}\n|---|{'---:|' * (7 if kill else 6)}",
        flush=True,
    )
    results = {}
    for lines in sorted(options.lines):
        results[lines] = measure(lines, options)
        print(row(lines, results[lines]), flush=True)
    print()
    for line in growth(results, options.extrapolate):
        print(line)


if __name__ == "__main__":
    main()
