"""docs/instructors.md, followed literally: its sessions run one after the other in a fresh clone, from set-up to export.

What a session cannot do by itself is done here: a student works, a human gives points, an author changes a check. One
course directory serves all tests of this file.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from fresh import bash, changes, fresh_clone, serving
from test_readme import look_at_formgrader

from autograder.classroom.demo import ANSWER, UNIT, write_submission
from autograder.units.manifest import ROOT, load_unit

U = load_unit(UNIT)
SOLUTION = {cell.id: cell.source for cell in U.solved if cell.kind == "solution"}
AUTO, BY_HAND = sum(U.checks.values()), sum(U.manual.values())
DOCUMENT = ROOT / "docs" / "instructors.md"


def sections() -> dict[str, str]:
    """Heading -> the session below it, in the order of the document."""
    found = {}
    for part in DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
        assert len(blocks) <= 1, "one session a section"
        if blocks:
            found[part.partition("\n")[0]] = blocks[0]
    return found


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def walked(tmp_path_factory, sandbox):
    """The clone after the whole document, and what each section printed."""
    folder = tmp_path_factory.mktemp("instructor")
    clone = fresh_clone(folder / "clone")
    printed = {}
    for heading, session in sections().items():
        if heading == "What students do":
            submit_as_ada(clone, folder / "ada", session)
            printed[heading] = ""
        elif heading == "Grade by hand":
            with serving(clone, session) as server:
                grade_by_hand(clone, server)
        else:
            if heading == "Collect and grade":
                by_other_means(clone)
            if heading == "After a check has changed":
                check = clone / "autograder" / "units" / f"u{UNIT}" / "hinge_loss.py"
                check.write_text(check.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
            _, printed[heading] = bash(clone, f"trap 'echo \"FAILED: $BASH_COMMAND\"' ERR\n{session}")
            failed = re.findall("^FAILED: (.*)", printed[heading], re.MULTILINE)
            # `grade-class` says with its exit status that somebody was not graded
            expected = [line for line in session.splitlines() if "grade-class" in line]
            assert failed == expected, f"{heading}\n{printed[heading][-3000:]}"
            assert "Traceback" not in printed[heading], f"{heading}\n{printed[heading][-3000:]}"
    subprocess.run(["git", "checkout", "-q", "autograder"], cwd=clone, check=True)
    return clone, printed


def submit_as_ada(clone: Path, home: Path, session: str) -> None:
    """A student with an account of her own: fetches, solves, derives, submits."""
    config = home / ".jupyter"
    config.mkdir(parents=True)
    settings = {"course_id": "contrastive-learning", "student_id": "ada"}
    exchange = {"root": str(clone.parent / "clone-home" / "exchange")}
    (config / "nbgrader_config.json").write_text(json.dumps({"Exchange": exchange, "CourseDirectory": settings}))
    fetch, submit = session.splitlines()
    account = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(config), "JUPYTER_DATA_DIR": str(home / ".data")}
    prelude = f"source .venv/bin/activate; cd {home}"
    status, out = bash(clone, fetch, prelude, **account)
    assert status == 0, out[-3000:]
    path = home / UNIT / f"{UNIT}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    answers = {**SOLUTION, "derive_gradient": ANSWER}
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), cell["source"])
    path.write_text(json.dumps(notebook))
    status, out = bash(clone, submit, prelude, **account)
    assert status == 0, out[-3000:]


def by_other_means(clone: Path) -> None:
    """Zoe is a year late, and handed in a derivation only; somebody's file is no notebook."""
    path = write_submission(clone, "zoe", {"hinge_loss": SOLUTION["hinge_loss"], "derive_gradient": ANSWER})
    (path.parent / "timestamp.txt").write_text("2041-01-31 00:00:00 UTC")
    write_submission(clone, "broken", {}).write_text("{")


def grade_by_hand(clone: Path, server) -> None:
    """Formgrader, through the requests that its page sends: the scheme beside the answer, then full points for both."""
    look_at_formgrader(clone, server)
    for entry in json.loads(server.get(f"/formgrader/api/submitted_notebooks/{UNIT}/{UNIT}")):
        page = server.get(f"/formgrader/submissions/{entry['id']}/")
        assert "Jensen in the right direction" in page
        assert "Write" in page.partition("Model answer")[2]
        (grade,) = (
            g for g in json.loads(server.get(f"/formgrader/api/grades?submission_id={entry['id']}"))
            if g["name"] == "derive_gradient"
        )  # fmt: skip
        server.ask("PUT", f"/formgrader/api/grade/{grade['id']}", {"manual_score": BY_HAND, "extra_credit": 0})


def test_what_each_session_says(walked):
    clone, printed = walked
    assert "NOT GRADED broken" in printed["Collect and grade"]
    assert "ada: 28 of 28" in printed["Collect and grade"]
    said = printed["After a check has changed"]
    assert "2 of 3 were graded with older checks than today's" in said
    assert "their grades are kept" in said
    assert "they are graded again" in said
    assert changes(clone) == ""


def test_the_grades_are_whole_late_ones_are_nothing_and_no_point_escapes(walked):
    """Zoe's points given by hand came after the grader's: the penalty, set for the account only, takes them too."""
    clone, _ = walked
    rows = {row["student_id"]: row for row in read(clone / "grades.csv") if row["assignment"] == UNIT}
    assert float(rows["ada"]["score"]) == AUTO + BY_HAND
    assert float(rows["zoe"]["score"]) == 0
    assert float(rows["zoe"]["late_submission_penalty"]) == U.checks["hinge_loss"] + BY_HAND
    assert rows["broken"]["problem"].startswith("not graded: ")
    page = (clone / "feedback" / "zoe" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    assert re.search(r"<b>0 of 32 points</b>; 5 taken off for a late submission", page)
    assert "Jensen in the right direction" not in page
    back = clone.parent / "clone-home" / "exchange" / "contrastive-learning" / "feedback"
    assert list(back.glob("*.html"))


def test_the_exports_say_the_same(walked):
    clone, _ = walked
    points, *rows = read(clone / "exports" / f"{UNIT}-canvas.csv")
    assert float(points[UNIT]) == AUTO + BY_HAND
    ada, broken, zoe = rows
    assert (ada["Student"], ada["ID"], float(ada[UNIT])) == ("King, Countess of Lovelace, Ada", "4711", AUTO + BY_HAND)
    assert (broken[UNIT], broken["SIS Login ID"]) == ("", "broken")
    assert (zoe["Student"], float(zoe[UNIT])) == ('O\'Neil "Zo", Zoë', 0)
    ada, broken, zoe = read(clone / "exports" / f"{UNIT}-moodle.csv")
    assert (ada["Email address"], float(ada[UNIT]), ada["Status"]) == ("ada@example.org", AUTO + BY_HAND, "graded")
    assert broken["Status"].startswith("not graded: ")
    assert zoe["Status"] == "5 points taken off for a late submission"
    report = (clone / "reports" / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "2 graded, 1 not graded" in report
    assert "zoe" in report
    assert not re.search("zoe|ada|broken", (clone / "reports" / f"{UNIT}-shareable.html").read_text(encoding="utf-8"))


def test_the_zip_grades_in_a_clean_folder_as_gradescope_runs_it(walked, tmp_path):
    """setup.sh, then run_autograder for two submissions; apt-get is a stand-in, and pip finds all that is required there."""
    clone, _ = walked
    place = tmp_path / "autograder"
    with zipfile.ZipFile(clone / "exports" / f"{UNIT}-gradescope.zip") as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, place / "source"))
            if entry.external_attr >> 16 & 0o111:
                path.chmod(0o755)
        assert not [n for n in archive.namelist() if "02_latent" in n or "autograder/units/u02" in n]
    (place / "venv").symlink_to(sys.prefix)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "apt-get").write_text("#!/bin/sh\n")
    (tools / "apt-get").chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"AUTOGRADER_ROOT": str(place), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def run(script: str) -> None:
        done = subprocess.run(
            [place / "source" / script], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]

    run("setup.sh")
    wrong = SOLUTION["hinge_loss"].replace("return", "return 2 *")
    (place / "submission").mkdir()
    made = write_submission(tmp_path, "x", dict(SOLUTION, hinge_loss=wrong))
    made.rename(place / "submission" / "my work.ipynb")
    run("run_autograder")
    found = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["score"] == AUTO - U.checks["hinge_loss"] == sum(test["score"] for test in found["tests"])
    assert set(found) <= {"score", "execution_time", "output", "output_format", "stdout_visibility", "tests"}
    tests = {test["name"]: test for test in found["tests"]}
    assert [tests[name]["status"] for name in ("hinge_loss", "nt_xent")] == ["failed", "passed"]
    assert tests["hinge_loss"]["max_score"] == U.checks["hinge_loss"]
    (place / "submission" / "my work.ipynb").write_text("{")
    run("run_autograder")
    found = json.loads((place / "results" / "results.json").read_text(encoding="utf-8"))
    assert (found["score"], found["tests"]) == (0.0, [])
    assert "is not a notebook" in found["output"]
