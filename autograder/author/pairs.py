"""Two slips at once: the formula with the knobs of two misconceptions turned, for answers that no single one explains."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations, islice

from autograder.author.exercise import Exercise
from course.check.call import call
from course.check.case import Case
from course.check.naming import Belief
from course.check.words import both

MOST = 800  # pairs that are tried, in the order in which the slips are written
SECONDS = 2.0  # after which no further pair is tried; a pair costs one call unless its first value agrees


def pairs(exercise: Exercise, cases: Sequence[Case]) -> Iterator[Belief]:
    """Each pair of slips that turn different knobs; its answers are computed when they are read."""
    slips = [wrong for wrong in exercise.misconceptions if wrong.knobs and wrong.paired]
    if len(slips) < 2:
        return
    ends = time.monotonic() + SECONDS
    formula = exercise.right().load(exercise.name)
    apart = ((a, b) for a, b in combinations(slips, 2) if not a.knobs.keys() & b.knobs.keys())
    for a, b in islice(apart, MOST):
        if time.monotonic() > ends:
            return
        answer = partial(formula, **a.knobs, **b.knobs)
        outcomes = (call(answer, case) for case in cases)
        yield Belief(f"{a.name}, and {b.name}", both(a.belief, b.belief), a.hints + b.hints, outcomes)
