"""Distillation losses against computations with plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from babelite.training.network.distillation import Targets, TeacherHeads
from babelite.training.network.objectives import (
    TeacherDistribution,
    feature_distillation_loss,
    logit_distillation_loss,
    teacher_distribution,
)


def unit(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def test_feature_distillation_is_the_mean_distance_to_the_teacher() -> None:
    predicted, wanted = 3 * unit(5, 4, seed=0), unit(5, 4, seed=1)
    wanted[[1, 3]] = 0  # sentences without a teacher's vector
    loss, count = feature_distillation_loss(predicted, wanted)
    distances = [
        1 - float(predicted[row] @ wanted[row]) / float(predicted[row].norm()) for row in (0, 2, 4)
    ]
    assert count == 3
    assert float(loss) == pytest.approx(sum(distances) / 3)


def test_without_targets_nothing_is_learned() -> None:
    u = unit(4, 3, seed=0).requires_grad_()
    feature, count = feature_distillation_loss(u, torch.zeros(4, 3, dtype=torch.float64))
    none = torch.zeros(4, 2, dtype=torch.float64)
    logit = logit_distillation_loss(u, u, distribution(none, none, 0.1), 0.1)
    assert count == 0
    assert feature.item() == logit.item() == 0
    (feature + logit).backward()  # type: ignore[no-untyped-call]
    assert u.grad is not None
    assert not u.grad.any()


def distribution(t: Tensor, s: Tensor, temperature: float) -> TeacherDistribution:
    return teacher_distribution(t, s, torch.arange(len(s)), temperature)


def divergence(u: Tensor, v: Tensor, t: Tensor, s: Tensor, temperature: float) -> float:
    """Mean KL between the softmaxes of the cosines with the other sentences."""
    known = [row for row in range(len(u)) if t[row].any() and s[row].any()]
    total = 0.0
    for i in known:
        others = [j for j in known if j != i]
        wanted = [math.exp(float(t[i] @ s[j]) / temperature) for j in others]
        found = [math.exp(float(u[i] @ v[j]) / temperature) for j in others]
        for w, f in zip(wanted, found, strict=True):
            p, q = w / sum(wanted), f / sum(found)
            total += p * math.log(p / q)
    return total / len(known)


def test_logit_distillation_is_the_divergence_from_the_teacher() -> None:
    u, v, t, s = (unit(6, 4, seed=seed) for seed in range(4))
    t[2] = s[2] = 0
    wanted = distribution(t, s, 0.3)
    loss = logit_distillation_loss(u, v, wanted, 0.3)
    assert wanted.count == 5
    assert float(loss) == pytest.approx(divergence(u, v, t, s, 0.3))
    same = logit_distillation_loss(t, s, wanted, 0.3)
    assert float(same) == pytest.approx(0, abs=1e-9)


def test_logit_distillation_can_be_learned() -> None:
    u = unit(6, 4, seed=0).requires_grad_()
    t = unit(6, 3, seed=1)
    optimizer = torch.optim.Adam([u], lr=0.05)
    losses = []
    for _ in range(150):
        loss = logit_distillation_loss(u, u, distribution(t, t, 0.3), 0.3)
        optimizer.zero_grad()
        loss.backward()
        assert u.grad is not None
        assert u.grad.isfinite().all()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


def test_teachers_are_weighted() -> None:
    u, v = unit(4, 8, seed=0).float(), unit(4, 8, seed=1).float()
    given = [
        Targets(unit(4, 3, seed=2).float(), unit(4, 3, seed=3).float()),
        Targets(unit(4, 5, seed=4).float(), torch.zeros(4, 5)),
    ]
    torch.manual_seed(0)
    heads = TeacherHeads(8, [3, 5], [2.0, 0.5])
    expected = 0.0
    for weight, head, targets in zip([2.0, 0.5], heads.maps, given, strict=True):
        loss, _ = feature_distillation_loss(
            head(torch.cat([u, v])), torch.cat([targets.source, targets.target])
        )
        expected += weight * loss.item()
    wanted = [targets.both_sides(None) for targets in given]
    assert heads.teach(torch.cat([u, v]), wanted, None).item() == pytest.approx(expected)
