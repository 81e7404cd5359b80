"""collapse_and_repair: what its check looks at.

Method, optimiser and number of steps are free, so nothing is compared with the reference. What comes back are parameters of
a given encoder, and everything else is computed from them here: the direction of the first step of the collapsing run, and
at the end of either run agreement of two views, cosines of different images, effective rank and a probe on other images.
Over 40 draws the reference and the accepted variants stay on the right side of each threshold by a margin
(tests/test_unit09_asks.py).
"""

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs
from autograder.author.audit import followed, other_start, outputs, runs_of, wanderers
from course.training import make_encoder, snapshot
from course.views import augment, batches

NAMES = ("collapsed", "repaired")
AGREE = 1 - 1e-5  # share of the gradient's weight (sum of |g|) whose signs the first step must follow
AT_BEST = 0.99  # cosine of two views, and of two images, where everything has collapsed
FLAT, ROUND = 2.5, 5.0  # effective ranks: at most, at least
# by how much the cosine of two views must exceed that of two images: VICReg has 0.25 to 0.6 (120 seeds), and had 0.151 once
APART = 0.15
GAINED = 0.1  # of the probe's accuracy

exercise = Exercise(
    "collapse_and_repair",
    refuses=(
        needs(
            "images.ndim == 4 and len(images) > 1",
            {
                "images with three axes": {"images": lambda images: images[:, 0]},
                "one image": {"images": lambda images: images[:1]},
            },
        ),
    ),
    time_limit=60.0,
    trains=True,
    hints={
        "values": ('Return {"collapsed": states, "repaired": states}: lists of three snapshots of the encoder.',),
        "properties": (
            "The line above says which rule fails, for which run.",
            "snapshot(encoder) copies. Take one before the loop, one after the first optimizer.step(), one after the loop.",
            "Collapsed: minus the mean cosine of `encoder(view1)` and `encoder(view2)`, nothing detached, 100 steps of Adam.",
            "Repaired: something must keep images apart: negatives, equal shares, decorrelation, or what SimSiam needs.",
        ),
        "bad input": ("One `if`: images with four axes and n >= 2.",),
    },
)


def disagreement(z1, z2):
    return -F.cosine_similarity(z1, z2, dim=1).mean()


def start_problem(runs, images, seed):
    """What is wrong with the beginning of a run."""
    for name in NAMES:
        if problem := other_start(name, runs[name][0], images.shape[1:], seed):
            return problem
    before, after, _ = runs["collapsed"]
    view1, view2, _ = next(batches(images, torch.zeros(len(images)), seed, 1))
    leaves = {key: value.clone().requires_grad_() for key, value in before.items()}
    grads = torch.autograd.grad(disagreement(outputs(leaves, view1), outputs(leaves, view2)), list(leaves.values()))
    gradient = torch.cat([g.flatten() for g in grads])
    step = torch.cat([(after[key] - before[key]).flatten() for key in leaves])
    if not followed(step, gradient) >= AGREE:
        return (
            "collapsed: the first step does not go against the gradient of minus the mean cosine, through both views, on the "
            "first batch of batches(images, labels, seed, ...)"
        )


def measured(state, views, images, labels):
    """(cosine of two views, of two images, effective rank, accuracy of the probe) of an encoder, on other images."""
    with torch.no_grad():
        first, second, z = (F.normalize(outputs(state, x), dim=1).numpy() for x in (*views, images))
    cosines = first @ second.T
    n = len(cosines)
    shares = np.linalg.svd(z, compute_uv=False)
    shares = shares[shares > 0] / shares.sum()
    return (
        float(np.trace(cosines) / n),
        float((cosines.sum() - np.trace(cosines)) / (n * (n - 1))),
        float(np.exp(-(shares * np.log(shares)).sum())),
        neighbours(np.round(z, 2), labels.numpy()),
    )


def neighbours(z, labels, k=5):
    """Accuracy of a vote among the k nearest rows of the first half, for the second half."""
    half = len(z) // 2
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    nearest = np.argsort(-np.round(z[half:] @ z[:half].T, 9), axis=1, kind="stable")[:, :k]
    votes = np.stack([(labels[:half][nearest] == c).sum(axis=1) for c in range(10)], axis=1)
    return float((votes.argmax(axis=1) == labels[half:]).mean())


def end_problem(flat, spread):
    """What is wrong at the end, from what is measured of either run."""
    if flat[0] < AT_BEST:
        return f"collapsed: two views of an image have a mean cosine of {flat[0]:.3f}; its loss is not at its best"
    if flat[1] < AT_BEST or flat[2] > FLAT:
        return f"collapsed: different images have a mean cosine of {flat[1]:.3f}, the effective rank is {flat[2]:.1f}"
    if spread[2] < ROUND:
        return f"repaired: the effective rank is {spread[2]:.1f}, at least {ROUND:g} is asked"
    if spread[0] - spread[1] < APART:
        return f"repaired: two views have cosine {spread[0]:.3f}, two images {spread[1]:.3f}: too near to each other"
    if spread[3] - flat[3] < GAINED:
        return f"repaired: the probe is right in {spread[3]:.0%}, after the collapse in {flat[3]:.0%}"


@exercise.cases
def cases(rng):
    yield Case("5 images", (wanderers(rng, 5)[0], 3), compare="any")
    yield from exercise.bad_inputs(wanderers(rng, 4)[0], 3)


@exercise.property("one start, one run that agrees on everything and collapses, one that keeps images apart")
def two_runs(f, rng):
    n, seed = int(rng.integers(60, 71)), int(rng.integers(1000))
    images, labels = wanderers(rng, n + 800)
    runs = runs_of(f(images[:n], seed), NAMES, images.shape[1:])
    if isinstance(runs, str):
        return runs
    images_seen, others, labels = images[:n], images[n:], labels[n:]
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    views = [augment(others[:200], generator) for _ in range(2)]
    problem = start_problem(runs, images_seen, seed)
    return problem or end_problem(*(measured(runs[name][-1], views, others, labels) for name in NAMES))


def contrast(z1, z2, extra):
    return F.cross_entropy(F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / 0.5, torch.arange(len(z1)))


def agreement(z1, z2, extra):
    return -F.cosine_similarity(z1, z2, dim=1).mean()


def half_stopped(z1, z2, extra):
    """Stop-gradient, and no more."""
    return -(F.cosine_similarity(z1, z2.detach()).mean() + F.cosine_similarity(z2, z1.detach()).mean()) / 2


def decorrelated(z1, z2, extra):
    """Barlow Twins."""
    a, b = ((z - z.mean(0)) / (z.std(0, correction=0) + 1e-6) for z in (z1, z2))
    c = a.T @ b / len(a)
    on = c.diagonal()
    return (1 - on).square().sum() + 0.02 * (c.square().sum() - on.square().sum())


def predicted(z1, z2, extra):
    """SimSiam: outputs standardised over the batch, a linear predictor, stop-gradient."""
    z1, z2 = ((z - z.mean(0)) / (z.std(0, correction=0) + 1e-4) for z in (z1, z2))
    return (
        -(F.cosine_similarity(z1 @ extra, z2.detach()).mean() + F.cosine_similarity(z2 @ extra, z1.detach()).mean()) / 2
    )


def spread_out(z1, z2, extra):
    """VICReg."""
    loss = 25 * (z1 - z2).square().mean()
    for z in (z1, z2):
        c = torch.cov(z.T)
        off = c.square().sum() - c.diagonal().square().sum()
        loss = loss + 25 * F.relu(1 - (c.diagonal() + 1e-4).sqrt()).mean() + off / len(c)
    return loss


@exercise.formula
def collapse_and_repair(
    images,
    seed,
    *,
    bad=agreement,
    good=contrast,
    steps=100,
    few=100,
    learns=lambda seed: seed,
    other=lambda seed: seed,
    kept=list,
    named=("collapsed", "repaired"),
):
    results, seed = {}, learns(seed)
    for name, loss, rounds in zip(named, (bad, good), (few, steps), strict=True):
        encoder = make_encoder(images.shape[1:], seed if loss is bad else other(seed))
        extra = torch.eye(32, requires_grad=True)  # a predictor, where the loss has one
        optimizer = torch.optim.Adam([*encoder.parameters(), extra], lr=5e-3)
        states = [snapshot(encoder)]
        for step, (view1, view2, _) in enumerate(batches(images, torch.zeros(len(images)), seed, rounds)):
            optimizer.zero_grad()
            loss(encoder(view1), encoder(view2), extra).backward()
            optimizer.step()
            if step == 0:
                states.append(snapshot(encoder))
        results[name] = kept([*states, snapshot(encoder)])
    return results


exercise.slip("exchanged", named=("repaired", "collapsed")).says(
    "The run whose loss is at its best is the good one.",
    "Which of your two runs has the higher effective rank?",
    "The loss on nothing but agreement is at its best where everything has collapsed.",
)
exercise.slip("not repaired", good=lambda z1, z2, extra: -F.cosine_similarity(z1, z2, dim=1).mean()).says(
    "The same loss may collapse or not: it depends on the run.",
    "Do your two runs differ in anything?",
    "The repaired run needs another loss, or another architecture.",
)
exercise.slip("a stop-gradient is the repair", good=half_stopped).says(
    "A stop-gradient alone keeps the encoder from collapsing.",
    "What is the effective rank of your repaired run?",
    "By symmetry the gradient of the two terms is half of what it was: the same direction. SimSiam has a predictor, and "
    "normalises its outputs over the batch.",
)
exercise.slip("a short training is the repair", good=lambda z1, z2, extra: agreement(z1, z2, extra), steps=2).says(
    "A training that is stopped early is repaired.",
    "What has your encoder learnt after two steps?",
    "It must keep different images apart, more than the encoder at the start does.",
)
exercise.slip("a short collapse", few=1).says(
    "One step is the whole training.",
    "What is the mean cosine of two views at the end of your run?",
    "Go on until the loss is at its best: 100 steps of Adam.",
)
exercise.slip("the seed is ignored", learns=lambda seed: 0).says(
    "A fixed seed inside makes the experiment reproducible.",
    "Call it with seeds 1 and 2: do you get two runs?",
    "Pass `seed` on to make_encoder and to batches.",
)
exercise.slip("another start for the repair", other=lambda seed: seed + 1).says(
    "The repaired run may start from other weights.",
    "What differs between your two runs besides the loss?",
    "Both begin with make_encoder(images.shape[1:], seed).",
)
exercise.slip("the same tensors three times", kept=lambda states: states[-1:] * 3).says(
    "A state_dict keeps what the parameters were.",
    "Is your first snapshot the encoder before training?",
    "state_dict holds the live tensors: the optimiser changes them after you have stored them.",
    "snapshot(encoder) copies.",
)
exercise.slip("contrast for both", bad=lambda z1, z2, extra: contrast(z1, z2, extra)).says(
    "Any method collapses if it is trained long enough.",
    "What is the effective rank of your collapsed run?",
    "The collapsed run is trained on agreement only: minus the mean cosine.",
)

exercise.style("Barlow Twins", good=decorrelated)
exercise.style("SimSiam with a predictor and standardised outputs", good=predicted)
exercise.style("VICReg", good=spread_out, few=80)
