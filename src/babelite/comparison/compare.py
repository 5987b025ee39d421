"""The comparison itself: every cell that is not finished, one after the other, come what may."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from babelite.comparison.exclusions import MARK, has_models
from babelite.comparison.grid import Cell, Grid
from babelite.comparison.jobs.cell_records import read_record, write_record
from babelite.comparison.jobs.cells import CellFiles, State, evaluate_job, text_job, train_job
from babelite.comparison.jobs.job_process import error_file
from babelite.comparison.jobs.launcher import Launcher, launch
from babelite.errors import BabeliteError
from babelite.storage import locked_folder, write_text

_TAIL = 4096  # bytes from the end of a file of metrics that hold its last line


class Watcher(Protocol):
    """Told how the work goes on."""

    def began(self, cell: Cell, step: str) -> None:
        """A step of a cell has begun: ``text``, ``train`` or ``evaluate``."""
        ...

    def working(self, share: float | None, detail: str) -> None:
        """The step under way is at a share from 0 to 1, if that is known."""
        ...

    def ended(self, cell: Cell, state: State, error: str, seconds: float) -> None:
        """A cell has ended."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How all the cells ended.

    Attributes:
        finished: How many are finished.
        failed: Title and error of those that failed.
        skipped: Title and error of those that lack something optional.
    """

    finished: int
    failed: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]


def run_cells(
    grid: Grid,
    watcher: Watcher,
    *,
    launcher: Launcher = launch,
    allow_download: bool = False,
) -> Outcome:
    """Train and evaluate every cell that is not finished.

    A cell that fails is noted, and the next one begins. What is finished is not touched; called
    again after a kill, it goes on inside the cell that was under way.

    Args:
        grid: The comparison, as `open_grid` returns it.
        watcher: Told how the work goes on.
        launcher: Does the jobs.
        allow_download: Whether other libraries may fetch models.

    Returns:
        How the cells ended.

    Raises:
        BabeliteError: The folder is used by another process, or a cell holds another
            model than is asked for.
        KeyboardInterrupt: The user stopped it; what is done is kept.
    """
    files = [CellFiles(grid, cell) for cell in grid.cells]
    with locked_folder(grid.out):
        if not has_models(grid.out):
            _write_mark(grid)
        for cell_files in files:
            cell_files.claim()
        for cell_files in files:
            if not cell_files.is_finished():
                _Work(grid, cell_files, watcher, launcher, allow_download).do()
    return outcome(grid)


def outcome(grid: Grid) -> Outcome:
    """How the cells of a comparison stand."""
    states = [(cell.title, *CellFiles(grid, cell).state()) for cell in grid.cells]
    return Outcome(
        sum(state == "finished" for _, state, _ in states),
        tuple((title, error) for title, state, error in states if state == "failed"),
        tuple((title, error) for title, state, error in states if state == "skipped"),
    )


def open_grid(grid: Grid) -> Grid:
    """Take the folder of a comparison, or find that it holds this one or its beginning.

    Args:
        grid: The comparison.

    Returns:
        The same.

    Raises:
        BabeliteError: The folder holds something else, or cannot be made.
    """
    if not (grid.out / MARK).exists():
        if grid.out.exists() and (not grid.out.is_dir() or any(grid.out.iterdir())):
            raise BabeliteError(
                "is there and holds no comparison",
                path=grid.out,
                hint="name a new folder with --out",
            )
        try:
            _write_mark(grid)
        except OSError as error:
            raise BabeliteError(
                f"cannot be made ({error.strerror})", path=grid.out, hint="choose another --out"
            ) from error
    return grid


def _write_mark(grid: Grid) -> None:
    """Write down what the training text leaves out, which stays so from the first model on."""
    left_out = {"excluded": grid.exclusions.files, "sizes": grid.exclusions.sizes}
    write_record(grid.out / MARK, {"config": str(grid.path.resolve())} | left_out)


@dataclass
class _Work:
    """What is left to do of one cell."""

    grid: Grid
    files: CellFiles
    watcher: Watcher
    launcher: Launcher
    allow_download: bool
    wanted: int = 0  # pairs that its training sees in all, if that is known

    def do(self) -> None:
        started = time.monotonic()
        self.files.forget_errors()
        cell = self.files.cell
        if not self.files.is_trained() and self._text():
            self.watcher.began(cell, "train")
            self.wanted = sum(self.files.pairs_wanted() or ())
            self._launch("train", train_job(self.grid, self.files), self._training)
        if self.files.is_trained():
            self.watcher.began(cell, "evaluate")
            job = evaluate_job(self.files, allow_download=self.allow_download)
            self._launch("evaluate", job, lambda: None)
        self.watcher.ended(cell, *self.files.state(), time.monotonic() - started)

    def _text(self) -> bool:
        """Have the text prepared; whether it is there."""
        text = self.files.cell.text
        assert text is not None
        ready, job = text / "ready", text.with_name(f"{text.name}.job.json")
        if ready.exists():
            return True
        self.watcher.began(self.files.cell, "text")
        error_file(job).unlink(missing_ok=True)
        _write_job(job, text_job(self.grid, self.files.cell))
        if self.launcher(job, lambda: None):
            self.files.fail((read_record(error_file(job)) or {}).get("error", "see the log"))
            return False
        write_text(ready, "")
        return True

    def _launch(self, kind: Any, job: BaseModel, watch: Callable[[], None]) -> None:  # noqa: ANN401
        path = self.files.job(kind)
        _write_job(path, job)
        self.launcher(path, watch)

    def _training(self) -> None:
        """Show what the training under way has last written down."""
        record, config = _last_line(self.files.metrics), self.files.cell.config
        if record is None or config is None:
            return
        share = None
        if config.minutes is not None:
            share = min(1.0, record["seconds"] / (60 * config.minutes))
        elif self.wanted:
            share = min(1.0, record["pairs"] / self.wanted)
        detail = f"{record['pairs']:,} pairs"
        if "pairs_per_second" in record:
            detail += f", {record['pairs_per_second']:,.0f}/s"
        self.watcher.working(share, detail)


def _write_job(path: Path, job: BaseModel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, job.model_dump_json(indent=1) + "\n")


def _last_line(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL))
            lines = stream.read().splitlines()
        record: dict[str, Any] = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return None  # not there yet, or just being written
    return record
