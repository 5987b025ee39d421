"""Results of a comparison as Markdown tables, and the formatting of their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from babelite.comparison.report.aggregation import MEAN

Results = Mapping[str, Any]

_UNITS = {
    "retrieval": "P@1 in %",
    "mining": "F1 in %",
    "similarity": "Spearman's correlation × 100",
    "classification": "accuracy in %",
}
SIGNIFICANT = 0.05
_MISSING = "–"
LATE_TASK = (
    "This task was added after training: its sentences may be in the training text of the models."
)


def unit(task: Mapping[str, Any]) -> str:
    """The unit of a task's numbers."""
    return _UNITS[task["kind"]]


def columns(task: Mapping[str, Any]) -> list[str]:
    """The columns of a task's table: its metrics, and their mean if there are several."""
    return [*task["measures"], *([MEAN] if len(task["measures"]) > 1 else [])]


def format_score(row: Mapping[str, Any] | None) -> str:
    """A mean with its deviation over seeds and its 95 % interval over queries, if it has them."""
    if row is None:
        return _MISSING
    spread = "" if row["spread"] is None else f" ± {100 * row['spread']:.1f}"
    interval = "" if row["low"] is None else f" ({100 * row['low']:.1f}–{100 * row['high']:.1f})"
    return f"{100 * row['value']:.1f}{spread}{interval}"


def _column_values(results: Results, task: Mapping[str, Any], column: str) -> dict[str, float]:
    rows = {name: tasks[task["name"]] for name, tasks in results["summary"].items()}
    return {name: row[column]["value"] for name, row in rows.items() if column in row}


def best_systems(results: Results, task: Mapping[str, Any], column: str) -> set[str]:
    """The systems with the highest value of a column, after rounding to the digits shown."""
    found = _column_values(results, task, column)
    values = {name: round(100 * value, 1) for name, value in found.items()}
    return {name for name, value in values.items() if value == max(values.values())}


def rank(results: Results, task: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
    """The systems that have all metrics of a task, with their mean; the best first."""
    column = columns(task)[-1] if task["measures"] else MEAN
    return sorted(_column_values(results, task, column).items(), key=lambda pair: -pair[1])


def task_table(results: Results, task: Mapping[str, Any]) -> str:
    """The table of a task: one row per system, the best value of each column in bold."""
    names = columns(task)
    best = {column: best_systems(results, task, column) for column in names}
    rows = []
    for system in results["systems"]:
        name = system["name"]
        scores = results["summary"][name][task["name"]]
        cells = [(format_score(scores.get(column)), name in best[column]) for column in names]
        rows.append([name, *(f"**{text}**" if bold else text for text, bold in cells)])
    return _table(["system", *names], rows)


def difference_table(results: Results) -> str:
    """Each system minus the reference, with interval and corrected p-value."""
    rows = []
    for row in results["differences"]:
        value, low, high = (f"{100 * row[key]:+.1f}" for key in ("value", "low", "high"))
        p = format_p_value(row["corrected_p_value"])
        rows.append([row["task"], row["system"], value, f"{low} to {high}", p, verdict(row)])
    headings = ["task", "system", "difference", "95 % interval", "p", "verdict"]
    return _table(headings, rows, "|---|---|---:|---:|---:|---|")


def verdict(row: Mapping[str, Any]) -> str:
    """A difference in words."""
    if row["corrected_p_value"] >= SIGNIFICANT:
        return "no significant difference"
    return "better" if row["value"] > 0 else "worse"


def cost_cells(cost: Mapping[str, Any]) -> list[str]:
    """The cost of a model of a system, in the order of `COST_COLUMNS`."""
    return [_MISSING if cost[key] is None else write(cost[key]) for _, key, write in _COSTS]


def cost_table(results: Results) -> str:
    """Training time, speed, memory and size of a model of each system."""
    names = [system["name"] for system in results["systems"]]
    rows = [[name, *cost_cells(results["cost"][name])] for name in names]
    return _table(["system", *COST_COLUMNS], rows)


def unfinished_cells(results: Results) -> list[tuple[str, str, str]]:
    """Title, status and error of every cell that is not finished."""
    found = []
    for run in results["runs"]:
        if run["state"] != "finished":
            seed = "" if run["seed"] is None else f"seed {run['seed']}"
            title = ", ".join(filter(None, (run["system"], run["languages"], seed)))
            found.append((title, run["state"], run["error"] or "has not been run yet"))
    return found


def markdown_tables(results: Results) -> str:
    """All tables of a comparison as one Markdown text."""
    return "\n".join(f"{section}\n" for section in _sections(results))


def _sections(results: Results) -> Iterator[str]:
    machine = results["machine"]
    yield f"# {results['title']}"
    facts = f"{machine['processor']}, {machine['cpus']} cores; babelite {results['babelite']}"
    seeds = ", ".join(map(str, results["seeds"]))
    budget = f"Budget: {results['budget']}; seeds {seeds}. ±: standard deviation over seeds. "
    interval = "In parentheses: 95 % interval over test sentences."
    yield f"{facts}; {results['made'][:10]}. {budget if results['budget'] else ''}{interval}"
    for data in results["data"]:
        pairs = ", ".join(f"{n:,} of {name}" for name, n in data["pairs"].items())
        yield f"Training pairs after cleaning ({data['languages']}): {pairs or 'not known yet'}."
    for task in results["tasks"]:
        yield f"## {task['name']}: {unit(task)}"
        if task["late"]:
            yield LATE_TASK
        yield task_table(results, task)
    if results["differences"]:
        yield f"## Differences from {results['reference']}"
        yield (
            "Difference of the means, in points, over the metrics that both systems have; paired "
            "bootstrap over queries; p-values with Holm's correction for the number of systems."
        )
        yield difference_table(results)
    yield "## Cost per model"
    yield cost_table(results)
    unfinished = unfinished_cells(results)
    if unfinished:
        yield "## Missing results"
        yield "\n".join(f"- {title}: {status}: {error}" for title, status, error in unfinished)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], alignment: str = "") -> str:
    """A Markdown table; by default every column but the first is right-aligned."""
    alignment = alignment or "|---|" + "---:|" * (len(headings) - 1)
    lines = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    written = [f"| {' | '.join(cells)} |" for cells in (headings, *lines)]
    return "\n".join([written[0], alignment, *written[1:]])


def format_p_value(value: float) -> str:
    """A p-value in the usual notation."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def format_duration(seconds: float) -> str:
    """A duration in seconds, minutes or hours."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def format_count(number: float) -> str:
    """A count; millions with three digits."""
    return f"{number / 1e6:.3g} M" if number >= 1e6 else f"{number:,.0f}"


def format_bytes(size: float) -> str:
    """Bytes in megabytes."""
    return f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:,.0f} MB"


_COSTS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("training time", "training_seconds", format_duration),
    ("pairs", "training_pairs", format_count),
    ("pairs/s", "pairs_per_second", format_count),
    ("training memory", "training_memory", format_bytes),
    ("parameters", "parameters", format_count),
    ("size on disk", "bytes", format_bytes),
    ("sentences/s", "sentences_per_second", format_count),
    ("encoding memory", "memory", format_bytes),
)
COST_COLUMNS = [heading for heading, _, _ in _COSTS]
