"""Charts of retrieval results: similarity matrix, histograms of cosines and of their lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from babelite.errors import quantity
from babelite.evaluation.retrieval import RetrievalResult
from babelite.plots import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_BINS = 40


def retrieval_figure(results: Sequence[RetrievalResult]) -> Figure:
    """Draw similarity matrix, cosines and lead over the best other sentence; one result a row.

    Save the figure with `babelite.plots.save_figure`. Needs the extra ``report``.
    """
    with LIGHT.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(15, 5 * len(results)), layout="constrained")
        rows = figure.subfigures(len(results), 1, hspace=0.04, squeeze=False)
        for row, result in zip(rows[:, 0], results, strict=True):
            row.suptitle(retrieval_title(result), fontsize="large", x=0.01, ha="left")
            panels = row.subplots(1, 3)
            for draw, axes in zip(PANELS, panels, strict=True):
                draw(axes, result, LIGHT)
    return figure


def retrieval_title(result: RetrievalResult) -> str:
    """Title of a result: name, pairs and P@1 in both directions."""
    source, target = result.languages
    return (
        f"{result.name}: {quantity(result.pairs, 'pair')}; "
        "the nearest sentence is the translation for "
        f"{result.forward.precision_at_1.value:.1%} ({source} → {target}) and "
        f"{result.backward.precision_at_1.value:.1%} ({target} → {source})"
    )


def draw_similarity(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw the cosines of the first pairs as a matrix, translations on the diagonal."""
    from matplotlib.colors import LinearSegmentedColormap

    source, target = result.languages
    cosines = result.similarity
    # The scale starts near the median cosine of unrelated pairs.
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
    axes.set_title(f"First {quantity(count, 'pair')}: translations on the diagonal")
    axes.set_xlabel(f"sentence ({target})")
    axes.set_ylabel(f"sentence ({source})")
    axes.figure.colorbar(image, ax=axes, label="cosine", shrink=0.9, extend="min")


def draw_cosines(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw histograms of the cosines of translations and of the best other sentences."""
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
    axes.set_title("Cosines of translations and best others")
    axes.set_xlabel("cosine with the query")
    axes.set_ylabel("% of queries")
    _legend_above_bars(axes)


def draw_leads(axes: Axes, result: RetrievalResult, theme: Theme) -> None:
    """Draw a histogram of the cosine of the translation minus that of the best other sentence."""
    true, wrong = _cosines(result)
    leads = true - wrong
    widest = max(float(np.abs(leads).max()), 0.05)
    width = 2 * widest / _BINS
    # Zero is the edge of a bin, so that no bar mixes hits and misses.
    bins = width * np.arange(np.floor(min(leads.min(), 0.0) / width), _BINS // 2 + 1)
    hits = np.concatenate([result.forward.cosines.hits, result.backward.cosines.hits])
    for chosen, name, colour in (
        (hits, "translation first", theme.good),
        (~hits, "another first, or tie", theme.bad),
    ):
        axes.hist(
            leads[chosen],
            bins=bins.tolist(),
            weights=_shares(leads)[chosen],
            color=colour,
            label=f"{name}: {chosen.mean():.1%}",
        )
    axes.axvline(0, color=theme.ink, linewidth=1)
    axes.set_title("Lead of the translation over the best other")
    axes.set_xlabel("cosine of translation minus cosine of best other")
    axes.set_ylabel("% of queries")
    _legend_above_bars(axes)


PANELS = (draw_similarity, draw_cosines, draw_leads)


def _cosines(result: RetrievalResult) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    both = (result.forward.cosines, result.backward.cosines)
    return (
        np.concatenate([cosines.translation for cosines in both]),
        np.concatenate([cosines.best_other for cosines in both]),
    )


def _shares(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.full(len(values), 100 / len(values))


def _legend_above_bars(axes: Axes) -> None:
    axes.set_ylim(top=axes.get_ylim()[1] * 1.25)
    axes.legend(loc="upper left")
