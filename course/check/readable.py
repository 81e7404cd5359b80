"""Trees of numbers as JSON that a person can read: [[0.5, "1/3"], [2.25, -1.0]], no hexadecimal, no long tails of digits.

A tree is what a case or an answer consists of: numbers, strings, None, arrays, tensors, generators, lists and dicts of
trees. JSON's own values stand for Python's; the rest is an object with one of the keys array, tensor, float, dict,
generator. A fraction that is shorter than its decimal is written as one: int / int is rounded alike on every machine.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from course.check.codec import with_gaps

LARGEST = 2**21  # of a denominator


def to_readable(tree: Any) -> Any:
    """JSON for a tree. Raises TypeError for anything else."""
    if tree is None or isinstance(tree, (str, bool, int)):
        return tree
    if isinstance(tree, float):
        number = number_text(tree)
        return number if isinstance(number, float) else {"float": number}
    if isinstance(tree, torch.Tensor):
        return {"tensor": _nested(tree.detach().numpy()), **_form(tree.numpy()), **_gaps(tree)}
    if isinstance(tree, (np.ndarray, np.generic)):
        return {"array": _nested(np.asarray(tree)), **_form(np.asarray(tree))}
    if isinstance(tree, torch.Generator):
        return {"generator": tree.initial_seed()}
    if isinstance(tree, (list, tuple)):
        return [to_readable(item) for item in tree]
    if isinstance(tree, dict):
        return {"dict": {str(key): to_readable(item) for key, item in tree.items()}}
    raise TypeError(f"a {type(tree).__name__} is not numbers")


def from_readable(node: Any) -> Any:
    """Inverse of `to_readable`; tuples come back as lists, numpy numbers as arrays without axes."""
    if isinstance(node, list):
        return [from_readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "float" in node:
        return number_from(node["float"])
    if "dict" in node:
        return {key: from_readable(item) for key, item in node["dict"].items()}
    if "generator" in node:
        return torch.Generator().manual_seed(node["generator"])
    kind = "tensor" if "tensor" in node else "array"
    dtype = np.dtype(node.get("dtype", "float64"))
    array = np.array(_numbers(node[kind]), dtype=dtype).reshape(node.get("shape", np.shape(node[kind])))
    if kind == "array":
        return array
    return with_gaps(torch.from_numpy(array)) if node.get("strided") else torch.from_numpy(array)


def number_text(x: float) -> float | str:
    """A float as JSON writes it, or as text: "1/3" where that is shorter, "nan", "inf", "-inf"."""
    if not math.isfinite(x):
        return str(x)
    x = float(x)
    fraction = Fraction(x).limit_denominator(LARGEST)
    text = f"{fraction.numerator}/{fraction.denominator}"
    return text if len(text) + 2 < len(repr(x)) and fraction.numerator / fraction.denominator == x else x


def number_from(value: float | str) -> float:
    if isinstance(value, str) and "/" in value:
        numerator, denominator = value.split("/")
        return int(numerator) / int(denominator)
    return float(value)


def layout(node: Any, levels: int, indent: str = "\n") -> str:
    """JSON text with one item of the outer `levels` of lists and objects per line, so that a changed text is one line."""
    if not levels or not isinstance(node, (list, tuple, dict)) or not node:
        return json.dumps(node, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    inner = indent + " "
    if not isinstance(node, dict):
        return "[" + inner + f",{inner}".join(layout(item, levels - 1, inner) for item in node) + indent + "]"
    items = [f"{json.dumps(key)}: {layout(item, levels - 1, inner)}" for key, item in node.items()]
    return "{" + inner + f",{inner}".join(items) + indent + "}"


def _nested(array: np.ndarray) -> Any:
    values = array.tolist()
    return _texts(values, array.dtype) if array.dtype.kind == "f" else values


def _texts(values: Any, dtype: np.dtype) -> Any:
    if isinstance(values, list):
        return [_texts(item, dtype) for item in values]
    if dtype != np.float64:  # the shortest decimal that names this single or half precision number
        return number_text(float(str(dtype.type(values))))
    return number_text(values)


def _numbers(values: Any) -> Any:
    if isinstance(values, list):
        return [_numbers(item) for item in values]
    return number_from(values) if isinstance(values, str) else values


def _form(array: np.ndarray) -> dict:
    form = {} if array.dtype == np.float64 else {"dtype": array.dtype.name}
    return form if array.size else {**form, "shape": list(array.shape)}


def _gaps(tensor: torch.Tensor) -> dict:
    return {} if tensor.is_contiguous() else {"strided": True}
