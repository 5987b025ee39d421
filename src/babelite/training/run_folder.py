"""Where a training run keeps what it needs to go on after a kill: ``OUT/training/``.

Its text lies there too, unless several runs share a folder of text that was prepared once.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babelite.errors import BabeliteError
from babelite.storage import is_lock_file, make_folder, write_text
from babelite.training.config import TrainingConfig

# What a file or folder is called while it is being made; after a kill it is nobody's.
_UNFINISHED = ".*.tmp"


@dataclass(frozen=True)
class RunFolder:
    """The folder that ``--out`` names: the finished model, with the run below ``training/``.

    Attributes:
        out: The folder.
        shared_text: A folder of prepared text that several runs read; None for a text of its own.
    """

    out: Path
    shared_text: Path | None = None

    @property
    def work(self) -> Path:
        """The folder of the run itself."""
        return self.out / "training"

    @property
    def description(self) -> Path:
        """What the run was asked to do."""
        return self.work / "run.json"

    @property
    def metrics(self) -> Path:
        """One JSON object a line: losses, rates and validations as they happened."""
        return self.work / "metrics.jsonl"

    @property
    def text(self) -> Path:
        """The folder of the cleaned and the tokenised pairs and of the vocabulary."""
        return self.work if self.shared_text is None else self.shared_text

    @property
    def tokenizer(self) -> Path:
        """The vocabulary, before the model folder is written."""
        return self.text / "tokenizer.json"

    @property
    def initial_encoder(self) -> Path:
        """The description of the encoder that training started from, if there was one."""
        return self.text / "start.json"

    @property
    def checkpoint(self) -> Path:
        """The latest checkpoint: weights, optimizer and counters."""
        return self.work / "last.safetensors"

    @property
    def best_weights(self) -> Path:
        """The weights that were best in validation."""
        return self.work / "best.safetensors"

    @property
    def groups(self) -> Path:
        """Which pairs say similar things; there once the phase ``similar`` has begun."""
        return self.work / "groups.safetensors"

    @property
    def prepared(self) -> Path:
        """How long preparation took; there once it is done."""
        return self.work / "prepared.json"

    @property
    def result(self) -> Path:
        """What the run ended with; there once all is done."""
        return self.work / "result.json"

    def everything(self, name: str) -> Path:
        """All cleaned pairs of a language pair; there until those to train on are taken out."""
        return self.text / "corpus" / f"{name}.all"

    def cleaned(self, name: str) -> Path:
        """The cleaned pairs of a language pair that are trained on."""
        return self.text / "corpus" / f"{name}.tsv"

    def held_out(self, name: str) -> Path:
        """The pairs of a language pair that are kept for validation."""
        return self.text / "corpus" / f"{name}.held-out.tsv"

    def tokens(self, name: str) -> Path:
        """The folder of the tokenised pairs of a language pair."""
        return self.text / "tokens" / name

    def reserve(self, asked: dict[str, Any]) -> bool:
        """Take the folder for a run, or find that it holds the beginning of the same run.

        Args:
            asked: What decides the run: its configuration and data, as plain JSON.

        Returns:
            Whether the run had been begun before.

        Raises:
            BabeliteError: The folder holds another run or something else.
        """
        if self.out.exists() and not self.out.is_dir():
            raise BabeliteError("is a file", path=self.out, hint="name a folder with --out")
        asked = json.loads(json.dumps(asked))
        if self.description.exists():
            self._compare(read_record(self.description), asked)
            _remove_unfinished(self.out)
            return True
        # Empty folders and unfinished files are of a run that was killed before it had begun.
        if not all(
            path.is_dir() or path.match(_UNFINISHED) or is_lock_file(path)
            for path in self.out.rglob("*")
        ):
            raise BabeliteError(
                "is not empty and holds no training run",
                path=self.out,
                hint="name a new folder with --out",
            )
        make_folder(self.work / "corpus", hint="choose another --out")
        write_record(self.description, asked)
        return False

    def release(self) -> None:
        """Undo the claim of a run whose files cannot be trained on."""
        shutil.rmtree(self.work, ignore_errors=True)

    def reserve_shared_text(self, asked: dict[str, Any]) -> None:
        """Take the folder of shared text, or find that it holds the text that is asked for.

        Args:
            asked: What decides the text, as plain JSON.

        Raises:
            BabeliteError: The folder holds another text or cannot be made.
        """
        description = self.text / "text.json"
        asked = json.loads(json.dumps(asked))
        if description.exists():
            if read_record(description) != asked:
                raise BabeliteError(
                    "holds text that was prepared from other files or with other settings",
                    path=self.text,
                    hint="name another folder for the text",
                )
            _remove_unfinished(self.text)
            return
        make_folder(self.text / "corpus")
        write_record(description, asked)

    def _compare(self, begun: dict[str, Any], asked: dict[str, Any]) -> None:
        changed = [
            f"{name} (was {before}, is {value})"
            for part in ("config", "cleaning")
            for name, value in asked[part].items()
            if (before := begun.get(part, {}).get(name, _unknown(name))) != value
        ]
        # An earlier version wrote nothing down of them.
        if begun.get("excluded", asked.get("excluded")) != asked.get("excluded"):
            changed.append("the text of --exclude")
        if changed or begun.get("data") != asked["data"]:
            what = ", ".join(changed[:3]) or "its data"
            raise BabeliteError(
                f"holds another run, which differs in {what}",
                path=self.out,
                hint="repeat that run's command to continue it, or name a new folder with --out",
            )


def _remove_unfinished(folder: Path) -> None:
    for path in list(folder.rglob(_UNFINISHED)):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _unknown(name: str) -> object:
    """What a run was asked for by a version that did not have an option: its default."""
    field = TrainingConfig.model_fields.get(name)
    return None if field is None else field.default


def read_record(path: Path) -> dict[str, Any]:
    """Read a small JSON file of a run.

    Raises:
        BabeliteError: The file is damaged.
    """
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BabeliteError(
            "is damaged", path=path, hint="delete the folder and train again"
        ) from error
    return record


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a small JSON file of a run, whole or not at all."""
    write_text(path, json.dumps(record, indent=2) + "\n")
