"""Labelled documents in several languages, from folders as their publishers laid them out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus import LabelledText, read_labelled
from babelite.errors import BabeliteError
from babelite.evaluation.datasets import SIB200_SPLITS, read_sib200
from babelite.evaluation.zero_shot import LabelledCorpus
from babelite.storage import COMPRESSIONS, read_lines

# The languages of MLDoc, as its files call them.
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

_PARTS = ("train", "dev", "test")
_PACKED = "|".join(map(re.escape, COMPRESSIONS))
_OWN_FILE = re.compile(rf"(?P<language>[^.]+)\.(?P<part>train|dev|test)\.tsv({_PACKED})?")
# What LASER's script takes out of the text: the copyright line, and the space before the full stop
# of Co. and Inc. that would be taken for the end of a sentence.
_COPYRIGHT = re.compile(r"\(c\) Reuters Limited 199\d\.", re.IGNORECASE)
_COMPANY = re.compile(r" (Co|Inc) \.")


@dataclass(frozen=True)
class LabelledSet:
    """Labelled documents in several languages.

    Attributes:
        name: What to call them in tables.
        corpora: Language -> its documents.
        parallel: Whether test document i is the same in every language.
        by_sentence: Whether a document's vector is the mean of its sentences', by the protocol.
    """

    name: str
    corpora: Mapping[str, LabelledCorpus]
    parallel: bool = False
    by_sentence: bool = False

    def codes(self, languages: Sequence[str] | None) -> list[str] | None:
        """Languages as they are called here: MLDoc's ``german`` is ``de``."""
        if languages is None:
            return None
        return [MLDOC_LANGUAGES.get(n, n) if n not in self.corpora else n for n in languages]


def read_labelled_set(
    folder: str | Path,
    languages: Sequence[str] | None = None,
    *,
    train_size: int = 1000,
    columns: tuple[str, str] | None = None,
) -> LabelledSet:
    """Read a folder of labelled documents, whichever layout it has.

    Args:
        folder: SIB-200's (``eng_Latn/train.tsv`` and so on), MLDoc's (``english.train.1000`` and so
            on), or one's own: ``en.train.tsv``, ``en.dev.tsv``, ``en.test.tsv`` with a label and a
            text a line, plain or packed. Languages without training documents are only tested in.
        languages: Those to read; all that there are if not given.
        train_size: Which of MLDoc's training files.
        columns: Of one's own files; see `babelite.corpus.read_labelled`.

    Returns:
        The documents.

    Raises:
        BabeliteError: The folder has none of these layouts or lacks a language, or a file is not as
            it should be.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "there is no such folder"
        raise BabeliteError(problem, path=folder, hint="name a folder of labelled documents")
    if any(_mldoc_file(folder, name, "test") for name in MLDOC_LANGUAGES):
        return read_mldoc(folder, languages, train_size=train_size)
    if any(folder.glob("*/train.tsv")):
        return read_sib200_topics(folder, languages)
    return _read_own(folder, languages, columns)


# --- SIB-200 --------------------------------------------------------------------------------------


def read_sib200_topics(folder: str | Path, languages: Sequence[str] | None = None) -> LabelledSet:
    """Read SIB-200 as a classification task (Adelani et al. 2024, arXiv:2309.07445).

    Args:
        folder: As for `babelite.evaluation.datasets.read_sib200`.
        languages: Names of folders, such as ``eng_Latn``; all that there are if not given.

    Returns:
        Seven topics, 701 + 99 + 204 sentences a language; `LabelledSet.parallel` says whether they
        are the same in all.

    Raises:
        BabeliteError: As `read_sib200`.
    """
    folder = Path(folder)
    present = sorted(path.parent.name for path in folder.glob("*/train.tsv"))
    corpora = {}
    numbers: dict[str, list[int]] = {}
    for language in _chosen(languages, present, folder):
        parts = {}
        for split in SIB200_SPLITS:
            rows = sorted(read_sib200(folder, language, [split]))
            parts[split] = [LabelledText(row.category, row.text) for row in rows]
            if split == "test":
                numbers[language] = [row.index_id for row in rows]
        corpora[language] = LabelledCorpus(**parts)
    return LabelledSet("SIB-200", corpora, parallel=len(set(map(tuple, numbers.values()))) == 1)


# --- MLDoc ----------------------------------------------------------------------------------------


def read_mldoc(
    folder: str | Path, languages: Sequence[str] | None = None, *, train_size: int = 1000
) -> LabelledSet:
    """Read MLDoc (Schwenk & Li 2018) from the files that its ``generate_documents.py`` wrote.

    The text of Reuters is licensed, so that everybody makes these files from a copy of their own.

    Args:
        folder: Holds ``english.train.1000``, ``english.dev``, ``english.test`` and so on, or a
            folder for each language that holds them; a label, a tab and a document a line.
        languages: Names (``german``) or codes (``de``); all that there are if not given.
        train_size: 1000, 2000, 5000 or 10000.

    Returns:
        Four topics; languages by their codes. A language without training file is only tested in.

    Raises:
        BabeliteError: A language or file is missing, or a line is not of that layout.
    """
    folder = Path(folder)
    present = {
        code: name for name, code in MLDOC_LANGUAGES.items() if _mldoc_file(folder, name, "test")
    }
    wanted = None if languages is None else [MLDOC_LANGUAGES.get(n, n) for n in languages]
    corpora = {}
    for code in _chosen(wanted, list(present), folder):
        name = present[code]
        train = _mldoc_file(folder, name, f"train.{train_size}")
        dev = _mldoc_file(folder, name, "dev")
        if train and not dev:
            raise BabeliteError(
                f"holds {train.name} but no {name}.dev, by which the classifier is chosen",
                path=folder,
                hint="make it with MLDoc's generate_documents.py",
            )
        test = _mldoc_file(folder, name, "test")
        corpora[code] = LabelledCorpus(
            *(read_mldoc_file(path) if path else [] for path in (train, dev, test))
        )
    if not any(corpus.train for corpus in corpora.values()):
        raise BabeliteError(
            f"holds no training documents, such as english.train.{train_size}",
            path=folder,
            hint="make them with MLDoc's generate_documents.py, or choose another --train-size",
        )
    return LabelledSet("MLDoc", corpora, by_sentence=True)


def read_mldoc_file(path: str | Path) -> list[LabelledText]:
    r"""Read one file of MLDoc.

    Its script, run by Python 3, writes a document as the source code of a byte string
    (``b'Z\xc3\xbcrich'``), and by Python 2 as text. Both are read. As LASER's script does, the
    copyright line of Reuters is taken out, and ``Co .`` becomes ``Co.``.

    Args:
        path: The file.

    Returns:
        Its documents, in order.

    Raises:
        BabeliteError: The file is missing or empty, or a line is not of that layout.
    """
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        label, tab, text = line.partition("\t")
        if not tab or label not in MLDOC_LABELS:
            raise BabeliteError(
                f"is not one of the labels {', '.join(MLDOC_LABELS)}, a tab and a document",
                path=path,
                line=number,
                hint="name a file that MLDoc's generate_documents.py wrote",
            )
        rows.append(LabelledText(label, _tidied(_decoded(text, path, number))))
    if not rows:
        raise BabeliteError(
            "is empty", path=path, hint="make it with MLDoc's generate_documents.py"
        )
    return rows


def _decoded(text: str, path: str | Path, line: int) -> str:
    if text[:2] not in ("b'", 'b"'):
        return text
    try:
        return bytes(ast.literal_eval(text)).decode("utf-8")
    except (ValueError, SyntaxError, TypeError) as error:
        raise BabeliteError(
            "is not a whole byte string of UTF-8",
            path=path,
            line=line,
            hint="the file is cut off or was changed, so make it again",
        ) from error


def _tidied(text: str) -> str:
    return " ".join(_COMPANY.sub(r" \1.", _COPYRIGHT.sub("", text)).split())


def _mldoc_file(folder: Path, language: str, part: str) -> Path | None:
    name = f"{language}.{part}"
    for place in (folder / name, folder / language / name):
        for path in (place, *(place.with_name(name + packed) for packed in COMPRESSIONS)):
            if path.is_file():
                return path
    return None


# --- one's own ------------------------------------------------------------------------------------


def _read_own(
    folder: Path, languages: Sequence[str] | None, columns: tuple[str, str] | None
) -> LabelledSet:
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        if match := _OWN_FILE.fullmatch(path.name):
            found.setdefault(match["language"], {})[match["part"]] = path
    if not found:
        raise BabeliteError(
            "holds no labelled documents: neither SIB-200's eng_Latn/train.tsv nor MLDoc's "
            "english.test nor files of your own",
            path=folder,
            hint="call yours en.train.tsv, en.dev.tsv, en.test.tsv, fr.test.tsv and so on",
        )
    corpora = {}
    for language in _chosen(languages, list(found), folder):
        files = found[language]
        if "train" in files and "dev" not in files:
            raise BabeliteError(
                f"has no {language}.dev.tsv, by which the classifier is chosen",
                path=folder,
                hint=f"move some lines of {files['train'].name} there",
            )
        corpora[language] = LabelledCorpus(
            *(_with_text(files[part], columns) if part in files else [] for part in _PARTS)
        )
    return LabelledSet(folder.resolve().name, corpora)


def _with_text(path: Path, columns: tuple[str, str] | None) -> list[LabelledText]:
    return [row for row in read_labelled(str(path), columns) if row.text]


def _chosen(wanted: Sequence[str] | None, present: Sequence[str], folder: Path) -> list[str]:
    for language in wanted or ():
        if language not in present:
            raise BabeliteError(
                f"has no documents in {language}, it has {', '.join(present)}",
                path=folder,
                hint="choose among these",
            )
    return list(dict.fromkeys(wanted)) if wanted is not None else list(present)
