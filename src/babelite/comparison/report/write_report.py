"""Write the results of a comparison: ``results.json``, ``tables.md`` and ``report.html``.

Tables, charts and the page are made from the record ``results.json`` only.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from babelite._version import __version__
from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.cell_records import read_cell_record
from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.report.aggregation import differences, summarize
from babelite.comparison.report.tables import markdown_tables
from babelite.machine import usable_cores
from babelite.plots import read_training_curves
from babelite.storage import write_text

_PACKAGES = ("torch", "numpy", "onnxruntime", "tokenizers")
_TRAINING_COSTS = ("seconds", "pairs", "memory")
_ENCODING_COSTS = ("parameters", "bytes", "sentences_per_second", "memory")
_SETTINGS = ("objective", "layers", "dim", "vocabulary_size", "bag_steps", "steps", "minutes")


def write_comparison_report(grid: ComparisonGrid) -> list[Path]:
    """Write the results of the finished cells into the output folder; returns the written files.

    These are ``results.json``, ``tables.md`` and ``report.html``. The charts of the page are also
    written as SVG files to the folder ``pictures``. Without the extra ``report`` the page and the
    charts are skipped.

    Raises:
        BabeliteError: A file cannot be written, or a record of a cell is damaged.
    """
    results = collect_results(grid)
    record, tables, page = (grid.out / n for n in ("results.json", "tables.md", "report.html"))
    write_text(record, json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    write_text(tables, markdown_tables(results))
    if find_spec("jinja2") is None or find_spec("matplotlib") is None:
        return [record, tables]
    from babelite.comparison.report.comparison_page import write_page

    write_page(results, page)
    return [record, tables, page]


def collect_results(grid: ComparisonGrid) -> dict[str, Any]:
    """Collect the results of all cells as plain JSON data.

    The keys: ``systems`` in the order of the file; ``tasks`` with their metrics (``measures``), and
    whether they were added too ``late`` to be excluded from the training text; ``runs``, every cell
    with status, cost, per-query scores and learning curve; ``summary``, system -> task -> metric ->
    mean, deviation over seeds, interval over queries; ``differences`` from the reference.
    """
    config = grid.config
    runs = [_run(CellFolder(grid, cell)) for cell in grid.cells]
    _illustrate_first_seed_only(runs)
    tasks = [
        {
            "name": task.name,
            "kind": task.kind,
            "measures": list(
                dict.fromkeys(m for r in runs for m in r["scores"].get(task.name, {}))
            ),
            "late": task.name in grid.excluded.late_tasks,
        }
        for task in config.tasks
    ]
    summary = {}
    for name in config.names:
        own = [run for run in runs if run["system"] == name]
        summary[name] = {task["name"]: summarize(own, task) for task in tasks}
    return {
        "title": config.title,
        "babelite": __version__,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": _machine(),
        "models": config.models,
        "budget": None if config.budget is None else str(config.budget),
        "seeds": list(config.seeds),
        "reference": config.reference,
        "data": _data(grid),
        "systems": [_system(grid, name) for name in config.names],
        "tasks": tasks,
        "summary": summary,
        "differences": differences(config.reference, config.names, tasks, runs),
        "cost": {name: _mean_cost(runs, name) for name in config.names},
        "runs": runs,
    }


def _machine() -> dict[str, Any]:
    """Processor, cores, and versions of Python and of libraries."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [platform.processor() or platform.machine()]
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    facts: dict[str, Any] = {
        "processor": (names or [platform.machine()])[0],
        "cpus": usable_cores(),
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            facts[package] = version(package)
    return facts


def _run(folder: CellFolder) -> dict[str, Any]:
    """One cell as plain data."""
    cell = folder.cell
    status, error = folder.status()
    unfinished = {task.name for task in folder.unfinished_tasks()}
    tasks = [task for task in folder.grid.config.tasks if task.name not in unfinished]
    records = {task.name: read_cell_record(folder.task(task)) or {} for task in tasks}
    return {
        "system": cell.system,
        "languages": cell.languages,
        "seed": cell.seed,
        "state": status,
        "error": error,
        "cost": _cost(folder),
        "held_out": (read_cell_record(folder.trained) or {}).get("precision_at_1", {}),
        "curve": _curve(folder),
        "shown": read_cell_record(folder.illustration) or {},
        "scores": {name: record["measures"] for name, record in records.items()},
    }


def _cost(folder: CellFolder) -> dict[str, Any]:
    trained = read_cell_record(folder.trained) or {}
    cost = read_cell_record(folder.cost) or {}
    encoder = folder.cell.encoder
    if cost and encoder is not None and cost.get("parameters") is None:
        cost["parameters"] = encoder.parameters
    return {f"training_{key}": trained.get(key) for key in _TRAINING_COSTS} | {
        key: cost.get(key) for key in _ENCODING_COSTS
    }


def _curve(folder: CellFolder) -> dict[str, list[float]]:
    """Learning curve: P@1 on held-out pairs after so many pairs and minutes of training."""
    if not folder.trained.exists() or not folder.training_log.exists():
        return {}
    curves = read_training_curves(folder.training_log)
    minutes = curves.mean_precision.minutes
    pairs = np.interp(minutes, curves.pairs.minutes, curves.pairs.values)
    return {
        "minutes": minutes.round(4).tolist(),
        "pairs": pairs.round().tolist(),
        "precision_at_1": curves.mean_precision.values.round(5).tolist(),
    }


def _illustrate_first_seed_only(runs: list[dict[str, Any]]) -> None:
    """Keep the data of charts for one seed only: the record would be several times larger."""
    seen = set()
    for run in runs:
        key = (run["system"], run["languages"])
        if key in seen:
            run["shown"] = {}
        elif run["shown"]:
            seen.add(key)


def _system(grid: ComparisonGrid, name: str) -> dict[str, Any]:
    first = next(cell for cell in grid.cells if cell.system == name)
    entry: dict[str, Any] = {"name": name, "trained": first.config is not None}
    if first.encoder is not None:
        entry["encoder"] = first.encoder.encoder
    if first.config is not None:
        phases = {"bag": first.config.has_bag_phase, "layers": first.config.has_layers_phase}
        entry["config"] = first.config.model_dump()
        entry["settings"] = {key: entry["config"][key] for key in _SETTINGS}
        entry["settings"]["phases"] = [name for name, present in phases.items() if present]
    return entry


def _data(grid: ComparisonGrid) -> list[dict[str, Any]]:
    """The training text of each model: files, and numbers of pairs after cleaning."""
    found = {}
    for cell in grid.cells:
        if cell.text is None or cell.languages in found:
            continue
        sources = [s for s, sample in grid.samples if sample in cell.sources] or list(cell.sources)
        # The folder has another name if an older version prepared it or if files have moved.
        job = read_cell_record(CellFolder(grid, cell).training_job)
        text = cell.text.with_name(Path(job["text"]).name) if job else cell.text
        counts = {
            file.name.removesuffix(".tsv"): sum(1 for _ in file.open("rb"))
            for file in sorted((text / "corpus").glob("*.tsv"))
        }
        found[cell.languages] = {
            "languages": cell.languages,
            "files": [Path(path).name for source in sources for path in source.paths],
            "pairs": {name: n for name, n in counts.items() if not name.endswith(".held-out")},
            "held_out": sum(n for name, n in counts.items() if name.endswith(".held-out")),
        }
    return list(found.values())


def _mean_cost(runs: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The mean cost per model of a system; for memory, the maximum."""
    costs = [run["cost"] for run in runs if run["system"] == name and run["state"] == "finished"]
    cost: dict[str, Any] = {}
    for key in runs[0]["cost"]:
        values = [one[key] for one in costs if one[key] is not None]
        highest = key in ("memory", "training_memory")
        cost[key] = None if not values else float(max(values) if highest else np.mean(values))
    seconds, pairs = cost["training_seconds"], cost["training_pairs"]
    cost["pairs_per_second"] = pairs / seconds if seconds else None
    return cost
