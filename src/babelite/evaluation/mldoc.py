"""Readers of MLDoc (Schwenk & Li 2018): Reuters news in eight languages, with four topics.

Reuters RCV1 and RCV2 are licensed: users make these files with MLDoc's ``generate_documents.py``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.zero_shot_classification import LabelledCorpus
from babelite.storage import COMPRESSIONS, read_lines

# Names of languages in MLDoc's file names -> language codes.
MLDOC_LANGUAGES = {
    "english": "en",
    "german": "de",
    "spanish": "es",
    "french": "fr",
    "italian": "it",
    "japanese": "ja",
    "russian": "ru",
    "chinese": "zh",
}
MLDOC_LABELS = ("CCAT", "ECAT", "GCAT", "MCAT")

# LASER's script removes the copyright line, and the space before the full stop of Co. and Inc.,
# which would be taken for the end of a sentence.
_COPYRIGHT = re.compile(r"\(c\) Reuters Limited 199\d\.", re.IGNORECASE)
_COMPANY = re.compile(r" (Co|Inc) \.")
_REMAKE = "make it with MLDoc's generate_documents.py"


def mldoc_languages(folder: Path) -> dict[str, str]:
    """The languages of which a folder has MLDoc test documents: code -> name in file names."""
    return {code: name for name, code in MLDOC_LANGUAGES.items() if _find(folder, name, "test")}


def read_mldoc_language(folder: Path, name: str, train_size: int) -> LabelledCorpus:
    """Read ``english.train.1000``, ``.dev`` and ``.test``, in the folder or in ``english/``."""
    train = _find(folder, name, f"train.{train_size}")
    dev, test = _find(folder, name, "dev"), _find(folder, name, "test")
    if train and not dev:
        problem = f"has {train.name} but no {name}.dev, which is needed to select the classifier"
        raise BabeliteError(problem, code="file-not-found", path=folder, hint=_REMAKE)
    files = (train, dev, test)
    return LabelledCorpus(*(read_mldoc_file(path) if path else [] for path in files))


def read_mldoc_file(path: str | Path) -> list[LabelledText]:
    """Read one file: a label, a tab and a document a line, without Reuters' copyright line."""
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        label, tab, text = line.partition("\t")
        if not tab or label not in MLDOC_LABELS:
            raise BabeliteError(
                f"is not one of the labels {', '.join(MLDOC_LABELS)}, a tab and a document",
                code="format-invalid",
                path=path,
                line=number,
                hint=_REMAKE,
            )
        rows.append(LabelledText(label, _clean(_decode(text, path, number))))
    if not rows:
        raise BabeliteError("is empty", code="input-empty", path=path, hint=_REMAKE)
    return rows


def _decode(text: str, path: str | Path, line: int) -> str:
    # MLDoc's script writes the source code of a byte string under Python 3, text under Python 2.
    if text[:2] not in ("b'", 'b"'):
        return text
    try:
        return bytes(ast.literal_eval(text)).decode("utf-8")
    except (ValueError, SyntaxError, TypeError) as error:
        raise BabeliteError(
            "is not a complete byte string of UTF-8",
            code="file-damaged",
            path=path,
            line=line,
            hint=_REMAKE,
        ) from error


def _clean(text: str) -> str:
    return " ".join(_COMPANY.sub(r" \1.", _COPYRIGHT.sub("", text)).split())


def _find(folder: Path, language: str, part: str) -> Path | None:
    name = f"{language}.{part}"
    for place in (folder / name, folder / language / name):
        for path in (place, *(place.with_name(name + suffix) for suffix in COMPRESSIONS)):
            if path.is_file():
                return path
    return None
