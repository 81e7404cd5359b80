"""python -m experiments first [NOTEBOOK]: train, write the numbers, draw."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from experiments import running
from experiments.first import results
from experiments.first.run import QUICK_RUNS, QUICK_STEPS, RUNS, STEPS, TEMPERATURES, all_runs
from experiments.notebook import functions_from

HELP = "unit 01: an encoder that leaves collapse, at several temperatures"
SOLVED = Path(__file__).resolve().parents[2] / "solutions" / "01_similarity_losses" / "01_similarity_losses.ipynb"
DATASETS = ("digits",)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = f"{HELP}. Takes some minutes."
    command.add_argument(
        "notebook",
        type=Path,
        nargs="?",
        default=SOLVED,
        help="of unit 01, in which nt_xent is written (default: solved)",
    )
    running.add_options(command, dict.fromkeys(DATASETS))
    command.add_argument("--steps", type=int, metavar="N", help=f"training steps (default: {STEPS})")


def run(
    notebook: Path, dataset: str, out: Path, redraw: bool, device: str, runs: int | None, seed: int, steps: int | None,
    quick: bool,
) -> list[Path]:  # fmt: skip
    """The files that were written."""
    if dataset not in DATASETS:
        raise running.ExperimentError(f"unknown data set {dataset!r}; known: {', '.join(DATASETS)}")
    name = f"first_{dataset}"
    if redraw:
        return running.redraw(out, name, results.draw)
    runs = runs if runs is not None else QUICK_RUNS if quick else RUNS
    steps = steps if steps is not None else QUICK_STEPS if quick else STEPS
    for what, value, least in (("runs", runs, 1), ("steps", steps, 1), ("seed", seed, 0)):
        if value < least:
            raise running.ExperimentError(f"{what} must be at least {least}, got {value}")
    device, view = running.choose_device(device), torch.eye(3)
    loss = functions_from(notebook, {"nt_xent": (view, view, 0.5)})["nt_xent"]
    seeds = range(seed, seed + runs)
    numbers = all_runs(loss, seeds, TEMPERATURES, steps, device)
    summary = results.describe(numbers, TEMPERATURES, seeds, device)
    return running.write_results(out, name, numbers, summary, results.draw)
