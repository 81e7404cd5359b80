"""optimal_critic: what its check looks at.

All cases are judged up to one constant per row. Blind inputs avoided: uniform column marginals (hide that ln p(y|x)
forgets ln q(y)), laws without zeros.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, joint_law
from autograder.author.draw import larger_sizes
from autograder.units.u04_mutual_information.draws import with_empty_lines, with_zeros
from autograder.units.u04_mutual_information.formulas import independent
from course.worlds import random_joint, random_law

exercise = Exercise(
    "optimal_critic",
    refuses=(joint_law("joint"),),
    hints={
        "values": (
            "Given x and the N + 1 candidates, write the probability that candidate i is the positive, by Bayes' rule.",
            "That posterior is proportional to p(y_i | x) / q(y_i): the softmax of the scores must equal it.",
        ),
        "bad input": ("`validate.joint_law(joint)` raises for everything that is no joint law.",),
        "properties": ("In each row, q(y) exp(s(x, y)) must be proportional to p(y | x).",),
    },
)


@exercise.cases
def cases(rng):
    rule = "row_constant"
    yield Case("3 x 4", (random_joint(rng, 3, 4),), compare=rule)
    yield Case("4 x 3", (random_joint(rng, 4, 3),), compare=rule)
    yield Case("3 x 3, not symmetric", (random_joint(rng, 3, 3),), compare=rule)
    hint = "An impossible candidate has probability 0, and only -inf says so: no -1e9, no tiny number in the logarithm."
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5),), compare=rule, hint=hint)
    yield Case("4 x 5, an empty row and an empty column", (with_empty_lines(rng, 4, 5),), compare=rule)
    yield from exercise.bad_inputs(random_joint(rng, 2, 3))
    yield bad_input("a vector", random_law(rng, 4))
    yield Case("a larger table", (random_joint(rng, *larger_sizes(rng, 2)),), compare=rule, public=False)


@exercise.property("the critic turns the column marginal into the conditional law, row by row")
def recovers_the_conditional(f, rng):
    joint = with_zeros(rng, 4, 5)
    critic = f(joint)
    for row, scores in zip(joint, critic, strict=True):
        if row.sum() > 0:
            weights = joint.sum(axis=0) * np.exp(scores - scores.max())
            if np.abs(weights / weights.sum() - row / row.sum()).max() > 1e-9:
                return "q(y) exp(s(x, y)) is not proportional to p(y | x)"


@exercise.property("relabelling the columns relabels the critic")
def equivariant(f, rng):
    joint, order = random_joint(rng, 3, 5), rng.permutation(5)
    gap = f(joint[:, order]) - f(joint)[:, order]
    if np.ptp(gap, axis=1).max() > 1e-9:
        return "permuting the columns of the joint did not permute the critic"


def highest(critic):
    """The highest score of each column, 0 for a column without any."""
    top = np.where(np.isnan(critic), -np.inf, critic).max(axis=0)
    return np.where(top > -np.inf, top, 0.0)


def nothing_for_nan(ratio):
    return np.where(np.isnan(ratio), 0.0, ratio)


def on_support(critic, joint):
    return np.where(joint > 0, critic, -np.inf)


@exercise.formula
def optimal_critic(joint, *, against=independent, scored=np.log, weight=np.ones_like, filled=on_support):
    with np.errstate(divide="ignore", invalid="ignore"):
        return filled(weight(joint) * scored(joint / against(joint)), joint)


exercise.slip("log of the joint", against=lambda joint: joint.sum(axis=1, keepdims=True)).says(
    "How frequent y is need not be divided out: the best score is ln p(x,y) or ln p(y|x), up to a constant per row.",
    "Suppose one y is simply common: it comes with every x. Should it score high?",
    "A common y is also common among the negatives; its frequency must be divided out.",
    "ln p(x,y) and ln p(y|x) (the same up to a constant per row) still contain ln q(y). Subtract it.",
)
exercise.slip(
    "pair against independence, both in the denominator", scored=lambda ratio: np.log(ratio / (1 + ratio))
).says(
    "The score is the log-probability that the pair comes from the joint and not from independent draws.",
    "Which question does the loss ask: 'pair or no pair?', or 'which of N + 1?'",
    "The softmax of the scores must be proportional to the ratio r, and r / (1 + r) is not.",
    "ln p(x,y) - ln q(y), up to a constant per row.",
)
exercise.slip("normalised over the anchors", scored=lambda ratio: np.log(ratio / np.nansum(ratio, axis=0))).says(
    "The scores of one y are normalised over the anchors.",
    "Which constants are free, one per row or one per column?",
    "A term of y changes which candidate wins. Only a term of x cancels in the softmax.",
    "Leave out the sum over x.",
)
exercise.slip(
    "highest score of a column 0", filled=lambda critic, joint: on_support(critic - highest(critic), joint)
).says(
    "A constant per column may be subtracted as well as one per row.",
    "Which constants are free, one per row or one per column?",
    "A term of y changes which candidate wins. Only a term of x cancels in the softmax.",
    "Subtract the highest score of each row, or nothing.",
)
exercise.slip("ratio without logarithm", scored=lambda ratio: ratio).says(
    "The best score is the density ratio itself.",
    "The loss puts the scores through an exponential. What must the exponential be?",
    "exp(score) should be proportional to p(y|x)/q(y). It is the spectral loss (06) that wants the ratio itself.",
    "Take the logarithm of the ratio.",
)
exercise.slip("a large negative number for -inf", filled=lambda critic, joint: np.where(joint > 0, critic, -1e9)).says(
    "Where a pair is impossible, a score such as -1e9 is as good as minus infinity.",
    "The values are right where the joint is positive. What does the exercise ask for where it is zero?",
    "An impossible candidate has posterior probability 0, and only one score gives exactly 0.",
    "Fill with `-np.inf`.",
)
exercise.slip("score 0 for impossible pairs", filled=lambda critic, joint: np.where(joint > 0, critic, 0.0)).says(
    "A pair that never occurs gets the score 0: nothing is known about it.",
    "Score 0 says 'as likely as by chance'. Is that what a zero in the joint says?",
    "An impossible candidate has posterior probability 0, so e^score must be 0 as well.",
    "Fill with `-np.inf`.",
)
exercise.slip("0 / 0 left to numpy", filled=lambda critic, joint: critic).says(
    "The quotient needs no care where a marginal is 0.",
    "Look at the law with an empty row and an empty column. What do you return there?",
    "0 / 0 is NaN, and 0 in its place is no better: the joint is 0 there, so the answer is -inf.",
    "Compute where `joint > 0` only, and fill the rest with `-np.inf`.",
)
exercise.slip(
    "negative scores clipped", filled=lambda critic, joint: np.where(joint > 0, np.maximum(critic, 0), 0.0)
).says(
    "Pairs rarer than under independence carry no signal: their score is 0.",
    "Are there negative scores in your critic? Should there be?",
    "That a candidate is *less* likely to come with x than by chance is information too.",
    "Remove the maximum with 0 (the 'positive PMI' of word embeddings).",
)
exercise.slip(
    "negative scores clipped, -inf kept",
    filled=lambda critic, joint: np.where(joint > 0, np.maximum(critic, 0), -np.inf),
).says(
    "Pairs rarer than under independence carry no signal: their score is 0.",
    "Are there negative scores in your critic? Should there be?",
    "That a candidate is *less* likely to come with x than by chance is information too.",
    "Remove the maximum with 0.",
)
exercise.slip(
    "a tiny number in the logarithm", filled=lambda critic, joint: np.log(nothing_for_nan(np.exp(critic)) + 1e-12)
).says(
    "A tiny number added in the logarithm, such as 1e-12, is as good as minus infinity where a pair is impossible.",
    "The values are right where the joint is positive. What does the exercise ask for where it is zero?",
    "e^score must be 0 there, and 1e-12 is not.",
    "Take the logarithm where `joint > 0` only, and fill the rest with `-np.inf`.",
)
exercise.slip("base 2", scored=np.log2).says(
    "The base of the logarithm does not matter for a score.",
    "Shifting the scores of a row is free. Is scaling them?",
    "The loss uses e^score. With base 2 the softmax would need 2^score.",
    "Use the natural logarithm.",
)
exercise.slip("terms of the mutual information", weight=lambda joint: joint).says(
    "The score of a pair is its contribution to the mutual information.",
    "Does the score of a pair have to grow with how often the pair occurs?",
    "The softmax of the scores must be the posterior of each candidate; the weight p(x,y) is not part of it.",
    "Drop the factor `joint` in front of the logarithm.",
)
exercise.slip("ratio upside down", scored=lambda ratio: -np.log(ratio)).says(
    "The score compares what independence predicts with what is observed.",
    "Does your critic give its highest score to the candidate that x makes most likely?",
    "Rare pairs get your highest scores, frequent ones your lowest.",
    "Numerator and denominator of the ratio are exchanged.",
)
exercise.slip("posterior probabilities", scored=lambda ratio: ratio / np.nansum(ratio, axis=1, keepdims=True)).says(
    "The critic should return the probabilities of the candidates, normalised over each row.",
    "The loss applies the softmax to what you return. How often is it applied in total?",
    "Scores are logits, not probabilities.",
    "Return the logarithm of the unnormalised ratio.",
)
exercise.slip("divided by the wrong marginal", against=lambda joint: joint.sum(axis=0, keepdims=True) ** 2).says(
    "The best score is ln p(y|x) minus a term of y that is taken from the rows: ln p(x,y) - 2 ln q(y).",
    "Write p(x,y) = p(x) p(y|x). How many factors q(y) does the ratio remove?",
    "You removed q(y) twice.",
    "ln p(x,y) - ln q(y) is right up to a constant per row.",
)

exercise.style("ln p(x | y): the row constant ln p(x) dropped", against=lambda joint: joint.sum(axis=0, keepdims=True))


@exercise.accepted("double loop, rows shifted by a constant")
def optimal_critic(joint):
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    critic = []
    for i in range(joint.shape[0]):
        scores = []
        for j in range(joint.shape[1]):
            p = float(joint[i, j])
            scores.append(math.log(p) - math.log(rows[i]) - math.log(columns[j]) + 3.0 * i if p > 0 else -math.inf)
        critic.append(scores)
    return np.array(critic)


@exercise.accepted("torch, highest score of a row 0, validated by hand", guarded=False)
def optimal_critic(joint):
    p = torch.tensor(joint)
    if p.ndim != 2 or not bool((p >= 0).all()) or abs(p.sum() - 1) > 1e-9:
        raise ValueError(f"no joint law: {joint}")
    critic = p.log() - torch.where(p.sum(0) > 0, p.sum(0), 1.0).log()
    return critic - torch.nan_to_num(critic.max(dim=1, keepdim=True).values, neginf=0.0)
