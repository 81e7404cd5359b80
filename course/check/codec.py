"""Trees of numbers as JSON plus a list of arrays; nothing executable ever travels.

A tree is a number, string, None, numpy array, torch tensor, torch.Generator, or a list, tuple or dict of trees.
`pack` gives (jsonable, arrays), `unpack` is its inverse (tuples come back as lists, numpy numbers as 0-d arrays).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
NAMES = {np.dtype(name): name for name in DTYPES}
MAX_NODES = 20_000
MAX_DEPTH = 12


class CodecError(ValueError):
    """The tree, or what claims to be one, cannot be encoded or decoded."""


def pack(tree: Any) -> tuple[Any, list[np.ndarray]]:
    arrays: list[np.ndarray] = []
    return _pack(tree, arrays), arrays


def _pack(tree: Any, arrays: list[np.ndarray]) -> Any:
    if tree is None or isinstance(tree, (str, bool)):
        return {"v": tree}
    if isinstance(tree, int):
        return {"i": str(tree)}
    if isinstance(tree, float):
        return {"f": float(tree).hex()}
    if isinstance(tree, torch.Tensor):
        values = tree.detach().cpu()
        arrays.append(_supported(np.ascontiguousarray(values.numpy()).reshape(values.shape)))
        return {"t": len(arrays) - 1, "strided": not values.is_contiguous()}
    if isinstance(tree, (np.ndarray, np.generic)):
        arrays.append(_supported(np.ascontiguousarray(tree).reshape(np.shape(tree))))
        return {"a": len(arrays) - 1}
    if isinstance(tree, torch.Generator):
        return {"g": tree.initial_seed()}
    if isinstance(tree, (list, tuple)):
        return {"l": [_pack(item, arrays) for item in tree]}
    if isinstance(tree, dict):
        return {"d": {str(key): _pack(item, arrays) for key, item in tree.items()}}
    raise CodecError(f"a {type(tree).__name__} is not numbers")


def _supported(array: np.ndarray) -> np.ndarray:
    if array.dtype not in NAMES:
        raise CodecError(f"dtype {array.dtype} is none of {', '.join(DTYPES)}")
    return array


def unpack(node: Any, arrays: list[np.ndarray], *, plain: bool = False) -> Any:
    """Inverse of `pack`. Trusts nothing: raises CodecError for anything `pack` could not have written.

    plain: the tree may hold arrays and numbers only, as an answer does, neither tensors nor generators.
    """
    try:
        return _Reader(arrays, plain).read(node, 0)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise error if isinstance(error, CodecError) else CodecError(f"malformed tree: {error}") from None


class _Reader:
    """Reads one tree; every array may be used once, so that a small frame cannot grow in memory."""

    def __init__(self, arrays: list[np.ndarray], plain: bool):
        self.arrays: list[np.ndarray | None] = list(arrays)
        self.plain = plain
        self.nodes = 0

    def read(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH or type(node) is not dict or not node:
            raise CodecError("malformed tree: too large, too deep or not a node")
        kind, content = next(iter(node.items()))
        if kind == "v" and (content is None or type(content) in (str, bool)):
            return content
        if kind == "i" and len(content) < 40:
            return int(content)
        if kind == "f":
            return float.fromhex(content)
        if kind == "a":
            return self.array(content)
        if kind == "l" and type(content) is list:
            return [self.read(item, depth + 1) for item in content]
        if kind == "d" and type(content) is dict:
            return {key: self.read(item, depth + 1) for key, item in content.items()}
        if kind == "t" and not self.plain:
            values = torch.from_numpy(self.array(content))
            return with_gaps(values) if node.get("strided") else values
        if kind == "g" and not self.plain:
            return torch.Generator().manual_seed(int(content))
        raise CodecError(f"malformed tree: node of kind {str(kind)[:20]!r}")

    def array(self, index: Any) -> np.ndarray:
        if type(index) is not int or not 0 <= index < len(self.arrays) or self.arrays[index] is None:
            raise CodecError("malformed tree: no such array")
        array, self.arrays[index] = self.arrays[index], None
        return array


def with_gaps(values: torch.Tensor) -> torch.Tensor:
    """A view of the same values that is not contiguous: every second column of a wider tensor."""
    wide = torch.zeros(*values.shape[:-1], 2 * values.shape[-1], dtype=values.dtype)
    wide[..., ::2] = values
    return wide[..., ::2]
