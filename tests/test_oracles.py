"""The references against independent code: float64 loops written from the equations, and three packages from PyPI."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.units.manifest import load_unit

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
    fallen = torch.eye(4, dtype=torch.float64).repeat(8, 1)
    assert abs(R["limit_collapse"] - float(R["nt_xent"](fallen, fallen, 0.5))) < EXACT
    simplex = F.normalize(torch.eye(4, dtype=torch.float64) - 0.25, dim=1)
    cosines = simplex @ simplex.T
    bare = math.log(2 * float(torch.exp(cosines[0, 1:] / 0.5).sum())) - 1 / 0.5
    assert abs(R["limit_minimum"] - bare) < EXACT
    tied, hot = ([0.6, 0.9, 0.9, 0.2, -0.4], [0.6, 0.9, 0.2, -0.4])
    loss = lambda s, t: float(torch.logsumexp(torch.tensor(s, dtype=torch.float64) / t, 0) - s[0] / t)  # noqa: E731
    assert abs(R["limit_cold"] - (loss(tied, 1e-3) - 0.3 / 1e-3)) < 1e-9
    first = np.mean(hot) - hot[0]
    assert (
        abs(R["limit_hot"] - 1e6 * (loss(hot, 1e3) - math.log(4) - first / 1e3)) < 1e-3
    )  # the next term is of order 1/t


def test_the_smallest_batch_attains_the_smallest_loss():
    for n, d in ((2, 1), (3, 2), (7, 9), (40, 39)):
        for t in (0.1, 0.5):
            least = math.log1p(2 * (n - 1) * math.exp(-n / ((n - 1) * t)))
            assert abs(float(R["nt_xent"](*R["simplex_batch"](n, d), t)) - least) < EXACT


def test_nt_xent_gradient_is_the_gradient():
    a, p = draw(30, 5, 3).detach().requires_grad_(), draw(31, 5, 3).detach().requires_grad_()
    expected = torch.cat(torch.autograd.grad(R["nt_xent"](a, p, 0.3), [a, p]))
    with torch.inference_mode():
        found = R["nt_xent_gradient"](a.detach(), p.detach(), 0.3)
    assert torch.allclose(found, expected, rtol=0, atol=EXACT)


def test_scores_below_chance_rank_the_positive_last_but_one():
    for n, lead in ((2, 0.69), (10, 0.1), (500, 0.002)):
        scores = np.asarray(R["counterexample_chance"](n, lead))
        assert np.logaddexp.reduce(scores) - scores[0] < math.log(n + 1)
        assert (scores > scores[0]).sum() == n - 1
    with pytest.raises(ValueError, match="chance"):
        R["counterexample_chance"](10, math.log(10 / 9))


def test_the_loss_per_negative_does_not_rise():
    """The claim of `proof_per_negative`, exactly, where y takes two values."""
    for low, high, chance in ((0.1, 3.0, 0.3), (0.0, 50.0, 0.01), (0.9, 1.1, 0.5)):
        losses = [
            sum(
                math.comb(n, m) * chance**m * (1 - chance) ** (n - m) * math.log1p(m * high + (n - m) * low)
                for m in range(n + 1)
            )
            for n in range(1, 30)
        ]
        shares = [loss / n for n, loss in enumerate(losses, 1)]
        assert all(after <= before for before, after in itertools.pairwise(shares))
