"""Single steps: accumulation, float16, torch.compile; choice of hardware."""

from __future__ import annotations

import sys
import time
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
import torch
from shared_steps import made_up_corpus, one_step
from torch import nn

from babelite.errors import BabeliteError
from babelite.training.config import TrainingConfig
from babelite.training.distributed.group import ProcessGroup
from babelite.training.hardware import Hardware, choose_hardware
from babelite.training.loop.phases import Phase
from babelite.training.loop.run_state import RunState
from babelite.training.loop.step import Stepper
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape

CPU = torch.device("cpu")


def test_accumulated_gradients_are_the_mean_over_batches() -> None:
    together = one_step(ProcessGroup(), "align + sim", "layers", [50, 40])
    first = one_step(ProcessGroup(), "align + sim", "layers", [50])
    second = one_step(ProcessGroup(), "align + sim", "layers", [40], first=50)
    for name, tensor in together.items():
        torch.testing.assert_close(tensor, (first[name] + second[name]) / 2, atol=1e-6, rtol=1e-5)
        assert not torch.equal(first[name], second[name])


def test_scaled_float16_has_the_gradients_of_float32() -> None:
    expected = one_step(ProcessGroup(), "align + xtr", "layers", [60])
    found = one_step(ProcessGroup(), "align + xtr", "layers", [60], precision=torch.float16)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        size = float(tensor.norm())
        assert float((found[name] - tensor).norm()) < 0.05 * size + 1e-4, name
    assert any(not torch.equal(found[name], expected[name]) for name in expected)


def stepper(precision: torch.dtype, **options: Any) -> Stepper:
    network = DualTransformer(NetworkShape(30, dim=8, layers=1, heads=2, hidden_dim=8))
    model = TrainingModel(network, {"align": 1.0})
    hardware = Hardware(CPU, precision, **options)
    return Stepper(model, TrainingConfig(), [], [], ProcessGroup(), hardware)


def state_of(taken: Stepper) -> RunState:
    return RunState(taken.model, taken.scaler, time.monotonic())


def test_a_checkpoint_contains_the_loss_scale_of_float16(tmp_path: Path) -> None:
    before, after = (state_of(stepper(torch.float16)) for _ in range(2))
    before.scaler.load_state_dict(
        before.scaler.state_dict() | {"scale": 1024.0, "_growth_tracker": 7}
    )
    before.save_to(tmp_path / "checkpoint")
    after.restore_from(tmp_path / "checkpoint")
    assert after.scaler.state_dict() == before.scaler.state_dict()
    assert after.scaler.get_scale() == 1024.0


def test_other_precisions_have_no_loss_scale(tmp_path: Path) -> None:
    state = state_of(stepper(torch.bfloat16))
    state.save_to(tmp_path / "checkpoint")
    assert state.counters.loss_scale is None


def test_float16_requires_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BabeliteError) as error:
        choose_hardware(TrainingConfig(precision="float16", device="cpu"))
    assert error.value.code == "device-unavailable"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    found = choose_hardware(TrainingConfig(precision="float16", device="cuda"))
    assert found == Hardware(torch.device("cuda"), torch.float16)


def test_rounds_use_the_same_pairs_in_another_order() -> None:
    taken = stepper(torch.float32)
    taken.corpora = [made_up_corpus()]

    def first_epoch(number: int) -> list[list[int]]:
        phase = Phase("layers", 100, 1e-3, 3, None, 3, round_number=number)
        return [rows.rows.tolist() for rows in islice(taken.batches(phase, 0), 3)]

    first, second = first_epoch(0), first_epoch(1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(300))
    assert first != second
    assert first == first_epoch(0)


def test_only_the_layers_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda module, **options: compiled.append(module))
    assert not compiled
    found = stepper(torch.float32, compile=True)
    assert compiled == [found.model.network.transformer]


def test_compilation_on_a_cpu_without_a_compiler_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    compiled = TrainingConfig(compile=True, device="cpu")
    with pytest.raises(BabeliteError, match="C\\+\\+ compiler") as error:
        choose_hardware(compiled)
    assert error.value.code == "device-unavailable"
    choose_hardware(TrainingConfig(device="cpu"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    choose_hardware(TrainingConfig(compile=True, device="cuda", precision="float32"))
    monkeypatch.setenv("CXX", sys.executable)  # any existing program
    choose_hardware(compiled)
