"""From the scores of single runs to means, spreads, intervals and differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.comparison.jobs.cell_records import read_measure
from babelite.comparison.measures import Measure
from babelite.evaluation import (
    Difference,
    holm_correction,
    mean_ranks,
    paired_bootstrap,
    paired_bootstrap_statistic,
)

MEAN = "mean"  # the column of a task that holds the mean of the others

Run = Mapping[str, Any]


def summarise(runs: Sequence[Run], task: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of one system in a task.

    Args:
        runs: The runs of the system: several seeds, and several language pairs.
        task: Its name, kind and measures.

    Returns:
        Measure -> ``value`` (the mean over seeds), ``spread`` (the standard deviation over seeds,
        None for one), ``seeds`` (the value of each), ``low`` and ``high`` (the 95 % interval over
        queries, None for correlations); with ``mean`` over the `counted` measures. Measures that
        no run has are left out, and so is ``mean`` unless all are there; it is of the seeds that
        have all of them.
    """
    rows = {}
    for name in task["measures"]:
        values = seed_values(runs, task["name"], name)
        if values:
            rows[name] = _row(values, *query_scores([runs], task["name"], [name]))
    wanted = counted(task)
    whole = _of_whole_seeds(runs, task["name"], wanted)
    if whole:
        of_seeds = [seed_values(whole, task["name"], name) for name in wanted]
        means = {seed: float(np.mean([seeds[seed] for seeds in of_seeds])) for seed in of_seeds[0]}
        rows[MEAN] = _row(means, *query_scores([whole], task["name"], wanted))
    return rows


def counted(task: Mapping[str, Any]) -> list[str]:
    """The measures that make up the mean of a task.

    Of classification, those of the language trained in are left out unless there are no others.

    Example:
        >>> counted({"kind": "classification", "measures": ["en→en", "en→fr"]})
        ['en→fr']
    """
    measures = list(task["measures"])
    if task["kind"] != "classification":
        return measures
    across = [name for name in measures if len(set(name.split("→"))) == 2]
    return across or measures


def seed_values(runs: Sequence[Run], task: str, measure: str) -> dict[str, float]:
    """Seed (as text) -> the value of a measure, averaged over the models that have it."""
    values: dict[str, list[float]] = {}
    for run in runs:
        record = run["scores"].get(task, {}).get(measure)
        if record is not None:
            values.setdefault(str(run["seed"]), []).append(record["value"])
    return {seed: float(np.mean(found)) for seed, found in values.items()}


def _of_whole_seeds(runs: Sequence[Run], task: str, measures: Sequence[str]) -> list[Run]:
    """The runs of the seeds that have every one of some measures; none if there are no measures."""
    of_measures = [seed_values(runs, task, measure).keys() for measure in measures]
    return [run for run in runs if of_measures and all(str(run["seed"]) in m for m in of_measures)]


def query_scores(
    systems: Sequence[Sequence[Run]], task: str, measures: Sequence[str]
) -> list[list[NDArray[np.float64]]]:
    """The score of every query, averaged over seeds and over measures with the same queries.

    Args:
        systems: The runs of each system.
        task: The name of the task.
        measures: The columns, which every system has.

    Returns:
        For each system an array for each set of queries, of the same shapes; none for correlations.
    """
    found = [[_found(runs, task, measure) for measure in measures] for runs in systems]
    groups = [[of_measure[0].group for of_measure in system] for system in found]
    # Sets count alike, and so do measures; and systems may have been told different languages.
    alike = len(set(map(tuple, groups))) == 1 and len(set(Counter(groups[0]).values())) == 1
    names = groups[0] if alike else measures
    return [_mean_scores(system, names) for system in found]


def _mean_scores(
    found: Sequence[Sequence[Measure]], names: Sequence[str]
) -> list[NDArray[np.float64]]:
    """The mean of the scores of each name; ``found`` has, for each measure, that of every run."""
    columns: dict[str, list[NDArray[np.float64]]] = {}
    for name, of_measure in zip(names, found, strict=True):
        scores = [one.scores for one in of_measure if one.scores is not None]
        if scores:
            columns.setdefault(name, []).append(np.mean(scores, axis=0))
    return [np.mean(scores, axis=0) for scores in columns.values()]


def difference(
    name: str, reference: str, task: Mapping[str, Any], runs: Sequence[Run]
) -> Difference | None:
    """How much better a system is than the reference over all measures that both have.

    Of each, seeds that have not got all of these measures (yet) are left out.

    Args:
        name: The system.
        reference: The other one.
        task: Its name, kind and measures.
        runs: All runs.

    Returns:
        The difference of the means; None if they have no measure in common, or no seed has all.
    """
    sides = [[run for run in runs if run["system"] == one] for one in (name, reference)]
    common = [
        measure
        for measure in counted(task)
        if all(seed_values(side, task["name"], measure) for side in sides)
    ]
    sides = [_of_whole_seeds(side, task["name"], common) for side in sides]
    if not all(sides):
        return None
    first, second = query_scores(sides, task["name"], common)
    if first and second:
        return paired_bootstrap(first, second)
    return _correlations(sides, task["name"], common)


def _correlations(
    sides: Sequence[Sequence[Run]], task: str, measures: Sequence[str]
) -> Difference | None:
    """The difference of mean correlations; line N is the same pair in every measure."""
    found = [[_found(side, task, measure) for measure in measures] for side in sides]
    gold = found[0][0][0].gold
    if gold is None:
        return None
    models = [
        [_Ranks.of(one, share=1 / len(of_measure)) for of_measure in side for one in of_measure]
        for side in found
    ]

    def statistic(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        first, second = (sum(one.correlations(counts) for one in side) for side in models)
        return np.asarray((first - second) / len(measures))

    return paired_bootstrap_statistic(statistic, len(gold))


class _Ranks(NamedTuple):
    """The ranks of cosines and of scores, centred, and the share of a mean that they make up.

    Ranks are those among all pairs. Ranking each resample anew would hardly change them, but take
    a thousand times as long.
    """

    cosines: NDArray[np.float64]
    gold: NDArray[np.float64]
    share: float

    @classmethod
    def of(cls, measure: Measure, share: float) -> _Ranks:
        assert measure.cosines is not None and measure.gold is not None
        ranks = (mean_ranks(values) for values in (measure.cosines, measure.gold))
        x, y = ((one - one.mean()) / max(one.std(), 1e-12) for one in ranks)
        return cls(x, y, share)

    def correlations(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pearson's correlation of the ranks, each pair counted so often; shape (n,)."""
        x, y = self.cosines, self.gold
        total = counts.sum(axis=1)
        mean_x, mean_y = counts @ x / total, counts @ y / total
        covariance = counts @ (x * y) / total - mean_x * mean_y
        spread = (counts @ x**2 / total - mean_x**2) * (counts @ y**2 / total - mean_y**2)
        found: NDArray[np.float64] = self.share * covariance / np.sqrt(np.maximum(spread, 1e-12))
        return found


def holm_corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Differences with their p-values corrected for their number, as ``corrected_p_value``."""
    corrected = holm_correction([row["p_value"] for row in rows])
    return [row | {"corrected_p_value": p} for row, p in zip(rows, corrected, strict=True)]


def _found(runs: Sequence[Run], task: str, measure: str) -> list[Measure]:
    records = (run["scores"].get(task, {}).get(measure) for run in runs)
    return [read_measure(measure, record) for record in records if record is not None]


def _row(values: Mapping[str, float], queries: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    numbers = list(values.values())
    row: dict[str, Any] = {
        "value": float(np.mean(numbers)),
        "spread": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        "seeds": dict(values),
        "low": None,
        "high": None,
    }
    if queries:
        # Against nothing at all: the interval of a mean of means, each set of queries drawn alone.
        found = paired_bootstrap(queries, [np.zeros_like(scores) for scores in queries])
        row["low"], row["high"] = found.low, found.high
    return row
