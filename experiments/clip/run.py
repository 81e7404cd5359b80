"""Every training and what is measured on it, as jobs for `experiments.jobs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from experiments import notebook as notebooks
from experiments.clip import measures
from experiments.clip.pictures import Pictures, by_base
from experiments.clip.settings import BATCH, CANDIDATES, CHOICE, QUERIES, STEPS, VARIANTS, WITHHELD, Choice, Variant
from experiments.clip.towers import Captions, grams
from experiments.clip.training import Model, train

SCALES = (1.0, 10.0, 50.0, 80.0, 90.0, 100.0, 1000.0)
LOOKS = (100, 200, 400)


@dataclass(frozen=True)
class Job:
    """One training with one seed. what: "table", or "choose" (then name is the number of a candidate)."""

    what: str
    name: str
    seed: int
    steps: int = STEPS
    batch: int = BATCH


def functions_from(notebook: Path) -> dict[str, Callable]:
    """What a notebook of unit 10 defines; raises ExperimentError where something is missing or not written yet."""
    z = torch.eye(3)
    tried = {
        "quick_thoughts_loss": (z, z),
        "clip_loss": (z, z, 0.0),
        "siglip_loss": (z, z, 0.0, 0.0),
        "zero_shot": (z, z[:, None]),
        "retrieve": (z, z, 2),
    }
    return notebooks.functions_from(notebook, tried)


_STATE: dict = {}  # of a worker process


def start(notebook: Path, data: Pictures, device: str) -> None:
    _STATE.update(functions=functions_from(notebook), data=data, device=device)


def work(job: Job) -> dict:
    kind = {"table": one_row, "choose": one_choice}[job.what]
    return kind(job, _STATE["data"], _STATE["functions"], _STATE["device"])


def one_row(job: Job, data: Pictures, functions: Mapping[str, Callable], device: str) -> dict:
    """JSON: name of a quantity -> number, on the test concepts; more for some variants (`extra`)."""
    variant = variant_of(job)
    parts = by_base(data, leaky=variant.leaky)
    model, losses = train(
        variant, functions, data, parts["train"], CHOICE, seed=job.seed, steps=job.steps, device=device
    )
    plain = Captions(data.concepts)
    found = measures.both_styles(model, functions, data, plain, parts["test"])
    some = parts["train"][:: max(1, len(parts["train"]) // len(parts["test"]))][: len(parts["test"])]
    trained = measures.both_styles(model, functions, data, plain, some)
    found |= {f"training concepts, {key}": value for key, value in trained.items() if key.endswith("R@10")}
    found |= {f"groups: {key}": value for key, value in measures.groups(model, functions, data, parts["test"]).items()}
    found |= {f"gap: {k}": v for k, v in measures.gap(model, data, plain, parts["train"], parts["test"]).items()}
    found |= {"scale": model.log_scale.exp().item(), "bias": model.bias.item(), "loss": float(np.mean(losses[-20:]))}
    found["losses"] = [round(value, 4) for value in losses[:: max(1, len(losses) // 100)]]
    return found | extra(job, variant, model, data, functions, parts, plain)


def variant_of(job: Job) -> Variant:
    """With a smaller batch in a quick run; the bias of a siglip that starts at -ln(B - 1) goes with it."""
    variant = VARIANTS[job.name]
    if variant.batch <= job.batch:
        return variant
    return replace(variant, batch=job.batch, bias=-float(np.log(job.batch - 1)) if variant.bias else 0.0)


def possible(name: str, data: Pictures) -> bool:
    """Whether the data have what a variant is about: its styles, variants of one picture, the words."""
    variant, bases = VARIANTS[name], [c["base"] for c in data.concepts]
    styles = set(variant.styles) <= set(data.styles.tolist())
    return (
        styles
        and (not variant.leaky or len(set(bases)) < len(bases))
        and (not variant.withheld or data.concepts[0]["tags"] != [])
    )


def extra(job: Job, variant: Variant, model: Model, data: Pictures, functions, parts, plain: Captions) -> dict:
    """What is asked of one variant only, or of it and of the symmetric one beside it."""
    found: dict = {}
    styles = list(dict.fromkeys(data.styles.tolist()))
    if variant.styles and len(styles) > 1:  # drawings of a style that was never shown, of concepts that were
        for style in styles:
            for part in ("train", "test"):
                each = measures.search(model, functions, data, plain, parts[part], style)
                keys = [key for key in each if not key.endswith("hits")]
                found |= {f"{style}, {part} concepts, {key}": each[key] for key in keys}
    if job.name in ("symmetric", "words withheld"):
        areas = measures.areas(model, data, WITHHELD)
        found |= {f"area: {word}": value for word, value in areas.items()}
        found["area: mean"] = float(np.mean([*areas.values()])) if areas else 0.5
    if variant.leaky:
        found |= siblings(model, functions, data, plain, parts)
    if job.name == "symmetric":
        found["groups: linear probe"] = measures.probe(model, data, parts["train"], parts["test"])
        if job.seed == 0:
            found |= shown(model, functions, data, parts, plain)
    return found


def siblings(model: Model, functions, data: Pictures, plain: Captions, parts) -> dict[str, float]:
    """Recall at 10 of the test concepts with a variant in the training part, and of those without; averaged over styles."""
    there = {data.concepts[c]["base"] for c in parts["train"]}
    found: dict[str, list] = {}
    for style in dict.fromkeys(data.styles.tolist()):
        each = measures.search(model, functions, data, plain, parts["test"], style)
        concepts = data.of_concept[data.drawn(style, parts["test"])]
        has = np.array([data.concepts[c]["base"] in there for c in concepts])
        for direction in ("image to text", "text to image"):
            hits = np.array(each[f"{direction} hits"])
            for name, which in (("with", has), ("without", ~has)):
                if which.any():
                    found.setdefault(f"{name} a variant in training, {direction} R@10", []).append(hits[which].mean())
        found.setdefault("share with a variant in training", []).append(has.mean())
    return {key: float(np.mean(values)) for key, values in found.items()}


def shown(model: Model, functions, data: Pictures, parts, plain: Captions) -> dict:
    """For the lecture: rows of the test drawings in the first style, of their names, and of single words; and overflow.

    A text's row is the mean over its n-grams (towers.TextTower). So it points along the sum of its words' "word_sums", and any
    text of these words can be embedded without the tower."""
    style = data.styles[0]
    drawings = data.drawn(style, parts["test"])
    z, text_z = model.see(data.images[drawings]), model.read([plain.names[c] for c in data.of_concept[drawings]])
    texts = [t for c in data.of_concept[drawings] for t in (data.concepts[c]["name"], *data.concepts[c]["tags"])]
    words = sorted({word for text in (*texts, *QUERIES) for word in text.lower().split()})
    bags = [grams(word) for word in words]
    sums = model.texts.bag.weight.detach().cpu()
    rows = torch.stack([sums[torch.tensor(bag)].sum(dim=0) for bag in bags])
    return {
        "shown": {
            "drawings": drawings.tolist(),
            "image_z": z.numpy().round(4).tolist(),
            "text_z": text_z.numpy().round(4).tolist(),
            "words": words,
            "word_sums": rows.numpy().round(4).tolist(),
        },
        "overflow": measures.overflow(z, text_z, functions, SCALES),
    }


def one_choice(job: Job, data: Pictures, functions: Mapping[str, Callable], device: str) -> dict[str, float]:
    """Steps -> mean of the recalls at 10 on the validation concepts, both directions and styles."""
    parts, plain, found = by_base(data), Captions(data.concepts), {}

    def look(step: int, model: Model) -> None:
        if step in LOOKS or step == job.steps:
            recalls = measures.both_styles(model, functions, data, plain, parts["validation"])
            found[str(step)] = float(np.mean([v for k, v in recalls.items() if k.endswith("R@10")]))

    choice: Choice = CANDIDATES[int(job.name)]
    train(
        VARIANTS["symmetric"],
        functions,
        data,
        parts["train"],
        choice,
        seed=job.seed,
        steps=job.steps,
        device=device,
        look=look,
    )
    return found
