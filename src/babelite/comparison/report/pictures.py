"""A comparison in pictures, each drawn from ``results.json`` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from babelite.comparison.report.aggregation import MEAN
from babelite.comparison.report.tables import SIGNIFICANT, columns, duration, megabytes, rank, unit
from babelite.plots import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Results = Mapping[str, Any]

_LINE_STYLES = ("-", "--", ":")
_LABEL_GAP = 0.05  # between two labels, as a share of the height of the axes


def colours(results: Results, theme: Theme) -> dict[str, tuple[str, str]]:
    """The colour and the line style of each system, the same in every picture."""
    series = theme.series
    return {
        system["name"]: (
            series[number % len(series)],
            _LINE_STYLES[number // len(series) % len(_LINE_STYLES)],
        )
        for number, system in enumerate(results["systems"])
    }


def draw_ranking(axes: Axes, results: Results, task: Mapping[str, Any], theme: Theme) -> None:
    """Draw the mean of every system in a task, best on top, with interval and seeds."""
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
    _mark_reference(axes, results["reference"])
    for kind, colour in (("trained here", theme.good), ("as it comes", theme.bad)):
        if (kind == "trained here") in {trained[name] for name, _ in ranked}:
            axes.plot([], [], "o-", color=colour, label=kind)
    axes.legend(loc="lower right", fontsize="small")
    axes.set_xlabel(unit(task))
    axes.set_title(task["name"])


def draw_differences(axes: Axes, results: Results, task: Mapping[str, Any], theme: Theme) -> None:
    """Draw every system minus the reference, with its interval; zero is no difference."""
    rows = [row for row in results["differences"] if row["task"] == task["name"]]
    rows.sort(key=lambda row: row["value"])
    for place, row in enumerate(rows):
        clear = row["corrected_p_value"] < SIGNIFICANT
        colour = theme.ink if not clear else theme.good if row["value"] > 0 else theme.bad
        axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=colour, lw=2)
        face = colour if clear else theme.paper
        axes.plot(100 * row["value"], place, "o", color=colour, markerfacecolor=face, markersize=7)
    axes.axvline(0, color=theme.ink, linewidth=1)
    axes.set_yticks(range(len(rows)), [row["system"] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    for label, colour, face in (
        ("clearly better", theme.good, theme.good),
        ("clearly worse", theme.bad, theme.bad),
        ("no clear difference", theme.ink, theme.paper),
    ):
        axes.plot([], [], "o", color=colour, markerfacecolor=face, label=label)
    axes.legend(loc="best", fontsize="small")
    axes.set_xlabel(f"points better or worse than {results['reference']}")
    axes.set_title(f"{task['name']}: each system minus {results['reference']}")


def overall(results: Results) -> dict[str, float]:
    """The mean of all tasks, in percent, of every system that has them all."""
    found = {}
    for name, tasks in results["summary"].items():
        values = [
            tasks[task["name"]][MEAN]["value"]
            for task in results["tasks"]
            if task["measures"] and MEAN in tasks[task["name"]]
        ]
        if values and len(values) == sum(bool(task["measures"]) for task in results["tasks"]):
            found[name] = 100 * float(np.mean(values))
    return found


def draw_speed(axes: Axes, results: Results, theme: Theme) -> None:
    """Draw quality against the speed of encoding; the area of a dot is the size on disk."""
    points = [
        (name, cost["sentences_per_second"], quality, cost["bytes"])
        for name, quality in overall(results).items()
        if (cost := results["cost"][name])["sentences_per_second"]
    ]
    style = colours(results, theme)
    for name, rate, quality, size in points:
        area = 30 + 8 * (size or 0) / 1e6
        axes.scatter(rate, quality, s=area, color=style[name][0], alpha=0.7, ec=theme.paper)
    axes.set_xscale("log")
    _plain_numbers(axes)
    _room_on_the_right(axes, [rate for _, rate, _, _ in points], log=True)
    titles = [f"{name} ({megabytes(size)})" if size else name for name, _, _, size in points]
    _label(axes, [(p[1], p[2]) for p in points], titles, [style[p[0]][0] for p in points])
    axes.set_xlabel("sentences encoded per second (log scale)")
    axes.set_ylabel("mean of all tasks (%)")
    axes.set_title("Quality and speed; a dot's area is the size on disk")


def draw_training_time(axes: Axes, results: Results, theme: Theme) -> None:
    """Draw quality against the time that training a model took."""
    points = [
        (name, cost["training_seconds"] / 60, quality)
        for name, quality in overall(results).items()
        if (cost := results["cost"][name])["training_seconds"]
    ]
    style = colours(results, theme)
    for name, minutes, quality in points:
        axes.scatter(minutes, quality, s=60, color=style[name][0], ec=theme.paper)
    axes.set_xlim(left=0)
    _room_on_the_right(axes, [minutes for _, minutes, _ in points], log=False)
    titles = [f"{name} ({duration(60 * minutes)})" for name, minutes, _ in points]
    _label(axes, [p[1:] for p in points], titles, [style[p[0]][0] for p in points])
    axes.set_xlabel("minutes of training, a model")
    axes.set_ylabel("mean of all tasks (%)")
    axes.set_title("Quality and the time of training")


def draw_curves(axes: Axes, results: Results, languages: str, theme: Theme) -> None:
    """Draw how held-out pairs were found while training went on, a line a system."""
    style = colours(results, theme)
    ends, names = [], []
    for name, runs in _by_system(results, languages):
        curves = [run["curve"] for run in runs if run["curve"]]
        if not curves:
            continue
        pairs = np.array(curves[0]["pairs"])
        values = np.mean(
            [np.interp(pairs, curve["pairs"], curve["precision_at_1"]) for curve in curves], axis=0
        )
        colour, line = style[name]
        axes.plot(pairs, 100 * values, color=colour, linestyle=line, marker="o", markersize=3)
        ends.append((float(pairs[-1]), 100 * float(values[-1])))
        names.append(name)
    _room_on_the_right(axes, [pairs for pairs, _ in ends], log=False)
    axes.set_xlim(left=0)
    titles = [f"{name}: {value:.1f}" for name, (_, value) in zip(names, ends, strict=True)]
    _label(axes, ends, titles, [style[name][0] for name in names])
    _plain_numbers(axes)
    axes.set_xlabel("pairs trained on")
    axes.set_ylabel("P@1 on held-out pairs (%)")
    axes.set_title(f"How they learnt: {languages}")


def draw_matrix(axes: Axes, run: Mapping[str, Any], theme: Theme) -> None:
    """Draw the cosines of the first pairs: translations lie on the diagonal."""
    from matplotlib.colors import LinearSegmentedColormap

    cosines = np.array(run["shown"]["similarity"])
    # Below the middle of the unrelated pairs there is nothing to see.
    floor = float(np.clip(np.median(cosines), 0.0, 0.95))
    shades = LinearSegmentedColormap.from_list("cosine", [theme.paper, theme.good, theme.ink])
    axes.imshow(cosines, cmap=shades, vmin=floor, vmax=1.0, interpolation="nearest")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    others = cosines[~np.eye(len(cosines), dtype=bool)]
    axes.set_title(run["system"], fontsize="medium")
    own, other = (round(float(part.mean()), 2) + 0.0 for part in (np.diag(cosines), others))
    axes.set_xlabel(f"own {own:.2f}, others {other:.2f}", fontsize="small")


def draw_map(axes: Axes, run: Mapping[str, Any], theme: Theme) -> None:
    """Draw sentences and their translations in the plane; a line joins the two."""
    points = np.array(run["shown"]["map"])
    sources, targets = points[: len(points) // 2], points[len(points) // 2 :]
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
        axes.plot(*zip(source, target, strict=True), color=theme.faint, linewidth=2, zorder=1)
        for point, colour in ((source, theme.good), (target, theme.bad)):
            axes.annotate(
                str(number),
                point,
                ha="center",
                va="center",
                fontsize=8,
                color=theme.paper,
                bbox={"boxstyle": "circle,pad=0.25", "fc": colour, "ec": theme.paper, "lw": 0.5},
            )
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.12)
    axes.set_title(run["system"], fontsize="medium")


def shown_runs(results: Results) -> list[Mapping[str, Any]]:
    """A run of each system that pictures can show, all of the same language pair."""
    runs = [run for run in results["runs"] if run["shown"]]
    if not runs:
        return []
    languages = runs[0]["shown"]["languages"]
    sentences = runs[0]["shown"]["sentences"]
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        shown = run["shown"]
        if shown["languages"] == languages and shown["sentences"] == sentences:
            found.setdefault(run["system"], run)
    return list(found.values())


def trained_languages(results: Results) -> list[str]:
    """The language pairs (or ``all``) of the models that were trained."""
    return list(dict.fromkeys(run["languages"] for run in results["runs"] if run["curve"]))


def spread_out(values: Sequence[float], gap: float) -> list[float]:
    """Move numbers apart until each is a gap from the next, keeping order and centre.

    Example:
        >>> spread_out([1.0, 1.0, 5.0], 1.0)
        [0.5, 1.5, 5.0]
    """
    blocks: list[tuple[float, list[int]]] = []  # the middle of a run of numbers, and whose they are
    for place in sorted(range(len(values)), key=lambda i: values[i]):
        blocks.append((values[place], [place]))
        while len(blocks) > 1 and _overlap(blocks[-2], blocks[-1], gap):
            (first, left), (second, right) = blocks[-2:]
            middle = (first * len(left) + second * len(right)) / (len(left) + len(right))
            blocks[-2:] = [(middle, left + right)]
    moved = [0.0] * len(values)
    for middle, places in blocks:
        for number, place in enumerate(places):
            moved[place] = middle + gap * (number - (len(places) - 1) / 2)
    return moved


def _overlap(first: tuple[float, list[int]], second: tuple[float, list[int]], gap: float) -> bool:
    needed = gap * (len(first[1]) + len(second[1])) / 2
    return second[0] - first[0] < needed - 1e-12


def _label(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    inks: Sequence[str],
) -> None:
    """Write what points are along the right edge, no two labels over each other."""
    if not points:
        return
    bottom, top = axes.get_ylim()
    heights = spread_out([y for _, y in points], _LABEL_GAP * (top - bottom))
    lowest, highest = min(heights), max(heights)
    axes.set_ylim(min(bottom, lowest - 0.03 * (top - bottom)), max(top, highest))
    for point, height, text, ink in zip(points, heights, texts, inks, strict=True):
        axes.annotate(
            text,
            point,
            xytext=(1.02, height),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize="small",
            color=ink,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": ink, "lw": 0.6, "alpha": 0.6},
        )


def _room_on_the_right(axes: Axes, values: Sequence[float], *, log: bool) -> None:
    if not values:
        return
    if log:
        axes.set_xlim(min(values) / 2, max(values) * 2)
    else:
        axes.set_xlim(right=1.05 * max(values))


def _plain_numbers(axes: Axes) -> None:
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _mark_reference(axes: Axes, reference: str) -> None:
    for label in axes.get_yticklabels():
        if label.get_text() == reference:
            label.set_fontweight("bold")


def _by_system(results: Results, languages: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for system in results["systems"]:
        runs = [
            run
            for run in results["runs"]
            if run["system"] == system["name"] and run["languages"] == languages
        ]
        if runs:
            yield system["name"], runs
