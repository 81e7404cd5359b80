"""compare_debiasing: what its check looks at.

The answer depends on the learner's own network, optimiser and number of steps, so nothing is compared with the
reference: the check draws the images, measures the accuracies itself from the embeddings that come back, and calls again
with permuted labels. Digits at random places of a canvas: raw pixels (0.3) and untrained networks (0.25) are poor there,
60 steps of any sane training reach 0.45. The margin asked for, 0.1, is half of what that gains.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import data
from course.check.case import Case, bad_input
from course.debias_experiment import scattered

N_IMAGES = 240
MARGIN = 0.1
NAMES = ("biased", "debiased", "unbiased")
ALIKE = 0.5  # of the distance to the debiased run; for the reference and the accepted variants it is 0.04 at most
SAME = 1e-3  # embeddings of rows of length 1 from float32 training; other labels move them by 0.1 and more

exercise = Exercise(
    "compare_debiasing",
    time_limit=60.0,
    trains=True,
    hints={
        "values": ('Return {"biased": z, "debiased": z, "unbiased": z}, each z of shape (n, d).',),
        "properties": (
            "The line above says which rule fails. Accuracies you can measure with the cell below the check.",
            "Train a new encoder from the same seed for each loss; embed the images in their own order, after training.",
            "Only the unbiased loss may see labels; seed every random number (weights, batches, augmentations) by `seed`.",
        ),
        "bad input": ("Two `if`s: images with four axes and n >= 2, labels of shape (n,).",),
    },
)


def wanderers(rng, n):
    """n digits at random places of a 10 x 10 canvas, and their labels."""
    images, labels = data.load_digits()
    chosen = torch.from_numpy(rng.permutation(len(images))[:n])
    return scattered(images[chosen], 10, int(rng.integers(2**31))), labels[chosen]


def nearest_mean_accuracy(z, labels):
    """Class means on the first half of the rows, accuracy on the second half."""
    z, labels = np.asarray(z, dtype=float).reshape(len(z), -1), np.asarray(labels)
    half, classes = len(z) // 2, np.unique(labels[: len(z) // 2])
    means = np.stack([z[:half][labels[:half] == c].mean(axis=0) for c in classes])
    distances = (z**2).sum(axis=1)[half:, None] - 2 * z[half:] @ means.T + (means**2).sum(axis=1)
    return float((classes[distances.argmin(axis=1)] == labels[half:]).mean())


def unit_rows(z):
    z = np.asarray(z, dtype=float)
    return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)


def gap(a, b):
    """Largest difference of two embeddings after scaling rows to length 1; infinite where the shapes differ."""
    return np.abs(unit_rows(a) - unit_rows(b)).max() if np.shape(a) == np.shape(b) else np.inf


def distance(a, b):
    """Root mean square difference of two embeddings, rows scaled to length 1; infinite where the shapes differ."""
    return float(np.sqrt(((unit_rows(a) - unit_rows(b)) ** 2).mean())) if np.shape(a) == np.shape(b) else np.inf


def form_problem(answer, n, equal=()):
    """What is wrong with the form of an answer, or None. equal: names that may have the embedding of another one."""
    if not isinstance(answer, dict) or set(answer) != set(NAMES):
        return 'the answer must be a dict with the keys "biased", "debiased", "unbiased"'
    for name in NAMES:
        z = np.asarray(answer[name])
        if z.dtype.kind != "f" or z.ndim != 2 or len(z) != n or z.shape[1] < 1:
            return f"{name} must be floats of shape ({n}, d), got {z.dtype} {z.shape}"
        if not np.isfinite(z).all():
            return f"{name} holds NaN or infinity"
    for one, other in (("biased", "debiased"), ("biased", "unbiased"), ("debiased", "unbiased")):
        if not {one, other} & set(equal) and gap(answer[one], answer[other]) < SAME:
            return f"{one} and {other} are the same embedding: another loss should give another one"


@exercise.cases
def cases(rng):
    images, labels = wanderers(rng, 5)  # few: the public check stores what each misconception makes of them
    yield Case("5 images", (images, labels, 3, "cpu"), compare="any")
    yield bad_input("images with three axes", images[:, 0], labels, 3, "cpu")
    yield bad_input("four labels for five images", images, labels[:4], 3, "cpu")
    yield bad_input("one image", images[:1], labels[:1], 3, "cpu")


@exercise.property("three trained embeddings, of which labels touch the unbiased one only")
def measured(f, rng):
    images, labels = wanderers(rng, N_IMAGES)
    images[-1], labels[-1] = images[-2], labels[-2]
    seed = int(rng.integers(1000))
    answer = f(images, labels, seed, "cpu")
    problem = form_problem(answer, N_IMAGES)
    if problem:
        return problem
    raw = nearest_mean_accuracy(images, labels)
    for name in NAMES:
        accuracy = nearest_mean_accuracy(answer[name], labels)
        if not accuracy >= raw + MARGIN:
            return f"{name}: accuracy {accuracy:.3f}, raw pixels {raw:.3f}, and {MARGIN} more is asked"
    for name in NAMES:
        if gap(answer[name][-1:], answer[name][-2:-1]) > SAME:
            return f"{name}: the last two images are equal, their embeddings are not; embed the images without augmentation"
    other = f(images, torch.from_numpy(rng.permutation(N_IMAGES)), seed, "cpu")
    problem = form_problem(other, N_IMAGES, {"unbiased"})
    if problem:
        return f"with 240 different labels: {problem}"
    for name in ("biased", "debiased"):
        if gap(answer[name], other[name]) > SAME:
            return f"{name} changes with the labels: it sees them (for tau_plus, perhaps), or something is not seeded"
    if gap(answer["unbiased"], other["unbiased"]) < SAME:
        return "unbiased does not change with the labels: does it see them?"
    # all labels different: no false negatives, the unbiased loss is the biased one; rounding grows in training, a little
    to_biased, to_debiased = (distance(other["unbiased"], other[name]) for name in ("biased", "debiased"))
    if not to_biased < ALIKE * to_debiased:
        return (
            "with 240 different labels no negative is false, and unbiased must be biased; it is not: do the runs differ in "
            "more than the loss (start, batches, views), are names exchanged, or is tau_plus not 0 for biased?"
        )


@exercise.property("another seed gives another run")
def seeded(f, rng):
    images, labels = wanderers(rng, 24)
    if gap(f(images, labels, 1, "cpu")["biased"], f(images, labels, 2, "cpu")["biased"]) < SAME:
        return "seeds 1 and 2 give the same embeddings: five seeds would be one run, repeated"


def checked(images, labels):
    if images.ndim != 4 or len(images) < 2 or labels.shape != images.shape[:1]:
        raise ValueError(f"{tuple(images.shape)}, {tuple(labels.shape)}")


def contrast(view1, view2, tau_plus=0.0, labels=None):
    """The three losses in one, temperature 0.5."""
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    n = len(z)
    e = torch.exp(2 * z @ z.T)
    keep = ~torch.eye(n, dtype=torch.bool)
    keep = keep & keep.roll(n // 2, dims=1)
    own = (e * torch.eye(n).roll(n // 2, dims=1)).sum(dim=1)
    if labels is not None:
        y = labels.repeat(2)
        return torch.log1p((e * (y[:, None] != y)).sum(dim=1) / own).mean()
    mass = ((e * keep).sum(dim=1) - tau_plus * (n - 2) * own) / (1 - tau_plus)
    return torch.log1p(mass.clamp(min=(n - 2) * math.exp(-2)) / own).mean()


def losses():
    return {
        "biased": lambda a, b, y: contrast(a, b),
        "debiased": lambda a, b, y: contrast(a, b, 0.1),
        "unbiased": lambda a, b, y: contrast(a, b, labels=y),
    }


@exercise.accepted("the course's training, other losses", uses=(checked, contrast, losses))
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    return {
        name: embed(train(loss, images, labels, seed=seed, n_steps=100, device=device), images)
        for name, loss in losses().items()
    }


@exercise.accepted("a loop of one's own, SGD, another network, numpy out", uses=(checked, contrast, losses))
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import augment

    checked(images, labels)
    results = {}
    for name, loss in losses().items():
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 24, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(24)
        )
        net(images[:1])
        optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
        generator = torch.Generator().manual_seed(seed + 1)
        for _ in range(100):
            rows = torch.randint(len(images), (64,), generator=generator).unique()
            a, b = (net(augment(images[rows], generator, noise=0.05)) for _ in range(2))
            optimizer.zero_grad()
            loss(a, b, labels[rows]).backward()
            optimizer.step()
        results[name] = net(images).detach().numpy()
    return results


@exercise.accepted("three encoders side by side on the same batches, float64 out", uses=(checked, contrast, losses))
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import augment, make_encoder

    checked(images, labels)
    encoders = {name: make_encoder(images.shape[1:], seed, dim=16) for name in losses()}
    optimizers = {name: torch.optim.Adam(net.parameters(), lr=0.01) for name, net in encoders.items()}
    generator = torch.Generator().manual_seed(seed)
    for _ in range(90):
        rows = torch.randperm(len(images), generator=generator)[:60]
        first, second = augment(images[rows], generator), augment(images[rows], generator)
        for name, loss in losses().items():
            optimizers[name].zero_grad()
            loss(encoders[name](first), encoders[name](second), labels[rows]).backward()
            optimizers[name].step()
    return {name: net(images).detach().double() for name, net in encoders.items()}


@exercise.wrong(
    "constant embeddings",
    belief="The embedding is one vector for the data set.",
    hints=("Two images have the same row. Which classifier could tell them apart?", "Row i embeds image i."),
    uses=(checked,),
)
def compare_debiasing(images, labels, seed, device):
    checked(images, labels)
    return {name: torch.full((len(images), 8), float(i)) for i, name in enumerate(("biased", "debiased", "unbiased"))}


@exercise.wrong(
    "not trained",
    belief="The encoder's outputs are embeddings, trained or not.",
    hints=(
        "How does the accuracy compare with raw pixels?",
        "Do the optimiser's steps reach the encoder that embeds the images at the end?",
    ),
    uses=(checked,),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, make_encoder

    checked(images, labels)
    names = ("biased", "debiased", "unbiased")
    return {name: embed(make_encoder(images.shape[1:], seed + i), images) for i, name in enumerate(names)}


@exercise.wrong(
    "rows in another order",
    belief="The order of the embeddings does not matter.",
    hints=(
        "The labels that the grader has belong to images[0], images[1], ... To which image does your row 0 belong?",
        "Embed `images` as they came, not a shuffled copy and not the batches of the last epoch.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    images, labels = images[order], labels[order]
    return {name: embed(train(loss, images, labels, seed=seed, n_steps=60), images) for name, loss in losses().items()}


@exercise.wrong(
    "one training for all three",
    belief="The losses differ too little to train an encoder for each.",
    hints=(
        "Compare your three embeddings: do they differ anywhere?",
        "Train three encoders from the same seed, each with its own loss.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    z = embed(train(losses()["biased"], images, labels, seed=seed, n_steps=60), images)
    return {"biased": z, "debiased": z, "unbiased": z}


@exercise.wrong(
    "tau_plus = 0 twice",
    belief="The debiased loss corrects itself: no prior has to be given.",
    hints=(
        "Which tau_plus has your debiased run?",
        "Biased is tau_plus = 0, debiased is tau_plus = 0.1.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    z = embed(train(losses()["biased"], images, labels, seed=seed, n_steps=70), images)
    oracle = embed(train(losses()["unbiased"], images, labels, seed=seed, n_steps=70), images)
    return {"biased": z, "debiased": z.clone(), "unbiased": oracle}


@exercise.wrong(
    "labels as embeddings",
    belief="An embedding that separates the classes is what is asked, however it is made.",
    hints=(
        "What would you return for images whose labels nobody knows?",
        "Biased and debiased must come back the same when the labels are permuted.",
    ),
    uses=(checked,),
)
def compare_debiasing(images, labels, seed, device):
    checked(images, labels)
    one_hot = (labels[:, None] == torch.arange(10)).float()
    noise = torch.randn(3, len(images), 10, generator=torch.Generator().manual_seed(seed))
    return {name: one_hot + 0.1 * noise[i] for i, name in enumerate(("biased", "debiased", "unbiased"))}


@exercise.wrong(
    "true negatives for the debiased loss",
    belief="The debiased loss removes the false negatives by their labels.",
    hints=(
        "What does the debiased loss know about a single negative?",
        "It corrects the sum over all negatives by tau_plus; labels are for the unbiased loss only.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    z = {}
    for name, steps in (("biased", 60), ("debiased", 61), ("unbiased", 60)):
        loss = losses()["biased" if name == "biased" else "unbiased"]
        z[name] = embed(train(loss, images, labels, seed=seed, n_steps=steps), images)
    return z


@exercise.wrong(
    "the seed is ignored",
    belief="A fixed seed inside makes the experiment reproducible.",
    hints=(
        "Call it with seeds 1 and 2: do you get two runs?",
        "Pass `seed` on to the weights, the batches and the augmentations.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    return {name: embed(train(loss, images, labels, seed=0, n_steps=80), images) for name, loss in losses().items()}


@exercise.wrong(
    "another start for each loss",
    belief="Each loss is a run of its own, with a seed of its own.",
    hints=(
        "With all labels different the unbiased loss is the biased one. Are your two embeddings the same then?",
        "What differs between your runs besides the loss? A gain could come from that.",
        "Use `seed` itself for the weights, the batches and the views of all three runs.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    return {
        name: embed(train(loss, images, labels, seed=10 * seed + i, n_steps=100), images)
        for i, (name, loss) in enumerate(losses().items())
    }


@exercise.wrong(
    "biased and debiased exchanged",
    belief="The loss with the larger denominator is the debiased one.",
    hints=(
        "With all labels different the unbiased loss is one of the other two. Which one?",
        "Biased is tau_plus = 0: plain nt_xent.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    z = {name: embed(train(loss, images, labels, seed=seed, n_steps=100), images) for name, loss in losses().items()}
    return {"biased": z["debiased"], "debiased": z["biased"], "unbiased": z["unbiased"]}


@exercise.wrong(
    "views embedded",
    belief="The embedding of an image is that of one of its views.",
    hints=(
        "Two equal images: do they get equal rows?",
        "Augmentation is for training. Embed `images` as they came.",
    ),
    uses=(checked, contrast, losses),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import augment, embed, train

    checked(images, labels)
    generator = torch.Generator().manual_seed(seed)
    return {
        name: embed(train(loss, images, labels, seed=seed, n_steps=100), augment(images, generator))
        for name, loss in losses().items()
    }


@exercise.wrong(
    "prior counted from the labels",
    belief="tau_plus for the debiased loss may be counted from the labels.",
    hints=(
        "Does your debiased run change when somebody changes the labels?",
        "Debiasing is for data without labels: tau_plus = 0.1 is an assumption, not a count.",
    ),
    uses=(checked, contrast),
)
def compare_debiasing(images, labels, seed, device):
    from course.debias_experiment import embed, train

    checked(images, labels)
    prior = (torch.bincount(labels.unique(return_inverse=True)[1]).double() / len(labels)).square().sum().item()
    losses = {
        "biased": lambda v1, v2, y: contrast(v1, v2),
        "debiased": lambda v1, v2, y: contrast(v1, v2, tau_plus=prior),
        "unbiased": lambda v1, v2, y: contrast(v1, v2, labels=y),
    }
    return {name: embed(train(loss, images, labels, seed=seed, n_steps=100), images) for name, loss in losses.items()}
