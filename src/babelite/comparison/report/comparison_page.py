"""The report of a comparison: one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite._version import __version__
from babelite.comparison.grid import PICTURES, file_name
from babelite.comparison.report import pictures
from babelite.comparison.report.aggregation import MEAN
from babelite.comparison.report.tables import (
    COST_COLUMNS,
    LATE,
    best,
    columns,
    cost_cells,
    duration,
    p_value,
    rank,
    unfinished,
    unit,
    verdict,
)
from babelite.evaluation import ThemedImage, report_jinja_environment, svg_data_url
from babelite.plots import DARK, LIGHT, Theme, render_figure_svg
from babelite.storage import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Results = Mapping[str, Any]

_WIDTH = 10.5  # inches of a picture over the whole page
_HALF = (6.8, 4.8)  # a picture over half the page
_ACROSS = 4  # small pictures side by side


def write_page(results: Results, out: Path) -> None:
    """Write the report.

    Args:
        results: As `babelite.comparison.report.results.collect` gathers them.
        out: The file to be.

    Raises:
        BabeliteError: The file cannot be written.
        MissingExtraError: The extra ``report`` is not installed.
    """
    tasks = [_task(results, task) for task in results["tasks"] if task["measures"]]
    trade, curves = list(_trade(results)), list(_curves(results))
    matrices, plane = _matrices(results), _map(results)
    page = (
        report_jinja_environment()
        .get_template("comparison.html.j2")
        .render(
            title=results["title"],
            version=__version__,
            results=results,
            facts=_facts(results),
            findings=list(_findings(results)),
            tasks=tasks,
            verdicts=_verdicts(results),
            trade=trade,
            curves=curves,
            matrices=matrices,
            map=plane,
            sentences=_sentences(results),
            cost_columns=COST_COLUMNS,
            cost=[(s["name"], cost_cells(results["cost"][s["name"]])) for s in results["systems"]],
            systems=[(s, _settings(s)) for s in results["systems"]],
            unfinished=unfinished(results),
        )
    )
    write_text(out, page)
    of_all = (trade, curves, [matrices] if matrices else [], [plane] if plane else [])
    files = dict(zip(PICTURES, of_all, strict=True))
    files |= {file_name(task["name"]): task["pictures"] for task in tasks}
    _write_pictures(out.with_name("pictures"), files)


def _write_pictures(folder: Path, groups: Mapping[str, Sequence[ThemedImage]]) -> None:
    """Write pictures on white as SVG files, numbered if there are several of a name."""
    folder.mkdir(exist_ok=True)
    for name, several in groups.items():
        for number, picture in enumerate(several, start=1):
            file = f"{name}-{number}.svg" if len(several) > 1 else f"{name}.svg"
            svg = base64.b64decode(picture.light.partition(",")[2])
            write_text(folder / file, svg.decode("utf-8"))


def _facts(results: Results) -> dict[str, str | int]:
    trained = [s for s in results["systems"] if s["trained"]]
    runs = [run for run in results["runs"] if run["state"] == "finished"]
    seconds = sum(run["cost"]["training_seconds"] or 0 for run in runs)
    machine = results["machine"]
    facts: dict[str, str | int] = {
        "systems trained here": len(trained),
        "encoders as they come": len(results["systems"]) - len(trained),
        "models measured": f"{len(runs)} of {len(results['runs'])}",
    }
    if trained:
        facts |= {
            "budget": results["budget"],
            "seeds": ", ".join(map(str, results["seeds"])),
            "text": ", ".join(_text(data) for data in results["data"]),
            "time to train them all": duration(seconds),
        }
    return facts | {
        "processor": f"{machine['processor']}, {machine['cpus']} cores",
        "made": results["made"][:10],
    }


def _text(data: Mapping[str, Any]) -> str:
    return " and ".join(f"{pairs:,} pairs {name}" for name, pairs in data["pairs"].items())


def _findings(results: Results) -> Iterator[tuple[str, list[str]]]:
    """What came out of each task, in sentences: the best, and how the reference compares."""
    for task in results["tasks"]:
        ranked = rank(results, task)
        if not ranked:
            continue
        (name, value), *others = ranked
        best_of = f"Best is {name} with {100 * value:.1f} ({unit(task)})"
        if others:
            best_of += f", then {_listed([f'{n} ({100 * v:.1f})' for n, v in others[:2]])}"
        trained = {system["name"] for system in results["systems"] if system["trained"]}
        of_trained = [(n, v) for n, v in ranked if n in trained]
        if of_trained and name not in trained:
            best_of += f"; of those trained here, {of_trained[0][0]} ({100 * of_trained[0][1]:.1f})"
        late = [LATE] if task["late"] else []
        yield task["name"], [*late, f"{best_of}.", *_against_reference(results, task)]


def _against_reference(results: Results, task: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in results["differences"] if row["task"] == task["name"]]
    rows.sort(key=lambda row: -row["value"])
    groups = {
        word: [row["system"] for row in rows if verdict(row) == word]
        for word in ("worse", "better", "no clear difference")
    }
    parts = [
        f"{phrase} {_listed(groups[word])}"
        for word, phrase in (
            ("worse", "is clearly better than"),
            ("better", "is clearly worse than"),
            ("no clear difference", "cannot be told from"),
        )
        if groups[word]
    ]
    if parts:
        yield f"The reference, {results['reference']}, {'; it '.join(parts)}."


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _task(results: Results, task: Mapping[str, Any]) -> dict[str, Any]:
    """The table and the picture of a task."""
    names = columns(task)
    winners = {column: best(results, task, column) for column in names}
    rows = [
        (
            system["name"],
            [
                (results["summary"][system["name"]][task["name"]].get(column), column)
                for column in names
            ],
        )
        for system in results["systems"]
    ]
    rows.sort(key=lambda row: -_sort_key(results, task, row[0]))
    height = 1.3 + 0.32 * max(3, len(rank(results, task)))
    drawn = []
    if rank(results, task):
        drawn.append(
            _picture(
                lambda axes, theme: pictures.draw_ranking(axes, results, task, theme),
                f"{task['name']}, {unit(task)}: "
                + ", ".join(f"{n} {100 * v:.1f}" for n, v in rank(results, task)),
                (7.0, height),
            )
        )
    if any(row["task"] == task["name"] for row in results["differences"]):
        drawn.append(
            _picture(
                lambda axes, theme: pictures.draw_differences(axes, results, task, theme),
                f"{task['name']}: differences from {results['reference']} with intervals",
                (7.0, height),
            )
        )
    return {
        "name": task["name"],
        "kind": task["kind"],
        "unit": unit(task),
        "columns": names,
        "rows": rows,
        "winners": winners,
        "pictures": drawn,
    }


def _sort_key(results: Results, task: Mapping[str, Any], name: str) -> float:
    rows = results["summary"][name][task["name"]]
    return float(rows[MEAN]["value"]) if MEAN in rows else -2.0


def _verdicts(results: Results) -> list[dict[str, Any]]:
    return [
        {**row, "verdict": verdict(row), "p": p_value(row["corrected_p_value"])}
        for row in results["differences"]
    ]


def _trade(results: Results) -> Iterator[ThemedImage]:
    """Quality against speed and size, and against the time of training."""
    quality = pictures.overall(results)
    if not quality:
        return
    yield _picture(
        lambda axes, theme: pictures.draw_speed(axes, results, theme),
        "Mean of all tasks against sentences encoded per second: "
        + ", ".join(f"{name} {value:.1f}" for name, value in quality.items()),
        _HALF,
    )
    if any(results["cost"][name]["training_seconds"] for name in quality):
        yield _picture(
            lambda axes, theme: pictures.draw_training_time(axes, results, theme),
            "Mean of all tasks against minutes of training",
            _HALF,
        )


def _curves(results: Results) -> Iterator[ThemedImage]:
    for languages in pictures.trained_languages(results):
        yield _picture(
            lambda axes, theme, of=languages: pictures.draw_curves(axes, results, of, theme),  # type: ignore[misc]
            f"P@1 on held-out pairs of {languages} over the pairs trained on",
            _HALF,
        )


def _matrices(results: Results) -> ThemedImage | None:
    runs = pictures.shown_runs(results)
    names = ", ".join(run["system"] for run in runs)
    return _small(runs, pictures.draw_matrix, f"Similarity matrices of {names}")


def _map(results: Results) -> ThemedImage | None:
    runs = pictures.shown_runs(results)
    names = ", ".join(run["system"] for run in runs)
    return _small(runs, pictures.draw_map, f"Maps of sentences and translations of {names}")


def _sentences(results: Results) -> dict[str, Any]:
    runs = pictures.shown_runs(results)
    if not runs:
        return {"languages": [], "pairs": []}
    shown = runs[0]["shown"]
    return {"languages": shown["languages"], "pairs": shown["sentences"]}


def _small(
    runs: Sequence[Mapping[str, Any]],
    draw: Callable[[Axes, Mapping[str, Any], Theme], None],
    description: str,
) -> ThemedImage | None:
    """A small picture of each run, side by side."""
    if not runs:
        return None
    down = math.ceil(len(runs) / _ACROSS)

    def figure(theme: Theme) -> Callable[[Figure], None]:
        def fill(paper: Figure) -> None:
            panels = paper.subplots(down, _ACROSS, squeeze=False).ravel()
            for axes, run in zip(panels, runs, strict=False):
                draw(axes, run, theme)
            for axes in panels[len(runs) :]:
                axes.set_axis_off()

        return fill

    size = (_WIDTH, (_WIDTH / _ACROSS + 0.35) * down)
    light, dark = (render_figure_svg(figure(theme), theme, size) for theme in (LIGHT, DARK))
    return ThemedImage(svg_data_url(light), svg_data_url(dark), description, wide=True)


def _picture(
    draw: Callable[[Axes, Theme], None], description: str, size: tuple[float, float]
) -> ThemedImage:
    light, dark = (
        svg_data_url(
            render_figure_svg(
                lambda figure, theme=theme: draw(figure.add_subplot(), theme),  # type: ignore[misc]
                theme,
                size,
            )
        )
        for theme in (LIGHT, DARK)
    )
    return ThemedImage(light, dark, description, wide=True)


def _settings(system: Mapping[str, Any]) -> str:
    """What a system is, in a line."""
    if not system["trained"]:
        return f"as it comes: {system['encoder']}"
    settings = system["settings"]
    phases = []
    if settings["layers"] == 0:
        phases.append("no layers: the mean of token vectors, align")
    elif "bag" in settings["phases"]:
        phases.append("vocabulary first, as a token bag")
    if "layers" in settings["phases"]:
        phases.append(f"{settings['layers']} layers: {settings['objective']}")
    size = f"{settings['dim']} wide, {settings['vocabulary_size']:,} pieces at the most"
    return f"{', then '.join(phases)}; {size}"
