"""simplex_batch: any batch that attains the minimum passes. It is judged in `course.check._batches`, in the notebook too."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, count, needs
from course import validate
from course.check._batches import smallest_batch

exercise = Exercise(
    "simplex_batch",
    refuses=(
        count("n_images", "B", 2.5, minimum=2),
        count("dim", "d"),
        needs(
            "dim >= n_images - 1",
            {
                "d = B - 2": {"dim": lambda d: d - 1},
                "B = d + 2": {"n_images": lambda b: b + 1},
                "one dimension": {"dim": lambda d: 1},
            },
        ),
    ),
    hints={
        "values": ("Return two tensors or arrays of shape (B, d).",),
        "properties": (
            "Which cosines does Theorem 1.11 ask for? Look at B = 2 and B = 3 first, and draw them.",
            "The B unit vectors of B dimensions have equal cosines, but with each other they are only orthogonal. Where is "
            "their centre, and what do you see from there?",
            "Subtract the mean: the rows of I - 1/B have the right cosines. They lie in a subspace of dimension B - 1: "
            "write them in an orthonormal basis of it, and pad with zeros up to d.",
        ),
        "bad input": (
            "B vectors with these cosines span B - 1 dimensions: fewer must raise, and so must B = 1.",
            "`validate.count(minimum=2, n_images=n_images)`, and one `if` for the dimension.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for n_images, dim in ((2, 1), (3, 2), (4, int(rng.integers(4, 7))), (int(rng.integers(5, 9)), 8)):
        yield Case(f"B = {n_images}, d = {dim}", (n_images, dim), compare="any")
    yield from exercise.bad_inputs(5, 4)


exercise.property("the batch has the smallest NT-Xent that B images can have")(smallest_batch)


def helmert(n_images, dim):
    corners = torch.zeros(n_images, dim, dtype=torch.float64)
    for k in range(1, n_images):
        corners[:k, k - 1] = 1 / math.sqrt(k * (k + 1))
        corners[k, k - 1] = -k / math.sqrt(k * (k + 1))
    return corners


def polygon(n_images, dim):
    angles = 2 * math.pi * torch.arange(n_images, dtype=torch.float64) / n_images
    return F.pad(torch.stack([angles.cos(), angles.sin()], dim=1), (0, max(dim - 2, 0)))[:, :dim]


def poles(n_images, dim):
    corners = torch.zeros(n_images, dim, dtype=torch.float64)
    corners[:, 0] = (-1.0) ** torch.arange(n_images)
    return corners


def basis_and_minus_sum(n_images, dim, length):
    corners = F.pad(torch.eye(n_images - 1, dtype=torch.float64), (0, max(dim - n_images + 1, 0), 0, 1))
    corners[-1, : n_images - 1] = -length
    return corners[:, :dim]


def step_by_step(n_images, dim):
    """The first image along the first axis, each further one in one dimension more."""
    corners = torch.zeros(n_images, max(dim, n_images - 1), dtype=torch.float64)
    for k in range(n_images - 1):
        corners[k, k] = (1 - (corners[k, :k] ** 2).sum()).sqrt()
        corners[k + 1 :, k] = (-1 / (n_images - 1) - corners[k + 1 :, :k] @ corners[k, :k]) / corners[k, k]
    return corners


@exercise.formula
def simplex_batch(n_images, dim, *, corners=helmert, second=lambda first: first.clone()):
    first = corners(n_images, dim)
    return first, second(first)


exercise.slip("orthogonal images", corners=lambda n, d: torch.eye(max(n, d), dtype=torch.float64)[:n, :d]).says(
    "Vectors that are as far apart as they can be are orthogonal.",
    "Two images: are they farthest apart at a right angle?",
    "All B of them can have negative cosines with each other, -1/(B-1).",
    "Subtract the mean of the B unit vectors from each.",
)
exercise.slip("a regular polygon", corners=polygon).says(
    "The best arrangement is a regular polygon.",
    "In a square, is the cosine of neighbours that of opposite corners?",
    "Every two images need the *same* cosine; from B = 4 on that takes more than a plane.",
    "Three images are a triangle, four a tetrahedron, B a simplex in B - 1 dimensions.",
)
exercise.slip("opposite poles", corners=poles).says(
    "All negatives can be opposite to the anchor at once.",
    "If two images are both opposite to a third, what is the cosine between these two?",
    "Among three or more images not all cosines can be -1: the best common value is -1/(B-1).",
)
exercise.slip("the second view opposite", second=lambda first: -first).says(
    "The two views of an image should be far apart.",
    "Which pair of vectors is a positive pair?",
    "The loss is smallest where the two views of an image coincide.",
)
exercise.slip("the second view in another order", second=lambda first: first.roll(1, 0)).says(
    "It is enough that each view by itself is a simplex.",
    "Row i of one view and row i of the other are views of one image: what should their cosine be?",
    "Return the same rows in the same order twice.",
)


for below, corners in {
    "the sum": lambda n, d: basis_and_minus_sum(n, d, 1.0),
    "the sum of length 1": lambda n, d: basis_and_minus_sum(n, d, (n - 1) ** -0.5),
    "the mean": lambda n, d: basis_and_minus_sum(n, d, 1 / (n - 1)),
}.items():
    exercise.slip(f"a basis and minus {below}", corners=corners).says(
        "B - 1 orthogonal vectors and minus their sum have equal angles.",
        "Print the cosines of your rows for B = 3. Are they equal?",
        "The B - 1 vectors must not be orthogonal to each other: every two of the B images need the cosine -1/(B-1).",
    )
for how, second in {"opposite": lambda first: -first, "in another order": lambda first: first.roll(1, 0)}.items():
    exercise.slip(f"the second view {how}, step by step", corners=step_by_step, second=second).says(
        f"The second view may be the first one, {how}.",
        "Row i of one view and row i of the other are views of one image: what should their cosine be?",
        "1: return the same rows in the same order twice.",
    )


@exercise.wrong(
    "orthogonal images, where they fit",
    belief="Vectors that are as far apart as they can be are orthogonal.",
    hints=(
        "Two images: are they farthest apart at a right angle? And how many dimensions do they need?",
        "All B of them can have negative cosines with each other, -1/(B-1), in B - 1 dimensions.",
        "Subtract the mean of the B unit vectors from each.",
    ),
)
def simplex_batch(n_images, dim):
    if dim < n_images:
        raise ValueError(f"d = {dim} is too small for B = {n_images}")
    corners = torch.eye(n_images, dim, dtype=torch.float64)
    return corners, corners.clone()


@exercise.wrong(
    "B dimensions needed, rows of length 1",
    belief="B vectors with equal angles need B dimensions.",
    hints=(
        "Three vectors with equal angles of 120 degrees: how many dimensions?",
        "The rows of I - 1/B sum to 0, so they span B - 1 dimensions only.",
        "Write them in an orthonormal basis of that subspace: B - 1 coordinates are enough.",
    ),
)
def simplex_batch(n_images, dim):
    if dim < n_images:
        raise ValueError(f"d = {dim} is too small for B = {n_images}")
    corners = F.normalize(torch.eye(n_images, dtype=torch.float64) - 1 / n_images, dim=1)
    corners = F.pad(corners, (0, dim - n_images))
    return corners, corners.clone()


@exercise.wrong(
    "B dimensions needed",
    belief="B vectors with equal angles need B dimensions.",
    hints=(
        "Three vectors with equal angles of 120 degrees: how many dimensions?",
        "The rows of I - 1/B sum to 0, so they span B - 1 dimensions only.",
        "Write them in an orthonormal basis of that subspace: B - 1 coordinates are enough.",
    ),
)
def simplex_batch(n_images, dim):
    if dim < n_images:
        raise ValueError(f"d = {dim} is too small for B = {n_images}")
    corners = F.pad(torch.eye(n_images, dtype=torch.float64) - 1 / n_images, (0, dim - n_images))
    return corners, corners.clone()


@exercise.wrong(
    "the last coordinate left out",
    belief="A vector of B coordinates becomes one of B - 1 by leaving out the last coordinate.",
    hints=(
        "Print the cosines of your rows for B = 3, d = 2. Are they equal?",
        "Leaving out a coordinate changes lengths and angles; a change of basis does not.",
        "Take an orthonormal basis of the subspace in which the coordinates sum to 0, from a QR or eigendecomposition.",
    ),
)
def simplex_batch(n_images, dim):
    corners = torch.zeros(n_images, max(n_images, dim), dtype=torch.float64)
    corners[:, :n_images] = torch.eye(n_images, dtype=torch.float64) - 1 / n_images
    return corners[:, :dim], corners[:, :dim].clone()


@exercise.wrong(
    "every dimension accepted",
    belief="The minimum is attained in every dimension.",
    hints=(
        "Four images on a circle: can every two have the cosine -1/3?",
        "B vectors with these cosines span B - 1 dimensions: in fewer there is no such batch.",
        "Raise ValueError where dim < n_images - 1.",
    ),
    guarded=False,
)
def simplex_batch(n_images, dim):
    validate.count(minimum=2, n_images=n_images)
    validate.count(dim=dim)
    corners = helmert(n_images, max(dim, n_images - 1))
    return corners[:, :dim], corners[:, :dim].clone()


@exercise.accepted("eigenvectors of the centring matrix, numpy, float32")
def simplex_batch(n_images, dim):
    _, vectors = np.linalg.eigh(np.eye(n_images) - 1 / n_images)
    corners = np.zeros((n_images, dim), dtype=np.float32)
    corners[:, : n_images - 1] = vectors[:, 1:]
    return corners, corners


@exercise.accepted("the square root of the wanted cosines, rotated, rows of many lengths")
def simplex_batch(n_images, dim):
    cosines = torch.full((n_images, n_images), -1 / (n_images - 1), dtype=torch.float64)
    values, vectors = torch.linalg.eigh(cosines.fill_diagonal_(1.0))
    corners = F.pad(vectors[:, 1:] * values[1:].sqrt(), (0, dim - n_images + 1))
    generator = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(dim, dim, generator=generator, dtype=torch.float64))[0]
    lengths = 0.1 + torch.arange(n_images)[:, None] % 7
    return (corners @ turn) * lengths, 3 * corners @ turn


@exercise.accepted("one image after the other, lists, validated by hand", guarded=False)
def simplex_batch(n_images, dim):
    if type(n_images) is not int or type(dim) is not int or n_images < 2 or dim < max(1, n_images - 1):
        raise ValueError(f"{n_images} images, {dim} dimensions")
    rows = [[0.0] * dim for _ in range(n_images)]
    for k in range(n_images - 1):
        rest = 1.0 - sum(x * x for x in rows[k])
        rows[k][k] = math.sqrt(rest)
        for i in range(k + 1, n_images):
            inner = sum(x * y for x, y in zip(rows[k][:k], rows[i][:k]))
            rows[i][k] = (-1 / (n_images - 1) - inner) / rows[k][k]
    return rows, rows
