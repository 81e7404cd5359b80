"""gram_covariance_gap: what its check looks at.

40,000 rows or columns: whoever forms the long matrix needs 13 GB. Blind spots to keep out: square z, rows of length 1.
"""

import torch

from autograder.author import Case, Exercise, batch
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "gram_covariance_gap",
    refuses=(batch(z="the embeddings"),),
    hints={
        "values": (
            "Compute both sums for a small z, with their diagonals and without. Which difference vanishes?",
            "The two matrices have the same non-zero eigenvalues, so the same sum of squares over all entries.",
            "What is left are the two diagonals: squared lengths of rows, squared lengths of columns.",
        ),
        "stability": ("With 40,000 rows the Gram matrix has 1.6e9 entries: leave it unformed.",),
        "bad input": ("`validate.batch(z=z)`.",),
    },
)


@exercise.cases
def cases(rng):
    for n, d in ((4, 3), (2, 5), (6, 2), (1, 3), (3, 1)):
        yield Case(f"n = {n}, d = {d}", (tensor(rng, n, d),), grad=(0,))
    yield Case("a diagonal z", (torch.diag(1 + tensor(rng, 3).abs()),))
    yield Case("float32", (tensor(rng, 4, 3, dtype=torch.float32),), rtol=1e-4)
    yield from exercise.bad_inputs(tensor(rng, 3, 2))
    yield Case("larger embeddings", (tensor(rng, *larger_sizes(rng, 2)),), grad=(0,), public=False)
    yield Case("40,000 rows", (tensor(rng, 40_000, 2),), part="stability", rtol=1e-7, public=False)
    yield Case("40,000 columns", (tensor(rng, 2, 40_000),), part="stability", rtol=1e-7, public=False)


@exercise.property("exchanging rows and columns changes the sign, and rotating z on the left changes only what it must")
def symmetries(f, rng):
    n, d = larger_sizes(rng, 2, high=20)
    z = tensor(rng, n, d)
    if abs(f(z) + f(z.T.contiguous())) > 1e-7 * (1 + abs(f(z))):
        return "f(z) and f(z.T) are not opposite"
    order, signs = torch.from_numpy(rng.permutation(n)), torch.from_numpy(rng.choice([-1.0, 1.0], size=(n, 1)))
    if abs(f(z) - f((signs * z)[order])) > 1e-7 * (1 + abs(f(z))):
        return "permuting rows or changing their sign changed the answer"


def off_diagonal_squares(matrix):
    return matrix.square().sum() - matrix.diagonal().square().sum()


@exercise.formula
def gram_covariance_gap(
    z,
    *,
    prepared=lambda z: z,
    factor=1.0,
    columns=lambda z: z.square().sum(dim=0).square().sum(),
    rows=lambda z: z.square().sum(dim=1).square().sum(),
):
    z = prepared(z)
    return factor * (columns(z) - rows(z))


exercise.slip("the sign is flipped", factor=-1.0).says(
    "The gap is the fourth powers of the rows' lengths minus those of the columns' lengths.",
    "Your values have the wrong sign. Is a diagonal added to a sum without diagonal, or taken away from the whole sum?",
    "The rows' squared lengths are the diagonal of Z Z^T, whose sum stands first: it loses their squares.",
    "Fourth powers of the columns' lengths minus those of the rows' lengths.",
)
exercise.slip("they are equal", factor=0.0).says(
    "Both sums are equal, as the two matrices have the same eigenvalues.",
    "That is true with the diagonals. Are these equal too?",
    "Subtract each diagonal from the common sum.",
)
exercise.slip("fourth powers of the entries for the rows", rows=lambda z: z.pow(4).sum()).says(
    "The squared diagonal entries of Z Z^T sum to the fourth powers of the entries of Z.",
    "A row (1, 1): what is its diagonal entry of Z Z^T, and what is the square of it?",
    "A diagonal entry is a squared length; its square has the mixed terms too.",
    "`z.square().sum(dim=1).square().sum()`: sum before the second square.",
)
exercise.slip("fourth powers of the entries for the columns", columns=lambda z: z.pow(4).sum()).says(
    "The squared diagonal entries of Z^T Z sum to the fourth powers of the entries of Z.",
    "A column (1, 1): what is its diagonal entry of Z^T Z, and what is the square of it?",
    "A diagonal entry is a squared length; its square has the mixed terms too.",
    "`z.square().sum(dim=0).square().sum()`: sum before the second square.",
)
exercise.slip("the rows alone", columns=lambda z: 0.0).says(
    "Only the diagonal of Z Z^T is left.",
    "Which diagonal does the sum for Z^T Z leave out?",
    "Fourth powers of the columns' lengths minus those of the rows' lengths.",
)
exercise.slip("the columns alone", rows=lambda z: 0.0).says(
    "Only the diagonal of Z^T Z is left.",
    "Which diagonal does the sum for Z Z^T leave out?",
    "Fourth powers of the columns' lengths minus those of the rows' lengths.",
)
exercise.slip("centred", prepared=lambda z: z - z.mean(dim=0)).says(
    "A covariance is centred.",
    "The question asks for Z^T Z itself.",
    "Leave z as it is.",
)
exercise.slip("rows scaled to length 1", prepared=lambda z: z / z.norm(dim=1, keepdim=True)).says(
    "Embeddings have length 1.",
    "Multiply z by 2: your answer stays. Should it?",
    "Leave z as it is.",
)
exercise.slip("pairs counted once", factor=0.5).says(
    "Each pair of different rows counts once.",
    "Your values are half the right ones.",
    "i different from j: both (i, j) and (j, i).",
)


@exercise.wrong(
    "the matrices are formed",
    belief="Two sums over pairs need the two matrices.",
    hints=(
        "How many entries has Z Z^T for 40,000 rows, and how many GB is that?",
        "What do the squares of all entries of the two matrices sum to?",
        "They are equal, so only the two diagonals are needed.",
    ),
)
def gram_covariance_gap(z):
    if max(z.shape) > 20_000:
        raise MemoryError("the matrix does not fit")
    return off_diagonal_squares(z @ z.T) - off_diagonal_squares(z.T @ z)


@exercise.accepted("fourth powers of lengths")
def gram_covariance_gap(z):
    return torch.linalg.vector_norm(z, dim=0).pow(4).sum() - torch.linalg.vector_norm(z, dim=1).pow(4).sum()


@exercise.accepted("einsum")
def gram_covariance_gap(z):
    return torch.einsum("nd,nd->d", z, z).pow(2).sum() - torch.einsum("nd,nd->n", z, z).pow(2).sum()


@exercise.accepted("inner products, validated by hand", guarded=False)
def gram_covariance_gap(z):
    if z.ndim != 2 or z.numel() == 0 or bool(torch.isnan(z).any()):
        raise ValueError(f"z {tuple(z.shape)}")
    n, m = (z * z).sum(1), (z * z).sum(0)
    return m @ m - n @ n
