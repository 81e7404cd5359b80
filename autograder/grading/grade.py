"""Grade one submission: load its code in the sandbox, then draw inputs, then compare. A pass is positive evidence."""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.author import Exercise, Variant
from autograder.author.pairs import pairs
from autograder.grading.bounded import Allowance, Ended, Fault, steps
from autograder.grading.earlier import references, wrong_before
from autograder.grading.record import CheckRecord, Record
from autograder.grading.version import checks_version
from autograder.sandbox.deadline import MOST, Deadline
from autograder.sandbox.process import Limits, Sandbox, SandboxError
from autograder.sandbox.session import Session, SessionEnd
from autograder.submission.notebook import Submission, parse_submission, read_bytes
from autograder.units.manifest import Unit, load_unit
from course.check.call import Outcome, call
from course.check.case import Case
from course.check.judge import Verdict, is_stub, judge
from course.check.naming import Belief, Computed
from course.check.order import decoded, encoded, order_verdict
from course.check.parts import PartResult
from course.check.properties import property_results
from course.check.verdict import TITLES
from course.check.words import spoken
from course.threads import one_thread

PUBLIC_SEED = 20190304  # of the public inputs; graded inputs get a seed drawn after the student's code has loaded

TRIES = 2  # after an end that is not the submission's doing
# where a check is asked: where it stands in the notebook, at the end, and with the course's own functions in the place of
# wrong ones before it
IN_PLACE, AT_THE_END, MENDED = STAGES = (0, 1, 2)
UNANSWERED = ("error", "missing")
RETRY = ("partial", "fail", "error", "missing")  # what a later cell may have put right


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
    allowance: Allowance | None = None,
) -> Record:
    """Grade a submission that was read. What the student sent is called, compared and judged in a fork of this process
    (autograder.grading.bounded): an answer that cannot be judged within the allowance costs its own check. Raises Killed when
    somebody else ends that fork twice at the same check, SandboxError when grading is not possible.
    """
    unit, started = submission.unit, time.monotonic()
    unit.references()  # a broken reference is our fault and must not show as a student's
    _drawn_once(unit.slug)
    limits, allowance = limits or Limits(), allowance or Allowance()
    progress = Progress(seed, list(submission.cells))
    whole = Deadline(limits.wall_seconds, os.getpid())  # the judge's side waits for a processor, too
    latest = started + MOST * limits.wall_seconds
    with one_thread():
        while True:
            try:
                sandbox.warm()
                wall = max(0.0, latest - time.monotonic()) + 2 * allowance.cpu_seconds
                for message in steps(lambda: _work(submission, sandbox, limits, progress, whole), allowance, wall):
                    progress.take(message)
                break
            except Ended as end:
                sandbox.close()  # whatever was going on in there is nobody's any more
                allowance = replace(allowance, cpu_seconds=max(0.0, allowance.cpu_seconds - end.cpu_seconds))
                _overrun(progress, unit, end)
            except Fault as fault:
                sandbox.close()  # the sandbox may have been ended from outside: once more, with a new one
                progress.faults += 1
                if progress.faults == TRIES:
                    raise SandboxError(str(fault)) from fault
            except BaseException:
                sandbox.close()
                raise
    checks = {name: progress.best(name) for name in unit.checks}
    score = min(sum(c.score for c in checks.values()), sum(unit.checks.values()))
    seconds = round(time.monotonic() - started, 3)
    notes = submission.notes + list(dict.fromkeys(progress.notes))
    total = sum(unit.checks.values())
    return Record(
        unit.slug,
        score,
        total,
        sandbox.name,
        checks,
        progress.seed or 0,
        sha256,
        seconds,
        notes,
        unit.manual,
        checks_version(unit),
    )


@lru_cache
def _drawn_once(slug: str) -> None:
    """What drawing a question imports and reads stays in this process, for the forks that judge."""
    unit = load_unit(slug)
    for exercise in map(unit.exercise, unit.checks):
        for _ in exercise.make_cases(generator(PUBLIC_SEED, exercise.name)) if exercise.function else ():
            pass


class Killed(RuntimeError):
    """The grader's process was ended from outside while it judged this submission, twice."""


@dataclass
class Progress:
    """What is known of a submission so far; the work goes on from here when the process that did it is gone."""

    seed: int | None
    cells: list[str]
    records: dict[tuple[str, int], CheckRecord] = field(default_factory=dict)  # (check, one of STAGES) -> record
    current: tuple[str, int] | None = None
    notes: list[str] = field(default_factory=list)
    killed: int = 0
    faults: int = 0

    def take(self, message: dict[str, Any]) -> None:
        self.notes += message.get("notes", [])
        if "name" not in message:
            return
        step = message["name"], message["stage"]
        self.current = step
        if "record" not in message:
            return
        self.records[step] = CheckRecord(**{**message["record"], "hints": tuple(message["record"]["hints"])})
        self.current, self.killed, self.seed = None, 0, message["seed"]
        for index in message["left_out"]:
            self.cells[index] = ""

    def best(self, name: str) -> CheckRecord:
        """What the check got where it stands in the notebook, or later if that is more."""
        return best_of(self.records, name)


def best_of(records: dict[tuple[str, int], CheckRecord], name: str) -> CheckRecord:
    """The record with the most points; among equals one that names a misconception, then one that did not come of an error
    (a helper further down, not defined yet), else the first."""
    found = [records[name, stage] for stage in STAGES if (name, stage) in records]
    return max(found, key=lambda record: (record.score, bool(record.misconception), record.status not in UNANSWERED))


def _overrun(progress: Progress, unit: Unit, end: Ended) -> None:
    """The judging process died at one check: that is the check's verdict, unless somebody else has killed it."""
    if progress.current is None or (end.status == "killed" and progress.killed == TRIES - 1):
        raise Killed("the grader's process was ended from outside (out of memory?) while it judged this submission")
    if end.status == "killed":
        progress.killed += 1
        return
    what = {"memory": "memory", "timeout": "time"}.get(end.status, "")
    message = f"Your answer takes more {what} to judge than is allowed." if what else "Your answer cannot be judged."
    name, _ = progress.current
    status = end.status if what else "error"
    hint = "Look at the size of what you return: it must have the size that is asked for, and no more."
    progress.records[progress.current] = CheckRecord(status, 0.0, unit.checks[name], message, hint)
    progress.current = None


def _work(
    submission: Submission, sandbox: Sandbox, limits: Limits, progress: Progress, whole: Deadline
) -> Iterator[dict[str, Any]]:
    """Each check in the state in which it stands in the notebook, again at the end where that did not pass, and once more
    where it rests on a wrong function before it.

    In the notebook a learner sees the first; a helper defined further down, or redefined, must not cost points. Yields
    two messages for a check (that it begins, and its record), and at last what is to be noted.
    """
    unit, last, seed = submission.unit, len(submission.cells), progress.seed
    positions = {name: submission.positions.get(name, last) for name in unit.checks}
    known, judged = dict(progress.records), {}
    asked = bool(known) or progress.current is not None
    with Session(sandbox, unit.setup, progress.cells, limits, asked=asked, whole=whole) as session:
        for stage in (IN_PLACE, AT_THE_END):
            for name in sorted(positions, key=positions.__getitem__):
                again = stage == IN_PLACE or (known[name, IN_PLACE].status in RETRY and positions[name] < last)
                if (name, stage) in known or not again:
                    continue
                yield {"name": name, "stage": stage}
                record, seed = _asked(
                    session, unit, name, last if stage == AT_THE_END else positions[name], seed, judged
                )
                known[name, stage] = record
                yield {
                    "name": name,
                    "stage": stage,
                    "record": asdict(record),
                    "seed": seed,
                    "notes": session.notes,
                    "left_out": [i for i, cell in enumerate(session.cells) if cell != submission.cells[i]],
                }
        cells = list(session.cells)
        yield {"notes": [*session.notes, *(f"error in {error}" for error in session.cell_errors.values())]}
    failing = [name for name in unit.checks if best_of(known, name).status != "pass"]
    for name, wrong in wrong_before(unit, cells, failing).items():
        if (name, MENDED) in known:
            continue
        yield {"name": name, "stage": MENDED}
        mended = [*cells, *references(unit, wrong)]
        with Session(sandbox, unit.setup, mended, limits, asked=True, whole=whole) as session:
            record, seed = _asked(session, unit, name, len(mended), seed, judged)
        yield {"name": name, "stage": MENDED, "record": asdict(_lent(record, wrong)), "seed": seed, "left_out": []}


def _asked(
    session: Session, unit: Unit, name: str, target: int, seed: int | None, judged: dict[bytes, CheckRecord]
) -> tuple[CheckRecord, int | None]:
    """The record of a check once the cells before `target` have run, and the seed, drawn after the student's code has loaded."""
    try:
        session.advance(target)
        seed = secrets.randbits(62) if seed is None else seed
        return _check(session, unit, name, unit.checks[name], seed, judged), seed
    except SessionEnd as end:
        message = f"Your code {end.message}."
        return CheckRecord(end.status, 0.0, unit.checks[name], message, _status_hint(end.status)), seed


def _lent(record: CheckRecord, wrong: list[str]) -> CheckRecord:
    """The record, saying that the course's own functions stood in the place of `wrong`."""
    said = f"judged with the course's own {', '.join(f'`{other}`' for other in wrong)} in place of yours"
    return replace(record, message=f"{record.message} ({said})" if record.message else f"{said[0].upper()}{said[1:]}.")


def _check(
    session: Session, unit: Unit, name: str, points: float, seed: int, judged: dict[bytes, CheckRecord]
) -> CheckRecord:
    """judged: what was said of answers to these questions before; most that fail are asked again and answer the same."""
    exercise = unit.exercise(name)
    deadline = session.deadline(exercise.time_limit)
    cases, expected = questions(exercise, unit.references()[name], seed)
    actual = _answers(session, exercise, cases, deadline, seed)
    skip = not exercise.function or _stopped(actual[:1])
    properties = [] if skip else _properties(session, unit, exercise, cases, seed, deadline)
    if any(o.error and o.error[1] == f"{name} is not defined" for o in actual):
        return _undefined(session, name, points)
    if exercise.proof and not _stopped(actual):
        return _record(proof_verdict(exercise, decoded(actual[0].value)), points)
    try:
        said = hashlib.sha256(pickle.dumps((name, seed, actual, properties))).digest()
        if said in judged:
            return judged[said]
        known, two = beliefs(exercise, cases), pairs(exercise, cases)
        verdict = judge(name, cases, expected, actual, known, exercise.hints, properties, two)
    except MemoryError:
        return CheckRecord("memory", 0.0, points, "Your answer is too large to be judged.", _status_hint("memory"))
    except Exception as error:  # an answer made to break our comparison must not take the other checks with it
        message = f"The answer could not be compared ({type(error).__name__})."
        return CheckRecord("error", 0.0, points, message, _status_hint("error"))
    judged[said] = _record(verdict, points)
    return judged[said]


def questions(exercise: Exercise, reference: Any, seed: int) -> tuple[list[Case], list[Outcome]]:
    """The cases for a seed and what the reference answers, in float64, before anyone else is asked."""
    if exercise.number:
        return [Case("your number", ())], [Outcome(value=np.asarray(float(reference)))]
    if exercise.proof:
        return [Case("your order", ())], [Outcome(value=encoded(reference))]
    cases = list(exercise.make_cases(generator(seed, exercise.name)))
    return cases, answers(exercise, reference, cases)


def proof_verdict(exercise: Exercise, answer: list[str] | None) -> Verdict:
    """The verdict on the order of a proof's lines."""
    proof, hints = exercise.proof, exercise.hints.get("values", ())
    return order_verdict(exercise.name, answer, len(proof.needs), proof.fits, proof.belief, hints)


def answers(exercise: Exercise, reference: Any, cases: list[Case]) -> list[Outcome]:
    """What the reference answers, in float64. Raises RuntimeError when that is not an answer of the expected kind."""
    expected = [
        Outcome()  # a training is judged by properties: nothing is compared with the reference's
        if exercise.trains and case.compare == "any" and not case.raises
        else call(reference, replace(case, args=upcast(case.args)))
        for case in cases
    ]
    for case, outcome in zip(cases, expected, strict=True):
        if (outcome.error is not None) != case.raises or (outcome.error and outcome.error[0] != "ValueError"):
            raise RuntimeError(f"reference of {exercise.name}, {case.label!r}: {outcome.error}")
        if case.grad and outcome.grads is None:
            raise RuntimeError(f"reference of {exercise.name}, {case.label!r}: {outcome.gradient_error}")
    return expected


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
    """What each misconception answers on these cases, computed as far as it is read."""
    return [
        Belief(wrong.name, wrong.belief, wrong.hints, Computed(_mistaken(exercise, wrong, cases)))
        for wrong in exercise.misconceptions
    ]


def _mistaken(exercise: Exercise, wrong: Variant, cases: list[Case]) -> Iterator[Outcome]:
    loaded = wrong.load(exercise.name)
    for case in cases:
        yield Outcome(value=np.asarray(float(loaded))) if exercise.number else call(loaded, case)


def _answers(session: Session, exercise: Exercise, cases: list[Case], deadline: Deadline, seed: int) -> list[Outcome]:
    """The outcome of each case, asked in an order that nobody can count along with."""
    if not exercise.function:
        return session.value(exercise.name, deadline)
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
    session: Session, unit: Unit, exercise: Exercise, cases: list[Case], seed: int, deadline: Deadline
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
        if wanted is not None and isinstance(wanted.value, np.ndarray):  # a list of lists, which values accept too
            return replace(outcome, value=np.asarray(outcome.value))
        return outcome

    return property_results(exercise.properties, ask, lambda index: generator(seed + index, exercise.name))


def _shapes(tree):
    """Shapes in a tree; a list of equal shapes has the shape of the array that it could be."""
    if not isinstance(tree, (list, tuple)):
        return np.shape(tree)
    shapes = [_shapes(item) for item in tree]
    regular = shapes and isinstance(shapes[0], tuple) and all(shape == shapes[0] for shape in shapes)
    return (len(shapes), *shapes[0]) if regular else shapes


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
        message = f"{spoken(verdict.belief)} ({message})"
    hint = verdict.hints[0] if verdict.hints else ("" if failing is None else _status_hint(verdict.status))
    if verdict.status in ("missing", "pass"):
        message, hint = ("Not implemented yet.", "") if verdict.status == "missing" else ("", "")
    parts = {row.part: row.ok for row in verdict.parts}
    return CheckRecord(verdict.status, score, points, message, hint, verdict.hints, verdict.misconception, parts)
