"""What charts and HTML pages share: colours, learning curves, templates."""

from babelite.plots.html import make_environment
from babelite.plots.learning_curves import draw_losses, draw_precision, read_curves
from babelite.plots.theme import (
    DARK,
    LIGHT,
    Theme,
    picture_format,
    render_figure_svg,
    render_svg,
    save_figure,
)

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "draw_losses",
    "draw_precision",
    "make_environment",
    "picture_format",
    "read_curves",
    "render_figure_svg",
    "render_svg",
    "save_figure",
]
