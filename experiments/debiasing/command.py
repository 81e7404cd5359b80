"""python -m experiments debiasing [NOTEBOOK]: train, write the numbers, draw, and print the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from course.comparison import table
from experiments import running
from experiments.debiasing import results
from experiments.debiasing.controls import SETTINGS
from experiments.debiasing.controls import run as control_runs
from experiments.debiasing.run import all_runs
from experiments.debiasing.settings import DATASETS, QUICK_RUNS, QUICK_STEPS, RUNS, STEPS, chosen

HELP = "unit 05: a biased, a debiased and an unbiased loss, compared by linear probes"
SOLVED = Path(__file__).resolve().parents[2] / "solutions" / "05_debiasing" / "05_debiasing.ipynb"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = f"{HELP}. Takes minutes; Ctrl-C stops, the same command goes on."
    command.add_argument(
        "notebook",
        type=Path,
        nargs="?",
        default=SOLVED,
        help="of unit 05, in which the losses are written (default: solved)",
    )
    running.add_options(command, DATASETS)
    command.add_argument("--controls", action="store_true", help="two controls of v from the class, on digits, instead")
    command.add_argument("--steps", type=int, metavar="N", help=f"training steps (default: {STEPS})")


def run(
    notebook: Path, dataset: str, out: Path, redraw: bool, device: str, runs: int | None, seed: int, steps: int | None,
    quick: bool, controls: bool,
) -> list[Path]:  # fmt: skip
    """The files that were written."""
    settings, name = chosen(dataset, quick), "controls_digits" if controls else f"debiasing_{dataset}"
    if redraw:
        return running.redraw(out, name, results.draw)
    runs = runs if runs is not None else QUICK_RUNS if quick else RUNS
    steps = steps if steps is not None else QUICK_STEPS if quick else STEPS
    for what, value, least in (("runs", runs, 2), ("steps", steps, 1), ("seed", seed, 0)):
        if value < least:
            raise running.ExperimentError(f"{what} must be at least {least}, got {value}")
    if controls:
        return control_runs(notebook, runs, steps, seed, out, SETTINGS[:1] if quick else SETTINGS)
    device = running.choose_device(device)
    found = results.entries(all_runs(notebook, settings, range(seed, seed + runs), steps, device, out, name))
    print("\n".join(map(table, found)), file=sys.stderr)
    summary = results.describe(found, runs, steps, seed, device)
    return running.write_results(out, name, results.arrays(found), summary, results.draw)
