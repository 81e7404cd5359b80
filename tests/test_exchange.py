"""nbgrader's exchange, once round, with its own commands: release, fetch, submit, collect, grade, feedback, back again.

Two students share one account here, each with a folder, a cache and a name of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from autograder.classroom.demo import ANSWER, UNIT
from autograder.units.manifest import ROOT, load_unit

COURSE = "contrastive-learning"
SOLUTION = {cell.id: cell.source for cell in load_unit(UNIT).solved if cell.kind == "solution"}
TOTAL = sum(load_unit(UNIT).checks.values())


@pytest.fixture
def person(tmp_path):
    """person(name) runs commands as that person: (module, *arguments) in a folder of their own."""
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)

    def of(name):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        config = folder / ".jupyter"
        config.mkdir(exist_ok=True)
        settings = {"Exchange": {"root": str(exchange)}}
        if name != "teacher":
            settings["CourseDirectory"] = {"course_id": COURSE, "student_id": name}
        (config / "nbgrader_config.json").write_text(json.dumps(settings))
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(folder / ".data"),
            "PYTHONPATH": str(ROOT),
        }

        def run(module, *arguments):
            done = subprocess.run(
                [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{module} {' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
            return done.stdout + done.stderr

        return folder, run

    return of


def test_once_round_the_exchange(person, sandbox):
    from nbgrader.api import Gradebook

    course, teacher = person("teacher")
    (course / "solutions").symlink_to(ROOT / "solutions")
    (course / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    teacher("nbgrader", "generate_assignment", UNIT)
    teacher("nbgrader", "release_assignment", UNIT)

    students = {name: person(name) for name in ("ada", "dorothy")}
    for name, (folder, run) in students.items():
        run("nbgrader", "fetch_assignment", UNIT)
        path = folder / UNIT / f"{UNIT}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            answers = {**SOLUTION, "derive_gradient": ANSWER} if name == "ada" else {}
            cell["source"] = answers.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), cell["source"])
        path.write_text(json.dumps(notebook))
        run("nbgrader", "submit", UNIT)

    teacher("nbgrader", "collect", UNIT)
    stamps = {name: (course / "submitted" / name / UNIT / "timestamp.txt").read_text() for name in students}
    teacher("autograder", "grade-class", UNIT, "--exchanged")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for name, score in (("ada", TOTAL), ("dorothy", 0)):
            submission = book.find_submission(UNIT, name)
            assert submission.score == score
            assert stamps[name].startswith(str(submission.timestamp))  # the exchange's date, in UTC
    for name, stamp in stamps.items():
        assert (course / "submitted" / name / UNIT / "timestamp.txt").read_text() == stamp

    teacher("nbgrader", "generate_feedback", UNIT)
    teacher("nbgrader", "release_feedback", UNIT)
    for folder, run in students.values():
        run("nbgrader", "fetch_feedback", UNIT)
        (page,) = (folder / UNIT / "feedback").glob(f"*/{UNIT}.html")
        assert "nt_xent" in page.read_text(encoding="utf-8")
