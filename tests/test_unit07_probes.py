"""Unit 07: what is no linear classifier, no ridge of 0 and no eigenvalue 0 is found out, whatever the seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from autograder.units.u07_linear_probe.theorems import kept, label_energy, spectrum
from course import validate

UNIT = load_unit("07_linear_probe")
SEEDS = (11, 12, 13)


def judged(name, answer, seed):
    return evaluate(UNIT.exercise(name), UNIT.references()[name], answer, seed)


def failing(name, statement, answer, seed):
    """What the property that begins with `statement` says of the answer; None where it holds."""
    (judge,) = [judge for text, judge in UNIT.exercise(name).properties if text.startswith(statement)]
    return judge(answer, np.random.default_rng(seed))


def neighbours(train_z, train_y, test_z):
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(5).fit(train_z, train_y).predict(test_z)


def pairwise(train_z, train_y, test_z):
    from sklearn.svm import SVC

    return SVC(kernel="linear").fit(train_z, train_y).predict(test_z)


def pooled(train_z, train_y, test_z):
    """Nearest class mean after scaling by training and test rows together."""
    rows = np.vstack([train_z, test_z])
    train_z, test_z = ((z - rows.mean(axis=0)) / rows.std(axis=0) for z in (train_z, test_z))
    names = np.unique(train_y)
    means = np.stack([train_z[train_y == name].mean(axis=0) for name in names])
    return names[((test_z[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)]


@pytest.mark.parametrize("seed", range(5))
def test_five_neighbours_are_no_linear_classifier_and_a_linear_kernel_is_one(seed):
    assert "changes back" in failing("linear_probe", "between two classes", neighbours, seed)
    assert failing("linear_probe", "between two classes", pairwise, seed) is None


@pytest.mark.parametrize("seed", range(5))
def test_test_rows_that_share_a_scale_depend_on_each_other(seed):
    assert "one more test row" in failing("linear_probe", "the prediction for a row", pooled, seed)
    assert failing("linear_probe", "the prediction for a row", pairwise, seed) is None


def bound(power, zero):
    """The first (power 1) or second bound, where `zero` says which eigenvalue counts as 0."""

    def answer(joint, y, k):
        validate.joint_law(joint, symmetric=True)
        validate.count(minimum=1, k=k)
        if np.shape(y) != (len(joint),) or np.isnan(y).any() or k >= len(joint):
            raise ValueError(f"y = {y}, k = {k}")
        lam, p = spectrum(joint), joint.sum(axis=1)
        gap = lam[kept(lam, k)]
        top = label_energy(joint, y) if power == 1 else p @ (y - joint @ y / p) ** 2
        return math.inf if zero(gap, top) else top / gap**power

    return answer


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("power", "name"), [(1, "probe_bound"), (2, "probe_bound_second")])
def test_what_counts_as_an_eigenvalue_0_decides_points(power, name, seed):
    def status(zero):
        return judged(name, bound(power, zero), seed).status

    assert status(lambda gap, top: gap <= 1e-10) == "pass"
    assert status(lambda gap, top: np.isclose(gap, 0)) == "fail"
    assert status(lambda gap, top: gap <= 0) == "fail"
    assert status(lambda gap, top: gap <= 1e-10 and top > 1e-12) != "pass"  # constant labels: infinite too


def test_a_tiny_ridge_loses_points_whatever_the_seed():
    def ridge(z, y, weights):
        validate.law(weights, "weights", zeros=True)
        if np.ndim(z) != 2 or not np.shape(y) == np.shape(weights) == np.shape(z)[:1]:
            raise ValueError(f"got shapes {np.shape(z)}, {np.shape(y)}, {np.shape(weights)}")
        if not (np.isfinite(z).all() and np.isfinite(y).all()):
            raise ValueError("not finite")
        rows = np.sqrt(weights)[:, None] * z
        rows = rows / np.maximum(np.linalg.norm(rows, axis=0), 1e-300)
        w = np.linalg.solve(rows.T @ rows + 1e-6 * np.eye(rows.shape[1]), rows.T @ (np.sqrt(weights) * y))
        return np.sum((np.sqrt(weights) * y - rows @ w) ** 2)

    assert all(judged("probe_loss", ridge, seed).status == "fail" for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_standardises_scores_is_not_told_of_an_intercept(seed):
    def standardised(train_z, train_y, test_z):
        if np.ndim(train_z) != 2 or train_z.shape[1:] != test_z.shape[1:] or len(train_y) != len(train_z):
            raise ValueError("shapes")
        if not (np.isfinite(train_z).all() and np.isfinite(test_z).all()):
            raise ValueError("not finite")
        names, target = np.unique(train_y, return_inverse=True)
        train, test = (np.column_stack([z, np.ones(len(z))]) for z in (train_z, test_z))
        scores = test @ np.linalg.lstsq(train, np.eye(len(names))[target], rcond=None)[0]
        return names[((scores - scores.mean(axis=0)) / (scores.std(axis=0) + 1e-9)).argmax(axis=1)]

    verdict = judged("linear_probe", standardised, seed)
    assert (verdict.status, verdict.misconception) == ("fail", "")
