"""The gradebook on a PostgreSQL server, through nbgrader's own `db_url`: every road writes it and reads it."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from served import nbgrader

from autograder.__main__ import main
from autograder.classroom.demo import UNIT, write_submission
from autograder.classroom.gradebook import read_marks
from autograder.classroom.run import grade_class
from autograder.classroom.settings import course_config, gradebook_url
from autograder.units.manifest import ROOT, load_unit

U = load_unit(UNIT)
SOLUTION = {cell.id: cell.source for cell in U.solved if cell.kind == "solution"}
TOTAL = sum(U.checks.values())
DUE = "2026-01-01 00:00:00 UTC"


def programs() -> Path:
    """The folder of PostgreSQL's server; skipped, with the reason, where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install -e '.[postgres]'")
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *map(Path, filter(None, [shutil.which("initdb")]))]
    if not found:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    return found[0].resolve().parent


@pytest.fixture(scope="module")
def server():
    """The URL of an empty database on a server of our own, which listens on a socket in a temporary folder only."""
    bin_folder = programs()
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder, someone = Path(name), {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to be
            someone = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody", "nogroup")

        def run(program, *arguments):
            command = [bin_folder / program, *arguments]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **someone)
            assert done.returncode == 0, done.stdout + done.stderr

        run("initdb", "-D", folder / "data", "-U", "course", "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
        try:
            run("createdb", "-h", folder, "-U", "course", "class")
            yield f"postgresql+psycopg://course@/class?host={folder}"
        finally:
            with contextlib.suppress(AssertionError):
                run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")


def new_course(folder: Path, url: str) -> Path:
    shutil.copytree(ROOT / "solutions" / UNIT, folder / "solutions" / UNIT, ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {url!r}\nc.Dates.believed = True\n")
        file.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    return folder


def test_a_class_is_graded_penalised_shown_and_exported_from_postgresql(server, tmp_path, sandbox, capsys):
    from nbgrader.api import Gradebook
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    course = new_course(tmp_path, server)
    assert gradebook_url(course) == server
    assert main(["grade-class", UNIT, "--course", str(course)]) == 2  # the database is there, and empty
    assert f"the gradebook does not know {UNIT}: run `nbgrader generate_assignment" in capsys.readouterr().err
    nbgrader(course, "generate_assignment", UNIT, "--create")
    with Gradebook(server) as book:
        book.update_or_create_assignment(UNIT, duedate=DUE)
    days = {"intime": "2025-12-31", "late": "2026-01-02", "theirs": "2026-01-02"}
    penalties = {"intime": 0, "late": TOTAL, "theirs": TOTAL}
    for student, day in days.items():
        path = write_submission(course, student, {**SOLUTION, "derive_gradient": "An answer."})
        (path.parent / "timestamp.txt").write_text(f"{day} 00:00:00 UTC")

    nbgrader(course, "autograde", UNIT, "--student", "theirs")  # nbgrader's road leaves the same mark
    assert read_marks(course, UNIT)["theirs"].score == TOTAL
    assert grade_class(course, UNIT, workers=1) == 0
    assert "1 of 3 were graded before" in capsys.readouterr().out
    assert grade_class(course, UNIT, workers=1) == 0
    assert "3 of 3 were graded before" in capsys.readouterr().out
    marks = read_marks(course, UNIT)
    assert {student: mark.score for student, mark in marks.items()} == dict.fromkeys(days, TOTAL)

    api = NbGraderAPI(CourseDirectory(config=course_config(course), root=str(course)))  # what formgrader's pages show
    assert [assignment["name"] for assignment in api.get_assignments()] == [UNIT]
    shown = {s["student"]: (s["score"], s["needs_manual_grade"]) for s in api.get_submissions(UNIT)}
    assert shown == dict.fromkeys(days, (TOTAL, True))
    (notebook,) = api.get_notebooks(UNIT)
    assert notebook["needs_manual_grade"]
    assert len(api.get_notebook_submissions(UNIT, UNIT)) == 3
    with Gradebook(server) as book:
        submissions = book.find_assignment(UNIT).submissions
        assert {s.student.id: s.late_submission_penalty or 0 for s in submissions} == penalties
        # and as its "Save" does:
        book.find_grade("derive_gradient", UNIT, UNIT, "intime").manual_score = 4.0
        book.db.commit()
    nbgrader(course, "export", "--to", str(course / "grades.csv"))
    with open(course / "grades.csv", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {student: float(row["score"]) for student, row in rows.items()} == {
        "intime": TOTAL + 4,
        "late": 0,
        "theirs": 0,
    }
    assert {row["checks_version"] for row in rows.values()} == {marks["late"].checks_version}
    assert not any(row["problem"] for row in rows.values())
    assert not list(course.glob("*.db"))


def test_a_server_that_does_not_answer_is_said_in_one_line_without_the_password(tmp_path, capsys):
    programs()
    course = new_course(tmp_path, f"postgresql+psycopg://course:secret@/class?host={tmp_path}")
    assert main(["grade-class", UNIT, "--course", str(course)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the gradebook postgresql+psycopg://course:***@/class?host=")
    assert "does not answer" in error
    assert "secret" not in error
    assert error.count("\n") == 1


def test_the_gradebook_is_where_nbgrader_run_in_the_course_directory_has_it(tmp_path):
    from traitlets.config import Config

    def url(value):
        return gradebook_url(tmp_path, Config({"CourseDirectory": {"db_url": value}}))

    assert gradebook_url(tmp_path) == f"sqlite:///{tmp_path}/gradebook.db"
    assert url("sqlite:///other.db") == f"sqlite:///{tmp_path}/other.db"
    assert url("sqlite:////srv/grades.db") == "sqlite:////srv/grades.db"
    assert url("postgresql://host/class") == "postgresql://host/class"


def test_a_configuration_that_cannot_be_read_is_said_in_one_line(tmp_path, capsys):
    course = new_course(tmp_path, "")
    with open(course / "nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write('c.CourseDirectory.db_url = os.environ["NOWHERE_SET"]\n')
    write_submission(course, "a", {})
    assert main(["grade-class", UNIT, "--course", str(course)]) == 2
    assert capsys.readouterr().err == f"error: {course}/nbgrader_config.py cannot be read: KeyError: 'NOWHERE_SET'\n"
