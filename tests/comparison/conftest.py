"""What the tests of comparisons share: a small text, and a comparison that has been run."""

import sys
from pathlib import Path

import pytest
from small_comparison import SMALL, InThisProcess, Silent, grid_of, write_text

from babelite.comparison.compare import run_cells
from babelite.comparison.grid import Grid
from babelite.comparison.report.outputs import write_outputs


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of text to train on and of files to evaluate on."""
    folder = tmp_path_factory.mktemp("text")
    write_text(folder)
    return folder


@pytest.fixture(autouse=True)
def here(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is the current directory, so that its encoder is found."""
    monkeypatch.chdir(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture(scope="session")
def finished(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A finished comparison with its outputs: two systems trained, one encoder as it comes."""
    grid = grid_of(SMALL, text, tmp_path_factory.mktemp("results") / "finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(text)
        patch.setattr(sys, "path", list(sys.path))
        outcome = run_cells(grid, Silent(), launcher=InThisProcess())
        assert (outcome.finished, outcome.failed, outcome.skipped) == (3, (), ())
        write_outputs(grid)
    return grid
