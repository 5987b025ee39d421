"""Charts of a comparison, drawn from ``results.json``: ranking, cost, curves, sentence maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from babelite.comparison.report.aggregation import MEAN
from babelite.comparison.report.chart_labels import format_x_as_integers, label_points
from babelite.comparison.report.tables import (
    SIGNIFICANT,
    Results,
    columns,
    format_bytes,
    format_duration,
    rank,
    unit,
)
from babelite.plots import Theme, ThemedImage, themed_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE_STYLES = ("-", "--", ":")
_WIDTH = 10.5  # inches of a chart with the width of the page
_SIZE = (6.8, 4.8)  # inches of other charts
_PER_ROW = 4  # small charts side by side


def comparison_charts(results: Results) -> dict[str, list[ThemedImage]]:
    """The charts that belong to no task, by the name of their files."""
    trained = dict.fromkeys(run["languages"] for run in results["runs"] if run["curve"])
    text = "P@1 on held-out pairs of {} against training pairs"
    return {
        "cost": _trade_off_charts(results),
        "curves": [_chart(partial(_draw_curves, results, of), text.format(of)) for of in trained],
        "matrices": _small_charts(results, _draw_matrix, "Similarity matrices"),
        "map": _small_charts(results, _draw_map, "Maps of sentences and translations"),
    }


def task_charts(results: Results, task: Mapping[str, Any]) -> list[ThemedImage]:
    """The ranking of a task, and the differences from the reference."""
    ranked = rank(results, task)
    size = (7.0, 1.3 + 0.32 * max(3, len(ranked)))
    images = []
    if ranked:
        means = ", ".join(f"{name} {100 * value:.1f}" for name, value in ranked)
        description = f"{task['name']}, {unit(task)}: {means}"
        images.append(_chart(partial(_draw_ranking, results, task), description, size))
    if any(row["task"] == task["name"] for row in results["differences"]):
        description = f"{task['name']}: differences from {results['reference']}, 95 % intervals"
        images.append(_chart(partial(_draw_differences, results, task), description, size))
    return images


def _trade_off_charts(results: Results) -> list[ThemedImage]:
    """Quality against speed and size, and against training time."""
    quality = mean_of_tasks(results)
    if not quality:
        return []
    means = ", ".join(f"{name} {value:.1f}" for name, value in quality.items())
    description = f"Mean of all tasks against sentences encoded per second: {means}"
    images = [_chart(partial(_draw_speed, results), description)]
    if any(results["cost"][name]["training_seconds"] for name in quality):
        description = "Mean of all tasks against minutes of training"
        images.append(_chart(partial(_draw_training_time, results), description))
    return images


def _chart(
    draw: Callable[[Axes, Theme], None], description: str, size: tuple[float, float] = _SIZE
) -> ThemedImage:
    return themed_image(lambda figure, theme: draw(figure.add_subplot(), theme), description, size)


def _small_charts(
    results: Results, draw: Callable[[Mapping[str, Any], Axes, Theme], None], title: str
) -> list[ThemedImage]:
    """One image with a small chart per system; none if no run has data for it."""
    runs = illustrated_runs(results)
    if not runs:
        return []
    rows = math.ceil(len(runs) / _PER_ROW)

    def fill(figure: Figure, theme: Theme) -> None:
        panels = figure.subplots(rows, _PER_ROW, squeeze=False).ravel()
        for axes, run in zip(panels, runs, strict=False):
            draw(run, axes, theme)
            axes.grid(visible=False)
            axes.set(xticks=[], yticks=[])
            axes.set_title(run["system"], fontsize="medium")
        for axes in panels[len(runs) :]:
            axes.set_axis_off()

    description = f"{title} of {', '.join(run['system'] for run in runs)}"
    return [themed_image(fill, description, (_WIDTH, (_WIDTH / _PER_ROW + 0.35) * rows))]


def _colours(results: Results, theme: Theme) -> dict[str, tuple[str, str]]:
    """The colour and line style of each system, the same in every chart."""
    styles = cycle((colour, line) for line in _LINE_STYLES for colour in theme.series)
    return {
        system["name"]: style for system, style in zip(results["systems"], styles, strict=False)
    }


def _draw_ranking(results: Results, task: Mapping[str, Any], axes: Axes, theme: Theme) -> None:
    """Mean of every system on a task, best on top, with interval and the value of each seed."""
    ranked = rank(results, task)
    column = columns(task)[-1]
    trained = {system["name"]: system["trained"] for system in results["systems"]}
    for place, (name, value) in enumerate(reversed(ranked)):
        row = results["summary"][name][task["name"]][column]
        colour = theme.good if trained[name] else theme.bad
        if row["low"] is not None:
            axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=colour, lw=2)
        seeds = [100 * seed for seed in row["seeds"].values()]
        if len(seeds) > 1:
            axes.plot(seeds, [place] * len(seeds), "|", color=theme.ink, markersize=9)
        axes.plot(100 * value, place, "o", color=colour, markersize=7)
    axes.set_yticks(range(len(ranked)), [name for name, _ in reversed(ranked)])
    axes.set_ylim(-0.6, len(ranked) - 0.4)
    for tick in axes.get_yticklabels():
        if tick.get_text() == results["reference"]:
            tick.set_fontweight("bold")
    kinds = {True: ("trained system", theme.good), False: ("existing encoder", theme.bad)}
    for is_trained, (label, colour) in kinds.items():
        if is_trained in {trained[name] for name, _ in ranked}:
            axes.plot([], [], "o-", color=colour, label=label)
    axes.legend(loc="lower right", fontsize="small")
    axes.set_xlabel(unit(task))
    axes.set_title(task["name"])


def _draw_differences(results: Results, task: Mapping[str, Any], axes: Axes, theme: Theme) -> None:
    """Every system minus the reference, with 95 % interval."""
    rows = [row for row in results["differences"] if row["task"] == task["name"]]
    rows.sort(key=lambda row: row["value"])
    for place, row in enumerate(rows):
        significant = row["corrected_p_value"] < SIGNIFICANT
        colour = theme.ink if not significant else theme.good if row["value"] > 0 else theme.bad
        axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=colour, lw=2)
        face = colour if significant else theme.paper
        axes.plot(100 * row["value"], place, "o", color=colour, markerfacecolor=face, markersize=7)
    axes.axvline(0, color=theme.ink, linewidth=1)
    axes.set_yticks(range(len(rows)), [row["system"] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    for label, colour, face in (
        ("significantly better", theme.good, theme.good),
        ("significantly worse", theme.bad, theme.bad),
        ("no significant difference", theme.ink, theme.paper),
    ):
        axes.plot([], [], "o", color=colour, markerfacecolor=face, label=label)
    axes.legend(loc="best", fontsize="small")
    axes.set_xlabel(f"difference from {results['reference']} in points")
    axes.set_title(f"{task['name']}: each system minus {results['reference']}")


def mean_of_tasks(results: Results) -> dict[str, float]:
    """The mean of all tasks in percent, for every system with results on all of them."""
    names = [task["name"] for task in results["tasks"] if task["measures"]]
    return {
        system: 100 * float(np.mean([tasks[name][MEAN]["value"] for name in names]))
        for system, tasks in results["summary"].items()
        if names and all(MEAN in tasks[name] for name in names)
    }


def _trade_off_points(
    results: Results, key: str, factor: float = 1.0
) -> dict[str, tuple[float, float]]:
    """Cost and mean of all tasks of each system, if both are known."""
    costs = {name: results["cost"][name][key] for name in results["cost"]}
    quality = mean_of_tasks(results)
    return {name: (factor * costs[name], y) for name, y in quality.items() if costs[name]}


def _draw_speed(results: Results, axes: Axes, theme: Theme) -> None:
    """Quality against encoding speed; the area of a dot is the size on disk."""
    points = _trade_off_points(results, "sentences_per_second")
    sizes = {name: results["cost"][name]["bytes"] for name in points}
    areas = [30 + 8 * (size or 0) / 1e6 for size in sizes.values()]
    labels = [f"{name} ({format_bytes(size)})" if size else name for name, size in sizes.items()]
    axes.set_xscale("log")
    format_x_as_integers(axes)
    _draw_trade_off(results, axes, theme, points, areas, labels)
    axes.set_xlabel("sentences encoded per second (log scale)")
    axes.set_title("Quality and speed (area of a dot: size on disk)")


def _draw_training_time(results: Results, axes: Axes, theme: Theme) -> None:
    """Quality against training time per model."""
    points = _trade_off_points(results, "training_seconds", 1 / 60)
    labels = [f"{name} ({format_duration(60 * x)})" for name, (x, _) in points.items()]
    axes.set_xlim(left=0)
    _draw_trade_off(results, axes, theme, points, [60.0] * len(points), labels)
    axes.set_xlabel("training time per model (minutes)")
    axes.set_title("Quality and training time")


def _draw_trade_off(
    results: Results,
    axes: Axes,
    theme: Theme,
    points: Mapping[str, tuple[float, float]],
    areas: Sequence[float],
    labels: Sequence[str],
) -> None:
    colours = [_colours(results, theme)[name][0] for name in points]
    for (x, y), area, colour in zip(points.values(), areas, colours, strict=True):
        axes.scatter(x, y, s=area, color=colour, alpha=0.7, ec=theme.paper)
    label_points(axes, list(points.values()), labels, colours)
    axes.set_ylabel("mean of all tasks (%)")


def _draw_curves(results: Results, languages: str, axes: Axes, theme: Theme) -> None:
    """P@1 on held-out pairs during training, mean over seeds; one line per system."""
    style = _colours(results, theme)
    ends, names = [], []
    runs = [run for run in results["runs"] if run["languages"] == languages and run["curve"]]
    for name in style:
        curves = [run["curve"] for run in runs if run["system"] == name]
        if not curves:
            continue
        pairs = np.array(curves[0]["pairs"])
        seeds = [np.interp(pairs, one["pairs"], one["precision_at_1"]) for one in curves]
        values = np.mean(seeds, axis=0)
        colour, line = style[name]
        axes.plot(pairs, 100 * values, color=colour, linestyle=line, marker="o", markersize=3)
        ends.append((float(pairs[-1]), 100 * float(values[-1])))
        names.append(name)
    axes.set_xlim(left=0)
    labels = [f"{name}: {value:.1f}" for name, (_, value) in zip(names, ends, strict=True)]
    label_points(axes, ends, labels, [style[name][0] for name in names])
    format_x_as_integers(axes)
    axes.set_xlabel("training pairs")
    axes.set_ylabel("P@1 on held-out pairs (%)")
    axes.set_title(f"Learning curves: {languages}")


def _draw_matrix(run: Mapping[str, Any], axes: Axes, theme: Theme) -> None:
    """Cosines of the first pairs; translations are on the diagonal."""
    from matplotlib.colors import LinearSegmentedColormap

    cosines = np.array(run["shown"]["similarity"])
    others = cosines[~np.eye(len(cosines), dtype=bool)]
    # Half of all (mostly unrelated) pairs are blank, so that the diagonal stands out.
    floor = float(np.clip(np.median(cosines), 0.0, 0.95))
    shades = LinearSegmentedColormap.from_list("cosine", [theme.paper, theme.good, theme.ink])
    axes.imshow(cosines, cmap=shades, vmin=floor, vmax=1.0, interpolation="nearest")
    own, other = (round(float(part.mean()), 2) + 0.0 for part in (np.diag(cosines), others))
    axes.set_xlabel(f"translation {own:.2f}, other {other:.2f}", fontsize="small")


def _draw_map(run: Mapping[str, Any], axes: Axes, theme: Theme) -> None:
    """Sentences and translations in 2-D; a line joins each pair."""
    points = np.array(run["shown"]["map"])
    sources, targets = points[: len(points) // 2], points[len(points) // 2 :]
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
        axes.plot(*zip(source, target, strict=True), color=theme.faint, linewidth=2, zorder=1)
        for point, colour in ((source, theme.good), (target, theme.bad)):
            box = {"boxstyle": "circle,pad=0.25", "fc": colour, "ec": theme.paper, "lw": 0.5}
            style: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "fontsize": 8,
                "color": theme.paper,
            }
            axes.annotate(str(number), point, bbox=box, **style)
    axes.margins(0.12)


def illustrated_runs(results: Results) -> list[Mapping[str, Any]]:
    """One run per system with data for small charts, all with the same sentences."""
    runs = [run for run in results["runs"] if run["shown"]]
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        shown, first = run["shown"], runs[0]["shown"]
        if all(shown[key] == first[key] for key in ("languages", "sentences")):
            found.setdefault(run["system"], run)
    return list(found.values())
