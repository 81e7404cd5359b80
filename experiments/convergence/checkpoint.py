"""The checkpoint of a run: there in full, or not there."""

from __future__ import annotations

from pathlib import Path

import torch

from experiments.running import ExperimentError, written_whole


def save(path: Path, state: dict) -> None:
    written_whole(path, lambda temporary: torch.save(state, temporary))


def load(path: Path) -> dict | None:
    """The state that `save` wrote, its tensors on the CPU; None where there is none."""
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no class for an unreadable file
        raise ExperimentError(f"the checkpoint {path} cannot be read ({error}); delete it to begin anew") from error
