"""The references against independent code: float64 loops written from the equations, and three packages from PyPI."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from autograder.manifest import load_unit

R = load_unit("01_similarity_losses").references()
# float64 sums of at most 60 terms of size 1 to 100: rounding stays below 1e-13
EXACT = 1e-12


def draw(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).requires_grad_(True)


def same_value_and_gradient(f, g, inputs, atol=EXACT):
    a, b = f(*inputs), g(*inputs)
    assert abs(a.item() - b.item()) < atol * max(1, abs(a.item()))
    for x, y in zip(torch.autograd.grad(a, inputs), torch.autograd.grad(b, inputs), strict=True):
        assert torch.allclose(x, y, rtol=0, atol=atol * max(1, x.abs().max().item()))


def loop_nt_xent(view1, view2, temperature):
    """SimCLR's Algorithm 1, index by index."""
    z = [row / row.norm() for row in torch.cat([view1, view2])]
    n, total = len(view1), 0.0
    for i in range(2 * n):
        scores = [torch.dot(z[i], z[k]) / temperature for k in range(2 * n) if k != i]
        total = total + torch.stack(scores).exp().sum().log() - torch.dot(z[i], z[(i + n) % (2 * n)]) / temperature
    return total / (2 * n)


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
@pytest.mark.parametrize(("b", "d"), [(2, 3), (5, 4), (8, 2)])
def test_nt_xent_equals_the_loop(b, d, temperature):
    same_value_and_gradient(
        lambda x, y: R["nt_xent"](x, y, temperature),
        lambda x, y: loop_nt_xent(x, y, temperature),
        [draw(1, b, d), draw(2, b, d)],
    )


@pytest.mark.parametrize("b", [2, 7, 16])
def test_nt_xent_equals_pytorch_metric_learning(b):
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    oracle = losses.SelfSupervisedLoss(losses.NTXentLoss(temperature=0.3), symmetric=True)
    # the package adds a tiny number inside its logarithm, hence 1e-10
    same_value_and_gradient(lambda x, y: R["nt_xent"](x, y, 0.3), oracle, [draw(3, b, 4), draw(4, b, 4)], 1e-10)


@pytest.mark.parametrize("b", [2, 7, 16])
def test_nt_xent_equals_infonce(b):
    infonce = pytest.importorskip("infonce")
    oracle = infonce.InfoNCE(temperature=0.3)
    same_value_and_gradient(
        lambda x, y: R["nt_xent"](x, y, 0.3), lambda x, y: oracle(torch.cat([x, y])), [draw(5, b, 4), draw(6, b, 4)]
    )


@pytest.mark.parametrize(("b", "n"), [(3, 1), (4, 6)])
def test_contrastive_loss_equals_info_nce_pytorch_on_unit_vectors(b, n):
    info_nce = pytest.importorskip("info_nce")
    unit = lambda x: torch.nn.functional.normalize(x, dim=-1)  # noqa: E731  (the package normalises, the course does not)
    same_value_and_gradient(
        lambda a, p, m: R["contrastive_loss"](unit(a), unit(p), unit(m)),
        lambda a, p, m: info_nce.info_nce(a, p, m, temperature=1.0, negative_mode="paired"),
        [draw(7, b, 3), draw(8, b, 3), draw(9, b, n, 3)],
    )


def test_contrastive_loss_equals_the_loop():
    def loop(a, p, m):
        total = 0.0
        for i in range(len(a)):
            top = math.e ** torch.dot(a[i], p[i])
            total = total - torch.log(top / (top + sum(math.e ** torch.dot(a[i], x) for x in m[i])))
        return total / len(a)

    same_value_and_gradient(R["contrastive_loss"], loop, [draw(10, 4, 3), draw(11, 4, 3), draw(12, 4, 5, 3)])


def test_logistic_loss_is_contrastive_loss_with_one_negative():
    a, p, n = draw(13, 6, 4), draw(14, 6, 4), draw(15, 6, 4)
    same_value_and_gradient(R["logistic_loss"], lambda a, p, n: R["contrastive_loss"](a, p, n.unsqueeze(1)), [a, p, n])


def test_hinge_loss_equals_the_loop():
    def loop(a, p, n):
        rows = [max(0.0 * a.sum(), 0.7 - torch.dot(a[i], p[i] - n[i]), key=torch.Tensor.item) for i in range(len(a))]
        return sum(rows) / len(rows)

    same_value_and_gradient(lambda *x: R["hinge_loss"](*x, 0.7), loop, [draw(16, 6, 4), draw(17, 6, 4), draw(18, 6, 4)])


def test_contrastive_gradient_is_the_gradient():
    a, p, m = draw(19, 5, 3), draw(20, 5, 3), draw(21, 5, 4, 3)
    (expected,) = torch.autograd.grad(R["contrastive_loss"](a, p, m), [a])
    with torch.inference_mode():
        assert torch.allclose(R["contrastive_gradient"](a, p, m), expected, rtol=0, atol=EXACT)


def test_the_limits_are_those_of_the_losses():
    same = torch.ones(32, 3, dtype=torch.float64)
    assert abs(R["limit_collapse"] - float(R["nt_xent"](same, same, 0.2))) < EXACT
    simplex = torch.eye(4, dtype=torch.float64) - 0.25
    assert abs(R["limit_minimum"] - float(R["nt_xent"](simplex, simplex, 0.5))) < EXACT
    s = torch.tensor([0.6, 0.9, 0.2, -0.4], dtype=torch.float64)
    loss = lambda t: float(torch.logsumexp(s / t, 0) - s[0] / t)  # noqa: E731
    assert abs(R["limit_cold"] - 1e-3 * loss(1e-3)) < 1e-9
    assert abs(R["limit_hot"] - 1e5 * (loss(1e5) - math.log(4))) < 1e-5  # the next term is of order 1/t
