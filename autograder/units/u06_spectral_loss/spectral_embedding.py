"""spectral_embedding: what its check looks at.

Answers are compared through z z^T, which a rotation does not change. Every case has a gap of at least 0.03 between the
k-th and the next eigenvalue (negative ones counted as 0), or k at the end of a tie: then z z^T is unique, and rounding
of 1e-16 moves it by 1e-14. A k inside a tie is judged by the loss, in a property. Blind inputs avoided: graphs made by
augmentations alone (hide what is done with negative eigenvalues), equal masses (hide sqrt(p)).
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u06_spectral_loss.normalized_adjacency import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "spectral_embedding",
    hints={
        "values": (
            "`np.linalg.eigh` returns rising eigenvalues and the eigenvectors as columns. You want the last k columns.",
            "Column i is sqrt(max(lambda_i, 0)) u_i, and row x of that is divided by sqrt(p(x)).",
            "Check yours: z.T @ np.diag(p) @ z must be diagonal with max(lambda_i, 0) on it (up to a rotation).",
        ),
        "bad input": ("`validate.count(1, k=k)`, k <= S, and `normalized_adjacency` raises for the rest.",),
        "properties": (
            "At a minimiser both expectations of the loss are equal: E_pos[f.f'] = E_neg[(f.f')^2].",
            "No rule may depend on the eigenvalues being different: inside a tie every choice is a minimiser.",
        ),
    },
)


def eigenvalues(joint):
    """Eigenvalues of the normalised adjacency in falling order."""
    root = np.sqrt(joint.sum(axis=1))
    return np.linalg.eigvalsh(joint / np.outer(root, root))[::-1]


def with_gap(rng, n, k, psd=False, outweighed=False):
    """A random joint law whose k-th eigenvalue stands apart from the next. outweighed: the lowest eigenvalue is larger
    in absolute value than the k-th (k >= 2) and the k-th is positive."""
    while True:
        joint = graphs.random_joint_symmetric(rng, n, psd)
        values = eigenvalues(joint)
        clipped = np.append(np.maximum(values, 0), 0)
        if clipped[k - 1] - clipped[k] < 0.03 and values[k - 1] > -0.03:
            continue
        if outweighed and not (values[k - 1] > 0.05 and -values[-1] > values[k - 1] + 0.03):
            continue
        return joint


@exercise.cases
def cases(rng):
    yield Case("S = 6 from augmentations, k = 2", (with_gap(rng, 6, 2, psd=True), 2), compare="gram")
    yield Case("S = 5 from augmentations, k = 1", (with_gap(rng, 5, 1, psd=True), 1), compare="gram")
    yield Case(
        "S = 6, k = 2, a negative eigenvalue of large absolute value",
        (with_gap(rng, 6, 2, outweighed=True), 2),
        compare="gram",
    )
    yield Case("S = 6, k = 5, negative eigenvalues among the five", (with_gap(rng, 6, 5), 5), compare="gram")
    yield Case("S = 4, k = 4", (graphs.random_joint_symmetric(rng, 4), 4), compare="gram")
    yield Case("two nodes, only the edge between them, k = 2", (np.array([[0.0, 0.5], [0.5, 0.0]]), 2), compare="gram")
    yield Case("complete graph without loops, k = 3", (graphs.complete_graph(5), 3), compare="gram")
    yield Case(
        "three parts without an edge between them, k = 3",
        (graphs.blocks(rng, [1, 2, 4], leak=0.0)[0], 3),
        compare="gram",
    )
    torus = graphs.shift_grid([np.ones((1, 1))], side=3, wrap=True, stay=0.7).joint
    yield Case("torus, k = 5 at the end of a tie", (torus, 5), compare="gram")
    joint = graphs.random_joint_symmetric(rng, 4)
    yield bad_input("k = 0", joint, 0)
    yield bad_input("k = -1", joint, -1)
    yield bad_input("k = 5 on four nodes", joint, 5)
    yield bad_input("k = 2.5", joint, 2.5)
    yield from bad_joints(rng, 2)


@exercise.property("its loss is minus the sum of max(lambda_i, 0)^2 over i <= k, also inside a tie")
def minimum(f, rng):
    n = 6
    graphs_and_k = {
        "a random graph": (graphs.random_joint_symmetric(rng, n), int(rng.integers(1, n + 1))),
        "a tie of three, k = 2": (graphs.blocks(rng, [2, 2, 3], leak=0.0)[0], 2),
        "a tie of four, k = 3": (graphs.shift_grid([np.ones((1, 1))], side=3, wrap=True, stay=0.8).joint, 3),
    }
    for name, (joint, k) in graphs_and_k.items():
        z = np.asarray(f(joint, k), dtype=float)
        if z.shape != (len(joint), k) or not np.isfinite(z).all():
            return f"on {name} it is not a finite array of shape (S, k)"
        p, inner = joint.sum(axis=1), z @ z.T
        positive, negative = (joint * inner).sum(), p @ inner**2 @ p
        best = (np.maximum(eigenvalues(joint)[:k], 0) ** 2).sum()
        if abs(positive - negative) > 1e-8:
            return f"on {name} E_pos = {positive:.6g} and E_neg = {negative:.6g} differ"
        if abs(negative - 2 * positive + best) > 1e-8:
            return f"on {name} the loss is {negative - 2 * positive:.6g}, the minimum is {-best:.6g}"


@exercise.property("with k = S on a graph made by augmentations, z z^T is the density ratio p(x,x')/(p(x)p(x'))")
def density_ratio(f, rng):
    joint = graphs.random_joint_symmetric(rng, 4, psd=True)
    p, z = joint.sum(axis=1), np.asarray(f(joint, 4))
    if np.abs(z @ z.T - joint / np.outer(p, p)).max() > 1e-8:
        return "z z^T is not p(x,x')/(p(x)p(x'))"


def decomposition(joint):
    """Masses, eigenvalues of the normalised adjacency in rising order, eigenvectors as columns."""
    p = joint.sum(axis=1)
    return p, *np.linalg.eigh(joint / np.sqrt(np.outer(p, p)))


@exercise.wrong(
    "not divided by sqrt(p)",
    belief="The rows of the best factor F are the embedding.",
    hints=(
        "On which side of the identity does sqrt(p) stand?",
        "The factor F has the rows sqrt(p(x)) f(x); you return F.",
        "Divide row x by sqrt(p(x)).",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    _, values, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] * np.sqrt(np.maximum(values[::-1][:k], 0))


@exercise.wrong(
    "multiplied by sqrt(p)",
    belief="f is sqrt(p) times the factor.",
    hints=(
        "F_x = sqrt(p(x)) f(x). Solve for f(x).",
        "Your rare nodes have short rows; they should have long ones.",
        "Divide by sqrt(p(x)) instead of multiplying.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] * np.sqrt(np.maximum(values[::-1][:k], 0)) * np.sqrt(p)[:, None]


@exercise.wrong(
    "eigenvectors without eigenvalues",
    belief="The eigenvectors are the embedding; the eigenvalues only choose them.",
    hints=(
        "Where all kept eigenvalues are 1 you are right.",
        "F F^T must have the eigenvalues lambda_i, so a column has squared length lambda_i.",
        "Multiply column i by sqrt(max(lambda_i, 0)).",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, _, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] / np.sqrt(p)[:, None]


@exercise.wrong(
    "Lambda instead of its square root",
    belief="Column i is lambda_i u_i.",
    hints=(
        "What are the eigenvalues of F F^T when column i of F is lambda_i u_i?",
        "They are lambda_i squared. They should be lambda_i.",
        "Use sqrt(lambda_i).",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] * np.maximum(values[::-1][:k], 0) / np.sqrt(p)[:, None]


@exercise.wrong(
    "smallest eigenvalues",
    belief="Spectral methods take the eigenvectors of the smallest eigenvalues.",
    hints=(
        "The smallest eigenvalues of which matrix?",
        "Small eigenvalues of the Laplacian are large ones of the adjacency; `eigh` sorts upwards.",
        "Take the last k columns.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[:, :k] * np.sqrt(np.maximum(values[:k], 0)) / np.sqrt(p)[:, None]


@exercise.wrong(
    "largest absolute values (Eckart-Young)",
    belief="The best approximation of rank k keeps the k eigenvalues of largest absolute value.",
    hints=(
        "Can F F^T have a negative eigenvalue?",
        "Eckart and Young approximate by any matrix of rank k. F F^T has no negative eigenvalue to match one with.",
        "Sort by lambda_i itself, falling, and clip the negative ones at 0.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    return vectors[:, order] * np.sqrt(np.maximum(values[order], 0)) / np.sqrt(p)[:, None]


@exercise.wrong(
    "singular values",
    belief="The SVD gives the factor: column i is sqrt(sigma_i) times the i-th singular vector.",
    hints=(
        "What is the product of your factor with its transpose on a graph with a negative eigenvalue?",
        "A singular value is |lambda|: a negative eigenvalue comes back with the wrong sign.",
        "Use `eigh`, sort by lambda_i, and clip at 0.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    return vectors[:, order] * np.sqrt(np.abs(values[order])) / np.sqrt(p)[:, None]


@exercise.wrong(
    "square root of a negative eigenvalue",
    belief="The eigenvalues of the normalised adjacency are never negative.",
    hints=(
        "Your embedding holds NaN. Where can it come from?",
        "The complete graph without loops has the eigenvalue -1/(S-1).",
        "np.sqrt(np.maximum(values, 0)).",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] * np.sqrt(values[::-1][:k]) / np.sqrt(p)[:, None]


@exercise.wrong(
    "absolute value under the root",
    belief="A negative eigenvalue may be replaced by its absolute value.",
    hints=(
        "A column with squared length |lambda| adds +|lambda| u u^T to F F^T. What should it add?",
        "The best weight for a negative eigenvalue is 0: the column is zero.",
        "np.maximum(values, 0), not np.abs(values).",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[:, ::-1][:, :k] * np.sqrt(np.abs(values[::-1][:k])) / np.sqrt(p)[:, None]


@exercise.wrong(
    "trivial eigenvector skipped",
    belief="The first eigenvector says nothing and is left out.",
    hints=(
        "Is your loss at the minimum -sum of the k largest squares?",
        "After division by sqrt(p) the first column is constant. It is useless for cutting, but the loss wants it.",
        "Keep the eigenvalue 1.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    values, vectors = np.append(values[::-1], 0), np.hstack([vectors[:, ::-1], np.zeros((len(p), 1))])
    return vectors[:, 1 : k + 1] * np.sqrt(np.maximum(values[1 : k + 1], 0)) / np.sqrt(p)[:, None]


@exercise.wrong(
    "rows of the eigenvector matrix",
    belief="`eigh` returns the eigenvectors as rows.",
    hints=(
        "Multiply the adjacency by vectors[0], then by vectors[:, 0]. Which one is only stretched?",
        "The eigenvectors are the columns.",
        "vectors[:, -k:], not vectors[-k:].T.",
    ),
    uses=(decomposition,),
)
def spectral_embedding(joint, k):
    p, values, vectors = decomposition(joint)
    return vectors[::-1][:k].T * np.sqrt(np.maximum(values[::-1][:k], 0)) / np.sqrt(p)[:, None]


@exercise.wrong(
    "eigenvectors of the joint law",
    belief="The joint law itself is decomposed.",
    hints=(
        "Which matrix stands in the factorisation?",
        "Without the normalisation heavy nodes take all the large eigenvalues.",
        "Decompose normalized_adjacency(joint).",
    ),
)
def spectral_embedding(joint, k):
    p = joint.sum(axis=1)
    values, vectors = np.linalg.eigh(joint)
    return vectors[:, ::-1][:, :k] * np.sqrt(np.maximum(values[::-1][:k], 0)) / np.sqrt(p)[:, None]


def checked(joint, k):
    validate.joint_law(joint, symmetric=True)
    validate.count(1, k=k)
    if k > len(joint):
        raise ValueError(f"k = {k}, S = {len(joint)}")


@exercise.accepted("Laplacian, smallest eigenvalues", uses=(checked,))
def spectral_embedding(joint, k):
    checked(joint, k)
    p = joint.sum(axis=1)
    low, vectors = np.linalg.eigh(np.eye(len(p)) - joint / np.sqrt(np.outer(p, p)))
    return np.sqrt(np.clip(1 - low[:k], 0, None)) * vectors[:, :k] / np.sqrt(p)[:, None]


@exercise.accepted("generalised eigenproblem P v = lambda D v", uses=(checked,))
def spectral_embedding(joint, k):
    from scipy.linalg import eigh

    checked(joint, k)
    values, functions = eigh(joint, np.diag(joint.sum(axis=1)))
    top = np.argsort(values)[::-1][:k]
    return functions[:, top] * np.sqrt(values[top].clip(min=0))


@exercise.accepted("torch, rotated and with flipped signs", uses=(checked,))
def spectral_embedding(joint, k):
    checked(joint, k)
    p = torch.from_numpy(joint).sum(dim=1)
    values, vectors = torch.linalg.eigh(torch.from_numpy(joint) / torch.sqrt(p[:, None] * p[None, :]))
    factor = vectors[:, -k:] * values[-k:].clamp(min=0).sqrt()
    rotation = torch.linalg.qr(torch.arange(k * k, dtype=torch.float64).reshape(k, k).cos()).Q
    return -(factor @ rotation) / p.sqrt()[:, None]


@exercise.accepted("column by column, in a loop", uses=(checked,))
def spectral_embedding(joint, k):
    checked(joint, k)
    p = joint.sum(axis=1)
    values, vectors = np.linalg.eigh(joint / np.sqrt(p) / np.sqrt(p)[:, None])
    z = np.zeros((len(p), k))
    for i in range(k):
        value = values[len(p) - 1 - i]
        if value > 0:
            for x in range(len(p)):
                z[x, i] = math.sqrt(value / p[x]) * vectors[x, len(p) - 1 - i]
    return z
