"""convergence_experiment: what its check looks at. Training is free, so no answer is compared: all curves are computed again from
the embeddings that come back, on digits, labels and numbers of negatives drawn after loading. Some images occur twice, under
different labels: embeddings made from labels show there. The judge stands in course.experiments, so a notebook runs it too."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course.check.case import Case, bad_input
from course.experiments.judge import curves_are_those_of_the_embeddings, digits, has_learnt, runs_and_seeds

exercise = Exercise(
    "convergence_experiment",
    time_limit=100.0,  # for a learner's slow encoder; the reference takes about 5 s, 2 of them torch.optim's first use
    trains=True,
    hints={
        "values": ("Return the dict with the six keys of the table; try it on twelve images first.",),
        "bad input": (
            "labels must have as many entries as there are images, and at least two different values.",
            "N >= 1, n_runs >= 1, seed >= 0 (validate.count); the device by use_device.",
        ),
        "properties": (
            "The line above says which rule fails: a curve, equal images, the seed, or the training. Look there first.",
            "A curve: test your loss on three points of two classes by three nested loops over anchor, positive, negative.",
            "The positive may be the anchor, a negative may be of the anchor's class: average over all of them.",
            "Each class mean is taken over all images of the class, and the classes count with n_c / n.",
            "Draw parameters and batches of run r from np.random.default_rng((seed, r)), and from nothing else.",
        ),
    },
)
exercise.property("the four curves are those of the returned embeddings, and equal images have equal embeddings")(
    curves_are_those_of_the_embeddings
)
exercise.property("runs differ, a seed repeats its numbers and another one does not")(runs_and_seeds)
exercise.property("the contrastive loss covers at least a third of its way down to the floor")(has_learnt)


@exercise.cases
def cases(rng):
    images, labels = digits(rng, 8, 3)
    yield Case("8 digits, N = 3, two runs", (images, labels, 3, 2, 5, "cpu"), compare="any")
    images, labels = images[:4, :, 2:5, 2:5], labels[:4]
    yield bad_input("labels of another length", images, labels[:-1], 3, 2, 5, "cpu")
    yield bad_input("one class", images, labels * 0, 3, 2, 5, "cpu")
    yield bad_input("NaN in an image", images * math.nan, labels, 3, 2, 5, "cpu")
    yield bad_input("images without channels", images[:, 0], labels, 3, 2, 5, "cpu")
    yield bad_input("N = 0", images, labels, 0, 2, 5, "cpu")
    yield bad_input("no run", images, labels, 3, 0, 5, "cpu")
    yield bad_input("seed -1", images, labels, 3, 2, -1, "cpu")
    yield bad_input("an unknown device", images, labels, 3, 2, 5, "abacus")


def checked(images, labels, n_negatives, n_runs, seed, device):
    """Refusals; the classes 0..C-1 of the rows."""
    if images.ndim != 4 or len(labels) != len(images) or bool(torch.isnan(images).any()):
        raise ValueError(f"{tuple(images.shape)}, {tuple(labels.shape)}")
    owner = torch.unique(labels, return_inverse=True)[1]
    numbers = all(isinstance(x, int) for x in (n_negatives, n_runs, seed))
    if owner.max() < 1 or not numbers or min(n_negatives, n_runs, seed + 1) < 1 or device != "cpu":
        raise ValueError(f"{n_negatives}, {n_runs}, {seed}, {device}")
    return owner


def trained(images, owner, n_negatives, seed, run, steps=(0, 15, 90), lr=0.01, same=False):
    """Embeddings (T, n, 6) of a linear map with bias-free ReLU layer, trained by Adam."""
    rng = np.random.default_rng((seed, 0 if same else run))
    x = images.flatten(1).double()
    a = torch.from_numpy(rng.normal(size=(x.shape[1], 24)) * math.sqrt(2 / x.shape[1])).requires_grad_()
    b = torch.from_numpy(rng.normal(size=(24, 6)) * 0.1).requires_grad_()
    optimizer, seen = torch.optim.Adam([a, b], lr=lr), []
    for step in range(steps[-1] + 1):
        z = F.relu(x @ a) @ b
        if step in steps:
            seen.append(z.detach())
        anchors = rng.integers(len(x), size=24)
        positives = [int(rng.choice(np.flatnonzero(owner.numpy() == owner[i].item()))) for i in anchors]
        negatives = rng.integers(len(x), size=(24, n_negatives))
        logits = torch.cat([(z[anchors] * z[positives]).sum(1, keepdim=True),
                            torch.einsum("bd,bnd->bn", z[anchors], z[negatives])], dim=1)  # fmt: skip
        optimizer.zero_grad()
        (logits.logsumexp(1) - logits[:, 0]).mean().backward()
        optimizer.step()
    return torch.stack(seen)


def contrastive(z, owner, n_negatives, pairs=None, negatives=None):
    """Mean over pairs (weights) of E ln(1 + sum of N draws of e^{f(x).(f(y) - f(x+))}), negatives by weights per anchor."""
    z, owner = z.double().numpy(), owner.numpy()
    same = owner[:, None] == owner[None, :]
    pairs = same / same.sum(axis=1, keepdims=True) / len(z) if pairs is None else pairs
    negatives = np.full((len(z), len(z)), 1 / len(z)) if negatives is None else negatives
    total = 0.0
    for s, weight, law in zip(z @ z.T, pairs, negatives):
        v = np.arange(-s.max() - math.log(n_negatives) - 24, 4 - s.min(), 0.35)
        unseen = np.exp(-np.exp(np.minimum(v[:, None] + s, 50)))
        total += 0.35 * (unseen @ weight) @ (1 - (unseen @ law) ** n_negatives)
    return total


def classified(z, owner, weights=None):
    """Cross-entropy of the mean classifier, classes weighted as in the data or by `weights`."""
    z = z.double()
    means = torch.stack([z[owner == c].mean(0) for c in range(int(owner.max()) + 1)])
    losses = F.cross_entropy(z @ means.T, owner, reduction="none")
    return float(losses.mean()) if weights is None else float((losses * weights).sum())


def packed(embeddings, steps, measure):
    """The answer; measure(z) -> (unsupervised, supervised)."""
    losses = np.array([[measure(z) for z in run] for run in embeddings])
    norms = embeddings.double().norm(dim=3)
    return {"steps": np.array(steps), "embeddings": embeddings, "unsupervised": losses[:, :, 0],
            "supervised": losses[:, :, 1], "smallest_norm": norms.amin(dim=2), "largest_norm": norms.amax(dim=2)}  # fmt: skip


HELPERS = (checked, trained, contrastive, classified, packed)


@exercise.accepted("one loop per anchor, float64 throughout", uses=HELPERS)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner)))


@exercise.accepted(
    "all runs at once, plain gradient descent on the exact loss with one negative, more records", uses=HELPERS
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    rng, x, steps = np.random.default_rng(seed), images.flatten(1).double(), (0, 2, 8, 30, 60)
    weights = torch.from_numpy(rng.normal(size=(n_runs, x.shape[1], 5)) * 0.05).requires_grad_()
    same = (owner[:, None] == owner).double()
    pairs = same / same.sum(dim=1, keepdim=True) / len(x) ** 2
    seen = []
    for step in range(steps[-1] + 1):
        z = x @ weights
        if step in steps:
            seen.append(z.detach())
        inner = z @ z.transpose(1, 2)
        losses = F.softplus(inner[:, :, None, :] - inner[:, :, :, None])
        (slope,) = torch.autograd.grad((losses * pairs[None, :, :, None]).sum(), [weights])
        weights = (weights - 0.3 * slope).detach().requires_grad_()
    z = torch.stack(seen, dim=1)
    return packed(z, steps, lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner)))


@exercise.accepted("nested lists, float32 embeddings, softmax by hand", uses=HELPERS)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed + 7, run) for run in range(n_runs)]).float()

    def by_hand(rows):
        rows, total = rows.double().numpy(), 0.0
        means = [rows[(owner == c).numpy()].mean(axis=0) for c in range(int(owner.max()) + 1)]
        for row, c in zip(rows, owner.tolist()):
            scores = np.array([row @ mean for mean in means])
            total += np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[c]
        return total / len(rows)

    answer = packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), by_hand(rows)))
    return {key: np.asarray(value).tolist() for key, value in answer.items()}


@exercise.wrong(
    "pairs of different images only",
    belief="A positive is another image of the class.",
    hints=(
        "How often is x+ = x on the empirical law?",
        "Anchor and positive are two independent draws from D_c: the pair (x, x) has its share, 1/n_c.",
        "Keep the diagonal in the average over pairs of a class; without it the bounds are not theorems.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    other = ((owner[:, None] == owner) & ~torch.eye(len(owner), dtype=torch.bool)).double().numpy()
    pairs = other / np.maximum(other.sum(axis=1, keepdims=True), 1) / len(owner)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives, pairs), classified(rows, owner)))


@exercise.wrong(
    "negatives from other classes only",
    belief="A negative never has the anchor's class.",
    hints=(
        "Does the learner know the anchor's class?",
        "Negatives are drawn from all n images; collisions are part of the loss.",
        "Average over all y, not over the y of other classes.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    other = (owner[:, None] != owner).double().numpy()
    law = other / other.sum(axis=1, keepdims=True)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda r: (contrastive(r, owner, n_negatives, None, law), classified(r, owner)))


@exercise.wrong(
    "classes equally likely",
    belief="Every class counts the same in the supervised loss.",
    hints=(
        "Are all classes equally frequent among the images?",
        "The empirical law has rho_c = n_c / n: the supervised loss is the mean over the images.",
        "Average over the n images, not over the class averages.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    counts = torch.bincount(owner)
    equal = 1 / counts[owner] / len(counts)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner, equal)))


@exercise.wrong(
    "the loss of a mini-batch",
    belief="The loss of the last mini-batch is good enough for a figure.",
    hints=(
        "Evaluate the same embeddings twice: do you get the same number?",
        "A mini-batch estimate can lie below the bound that holds for the exact loss.",
        "Average over all anchors, positives and draws of negatives: by the integral of the text.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    rng = np.random.default_rng(0)

    def sampled(rows):
        anchors = rng.integers(len(rows), size=64)
        positives = [int(rng.choice(np.flatnonzero(owner.numpy() == owner[i].item()))) for i in anchors]
        drawn = rows[rng.integers(len(rows), size=(64, n_negatives))]
        logits = torch.einsum("bd,bnd->bn", rows[anchors], drawn - rows[positives][:, None]).double()
        return float(F.softplus(logits.logsumexp(1)).mean())

    return packed(z, (0, 15, 90), lambda rows: (sampled(rows), classified(rows, owner)))


@exercise.wrong(
    "one seed for all runs",
    belief="Five runs with one seed are five runs.",
    hints=(
        "Compare the embeddings of run 0 and run 1.",
        "With equal seeds the runs are copies, and the spread in the figure is 0.",
        "Seed run r with (seed, r).",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run, same=True) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner)))


@exercise.wrong(
    "the parameters never move",
    belief="Computing the gradient trains the network.",
    hints=(
        "Compare your first and your last embeddings.",
        "Does your update change the tensors that the encoder uses?",
        "optimizer.step() after loss.backward(), with the encoder's own parameters in the optimizer.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run, lr=0.0) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner)))


@exercise.wrong(
    "embeddings made of labels",
    belief="An encoder that knows the labels is the best encoder.",
    hints=(
        "Give your function one image twice, under two labels: are the two embeddings equal?",
        "An encoder is a function of the image; labels only decide which pairs are drawn.",
        "Compute the embeddings from the images alone.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    rng, points = np.random.default_rng(seed), F.one_hot(owner).double()
    z = torch.stack([torch.stack([scale * points @ torch.from_numpy(np.linalg.qr(rng.normal(size=(points.shape[1],) * 2))[0])
                                  for scale in (0.1, 1.0, 3.0)]) for _ in range(n_runs)])  # fmt: skip
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), classified(rows, owner)))


@exercise.wrong(
    "class means of unit length",
    belief="The mean classifier uses normalised class means.",
    hints=(
        "Which vector scores class c in the mean classifier?",
        "mu_c is the mean of the embeddings of the class, with the length that it has.",
        "Do not normalise the means.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])

    def unit(rows):
        means = torch.stack([rows[owner == c].mean(0) for c in range(int(owner.max()) + 1)]).double()
        return float(F.cross_entropy(rows.double() @ F.normalize(means, dim=1).T, owner))

    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, n_negatives), unit(rows)))


@exercise.wrong(
    "one negative in the curve",
    belief="L_un is the loss with one negative, whatever N is used in training.",
    hints=(
        "What is your first value for N = 12, where all inner products are small? It should be near ln 13.",
        "The curve belongs to N = n_negatives: E ln(1 + a sum of N terms).",
        "Put N into the exponent of (1 - M)^N.",
    ),
    uses=HELPERS,
)
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = checked(images, labels, n_negatives, n_runs, seed, device)
    z = torch.stack([trained(images, owner, n_negatives, seed, run) for run in range(n_runs)])
    return packed(z, (0, 15, 90), lambda rows: (contrastive(rows, owner, 1), classified(rows, owner)))
