"""The comparator: NaN never passes, broadcasting never passes, neither do lists of the wrong length or other types."""

from __future__ import annotations

import numpy as np
import pytest

from course.check.compare import RULES, compare

A = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        (np.full(3, np.nan), "nonfinite"),
        (np.array([1.0, 2.0, np.nan]), "nonfinite"),
        (np.array([1.0, 2.0, np.inf]), "nonfinite"),
        (np.array(1.0), "shape"),
        (np.array([[1.0, 2.0, 3.0]]), "shape"),
        (np.array([1.0]), "shape"),
        (np.array([1.0, 2.0, 3.1]), "values"),
        (np.array(["1", "2", "3"]), "type"),
        (None, "type"),
        ("text", "type"),
        ({"a": A}, "type"),
        ([np.array(1.0), np.array(2.0)], "shape"),
        ([np.array(1.0), np.array([2.0, 3.0])], "shape"),
    ],
)
def test_wrong_answers_are_told_apart(actual, kind):
    assert compare("close", actual, A, 1e-9).kind == kind


def test_nan_does_not_pass_where_nan_or_infinity_is_expected():
    assert compare("close", np.array(np.nan), np.array(np.nan), 1e-9) is not None
    assert compare("close", np.array(np.nan), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(-np.inf), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(1e308), np.array(np.inf), 1e-9) is not None
    assert compare("close", np.array(np.inf), np.array(np.inf), 1e-9) is None


def test_right_answers_pass_in_other_dtypes_and_containers():
    for actual in (A, A.astype(np.float32), A.astype(int), [np.array(x) for x in A]):
        assert compare("close", actual, A, 1e-9) is None
    assert compare("close", [np.array(1.0), A], [np.array(1.0), A], 1e-9) is None
    assert compare("close", A, [np.array(x) for x in A], 1e-9) is None  # a list is expected, an array came
    assert compare("close", [np.array(1.0)], [np.array(1.0), A], 1e-9) is not None


def test_the_tolerance_is_relative_above_one_and_absolute_below():
    assert compare("close", np.array(1e6 + 1e-4), np.array(1e6), 1e-9) is None
    assert compare("close", np.array(1e6 + 1e-2), np.array(1e6), 1e-9) is not None
    assert compare("close", np.array(1e-12), np.array(0.0), 1e-9) is None


def test_row_constants_are_free_but_minus_infinity_is_not():
    expected = np.array([[0.0, 1.0, -np.inf], [2.0, 0.0, 1.0]])
    shifted = expected + np.array([[5.0], [-3.0]])
    assert compare("row_constant", shifted, expected, 1e-9) is None
    assert compare("row_constant", shifted.T, expected.T, 1e-9) is not None
    assert compare("row_constant", np.where(np.isinf(shifted), -50.0, shifted), expected, 1e-9) is not None
    assert compare("row_constant", shifted * 2, expected, 1e-9) is not None


def test_gram_accepts_rotations_and_nothing_else():
    rng = np.random.default_rng(0)
    z, (q, _) = rng.normal(size=(6, 3)), np.linalg.qr(rng.normal(size=(3, 3)))
    assert compare("gram", z @ q, z, 1e-9) is None
    assert compare("gram", z * 1.01, z, 1e-9) is not None
    assert compare("gram", z[:, :2], z, 1e-9) is not None
    assert compare("gram", z * np.nan, z, 1e-9) is not None


def test_partition_accepts_other_names_only():
    labels = np.array([0, 0, 1, 2, 2])
    assert compare("partition", np.array([7, 7, 1, -3, -3]), labels, 0) is None
    assert compare("partition", np.array([0, 0, 1, 1, 1]), labels, 0) is not None
    assert compare("partition", labels.astype(float), labels, 0) is not None


def test_every_rule_refuses_what_is_no_array():
    for rule in set(RULES) - {"any"}:
        assert compare(rule, "x", np.eye(3), 1e-9) is not None
        assert compare(rule, None, np.eye(3), 1e-9) is not None
