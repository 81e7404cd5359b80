"""Files that are either there in full or not there: checkpoints of a run and its results."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from course.experiments.settings import ExperimentError


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in the place of `path` in one step.

    Whatever happens, no partial file is left, and an earlier `path` stays until the new one is complete.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save(path: Path, state: dict) -> None:
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def load(path: Path) -> dict | None:
    """The state that `save` wrote, its tensors on the CPU; None where there is none."""
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no class for an unreadable file
        raise ExperimentError(f"the checkpoint {path} cannot be read ({error}); delete it to begin anew") from error
