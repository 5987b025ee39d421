"""Checks of paths: file endings, standard input and output, missing files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from babelite.errors import BabeliteError

COMPRESSIONS = (".gz", ".xz", ".zst")


def suffix_of(path: str | Path) -> str:
    """The ending that names a file's format, lower case, without that of a compression."""
    path = Path(path)
    if path.suffix.lower() in COMPRESSIONS:
        path = path.with_suffix("")
    return path.suffix.lower()


def is_read_once(path: str | Path) -> bool:
    """Whether an input can be read only once: standard input (``-``) or a pipe."""
    return str(path) == "-" or Path(path).is_fifo()


def is_standard_output(path: str | Path) -> bool:
    """Whether a path names standard output: ``-`` or ``/dev/stdout``."""
    return str(path) in ("-", "/dev/stdout")


def require_file(path: Path) -> None:
    """Raise ``file-not-found`` or ``is-a-folder`` unless a path is a file."""
    if path.is_dir():
        raise folder_instead_of_file(path, "name a file inside it")
    if not path.exists():
        problem, hint = "there is no such file", "check the path"
        raise BabeliteError(problem, code="file-not-found", path=path, hint=hint)


def folder_instead_of_file(path: Path, hint: str) -> BabeliteError:
    """The error for a folder where a file is needed."""
    return BabeliteError("is a folder, not a file", code="is-a-folder", path=path, hint=hint)


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Create a folder for the block; after an error it goes again, if it is new and empty."""
    missing = missing_folders(path)
    make_folder(path)
    try:
        yield
    except BaseException:
        remove_empty_folders(missing)
        raise


def missing_folders(path: Path) -> list[Path]:
    """A folder and its parents as far as they do not exist, the innermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()]


def remove_empty_folders(folders: Iterable[Path]) -> None:
    """Remove folders, the innermost first, until one is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def make_folder(path: Path, hint: str = "choose another folder") -> None:
    """Create a folder and its missing parents; raise ``not-writable`` if that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be created ({error.strerror})"
        raise BabeliteError(problem, code="not-writable", path=path, hint=hint) from error
