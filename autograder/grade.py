"""Grade one submission: load its code in the sandbox, then draw inputs, then compare. A pass is positive evidence."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.manifest import Unit
from autograder.sandbox import Limits, Sandbox
from autograder.session import Session, SessionEnd
from autograder.spec import Exercise
from autograder.submission import Submission, parse_submission, read_bytes
from course.check.call import Outcome, call
from course.check.case import Case
from course.check.judge import Belief, PartResult, Verdict, is_stub, judge
from course.check.properties import property_results
from course.check.verdict import TITLES

PUBLIC_SEED = 20190304  # of the public inputs; graded inputs get a seed drawn after the student's code has loaded

RETRY = ("partial", "fail", "error", "missing")  # what a later cell may have put right


@dataclass
class CheckRecord:
    status: str
    score: float
    max_score: float
    message: str = ""
    hint: str = ""
    hints: tuple[str, ...] = ()
    misconception: str = ""
    parts: dict[str, bool] = field(default_factory=dict)


@dataclass
class Record:
    """Everything a grade rests on. seed repeats it; notes say what was repaired or left out."""

    unit: str
    score: float
    max_score: float
    sandbox: str
    checks: dict[str, CheckRecord]
    seed: int
    sha256: str
    seconds: float
    notes: list[str] = field(default_factory=list)
    manual: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def grade_file(path: Path, slug: str | None, sandbox: Sandbox, seed: int | None = None, limits: Limits | None = None):
    """Grade a notebook file. Raises SubmissionError when it is none, SandboxError when grading is not possible."""
    content = read_bytes(path)
    return grade(parse_submission(content, path, slug), sandbox, seed, limits, hashlib.sha256(content).hexdigest())


def grade(
    submission: Submission,
    sandbox: Sandbox,
    seed: int | None = None,
    limits: Limits | None = None,
    sha256: str = "",
) -> Record:
    unit, started = submission.unit, time.monotonic()
    unit.references()  # a broken reference is our fault and must not show as a student's
    with _one_thread(), Session(sandbox, unit.setup, submission.cells, limits or Limits()) as session:
        checks, seed = _checks(session, submission, seed)
    score = min(sum(c.score for c in checks.values()), sum(unit.checks.values()))
    notes = submission.notes + list(
        dict.fromkeys(session.notes + [f"error in {e}" for e in session.cell_errors.values()])
    )
    seconds = round(time.monotonic() - started, 3)
    total = sum(unit.checks.values())
    return Record(unit.slug, score, total, sandbox.name, checks, seed, sha256, seconds, notes, unit.manual)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Inputs are small: more threads would only wait for each other, and for those of the other workers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _checks(session: Session, submission: Submission, seed: int | None) -> tuple[dict[str, CheckRecord], int]:
    """Each check in the state in which it stands in the notebook, and again at the end where that did not pass.

    In the notebook a learner sees the first; a helper defined further down, or redefined, must not cost points.
    """
    unit, last = submission.unit, len(submission.cells)
    positions = {name: submission.positions.get(name, last) for name in unit.checks}
    checks: dict[str, CheckRecord] = {}

    def ask(name: str, position: int) -> CheckRecord:
        nonlocal seed
        try:
            session.advance(position)
            seed = secrets.randbits(62) if seed is None else seed  # after the student's code has loaded
            return _check(session, unit, name, unit.checks[name], seed)
        except SessionEnd as end:
            return CheckRecord(
                end.status, 0.0, unit.checks[name], f"Your code {end.message}.", _status_hint(end.status)
            )

    for name in sorted(positions, key=positions.__getitem__):
        checks[name] = ask(name, positions[name])
    for name, check in checks.items():
        if check.status in RETRY and positions[name] < last:
            checks[name] = max(check, ask(name, last), key=lambda record: record.score)
    return {name: checks[name] for name in unit.checks}, seed or 0


def _check(session: Session, unit: Unit, name: str, points: float, seed: int) -> CheckRecord:
    exercise = unit.exercise(name)
    deadline = time.monotonic() + exercise.time_limit
    cases, expected = questions(exercise, unit.references()[name], seed)
    actual = _answers(session, exercise, cases, deadline, seed)
    skip = exercise.number or _stopped(actual[:1])
    properties = [] if skip else _properties(session, unit, exercise, cases, seed, deadline)
    if any(o.error and o.error[1] == f"{name} is not defined" for o in actual):
        return _undefined(session, name, points)
    try:
        verdict = judge(name, cases, expected, actual, (), exercise.hints, properties)
        if verdict.status != "pass":
            verdict = judge(name, cases, expected, actual, beliefs(exercise, cases), exercise.hints, properties)
    except Exception as error:  # an answer made to break our comparison must not take the other checks with it
        message = f"The answer could not be compared ({type(error).__name__})."
        return CheckRecord("error", 0.0, points, message, _status_hint("error"))
    return _record(verdict, points)


def questions(exercise: Exercise, reference: Any, seed: int) -> tuple[list[Case], list[Outcome]]:
    """The cases for a seed and what the reference answers, in float64, before anyone else is asked."""
    if exercise.number:
        return [Case("your number", ())], [Outcome(value=np.asarray(float(reference)))]
    cases = list(exercise.make_cases(generator(seed, exercise.name)))
    expected = [call(reference, replace(case, args=upcast(case.args))) for case in cases]
    for case, outcome in zip(cases, expected, strict=True):
        if (outcome.error is not None) != case.raises or (outcome.error and outcome.error[0] != "ValueError"):
            raise RuntimeError(f"reference of {exercise.name}, {case.label!r}, seed {seed}: {outcome.error}")
        if case.grad and outcome.grads is None:
            raise RuntimeError(f"reference of {exercise.name}, {case.label!r}: {outcome.gradient_error}")
    return cases, expected


def generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def upcast(tree: Any) -> Any:
    """Half and single precision tensors and arrays in float64: what the answer would be without rounding."""
    if isinstance(tree, torch.Tensor):
        return tree.double() if tree.is_floating_point() else tree
    if isinstance(tree, np.ndarray):
        return tree.astype(np.float64) if tree.dtype.kind == "f" else tree
    if isinstance(tree, (list, tuple)):
        return type(tree)(upcast(item) for item in tree)
    if isinstance(tree, dict):
        return {key: upcast(item) for key, item in tree.items()}
    return tree


def beliefs(exercise: Exercise, cases: list[Case]) -> list[Belief]:
    """What each misconception answers on these cases."""
    found = []
    for wrong in exercise.misconceptions:
        loaded = wrong.load(exercise.name)
        outcomes = [Outcome(value=np.asarray(float(loaded))) if exercise.number else call(loaded, c) for c in cases]
        found.append(Belief(wrong.name, wrong.belief, wrong.hints, tuple(outcomes)))
    return found


def _answers(session: Session, exercise: Exercise, cases: list[Case], deadline: float, seed: int) -> list[Outcome]:
    """The outcome of each case, asked in an order that nobody can count along with."""
    if exercise.number:
        return session.number(exercise.name, deadline)
    first = session.calls(exercise.name, cases[:1], deadline)
    if _stopped(first):  # a stub, or nothing of that name: no need to ask on
        return first * len(cases)
    order = [0, *(1 + np.random.default_rng([seed, 0]).permutation(len(cases) - 1))]
    outcomes = first + session.calls(exercise.name, [cases[i] for i in order[1:]], deadline)
    return [outcomes[order.index(i)] for i in range(len(cases))]


def _stopped(outcomes: list[Outcome]) -> bool:
    error = outcomes[-1].error
    return error is not None and (is_stub(error) or error[1].endswith("is not defined")) and len(outcomes) == 1


def _properties(
    session: Session, unit: Unit, exercise: Exercise, cases: list[Case], seed: int, deadline: float
) -> list[PartResult]:
    """The properties, on answers of the shape that the reference gives (or, where many shapes are right, small ones)."""
    reference = unit.references()[exercise.name]
    free = all(case.compare == "any" for case in cases if not case.raises)

    def ask(case: Case) -> Outcome:
        wanted = None if free else call(reference, replace(case, args=upcast(case.args)))
        outcome = session.calls(exercise.name, [case], deadline)[0]
        if outcome.error or (wanted is not None and wanted.error):
            return outcome
        if not _small(outcome.value) or (wanted is not None and _shapes(outcome.value) != _shapes(wanted.value)):
            return Outcome(error=("ValueError", "another shape"))
        return outcome

    return property_results(exercise.properties, ask, lambda index: generator(seed + index, exercise.name))


def _shapes(tree):
    return [_shapes(item) for item in tree] if isinstance(tree, (list, tuple)) else np.shape(tree)


def _small(tree) -> bool:
    """At most a million numbers in all: what a property makes of them must fit into the grader's memory."""
    items = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else None
    return np.size(tree) <= 10**6 if items is None else len(items) <= 1000 and all(map(_small, items))


def _undefined(session: Session, name: str, points: float) -> CheckRecord:
    """Nothing of that name: because its cell failed, or because it is not there."""
    for source, error in session.cell_errors.items():
        if f"def {name}(" in source:
            return CheckRecord("error", 0.0, points, f"The cell does not run: {error}", "Run the cell by itself first.")
    return CheckRecord("missing", 0.0, points, f"There is no `{name}` in the notebook.", "Did you delete its cell?")


def _status_hint(status: str) -> str:
    return {
        "timeout": "Look for a loop that never ends, or a loop over the batch that can be one tensor operation.",
        "memory": "A tensor in between is too large: look at the shapes that broadcasting creates.",
        "crash": "Restart the kernel and run the notebook from top to bottom: what ends the kernel, ends the grading.",
        "error": "Call it yourself on a small input of this kind: Python says in which line it fails.",
    }.get(status, "")


def _record(verdict: Verdict, points: float) -> CheckRecord:
    score = round(min(max(verdict.score, 0.0), 1.0) * points, 4)
    failing = next((row for row in verdict.parts if not row.ok), None)
    message = "" if failing is None else f"{TITLES[failing.part]}: {failing.discreet}."
    if verdict.belief:
        message = f"{verdict.belief} ({message})"
    hint = verdict.hints[0] if verdict.hints else ("" if failing is None else _status_hint(verdict.status))
    if verdict.status in ("missing", "pass"):
        message, hint = ("Not implemented yet.", "") if verdict.status == "missing" else ("", "")
    parts = {row.part: row.ok for row in verdict.parts}
    return CheckRecord(verdict.status, score, points, message, hint, verdict.hints, verdict.misconception, parts)
