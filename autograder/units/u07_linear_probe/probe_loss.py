"""probe_loss: what its check looks at. Weights that are not uniform, zeros among them, ranks below the dimension."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, law, needs
from autograder.author.draw import odd_sizes
from autograder.author.short import short
from autograder.units.u07_linear_probe.draws import with_nan
from course import validate
from course.worlds import random_law

exercise = Exercise(
    "probe_loss",
    refuses=(
        law("weights", zeros=True),
        needs(
            "z.ndim == 2 and len(z) == len(weights) and y.shape == weights.shape",
            {
                "too few labels": {"y": lambda y: y[:4]},
                "one label": {"y": lambda y: y[:1]},
                "too few weights": {"weights": lambda weights: weights[:4] / weights[:4].sum()},
                "too few rows of z": {"z": lambda z: z[:4]},
                "z is a vector": {"z": lambda z: z[:, 0]},
            },
        ),
        needs(
            "abs(z).max() < float('inf') and abs(y).max() < float('inf')",
            {
                "NaN in z": {"z": with_nan},
                "NaN in y": {"y": lambda y: np.where(np.arange(5) == 1, np.nan, y)},
            },
        ),
    ),
    hints={
        "values": (
            "The weights stand inside the minimum too: they decide which w is best.",
            "weights (y - w.z)^2 = (sqrt(weights) y - w.(sqrt(weights) z))^2: an ordinary least-squares problem.",
            "np.linalg.lstsq(root[:, None] * z, root * y, rcond=None), then the sum of the squared residuals.",
            "With zero or dependent columns np.linalg.solve fails, it needs a regular matrix; lstsq and pinv do not.",
            "lstsq takes for 0 what is small beside the largest singular value. Bring all columns to one length first.",
        ),
        "bad input": (
            "validate.law(weights, 'weights', zeros=True) checks the weights.",
            "z must be (S, d), y and weights (S,), all finite. numpy broadcasts shapes that do not fit.",
        ),
    },
)

UNITS = "Measure a column in another unit: does your value change? Does the smallest loss?"


def problem(rng, n, d):
    """Off-centre embeddings, labels and weights: an intercept, or other weights, would change the answer."""
    z = rng.normal(size=(n, d)) + rng.normal(size=d)
    y = z @ rng.normal(size=d) + rng.normal(size=n) + 0.7
    return z, y, random_law(rng, n, minimum=0.2 / n)


@exercise.cases
def cases(rng):
    for n, d in ((5, 2), (7, 3), (6, 1), (4, 3)):
        yield Case(f"S = {n}, d = {d}", problem(rng, n, d))
    for n, d in (odd_sizes(rng, 2), sorted(odd_sizes(rng, 2))):
        yield Case(f"S = {n}, d = {d}", problem(rng, n, d), rtol=1e-8, public=False)
    z, y, weights = problem(rng, 6, 2)
    yield Case("labels +1 and -1", (z, np.where(y > np.median(y), 1.0, -1.0), weights))
    yield Case("labels 0 and 1, integers", (z, (y > np.median(y)).astype(np.int64), weights))
    yield Case("a zero column", (np.column_stack([z, np.zeros(6)]), y, weights))
    whole = short(z)  # short numbers, so that the stored columns depend on each other too
    yield Case("columns that depend on each other", (np.column_stack([whole, whole @ [1, -2]]), y, weights))
    yield Case("more dimensions than points: loss 0", problem(rng, 3, 5))
    yield Case("z = 0", (np.zeros((5, 2)), rng.normal(size=5), random_law(rng, 5)))
    z, y, weights = problem(rng, 6, 2)
    weights[2], y[2] = 0.0, 50.0
    yield Case("a point of weight 0", (z, y, weights / weights.sum()))
    z, y, weights = problem(rng, 5, 2)
    units = np.array([1e-12, 1.0, 1e12])
    z, y, weights = problem(rng, 6, 3)
    # a loose tolerance: one who drops the smallest column has the others to six digits, and is to be told so
    yield Case("columns of sizes 1e-12, 1 and 1e12", (short(z) * units, y, weights), hint=UNITS, rtol=1e-4)
    z, y, weights = problem(rng, 9, 3)
    z = np.column_stack([z * rng.permutation(units), z @ [1, -2, 1], np.zeros(9)])
    yield Case(
        "sizes 1e-12 to 1e12, a zero column among them",
        (z[:, [0, 1, 2, 4]], y, weights),
        hint=UNITS,
        public=False,
        rtol=1e-4,
    )
    z, y, weights = problem(rng, 5, 2)
    yield Case("large embeddings", (1e4 * z, y, weights))
    yield from exercise.bad_inputs(z, y, weights)
    yield bad_input("a negative weight", z, y, np.array([-0.1, 0.5, 0.2, 0.2, 0.2]))
    z, y, weights = problem(rng, 7, 2)
    z = np.column_stack([z, z[:, 0] + 1e-3 * rng.normal(size=7)])
    yield Case("columns that nearly depend on each other", (z, y, weights))
    z, y, weights = problem(rng, 7, 2)
    yield Case("columns of sizes 1e12 and 1e-12", (short(z) * [1e12, 1e-12], y, weights), hint=UNITS)


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


def lengths(rows):
    """The length of each column, 1 for a zero one."""
    found = np.sqrt((rows**2).sum(axis=0))
    return np.where(found > 0, found, 1.0)


def tiny_ridge(rows, target):
    return np.linalg.solve(rows.T @ rows + 1e-6 * np.eye(rows.shape[1]), rows.T @ target)


def by_products(rows, target):
    return np.linalg.pinv(rows.T @ rows) @ (rows.T @ target)


@exercise.formula
def probe_loss(
    z,
    y,
    weights,
    *,
    features=lambda z, weights: z,
    target=lambda y: y,
    factor=np.sqrt,
    level=lengths,
    solve=lambda rows, target: np.linalg.lstsq(rows, target, rcond=None)[0],
    error=np.square,
    pool=lambda weights, errors: weights @ errors,
    unit=lambda y, weights: 1.0,
):
    root, seen, y = factor(weights), features(z, weights), target(y)
    rows = root[:, None] * seen
    scale = level(rows)
    w = solve(rows / scale, root * y) / scale
    return pool(weights, error(y - seen @ w)) / unit(y, weights)


exercise.slip("columns in the units that they have", level=lambda rows: 1.0).says(
    "A solver (lstsq, pinv, a tiny ridge) finds the minimum whatever the units of the columns are.",
    "Multiply a column by 1e12: must the smallest loss change? Does yours?",
    "lstsq and pinv take singular values for 0 that are small beside the largest: a column of size 1e-12 is not used at all.",
    "Divide each column of sqrt(weights) z by its length before the fit.",
)
exercise.slip("labels centred", target=lambda y: y - y.mean()).says(
    "The labels are centred before the fit.",
    "What is your loss for constant labels and z = 0?",
    "The labels are taken as they are; a mean that z cannot say is part of the loss.",
    "Do not subtract a mean from y.",
)
exercise.slip("an intercept", features=lambda z, weights: np.column_stack([z, np.ones(len(z))])).says(
    "A linear head has an intercept.",
    "What is your loss for a constant y? And with z = 0?",
    "The head of the theory is w.z, without intercept; the embedding must provide the constant itself.",
    "No column of ones, no centring.",
)
exercise.slip("embedding centred", features=lambda z, weights: z - z.mean(axis=0)).says(
    "The embedding is centred before the fit.",
    "Shift all rows of z by one vector: the loss of a map without intercept changes. Does yours?",
    "w.z with z as it is given: what the mean of z says about y is used too.",
    "Do not subtract a mean from z.",
)
exercise.slip("embedding centred by the weights", features=lambda z, weights: z - weights @ z).says(
    "The embedding is centred at its weighted mean before the fit.",
    "Shift all rows of z by one vector: the loss of a map without intercept changes. Does yours?",
    "w.z with z as it is given: what the mean of z says about y is used too.",
    "Do not subtract a mean from z.",
)
exercise.slip(
    "rows of length 1", features=lambda z, weights: z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300)
).says(
    "Embeddings are brought to length 1 first.",
    "Double one row of z: the loss of the best w changes. Does yours?",
    "Nothing is said of unit vectors here: w.z with z as it is given.",
    "Scale columns, if you like, but no rows.",
)
exercise.slip("weights ignored", factor=np.ones_like, pool=lambda weights, errors: errors.mean()).says(
    "The loss is the plain mean over the points.",
    "Change the weights: does your loss move?",
    "Every squared error is multiplied by the weight of its point, in the fit and in the loss.",
    "Multiply rows and labels by sqrt(weights) before lstsq.",
)
exercise.slip("weights only in the loss", factor=np.ones_like).says(
    "The best w is that of ordinary least squares; the weights enter afterwards.",
    "Is there a w with a smaller weighted loss than yours?",
    "The minimum is over the weighted loss: the fit must know the weights.",
    "Multiply rows and labels by sqrt(weights) before lstsq.",
)
exercise.slip("weights only in the fit", pool=lambda weights, errors: errors.mean()).says(
    "The weights choose w; the loss is then the plain mean.",
    "Which law is the loss an expectation over?",
    "Over the weights: sum of weights times squared errors.",
)
exercise.slip("weights in the fit, errors summed", pool=lambda weights, errors: errors.sum()).says(
    "The weights choose w; the loss is then the sum of the squared errors.",
    "Which law is the loss an expectation over?",
    "Over the weights: sum of weights times squared errors.",
)
exercise.slip("weights instead of their square roots", factor=lambda weights: weights).says(
    "Rows and labels are multiplied by the weights.",
    "The residual is squared afterwards. What becomes of a factor in front of it?",
    "It is squared too: you minimise with weights^2.",
    "Multiply by np.sqrt(weights).",
)
exercise.slip("weights squared", factor=lambda weights: weights, pool=lambda weights, errors: weights**2 @ errors).says(
    "A residual is multiplied by its weight and then squared, in the fit and in the loss.",
    "With S equal weights and z = 0, what is your loss? It should be the mean of y^2.",
    "Squaring squares the weight too. Which factor, squared, is the weight?",
    "Multiply rows and labels by np.sqrt(weights).",
)
exercise.slip("sum over the points", factor=np.ones_like, pool=lambda weights, errors: errors.sum()).says(
    "The loss is the sum of the squared errors.",
    "Change the weights: does your loss move?",
    "It is an expectation: every squared error is multiplied by the weight of its point, in the fit and in the loss.",
    "Multiply rows and labels by sqrt(weights) before lstsq.",
)
exercise.slip("normal equations in the units that they have", level=lambda rows: 1.0, solve=by_products).says(
    "The pseudo-inverse of z^T W z is as exact as a fit to z itself.",
    "One column has entries near 1e4, another near 1e-4. How far apart are the diagonal entries of z^T W z?",
    "Squares: 1e8 and 1e-8. pinv takes for 0 what is below 1e-15 of the largest, and columns are not used at all.",
    "Divide each column of sqrt(weights) z by its length first, and use lstsq.",
)
exercise.slip("a ridge", solve=lambda a, b: np.linalg.solve(a.T @ a + 0.01 * np.eye(a.shape[1]), a.T @ b)).says(
    "A little regularisation does no harm.",
    "The minimum is over all w, without a penalty.",
    "A ridge of 0.01 changes the loss in the third digit, and depends on the scale of z.",
    "For dependent columns use lstsq or pinv instead.",
)
exercise.slip("a tiny ridge", level=lambda rows: 1.0, solve=tiny_ridge).says(
    "A ridge of 1e-6 changes nothing.",
    "Two columns that differ by a thousandth: what is the smallest eigenvalue of z^T W z?",
    "About 1e-6, no larger than the ridge; and beside columns near 1e-12 the ridge is all there is.",
    "No ridge: lstsq, with columns that are first divided by their lengths.",
)
exercise.slip("absolute errors", error=np.abs).says(
    "The loss is the mean absolute error at the best w.",
    "Double z and y: by which factor should the loss grow?",
    "By four: the errors are squared.",
    "np.sum(weights * (y - z @ w) ** 2).",
)
exercise.slip("root of the mean square", pool=lambda weights, errors: math.sqrt(weights @ errors)).says(
    "The loss is the root of the mean squared error.",
    "Your value squared is right.",
    "The mean squared error, without a root.",
)
exercise.slip("divided by S as well", pool=lambda weights, errors: np.mean(weights * errors)).says(
    "The weighted squared errors are averaged over the points.",
    "Your values are too small by the factor S.",
    "The weights already sum to 1: sum, do not average.",
)
exercise.slip("share of the variance", unit=lambda y, weights: weights @ y**2).says(
    "The loss is measured in units of the mean of y^2.",
    "Double y: by which factor should the loss grow?",
    "By four. Do not divide by the size of y.",
)


@exercise.wrong(
    "the residuals that lstsq returns",
    belief="The second value of lstsq is the sum of squared residuals.",
    hints=(
        "Print it for a z with a zero column, and for more columns than rows.",
        "It is an empty array there: lstsq returns it for full rank and more rows than columns only.",
        "Take w from lstsq, and add up the squared residuals yourself.",
    ),
)
def probe_loss(z, y, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[1].sum()


@exercise.wrong(
    "normal equations, solved",
    belief="z^T W z can be inverted.",
    hints=(
        "It has no inverse where a column is zero or depends on others, and a wild one where rounding hides that.",
        "The minimum exists all the same, at many w. Which functions find one of them?",
        "np.linalg.lstsq or np.linalg.pinv.",
    ),
)
def probe_loss(z, y, weights):
    z = z / np.maximum(np.abs(z).max(axis=0), 1e-300)
    gram = z.T @ (weights[:, None] * z)
    w = np.linalg.inv(gram) @ (z.T @ (weights * y))
    return weights @ (y - z @ w) ** 2


exercise.style("pseudo-inverse", solve=lambda rows, target: np.linalg.pinv(rows) @ target)
exercise.style(
    "normal equations with a pseudo-inverse",
    solve=lambda a, b: np.linalg.pinv(a.T @ a, rcond=1e-10, hermitian=True) @ a.T @ b,
)


@exercise.accepted("projection onto an orthonormal basis, validated by hand", guarded=False)
def probe_loss(z, y, weights):
    validate.law(weights, "weights", zeros=True)
    if np.ndim(z) != 2 or not np.shape(y) == np.shape(weights) == np.shape(z)[:1]:
        raise ValueError(f"got shapes {np.shape(z)}, {np.shape(y)}, {np.shape(weights)}")
    if not (np.isfinite(z).all() and np.isfinite(y).all()):
        raise ValueError("not finite")
    root = np.sqrt(weights)
    rows = root[:, None] * z
    u, s, _ = np.linalg.svd(rows / np.maximum(np.abs(rows).max(axis=0), 1e-300), full_matrices=False)
    u = u[:, s > 1e-12 * max(s.max(), 1e-300)]
    target = root * y
    return float(np.sum((target - u @ (u.T @ target)) ** 2))


@exercise.accepted("torch")
def probe_loss(z, y, weights):
    z, y, root = torch.from_numpy(z), torch.from_numpy(y).double(), torch.from_numpy(weights).sqrt()
    target = (root * y)[:, None]
    rows = F.normalize(root[:, None] * z, dim=0, eps=1e-300)
    return ((target - rows @ torch.linalg.lstsq(rows, target, driver="gelsd").solution) ** 2).sum()
