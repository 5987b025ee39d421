"""Rank and world size from the variables of torchrun and Slurm."""

from __future__ import annotations

import pytest
from processes import launched_by_slurm, launched_by_torchrun

from babelite.errors import BabeliteError
from babelite.training.distributed.environment import Launch, is_first_process, read_launch


def test_a_single_process() -> None:
    assert read_launch({}) == Launch()
    assert read_launch({"RANK": "0", "WORLD_SIZE": "1"}) == Launch()


def test_torchrun_on_two_machines() -> None:
    given = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "LOCAL_RANK": "1"}
    launch = read_launch(given)
    assert launch == Launch("torchrun", 5, 8, 4)
    assert launch.nodes == 2


def test_srun_tasks() -> None:
    assert read_launch(launched_by_slurm(4)[3]) == Launch("slurm", 3, 4, 4)
    two = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NUM_NODES": "2"}
    assert read_launch(two) == Launch("slurm", 1, 4, 2)


def test_a_slurm_batch_script_is_a_single_process() -> None:
    script = {name: value for name, value in launched_by_slurm(4)[0].items() if "STEP" not in name}
    assert read_launch(script) == Launch()


def test_torchrun_takes_precedence_over_slurm() -> None:
    given = launched_by_slurm(2)[1] | launched_by_torchrun(3)[2]
    assert read_launch(given) == Launch("torchrun", 2, 3, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"RANK": "first", "WORLD_SIZE": "2"}, "RANK is 'first', not a number"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "process 2 of 2"),
        ({"RANK": "0", "WORLD_SIZE": "5", "LOCAL_WORLD_SIZE": "2"}, "process 0 of 5, 2 on each"),
    ],
)
def test_contradictory_variables_are_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(BabeliteError, match=words):
        read_launch(given)


def test_process_0_is_the_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for environment, first in zip(launched_by_torchrun(2), (True, False), strict=True):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert is_first_process() is first
    monkeypatch.setenv("WORLD_SIZE", "many")  # what is wrong must be told by someone
    assert is_first_process()
