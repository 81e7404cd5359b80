"""A call as code, ready to paste: `nt_xent(torch.tensor([[...]], dtype=torch.float64), ...)`."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
import torch

from course.check.case import Case

LONGEST = 4000  # characters: longer calls are images, which nobody pastes
WIDTH = 100


def pasted(name: str, case: Case) -> str:
    """The call of a case as code, its inputs exact; empty where that would be longer than LONGEST."""
    if case.drive:
        name = f'driven("{case.drive}", {name})'
    parts = [code(value) for value in case.args] + [f"{key}={code(value)}" for key, value in case.kwargs.items()]
    line = f"{name}({', '.join(parts)})"
    if len(line) > LONGEST:
        return ""
    if case.inference:
        return f"with torch.inference_mode():\n{textwrap.indent(_within(name, parts), '    ')}"
    return _within(name, parts)


def _within(name: str, parts: list[str]) -> str:
    line = f"{name}({', '.join(parts)})"
    return line if len(line) <= WIDTH else f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def code(value: Any) -> str:
    """Python for a tree of numbers, arrays and tensors, with `np`, `torch` and `math` imported."""
    if isinstance(value, torch.Tensor):
        text = f"torch.tensor({_nested(value.tolist())}, dtype={value.dtype}){_shape(value)}"
        return text if value.is_contiguous() else f"torch.stack([{text}] * 2, dim=-1)[..., 0]"
    if isinstance(value, (np.ndarray, np.generic)):
        dtype = "" if value.dtype in (np.float64, np.int64) else f", dtype=np.{value.dtype.name}"
        return f"np.array({_nested(value.tolist())}{dtype}){_shape(value)}"
    if isinstance(value, torch.Generator):
        return f"torch.Generator().manual_seed({value.initial_seed()})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(code, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {code(item)}' for key, item in value.items())}}}"
    return _nested(value) if isinstance(value, float) else repr(value)


def _shape(array) -> str:
    """What an empty array needs, since its brackets do not say its shape."""
    return f".reshape({tuple(array.shape)})" if 0 in array.shape else ""


def _nested(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(_nested, values))}]"
    if isinstance(values, float) and not math.isfinite(values):
        return {"nan": "math.nan", "inf": "math.inf", "-inf": "-math.inf"}[str(values)]
    return repr(values)
