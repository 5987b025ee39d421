"""Discovery of message catalogs in folders, wheels, archives and installed packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec
from io import BytesIO
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from babelite.corpus.catalogs.messages import SUFFIXES, read_messages
from babelite.corpus.languages import KNOWN_LANGUAGES, base_language
from babelite.corpus.losses import Losses
from babelite.errors import BabeliteError, MissingExtraError
from babelite.storage import MAX_RECORD_BYTES, record_too_large

_ZIPS = (".whl", ".zip", ".egg")
_MAX_CATALOGS_BYTES = 1 << 30  # of an archive, which are kept in memory
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
    archive, a single catalog, or the name of an installed package. The language is that of the
    file name, else that which the catalog declares.
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
        path_inside = f"{place}: {name}"
        if found is None:
            for language in filter(wanted, _declared_languages(path_inside, read)):
                yield CatalogFile(path_inside, path_inside, language, read)
        elif wanted(found[0]):
            yield CatalogFile(path_inside, f"{place}: {found[1]}", found[0], read)
    for archive in archives:
        yield from find_catalogs(archive, wanted)


def _declared_languages(path: str, read: Callable[[], bytes]) -> list[str]:
    """The target languages that a catalog declares, in order."""
    try:
        messages = read_messages(BytesIO(read()), path, Losses())
        return list(dict.fromkeys(m.target_language for m in messages if m.target_language))
    except MissingExtraError:
        raise
    except (BabeliteError, OSError) as error:
        warnings.warn(f"skipped: {error}", stacklevel=2)
        return []


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
        hint = f"check the path, or fetch it with: pip download --no-deps {shlex.quote(name)}"
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
        size = 0
        for name, data in read_members(path, lambda name: _is_wanted(name, wanted)):
            size += len(data)
            if size > _MAX_CATALOGS_BYTES:
                problem = f"holds more than {_MAX_CATALOGS_BYTES >> 20} MiB of catalogs"
                hint = "unpack it and name the folder"
                raise BabeliteError(problem, code="limit-exceeded", path=path, hint=hint)
            yield name, partial(bytes, data)
    except _DAMAGE as error:
        problem = f"cannot be read as an archive ({error})"
        hint = "fetch it again; unpack it first if it is encrypted or has another compression"
        raise BabeliteError(problem, code="file-damaged", path=path, hint=hint) from error


def _zip_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in filter(wanted, archive.namelist()):
            with archive.open(name) as stream:
                yield name, _member(stream, path, name)


def _tar_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isfile() and wanted(member.name) and (stream := archive.extractfile(member)):
                yield member.name, _member(stream, path, member.name)


def _member(stream: IO[bytes], archive: Path, name: str) -> bytes:
    """The content of a member of an archive, up to the limit of a catalog."""
    data = stream.read(MAX_RECORD_BYTES + 1)
    if len(data) > MAX_RECORD_BYTES:
        raise record_too_large(f"{archive}: {name}", "catalog")
    return data


def _is_wanted(name: str, wanted: Callable[[str], bool]) -> bool:
    """Whether a member of an archive is a catalog that may be in a wanted language."""
    found = parse_catalog_name(name)
    return _is_catalog(name) and (found is None or wanted(found[0]))
