"""One training step on a generated batch in one or several processes, with its gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from babelite.training import Stepper, TrainingConfig, join_processes
from babelite.training.data.batches import BatchRows
from babelite.training.data.tokens import Side, TokenizedPairs, TokenizedSentences, sentence_keys
from babelite.training.distributed.group import ProcessGroup
from babelite.training.hardware import Hardware
from babelite.training.loop.monolingual_steps import MonolingualCorpora
from babelite.training.loop.phases import Phase
from babelite.training.network.distillation import Targets, TeacherHeads
from babelite.training.network.training_model import ContrastiveSettings, TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape

SHAPE = NetworkShape(vocabulary_size=300, dim=16, layers=1, heads=2, hidden_dim=24, max_tokens=32)

# Name of a case -> objective, phase, sizes of the batches of the step, sentences beside each.
Cases = dict[str, tuple[str, str, list[int]] | tuple[str, str, list[int], int]]


def made_up_corpus() -> TokenizedPairs:
    """300 pairs of 1 to 12 tokens."""
    chance = np.random.default_rng(0)

    def side() -> Side:
        lengths = chance.integers(1, 13, 300)
        tokens = chance.integers(3, SHAPE.vocabulary_size, lengths.sum()).astype(np.uint16)
        ends = np.concatenate([[0], np.cumsum(lengths)])
        return Side(tokens, ends, sentence_keys(tokens, lengths))

    return TokenizedPairs("en-fr", side(), side(), np.ones(300, np.float32))


class MadeUpTargets:
    """The vectors of two teachers for the pairs of `made_up_corpus`; the second lacks some."""

    def __init__(self) -> None:
        chance = torch.Generator().manual_seed(7)
        self.tables = [
            [F.normalize(torch.randn(300, width, generator=chance), dim=1) for _ in range(2)]
            for width in (6, 9)
        ]
        self.tables[1][0][::3] = 0
        self.tables[1][1][::4] = 0

    def of(
        self, language_pair: int, numbers: NDArray[np.int64], device: torch.device
    ) -> tuple[Targets, ...]:
        return tuple(Targets(source[numbers], target[numbers]) for source, target in self.tables)


class MadeUpSentenceTargets:
    """The vectors of the teachers for the first sides of `made_up_corpus`."""

    def of(
        self, corpus: int, numbers: NDArray[np.int64], device: torch.device
    ) -> tuple[Tensor, ...]:
        return tuple(each.source for each in MadeUpTargets().of(corpus, numbers, device))


def made_up_sentences() -> MonolingualCorpora:
    """The first sides of `made_up_corpus` as text without translations, in the third language."""
    pairs = made_up_corpus()
    sentences = TokenizedSentences(pairs.source, pairs.weights)
    return MonolingualCorpora([sentences], [2], MadeUpSentenceTargets())  # type: ignore[arg-type]


def one_step(
    processes: ProcessGroup,
    objective: str,
    phase: str,
    sizes: list[int],
    sentences: int = 0,
    first: int = 0,
    precision: torch.dtype = torch.float32,
) -> dict[str, Tensor]:
    """The gradients and the losses of a step whose batches have those sizes.

    Beside each batch, the step has some sentences without translations.
    """
    teachers = ["first:teacher", "2*second:teacher"] if "teach" in objective else []
    config = TrainingConfig(objective=objective, teacher=teachers, clip_norm=1e9, seed=3)
    torch.manual_seed(0)
    network = DualTransformer(SHAPE, dropout=0.0)
    contrastive = ContrastiveSettings(cosine=True, temperature=0.1, projection=8)
    # With three languages the head has language embeddings.
    model = TrainingModel(
        network,
        config.weights,
        languages=3,
        contrastive=contrastive,
        dropout=0.0,
        teachers=TeacherHeads(SHAPE.dim, [6, 9], [1.0, 2.0]) if teachers else None,
        matryoshka=[5] if teachers else [],
        mono_share=0.5,
    )
    if precision is torch.float32:  # to compare the method, not the rounding
        model.double()
    stepper = Stepper(
        model,
        config,
        [made_up_corpus()],
        [(0, 2)],
        processes,
        Hardware(torch.device("cpu"), precision),
        MadeUpTargets() if teachers else None,  # type: ignore[arg-type]
        made_up_sentences(),
    )
    if stepper.scaler.is_enabled():  # the initial scale would overflow
        stepper.scaler.load_state_dict(stepper.scaler.state_dict() | {"scale": 256.0})
    begins = first + np.cumsum([0, *sizes])
    batches = [
        BatchRows(
            0,
            np.arange(begin, begin + size),
            BatchRows(0, np.arange(begin, begin + sentences)) if sentences else None,
        )
        for begin, size in zip(begins, sizes, strict=False)
    ]
    heads = [] if model.teachers is None else list(model.teachers.parameters())
    parameters = [model.embeddings, *heads] if phase == "bag" else list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=0.0)
    plan = Phase(phase, 128, 1e-3, 10, None, 10, len(sizes))  # type: ignore[arg-type]
    losses, total, _ = stepper.step(plan, batches, 5, optimizer)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = {names[id(p)]: p.grad.clone() for p in parameters if p.grad is not None}
    return found | {f"loss {name}": torch.tensor(x) for name, x in [*losses.items(), ("", total)]}


def steps_of_a_process(cases: Cases, folder: Path, precision: torch.dtype = torch.float32) -> None:
    """Compute the cases in one of several processes, and write the gradients of each to a file."""
    torch.set_num_threads(1)
    with join_processes(torch.device("cpu")) as processes:
        for name, case in cases.items():
            found = one_step(processes, *case, precision=precision)
            save_file(found, str(folder / f"{name}.{processes.rank}.safetensors"))
