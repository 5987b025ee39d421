"""Training encoders from parallel text: the extra ``train``."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from babelite.errors import MissingExtraError

if TYPE_CHECKING:
    from babelite.training.config import PRESETS, TrainingConfig, make_config
    from babelite.training.data.batches import plan_epoch
    from babelite.training.data.tokens import open_tokens, tokenize
    from babelite.training.data.vocabulary import train_vocabulary
    from babelite.training.device import choose_device, choose_precision, keep_freed_memory
    from babelite.training.distributed.environment import is_first, read_launch
    from babelite.training.distributed.setup import join_processes
    from babelite.training.export.onnx_graph import build_graph, build_int8_graph
    from babelite.training.loop.phases import make_optimizer, plan_phases
    from babelite.training.loop.step import Stepper
    from babelite.training.network.losses import Batch, ContrastiveSettings, TrainingModel
    from babelite.training.network.transformer import DualTransformer, NetworkShape
    from babelite.training.objective_parser import parse_objective
    from babelite.training.progress import Progress
    from babelite.training.run import TrainingResult, prepare_text, train

__all__ = [
    "PRESETS",
    "Batch",
    "ContrastiveSettings",
    "DualTransformer",
    "NetworkShape",
    "Progress",
    "Stepper",
    "TrainingConfig",
    "TrainingModel",
    "TrainingResult",
    "build_graph",
    "build_int8_graph",
    "choose_device",
    "choose_precision",
    "is_first",
    "join_processes",
    "keep_freed_memory",
    "make_config",
    "make_optimizer",
    "open_tokens",
    "parse_objective",
    "plan_epoch",
    "plan_phases",
    "prepare_text",
    "read_launch",
    "tokenize",
    "train",
    "train_vocabulary",
]

# Looked for, not imported: the settings can be shown without waiting for torch.
if any(find_spec(library) is None for library in ("torch", "safetensors", "onnx")):
    raise MissingExtraError("training", "train")

_MODULES = {
    "Batch": "network.losses",
    "ContrastiveSettings": "network.losses",
    "DualTransformer": "network.transformer",
    "NetworkShape": "network.transformer",
    "PRESETS": "config",
    "Progress": "progress",
    "Stepper": "loop.step",
    "TrainingConfig": "config",
    "TrainingModel": "network.losses",
    "TrainingResult": "run",
    "build_graph": "export.onnx_graph",
    "build_int8_graph": "export.onnx_graph",
    "choose_device": "device",
    "choose_precision": "device",
    "is_first": "distributed.environment",
    "join_processes": "distributed.setup",
    "keep_freed_memory": "device",
    "make_config": "config",
    "make_optimizer": "loop.phases",
    "open_tokens": "data.tokens",
    "parse_objective": "objective_parser",
    "plan_epoch": "data.batches",
    "plan_phases": "loop.phases",
    "prepare_text": "run",
    "read_launch": "distributed.environment",
    "tokenize": "data.tokens",
    "train": "run",
    "train_vocabulary": "data.vocabulary",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
