"""Files of mining: mined pairs written as TSV, gold pairs read from any format of pairs."""

from __future__ import annotations

from babelite.corpus import parse_source
from babelite.mining.backend import ProgressCallback
from babelite.mining.mine import Mined
from babelite.mining.pair_selection import Candidates
from babelite.storage import writing_text

_HEADER = "score\tcosine\tratio\tdistance\tsource_line\ttarget_line\tsource\ttarget\n"
_ROWS_PER_REPORT = 10_000


def write_mined_pairs(
    mined: Mined, pairs: Candidates, out: str, progress: ProgressCallback | None = None
) -> None:
    """Write mined pairs as TSV with a header: scores, line numbers (from 1) and text.

    Args:
        mined: The two texts.
        pairs: The pairs, from `Mined.pairs`.
        out: The file (.gz, .xz and .zst are compressed), or ``-``.
        progress: Called with the step, the number of pairs written and their total.

    Raises:
        BabeliteError: The file cannot be written.
    """
    line_numbers = mined.sources.line_numbers, mined.targets.line_numbers
    with writing_text(out) as stream:
        stream.write(_HEADER)
        rows = zip(*(column.tolist() for column in vars(pairs).values()), strict=True)
        for number, (source, target, *scores) in enumerate(rows):
            if progress is not None and number % _ROWS_PER_REPORT == 0:
                progress("writing", number, len(pairs))
            cells = [f"{score:.4f}" for score in scores]
            cells += str(line_numbers[0][source]), str(line_numbers[1][target])
            stream.write("\t".join((*cells, mined.sources[source], mined.targets[target])) + "\n")


def read_gold_pairs(path: str) -> list[tuple[str, str]]:
    """Read gold pairs of sentences from a file in any format of parallel text.

    Raises:
        BabeliteError: The file cannot be read or contains no pair.
    """
    source = parse_source(path, None, None, None, default_languages=("source", "target"))
    return [(pair.source, pair.target) for pair in source.read()]
