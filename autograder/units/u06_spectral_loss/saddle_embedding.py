"""saddle_embedding: what its check looks at.

The answer spans the eigenvectors of the k smallest positive eigenvalues. Every case has a gap there, so that z z^T is
unique, and no tie is cut by a misconception either. Blind inputs avoided: graphs without negative eigenvalues, k equal
to the number of positive ones (then the minimiser is the only full stationary point), equal masses.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import COLUMNS, GRAPH
from autograder.units.u06_spectral_loss.theorems import adjacency, by_size, eigenvalues, falling, per_mass, refused
from course import graphs, validate

SPECTRUM = "np.linalg.eigvalsh(joint / np.sqrt(np.outer(joint.sum(axis=1), joint.sum(axis=1))))"
exercise = Exercise(
    "saddle_embedding",
    refuses=(
        GRAPH,
        *COLUMNS,
        needs(
            f"({SPECTRUM} > 1e-9).sum() >= k",
            {"more columns than positive eigenvalues": {"joint": graphs.complete_graph(4), "k": 2}},
        ),
    ),
    hints={
        "values": (
            "The gradient in F is -4 (Abar - F F^T) F. If it is 0, what does Abar do with the column space of F?",
            "That space is mapped into itself, so eigenvectors span it, and on it F F^T is Abar: any k *positive* "
            "eigenvalues will do.",
            "The loss is minus the sum of the squares of the chosen eigenvalues. Which choice makes it largest?",
        ),
        "bad input": ("With fewer than k positive eigenvalues there is none: `ValueError`.",),
        "properties": (
            "Check yours: joint @ z must be p[:, None] * z @ (z.T @ np.diag(p) @ z), and the columns independent.",
        ),
    },
)


ROUNDING = (
    "Some eigenvalues of this graph are 0, and the solver returns them as numbers of about 1e-17 of either sign. "
    "Count as positive what is above 1e-9."
)


SMALL = "This graph has an eigenvalue of 1e-6. Only what is below 1e-9 counts as 0."


def spread(rng, n, k, psd=False, extra=2):
    """A random joint law with at least k + extra positive eigenvalues, the k-th smallest of them apart from the next."""
    while True:
        joint = graphs.random_joint_symmetric(rng, n, psd)
        values = eigenvalues(joint)[::-1]
        above = values[values > 0.02]
        if len(above) < max(k + extra, 2 * k) or len(above) < (values > 1e-9).sum():
            continue
        if above[k] - above[k - 1] > 0.03 and values[k] - values[k - 1] > 0.01 and apart(values, k):
            return joint


def apart(values, k):
    """Whether neither the k smallest absolute values nor the k largest eigenvalues are cut in a near tie."""
    size = np.sort(np.abs(values))
    return size[k] - size[k - 1] > 0.005 and values[-k] - values[-k - 1] > 0.01


@exercise.cases
def cases(rng):
    def ask(label, joint, k, public=True, hint=""):
        return Case(label, (joint, k), compare="gram", public=public, hint=hint)

    yield ask("S = 9, k = 1", spread(rng, 9, 1), 1)
    yield ask("S = 10, k = 2, with negative eigenvalues", spread(rng, 10, 2), 2)
    yield ask("S = 7 from augmentations, k = 2", spread(rng, 7, 2, psd=True), 2)
    n, k = odd_sizes(rng, 1, low=14, high=22)[0], int(rng.integers(2, 4))
    yield ask(f"S = {n}, k = {k}", spread(rng, n, k), k, public=False)
    yield ask("S = 8 from three images, k = 2", lossy(rng), 2, public=False, hint=ROUNDING)
    pair = np.array([[0.1, 0.02], [0.02, 0.04]])[
        np.ix_([0, 0, 1, 1, 1], [0, 0, 1, 1, 1])
    ]  # eigenvalues 1, 0.519, 0, 0, 0
    yield ask("five pictures from two kinds, k = 1", pair, 1, hint=ROUNDING)
    yield ask("two nodes, k = 2: the minimiser is the only one", np.array([[0.4, 0.1], [0.1, 0.4]]), 2)
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4, psd=True), 2)
    tiny = np.array([[1 + 1e-6, 1 - 1e-6], [1 - 1e-6, 1 + 1e-6]]) / 4
    yield ask("two nodes that are nearly alike, k = 1", tiny, 1, public=False, hint=SMALL)


def lossy(rng):
    """Three images on eight pictures: five eigenvalues are 0 up to rounding, and the others stand apart."""
    while True:
        images = np.stack([rng.dirichlet(np.full(8, 0.7)) + 0.02 for _ in range(3)])
        images /= images.sum(axis=1, keepdims=True)
        joint = images.T @ np.diag([0.5, 0.3, 0.2]) @ images
        joint = (joint + joint.T) / (2 * joint.sum())
        values = eigenvalues(joint)
        if values[2] > 0.05 and values[1] > values[2] + 0.05 and values[1] < 0.95:
            return joint


@exercise.property(
    "the gradient vanishes there, the columns are independent, and no stationary point has a larger loss"
)
def stationary(f, rng):
    for k in (1, 2, 3):
        joint = spread(rng, 10, k)
        p, z = joint.sum(axis=1)[:, None], np.asarray(f(joint, k), dtype=float)
        if z.shape != (10, k) or not np.isfinite(z).all():
            return f"with k = {k} it is not a finite array of shape (S, k)"
        if np.linalg.svd(np.sqrt(p) * z)[1].min() < 1e-6:
            return f"with k = {k} the columns are not linearly independent"
        if np.abs(joint @ z - p * z @ (z.T @ (p * z))).max() > 1e-9:
            return f"with k = {k} the gradient is not 0"
        kept = np.array([v for v in eigenvalues(joint)[::-1] if v > 1e-9][:k])
        inner = z @ z.T
        loss = (p * p.T * inner**2).sum() - 2 * (joint * inner).sum()
        if abs(loss + (kept**2).sum()) > 1e-9:
            return f"with k = {k} another stationary point has the larger loss {-(kept**2).sum():.6g}, yours {loss:.6g}"


def least_positive(values, k):
    """Positions of the k smallest of the rising eigenvalues that are not 0 up to rounding, nor below."""
    return np.flatnonzero(values > 1e-9)[:k]


def largest_and_least(values, k):
    """The k - 1 largest, and the smallest positive one."""
    return np.append(falling(values, k - 1), least_positive(values, 1))


def first_and_least(values, k):
    """The constant, and the k - 1 smallest positive ones."""
    return np.append(falling(values, 1), least_positive(values, k - 1))


def one_swapped(values, k):
    """The k largest, the last of them exchanged for the next."""
    top = falling(values, k + 1)
    return np.append(top[: k - 1], top[-1])


def least_by_size(values, k):
    """Positions of the k eigenvalues of smallest absolute value that are not 0."""
    order = np.argsort(np.abs(values), kind="stable")
    return order[np.abs(values[order]) > 1e-9][:k]


def least_above(values, k):
    """Positions of the k smallest eigenvalues above 1e-5."""
    return np.flatnonzero(values > 1e-5)[:k]


def after_the_first(values, k):
    return falling(values, 2 * k)[k:] if 2 * k <= len(values) else refused()


@exercise.formula
def saddle_embedding(
    joint,
    k,
    *,
    kept=least_positive,
    stretch=lambda values: np.sqrt(np.maximum(values, 0)),
    scaled=per_mass,
):
    values, vectors = np.linalg.eigh(adjacency(joint))
    top = kept(values, k)
    return scaled(vectors[:, top] * stretch(values[top]), joint)


exercise.slip("the minimiser", kept=falling).says(
    "Where the gradient is 0 the loss is at its minimum.",
    "Is there an embedding with gradient 0 whose columns span other eigenvectors than the first k?",
    "Put sqrt(lambda_5) phi_5 in the place of a column: is (Abar - F F^T) F still 0?",
    "Any k positive eigenvalues make a stationary point; you are asked for the one with the largest loss.",
)
exercise.slip("one column exchanged for the next", kept=one_swapped).says(
    "The other stationary points differ from the minimiser in the last column only.",
    "Must the other columns belong to the largest eigenvalues?",
    "Any k positive eigenvalues make a stationary point.",
    "The loss is minus the sum of their squares: it is largest for the k smallest positive ones.",
)
exercise.slip("the k after the first", kept=lambda values, k: falling(values, k + 1)[1:]).says(
    "The worst stationary point leaves out the first eigenfunction only.",
    "What is its loss, and what would it be with smaller eigenvalues?",
    "Any k positive eigenvalues make a stationary point.",
    "The loss is minus the sum of their squares: it is largest for the k smallest positive ones.",
)
exercise.slip("the k - 1 largest and the smallest positive", kept=largest_and_least).says(
    "A saddle has one wrong column, the others are those of the minimiser.",
    "Must the other columns belong to the largest eigenvalues?",
    "Any k positive eigenvalues make a stationary point.",
    "The loss is minus the sum of their squares: it is largest for the k smallest positive ones.",
)
exercise.slip("the constant and the k - 1 smallest positive", kept=first_and_least).says(
    "Every stationary point contains the constant function.",
    "Is (Abar - F F^T) F = 0 without it?",
    "Any k positive eigenvalues make a stationary point, with or without the eigenvalue 1.",
    "The loss is minus the sum of their squares: it is largest for the k smallest positive ones.",
)
exercise.slip("divided by p", scaled=lambda factor, joint: factor / joint.sum(axis=1)[:, None]).says(
    "Row x of the factor is divided by the mass of its node.",
    "F_x = sqrt(p(x)) f(x). Solve for f(x).",
    "F_x.F_x' = sqrt(p(x) p(x')) f(x).f(x'): each of the two rows carries one root.",
    "Divide by np.sqrt(p)[:, None], not by p[:, None].",
)
exercise.slip("smallest eigenvalues, the negative ones clipped", kept=lambda values, k: np.arange(k)).says(
    "The largest loss belongs to the smallest eigenvalues, whatever their sign.",
    "How long are your columns where the eigenvalue is negative?",
    "A zero column is not linearly independent of the others; F F^T can only match positive eigenvalues.",
    "Take the k smallest among the positive eigenvalues.",
)
exercise.slip(
    "smallest absolute values",
    kept=lambda values, k: np.argsort(np.abs(values), kind="stable")[:k],
    stretch=lambda values: np.sqrt(np.abs(values)),
).says(
    "The eigenvalues of smallest absolute value give the stationary point of largest loss.",
    "Is (Abar - F F^T) F = 0 for a column that belongs to a negative eigenvalue?",
    "There Abar u = lambda u with lambda < 0, and F F^T u is a positive multiple of u.",
    "Only positive eigenvalues qualify.",
)
exercise.slip(
    "smallest absolute values that are not 0", kept=least_by_size, stretch=lambda values: np.sqrt(np.abs(values))
).says(
    "The eigenvalues of smallest absolute value, 0 left out, give the stationary point of largest loss.",
    "Is (Abar - F F^T) F = 0 for a column that belongs to a negative eigenvalue?",
    "There Abar u = lambda u with lambda < 0, and F F^T u is a positive multiple of u.",
    "Only positive eigenvalues qualify.",
)
exercise.slip(
    "smallest eigenvalues, absolute value under the root",
    kept=lambda values, k: np.arange(k),
    stretch=lambda values: np.sqrt(np.abs(values)),
).says(
    "The k smallest eigenvalues, negative ones first, give the stationary point of largest loss.",
    "Is (Abar - F F^T) F = 0 for a column that belongs to a negative eigenvalue?",
    "There Abar u = lambda u with lambda < 0, and F F^T u is a positive multiple of u.",
    "Only positive eigenvalues qualify.",
)
exercise.slip("zero eigenvalues counted", kept=lambda values, k: np.flatnonzero(values > -1e-9)[:k]).says(
    "An eigenvalue that is 0 but for rounding may have a column.",
    "How long is the column of an eigenvalue 0?",
    "A zero column is not linearly independent of the others.",
    "Count as positive what is above 1e-9.",
)
exercise.slip("the smallest positive one k times", kept=lambda values, k: np.repeat(least_positive(values, 1), k)).says(
    "All k columns may belong to the same, smallest positive eigenvalue.",
    "Are your k columns linearly independent?",
    "Two columns of one direction are not.",
    "Take k different eigenvectors, those of the k smallest positive eigenvalues.",
)
exercise.slip("the k after the first k", kept=after_the_first).says(
    "The worst stationary point has the k eigenfunctions that follow the first k.",
    "What is its loss, and what would it be with smaller eigenvalues?",
    "Any k positive eigenvalues make a stationary point.",
    "The loss is minus the sum of their squares: it is largest for the k smallest positive ones.",
)
exercise.slip(
    "the smallest positive one left out", kept=lambda values, k: np.flatnonzero(values > 1e-9)[1 : k + 1]
).says(
    "The smallest positive eigenvalue is not among the k.",
    "With k = 1: which eigenvalue do you take, and is there a smaller one?",
    "Count from the smallest positive eigenvalue, that included.",
    "values[values > 1e-9][:k] of rising eigenvalues.",
)
exercise.slip(
    "rows of length 1", scaled=lambda factor, joint: factor / np.linalg.norm(factor, axis=1, keepdims=True)
).says(
    "The rows of an embedding are scaled to length 1.",
    "Is the gradient 0 at your embedding?",
    "The lengths are part of the stationary point.",
    "Divide row x by sqrt(p(x)), by nothing else.",
)
exercise.slip("one over the root", stretch=lambda values: 1 / np.sqrt(np.maximum(values, 1e-300))).says(
    "Column i is u_i divided by the root of lambda_i.",
    "(Abar - F F^T) u = 0 needs F F^T u = lambda u. What is it with your columns?",
    "u / lambda: small eigenvalues want short columns.",
    "Multiply column i by sqrt(lambda_i).",
)
exercise.slip(
    "the minimiser refused where it is the only one",
    kept=lambda values, k: least_positive(values, k) if (values > 1e-9).sum() > k else refused(),
).says(
    "Where k is the number of the positive eigenvalues there is no answer.",
    "Which stationary points with k independent columns are there in that case?",
    "The minimiser, and the question says: where all of them are rotations of one, it is the minimum.",
    "Raise ValueError only for fewer than k positive eigenvalues; the eigenvalue 1 is one of them.",
)
exercise.slip(
    "graphs with negative eigenvalues refused",
    kept=lambda values, k: least_positive(values, k) if values[0] > -1e-9 else refused(),
).says(
    "A graph with a negative eigenvalue has no such embedding.",
    "Do the columns of F see the eigenvectors of negative eigenvalues?",
    "They are orthogonal to them; k positive eigenvalues are all that it takes.",
    "Raise ValueError only for fewer than k positive eigenvalues.",
)
exercise.slip("small eigenvalues taken for 0", kept=least_above).says(
    "An eigenvalue of 1e-6 counts as 0.",
    "From where on does an eigenvalue count, in the question?",
    "What is above 1e-9 is positive.",
    "values > 1e-9.",
)
exercise.slip("largest absolute values", kept=by_size).says(
    "Stationary points come from the eigenvalues of largest absolute value.",
    "What is the loss at a stationary point with the eigenvalues lambda_j, j in J?",
    "Minus the sum of their squares: large eigenvalues make it small.",
    "Take the k smallest positive eigenvalues.",
)
exercise.slip("not divided by sqrt(p)", scaled=lambda factor, joint: factor).says(
    "The rows of the factor F are the embedding.",
    "On which side of the identity does sqrt(p) stand?",
    "The factor F has the rows sqrt(p(x)) f(x); you return F.",
    "Divide row x by sqrt(p(x)).",
)
exercise.slip("eigenvectors without eigenvalues", stretch=np.ones_like).says(
    "Eigenfunctions of length 1 are stationary.",
    "Move along the ray t f: at which t does the loss stand still?",
    "(Abar - F F^T) u = 0 needs F F^T u = lambda u, not u.",
    "Multiply column i by sqrt(lambda_i).",
)
exercise.slip("Lambda instead of its square root", stretch=lambda values: np.maximum(values, 0)).says(
    "Column i is lambda_i u_i.",
    "What are the eigenvalues of F F^T when column i of F is lambda_i u_i?",
    "They are lambda_i squared. They should be lambda_i.",
    "Use sqrt(lambda_i).",
)
exercise.slip("the zero embedding", stretch=np.zeros_like).says(
    "The zero embedding answers, since its loss is 0 and its gradient vanishes.",
    "Are its k columns linearly independent?",
    "With independent columns F^T F is invertible, and (Abar - F F^T) F = 0 says more.",
    "Take the k smallest positive eigenvalues, each with a column of squared length lambda_i.",
)


@exercise.wrong(
    "filled up with zero columns",
    belief="Where there are fewer than k positive eigenvalues the missing columns are zero.",
    hints=("Are your k columns linearly independent there?", "There is no such embedding.", "Raise ValueError."),
    guarded=False,
)
def saddle_embedding(joint, k):
    validate.joint_law(joint, symmetric=True)
    validate.count(1, k=k)
    if k > len(joint):
        raise ValueError(f"k = {k}")
    values, vectors = np.linalg.eigh(adjacency(joint))
    top = least_positive(values, k)
    z = np.zeros((len(joint), k))
    z[:, : len(top)] = per_mass(vectors[:, top] * np.sqrt(values[top]), joint)
    return z


@exercise.accepted("generalised eigenproblem, validated by hand", guarded=False)
def saddle_embedding(joint, k):
    from scipy.linalg import eigh

    validate.joint_law(joint, symmetric=True)
    if k not in range(1, len(joint) + 1):
        raise ValueError(f"k = {k}, S = {len(joint)}")
    values, functions = eigh(joint, np.diag(joint.sum(axis=1)))
    chosen = [i for i in range(len(values)) if values[i] > 1e-9][:k]
    if len(chosen) < k:
        raise ValueError(f"only {len(chosen)} positive eigenvalues")
    return functions[:, chosen] * np.sqrt(values[chosen])


@exercise.accepted("torch, falling, rotated")
def saddle_embedding(joint, k):
    p = torch.from_numpy(joint).sum(dim=1)
    values, vectors = torch.linalg.eigh(torch.from_numpy(joint) / torch.sqrt(p[:, None] * p[None, :]))
    values, vectors = values.flip(0), vectors.flip(1)
    count = int((values > 1e-9).sum())
    factor = vectors[:, count - k : count] * values[count - k : count].sqrt()
    rotation = torch.linalg.qr(torch.arange(k * k, dtype=torch.float64).reshape(k, k).cos()).Q
    return (factor @ rotation) / p.sqrt()[:, None]


@exercise.accepted("largest eigenvalue taken away again and again")
def saddle_embedding(joint, k):
    values, vectors = np.linalg.eigh(adjacency(joint))
    pairs = [(value, vector) for value, vector in zip(values, vectors.T) if value > 1e-9]
    while len(pairs) > k:
        pairs.pop(max(range(len(pairs)), key=lambda i: pairs[i][0]))
    return np.stack([np.sqrt(value / joint.sum(axis=0)) * vector for value, vector in pairs], axis=1)
