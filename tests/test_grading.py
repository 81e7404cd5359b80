"""Grading in the sandbox: a status for everything that can happen, and nothing of it touches the other checks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autograder.grading.grade import grade
from autograder.sandbox.process import Limits
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit
from course.check.words import spoken

SLUG = "01_similarity_losses"
UNIT = load_unit(SLUG)
SOLVED = json.loads((ROOT / "solutions" / SLUG / f"{SLUG}.ipynb").read_text(encoding="utf-8"))
QUICK = replace(Limits(), cell_seconds=4.0, wall_seconds=60.0, memory_bytes=2**30)
DEF = "def hinge_loss(anchor, positive, negative, margin=1.0):\n"


def graded(sandbox, extra=(), before="hinge_loss", limits=QUICK, **answers):
    """Grade the solved notebook with some cells replaced, and extra cells put before one of them."""
    notebook = json.loads(json.dumps(SOLVED))
    cells = []
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name == before:
            cells += [{"cell_type": "code", "metadata": {}, "source": source} for source in extra]
        if name in answers:
            cell["source"] = answers[name]
        cells.append(cell)
    notebook["cells"] = cells
    return grade(parse_submission(json.dumps(notebook).encode(), "test", SLUG), sandbox, limits=limits)


def others_pass(record, *names):
    return all(check.status == "pass" for name, check in record.checks.items() if name not in names)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("    while True: pass\n", "timeout"),
        ("    import time\n    time.sleep(1e6)\n", "timeout"),
        ("    try:\n        while True: pass\n    except BaseException:\n        return 0\n", "timeout"),
        ("    import os\n    os._exit(0)\n", "crash"),
        (
            "    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)\n    import ctypes\n    ctypes.string_at(0)\n",
            "crash",
        ),
        ("    import sys\n    sys.exit(0)\n", "error"),
        ("    x = bytearray(3 * 2**30)\n    return anchor.sum() * len(x)\n", "memory"),
        ("    return torch.zeros(2**31, 4).sum()\n", "memory"),
        ("    return hinge_loss(anchor, positive, negative, margin)\n", "error"),
        ("    raise NotImplementedError\n", "missing"),
        ("    return undefined_name\n", "error"),
        ("    return 'a string'\n", "error"),
        ("    return torch.tensor(0.0)\n", "fail"),
    ],
)
def test_each_way_to_go_wrong_has_its_status_and_costs_only_its_own_points(sandbox, body, status):
    record = graded(sandbox, hinge_loss=DEF + body)
    assert record.checks["hinge_loss"].status == status, record.checks["hinge_loss"]
    assert record.checks["hinge_loss"].score == 0
    assert others_pass(record, "hinge_loss"), record.checks


def test_a_deleted_function_is_missing(sandbox):
    record = graded(sandbox, hinge_loss="# nothing here")
    assert record.checks["hinge_loss"].status == "missing"
    assert others_pass(record, "hinge_loss")


def test_a_syntax_error_is_told_with_its_line(sandbox):
    record = graded(sandbox, hinge_loss="def hinge_loss(a, b, c)\n    return 0")
    assert record.checks["hinge_loss"].status == "error"
    assert "line 1" in record.checks["hinge_loss"].message
    assert others_pass(record, "hinge_loss")


@pytest.mark.parametrize(
    "cell",
    [
        "raise RuntimeError('in the middle')",
        "while True: pass",
        "import os; os._exit(3)",
        "this is not python",
        "print('x' * 10**7)",
        "import warnings; warnings.warn('on stderr')",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.show()",
        "from tqdm import tqdm\nfor i in tqdm(range(3)): pass",
        "help(torch)",
    ],
)
def test_noise_in_the_students_own_cells_costs_nothing(sandbox, cell):
    record = graded(sandbox, [cell])
    assert record.score == record.max_score, record.checks


def test_a_helper_redefined_further_down_does_not_cost_points(sandbox):
    """Each check is asked in the state in which it stands, as in the notebook."""
    helper = "def dot(a, b):\n    return (a * b).sum(dim=1)"
    body = "    validate.batch(anchor=anchor, positive=positive, negative=negative)\n"
    body += "    validate.non_negative(margin=margin)\n    return (margin - dot(anchor, positive - negative)).relu().mean()\n"
    again = "\ndef dot(a, b, c):\n    return None\n"
    nt_xent = next(c.source for c in UNIT.solved if c.id == "nt_xent")
    record = graded(sandbox, [helper], hinge_loss=DEF + body, nt_xent=nt_xent + again)
    assert record.score == record.max_score, record.checks


def test_a_helper_defined_further_down_does_not_cost_points(sandbox):
    body = "    validate.batch(anchor=anchor, positive=positive, negative=negative)\n"
    body += "    validate.non_negative(margin=margin)\n    return (margin - late(anchor, positive - negative)).relu().mean()\n"
    late = "def late(a, b):\n    return (a * b).sum(dim=1)\n"
    record = graded(sandbox, [late], before="nt_xent", hinge_loss=DEF + body)
    assert record.score == record.max_score, record.checks


def test_a_wrong_answer_by_a_helper_further_down_is_told_what_is_wrong_and_not_that_the_helper_is_missing(sandbox):
    body = "    return 0 * anchor.sum() + late()\n"
    record = graded(sandbox, ["def late():\n    return 0.123\n"], before="nt_xent", hinge_loss=DEF + body)
    assert record.checks["hinge_loss"].status == "fail"
    assert "NameError" not in record.checks["hinge_loss"].message


def test_values_without_gradient_and_bad_input_are_partial(sandbox):
    body = "    lead = (anchor * (positive - negative)).sum(dim=1)\n    return (margin - lead).clamp(min=0).mean().detach()\n"
    record = graded(sandbox, hinge_loss=DEF + body)
    check = record.checks["hinge_loss"]
    assert check.status == "partial"
    assert check.parts == {"values": True, "gradient": False, "stability": True, "bad input": False, "properties": True}
    assert check.score == pytest.approx(check.max_score * (4 + 2 + 1) / 10)


def test_hidden_inputs_are_not_shown(sandbox):
    wrong = UNIT.exercise("nt_xent").misconceptions[6]
    record = graded(sandbox, nt_xent=wrong.source)
    shown = " ".join([record.checks["nt_xent"].message, *record.checks["nt_xent"].hints])
    assert "expected" not in shown
    assert "got" not in shown
    assert spoken(wrong.belief) in shown


@pytest.mark.parametrize("style", range(3))
def test_other_styles_score_full_in_the_sandbox_too(sandbox, style):
    answers = {
        name: UNIT.exercise(name).variants[style].source for name in UNIT.checks if not UNIT.exercise(name).proof
    }
    record = graded(sandbox, **answers)
    assert record.score == record.max_score, record.checks
