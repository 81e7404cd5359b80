"""retrieve: what its check looks at. Gallery rows of all lengths, n, m, d, k different."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, count, needs
from autograder.author.draw import larger_sizes, strided, tensor

FITS = needs(
    "gallery_z.shape[1] == query_z.shape[1] and k <= len(gallery_z)",
    {"another dimension": {"gallery_z": lambda z: z[:, :-1]}, "k above the size of the gallery": {"k": 100}},
)
LENGTHS = needs(
    "query_z.norm(dim=1).min() > 0 and gallery_z.norm(dim=1).min() > 0",
    {
        "a query of zeros": {"query_z": lambda z: z * (torch.arange(len(z)) > 0)[:, None]},
        "a gallery row of zeros": {"gallery_z": lambda z: z * (torch.arange(len(z)) > 0)[:, None]},
    },
)

exercise = Exercise(
    "retrieve",
    refuses=(batch(query_z="the queries"), batch(gallery_z="the gallery"), count("k"), FITS, LENGTHS),
    hints={
        "values": (
            "Row i of the answer belongs to query i: k places in the gallery, the most similar row's first.",
            "A gallery row that is twice as long is not twice as similar.",
            "(query_z @ unit gallery rows).topk(k, dim=1).indices",
        ),
        "properties": ("Only directions count, and a smaller k gives the beginning of the answer for a larger one.",),
        "bad input": ("`check_directions` for both, `validate.count(k=k)`, and one `if` for the two that must fit.",),
    },
)


def search(rng, n, m, d):
    lengths = torch.from_numpy(rng.uniform(-2.0, 2.0, size=(m, 1))).exp()
    return tensor(rng, n, d, scale=2.0), tensor(rng, m, d) * lengths


@exercise.cases
def cases(rng):
    for n, m, d, k in ((5, 9, 3, 4), (7, 6, 2, 2), (4, 5, 6, 5)):
        yield Case(f"{n} queries, {m} candidates, k = {k}", (*search(rng, n, m, d), k))
    yield Case("k = 1", (*search(rng, 6, 8, 3), 1))
    yield Case("one query", (*search(rng, 1, 7, 3), 3))
    yield Case("float32", (*(x.float() for x in search(rng, 5, 8, 3)), 3))
    yield Case("not contiguous", (*(strided(x) for x in search(rng, 4, 7, 3)), 3))
    yield from exercise.bad_inputs(*search(rng, 4, 6, 3), 2)
    n, m, d = larger_sizes(rng, 3)
    yield Case("more of everything", (*search(rng, n, m, d), int(rng.integers(3, 8))), public=False)
    yield Case("a large gallery", (*search(rng, 21, 200, 10), 17), public=False)


@exercise.property("lengths change nothing; a smaller k gives the beginning")
def directions_only(f, rng):
    query, gallery = search(rng, 5, 12, 3)
    answer = np.asarray(f(query, gallery, 6))
    if (np.asarray(f(3 * query, gallery * torch.from_numpy(rng.uniform(0.1, 9, size=(12, 1))), 6)) != answer).any():
        return "making gallery rows longer changed an answer"
    if (np.asarray(f(query, gallery, 2)) != answer[:, :2]).any():
        return "the answer for k = 2 is not the beginning of that for k = 6"


def cosines(query, gallery):
    return query @ F.normalize(gallery, dim=1).T


def both_directions(query, gallery):
    return F.normalize(query, dim=1) @ F.normalize(gallery, dim=1).T


def best(scores, k):
    return scores.topk(k, dim=1).indices


@exercise.formula
def retrieve(query_z, gallery_z, k, *, score=cosines, take=best):
    return take(score(query_z, gallery_z), k)


exercise.slip("worst first", take=lambda scores, k: scores.topk(k, dim=1, largest=False).indices).says(
    "A small score is a small distance, so the smallest come first.",
    "Is the first answer of each query the most similar one?",
    "The largest cosine first.",
)
exercise.slip("ascending order", take=lambda scores, k: scores.topk(k, dim=1).indices.flip(1)).says(
    "The k best in the order in which a sort leaves them.",
    "Is the first answer of each query the most similar one?",
    "argsort ascends: take descending=True, or topk.",
)
exercise.slip("gallery as it is", score=lambda query, gallery: query @ gallery.T).says(
    "Inner products rank as cosines do.",
    "Which gallery rows win for many queries?",
    "Long ones. Divide each gallery row by its length.",
)
exercise.slip("nearest by distance", score=lambda query, gallery: -torch.cdist(query, gallery)).says(
    "The most similar row is the nearest one.",
    "Make a query ten times longer: do its answers change?",
    "Cosines know directions only.",
)
exercise.slip("directions of columns", score=lambda query, gallery: query @ F.normalize(gallery, dim=0).T).says(
    "Normalising a gallery means its columns.",
    "Which axis of (m, d) is one embedding?",
    "A row: dim=1.",
)
exercise.slip(
    "the best one left out", take=lambda scores, k: scores.topk(min(k + 1, scores.shape[1]), dim=1).indices[:, 1:]
).says(
    "The first hit is the query itself and is dropped.",
    "Are queries and gallery the same set here?",
    "They are different sets: keep the best one.",
)
exercise.slip(
    "in the order of the gallery", take=lambda scores, k: scores.topk(k, dim=1).indices.sort(dim=1).values
).says(
    "The answer is the set of the k best.",
    "Is the first answer of each query the most similar one?",
    "Best first: leave the order of topk.",
)
exercise.slip(
    "gallery rows look for queries", take=lambda scores, k: scores.topk(min(k, len(scores)), dim=0).indices.T
).says(
    "topk along the first axis ranks the gallery.",
    "What shape has your answer?",
    "(n, k): one row a query. Queries stand in the rows, so rank along dim=1.",
)
exercise.slip(
    "gallery rows look for queries, both normalised",
    score=both_directions,
    take=lambda scores, k: scores.topk(min(k, len(scores)), dim=0).indices.T,
).says(
    "Each gallery row is given its k most similar queries.",
    "What shape has your answer?",
    "(n, k): one row a query, and places in the gallery.",
    "Queries stand in the rows of the scores, so rank along dim=1.",
)
exercise.slip("scores in place of places", take=lambda scores, k: scores.topk(k, dim=1).values).says(
    "What is found is the similarity.",
    "Are your numbers places in the gallery?",
    "topk gives values and indices: the indices are asked.",
)

exercise.style("argsort", take=lambda scores, k: scores.argsort(dim=1, descending=True)[:, :k])


@exercise.accepted("numpy, both sides normalised")
def retrieve(query_z, gallery_z, k):
    q = query_z.numpy() / np.linalg.norm(query_z.numpy(), axis=1, keepdims=True)
    g = gallery_z.numpy() / np.linalg.norm(gallery_z.numpy(), axis=1, keepdims=True)
    return np.argsort(-(q @ g.T), axis=1)[:, :k]


@exercise.accepted("a query at a time, as lists")
def retrieve(query_z, gallery_z, k):
    found = []
    for query in query_z:
        scores = F.cosine_similarity(query[None], gallery_z, dim=1).tolist()
        found.append(sorted(range(len(scores)), key=lambda j: -scores[j])[:k])
    return found


@exercise.accepted("distances of unit vectors, validated by hand", guarded=False)
def retrieve(query_z, gallery_z, k):
    if query_z.ndim != 2 or gallery_z.ndim != 2 or query_z.shape[1] != gallery_z.shape[1] or 0 in query_z.shape:
        raise ValueError(f"{query_z.shape}, {gallery_z.shape}")
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= len(gallery_z):
        raise ValueError(f"{k}")
    sizes = torch.cat([query_z.norm(dim=1), gallery_z.norm(dim=1)])
    if not bool((sizes > 0).all()) or math.isnan(float(sizes.sum())):
        raise ValueError(f"{sizes}")
    distance = (F.normalize(query_z, dim=1)[:, None] - F.normalize(gallery_z, dim=1)[None]).square().sum(2)
    return distance.topk(k, dim=1, largest=False).indices
