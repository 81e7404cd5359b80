"""convergence_experiment: what its check looks at. Training is free, so no answer is compared: the networks come
back, and all curves are computed again from them, on digits of odd sizes, labels and numbers of negatives drawn after
loading. So an embedding that looks at the label or at the other images of the batch has no network to show. The judge
stands in course.experiments, so a notebook runs it too."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, count, needs
from autograder.units.u08_convergence.draws import CPU, forward
from course.check._convergence import CURVES, curves_and_learning, digits, runs_and_seeds

exercise = Exercise(
    "convergence_experiment",
    refuses=(
        needs(
            "images.ndim == 4 and len(labels) == len(images)",
            {
                "labels of another length": {"labels": lambda labels: labels[:-1]},
                "images without channels": {"images": lambda images: images[:, 0]},
            },
        ),
        needs("not images.isnan().any()", {"NaN in an image": {"images": lambda images: images * math.nan}}),
        needs("len(labels.unique()) > 1", {"one class": {"labels": lambda labels: labels * 0}}),
        count("n_negatives", "N"),
        count("n_runs"),
        count("seed", minimum=0),
        CPU,
    ),
    time_limit=100.0,  # for a learner's slow training; the reference takes about 1 s, and torch.optim's first use 2
    trains=True,
    hints={
        "values": ("Return the dict with the six keys of the table; try it on twelve images first.",),
        "bad input": (
            "labels must have as many entries as there are images, and at least two different values.",
            "N >= 1, n_runs >= 1, seed >= 0 (validate.count); the device by use_device.",
        ),
        "properties": (
            "The line above says which rule fails: a size, a curve, the seed, or the training. Look there first.",
            "A curve: is encoder_forward(params, x) of what you return exactly the z from which you "
            "compute the curves?",
            "A curve: test your loss on three points of two classes by three nested loops over anchor, "
            "positive, negative.",
            "The positive may be the anchor, a negative may be of the anchor's class: average over all of them.",
            "Each class mean is taken over all images of the class, and the classes count with n_c / n.",
            "Draw parameters and batches of run r from np.random.default_rng((seed, r)), and from nothing else.",
        ),
    },
)
exercise.property(
    "the four curves are those of the returned networks; training covers a third of the way to the floor, also from ln(1+N)"
)(curves_and_learning)
exercise.property("runs differ, a seed repeats its numbers and another one does not; the curves for N = 1")(
    runs_and_seeds
)


@exercise.cases
def cases(rng):
    images, labels = digits(rng, 8, 3)
    yield Case("8 digits, N = 3, two runs", (images, labels, 3, 2, 5, "cpu"), compare="any")
    images, labels = images[:4, :, 2:5, 2:5], labels[:4]
    yield from exercise.bad_inputs(images, labels, 3, 2, 5, "cpu")


def adam(x, owner, n_negatives, seed, lr=0.01):
    """step -> network with one hidden layer and six outputs, trained on mini-batches."""
    rng, seen = np.random.default_rng(seed), {}
    a = torch.from_numpy(rng.normal(size=(x.shape[1], 24)) * math.sqrt(2 / x.shape[1])).requires_grad_()
    b = torch.from_numpy(rng.normal(size=(24, 6)) * 0.1).requires_grad_()
    optimizer = torch.optim.Adam([a, b], lr=lr)
    for step in range(91):
        z = F.relu(x @ a) @ b
        if step in (0, 15, 90):
            seen[step] = {"A": a.detach().T.clone(), "W": [], "B": b.detach().T.clone()}
        optimizer.zero_grad()
        mini_batch(z, owner, n_negatives, 24, rng).backward()
        optimizer.step()
    return seen


def mini_batch(z, owner, n_negatives, size, rng):
    anchors = rng.integers(len(z), size=size)
    positives = [int(rng.choice(np.flatnonzero(owner.numpy() == owner[i].item()))) for i in anchors]
    negatives = rng.integers(len(z), size=(size, n_negatives))
    logits = torch.einsum("bd,bnd->bn", z[anchors], z[negatives] - z[positives][:, None])
    return F.softplus(logits.logsumexp(1)).mean()


def descent(x, owner, n_negatives, seed, lr=0.1):
    """step -> network with two hidden layers, trained on the exact loss with one negative."""
    rng, seen = np.random.default_rng(seed), {}
    net = [torch.from_numpy(rng.normal(size=(16, m)) * math.sqrt(2 / m)).requires_grad_() for m in (x.shape[1], 16, 16)]
    pairs = laws((owner[:, None] == owner).double()) / len(x) ** 2
    for step in range(41):
        if step in (0, 2, 8, 20, 40):
            a, w, b = (matrix.detach().clone() for matrix in net)
            seen[step] = {"A": a, "W": [w], "B": b}
        z = forward({"A": net[0], "W": [net[1]], "B": net[2]}, x)
        losses = F.softplus((z @ z.T)[:, None, :] - (z @ z.T)[:, :, None])
        for matrix, slope in zip(net, torch.autograd.grad((losses * pairs[:, :, None]).sum(), net)):
            matrix.data -= lr * slope
    return seen


def shrinking(x, owner, n_negatives, seed):
    """step -> network with long outputs at the start, all of which become short; nothing is learnt."""
    net = adam(x, owner, n_negatives, seed, lr=0.0)[0]
    return {step: {**net, "B": 20 * 0.9**step * net["B"]} for step in (0, 30, 90)}


def laws(weights):
    """Rows that sum to 1; rows of zeros stay."""
    return weights / weights.sum(dim=1, keepdim=True).clamp(min=1)


def exact(owner, n_negatives, pairs, negatives):
    """z -> mean over pairs of E ln(1 + sum of N draws of e^{f(x).(f(y) - f(x+))}), positives and negatives by the laws
    in the anchor's row."""

    def loss(z):
        total = 0.0
        for s, positive, negative in zip((z @ z.T).numpy(), pairs.numpy(), negatives.numpy()):
            v = np.arange(-s.max() - math.log(n_negatives) - 24, 4 - s.min(), 0.35)
            unseen = np.exp(-np.exp(np.minimum(v[:, None] + s, 50)))
            total += 0.35 * (unseen @ positive) @ (1 - (unseen @ negative) ** n_negatives)
        return total / len(z)

    return loss


def sampled(owner, n_negatives, pairs, negatives):
    rng = np.random.default_rng(0)
    return lambda z: mini_batch(z, owner, n_negatives, 64, rng)


@exercise.formula
def convergence_experiment(
    images,
    labels,
    n_negatives,
    n_runs,
    seed,
    device,
    *,
    train=adam,
    run_seed=lambda seed, run: (seed, run),
    kept=list,
    view=lambda z: z,
    loss=exact,
    drawn=lambda n_negatives: n_negatives,
    positives=lambda same: same,
    negatives=torch.ones_like,
    weights=torch.ones_like,
    centre=lambda means: means,
):
    owner = torch.unique(labels, return_inverse=True)[1]
    x, counts, same = images.flatten(1).double(), owner.bincount().double(), (owner[:, None] == owner).double()
    contrastive = loss(owner, drawn(n_negatives), laws(positives(same)), laws(negatives(same)))

    def measured(z):
        means, norms = centre(F.one_hot(owner).double().T @ z / counts[:, None]), z.norm(dim=1)
        return contrastive(z), F.cross_entropy(z @ means.T, owner, weight=weights(counts)), norms.min(), norms.max()

    runs = [train(x, owner, n_negatives, run_seed(seed, run)) for run in range(n_runs)]
    curves = np.array([[[float(c) for c in measured(view(forward(net, x)))] for net in run.values()] for run in runs])
    named = {name: curves[:, :, i] for i, name in enumerate(CURVES)}
    return {"steps": np.array(list(runs[0])), "params": [kept(run.values()) for run in runs], **named}


exercise.slip("pairs of different images only", positives=lambda same: same - torch.eye(len(same))).says(
    "A positive is another image of the class.",
    "How often is x+ = x on the empirical law?",
    "Anchor and positive are two independent draws from D_c: the pair (x, x) has its share, 1/n_c.",
    "Keep the diagonal in the average over pairs of a class; without it the bounds are not theorems.",
)
exercise.slip("negatives from other classes only", negatives=lambda same: 1 - same).says(
    "A negative never has the anchor's class.",
    "Does the learner know the anchor's class?",
    "Negatives are drawn from all n images; collisions are part of the loss.",
    "Average over all y, not over the y of other classes.",
)
exercise.slip("classes equally likely", weights=torch.reciprocal).says(
    "Every class counts the same in the supervised loss.",
    "Are all classes equally frequent among the images?",
    "The empirical law has rho_c = n_c / n: the supervised loss is the mean over the images.",
    "Average over the n images, not over the class averages.",
)
exercise.slip("the loss of a mini-batch", loss=sampled).says(
    "The loss of the last mini-batch is good enough for a figure.",
    "Evaluate the same embeddings twice: do you get the same number?",
    "A mini-batch estimate can lie below the bound that holds for the exact loss.",
    "Average over all anchors, positives and draws of negatives: by the integral of the text.",
)
exercise.slip("one negative in the curve", drawn=lambda n_negatives: 1).says(
    "L_un is the loss with one negative, whatever N is used in training.",
    "What is your first value for N = 12, where all inner products are small? It should be near ln 13.",
    "The curve belongs to N = n_negatives: E ln(1 + a sum of N terms).",
    "Put N into the exponent of (1 - M)^N.",
)
exercise.slip("negatives other than the anchor", negatives=lambda same: 1 - torch.eye(len(same))).says(
    "A negative is never the anchor itself.",
    "From which images are the negatives drawn?",
    "The N negatives are independent draws from all n images, the anchor's own among them.",
    "Average over all y, with y = x.",
)
exercise.slip("one negative too many", drawn=lambda n_negatives: n_negatives + 1).says(
    "The positive is one of the draws that are counted: N + 1 in all.",
    "What is your first value for N = 12, where all inner products are small? It should be near ln 13.",
    "The positive has its own factor, P; U is taken to the power of the number of negatives.",
    "P (1 - U^N).",
)
exercise.slip("one seed for all runs", run_seed=lambda seed, run: (seed, 0)).says(
    "Five runs with one seed are five runs.",
    "Compare the embeddings of run 0 and run 1.",
    "With equal seeds the runs are copies, and the spread in the figure is 0.",
    "Seed run r with (seed, r).",
)
exercise.slip("the parameters never move", train=lambda *data: adam(*data, lr=0.0)).says(
    "Computing the gradient trains the network.",
    "Compare your first and your last embeddings.",
    "Does your update change the tensors that the encoder uses?",
    "optimizer.step() after loss.backward(), with the encoder's own parameters in the optimizer.",
)
exercise.slip("outputs that only shrink", train=shrinking).says(
    "A loss that has fallen far shows that something was learnt.",
    "Which value has the loss where all outputs are equal?",
    "It is ln(1 + N), without any learning; long random outputs begin above it.",
    "Compare your last value with ln(1 + N), and move the parameters by the gradient.",
)
exercise.slip("the last network three times", kept=lambda run: [list(run)[-1]] * len(run)).says(
    "A list of the parameter tensors keeps what they were.",
    "Compare your three networks of one run: do they differ?",
    "An optimiser changes the tensors in place: all your records point to the same memory.",
    "Store matrix.detach().clone().",
)
exercise.slip("embeddings centred over the batch", view=lambda z: z - z.mean(dim=0)).says(
    "The embeddings may be centred before they are measured.",
    "Encode one image alone, and together with others: is its embedding the same?",
    "f(x) is a function of x; the mean over the batch belongs to no encoder.",
    "Compute the curves from encoder_forward(params, x) as it is.",
)
exercise.slip("embeddings of norm 1", view=lambda z: F.normalize(z, dim=1)).says(
    "Contrastive losses are measured on normalised embeddings.",
    "What do your curves of the smallest and the largest norm show?",
    "The losses of the text have inner products; the cosine belongs to SimCLR.",
    "Compute the curves from encoder_forward(params, x) as it is.",
)
exercise.slip("class means of unit length", centre=lambda means: F.normalize(means, dim=1)).says(
    "The mean classifier uses normalised class means.",
    "Which vector scores class c in the mean classifier?",
    "mu_c is the mean of the embeddings of the class, with the length that it has.",
    "Do not normalise the means.",
)

exercise.style("gradient descent on the exact loss with one negative, two hidden layers, more records", train=descent)


def by_hand(rows, owner):
    scores = rows @ np.array([rows[owner == c].mean(axis=0) for c in range(owner.max() + 1)]).T
    right = scores[np.arange(len(rows)), owner]
    top = scores.max(axis=1)
    return float(np.mean(np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - right))


@exercise.accepted("curves as nested lists, float32 networks as arrays, softmax by hand")
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    owner = torch.unique(labels, return_inverse=True)[1]
    x, same = images.flatten(1), (owner[:, None] == owner).double()
    contrastive = exact(owner, n_negatives, laws(same), laws(torch.ones_like(same)))
    answer = {"steps": [0, 15, 90], "params": [], **{name: [] for name in CURVES}}
    for run in range(n_runs):
        networks = adam(x.double(), owner, n_negatives, (seed + 7, run)).values()
        networks = [{"A": net["A"].float(), "W": (), "B": net["B"].float()} for net in networks]
        z = [forward(net, x).double() for net in networks]
        answer["params"].append([{"A": net["A"].numpy(), "W": (), "B": net["B"].numpy()} for net in networks])
        answer["unsupervised"].append([contrastive(rows) for rows in z])
        answer["supervised"].append([by_hand(rows.numpy(), owner.numpy()) for rows in z])
        answer["smallest_norm"].append([float(rows.norm(dim=1).min()) for rows in z])
        answer["largest_norm"].append([float(rows.norm(dim=1).max()) for rows in z])
    return answer
