"""``index.json``: the contents of an index, its encoder, and the state of unfinished additions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from babelite._version import __version__
from babelite.encoding import EncoderFingerprint
from babelite.errors import BabeliteError
from babelite.storage import json_with_checksum, parse_versioned_json, write_text

# Version 2 has checksums (see `babelite.index.row_storage`), version 3 ids and fields.
FORMAT_VERSION = 3
REMOVED = "removed.npy"
DESCRIPTION = "index.json"
_REPAIR = "copy the index again or build it again"

VectorType = Literal["int8", "float16"]
IndexKind = Literal["exact", "ivf", "pq"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexSource(_Record):
    """A file whose lines are in an index; ``lines`` counts blank ones too."""

    name: str
    lines: int = Field(ge=0)


class IndexContents(_Record):
    """The rows of an index: the lines of its sources; blank lines have a row but are not found."""

    sources: tuple[IndexSource, ...] = ()
    blank: int = Field(default=0, ge=0)

    @property
    def rows(self) -> int:
        """The number of rows, blank lines included."""
        return sum(source.lines for source in self.sources)

    @model_validator(mode="after")
    def _require_possible_counts(self) -> IndexContents:
        if self.blank > self.rows:
            raise ValueError(f"{self.blank} of {self.rows} lines are blank")
        return self


class IndexField(_Record):
    """A field of the rows from ``first`` on; the field without a name is the id."""

    name: str
    first: int = Field(ge=0)


class IndexColumns(_Record):
    """The columns of a table from which lines were read: text (None: the default), id, fields."""

    text: str | None = None
    id: str | None = None
    fields: tuple[str, ...] = ()


class IndexPart(_Record):
    """The rows from ``start`` up to ``stop``, covered by a FAISS structure in a file."""

    kind: Literal["ivf", "pq"]
    start: int = Field(ge=0)
    stop: int = Field(ge=1)
    file: str = Field(pattern=r"^[\w-]+\.faiss$")


class IndexDescription(_Record):
    """The contents of ``index.json``.

    Attributes:
        contents: The rows that a search finds.
        pending: While lines are being added, all rows on disk, ``contents`` included; otherwise
            None. It becomes ``contents`` when the addition is complete.
        kind: The kind of index that was requested; None to derive it from the size.
        parts: Each covers the rows from the end of the previous one. Rows after the last part are
            compared one by one.
        fields: The fields, in the order in which they begin.
        columns: Where the ids and fields of the first lines were read; None if not in a table.
        removed: The file of the removed rows.
    """

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    encoder: EncoderFingerprint
    precision: VectorType
    contents: IndexContents = IndexContents()
    pending: IndexContents | None = None
    kind: IndexKind | None = None
    parts: tuple[IndexPart, ...] = ()
    fields: tuple[IndexField, ...] = ()
    columns: IndexColumns | None = None
    removed: str = Field(default=REMOVED, pattern=r"^removed(-\d+)?\.npy$")

    @model_validator(mode="after")
    def _require_possible_parts(self) -> IndexDescription:
        edges = [0, *(edge for part in self.parts for edge in (part.start, part.stop))]
        gaps = any(stop != start for stop, start in zip(edges[::2], edges[1::2], strict=False))
        if gaps or any(a > b for a, b in pairwise(edges)) or edges[-1] > self.contents.rows:
            raise ValueError("the parts do not cover the rows from the first one on")
        if self.contents.rows > self.on_disk.rows:
            raise ValueError("there are fewer rows on disk than contents")
        firsts = [field.first for field in self.fields]
        if firsts != sorted(firsts) or len({field.name for field in self.fields}) < len(firsts):
            raise ValueError("the fields are not in order, or have the same name")
        return self

    @property
    def has_checksums(self) -> bool:
        """Whether the files are verified; those of format 1 are not."""
        return self.format_version > 1

    @property
    def on_disk(self) -> IndexContents:
        """All rows on disk, including those of an unfinished addition."""
        return self.pending or self.contents

    @property
    def searched_kind(self) -> IndexKind:
        """The kind of the newest part."""
        return self.parts[-1].kind if self.parts else "exact"

    @property
    def covered(self) -> int:
        """The number of rows that the parts cover."""
        return self.parts[-1].stop if self.parts else 0


def is_index(folder: Path) -> bool:
    """Whether a folder contains an index, finished or not."""
    return (folder / DESCRIPTION).is_file()


def read_index_description(folder: Path) -> IndexDescription:
    """Read the ``index.json`` of an index; raise if it is none, damaged or too new."""
    path = folder / DESCRIPTION
    if not folder.is_dir():
        problem, code = "there is no such folder", "folder-not-found"
        if folder.exists():
            problem, code = "is not a folder", "not-a-folder"
        raise BabeliteError(problem, code=code, path=folder, hint="give the folder of an index")
    if not path.is_file():
        problem = f"is not an index (it has no {DESCRIPTION})"
        hint = "build one with Index.build, or with: babelite index FILE --out FOLDER"
        raise BabeliteError(problem, code="index-invalid", path=folder, hint=hint)
    data = path.read_bytes()
    return parse_versioned_json(IndexDescription, data, path, newest=FORMAT_VERSION, hint=_REPAIR)


def damaged_index(path: Path, problem: str) -> BabeliteError:
    """The error for a missing or damaged file of an index."""
    return BabeliteError(problem, code="index-invalid", path=path, hint=_REPAIR)


def disk_full(path: Path, reason: str) -> BabeliteError:
    """The error for a file of an index that cannot be written; earlier rows are kept."""
    hint = "free some space, then run the same command again; it resumes"
    problem = f"cannot be written ({reason})"
    return BabeliteError(problem, code="not-writable", path=path, hint=hint)


def write_index_description(folder: Path, description: IndexDescription) -> None:
    """Write ``index.json`` atomically."""
    if description.has_checksums:
        description = description.model_copy(update={"format_version": FORMAT_VERSION})
    write_text(folder / DESCRIPTION, json_with_checksum(description.model_dump()))
