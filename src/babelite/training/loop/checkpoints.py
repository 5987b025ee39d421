"""Checkpoints of a run and weight files, in the safetensors format (no pickle)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from babelite.errors import BabeliteError
from babelite.storage import writing_atomically


class Counters(BaseModel):
    """Position and results of a run, saved as JSON in its checkpoint.

    Attributes:
        phase: Number of the current phase.
        step: Steps done in it.
        pairs: Pairs seen in the whole run.
        seconds: Time spent in the whole run, preparation included.
        phase_began: `seconds` when the phase began.
        validated: Validations done in the phase.
        best: Highest mean P@1 on held-out pairs so far.
        metrics_bytes: Size of the metrics file.
        loss_scale: Loss scale of float16; None in other precisions.
        steps_at_scale: Steps since the loss scale changed.
    """

    phase: int = 0
    step: int = 0
    pairs: int = 0
    seconds: float = 0.0
    phase_began: float = 0.0
    validated: int = 0
    best: float = -1.0
    metrics_bytes: int = 0
    loss_scale: float | None = None
    steps_at_scale: int = 0


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors to a safetensors file, atomically.

    Raises:
        BabeliteError: The file cannot be written; an existing file stays unchanged.
    """
    tensors = {name: tensor.detach().contiguous() for name, tensor in weights.items()}
    with writing_atomically(path) as temporary:
        try:
            save_file(tensors, str(temporary), metadata=dict(metadata))
        except SafetensorError as error:  # how safetensors reports a full disk
            raise OSError(str(error)) from error


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file.

    Raises:
        BabeliteError: The file is damaged.
    """
    try:
        with safe_open(str(path), framework="pt") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
            return tensors, stream.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> BabeliteError:
    reason = str(error).splitlines()[0]
    return BabeliteError(
        f"is damaged ({reason})",
        code="file-damaged",
        path=path,
        hint="delete the folder and train again",
    )


def save_checkpoint(
    path: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None,
    counters: Counters,
) -> None:
    """Write a checkpoint; the optimizer is None between two phases."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    if optimizer is not None:
        for number, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimizer.{number}.{name}"] = value
    save_weights(path, tensors, {"counters": counters.model_dump_json()})


def read_counters(path: Path) -> Counters:
    """Read the counters of a checkpoint without its weights.

    Raises:
        BabeliteError: The file is damaged.
    """
    try:
        with safe_open(str(path), framework="pt") as stream:
            return _counters_in(stream.metadata() or {}, path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _counters_in(metadata: Mapping[str, str], path: Path) -> Counters:
    try:
        return Counters.model_validate_json(metadata["counters"])
    except (KeyError, ValueError) as error:
        raise _damaged(path, error) from error


def load_checkpoint(path: Path, model: torch.nn.Module) -> tuple[Counters, dict[str, Tensor]]:
    """Load a checkpoint into a model of the same shape.

    Returns:
        The counters, and the optimizer's tensors for `restore_optimizer`.

    Raises:
        BabeliteError: The file is damaged, or belongs to another model.
    """
    tensors, metadata = load_weights(path)
    counters = _counters_in(metadata, path)
    try:
        model.load_state_dict(
            {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        )
    except RuntimeError as error:
        raise _damaged(path, error) from error
    return counters, {name: t for name, t in tensors.items() if name.startswith("optimizer.")}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load saved tensors into a new optimizer; without any, it is unchanged."""
    states: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        _, number, name = key.split(".", 2)
        states.setdefault(int(number), {})[name] = tensor
    if states:
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": states, "param_groups": groups})
