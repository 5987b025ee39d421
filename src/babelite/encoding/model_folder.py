"""Reading model folders: file names, the description ``babelite.json``, checksums.

``babelite.json`` is written last, marks the folder as complete, and contains the checksum of every
other file. Few modules are imported here, because every program that encodes waits for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from babelite.encoding.model_description import FORMAT_VERSION, ModelDescription, Precision
from babelite.errors import BabeliteError
from babelite.storage import check_format_version, sha256

DESCRIPTION = "babelite.json"
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
BPE_CHARACTERS = "first_words/tokenizer.json"  # these two files are the arguments of `FastBpe`
BPE_MERGES = "first_words/merges.npy"
GRAPHS: dict[Precision, str] = {"float32": "onnx/model.onnx", "int8": "onnx/model_int8.onnx"}
CARD = "README.md"

DEFAULT_MODEL = Path(__file__).parent.parent / "models" / "default"
DEFAULT_MODEL_NAME = "babelite"  # where an encoder must be named

SPECIAL_TOKENS = ("pad", "unk", "mask")  # their ids are their places here

_COPY_AGAIN = "copy the whole folder again or export the model again"


@dataclass(frozen=True)
class ModelFolder:
    """A complete model folder and its ``babelite.json``; returned by `read_model_folder`."""

    path: Path
    description: ModelDescription

    def file(self, name: str) -> Path:
        """The path of a file such as ``tokenizer.json``, after verifying its checksum.

        Raises:
            BabeliteError: The file is missing, was changed, or is not part of the model.
        """
        if name not in self.description.files:
            has = ", ".join(self.precisions)
            hint = f"export it with that file, or choose a precision it has ({has})"
            raise BabeliteError(
                f"the model has no file {name}", code="model-invalid", path=self.path, hint=hint
            )
        path = self.path / name
        exists = path.is_file()
        if exists and sha256(path) == self.description.files[name]:
            return path
        problem = "was changed after it was written" if exists else "is missing from the folder"
        raise BabeliteError(problem, code="model-damaged", path=path, hint=_COPY_AGAIN)

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions of its ONNX graphs, float32 first."""
        return tuple(p for p, name in GRAPHS.items() if name in self.description.files)

    def graph(self, precision: Precision) -> Path:
        """The verified ONNX file of a precision."""
        return self.file(GRAPHS[precision])

    def weights(self) -> Path | None:
        """The verified safetensors file; None if the folder has none."""
        return self.file(WEIGHTS) if WEIGHTS in self.description.files else None

    def config(self) -> dict[str, Any]:
        """The contents of ``config.json``: the sizes of the network (``DistilBertConfig``)."""
        config: dict[str, Any] = json.loads(self.file(CONFIG).read_bytes())
        return config

    def tokenizer_json(self) -> str:
        """The text of ``tokenizer.json``."""
        return self.file(TOKENIZER).read_text(encoding="utf-8")

    def files_to_encode(self) -> dict[str, bytes]:
        """The contents of the files that `Encoder` needs, by name; they form a model folder."""
        names = (TOKENIZER, GRAPHS[self.description.precision])
        contents = {name: self.file(name).read_bytes() for name in names}
        return contents | {DESCRIPTION: (self.path / DESCRIPTION).read_bytes()}

    def size(self, precision: Precision | None = None) -> int:
        """Bytes of all files; with a precision, without the weights and the other graphs."""
        left_out = () if precision is None else (*GRAPHS.values(), WEIGHTS)
        names = [name for name in self.description.files if name not in left_out]
        graph = [] if precision is None else [GRAPHS[precision]]
        return sum((self.path / name).stat().st_size for name in (*names, *graph, DESCRIPTION))


def read_model_folder(path: str | Path, verify: Literal["used", "all"] = "used") -> ModelFolder:
    """Open a model folder.

    Args:
        path: The folder.
        verify: ``used`` verifies the checksum of a file when `ModelFolder.file` returns it; ``all``
            verifies every file now.

    Raises:
        BabeliteError: The folder is missing, incomplete, changed or of a newer format.
    """
    path = Path(path)
    if not path.is_dir():
        problem = "is not a folder" if path.exists() else "there is no such folder"
        code = "not-a-folder" if path.exists() else "model-not-found"
        raise BabeliteError(problem, code=code, path=path, hint="give the folder of a model")
    if not (path / DESCRIPTION).is_file():
        problem = f"is not a complete model folder (it has no {DESCRIPTION})"
        hint = "give a folder that `babelite train` wrote, or let the training finish"
        raise BabeliteError(problem, code="model-invalid", path=path, hint=hint)
    folder = ModelFolder(path, read_model_description(path / DESCRIPTION))
    if verify == "all":
        for name in folder.description.files:
            folder.file(name)
    return folder


def read_model_description(path: Path) -> ModelDescription:
    """Read a ``babelite.json``; BabeliteError if it is not valid or has a newer format."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        check_format_version(fields, FORMAT_VERSION, path)
        return ModelDescription.from_json_object(fields)
    except ValueError as error:
        problem = f"is not a valid model description ({error})"
        raise BabeliteError(problem, code="model-invalid", path=path, hint=_COPY_AGAIN) from error


def model_checksum(folder: str | Path) -> str | None:
    """The SHA-256 of a model, which covers all of its files; None if it is not a model folder."""
    description = Path(folder) / DESCRIPTION
    return sha256(description) if description.is_file() else None
