"""A whole training run: parallel text in, a model folder out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from babelite.corpus import Cleaning, PairSource
from babelite.encoding import TrainingData, read_description, read_model_folder
from babelite.errors import BabeliteError
from babelite.storage import locked_folder
from babelite.training.config import TrainingConfig
from babelite.training.device import check_compiler, choose_device, choose_precision
from babelite.training.distributed.setup import join_processes
from babelite.training.export.export import Exported, export
from babelite.training.loop.phases import training_ends
from babelite.training.loop.trainer import TrainedNetwork, Trainer
from babelite.training.prepare import TrainingText, open_text, prepare
from babelite.training.progress import Progress
from babelite.training.run_folder import RunFolder, read_record, write_record


@dataclass(frozen=True)
class TrainingResult:
    """What a run ended with.

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
    progress: Progress | None = None,
    text: str | Path | None = None,
) -> TrainingResult:
    """Train an encoder, or go on with a run that was stopped.

    Called again with the same arguments after a kill, it continues and ends with the same weights
    as a run never stopped (one process, CPU, budget in steps or epochs). Called again after the
    end, it does nothing.

    In a process that ``torchrun`` or ``srun`` has started with others, it does its part of one run.
    Process 0 alone prepares the text, writes files and shows progress.

    Args:
        sources: The parallel text, of one or more language pairs.
        out: The folder of the model; the run is kept below ``training/`` in it.
        config: The settings; see `babelite.training.make_config`.
        cleaning: The cleaning steps; all the usual ones if not given.
        progress: Where to show what happens; nowhere if not given.
        text: A folder of prepared text that this run shares with others, as `prepare_text` makes
            it; made now if it is not there. The run prepares a text of its own if not given.

    Returns:
        The result.

    Raises:
        BabeliteError: Data, folder or settings cannot be used, or another process trains in the
            folder; what is done so far is kept.
        TrainingStopped: Ctrl-C; what is done so far is kept.
        LostProcessError: Another process is gone; what is done up to
            the last checkpoint is kept.
    """
    started = time.monotonic()
    cleaning = cleaning or Cleaning()
    if not sources:
        raise BabeliteError("there is nothing to train on", hint="name files of sentence pairs")
    run = RunFolder(Path(out), None if text is None else Path(text))
    device = choose_device(config)
    # What cannot be done here is refused before anything is made, and before there are processes
    # each of which would say so.
    choose_precision(config, device)
    check_compiler(config, device)
    with join_processes(device) as processes, ExitStack() as held:
        progress = progress if progress and processes.leads else Progress(quiet=True)
        begin = partial(_begin, run, sources, config, cleaning, progress, held, started)
        if processes.lead(begin) == _FINISHED:
            return _read_result(run)
        prepared = open_text(run, sources)
        trained = Trainer(run, prepared, config, progress, started, processes).train()
        processes.lead(partial(_finish, run, prepared, config, progress, trained))
        return _read_result(run, verify=False)


# What process 0 tells the others about the beginning of the run.
_FINISHED, _PREPARED = "finished", "prepared"


def _begin(
    run: RunFolder,
    sources: Sequence[PairSource],
    config: TrainingConfig,
    cleaning: Cleaning,
    progress: Progress,
    held: ExitStack,
    started: float,
) -> str:
    # Before anything there is touched; a new folder is made first.
    was_there = run.work.is_dir()
    if was_there:
        held.enter_context(locked_folder(run.work))
    begun = run.claim(_asked(sources, config, cleaning))
    if not was_there:
        held.enter_context(locked_folder(run.work))
    if begun and run.result.exists():
        progress.say(f"{run.out} holds this run, finished; nothing to do")
        return _FINISHED
    if run.shared_text is not None:
        run.claim_shared_text(_asked_text(sources, config, cleaning))
    try:
        prepare(run, sources, config, cleaning=cleaning, progress=progress)
    except BabeliteError as error:
        # Mended files would make it another run; a disk that was full would not.
        read = {*cleaning.exclude, *chain.from_iterable(source.paths for source in sources)}
        if not begun and error.path in read:
            run.give_back()
        raise
    _require_time(run, config, time.monotonic() - started)
    return _PREPARED


def _require_time(run: RunFolder, config: TrainingConfig, spent: float) -> None:
    """See that preparation has not used up the minutes of a run that has not been trained yet."""
    end = training_ends(config)
    if end is not None and spent >= end and not run.prepared.exists():
        raise BabeliteError(
            f"preparing the text took {spent / 60:.1f} minutes, and --minutes {config.minutes:g} "
            "leaves none to train",
            path=run.out,
            hint="give the command again: the text is prepared now, and the minutes are left",
        )


def _finish(
    run: RunFolder,
    text: TrainingText,
    config: TrainingConfig,
    progress: Progress,
    trained: TrainedNetwork,
) -> str:
    exported = _export(run, text, config, trained)
    if not exported.int8_kept:
        progress.say(
            f"8-bit weights lose {_loss(exported):.1f} points of P@1, more than 0.3: "
            "keeping float32"
        )
    result = TrainingResult(
        run.out,
        trained.precision_at_1,
        exported.int8_kept,
        trained.pairs,
        round(trained.seconds, 1),
    )
    record = vars(result) | {"out": str(run.out)}
    write_record(run.result, record)
    # Text and tokens can be made again from the data; weights and metrics cannot.
    if run.shared_text is None:
        shutil.rmtree(run.work / "tokens")
    return _FINISHED


def prepare_text(
    sources: Sequence[PairSource],
    folder: str | Path,
    config: TrainingConfig,
    *,
    cleaning: Cleaning | None = None,
    progress: Progress | None = None,
) -> None:
    """Clean, hold out, learn the vocabulary and tokenise once for several runs of `train`.

    Runs may differ in everything but the sources, the cleaning, ``start``, ``held_out``,
    ``vocabulary_size`` and ``max_tokens``. The seed given here draws the held-out pairs for all of
    them. Called again after a kill it goes on, and after the end it does nothing; one process at a
    time.

    Args:
        sources: The parallel text, of one or more language pairs.
        folder: Where the text goes; made if it does not exist.
        config: The settings.
        cleaning: The cleaning steps; all the usual ones if not given.
        progress: Where to show what happens; nowhere if not given.

    Raises:
        BabeliteError: The data cannot be used, or the folder holds another text.
    """
    cleaning = cleaning or Cleaning()
    run = RunFolder(Path(folder), Path(folder))
    run.claim_shared_text(_asked_text(sources, config, cleaning))
    prepare(run, sources, config, cleaning=cleaning, progress=progress or Progress(quiet=True))


def _asked_text(
    sources: Sequence[PairSource], config: TrainingConfig, cleaning: Cleaning
) -> dict[str, object]:
    """What decides the text, the seed aside: runs of several seeds share one."""
    settings = config.model_dump(include={"start", "held_out", "vocabulary_size", "max_tokens"})
    return _asked(sources, config, cleaning) | {"config": settings}


def _asked(
    sources: Sequence[PairSource], config: TrainingConfig, cleaning: Cleaning
) -> dict[str, object]:
    def size(path: str) -> int | None:
        return Path(path).stat().st_size if Path(path).is_file() else None

    return {
        "config": config.model_dump(),
        "cleaning": {name: str(value) for name, value in vars(cleaning).items()},
        "excluded": [[path, size(path)] for path in cleaning.exclude],
        "data": [
            {
                "languages": source.name,
                "columns": source.columns,
                "weight": source.weight,
                "files": [[p, size(p)] for p in source.paths],
            }
            for source in sources
        ],
    }


def _export(
    run: RunFolder, text: TrainingText, config: TrainingConfig, trained: TrainedNetwork
) -> Exported:
    scores = trained.precision_at_1
    start = None if config.start is None else read_description(run.start)
    data = [
        TrainingData(
            languages=pair.languages,
            source=", ".join(Path(file).name for file in pair.files),
            pairs=len(pair.tokens),
        )
        for pair in text.pairs
    ]
    return export(
        trained.network,
        text.tokenizer,
        run.out,
        name=run.out.resolve().name,
        languages=list(dict.fromkeys([*(start.languages if start else ()), *text.languages])),
        objective=config.trained_objective,
        data=[*(start.data if start else ()), *data],
        notes=_started_from(start.name, config.start_share) if start else "",
        validation=[pair.held_out for pair in text.pairs],
        metrics={f"P@1 {name} (held out)": round(value, 4) for name, value in scores.items()},
    )


def _started_from(name: str, share: float) -> str:
    kept = f"\nEach weight is a mean: {share:.0%} of that encoder's, the rest of what it became."
    return f"""## How it was made

Training went on from the encoder {name}, whose training text is listed too.{kept if share else ""}
"""


def _loss(exported: Exported) -> float:
    scores = exported.precision_at_1
    return 100 * (scores["float32"] - scores["int8"])


def _read_result(run: RunFolder, *, verify: bool = True) -> TrainingResult:
    if verify:
        read_model_folder(run.out, verify="all")
    fields = read_record(run.result)
    return TrainingResult(**fields | {"out": Path(fields["out"])})
