"""Jinja environment of the HTML templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from babelite.errors import MissingExtraError

if TYPE_CHECKING:
    import jinja2


def jinja_environment(purpose: str, **filters: Callable[..., str]) -> jinja2.Environment:
    """The Jinja environment of the package's HTML templates, with automatic escaping.

    ``purpose`` is the subject of the error message if the extra ``report`` is missing.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtraError(purpose, "report") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("babelite.plots"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(filters)
    return environment
