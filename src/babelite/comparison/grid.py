"""The grid of a comparison: one cell per model (system, seed and language pair) or encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite.comparison.compared_encoders import is_reserved
from babelite.comparison.comparison_file import (
    ComparisonConfig,
    EncoderConfig,
    read_comparison_file,
)
from babelite.comparison.excluded_files import ExcludedFiles, choose_excluded_files
from babelite.comparison.metrics import LanguageScope
from babelite.comparison.task_checks import require_task_files
from babelite.comparison.training_settings import training_settings
from babelite.comparison.training_text import (
    prepared_folder_name,
    sampled_source,
    training_sources,
)
from babelite.corpus import Cleaning, PairSource
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

# File names of the charts that belong to no task: names that no task may have.
_CHARTS = ("cost", "curves", "matrices", "map")


@dataclass(frozen=True)
class ComparisonCell:
    """One model to evaluate: trained here, or an existing encoder.

    Attributes:
        system: Name of the system or encoder in tables.
        languages: ``en-fr``, or ``all`` for a joint model; empty for an existing encoder.
        seed: Training seed; None for an existing encoder.
        scope: Language pairs to evaluate on.
        folder: Folder of the cell.
        sources: Training text; empty for an existing encoder.
        text: Folder of the prepared text.
        config: Training settings; None for an existing encoder.
        encoder: The existing encoder; None for a trained model.
    """

    system: str
    languages: str
    seed: int | None
    scope: LanguageScope
    folder: Path
    sources: tuple[PairSource, ...] = ()
    text: Path | None = None
    config: TrainingConfig | None = None
    encoder: EncoderConfig | None = None

    @property
    def title(self) -> str:
        """System, languages and seed in one line."""
        if self.seed is None:
            return self.system
        return f"{self.system}, {self.languages}, seed {self.seed}"

    @property
    def model(self) -> Path:
        """The model folder of a trained system."""
        return self.folder / "model"


@dataclass(frozen=True)
class ComparisonGrid:
    """A comparison with all paths and settings resolved.

    Attributes:
        config: The comparison, its paths resolved.
        path: The file of the configuration.
        out: The output folder.
        cells: All cells, ordered by seed; existing encoders last.
        samples: Source files that are sampled, each with the file of its sample.
        excluded: Files whose sentences are removed from the training text.
    """

    config: ComparisonConfig
    path: Path
    out: Path
    cells: tuple[ComparisonCell, ...]
    samples: tuple[tuple[PairSource, PairSource], ...]
    excluded: ExcludedFiles

    @property
    def cleaning(self) -> Cleaning:
        """How the training text is cleaned."""
        assert self.config.data is not None
        return Cleaning(exclude=self.excluded.files, max_words=self.config.data.max_words)


def read_comparison(path: Path, out: Path, data: Path | None = None) -> ComparisonGrid:
    """Read a comparison from its TOML file, check every setting and file, and lay out the cells.

    Args:
        path: The TOML file; ``docs/comparison.md`` describes it.
        out: The output folder.
        data: The folder that file names in the TOML file are relative to; default: its own folder.

    Returns:
        The grid; nothing is written.

    Raises:
        BabeliteError: The TOML file or a setting is invalid, a file is missing, or the output
            folder has models whose training text does not exclude a file of ``data.exclude``.
        MissingExtraError: A system is to be trained, but the extra ``train`` is not installed.
    """
    if data is not None and not data.is_dir():
        raise BabeliteError(
            "there is no such folder", code="folder-not-found", path=data, hint="check --data"
        )
    base, out = (data or path.parent).resolve(), out.resolve()
    config = _resolve_paths(read_comparison_file(path), base)
    require_task_files(config.tasks)
    _require_distinct_file_names(config, path)
    samples: dict[PairSource, PairSource] = {}
    excluded = ExcludedFiles()
    models: dict[str, tuple[PairSource, ...]] = {}
    scope = LanguageScope()
    if config.data is not None and config.systems:
        sources = training_sources(config.data, base)
        if config.data.pairs is not None:
            samples = {s: sampled_source(s, config.data.pairs, out / "text") for s in sources}
        excluded = choose_excluded_files(config, path, out)
        models = {"all": tuple(sources)}
        if config.models == "each":
            names = dict.fromkeys(source.name for source in sources)
            models = {name: tuple(s for s in sources if s.name == name) for name in names}
            scope = LanguageScope(tuple(model[0].languages for model in models.values()))
        else:
            codes = dict.fromkeys(code for source in sources for code in source.languages)
            scope = LanguageScope(tuple(combinations(codes, 2)))
    grid = ComparisonGrid(config, path, out, (), tuple(samples.items()), excluded)
    cells = (*_trained_cells(grid, models, scope), *_encoder_cells(config, out, scope))
    return replace(grid, cells=cells)


def _trained_cells(
    grid: ComparisonGrid, models: Mapping[str, tuple[PairSource, ...]], scope: LanguageScope
) -> Iterator[ComparisonCell]:
    config, out, samples = grid.config, grid.out, dict(grid.samples)
    each = config.models == "each"
    for seed in config.seeds:
        for system in config.systems:
            settings = training_settings(system, config, seed, grid.path)
            for languages, sources in models.items():
                text = prepared_folder_name(
                    languages, settings, sources, samples, grid.cleaning, grid.excluded
                )
                yield ComparisonCell(
                    system=system.name,
                    languages=languages,
                    seed=seed,
                    scope=LanguageScope((sources[0].languages,)) if each else scope,
                    folder=out / "cells" / file_name(system.name) / f"{languages}.seed-{seed}",
                    sources=tuple(samples.get(source, source) for source in sources),
                    text=out / "text" / text,
                    config=settings,
                )


def _encoder_cells(
    config: ComparisonConfig, out: Path, scope: LanguageScope
) -> Iterator[ComparisonCell]:
    for encoder in config.encoders:
        folder = out / "encoders" / file_name(encoder.name)
        yield ComparisonCell(encoder.name, "", None, scope, folder, encoder=encoder)


def _resolve_paths(config: ComparisonConfig, base: Path) -> ComparisonConfig:
    changes: dict[str, Any] = {"tasks": tuple(task.resolve_paths(base) for task in config.tasks)}
    if config.data is not None:
        exclude = tuple(str(base / file) for file in config.data.exclude)
        changes["data"] = config.data.model_copy(update={"exclude": exclude})
    changes["encoders"] = tuple(
        entry.model_copy(update={"encoder": str(base / entry.encoder)})
        if not is_reserved(entry.encoder) and (base / entry.encoder).is_dir()
        else entry
        for entry in config.encoders
    )
    return config.model_copy(update=changes)


def file_name(name: str) -> str:
    """The file or folder name for a system or task.

    Example:
        >>> file_name("ugt + 2*align")
        'ugt-+-2-align'
    """
    return re.sub(r"[^\w+.-]+", "-", name).strip("-.") or "-"


def _require_distinct_file_names(config: ComparisonConfig, path: Path) -> None:
    tasks = [task.name for task in config.tasks]
    for names, reserved in ((config.names, ()), (tasks, _CHARTS)):
        files = {name: f"the chart {name!r}" for name in reserved}
        for name in names:
            other = files.setdefault(file_name(name).lower(), repr(name))
            if other != repr(name):
                raise BabeliteError(
                    f"{other} and {name!r} would have the same file name",
                    code="option-conflict",
                    path=path,
                    hint="choose names that differ in letters or digits",
                )
