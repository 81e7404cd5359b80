"""spectral_clusters: what its check looks at.

All graphs consist of nearly separate parts, so that the planted parts are the answer (a property asks for them by
name, and every right variant finds them on thousands of such graphs). Blind inputs avoided: equal masses inside a part
(hide the division by sqrt(p)), parts of equal size, graphs without negative eigenvalues, two parts only, parts that a
threshold on the entries shows (`tangled`), parts that k - 1 columns or the largest absolute eigenvalues tell apart
(`mirrored`). Two cases are redrawn until the eigenvectors' rows, or the largest column of a row, do not give the parts by
luck. Parts without any edge between them are left to a property: in a tie of eigenvalues a wrong answer is an accident of
the eigensolver, and cannot be named.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.units.u06_spectral_loss.arguments import COLUMNS, GRAPH
from autograder.units.u06_spectral_loss.tangles import mirrored, tangled
from autograder.units.u06_spectral_loss.theorems import (
    adjacency,
    by_size,
    components,
    falling,
    grouped,
    per_mass,
    refused,
    same,
    settled,
    square_distances,
)
from course import graphs, validate

exercise = Exercise(
    "spectral_clusters",
    refuses=(GRAPH, *COLUMNS),
    hints={
        "values": (
            "Print z for a graph of three parts without edges between them: how many different rows are there? And with a "
            "part of one node, whose only edge is its loop?",
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


STARTS = (
    "If another seed gives another partition, look at where the first centres lie: a part of one node wants one too."
)


def hub_graph(rng, sizes, leak):
    """Parts with a hub each, on which k-means of the bare eigenvectors' rows does not find the parts."""
    while True:
        joint, parts = graphs.blocks(rng, sizes, leak, hub=0.9)
        vectors = np.linalg.eigh(adjacency(joint))[1][:, -len(sizes) :]
        if not same(grouped(vectors, len(sizes)), parts):
            return joint, parts


def rotated_graph(rng, sizes, leak):
    """Parts on which the column of largest absolute value in each row of z does not tell the part."""
    while True:
        joint, parts = graphs.blocks(rng, sizes, leak)
        z = per_mass(np.linalg.eigh(adjacency(joint))[1][:, -len(sizes) :], joint)
        if not same(np.abs(z).argmax(axis=1), parts):
            return joint, parts


def scaled_or_not(rng):
    """Parts on which it matters to what is wrong with a program whether it takes z or the eigenfunctions."""
    while True:
        joint, parts = tangled(rng, [5, 8, 7, 6])
        values, vectors = np.linalg.eigh(adjacency(joint))
        top = falling(values, 4)
        phi = per_mass(vectors[:, top], joint)
        z = phi * np.sqrt(values[top])
        if not any(same(wrong(z), wrong(phi)) for wrong in (largest, largest_signed)):
            return joint, parts


def largest(rows):
    return np.abs(rows).argmax(axis=1)


def largest_signed(rows):
    return rows.argmax(axis=1)


def two_coloured(rng, sizes, leak):
    """Every part two-coloured, nodes shuffled: -lambda is an eigenvalue with each lambda, so that the k of largest absolute
    value are well defined for even k only."""
    joint, parts = graphs.blocks(rng, sizes, leak)
    order = rng.permutation(2 * len(parts))
    return graphs.bipartite_double(joint)[np.ix_(order, order)], np.tile(parts, 2)[order]


@exercise.cases
def cases(rng):
    def planted(label, made, k, public=True, hint=""):
        return Case(label, (made[0], k, int(rng.integers(1000))), compare="partition", public=public, hint=hint)

    yield planted("three parts", rotated_graph(rng, [3, 5, 8], 0.02), 3)
    yield planted("parts of 1, 2, 4 and 9 nodes", graphs.blocks(rng, [1, 2, 9, 4], 0.02), 4, hint=STARTS)
    yield planted("two parts, each with a hub", hub_graph(rng, [12, 7], 0.01), 2)
    yield planted("two-coloured parts", two_coloured(rng, [3, 5], 0.02), 2)
    yield planted("five parts, 3 % of the mass between them", graphs.blocks(rng, [2, 4, 3, 7, 5], 0.03), 5)
    yield planted("three parts, 0.01 % of the mass between them", graphs.blocks(rng, [2, 3, 5], 1e-4), 3)
    yield planted("three parts of few, weak edges; single edges between them are stronger", tangled(rng, [6, 9, 14]), 3)
    yield planted("the same with a part of one node", tangled(rng, [1, 7, 9, 12]), 4)
    yield planted("the same with a part of one node, again", tangled(rng, [9, 1, 6, 11]), 4, public=False)
    sizes = [int(size) for size in rng.integers(8, 15, size=3)]
    yield planted("the same with parts of other sizes", tangled(rng, sizes), 3, public=False)
    uneven = tangled(rng, [5, 8, 12, 15], unnormalised_fails=True)
    yield planted("the same with very unequal masses of nodes", uneven, 4)
    sizes = [int(size) for size in rng.integers(2, 12, size=5)]
    yield planted("five larger parts", graphs.blocks(rng, sizes, 0.02), 5, public=False)
    yield planted("a two-coloured part, and two parts that are mirror images", mirrored(rng, 3, 5), 3)
    sizes = [int(size) for size in rng.integers(4, 12, size=2)]
    yield planted("the same, larger", mirrored(rng, *sizes), 3, public=False)
    yield Case("one part", (graphs.random_joint_symmetric(rng, 5), 1, 3), compare="partition")
    yield Case("only loops, k = S", (np.eye(4) / 4, 4, 0), compare="partition")
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), 2, 0)
    sizes = [int(size) for size in rng.integers(11, 15, size=4)]  # more nodes than any public graph
    yield planted("four large parts of few, weak edges", tangled(rng, sizes), 4, public=False)
    yield planted("four smaller parts of few, weak edges", scaled_or_not(rng), 4)


@exercise.property("the planted parts come back, for every seed")
def planted_parts(f, rng):
    made = [
        (*graphs.blocks(rng, [1, 3, 9, 2, 6], leak=0.03), 5),
        (*graphs.blocks(rng, [2, 3, 5], leak=0.0), 3),
        (*tangled(rng, [8, 10, 11]), 3),
        *((*tangled(rng, [1, 7, 9, 12]), 4) for _ in range(5)),  # a single start of k-means++ misses one in 14
    ]
    for (joint, parts, k), seed in [(graph, seed) for graph in made for seed in range(3)]:
        labels = np.asarray(f(joint, k, seed))
        if labels.shape != parts.shape:
            return f"labels must have shape {parts.shape}, got {labels.shape}"
        if not same(labels, parts):
            return f"with seed {seed} the {k} planted parts were not found"


def far_apart(rows, k, seed):
    return grouped(rows, k)


def kmeans(rows, k, seed):
    from sklearn.cluster import KMeans

    return KMeans(n_clusters=k, n_init=10, random_state=seed).fit_predict(rows)


def second_column(rows):
    return rows[:, min(1, rows.shape[1] - 1)]


def signs(rows):
    return (rows[:, 1:] > 0) @ 2 ** np.arange(rows.shape[1] - 1)


def equal_pieces(order, k):
    labels = np.empty(len(order), dtype=int)
    for c, piece in enumerate(np.array_split(order, k)):
        labels[piece] = c
    return labels


def at_gaps(column, k):
    order = np.argsort(column)
    cuts = np.sort(np.argsort(-np.diff(column[order]))[: k - 1])
    labels = np.empty(len(column), dtype=int)
    labels[order] = np.searchsorted(cuts, np.arange(len(column)))
    return labels


@exercise.formula
def spectral_clusters(
    joint,
    k,
    seed,
    *,
    matrix=adjacency,
    kept=falling,
    stretch=lambda values: np.sqrt(np.maximum(values, 0)),
    rows=per_mass,
    group=far_apart,
):
    values, vectors = np.linalg.eigh(matrix(joint))
    top = kept(values, k)
    return group(rows(vectors[:, top] * stretch(values[top]), joint), k, seed)


def per_mass_once(factor, joint):
    return factor / joint.sum(axis=1)[:, None]


def times_root(factor, joint):
    return factor * np.sqrt(joint.sum(axis=1))[:, None]


# Wrong rows form no clear groups: what k-means makes of them depends on its start, so each is known with two starts.
for start, knobs in {"": {}, " (KMeans)": {"group": kmeans}}.items():
    exercise.slip(
        f"k-means on the eigenvectors' rows{start}", rows=lambda factor, joint: factor, stretch=np.ones_like, **knobs
    ).says(
        "The rows of the matrix of eigenvectors are what k-means needs.",
        "Look at the rows of one part: do they agree in length?",
        "u_i(x) carries the factor sqrt(p(x)): a hub and its neighbours get rows of very different length.",
        "Cluster the rows of z (or the rows of the eigenvectors, each scaled to length 1).",
    )
    exercise.slip(
        f"smallest eigenvalues of the adjacency{start}",
        kept=lambda values, k: np.argsort(values)[:k],
        stretch=np.ones_like,
        **knobs,
    ).says(
        "Clustering uses the eigenvectors of the smallest eigenvalues.",
        "The smallest eigenvalues of which matrix?",
        "The Laplacian's small ones are the adjacency's large ones.",
        "Take the k largest eigenvalues of the normalised adjacency.",
    )
    exercise.slip(f"k-means on the rows of the joint law{start}", rows=lambda factor, joint: joint, **knobs).says(
        "Nodes of one part have similar rows in the joint law, so cluster those.",
        "Two nodes of one part with masses 0.3 and 0.01: are their rows close?",
        "The rows of the joint law are as different as the masses.",
        "Embed first, then cluster.",
    )
    exercise.slip(
        f"eigenvectors of the joint law itself{start}",
        matrix=lambda joint: joint,
        rows=lambda factor, joint: factor,
        stretch=np.ones_like,
        **knobs,
    ).says(
        "The largest eigenvectors of the joint law show the parts; no normalisation is needed.",
        "A part of mass 0.05 and one of mass 0.6: how large is the largest eigenvalue of each block of the joint?",
        "A heavy part has several eigenvalues that are larger than the only good one of a light part.",
        "Take the eigenvectors of p(x,x') / sqrt(p(x) p(x')).",
    )

    exercise.slip(f"rows of the adjacency{start}", rows=lambda factor, joint: adjacency(joint), **knobs).says(
        "Nodes of one part have similar rows in the normalised adjacency, so cluster those.",
        "Two nodes of one part without a common neighbour: how far are their rows apart?",
        "A row shows the neighbours only; the eigenfunctions see all paths.",
        "Embed first, then cluster.",
    )
    exercise.slip(f"eigenvectors divided by p{start}", rows=per_mass_once, stretch=np.ones_like, **knobs).says(
        "Row x of the eigenvectors is divided by the mass p(x).",
        "Which rows are constant on a part: u / p or u / sqrt(p)?",
        "phi = u / sqrt(p); with another division light nodes get long rows.",
        "Cluster the rows of z, or of u / sqrt(p).",
    )
    exercise.slip(f"eigenvectors multiplied by sqrt(p){start}", rows=times_root, stretch=np.ones_like, **knobs).says(
        "Row x of the eigenvectors is multiplied by sqrt(p(x)).",
        "Which rows are constant on a part?",
        "phi = u / sqrt(p): a product makes the rows of heavy nodes longer still.",
        "Cluster the rows of z, or of u / sqrt(p).",
    )
    exercise.slip(f"all columns{start}", kept=lambda values, k: falling(values, len(values)), **knobs).says(
        "The more columns the better: all S of them are used.",
        "What does an eigenfunction behind the first k tell apart?",
        "It cuts through a part; the more of them, the farther apart are the rows of one part.",
        "Use the first k columns.",
    )
    exercise.slip(f"the k-th column only{start}", kept=lambda values, k: falling(values, k)[-1:], **knobs).says(
        "The k-th column alone tells the parts apart.",
        "On which parts may the k-th eigenfunction agree?",
        "One column tells two groups of parts apart, seldom k parts.",
        "Use the first k columns.",
    )
    exercise.slip(
        f"rows of the random walk{start}", rows=lambda factor, joint: joint / joint.sum(axis=1)[:, None], **knobs
    ).says(
        "Nodes of one part have similar rows p(x'|x), so cluster those.",
        "Two nodes of one part without a common neighbour: how far are their rows apart?",
        "One step sees the neighbours only; the eigenfunctions see all paths.",
        "Embed first, then cluster.",
    )

exercise.slip(
    "eigenvectors of D - P",
    matrix=lambda joint: joint - np.diag(joint.sum(axis=1)),  # its largest eigenvalues are the smallest of D - P
    rows=lambda factor, joint: factor,
    stretch=np.ones_like,
).says(
    "The eigenvectors of the smallest eigenvalues of D - P show the parts, without a normalisation.",
    "A node of mass 0.001 hangs on its part by all its edges. What does it cost in D - P to cut it off?",
    "Less than to cut two parts: the first eigenvectors of D - P are light nodes.",
    "Take those of p(x,x') / sqrt(p(x) p(x')).",
)
exercise.slip(
    "k + 1 columns",
    kept=lambda values, k: falling(values, min(k + 1, len(values))),
).says(
    "One column is constant, so eigenfunction k + 1 is needed as well.",
    "What does eigenfunction k + 1 tell apart on a graph of k parts?",
    "It cuts through a part; how much that disturbs depends on how large its eigenvalue is.",
    "k columns, the constant one included.",
)

exercise.slip("largest absolute eigenvalues", kept=by_size, stretch=lambda values: np.sqrt(np.abs(values))).says(
    "The important eigenvalues are those of largest absolute value.",
    "On the two-coloured parts you cut the colours apart. Which eigenvalue does that?",
    "An eigenvalue near -1 tells the two colours of a part, not the parts.",
    "Sort by lambda_i itself; your spectral_embedding does.",
)
exercise.slip("largest absolute eigenvalues, clipped", kept=by_size).says(
    "The best k eigenvalues are those of largest absolute value; the negative ones among them are then set to 0.",
    "How many columns of your z are not zero on a graph with a two-coloured part?",
    "A negative eigenvalue takes the place of a smaller positive one, whose column is needed to tell two parts apart.",
    "Sort by lambda_i itself, keep k, and clip only then.",
)
exercise.slip("k - 1 columns", kept=lambda values, k: falling(values, max(k - 1, 1))).says(
    "k - 1 columns tell k parts apart.",
    "Draw three parts that are mirror images but for one: on which parts does the second eigenfunction agree?",
    "k - 1 columns with the constant one among them are k - 2 numbers for each node; two parts may share them.",
    "Use all k columns.",
)
exercise.slip(
    "columns 2 and 3 only", kept=lambda values, k: falling(values, 3)[1:] if k > 2 else falling(values, k)
).says(
    "Two columns are enough: the second and the third.",
    "How many parts can two numbers tell apart, in general?",
    "Each column more tells one part more from the others; parts may differ in the last one only.",
    "Use the first k columns.",
)
exercise.slip("signs of all columns", group=lambda rows, k, seed: signs(rows)).says(
    "Nodes of one part are those with the same signs in the columns from the second on.",
    "How many sign patterns do two columns have, and how many parts has the graph?",
    "A sign changes at 0, and the rows of a part may lie on both sides of it, or two parts on one.",
    "Use distances between rows, which a rotation does not change: k-means.",
)
exercise.slip(
    "largest column of the eigenfunctions",
    stretch=np.ones_like,
    group=lambda rows, k, seed: largest(rows),
).says(
    "Each eigenfunction belongs to one part, so the largest entry of a row tells the part.",
    "Is the first one, which is constant, the indicator of a part?",
    "The columns are a rotation of the indicators, and the eigensolver chooses the rotation.",
    "Use distances between rows, which a rotation does not change: k-means.",
)
exercise.slip(
    "largest column of the eigenfunctions, with its sign",
    stretch=np.ones_like,
    group=lambda rows, k, seed: largest_signed(rows),
).says(
    "Each eigenfunction belongs to one part, and the largest entry of a row, sign included, tells the part.",
    "What becomes of your labels when a column changes its sign?",
    "Signs and rotation of the columns are the eigensolver's choice; no column is the indicator of a part.",
    "Use distances between rows, which neither changes: k-means.",
)
exercise.slip("largest column", group=lambda rows, k, seed: largest(rows)).says(
    "Each column of the embedding belongs to one part, so the largest entry of a row tells the part.",
    "Is the first column, which is constant, the indicator of a part?",
    "The columns are a rotation of the indicators, and the eigensolver chooses the rotation.",
    "Use distances between rows, which a rotation does not change: k-means.",
)
exercise.slip("largest column, with its sign", group=lambda rows, k, seed: largest_signed(rows)).says(
    "Each column of the embedding belongs to one part, and the largest entry of a row, sign included, tells the part.",
    "What becomes of your labels when a column of z changes its sign?",
    "Signs and rotation of the columns are the eigensolver's choice; no column is the indicator of a part.",
    "Use distances between rows, which neither changes: k-means.",
)
exercise.slip("sign of the second eigenvector", group=lambda rows, k, seed: (second_column(rows) > 0).astype(int)).says(
    "The signs of the second eigenvector cut the graph.",
    "How many different labels can come out?",
    "One sign gives two parts. k parts need k columns.",
    "Group the rows of the k-column embedding.",
)
exercise.slip(
    "connected components",
    rows=lambda factor, joint: joint > 0,
    group=lambda rows, k, seed: components(rows),
).says(
    "Parts are what is connected by edges of positive weight.",
    "How many components has the graph when all edges count?",
    "The parts are *nearly* separate: weak edges join them all.",
    "Group the rows of the embedding; small weights move them only a little.",
)
exercise.slip(
    "components of strong edges",
    rows=lambda factor, joint: joint > 0.4 * np.outer(joint.sum(axis=1), joint.sum(axis=1)),
    group=lambda rows, k, seed: components(rows),
).says(
    "Parts are what is connected by pairs that are more likely than 0.4 times independence.",
    "What does your function do with k?",
    "A single edge between two parts may be stronger than many inside: no threshold tells them apart.",
    "The rows of the embedding look at all paths at once. Group them.",
)
exercise.slip(
    "the largest gaps of the second column", group=lambda rows, k, seed: at_gaps(second_column(rows), k)
).says(
    "Sorted by the second eigenfunction, the graph is cut at the k - 1 largest gaps.",
    "Which number has the second eigenfunction on two parts that are mirror images?",
    "One column tells two groups of parts apart, seldom k parts.",
    "Use distances between the rows of all k columns.",
)
exercise.slip(
    "pieces of equal size", group=lambda rows, k, seed: equal_pieces(np.argsort(second_column(rows)), k)
).says(
    "The parts are pieces of equal length of the list of nodes, sorted by the second eigenvector.",
    "Print the sizes of your parts. Are the true ones equal?",
    "Parts may have one node or nine.",
    "Cut where the rows jump: k-means on the embedding.",
)
exercise.slip(
    "one random start",
    group=lambda rows, k, seed: settled(rows, rows[np.random.default_rng(seed).choice(len(rows), k, replace=False)]),
).says(
    "k-means finds the parts from any k rows drawn as first centres.",
    "Try a few seeds on parts of 1, 2, 4 and 9 nodes: is the partition always the same?",
    "Two centres that start in one part stay there, and a part without a centre is joined to another.",
    "Put the first centres far apart: each one at the row that is farthest from those before it.",
)
exercise.slip("k = 1 refused", group=lambda rows, k, seed: grouped(rows, k) if k > 1 else refused()).says(
    "One part is no partition, so k = 1 is bad input.",
    "What does the question say of k = 1?",
    "All nodes share one label then.",
    "Let k = 1 through.",
)
exercise.slip("first k rows as centres", group=lambda rows, k, seed: settled(rows, rows[:k])).says(
    "The first k rows do as first centres: Lloyd's steps bring them to the parts.",
    "The nodes come in random order. How often do the first k lie in k different parts?",
    "Two centres that start in one part stay there, and a part without a centre is joined to another.",
    "Put the first centres far apart: each one at the row that is farthest from those before it.",
)


@exercise.wrong(
    "SpectralClustering of scikit-learn",
    belief="`SpectralClustering(affinity='precomputed')` of scikit-learn embeds by the same eigenvectors.",
    hints=(
        "What does it do with the loops p(x, x)?",
        "It leaves out the diagonal of the matrix, in the masses too: a part of one node is then isolated.",
        "Group the rows of your spectral_embedding.",
    ),
)
def spectral_clusters(joint, k, seed):
    from sklearn.cluster import SpectralClustering

    return SpectralClustering(k, affinity="precomputed", random_state=seed).fit_predict(joint)


exercise.style("KMeans of scikit-learn with ten starts", group=kmeans)


@exercise.accepted("single linkage: join the nearest rows until k groups are left; validated by hand", guarded=False)
def spectral_clusters(joint, k, seed):
    validate.joint_law(joint, symmetric=True)
    if k not in range(1, len(joint) + 1):
        raise ValueError(f"k = {k}, S = {len(joint)}")
    z = per_mass(np.linalg.eigh(adjacency(joint))[1][:, -k:], joint)
    distance = square_distances(z, z)
    labels = np.arange(len(z))
    pairs = sorted((distance[x, y], x, y) for x in range(len(z)) for y in range(x))
    for _, x, y in pairs:
        if len(np.unique(labels)) == k:
            break
        labels[labels == labels[x]] = labels[y]
    return labels


@exercise.accepted("rows of the eigenvectors scaled to length 1 (Ng, Jordan, Weiss)")
def spectral_clusters(joint, k, seed):
    rows = np.linalg.eigh(adjacency(joint))[1][:, -k:]
    return grouped(rows / np.linalg.norm(rows, axis=1, keepdims=True), k)


@exercise.accepted("constant column left out, torch labels")
def spectral_clusters(joint, k, seed):
    z = per_mass(np.linalg.eigh(adjacency(joint))[1][:, -k:], joint)
    centred = z - joint.sum(axis=1) @ z  # the constant function drops out, whatever the basis
    return torch.tensor(grouped(centred, k)) + 7
