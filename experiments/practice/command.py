"""python -m experiments practice [NOTEBOOK] [--part PART]: train, write the numbers, draw, and print the table."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from experiments import running
from experiments.practice import plan, results
from experiments.practice.run import Job, all_runs
from experiments.practice.settings import DATASETS, check_known

HELP = "unit 09: SimCLR, MoCo, SwAV, BYOL, SimSiam, Barlow Twins and VICReg, measured, swept and made to collapse"
SOLVED = Path(__file__).resolve().parents[2] / "solutions" / "09_in_practice" / "09_in_practice.ipynb"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        f"{HELP}. Ctrl-C stops; the same command goes on where it stopped, and with more --runs adds them."
    )
    command.add_argument(
        "notebook",
        type=Path,
        nargs="?",
        default=SOLVED,
        help="of unit 09, in which the losses are written (default: solved)",
    )
    command.add_argument("--part", default="table", help=f"{', '.join(plan.PARTS)} (default: table)")
    running.add_options(command, dict.fromkeys(DATASETS))
    command.add_argument("--steps", type=int, metavar="N", help="of every run that would train longer")
    command.add_argument(
        "--processes", type=int, metavar="P", help="at once, one thread each (default: one a processor)"
    )


def run(
    notebook: Path, part: str, dataset: str, out: Path, redraw: bool, device: str, runs: int | None, seed: int,
    steps: int | None, processes: int | None, quick: bool,
) -> list[Path]:  # fmt: skip
    """The files that were written."""
    check_known(dataset)
    entries, name = plan.entries(part, quick=quick, steps=steps), f"{part}_{dataset}"
    if redraw:
        return running.redraw(out, name, results.draw)
    runs = runs if runs is not None else plan.QUICK_RUNS if quick else plan.RUNS[part]
    processes = processes if processes is not None else 1 if quick else os.cpu_count() or 1
    for what, value, least in (("runs", runs, 1), ("steps", steps, 1), ("seed", seed, 0), ("processes", processes, 1)):
        if value is not None and value < least:
            raise running.ExperimentError(f"{what} must be at least {least}, got {value}")
    device = running.choose_device(device)
    # seed by seed: a part that is stopped early has all entries of its first seeds
    jobs = [Job(entry, s, dataset, part == "choices") for s in range(seed, seed + runs) for entry in entries]
    out.mkdir(parents=True, exist_ok=True)
    flat = all_runs(jobs, notebook, device, processes, out, name)
    found = [flat[i :: len(entries)] for i in range(len(entries))]
    summary, quantities = results.describe(part, dataset, entries, found, seed, device)
    numbers = results.arrays(entries, found, quantities)
    print(results.table(numbers, summary), file=sys.stderr)
    return running.write_results(out, name, numbers, summary, results.draw)
