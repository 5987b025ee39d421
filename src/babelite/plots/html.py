"""What fills the templates of HTML pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from babelite.errors import MissingExtraError

if TYPE_CHECKING:
    import jinja2


def make_environment(purpose: str, **filters: Callable[..., str]) -> jinja2.Environment:
    """The templates of the package, with everything in them escaped.

    Args:
        purpose: What is to be done, for the message that the extra is missing.
        filters: Further filters, by name.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
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
