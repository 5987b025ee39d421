"""Settings of a training run, with their defaults, limits and help texts, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from babelite.errors import BabeliteError
from babelite.storage import explain_validation_error, read_toml
from babelite.training.objective_parser import TEACHER_OBJECTIVES, parse_objective
from babelite.training.teachers.teacher import parse_teacher

# Upper limit of a budget: infinity is not allowed.
_ENDLESS = 1e9


class TrainingConfig(BaseModel):
    """All settings of a training run; the defaults are the preset ``default``.

    Training has up to three phases. The *bag* phase trains token embeddings without layers. The
    *layers* phase trains the whole network, in one round or two. The *similar* phase trains it on
    batches of similar sentences, which are hard to distinguish.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start: str | None = Field(
        None,
        description="Initial encoder: a model folder, or 'babelite' for the packaged model. Its "
        "vocabulary, sizes and weights are used. If it has layers, there is no bag phase, and the "
        "default learning rate is 3e-4.",
    )
    start_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Weight of the initial encoder when averaging weights at the end (Wortsman et "
        "al., 2022). A higher weight forgets less.",
    )
    vocabulary_size: int = Field(32_000, gt=3, description="Pieces in the joint vocabulary.")
    dim: int = Field(256, gt=0, description="Dimensions of the sentence vector.")
    layers: int = Field(2, ge=0, description="Transformer layers; 0 is a bag of tokens.")
    heads: int = Field(4, gt=0, description="Attention heads; must divide the dimensions.")
    hidden_dim: int = Field(512, gt=0, description="Width of the feed-forward layers.")
    max_tokens: int = Field(
        200, gt=0, le=4096, description="Longest sentence in tokens; longer ones are truncated."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of the layers phase.")

    objective: str = Field("align", description="Weighted sum of objectives of the layers phase.")
    teacher: list[str] = Field(
        [],
        description="Encoder whose vectors are learned too: [WEIGHT*][LANGUAGES=]ENCODER, such as "
        "en=sentence-transformers:NAME for one that reads only English. May be repeated. The "
        "objective must contain teach or teach_sim; 10*teach is added to the default objective.",
    )
    similarity: Literal["cosine", "dot"] = Field(
        "cosine",
        description="Similarity of align and sim in the layers phase. The bag phase always uses "
        "the cosine.",
    )
    temperature: float = Field(
        0.08, gt=0, description="Temperature: similarities are divided by it."
    )
    projection: int = Field(
        0,
        ge=0,
        description="Width of a linear projection before align and sim, removed after training; "
        "0: no projection.",
    )

    minutes: float | None = Field(
        None,
        gt=0,
        lt=_ENDLESS,
        description="Time budget of the whole run in minutes; replaces epochs and steps.",
    )
    bag_share: float = Field(0.5, ge=0, le=1, description="Share of --minutes for the bag phase.")
    bag_epochs: float = Field(
        8, ge=0, lt=_ENDLESS, description="Epochs of the bag phase; 0 omits the phase."
    )
    bag_steps: int | None = Field(
        None, ge=0, description="Steps of the bag phase, instead of epochs."
    )
    epochs: float = Field(1, ge=0, lt=_ENDLESS, description="Epochs of the layers phase.")
    steps: int | None = Field(
        None, ge=0, description="Steps of the layers phase, instead of epochs."
    )
    second_round_steps: int = Field(
        0,
        ge=0,
        description="Steps of a second round of the layers phase with its own learning-rate "
        "schedule; not with --minutes.",
    )

    bag_batch_size: int = Field(1024, gt=1, description="Pairs per batch of the bag phase.")
    bag_ngrams: int = Field(
        5,
        ge=0,
        description="Longest character n-grams (from 3) that pieces share in the bag phase, so "
        "that rare pieces learn from similar ones; 0 disables it.",
    )
    bag_learning_rate: float = Field(5e-3, gt=0, description="Peak learning rate, bag phase.")
    batch_size: int = Field(512, gt=1, description="Pairs per batch of the layers phase.")
    batch_tokens: int = Field(
        131_072,
        gt=0,
        description="Maximum tokens per batch of the layers phase; limits the memory.",
    )
    accumulate: int = Field(
        1,
        gt=0,
        description="Batches per step of the layers phase, with averaged gradients. Memory and "
        "negatives of align and sim stay those of one batch.",
    )
    learning_rate: float = Field(1e-3, gt=0, description="Peak learning rate, layers phase.")
    embedding_learning_rate: float | None = Field(
        None,
        ge=0,
        description="Peak learning rate of the token embeddings in the layers phase, if different.",
    )
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty of Adam.")
    amsgrad: bool = Field(False, description="AMSGrad variant of Adam (Reddi et al., 2018).")
    clip_norm: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=True,
        description="Gradient-norm clipping in the layers phase; inf disables it.",
    )
    warmup_steps: int = Field(
        100, ge=0, description="Warm-up steps of the learning rate; at most a tenth of the phase."
    )
    similar_steps: int = Field(
        0,
        ge=0,
        description="Steps of a last phase whose batches are groups of similar sentences (hard "
        "negatives); not with --minutes.",
    )
    similar_learning_rate: float = Field(
        4e-4, gt=0, description="Peak learning rate, similar phase."
    )
    decay: Literal["linear", "step", "none"] = Field(
        "linear",
        description="Learning-rate schedule: linear to zero, step (×0.1 at --decay-epoch), or "
        "none (constant).",
    )
    decay_epoch: float = Field(3, gt=0, description="Epoch of the decay with --decay step.")

    held_out: int = Field(
        1_000, gt=1, description="Pairs of each language pair held out for validation."
    )
    validations: int = Field(6, gt=0, description="Validations per phase, evenly spaced.")
    checkpoint_seconds: float = Field(
        60, gt=0, allow_inf_nan=True, description="Seconds between checkpoints."
    )
    seed: int = Field(
        0, ge=0, lt=1 << 63, description="Random seed of weights, order, masks and held-out pairs."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Device to train on.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Precision of the layers. auto: bfloat16 if the hardware supports it, else "
        "float32. float16 needs a GPU and scales the loss.",
    )
    compile: bool = Field(
        False,
        description="Compile the layers with torch.compile: takes minutes at the start, then "
        "steps are faster.",
    )
    threads: int | None = Field(
        None, gt=0, description="CPU threads per process; by default all cores, shared evenly."
    )

    @model_validator(mode="after")
    def _check(self) -> TrainingConfig:
        teaching = not self.weights.keys().isdisjoint(TEACHER_OBJECTIVES)
        for text in self.teacher:
            parse_teacher(text)
        if teaching != bool(self.teacher):
            raise BabeliteError(
                "--teacher and the objectives teach and teach_sim need each other",
                code="option-missing" if teaching else "option-conflict",
                hint="give --teacher" if teaching else "add 10*teach to --objective",
            )
        if self.dim % self.heads:
            raise BabeliteError(
                f"--dim {self.dim} is not a multiple of --heads {self.heads}",
                code="option-conflict",
                hint="choose --dim as a multiple of --heads",
            )
        if 0 < self.bag_ngrams < 3:
            raise BabeliteError(
                f"--bag-ngrams must be 0 or at least 3 (got {self.bag_ngrams})",
                code="option-invalid",
                hint="choose --bag-ngrams 3 or more, or 0 to disable them",
            )
        if self.start is not None and self.layers and self.has_bag_phase:
            raise BabeliteError(
                "a bag phase would damage an initial encoder with trained layers",
                code="option-conflict",
                hint="omit --bag-epochs, --bag-steps and --bag-share, or omit --start",
            )
        if self.start is None and self.start_share:
            raise BabeliteError(
                "--start-share needs --start",
                code="option-missing",
                hint="omit --start-share, or give --start",
            )
        if self.extra_steps and (self.minutes is not None or not self.has_layers_phase):
            names = " and ".join(f"--{name.replace('_', '-')}" for name in self.extra_steps)
            raise BabeliteError(
                f"{names} needs a layers phase with a budget in steps or epochs",
                code="option-conflict",
                hint=f"omit {names}, or give --steps or --epochs",
            )
        if not (self.has_bag_phase or self.has_layers_phase):
            raise BabeliteError(
                "these options leave no phase to train",
                code="option-conflict",
                hint="set --bag-epochs, or --layers and --epochs, above 0",
            )
        return self

    @property
    def extra_steps(self) -> list[str]:
        """Names of the given options that need a budget in steps or epochs."""
        return [name for name in ("second_round_steps", "similar_steps") if getattr(self, name)]

    @property
    def has_bag_phase(self) -> bool:
        """Whether training begins with a bag phase."""
        if self.minutes is not None:
            return self.bag_share > 0 or self.layers == 0
        return bool(self.bag_epochs if self.bag_steps is None else self.bag_steps)

    @property
    def has_layers_phase(self) -> bool:
        """Whether there is a layers phase."""
        if self.minutes is not None:
            return self.bag_share < 1 and self.layers > 0
        return self.layers > 0 and bool(self.epochs if self.steps is None else self.steps)

    @property
    def trained_objective(self) -> str:
        """The objective that trains the encoder; the bag phase has only some objectives."""
        if self.has_layers_phase or self.weights.keys() <= self.bag_weights.keys():
            return self.objective
        terms = (f"{weight:g}*{name}" for name, weight in self.bag_weights.items())
        return " + ".join(term.removeprefix("1*") for term in terms)

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each objective."""
        return parse_objective(self.objective)

    @property
    def bag_weights(self) -> dict[str, float]:
        """The weight of each objective of the bag phase: `align`, and those of teachers."""
        weights = self.weights
        taught = {name: weights[name] for name in TEACHER_OBJECTIVES if name in weights}
        return {"align": weights.get("align", 1.0) if taught else 1.0} | taught


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
}


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
        preset: ``default``, ``paper`` or ``tiny``.
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
        settings["objective"] = f"{objective} + 10*teach"
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
