"""A zip that grades one unit on Gradescope, and the program in it that writes Gradescope's results.json.

Gradescope unpacks the zip to /autograder/source, runs setup.sh there once, copies run_autograder to /autograder, and calls
it for each submission (/autograder/submission); it reads /autograder/results/results.json. AUTOGRADER_ROOT stands for
/autograder, so that all of it can be tried elsewhere.
"""

from __future__ import annotations

import json
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.grading.record import Record
from autograder.submission.notebook import SubmissionError
from autograder.units.manifest import ROOT, load_unit

SETUP = """#!/usr/bin/env bash
# Once, when Gradescope builds the image: Python, bubblewrap, the pinned packages.
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q && apt-get install -y -q --no-install-recommends python3 python3-venv bubblewrap
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \\
  || { echo "Python 3.11 or newer is needed: choose a newer base image"; exit 1; }
test -x "$ROOT/venv/bin/python" || python3 -m venv "$ROOT/venv"
cd "$ROOT/source"
"$ROOT/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
"""
RUN = """#!/usr/bin/env bash
# For each submission. Students' code runs in bubblewrap; where the container allows none, grading stops and says so.
# --unsafe-no-sandbox in OPTIONS grades without: the code can then read the solutions beside it and write its own results.
OPTIONS=()
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
cd "$ROOT/source"
PYTHONPATH="$ROOT/source" "$ROOT/venv/bin/python" -m autograder.classroom.gradescope UNIT "$ROOT" "${OPTIONS[@]}"
"""
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def write_zip(course: Path, slug: str) -> Path:
    """COURSE/exports/UNIT-gradescope.zip; gives its path. Raises UnitError for an unknown unit."""
    load_unit(slug)
    path = course.resolve() / "exports" / f"{slug}-gradescope.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in _scripts(slug):
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        for file in _sources(slug):
            archive.write(file, file.relative_to(ROOT))
    return path


def _scripts(slug: str) -> Iterator[tuple[str, str, int]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield "setup.sh", SETUP, 0o755
    yield "run_autograder", RUN.replace("UNIT", slug), 0o755
    yield "requirements.txt", "\n".join(project["dependencies"]) + "\n", 0o644


def _sources(slug: str) -> Iterator[Path]:
    """What grades this unit and no other: neither the references nor the checks of the others travel."""
    yield ROOT / "constraints.txt"
    for folder in ("solutions", "exercises"):
        yield ROOT / folder / slug / f"{slug}.ipynb"
    for top in ("course", "autograder"):
        for path in sorted((ROOT / top).rglob("*")):
            parts = path.relative_to(ROOT).parts
            other = parts[:2] == ("autograder", "units") and len(parts) > 3 and parts[2] != f"u{slug}"
            if path.is_file() and not other and not LEFT_OUT & set(parts):
                yield path


def results(record: Record) -> dict:
    """A record as Gradescope shows it. Derivations are graded there by hand, and so are not in its points.

    All text is of the format `text`: nothing of a student's is rendered.
    """
    tests = []
    for name, check in record.checks.items():
        hints = [f"Hint {i} of {len(check.hints)}: {hint}" for i, hint in enumerate(check.hints, 1)]
        tests.append(
            {
                "name": name,
                "score": check.score,
                "max_score": check.max_score,
                "status": "passed" if check.status == "pass" else "failed",
                "output": "\n".join([f"{check.status}. {check.message}".strip(), *hints]),
                "output_format": "text",
                "visibility": "visible",
            }
        )
    by_hand = [f"{name}: {points:g} points, graded by hand." for name, points in record.manual.items()]
    return {
        "score": record.score,
        "execution_time": round(record.seconds),
        "output": "\n".join([f"Sandbox: {record.sandbox}.", *record.notes, *by_hand]),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def submitted(folder: Path, slug: str) -> Path:
    """The notebook of a submission: the one named as the unit, or the only one. Raises SubmissionError."""
    found = sorted(path for path in folder.rglob("*.ipynb") if not LEFT_OUT & set(path.relative_to(folder).parts))
    named = [path for path in found if path.name == f"{slug}.ipynb"]
    if len(named) == 1 or len(found) == 1:
        return (named or found)[0]
    raise SubmissionError(f"Hand in one notebook, {slug}.ipynb; there are {len(found)} in your submission.")


def main(slug: str, root: str, *options: str) -> int:
    """Grade what lies in ROOT/submission. What is wrong with the submission is its result; what is wrong here is none."""
    from autograder.grading.grade import grade_file
    from autograder.sandbox.process import Sandbox

    target = Path(root) / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    with Sandbox(unsafe="--unsafe-no-sandbox" in options) as sandbox:
        try:
            content = results(grade_file(submitted(Path(root) / "submission", slug), slug, sandbox))
        except SubmissionError as error:
            content = {"score": 0.0, "output": str(error), "output_format": "text", "tests": []}
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
