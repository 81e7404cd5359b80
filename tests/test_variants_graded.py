"""Right answers in other styles as the grader sees them: lists, tuples, numpy scalars, tensors, through the sandbox."""

from __future__ import annotations

import json

import pytest

from autograder.grading.grade import grade
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit, unit_names


def answered(slug: str) -> list[str]:
    """What variants answer here; trainings are slow, and a helper of their solution may be redefined; a proof has none."""
    unit = load_unit(slug)
    return [name for name in unit.checks if not (unit.exercise(name).trains or unit.exercise(name).proof)]


def notebook_of_variants(slug: str, turn: int) -> bytes:
    """The solved notebook in which each function is answered by its accepted variant number `turn`; what is not asked
    about and trains is left out."""
    unit = load_unit(slug)
    notebook = json.loads((ROOT / "solutions" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answered(slug):
            variants = unit.exercise(name).variants
            cell["source"] = variants[turn % len(variants)].source
        elif name in unit.checks and unit.exercise(name).trains:
            cell["source"] = ""
    return json.dumps(notebook).encode()


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("slug", unit_names())
def test_accepted_variants_get_all_points_in_the_sandbox(slug, turn, sandbox):
    record = grade(parse_submission(notebook_of_variants(slug, turn), "variants", slug), sandbox)
    checks = {name: record.checks[name] for name in answered(slug)}
    assert not {name: check.message for name, check in checks.items() if check.score < check.max_score}
