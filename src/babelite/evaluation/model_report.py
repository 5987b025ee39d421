"""One HTML page that shows a model: how it learnt, how well it finds, what it finds."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from babelite._version import __version__
from babelite.evaluation.figures.retrieval_figure import draw_cosines, draw_margins, draw_similarity
from babelite.evaluation.retrieval import RetrievalResult
from babelite.neighbors import SearchResult
from babelite.plots import (
    DARK,
    LIGHT,
    Theme,
    draw_losses,
    draw_precision,
    make_environment,
    read_curves,
    render_svg,
)
from babelite.storage import write_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.axes import Axes

Fact = str | int | float


@dataclass(frozen=True)
class Picture:
    """A picture inside the page, for light and for dark surroundings.

    Attributes:
        light: A ``data:`` address.
        dark: The same picture on dark paper.
        description: What it shows, for those who cannot see it.
        wide: Whether it wants the whole width of the page.
    """

    light: str
    dark: str
    description: str
    wide: bool = False


def write_report(
    out: str | Path,
    *,
    title: str,
    summary: Mapping[str, Fact] | None = None,
    metrics_jsonl: str | Path | None = None,
    results: Sequence[RetrievalResult] = (),
    examples: Sequence[SearchResult] = (),
) -> Path:
    """Write a report as one HTML file that needs nothing beside it.

    Args:
        out: The file to be.
        title: The heading.
        summary: Facts about the run in order, such as ``{"pairs": 120_000, "size": "9.8 MB"}``.
        metrics_jsonl: The records of the training run, for the learning curves.
        results: Retrieval results, for the table and the pictures.
        examples: Queries and what was found for them.

    Returns:
        The path of the file.

    Raises:
        BabeliteError: The records are damaged, or the file cannot be written.
        MissingExtraError: The extra ``report`` is not installed.
    """
    page = (
        report_environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            version=__version__,
            summary=summary or {},
            curves=[] if metrics_jsonl is None else list(_curve_pictures(metrics_jsonl)),
            results=[(result, list(_result_pictures(result))) for result in results],
            examples=examples,
        )
    )
    out = Path(out)
    write_text(out, page)
    return out


def report_environment() -> Environment:
    """What fills the templates of reports.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    return make_environment("writing a report", fact=_fact, percent=_percent)


def _curve_pictures(metrics_jsonl: str | Path) -> Iterator[Picture]:
    curves = read_curves(metrics_jsonl)
    if len(curves.mean_precision.values):
        last, best = curves.mean_precision.values[-1], curves.mean_precision.values.max()
        yield _picture(
            lambda axes, theme: draw_precision(axes, curves, theme),
            f"P@1 over the minutes of training; best {best:.1%}, last {last:.1%}",
            wide=True,
        )
    if curves.losses:
        yield _picture(
            lambda axes, theme: draw_losses(axes, curves, theme),
            f"Training losses of {', '.join(curves.losses)} over the minutes of training",
            wide=True,
        )


def _result_pictures(result: RetrievalResult) -> Iterator[Picture]:
    about = f"{result.name}, {result.pairs:,} pairs"
    for draw, description in (
        (draw_similarity, f"Matrix of the cosines of the first pairs of {about}"),
        (draw_cosines, f"Histograms of the cosines of translations and of others, {about}"),
        (draw_margins, f"Histogram of the margin of the translation, {about}"),
    ):
        yield _picture(partial(_draw_result, draw, result), description)


def _draw_result(
    draw: Callable[[Axes, RetrievalResult, Theme], None],
    result: RetrievalResult,
    axes: Axes,
    theme: Theme,
) -> None:
    draw(axes, result, theme)


def _picture(
    draw: Callable[[Axes, Theme], None], description: str, *, wide: bool = False
) -> Picture:
    size = (7.2, 4.2) if wide else (5.2, 4.2)
    light, dark = (data_address(render_svg(draw, theme, size)) for theme in (LIGHT, DARK))
    return Picture(light, dark, description, wide)


def data_address(svg: bytes) -> str:
    """A picture as an address that holds it, for a page that needs no file beside it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def _fact(value: Fact) -> str:
    """A number as people write it; words stay as they are."""
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int) or value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
