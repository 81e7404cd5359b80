"""What grading costs: stock nbgrader, nbgrader with our preprocessors, the class runner, with and without the sandbox.

Prints one table. Times are medians over repetitions or slopes between two class sizes, taken in one run on one machine;
the ratios are what to quote.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.classroom.demo import UNIT, write_submission
from autograder.classroom.gradebook import GradebookWriter
from autograder.classroom.settings import course_config
from autograder.grading.jobs import Job, grade_job
from autograder.grading.record import Record
from autograder.sandbox.process import Sandbox
from autograder.units.manifest import ROOT, load_unit

SOLUTION = {cell.id: cell.source for cell in load_unit(UNIT).solved if cell.kind == "solution"}
STOCK = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = ["*.py", "*.toml"]
c.Execute.timeout = 120
import os, sys
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
"""


def course(folder: Path, config: str, students: int) -> Path:
    shutil.copytree(ROOT / "solutions" / UNIT, folder / "solutions" / UNIT)
    (folder / "nbgrader_config.py").write_text(config)
    _nbgrader(folder, "generate_assignment", UNIT, "--create")
    for number in range(students):
        write_submission(folder, f"s{number}", SOLUTION)
    return folder


def _nbgrader(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def per_submission_nbgrader(config: str, few: int = 1, many: int = 6) -> tuple[float, float]:
    """(seconds per further submission, start-up) from two class sizes, each in a fresh process."""
    seconds = {}
    for count in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            seconds[count] = _nbgrader(course(Path(folder), config, count), "autograde", UNIT)
    slope = (seconds[many] - seconds[few]) / (many - few)
    return slope, seconds[few] - slope * few


def per_submission_class(few: int = 4, many: int = 24) -> tuple[float, float]:
    """(seconds per further submission, start-up) of the command grade-class as it is called: all workers, sandboxed."""
    seconds = {}
    for count in (few, many):
        with tempfile.TemporaryDirectory() as name:
            folder = course(Path(name), (ROOT / "nbgrader_config.py").read_text(), count)
            command = [sys.executable, "-m", "autograder", "grade-class", UNIT, "--course", str(folder)]
            start = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            seconds[count] = time.perf_counter() - start
    slope = (seconds[many] - seconds[few]) / (many - few)
    return slope, seconds[few] - slope * few


def per_submission_runner(unsafe: bool, repetitions: int = 15) -> tuple[list[float], float, float]:
    """(seconds per submission, start-up, megabytes of the sandboxed processes) of one worker, gradebook included."""
    with tempfile.TemporaryDirectory() as name:
        folder = course(Path(name), (ROOT / "nbgrader_config.py").read_text(), 1)
        path, times = str(folder / "submitted" / "s0" / UNIT / f"{UNIT}.ipynb"), []
        writer = GradebookWriter(folder, UNIT, course_config(folder), dated=False)
        start = time.perf_counter()
        with Sandbox(unsafe=unsafe) as sandbox:
            grade_job(Job("warm", UNIT, path).loaded(), sandbox)
            startup = time.perf_counter() - start
            for number in range(repetitions):
                start = time.perf_counter()
                result = grade_job(Job(f"s{number}", UNIT, path).loaded(), sandbox)
                record = Record.from_json(result.record)
                assert record.score == record.max_score, record.checks
                writer.save(f"s{number}", result.notebook, record)
                times.append(time.perf_counter() - start)
            return times, startup, proportional_megabytes(sandbox.process.pid)


def proportional_megabytes(root: int) -> float:
    """Memory of a process and all below it, shared pages counted once in proportion (Pss)."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(text.rpartition(")")[2].split()[1])
    tree, total = {root}, 0
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    for pid in tree:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def main() -> None:
    rows = {}
    stock, start = per_submission_nbgrader(STOCK)
    rows["stock nbgrader autograde (no isolation)"] = (stock, start, None)
    ours, start = per_submission_nbgrader((ROOT / "nbgrader_config.py").read_text())
    rows["nbgrader autograde with our preprocessors"] = (ours, start, None)
    for unsafe, name in ((False, "grade-class, one worker, sandboxed"), (True, "grade-class, one worker, no sandbox")):
        times, start, megabytes = per_submission_runner(unsafe)
        rows[name] = (statistics.median(times), start, megabytes)
    slope, start = per_submission_class()
    rows[f"grade-class, {os.cpu_count()} workers, sandboxed"] = (slope, start, None)
    print(
        f"machine: {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; unit {UNIT}"
    )
    print(f"{'':<44}{'s/submission':>13}{'stock / this':>13}{'start-up s':>11}{'warm MB':>9}")
    for name, (seconds, start, megabytes) in rows.items():
        memory = "" if megabytes is None else f"{megabytes:.0f}"
        print(f"{name:<44}{seconds:>13.3f}{stock / seconds:>13.1f}{start:>11.1f}{memory:>9}")
    boxed, plain = (rows[f"grade-class, one worker, {kind}"][0] for kind in ("sandboxed", "no sandbox"))
    print(f"the sandbox costs {1000 * (boxed - plain):.0f} ms per submission ({boxed / plain:.2f} times)")
    print(json.dumps({name: round(seconds, 4) for name, (seconds, _, _) in rows.items()}))


if __name__ == "__main__":
    main()
