"""Files of a training run in ``OUT/training/``, and reservation of that folder for one run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelite.errors import BabeliteError
from babelite.storage import (
    is_lock_file,
    json_with_checksum,
    json_without_checksum,
    make_folder,
    missing_folders,
    remove_empty_folders,
    require_intact,
    write_text,
    writing_with_checksums,
)
from babelite.training.config import TrainingConfig

# Names of unfinished files and folders, which a killed run leaves behind.
_UNFINISHED = ".*.tmp"
REPAIR = "delete the folder and train again"


class RunFolder:
    """The folder of ``--out``: the finished model, with the run below ``training/``.

    Several runs may share the folder `shared_text` of prepared text.
    """

    def __init__(self, out: Path, shared_text: Path | None = None) -> None:
        self.out, self.shared_text = out, shared_text
        self._new_folders: list[Path] = []  # made by this run
        self.work = out / "training"
        # The request: settings, cleaning and input files.
        self.description = self.work / "run.json"
        # Losses, learning rates and validations, one JSON object per line.
        self.metrics = self.work / "metrics.jsonl"
        # The latest checkpoint, and the weights that were best in validation.
        self.checkpoint = self.work / "last.safetensors"
        self.best_weights = self.work / "best.safetensors"
        # The groups of similar pairs; exists once the phase `similar` has begun.
        self.groups = self.work / "groups.safetensors"
        # Duration of the preparation, and the result; each exists once that is finished.
        self.prepared = self.work / "prepared.json"
        self.result = self.work / "result.json"
        # Folder of the cleaned pairs, the tokenised pairs and the vocabulary.
        self.text = shared_text or self.work
        self.tokenizer = self.text / "tokenizer.json"
        # The description of the encoder that training started from, if there was one.
        self.initial_encoder = self.text / "start.json"

    def all_pairs(self, name: str) -> Path:
        """All cleaned pairs of a language pair, until the held-out ones are removed."""
        return self.text / "corpus" / f"{name}.all"

    def cleaned(self, name: str) -> Path:
        """The training pairs of a language pair."""
        return self.text / "corpus" / f"{name}.tsv"

    def monolingual_name(self, language: str) -> str:
        """The name of the text in one language without translations, for `cleaned` and `tokens`."""
        return f"{language}.mono"

    def held_out(self, name: str) -> Path:
        """The held-out pairs of a language pair."""
        return self.text / "corpus" / f"{name}.held-out.tsv"

    def teacher(self, name: str) -> Path:
        """The folder of the vectors of a teacher."""
        return self.text / "teachers" / name

    def tokens(self, name: str) -> Path:
        """Folder of the tokenised training pairs of a language pair."""
        return self.text / "tokens" / name

    def reserve(self, request: dict[str, Any]) -> bool:
        """Reserve the folder for a run, and return whether the same run had begun before.

        `request` decides the run: its settings and data, as plain JSON.
        """
        if self.out.exists() and not self.out.is_dir():
            hint = "give a folder with --out"
            raise BabeliteError("is a file", code="not-a-folder", path=self.out, hint=hint)
        request = json.loads(json.dumps(request))
        if self.description.exists():
            self._compare(read_record(self.description), request)
            _remove_unfinished(self.out)
            return True
        # Empty folders and unfinished files belong to a run that was killed at its start.
        if not all(
            path.is_dir() or path.match(_UNFINISHED) or is_lock_file(path)
            for path in self.out.rglob("*")
        ):
            raise BabeliteError(
                "is not empty and contains no training run",
                code="run-mismatch",
                path=self.out,
                hint="choose a new folder with --out",
            )
        self._new_folders = missing_folders(self.out)
        make_folder(self.work / "corpus", hint="choose another --out")
        write_record(self.description, request)
        return False

    def release(self) -> None:
        """Delete the run, after an error in its input files."""
        shutil.rmtree(self.work, ignore_errors=True)
        remove_empty_folders(self._new_folders)

    def reserve_shared_text(self, request: dict[str, Any]) -> None:
        """Reserve the folder of shared text, or check that it contains the requested text."""
        description = self.text / "text.json"
        request = json.loads(json.dumps(request))
        if description.exists():
            if read_record(description) != request:
                raise BabeliteError(
                    "contains text that was prepared from other files or with other settings",
                    code="run-mismatch",
                    path=self.text,
                    hint="choose another folder for the text",
                )
            _remove_unfinished(self.text)
            return
        make_folder(self.text / "corpus")
        write_record(description, request)

    def _compare(self, begun: dict[str, Any], request: dict[str, Any]) -> None:
        changed = [
            f"{name} (was {before}, is {value})"
            for part in ("config", "cleaning")
            for name, value in request[part].items()
            if (before := begun.get(part, {}).get(name, _default(name))) != value
        ]
        # Earlier versions did not record the excluded files.
        if begun.get("excluded", request.get("excluded")) != request.get("excluded"):
            changed.append("the files of --exclude")
        if begun.get("monolingual") != request.get("monolingual"):
            changed.append("the files of --mono")
        if changed or begun.get("data") != request["data"]:
            what = ", ".join(changed[:3]) or "its data"
            raise BabeliteError(
                f"contains another run, which differs in {what}",
                code="run-mismatch",
                path=self.out,
                hint="repeat the command of that run to resume it, or choose a new --out",
            )


def _remove_unfinished(folder: Path) -> None:
    for path in list(folder.rglob(_UNFINISHED)):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _default(name: str) -> object:
    """The default of an option, for runs of versions that did not have it."""
    field = TrainingConfig.model_fields.get(name)
    return None if field is None else field.default


def read_record(path: Path) -> dict[str, Any]:
    """Read a small JSON file of a run; raise ``file-damaged`` if its checksum is wrong."""
    try:
        record: dict[str, Any] = json_without_checksum(path.read_bytes())
    except ValueError as error:
        raise BabeliteError("is damaged", code="file-damaged", path=path, hint=REPAIR) from error
    return record


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a small JSON file of a run atomically, with a checksum."""
    write_text(path, json_with_checksum(record))


def write_checked_text(path: Path, text: str) -> None:
    """Write a text file atomically, with its checksums."""
    with writing_with_checksums(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def checked(path: Path) -> Path:
    """The path of a file of a run, after its checksums were verified, if it has some."""
    require_intact(path, REPAIR)
    return path
