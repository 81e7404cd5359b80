"""python -m experiments convergence figure1|figure2|figure3: train, write the numbers, draw."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from experiments import running
from experiments.convergence import results
from experiments.convergence.law import make_law
from experiments.convergence.settings import DATASETS, FIGURES, check_known, load, make_settings
from experiments.convergence.train import Experiment

HELP = "Figures 1 to 3 of Merad et al. (2020), with losses and bounds evaluated exactly"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = f"{HELP}. Ctrl-C stops; the same command goes on where it stopped."
    command.add_argument("figure", help=", ".join(FIGURES))
    running.add_options(command, DATASETS)
    command.add_argument("--steps", type=int, metavar="N", help="training steps (default: by data set)")
    command.add_argument("--batch", type=int, metavar="B", help="anchors per step (default: by data set)")
    command.add_argument("--lr", type=float, help="learning rate of Adam (default: by data set)")
    command.add_argument("--evaluate", type=int, metavar="N", help="images the losses are evaluated on; 0: all")
    command.add_argument("--data", type=Path, metavar="DIR", help="where the IDX files of Fashion-MNIST are")


def run(figure: str, dataset: str, out: Path, redraw: bool, data: Path | None, **options) -> list[Path]:
    """The files that were written."""
    if redraw:
        check_known(figure, dataset)
        return running.redraw(out, f"{figure}_{dataset}", results.draw)
    settings = make_settings(figure, dataset, **options)
    law = make_law(*load(dataset, data))
    out.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(settings, law, out)
    if experiment.path.exists():
        print("going on from a checkpoint of the same settings", file=sys.stderr)
    with running.Stop() as stop:
        experiment.run(stop, progress=True)
    paths = running.write_results(
        out, settings.name, results.arrays(experiment), results.describe(experiment), results.draw
    )
    experiment.discard()
    return paths
