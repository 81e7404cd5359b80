"""Unit 04: values of the new theorems, the slips that they were found with, and what counterexamples must refute."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from autograder.units.u04_mutual_information.formulas import information, log_of_sum, spreads
from course.check._repeated import both_sides, problem

UNIT = load_unit("04_mutual_information")
R = UNIT.references()
RHO = np.array([0.2, 0.3, 0.5])
BITS = np.array([[0.4, 0.1], [0.1, 0.4]])
THREE = np.array([[0.3, 0.1, 0.0], [0.05, 0.2, 0.05], [0.0, 0.1, 0.2]])


@pytest.mark.parametrize(
    ("joint", "share", "value"),
    [
        (BITS, 0.9, 17.498129078902),
        (np.eye(4) / 4, 0.5, 2.0),
        (np.eye(4) / 4, 0.9, 19.175071876618),
        (np.diag([0.5, 0.25, 0.25]), 0.5, 1.778244935663),
        (THREE, 0.75, 5.641589106183),
    ],
)
def test_negatives_enough(joint, share, value):
    assert R["negatives_enough"](joint, share, by_proof=True) == pytest.approx(value, abs=1e-9)


def test_the_theorem_needs_more_where_the_anchors_differ():
    assert R["negatives_enough"](THREE, 0.75) == pytest.approx(5.697745848234, abs=1e-9)
    assert R["negatives_enough"](BITS, 0.9) == pytest.approx(17.498129078902, abs=1e-9)


@pytest.mark.parametrize(
    ("loss", "rho", "n", "own", "value"),
    [
        (0.0, (0.5, 0.5), 3, 0, 0.470003629246),
        (0.2, (0.2, 0.3, 0.5), 10, 0, 0.666404772115),
        (0.1, (0.9, 0.1), 1, 0, 0.005947665024),
        (0.5, (0.1,) * 10, 255, 0, 1.768032711487),
        (0.1, (0.9, 0.1), 3, 1, 0.699094845584),
        (0.2, (0.2, 0.3, 0.5), 10, 2, 1.512421540169),
        (0.2, (0.2, 0.3, 0.5), 4, 4, math.log(5) - 0.2),  # as many candidates of one law, whatever the class of y_0
    ],
)
def test_true_negatives_bound(loss, rho, n, own, value):
    assert R["true_negatives_bound"](loss, np.array(rho), n, own) == pytest.approx(value, abs=1e-9)
    if own == 0:
        assert R["true_negatives_bound"](loss, np.array(rho), n) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("function", "args", "slip", "value"),
    [
        ("negatives_enough", (THREE, 0.75, True), "the theorem as it is", 5.697746),
        ("negatives_enough", (THREE, 0.75, True), "chi^2 / (N+1) in place of its logarithm", 6.047994),
        ("negatives_enough", (THREE, 0.75, True), "the share in place of what is missing", 0.963699),
        ("negatives_enough", (THREE, 0.75, True), "candidates counted", 6.641589),
        ("negatives_enough", (THREE, 0.75, True), "second moment without the 1", 15.075013),
        ("negatives_enough", (THREE, 0.75, True), "second moment under the joint", 22.227218),
        ("negatives_enough", (THREE, 0.75, True), "bits", 3.483605),
        ("true_negatives_bound", (0.2, RHO, 10, 2), "at most 1 in the own class", 0.666405),
        ("true_negatives_bound", (0.2, RHO, 10, 2), "all negatives of other classes", 0.689422),
        ("true_negatives_bound", (0.2, RHO, 10, 2), "average inside the logarithm", 1.498104),
        ("true_negatives_bound", (0.2, RHO, 10, 2), "classes count alike", 1.577052),
        ("true_negatives_bound", (0.2, RHO, 10, 2), "the positive not counted", 1.199184),
    ],
)
def test_the_typical_errors_are_the_named_ones(function, args, slip, value):
    wrong = next(m for m in UNIT.exercise(function).misconceptions if m.name == slip)
    assert wrong.load(function)(*args) == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize("n", [300, 1700, 100_000])
def test_a_repeated_negative_claims_too_much(n):
    information, claimed = both_sides(*R["counterexample_repeated"](n), n)
    symbols = round(math.exp(information))
    assert claimed == pytest.approx((1 - 1 / symbols) * math.log(n + 1), abs=1e-3)
    assert claimed > information + math.log(n + 1) / 2


@pytest.mark.parametrize("symbols", [2, 3])
def test_the_copied_bits_of_the_lecture_are_no_answer_for_the_fewest_negatives(symbols):
    assert "not by" in problem((np.eye(symbols) / symbols, 100 * np.eye(symbols)), 300)
    assert problem((np.eye(4) / 4, 100 * np.eye(4)), 300) is None


def test_a_counterexample_is_judged_before_it_is_computed():
    for answer in (None, 3, (np.eye(2) / 2,), (np.eye(30) / 30, np.eye(30)), (np.eye(2), np.eye(2)), ("a", "b")):
        assert isinstance(problem(answer, 300), str)
    assert "scores" in problem((np.eye(2) / 2, np.full((2, 2), np.nan)), 300)


def near_share_1(joint, share, by_proof=False):
    """The theorem's own number by e^gap - 1, which keeps seven digits at share 1 - 1e-9."""
    right = R["negatives_enough"](joint, share, by_proof)  # refuses
    p, chi = spreads(joint)
    return right if by_proof else p @ chi / (math.exp((1 - share) * information(joint)) - 1) - 1


def at_least_one(joint, share, by_proof=False):
    return max(1.0, R["negatives_enough"](joint, share, by_proof))


@pytest.mark.parametrize("answer", [near_share_1, at_least_one])
@pytest.mark.parametrize("seed", range(3))
def test_the_theorem_is_asked_at_both_ends(answer, seed):
    verdict = evaluate(UNIT.exercise("negatives_enough"), R["negatives_enough"], answer, seed, named=False)
    assert 0 <= verdict.score < 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clamped", [True, False])
def test_rounding_decides_nothing_about_pairs_that_coincide(seed, clamped):
    def by_cosine(x, y, alpha=2):
        R["alignment"](x, y, alpha)  # refuses
        squares = 2 - 2 * (x * y).sum(dim=1)
        return (squares.clamp(min=0) if clamped else squares).pow(alpha / 2).mean()

    verdict = evaluate(UNIT.exercise("alignment"), R["alignment"], by_cosine, seed)
    assert verdict.misconception == "a squared distance not quite 0" + ", clamped" * clamped


@pytest.mark.parametrize("seed", range(3))
def test_exponentials_without_room_are_told_nothing_about_a_range(seed):
    def infonce_loss(joint, critic, n_negatives):
        R["infonce_loss"](joint, critic, n_negatives)  # refuses
        with np.errstate(all="ignore"):
            weights = np.exp(critic)
            gaps = np.log(weights[:, None, :] / weights[:, :, None])  # axes x, y, y'
        pairs = [(i, j, log_of_sum(gaps[i, j], joint.sum(axis=0), n_negatives)) for i, j in np.argwhere(joint)]
        return sum(joint[i, j] * loss for i, j, loss in pairs)

    verdict = evaluate(UNIT.exercise("infonce_loss"), R["infonce_loss"], infonce_loss, seed)
    assert verdict.misconception == "scores exponentiated as they are"
