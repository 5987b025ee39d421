"""Everything that a comparison has found, as one plain record: ``results.json``.

Tables and pictures are made from this record alone, so whoever has it can make others.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from babelite._version import __version__
from babelite.comparison.grid import Cell, Grid
from babelite.comparison.jobs.cell_records import read_record
from babelite.comparison.jobs.cells import CellFiles
from babelite.comparison.report.aggregation import difference, holm_corrected, summarise
from babelite.machine import usable_cores
from babelite.plots import read_training_curves

_PACKAGES = ("torch", "numpy", "onnxruntime", "tokenizers")
_COSTS = (
    "training_seconds",
    "training_pairs",
    "training_memory",
    "parameters",
    "bytes",
    "sentences_per_second",
    "memory",
)


def collect(grid: Grid) -> dict[str, Any]:
    """Gather what the cells have found so far.

    Args:
        grid: The comparison.

    Returns:
        Plain data for JSON: ``systems`` (in the order of the file), ``tasks`` with their measures
        and whether they came too ``late`` to be kept out of the training text, ``runs`` (every cell
        with its state, cost, scores of every query, learning curve),
        ``summary`` (system -> task -> measure -> mean, spread over seeds, interval over queries)
        and ``differences`` from the reference.

    Raises:
        BabeliteError: A record is damaged.
    """
    config = grid.config
    runs = [_run(CellFiles(grid, cell)) for cell in grid.cells]
    _show_first_seed_only(runs)
    tasks = [
        {
            "name": task.name,
            "kind": task.kind,
            "measures": _measures(runs, task.name),
            "late": task.name in grid.exclusions.late,
        }
        for task in config.tasks
    ]
    summary = {
        name: {
            task["name"]: summarise([r for r in runs if r["system"] == name], task)
            for task in tasks
        }
        for name in config.names
    }
    return {
        "title": config.title,
        "babelite": __version__,
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "models": config.models,
        "budget": None if config.budget is None else str(config.budget),
        "seeds": list(config.seeds),
        "reference": config.reference,
        "data": _data(grid),
        "systems": [_system(grid, name) for name in config.names],
        "tasks": tasks,
        "summary": summary,
        "differences": _differences(config.reference, config.names, tasks, runs),
        "cost": {name: _mean_cost(runs, name) for name in config.names},
        "runs": runs,
    }


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [platform.processor() or platform.machine()]
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    there = {}
    for package in _PACKAGES:
        try:
            there[package] = version(package)
        except PackageNotFoundError:
            continue
    processor = (names or [platform.machine()])[0]
    return {
        "processor": processor,
        "cpus": usable_cores(),
        "python": platform.python_version(),
    } | there


def _run(files: CellFiles) -> dict[str, Any]:
    """One cell as plain data."""
    cell = files.cell
    state, error = files.state()
    current = {task.name for task in files.grid.config.tasks} - {
        task.name for task in files.tasks_left()
    }
    records = {
        task.name: read_record(files.task(task)) or {}
        for task in files.grid.config.tasks
        if task.name in current
    }
    return {
        "system": cell.system,
        "languages": cell.languages,
        "seed": cell.seed,
        "state": state,
        "error": error,
        "cost": _cost(files),
        "held_out": (read_record(files.trained) or {}).get("precision_at_1", {}),
        "curve": _curve(files),
        "shown": read_record(files.shown) or {},
        "scores": {name: record["measures"] for name, record in records.items()},
    }


def _cost(files: CellFiles) -> dict[str, Any]:
    trained = read_record(files.trained) or {}
    cost = read_record(files.cost) or {}
    cell = files.cell
    if cost and cell.encoder is not None and cost.get("parameters") is None:
        cost["parameters"] = cell.encoder.parameters
    return {
        "training_seconds": trained.get("seconds"),
        "training_pairs": trained.get("pairs"),
        "training_memory": trained.get("memory"),
        **{name: cost.get(name) for name in _COSTS[3:]},
    }


def _curve(files: CellFiles) -> dict[str, list[float]]:
    """P@1 on held-out pairs over the pairs and the minutes of training."""
    if not files.trained.exists() or not files.metrics.exists():
        return {}
    curves = read_training_curves(files.metrics)
    minutes = curves.mean_precision.minutes
    pairs = np.interp(minutes, curves.pairs.minutes, curves.pairs.values)
    return {
        "minutes": minutes.round(4).tolist(),
        "pairs": pairs.round().tolist(),
        "precision_at_1": curves.mean_precision.values.round(5).tolist(),
    }


def _show_first_seed_only(runs: list[dict[str, Any]]) -> None:
    """Pictures show one seed; the others would make the record several times as large."""
    seen = set()
    for run in runs:
        key = (run["system"], run["languages"])
        if key in seen:
            run["shown"] = {}
        elif run["shown"]:
            seen.add(key)


def _measures(runs: Sequence[dict[str, Any]], task: str) -> list[str]:
    """The columns of a task, in the order in which they are met."""
    return list(dict.fromkeys(chain.from_iterable(run["scores"].get(task, {}) for run in runs)))


def _system(grid: Grid, name: str) -> dict[str, Any]:
    cells: list[Cell] = [cell for cell in grid.cells if cell.system == name]
    first = cells[0]
    entry: dict[str, Any] = {"name": name, "trained": first.config is not None}
    if first.config is not None:
        kept = ("objective", "layers", "dim", "vocabulary_size", "bag_steps", "steps", "minutes")
        phases = {"bag": first.config.has_bag_phase, "layers": first.config.has_layers_phase}
        entry["settings"] = first.config.model_dump(include=set(kept)) | {
            "phases": [name for name, wanted in phases.items() if wanted]
        }
        entry["config"] = first.config.model_dump()
    elif first.encoder is not None:
        entry["encoder"] = first.encoder.encoder
    return entry


def _data(grid: Grid) -> list[dict[str, Any]]:
    """What was trained on: files, and pairs after cleaning."""
    found = {}
    for cell in grid.cells:
        if cell.text is None or cell.languages in found:
            continue
        sources = [s for s, there in grid.draws if there in cell.sources] or list(cell.sources)
        # Its own text has another name where babelite called it otherwise, or the files have moved.
        job = read_record(CellFiles(grid, cell).job("train"))
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


def _differences(
    reference: str,
    names: Sequence[str],
    tasks: Sequence[dict[str, Any]],
    runs: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Each system minus the reference in each task; p-values corrected within a task."""
    found = []
    for task in tasks:
        of_task = []
        for name in names:
            if name == reference:
                continue
            compared = difference(name, reference, task, runs)
            if compared is not None:
                of_task.append({"system": name, "task": task["name"], **compared._asdict()})
        found += holm_corrected(of_task)
    return found


def _mean_cost(runs: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The mean cost of a model of a system; memory is the highest."""
    costs = [run["cost"] for run in runs if run["system"] == name and run["state"] == "finished"]
    cost: dict[str, Any] = {}
    for key in _COSTS:
        values = [one[key] for one in costs if one[key] is not None]
        highest = key in ("memory", "training_memory")
        cost[key] = None if not values else float(max(values) if highest else np.mean(values))
    seconds, pairs = cost["training_seconds"], cost["training_pairs"]
    cost["pairs_per_second"] = pairs / seconds if seconds else None
    return cost
