"""What a function rests on: the graded functions before it that it calls, itself or through helpers.

Where one of those is wrong, the function is judged once more with the course's own in its place: one slip costs once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from autograder.units.manifest import Unit


def wrong_before(unit: Unit, cells: Iterable[str], failing: Iterable[str]) -> dict[str, list[str]]:
    """For each failing function the failing ones before it that the student's code of it reaches, in the unit's order, with
    those that the course's own versions of them reach and that fail too; functions without any are left out."""
    failing = set(failing)
    order = [name for name in unit.checks if name in failing]
    calls, ours = _calls(cells), _calls(references(unit, unit.checks))
    found = {}
    for place, name in enumerate(order):
        before = set(order[:place])
        reached = _reached(calls, [name]) & before
        reached |= _reached(ours, reached) & before
        if reached:
            found[name] = [other for other in order if other in reached]
    return found


def references(unit: Unit, names: Iterable[str]) -> list[str]:
    """The solution cells of these functions."""
    solved = {cell.id: cell.source for cell in unit.solved if cell.kind == "solution"}
    return [solved[name] for name in names]


def _reached(calls: dict[str, set[str]], start: Iterable[str]) -> set[str]:
    seen, ahead = set(), list(start)
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += calls.get(name, ())
    return seen


def _calls(cells: Iterable[str]) -> dict[str, set[str]]:
    """For each name that a cell defines, the names that its definition reads."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        try:
            body = ast.parse(cell).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it does not run either
        for node in body:
            read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
            for name in _defined(node):
                found.setdefault(name, set()).update(read)
    return found


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]
