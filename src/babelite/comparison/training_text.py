"""Training text of a comparison: source files, random samples, and names of prepared folders.

Names contain a hash of everything that the content depends on, so that text prepared from other
files or with other settings is never reused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from babelite.comparison.comparison_file import DataConfig
from babelite.comparison.excluded_files import ExcludedFiles
from babelite.corpus import Cleaning, PairSource, parse_source
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_DIGITS = 8


def training_sources(data: DataConfig, base: Path) -> list[PairSource]:
    """The files of ``data.train``, with paths relative to a folder."""
    sources = []
    for text in data.train:
        source = parse_source(text, data.columns)
        paths = tuple(str(base / path) for path in source.paths)
        for path in paths:
            if not Path(path).exists():
                raise BabeliteError(
                    "there is no such file (listed in data.train)",
                    code="file-not-found",
                    path=path,
                    hint="check the path in the configuration, or set the folder with --data",
                )
        sources.append(replace(source, paths=paths))
    return sources


def sampled_source(source: PairSource, count: int, folder: Path) -> PairSource:
    """The file, inside a folder of text, for a random sample of a source."""
    digest = _hash(_description(replace(source, weight=1.0)), count)
    file = folder / f"drawn-{count}.{digest}" / f"{source.name}.tsv"
    return replace(source, paths=(str(file),), columns=None, format=None)


def prepared_folder_name(
    languages: str,
    settings: TrainingConfig,
    sources: Sequence[PairSource],
    samples: Mapping[PairSource, PairSource],
    cleaning: Cleaning,
    excluded: ExcludedFiles,
) -> str:
    """The name of a folder of prepared text; runs with identical text share the folder."""
    sizes = (settings.vocabulary_size, settings.max_tokens, settings.held_out)
    files = [(_description(source), samples.get(source, source).paths) for source in sources]
    digest = _hash(files, asdict(cleaning), excluded.sizes)
    return f"{languages}.{'-'.join(map(str, sizes))}.{digest}"


def _description(source: PairSource) -> object:
    return asdict(source), [Path(path).stat().st_size for path in source.paths]


def _hash(*content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]
