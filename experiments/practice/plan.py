"""Which runs make a part: groups of runs that are compared, each a label and its choices."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from experiments.practice.settings import CHOSEN, SUPERVISED, Choices
from experiments.running import ExperimentError

PARTS = ("table", "collapse", "sweeps", "failing", "choices")
RUNS = {"table": 5, "collapse": 3, "sweeps": 2, "failing": 3, "choices": 1}
QUICK_RUNS, QUICK_STEPS, QUICK_BATCH = 2, 40, 128


@dataclass(frozen=True)
class Entry:
    """One line of a comparison. looks: after which steps rank, spectrum and neighbours are recorded."""

    group: str
    label: str
    choices: Choices
    looks: tuple[int, ...] = ()


def entries(part: str, *, quick: bool = False, steps: int | None = None) -> list[Entry]:
    """What the part compares; quick: fewer and shorter runs; steps: of all runs that train longer."""
    if part not in PARTS:
        raise ExperimentError(f"unknown part {part!r}; known: {', '.join(PARTS)}")
    plan = {"table": table, "collapse": collapse, "sweeps": sweeps, "failing": failing, "choices": choices}[part]()
    if quick and part in ("sweeps", "choices"):  # the first two of each group
        groups = itertools.groupby(plan, key=lambda entry: entry.group)
        plan = [entry for _, members in groups for entry in itertools.islice(members, 2)]
        steps = steps or QUICK_STEPS // 4
    most = QUICK_STEPS if quick and steps is None else steps
    return [_shortened(entry, most, QUICK_BATCH if quick else None) for entry in plan]


def _shortened(entry: Entry, steps: int | None, batch: int | None) -> Entry:
    c = entry.choices
    steps = c.steps if steps is None else min(steps, c.steps)
    c = c.but(steps=steps, batch=c.batch if batch is None else min(batch, c.batch))
    return Entry(entry.group, entry.label, c, tuple(look for look in entry.looks if look <= steps))


def table() -> list[Entry]:
    """Seven methods and the baselines."""
    baselines = {
        "raw pixels": Choices("raw pixels", steps=0),
        "random encoder": Choices("random encoder", steps=40),
        "supervised": SUPERVISED,
        "supervised, 5 labels a class": SUPERVISED.but(labels=5, steps=300),
    }
    return [Entry("methods", label, c) for label, c in {**CHOSEN, **baselines}.items()]


LOOKS = (0, 5, 10, 20, 40, 80, 150, 220, 300)


def collapse() -> list[Entry]:
    """What holds up SimSiam and BYOL, and what is seen when it is taken away; one learning rate for all."""
    simsiam, byol = (CHOSEN[name].but(steps=300, lr=1e-2) for name in ("SimSiam", "BYOL"))
    runs = {
        "SimSiam": simsiam,
        "SimSiam, no stop-gradient": simsiam.but(stop_gradient=False),
        "SimSiam, no predictor": simsiam.but(predictor=False),
        "SimSiam, neither": simsiam.but(predictor=False, stop_gradient=False),
        "SimSiam, neither, no output BN": simsiam.but(predictor=False, stop_gradient=False, output_norm=False),
        "SimSiam, no BN at all": simsiam.but(norm=False, output_norm=False),
        "BYOL": byol,
        "BYOL, momentum 0": byol.but(momentum=0.0),
        "BYOL, momentum 1": byol.but(momentum=1.0),
        "BYOL, no predictor": byol.but(predictor=False),
        "BYOL, no predictor, momentum 0, no BN": byol.but(predictor=False, momentum=0.0, norm=False, output_norm=False),
        "SimCLR": CHOSEN["SimCLR"].but(steps=300, lr=1e-2),
    }
    return [Entry("collapse", label, c, LOOKS) for label, c in runs.items()]


def sweeps() -> list[Entry]:
    """One choice at a time; SimCLR with 150 steps and batches of 128 where nothing else is said."""
    base = {name: c.but(steps=150) for name, c in CHOSEN.items()}
    simclr, moco, swav, byol = (base[name] for name in ("SimCLR", "MoCo", "SwAV", "BYOL"))
    groups = {
        "batch, 150 steps": {b: simclr.but(batch=b) for b in (8, 32, 128, 512)},
        "batch, 19200 images": {b: simclr.but(batch=b, steps=19200 // b) for b in (16, 32, 128, 512)},
        "batch, 150 steps, BYOL": {b: byol.but(batch=b) for b in (16, 128, 512)},
        "negatives, batch 128": {**{n: simclr.but(negatives=n) for n in (1, 8, 64)}, 254: simclr},
        "negatives, batch 512": {1: simclr.but(batch=512, negatives=1), 1022: simclr.but(batch=512)},
        "temperature": {t: simclr.but(temperature=t) for t in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)},
        "dimension of z": {
            **{d: simclr.but(dim=d) for d in (2, 8, 64, 256)}, "no projector": simclr.but(head=False)
        },
        "dimension of z, VICReg": {d: base["VICReg"].but(dim=d) for d in (16, 64, 256)},
        "dimension of z, Barlow Twins": {d: base["Barlow Twins"].but(dim=d) for d in (16, 64, 256)},
        "strength of the views": {
            **{s: simclr.but(strength=s) for s in (0.0, 0.25, 0.5, 1.0, 1.5, 2.5)}, "photometric": simclr.but(moved=False)
        },
        "momentum, MoCo": {m: moco.but(momentum=m) for m in (0.0, 0.5, 0.9, 0.99, 0.999)},
        "queue, MoCo": {n: moco.but(queue=n) for n in (128, 512, 1024, 2048)},
        "codes, SwAV": {codes: swav.but(codes=codes) for codes in ("sinkhorn", "softmax", "argmax")},
    }  # fmt: skip
    return [Entry(group, str(label), c) for group, members in groups.items() for label, c in members.items()]


FAILING_LOOKS = (0, 20, 40, 80, 150, 300)


def failing() -> list[Entry]:
    """Three runs that go wrong, each beside its repair."""
    base = {name: c.but(steps=300) for name, c in CHOSEN.items()}
    simsiam, byol, swav = (base[name] for name in ("SimSiam", "BYOL", "SwAV"))
    pairs = {
        "SimSiam sees digits at places": (simsiam.but(wandering=True), simsiam),
        "BYOL without output BN": (byol.but(output_norm=False), byol.but(output_norm=True)),
        "SwAV at temperature 0.1": (swav.but(temperature=0.1, lr=3e-3), swav),
    }
    return [
        Entry(group, label, c, FAILING_LOOKS)
        for group, pair in pairs.items()
        for label, c in zip(("failing", "repaired"), pair, strict=True)
    ]


def choices() -> list[Entry]:
    """The search, on the validation images: learning rate against the number of each method that matters most."""
    rates = (3e-3, 1e-2, 3e-2)
    grids = {
        "SimCLR": {"lr": rates, "temperature": (0.1, 0.2, 0.5)},
        "MoCo": {"lr": rates[:2], "temperature": (0.2, 0.5), "momentum": (0.9, 0.99)},
        "SwAV": {"lr": rates, "temperature": (0.1, 0.2, 0.4)},
        "BYOL": {"lr": rates[:2], "momentum": (0.9, 0.97, 0.99)},
        "SimSiam": {"lr": (1e-3, 3e-3, 1e-2)},
        "Barlow Twins": {"lr": rates[:2], "weight": (0.005, 0.02, 0.05)},
        "VICReg": {"lr": rates},
        "supervised": {"lr": rates[:2]},
    }
    starts = {name: c.but(steps=300) for name, c in {**CHOSEN, "supervised": SUPERVISED}.items()}
    found = []
    for group, grid in grids.items():
        for values in itertools.product(*grid.values()):
            changed = dict(zip(grid, values, strict=True))
            label = ", ".join(f"{name} {value:g}" for name, value in changed.items())
            found.append(Entry(group, label, starts[group].but(**changed)))
    return found
