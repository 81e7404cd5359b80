"""triplet_objective: what its check looks at. A sum, so batches of more than one; dot products, so norms other than
1."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u08_convergence.draws import triplet

exercise = Exercise(
    "triplet_objective",
    refuses=(batch(z1="z1", z2="z2", z3="z3"),),
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
        yield Case(f"n = {n}, d = {d}", triplet(rng, n, d, scale=1.3), grad=(0, 1, 2))
    n, d = odd_sizes(rng, 2)
    yield Case(f"n = {n}, d = {d}", triplet(rng, n, d, scale=0.5), grad=(0, 1, 2), public=False)
    lengths = torch.tensor([[0.1], [10], [1], [3]])
    yield Case("rows of length 0.1 and 10", tuple(x * lengths for x in triplet(rng, 4, 3)))
    yield Case("not contiguous", tuple(map(strided, triplet(rng, 3, 4))), grad=(0,))
    yield Case("float32", triplet(rng, 5, 3, dtype=torch.float32), grad=(0,))
    yield Case("float16", triplet(rng, 4, 3, dtype=torch.float16))
    a, b = tensor(rng, 2, 3, scale=100.0), tensor(rng, 2, 3, scale=100.0)
    yield Case("logits of 1e4", (a, -a, a), part="stability", grad=(0, 1, 2))
    yield Case("logits of -1e4", (a, a, -a), part="stability")
    yield Case("logits of 1e4, float32", (b.float(), -b.float(), b.float()), part="stability")
    yield from exercise.bad_inputs(*triplet(rng, 3, 3))


@exercise.property("it is a sum over triplets, and never below n ln(1 + e^{-2 C^2})")
def additive(f, rng):
    z = [tensor(rng, 7, 3, scale=float(rng.uniform(0.3, 1.5))) for _ in range(3)]
    whole, parts = f(*z), f(*(x[:3] for x in z)) + f(*(x[3:] for x in z))
    if abs(whole - parts) > 1e-9:
        return "two parts of the triplets do not add up to all of them"
    largest = max(float(x.norm(dim=1).max()) for x in z)
    if whole < 7 * math.log1p(math.exp(-2 * largest**2)) - 1e-9:
        return "it lies below what norms of at most C allow"
    edge = F.normalize(tensor(rng, 5, 3), dim=1)
    if abs(f(edge, edge, -edge) - 5 * math.log1p(math.exp(-2))) > 1e-9:
        return "for z1 = z2 = -z3 of norm 1 it must be n ln(1 + e^-2)"


@exercise.formula
def triplet_objective(
    z1,
    z2,
    z3,
    *,
    scaled=lambda z: z,
    logits=lambda a, p, n: (a * (n - p)).sum(dim=1),
    sign=1,
    cost=F.softplus,
    pool=torch.sum,
    unit=1.0,
):
    return pool(cost(sign * logits(scaled(z1), scaled(z2), scaled(z3)))) / unit


exercise.slip("mean instead of sum", pool=torch.mean).says(
    "A loss is the mean over the triplets.",
    "Your values are the right ones divided by n.",
    "Equation (11) is a sum; the learning rate and the constants of section 4 belong to the sum.",
    "Replace mean() by sum().",
)
exercise.slip("positive and negative exchanged", sign=-1).says(
    "The logit is z1.(z2 - z3).",
    "Does your objective fall when the positive comes closer to the anchor?",
    "It must grow with z1.z3 and fall with z1.z2.",
    "The logit is z1.(z3 - z2).",
)
exercise.slip("cosine similarity", scaled=lambda z: F.normalize(z, dim=1)).says(
    "Similarity is the cosine.",
    "Multiply z1 by 5: your value does not change. Should it?",
    "Section 4 uses inner products as they are; the norms are what Assumption 2 bounds.",
    "Do not normalise.",
)
exercise.slip("squared distances", logits=lambda a, p, n: ((a - p) ** 2).sum(dim=1) - ((a - n) ** 2).sum(dim=1)).says(
    "A triplet loss compares squared distances.",
    "Which quantity stands in the exponent of (11)?",
    "A distance would bring in |z2|^2 and |z3|^2, which are not there.",
    "Use z1.(z3 - z2).",
)
exercise.slip("all anchors against all candidates", logits=lambda a, p, n: a @ (n - p).T).says(
    "Each anchor is compared with the positives and negatives of all triplets.",
    "How many terms has your sum for n = 4?",
    "Triplet i has its own positive and its own negative: n terms, not n^2.",
    "(z1 * (z3 - z2)).sum(dim=1), not z1 @ (z3 - z2).T.",
)
exercise.slip("sum inside the logarithm", cost=lambda t: F.softplus(t.sum())).says(
    "The logits may be added up before ln(1 + e^t) is taken.",
    "Your values are right for n = 1. Is zeta(s + t) the same as zeta(s) + zeta(t)?",
    "Each triplet has its own logarithm; one that is right cannot pay for one that is wrong.",
    "F.softplus(logits).sum(), not F.softplus(logits.sum()).",
)
exercise.slip("one logarithm for all", cost=lambda t: torch.logsumexp(torch.cat([t, t.new_zeros(1)]), dim=0)).says(
    "All triplets share one logarithm, ln(1 + sum of e^t).",
    "Your values are right for n = 1. What are they where all logits are 0? n ln 2 is right.",
    "The triplets are not negatives of one anchor: each has its own logarithm.",
    "F.softplus(logits).sum().",
)
exercise.slip("the hinge with margin 1", cost=lambda t: F.relu(1 + t)).says(
    "A triplet loss is max(0, 1 + z1.(z3 - z2)).",
    "What does a triplet with z2 = z3 cost you? It should be ln 2.",
    "The hinge is 0 beyond its margin; zeta(t) = ln(1 + e^t) is never 0.",
    "F.softplus(t) in place of relu(1 + t).",
)
exercise.slip("the hinge at 0", cost=F.relu).says(
    "ln(1 + e^t) is max(0, t).",
    "What does a triplet with z2 = z3 cost you? It should be ln 2.",
    "max(0, t) is its limit for large |t| only.",
    "F.softplus(t) in place of relu(t).",
)
exercise.slip("another anchor", logits=lambda a, p, n: (p * (n - a)).sum(dim=1)).says(
    "The second argument is the anchor.",
    "Exchange z1 and z2: which of them stands in both inner products of (11)?",
    "z1 is the anchor, z2 the positive, z3 the negative.",
    "z1.(z3 - z2).",
)
exercise.slip("no sum", pool=lambda losses: losses).says(
    "One loss for each triplet is asked.",
    "Which shape has your answer?",
    "Equation (11) is one number, the sum.",
    "Add .sum().",
)
exercise.slip("one cost for each coordinate", logits=lambda a, p, n: a * (n - p)).says(
    "ln(1 + e^t) is taken of each coordinate.",
    "What does a triplet with z2 = z3 cost you? It should be ln 2.",
    "The inner product sums over the coordinates first.",
    "(z1 * (z3 - z2)).sum(dim=1), then the cost, then the sum.",
)
exercise.slip("the logit clipped", cost=lambda t: F.softplus(t.clamp(-50, 50))).says(
    "A logit beyond 50 is as good as 50.",
    "What is your answer for t = 1e4?",
    "ln(1 + e^t) is nearly t for large t: it has no upper limit.",
    "F.softplus(t), without a clamp.",
)
exercise.slip("probability instead of its logarithm", cost=torch.sigmoid).says(
    "The loss of a triplet is the probability that the negative wins.",
    "Your value never exceeds n. Can the objective?",
    "sigma(t) is the derivative of zeta(t) = ln(1 + e^t), not zeta itself.",
    "F.softplus in place of torch.sigmoid.",
)
exercise.slip("one exponential after the other", cost=lambda t: torch.log(1 + torch.exp(t))).says(
    "log(1 + exp(t)) can be computed as it is written.",
    "What is torch.exp(torch.tensor(1000.0))?",
    "The answer for t = 1e4 is 1e4, but exp(1e4) is infinite.",
    "F.softplus(t).",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2.",
    "Lemma 4 uses -ln(1 - x) <= x / (1 - x), which is false in base 2.",
    "Natural logarithm.",
)
exercise.slip(
    "numpy in between", cost=lambda t: torch.from_numpy(np.logaddexp(0.0, t.detach().double().numpy())).to(t.dtype)
).says(
    "The value is all that matters.",
    "Call .backward() on your answer: what happens?",
    "Numpy forgets how a number was made, so no gradient can flow.",
    "Use torch functions throughout.",
)


@exercise.wrong(
    "two losses in place of one",
    belief="The loss of a triplet is zeta(z1.z3) - zeta(z1.z2).",
    hints=(
        "Can your sum be negative? A sum of logarithms of 1 + e^t cannot.",
        "zeta(s - t) is not zeta(s) - zeta(t): subtract the inner products first.",
        "F.softplus((z1 * (z3 - z2)).sum(dim=1)).",
    ),
)
def triplet_objective(z1, z2, z3):
    return (F.softplus((z1 * z3).sum(dim=1)) - F.softplus((z1 * z2).sum(dim=1))).sum()


exercise.style("minus logsigmoid", cost=lambda t: -F.logsigmoid(-t))


@exercise.accepted("cross entropy of two logits")
def triplet_objective(z1, z2, z3):
    logits = torch.stack([(z1 * z2).sum(1), (z1 * z3).sum(1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(z1), dtype=torch.long), reduction="sum")


@exercise.accepted("loop, logaddexp")
def triplet_objective(z1, z2, z3):
    total = torch.zeros((), dtype=z1.dtype)
    for anchor, plus, minus in zip(z1, z2, z3):
        total = total + torch.logaddexp(torch.zeros_like(total), anchor @ (minus - plus))
    return total
