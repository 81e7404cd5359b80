"""Requirements: what they refuse, what they let pass, and the bad inputs that they bring."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder.author import (
    batch,
    candidates,
    count,
    joint_law,
    law,
    loss,
    needs,
    non_negative,
    per_node,
    positive,
    world,
)
from tests.line_exercise import line


def graph():
    joint = np.array([[0.1, 0.1, 0.05], [0.1, 0.1, 0.1], [0.05, 0.1, 0.3]])
    return joint / joint.sum()


TENSORS = [torch.ones(3, 2), torch.ones(3, 2), torch.ones(3, 4, 2)]
WORLD = [np.full(3, 1 / 3), np.full((3, 4), 0.25), np.ones((4, 2))]
REQUIREMENTS = [
    (non_negative("x"), "x", [1.0], "x -0.5; x NaN"),
    (positive("t"), "t", [1.0], "t 0; t -0.5; t NaN"),
    (loss("value"), "value", [1.0], "a negative loss; a loss that is NaN"),
    (count("n", "N", 2.5, minimum=2), "n", [3], "N = 1; N = 2.5"),
    (law("rho"), "rho", WORLD[:1], "rho sums to 0.9; rho sums to 1.1; rho has a zero"),
    (law("p", zeros=True), "p", WORLD[:1], "p sums to 0.9; p sums to 1.1"),
    (
        world(z="z"),
        "rho classes z",
        WORLD,
        "rho sums to 0.9; rho sums to 1.1; rho has a zero; a row of classes sums to 0.9; a row of classes sums to 1.1; "
        "rho and classes of different C; NaN in classes; z has too few rows; NaN in z",
    ),
    (
        joint_law("joint", symmetric=True),
        "joint",
        [graph()],
        "joint sums to 0.9; joint sums to 1.1; a negative entry in joint; NaN in joint; joint is not symmetric; "
        "joint is not square; an isolated node",
    ),
    (
        per_node("joint", y="y", part="the parts"),
        "joint y part",
        [graph(), np.ones(3), np.array([0, 1, 1])],
        "y too short; y too long; y of length 1; NaN in y; the parts too short; the parts too long; the parts of length 1",
    ),
    (
        batch(a="the anchor", p="the positive", minimum=2),
        "a p",
        TENSORS[:2],
        "batch sizes that differ; dimensions that differ; B = 1; an empty batch; NaN in the anchor; NaN in the positive",
    ),
    (
        candidates("a", n="the negatives"),
        "a n",
        [TENSORS[0], TENSORS[2]],
        "N = 0; n of another batch size; n of another dimension; NaN in the negatives",
    ),
    (
        needs("k + 1 <= n", {"k + 1 > C": {"k": 4}, "one class": {"n": 1}, "k = n": {"k": lambda k: k + 3}}),
        "n k",
        [4, 1],
        "k + 1 > C; one class; k = n",
    ),
    (
        needs("all(v > least for v in rows)", {"a small one": {"rows": [1, 3]}}),
        "rows least",
        [[3, 4], 2],
        "a small one",
    ),
]


@pytest.mark.parametrize(("requirement", "names", "good", "labels"), REQUIREMENTS, ids=lambda x: str(x)[:12])
def test_a_requirement_refuses_its_bad_inputs_quoting_what_offends_and_no_good_one(requirement, names, good, labels):
    arguments = dict(zip(names.split(), good, strict=True))
    signature, body = ", ".join(arguments), "\n    ".join(requirement.guard)
    namespace = {}
    exec(
        f"import numpy as np\n\nfrom course import validate\n\ndef f({signature}):\n    {body}\n    return 1", namespace
    )
    assert namespace["f"](*good) == 1
    found = list(requirement.bad(arguments))
    assert "; ".join(label for label, _ in found) == labels
    for label, change in found:
        assert change, label
        with pytest.raises(ValueError, match=r"-?\d|nan|NaN") as refused:
            namespace["f"](**(arguments | change))
        assert any(name in str(refused.value) for name in arguments) or "shapes" in str(refused.value), label


def test_a_condition_quotes_its_values_not_what_it_calls_nor_its_loop_variables():
    (_, line) = needs("fits(rows) and all(v > least for v in rows)", {}).guard
    assert "got rows = {rows!r}, least = {least!r}" in line


def test_the_bad_inputs_of_an_exercise_are_good_calls_with_one_change():
    found = {case.label: case for case in line().bad_inputs(1.0, 2)}
    assert list(found) == ["x -0.5", "x NaN", "N = 0"]
    assert found["N = 0"].args == (1.0, 0)
    assert all(case.raises for case in found.values())
    few = next(case for case in line().bad_inputs(1.0) if case.label == "N = 0")
    assert few.args == (1.0, 0)  # an argument that the good call leaves to its default


def test_a_bad_input_has_the_line_that_refuses_it_for_its_hint():
    refuses = (batch(2, view1="a view", view2="the other view"), positive("temperature"))
    views = {"view1": torch.ones(3, 2), "view2": torch.ones(3, 2), "temperature": 0.5}
    hints = {label: r.cure(views | change) for r in refuses for label, change in r.bad(views)}
    assert hints["batch sizes that differ"] == "`validate.batch(view1=view1, view2=view2)` refuses it."
    assert hints["temperature -0.5"] == "`validate.positive(temperature=temperature)` refuses it."
    assert hints["B = 1"] == ""  # no call of course.validate does: the condition stands beside it
