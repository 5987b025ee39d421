"""The training loop: step, validate, checkpoint, resume."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from babelite.errors import BabeliteError
from babelite.training.batches import Rows, plan_epoch
from babelite.training.checkpoints import (
    Counters,
    load_checkpoint,
    load_weights,
    restore_optimizer,
    save_checkpoint,
    save_weights,
)
from babelite.training.config import TrainingConfig
from babelite.training.devices import (
    choose_device,
    choose_precision,
    give_back_memory,
    keep_freed_memory,
)
from babelite.training.network import DualTransformer, NetworkShape
from babelite.training.phases import Phase, learning_rate_factor, make_optimizer, plan_phases
from babelite.training.prepare import TrainingText
from babelite.training.progress import PhaseProgress, Progress
from babelite.training.run_folder import RunFolder, read_record, write_record
from babelite.training.tasks import Batch, ContrastiveSettings, TrainingModel
from babelite.training.validation import Validator

_STEPS_PER_RECORD = 20
_STEPS_PER_TRIM = 50


class TrainingStopped(KeyboardInterrupt):
    """The user asked to stop; everything done so far is saved."""


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

    Each step depends on the seed and on its own number alone (order, masks, dropout), so a run
    that was killed and continued ends with the same weights as one that was not.

    Args:
        run: Where checkpoints and metrics are kept.
        text: The data.
        config: The settings.
        progress: Told what happens.
        started: `time.monotonic()` when this process began the run; what it did before training
            counts towards the budget.
    """

    def __init__(
        self,
        run: RunFolder,
        text: TrainingText,
        config: TrainingConfig,
        progress: Progress,
        started: float,
    ) -> None:
        self.run, self.text, self.config, self.progress = run, text, config, progress
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.device = choose_device(config)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.precision = choose_precision(config, self.device)
        self.corpora = [pair.tokens for pair in text.pairs]
        numbers = {language: number for number, language in enumerate(text.languages)}
        self.languages = [tuple(numbers[code] for code in pair.languages) for pair in text.pairs]
        self.validator = Validator(
            text, max_tokens=config.max_tokens, device=self.device, seed=config.seed
        )
        self.model = self._build().to(self.device)
        self.counters, self.saved_optimizer = Counters(), dict[str, Tensor]()
        resumed = run.last.exists()
        if resumed:
            self.counters, self.saved_optimizer = load_checkpoint(run.last, self.model)
            progress.say(f"Continuing after {self.counters.pairs:,} pairs")
        with run.metrics.open("ab") as stream:  # what came after the checkpoint will come again
            stream.truncate(self.counters.metrics_bytes)
        # A continued run has spent what it spent before; a new one has just been prepared.
        self.clock_zero = (time.monotonic() - self.counters.seconds) if resumed else started
        self.phases = plan_phases(config, self.corpora, self._prepared_at())
        if not self.phases:
            raise BabeliteError(
                "there is nothing to train for", remedy="give --epochs, --steps or --minutes"
            )
        self.stop_asked = False

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
        )

    def _prepared_at(self) -> float:
        """Seconds that preparation took, remembered from the first start."""
        if not self.run.prepared.exists():
            write_record(self.run.prepared, {"seconds": self._seconds()})
        return float(read_record(self.run.prepared)["seconds"])

    def _seconds(self) -> float:
        return time.monotonic() - self.clock_zero

    def train(self) -> TrainedNetwork:
        """Train to the end of the budget.

        Returns:
            The network with the weights that were best on the held-out pairs.

        Raises:
            TrainingStopped: Ctrl-C or SIGTERM; a checkpoint has been saved.
        """
        with self._saving_when_stopped():
            for phase in self.phases[self.counters.phase :]:
                with self.progress.phase(phase.name) as shown:
                    self._train_phase(phase, shown)
        weights, found = load_weights(self.run.best)
        self.model.load_state_dict(weights)
        return TrainedNetwork(
            self.model.network.eval(),
            json.loads(found["precision_at_1"]),
            self.counters.pairs,
            max(self._seconds(), self.counters.seconds),
        )

    def _train_phase(self, phase: Phase, shown: PhaseProgress) -> None:
        counters = self.counters
        if counters.step == 0:
            counters.phase_began = self._seconds()
        optimizer = make_optimizer(self.config, phase, self.model)
        restore_optimizer(optimizer, self.saved_optimizer)
        self.saved_optimizer = {}
        record = _Record(counters)
        saved_at = time.monotonic()
        self.model.train()
        for rows in self._batches(phase, counters.step):
            done = phase.share_done(counters.step, self._seconds(), counters.phase_began)
            if done >= 1.0:
                break
            factor = learning_rate_factor(self.config, phase, counters.step, done)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            record.add(*self._step(phase, rows, optimizer))
            counters.step += 1
            counters.pairs += len(rows.rows)
            if counters.step % _STEPS_PER_RECORD == 0:
                self._log(record.close(phase, optimizer, self._seconds()))
                done = phase.share_done(counters.step, self._seconds(), counters.phase_began)
                spent = self._seconds() - counters.phase_began
                left = spent * (1 - done) / done if done else 0.0
                shown.update(done, record.rate, record.loss, left)
            done = phase.share_done(counters.step, self._seconds(), counters.phase_began)
            if int(done * self.config.validations) > counters.validated and done < 1.0:
                counters.validated = int(done * self.config.validations)
                self._validate(phase, shown)
            if counters.step % _STEPS_PER_TRIM == 0 and self.device.type == "cpu":
                give_back_memory()
            if self.stop_asked or time.monotonic() - saved_at > self.config.checkpoint_seconds:
                self._save(optimizer)
                saved_at = time.monotonic()
            if self.stop_asked:
                raise TrainingStopped
        self._validate(phase, shown)
        counters.phase, counters.step, counters.validated = counters.phase + 1, 0, 0
        self._save(None)

    def _batches(self, phase: Phase, done: int) -> Iterator[Rows]:
        """Endless batches of a phase, without the first `done`."""
        seed, epoch = 2 * self.config.seed + (phase.name == "layers"), 0
        while True:
            plan = plan_epoch(
                self.corpora,
                phase.batch_size,
                seed=seed,
                epoch=epoch,
                by_length=phase.name == "layers",
                batch_tokens=self.config.batch_tokens if phase.name == "layers" else None,
            )
            for rows in plan:
                if done:
                    done -= 1
                else:
                    yield rows
            epoch += 1

    def _step(
        self, phase: Phase, rows: Rows, optimizer: torch.optim.Optimizer
    ) -> tuple[dict[str, float], float, float]:
        model = self.model
        losses = self._losses(phase, rows)
        loss = losses["align"] if phase.name == "bag" else model.total(losses)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if phase.name == "bag":
            norm = 0.0
        else:
            norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), self.config.clip_norm))
        optimizer.step()
        return {name: value.item() for name, value in losses.items()}, loss.item(), norm

    def _losses(self, phase: Phase, rows: Rows) -> dict[str, Tensor]:
        corpus = self.corpora[rows.language_pair]
        if phase.name == "bag":
            sides = [
                tuple(torch.from_numpy(part).to(self.device) for part in side.flat(rows.rows))
                for side in (corpus.source, corpus.target)
            ]
            return {"align": self.model.bag_loss(sides[0], sides[1])}  # type: ignore[arg-type]
        first, second = self.languages[rows.language_pair]
        source, target = (
            torch.from_numpy(side.padded(rows.rows)).to(self.device)
            for side in (corpus.source, corpus.target)
        )
        seed = step_seed(self.config.seed, phase.name, self.counters.step)
        torch.manual_seed(seed)
        generator = torch.Generator(self.device).manual_seed(seed)
        enabled = self.precision is not torch.float32
        with torch.autocast(self.device.type, dtype=self.precision, enabled=enabled):
            losses: dict[str, Tensor] = self.model(Batch(source, target, first, second), generator)
        return losses

    def _validate(self, phase: Phase, shown: PhaseProgress) -> None:
        result = self.validator(self.model, bag=phase.name == "bag")
        # A difference within one standard error is noise, and later weights have seen more.
        best = result.mean >= self.counters.best - result.standard_error
        if best:
            self.counters.best = max(result.mean, self.counters.best)
            found = {"precision_at_1": json.dumps(result.precision_at_1)}
            save_weights(self.run.best, self.model.state_dict(), found)
        shown.validated(result.mean, best)
        self._log(
            {
                "event": "validation",
                "phase": phase.name,
                "step": self.counters.step,
                "pairs": self.counters.pairs,
                "seconds": round(self._seconds(), 2),
                "precision_at_1": result.precision_at_1,
                "mean_precision_at_1": result.mean,
                "losses": result.losses,
                "best": best,
            }
        )

    def _log(self, record: dict[str, Any]) -> None:
        with self.run.metrics.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")
            self.counters.metrics_bytes = stream.tell()

    def _save(self, optimizer: torch.optim.Optimizer | None) -> None:
        self.counters.seconds = self._seconds()
        save_checkpoint(self.run.last, self.model, optimizer, self.counters)

    @contextmanager
    def _saving_when_stopped(self) -> Iterator[None]:
        def ask(number: int, frame: FrameType | None) -> None:
            self.stop_asked = True

        # Python lets the main thread alone decide what signals do.
        main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
        before = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Record:
    """Losses between two lines of the metrics file."""

    def __init__(self, counters: Counters) -> None:
        self.counters, self.rate, self.loss = counters, 0.0, 0.0
        self._open()

    def _open(self) -> None:
        self.since, self.pairs, self.steps = time.monotonic(), self.counters.pairs, 0
        self.sums: dict[str, float] = {}
        self.total, self.norm = 0.0, 0.0

    def add(self, losses: dict[str, float], loss: float, norm: float) -> None:
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.steps, self.total, self.norm = self.steps + 1, self.total + loss, self.norm + norm

    def close(
        self, phase: Phase, optimizer: torch.optim.Optimizer, seconds: float
    ) -> dict[str, Any]:
        self.rate = (self.counters.pairs - self.pairs) / (time.monotonic() - self.since)
        self.loss = self.total / self.steps
        record = {
            "event": "train",
            "phase": phase.name,
            "step": self.counters.step,
            "pairs": self.counters.pairs,
            "seconds": round(seconds, 2),
            "lr": optimizer.param_groups[-1]["lr"],
            "pairs_per_second": round(self.rate, 1),
            "losses": {name: value / self.steps for name, value in self.sums.items()},
            "loss": self.loss,
            "gradient_norm": self.norm / self.steps,
        }
        self._open()
        return record


def step_seed(seed: int, phase: str, step: int) -> int:
    """The seed of one step's masks and dropout: 63 bits that depend on nothing else."""
    digest = hashlib.blake2b(f"{seed} {phase} {step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
