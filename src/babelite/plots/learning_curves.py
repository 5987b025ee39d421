"""Learning curves: read the training log (metrics.jsonl) and draw losses and P@1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from babelite.errors import BabeliteError
from babelite.plots.theme import Theme
from babelite.storage import read_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

# Longer curves are averaged to this many points, to reduce noise.
_POINTS = 150
_PHASES = {"bag": "token bag", "layers": "layers on", "similar": "similar sentences"}


@dataclass(frozen=True)
class LearningCurve:
    """A quantity measured during training: minutes (n,), rising, and values (n,)."""

    minutes: NDArray[np.float64]
    values: NDArray[np.float64]

    def smoothed(self) -> LearningCurve:
        """The curve averaged to at most 150 points."""
        parts = min(len(self.minutes), _POINTS)
        return LearningCurve(
            np.array([part.mean() for part in np.array_split(self.minutes, parts)]),
            np.array([part.mean() for part in np.array_split(self.values, parts)]),
        )


@dataclass(frozen=True)
class TrainingCurves:
    """Learning curves of a training run."""

    losses: Mapping[str, LearningCurve]  # of each objective
    precision: Mapping[str, LearningCurve]  # P@1 (0 to 1) of each language pair, held out
    mean_precision: LearningCurve  # mean over the language pairs
    pairs: LearningCurve  # number of sentence pairs trained on
    phases: Sequence[tuple[float, str]]  # start of each phase in minutes, and its name


def read_training_curves(path: str | Path) -> TrainingCurves:
    """Read the training log ``metrics.jsonl``, one JSON object a line; curves may be empty.

    Other records are ignored, and so is a truncated last line, which a killed run may leave.

    Raises:
        BabeliteError: A line is not JSON, or a record lacks a field; names file and line.
    """
    collected = _Collected()
    for number, record in _records(path):
        try:
            collected.add(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, number, f"has a missing or invalid field ({error})") from error
    return collected.curves()


def _records(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    broken: int | None = None
    for number, line in enumerate(read_lines(path), start=1):
        if broken is not None:
            raise _damaged(path, broken, "is not JSON")
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            broken = number
            continue
        if isinstance(record, dict):
            yield number, record


class _Collected:
    """Collects records into curves."""

    def __init__(self) -> None:
        self._losses: dict[str, list[tuple[float, float]]] = {}
        self._precision: dict[str, list[tuple[float, float]]] = {}
        self._mean: list[tuple[float, float]] = []
        self._pairs: list[tuple[float, float]] = []
        self._phases: list[tuple[float, str]] = []

    def add(self, record: Mapping[str, Any]) -> None:
        event = record.get("event")
        if event not in ("train", "validation"):
            return
        minutes = float(record["seconds"]) / 60
        self._pairs.append((minutes, float(record["pairs"])))
        if event == "validation":
            self._mean.append((minutes, float(record["mean_precision_at_1"])))
            for name, value in record["precision_at_1"].items():
                self._precision.setdefault(name, []).append((minutes, float(value)))
            return
        if not self._phases or self._phases[-1][1] != record["phase"]:
            self._phases.append((minutes, str(record["phase"])))
        for name, value in record["losses"].items():
            self._losses.setdefault(name, []).append((minutes, float(value)))

    def curves(self) -> TrainingCurves:
        return TrainingCurves(
            losses={name: _curve(points) for name, points in self._losses.items()},
            precision={name: _curve(points) for name, points in self._precision.items()},
            mean_precision=_curve(self._mean),
            pairs=_curve(self._pairs),
            phases=tuple(self._phases),
        )


def draw_losses(axes: Axes, curves: TrainingCurves, theme: Theme) -> None:
    """Draw the loss of every objective over the minutes of training."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    for name, curve in curves.losses.items():
        smooth = curve.smoothed()
        axes.plot(
            smooth.minutes, smooth.values, label=f"{name}: {smooth.values[-1]:.3g} at the end"
        )
    if all((curve.values > 0).all() for curve in curves.losses.values()):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Training loss of each objective")
    axes.set_ylabel("loss (nats)")
    _label_time_axis(axes, curves, theme)


def draw_precision(axes: Axes, curves: TrainingCurves, theme: Theme) -> None:
    """Draw P@1 on held-out pairs over the minutes of training."""
    lines: list[tuple[str, LearningCurve, float, str | None]] = [
        (name, curve, 1.5, None) for name, curve in curves.precision.items()
    ]
    if len(lines) > 1:
        lines.append(("mean", curves.mean_precision, 3.0, theme.ink))
    for name, curve, width, colour in lines:
        axes.plot(
            curve.minutes,
            100 * curve.values,
            color=colour,
            linewidth=width,
            marker="o",
            markersize=2 * width,
            label=f"{name}: {curve.values.max():.1%} at best",
        )
    axes.set_ylim(top=min(axes.get_ylim()[1], 101))
    axes.set_title("Retrieval of held-out sentence pairs")
    axes.set_ylabel("P@1 (%)")
    _label_time_axis(axes, curves, theme)


def _label_time_axis(axes: Axes, curves: TrainingCurves, theme: Theme) -> None:
    """Label the x axis with minutes, the top with pairs trained on, and mark the phases."""
    axes.set_xlabel("minutes of training")
    axes.set_xlim(0, 1.03 * max(curves.pairs.minutes[-1], 1e-3))
    for minutes, phase in curves.phases[1:]:
        axes.axvline(minutes, color=theme.ink, linestyle="--", linewidth=1)
        axes.annotate(
            _PHASES.get(phase, phase),
            (minutes, 0.03),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize="small",
        )
    ticks = [minutes for minutes in axes.get_xticks() if 0 < minutes <= curves.pairs.minutes[-1]]
    pairs = np.interp(ticks, curves.pairs.minutes, curves.pairs.values)
    top = axes.secondary_xaxis("top")
    top.set_ticks(ticks, [shorten_count(count) for count in pairs], fontsize="small")
    top.set_xlabel("pairs trained on", fontsize="small")
    axes.legend(loc="best", fontsize="small")


def shorten_count(count: float) -> str:
    """Format a count in a few characters: 1.2 M, 123 k, 789."""
    if count >= 1e6:
        return f"{count / 1e6:.3g} M" if count >= 1e7 else f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e3 else f"{count:.0f}"


def _curve(points: Sequence[tuple[float, float]]) -> LearningCurve:
    columns = np.array(points, dtype=np.float64).reshape(-1, 2)
    return LearningCurve(columns[:, 0], columns[:, 1])


def _damaged(path: str | Path, line: int, problem: str) -> BabeliteError:
    return BabeliteError(
        problem,
        code="file-damaged",
        path=path,
        line=line,
        hint="give a metrics.jsonl written by training",
    )
