"""The documents run: every command line of README.md, docs/authoring.md and the demo's closing advice, as it stands.
docs/instructors.md is walked by test_instructors.py.

A block marked ```sh is a session in the repository root, each of its lines a command; other blocks must say ```text or
```python. A new line is run by this test without anybody adding it here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fresh import bash, changes, fresh_clone, serving

from autograder.classroom.demo import UNIT
from autograder.units.manifest import ROOT, load_unit

TOTAL = sum(load_unit(UNIT).checks.values())
# what is not run here: the clone is a fixture, and installing needs a package registry (`make` runs the same line)
ELSEWHERE = ("git clone <this repository>", "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e .")
SERVERS = ("make lab", "make author", "jupyter lab")
MINUTES = ("make bench", "python -m experiments")  # started, then stopped
SECONDS = 5  # how long; an import error, a wrong option or a missing file comes sooner


def sessions(document: str) -> list[list[str]]:
    """The blocks marked sh, each as its command lines."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert {kind for kind, _ in blocks} <= {"sh", "text", "python"}, f"{document}: a block that says neither"
    lines = [
        [line for line in body.splitlines() if line and not line.startswith("#")]
        for kind, body in blocks
        if kind == "sh"
    ]
    assert all(lines)
    assert lines
    return lines


def run(clone: Path, session: list[str]) -> dict[str, str]:
    """Run a session's lines one after the other; gives what each printed."""
    printed, prelude = {}, ""
    for line in session:
        if line.startswith(ELSEWHERE):
            continue
        if line.startswith("source "):
            prelude = line
        elif line.startswith(SERVERS):
            with serving(clone, f"{prelude}\n{line}") as server:
                PROBES[line.partition(" #")[0].strip()](clone, server)
        else:
            started = line.startswith(MINUTES)
            status, printed[line] = bash(
                clone, line, prelude, SECONDS if started else 300, PYTEST_OPTIONS="tests/test_wire.py"
            )
            assert status == 0 or (started and status is None), f"{line}\n{printed[line][-3000:]}"
            assert "Traceback" not in printed[line], f"{line}\n{printed[line][-3000:]}"
    return printed


def look_at_lab(clone, server):
    """`make lab`: the copies, nothing that is tracked, and a terminal in which the exercises' closing lines run."""
    listed = {entry["name"] for entry in json.loads(server.get("/api/contents"))["content"]}
    assert listed == {"exercises", "lectures"}
    lecture = json.loads(server.get(f"/api/contents/lectures/{UNIT}.ipynb"))["content"]
    lecture["metadata"]["language_info"]["version"] = "3"  # what JupyterLab adds to a notebook that it only opens
    server.ask(
        "PUT", f"/api/contents/lectures/{UNIT}.ipynb", {"type": "notebook", "format": "json", "content": lecture}
    )
    assert (clone / "work" / "lectures" / f"{UNIT}.ipynb").read_bytes() == (
        clone / "lectures" / f"{UNIT}.ipynb"
    ).read_bytes()
    lecture["cells"][0]["source"] += "\n\nmy note"
    server.ask(
        "PUT", f"/api/contents/lectures/{UNIT}.ipynb", {"type": "notebook", "format": "json", "content": lecture}
    )
    exercise = (clone / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8")
    (closing,) = set(re.findall(r"python -m autograder grade work/[\w/]+\.ipynb", exercise))
    shown = server.type_in_a_terminal(["command -v python", closing, "echo status $?"])
    assert f"{clone}/.venv/bin/python" in shown
    assert f"0 of {TOTAL:g}" in shown, shown
    assert "status 0" in shown
    assert changes(clone) == ""


def look_at_author(clone, server):
    """`make author`: saving a notebook updates its source."""
    for where in ("lectures", f"solutions/{UNIT}"):
        notebook = json.loads(server.get(f"/api/contents/{where}/{UNIT}.ipynb"))["content"]
        notebook["cells"][0]["source"] += "\n\nan author's addition"
        model = {"type": "notebook", "format": "json", "content": notebook}
        server.ask("PUT", f"/api/contents/{where}/{UNIT}.ipynb", model)
        source, before = ((root / where / f"{UNIT}.py").read_text(encoding="utf-8") for root in (clone, ROOT))
        assert source.count("an author's addition") == 1
        assert source.replace("#\n# an author's addition\n", "") == before  # and nothing else


def look_at_formgrader(clone, server):
    """JupyterLab where the gradebook is: formgrader knows the course and what waits for a human."""
    page = server.get("/formgrader")
    assert "formgrader" in page.lower()
    assert "nbgrader_bad_setup" not in page
    assignments = {entry["name"]: entry for entry in json.loads(server.get("/formgrader/api/assignments"))}
    assert assignments[UNIT]["num_submissions"] > 0
    students = json.loads(server.get(f"/formgrader/api/submitted_notebooks/{UNIT}/{UNIT}"))
    assert any(student["needs_manual_grade"] for student in students)


PROBES = {"make lab": look_at_lab, "make author": look_at_author, "jupyter lab": look_at_formgrader}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """One clone for all documents, as a reader goes through them."""
    return fresh_clone(tmp_path_factory.mktemp("fresh") / "clone")


def test_every_command_of_the_readme_runs(clone, sandbox):
    """Offline; and nothing of it changes a tracked file."""
    printed = {}
    for session in sessions("README.md"):
        printed |= run(clone, session)
    (demo,) = (text for line, text in printed.items() if line.startswith("make demo"))
    check_demo(clone, demo)
    assert (clone / "work" / "solutions" / UNIT / f"{UNIT}.ipynb").exists()
    assert changes(clone) == ""


def check_demo(clone, out):
    """The table, and the closing advice: its command runs as it is printed."""
    for line in (
        r"ada\s+28 of 28\s+nothing",
        r"alan\s+28 of 28\s+nothing",
        r"blaise\s+22 of 28\s+contrastive_gradient: softmax over the negatives only",
        r"nt_xent: no normalisation \(0 of 3\)",
        r"dorothy\s+0 of 28\s+nothing implemented",
        r"emmy\s+25 of 28\s+nt_xent: timeout",
        r"felix\s+25 of 28\s+hinge_loss: crash",
        r"grace\s+not graded\s+.*is not a notebook",
    ):
        assert re.search(line, out), f"{line}\n{out}"
    (advice,) = re.findall(r"^    (cd .*)$", out, re.MULTILINE)
    with serving(clone, advice) as server:
        look_at_formgrader(clone, server)


def test_every_command_for_authors_runs(tmp_path):
    clone = fresh_clone(tmp_path / "clone")
    first, *_ = sessions("docs/authoring.md")  # the others are the steps that tests/test_authoring.py follows
    assert "FAIL" not in "".join(run(clone, first).values())


def test_commands_in_the_text_exist():
    """Commands that are only mentioned: their names, since a sentence has no arguments to run them with."""
    from nbgrader.apps.nbgraderapp import NbGraderApp

    from autograder.__main__ import parser

    ours = set(parser()._subparsers._group_actions[0].choices)
    theirs = {name.replace("_", "-") for name in NbGraderApp().subcommands} | set(NbGraderApp().subcommands)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in ("README.md", "docs/authoring.md", "docs/instructors.md", "docs/threat-model.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        assert set(re.findall(r"python -m autograder ([\w-]+)", text)) <= ours, document
        assert set(re.findall(r"(?:^|`)nbgrader (\w+)", text, re.MULTILINE)) <= theirs, document
        assert set(re.findall(r"`make ([a-z]+)", text)) <= targets, document
