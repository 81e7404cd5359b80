"""Hold a student's code and answer calls: name and inputs in, numbers or an error out.

Requests: {"op": "cell"} with the source of one cell; {"op": "calls", "name"} with a list of cases, answered by a list of
outcomes; {"op": "value", "name"}.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
from types import ModuleType
from typing import Any

from child import wire

from course.check.call import MAX_MESSAGE, Outcome, call, plain
from course.check.case import Case
from course.check.codec import CodecError, pack
from course.check.order import encoded, labels
from course.check.state import usual_state


def serve(sock) -> None:
    """Answer requests until the parent closes the connection."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    cells = 0
    while True:
        try:
            head, tree = wire.receive_request(sock)
        except wire.WireError:
            return
        if head["op"] == "cell":
            cells += 1
            answer = run_cell(tree, module.__dict__, f"<cell {cells}>")
        elif head["op"] == "calls":
            answer = answer_calls(module.__dict__.get(head["name"]), head["name"], [Case("", **case) for case in tree])
        else:
            answer = [answer_value(module.__dict__, head["name"])]
        wire.send(sock, {"id": head["id"]}, answer)


def run_cell(source: str, namespace: dict[str, Any], filename: str) -> dict:
    """Run one cell statement by statement, as a notebook does; report the error that stopped it, if any."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    try:
        with contextlib.redirect_stdout(_Void()), contextlib.redirect_stderr(_Void()):
            for statement in ast.parse(source, filename).body:
                exec(compile(ast.Module([statement], []), filename, "exec", dont_inherit=True), namespace)
    except (Exception, SystemExit) as error:
        line = getattr(error, "lineno", None) or _line(error.__traceback__, filename)
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        return {"error": [type(error).__name__, message[:MAX_MESSAGE]], "line": line}
    return {}


def answer_calls(function, name: str, cases: list[Case]) -> list[dict[str, Any]]:
    if function is None:
        return [{"error": ["NameError", f"{name} is not defined"]}] * len(cases)
    if not callable(function):
        return [{"error": ["TypeError", f"{name} is a {type(function).__name__}, not a function"]}] * len(cases)
    with contextlib.redirect_stdout(_Void()), contextlib.redirect_stderr(_Void()), usual_state():
        return [_sendable(call(function, case)) for case in cases]


def _sendable(outcome: Outcome) -> dict[str, Any]:
    if outcome.error:
        return {"error": list(outcome.error)}
    answer = {"value": outcome.value, "grads": outcome.grads, "changed": outcome.changed_inputs}
    answer["gradient_error"] = outcome.gradient_error
    try:
        pack(answer)
    except CodecError as error:
        return {"error": ["TypeError", f"the function returned numbers, but {error}"]}
    return answer


def answer_value(namespace: dict[str, Any], name: str) -> dict[str, Any]:
    """A number, or the labels of an order."""
    if namespace.get(name) is None or namespace[name] is Ellipsis:
        return {"error": ["NotImplementedError", "no answer yet"]}
    try:
        with usual_state():
            answer = namespace[name]
            return _sendable(Outcome(value=plain(answer) if labels(answer) is None else encoded(answer)))
    except Exception as error:
        return {"error": [type(error).__name__, str(error)[:MAX_MESSAGE]]}


def _line(traceback, filename: str) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


class _Void:
    """A stream that forgets: a student's prints cost nothing and reach nobody."""

    def write(self, text):
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False
