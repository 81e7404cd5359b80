"""triplet_objective: what its check looks at. A sum, so batches of more than one; dot products, so norms other than 1."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "triplet_objective",
    hints={
        "values": ("For z2 = z3 every logit is 0 and the sum is n ln 2.",),
        "gradient": ("Stay in torch: no .item(), no numpy on the way.",),
        "stability": ("e^t overflows beyond t = 709; F.softplus and logaddexp do not.",),
        "bad input": ("validate.batch(z1=z1, z2=z2, z3=z3).",),
        "properties": ("The sum over two halves of the triplets is the sum over all.",),
    },
)


@exercise.cases
def cases(rng):
    for n, d in ((4, 3), (5, 2), (1, 4)):
        yield Case(f"n = {n}, d = {d}", tuple(tensor(rng, n, d, scale=1.3) for _ in range(3)), grad=(0, 1, 2))
    yield Case(
        "rows of length 0.1 and 10", tuple(tensor(rng, 4, 3) * torch.tensor([[0.1], [10], [1], [3]]) for _ in "123")
    )
    yield Case("not contiguous", tuple(strided(tensor(rng, 3, 4)) for _ in range(3)), grad=(0,))
    yield Case("float32", tuple(tensor(rng, 5, 3, dtype=torch.float32) for _ in range(3)), grad=(0,))
    yield Case("float16", tuple(tensor(rng, 4, 3, dtype=torch.float16) for _ in range(3)))
    a, b = tensor(rng, 2, 3, scale=100.0), tensor(rng, 2, 3, scale=100.0)
    yield Case("logits of 1e4", (a, -a, a), part="stability", grad=(0, 1, 2))
    yield Case("logits of -1e4", (a, a, -a), part="stability")
    yield Case("logits of 1e4, float32", (b.float(), -b.float(), b.float()), part="stability")
    z = [tensor(rng, 3, 3) for _ in range(3)]
    yield bad_input("unequal shapes", z[0], z[1], z[2][:2])
    yield bad_input("another dimension", z[0], z[1][:, :2], z[2])
    yield bad_input("an empty batch", *(x[:0] for x in z))
    yield bad_input("NaN in z3", z[0], z[1], z[2] * torch.nan)


@exercise.property("it is a sum over triplets, and never below n ln(1 + e^{-2 C^2})")
def additive(f, rng):
    z = [tensor(rng, 7, 3, scale=float(rng.uniform(0.3, 1.5))) for _ in range(3)]
    whole, parts = f(*z), f(*(x[:3] for x in z)) + f(*(x[3:] for x in z))
    if abs(whole - parts) > 1e-9:
        return "two parts of the triplets do not add up to all of them"
    largest = max(float(x.norm(dim=1).max()) for x in z)
    if whole < 7 * math.log1p(math.exp(-2 * largest**2)) - 1e-9:
        return "it lies below what norms of at most C allow"
    edge = torch.nn.functional.normalize(tensor(rng, 5, 3), dim=1)
    if abs(f(edge, edge, -edge) - 5 * math.log1p(math.exp(-2))) > 1e-9:
        return "for z1 = z2 = -z3 of norm 1 it must be n ln(1 + e^-2)"


def checked(z1, z2, z3):
    validate.batch(z1=z1, z2=z2, z3=z3)
    return (z1 * (z3 - z2)).sum(dim=1)


@exercise.accepted("cross entropy of two logits", uses=(checked,))
def triplet_objective(z1, z2, z3):
    checked(z1, z2, z3)
    logits = torch.stack([(z1 * z2).sum(1), (z1 * z3).sum(1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(z1), dtype=torch.long), reduction="sum")


@exercise.accepted("loop, logaddexp", uses=(checked,))
def triplet_objective(z1, z2, z3):
    total = torch.zeros((), dtype=z1.dtype)
    for t in checked(z1, z2, z3):
        total = total + torch.logaddexp(torch.zeros_like(t), t)
    return total


@exercise.accepted("minus logsigmoid", uses=(checked,))
def triplet_objective(z1, z2, z3):
    validate.batch(z1=z1, z2=z2, z3=z3)
    return -F.logsigmoid(torch.einsum("nd,nd->n", z1, z2 - z3)).sum()


@exercise.wrong(
    "mean instead of sum",
    belief="A loss is the mean over the triplets.",
    hints=(
        "Your values are the right ones divided by n.",
        "Equation (11) is a sum; the learning rate and the constants of section 4 belong to the sum.",
        "Replace mean() by sum().",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    return F.softplus(checked(z1, z2, z3)).mean()


@exercise.wrong(
    "positive and negative exchanged",
    belief="The logit is z1.(z2 - z3).",
    hints=(
        "Does your objective fall when the positive comes closer to the anchor?",
        "It must grow with z1.z3 and fall with z1.z2.",
        "The logit is z1.(z3 - z2).",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    return F.softplus(-checked(z1, z2, z3)).sum()


@exercise.wrong(
    "cosine similarity",
    belief="Similarity is the cosine.",
    hints=(
        "Multiply z1 by 5: your value does not change. Should it?",
        "Section 4 uses inner products as they are; the norms are what Assumption 2 bounds.",
        "Do not normalise.",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    checked(z1, z2, z3)
    a, p, n = (F.normalize(z, dim=1) for z in (z1, z2, z3))
    return F.softplus((a * (n - p)).sum(dim=1)).sum()


@exercise.wrong(
    "squared distances",
    belief="A triplet loss compares squared distances.",
    hints=(
        "Which quantity stands in the exponent of (11)?",
        "A distance would bring in |z2|^2 and |z3|^2, which are not there.",
        "Use z1.(z3 - z2).",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    checked(z1, z2, z3)
    return F.softplus(((z1 - z2) ** 2).sum(dim=1) - ((z1 - z3) ** 2).sum(dim=1)).sum()


@exercise.wrong(
    "all anchors against all candidates",
    belief="Each anchor is compared with the positives and negatives of all triplets.",
    hints=(
        "How many terms has your sum for n = 4?",
        "Triplet i has its own positive and its own negative: n terms, not n^2.",
        "(z1 * (z3 - z2)).sum(dim=1), not z1 @ (z3 - z2).T.",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    checked(z1, z2, z3)
    return F.softplus(z1 @ (z3 - z2).T).sum()


@exercise.wrong(
    "one exponential after the other",
    belief="log(1 + exp(t)) can be computed as it is written.",
    hints=(
        "What is torch.exp(torch.tensor(1000.0))?",
        "The answer for t = 1e4 is 1e4, but exp(1e4) is infinite.",
        "F.softplus(t).",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    return torch.log(1 + torch.exp(checked(z1, z2, z3))).sum()


@exercise.wrong(
    "base-2 logarithm",
    belief="The base of the logarithm does not matter.",
    hints=(
        "Your values are the right ones divided by ln 2.",
        "Lemma 4 uses -ln(1 - x) <= x / (1 - x), which is false in base 2.",
        "Natural logarithm.",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    return F.softplus(checked(z1, z2, z3)).sum() / math.log(2)


@exercise.wrong(
    "numpy in between",
    belief="The value is all that matters.",
    hints=(
        "Call .backward() on your answer: what happens?",
        "Numpy forgets how a number was made, so no gradient can flow.",
        "Use torch functions throughout.",
    ),
    uses=(checked,),
)
def triplet_objective(z1, z2, z3):
    logits = checked(z1, z2, z3).detach().double().numpy()
    return torch.tensor(np.logaddexp(0.0, logits).sum(), dtype=z1.dtype)
