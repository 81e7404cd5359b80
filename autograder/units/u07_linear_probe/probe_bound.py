"""probe_bound: what its check looks at. The smallest lost eigenvalue below 1, above 1 and 0, among the first k and after them;
labels of both kinds and real ones. Only a graph with an eigenvalue above 1 among the first k tells it from lambda_{k+1}."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, joint_law, needs, per_node
from autograder.author.draw import odd_sizes
from autograder.units.u07_linear_probe.draws import (
    TINY,
    bipartite,
    graph_for,
    nearly_apart,
    nearly_one,
    separate_components,
    signs,
)
from autograder.units.u07_linear_probe.spectrum import slips_of_the_spectrum
from autograder.units.u07_linear_probe.theorems import (
    cut,
    embedding_loss,
    kept,
    label_energy,
    laplacian,
    lost_energy,
    unless_rounding,
)
from course import graphs, validate

exercise = Exercise(
    "probe_bound",
    refuses=(
        joint_law("joint", symmetric=True),
        per_node("joint", y="y"),
        count("k", "k", 1.5),
        needs("k < len(joint)", {"k = S": {"k": 4}}),
    ),
    hints={
        "values": (
            "Which step of the proof of Theorem 7.8 uses that labels are +1 and -1? What stands there before it?",
            "The numerator is the energy of the labels: dirichlet_energy at sqrt(p) y. The denominator is the smallest "
            "eigenvalue of a lost direction, and a direction among the first k is lost where its eigenvalue is at least 1.",
            "r = number of the first k eigenvalues below 1 - 1e-9; the denominator is eigenvalues[r], counted from 0; infinite "
            "where that is at most 1e-10.",
        ),
        "bad input": (
            "per_node(joint, y=y), then k: an integer with 1 <= k < S.",
            "validate.count(minimum=1, k=k) does the lower end of k.",
        ),
        "properties": ("Compare with probe_loss of a spectral embedding: it must never be above your bound.",),
    },
)

NEAR_ONE = "An eigenvalue that is 1 up to 1e-9 counts as 1: has its direction a column?"


@exercise.cases
def cases(rng):
    for n, k in ((5, 1), (6, 2)):
        yield Case(f"S = {n}, k = {k}, lambda_(k+1) < 1", (graph_for(rng, n, k, gap_below=0.97), signs(rng, n), k))
    joint = graph_for(rng, 7, 5, dropped=True)
    label = "S = 7, k = 5, an eigenvalue above 1 among the first five"
    yield Case(
        label, (joint, signs(rng, 7), 5), hint="Is the column of every one of the first k directions different from 0?"
    )
    n, k = odd_sizes(rng, 1, high=20)[0], int(rng.integers(2, 6))
    yield Case(f"S = {n}, k = {k}", (graph_for(rng, n, k), rng.normal(size=n), k), public=False)
    n = odd_sizes(rng, 1, high=14)[0]
    yield Case(f"S = {n}, k = S - 2", (graph_for(rng, n, n - 2, dropped=True), rng.normal(size=n), n - 2), public=False)
    joint = graph_for(rng, 6, 3, psd=True)
    yield Case("labels 0 and 1", (joint, (signs(rng, 6) > 0).astype(float), 3))
    yield Case("labels 0 and 1, integers, k = S - 1", (joint, (signs(rng, 6) > 0).astype(np.int64), 5))
    yield Case("real labels", (graph_for(rng, 5, 2, gap_below=0.97), rng.normal(size=5), 2))
    yield Case(
        "real labels, an eigenvalue above 1 dropped", (graph_for(rng, 6, 4, dropped=True), rng.normal(size=6), 4)
    )
    yield Case("the complete graph without loops, k = 2", (graphs.complete_graph(5), signs(rng, 5), 2))
    yield Case("constant labels: 0", (graph_for(rng, 5, 2), np.ones(5), 2))
    label = "eigenvalues 0, 1, 1, 1, 2, k = 4"
    yield Case(label, (bipartite(rng, (2, 3)), signs(rng, 5), 4), hint=NEAR_ONE)
    for shift in (-4e-10, 4e-10):
        joint, k = nearly_one(rng, 6, shift)
        label = f"S = 6, k = {k}, lambda_k is 1 {'+-'[shift < 0]} 4e-10"
        yield Case(label, (joint, rng.normal(size=6), k), hint=NEAR_ONE, public=False)
    joint = separate_components(rng, (2, 2, 3))
    yield Case("three parts that are not connected, k = 2: infinite", (joint, signs(rng, 7), 2))
    yield Case("three parts that are not connected, k = 3", (joint, signs(rng, 7), 3))
    yield Case("infinite with constant labels too", (joint, -np.ones(7), 1))
    yield from exercise.bad_inputs(graph_for(rng, 4, 2), np.ones(4), 2)
    for small, label in ((2e-9, "k = 1"), (1e-11, "k = 1: infinite")):
        joint = nearly_apart(rng, small)
        case = joint, signs(rng, len(joint)), 1
        yield Case(f"two parts that hardly touch, {label}", case, rtol=1e-3, hint=TINY, public=False)


@exercise.property("never below the loss of the spectral embedding; labels 0, 1 give a quarter of labels -1, 1")
def bounds(f, rng):
    for i in range(10):
        n = int(rng.integers(4, 8))
        k = int(rng.integers(1, n))
        joint, y = graph_for(rng, n, k, psd=i % 2 == 0), signs(rng, n)
        value = f(joint, y, k)
        if embedding_loss(joint, y, k) > value + 1e-9:
            return "on a random graph the loss of the spectral embedding is above your bound"
        if abs(4 * f(joint, (y + 1) / 2, k) - value) > 1e-8:
            return "labels 0 and 1 do not give a quarter of the bound for -1 and 1"


def alpha(joint, y):
    """The cut mass between two labels."""
    return joint[y[:, None] < y[None, :]].sum()


def spread(joint, y):
    p = joint.sum(axis=1)
    return p @ (y - p @ y) ** 2


def smallest_lost(lam, k):
    return lam[kept(lam, k)]


@exercise.formula
def probe_bound(
    joint,
    y,
    k,
    *,
    energy=label_energy,
    matrix=laplacian,
    pick=smallest_lost,
    limit=lambda gap: gap,
    infinite=lambda gap: gap <= 1e-10,
    nothing=lambda top: False,
    cap=lambda bound, joint, y, k: bound,
):
    top, gap = energy(joint, y), pick(np.linalg.eigvalsh(matrix(joint)), k)
    return 0.0 if nothing(top) else math.inf if infinite(gap) else cap(top / limit(gap), joint, y, k)


exercise.slip("lambda_k", pick=lambda lam, k: lam[k - 1]).says(
    "The k-th eigenvalue stands in the denominator.",
    "How many eigenvalues are below your denominator, and how many directions does the embedding hold?",
    "The embedding holds the first k at most. Which is the smallest eigenvalue that it misses?",
    "The first lost direction: number r + 1, where r of the first k eigenvalues are below 1. Counted from 0: entry r.",
)
exercise.slip("lambda_{k+2}", pick=lambda lam, k: lam[min(k + 1, len(lam) - 1)]).says(
    "Counted from 0, lambda_{k+1} is entry k + 1.",
    "With k = 1: which entry of the array is lambda_2?",
    "The array starts at 0 with lambda_1, so lambda_{k+1} is entry k.",
    "And where an eigenvalue among the first k is at least 1, the smallest lost one stands still earlier.",
)
exercise.slip("lambda_{k+1}", pick=lambda lam, k: lam[k]).says(
    "The first k directions are never lost, so that lambda_{k+1} is the smallest lost eigenvalue.",
    "Which column does the embedding have in direction k when lambda_k > 1?",
    "A zero column: directions with an eigenvalue of at least 1 are lost, wherever they stand.",
    "Count the eigenvalues below 1 among the first k; the next one in order is the smallest lost.",
)
exercise.slip("min(1, lambda_{k+1})", pick=lambda lam, k: min(1.0, lam[k])).says(
    "The denominator is min(1, lambda_{k+1}).",
    "That bound is true. On the complete graph without loops, what is the smallest eigenvalue of a lost direction?",
    "All lost eigenvalues can be above 1; dividing by 1 gives away what they are above it.",
    "Divide by the smallest eigenvalue among the lost directions itself.",
)
exercise.slip(
    "a direction with eigenvalue 1 kept", pick=lambda lam, k: lam[min(kept(lam, k, 1 + 1e-9), len(lam) - 1)]
).says(
    "A direction whose eigenvalue is 1 is in the embedding.",
    "Which factor does its column have?",
    "sqrt(1 - 1) = 0: the column is zero, so the direction is lost. Rounding must not decide it.",
    "Count as kept what is below 1 - 1e-9.",
)
exercise.slip("rounding decides what is below 1", pick=lambda lam, k: lam[kept(lam, k, 1.0)]).says(
    "A computed eigenvalue is below 1 exactly when the true one is.",
    "Which eigenvalue does the computer give where it should be 1? Print it with 17 digits.",
    "It may be 1 - 1e-16. The box at the top says from where on an eigenvalue counts as 1.",
    "Count as kept what is below 1 - 1e-9.",
)
exercise.slip("eigenvalues in descending order", pick=lambda lam, k: lam[::-1][k]).says(
    "Eigenvalues are counted from the largest, as in unit 06.",
    "Which eigenvalue of the Laplacian belongs to constant labels, and where does it stand in your order?",
    "Unit 06 counts the adjacency's eigenvalues downwards; those of the Laplacian are 1 minus them, and count upwards.",
    "eigvalsh returns them in ascending order: leave them so.",
)
exercise.slip("maximum with 1", limit=lambda gap: max(1.0, gap)).says(
    "The denominator is at least 1.",
    "A small lost eigenvalue is the hard case: should the bound be small or large there?",
    "Large: nothing keeps the denominator away from 0.",
    "Divide by the smallest lost eigenvalue as it is.",
)
exercise.slip(
    "eigenvalues of the adjacency", pick=lambda lam, k: 1 - lam[k], infinite=lambda gap: abs(gap) <= 1e-10
).says(
    "lambda_{k+1} is the (k+1)-th largest eigenvalue of the normalised adjacency, as in unit 06.",
    "Of which matrix are the lambdas the eigenvalues?",
    "Of the Laplacian: 1 minus those of the adjacency.",
    "np.linalg.eigvalsh(laplacian(joint)), ascending.",
)
exercise.slip("eigenvalues of the adjacency, infinite where negative", pick=lambda lam, k: 1 - lam[k]).says(
    "lambda_{k+1} is the (k+1)-th largest eigenvalue of the normalised adjacency, and the bound infinite where it is < 0.",
    "Is your bound infinite on the complete graph? Of which matrix are the lambdas the eigenvalues?",
    "Of the Laplacian, which has no negative ones: 1 minus those of the adjacency.",
    "np.linalg.eigvalsh(laplacian(joint)), ascending.",
)
exercise.slip("each pair counted twice", energy=lambda joint, y: 2 * label_energy(joint, y)).says(
    "The numerator is the sum over all ordered pairs.",
    "For labels +-1 your numerator is 8 alpha.",
    "(x, x') and (x', x) are both in the sum; the factor 1/2 is missing.",
    "np.sum(joint * (y[:, None] - y[None, :])**2) / 2.",
)
exercise.slip("the constant of the lecture notes", energy=lambda joint, y: 2 * alpha(joint, y)).says(
    "The numerator is 2 alpha, as in 001.",
    "Compute the energy of labels +-1 on two nodes with one edge between them.",
    "It is 4 alpha for labels +-1, alpha for {0, 1}; 2 alpha is right for neither.",
    "Take the energy: half of the sum over ordered pairs.",
)
exercise.slip("4 alpha for all labels", energy=lambda joint, y: 4 * alpha(joint, y)).says(
    "The numerator is 4 alpha, whatever the labels are.",
    "Try labels 0 and 1.",
    "A pair of labels 0 and 1 differs by 1, not by 2: the numerator is alpha there.",
    "Take the energy: half of the sum over ordered pairs of (y - y')^2.",
)
exercise.slip(
    "energy of y without the masses", energy=lambda joint, y: label_energy(joint, y / np.sqrt(joint.sum(axis=1)))
).says(
    "The numerator is y^T L y.",
    "What is your bound for constant labels?",
    "It must be 0. y^T L y divides labels by sqrt(p) first; the form must be taken at sqrt(p) y.",
    "dirichlet_energy(joint, np.sqrt(p) * y).",
)
exercise.slip("rounding taken for a gap", limit=unless_rounding, infinite=lambda gap: False).says(
    "A computed eigenvalue needs no test against 0, or only whether it is exactly 0.0.",
    "Print lambda_{k+1} for a graph of three separate parts and k = 2.",
    "It is something like 1e-16, or negative: rounding. Compare with 1e-10.",
    "if gap <= 1e-10: return math.inf",
)
exercise.slip("no energy, no loss", nothing=lambda top: top <= 1e-10).says(
    "The bound is 0 wherever the labels have no energy.",
    "On separate parts, can labels without energy be lost all the same?",
    "The proof divides by the smallest lost eigenvalue; where that is 0 it bounds nothing.",
    "Test the eigenvalue first: infinite, whatever the labels are.",
)
exercise.slip("never above the mean of y^2", cap=lambda bound, joint, y, k: min(bound, joint.sum(axis=1) @ y**2)).says(
    "A bound above the loss of w = 0 is to be replaced by that loss.",
    "Your bound is true. Is it the one that the proof gives?",
    "The proof ends with energy over eigenvalue, also where that is above the mean of y^2.",
    "Leave out the minimum.",
)
exercise.slip("never above the variance", cap=lambda bound, joint, y, k: min(bound, spread(joint, y))).says(
    "A bound above the variance of the labels is to be replaced by the variance.",
    "Your bound may be true. Is it the one that the proof gives?",
    "The proof ends with energy over eigenvalue, also where that is above the variance.",
    "Leave out the minimum.",
)
exercise.slip(
    "divided by the mean of y^2", energy=lambda joint, y: label_energy(joint, y) / (joint.sum(axis=1) @ y**2)
).says(
    "The bound is in units of the mean of y^2.",
    "Double the labels: by which factor does the loss grow?",
    "By four. For labels +-1 the mean of y^2 is 1, so nothing shows there.",
    "Do not divide by the size of the labels.",
)
exercise.slip("half of the energy", energy=lambda joint, y: label_energy(joint, y) / 2).says(
    "The numerator is a quarter of the mean of (y - y')^2 along a pair.",
    "Your values are exactly half of the right ones. What is your numerator for labels +-1?",
    "2 alpha, where the theorem has 4 alpha. Over ordered pairs the factor is 1/2, once.",
    "np.sum(joint * (y[:, None] - y[None, :])**2) / 2.",
)
exercise.slip("signs of the labels", energy=lambda joint, y: 4 * cut(joint, y > 0)).says(
    "Only the signs of the labels matter.",
    "Double the labels: by which factor does the loss grow?",
    "By four. The question asks for any real labels; which step of the proof used that they are +-1?",
    "The last one: stop at the energy, half of the sum over ordered pairs of (y - y')^2.",
)
exercise.slip("independent pairs", energy=lambda joint, y: label_energy(np.outer(*[joint.sum(axis=1)] * 2), y)).says(
    "The numerator is the variance of the labels: x and x' are independent.",
    "Two parts without an edge between them, labels constant on each: how often do labels change along a pair?",
    "Never, and the energy is 0. Each pair has its weight p(x, x').",
    "np.sum(joint * (y[:, None] - y[None, :])**2) / 2.",
)
exercise.slip("absolute changes", energy=lambda joint, y: np.sum(joint * np.abs(y[:, None] - y))).says(
    "The numerator is the mean of |y - y'| along a pair, twice the 2 alpha of labels +-1.",
    "Double the labels: by which factor does the loss grow?",
    "By four: changes are squared. Right for labels +-1 only, where |y - y'| is half of (y - y')^2.",
    "np.sum(joint * (y[:, None] - y[None, :])**2) / 2.",
)
exercise.slip("lambda_2", pick=lambda lam, k: lam[1]).says(
    "The spectral gap lambda_2 stands in the denominator, whatever k is.",
    "What does a larger k buy?",
    "More directions are kept, so that the smallest lost eigenvalue grows.",
    "r = np.sum(lam[:k] < 1 - 1e-9); the denominator is lam[r].",
)
exercise.slip("only from 1 on lost", pick=lambda lam, k: lam[min(kept(lam, len(lam)), len(lam) - 1)]).says(
    "Only directions with an eigenvalue of at least 1 are lost.",
    "An embedding into k = 1 dimension has one column. Which directions are in it?",
    "The first. All i > k are lost too, whatever their eigenvalue.",
    "r = np.sum(lam[:k] < 1 - 1e-9); the denominator is lam[r].",
)
exercise.slip("never above 1", cap=lambda bound, joint, y, k: min(bound, 1.0)).says(
    "A loss is never above 1, so that the bound is cut off there.",
    "Is that true for labels that are not +-1?",
    "No; and the proof ends with energy over eigenvalue, whatever its size.",
    "Leave out the minimum.",
)
exercise.slip("the loss itself", cap=lambda bound, joint, y, k: embedding_loss(joint, y, k)).says(
    "The bound is the loss itself, which can be computed.",
    "What does the theorem promise without eigenvectors?",
    "A number made of the labels' energy and one eigenvalue; the loss lies below it.",
    "dirichlet_energy(joint, sqrt(p) * y) over the smallest lost eigenvalue.",
)
exercise.slip("energy of the lost directions", cap=lambda bound, joint, y, k: lost_energy(joint, y, k)).says(
    "The numerator is the energy of the lost directions only.",
    "After which step of the proof does your number stand?",
    "After (a). The bound of the theorem stands at the end, after (b): all directions.",
    "dirichlet_energy(joint, sqrt(p) * y), all of it.",
)
exercise.slip("lambda_k, if none before it is lost", pick=lambda lam, k: smallest_lost(lam, k - 1)).says(
    "The embedding into k dimensions has k - 1 columns, so that direction k is lost.",
    "With k = 1, is the constant direction lost?",
    "No: the first k directions are kept, where their eigenvalues are below 1.",
    "r = np.sum(lam[:k] < 1 - 1e-9); the denominator is lam[r].",
)
exercise.slip("small taken for 0", infinite=lambda gap: gap <= 1e-8).says(
    "An eigenvalue near 1e-9 is 0 up to rounding.",
    "What does the box at the top of the notebook count as 0?",
    "At most 1e-10: eigenvalues carry rounding of about 1e-15. np.isclose(x, 0) has another limit, 1e-8.",
    "if gap <= 1e-10: return math.inf",
)
slips_of_the_spectrum(exercise)


@exercise.accepted("numerator as a quadratic form, validated by hand", guarded=False)
def probe_bound(joint, y, k):
    validate.joint_law(joint, symmetric=True)
    y = np.asarray(y, dtype=float)
    if y.shape != (len(joint),) or np.isnan(y).any() or k not in range(1, len(joint)):
        raise ValueError(f"y = {y}, k = {k}, S = {len(joint)}")
    half = np.diag(joint.sum(axis=1) ** -0.5)
    lap = np.eye(len(joint)) - half @ joint @ half
    g = np.linalg.inv(half) @ y
    lam = sorted(np.linalg.eigvalsh(lap))
    lost = [value for i, value in enumerate(lam) if i >= k or value >= 1 - 1e-9]
    return float(g @ lap @ g / min(lost)) if min(lost) > 1e-10 else float("inf")


@exercise.accepted("variance minus covariance of a pair, adjacency's eigenvalues")
def probe_bound(joint, y, k):
    root = np.sqrt(joint.sum(axis=1))
    adjacency = np.linalg.eigvalsh(joint / np.outer(root, root))[::-1]  # descending
    first = next((i for i in range(k) if adjacency[i] <= 1e-9), k)
    gap = 1 - adjacency[first]
    return np.float64(math.inf) if gap < 1e-10 else (root**2 @ y**2 - y @ joint @ y) / gap


@exercise.accepted("loops and torch")
def probe_bound(joint, y, k):
    n = len(joint)
    energy = sum(float(joint[i, j]) * float(y[i] - y[j]) ** 2 for i in range(n) for j in range(i))
    p = torch.from_numpy(joint)
    root = p.sum(0).sqrt()
    lam = torch.linalg.eigvalsh(torch.eye(n, dtype=p.dtype) - p / torch.outer(root, root))
    gap = lam[(torch.arange(n) >= k) | (lam > 1 - 1e-8)].min()
    return torch.tensor(math.inf) if gap < 1e-10 else energy / gap
