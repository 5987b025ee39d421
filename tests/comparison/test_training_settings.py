"""Training settings of systems: options and budget."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_comparison import SMALL, read_grid

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.comparison_file import BudgetConfig, read_comparison_file
from babelite.comparison.training_settings import split_budget, training_settings
from babelite.errors import BabeliteError
from babelite.training import make_config


def test_a_budget_in_pairs_is_split_between_phases() -> None:
    budget = BudgetConfig(pairs=90_000)
    layers = make_config("tiny", options={"bag_epochs": 0, "epochs": 1, "batch_size": 100})
    assert split_budget(budget, layers) == {"bag_steps": 0, "steps": 900}
    bag = make_config("tiny", options={"layers": 0, "bag_epochs": 1, "bag_batch_size": 100})
    assert split_budget(budget, bag) == {"bag_steps": 900, "steps": 0}
    # The default recipe: eight passes of the bag phase for one of the layers phase.
    both = make_config("default", options={"bag_batch_size": 1_000, "batch_size": 500})
    assert split_budget(budget, both) == {"bag_steps": 80, "steps": 20}


def test_accumulated_batches_count_as_pairs_of_one_step(text: Path, tmp_path: Path) -> None:
    options = {"bag_epochs": 0, "epochs": 1, "batch_size": 50, "accumulate": 4}
    plain = make_config("tiny", options=options)
    assert split_budget(BudgetConfig(pairs=20_000), plain) == {"bag_steps": 0, "steps": 100}
    assert split_budget(BudgetConfig(steps=100), plain) == {"bag_steps": 0, "steps": 100}
    by_steps = {"bag_steps": 100, "bag_batch_size": 100, "steps": 50} | options
    del by_steps["bag_epochs"], by_steps["epochs"]
    halves = split_budget(BudgetConfig(pairs=40_000), make_config("tiny", options=by_steps))
    assert halves == {"bag_steps": 200, "steps": 100}
    grid = read_grid(SMALL.replace("[training]", "[training]\naccumulate = 4"), text, tmp_path)
    wanted = [CellFolder(grid, cell).expected_pairs() for cell in grid.cells]
    assert wanted == [(6_000, 0), (0, 6_000), None]


def test_a_budget_in_minutes_skips_a_phase_without_epochs() -> None:
    budget = BudgetConfig(minutes=2)
    layers = make_config("default", options={"bag_epochs": 0})
    assert split_budget(budget, layers) == {"minutes": 2, "bag_share": 0.0}
    assert split_budget(budget, make_config("default")) == {"minutes": 2, "bag_share": 0.5}


def test_start_is_refused() -> None:
    with pytest.raises(BabeliteError, match="start is not allowed"):
        split_budget(BudgetConfig(pairs=90_000), make_config("tiny", options={"start": "babelite"}))


@pytest.mark.parametrize("option", ["second_round_steps", "similar_steps"])
def test_options_that_exceed_the_budget_are_refused(option: str) -> None:
    with pytest.raises(BabeliteError, match=f"{option} would exceed"):
        split_budget(BudgetConfig(pairs=90_000), make_config("tiny", options={option: 5}))


def test_a_common_objective_applies_to_systems_with_layers(tmp_path: Path) -> None:
    text = SMALL.replace('objective = "align"', "")
    text = text.replace("[training]", '[training]\nobjective = "sim + align"')
    (tmp_path / "compare.toml").write_text(text)
    config = read_comparison_file(tmp_path / "compare.toml", tmp_path)
    objectives = [
        training_settings(system, config, 0, tmp_path / "compare.toml").objective
        for system in config.systems
    ]
    assert objectives == ["align", "sim + align"]
