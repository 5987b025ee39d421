"""Tables in pages, written from records between ``<!-- results: PART -->`` and ``<!-- end -->``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from result_parts import PARTS

from babelite.errors import BabeliteError
from babelite.storage import write_text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/results"

_BLOCK = re.compile(r"(<!-- results: ([\w/-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """The pages that may contain tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def record_path(marker: str) -> Path:
    """The record of a marker, PART or PART/VIEW."""
    return FOLDER / f"{marker.partition('/')[0]}.json"


def read_record(name: str) -> dict[str, Any] | None:
    """The record of a part; None if there is none."""
    path = record_path(name)
    if not path.exists():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def render(marker: str) -> str:
    """The Markdown of a marker, PART or PART/VIEW.

    Raises:
        BabeliteError: There is no such part, view or record.
    """
    name, _, view = marker.partition("/")
    views = {"machine": machine_line} | (
        {key: _of_numbers(function) for key, function in PARTS[name].views.items()}
        if name in PARTS
        else {}
    )
    view = view or "table"
    if name not in PARTS or view not in views:
        problem = f"'{marker}' is not a part of the results"
        raise BabeliteError(problem, code="option-invalid", hint=f"parts: {', '.join(PARTS)}")
    record = read_record(name)
    if record is None:
        problem = f"docs/results/{name}.json does not exist"
        hint = f"run make results PART={name}"
        raise BabeliteError(problem, code="file-not-found", hint=hint)
    return views[view](record).rstrip("\n") + "\n"


def _of_numbers(function: Any) -> Any:  # noqa: ANN401
    return lambda record: function(record["numbers"])


def machine_line(record: dict[str, Any]) -> str:
    """Where and when a record was measured, in one sentence."""
    machine, versions = record["machine"], record["versions"]
    cores = machine["cores"]
    return (
        f"Measured on {record['date']}: {machine['processor']}, {cores} "
        f"core{'s' if cores > 1 else ''}, {machine['memory_gib']} GiB, Python "
        f"{versions['python']}, onnxruntime {versions['onnxruntime']}.\n"
    )


def rendered(text: str) -> str:
    """The text of a page with its tables written again, except those that have no record."""

    def block(found: re.Match[str]) -> str:
        if found[2].partition("/")[0] in PARTS and not record_path(found[2]).exists():
            return found[0]
        return f"{found[1]}\n{render(found[2])}\n{found[3]}"

    return _BLOCK.sub(block, text)


def render_pages(pictures: Sequence[str] = ()) -> None:
    """Write all tables, and the pictures of these parts."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        if (new := rendered(text)) != text:
            write_text(path, new)
    for name in pictures:
        if record := read_record(name):
            for path, draw in PARTS[name].pictures.items():
                draw(record["numbers"], ROOT / path)


def markers() -> Iterator[tuple[Path, str]]:
    """Every page and marker in it."""
    for path in pages():
        for found in _BLOCK.finditer(path.read_text(encoding="utf-8")):
            yield path, found[2]


def check_pages(digest: str) -> Iterator[str]:
    """What is wrong: tables that differ from their records, records of another model."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        opened, closed = text.count("<!-- results: "), text.count("<!-- end -->")
        if opened != closed or opened != len(_BLOCK.findall(text)):
            yield f"{path.relative_to(ROOT)}: <!-- results: --> and <!-- end --> do not match"
        elif rendered(text) != text:
            hint = "run python benchmarks/results.py --render"
            yield f"{path.relative_to(ROOT)}: a table differs from its record; {hint}"
    for name in sorted({marker.partition("/")[0] for _, marker in markers()}):
        record = read_record(name)
        if record is not None and record["model"] != digest:
            yield f"docs/results/{name}.json is of another model; run make results PART={name}"


def parts_without_record() -> list[str]:
    """The parts that pages show, but that were not recorded yet."""
    names = {marker.partition("/")[0] for _, marker in markers()}
    return sorted(name for name in names if not record_path(name).exists())
