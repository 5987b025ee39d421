"""Read labelled documents in several languages: SIB-200, MLDoc, or custom files in one folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus import LabelledText, read_labelled
from babelite.errors import BabeliteError
from babelite.evaluation.mldoc import MLDOC_LANGUAGES, mldoc_languages, read_mldoc_language
from babelite.evaluation.sib200 import SIB200_SPLITS, read_sib200
from babelite.evaluation.zero_shot_classification import LabelledCorpus
from babelite.storage import COMPRESSIONS

_SUFFIXES = "|".join(map(re.escape, COMPRESSIONS))
_CUSTOM_FILE = re.compile(rf"(?P<language>[^.]+)\.(?P<part>train|dev|test)\.tsv({_SUFFIXES})?")


@dataclass(frozen=True)
class LabelledSet:
    """Labelled documents in several languages.

    Attributes:
        name: Name to show in tables.
        corpora: Language -> its documents.
        parallel: Whether test document i is the same in every language.
        by_sentence: Whether the protocol takes the mean of a document's sentence vectors.
    """

    name: str
    corpora: Mapping[str, LabelledCorpus]
    parallel: bool = False
    by_sentence: bool = False

    def codes(self, languages: Sequence[str] | None) -> list[str] | None:
        """Translate language names to the keys of ``corpora``: MLDoc's ``german`` is ``de``."""
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
    """Read a folder of labelled documents in one of three layouts.

    - SIB-200: ``eng_Latn/train.tsv``, ``dev.tsv``, ``test.tsv``; seven topics, 701 + 99 + 204
      sentences a language (Adelani et al. 2024, arXiv:2309.07445).
    - MLDoc: ``english.train.1000``, ``english.dev``, ``english.test``, made from a copy of the
      licensed Reuters corpora (Schwenk & Li 2018).
    - Custom files: ``en.train.tsv``, ``en.dev.tsv``, ``en.test.tsv`` with a label and a text a
      line, optionally compressed.

    Languages without training documents are only tested in.

    Args:
        folder: The folder.
        languages: Languages to read, as the files name them (MLDoc: also codes); all by default.
        train_size: MLDoc only: 1000, 2000, 5000 or 10000 training documents.
        columns: Custom files only: columns of label and text, as `babelite.corpus.read_labelled`.

    Raises:
        BabeliteError: The folder has none of these layouts or lacks a language, or a file is
            missing or invalid.
    """
    folder = Path(folder)
    hint = "give a folder of labelled documents"
    if not folder.exists():
        raise BabeliteError("does not exist", code="folder-not-found", path=folder, hint=hint)
    if not folder.is_dir():
        raise BabeliteError("is a file", code="not-a-folder", path=folder, hint=hint)
    if mldoc_languages(folder):
        return _read_mldoc(folder, languages, train_size)
    if any(folder.glob("*/train.tsv")):
        return _read_sib200_topics(folder, languages)
    return _read_custom(folder, languages, columns)


def _read_sib200_topics(folder: Path, languages: Sequence[str] | None) -> LabelledSet:
    """SIB-200, ordered by sentence number; parallel if all test sets have the same numbers."""
    present = sorted(path.parent.name for path in folder.glob("*/train.tsv"))
    corpora, numbers = {}, set()
    for language in _select(languages, present, folder):
        parts = [sorted(read_sib200(folder, language, [split])) for split in SIB200_SPLITS]
        numbers.add(tuple(row.index_id for row in parts[-1]))
        corpora[language] = LabelledCorpus(
            *([LabelledText(row.category, row.text) for row in part] for part in parts)
        )
    return LabelledSet("SIB-200", corpora, parallel=len(numbers) == 1)


def _read_mldoc(folder: Path, languages: Sequence[str] | None, train_size: int) -> LabelledSet:
    """MLDoc, whose languages are given by names (``german``) or codes (``de``)."""
    present = mldoc_languages(folder)
    wanted = None if languages is None else [MLDOC_LANGUAGES.get(n, n) for n in languages]
    corpora = {
        code: read_mldoc_language(folder, present[code], train_size)
        for code in _select(wanted, list(present), folder)
    }
    if not any(corpus.train for corpus in corpora.values()):
        raise BabeliteError(
            f"has no training documents, such as english.train.{train_size}",
            code="file-not-found",
            path=folder,
            hint="make them with generate_documents.py, or choose train_size (--train-size)",
        )
    return LabelledSet("MLDoc", corpora, by_sentence=True)


def _read_custom(
    folder: Path, languages: Sequence[str] | None, columns: tuple[str, str] | None
) -> LabelledSet:
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        if match := _CUSTOM_FILE.fullmatch(path.name):
            found.setdefault(match["language"], {})[match["part"]] = path
    if not found:
        raise BabeliteError(
            "has neither SIB-200 (eng_Latn/train.tsv) nor MLDoc (english.test) nor custom files",
            code="input-empty",
            path=folder,
            hint="name custom files en.train.tsv, en.dev.tsv, en.test.tsv, fr.test.tsv and so on",
        )
    corpora = {}
    for language in _select(languages, list(found), folder):
        files = found[language]
        if "train" in files and "dev" not in files:
            problem = f"has no {language}.dev.tsv, which is needed to select the classifier"
            hint = f"move some lines of {files['train'].name} there"
            raise BabeliteError(problem, code="file-not-found", path=folder, hint=hint)
        corpora[language] = LabelledCorpus(
            **{
                part: [row for row in read_labelled(str(path), columns) if row.text]
                for part, path in files.items()
            }
        )
    return LabelledSet(folder.resolve().name, corpora)


def _select(wanted: Sequence[str] | None, present: Sequence[str], folder: Path) -> list[str]:
    for language in wanted or ():
        if language not in present:
            problem = f"has no documents in {language}, it has {', '.join(present)}"
            hint = "choose among these"
            raise BabeliteError(problem, code="language-not-found", path=folder, hint=hint)
    return list(dict.fromkeys(wanted)) if wanted is not None else list(present)
