"""Demonstrations wait for the functions that they show: `if solved(nt_xent): ...` in an exercise."""

from __future__ import annotations

import dis
from inspect import isfunction
from types import FunctionType
from typing import Any

from course.check.earlier import called


def solved(*answers: Any) -> bool:
    """Whether all of these functions and classes are written, and what they call. If not, prints which are not.

    Written means: it does not end in the `raise NotImplementedError()` that it was handed out with. An error of what is
    written is raised where it is called, with its traceback, as always.
    """
    missing = dict.fromkeys(name for answer in answers for name in _unwritten(answer))
    if missing:
        print("not solved yet:", ", ".join(missing))
    return not missing


def _unwritten(answer: Any) -> list[str]:
    """Names of the functions that are still stubs: the answer itself, and those of its notebook that it calls."""
    parts = [part for part in vars(answer).values() if isfunction(part)] if isinstance(answer, type) else [answer]
    found = []
    for part in parts:
        if isinstance(part, FunctionType):
            found += [answer.__name__] * _is_stub(part)
            found += [name for name, function in called(part, lambda name: True).items() if _is_stub(function)]
    return found


def _is_stub(function: FunctionType) -> bool:
    """Whether the code ends in `raise NotImplementedError()`, reached by whoever has not returned before."""
    *_, name, last = [i for i in dis.get_instructions(function) if i.opname not in ("PRECALL", "CALL", "PUSH_NULL")]
    return last.opname == "RAISE_VARARGS" and name.argval == "NotImplementedError"
