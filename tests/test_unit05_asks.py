"""Unit 05's new results on the lecture's world: M extra positives, the second order, the deciding contestant."""

import math

import numpy as np
import pytest
import torch

from autograder.units.manifest import load_unit
from experiments.debiasing.losses import from_the_class, next_of_class

RHO, CLASSES = np.array([0.4, 0.6]), np.array([[0.5, 0, 0.5, 0], [0, 0.7, 0, 0.3]])
Z = 0.4 * np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])
EXACT = {(4, 1): -0.002583888376, (4, 4): -0.001537847742, (8, 8): -0.000767228855, (1, 16): -0.004861035070}


@pytest.fixture(scope="module")
def unit():
    return load_unit("05_debiasing").references()


@pytest.mark.parametrize(("n", "k"), EXACT)
def test_the_bias_with_extra_positives_is_the_stated_one(unit, n, k):
    assert unit["plugin_bias"](RHO, CLASSES, Z, n, k) == pytest.approx(EXACT[n, k], abs=1e-11)


def test_the_bias_never_falls_with_more_negatives_or_positives(unit):
    bias = {(n, k): unit["plugin_bias"](RHO, CLASSES, Z, n, k) for n in (1, 2, 3, 4) for k in (1, 2, 3, 4)}
    for n, k in bias:
        assert bias[n, k] < 0
        for more in ((n + 1, k), (n, k + 1)):
            assert bias.get(more, 0) > bias[n, k]


def test_the_claim_of_the_proof_holds_on_a_circle():
    """|E floored loss - loss| <= sqrt(Var) / (A + b), where the raw estimate is below b with large probability."""
    t, angles, rho = 0.5, np.array([0.0, 0.5, 1.9, 2.6]), np.array([0.3, 0.7])
    e, b, x, v, own = np.exp(np.cos(angles[:, None] - angles) / t), math.exp(-1 / t), 0, [0, 1], 0.3
    chance = np.outer([0.5, 0.5], rho.repeat(2) / 2).ravel()
    estimate = ((e[x][None, :] - own * e[x, v][:, None]) / (1 - own)).ravel()
    target = e[x, 2:].mean()
    assert chance @ estimate == pytest.approx(target)
    spread = math.sqrt(chance @ (estimate - target) ** 2)
    for plus in v:
        error = chance @ np.log1p(np.maximum(b, estimate) / e[x, plus]) - math.log1p(target / e[x, plus])
        assert 0 < error <= spread / (e[x, plus] + b)


def test_the_extra_positive_is_another_image_of_the_class_and_of_the_other_view(unit):
    labels = torch.tensor([5, 2, 5, 5, 2, 7])
    assert next_of_class(labels).tolist() == [2, 4, 3, 0, 1, 5]
    rng = np.random.default_rng(0)
    first, second = (torch.from_numpy(rng.normal(size=(6, 3))) for _ in range(2))
    z = torch.cat([first, second])
    z = z / z.norm(dim=1, keepdim=True)
    losses = []
    for i in range(12):
        partner, drawn = (i + 6) % 12, next_of_class(labels)[i % 6] + (6 if i < 6 else 0)
        e = torch.exp(z @ z[i] / 0.5)
        mass = (sum(e[k] for k in range(12) if k % 6 != i % 6) - 0.2 * 10 * e[drawn]) / 0.8
        losses.append(math.log1p(max(float(mass), 10 * math.exp(-2)) / float(e[partner])))
    value = from_the_class(unit["debiased_negative_mass"], 0.2)(first, second, labels)
    assert value.item() == pytest.approx(np.mean(losses))
