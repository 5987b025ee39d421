"""Training of encoders on parallel text: the extra ``train``.

Names are imported lazily, so that settings and ``--help`` need not wait for torch.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from babelite.errors import MissingExtraError

__all__ = [
    "Hardware",
    "Stepper",
    "TrainingConfig",
    "TrainingProgress",
    "TrainingResult",
    "TrainingStopped",
    "build_graph",
    "build_int8_graph",
    "build_model",
    "choose_hardware",
    "is_first_process",
    "is_reported_here",
    "join_processes",
    "make_config",
    "make_optimizer",
    "open_tokens",
    "parse_teacher",
    "plan_phases",
    "prepare_text",
    "tokenize",
    "train",
    "train_vocabulary",
]

# The libraries are looked up, not imported.
if any(find_spec(library) is None for library in ("torch", "safetensors", "onnx")):
    raise MissingExtraError("training", "train")

if TYPE_CHECKING:
    from babelite.training.config import TrainingConfig
    from babelite.training.data.tokens import open_tokens, tokenize
    from babelite.training.data.vocabulary import train_vocabulary
    from babelite.training.distributed.environment import is_first_process, is_reported_here
    from babelite.training.distributed.setup import join_processes
    from babelite.training.export.onnx_graph import build_graph, build_int8_graph
    from babelite.training.hardware import Hardware, choose_hardware
    from babelite.training.loop.optimizer import make_optimizer
    from babelite.training.loop.phases import plan_phases
    from babelite.training.loop.signals import TrainingStopped
    from babelite.training.loop.step import Stepper
    from babelite.training.network.build import build_model
    from babelite.training.presets import make_config
    from babelite.training.run import TrainingResult, prepare_text, train
    from babelite.training.teachers.teacher import parse_teacher
    from babelite.training.training_progress import TrainingProgress
else:
    from babelite import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "config": "TrainingConfig",
            "presets": "make_config",
            "data.tokens": "open_tokens tokenize",
            "data.vocabulary": "train_vocabulary",
            "distributed.environment": "is_first_process is_reported_here",
            "distributed.setup": "join_processes",
            "export.onnx_graph": "build_graph build_int8_graph",
            "hardware": "Hardware choose_hardware",
            "loop.optimizer": "make_optimizer",
            "loop.phases": "plan_phases",
            "loop.signals": "TrainingStopped",
            "loop.step": "Stepper",
            "network.build": "build_model",
            "run": "TrainingResult prepare_text train",
            "teachers.teacher": "parse_teacher",
            "training_progress": "TrainingProgress",
        },
    )
