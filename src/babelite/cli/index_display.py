"""Display of an index: a summary, or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from babelite.errors import quantity
from babelite.storage import visible_text

if TYPE_CHECKING:
    from babelite.index import Index


def index_facts(index: Index) -> dict[str, Any]:
    """The contents of an index, for ``--json``."""
    description, contents = index.description, index.description.contents
    pending = description.pending
    return {
        "folder": str(index.folder),
        "lines": len(index),
        "removed": contents.rows - contents.blank - len(index),
        "blank": contents.blank,
        "pending": 0 if pending is None else pending.rows - contents.rows,
        "bytes": sum(path.stat().st_size for path in index.folder.iterdir() if path.is_file()),
        "kind": description.parts[-1].kind if description.parts else "exact",
        "precision": description.precision,
        "model": description.encoder.name,
        "dim": description.encoder.dim,
        "ids": index.has_ids,
        "fields": list(index.fields),
        "files": [{"file": source.name, "lines": source.lines} for source in contents.sources],
    }


def show_index(index: Index, *, as_json: bool) -> None:
    """Print the contents of an index."""
    from rich.filesize import decimal

    facts, pending = index_facts(index), index.description.pending
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    removed = f" ({facts['removed']:,} removed)" if facts["removed"] else ""
    size = decimal(facts["bytes"])
    typer.echo(
        f"{index.folder}: {quantity(facts['lines'], 'line')}{removed}, {size}, {facts['kind']}"
    )
    typer.echo(f"model: {facts['model']} ({facts['dim']} components, {facts['precision']})")
    if names := [*(["ids"] if index.has_ids else []), *index.fields]:
        typer.echo(f"fields: {visible_text(', '.join(names))}")
    for source in facts["files"]:
        typer.echo(_row(source["lines"], source["file"]))
    if pending is not None:
        name = f"{pending.sources[-1].name}, interrupted: append it again to resume"
        typer.echo(_row(facts["pending"], name))


def _row(lines: int, name: str) -> str:
    """A number of lines, right-aligned, and the name of a file."""
    number, noun = quantity(lines, "line").split()
    return f"{number:>12} {noun:<5}  {name}"
