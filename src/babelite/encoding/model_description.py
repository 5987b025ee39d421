"""`ModelDescription`: the validated contents of a model folder's ``babelite.json``.

Plain dataclasses validate themselves: importing pydantic would take a quarter of the time that a
program waits for its first vector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath
from types import UnionType
from typing import Any, Literal, TypeVar, get_args

from babelite._version import __version__

FORMAT_VERSION = 1

Precision = Literal["int8", "float32"]

_Record = TypeVar("_Record")


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """One source of the sentence pairs that a model was trained on.

    Attributes:
        languages: The two language codes, for example ``("en", "fr")``.
        source: A file name, or the name of a corpus.
        license: The licence of the text as its source states it, if known.
    """

    languages: tuple[str, str]
    source: str
    pairs: int
    license: str | None = None

    def __post_init__(self) -> None:
        two = _are_strings(self.languages) and len(self.languages) == 2
        _require(two, "languages", "two codes")
        _require(isinstance(self.source, str), "source", "a string")
        _require(_is_count(self.pairs, least=0), "pairs", "a number of pairs (0 or more)")
        _require(isinstance(self.license, str | None), "license", "a string")


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The contents of ``babelite.json``. A ValueError names a field with a wrong value.

    Attributes:
        languages: Language codes, in the order of training.
        dim: Components of a sentence vector.
        max_tokens: The maximum length of a sentence in tokens; the rest is cut off.
        parameters: The number of trained parameters of the encoder.
        objective: The training objective, as `babelite train --objective` takes it.
        data: The training data.
        matryoshka: Sizes below `dim` to which vectors may be cut (the first components, scaled to
            unit length); empty if the model was not trained for it.
        metrics: Results by name, for example ``{"P@1 en-fr": 0.94}``.
        precision: The ONNX graph that `babelite.Encoder` runs by default.
        license: SPDX identifier of the licence of the weights, if the owner has given one.
        notes: Markdown for the end of the model card: training, evaluation, limitations.
        created: When the folder was written.
        babelite_version: The version that wrote it.
        format_version: The layout of the folder; raised when old readers would misread a new one.
        files: The SHA-256 of every other file, by its name relative to the folder, with ``/``.
    """

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    name: str
    languages: tuple[str, ...]
    dim: int
    max_tokens: int
    parameters: int
    objective: str
    data: tuple[TrainingData, ...] = ()
    matryoshka: tuple[int, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    precision: Precision
    license: str | None = None
    notes: str = ""
    created: datetime
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("format_version", "dim", "max_tokens", "parameters"):
            _require(_is_count(getattr(self, name)), name, "a whole number above zero")
        for name in ("babelite_version", "objective", "notes"):
            _require(isinstance(getattr(self, name), str), name, "a string")
        _require(_are_strings((self.name,)), "name", "a non-empty string")
        _require(_are_strings(self.languages), "languages", "language codes")
        sizes = (0, *self.matryoshka, self.dim)
        rises = all(map(_is_count, sizes[1:])) and all(a < b for a, b in pairwise(sizes))
        _require(rises, "matryoshka", f"rising sizes below {self.dim}")
        _require(self.precision in get_args(Precision), "precision", "int8 or float32")
        _require(isinstance(self.license, str | None), "license", "a string")
        _require(_is_mapping(self.metrics, int | float), "metrics", "an object of numbers")
        _require(_is_mapping(self.files, str), "files", "an object of checksums")
        _require(all(map(_is_inside, self.files)), "files", "files inside the folder")

    @classmethod
    def from_json_object(cls, values: object) -> ModelDescription:
        """Build a description from the parsed JSON of `to_json`; ValueError names a wrong field."""
        if not isinstance(values, dict):
            raise ValueError("the file: should be a JSON object")
        data = values.get("data", [])
        _require(isinstance(data, list), "data", "a list")
        plain = values | {
            "languages": _tuple(values.get("languages")),
            "matryoshka": _tuple(values.get("matryoshka", ())),
            "data": tuple(map(_source, data)),
            "created": _date_time(values.get("created")),
        }
        return _record(cls, plain)

    def to_json(self) -> str:
        """The description as indented JSON, with a final newline."""
        values = asdict(self) | {"created": self.created.isoformat()}
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _record(kind: type[_Record], values: Mapping[str, Any]) -> _Record:
    """Build a dataclass from its fields; unknown and missing fields raise a ValueError."""
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        _require(name in known, name, "left out (the field is unknown)")
    try:
        return kind(**values)
    except TypeError as error:  # names the fields that are missing
        raise ValueError(str(error).partition(" ")[2]) from error


def _source(item: object) -> TrainingData:
    if not isinstance(item, dict):
        raise ValueError("data: should be objects")
    return _record(TrainingData, item | {"languages": _tuple(item.get("languages"))})


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _date_time(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError("created: should be a date and time in ISO 8601")
    # Python 3.10 does not know the Z of UTC.
    return datetime.fromisoformat(text.removesuffix("Z") + "+00:00" * text.endswith("Z"))


def _require(valid: bool, name: str, expected: str) -> None:
    if not valid:
        raise ValueError(f"{name}: should be {expected}")


def _is_count(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_strings(values: object) -> bool:
    if not isinstance(values, tuple) or not values:
        return False
    return all(isinstance(value, str) and value for value in values)


def _is_mapping(value: object, kind: type | UnionType) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, kind) for item in value.values())


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not (path.is_absolute() or ".." in path.parts or "\\" in name)
