"""Building an index: lines are encoded and committed block by block. A kill loses one block.

The same lines given again resume an unfinished index: the rows on disk are compared with them, and
everything from the first block that differs is encoded again. So an index never mixes two inputs,
and an interrupted index equals one that was not interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite._version import __version__
from babelite.corpus import HashSet
from babelite.encoding import (
    SentenceEncoder,
    encode_lines,
    fingerprint_of,
    iterate_items,
    require_same_encoder,
    require_same_fingerprint,
)
from babelite.errors import BabeliteError
from babelite.index.description import (
    FORMAT_VERSION,
    IndexColumns,
    IndexContents,
    IndexDescription,
    IndexKind,
    IndexSource,
    VectorType,
    is_index,
    read_index_description,
    write_index_description,
)
from babelite.index.fields import ID, IndexRow, RowBlock, hashes_of, record_of
from babelite.index.index_parts import (
    IndexProgress,
    add_part_checksums,
    build_part,
    is_built,
    plan_parts,
    remove_other_parts,
    require_enough_rows,
)
from babelite.index.row_storage import (
    ENDS,
    PROBE_LINES,
    TEXT,
    VECTORS,
    RowReader,
    RowWriter,
    replaced_rows,
    write_removed,
)
from babelite.storage import checksums_path, make_folder, write_checksums

# Lines of text, some of which may have ids and fields.
Rows = Iterable[str | IndexRow] | Iterable[str] | Iterable[IndexRow]

_BLOCK_LINES = 4096


def reserve_folder(folder: Path) -> None:
    """Create the folder of an index; an error if it contains other files."""
    make_folder(folder)
    # A process may have been killed before it had written the description.
    others = (path for path in folder.iterdir() if path.name[0] != "." and path.stat().st_size)
    if not is_index(folder) and any(others):
        hint = "give a folder that is empty or does not exist"
        raise BabeliteError("contains other files", code="index-invalid", path=folder, hint=hint)


def open_or_create(
    folder: Path,
    encoder: SentenceEncoder,
    spec: str | None,
    precision: VectorType,
    kind: IndexKind | None,
    columns: IndexColumns | None,
) -> IndexDescription:
    """The description of the index in a folder, or of a new, empty index of the given kind."""
    fingerprint = fingerprint_of(encoder, spec)
    if not is_index(folder):
        for name in (VECTORS, TEXT, ENDS):
            (folder / name).touch()
            checksums_path(folder / name).touch()
        description = IndexDescription(
            encoder=fingerprint,
            precision=precision,
            kind=kind,
            pending=IndexContents(),
            columns=columns,
        )
        write_index_description(folder, description)
        return description
    description = read_index_description(folder)
    require_same_fingerprint(description.encoder, fingerprint, folder, "index")
    texts, vectors = RowReader(folder, description, description.on_disk).first_lines(PROBE_LINES)
    require_same_encoder(description.encoder, encoder, folder, "index", texts, vectors)
    if description.precision != precision:
        problem = f"contains {description.precision} vectors, not {precision}"
        hint = f"use {description.precision}, or choose another folder"
        raise BabeliteError(problem, code="index-exists", path=folder, hint=hint)
    unfinished = not description.contents.rows
    return description.model_copy(update={"columns": columns}) if unfinished else description


def write_lines(
    folder: Path,
    description: IndexDescription,
    sources: Mapping[str, Rows],
    encoder: SentenceEncoder,
    progress: IndexProgress,
    *,
    first: int,
) -> IndexDescription:
    """Write lines (by file name) to disk, where they stay pending until `build_parts`.

    The first of the sources is number ``first`` (from 0) in the index, whose folder is locked.
    After an error the encoded lines are kept.
    """
    if not first and description.contents.rows:
        _require_same_lines(folder, description, sources, progress)
        return description
    description = _with_checksums(folder, description)
    ids = HashSet()
    with closing(RowWriter(folder, description)) as writer:
        kept = list(writer.on_disk.sources[:first])
        before, step = 0, "comparing"
        for name, lines in sources.items():
            count = 0
            for block in _blocks(lines, name):
                _require_distinct_ids(block, ids, name, count)
                if step == "comparing" and not _is_on_disk(writer, kept, count, block):
                    step = "encoding"  # all lines from here on
                    remove_other_parts(folder, description.parts)
                    progress(step, before + count, None)
                if step == "encoding":
                    writer.keep_only([*kept, IndexSource(name=name, lines=count)])
                    texts = [line.decode("utf-8") for line in block.texts]
                    writer.append(block, encode_lines(encoder, texts))
                count += len(block.texts)
                progress(step, before + count, None)
            kept.append(IndexSource(name=name, lines=count))
            before += count
        writer.keep_only(kept)
        if writer.on_disk.rows == writer.on_disk.blank:
            raise BabeliteError("all lines are blank", code="input-empty", hint="give some text")
        return writer.description


def without_present(
    rows: RowReader,
    present: Sequence[tuple[str, int, int]],
    sources: Mapping[str, Rows],
) -> tuple[dict[str, Rows], list[str]]:
    """The sources that an index does not contain yet, and the names of the others.

    ``present`` has name, first row and end of each source in the index; one is the same if its name
    and all its lines are the same.
    """
    new, names = dict[str, Rows](), list[str]()
    for name, lines in sources.items():
        spans = [(first, end) for other, first, end in present if other == name]
        if (rest := _without_known_lines(rows, spans, lines, name)) is None:
            names.append(name)
        else:
            new[name] = rest
    return new, names


def _without_known_lines(
    rows: RowReader, spans: list[tuple[int, int]], lines: Rows, name: str
) -> Rows | None:
    """None if the rows of one of these spans are exactly the lines; else an equal iterable."""
    if not spans:
        return lines
    count, blocks = 0, _blocks(lines, name)
    for block in blocks:
        stop = count + len(block.texts)
        known = spans[0][0]
        spans = [
            (first, end)
            for first, end in spans
            if first + stop <= end and rows.block(first + count, first + stop) == block
        ]
        if not spans:  # the lines that were read before this block are those on disk
            before = _lines_on_disk(rows, known, known + count)
            after = (later.rows() for later in chain([block], blocks))
            return chain(before, chain.from_iterable(after))
        count = stop
    same = any(first + count == end for first, end in spans)
    return None if same else _lines_on_disk(rows, spans[0][0], spans[0][0] + count)


def _lines_on_disk(rows: RowReader, start: int, stop: int) -> Iterator[IndexRow]:
    for first in range(start, stop, _BLOCK_LINES):
        yield from rows.block(first, min(first + _BLOCK_LINES, stop)).rows()


def _with_checksums(folder: Path, description: IndexDescription) -> IndexDescription:
    """Add checksums to the files of an index of an earlier version, which had none."""
    if description.has_checksums:
        return description
    for name in (VECTORS, TEXT, ENDS):
        write_checksums(folder / name, folder / name)
    for part in description.parts:
        add_part_checksums(folder, part)
    versions = {"format_version": FORMAT_VERSION, "babelite_version": __version__}
    return description.model_copy(update=versions)


def set_kind(
    folder: Path, description: IndexDescription, kind: IndexKind | None
) -> IndexDescription:
    """Set the kind of an index and delete the parts of another kind.

    With None an index keeps its kind. `build_parts` builds the parts that are missing then.
    """
    require_enough_rows(kind, description.on_disk.rows)
    settled = description.parts or description.kind == "exact"
    if kind == description.kind or (kind is None and settled):
        return description
    description = description.model_copy(update={"kind": kind, "parts": ()})
    write_index_description(folder, description)
    remove_other_parts(folder, ())
    return description


def remove_replaced(
    folder: Path, description: IndexDescription, removed: NDArray[np.int64]
) -> IndexDescription:
    """Remove the rows whose id one of the added rows has, when these become searchable.

    ``removed`` are the rows that were removed before. The new description must be written.
    """
    rows = RowReader(folder, description, description.on_disk)
    replaced = replaced_rows(rows, description.contents.rows, removed)
    if not len(replaced):
        return description
    # A file of its own, because the searched rows must not lose them before they get the others.
    name = f"removed-{rows.count}.npy"
    write_removed(folder, name, np.union1d(removed, replaced))
    return description.model_copy(update={"removed": name})


def build_parts(
    folder: Path, description: IndexDescription, progress: IndexProgress
) -> IndexDescription:
    """Build the missing parts and make all rows on disk searchable; the new description.

    Parts that an interrupted call has built are used.
    """
    complete = description.model_copy(update={"contents": description.on_disk, "pending": None})
    rows = RowReader(folder, complete, complete.contents)
    for part in plan_parts(complete):
        if not is_built(folder, part):
            build_part(folder, rows, part, progress)
        complete = complete.model_copy(update={"parts": (*complete.parts, part)})
    if complete != description:
        write_index_description(folder, complete)
    remove_other_parts(folder, complete.parts)
    for path in folder.glob("removed*.npy"):
        if path.name != complete.removed:
            path.unlink()
    return complete


def _blocks(lines: Rows, name: str) -> Iterator[RowBlock]:
    """Rows in blocks whose limits depend on the rows only."""
    items: Iterator[str | IndexRow] = iterate_items(lines, (str, IndexRow), name)
    first = 1
    while block := list(islice(items, _BLOCK_LINES)):
        records = [
            record_of(item, name, line) if isinstance(item, IndexRow) else b""
            for line, item in enumerate(block, first)
        ]
        texts = (item.text if isinstance(item, IndexRow) else item for item in block)
        encoded = [
            _without_line_end(text).encode("utf-8", "replace") if text.strip() else b""
            for text in texts
        ]
        yield RowBlock(encoded, records)
        first += len(block)


def _require_distinct_ids(block: RowBlock, known: HashSet, name: str, before: int) -> None:
    """Raise if an id of a block, after ``before`` rows of its source, was used before."""
    ids = [(place, values[ID]) for place, values in enumerate(block.values) if ID in values]
    new = known.add(hashes_of(id for _, id in ids))
    if not new.all():
        place, repeated = ids[int(np.argmin(new))]
        problem, hint = f"the id {repeated!r} occurs twice", "give each line another id"
        line = before + place + 1
        raise BabeliteError(problem, code="id-repeated", path=name, line=line, hint=hint)


def _without_line_end(text: str) -> str:
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _is_on_disk(writer: RowWriter, kept: list[IndexSource], count: int, block: RowBlock) -> bool:
    """Whether ``block`` is on disk, after ``count`` lines of the source that follows ``kept``."""
    on_disk = writer.on_disk.sources
    if [s.lines for s in on_disk[: len(kept)]] != [s.lines for s in kept]:
        return False
    if len(on_disk) <= len(kept) or on_disk[len(kept)].lines < count + len(block.texts):
        return False
    start = sum(source.lines for source in kept) + count
    rows = RowReader(writer.folder, writer.description, writer.on_disk)
    return rows.block(start, start + len(block.texts)) == block


def _require_same_lines(
    folder: Path,
    description: IndexDescription,
    sources: Mapping[str, Rows],
    progress: IndexProgress,
) -> None:
    """Raise unless a finished index contains exactly the lines of these sources."""
    contents = description.contents
    rows, row = RowReader(folder, description, contents), 0
    lengths = []
    for name, lines in sources.items():
        start = row
        for block in _blocks(lines, name):
            stop = row + len(block.texts)
            if stop > rows.count or rows.block(row, stop) != block:
                raise _other_lines(folder)
            row = stop
            progress("comparing", row, contents.rows)
        lengths.append(row - start)
    if lengths != [source.lines for source in contents.sources]:
        raise _other_lines(folder)


def _other_lines(folder: Path) -> BabeliteError:
    problem = "is a finished index of other lines"
    hint = "choose another folder, or add lines with Index.add (--append)"
    return BabeliteError(problem, code="index-exists", path=folder, hint=hint)
