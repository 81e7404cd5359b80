"""The state in which answers are asked for and judged, whatever the notebook has set for itself."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def usual_state() -> Iterator[None]:
    """As in a fresh kernel: gradients on, no inference mode, no anomaly search; and no warning of Python or numpy is an
    error. Afterwards everything is as before.

    The default dtype is left alone: a function that was written under float64 may need it (see `call`).
    """
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autograd.set_detect_anomaly(False),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
