import json
from pathlib import Path
from typing import Any

import pytest

from babelite.errors import BabeliteError
from babelite.plots.learning_curves import read_training_curves, shorten_count


def train(phase: str, step: int, **losses: float) -> dict[str, Any]:
    return {
        "event": "train",
        "phase": phase,
        "step": step,
        "pairs": 1000 * step,
        "seconds": 60.0 * step,
        "losses": losses,
    }


def validation(step: int, **precision: float) -> dict[str, Any]:
    return {
        "event": "validation",
        "phase": "bag",
        "step": step,
        "pairs": 1000 * step,
        "seconds": 60.0 * step,
        "precision_at_1": precision,
        "mean_precision_at_1": sum(precision.values()) / len(precision),
    }


def write(path: Path, *records: dict[str, Any], end: str = "") -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + end)
    return path


def test_records_are_read_as_curves(tmp_path: Path) -> None:
    curves = read_training_curves(
        write(
            tmp_path / "metrics.jsonl",
            {"event": "start", "anything": 1},
            train("bag", 1, align=3.0),
            validation(1, fr=0.5, de=0.7),
            train("bag", 2, align=2.0),
            train("layers", 3, align=1.0, ugt=9.0),
            validation(3, fr=0.6, de=0.8),
        )
    )
    assert curves.losses["align"].minutes.tolist() == [1, 2, 3]
    assert curves.losses["align"].values.tolist() == [3, 2, 1]
    assert curves.losses["ugt"].values.tolist() == [9]
    assert curves.precision["de"].values.tolist() == [0.7, 0.8]
    assert curves.mean_precision.values.tolist() == pytest.approx([0.6, 0.7])
    assert curves.pairs.values.tolist() == [1000, 1000, 2000, 3000, 3000]
    assert curves.phases == ((1.0, "bag"), (3.0, "layers"))


def test_a_truncated_last_line_is_ignored(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", train("bag", 1, align=3.0), end='{"event": "tra')
    assert read_training_curves(path).losses["align"].values.tolist() == [3]


def test_damaged_lines_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"event": "start"}\nnonsense\n{"event": "end"}\n')
    with pytest.raises(BabeliteError, match=r"m\.jsonl, line 2: is not JSON") as refused:
        read_training_curves(path)
    assert refused.value.code == "file-damaged"
    path.write_text('{"event": "start"}\n{"event": "train", "seconds": 1}\n')
    with pytest.raises(BabeliteError, match=r"m\.jsonl, line 2: .*'pairs'"):
        read_training_curves(path)


def test_long_curves_are_averaged(tmp_path: Path) -> None:
    records = [train("bag", step, align=float(step % 2)) for step in range(1, 3001)]
    curve = read_training_curves(write(tmp_path / "m.jsonl", *records)).losses["align"].smoothed()
    assert len(curve.values) == 150
    assert curve.values.tolist() == [0.5] * 150
    assert curve.minutes[0] == pytest.approx(10.5)


def test_counts_are_short() -> None:
    counts = [1_234_567, 12_345_678, 123_456, 789]
    assert [shorten_count(count) for count in counts] == ["1.2 M", "12.3 M", "123 k", "789"]
