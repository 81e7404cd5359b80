"""separation: what its check looks at. Rows of any length, rows that are nearly equal, more than 25 rows (where
torch.cdist changes to a formula that cancels), rows that are equal up to a factor, the closest pair far apart in the
list."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, needs
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.author.short import short
from course import validate

exercise = Exercise(
    "separation",
    refuses=(
        batch(minimum=2, x="x"),
        needs("(x != 0).any(dim=1).all()", {"a zero row": {"x": lambda x: torch.cat([x, 0 * x[:1]])}}),
    ),
    hints={
        "values": (
            "Two rows at a right angle are at distance sqrt(2) after scaling, whatever their lengths.",
            "All pairs i < j count, a row and itself do not.",
        ),
        "stability": (
            "For unit vectors at distance 1e-7, 1 - u.v is 5e-15: six of its sixteen digits are gone before the root.",
            "Subtract the vectors first, then take the norm: (u[:, None] - u[None]).norm(dim=2), or torch.pdist(u).",
        ),
        "bad input": ("A zero row has no direction; one row has no partner. Both raise ValueError, as NaN does.",),
    },
)


def rows(rng, n, d):
    """n random rows of lengths from 0.05 to 20."""
    return tensor(rng, n, d) * torch.from_numpy(rng.uniform(-3, 3, size=(n, 1))).exp()


def near(rng, n, d, distance):
    """n such rows; the first and the last point almost the same way: exactly `distance`
    apart on the sphere (to second order). The last is 4 times the first, turned a little in each plane of two axes;
    both in numbers of ten digits at most."""
    x = rows(rng, n, d)
    planes = torch.from_numpy(rng.integers(1, 8, size=(d // 2, 2)) / 4 * rng.choice([-1, 1], size=(d // 2, 2)))
    turned = torch.stack([-planes[:, 1], planes[:, 0]], dim=1)
    x[0], x[-1] = 0.0, 0.0
    x[0, : 2 * len(planes)] = planes.ravel()
    x[-1, : 2 * len(planes)] = 4 * (planes + distance * turned).ravel()
    return x


def turned(rng, n, d, distance):
    """n such rows; the first lies on an axis, and the last is 4 times the first, turned by `distance` to another axis.
    Then u.v is rounded once, and in no more than one way: whoever begins with it has the same wrong digits."""
    x = rows(rng, n, d)
    one, other = rng.permutation(d)[:2]
    x[0], x[-1] = 0.0, 0.0
    x[0, one], x[-1, one], x[-1, other] = 0.5, 2.0, 2 * distance
    return x


@exercise.cases
def cases(rng):
    for n, d in ((4, 3), (6, 5), (2, 4), (9, 2), (5, 8)):
        yield Case(f"n = {n}, d_x = {d}, rows of any length", (rows(rng, n, d),))
    n, d = odd_sizes(rng, 2)
    yield Case(f"n = {n}, d_x = {d}, rows of any length", (rows(rng, n, d),), public=False)
    yield Case("not contiguous", (strided(tensor(rng, 5, 3)),))
    yield Case("opposite rows are far apart", (torch.tensor([[1.0, 0], [-2.0, 0], [0, 3.0]], dtype=torch.float64),))
    x = short(tensor(rng, 5, 3))  # then 7 x is stored to the last digit
    yield Case("two rows that point the same way", (torch.cat([x, 7 * x[1:2]]),), rtol=1e-7)
    yield Case("the same row twice", (torch.cat([x, x[2:3], 4 * x[:1]]),), rtol=1e-7)
    yield Case("float32", (tensor(rng, 6, 4, dtype=torch.float32),))
    # A distance of 1e-7 is asked to a relative error of 1e-6; rounding of the unit vectors alone moves it by 1e-16.
    yield Case("the closest rows 1e-7 apart", (turned(rng, 6, 4, 9.92e-8),), part="stability", rtol=1e-13)
    yield Case("the closest of 40 rows 3e-7 apart", (turned(rng, 40, 5, 3.004e-7),), part="stability", rtol=3e-13)
    # The row of length 1e-30 is one of the closest two: who loses it, as F.normalize does, is seen for every seed.
    lengths = torch.tensor([[1e-30], [1e30], [1.0], [1e5]], dtype=torch.float64)
    yield Case("rows of length 1e-30 and 1e30", (short(near(rng, 4, 4, 1e-3) * lengths),), part="stability")
    yield from exercise.bad_inputs(x)
    yield bad_input("a vector", x[0])
    whole = torch.tensor([[1.0, 2, 2], [3, 0, 4], [2, -1, 2], [0, 0, -2]], dtype=torch.float64)
    yield Case("one row twice, to the last digit", (torch.cat([whole, whole[2:3]]),), rtol=1e-7)


@exercise.property("it is the chord 2 sin(angle / 2) of the smallest angle, and lengths do not matter")
def chord(f, rng):
    angles = np.cumsum(rng.uniform(0.2, 1.2, size=5))
    lengths = rng.uniform(0.1, 10, size=(5, 1))
    x = torch.from_numpy(lengths * np.stack([np.cos(angles), np.sin(angles)], axis=1))[
        torch.from_numpy(rng.permutation(5))
    ]
    gaps = [min(abs(a - b), 2 * math.pi - abs(a - b)) for i, a in enumerate(angles) for b in angles[:i]]
    if abs(float(f(x)) - 2 * math.sin(min(gaps) / 2)) > 1e-9:
        return f"smallest angle {min(gaps):.6f}, but the answer is {float(f(x)):.6f}"


def differences(u):
    return (u[:, None, :] - u[None, :, :]).norm(dim=2)


def above(matrix):
    """The entries (i, j) of a square matrix with i < j."""
    return matrix[torch.triu_indices(*matrix.shape, offset=1).unbind()]


@exercise.formula
def separation(x, *, scaled=lambda x: x / x.norm(dim=1, keepdim=True), distances=torch.pdist, nearest=torch.min):
    return nearest(distances(scaled(x)))


exercise.slip("rows not scaled", scaled=lambda x: x).says(
    "The distance is taken between the rows as they are.",
    "Multiply all rows by 10: your answer changes. Should it?",
    "Assumption 1 is about inputs of norm 1.",
    "Divide each row by its norm first.",
)
exercise.slip("columns scaled", scaled=lambda x: F.normalize(x, dim=0)).says(
    "dim=0 scales the rows.",
    "Which sums of squares are 1 after your scaling?",
    "Each *row* is an input and must have norm 1.",
    "F.normalize(x, dim=1).",
)
exercise.slip("a norm that is not the Euclidean one", scaled=lambda x: x / x.abs().sum(dim=1, keepdim=True)).says(
    "Norm 1 means that the absolute values of the entries sum to 1.",
    "Which length has your scaled row (1/2, 1/2)?",
    "The norms of Assumption 1 are Euclidean.",
    "Divide by torch.linalg.vector_norm(x, dim=1, keepdim=True).",
)
exercise.slip("one length for all rows", scaled=lambda x: x / x.norm(dim=1).max()).says(
    "All rows are divided by one number.",
    "Multiply a single row by 10: your answer changes. Should it?",
    "Each row is divided by its own norm.",
    "x.norm(dim=1, keepdim=True), without a maximum.",
)
exercise.slip("F.normalize", scaled=lambda x: F.normalize(x, dim=1)).says(
    "F.normalize divides every row by its norm, however short the row is.",
    "What is the norm of F.normalize(x, dim=1) for a row of length 1e-30?",
    "F.normalize divides by the norm or by 1e-12, whichever is larger.",
    "x / torch.linalg.vector_norm(x, dim=1, keepdim=True).",
)
exercise.slip("equal rows do not count", nearest=lambda distances: distances[distances > 0].min()).says(
    "The separation is the smallest distance that is not 0.",
    "What is your answer where an input occurs twice?",
    "An input that occurs twice is at distance 0 from itself: then the assumption holds for no positive delta.",
    "Leave out the diagonal, i = j, and nothing else.",
)
exercise.slip("a row is its own neighbour", distances=differences).says(
    "The smallest entry of the distance matrix is the separation.",
    "Is your answer ever different from 0?",
    "The diagonal of the distance matrix is 0: a row is at distance 0 from itself.",
    "Take the minimum over i < j only.",
)
exercise.slip("one minus cosine", distances=lambda u: above(1 - u @ u.T)).says(
    "The distance of two directions is 1 - cos.",
    "What is your answer for two rows at a right angle?",
    "It should be sqrt(2), the length of the difference of the two unit vectors.",
    "Take the norm of u - v, which is sqrt(2 - 2 cos).",
)
exercise.slip("squared distance", distances=lambda u: torch.pdist(u) ** 2).says(
    "The squared norm of the difference is the distance.",
    "For two rows at a right angle you get 2; the distance is sqrt(2).",
    "Assumption 1 has norm(x - x'), without a square.",
    "Take the square root.",
)
exercise.slip("the angle", distances=lambda u: torch.acos(above(u @ u.T).clamp(-1, 1))).says(
    "The distance of two directions is the angle between them.",
    "For two rows at a right angle you get pi / 2; the distance is sqrt(2).",
    "The angle is the way along the sphere. Assumption 1 has norm(x - x'), the straight way.",
    "Take the norm of u - v, which is 2 sin(angle / 2).",
)
exercise.slip(
    "opposite rows are near", distances=lambda u: torch.minimum(torch.pdist(u), above((u[:, None] + u).norm(dim=2)))
).says(
    "x and -x have the same direction.",
    "What is your answer for x and -x alone? They are at distance 2.",
    "Scaling to norm 1 keeps the sign: divide by the norm, and take no absolute value of a cosine.",
    "The norm of u - v, with the sign that u.v has.",
)
exercise.slip("neighbours in the list only", distances=lambda u: (u[1:] - u[:-1]).norm(dim=1)).says(
    "It is enough to compare each row with the next.",
    "Exchange two rows: your answer changes. Should it?",
    "The closest pair may stand anywhere in the list.",
    "Compare all pairs i < j.",
)
exercise.slip("root of 2 - 2 cos", distances=lambda u: above(2 - 2 * u @ u.T).clamp(min=0).sqrt()).says(
    "sqrt(2 - 2 u.v) is the distance, so it may be computed like that.",
    "Try two rows 1e-7 apart. How many digits of 1 - u.v are left?",
    "u.v is 1 - 5e-15 there, and it is rounded at 1e-16: two digits, at best.",
    "Subtract the vectors first: (u - v).norm().",
)

exercise.slip("torch.cdist", distances=lambda u: above(torch.cdist(u, u))).says(
    "torch.cdist subtracts the rows, however many they are.",
    "Your answer is right for few rows. What does torch.cdist do from 26 rows on?",
    "It takes |u|^2 + |v|^2 - 2 u.v, where the digits of a small distance are lost; compute_mode decides.",
    "torch.pdist(u), or (u[:, None] - u[None]).norm(dim=2).",
)
exercise.slip("sums of absolute differences", distances=lambda u: above((u[:, None] - u[None]).abs().sum(dim=2))).says(
    "The distance of two rows is the sum of the absolute differences of their entries.",
    "For (1, 0) and (0, 1) you get 2; the distance is sqrt(2).",
    "Euclidean: the root of the sum of the squares.",
    "(u[:, None] - u[None]).norm(dim=2).",
)
exercise.slip("equal rows once", scaled=lambda x: (u := torch.unique(x, dim=0)) / u.norm(dim=1, keepdim=True)).says(
    "A row that occurs twice counts once.",
    "What is your answer where an input occurs twice?",
    "Different rows means i < j: two rows of the list, though their entries agree.",
    "Leave out torch.unique.",
)
exercise.slip("the mean distance", nearest=torch.mean).says(
    "Separation is the mean distance of two inputs.",
    "Does your answer tend to 0 when two inputs come close?",
    "No two may be nearer than delta: the smallest distance decides.",
    "min, not mean.",
)
exercise.slip(
    "pairwise_distance", distances=lambda u: F.pairwise_distance(*(u[i] for i in torch.triu_indices(len(u), len(u), 1)))
).says(
    "F.pairwise_distance is the distance, to the last digit.",
    "What is F.pairwise_distance of a row and itself?",
    "It adds eps = 1e-6 to every difference before it takes the norm.",
    "torch.pdist(u), or (u[i] - u[j]).norm().",
)
exercise.slip("largest distance", nearest=torch.max).says(
    "Separation is how far the inputs spread.",
    "Does your answer fall when two inputs come close?",
    "delta must be below *every* distance, so the smallest one decides.",
    "min, not max.",
)


@exercise.wrong(
    "zero rows and single rows accepted",
    belief="A number comes back for every matrix.",
    hints=(
        "What is the direction of the zero vector?",
        "A zero row cannot be scaled to norm 1, and one row has no partner.",
        "Raise ValueError for both.",
    ),
    guarded=False,
)
def separation(x):
    validate.batch(x=x)
    u = x / x.norm(dim=1, keepdim=True)
    return torch.pdist(u).min() if len(u) > 1 else torch.zeros(())


exercise.style("all differences", distances=lambda u: differences(u).fill_diagonal_(math.inf))
exercise.style(
    "cdist without the cancelling formula, upper triangle",
    distances=lambda u: above(torch.cdist(u, u, compute_mode="donot_use_mm_for_euclid_dist")),
)


@exercise.accepted("loop over pairs, a Python float")
def separation(x):
    u = (x / x.norm(dim=1, keepdim=True)).numpy()
    return float(min(np.sqrt(((u[i] - u[j]) ** 2).sum()) for i in range(len(u)) for j in range(i)))
