"""What embeddings are worth: accuracy of k-way tasks between articles, with all labels and with few."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from experiments.text.settings import CHUNKS, CLASSIFIERS, FEW, KS, TASKS

Parts = dict[str, list[list[int]]]  # train, validation, test -> article -> numbers of its sentences
Accuracy = Callable[..., float]  # (train_z, train_y, test_z, test_y, k, n_tasks, seed, classifier)


def sizes(n_classes: int) -> dict[str, int]:
    """Name -> k of the tasks: 2, 10 where there are as many classes, and all."""
    return {**{f"k = {k}": k for k in KS if k < n_classes}, "all": n_classes}


def cells(n_classes: int) -> list[str]:
    """Names of what `accuracies` measures: "k = 2 / all labels / trained" and so on."""
    labels = ("all labels", f"{FEW} labels")
    return [f"{k} / {some} / {how}" for k in sizes(n_classes) for some in labels for how in CLASSIFIERS]


def accuracies(
    z, parts: Parts, accuracy: Accuracy, scale: float, articles: Sequence[int], chunks: int = CHUNKS, on: str = "test"
) -> dict[str, list[float]]:
    """Each cell's accuracy on chunks of tasks; on one where all chunks would be the same.

    z (n, d): embeddings of all sentences, multiplied by the scale before a head is trained; articles: the classes.
    """
    train, test = (labelled(parts[part], articles) for part in ("train", on))
    found: dict[str, list[float]] = {cell: [] for cell in cells(len(articles))}
    for cell, values in found.items():
        name, labels, classifier = cell.split(" / ")
        k = sizes(len(articles))[name]
        few = labels != "all labels"
        for chunk in range(chunks if few or k < len(articles) else 1):
            (i, y), (j, wanted) = some_of_each(*train, chunk) if few else train, test
            tasks = TASKS.get(k, 1) if k < len(articles) else 1
            by = scale if classifier == "trained" else 1.0
            values.append(accuracy(z[i] * by, y, z[j] * by, wanted, k, tasks, chunk, classifier))
    return found


def labelled(sentences: Sequence[Sequence[int]], articles: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers of the sentences of these articles, and their labels."""
    numbers = torch.tensor([i for c in articles for i in sentences[c]])
    return numbers, torch.tensor([c for c in articles for _ in sentences[c]])


def some_of_each(numbers: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """FEW of each class at random; the same for all embeddings."""
    order = np.random.default_rng(seed).permutation(len(labels))
    mixed = labels.numpy()[order]
    chosen = np.concatenate([order[mixed == c][:FEW] for c in np.unique(mixed)])
    return numbers[chosen], labels[chosen]
