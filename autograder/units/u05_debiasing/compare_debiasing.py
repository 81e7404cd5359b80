"""compare_debiasing: what its check looks at.

Optimiser and number of steps are free, so nothing is compared with the reference. What comes back are the parameters of
a given encoder before the first step, after it and at the end; the check computes everything else itself, with its own
losses. A first step against the gradient tells on which loss, batch and views it was taken: the signs agree to 1e-10 of
the gradient's weight for float32 training with any of seven optimisers, and to no better than 1e-4 where another of the
three losses was used. That training went on shows in the loss of images that the function never saw.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs
from autograder.author.audit import followed, other_start, outputs, runs_of, wanderers
from course.training import embed, make_encoder, snapshot, train
from course.views import augment, batches

NAMES = ("biased", "debiased", "unbiased")
AGREE = 1 - 1e-5  # share of the gradient's weight (sum of |g|) whose signs the first step must follow
LEARNT = 0.1  # nats on unseen images; 60 steps gain 0.2 at least with slow SGD, 0.4 with Adam
ALIKE = 0.5  # of the distance to the debiased run; for the reference and the accepted variants it is 0.04 at most
SAME = 1e-3  # embeddings of rows of length 1 from float32 training; other labels move them by 0.1 and more

exercise = Exercise(
    "compare_debiasing",
    refuses=(
        needs(
            "images.ndim == 4 and len(images) > 1",
            {
                "images with three axes": {"images": lambda images: images[:, 0]},
                "one image": {"images": lambda images: images[:1], "labels": lambda labels: labels[:1]},
            },
        ),
        needs(
            "labels.shape == images.shape[:1]",
            {"four labels for five images": {"labels": lambda labels: labels[:4]}},
        ),
    ),
    time_limit=60.0,
    trains=True,
    hints={
        "values": ('Return {"biased": states, ...}: lists of three snapshots of the encoder that make_encoder gives.',),
        "properties": (
            "The line above says which rule fails: a size, the start, the first step, learning, or labels.",
            "snapshot(encoder) copies. Take one before the loop, one after the first optimizer.step(), one after the loop.",
            "Make a new encoder from `seed` for each loss, and ask `batches(images, labels, seed, ...)` anew.",
            "Only the unbiased loss may see labels; biased is tau_plus = 0, debiased tau_plus = 0.1, temperature 0.5.",
        ),
        "bad input": ("Two `if`s: images with four axes and n >= 2, labels of shape (n,).",),
    },
)


def gap(one, other, images):
    """Largest difference of two embeddings with rows of length 1."""
    return float((F.normalize(outputs(one, images)) - F.normalize(outputs(other, images))).abs().max())


def distance(one, other, images):
    """Root mean square difference of two embeddings with rows of length 1."""
    return float((F.normalize(outputs(one, images)) - F.normalize(outputs(other, images))).square().mean().sqrt())


def slope(loss, state, batch):
    """Gradient of loss(view1, view2, labels) by the parameters, flat."""
    leaves = {key: value.clone().requires_grad_() for key, value in state.items()}
    first, second, labels = batch
    z = outputs(leaves, torch.cat([first, second]))
    grads = torch.autograd.grad(loss(*z.chunk(2), labels), list(leaves.values()))
    return torch.cat([g.flatten() for g in grads])


def other_step(name, step, before, images, labels, seed):
    """What a first step that does not follow its own loss follows instead, in words, or ""."""
    batch = next(batches(images, labels, seed, 1))
    first, second, _ = batch
    own = losses()[name]
    tries = [
        (f"the {other} loss at the same place", loss, batch) for other, loss in losses().items() if other != name
    ] + [
        ("its own loss at temperature 1", losses(1.0)[name], batch),
        ("its own loss at temperature 0.1", losses(0.1)[name], batch),
        ("the debiased loss with tau_plus counted from the labels", with_prior_of(labels)["debiased"], batch),
        ("the debiased loss with 1 - tau_plus for tau_plus", lambda a, b, y: contrast(a, b, 0.9), batch),
        (
            "its own loss with the labels of the first images, not the batch's",
            own,
            (first, second, labels[: len(first)]),
        ),
        ("its own loss on a batch drawn with seed 0", own, next(batches(images, labels, 0, 1))),
    ]
    if followed(-step, slope(own, before, batch)) >= AGREE:
        return "; it goes with it, so that the loss is raised"
    for word, loss, there in tries:
        if followed(step, slope(loss, before, there)) >= AGREE:
            return f"; it goes against the gradient of {word}"
    return ""


def training_problem(runs, images, labels, seed, unseen):
    """The first run that does not begin where, go where, or arrive where it should; unseen = (view1, view2, labels)."""
    batch = next(batches(images, labels, seed, 1))
    for name, loss in losses().items():
        before, after, end = runs[name]
        if problem := other_start(name, before, images.shape[1:], seed):
            for other, (_, _, last) in runs.items():
                if other != name and all(torch.equal(before[key], last[key]) for key in before):
                    return f"{problem}: it is the end of the run {other}, so one encoder goes on from loss to loss"
            if all(torch.equal(before[key], end[key]) for key in before):
                return f"{problem}: it is the end, so it was no copy, or was taken after the training"
            return problem
        step = torch.cat([(after[key] - before[key]).flatten() for key in before])
        if not followed(step, slope(loss, before, batch)) >= AGREE:
            return (
                f"{name}: the first step does not go against the gradient of the {name} loss on the first batch of "
                "batches(images, labels, seed, ...)" + other_step(name, step, before, images, labels, seed)
            )
        first, second, y = unseen
        values = [float(loss(outputs(state, first), outputs(state, second), y)) for state in (before, end)]
        if not values[1] <= values[0] - LEARNT:
            return (
                f"{name}: its loss on other images went from {values[0]:.3f} to {values[1]:.3f}; {LEARNT} less is asked"
            )


@exercise.cases
def cases(rng):
    while True:  # few images; a label that occurs twice, so that labels matter
        images, labels = wanderers(rng, 5)
        if 1 < len(labels.unique()) < 5:
            break
    yield Case("5 images", (images, labels, 3, "cpu"), compare="any")
    yield from exercise.bad_inputs(images, labels, 3, "cpu")


@exercise.property(
    "three runs from one start, each on its own loss and the same batches, labels for the unbiased loss only"
)
def three_runs(f, rng):
    n, seed = int(rng.integers(33, 46)), int(rng.integers(1000))
    images, labels = wanderers(rng, 2 * n)
    images, labels, other_images, other_labels = images[:n], labels[:n], images[n:], labels[n:]
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    unseen = (augment(other_images, generator), augment(other_images, generator), other_labels)
    different = torch.from_numpy(rng.permutation(n))
    ends = []
    for y, told in ((labels, ""), (different, f"with {n} different labels: ")):
        runs = runs_of(f(images, y, seed, "cpu"), NAMES, images.shape[1:])
        problem = runs if isinstance(runs, str) else training_problem(runs, images, y, seed, unseen)
        if problem:
            return told + problem
        ends.append({name: states[-1] for name, states in runs.items()})
    first, second = ends
    for one, other in (("biased", "debiased"), ("biased", "unbiased"), ("debiased", "unbiased")):
        if gap(first[one], first[other], other_images) < SAME:
            return f"{one} and {other} end in the same encoder: another loss should give another one"
    for name in ("biased", "debiased"):
        if gap(first[name], second[name], other_images) > SAME:
            return f"{name} changes with the labels: it sees them (for tau_plus, perhaps), or something is not seeded"
    if gap(first["unbiased"], second["unbiased"], other_images) < SAME:
        return "unbiased does not change with the labels: does it see them?"
    # all labels different: no false negatives, the unbiased loss is the biased one; rounding grows in training, a little
    near, far = (distance(second["unbiased"], second[name], other_images) for name in ("biased", "debiased"))
    if not near < ALIKE * far:
        return f"with {n} different labels no negative is false, and unbiased must be biased; it is not: do the runs differ?"


def contrast(view1, view2, tau_plus=0.0, labels=None, t=0.5):
    """The three losses in one."""
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    n = len(z)
    e = torch.exp(z @ z.T / t)
    keep = ~torch.eye(n, dtype=torch.bool)
    keep = keep & keep.roll(n // 2, dims=1)
    own = (e * torch.eye(n).roll(n // 2, dims=1)).sum(dim=1)
    if labels is not None:
        y = labels.repeat(2)
        return torch.log1p((e * (y[:, None] != y)).sum(dim=1) / own).mean()
    mass = ((e * keep).sum(dim=1) - tau_plus * (n - 2) * own) / (1 - tau_plus)
    return torch.log1p(mass.clamp(min=(n - 2) * math.exp(-1 / t)) / own).mean()


def losses(t=0.5):
    return {
        "biased": lambda a, b, y: contrast(a, b, t=t),
        "debiased": lambda a, b, y: contrast(a, b, 0.1, t=t),
        "unbiased": lambda a, b, y: contrast(a, b, labels=y, t=t),
    }


def with_prior_of(labels):
    """The losses, tau_plus counted from the labels."""
    prior = (torch.bincount(labels.unique(return_inverse=True)[1]).double() / len(labels)).square().sum().item()
    return {**losses(), "debiased": lambda a, b, y: contrast(a, b, tau_plus=prior)}


def shuffled(images, labels, seed):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed + 5))
    return images[order], labels[order]


@exercise.formula
def compare_debiasing(
    images,
    labels,
    seed,
    device,
    *,
    used=lambda labels: losses(),
    steps=lambda name: 40,
    seeded=lambda seed: seed,
    start=lambda seed, run: seed,
    rows=lambda images, labels, seed: (images, labels),
    kept=list,
):
    images, labels = rows(images, labels, seed)
    seed, results = seeded(seed), {}
    for run, (name, loss) in enumerate(used(labels).items()):
        encoder = make_encoder(images.shape[1:], start(seed, run))
        optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
        states = [snapshot(encoder)]
        for step, (view1, view2, y) in enumerate(batches(images, labels, seed, steps(name))):
            optimizer.zero_grad()
            loss(encoder(view1), encoder(view2), y).backward()
            optimizer.step()
            if step in (0, steps(name) - 1):
                states.append(snapshot(encoder))
        results[name] = kept(states)
    return results


exercise.slip("not trained", kept=lambda states: states[:1] * 3).says(
    "The encoder's parameters are what is asked, trained or not.",
    "Do your three snapshots differ?",
    "Do the optimiser's steps reach the encoder of which you take snapshots?",
)
exercise.slip("the same tensors three times", kept=lambda states: states[-1:] * 3).says(
    "A state_dict keeps what the parameters were.",
    "Is your first snapshot the encoder before training?",
    "state_dict holds the live tensors: the optimiser changes them after you have stored them.",
    "snapshot(encoder) copies.",
)
exercise.slip("one step is the whole training", kept=lambda states: [states[0], states[1], states[1]]).says(
    "After the first step the encoder is trained.",
    "By how much does one step lower the loss on other images?",
    "Go on: 60 steps or so; the third snapshot comes after the last one.",
)
exercise.slip("rows in another order", rows=shuffled).says(
    "The order of the images does not matter.",
    "Which images are in your first batch, and which in the grader's?",
    "Ask `batches` for the images as they came: it shuffles them itself, by the seed.",
)
exercise.slip("one training for all three", used=lambda labels: dict.fromkeys(losses(), losses()["biased"])).says(
    "The losses differ too little to train an encoder for each.",
    "Compare your three runs: do they differ anywhere?",
    "Train three encoders from the same seed, each with its own loss.",
)
exercise.slip("tau_plus = 0 twice", used=lambda labels: {**losses(), "debiased": losses()["biased"]}).says(
    "The debiased loss corrects itself: no prior has to be given.",
    "Which tau_plus has your debiased run?",
    "Biased is tau_plus = 0, debiased is tau_plus = 0.1.",
)
exercise.slip(
    "true negatives for the debiased loss",
    used=lambda labels: {**losses(), "debiased": losses()["unbiased"]},
    steps=lambda name: 40 + (name == "debiased"),
).says(
    "The debiased loss removes the false negatives by their labels.",
    "What does the debiased loss know about a single negative?",
    "It corrects the sum over all negatives by tau_plus; labels are for the unbiased loss only.",
)
exercise.slip("the seed is ignored", seeded=lambda seed: 0).says(
    "A fixed seed inside makes the experiment reproducible.",
    "Call it with seeds 1 and 2: do you get two runs?",
    "Pass `seed` on to make_encoder and to batches.",
)
exercise.slip("another start for each loss", start=lambda seed, run: seed + run).says(
    "Each loss is a run of its own, with a seed of its own.",
    "With all labels different the unbiased loss is the biased one. Are your two runs the same then?",
    "What differs between your runs besides the loss? A gain could come from that.",
    "Use `seed` itself for the weights and the batches of all three runs.",
)
exercise.slip(
    "biased and debiased exchanged",
    used=lambda labels: {**losses(), "biased": losses()["debiased"], "debiased": losses()["biased"]},
).says(
    "The loss with the larger denominator is the debiased one.",
    "With all labels different the unbiased loss is one of the other two. Which one?",
    "Biased is tau_plus = 0: plain nt_xent.",
)
exercise.slip(
    "labels of other images",
    used=lambda labels: {**losses(), "unbiased": lambda a, b, y: contrast(a, b, labels=labels[: len(a)])},
).says(
    "The images of a batch are the first ones, and so are their labels.",
    "`batches` shuffles. Which labels belong to the two views?",
    "Those that come with them: view1, view2, y.",
)
exercise.slip("prior counted from the labels", used=with_prior_of).says(
    "tau_plus for the debiased loss may be counted from the labels.",
    "Does your debiased run change when somebody changes the labels?",
    "Debiasing is for data without labels: tau_plus = 0.1 is an assumption, not a count.",
)
exercise.slip("temperature 1", used=lambda labels: losses(1.0)).says(
    "Cosines are compared as they are: the temperature is 1.",
    "Which temperature is the default of your losses?",
    "0.5, for all three.",
)

exercise.style("more steps", steps=lambda name: 60)


@exercise.wrong(
    "embeddings returned",
    belief="What an experiment returns are the embeddings.",
    hints=(
        "What can somebody check who has only your embeddings?",
        "Return three snapshots of the encoder's parameters for each loss: the grader embeds its own images.",
    ),
)
def compare_debiasing(images, labels, seed, device):
    return {name: embed(train(loss, images, labels, seed=seed, n_steps=40), images) for name, loss in losses().items()}


@exercise.wrong(
    "pixels for embeddings",
    belief="Centred pixels are an embedding that beats the raw ones, so no training is needed.",
    hints=(
        "Which of your three losses has been trained?",
        "Each loss needs a run of its own: snapshots before, after one step, and at the end.",
    ),
)
def compare_debiasing(images, labels, seed, device):
    x = images.flatten(1) - images.flatten(1).mean(dim=0)
    noise = torch.randn(3, *x.shape, generator=torch.Generator().manual_seed(seed))
    return {name: x + 0.01 * noise[i] for i, name in enumerate(("biased", "debiased", "unbiased"))}


@exercise.accepted("SGD with momentum, float64, numpy out, validated by hand", guarded=False)
def compare_debiasing(images, labels, seed, device):
    if images.ndim != 4 or len(images) < 2 or len(labels) != len(images):
        raise ValueError(f"{tuple(images.shape)}, {tuple(labels.shape)}")
    results = {}
    for name, loss in losses().items():
        net = make_encoder(images.shape[1:], seed).double()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        seen = [{key: value.detach().numpy().copy() for key, value in net.named_parameters()}]
        for a, b, y in batches(images, labels, seed, 60):
            optimizer.zero_grad()
            loss(net(a.double()), net(b.double()), y).backward()
            optimizer.step()
            seen.append({key: value.detach().numpy().copy() for key, value in net.named_parameters()})
        results[name] = [seen[0], seen[1], seen[-1]]
    return results


@exercise.accepted("three encoders side by side on the same batches, RMSprop, state_dict")
def compare_debiasing(images, labels, seed, device):
    encoders = {name: make_encoder(images.shape[1:], seed) for name in losses()}
    optimizers = {name: torch.optim.RMSprop(net.parameters(), lr=1e-3) for name, net in encoders.items()}
    states = {name: [snapshot(net)] for name, net in encoders.items()}
    for number, (first, second, y) in enumerate(batches(images, labels, seed, 50)):
        both = torch.cat([first, second])
        for name, loss in losses().items():
            optimizers[name].zero_grad()
            loss(*encoders[name](both).chunk(2), y).backward()
            optimizers[name].step()
            if number == 0:
                states[name].append(snapshot(encoders[name]))
    return {name: [*seen, encoders[name].state_dict()] for name, seen in states.items()}


@exercise.accepted("gradient descent by hand, one list of tensors")
def compare_debiasing(images, labels, seed, device):
    results = {name: [] for name in losses()}
    for name, loss in losses().items():
        encoder = make_encoder(images.shape[1:], seed)
        weights = list(encoder.parameters())
        for step, (a, b, y) in enumerate(batches(images, labels, seed, 60)):
            if step < 2:
                results[name].append(snapshot(encoder))
            slopes = torch.autograd.grad(loss(encoder(a), encoder(b), y), weights)
            with torch.no_grad():
                for weight, g in zip(weights, slopes):
                    weight -= 0.8 * g
        results[name].append(snapshot(encoder))
    return results
