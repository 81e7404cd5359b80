"""Shared fixtures. One thread per process: results do not depend on the machine's load, and xdist workers do not fight."""

from __future__ import annotations

import os

import pytest
import torch
from chromium import CHROMIUM, QUIET
from threadpoolctl import threadpool_limits

from autograder.sandbox.process import Sandbox, SandboxError

torch.set_num_threads(1)
if "OPENBLAS_NUM_THREADS" not in os.environ:  # tests/kernels.py chooses its own
    threadpool_limits(1)  # numpy's and scipy's libraries
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})  # of commands, too


@pytest.fixture(scope="session")
def sandbox():
    """One warm sandbox for the whole test process; skipped, with the reason, where there is none."""
    try:
        box = Sandbox()
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    with box:
        yield box


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, for the tests of one module."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()
