"""Charts and HTML pages: colour themes, learning curves, Jinja templates, image files."""

from babelite.plots.html import jinja_environment
from babelite.plots.learning_curves import draw_losses, draw_precision, read_training_curves
from babelite.plots.theme import (
    DARK,
    LIGHT,
    Theme,
    ThemedImage,
    picture_format,
    save_figure,
    themed_image,
)

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "ThemedImage",
    "draw_losses",
    "draw_precision",
    "jinja_environment",
    "picture_format",
    "read_training_curves",
    "save_figure",
    "themed_image",
]
