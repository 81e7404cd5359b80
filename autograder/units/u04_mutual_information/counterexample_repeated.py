"""counterexample_repeated: any right pair passes. It is judged in `course.check._repeated`, in the notebook too."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count
from course.check._repeated import both_sides, exceeds

exercise = Exercise(
    "counterexample_repeated",
    refuses=(count("n_negatives", "N", 700.5, minimum=300),),
    hints={
        "values": ("Return two matrices of one shape, (joint, critic).",),
        "bad input": ("`validate.count(minimum=300, n_negatives=n_negatives)`.",),
        "properties": (
            "Try exact copies: with probability 1 - P(y' = y) a sure critic has loss 0, however large N is.",
            "So the number is about P(y' != y) ln(N+1). A copied fair bit gives ln(N+1) / 2: not enough, for I is to be paid.",
            "With n equally likely symbols: P(y' != y) = 1 - 1/n and I = ln n. Which n does for N = 300?",
            "Is the number far below (1 - 1/n) ln(N+1)? Then the scores are too weak, turned round, or noise makes a sure"
            " critic pay.",
        ),
    },
)


@exercise.cases
def cases(rng):
    yield Case("N = 300", (300,), compare="any")
    yield Case("a random N", (int(rng.integers(400, 100_000)),), compare="any")
    yield from exercise.bad_inputs(800)


exercise.property(
    "ln(N+1) minus the loss exceeds the mutual information by ln(N+1) / 2, for every N from 300 to 100000"
)(exceeds)


def copies(n):
    symbols = round(math.log(n + 1))
    return np.eye(symbols) / symbols


@exercise.formula
def counterexample_repeated(
    n_negatives, *, law=copies, score=20.0, agree=np.eye, noise=0.0, given=lambda joint, critic: (joint, critic)
):
    joint = law(n_negatives)
    joint = (1 - noise) * joint + noise * np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return given(joint, score * agree(len(joint)))


exercise.slip("independent x and y", noise=1.0).says(
    "A bound that is wrong must be wrong where there is no information at all.",
    "What is the loss of your critic if x and y are independent?",
    "A score that cannot tell y from y' loses as much where y' scores higher as it gains elsewhere, and more.",
    "There must be something to recognise: let y tell x.",
)
exercise.slip("as many symbols as fit", law=lambda n: np.eye(20) / 20).says(
    "The more symbols, the rarer the collisions, and the larger the excess.",
    "How large is I for your joint?",
    "I grows like the logarithm of the number of symbols, and the share of collisions only falls from 1/n to less.",
    "(1 - 1/n) ln(N+1) - ln n is largest for n = ln(N+1).",
)
exercise.slip("a copied bit", law=lambda n: np.eye(2) / 2).says(
    "The fewer symbols, the smaller I, and the larger the excess.",
    "How often do y and y' agree in your world, and what does that cost?",
    "A collision costs ln(N+1), and with two symbols every second draw is one.",
    "(1 - 1/n) ln(N+1) - ln n is largest for n = ln(N+1).",
)
exercise.slip("three symbols", law=lambda n: np.eye(3) / 3).says(
    "Three symbols are enough: y' differs from y in two of three draws.",
    "What is ln(N+1) minus the loss for your joint, at N = 300? And I?",
    "Another symbol costs ln(4/3) of I, and saves ln(N+1) / 12.",
    "(1 - 1/n) ln(N+1) - ln n is largest for n = ln(N+1).",
)
exercise.slip("rows that are laws", law=lambda n: np.eye(6)).says(
    "The joint holds the laws of y given x, one in each row.",
    "What is the sum of your matrix?",
    "All entries of a joint law together sum to 1.",
    "Multiply each row by p(x).",
)
exercise.slip("a weak critic", score=0.3).says(
    "Any critic that points the right way will do.",
    "What is ln(N+1) minus the loss for your critic, at N = 300?",
    "With small scores the N copies of the negative still outvote the positive.",
    "The score of y must beat ln N by far where y' differs.",
)
exercise.slip("scores turned round", score=-20.0).says(
    "The repeated negative must score high to show the fault.",
    "Is your loss larger or smaller than ln(N+1)?",
    "The number exceeds I when the loss is too *small*.",
    "High scores where y belongs to x.",
)
exercise.slip("a rare symbol", law=lambda n: np.diag([0.99, 0.01])).says(
    "Little information is enough: the smaller I, the easier to exceed.",
    "How often do y and y' differ in your world?",
    "The number is about P(y' != y) ln(N+1), which falls as fast as I does.",
    "Let y' differ from y in most of the draws, but by few symbols: I is to stay small.",
)
exercise.slip("a score of infinity", score=1e6).says(
    "The larger the scores, the better.",
    "Which scores are allowed?",
    "At most 1000 in absolute value, so that the check can compute with them.",
    "A score of 20 is as good as any.",
)
exercise.slip("much noise", noise=0.6).says(
    "A noisy channel is as good as an exact copy.",
    "With noise a sure critic is sometimes sure of the wrong candidate. What does that cost?",
    "About ln N plus the whole score, whenever the positive disagrees with x and y' agrees.",
    "Let y be an exact copy of x.",
)

exercise.slip("a critic that says nothing", agree=lambda n: np.ones((n, n))).says(
    "A critic that cannot lose cannot be refuted.",
    "What is the loss of a constant critic with one negative shown N times?",
    "Exactly ln(N+1): it certifies 0 nats, which is never too much.",
    "Let the score be high where y belongs to x, and low elsewhere.",
)

exercise.style("lists", given=lambda joint, critic: [joint.tolist(), critic.tolist()])
exercise.style("torch", given=lambda joint, critic: (torch.from_numpy(joint), torch.from_numpy(critic)))


@exercise.accepted("five symbols of unequal probability and an empty column, validated by hand", guarded=False)
def counterexample_repeated(n_negatives):
    if not isinstance(n_negatives, (int, np.integer)) or n_negatives < 300:
        raise ValueError(f"N = {n_negatives}")
    joint = np.zeros((5, 6))
    joint[range(5), range(5)] = (0.21, 0.19, 0.2, 0.22, 0.18)
    return joint, np.where(joint > 0, 2 * math.log(n_negatives) + 5, 0.0)


@exercise.accepted("found by search")
def counterexample_repeated(n_negatives):
    rng = np.random.default_rng(0)
    while True:
        p = rng.dirichlet(9 * np.ones(5))
        joint, critic = np.diag(p), 40 * rng.uniform(0.5, 1, size=(5, 1)) * np.eye(5)
        information, certified = both_sides(joint, critic, n_negatives)
        if certified > information + math.log(n_negatives + 1) / 2:
            return joint, critic
