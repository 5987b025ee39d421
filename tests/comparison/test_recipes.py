"""The comparisons in ``recipes/paper`` compare what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelite.comparison.comparison_file import read_config
from babelite.comparison.grid import settings_of

RECIPES = Path(__file__).parents[2] / "recipes" / "paper"


@pytest.mark.parametrize("name", ["ten-minutes", "two-cores", "zero-shot", "paracrawl-gpu"])
def test_bags_are_trained_at_a_temperature_for_cosines(name: str) -> None:
    path = RECIPES / f"{name}.toml"
    config = read_config(path)
    settings = [settings_of(system, config, 0, path) for system in config.systems]
    bags = [one.temperature for one in settings if one.has_bag_phase]
    assert bags and max(bags) <= 0.1
