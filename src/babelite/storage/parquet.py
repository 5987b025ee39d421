"""Parquet files: opening and checking columns (pyarrow, part of several extras)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from babelite.errors import BabeliteError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_SHOWN = 20  # bytes shown before and after one that is not UTF-8


def require_pyarrow(feature: str, extra: str) -> None:
    """Raise `MissingExtraError` unless pyarrow is installed: a feature needs an extra."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error


@contextmanager
def reading_parquet(file: str | Path | BinaryIO, place: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file (a path or a seekable stream) that errors call ``place``.

    Errors of pyarrow while it is read become ``file-damaged`` or ``not-utf8``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            yield opened
    except (pa.ArrowException, OSError) as error:
        raise BabeliteError(
            f"cannot be read as Parquet ({str(error).splitlines()[0]})",
            code="file-damaged",
            path=place,
            hint="the file is damaged or has another format, so fetch it again or rename it",
        ) from error
    except UnicodeDecodeError as error:  # pyarrow decodes strings only when they are accessed
        around = error.object[max(0, error.start - _SHOWN) : error.start + _SHOWN]
        raise BabeliteError(
            f"contains {around!r}, which is not UTF-8",
            code="not-utf8",
            path=place,
            hint="decode the text correctly and write the file again",
        ) from error


def is_string_type(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings, in any of Arrow's layouts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    layouts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_layout(kind) for is_layout in layouts)


def require_string_type(kind: pa.DataType, name: str, place: str) -> None:
    """Raise ``column-invalid`` unless column ``name`` of file ``place`` holds strings."""
    if not is_string_type(kind):
        raise _invalid_column(f"column {name!r} holds {kind}, not text", place)


def require_no_zero_byte(texts: Sequence[str], name: str, place: str) -> None:
    """Raise ``column-invalid`` if a text of column ``name`` contains a zero byte."""
    if any("\0" in text for text in texts):
        problem = f"column {name!r} contains a zero byte (\\u0000), so it is not text"
        raise _invalid_column(problem, place)


def require_unique_column(name: str, names: Sequence[str], place: str) -> None:
    """Raise ``column-invalid`` if several columns of file ``place`` are called ``name``."""
    if names.count(name) > 1:
        raise _invalid_column(f"has {names.count(name)} columns {name!r}", place)


def _invalid_column(problem: str, place: str) -> BabeliteError:
    hint = "correct the file, or choose another column"
    return BabeliteError(problem, code="column-invalid", path=place, hint=hint)
