"""Only what every machine agrees on is stored: toy functions whose answers rest on rounding, and such whose do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from autograder.publish.public import _offered, sure
from autograder.publish.rounding import OtherRounding, other_lapack
from course.check.call import call
from course.check.case import Case, bad_input
from course.check.judge import PublicCheck, judge
from course.check.naming import ANSWERED, UNDEFINED, Belief

X = np.array([[0.3, 0.7, 0.1], [0.2, 0.9, 0.6], [0.5, 0.4, 0.8]])
CASE = Case("a 3 x 3 matrix", (X,))


def right(x):
    return (x @ x.T).sum()


def rounded_zero(x):
    """0, or a last digit, depending on the machine's exp and log."""
    return np.exp(np.log(x)) - x


BY_ROUNDING = {
    "the sign of a rounded zero": lambda x: np.sign(rounded_zero(x)),
    "NaN or not by a rounded zero": lambda x: np.sqrt(rounded_zero(x).sum()),
    "an eigenvector inside a tie": lambda x: np.linalg.eigh((1 - np.eye(3)) * x[0, 0] / 0.3 * x[0, 1] / 0.7)[1][0, 0],
    "the sign of an eigenvector": lambda x: np.linalg.eigh(x + x.T)[1][0, 0],
    "the signs of what an eigenvector should not have": lambda x: (
        np.linalg.eigh(np.kron(np.diag([1.0, 2.0]), x + x.T))[1] > 0
    ),
    "the sign of a singular vector": lambda x: np.linalg.svd(x)[0][0, 0],
    "whether an eigenvalue is below 1": lambda x: np.linalg.eigvalsh(np.ones((4, 4)) / x[0, 0] * x[0, 0] / 4)[-1] < 1,
    "a rank inside a tie": lambda x: float(np.argmin((x / 3 * 3 - x).ravel())),
    "three tolerances from the right answer": lambda x: right(x) + 6e-9 * 4,
    "an error by rounding": lambda x: 1 / 0 if np.log(x).sum() * 2**50 % 2 < 1 else 1.0,
}
SURE = {
    "twice": lambda x: 2 * right(x),
    "another shape": lambda x: x.sum(axis=0),
    "an int": lambda x: 5,
}


@pytest.mark.parametrize("name", BY_ROUNDING)
def test_an_answer_that_rests_on_rounding_is_not_stored(name):
    assert sure(BY_ROUNDING[name], CASE, call(right, CASE)) is None


@pytest.mark.parametrize("name", SURE)
def test_a_sure_answer_is_stored_as_it_is(name):
    found = sure(SURE[name], CASE, call(right, CASE))
    assert np.array_equal(found.value, call(SURE[name], CASE).value)


def test_the_right_answer_and_one_that_has_no_value_are_stored_as_such():
    wanted = call(right, CASE)
    assert sure(lambda x: np.einsum("ij,kj->", x, x), CASE, wanted) is wanted
    assert sure(lambda x: x / 0.0, CASE, wanted) is UNDEFINED
    assert sure(lambda x: np.linalg.cholesky(-np.eye(3)), CASE, wanted) is UNDEFINED


def test_low_precision_is_left_out_of_the_number():
    x = torch.tensor([[0.3, 0.7], [0.2, 0.9]], dtype=torch.float32)
    case = Case("float32", (x,))
    found = sure(lambda x: 3 * x.sum(), case, call(lambda x: x.sum(), case))
    assert found.value == 3 * x.double().sum().item()
    assert sure(lambda x: (x * 1e39).sum() / 1e39, case, call(lambda x: x.sum(), case)) is None


def test_what_is_worked_out_in_single_precision_inside_is_not_stored():
    x = torch.tensor([[0.3, 0.7], [0.2, 0.9]], dtype=torch.float64)
    case = Case("float64", (x,))
    wanted = call(lambda x: x.exp().sum(), case)
    assert sure(lambda x: x.float().exp().sum().double(), case, wanted) is None
    assert sure(lambda x: 2 * x.exp().sum(), case, wanted).value == 2 * x.exp().sum().item()


def test_another_machine_rounds_sums_otherwise_and_counts_alike():
    x = torch.linspace(0.1, 0.9, 99)
    with OtherRounding(torch.Generator().manual_seed(0)):
        assert len({x.sum().item() for _ in range(20)}) > 1
        assert {(x > 0.5).sum().item() for _ in range(20)} == {49}
        assert {torch.ones(7).sum().item() for _ in range(20)} == {7.0}


def test_another_lapack_gives_other_signs_and_other_last_digits_of_the_largest():
    two_parts = np.kron(np.eye(2), X + X.T)
    rng, digits = np.random.default_rng(0), 8 * np.finfo(float).eps  # twice the most: eigvalsh is not eigh
    values, vectors = np.linalg.eigh(two_parts)
    with other_lapack(rng):
        drawn = [np.linalg.eigh(two_parts) for _ in range(20)]
        singular = [np.linalg.svd(X) for _ in range(20)]
        lengths = [(np.linalg.svd(X, compute_uv=False), np.linalg.eigvalsh(two_parts)) for _ in range(20)]
    for found in (*drawn, *((each, None) for _, each in lengths)):
        np.testing.assert_allclose(found[0], values, rtol=0, atol=digits * values[-1])
    for found in drawn:
        np.testing.assert_allclose(np.abs(found.eigenvectors), np.abs(vectors), rtol=0, atol=digits)
    for u, s, vh in singular:
        np.testing.assert_allclose(u * s @ vh, X, rtol=0, atol=1e-14)
    assert {np.sign(found.eigenvectors[0, 0]) for found in drawn} == {-1.0, 1.0}
    assert {np.sign(u[0, 0]) for u, _, _ in singular} == {-1.0, 1.0}
    assert len({found.eigenvalues[0] for found in drawn}) > 1 < len({found[0][0] for found in lengths})
    assert np.array_equal(np.linalg.eigh(two_parts).eigenvectors, vectors), "the patch outlived its block"


def test_where_a_call_must_raise_only_a_sure_answer_is_told():
    case = bad_input("must raise", X)

    def refuse(x):
        raise ValueError

    wanted = call(refuse, case)
    assert sure(refuse, case, wanted) is wanted
    assert sure(lambda x: x * np.nan, case, wanted) is ANSWERED
    assert sure(BY_ROUNDING["the sign of a rounded zero"], case, wanted) is ANSWERED
    assert sure(lambda x: x.nothing, case, wanted) is ANSWERED
    assert np.array_equal(sure(lambda x: 2 * x, case, wanted).value, 2 * X)


def test_a_belief_that_would_be_named_for_another_is_not_offered():
    cases = [CASE, replace(CASE, label="another", args=(X + 0.1,))]
    expected = [call(right, case) for case in cases]
    functions = [lambda x: 2 * right(x), lambda x: right(x) * (2 + 1e-8), lambda x: 3 * right(x)]
    beliefs = [
        Belief(name, "", (), tuple(call(f, case) for case in cases))
        for name, f in zip(("doubled", "nearly doubled", "tripled"), functions, strict=True)
    ]
    known = PublicCheck("f", cases, expected, beliefs)
    offered = _offered(known, functions, [[call(function, case) for case in cases] for function in functions])
    assert [belief.name for belief in offered] == ["tripled"]
    for function, name in zip(functions, ("twice", "twice", "tripled"), strict=True):  # as any function that doubles
        actual = [call(function, case) for case in cases]
        assert judge("f", cases, expected, actual, offered).misconception == name
