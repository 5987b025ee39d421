"""What is done in a process of its own: preparing text, training a model, evaluating a model.

A job is a JSON file. What it has done it leaves in files that are there only when they are whole,
so it can be given again after a kill.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter

from babelite.comparison.compared_encoders import missing_peer, open_named
from babelite.comparison.jobs.cell_records import measure_record, read_record, write_record
from babelite.comparison.measures import Scope
from babelite.comparison.tasks import RetrievalTask, Task
from babelite.corpus import Cleaning, Pair, PairSource
from babelite.encoding import unit_rows
from babelite.machine import peak_memory
from babelite.storage import writing_atomically

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

_WARM_UP = 500  # sentences encoded before the memory is read and the clock is started
_MOST_TIMED = 8_000
_SECONDS_TIMED = 3.0  # a round, at the most: some encoders take minutes for what others do in one
_ROUNDS = 3
SHOWN_PAIRS = 40  # of a similarity matrix: enough to see a diagonal
MAPPED_PAIRS = 12  # of a map: as many as can be told apart
_MAPPED_LENGTH = (20, 60)  # characters


class SkippedError(Exception):
    """Something optional is not installed; the text says what to run."""


class TextJob(BaseModel):
    """Draw pairs, and prepare the text that several models are trained on.

    Attributes:
        draws: Sources of which a number of pairs is drawn, and the files they go to.
        pairs: How many pairs are drawn of each.
        sources: The sources as they are trained on.
        folder: Where the prepared text goes.
        config: Settings of training, as plain data.
        cleaning: How it is cleaned.
    """

    kind: Literal["text"] = "text"
    draws: tuple[tuple[PairSource, PairSource], ...]
    pairs: int | None
    sources: tuple[PairSource, ...]
    folder: Path
    config: dict[str, Any]
    cleaning: Cleaning

    def run(self) -> None:
        """Do what has not been done yet."""
        from babelite.training import TrainingConfig, prepare_text

        for source, there in self.draws:
            if self.pairs is not None and not Path(there.paths[0]).exists():
                _draw(source, Path(there.paths[0]), self.pairs)
        config = TrainingConfig(**self.config)
        prepare_text(self.sources, self.folder, config, cleaning=self.cleaning)


class TrainJob(BaseModel):
    """Train a model, or go on with it.

    Attributes:
        sources: The text.
        text: The folder of the prepared text.
        config: Settings of training, as plain data.
        cleaning: How it is cleaned.
        model: The model folder to be.
        record: The file that tells what training came to; there once it is done.
    """

    kind: Literal["train"] = "train"
    sources: tuple[PairSource, ...]
    text: Path
    config: dict[str, Any]
    cleaning: Cleaning
    model: Path
    record: Path

    def run(self) -> None:
        """Train to the end."""
        from babelite.training import TrainingConfig, train

        config = TrainingConfig(**self.config)
        result = train(self.sources, self.model, config, cleaning=self.cleaning, text=self.text)
        write_record(
            self.record,
            {
                "pairs": result.pairs,
                "seconds": result.seconds,
                "precision_at_1": result.precision_at_1,
                "memory": peak_memory(),
            },
        )
        # A finished run never goes on, and its checkpoints are most of what it takes on disk.
        for checkpoint in (self.model / "training").glob("*.safetensors"):
            checkpoint.unlink()


class EvaluateJob(BaseModel):
    """Measure an encoder: cost, and every task that has not been measured.

    Attributes:
        encoder: What `open_named` opens.
        tasks: The tasks, each with the file for its record and what decides its result.
        scope: The language pairs to measure on; None for all.
        cost: The file for the record of speed, memory and size.
        shown: The file for what pictures show.
        threads: CPU threads.
        allow_download: Whether other libraries may fetch a model.
    """

    kind: Literal["evaluate"] = "evaluate"
    encoder: str
    tasks: tuple[tuple[Annotated[Task, Field(discriminator="kind")], Path, dict[str, Any]], ...]
    scope: tuple[tuple[str, str], ...] | None
    cost: Path
    shown: Path
    threads: int | None = None
    allow_download: bool = False

    def run(self) -> None:
        """Measure what has not been measured yet.

        Raises:
            SkippedError: What the encoder needs is not installed.
        """
        remedy = missing_peer(self.encoder)
        if remedy:
            raise SkippedError(f"not installed; run: {remedy}")
        scope = Scope(self.scope)
        tasks = [task for task, _, _ in self.tasks]
        opened = open_named(self.encoder, threads=self.threads, allow_download=self.allow_download)
        if not self.cost.exists():
            sentences = _timed_sentences(tasks, scope)
            speed = measure_speed(opened.encoder, sentences)
            size = {"parameters": opened.parameters, "bytes": opened.bytes}
            write_record(self.cost, speed | size)
        encoder = Remembering(opened.encoder)
        # Nothing is kept of nothing: a task that is added may be one that can be shown.
        if not read_record(self.shown) and (shown := _shown(encoder, tasks, scope)):
            write_record(self.shown, shown)
        for task, record, asked in self.tasks:
            measures = {m.name: measure_record(m) for m in task.measure(encoder, scope)}
            write_record(record, {"asked": asked, "measures": measures})


Job = Annotated[TextJob | TrainJob | EvaluateJob, Field(discriminator="kind")]
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)


def read_job(path: Path) -> TextJob | TrainJob | EvaluateJob:
    """Read a job from its file."""
    return _JOBS.validate_json(path.read_bytes())


class Remembering:
    """An encoder that encodes every sentence once, however many tasks have it.

    Args:
        encoder: What encodes.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder, self.dim = encoder, encoder.dim
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """See `babelite.encoding.SentenceEncoder`."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._known]
        for text, vector in zip(new, unit_rows(self._encoder.encode(new)), strict=True):
            self._known[text] = vector
        if not sentences:
            return np.empty((0, self.dim), np.float32)
        return np.stack([self._known[text] for text in sentences])


def measure_speed(encoder: SentenceEncoder, sentences: Sequence[str]) -> dict[str, Any]:
    """Time an encoder in this process, and read how much memory it has needed.

    Args:
        encoder: What encodes.
        sentences: What is encoded; less of it by encoders that would take too long.

    Returns:
        ``sentences_per_second``, the median of three rounds, its ``range``, and ``memory`` in
        bytes.
    """
    encoder.encode(sentences[:8])
    began = time.perf_counter()
    warm = sentences[:_WARM_UP]
    encoder.encode(warm)
    rate = len(warm) / (time.perf_counter() - began)
    memory = peak_memory()
    timed = sentences[: max(8, min(_MOST_TIMED, round(rate * _SECONDS_TIMED)))]
    rates = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        encoder.encode(timed)
        rates.append(len(timed) / (time.perf_counter() - began))
    return {
        "sentences_per_second": float(np.median(rates)),
        "range": [min(rates), max(rates)],
        "memory": memory,
    }


def _draw(source: PairSource, out: Path, count: int) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    total = sum(1 for _ in _one_line(source))
    chosen = np.zeros(total, np.bool_)
    chosen[np.random.default_rng(0).permutation(total)[:count]] = True
    with (
        writing_atomically(out) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for pair in compress(_one_line(source), chosen):
            stream.write(f"{pair.source}\t{pair.target}\n")


def _one_line(source: PairSource) -> Iterator[Pair]:
    """The pairs of a source as a line of TSV can hold them."""
    for pair in source.read():
        first, second = (" ".join(side.split()) for side in pair)
        if first and second:
            yield Pair(first, second)


def _timed_sentences(tasks: Sequence[Task], scope: Scope) -> list[str]:
    for task in tasks:
        sentences = task.sentences(scope)
        if sentences:
            return sentences
    return ["A sentence."]


class _Example(NamedTuple):
    languages: tuple[str, str]
    sources: list[str]
    targets: list[str]


def _shown(encoder: SentenceEncoder, tasks: Sequence[Task], scope: Scope) -> dict[str, Any]:
    """What pictures show of a model: cosines of the first pairs, and a few vectors in the plane."""
    example = _example(tasks, scope)
    if example is None:
        return {}
    u, v = (encoder.encode(side[:SHOWN_PAIRS]) for side in (example.sources, example.targets))
    short = [
        row
        for row, pair in enumerate(zip(example.sources, example.targets, strict=True))
        if all(_MAPPED_LENGTH[0] <= len(side) <= _MAPPED_LENGTH[1] for side in pair)
    ]
    rows = (short if len(short) >= MAPPED_PAIRS else list(range(len(example.sources))))[
        :MAPPED_PAIRS
    ]
    sources, targets = ([side[row] for row in rows] for side in (example.sources, example.targets))
    both = plane(np.concatenate([encoder.encode(sources), encoder.encode(targets)]))
    return {
        "languages": list(example.languages),
        "similarity": (u @ v.T).round(3).tolist(),
        "sentences": [list(pair) for pair in zip(sources, targets, strict=True)],
        "map": both.round(4).tolist(),
    }


def _example(tasks: Sequence[Task], scope: Scope) -> _Example | None:
    for task in tasks:
        if isinstance(task, RetrievalTask) and (found := task.first_pairs(scope)):
            languages, texts = found
            count = texts.queries
            return _Example(languages, list(texts.sources[:count]), list(texts.targets[:count]))
    return None


def plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Project vectors on their two principal components.

    Args:
        vectors: Array of shape (n, dim).

    Returns:
        float64 array of shape (n, 2); each component's largest coordinate is positive, so that the
        same vectors always give the same picture.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    kept = min(2, len(lengths))
    points[:, :kept] = left[:, :kept] * lengths[:kept]
    largest = np.take_along_axis(points, np.abs(points).argmax(axis=0)[None], axis=0)
    return points * np.where(largest < 0, -1.0, 1.0)
