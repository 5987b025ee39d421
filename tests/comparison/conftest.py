"""Fixtures of the comparison tests: a small text, and a finished comparison."""

import sys
from pathlib import Path

import pytest
from small_comparison import SMALL, InThisProcess, Silent, grid_of, write_text

from babelite.comparison.compare import run_comparison
from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.report.write_report import write_comparison_report


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of training text and task files."""
    folder = tmp_path_factory.mktemp("text")
    write_text(folder)
    return folder


@pytest.fixture(autouse=True)
def here(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the text the current directory, so that its encoder can be imported."""
    monkeypatch.chdir(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture(scope="session")
def finished(text: Path, tmp_path_factory: pytest.TempPathFactory) -> ComparisonGrid:
    """A finished comparison with its outputs: two trained systems, one existing encoder."""
    grid = grid_of(SMALL, text, tmp_path_factory.mktemp("results") / "finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(text)
        patch.setattr(sys, "path", list(sys.path))
        outcome = run_comparison(grid, Silent(), launcher=InThisProcess())
        assert (outcome.finished, outcome.failed, outcome.skipped) == (3, (), ())
        write_comparison_report(grid)
    return grid
