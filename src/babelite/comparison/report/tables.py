"""The numbers of a comparison as Markdown tables, like those of the paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babelite.comparison.report.aggregation import MEAN

Results = Mapping[str, Any]

_UNITS = {
    "retrieval": "P@1 in %",
    "similarity": "Spearman's correlation × 100",
    "classification": "accuracy in %",
}
SIGNIFICANT = 0.05
_NOTHING = "–"
LATE = "This task came after the models: its sentences were not kept out of their training text."


def unit(task: Mapping[str, Any]) -> str:
    """What the numbers of a task are."""
    return _UNITS[task["kind"]]


def columns(task: Mapping[str, Any]) -> list[str]:
    """The columns of a task's table: its measures, and their mean if there are several."""
    return [*task["measures"], *([MEAN] if len(task["measures"]) > 1 else [])]


def cell(row: Mapping[str, Any] | None) -> str:
    """A mean, its spread over seeds, and its 95 % interval over queries, where there are such.

    Example:
        >>> cell({"value": 0.912, "spread": 0.004, "low": 0.89, "high": 0.931})
        '91.2 ± 0.4 (89.0–93.1)'
        >>> cell({"value": 0.5, "spread": None, "low": None, "high": None}), cell(None)
        ('50.0', '–')
    """
    if row is None:
        return _NOTHING
    spread = "" if row["spread"] is None else f" ± {100 * row['spread']:.1f}"
    interval = "" if row["low"] is None else f" ({100 * row['low']:.1f}–{100 * row['high']:.1f})"
    return f"{100 * row['value']:.1f}{spread}{interval}"


def best(results: Results, task: Mapping[str, Any], column: str) -> set[str]:
    """The systems that are best in a column, to the digits that are shown."""
    values = {
        name: round(100 * tasks[task["name"]][column]["value"], 1)
        for name, tasks in results["summary"].items()
        if column in tasks[task["name"]]
    }
    highest = max(values.values(), default=0.0)
    return {name for name, value in values.items() if value == highest}


def task_table(results: Results, task: Mapping[str, Any]) -> str:
    """The table of a task: a row a system, a column a measure; the best of a column in bold."""
    names = columns(task)
    winners = {column: best(results, task, column) for column in names}
    lines = [_line("system", *names), "|---|" + "---:|" * len(names)]
    for system in results["systems"]:
        rows = results["summary"][system["name"]][task["name"]]
        cells = []
        for column in names:
            text = cell(rows.get(column))
            cells.append(f"**{text}**" if system["name"] in winners[column] else text)
        lines.append(_line(_escape(system["name"]), *cells))
    return "\n".join(lines) + "\n"


def difference_table(results: Results) -> str:
    """Each system minus the reference, with interval and corrected p-value."""
    lines = [
        _line("task", "system", "difference", "95 % interval", "p", "verdict"),
        "|---|---|---:|---:|---:|---|",
    ]
    for row in results["differences"]:
        interval = f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
        lines.append(
            _line(
                _escape(row["task"]),
                _escape(row["system"]),
                f"{100 * row['value']:+.1f}",
                interval,
                p_value(row["corrected_p_value"]),
                verdict(row),
            )
        )
    return "\n".join(lines) + "\n"


def verdict(row: Mapping[str, Any]) -> str:
    """A difference in a word.

    Example:
        >>> verdict({"value": 0.02, "corrected_p_value": 0.001})
        'better'
    """
    if row["corrected_p_value"] >= SIGNIFICANT:
        return "no clear difference"
    return "better" if row["value"] > 0 else "worse"


def p_value(value: float) -> str:
    """A p-value as people write it.

    Example:
        >>> p_value(0.0123), p_value(0.00001)
        ('0.012', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


COST_COLUMNS = (
    "training",
    "pairs",
    "pairs/s",
    "memory to train",
    "parameters",
    "on disk",
    "sentences/s",
    "memory to encode",
)


def cost_cells(cost: Mapping[str, Any]) -> list[str]:
    """What a model of a system costs, in the order of `COST_COLUMNS`."""
    return [
        _shown(cost["training_seconds"], duration),
        _shown(cost["training_pairs"], count),
        _shown(cost["pairs_per_second"], count),
        _shown(cost["training_memory"], megabytes),
        _shown(cost["parameters"], count),
        _shown(cost["bytes"], megabytes),
        _shown(cost["sentences_per_second"], count),
        _shown(cost["memory"], megabytes),
    ]


def cost_table(results: Results) -> str:
    """Training time, speed, memory and size of a model of each system."""
    lines = [_line("system", *COST_COLUMNS), "|---|" + "---:|" * len(COST_COLUMNS)]
    for system in results["systems"]:
        name = system["name"]
        lines.append(_line(_escape(name), *cost_cells(results["cost"][name])))
    return "\n".join(lines) + "\n"


def unfinished(results: Results) -> list[tuple[str, str, str]]:
    """Title, state and error of every cell that is not finished."""
    found = []
    for run in results["runs"]:
        if run["state"] != "finished":
            parts = [run["system"], run["languages"]]
            parts += [] if run["seed"] is None else [f"seed {run['seed']}"]
            error = run["error"] or "has not been run yet"
            found.append((", ".join(filter(None, parts)), run["state"], error))
    return found


def markdown(results: Results) -> str:
    """All tables of a comparison as one Markdown text."""
    return "\n".join(_sections(results))


def _sections(results: Results) -> Iterator[str]:
    machine = results["machine"]
    yield f"# {results['title']}\n"
    yield (
        f"{machine['processor']}, {machine['cpus']} cores; babelite {results['babelite']}; "
        f"{results['made'][:10]}.{_budget(results)}\n"
    )
    for data in results["data"]:
        pairs = ", ".join(f"{n:,} of {name}" for name, n in data["pairs"].items())
        yield f"Trained on ({data['languages']}): {pairs or 'nothing yet'} after cleaning.\n"
    for task in results["tasks"]:
        yield f"## {task['name']}: {unit(task)}\n"
        if task["late"]:
            yield f"{LATE}\n"
        yield task_table(results, task)
    if results["differences"]:
        yield f"## Differences from {results['reference']}\n"
        yield (
            "Points of the mean over all measures that both have; paired bootstrap over queries, "
            "p corrected for the number of systems (Holm).\n"
        )
        yield difference_table(results)
    yield "## Cost of a model\n"
    yield cost_table(results)
    left = unfinished(results)
    if left:
        yield "## Not there\n"
        yield "\n".join(f"- {title}: {state}: {error}" for title, state, error in left) + "\n"


def _budget(results: Results) -> str:
    meaning = "In parentheses: the 95 % interval over test sentences."
    if results["budget"] is None:
        return f" {meaning}"
    seeds = ", ".join(str(seed) for seed in results["seeds"])
    return (
        f" Budget: {results['budget']}; seeds {seeds}. ± is the standard deviation over seeds. "
        + meaning
    )


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _shown(value: float | None, write: Any) -> str:  # noqa: ANN401 - one of the functions below
    return _NOTHING if value is None else str(write(value))


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Example:
        >>> duration(42), duration(75), duration(7_500)
        ('42 s', '1.2 min', '2.1 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def count(number: float) -> str:
    """A count in three digits or so.

    Example:
        >>> count(1_234_567), count(12_345), count(789)
        ('1.23 M', '12,345', '789')
    """
    return f"{number / 1e6:.3g} M" if number >= 1e6 else f"{number:,.0f}"


def megabytes(size: float) -> str:
    """Bytes in megabytes.

    Example:
        >>> megabytes(9_600_000), megabytes(416_000_000)
        ('9.6 MB', '416 MB')
    """
    return f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:,.0f} MB"


def rank(results: Results, task: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
    """Systems that have all measures of a task with their mean, best first."""
    column = columns(task)[-1] if task["measures"] else MEAN
    values = [
        (name, tasks[task["name"]][column]["value"])
        for name, tasks in results["summary"].items()
        if column in tasks[task["name"]]
    ]
    return sorted(values, key=lambda pair: -pair[1])
