"""``babelite serve``: an HTTP API and a web page for an encoder."""

from __future__ import annotations

import math
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from babelite.cli.shared.options import AllowDownload, ModelOption, unwrap
from babelite.errors import BabeliteError, quantity
from babelite.machine import MAX_THREADS

_KEY_VARIABLE = "BABELITE_API_KEY"
_MEGABYTE = 1 << 20
_READABLE_BY_OTHERS = 0o044

_HELP = """Serve an encoder over HTTP, with an OpenAI-compatible API and a web page.

Endpoints: /v1/embeddings (for OpenAI's clients), /v1/rerank, /v1/align, /v1/search (with --index),
/healthz, and /metrics (Prometheus). The web page is at /, the OpenAPI description at /openapi.json.
Concurrent requests are encoded in common batches. With --index, the default of --model is the
encoder of the index.

The server accepts connections from this machine only, unless --host is given. Ctrl-C or SIGTERM
stops it after it has answered all accepted requests.

Example: babelite serve --index articles.index --port 8000
"""

_KEY_FILE = (
    "Require an API key: a file with one key a line. Or set the environment variable "
    f"{_KEY_VARIABLE}."
)
_ALLOWED_HOST = (
    "Accept requests with this name in the Host header, as from a proxy; repeatable. Default: the "
    "names of this machine (localhost), and every name if --host is reachable from outside."
)
_MAX_WAITING = "Maximum number of queued texts; further requests get status 429."
_TIMEOUT = "Seconds that a request may wait in the queue, then status 429."
_ROOT_PATH = "Path prefix under which a reverse proxy serves it."

_Index = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Index to search, made with `babelite index`.")
]
_Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")]
_AllowedHosts = Annotated[
    list[str] | None, typer.Option("--allowed-host", metavar="NAME", help=_ALLOWED_HOST)
]
_Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")]
_KeyFile = Annotated[Path | None, typer.Option(metavar="FILE", help=_KEY_FILE)]
_Name = Annotated[str | None, typer.Option(help="Name of the model in responses.")]
_Threads = Annotated[
    int | None,
    typer.Option(min=1, max=MAX_THREADS, help="Batches encoded at the same time (default: CPUs)."),
]
_MaxBody = Annotated[float, typer.Option(help="Maximum size of a request in megabytes.")]
_MaxItems = Annotated[int, typer.Option(min=1, help="Maximum number of texts in a request.")]
_MaxCharacters = Annotated[int, typer.Option(min=1, help="Maximum characters in a text.")]
_MaxWaiting = Annotated[int, typer.Option(min=1, help=_MAX_WAITING)]
_Timeout = Annotated[float, typer.Option(help=_TIMEOUT)]
_RootPath = Annotated[str, typer.Option(metavar="PATH", help=_ROOT_PATH)]
_AccessLog = Annotated[bool, typer.Option("--access-log", help="Log each request.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("serve", help=unwrap(_HELP))(_serve)


def _serve(
    model: ModelOption = None,
    index: _Index = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    allowed_host: _AllowedHosts = None,
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
    if not (0 < max_body * _MEGABYTE < math.inf and 0 < timeout < math.inf):
        problem = "--max-body and --timeout must be finite and above 0"
        raise BabeliteError(problem, code="option-invalid", hint="omit them to use the defaults")
    from babelite import server

    limits = server.Limits(
        body=max(1, int(max_body * _MEGABYTE)),
        items=max_items,
        characters=max_characters,
        waiting=max_waiting,
        answer_seconds=timeout,
    )
    keys = _keys(api_key_file)
    listening = server.bind_socket(host, port)
    service = server.open_service(
        model, index=index, limits=limits, name=name, threads=threads, allow_download=allow_download
    )
    hosts = allowed_host or ([] if server.is_loopback(host) else None)
    app = server.create_app(service, keys, hosts)
    running = server.make_server(app, limits, root_path=root_path, access_log=access_log)

    def ready() -> None:
        lines = ""
        if service.index is not None:
            lines = f" with an index of {quantity(len(service.index), 'line')}"
        typer.echo(f"Serving {service.model.id}{lines} at {server.socket_url(listening)}", err=True)
        if not (keys or server.is_loopback(host)):
            typer.echo(
                "Anyone who can reach this machine can use the server; require an API key with "
                f"--api-key-file or {_KEY_VARIABLE}.",
                err=True,
            )

    server.serve(running, listening, ready)
    typer.echo("Server stopped", err=True)


def _keys(file: Path | None) -> list[str]:
    """The API keys in a file, or the one in the environment variable."""
    if file is None:
        key = os.environ.get(_KEY_VARIABLE)
        if key is not None and not key.strip():
            problem, hint = f"{_KEY_VARIABLE} is empty", "set it to a key, or unset it"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        return [] if key is None else [key.strip()]
    from babelite.storage import read_lines

    if os.name == "posix" and file.is_file() and file.stat().st_mode & _READABLE_BY_OTHERS:
        hint = f"run: chmod 600 {shlex.quote(str(file))}"
        typer.echo(f"babelite: {file}: other users can read the API keys; {hint}", err=True)
    keys = [line.strip() for line in read_lines(file) if line.strip()]
    if not keys:
        hint = "write one key a line"
        raise BabeliteError("contains no key", code="input-empty", path=file, hint=hint)
    return keys
