"""Flipped bits in files of babelite, and kills of its commands: a few of the benchmark's tries."""

import pytest
from faults import JOBS, KINDS, flip, kill

SLOW = ("training", "shards")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in KINDS]
)
def test_a_flipped_bit_is_an_error_or_has_no_effect(name: str) -> None:
    counts = flip(KINDS[name], tries=3 if name in SLOW else 10, seed=1)
    assert set(counts) <= {"error", "no effect"}


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_a_killed_command_given_again_makes_the_same_files(name: str) -> None:
    counts = kill(JOBS[name], tries=2, seed=1)
    assert set(counts) <= {"killed, equal", "finished before, equal"}
