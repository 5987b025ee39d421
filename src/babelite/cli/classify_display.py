"""Tables printed by ``babelite classify``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from babelite.cli.shared.tables import print_table, result_table

if TYPE_CHECKING:
    from babelite.evaluation import BootstrapInterval, ClassificationResult


def show_labels(true: Sequence[str], predicted: Sequence[str | None]) -> None:
    """Print accuracy, and precision, recall and F1 of each label, to standard error."""
    from babelite.evaluation import label_scores

    hits = sum(t == p for t, p in zip(true, predicted, strict=True))
    title = f"accuracy {hits / len(true):.1%} ({hits:,} of {len(true):,})"
    numbers = ("texts", "precision", "recall", "F1")
    table = result_table(title, texts=["label"], numbers=numbers)
    for score in label_scores(true, predicted):
        shares = (score.precision, score.recall, score.f1)
        table.add_row(
            escape(score.label), f"{score.documents:,}", *(f"{100 * s:.1f}" for s in shares)
        )
    print_table(table, stderr=True)


def show_transfer(result: ClassificationResult) -> None:
    """Print accuracy and macro-F1 of every pair of languages."""
    from babelite.evaluation import classification_title

    table = result_table(
        classification_title(result),
        texts=("training language", "test language"),
        numbers=("documents", "accuracy", "macro-F1"),
    )
    for train in result.train_languages:
        for test in result.test_languages:
            score = result.scores[train, test]
            table.add_row(
                escape(train) if test == result.test_languages[0] else "",
                escape(test),
                f"{len(score.right):,}",
                _percent(score.accuracy, score.accuracies),
                _percent(score.macro_f1, score.macro_f1s),
            )
        table.add_section()
    if result.transfer is not None:
        table.add_row("other languages", "mean", "", _percent(result.transfer))
    print_table(table)


def _percent(interval: BootstrapInterval, seeds: Sequence[float] = ()) -> str:
    from babelite.evaluation import sample_deviation

    value, low, high = (100 * share for share in interval)
    spread = f" ±{100 * sample_deviation(seeds):.1f}" if len(seeds) > 1 else ""
    return f"[bold]{value:.1f}[/] ({low:.1f}-{high:.1f}){spread}"
