"""One submission's code, loaded in a fork of the sandbox, answering calls until it dies; then loaded again.

Cells are run in the order of the notebook, as far as `advance` says, so that a function can be asked in the state in
which its check stands.

What the student's side can do wrong is turned into an Outcome or a SessionEnd; what our side does wrong is a
SandboxError, which is never a grade.

Messages reach the learner, so none may carry hidden inputs out. What a process says freely (the text and the line of an
error, an exit code, a signal) is told only of processes that have seen no hidden input. Of one that has, only the status
is told, and that a cell fails in it is not told at all: instead the cells are run once more where there is nothing to see.
"""

from __future__ import annotations

import builtins
import itertools
import os
import signal
import time
import unicodedata

import numpy as np

from autograder.sandbox.child import wire
from autograder.sandbox.deadline import Deadline
from autograder.sandbox.process import Fork, Limits, Sandbox
from course.check.call import MAX_MESSAGE, Outcome
from course.check.case import Case

ERRORS = {
    thing.__name__ for thing in vars(builtins).values() if isinstance(thing, type) and issubclass(thing, BaseException)
}
KNOWN_ERRORS = ERRORS | {"OutOfMemoryError", "LinAlgError", "AxisError"}
# what is said of an end that the student's code, having seen hidden inputs, may have chosen: one text for a status
BOUNDED = {"timeout": "did not finish in time", "crash": "ended or broke its connection instead of answering"}
NOT_SANDBOXED = "no sandbox: this code ran with the grader's own rights, because it was asked for (--unsafe-no-sandbox)"


class SessionEnd(Exception):
    """The student's process ended instead of answering: status timeout, memory or crash, and one line that says how."""

    def __init__(self, status: str, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


class Session:
    def __init__(
        self,
        sandbox: Sandbox,
        setup: str,
        cells: list[str],
        limits: Limits,
        *,
        asked: bool = False,
        whole: Deadline | None = None,
    ):
        """asked: whether the same code has been asked before. whole: the submission's time; by default the limits'."""
        self.sandbox, self.setup, self.limits = sandbox, setup, limits
        self.sources = tuple(cells)
        self.cells = list(cells)  # empty where a cell ends its process, and is left out
        self.loaded = 0  # cells run in the present fork
        self.target = 0  # cells to run before the next question
        self.asked = asked  # whether the student's code has seen hidden inputs
        self.unsaid = False  # whether a cell has failed since
        self.rehearsed = False
        self.notes: list[str] = [NOT_SANDBOXED] if sandbox.unsafe else []
        self.errors: dict[str, str] = {}
        self.whole = whole or Deadline(limits.wall_seconds, os.getpid())
        self.ids = itertools.count(1)
        self.fork: Fork | None = None

    @property
    def cell_errors(self) -> dict[str, str]:
        """Source of a cell -> where and how it fails, as seen in processes without hidden inputs."""
        if self.unsaid and not self.rehearsed:
            self._rehearse()
        return self.errors

    def _rehearse(self) -> None:
        """Run all cells in a fresh process that is asked nothing, to say how they fail. Its time is not the submission's."""
        self.close()
        started, whole, cells, target = time.monotonic(), self.whole, self.cells, self.target
        self.rehearsed, self.asked = True, False
        self.cells, self.target = list(self.sources), len(cells)
        self.whole = Deadline(2 * self.limits.cell_seconds)  # of the clock: it only serves a message
        try:
            self._load()
        except SessionEnd:
            pass  # what is known by then will do
        finally:
            self.close()
            self.cells, self.target, self.asked = cells, target, True
            self.whole = whole
            whole.seconds += time.monotonic() - started

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def close(self) -> None:
        if self.fork is not None:
            self.fork.kill()
        self.fork, self.loaded = None, 0

    def advance(self, target: int) -> None:
        """Run the cells before number `target`. Going back means starting again."""
        if target < self.loaded:
            self.close()
        self.target = target
        self._load()

    def _load(self) -> None:
        """Bring the fork to `target`. A cell that ends the process is left out and the rest is loaded again."""
        while self.fork is None or self.loaded < self.target:
            if self.fork is None:
                self.fork, self.loaded = self.sandbox.open(self.limits), 0
                self._send_and_receive({"op": "cell"}, self.setup, self.deadline(self.limits.cell_seconds))
            if self.loaded < self.target:
                self._run_cell(self.loaded)

    def _run_cell(self, index: int) -> None:
        source = self.cells[index]
        self.loaded = index + 1
        if not source.strip():
            return
        try:
            answer = self._send_and_receive({"op": "cell"}, source, self.deadline(self.limits.cell_seconds))
        except SessionEnd as end:
            if self.whole() <= 0:
                raise
            self.cells[index] = ""
            self.unsaid |= self.asked
            if not self.asked:
                self._note(f"a cell was left out, it {end.message}: {_first_line(source)}")
            return
        if isinstance(answer, dict) and isinstance(answer.get("error"), list):
            kind, message = _error(answer["error"])
            if kind != "NotImplementedError":
                self.unsaid |= self.asked
                if not self.asked:
                    told = f": {message}" if message else ""
                    where = _line_of(answer.get("line"), source)
                    self.errors[source] = f"{where}the cell `{_first_line(source)}`: {kind}{told}"

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def deadline(self, seconds: float) -> Deadline:
        """So many seconds of a free processor from now, within the submission's time."""
        return Deadline(seconds, self.sandbox.process.pid if self.sandbox.process else None, self.whole)

    def calls(self, name: str, cases: list[Case], deadline: Deadline) -> list[Outcome]:
        """The outcome of each case, asked in one request."""
        # only what a call needs: neither the label, nor whether it must raise, nor how it is judged
        trees = [
            {name: getattr(case, name) for name in ("args", "kwargs", "grad", "inference", "drive")} for case in cases
        ]
        self._load()
        self.asked = True
        return self._outcomes({"op": "calls", "name": name}, trees, deadline, len(cases))

    def value(self, name: str, deadline: Deadline) -> list[Outcome]:
        """The student's number, or order, of that name: nothing is shown to the student's code."""
        self._load()
        return self._outcomes({"op": "value", "name": name}, None, deadline, 1)

    def _outcomes(self, head: dict, tree, deadline: Deadline, count: int) -> list[Outcome]:
        answers = self._send_and_receive(head, tree, deadline)
        if not isinstance(answers, list) or len(answers) != count:
            self.close()
            raise self._ended("crash", "sent something else than an answer")
        return [_outcome(answer) for answer in answers]

    def _send_and_receive(self, head: dict, tree, deadline: Deadline):
        number = next(self.ids)
        try:
            self.fork.calls.settimeout(max(0.001, deadline()))
            wire.send(self.fork.calls, {**head, "id": number}, tree)
            answer = wire.receive(self.fork.calls, deadline)
        except wire.Timeout:
            self.close()
            raise self._ended("timeout", "did not finish in time") from None
        except wire.WireError as error:
            raise self._broken(str(error)) from None
        if answer[0].get("id") != number:
            self.close()
            raise self._ended("crash", "answered a question that was not asked")
        return answer[1]

    def _ended(self, status: str, message: str) -> SessionEnd:
        return SessionEnd(status, BOUNDED[status] if self.asked else message)

    def _broken(self, reason: str) -> SessionEnd:
        """What became of the process: from its wait status, or from the frame that was none."""
        status = self.fork.kill()
        self.fork, self.loaded = None, 0
        if "closed" not in reason and "lost" not in reason:
            return self._ended("crash", "sent something else than an answer")
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
            if name in ("SIGXCPU", "SIGKILL"):
                return self._ended("timeout", f"used more processor time than allowed ({name})")
            return self._ended("crash", f"was ended by {name}")
        return self._ended("crash", f"ended its process with exit code {os.WEXITSTATUS(status)}")


def _line_of(line, source: str) -> str:
    """Where in the cell, if the child's number can be a line of it."""
    return f"line {line} of " if type(line) is int and 0 < line <= source.count("\n") + 1 else ""


def _outcome(answer) -> Outcome:
    """What the child says of one call; anything that is not of the expected form counts as no answer."""
    if not isinstance(answer, dict):
        return Outcome(error=("TypeError", "no answer"))
    if "error" in answer:
        return Outcome(error=_error(answer["error"]))
    reason, grads = answer.get("gradient_error"), answer.get("grads")
    reason = clean(reason) if isinstance(reason, str) else None
    if not isinstance(grads, list) or not all(isinstance(g, np.ndarray) and g.dtype.kind in "fiu" for g in grads):
        grads = None
    return Outcome(
        answer.get("value"), None if grads is None else tuple(grads), None, reason, answer.get("changed") is True
    )


def _error(error) -> tuple[str, str]:
    """(type name, message) of an error that the child reports; the name of a type can be any text, so only names of
    Python's own errors are repeated."""
    kind, message = (clean(str(part)) for part in (*error, "", "")[:2]) if isinstance(error, list) else ("", "")
    return (kind if kind in KNOWN_ERRORS else "an error of its own"), message


def clean(text: str) -> str:
    """One line without control, format and surrogate characters, of bounded length."""
    shown = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in text[:MAX_MESSAGE])
    return shown.strip()


def _first_line(source: str) -> str:
    return clean(next((line.strip() for line in source.split("\n") if line.strip()), "")[:80])
