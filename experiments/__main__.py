"""python -m experiments NAME: clip, convergence, debiasing, first, text"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from experiments import running
from experiments.clip import command as clip
from experiments.convergence import command as convergence
from experiments.debiasing import command as debiasing
from experiments.first import command as first
from experiments.text import command as text

COMMANDS = {"first": first, "convergence": convergence, "debiasing": debiasing, "text": text, "clip": clip}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m experiments", description="What is trained on real data.")
    commands = top.add_subparsers(required=True, metavar="EXPERIMENT", dest="experiment")
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP))
    return top


def main(argv: Sequence[str] | None = None) -> int:
    arguments = vars(parser().parse_args(argv))
    run = COMMANDS[arguments.pop("experiment")].run
    return running.reported(lambda: run(**arguments))


if __name__ == "__main__":
    sys.exit(main())
