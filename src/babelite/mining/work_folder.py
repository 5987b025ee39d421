"""Work folder of mining: sentences, vectors and neighbours on disk, for resumable runs."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
from array import array
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from babelite.corpus import one_line
from babelite.encoding import iterate_texts, same_vectors
from babelite.errors import BabeliteError, quantity
from babelite.storage import (
    append_checksums,
    intact_bytes,
    is_lock_file,
    json_with_checksum,
    json_without_checksum,
    make_folder,
    read_arrays,
    write_arrays,
    write_error,
    write_text,
    writing_atomically,
)

_MANIFEST = "work.json"
_FORMAT = 2  # blocks of format 1 have no checksums and are not verified
_SUFFIXES = {".txt", ".npy", ".npz", ".vectors", ".neighbours", ".verdicts", ".crc", ".tmp"}
# Its vector identifies the encoder of a work folder.
PROBE_SENTENCE = "The library opens at nine; où est la gare ?"


class RowFile:
    """A file of rows of numbers, written in blocks; complete blocks survive a kill."""

    def __init__(
        self, path: Path, dtype: DTypeLike, width: int, total: int, block: int, *, checksums: bool
    ) -> None:
        self._path, self._dtype, self._checksums = path, np.dtype(dtype), checksums
        self._width, self._total, self._block = width, total, block
        self._row_bytes = self._dtype.itemsize * width

    @cached_property
    def done(self) -> int:
        """The number of rows in complete blocks before the first damaged one."""
        size = self._path.stat().st_size if self._path.exists() else 0
        if size > self._total * self._row_bytes:
            raise BabeliteError(
                f"is longer than its {quantity(self._total, 'row')}",
                code="file-damaged",
                path=self._path,
                hint="delete the work folder",
            )
        rows = (intact_bytes(self._path) if self._checksums else size) // self._row_bytes
        return rows if rows == self._total else rows - rows % self._block

    def missing_blocks(self) -> Iterator[slice]:
        """The blocks of rows that are not yet appended."""
        for start in range(self.done, self._total, self._block):
            yield slice(start, min(self._total, start + self._block))

    def append(self, start: int, rows: NDArray[Any]) -> None:
        """Write a block of rows that begins at row ``start``."""
        data, position = np.ascontiguousarray(rows, self._dtype).data, start * self._row_bytes
        try:
            with self._path.open("r+b" if self._path.exists() else "wb") as stream:
                stream.truncate(position)
                stream.seek(position)
                stream.write(data)
            if self._checksums:
                append_checksums(self._path, data, position)
        except OSError as error:
            raise write_error(self._path, error) from error
        self.done = start + len(rows)

    def read(self) -> NDArray[Any]:
        """All rows as a memory map, shape (total, width)."""
        return np.memmap(self._path, self._dtype, "r", shape=(self._total, self._width))


class SentenceStore:
    """The distinct sentences of one side, in order of appearance, read from disk one by one.

    Attributes:
        rows: int64 array of shape (lines,): the sentence of each line, -1 for a blank line.
        line_numbers: int64 array: the first line of each sentence, from 1.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._starts: NDArray[np.int64] = np.load(folder / f"{name}.starts.npy", allow_pickle=False)
        self.rows: NDArray[np.int64] = np.load(folder / f"{name}.rows.npy", allow_pickle=False)
        # Sentences are numbered in order of appearance: a new maximum is a first appearance.
        highest = np.maximum.accumulate(self.rows)
        self.line_numbers = 1 + np.flatnonzero(np.diff(highest, prepend=-1) > 0)
        with (folder / f"{name}.txt").open("rb") as stream:
            self._text = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: int) -> str:
        start = int(self._starts[row])
        return self._text[start : self._text.find(b"\n", start)].decode()

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    @staticmethod
    def write(lines: Iterable[str], folder: Path, name: str, known: str | None) -> str:
        """Store the distinct lines with text; return their checksum, which must be ``known``."""
        texts, digest = iterate_texts(lines, f"the {name} text"), hashlib.sha256()
        # 8 bytes a line each; lists of Python integers would take several times as much.
        keys, starts, lines_with_text = array("Q"), array("q"), array("q")
        position = count = 0
        with writing_atomically(folder / f"{name}.txt") as temporary:
            with temporary.open("wb") as stream:
                for count, line in enumerate(texts, start=1):
                    # A lone surrogate cannot be written; tabs and line breaks in the sentences
                    # of records would break the output.
                    text = one_line(line.strip()).encode("utf-8", "replace") + b"\n"
                    digest.update(text)
                    if len(text) == 1:
                        continue
                    key = hashlib.blake2b(text, digest_size=8).digest()
                    keys.append(int.from_bytes(key, "little"))
                    starts.append(position)
                    lines_with_text.append(count - 1)
                    position += stream.write(text)
            if not keys:
                raise BabeliteError(
                    f"the {name} text has only blank lines", code="input-empty", hint="give text"
                )
            if known not in (None, digest.hexdigest()):
                raise BabeliteError(
                    f"contains the work of another {name} text",
                    code="run-mismatch",
                    path=folder,
                    hint="choose another work folder, or delete this one",
                )
        hashes = np.frombuffer(keys, dtype=np.uint64)
        _, first, same = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.argsort(order)  # the inverse permutation
        rows = np.full(count, -1, dtype=np.int64)
        rows[np.frombuffer(lines_with_text, np.int64)] = rank[same]
        _save(folder / f"{name}.starts.npy", np.frombuffer(starts, dtype=np.int64)[first[order]])
        _save(folder / f"{name}.rows.npy", rows)
        return digest.hexdigest()


class WorkFolder:
    """The folder of a resumable run: its text, its encoder and the finished blocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest: dict[str, Any] = {"format": _FORMAT}
        manifest, hint = folder / _MANIFEST, "choose another work folder (--work)"
        if manifest.exists():
            try:
                self._manifest = json_without_checksum(manifest.read_bytes())
            except ValueError:
                self._manifest = {}
            known = isinstance(self._manifest, dict) and self._manifest.get("format")
            if known not in (1, _FORMAT):
                raise BabeliteError(
                    "is damaged, or was written by another version of babelite",
                    code="file-damaged",
                    path=manifest,
                    hint=f"delete {folder}",
                )
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            problem = "is neither empty nor a work folder"
            raise BabeliteError(problem, code="run-mismatch", path=folder, hint=hint)
        make_folder(folder, hint=hint)
        if not manifest.exists():
            self._save()

    def sentences(self, name: str, lines: Iterable[str]) -> SentenceStore:
        """Store the text of a side, which must be that of an earlier run, if there was one."""
        known = self._manifest.get(name)
        self._manifest[name] = SentenceStore.write(lines, self.folder, name, known)
        self._save()
        return SentenceStore(self.folder, name)

    def require_model(self, probe: NDArray[np.float32]) -> None:
        """Raise unless the vector of `PROBE_SENTENCE` is that of the earlier run."""
        known = self._manifest.get("model")
        if known is None:
            self._manifest["model"] = [round(float(x), 6) for x in probe]
            self._save()
        elif not same_vectors(known, probe):
            raise BabeliteError(
                "contains the vectors of another model",
                code="encoder-mismatch",
                path=self.folder,
                hint="use that model, or another work folder",
            )

    def rows(self, name: str, dtype: DTypeLike, width: int, total: int, block: int) -> RowFile:
        """A resumable file of rows in the folder."""
        checksums = self._manifest["format"] > 1
        return RowFile(self.folder / name, dtype, width, total, block, checksums=checksums)

    def arrays(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored under a name; None if they are missing or damaged."""
        path = self.folder / f"{name}.npz"
        try:
            return read_arrays(path) if path.exists() else None
        except ValueError:
            return None  # damaged: computed again

    def store_arrays(self, name: str, arrays: dict[str, NDArray[Any]]) -> None:
        """Store arrays under a name."""
        write_arrays(self.folder / f"{name}.npz", arrays)

    @classmethod
    def discard_if_unused(cls, folder: Path) -> None:
        """Delete a folder without vectors: the user may fix the text before the next run."""
        if (folder / _MANIFEST).exists() and not any(folder.glob("*.vectors")):
            cls(folder).remove()

    def remove(self) -> None:
        """Delete the stored files, and the folder unless it contains other files."""
        for path in self.folder.iterdir():
            if path.suffix in _SUFFIXES or path.name == _MANIFEST or is_lock_file(path):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _save(self) -> None:
        write_text(self.folder / _MANIFEST, json_with_checksum(self._manifest))


def _save(path: Path, array: NDArray[Any]) -> None:
    with writing_atomically(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
