"""Texts in the collections that Python users have."""

from __future__ import annotations

import io
from collections import UserList, deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from error_codes import raises

from babelite import Encoder
from babelite.alignment import align
from babelite.encoding import AdaptedEncoder, encode_lines, encode_stream, iterate_texts, list_texts
from babelite.mining import mine
from babelite.neighbors import search_sentences

TEXTS = ["one", "two", "three"]


class Column:
    """A column of a table, such as those of pandas and polars: iterable, without a truth value."""

    def __iter__(self) -> Iterator[str]:
        return iter(TEXTS)

    def __len__(self) -> int:
        return len(TEXTS)

    def __bool__(self) -> bool:
        raise ValueError("The truth value of a column is ambiguous.")


class Table:
    """A table such as those of pandas and polars, which iterates over its column names."""

    columns = np.array(["id", "text"], object)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(TEXTS)


COLLECTIONS = {
    "tuple": tuple(TEXTS),
    "array": np.array(TEXTS),
    "array of objects": np.array(TEXTS, object),
    "Arrow": pa.array(TEXTS),
    "chunks of Arrow": pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    "dict keys": dict.fromkeys(TEXTS).keys(),
    "deque": deque(TEXTS),
    "UserList": UserList(TEXTS),
    "column": Column(),
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_ordered_collections_are_lists(name: str) -> None:
    texts: Any = COLLECTIONS[name]
    assert list_texts(texts) == TEXTS
    assert all(type(text) is str for text in list_texts(texts))


def test_columns_of_pandas_and_polars() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for library in (pandas, polars):
        table = library.DataFrame({"id": [1, 2, 3], "text": TEXTS})
        assert list_texts(table["text"]) == TEXTS
        with raises("input-invalid", r"table \(DataFrame\).*data\['text'\]"):
            list_texts(table)
        with raises("input-invalid", "sentence 1 "):
            list_texts(library.Series(["one", None]))


def test_generators_and_open_files_are_read_as_streams() -> None:
    stream = iterate_texts(iter([*TEXTS, 7]))  # type: ignore[list-item]
    assert [next(stream) for _ in TEXTS] == TEXTS
    with raises("input-invalid", "sentence 3 .*int"):
        next(stream)
    assert list_texts(io.StringIO("one\ntwo\n")) == ["one\n", "two\n"]


REFUSED = {
    "a string": ("one", r"\[text\]"),
    "bytes": (b"one", r"\[text\]"),
    "a dict": ({"id": [1], "text": TEXTS}, r"data\['text'\]"),
    "a set": (set(TEXTS), r"sorted\(texts\)"),
    "a frozenset": (frozenset(TEXTS), r"sorted\(texts\)"),
    "a table": (Table(), r"data\['text'\]"),
    "a table of Arrow": (pa.table({"said": TEXTS}), r"data\['said'\]"),
    "two dimensions": (np.array([TEXTS]), r"array\[:, 0\]"),
    "no dimension": (np.array("one"), r"\(\)"),
    "numbers": (np.array([1.0]), "float"),
    "a number": (7, "int"),
    "nothing": (None, "NoneType"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_arguments_are_refused(name: str) -> None:
    argument, fact = REFUSED[name]
    with raises("input-invalid", fact):
        list_texts(argument)  # type: ignore[arg-type]


def lengths(sentences: list[str]) -> list[list[int]]:
    assert type(sentences) is list and all(type(text) is str for text in sentences)
    return [[len(text), 1] for text in sentences]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_function_takes_them(name: str) -> None:
    texts: Any = COLLECTIONS[name]
    adapted = AdaptedEncoder("lengths", lengths)
    wanted = adapted.encode(TEXTS)
    for vectors in (adapted.encode(texts), encode_lines(adapted, texts)):
        np.testing.assert_array_equal(vectors, wanted)
    np.testing.assert_array_equal(np.vstack(list(encode_stream(adapted, texts))), wanted)
    assert [len(r.hits) for r in search_sentences(adapted, texts, texts, k=2)] == [2, 2, 2]
    assert [pair.size for pair in align(texts, texts, adapted)] == [
        pair.size for pair in align(TEXTS, TEXTS, adapted)
    ]
    with mine(texts, texts, adapted) as mined:
        assert list(mined.sources) == TEXTS


@pytest.mark.parametrize("name", REFUSED)
def test_every_function_refuses_them(name: str) -> None:
    argument: Any = REFUSED[name][0]
    adapted = AdaptedEncoder("lengths", lengths)
    calls = [
        lambda: adapted.encode(argument),
        lambda: list(encode_stream(adapted, argument)),
        lambda: search_sentences(adapted, argument, TEXTS),
        lambda: search_sentences(adapted, TEXTS, argument),
        lambda: align(TEXTS, argument, adapted),
        lambda: mine(TEXTS, argument, adapted).__enter__(),
    ]
    for call in calls:
        with raises("input-invalid"):
            call()


def test_the_packaged_encoder_takes_them() -> None:
    encoder = Encoder.load()
    wanted = encoder.encode(TEXTS)
    np.testing.assert_array_equal(encoder.encode(COLLECTIONS["column"]), wanted)  # type: ignore[arg-type]
    np.testing.assert_array_equal(encoder.encode(iter(TEXTS)), wanted)
    for argument in ({"text": TEXTS}, set(TEXTS), Table()):
        with raises("input-invalid"):
            encoder.encode(argument)  # type: ignore[arg-type]
        with raises("input-invalid"):
            list(encoder.stream(argument))  # type: ignore[arg-type]
