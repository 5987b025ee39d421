"""Whose sentences no system is trained on: settled with the first model, the same for all others.

Systems that were trained on different text could not be compared, so what is added later comes too
late, and is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from babelite.comparison.comparison_file import ComparisonConfig
from babelite.comparison.jobs.cell_records import read_record
from babelite.errors import BabeliteError

MARK = "comparison.json"


@dataclass(frozen=True)
class Exclusions:
    """What the training text leaves out.

    Attributes:
        files: Files whose sentences are not trained on.
        sizes: How large each was; None if it was not there.
        late: The tasks that came after the first model, to whose text their sentences may belong.
    """

    files: tuple[str, ...] = ()
    sizes: tuple[int | None, ...] = ()
    late: tuple[str, ...] = ()


def choose_exclusions(config: ComparisonConfig, path: Path, out: Path) -> Exclusions:
    """Find what the training text leaves out: by the configuration, or as before.

    Args:
        config: The comparison, its paths resolved.
        path: The file that it was read from, for errors.
        out: The folder of the results.

    Returns:
        The files of ``data.exclude`` and of the tasks, or, once there is a model, those of its
        text.

    Raises:
        BabeliteError: ``data.exclude`` has a file that the text of models there does not leave out.
    """
    assert config.data is not None
    record = read_record(out / MARK)
    if record is None or not has_models(out):
        of_tasks = [str(file) for task in config.tasks for file in task.kept_out()]
        files = tuple(dict.fromkeys([*config.data.exclude, *of_tasks]))
        return Exclusions(files, _sizes(files))
    files = tuple(record["excluded"])
    # A version that did not write down the sizes took the files for what they were.
    sizes = tuple(record.get("sizes") or _sizes(files))
    known = set(_named(files, sizes))
    for file, described in zip(config.data.exclude, _named(config.data.exclude), strict=True):
        if described not in known:
            raise BabeliteError(
                f"data.exclude: models are trained already, on text that may hold that of {file}",
                path=path,
                hint="name a new folder with --out",
            )
    late = (
        task.name
        for task in config.tasks
        if not known.issuperset(_named([str(file) for file in task.kept_out()]))
    )
    return Exclusions(files, sizes, tuple(late))


def has_models(out: Path) -> bool:
    """Whether the training of a model has begun in the folder of a comparison."""
    return any((out / "cells").glob("*/*/model"))


def _named(files: Sequence[str], sizes: Sequence[int | None] = ()) -> list[tuple[str, int | None]]:
    """Files as they are known again wherever they lie."""
    names = (Path(file).name for file in files)
    return list(zip(names, sizes or _sizes(files), strict=True))


def _sizes(files: Sequence[str]) -> tuple[int | None, ...]:
    return tuple(Path(file).stat().st_size if Path(file).is_file() else None for file in files)
