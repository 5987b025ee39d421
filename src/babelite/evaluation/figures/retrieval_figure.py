"""Retrieval in pictures: which sentences are near, and by how much the translation wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from babelite.evaluation.retrieval import RetrievalResult
from babelite.plots import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_BINS = 40


def retrieval_figure(results: Sequence[RetrievalResult]) -> Figure:
    """Draw the similarity matrix, the cosines and the margins of each result, one a row.

    Args:
        results: At least one result.

    Returns:
        The figure, to be saved with `babelite.plots.save_figure`.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    with LIGHT.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(15, 5 * len(results)), layout="constrained")
        rows = figure.subfigures(len(results), 1, hspace=0.04, squeeze=False)
        for row, result in zip(rows[:, 0], results, strict=True):
            row.suptitle(headline(result), fontsize="large", x=0.01, ha="left")
            panels = row.subplots(1, 3)
            for draw, axes in zip(PANELS, panels, strict=True):
                draw(axes, result, LIGHT)
    return figure


def headline(result: RetrievalResult) -> str:
    """One line that says what was evaluated and how it went."""
    source, target = result.languages
    return (
        f"{result.name}: {result.pairs:,} pairs; the nearest sentence is the translation for "
        f"{result.forward.precision_at_1.value:.1%} ({source} → {target}) and "
        f"{result.backward.precision_at_1.value:.1%} ({target} → {source})"
    )


def draw_similarity(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw the cosines of the first pairs as a matrix: translations lie on its diagonal."""
    from matplotlib.colors import LinearSegmentedColormap

    source, target = result.languages
    cosines = result.similarity
    # Below the middle of the unrelated pairs there is nothing to see.
    floor = float(np.clip(np.floor(np.median(cosines) * 10) / 10, 0.0, 0.9))
    shades = LinearSegmentedColormap.from_list("cosine", [theme.paper, theme.good, theme.ink])
    count = len(cosines)
    image = axes.imshow(
        cosines,
        cmap=shades,
        vmin=floor,
        vmax=1.0,
        interpolation="nearest",
        extent=(0.5, count + 0.5, count + 0.5, 0.5),
    )
    axes.grid(visible=False)
    axes.set_title(f"First {count} pairs: translations are the diagonal")
    axes.set_xlabel(f"sentence ({target})")
    axes.set_ylabel(f"sentence ({source})")
    axes.figure.colorbar(image, ax=axes, label="cosine", shrink=0.9, extend="min")


def draw_cosines(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw how near translations are, beside how near the best other sentence is."""
    true, wrong = _cosines(result)
    bins = np.linspace(min(true.min(), wrong.min(), 0.0), 1.0, _BINS + 1)
    for values, name, colour in (
        (wrong, "best other sentence", theme.bad),
        (true, "translation", theme.good),
    ):
        axes.hist(
            values,
            bins=bins.tolist(),
            weights=_shares(values),
            histtype="stepfilled",
            facecolor=(colour, 0.35),
            edgecolor=colour,
            linewidth=1.5,
            label=f"{name}: {values.mean():.2f} on average",
        )
    axes.set_title("How near is the translation?")
    axes.set_xlabel("cosine with the query")
    axes.set_ylabel("% of queries")
    _legend_above_bars(axes)


def draw_margins(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw by how much the translation is nearer than the best other sentence."""
    true, wrong = _cosines(result)
    margins = true - wrong
    widest = max(float(np.abs(margins).max()), 0.05)
    width = 2 * widest / _BINS
    # Zero is the edge of a bin, so that no bar holds both hits and misses.
    bins = width * np.arange(np.floor(min(margins.min(), 0.0) / width), _BINS // 2 + 1)
    hits = np.concatenate([result.forward.scores.hits, result.backward.scores.hits])
    for chosen, name, colour in (
        (hits, "translation first", theme.good),
        (~hits, "another first, or level", theme.bad),
    ):
        axes.hist(
            margins[chosen],
            bins=bins.tolist(),
            weights=_shares(margins)[chosen],
            color=colour,
            label=f"{name}: {chosen.mean():.1%}",
        )
    axes.axvline(0, color=theme.ink, linewidth=1)
    axes.set_title("How clearly does it win?")
    axes.set_xlabel("cosine of translation minus cosine of best other")
    axes.set_ylabel("% of queries")
    _legend_above_bars(axes)


PANELS = (draw_similarity, draw_cosines, draw_margins)


def _cosines(result: RetrievalResult) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    both = (result.forward.scores, result.backward.scores)
    return np.concatenate([s.true for s in both]), np.concatenate([s.wrong for s in both])


def _shares(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.full(len(values), 100 / len(values))


def _legend_above_bars(axes: Axes) -> None:
    axes.set_ylim(top=axes.get_ylim()[1] * 1.25)
    axes.legend(loc="upper left")
