"""Files whose sentences are removed from the training text; fixed once the first model is trained.

Models trained on different text cannot be compared. A task added later is therefore reported as
late (its sentences may be in the training text), and an addition to ``data.exclude`` is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babelite._version import __version__
from babelite.comparison.cell_records import read_cell_record, write_cell_record
from babelite.comparison.comparison_file import ComparisonConfig
from babelite.errors import BabeliteError
from babelite.storage import check_format_version

_COMPARISON_RECORD = "comparison.json"  # marks the folder of a comparison, lists excluded files
_FORMAT_VERSION = 1


@dataclass(frozen=True)
class ExcludedFiles:
    """The files whose sentences are removed from the training text."""

    files: tuple[str, ...] = ()
    sizes: tuple[int | None, ...] = ()  # bytes of each file; None if it did not exist
    late_tasks: tuple[str, ...] = ()  # tasks added after training, whose files are not excluded


def choose_excluded_files(config: ComparisonConfig, path: Path, out: Path) -> ExcludedFiles:
    """The files of ``data.exclude`` and of the tasks; once a model exists, the recorded ones."""
    assert config.data is not None
    record = read_comparison_record(out)
    if record is None or not has_models(out):
        of_tasks = [str(file) for task in config.tasks for file in task.excluded_files()]
        files = tuple(dict.fromkeys([*config.data.exclude, *of_tasks]))
        return ExcludedFiles(files, _sizes(files))
    files = tuple(record["excluded"])
    # Older versions did not record sizes: assume the files have not changed.
    sizes = tuple(record.get("sizes") or _sizes(files))
    known = set(_names_and_sizes(files, sizes))
    for file in config.data.exclude:
        if not known.issuperset(_names_and_sizes([file])):
            raise BabeliteError(
                f"data.exclude: {file} cannot be added or changed after a model has been trained",
                code="run-mismatch",
                path=path,
                hint="choose a new folder with --out",
            )
    late = (
        task.name
        for task in config.tasks
        if not known.issuperset(_names_and_sizes([str(file) for file in task.excluded_files()]))
    )
    return ExcludedFiles(files, sizes, tuple(late))


def read_comparison_record(out: Path) -> dict[str, Any] | None:
    """The record that marks the folder of a comparison; None if it has none."""
    path = out / _COMPARISON_RECORD
    record = read_cell_record(path)
    check_format_version(record, _FORMAT_VERSION, path)
    return record


def write_comparison_record(out: Path, config: Path, excluded: ExcludedFiles) -> None:
    """Record the excluded files, which are fixed once the first model is trained."""
    record = {
        "format_version": _FORMAT_VERSION,
        "babelite_version": __version__,
        "config": str(config.resolve()),
        "excluded": excluded.files,
        "sizes": excluded.sizes,
    }
    write_cell_record(out / _COMPARISON_RECORD, record)


def has_models(out: Path) -> bool:
    """Whether the training of a model has begun in the folder of a comparison."""
    return any((out / "cells").glob("*/*/model"))


def _names_and_sizes(
    files: Sequence[str], sizes: Sequence[int | None] = ()
) -> list[tuple[str, int | None]]:
    """What identifies files when their folder has moved."""
    names = (Path(file).name for file in files)
    return list(zip(names, sizes or _sizes(files), strict=True))


def _sizes(files: Sequence[str]) -> tuple[int | None, ...]:
    return tuple(Path(file).stat().st_size if Path(file).is_file() else None for file in files)
