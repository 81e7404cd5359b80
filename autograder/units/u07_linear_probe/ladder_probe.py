"""ladder_probe: what its check looks at. Each line term by term, since several totals are equal by the theorem; then each
step of the proof, in the totals, on random graphs and on graphs where all six agree; the first line that breaks is
named. No tie between eigenvalues where a term is not 0. Some graphs have an eigenvalue above 1 among the first k: on no other
does the smallest lost eigenvalue differ from lambda_{k+1}."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, count, joint_law, needs, per_node
from autograder.author.ladders import first_break
from autograder.units.u07_linear_probe.draws import graph_for, separate_components, signs, tight_graph
from autograder.units.u07_linear_probe.theorems import cut, kept, laplacian
from course import graphs, validate

LINES = (
    "line 1 (the loss)",
    "line 2 (the lost part)",
    "line 3 (weighed by eigenvalues)",
    "line 4 (all directions)",
    "line 5 (back to pairs)",
    "line 6 (the bound)",
)
IDENTITIES = {1, 4, 5}  # index of the line that equals the one before it
SLACK = 1e-8  # additive

exercise = Exercise(
    "ladder_probe",
    refuses=(
        joint_law("joint", symmetric=True),
        per_node("joint", y="y"),
        needs("set(y) <= {-1, 1}", {"labels 0 and 1": {"y": lambda y: (y + 1) / 2}}),
        count("k"),
        needs("k < len(joint)", {"k = S": {"k": 4}}),
    ),
    hints={
        "values": (
            "Start with the first line that is wrong: the message names line and term.",
            "eigenvalues, u = np.linalg.eigh(laplacian(joint)): column i of u is the eigenvector, in ascending order.",
            "The sums of lines 1 and 2 must agree. z = u[:, :k] * sqrt(max(1 - eigenvalues[:k], 0)) / sqrt(p)[:, None], and "
            "lost = (index >= k, counted from 0) | (eigenvalues >= 1).",
            "beta = u.T @ (sqrt(p) * y). Lines 3 and 4 weigh beta**2 by eigenvalue / m, m the smallest lost eigenvalue. In line "
            "5, node x has the pairs whose first half is x.",
        ),
        "bad input": (
            "probe_bound(joint, y, k) raises for everything but labels that are not +1 and -1, and it is infinite where "
            "the smallest lost "
            "eigenvalue is 0.",
            "np.isin(y, (-1, 1)).all() tells whether all labels are +1 or -1.",
        ),
        "properties": ("The steps from line 2 to 3 and from 3 to 4 are inequalities; the others are identities.",),
    },
)


@exercise.cases
def cases(rng):
    def case(label, joint, y, k, **more):
        return Case(label, (joint, y, k), compare="ladder", **more)

    for n, k in ((5, 2), (6, 1)):
        yield case(f"S = {n}, k = {k}, lambda_(k+1) < 1", graph_for(rng, n, k, gap_below=0.97), signs(rng, n), k)
    for n, k in ((7, 5), (6, 4)):
        label = f"S = {n}, k = {k}, some lost directions among the first k"
        hint = "Which of the first k columns are zero? They are lost, and one of them has the smallest lost eigenvalue."
        yield case(label, graph_for(rng, n, k, dropped=True), signs(rng, n), k, hint=hint)
    yield case("S = 6, k = 3, large loops", graph_for(rng, 6, 3, psd=True), signs(rng, 6), 3)
    yield case("labels that are integers", graph_for(rng, 5, 3), signs(rng, 5).astype(np.int64), 3)
    yield case("a graph where all totals agree", *tight_graph(rng))
    n = int(rng.integers(9, 14))
    k = int(rng.integers(3, n - 2))
    yield case(f"S = {n}, k = {k}", graph_for(rng, n, k), signs(rng, n), k, public=False)
    n = int(rng.integers(9, 14))
    yield case(f"S = {n}, k = 2, large loops", graph_for(rng, n, 2, psd=True), signs(rng, n), 2, public=False)
    y = np.array([1.0, -1.0, -1.0, 1.0])
    yield from exercise.bad_inputs(graph_for(rng, 4, 2), y, 2)
    yield bad_input("an eigenvalue 0 is lost: no bound", separate_components(rng, (2, 2)), y, 1)


@exercise.property("on random graphs no total lies below the one before it, and three steps are identities")
def random_graphs(f, rng):
    for i in range(8):
        n = int(rng.integers(4, 8))
        k = int(rng.integers(1, n))
        joint = graph_for(rng, n, k, psd=i % 3 == 0)
        broken = first_break(f(joint, signs(rng, n), k), LINES, IDENTITIES, rising=True)
        if broken:
            return f"on a random graph {broken}"


@exercise.property("where the labels are the eigenvector number k + 1 all six totals agree")
def equality_graphs(f, rng):
    for _ in range(3):
        broken = first_break(f(*tight_graph(rng)), LINES, range(1, 6), rising=True)
        if broken:
            return f"on a graph whose labels are an eigenvector {broken}"
    clique = graphs.two_cliques(3, bridge=float(rng.uniform(0.1, 0.4)), loops=True)
    broken = first_break(f(clique, np.repeat([1.0, -1.0], 3), 1), LINES, range(1, 6), rising=True)
    if broken:
        return f"on two cliques {broken}"


@exercise.property("on the complete graph of 8 nodes, k = 1, every line adds up to 1")
def complete(f, rng):
    lines = f(graphs.complete_graph(8), rng.permutation(np.repeat([1.0, -1.0], 4)), 1)
    for name, line in zip(LINES, lines, strict=True):
        if abs(np.sum(line) - 1) > SLACK:
            return f"{name} adds up to {np.sum(line):.6g}"


def gapped(joint, k):
    """Eigenvalues and eigenvectors of the Laplacian; ValueError where a lost eigenvalue is 0."""
    lam, u = np.linalg.eigh(laplacian(joint))
    if lam[k] < 1e-10:
        raise ValueError(f"an eigenvalue 0 is lost for k = {k}")
    return lam, u


def squared_errors(z, y, p):
    """(y_x - w.z_x)^2 of each node at the best w for the weights p."""
    root = np.sqrt(p)
    w = np.linalg.lstsq(root[:, None] * z, root * y, rcond=None)[0]
    return (y - z @ w) ** 2


@exercise.formula
def ladder_probe(
    joint,
    y,
    k,
    *,
    modes=gapped,
    factors=lambda lam: np.sqrt(np.maximum(1 - lam, 0)),
    divided=lambda rows, p: rows / np.sqrt(p)[:, None],
    law=lambda p: p,
    counted=lambda errors, p: p * errors,
    expanded=lambda y, p: np.sqrt(p) * y,
    onto=lambda u, g: u.T @ g,
    lost=lambda lam, k: (np.arange(len(lam)) >= k) | (lam >= 1),
    bottom=lambda lam, k: lam[kept(lam, k)],
    length=np.square,
    weigh=lambda lam: lam,
    some=lambda weighed, gone: weighed[gone],
    every=lambda weighed, gone: weighed,
    half=0.5,
    seen=lambda y, p: y,
    given=lambda squares: squares,
    each=lambda pairs, p: pairs,
    alpha=lambda joint, y: cut(joint, y > 0),
    times=4,
    finish=list,
):
    p, (lam, u) = joint.sum(axis=1), modes(joint, k)
    gone, m = lost(lam, k), bottom(lam, k)
    loss = counted(squared_errors(divided(u[:, :k] * factors(lam[:k]), p), y, law(p)), p)
    part = length(onto(u, expanded(y, p)))
    weighed = weigh(lam) * part / m
    label = seen(y, p)
    pairs = each(half * np.sum(given(joint * (label[:, None] - label) ** 2), axis=1) / m, p)
    return finish([loss, part[gone], some(weighed, gone), every(weighed, gone), pairs, times * alpha(joint, y) / m])


exercise.slip(
    "eigenvectors for equal masses", modes=lambda joint, k: np.linalg.eigh(np.eye(len(joint)) - len(joint) * joint)
).says(
    "All masses are 1/S, so that L = I - S P.",
    "Right on regular graphs, as in the lecture's examples. Are the masses equal here?",
    "Each entry of P is divided by the square roots of its own two masses.",
    "np.linalg.eigh(laplacian(joint)).",
)
exercise.slip("line 1 with the masses in w only", counted=lambda errors, p: errors / len(p)).says(
    "The masses choose w; line 1 then takes all nodes alike, 1/S each.",
    "Lines 1 and 2 must have one total. Over which law is the loss an expectation?",
    "Over the masses p(x), in the fit and in its value.",
    "The S terms p(x) (y_x - w.z_x)^2.",
)
exercise.slip("line 1 without the masses", counted=lambda errors, p: errors).says(
    "A node contributes its squared error, (y_x - w.z_x)^2.",
    "Lines 1 and 2 must have one total. By about which factor is yours too large?",
    "About S: the loss is an expectation, so that each squared error has its mass in front.",
    "The S terms p(x) (y_x - w.z_x)^2.",
)
exercise.slip("line 1 with the masses in the loss only", law=np.ones_like).says(
    "w is that of ordinary least squares; the masses enter afterwards.",
    "Is there a w with a smaller loss than yours?",
    "The best w minimises the loss under the masses: the fit must know them.",
    "Fit np.sqrt(p)[:, None] * z to np.sqrt(p) * y.",
)
exercise.slip(
    "line 1 with equal weights", law=lambda p: np.full(len(p), 1 / len(p)), counted=lambda errors, p: errors / len(p)
).says(
    "The loss is the mean over the nodes.",
    "Over which law is the loss an expectation?",
    "Over the masses p(x), which are not equal here.",
    "w as in probe_loss with weights joint.sum(axis=1), then the S terms p(x) (y_x - w.z_x)^2.",
)
exercise.slip("line 1 without the division by sqrt(p)", divided=lambda rows, p: rows).says(
    "The embedding of a node is its row of eigenvectors.",
    "Lines 1 and 2 must have one total. Do they when masses differ?",
    "z_x carries a factor 1/sqrt(p(x)).",
    "Divide the rows of your z by np.sqrt(p)[:, None].",
)
exercise.slip("line 1 with all k eigenvectors", factors=np.ones_like).says(
    "The head can use the first k eigenvectors, all of them.",
    "What is the k-th column of the embedding when lambda_k > 1?",
    "sqrt(max(1 - lambda_k, 0)) = 0: the column is zero, and no w brings it back.",
    "Build z with the factors sqrt(max(1 - lambda_i, 0)), and fit as probe_loss does.",
)
exercise.slip("only the tail is lost", lost=lambda lam, k: np.arange(len(lam)) >= k).says(
    "The lost directions are i > k.",
    "Lines 1 and 2 must have one total. Do they on a graph without loops?",
    "A direction i <= k with lambda_i >= 1 has a zero column in the embedding: it is lost too.",
    "lost = (np.arange(S) >= k) | (eigenvalues >= 1), in lines 2 and 3.",
)
exercise.slip("the first lost direction kept", lost=lambda lam, k: (np.arange(len(lam)) > k) | (lam >= 1)).says(
    "Counted from 0, the lost directions are those with index > k.",
    "Lines 1 and 2 must have one total. Is one term missing?",
    "Eigenvectors 1 to k have the indices 0 to k - 1: index k is lost already.",
    "lost = (np.arange(S) >= k) | (eigenvalues >= 1).",
)
exercise.slip("beta without the masses", expanded=lambda y, p: y).says(
    "beta is the expansion of y itself: u^T y.",
    "Have your lines 1 and 2 the same total?",
    "The loss is |g - h|^2 with g = sqrt(p) y: this is the vector to expand.",
    "beta = u.T @ (np.sqrt(p) * y).",
)
exercise.slip("beta not squared", length=np.abs).says(
    "The lost part is the sum of |beta_i|.",
    "Parseval: which power of beta adds up to the squared length?",
    "The square, in lines 2, 3 and 4.",
)
exercise.slip("beta with equal masses", expanded=lambda y, p: y / math.sqrt(len(y))).says(
    "Every node has mass 1/S, so that beta = u^T y / sqrt(S).",
    "Right on regular graphs. Have your lines 1 and 2 the same total where masses differ?",
    "Each label is multiplied by the square root of its own node's mass.",
    "beta = u.T @ (np.sqrt(p) * y).",
)
exercise.slip("rows of u in beta", onto=lambda u, g: u @ g).says(
    "u[i] is the eigenvector number i: beta = u @ g.",
    "Have your lines 1 and 2 the same total? np.linalg.eigh: are the eigenvectors rows or columns?",
    "Columns: u[:, i] belongs to eigenvalues[i].",
    "beta = u.T @ (np.sqrt(p) * y).",
)
exercise.slip("rows of u", modes=lambda joint, k: (gapped(joint, k)[0], gapped(joint, k)[1].T)).says(
    "u[i] is the eigenvector number i.",
    "np.linalg.eigh: are the eigenvectors rows or columns?",
    "Columns: u[:, i] belongs to eigenvalues[i], so that row x of u[:, :k] belongs to node x.",
    "z = u[:, :k] * sqrt(max(1 - eigenvalues[:k], 0)) / sqrt(p)[:, None].",
)
exercise.slip("all directions in line 2", lost=lambda lam, k: np.ones(len(lam), dtype=bool)).says(
    "Lines 2 and 3 have a term for each direction, lost or not.",
    "Lines 1 and 2 must have one total. Do they?",
    "A direction that is kept costs nothing: lines 2 and 3 hold the lost ones only.",
    "lost = (np.arange(S) >= k) | (eigenvalues >= 1); beta[lost]**2.",
)
exercise.slip("all directions in line 3", some=lambda weighed, gone: weighed).says(
    "Line 3 is the energy of all directions.",
    "Which step leads from line 3 to line 4?",
    "Step (b) adds the directions that are not lost; in line 3 they are not there yet.",
    "lam[lost] * beta[lost]**2 / m.",
)
exercise.slip("beta with the masses, not their roots", expanded=lambda y, p: p * y).says(
    "beta is the expansion of p(x) y_x.",
    "Have your lines 1 and 2 the same total?",
    "The squared length of g is the mean of y^2: which power of p(x) stands in g?",
    "beta = u.T @ (np.sqrt(p) * y).",
)
exercise.slip("lambda_k in the denominator", bottom=lambda lam, k: lam[k - 1] if lam[k - 1] > 1e-10 else 0.0).says(
    "m is the last eigenvalue of the embedding, lambda_k.",
    "On two cliques with k = 1 your lines 3 to 6 explode. Which eigenvalue is 0 on every graph?",
    "lambda_1 = 0. m is the smallest eigenvalue that the embedding misses.",
    "The smallest of the eigenvalues that are marked as lost.",
)
exercise.slip("lambda_{k+2} in the denominator", bottom=lambda lam, k: lam[min(k + 1, len(lam) - 1)]).says(
    "Counted from 0, lambda_{k+1} is entry k + 1.",
    "On two cliques with k = 1, lines 2 and 3 must have one total. Do they?",
    "The array starts at 0 with lambda_1, so lambda_{k+1} is entry k.",
    "m is the smallest of the eigenvalues that are marked as lost.",
)
exercise.slip("lambda_{k+1} in the denominator", bottom=lambda lam, k: lam[k]).says(
    "The smallest lost eigenvalue is lambda_{k+1}, always.",
    "Does your line 3 ever lie below line 2?",
    "A lost direction i <= k has lambda_i >= 1, but perhaps lambda_i < lambda_{k+1}: then the step fails.",
    "m is the smallest of the eigenvalues that are marked as lost.",
)
exercise.slip("min(1, lambda_{k+1}) in the denominator", bottom=lambda lam, k: min(1.0, lam[k])).says(
    "m = min(1, lambda_{k+1}).",
    "That ladder is right, but is it the best? On the complete graph all lost eigenvalues are equal.",
    "All lost eigenvalues may be above 1, and line 3 is smallest when divided by the smallest of them.",
    "m is the smallest of the eigenvalues that are marked as lost.",
)
exercise.slip("m left out", bottom=lambda lam, k: 1.0).says(
    "Lines 3 to 6 are the energies themselves.",
    "Does your line 3 lie below line 2? The ladder must not fall.",
    "Divide lines 3, 4, 5 and 6 by m, the smallest lost eigenvalue.",
)
exercise.slip("eigenvalues of the adjacency", weigh=lambda lam: 1 - lam).says(
    "Lines 3 and 4 weigh beta_i^2 by the eigenvalues of the adjacency.",
    "Lines 4 and 5 must have one total. Do they?",
    "Directions that vary much over pairs have large lambda_i, and small 1 - lambda_i.",
    "lam * beta**2 with the eigenvalues of the Laplacian.",
)
exercise.slip("line 4 over the lost directions", every=lambda weighed, gone: weighed[gone]).says(
    "Lines 3 and 4 are the same sum.",
    "Lines 4 and 5 must have one total. Do they?",
    "In line 4 the sum runs over all i, lost or not: terms that are not negative were added.",
    "eigenvalues * beta**2 / m, S terms.",
)
exercise.slip("line 4 without the first direction", every=lambda weighed, gone: weighed[1:]).says(
    "Direction 1 has no energy, so that line 4 begins with i = 2.",
    "How many terms does the table ask for in line 4?",
    "One for each i = 1, ..., S. The first is 0, and it is a term.",
    "eigenvalues * beta**2 / m, S terms.",
)
exercise.slip("pairs given their node", each=lambda pairs, p: pairs / p).says(
    "Line 5 holds what the pairs contribute given that they begin at x.",
    "Lines 4 and 5 must have one total. Do they?",
    "The terms must add up to the energy, so that each keeps its probability: p(x, x'), not p(x' | x).",
    "np.sum(joint * (y[:, None] - y[None, :])**2, axis=1) / 2 / m.",
)
exercise.slip("pairs differ in g", seen=lambda y, p: np.sqrt(p) * y).says(
    "The differences along pairs are those of g = sqrt(p) y.",
    "What is your line 5 for two neighbours with the same label and different masses?",
    "It must be 0. In Proposition 7.2 g stands in the form, and the labels y in the differences.",
    "np.sum(joint * (y[:, None] - y[None, :])**2, axis=1) / 2 / m.",
)
exercise.slip("a pair given to its first node", half=1.0, given=np.triu).says(
    "A pair of nodes is one term, which belongs to the node that comes first.",
    "Your line 5 has the right total. Which pairs does the last node have?",
    "(x, x') belongs to node x and (x', x) to node x', each with its half.",
    "np.sum(joint * (y[:, None] - y[None, :])**2, axis=1) / 2 / m.",
)
exercise.slip("ordered pairs without one half", half=1.0).says(
    "Line 5 is the sum over all ordered pairs.",
    "Lines 4, 5 and 6 must have one total. Which one is twice the others?",
    "The factor 1/2 stands in front of the sum over ordered pairs.",
    "np.sum(joint * (y[:, None] - y[None, :])**2, axis=1) / 2 / m.",
)
exercise.slip("2 alpha", times=2).says(
    "The last line is 2 alpha / m, as in the lecture notes 001.",
    "Line 6 lies below line 5. By which factor?",
    "Labels +-1 differ by 2 across the cut, and 2^2 = 4.",
    "4 * cut_mass(joint, y > 0) / m.",
)
exercise.slip("alpha in both directions", alpha=lambda joint, y: joint[y[:, None] != y].sum()).says(
    "alpha is the mass of all ordered pairs with different labels.",
    "Line 6 is twice line 5.",
    "alpha = E(A, not A) goes in one direction only.",
    "4 * cut_mass(joint, y > 0) / m.",
)
exercise.slip("totals in place of terms", finish=lambda lines: [float(np.sum(line)) for line in lines]).says(
    "A line of the proof is one number: what its sum gives.",
    "How many terms has the sum in line 2? Return them.",
    "Lines 4, 5 and 6 have one total by the theorem; what makes them different lines is what is summed.",
    "A list of terms for each of the lines 1 to 5, in the order that the statement gives; line 6 is a number.",
)
exercise.slip("line 2 in place of line 1", finish=lambda lines: [lines[1], *lines[1:]]).says(
    "Lines 1 and 2 are equal, so one computation serves for both.",
    "Line 1 has one term for each node, line 2 one for each lost direction. How many terms has yours?",
    "Fit w and take the residual of every node.",
    "root * y - rows @ w with rows = sqrt(p) z and w from np.linalg.lstsq, squared.",
)
exercise.slip("pairs in place of directions", finish=lambda lines: [*lines[:3], lines[4], *lines[4:]]).says(
    "Line 4 is the energy of the labels, computed from the pairs.",
    "Over what does the sum in line 4 run?",
    "Over the S eigenvectors, with terms lambda_i beta_i^2 / m. That it equals the sum over pairs is the step to line 5.",
    "eigenvalues * beta**2 / m.",
)
exercise.slip("from right to left", finish=lambda lines: lines[::-1]).says(
    "The bound comes first.",
    "In which order does the statement list the lines?",
    "From the loss to the bound: reverse your list.",
)


@exercise.accepted("least squares, loops over pairs and directions, Python floats")
def ladder_probe(joint, y, k):
    n, p, (lam, u) = len(y), joint.sum(axis=1), gapped(joint, k)
    beta, m = u.T @ (np.sqrt(p) * y), min(lam[i] for i in range(n) if i >= k or lam[i] >= 1)
    z = np.array([[math.sqrt(max(1 - lam[i], 0) / p[x]) * u[x, i] for i in range(k)] for x in range(n)])
    w = np.linalg.pinv(z.T @ (p[:, None] * z), rcond=1e-10, hermitian=True) @ (z.T @ (p * y))
    alpha, energy = 0.0, [0.0] * n
    for i in range(n):
        for j in range(n):
            energy[i] += float(joint[i, j] * (y[i] - y[j]) ** 2 / 2 / m)
            alpha += joint[i, j] if y[i] > y[j] else 0.0
    tail = [i for i in range(n) if i >= k or lam[i] >= 1]
    return [
        [float(p[x]) * (float(y[x]) - float(w @ z[x])) ** 2 for x in range(n)],
        [float(beta[i] ** 2) for i in tail],
        [float(lam[i] * beta[i] ** 2 / m) for i in tail],
        [float(lam[i] * beta[i] ** 2 / m) for i in range(n)],
        energy,
        float(4 * alpha / m),
    ]


@exercise.accepted("eigenvectors of the adjacency, projector, numpy arrays")
def ladder_probe(joint, y, k):
    half = np.diag(joint.sum(axis=1) ** -0.5)
    a, v = np.linalg.eigh(half @ joint @ half)
    a, v = a[::-1], v[:, ::-1]
    if a[k] > 1 - 1e-10:
        raise ValueError(f"no bound: eigenvalue {a[k]} of the adjacency is lost for k = {k}")
    g = np.sqrt(joint.sum(axis=1)) * y
    used = (np.arange(len(y)) < k) & (a > 1e-9)
    rest = g - v[:, used] @ (v[:, used].T @ g)
    m, beta = min(1 - a[~used]), g @ v
    weighed = (1 - a) * beta**2 / m
    flips = np.array([joint[x, y != y[x]].sum() for x in range(len(y))])
    return [rest**2, beta[~used] ** 2, weighed[~used], weighed, 2 * flips / m, 4 * joint[y > 0][:, y < 0].sum() / m]


@exercise.accepted("torch, a tuple of tensors, validated by hand", guarded=False)
def ladder_probe(joint, y, k):
    validate.joint_law(joint, symmetric=True)
    if np.shape(y) != (len(joint),) or any(abs(label) != 1 for label in y) or k not in range(1, len(joint)):
        raise ValueError(f"y = {y}, k = {k}, S = {len(joint)}")
    p, y = torch.from_numpy(joint), torch.as_tensor(y).double()
    root = p.sum(1).sqrt()
    lam, u = torch.linalg.eigh(torch.eye(len(y), dtype=p.dtype) - p / torch.outer(root, root))
    if lam[k] <= 1e-10:
        raise ValueError(f"an eigenvalue {lam[k]} is lost")
    z = u[:, :k] * (1 - lam[:k]).clamp(min=0).sqrt()  # rows already times sqrt(p)
    target = (root * y)[:, None]
    residual = target - z @ torch.linalg.lstsq(z, target, driver="gelsd").solution
    beta = (u.T @ target)[:, 0]
    lost = (torch.arange(len(y)) >= k) | (lam >= 1)
    m = lam[lost].min()
    energy = (p * (y[:, None] - y[None, :]) ** 2).sum(1) / 2 / m
    weighed = lam * beta**2 / m
    return residual[:, 0] ** 2, beta[lost] ** 2, weighed[lost], weighed, energy, 4 * p[y > 0][:, y < 0].sum() / m
