"""The text that is trained on: its files, and where what is made of them lies.

The names of what is made hold a hash of all that it is made of: what has been made of other files
or in another way is never taken for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from babelite.comparison.comparison_file import DataConfig
from babelite.comparison.exclusions import Exclusions
from babelite.corpus import Cleaning, PairSource, parse_source
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_DIGITS = 8


def training_sources(data: DataConfig, base: Path) -> list[PairSource]:
    """The files of ``data.train``, their paths taken from a folder.

    Raises:
        BabeliteError: One is not there.
    """
    sources = []
    for text in data.train:
        source = parse_source(text, data.columns)
        paths = tuple(str(base / path) for path in source.paths)
        for place in paths:
            if not Path(place).exists():
                raise BabeliteError(
                    "there is no such file, and data.train names it",
                    path=place,
                    hint="check the path in the configuration, or name the folder with --data",
                )
        sources.append(replace(source, paths=paths))
    return sources


def drawn_from(source: PairSource, count: int, folder: Path) -> PairSource:
    """Where so many pairs of a source go when they are drawn, in a folder of text."""
    made_of = _hash(_made_of(replace(source, weight=1.0)), count)
    file = folder / f"drawn-{count}.{made_of}" / f"{source.name}.tsv"
    return replace(source, paths=(str(file),), columns=None, format=None)


def prepared_folder(
    name: str,
    settings: TrainingConfig,
    sources: Sequence[PairSource],
    draws: Mapping[PairSource, PairSource],
    cleaning: Cleaning,
    exclusions: Exclusions,
) -> str:
    """The name of the folder of prepared text, which runs share whose text differs in nothing.

    Args:
        name: Of the languages.
        settings: The settings of training.
        sources: The files.
        draws: File -> where the pairs that are drawn of it go, if not all are taken.
        cleaning: How they are cleaned.
        exclusions: What they leave out.
    """
    sizes = (settings.vocabulary_size, settings.max_tokens, settings.held_out)
    files = [(_made_of(source), draws.get(source, source).paths) for source in sources]
    return f"{name}.{'-'.join(map(str, sizes))}.{_hash(files, asdict(cleaning), exclusions.sizes)}"


def _made_of(source: PairSource) -> object:
    return asdict(source), [Path(path).stat().st_size for path in source.paths]


def _hash(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:_DIGITS]
