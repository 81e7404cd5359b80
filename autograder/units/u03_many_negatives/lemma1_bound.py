"""lemma1_bound: what its check looks at. Non-uniform rho, so that 1/C is neither p_min nor the chance of a collision; the
ln C outside the division; and that the loss, too, has a least value."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, law, loss
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import LN2
from course import worlds

exercise = Exercise(
    "lemma1_bound",
    refuses=(loss("unsup_loss"), law("rho")),
    hints={
        "values": (
            "Three ingredients: the loss, the probability of the rarest class, the number of classes.",
            "L_un / p_min + ln C: the loss is divided, the logarithm is added afterwards.",
            "The infimum: which part of L_un does no embedding get rid of?",
        ),
        "bad input": ("validate.non_negative(unsup_loss=unsup_loss) and validate.law(rho) are all it takes.",),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 4, 7):
        args = float(rng.uniform(0.2, 2)), worlds.random_law(rng, c, minimum=0.3 / c)
        yield Case(f"C = {c}", args)
        yield Case(f"C = {c}, its infimum", (*args, True))
    yield Case("C = 5, uniform", (float(rng.uniform(0.2, 2)), np.full(5, 0.2)))
    yield Case("a loss of 0", (0.0, worlds.random_law(rng, 3, minimum=0.1)))
    yield Case("a rare class", (1e-3, np.array([1e-4, 0.3, 0.6999])))
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1))
    c = larger_sizes(rng, 1)[0]
    args = float(rng.uniform(0.2, 2)), worlds.random_law(rng, c, minimum=0.3 / c)
    yield Case("more classes", args, public=False)
    yield Case("more classes, its infimum", (*args, True), public=False)


@exercise.formula
def lemma1_bound(
    unsup_loss,
    rho,
    least=False,
    *,
    worst=min,
    log=math.log,
    sign=1,
    together=False,
    floor=lambda rho, loss: LN2 * (rho**2).sum(),
):
    loss, price = floor(rho, unsup_loss) if least else unsup_loss, sign * log(len(rho))
    return (loss + price) / worst(rho) if together else loss / worst(rho) + price


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
exercise.slip("the infimum left out", floor=lambda rho, loss: loss).says(
    "The given loss decides about the infimum.",
    "Over what is the infimum taken?",
    "Over all worlds with this rho and all embeddings: L_un takes its own least value, whatever `unsup_loss` is.",
    "Put the least loss in place of `unsup_loss`.",
)
exercise.slip("a loss of 0", floor=lambda rho, loss: 0.0).says(
    "A good embedding makes the contrastive loss as small as one likes, so that ln C is the least bound.",
    "What does a negative of the anchor's own class cost, at best?",
    "By Jensen a collision pays ln 2 or more, and collisions happen with probability sum_c rho_c^2.",
    "The least loss is ln 2 sum(rho**2): orthogonal classes, far apart, come close.",
)
exercise.slip("the loss of f = 0", floor=lambda rho, loss: LN2).says(
    "The least loss is ln 2, that of f = 0.",
    "Can an embedding tell two classes apart? Then what does a negative of another class cost?",
    "Only the collisions cost ln 2; the other negatives may cost next to nothing.",
    "The least loss is ln 2 sum(rho**2).",
)
exercise.slip("collisions of equally likely classes", floor=lambda rho, loss: LN2 / len(rho)).says(
    "A negative collides with probability 1/C.",
    "Is rho uniform in the failing case?",
    "Anchor and negative are two draws from rho: they agree with probability sum_c rho_c^2.",
    "The least loss is ln 2 sum(rho**2).",
)
exercise.slip("collisions of the rarest class", floor=lambda rho, loss: LN2 * min(rho)).says(
    "A negative collides with probability p_min, so that ln 2 + ln C is the least bound.",
    "How often does a negative have the class of its anchor, if the anchor's class is a frequent one?",
    "Anchor and negative are two draws from rho: they agree with probability sum_c rho_c^2, which is at least p_min.",
    "The least loss is ln 2 sum(rho**2).",
)


@exercise.accepted("plain Python", guarded=False)
def lemma1_bound(unsup_loss, rho, least=False):
    if not (0 <= unsup_loss < math.inf):
        raise ValueError(f"unsup_loss = {unsup_loss}")
    if min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9:
        raise ValueError(f"rho = {rho}")
    loss = sum(p * p for p in rho) * math.log(2) if least else float(unsup_loss)
    return loss / min(rho) + math.log(len(rho))


@exercise.accepted("numpy, largest inverse")
def lemma1_bound(unsup_loss, rho, least=False):
    return ((np.log(2) * rho @ rho if least else unsup_loss) / rho).max() + np.log(rho.size)


@exercise.accepted("torch")
def lemma1_bound(unsup_loss, rho, least=False):
    law = torch.from_numpy(rho)
    return (math.log(2) * law.square().sum() if least else unsup_loss) / law.min() + math.log(law.numel())
