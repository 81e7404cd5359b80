"""Unit 07: the two bounds at known values, and what a check must see to tell the smallest lost eigenvalue from lambda_{k+1}."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.author.ladders import first_break
from autograder.units.manifest import load_unit
from course.check._probes import wide_gap

UNIT = load_unit("07_linear_probe")
READABLE = np.array(
    [[0.20, 0.06, 0.02, 0.02], [0.06, 0.14, 0.03, 0.02], [0.02, 0.03, 0.10, 0.05], [0.02, 0.02, 0.05, 0.16]]
)
GROUPS = np.array([1.0, 1.0, -1.0, -1.0])


def steps(*q):
    """x uniform on the numbers below len(q), x' = x XOR s with s drawn from q."""
    return np.array([[q[a ^ b] for b in range(len(q))] for a in range(len(q))]) / len(q)


KNOWN = [
    (READABLE, GROUPS, 1, 1.044726259533, 1.153212126756),
    (READABLE, GROUPS, 2, 0.6, 0.380370370370),
    (READABLE, GROUPS, 3, 0.522689470804, 0.288663372970),
    (steps(0, 0.3, 0.3, 0.4), np.array([1.0, -1.0, -1.0, 1.0]), 2, 1.0, 1.0),
    (steps(0.5, 0.1, 0.3, 0.1), np.array([1.0, 1.0, 1.0, -1.0]), 2, 0.625, 0.5625),
]


@pytest.mark.parametrize(("joint", "y", "k", "first", "second"), KNOWN)
def test_both_bounds_at_known_values(joint, y, k, first, second):
    found = UNIT.references()
    assert found["probe_bound"](joint, y, k) == pytest.approx(first, abs=1e-10)
    assert found["probe_bound_second"](joint, y, k) == pytest.approx(second, abs=1e-10)


@pytest.mark.parametrize("size", [0.01, 0.7, 1.0, 1.3, 2.0])
def test_the_first_bound_is_attained_at_every_value_of_the_eigenvalue(size):
    two = np.array([[0.5 - size / 4, size / 4], [size / 4, 0.5 - size / 4]])
    assert UNIT.references()["probe_bound"](two, np.array([1.0, -1.0]), 1) == pytest.approx(1.0, abs=1e-12)


def test_the_loss_lies_between_its_two_sided_bounds():
    z, laplacian = np.sqrt(READABLE.sum(axis=1)), UNIT.references()["laplacian"](READABLE)
    lam, u = np.linalg.eigh(laplacian)
    loss = np.sum((u.T @ (z * GROUPS))[2:] ** 2)
    assert loss == pytest.approx(0.056008153912, abs=1e-10)
    energy, spread = lam @ (u.T @ (z * GROUPS)) ** 2, 1 - (z**2 @ GROUPS) ** 2
    assert (energy - lam[1] * spread) / (lam[3] - lam[1]) == pytest.approx(0.054794681624, abs=1e-10)
    assert (energy - lam[1] * spread) / (lam[2] - lam[1]) == pytest.approx(0.073833633648, abs=1e-10)


@pytest.mark.parametrize("name", ["probe_bound", "probe_bound_second", "ladder_probe"])
def test_every_check_has_an_eigenvalue_above_1_among_the_first_k(name):
    exercise, rng = UNIT.exercise(name), np.random.default_rng(1)
    right = UNIT.references()["laplacian"]

    def dropped(case):
        joint, _, k = case.args
        return np.linalg.eigvalsh(right(joint))[k - 1] > 1.001

    assert sum(dropped(case) for case in exercise.make_cases(rng) if case.part == "values") >= 1


def test_a_graph_that_is_no_counterexample_is_told_why():
    from course import graphs

    def answer(joint, y):
        return wide_gap(lambda k: [joint, y], np.random.default_rng(0))

    y = np.array([1.0, -1.0, 1.0, -1.0])
    assert "the loss of the spectral embedding" in answer(
        graphs.two_cliques(2, loops=True), np.array([1.0, 1.0, -1.0, -1.0])
    )
    assert "the quotient must be" in answer(np.full((4, 4), 1 / 16), y)
    assert "+1 or -1" in answer(np.full((4, 4), 1 / 16), 2 * y)
    assert "must sum to 1" in answer(np.full((4, 4), 1 / 8), y)
    assert "more than k" in answer(np.full((3, 3), 1 / 9), y[:3])
    assert "at most 60" in answer(np.full((61, 61), 1 / 61**2), np.ones(61))
    assert "the pair" in wide_gap(lambda k: 3.0, np.random.default_rng(0))


def test_a_rising_ladder_names_the_line_that_falls_and_the_identity_that_does_not_hold():
    names = ("line 1", "line 2", "line 3")
    assert first_break([1.0, [0.5, 0.5], 2.0], names, {1}, rising=True) is None
    assert first_break([1.0, 0.5, 2.0], names, rising=True) == "line 2 lies below line 1 by 0.5"
    assert first_break([1.0, 1.5, 2.0], names, {1}, rising=True).startswith("line 2 lies above line 1 by 0.5")
