"""separation: what its check looks at. Rows of any length, rows that are nearly equal, more than 25 rows (where torch.cdist
changes to a formula that cancels), rows that are equal up to a factor, the closest pair far apart in the list."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "separation",
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


def near(rng, n, d, distance):
    """n random rows of lengths from 0.05 to 20; the first and the last point almost the same way: exactly `distance`
    apart on the sphere (to second order)."""
    x = tensor(rng, n, d)
    u = F.normalize(x[0], dim=0)
    side = tensor(rng, d)
    side = F.normalize(side - (side @ u) * u, dim=0)
    angle = 2 * math.asin(distance / 2)
    x[-1] = math.cos(angle) * u + math.sin(angle) * side
    return x * torch.from_numpy(rng.uniform(-3, 3, size=(n, 1))).exp()


@exercise.cases
def cases(rng):
    for n, d in ((4, 3), (6, 5), (2, 4), (9, 2), (5, 8)):
        x = tensor(rng, n, d) * torch.from_numpy(rng.uniform(-3, 3, size=(n, 1))).exp()
        yield Case(f"n = {n}, d_x = {d}, rows of any length", (x,))
    yield Case("not contiguous", (strided(tensor(rng, 5, 3)),))
    yield Case("opposite rows are far apart", (torch.tensor([[1.0, 0], [-2.0, 0], [0, 3.0]], dtype=torch.float64),))
    x = tensor(rng, 5, 3)
    yield Case("two rows that point the same way", (torch.cat([x, 7 * x[1:2]]),), rtol=1e-7)
    yield Case("the same row twice", (torch.cat([x, x[2:3], 4 * x[:1]]),))
    yield Case("float32", (tensor(rng, 6, 4, dtype=torch.float32),))
    # A distance of 1e-7 is asked to a relative error of 1e-6; rounding of the unit vectors alone moves it by 1e-16.
    yield Case("the closest rows 1e-7 apart", (near(rng, 6, 4, 1e-7),), part="stability", rtol=1e-13)
    yield Case("the closest of 40 rows 3e-7 apart", (near(rng, 40, 5, 3e-7),), part="stability", rtol=3e-13)
    yield Case(
        "rows of length 1e-30 and 1e30",
        (tensor(rng, 4, 3) * torch.tensor([[1e-30], [1e30], [1.0], [1e5]]),),
        part="stability",
    )
    yield bad_input("one row", x[:1])
    yield bad_input("no rows", x[:0])
    yield bad_input("a zero row", torch.cat([x, 0 * x[:1]]))
    yield bad_input("NaN", x * torch.nan)
    yield bad_input("a vector", x[0])


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


def units(x):
    """Rows of norm 1, or ValueError."""
    validate.batch(x=x)
    lengths = x.norm(dim=1, keepdim=True)
    if len(x) < 2 or bool((lengths == 0).any()):
        raise ValueError(f"{tuple(x.shape)}")
    return x / lengths


@exercise.accepted("all differences", uses=(units,))
def separation(x):
    u = units(x)
    distances = (u[:, None, :] - u[None, :, :]).norm(dim=2)
    return distances.fill_diagonal_(math.inf).min()


@exercise.accepted("loop over pairs, a Python float", uses=(units,))
def separation(x):
    u = units(x).numpy()
    return float(min(np.sqrt(((u[i] - u[j]) ** 2).sum()) for i in range(len(u)) for j in range(i)))


@exercise.accepted("cdist without the cancelling formula, upper triangle", uses=(units,))
def separation(x):
    u = units(x)
    rows, columns = torch.triu_indices(len(u), len(u), offset=1)
    return torch.cdist(u, u, compute_mode="donot_use_mm_for_euclid_dist")[rows, columns].min()


@exercise.wrong(
    "rows not scaled",
    belief="The distance is taken between the rows as they are.",
    hints=(
        "Multiply all rows by 10: your answer changes. Should it?",
        "Assumption 1 is about inputs of norm 1.",
        "Divide each row by its norm first.",
    ),
    uses=(units,),
)
def separation(x):
    units(x)
    return torch.pdist(x).min()


@exercise.wrong(
    "a row is its own neighbour",
    belief="The smallest entry of the distance matrix is the separation.",
    hints=(
        "Is your answer ever different from 0?",
        "The diagonal of the distance matrix is 0: a row is at distance 0 from itself.",
        "Take the minimum over i < j only.",
    ),
    uses=(units,),
)
def separation(x):
    u = units(x)
    return (u[:, None, :] - u[None, :, :]).norm(dim=2).min()


@exercise.wrong(
    "one minus cosine",
    belief="The distance of two directions is 1 - cos.",
    hints=(
        "What is your answer for two rows at a right angle?",
        "It should be sqrt(2), the length of the difference of the two unit vectors.",
        "Take the norm of u - v, which is sqrt(2 - 2 cos).",
    ),
    uses=(units,),
)
def separation(x):
    u = units(x)
    rows, columns = torch.triu_indices(len(u), len(u), offset=1)
    return (1 - u @ u.T)[rows, columns].min()


@exercise.wrong(
    "squared distance",
    belief="The squared norm of the difference is the distance.",
    hints=(
        "For two rows at a right angle you get 2; the distance is sqrt(2).",
        "Assumption 1 has norm(x - x'), without a square.",
        "Take the square root.",
    ),
    uses=(units,),
)
def separation(x):
    return torch.pdist(units(x)).min() ** 2


@exercise.wrong(
    "largest distance",
    belief="Separation is how far the inputs spread.",
    hints=(
        "Does your answer fall when two inputs come close?",
        "delta must be below *every* distance, so the smallest one decides.",
        "min, not max.",
    ),
    uses=(units,),
)
def separation(x):
    return torch.pdist(units(x)).max()


@exercise.wrong(
    "neighbours in the list only",
    belief="It is enough to compare each row with the next.",
    hints=(
        "Exchange two rows: your answer changes. Should it?",
        "The closest pair may stand anywhere in the list.",
        "Compare all pairs i < j.",
    ),
    uses=(units,),
)
def separation(x):
    u = units(x)
    return (u[1:] - u[:-1]).norm(dim=1).min()


@exercise.wrong(
    "columns scaled",
    belief="dim=0 scales the rows.",
    hints=(
        "Which sums of squares are 1 after your scaling?",
        "Each *row* is an input and must have norm 1.",
        "F.normalize(x, dim=1).",
    ),
    uses=(units,),
)
def separation(x):
    units(x)
    return torch.pdist(F.normalize(x, dim=0)).min()


@exercise.wrong(
    "root of 2 - 2 cos",
    belief="sqrt(2 - 2 u.v) is the distance, so it may be computed like that.",
    hints=(
        "Try two rows 1e-7 apart. How many digits of 1 - u.v are left?",
        "u.v is 1 - 5e-15 there, and it is rounded at 1e-16: two digits, at best.",
        "Subtract the vectors first: (u - v).norm().",
    ),
    uses=(units,),
)
def separation(x):
    u = units(x)
    rows, columns = torch.triu_indices(len(u), len(u), offset=1)
    return (2 - 2 * u @ u.T)[rows, columns].clamp(min=0).sqrt().min()


@exercise.wrong(
    "zero rows and single rows accepted",
    belief="A number comes back for every matrix.",
    hints=(
        "What is the direction of the zero vector?",
        "A zero row cannot be scaled to norm 1, and one row has no partner.",
        "Raise ValueError for both.",
    ),
)
def separation(x):
    validate.batch(x=x)
    u = F.normalize(x, dim=1)
    return torch.pdist(u).min() if len(u) > 1 else torch.zeros(())
