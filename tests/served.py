"""A course with graded notebooks, made without running anybody's code, and its pages served from loopback."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat

from autograder.classroom.demo import UNIT
from autograder.grading.grade import CheckRecord, Record
from autograder.grading.rebuilt import rebuilt_notebook, with_verdicts
from autograder.submission.notebook import parse_submission
from autograder.units.manifest import ROOT, load_unit

HINTS = ("Look at one anchor.", "Then at `two`.", "Write <b>both</b> down.")


def nbgrader(course: Path, *arguments: str) -> str:
    """What the command prints, on both channels; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def submitted(answers: dict[str, str], texts=(), codes=()) -> bytes:
    """The released notebook with the given sources, and cells of text and of code behind it."""
    notebook = json.loads((ROOT / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    for kind, sources in (("markdown", texts), ("code", codes), ("raw", texts[:1])):
        for source in sources:
            cell = {"cell_type": kind, "source": source, "metadata": {"tags": ['"><script>window.pwned=1</script>']}}
            cell["id"] = '"><script>window.pwned=1</script>'
            cell["attachments"] = {"a.png": {"image/png": "iVBORw0KGgo="}}
            notebook["cells"].append(cell)
    return json.dumps(notebook).encode()


def record(message: str = "not right yet") -> Record:
    """One check right, the others wrong with `message`, as `grade` would have found."""
    unit = load_unit(UNIT)
    names = list(unit.checks)
    checks = {
        name: CheckRecord("pass", points, points)
        if name == names[0]
        else CheckRecord("fail", 0.0, points, message, HINTS[0], HINTS, parts={"values": False})
        for name, points in unit.checks.items()
    }
    score = unit.checks[names[0]]
    return Record(UNIT, score, sum(unit.checks.values()), "none", checks, 1, "", 0.0, manual=unit.manual)


def graded(content: bytes, message: str = "not right yet"):
    """The notebook that autograde writes for a submission."""
    return with_verdicts(rebuilt_notebook(parse_submission(content, "submission.ipynb", UNIT)), record(message))


def new_course(path: Path) -> Path:
    shutil.copytree(ROOT / "solutions" / UNIT, path / "solutions" / UNIT, ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "nbgrader_config.py", path)
    nbgrader(path, "generate_assignment", UNIT, "--create")
    return path


def add(course: Path, student: str, notebook) -> None:
    """Into autograded/ and the gradebook, as nbgrader's own last step does."""
    from nbgrader.api import Gradebook
    from nbgrader.preprocessors import SaveAutoGrades

    path = course / "autograded" / student / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    url = f"sqlite:///{course / 'gradebook.db'}"
    with Gradebook(url) as book:
        book.add_student(student)
        book.update_or_create_submission(UNIT, student)
    names = {"student": student, "assignment": UNIT, "notebook": UNIT, "db_url": url}
    SaveAutoGrades().preprocess(notebook, {"nbgrader": names})


def submission_id(course: Path, student: str) -> str:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return book.find_submission_notebook(UNIT, UNIT, student).id


@contextlib.contextmanager
def files(folder: Path):
    """A plain server of files on loopback; gives its address and the list of what it is asked for."""
    served: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            served.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", served
        finally:
            server.shutdown()


@contextlib.contextmanager
def jupyter(course: Path):
    """JupyterLab with formgrader in a course directory; gives its address. The token is `t`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {f"JUPYTER_{kind}_DIR": str(course / f".{kind.lower()}") for kind in ("CONFIG", "DATA", "RUNTIME")}
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=t",
        f"--notebook-dir={course}",
    ]
    options += ["--LabApp.news_url=", "--ServerApp.ip=127.0.0.1"]
    with open(course / "lab.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **home},
            stdout=log,
            stderr=log,
            cwd=course,
        )
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t", timeout=1).close()
                break
            time.sleep(0.5)
        else:
            raise AssertionError((course / "lab.log").read_text()[-2000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
