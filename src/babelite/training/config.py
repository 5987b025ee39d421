"""One validated description of a training run, and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from babelite.errors import BabeliteError
from babelite.storage import explain_validation_error, read_toml
from babelite.training.objective_parser import parse_objective

# A budget must have an end.
_ENDLESS = 1e9


class TrainingConfig(BaseModel):
    """Everything that decides what a training run does, apart from its data.

    The defaults are the preset ``default``. Training has up to three phases: a *bag* phase without
    layers, which teaches the vocabulary quickly, a *layers* phase of the whole network, in one
    round or two, and a *similar* phase on batches that are hard to tell apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start: str | None = Field(
        None,
        description="Model folder of an encoder to train on, or 'babelite' for the packaged one: "
        "its vocabulary, sizes and weights. If it has layers: no bag phase, and a learning rate of "
        "3e-4, with which little is forgotten, if none is given.",
    )
    start_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="What of that encoder is kept at the end: its share in the mean of its weights "
        "and the trained ones (Wortsman et al., 2022). More of it forgets less.",
    )
    vocabulary_size: int = Field(32_000, gt=3, description="Pieces in the joint vocabulary.")
    dim: int = Field(256, gt=0, description="Width of the sentence vector.")
    layers: int = Field(2, ge=0, description="Transformer layers; 0 is a token bag.")
    heads: int = Field(4, gt=0, description="Attention heads; divides the width.")
    hidden_dim: int = Field(512, gt=0, description="Width of the feed-forward layers.")
    max_tokens: int = Field(200, gt=0, le=4096, description="Longest sentence, in tokens.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout while layers are trained.")

    objective: str = Field("align", description="Weighted sum of objectives of the layers phase.")
    similarity: Literal["cosine", "dot"] = Field(
        "cosine",
        description="How align and sim compare sentence vectors in the layers phase; the bag phase "
        "always compares by cosine.",
    )
    temperature: float = Field(0.08, gt=0, description="What similarities are divided by.")
    projection: int = Field(
        0, ge=0, description="Width of a map before align and sim, thrown away afterwards; 0: none."
    )

    minutes: float | None = Field(
        None,
        gt=0,
        lt=_ENDLESS,
        description="Wall-clock budget of the whole run; replaces epochs and steps.",
    )
    bag_share: float = Field(
        0.5, ge=0, le=1, description="Share of the minutes that the bag phase gets."
    )
    bag_epochs: float = Field(
        8, ge=0, lt=_ENDLESS, description="Passes of the bag phase; 0 leaves it out."
    )
    bag_steps: int | None = Field(None, ge=0, description="Steps of the bag phase, not epochs.")
    epochs: float = Field(1, ge=0, lt=_ENDLESS, description="Passes of the layers phase.")
    steps: int | None = Field(None, ge=0, description="Steps of the layers phase, not epochs.")
    second_round_steps: int = Field(
        0,
        ge=0,
        description="Steps of a second round of the layers phase, the rate rising and falling "
        "anew; not with a budget in minutes.",
    )

    bag_batch_size: int = Field(1024, gt=1, description="Pairs in a batch of the bag phase.")
    bag_ngrams: int = Field(
        5,
        ge=0,
        description="Pieces share their character n-grams of 3 to so many letters in the bag "
        "phase, so that rare ones learn from others; 0: each learns alone.",
    )
    bag_learning_rate: float = Field(5e-3, gt=0, description="Highest rate of the bag phase.")
    batch_size: int = Field(512, gt=1, description="Pairs in a batch of the layers phase.")
    batch_tokens: int = Field(
        131_072,
        gt=0,
        description="Most tokens in a batch of the layers phase; it bounds the memory.",
    )
    accumulate: int = Field(
        1,
        gt=0,
        description="Batches of the layers phase that make one step, their gradients averaged. "
        "Memory stays that of one batch, and so do the negatives of align and sim.",
    )
    learning_rate: float = Field(1e-3, gt=0, description="Highest rate of the layers phase.")
    embedding_learning_rate: float | None = Field(
        None, ge=0, description="Rate of the token embeddings in the layers phase, if another."
    )
    weight_decay: float = Field(0.0, ge=0, description="Adam's L2 penalty.")
    amsgrad: bool = Field(False, description="Adam's variant of Reddi et al. (2018).")
    clip_norm: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=True,
        description="Longest gradient of the layers phase; inf: of any length.",
    )
    warmup_steps: int = Field(
        100,
        ge=0,
        description="Steps until the rate is at its highest; a tenth of the phase at the most.",
    )
    similar_steps: int = Field(
        0,
        ge=0,
        description="Steps of a last phase whose batches are groups of similar sentences, which "
        "are hard to tell apart; not with a budget in minutes.",
    )
    similar_learning_rate: float = Field(4e-4, gt=0, description="Highest rate of that phase.")
    decay: Literal["linear", "step", "none"] = Field(
        "linear", description="How the rate falls: evenly to nothing, ×0.1 at an epoch, not."
    )
    decay_epoch: float = Field(3, gt=0, description="When decay is 'step': the epoch.")

    held_out: int = Field(
        1_000, gt=1, description="Pairs of each language pair kept for validation."
    )
    validations: int = Field(6, gt=0, description="Validations in each phase, evenly spread.")
    checkpoint_seconds: float = Field(
        60,
        gt=0,
        allow_inf_nan=True,
        description="Time between checkpoints, which a killed run continues from.",
    )
    seed: int = Field(
        0, ge=0, lt=1 << 63, description="Decides weights, order, masks and held-out pairs."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to train.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="bfloat16 where the machine multiplies it quickly, else float32; float16 is "
        "for GPUs alone, with scaled gradients.",
    )
    compile: bool = Field(
        False,
        description="Compile the layers with torch.compile: minutes at the start for faster steps.",
    )
    threads: int | None = Field(
        None,
        gt=0,
        description="CPU threads of each process; if not given, all cores, shared evenly.",
    )

    @model_validator(mode="after")
    def _check(self) -> TrainingConfig:
        parse_objective(self.objective)
        if self.dim % self.heads:
            raise BabeliteError(
                f"a width of {self.dim} cannot be shared by {self.heads} heads",
                hint="choose --dim as a multiple of --heads",
            )
        if 0 < self.bag_ngrams < 3:
            raise BabeliteError(
                f"n-grams of 3 to {self.bag_ngrams} letters are none",
                hint="choose --bag-ngrams 3 or more, or 0 to share none",
            )
        if self.start is not None and self.layers and self.has_bag_phase:
            raise BabeliteError(
                "a bag phase would spoil an encoder whose layers are trained",
                hint="leave out --bag-epochs, --bag-steps and --bag-share, or --start",
            )
        if self.start is None and self.start_share:
            raise BabeliteError(
                "without an encoder to start from none can be kept",
                hint="leave out --start-share, or give --start",
            )
        if self.extra_steps and (self.minutes is not None or not self.has_layers_phase):
            names = " and ".join(f"--{name.replace('_', '-')}" for name in self.extra_steps)
            raise BabeliteError(
                f"{names} can only follow layers that are trained by steps or epochs",
                hint=f"leave out {names}, or give --steps or --epochs",
            )
        if not (self.has_bag_phase or self.has_layers_phase):
            raise BabeliteError(
                "these options leave nothing to be trained",
                hint="give a number above 0 to --bag-epochs, or to --layers and --epochs",
            )
        return self

    @property
    def extra_steps(self) -> list[str]:
        """The given options of steps that neither a clock nor a budget shares out."""
        return [name for name in ("second_round_steps", "similar_steps") if getattr(self, name)]

    @property
    def has_bag_phase(self) -> bool:
        """Whether training begins without layers."""
        if self.minutes is not None:
            return self.bag_share > 0 or self.layers == 0
        return bool(self.bag_epochs if self.bag_steps is None else self.bag_steps)

    @property
    def has_layers_phase(self) -> bool:
        """Whether the whole network is trained."""
        if self.minutes is not None:
            return self.bag_share < 1 and self.layers > 0
        return self.layers > 0 and bool(self.epochs if self.steps is None else self.steps)

    @property
    def trained_objective(self) -> str:
        """What the encoder is taught: without the layers phase `align` alone."""
        if self.has_layers_phase or list(self.weights) == ["align"]:
            return self.objective
        return "align"

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each objective."""
        return parse_objective(self.objective)


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Mao et al. (2021), section 4, and the code of its authors; clipping is ours.
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
    # For trying things: seconds, not minutes.
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
}


# How an encoder that has layers is trained on.
_GENTLE = {"bag_epochs": 0, "bag_share": 0, "learning_rate": 3e-4}

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
    """Build a configuration: the preset, changed by a file, changed by options.

    Args:
        preset: ``default``, ``paper`` or ``tiny``.
        file: A TOML file of options.
        options: Options by name; those that are None are left alone.

    Returns:
        The validated configuration.

    Raises:
        BabeliteError: Unknown preset or option, a value that is not allowed, no encoder to start
            from, or other sizes than it has.

    Example:
        >>> make_config("tiny", options={"layers": 1}).layers
        1
    """
    if preset not in PRESETS:
        raise BabeliteError(
            f"there is no preset {preset!r}", hint=f"choose one of {', '.join(PRESETS)}"
        )
    given = {name: value for name, value in (options or {}).items() if value is not None}
    from_file = (
        read_toml(Path(file), hint="write one option a line, as in: dim = 256")
        if file is not None
        else {}
    )
    start = given.get("start", from_file.get("start"))
    sizes = {} if start is None else _sizes_of(str(start))
    gentle = _GENTLE if sizes.get("layers") else {}
    settings = _merge(PRESETS[preset], sizes | gentle, from_file, given)
    for name, size in sizes.items():
        if settings[name] != size:
            raise BabeliteError(
                f"{start} has {name} = {size}, and keeps it",
                hint=f"leave out --{name.replace('_', '-')}, or --start",
            )
    try:
        config = TrainingConfig(**settings)
    except ValidationError as error:
        raise explain_validation_error(
            error,
            settings,
            code="option-invalid",
            path=file if {*error.errors()[0]["loc"]} & from_file.keys() else None,
            hint="see: babelite train --help",
            noun="option",
        ) from error
    # That of a preset is for those who train layers, and says nothing to others.
    if "objective" in from_file | given and config.trained_objective != config.objective:
        raise BabeliteError(
            f"the objective {config.objective!r} is of the layers, which are not trained",
            path=None if "objective" in given else file,
            hint="choose --objective align, or train the layers too",
        )
    return config


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
