"""What a model folder says of itself: the contents of its ``babelite.json``.

Plain dataclasses that check themselves: most programs wait for a model to open before they do
anything else, and a library for such checks would be a quarter of that wait.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar, get_args

from babelite._version import __version__

FORMAT_VERSION = 1

Precision = Literal["int8", "float32"]

_Record = TypeVar("_Record")


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """One source of the sentence pairs a model has learned from.

    Attributes:
        languages: The two language codes, for example ``("en", "fr")``.
        source: Where the pairs came from: a file name, or the name of a corpus.
        pairs: How many pairs were used.
        license: The licence of the text, as its source states it, where that is known.

    Raises:
        ValueError: A value of the wrong kind; names the field.
    """

    languages: tuple[str, str]
    source: str
    pairs: int
    license: str | None = None

    def __post_init__(self) -> None:
        _require(_are_texts(self.languages) and len(self.languages) == 2, "languages", "two codes")
        _require(isinstance(self.source, str), "source", "a text")
        _require(_is_count(self.pairs, least=0), "pairs", "a number of pairs")
        _require(isinstance(self.license, str | None), "license", "a text")


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """The contents of ``babelite.json``.

    Attributes:
        name: What the model is called.
        languages: Language codes, in the order of training.
        dim: Components of a sentence vector.
        max_tokens: The tokens of a sentence that count; what follows is cut off.
        parameters: Trained numbers in the encoder.
        objective: What it was trained for, as `babelite train --objective` takes it.
        data: What it was trained on.
        metrics: Results by name, for example ``{"P@1 en-fr": 0.94}``.
        precision: Which graph `babelite.Encoder` runs unless told otherwise.
        license: An SPDX identifier of the licence of the weights, where the owner has given one.
        notes: Markdown for the end of the card: how it was made and measured, what it is bad at.
        created: When the folder was written.
        babelite_version: The version that wrote it.
        format_version: The layout of the folder; raised when old readers would misread a new one.
        files: The SHA-256 of every other file, by its name relative to the folder, with ``/``.

    Raises:
        ValueError: A value of the wrong kind, or a file outside the folder; names the field.
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
            _require(isinstance(getattr(self, name), str), name, "a text")
        _require(_are_texts((self.name,)), "name", "a text that is not empty")
        _require(_are_texts(self.languages), "languages", "language codes")
        _require(self.precision in get_args(Precision), "precision", "int8 or float32")
        _require(isinstance(self.license, str | None), "license", "a text")
        _require(isinstance(self.metrics, Mapping), "metrics", "numbers by name")
        numbers = [isinstance(value, int | float) for value in self.metrics.values()]
        _require(all(numbers), "metrics", "numbers by name")
        _require(isinstance(self.files, Mapping), "files", "checksums by name")
        for name, checksum in self.files.items():
            _require(_is_inside(name), "files", "files inside the folder")
            _require(isinstance(checksum, str), "files", "checksums by name")

    @classmethod
    def from_plain(cls, values: object) -> ModelDescription:
        """The description that the JSON of `to_json` holds.

        Raises:
            ValueError: It holds none; says which field is wrong.
        """
        if not isinstance(values, dict):
            raise ValueError("the file: should be a JSON object")
        data = values.get("data", [])
        _require(isinstance(data, list), "data", "a list")
        plain = values | {
            "languages": _tuple(values.get("languages")),
            "data": tuple(map(_source, data)),
            "created": _moment(values.get("created")),
        }
        return _record(cls, plain)

    def to_json(self) -> str:
        """The description as indented JSON, with a line break at its end."""
        values = asdict(self) | {"created": self.created.isoformat()}
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _record(kind: type[_Record], values: Mapping[str, Any]) -> _Record:
    """Make a dataclass of plain values, of which none is left over."""
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        _require(name in known, name, "left out: there is no such field")
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


def _moment(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError("created: should be a moment as ISO 8601 writes it")
    # Python 3.10 does not know the Z of UTC.
    return datetime.fromisoformat(text.removesuffix("Z") + "+00:00" * text.endswith("Z"))


def _require(holds: bool, name: str, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{name}: should be {wanted}")


def _is_count(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_texts(values: object) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) > 0
        and all(isinstance(value, str) and value for value in values)
    )


def _is_inside(name: object) -> bool:
    if not isinstance(name, str):
        return False
    path = PurePosixPath(name)
    return bool(path.parts) and not (path.is_absolute() or ".." in path.parts or "\\" in name)
