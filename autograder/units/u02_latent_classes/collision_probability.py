"""collision_probability: what its check looks at. Non-uniform laws of several lengths, one class, many classes."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, law
from autograder.author.draw import larger_sizes
from course import worlds

exercise = Exercise(
    "collision_probability",
    refuses=(law("rho"),),
    hints={
        "values": (
            "Two draws, one event: both give class 1, or both give class 2, and so on.",
            "P(both give c) = rho_c * rho_c by independence; sum over c.",
        ),
        "bad input": ("`validate.law(rho)` raises for everything that the docstring names.",),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 3, 5, 40):
        yield Case(f"C = {c}", (worlds.random_law(rng, c, minimum=0.1 / c),))
    yield Case("uniform, C = 4", (np.full(4, 0.25),))
    yield Case("one class", (np.ones(1),))
    yield from exercise.bad_inputs(worlds.random_law(rng, 3, minimum=0.1))
    yield bad_input("a negative probability", np.array([0.7, 0.6, -0.3]))
    yield bad_input("NaN in rho", np.array([0.5, np.nan, 0.5]))
    yield bad_input("rho is a matrix", np.full((2, 2), 0.25))
    c = larger_sizes(rng, 1)[0]
    yield Case("more classes", (worlds.random_law(rng, c, minimum=0.1 / c),), public=False)


@exercise.property("at least 1/C, and merging two classes of probabilities a and b adds 2ab")
def merging(f, rng):
    for _ in range(5):
        rho = worlds.random_law(rng, 5, minimum=0.05)
        if f(rho) < 1 / 5 - 1e-9:
            return "the answer fell below 1/C, the value of the uniform law, which is the smallest"
        merged = np.array([rho[0] + rho[1], *rho[2:]])
        if abs(f(merged) - f(rho) - 2 * rho[0] * rho[1]) > 1e-9:
            return "merging two classes did not add the probability of drawing one and then the other"


@exercise.formula
def collision_probability(rho, *, both=np.square, over=np.sum, answer=float):
    return answer(over(both(rho)))


exercise.slip("1 / C", both=lambda rho: 1 / len(rho), over=float).says(
    "With C classes two draws coincide with probability 1/C.",
    "Is a collision as likely when one class has probability 0.99?",
    "1/C is the value for a uniform rho only, and the smallest possible.",
    "Sum the squares of rho.",
)
exercise.slip("probability of no collision", answer=lambda tau: 1 - tau).says(
    "tau is the probability that the two classes differ.",
    "What should the answer be when there is one class only?",
    "With one class a collision is certain, but you answer 0.",
    "You have 1 - tau; return sum rho_c^2.",
)
exercise.slip("likeliest class", both=lambda rho: rho, over=np.max).says(
    "A collision happens as often as the likeliest class is drawn.",
    "May two draws collide in a class that is not the likeliest?",
    "Every class contributes: rho_c * rho_c.",
    "Sum rho_c^2 over all classes, instead of the maximum of rho.",
)
exercise.slip("the likeliest class twice", over=np.max).says(
    "Two draws collide when both give the likeliest class.",
    "What is your answer for two classes of probability 1/2?",
    "It should be 1/2: both may give the first class, or both the second.",
    "Sum rho_c^2 over all classes, instead of the largest one.",
)
exercise.slip("Euclidean norm", answer=math.sqrt).says(
    "tau is the norm of rho.",
    "What is your answer for two classes of probability 1/2?",
    "It should be 1/2, the probability that two fair coins agree.",
    "Do not take the square root of the sum of squares.",
)
exercise.slip("average of the squares", over=np.mean).says(
    "The probability of a collision is averaged over the classes.",
    "The events 'both give class c' exclude each other. How do their probabilities combine?",
    "Probabilities of disjoint events are added.",
    "Use sum, not mean.",
)
exercise.slip("product of the squares", over=np.prod).says(
    "The probabilities of a collision in class 1, in class 2, ... are multiplied.",
    "Must all of these collisions happen, or one of them?",
    "The events 'both give class c' exclude each other: their probabilities are added.",
    "Use sum, not prod.",
)

exercise.style("inner product", both=lambda rho: rho @ rho)


@exercise.accepted("loop over pairs of draws, Python float")
def collision_probability(rho):
    total = 0.0
    for first, p in enumerate(rho):
        for second, q in enumerate(rho):
            if first == second:
                total += float(p * q)
    return total


@exercise.accepted("trace of the joint law, torch, own validation", guarded=False)
def collision_probability(rho):
    rho = np.asarray(rho, dtype=float)
    if rho.ndim != 1 or not (rho > 0).all() or not abs(rho.sum() - 1) <= 1e-9:
        raise ValueError(f"rho is no law: {rho}")
    return torch.trace(torch.outer(torch.from_numpy(rho), torch.from_numpy(rho)))
