"""knn_accuracy: what its check looks at.

Inputs are drawn until neither a vote nor the place of the last neighbour is near a tie. Blind spots to keep out: rows of
one length (cosine and Euclid agree there), labels 0, 1, ..., k = 1.
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, count, needs
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "knn_accuracy",
    refuses=(
        batch(train_z="the training embeddings"),
        batch(test_z="the test embeddings"),
        count("k", "k", 1.5),
        needs("k <= len(train_z)", {"more neighbours than rows": {"k": 100}}),
        needs(
            "train_z.shape[1] == test_z.shape[1]", {"test rows of another dimension": {"test_z": lambda z: z[:, :-1]}}
        ),
        needs(
            "train_y.shape == train_z.shape[:1] and test_y.shape == test_z.shape[:1]",
            {
                "a training label missing": {"train_y": lambda y: y[:-1]},
                "a test label missing": {"test_y": lambda y: y[:-1]},
            },
        ),
    ),
    hints={
        "values": (
            "Cosines of test rows (lines) and training rows (columns); whose labels do the k largest of a line have?",
            "`topk(k, dim=1).indices`, then the labels there, then `mode(dim=1).values`, then the share that is right.",
        ),
        "bad input": ("k from 1 to the number of training rows; as many labels as rows; one dimension.",),
    },
)
LABELS = (-3, 7, 20)


def drawn(rng, n, m, d, k, classes=2, dtype=torch.float64):
    while True:
        centres = tensor(rng, classes, d)
        owner = [torch.from_numpy(rng.integers(classes, size=size)) for size in (n, m)]
        rows = [(centres[y] + 0.8 * tensor(rng, len(y), d)) * (0.1 + 3 * tensor(rng, len(y), 1).abs()) for y in owner]
        cosines = F.normalize(rows[1], dim=1) @ F.normalize(rows[0], dim=1).T
        order = cosines.sort(dim=1, descending=True)
        gap = (order.values[:, k - 1] - order.values[:, k]).min() if k < n else 1
        votes = torch.stack([(owner[0][order.indices[:, :k]] == c).sum(dim=1) for c in range(classes)], dim=1)
        best = votes.sort(dim=1, descending=True).values
        if gap > 4e-3 / n and (best[:, 0] > best[:, 1]).all():
            names = torch.tensor(LABELS)
            return rows[0].to(dtype), names[owner[0]], rows[1].to(dtype), names[owner[1]]


@exercise.cases
def cases(rng):
    for n, m, d, k, classes in ((8, 6, 3, 3, 2), (6, 8, 2, 1, 3), (7, 5, 4, 5, 2), (8, 8, 2, 3, 2), (7, 8, 3, 7, 2)):
        yield Case(f"n = {n}, m = {m}, d = {d}, k = {k}", (*drawn(rng, n, m, d, k, classes), k), rtol=1e-6)
    yield Case("float32", (*drawn(rng, 8, 7, 3, 3, dtype=torch.float32), 3), rtol=1e-6)
    yield from exercise.bad_inputs(*drawn(rng, 6, 5, 3, 3), 3)
    for _ in range(3):
        n, m, d = larger_sizes(rng, 3)
        yield Case("more rows", (*drawn(rng, n, m, d, 5), 5), rtol=1e-6, public=False)


def cosine(test, train):
    return F.normalize(test, dim=1) @ F.normalize(train, dim=1).T


def majority(labels, closeness):
    return labels.mode(dim=1).values


def weighted(labels, closeness):
    """Votes weighted by cosine."""
    kinds = labels.unique()
    scores = torch.stack([(closeness * (labels == c)).sum(dim=1) for c in kinds], dim=1)
    return kinds[scores.argmax(dim=1)]


def elected(labels, closeness, vote, truth):
    return vote(labels, closeness) == truth


@exercise.formula
def knn_accuracy(
    train_z,
    train_y,
    test_z,
    test_y,
    k,
    *,
    close=cosine,
    asked=lambda k, n: k,
    largest=True,
    vote=majority,
    right=elected,
    given=lambda found: found,
    roles=lambda train_z, train_y, test_z, test_y: (train_z, train_y, test_z, test_y),
):
    train_z, train_y, test_z, test_y = roles(train_z, train_y, test_z, test_y)
    top = close(test_z, train_z).topk(min(asked(k, len(train_z)), len(train_z)), dim=1, largest=largest)
    return given(right(train_y[top.indices], top.values, vote, test_y).double().mean())


exercise.slip("Euclidean distance", close=lambda test, train: -torch.cdist(test, train)).says(
    "Nearest means nearest in Euclidean distance.",
    "Multiply a training row by 5: do your neighbours change? Does the cosine?",
    "Scale rows to length 1 first.",
)
exercise.slip("inner product", close=lambda test, train: test @ train.T).says(
    "Similarity is the inner product.",
    "A long training row is among the neighbours of everybody.",
    "Scale rows to length 1 first.",
)
exercise.slip("one neighbour", asked=lambda k, n: 1).says(
    "The nearest row decides.",
    "Does your answer depend on k?",
    "k neighbours vote.",
)
exercise.slip(
    "the nearest is left out", asked=lambda k, n: k + 1, vote=lambda labels, closeness: labels[:, 1:].mode(dim=1).values
).says(
    "The first neighbour is the row itself.",
    "Are the test rows among the training rows?",
    "All k nearest training rows vote.",
)
exercise.slip("the farthest", largest=False).says(
    "The smallest cosines are the nearest rows.",
    "What is the cosine of a row with itself?",
    "The largest cosines.",
)
exercise.slip("the mean label", vote=lambda labels, closeness: labels.double().mean(dim=1).round().long()).says(
    "The mean of the labels is their vote.",
    "Labels 7, 7 and -3: what is their mean, and what do most of them say?",
    "Labels are names: count them, `mode(dim=1)`.",
)
exercise.slip(
    "no vote", right=lambda labels, closeness, vote, truth: (labels == truth[:, None]).double().mean(dim=1)
).says(
    "The accuracy is the share of right labels among all k neighbours.",
    "Two of three neighbours are right: what does this test row add to your answer?",
    "The k neighbours give one prediction, which is right (1) or wrong (0).",
    "First the vote, `mode(dim=1).values`, then the share of test rows that are right.",
)
exercise.slip(
    "one right neighbour is enough", right=lambda labels, closeness, vote, truth: (labels == truth[:, None]).any(dim=1)
).says(
    "A test row is right if one of its neighbours has its label.",
    "What is your answer for k = n? Could a classifier that does not know the true label do that?",
    "The most frequent of the k labels is the prediction.",
)
exercise.slip("the error", given=lambda found: 1 - found).says(
    "The answer is the share of wrong labels.",
    "Test on the training rows with k = 1: what should an accuracy be?",
    "The share that is right.",
)
exercise.slip("votes weighted by cosine", vote=weighted).says(
    "A nearer neighbour has more weight.",
    "The question says how much each vote counts.",
    "All k votes equal.",
)
exercise.slip("training and test exchanged", roles=lambda a, b, c, d: (c, d, a, b)).says(
    "Training rows are classified by their test neighbours.",
    "How many predictions do you make, n or m?",
    "Each test row asks the training rows.",
)


@exercise.accepted("a loop")
def knn_accuracy(train_z, train_y, test_z, test_y, k):
    right = 0
    for z, y in zip(test_z, test_y, strict=True):
        nearest = F.cosine_similarity(z[None], train_z, dim=1).argsort(descending=True)[:k]
        labels, counts = train_y[nearest].unique(return_counts=True)
        right += int(labels[counts.argmax()] == y)
    return right / len(test_z)


@exercise.accepted("numpy")
def knn_accuracy(train_z, train_y, test_z, test_y, k):
    a, b = (np.asarray(x) / np.linalg.norm(x, axis=1, keepdims=True) for x in (train_z, test_z))
    nearest = np.argsort(-(b @ a.T), axis=1)[:, :k]
    kinds = np.unique(train_y)
    votes = np.stack([(np.asarray(train_y)[nearest] == c).sum(axis=1) for c in kinds], axis=1)
    return np.mean(kinds[votes.argmax(axis=1)] == np.asarray(test_y))


@exercise.accepted("distances of unit rows, validated by hand", guarded=False)
def knn_accuracy(train_z, train_y, test_z, test_y, k):
    for z, y in ((train_z, train_y), (test_z, test_y)):
        if z.ndim != 2 or z.numel() == 0 or y.shape != z.shape[:1] or bool(z.isnan().any()):
            raise ValueError(f"embeddings {tuple(z.shape)}, labels {tuple(y.shape)}")
    if train_z.shape[1] != test_z.shape[1] or not isinstance(k, int) or not 1 <= k <= len(train_z):
        raise ValueError(f"{tuple(train_z.shape)}, {tuple(test_z.shape)}, k = {k}")
    distances = torch.cdist(F.normalize(test_z), F.normalize(train_z), compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.topk(k, largest=False).indices
    return float((torch.mode(train_y[nearest]).values == test_y).float().mean())
