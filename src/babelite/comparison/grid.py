"""The grid of a comparison: one cell per model (system, seed and language pair) or encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from babelite.comparison.comparison_file import (
    ComparisonConfig,
    EncoderConfig,
    read_comparison_file,
)
from babelite.comparison.task_checks import require_task_files
from babelite.comparison.task_metrics import LanguageScope
from babelite.comparison.training_settings import training_settings
from babelite.comparison.training_text import (
    ExcludedFiles,
    choose_excluded_files,
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
    """One model to evaluate: trained here, or an existing encoder."""

    system: str  # name of the system or encoder in tables
    languages: str  # en-fr, or ``all`` for a joint model; empty for an existing encoder
    seed: int | None  # of training; None for an existing encoder
    scope: LanguageScope  # language pairs to evaluate on
    folder: Path
    sources: tuple[PairSource, ...] = ()  # training text; empty for an existing encoder
    text: Path | None = None  # folder of the prepared text
    config: TrainingConfig | None = None  # training settings; None for an existing encoder
    encoder: EncoderConfig | None = None  # the existing encoder; None for a trained model

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
    """A comparison with all paths and settings resolved."""

    config: ComparisonConfig
    path: Path  # the TOML file
    out: Path  # the output folder
    cells: tuple[ComparisonCell, ...]  # ordered by seed; existing encoders last
    samples: tuple[tuple[PairSource, PairSource], ...]  # source files, and the files of samples
    excluded: ExcludedFiles  # their sentences are removed from the training text

    @property
    def cleaning(self) -> Cleaning:
        """How the training text is cleaned."""
        assert self.config.data is not None
        return Cleaning(exclude=self.excluded.files, max_words=self.config.data.max_words)


def read_comparison(path: Path, out: Path, data: Path | None = None) -> ComparisonGrid:
    """Read a comparison, check every setting and file, and lay out the cells; writes nothing.

    Args:
        path: The TOML file; ``docs/comparison.md`` describes it.
        out: The output folder.
        data: The folder that file names in the TOML file are relative to; default: its own folder.

    Raises:
        BabeliteError: The TOML file or a setting is invalid, a file is missing, or the output
            folder has models whose training text does not exclude a file of ``data.exclude``.
        MissingExtraError: A system is to be trained, but the extra ``train`` is not installed.
    """
    if data is not None and not data.is_dir():
        problem = "there is no such folder"
        raise BabeliteError(problem, code="folder-not-found", path=data, hint="check --data")
    base, out = (data or path.parent).resolve(), out.resolve()
    config = read_comparison_file(path, base)
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
    cells = list(_trained_cells(grid, models, scope, base))
    for encoder in config.encoders:
        folder = out / "encoders" / file_name(encoder.name)
        cells.append(ComparisonCell(encoder.name, "", None, scope, folder, encoder=encoder))
    return replace(grid, cells=tuple(cells))


def _trained_cells(
    grid: ComparisonGrid,
    models: Mapping[str, tuple[PairSource, ...]],
    scope: LanguageScope,
    base: Path,
) -> Iterator[ComparisonCell]:
    config, out, samples = grid.config, grid.out, dict(grid.samples)
    each = config.models == "each"
    for seed in config.seeds:
        for system in config.systems:
            settings = training_settings(system, config, seed, grid.path, base)
            exclusion = (asdict(grid.cleaning), grid.excluded.sizes)
            for languages, sources in models.items():
                text = prepared_folder_name(languages, settings, sources, samples, exclusion)
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
                problem = f"{other} and {name!r} would have the same file name"
                hint = "choose names that differ in letters or digits"
                raise BabeliteError(problem, code="option-conflict", path=path, hint=hint)
