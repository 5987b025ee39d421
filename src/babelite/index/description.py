"""``index.json``: what an index holds, what it was made with, and how far its making has come."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from babelite._version import __version__
from babelite.encoding import EncoderFingerprint
from babelite.errors import BabeliteError
from babelite.storage import parse_versioned_json, write_text

FORMAT_VERSION = 1
DESCRIPTION = "index.json"

VectorType = Literal["int8", "float16"]
Kind = Literal["exact", "ivf", "pq"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Record):
    """Lines that came from one place.

    Attributes:
        name: The file, as it was named.
        lines: How many lines of it there are, blank ones included.
    """

    name: str
    lines: int = Field(ge=0)


class Contents(_Record):
    """The rows of an index: the lines of its sources, one source after the other.

    Attributes:
        sources: Where they came from.
        blank: How many of them are blank; these have a row, and are never found.
    """

    sources: tuple[Origin, ...] = ()
    blank: int = Field(default=0, ge=0)

    @property
    def rows(self) -> int:
        """The number of rows, blank lines included."""
        return sum(source.lines for source in self.sources)


class Part(_Record):
    """Rows that a FAISS structure finds faster than a look at every vector would.

    Attributes:
        kind: ``ivf`` or ``pq``.
        start: The first of its rows.
        stop: The row after its last.
        file: The name of its file in the folder.
    """

    kind: Literal["ivf", "pq"]
    start: int = Field(ge=0)
    stop: int = Field(ge=1)
    file: str = Field(pattern=r"^[\w-]+\.faiss$")


class IndexDescription(_Record):
    """The contents of ``index.json``.

    Attributes:
        encoder: What made the vectors.
        precision: The type of the vectors on disk.
        contents: What is found by a search.
        pending: What is on disk when lines are being added, the contents included; None when
            nothing is. It becomes the contents when all the lines are there.
        kind: The kind of index that was asked for; None if its size decides.
        parts: What makes searching fast: each covers rows from where the one before it ends. The
            rows behind the last are compared one by one.
    """

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    encoder: EncoderFingerprint
    precision: VectorType
    contents: Contents = Contents()
    pending: Contents | None = None
    kind: Kind | None = None
    parts: tuple[Part, ...] = ()

    @property
    def on_disk(self) -> Contents:
        """All that is on disk, whether it is found or not yet."""
        return self.pending or self.contents

    @property
    def covered(self) -> int:
        """The number of rows that the parts cover."""
        return self.parts[-1].stop if self.parts else 0


def is_index(folder: str | Path) -> bool:
    """Whether a folder holds an index, be it finished or not."""
    return (Path(folder) / DESCRIPTION).is_file()


def read_description(folder: Path) -> IndexDescription:
    """Read ``index.json``.

    Raises:
        BabeliteError: The folder holds no index, one of a newer version, or a damaged description.
    """
    path = folder / DESCRIPTION
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "there is no such folder"
        raise BabeliteError(problem, path=folder, hint="name the folder of an index")
    if not path.is_file():
        raise BabeliteError(
            f"is not an index, for it holds no {DESCRIPTION}",
            path=folder,
            hint="make one with: babelite index FILE --out FOLDER",
        )
    return parse_versioned_json(
        IndexDescription,
        path.read_bytes(),
        path,
        newest=FORMAT_VERSION,
        hint="copy the index again or build it again",
    )


def write_description(folder: Path, description: IndexDescription) -> None:
    """Write ``index.json``, whole or not at all.

    Raises:
        BabeliteError: The disk is full or read-only.
    """
    write_text(folder / DESCRIPTION, description.model_dump_json(indent=2) + "\n")
