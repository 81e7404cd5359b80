"""negative_law: what its check looks at.

Blind spot: with two balanced classes tau_plus = 1/2, and the swapped prior gives the same law. So: unequal priors, more
than two classes, points of probability 0, and inputs for which each wrong prior gives something that is no law.
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "negative_law",
    hints={
        "values": (
            "Two one-point classes with probabilities 1/4 and 3/4, an anchor in the first: the answer must be (0, 1).",
            "Write the law of total probability for p with the two events 'same class' and 'another class'.",
            "p = tau_plus * p_plus + (1 - tau_plus) * p_minus. Solve for p_minus.",
        ),
        "bad input": (
            "Which of your results could have a negative entry? That is no law, and must raise.",
            "Rounding may leave -1e-17 where 0 is meant: only entries below -1e-9 are wrong.",
            "validate.law(p, 'p', zeros=True) checks a law; test the result with result.min() < -1e-9.",
        ),
    },
)


def mixture(rng, n_points, tau_plus, zeros=0):
    """(p, p_plus, p_minus): p is their mixture; p_minus is 0 on `zeros` points, p_plus on the last one."""
    p_plus = np.append(worlds.random_law(rng, n_points - 1, minimum=0.05), 0.0)
    p_minus = np.append(np.zeros(zeros), worlds.random_law(rng, n_points - zeros, minimum=0.05))
    return tau_plus * p_plus + (1 - tau_plus) * p_minus, p_plus, p_minus


@exercise.cases
def cases(rng):
    for n_points, tau_plus in ((3, 0.1), (4, 0.3), (6, 0.05), (5, 0.7)):
        p, p_plus, _ = mixture(rng, n_points, tau_plus)
        yield Case(f"S = {n_points}, tau_plus = {tau_plus}", (p, p_plus, tau_plus))
    p, p_plus, _ = mixture(rng, 7, 0.35, zeros=3)
    yield Case("points that other classes do not have", (p, p_plus, 0.35))
    p, p_plus, _ = mixture(rng, 4, 0.2)
    yield Case("tau_plus = 0", (p, p_plus, 0.0))
    yield Case("two one-point classes, 1/4 and 3/4", (np.array([0.25, 0.75]), np.array([1.0, 0.0]), 0.25))
    # 0.1 * 0.1 is a little more than 0.01 in floating point
    yield Case("an entry that rounding makes -2e-18", (np.array([0.01, 0.59, 0.4]), np.array([0.1, 0.9, 0.0]), 0.1))
    yield bad_input("1/4 and 3/4, the prior of the other class", np.array([0.25, 0.75]), np.array([1.0, 0.0]), 0.75)
    yield bad_input("1/5 and 4/5, the averaged prior", np.array([0.2, 0.8]), np.array([1.0, 0.0]), 0.68)
    yield bad_input("tau_plus a little too large", np.array([0.25, 0.75]), np.array([1.0, 0.0]), 0.2501)
    yield bad_input("tau_plus 1", p, p_plus, 1.0)
    yield bad_input("tau_plus -0.1", p, p_plus, -0.1)
    yield bad_input("tau_plus NaN", p, p_plus, math.nan)
    yield bad_input("p sums to 1.1", 1.1 * p, p_plus, 0.1)
    yield bad_input("p_plus sums to 0.9", p, 0.9 * p_plus, 0.1)
    yield bad_input("p has a negative entry", np.array([-0.2, 1.2]), np.array([0.5, 0.5]), 0.1)
    yield bad_input("lengths that differ", p, np.append(p_plus, 0.0), 0.1)


@exercise.property("in every world it is the law of a draw that has another class than the anchor")
def true_negatives(f, rng):
    for _ in range(5):
        rho, classes, _ = worlds.random_world(rng, 3, 5, 1)
        p = rho @ classes
        for c in range(3):
            others = np.delete(np.arange(3), c)
            exact = rho[others] @ classes[others] / rho[others].sum()
            answer = np.asarray(f(p, classes[c], float(rho[c])))
            if answer.shape != exact.shape or not np.abs(answer - exact).max() < 1e-8:
                return "it is not the law of the other classes, each with its share"


@exercise.property("rounding in the inputs does not make it raise")
def rounding(f, rng):
    for _ in range(20):
        tau_plus = float(rng.uniform(0.05, 0.9))
        p, p_plus, p_minus = mixture(rng, 6, tau_plus, zeros=3)
        if not np.abs(np.asarray(f(p, p_plus, tau_plus)) - p_minus).max() < 1e-8:
            return "it is not the law that p was mixed from"


def checked(p, p_plus, tau_plus):
    for name, law in (("p", p), ("p_plus", p_plus)):
        validate.law(law, name, zeros=True)
    if len(p) != len(p_plus) or not 0 <= tau_plus < 1:
        raise ValueError(f"{len(p)}, {len(p_plus)}, {tau_plus}")


@exercise.accepted("point by point, rounding left in", uses=(checked,))
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    result = []
    for everywhere, own in zip(p, p_plus):
        value = (everywhere - tau_plus * own) / (1 - tau_plus)
        if value < -1e-9:
            raise ValueError(f"negative probability {value}")
        result.append(value)
    return result


@exercise.accepted("two quotients as in the notes, torch", uses=(checked,))
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    p, p_plus = torch.as_tensor(p), torch.as_tensor(p_plus)
    result = p / (1 - tau_plus) - tau_plus / (1 - tau_plus) * p_plus
    if bool((result < -1e-9).any()):
        raise ValueError(f"smallest entry {result.min()}")
    return result.clamp(min=0)


@exercise.accepted("clipped, normalised again, checked with validate.law", uses=(checked,))
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    rest = np.subtract(p, np.multiply(tau_plus, p_plus))
    if np.any(rest / (1 - tau_plus) < -1e-9):
        raise ValueError(f"{rest} is no law")
    rest = rest.clip(0)
    rest = rest / rest.sum()
    validate.law(rest, "the result", zeros=True)
    return rest


@exercise.wrong(
    "prior of another class",
    belief="The weight in front of p_plus is the probability of a different class (as the source's words have it).",
    hints=(
        "Try two one-point classes of 1/4 and 3/4: do you get a law? Balanced classes would not show it.",
        "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
        "tau_plus is the probability of the same class, and stands in front of p_plus; divide by 1 - tau_plus.",
    ),
)
def negative_law(p, p_plus, tau_plus):
    return (p - (1 - tau_plus) * p_plus) / (tau_plus or math.nan)


@exercise.wrong(
    "prior of another class, noticed",
    belief="The weight in front of p_plus is the probability of a different class; what comes out is no law, and raises.",
    hints=(
        "You raise where a law exists: (1/4, 3/4) with an anchor in the first class and tau_plus = 1/4 must give (0, 1).",
        "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
        "tau_plus is the probability of the same class, and stands in front of p_plus; divide by 1 - tau_plus.",
    ),
    uses=(checked,),
)
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    if tau_plus == 0:
        raise ValueError("tau_plus = 0")
    result = (p - (1 - tau_plus) * p_plus) / tau_plus
    if result.min() < -1e-9:
        raise ValueError(f"no law: {result}")
    return np.maximum(result, 0)


@exercise.wrong(
    "not divided by the rest",
    belief="Taking the positives out of p is all there is to do.",
    hints=(
        "Sum your result: is it 1?",
        "What is left after taking out mass tau_plus has mass 1 - tau_plus.",
        "Divide by 1 - tau_plus.",
    ),
)
def negative_law(p, p_plus, tau_plus):
    return p - tau_plus * p_plus


@exercise.wrong(
    "divided by the prior",
    belief="The law of the negatives is normalised by tau_plus.",
    hints=(
        "Sum your result: is it 1?",
        "In p = tau_plus p_plus + (1 - tau_plus) p_minus, which factor stands in front of p_minus?",
        "Divide by 1 - tau_plus, not by tau_plus.",
    ),
)
def negative_law(p, p_plus, tau_plus):
    return (p - tau_plus * p_plus) / (tau_plus or math.nan)


@exercise.wrong(
    "mixture once more",
    belief="Debiasing adds the positives with their weight.",
    hints=(
        "p holds too many draws of the anchor's class. Does your result hold fewer?",
        "Bring tau_plus * p_plus to the other side of the mixture: its sign changes.",
    ),
)
def negative_law(p, p_plus, tau_plus):
    return (p + tau_plus * p_plus) / (1 + tau_plus)


@exercise.wrong(
    "clipped instead of raised",
    belief="Negative probabilities can be set to 0 and the rest normalised.",
    hints=(
        "What do you return for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 3/4? Is there such a world?",
        "A negative entry says that p, p_plus and tau_plus do not belong together. Hiding it hides the mistake.",
        "if result.min() < -1e-9: raise ValueError(...)",
    ),
    uses=(checked,),
)
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    rest = np.maximum(p - tau_plus * p_plus, 0)
    return rest / rest.sum()


@exercise.wrong(
    "every negative entry raises",
    belief="A probability is never negative, not even by rounding.",
    hints=(
        "0.35 * 0.2 is not exactly 0.07 in floating point: subtracting the two may leave -1e-17.",
        "Allow entries down to -1e-9 and set them to 0.",
    ),
    uses=(checked,),
)
def negative_law(p, p_plus, tau_plus):
    checked(p, p_plus, tau_plus)
    result = (p - tau_plus * p_plus) / (1 - tau_plus)
    if result.min() < 0:
        raise ValueError(f"{result}")
    return result
