"""A right answer in an unusual kind of number earns full marks, and the notebook says of it what the grade says."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import course
from autograder.grading.grade import grade
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit
from course.check.call import plain

KINDS = [
    ("02_latent_classes", "collision_probability", "np.longdouble(answer)"),
    ("03_many_negatives", "lemma1_bound", "np.longdouble(answer)"),
    ("03_many_negatives", "floor_bound", "__import__('decimal').Decimal(float(answer))"),
    ("03_many_negatives", "lemma1_bound", "__import__('fractions').Fraction(float(answer))"),
    ("02_latent_classes", "ladder_curl", "np.array([answer[0], *map(np.asarray, answer[1:])], dtype=object)"),
    ("04_mutual_information", "optimal_critic", "np.asarray(answer).tolist()"),
    ("02_latent_classes", "similar_pairs", "np.asarray(answer).tolist()"),
    ("02_latent_classes", "class_means", "np.asarray(answer, dtype=np.longdouble)"),
]


@pytest.mark.parametrize(("slug", "name", "changed"), KINDS)
def test_right_answers_in_unusual_kinds_pass_in_the_notebook_and_in_the_grade(sandbox, slug, name, changed):
    wrapped = f"\n_right = {name}\n\n\ndef {name}(*args, **kwargs):\n    answer = _right(*args, **kwargs)\n    return {changed}\n"
    namespace = {"__name__": "learner"}
    notebook = json.loads((ROOT / "solutions" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if grade_id == name:
            cell["source"] = "".join(cell["source"]) + wrapped
        if cell["cell_type"] == "code" and grade_id and not grade_id.startswith("check_"):
            exec("".join(cell["source"]), namespace)
    assert course.check(namespace[name]).passed
    record = grade(parse_submission(json.dumps(notebook).encode(), "test", slug), sandbox)
    assert record.checks[name].status == "pass", record.checks[name]
    assert record.checks[name].score == load_unit(slug).checks[name]


@pytest.mark.parametrize(
    ("answer", "dtype"),
    [
        (np.longdouble(1) / 3, "float64"),
        (Fraction(1, 3), "float64"),
        (np.uint16(7), "int64"),
        (np.array([2**64 - 1], dtype=np.uint64), "float64"),
        (np.float16(0.5), "float16"),
        (True, "bool"),
    ],
)
def test_numbers_arrive_in_a_dtype_that_the_grader_knows(answer, dtype):
    assert plain(answer).dtype == dtype
    assert float(plain(answer).ravel()[0]) == float(np.ravel(answer)[0])


@pytest.mark.parametrize(
    "answer", [1j, np.array([1j]), "text", np.array(["text"]), None, {1}, np.datetime64("2026-11-30")]
)
def test_what_is_no_real_number_is_refused_by_its_type(answer):
    with pytest.raises(TypeError, match="the function returned"):
        plain(answer)
