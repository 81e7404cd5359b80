"""What is trained and measured, and what was chosen on the validation sentences (`python -m experiments text choose`)."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.text.training import Method

RUNS = 3
CHUNKS = 5  # of tasks, and as many choices of few labels: their spread is the error of the tasks
TASKS = {2: 10, 10: 2}  # in a chunk; with all classes there is one task
KS = (2, 10)
FEW = 5  # labels of a class
CLASSIFIERS = ("trained", "mean")

LRS, LOOKS = (5e-3, 1e-2, 2e-2, 4e-2), (100, 200, 400)  # what `choose` compares: learning rates, steps
SCALES = (1.0, 3.0, 10.0, 30.0)  # embeddings times this before a head is trained: the strength of its penalty


@dataclass(frozen=True)
class Choice:
    """lr and steps of a training, and the scale of its embeddings."""

    lr: float
    steps: int
    scale: float


# The best of `choose`, whose numbers are in lectures/data/10_text_and_images/text_choices.json
CHOICES = {"supervised": Choice(2e-2, 100, 1.0), "unsupervised": Choice(2e-2, 400, 1.0)}
BASELINE_SCALES = {"TF-IDF": 30.0, "LSA": 30.0, "mean of word vectors": 10.0, "mean of random vectors": 10.0}

# pairs of a step: 64, or the next multiple of the size of a group (1 + negatives)
METHODS = {
    "supervised": Method("supervised"),
    "1 negative": Method("unsupervised", 1),
    "4 negatives": Method("unsupervised", 4, pairs=65),
    "10 negatives": Method("unsupervised", 10, pairs=66),
    "50 negatives": Method("unsupervised", 50, pairs=51),
    "blocks of 2, equal tuples": Method("unsupervised", 1, 2),
    "blocks of 5, equal tuples": Method("unsupervised", 1, 5),
    "blocks of 10, equal tuples": Method("unsupervised", 1, 10),
    "blocks of 2, equal sentences": Method("unsupervised", 1, 2, pairs=42),  # 126 sentences
    "blocks of 5, equal sentences": Method("unsupervised", 1, 5, pairs=22),  # 132
    "blocks of 10, equal sentences": Method("unsupervised", 1, 10, pairs=12),  # 132
    "10 negatives, random word vectors": Method("unsupervised", 10, pairs=66, vectors="random"),  # the failing run
}
BASELINES = ("TF-IDF", "LSA", "mean of word vectors", "mean of random vectors")
ON_SEEN = ("supervised", "10 negatives")  # trained on half of the articles, tested on both halves
QUICK = ("supervised", "1 negative")
QUICK_RUNS, QUICK_STEPS, QUICK_ARTICLES, QUICK_SENTENCES = 2, 10, 12, 40
