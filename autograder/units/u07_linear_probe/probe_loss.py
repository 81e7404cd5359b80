"""probe_loss: what its check looks at. Weights that are not uniform, zeros among them, ranks below the dimension."""

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input
from course.worlds import random_law

exercise = Exercise(
    "probe_loss",
    hints={
        "values": (
            "The weights stand inside the minimum too: they decide which w is best.",
            "weights (y - w.z)^2 = (sqrt(weights) y - w.(sqrt(weights) z))^2: an ordinary least-squares problem.",
            "np.linalg.lstsq(root[:, None] * z, root * y, rcond=None), then the sum of the squared residuals.",
            "With zero or dependent columns np.linalg.solve fails, it needs a regular matrix; lstsq and pinv do not.",
        ),
        "bad input": (
            "validate.law(weights, 'weights', zeros=True) checks the weights.",
            "z must be (S, d), y and weights (S,), all finite. numpy broadcasts shapes that do not fit.",
        ),
    },
)


def problem(rng, n, d):
    """Off-centre embeddings, labels and weights: an intercept, or other weights, would change the answer."""
    z = rng.normal(size=(n, d)) + rng.normal(size=d)
    y = z @ rng.normal(size=d) + rng.normal(size=n) + 0.7
    return z, y, random_law(rng, n, minimum=0.2 / n)


@exercise.cases
def cases(rng):
    for n, d in ((5, 2), (7, 3), (6, 1), (4, 3)):
        yield Case(f"S = {n}, d = {d}", problem(rng, n, d))
    z, y, weights = problem(rng, 6, 2)
    yield Case("labels +1 and -1", (z, np.where(y > np.median(y), 1.0, -1.0), weights))
    yield Case("labels 0 and 1, integers", (z, (y > np.median(y)).astype(np.int64), weights))
    yield Case("a zero column", (np.column_stack([z, np.zeros(6)]), y, weights))
    yield Case("columns that depend on each other", (np.column_stack([z, z[:, 0] - 2 * z[:, 1]]), y, weights))
    yield Case("more dimensions than points: loss 0", problem(rng, 3, 5))
    yield Case("z = 0", (np.zeros((5, 2)), rng.normal(size=5), random_law(rng, 5)))
    z, y, weights = problem(rng, 6, 2)
    weights[2], y[2] = 0.0, 50.0
    yield Case("a point of weight 0", (z, y, weights / weights.sum()))
    z, y, weights = problem(rng, 5, 2)
    yield Case("large embeddings", (1e4 * z, y, weights))
    yield bad_input("weights sum to 1.1", z, y, 1.1 * weights)
    yield bad_input("a negative weight", z, y, np.array([-0.1, 0.5, 0.2, 0.2, 0.2]))
    yield bad_input("too few labels", z, y[:4], weights)
    yield bad_input("one label", z, y[:1], weights)
    yield bad_input("too few weights", z, y, weights[:4] / weights[:4].sum())
    yield bad_input("too few rows of z", z[:4], y, weights)
    yield bad_input("z is a vector", z[:, 0], y, weights)
    yield bad_input("NaN in z", np.where(np.eye(5, 2) > 0, np.nan, z), y, weights)
    yield bad_input("NaN in y", z, np.where(np.arange(5) == 1, np.nan, y), weights)


@exercise.property("no w does better, and the coordinates of the embedding do not matter")
def minimum(f, rng):
    z, y, weights = problem(rng, 6, 2)
    value = f(z, y, weights)
    for _ in range(50):
        if weights @ (y - z @ (3 * rng.normal(size=2))) ** 2 < value - 1e-9:
            return "a random w has a smaller loss"
    if abs(f(z @ rng.normal(size=(2, 2)), y, weights) - value) > 1e-7:
        return "an invertible change of coordinates of z changed it"
    if value > weights @ y**2 + 1e-9:
        return "it is above the loss of w = 0"


def arrays(z, y, weights):
    """The three as float arrays of a valid call; ValueError otherwise."""
    validate.law(weights, "weights", zeros=True)
    z, y, weights = (np.asarray(a, dtype=float) for a in (z, y, weights))
    if z.ndim != 2 or len(z) != len(weights) or y.shape != weights.shape:
        raise ValueError(f"got shapes {z.shape}, {y.shape}, {weights.shape}")
    if not (np.isfinite(z).all() and np.isfinite(y).all()):
        raise ValueError("not finite")
    return z, y, weights


@exercise.wrong(
    "an intercept",
    belief="A linear head has an intercept.",
    hints=(
        "What is your loss for a constant y? And with z = 0?",
        "The head of the theory is w.z, without intercept; the embedding must provide the constant itself.",
        "No column of ones, no centring.",
    ),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    rows = root[:, None] * np.column_stack([z, np.ones(len(z))])
    w = np.linalg.lstsq(rows, root * y, rcond=None)[0]
    return np.sum((root * y - rows @ w) ** 2)


@exercise.wrong(
    "weights ignored",
    belief="The loss is the plain mean over the points.",
    hints=(
        "Change the weights: does your loss move?",
        "Every squared error is multiplied by the weight of its point, in the fit and in the loss.",
        "Multiply rows and labels by sqrt(weights) before lstsq.",
    ),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    w = np.linalg.lstsq(z, y, rcond=None)[0]
    return np.mean((y - z @ w) ** 2)


@exercise.wrong(
    "weights only in the loss",
    belief="The best w is that of ordinary least squares; the weights enter afterwards.",
    hints=(
        "Is there a w with a smaller weighted loss than yours?",
        "The minimum is over the weighted loss: the fit must know the weights.",
        "Multiply rows and labels by sqrt(weights) before lstsq.",
    ),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    w = np.linalg.lstsq(z, y, rcond=None)[0]
    return weights @ (y - z @ w) ** 2


@exercise.wrong(
    "weights only in the fit",
    belief="The weights choose w; the loss is then the plain mean.",
    hints=("Which law is the loss an expectation over?", "Over the weights: sum of weights times squared errors."),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    w = np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[0]
    return np.mean((y - z @ w) ** 2)


@exercise.wrong(
    "weights instead of their square roots",
    belief="Rows and labels are multiplied by the weights.",
    hints=(
        "The residual is squared afterwards. What becomes of a factor in front of it?",
        "It is squared too: you minimise with weights^2.",
        "Multiply by np.sqrt(weights).",
    ),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    w = np.linalg.lstsq(weights[:, None] * z, weights * y, rcond=None)[0]
    return weights @ (y - z @ w) ** 2


@exercise.wrong(
    "a ridge",
    belief="A little regularisation does no harm.",
    hints=(
        "The minimum is over all w, without a penalty.",
        "A ridge of 0.01 changes the loss in the third digit, and depends on the scale of z.",
        "For dependent columns use lstsq or pinv instead.",
    ),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    w = np.linalg.solve(z.T @ (weights[:, None] * z) + 0.01 * np.eye(z.shape[1]), z.T @ (weights * y))
    return weights @ (y - z @ w) ** 2


@exercise.wrong(
    "root of the mean square",
    belief="The loss is the root of the mean squared error.",
    hints=("Your value squared is right.", "The mean squared error, without a root."),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    w = np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[0]
    return np.sqrt(weights @ (y - z @ w) ** 2)


@exercise.wrong(
    "divided by S as well",
    belief="The weighted squared errors are averaged over the points.",
    hints=("Your values are too small by the factor S.", "The weights already sum to 1: sum, do not average."),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    w = np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[0]
    return np.mean(weights * (y - z @ w) ** 2)


@exercise.wrong(
    "share of the variance",
    belief="The loss is measured in units of the mean of y^2.",
    hints=("Double y: by which factor should the loss grow?", "By four. Do not divide by the size of y."),
    uses=(arrays,),
)
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    w = np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[0]
    return (weights @ (y - z @ w) ** 2) / (weights @ y**2)


@exercise.accepted("projection onto an orthonormal basis", uses=(arrays,))
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    u, s, _ = np.linalg.svd(root[:, None] * z, full_matrices=False)
    u = u[:, s > 1e-12 * max(s.max(), 1e-300)]
    target = root * y
    return float(np.sum((target - u @ (u.T @ target)) ** 2))


@exercise.accepted("pseudo-inverse", uses=(arrays,))
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    root = np.sqrt(weights)
    w = np.linalg.pinv(root[:, None] * z) @ (root * y)
    return weights @ (y - z @ w) ** 2


@exercise.accepted("normal equations with a pseudo-inverse", uses=(arrays,))
def probe_loss(z, y, weights):
    z, y, weights = arrays(z, y, weights)
    w = np.linalg.pinv(z.T @ np.diag(weights) @ z, rcond=1e-10, hermitian=True) @ z.T @ (weights * y)
    return sum(float(q) * (float(t) - float(row @ w)) ** 2 for q, t, row in zip(weights, y, z))


@exercise.accepted("torch", uses=(arrays,))
def probe_loss(z, y, weights):
    z, y, weights = (torch.from_numpy(a) for a in arrays(z, y, weights))
    root = weights.sqrt()
    target = (root * y)[:, None]
    rows = root[:, None] * z
    return ((target - rows @ torch.linalg.lstsq(rows, target, driver="gelsd").solution) ** 2).sum()
