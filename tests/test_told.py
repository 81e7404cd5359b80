"""What a learner reads: beliefs as beliefs, a failing call to paste, a hint that fits what failed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from autograder.units.manifest import load_unit, unit_names
from course import check
from course.check.call import same_tree
from course.check.case import Case
from course.check.errors import error_hints
from course.check.paste import LONGEST, pasted
from course.check.store import DATA, load_public_check
from course.check.words import both, lowered, spoken

LIBRARIES = {"np": np, "torch": torch, "math": math}
NAMES = sorted(path.stem for path in DATA.glob("*.json"))
UNIT = load_unit("01_similarity_losses")
RIGHT = float(UNIT.references()["limit_collapse"])


@pytest.mark.parametrize(
    ("belief", "said"),
    [
        ("The sign is plus.", "You seem to believe that the sign is plus."),
        ("A margin is a temperature.", "You seem to believe that a margin is a temperature."),
        ("N counts candidates.", "You seem to believe that N counts candidates."),
        ("L_sup is below.", "You seem to believe that L_sup is below."),
        ("Jensen goes the other way.", "You seem to believe that Jensen goes the other way."),
        ("InfoNCE is exact.", "You seem to believe that InfoNCE is exact."),
        ("A, W and B are trained.", "You seem to believe that A, W and B are trained."),
        ("`eigh` sorts down.", "You seem to believe that `eigh` sorts down."),
    ],
)
def test_a_belief_is_told_as_the_learners(belief, said):
    assert spoken(belief) == said


def test_two_beliefs_are_one_sentence():
    assert both("The slope is 2.", "The shift is 1.") == "The slope is 2, and that the shift is 1."


def test_every_belief_goes_on_after_that():
    """A belief is a statement: what begins with a verb in the imperative, or with a question, does not go on after "that"."""
    wrong = []
    for slug in unit_names():
        unit = load_unit(slug)
        for name in unit.checks:
            exercise = unit.exercise(name)
            said = [m.belief for m in exercise.misconceptions]
            said += (
                [belief for belief, _ in (*exercise.proof.false.values(), *exercise.proof.early.values())]
                * (exercise.proof is not None)
                if exercise.proof
                else []
            )
            wrong += [b for b in said if not b.endswith(".") or "?" in b or lowered(b).split()[0] in IMPERATIVES]
    assert not wrong


IMPERATIVES = "choose sort take use divide multiply compute subtract add scale compare set".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_pasted_call_makes_the_very_inputs(name):
    for case in load_public_check(name).cases:
        text = pasted("f", case)
        with np.printoptions(threshold=10**6):
            assert text or len(repr((case.args, case.kwargs))) > LONGEST / 3
        if not text or case.inference:
            continue
        args, kwargs = eval(
            text, {"f": lambda *args, **kwargs: (args, kwargs), "driven": lambda name, f: f, **LIBRARIES}
        )
        assert same_tree(list(args), list(case.args)), case.label
        assert same_tree(kwargs, case.kwargs), case.label
        for one, other in zip(args, case.args, strict=True):
            if isinstance(one, torch.Tensor):
                assert one.dtype == other.dtype
                assert one.is_contiguous() == other.is_contiguous()


def test_a_small_wrong_answer_is_shown_beside_the_right_one_with_the_differences_marked():
    def similar_pairs(rho, classes):
        law = np.einsum("c,cx,cy->xy", rho, classes, classes)
        law[0, 1] += 0.25
        return law

    html = check(similar_pairs)._repr_html_()
    assert "Yours beside what is expected" in html
    table = html[html.index("Yours beside") :]
    assert table.count("font-weight:bold") == 2 + table[table.index("cl-call") :].count("font-weight:bold")
    assert "Yours beside" not in check(lambda rho, classes: 1.0, "similar_pairs")._repr_html_()


def test_a_case_in_inference_mode_is_pasted_with_it():
    assert pasted("f", Case("x", (1.0,), inference=True)) == "with torch.inference_mode():\n    f(1.0)"


def test_the_report_holds_the_call_that_failed_and_none_when_all_holds():
    wrong = UNIT.exercise("hinge_loss").misconceptions[0].load("hinge_loss")
    report = check(wrong, "hinge_loss")
    got = eval(report.call, {"hinge_loss": wrong, "torch": torch}).item()
    assert f"got {got:.8g}, expected" in report.verdict.parts[0].public
    assert "hinge_loss(" in report._repr_html_()
    assert check(UNIT.references()["hinge_loss"], "hinge_loss").call == ""


def test_a_bad_input_that_is_taken_is_answered_by_the_line_that_refuses_it():
    def hinge_loss(anchor, positive, negative, margin=1.0):
        if anchor.shape != positive.shape or anchor.shape != negative.shape or not len(anchor):
            raise ValueError
        if any(torch.isnan(x).any() for x in (anchor, positive, negative)):
            raise ValueError
        return torch.relu(margin - (anchor * (positive - negative)).sum(1)).mean()

    verdict = check(hinge_loss).verdict
    assert [row.part for row in verdict.parts if not row.ok] == ["bad input"]
    offered = load_public_check("hinge_loss").beliefs
    if not verdict.belief:  # else the belief has hints of its own
        assert verdict.hints[0] == "`validate.non_negative(margin=margin)` refuses it."
    assert offered


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (("OverflowError", "math range error"), "709"),
        (("LinAlgError", "Singular matrix"), "singular"),
        (("RuntimeError", "Inference tensors cannot be saved for backward"), "inference_mode"),
        (
            ("RuntimeError", "a view of a leaf Variable that requires grad is being used in an in-place operation."),
            "new",
        ),
        (("RuntimeError", "Can't call numpy() on Tensor that requires grad. Use ..."), "graph"),
        (("RuntimeError", "The size of tensor a (3) must match the size of tensor b (4)"), "shapes"),
        (("ValueError", "operands could not be broadcast together"), "shapes"),
        (("ValueError", "rho must sum to 1"), "your own validation"),
        (("ZeroDivisionError", "float division by zero"), "denominator"),
    ],
)
def test_an_error_gets_a_hint_that_fits_it(error, word):
    assert word in error_hints(error)[0]
    assert error_hints(("NameError", "name 'x' is not defined")) == ()


def test_code_that_raises_on_a_good_input_gets_that_hint_and_no_mathematics():
    def nt_xent(view1, view2, temperature=0.5):
        return torch.tensor(math.exp(1e9))

    verdict = check(nt_xent).verdict
    assert verdict.status == "error"
    assert "709" in verdict.hints[0]
    assert not verdict.belief


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (-RIGHT, "sign"),
        (RIGHT / 2, "factor 2 is"),
        (2 * RIGHT, "factor 1/2"),
        (float(f"{RIGHT:.5g}"), "first digits"),
    ],
)
def test_a_number_that_is_nearly_right_is_told_how(answer, word):
    assert word in check(answer, "limit_collapse").verdict.hints[0]


def test_a_number_that_is_wrong_otherwise_is_told_nothing_false():
    public = load_public_check("limit_collapse").hints["values"]
    assert check(math.log(17), "limit_collapse").verdict.hints == tuple(public)


NOTEBOOK = """
import numpy as np
from course import validate

def class_means(classes, z):
    return {factor} * classes @ z

def scores(classes, z):
    return [z @ mean for mean in class_means(classes, z)]

def mean_classifier_loss(rho, classes, z):
    s = np.array(scores(classes, z))
    own = np.einsum("ax,bax->ab", classes, np.logaddexp(0, s[:, None] - s[None, :]))
    return float((np.outer(rho, rho) * own).sum()) * {slip}
"""


@pytest.mark.parametrize(("factor", "first"), [(2, "It calls your `class_means`"), (1, "")])
def test_a_wrong_function_that_is_called_is_named_before_anything_is_believed(factor, first):
    namespace = {}
    exec(NOTEBOOK.format(factor=factor, slip=1.0), namespace)
    verdict = check(namespace["mean_classifier_loss"]).verdict
    assert verdict.status == "fail"
    assert (verdict.hints[0] if verdict.hints else "").startswith(first)
    if factor == 2:
        assert not verdict.belief


def test_a_library_function_of_a_graded_name_is_not_looked_at():
    def class_means(classes, z):
        return classes.tolist()

    assert "It calls" not in str(check(class_means))
