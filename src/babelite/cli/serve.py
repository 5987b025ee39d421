"""``babelite serve``."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from babelite.cli.shared.options import AllowDownload, flowing
from babelite.errors import BabeliteError

_KEY_VARIABLE = "BABELITE_API_KEY"
_MEGABYTE = 1 << 20

_HELP = """Serve an encoder: an address to call, and a page to look at.

OpenAI's clients get vectors at /v1/embeddings. There are also /v1/rerank, /v1/align and, with
--index, /v1/search; /healthz, and /metrics for Prometheus. The page is at /, the description of all
of it at /openapi.json. Requests that come together are encoded together.

Only this machine is served unless --host says otherwise. Ctrl-C or SIGTERM stops the server when it
has answered what it accepted.

Example: babelite serve --index articles.index --port 8000
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve", help=flowing(_HELP))(_serve)


def _serve(
    model: Annotated[
        Optional[str],  # noqa: UP045 - typer needs it on Python 3.10
        typer.Argument(
            metavar="[MODEL]",
            help="A model folder, or another library's model as for --model elsewhere. If not "
            "given: the model of the index, or the one that babelite carries.",
        ),
    ] = None,
    index: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="An index to search, of `babelite index`.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for all of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for a free one.")] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Ask for one of the keys in this file, one a line; or of the environment "
            f"variable {_KEY_VARIABLE}.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the model in answers.", show_default=False)
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Batches encoded at a time; one a CPU if not given."),
    ] = None,
    max_body: Annotated[float, typer.Option(help="Megabytes a request may have.")] = 4.0,
    max_items: Annotated[int, typer.Option(min=1, help="Texts a request may have.")] = 2048,
    max_characters: Annotated[int, typer.Option(min=1, help="Characters of a text.")] = 100_000,
    max_waiting: Annotated[
        int, typer.Option(min=1, help="Texts that may wait; then requests are turned away.")
    ] = 32_768,
    timeout: Annotated[
        float, typer.Option(help="Seconds after which a request that still waits is given up.")
    ] = 30.0,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Where a reverse proxy shows the server.")
    ] = "",
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Write a line for each request.")
    ] = False,
    allow_download: AllowDownload = False,
) -> None:
    if not (0 < max_body * _MEGABYTE < math.inf and 0 < timeout < math.inf):
        raise BabeliteError(
            "--max-body and --timeout must be finite and above 0",
            hint="leave them out for the defaults",
        )
    from babelite.server import (
        Limits,
        address_of,
        bind,
        create_app,
        is_loopback,
        make_server,
        open_service,
        serve,
    )

    keys = _keys(api_key_file)
    limits = Limits(
        body=max(1, int(max_body * _MEGABYTE)),
        items=max_items,
        characters=max_characters,
        waiting=max_waiting,
        answer_seconds=timeout,
    )
    listening = bind(host, port)
    service = open_service(
        model,
        index=index,
        limits=limits,
        name=name,
        threads=threads,
        allow_download=allow_download,
    )
    server = make_server(
        create_app(service, keys), limits, root_path=root_path, access_log=access_log
    )

    def ready() -> None:
        address = address_of(listening)
        lines = "" if service.index is None else f" and {len(service.index):,} lines"
        typer.echo(f"{service.model.name}{lines}: {address}", err=True)
        if not (keys or is_loopback(host)):
            typer.echo(
                f"Whoever reaches this machine may use it: give --api-key-file or {_KEY_VARIABLE} "
                "to ask for a key.",
                err=True,
            )

    serve(server, listening, ready)
    typer.echo("stopped", err=True)


def _keys(file: Path | None) -> list[str]:
    """The keys of a file, or the one of the environment."""
    if file is None:
        given = os.environ.get(_KEY_VARIABLE)
        if given is not None and not given.strip():
            raise BabeliteError(f"{_KEY_VARIABLE} is empty", hint="set it to a key, or unset it")
        return [] if given is None else [given.strip()]
    from babelite.storage import read_lines

    keys = [line.strip() for line in read_lines(file) if line.strip()]
    if not keys:
        raise BabeliteError("holds no key", path=file, hint="write one on a line of its own")
    return keys
