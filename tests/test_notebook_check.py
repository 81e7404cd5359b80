"""The check that a learner runs in the notebook."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.units.manifest import ROOT, load_unit, unit_names
from course.check import CheckFailed, check
from course.check.store import load_public_check

# judged by hidden properties alone: nothing of an answer is stored
HIDDEN = (
    "counterexample_lemma2",
    "attaining_world",
    "compare_debiasing",
    "convergence_experiment",
    "collapse_and_repair",
    "train_clip",
)
# slips that only more digits or larger inputs than are stored can tell from a right answer; graded inputs do
OF_THE_LAST_DIGITS = {
    ("alignment", "a squared distance not quite 0"),
    ("alignment", "a squared distance not quite 0, clamped"),
    ("angle_bound", "an excess of lambda_k^2 accepted"),
    ("angle_bound", "difference of nearly equal numbers"),
    ("angle_bound", "small gaps refused"),
    ("negatives_enough", "the exponential minus 1"),
    ("negatives_enough", "the exponential minus 1 in the theorem"),
    ("saddle_embedding", "small eigenvalues taken for 0"),
    ("gram_covariance_gap", "the matrices are formed"),
    ("laplacian", "roots of products that underflow"),
    ("probe_bound", "rounding decides what is below 1"),
    ("probe_bound", "small taken for 0"),
    ("probe_bound_second", "rounding decides what is below 1"),
    ("probe_bound_second", "the square of the eigenvalue small"),
}
UNIT = load_unit("01_similarity_losses")
nt_xent = UNIT.references()["nt_xent"]


def rows(report):
    return {row.part: row.ok for row in report.verdict.parts}


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s in unit_names() for n in load_unit(s).checks])
def test_the_reference_passes(slug, name):
    report = check(load_unit(slug).references()[name], name)
    assert report.passed, repr(report)


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s in unit_names() for n in load_unit(s).checks])
def test_each_misconception_is_named_from_stored_numbers(slug, name):
    """By its own name where the store offers it, else by none or by what any function's answer shows: never by another's."""
    offered = {belief.name for belief in load_public_check(name).beliefs}
    for wrong in load_unit(slug).exercise(name).misconceptions:
        report = check(wrong.load(name), name)
        names = (wrong.name,) if wrong.name in offered else ("", "extreme numbers", "single precision", "the gradient")
        assert report.verdict.misconception in names, wrong.name
        unseen = name in HIDDEN or (name, wrong.name) in OF_THE_LAST_DIGITS
        assert not report.passed or unseen, f"{wrong.name} passes in the notebook"


def test_all_but_a_few_misconceptions_are_offered():
    """Those of HIDDEN and OF_THE_LAST_DIGITS cannot be; the rest have values that no machine doubts."""
    beliefs = {
        (n, m.name) for s in unit_names() for n in load_unit(s).checks for m in load_unit(s).exercise(n).misconceptions
    }
    offered = {(n, belief.name) for n, _ in beliefs for belief in load_public_check(n).beliefs}
    assert offered <= beliefs
    assert not [n for n, _ in offered if n in HIDDEN]
    missing = {(n, belief) for n, belief in beliefs - offered - OF_THE_LAST_DIGITS if n not in HIDDEN}
    assert len(missing) <= len(beliefs) / 50, missing


def test_shape_right_and_values_wrong_is_said_with_both_numbers():
    report = check(lambda a, b, temperature=0.5: nt_xent(a, b, temperature) + 0.1, "nt_xent")
    assert "right shape, wrong value" in repr(report)
    assert "got" in repr(report)
    assert rows(report)["values"] is False


def test_a_wrong_shape_is_said_before_values():
    report = check(lambda a, b, temperature=0.5: nt_xent(a, b, temperature).repeat(3), "nt_xent")
    assert "must be a single number (shape ()), got shape (3,)" in repr(report)


def test_a_wrong_gradient_is_found_where_values_are_right():
    def detached(view1, view2, temperature=0.5):
        return nt_xent(view1, view2.detach(), temperature)

    report = check(detached, "nt_xent")
    assert rows(report) | {"gradient": None} == dict.fromkeys(rows(report), True) | {"gradient": None}
    assert rows(report)["gradient"] is False
    assert report.verdict.status == "partial"


def test_overflow_at_large_logits_is_found_and_explained():
    def naive(anchor, positive, negative):
        return torch.log(1 + torch.exp((anchor * (negative - positive)).sum(1))).mean()

    report = check(naive, "logistic_loss")
    assert rows(report)["stability"] is False
    assert report.verdict.misconception == "exp without protection"


def test_changing_inputs_in_place_is_found():
    def in_place(anchor, positive, negative):
        with torch.no_grad():
            positive.mul_(2)
        return F.softplus((anchor * (negative - positive / 2)).sum(1)).mean()

    report = check(in_place, "logistic_loss")
    assert "changed its inputs" in repr(report)


def test_a_constant_factor_is_recognised():
    report = check(lambda a, b, temperature=0.5: 3 * nt_xent(a, b, temperature), "nt_xent")
    assert "3" in report.hints
    assert "constant factor" in report.hints


def test_a_stub_is_not_implemented_rather_than_wrong():
    def stub(*args):
        raise NotImplementedError

    assert check(stub, "nt_xent").verdict.status == "missing"
    assert check(None, "limit_hot").verdict.status == "missing"


def test_an_error_in_the_learners_code_is_quoted():
    report = check(lambda *args, **kwargs: 1 / 0, "nt_xent")
    assert report.verdict.status == "error"
    assert "ZeroDivisionError" in repr(report)


def test_returning_none_is_explained():
    assert "is a `return` missing?" in repr(check(lambda *args, **kwargs: None, "nt_xent"))


def test_numbers_may_come_in_any_numeric_type():
    for value in (0.1184375, np.float64(0.1184375), torch.tensor(0.1184375, dtype=torch.float64)):
        assert check(value, "limit_hot").passed
    assert not check("0.1184375", "limit_hot").passed


def test_html_escapes_and_unfolds_hints_one_inside_the_other():
    def evil(*args, **kwargs):
        raise ValueError("<script>alert(1)</script>")

    html = check(evil, "nt_xent")._repr_html_()
    assert "<script>" not in html
    wrong = next(w for w in UNIT.exercise("nt_xent").misconceptions if w.name == "the anchor is its own candidate")
    html = check(wrong.load("nt_xent"))._repr_html_()
    assert html.index("Hint 1") < html.index("Hint 2")
    assert html.count("<details") == html.count("</details>") == len(wrong.hints) + 1  # and the call
    assert "the anchor itself among them" in html


def test_an_unknown_name_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="nt_xent"):
        check(nt_xent, "nt_xnet")
    with pytest.raises(ValueError, match="needs a name"):
        check(3.0)


def test_a_failing_check_raises_where_nbgrader_runs_the_notebook(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert check(nt_xent).passed
    with pytest.raises(CheckFailed, match="Not right yet"):
        check(lambda *args, **kwargs: torch.tensor(0.0), "nt_xent")


def test_it_works_without_the_reference(tmp_path):
    """A copy of `course` alone: neither solutions/ nor autograder/ can be imported there."""
    import shutil

    shutil.copytree(ROOT / "course", tmp_path / "course")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import torch, course; torch.set_num_threads(1)\n"
        "assert course.__file__.startswith(sys.argv[1])\n"
        "sys.modules['autograder'] = None\n"
        "f = lambda a, b, temperature=0.5: (a * b).sum()\n"
        "print(course.check(f, 'nt_xent'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "nt_xent: Not right yet." in done.stdout


def test_importing_course_neither_imports_the_trusted_side_nor_opens_a_connection():
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import course\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('autograder', 'solutions')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
