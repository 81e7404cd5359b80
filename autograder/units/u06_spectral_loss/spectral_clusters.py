"""spectral_clusters: what its check looks at.

All graphs consist of nearly separate parts, so that the planted parts are the answer (a property asks for them by
name, and every right variant finds them on thousands of such graphs). Blind inputs avoided: equal masses inside a part
(hide the division by sqrt(p)), parts of equal size, graphs without negative eigenvalues, two parts only. Two cases are
redrawn until the eigenvectors' rows, or the largest column of a row, do not give the parts by luck.
"""

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u06_spectral_loss.normalized_adjacency import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "spectral_clusters",
    hints={
        "values": (
            "Print z for a graph of three parts without edges between them: how many different rows are there?",
            "Rows of one part are nearly equal, rows of two parts are far apart. Group rows by distance.",
            "KMeans(n_clusters=k, n_init=10, random_state=seed).fit_predict(spectral_embedding(joint, k)).",
        ),
        "bad input": ("`spectral_embedding` raises for everything that the statement names.",),
        "properties": (
            "The planted parts must come back whatever the seed, and whatever the order of the nodes.",
            "A bad partition for some seeds: random first centres miss a part of one node. Put them far apart.",
        ),
    },
    time_limit=30.0,  # the first import of scikit-learn alone may take some seconds
)


def eigen(joint):
    """Masses, eigenvalues of the normalised adjacency in falling order, eigenvectors as columns."""
    p = joint.sum(axis=1)
    values, vectors = np.linalg.eigh(joint / np.sqrt(np.outer(p, p)))
    return p, values[::-1], vectors[:, ::-1]


def grouped(rows, k):
    """k-means with centres that start far apart: labels (n,)."""
    centres = rows[[0]]
    while len(centres) < k:
        far = ((rows[:, None] - centres) ** 2).sum(axis=2).min(axis=1).argmax()
        centres = np.vstack([centres, rows[far]])
    labels = None
    for _ in range(50):
        new = ((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        if labels is not None and (new == labels).all():
            break
        labels = new
        centres = np.stack([rows[labels == c].mean(axis=0) if (labels == c).any() else centres[c] for c in range(k)])
    return labels


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return bool(((a[:, None] == a) == (b[:, None] == b)).all())


def hub_graph(rng, sizes, leak):
    """Parts with a hub each, on which k-means of the bare eigenvectors' rows does not find the parts."""
    while True:
        joint, parts = graphs.blocks(rng, sizes, leak, hub=0.9)
        if not same(grouped(eigen(joint)[2][:, : len(sizes)], len(sizes)), parts):
            return joint, parts


def rotated_graph(rng, sizes, leak):
    """Parts on which the column of largest absolute value in each row of z does not tell the part."""
    k = len(sizes)
    while True:
        joint, parts = graphs.blocks(rng, sizes, leak)
        p, _, vectors = eigen(joint)
        if not same(np.abs(vectors[:, :k] / np.sqrt(p)[:, None]).argmax(axis=1), parts):
            return joint, parts


def two_coloured(rng, sizes, leak):
    """Every part two-coloured, nodes shuffled: eigenvalues near -1 as many as near 1."""
    joint, parts = graphs.blocks(rng, sizes, leak)
    order = rng.permutation(2 * len(parts))
    return graphs.bipartite_double(joint)[np.ix_(order, order)], np.tile(parts, 2)[order]


@exercise.cases
def cases(rng):
    def planted(label, made, k):
        return Case(label, (made[0], k, int(rng.integers(1000))), compare="partition")

    yield planted("three parts", rotated_graph(rng, [3, 5, 8], 0.02), 3)
    yield planted("parts of 1, 2, 4 and 9 nodes", graphs.blocks(rng, [1, 2, 9, 4], 0.02), 4)
    yield planted("two parts, each with a hub", hub_graph(rng, [12, 7], 0.01), 2)
    yield planted("two-coloured parts", two_coloured(rng, [2, 3, 4], 0.02), 3)
    yield planted("five parts, 3 % of the mass between them", graphs.blocks(rng, [2, 4, 3, 7, 5], 0.03), 5)
    yield planted("three parts without an edge between them", graphs.blocks(rng, [2, 3, 5], 0.0), 3)
    yield Case("one part", (graphs.random_joint_symmetric(rng, 5), 1, 3), compare="partition")
    yield Case("only loops, k = S", (np.diag(rng.dirichlet([5.0, 5.0, 5.0, 5.0])), 4, 0), compare="partition")
    joint = graphs.random_joint_symmetric(rng, 4)
    yield bad_input("k = 0", joint, 0, 0)
    yield bad_input("k = 5 on four nodes", joint, 5, 0)
    yield bad_input("k = 1.5", joint, 1.5, 0)
    yield from bad_joints(rng, 2, 0)


@exercise.property("the planted parts come back, for every seed")
def planted_parts(f, rng):
    joint, parts = graphs.blocks(rng, [1, 3, 9, 2, 6], leak=0.03)
    for seed in range(4):
        labels = np.asarray(f(joint, 5, seed))
        if labels.shape != parts.shape:
            return f"labels must have shape {parts.shape}, got {labels.shape}"
        if not same(labels, parts):
            return f"with seed {seed} the five planted parts were not found"


@exercise.wrong(
    "k-means on the eigenvectors' rows",
    belief="The rows of the matrix of eigenvectors are what k-means needs.",
    hints=(
        "Look at the rows of one part: do they agree in length?",
        "u_i(x) carries the factor sqrt(p(x)): a hub and its neighbours get rows of very different length.",
        "Cluster the rows of z (or the rows of the eigenvectors, each scaled to length 1).",
    ),
    uses=(eigen, grouped),
)
def spectral_clusters(joint, k, seed):
    return grouped(eigen(joint)[2][:, :k], k)


@exercise.wrong(
    "largest column",
    belief="Each column of the embedding belongs to one part, so the largest entry of a row tells the part.",
    hints=(
        "Is the first column, which is constant, the indicator of a part?",
        "The columns are a rotation of the indicators, and the eigensolver chooses the rotation.",
        "Use distances between rows, which a rotation does not change: k-means.",
    ),
    uses=(eigen,),
)
def spectral_clusters(joint, k, seed):
    p, _, vectors = eigen(joint)
    return np.abs(vectors[:, :k] / np.sqrt(p)[:, None]).argmax(axis=1)


@exercise.wrong(
    "sign of the second eigenvector",
    belief="The signs of the second eigenvector cut the graph.",
    hints=(
        "How many different labels can come out?",
        "One sign gives two parts. k parts need k columns.",
        "Group the rows of the k-column embedding.",
    ),
    uses=(eigen,),
)
def spectral_clusters(joint, k, seed):
    return (eigen(joint)[2][:, min(1, k - 1)] > 0).astype(int)


@exercise.wrong(
    "smallest eigenvalues of the adjacency",
    belief="Clustering uses the eigenvectors of the smallest eigenvalues.",
    hints=(
        "The smallest eigenvalues of which matrix?",
        "The Laplacian's small ones are the adjacency's large ones.",
        "Take the k largest eigenvalues of the normalised adjacency.",
    ),
    uses=(eigen, grouped),
)
def spectral_clusters(joint, k, seed):
    p, _, vectors = eigen(joint)
    return grouped(vectors[:, -k:] / np.sqrt(p)[:, None], k)


@exercise.wrong(
    "largest absolute eigenvalues",
    belief="The important eigenvalues are those of largest absolute value.",
    hints=(
        "On the two-coloured parts you cut the colours apart. Which eigenvalue does that?",
        "An eigenvalue near -1 tells the two colours of a part, not the parts.",
        "Sort by lambda_i itself; your spectral_embedding does.",
    ),
    uses=(eigen, grouped),
)
def spectral_clusters(joint, k, seed):
    p, values, vectors = eigen(joint)
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    return grouped(vectors[:, order] / np.sqrt(p)[:, None], k)


@exercise.wrong(
    "k-means on the rows of the joint law",
    belief="Nodes of one part have similar rows in the joint law, so cluster those.",
    hints=(
        "Two nodes of one part with masses 0.3 and 0.01: are their rows close?",
        "The rows of the joint law are as different as the masses.",
        "Embed first, then cluster.",
    ),
    uses=(grouped,),
)
def spectral_clusters(joint, k, seed):
    return grouped(joint, k)


@exercise.wrong(
    "connected components",
    belief="Parts are what is connected by edges of positive weight.",
    hints=(
        "How many components has the graph when all edges count?",
        "The parts are *nearly* separate: weak edges join them all.",
        "Group the rows of the embedding; small weights move them only a little.",
    ),
)
def spectral_clusters(joint, k, seed):
    reach = np.linalg.matrix_power((joint > 0).astype(float) + np.eye(len(joint)), len(joint)) > 0
    return reach.argmax(axis=1)


@exercise.wrong(
    "pieces of equal size",
    belief="Sort the nodes by the second eigenvector and cut the list into k pieces of equal length.",
    hints=(
        "Print the sizes of your parts. Are the true ones equal?",
        "Parts may have one node or nine.",
        "Cut where the rows jump: k-means on the embedding.",
    ),
    uses=(eigen,),
)
def spectral_clusters(joint, k, seed):
    p, _, vectors = eigen(joint)
    order = np.argsort(vectors[:, min(1, k - 1)] / np.sqrt(p))
    labels = np.empty(len(p), dtype=int)
    for c, piece in enumerate(np.array_split(order, k)):
        labels[piece] = c
    return labels


def checked(joint, k):
    validate.joint_law(joint, symmetric=True)
    validate.count(1, k=k)
    if k > len(joint):
        raise ValueError(f"k = {k}, S = {len(joint)}")


@exercise.accepted("KMeans of scikit-learn with ten starts", uses=(checked, eigen))
def spectral_clusters(joint, k, seed):
    from sklearn.cluster import KMeans

    checked(joint, k)
    p, values, vectors = eigen(joint)
    z = vectors[:, :k] * np.sqrt(values[:k].clip(min=0)) / np.sqrt(p)[:, None]
    return KMeans(n_clusters=k, n_init=10, random_state=seed).fit_predict(z)


@exercise.accepted("rows of the eigenvectors scaled to length 1 (Ng, Jordan, Weiss)", uses=(checked, eigen, grouped))
def spectral_clusters(joint, k, seed):
    checked(joint, k)
    rows = eigen(joint)[2][:, :k]
    return grouped(rows / np.linalg.norm(rows, axis=1, keepdims=True), k)


@exercise.accepted("single linkage: join the nearest rows until k groups are left", uses=(checked, eigen))
def spectral_clusters(joint, k, seed):
    checked(joint, k)
    p, _, vectors = eigen(joint)
    z = vectors[:, :k] / np.sqrt(p)[:, None]
    distance = ((z[:, None] - z) ** 2).sum(axis=2)
    labels = np.arange(len(z))
    pairs = sorted((distance[x, y], x, y) for x in range(len(z)) for y in range(x))
    for _, x, y in pairs:
        if len(np.unique(labels)) == k:
            break
        labels[labels == labels[x]] = labels[y]
    return labels


@exercise.accepted("constant column left out, torch labels", uses=(checked, eigen, grouped))
def spectral_clusters(joint, k, seed):
    checked(joint, k)
    p, _, vectors = eigen(joint)
    z = vectors[:, :k] / np.sqrt(p)[:, None]
    z = z - p @ z  # centred: the constant function drops out, whatever the basis
    return torch.tensor(grouped(z, k)) + 7
