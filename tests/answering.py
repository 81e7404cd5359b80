"""Whether some function answers a graded question, as it is or through a plain adapter.

Plain adapters: other argument order, arguments left out, numpy for torch and torch for numpy, double precision, row by row
with the mean, the sum or the list of the rows' answers.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import io
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from autograder.author import Exercise
from autograder.grading.grade import questions
from autograder.units.manifest import Unit
from course.check.call import Outcome, call
from course.check.case import Case
from course.check.compare import compare
from course.check.parts import tolerance

SEED = 7
MOST_ORDERS = 360  # as many as six arguments have that are taken four at a time


def as_numpy(tree):
    return tree.detach().numpy() if isinstance(tree, torch.Tensor) else tree


def as_torch(tree):
    return torch.from_numpy(np.asarray(tree)) if isinstance(tree, np.ndarray) else tree


def as_double(tree):
    return tree.double() if isinstance(tree, torch.Tensor) and tree.is_floating_point() else tree


def as_it_is(tree):
    return tree


def rows(function: Callable, gather: Callable) -> Callable:
    def answer(*args):
        tall = [len(x) for x in args if np.ndim(x)]
        return gather([function(*(x[i] if np.ndim(x) else x for x in args)) for i in range(min(tall))])

    return answer


PACKED = "packed"
GATHERS = (
    lambda values: sum(values) / len(values),
    sum,
    lambda values: np.array([np.asarray(value) for value in values]),
)


def kinds(args: Sequence) -> list[Callable]:
    """The changes of kind that change one of these arguments."""
    leaves = [leaf for arg in args for leaf in (arg if isinstance(arg, (list, tuple)) else [arg])]
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    changing = [as_it_is]
    changing += [as_numpy] if tensors else []
    changing += [as_torch] if any(isinstance(leaf, np.ndarray) for leaf in leaves) else []
    return changing + ([as_double] if any(as_double(x).dtype != x.dtype for x in tensors) else [])


def adapters(function: Callable, args: Sequence) -> Iterator[Callable]:
    for kind in (as_it_is,) if function.__name__ == PACKED else kinds(args):
        yield lambda *args, kind=kind: function(*map(kind, args))
        for gather in GATHERS:
            yield rows(lambda *args, kind=kind: function(*map(kind, args)), gather)
    for index in range(4):
        yield lambda *args, index=index: function(*args)[index]


def composed(functions: dict[str, Callable]) -> dict[str, Callable]:
    """The functions, each of one argument after each other one ("contrastive of unroll"), and what those make that are
    given one of their own words ("ratio_loss('unbiased')")."""
    alone = {name: remembered(function) for name, function in functions.items()}
    found = dict(alone)
    for (name, outer), (inner_name, inner) in itertools.product(alone.items(), repeat=2):
        if outer is not inner and _least(outer) <= 1 <= len(inspect.signature(outer).parameters):
            found[f"{name} of {inner_name}"] = _after(outer, inner)
    for name, function in functions.items():
        for word in {c for c in function.__code__.co_consts if isinstance(c, str)} | _inner_words(function):
            with contextlib.suppress(Exception):
                if callable(made := function(word)):
                    found[f"{name}({word!r})"] = made
    return found


def written(tree) -> tuple:
    """Arguments as a key. Raises TypeError for what is neither an array nor plain."""
    if isinstance(tree, (list, tuple, dict)):
        return (type(tree), *map(written, tree.items() if isinstance(tree, dict) else tree))
    if isinstance(tree, (torch.Tensor, np.ndarray)):
        return type(tree), str(tree.dtype), tree.shape, as_numpy(tree).tobytes()
    if isinstance(tree, (int, float, str, np.number, type(None))):
        return type(tree), tree
    raise TypeError(type(tree))


def remembered(function: Callable) -> Callable:
    """The function, which works out its answer to the same arguments once: it is tried in many places."""
    known: dict[tuple, object] = {}

    @functools.wraps(function)
    def answer(*args):
        try:
            key = written(args)
        except TypeError:  # a generator, whose state a call changes
            return function(*args)
        if key not in known:
            try:
                known[key] = function(*args)
            except Exception as error:
                known[key] = error
        if isinstance(known[key], Exception):
            raise known[key]
        return copy.deepcopy(known[key])

    return answer


def _after(outer: Callable, inner: Callable) -> Callable:
    def answer(*args):
        return outer(inner(*args))

    answer.__name__ = PACKED
    answer.__signature__ = inspect.signature(inner)
    return answer


def _inner_words(function: Callable) -> set[str]:
    inner = [c for c in function.__code__.co_consts if inspect.iscode(c)]
    return {word for code in inner for word in code.co_consts if isinstance(word, str)}


def _least(function: Callable) -> int:
    places = inspect.signature(function).parameters.values()
    return sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in places)


def asked(unit: Unit, exercise: Exercise) -> tuple[list[Case], list[Outcome], list[int]]:
    """The cases of a check, their answers, and which of them a function is tried on (none: only properties judge)."""
    cases, expected = questions(exercise, unit.references()[exercise.name], SEED)
    most = max(len(case.args) for case in cases)
    compared = [
        i
        for i, c in enumerate(cases)
        if c.part == "values" and not c.raises and c.compare != "any" and len(c.args) == most and not c.kwargs
    ]
    return cases, expected, compared[:3] + compared[-1:] if compared else []


def answers(
    function: Callable,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    numbers: Sequence[int],
    adapted: Callable[[Callable, Sequence], Iterator[Callable]] = lambda function, args: iter((function,)),
) -> bool:
    """Whether the function, with its arguments permuted or some left out, gives the right values of all these cases."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return _answers(function, cases, expected, numbers, adapted)


def _answers(function, cases, expected, numbers, adapted) -> bool:
    places, least = inspect.signature(function).parameters, _least(function)
    count = len(cases[numbers[0]].args)
    for taken in range(max(1, least), min(count, len(places)) + 1):
        packed = (
            function.__name__ == PACKED
        )  # an answer behind two functions would be written for the arguments as they come
        for order in [tuple(range(taken))] if packed else orders(count, taken):
            for adapter in adapted(function, cases[numbers[0]].args):
                if all(right(adapter, cases[i], expected[i], order) for i in numbers):
                    return True
    return False


def orders(count: int, taken: int) -> Iterator[tuple[int, ...]]:
    """Which arguments a function is given, in which order: all orders of them, or, where those are thousands, each choice in
    the question's order."""
    every = itertools.permutations if math.perm(count, taken) <= MOST_ORDERS else itertools.combinations
    return every(range(count), taken)


def right(function: Callable, case: Case, wanted: Outcome, order: tuple[int, ...]) -> bool:
    chosen = replace(case, args=tuple(case.args[i] for i in order), kwargs={}, grad=(), inference=False)
    found = call(function, chosen)
    if found.error or found.value is None:
        return False
    return compare(case.compare, found.value, wanted.value, tolerance(case)) is None
