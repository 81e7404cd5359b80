"""The vocabulary an author uses to say how one graded function is checked.

    exercise = Exercise("nt_xent")

    @exercise.cases                     # rng -> Case ...: inputs; expected answers come from the solution cell
    @exercise.property("what must hold")  # (f, rng) -> None, or a message when it does not hold
    @exercise.wrong("name", belief=..., hints=(...))   # a misconception: a function of the same name
    @exercise.accepted("style")         # a correct solution in another style

A misconception or variant is ordinary code whose source is dropped into a notebook cell, so it may use only `math`,
`np`, `torch`, `F` (torch.nn.functional) and the functions named in `uses`.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from course.check.case import Case

PREAMBLE = (
    "import math\n\nimport numpy as np\nimport torch\nimport torch.nn.functional as F\n\nfrom course import validate\n"
)


@dataclass(frozen=True)
class Variant:
    """A whole implementation as source text: right (accepted) or wrong (a misconception)."""

    name: str
    source: str
    belief: str = ""
    hints: tuple[str, ...] = ()

    def load(self, function: str) -> Callable:
        """The function, freshly executed in a namespace of its own."""
        namespace = {}
        exec(compile(self.source, f"<{self.name}>", "exec"), namespace)
        return namespace[function]


@dataclass
class Exercise:
    """How the graded function (or number) `name` is checked. Points live in the solution notebook.

    hints: symptom hints by part ("values", "gradient", "stability", "bad input", "properties"), shown when no
    misconception explains the answer.
    number: True when the learner gives a number (a variable) instead of a function; its cases are not used, the
    solution's value is the expected one.
    trains: True when answers come out of a training: slow, and equal on one machine only, since rounding grows.
    """

    name: str
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    number: bool = False
    time_limit: float = 10.0
    trains: bool = False
    make_cases: Callable[[np.random.Generator], Iterator[Case]] | None = None
    properties: list[tuple[str, Callable]] = field(default_factory=list)
    misconceptions: list[Variant] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)

    def cases(self, function):
        self.make_cases = function
        return function

    def property(self, statement: str):
        def register(function):
            self.properties.append((statement, function))
            return function

        return register

    def wrong(self, name: str, *, belief: str, hints: tuple[str, ...], uses: tuple[Callable, ...] = ()):
        def register(function):
            self.misconceptions.append(Variant(name, variant_source(function, uses), belief, tuple(hints)))
            return function

        return register

    def accepted(self, name: str, *, uses: tuple[Callable, ...] = ()):
        def register(function):
            self.variants.append(Variant(name, variant_source(function, uses)))
            return function

        return register

    def wrong_number(self, name: str, value: float, *, belief: str, hints: tuple[str, ...]):
        self.misconceptions.append(Variant(name, f"{self.name} = {value!r}\n", belief, tuple(hints)))

    def accepted_number(self, name: str, expression: str):
        self.variants.append(Variant(name, f"{PREAMBLE}\n{self.name} = {expression}\n"))


def variant_source(function: Callable, uses: tuple[Callable, ...] = ()) -> str:
    """Source text of `function` and its helpers, without decorators, ready for a notebook cell."""
    return "\n\n".join([PREAMBLE.rstrip()] + [_plain_source(f) for f in (*uses, function)]) + "\n"


def _plain_source(function: Callable) -> str:
    text = textwrap.dedent(inspect.getsource(function))
    return text[text.index("def ") :] if text.startswith("@") else text
