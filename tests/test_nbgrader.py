"""nbgrader's own commands, run as an instructor runs them, on a course directory of their own.

The four silent traps of stock nbgrader (stderr = 0 points, numpy scalar = full points, exit codes that say nothing, output
skipped because it exists) are tried and must not bite.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.classroom.demo import ANSWER, UNIT, submit_class, write_submission
from autograder.classroom.run import Regrade, grade_class
from autograder.units.manifest import ROOT, load_unit

U = load_unit(UNIT)
SOLUTION = {cell.id: cell.source for cell in U.solved if cell.kind == "solution"}
TOTAL = sum(U.checks.values())


def nbgrader(course, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course, capture_output=True, text=True, check=False
    )


def new_course(path: Path) -> Path:
    shutil.copytree(ROOT / "solutions" / UNIT, path / "solutions" / UNIT)
    shutil.copy(ROOT / "nbgrader_config.py", path)
    done = nbgrader(path, "generate_assignment", UNIT, "--create")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return new_course(tmp_path_factory.mktemp("course"))


def grades(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            s.student.id: {g.name: (g.auto_score, g.needs_manual_grade) for n in s.notebooks for g in n.grades}
            for s in book.find_assignment(UNIT).submissions
        }


def auto(course, student):
    return sum(score or 0 for score, _ in grades(course)[student].values())


def test_generate_assignment_gives_the_committed_exercise_and_nothing_else(released):
    made = released / "exercises" / UNIT
    assert [p.name for p in made.iterdir()] == [f"{UNIT}.ipynb"]
    committed = ROOT / "exercises" / UNIT / f"{UNIT}.ipynb"
    assert nbformat.read(made / f"{UNIT}.ipynb", 4) == nbformat.read(committed, 4)


def test_autograde_feedback_and_export(released, sandbox):
    noisy = "import warnings, sys\nwarnings.warn('noise')\nprint('noise', file=sys.stderr)\n" + SOLUTION["nt_xent"]
    numpy_scalar = "np.float64(5.0)\n" + SOLUTION["hinge_loss"].replace("return", "return 2 *")
    write_submission(released, "alice", dict(SOLUTION, nt_xent=noisy, derive_gradient=ANSWER))
    write_submission(released, "bob", {})
    write_submission(
        released, "eve", dict(SOLUTION, hinge_loss=numpy_scalar, derive_gradient="<script>alert(1)</script>")
    )
    done = nbgrader(released, "autograde", UNIT)
    assert done.returncode == 0, done.stderr[-3000:]

    assert auto(released, "alice") == TOTAL  # stderr costs nothing
    assert auto(released, "bob") == 0
    assert auto(released, "eve") == TOTAL - U.checks["hinge_loss"]  # a numpy scalar as last value gains nothing
    book = grades(released)
    assert book["alice"]["derive_gradient"] == (None, True)  # an answer waits for a human
    assert book["bob"]["derive_gradient"] == (0.0, False)  # no answer is 0 without anybody's work
    record = json.loads((released / "records" / UNIT / "eve.json").read_text(encoding="utf-8"))
    assert record["checks"]["hinge_loss"]["status"] == "fail"

    write_submission(released, "bob", SOLUTION)  # handed in again: nothing is skipped because output exists
    assert nbgrader(released, "autograde", UNIT, "--student", "bob").returncode == 0
    assert auto(released, "bob") == TOTAL

    assert nbgrader(released, "generate_feedback", UNIT).returncode == 0
    page = (released / "feedback" / "eve" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" not in page
    assert re.search(r"hinge_loss</b>: fail, 0 of \d+ points", page)
    assert re.search(r"nt_xent</b>: pass", page)
    assert nbgrader(released, "export", "--to", str(released / "grades.csv")).returncode == 0
    with open(released / "grades.csv", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(rows["alice"]["score"]) == TOTAL
    assert float(rows["alice"]["max_score"]) == TOTAL + sum(U.manual.values())


def test_export_reports_and_clamps_what_cannot_be_a_grade(tmp_path, sandbox):
    from nbgrader.api import Gradebook

    course = new_course(tmp_path)
    write_submission(course, "=cmd()", SOLUTION)
    write_submission(course, "mallory", SOLUTION)
    assert grade_class(course, UNIT, workers=1) == 1  # "=cmd()" cannot be a student's id
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.find_grade("check_nt_xent", UNIT, UNIT, "mallory").manual_score = 99.0
        book.db.commit()
    assert nbgrader(course, "export", "--to", str(course / "grades.csv")).returncode == 0
    with open(course / "grades.csv", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    row = rows["mallory"]
    assert float(row["score"]) == TOTAL
    assert rows["'=cmd()"]["problem"] == "not graded: '=cmd()' cannot be a student's id"  # no spreadsheet runs it
    assert row["problem"] == f"check_nt_xent has 99 of {load_unit(UNIT).checks['nt_xent']:g}"


def test_a_forged_or_broken_timestamp_gains_and_harms_nothing(tmp_path, sandbox):
    from nbgrader.api import Gradebook

    course = new_course(tmp_path)
    for student, text in (("early", "2001-01-01 00:00:00 UTC"), ("broken", "no date")):
        path = write_submission(course, student, SOLUTION)
        (path.parent / "timestamp.txt").write_text(text)
    assert nbgrader(course, "autograde", UNIT).returncode == 0
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for student in ("early", "broken"):
            submission = book.find_submission(UNIT, student)
            assert submission.timestamp is None
            assert submission.score == TOTAL


def test_nbgrader_reads_no_notebook_over_the_limit_of_size(tmp_path, sandbox):
    course = new_course(tmp_path)
    write_submission(course, "ada", SOLUTION)
    huge = write_submission(course, "eve", SOLUTION)
    with open(huge, "r+b") as file:
        file.seek(30 * 2**20)
        file.write(b" ")
    nbgrader(course, "autograde", UNIT)
    assert auto(course, "ada") == TOTAL
    assert sum(score or 0 for score, _ in grades(course).get("eve", {}).values()) == 0
    assert huge.with_name(f"{huge.name}.refused").exists()


def test_a_linked_folder_is_not_graded_as_ones_own(tmp_path, sandbox):
    course = new_course(tmp_path)
    write_submission(course, "ada", SOLUTION)
    (course / "submitted" / "eve").symlink_to(course / "submitted" / "ada")
    (course / "submitted" / "fay").mkdir()
    (course / "submitted" / "fay" / UNIT).symlink_to(course / "submitted" / "ada" / UNIT)
    nbgrader(course, "autograde", UNIT)
    assert grade_class(course, UNIT, workers=1) == 1
    book = grades(course)
    assert sum(score or 0 for score, _ in book["ada"].values()) == TOTAL
    for student in ("eve", "fay"):
        assert sum(score or 0 for score, _ in book.get(student, {}).values()) == 0


def test_a_manual_grade_survives_grading_again_and_the_same_file_needs_no_new_look(released, sandbox):
    from nbgrader.api import Gradebook

    write_submission(released, "mary", dict(SOLUTION, derive_gradient=ANSWER))
    assert nbgrader(released, "autograde", UNIT, "--student", "mary").returncode == 0
    with Gradebook(f"sqlite:///{released / 'gradebook.db'}") as book:
        grade = book.find_grade("derive_gradient", UNIT, UNIT, "mary")
        grade.manual_score = 4.0
        grade.needs_manual_grade = False
        book.db.commit()

    def looked_at():
        with Gradebook(f"sqlite:///{released / 'gradebook.db'}") as book:
            grade = book.find_grade("derive_gradient", UNIT, UNIT, "mary")
            assert grade.manual_score == 4.0
            return not grade.needs_manual_grade

    assert grade_class(released, UNIT, workers=1, regrade=Regrade(everything=True)) == 0
    assert looked_at()
    assert nbgrader(released, "autograde", UNIT, "--student", "mary").returncode == 0
    assert looked_at()
    write_submission(released, "mary", dict(SOLUTION, derive_gradient=f"{ANSWER} And more."))
    assert grade_class(released, UNIT, workers=1) == 0
    assert not looked_at()  # a new answer asks for a new look


def test_formgrader_shows_the_rebuilt_notebook(released, sandbox):
    """What formgrader renders: the autograded notebook, with the derivation still to be graded."""
    write_submission(released, "nina", dict(SOLUTION, derive_gradient=ANSWER))
    assert nbgrader(released, "autograde", UNIT, "--student", "nina").returncode == 0
    path = released / "autograded" / "nina" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(path, 4)
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    assert cells["derive_gradient"].source == ANSWER
    check = cells["check_nt_xent"]
    assert check.outputs[0].data["text/plain"] == str(U.checks["nt_xent"])
    assert "nt_xent" in check.outputs[1].data["text/html"]


def test_validate_passes_the_solution_and_fails_the_release():
    """`nbgrader validate` exits 0 either way (a trap): its words are read."""
    ok = nbgrader(ROOT, "validate", f"solutions/{UNIT}/{UNIT}.ipynb")
    assert "Success! Your notebook passes all the tests." in ok.stdout, ok.stdout[-2000:]
    release = nbgrader(ROOT, "validate", f"exercises/{UNIT}/{UNIT}.ipynb")
    assert "VALIDATION FAILED" in release.stdout
    failed = int(re.search(r"FAILED ON (\d+) CELL", release.stdout)[1])
    assert failed >= len(U.checks)


def test_grade_class_writes_the_gradebook_that_nbgrader_writes(released, sandbox, capsys):
    write_submission(
        released, "olga", dict(SOLUTION, nt_xent="def nt_xent(a, b, temperature=0.5):\n    return a.sum()")
    )
    assert nbgrader(released, "autograde", UNIT, "--student", "olga").returncode == 0
    theirs = grades(released)["olga"]
    assert grade_class(released, UNIT, workers=1, regrade=Regrade(everything=True)) == 0
    assert grades(released)["olga"] == theirs


def test_one_bad_submission_does_not_stop_the_others(tmp_path, sandbox, capsys):
    course = new_course(tmp_path)
    submit_class(course, U)
    (course / "submitted" / "empty" / UNIT).mkdir(parents=True)
    os.symlink("/etc/passwd", course / "submitted" / "empty" / UNIT / f"{UNIT}.ipynb")
    assert grade_class(course, UNIT, workers=2) == 1
    out = capsys.readouterr().out
    assert "NOT GRADED grace" in out
    assert "NOT GRADED empty" in out
    assert auto(course, "ada") == auto(course, "alan") == TOTAL
    assert "grace" not in grades(course)


def test_grade_class_says_what_is_missing(tmp_path, sandbox):
    from autograder.submission.notebook import SubmissionError
    from autograder.units.manifest import UnitError

    with pytest.raises(UnitError, match="unknown unit"):
        grade_class(tmp_path, "99_none")
    with pytest.raises(SubmissionError, match="generate_assignment"):
        grade_class(tmp_path, UNIT)
