"""What a saved model is: a folder of named files, one of which describes and vouches for the rest.

``babelite.json`` marks the folder as finished and holds a checksum of every other file.
`read_model_folder` refuses a folder that is unfinished, newer than this version, or changed since
`model_writer` wrote it. Little is imported here, as every program that encodes waits for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from babelite.encoding.model_description import FORMAT_VERSION, ModelDescription
from babelite.errors import BabeliteError
from babelite.storage import check_format_version, sha256

DESCRIPTION = "babelite.json"
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
FIRST_CHARACTERS = "first_words/tokenizer.json"  # these two are for `first_words.FirstWords`
FIRST_MERGES = "first_words/merges.npy"
GRAPHS = {"float32": "onnx/model.onnx", "int8": "onnx/model_int8.onnx"}
CARD = "README.md"

DEFAULT_MODEL = Path(__file__).parent.parent / "models" / "default"
PACKAGED = "babelite"  # what it is called where an encoder has to be named

SPECIAL_TOKENS = ("pad", "unk", "mask")  # their ids are their places here


@dataclass(frozen=True)
class ModelFolder:
    """A finished model folder.

    Attributes:
        path: The folder.
        description: What ``babelite.json`` says.
    """

    path: Path
    description: ModelDescription

    def file(self, name: str) -> Path:
        """The path of one of the model's files, after its checksum has been compared.

        Args:
            name: The name relative to the folder, for example ``tokenizer.json``.

        Raises:
            BabeliteError: The file is missing, was changed, or is not part of the model.
        """
        if name not in self.description.files:
            has = ", ".join(p for p, n in GRAPHS.items() if n in self.description.files)
            raise BabeliteError(
                f"is a model without {name}",
                path=self.path,
                hint=f"export it with that file, or choose a precision it has ({has})",
            )
        path = self.path / name
        if not path.is_file():
            raise BabeliteError(
                "is missing from the model folder",
                path=path,
                hint="copy the whole folder again or export the model again",
            )
        if sha256(path) != self.description.files[name]:
            raise BabeliteError(
                "was changed after it was written",
                path=path,
                hint="copy the whole folder again or export the model again",
            )
        return path


def read_model_folder(path: str | Path, verify: Literal["used", "all"] = "used") -> ModelFolder:
    """Open a model folder.

    Args:
        path: The folder.
        verify: ``used`` compares the checksum of a file when `ModelFolder.file` is asked for it,
            ``all`` compares every file's now.

    Returns:
        The folder and its description.

    Raises:
        BabeliteError: The path is no finished model folder, was written in a newer format, or a
            file of it is missing or was changed.
    """
    path = Path(path)
    if not path.is_dir():
        problem = "is not a folder" if path.exists() else "there is no such folder"
        raise BabeliteError(problem, path=path, hint="name the folder of a model")
    description_path = path / DESCRIPTION
    if not description_path.is_file():
        raise BabeliteError(
            f"is not a finished model folder, for it holds no {DESCRIPTION}",
            path=path,
            hint="name the folder that `babelite train` wrote, or let the training finish",
        )
    folder = ModelFolder(path, read_description(description_path))
    if verify == "all":
        for name in folder.description.files:
            folder.file(name)
    return folder


def read_description(path: Path) -> ModelDescription:
    """What a ``babelite.json`` says.

    Raises:
        BabeliteError: It does not describe a model, or is of a newer format.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        check_format_version(fields, FORMAT_VERSION, path)
        return ModelDescription.from_plain(fields)
    except ValueError as error:
        raise BabeliteError(
            f"does not describe a model ({error})",
            path=path,
            hint="copy the whole folder again or export the model again",
        ) from error
