"""python -m course.experiments figure1|figure2|figure3: train, draw, and write the numbers."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from course.experiments import results
from course.experiments.law import make_law
from course.experiments.settings import DATASETS, FIGURES, ExperimentError, load, make_settings
from course.experiments.train import Experiment, Interrupted


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m course.experiments",
        description="Figures 1 to 3 of Merad et al. (2020): contrastive and supervised loss, and output norms, along "
        "training, with the bounds evaluated exactly. Ctrl-C stops; the same command goes on where it stopped.",
    )
    top.add_argument("figure", help=", ".join(FIGURES))
    top.add_argument("--dataset", default="digits", help=f"{', '.join(DATASETS)} (default: digits)")
    top.add_argument("--device", default="auto", help="auto (default: the GPU where there is one), cpu, cuda")
    top.add_argument("--runs", type=int, default=5, help="independent runs, trained at once (default: 5)")
    top.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR", help="folder of the results")
    top.add_argument("--steps", type=int, metavar="N", help="training steps (default: by data set)")
    top.add_argument("--seed", type=int, default=0, metavar="S", help="of parameters and batches (default: 0)")
    top.add_argument("--batch", type=int, metavar="B", help="anchors per step (default: by data set)")
    top.add_argument("--lr", type=float, help="learning rate of Adam (default: by data set)")
    top.add_argument("--evaluate", type=int, metavar="N", help="images the losses are evaluated on; 0: all")
    top.add_argument("--data", type=Path, metavar="DIR", help="where the IDX files of Fashion-MNIST are")
    return top


def main(argv: list[str] | None = None) -> int:
    arguments = vars(parser().parse_args(argv))
    folder, directory = arguments.pop("out"), arguments.pop("data")
    try:
        settings = make_settings(**arguments)
        law = make_law(*load(settings.dataset, directory))
        folder.mkdir(parents=True, exist_ok=True)
        experiment = Experiment(settings, law, folder)
        if experiment.path.exists():
            print("going on from a checkpoint of the same settings", file=sys.stderr)
        with _Stop() as stop:
            experiment.run(stop, progress=True)
        for path in results.write(experiment, folder):
            print(path)
        experiment.discard()
    except (ExperimentError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Interrupted as interrupted:
        print(f"{interrupted}; run the same command to go on", file=sys.stderr)
        return 130
    except KeyboardInterrupt:  # the second one, or one outside training: nothing half-written is left
        print("interrupted", file=sys.stderr)
        return 130
    return 0


class _Stop:
    """Ctrl-C or SIGTERM stop after the present step; a second one ends at once (the last checkpoint stays)."""

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


if __name__ == "__main__":
    sys.exit(main())
