"""What a worker holds: the encoder, opened when it is first needed, with one thread."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Model:
    """An encoder that workers can open, wherever they are.

    Attributes:
        spec: What `babelite.encoding.open_encoder` opens it by; None for the model that babelite
            carries.
        files: The files of a model folder that encoding needs, by their names, where the folder
            may not be on the machine of a worker.
    """

    spec: str | None = None
    files: dict[str, bytes] | None = None

    @classmethod
    def packed(cls, spec: str | None) -> Model:
        """An encoder with all that a worker on another machine needs.

        A model folder travels along: its description, tokenizer and the graph that is run, some
        ten megabytes. What other libraries open must be there.
        """
        if spec is None or not Path(spec).is_dir():
            return cls(spec)
        return cls(spec, read_model_folder(spec).files_to_encode())

    def open(self) -> SentenceEncoder:
        """Load it, to encode with one thread.

        Raises:
            BabeliteError: It cannot be opened here.
        """
        if self.files is not None:
            with tempfile.TemporaryDirectory(prefix="babelite-") as folder:
                for name, content in self.files.items():
                    path = Path(folder) / name
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(content)
                return Encoder.load(folder, threads=1)
        if self.spec is None or Path(self.spec).is_dir():
            return Encoder.load(self.spec, threads=1)
        return open_encoder(self.spec)


class Worker:
    """One process that does tasks.

    Args:
        model: The encoder for tasks that need one.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._encoder: SentenceEncoder | None = None

    @property
    def encoder(self) -> SentenceEncoder:
        """The encoder; it is loaded when it is first asked for."""
        if self._encoder is None:
            self._encoder = self._model.open()
        return self._encoder

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences; a blank one gets the zero vector and is not shown to the encoder.

        Returns:
            float32 array of shape (len(sentences), dim), rows of unit length or zero.
        """
        return encode_lines(self.encoder, sentences)


def use_one_thread() -> None:
    """Let this process keep to one core: there is a worker for each of the others."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["OMP_NUM_THREADS"] = "1"
    import faiss

    faiss.omp_set_num_threads(1)
