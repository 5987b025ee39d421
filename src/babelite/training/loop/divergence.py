"""Training that has come to nothing: its numbers have left what a computer can hold."""

from __future__ import annotations

import math
from pathlib import Path

from torch import nn

from babelite.errors import BabeliteError
from babelite.training.loop.phases import Phase


class DivergedError(BabeliteError):
    """Losses, weights or vectors are no longer finite numbers.

    Args:
        phase: The phase in which it was seen.
        out: The folder of the run.
        tell: Whether this process is the one to tell the user.
    """

    def __init__(self, phase: Phase, out: Path, *, tell: bool = True) -> None:
        option = "learning-rate" if phase.name == "layers" else f"{phase.name}-learning-rate"
        super().__init__(
            f"training has diverged in the phase {phase.title!r}: its loss or its vectors are no "
            "longer finite numbers",
            path=out,
            hint=f"lower --{option}, and name a new folder with --out",
        )
        self.tell = tell


def has_diverged(model: nn.Module, loss: float) -> bool:
    """Whether a model is beyond repair.

    Args:
        model: The model.
        loss: Its last loss. That alone says little: a step that overflows float16 is left out.
    """
    if math.isfinite(loss):
        return False
    return not all(bool(parameter.isfinite().all()) for parameter in model.parameters())
