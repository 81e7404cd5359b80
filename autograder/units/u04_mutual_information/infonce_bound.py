"""infonce_bound: what its check looks at. Losses above ln(N+1) give negative bounds: they show clipping."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "infonce_bound",
    hints={
        "values": (
            "A critic that says nothing has loss ln(N+1). What must it certify?",
            "How many candidates are there with N negatives?",
        ),
        "bad input": ("`validate.count(n_negatives=n_negatives)`, and `math.isfinite(loss)`.",),
    },
)


@exercise.cases
def cases(rng):
    for n_negatives in (1, 2, 7, 100, 65535):
        yield Case(f"N = {n_negatives}", (float(rng.uniform(0.05, 0.6)), n_negatives))
    yield Case("a loss above ln(N+1)", (float(rng.uniform(2.5, 4.0)), 3))
    yield bad_input("no negatives", 0.4, 0)
    yield bad_input("a negative number of negatives", 0.4, -2)
    yield bad_input("2.5 negatives", 0.4, 2.5)
    yield bad_input("NaN", float("nan"), 3)
    yield bad_input("an infinite loss", float("inf"), 3)


@exercise.property("a critic that says nothing certifies nothing")
def nothing(f, rng):
    n = int(rng.integers(1, 1000))
    if abs(f(float(np.log(n + 1)), n)) > 1e-9:
        return "a loss of ln(N+1), the loss of a constant critic, must certify 0 nats"


@exercise.wrong(
    "ln N",
    belief="The ceiling is the logarithm of the number of negatives.",
    hints=(
        "With one negative and a perfect critic (loss near 0), your bound is 0. Is nothing learned?",
        "The critic chooses among the negatives and the positive.",
        "N negatives make N + 1 candidates: ln(N+1) - loss.",
    ),
)
def infonce_bound(loss, n_negatives):
    return math.log(n_negatives) - loss


@exercise.wrong(
    "ln(N+2)",
    belief="Anchor, positive and negatives all count as candidates.",
    hints=(
        "Try x and x+ independent with a constant critic: the loss is ln(N+1), the information 0. What do you certify?",
        "The anchor is not among the candidates.",
        "ln(N+1) - loss.",
    ),
)
def infonce_bound(loss, n_negatives):
    return math.log(n_negatives + 2) - loss


@exercise.wrong(
    "sign",
    belief="A larger loss means more information.",
    hints=(
        "Which critic has recognised more, one with a small loss or one with a large loss?",
        "Your bound rises with the loss.",
        "ln(N+1) minus the loss.",
    ),
)
def infonce_bound(loss, n_negatives):
    return loss - math.log(n_negatives + 1)


@exercise.wrong(
    "loss alone",
    belief="Minus the loss is the bound; the number of negatives only shifts it by a constant that can be ignored.",
    hints=(
        "Can your bound ever be positive?",
        "The constant is what makes runs with different N comparable.",
        "Add ln(N+1).",
    ),
)
def infonce_bound(loss, n_negatives):
    return -loss


@exercise.wrong(
    "bits minus nats",
    belief="The number of candidates is measured in bits, whatever the loss is measured in.",
    hints=(
        "Which base does the loss use?",
        "A difference needs both terms in the same unit.",
        "Use the natural logarithm for ln(N+1).",
    ),
)
def infonce_bound(loss, n_negatives):
    return math.log2(n_negatives + 1) - loss


@exercise.wrong(
    "clipped at 0",
    belief="Information is never negative, so a negative bound must be set to 0.",
    hints=(
        "The exercise says what to do with a negative bound.",
        "Clipping is a valid bound too, but it hides how bad a critic is.",
        "Return ln(N+1) - loss as it is.",
    ),
)
def infonce_bound(loss, n_negatives):
    return max(0.0, math.log(n_negatives + 1) - loss)


@exercise.accepted("log1p")
def infonce_bound(loss, n_negatives):
    validate.count(n_negatives=n_negatives)
    if math.isnan(loss) or math.isinf(loss):
        raise ValueError(f"loss {loss}")
    return math.log1p(n_negatives) - loss


@exercise.accepted("numpy scalar")
def infonce_bound(loss, n_negatives):
    if int(n_negatives) != n_negatives or n_negatives < 1 or not np.isfinite(loss):
        raise ValueError(f"cannot certify from loss {loss} and N = {n_negatives}")
    return np.log(1 + n_negatives) - np.float64(loss)


@exercise.accepted("minus the log of e^loss / (N+1), torch")
def infonce_bound(loss, n_negatives):
    validate.count(n_negatives=n_negatives)
    value = torch.tensor(float(loss), dtype=torch.float64)
    if not torch.isfinite(value):
        raise ValueError(f"loss {loss}")
    return -torch.log(torch.exp(value) / (n_negatives + 1))
