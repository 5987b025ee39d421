"""Report of ``babelite mine``: precision by threshold, a figure, and the margin of one pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import typer
from rich.console import Console

from babelite.cli.shared.tables import print_table, result_table, save_plot
from babelite.errors import BabeliteError, quantity
from babelite.evaluation import mining_precision_recall
from babelite.mining import (
    Candidates,
    Mined,
    MiningOptions,
    PrecisionEstimate,
    PrecisionRecall,
    PrecisionRecallCurve,
    estimate_mining_precision,
)
from babelite.neighbors import MIN_NEIGHBOURHOOD_MEAN, Margin
from babelite.storage import visible_text

_PRECISIONS = (0.99, 0.95, 0.9, 0.8, 0.5)
_MIN_SENTENCES_FOR_ESTIMATE = 50
# Rows of the table of measured precision, spread over the numbers of pairs.
_ROWS = 9


@dataclass(frozen=True)
class MiningReport:
    """What to report on standard error after mining."""

    options: MiningOptions
    gold: list[tuple[str, str]] | None  # to measure precision with; None: it is estimated
    plot: Path | None
    explain: int | None  # the number of a pair, from 1

    def show(self, mined: Mined, pairs: Candidates) -> None:
        """Print the tables and the explanation, and draw the figure."""
        if self.gold is not None:
            self._show_measured(mined, self.gold)
        elif self.options.threshold is None or self.plot:
            self._show_estimate(mined)
        if self.explain is not None:
            _explain_pair(mined, pairs, self.explain, self.options.margin)

    def require_explained(self, pairs: Candidates) -> None:
        """Raise ``option-invalid`` if there is no pair of the number to explain."""
        if self.explain is not None and self.explain > len(pairs):
            number = f"{self.explain:,}"
            problem = f"there is no pair {number}: there are {quantity(len(pairs), 'mined pair')}"
            hint = "choose a smaller number for --explain"
            raise BabeliteError(problem, code="option-invalid", hint=hint)

    def _show_measured(self, mined: Mined, gold: list[tuple[str, str]]) -> None:
        found = mined.pairs(threshold=None)
        texts = (
            (mined.sources[source], mined.targets[target])
            for source, target in zip(found.source.tolist(), found.target.tolist(), strict=True)
        )
        curve = mining_precision_recall(texts, found.score, gold)
        if not curve.correct.any():
            raise BabeliteError(
                f"none of the {curve.gold:,} gold pairs is among the {len(found):,} mined pairs",
                code="input-invalid",
                hint="give the true pairs of these two texts",
            )
        headings = ("threshold", "pairs", "precision %", "recall %", "F1 %")
        table = result_table(f"Measured with {curve.gold:,} gold pairs", numbers=headings)
        best, threshold = curve.best, self.options.threshold
        for point in _points(curve):
            table.add_row(*_cells(point), style="bold" if point == best else "")
        if threshold is not None:
            table.add_section()
            table.add_row(*_cells(curve.at(threshold)))
        print_table(table, stderr=True)
        highest = f"{100 * best.f1:.2f} % with --threshold {best.threshold:.4f}"
        typer.echo(f"Highest F1: {highest}", err=True)
        if self.plot:
            from babelite.evaluation import precision_recall_figure

            save_plot(precision_recall_figure(curve, threshold), self.plot)

    def _show_estimate(self, mined: Mined) -> None:
        if min(len(mined.sources), len(mined.targets)) < _MIN_SENTENCES_FOR_ESTIMATE:
            without = f"; {self.plot} is not drawn" if self.plot else ""
            typer.echo(f"Too few sentences to estimate the precision{without}.", err=True)
            return
        estimate, threshold = estimate_mining_precision(mined), self.options.threshold
        headings = ("precision %", "threshold", "pairs")
        table = result_table("Estimated precision", numbers=headings)
        rows: dict[tuple[str, str], float] = {}
        for precision in _PRECISIONS:
            lowest = estimate.threshold_for(precision)
            found = ("none", "0") if lowest is None else _estimated(estimate, lowest)
            # The same pairs may have more than the precision asked for: said once, by the highest.
            rows.setdefault(found, precision)
        for found, precision in rows.items():
            table.add_row(f"{100 * precision:.0f}", *found)
        if threshold is not None:
            table.add_section()
            precision = estimate.at(threshold)[0]
            table.add_row(f"{100 * precision:.1f}", *_estimated(estimate, threshold))
        print_table(table, stderr=True)
        if self.plot:
            from babelite.evaluation import estimated_precision_figure

            save_plot(estimated_precision_figure(estimate, threshold), self.plot)


def _explain_pair(mined: Mined, pairs: Candidates, number: int, margin: Margin) -> None:
    """Print the neighbours of a pair, and the arithmetic of its score."""
    pair = pairs.take(slice(number - 1, number))
    source, target = int(pair.source[0]), int(pair.target[0])
    found = mined.explain(source, target)
    neighbours = found.source_neighbours, found.target_neighbours
    means = [fmean(cosine for cosine, _ in side) for side in neighbours]
    print_ = Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print
    print_(f"\nPair {number:,}: score {pair.score[0]:.4f} ({margin})")
    names, texts = ("source", "target"), (found.source, found.target)
    for side, text, partner, nearest, mean in zip(
        names, texts, texts[::-1], neighbours, means, strict=True
    ):
        print_(visible_text(f"\n{side}: {text}"))
        for cosine, neighbour in nearest:
            mark = "=" if neighbour == partner else " "
            print_(visible_text(f"  {cosine:7.4f}  {mark} {neighbour}"))
        print_(f"  {mean:7.4f}    mean")
    print_(f"\n{_arithmetic(float(pair.cosine[0]), means, margin, float(pair.score[0]))}")


def _arithmetic(cosine: float, means: Sequence[float], margin: Margin, score: float) -> str:
    """The margin as a formula with its numbers."""
    if margin == "absolute":
        return f"score = cosine = {cosine:.4f}"
    sign = "÷" if margin == "ratio" else "-"
    middle = f"({means[0]:.4f} + {means[1]:.4f}) / 2"
    if margin == "ratio" and sum(means) / 2 < MIN_NEIGHBOURHOOD_MEAN:
        middle = f"{MIN_NEIGHBOURHOOD_MEAN} (the minimum, as {middle} is lower)"
    return f"score = cosine {sign} mean of both means = {cosine:.4f} {sign} {middle} = {score:.4f}"


def _points(curve: PrecisionRecallCurve) -> list[PrecisionRecall]:
    """Some points from few pairs to all, with the best."""
    last = len(curve.thresholds) - 1
    indices = sorted({round(last * i / (_ROWS - 1)) for i in range(_ROWS)})
    points = {point.pairs: point for point in (*map(curve.point, indices), curve.best)}
    return [points[pairs] for pairs in sorted(points)]


def _cells(point: PrecisionRecall) -> tuple[str, ...]:
    shares = (f"{100 * share:.2f}" for share in (point.precision, point.recall, point.f1))
    return (f"{point.threshold:.4f}", f"{point.pairs:,}", *shares)


def _estimated(estimate: PrecisionEstimate, threshold: float) -> tuple[str, str]:
    return f"{threshold:.4f}", f"{estimate.at(threshold)[1]:,}"
