"""Discovery of message catalogs in folders, wheels, archives and installed packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from babelite.corpus.catalogs.messages import SUFFIXES
from babelite.corpus.languages import KNOWN_LANGUAGES, base_language
from babelite.errors import BabeliteError

_ZIPS = (".whl", ".zip", ".egg")
_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
# A language, then regions (two letters or three digits), scripts (four) and variants (more).
_SUBTAG = r"[-_@](?:[A-Za-z]{2}|\d{3}|[A-Za-z]{4,8})"
_CODE = re.compile(rf"[A-Za-z]{{2,3}}(?:{_SUBTAG})*")
_STEM_ENDING = re.compile(rf"(.*?[._-])([A-Za-z]{{2}}(?:{_SUBTAG})*)")


@dataclass(frozen=True)
class CatalogFile:
    """A message catalog that has not been read yet."""

    path: str  # the place and the name inside it, for errors
    domain: str  # the path with * for the language: the same for all languages
    language: str
    read: Callable[[], bytes]


def parse_catalog_name(name: str) -> tuple[str, str] | None:
    """The language of a catalog from its name, and the name with ``*`` for it; None without one.

    The language is the folder above ``LC_MESSAGES``, else the whole file name, else the folder of
    the file, else the end of the file name.
    """
    path = PurePosixPath(name)
    folders, stem = list(path.parts[:-1]), path.stem
    if "LC_MESSAGES" in folders[1:]:
        place = folders.index("LC_MESSAGES", 1) - 1
        if _CODE.fullmatch(folders[place]):
            return folders[place], "/".join((*folders[:place], "*", *folders[place + 1 :], stem))
    if _is_known(stem):
        return stem, "/".join((*folders, "*"))
    if folders and _is_known(folders[-1]):
        return folders[-1], "/".join((*folders[:-1], "*", stem))
    ending = _STEM_ENDING.fullmatch(stem)
    if ending and _is_known(ending[2]):
        return ending[2], "/".join((*folders, ending[1] + "*"))
    return None


def _is_known(code: str) -> bool:
    return _CODE.fullmatch(code) is not None and base_language(code) in KNOWN_LANGUAGES


def find_catalogs(place: str, wanted: Callable[[str], bool]) -> Iterator[CatalogFile]:
    """Yield the catalogs whose language is ``wanted``, sorted by name; nothing is unpacked to disk.

    A place is a folder (with the wheels and archives directly in it), a wheel, a zip or tar
    archive, a single catalog, or the name of an installed package.
    """
    path = Path(place)
    if path.is_dir():
        entries = _in_folder(path)
        archives = [str(file) for file in sorted(path.iterdir()) if _is_archive(file)]
    elif path.is_file():
        entries = _in_archive(path, wanted) if _is_archive(path) else _single(path)
        archives = []
    else:
        entries, archives = _in_package(place), []
    for name, read in sorted(entries, key=lambda entry: entry[0]):
        found = parse_catalog_name(name)
        if found is not None and wanted(found[0]):
            yield CatalogFile(f"{place}: {name}", f"{place}: {found[1]}", found[0], read)
    for archive in archives:
        yield from find_catalogs(archive, wanted)


_Entries = Iterator[tuple[str, Callable[[], bytes]]]


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith((*_ZIPS, *_TARS)) and path.is_file()


def _is_catalog(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _single(path: Path) -> _Entries:
    if not _is_catalog(path.name):
        problem = "is neither a message catalog nor an archive"
        hint = f"name a folder, a wheel, or a file ending in one of {', '.join(SUFFIXES)}"
        raise BabeliteError(problem, code="format-unknown", path=path, hint=hint)
    yield path.as_posix(), path.read_bytes


def _in_folder(root: Path) -> _Entries:
    for folder, _, names in os.walk(root):
        for name in filter(_is_catalog, names):
            path = Path(folder, name)
            # With the path of the root, which may name the language: locale/fr.
            yield path.as_posix(), path.read_bytes


def _in_package(name: str) -> _Entries:
    """The files of a distribution, else those beside a module of that name."""
    try:
        files = importlib.metadata.distribution(name).files or []
    except (importlib.metadata.PackageNotFoundError, ValueError):
        files = []
    catalogs = [file for file in files if _is_catalog(file.name)]
    for file in catalogs:
        yield file.as_posix(), Path(str(file.locate())).read_bytes
    if catalogs:
        return
    spec = _module(name)
    if spec is not None:
        for folder in spec.submodule_search_locations or []:
            yield from _in_folder(Path(folder))
    elif not files:
        problem = "is not a file, folder or installed package"
        hint = f"check the path, or fetch it with: pip download --no-deps {name}"
        raise BabeliteError(problem, code="file-not-found", path=name, hint=hint)


def _module(name: str) -> ModuleSpec | None:
    """The spec of an importable module; None if there is none (``__main__`` has none)."""
    try:
        return importlib.util.find_spec(name) if name.isidentifier() else None
    except ValueError:
        return None


# Encrypted members raise RuntimeError, unsupported compression a subclass of it.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, LZMAError, RuntimeError)


def _in_archive(path: Path, wanted: Callable[[str], bool]) -> _Entries:
    """Read an archive once from start to end; keep the wanted catalogs in memory."""
    read_members = _zip_members if path.name.lower().endswith(_ZIPS) else _tar_members
    try:
        for name, data in read_members(path, lambda name: _is_wanted(name, wanted)):
            yield name, partial(bytes, data)
    except _DAMAGE as error:
        problem = f"cannot be read as an archive ({error})"
        hint = "fetch it again; unpack it first if it is encrypted or has another compression"
        raise BabeliteError(problem, code="file-damaged", path=path, hint=hint) from error


def _zip_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in filter(wanted, archive.namelist()):
            yield name, archive.read(name)


def _tar_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isfile() and wanted(member.name) and (stream := archive.extractfile(member)):
                yield member.name, stream.read()


def _is_wanted(name: str, wanted: Callable[[str], bool]) -> bool:
    """Whether a member of an archive is a catalog of a wanted language."""
    found = parse_catalog_name(name) if _is_catalog(name) else None
    return found is not None and wanted(found[0])
