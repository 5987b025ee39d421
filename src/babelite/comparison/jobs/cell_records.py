"""What a comparison keeps in files: small JSON records, hits as bits."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.comparison.measures import Measure
from babelite.errors import BabeliteError
from babelite.storage import write_text


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a JSON record, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(record, ensure_ascii=False, default=_plain) + "\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """Read a JSON record; None if there is none.

    Raises:
        BabeliteError: It is damaged.
    """
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BabeliteError(
            "is damaged", path=path, hint="delete it and give the command again"
        ) from error
    return record


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a record")


def measure_record(measure: Measure) -> dict[str, Any]:
    """A measure as plain data: right answers as base64 of bits or bytes, cosines as numbers."""
    record: dict[str, Any] = {"value": measure.value, "group": measure.group}
    if measure.right is not None:
        once = measure.repeats == 1
        packed = np.packbits(measure.right) if once else measure.right
        record["right"] = {
            "queries": len(measure.right),
            "repeats": measure.repeats,
            "bits" if once else "bytes": base64.b64encode(packed.tobytes()).decode(),
        }
    if measure.cosines is not None and measure.gold is not None:
        record["cosines"] = measure.cosines.astype(np.float64).round(6).tolist()
        record["gold"] = measure.gold.astype(np.float64).round(6).tolist()
    return record


def read_measure(name: str, record: dict[str, Any]) -> Measure:
    """The measure of a record.

    Example:
        >>> right = np.array([1, 0, 1], np.uint8)
        >>> read_measure("en", measure_record(Measure("en", 2 / 3, "en", right))).right
        array([1, 0, 1], dtype=uint8)
    """

    def floats(key: str) -> NDArray[np.float32] | None:
        return np.array(record[key], np.float32) if key in record else None

    right, repeats = None, 1
    if "right" in record:
        found = record["right"]
        repeats = found["repeats"]
        key = "bits" if repeats == 1 else "bytes"
        right = np.frombuffer(base64.b64decode(found[key]), np.uint8)
        if repeats == 1:
            right = np.unpackbits(right, count=found["queries"])
    return Measure(
        name, record["value"], record["group"], right, repeats, floats("cosines"), floats("gold")
    )
