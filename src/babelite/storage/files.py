"""Opening files as users have them, and writing files so that no half of one is ever left."""

from __future__ import annotations

import codecs
import contextlib
import errno
import gzip
import io
import lzma
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from babelite.errors import BabeliteError
from babelite.storage import zstd

COMPRESSIONS = (".gz", ".xz", ".zst")

_BLOCK = 1 << 18

# By these names a system knows files that are open.
_OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")

# What the decompressors raise for a file that is cut off or damaged.
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error)


def suffix_of(path: str | Path) -> str:
    """The ending that tells a file's format, in lower case and without the compression's.

    Example:
        >>> suffix_of("train/en-fr.TSV.gz")
        '.tsv'
    """
    path = Path(path)
    if path.suffix.lower() in COMPRESSIONS:
        path = path.with_suffix("")
    return path.suffix.lower()


# --- reading --------------------------------------------------------------------------------------


def is_read_once(path: str | Path) -> bool:
    """Whether what a path names can be read only once: standard input, or a pipe."""
    return str(path) == "-" or Path(path).is_fifo()


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
        if sys.stdin is None:  # as where it was closed before the start
            raise BabeliteError("is closed", path="-", hint="name a file")
        return sys.stdin.buffer
    path = Path(path)
    require_file(path)
    try:
        packing = path.suffix.lower()
        if packing == ".zst":
            zstd.library(path)  # before anything is opened
        if packing in (".gz", ".xz"):  # these close what they have opened themselves
            return cast(BinaryIO, (gzip if packing == ".gz" else lzma).open(path, "rb"))
        return unpacked(path.open("rb"), path)
    except PermissionError as error:
        raise BabeliteError(
            "may not be read", path=path, hint="change its permissions or name another file"
        ) from error


def unpacked(stream: BinaryIO, path: str | Path) -> BinaryIO:
    """What a stream holds, decompressed if a name ends in ``.gz``, ``.xz`` or ``.zst``.

    Args:
        stream: A readable stream of the bytes as they are stored.
        path: The name.

    Returns:
        A readable stream with ``read1``.

    Raises:
        MissingExtraError: A ``.zst`` file without the extra ``corpus``.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        return cast(BinaryIO, gzip.open(stream, "rb"))
    if suffix == ".xz":
        return cast(BinaryIO, lzma.open(stream, "rb"))
    if suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(zstd.Reader(stream, Path(path)), _BLOCK))
    return stream


def make_folder(path: Path, hint: str = "choose another folder") -> None:
    """Make a folder and those around it, unless they are there.

    Args:
        path: The folder.
        hint: What to do if it cannot be made.

    Raises:
        BabeliteError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BabeliteError(f"cannot be made ({error.strerror})", path=path, hint=hint) from error


def require_file(path: Path) -> None:
    """Raise unless ``path`` is a file.

    Raises:
        BabeliteError: The path does not exist or is a folder.
    """
    if path.is_dir():
        raise BabeliteError(
            "is a folder, a file is needed", path=path, hint="name a file inside it"
        )
    if not path.exists():
        raise BabeliteError("there is no such file", path=path, hint="check the path")


@contextlib.contextmanager
def reading_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Read a file as bytes, decompressed, to be closed at the end (standard input is not).

    Args:
        path: The file, or ``-`` for standard input.

    Yields:
        A readable stream of bytes.

    Raises:
        BabeliteError: As `open_binary`; or the file turns out to be cut off or damaged.
    """
    stream = open_binary(path)
    try:
        yield stream
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    finally:
        if str(path) != "-":
            stream.close()


def _damaged(path: str | Path, error: Exception, line: int | None = None) -> BabeliteError:
    return BabeliteError(
        f"cannot be read to its end ({error})",
        path=path,
        line=line,
        hint="the file is damaged or cut off, so fetch it again",
    )


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
    with reading_bytes(path) as stream:
        for block in whole_lines(stream, path):
            lines = decode_lines(block, path, number)
            yield from lines
            number += len(lines)


def whole_lines(stream: BinaryIO, path: str | Path, lines_before: int = 0) -> Iterator[bytes]:
    """Blocks that end at the end of a line, so that a block can be decoded and counted at once.

    Args:
        stream: Where a line begins; it has ``read1``, as what `open_binary` gives.
        path: Its name, for errors.
        lines_before: How many lines there are before.

    Raises:
        BabeliteError: The file is damaged.
    """
    number = lines_before
    started: list[bytes] = []
    try:
        # read1 never waits for more than there is: lines typed or piped in are seen at once.
        while block := cast(io.BufferedReader, stream).read1(_BLOCK):
            end = block.rfind(b"\n") + 1
            if not end:
                started.append(block)
                continue
            yield b"".join((*started, block[:end]))
            number += block.count(b"\n")
            started = [block[end:]] if end < len(block) else []
    except _DAMAGE as error:
        raise _damaged(path, error, number + 1) from error
    if started:
        yield b"".join(started)


def decode_lines(block: bytes, path: str | Path, lines_before: int) -> list[str]:
    """The lines of a block of whole lines, without a byte-order mark if it is the first.

    Raises:
        BabeliteError: They are binary or not UTF-8; names the line.
    """
    if not lines_before:
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_utf8(path, 1, "UTF-16")
        block = block.removeprefix(codecs.BOM_UTF8)
    if (zero := block.find(b"\x00")) >= 0:
        raise BabeliteError(
            "holds a zero byte, so it is not UTF-8 text",
            path=path,
            line=lines_before + block.count(b"\n", 0, zero) + 1,
            hint="take it out, or convert the file if it is text in another encoding: "
            "iconv -f UTF-16LE -t UTF-8",
        )
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + block.count(b"\n", 0, error.start) + 1
        raise _not_utf8(path, line, "LATIN1") from error
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _not_utf8(path: str | Path, line: int, encoding: str) -> BabeliteError:
    return BabeliteError(
        "is not UTF-8",
        path=path,
        line=line,
        hint=f"convert it first, for example with: iconv -f {encoding} -t UTF-8",
    )


# --- writing --------------------------------------------------------------------------------------


def is_standard_output(path: str | Path) -> bool:
    """Whether a path names standard output, which may itself be a file that is appended to."""
    return str(path) in ("-", "/dev/stdout")


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name and give it its own name only when it is whole.

    Args:
        path: The file to be; a file of that name is replaced at the end. A device or a pipe is
            never replaced, it is written straight through.

    Yields:
        The temporary path in the same folder, to be written by the caller.

    Raises:
        BabeliteError: The folder does not exist or the disk is full or read-only; the file that
            was there before is untouched.
    """
    path = Path(path)
    if path.is_dir():
        raise BabeliteError("is a folder, a file is needed", path=path, hint="add a file name")
    if path.is_file() and str(path.absolute()).startswith(_OPEN_FILES):
        raise BabeliteError(
            "stands for a file that is open, and writing would replace it",
            path=path,
            hint="name the file itself, or - for standard output where that is allowed",
        )
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        path = path.resolve()  # a link stays a link, the file it names is replaced
        with _temporary_beside(path) as temporary:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(_permissions(path))
            temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _permissions(path: Path) -> int:
    """Those of the file that is replaced, else what the user wants new files to have."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0o077)  # there is no way to read it without setting it
    os.umask(umask)
    return 0o666 & ~umask


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file as bytes, compressed if its name ends in ``.gz``, ``.xz`` or ``.zst``.

    Args:
        path: The file to be, or ``-`` for standard output (never compressed).

    Yields:
        A writable stream; the file appears under its name when the block ends without an error.

    Raises:
        BabeliteError: As `writing`.
        MissingExtraError: A ``.zst`` file without the extra ``corpus``.
    """
    if is_standard_output(path):
        if sys.stdout is None:
            raise BabeliteError("standard output is closed", hint="name a file with --out")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with writing(path) as temporary, _compressing(temporary, Path(path)) as stream:
        yield stream


@contextlib.contextmanager
def writing_text(path: str | Path) -> Iterator[TextIO]:
    """Write a UTF-8 text file, compressed if its name says so; see `writing_bytes`."""
    with writing_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
        try:
            yield text
        finally:
            text.detach()  # flushes; the stream is closed by whoever opened it


@contextlib.contextmanager
def _compressing(temporary: Path, path: Path) -> Iterator[BinaryIO]:
    packing = path.suffix.lower()
    with contextlib.ExitStack() as stack:
        if packing == ".xz":
            yield cast(BinaryIO, stack.enter_context(lzma.open(temporary, "wb", preset=2)))
            return
        raw = stack.enter_context(temporary.open("wb"))
        if packing == ".gz":
            # Neither name nor time in the header: the same text gives the same file.
            packed = gzip.GzipFile("", "wb", 6, raw, 0)
            yield cast(BinaryIO, stack.enter_context(packed))
        elif packing == ".zst":
            writer = zstd.library(path).ZstdCompressor().stream_writer(raw, closefd=False)
            yield cast(BinaryIO, stack.enter_context(writer))
        else:
            yield raw


def write_text(path: str | Path, text: str) -> None:
    """Write a whole UTF-8 text file, or nothing.

    Raises:
        BabeliteError: As `writing`.
    """
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def cannot_write(path: Path, error: OSError) -> BabeliteError:
    """What to tell when a file cannot be written."""
    reason = error.strerror or str(error)
    hint = "free some space or choose another place; what was there before is untouched"
    if error.errno == errno.ENOENT:
        hint = f"make the folder {path.parent} first"
    return BabeliteError(f"cannot be written ({reason})", path=path, hint=hint)
