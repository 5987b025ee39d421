"""Write the results of a comparison: ``results.json``, ``tables.md`` and ``report.html``."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.report.results import collect_results
from babelite.comparison.report.tables import markdown_tables
from babelite.storage import write_text


def write_comparison_report(grid: ComparisonGrid) -> list[Path]:
    """Write record, tables and page of the finished cells into the output folder.

    The charts of the page are also written as SVG files to the folder ``pictures``. Without the
    extra ``report`` the page and the charts are skipped.

    Args:
        grid: The comparison, whose folder exists.

    Returns:
        The written files: ``results.json``, ``tables.md`` and ``report.html``.

    Raises:
        BabeliteError: A file cannot be written, or a record of a cell is damaged.
    """
    results = collect_results(grid)
    record, tables, page = (grid.out / n for n in ("results.json", "tables.md", "report.html"))
    write_text(record, json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    write_text(tables, markdown_tables(results))
    if find_spec("jinja2") is None or find_spec("matplotlib") is None:
        return [record, tables]
    from babelite.comparison.report.comparison_page import write_page

    write_page(results, page)
    return [record, tables, page]
