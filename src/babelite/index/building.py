"""How an index comes to be: lines in, block by block, so that a kill costs no more than a block.

The same lines given again go on where they stopped: what is on disk is compared with them, and from
the first block that differs they are encoded anew. So an index never mixes two inputs, and one that
was interrupted equals one that was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from babelite.encoding import (
    SentenceEncoder,
    encode_lines,
    fingerprint_of,
    require_same_encoder,
    require_same_fingerprint,
)
from babelite.errors import BabeliteError
from babelite.index.description import (
    Contents,
    IndexDescription,
    Kind,
    Origin,
    VectorType,
    is_index,
    read_description,
    write_description,
)
from babelite.index.parts import Progress, make_part, plan, require_enough_rows
from babelite.index.row_storage import (
    ENDS,
    PROBED_LINES,
    TEXT,
    VECTORS,
    Storage,
    Writer,
    writing_rows,
)
from babelite.storage import make_folder

BLOCK_LINES = 4096


def claim_folder(folder: Path) -> None:
    """Make the folder of an index, if it is not there.

    Raises:
        BabeliteError: It cannot be made, or holds something else.
    """
    make_folder(folder)
    # A process may have been killed before it had written the description.
    others = (path for path in folder.iterdir() if path.name[0] != "." and path.stat().st_size)
    if not is_index(folder) and any(others):
        raise BabeliteError(
            "is a folder that holds other files",
            path=folder,
            hint="name one that is empty or does not exist",
        )


def begin(
    folder: Path,
    encoder: SentenceEncoder,
    spec: str | None,
    precision: VectorType,
    kind: Kind | None,
) -> IndexDescription:
    """Make an empty index, or take up one that is there.

    Args:
        folder: A folder that exists.
        encoder: What makes the vectors.
        spec: What `babelite.encoding.open_encoder` opens it by.
        precision: The type of the vectors on disk.
        kind: The kind of index to make.

    Returns:
        The description of the index.

    Raises:
        BabeliteError: The index that is there is by another encoder or of another precision.
    """
    identity = fingerprint_of(encoder, spec)
    if not is_index(folder):
        for name in (VECTORS, TEXT, ENDS):
            (folder / name).touch()
        description = IndexDescription(
            encoder=identity, precision=precision, kind=kind, pending=Contents()
        )
        write_description(folder, description)
        return description
    description = read_description(folder)
    require_same_fingerprint(description.encoder, identity, folder, "index")
    texts, vectors = Storage(folder, description, description.on_disk).first_lines(PROBED_LINES)
    require_same_encoder(description.encoder, encoder, folder, "index", texts, vectors)
    if description.precision != precision:
        raise BabeliteError(
            f"holds vectors of {description.precision}, not of {precision}",
            path=folder,
            hint=f"ask for {description.precision}, or choose another folder",
        )
    return description


def ingest(
    folder: Path,
    description: IndexDescription,
    sources: Mapping[str, Iterable[str]],
    encoder: SentenceEncoder,
    progress: Progress,
    *,
    first: int,
) -> IndexDescription:
    """Bring the lines of sources to disk; they belong to the index when `finish` is done.

    Args:
        folder: The folder of the index, locked.
        description: Its description.
        sources: Lines by the names of their files.
        encoder: What makes the vectors.
        progress: Told how many of these lines are there.
        first: The place of the first of the sources among those of the index.

    Returns:
        The new description, by which they are pending.

    Raises:
        BabeliteError: A finished index holds other lines where these should be, or the encoder
            failed, or the disk is full. All that was encoded before is kept.
    """
    if not first and description.contents.rows:
        _require_same_lines(folder, description, sources, progress)
        return description
    with writing_rows(folder, description) as writer:
        kept = list(writer.on_disk.sources[:first])
        before, what = 0, "comparing"
        for name, lines in sources.items():
            count = 0
            for block in _blocks(lines, name):
                if what == "comparing" and not _is_there(writer, kept, count, block):
                    what = "encoding"  # and so is all that follows
                    _forget_parts(folder, description)
                    progress(what, before + count, None)
                if what == "encoding":
                    writer.keep_only([*kept, Origin(name=name, lines=count)])
                    lines = [line.decode("utf-8") for line in block]
                    writer.append(block, encode_lines(encoder, lines))
                count += len(block)
                progress(what, before + count, None)
            kept.append(Origin(name=name, lines=count))
            before += count
        writer.keep_only(kept)
        if writer.on_disk.rows == writer.on_disk.blank:
            raise BabeliteError("there is no line that is not blank", hint="give some text")
        return writer.description


def _forget_parts(folder: Path, description: IndexDescription) -> None:
    """Delete the parts of an addition that did not come to its end, as its rows change now."""
    there = {part.file for part in description.parts}
    for path in folder.glob("*.faiss"):
        if path.name not in there:
            path.unlink()


def take_kind(folder: Path, description: IndexDescription, kind: Kind | None) -> IndexDescription:
    """Let an index be of a kind; the parts of another kind are deleted.

    Args:
        folder: The folder of the index.
        description: Its description.
        kind: The kind asked for; if None, an index keeps its parts, or having none.

    Returns:
        The description, also written; `finish` makes the parts that are now missing.

    Raises:
        BabeliteError: There are too few lines for that kind.
    """
    require_enough_rows(kind, description.on_disk.rows)
    settled = description.parts or description.kind == "exact"
    if kind == description.kind or (kind is None and settled):
        return description
    old = description.parts
    description = description.model_copy(update={"kind": kind, "parts": ()})
    write_description(folder, description)
    for part in old:
        (folder / part.file).unlink(missing_ok=True)
    return description


def finish(folder: Path, description: IndexDescription, progress: Progress) -> IndexDescription:
    """Make what a large index needs to be searched fast; then all that is on disk is found.

    Parts that an interrupted call has made are taken as they are.

    Returns:
        The new description, also written.
    """
    whole = description.model_copy(update={"contents": description.on_disk, "pending": None})
    storage = Storage(folder, whole, whole.contents)
    for part in plan(whole):
        if not (folder / part.file).exists():
            make_part(folder, storage, part, progress)
        whole = whole.model_copy(update={"parts": (*whole.parts, part)})
    if whole != description:
        write_description(folder, whole)
    return whole


def _blocks(lines: Iterable[str], name: str) -> Iterator[list[bytes]]:
    """Lines in UTF-8, blank ones empty, in blocks whose edges depend on nothing but the lines."""
    if isinstance(lines, str):
        raise BabeliteError(
            "an index takes many lines, and one string was given", hint="put it in a list"
        )
    number, remaining = 0, iter(lines)
    while block := list(islice(remaining, BLOCK_LINES)):
        for text in block:
            number += 1
            if not isinstance(text, str):
                raise BabeliteError(
                    f"is not a string but {type(text).__name__}",
                    path=name,
                    line=number,
                    hint="leave it out, or put an empty string in its place",
                )
        yield [_line(text).encode("utf-8", "replace") if text.strip() else b"" for text in block]


def _line(text: str) -> str:
    """A text without the line end that the lines of an open file have."""
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _is_there(writer: Writer, kept: list[Origin], count: int, block: list[bytes]) -> bool:
    """Whether the next lines of the source that follows some others are on disk."""
    there = writer.on_disk.sources
    if [s.lines for s in there[: len(kept)]] != [s.lines for s in kept]:
        return False
    if len(there) <= len(kept) or there[len(kept)].lines < count + len(block):
        return False
    start = sum(source.lines for source in kept) + count
    storage = Storage(writer.folder, writer.description, writer.on_disk)
    return storage.texts_as_bytes(start, start + len(block)) == block


def _require_same_lines(
    folder: Path,
    description: IndexDescription,
    sources: Mapping[str, Iterable[str]],
    progress: Progress,
) -> None:
    """Raise unless a finished index holds exactly the lines of some sources."""
    storage, row = Storage(folder, description, description.contents), 0
    lengths = []
    for name, lines in sources.items():
        start = row
        for block in _blocks(lines, name):
            stop = row + len(block)
            if stop > storage.rows or storage.texts_as_bytes(row, stop) != block:
                raise _other_lines(folder)
            row = stop
            progress("comparing", row, description.contents.rows)
        lengths.append(row - start)
    if lengths != [source.lines for source in description.contents.sources]:
        raise _other_lines(folder)


def _other_lines(folder: Path) -> BabeliteError:
    return BabeliteError(
        "is a finished index of other lines",
        path=folder,
        hint="choose another folder, or add lines with --append",
    )
