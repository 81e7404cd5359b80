"""python -m experiments text [prepare | choose] [NOTEBOOK]: train, write the numbers, draw, and print the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from experiments import running
from experiments.jobs import Journal, digest, run_all
from experiments.running import ExperimentError
from experiments.text import corpus, results, settings
from experiments.text import run as runs_of
from experiments.text.prepare import prepare

HELP = "unit 10: sentences of Wikipedia articles, with labels and with pairs, on k-way tasks"
SOLVED = Path(__file__).resolve().parents[2] / "solutions" / "10_text_and_images" / "10_text_and_images.ipynb"
PARTS = ("prepare", "choose")
DATASETS = {"wikipedia": corpus.FILE}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = f"{HELP}. Takes an hour of one processor; Ctrl-C stops, the same command goes on."
    command.add_argument(
        "what",
        nargs="*",
        help="prepare: make the sentences file again (network); choose: compare steps and learning rates on the "
        "validation sentences; neither: the table and the bound. And a notebook of unit 10 (default: solved)",
    )
    running.add_options(command, DATASETS, settings.RUNS)
    command.epilog = (
        "--dataset also takes a folder with one text file per article, a sentence a line (Wiki-3029's layout)"
    )
    command.add_argument("--steps", type=int, metavar="N", help="training steps (default: as chosen on validation)")


def split_words(what: Sequence[str], parts: Sequence[str], solved: Path) -> tuple[str, Path]:
    """(the part that is asked for or "", the notebook)."""
    named, others = [w for w in what if w in parts], [w for w in what if w not in parts]
    if len(named) > 1 or len(others) > 1:
        raise ExperimentError(f"expected one of {', '.join(parts)} and one notebook at most, got {' '.join(what)}")
    return (named or [""])[0], Path(others[0]) if others else solved


def run(
    what: Sequence[str], dataset: str, out: Path, redraw: bool, device: str, runs: int | None, seed: int,
    steps: int | None, quick: bool,
) -> list[Path]:  # fmt: skip
    """The files that were written."""
    part, notebook = split_words(what, PARTS, SOLVED)
    name = dataset if dataset in DATASETS else "own"
    if part == "prepare":
        return prepare()
    if redraw:
        return [path for stem, draw in results.DRAWN.items() for path in running.redraw(out, f"{stem}_{name}", draw)]
    runs = runs if runs is not None else settings.QUICK_RUNS if quick else settings.RUNS
    for option, value, least in (("runs", runs, 2), ("steps", steps, 1), ("seed", seed, 0)):
        if value is not None and value < least:
            raise ExperimentError(f"{option} must be at least {least}, got {value}")
    device = running.choose_device(device)
    runs_of.functions_from(notebook)  # before any process starts
    path = DATASETS.get(dataset, Path(dataset))
    articles = corpus.load(path)
    if quick:
        shorter = [replace(a, sentences=a.sentences[: settings.QUICK_SENTENCES]) for a in articles]
        articles, steps = shorter[: settings.QUICK_ARTICLES], steps or settings.QUICK_STEPS
    if part == "choose":
        jobs = runs_of.choose_jobs(seed + 100, steps or max(settings.LOOKS))
    else:
        methods = settings.QUICK if quick else tuple(settings.METHODS)
        more = {"chunks": 1, "rest": settings.BASELINES[:2]} if quick else {}
        jobs = runs_of.table_jobs(methods, range(seed, seed + runs), steps or 0, **more)
    materials = {"all": runs_of.material(articles)}
    if part != "choose":
        materials["half"] = runs_of.material(articles, corpus.by_article(articles)[0])
    fingerprint = f"{settings.CHOICES} {settings.METHODS} {quick} {digest(notebook, path)}"
    journal = Journal(out, f"text_{name}", fingerprint)
    if journal.found:
        print(f"{len(journal.found)} runs are there from before", file=sys.stderr)
    found = run_all(jobs, runs_of.work, runs_of.start, (notebook, materials, device), journal, device)
    if part == "choose":
        written = results.write_choices(out, found)
    else:
        written = results.write(out, name, found, articles, materials, device)
    journal.discard()
    return written
