"""loss_vectors: what its check looks at. Under inference mode, so that it must be the closed form; logits of both signs, so
that sigma(t) and its complement differ; norms other than 1."""

import torch

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "loss_vectors",
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
        z = tuple(tensor(rng, n, d, scale=scale) for _ in range(3))
        yield Case(f"n = {n}, d = {d}", z, inference=True)
    yield Case("not contiguous", tuple(strided(tensor(rng, 2, 3)) for _ in range(3)), inference=True)
    yield Case("float32", tuple(tensor(rng, 3, 2, dtype=torch.float32) for _ in range(3)), inference=True)
    a = tensor(rng, 2, 3, scale=100.0)
    yield Case("logits of 1e4", (a, -a, a), part="stability", inference=True, rtol=1e-9)
    yield Case("logits of -1e4", (a, a, -a), part="stability", inference=True)
    b = tensor(rng, 2, 3, dtype=torch.float32, scale=100.0)
    yield Case("logits of 1e4, float32", (b, -b, b), part="stability", inference=True)
    z = [tensor(rng, 3, 2) for _ in range(3)]
    yield bad_input("unequal shapes", z[0], z[1][:2], z[2])
    yield bad_input("an empty batch", *(x[:0] for x in z))
    yield bad_input("NaN in z1", z[0] * torch.nan, z[1], z[2])


@exercise.property("it is the slope of the objective in every direction")
def slopes(f, rng):
    z = [tensor(rng, 3, 4) for _ in range(3)]
    found = f(*z)
    step = 1e-5
    for which in range(3):
        direction = tensor(rng, 3, 4)
        ends = []
        for sign in (1, -1):
            moved = [x + sign * step * direction if i == which else x for i, x in enumerate(z)]
            ends.append(float(torch.nn.functional.softplus((moved[0] * (moved[2] - moved[1])).sum(1)).sum()))
        if abs((ends[0] - ends[1]) / (2 * step) - (torch.from_numpy(found[which]) * direction).sum()) > 1e-7:
            return f"the derivative by z{which + 1} does not match a difference quotient"


@exercise.property("the norm of a triplet's three vectors is at least sqrt(2) sigma(t) |z1|")
def lemma4(f, rng):
    z = [tensor(rng, 6, 3) for _ in range(3)]
    squares = sum((g**2).sum(axis=1) for g in f(*z))
    s = torch.sigmoid((z[0] * (z[2] - z[1])).sum(1))
    if bool((torch.from_numpy(squares) < 2 * s**2 * (z[0] ** 2).sum(1) - 1e-12).any()):
        return "a triplet has a smaller gradient"


def checked(z1, z2, z3):
    """sigma(t), shape (n, 1)."""
    validate.batch(z1=z1, z2=z2, z3=z3)
    return torch.sigmoid((z1 * (z3 - z2)).sum(dim=1, keepdim=True))


@exercise.accepted("softmax of two logits, as in the paper")
def loss_vectors(z1, z2, z3):
    validate.batch(z1=z1, z2=z2, z3=z3)
    v = torch.softmax(torch.stack([(z1 * z2).sum(1), (z1 * z3).sum(1)], dim=1), dim=1)
    first, second = v[:, :1] - 1, v[:, 1:]
    # v_1 - 1 is -v_2, but it cancels where v_1 is near 1; both are accurate enough for the tolerances
    return first * z2 + second * z3, first * z1, second * z1


@exercise.accepted("loop over triplets, a list")
def loss_vectors(z1, z2, z3):
    validate.batch(z1=z1, z2=z2, z3=z3)
    out = [torch.empty_like(z1) for _ in range(3)]
    for i in range(len(z1)):
        s = torch.sigmoid(torch.dot(z1[i], z3[i] - z2[i]))
        out[0][i], out[1][i], out[2][i] = s * (z3[i] - z2[i]), -s * z1[i], s * z1[i]
    return out


@exercise.accepted("exp of logsigmoid, one stacked tensor", uses=(checked,))
def loss_vectors(z1, z2, z3):
    checked(z1, z2, z3)
    s = torch.exp(torch.nn.functional.logsigmoid(torch.einsum("nd,nd->n", z1, z3 - z2)))[:, None]
    return torch.stack([s * z3 - s * z2, -s * z1, s * z1])


@exercise.wrong(
    "gradient of the mean",
    belief="The objective is the mean over the triplets.",
    hints=(
        "Your values are the right ones divided by n.",
        "triplet_objective is a sum.",
        "Remove the division by n.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = checked(z1, z2, z3) / len(z1)
    return s * (z3 - z2), -s * z1, s * z1


@exercise.wrong(
    "signs flipped",
    belief="The gradient points to where the loss falls.",
    hints=(
        "Take a step along your vectors: does the objective grow or fall?",
        "A gradient points uphill; gradient descent subtracts it.",
        "Multiply all three by -1.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = checked(z1, z2, z3)
    return s * (z2 - z3), s * z1, -s * z1


@exercise.wrong(
    "complement of the sigmoid",
    belief="The weight of a triplet is the probability that the positive wins.",
    hints=(
        "Which triplets pull hardest with your weights: those that are right already, or those that are wrong?",
        "The derivative of ln(1 + e^t) is e^t / (1 + e^t): near 1 where t is large, that is, where the negative wins.",
        "sigma(t), not sigma(-t).",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = 1 - checked(z1, z2, z3)
    return s * (z3 - z2), -s * z1, s * z1


@exercise.wrong(
    "second derivative as the weight",
    belief="The derivative of the loss is the derivative of the sigmoid.",
    hints=(
        "What is the derivative of ln(1 + e^t)?",
        "sigma(t)(1 - sigma(t)) is its *second* derivative.",
        "Use s = sigma(t) alone.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = checked(z1, z2, z3)
    s = s * (1 - s)
    return s * (z3 - z2), -s * z1, s * z1


@exercise.wrong(
    "the positive does not move",
    belief="The gradient flows to the anchor and to the negative only.",
    hints=(
        "Does the loss change when z2 moves?",
        "t = z1.(z3 - z2): its derivative by z2 is -z1.",
        "The second vector is -s z1.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = checked(z1, z2, z3)
    return s * (z3 - z2), torch.zeros_like(z1), s * z1


@exercise.wrong(
    "no weight",
    belief="Each triplet pulls with the same force.",
    hints=(
        "Is your gradient small for a triplet whose loss is nearly 0?",
        "The chain rule has an outer derivative: that of ln(1 + e^t).",
        "Multiply by sigma(t).",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    checked(z1, z2, z3)
    return z3 - z2, -z1, z1


@exercise.wrong(
    "order of the outputs",
    belief="The negative's vector comes before the positive's.",
    hints=(
        "Which of your vectors is the derivative by z2?",
        "The order is z1, z2, z3: anchor, positive, negative.",
        "Exchange the last two.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    s = checked(z1, z2, z3)
    return s * (z3 - z2), s * z1, -s * z1


@exercise.wrong(
    "quotient of exponentials",
    belief="e^t / (1 + e^t) is the sigmoid, so it may be computed like that.",
    hints=(
        "What is infinity divided by infinity?",
        "For t = 1e4 both e^t and 1 + e^t overflow.",
        "torch.sigmoid(t) never overflows.",
    ),
    uses=(checked,),
)
def loss_vectors(z1, z2, z3):
    checked(z1, z2, z3)
    power = torch.exp((z1 * (z3 - z2)).sum(dim=1, keepdim=True))
    s = power / (1 + power)
    return s * (z3 - z2), -s * z1, s * z1
