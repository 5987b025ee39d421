"""Checkpoints: exact resumption, and errors of damaged files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from babelite.errors import BabeliteError
from babelite.training.loop import checkpoints
from babelite.training.loop.checkpoints import (
    Counters,
    load_checkpoint,
    load_weights,
    restore_optimizer,
    save_checkpoint,
    save_weights,
)

COUNTERS = Counters(
    phase=1, step=12, pairs=3_456, seconds=7.25, phase_began=3.5, validated=2, best=0.875
)


def make(seed: int, *, amsgrad: bool = True) -> tuple[nn.Sequential, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 3))
    # This one never gets a gradient, so the optimiser has no state for it.
    model.add_module("unused", nn.Linear(4, 4))
    groups = [{"params": model[0].parameters()}, {"params": model[2:].parameters()}]
    return model, torch.optim.Adam(groups, lr=1e-2, amsgrad=amsgrad, fused=True)


def train(model: nn.Sequential, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        inputs = torch.randn(5, 4, generator=generator)
        optimizer.zero_grad()
        model[:3](inputs).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("amsgrad", [True, False])
def test_resuming_from_a_checkpoint_is_bit_equal(amsgrad: bool, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    model, optimizer = make(0, amsgrad=amsgrad)
    train(model, optimizer, range(5))
    save_checkpoint(path, model, optimizer, COUNTERS)
    train(model, optimizer, range(5, 9))

    other, other_optimizer = make(1, amsgrad=amsgrad)
    counters, state = load_checkpoint(path, other)
    restore_optimizer(other_optimizer, state)
    train(other, other_optimizer, range(5, 9))
    assert counters == COUNTERS
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_a_checkpoint_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.safetensors"
    model, optimizer = make(0)
    save_checkpoint(path, model, optimizer, COUNTERS)
    opened = []

    def count(name: str, **options: str) -> safe_open:
        opened.append(name)
        return safe_open(name, **options)

    monkeypatch.setattr(checkpoints, "safe_open", count)
    load_checkpoint(path, model)
    assert opened == [str(path)]


def test_a_checkpoint_between_phases_has_no_optimizer(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    model, optimizer = make(0)
    save_checkpoint(path, model, None, COUNTERS)
    counters, state = load_checkpoint(path, model)
    assert (counters, state) == (COUNTERS, {})
    restore_optimizer(optimizer, state)
    assert not optimizer.state_dict()["state"]


def test_weights_and_metadata_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    transposed = torch.arange(6.0).view(2, 3).T
    save_weights(path, {"a": transposed, "b": torch.tensor(3)}, {"note": "é"})
    tensors, metadata = load_weights(path)
    assert torch.equal(tensors["a"], transposed)
    assert tensors["b"].item() == 3
    assert metadata == {"note": "é"}
    save_weights(path, {"c": torch.tensor(4)}, {})
    assert load_weights(path) == ({"c": torch.tensor(4)}, {})


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[: len(content) // 2],
            "empty": b"",
            "noise": b"\x93" * 300,
            "pickle": b"\x80\x04\x95",
            "header": content[:3] + b"\xff" + content[4:],
        }[how]
    )


@pytest.mark.parametrize("how", ["cut", "empty", "noise", "pickle", "header"])
def test_a_damaged_file_is_refused_by_name(how: str, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    model, optimizer = make(0)
    save_checkpoint(path, model, optimizer, COUNTERS)
    damaged(path, how)
    with pytest.raises(BabeliteError, match=r"last\.safetensors: is damaged"):
        load_checkpoint(path, model)


@pytest.mark.parametrize(
    ("tensors", "metadata"),
    [
        ({"weight": torch.zeros(1)}, {}),
        ({"model.0.weight": torch.zeros(1)}, {"counters": "{}"}),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(
    tensors: dict[str, Tensor], metadata: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "last.safetensors"
    save_weights(path, tensors, metadata)
    with pytest.raises(BabeliteError) as caught:
        load_checkpoint(path, make(0)[0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("counters", ["[]", "{", '{"step": "many"}'])
def test_damaged_counters_are_refused(counters: str, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    model = make(0)[0]
    weights = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    save_weights(path, weights, {"counters": counters})
    with pytest.raises(BabeliteError) as caught:
        load_checkpoint(path, model)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError

    path = tmp_path / "last.safetensors"
    save_weights(path, {"a": torch.tensor(1)}, {})

    def full(*arguments: object, **options: object) -> None:
        raise SafetensorError("Error while serializing: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(BabeliteError, match="No space left"):
        save_weights(path, {"a": torch.tensor(2)}, {})
    assert load_weights(path)[0]["a"].item() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]
