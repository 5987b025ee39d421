"""Comparison of training recipes and encoders: systems × seeds × tasks, resumable.

The flow: `read_comparison` lays out a grid of cells, one per model; `run_comparison` trains and
evaluates each cell in child processes (``jobs``); `write_comparison_report` aggregates the results
into tables, charts and an HTML page (``report``).
"""

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.compare import (
    ComparisonOutcome,
    ComparisonProgress,
    open_comparison,
    run_comparison,
)
from babelite.comparison.grid import ComparisonCell, ComparisonGrid, read_comparison
from babelite.comparison.report.tables import format_duration
from babelite.comparison.report.write_report import write_comparison_report
from babelite.comparison.time_estimate import estimate_time

__all__ = [
    "CellFolder",
    "ComparisonCell",
    "ComparisonGrid",
    "ComparisonOutcome",
    "ComparisonProgress",
    "estimate_time",
    "format_duration",
    "open_comparison",
    "read_comparison",
    "run_comparison",
    "write_comparison_report",
]
