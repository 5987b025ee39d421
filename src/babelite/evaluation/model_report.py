"""HTML report of a model: learning curves, retrieval results, examples of found sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from babelite._version import __version__
from babelite.errors import quantity
from babelite.evaluation.figures.retrieval_figure import draw_cosines, draw_leads, draw_similarity
from babelite.evaluation.retrieval import RetrievalResult
from babelite.neighbors import SearchResult
from babelite.plots import (
    Theme,
    ThemedImage,
    draw_losses,
    draw_precision,
    jinja_environment,
    read_training_curves,
    themed_image,
)
from babelite.storage import write_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Fact = str | int | float
_Data = TypeVar("_Data")


def write_report(
    out: str | Path,
    *,
    title: str,
    summary: Mapping[str, Fact] | None = None,
    metrics_jsonl: str | Path | None = None,
    results: Sequence[RetrievalResult] = (),
    examples: Sequence[SearchResult] = (),
) -> Path:
    """Write a report as one self-contained HTML file.

    Args:
        out: Output file.
        title: Heading of the page.
        summary: Facts about the run in order, such as ``{"pairs": 120_000, "size": "9.8 MB"}``.
        metrics_jsonl: Training log (``metrics.jsonl``) for the learning curves.
        results: Retrieval results for the table and the charts.
        examples: Queries and the sentences found for them.

    Raises:
        BabeliteError: The training log is damaged, or the file cannot be written.
        MissingExtraError: The extra ``report`` is not installed.
    """
    template = report_jinja_environment().get_template("report.html.j2")
    page = template.render(
        title=title,
        version=__version__,
        summary=summary or {},
        curves=[] if metrics_jsonl is None else list(_draw_learning_curves(metrics_jsonl)),
        results=[(result, list(_draw_result(result))) for result in results],
        examples=examples,
    )
    out = Path(out)
    write_text(out, page)
    return out


def report_jinja_environment() -> Environment:
    """The Jinja environment of HTML reports, with the filters ``fact`` and ``percent``."""
    return jinja_environment("writing a report", fact=_fact, percent=_percent)


def _draw_learning_curves(metrics_jsonl: str | Path) -> Iterator[ThemedImage]:
    curves = read_training_curves(metrics_jsonl)
    if len(curves.mean_precision.values):
        last, best = curves.mean_precision.values[-1], curves.mean_precision.values.max()
        description = f"P@1 over the minutes of training; best {best:.1%}, last {last:.1%}"
        yield _image(draw_precision, curves, description, wide=True)
    if curves.losses:
        description = f"Training losses of {', '.join(curves.losses)} over the minutes of training"
        yield _image(draw_losses, curves, description, wide=True)


def _draw_result(result: RetrievalResult) -> Iterator[ThemedImage]:
    about = f"{result.name}, {quantity(result.pairs, 'pair')}"
    for draw, description in (
        (draw_similarity, f"Matrix of the cosines of the first pairs of {about}"),
        (draw_cosines, f"Histograms of the cosines of translations and best others, {about}"),
        (draw_leads, f"Histogram of the cosine of the translation minus the best other, {about}"),
    ):
        yield _image(draw, result, description)


def _image(
    draw: Callable[[Axes, _Data, Theme], None], data: _Data, description: str, *, wide: bool = False
) -> ThemedImage:
    def fill(figure: Figure, theme: Theme) -> None:
        draw(figure.add_subplot(), data, theme)

    return themed_image(fill, description, (7.2 if wide else 5.2, 4.2), wide=wide)


def _fact(value: Fact) -> str:
    """Format a number for readers; text is unchanged."""
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int) or value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
