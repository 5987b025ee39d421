"""Colour themes (light and dark) of charts, and writing of charts to SVG and image files."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite.errors import BabeliteError, MissingExtraError
from babelite.storage import writing_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Supported file name extensions.
_FORMATS = (".png", ".svg", ".pdf")
_DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Theme:
    """The colours of a chart.

    Attributes:
        paper: Background.
        ink: Text and axes.
        faint: Grid lines and other secondary elements.
        good: Correct results: true pairs, hits.
        bad: Errors: other sentences, misses.
        series: Colours of lines, distinguishable by colour-blind readers.
    """

    paper: str
    ink: str
    faint: str
    good: str
    bad: str
    series: tuple[str, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use these colours for drawing and saving inside a ``with`` block; extra ``report``."""
        try:
            import matplotlib
            from matplotlib.rcsetup import cycler
        except ImportError as error:
            raise MissingExtraError("drawing a chart", "report") from error
        style: dict[Any, Any] = {
            **dict.fromkeys(
                ["figure.facecolor", "axes.facecolor", "savefig.facecolor"], self.paper
            ),
            **dict.fromkeys(["text.color", "axes.labelcolor", "axes.titlecolor"], self.ink),
            **dict.fromkeys(["xtick.color", "ytick.color", "axes.edgecolor"], self.ink),
            **dict.fromkeys(["axes.spines.top", "axes.spines.right"], False),
            **dict.fromkeys(["legend.facecolor", "legend.edgecolor"], self.paper),
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.prop_cycle": cycler(color=self.series),
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.titleweight": "bold",
            "font.size": 11,
            "grid.color": self.faint,
            "grid.linewidth": 0.6,
            "legend.framealpha": 1.0,
            "svg.hashsalt": "babelite",
        }
        with matplotlib.rc_context(style):
            yield


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2933",
    faint="#d9dee4",
    good="#0b69b7",
    bad="#d1620a",
    series=("#0b69b7", "#d1620a", "#2a8a57", "#a03a8c", "#8a6d00", "#5b6ee1", "#7b5a45", "#607080"),
)
DARK = Theme(
    paper="#171c22",
    ink="#e4e8ec",
    faint="#39424d",
    good="#62b0f0",
    bad="#f49a4c",
    series=("#62b0f0", "#f49a4c", "#62c795", "#dd8ccd", "#d9bb4a", "#a3aefc", "#c9a58d", "#a7b4c0"),
)


@dataclass(frozen=True)
class ThemedImage:
    """An SVG image as two ``data:`` URLs, and its alternative text; a wide one fills the page."""

    light: str
    dark: str
    description: str
    wide: bool


def themed_image(
    draw: Callable[[Figure, Theme], None],
    description: str,
    size: tuple[float, float],
    *,
    wide: bool = True,
) -> ThemedImage:
    """Draw on an empty figure in the light and in the dark theme; ``size`` is in inches."""
    light, dark = (_svg_data_url(draw, theme, size) for theme in (LIGHT, DARK))
    return ThemedImage(light, dark, description, wide)


def _svg_data_url(
    draw: Callable[[Figure, Theme], None], theme: Theme, size: tuple[float, float]
) -> str:
    with theme.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        draw(figure, theme)
        image = io.BytesIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(image.getvalue()).decode()}"


def picture_format(path: str | Path) -> str:
    """The format of a picture (``png``, ``svg`` or ``pdf``) by its file name.

    Call this before long work, to fail early.

    Raises:
        BabeliteError: The extension is another one, or the folder does not exist.
        MissingExtraError: The extra ``report`` is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise BabeliteError(
            f"has the extension {path.suffix!r}, which is not a supported picture format",
            code="format-unknown",
            path=path,
            hint=f"use {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}",
        )
    if not path.parent.is_dir():
        problem, hint = "its folder does not exist", "create the folder first"
        raise BabeliteError(problem, code="folder-not-found", path=path, hint=hint)
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing a chart", "report")
    return path.suffix.lower()[1:]


def save_figure(figure: Figure, out: str | Path) -> None:
    """Write a figure to a picture file (.png, .svg or .pdf) atomically."""
    kind = picture_format(out)
    with writing_atomically(out) as temporary:
        figure.savefig(temporary, format=kind, dpi=_DOTS_PER_INCH)
