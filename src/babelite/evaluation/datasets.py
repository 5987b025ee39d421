"""Readers of the evaluation sets' own layouts, from folders that a user has fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from babelite.errors import BabeliteError
from babelite.evaluation.similarity import ScoredPair
from babelite.storage import read_lines

SIB200_SPLITS = ("train", "dev", "test")
_SIB200_HEADER = ["index_id", "category", "text"]


class TopicSentence(NamedTuple):
    """A sentence of SIB-200.

    Attributes:
        index_id: Its number; sentences of equal number are translations of each other.
        category: Its topic, one of seven.
        text: The sentence.
    """

    index_id: int
    category: str
    text: str


def read_sib200(
    folder: str | Path, language: str, splits: Iterable[str] = SIB200_SPLITS
) -> list[TopicSentence]:
    """Read sentences and topics of one language of SIB-200 (Adelani et al. 2024, arXiv:2309.07445).

    Args:
        folder: Holds a folder for each language, and that ``train.tsv``, ``dev.tsv`` and
            ``test.tsv``: a header, then index_id, category and text.
        language: The name of the language's folder, such as ``eng_Latn``.
        splits: The files to read.

    Returns:
        The sentences, in the order of the files.

    Raises:
        BabeliteError: A file is missing, or a line is not of that layout; names file and line.
    """
    sentences = []
    for split in splits:
        path = Path(folder) / language / f"{split}.tsv"
        for number, line in enumerate(read_lines(path), start=1):
            fields = line.split("\t")
            if number == 1:
                if fields != _SIB200_HEADER:
                    raise _not(path, 1, f"is not the header {', '.join(_SIB200_HEADER)}")
            elif line:
                if len(fields) != 3 or not fields[0].isdecimal():
                    raise _not(path, number, "is not a number, a category and a text")
                sentences.append(TopicSentence(int(fields[0]), fields[1], fields[2]))
    return sentences


def read_sib200_parallel(folder: str | Path, languages: Sequence[str]) -> dict[str, list[str]]:
    """Read the sentences that SIB-200 has in all of some languages, aligned.

    Args:
        folder: As for `read_sib200`; its three splits are read together.
        languages: Names of the languages' folders.

    Returns:
        Language -> sentences, in the order of their numbers; sentence i is the same in all.

    Raises:
        BabeliteError: As `read_sib200`, or the languages have no sentence in common.
    """
    texts = {
        language: {row.index_id: row.text for row in read_sib200(folder, language)}
        for language in languages
    }
    common = sorted(set.intersection(*(set(rows) for rows in texts.values())) if texts else ())
    if not common:
        raise BabeliteError(
            f"no sentence is in all of the languages {', '.join(languages)}",
            path=folder,
            hint="name the folder of SIB-200 and languages that it has",
        )
    return {language: [rows[index] for index in common] for language, rows in texts.items()}


def read_sts(path: str | Path) -> list[ScoredPair]:
    """Read scored pairs: lines of two sentences and a score, with tabs between them.

    Args:
        path: The file, plain or packed.

    Returns:
        The pairs, in order.

    Raises:
        BabeliteError: The file is missing, or a line is not of that layout; names file and line.
    """
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            first, second, score = line.split("\t")
            pairs.append(ScoredPair(first, second, float(score)))
        except ValueError:
            raise _not(path, number, "is not two sentences and a score with tabs between") from None
    return pairs


def _not(path: str | Path, line: int, problem: str) -> BabeliteError:
    return BabeliteError(
        problem, path=path, line=line, hint="name a file as its publishers wrote it"
    )
