"""Checkpoints of a run and weight files, in the safetensors format (no pickle)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from babelite.errors import BabeliteError
from babelite.storage import writing_atomically

_CHECKSUM = "checksum"  # of everything else in the file


class Counters(BaseModel):
    """Position and results of a run, saved as JSON in its checkpoint."""

    phase: int = 0  # number of the current phase
    step: int = 0  # steps done in it
    pairs: int = 0  # pairs seen in the whole run
    seconds: float = 0.0  # time spent in the whole run, preparation included
    phase_began: float = 0.0  # `seconds` when the phase began
    validated: int = 0  # validations done in the phase
    best: float = -1.0  # highest mean P@1 on held-out pairs so far
    metrics_bytes: int = 0  # size of the metrics file
    loss_scale: float | None = None  # of float16; None in other precisions
    steps_at_scale: int = 0  # steps since the loss scale changed


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors to a safetensors file atomically, with a checksum in its metadata."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    texts = {**metadata, _CHECKSUM: _checksum(tensors, metadata)}
    with writing_atomically(path) as temporary:
        try:
            save_file(tensors, str(temporary), metadata=texts)
        except SafetensorError as error:  # how safetensors reports a full disk
            raise OSError(str(error)) from error


def _checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """The CRC-32 of tensors and metadata; safetensors has none."""
    found = zlib.crc32(repr(sorted(metadata.items())).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        found = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), found)
        found = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, found)
    return f"{found:08x}"


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Report every way in which a file can be damaged as one error."""
    try:
        yield
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise BabeliteError(
            f"is damaged ({str(error).splitlines()[0]})",
            code="file-damaged",
            path=path,
            hint="delete the folder and train again",
        ) from error


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file."""
    with _reading(path), safe_open(str(path), framework="pt") as stream:
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        metadata = stream.metadata() or {}
        recorded = metadata.pop(_CHECKSUM, None)  # earlier versions wrote none
        if recorded is not None and recorded != _checksum(tensors, metadata):
            raise ValueError("its checksum is wrong")
        return tensors, metadata


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
    """Read the counters of a checkpoint without its weights."""
    with _reading(path), safe_open(str(path), framework="pt") as stream:
        return Counters.model_validate_json((stream.metadata() or {})["counters"])


def load_checkpoint(path: Path, model: torch.nn.Module) -> tuple[Counters, dict[str, Tensor]]:
    """Load a checkpoint into a model of the same shape.

    Returns the counters, and the optimizer's tensors for `restore_optimizer`.
    """
    tensors, metadata = load_weights(path)
    with _reading(path):
        counters = Counters.model_validate_json(metadata["counters"])
        model.load_state_dict(
            {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        )
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
