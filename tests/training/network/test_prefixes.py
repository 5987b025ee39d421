"""Matryoshka training: losses of prefixes, and runs whose vectors may be cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import run

from babelite import Encoder
from babelite.encoding import read_model_description, unit_rows
from babelite.errors import BabeliteError
from babelite.training import make_config
from babelite.training.network.distillation import Targets, TeacherHeads
from babelite.training.network.objectives import WholeBatch, alignment_loss, similarity_loss
from babelite.training.network.training_model import Batch, ContrastiveSettings, TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape

SHAPE = NetworkShape(vocabulary_size=40, dim=12, layers=1, heads=2, hidden_dim=16, max_tokens=16)


def test_sentence_level_losses_are_means_over_the_sizes() -> None:
    torch.manual_seed(0)
    sizes = [3, 6, 12]
    weights = {"align": 1.0, "sim": 1.0, "teach": 1.0, "teach_sim": 1.0}
    heads = TeacherHeads(12, [5], [1.0])
    model = TrainingModel(
        DualTransformer(SHAPE, dropout=0.0),
        weights,
        contrastive=ContrastiveSettings(cosine=True, temperature=0.2),
        dropout=0.0,
        teachers=heads,
        matryoshka=sizes[:-1],
    )
    source, target = torch.randint(3, 40, (2, 7, 5))
    targets = Targets(torch.randn(7, 5), torch.randn(7, 5))
    batch = Batch(source, target, targets=(targets,))
    found = model(batch, torch.Generator())
    u, v = model.network(source), model.network(target)
    wanted = torch.cat([targets.source, targets.target])
    align, sim, teach, teach_sim = [], [], [], []
    for size in sizes:
        cut = u[:, :size], v[:, :size]
        align.append(alignment_loss(*cut, cosine=True, temperature=0.2))
        sim.append(similarity_loss(*cut, cosine=True, temperature=0.2))
        both = torch.cat(cut)
        both = both / both.norm(dim=1, keepdim=True)
        mapped = both @ heads.maps[0].weight[:, :size].T
        teach.append(1 - torch.cosine_similarity(mapped, wanted).mean())
        whole = WholeBatch(*cut, torch.arange(7))
        distributions = heads.distributions([targets], None, whole.places, 0.2)
        teach_sim.append(heads.teach_sim(*cut, whole, distributions, None, 0.2))
    for name, losses in zip(weights, (align, sim, teach, teach_sim), strict=True):
        torch.testing.assert_close(found[name], torch.stack(losses).mean(), msg=name)


def test_first_components_find_translations(parallel_file: Path, tmp_path: Path) -> None:
    plain = run(parallel_file, tmp_path / "plain", bag_steps=150, steps=40).out
    trained = run(parallel_file, tmp_path / "cut", bag_steps=150, steps=40, matryoshka=[4]).out
    described = read_model_description(trained / "babelite.json")
    assert described.matryoshka == (4,)
    assert read_model_description(plain / "babelite.json").matryoshka == ()
    sentences = [line.split("\t") for line in parallel_file.read_text("utf-8").splitlines()[:200]]

    def precision(folder: Path) -> float:
        encoder = Encoder.load(folder)
        u, v = (unit_rows(encoder.encode(side)[:, :4]) for side in zip(*sentences, strict=True))
        return float(np.mean((u @ v.T).argmax(1) == np.arange(len(u))))

    assert precision(trained) > precision(plain) + 0.05


def test_sizes_are_read_from_text() -> None:
    assert make_config("tiny", options={"matryoshka": "16, 32"}).matryoshka == [16, 32]


@pytest.mark.parametrize("sizes", ["32,16", "16,16", "0", "64", "-3", "many"])
def test_bad_sizes_are_refused(sizes: str) -> None:
    with pytest.raises(BabeliteError, match="matryoshka"):
        make_config("tiny", options={"matryoshka": sizes})


def test_a_projection_is_refused() -> None:
    with pytest.raises(BabeliteError, match="projection"):
        make_config("tiny", options={"matryoshka": [16], "projection": 8})
