"""curl_bound: what its check looks at. Non-uniform rho, losses from small to large, and the world f = 0."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

LN2 = math.log(2)

exercise = Exercise(
    "curl_bound",
    hints={
        "values": (
            "At f = 0 the loss is ln 2 and the bound must be ln 2. Does yours?",
            "Bring the collision term to the other side of L_un >= (1 - tau) L + tau ln 2, then divide.",
            "(unsup_loss - tau * ln 2) / (1 - tau) with tau = sum rho_c^2.",
        ),
        "bad input": (
            "validate.non_negative(unsup_loss=unsup_loss) and validate.law(rho) do most of it.",
            "With one class 1 - tau = 0: raise ValueError before dividing.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 3, 6):
        rho = worlds.random_law(rng, c, minimum=0.2 / c)
        yield Case(f"C = {c}", (float((rho**2).sum() * LN2 + rng.uniform(0.05, 2)), rho))
    yield Case("uniform, C = 4", (float(rng.uniform(0.3, 1.5)), np.full(4, 0.25)))
    yield Case("one class of probability 0.99", (float(rng.uniform(0.7, 1.5)), np.array([0.99, 0.01])), rtol=1e-8)
    yield Case("f = 0: the loss is ln 2", (LN2, worlds.random_law(rng, 3, minimum=0.1)))
    yield Case("a large loss", (float(rng.uniform(50, 100)), worlds.random_law(rng, 3, minimum=0.1)))
    rho = worlds.random_law(rng, 3, minimum=0.1)
    yield bad_input("one class", 1.0, np.ones(1))
    yield bad_input("a negative loss", -0.1, rho)
    yield bad_input("NaN for the loss", math.nan, rho)
    yield bad_input("rho sums to 1.1", 1.0, 1.1 * rho)
    yield bad_input("rho has a zero", 1.0, np.array([0.4, 0.6, 0.0]))


@exercise.property("a loss of ln 2 gives the bound ln 2, whatever rho is")
def at_zero(f, rng):
    for c in (2, 3, 7):
        value = f(LN2, worlds.random_law(rng, c, minimum=0.1 / c))
        if abs(value - LN2) > 1e-9:
            return "at f = 0 both losses are ln 2 = 0.6931, so a bound other than ln 2 is wrong or loose there"


@exercise.property("never below the mean classifier's loss; equal to it when f is constant inside each class")
def sharp(f, rng):
    for _ in range(5):
        rho, classes, z = worlds.class_constant_world(rng, 3, 5, 2)
        mu = [z[row.argmax()] for row in classes]
        loss = {(c, e): np.logaddexp(0, mu[c] @ (mu[e] - mu[c])) for c in range(3) for e in range(3)}
        unsupervised = sum(rho[c] * rho[e] * v for (c, e), v in loss.items())
        pairs = [(c, e) for c in range(3) for e in range(3) if c != e]
        weight = sum(rho[c] * rho[e] for c, e in pairs)
        supervised = sum(rho[c] * rho[e] * loss[c, e] for c, e in pairs) / weight
        value = f(float(unsupervised), rho)
        if value < supervised - 1e-9:
            return "on a world with an embedding constant inside each class the bound lies below the supervised loss"
        if value > supervised + 1e-9:
            return "on a world with an embedding constant inside each class the bound is not attained: it is not sharp"


@exercise.wrong(
    "minus tau with a natural logarithm",
    belief="The collision term of the lemma is tau, so the numerator is L_un - tau.",
    hints=(
        "What is your bound for L_un = ln 2, the value at f = 0?",
        "It is below ln 2, yet L_sup is ln 2 there: the bound is false. What does a collision cost in nats?",
        "A collision costs ln(1 + e^0) = ln 2 nats (1 bit): subtract tau * ln 2.",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    tau = (rho**2).sum()
    return (unsup_loss - tau) / (1 - tau)


@exercise.wrong(
    "tau = 1 / C",
    belief="With C classes the collision probability is 1/C.",
    hints=(
        "Is rho uniform?",
        "1/C is the collision probability of the uniform law only.",
        "Use collision_probability(rho).",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    return (unsup_loss - np.log(2) / len(rho)) / (1 - 1 / len(rho))


@exercise.wrong(
    "tau and 1 - tau swapped",
    belief="tau is the probability that the two classes differ.",
    hints=(
        "Which of the two terms of the lemma carries ln 2?",
        "Collisions, of probability tau = sum rho_c^2, cost ln 2; the rest, of probability 1 - tau, is supervised.",
        "Divide by 1 - sum rho_c^2 and subtract sum rho_c^2 * ln 2.",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    tau = 1 - (rho**2).sum()
    return (unsup_loss - tau * np.log(2)) / (1 - tau)


@exercise.wrong(
    "collision term forgotten",
    belief="The bound is L_un / (1 - tau).",
    hints=(
        "It is a bound. Is it the sharp one?",
        "The loss pays tau * ln 2 for collisions however good f is; that part says nothing about the classifier.",
        "Subtract tau * ln 2 before dividing by 1 - tau.",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    return unsup_loss / (1 - (rho**2).sum())


@exercise.wrong(
    "factor 1 - tau forgotten",
    belief="The lemma reads L_un >= L_sup + tau ln 2.",
    hints=(
        "How often does a negative come from another class?",
        "With probability 1 - tau, so the supervised loss enters with this factor.",
        "Divide the difference by 1 - tau.",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    return unsup_loss - (rho**2).sum() * np.log(2)


@exercise.wrong(
    "multiplied by 1 - tau",
    belief="The supervised loss is (1 - tau) times what is left of L_un.",
    hints=(
        "On which side of the lemma does the factor 1 - tau stand?",
        "It multiplies the unknown L_sup, so solving for it divides.",
        "(unsup_loss - tau * ln 2) / (1 - tau).",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    tau = (rho**2).sum()
    return (1 - tau) * (unsup_loss - tau * np.log(2))


@exercise.wrong(
    "divided too early",
    belief="Only the loss is divided by 1 - tau, not the collision term.",
    hints=(
        "Write the lemma down and move the collision term first. What is divided then?",
        "The whole difference L_un - tau ln 2 is divided by 1 - tau.",
        "Put the difference in brackets.",
    ),
)
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    tau = (rho**2).sum()
    return unsup_loss / (1 - tau) - tau * np.log(2)


@exercise.accepted("Python floats")
def curl_bound(unsup_loss, rho):
    validate.law(rho)
    if len(rho) == 1 or math.isnan(unsup_loss) or unsup_loss < 0:
        raise ValueError(f"got loss {unsup_loss} and rho {rho}")
    collision = math.fsum(float(p) ** 2 for p in rho)
    return (float(unsup_loss) - collision * math.log(2)) / (1 - collision)


@exercise.accepted("in bits, where the collision term is tau")
def curl_bound(unsup_loss, rho):
    validate.law(rho)
    if len(rho) < 2 or not unsup_loss >= 0:
        raise ValueError(f"got loss {unsup_loss} and rho {rho}")
    bits = unsup_loss / np.log(2)
    return np.log(2) * (bits - rho @ rho) / (1 - rho @ rho)


@exercise.accepted("excess over ln 2, torch")
def curl_bound(unsup_loss, rho):
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    p = torch.from_numpy(rho)
    distinct = (torch.outer(p, p) * (1 - torch.eye(len(p), dtype=p.dtype))).sum()
    return math.log(2) + (unsup_loss - math.log(2)) / distinct
