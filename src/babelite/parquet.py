"""Parquet files, read by pyarrow, which is part of extras."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from babelite.errors import BabeliteError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow.parquet as pq


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
        BabeliteError: It is damaged, or no Parquet file.
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
            remedy="the file is damaged or of another format, so fetch it again or rename it",
        ) from error
