"""The training loop: steps, validations, checkpoints, and resumption of a stopped run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import read_model_description
from babelite.errors import BabeliteError, quantity
from babelite.training.config import TrainingConfig
from babelite.training.distributed.environment import set_reporter
from babelite.training.distributed.group import LostProcessError, ProcessGroup
from babelite.training.hardware import Hardware, release_memory
from babelite.training.loop.checkpoints import load_weights, read_counters
from babelite.training.loop.divergence import DivergedError, has_diverged
from babelite.training.loop.hard_batches import load_groups, save_groups
from babelite.training.loop.optimizer import learning_rate_factor, make_optimizer
from babelite.training.loop.phases import Phase, plan_phases
from babelite.training.loop.run_log import RunLog, StepStats
from babelite.training.loop.run_state import RunState
from babelite.training.loop.signals import StopRequest, TrainingStopped
from babelite.training.loop.step import Stepper
from babelite.training.loop.validation import Validator
from babelite.training.network.build import add_ngrams, build_model
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer
from babelite.training.prepared_text import TrainingText
from babelite.training.run_folder import RunFolder, read_record, write_record
from babelite.training.training_progress import PhaseProgress, TrainingProgress
from babelite.training.warm_start import InitialEncoder, open_initial_encoder

_STEPS_PER_RECORD = 20
_STEPS_PER_MEMORY_RELEASE = 50


@dataclass(frozen=True)
class TrainedNetwork:
    """The encoder with its best weights, P@1 of each language pair, pairs seen and time spent."""

    network: DualTransformer
    precision_at_1: dict[str, float]
    pairs: int
    seconds: float


class Trainer:
    """Trains the network of a run, from the beginning or from its last checkpoint.

    Each step depends only on the seed and on its own number, so a run that was killed and resumed
    ends with the same weights as an uninterrupted one.

    Each process of a group has a trainer, and all take the same steps. Process 0 alone decides by
    its clock, validates and writes; it can write a checkpoint without the others. `started` is
    `time.monotonic()` when this process began the run: the time before training counts towards the
    budget.
    """

    def __init__(
        self,
        run: RunFolder,
        text: TrainingText,
        config: TrainingConfig,
        hardware: Hardware,
        progress: TrainingProgress,
        started: float,
        processes: ProcessGroup | None = None,
    ) -> None:
        self.run, self.text, self.config, self.progress = run, text, config, progress
        self.hardware, self.processes = hardware, processes or ProcessGroup()
        hardware.set_up_process()
        self.corpora = [pair.tokens for pair in text.pairs]
        self.stop = StopRequest()
        resumed = run.checkpoint.exists()
        model = self._build()
        self.initial_encoder = self._load_initial_encoder(model, resumed)
        if not resumed or read_counters(run.checkpoint).phase == 0:
            add_ngrams(model, config, text.tokenizer)
        self.stepper = Stepper(
            model,
            config,
            self.corpora,
            text.language_numbers,
            self.processes,
            hardware,
            text.teacher_targets(),
            text.monolingual_corpora(),
        )
        self.state = RunState(model, self.stepper.scaler, started)
        if resumed:
            self.state.restore_from(run.checkpoint)
            progress.say(f"Resuming after {quantity(self.state.counters.pairs, 'pair')}")
        self._synchronize()
        self.run_log = RunLog(run, self.state) if self.processes.is_rank_zero else None
        self.phases = plan_phases(config, self.corpora, self._seconds_of_preparation())

    def _build(self) -> TrainingModel:
        size = self.text.tokenizer.get_vocab_size()
        widths = [teacher.vectors.dim for teacher in self.text.teachers]
        model = build_model(self.config, size, len(self.text.languages), widths)
        return model.to(self.hardware.device)

    @cached_property
    def validator(self) -> Validator:
        """Measures the model on the held-out pairs."""
        return Validator(self.text, self.config, self.hardware.device)

    def _load_initial_encoder(self, model: TrainingModel, resumed: bool) -> InitialEncoder | None:
        """Load the encoder of ``--start`` into a new model; a resumed run needs it for averaging.

        The text was tokenised with its vocabulary, so it must not have changed since.
        """
        if self.config.start is None or (resumed and not self.config.start_share):
            return None
        initial = open_initial_encoder(self.config.start)
        if initial.folder.description != read_model_description(self.run.initial_encoder):
            raise BabeliteError(
                "contains another encoder than when this run began",
                code="model-changed",
                path=initial.folder.path,
                hint="restore that encoder, or start a new run in another folder with --out",
            )
        if not resumed:
            initial.load_into(model.network)
        return initial

    def _synchronize(self) -> None:
        """Check that all processes read the same checkpoint, and give them the same weights."""
        phase, step = self.state.counters.phase, self.state.counters.step
        own = [phase, step, -phase, -step]
        if self.processes.all_reduce_max(*own) != own:
            error = BabeliteError(
                "the processes do not see the same files",
                code="run-mismatch",
                path=self.run.out,
                hint="choose an --out in a folder that all machines share",
            )
            raise set_reporter(error, self.processes.is_rank_zero)
        # Only now: in another phase a process would have other parameters. Random numbers differ
        # between types of CPU.
        self.processes.broadcast(list(self.state.model.parameters()))

    def _seconds_of_preparation(self) -> float:
        """Seconds that preparation took, recorded at the first start."""
        if not self.processes.is_rank_zero:
            return self.state.seconds()
        if not self.run.prepared.exists():
            write_record(self.run.prepared, {"seconds": self.state.seconds()})
        return float(read_record(self.run.prepared)["seconds"])

    def train(self) -> TrainedNetwork:
        """Train to the end of the budget; a stopped run or a lost process leaves a checkpoint."""
        with self.stop.listening():
            for phase in self.phases[self.state.counters.phase :]:
                with self.progress.phase(phase.title) as display:
                    self._train_phase(phase, display)
            # The others wait until process 0 has chosen the best weights.
            (stop,) = self.processes.all_reduce_max(self.stop.received)
            if stop:
                raise TrainingStopped
        return self._load_best()

    def _load_best(self) -> TrainedNetwork:
        weights, metadata = load_weights(self.run.best_weights)
        precision_at_1 = json.loads(metadata["precision_at_1"])
        model = self._build()  # a new one, as the trained one may be compiled
        model.load_state_dict(weights)
        share = self.config.start_share
        if self.processes.is_rank_zero and share and self.initial_encoder is not None:
            self.initial_encoder.interpolate_into(model.network, share)
            bag = not self.config.has_layers_phase
            precision_at_1 = self.validator(model, bag=bag).precision_at_1
        counters = self.state.counters
        seconds = max(self.state.seconds(), counters.seconds)
        return TrainedNetwork(model.network.eval(), precision_at_1, counters.pairs, seconds)

    def _train_phase(self, phase: Phase, display: PhaseProgress) -> None:
        counters = self.state.counters
        if phase.name == "similar":
            self.stepper.groups = self._groups()
        optimizer = make_optimizer(self.config, phase, self.state.model)
        self.state.start_phase(optimizer)
        stats = StepStats(self.state)
        batches = self.stepper.batches(phase, counters.step * phase.accumulate)
        with self._saving_when_a_process_is_lost():
            while (done := self._agreed_share_done(phase)) < 1.0:
                factor = learning_rate_factor(self.config, phase, counters.step, done)
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * factor
                taken = list(islice(batches, phase.accumulate))
                stats.add(self.stepper.step(phase, taken, counters.step, optimizer))
                counters.step += 1
                counters.pairs += sum(len(rows.rows) for rows in taken)
                self._after_step(phase, stats, display)
        self._validate(phase, display)
        self.state.finish_phase()
        self._save()

    def _groups(self) -> list[NDArray[np.int32]]:
        """Groups of similar pairs, made once: a resumed run has other embeddings by then."""

        def make() -> str:
            if not self.run.groups.exists():
                network, seed = self.state.model.network, self.config.seed
                save_groups(self.run.groups, network, self.corpora, seed, self.progress)
            return ""

        self.processes.run_on_rank_zero(make)
        return load_groups(self.run.groups, self.corpora)

    def _share_done(self, phase: Phase) -> float:
        counters = self.state.counters
        return phase.share_done(counters.step, self.state.seconds(), counters.phase_began)

    def _agreed_share_done(self, phase: Phase) -> float:
        """The done share of the phase by the clock of process 0, unless a process must stop."""
        own = self._share_done(phase) if self.processes.is_rank_zero else 0.0
        done, stop = self.processes.all_reduce_max(own, self.stop.received)
        if stop:
            self._save()
            with suppress(LostProcessError):
                # A launcher may end all processes when the first one ends: wait for process 0.
                self.processes.all_reduce_max(0.0)
            raise TrainingStopped
        return done

    def _after_step(self, phase: Phase, stats: StepStats, display: PhaseProgress) -> None:
        counters = self.state.counters
        done = self._share_done(phase)
        if counters.step % _STEPS_PER_RECORD == 0:
            record = stats.make_record(phase)
            if has_diverged(self.state.model, stats.loss):
                raise set_reporter(DivergedError(phase, self.run.out), self.processes.is_rank_zero)
            if self.run_log is not None:
                self.run_log.write(record)
            spent = self.state.seconds() - counters.phase_began
            left = spent * (1 - done) / done if done else 0.0
            display.update(done, stats.rate, stats.loss, left)
        if int(done * self.config.validations) > counters.validated and done < 1.0:
            counters.validated = int(done * self.config.validations)
            self._validate(phase, display)
        if counters.step % _STEPS_PER_MEMORY_RELEASE == 0 and self.hardware.device.type == "cpu":
            release_memory()
        if time.monotonic() - self.state.saved_at > self.config.checkpoint_seconds:
            self._save()

    @contextmanager
    def _saving_when_a_process_is_lost(self) -> Iterator[None]:
        try:
            yield
        except LostProcessError:
            self._save()  # the weights are those of the last whole step
            raise

    def _validate(self, phase: Phase, display: PhaseProgress) -> None:
        if self.run_log is None:
            return
        try:
            found = self.validator(self.state.model, bag=phase.name == "bag")
        except BabeliteError as error:  # the vectors are not finite
            raise DivergedError(phase, self.run.out) from error
        best = self.run_log.record_validation(found, phase)
        display.validated(found.mean, best)

    def _save(self) -> None:
        if self.processes.is_rank_zero:
            self.state.save_to(self.run.checkpoint)
