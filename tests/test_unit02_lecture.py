"""Unit 02: the numbers that its lecture stores, the claims that its questions make, and worlds returned against weights."""

from __future__ import annotations

import ast
import time

import jupytext
import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import ROOT, load_unit
from course import worlds
from course.check._weights import excess, largest_excess
from tests.test_lectures_hold_no_answer import functions

SLUG = "02_latent_classes"
UNIT = load_unit(SLUG)
R = UNIT.references()
LN2 = np.log(2)
HALVES = np.kron(np.eye(2), [[0.5, 0.5]])


def stored(*names):
    """Literal values that the lecture's cells give to these names, and arrays made of literals."""
    found = {}
    for cell in jupytext.read(ROOT / "lectures" / f"{SLUG}.py").cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
                value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
                found.setdefault(node.targets[0].id, ast.literal_eval(value))
    return [found[name] for name in names]


def ladder(args):
    return [np.atleast_1d(line) for line in R["ladder_curl"](*args)]


def test_the_ladders_of_the_lecture_are_those_of_the_reference():
    rho, laws, points, small, constant = stored("rho", "laws", "points", "small", "constant")
    exact = ladder(tuple(map(np.array, (rho, laws, points))))
    also = ladder(worlds.class_constant_world(np.random.default_rng(1), 3, 6, 2, 1.2))
    for kept, lines in ((small, exact), (constant, also)):
        for line, terms in zip(kept, lines, strict=True):
            assert np.allclose(np.atleast_1d(line), terms, atol=1e-4)
    assert exact[0] - exact[1].sum() == pytest.approx(0.1126, abs=5e-5)


@pytest.mark.parametrize(("place", "spread"), [(1, 0.3), (1.1, 0.55), (0.4, 0.3), (2, 1)])
def test_the_world_by_hand_agrees_with_the_reference(place, spread):
    z = np.array([[place + spread], [place - spread], [-place + spread], [-place - spread]])
    exact = [R[name](np.array([0.5, 0.5]), HALVES, z) for name in ("unsupervised_loss", "mean_classifier_loss")]
    assert functions(SLUG)["two_pairs"](place, spread) == pytest.approx(exact, abs=1e-12)


def test_blocks_of_one_point_are_the_contrastive_loss():
    blocks = functions(SLUG)["blocks_of_pairs"]
    exact = R["unsupervised_loss"](np.array([0.5, 0.5]), HALVES, np.array([[2.0], [0.0], [0.0], [-2.0]]))
    assert blocks(1, False) == pytest.approx(exact, abs=1e-12)
    assert blocks(1, True) == pytest.approx(exact, abs=1e-12)


def test_the_pairs_without_replacement_have_the_stored_target():
    z = np.array([[0.05, 99.99], [-0.05, 100.01], [100.0, 100.0], [100.0, 100.0]])
    assert R["mean_classifier_loss"](np.array([0.5, 0.5]), HALVES, z) / 2 + LN2 / 2 == pytest.approx(0.9733, abs=5e-5)


def mistakes(rho, classes, z):
    """Share of mistakes of the mean classifier, ties included: halves inside a task."""
    scores = z @ (classes @ z).T
    wrong = np.einsum("cx,xce->ce", classes, scores[:, :, None] <= scores[:, None, :])
    tasks = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return (tasks * wrong).sum() / tasks.sum()


def test_the_claim_of_proof_error_holds_and_a_false_line_would_break_it():
    rng, broken = np.random.default_rng(0), 0
    for scale in np.geomspace(0.05, 3, 300):
        rho, classes, z = worlds.random_world(rng, 3, 5, 2, scale)
        tau, loss, err = (rho**2).sum(), R["unsupervised_loss"](rho, classes, z), mistakes(rho, classes, z)
        assert loss >= LN2 * (tau + (1 - tau) * err) - 1e-12
        broken += loss < tau + (1 - tau) * err  # with 1 in place of ln 2
    assert broken > 20
    assert mistakes(rho, classes, 0 * z) == pytest.approx(1)  # and there the claim is an equality


def test_what_derive_noisy_pairs_asks_for_is_true():
    rng = np.random.default_rng(1)
    for scale in np.geomspace(0.05, 2, 100):
        rho, classes, z = worlds.random_world(rng, 3, 5, 2, scale)
        eps, tau, negatives = rng.uniform(0, 1), (rho**2).sum(), rho @ classes
        inner = z @ z.T
        independent = np.einsum(
            "x,y,k,xyk->", negatives, negatives, negatives, np.logaddexp(0, inner[:, None] - inner[:, :, None])
        )
        assert independent >= LN2 - 1e-12
        noisy = (1 - eps) * R["unsupervised_loss"](rho, classes, z) + eps * independent
        wrong = eps + (1 - eps) * tau
        assert noisy >= (1 - wrong) * R["mean_classifier_loss"](rho, classes, z) + wrong * LN2 - 1e-12


def weights_verdict(function, seed=0):
    return evaluate(UNIT.exercise("counterexample_weights"), R["counterexample_weights"], function, seed)


def padded(points, dimensions):
    """The reference's world, every point repeated and coordinates filled up with zeros."""

    def function(rho):
        classes, z = R["counterexample_weights"](rho)
        copies = points // len(rho)
        wide = np.pad(np.repeat(z, copies, axis=0), ((0, 0), (0, dimensions - z.shape[1])))
        return np.repeat(classes, copies, axis=1) / copies, wide

    return function


def test_a_world_of_the_allowed_size_passes_and_a_larger_one_costs_nothing():
    assert weights_verdict(padded(40, 20)).status == "pass"
    for points, dimensions in ((45, 8), (40, 21), (4000, 8)):
        started = time.process_time()
        assert weights_verdict(padded(points, dimensions)).status != "pass"
        assert time.process_time() - started < 5


@pytest.mark.parametrize("change", [lambda z: z * np.nan, lambda z: z.astype(str), lambda z: z[:-1], lambda z: 0 * z])
def test_what_is_no_world_or_refutes_nothing_is_refused(change):
    def function(rho):
        classes, z = R["counterexample_weights"](rho)
        return classes, change(z)

    assert weights_verdict(function).status != "pass"


def test_no_world_is_more_false_than_the_two_extreme_weights_say():
    """sup of the excess: (max - min) / (max + min), approached by the reference and passed by no random world."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        rho, classes, z = worlds.random_world(rng, int(rng.integers(2, 6)), 7, 2, float(rng.choice([0.3, 3.0, 100.0])))
        assert excess(rho, classes, z) <= largest_excess(rho) + 1e-12
    assert excess(rho, *R["counterexample_weights"](rho)) == pytest.approx(largest_excess(rho), rel=1e-4)


def test_a_world_whose_margins_are_rounding_is_not_evaluated():
    """All points at one place, so far out that products of equal rows differ: either side is an accident."""

    def function(rho):
        R["counterexample_weights"](rho)  # refuses what it must
        return np.eye(len(rho)), np.full((len(rho), 20), 1e9 / 3)

    row = next(row for row in weights_verdict(function).parts if not row.ok)
    assert "at most 100000 in absolute value" in row.public


def test_a_statement_with_halves_is_never_taken_for_refuted():
    """Equality worlds of the true lemma at sizes where rounding is large: the right side exceeds by rounding only."""

    def function(rho):
        classes, z = R["counterexample_weights"](rho)
        z[np.argmin(rho)] = z[np.argmax(rho)]  # both pay the same: weights play no role
        return classes, z

    assert weights_verdict(function).status != "pass"
