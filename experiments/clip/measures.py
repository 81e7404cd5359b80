"""What two towers are worth on concepts that they have not seen: search, groups by words, the gap between the modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from experiments.clip.pictures import Pictures
from experiments.clip.settings import PROMPTS
from experiments.clip.towers import Captions, grams
from experiments.clip.training import Model

Functions = Mapping[str, Callable]
KS = (1, 5, 10)


def search(
    model: Model, functions: Functions, data: Pictures, captions: Captions, concepts: Sequence[int], style: str
) -> dict:
    """Recall at 1, 5, 10 in both directions between the drawings of these concepts in a style and their names, the number
    of candidates, and the rank lists' hits: direction -> (n,) whether the right one is among the first ten."""
    drawings = data.drawn(style, concepts)
    z = model.see(data.images[drawings])
    text_z = model.read([captions.names[c] for c in data.of_concept[drawings]])
    found: dict = {"candidates": len(drawings)}
    for direction, query, gallery in (("image to text", z, text_z), ("text to image", text_z, z)):
        first = functions["retrieve"](query, gallery, min(max(KS), len(gallery)))
        right = first == torch.arange(len(first))[:, None]
        for k in KS:
            found[f"{direction} R@{k}"] = float(right[:, :k].any(dim=1).double().mean())
        found[f"{direction} hits"] = right.any(dim=1).tolist()
    return found


def both_styles(
    model: Model, functions: Functions, data: Pictures, captions: Captions, concepts: Sequence[int]
) -> dict[str, float]:
    """The recalls of `search`, averaged over the styles."""
    styles = dict.fromkeys(data.styles.tolist())
    each = [search(model, functions, data, captions, concepts, style) for style in styles]
    return {key: float(np.mean([e[key] for e in each])) for key in each[0] if not key.endswith("hits")}


def groups(model: Model, functions: Functions, data: Pictures, concepts: Sequence[int]) -> dict[str, float]:
    """Accuracy of the groups by their names, by one prompt and by several; of the most frequent group; chance."""
    names = sorted({c["group"] for c in data.concepts})
    drawings = np.flatnonzero(np.isin(data.of_concept, concepts))
    z = model.see(data.images[drawings])
    y = np.array([names.index(data.concepts[c]["group"]) for c in data.of_concept[drawings]])
    prompts = {"names": [[name] for name in names]}
    if set(names) <= set(PROMPTS):
        prompts |= {
            "one prompt": [PROMPTS[name][:1] for name in names],
            "eight prompts": [PROMPTS[name] for name in names],
        }
    found = {"largest group": float(np.bincount(y).max() / len(y)), "chance": 1 / len(names)}
    for how, texts in prompts.items():
        class_z = torch.stack([model.read([grams(text) for text in some]) for some in texts])
        found[how] = float((functions["zero_shot"](z, class_z).numpy() == y).mean())
    return found


def probe(model: Model, data: Pictures, train: Sequence[int], test: Sequence[int]) -> float:
    """Accuracy of the groups by a linear probe on the pictures' rows: with labels, for comparison."""
    from course.training import probe_accuracy

    names = sorted({c["group"] for c in data.concepts})
    rows = [np.flatnonzero(np.isin(data.of_concept, part)) for part in (train, test)]
    z = [model.see(data.images[row]) for row in rows]
    y = [[names.index(data.concepts[c]["group"]) for c in data.of_concept[row]] for row in rows]
    return probe_accuracy(z[0], torch.tensor(y[0]), z[1], torch.tensor(y[1]))


def gap(
    model: Model, data: Pictures, captions: Captions, train: Sequence[int], test: Sequence[int]
) -> dict[str, float]:
    """Distance of the means of pictures and names, mean cosines of pairs and of others, and how well a linear probe, trained on
    the training concepts, tells a picture from a name among the test concepts."""
    from course.training import probe_accuracy

    rows, labels = [], []
    for part in (train, test):
        drawings = np.flatnonzero(np.isin(data.of_concept, part))
        z, text_z = model.see(data.images[drawings]), model.read([captions.names[c] for c in part if captions.names[c]])
        rows.append((z, text_z))
        labels.append(torch.tensor([0] * len(z) + [1] * len(text_z)))
    z, text_z = rows[1]
    drawn = data.of_concept[np.flatnonzero(np.isin(data.of_concept, test))]
    at = {c: i for i, c in enumerate(c for c in test if captions.names[c])}
    cosines = z @ text_z.T
    own = cosines[torch.arange(len(z)), torch.tensor([at[c] for c in drawn])]
    others = (cosines.sum() - own.sum()) / (cosines.numel() - len(own))
    told = probe_accuracy(torch.cat(rows[0]), labels[0], torch.cat(rows[1]), labels[1])
    return {
        "distance of means": float((z.mean(dim=0) - text_z.mean(dim=0)).norm()),
        "cosine of pairs": float(own.mean()),
        "cosine of others": float(others),
        "told apart": told,
    }


def areas(model: Model, data: Pictures, words: Sequence[str]) -> dict[str, float]:
    """Word -> area under the ROC curve of the pictures whose name or tags hold it, by their cosine with the word; for words
    that are said of some pictures."""
    from sklearn.metrics import roc_auc_score

    z, found = model.see(data.images), {}
    for word in words:
        said = np.array([word in f"{c['name']} {' '.join(c['tags'])}".lower().split() for c in data.concepts])
        if said.any():
            scores = z @ model.read([grams(word)])[0]
            found[word] = float(roc_auc_score(said[data.of_concept], scores.numpy()))
    return found


def overflow(z: torch.Tensor, text_z: torch.Tensor, functions: Functions, scales: Sequence[float]) -> dict[str, list]:
    """The loss of the notebook, and what exponentials without precaution give in float32, at each scale; null: not finite."""
    stable = [float(functions["clip_loss"](z, text_z, float(np.log(scale)))) for scale in scales]
    naive = []
    for scale in scales:
        e = torch.exp(scale * z @ text_z.T)
        own = e.diagonal()
        value = -(torch.log(own / e.sum(dim=1)) + torch.log(own / e.sum(dim=0))).mean() / 2
        naive.append(float(value) if bool(torch.isfinite(value)) else None)
    return {"scales": list(scales), "stable": stable, "naive": naive}
