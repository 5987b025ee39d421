"""Training settings of a compared system: its options, and its share of the budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite.comparison.comparison_file import BudgetConfig, ComparisonConfig, SystemConfig
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig


def training_settings(
    system: SystemConfig,
    config: ComparisonConfig,
    seed: int,
    path: Path,
    data: Path | None = None,
) -> TrainingConfig:
    """The training settings of a system: ``[training]``, its own options, seed and budget.

    Model folders of teachers are relative to ``data``, by default the folder of the file ``path``.
    """
    from babelite.training import make_config

    base = {} if system.preset else dict(config.training)
    preset = str(system.preset or base.pop("preset", "default"))
    options = base | system.options
    if not options.get("layers", 1) and "objective" not in system.options:
        options.pop("objective", None)  # the common objective applies to systems with layers only
    assert config.budget is not None
    try:
        if "teacher" in options:
            options["teacher"] = _absolute_teachers(options["teacher"], data or path.parent)
        plain = make_config(preset, None, options)
        budget = split_budget(config.budget, plain)
        return make_config(preset, None, options | {"seed": seed} | budget)
    except BabeliteError as error:
        problem = f"the system {system.name!r}: {error.problem}"
        hint = "fix [training] or the system; babelite train --help lists the options"
        raise BabeliteError(problem, code=error.code, path=path, hint=hint) from error


def _absolute_teachers(teachers: Any, data: Path) -> Any:  # noqa: ANN401 - not validated yet
    """Teachers, with absolute paths of model folders."""
    from babelite.training import parse_teacher

    if isinstance(teachers, str):
        teachers = [teachers]
    if not isinstance(teachers, list) or not all(isinstance(text, str) for text in teachers):
        return teachers  # an error of `make_config`
    absolute = []
    for text in teachers:
        spec = parse_teacher(text).spec
        folder = (data / spec).resolve()
        absolute.append(f"{text.strip().removesuffix(spec)}{folder}" if folder.is_dir() else text)
    return absolute


def split_budget(budget: BudgetConfig, plain: TrainingConfig) -> dict[str, Any]:
    """Convert the budget of a model to training options: the length of each phase.

    If a system has a bag phase and layers, pairs and steps are split in the ratio of ``bag_epochs``
    to ``epochs``, and minutes by ``bag_share``.
    """
    if plain.start is not None:
        problem = "start is not allowed: all systems share one vocabulary"
        hint = "remove start, or compare that encoder as one of [[encoders]]"
        raise BabeliteError(problem, code="option-conflict", hint=hint)
    if plain.extra_steps:
        names = " and ".join(plain.extra_steps)
        problem = f"{names} would exceed the budget"
        raise BabeliteError(problem, code="option-conflict", hint=f"remove {names}")
    bag, layers = _phase_ratio(plain)
    if budget.minutes is not None:
        share = 1.0 if not layers else plain.bag_share if bag else 0.0
        return {"minutes": budget.minutes, "bag_share": share}
    share = bag / (bag + layers)
    if budget.epochs is not None:
        return {"bag_epochs": share * budget.epochs, "epochs": (1 - share) * budget.epochs}
    if budget.pairs is not None:
        bag_steps = share * budget.pairs / plain.bag_batch_size
        steps = (1 - share) * budget.pairs / pairs_per_step(plain)
    else:
        assert budget.steps is not None
        bag_steps, steps = share * budget.steps, (1 - share) * budget.steps
    counts = {"bag_steps": bag_steps, "steps": steps}
    return {name: max(1, round(count)) if count else 0 for name, count in counts.items()}


def pairs_per_step(config: TrainingConfig) -> int:
    """Pairs per step of the layers phase, if no long batch is split."""
    return config.batch_size * config.accumulate


def _phase_ratio(plain: TrainingConfig) -> tuple[float, float]:
    """The lengths of the bag phase and the layers phase, in pairs."""
    if plain.layers == 0:
        return 1.0, 0.0
    if not plain.has_bag_phase:
        return 0.0, 1.0
    if plain.bag_steps is not None and plain.steps is not None:
        return plain.bag_steps * plain.bag_batch_size, plain.steps * pairs_per_step(plain)
    return plain.bag_epochs, plain.epochs
