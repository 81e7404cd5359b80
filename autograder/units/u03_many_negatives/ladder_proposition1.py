"""ladder_proposition1: what its check looks at. Each line, N = 1 and more, k from 1 to C - 1, inequalities."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from autograder.units.u03_many_negatives.ladder_lemma1 import first_rise, tables
from autograder.units.u03_many_negatives.ladder_lemma2 import class_draws, draw_counts, log1p_sum
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "ladder_proposition1",
    hints={
        "values": (
            "The message says which entry differs: [0] is line 1, [1] line 2, and so on. Correct the first one first.",
            "Lines 1 and 2 are those of ladder_lemma2, and line 3 must equal line 2: it only sorts the draws.",
            "tau_N = C^-N, and the same constant tau_N ln(N + 1) stands in lines 3, 4 and 5.",
            "Line 4: average zeta(a_j) over the C - 1 classes j other than c.",
            "Line 5: all sets T of k + 1 classes weigh the same, and so do the classes c in T.",
        ),
        "stability": ("log1p_sum and np.logaddexp.reduce work for any logits.",),
        "bad input": ("rho must be uniform: compare it with 1/C. Then k >= 1 and k + 1 <= C.",),
    },
)
LINES = ("1, the loss", "2, after Jensen", "3, split by collision", "4, one negative of another class", "5, the target")


@exercise.cases
def cases(rng):
    for c, s, d, n, k in ((3, 4, 2, 1, 1), (3, 4, 2, 3, 2), (4, 4, 3, 2, 2), (2, 4, 1, 4, 1), (4, 3, 2, 3, 1)):
        world = worlds.random_world(rng, c, s, d, 1.1, uniform=True)
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}, k = {k}", (*world, n, k))
    rho, classes, z = worlds.random_world(rng, 3, 4, 2, 60.0, uniform=True)
    yield Case("logits up to about 1e4", (rho, classes, z, 2, 2), part="stability")
    rho, classes, z = worlds.random_world(rng, 3, 4, 2, uniform=True)
    yield bad_input("rho is not uniform", np.array([0.3, 0.3, 0.4]), classes, z, 2, 1)
    yield bad_input("rho sums to 1.2", 1.2 * rho, classes, z, 2, 1)
    yield bad_input("a row of classes sums to 0.9", rho, classes * np.array([[1.0], [1.0], [0.9]]), z, 2, 1)
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(4, 2) > 0, np.nan, z), 2, 1)
    yield bad_input("N = 0", rho, classes, z, 0, 1)
    yield bad_input("k = 0", rho, classes, z, 2, 0)
    yield bad_input("k + 1 > C", rho, classes, z, 2, 3)


@exercise.property("every line is at least the next, and lines 2 and 3 are equal")
def descending(f, rng):
    for _ in range(8):
        c = int(rng.integers(2, 5))
        world = worlds.random_world(rng, c, 4, 2, rng.uniform(0.2, 2), uniform=True)
        lines = f(*world, int(rng.integers(1, 4)), int(rng.integers(1, c)))
        problem = first_rise(lines, LINES)
        if problem:
            return problem
        if abs(lines[1] - lines[2]) > 1e-9 * max(1.0, abs(lines[1])):
            return "lines 2 and 3 must be equal: the split only sorts the draws"


@exercise.property("one negative and k = 1: lines 3, 4 and 5 are equal")
def pairs_only(f, rng):
    for _ in range(4):
        lines = f(*worlds.random_world(rng, 3, 4, 2, rng.uniform(0.3, 2), uniform=True), 1, 1)
        if max(lines[2:]) - min(lines[2:]) > 1e-9:
            return "for N = 1 and k = 1 nothing is given away after line 2"


def right_lines(rho, classes, z, n, k):
    validate.count(minimum=1, n_negatives=n, k=k)
    anchors, pairs, a, inner = tables(rho, classes, z)
    c = len(rho)
    if np.abs(rho - 1 / c).max() > 1e-9 or k + 1 > c:
        raise ValueError(f"rho = {rho}, k = {k}")
    counts, chance = draw_counts(rho @ classes, n)
    logits = inner[:, None, None, :] - inner[:, :, None, None]
    loss = np.einsum("xp,m,xpm->", pairs, chance, log1p_sum(logits, counts))
    _, chance, values = class_draws(rho, classes, z, n)
    jensen = np.einsum("cx,m,cxm->", anchors, chance, values)
    tau = float(c) ** -float(n)
    constant = tau * math.log(n + 1)
    one = np.einsum("cx,cj,cxj->", anchors, (1 - np.eye(c)) / (c - 1), np.logaddexp(0, a))
    return [
        float(loss),
        float(jensen),
        float(jensen),
        float((1 - tau) * one + constant),
        float((1 - tau) / k * task_average(classes, a, k + 1) + constant),
    ]


def task_average(classes, a, size):
    """Mean over sets of `size` classes, over the class c in the set and over x ~ D_c of ln sum_j e^{a_j}."""
    import itertools

    losses = [
        classes[c] @ np.logaddexp.reduce(a[c][:, list(task)], axis=1)
        for task in itertools.combinations(range(len(classes)), size)
        for c in task
    ]
    return float(np.mean(losses))


TOOLS = (tables, draw_counts, log1p_sum, class_draws, task_average, right_lines)


@exercise.wrong(
    "one power too many",
    belief="tau_N = C^-(N+1).",
    hints=(
        "Lines 2 and 3 must be equal. Are yours?",
        "All N + 1 classes agree, on any of C classes: C times C^-(N+1).",
        "tau_N = C^-N.",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    c, old = len(rho), float(len(rho)) ** -float(n_negatives)
    new, cost = old / c, math.log(n_negatives + 1)
    return lines[:2] + [(line - old * cost) / (1 - old) * (1 - new) + new * cost for line in lines[2:]]


@exercise.wrong(
    "split at the first collision",
    belief="Line 3 separates the draws without any collision from the rest.",
    hints=(
        "Lines 2 and 3 must be equal. Are yours?",
        "Only the draws in which all N negatives collide pay exactly ln(N + 1); a partial collision pays more.",
        "The condition is counts[c] < N, not counts[c] == 0.",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    anchors = rho[:, None] * classes
    counts, chance, values = class_draws(rho, classes, z, n_negatives)
    tau = float(len(rho)) ** -float(n_negatives)
    no_collision = np.einsum("cx,m,cm,cxm->", anchors, chance, counts.T == 0, values)
    # Conditional on no collision, then weighted as the statement weighs its own condition.
    share = (1 - 1 / len(rho)) ** n_negatives
    lines[2] = (1 - tau) * no_collision / share + tau * math.log(n_negatives + 1)
    return lines


@exercise.wrong(
    "conditional expectation without its weight",
    belief="Line 3 adds the conditional expectation and the collision term.",
    hints=(
        "Lines 2 and 3 must be equal. Are yours?",
        "A conditional expectation enters with the probability of its condition: 1 - tau_N.",
        "Restrict the sum of line 2 and add tau_N ln(N + 1); dividing by 1 - tau_N and multiplying again is idle.",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    tau = float(len(rho)) ** -float(n_negatives)
    constant = tau * math.log(n_negatives + 1)
    lines[2] = (lines[2] - constant) / (1 - tau) + constant
    return lines


@exercise.wrong(
    "line 4 with collisions",
    belief="The one negative of line 4 is drawn from all classes.",
    hints=(
        "For N = 1, lines 3 and 4 must be equal.",
        "Given that some c_i differs from c, keep one such negative: its class is uniform over the C - 1 others.",
        "Average zeta(a_j) over j != c, with weights 1/(C - 1).",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    anchors, _, a, _ = tables(rho, classes, z)
    tau = float(len(rho)) ** -float(n_negatives)
    one = (anchors * np.logaddexp(0, a).mean(axis=2)).sum()
    lines[3] = (1 - tau) * one + tau * math.log(n_negatives + 1)
    return lines


@exercise.wrong(
    "1/k forgotten",
    belief="One negative of another class costs as much as a whole task.",
    hints=(
        "For k > 1, is your line 5 below line 4?",
        "The k logistic losses of a task sum to at least its cross-entropy; line 4 holds one of them.",
        "Line 5 is (1 - tau_N)/k times the average task loss, plus the constant.",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    constant = float(len(rho)) ** -float(n_negatives) * math.log(n_negatives + 1)
    lines[4] = k * (lines[4] - constant) + constant
    return lines


@exercise.wrong(
    "tasks of k classes",
    belief="A task has k classes, the anchor's included.",
    hints=(
        "How many classes does a task have for k = 1?",
        "k counts the classes other than the anchor's: a task has k + 1.",
        "itertools.combinations(range(C), k + 1).",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    _, _, a, _ = tables(rho, classes, z)
    tau = float(len(rho)) ** -float(n_negatives)
    lines[4] = (1 - tau) / k * task_average(classes, a, k) + tau * math.log(n_negatives + 1)
    return lines


@exercise.wrong(
    "classes of a task drawn with replacement",
    belief="The k other classes of a task are drawn independently.",
    hints=(
        "May a task contain the same class twice?",
        "A task is a set of k + 1 distinct classes.",
        "itertools.combinations, not itertools.product.",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    anchors, _, a, _ = tables(rho, classes, z)
    counts, chance = draw_counts(rho, k)
    tau = float(len(rho)) ** -float(n_negatives)
    average = np.einsum("cx,m,cxm->", anchors, chance, log1p_sum(a[:, :, None, :], counts))
    lines[4] = (1 - tau) / k * average + tau * math.log(n_negatives + 1)
    return lines


@exercise.wrong(
    "a full collision pays log 2 = 1",
    belief="The collision term is tau_N log2(N + 1), as with the base of the restated proposition.",
    hints=(
        "Lines 2 and 3 must be equal. Are yours?",
        "In nats, N collisions and the positive score the same: ln(N + 1).",
        "tau_N * math.log(n_negatives + 1).",
    ),
    uses=TOOLS,
)
def ladder_proposition1(rho, classes, z, n_negatives, k):
    lines = right_lines(rho, classes, z, n_negatives, k)
    tau = float(len(rho)) ** -float(n_negatives)
    extra = tau * (math.log2(n_negatives + 1) - math.log(n_negatives + 1))
    return lines[:2] + [line + extra for line in lines[2:]]


@exercise.accepted("sequences of draws with itertools")
def ladder_proposition1(rho, classes, z, n_negatives, k):
    import itertools

    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    size = len(rho)
    if k >= size or not np.allclose(rho, 1 / size, rtol=0, atol=1e-9):
        raise ValueError(f"k = {k}, rho = {rho}")
    inner, scores, negative = z @ z.T, z @ (classes @ z).T, classes.mean(axis=0)
    pairs, zeta_all = classes.T @ classes / size, np.logaddexp(0, scores[None] - scores.T[:, :, None])

    def lse(rows):
        return np.logaddexp(0, np.logaddexp.reduce(rows, axis=-1))

    one = sum(
        negative[list(draw)].prod() * (pairs * lse(inner[:, None, list(draw)] - inner[:, :, None])).sum()
        for draw in itertools.product(range(len(z)), repeat=n_negatives)
    )
    two = three = 0.0
    for draw in itertools.product(range(size), repeat=n_negatives):
        for c in range(size):
            value = size ** -(n_negatives + 1.0) * classes[c] @ lse(scores[:, list(draw)] - scores[:, [c]])
            two += value
            three += value if set(draw) != {c} else 0.0
    tau = (1 / size) ** n_negatives
    constant = tau * math.log(n_negatives + 1)
    four = np.mean([classes[c] @ zeta_all[c, :, j] for c in range(size) for j in range(size) if j != c])
    five = np.mean(
        [
            classes[c] @ (np.logaddexp.reduce(scores[:, list(task)], axis=1) - scores[:, c])
            for task in itertools.combinations(range(size), k + 1)
            for c in task
        ]
    )
    return [one, two, three + constant, (1 - tau) * four + constant, (1 - tau) / k * five + constant]


@exercise.accepted("torch", uses=(draw_counts,))
def ladder_proposition1(rho, classes, z, n_negatives, k):
    import itertools

    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    size = len(rho)
    if k + 1 > size or max(abs(rho - 1 / size)) > 1e-9:
        raise ValueError(f"k = {k}, rho = {rho}")
    rows, points = torch.from_numpy(classes), torch.from_numpy(z)
    inner, scores = points @ points.T, points @ (rows @ points).T
    a, anchors = scores[None] - scores.T[:, :, None], rows / size

    def losses(logits, counts):
        terms = logits.unsqueeze(-2) + torch.from_numpy(counts).double().log()
        return F.softplus(terms.logsumexp(-1))

    counts, chance = draw_counts(rho @ classes, n_negatives)
    one = (rows.T @ rows / size * (losses(inner[:, None] - inner[:, :, None], counts) @ torch.from_numpy(chance))).sum()
    counts, chance = draw_counts(rho, n_negatives)
    values = anchors[:, :, None] * losses(a, counts) * torch.from_numpy(chance)
    some_other = torch.from_numpy((counts < n_negatives).T)[:, None, :]
    tau = 1 / size**n_negatives
    constant = tau * math.log(n_negatives + 1)
    four = (anchors[:, :, None] * F.softplus(a)).sum((0, 1)).sum() - math.log(2)  # the term j = c is ln 2
    tasks = [list(task) for task in itertools.combinations(range(size), k + 1)]
    five = sum((rows[t] * (scores[:, t].logsumexp(1) - scores.T[t])).sum() for t in tasks) / len(tasks) / (k + 1)
    return (
        one,
        values.sum(),
        (values * some_other).sum() + constant,
        (1 - tau) * four / (size - 1) + constant,
        (1 - tau) / k * five + constant,
    )


@exercise.accepted("line 3 copied from line 2", uses=(tables, draw_counts, log1p_sum, class_draws, task_average))
def ladder_proposition1(rho, classes, z, n_negatives, k):
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    anchors, pairs, a, inner = tables(rho, classes, z)
    if np.ptp(rho) > 1e-9 or len(rho) < k + 1:
        raise ValueError(f"rho = {rho}, k = {k}")
    counts, chance = draw_counts(rho @ classes, n_negatives)
    table = log1p_sum(inner[:, None, None, :] - inner[:, :, None, None], counts) @ chance
    _, chance, values = class_draws(rho, classes, z, n_negatives)
    two = (anchors * (values @ chance)).sum()
    tau = len(rho) ** -float(n_negatives)
    constant = tau * np.log1p(n_negatives)
    four = task_average(classes, a, 2)  # for k = 1 a task is one other class
    return [
        (pairs * table).sum(),
        two,
        two,
        (1 - tau) * four + constant,
        (1 - tau) / k * task_average(classes, a, k + 1) + constant,
    ]
