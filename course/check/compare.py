"""Compare an answer with the expected one. A pass needs the right shape, finite numbers and the right values.

Neither NaN nor broadcasting can pass: shapes are compared exactly, and the tolerance test is written so that a
comparison with NaN is a failure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCE = {"float64": 2e-9, "float32": 1e-5, "float16": 2e-2, "bfloat16": 5e-2}


@dataclass(frozen=True)
class Mismatch:
    """kind: type, shape, nonfinite or values. public: may be shown when the inputs are public (it quotes numbers).
    discreet: shown for hidden inputs; no number in it can be chosen by the answer, which could encode the inputs in it
    (a length, a shape), save the number of axes."""

    kind: str
    public: str
    discreet: str


def compare(rule: str, actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """None when `actual` answers as `expected` under the named rule of RULES."""
    return RULES[rule](actual, expected, rtol)


def close(actual: Any, expected: Any, rtol: float, where: str = "") -> Mismatch | None:
    """Equal numbers: |actual - expected| <= rtol * max(1, |expected|), infinities in the same places."""
    if isinstance(expected, (list, dict)):
        return _close_container(actual, expected, rtol, where)
    expected = np.asarray(expected)
    found = _numbers(actual, expected.shape, where)
    if isinstance(found, Mismatch):
        return found
    if expected.dtype.kind == "b" and found.dtype.kind != "b":
        return _mismatch("type", f"{where}must be True or False values, got dtype {found.dtype}")
    if near(found, expected, rtol):
        return None
    a, e = found.astype(float), expected.astype(float)
    bad = np.isnan(a) | (np.isinf(a) & np.isfinite(e))
    if bad.any():
        return _mismatch("nonfinite", f"{where}holds {a[bad][0]} where a finite number is expected")
    gap = np.where(a == e, 0.0, np.abs(np.where(a == e, 0.0, a) - np.where(a == e, 0.0, e)))
    worst = np.unravel_index(
        int(np.argmax(np.where(within(a, e, rtol), -1.0, np.nan_to_num(gap, nan=np.inf)))), gap.shape
    )
    at = f" at index {tuple(int(i) for i in worst)}" if gap.ndim else ""
    got, wanted = told_apart(float(a[worst]), float(e[worst]))
    coarse = found.dtype.kind == "f" and found.dtype.itemsize < 8 and rtol < 1e-6 and gap.max() < 1e-2
    single = f" (your answer is {found.dtype}, too coarse here)" if coarse else ""
    message = f"{where}right shape, wrong value{at}: got {got}, expected {wanted}{single}"
    coarser = " (in single or half precision, too coarse here)" if coarse else ""
    return Mismatch("values", message, f"{where}right shape, wrong values{coarser}")


def near(actual: np.ndarray, expected: np.ndarray, rtol: float) -> bool:
    """Whether `within` holds everywhere; a single number, which most answers are, needs no array."""
    if actual.ndim or expected.ndim:
        return bool(within(actual, expected, rtol).all())
    a, e = float(actual), float(expected)
    return a == e or (math.isfinite(e) and abs(a - e) <= rtol * max(1.0, abs(e)))


def within(actual: np.ndarray, expected: np.ndarray, rtol: float) -> np.ndarray:
    """Where two arrays of one shape hold the same numbers; NaN is none, and infinity only itself."""
    a, e = actual.astype(float, copy=False), expected.astype(float, copy=False)
    with np.errstate(invalid="ignore"):  # inf - inf
        return (a == e) | ((np.abs(a - e) <= rtol * np.maximum(1.0, np.abs(e))) & np.isfinite(e))


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to see the difference, at least 8."""
    for digits in range(8, 17):
        shown = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return shown


def _close_container(actual, expected, rtol, where) -> Mismatch | None:
    if isinstance(expected, dict):
        if not isinstance(actual, dict) or actual.keys() != expected.keys():
            got = "other keys" if isinstance(actual, dict) else f"a {type(actual).__name__}"
            return _mismatch("type", f"{where}must be a dict with keys {sorted(expected)}, got {got}")
        pairs = [(f"[{key!r}]", actual[key], expected[key]) for key in expected]
    else:
        if isinstance(actual, np.ndarray) and actual.ndim >= 1 and len(actual) == len(expected):
            actual = [np.asarray(item) for item in actual]
        if not isinstance(actual, list) or len(actual) != len(expected):
            got = f"{len(actual)} values" if isinstance(actual, list) else f"one value of shape {np.shape(actual)}"
            discreet = "another number of values" if isinstance(actual, list) else "one value"
            wanted = f"{where}must be {len(expected)} values, got "
            return Mismatch("shape", wanted + got, wanted + discreet)
        pairs = [(f"[{i}]", actual[i], expected[i]) for i in range(len(expected))]
    for name, a, e in pairs:
        mismatch = close(a, e, rtol, f"{where.removesuffix(' ')}{name} ")
        if mismatch:
            return mismatch
    return None


def ladder(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """The lines of a proof, each a number or a list of terms, compared term by term; a message names line and term."""
    if len(terms(actual)) != len(expected):
        return _another_number(f"must be a list of {len(expected)} lines", len(terms(actual)))
    for number, (line, wanted) in enumerate(zip(terms(actual), expected, strict=True), 1):
        found = terms(line)
        if len(found) != len(terms(wanted)):
            many = f"the list of its {len(terms(wanted))} terms" if _has_terms(wanted) else "one number"
            return _another_number(f"line {number} must be {many}", len(found))
        for index, (term, right) in enumerate(zip(found, terms(wanted), strict=True), 1):
            place = f"line {number}, term {index}: " if _has_terms(wanted) else f"line {number}: "
            mismatch = close(term, right, rtol, place)
            if mismatch:
                return mismatch
    return None


def _has_terms(line: Any) -> bool:
    return isinstance(line, list) or (isinstance(line, np.ndarray) and line.ndim == 1)


def _another_number(wanted: str, got: int) -> Mismatch:
    return Mismatch("shape", f"{wanted}, got {got}", f"{wanted}, got another number")


def terms(line: Any) -> list:
    """The terms of a line (or the lines of a ladder): the items of a list or vector; a single number is its own term."""
    if not _has_terms(line):
        return [line]
    return line if isinstance(line, list) else [np.asarray(term) for term in line]


def row_constant(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """Equal up to one constant per row; -inf must stand in the same places."""
    found = _numbers(actual, np.shape(expected), "")
    if isinstance(found, Mismatch):
        return found
    a, e = found.astype(float), np.asarray(expected, dtype=float)
    if np.isnan(a).any() or (a == np.inf).any():
        return _mismatch("nonfinite", "holds NaN or +inf")
    if not np.array_equal(np.isneginf(a), np.isneginf(e)):
        return _mismatch("values", "-inf must stand exactly where the joint is zero")
    finite = np.isfinite(e)
    gaps = np.where(finite, np.where(finite, a, 0) - np.where(finite, e, 0), 0.0)
    top = np.argmax(np.where(finite, e, -np.inf), axis=1)  # the constant is read off the largest entry
    centred = np.where(finite, gaps - np.take_along_axis(gaps, top[:, None], axis=1), 0.0)
    # relative to the expected numbers only: a tolerance that grows with the answer would accept any huge constant
    if (np.abs(centred) <= rtol * np.maximum(1.0, np.where(finite, np.abs(np.where(finite, e, 0)), 1.0))).all():
        return None
    return _mismatch("values", "right shape, wrong values (after removing one constant per row)")


def gram(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """Equal up to a rotation of the columns: compares Z Z^T. `expected` may be what `invariant` makes of Z."""
    wanted = expected if isinstance(expected, dict) else invariant("gram", np.asarray(expected, dtype=float))
    found = _numbers(actual, tuple(int(n) for n in wanted["shape"]), "")
    if isinstance(found, Mismatch):
        return found
    a, products = found.astype(float), wanted["gram"]
    if not np.isfinite(a).all():
        return _mismatch("nonfinite", "holds NaN or infinity")
    if (np.abs(a @ a.T - products) <= rtol * max(1.0, float(np.abs(products).max()))).all():
        return None
    return _mismatch("values", "right shape, wrong values (inner products of the rows differ)")


def partition(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """Integer labels that define the same partition."""
    found = _numbers(actual, np.shape(expected), "")
    if isinstance(found, Mismatch):
        return found
    if found.dtype.kind not in "iu":
        return _mismatch("type", f"labels must be integers, got dtype {found.dtype}")
    same_a, same_e = found[:, None] == found[None, :], np.asarray(expected)[:, None] == np.asarray(expected)[None, :]
    return None if (same_a == same_e).all() else _mismatch("values", "the labels do not cut the points as they should")


def invariant(rule: str, value: Any) -> Any:
    """One value for all answers that the rule takes for equal, so that no machine's choice among them is stored.

    gram       {"gram": Z Z^T, "shape": [S, k]}: inside a tie each machine has eigenvectors of its own
    partition  labels 0, 1, ... in the order in which they appear
    row_constant  the largest entry of each row is 0
    """
    if rule == "gram" and isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "fiu":
        z = value.astype(float)
        return {"gram": z @ z.T, "shape": np.array(value.shape)}
    if rule == "partition" and isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        _, first, place = np.unique(value, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[place]
    if rule == "row_constant" and isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f":
        top = value.max(axis=1, keepdims=True, initial=-np.inf)
        return value - np.where(np.isfinite(top), top, 0.0)
    return value


def anything(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """No comparison: only the properties judge the answer."""
    return None


def _numbers(actual: Any, shape: tuple[int, ...], where: str) -> np.ndarray | Mismatch:
    if isinstance(actual, list) and shape:
        try:
            parts = [np.asarray(item) for item in actual[: shape[0] + 1]]
        except ValueError:  # a part is itself a list of parts of different lengths
            parts = None
        if parts is None or len(actual) != shape[0] or any(part.shape != tuple(shape[1:]) for part in parts):
            return _mismatch("shape", f"{where}must be one array of shape {shape}, got a list of other parts")
        actual = np.array(parts)
    if not isinstance(actual, np.ndarray) or actual.dtype.kind not in "fiub":
        return _mismatch("type", f"{where}must be numbers of shape {shape}, got {_kind(actual)}")
    if actual.shape != tuple(shape):
        wanted = "a single number (shape ())" if shape == () else f"shape {tuple(shape)}"
        lengths = "other lengths" if actual.ndim == len(shape) else f"{actual.ndim} axes"
        text = f"{where}must be {wanted}, got "
        return Mismatch("shape", f"{text}shape {actual.shape}", text + lengths)
    return actual


def _kind(actual: Any) -> str:
    return f"dtype {actual.dtype}" if isinstance(actual, np.ndarray) else f"a {type(actual).__name__}"


def _mismatch(kind: str, message: str) -> Mismatch:
    return Mismatch(kind, message, message)


RULES = {
    "close": close,
    "ladder": ladder,
    "row_constant": row_constant,
    "gram": gram,
    "partition": partition,
    "any": anything,
}
