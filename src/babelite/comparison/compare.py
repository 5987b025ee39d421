"""Run a comparison: train and evaluate every cell that is not finished, in child processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from babelite.comparison.cell_folder import CellFolder, CellStatus
from babelite.comparison.cell_records import error_file, read_cell_record, write_error
from babelite.comparison.grid import ComparisonCell, ComparisonGrid
from babelite.comparison.jobs.evaluation import evaluate_job
from babelite.comparison.jobs.job_process import Launcher, launch
from babelite.comparison.jobs.training import text_job, train_job
from babelite.comparison.training_text import (
    has_models,
    read_comparison_record,
    write_comparison_record,
)
from babelite.errors import BabeliteError, quantity
from babelite.storage import locked_folder, make_folder, write_text

_TAIL = 4096  # bytes at the end of a training log that contain its last line

CellStep = Literal["text", "train", "evaluate"]


class ComparisonProgress(Protocol):
    """Receives the progress of a running comparison."""

    def step_started(self, cell: ComparisonCell, step: CellStep) -> None:
        """A step of a cell has started."""

    def step_progress(self, share: float | None, detail: str) -> None:
        """The finished share of the current step, from 0 to 1; None if unknown."""

    def cell_ended(
        self, cell: ComparisonCell, status: CellStatus, error: str, seconds: float
    ) -> None:
        """A cell is finished, failed or was skipped."""


@dataclass(frozen=True)
class ComparisonOutcome:
    """The number of finished cells; title and error of the others."""

    finished: int
    failed: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]  # they need a package that is not installed


def run_comparison(
    grid: ComparisonGrid,
    progress: ComparisonProgress,
    *,
    launcher: Launcher = launch,
    allow_download: bool = False,
) -> ComparisonOutcome:
    """Train and evaluate every cell that is not finished; resumes an interrupted comparison.

    A cell that fails is recorded, and the next one starts. Finished cells are not changed.

    Args:
        grid: The comparison, from `read_comparison`.
        progress: Receives the progress.
        launcher: Runs the jobs.
        allow_download: Whether other libraries may download models.

    Raises:
        BabeliteError: See `open_comparison`; or another process uses the folder.
        KeyboardInterrupt: The user stopped it; finished work is kept.
    """
    open_comparison(grid)
    folders = [CellFolder(grid, cell) for cell in grid.cells]
    with locked_folder(grid.out):
        if not has_models(grid.out):
            write_comparison_record(grid.out, grid.path, grid.excluded)
        for folder in folders:
            folder.claim()
        for folder in folders:
            if not folder.is_finished():
                _CellRun(folder, progress, launcher, allow_download).run()
    return _read_outcome(folders)


def open_comparison(grid: ComparisonGrid) -> ComparisonOutcome:
    """Create the output folder, or check that it contains this comparison.

    Raises:
        BabeliteError: The folder contains something else or cannot be created; or a cell contains
            a model trained with other settings, or the scores of another encoder.
    """
    if read_comparison_record(grid.out) is None:
        hint = "choose a new folder with --out"
        if grid.out.exists() and (not grid.out.is_dir() or any(grid.out.iterdir())):
            problem = "exists and is not the folder of a comparison"
            raise BabeliteError(problem, code="run-mismatch", path=grid.out, hint=hint)
        make_folder(grid.out, hint)
        write_comparison_record(grid.out, grid.path, grid.excluded)
    folders = [CellFolder(grid, cell) for cell in grid.cells]
    for folder in folders:
        folder.is_claimed()
    return _read_outcome(folders)


def _read_outcome(folders: list[CellFolder]) -> ComparisonOutcome:
    cells = [(folder.cell.title, *folder.status()) for folder in folders]
    failed, skipped = (
        tuple((title, error) for title, status, error in cells if status == unfinished)
        for unfinished in ("failed", "skipped")
    )
    finished = sum(status == "finished" for _, status, _ in cells)
    return ComparisonOutcome(finished, failed, skipped)


@dataclass
class _CellRun:
    """Runs the missing steps of one cell: prepare text, train, evaluate."""

    folder: CellFolder
    progress: ComparisonProgress
    launcher: Launcher
    allow_download: bool
    expected_pairs: int = 0  # total training pairs, if known

    def run(self) -> None:
        started = time.monotonic()
        cell = self.folder.cell
        for job in (self.folder.training_job, self.folder.evaluation_job):
            error_file(job).unlink(missing_ok=True)
        if not self.folder.is_trained() and self._prepare_text():
            self.progress.step_started(cell, "train")
            self.expected_pairs = sum(self.folder.expected_pairs() or ())
            training = train_job(self.folder)
            self._launch(self.folder.training_job, training, self._report_training)
        if self.folder.is_trained():
            self.progress.step_started(cell, "evaluate")
            evaluation = evaluate_job(self.folder, allow_download=self.allow_download)
            self._launch(self.folder.evaluation_job, evaluation)
        self.progress.cell_ended(cell, *self.folder.status(), time.monotonic() - started)

    def _prepare_text(self) -> bool:
        """Prepare the training text unless another cell has; returns whether it is ready.

        The vectors of teachers are part of it, so that they do not count as training.
        """
        text, config = self.folder.cell.text, self.folder.cell.config
        assert text is not None and config is not None
        job = text.with_name(f"{text.name}.job.json")
        ready = [text / "ready", *(text / f"ready.{t.folder_name}" for t in config.teachers)]
        if all(mark.exists() for mark in ready):
            return True
        self.progress.step_started(self.folder.cell, "text")
        error_file(job).unlink(missing_ok=True)
        if self._launch(job, text_job(self.folder)):
            error = read_cell_record(error_file(job)) or {}
            reason = error.get("error", "see the log")
            write_error(self.folder.training_job, "failed", reason)
            return False
        for mark in ready:
            write_text(mark, "")
        return True

    def _launch(
        self, path: Path, job: BaseModel, on_wait: Callable[[], None] = lambda: None
    ) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, job.model_dump_json(indent=1) + "\n")
        return self.launcher(path, on_wait)

    def _report_training(self) -> None:
        """Report the last record of the training log."""
        record, config = _last_record(self.folder.training_log), self.folder.cell.config
        if record is None or config is None:
            return
        share = None
        if config.minutes is not None:
            share = record["seconds"] / (60 * config.minutes)
        elif self.expected_pairs:
            share = record["pairs"] / self.expected_pairs
        detail = quantity(record["pairs"], "pair")
        if "pairs_per_second" in record:
            detail += f", {record['pairs_per_second']:,.0f}/s"
        self.progress.step_progress(None if share is None else min(1.0, share), detail)


def _last_record(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL))
            lines = stream.read().splitlines()
        record: dict[str, Any] = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return None  # missing, or the last line is incomplete
    return record
