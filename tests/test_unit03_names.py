"""Unit 03: answers that a check let pass, or did not take, before somebody handed them in; and what free answers are told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from course import validate

UNIT = load_unit("03_many_negatives")


def verdict(name, answer, seed=3):
    return evaluate(UNIT.exercise(name), UNIT.references()[name], answer, seed)


def test_a_constant_that_leaves_out_the_set_of_all_rivals_loses_points():
    def proposition1_best(unsup_loss, n_classes, n_negatives, k, sizes=lambda c: range(1, max(2, c - 1))):
        validate.non_negative(unsup_loss=unsup_loss)
        validate.count(n_negatives=n_negatives, k=k)
        if k + 1 > n_classes:
            raise ValueError(f"k = {k}")
        others, c = n_classes - 1, n_classes
        ratios = [
            (1 - math.comb(others - q, k) / math.comb(others, k)) / (1 - (1 - q / c) ** n_negatives) for q in sizes(c)
        ]
        return max(ratios) * (unsup_loss - c ** -float(n_negatives) * math.log(n_negatives + 1))

    assert verdict("proposition1_best", proposition1_best).misconception == "one set too few"

    def whole(*args):
        return proposition1_best(*args, sizes=lambda c: range(1, c))

    assert verdict("proposition1_best", whole).status == "pass"


@pytest.mark.parametrize(
    ("name", "strict"),
    [
        ("vertex_value", lambda *args: args[0] + args[1] > 1),
        ("ladder_proposition1", lambda *args: bool((np.asarray(args[0]) != np.mean(args[0])).any())),
    ],
)
def test_what_is_bad_only_by_rounding_is_good_input(name, strict):
    right = UNIT.references()[name]

    def answer(*args):
        if strict(*args):
            raise ValueError("no tolerance")
        return right(*args)

    assert verdict(name, answer).status != "pass"
    assert verdict(name, right).status == "pass"


def told(name, answer):
    return " ".join(row.public for row in verdict(name, answer).parts if not row.ok)


def test_a_free_answer_is_told_what_it_lacks():
    """Each of these gives away something else, and is told what."""
    two, law, one_hot = np.array([[1.0, 0.0], [5.0, 3.0]]), np.array([0.5, 0.5]), np.eye(2)
    assert "all embeddings are equal" in told("counterexample_lemma2", lambda: (law, one_hot, 0 * two, 2))
    assert "too few mistakes" in told("counterexample_lemma2", lambda: (law, one_hot, 4 * one_hot, 2))
    assert "miss class 1" in told("counterexample_lemma2", lambda: (law, one_hot, 4 * two, 60))

    def attaining(logit, pair):
        def attaining_world(rho, n_negatives):
            validate.law(rho)
            validate.count(n_negatives=n_negatives)
            c, r = pair(rho)
            z = 20 * np.eye(len(rho))
            z[r, c] = 20 + logit / 20
            return np.eye(len(rho)), z

        return told("attaining_world", attaining_world)

    def by_size(rho):
        return np.argsort(-np.asarray(rho), kind="stable")

    assert "L_sup is nearly 0" in attaining(-400, lambda rho: by_size(rho)[[0, -1]])
    assert "not the most frequent" in attaining(1.0, lambda rho: by_size(rho)[[-1, 0]])
    assert "phi is above" in attaining(4.0, lambda rho: by_size(rho)[[0, -1]])
    assert "phi is below" in attaining(-2.0, lambda rho: by_size(rho)[[0, -1]])
