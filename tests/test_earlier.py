"""One slip costs once: a function that rests on a wrong earlier one is judged with the course's own in its place."""

from __future__ import annotations

import json

from autograder.grading.earlier import wrong_before
from autograder.grading.grade import grade
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit

SLUG = "02_latent_classes"
UNIT = load_unit(SLUG)
SOLVED = json.loads((ROOT / "solutions" / SLUG / f"{SLUG}.ipynb").read_text())
WRONG_MEANS = "def class_means(classes, z):\n    return 2 * classes @ z\n"
BY_MEANS = """
def own_helper(rho, classes, z):
    scores = z @ class_means(classes, z).T
    own = np.einsum("ax,xba->ab", classes, np.logaddexp(0, scores[:, :, None] - scores[:, None, :]))
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    return float((weights * own).sum() / weights.sum())

def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    return own_helper(rho, classes, z)
"""


def graded(sandbox, **answers):
    notebook = json.loads(json.dumps(SOLVED))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    return grade(parse_submission(json.dumps(notebook).encode(), "test", SLUG), sandbox)


def test_a_slip_in_an_earlier_function_does_not_cost_the_later_one_and_that_is_said(sandbox):
    record = graded(sandbox, class_means=WRONG_MEANS, mean_classifier_loss=BY_MEANS)
    assert record.checks["class_means"].score == 0
    later = record.checks["mean_classifier_loss"]
    assert later.score == later.max_score
    assert later.message == "Judged with the course's own `class_means` in place of yours."
    assert record.score == record.max_score - record.checks["class_means"].max_score


def test_an_earlier_function_left_out_does_not_stop_a_later_one(sandbox):
    stub = "def class_means(classes, z):\n    raise NotImplementedError()\n"
    record = graded(sandbox, class_means=stub, mean_classifier_loss=BY_MEANS)
    assert record.checks["class_means"].status == "missing"
    assert record.checks["mean_classifier_loss"].status == "pass"


def test_a_slip_of_its_own_is_named_as_if_the_earlier_function_were_right(sandbox):
    squared = BY_MEANS.replace("weights.sum()", "1.0")
    alone = graded(sandbox, mean_classifier_loss=squared).checks["mean_classifier_loss"]
    both = graded(sandbox, class_means=WRONG_MEANS, mean_classifier_loss=squared).checks["mean_classifier_loss"]
    assert alone.misconception
    assert both.misconception == alone.misconception
    assert both.score == 0
    assert "course's own `class_means`" in both.message


def test_a_later_function_does_not_answer_for_an_earlier_one(sandbox):
    """A stub of a later function must not be filled in for whoever calls it from an earlier question."""
    early = "def class_means(classes, z):\n    return mean_classifier_loss(None, classes, z)\n"
    stub = "def mean_classifier_loss(rho, classes, z):\n    raise NotImplementedError()\n"
    cells = [early, stub]
    for order in (cells, cells[::-1]):
        assert wrong_before(UNIT, order, {"class_means", "mean_classifier_loss"}) == {}
    assert graded(sandbox, class_means=early, mean_classifier_loss=stub).checks["class_means"].score == 0


def test_what_is_reached_is_found_through_helpers_and_assignments():
    cells = [
        "means = class_means\n",
        "def helper(c, z):\n    return means(c, z)\n",
        "def ladder_curl(r, c, z): return helper(c, z)",
    ]
    found = {"ladder_curl": ["class_means"]}
    assert wrong_before(UNIT, cells, {"ladder_curl", "class_means"}) == found
    assert wrong_before(UNIT, cells, {"ladder_curl", "similar_pairs"}) == {}
    assert wrong_before(UNIT, [*cells, "def broken(:"], {"ladder_curl", "class_means"}) == found


def test_the_courses_own_function_brings_the_ones_it_rests_on():
    """ladder_curl calls mean_classifier_loss, whose reference calls class_means: both are put in place."""
    failing = {"class_means", "mean_classifier_loss", "ladder_curl"}
    cells = ["def ladder_curl(r, c, z): return mean_classifier_loss(r, c, z)"]
    found = wrong_before(UNIT, cells, failing)
    assert found == {"ladder_curl": ["class_means", "mean_classifier_loss"]}
