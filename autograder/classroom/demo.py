"""`make demo`: release unit 01, submit a small class, grade it, write feedback and grades, print one table.

The class lives in build/demo, so that an instructor's own gradebook is never touched. Submissions are real notebooks:
the released one with cells replaced by a solution, by misconceptions of the course's own list, or by trouble.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from autograder.author import Variant
from autograder.classroom.class_report import write_report
from autograder.grading.record import read_problem
from autograder.units.manifest import ROOT, Unit, load_unit

UNIT = "01_similarity_losses"
ANSWER = "The loss is ln(sum of e^(s_j)) - s_0. Its gradient is the softmax-weighted mean of the candidates minus p."


def main() -> int:
    course, unit = ROOT / "build" / "demo", load_unit(UNIT)
    shutil.rmtree(course, ignore_errors=True)
    (course / "solutions").mkdir(parents=True)
    shutil.copytree(ROOT / "solutions" / UNIT, course / "solutions" / UNIT, ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "nbgrader_config.py", course)
    print(f"course directory: {course}")
    _nbgrader(course, "generate_assignment", UNIT, "--create")
    submit_class(course, unit)
    started = time.monotonic()
    status = subprocess.run(
        [sys.executable, "-m", "autograder", "grade-class", UNIT, "--course", str(course)], cwd=ROOT, check=False
    ).returncode
    seconds = time.monotonic() - started
    if status not in (0, 1):
        return status
    _nbgrader(course, "generate_feedback", UNIT)
    _nbgrader(course, "export", "--to", str(course / "grades.csv"))
    print_table(course, unit)
    print(f"\ngraded {len(list((course / 'submitted').iterdir()))} submissions in {seconds:.0f} s")
    print(f"feedback   {course}/feedback/<student>/{UNIT}/{UNIT}.html")
    print(f"report     {write_report(course, UNIT)}")
    print(f"gradebook  {course}/gradebook.db     grades  {course}/grades.csv")
    print("derivations wait for a human, in formgrader (JupyterLab's menu Nbgrader > Formgrader):")
    print(f"    cd {course} && {Path(sys.executable).parent / 'jupyter'} lab")
    return 0


def submit_class(course: Path, unit: Unit) -> None:
    """Write the bundled class into submitted/."""
    exercises = {name: unit.exercise(name) for name in unit.checks}
    solution = {cell.id: cell.source for cell in unit.solved if cell.kind == "solution"}
    right = dict(solution, derive_gradient=ANSWER)

    def wrong(function: str, name: str) -> Variant:
        return next(m for m in exercises[function].misconceptions if m.name == name)

    mixed = dict(right, nt_xent=wrong("nt_xent", "the anchor is its own candidate").source)
    mixed["contrastive_gradient"] = wrong("contrastive_gradient", "softmax over the negatives only").source
    beliefs = dict(
        right,
        logistic_loss=wrong("logistic_loss", "exp without protection").source,
        contrastive_loss=wrong("contrastive_loss", "mean over the negatives").source,
        nt_xent=wrong("nt_xent", "no normalisation").source,
        limit_minimum="limit_minimum = math.log(6) - 4",
    )
    styles = {name: exercise.variants[-1].source for name, exercise in exercises.items() if exercise.variants}
    loop = dict(right, nt_xent="def nt_xent(view1, view2, temperature=0.5):\n    while True:\n        pass\n")
    crash = dict(
        right,
        hinge_loss="import os\n\ndef hinge_loss(anchor, positive, negative, margin=1.0):\n    os._exit(1)\n",
        contrastive_loss="def contrastive_loss(anchor, positive, negatives)\n    return 0\n",
    )
    for student, answers in {
        "ada": right,
        "alan": dict(right, **styles),
        "blaise": mixed,
        "carl": beliefs,
        "dorothy": {},
        "emmy": loop,
        "felix": crash,
    }.items():
        write_submission(course, student, answers)
    broken = course / "submitted" / "grace" / UNIT / f"{UNIT}.ipynb"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"cells": [{"cell_type": "code", "source": ["import to')


def write_submission(course: Path, student: str, answers: dict[str, str], unit: str = UNIT) -> Path:
    """The released notebook with the given sources in the cells of the given ids, as a student saves it."""
    notebook = json.loads((ROOT / "exercises" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name].splitlines(keepends=True)
    path = course / "submitted" / student / unit / f"{unit}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    return path


def print_table(course: Path, unit: Unit) -> None:
    """Student, score as nbgrader exported it, and what was wrong."""
    with open(course / "grades.csv", encoding="utf-8") as file:
        scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    total = sum(unit.checks.values())
    print(f"\n{'student':<9} {'score':>10}  what was wrong")
    for folder in sorted((course / "submitted").iterdir()):
        path = course / "records" / unit.slug / f"{folder.name}.json"
        if not path.exists():
            problem = read_problem(course, unit.slug, folder.name)
            print(f"{folder.name:<9} {'not graded':>10}  {problem}")
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        score = f"{float(scores[folder.name]):g} of {total:g}"
        wrong = [f"{name}: {_what(check)}" for name, check in record["checks"].items() if check["status"] != "pass"]
        if len(wrong) == len(record["checks"]) and all("not implemented" in w for w in wrong):
            wrong = ["nothing implemented"]
        for index, line in enumerate(wrong or ["nothing"]):
            print(f"{folder.name if index == 0 else '':<9} {score if index == 0 else '':>10}  {line}")


def _what(check: dict) -> str:
    if check["misconception"]:
        return f"{check['misconception']} ({check['score']:g} of {check['max_score']:g})"
    if check["status"] == "missing":
        return "not implemented"
    return f"{check['status']}: {check['message']}"


def _nbgrader(course: Path, *arguments: str) -> None:
    """Run an nbgrader command; its exit status says little, so its results are what the caller looks at."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    print(f"$ nbgrader {' '.join(arguments)}", flush=True)
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"nbgrader {arguments[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
