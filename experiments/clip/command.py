"""python -m experiments clip [prepare | choose] [NOTEBOOK]: train, write the numbers, draw, and print the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments import running
from experiments.clip import pictures, results, settings
from experiments.clip import run as runs_of
from experiments.clip.prepare import prepare
from experiments.jobs import Journal, digest, run_all
from experiments.running import ExperimentError
from experiments.text.command import SOLVED, split_words

HELP = "unit 10: a small CLIP on emoji and their names; search, groups by words, the gap between modalities"
PARTS = ("prepare", "choose")
DATASETS = {"emoji": pictures.FILE}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        f"{HELP}. Takes a quarter of an hour of one processor; Ctrl-C stops, the same command goes on."
    )
    command.add_argument(
        "what",
        nargs="*",
        help="prepare: make the emoji file again (network, npm); choose: compare captions, shifts and learning rates on the "
        "validation concepts; neither: the table. And a notebook of unit 10 (default: solved)",
    )
    running.add_options(command, DATASETS, settings.RUNS)
    command.epilog = (
        f"--dataset also takes a folder of images with a file {pictures.CAPTIONS}, lines FILE,CAPTION[,GROUP]"
    )
    command.add_argument("--steps", type=int, metavar="N", help=f"training steps (default: {settings.STEPS})")


def run(
    what: Sequence[str], dataset: str, out: Path, redraw: bool, device: str, runs: int | None, seed: int,
    steps: int | None, quick: bool,
) -> list[Path]:  # fmt: skip
    """The files that were written."""
    part, notebook = split_words(what, PARTS, SOLVED)
    name = dataset if dataset in DATASETS else "own"
    if part == "prepare":
        return [prepare()]
    if redraw:
        return running.redraw(out, f"clip_{name}", results.draw)
    runs = runs if runs is not None else settings.QUICK_RUNS if quick else settings.RUNS
    steps = steps if steps is not None else settings.QUICK_STEPS if quick else settings.STEPS
    for option, value, least in (("runs", runs, 2), ("steps", steps, 1), ("seed", seed, 0)):
        if value < least:
            raise ExperimentError(f"{option} must be at least {least}, got {value}")
    device = running.choose_device(device)
    runs_of.functions_from(notebook)  # before any process starts
    path = DATASETS.get(dataset, Path(dataset))
    data = pictures.load(path)
    if part == "choose":
        jobs = [runs_of.Job("choose", str(i), seed + 100, steps) for i in range(len(settings.CANDIDATES))]
    else:
        batch = settings.QUICK_BATCH if quick else settings.BATCH
        names = [n for n in (settings.QUICK if quick else settings.VARIANTS) if runs_of.possible(n, data)]
        jobs = [runs_of.Job("table", n, s, steps, batch) for s in range(seed, seed + runs) for n in names]
    fingerprint = f"{settings.CHOICE} {settings.VARIANTS} {digest(notebook, path)}"
    journal = Journal(out, f"clip_{name}", fingerprint)
    if journal.found:
        print(f"{len(journal.found)} runs are there from before", file=sys.stderr)
    found = run_all(jobs, runs_of.work, runs_of.start, (notebook, data, device), journal, device)
    if part == "choose":
        written = results.write_choices(out, found)
    else:
        written = results.write(out, name, found, data, device)
    journal.discard()
    return written
