"""What an argument must be: the lines that refuse anything else, and the bad inputs that must be refused.

    refuses=(loss("unsup_loss"), law("rho"), count("n_negatives", "N"))

A requirement names the argument and, where the learner should read another word, that word. `bad` makes from a good
call ({argument: value}) the standard bad ones: (label, {argument: bad value}).
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course import validate

Changes = Iterator[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Requirement:
    """guard: lines of code that raise ValueError, quoting what offends. bad: good arguments -> bad inputs."""

    guard: tuple[str, ...]
    bad: Callable[[Mapping[str, Any]], Changes]

    def cure(self, arguments: Mapping[str, Any]) -> str:
        """The hint that names the call of `course.validate` which refuses these arguments; empty where none does."""
        for line in self.guard:
            try:
                exec(line if line.startswith("validate.") else "", {"validate": validate, **arguments})
            except ValueError:
                return f"`{line}` refuses it."
            except (KeyError, NameError, TypeError):  # an argument left to its default
                continue
        return ""


def non_negative(name: str, *also: float) -> Requirement:
    """A finite number >= 0."""
    values = (-0.5, math.nan, *also)
    return Requirement((f"validate.non_negative({name}={name})",), lambda good: _numbers(name, "{} {}", values))


def positive(name: str, *also: float) -> Requirement:
    """A finite number > 0."""
    values = (0.0, -0.5, math.nan, *also)
    return Requirement((f"validate.positive({name}={name})",), lambda good: _numbers(name, "{} {}", values))


def loss(name: str) -> Requirement:
    """A loss in nats: a finite number >= 0."""
    changes = (("a negative loss", {name: -0.5}), ("a loss that is NaN", {name: math.nan}))
    return Requirement((f"validate.non_negative({name}={name})",), lambda good: iter(changes))


def count(name: str, word: str = "", *also: float, minimum: int = 1) -> Requirement:
    """An integer >= minimum. `also`: more numbers that must be refused."""
    values = (minimum - 1, *also)
    guard = f"validate.count(minimum={minimum}, {name}={name})"
    return Requirement((guard,), lambda good: _numbers(name, f"{word or name} = {{1}}", values))


def law(name: str, *, zeros: bool = False) -> Requirement:
    """A law on a finite set (C,), without zeros unless `zeros`."""

    def bad(good):
        rho = np.asarray(good[name], dtype=float)
        yield f"{name} sums to 0.9", {name: 0.9 * rho}
        yield f"{name} sums to 1.1", {name: 1.1 * rho}
        if not zeros:
            yield f"{name} has a zero", {name: np.append(np.full(len(rho) - 1, 1 / (len(rho) - 1)), 0.0)}

    return Requirement((f"validate.law({name}, {name!r}{', zeros=True' if zeros else ''})",), bad)


def world(rho: str = "rho", classes: str = "classes", z: str = "") -> Requirement:
    """A finite world: rho (C,), rows of classes (C, S) laws and, if named, embeddings z (S, d)."""

    def bad(good):
        rows = np.asarray(good[classes], dtype=float)
        yield from law(rho).bad(good)
        for total in (0.9, 1.1):
            scale = np.array([*[1.0] * (len(rows) - 1), total])[:, None]
            yield f"a row of {classes} sums to {total}", {classes: rows * scale}
        yield f"{rho} and {classes} of different C", {classes: rows[:-1]}
        yield f"NaN in {classes}", {classes: np.where(np.eye(*rows.shape) > 0, np.nan, rows)}
        if z:
            yield f"{z} has too few rows", {z: good[z][:-1]}
            yield f"NaN in {z}", {z: np.where(np.eye(*good[z].shape) > 0, np.nan, good[z])}

    return Requirement((f"validate.world({', '.join(filter(None, (rho, classes, z)))})",), bad)


def joint_law(name: str, *, symmetric: bool = False) -> Requirement:
    """A joint law (S, T); if `symmetric`, the edge weights of a graph without isolated nodes."""

    def bad(good):
        joint = np.asarray(good[name], dtype=float)
        for total in (0.9, 1.1):
            yield f"{name} sums to {total}", {name: total * joint}
        negative = joint.copy()
        negative[0, 0] = -0.1
        yield f"a negative entry in {name}", {name: negative / negative.sum()}
        yield f"NaN in {name}", {name: np.where(np.eye(*joint.shape) > 0, np.nan, joint)}
        if symmetric:
            lopsided, isolated = joint.copy(), joint.copy()
            lopsided[0, 1] += 0.02
            isolated[0], isolated[:, 0] = 0.0, 0.0
            yield f"{name} is not symmetric", {name: lopsided / lopsided.sum()}
            yield f"{name} is not square", {name: joint[:, :-1] / joint[:, :-1].sum()}
            yield "an isolated node", {name: isolated / isolated.sum()}

    return Requirement((f"validate.joint_law({name}, {name!r}{', symmetric=True' if symmetric else ''})",), bad)


def per_node(joint: str, **words: str) -> Requirement:
    """Beside a joint (S, S), arrays of S finite numbers; argument -> what a learner calls it."""
    guard = []
    for name in words:
        guard += [f"if np.shape({name}) != (len({joint}),) or not np.isfinite({name}).all():"]
        guard += [f"    raise ValueError(f'{name} must hold {{len({joint})}} finite numbers, got {{{name}}}')"]

    def bad(good):
        for name, word in words.items():
            values = np.asarray(good[name])
            yield f"{word} too short", {name: values[:-1]}
            yield f"{word} too long", {name: np.append(values, values[:1])}
            yield f"{word} of length 1", {name: values[:1]}
            if values.dtype.kind == "f":
                yield f"NaN in {word}", {name: np.where(np.arange(len(values)) == 1, np.nan, values)}

    return Requirement(tuple(guard), bad)


def batch(minimum: int = 1, **words: str) -> Requirement:
    """Floating tensors of one shape (B, d) with B >= minimum, without NaN; argument -> what a learner calls it."""
    first, second, last = next(iter(words)), list(words)[min(1, len(words) - 1)], list(words)[-1]
    guard = [f"validate.batch({', '.join(f'{name}={name}' for name in words)})"]
    if minimum > 1:
        guard += [f"if {first}.shape[0] < {minimum}:"]
        guard += [f"    raise ValueError(f'B must be at least {minimum}, got {{{first}.shape[0]}}')"]

    def bad(good):
        if len(words) > 1:
            yield "batch sizes that differ", {second: good[second][:-1]}
            yield "dimensions that differ", {last: good[last][:, :-1]}
        for rows in range(1, minimum):
            yield f"B = {rows}", {name: good[name][:rows] for name in words}
        yield "an empty batch", {name: good[name][:0] for name in words}
        for name, word in words.items():
            yield f"NaN in {word}", {name: good[name] * math.nan}

    return Requirement(tuple(guard), bad)


def candidates(anchor: str, **words: str) -> Requirement:
    """Beside an anchor (B, d), tensors of one shape (B, N, d) with N >= 1, without NaN."""
    named = ", ".join(f"{name}={name}" for name in words)

    def bad(good):
        last = list(words)[-1]
        yield "N = 0", {name: good[name][:, :0] for name in words}
        yield f"{last} of another batch size", {last: good[last][:-1]}
        yield f"{last} of another dimension", {last: good[last][:, :, :-1]}
        for name, word in words.items():
            yield f"NaN in {word}", {name: good[name] * math.nan}

    return Requirement((f"validate.candidates({anchor}, {named})",), bad)


def needs(condition: str, bad: Mapping[str, Mapping[str, Any]]) -> Requirement:
    """Anything else that must hold: a condition on the arguments, in Python, which the error repeats with their values.
    bad: label -> {argument: value, or function of the good call's value}."""
    values = ", ".join(f"{name} = {{{name}!r}}" for name in _read_names(condition))
    message = f"needs {condition.replace('{', '{{').replace('}', '}}')}, got {values}"

    def changes(good):
        for label, change in bad.items():
            yield label, {name: value(good[name]) if callable(value) else value for name, value in change.items()}

    return Requirement((f"if not ({condition}):", f"    raise ValueError(f{message!r})"), changes)


def _read_names(condition: str) -> list[str]:
    """The variables of a condition that stand for values: not what it calls, nor what runs through a comprehension."""
    nodes = list(ast.walk(ast.parse(condition)))
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    read = dict.fromkeys(node.id for node in names)
    return [name for name in read if name not in called | bound and not hasattr(builtins, name)]


def _numbers(name: str, label: str, values: tuple[float, ...]) -> Changes:
    for value in values:
        said = "NaN" if isinstance(value, float) and math.isnan(value) else f"{value:g}"
        yield label.format(name, said), {name: value}
