"""Files of mining: mined pairs written, gold pairs read from any format of pairs."""

from __future__ import annotations

from collections.abc import Iterator

from babelite.corpus import (
    TRANSLATION_FORMATS,
    Pair,
    Record,
    output_format,
    parse_source,
    write_pairs,
    write_records,
)
from babelite.mining.backend import ProgressCallback
from babelite.mining.mine import Mined
from babelite.mining.pair_selection import Candidates

_NAMES = (
    *("score", "cosine", "ratio", "distance"),
    *("source_line", "target_line", "source", "target"),
)
_ROWS_PER_REPORT = 10_000


def write_mined_pairs(
    mined: Mined,
    pairs: Candidates,
    out: str,
    progress: ProgressCallback | None = None,
    languages: tuple[str, str] = ("source", "target"),
) -> None:
    """Write mined pairs with their scores, line numbers (from 1) and text.

    TMX and XLIFF hold the text alone.

    Args:
        mined: The two texts.
        pairs: The pairs, from `Mined.pairs`.
        out: The file: .tsv (also without an ending), .csv, .jsonl, .parquet, .tmx or .xliff; text
            is compressed by a further ending .gz, .xz or .zst. ``-`` is TSV on standard output.
        progress: Called with the step, the number of pairs written and their total.
        languages: The two language codes, which TMX and XLIFF need.

    Raises:
        BabeliteError: The ending stands for another format, or the file cannot be written.
    """
    records = _records(mined, pairs, progress)
    if output_format(out) in TRANSLATION_FORMATS:
        texts = (Pair(*(str(record.added[side]) for side in _NAMES[-2:])) for record in records)
        write_pairs(texts, out, languages)
    else:
        write_records(out, records, (), _NAMES)


def _records(
    mined: Mined, pairs: Candidates, progress: ProgressCallback | None
) -> Iterator[Record]:
    line_numbers = mined.sources.line_numbers, mined.targets.line_numbers
    rows = zip(*(column.tolist() for column in vars(pairs).values()), strict=True)
    for number, (source, target, *scores) in enumerate(rows):
        if progress is not None and number % _ROWS_PER_REPORT == 0:
            progress("writing", number, len(pairs))
        lines = int(line_numbers[0][source]), int(line_numbers[1][target])
        values = (*scores, *lines, mined.sources[source], mined.targets[target])
        yield Record((), dict(zip(_NAMES, values, strict=True)))


def read_gold_pairs(path: str) -> list[tuple[str, str]]:
    """Read gold pairs of sentences from a file in any format of parallel text.

    Raises:
        BabeliteError: The file cannot be read or contains no pair.
    """
    source = parse_source(path, None, None, None, default_languages=("source", "target"))
    return [(pair.source, pair.target) for pair in source.read()]
