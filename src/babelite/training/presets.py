"""Presets of training, and `make_config`, which merges a preset, a file and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from babelite.errors import BabeliteError
from babelite.storage import explain_validation_error, read_toml
from babelite.training.config import TrainingConfig

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Mao et al. (2021), section 4, and its authors' code; gradient clipping is an addition.
    "paper": {
        "vocabulary_size": 50_000,
        "dim": 512,
        "heads": 8,
        "hidden_dim": 1024,
        "dropout": 0.1,
        "objective": "ugt + 2*align + 2*sim",
        "similarity": "dot",
        "temperature": 1.0,
        "bag_epochs": 0,
        "bag_share": 0,
        "epochs": 12,
        "batch_size": 128,
        "learning_rate": 1e-3,
        "weight_decay": 1e-5,
        "amsgrad": True,
        "warmup_steps": 2_000,
        "decay": "step",
        "decay_epoch": 3,
        "held_out": 10_000,
        "validations": 48,
    },
    # For trials: takes seconds.
    "tiny": {
        "vocabulary_size": 2_000,
        "dim": 64,
        "heads": 2,
        "hidden_dim": 128,
        "bag_steps": 200,
        "bag_batch_size": 256,
        "steps": 50,
        "batch_size": 128,
        "warmup_steps": 20,
        "held_out": 200,
        "validations": 4,
    },
    # Half an hour with one teacher, which encodes for a third of the time.
    "distill": {"minutes": 30, "teacher_minutes": 10},
}


# What a teacher adds to the default objective.
_TEACHING = "10*teach + 2*teach_sim"

# Defaults for an initial encoder with layers.
_START_DEFAULTS = {"bag_epochs": 0, "bag_share": 0, "learning_rate": 3e-4}

# Options of a layer of settings, and the budgets of earlier layers that they replace.
_REPLACED_BUDGETS: dict[str, tuple[str, ...]] = {
    "epochs": ("steps", "minutes"),
    "steps": ("minutes",),
    "bag_epochs": ("bag_steps", "minutes"),
    "bag_steps": ("minutes",),
}


def make_config(
    preset: str = "default",
    file: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> TrainingConfig:
    """Build a configuration from a preset, a file and options; the later ones take precedence.

    Args:
        preset: ``default``, ``paper``, ``tiny`` or ``distill``.
        file: A TOML file of options.
        options: Options by name; those that are None are ignored.

    Raises:
        BabeliteError: A preset, an option or a value is not allowed, or sizes differ from those of
            the initial encoder.

    Example:
        >>> make_config("tiny", options={"layers": 1}).layers
        1
    """
    if preset not in PRESETS:
        raise BabeliteError(
            f"there is no preset {preset!r}",
            code="option-invalid",
            hint=f"choose one of {', '.join(PRESETS)}",
        )
    given = {name: value for name, value in (options or {}).items() if value is not None}
    from_file = (
        read_toml(Path(file), hint="write one option per line, for example: dim = 256")
        if file is not None
        else {}
    )
    start = given.get("start", from_file.get("start"))
    sizes = {} if start is None else _sizes_of(str(start))
    defaults = _START_DEFAULTS if sizes.get("layers") else {}
    settings = _merge(PRESETS[preset], sizes | defaults, from_file, given)
    for name, size in sizes.items():
        if settings[name] != size:
            raise BabeliteError(
                f"the initial encoder {start} has {name} = {size}, which cannot be changed",
                code="option-conflict",
                hint=f"omit --{name.replace('_', '-')}, or --start",
            )
    if settings.get("teacher") and "objective" not in from_file | given:
        objective = settings.get("objective", TrainingConfig.model_fields["objective"].default)
        settings["objective"] = f"{objective} + {_TEACHING}"
    config = _validate(settings, file, from_file)
    # The objective of a preset is ignored without layers; one that was given is not.
    if "objective" in from_file | given and config.trained_objective != config.objective:
        raise BabeliteError(
            f"the objective {config.objective!r} needs a layers phase, and there is none",
            code="option-conflict",
            path=None if "objective" in given else file,
            hint="choose --objective align, or train the layers",
        )
    return config


def _validate(
    settings: dict[str, Any], file: str | Path | None, from_file: Mapping[str, Any]
) -> TrainingConfig:
    """Create the configuration; an error names the file if the option is from the file."""
    try:
        return TrainingConfig(**settings)
    except ValidationError as error:
        raise explain_validation_error(
            error,
            settings,
            code="option-invalid",
            path=file if {*error.errors()[0]["loc"]} & from_file.keys() else None,
            hint="see: babelite train --help",
            noun="option",
        ) from error


def _merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge layers of settings; a later layer overrides the earlier ones.

    A phase has one budget, so an option can also remove options of other names from earlier layers
    (`_REPLACED_BUDGETS`). A bag phase of 0 steps or epochs is omitted: it removes no minutes, and
    gives them all to the layers.
    """
    settings: dict[str, Any] = {}
    bag_share = TrainingConfig.model_fields["bag_share"].default
    for layer in layers:
        for name in layer:
            for replaced in _REPLACED_BUDGETS.get(name, ()):
                if not (replaced == "minutes" and name.startswith("bag") and _bag(layer) == 0):
                    settings.pop(replaced, None)
        settings |= layer
        bag_share = _bag_share(layer, bag_share)
    if settings.get("minutes") is not None:
        settings["bag_share"] = bag_share
    return settings


def _bag(layer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - not validated yet
    """The steps or epochs that a layer of settings gives to the bag phase."""
    return layer.get("bag_steps", layer.get("bag_epochs"))


def _bag_share(layer: Mapping[str, Any], earlier: Any) -> Any:  # noqa: ANN401 - not validated yet
    """The bag phase's share of the minutes, as given or as implied by steps and epochs."""
    if "bag_share" in layer:
        return layer["bag_share"]
    if _bag(layer) == 0:
        return 0
    if layer.get("steps", layer.get("epochs")) == 0:
        return 1
    if _bag(layer) is not None and earlier == 0:
        return TrainingConfig.model_fields["bag_share"].default
    return earlier


def _sizes_of(start: str) -> dict[str, int]:
    # Imports torch, which no other option needs.
    from babelite.training.warm_start import open_initial_encoder

    return open_initial_encoder(start).sizes()
