"""``babelite encode``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from babelite.cli.shared.options import AllowDownload, FieldOption, ModelOption, RayOption, flowing
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from babelite.cluster import Pool
    from babelite.corpus import SentenceSource, SourceSurvey
    from babelite.encoding import SentenceEncoder
    from babelite.mining import Progress

    _Encode = Callable[[Iterable[str]], Iterator[NDArray[np.floating[Any]]]]

_HELP = """Turn the lines of files into vectors.

With --out NAME.npy all of them become rows of one array, which numpy.load("NAME.npy",
mmap_mode="r") reads. Any other --out is a folder of Parquet shards with the columns id (file and
line number), text and vector, made by all cores or, with --ray, by a cluster.

Rows are of unit length, so that a dot product is a cosine; the row of a blank line is zero. Memory
does not grow with the files. When the command was stopped or killed, the same command goes on: with
shards nothing that is finished is done again.

Files are read from disk or, as s3://BUCKET/NAME and the like, from object storage; a * in such an
address stands for many.

Examples: babelite encode sentences.txt --out vectors.npy; babelite encode a.txt b.jsonl --out
shards --workers 2
"""

_NPY = ".npy"
_BLOCK_ROWS = 8192


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("encode", help=flowing(_HELP), no_args_is_help=True)(_encode)


def _encode(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Sentences, one a line; or .jsonl or .parquet with one a record. .gz, .xz and "
            ".zst are unpacked; '-', the default, reads standard input.",
        ),
    ] = None,
    *,
    out: Annotated[
        str, typer.Option(metavar="OUT", help="An .npy file, or a folder of Parquet shards.")
    ],
    model: ModelOption = None,
    column: Annotated[
        int | None,
        typer.Option(min=1, help="Take this tab-separated column, from 1, not whole lines."),
    ] = None,
    field: FieldOption = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Write float16, half the size, not float32.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text/--no-text", help="Keep the text in the shards.")
    ] = True,
    shard_lines: Annotated[
        int | None,
        typer.Option(min=1, help="Lines in a shard, what a kill can cost (default: 65536)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Workers, each with one core (default: all there are)."),
    ] = None,
    ray: RayOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.preflight import require_writable

    if out in ("", "-"):
        raise BabeliteError(
            f"--out {out!r} names no place for vectors",
            hint="name an .npy file, or a folder for shards",
        )
    sources = _sources(files or ["-"], column, field)
    made = _Made(out, "float16" if float16 else "float32", model, allow_download, workers, ray)
    if not made.is_array:
        made.write_shards(sources, text, shard_lines)
        return
    require_writable(out, inputs=(source.place for source in sources))
    if shard_lines is not None or not text:
        raise BabeliteError(
            "is one array, which has neither shards nor text",
            path=out,
            hint="leave out --shard-lines and --no-text, or name a folder",
        )
    made.write_array(sources)


def _sources(files: Sequence[str], column: int | None, field: str | None) -> list[SentenceSource]:
    from babelite.corpus import SentenceSource, require_distinct_names
    from babelite.storage import expand_url_glob, is_url, require_file

    sources = []
    for place in (place for file in files for place in expand_url_glob(file)):
        source = SentenceSource(place, column=column or field)
        if place != "-" and not is_url(place):
            require_file(Path(place))
        sources.append(source)
    places = [source.place for source in sources]
    require_distinct_names(places)
    if "-" in places and len(places) > 1:
        raise BabeliteError("cannot be one of several", path="-", hint="save it to a file")
    return sources


@dataclass(frozen=True)
class _Made:
    """What is made, of which type and by whom."""

    out: str
    dtype: Literal["float16", "float32"]
    model: str | None
    allow_download: bool
    workers: int | None
    ray: str | None

    @property
    def is_array(self) -> bool:
        """Whether vectors go to one file; also to one that is there under another name."""
        out = Path(self.out)
        return out.suffix.lower() == _NPY or (out.exists() and not out.is_dir())

    def write_shards(
        self, sources: Sequence[SentenceSource], text: bool, lines: int | None
    ) -> None:
        """Make or go on with a folder of Parquet shards."""
        from babelite.cli.shared.progress import ProgressDisplay
        from babelite.cluster import SHARD_ROWS, encode_files, require_parquet
        from babelite.encoding import fingerprint_of, open_encoder
        from babelite.storage import is_read_once

        for source in sources:
            if is_read_once(source.place):
                raise BabeliteError(
                    "cannot be read by several workers",
                    path=source.place,
                    hint="save it to a file, or name an .npy file with --out",
                )
        require_parquet()
        encoder = open_encoder(self.model, allow_download=self.allow_download)
        with (
            self._pool() as pool,
            ProgressDisplay() as progress,
        ):
            made = encode_files(
                sources,
                self.out,
                pool,
                fingerprint_of(encoder, self.model),
                dtype=self.dtype,
                text=text,
                shard_rows=lines or SHARD_ROWS,
                progress=progress,
            )
        if made.lost_workers:
            typer.echo(f"{made.lost_workers} workers died; their work was done again", err=True)
        memory = f", at most {made.peak_memory / 1e6:.0f} MB a worker" if made.peak_memory else ""
        shards = sum(1 for _ in made.manifest.shards())
        typer.echo(
            f"{made.manifest.rows:,} vector{'s' * (made.manifest.rows > 1)} of {encoder.dim} "
            f"components in {shards:,} shard{'s' * (shards > 1)}{memory}: {self.out}",
            err=True,
        )

    def write_array(self, sources: Sequence[SentenceSource]) -> None:
        """Make or go on with an ``.npy`` file."""
        from babelite.cli.shared.progress import ProgressDisplay
        from babelite.encoding import open_encoder, write_vectors
        from babelite.storage import is_read_once

        encoder = open_encoder(self.model, allow_download=self.allow_download)
        straight = any(is_read_once(source.place) for source in sources) or (
            Path(self.out).exists() and not Path(self.out).is_file()
        )
        with self._encoding(encoder) as encode, ProgressDisplay() as progress:
            if straight:
                lines = chain.from_iterable(source.read() for source in sources)
                blocks = _told(encode(_not_empty(lines, sources)), 0, None, progress)
                count = write_vectors(self.out, blocks, dim=encoder.dim, dtype=self._type)
            else:
                count = self._write_resumably(sources, encoder, encode, progress)
        typer.echo(
            f"{count:,} vector{'s' * (count > 1)} of {encoder.dim} components: {self.out}", err=True
        )

    def _write_resumably(
        self,
        sources: Sequence[SentenceSource],
        encoder: SentenceEncoder,
        encode: _Encode,
        progress: Progress,
    ) -> int:
        from babelite.encoding import fingerprint_of, write_vectors_resumably

        surveys = [source.survey(_BLOCK_ROWS) for source in sources]
        total = sum(survey.rows for survey in surveys)
        identity = fingerprint_of(encoder, self.model)
        parts = [self.dtype, identity.name, identity.checksum, encoder.dim]
        parts += [survey.digest for survey in surveys] + [
            sources[0].column_number,
            sources[0].column_name,
        ]
        key = hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()

        def blocks_from(first: int) -> Iterator[NDArray[np.floating[Any]]]:
            progress("encoding", first, total)
            return _told(encode(_lines_from(first, sources, surveys)), first, total, progress)

        write_vectors_resumably(
            self.out,
            blocks_from,
            rows=total,
            dim=encoder.dim,
            block_rows=_BLOCK_ROWS,
            key=key,
            dtype=self._type,
        )
        return total

    def _pool(self) -> Pool:
        from babelite.cluster import open_pool

        return open_pool(
            self.model,
            ray=self.ray,
            workers=self.workers,
            notice=lambda text: typer.echo(text, err=True),
        )

    @property
    def _type(self) -> type[np.float32] | type[np.float16]:
        import numpy as np

        return np.float16 if self.dtype == "float16" else np.float32

    @contextmanager
    def _encoding(self, encoder: SentenceEncoder) -> Iterator[_Encode]:
        """What encodes lines in order: this process, or workers if they were asked for."""
        from babelite.encoding import encode_stream

        if self.ray is None and self.workers is None:
            yield lambda lines: encode_stream(encoder, lines)
            return
        from babelite.cluster import encode_in_order

        with self._pool() as pool:
            yield lambda lines: encode_in_order(lines, pool, self.dtype, _BLOCK_ROWS)


def _lines_from(
    first: int, sources: Sequence[SentenceSource], surveys: Sequence[SourceSurvey]
) -> Iterator[str]:
    """The lines of several sources from one on."""
    for source, survey in zip(sources, surveys, strict=True):
        if first < survey.rows:
            block = first // survey.stride
            start = block * survey.stride
            rows = source.read_rows(start, survey.rows - start, survey.offsets[block])
            yield from islice(rows, first - start, None)
        first = max(0, first - survey.rows)


def _not_empty(lines: Iterable[str], sources: Sequence[SentenceSource]) -> Iterator[str]:
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty:
        raise BabeliteError(
            "is empty", path=sources[0].place, hint="name a file with one sentence a line"
        )


def _told(
    blocks: Iterable[NDArray[np.floating[Any]]],
    before: int,
    total: int | None,
    progress: Progress,
) -> Iterator[NDArray[np.floating[Any]]]:
    """Pass blocks on, and tell how many rows there are."""
    count = before
    for block in blocks:
        count += len(block)
        progress("encoding", count, total or count + 1)
        yield block
