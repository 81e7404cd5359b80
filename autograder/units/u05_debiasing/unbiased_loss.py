"""unbiased_loss: what its check looks at.

Labels that are not 0, 1, 2, classes of unequal size, a class of one image, all labels different, all equal. Each batch has
a repeated label, so that ignoring the labels shows, and at least two labels, so that inverting the mask shows.
"""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "unbiased_loss",
    hints={
        "values": (
            "With labels that are all different it must be nt_xent; with labels that are all equal it must be 0.",
            "The labels of the 2B rows are torch.cat([labels, labels]). Which entries of row i stay in the softmax?",
            "Those with another label, and the partner. Mask the rest with -inf, then F.cross_entropy.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "At temperature 0.001 the logits reach 1000: which exponential overflows?",
            "Mask with -inf and use `logsumexp` or `F.cross_entropy`, which subtract the largest logit first.",
        ),
        "bad input": (
            "Besides shapes and NaN: a temperature that is not positive, B = 1, labels of another length.",
            "`validate.batch(...)`, `validate.positive(temperature=...)`, and one `if` each for B and the labels.",
        ),
    },
)


def views(rng, b, d, noise=0.7, dtype=torch.float64):
    """Two related views whose rows have lengths from about 0.05 to 20."""
    first = tensor(rng, b, d)
    second = first + noise * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-3, 3, size=(2, b, 1))).exp()
    return (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)


def labels(rng, *sizes, names=(7, -3, 40, 2)):
    """Shuffled labels, `sizes[c]` times names[c]."""
    listed = [name for name, size in zip(names, sizes) for _ in range(size)]
    return torch.from_numpy(rng.permutation(listed)).long()


@exercise.cases
def cases(rng):
    for d, t, *sizes in ((3, 0.5, 3, 2), (2, 0.2, 2, 1, 2), (6, 1.3, 2, 1), (4, 0.1, 4, 2, 1), (3, 0.07, 2, 2, 2, 1)):
        b = sum(sizes)
        label = f"B = {b}, d = {d}, classes of {sizes}, temperature {t}"
        yield Case(label, (*views(rng, b, d), labels(rng, *sizes), t), grad=(0, 1), rtol=1e-8)
    yield Case("the default temperature", (*views(rng, 5, 3), labels(rng, 2, 3)))
    yield Case("all labels different", (*views(rng, 4, 3), labels(rng, 1, 1, 1, 1), 0.5))
    yield Case("all labels equal", (*views(rng, 4, 3), labels(rng, 4), 0.5))
    yield Case("float32", (*views(rng, 6, 4, dtype=torch.float32), labels(rng, 3, 2, 1), 0.5))
    yield Case("float16", (*(x.half() for x in views(rng, 4, 4)), labels(rng, 2, 2), 0.5))
    yield Case("int32 labels", (*views(rng, 4, 3), labels(rng, 3, 1).int(), 0.5))
    yield Case("inputs that are not contiguous", (*(strided(x) for x in views(rng, 4, 3)), labels(rng, 2, 2), 0.5))
    for t in (1e-3, 1e-4):
        yield Case(
            f"temperature {t}", (*views(rng, 5, 3), labels(rng, 3, 2), t), part="stability", grad=(0,), rtol=1e-7
        )
        # unrelated views: the loss is of the size of the logits, so rounding of 1e-7 of a logit stays far below rtol
        yield Case(
            f"temperature {t}, float32",
            (tensor(rng, 5, 3).float(), tensor(rng, 5, 3).float(), labels(rng, 2, 3), t),
            part="stability",
            rtol=1e-4,
        )
    first, second = views(rng, 4, 3)
    y = labels(rng, 2, 2)
    yield Case("rows of length 1e-5 and 1e5", (1e-5 * first, 1e5 * second, y, 0.5), part="stability")
    yield bad_input("temperature 0", first, second, y, 0.0)
    yield bad_input("temperature -0.5", first, second, y, -0.5)
    yield bad_input("temperature NaN", first, second, y, math.nan)
    yield bad_input("three labels for four images", first, second, y[:3])
    yield bad_input("a label for every view", first, second, torch.cat([y, y]))
    yield bad_input("one label for all", first, second, y[:1])
    yield bad_input("B = 1", first[:1], second[:1], y[:1])
    yield bad_input("an empty batch", first[:0], second[:0], y[:0])
    yield bad_input("batch sizes that differ", first, second[:3], y)
    yield bad_input("NaN in a view", first * torch.nan, second, y)


@exercise.property("merging two classes takes candidates away, so it lowers the loss")
def monotone(f, rng):
    first, second = views(rng, 6, 3)
    fine = labels(rng, 2, 2, 2)
    coarse = torch.where(fine == -3, 7, fine)
    if not f(first, second, coarse, 0.5) < f(first, second, fine, 0.5):
        return "it did not"


@exercise.property("the names of the classes, the order of the images and of the views do not matter")
def invariance(f, rng):
    first, second = views(rng, 5, 3)
    y = labels(rng, 2, 3)
    value, order = f(first, second, y, 0.4), torch.from_numpy(rng.permutation(5))
    others = {
        "renaming the classes": f(first, second, 5 - 2 * y, 0.4),
        "permuting the images": f(first[order], second[order], y[order], 0.4),
        "exchanging the views": f(second, first, y, 0.4),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def checked(view1, view2, labels, temperature):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if view1.shape[0] < 2 or tuple(labels.shape) != (view1.shape[0],):
        raise ValueError(f"B = {view1.shape[0]}, labels {tuple(labels.shape)}")


@exercise.accepted("double loop", uses=(checked,))
def unbiased_loss(view1, view2, labels, temperature=0.5):
    checked(view1, view2, labels, temperature)
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    n, y = len(z), labels.tolist() * 2
    losses = []
    for i in range(n):
        j = (i + n // 2) % n
        kept = [j] + [k for k in range(n) if y[k] != y[i]]
        logits = torch.stack([z[i] @ z[k] for k in kept]) / temperature
        losses.append(torch.logsumexp(logits, 0) - logits[0])
    return torch.stack(losses).mean()


@exercise.accepted("positive in a column of its own", uses=(checked,))
def unbiased_loss(view1, view2, labels, temperature=0.5):
    checked(view1, view2, labels, temperature)
    a, b = F.normalize(view1, dim=1), F.normalize(view2, dim=1)
    different = labels.view(-1, 1) != labels.view(1, -1)

    def side(x, y):
        positive = (x * y).sum(dim=1, keepdim=True)
        negatives = torch.cat([x @ y.T, x @ x.T], dim=1).masked_fill(~different.repeat(1, 2), -torch.inf)
        return -F.log_softmax(torch.cat([positive, negatives], dim=1) / temperature, dim=1)[:, 0]

    return torch.cat([side(a, b), side(b, a)]).mean()


@exercise.accepted("softplus of the negatives' log-sum-exp", uses=(checked,))
def unbiased_loss(view1, view2, labels, temperature=0.5):
    checked(view1, view2, labels, temperature)
    z = torch.vstack([view1, view2])
    z = z / torch.linalg.vector_norm(z, dim=1, keepdim=True)
    classes = torch.unique(labels, return_inverse=True)[1].repeat(2)
    logits = torch.einsum("id,kd->ik", z, z) / temperature
    blocked = torch.where(torch.eq(classes[:, None], classes[None, :]), -torch.inf, logits)
    positive = (z * z.roll(len(view1), 0)).sum(1) / temperature
    some = torch.isfinite(blocked).any(dim=1)
    lead = blocked[some].logsumexp(1) - positive[some]
    return F.softplus(lead, threshold=40).sum() / len(z) + 0 * z.sum()


def similarities(view1, view2, temperature):
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    return z @ z.T / temperature


def partners(n):
    return torch.arange(2 * n).roll(n)


def itself(n):
    return torch.eye(n, dtype=torch.bool)


@exercise.wrong(
    "labels ignored",
    belief="All other views are candidates.",
    hints=("Does your loss depend on the labels?", "Views with the anchor's label leave the denominator."),
    uses=(similarities, partners, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits = similarities(view1, view2, temperature)
    return F.cross_entropy(logits.masked_fill(itself(len(logits)), -torch.inf), partners(len(view1)))


@exercise.wrong(
    "the positive removed too",
    belief="All views with the anchor's label leave the denominator, the positive among them.",
    hints=(
        "With all labels different your loss is not nt_xent. Which candidate is missing?",
        "The positive has the anchor's label and stays: it is in the denominator of every softmax here.",
    ),
    uses=(similarities, partners),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y = similarities(view1, view2, temperature), torch.cat([labels, labels])
    negatives = logits.masked_fill(y[:, None] == y, -torch.inf)
    return (negatives.logsumexp(dim=1) - logits[torch.arange(len(y)), partners(len(view1))]).mean()


@exercise.wrong(
    "same class kept, other classes removed",
    belief="Candidates are the views of the anchor's class.",
    hints=(
        "With all labels equal your loss should be 0. What is it?",
        "Negatives are the views with another label: invert the mask.",
    ),
    uses=(similarities, partners, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y = similarities(view1, view2, temperature), torch.cat([labels, labels])
    gone = (y[:, None] != y) | itself(len(y))
    return F.cross_entropy(logits.masked_fill(gone, -torch.inf), partners(len(view1)))


@exercise.wrong(
    "every view of the class is a positive",
    belief="With labels, all views of the anchor's class are positives (a supervised contrastive loss).",
    hints=(
        "How many positives does an anchor have here?",
        "One, the other view of its image. Other images of the class are neither positive nor negative.",
    ),
    uses=(similarities, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y = similarities(view1, view2, temperature), torch.cat([labels, labels])
    same = (y[:, None] == y) & ~itself(len(y))
    logs = logits.masked_fill(itself(len(y)), -torch.inf).log_softmax(dim=1)
    return -(torch.where(same, logs, 0).sum(dim=1) / same.sum(dim=1)).mean()


@exercise.wrong(
    "same class in the numerator",
    belief="The views of the anchor's class move from the denominator's negatives to the numerator.",
    hints=(
        "Change a view of another image of the same class: your loss moves, and it should not.",
        "Views of other images with the anchor's label appear nowhere.",
    ),
    uses=(similarities, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y = similarities(view1, view2, temperature), torch.cat([labels, labels])
    logits = logits.masked_fill(itself(len(y)), -torch.inf)
    return (logits.logsumexp(dim=1) - logits.masked_fill(y[:, None] != y, -torch.inf).logsumexp(dim=1)).mean()


@exercise.wrong(
    "false negatives removed from one view only",
    belief="Labels matter where an anchor is compared with the other view.",
    hints=(
        "An anchor is compared with 2B - 1 views. Which of them have a label?",
        "All: also the rows of the anchor's own view must be masked by label.",
    ),
    uses=(similarities, partners, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, n = similarities(view1, view2, temperature), len(view1)
    same = (labels[:, None] == labels) & ~itself(n)
    none = torch.zeros_like(same)
    gone = torch.cat([torch.cat([none, same], 1), torch.cat([same, none], 1)]) | itself(2 * n)
    return F.cross_entropy(logits.masked_fill(gone, -torch.inf), partners(n))


@exercise.wrong(
    "logits of false negatives set to zero",
    belief="A logit of 0 takes a candidate out of the softmax.",
    hints=(
        "exp(0) = 1: a candidate with logit 0 still counts.",
        "Its exponential must be 0: set the logit to -inf.",
    ),
    uses=(similarities, partners, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y, n = similarities(view1, view2, temperature), torch.cat([labels, labels]), len(view1)
    kept = y[:, None] != y
    kept[torch.arange(2 * n), partners(n)] = True
    return F.cross_entropy((logits * kept).masked_fill(itself(2 * n), -torch.inf), partners(n))


@exercise.wrong(
    "rest scaled up to all negatives",
    belief="The negatives that are left are weighted so that they count as 2B - 2.",
    hints=(
        "At total collapse, what is your denominator, and which candidates did the text list?",
        "No weights: the sum runs over the views with another label, however many there are.",
    ),
    uses=(similarities, partners),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y, n = similarities(view1, view2, temperature), torch.cat([labels, labels]), len(view1)
    different = y[:, None] != y
    positive = logits[torch.arange(2 * n), partners(n)]
    scale = torch.log((2 * n - 2) / different.sum(dim=1).clamp(min=1).to(logits.dtype))
    rest = logits.masked_fill(~different, -torch.inf).logsumexp(dim=1) + scale
    return (torch.logaddexp(positive, rest) - positive).mean()


@exercise.wrong(
    "the anchor is its own candidate",
    belief="The anchor itself stays among the candidates.",
    hints=(
        "With all labels equal your loss should be 0. What is it?",
        "An anchor is no candidate: mask the diagonal with -inf.",
    ),
    uses=(similarities, partners, itself),
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    logits, y, n = similarities(view1, view2, temperature), torch.cat([labels, labels]), len(view1)
    kept = (y[:, None] != y) | itself(2 * n)
    kept[torch.arange(2 * n), partners(n)] = True
    return F.cross_entropy(logits.masked_fill(~kept, -torch.inf), partners(n))
