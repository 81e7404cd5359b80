"""How one graded function is checked, in the words of its author (docs/authoring.md shows them at work)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.author.order import Proof
from autograder.author.requirements import Requirement
from autograder.author.source import PREAMBLE, cell, same
from course.check.case import Case, bad_input


@dataclass
class Variant:
    """A whole implementation as source text: right (accepted) or wrong (a misconception).

    knobs: what a slip changes in the exercise's formula; empty for an implementation of its own.
    paired: whether it is tried together with a slip that turns other knobs.
    """

    name: str
    source: str
    belief: str = ""
    hints: tuple[str, ...] = ()
    knobs: dict[str, Any] = field(default_factory=dict)
    paired: bool = True

    def load(self, function: str) -> Callable:
        """The function, freshly executed in a namespace of its own."""
        namespace = {}
        exec(compile(self.source, f"<{self.name}>", "exec"), namespace)
        return namespace[function]

    def says(self, belief: str, *hints: str) -> None:
        """What the learner reads: the belief, in one sentence, and hints from a nudge to nearly the answer."""
        self.belief, self.hints = belief, hints


@dataclass
class Exercise:
    """How the graded function (or number) `name` is checked. Points live in the solution notebook.

    refuses: what the arguments must be. The guard of every variant and misconception, and the bad inputs, come from it.
    hints: symptom hints by part ("values", "gradient", "stability", "bad input", "properties"), shown when no
    misconception explains the answer.
    number: True when the learner gives a number (a variable) instead of a function; its cases are not used, the
    solution's value is the expected one.
    proof: what is asked is the order of a proof's lines, a list of labels.
    trains: True when answers come out of a training: slow, and equal on one machine only, since rounding grows.
    """

    name: str
    refuses: tuple[Requirement, ...] = ()
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    number: bool = False
    proof: Proof | None = None
    time_limit: float = 10.0
    trains: bool = False
    make_cases: Callable[[np.random.Generator], Iterator[Case]] | None = None
    properties: list[tuple[str, Callable]] = field(default_factory=list)
    misconceptions: list[Variant] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    written: Callable | None = None  # the formula

    @property
    def function(self) -> bool:
        """Whether a function is asked for, not a number or an order."""
        return not self.number and self.proof is None

    def cases(self, function):
        self.make_cases = function
        return function

    def bad_inputs(self, *good: Any) -> Iterator[Case]:
        """The standard bad inputs of all requirements, each a change of the good call `good`."""
        order = list(inspect.signature(self.written).parameters)
        arguments = dict(zip(order, good, strict=False))
        for requirement in self.refuses:
            for label, change in requirement.bad(arguments):
                changed = arguments | change
                hint = requirement.cure(changed)
                leading = [name for i, name in enumerate(order) if all(n in changed for n in order[: i + 1])]
                rest = {name: value for name, value in changed.items() if name not in leading}
                yield bad_input(label, *(changed[name] for name in leading), hint=hint, **rest)

    def property(self, statement: str):
        def register(function):
            self.properties.append((statement, function))
            return function

        return register

    def formula(self, function):
        """The right formula, its knobs keyword-only arguments with their right values. Counts as an accepted variant."""
        self.written = function
        self.variants.append(self.right())
        return function

    def knobs(self) -> dict[str, Any]:
        """The knobs of the formula and their right values; empty where no formula is written."""
        return getattr(self.written, "__kwdefaults__", None) or {}

    def right(self) -> Variant:
        """The formula as it is written, guarded; its knobs can be turned by keyword."""
        return Variant("the formula", cell(self.written, self._guard(True)))

    def slip(self, name: str, /, *, guarded: bool = True, paired: bool = True, **knobs: Any) -> Variant:
        """A misconception: the formula with knobs turned, or without its guard. Goes on with `.says(belief, *hints)`."""
        slip = Variant(name, self._turned(name, guarded, knobs), knobs=knobs, paired=paired)
        self.misconceptions.append(slip)
        return slip

    def style(self, name: str, /, *, guarded: bool = True, **knobs: Any) -> None:
        """A correct solution: the formula with knobs that change how it is computed, not what."""
        self.variants.append(Variant(name, self._turned(name, guarded, knobs), knobs=knobs))

    def wrong(self, name: str, *, belief: str, hints: tuple[str, ...], guarded: bool = True):
        """A misconception that no knob says: a function of the exercise's name."""

        def register(function):
            self.misconceptions.append(Variant(name, cell(function, self._guard(guarded)), belief, tuple(hints)))
            return function

        return register

    def accepted(self, name: str, *, guarded: bool = True):
        """A correct solution in a style of its own. guarded=False: it validates its arguments itself."""

        def register(function):
            self.variants.append(Variant(name, cell(function, self._guard(guarded))))
            return function

        return register

    def wrong_number(self, name: str, value: float, *, belief: str, hints: tuple[str, ...]):
        self.misconceptions.append(Variant(name, f"{self.name} = {value!r}\n", belief, tuple(hints)))

    def accepted_number(self, name: str, expression: str):
        self.variants.append(Variant(name, f"{PREAMBLE}\n{self.name} = {expression}\n"))

    def _guard(self, guarded: bool) -> list[str]:
        return [line for requirement in self.refuses for line in requirement.guard] if guarded else []

    def _turned(self, name: str, guarded: bool, knobs: dict[str, Any]) -> str:
        """Source of the formula with these knobs turned; ValueError where that says nothing."""
        if self.written is None:
            raise ValueError(f"{self.name}: {name!r} turns knobs, but the formula is not written yet")
        right = self.knobs()
        unknown = [knob for knob in knobs if knob not in right]
        if unknown or (guarded and not knobs):
            turned = f"turns {', '.join(map(repr, unknown)) or 'no knob'}"
            raise ValueError(f"{self.name}: {name!r} {turned}; the formula has the knobs {', '.join(right) or 'none'}")
        for knob, value in knobs.items():
            if same(value, right[knob], self.written.__globals__):
                raise ValueError(f"{self.name}: {name!r} changes nothing, {knob} is {value!r} in the formula itself")
        return cell(self.written, self._guard(guarded), knobs)
