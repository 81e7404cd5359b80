"""A busy machine costs nobody points: a deadline moves by the time that an answer was ready to run and could not."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from test_grading import DEF, QUICK, UNIT, graded, others_pass

from autograder.sandbox import deadline
from autograder.sandbox.deadline import MOST, Deadline, Spent, spent

SLOW = DEF + (
    "    import time\n"
    "    ends = time.process_time() + 0.8 * (not hasattr(hinge_loss, 'asked'))\n"
    "    hinge_loss.asked = True\n"
    "    while time.process_time() < ends: pass\n"
    "    validate.batch(anchor=anchor, positive=positive, negative=negative)\n"
    "    validate.non_negative(margin=margin)\n"
    "    return (margin - (anchor * (positive - negative)).sum(dim=1)).relu().mean()\n"
)
LIMIT = 1.5


@contextlib.contextmanager
def busy(each: int):
    """So many processes for each processor that do nothing but run."""
    # nobody's children, as other people's processes are: what our own descendants run counts as ours
    orphan = "import os\nchild = os.fork()\nif child:\n    print(child)\nelse:\n    os.close(1)\n    while True: pass"
    found = [subprocess.check_output([sys.executable, "-c", orphan]) for _ in range(each * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for hog in found:
            os.kill(int(hog), signal.SIGKILL)


told = pytest.mark.skipif(not spent(os.getpid()), reason="this kernel does not say how long a thread waited")


@told
def test_a_right_answer_passes_on_a_busy_machine(sandbox, monkeypatch):
    monkeypatch.setattr(UNIT.exercise("hinge_loss"), "time_limit", LIMIT)
    with busy(2):
        record = graded(sandbox, hinge_loss=SLOW)
        assert record.checks["hinge_loss"].status == "pass", record.checks["hinge_loss"]
        monkeypatch.setattr(deadline, "MOST", 1.0)  # the control: by the clock alone it would have been late
        record = graded(sandbox, hinge_loss=SLOW)
        assert record.checks["hinge_loss"].status == "timeout", record.checks["hinge_loss"]


def test_whoever_sleeps_or_runs_for_ever_is_late(sandbox, monkeypatch):
    monkeypatch.setattr(UNIT.exercise("hinge_loss"), "time_limit", LIMIT)
    for body in ("    import time\n    time.sleep(600)\n", "    while True: pass\n"):
        started = time.monotonic()
        record = graded(sandbox, hinge_loss=DEF + body)
        assert record.checks["hinge_loss"].status == "timeout"
        assert others_pass(record, "hinge_loss")
        assert time.monotonic() - started < 2 * MOST * LIMIT + 20


@told
def test_the_time_of_a_submission_moves_too(sandbox, monkeypatch):
    sandbox.warm()
    short = replace(QUICK, wall_seconds=4.0)
    with busy(2):
        record = graded(sandbox, limits=short, hinge_loss=SLOW.replace("0.8", "2.0"))
        assert record.score == record.max_score, record.checks
        monkeypatch.setattr(deadline, "MOST", 1.0)
        record = graded(sandbox, limits=short, hinge_loss=SLOW.replace("0.8", "2.0"))
        assert record.checks["hinge_loss"].status == "timeout", record.checks["hinge_loss"]


def test_a_longer_deadline_holds_as_well():
    over = Deadline(10, os.getpid(), within=Deadline(-1))
    assert over() < 0


@told
def test_a_crowd_in_its_own_way_is_late():
    crowd = "import os\nfor _ in range(8):\n    if not os.fork():\n        while True: pass\nos.wait()"
    with subprocess.Popen([sys.executable, "-c", crowd], start_new_session=True) as process:
        try:
            time.sleep(0.5)
            late = Deadline(1.0, process.pid)
            time.sleep(1.6)
            assert late() < 0
            assert max(thread.waited for thread in spent(process.pid).values()) > 0.5  # it would have been moved
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_where_the_kernel_does_not_say_the_clock_counts(monkeypatch):
    monkeypatch.setattr(deadline, "spent", lambda root: {})
    late = Deadline(0.01, os.getpid())
    time.sleep(0.02)
    assert late() < 0


@pytest.mark.parametrize(("forked", "in_time"), [(True, True), (False, False)])
def test_what_a_warm_process_prepares_is_not_the_answers_time(monkeypatch, forked, in_time):
    now = {"warm": Spent(9.0, 0.0, forked), "answer": Spent(0.001, 3.0)}
    late = Deadline(0.1)
    late.root = os.getpid()
    monkeypatch.setattr(deadline, "spent", lambda root: now)
    time.sleep(0.12)
    assert (late() > 0) is in_time
