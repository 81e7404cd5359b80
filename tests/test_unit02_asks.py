"""Unit 02: careless answers that once passed lose points, and typical ones are told the belief that they have."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from autograder.units.u02_latent_classes.formulas import distinct, own_losses
from course import validate

UNIT = load_unit("02_latent_classes")
R = UNIT.references()


def verdict(name, answer):
    return evaluate(UNIT.exercise(name), R[name], answer, 3)


def overflowing_ladder(rho, classes, z):
    validate.world(rho, classes, z)
    means, tau = classes @ z, rho @ rho
    if len(rho) < 2:
        raise ValueError("one class")
    with np.errstate(all="ignore"):
        own = np.array(
            [[d @ np.log(1 + np.exp(z @ (e - m))) for e in means] for d, m in zip(classes, means, strict=True)]
        )
    table = np.outer(rho, rho) * own
    rest = (distinct(rho) * own).sum(axis=1)
    return [
        R["unsupervised_loss"](rho, classes, z),
        table.sum(axis=1),
        [tau * np.log(2), *rest],
        [rest.sum(), tau * np.log(2)],
    ]


def rare_points_refused(rho, classes=None):
    if classes is not None and (rho @ classes).min() < 1e-6:
        raise ValueError("no anchor")
    return R["collision_probability"](rho, classes)


def told_apart_by_embedding(rho, classes, z, redraw=False):
    validate.world(rho, classes, z)
    law, inner = rho @ classes, z @ z.T
    if redraw and law.max() > 1 - 1e-12:
        raise ValueError("one point")
    left = (z[:, None] != z).any(axis=2) if redraw else np.ones_like(inner)
    negatives = left * law / (left @ law)[:, None]
    losses = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    return np.einsum("xy,xk,xyk->", R["similar_pairs"](rho, classes), negatives, losses)


def large_spreads_refused(r):
    if r > 10:
        raise ValueError("too far")
    return R["counterexample_dream"](r)


@pytest.mark.parametrize(
    ("name", "answer", "belief"),
    [
        ("ladder_curl", overflowing_ladder, "line 2: exponential overflows"),
        ("collision_probability", rare_points_refused, ""),
        ("unsupervised_loss", told_apart_by_embedding, "redraw: points told apart by their embedding"),
        ("counterexample_dream", large_spreads_refused, ""),
    ],
)
def test_a_careless_answer_loses_points(name, answer, belief):
    found = verdict(name, answer)
    assert found.status != "pass"
    assert found.misconception == belief


def only_second_drawn_again(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    chances = distinct(rho) / (1 - rho)[:, None]
    own = own_losses(classes, z)
    return (chances * (own + own.T) / 2).sum()


def other_classes_only(rho, classes, z, redraw=False):
    """Negatives of other classes; with redraw their point is drawn again inside its class."""
    validate.world(rho, classes, z)
    inner, found = z @ z.T, 0.0
    if redraw and (rho @ classes).max() > 1 - 1e-12:
        raise ValueError("one point")
    losses = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    for a, b in np.argwhere(distinct(rho)):
        negatives = np.tile(classes[b], (len(z), 1)) * (1 - redraw * np.eye(len(z)))
        negatives /= np.maximum(negatives.sum(axis=1, keepdims=True), 1e-300)
        found += rho[a] * rho[b] * np.einsum("x,y,xk,xyk->", classes[a], classes[a], negatives, losses)
    return found / max(distinct(rho).sum(), 1e-300)


@pytest.mark.parametrize(
    ("name", "answer", "belief"),
    [
        (
            "mean_classifier_loss",
            only_second_drawn_again,
            "second class drawn given the first, both classes shown",
        ),
        ("unsupervised_loss", other_classes_only, "negatives from other classes only"),
    ],
)
def test_a_belief_is_named_however_it_is_combined(name, answer, belief):
    assert verdict(name, answer).misconception == belief


def kept_off_the_positive(rho, classes, z, redraw=False):
    validate.world(rho, classes, z)
    law, inner = rho @ classes, z @ z.T
    if redraw and law.max() > 1 - 1e-12:
        raise ValueError("one point")
    left = 1 - redraw * np.eye(len(z))  # axes: positive, negative
    negatives = left * law / (left @ law)[:, None]
    losses = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    return np.einsum("xy,yk,xyk->", R["similar_pairs"](rho, classes), negatives, losses)


def uniform_among_the_others(rho, classes, apart=False):
    validate.world(rho, classes)
    if apart and len(rho) < 2:
        raise ValueError("one class")
    return ((1 - rho) / (len(rho) - 1) if apart else rho) @ classes


def probability_of_the_point(rho, classes=None):
    R["collision_probability"](rho, classes)  # refuses what is no world
    return rho @ rho if classes is None else rho @ classes


@pytest.mark.parametrize(
    ("name", "answer", "false"),
    [
        ("unsupervised_loss", kept_off_the_positive, "compared with the positive as well"),
        ("negatives_law", uniform_among_the_others, "by the share 1 - rho_c of its negatives that survives"),
        ("collision_probability", probability_of_the_point, "class of the anchor has the probability"),
    ],
)
def test_answers_that_two_beliefs_give_are_told_what_both_say(name, answer, false):
    found = verdict(name, answer)
    assert found.belief
    assert false not in found.belief
