"""Compare an answer with the expected one. A pass needs the right shape, finite numbers and the right values.

Neither NaN nor broadcasting can pass: shapes are compared exactly, and the tolerance test is written so that a
comparison with NaN is a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCE = {"float64": 2e-9, "float32": 1e-5, "float16": 2e-2, "bfloat16": 5e-2}


@dataclass(frozen=True)
class Mismatch:
    """kind: type, shape, nonfinite or values. public: may be shown when the inputs are public (it quotes numbers).
    discreet: shown for hidden inputs."""

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
    a, e = found.astype(float), expected.astype(float)
    bad = np.isnan(a) | (np.isinf(a) & np.isfinite(e))
    if bad.any():
        return _mismatch("nonfinite", f"{where}holds {a[bad][0]} where a finite number is expected")
    both_infinite = np.isinf(e) & (a == e)
    gap = np.where(both_infinite, 0.0, np.abs(np.where(both_infinite, 0.0, a) - np.where(both_infinite, 0.0, e)))
    within = gap <= rtol * np.maximum(1.0, np.where(np.isinf(e), 1.0, np.abs(e)))
    if within.all():
        return None
    worst = np.unravel_index(int(np.argmax(np.where(within, -1.0, np.nan_to_num(gap, nan=np.inf)))), gap.shape)
    at = f" at index {tuple(int(i) for i in worst)}" if gap.ndim else ""
    message = f"{where}right shape, wrong value{at}: got {a[worst]:.8g}, expected {e[worst]:.8g}"
    return Mismatch("values", message, f"{where}right shape, wrong values")


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
            return _mismatch("shape", f"{where}must be {len(expected)} values, got {got}")
        pairs = [(f"[{i}]", actual[i], expected[i]) for i in range(len(expected))]
    for name, a, e in pairs:
        mismatch = close(a, e, rtol, f"{where.removesuffix(' ')}{name} ")
        if mismatch:
            return mismatch
    return None


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
    weight = np.maximum(finite.sum(axis=1, keepdims=True), 1)
    centred = np.where(finite, gaps - gaps.sum(axis=1, keepdims=True) / weight, 0.0)
    # relative to the expected numbers only: a tolerance that grows with the answer would accept any huge constant
    if (np.abs(centred) <= rtol * np.maximum(1.0, np.where(finite, np.abs(np.where(finite, e, 0)), 1.0))).all():
        return None
    return _mismatch("values", "right shape, wrong values (after removing one constant per row)")


def gram(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """Equal up to a rotation of the columns: compares Z Z^T."""
    found = _numbers(actual, np.shape(expected), "")
    if isinstance(found, Mismatch):
        return found
    a, e = found.astype(float), np.asarray(expected, dtype=float)
    if not np.isfinite(a).all():
        return _mismatch("nonfinite", "holds NaN or infinity")
    if (np.abs(a @ a.T - e @ e.T) <= rtol * max(1.0, float(np.abs(e @ e.T).max()))).all():
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


def anything(actual: Any, expected: Any, rtol: float) -> Mismatch | None:
    """No comparison: only the properties judge the answer."""
    return None


def _numbers(actual: Any, shape: tuple[int, ...], where: str) -> np.ndarray | Mismatch:
    if isinstance(actual, list) and shape:
        parts = [np.asarray(item) for item in actual[: shape[0] + 1]]
        if len(actual) != shape[0] or any(part.shape != tuple(shape[1:]) for part in parts):
            return _mismatch("shape", f"{where}must be one array of shape {shape}, got a list of other parts")
        actual = np.array(parts)
    if not isinstance(actual, np.ndarray) or actual.dtype.kind not in "fiub":
        return _mismatch("type", f"{where}must be numbers of shape {shape}, got {_kind(actual)}")
    if actual.shape != tuple(shape):
        wanted = "a single number (shape ())" if shape == () else f"shape {tuple(shape)}"
        return _mismatch("shape", f"{where}must be {wanted}, got shape {actual.shape}")
    return actual


def _kind(actual: Any) -> str:
    return f"dtype {actual.dtype}" if isinstance(actual, np.ndarray) else f"a {type(actual).__name__}"


def _mismatch(kind: str, message: str) -> Mismatch:
    return Mismatch(kind, message, message)


RULES = {"close": close, "row_constant": row_constant, "gram": gram, "partition": partition, "any": anything}
