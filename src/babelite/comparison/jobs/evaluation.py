"""Job that evaluates an encoder: speed, memory, size, every task, and data for charts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.cell_records import read_cell_record, write_cell_record
from babelite.comparison.compared_encoders import install_command, open_compared_encoder
from babelite.comparison.task_metrics import LanguagePair, LanguageScope, metric_to_json
from babelite.comparison.tasks import RetrievalTask, Task
from babelite.encoding import unit_rows
from babelite.machine import peak_memory

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

_WARM_UP = 500  # sentences encoded before memory is read and timing starts
_MAX_TIMED = 8_000  # sentences per round
_MAX_SECONDS = 3.0  # per round: slow encoders get fewer sentences
_ROUNDS = 3
_MATRIX_PAIRS = 40  # of a similarity matrix
_MAP_PAIRS = 12  # of a map: more would overlap
_MAP_LENGTH = (20, 60)  # characters of a sentence on a map


class SkippedError(Exception):
    """An optional package is not installed; the message has the command that installs it."""


class EvaluateJob(BaseModel):
    """Evaluate an encoder: cost, and every task without a result."""

    kind: Literal["evaluate"] = "evaluate"
    encoder: str  # see `open_compared_encoder`
    # Each task with the file for its metrics and its fingerprint.
    tasks: tuple[tuple[Annotated[Task, Field(discriminator="kind")], Path, dict[str, Any]], ...]
    scope: tuple[LanguagePair, ...] | None  # language pairs to evaluate on; None for all
    cost: Path  # file for speed, memory and size
    illustration: Path  # file for the data of charts
    threads: int | None = None  # CPU threads
    allow_download: bool = False  # whether other libraries may download models

    def run(self) -> None:
        """Measure what has no result yet; raises `SkippedError` if a package is missing."""
        command = install_command(self.encoder)
        if command:
            raise SkippedError(f"not installed; run: {command}")
        scope = LanguageScope(self.scope)
        tasks = [task for task, _, _ in self.tasks]
        opened = open_compared_encoder(
            self.encoder, threads=self.threads, allow_download=self.allow_download
        )
        if not self.cost.exists():
            texts = next(filter(None, (t.sentences(scope) for t in tasks)), ["A sentence."])
            speed = measure_speed(opened.encoder, texts)
            size = {"parameters": opened.parameters, "bytes": opened.bytes}
            write_cell_record(self.cost, speed | size)
        encoder = CachedEncoder(opened.encoder)
        # An empty record is not written: a task added later may have sentence pairs to show.
        if not read_cell_record(self.illustration) and (
            shown := _illustrate(encoder, tasks, scope)
        ):
            write_cell_record(self.illustration, shown)
        for task, path, fingerprint in self.tasks:
            metrics = {m.name: metric_to_json(m) for m in task.evaluate(encoder, scope)}
            write_cell_record(path, {"asked": fingerprint, "measures": metrics})


def evaluate_job(folder: CellFolder, *, allow_download: bool) -> EvaluateJob:
    """The job that evaluates the model of a cell on its unfinished tasks."""
    cell, unfinished = folder.cell, folder.unfinished_tasks()
    return EvaluateJob(
        encoder=str(cell.model) if cell.encoder is None else cell.encoder.encoder,
        tasks=tuple((t, folder.task(t), folder.task_fingerprint(t)) for t in unfinished),
        scope=cell.scope.pairs,
        cost=folder.cost,
        illustration=folder.illustration,
        threads=folder.grid.config.threads,
        allow_download=allow_download,
    )


class CachedEncoder:
    """An encoder that encodes each sentence once, however many tasks contain it."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder, self.dim = encoder, encoder.dim
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """See `babelite.encoding.SentenceEncoder`."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._vectors]
        for text, vector in zip(new, unit_rows(self._encoder.encode(new)), strict=True):
            self._vectors[text] = vector
        if not sentences:
            return np.empty((0, self.dim), np.float32)
        return np.stack([self._vectors[text] for text in sentences])


def measure_speed(encoder: SentenceEncoder, sentences: Sequence[str]) -> dict[str, Any]:
    """Sentences encoded per second (median of rounds) with range, and peak memory in bytes."""

    def rate(timed: Sequence[str]) -> float:
        started = time.perf_counter()
        encoder.encode(timed)
        return len(timed) / (time.perf_counter() - started)

    encoder.encode(sentences[:8])
    expected = rate(sentences[:_WARM_UP])
    memory = peak_memory()
    timed = sentences[: max(8, min(_MAX_TIMED, round(expected * _MAX_SECONDS)))]
    rates = [rate(timed) for _ in range(_ROUNDS)]
    speed = {"sentences_per_second": float(np.median(rates)), "range": [min(rates), max(rates)]}
    return speed | {"memory": memory}


def _illustrate(
    encoder: SentenceEncoder, tasks: Sequence[Task], scope: LanguageScope
) -> dict[str, Any]:
    """Data for charts: cosines of the first retrieval pairs, and a few vectors in 2-D."""
    retrieval = (task for task in tasks if isinstance(task, RetrievalTask))
    found = next((first for task in retrieval if (first := task.first_pairs(scope))), None)
    if found is None:
        return {}
    languages, texts = found
    pairs = list(zip(texts.sources, texts.targets, strict=True))[: texts.queries]
    u, v = (encoder.encode(side) for side in zip(*pairs[:_MATRIX_PAIRS], strict=True))
    low, high = _MAP_LENGTH
    short = [pair for pair in pairs if all(low <= len(side) <= high for side in pair)]
    mapped = (short if len(short) >= _MAP_PAIRS else pairs)[:_MAP_PAIRS]
    sides = [encoder.encode(side) for side in zip(*mapped, strict=True)]
    return {
        "languages": list(languages),
        "similarity": (u @ v.T).round(3).tolist(),
        "sentences": [list(pair) for pair in mapped],
        "map": project_2d(np.concatenate(sides)).round(4).tolist(),
    }


def project_2d(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Project vectors (n, dim) on their two principal components; float64 of shape (n, 2)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    kept = min(2, len(lengths))
    points[:, :kept] = left[:, :kept] * lengths[:kept]
    # The largest coordinate of each component is positive, so that the result is deterministic.
    largest = np.take_along_axis(points, np.abs(points).argmax(axis=0)[None], axis=0)
    return points * np.where(largest < 0, -1.0, 1.0)
