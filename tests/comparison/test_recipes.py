"""The comparisons in ``recipes/paper`` are valid and consistent."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelite.comparison.comparison_file import read_comparison_file
from babelite.comparison.training_settings import training_settings

RECIPES = Path(__file__).parents[2] / "recipes" / "paper"


NAMES = ["ten-minutes", "two-cores", "teachers", "one-night", "zero-shot", "paracrawl-gpu"]


@pytest.mark.parametrize("name", NAMES)
def test_token_bags_use_a_temperature_for_cosines(name: str) -> None:
    path = RECIPES / f"{name}.toml"
    config = read_comparison_file(path, path.parent)
    settings = [training_settings(system, config, 0, path) for system in config.systems]
    bags = [one.temperature for one in settings if one.has_bag_phase]
    assert bags and max(bags) <= 0.1
