"""What ``babelite classify`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from babelite.evaluation import ClassificationResult, TransferScore

# A table that nobody looks at on a terminal should not be squeezed into 80 columns.
_WIDTH_IN_FILES = 120


def show_labels(true: Sequence[str], answers: Sequence[str | None]) -> None:
    """Print how well each label is told from the others, on standard error."""
    from babelite.evaluation import label_scores

    right = sum(t == a for t, a in zip(true, answers, strict=True))
    table = _table(f"right about {right:,} of {len(true):,} ({right / len(true):.1%})")
    table.add_column("label", overflow="fold")
    for heading in ("texts", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    for score in label_scores(true, answers):
        shares = (score.precision, score.recall, score.f1)
        table.add_row(
            escape(score.label), f"{score.documents:,}", *(f"{100 * s:.1f}" for s in shares)
        )
    _print(table, Console(stderr=True, highlight=False))


def show_transfer(result: ClassificationResult) -> None:
    """Print accuracy and macro-F1 of every pair of languages."""
    from babelite.evaluation import classification_title

    table = _table(classification_title(result))
    table.add_column("trained in")
    table.add_column("tested in")
    for heading in ("documents", "accuracy", "macro-F1"):
        table.add_column(heading, justify="right", no_wrap=True)
    for train in result.train_languages:
        for test in result.test_languages:
            score = result.scores[train, test]
            table.add_row(
                escape(train) if test == result.test_languages[0] else "",
                escape(test),
                f"{len(score.right):,}",
                *_cells(score),
            )
        table.add_section()
    if result.transfer is not None:
        value, low, high = (100 * share for share in result.transfer)
        table.add_row("other languages", "mean", "", f"[bold]{value:.1f}[/] ({low:.1f}-{high:.1f})")
    _print(table, Console(highlight=False))


def _cells(score: TransferScore) -> list[str]:
    from babelite.evaluation import sample_deviation

    cells = []
    for estimate, seeds in (
        (score.accuracy, score.accuracies),
        (score.macro_f1, score.macro_f1s),
    ):
        value, low, high = (100 * share for share in estimate)
        spread = f" ±{100 * sample_deviation(seeds):.1f}" if len(seeds) > 1 else ""
        cells.append(f"[bold]{value:.1f}[/] ({low:.1f}-{high:.1f}){spread}")
    return cells


def _table(title: str) -> Table:
    return Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )


def _print(table: Table, console: Console) -> None:
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    console.print(table)
