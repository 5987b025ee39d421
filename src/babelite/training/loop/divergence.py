"""Detection of divergence: losses, weights or vectors that are not finite numbers."""

from __future__ import annotations

import math
from pathlib import Path

from torch import nn

from babelite.errors import BabeliteError
from babelite.training.loop.phases import Phase


class DivergedError(BabeliteError):
    """Training has diverged."""

    def __init__(self, phase: Phase, out: Path) -> None:
        option = "learning-rate" if phase.name == "layers" else f"{phase.name}-learning-rate"
        super().__init__(
            f"training has diverged in the phase {phase.title!r}: its loss or its vectors are not "
            "finite numbers",
            code="training-diverged",
            path=out,
            hint=f"lower --{option}, and choose a new folder with --out",
        )


def has_diverged(model: nn.Module, loss: float) -> bool:
    """Whether the loss and a weight are not finite.

    The loss alone proves nothing: float16 training skips steps whose loss overflows.
    """
    if math.isfinite(loss):
        return False
    return not all(bool(parameter.isfinite().all()) for parameter in model.parameters())
