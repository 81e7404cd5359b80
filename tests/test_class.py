"""A class is graded whatever dies meanwhile: nothing is lost, nobody waits for ever, and what is not graded is said."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from served import nbgrader, new_course

from autograder.classroom import gradebook, machine
from autograder.classroom import run as classroom
from autograder.classroom.crew import Crew
from autograder.classroom.demo import UNIT, write_submission
from autograder.classroom.gradebook import graded_path, read_marks
from autograder.classroom.machine import Plan, plan
from autograder.classroom.run import Regrade, grade_class
from autograder.grading.jobs import Job
from autograder.grading.record import read_problem, record_path
from autograder.sandbox.process import SandboxError
from autograder.sandbox.visible import package_folders
from autograder.units.manifest import ROOT, load_unit

U = load_unit(UNIT)
SOLUTION = {cell.id: cell.source for cell in U.solved if cell.kind == "solution"}
TOTAL = sum(U.checks.values())


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course directory with a gradebook and no submissions."""
    return new_course(tmp_path_factory.mktemp("released"))


@pytest.fixture
def course(released, tmp_path, sandbox):
    shutil.copytree(released, tmp_path / "course")
    return tmp_path / "course"


def submit(course: Path, *students: str, **answers: str) -> None:
    for student in students:
        write_submission(course, student, {**SOLUTION, **answers})


def scores(course: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            s.student.id: sum(g.auto_score or 0 for n in s.notebooks for g in n.grades)
            for s in book.find_assignment(UNIT).submissions
        }


def exported(course: Path) -> dict[str, dict[str, str]]:
    nbgrader(course, "export", "--to", str(course / "grades.csv"))
    with open(course / "grades.csv", encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def jobs(course: Path, *students: str) -> list[Job]:
    return [Job(s, UNIT, str(course / "submitted" / s / UNIT / f"{UNIT}.ipynb")) for s in students]


def test_a_submission_whose_worker_is_killed_twice_is_not_graded_and_everybody_else_is(course):
    """SIGKILL at a random moment of each of its tries, as the kernel does where memory runs out."""
    submit(course, "a", "b", "suspect", "c")
    chance, killed, stop = random.Random(1), [], threading.Event()
    with Crew(2) as crew:

        def kill():
            while not stop.is_set():
                for worker in list(crew.workers):
                    if worker.job is not None and worker.job.student == "suspect" and worker.process.pid not in killed:
                        time.sleep(chance.uniform(0, 0.2))
                        killed.append(worker.process.pid)
                        os.kill(worker.process.pid, signal.SIGKILL)
                time.sleep(0.005)

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            results = {result.student: result for result in crew.grade(jobs(course, "suspect", "a", "b", "c"))}
        finally:
            stop.set()
            thread.join()
    assert len(killed) == 2
    assert results["suspect"].record is None
    assert "tried 2 times" in results["suspect"].error
    assert "signal 9" in results["suspect"].error
    assert {s: r.record["score"] for s, r in results.items() if s != "suspect"} == dict.fromkeys("abc", TOTAL)


def test_one_kill_costs_a_second_try_only(course):
    submit(course, "a")
    with Crew(1) as crew:
        results = crew.grade(jobs(course, "a"))
        threading.Timer(0.3, lambda: os.kill(crew.workers[0].process.pid, signal.SIGKILL)).start()
        (result,) = results
    assert result.record["score"] == TOTAL


def test_nothing_is_lost_whatever_moment_the_main_process_is_killed_at(course):
    """After each kill: a mark stands for a grade in the gradebook, a record and a graded notebook; the next run goes on."""
    students = [f"s{i}" for i in range(6)]
    submit(course, *students)
    command = [sys.executable, "-m", "autograder", "grade-class", UNIT, "--course", str(course)]
    chance, marked = random.Random(7), 0
    for _ in range(4):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until = chance.randint(1, 2)
        for line in process.stdout:  # kill it somewhere between this result and the next
            if line.startswith("["):
                until -= 1
                if until == 0:
                    time.sleep(chance.uniform(0, 0.15))
                    break
        process.kill()
        process.wait()
        process.stdout.close()
        marks, found = read_marks(course, UNIT), scores(course)
        assert len(marks) >= marked
        marked = len(marks)
        for student, mark in marks.items():
            assert mark.score == found[student] == TOTAL
            record = json.loads(record_path(course, UNIT, student).read_text(encoding="utf-8"))
            assert (record["sha256"], record["score"]) == (mark.sha256, TOTAL)
            assert graded_path(course, UNIT, student).exists()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{marked} of 6 were graded before" in done.stdout or marked == 0
    assert scores(course) == dict.fromkeys(students, TOTAL)
    assert read_marks(course, UNIT).keys() == set(students)


@pytest.mark.parametrize("moment", ["write_atomically", "keep_exchange_files", "_save_auto_grades", "mark_values"])
def test_a_kill_between_files_and_commit_leaves_nothing_that_looks_done(course, monkeypatch, moment):
    submit(course, "a")
    real, calls = getattr(gradebook, moment), []

    def dies(*arguments, **rest):
        if calls:
            raise SystemExit("killed")
        calls.append(1)
        return real(*arguments, **rest) if moment == "write_atomically" else dies()

    monkeypatch.setattr(gradebook, moment, dies)
    with pytest.raises(SystemExit):
        grade_class(course, UNIT, workers=1)
    monkeypatch.setattr(gradebook, moment, real)
    assert read_marks(course, UNIT) == {}
    assert scores(course).get("a", 0) == 0
    assert grade_class(course, UNIT, workers=1) == 0
    assert scores(course) == {"a": TOTAL}


def test_what_is_graded_is_asked_of_the_gradebook(course, capsys):
    """A gradebook that was replaced by an older one has lost its grades, and the class is graded again."""
    shutil.copy(course / "gradebook.db", course / "old.db")
    submit(course, "a")
    assert grade_class(course, UNIT, workers=1) == 0
    shutil.move(course / "old.db", course / "gradebook.db")
    assert grade_class(course, UNIT, workers=1) == 0
    assert "[1/1] a: 28 of 28" in capsys.readouterr().out.rpartition("grading")[2]
    assert scores(course) == {"a": TOTAL}


def test_changed_checks_are_noticed_said_and_regraded_on_request_only(course, capsys, monkeypatch):
    submit(course, "a", "b")
    assert grade_class(course, UNIT, workers=2) == 0
    submit(course, "b", hinge_loss="def hinge_loss(*args):\n    return torch.zeros(())\n")
    monkeypatch.setattr(classroom, "checks_version", lambda unit: "newer")
    before = {student: mark.graded_at for student, mark in read_marks(course, UNIT).items()}
    capsys.readouterr()
    assert grade_class(course, UNIT, workers=1) == 0
    out = capsys.readouterr().out
    assert "1 of 2 were graded with older checks than today's (newer): their grades are kept (--changed" in out
    assert scores(course) == {"a": TOTAL, "b": TOTAL - U.checks["hinge_loss"]}
    assert read_marks(course, UNIT)["a"].graded_at == before["a"]
    assert grade_class(course, UNIT, workers=1, regrade=Regrade(changed=True)) == 0
    assert "[1/2]" in capsys.readouterr().out  # the version that a worker writes is the real one


def test_the_version_follows_references_points_and_checks_and_nothing_else(tmp_path, monkeypatch):
    from autograder.grading import version

    for pattern in ("autograder", "course"):
        shutil.copytree(ROOT / pattern, tmp_path / pattern, ignore=shutil.ignore_patterns("__pycache__", "data"))
    monkeypatch.setattr(version, "ROOT", tmp_path)
    compute = version.checks_version.__wrapped__
    first = compute(U)
    assert first == compute(U)
    edited = replace(U.solved[0], source=U.solved[0].source + "x")
    assert U.solved[0].type == "markdown"
    assert compute(replace(U, solved=(edited, *U.solved[1:]))) == first  # a text
    index, check = next((i, c) for i, c in enumerate(U.solved) if c.kind == "check")
    points = (*U.solved[:index], replace(check, points=check.points + 1), *U.solved[index + 1 :])
    assert compute(replace(U, solved=points)) != first
    for file in (f"autograder/units/u{UNIT}/nt_xent.py", "course/check/compare.py", "course/validate.py"):
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n# changed\n", encoding="utf-8")
        assert compute(U) != first, file
        path.write_text(text, encoding="utf-8")
    (tmp_path / "autograder/units/u02_latent_classes/block_loss.py").write_text("# another unit's\n")
    assert compute(U) == first


def test_the_export_lists_everybody_with_what_is_wrong(course):
    submit(course, "ada", "bob", "eve")
    empty = course / "submitted" / "fay" / UNIT
    empty.mkdir(parents=True)
    assert grade_class(course, UNIT, workers=2) == 1
    (course / "submitted" / "bob" / UNIT / f"{UNIT}.ipynb").write_text("{broken")
    assert grade_class(course, UNIT, workers=1) == 1  # bob's newer attempt
    submit(course, "eve", nt_xent="# later\n")  # and one that nobody has graded yet
    rows = exported(course)
    assert {s: row["score"] for s, row in rows.items()} == {"ada": "28.0", "bob": "28.0", "eve": "28.0", "fay": ""}
    assert rows["ada"]["problem"] == ""
    assert rows["bob"]["problem"].startswith("a newer attempt was not graded: ")
    assert "is not a notebook" in rows["bob"]["problem"]
    assert rows["eve"]["problem"] == "a newer attempt is not graded yet"
    assert rows["fay"]["problem"].startswith("not graded: ")
    assert rows["ada"]["checks_version"] == read_marks(course, UNIT)["ada"].checks_version
    with sqlite3.connect(course / "gradebook.db") as db:
        db.execute("UPDATE course_marks SET checks_version = 'older' WHERE student = 'ada'")
    assert "older checks" in exported(course)["ada"]["problem"]
    assert read_problem(course, UNIT, "bob")


def test_late_penalties_follow_nbgraders_settings_on_every_road(course):
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.Dates.believed = True\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_assignment(UNIT, duedate="2026-01-01 00:00:00 UTC")
    submit(course, "late", "intime")
    for student, when in (("late", "2026-01-02 00:00:00 UTC"), ("intime", "2025-12-31 00:00:00 UTC")):
        (course / "submitted" / student / UNIT / "timestamp.txt").write_text(when)

    def penalties():
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
            return {s.student.id: s.late_submission_penalty for s in book.find_assignment(UNIT).submissions}

    nbgrader(course, "autograde", UNIT)
    theirs = penalties()
    assert theirs["late"] == TOTAL
    assert not theirs["intime"]
    assert grade_class(course, UNIT, workers=1, regrade=Regrade(everything=True)) == 0
    assert penalties() == theirs
    config.write_text(config.read_text().replace("c.Dates.believed = True\n", ""))
    nbgrader(course, "autograde", UNIT)  # who can put a file into a submission can date it
    assert not any(penalties().values())
    assert (course / "submitted" / "late" / UNIT / "timestamp.txt").exists()


def test_grades_of_nbgraders_own_command_count_as_graded(course, capsys):
    submit(course, "a")
    nbgrader(course, "autograde", UNIT)
    assert read_marks(course, UNIT)["a"].score == TOTAL
    assert grade_class(course, UNIT, workers=1) == 0
    assert "1 of 1 were graded before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("free_gb", "wanted", "workers", "student_gb"),
    [(64, 2, 2, 2.0), (64, 8, 8, 2.0), (13, 8, 3, 2.0), (4.2, 2, 1, 2.0), (3, 2, 1, 0.94)],
)
def test_workers_times_memory_fits_the_machine(free_gb, wanted, workers, student_gb):
    free = int(free_gb * 2**30)
    chosen = plan(wanted, free_bytes=free)
    assert chosen.workers == workers
    assert chosen.memory_bytes / 2**30 == pytest.approx(student_gb, abs=0.01)
    assert chosen.workers * chosen.worker_bytes <= free
    assert f"{workers} worker" in str(chosen)


def test_too_little_memory_is_said_with_both_numbers():
    with pytest.raises(MemoryError, match=r"grading takes up to 2\.6 GB of memory, 1\.0 GB are free"):
        plan(2, free_bytes=2**30)


def test_grade_class_says_what_it_chose(course, capsys, monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: int(4.5 * 2**30))
    submit(course, "a")
    assert grade_class(course, UNIT, workers=2, memory_bytes=2**30) == 0
    assert str(Plan(1, 2**30, int(4.5 * 2**30))) in capsys.readouterr().out


def test_a_machine_on_which_nothing_can_be_graded_stops_the_class_with_the_reason(course, monkeypatch):
    submit(course, "a", "b")
    everything = package_folders()[0]  # Python itself needs it
    monkeypatch.setattr(classroom, "protected_places", lambda course: (everything,))
    with pytest.raises(SandboxError, match=re.escape(str(everything))):
        grade_class(course, UNIT, workers=1)
    assert read_marks(course, UNIT) == {}
