"""A finished small training run. Tests use one thread: small matrices are slower with more."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_runs import run

from babelite.training.run import TrainingResult

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def finished(
    parallel_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainingResult]:
    """A model folder with the run that made it, to be looked at and not changed."""
    out = tmp_path_factory.mktemp("finished") / "model"
    return out, run(parallel_file, out, bag_steps=150)
