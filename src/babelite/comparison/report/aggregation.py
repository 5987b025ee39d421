"""Aggregate scores of runs: means, deviations over seeds, intervals, significant differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.comparison.task_metrics import Metric, metric_from_json
from babelite.evaluation import (
    Difference,
    holm_correction,
    paired_bootstrap,
    paired_bootstrap_statistic,
    resampled_spearman,
)

MEAN = "mean"  # name of the column with the mean of a task's metrics

Run = Mapping[str, Any]


def summarize(runs: Sequence[Run], task: Mapping[str, Any]) -> dict[str, Any]:
    """Aggregate the runs of one system on a task: metric -> row (see `_row`), if it has a run."""
    rows = {}
    for name in task["measures"]:
        values = seed_values(runs, task["name"], name)
        if values:
            rows[name] = _row(values, *query_scores([runs], task["name"], [name]))
    averaged = averaged_metrics(task)  # their mean is over the seeds that have all of them
    complete = _complete_runs(runs, task["name"], averaged)
    if complete:
        seeds = [seed_values(complete, task["name"], name) for name in averaged]
        means = {seed: float(np.mean([values[seed] for values in seeds])) for seed in seeds[0]}
        rows[MEAN] = _row(means, *query_scores([complete], task["name"], averaged))
    return rows


def averaged_metrics(task: Mapping[str, Any]) -> list[str]:
    """The metrics that the mean of a task averages: not those of a classifier's own language."""
    metrics = list(task["measures"])
    zero_shot = [name for name in metrics if len(set(name.split("→"))) == 2]
    return (zero_shot or metrics) if task["kind"] == "classification" else metrics


def seed_values(runs: Sequence[Run], task: str, metric: str) -> dict[str, float]:
    """Seed (as text) -> value of a metric, averaged over the models that have it."""
    values: dict[str, list[float]] = {}
    for run in runs:
        record = run["scores"].get(task, {}).get(metric)
        if record is not None:
            values.setdefault(str(run["seed"]), []).append(record["value"])
    return {seed: float(np.mean(found)) for seed, found in values.items()}


def _complete_runs(runs: Sequence[Run], task: str, metrics: Sequence[str]) -> list[Run]:
    """The runs of the seeds that have every given metric; empty if no metrics are given."""
    seeds = [seed_values(runs, task, metric).keys() for metric in metrics]
    return [run for run in runs if seeds and all(str(run["seed"]) in found for found in seeds)]


def query_scores(
    systems: Sequence[Sequence[Run]], task: str, metrics: Sequence[str]
) -> list[list[NDArray[np.float64]]]:
    """The score of every query, averaged over seeds and over metrics with the same queries.

    For each system, one float64 array (queries,) per set of queries; correlations and F1 have none.
    """
    found = [[_read_metrics(runs, task, metric) for metric in metrics] for runs in systems]
    groups = [[of_metric[0].group for of_metric in system] for system in found]
    # Merge metrics with the same queries only if every metric keeps the same weight, and if all
    # systems have the same groups (they may have been evaluated on different languages).
    mergeable = len(set(map(tuple, groups))) == 1 and len(set(Counter(groups[0]).values())) == 1
    names = groups[0] if mergeable else metrics
    return [_mean_scores(system, names) for system in found]


def _mean_scores(
    found: Sequence[Sequence[Metric]], names: Sequence[str]
) -> list[NDArray[np.float64]]:
    """The mean scores of each name; ``found`` has, for each name, the metric of every run."""
    columns: dict[str, list[NDArray[np.float64]]] = {}
    for name, of_metric in zip(names, found, strict=True):
        scores = [one.scores for one in of_metric if one.scores is not None]
        if scores:
            columns.setdefault(name, []).append(np.mean(scores, axis=0))
    return [np.mean(scores, axis=0) for scores in columns.values()]


def differences(
    reference: str, names: Sequence[str], tasks: Sequence[Mapping[str, Any]], runs: Sequence[Run]
) -> list[dict[str, Any]]:
    """Each system minus the reference on each task; p-values corrected within a task (Holm)."""
    rows = []
    for task in tasks:
        found = {
            name: difference(name, reference, task, runs) for name in names if name != reference
        }
        compared = {n: d for n, d in found.items() if d is not None}
        corrected = holm_correction([one.p_value for one in compared.values()])
        rows += [
            {"system": name, "task": task["name"], **one._asdict(), "corrected_p_value": p}
            for (name, one), p in zip(compared.items(), corrected, strict=True)
        ]
    return rows


def difference(
    name: str, reference: str, task: Mapping[str, Any], runs: Sequence[Run]
) -> Difference | None:
    """The difference of the means of a system and the reference, over the metrics that both have.

    Seeds without all of these metrics are left out; None if no metric or no seed is left.
    """
    sides = [[run for run in runs if run["system"] == one] for one in (name, reference)]
    common = averaged_metrics(task)
    for side in sides:
        common = [metric for metric in common if seed_values(side, task["name"], metric)]
    sides = [_complete_runs(side, task["name"], common) for side in sides]
    if not all(sides):
        return None
    first, second = query_scores(sides, task["name"], common)
    if first and second:
        return paired_bootstrap(first, second)
    return _statistic_difference(sides, task["name"], common)


_Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _statistic_difference(
    sides: Sequence[Sequence[Run]], task: str, metrics: Sequence[str]
) -> Difference | None:
    """The difference of mean correlations or F1; None if the records have neither.

    Line N is the same pair in every metric of a group; groups are drawn side by side.
    """
    found = [[_read_metrics(side, task, metric) for metric in metrics] for side in sides]
    sizes = {of_metric[0].group: of_metric[0].queries for of_metric in found[0]}
    if not all(sizes.values()):
        return None
    ends = dict(zip(sizes, np.cumsum([*sizes.values()]).tolist(), strict=True))
    of_group = {group: slice(end - sizes[group], end) for group, end in ends.items()}
    statistics = [
        [(of_group[of_metric[0].group], [*map(_statistic, of_metric)]) for of_metric in side]
        for side in found
    ]

    def mean(side: int, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        of_metrics = (
            np.mean([statistic(counts[:, queries]) for statistic in seeds], axis=0)
            for queries, seeds in statistics[side]
        )
        return np.asarray(np.mean([*of_metrics], axis=0))

    return paired_bootstrap_statistic(lambda n: mean(0, n) - mean(1, n), sum(sizes.values()))


def _statistic(metric: Metric) -> _Statistic:
    """Query counts of n resamples, (n, queries) -> values of the metric, (n,)."""
    if metric.mined is not None:
        mined, gold, right = metric.mined.astype(np.float64)
        return lambda counts: 2 * (counts @ right) / np.maximum(counts @ (mined + gold), 1)
    assert metric.cosines is not None and metric.gold is not None
    return resampled_spearman(metric.cosines, metric.gold)


def _read_metrics(runs: Sequence[Run], task: str, metric: str) -> list[Metric]:
    records = (run["scores"].get(task, {}).get(metric) for run in runs)
    return [metric_from_json(metric, record) for record in records if record is not None]


def _row(values: Mapping[str, float], queries: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """Mean and standard deviation over seeds, and the 95 % interval over queries."""
    numbers = list(values.values())
    row: dict[str, Any] = {
        "value": float(np.mean(numbers)),
        "spread": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        "seeds": dict(values),
        "low": None,  # no interval for correlations and F1
        "high": None,
    }
    if queries:
        # Compared with zero: the interval of a mean of means, each set of queries resampled alone.
        found = paired_bootstrap(queries, [np.zeros_like(scores) for scores in queries])
        row["low"], row["high"] = found.low, found.high
    return row
