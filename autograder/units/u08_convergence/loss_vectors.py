"""loss_vectors: what its check looks at. Under inference mode, so that it must be the closed form; logits of both
signs, so that sigma(t) and its complement differ; norms other than 1."""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u08_convergence.draws import triplet

exercise = Exercise(
    "loss_vectors",
    refuses=(batch(z1="z1", z2="z2", z3="z3"),),
    hints={
        "values": (
            "One triplet: l = ln(1 + e^t) with t = z1.(z3 - z2). The derivative of ln(1 + e^t) is sigma(t).",
            "Chain rule: dt/dz1 = z3 - z2, dt/dz2 = -z1, dt/dz3 = z1.",
        ),
        "stability": ("e^t / (1 + e^t) is NaN for t = 1e4; torch.sigmoid(t) is 1.",),
        "bad input": ("validate.batch(z1=z1, z2=z2, z3=z3).",),
        "properties": ("Compare with autograd on triplet_objective: torch.autograd.grad.",),
    },
)


@exercise.cases
def cases(rng):
    for n, d, scale in ((4, 3, 1.0), (5, 2, 1.5), (1, 4, 0.5)):
        z = triplet(rng, n, d, scale=scale)
        yield Case(f"n = {n}, d = {d}", z, inference=True)
    n, d = odd_sizes(rng, 2)
    yield Case(f"n = {n}, d = {d}", triplet(rng, n, d, scale=0.5), inference=True, public=False)
    yield Case("not contiguous", tuple(map(strided, triplet(rng, 2, 3))), inference=True)
    yield Case("float32", triplet(rng, 3, 2, dtype=torch.float32), inference=True)
    a = tensor(rng, 2, 3, scale=100.0)
    yield Case("logits of 1e4", (a, -a, a), part="stability", inference=True, rtol=1e-9)
    yield Case("logits of -1e4", (a, a, -a), part="stability", inference=True)
    b = tensor(rng, 2, 3, dtype=torch.float32, scale=100.0)
    yield Case("logits of 1e4, float32", (b, -b, b), part="stability", inference=True)
    yield from exercise.bad_inputs(*triplet(rng, 3, 2))


@exercise.property("it is the slope of the objective in every direction")
def slopes(f, rng):
    z = triplet(rng, 3, 4)
    found = f(*z)
    step = 1e-5
    for which in range(3):
        direction = tensor(rng, 3, 4)
        ends = []
        for sign in (1, -1):
            moved = [x + sign * step * direction if i == which else x for i, x in enumerate(z)]
            ends.append(float(F.softplus((moved[0] * (moved[2] - moved[1])).sum(1)).sum()))
        if abs((ends[0] - ends[1]) / (2 * step) - (torch.from_numpy(found[which]) * direction).sum()) > 1e-7:
            return f"the derivative by z{which + 1} does not match a difference quotient"


@exercise.property("the norm of a triplet's three vectors is at least sqrt(2) sigma(t) |z1|")
def lemma4(f, rng):
    z = triplet(rng, 6, 3)
    squares = sum((g**2).sum(axis=1) for g in f(*z))
    s = torch.sigmoid((z[0] * (z[2] - z[1])).sum(1))
    if bool((torch.from_numpy(squares) < 2 * s**2 * (z[0] ** 2).sum(1) - 1e-12).any()):
        return "a triplet has a smaller gradient"


def quotient(t):
    return torch.exp(t) / (1 + torch.exp(t))


@exercise.formula
def loss_vectors(
    z1,
    z2,
    z3,
    *,
    weight=torch.sigmoid,
    share=lambda n: 1,
    by_anchor=lambda z2, z3: z3 - z2,
    by_others=lambda z1, z2, z3: (-z1, z1),
    logits=lambda z1, u: (z1 * u).sum(dim=1, keepdim=True),
    of_positive=lambda s: s,
    sign=1,
    order=(0, 1, 2),
):
    s = sign * weight(logits(z1, z3 - z2)) / share(len(z1))
    positive, negative = by_others(z1, z2, z3)
    vectors = [s * by_anchor(z2, z3), of_positive(s) * positive, s * negative]
    return tuple(vectors[i] for i in order)


exercise.slip("gradient of the mean", share=lambda n: n).says(
    "The objective is the mean over the triplets.",
    "Your values are the right ones divided by n.",
    "triplet_objective is a sum.",
    "Remove the division by n.",
)
exercise.slip("signs flipped", sign=-1).says(
    "The gradient points to where the loss falls.",
    "Take a step along your vectors: does the objective grow or fall?",
    "A gradient points uphill; gradient descent subtracts it.",
    "Multiply all three by -1.",
)
exercise.slip("complement of the sigmoid", weight=lambda t: torch.sigmoid(-t)).says(
    "The weight of a triplet is the probability that the positive wins.",
    "Which triplets pull hardest with your weights: those that are right already, or those that are wrong?",
    "The derivative of ln(1 + e^t) is e^t / (1 + e^t): near 1 where t is large, that is, where the negative wins.",
    "sigma(t), not sigma(-t).",
)
exercise.slip("second derivative as the weight", weight=lambda t: torch.sigmoid(t) * torch.sigmoid(-t)).says(
    "The derivative of the loss is the derivative of the sigmoid.",
    "What is the derivative of ln(1 + e^t)?",
    "sigma(t)(1 - sigma(t)) is its *second* derivative.",
    "Use s = sigma(t) alone.",
)
exercise.slip("the loss as the weight", weight=F.softplus).says(
    "A triplet pulls with a force that is its loss.",
    "How large is your weight at a logit of 1e4? A derivative of ln(1 + e^t) never exceeds 1.",
    "The outer derivative of ln(1 + e^t) is sigma(t), not ln(1 + e^t) itself.",
    "torch.sigmoid(t) in place of F.softplus(t).",
)
exercise.slip("no weight", weight=torch.ones_like).says(
    "Each triplet pulls with the same force.",
    "Is your gradient small for a triplet whose loss is nearly 0?",
    "The chain rule has an outer derivative: that of ln(1 + e^t).",
    "Multiply by sigma(t).",
)
exercise.slip("the positive does not move", by_others=lambda z1, z2, z3: (0 * z1, z1)).says(
    "The gradient flows to the anchor and to the negative only.",
    "Does the loss change when z2 moves?",
    "t = z1.(z3 - z2): its derivative by z2 is -z1.",
    "The second vector is -s z1.",
)
exercise.slip("each vector pulls at itself", by_others=lambda z1, z2, z3: (-z2, z3)).says(
    "The derivative by z2 is in the direction of z2, and the one by z3 in that of z3.",
    "t is z1.z3 - z1.z2. What is the derivative of z1.z3 by z3?",
    "It is z1: an inner product, differentiated by one factor, leaves the other.",
    "-s z1 and s z1.",
)
exercise.slip("the anchor sees the negative only", by_anchor=lambda z2, z3: z3).says(
    "The anchor is pushed away from the negative, and that is all.",
    "Take z3 = 0: does the loss change when z1 moves?",
    "t = z1.z3 - z1.z2 has z1 in both terms: its derivative by z1 is z3 - z2.",
    "The first vector is s (z3 - z2).",
)
exercise.slip("z2 - z3 for the anchor", by_anchor=lambda z2, z3: z2 - z3).says(
    "The derivative of t by z1 is z2 - z3.",
    "Your last two vectors are right. Does the loss grow or fall when z1 moves along your first?",
    "t = z1.(z3 - z2): what stands beside z1?",
    "The first vector is s (z3 - z2).",
)
exercise.slip("the anchor sees the positive only", by_anchor=lambda z2, z3: -z2).says(
    "The anchor is drawn to the positive, and that is all.",
    "Take z2 = 0: does the loss change when z1 moves?",
    "t = z1.z3 - z1.z2 has z1 in both terms: its derivative by z1 is z3 - z2.",
    "The first vector is s (z3 - z2).",
)
exercise.slip("one weight for all triplets", weight=lambda t: torch.sigmoid(t.sum())).says(
    "There is one s for all triplets, that of the sum of their logits.",
    "Your values are right for n = 1. Which z_i does the loss of triplet i depend on?",
    "Each triplet has its own logarithm, and so its own s_i.",
    "The logits have the shape (n, 1): sum(dim=1, keepdim=True).",
)
exercise.slip("sums over the wrong axis", logits=lambda z1, u: (z1 * u).sum(dim=0, keepdim=True)).says(
    "dim=0 sums over the coordinates.",
    "How many logits have you for n = 4, d = 3?",
    "The rows are the triplets; an inner product sums along a row.",
    "(z1 * (z3 - z2)).sum(dim=1, keepdim=True).",
)
exercise.slip("1 - s for the positive", of_positive=lambda s: 1 - s).says(
    "The positive pulls with the probability that it wins, 1 - s.",
    "Take a triplet that is wrong by far: does the loss change when z2 moves?",
    "All three vectors are s times the derivative of t.",
    "The second vector is -s z1.",
)
exercise.slip("no weight for the positive", of_positive=torch.ones_like).says(
    "The positive is pulled with the same force in every triplet.",
    "Is your second vector small for a triplet whose loss is nearly 0?",
    "All three vectors are s times the derivative of t.",
    "The second vector is -s z1.",
)
exercise.slip("order of the outputs", order=(0, 2, 1)).says(
    "The positive's vector is s z1, and the negative's is -s z1.",
    "Which of your vectors is the derivative by z2? Does the loss grow when z2 moves along z1?",
    "t = z1.z3 - z1.z2 grows with z3 along z1, and falls with z2.",
    "s (z3 - z2), -s z1, s z1, in this order.",
)
exercise.slip("quotient of exponentials", weight=quotient).says(
    "e^t / (1 + e^t) is the sigmoid, so it may be computed like that.",
    "What is infinity divided by infinity?",
    "For t = 1e4 both e^t and 1 + e^t overflow.",
    "torch.sigmoid(t) never overflows.",
)

exercise.style("exp of logsigmoid", weight=lambda t: torch.exp(F.logsigmoid(t)))


@exercise.accepted("softmax of two logits, as in the paper, a list")
def loss_vectors(z1, z2, z3):
    v = torch.softmax(torch.stack([(z1 * z2).sum(1), (z1 * z3).sum(1)], dim=1), dim=1)
    first, second = v[:, :1] - 1, v[:, 1:]
    # v_1 - 1 is -v_2, but it cancels where v_1 is near 1; both are accurate enough for the tolerances
    return [first * z2 + second * z3, first * z1, second * z1]


@exercise.accepted("loop over triplets, one stacked tensor")
def loss_vectors(z1, z2, z3):
    out = torch.empty(3, *z1.shape, dtype=z1.dtype)
    for i in range(len(z1)):
        s = torch.sigmoid(torch.dot(z1[i], z3[i] - z2[i]))
        out[:, i] = torch.stack([s * (z3[i] - z2[i]), -s * z1[i], s * z1[i]])
    return out
