"""A complete training run: parallel text in, a model folder out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path

from babelite.corpus import Cleaning, MonolingualSource, PairSource
from babelite.encoding import TrainingData, read_model_description, read_model_folder
from babelite.errors import BabeliteError, quantity
from babelite.storage import locked_folder
from babelite.training.config import TrainingConfig
from babelite.training.distributed.setup import join_processes
from babelite.training.export.export import Exported, export
from babelite.training.hardware import choose_hardware
from babelite.training.loop.phases import training_ends
from babelite.training.loop.trainer import TrainedNetwork, Trainer
from babelite.training.prepare import Preparation
from babelite.training.prepared_text import MonolingualText, TrainingText, open_text
from babelite.training.run_folder import RunFolder, read_record, write_record
from babelite.training.training_progress import TrainingProgress


@dataclass(frozen=True)
class TrainingResult:
    """The result of a run.

    Attributes:
        out: The model folder.
        precision_at_1: P@1 on the held-out pairs of each language pair, float32.
        int8: Whether the 8-bit graph was good enough to be the default.
        pairs: Pairs seen in training, repetitions counted.
        seconds: Time spent, preparation included.
    """

    out: Path
    precision_at_1: dict[str, float]
    int8: bool
    pairs: int
    seconds: float


def train(
    sources: Sequence[PairSource],
    out: str | Path,
    config: TrainingConfig,
    *,
    cleaning: Cleaning | None = None,
    progress: TrainingProgress | None = None,
    text: str | Path | None = None,
    monolingual: Sequence[MonolingualSource] = (),
) -> TrainingResult:
    """Train an encoder, or resume a stopped run.

    Called again with the same arguments after a kill, it resumes and ends with the same weights as
    an uninterrupted run (same number of processes, CPU, budget in steps or epochs). Called again
    after the end, it does nothing.

    In a process that ``torchrun`` or ``srun`` started with others, it computes a part of one run.
    Process 0 alone prepares the text, writes files and shows progress.

    Args:
        sources: The parallel text, of one or more language pairs.
        out: The model folder; the run is stored in its subfolder ``training/``.
        config: The settings; see `babelite.training.make_config`.
        cleaning: The cleaning steps; the default steps if not given.
        progress: Displays what happens; nothing is displayed if not given.
        text: A folder of prepared text that several runs share, created by `prepare_text` or by
            this run. If not given, the run prepares a text of its own.
        monolingual: Sentences without translations, for the objectives ``teach`` and ``smlm``.

    Raises:
        BabeliteError: Data, folder or settings cannot be used, another process trains in the
            folder, or another process of this run has ended; what is done so far is kept.
        TrainingStopped: Ctrl-C; what is done so far is kept.
    """
    started = time.monotonic()
    if not sources:
        raise BabeliteError(
            "no training data is given", code="input-empty", hint="give files of sentence pairs"
        )
    run = RunFolder(Path(out), None if text is None else Path(text))
    # Before any folder is made and before processes are connected.
    hardware = choose_hardware(config)
    with join_processes(hardware.device) as processes, ExitStack() as locks:
        progress = progress if progress and processes.is_rank_zero else TrainingProgress(quiet=True)
        job = _Job(run, sources, config, cleaning or Cleaning(), progress, monolingual)
        if processes.run_on_rank_zero(partial(job.begin, locks, started)) == _FINISHED:
            return _read_result(run)
        prepared = open_text(run, sources, config.teachers, monolingual)
        own = hardware.of_process(processes)
        trained = Trainer(run, prepared, config, own, progress, started, processes).train()
        processes.run_on_rank_zero(partial(job.finish, prepared, trained))
        return _read_result(run, verify=False)


def prepare_text(
    sources: Sequence[PairSource],
    folder: str | Path,
    config: TrainingConfig,
    *,
    cleaning: Cleaning | None = None,
    progress: TrainingProgress | None = None,
    monolingual: Sequence[MonolingualSource] = (),
) -> None:
    """Clean, hold out, learn the vocabulary and tokenise once for several runs of `train`.

    The runs may differ in everything but the sources, the monolingual text, the cleaning,
    ``start``, ``held_out``, ``vocabulary_size`` and ``max_tokens``. The seed given here draws the
    held-out pairs of all runs. Called again after a kill, it resumes; after the end, it does
    nothing. Only one process may call it at a time.

    The arguments are those of `train`.

    Raises:
        BabeliteError: The data cannot be used, or the folder contains another text.
    """
    run = RunFolder(Path(folder), Path(folder))
    progress = progress or TrainingProgress(quiet=True)
    job = _Job(run, sources, config, cleaning or Cleaning(), progress, monolingual)
    job.require_monolingual_text()
    job.require_teachers()
    run.reserve_shared_text(job.text_request())
    job.prepare()


# Answers of process 0 to the others at the beginning of a run.
_FINISHED, _PREPARED = "finished", "prepared"


class _Job(Preparation):
    """What process 0 does before and after the training loop."""

    def begin(self, locks: ExitStack, started: float) -> str:
        """Lock and reserve the run folder, and prepare the text."""
        run = self.run
        self.require_monolingual_text()
        if not run.result.exists():
            self.require_teachers()
        # An existing folder is locked before its files are read; a new one once it is made.
        existed = run.work.is_dir()
        if existed:
            locks.enter_context(locked_folder(run.work))
        resumed = run.reserve(self.request())
        if not existed:
            locks.enter_context(locked_folder(run.work))
        if resumed and run.result.exists():
            self.progress.say(f"{run.out} contains this run, finished; nothing to do")
            return _FINISHED
        if run.shared_text is not None:
            run.reserve_shared_text(self.text_request())
        try:
            self.prepare()
        except BabeliteError as error:
            # After an error in an input file, its fixed version is another run; after a full disk
            # it is the same run.
            inputs = {*self.cleaning.exclude, *chain.from_iterable(s.paths for s in self.sources)}
            inputs.update(source.path for source in self.monolingual)
            if not resumed and (error.path in inputs or error.code == "input-empty"):
                run.release()
            raise
        # Preparation must leave some of the minutes of a run that is not yet trained.
        spent = time.monotonic() - started
        end, minutes = training_ends(self.config), self.config.minutes
        if end is not None and spent >= end and not run.prepared.exists():
            raise BabeliteError(
                f"preparing the text took {spent / 60:.1f} minutes, and --minutes {minutes:g} "
                "leaves none to train",
                code="time-exceeded",
                path=self.run.out,
                hint="run the same command again: the text is prepared now",
            )
        return _PREPARED

    def finish(self, text: TrainingText, trained: TrainedNetwork) -> str:
        """Write the model folder and the result of the run."""
        run = self.run
        exported = self._export(text, trained)
        if not exported.int8_kept:
            scores = exported.precision_at_1
            loss = 100 * (scores["float32"] - scores["int8"])
            self.progress.say(
                f"8-bit weights lose {loss:.1f} points of P@1, more than 0.3: keeping float32"
            )
        result = {
            "out": str(run.out),
            "precision_at_1": trained.precision_at_1,
            "int8": exported.int8_kept,
            "pairs": trained.pairs,
            "seconds": round(trained.seconds, 1),
        }
        write_record(run.result, result)
        # The tokens can be made again from the data; weights and metrics cannot.
        if run.shared_text is None:
            shutil.rmtree(run.work / "tokens")
            shutil.rmtree(run.work / "teachers", ignore_errors=True)
        return _FINISHED

    def _export(self, text: TrainingText, trained: TrainedNetwork) -> Exported:
        scores, config = trained.precision_at_1, self.config
        initial = None if config.start is None else read_model_description(self.run.initial_encoder)
        data = [
            TrainingData(
                languages=pair.languages,
                source=", ".join(Path(file).name for file in pair.files),
                pairs=len(pair.tokens),
            )
            for pair in text.pairs
        ]
        languages = [*(initial.languages if initial else ()), *text.languages]
        return export(
            trained.network,
            text.tokenizer,
            self.run.out,
            name=self.run.out.resolve().name,
            languages=list(dict.fromkeys(languages)),
            objective=config.trained_objective,
            data=[*(initial.data if initial else ()), *data],
            matryoshka=config.matryoshka,
            notes=_card_notes(config, initial.name if initial else None, text.monolingual),
            validation=[pair.held_out for pair in text.pairs],
            metrics={f"P@1 {name} (held out)": round(value, 4) for name, value in scores.items()},
        )

    def request(self) -> dict[str, object]:
        """What decides the run: settings, cleaning and input files, as plain JSON."""

        def size(path: str) -> int | None:
            return Path(path).stat().st_size if Path(path).is_file() else None

        monolingual = [
            [s.language, s.path, size(s.path), s.sentences.column, s.weight]
            for s in self.monolingual
        ]
        return ({"monolingual": monolingual} if monolingual else {}) | {
            "config": self.config.decisive_settings(),
            "cleaning": {name: str(value) for name, value in vars(self.cleaning).items()},
            "excluded": [[path, size(path)] for path in self.cleaning.exclude],
            "data": [
                {
                    "languages": source.name,
                    "columns": source.columns,
                    "weight": source.weight,
                    "files": [[path, size(path)] for path in source.paths],
                }
                for source in self.sources
            ],
        }

    def text_request(self) -> dict[str, object]:
        """What decides the text; not the seed, as runs of several seeds share one text."""
        settings = {"start", "held_out", "vocabulary_size", "max_tokens"}
        return self.request() | {"config": self.config.model_dump(include=settings)}


def _card_notes(
    config: TrainingConfig, initial: str | None, monolingual: Sequence[MonolingualText]
) -> str:
    """The section of the model card about initial encoder, teachers and monolingual text."""
    lines, share = [], config.start_share
    if initial is not None:
        lines.append(
            f"Training started from the encoder {initial}. Its training data is listed too."
        )
    if share:
        lines.append(
            f"The weights are averaged: {share:.0%} initial encoder, {1 - share:.0%} trained "
            "weights."
        )
    for teacher, license_ in zip_longest(config.teachers, config.teacher_license):
        read = f" for sentences in {', '.join(teacher.languages)}" if teacher.languages else ""
        lines.append(
            f"The encoder learned the vectors of the teacher {teacher.spec}{read}. Its licence: "
            f"{license_ or 'not given'}. The licence and the training data of the teacher apply to "
            "its vectors."
        )
    for text in monolingual:
        files = ", ".join(Path(file).name for file in text.files)
        lines.append(
            f"It also learned from {quantity(len(text.tokens), 'sentence')} "
            f"in {text.language} without translations ({files})."
        )
    return "\n".join(["## How it was made", "", *lines, ""]) if lines else ""


def _read_result(run: RunFolder, *, verify: bool = True) -> TrainingResult:
    if verify:
        read_model_folder(run.out, verify="all")
    fields = read_record(run.result)
    return TrainingResult(**fields | {"out": Path(fields["out"])})
