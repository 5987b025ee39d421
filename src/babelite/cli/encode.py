"""``babelite encode``: encode the lines of files to an array or to Parquet shards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    DimOption,
    Float16Option,
    ModelOption,
    RayOption,
    WorkersOption,
    unwrap,
)
from babelite.errors import BabeliteError, quantity
from babelite.storage import suffix_of

if TYPE_CHECKING:
    from babelite.cluster import EncodedFolder
    from babelite.corpus import SentenceSource

# Endings of files that are not written: a folder of this name would be taken for such a file.
_FILE_SUFFIXES = (".tsv", ".csv", ".txt", ".json", ".jsonl", ".parquet", ".npz")
_SAMPLED_LINES = 200

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
        help="Files with one sentence a line, row (.tsv, .csv) or record (.jsonl, .parquet, .tmx), "
        "subtitles (.srt, .vtt), .html or .docx, also .gz, .xz or .zst. Default: '-', standard "
        "input.",
    ),
]
_Out = Annotated[
    str, typer.Option(metavar="OUT", help="Array file (.npy), or folder of Parquet shards.")
]
_Text = Annotated[bool, typer.Option("--text/--no-text", help="Store the text in the shards.")]
_ShardLines = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Lines in a shard, the unit of resuming. Default: 65536."
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
    dim: DimOption = None,
    column: ColumnOption = None,
    float16: Float16Option = False,
    text: _Text = True,
    shard_lines: _ShardLines = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.preflight import open_workers
    from babelite.cli.shared.text_check import TextCheck
    from babelite.cluster import SHARD_ROWS, encode_files, encode_to_array, require_shard_sources
    from babelite.encoding import fingerprint_of, open_encoder
    from babelite.progress import ProgressDisplay
    from babelite.storage import is_read_once

    to_array = _is_array(out)
    sources = _sources(files or ["-"], column)
    if to_array:
        _check_array(out, sources, has_shard_options=shard_lines is not None or not text)
    else:
        require_shard_sources(sources)
    encoder = open_encoder(model, allow_download=allow_download, dim=dim)
    check = TextCheck(encoder)
    for source in sources:
        if not is_read_once(source.place):
            check.add(list(islice(source.read(), _SAMPLED_LINES)), source.place)
    identity, details = fingerprint_of(encoder, model), ""
    dtype: Literal["float16", "float32"] = "float16" if float16 else "float32"
    with (
        open_workers(model, dim, ray, workers, required=not to_array) as pool,
        ProgressDisplay() as show,
    ):
        if to_array or pool is None:
            rows = encode_to_array(
                sources, out, encoder, identity, pool=pool, dtype=dtype, progress=show
            )
        else:
            made = encode_files(
                sources,
                out,
                pool,
                identity,
                dtype=dtype,
                text=text,
                shard_rows=shard_lines or SHARD_ROWS,
                progress=show,
            )
            rows, details = made.manifest.rows, _shard_details(made)
    check.warn()
    vectors = f"{quantity(rows, 'vector')} of {encoder.dim} components"
    typer.echo(f"{vectors}{details}: {out}", err=True)


def _is_array(out: str) -> bool:
    """Whether the output is one array file; an existing file may have any name."""
    if out in ("", "-"):
        raise BabeliteError(
            f"--out {out!r} is neither a file nor a folder",
            code="option-invalid",
            hint="give an .npy file, or a folder for shards",
        )
    path = Path(out)
    if suffix_of(path) in _FILE_SUFFIXES and not path.is_dir():
        problem = "is not the name of an array or of a folder"
        hint = "give an .npy file, or a folder for Parquet shards"
        raise BabeliteError(problem, code="format-unknown", path=out, hint=hint)
    return path.suffix.lower() == ".npy" or (path.exists() and not path.is_dir())


def _check_array(out: str, sources: Sequence[SentenceSource], *, has_shard_options: bool) -> None:
    from babelite.cli.shared.preflight import require_writable

    require_writable(out, inputs=(source.place for source in sources))
    if has_shard_options:
        raise BabeliteError(
            "is an array, which has neither shards nor text",
            code="option-conflict",
            path=out,
            hint="leave out --shard-lines and --no-text, or give a folder",
        )


def _shard_details(made: EncodedFolder) -> str:
    """The number of shards and the memory; reports dead workers to standard error."""
    if made.lost_workers:
        typer.echo(
            f"{quantity(made.lost_workers, 'worker')} died; their shards were repeated", err=True
        )
    memory = f", at most {made.peak_memory / 1e6:.0f} MB a worker" if made.peak_memory else ""
    shards = sum(1 for _ in made.manifest.shards())
    return f" in {quantity(shards, 'shard')}{memory}"


def _sources(files: Sequence[str], column: str | None) -> list[SentenceSource]:
    """The inputs, with URL wildcards expanded and obvious errors found."""
    from babelite.corpus import SentenceSource, require_distinct_names
    from babelite.storage import expand_url_glob, is_url, require_file

    places = [place for file in files for place in expand_url_glob(file)]
    sources = [SentenceSource(place, column) for place in places]
    for place in places:
        if place != "-" and not is_url(place):
            require_file(Path(place))
    require_distinct_names(places)
    if "-" in places and len(places) > 1:
        problem, hint = "cannot be one of several inputs", "save it to a file"
        raise BabeliteError(problem, code="option-conflict", path="-", hint=hint)
    return sources
