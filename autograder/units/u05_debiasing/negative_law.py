"""negative_law: what its check looks at.

Blind spot: with two balanced classes tau_plus = 1/2, and the swapped prior gives the same law. So: unequal priors, more
than two classes, points of probability 0, and inputs for which each wrong prior gives something that is no law.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, law, needs
from autograder.author.draw import odd_sizes
from autograder.author.short import short
from autograder.units.u05_debiasing.draws import PRIOR
from course import validate, worlds

exercise = Exercise(
    "negative_law",
    refuses=(
        law("p", zeros=True),
        law("p_plus", zeros=True),
        needs("len(p) == len(p_plus)", {"lengths that differ": {"p_plus": lambda law: np.append(law, 0.0)}}),
        PRIOR,
    ),
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
    p_plus = np.append(worlds.random_law(rng, n_points - 1, minimum=min(0.05, 0.4 / n_points)), 0.0)
    p_minus = np.append(np.zeros(zeros), worlds.random_law(rng, n_points - zeros, minimum=min(0.05, 0.4 / n_points)))
    p_plus, p_minus = short(p_plus), short(p_minus)  # so that the mixture is short too, and stays a mixture
    return tau_plus * p_plus + (1 - tau_plus) * p_minus, p_plus, p_minus


@exercise.cases
def cases(rng):
    for n_points, tau_plus in ((3, 0.1), (4, 0.3), (6, 0.05), (5, 0.7)):
        p, p_plus, _ = mixture(rng, n_points, tau_plus)
        yield Case(f"S = {n_points}, tau_plus = {tau_plus}", (p, p_plus, tau_plus))
    (n_points,), tau_plus = odd_sizes(rng, 1), float(rng.uniform(0.05, 0.8))
    p, p_plus, _ = mixture(rng, n_points, tau_plus)
    yield Case(f"S = {n_points}, tau_plus = {tau_plus:.3f}", (p, p_plus, tau_plus), public=False)
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
    yield bad_input("p has a negative entry", np.array([-0.2, 1.2]), np.array([0.5, 0.5]), 0.1)
    yield from exercise.bad_inputs(p, p_plus, 0.1)


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


def law_or_error(result, least=-1e-9):
    if result.min() < least:
        raise ValueError(f"no law: {result}")
    return np.maximum(result, 0)


def clipped(result):
    return np.maximum(result, 0) / np.maximum(result, 0).sum()


@exercise.formula
def negative_law(p, p_plus, tau_plus, *, own=lambda tau: tau, rest=lambda tau: 1 - tau, settled=law_or_error):
    return settled((p - own(tau_plus) * p_plus) / rest(tau_plus))


exercise.slip(
    "prior of another class", own=lambda tau: 1 - tau, rest=lambda tau: tau, settled=lambda result: result
).says(
    "The weight in front of p_plus is the probability of a different class (as the source's words have it).",
    "Try two one-point classes of 1/4 and 3/4: do you get a law? Balanced classes would not show it.",
    "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
    "tau_plus is the probability of the same class, and stands in front of p_plus; divide by 1 - tau_plus.",
)
exercise.slip("prior of another class, noticed", own=lambda tau: 1 - tau, rest=lambda tau: tau).says(
    "The weight in front of p_plus is the probability of a different class; what comes out is no law, and raises.",
    "What do you answer for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 1/4? A law exists there: (0, 1).",
    "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
    "tau_plus is the probability of the same class, and stands in front of p_plus; divide by 1 - tau_plus.",
)
exercise.slip(
    "prior of another class, clipped",
    own=lambda tau: 1 - tau,
    rest=lambda tau: tau,
    settled=lambda result: np.maximum(result, 0),
).says(
    "The weight in front of p_plus is the probability of a different class; what falls below 0 can be set to 0.",
    "What do you answer for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 1/4? Why is there something to clip?",
    "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
    "tau_plus stands in front of p_plus; divide by 1 - tau_plus; an entry below -1e-9 then raises.",
)
exercise.slip(
    "prior of another class, absolute value", own=lambda tau: 1 - tau, rest=lambda tau: tau, settled=np.abs
).says(
    "The weight in front of p_plus is the probability of a different class; where that is negative, its sign does not matter.",
    "What do you answer for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 1/4? Does it sum to 1?",
    "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
    "tau_plus stands in front of p_plus; divide by 1 - tau_plus; an entry below -1e-9 then raises.",
)
exercise.slip("absolute value instead of raised", settled=np.abs).says(
    "The sign of a probability does not matter.",
    "What do you return for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 3/4? Does it sum to 1?",
    "A negative entry says that p, p_plus and tau_plus do not belong together. Hiding it hides the mistake.",
    "if result.min() < -1e-9: raise ValueError(...)",
)
exercise.slip(
    "prior of another class, clipped and normalised", own=lambda tau: 1 - tau, rest=lambda tau: tau, settled=clipped
).says(
    "The weight in front of p_plus is the probability of a different class; clipping and normalising makes it a law.",
    "Try three points: a law that sums to 1 need not be the right one. Why is there something to clip?",
    "p is a mixture of p_plus and p_minus. With which probability does a draw come from p_plus?",
    "tau_plus stands in front of p_plus; divide by 1 - tau_plus; an entry below -1e-9 then raises.",
)
exercise.slip("prior of another class in front of p_plus only", own=lambda tau: 1 - tau).says(
    "p_plus is taken out with the probability of a different class, and 1 - tau_plus is what is left.",
    "Sum your result before you test it: is it 1?",
    "What is divided by is what is left of p: if mass w is taken out, 1 - w is left.",
    "tau_plus is the probability of the same class, and stands in front of p_plus; divide by 1 - tau_plus.",
)
exercise.slip("not divided by the rest", rest=lambda tau: 1).says(
    "Taking the positives out of p is all there is to do.",
    "Sum your result: is it 1?",
    "What is left after taking out mass tau_plus has mass 1 - tau_plus.",
    "Divide by 1 - tau_plus.",
)
exercise.slip("divided by the prior", rest=lambda tau: tau).says(
    "The law of the negatives is normalised by tau_plus.",
    "Sum your result: is it 1?",
    "In p = tau_plus p_plus + (1 - tau_plus) p_minus, which factor stands in front of p_minus?",
    "Divide by 1 - tau_plus, not by tau_plus.",
)
exercise.slip("mixture once more", own=lambda tau: -tau, rest=lambda tau: 1 + tau).says(
    "Debiasing adds the positives with their weight.",
    "p holds too many draws of the anchor's class. Does your result hold fewer?",
    "Bring tau_plus * p_plus to the other side of the mixture: its sign changes.",
)
exercise.slip("clipped instead of raised", settled=clipped).says(
    "Negative probabilities can be set to 0 and the rest normalised.",
    "What do you return for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 3/4? Is there such a world?",
    "A negative entry says that p, p_plus and tau_plus do not belong together. Hiding it hides the mistake.",
    "if result.min() < -1e-9: raise ValueError(...)",
)
exercise.slip("set to 0 instead of raised", settled=lambda result: np.maximum(result, 0)).says(
    "Negative probabilities can be set to 0.",
    "What do you return for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 3/4? Does it sum to 1?",
    "A negative entry says that p, p_plus and tau_plus do not belong together. Hiding it hides the mistake.",
    "if result.min() < -1e-9: raise ValueError(...)",
)
exercise.slip("the result is not tested", settled=lambda result: result).says(
    "Where p, p_plus and tau_plus are fine, so is the result.",
    "What do you return for p = (1/4, 3/4), p_plus = (1, 0), tau_plus = 3/4? Is it a law?",
    "Each of the three may be fine while they do not belong together: then the result has a negative entry.",
    "if result.min() < -1e-9: raise ValueError(...)",
)
exercise.slip("every negative entry raises", settled=lambda result: law_or_error(result, 0.0)).says(
    "A probability is never negative, not even by rounding.",
    "0.35 * 0.2 is not exactly 0.07 in floating point: subtracting the two may leave -1e-17.",
    "Allow entries down to -1e-9 and set them to 0.",
)


@exercise.accepted("point by point, rounding left in, validated by hand", guarded=False)
def negative_law(p, p_plus, tau_plus):
    for listed in (p, p_plus):
        if min(listed) < 0 or abs(sum(listed) - 1) > 1e-9:
            raise ValueError(f"no law: {listed}")
    if len(p) != len(p_plus) or not 0 <= tau_plus < 1:
        raise ValueError(f"{len(p)} and {len(p_plus)} points, tau_plus = {tau_plus}")
    result = [(everywhere - tau_plus * own) / (1 - tau_plus) for everywhere, own in zip(p, p_plus)]
    if min(result) < -1e-9:
        raise ValueError(f"negative probability {min(result)}")
    return result


@exercise.accepted("two quotients as in the notes, torch")
def negative_law(p, p_plus, tau_plus):
    result = torch.as_tensor(p) / (1 - tau_plus) - tau_plus / (1 - tau_plus) * torch.as_tensor(p_plus)
    if bool((result < -1e-9).any()):
        raise ValueError(f"smallest entry {result.min()}")
    return result.clamp(min=0)


@exercise.accepted("clipped, normalised again, checked with validate.law")
def negative_law(p, p_plus, tau_plus):
    rest = np.subtract(p, np.multiply(tau_plus, p_plus))
    if np.any(rest / (1 - tau_plus) < -1e-9):
        raise ValueError(f"{rest} is no law")
    rest = rest.clip(0) / rest.clip(0).sum()
    validate.law(rest, "the result", zeros=True)
    return rest
