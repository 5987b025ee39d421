"""What a cell keeps in its folder, and how far it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from babelite.comparison.compared_encoders import told_apart_by
from babelite.comparison.grid import Cell, Grid, file_name, pairs_per_step
from babelite.comparison.jobs.cell_records import read_record, write_record
from babelite.comparison.jobs.job_process import error_file
from babelite.comparison.jobs.run_job import EvaluateJob, TextJob, TrainJob
from babelite.comparison.tasks import Task
from babelite.errors import BabeliteError

State = Literal["finished", "failed", "skipped", "waiting"]


@dataclass(frozen=True)
class CellFiles:
    """The files of a cell.

    Attributes:
        grid: The comparison.
        cell: The cell.
    """

    grid: Grid
    cell: Cell

    @property
    def asked(self) -> Path:
        """What its training was asked to be, or which encoder was measured as it comes."""
        return self.cell.folder / "asked.json"

    @property
    def trained(self) -> Path:
        """What its training came to; there once it is done."""
        return self.cell.folder / "trained.json"

    @property
    def cost(self) -> Path:
        """Speed, memory and size; there once they are measured."""
        return self.cell.folder / "cost.json"

    @property
    def shown(self) -> Path:
        """What pictures show of it."""
        return self.cell.folder / "shown.json"

    @property
    def metrics(self) -> Path:
        """The records of its training."""
        return self.cell.model / "training" / "metrics.jsonl"

    def job(self, kind: Literal["train", "evaluate"]) -> Path:
        """The file of one of its two jobs."""
        return self.cell.folder / f"{kind}.json"

    def task(self, task: Task) -> Path:
        """What it came to in a task."""
        return self.cell.folder / "tasks" / f"{file_name(task.name)}.json"

    def pairs_wanted(self) -> tuple[int, int] | None:
        """Pairs that its training sees in all, as a bag and with layers.

        None for a budget in minutes, and for one in epochs until the text is prepared.
        """
        config = self.cell.config
        if config is None or config.minutes is not None:
            return None
        if config.bag_steps is not None and config.steps is not None:
            layers = config.steps * pairs_per_step(config) if config.layers else 0
            return config.bag_steps * config.bag_batch_size, layers
        count = self._prepared_pairs()
        if not count:
            return None
        layers = round(config.epochs * count) if config.layers else 0
        return round(config.bag_epochs * count), layers

    def _prepared_pairs(self) -> int:
        assert self.cell.text is not None
        files = (self.cell.text / "corpus").glob("*.tsv")
        return sum(
            _count_lines(file, file.stat().st_size)
            for file in files
            if not file.name.endswith(".held-out.tsv")
        )

    def is_trained(self) -> bool:
        """Whether there is a model to evaluate."""
        return self.cell.config is None or self.trained.exists()

    def tasks_left(self) -> list[Task]:
        """The tasks that have not been measured as they are asked now."""
        left = []
        for task in self.grid.config.tasks:
            record = read_record(self.task(task))
            if record is None or record["asked"] != self.fingerprint(task):
                left.append(task)
        return left

    def fingerprint(self, task: Task) -> dict[str, Any]:
        """What decides the result of a task, as plain JSON."""
        size = sum(file.stat().st_size for file in task.files())
        asked = {"task": task.model_dump(), "bytes": size, "pairs": self.cell.scope.pairs}
        plain: dict[str, Any] = json.loads(json.dumps(asked))
        return plain

    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.is_trained() and self.cost.exists() and not self.tasks_left()

    def state(self) -> tuple[State, str]:
        """How far it is, and the error if there was one."""
        if self.is_finished():
            return "finished", ""
        for job in (self.job("evaluate"), self.job("train")):
            record = read_record(error_file(job))
            if record is not None:
                return record["state"], record["error"]
        return "waiting", ""

    def forget_errors(self) -> None:
        """What failed is to be tried again."""
        for job in (self.job("evaluate"), self.job("train")):
            error_file(job).unlink(missing_ok=True)

    def fail(self, error: str) -> None:
        """Note why its training could not even begin."""
        write_record(error_file(self.job("train")), {"state": "failed", "error": error})

    def claim(self) -> None:
        """Take the folder for this model, or find that it holds the same.

        Raises:
            BabeliteError: It holds another; names what differs.
        """
        if not self.holds_the_same():
            write_record(self.asked, self._asked())

    def holds_the_same(self) -> bool:
        """Whether the folder holds what is asked for; false if it holds nothing yet.

        Raises:
            BabeliteError: It holds another; names what differs.
        """
        before = read_record(self.asked)
        begun = self.cost if self.cell.config is None else self.cell.model
        if before is None or not begun.exists():
            return False
        asked = self._asked()
        if self.cell.config is None:
            what, again = "the numbers of another encoder", "measure"
            changed = _differences(before, asked)
        else:
            what, again = "a model trained otherwise", "train"
            old, new = (record.pop("config") for record in (before, asked))
            # An older version did not have every option, nor write down all of these parts.
            changed = _differences(_defaults() | old, new)
            changed += [
                f"the {part} of its text"
                for part, value in asked.items()
                if value != before.get(part, value)
            ]
        if changed:
            raise BabeliteError(
                f"holds {what}: {', '.join(changed[:3])}",
                path=self.cell.folder,
                hint=f"name a new folder with --out, or delete this one to {again} it again",
            )
        return True

    def _asked(self) -> dict[str, Any]:
        if self.cell.encoder is not None:
            return dict(told_apart_by(self.cell.encoder.encoder))
        assert self.grid.config.data is not None and self.cell.config is not None
        files = [s for s, _ in self.grid.draws] or list(self.cell.sources)
        asked = {
            "config": self.cell.config.model_dump(),
            "files": [
                [Path(path).name, Path(path).stat().st_size, source.weight]
                for source in files
                for path in source.paths
                if self.cell.languages in (source.name, "all")
            ],
            "number of pairs": self.grid.config.data.pairs,
            "most words": self.grid.config.data.max_words,
            "columns": self.grid.config.data.columns,
        }
        plain: dict[str, Any] = json.loads(json.dumps(asked))
        return plain


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [
        f"{name} (was {old.get(name)}, is {new[name]})"
        for name in new
        if old.get(name) != new[name]
    ]


def _defaults() -> dict[str, Any]:
    from babelite.training import TrainingConfig

    return {name: field.default for name, field in TrainingConfig.model_fields.items()}


@cache
def _count_lines(file: Path, size: int) -> int:
    """The lines of a file; ``size`` has it counted anew when it has grown."""
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


def text_job(grid: Grid, cell: Cell) -> TextJob:
    """The job that prepares the text of a cell."""
    assert grid.config.data is not None and cell.config is not None and cell.text is not None
    own = {source.paths for source in cell.sources}
    return TextJob(
        draws=tuple(draw for draw in grid.draws if draw[1].paths in own),
        pairs=grid.config.data.pairs,
        sources=cell.sources,
        folder=cell.text,
        config=cell.config.model_dump(),
        cleaning=grid.cleaning,
    )


def train_job(grid: Grid, files: CellFiles) -> TrainJob:
    """The job that trains the model of a cell."""
    cell = files.cell
    assert cell.config is not None and cell.text is not None
    return TrainJob(
        sources=cell.sources,
        text=cell.text,
        config=cell.config.model_dump(),
        cleaning=grid.cleaning,
        model=cell.model,
        record=files.trained,
    )


def evaluate_job(files: CellFiles, *, allow_download: bool) -> EvaluateJob:
    """The job that measures the model of a cell by the tasks that are left."""
    cell = files.cell
    return EvaluateJob(
        encoder=str(cell.model) if cell.encoder is None else cell.encoder.encoder,
        tasks=tuple(
            (task, files.task(task), files.fingerprint(task)) for task in files.tasks_left()
        ),
        scope=cell.scope.pairs,
        cost=files.cost,
        shown=files.shown,
        threads=files.grid.config.threads,
        allow_download=allow_download,
    )
