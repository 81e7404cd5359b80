"""What a finished experiment leaves: the figure, all numbers (npz) and a short JSON, each written atomically."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import matplotlib
import numpy as np
import torch

from course import plots_convergence
from course.experiments.bounds import Factors
from course.experiments.checkpoint import write_atomically
from course.experiments.train import CURVES, Experiment


def write(experiment: Experiment, folder: Path) -> list[Path]:
    """Write NAME.png, NAME.npz and NAME.json into the folder (made where needed); earlier ones are replaced."""
    s, numbers = experiment.settings, arrays(experiment)
    summary = describe(experiment)
    figure = draw(experiment, note(experiment))
    paths = [folder / f"{s.name}.{kind}" for kind in ("png", "npz", "json")]
    write_atomically(paths[0], lambda path: figure.savefig(path, dpi=110, bbox_inches="tight"))
    write_atomically(paths[1], lambda path: np.savez_compressed(path, **numbers))
    write_atomically(paths[2], lambda path: path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8"))
    return paths


def arrays(experiment: Experiment) -> dict[str, np.ndarray]:
    """steps (T,), negatives (K,), rho (C,), and each recorded curve, (K, runs, T)."""
    kept = CURVES[2:] if experiment.settings.figure == "figure3" else CURVES
    fixed = {"steps": experiment.records, "negatives": experiment.settings.negatives, "rho": experiment.evaluated.rho}
    return {name: np.asarray(value) for name, value in fixed.items()} | {n: experiment.curves[n] for n in kept}


def draw(experiment: Experiment, text: str = ""):
    """The matplotlib figure."""
    curves, steps, factors = experiment.curves, experiment.records, experiment.factors
    if experiment.settings.figure == "figure3":
        return plots_convergence.output_norms(steps, curves["smallest_norm"][0], curves["largest_norm"][0], text)
    pairs = list(zip(factors, curves["unsupervised"], curves["supervised"], strict=True))
    if experiment.settings.figure == "figure1":
        (factor, loss, supervised), = pairs  # fmt: skip
        return plots_convergence.one_negative(steps, loss, supervised, factor.bounds(loss), factor.chance, text)
    panels = {
        f.n_negatives: {"loss": loss, "supervised": sup, "floor": f.floor, "chance": f.chance, **f.bounds(loss)}
        for f, loss, sup in pairs
    }
    return plots_convergence.many_negatives(steps, panels, text)


def note(experiment: Experiment) -> str:
    """What is exact and what is estimated, in one line under the figure."""
    s = experiment.settings
    what = "norms over" if s.figure == "figure3" else "losses and bounds exact on the class law of"
    images = f"all {len(experiment.evaluated)} images"
    if len(experiment.evaluated) < len(experiment.law):
        images = f"{len(experiment.evaluated)} fixed images of {len(experiment.law)}"
    return (f"{s.dataset}, {s.encoder}: {what} {images}; gradients from mini-batches of {s.batch}; "
            f"{s.runs} runs: each thin, mean thick, band 1 sd")  # fmt: skip


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
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
                     "matplotlib": matplotlib.__version__},
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


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else f"cpu ({platform.machine()})"


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
