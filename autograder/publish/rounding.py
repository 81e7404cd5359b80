"""Torch as another machine rounds it: sums, products of matrices and transcendental functions off in their last digit.

IEEE 754 fixes the rounding of + - * / and the square root; of all else each processor's kernels decide. What is computed
from whole numbers to a whole number (counts, masks) is exact everywhere, and stays.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Not logsumexp and its kin: most machines give max + 0 exactly where one entry outweighs the others.
FREE = set(
    "mm bmm addmm baddbmm addmv mv dot vdot sum mean var std prod cumsum linalg_vector_norm _cdist_forward "
    "_euclidean_dist exp expm1 log log1p log2 log10 pow tanh sigmoid sin cos acos asin atan rsqrt".split()
)


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
