"""Comparison of training recipes: systems, seeds and tasks as one resumable grid."""

from babelite.comparison.compare import Outcome, open_grid, outcome, run_cells
from babelite.comparison.comparison_file import read_config
from babelite.comparison.estimate import Estimate, estimate
from babelite.comparison.grid import Cell, Grid, make_grid
from babelite.comparison.jobs.cells import CellFiles
from babelite.comparison.report.outputs import write_outputs
from babelite.comparison.report.tables import duration

__all__ = [
    "Cell",
    "CellFiles",
    "Estimate",
    "Grid",
    "Outcome",
    "duration",
    "estimate",
    "make_grid",
    "open_grid",
    "outcome",
    "read_config",
    "run_cells",
    "write_outputs",
]
