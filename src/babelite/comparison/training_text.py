"""Training text of a comparison: source files, samples, excluded files, prepared folders.

Names of folders contain a hash of everything that the content depends on. Models trained on
different text cannot be compared, so the excluded files are fixed once the first model is trained:
a task added later is reported as late, and an addition to ``data.exclude`` is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite._version import __version__
from babelite.comparison.cell_records import read_cell_record, write_cell_record
from babelite.comparison.comparison_file import ComparisonConfig, DataConfig
from babelite.comparison.task_checks import require_input_file
from babelite.corpus import PairSource, parse_source
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_COMPARISON_RECORD = "comparison.json"  # marks the folder of a comparison, lists excluded files
_FORMAT_VERSION = 1
_DIGITS = 8


def training_sources(data: DataConfig, base: Path) -> list[PairSource]:
    """The files of ``data.train``, with paths relative to a folder."""
    sources = []
    for text in data.train:
        source = parse_source(text, data.columns)
        paths = tuple(str(base / path) for path in source.paths)
        for path in paths:
            require_input_file(Path(path), "data.train")
        sources.append(replace(source, paths=paths))
    return sources


def sampled_source(source: PairSource, count: int, folder: Path) -> PairSource:
    """The file, inside a folder of text, for a random sample of a source."""
    digest = _hash(_description(replace(source, weight=1.0)), count)
    file = folder / f"drawn-{count}.{digest}" / f"{source.name}.tsv"
    return replace(source, paths=(str(file),), columns=None, format=None)


def prepared_folder_name(
    languages: str,
    settings: TrainingConfig,
    sources: Sequence[PairSource],
    samples: Mapping[PairSource, PairSource],
    cleaning: tuple[object, ...],
) -> str:
    """The name of a folder of prepared text; runs with identical text share the folder."""
    sizes = (settings.vocabulary_size, settings.max_tokens, settings.held_out)
    files = [(_description(source), samples.get(source, source).paths) for source in sources]
    digest = _hash(files, *cleaning)
    return f"{languages}.{'-'.join(map(str, sizes))}.{digest}"


def _description(source: PairSource) -> object:
    return asdict(source), [Path(path).stat().st_size for path in source.paths]


def _hash(*content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class ExcludedFiles:
    """The files whose sentences are removed from the training text."""

    files: tuple[str, ...] = ()
    sizes: tuple[int | None, ...] = ()  # bytes of each file; None if it did not exist
    late_tasks: tuple[str, ...] = ()  # tasks added after training, whose files are not excluded


def choose_excluded_files(config: ComparisonConfig, path: Path, out: Path) -> ExcludedFiles:
    """The files of ``data.exclude`` and of the tasks; once a model exists, the recorded ones."""
    assert config.data is not None
    of_tasks = {task.name: [str(f) for f in task.excluded_files()] for task in config.tasks}
    record = read_comparison_record(out)
    if record is None or not has_models(out):
        files = tuple(dict.fromkeys(chain(config.data.exclude, *of_tasks.values())))
        return ExcludedFiles(files, _sizes(files))
    files = tuple(record["excluded"])
    # Older versions did not record sizes: assume the files have not changed.
    sizes = tuple(record.get("sizes") or _sizes(files))
    # The folder of the files may have moved.
    known = {(Path(file).name, size) for file, size in zip(files, sizes, strict=True)}

    def is_known(file: str) -> bool:
        return (Path(file).name, *_sizes([file])) in known

    for file in config.data.exclude:
        if not is_known(file):
            raise BabeliteError(
                f"data.exclude: {file} cannot be added or changed after a model has been trained",
                code="run-mismatch",
                path=path,
                hint="choose a new folder with --out",
            )
    late = (task for task, own in of_tasks.items() if not all(map(is_known, own)))
    return ExcludedFiles(files, sizes, tuple(late))


def read_comparison_record(out: Path) -> dict[str, Any] | None:
    """The record that marks the folder of a comparison; None if it has none."""
    return read_cell_record(out / _COMPARISON_RECORD, _FORMAT_VERSION)


def write_comparison_record(out: Path, config: Path, excluded: ExcludedFiles) -> None:
    """Mark the folder of a comparison, and record the excluded files."""
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


def _sizes(files: Sequence[str]) -> tuple[int | None, ...]:
    return tuple(Path(file).stat().st_size if Path(file).is_file() else None for file in files)
