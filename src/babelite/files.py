"""Opening files as users have them, and writing files so that no half of one is ever left."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import lzma
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from babelite.errors import BabeliteError, MissingExtraError

COMPRESSIONS = (".gz", ".xz", ".zst")


def open_binary(path: str | Path) -> BinaryIO:
    """Open a file for reading bytes, decompressing ``.gz``, ``.xz`` and ``.zst``.

    Args:
        path: The file, or ``-`` for standard input (never decompressed).

    Returns:
        A readable stream of bytes.

    Raises:
        BabeliteError: The file is missing, is a folder or cannot be read.
        MissingExtraError: A ``.zst`` file without the extra ``corpus``.
    """
    if str(path) == "-":
        return sys.stdin.buffer
    path = Path(path)
    require_file(path)
    try:
        if path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        if path.suffix == ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        if path.suffix == ".zst":
            return _open_zstd(path)
        return path.open("rb")
    except PermissionError as error:
        raise BabeliteError(
            "may not be read", path=path, remedy="change its permissions or name another file"
        ) from error


def require_file(path: Path) -> None:
    """Raise unless ``path`` is a file.

    Raises:
        BabeliteError: The path does not exist or is a folder.
    """
    if path.is_dir():
        raise BabeliteError(
            "is a folder, a file is needed", path=path, remedy="name a file inside it"
        )
    if not path.exists():
        raise BabeliteError("there is no such file", path=path, remedy="check the path")


def _open_zstd(path: Path) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "corpus") from error
    return cast(BinaryIO, io.BufferedReader(zstandard.open(path, "rb")))  # type: ignore[arg-type]


@contextlib.contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file for reading, decompressing it if its name says so.

    A byte-order mark is skipped; lines end at a line feed only, as in every corpus tool.

    Args:
        path: The file, or ``-`` for standard input.

    Yields:
        The open text stream.

    Raises:
        BabeliteError: As `open_binary`.
    """
    stream = open_binary(path)
    try:
        yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="\n")
    finally:
        if stream is not sys.stdin.buffer:
            stream.close()


def read_lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a text file without their line ends.

    Args:
        path: The file (``.gz``, ``.xz`` and ``.zst`` are decompressed), or ``-``.

    Yields:
        One line at a time.

    Raises:
        BabeliteError: The file is missing, binary, not UTF-8 or damaged; names file and line.
    """
    number = 0
    with open_text(path) as stream:
        try:
            for line in stream:
                number += 1
                if "\x00" in line:
                    raise BabeliteError(
                        "holds a zero byte, so it is not text",
                        path=path,
                        line=number,
                        remedy="name a text file, or one whose ending says how it is packed",
                    )
                yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BabeliteError(
                "is not UTF-8",
                path=path,
                line=number + 1,
                remedy="convert it first, for example with: iconv -f LATIN1 -t UTF-8",
            ) from error
        except (EOFError, lzma.LZMAError, gzip.BadGzipFile, OSError) as error:
            raise BabeliteError(
                f"cannot be read to its end ({error})",
                path=path,
                line=number + 1,
                remedy="the file is damaged or cut off, so fetch it again",
            ) from error


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name and give it its own name only when it is whole.

    Args:
        path: The file to be; a file of that name is replaced at the end.

    Yields:
        The temporary path in the same folder, to be written by the caller.

    Raises:
        BabeliteError: The folder does not exist or the disk is full or read-only; the file that
            was there before is untouched.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a whole UTF-8 text file, or nothing.

    Raises:
        BabeliteError: As `writing`.
    """
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _cannot_write(path: Path, error: OSError) -> BabeliteError:
    reason = error.strerror or str(error)
    return BabeliteError(
        f"cannot be written ({reason})",
        path=path,
        remedy="free some space or choose another place; what was there before is untouched",
    )


def sha256(path: Path) -> str:
    """The SHA-256 checksum of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
