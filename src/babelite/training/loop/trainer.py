"""The training loop: step, validate, checkpoint, resume."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelite.encoding import read_description
from babelite.errors import BabeliteError
from babelite.training.config import TrainingConfig
from babelite.training.device import (
    choose_device,
    choose_precision,
    choose_threads,
    give_back_memory,
    keep_freed_memory,
)
from babelite.training.distributed.group import LostProcessError, Processes
from babelite.training.loop.checkpoints import (
    Counters,
    load_checkpoint,
    load_weights,
    read_counters,
    restore_optimizer,
    save_checkpoint,
)
from babelite.training.loop.divergence import DivergedError, has_diverged
from babelite.training.loop.hard_batches import load_groups, save_groups
from babelite.training.loop.phases import Phase, learning_rate_factor, make_optimizer, plan_phases
from babelite.training.loop.run_log import Keeper
from babelite.training.loop.signals import StopRequest, TrainingStopped
from babelite.training.loop.step import Stepper
from babelite.training.loop.step_stats import Record
from babelite.training.loop.validation import Validator
from babelite.training.network.losses import ContrastiveSettings, TrainingModel
from babelite.training.network.ngrams import CharacterNgrams, pieces_of
from babelite.training.network.transformer import DualTransformer, NetworkShape
from babelite.training.prepare import TrainingText
from babelite.training.progress import PhaseProgress, Progress
from babelite.training.run_folder import RunFolder, read_record, write_record
from babelite.training.warm_start import Start, open_start

_STEPS_PER_RECORD = 20
_STEPS_PER_TRIM = 50


@dataclass(frozen=True)
class TrainedNetwork:
    """What training ends with.

    Attributes:
        network: The encoder with its best weights, ready for use.
        precision_at_1: P@1 on the held-out pairs of each language pair.
        pairs: Pairs seen in training.
        seconds: Time spent, preparation included.
    """

    network: DualTransformer
    precision_at_1: dict[str, float]
    pairs: int
    seconds: float


class Trainer:
    """Trains the network of a run, from the beginning or from where it was left.

    Each step depends on the seed and on its own number alone, so a run that was killed and
    continued ends with the same weights as one that was not.

    Of several processes each has a trainer. They take the same steps; process 0 alone looks at the
    clock, validates and writes, and it can write a checkpoint without the others.

    Args:
        run: Where checkpoints and metrics are kept.
        text: The data.
        config: The settings.
        progress: Told what happens.
        started: `time.monotonic()` when this process began the run; what it did before training
            counts towards the budget.
        processes: All that train together; this one alone if not given.
    """

    def __init__(
        self,
        run: RunFolder,
        text: TrainingText,
        config: TrainingConfig,
        progress: Progress,
        started: float,
        processes: Processes | None = None,
    ) -> None:
        self.run, self.text, self.config, self.progress = run, text, config, progress
        self.processes = processes or Processes()
        if (threads := choose_threads(config, self.processes)) is not None:
            torch.set_num_threads(threads)
        self.device = self.processes.device or choose_device(config)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.corpora = [pair.tokens for pair in text.pairs]
        numbers = {language: number for number, language in enumerate(text.languages)}
        languages = [tuple(numbers[code] for code in pair.languages) for pair in text.pairs]
        resumed = run.last.exists()
        self.counters = read_counters(run.last) if resumed else Counters()
        self.saved_optimizer: dict[str, Tensor] = {}
        self.model = self._build()
        self.start: Start | None = None
        if config.start is not None and (config.start_share or not resumed):
            self.start = self._open_start(config.start)
            if not resumed:
                self.start.give_to(self.model.network)
        if config.has_bag_phase and config.bag_ngrams and self.counters.phase == 0:
            pieces = pieces_of(text.tokenizer)
            ngrams = CharacterNgrams(pieces, config.dim, config.bag_ngrams)
            self.model.network.ngrams = ngrams.to(self.device)
        self.stepper = Stepper(
            self.model,
            config,
            self.corpora,
            languages,
            self.processes,
            self.device,
            choose_precision(config, self.device),
        )
        if resumed:
            self.counters, self.saved_optimizer = load_checkpoint(run.last, self.model)
            self.stepper.recall(self.counters)
            progress.say(f"Continuing after {self.counters.pairs:,} pairs")
        self._start_alike()
        self.keeper = Keeper(run, self.model, self.counters) if self.processes.leads else None
        # A continued run has spent what it spent before; a new one has just been prepared.
        self.clock_zero = (time.monotonic() - self.counters.seconds) if resumed else started
        self.phases = plan_phases(config, self.corpora, self._prepared_at())
        self.stop = StopRequest()

    def _build(self) -> TrainingModel:
        config = self.config
        torch.manual_seed(config.seed)
        shape = NetworkShape(
            vocabulary_size=self.text.tokenizer.get_vocab_size(),
            dim=config.dim,
            layers=config.layers,
            heads=config.heads,
            hidden_dim=config.hidden_dim,
            max_tokens=config.max_tokens,
        )
        network = DualTransformer(shape, dropout=config.dropout, identity=config.has_bag_phase)
        return TrainingModel(
            network,
            config.weights,
            languages=len(self.text.languages),
            contrastive=ContrastiveSettings(
                config.similarity == "cosine", config.temperature, config.projection
            ),
            dropout=config.dropout,
        ).to(self.device)

    @cached_property
    def validator(self) -> Validator:
        """Judges the model on the pairs that were held out."""
        return Validator(
            self.text,
            max_tokens=self.config.max_tokens,
            device=self.device,
            seed=self.config.seed,
        )

    def _open_start(self, name: str) -> Start:
        """The encoder that the run starts from, whose vocabulary the text was tokenised with."""
        start = open_start(name)
        if start.folder.description != read_description(self.run.start):
            raise BabeliteError(
                "holds another encoder than when this run began",
                path=start.folder.path,
                hint="put that one back, or begin anew in another folder with --out",
            )
        return start

    def _start_alike(self) -> None:
        """See that every process goes on from the same checkpoint, with the same weights."""
        phase, step = self.counters.phase, self.counters.step
        if self.processes.agree(phase, step, -phase, -step) != [phase, step, -phase, -step]:
            error = BabeliteError(
                "the processes do not see the same files",
                path=self.run.out,
                hint="put --out in a folder that all machines share",
            )
            error.tell = self.processes.leads
            raise error
        # Only now: in another phase a process has other parameters.
        self.processes.spread(list(self.model.parameters()))  # chance differs between kinds of CPU

    def _prepared_at(self) -> float:
        """Seconds that preparation took, remembered from the first start."""
        if not self.processes.leads:
            return self._seconds()
        if not self.run.prepared.exists():
            write_record(self.run.prepared, {"seconds": self._seconds()})
        return float(read_record(self.run.prepared)["seconds"])

    def _seconds(self) -> float:
        return time.monotonic() - self.clock_zero

    def train(self) -> TrainedNetwork:
        """Train to the end of the budget.

        Returns:
            The network with the weights that were best on the held-out pairs, mixed with those it
            started from if `TrainingConfig.start_share` asks for it.

        Raises:
            BabeliteError: The encoder that the run started from is gone, or was changed meanwhile.
            DivergedError: Weights are no longer finite numbers.
            TrainingStopped: Ctrl-C or SIGTERM; a checkpoint has been saved.
            LostProcessError: Another process is gone; a checkpoint has
                been saved if process 0 is still there.
        """
        with self.stop.listening():
            for phase in self.phases[self.counters.phase :]:
                with self.progress.phase(phase.title) as shown:
                    self._train_phase(phase, shown)
            # The others wait until process 0 has chosen the best weights.
            (stop,) = self.processes.agree(self.stop.asked)
            if stop:
                raise TrainingStopped
        weights, found = load_weights(self.run.best)
        precision_at_1 = json.loads(found["precision_at_1"])
        model = self._build()  # not compiled, whatever was trained
        model.load_state_dict(weights)
        if self.processes.leads and self.config.start_share and self.start is not None:
            self.start.mix_into(model.network, self.config.start_share)
            bag = not self.config.has_layers_phase
            precision_at_1 = self.validator(model, bag=bag).precision_at_1
        return TrainedNetwork(
            model.network.eval(),
            precision_at_1,
            self.counters.pairs,
            max(self._seconds(), self.counters.seconds),
        )

    def _train_phase(self, phase: Phase, shown: PhaseProgress) -> None:
        counters = self.counters
        if counters.step == 0:
            counters.phase_began = self._seconds()
        if phase.name == "similar":
            self.stepper.groups = self._groups()
        optimizer = make_optimizer(self.config, phase, self.model)
        restore_optimizer(optimizer, self.saved_optimizer)
        self.saved_optimizer = {}
        record = Record(counters)
        self.saved_at = time.monotonic()
        self.model.train()
        batches = self.stepper.batches(phase, counters.step * phase.accumulate)
        with self._saving_when_others_are_lost(optimizer):
            while (done := self._agree_how_far(phase, optimizer)) < 1.0:
                factor = learning_rate_factor(self.config, phase, counters.step, done)
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * factor
                taken = list(islice(batches, phase.accumulate))
                record.add(*self.stepper.step(phase, taken, counters.step, optimizer))
                counters.step += 1
                counters.pairs += sum(len(rows.rows) for rows in taken)
                self._after_step(phase, record, optimizer, shown)
        self._validate(phase, shown)
        self.model.network.fold_ngrams()
        counters.phase, counters.step, counters.validated = counters.phase + 1, 0, 0
        self._save(None)

    def _groups(self) -> list[NDArray[np.int32]]:
        """Groups of similar pairs, made once: a continued run has other embeddings by then."""

        def make() -> str:
            if not self.run.groups.exists():
                network, seed = self.model.network, self.config.seed
                save_groups(self.run.groups, network, self.corpora, seed, self.progress)
            return ""

        self.processes.lead(make)
        return load_groups(self.run.groups, self.corpora)

    def _share_done(self, phase: Phase) -> float:
        return phase.share_done(self.counters.step, self._seconds(), self.counters.phase_began)

    def _agree_how_far(self, phase: Phase, optimizer: torch.optim.Optimizer) -> float:
        """The done share of the phase by the clock of process 0, unless anyone has to stop."""
        mine = self._share_done(phase) if self.processes.leads else 0.0
        done, stop = self.processes.agree(mine, self.stop.asked)
        if stop:
            self._save(optimizer)
            with suppress(LostProcessError):
                self.processes.agree(0.0)  # the first to leave may have the others ended: not yet
            raise TrainingStopped
        return done

    def _after_step(
        self,
        phase: Phase,
        record: Record,
        optimizer: torch.optim.Optimizer,
        shown: PhaseProgress,
    ) -> None:
        counters = self.counters
        done = self._share_done(phase)
        if counters.step % _STEPS_PER_RECORD == 0:
            line = record.close(phase, optimizer, self._seconds())
            if has_diverged(self.model, record.loss):
                raise DivergedError(phase, self.run.out, tell=self.processes.leads)
            if self.keeper is not None:
                self.keeper.log(line)
            spent = self._seconds() - counters.phase_began
            left = spent * (1 - done) / done if done else 0.0
            shown.update(done, record.rate, record.loss, left)
        if int(done * self.config.validations) > counters.validated and done < 1.0:
            counters.validated = int(done * self.config.validations)
            self._validate(phase, shown)
        if counters.step % _STEPS_PER_TRIM == 0 and self.device.type == "cpu":
            give_back_memory()
        if time.monotonic() - self.saved_at > self.config.checkpoint_seconds:
            self._save(optimizer)

    @contextmanager
    def _saving_when_others_are_lost(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        try:
            yield
        except LostProcessError:
            # Whatever was being told when it was lost, the weights are those of the last step.
            self._save(optimizer)
            raise

    def _validate(self, phase: Phase, shown: PhaseProgress) -> None:
        if self.keeper is None:
            return
        try:
            found = self.validator(self.model, bag=phase.name == "bag")
        except BabeliteError as error:  # the vectors are not finite
            raise DivergedError(phase, self.run.out) from error
        best = self.keeper.judge(found, phase, self._seconds())
        shown.validated(found.mean, best)

    def _save(self, optimizer: torch.optim.Optimizer | None) -> None:
        self.saved_at = time.monotonic()
        if not self.processes.leads:
            return
        self.counters.seconds = self._seconds()
        self.stepper.remember(self.counters)
        save_checkpoint(self.run.last, self.model, optimizer, self.counters)
