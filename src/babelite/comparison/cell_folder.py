"""The folder of a cell: its files, its status, and whether it belongs to the configured model."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from babelite.comparison.cell_records import error_file, read_cell_record, write_cell_record
from babelite.comparison.compared_encoders import compared_encoder_fingerprint
from babelite.comparison.grid import ComparisonCell, ComparisonGrid, file_name
from babelite.comparison.tasks import Task
from babelite.comparison.training_settings import pairs_per_step
from babelite.errors import BabeliteError

CellStatus = Literal["finished", "failed", "skipped", "waiting"]


class CellFolder:
    """The files of a cell of a comparison, and its status."""

    def __init__(self, grid: ComparisonGrid, cell: ComparisonCell) -> None:
        self.grid, self.cell = grid, cell
        folder = cell.folder
        self.fingerprint_file = folder / "asked.json"  # training settings, or the encoder's name
        self.trained = folder / "trained.json"  # exists once training is finished
        self.cost = folder / "cost.json"  # encoding speed, memory and size, once measured
        self.illustration = folder / "shown.json"  # cosines and projected vectors, for charts
        self.training_log = cell.model / "training" / "metrics.jsonl"
        self.training_job, self.evaluation_job = folder / "train.json", folder / "evaluate.json"

    def task(self, task: Task) -> Path:
        """The file of the metrics on a task."""
        return self.cell.folder / "tasks" / f"{file_name(task.name)}.json"

    def expected_pairs(self) -> tuple[int, int] | None:
        """Training pairs of the bag phase and of the layers phase.

        None for a budget in minutes, and for one in epochs until the text is prepared.
        """
        config = self.cell.config
        if config is None or config.minutes is not None:
            return None
        if config.bag_steps is not None and config.steps is not None:
            layers = config.steps * pairs_per_step(config) if config.layers else 0
            return config.bag_steps * config.bag_batch_size, layers
        assert self.cell.text is not None
        files = (self.cell.text / "corpus").glob("*.tsv")
        training = [file for file in files if not file.name.endswith(".held-out.tsv")]
        count = sum(_count_lines(file, file.stat().st_size) for file in training)
        if not count:
            return None
        layers = round(config.epochs * count) if config.layers else 0
        return round(config.bag_epochs * count), layers

    def is_trained(self) -> bool:
        """Whether there is a model to evaluate."""
        return self.cell.config is None or self.trained.exists()

    def unfinished_tasks(self) -> list[Task]:
        """The tasks that have no result with their current settings and files."""
        unfinished = []
        for task in self.grid.config.tasks:
            record = read_cell_record(self.task(task))
            if record is None or record["asked"] != self.task_fingerprint(task):
                unfinished.append(task)
        return unfinished

    def task_fingerprint(self, task: Task) -> dict[str, Any]:
        """Everything that the result of a task depends on, as plain JSON."""
        size = sum(file.stat().st_size for file in task.files())
        return _plain({"task": task.model_dump(), "bytes": size, "pairs": self.cell.scope.pairs})

    def is_finished(self) -> bool:
        """Whether the cell is trained and evaluated on every task."""
        return self.is_trained() and self.cost.exists() and not self.unfinished_tasks()

    def status(self) -> tuple[CellStatus, str]:
        """The status of the cell, and the error if it failed or was skipped."""
        if self.is_finished():
            return "finished", ""
        for job in (self.evaluation_job, self.training_job):
            record = read_cell_record(error_file(job))
            if record is not None:
                return record["state"], record["error"]
        return "waiting", ""

    def claim(self) -> None:
        """Write the fingerprint of the cell's model unless the folder has it; see `is_claimed`."""
        if not self.is_claimed():
            write_cell_record(self.fingerprint_file, self._fingerprint())

    def is_claimed(self) -> bool:
        """Whether the folder contains the configured model; raises if it contains another one."""
        old = read_cell_record(self.fingerprint_file)
        started = self.cost if self.cell.config is None else self.cell.model
        if old is None or not started.exists():
            return False
        new = self._fingerprint()
        if self.cell.config is None:
            content, verb = "the scores of another encoder", "evaluate"
            changes = _differences(old, new)
        else:
            content, verb = "a model trained with other settings", "train"
            old_config, new_config = (record.pop("config") for record in (old, new))
            # Older versions had fewer options and recorded fewer properties of the text.
            changes = _differences(_training_defaults() | old_config, new_config)
            changes += [f"{key} of its text" for key in new if new[key] != old.get(key, new[key])]
        if changes:
            raise BabeliteError(
                f"contains {content}: {', '.join(changes[:3])}",
                code="run-mismatch",
                path=self.cell.folder,
                hint=f"choose a new folder with --out, or delete this one to {verb} it again",
            )
        return True

    def _fingerprint(self) -> dict[str, Any]:
        if self.cell.encoder is not None:
            return dict(compared_encoder_fingerprint(self.cell.encoder.encoder))
        data = self.grid.config.data
        assert data is not None and self.cell.config is not None
        sources = [source for source, _ in self.grid.samples] or list(self.cell.sources)
        files = [
            [Path(path).name, Path(path).stat().st_size, source.weight]
            for source in sources
            for path in source.paths
            if self.cell.languages in (source.name, "all")
        ]
        return _plain(
            {
                "config": self.cell.config.decisive_settings(),
                "files": files,
                "number of pairs": data.pairs,
                "most words": data.max_words,
                "columns": data.columns,
            }
        )


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it is read back from JSON: tuples become lists."""
    plain: dict[str, Any] = json.loads(json.dumps(record))
    return plain


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    changed = [name for name in new if old.get(name) != new[name]]
    return [f"{name} (was {old.get(name)}, is {new[name]})" for name in changed]


def _training_defaults() -> dict[str, Any]:
    from babelite.training import TrainingConfig

    return {name: field.default for name, field in TrainingConfig.model_fields.items()}


@cache
def _count_lines(file: Path, size: int) -> int:
    """The number of lines of a file; ``size`` is part of the cache key."""
    with file.open("rb") as stream:
        return sum(1 for _ in stream)
