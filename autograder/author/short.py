"""Drawn inputs as short exact numbers, so that every machine stores and reads the same.

A drawn number ends in digits on which processors disagree (of a logarithm, of a sum). `short` keeps what is short already
(0.05, 1/12, 1.0000003, ln 2), and rounds the rest to four digits without breaking what an input is: laws and joint laws
sum to exactly 1 and stay symmetric, rows of length 1 become rational points of the sphere, what was equal stays equal,
zeros and signs stay, and so do shapes, dtypes and memory layout. A case that needs more (columns that depend on each
other) applies `short` to what it starts from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from course.check.case import Case

DIGITS = {"float64": 4, "float32": 4, "float16": 3}
UNIT = {"float64": 1e-9, "float32": 1e-6, "float16": 2e-3}  # how far rounding takes a sum or a length of 1 from 1
SAME = 4e-15  # relative: some roundings of float64
# What is kept: fractions up to 4, dyadic numbers, decimals. A random number is one of them once in 10^4.
DENOMINATOR, BITS, KEPT = 4000, 20, 10
GRIDS = (64, 1024)


def short_case(case: Case) -> Case:
    return replace(case, args=tuple(short(case.args)), kwargs=short(case.kwargs))


def short(tree: Any) -> Any:
    """The tree with every float, floating array and floating tensor in it made short; tuples become lists."""
    if isinstance(tree, float):
        return float(_number(tree))
    if isinstance(tree, torch.Tensor) and tree.is_floating_point():
        values = torch.from_numpy(_settled(tree.detach().numpy()))
        return torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype).copy_(values)
    if isinstance(tree, np.ndarray) and tree.dtype.kind == "f":
        return _settled(tree)
    if isinstance(tree, dict):
        return {key: short(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [short(item) for item in tree]
    return tree


def _settled(array: np.ndarray) -> np.ndarray:
    """What is short stays as it is: a unit row rounded to half precision is taken for another one, so more than once."""
    for _ in range(10):
        before, array = array, _array(array)
        if array.tobytes() == before.tobytes():
            break
    return array


def _array(array: np.ndarray) -> np.ndarray:
    x, dtype = array.astype(float), array.dtype.name
    if x.ndim == 0 or x.size == 0 or not np.isfinite(x).all():
        out = _numbers(x, dtype)
    elif x.min() >= 0 and np.abs(x.sum(axis=-1) - 1).max() < UNIT[dtype]:
        out = [_law(row) for row in x.reshape(-1, x.shape[-1])]
    elif x.ndim == 2 and x.min() >= 0 and abs(x.sum() - 1) < UNIT[dtype]:
        symmetric = x.shape[0] == x.shape[1] and np.abs(x - x.T).max() < SAME
        out = _symmetric_law(x) if symmetric else _law(x.ravel())
    elif x.ndim > 1 and np.abs(x).max() < 2 and np.abs(np.linalg.norm(x, axis=-1) - 1).max() < UNIT[dtype]:
        out = _unit_rows(x.reshape(-1, x.shape[-1]))
    else:
        out = _numbers(x, dtype)
    return np.array(out, dtype=float).reshape(x.shape).astype(array.dtype)


def _numbers(x: np.ndarray, dtype: str) -> list[float]:
    return [float(_number(v, dtype)) for v in x.ravel().tolist()]


def _number(x: float, dtype: str = "float64") -> Fraction | float:
    if not math.isfinite(x) or x == math.log(2):
        return x
    exact = Fraction(x)
    if dtype == "float64":
        fraction = exact.limit_denominator(DENOMINATOR) if abs(x) <= 4 else Fraction(0)
        for near in (fraction, Fraction(round(exact * 2**BITS), 2**BITS), Fraction(f"{x:.{KEPT}g}")):
            if abs(near - exact) <= SAME * abs(exact) and abs(near.numerator) < 10**KEPT:
                return near
    return Fraction(f"{x:.{DIGITS[dtype]}g}")


def _law(row: Iterable[float]) -> list[float]:
    """The row in short numbers; what is missing to the sum 1 goes to its largest entry (to all of them, if equal)."""
    numbers = [_number(float(v)) for v in row]
    top = max(numbers)
    missing = (1 - sum(numbers)) / numbers.count(top)
    return [float(v + missing if v == top else v) for v in numbers]


def _symmetric_law(joint: np.ndarray) -> np.ndarray:
    """The same for a symmetric joint law: with an entry its mirror image changes too."""
    numbers = np.array([[_number(float(v)) for v in row] for row in joint], dtype=object)
    numbers = np.triu(numbers) + np.triu(numbers, 1).T
    top = numbers == numbers.max()
    numbers[top] += (1 - numbers.sum()) / int(top.sum())
    return numbers.astype(float)


def _unit_rows(rows: np.ndarray) -> list[list[float]]:
    """Rational points of the sphere near the rows, on the finer grid where two of them are close together."""
    gaps = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    least = gaps[gaps > 1e-6].min(initial=2)  # below, rows are equal but for rounding
    grid = GRIDS[0] if least * GRIDS[0] > 4 else GRIDS[1]
    return [_unit_row(row, grid) for row in rows]


def _unit_row(row: np.ndarray, grid: int) -> list[float]:
    """Stereographic projection from the pole opposite to the largest entry, onto whole numbers of 1 / grid."""
    pole = int(np.argmax(np.abs(row)))
    plane = [round(float(v) / (1 + abs(float(row[pole]))) * grid) for v in row]
    plane[pole] = 0
    square = sum(n * n for n in plane)
    point = [Fraction(2 * n * grid, grid * grid + square) for n in plane]
    point[pole] = Fraction(grid * grid - square, grid * grid + square) * (1 if row[pole] > 0 else -1)
    return [float(v) for v in point]
