"""HTML report of a comparison: one self-contained page, and its charts as SVG files."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from babelite._version import __version__
from babelite.comparison.grid import file_name
from babelite.comparison.report import charts
from babelite.comparison.report.aggregation import MEAN
from babelite.comparison.report.tables import (
    COST_COLUMNS,
    LATE_TASK,
    Results,
    best_systems,
    columns,
    cost_cells,
    format_duration,
    format_p_value,
    rank,
    unfinished_cells,
    unit,
    verdict,
)
from babelite.errors import quantity
from babelite.evaluation import report_jinja_environment
from babelite.plots import ThemedImage
from babelite.storage import write_text


def write_page(results: Results, out: Path) -> None:
    """Write the page, and its charts to the folder ``pictures`` beside it."""
    tasks = [_task(results, task) for task in results["tasks"] if task["measures"]]
    images = charts.comparison_charts(results)
    template = report_jinja_environment().get_template("comparison.html.j2")
    page = template.render(
        title=results["title"],
        version=__version__,
        results=results,
        facts=_facts(results),
        findings=list(_findings(results)),
        tasks=tasks,
        differences=[
            {**row, "verdict": verdict(row), "p": format_p_value(row["corrected_p_value"])}
            for row in results["differences"]
        ],
        images=images,
        shown=next((run["shown"] for run in charts.illustrated_runs(results)), None),
        cost_columns=COST_COLUMNS,
        cost=[(s["name"], cost_cells(results["cost"][s["name"]])) for s in results["systems"]],
        systems=[(system, _system_description(system)) for system in results["systems"]],
        unfinished=unfinished_cells(results),
    )
    write_text(out, page)
    images |= {file_name(task["name"]): task["images"] for task in tasks}
    _write_pictures(out.with_name("pictures"), images)


def _write_pictures(folder: Path, images: Mapping[str, Sequence[ThemedImage]]) -> None:
    """Write the light version of each chart as SVG; several of a name are numbered."""
    folder.mkdir(exist_ok=True)
    for name, several in images.items():
        for number, image in enumerate(several, start=1):
            file = f"{name}-{number}.svg" if len(several) > 1 else f"{name}.svg"
            svg = base64.b64decode(image.light.partition(",")[2])
            write_text(folder / file, svg.decode("utf-8"))


def _facts(results: Results) -> dict[str, str | int]:
    trained = [s for s in results["systems"] if s["trained"]]
    runs = [run for run in results["runs"] if run["state"] == "finished"]
    seconds = sum(run["cost"]["training_seconds"] or 0 for run in runs)
    machine = results["machine"]
    facts: dict[str, str | int] = {
        "trained systems": len(trained),
        "existing encoders": len(results["systems"]) - len(trained),
        "models evaluated": f"{len(runs)} of {len(results['runs'])}",
    }
    if trained:
        counts = chain.from_iterable(data["pairs"].items() for data in results["data"])
        facts |= {
            "budget": results["budget"],
            "seeds": ", ".join(map(str, results["seeds"])),
            "training text": ", ".join(f"{quantity(n, 'pair')} {name}" for name, n in counts),
            "total training time": format_duration(seconds),
        }
    return facts | {
        "processor": f"{machine['processor']}, {machine['cpus']} cores",
        "date": results["made"][:10],
    }


def _findings(results: Results) -> Iterator[tuple[str, list[str]]]:
    """For each task, sentences: the best systems, and the comparison with the reference."""
    for task in results["tasks"]:
        ranked = rank(results, task)
        if not ranked:
            continue
        (name, value), *others = ranked
        best = f"Best: {name} with {100 * value:.1f} ({unit(task)})"
        if others:
            best += f", then {_join([f'{n} ({100 * v:.1f})' for n, v in others[:2]])}"
        trained = {system["name"] for system in results["systems"] if system["trained"]}
        of_trained = [(n, v) for n, v in ranked if n in trained]
        if of_trained and name not in trained:
            best += f"; best trained system: {of_trained[0][0]} ({100 * of_trained[0][1]:.1f})"
        late = [LATE_TASK] if task["late"] else []
        yield task["name"], [*late, f"{best}.", *_reference_findings(results, task)]


def _reference_findings(results: Results, task: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in results["differences"] if row["task"] == task["name"]]
    rows.sort(key=lambda row: -row["value"])
    phrases = {
        "worse": "is significantly better than",
        "better": "is significantly worse than",
        "no significant difference": "does not differ significantly from",
    }
    systems = {w: [row["system"] for row in rows if verdict(row) == w] for w in phrases}
    parts = [f"{phrases[word]} {_join(names)}" for word, names in systems.items() if names]
    if parts:
        yield f"The reference, {results['reference']}, {'; it '.join(parts)}."


def _join(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _task(results: Results, task: Mapping[str, Any]) -> dict[str, Any]:
    """The table and the charts of a task; systems with all metrics first, the best on top."""
    names = columns(task)
    scores = {s["name"]: results["summary"][s["name"]][task["name"]] for s in results["systems"]}
    rows = [(name, [(row.get(column), column) for column in names]) for name, row in scores.items()]
    rows.sort(key=lambda row: -(scores[row[0]][MEAN]["value"] if MEAN in scores[row[0]] else -2.0))
    return {
        "name": task["name"],
        "kind": task["kind"],
        "columns": names,
        "rows": rows,
        "best": {column: best_systems(results, task, column) for column in names},
        "images": charts.task_charts(results, task),
    }


def _system_description(system: Mapping[str, Any]) -> str:
    if not system["trained"]:
        return f"existing encoder: {system['encoder']}"
    settings = system["settings"]
    phases = []
    if settings["layers"] == 0:
        phases.append("no layers: mean of token vectors, objective align")
    elif "bag" in settings["phases"]:
        phases.append("token bag")
    if "layers" in settings["phases"]:
        phases.append(f"{settings['layers']} layers, objective {settings['objective']}")
    size = f"dimension {settings['dim']}, at most {settings['vocabulary_size']:,} tokens"
    return f"{', then '.join(phases)}; {size} in the vocabulary"
