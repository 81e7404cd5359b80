"""Torch and LAPACK as another machine rounds them.

IEEE 754 fixes the rounding of + - * / and the square root; of all else each processor's kernels decide: sums, products of
matrices and transcendental functions are off in their last digit. What is computed from whole numbers to a whole number
(counts, masks) is exact everywhere, and stays. Eigenvalues and eigenvectors are off by what rounding leaves of the largest
of them, so that an entry which should be 0 is small with either sign, and the sign of a vector is anybody's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Not logsumexp and its kin: most machines give max + 0 exactly where one entry outweighs the others.
FREE = set(
    "mm bmm addmm baddbmm addmv mv dot vdot sum mean var std prod cumsum linalg_vector_norm _cdist_forward "
    "_euclidean_dist exp expm1 log log1p log2 log10 pow tanh sigmoid sin cos acos asin atan rsqrt".split()
)
LAPACK = 4  # units of the largest entry in which two LAPACKs differ at small sizes; less hides behind the noise of one


class OtherRounding(TorchDispatchMode):
    """Within it, each result of a FREE operation moves by -1, 0 or 1 units in its last place."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and torch's guard against it imports its compiler and doubles the time

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None) -> Any:
        result = operation(*args, **(kwargs or {}))
        if operation.overloadpacket.__name__ in FREE:
            for tensor in result if isinstance(result, (list, tuple)) else (result,):
                if (
                    isinstance(tensor, torch.Tensor)
                    and tensor.is_floating_point()
                    and not (whole(args) and whole(tensor))
                ):
                    self._move(tensor)
        return result

    def _move(self, tensor: torch.Tensor) -> None:
        units = torch.randint(-1, 2, tensor.shape, generator=self.generator)
        tensor.mul_(1 + units.double() * torch.finfo(tensor.dtype).eps)


def whole(tree: Any) -> bool:
    """Whether all tensors in it hold nothing but whole numbers."""
    if isinstance(tree, torch.Tensor):
        return not tree.is_floating_point() or bool((tree == tree.round()).all())
    return not isinstance(tree, (list, tuple)) or all(map(whole, tree))


@contextmanager
def other_lapack(rng: np.random.Generator) -> Iterator[None]:
    """Within it, numpy's eigh, eigvalsh and svd answer as another LAPACK may."""
    eigh, eigvalsh, svd = np.linalg.eigh, np.linalg.eigvalsh, np.linalg.svd

    def other_eigh(a, *options, **more):
        result = eigh(a, *options, **more)
        values, vectors = result
        vectors = _near(vectors, rng) * _signs(values, rng)[..., None, :]
        return type(result)(_near(values, rng), vectors)

    def other_svd(a, *options, **more):
        result = svd(a, *options, **more)
        if isinstance(result, np.ndarray):
            return _near(result, rng)
        u, values, vh = result
        signs, k = _signs(values, rng), values.shape[-1]
        u[..., :k] *= signs[..., None, :]
        vh[..., :k, :] *= signs[..., None]
        return type(result)(_near(u, rng), _near(values, rng), _near(vh, rng))

    with (
        patch.object(np.linalg, "eigh", other_eigh),
        patch.object(np.linalg, "eigvalsh", lambda *a, **more: _near(eigvalsh(*a, **more), rng)),
        patch.object(np.linalg, "svd", other_svd),
    ):
        yield


def _near(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    units = rng.integers(-LAPACK, LAPACK + 1, size=array.shape)
    return array + units * np.finfo(array.dtype).eps * np.abs(array).max(initial=0.0)


def _signs(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], size=values.shape).astype(values.dtype)
