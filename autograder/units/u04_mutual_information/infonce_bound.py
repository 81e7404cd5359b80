"""infonce_bound: what its check looks at. Losses above ln(N+1) give negative bounds: they show clipping."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, needs

exercise = Exercise(
    "infonce_bound",
    refuses=(
        count("n_negatives", "N", -2, 2.5),
        needs("abs(loss) < float('inf')", {"NaN": {"loss": math.nan}, "an infinite loss": {"loss": math.inf}}),
    ),
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
    yield from exercise.bad_inputs(0.4, 3)
    n = int(rng.integers(9, 10**6))
    yield Case("a random number of negatives", (float(rng.uniform(0.05, 6)), n), public=False)


@exercise.property("a critic that says nothing certifies nothing")
def nothing(f, rng):
    n = int(rng.integers(1, 1000))
    if abs(f(float(np.log(n + 1)), n)) > 1e-9:
        return "a loss of ln(N+1), the loss of a constant critic, must certify 0 nats"


@exercise.formula
def infonce_bound(
    loss, n_negatives, *, ceiling=lambda n: math.log(n + 1), gap=lambda top, loss: top - loss, kept=lambda bound: bound
):
    return kept(gap(ceiling(n_negatives), loss))


exercise.slip("ln N", ceiling=math.log).says(
    "The ceiling is the logarithm of the number of negatives.",
    "With one negative and a perfect critic (loss near 0), your bound is 0. Is nothing learned?",
    "The critic chooses among the negatives and the positive.",
    "N negatives make N + 1 candidates: ln(N+1) - loss.",
)
exercise.slip("1 outside the logarithm", ceiling=lambda n: math.log(n) + 1).says(
    "ln(N+1) is ln N + 1.",
    "What is your ceiling for N = 1? With one negative there are two candidates.",
    "The 1 is added to the number of negatives, before the logarithm.",
    "`math.log(n_negatives + 1) - loss`.",
)
exercise.slip("ln(N+2)", ceiling=lambda n: math.log(n + 2)).says(
    "There are N + 2 candidates.",
    "Try x and y independent with a constant critic: the loss is ln(N+1), the information 0. What do you certify?",
    "The anchor is not among the candidates, and the positive is one.",
    "ln(N+1) - loss.",
)
exercise.slip("ln(2N+1)", ceiling=lambda n: math.log(2 * n + 1)).says(
    "Each negative stands in the denominator with two views, so there are 2N + 1 candidates.",
    "What is the loss of a constant critic here, and what does it certify in your formula?",
    "`n_negatives` counts every candidate but the positive.",
    "ln(N+1) - loss.",
)
exercise.slip("share of the ceiling", gap=lambda top, loss: 1 - loss / top).says(
    "What is certified is the share of ln(N+1) that the loss leaves.",
    "In which unit is your value?",
    "A share has no unit; nats are asked.",
    "ln(N+1) minus the loss, not divided by ln(N+1).",
)
exercise.slip("absolute value", kept=abs).says(
    "A negative difference is turned into a positive one: information is never negative.",
    "What does a very bad critic certify in your formula?",
    "The worse the critic, the more you certify once its loss is above ln(N+1).",
    "Return ln(N+1) - loss as it is.",
)
exercise.slip("sign", gap=lambda top, loss: loss - top).says(
    "A larger loss means more information.",
    "Which critic has recognised more, one with a small loss or one with a large loss?",
    "Your bound rises with the loss.",
    "ln(N+1) minus the loss.",
)
exercise.slip("sum of both", gap=lambda top, loss: top + loss).says(
    "The loss comes on top of the logarithm of the candidates.",
    "Which critic has recognised more, one with a small loss or one with a large loss?",
    "A perfect critic, of loss near 0, certifies nearly ln(N+1); every nat of loss takes one away.",
    "ln(N+1) minus the loss.",
)
exercise.slip("loss alone", ceiling=lambda n: 0.0).says(
    "Minus the loss is the bound; the number of negatives only shifts it by a constant that can be ignored.",
    "Can your bound ever be positive?",
    "The constant is what makes runs with different N comparable.",
    "Add ln(N+1).",
)
exercise.slip("bits minus nats", ceiling=lambda n: math.log2(n + 1)).says(
    "The number of candidates is measured in bits, whatever the loss is measured in.",
    "Which base does the loss use?",
    "A difference needs both terms in the same unit.",
    "Use the natural logarithm for ln(N+1).",
)
exercise.slip("in bits", kept=lambda bound: bound / math.log(2)).says(
    "What is certified is counted in bits.",
    "Which unit does the exercise ask for?",
    "Your values are the right ones divided by ln 2.",
    "Return ln(N+1) - loss, in nats.",
)
exercise.slip("number of candidates, not its logarithm", kept=math.exp).says(
    "What is certified is how many candidates the critic tells apart, (N+1) e^-loss.",
    "Your values are right after one more function. Which one?",
    "That number is the exponential of an information.",
    "Take its logarithm: ln(N+1) - loss.",
)
exercise.slip("clipped at 0", kept=lambda bound: max(0.0, bound)).says(
    "Information is never negative, so a negative bound must be set to 0.",
    "The exercise says what to do with a negative bound.",
    "Clipping is a valid bound too, but it hides how bad a critic is.",
    "Return ln(N+1) - loss as it is.",
)

exercise.style("log1p", ceiling=math.log1p)


@exercise.accepted("numpy scalar, validated by hand", guarded=False)
def infonce_bound(loss, n_negatives):
    if int(n_negatives) != n_negatives or n_negatives < 1 or not np.isfinite(loss):
        raise ValueError(f"cannot certify from loss {loss} and N = {n_negatives}")
    return np.log(1 + n_negatives) - np.float64(loss)


@exercise.accepted("minus the log of e^loss / (N+1), torch")
def infonce_bound(loss, n_negatives):
    return -torch.log(torch.exp(torch.tensor(float(loss), dtype=torch.float64)) / (n_negatives + 1))
