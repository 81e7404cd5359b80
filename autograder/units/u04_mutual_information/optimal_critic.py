"""optimal_critic: what its check looks at.

All cases are judged up to one constant per row. Blind inputs avoided: uniform column marginals (hide that ln p(x+|x)
forgets ln p(x+)), laws without zeros.
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u04_mutual_information.mutual_information import with_empty_lines, with_zeros
from course import validate
from course.check.case import Case, bad_input
from course.worlds import random_joint, random_law

exercise = Exercise(
    "optimal_critic",
    hints={
        "values": (
            "Given x and the N + 1 candidates, write the probability that candidate i is the positive, by Bayes' rule.",
            "That posterior is proportional to p(x_i | x) / p(x_i): the softmax of the scores must equal it.",
        ),
        "bad input": ("`validate.joint_law(joint)` raises for everything that is no joint law.",),
        "properties": ("In each row, p(x+) exp(s(x, x+)) must be proportional to p(x+ | x).",),
    },
)


@exercise.cases
def cases(rng):
    rule = "row_constant"
    yield Case("3 x 4", (random_joint(rng, 3, 4),), compare=rule)
    yield Case("4 x 3", (random_joint(rng, 4, 3),), compare=rule)
    yield Case("3 x 3, not symmetric", (random_joint(rng, 3, 3),), compare=rule)
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5),), compare=rule)
    yield Case("4 x 5, an empty row and an empty column", (with_empty_lines(rng, 4, 5),), compare=rule)
    yield bad_input("a negative entry", np.array([[0.6, -0.1], [0.2, 0.3]]))
    yield bad_input("entries that sum to 0.9", 0.9 * random_joint(rng, 2, 3))
    yield bad_input("NaN", np.array([[0.5, np.nan], [0.2, 0.3]]))
    yield bad_input("a vector", random_law(rng, 4))


@exercise.property("the critic turns the column marginal into the conditional law, row by row")
def recovers_the_conditional(f, rng):
    joint = with_zeros(rng, 4, 5)
    critic = f(joint)
    for row, scores in zip(joint, critic, strict=True):
        if row.sum() > 0:
            weights = joint.sum(axis=0) * np.exp(scores - scores.max())
            if np.abs(weights / weights.sum() - row / row.sum()).max() > 1e-9:
                return "p(x+) exp(s(x, x+)) is not proportional to p(x+ | x)"


@exercise.property("relabelling the columns relabels the critic")
def equivariant(f, rng):
    joint, order = random_joint(rng, 3, 5), rng.permutation(5)
    gap = f(joint[:, order]) - f(joint)[:, order]
    if np.ptp(gap, axis=1).max() > 1e-9:
        return "permuting the columns of the joint did not permute the critic"


@exercise.wrong(
    "log of the joint",
    belief="The best score is the log-probability of the pair: likely pairs get high scores.",
    hints=(
        "Suppose one x+ is simply common: it comes with every x. Should it score high?",
        "A common x+ is also common among the negatives; its frequency must be divided out.",
        "ln p(x,x+) and ln p(x+|x) still contain ln p(x+). Subtract it.",
    ),
)
def optimal_critic(joint):
    with np.errstate(divide="ignore"):
        return np.log(joint)


@exercise.wrong(
    "ratio without logarithm",
    belief="The best score is the density ratio itself.",
    hints=(
        "The loss puts the scores through an exponential. What must the exponential be?",
        "exp(score) should be proportional to p(x+|x)/p(x+). It is the spectral loss (06) that wants the ratio itself.",
        "Take the logarithm of the ratio.",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return np.where(joint > 0, joint / np.where(independent > 0, independent, 1.0), -np.inf)


@exercise.wrong(
    "a large negative number for -inf",
    belief="Where a pair is impossible, a score such as -1e9 is as good as minus infinity.",
    hints=(
        "The values are right where the joint is positive. What does the exercise ask for where it is zero?",
        "An impossible candidate has posterior probability 0, and only one score gives exactly 0.",
        "Fill with `-np.inf`.",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return np.where(cells, np.log(np.where(cells, joint, 1) / np.where(cells, independent, 1)), -1e9)


@exercise.wrong(
    "negative scores clipped",
    belief="Pairs rarer than under independence carry no signal: their score is 0.",
    hints=(
        "Are there negative scores in your critic? Should there be?",
        "That a candidate is *less* likely to come with x than by chance is information too.",
        "Remove the maximum with 0 (the 'positive PMI' of word embeddings).",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return np.where(cells, np.log(np.where(cells, joint, 1) / np.where(cells, independent, 1)).clip(min=0), 0.0)


@exercise.wrong(
    "base 2",
    belief="The base of the logarithm does not matter for a score.",
    hints=(
        "Shifting the scores of a row is free. Is scaling them?",
        "The loss uses e^score. With base 2 the softmax would need 2^score.",
        "Use the natural logarithm.",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return np.where(cells, np.log2(np.where(cells, joint, 1) / np.where(cells, independent, 1)), -np.inf)


@exercise.wrong(
    "terms of the mutual information",
    belief="The score of a pair is its contribution to the mutual information.",
    hints=(
        "Does the score of a pair have to grow with how often the pair occurs?",
        "The softmax of the scores must be the posterior of each candidate; the weight p(x,x+) is not part of it.",
        "Drop the factor `joint` in front of the logarithm.",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    terms = joint * np.log(np.where(cells, joint, 1) / np.where(cells, independent, 1))
    return np.where(cells, terms, -np.inf)


@exercise.wrong(
    "ratio upside down",
    belief="The score compares what independence predicts with what is observed.",
    hints=(
        "Does your critic give its highest score to the candidate that x makes most likely?",
        "Rare pairs get your highest scores, frequent ones your lowest.",
        "Numerator and denominator of the ratio are exchanged.",
    ),
)
def optimal_critic(joint):
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return np.where(cells, np.log(np.where(cells, independent, 1) / np.where(cells, joint, 1)), -np.inf)


@exercise.wrong(
    "posterior probabilities",
    belief="The critic should return the probabilities of the candidates, normalised over each row.",
    hints=(
        "The loss applies the softmax to what you return. How often is it applied in total?",
        "Scores are logits, not probabilities.",
        "Return the logarithm of the unnormalised ratio.",
    ),
)
def optimal_critic(joint):
    noise = joint.sum(axis=0)
    ratio = np.where(joint > 0, joint / np.where(noise > 0, noise, 1.0), 0.0)
    return np.where(joint > 0, ratio / np.maximum(ratio.sum(axis=1, keepdims=True), 1e-300), -np.inf)


@exercise.wrong(
    "divided by the wrong marginal",
    belief="The best score is ln p(x+|x) minus a term of x+ that is taken from the rows: ln p(x,x+) - 2 ln p(x+).",
    hints=(
        "Write p(x,x+) = p(x) p(x+|x). How many factors p(x+) does the ratio remove?",
        "You removed p(x+) twice.",
        "ln p(x,x+) - ln p(x+) is right up to a constant per row.",
    ),
)
def optimal_critic(joint):
    noise = joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(joint > 0, np.log(joint) - 2 * np.log(noise), -np.inf)


@exercise.accepted("ln p(x | x+): the row constant ln p(x) dropped in another way")
def optimal_critic(joint):
    validate.joint_law(joint)
    noise = joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(joint > 0, np.log(joint / noise), -np.inf)


@exercise.accepted("double loop, rows shifted by a constant, nested lists")
def optimal_critic(joint):
    validate.joint_law(joint)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    critic = []
    for i in range(joint.shape[0]):
        scores = []
        for j in range(joint.shape[1]):
            p = float(joint[i, j])
            scores.append(math.log(p) - math.log(rows[i]) - math.log(columns[j]) + 3.0 * i if p > 0 else -math.inf)
        critic.append(scores)
    return np.array(critic)


@exercise.accepted("torch, highest score of a row 0")
def optimal_critic(joint):
    validate.joint_law(joint)
    p = torch.tensor(joint)
    critic = p.log() - torch.where(p.sum(0) > 0, p.sum(0), 1.0).log()
    return critic - torch.nan_to_num(critic.max(dim=1, keepdim=True).values, neginf=0.0)
