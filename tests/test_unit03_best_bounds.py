"""Unit 03's best bounds: the values that were computed when the theorems were found, and what ties the functions together."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from autograder.units.manifest import load_unit
from autograder.units.u03_many_negatives.theorems import exact_loss, floor, mean_loss
from course import worlds

R = load_unit("03_many_negatives").references()
A, B, EQUAL = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.3]), np.full(10, 0.1)


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("vertex_value", (1 / 3, 1 / 3, 2, 1.0), 0.955701127830),
        ("vertex_value", (1 / 2, 1 / 5, 3, 2.0), 1.620880390197),
        ("vertex_value", (0.1, 0.1, 15, 0.5), 1.165815873331),
        ("vertex_value", (0.2, 0.3, 4, 0.0), 0.490724169001),
        ("vertex_value", (0.3, 0.7, 2, 1000.0), 910.438517224),
        ("lemma2_best", (1.0, A, 2), 1.657971551637),
        ("lemma2_best", (2.0, A, 5), 2.118885531916),
        ("lemma2_best", (1.0, B, 3), 0.654056916738),
        ("lemma2_best", (3.0, EQUAL, 15), 3.040897122877),
        ("lemma2_best", (0.5, np.full(3, 1 / 3), 1), 0.806852819440),
        ("floor_bound", (1.0, 2, 2), 0.568160006330),
        ("floor_bound", (1.0, 3, 4), 0.347760607265),
        ("floor_bound", (2.0, 10, 15), 1.721478338357),
        ("floor_bound", (0.5, 10, 1), 4.306852819440),
        ("floor_bound", (5.0, 1000, 600), 11.081784484949),
        ("proposition1_best", (1.0, 4, 2, 2), 1.419179782032),
        ("proposition1_best", (1.0, 5, 3, 2), 1.056527398623),
        ("proposition1_best", (2.0, 10, 3, 4), 3.277759254840),
        ("proposition1_best", (1.0, 3, 2, 1), 0.987673463916),
        ("proposition1_best", (3.0, 10, 15, 9), 3.777819542443),
        ("sharp_slope", (A, 2), 0.298192332005),
        ("sharp_slope", (A, 5), 0.387410019114),
        ("sharp_slope", (B, 3), 0.414688506893),
        ("sharp_slope", (np.array([0.4, 0.4, 0.2]), 4), 0.429332874068),
        ("sharp_slope", (np.array([0.9, 0.1]), 3), 0.111),
        ("sharp_slope", (np.full(2, 0.5), 2), 0.681213672021),
        ("sharp_slope", (EQUAL, 35), 0.878637910864),
    ],
)
def test_values(name, arguments, wanted):
    assert R[name](*arguments) == pytest.approx(wanted, abs=3e-10, rel=1e-11)


def test_the_constant_survives_rare_classes_and_many_draws():
    rho = np.array([1e-10, 0.4, 0.6 - 1e-10])
    floor_then = floor(np.array([0.4, 0.6]), 3)  # without the rare class
    assert R["lemma2_best"](2.0, rho, 3) * 3e-10 == pytest.approx(2.0 - floor_then, rel=1e-8)
    assert R["lemma2_best"](9.0, A, 10000) < R["lemma2_sharp"](9.0, A, 10000)


@pytest.mark.parametrize("uniform", [True, False])
def test_bounds_hold_and_are_ordered(uniform):
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 7, 25):
        for _ in range(4):
            rho, classes, z = worlds.random_world(rng, 4, 6, 3, rng.uniform(0.2, 2), uniform=uniform)
            loss, supervised = exact_loss(rho, classes, z, n), mean_loss(rho, classes, z)
            best, older = R["lemma2_best"](loss, rho, n), R["lemma2_sharp"](loss, rho, n)
            assert supervised <= best + 1e-9
            assert best <= older + 1e-9
            assert R["sharp_slope"](rho, n) * supervised <= loss - floor(rho, n) + 1e-8
            if uniform:
                assert supervised <= R["floor_bound"](loss, 4, n) + 1e-9
            if n == 1:
                assert best == pytest.approx(older)


def test_lemma_2_keeps_what_its_last_step_allows():
    """By listing all sequences of draws: kept are those that show every class other than the anchor's."""
    for rho, n in ((A, 2), (A, 4), (np.array([0.4, 0.1, 0.2, 0.3]), 3)):
        kept = [0.0] * len(rho)
        for draw in itertools.product(range(len(rho)), repeat=n):
            for c in range(len(rho)):
                kept[c] += rho[list(draw)].prod() * (set(draw) | {c} == set(range(len(rho))))
        assert R["lemma2_bound"](1.0, rho, n, enough=True) == pytest.approx(1 / min(kept))
    assert R["lemma2_bound"](1.0, A, 1, enough=True) == math.inf
    for n in (1, 5):  # two classes: Proposition D's factor
        assert R["lemma2_bound"](1.0, B, n, enough=True) == pytest.approx(1 / (1 - 0.7**n))


@pytest.mark.parametrize("r", [1, 2, 3])
def test_what_a_loss_says_about_mistakes_is_nearly_reached(r):
    """A share of anchors with r rivals level and one class hopeless, all others right for sure: the second number is theirs."""
    rho, missed = np.full(5, 0.2), 0.3
    logits = np.where(np.arange(4) < r, 0.0, -50.0)  # of the four rivals
    supervised = missed * np.logaddexp.reduce([0.0, *logits])
    loss = math.log(2) * rho @ rho + rho.min() * supervised
    assert R["lemma1_sharp"](loss, rho) == pytest.approx(supervised)
    assert R["lemma1_sharp"](loss, rho, r) == pytest.approx(missed)
    assert R["lemma1_sharp"](loss, rho, 5) == 0


def test_the_best_slope_is_attained():
    for rho, n in ((np.full(4, 0.25), 3), (np.array([0.2, 0.5, 0.3]), 5)):
        classes, z = R["attaining_world"](rho, n)
        above = exact_loss(rho, classes, z, n) - floor(rho, n)
        assert R["sharp_slope"](rho, n) * mean_loss(rho, classes, z) / above == pytest.approx(1, abs=1e-3)


def test_the_ends_of_proposition_1():
    for c, n in ((4, 2), (10, 15), (6, 1)):
        uniform = np.full(c, 1 / c)
        assert R["proposition1_best"](2.0, c, n, 1) == pytest.approx(R["proposition1_bound"](2.0, c, n, 1))
        assert R["proposition1_best"](2.0, c, n, c - 1) == pytest.approx(R["lemma2_sharp"](2.0, uniform, n))


def test_the_ladder_ends_where_the_bound_begins():
    rho, classes, z = worlds.random_world(np.random.default_rng(4), 3, 5, 2, 1.0)
    lines = R["ladder_vertex"](rho, classes, z, 3)
    total = float(np.sum(lines[3]))
    factor = 1 - (1 - rho.min()) ** 3
    assert R["lemma2_best"](lines[0], rho, 3) == pytest.approx(mean_loss(rho, classes, z) + (lines[0] - total) / factor)
    assert not math.isclose(float(np.sum(lines[1])), float(np.sum(lines[2])))
