"""What `babelite mine` shows beside the pairs: precision by threshold, and explanations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from babelite.cli.shared.options import parse_pairs
from babelite.errors import BabeliteError
from babelite.evaluation import mining_precision_recall
from babelite.mining import (
    LOWEST_MEAN,
    Candidates,
    Curve,
    Direction,
    Margin,
    Mined,
    Scores,
    estimate_for_mined,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PRECISIONS = (0.99, 0.95, 0.9, 0.8, 0.5)
_FEWEST_FOR_ESTIMATE = 50
# Thresholds of a measured table, as shares of the pairs found.
_ROWS = 9


def read_gold(path: str) -> list[tuple[str, str]]:
    """The known pairs in a file.

    Raises:
        BabeliteError: It cannot be read or holds none.
    """
    return [(pair.source, pair.target) for pair in parse_pairs(path, None, None).read()]


def show_measured(
    mined: Mined,
    found: Candidates,
    gold: list[tuple[str, str]],
    threshold: float | None,
    plot: Path | None,
) -> None:
    """A table of precision, recall and F1 on standard error, and a picture."""
    texts = (
        (mined.sources[source], mined.targets[target])
        for source, target in zip(found.source.tolist(), found.target.tolist(), strict=True)
    )
    curve = mining_precision_recall(texts, found.score, gold)
    if not curve.right.any():
        raise BabeliteError(
            f"none of the {curve.known:,} known pairs is among the {len(found):,} found",
            hint="give the true pairs of these two texts, the sentences spelt as they are there",
        )
    table = Table(title=f"Measured with {curve.known:,} known pairs", title_justify="left")
    for heading in ("threshold", "pairs", "precision %", "recall %", "F1 %"):
        table.add_column(heading, justify="right")
    best = curve.best
    for scores in _rows(curve):
        table.add_row(*_cells(scores), style="bold" if scores == best else "")
    if threshold is not None:
        table.add_section()
        table.add_row(*_cells(curve.at(threshold)))
    _console().print(table)
    typer.echo(f"Highest F1: {100 * best.f1:.2f} % with --threshold {best.threshold:.4f}", err=True)
    if plot:
        from babelite.evaluation import precision_recall_figure

        _save(precision_recall_figure(curve, threshold), plot)


def show_estimate(
    mined: Mined,
    margin: Margin,
    direction: Direction,
    one_to_one: bool,
    threshold: float | None,
    plot: Path | None,
) -> None:
    """A table of estimated precision on standard error, and a picture."""
    if min(len(mined.sources), len(mined.targets)) < _FEWEST_FOR_ESTIMATE:
        without = f", and {plot} is not drawn" if plot else ""
        typer.echo(f"There are too few sentences to estimate their precision{without}.", err=True)
        return
    estimate = estimate_for_mined(mined, margin, direction, one_to_one=one_to_one)
    table = Table(title="Estimated precision", title_justify="left")
    for heading in ("precision %", "--threshold", "pairs"):
        table.add_column(heading, justify="right")
    for precision in _PRECISIONS:
        lowest = estimate.threshold_for(precision)
        if lowest is None:
            table.add_row(f"{100 * precision:.0f}", "none", "0")
        else:
            pairs = estimate.at(lowest)[1]
            table.add_row(f"{100 * precision:.0f}", f"{lowest:.4f}", f"{pairs:,}")
    if threshold is not None:
        precision, pairs = estimate.at(threshold)
        table.add_section()
        table.add_row(f"{100 * precision:.1f}", f"{threshold:.4f}", f"{pairs:,}")
    _console().print(table)
    if plot:
        from babelite.evaluation import estimated_precision_figure

        _save(estimated_precision_figure(estimate, threshold), plot)


def explain_pair(mined: Mined, pairs: Candidates, number: int, margin: Margin) -> None:
    """The neighbours of a pair, and how its score comes from them, on standard error.

    Raises:
        BabeliteError: There is no such pair.
    """
    if number > len(pairs):
        raise BabeliteError(
            f"there is no pair {number:,}, only {len(pairs):,} were kept",
            hint="choose a smaller number for --explain",
        )
    pair = pairs.take(slice(number - 1, number))
    source, target = int(pair.source[0]), int(pair.target[0])
    told = mined.explain(source, target)
    means = (
        float(mined.forward.scores[source].mean()),
        float(mined.backward.scores[target].mean()),
    )
    say = Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print
    say(f"\nPair {number:,}: score {pair.score[0]:.4f} ({margin})")
    sides = (
        ("source", told.source, told.source_neighbours, told.target, means[0]),
        ("target", told.target, told.target_neighbours, told.source, means[1]),
    )
    for side, text, neighbours, partner, mean in sides:
        say(f"\n{side}: {text}")
        for cosine, neighbour in neighbours:
            say(f"  {cosine:7.4f}  {'=' if neighbour == partner else ' '} {neighbour}")
        say(f"  {mean:7.4f}    on average")
    say(f"\n{_arithmetic(float(pair.cosine[0]), means, margin, float(pair.score[0]))}")


def _arithmetic(cosine: float, means: tuple[float, float], margin: Margin, score: float) -> str:
    if margin == "absolute":
        return f"score = cosine = {cosine:.4f}"
    sign = "÷" if margin == "ratio" else "-"
    middle = f"({means[0]:.4f} + {means[1]:.4f}) / 2"
    if margin == "ratio" and sum(means) / 2 < LOWEST_MEAN:
        middle = f"{LOWEST_MEAN} (for {middle} is lower)"
    return (
        f"score = cosine {sign} mean of both averages = {cosine:.4f} {sign} {middle} = {score:.4f}"
    )


def _rows(curve: Curve) -> list[Scores]:
    """Some thresholds from few pairs to all, the best among them."""
    best = curve.best
    last = len(curve.thresholds) - 1
    places = sorted({round(last * i / (_ROWS - 1)) for i in range(_ROWS)})
    rows = {scores.pairs: scores for scores in (*map(curve.row, places), best)}
    return [rows[pairs] for pairs in sorted(rows)]


def _cells(scores: Scores) -> tuple[str, ...]:
    shares = (f"{100 * share:.2f}" for share in (scores.precision, scores.recall, scores.f1))
    return (f"{scores.threshold:.4f}", f"{scores.pairs:,}", *shares)


def _save(figure: Figure, plot: Path) -> None:
    from babelite.plots import save_figure

    save_figure(figure, plot)
    typer.echo(f"Picture: {plot}", err=True)


def _console() -> Console:
    return Console(stderr=True, highlight=False)
