"""Call a learner's function on one case, and bring the answer into plain numbers."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import torch

from course.check.case import Case, arrays_in
from course.check.codec import NAMES
from course.check.drive import driven
from course.check.state import default_dtype, usual_state

MAX_MESSAGE = 500
MOST = np.iinfo(np.int64).max
OUT_OF_MEMORY = ("not enough memory", "can't allocate memory", "CUDA out of memory")  # RuntimeErrors of torch


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value (a tree of lists, dicts and numpy arrays) or an error, gradients, and whether inputs
    were changed. `error` is (type name, message); `gradient_error` says why no gradient could be taken."""

    value: Any = None
    grads: tuple[np.ndarray, ...] | None = None
    error: tuple[str, str] | None = None
    gradient_error: str | None = None
    changed_inputs: bool = False

    @cached_property
    def has_nan(self) -> bool:
        return any(np.isnan(x).any() for x in arrays_in(self.value) if x.dtype.kind == "f")

    @cached_property
    def infinite(self) -> bool:
        """Whether it holds an infinity."""
        return any(np.isinf(x).any() for x in arrays_in(self.value) if x.dtype.kind == "f")

    @cached_property
    def finite_grads(self) -> bool:
        return self.grads is not None and all(np.isfinite(g).all() for g in self.grads)


def call(function, case: Case) -> Outcome:
    """`function` on copies of the case's inputs. Never raises for what the learner's code does.

    A function that raises under a default dtype which some cell has set is asked again under torch's own, float32:
    networks made by `torch.nn` take the default, and then do not fit the float32 images that they are given.
    """
    outcome = _call(function, case)
    if outcome.error and outcome.error[0] != "ValueError" and torch.get_default_dtype() != torch.float32:
        with default_dtype(torch.float32):
            again = _call(function, case)
        return outcome if again.error else again
    return outcome


def _call(function, case: Case) -> Outcome:
    with usual_state():
        args, kwargs = copy_tree(case.args), copy_tree(case.kwargs)
        leaves = []
        for position in case.grad:
            args[position].requires_grad_(True)
            leaves.append(args[position])
        try:
            with by_formula() if case.inference else contextlib.nullcontext():
                answer = driven(case.drive, function)(*args, **kwargs)
            value = plain(answer)
            grads, gradient_error = _gradients(answer, leaves) if case.grad else (None, None)
        except MemoryError as error:
            return Outcome(error=("MemoryError", str(error)[:MAX_MESSAGE]))
        except (Exception, SystemExit) as error:
            if any(text in str(error) for text in OUT_OF_MEMORY):
                return Outcome(error=("MemoryError", str(error)[:MAX_MESSAGE]))
            return Outcome(error=(type(error).__name__, str(error)[:MAX_MESSAGE]))
        return Outcome(value, grads, None, gradient_error, not same_tree((args, kwargs), (case.args, case.kwargs)))


@contextlib.contextmanager
def by_formula() -> Iterator[None]:
    """Inference mode, in which autograd has no graph; nor has it one that is begun inside (`torch.func`, or the mode undone):
    what a backward pass would keep is refused."""
    with torch.inference_mode(), torch.autograd.graph.saved_tensors_hooks(_refuse, _refuse):
        yield


def _refuse(tensor):
    raise RuntimeError("Inference tensors cannot be saved for backward: a derivative is asked for as a formula")


def _gradients(answer, leaves) -> tuple[tuple[np.ndarray, ...] | None, str | None]:
    if not isinstance(answer, torch.Tensor):
        return None, f"the answer is a {type(answer).__name__}, not a tensor: no gradient can flow through it"
    if not answer.requires_grad:
        return None, "the answer carries no graph: something on the way (detach, item, numpy, no_grad) cut it"
    try:
        grads = torch.autograd.grad(answer.sum(), leaves, allow_unused=True)
    except RuntimeError as error:
        return None, f"autograd could not differentiate the answer: {str(error)[:200]}"
    return tuple(np.zeros(x.shape) if g is None else plain(g) for g, x in zip(grads, leaves, strict=True)), None


def plain(answer) -> Any:
    """Tensors, numpy arrays and numbers as numpy arrays; lists, tuples and dicts kept (tuples as lists).

    Raises TypeError for what is no number. Exact numbers (Fraction, Decimal) and long doubles become float64, unsigned
    integers int64, an array of objects (of lines of different lengths) the list that it is.
    """
    if isinstance(answer, torch.Tensor):
        values = answer.detach().cpu()
        return plain((values.float() if values.dtype == torch.bfloat16 else values).numpy())
    if isinstance(answer, (bool, int, float, np.generic, np.ndarray)):
        return _usual(np.asarray(answer))
    if isinstance(answer, (numbers.Real, Decimal)):
        return np.asarray(float(answer))
    if isinstance(answer, (list, tuple)):
        return [plain(item) for item in answer]
    if isinstance(answer, dict):
        return {str(key): plain(item) for key, item in answer.items()}
    if answer is None:
        raise TypeError("the function returned None: is a `return` missing?")
    raise TypeError(f"the function returned a {type(answer).__name__}, not numbers")


def _usual(array: np.ndarray) -> Any:
    """The array in a dtype that travels to the grader, so that a notebook and a grade say the same of it."""
    if array.dtype in NAMES:
        return array
    if array.dtype == object:
        item = array.tolist()
        return np.asarray(np.inf if item > 0 else -np.inf) if isinstance(item, int) else plain(item)  # beyond int64
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    if array.dtype.kind in "iu":
        return array.astype(np.float64 if array.dtype == np.uint64 and array.max(initial=0) > MOST else np.int64)
    raise TypeError(f"the function returned values of dtype {array.dtype}, not real numbers")


def copy_tree(tree) -> Any:
    """Fresh copies of all arrays in a tree (memory layout kept); tuples become lists."""
    if isinstance(tree, torch.Tensor):
        copy = torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype)
        return copy.copy_(tree)
    if isinstance(tree, np.ndarray):
        return tree.copy(order="K")
    if isinstance(tree, torch.Generator):
        return torch.Generator().manual_seed(tree.initial_seed())
    if isinstance(tree, (list, tuple)):
        return [copy_tree(item) for item in tree]
    if isinstance(tree, dict):
        return {key: copy_tree(item) for key, item in tree.items()}
    return tree


def same_tree(a, b) -> bool:
    """Whether two trees hold the same arrays, bit for bit. Generators and other objects are not compared."""
    if isinstance(a, torch.Tensor):
        return a.shape == b.shape and same_tree(a.detach().numpy(), b.detach().numpy())
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same_tree(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_tree(a[key], b[key]) for key in a)
    return True
