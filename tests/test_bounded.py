"""What a student sent is judged in a process that may die of it, and its death is the verdict of one check."""

from __future__ import annotations

import os
import resource
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from autograder.grading.bounded import Allowance, Ended, Fault, steps
from autograder.grading.grade import Killed, grade
from autograder.sandbox.process import Limits
from autograder.submission.notebook import read_submission
from autograder.units.manifest import ROOT, load_unit

SMALL = Allowance(memory_bytes=256 * 2**20, cpu_seconds=6.0, step_cpu_seconds=1.0)
UNIT = load_unit("01_similarity_losses")
SOLUTION = ROOT / "solutions" / UNIT.slug / f"{UNIT.slug}.ipynb"


def too_large():
    return np.ones(2**28).sum()


def too_long():
    while True:
        pass


def asleep():
    time.sleep(60)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def broken():
    os.abort()


@pytest.mark.parametrize(
    ("does", "status"),
    [(too_large, "memory"), (too_long, "timeout"), (asleep, "timeout"), (killed, "killed"), (broken, "crash")],
)
def test_steps_before_the_overrun_are_kept_and_the_overrun_has_a_status(does, status):
    def work():
        yield {"step": 1}
        does()
        yield {"step": 2}

    seen, started = [], time.monotonic()
    with pytest.raises(Ended) as caught:
        seen.extend(steps(work, SMALL, wall_seconds=3.0))
    # extend keeps what came before the exception
    assert seen == [{"step": 1}]
    assert caught.value.status == status
    assert time.monotonic() - started < 8


def test_an_error_of_our_own_is_no_verdict():
    def work():
        yield {"step": 1}
        raise KeyError("ours")

    with pytest.raises(Fault, match="KeyError"):
        list(steps(work, SMALL, wall_seconds=5.0))


def test_the_whole_is_bounded_too():
    """Steps that are each within their time end when the submission's time is used up."""

    def work():
        while True:
            until = time.process_time() + 0.3
            while time.process_time() < until:
                pass
            yield {}

    with pytest.raises(Ended) as caught:
        list(steps(work, replace(SMALL, cpu_seconds=2.0), wall_seconds=30.0))
    assert caught.value.status == "timeout"
    assert caught.value.cpu_seconds < 4.5  # a limit in whole seconds, and one of grace


@pytest.fixture
def hinge():
    exercise = UNIT.exercise("hinge_loss")
    before = list(exercise.properties)
    yield exercise
    exercise.properties[:] = before


def solved(sandbox, allowance=SMALL):
    submission = read_submission(SOLUTION, UNIT.slug)
    return grade(submission, sandbox, limits=replace(Limits(), wall_seconds=60.0), allowance=allowance)


@pytest.mark.parametrize(("does", "status"), [(too_large, "partial"), (too_long, "timeout"), (broken, "error")])
def test_an_answer_that_cannot_be_judged_costs_its_own_check_and_not_the_graders_memory(sandbox, hinge, does, status):
    """The property stands for any work that grows with what a student returns."""
    hinge.properties.append(("a property that runs away", lambda f, rng: does()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    record = solved(sandbox, replace(SMALL, cpu_seconds=60.0, step_cpu_seconds=3.0))
    assert record.checks["hinge_loss"].status == status
    assert record.checks["hinge_loss"].score < UNIT.checks["hinge_loss"]
    assert all(c.status == "pass" for n, c in record.checks.items() if n != "hinge_loss"), record.checks
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_one_kill_from_outside_costs_nothing_and_two_are_no_grade(sandbox, hinge, tmp_path):
    marks = tmp_path / "kills"

    def kills(times):
        def property_that_is_killed(f, rng):
            done = len(marks.read_text()) if marks.exists() else 0
            if done < times:
                marks.write_text("x" * (done + 1))
                killed()

        return property_that_is_killed

    hinge.properties.append(("killed once", kills(1)))
    assert solved(sandbox, Allowance()).score == sum(UNIT.checks.values())
    marks.unlink()
    hinge.properties[-1] = ("killed for ever", kills(99))
    with pytest.raises(Killed, match="ended from outside"):
        solved(sandbox, Allowance())
