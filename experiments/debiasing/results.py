"""What the comparison leaves: a number for each setting, loss, quantity and run, and the gains as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course import comparison, figures
from experiments.debiasing.run import Results
from experiments.debiasing.settings import Setting
from experiments.running import device_name, versions

PROBES = {"probe": "all labels", "few": "5 labels a class"}


def entries(runs: Mapping[Setting, Sequence[Results]]) -> list[dict]:
    """One entry a setting (course.comparison), numbers to four digits."""
    return [
        {
            "source": setting.source,
            "n_classes": setting.n_classes,
            "batch": setting.batch,
            "runs": {
                name: {key: [round(run[name][key], 4) for run in results] for key in results[0][name]}
                for name in results[0]
            },
        }
        for setting, results in runs.items()
    ]


def arrays(found: Sequence[Mapping]) -> dict[str, np.ndarray]:
    """ "SETTING / LOSS / QUANTITY" -> (runs,)."""
    return {
        f"{entry['source']} {entry['n_classes']} classes B={entry['batch']} / {name} / {key}": np.array(values)
        for entry in found
        for name, quantities in entry["runs"].items()
        for key, values in quantities.items()
    }


def describe(found: Sequence[Mapping], runs: int, steps: int, seed: int, device: str) -> dict:
    return {
        "experiment": "debiasing",
        "runs": runs,
        "steps": steps,
        "seed": seed,
        "optimizer": "Adam, lr 0.005",
        "device": device_name(device),
        "versions": versions(),
        "settings": list(found),
    }


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """Gain over the biased loss, with 95 % intervals, for each setting, loss and probe."""
    found = summary["settings"]
    groups = [f"{e['source']}, {e['n_classes']} cl., B = {e['batch']}" for e in found]
    names = [name for name in found[0]["runs"] if name not in ("biased", "raw pixels")]
    figure, axes = figures.panels(len(PROBES), width=4.4, height=1.6 + 0.3 * len(groups))
    for ax, (key, title) in zip(axes, PROBES.items(), strict=True):
        gain = {name: [tuple(100 * v for v in comparison.gains(e, name, key)) for e in found] for name in names}
        legend = "outside" if key == "few" else None
        figures.intervals(groups, gain, ax, xlabel="gain (points)", title=title, legend=legend)
    axes[1].set_yticklabels([])
    return figure
