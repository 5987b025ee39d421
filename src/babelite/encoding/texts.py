"""Texts that a Python user passes: any ordered collection of strings becomes a list or an iterator.

Some objects iterate over something else than their texts: a table over its column names, a
dictionary over its keys, a set in arbitrary order. They are refused with the line to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from babelite.errors import BabeliteError

_PREFERRED_COLUMNS = ("text", "sentence")
Item = TypeVar("Item")


def list_texts(texts: Iterable[str]) -> list[str]:
    """The texts of an ordered collection: a list, tuple, array, column, generator and so on.

    Raises:
        BabeliteError: The argument is one string, a table, a dictionary, a set or not iterable, or
            an item is not a string; code ``input-invalid``.

    Example:
        >>> list_texts(np.array(["one", "two"]))
        ['one', 'two']
        >>> list_texts({"text": ["one", "two"]})
        Traceback (most recent call last):
        babelite.errors.BabeliteError: a dict was given instead of a list of texts; ...
    """
    return list(iterate_texts(texts))


def iterate_texts(texts: Iterable[str], source: str | None = None) -> Iterator[str]:
    """As `list_texts` for a stream: the argument is checked now, each item when it is read.

    Errors name ``source`` and the line (from 1) if it is given, else the item (from 0).
    """
    return iterate_items(texts, str, source)


def iterate_items(
    items: Iterable[Item], kinds: type[Item] | tuple[type[Item], ...], source: str | None = None
) -> Iterator[Item]:
    """As `iterate_texts` for items of other types than strings."""
    return _checked(_items(items, source), kinds, source)


def _checked(
    items: Iterable[object], kinds: type[Item] | tuple[type[Item], ...], source: str | None
) -> Iterator[Item]:
    for number, item in enumerate(items):
        if isinstance(item, kinds):
            yield item
            continue
        problem = f"is not a string but {type(item).__name__}"
        hint = "remove it, or pass an empty string instead"
        if source is None:
            problem = f"sentence {number} (counted from 0) {problem}"
            raise BabeliteError(problem, code="input-invalid", hint=hint)
        raise BabeliteError(problem, code="input-invalid", path=source, line=number + 1, hint=hint)


def _items(texts: Any, source: str | None) -> Iterable[object]:  # noqa: ANN401
    """The items of a collection, as Python objects."""
    if isinstance(texts, list | tuple):
        return texts
    names = _names_of_columns(texts)
    if isinstance(texts, str | bytes):
        found, hint = "a single string", "put it in a list: [text]"
    elif isinstance(texts, set | frozenset):
        found, hint = "a set, which has no order,", "give sorted(texts)"
    elif names is not None:
        name = next((name for name in _PREFERRED_COLUMNS if name in names), [*names, "text"][0])
        found = "a dict" if isinstance(texts, Mapping) else f"a table ({type(texts).__name__})"
        hint = f"give one column, for example data[{name!r}]"
    elif isinstance(texts, np.ndarray) and texts.ndim != 1:
        found = f"an array of shape {texts.shape}"
        hint = "give an array of one dimension, such as array[:, 0]"
    elif not isinstance(texts, Iterable):
        found, hint = f"an object of type {type(texts).__name__}", "give a list of strings"
    else:
        # Arrays of numpy and Arrow have items of their own types.
        to_list = getattr(texts, "to_pylist", None) or getattr(texts, "tolist", None)
        return texts if to_list is None else list(to_list())
    problem = f"{found} was given instead of a list of texts"
    raise BabeliteError(problem, code="input-invalid", path=source, hint=hint)


def _names_of_columns(texts: Any) -> list[object] | None:  # noqa: ANN401
    """The names of the columns of a table or dictionary; None for anything else."""
    if isinstance(texts, Mapping):
        return list(texts)
    for attribute in ("column_names", "columns"):  # Arrow and datasets; pandas and polars
        names = getattr(texts, attribute, None)
        if isinstance(names, Iterable) and not isinstance(names, str):
            return list(names)
    return None
