"""Jobs that prepare training text and train a model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.cell_records import write_cell_record
from babelite.corpus import Cleaning, Pair, PairSource
from babelite.machine import peak_memory
from babelite.storage import writing_text


class _TrainingJob(BaseModel):
    sources: tuple[PairSource, ...]  # what is trained on
    config: dict[str, Any]  # training settings
    cleaning: Cleaning


class TextJob(_TrainingJob):
    """Draw random samples of the sources, and prepare the text that several models share."""

    kind: Literal["text"] = "text"
    samples: tuple[tuple[PairSource, PairSource], ...]  # each source and the file of its sample
    pairs: int | None  # pairs per sample
    folder: Path  # the prepared text

    def run(self) -> None:
        """Draw the missing samples and prepare the text."""
        from babelite.training import TrainingConfig, prepare_text

        for source, sample in self.samples:
            path = Path(sample.paths[0])
            if self.pairs is not None and not path.exists():
                _write_sample(source, path, self.pairs)
        config = TrainingConfig(**self.config)
        prepare_text(self.sources, self.folder, config, cleaning=self.cleaning)


class TrainJob(_TrainingJob):
    """Train a model, or resume its training."""

    kind: Literal["train"] = "train"
    text: Path  # folder of the prepared text; also read by the report
    model: Path  # the model folder to write
    record: Path  # cost and held-out score; written last

    def run(self) -> None:
        """Train to the end."""
        from babelite.training import TrainingConfig, train

        config = TrainingConfig(**self.config)
        result = train(self.sources, self.model, config, cleaning=self.cleaning, text=self.text)
        record = {
            "pairs": result.pairs,
            "seconds": result.seconds,
            "precision_at_1": result.precision_at_1,
            "memory": peak_memory(),
        }
        write_cell_record(self.record, record)
        # Finished training is never resumed, and checkpoints take most of the disk space.
        for checkpoint in (self.model / "training").glob("*.safetensors"):
            checkpoint.unlink()


def text_job(folder: CellFolder) -> TextJob:
    """The job that prepares the training text of a cell."""
    grid, cell = folder.grid, folder.cell
    assert grid.config.data is not None and cell.text is not None
    paths = {source.paths for source in cell.sources}
    samples = tuple(sample for sample in grid.samples if sample[1].paths in paths)
    pairs = grid.config.data.pairs
    return TextJob(samples=samples, pairs=pairs, folder=cell.text, **_common_fields(folder))


def train_job(folder: CellFolder) -> TrainJob:
    """The job that trains the model of a cell."""
    cell, record = folder.cell, folder.trained
    assert cell.text is not None
    return TrainJob(text=cell.text, model=cell.model, record=record, **_common_fields(folder))


def _common_fields(folder: CellFolder) -> dict[str, Any]:
    """The fields of `_TrainingJob`."""
    cell = folder.cell
    assert cell.config is not None
    config, cleaning = cell.config.model_dump(), folder.grid.cleaning
    return {"sources": cell.sources, "config": config, "cleaning": cleaning}


def _write_sample(source: PairSource, out: Path, count: int) -> None:
    """Write a uniform random sample of the pairs of a source as TSV; the seed is fixed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    total = sum(1 for _ in _one_line_pairs(source))
    chosen = np.zeros(total, np.bool_)
    chosen[np.random.default_rng(0).permutation(total)[:count]] = True
    with writing_text(out) as stream:
        for pair in compress(_one_line_pairs(source), chosen):
            stream.write(f"{pair.source}\t{pair.target}\n")


def _one_line_pairs(source: PairSource) -> Iterator[Pair]:
    """The non-empty pairs of a source, without tabs and line breaks."""
    for pair in source.read():
        first, second = (" ".join(side.split()) for side in pair)
        if first and second:
            yield Pair(first, second)
