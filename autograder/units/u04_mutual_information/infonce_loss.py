"""infonce_loss: what its check looks at.

Blind inputs avoided: N = 1 (hides means for sums, one negative repeated N times), uniform column marginals (hide
uniform negatives), laws without zeros, critics constant on columns. Enumeration of all draws is out of reach for the
case N = 5000, which the exercise announces.
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u04_mutual_information.mutual_information import with_empty_lines, with_zeros
from course import validate
from course.check.case import Case, bad_input
from course.worlds import random_joint

exercise = Exercise(
    "infonce_loss",
    hints={
        "values": (
            "Two checks by hand: a critic that is 0 everywhere has loss ln(N+1); for N = 1 the loss is a sum over "
            "pairs and one negative, short enough for pencil and paper.",
            "Which law do x, x+ and the negatives follow, and is the logarithm inside or outside the expectation?",
            "Off by 1e-4 or so? Then your range of u is too short on the left, where the integrand falls like e^u.",
        ),
        "stability": (
            "Where does e^-(V e^u) fall from 1 to 0 when V = e^s with s = -10000? Your range of u must reach there.",
            "Subtract the highest score of the row; let u run from -40 - ln(N+1) to 4 minus the lowest shifted score.",
            "For large N, log1p and expm1 keep the N-th power accurate.",
        ),
        "bad input": (
            "Does your function refuse -inf at a pair that can occur, NaN and +inf, and a critic of another shape?",
        ),
        "properties": (
            "A constant added to a row of the critic changes nothing; ln(N+1) - loss never exceeds I(x; x+).",
        ),
    },
)


def blocked(rng, joint, scale=1.5):
    """A random critic with -inf at the first zero of the joint, and finite scores at its other zeros."""
    critic = scale * rng.normal(size=joint.shape)
    zeros = np.argwhere(joint == 0)
    critic[tuple(zeros[0])] = -np.inf
    return critic


def log_ratio(joint):
    """The critic ln p(x,x+)/(p(x)p(x+)), -inf where the joint is zero."""
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(joint > 0, np.log(joint / independent), -np.inf)


@exercise.cases
def cases(rng):
    yield Case("3 x 4, N = 2", (random_joint(rng, 3, 4), 1.5 * rng.normal(size=(3, 4)), 2))
    yield Case("4 x 2, N = 5", (random_joint(rng, 4, 2), 1.5 * rng.normal(size=(4, 2)), 5))
    yield Case("3 x 3, N = 1", (random_joint(rng, 3, 3), 1.5 * rng.normal(size=(3, 3)), 1))
    joint = with_zeros(rng, 3, 5)
    yield Case("3 x 5 with zeros, -inf at one of them, N = 3", (joint, blocked(rng, joint), 3))
    joint = with_zeros(rng, 4, 3)
    yield Case("4 x 3 with zeros, the optimal critic, N = 4", (joint, log_ratio(joint), 4))
    joint = with_empty_lines(rng, 3, 4)
    critic = 1.5 * rng.normal(size=(3, 4))
    critic[:, -1] += 20.0
    yield Case("3 x 4, an empty row, a high score on the empty column, N = 2", (joint, critic, 2))
    yield Case("3 x 3, N = 5000", (random_joint(rng, 3, 3), 1.5 * rng.normal(size=(3, 3)), 5000), part="stability")
    wide = rng.uniform(-1e4, 1e4, size=(2, 3))
    yield Case("2 x 3, scores up to 1e4, N = 3", (random_joint(rng, 2, 3), wide, 3), part="stability")
    joint, critic = random_joint(rng, 2, 3), rng.normal(size=(2, 3))
    yield bad_input("N = 0", joint, critic, 0)
    yield bad_input("N = 1.5", joint, critic, 1.5)
    yield bad_input("critic of another shape", joint, critic.T, 2)
    yield bad_input("NaN in the critic", joint, np.where(critic == critic.max(), np.nan, critic), 2)
    yield bad_input("+inf in the critic", joint, np.where(critic == critic.max(), np.inf, critic), 2)
    yield bad_input("-inf at a pair that occurs", joint, np.where(critic == critic.max(), -np.inf, critic), 2)
    yield bad_input("entries that sum to 0.9", 0.9 * joint, critic, 2)


@exercise.property("a critic that says nothing has loss ln(N+1)")
def uninformed(f, rng):
    joint, n = random_joint(rng, 3, 4), int(rng.integers(2, 30))
    if abs(f(joint, np.full((3, 4), 0.7), n) - math.log(n + 1)) > 1e-8:
        return "a constant critic must have loss ln(N+1)"


@exercise.property("a constant added to a row of the critic changes nothing")
def row_constants(f, rng):
    joint, critic = random_joint(rng, 3, 4), rng.normal(size=(3, 4))
    if abs(f(joint, critic, 3) - f(joint, critic + 2 * rng.normal(size=(3, 1)), 3)) > 1e-8:
        return "adding c(x) to the critic changed the loss"


@exercise.property("ln(N+1) - loss never exceeds the mutual information")
def bound(f, rng):
    for n in (1, 2, 6, 40):
        joint = random_joint(rng, 3, 4)
        best = log_ratio(joint)
        information = np.sum(joint * best)
        for critic in (best, best + rng.normal(size=(3, 4))):
            if math.log(n + 1) - f(joint, critic, n) > information + 1e-8:
                return "ln(N+1) - loss is larger than the mutual information"


@exercise.property("relabelling the columns of joint and critic changes nothing")
def relabelling(f, rng):
    joint, critic, order = random_joint(rng, 3, 4), rng.normal(size=(3, 4)), rng.permutation(4)
    if abs(f(joint, critic, 3) - f(joint[:, order], critic[:, order], 3)) > 1e-8:
        return "permuting the columns changed the loss"


def row_value(row, noise, scores, n, keep=True, left=40.0, shift=0.0):
    """E ln(keep e^s(y) + sum of n terms e^(s(y_i) + shift)) - E s(y), with y ~ row and y_i ~ noise, both laws.

    Far from u = 0 and u = -s the integrand is constant: the grid has nodes near these points and one panel between.
    """
    used = (row > 0) | (noise > 0)
    row, noise, scores = row[used], noise[used], scores[used]
    top = scores.max()
    scores = scores - top
    centres = [0.0, *(-scores[scores > -np.inf])]
    low, high = -left - math.log(n + 1), 4 + abs(shift)
    windows = [np.arange(math.floor((c + low) * 4), math.ceil((c + high) * 4)) for c in centres]
    u = np.unique(np.concatenate(windows)) / 4
    at = np.exp(np.minimum(u[:, None] + scores, 700.0))
    negative = np.maximum(np.expm1(-at * math.exp(shift)) @ noise, -1 + 1e-16)
    kept = np.exp(-at) @ row if keep else 1.0
    integrand = np.exp(-np.exp(np.minimum(u, 700.0))) - kept * np.exp(n * np.log1p(negative))
    return np.trapezoid(integrand, u) - row[row > 0] @ scores[row > 0]


@exercise.wrong(
    "negatives only in the denominator",
    belief="The denominator runs over the negatives only.",
    hints=(
        "Can your loss be negative? Can the loss of the exercise?",
        "The softmax chooses one of N + 1 candidates; the positive is one of them.",
        "Add e^s(x,x+) to the sum in the denominator.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    for row, scores in zip(joint, critic, strict=True):
        if row.sum() > 0:
            if (scores[noise > 0] == -np.inf).any():
                return -np.inf
            total += row.sum() * row_value(row / row.sum(), noise, scores, n_negatives, keep=False)
    return total


@exercise.wrong(
    "negatives uniform",
    belief="Negatives are drawn uniformly from all columns.",
    hints=(
        "Which law do the negatives follow?",
        "A frequent x+ is a frequent negative.",
        "Draw negatives from `joint.sum(axis=0)`.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = np.full(joint.shape[1], 1 / joint.shape[1])
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives) for row, scores in rows)


@exercise.wrong(
    "negatives differ from the positive",
    belief="A negative that equals the positive is no negative, so it must be drawn again.",
    hints=(
        "Do the negatives know which x+ was drawn?",
        "Redrawing looks harmless, but it breaks the bound: it certifies more than ln 2 for a copy of a fair bit.",
        "Draw every negative from the column marginal, whatever x+ is.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    for i, j in zip(*np.nonzero(joint), strict=True):
        others = np.where(np.arange(noise.size) == j, 0.0, noise)
        positive = np.eye(noise.size)[j]
        if others.sum() > 0:
            total += joint[i, j] * row_value(positive, others / others.sum(), critic[i], n_negatives)
    return total


@exercise.wrong(
    "negatives from the conditional law",
    belief="Negatives are drawn as the positive is: given x.",
    hints=(
        "If positives and negatives follow the same law given x, what can be told apart?",
        "Negatives are independent of x.",
        "Use the column marginal, not the row of the joint, for the negatives.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), row / row.sum(), s, n_negatives) for row, s in rows)


@exercise.wrong(
    "negatives from the row marginal",
    belief="The law of the negatives is `joint.sum(axis=1)`.",
    hints=(
        "How many entries must the law of x+ have for a 3 x 4 joint?",
        "`axis=1` sums over the columns: what remains belongs to the rows.",
        "`joint.sum(axis=0)`.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=1)
    if noise.size != joint.shape[1]:
        raise ValueError(f"operands could not be broadcast together with shapes {joint.shape} {noise.shape}")
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives) for row, scores in rows)


@exercise.wrong(
    "expectation inside the logarithm",
    belief="The sum over N negatives can be replaced by N times its expectation inside the logarithm.",
    hints=(
        "Is E ln(1 + S) the same as ln(1 + E S)?",
        "The logarithm is concave, so your value is too large (Jensen), if only a little for many negatives.",
        "Average the logarithm over the draws of all N negatives: that is what the integral does.",
    ),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    with np.errstate(divide="ignore"):
        weights = np.log(noise)
    for i, j in zip(*np.nonzero(joint), strict=True):
        mean = np.logaddexp.reduce(np.where(noise > 0, critic[i], -np.inf) + weights)
        total += joint[i, j] * (np.logaddexp(critic[i, j], math.log(n_negatives) + mean) - critic[i, j])
    return total


@exercise.wrong(
    "N candidates",
    belief="`n_negatives` counts the candidates, positive included.",
    hints=(
        "What is the loss of a constant critic with N = 1 in your code?",
        "The positive comes on top of the N negatives.",
        "Use N negatives, not N - 1.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=0)
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives - 1) for row, scores in rows)


@exercise.wrong(
    "base 2",
    belief="The cross-entropy is measured in bits.",
    hints=(
        "Which unit does the course use?",
        "Your values are the right ones divided by ln 2.",
        "Use the natural logarithm.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=0)
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    total = sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives) for row, scores in rows)
    return total / math.log(2)


@exercise.wrong(
    "mean over the negatives",
    belief="The denominator holds the positive and the *mean* over the negatives.",
    hints=(
        "Does your loss of a constant critic grow with N?",
        "The softmax has N + 1 terms, each with weight 1.",
        "Sum over the negatives; do not divide by N.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    for row, scores in zip(joint, critic, strict=True):
        if row.sum() > 0:
            value = row_value(row / row.sum(), noise, scores, n_negatives, shift=-math.log(n_negatives))
            total += row.sum() * value
    return total


@exercise.wrong(
    "positive independent of x",
    belief="x and x+ can be averaged separately, each over its marginal.",
    hints=(
        "If x and x+ were independent, what could the loss say about their dependence?",
        "Only the negatives are independent of x. The pair (x, x+) comes from the joint.",
        "Weight the pairs with `joint`, not with the outer product of its marginals.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    for row, scores in zip(joint, critic, strict=True):
        if row.sum() > 0:
            if (scores[noise > 0] == -np.inf).any():
                return np.inf
            total += row.sum() * row_value(noise, noise, scores, n_negatives)
    return total


@exercise.wrong(
    "rows count alike",
    belief="The loss is the plain average over the anchors x.",
    hints=(
        "Is every x equally likely?",
        "The expectation over x has the weights p(x), the row sums of the joint.",
        "Multiply each row's loss by `joint.sum(axis=1)`.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=0)
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row_value(row / row.sum(), noise, s, n_negatives) for row, s in rows) / len(rows)


@exercise.wrong(
    "one negative, N times",
    belief="N negatives are one negative counted N times.",
    hints=(
        "For N = 1 your value is right. What changes when a second negative is drawn?",
        "The negatives are independent draws; repeating one draw N times is not the same.",
        "The N-th power belongs on the expectation of e^(-X e^u) of one negative, inside the integral.",
    ),
)
def infonce_loss(joint, critic, n_negatives):
    noise, total = joint.sum(axis=0), 0.0
    for i, j in zip(*np.nonzero(joint), strict=True):
        drawn = noise > 0
        values = np.logaddexp(critic[i, j], math.log(n_negatives) + critic[i, drawn]) - critic[i, j]
        total += joint[i, j] * (noise[drawn] @ values)
    return total


@exercise.wrong(
    "bound instead of loss",
    belief="InfoNCE is the number of nats that are certified.",
    hints=(
        "Does your value grow when the critic gets better?",
        "The loss and the bound are two functions here.",
        "Return L itself; ln(N+1) - L is the next exercise.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=0)
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    total = sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives) for row, scores in rows)
    return math.log(n_negatives + 1) - total


@exercise.wrong(
    "left tail cut",
    belief="The integrand vanishes as fast on the left as on the right, so that a range from -8 is long enough.",
    hints=(
        "Print the integrand at the left end of your range.",
        "On the left the two terms differ by about (V - 1) e^u: it falls by a factor e per unit of u, no faster.",
        "Start at -40 - ln(N+1), where the difference is below rounding.",
    ),
    uses=(row_value,),
)
def infonce_loss(joint, critic, n_negatives):
    noise = joint.sum(axis=0)
    rows = [(row, scores) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), noise, scores, n_negatives, left=8.0) for row, scores in rows)


@exercise.wrong(
    "range that ignores the scores",
    belief="The integrand lives between u = -60 and u = 20 whatever the scores are.",
    hints=(
        "Ordinary scores come out right. Where does e^-(V e^u) fall to 0 for V = e^-10000?",
        "It falls at u = 10000, far outside a fixed range; the missing piece is almost the whole loss.",
        "Shift the row so that its highest score is 0, and let u run up to 4 minus the lowest score of a positive.",
    ),
)
def infonce_loss(joint, critic, n_negatives):
    noise, u = joint.sum(axis=0), np.arange(-60.0, 20.0, 0.25)
    total = 0.0
    for i, j in zip(*np.nonzero(joint), strict=True):
        drawn = noise > 0
        ratio = np.exp(np.minimum(critic[i, drawn] - critic[i, j], 700.0))
        factor = np.exp(-np.exp(u)[:, None] * ratio) @ noise[drawn]
        total += joint[i, j] * 0.25 * np.sum(np.exp(-np.exp(u)) * (1 - factor**n_negatives))
    return total


def checked(joint, critic, n):
    """Raise ValueError for anything that is no law, no critic for it or no count."""
    validate.joint_law(joint)
    validate.count(n_negatives=n)
    if np.shape(critic) != np.shape(joint):
        raise ValueError(f"shapes differ: {np.shape(joint)} and {np.shape(critic)}")
    if np.isnan(critic).any() or np.isposinf(critic).any() or np.isneginf(critic[joint > 0]).any():
        raise ValueError(f"no critic for this joint: {critic}")


@exercise.accepted("pair by pair, E ln(1 + sum of ratios)", uses=(checked,))
def infonce_loss(joint, critic, n_negatives):
    checked(joint, critic, n_negatives)
    noise, total = joint.sum(axis=0), 0.0
    noise = noise / noise.sum()
    drawn = noise > 0
    for i, j in zip(*np.nonzero(joint), strict=True):
        gaps = critic[i, drawn] - critic[i, j]
        u = np.arange(-max(gaps.max(), 0.0) - math.log(n_negatives) - 40, 4, 0.2)
        one = np.expm1(-np.exp(np.minimum(u[:, None] + gaps, 700.0))) @ noise[drawn]
        with np.errstate(divide="ignore"):
            many = -np.expm1(n_negatives * np.log1p(np.maximum(one, -1.0)))
        total += joint[i, j] * 0.2 * np.sum(np.exp(-np.exp(u)) * many)
    return total


@exercise.accepted("Gauss-Legendre panels, torch, 0-dim tensor", uses=(checked,))
def infonce_loss(joint, critic, n_negatives):
    checked(joint, critic, n_negatives)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = torch.zeros((), dtype=torch.float64)
    noise = torch.tensor(joint.sum(axis=0) / joint.sum())
    for row, scores in zip(torch.tensor(joint), torch.tensor(critic), strict=True):
        if row.sum() == 0:
            continue
        shifted = (scores - scores[noise > 0].max())[noise > 0]
        law, positive = noise[noise > 0], row[noise > 0] / row.sum()
        low, high = -42 - math.log(n_negatives), 5 - shifted[positive > 0].min().item()
        panels = max(1, math.ceil((high - low) / 2))
        width = (high - low) / panels
        u = low + width * (torch.arange(panels, dtype=torch.float64)[:, None] + (torch.tensor(nodes) + 1) / 2).flatten()
        w = torch.tensor(weights).repeat(panels) * width / 2
        at = torch.exp((u[:, None] + shifted).clamp(max=700))
        power = (n_negatives * torch.log1p((torch.expm1(-at) @ law).clamp(min=-1))).exp()
        value = (w * (torch.exp(-torch.exp(u.clamp(max=700))) - (torch.exp(-at) @ positive) * power)).sum()
        total = total + row.sum() * (value - positive[positive > 0] @ shifted[positive > 0])
    return total


def by_counts(joint, critic, n):
    """Enumerate how often each column is drawn: multinomial weights, small N."""
    import itertools

    noise, total = joint.sum(axis=0), 0.0
    columns = np.flatnonzero(noise)
    for chosen in itertools.combinations_with_replacement(columns, n):
        counts = np.bincount(chosen, minlength=noise.size)
        ways = math.factorial(n) // math.prod(math.factorial(int(c)) for c in counts)
        weight = ways * np.prod(noise[columns] ** counts[columns])
        for i, j in zip(*np.nonzero(joint), strict=True):
            scores = np.append(critic[i, list(chosen)], critic[i, j])
            total += weight * joint[i, j] * (np.logaddexp.reduce(scores) - critic[i, j])
    return total


@exercise.accepted("multisets for small N, the integral beyond", uses=(checked, by_counts, row_value))
def infonce_loss(joint, critic, n_negatives):
    checked(joint, critic, n_negatives)
    if math.comb(n_negatives + joint.shape[1] - 1, n_negatives) <= 20:
        return by_counts(joint, critic, n_negatives)
    noise = joint.sum(axis=0)
    keep = noise > 0
    rows = [(row[keep], scores[keep]) for row, scores in zip(joint, critic, strict=True) if row.sum() > 0]
    return sum(row.sum() * row_value(row / row.sum(), noise[keep], s, n_negatives) for row, s in rows)
