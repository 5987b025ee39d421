"""Parquet files, read by pyarrow, which is part of extras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from babelite.errors import BabeliteError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_SHOWN = 20  # bytes before and after one that is not UTF-8


def require_pyarrow(feature: str, extra: str) -> None:
    """Raise unless pyarrow is there.

    Args:
        feature: What needs it.
        extra: The extra that brings it to who wants the feature.

    Raises:
        MissingExtraError: It is not.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error


@contextmanager
def reading_parquet(file: str | Path | BinaryIO, place: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file and tell in one sentence what is wrong with it, now or while it is read.

    Args:
        file: A path, or a stream that can seek.
        place: What to call it.

    Raises:
        BabeliteError: It is damaged, no Parquet file, or holds text that is not UTF-8.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            yield opened
    except (pa.ArrowException, OSError) as error:
        raise BabeliteError(
            f"cannot be read as Parquet ({str(error).splitlines()[0]})",
            path=place,
            hint="the file is damaged or of another format, so fetch it again or rename it",
        ) from error
    except UnicodeDecodeError as error:  # pyarrow checks no strings until they are taken out
        around = error.object[max(0, error.start - _SHOWN) : error.start + _SHOWN]
        raise BabeliteError(
            f"holds {around!r} where text in UTF-8 should be",
            path=place,
            hint="write the file anew from text that was decoded rightly",
        ) from error


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings, in any of Arrow's layouts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    layouts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(holds(kind) for holds in layouts)


def require_no_zero_byte(texts: Sequence[str], name: str, place: str) -> None:
    """Raise if a text holds a zero byte, as no text file may.

    Args:
        texts: Some rows of a column.
        name: Of the column.
        place: The file.

    Raises:
        BabeliteError: One does.
    """
    if any("\0" in text for text in texts):
        raise BabeliteError(
            f"column {name!r} holds a zero byte (\\u0000), so it is not text",
            path=place,
            hint="take it out, or choose another column",
        )


def require_one(name: str, names: Sequence[str], place: str) -> None:
    """Raise if several columns have the same name, so that it does not tell which is meant.

    Args:
        name: The name.
        names: Those of all columns.
        place: The file.

    Raises:
        BabeliteError: They have.
    """
    if names.count(name) > 1:
        raise BabeliteError(
            f"has {names.count(name)} columns {name!r}",
            path=place,
            hint="rename all but one of them, or choose another column",
        )
