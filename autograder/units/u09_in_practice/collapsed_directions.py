"""collapsed_directions: what its check looks at.

A basis is free up to a rotation, so projectors are compared (rule "gram"). Blind spots to keep out: diagonal matrices,
matrices that commute (then the eigenvectors of the one are those of the other), a rate near 0.
"""

import numpy as np
import scipy.linalg
import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import larger_sizes

exercise = Exercise(
    "collapsed_directions",
    refuses=(
        needs(
            "np.ndim(data_cov) == 2 and np.shape(data_cov) == np.shape(aug_cov) == np.shape(data_cov)[::-1]",
            {
                "matrices that are not square": {"data_cov": lambda x: x[:-1], "aug_cov": lambda x: x[:-1]},
                "matrices of two sizes": {"aug_cov": lambda x: x[:-1, :-1]},
            },
        ),
        needs(
            "np.isfinite(data_cov).all() and np.isfinite(aug_cov).all()",
            {
                "NaN in data_cov": {"data_cov": lambda x: x * np.nan},
                "infinity in aug_cov": {"aug_cov": lambda x: x + np.inf},
            },
        ),
        needs(
            "np.allclose(data_cov, np.transpose(data_cov)) and np.allclose(aug_cov, np.transpose(aug_cov))",
            {
                "data_cov not symmetric": {"data_cov": lambda x: x + np.triu(np.ones_like(x), 1)},
                "aug_cov not symmetric": {"aug_cov": lambda x: x + np.triu(np.ones_like(x), 1)},
            },
        ),
    ),
    hints={
        "values": (
            "Solve dW/dt = W X: what is W(t) v for an eigenvector v of X?",
            "e^{rate t} times W(0) v. For which rates does it go to 0?",
            "`np.linalg.eigh(data_cov - aug_cov)`: the columns whose eigenvalue is negative.",
        ),
        "bad input": ("Square, of one shape, finite, symmetric: four conditions on two matrices.",),
    },
)


def drawn(rng, d, dying):
    """Two covariances whose difference has `dying` negative eigenvalues, none of them near 0."""
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    rates = rng.uniform(0.3, 2, size=d) * np.where(np.arange(d) < dying, -1, 1)
    factor = rng.normal(size=(d, d))
    noise = factor @ factor.T / d + 2.1 * np.eye(d)  # so that the data's covariance is positive too
    data = noise + turn @ np.diag(rates) @ turn.T
    return np.round((data + data.T) / 2, 4), np.round((noise + noise.T) / 2, 4)


@exercise.cases
def cases(rng):
    for d, dying in ((3, 1), (4, 2), (2, 1), (5, 3)):
        yield Case(f"d = {d}, {dying} of the directions dying", drawn(rng, d, dying), compare="gram", rtol=1e-6)
    data, noise = np.diag([3.0, 2.0, 1.0]), np.diag([2.5, 2.5, 0.5])
    yield Case("diagonal matrices", (data, noise), compare="gram", hint="The most noise is not yet a collapse.")
    yield Case("all of them die", drawn(rng, 3, 3), compare="gram", rtol=1e-6)
    yield Case("none dies", drawn(rng, 3, 0), compare="gram", rtol=1e-6, public=False)
    yield from exercise.bad_inputs(*drawn(rng, 3, 1))
    d = larger_sizes(rng, 1, high=25)[0]
    yield Case("more directions", drawn(rng, d, int(rng.integers(3, 7))), compare="gram", rtol=1e-6, public=False)


@exercise.property("columns are orthonormal, W(t) v goes to 0 for each of them and for nothing outside of their space")
def dynamics(f, rng):
    d, dying = 7, int(rng.integers(2, 6))
    data, noise = drawn(rng, d, dying)
    basis = np.asarray(f(data, noise))
    if basis.shape != (d, dying) or np.abs(basis.T @ basis - np.eye(dying)).max() > 1e-6:
        return "it is no orthonormal basis of a space of the right dimension"
    rates, vectors = np.linalg.eigh(data - noise)
    flow = vectors @ np.diag(np.exp(np.minimum(80 * rates, 0))) @ vectors.T  # e^{Xt} at t = 80, without growth
    if np.abs(flow @ basis).max() > 1e-3:
        return "a direction of the basis is still there at t = 80"


@exercise.formula
def collapsed_directions(
    data_cov,
    aug_cov,
    *,
    matrix=lambda data, aug: data - aug,
    decomposed=lambda matrix: np.linalg.eigh(matrix),
    kept=lambda rates, vectors, data, aug: vectors[:, rates < 0],
):
    rates, vectors = decomposed(matrix(data_cov, aug_cov))
    return kept(rates, vectors, data_cov, aug_cov)


def coordinates(matrix):
    """Takes the coordinates for the directions."""
    return np.diag(matrix), np.eye(len(matrix))


def noisiest(rates, vectors, data, aug):
    """The eigenvectors of the augmentations alone, with more noise than data."""
    aug_rates, aug_vectors = np.linalg.eigh(aug)
    return aug_vectors[:, aug_rates > np.einsum("ij,ik,kj->j", aug_vectors, data, aug_vectors)]


def principal(rates, vectors, data, aug):
    """The eigenvectors of the data, with more noise than data."""
    data_rates, data_vectors = np.linalg.eigh(data)
    return data_vectors[:, data_rates < np.einsum("ij,ik,kj->j", data_vectors, aug, data_vectors)]


def by_ratio(rates, vectors, data, aug):
    """Generalised eigenvectors: data v = ratio aug v."""
    ratios, found = scipy.linalg.eigh(data, aug)
    return np.linalg.qr(found[:, ratios < 1])[0]


def one_by_one(rates, vectors, data, aug):
    """Sorted eigenvalues of both, compared one by one."""
    aug_rates, aug_vectors = np.linalg.eigh(aug)
    return aug_vectors[:, aug_rates > np.linalg.eigvalsh(data)]


exercise.slip("ratio of the covariances", kept=by_ratio).says(
    "The directions solve data_cov v = ratio aug_cov v with a ratio below 1.",
    "As many directions die as you say, but are they yours? Solve dW/dt = W X for one of your v.",
    "Such a v is no eigenvector of X = data_cov - aug_cov, so W(t) v does not stay a multiple of W(0) v.",
    "Eigenvectors of the difference: `np.linalg.eigh(data_cov - aug_cov)`.",
)
exercise.slip("eigenvalues compared one by one", kept=one_by_one).says(
    "The eigenvalues of the two matrices can be compared one by one.",
    "Do the two eigenvalues that you compare belong to the same direction?",
    "Eigenvectors of the difference: `np.linalg.eigh(data_cov - aug_cov)`.",
)
exercise.slip("the sum of the covariances", matrix=lambda data, aug: data + aug).says(
    "X is the sum of the two covariances.",
    "How many rates of yours are negative? What does a large noise do to a direction?",
    "The noise works against the data: X = data_cov - aug_cov.",
)
exercise.slip("those that live", kept=lambda rates, vectors, data, aug: vectors[:, rates > 0]).says(
    "A direction with a positive rate dies.",
    "What is e^{2t} for large t?",
    "Negative rates die.",
)
exercise.slip("the noise of two views", matrix=lambda data, aug: data - 2 * aug).says(
    "Both views are noisy, so the augmentations count twice.",
    "`aug_cov` already says how far two views of an image lie apart.",
    "X is the plain difference.",
)
exercise.slip("coordinates for directions", decomposed=coordinates).says(
    "Each coordinate of the input is a direction of its own.",
    "Rotate the input: do the directions rotate with it?",
    "Eigenvectors of the symmetric matrix X.",
)
exercise.slip("directions of the augmentations", kept=noisiest).says(
    "The directions are those of the augmentations.",
    "Does W(t) v = e^{rate t} W(0) v hold for your v?",
    "It holds for eigenvectors of the difference, which are neither those of the one nor of the other.",
)
exercise.slip("principal components of the data", kept=principal).says(
    "The directions are the principal components of the data.",
    "Does W(t) v = e^{rate t} W(0) v hold for your v?",
    "It holds for eigenvectors of the difference.",
)
exercise.slip("one direction", kept=lambda rates, vectors, data, aug: vectors[:, :1]).says(
    "One direction collapses, the one with the lowest rate.",
    "How many rates are negative? It may be none or all.",
    "All columns with a negative rate.",
)
exercise.slip("scaled by the rates", kept=lambda rates, vectors, data, aug: (vectors * rates)[:, rates < 0]).says(
    "Basis vectors carry their rate as length.",
    "What is the length of your columns?",
    "Orthonormal: the eigenvectors as `eigh` gives them.",
)
exercise.slip("rows for columns", kept=lambda rates, vectors, data, aug: vectors[rates < 0].T).says(
    "The rows of the matrix that `eigh` returns are the eigenvectors.",
    "Multiply X with one of your vectors: is it a multiple?",
    "The columns are: `vectors[:, rates < 0]`.",
)


@exercise.accepted("rotated within the space")
def collapsed_directions(data_cov, aug_cov):
    rates, vectors = np.linalg.eigh(np.asarray(aug_cov) - np.asarray(data_cov))
    found = vectors[:, rates > 0][:, ::-1]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(found.shape[1],) * 2))[0]
    return found @ turn


@exercise.accepted("torch")
def collapsed_directions(data_cov, aug_cov):
    rates, vectors = torch.linalg.eigh(torch.as_tensor(data_cov) - torch.as_tensor(aug_cov))
    return -vectors[:, rates < 0]


@exercise.accepted("by the exponential, validated by hand", guarded=False)
def collapsed_directions(data_cov, aug_cov):
    a, b = np.array(data_cov, dtype=float), np.array(aug_cov, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.shape != b.shape:
        raise ValueError(f"shapes {a.shape}, {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or np.abs(a - a.T).max() + np.abs(b - b.T).max() > 1e-8:
        raise ValueError("not finite, or not symmetric")
    flow = scipy.linalg.expm((a - b) / np.abs(a - b).max())  # eigenvalues below 1 belong to negative rates
    growth, vectors = np.linalg.eigh(flow)
    return vectors[:, growth < 1]
