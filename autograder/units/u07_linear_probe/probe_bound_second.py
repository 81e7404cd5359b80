"""probe_bound_second: what its check looks at. As probe_bound: eigenvalues above 1 among the first k, a zero eigenvalue, real
labels; then graphs where flips are spread evenly, and where all labels sit in one direction."""

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
    embedding_loss,
    kept,
    label_energy,
    laplacian,
    unless_rounding,
)
from course import validate

exercise = Exercise(
    "probe_bound_second",
    refuses=(
        joint_law("joint", symmetric=True),
        per_node("joint", y="y"),
        count("k", "k", 1.5),
        needs("k < len(joint)", {"k = S": {"k": 4}}),
    ),
    hints={
        "values": (
            "For labels +-1 the theorem has 2 eta(x): what is the mean label of the partners of x, in terms of eta(x) and y_x?",
            "Work out entry x of L g for g = sqrt(p) y and any real labels. Its square, summed, is the sum of "
            "lambda_i^2 beta_i^2.",
            "Entry x is sqrt(p(x)) times (the label of x minus the mean label of its partners). Divide by the square of the "
            "smallest lost eigenvalue.",
        ),
        "bad input": ("As in probe_bound: per_node(joint, y=y), then 1 <= k < S.",),
        "properties": ("Compare with probe_loss of a spectral embedding: it must never be above your bound.",),
    },
)

NEAR_ONE = "An eigenvalue that is 1 up to 1e-9 counts as 1: has its direction a column?"


@exercise.cases
def cases(rng):
    for n, k in ((5, 1), (6, 2)):
        yield Case(f"S = {n}, k = {k}, labels +1 and -1", (graph_for(rng, n, k, gap_below=0.97), signs(rng, n), k))
    label = "S = 7, k = 5, an eigenvalue above 1 among the first five"
    hint = "Is the column of every one of the first k directions different from 0?"
    yield Case(label, (graph_for(rng, 7, 5, dropped=True), signs(rng, 7), 5), hint=hint)
    n, k = odd_sizes(rng, 1, high=20)[0], int(rng.integers(2, 6))
    yield Case(f"S = {n}, k = {k}", (graph_for(rng, n, k), rng.normal(size=n), k), public=False)
    yield Case("real labels", (graph_for(rng, 5, 2, gap_below=0.97), rng.normal(size=5), 2))
    yield Case("labels 0 and 1, integers, large loops", (graph_for(rng, 6, 3, psd=True), 1 * (signs(rng, 6) > 0), 3))
    yield Case("constant labels: 0", (graph_for(rng, 5, 2), np.ones(5), 2))
    yield Case("labels that are not centred", (graph_for(rng, 5, 3), 3 + rng.normal(size=5), 3))
    joint = separate_components(rng, (2, 2, 3))
    yield Case("three parts that are not connected, k = 2: infinite", (joint, signs(rng, 7), 2))
    yield Case("three parts that are not connected, k = 3", (joint, signs(rng, 7), 3))
    for shift in (-4e-10, 4e-10):
        joint, k = nearly_one(rng, 6, shift)
        label = f"S = 6, k = {k}, lambda_k is 1 {'+-'[shift < 0]} 4e-10"
        yield Case(label, (joint, rng.normal(size=6), k), hint=NEAR_ONE, public=False)
    yield from exercise.bad_inputs(graph_for(rng, 4, 2), np.array([1.0, -1.0, 1.0, 1.0]), 2)
    for small, label in ((2e-9, "k = 1"), (1e-11, "k = 1: infinite")):
        joint = nearly_apart(rng, small)
        case = joint, signs(rng, len(joint)), 1
        yield Case(f"two parts that hardly touch, {label}", case, rtol=1e-3, hint=TINY, public=False)
    joint = separate_components(rng, (2, 2, 3))
    yield Case("infinite with constant labels too", (joint, -np.ones(7), 1))
    yield Case("eigenvalues 0, 1, 1, 1, 2, k = 4", (bipartite(rng, (2, 3)), signs(rng, 5), 4), hint=NEAR_ONE)


@exercise.property("never below the loss of the spectral embedding; a constant added to the labels changes nothing")
def bounds(f, rng):
    for i in range(10):
        n = int(rng.integers(4, 8))
        k = int(rng.integers(1, n))
        joint, y = graph_for(rng, n, k, psd=i % 2 == 0), signs(rng, n)
        value = f(joint, y, k)
        if embedding_loss(joint, y, k) > value + 1e-9:
            return "on a random graph the loss of the spectral embedding is above your bound"
        if abs(f(joint, y + 2.5, k) - value) > 1e-8:
            return "a constant added to all labels changed the bound"


def masses(joint):
    return joint.sum(axis=1)


def partner_mean(joint, y):
    return joint @ y / masses(joint)


def other_mean(joint, y):
    """The mean label of the partners of x, given that they are not x."""
    others = joint - np.diag(np.diag(joint))
    return others @ y / masses(others)


def partner_spread(joint, y):
    return masses(joint) @ (partner_mean(joint, y**2) - partner_mean(joint, y) ** 2)


def flips(joint, y):
    """eta(x): how often the label of the partner differs from that of x."""
    return (joint * (y[:, None] != y)).sum(axis=1) / masses(joint)


def distance(joint, y, power):
    """Mean over the partners of x of |y_x - y_x'|^power."""
    return (joint * np.abs(y[:, None] - y) ** power).sum(axis=1) / masses(joint)


def from_partners(joint, y):
    """Sum over the nodes of p(x) (y_x - mean label of its partners)^2."""
    return masses(joint) @ (y - partner_mean(joint, y)) ** 2


def lost_length(joint, y, gap):
    """The lost part of |L g|^2: the sum of lambda_i^2 beta_i^2 over eigenvalues from `gap` on."""
    lam, u = np.linalg.eigh(laplacian(joint))
    return np.sum((lam * (u.T @ (np.sqrt(masses(joint)) * y)))[lam >= gap - 1e-9] ** 2)


@exercise.formula
def probe_bound_second(
    joint,
    y,
    k,
    *,
    top=from_partners,
    matrix=laplacian,
    pick=lambda lam, k: lam[kept(lam, k)],
    power=2,
    infinite=lambda gap: gap <= 1e-10,
    nothing=lambda change: False,
    cap=lambda bound, joint, y, gap: bound,
):
    change, gap = top(joint, y), pick(np.linalg.eigvalsh(matrix(joint)), k)
    return 0.0 if nothing(change) else math.inf if infinite(gap) else cap(change / gap**power, joint, y, gap)


exercise.slip("eigenvalue not squared", power=1).says(
    "The denominator is the smallest lost eigenvalue, as in the first bound.",
    "The numerator is the sum of lambda_i^2 beta_i^2. By what is it at least as large as the lost part?",
    "Each lost term has lambda_i^2, so the square of the smallest one comes out.",
)
exercise.slip("square of the mean", top=lambda joint, y: (masses(joint) @ abs(y - partner_mean(joint, y))) ** 2).says(
    "The mean may be taken before squaring.",
    "Two nodes of equal mass, one surprised by 2, the other by 0: mean of the squares, and square of the mean?",
    "2 and 1. The vector L g has one entry for each node, and its squared length adds their squares.",
    "Square first, then the mean under the masses.",
)
exercise.slip("unweighted mean", top=lambda joint, y: np.mean((y - partner_mean(joint, y)) ** 2)).says(
    "All nodes count alike.",
    "Over which law is the expectation?",
    "Over the masses p(x), which are not equal here: entry x of L g has a factor sqrt(p(x)).",
)
exercise.slip("partners not averaged", top=lambda joint, y: masses(joint) @ (y - joint @ y) ** 2).says(
    "The mean label of the partners of x is the sum of p(x, x') y_x'.",
    "What is your bound for constant labels?",
    "It must be 0. Given x, the partner has the law p(x, x') / p(x).",
    "joint @ y / joint.sum(axis=1).",
)
exercise.slip("pairs in place of partners' mean", top=lambda joint, y: 2 * label_energy(joint, y)).says(
    "The numerator is the mean squared difference along a pair.",
    "Which is larger, E (y_x - y_x')^2, or the same with y_x' replaced by its mean given x?",
    "The first, by the spread of the partners' labels. L g knows only the mean of the partners.",
    "First the mean over x' given x, then the difference, then the square.",
)
exercise.slip("square of the first bound", top=lambda joint, y: label_energy(joint, y) ** 2).says(
    "The second bound is the square of the first.",
    "True for labels +-1 when every node flips equally often. And otherwise?",
    "Sum lambda_i^2 beta_i^2 is not the square of sum lambda_i beta_i^2. Which vector has it as its squared length?",
    "L g, for g = sqrt(p) y.",
)
exercise.slip("lambda_{k+1}", pick=lambda lam, k: lam[k]).says(
    "The first k directions are never lost, so that lambda_{k+1} is the smallest lost eigenvalue.",
    "Which column does the embedding have in direction k when lambda_k > 1?",
    "A zero column: directions with an eigenvalue of at least 1 are lost, wherever they stand.",
    "Use the denominator of probe_bound, squared.",
)
exercise.slip("rounding decides what is below 1", pick=lambda lam, k: lam[kept(lam, k, 1.0)]).says(
    "A computed eigenvalue is below 1 exactly when the true one is.",
    "Which eigenvalue does the computer give where it should be 1? Print it with 17 digits.",
    "It may be 1 - 1e-16. The box at the top says from where on an eigenvalue counts as 1.",
    "Count as kept what is below 1 - 1e-9.",
)
exercise.slip("mean distance to the partner", top=lambda joint, y: masses(joint) @ distance(joint, y, 1) ** 2).says(
    "In place of 2 eta(x) stands the mean of |y_x - y_x'| over the partners of x.",
    "Right for labels +-1. A node between two partners, one 1 above it and one 1 below: what is entry x of L g?",
    "0: differences of opposite signs cancel in L g. No absolute value stands in it.",
    "masses * (y - joint @ y / masses)**2, summed.",
)
exercise.slip("mean square of the jump", top=lambda joint, y: masses(joint) @ distance(joint, y, 2) ** 2 / 4).says(
    "In place of 4 eta(x) stands the mean of (y_x - y_x')^2 over the partners of x.",
    "Right for labels +-1. Double the labels: by which factor does your bound grow, and by which the loss?",
    "By 16 and by 4. Entry x of L g is linear in the labels.",
    "masses * (y - joint @ y / masses)**2, summed.",
)
exercise.slip("L y without the masses", top=lambda joint, y: np.sum((laplacian(joint) @ y) ** 2)).says(
    "The numerator is the squared length of L y.",
    "What is your bound for constant labels?",
    "It must be 0. The labels enter as g = sqrt(p) y.",
    "laplacian(joint) @ (np.sqrt(p) * y).",
)
exercise.slip("min(1, lambda_{k+1})", pick=lambda lam, k: min(1.0, lam[k])).says(
    "The denominator is min(1, lambda_{k+1}) squared.",
    "That bound is true, and not the best: can all lost eigenvalues be above 1?",
    "Divide by the square of the smallest eigenvalue among the lost directions.",
)
exercise.slip("lambda_k", pick=lambda lam, k: lam[k - 1]).says(
    "The k-th eigenvalue stands in the denominator.",
    "The embedding holds the first k directions at most. Which is the smallest eigenvalue that it misses?",
    "Use the denominator of probe_bound, squared.",
)
exercise.slip(
    "rounding taken for a gap", pick=lambda lam, k: unless_rounding(lam[kept(lam, k)]), infinite=lambda gap: False
).says(
    "A computed eigenvalue needs no test against 0, or only whether it is exactly 0.0.",
    "Print the smallest lost eigenvalue for a graph of three separate parts and k = 2.",
    "It is something like 1e-16, or negative: rounding. Compare with 1e-10.",
    "if gap <= 1e-10: return math.inf",
)
exercise.slip("half of the sum", top=lambda joint, y: from_partners(joint, y) / 2).says(
    "The factor 1/2 of the energy stands here too.",
    "Labels +-1 on two nodes with one edge: L g = 2 g, so its squared length is 4 times that of g. And yours?",
    "The 1/2 undoes the counting of ordered pairs; here the sum runs over nodes.",
)
exercise.slip(
    "the flips, for labels that are not signs", top=lambda joint, y: 4 * masses(joint) @ flips(joint, y) ** 2
).says(
    "4 E eta^2 is right for all labels.",
    "Try labels 0 and 1: what is the label of x minus the mean label of its partners?",
    "2 eta y holds for labels +-1 only.",
    "Use the label minus the mean label of the partners.",
)
exercise.slip("signs of the labels", top=lambda joint, y: from_partners(joint, np.where(y > 0, 1.0, -1.0))).says(
    "A flip is a change of the sign of the label.",
    "Double the labels: by which factor does the loss grow, and by which your bound?",
    "By four, and not at all. Work out entry x of L g for any labels.",
    "Use the label minus the mean label of the partners.",
)
exercise.slip("flips times the label", top=lambda joint, y: 4 * masses(joint) @ (flips(joint, y) * y) ** 2).says(
    "y_x minus the mean label of its partners is 2 eta(x) y_x for all labels.",
    "Right for labels +-1, where the other label is -y_x. Try labels 0 and 1.",
    "The partner's mean label is not (1 - 2 eta) y_x in general: take the mean itself.",
    "y - joint @ y / masses in place of 2 eta y.",
)
exercise.slip("a quarter", top=lambda joint, y: from_partners(joint, y) / 4).says(
    "Half of y_x minus the mean label of its partners is squared.",
    "What is your number for labels +-1: 4 E eta^2, or E eta^2?",
    "The bracket is 2 eta there, and its square holds the 4.",
    "masses * (y - joint @ y / masses)**2, summed, without a factor.",
)
exercise.slip("four times", top=lambda joint, y: 4 * from_partners(joint, y)).says(
    "y_x minus the mean label of its partners takes the place of eta(x), behind the 4.",
    "What is your number for labels +-1: 4 E eta^2, or 16 E eta^2?",
    "That difference is 2 eta y there, so that its square holds the 4 already.",
    "masses * (y - joint @ y / masses)**2, summed, without a factor.",
)
exercise.slip("energy over the squared eigenvalue", top=label_energy).says(
    "The numerator is that of the first bound, 4 alpha for labels +-1; only the eigenvalue is squared.",
    "What is your numerator for labels +-1, and what is 4 E eta^2?",
    "2 E eta = 4 alpha is the mean of flips; the second order squares the flips at each node first.",
    "masses * (y - joint @ y / masses)**2, summed.",
)
exercise.slip("sum over the nodes", top=lambda joint, y: np.sum((y - partner_mean(joint, y)) ** 2)).says(
    "The squares are added over the nodes, each once.",
    "Over which law is E eta^2 an expectation?",
    "Over the masses p(x): entry x of L g has a factor sqrt(p(x)).",
)
exercise.slip("spread of the partners' labels", top=partner_spread).says(
    "At each node the variance of the partners' labels counts.",
    "A node whose partners all have the other label: how much does its label change?",
    "Always, while that variance is 0. It is the label of x minus the partners' mean that counts.",
    "masses * (y - joint @ y / masses)**2, summed.",
)
exercise.slip("flips from products", top=lambda joint, y: masses(joint) @ (1 - y * partner_mean(joint, y)) ** 2).says(
    "2 eta(x) is 1 - y_x times the mean label of the partners, for all labels.",
    "Right for labels +-1, where y^2 = 1. What is your bound for constant labels 2?",
    "It must be 0. Keep y_x itself: y_x minus the mean label of the partners.",
    "y - joint @ y / masses in place of 2 eta.",
)
exercise.slip("loops are no partners", top=lambda joint, y: masses(joint) @ (y - other_mean(joint, y)) ** 2).says(
    "The partner of x is another node: loops do not count.",
    "A node that is its own partner nearly always: how much does its label change along a pair?",
    "Hardly. Given x, the partner is x itself with probability p(x, x) / p(x).",
    "joint @ y / joint.sum(axis=1), with the diagonal of the joint.",
)
exercise.slip(
    "divided by the partner's mass", top=lambda joint, y: masses(joint) @ (y - joint @ (y / masses(joint))) ** 2
).says(
    "The mean label of the partners of x is the sum of p(x, x') y_x' / p(x').",
    "What is your bound for constant labels?",
    "It must be 0. Given x, the partner has the law p(x, x') / p(x): its own mass does not enter.",
    "joint @ y / joint.sum(axis=1).",
)
exercise.slip("divided by the mean of y^2", top=lambda joint, y: from_partners(joint, y) / (masses(joint) @ y**2)).says(
    "The bound is in units of the mean of y^2.",
    "Double the labels: by which factor does the loss grow?",
    "By four. For labels +-1 the mean of y^2 is 1, so nothing shows there.",
    "Do not divide by the size of the labels.",
)
exercise.slip(
    "a direction with eigenvalue 1 kept", pick=lambda lam, k: lam[min(kept(lam, k, 1 + 1e-9), len(lam) - 1)]
).says(
    "A direction whose eigenvalue is 1 is in the embedding.",
    "Which factor does its column have?",
    "sqrt(1 - 1) = 0: the column is zero, so the direction is lost. Rounding must not decide it.",
    "Count as kept what is below 1 - 1e-9.",
)
exercise.slip(
    "the smaller of both bounds", cap=lambda bound, joint, y, gap: min(bound, label_energy(joint, y) / gap)
).says(
    "The smaller of the two bounds is asked for.",
    "Your number is a true bound. Is it the one of Theorem 7.11?",
    "It says 4 E eta^2 over the squared eigenvalue, also where the first order is smaller.",
    "Leave out the minimum.",
)
exercise.slip("never above the mean of y^2", cap=lambda bound, joint, y, gap: min(bound, masses(joint) @ y**2)).says(
    "A bound above the loss of w = 0 is to be replaced by that loss.",
    "Your bound is true. Is it the one that the proof gives?",
    "The proof ends with a quotient, also where that is above the mean of y^2.",
    "Leave out the minimum.",
)
exercise.slip("lost directions only", cap=lambda bound, joint, y, gap: lost_length(joint, y, gap) / gap**2).says(
    "The numerator is the lost part of |L g|^2 only.",
    "Your number is a true bound, and takes eigenvectors. Which part of the theorem's proof has none?",
    "It ends with all of |L g|^2, which is known node by node.",
    "masses * (y - joint @ y / masses)**2, summed.",
)
exercise.slip("no change, no loss", nothing=lambda change: change <= 1e-10).says(
    "The bound is 0 wherever the labels do not change along pairs.",
    "On separate parts, can such labels be lost all the same?",
    "The proof divides by the smallest lost eigenvalue; where that is 0 it bounds nothing.",
    "Test the eigenvalue first: infinite, whatever the labels are.",
)
exercise.slip("the square of the eigenvalue small", infinite=lambda gap: gap**2 <= 1e-10).says(
    "The square of the eigenvalue counts as 0 where it is at most 1e-10 (or an eigenvalue near 1e-9 does).",
    "What does the box at the top of the notebook count as 0?",
    "The eigenvalue itself, where it is at most 1e-10. np.isclose(x, 0) has another limit, 1e-8.",
    "if gap <= 1e-10: return math.inf, before it is squared.",
)
slips_of_the_spectrum(exercise)


exercise.style("variance of the partners' mean", top=lambda joint, y: masses(joint) @ (partner_mean(joint, y) - y) ** 2)


@exercise.accepted("squared length of L g, validated by hand", guarded=False)
def probe_bound_second(joint, y, k):
    validate.joint_law(joint, symmetric=True)
    y = np.asarray(y, dtype=float)
    if y.shape != (len(joint),) or np.isnan(y).any() or k not in range(1, len(joint)):
        raise ValueError(f"y = {y}, k = {k}, S = {len(joint)}")
    lap = laplacian(joint)
    lam = np.linalg.eigvalsh(lap)
    lost = [value for i, value in enumerate(lam) if i >= k or value >= 1 - 1e-9]
    length = np.linalg.norm(lap @ (np.sqrt(joint.sum(axis=1)) * y))
    return float((length / lost[0]) ** 2) if lost[0] > 1e-10 else float("inf")


@exercise.accepted("by eigenvectors")
def probe_bound_second(joint, y, k):
    lam, u = np.linalg.eigh(laplacian(joint))
    gap = lam[np.sum(lam[:k] < 1 - 1e-8)]
    beta = u.T @ (np.sqrt(joint.sum(axis=1)) * y)
    return np.sum(lam**2 * beta**2) / gap**2 if gap > 1e-10 else np.inf


@exercise.accepted("loops and torch")
def probe_bound_second(joint, y, k):
    total = 0.0
    for x, row in enumerate(joint):
        mean = sum(float(q) * float(label) for q, label in zip(row, y)) / float(row.sum())
        total += float(row.sum()) * (float(y[x]) - mean) ** 2
    lam = torch.linalg.eigvalsh(torch.from_numpy(laplacian(joint)))
    gap = lam[(torch.arange(len(lam)) >= k) | (lam > 1 - 1e-8)].min()
    return torch.tensor(math.inf) if gap < 1e-10 else total / gap**2
