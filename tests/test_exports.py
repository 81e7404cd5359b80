"""Files for Canvas, Moodle and Gradescope: whatever people are called, each row can be imported and no cell runs."""

from __future__ import annotations

import csv
import io
import re
from types import SimpleNamespace

import pytest

from autograder.classroom import lms
from autograder.classroom.demo import UNIT
from autograder.classroom.export import plain_text
from autograder.classroom.gradescope import results, submitted
from autograder.classroom.settings import course_config
from autograder.grading.record import CheckRecord, Record
from autograder.submission.notebook import SubmissionError

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\n-1")


def person(student: str, first: str = "", last: str = "", number: str = "") -> SimpleNamespace:
    return SimpleNamespace(id=student, first_name=first, last_name=last, email=f"{student}@x", lms_user_id=number)


def row(student: str, score=5.0, waits=False, penalty=0.0, problem="") -> dict:
    grades = {"score": score, "needs_manual_grade": waits, "late_submission_penalty": penalty, "max_score": 10.0}
    return {"student_id": student, "problem": problem, **grades}


def parsed(table) -> list[list[str]]:
    text = lms.as_csv(table)
    assert text.count("\r\n") == len(text.splitlines())
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_begins_as_a_formula_does(text):
    assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", plain_text(text))
    assert "\n" not in plain_text(text)


@pytest.mark.parametrize("table", [lms._canvas, lms._moodle])
def test_names_with_commas_quotes_and_formulas_come_back_whole(table):
    people = {
        "ada": person("ada", "Zoë Ὑπατία", 'O"Neil, 王', "7"),
        "eve": person("eve", '=HYPERLINK("http://x")', "@x\nline"),
    }
    rows = parsed(table(UNIT, 10.0, [row("ada"), row("eve", problem="=cmd()")], people))
    assert len({len(cells) for cells in rows}) == 1
    flat = [cell for cells in rows for cell in cells]
    assert any('O"Neil, 王' in cell for cell in flat)
    assert not [cell for cell in flat if re.match(r"\s*[=+\-@]", cell)]


def test_canvas_finds_its_columns_and_leaves_out_the_status():
    """As lib/gradebook_importer.rb of Canvas reads a header: student columns up to Section, then assignments; titles with
    the name of a computed column are none."""
    header, points, first = parsed(lms._canvas(UNIT, 10.0, [row("ada")], {"ada": person("ada", number="7")}))
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert re.search(r"SIS\s+Login\s+ID", header[2])
    assert "Section" in header[3]
    assert [title for title in header[4:] if not re.search("Current Grade|Final Grade", title)] == [UNIT]
    assert "Points Possible" in points[0]
    assert float(points[4]) == 10
    assert re.search(r"read\s+only", points[5])
    assert first[1:5] == ["7", "ada", "", "5.0"]


@pytest.mark.parametrize(
    ("given", "score", "said"),
    [
        (row("a"), 5.0, "graded"),
        (row("a", waits=True), "", "waits for a human; 5 points so far"),
        (row("a", score=99.0, problem="check_x has 99 of 5"), 10.0, "check_x has 99 of 5"),
        (row("a", score=-3.0), 0.0, "graded"),
        (row("a", score=2.0, penalty=3.0), 2.0, "3 points taken off for a late submission"),
        ({"student_id": "a", "problem": "not graded: no notebook"}, "", "not graded: no notebook"),
        ({"student_id": "a", "problem": ""}, "", "not handed in"),
    ],
)
def test_a_score_stands_when_it_is_whole_and_within_its_bounds(given, score, said):
    assert lms.score_and_status(given) == (score, said)


def test_gradescope_gets_its_documented_form_and_plain_text():
    checks = {
        "f": CheckRecord("pass", 2.0, 2.0),
        "g": CheckRecord("fail", 0.0, 1.0, "<b>wrong</b>", "look", ("look", "again")),
    }
    found = results(Record(UNIT, 2.0, 3.0, "bubblewrap", checks, 1, "", 1.6, ["a note"], {"derive_x": 4.0}))
    assert (found["score"], found["execution_time"]) == (2.0, 2)
    assert [test["status"] for test in found["tests"]] == ["passed", "failed"]
    assert found["tests"][1]["output"] == "fail. <b>wrong</b>\nHint 1 of 2: look\nHint 2 of 2: again"
    assert {test["output_format"] for test in found["tests"]} | {found["output_format"]} == {"text"}
    assert "derive_x: 4 points, graded by hand." in found["output"]


def test_a_submission_is_one_notebook(tmp_path):
    with pytest.raises(SubmissionError, match="there are 0"):
        submitted(tmp_path, UNIT)
    (tmp_path / "a.ipynb").write_text("")
    assert submitted(tmp_path, UNIT).name == "a.ipynb"
    (tmp_path / "b.ipynb").write_text("")
    with pytest.raises(SubmissionError, match="there are 2"):
        submitted(tmp_path, UNIT)
    (tmp_path / f"{UNIT}.ipynb").write_text("")
    assert submitted(tmp_path, UNIT).name == f"{UNIT}.ipynb"


def test_settings_of_the_account_count_and_the_courses_own_win(tmp_path, monkeypatch):
    account, course = tmp_path / "account", tmp_path / "course"
    for folder in (account, course):
        folder.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(account))
    (account / "nbgrader_config.py").write_text(
        'c = get_config()\nc.LateSubmissionPlugin.penalty_method = "zero"\nc.Dates.believed = True\n'
    )
    assert course_config(course).LateSubmissionPlugin.penalty_method == "zero"
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.LateSubmissionPlugin.penalty_method = "none"\n')
    assert course_config(course).LateSubmissionPlugin.penalty_method == "none"
    assert course_config(course).Dates.believed
