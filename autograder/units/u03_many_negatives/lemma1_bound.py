"""lemma1_bound: what its check looks at. Non-uniform rho, so that 1/C is not p_min; the ln C outside the division."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, law, loss
from autograder.author.draw import larger_sizes
from course import worlds

exercise = Exercise(
    "lemma1_bound",
    refuses=(loss("unsup_loss"), law("rho")),
    hints={
        "values": (
            "Three ingredients: the loss, the probability of the rarest class, the number of classes.",
            "L_un / p_min + ln C: the loss is divided, the logarithm is added afterwards.",
        ),
        "bad input": ("validate.non_negative(unsup_loss=unsup_loss) and validate.law(rho) are all it takes.",),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 4, 7):
        yield Case(f"C = {c}", (float(rng.uniform(0.2, 2)), worlds.random_law(rng, c, minimum=0.3 / c)))
    yield Case("C = 5, uniform", (float(rng.uniform(0.2, 2)), np.full(5, 0.2)))
    yield Case("a loss of 0", (0.0, worlds.random_law(rng, 3, minimum=0.1)))
    yield Case("a rare class", (1e-3, np.array([1e-4, 0.3, 0.6999])))
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1))
    c = larger_sizes(rng, 1)[0]
    yield Case("more classes", (float(rng.uniform(0.2, 2)), worlds.random_law(rng, c, minimum=0.3 / c)), public=False)


@exercise.formula
def lemma1_bound(unsup_loss, rho, *, worst=min, known=lambda rho: 0.0, size=len, log=math.log, sign=1, together=False):
    price = sign * log(size(rho))
    return (unsup_loss + price) / worst(rho) if together else (unsup_loss - known(rho)) / worst(rho) + price


exercise.slip("the most frequent class", worst=max).says(
    "The worst case is the most frequent class, so the loss is divided by its probability.",
    "Which class is seen least often as a negative?",
    "p_min is the smallest entry of rho, not the largest.",
    "Divide by min(rho).",
)
exercise.slip("1/C in place of p_min", worst=np.mean).says(
    "Every class is drawn with probability 1/C.",
    "Is rho uniform here?",
    "p_min is the smallest entry of rho; it equals 1/C only when rho is uniform.",
    "Divide by min(rho), not by 1/C.",
)
exercise.slip("the logarithm divided too", together=True).says(
    "Both terms are divided by p_min.",
    "How large is the bound for a loss of 0?",
    "In the proof, p_min multiplies (L_sup - ln C). Solve for L_sup.",
    "L_un >= p_min (L_sup - ln C) gives L_sup <= L_un / p_min + ln C.",
)
exercise.slip("logarithm in base 2", log=math.log2).says(
    "The logarithm of the number of classes is in bits.",
    "In which unit are the losses of this course?",
    "Nats: the natural logarithm everywhere.",
    "math.log or np.log, not log2.",
)
exercise.slip("the logarithm subtracted", sign=-1).says(
    "The ln C makes the bound smaller.",
    "ln C is the price of keeping only the largest term of a sum of C terms. Does a price make a bound better?",
    "The maximum is at least log-sum-exp minus ln C; moved to the other side, the sign changes.",
    "L_un / p_min + ln C.",
)
exercise.slip("ln(1 / p_min) in place of ln C", size=lambda rho: 1 / min(rho)).says(
    "The logarithm is that of 1/p_min.",
    "Which number stands in the logarithm: how many terms the sum has, or how likely one of them is?",
    "ln C is what log-sum-exp of C numbers exceeds their maximum by, at most; rho has no part in it.",
    "Add ln C, C = len(rho).",
)
exercise.slip("the other classes only", size=lambda rho: max(1, len(rho) - 1)).says(
    "The logarithm counts the C - 1 other classes.",
    "How many terms has the sum in L_sup?",
    "All C classes stand in it, the true one too.",
    "Add ln C.",
)
exercise.slip("the entropy of rho in place of ln C", size=lambda rho: math.exp(-(rho * np.log(rho)).sum())).says(
    "The price is the entropy of rho, which is ln C only for equally likely classes.",
    "Does the probability of a class enter when C numbers are compared with their largest one?",
    "The step ln sum_j e^{a_j} <= max_j a_j + ln C holds at each anchor and counts the classes.",
    "Add ln C, whatever rho is.",
)
exercise.slip("multiplied by p_min", worst=lambda rho: 1 / min(rho)).says(
    "The loss is multiplied by p_min.",
    "Does a bound on L_sup get better when a class is rare?",
    "The proof gives L_un >= p_min (L_sup - ln C). Solve for L_sup.",
    "L_un / p_min + ln C.",
)
exercise.slip("1 - p_min", worst=lambda rho: 1 - min(rho)).says(
    "The loss is divided by the chance of a class other than the rarest.",
    "With which weight does the largest term stand in the sum over the negative's class?",
    "With rho_j, which is at least p_min.",
    "Divide by min(rho).",
)
exercise.slip("no ln C", size=lambda rho: 1).says(
    "The published lemma has no ln C.",
    "Which line is Lemma 1, and which is what the lecture makes of it?",
    "Here the published bound is asked for, with its ln C.",
    "L_un / p_min + ln C.",
)
exercise.slip("collisions subtracted", known=lambda rho: math.log(2) * (rho**2).sum()).says(
    "The published lemma subtracts the collisions.",
    "Which line is Lemma 1, and which is Proposition A?",
    "Collisions are counted in Proposition A only, and there the ln C is gone.",
    "L_un / p_min + ln C.",
)


@exercise.accepted("plain Python", guarded=False)
def lemma1_bound(unsup_loss, rho):
    if not (0 <= unsup_loss < math.inf):
        raise ValueError(f"unsup_loss = {unsup_loss}")
    if min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9:
        raise ValueError(f"rho = {rho}")
    return float(unsup_loss) / min(rho) + math.log(len(rho))


@exercise.accepted("numpy, largest inverse")
def lemma1_bound(unsup_loss, rho):
    return (unsup_loss / rho).max() + np.log(rho.size)


@exercise.accepted("torch")
def lemma1_bound(unsup_loss, rho):
    law = torch.from_numpy(rho)
    return unsup_loss / law.min() + math.log(law.numel())
