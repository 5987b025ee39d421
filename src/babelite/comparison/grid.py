"""The cells of a comparison: which model is trained on what, with which settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite.comparison.compared_encoders import is_reserved
from babelite.comparison.comparison_file import (
    BudgetConfig,
    ComparisonConfig,
    EncoderConfig,
    SystemConfig,
)
from babelite.comparison.exclusions import Exclusions, choose_exclusions
from babelite.comparison.measures import Scope
from babelite.comparison.task_checks import require_files
from babelite.comparison.training_texts import drawn_from, prepared_folder, training_sources
from babelite.corpus import Cleaning, PairSource
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

# Pictures that are of no task, by the names of their files.
PICTURES = ("cost", "curves", "matrices", "map")


@dataclass(frozen=True)
class Cell:
    """One model: of a system trained with one seed on one text, or of an encoder as it comes.

    Attributes:
        system: Its name in tables.
        languages: ``en-fr``, ``all`` for a joint model; empty for an encoder as it comes.
        seed: The seed; None for an encoder as it comes.
        scope: The language pairs that it is measured on.
        folder: Where it is kept.
        sources: The text; none for an encoder as it comes.
        text: The folder of the prepared text.
        config: The settings of training; None for an encoder as it comes.
        encoder: What is opened, for an encoder as it comes.
    """

    system: str
    languages: str
    seed: int | None
    scope: Scope
    folder: Path
    sources: tuple[PairSource, ...] = ()
    text: Path | None = None
    config: TrainingConfig | None = None
    encoder: EncoderConfig | None = None

    @property
    def title(self) -> str:
        """One line that tells it from the others."""
        if self.seed is None:
            return self.system
        return f"{self.system}, {self.languages}, seed {self.seed}"

    @property
    def model(self) -> Path:
        """The model folder of a trained system."""
        return self.folder / "model"


@dataclass(frozen=True)
class Grid:
    """A comparison with everything resolved.

    Attributes:
        config: The comparison, its paths resolved.
        path: The file that it was read from.
        out: Where it is kept.
        cells: All cells: those of the first seed first, then those of the next.
        draws: Files of which a number of pairs is drawn, and where they go.
        exclusions: What is not trained on.
    """

    config: ComparisonConfig
    path: Path
    out: Path
    cells: tuple[Cell, ...]
    draws: tuple[tuple[PairSource, PairSource], ...]
    exclusions: Exclusions

    @property
    def cleaning(self) -> Cleaning:
        """How the text is cleaned."""
        assert self.config.data is not None
        return Cleaning(exclude=self.exclusions.files, max_words=self.config.data.max_words)


def make_grid(config: ComparisonConfig, path: Path, out: Path, data: Path | None = None) -> Grid:
    """Resolve paths, check every setting and lay out the cells.

    Args:
        config: The comparison.
        path: The file that it was read from, for errors and for relative paths.
        out: The folder of the results.
        data: The folder that relative paths start from; that of the file if not given.

    Returns:
        The grid.

    Raises:
        BabeliteError: A file is missing, a system has an option that does not exist or is not
            allowed, or models are trained already on text that does not leave out what it should.
        MissingExtraError: Systems are to be trained without the extra ``train``.
    """
    base, out = (data or path.parent).resolve(), out.resolve()
    config = _placed(config, base)
    require_files(config.tasks)
    _require_different_files(config, path)
    draws: dict[PairSource, PairSource] = {}
    exclusions = Exclusions()
    groups: dict[str, tuple[PairSource, ...]] = {}
    scope = Scope()
    if config.data is not None and config.systems:
        sources = training_sources(config.data, base)
        if config.data.pairs is not None:
            draws = {s: drawn_from(s, config.data.pairs, out / "text") for s in sources}
        exclusions = choose_exclusions(config, path, out)
        groups = {"all": tuple(sources)}
        if config.models == "each":
            names = dict.fromkeys(source.name for source in sources)
            groups = {name: tuple(s for s in sources if s.name == name) for name in names}
            scope = Scope(tuple(group[0].languages for group in groups.values()))
        else:
            codes = dict.fromkeys(code for source in sources for code in source.languages)
            scope = Scope(tuple(combinations(codes, 2)))
    grid = Grid(config, path, out, (), tuple(draws.items()), exclusions)
    trained = _trained(grid, groups, scope)
    return replace(grid, cells=(*trained, *_as_they_come(config, out, scope)))


def _trained(
    grid: Grid, groups: Mapping[str, tuple[PairSource, ...]], scope: Scope
) -> Iterator[Cell]:
    config, out, draws = grid.config, grid.out, dict(grid.draws)
    each = config.models == "each"
    for seed in config.seeds:
        for system in config.systems:
            settings = settings_of(system, config, seed, grid.path)
            for name, sources in groups.items():
                text = prepared_folder(
                    name, settings, sources, draws, grid.cleaning, grid.exclusions
                )
                yield Cell(
                    system=system.name,
                    languages=name,
                    seed=seed,
                    scope=Scope((sources[0].languages,)) if each else scope,
                    folder=out / "cells" / file_name(system.name) / f"{name}.seed-{seed}",
                    sources=tuple(draws.get(source, source) for source in sources),
                    text=out / "text" / text,
                    config=settings,
                )


def _as_they_come(config: ComparisonConfig, out: Path, scope: Scope) -> Iterator[Cell]:
    for encoder in config.encoders:
        folder = out / "encoders" / file_name(encoder.name)
        yield Cell(encoder.name, "", None, scope, folder, encoder=encoder)


def _placed(config: ComparisonConfig, base: Path) -> ComparisonConfig:
    """The comparison with every path taken from a folder."""
    changes: dict[str, Any] = {"tasks": tuple(task.placed(base) for task in config.tasks)}
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


def settings_of(
    system: SystemConfig, config: ComparisonConfig, seed: int, path: Path
) -> TrainingConfig:
    """The settings of a system's training: its options, with its part of the budget.

    Args:
        system: The system.
        config: The comparison.
        seed: The seed.
        path: The file that the comparison was read from, for errors.

    Raises:
        BabeliteError: An option does not exist or is not allowed.
    """
    from babelite.training import make_config

    base = {} if system.preset else dict(config.training)
    preset = str(system.preset or base.pop("preset", "default"))
    options = base | system.options
    if not options.get("layers", 1) and "objective" not in system.options:
        options.pop("objective", None)  # that of all systems is for those that have layers
    assert config.budget is not None
    try:
        plain = make_config(preset, None, options)
        return make_config(preset, None, options | {"seed": seed} | share_out(config.budget, plain))
    except BabeliteError as error:
        raise BabeliteError(
            f"the system {system.name!r}: {error.problem}",
            path=path,
            hint="mend [training] or the system; babelite train --help lists the options",
        ) from error


def share_out(budget: BudgetConfig, plain: TrainingConfig) -> dict[str, Any]:
    """Turn the budget of a model into steps of its phases.

    A system with a bag phase and layers shares pairs and steps out as its ``bag_epochs`` stand to
    its ``epochs``, and minutes by its ``bag_share``.

    Args:
        budget: What the model gets.
        plain: Its settings.

    Returns:
        Options of training.

    Raises:
        BabeliteError: The system has a phase that no budget knows of, or starts from an encoder.
    """
    if plain.start is not None:
        raise BabeliteError(
            "the systems share one vocabulary, and start would bring another",
            hint="leave out start, or measure that encoder as one of [[encoders]]",
        )
    if plain.extra_steps:
        names = " and ".join(plain.extra_steps)
        raise BabeliteError(f"{names} would come on top of the budget", hint=f"leave out {names}")
    bag, layers = _proportion(plain)
    if budget.minutes is not None:
        share = 1.0 if not layers else plain.bag_share if bag else 0.0
        return {"minutes": budget.minutes, "bag_share": share}
    share = bag / (bag + layers)
    if budget.epochs is not None:
        return {"bag_epochs": share * budget.epochs, "epochs": (1 - share) * budget.epochs}
    if budget.pairs is not None:
        steps = {
            "bag_steps": share * budget.pairs / plain.bag_batch_size,
            "steps": (1 - share) * budget.pairs / pairs_per_step(plain),
        }
    else:
        assert budget.steps is not None
        steps = {"bag_steps": share * budget.steps, "steps": (1 - share) * budget.steps}
    return {name: max(1, round(count)) if count else 0 for name, count in steps.items()}


def pairs_per_step(config: TrainingConfig) -> int:
    """How many pairs a step of the layers phase takes, unless long batches are cut."""
    return config.batch_size * config.accumulate


def _proportion(plain: TrainingConfig) -> tuple[float, float]:
    """How the bag phase stands to the layers, by pairs."""
    if plain.layers == 0:
        return 1.0, 0.0
    if not plain.has_bag_phase:
        return 0.0, 1.0
    if plain.bag_steps is not None and plain.steps is not None:
        return plain.bag_steps * plain.bag_batch_size, plain.steps * pairs_per_step(plain)
    return plain.bag_epochs, plain.epochs


def file_name(name: str) -> str:
    """A name as a folder can be called.

    Example:
        >>> file_name("ugt + 2*align")
        'ugt-+-2-align'
    """
    return re.sub(r"[^\w+.-]+", "-", name).strip("-.") or "-"


def _require_different_files(config: ComparisonConfig, path: Path) -> None:
    tasks = [task.name for task in config.tasks]
    for names, taken in ((config.names, ()), (tasks, PICTURES)):
        files = {name: f"the picture {name!r}" for name in taken}
        for name in names:
            other = files.setdefault(file_name(name).lower(), repr(name))
            if other != repr(name):
                raise BabeliteError(
                    f"{other} and {name!r} would share a file",
                    path=path,
                    hint="let the names differ in letters or digits",
                )
