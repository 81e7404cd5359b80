"""Shared fixtures. One thread per process: results do not depend on the machine's load, and xdist workers do not fight."""

from __future__ import annotations

import pytest
import torch

from autograder.sandbox.process import Sandbox, SandboxError

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sandbox():
    """One warm sandbox for the whole test process; skipped, with the reason, where there is none."""
    try:
        box = Sandbox()
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    with box:
        yield box
