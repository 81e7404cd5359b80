"""sinkhorn: what its check looks at.

Three iterations leave a column error that shows which side comes last; at epsilon 0.001 nothing but logarithms survives.
Blind spots to keep out: B = K, epsilon 1, many iterations (both sides are right then).
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, batch, count, needs, positive
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "sinkhorn",
    refuses=(
        positive("epsilon"),
        count("n_iterations", "n_iterations", 1.5),
        batch(minimum=2, scores="the scores"),
        needs("scores.ndim == 2", {"scores with one axis": {"scores": lambda scores: scores[0]}}),
    ),
    hints={
        "values": (
            "Sum your codes along both axes: which sums are exact after three iterations?",
            "Each round rescales the columns first, also in the first round: nothing is done to the rows before it.",
            "Start from scores / epsilon and subtract `logsumexp` along one axis, then along the other; `exp` at the end.",
        ),
        "stability": (
            "e^(1/0.001) is infinite. If the largest score is subtracted first, what becomes of a row that lies far below it?",
            "0 / 0. Keep logarithms to the end: subtract `logsumexp(dim=..., keepdim=True)`.",
        ),
        "bad input": ("Two axes, B = 1, epsilon <= 0, no iteration, NaN.",),
    },
)


def cosines(rng, b, k, dtype=torch.float64):
    return torch.tanh(tensor(rng, b, k)).to(dtype)


@exercise.cases
def cases(rng):
    for b, k, epsilon, n in ((4, 3, 0.3, 3), (3, 5, 0.1, 2), (6, 2, 0.5, 1), (2, 4, 1.0, 5)):
        yield Case(f"B = {b}, K = {k}, epsilon {epsilon}, {n} iterations", (cosines(rng, b, k), epsilon, n))
    yield Case("float32", (cosines(rng, 5, 3, torch.float32), 0.4, 3), rtol=1e-4)
    yield Case("one prototype", (cosines(rng, 3, 1), 0.3, 2))
    yield Case("fifty iterations", (cosines(rng, 4, 3), 0.5, 50))
    far = cosines(rng, 4, 3)
    far[1] -= 1.5  # a row far below the largest score
    yield Case("epsilon 0.001", (far, 1e-3, 3), part="stability", rtol=1e-7)
    high = 0.9 + 0.1 * cosines(rng, 3, 2)
    yield Case("epsilon 0.001, all scores near 1", (high, 1e-3, 2), part="stability", rtol=1e-7)
    yield Case("epsilon 0.005, float32", (far.float(), 5e-3, 2), part="stability", rtol=1e-2)
    yield from exercise.bad_inputs(cosines(rng, 3, 2), 0.3, 3)
    yield Case("a larger batch", (cosines(rng, *larger_sizes(rng, 2)), 0.2, 3), public=False)


@exercise.property("rows sum to 1 always, columns to B / K in the limit, and adding a number to a row changes nothing")
def marginals(f, rng):
    b, k = larger_sizes(rng, 2, high=20)
    scores = cosines(rng, b, k)
    codes = f(scores, 0.5, 300)
    if np.abs(codes.sum(axis=1) - 1).max() > 1e-9 or np.abs(f(scores, 0.05, 1).sum(axis=1) - 1).max() > 1e-9:
        return "a row does not sum to 1"
    if np.abs(codes.sum(axis=0) - b / k).max() > 1e-6:
        return "after 300 iterations a column does not sum to B / K"
    if np.abs(f(scores + tensor(rng, b, 1), 0.5, 300) - codes).max() > 1e-6:
        return "a number added to a row has changed the codes"


def columns_then_rows(scores, n):
    for _ in range(n):
        scores = scores - scores.logsumexp(dim=0, keepdim=True)
        scores = scores - scores.logsumexp(dim=1, keepdim=True)
    return scores


def rows_then_columns(scores, n):
    """The columns are normalised last, to B / K."""
    for _ in range(n):
        scores = scores - scores.logsumexp(dim=1, keepdim=True)
        scores = scores - scores.logsumexp(dim=0, keepdim=True)
    return scores + math.log(scores.shape[0] / scores.shape[1])


def rows_then_columns_then_rows(scores, n):
    return rows_then_columns(scores, n).log_softmax(dim=1)


def columns_last_to_one(scores, n):
    for _ in range(n):
        scores = scores.log_softmax(dim=1).log_softmax(dim=0)
    return scores


def columns_only(scores, n):
    return scores - scores.logsumexp(dim=0, keepdim=True) + math.log(scores.shape[0] / scores.shape[1])


def naive(scores, n):
    codes = scores.exp()
    for _ in range(n):
        codes = codes / codes.sum(dim=0)
        codes = codes / codes.sum(dim=1, keepdim=True)
    return codes.log()


def largest_subtracted(scores, n):
    return naive(scores - scores.max(), n)


@exercise.formula
def sinkhorn(
    scores,
    epsilon,
    n_iterations,
    *,
    heated=lambda scores, epsilon: scores / epsilon,
    rescaled=columns_then_rows,
    rounds=lambda n: n,
    finish=lambda codes: codes,
):
    return finish(rescaled(heated(scores, epsilon), rounds(n_iterations)).exp())


exercise.slip("a softmax only", rescaled=lambda scores, n: scores.log_softmax(dim=1)).says(
    "A softmax of each row shares out the images well enough.",
    "Sum your columns: do all prototypes get the same?",
    "Nothing keeps all images from going to one prototype: the columns must be rescaled too.",
)
exercise.slip("columns only", rescaled=columns_only).says(
    "It is enough to rescale the columns.",
    "Sum your rows: is each image shared out?",
    "Columns, then rows, and again.",
)
exercise.slip("columns last", rescaled=rows_then_columns).says(
    "It does not matter which side is rescaled last.",
    "After three iterations, which of your sums are exact: those of the rows or of the columns?",
    "Each round: columns first, then rows.",
)
exercise.slip("rows first, rows last", rescaled=rows_then_columns_then_rows).says(
    "Rows may be rescaled before the columns, as long as they are exact at the end.",
    "With one iteration, which step comes first, and how many steps do you make?",
    "Columns first: n_iterations rounds of columns, then rows, and nothing before or after.",
)
exercise.slip("columns last, to 1", rescaled=columns_last_to_one).says(
    "The columns are rescaled last, and sum to 1.",
    "Sum your codes along both axes: which sums are exact? Each image must be shared out completely.",
    "Each round: columns first (`dim=0`), then rows (`dim=1`).",
)
exercise.slip(
    "the largest of each row taken out",
    heated=lambda scores, epsilon: (scores - scores.max(dim=1, keepdim=True).values) / epsilon,
).says(
    "Subtracting the largest score of each row changes nothing.",
    "It rescales the rows. Which step comes first?",
    "The columns come first, and a factor of each row changes what they become. A single number for all scores does not.",
    "Leave the scores as they are, and keep logarithms: `logsumexp` is safe.",
)
exercise.slip("multiplied by epsilon", heated=lambda scores, epsilon: scores * epsilon).says(
    "A small epsilon makes the scores small.",
    "Do your codes get sharper when epsilon falls?",
    "Divide by epsilon.",
)
exercise.slip("epsilon left out", heated=lambda scores, epsilon: scores).says(
    "The scores go into the exponential as they are.",
    "Does your answer depend on epsilon?",
    "e^(score / epsilon).",
)
exercise.slip("total 1", finish=lambda codes: codes / len(codes)).says(
    "The codes of the whole batch sum to 1.",
    "What does one of your rows sum to?",
    "Each image is shared out completely: the last factor is B.",
)
exercise.slip("one round too few", rounds=lambda n: n - 1).says(
    "The first exponential counts as the first iteration.",
    "With one iteration, are your rows exact?",
    "n_iterations rounds of both steps.",
)
exercise.slip("one round too many", rounds=lambda n: n + 1).says(
    "After n_iterations rounds comes one more.",
    "With one iteration, how often do you rescale the columns?",
    "n_iterations rounds of both steps.",
)
exercise.slip("a single round", rounds=lambda n: 1).says(
    "One round makes both sides exact.",
    "Sum your columns after the round: are they still equal?",
    "n_iterations rounds of both steps.",
)
exercise.slip("exponentials at once", rescaled=naive).says(
    "The exponentials can be taken at the beginning.",
    "What is e^(0.9 / 0.001)?",
    "Keep logarithms: subtract `logsumexp`, take `exp` at the end.",
)
exercise.slip("the largest score subtracted", rescaled=largest_subtracted).says(
    "Subtracting the largest score makes the exponentials safe.",
    "What becomes of a row whose scores all lie 1.5 below the largest one, at epsilon 0.001?",
    "All its exponentials are 0, and 0 / 0 is NaN. Keep logarithms to the end.",
)


@exercise.accepted("two potentials")
def sinkhorn(scores, epsilon, n_iterations):
    s = scores / epsilon
    u, v = torch.zeros(len(s), 1, dtype=s.dtype), torch.zeros(1, s.shape[1], dtype=s.dtype)
    for _ in range(n_iterations):
        v = -torch.logsumexp(s + u, dim=0, keepdim=True)
        u = -torch.logsumexp(s + v, dim=1, keepdim=True)
    return torch.exp(s + u + v)


@exercise.accepted("log_softmax along both axes")
def sinkhorn(scores, epsilon, n_iterations):
    log_codes = scores / epsilon
    for _ in range(n_iterations):
        log_codes = log_codes.log_softmax(dim=0).log_softmax(dim=1)
    return log_codes.exp()


@exercise.accepted("with the shares, transposed, validated by hand", guarded=False)
def sinkhorn(scores, epsilon, n_iterations):
    if scores.ndim != 2 or len(scores) < 2 or scores.shape[1] == 0 or bool(scores.isnan().any()):
        raise ValueError(f"scores {tuple(scores.shape)}")
    if not 0 < epsilon < math.inf or not isinstance(n_iterations, int) or n_iterations < 1:
        raise ValueError(f"epsilon {epsilon}, n_iterations {n_iterations}")
    b, k = scores.shape
    q = (scores / epsilon).T  # prototypes are rows, as in the paper's code
    for _ in range(n_iterations):
        q = q - q.logsumexp(1, keepdim=True) + math.log(b / k)
        q = q - q.logsumexp(0, keepdim=True)
    return q.T.exp()
