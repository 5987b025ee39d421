"""Pictures: their colours on light and dark paper, and their way into files and pages."""

from __future__ import annotations

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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a picture's format may be, by the ending of its file.
_FORMATS = (".png", ".svg", ".pdf")
_DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Attributes:
        paper: Behind everything.
        ink: Text and axes.
        faint: Grid lines and what steps back.
        good: What is right: true pairs, hits.
        bad: What is wrong: other sentences, misses.
        series: Further colours, for lines; told apart by colour-blind readers too.
    """

    paper: str
    ink: str
    faint: str
    good: str
    bad: str
    series: tuple[str, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Draw and save in these colours inside the ``with`` block.

        Raises:
            MissingExtraError: The extra ``report`` is not installed.
        """
        try:
            import matplotlib
            from matplotlib.rcsetup import cycler
        except ImportError as error:
            raise MissingExtraError("drawing a picture", "report") from error
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


def render_svg(
    draw: Callable[[Axes, Theme], None], theme: Theme, size: tuple[float, float]
) -> bytes:
    """Draw one picture as SVG.

    Args:
        draw: Draws on the axes it is given.
        theme: The colours.
        size: Width and height in inches.

    Returns:
        The SVG file; the same picture gives the same bytes.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    return render_figure_svg(lambda figure: draw(figure.add_subplot(), theme), theme, size)


def render_figure_svg(
    draw: Callable[[Figure], None], theme: Theme, size: tuple[float, float]
) -> bytes:
    """Draw a picture of several parts as SVG.

    Args:
        draw: Draws on the empty figure that it is given.
        theme: The colours.
        size: Width and height in inches.

    Returns:
        The SVG file; the same picture gives the same bytes.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    with theme.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        image = io.BytesIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
    return image.getvalue()


def picture_format(path: str | Path) -> str:
    """The format of a picture by its file name; to be asked before the work that it shows.

    Args:
        path: The file to be.

    Returns:
        ``png``, ``svg`` or ``pdf``.

    Raises:
        BabeliteError: The name ends in something else, or the folder does not exist.
        MissingExtraError: The extra ``report`` is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise BabeliteError(
            "is not the name of a picture that can be written",
            path=path,
            hint=f"end it in {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}",
        )
    if not path.parent.is_dir():
        raise BabeliteError("its folder does not exist", path=path, hint="make the folder first")
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing a picture", "report")
    return path.suffix.lower()[1:]


def save_figure(figure: Figure, out: str | Path) -> None:
    """Write a figure to a file, whole or not at all.

    Raises:
        BabeliteError: As `picture_format`, or the file cannot be written.
    """
    kind = picture_format(out)
    with writing_atomically(out) as temporary:
        figure.savefig(temporary, format=kind, dpi=_DOTS_PER_INCH)
