"""A class of 200 on 1, 2 and 4 workers of a Dask cluster on this machine, and with grade-class's own two processes.

Prints seconds from the command's start to its last grade, and the ratio to one worker. More workers than processors show what
the cluster costs, not what it gains. --small: a class of 20.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from bench_class import course, solution
from distributed import LocalCluster

from autograder.classroom.demo import write_submission
from autograder.classroom.run import Regrade, grade_class

UNIT = "02_latent_classes"


def seconds(folder: Path, count: int, **where) -> float:
    """One whole grading of a class that is graded again."""
    said, start = io.StringIO(), time.perf_counter()
    with contextlib.redirect_stdout(said):
        status = grade_class(folder, UNIT, regrade=Regrade(everything=True), **where)
    assert status == 0, said.getvalue()
    assert said.getvalue().count(" left)") == count
    return time.perf_counter() - start


def main() -> None:
    count = 20 if "--small" in sys.argv else 200
    print(f"machine: {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{'a class of ' + str(count):<28}{'seconds':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder, first = course(Path(name), UNIT), None
        for number in range(count):
            write_submission(folder, f"s{number:03}", solution(UNIT), UNIT)
        for workers in (1, 2, 4):
            options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
            with LocalCluster(processes=True, **options) as cluster:
                taken = seconds(folder, count, scheduler=cluster.scheduler_address)
            first = first or taken
            print(f"{f'Dask, workers: {workers}':<28}{taken:>9.1f}{taken / first:>8.2f}", flush=True)
        taken = seconds(folder, count, workers=2)
        print(f"{'without Dask, processes: 2':<28}{taken:>9.1f}{taken / first:>8.2f}")


if __name__ == "__main__":
    main()
