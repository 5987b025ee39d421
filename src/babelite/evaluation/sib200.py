"""Readers of SIB-200 (Adelani et al. 2024, arXiv:2309.07445): parallel sentences with topics."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from babelite.errors import BabeliteError
from babelite.storage import read_lines

SIB200_SPLITS = ("train", "dev", "test")
# Language code -> folder (FLORES code: ISO 639-3 and script), for common languages.
SIB200_FOLDERS = {
    "ar": "arb_Arab",
    "cs": "ces_Latn",
    "da": "dan_Latn",
    "de": "deu_Latn",
    "el": "ell_Grek",
    "en": "eng_Latn",
    "es": "spa_Latn",
    "et": "est_Latn",
    "fi": "fin_Latn",
    "fr": "fra_Latn",
    "hi": "hin_Deva",
    "hu": "hun_Latn",
    "id": "ind_Latn",
    "it": "ita_Latn",
    "ja": "jpn_Jpan",
    "ko": "kor_Hang",
    "nl": "nld_Latn",
    "pl": "pol_Latn",
    "pt": "por_Latn",
    "ro": "ron_Latn",
    "ru": "rus_Cyrl",
    "sv": "swe_Latn",
    "tr": "tur_Latn",
    "uk": "ukr_Cyrl",
    "vi": "vie_Latn",
    "zh": "zho_Hans",
}
_HEADER = ["index_id", "category", "text"]


class TopicSentence(NamedTuple):
    """A sentence of SIB-200; sentences of equal ``index_id`` are translations of each other."""

    index_id: int
    category: str
    text: str


def read_sib200(
    folder: str | Path, language: str, splits: Iterable[str] = SIB200_SPLITS
) -> list[TopicSentence]:
    """Read the sentences and topics of one language (a folder such as ``eng_Latn``), by file."""
    sentences = []
    for split in splits:
        path = Path(folder) / language / f"{split}.tsv"
        for number, line in enumerate(read_lines(path), start=1):
            fields = _cells(line)
            if number == 1:
                if fields != _HEADER:
                    raise _invalid(path, 1, f"is not the header {', '.join(_HEADER)}")
            elif line:
                if len(fields) != 3 or not fields[0].isdecimal():
                    raise _invalid(path, number, "is not a number, a category and a text")
                sentences.append(TopicSentence(int(fields[0]), fields[1], fields[2]))
    return sentences


def read_sib200_parallel(folder: str | Path, languages: Sequence[str]) -> dict[str, list[str]]:
    """Read the sentences that SIB-200 has in all of the given languages, aligned.

    Args:
        folder: One folder for each language with ``train.tsv``, ``dev.tsv`` and ``test.tsv`` (a
            header, then index_id, category and text). All three are read.
        languages: Names of the languages' folders, such as ``eng_Latn``.

    Returns:
        Language -> sentences, ordered by index_id; sentence i is the same in all languages.

    Raises:
        BabeliteError: A file is missing, a line is not of that layout, or the languages have no
            sentence in common.
    """
    texts = {
        language: {row.index_id: row.text for row in read_sib200(folder, language)}
        for language in languages
    }
    common = sorted(set.intersection(*(set(rows) for rows in texts.values())) if texts else ())
    if not common:
        raise BabeliteError(
            f"no sentence is in all of the languages {', '.join(languages)}",
            code="input-empty",
            path=folder,
            hint="give the folder of SIB-200 and languages that it has",
        )
    return {language: [rows[index] for index in common] for language, rows in texts.items()}


def _cells(line: str) -> list[str]:
    """The cells of a row; the published files quote cells that contain quotation marks."""
    with suppress(csv.Error):  # not quoted: quotation marks are text
        return next(csv.reader([line], delimiter="\t", strict=True), [])
    return line.split("\t")


def _invalid(path: Path, line: int, problem: str) -> BabeliteError:
    return BabeliteError(
        problem, code="format-invalid", path=path, line=line, hint="give SIB-200's original files"
    )
