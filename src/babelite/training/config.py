"""Settings of a training run, with their defaults, limits and help texts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from babelite.errors import BabeliteError
from babelite.machine import MAX_THREADS
from babelite.training.objective_parser import TEACHER_OBJECTIVES, parse_objective
from babelite.training.teachers.teacher import Teacher, parse_teacher

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
    vocabulary_size: int = Field(
        32_000, gt=3, le=1_000_000, description="Pieces in the joint vocabulary."
    )
    dim: int = Field(256, gt=0, le=8192, description="Dimensions of the sentence vector.")
    layers: int = Field(2, ge=0, le=128, description="Transformer layers; 0 is a bag of tokens.")
    heads: int = Field(4, gt=0, le=1024, description="Attention heads; must divide the dimensions.")
    hidden_dim: int = Field(512, gt=0, le=65_536, description="Width of the feed-forward layers.")
    max_tokens: int = Field(
        200, gt=0, le=4096, description="Longest sentence in tokens; longer ones are truncated."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of the layers phase.")

    objective: str = Field("align", description="Weighted sum of objectives of the layers phase.")
    teacher: list[str] = Field(
        [],
        description="Encoder whose vectors are learned too: [WEIGHT*][LANGUAGES=]ENCODER, such as "
        "en=sentence-transformers:NAME for one that reads only English. May be repeated. The "
        "objective must contain teach or teach_sim; the default objective gets "
        "10*teach + 2*teach_sim.",
    )
    teacher_processes: int = Field(
        1,
        gt=0,
        le=1024,
        description="Processes that encode with teachers, each with one thread; 1: this process, "
        "with all threads of the teacher. For many teachers, two processes of one thread are "
        "faster than one of two.",
    )
    teacher_minutes: float | None = Field(
        None,
        gt=0,
        lt=_ENDLESS,
        description="Time for which each teacher encodes, in minutes. The sentences that are left "
        "have no teacher's vector. By default all sentences are encoded.",
    )
    teacher_license: list[str] = Field(
        [],
        description="Licence of a teacher, for the model card. May be repeated, in the order of "
        "--teacher.",
    )
    mono_share: float = Field(
        0.5,
        gt=0,
        le=100,
        description="Sentences of --mono in a batch, for each sentence of a pair. Their losses are "
        "weighted by it, so that every sentence counts the same.",
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
        le=8192,
        description="Width of a linear projection before align and sim, removed after training; "
        "0: no projection.",
    )

    matryoshka: list[int] = Field(
        [],
        description="Sizes below --dim, such as 64,128: sentence-level objectives also train the "
        "first components alone, so that vectors may be cut to these sizes.",
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

    bag_batch_size: int = Field(
        1024, gt=1, le=1 << 20, description="Pairs per batch of the bag phase."
    )
    bag_ngrams: int = Field(
        5,
        ge=0,
        le=20,
        description="Longest character n-grams (from 3) that pieces share in the bag phase, so "
        "that rare pieces learn from similar ones; 0 disables it.",
    )
    bag_learning_rate: float = Field(5e-3, gt=0, description="Peak learning rate, bag phase.")
    batch_size: int = Field(
        512, gt=1, le=1 << 20, description="Pairs per batch of the layers phase."
    )
    batch_tokens: int = Field(
        131_072,
        gt=0,
        le=1 << 28,
        description="Maximum tokens per batch of the layers phase; limits the memory.",
    )
    accumulate: int = Field(
        1,
        gt=0,
        le=65_536,
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
        None,
        gt=0,
        le=MAX_THREADS,
        description="CPU threads per process; by default all cores, shared evenly.",
    )

    @field_validator("teacher", "teacher_license", mode="before")
    @classmethod
    def _read_one(cls, value: object) -> object:
        """A single value, as a TOML file may have it."""
        return [value] if isinstance(value, str) else value

    @field_validator("matryoshka", mode="before")
    @classmethod
    def _read_sizes(cls, value: object) -> object:
        """Sizes as the command line has them: numbers separated by commas."""
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_teachers(self) -> TrainingConfig:
        teaching = not self.weights.keys().isdisjoint(TEACHER_OBJECTIVES)
        if teaching != bool(self.teachers):
            raise BabeliteError(
                "--teacher and the objectives teach and teach_sim need each other",
                code="option-missing" if teaching else "option-conflict",
                hint="give --teacher" if teaching else "add 10*teach + 2*teach_sim to --objective",
            )
        if len(self.teacher_license) > len(self.teachers):
            raise BabeliteError(
                "there are more licences of teachers than teachers",
                code="option-conflict",
                hint="give --teacher-license once for each --teacher",
            )
        return self

    @model_validator(mode="after")
    def _check(self) -> TrainingConfig:
        if self.dim % self.heads:
            raise BabeliteError(
                f"--dim {self.dim} is not a multiple of --heads {self.heads}",
                code="option-conflict",
                hint="choose --dim as a multiple of --heads",
            )
        sizes = (0, *self.matryoshka, self.dim)
        if any(left >= right for left, right in pairwise(sizes)):
            raise BabeliteError(
                f"--matryoshka {','.join(map(str, self.matryoshka))} does not rise to below --dim "
                f"{self.dim}",
                code="option-invalid",
                hint="give sizes in rising order, each below --dim, for example 64,128",
            )
        if self.matryoshka and self.projection:
            raise BabeliteError(
                "--matryoshka and --projection exclude each other",
                code="option-conflict",
                hint="omit one of them",
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

    def decisive_settings(self) -> dict[str, Any]:
        """The settings that affect the result of a run, for its record."""
        return self.model_dump(exclude={"teacher_processes"})

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
    def teachers(self) -> list[Teacher]:
        """The teachers of `teacher`."""
        return [replace(parse_teacher(text), minutes=self.teacher_minutes) for text in self.teacher]

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
