"""lemma1_sharp: what its check looks at. Non-uniform rho (norm squared, p_min and 1/C all differ), and the theorem."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, law, loss
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import LN2, bounds_mean_loss, exact_loss, mean_loss
from course import worlds

exercise = Exercise(
    "lemma1_sharp",
    refuses=(loss("unsup_loss"), law("rho")),
    hints={
        "values": (
            "Write the sum over j of rho_j zeta(a_j) as one collision plus the rest. What does the collision pay?",
            "The collision j = c has probability rho_c and pays ln 2: on average, ln 2 sum_c rho_c^2.",
            "The rest is at least p_min ln(1 + sum_{j != c} e^{a_j}), whose average is p_min times L_sup.",
            "L_un >= ln 2 sum rho^2 + p_min L_sup: solve for L_sup.",
        ),
        "bad input": ("validate.non_negative(unsup_loss=unsup_loss) and validate.law(rho) are all it takes.",),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 4, 7):
        yield Case(f"C = {c}", (float(rng.uniform(0.7, 3)), worlds.random_law(rng, c, minimum=0.3 / c)))
    yield Case("C = 5, uniform", (float(rng.uniform(0.7, 3)), np.full(5, 0.2)))
    yield Case("C = 4, the loss of f = 0", (math.log(2), np.full(4, 0.25)))
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1))
    c = larger_sizes(rng, 1)[0]
    yield Case("more classes", (float(rng.uniform(0.7, 3)), worlds.random_law(rng, c, minimum=0.3 / c)), public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds")
def theorem(f, rng):
    return bounds_mean_loss(lambda unsup_loss, rho, n: f(unsup_loss, rho), rng, counts=8 * (1,))


@exercise.property("nothing is given away: it is reached by well-separated classes")
def tight(f, rng):
    rho, s = np.full(3, 1 / 3), math.sqrt(12.0)
    world = rho, np.eye(3), s * np.eye(3)
    if f(exact_loss(*world, 1), rho) > 1.01 * mean_loss(*world):
        return "for three orthogonal classes, far apart, the bound must be within 1 % of L_sup"


@exercise.formula
def lemma1_sharp(
    unsup_loss,
    rho,
    *,
    collide=lambda rho: (rho**2).sum(),
    price=LN2,
    divisor=min,
    divided=True,
    kept=lambda rho: 0.0,
):
    collisions, p = price * collide(rho), divisor(rho)
    return ((unsup_loss - collisions) / p if divided else unsup_loss / p - collisions) + kept(rho)


exercise.slip("a whole ln 2 for the collision", collide=lambda rho: 1.0).says(
    "Collisions cost ln 2, so ln 2 is subtracted.",
    "How often does a negative collide with its anchor?",
    "A collision pays ln 2, but it happens with probability sum_c rho_c^2 only.",
    "Subtract ln 2 times sum(rho**2) from the loss before dividing.",
)
exercise.slip("collision probability 1/C", collide=lambda rho: 1 / len(rho)).says(
    "A negative collides with probability 1/C.",
    "Two draws from rho: with which probability are they equal?",
    "sum_c rho_c^2, which is 1/C only for a uniform rho.",
    "Replace 1/C by sum(rho**2).",
)
exercise.slip("collision in base 2", price=1.0).says(
    "A collision pays log 2 = 1.",
    "What is ln(1 + e^0) in nats?",
    "With the natural logarithm a collision pays ln 2 = 0.693; it pays 1 only in base 2.",
    "Multiply sum(rho**2) by math.log(2).",
)
exercise.slip("collision subtracted after the division", divided=False).says(
    "The collision term stands outside the division by p_min.",
    "Write the inequality before you solve it: L_un is at least what?",
    "L_un >= ln 2 sum rho^2 + p_min L_sup. Both terms on the left are divided by p_min.",
    "(unsup_loss - collision * ln 2) / p_min.",
)
exercise.slip("ln C kept", kept=lambda rho: math.log(len(rho))).says(
    "The ln C of the lemma stays; only the collisions are new.",
    "Where in the paper's proof does ln C come from?",
    "It is the price of replacing a sum by its largest term. Here all terms are kept, and no ln C appears.",
    "Drop the + ln C.",
)
exercise.slip("the two-class factor 1 - tau", divisor=lambda rho: 1 - (rho**2).sum()).says(
    "What is not a collision has probability 1 - tau, so the loss is divided by it, as in the lemma for pairs.",
    "With one negative you see one other class. How likely is a given one?",
    "L_sup here is about all classes at once; each of them is drawn with probability at least p_min.",
    "The division is by p_min; 1 - tau belongs to the average over two-class tasks.",
)
# differs from the sharp form only where rho is not uniform: at uniform rho, sum rho^2 = p_min
exercise.slip("the weak form", collide=min).says(
    "sum rho^2 >= p_min, so L_un / p_min - ln 2 is the bound.",
    "Your bound is true. Is it the best that the argument gives?",
    "The collision term is exactly ln 2 sum rho^2; do not replace it by ln 2 p_min.",
    "(unsup_loss - ln 2 * sum(rho**2)) / p_min.",
)


@exercise.accepted("plain Python", guarded=False)
def lemma1_sharp(unsup_loss, rho):
    if not (0 <= unsup_loss < math.inf) or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9:
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}")
    collision = sum(p * p for p in rho)
    return (unsup_loss - collision * math.log(2)) / min(rho)


@exercise.accepted("numpy, scalar product")
def lemma1_sharp(unsup_loss, rho):
    return unsup_loss / rho.min() - np.log(2) * (rho @ rho) / rho.min()


@exercise.accepted("torch")
def lemma1_sharp(unsup_loss, rho):
    law = torch.from_numpy(rho)
    return (unsup_loss - law.square().sum() * math.log(2)) / law.min()
