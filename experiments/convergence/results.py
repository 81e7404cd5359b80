"""What a finished experiment leaves: all numbers (npz), a short JSON, and the figure that is drawn from the two."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure

from experiments.convergence import figures
from experiments.convergence.bounds import Factors, make_factors
from experiments.convergence.train import CURVES, Experiment
from experiments.running import device_name, versions


def arrays(experiment: Experiment) -> dict[str, np.ndarray]:
    """steps (T,), negatives (K,), rho (C,), and each recorded curve, (K, runs, T)."""
    kept = CURVES[2:] if experiment.settings.figure == "figure3" else CURVES
    fixed = {"steps": experiment.records, "negatives": experiment.settings.negatives, "rho": experiment.evaluated.rho}
    return {name: np.asarray(value) for name, value in fixed.items()} | {n: experiment.curves[n] for n in kept}


def draw(numbers: Mapping[str, np.ndarray], summary: Mapping) -> Figure:
    """The figure, from what `arrays` and `describe` left."""
    steps, text = numbers["steps"], note(summary)
    if summary["figure"] == "figure3":
        return figures.output_norms(steps, numbers["smallest_norm"][0], numbers["largest_norm"][0], text)
    curves = zip(numbers["negatives"].tolist(), numbers["unsupervised"], numbers["supervised"], strict=True)
    panels = {}
    for n, loss, supervised in curves:
        f = make_factors(numbers["rho"], n)
        panels[n] = {"loss": loss, "supervised": supervised, "floor": f.floor, "chance": f.chance, **f.bounds(loss)}
    if summary["figure"] == "figure2":
        return figures.many_negatives(steps, panels, text)
    (one,) = panels.values()
    return figures.one_negative(steps, one["loss"], one["supervised"], one, one["chance"], text)


def note(summary: Mapping) -> str:
    """What is exact and what is estimated, in one line under the figure."""
    what = "norms over" if summary["figure"] == "figure3" else "losses and bounds exact on the class law of"
    seen, there = summary["evaluation_images"], summary["train_images"]
    images = f"all {seen} images" if seen == there else f"{seen} fixed images of {there}"
    return (f"{summary['dataset']}, {summary['encoder']}: {what} {images}; gradients from mini-batches of "
            f"{summary['batch']}; {summary['runs']} runs: each thin, mean thick, band 1 sd")  # fmt: skip


def describe(experiment: Experiment) -> dict:
    """The JSON: how it was made, on what, at which cost, and what came out."""
    s = experiment.settings
    exact = ("exact: losses, supervised losses and bounds on the evaluation images (every anchor, every positive, the "
             "anchor included, every draw of negatives; quadrature error below 1e-9), and the output norms. Estimated: "
             "the gradients that train, from mini-batches.")  # fmt: skip
    return {
        "figure": s.figure,
        "dataset": s.dataset,
        "train_images": len(experiment.law),
        "evaluation_images": len(experiment.evaluated),
        "class_probabilities": [round(float(p), 6) for p in experiment.evaluated.rho],
        "encoder": s.encoder,
        "parameters": experiment.stack.size,
        "embedding_dim": s.dim,
        "optimizer": f"Adam, lr {s.lr}",
        "batch": s.batch,
        "steps": s.steps,
        "runs": s.runs,
        "seed": s.seed,
        "device": device_name(s.device),
        "versions": versions(),
        "seconds": round(experiment.seconds, 1),
        "peak_memory_mb": peak_memory(s.device),
        "what_is_exact": exact,
        "results": [group(experiment, k, factor) for k, factor in enumerate(experiment.factors)],
    }  # fmt: skip


def group(experiment: Experiment, k: int, factor: Factors) -> dict:
    """The results for one number of negatives: final values of each run, and how the inequalities fared."""
    curves = {name: curve[k] for name, curve in experiment.curves.items()}
    out = {
        "n_negatives": factor.n_negatives,
        "smallest_norm": float(curves["smallest_norm"].min()),
        "largest_norm": float(curves["largest_norm"].max()),
        "final_smallest_norm": curves["smallest_norm"][:, -1].tolist(),
        "final_largest_norm": curves["largest_norm"][:, -1].tolist(),
    }
    if experiment.settings.figure == "figure3":
        return out
    loss, supervised = curves["unsupervised"], curves["supervised"]
    limits = factor.bounds(loss)
    return out | {
        "p_min": factor.p_min,
        "p_cc": factor.coupon,  # 0 where N is below the number of classes: Lemma 2 is empty there
        "sharp_factor": 1 / factor.rarest_seen,
        "floor": factor.floor,
        "ln_classes": factor.chance,
        "first_unsupervised": loss[:, 0].tolist(),
        "final_unsupervised": loss[:, -1].tolist(),
        "first_supervised": supervised[:, 0].tolist(),
        "final_supervised": supervised[:, -1].tolist(),
        "final_bounds": {name: float(bound[:, -1].mean()) for name, bound in limits.items()},
        "largest_supervised_over_bound": {name: float((supervised / bound).max()) for name, bound in limits.items()},
        "largest_supervised_over_unsupervised": float((supervised / loss).max()),
        "share_of_records_where_supervised_exceeds_unsupervised": float((supervised > loss).mean()),
    }


def peak_memory(device: str) -> dict[str, float]:
    """Largest memory so far, in MB: resident memory of the process, and what torch held on the GPU."""
    peaks = {}
    try:
        import resource

        unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
        peaks["process"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
    except ImportError:  # Windows has no such module
        pass
    if device == "cuda":
        peaks["gpu"] = round(torch.cuda.max_memory_reserved() / 2**20, 1)
    return peaks
