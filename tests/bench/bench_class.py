"""Whole classes: 60 right answers of each unit, and 200 submissions of which ten are hostile. As an instructor calls it.

Prints one table (seconds a submission, start-up) and, for the class of 200, the time and what the instructor reads.
Arguments: units, to measure only those; --small for classes of 10 and 20.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.classroom.demo import write_submission
from autograder.units.manifest import ROOT, load_unit, unit_names

HOSTILE_UNIT = "02_latent_classes"
DREAM = (
    "def counterexample_dream(r):\n    n = {}\n"
    "    return np.full(2, 0.5), np.ones((2, n)) / n, np.zeros((n, 1)), np.zeros((n, 1))\n"
)
HOSTILE = {
    "loops in a cell": {"setup": "while True: pass"},
    "loops in a function": {"class_means": "def class_means(classes, z):\n    while True: pass\n"},
    "sleeps in every function": {
        name: f"import time\ndef {name}(*args):\n    time.sleep(1e6)\n" for name in load_unit(HOSTILE_UNIT).checks
    },
    "takes memory": {"class_means": "def class_means(classes, z):\n    return np.ones(10**10)\n"},
    "ends its process": {"class_means": "import os\ndef class_means(classes, z):\n    os._exit(0)\n"},
    "returns a world of 190 points": {"counterexample_dream": DREAM.format(190)},
    "returns a world of 2000 points": {"counterexample_dream": DREAM.format(2000)},
    "returns 30 MB": {"negatives_law": "def negatives_law(rho, classes):\n    return np.ones(4 * 10**6)\n"},
    "writes into every descriptor": {
        "class_means": "import os\ndef class_means(classes, z):\n    for fd in range(3, 99):\n        try:\n"
        "            os.write(fd, b'\\xff' * 10**6)\n        except OSError:\n            pass\n"
    },
}


def course(folder: Path, unit: str) -> Path:
    shutil.copytree(ROOT / "solutions" / unit, folder / "solutions" / unit, ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", unit, "--create"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def solution(unit: str) -> dict[str, str]:
    return {cell.id: cell.source for cell in load_unit(unit).solved if cell.kind == "solution"}


def graded(folder: Path, unit: str) -> tuple[float, str]:
    command = [sys.executable, "-m", "autograder", "grade-class", unit, "--course", str(folder)]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return time.perf_counter() - start, done.stdout


def of_right_answers(unit: str, few: int, many: int) -> tuple[float, float]:
    """(seconds per further submission, start-up) from two class sizes, each graded by a fresh command."""
    seconds = {}
    for count in (few, many):
        with tempfile.TemporaryDirectory() as name:
            folder = course(Path(name), unit)
            for number in range(count):
                write_submission(folder, f"s{number:03}", solution(unit), unit)
            seconds[count], out = graded(folder, unit)
            total = sum(load_unit(unit).checks.values())
            assert len(re.findall(rf": {total:g} of {total:g} ", out)) == count, out
    slope = (seconds[many] - seconds[few]) / (many - few)
    return slope, seconds[few] - slope * few


def with_hostile(size: int) -> None:
    unit = HOSTILE_UNIT
    with tempfile.TemporaryDirectory() as name:
        folder = course(Path(name), unit)
        for number in range(size - len(HOSTILE) - 1):
            write_submission(folder, f"s{number:03}", solution(unit), unit)
        for trick, answers in HOSTILE.items():
            write_submission(folder, f"hostile {trick}", {**solution(unit), **answers}, unit)
        path = write_submission(folder, "hostile broken", {}, unit)
        path.write_text('{"cells": [')
        seconds, out = graded(folder, unit)
        print(
            f"\nunit {unit}: {size} submissions, {len(HOSTILE) + 1} of them hostile: {seconds:.0f} s. The instructor reads:"
        )
        print("  " + "\n  ".join(line for line in out.splitlines() if "hostile" in line or not line.startswith("[")))


def main() -> None:
    small = "--small" in sys.argv
    units = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    print(f"machine: {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{'unit':<24}{'s/submission':>13}{'start-up s':>12}")
    for unit in units or unit_names():
        slope, start = of_right_answers(unit, *((2, 10) if small else (4, 60)))
        print(f"{unit:<24}{slope:>13.2f}{start:>12.1f}", flush=True)
    if not units:
        with_hostile(20 if small else 200)


if __name__ == "__main__":
    main()
