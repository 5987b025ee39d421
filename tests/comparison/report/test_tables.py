"""Numbers and words of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from babelite.comparison.report.tables import (
    format_bytes,
    format_count,
    format_duration,
    format_p_value,
    format_score,
    verdict,
)


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (format_p_value, 0.0123, "0.012"),
        (format_p_value, 0.00001, "< 0.001"),
        (format_duration, 42, "42 s"),
        (format_duration, 75, "1.2 min"),
        (format_duration, 7_500, "2.1 h"),
        (format_count, 1_234_567, "1.23 M"),
        (format_count, 12_345, "12,345"),
        (format_count, 789, "789"),
        (format_bytes, 9_600_000, "9.6 MB"),
        (format_bytes, 416_000_000, "416 MB"),
    ],
)
def test_numbers_are_rounded_and_have_a_unit(
    write: Callable[[float], str], value: float, written: str
) -> None:
    assert write(value) == written


@pytest.mark.parametrize(
    ("row", "written"),
    [
        (None, "–"),
        ({"value": 0.5, "spread": None, "low": None, "high": None}, "50.0"),
        (
            {"value": 0.912, "spread": 0.004, "low": 0.89, "high": 0.931},
            "91.2 ± 0.4 (89.0–93.1)",
        ),
    ],
)
def test_a_score_has_its_deviation_and_interval(
    row: Mapping[str, Any] | None, written: str
) -> None:
    assert format_score(row) == written


@pytest.mark.parametrize(
    ("value", "p", "words"),
    [
        (0.02, 0.001, "better"),
        (-0.02, 0.001, "worse"),
        (0.02, 0.05, "no significant difference"),
    ],
)
def test_the_verdict_on_a_difference(value: float, p: float, words: str) -> None:
    assert verdict({"value": value, "corrected_p_value": p}) == words
