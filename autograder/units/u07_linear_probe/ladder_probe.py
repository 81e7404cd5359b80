"""ladder_probe: what its check looks at. Each line against its exact value, then each step of the proof on random
graphs and on graphs where all six lines agree; the first line that breaks is named. No tie lambda_k = lambda_{k+1}."""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints, graph_for, signs, tight_graph
from course import graphs, validate
from course.check.case import Case, bad_input

LINES = (
    "line 1 (the loss)",
    "line 2 (the lost part)",
    "line 3 (weighed by eigenvalues)",
    "line 4 (all directions)",
    "line 5 (back to pairs)",
    "line 6 (the bound)",
)
IDENTITIES = {1, 4, 5}  # index of the line that equals the one before it
SLACK = 1e-8  # additive; a gap of 0.01 between eigenvalues keeps rounding below 1e-12

exercise = Exercise(
    "ladder_probe",
    hints={
        "values": (
            "The message counts from 0: [0] is line 1, the loss, and [5] is line 6, the bound. Start with the first.",
            "eigenvalues, u = np.linalg.eigh(laplacian(joint)): column i of u is the eigenvector, in ascending order.",
            "Lines 1 and 2 must agree. z = u[:, :k] * sqrt(max(1 - eigenvalues[:k], 0)) / sqrt(p)[:, None], and "
            "lost = (index >= k, counted from 0) | (eigenvalues >= 1).",
            "beta = u.T @ (sqrt(p) * y); lines 3 and 4 sum eigenvalues * beta**2 / m over lost and over all.",
        ),
        "bad input": (
            "probe_bound(joint, y, k) raises for everything but labels that are not +1 and -1.",
            "np.isin(y, (-1, 1)).all() tells whether all labels are +1 or -1.",
        ),
        "properties": ("The steps from line 2 to 3 and from 3 to 4 are inequalities; the others are identities.",),
    },
)


@exercise.cases
def cases(rng):
    for n, k in ((5, 2), (6, 1)):
        yield Case(f"S = {n}, k = {k}, lambda_(k+1) < 1", (graph_for(rng, n, k, gap_below=0.97), signs(rng, n), k))
    yield Case(
        "S = 7, k = 5, some lost directions among the first k", (graph_for(rng, 7, 5, dropped=True), signs(rng, 7), 5)
    )
    yield Case(
        "S = 6, k = 4, some lost directions among the first k", (graph_for(rng, 6, 4, dropped=True), signs(rng, 6), 4)
    )
    yield Case("S = 6, k = 3, large loops", (graph_for(rng, 6, 3, psd=True), signs(rng, 6), 3))
    yield Case("labels that are integers", (graph_for(rng, 5, 3), signs(rng, 5).astype(np.int64), 3))
    yield Case("a graph where all lines agree", tight_graph(rng))
    joint = graph_for(rng, 4, 2)
    y = np.array([1.0, -1.0, -1.0, 1.0])
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, np.resize(y, len(bad)), 2)
    yield bad_input("labels 0 and 1", joint, (y + 1) / 2, 2)
    yield bad_input("y too short", joint, y[:3], 2)
    yield bad_input("y of length 1", joint, y[:1], 2)
    yield bad_input("k = 0", joint, y, 0)
    yield bad_input("k = S", joint, y, 4)


def first_break(lines, equal):
    """Where the ladder breaks: lines must not fall, and must agree with the line before where `equal` says so."""
    if len(lines) != len(LINES):
        return f"the ladder must have 6 lines, got {len(lines)}"
    for i in range(1, len(LINES)):
        fall = float(lines[i - 1]) - float(lines[i])
        if not fall <= SLACK:  # also catches NaN
            return f"{LINES[i]} lies below {LINES[i - 1]} by {fall:.3g}"
        if i in equal and fall < -SLACK:
            return f"{LINES[i]} lies above {LINES[i - 1]} by {-fall:.3g}, but this step is an identity"


@exercise.property("on random graphs no line lies below the one before it, and three steps are identities")
def random_graphs(f, rng):
    for i in range(8):
        n = int(rng.integers(4, 8))
        k = int(rng.integers(1, n))
        joint = graph_for(rng, n, k, psd=i % 3 == 0)
        broken = first_break(f(joint, signs(rng, n), k), IDENTITIES)
        if broken:
            return f"on a random graph {broken}"


@exercise.property("where the labels are the eigenvector number k + 1 all six lines agree")
def equality_graphs(f, rng):
    for _ in range(3):
        broken = first_break(f(*tight_graph(rng)), set(range(1, 6)))
        if broken:
            return f"on a graph whose labels are an eigenvector {broken}"
    clique = graphs.two_cliques(3, bridge=float(rng.uniform(0.1, 0.4)), loops=True)
    broken = first_break(f(clique, np.repeat([1.0, -1.0], 3), 1), set(range(1, 6)))
    if broken:
        return f"on two cliques {broken}"


@exercise.property("on the complete graph of 8 nodes, k = 1, lines 1 and 2 are 1 and lines 3 to 6 are 8/7")
def complete(f, rng):
    lines = f(graphs.complete_graph(8), rng.permutation(np.repeat([1.0, -1.0], 4)), 1)
    for name, value, wanted in zip(LINES, lines, (1, 1, 8 / 7, 8 / 7, 8 / 7, 8 / 7), strict=True):
        if abs(value - wanted) > SLACK:
            return f"{name} is {value:.6g}"


def pieces(joint, y, k):
    """(masses, y, eigenvalues, u, beta, lost, m) of a valid call; ValueError otherwise."""
    validate.joint_law(joint, symmetric=True)
    y = np.asarray(y, dtype=float)
    if y.shape != (len(joint),) or not np.isin(y, (-1, 1)).all():
        raise ValueError(f"y must hold {len(joint)} labels +1 or -1, got {y}")
    validate.count(minimum=1, k=k)
    if k >= len(joint):
        raise ValueError(f"k = {k} with {len(joint)} nodes")
    p = joint.sum(axis=1)
    root = np.sqrt(p)
    lam, u = np.linalg.eigh(np.eye(len(p)) - joint / np.outer(root, root))
    lost = (np.arange(len(p)) >= k) | (lam >= 1)
    return p, y, lam, u, u.T @ (root * y), lost, min(1.0, lam[k])


def right_lines(joint, y, k):
    _, y, lam, _, beta, lost, m = pieces(joint, y, k)
    part, weighed = np.sum(beta[lost] ** 2), lam * beta**2
    energy = np.sum(joint * (y[:, None] - y[None, :]) ** 2) / 2
    return [part, part, weighed[lost].sum() / m, weighed.sum() / m, energy / m, energy / m]


TOOLS = (pieces, right_lines)


@exercise.wrong(
    "line 1 with equal weights",
    belief="The loss is the mean over the nodes.",
    hints=(
        "Over which law is the loss an expectation?",
        "Over the masses p(x), which are not equal here.",
        "probe_loss(z, y, joint.sum(axis=1)).",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    p, y, lam, u, *_ = pieces(joint, y, k)
    z = u[:, :k] * np.sqrt(np.maximum(1 - lam[:k], 0)) / np.sqrt(p)[:, None]
    w = np.linalg.lstsq(z, y, rcond=None)[0]
    lines[0] = np.mean((y - z @ w) ** 2)
    return lines


@exercise.wrong(
    "line 1 without the division by sqrt(p)",
    belief="The embedding of a node is its row of eigenvectors.",
    hints=(
        "Line 1 and line 2 must agree. Do they when masses differ?",
        "z_x carries a factor 1/sqrt(p(x)).",
        "Divide the rows of your z by np.sqrt(p)[:, None].",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    p, y, lam, u, *_ = pieces(joint, y, k)
    root, z = np.sqrt(p), u[:, :k] * np.sqrt(np.maximum(1 - lam[:k], 0))
    rows = root[:, None] * z
    w = np.linalg.lstsq(rows, root * y, rcond=None)[0]
    lines[0] = np.sum((root * y - rows @ w) ** 2)
    return lines


@exercise.wrong(
    "line 1 with all k eigenvectors",
    belief="The head can use the first k eigenvectors, all of them.",
    hints=(
        "What is the k-th column of the embedding when lambda_k > 1?",
        "sqrt(max(1 - lambda_k, 0)) = 0: the column is zero, and no w brings it back.",
        "Build z with the factors sqrt(max(1 - lambda_i, 0)), and call probe_loss.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    beta = pieces(joint, y, k)[4]
    lines[0] = np.sum(beta[k:] ** 2)
    return lines


@exercise.wrong(
    "only the tail is lost",
    belief="The lost directions are i > k.",
    hints=(
        "Line 1 and line 2 must agree. Do they on a graph without loops?",
        "A direction i <= k with lambda_i >= 1 has a zero column in the embedding: it is lost too.",
        "lost = (np.arange(S) >= k) | (eigenvalues >= 1), in lines 2 and 3.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    _, _, lam, _, beta, _, m = pieces(joint, y, k)
    lines[1], lines[2] = np.sum(beta[k:] ** 2), np.sum(lam[k:] * beta[k:] ** 2) / m
    return lines


@exercise.wrong(
    "beta without the masses",
    belief="beta is the expansion of y itself: u^T y.",
    hints=(
        "Does your line 2 agree with your line 1?",
        "The loss is |g - h|^2 with g = sqrt(p) y: this is the vector to expand.",
        "beta = u.T @ (np.sqrt(p) * y).",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    _, y, lam, u, _, lost, m = pieces(joint, y, k)
    beta = u.T @ y
    weighed = lam * beta**2
    lines[1:4] = [np.sum(beta[lost] ** 2), weighed[lost].sum() / m, weighed.sum() / m]
    return lines


@exercise.wrong(
    "beta not squared",
    belief="The lost part is the sum of |beta_i|.",
    hints=("Parseval: which power of beta adds up to the squared length?", "The square, in lines 2, 3 and 4."),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    _, _, lam, _, beta, lost, m = pieces(joint, y, k)
    weighed = lam * np.abs(beta)
    lines[1:4] = [np.abs(beta[lost]).sum(), weighed[lost].sum() / m, weighed.sum() / m]
    return lines


@exercise.wrong(
    "lambda_k in the denominator",
    belief="m = min(1, lambda_k).",
    hints=(
        "On two cliques with k = 1 your lines 3 to 6 explode. Which eigenvalue is 0 on every graph?",
        "lambda_1 = 0. m holds the first eigenvalue that the embedding misses, lambda_{k+1}.",
        "Counted from 0: m = min(1, eigenvalues[k]).",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines, lam = right_lines(joint, y, k), pieces(joint, y, k)[2]
    factor = min(1.0, lam[k]) / min(1.0, lam[k - 1]) if lam[k - 1] > 1e-10 else math.inf
    return lines[:2] + [line * factor for line in lines[2:]]


@exercise.wrong(
    "no minimum with 1",
    belief="m = lambda_{k+1}, however large.",
    hints=(
        "Does your line 3 ever lie below line 2?",
        "A lost direction i <= k has lambda_i >= 1, but perhaps lambda_i < lambda_{k+1}: then the step fails.",
        "m = min(1, lambda_{k+1}).",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines, lam = right_lines(joint, y, k), pieces(joint, y, k)[2]
    return lines[:2] + [line * min(1.0, lam[k]) / lam[k] for line in lines[2:]]


@exercise.wrong(
    "m left out",
    belief="Lines 3 to 6 are the energies themselves.",
    hints=(
        "Does your line 3 lie below line 2? The ladder must not fall.",
        "Divide lines 3, 4, 5 and 6 by m = min(1, lambda_{k+1}).",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines, m = right_lines(joint, y, k), pieces(joint, y, k)[6]
    return lines[:2] + [line * m for line in lines[2:]]


@exercise.wrong(
    "eigenvalues of the adjacency",
    belief="Lines 3 and 4 weigh beta_i^2 by the eigenvalues of the adjacency.",
    hints=(
        "Line 4 must agree with line 5. Does it?",
        "Directions that vary much over pairs have large lambda_i, and small 1 - lambda_i.",
        "lam * beta**2 with the eigenvalues of the Laplacian.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    _, _, lam, _, beta, lost, m = pieces(joint, y, k)
    weighed = (1 - lam) * beta**2
    lines[2:4] = [weighed[lost].sum() / m, weighed.sum() / m]
    return lines


@exercise.wrong(
    "line 4 over the lost directions",
    belief="Lines 3 and 4 are the same sum.",
    hints=(
        "Line 4 must agree with line 5. Does it?",
        "In line 4 the sum runs over all i, lost or not: terms that are not negative were added.",
        "np.sum(eigenvalues * beta**2) / m.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    lines[3] = lines[2]
    return lines


@exercise.wrong(
    "ordered pairs without one half",
    belief="Line 5 is the sum over all ordered pairs.",
    hints=(
        "Lines 4, 5 and 6 must agree. Which one is twice the others?",
        "The factor 1/2 stands in front of the sum over ordered pairs.",
        "np.sum(joint * (y[:, None] - y[None, :])**2) / 2 / m.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    lines[4] = 2 * lines[4]
    return lines


@exercise.wrong(
    "2 alpha",
    belief="The last line is 2 alpha / m, as in the lecture notes 001.",
    hints=(
        "Line 6 lies below line 5. By which factor?",
        "Labels +-1 differ by 2 across the cut, and 2^2 = 4.",
        "4 * cut_mass(joint, y > 0) / m.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    lines[5] = lines[5] / 2
    return lines


@exercise.wrong(
    "alpha in both directions",
    belief="alpha is the mass of all ordered pairs with different labels.",
    hints=(
        "Line 6 is twice line 5.",
        "alpha = E(A, not A) goes in one direction only.",
        "4 * cut_mass(joint, y > 0) / m.",
    ),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    lines = right_lines(joint, y, k)
    lines[5] = 2 * lines[5]
    return lines


@exercise.wrong(
    "from right to left",
    belief="The bound comes first.",
    hints=("In which order does the statement list the lines?", "From the loss to the bound: reverse your list."),
    uses=TOOLS,
)
def ladder_probe(joint, y, k):
    return right_lines(joint, y, k)[::-1]


@exercise.accepted("least squares, loops over pairs and directions, Python floats", uses=(pieces,))
def ladder_probe(joint, y, k):
    p, y, lam, u, beta, lost, m = pieces(joint, y, k)
    n = len(y)
    z = np.array([[math.sqrt(max(1 - lam[i], 0) / p[x]) * u[x, i] for i in range(k)] for x in range(n)])
    gram = z.T @ (p[:, None] * z)
    w = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ (z.T @ (p * y))
    loss = sum(float(p[x]) * (float(y[x]) - float(w @ z[x])) ** 2 for x in range(n))
    alpha = energy = 0.0
    for i in range(n):
        for j in range(n):
            energy += joint[i, j] * (y[i] - y[j]) ** 2 / 2
            alpha += joint[i, j] if y[i] > y[j] else 0.0
    tail = [i for i in range(n) if lost[i]]
    return [
        loss,
        float(sum(beta[i] ** 2 for i in tail)),
        float(sum(lam[i] * beta[i] ** 2 for i in tail) / m),
        float(sum(lam[i] * beta[i] ** 2 for i in range(n)) / m),
        float(energy / m),
        float(4 * alpha / m),
    ]


@exercise.accepted("eigenvectors of the adjacency, projector, a numpy array", uses=(pieces,))
def ladder_probe(joint, y, k):
    pieces(joint, y, k)
    y = np.asarray(y, dtype=float)
    half = np.diag(joint.sum(axis=1) ** -0.5)
    a, v = np.linalg.eigh(half @ joint @ half)
    a, v = a[::-1], v[:, ::-1]
    g = np.sqrt(joint.sum(axis=1)) * y
    kept = v[:, :k][:, a[:k] > 1e-9]
    rest = g - kept @ (kept.T @ g)
    m = min(1, 1 - a[k])
    lap = np.eye(len(y)) - half @ joint @ half
    alpha = joint[y > 0][:, y < 0].sum()
    lines = [rest @ rest, rest @ rest, rest @ lap @ rest / m, g @ lap @ g / m]
    return np.array([*lines, (1 - y @ joint @ y) / m, 4 * alpha / m])


@exercise.accepted("torch, a tuple of 0-dim tensors", uses=(pieces,))
def ladder_probe(joint, y, k):
    pieces(joint, y, k)
    p, y = torch.from_numpy(joint), torch.as_tensor(y).double()
    root = p.sum(1).sqrt()
    lam, u = torch.linalg.eigh(torch.eye(len(y), dtype=p.dtype) - p / torch.outer(root, root))
    z = u[:, :k] * (1 - lam[:k]).clamp(min=0).sqrt()  # rows already times sqrt(p)
    target = (root * y)[:, None]
    residual = target - z @ torch.linalg.lstsq(z, target, driver="gelsd").solution
    beta = (u.T @ target)[:, 0]
    lost = (torch.arange(len(y)) >= k) | (lam >= 1)
    m = lam[k].clamp(max=1.0)
    energy = (p * (y[:, None] - y[None, :]) ** 2).sum() / 2
    alpha = p[y > 0][:, y < 0].sum()
    weighed = lam * beta**2
    sums = (weighed[lost].sum() / m, weighed.sum() / m)
    return (residual**2).sum(), (beta[lost] ** 2).sum(), *sums, energy / m, 4 * alpha / m
