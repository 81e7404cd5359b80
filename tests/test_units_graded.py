"""Every unit as the grader sees it: in the sandbox the solution gets all points, the student version none."""

from __future__ import annotations

import pytest

from autograder.grading.grade import grade_file
from autograder.units.manifest import ROOT, unit_names


@pytest.mark.parametrize("slug", unit_names())
def test_the_solution_gets_all_points_and_the_student_version_none(slug, sandbox):
    solved = grade_file(ROOT / "solutions" / slug / f"{slug}.ipynb", slug, sandbox)
    assert solved.score == solved.max_score, {n: c.message for n, c in solved.checks.items() if c.status != "pass"}
    assert not [note for note in solved.notes if "error in" in note]
    blank = grade_file(ROOT / "exercises" / slug / f"{slug}.ipynb", slug, sandbox)
    assert blank.score == 0
    assert {check.status for check in blank.checks.values()} == {"missing"}
