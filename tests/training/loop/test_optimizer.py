"""The optimizer of a phase and its learning-rate schedule."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from babelite.training.config import TrainingConfig
from babelite.training.loop.optimizer import learning_rate_factor, make_optimizer
from babelite.training.loop.phases import Phase
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape
from babelite.training.presets import make_config


def factors(config: TrainingConfig, steps: int, steps_per_epoch: int = 10) -> list[float]:
    phase = Phase("layers", 8, 1e-3, steps, None, steps_per_epoch)
    return [learning_rate_factor(config, phase, step, step / steps) for step in range(steps)]


def test_the_learning_rate_warms_up_linearly() -> None:
    config = make_config(options={"warmup_steps": 4, "decay": "none"})
    assert factors(config, 60) == [0.25, 0.5, 0.75, *57 * [1]]


def test_the_warm_up_takes_at_most_a_tenth_of_the_phase() -> None:
    config = make_config(options={"warmup_steps": 100, "decay": "none"})
    assert factors(config, 20) == [0.01, 0.5, *18 * [1]]
    timed = Phase("layers", 8, 1e-3, None, 60.0, 10)
    assert learning_rate_factor(config, timed, 2, 0.05) == 0.5


def test_without_warm_up_the_learning_rate_starts_at_its_peak() -> None:
    assert factors(make_config(options={"warmup_steps": 0, "decay": "none"}), 2) == [1, 1]


def test_linear_decay_ends_near_zero() -> None:
    found = factors(make_config(options={"warmup_steps": 0, "decay": "linear"}), 10)
    assert found == pytest.approx([1.0 - step / 10 for step in range(10)])


def test_step_decay_falls_to_a_tenth_at_its_epoch() -> None:
    config = make_config(options={"warmup_steps": 0, "decay": "step", "decay_epoch": 3})
    assert factors(config, 50) == [1.0] * 30 + [0.1] * 20


def training_model() -> TrainingModel:
    shape = NetworkShape(vocabulary_size=20, dim=8, layers=1, heads=2, hidden_dim=8)
    return TrainingModel(DualTransformer(shape), {"ugt": 1.0})


def test_the_bag_phase_trains_the_embeddings_and_the_last_layer_norm() -> None:
    model = training_model()
    phase = Phase("bag", 8, 0.5, 1, None, 1)
    optimizer = make_optimizer(make_config(), phase, model)
    assert [group["peak"] for group in optimizer.param_groups] == [0.5]
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    last = model.network.last_layer_norm
    assert trained == {id(p) for p in (model.embeddings, last.weight, last.bias)}


@pytest.mark.parametrize(("given", "peak"), [({}, 0.5), ({"embedding_learning_rate": 0.1}, 0.1)])
def test_the_layers_phase_trains_all_parameters(given: dict[str, Any], peak: float) -> None:
    model = training_model()
    phase = Phase("layers", 8, 0.5, 1, None, 1)
    optimizer = make_optimizer(make_config(options=given), phase, model)
    first, second = optimizer.param_groups
    assert (first["peak"], second["peak"]) == (peak, 0.5)
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in model.parameters()}


def test_the_optimizer_has_the_configured_options() -> None:
    config = make_config(options={"weight_decay": 0.01, "amsgrad": True})
    optimizer = make_optimizer(config, Phase("layers", 8, 0.5, 1, None, 1), training_model())
    assert isinstance(optimizer, torch.optim.Adam)
    assert all(group["weight_decay"] == 0.01 for group in optimizer.param_groups)
    assert all(group["amsgrad"] for group in optimizer.param_groups)
