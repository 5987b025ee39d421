"""What is trained when, and for how long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from babelite.training.data import batches
from babelite.training.data.tokens import Side, TokenizedPairs
from babelite.training.loop.phases import Phase, plan_phases
from babelite.training.presets import make_config


def corpus(size: int, length: int = 1) -> TokenizedPairs:
    ends = np.arange(size + 1) * length
    side = Side(np.full(size * length, 5, np.uint16), ends, np.arange(size, dtype=np.uint64))
    return TokenizedPairs("en-fr", side, side, np.ones(size, np.float32))


def plan(
    size: int = 10_000, prepared_at: float = 0.0, length: int = 1, **options: Any
) -> list[Phase]:
    return plan_phases(make_config(options=options), [corpus(size, length)], prepared_at)


def test_epochs_become_steps() -> None:
    bag, layers = plan(
        bag_epochs=2, bag_batch_size=1_000, epochs=0.5, batch_size=100, learning_rate=0.25
    )
    assert (bag.name, bag.batch_size, bag.steps, bag.steps_per_epoch) == ("bag", 1_000, 20, 10)
    assert (layers.name, layers.batch_size, layers.steps) == ("layers", 100, 50)
    assert layers.learning_rate == 0.25


def test_steps_take_precedence_over_epochs() -> None:
    assert [phase.steps for phase in plan(bag_steps=3, steps=4)] == [3, 4]


def test_accumulated_batches_make_fewer_steps_of_the_layers() -> None:
    bag, layers = plan(bag_epochs=1, bag_batch_size=1_000, epochs=2, batch_size=100, accumulate=5)
    assert (bag.steps, bag.accumulate) == (10, 1)
    assert (layers.steps, layers.steps_per_epoch, layers.accumulate) == (40, 20, 5)


def test_every_part_of_a_split_batch_counts_as_a_batch() -> None:
    options = {"bag_epochs": 1, "bag_batch_size": 1_000, "batch_size": 500, "batch_tokens": 8_000}
    bag, layers = plan(10_000, length=40, epochs=1, **options)
    # 8,000 tokens are 100 pairs of 40 and 40; nothing cuts the batches of the bag.
    assert (bag.steps, layers.steps, layers.steps_per_epoch) == (10, 100, 100)
    _, layers = plan(10_000, length=40, epochs=0.5, accumulate=2, **options)
    assert (layers.steps, layers.steps_per_epoch) == (25, 50)
    _, layers = plan(10_000, length=40, steps=7, decay="step", **options)
    assert (layers.steps, layers.steps_per_epoch) == (7, 100)


def test_no_epoch_is_planned_if_its_length_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("planned")

    monkeypatch.setattr(batches, "plan_epoch", refuse)
    plan(length=40, steps=7, batch_tokens=8_000)
    plan(length=40, minutes=7, batch_tokens=8_000)
    plan(length=40, epochs=1, batch_size=100, batch_tokens=8_000)  # no batch is too long


def test_a_second_round_has_its_own_steps() -> None:
    found = plan(bag_steps=3, steps=4, second_round_steps=2, similar_steps=5)
    assert [(phase.name, phase.title, phase.steps) for phase in found] == [
        ("bag", "bag", 3),
        ("layers", "layers", 4),
        ("layers", "layers, round 2", 2),
        ("similar", "similar", 5),
    ]
    assert [phase.round_number for phase in found] == [0, 0, 1, 0]


def test_part_of_an_epoch_is_at_least_one_step() -> None:
    assert [phase.steps for phase in plan(100, bag_epochs=0.001, epochs=0.001)] == [1, 1]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"bag_epochs": 0}, ["layers"]),
        ({"layers": 0}, ["bag"]),
        ({"minutes": 5}, ["bag", "layers"]),
        ({"minutes": 5, "bag_share": 0}, ["layers"]),
        ({"minutes": 5, "layers": 0, "bag_share": 0}, ["bag"]),
    ],
)
def test_phases_without_budget_are_omitted(options: dict[str, Any], names: list[str]) -> None:
    assert [phase.name for phase in plan(**options)] == names


def test_minutes_are_shared_after_preparation() -> None:
    bag, layers = plan(prepared_at=60, minutes=10, bag_share=0.25)
    assert bag.steps is layers.steps is None
    assert layers.until is not None and bag.until is not None
    assert 570 <= layers.until < 600  # something is left to finish
    assert bag.until - 60 == pytest.approx((layers.until - 60) / 4)


def test_a_token_bag_gets_all_the_minutes() -> None:
    (bag,) = plan(prepared_at=60, minutes=10, layers=0)
    assert bag.until is not None and bag.until > 570


def test_phases_after_the_end_of_the_minutes_are_empty() -> None:
    for phase in plan(prepared_at=100, minutes=1):
        assert phase.share_done(0, 100.0, 100.0) == 1.0


def test_the_done_share_depends_on_steps_or_time() -> None:
    by_steps = Phase("bag", 8, 1e-3, steps=40, until=None, steps_per_epoch=10)
    assert [by_steps.share_done(step, 1e9, 0.0) for step in (0, 10, 40, 50)] == [0, 0.25, 1, 1]
    by_time = Phase("bag", 8, 1e-3, steps=None, until=30.0, steps_per_epoch=10)
    assert [by_time.share_done(99, now, 10.0) for now in (10, 15, 30, 31)] == [0, 0.25, 1, 1]
