"""Unit 05 against implementations written apart, straight from the equations: there is no package to compare with.

Loops over anchors and candidates in numpy float64, exact finite worlds enumerated with every draw in order, and the
limits that the theory fixes: tau_plus = 0, collapse, the floor.
"""

import itertools
import math

import numpy as np
import pytest
import torch

from autograder.units.manifest import load_unit


@pytest.fixture(scope="module")
def unit():
    return load_unit("05_debiasing").references()


def random_views(rng, b, d, noise=1.0):
    first = rng.normal(size=(b, d))
    return first * rng.uniform(0.1, 5, size=(b, 1)), (first + noise * rng.normal(size=(b, d))) * rng.uniform(0.1, 5)


def anchors(first, second):
    """For every anchor of the batch: (cosine with its positive, cosines with the 2B - 2 negatives, their indices)."""
    rows = [row / math.sqrt(sum(x * x for x in row)) for row in np.concatenate([first, second])]
    n = len(rows)
    for i in range(n):
        j = (i + n // 2) % n
        others = [k for k in range(n) if k not in (i, j)]
        yield float(np.dot(rows[i], rows[j])), [float(np.dot(rows[i], rows[k])) for k in others], others


def mass_by_hand(own, others, tau_plus, t):
    n = len(others)
    estimate = (sum(math.exp(s / t) for s in others) / n - tau_plus * math.exp(own / t)) / (1 - tau_plus)
    return n * estimate, n * max(estimate, math.exp(-1 / t))


def loss_by_hand(first, second, tau_plus, t):
    losses = []
    for own, others, _ in anchors(first, second):
        numerator = math.exp(own / t)
        losses.append(-math.log(numerator / (numerator + mass_by_hand(own, others, tau_plus, t)[1])))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("seed", range(8))
def test_debiased_loss_and_its_parts_equal_the_equation_in_loops(unit, seed):
    rng = np.random.default_rng(seed)
    b, d = int(rng.integers(2, 8)), int(rng.integers(2, 6))
    tau_plus, t = float(rng.uniform(0, 0.5)), float(rng.uniform(0.15, 1.5))  # on and off the floor
    first, second = random_views(rng, b, d, noise=float(rng.uniform(0.05, 2)))
    value = unit["debiased_loss"](torch.from_numpy(first), torch.from_numpy(second), tau_plus, t)
    assert value.item() == pytest.approx(loss_by_hand(first, second, tau_plus, t), abs=1e-11)

    own, others = zip(*((o, s) for o, s, _ in anchors(first, second)), strict=True)
    arguments = torch.tensor(own, dtype=torch.float64), torch.tensor(others, dtype=torch.float64), tau_plus, t
    raw, kept = zip(*(mass_by_hand(o, s, tau_plus, t) for o, s in zip(own, others, strict=True)), strict=True)
    np.testing.assert_allclose(unit["debiased_negative_mass"](*arguments), kept, rtol=1e-12)
    floor = (2 * b - 2) * math.exp(-1 / t)
    assert float(unit["floor_fraction"](*arguments)) == pytest.approx(np.mean(np.array(raw) <= floor))


def test_gradient_equals_finite_differences_away_from_the_floor(unit):
    rng = np.random.default_rng(0)
    first, second = random_views(rng, 4, 3, noise=1.5)
    tau_plus, t, step = 0.1, 1.0, 1e-6
    x = torch.from_numpy(first).requires_grad_()
    unit["debiased_loss"](x, torch.from_numpy(second), tau_plus, t).backward()
    for i, j in np.ndindex(first.shape):
        up, down = first.copy(), first.copy()
        up[i, j] += step
        down[i, j] -= step
        slope = (loss_by_hand(up, second, tau_plus, t) - loss_by_hand(down, second, tau_plus, t)) / (2 * step)
        assert x.grad[i, j].item() == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("t", [0.05, 0.5, 1.0])
def test_without_a_prior_it_is_nt_xent(unit, t):
    nt_xent = load_unit("01_similarity_losses").references()["nt_xent"]
    x, y = (torch.from_numpy(v).requires_grad_() for v in random_views(np.random.default_rng(1), 6, 4))
    ours, theirs = unit["debiased_loss"](x, y, 0.0, t), nt_xent(x, y, t)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)
    for a, b in zip(torch.autograd.grad(ours, (x, y)), torch.autograd.grad(theirs, (x, y)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)
    assert unit["unbiased_loss"](x, y, torch.arange(6), t).item() == pytest.approx(theirs.item(), rel=1e-12)


@pytest.mark.parametrize("tau_plus", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("t", [0.01, 0.1, 1.0])
def test_collapse_costs_ln_of_the_number_of_candidates(unit, tau_plus, t):
    row = torch.tensor([[0.6, -0.8, 0.3]])
    for b in (2, 8):
        value = unit["debiased_loss"](row.repeat(b, 1).double(), 4 * row.repeat(b, 1).double(), tau_plus, t)
        assert value.item() == pytest.approx(math.log(2 * b - 1), abs=1e-9)


@pytest.mark.parametrize("tau_plus", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("t", [0.01, 0.02, 0.05])
def test_float32_stays_close_to_float64_at_low_temperature(unit, tau_plus, t):
    for seed in range(5):
        x, y = (torch.from_numpy(v).float() for v in random_views(np.random.default_rng(seed), 6, 3))
        exact = unit["debiased_loss"](x.double(), y.double(), tau_plus, t).item()
        x.requires_grad_()
        value = unit["debiased_loss"](x, y, tau_plus, t)
        assert value.item() == pytest.approx(exact, rel=1e-3)
        assert torch.isfinite(torch.autograd.grad(value, x)[0]).all()


def test_unbiased_loss_equals_the_equation_in_loops(unit):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        first, second = random_views(rng, 6, 3)
        labels, t = rng.integers(-1, 2, size=6), float(rng.uniform(0.1, 1))
        losses, y = [], [*labels, *labels]
        for i, (own, others, names) in enumerate(anchors(first, second)):
            kept = [s for s, k in zip(others, names, strict=True) if y[k] != y[i]]
            losses.append(math.log(1 + sum(math.exp((s - own) / t) for s in kept)))
        arguments = torch.from_numpy(first), torch.from_numpy(second), torch.from_numpy(labels), t
        assert unit["unbiased_loss"](*arguments).item() == pytest.approx(np.mean(losses), abs=1e-11)


# --- exact finite worlds ---------------------------------------------------------------------------------------------


def test_the_mass_before_the_floor_is_unbiased_over_all_draws(unit):
    """Two overlapping classes of unequal probability on the circle; N = 2 negatives and one positive, all draws."""
    rho, classes = np.array([0.3, 0.7]), np.array([[0.5, 0.4, 0.1], [0.0, 0.3, 0.7]])
    angles, t = np.array([0.2, 1.4, 1.9]), 1.0
    p, cosines = rho @ classes, np.cos(angles[:, None] - angles)
    for c, x in itertools.product(range(2), range(3)):
        others = 1 - c
        exact = 2 * classes[others] @ np.exp(cosines[x] / t)
        mean = 0.0
        for v, a, b in itertools.product(range(3), repeat=3):
            raw, kept = mass_by_hand(cosines[x, v], [cosines[x, a], cosines[x, b]], rho[c], t)
            if kept == raw:  # the unit's function has no switch for the floor: ask it where the floor is not active
                tensors = (
                    torch.tensor(s, dtype=torch.float64) for s in ([cosines[x, v]], [cosines[x, [a, b]].tolist()])
                )
                assert unit["debiased_negative_mass"](*tensors, float(rho[c]), t).item() == pytest.approx(raw)
            mean += classes[c, v] * p[a] * p[b] * raw
        assert mean == pytest.approx(exact, abs=1e-12)


def plugin_by_hand(rho, classes, z, n):
    """Every ordered draw of (class, anchor, positive, second positive, n negatives)."""
    points, total = range(len(z)), 0.0
    p = [sum(r * row[u] for r, row in zip(rho, classes, strict=True)) for u in points]
    e = [[math.exp(sum(a * b for a, b in zip(z[x], z[u], strict=True))) for u in points] for x in points]
    for c, prior in enumerate(rho):
        minus = [(p[u] - prior * classes[c][u]) / (1 - prior) for u in points]
        for x, plus, v in itertools.product(points, repeat=3):
            weight = prior * classes[c][x] * classes[c][plus] * classes[c][v]
            if weight == 0:
                continue
            target = -math.log(e[x][plus] / (e[x][plus] + sum(m * e[x][u] for u, m in zip(points, minus, strict=True))))
            for chosen in itertools.product(points, repeat=n):
                chance = math.prod(p[u] for u in chosen)
                estimate = (sum(e[x][u] for u in chosen) / n - prior * e[x][v]) / (1 - prior)
                total += weight * chance * (-math.log(e[x][plus] / (e[x][plus] + estimate)) - target)
    return total


def test_plugin_bias_equals_the_sum_over_ordered_draws(unit):
    rho, classes = np.array([0.35, 0.65]), np.array([[0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4]])
    z = 0.5 * np.array([[1.0, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.4, 0.1]])
    for n in (1, 2, 3):
        assert unit["plugin_bias"](rho, classes, z, n) == pytest.approx(plugin_by_hand(rho, classes, z, n), abs=1e-12)


def test_plugin_bias_on_the_audited_world(unit):
    """0.59648, 0.59906, 0.60036, 0.60101 for N = 1, 2, 4, 8 against a target of 0.60178."""
    rho, classes = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    f = np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])
    for n, value in ((1, 0.59648), (2, 0.59906), (4, 0.60036), (8, 0.60101)):
        assert unit["plugin_bias"](rho, classes, 0.4 * f, n) == pytest.approx(value - 0.60178, abs=1.1e-5)
    for scale, n in ((1, 1), (3, 2)):
        with pytest.raises(ValueError, match="logarithm"):
            unit["plugin_bias"](rho, classes, scale * f, n)


def test_the_swapped_prior_gives_no_law_and_raises(unit):
    law = unit["negative_law"]
    quarter, anchor = np.array([0.25, 0.75]), np.array([1.0, 0.0])
    np.testing.assert_allclose(law(quarter, anchor, 0.25, anchor, 0.0), [0, 1])
    np.testing.assert_allclose(law(quarter, anchor, 0.15, anchor, 0.1), [0, 1])
    with pytest.raises(ValueError, match="-2"):
        law(quarter, anchor, 0.75, anchor, 0.0)
    with pytest.raises(ValueError, match=r"-1\.5"):
        law(np.array([0.2, 0.8]), anchor, 0.2**2 + 0.8**2, anchor, 0.0)
