"""Attacks 1 to 3 of the audit: a checkout, a class, an exchange wherever they may lie, and nothing of them is seen.

The checkout is copied to places that the sandbox shows, or that lie beside such a place, and grades a blank notebook whose
first cell looks everywhere for solutions and runs what it finds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from attacks.attack import SLUG, code_cell, notebook, written
from autograder.units.manifest import ROOT

SEARCH = """
import glob, json, os, time
found = [path for top in ('$CHECKOUT', '$COURSE') for path in glob.glob(top + '/**/*.ipynb', recursive=True)]
until = time.monotonic() + 5
for where, folders, files in os.walk('/'):
    folders[:] = [f for f in folders if f not in ('proc', 'site-packages', 'dist-packages')]
    found += [os.path.join(where, f) for f in files if f.endswith('.ipynb') or f == 'gradebook.db']
    found += [os.path.join(where, f) for f in folders if f in ('solutions', 'submitted')]
    if time.monotonic() > until:
        break
"""
RUN = """
for path in [p for p in found if '01_similarity' in p and ('solutions' in p or 'submitted' in p)][:2]:
    if path.endswith('.ipynb'):
        for cell in json.load(open(path))['cells']:
            if cell['cell_type'] == 'code':
                try:
                    exec(''.join(cell['source']))
                except Exception:
                    pass
"""
TELL = "if found:\n    raise RuntimeError('CANARY-FOUND ' + ' '.join(found[:5]))\n"
GRADER = """
import json, sys
from pathlib import Path
from autograder.grading.grade import grade
from autograder.sandbox.protected import protected_places
from autograder.sandbox.process import Sandbox
from autograder.submission.notebook import read_submission
with Sandbox(hide=protected_places(Path(sys.argv[2]))) as sandbox:
    record = grade(read_submission(Path(sys.argv[1]), "01_similarity_losses"), sandbox)
print(json.dumps([record.score, record.notes, record.sandbox]))
"""
LIBRARY, PACKAGES = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
PLACES = {
    "/usr": Path("/usr"),
    "/usr/share": Path("/usr/share"),
    "the system's libraries": Path("/usr/lib") / f"{os.uname().machine}-linux-gnu",
    "/opt": Path("/opt"),
    "Python's prefix": Path(sys.base_prefix),
    "lib of Python's prefix": LIBRARY.parent,
    "Python's library": LIBRARY,
    "beside the packages": PACKAGES.parent,
    "among the packages": PACKAGES,
    "/tmp": Path("/tmp"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The checkout, with a class directory inside it, as the README has it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("autograder", "course", "exercises", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    (folder / "class" / "submitted" / "ada" / SLUG).mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / SLUG / f"{SLUG}.ipynb", folder / "class" / "submitted" / "ada" / SLUG)
    (folder / "class" / "gradebook.db").write_bytes(b"grades")
    return folder


@pytest.fixture(params=PLACES)
def checkout(request):
    """An empty folder in the place, onto which the copy is mounted where nobody else sees it (other tests grade too)."""
    folder = PLACES[request.param] / "course-x"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no folder may be made there: {error}")
    yield folder
    folder.rmdir()


def spying(tmp_path, checkout, course) -> Path:
    """A blank notebook that searches first, and last of all runs what it has found and tells of it."""
    made = notebook({})
    search = SEARCH.replace("$CHECKOUT", str(checkout)).replace("$COURSE", str(course))
    made["cells"] = [code_cell(search), code_cell(TELL), *made["cells"], code_cell(RUN)]
    path = tmp_path / f"{SLUG}.ipynb"
    path.write_bytes(written(made))
    return path


def graded(copy, checkout, course, path):
    """(score, notes, layers) as the copy's own grader says, run from the place."""
    mounted = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount --bind "$0" "$1" && shift && exec "$@"',
        str(copy),
        str(checkout),
    ]
    if subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespace may be made here")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout), "HOME": os.environ.get("HOME", "/")}
    command = [*mounted, sys.executable, "-c", GRADER, str(path), str(course)]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_checkout_and_its_class_are_not_seen_wherever_they_lie(copy, checkout, tmp_path):
    course = checkout / "class"
    score, notes, layers = graded(copy, checkout, course, spying(tmp_path, checkout, course))
    assert score == 0
    assert notes == [], notes  # the cell that tells of what was found did not fail
    assert "bubblewrap" in layers


def test_the_search_finds_what_is_in_reach():
    """That the test above could fail: the same cell, run here, finds the solutions."""
    namespace: dict = {}
    exec(SEARCH.replace("'/'", repr(str(ROOT))).replace("$CHECKOUT", str(ROOT)).replace("$COURSE", "x"), namespace)
    assert any(f"solutions/{SLUG}" in path for path in namespace["found"])
