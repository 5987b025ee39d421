"""Evaluation of a finished run, and the folder of the packaged model (8-bit graph only)."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import chain, combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from sources import LICENSES
from texts import LANGUAGES, input_files, read_rows

from babelite.corpus import parse_source
from babelite.encoding import (
    DEFAULT_MODEL,
    Encoder,
    ModelContents,
    TrainingData,
    read_model_folder,
    write_model_folder,
)
from babelite.evaluation import (
    SIB200_FOLDERS,
    cross_lingual_pairs,
    evaluate,
    evaluate_classification,
    evaluate_multiway,
    evaluate_similarity,
    read_labelled_set,
    read_sib200_parallel,
    read_sts,
)
from babelite.storage import sha256, write_text

HERE = Path(__file__).parent
NAME = "babelite-en-fr-de-es-it"
_SIB200 = {code: SIB200_FOLDERS[code] for code in ("en", "fr", "de", "es", "it")}


def install(runs: Sequence[Path], data: Path, dev: Path) -> None:
    """Evaluate a finished run, write the packaged model, and record how it was trained.

    Args:
        runs: The run folders, each started from the one before; the last one is packaged.
        data: The folder of the training text.
        dev: The folder of the evaluation sets.
    """
    model = read_model_folder(runs[-1], verify="all")
    metrics = measure(Encoder.load(runs[-1], precision="int8"), dev)
    for size in reversed(model.description.matryoshka):
        cut = measure(Encoder.load(runs[-1], precision="int8", dim=size), dev)
        metrics |= {
            f"first {size} components: {name}": value for name, value in _means(cut).items()
        }
    description = replace(
        model.description,
        name=NAME,
        languages=("en", *LANGUAGES),
        data=tuple(_counted(data)),
        metrics=metrics,
        license="Apache-2.0",
        notes=(HERE / "notes.md").read_text(encoding="utf-8"),
    )
    contents = ModelContents(
        config=model.config(),
        tokenizer=model.tokenizer_json(),
        graphs={"int8": model.graph("int8").read_bytes()},
    )
    write_model_folder(DEFAULT_MODEL, contents, description)
    write_text(HERE / "record.json", json.dumps(_record(runs, data, metrics), indent=2) + "\n")


def measure(encoder: Encoder, dev: Path) -> dict[str, float]:
    """P@1 and Spearman correlations on the evaluation sets, in percent."""
    found = {}
    for path in sorted(dev.glob("*.tsv.gz")):
        source = parse_source(str(path))
        pairs = [(pair.source, pair.target) for pair in source.read()]
        name = f"{path.name.split('.')[0]} {source.name}, P@1"
        found[name] = evaluate(encoder, pairs, name=name).mean.value
    texts = read_sib200_parallel(dev / "sib200", list(_SIB200.values()))
    found["SIB-200 sentences, 20 directions, P@1"] = evaluate_multiway(encoder, texts).mean.value
    labelled = read_labelled_set(dev / "sib200", list(_SIB200.values())).corpora
    topics = dict(zip(_SIB200, labelled.values(), strict=True))
    transfer = evaluate_classification(
        encoder, topics, train_languages=["en"], classifier="logistic", parallel=True
    ).transfer
    assert transfer is not None  # there are several languages
    found["SIB-200 topics from English, accuracy"] = transfer.value
    scored = {code: read_sts(dev / "stsb" / f"{code}.test.tsv") for code in _SIB200}
    for code, pairs_of in scored.items():
        found[f"STS {code}"] = evaluate_similarity(encoder, pairs_of).spearman
    for code in LANGUAGES:
        across = cross_lingual_pairs(scored["en"], scored[code])
        found[f"STS en-{code}"] = evaluate_similarity(encoder, across).spearman
    return {name: round(100 * value, 2) for name, value in found.items()}


def _means(metrics: dict[str, float]) -> dict[str, float]:
    """The means of metrics of one kind, such as ``tatoeba`` and ``STS en-``."""
    kinds: dict[str, list[float]] = {}
    for name, value in metrics.items():
        kind = name.split(" en-")[0] + (" mean, P@1" if name.endswith("P@1") else "")
        if name.startswith("STS"):
            kind = "STS, English and another, mean" if "-" in name else "STS, one language, mean"
        kinds.setdefault(name if name.startswith("SIB") else kind, []).append(value)
    return {kind: round(fmean(values), 2) for kind, values in kinds.items()}


def _counted(data: Path) -> Iterator[TrainingData]:
    """The number of pairs of each source that are trained on."""
    for languages in combinations(("en", *LANGUAGES), 2):
        counts = Counter(row.source for row in read_rows(input_files(data, *languages)))
        for source, pairs in counts.most_common():
            yield TrainingData(
                languages=languages, source=source, pairs=pairs, license=LICENSES[source]
            )


def _record(runs: Sequence[Path], data: Path, metrics: dict[str, float]) -> dict[str, Any]:
    files = [
        path for codes in combinations(("en", *LANGUAGES), 2) for path in input_files(data, *codes)
    ]
    own = chain(HERE.glob("*.py"), HERE.glob("*.toml"), HERE.glob("*.txt"))
    records = [run / "training" / "result.json" for run in runs]
    results = [json.loads(record.read_text(encoding="utf-8")) for record in records]
    packages = ("babelite", "torch", "tokenizers", "onnxruntime", "numpy")
    return {
        "data": {path.name: sha256(path) for path in files},
        "recipe": {path.name: sha256(path) for path in sorted(own)},
        "pairs_seen": sum(result["pairs"] for result in results),
        "seconds": sum(result["seconds"] for result in results),
        "machine": {"processor": _processor(), "cpus": os.cpu_count()},
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "metrics": metrics,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
