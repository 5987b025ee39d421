"""JSON records of a comparison: written atomically, query results packed as bits or bytes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.comparison.metrics import Metric
from babelite.errors import BabeliteError
from babelite.storage import write_text


def write_cell_record(path: Path, record: dict[str, Any]) -> None:
    """Write a JSON record atomically; its folder is created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(record, ensure_ascii=False, default=_plain) + "\n")


def read_cell_record(path: Path) -> dict[str, Any] | None:
    """Read a JSON record; None if the file does not exist."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BabeliteError(
            "is damaged: it is not valid JSON",
            code="file-damaged",
            path=path,
            hint="delete it and run the command again",
        ) from error
    return record


def error_file(job: Path) -> Path:
    """The file in which a job records why it failed."""
    return job.with_suffix(".error.json")


def write_error(job: Path, status: str, error: str) -> None:
    """Record why a job ``failed`` or was ``skipped``."""
    write_cell_record(error_file(job), {"state": status, "error": error})


def _plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """A metric as plain data: correct answers as base64 of bits or bytes, cosines as numbers."""
    record: dict[str, Any] = {"value": metric.value, "group": metric.group}
    if metric.correct is not None:
        single = metric.trials == 1
        packed = np.packbits(metric.correct) if single else metric.correct
        record["right"] = {
            "queries": len(metric.correct),
            "repeats": metric.trials,
            "bits" if single else "bytes": base64.b64encode(packed.tobytes()).decode(),
        }
    if metric.cosines is not None and metric.gold is not None:
        record["cosines"] = metric.cosines.astype(np.float64).round(6).tolist()
        record["gold"] = metric.gold.astype(np.float64).round(6).tolist()
    return record


def metric_from_json(name: str, record: dict[str, Any]) -> Metric:
    """The metric of a record.

    Example:
        >>> correct = np.array([1, 0, 1], np.uint8)
        >>> metric_from_json("en", metric_to_json(Metric("en", 2 / 3, "en", correct))).correct
        array([1, 0, 1], dtype=uint8)
    """

    def floats(key: str) -> NDArray[np.float32] | None:
        return np.array(record[key], np.float32) if key in record else None

    correct, trials = None, 1
    if "right" in record:
        packed = record["right"]
        trials = packed["repeats"]
        key = "bits" if trials == 1 else "bytes"
        correct = np.frombuffer(base64.b64decode(packed[key]), np.uint8)
        if trials == 1:
            correct = np.unpackbits(correct, count=packed["queries"])
    return Metric(
        name, record["value"], record["group"], correct, trials, floats("cosines"), floats("gold")
    )
