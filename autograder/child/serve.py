"""Hold a student's code and answer calls: name and inputs in, numbers or an error out.

Requests: {"op": "cell"} with the source of one cell, {"op": "call", "name"} with a case, {"op": "number", "name"}.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
from types import ModuleType
from typing import Any

from child import wire

from course.check.call import MAX_MESSAGE, call, plain
from course.check.case import Case
from course.check.codec import CodecError


def serve(sock) -> None:
    """Answer requests until the parent closes the connection."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    cells = 0
    while True:
        try:
            head, tree = wire.receive(sock, cap=wire.REQUEST_CAP)
        except wire.WireError:
            return
        if head["op"] == "cell":
            cells += 1
            answer, value = run_cell(tree, module.__dict__, f"<cell {cells}>"), None
        elif head["op"] == "call":
            answer, value = answer_call(module.__dict__.get(head["name"]), head["name"], Case(**tree))
        else:
            answer, value = answer_number(module.__dict__, head["name"])
        try:
            wire.send(sock, {"id": head["id"], **answer}, value)
        except CodecError as error:
            wire.send(sock, {"id": head["id"], "error": ["TypeError", f"the function returned numbers, but {error}"]})


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


def answer_call(function, name: str, case: Case) -> tuple[dict, Any]:
    if function is None:
        return {"error": ["NameError", f"{name} is not defined"]}, None
    if not callable(function):
        return {"error": ["TypeError", f"{name} is a {type(function).__name__}, not a function"]}, None
    with contextlib.redirect_stdout(_Void()), contextlib.redirect_stderr(_Void()):
        outcome = call(function, case)
    head = {"error": list(outcome.error) if outcome.error else None, "changed": outcome.changed_inputs}
    head["gradient_error"] = outcome.gradient_error
    return head, None if outcome.error else {"value": outcome.value, "grads": outcome.grads}


def answer_number(namespace: dict[str, Any], name: str) -> tuple[dict, Any]:
    if namespace.get(name) is None or namespace[name] is Ellipsis:
        return {"error": ["NotImplementedError", "no answer yet"]}, None
    try:
        return {}, {"value": plain(namespace[name]), "grads": None}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)[:MAX_MESSAGE]]}, None


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
