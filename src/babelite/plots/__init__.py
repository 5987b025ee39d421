"""Charts and HTML pages: colour themes, learning curves, Jinja templates, image files."""

from babelite.plots.html import jinja_environment
from babelite.plots.learning_curves import draw_losses, draw_precision, read_training_curves
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
    "jinja_environment",
    "picture_format",
    "read_training_curves",
    "render_figure_svg",
    "render_svg",
    "save_figure",
]
