"""Programs of the entries of source 002 (Merad et al.) about runs: numbers read from lectures/data."""

from __future__ import annotations

import functools
import json

import numpy as np

from autograder.units.manifest import ROOT
from course import comparison

DATA = ROOT / "lectures" / "data"


def tail() -> dict:
    """Powers with which objective and gradient fall from step 300 on, widths 32 and 128 (stored histories)."""
    stored, powers = np.load(DATA / "08_convergence" / "descent.npz"), []
    for m in (32, 128):
        steps, rows = stored[f"steps_{m}"], stored[f"rows_{m}"]
        late = (steps >= 300) & (steps <= 1500)
        powers += [np.polyfit(np.log(steps[late]), np.log(rows[i][late]), 1)[0] for i in (0, 1)]
    slopes = np.log(stored["separation_steps"]).mean(axis=0)
    return {"powers": powers, "separation": np.polyfit(np.log(stored["deltas"]), slopes, 1)[0]}


@functools.cache
def figure(name: str) -> list[dict]:
    """The results of one run of `python -m experiments convergence`, by number of negatives."""
    return json.loads((DATA / "08_convergence" / f"{name}.json").read_text(encoding="utf-8"))["results"]


def correlation(name: str) -> list[float]:
    """Correlation of the logarithms of both losses along each run, smallest over the runs, by number of negatives."""
    stored = np.load(DATA / "08_convergence" / f"{name}.npz")
    pairs = zip(stored["unsupervised"], stored["supervised"], strict=True)
    return [min(np.corrcoef(np.log(L), np.log(S))[0, 1] for L, S in zip(*group, strict=True)) for group in pairs]


def runs_with_one_negative() -> dict:
    """Figure 1 on digits and clothes: quotients along the runs, bounds at the end, correlations."""
    found = {}
    for name in ("figure1_digits", "figure1_fashion-mnist"):
        (one,) = figure(name)
        found[name] = [one["largest_supervised_over_bound"]["lemma1_without_log"], one["final_bounds"]["lemma1"]]
        found[name] += [one["largest_supervised_over_unsupervised"], np.mean(one["final_supervised"])]
        found[name] += [one["final_bounds"]["lemma1_without_log"], one["final_bounds"]["sharp"], one["ln_classes"]]
        found[name + " correlation"] = correlation(name)
    return found


def runs_with_many_negatives() -> dict:
    """Figure 2 on digits and clothes: quotients without the factor, bounds with it, correlations, ends."""
    found = {}
    for name in ("figure2_digits", "figure2_fashion-mnist"):
        groups = figure(name)
        found[name] = {
            "S / L": [g["largest_supervised_over_unsupervised"] for g in groups],
            "share": [g["share_of_records_where_supervised_exceeds_unsupervised"] for g in groups],
            "lemma 2": [g["final_bounds"]["lemma2"] for g in groups],
            "sharp": [g["final_bounds"]["sharp"] for g in groups],
            "L": [np.mean(g["final_unsupervised"]) for g in groups],
            "floor": [g["floor"] for g in groups],
            "S": [np.mean(g["final_supervised"]) for g in groups],
        }
        found[name + " correlation"] = correlation(name)
    return found


def norms() -> dict:
    """Figure 3 on digits and clothes: smallest and largest norm over all images, runs and records, and at the end."""
    found = {}
    for name in ("figure3_digits", "figure3_fashion-mnist"):
        (g,) = figure(name)
        found[name] = [g["smallest_norm"], g["largest_norm"], min(g["final_smallest_norm"])]
        found[name] += [max(g["final_largest_norm"])]
        stored = np.load(DATA / "08_convergence" / f"{name}.npz")
        lowest = stored["smallest_norm"][0].min(axis=0)
        if stored["steps"][lowest.argmin()] > 15:
            raise AssertionError("the smallest norm is not one of the first steps")
    return found


def bounds_at_the_end() -> dict:
    """Clothes, N = 35, means of the final losses: Lemma 2, Proposition D, F+ and what is bounded."""
    g = figure("figure2_fashion-mnist")[2]
    loss, theta = np.mean(g["final_unsupervised"]), 1 - 10 * (1 - 0.8**36) / (2 * 36)
    lemma2, sharp = g["final_bounds"]["lemma2"], g["final_bounds"]["sharp"]
    return {"bounds": [lemma2, sharp, (loss - g["floor"]) / theta], "S": np.mean(g["final_supervised"])}


def practice() -> dict:
    """Unit 09's table: probes with five labels a class on h and z, and with all labels, in per cent / 100."""
    table = json.loads((DATA / "09_in_practice" / "table_digits.json").read_text(encoding="utf-8"))
    return {e["label"]: [e["mean"][name] for name in ("few h", "few z", "linear h", "linear z") if name in e["mean"]]
            for e in table["entries"]}  # fmt: skip


def positives_of_the_class() -> dict:
    """Unit 05: gains of the debiased loss in points / 100, five labels a class, ten classes, batches of 128."""
    runs = json.loads((DATA / "05_debiasing" / "debiasing_digits.json").read_text(encoding="utf-8"))["settings"]
    (ten,) = [e for e in runs if e["n_classes"] == 10 and e["batch"] == 128]
    named = ("debiased", "debiased, v from the class", "unbiased")
    return {name: [100 * value for value in comparison.gains(ten, name, "few")] for name in named}
