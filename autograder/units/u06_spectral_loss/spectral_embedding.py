"""spectral_embedding: what its check looks at.

Answers are compared through z z^T, which a rotation does not change. Every case has a gap of at least 0.03 between the
k-th and the next eigenvalue (negative ones counted as 0), or k at the end of a tie: then z z^T is unique, and rounding
of 1e-16 moves it by 1e-14. No tie is cut by a misconception either, whose answer would then be an accident of the
eigensolver, and nobody else's. A k inside a tie is judged by the loss, in a property. Blind inputs avoided: graphs made
by augmentations alone (hide what is done with negative eigenvalues), equal masses (hide sqrt(p)). Centred embeddings:
k = S, where no column is left for the constant, and graphs in parts, on which the eigensolver's first vector is not
sqrt(p), but any of a tie (a property).
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import COLUMNS, GRAPH
from autograder.units.u06_spectral_loss.theorems import adjacency, by_size, eigenvalues, falling, per_mass, refused
from course import graphs, validate

exercise = Exercise(
    "spectral_embedding",
    refuses=(GRAPH, *COLUMNS),
    hints={
        "values": (
            "`np.linalg.eigh` returns rising eigenvalues and the eigenvectors as columns. You want the last k columns.",
            "Column i is sqrt(max(lambda_i, 0)) u_i, and row x of that is divided by sqrt(p(x)).",
            "Check yours: z.T @ np.diag(p) @ z must be diagonal with max(lambda_i, 0) on it (up to a rotation). Centred: write "
            "E_p f = 0 for the columns of F, and say which matrix they still see.",
        ),
        "bad input": ("`validate.count(1, k=k)`, k <= S, and `normalized_adjacency` raises for the rest.",),
        "properties": (
            "At a minimiser both expectations of the loss are equal: E_pos[f.f'] = E_neg[(f.f')^2].",
            "No rule may depend on the eigenvalues being different: inside a tie every choice is a minimiser. Where the "
            "graph falls into parts, the solver's first eigenvector need not be sqrt(p): take that direction out yourself.",
        ),
    },
)


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


def ask_centred(rng):
    def ask(label, joint, k, public=True):
        return Case(f"centred, {label}", (joint, k, True), compare="gram", public=public)

    yield ask("S = 6 from augmentations, k = 2", with_gap(rng, 6, 3, psd=True), 2)
    yield ask("S = 6, k = 1, a negative eigenvalue of large absolute value", with_gap(rng, 6, 2, outweighed=True), 1)
    yield ask("S = 5 from augmentations, k = S", graphs.random_joint_symmetric(rng, 5, psd=True), 5)
    triangle = np.array(
        [[0.0, 0.05, 0.2], [0.05, 0.0, 0.25], [0.2, 0.25, 0.0]]
    )  # eigenvalues 1 and two below 0, no tie
    yield ask("three nodes without loops, k = 2", triangle, 2)
    (n,) = odd_sizes(rng, 1, high=20)
    yield ask(f"S = {n} from augmentations, k = S", graphs.random_joint_symmetric(rng, n, psd=True), n, public=False)
    n, k = odd_sizes(rng, 1, high=20)[0], int(rng.integers(2, 5))
    yield ask(f"S = {n}, k = {k}", with_gap(rng, n, k + 1), k, public=False)


@exercise.cases
def cases(rng):
    def ask(label, joint, k, public=True):
        return Case(label, (joint, k), compare="gram", public=public)

    yield ask("S = 6 from augmentations, k = 2", with_gap(rng, 6, 2, psd=True), 2)
    yield ask("S = 5 from augmentations, k = 1", with_gap(rng, 5, 1, psd=True), 1)
    yield ask("S = 6, k = 2, a negative eigenvalue of large absolute value", with_gap(rng, 6, 2, outweighed=True), 2)
    yield ask("S = 6, k = 5, negative eigenvalues among the five", with_gap(rng, 6, 5), 5)
    n, k = odd_sizes(rng, 1, high=20)[0], int(rng.integers(2, 5))
    yield ask(f"S = {n}, k = {k}", with_gap(rng, n, k), k, public=False)
    (n,) = odd_sizes(rng, 1, high=30)
    yield ask(f"S = {n} from augmentations, k = S", graphs.random_joint_symmetric(rng, n, psd=True), n, public=False)
    yield ask("S = 4, k = 4", graphs.random_joint_symmetric(rng, 4), 4)
    yield ask("two nodes, only the edge between them, k = 2", np.array([[0.0, 0.5], [0.5, 0.0]]), 2)
    unequal = np.outer([1, 2, 3, 4], [1, 2, 3, 4]) * (1 - np.eye(4)) / 70  # one eigenvalue above 0, no tie
    yield ask("complete graph without loops, unequal masses, k = S", unequal, 4)
    yield ask("three parts without an edge between them, k = 3", graphs.blocks(rng, [1, 2, 4], leak=0.0)[0], 3)
    torus = graphs.shift_grid([np.ones((1, 1))], side=2, wrap=True, stay=0.7).joint  # eigenvalues 1, a, a, a^2
    yield ask("torus, k = 3 at the end of a tie", torus, 3)
    yield from ask_centred(rng)
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), 2)


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


@exercise.property("centred: mean zero, and its loss is the least, also where the graph falls into parts")
def centred_minimum(f, rng):
    graphs_and_k = {
        "three parts without an edge between them": (graphs.blocks(rng, [2, 2, 3], leak=0.0)[0], 2),
        "one edge without loops": (np.array([[0.0, 0.5], [0.5, 0.0]]), 2),
        "a random graph": (graphs.random_joint_symmetric(rng, 6), 3),
    }
    for name, (joint, k) in graphs_and_k.items():
        z, p = np.asarray(f(joint, k, True), dtype=float), joint.sum(axis=1)
        if z.shape != (len(p), k) or not np.isfinite(z).all():
            return f"centred, on {name}: it is not a finite array of shape (S, k)"
        if np.abs(p @ z).max() > 1e-6:  # the eigenvalue 0 of sqrt(p) is one up to rounding, and its root 1e-8
            return f"centred, on {name}: E_p f = {np.round(p @ z, 6)}, not 0"
        loss = p @ (z @ z.T) ** 2 @ p - 2 * (joint * (z @ z.T)).sum()
        best = -(np.maximum(eigenvalues(joint)[1 : k + 1], 0) ** 2).sum()
        if abs(loss - best) > 1e-8:
            return f"centred, on {name}: the loss is {loss:.6g}, the least is {best:.6g}"


def without_constants(matrix, root):
    """The matrix on what is orthogonal to the constant function: root has length 1."""
    return matrix - np.outer(root, root)


@exercise.formula
def spectral_embedding(
    joint,
    k,
    centred=False,
    *,
    matrix=adjacency,
    columns=lambda vectors: vectors,
    kept=falling,
    stretch=lambda values: np.sqrt(np.maximum(values, 0)),
    scaled=per_mass,
    cleared=without_constants,
    shifted=lambda z, p: z,
    always=False,
):
    p = joint.sum(axis=1)
    seen = cleared(matrix(joint), np.sqrt(p)) if centred or always else matrix(joint)
    values, vectors = np.linalg.eigh(seen)
    top = kept(values, k)
    z = scaled(columns(vectors)[:, top] * stretch(values[top]), joint)
    return shifted(z, p) if centred else z


def all_seen(matrix, root):
    return matrix


def root(p):
    return np.sqrt(p)[:, None]


def per_row(z, p):
    """The rows of the factor F."""
    return z * root(p)


def double_centred(matrix, root):
    rows = matrix - matrix.mean(axis=0)
    return rows - rows.mean(axis=1, keepdims=True)


exercise.slip("centred: the minimiser minus its mean", cleared=all_seen, shifted=lambda z, p: z - p @ z).says(
    "The best centred embedding is the best embedding with its mean taken off.",
    "Which column of the minimiser has a mean that is not 0, and what is left of it?",
    "Your answer has a column of zeros, and a positive eigenvalue that nothing approximates.",
    "The constant function is forbidden; all k columns are free for the others.",
)
exercise.slip("centred ignored", cleared=all_seen).says(
    "The minimiser has mean 0 by itself.",
    "Print p @ z.",
    "phi_1 is constant, with eigenvalue 1: its column has the mean 1 or -1.",
    "E_p f = 0 says that each column of F is orthogonal to sqrt(p).",
)
exercise.slip("centred: the mean over nodes", cleared=all_seen, shifted=lambda z, p: z - z.mean(axis=0)).says(
    "An embedding is centred when its rows sum to 0.",
    "Which law has the mean of the question?",
    "E_p f = sum_x p(x) f(x): heavy nodes count more.",
    "E_p f = 0 says that each column of F is orthogonal to sqrt(p).",
)
exercise.slip(
    "centred: the vector of ones taken out",
    cleared=lambda matrix, root: without_constants(matrix, len(root) ** -0.5 + 0 * root),
).says(
    "The constant function is the vector of ones among the columns of F.",
    "Which rows has F where f = 1?",
    "F_x = sqrt(p(x)) f(x): the constant function becomes sqrt(p).",
    "Take out np.outer(np.sqrt(p), np.sqrt(p)).",
)
exercise.slip("centred: no column for the constant", shifted=lambda z, p: z[:, : len(p) - 1]).says(
    "Beside the constant there are only S - 1 columns, so with k = S one is left out.",
    "What shape does the question ask for with k = S?",
    "A column of zeros is centred as well.",
    "Fill up with zeros to k columns.",
)
exercise.slip(
    "centred: the constant's eigenvalue is gone, k - 1 columns beside it",
    cleared=all_seen,
    shifted=lambda z, p: z[:, 1:],
).says(
    "The best centred embedding is the best embedding without its first column.",
    "How many columns has your answer?",
    "The question asks for k columns; the place of the constant is free for the next eigenfunction.",
    "k columns, all orthogonal to the constant.",
)
exercise.slip(
    "centred: the mean of the factor's rows",
    cleared=all_seen,
    shifted=lambda z, p: z - per_row(z, p).mean(axis=0) / root(p),
).says(
    "The rows of F, not those of f, are to have the mean 0.",
    "Print p @ z.",
    "E_p f = sum_x p(x) f(x) = sum_x sqrt(p(x)) F_x: each column of F is orthogonal to sqrt(p).",
    "Take the direction of sqrt(p) out of the adjacency, then decompose.",
)
exercise.slip("centred: rows and columns of the adjacency centred", cleared=double_centred).says(
    "The adjacency is centred by taking the means of its rows and columns off.",
    "Print p @ z.",
    "That takes out the vector of ones; the constant function is sqrt(p) among the columns of F.",
    "Take out np.outer(np.sqrt(p), np.sqrt(p)).",
)
exercise.slip("centred: k = S refused", shifted=lambda z, p: z if z.shape[1] < len(p) else refused()).says(
    "With k = S there is no centred embedding.",
    "For which k does the question ask it?",
    "A column of zeros is centred as well.",
    "Fill up with zeros to k columns.",
)
exercise.slip("eigenvectors of the random walk", matrix=lambda joint: joint / joint.sum(axis=1)[:, None]).says(
    "`eigh` may be given the matrix of p(x'|x), since it has the same eigenvalues.",
    "Is that matrix symmetric?",
    "`eigh` reads one triangle only and takes the other one for its mirror image.",
    "Decompose normalized_adjacency(joint).",
)
exercise.slip("values reversed, vectors not", columns=lambda vectors: vectors[:, ::-1]).says(
    "The eigenvectors need not be put in the order of the eigenvalues.",
    "Multiply the adjacency by one of your columns: is it stretched by the eigenvalue beside it?",
    "`eigh` returns both in rising order; whoever turns one round must turn the other.",
    "values[::-1] goes with vectors[:, ::-1].",
)


exercise.slip("not divided by sqrt(p)", scaled=lambda factor, joint: factor).says(
    "The rows of the best factor F are the embedding.",
    "On which side of the identity does sqrt(p) stand?",
    "The factor F has the rows sqrt(p(x)) f(x); you return F.",
    "Divide row x by sqrt(p(x)).",
)
exercise.slip("multiplied by sqrt(p)", scaled=lambda factor, joint: factor * np.sqrt(joint.sum(axis=1))[:, None]).says(
    "f is sqrt(p) times the factor.",
    "F_x = sqrt(p(x)) f(x). Solve for f(x).",
    "Your rare nodes have short rows; they should have long ones.",
    "Divide by sqrt(p(x)) instead of multiplying.",
)
exercise.slip("divided by p", scaled=lambda factor, joint: factor / joint.sum(axis=1)[:, None]).says(
    "Row x of the factor is divided by the mass of its node.",
    "F_x = sqrt(p(x)) f(x). Solve for f(x).",
    "F_x.F_x' = sqrt(p(x) p(x')) f(x).f(x'): each of the two rows carries one root.",
    "Divide by np.sqrt(p)[:, None], not by p[:, None].",
)
exercise.slip(
    "rows of length 1", scaled=lambda factor, joint: factor / np.linalg.norm(factor, axis=1, keepdims=True)
).says(
    "The rows of an embedding are scaled to length 1.",
    "What is the length of your rows, and what does the loss say of long rows?",
    "Ng, Jordan and Weiss scale rows to length 1 before they cluster; the minimiser of the loss keeps its lengths.",
    "Divide row x by sqrt(p(x)), by nothing else.",
)
exercise.slip("eigenvectors without eigenvalues", stretch=np.ones_like).says(
    "The eigenvectors are the embedding; the eigenvalues only choose them.",
    "Where all kept eigenvalues are 1 you are right.",
    "F F^T must have the eigenvalues lambda_i, so a column has squared length lambda_i.",
    "Multiply column i by sqrt(max(lambda_i, 0)).",
)
exercise.slip("positive eigenvalues taken for 1", stretch=lambda values: 1.0 * (values > 0)).says(
    "A positive eigenvalue chooses its eigenvector, which is taken as it is; the other columns are zero.",
    "Where all kept eigenvalues are 1 you are right.",
    "F F^T must have the eigenvalues lambda_i, so a column has squared length lambda_i.",
    "Multiply column i by sqrt(max(lambda_i, 0)).",
)
exercise.slip("Lambda instead of its square root", stretch=lambda values: np.maximum(values, 0)).says(
    "Column i is lambda_i u_i.",
    "What are the eigenvalues of F F^T when column i of F is lambda_i u_i?",
    "They are lambda_i squared. They should be lambda_i.",
    "Use sqrt(lambda_i).",
)
exercise.slip("smallest eigenvalues", kept=lambda values, k: np.argsort(values)[:k]).says(
    "Spectral methods take the eigenvectors of the smallest eigenvalues.",
    "The smallest eigenvalues of which matrix?",
    "Small eigenvalues of the Laplacian are large ones of the adjacency; `eigh` sorts upwards.",
    "Take the last k columns.",
)
exercise.slip("largest absolute values (Eckart-Young)", kept=by_size).says(
    "The best approximation of rank k keeps the k eigenvalues of largest absolute value.",
    "Can F F^T have a negative eigenvalue?",
    "Eckart and Young approximate by any matrix of rank k. F F^T has no negative eigenvalue to match one with.",
    "Sort by lambda_i itself, falling, and clip the negative ones at 0.",
)
exercise.slip("singular values", kept=by_size, stretch=lambda values: np.sqrt(np.abs(values))).says(
    "The SVD gives the factor: column i is sqrt(sigma_i) times the i-th singular vector.",
    "What is the product of your factor with its transpose on a graph with a negative eigenvalue?",
    "A singular value is |lambda|: a negative eigenvalue comes back with the wrong sign.",
    "Use `eigh`, sort by lambda_i, and clip at 0.",
)
exercise.slip("square root of a negative eigenvalue", stretch=np.sqrt).says(
    "Where one of the first k eigenvalues is negative there is no answer.",
    "What does your code make of a negative eigenvalue? Every k has a minimiser.",
    "The complete graph without loops has the eigenvalue -1/(S-1).",
    "np.sqrt(np.maximum(values, 0)).",
)
exercise.slip("absolute value under the root", stretch=lambda values: np.sqrt(np.abs(values))).says(
    "A negative eigenvalue may be replaced by its absolute value.",
    "A column with squared length |lambda| adds +|lambda| u u^T to F F^T. What should it add?",
    "The best weight for a negative eigenvalue is 0: the column is zero.",
    "np.maximum(values, 0), not np.abs(values).",
)
exercise.slip(
    "columns dropped", kept=lambda values, k: np.array([i for i in falling(values, k) if values[i] > 0])
).says(
    "An eigenvalue that is not positive has no column.",
    "What shape does your answer have when k is larger than the number of positive eigenvalues?",
    "The columns of the others are zero, but they are there: z has the shape (S, k).",
    "np.sqrt(np.maximum(values, 0)) makes them zero and keeps them.",
)
exercise.slip("always centred", always=True).says(
    "The constant function is left out with centred=False too.",
    "Is your loss at the minimum -sum of the k largest squares?",
    "It is useless for cutting, but the loss wants it.",
    "Take sqrt(p) out of the adjacency only if centred.",
)
exercise.slip("k = S refused", kept=lambda values, k: falling(values, k) if k < len(values) else refused()).says(
    "There are fewer columns than nodes, so k = S is bad input.",
    "For which k does the question ask?",
    "1 <= k <= S.",
    "Raise ValueError for k > S.",
)
exercise.slip("one minus lambda under the root", stretch=lambda values: np.sqrt(np.maximum(1 - values, 0))).says(
    "Column i has the squared length 1 - lambda_i.",
    "How long is your constant column?",
    "1 - lambda_i are the eigenvalues of the Laplacian; F F^T must have the eigenvalues lambda_i.",
    "Multiply column i by sqrt(max(lambda_i, 0)).",
)
exercise.slip("trivial eigenvector skipped", kept=lambda values, k: falling(values, k + 1)[1:]).says(
    "The first eigenvector says nothing and is left out.",
    "Is your loss at the minimum -sum of the k largest squares?",
    "After division by sqrt(p) the first column is constant. It is useless for cutting, but the loss wants it.",
    "Keep the eigenvalue 1.",
)
exercise.slip("rows of the eigenvector matrix", columns=np.transpose).says(
    "`eigh` returns the eigenvectors as rows.",
    "Multiply the adjacency by vectors[0], then by vectors[:, 0]. Which one is only stretched?",
    "The eigenvectors are the columns.",
    "vectors[:, -k:], not vectors[-k:].T.",
)
exercise.slip("eigenvectors of the joint law", matrix=lambda joint: joint).says(
    "The joint law itself is decomposed.",
    "Which matrix stands in the factorisation?",
    "Without the normalisation heavy nodes take all the large eigenvalues.",
    "Decompose normalized_adjacency(joint).",
)


@exercise.wrong(
    "k made an integer",
    belief="A k that is no integer may be rounded down.",
    hints=("What does the question say of k = 2.5?", "ValueError.", "`validate.count(1, k=k)`."),
    guarded=False,
)
def spectral_embedding(joint, k, centred=False):
    validate.joint_law(joint, symmetric=True)
    if not 1 <= k <= len(joint):
        raise ValueError(f"k = {k}")
    p = joint.sum(axis=1)
    seen = without_constants(adjacency(joint), np.sqrt(p)) if centred else adjacency(joint)
    values, vectors = np.linalg.eigh(seen)
    top = falling(values, int(k))
    return per_mass(vectors[:, top] * np.sqrt(np.maximum(values[top], 0)), joint)


@exercise.accepted("column by column, in a loop, k validated by hand", guarded=False)
def spectral_embedding(joint, k, centred=False):
    validate.joint_law(joint, symmetric=True)
    if k not in range(1, len(joint) + 1):
        raise ValueError(f"k = {k}, S = {len(joint)}")
    p = joint.sum(axis=1)
    laplacian = np.eye(len(p)) - joint / np.sqrt(p) / np.sqrt(p)[:, None]
    low, vectors = np.linalg.eigh(laplacian + (3 * np.sqrt(np.outer(p, p)) if centred else 0))  # rising
    z = np.zeros((len(p), k))
    for i in range(k):
        if low[i] < 1:
            for x in range(len(p)):
                z[x, i] = math.sqrt((1 - low[i]) / p[x]) * vectors[x, i]
    return z


@exercise.accepted("generalised eigenproblem P v = lambda D v")
def spectral_embedding(joint, k, centred=False):
    from scipy.linalg import eigh

    p = joint.sum(axis=1)
    values, functions = eigh(joint - np.outer(p, p) if centred else joint, np.diag(p))
    top = np.argsort(values)[::-1][:k]
    return functions[:, top] * np.sqrt(values[top].clip(min=0))


@exercise.accepted("torch, rotated and with flipped signs")
def spectral_embedding(joint, k, centred=False):
    p = torch.from_numpy(joint).sum(dim=1)
    adjacent = torch.from_numpy(joint) / torch.sqrt(p[:, None] * p[None, :])
    if centred:  # a basis of what is orthogonal to sqrt(p), and a zero column in the place of sqrt(p)
        basis = torch.linalg.qr(torch.cat([p.sqrt()[:, None], torch.eye(len(p), dtype=p.dtype)], dim=1)).Q
        basis[:, 0] = 0
        adjacent = basis.T @ adjacent @ basis
    values, vectors = torch.linalg.eigh(adjacent)
    vectors = basis @ vectors if centred else vectors
    factor = vectors[:, -k:] * values[-k:].clamp(min=0).sqrt()
    rotation = torch.linalg.qr(torch.arange(k * k, dtype=torch.float64).reshape(k, k).cos()).Q
    return -(factor @ rotation) / p.sqrt()[:, None]
