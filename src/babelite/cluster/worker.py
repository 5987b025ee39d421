"""Workers: processes that run tasks with an encoder of one thread, opened when first needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import (
    Encoder,
    SentenceEncoder,
    encode_lines,
    open_encoder,
    read_model_folder,
)
from babelite.neighbors import load_faiss
from babelite.storage import temporary_folder


@dataclass(frozen=True)
class WorkerModel:
    """An encoder that workers can open on any machine."""

    spec: str | None = None  # for `open_encoder`
    dim: int | None = None
    files: dict[str, bytes] | None = None  # of a model folder, by name, if they are sent

    @classmethod
    def packed(cls, spec: str | None, dim: int | None = None) -> WorkerModel:
        """An encoder with the files that a worker on another machine needs (about 10 MB)."""
        if spec is None or not Path(spec).is_dir():
            return cls(spec, dim)
        return cls(spec, dim, read_model_folder(spec).files_to_encode())

    def open(self) -> SentenceEncoder:
        """Open the encoder, with one thread."""
        if self.files is not None:
            with temporary_folder() as folder:
                for name, content in self.files.items():
                    path = folder / name
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(content)
                return Encoder.load(folder, threads=1, dim=self.dim)
        return open_encoder(self.spec, threads=1, dim=self.dim)


class Worker:
    """The state of a worker process: its encoder."""

    def __init__(self, model: WorkerModel) -> None:
        self._model = model

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The encoder, opened at the first access."""
        return self._model.open()

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(sentences), dim); zero for blank sentences."""
        return encode_lines(self.encoder, sentences)


def use_one_thread() -> None:
    """Limit this process to one core: each core has a worker."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["OMP_NUM_THREADS"] = "1"
    load_faiss().omp_set_num_threads(1)
