"""``babelite serve``: an HTTP API and a web page for an encoder."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, ModelOption, unwrap
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.server import Limits

_KEY_VARIABLE = "BABELITE_API_KEY"
_MEGABYTE = 1 << 20

_HELP = """Serve an encoder over HTTP, with an OpenAI-compatible API and a web page.

Endpoints: /v1/embeddings (for OpenAI's clients), /v1/rerank, /v1/align, /v1/search (with --index),
/healthz, and /metrics (Prometheus). The web page is at /, the OpenAPI description at /openapi.json.
Concurrent requests are encoded in common batches. With --index, the default of --model is the
encoder of the index.

The server accepts connections from this machine only, unless --host is given. Ctrl-C or SIGTERM
stops it after it has answered all accepted requests.

Example: babelite serve --index articles.index --port 8000
"""

_Index = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Index to search, made with `babelite index`."),
]
_Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")]
_Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")]
_KeyFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Require an API key: a file with one key a line. Or set the environment variable "
        f"{_KEY_VARIABLE}.",
    ),
]
_Name = Annotated[str | None, typer.Option(help="Name of the model in responses.")]
_Threads = Annotated[
    int | None, typer.Option(min=1, help="Batches encoded at the same time (default: CPUs).")
]
_MaxBody = Annotated[float, typer.Option(help="Maximum size of a request in megabytes.")]
_MaxItems = Annotated[int, typer.Option(min=1, help="Maximum number of texts in a request.")]
_MaxCharacters = Annotated[int, typer.Option(min=1, help="Maximum characters in a text.")]
_MaxWaiting = Annotated[
    int,
    typer.Option(min=1, help="Maximum number of queued texts; further requests get status 429."),
]
_Timeout = Annotated[
    float, typer.Option(help="Seconds that a request may wait in the queue, then status 429.")
]
_RootPath = Annotated[
    str, typer.Option(metavar="PATH", help="Path prefix under which a reverse proxy serves it.")
]
_AccessLog = Annotated[bool, typer.Option("--access-log", help="Log each request.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve", help=unwrap(_HELP))(_serve)


def _serve(
    model: ModelOption = None,
    index: _Index = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    api_key_file: _KeyFile = None,
    name: _Name = None,
    threads: _Threads = None,
    max_body: _MaxBody = 4.0,
    max_items: _MaxItems = 2048,
    max_characters: _MaxCharacters = 100_000,
    max_waiting: _MaxWaiting = 32_768,
    timeout: _Timeout = 30.0,
    root_path: _RootPath = "",
    access_log: _AccessLog = False,
    allow_download: AllowDownload = False,
) -> None:
    limits = _limits(max_body, max_items, max_characters, max_waiting, timeout)
    from babelite.server import (
        bind_socket,
        create_app,
        is_loopback,
        make_server,
        open_service,
        serve,
        socket_url,
    )

    keys = _keys(api_key_file)
    listening = bind_socket(host, port)
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
        lines = "" if service.index is None else f" with an index of {len(service.index):,} lines"
        typer.echo(f"Serving {service.model.name}{lines} at {socket_url(listening)}", err=True)
        if not (keys or is_loopback(host)):
            typer.echo(
                "Anyone who can reach this machine can use the server; require an API key with "
                f"--api-key-file or {_KEY_VARIABLE}.",
                err=True,
            )

    serve(server, listening, ready)
    typer.echo("Server stopped", err=True)


def _limits(megabytes: float, items: int, characters: int, waiting: int, seconds: float) -> Limits:
    if not (0 < megabytes * _MEGABYTE < math.inf and 0 < seconds < math.inf):
        raise BabeliteError(
            "--max-body and --timeout must be finite and above 0",
            code="option-invalid",
            hint="omit them to use the defaults",
        )
    from babelite.server import Limits

    return Limits(
        body=max(1, int(megabytes * _MEGABYTE)),
        items=items,
        characters=characters,
        waiting=waiting,
        answer_seconds=seconds,
    )


def _keys(file: Path | None) -> list[str]:
    """The API keys in a file, or the one in the environment variable."""
    if file is None:
        key = os.environ.get(_KEY_VARIABLE)
        if key is not None and not key.strip():
            raise BabeliteError(
                f"{_KEY_VARIABLE} is empty",
                code="option-invalid",
                hint="set it to a key, or unset it",
            )
        return [] if key is None else [key.strip()]
    from babelite.storage import read_lines

    keys = [line.strip() for line in read_lines(file) if line.strip()]
    if not keys:
        raise BabeliteError(
            "contains no key", code="input-empty", path=file, hint="write one key a line"
        )
    return keys
