"""What every experiment shares: its options and exit codes, the error that a user sees, Ctrl-C, the device, its files."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure

from course.check._exact import Diverged

FAILED, STOPPED = 2, 130  # exit codes: one line says what to put right; stopped by Ctrl-C or SIGTERM


class ExperimentError(ValueError):
    """Something the user can put right; the message says what."""


class Interrupted(Exception):
    """Stopped on request; the message says where."""


def add_options(command: argparse.ArgumentParser, datasets: Mapping[str, Any], runs: int = 5) -> None:
    """The options that every experiment has, with the same names and meanings; the first data set is the default."""
    first = next(iter(datasets))
    command.add_argument("--dataset", default=first, help=f"{', '.join(datasets)} (default: {first})")
    command.add_argument("--device", default="auto", help="auto (default: the GPU where there is one), cpu, cuda")
    command.add_argument("--runs", type=int, default=None, help=f"independent runs (default: {runs})")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the first run (default: 0)")
    command.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR", help="folder of the results")
    command.add_argument("--quick", action="store_true", help="a small version, to see that it works")
    command.add_argument("--redraw", action="store_true", help="draw the figure again from the numbers in --out")


def reported(work: Callable[[], list[Path]]) -> int:
    """Do the work and print the files that it wrote; the exit code. What a user can put right is one line on stderr."""
    try:
        for path in work():
            print(path)
    except (ExperimentError, Diverged, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except Interrupted as interrupted:
        print(f"{interrupted}; run the same command to go on", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:  # a second one, or one outside training: nothing half-written is left
        print("interrupted", file=sys.stderr)
        return STOPPED
    return 0


class Stop:
    """Within it, Ctrl-C or SIGTERM only set a mark, which the loop asks for; a second one ends at once."""

    def __enter__(self):
        self.asked = False
        self.before = {kind: signal.signal(kind, self._ask) for kind in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _ask(self, kind, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __call__(self) -> bool:
        return self.asked

    def __exit__(self, *exc):
        for kind, handler in self.before.items():
            signal.signal(kind, handler)


def choose_device(name: str) -> str:
    """ "cpu" or "cuda"; "auto" takes the GPU where there is one."""
    if name not in ("auto", "cpu", "cuda"):
        raise ExperimentError(f"unknown device {name!r}; known: auto, cpu, cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ExperimentError("device cuda was asked for, but torch sees no GPU here; use --device cpu or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else f"cpu ({platform.machine()})"


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "matplotlib": matplotlib.__version__,
    }


def written_whole(path: Path, write: Callable[[Path], object]) -> None:
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


Draw = Callable[[Mapping[str, np.ndarray], Mapping[str, Any]], Figure]


def write_results(folder: Path, name: str, numbers: Mapping[str, np.ndarray], summary: dict, draw: Draw) -> list[Path]:
    """NAME.npz, NAME.json and NAME.png in the folder (made where needed), each replaced in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    npz, text = folder / f"{name}.npz", folder / f"{name}.json"
    written_whole(npz, lambda path: np.savez_compressed(path, **numbers))
    written_whole(text, lambda path: path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8"))
    return [*redraw(folder, name, draw), npz, text]


def redraw(folder: Path, name: str, draw: Draw) -> list[Path]:
    """NAME.png from NAME.npz and NAME.json. Raises ExperimentError where they are not there or not readable."""
    npz, text, png = (folder / f"{name}.{kind}" for kind in ("npz", "json", "png"))
    try:
        with np.load(npz) as stored:
            numbers = dict(stored)
        summary = json.loads(text.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExperimentError(f"no numbers to draw from in {folder} ({error}); run without --redraw") from error
    figure = draw(numbers, summary)
    written_whole(png, lambda path: figure.savefig(path, dpi=110, bbox_inches="tight"))
    return [png]
