"""``babelite encode``: encode the lines of files to an array or to Parquet shards."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    Float16Option,
    ModelOption,
    RayOption,
    WorkersOption,
    unwrap,
)
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.cluster import WorkerPool
    from babelite.corpus import SentenceSource

_HELP = """Encode the lines of files to vectors.

With --out NAME.npy the vectors are the rows of one array for numpy.load("NAME.npy",
mmap_mode="r"). Any other --out is a folder of Parquet shards with the columns id (file and line
number), text and vector, written by worker processes or, with --ray, by a cluster.

Rows have unit length, so a dot product is a cosine; the row of a blank line is zero. Memory does
not grow with the files. An interrupted run resumes when the same command is run again.

Files may be in object storage, with addresses such as s3://BUCKET/NAME; a * in such an address is a
wildcard.

Examples: babelite encode sentences.txt --out vectors.npy; babelite encode a.txt b.jsonl --out
shards --workers 2
"""

_Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...",
        help="Files with one sentence a line, or .jsonl or .parquet with one a record (.gz, .xz, "
        ".zst). Default: '-', standard input.",
    ),
]
_Out = Annotated[
    str, typer.Option(metavar="OUT", help="Array file (.npy), or folder of Parquet shards.")
]
_Text = Annotated[bool, typer.Option("--text/--no-text", help="Store the text in the shards.")]
_ShardLines = Annotated[
    int | None,
    typer.Option(
        "--shard-lines",
        metavar="N",
        min=1,
        help="Lines in a shard; a killed run repeats unfinished shards. Default: 65536.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("encode", help=unwrap(_HELP), no_args_is_help=True)(_encode)


def _encode(
    files: _Inputs = None,
    *,
    out: _Out,
    model: ModelOption = None,
    column: ColumnOption = None,
    float16: Float16Option = False,
    text: _Text = True,
    shard_lines: _ShardLines = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.preflight import require_writable

    if out in ("", "-"):
        raise BabeliteError(
            f"--out {out!r} is neither a file nor a folder",
            code="option-invalid",
            hint="give an .npy file, or a folder for shards",
        )
    sources = _sources(files or ["-"], column)
    job = _Job(out, "float16" if float16 else "float32", model, allow_download, workers, ray)
    if not job.writes_array:
        job.write_shards(sources, text, shard_lines)
        return
    require_writable(out, inputs=(source.place for source in sources))
    if shard_lines is not None or not text:
        raise BabeliteError(
            "is an array, which has neither shards nor text",
            code="option-conflict",
            path=out,
            hint="leave out --shard-lines and --no-text, or give a folder",
        )
    job.write_array(sources)


def _sources(files: Sequence[str], column: str | None) -> list[SentenceSource]:
    """The inputs, with URL wildcards expanded and obvious errors found."""
    from babelite.corpus import SentenceSource, require_distinct_names
    from babelite.storage import expand_url_glob, is_url, require_file

    sources = []
    for place in (place for file in files for place in expand_url_glob(file)):
        source = SentenceSource(place, column)
        if place != "-" and not is_url(place):
            require_file(Path(place))
        sources.append(source)
    places = [source.place for source in sources]
    require_distinct_names(places)
    if "-" in places and len(places) > 1:
        raise BabeliteError(
            "cannot be one of several inputs",
            code="option-conflict",
            path="-",
            hint="save it to a file",
        )
    return sources


@dataclass(frozen=True)
class _Job:
    """The output, the encoder and the workers of the command."""

    out: str
    dtype: Literal["float16", "float32"]
    model: str | None
    allow_download: bool
    workers: int | None
    ray: str | None

    @property
    def writes_array(self) -> bool:
        """Whether the output is one array file; an existing file may have any name."""
        out = Path(self.out)
        return out.suffix.lower() == ".npy" or (out.exists() and not out.is_dir())

    def write_shards(
        self, sources: Sequence[SentenceSource], text: bool, lines: int | None
    ) -> None:
        """Write or complete a folder of Parquet shards."""
        from babelite.cluster import SHARD_ROWS, encode_files, require_shard_sources
        from babelite.encoding import fingerprint_of, open_encoder
        from babelite.progress import ProgressDisplay

        require_shard_sources(sources)
        encoder = open_encoder(self.model, allow_download=self.allow_download)
        with self._pool() as pool, ProgressDisplay() as progress:
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
            typer.echo(f"{made.lost_workers} workers died; their shards were repeated", err=True)
        memory = f", at most {made.peak_memory / 1e6:.0f} MB a worker" if made.peak_memory else ""
        shards = sum(1 for _ in made.manifest.shards())
        self._summarize(
            made.manifest.rows, encoder.dim, f" in {shards:,} shard{'s' * (shards > 1)}{memory}"
        )

    def write_array(self, sources: Sequence[SentenceSource]) -> None:
        """Write or complete an array file."""
        from babelite.cluster import encode_to_array
        from babelite.encoding import fingerprint_of, open_encoder
        from babelite.progress import ProgressDisplay

        encoder = open_encoder(self.model, allow_download=self.allow_download)
        with ExitStack() as stack:
            pool = None
            if self.ray is not None or self.workers is not None:
                pool = stack.enter_context(self._pool())
            rows = encode_to_array(
                sources,
                self.out,
                encoder,
                fingerprint_of(encoder, self.model),
                pool=pool,
                dtype=self.dtype,
                progress=stack.enter_context(ProgressDisplay()),
            )
        self._summarize(rows, encoder.dim)

    def _pool(self) -> WorkerPool:
        from babelite.cluster import open_pool

        return open_pool(
            self.model,
            ray=self.ray,
            workers=self.workers,
            notice=lambda text: typer.echo(text, err=True),
        )

    def _summarize(self, rows: int, dim: int, details: str = "") -> None:
        typer.echo(
            f"{rows:,} vector{'s' * (rows > 1)} of {dim} components{details}: {self.out}", err=True
        )
