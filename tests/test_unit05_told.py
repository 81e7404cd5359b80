"""Unit 05: plausible wrong answers that once passed, or were told a belief that they did not hold."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from autograder.units.u05_debiasing.compare_debiasing import losses, other_step, slope
from course import validate
from course.training import make_encoder
from course.views import batches


@pytest.fixture(scope="module")
def unit():
    return load_unit("05_debiasing")


def verdict(unit, name, answer, seed=11):
    return evaluate(unit.exercise(name), unit.references()[name], answer, seed)


def loose_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0, *, bounded=True, same_shape=True, scale=1.0, idle=True):
    if p_sister is None:
        p_sister, sigma = p_plus, 0.0 if idle else sigma
    for law in (p, p_plus, p_sister):
        validate.law(law, "a law", zeros=True)
    if not (0 <= tau_plus < 1 and 0 <= sigma < 1) or (bounded and tau_plus + sigma >= 1):
        raise ValueError("priors")
    if same_shape and not len(p) == len(p_plus) == len(p_sister):
        raise ValueError("shapes")
    law = (p - tau_plus * p_plus - sigma * p_sister) / np.float64(1 - tau_plus - sigma)
    if law.min() < -1e-9 * scale:
        raise ValueError("no world")
    return np.maximum(law, 0)


@pytest.mark.parametrize("slip", [{"bounded": False}, {"same_shape": False}, {"scale": 2.0}, {"idle": False}])
def test_a_negative_law_without_one_of_its_checks_loses_points(unit, slip):
    assert verdict(unit, "negative_law", loose_law).status == "pass"
    result = verdict(unit, "negative_law", lambda *args, **kwargs: loose_law(*args, **kwargs, **slip))
    assert result.status != "pass"
    assert result.misconception or result.hints


def test_a_mask_that_the_positive_can_reach_is_told(unit):
    def answer(view1, view2, labels, temperature=0.5, mask=-1e4):
        validate.batch(view1=view1, view2=view2)
        validate.positive(temperature=temperature)
        if len(view1) < 2 or labels.shape != (len(view1),):
            raise ValueError("shapes")
        z, y, n = F.normalize(torch.cat([view1, view2]), dim=1), torch.cat([labels, labels]), 2 * len(view1)
        partner = torch.arange(n).roll(n // 2)
        gone = y[:, None] == y
        gone[torch.arange(n), partner] = False
        return F.cross_entropy((z @ z.T / temperature).masked_fill(gone, mask), partner)

    assert verdict(unit, "unbiased_loss", lambda *a, **k: answer(*a, **k, mask=-torch.inf)).status == "pass"
    assert "-1e4" in verdict(unit, "unbiased_loss", answer).belief


def test_overflow_in_the_masses_is_not_told_to_be_in_the_prior(unit):
    def answer(pos_sim, neg_sim, tau_plus, temperature):  # anchors whose gradient by the negatives is 0
        unit.references()["debiased_negative_mass"](pos_sim, neg_sim, tau_plus, temperature)
        neg = neg_sim.detach().clone().requires_grad_()
        own, least = torch.exp(pos_sim / temperature), math.exp(-1 / temperature)
        mass = (torch.exp(neg / temperature).mean(dim=1) - tau_plus * own) / (1 - tau_plus)
        torch.log1p(neg.shape[1] * mass.clamp(min=least) / own).sum().backward()
        return float((neg.grad.abs().sum(dim=1) == 0).double().mean())

    result = verdict(unit, "floor_fraction", answer)
    assert result.status != "pass"
    assert "prior" not in result.belief


def test_an_audited_run_is_told_which_loss_its_first_step_followed():
    images, labels, seed = torch.rand(34, 1, 10, 11), torch.arange(34) % 5, 3
    before = {key: value.detach().double() for key, value in make_encoder(images.shape[1:], seed).named_parameters()}
    batch = next(batches(images, labels, seed, 1))
    for name, loss in losses().items():
        step = -slope(loss, before, batch)
        for other in set(losses()) - {name}:
            assert f"the {name} loss at the same place" in other_step(other, step, before, images, labels, seed)
        assert "raised" in other_step(name, -step, before, images, labels, seed)
