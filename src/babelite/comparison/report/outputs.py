"""What a comparison leaves for people and programs: a record, tables, a page."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from babelite.comparison.grid import Grid
from babelite.comparison.report.results import collect
from babelite.comparison.report.tables import markdown
from babelite.storage import write_text


def write_outputs(grid: Grid) -> list[Path]:
    """Write ``results.json``, ``tables.md`` and ``report.html`` of what is finished so far.

    The pictures of the page are also written as files, into ``pictures``.

    Without the extra ``report`` the page is left out.

    Args:
        grid: The comparison.

    Returns:
        The files.

    Raises:
        BabeliteError: One of them cannot be written.
    """
    results = collect(grid)
    record, tables, page = (grid.out / n for n in ("results.json", "tables.md", "report.html"))
    write_text(record, json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    write_text(tables, markdown(results))
    if find_spec("jinja2") is None or find_spec("matplotlib") is None:
        return [record, tables]
    from babelite.comparison.report.comparison_page import write_page

    write_page(results, page)
    return [record, tables, page]
