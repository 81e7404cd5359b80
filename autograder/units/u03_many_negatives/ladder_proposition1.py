"""ladder_proposition1: what its check looks at. Each term of each line, N = 1 and more, k from 1 to C - 1, inequalities.

Lines 2 and 3 have one value by the proof, lines 4 and 5 too for k = 1: they are cut into different terms."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, count, needs, world
from autograder.author.ladders import first_break
from autograder.units.u03_many_negatives.ladder_tools import (
    any_class,
    class_logits,
    draw_counts,
    larger,
    loss_line,
    other_classes,
    shares,
    slips_of_the_first_lines,
)
from autograder.units.u03_many_negatives.theorems import LN2, task_loss
from course import validate, worlds

LINES = (
    "line 1 (the loss)",
    "line 2 (after Jensen)",
    "line 3 (split by collision)",
    "line 4 (one negative of another class)",
    "line 5 (the target)",
)
IDENTITIES = {2}  # index of the line that equals the one before it

exercise = Exercise(
    "ladder_proposition1",
    refuses=(
        world("rho", "classes", "z"),
        needs("max(rho) - min(rho) <= 1e-9", {"rho is not uniform": {"rho": np.array([0.3, 0.3, 0.4])}}),
        count("n_negatives", "N"),
        count("k"),
        needs("k + 1 <= len(rho)", {"k + 1 > C": {"k": 3}}),
    ),
    hints={
        "values": (
            "The message says which line and which term differ. Correct the first one first.",
            "Line 1 is that of ladder_lemma2. Line 2 and line 3 add up the same draws: line 2 keeps the class of the anchor "
            "apart, line 3 the number of collisions.",
            "tau_N = C^-N, and the same constant tau_N ln(N + 1) is the last term of lines 3, 4 and 5.",
            "Line 3: counts[m, c] is the number of collisions of draw m with an anchor of class c.",
            "Line 4: for each c, average zeta(a_j) over x and over the C - 1 classes j other than c.",
            "Line 5: all sets T of k + 1 classes weigh the same, and so do the classes c in T.",
        ),
        "stability": ("log1p_sum and np.logaddexp.reduce work for any logits.",),
        "bad input": ("rho must be uniform: compare it with 1/C. Then k >= 1 and k + 1 <= C.",),
    },
)


@exercise.cases
def cases(rng):
    sizes = ((3, 4, 2, 1, 1), (3, 4, 2, 3, 2), (4, 4, 3, 2, 3), (2, 4, 1, 4, 1), (4, 3, 2, 3, 1))
    for c, s, d, n, k in sizes:
        args = (*worlds.random_world(rng, c, s, d, 1.1, uniform=True), n, k)
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}, k = {k}", args, compare="ladder", public=(c, n) != (4, 3))
    for label, args, n in larger(rng, uniform=True):
        k = min(int(rng.integers(2, 4)), len(args[0]) - 1)
        yield Case(label, (*args, n, k), compare="ladder", public=False)
    args = (*worlds.random_world(rng, 3, 4, 2, 60.0, uniform=True), 2, 2)
    yield Case("logits up to about 1e4", args, part="stability", compare="ladder")
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 4, 2, uniform=True), 2, 1)
    rho, classes, z = worlds.random_world(rng, 3, 4, 2, uniform=True)
    hint = "It differs from 1/C by 1e-11, and only more than 1e-9 is refused."
    rho = rho + np.array([1e-11, -1e-11, 0.0])
    yield Case("uniform up to rounding", (rho, classes, z, 2, 2), compare="ladder", public=False, hint=hint)


@exercise.property("every line is at least the next, and lines 2 and 3 are equal")
def descending(f, rng):
    for _ in range(8):
        c = int(rng.integers(2, 5))
        args = worlds.random_world(rng, c, 4, 2, rng.uniform(0.2, 2), uniform=True)
        broken = first_break(f(*args, int(rng.integers(1, 4)), int(rng.integers(1, c))), LINES, IDENTITIES)
        if broken:
            return broken


@exercise.property("one negative and k = 1: lines 3, 4 and 5 are equal")
def pairs_only(f, rng):
    for _ in range(4):
        lines = f(*worlds.random_world(rng, 3, 4, 2, rng.uniform(0.3, 2), uniform=True), 1, 1)
        broken = first_break(lines, LINES, equal={*IDENTITIES, 3, 4})
        if broken:
            return f"for N = 1 and k = 1 {broken}"


def replaced_task_loss(classes, z, k):
    """The mean over k classes that are drawn with replacement."""
    rho = np.full(len(classes), 1 / len(classes))
    return shares(rho, classes, z, any_class(rho, k)).sum()


def against_rivals(classes, z, k):
    """The task's loss with the k other classes alone in the logarithm."""
    a, size = class_logits(classes, z), len(classes)
    found = [
        classes[c] @ np.logaddexp.reduce(a[c][:, list(others)], axis=1)
        for c in range(size)
        for others in itertools.combinations([j for j in range(size) if j != c], k)
    ]
    return np.mean(found)


@exercise.formula
def ladder_proposition1(
    rho,
    classes,
    z,
    n_negatives,
    k,
    *,
    line1="the draws",
    draws=any_class,
    jensen="both means",
    again=lambda jensen: jensen,
    collisions=lambda counts: counts.T,
    kept=lambda term, tau, m, n, size: term,
    others=lambda size: (1 - np.eye(size)) / (size - 1),
    task=lambda classes, z, k: task_loss(classes, z, k + 1),
    split=lambda k: k,
    collide=lambda size, n: float(size) ** -float(n),
    price=lambda n: math.log(n + 1),
    finish=list,
    outside=lambda size: 1.0,
    weight=lambda tau, size, n: 1 - tau,
    copies=lambda n: 1,
):
    drawn, tau = draws(rho, n_negatives), collide(len(rho), n_negatives)
    line1, last = loss_line(rho, classes, z, n_negatives, line1), tau * price(n_negatives)
    line2 = outside(len(rho)) * shares(rho, classes, z, drawn, jensen).sum(axis=1)
    share, met = shares(rho, classes, z, drawn, again(jensen)), collisions(drawn[0])
    line3 = [kept(share[met == m].sum(), tau, m, n_negatives, len(rho)) for m in range(n_negatives)]
    zeta = np.logaddexp(0, math.log(copies(n_negatives)) + class_logits(classes, z))
    line4 = weight(tau, len(rho), n_negatives) * np.einsum("c,cx,cj,cxj->c", rho, classes, others(len(rho)), zeta)
    line5 = (1 - tau) / split(k) * task(classes, z, k)
    return finish([line1, line2, [*line3, last], [*line4, last], [line5, last]])


slips_of_the_first_lines(exercise)
exercise.slip("line 2 without collisions", draws=other_classes).says(
    "In line 2 the negatives come from the classes other than the anchor's.",
    "Compare lines 1 and 2 where the embedding is constant inside each class: they must agree.",
    "Each c_i is any class, also the anchor's: a collision adds e^0 = 1. It is line 4 that drops collisions.",
    "Enumerate draws from rho itself, for every anchor.",
)
exercise.slip("one power too many", collide=lambda size, n: float(size) ** -(n + 1.0)).says(
    "tau_N = C^-(N+1).",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "All N + 1 classes agree, on any of C classes: C times C^-(N+1).",
    "tau_N = C^-N.",
)
exercise.slip("partial collisions dropped too early", again=lambda jensen: "no collisions").says(
    "A negative that collides adds nothing, so partial collisions may be left out of the logarithm on line 3.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "A collision adds e^0 = 1 to the sum inside the logarithm; it is line 4 that drops it.",
    "Take the same values as on line 2 and sort them by the number of collisions, counts[m, c].",
)
exercise.slip(
    "sorted by the most frequent class",
    collisions=lambda counts: np.repeat(counts.max(axis=1)[None, :], counts.shape[1], axis=0),
).says(
    "The number of collisions of a draw is how often its most frequent class was drawn.",
    "With whom does a negative collide?",
    "With the anchor: a draw collides with an anchor of class c as often as it shows c.",
    "counts[m, c], not counts[m].max().",
)
exercise.slip("conditional expectation without its weight", kept=lambda term, tau, m, n, size: term / (1 - tau)).says(
    "The terms of line 3 before the last are expectations given that not all negatives collide.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "A conditional expectation enters with the probability of its condition: 1 - tau_N.",
    "Restrict the sum of line 2 to the draws with m collisions, without dividing by anything.",
)
exercise.slip("line 4 with collisions", others=lambda size: np.full((size, size), 1 / size)).says(
    "The one negative of line 4 is drawn from all classes.",
    "For N = 1, lines 3 and 4 must be equal.",
    "Given that some c_i differs from c, keep one such negative: its class is uniform over the C - 1 others.",
    "Average zeta(a_j) over j != c, with weights 1/(C - 1).",
)
exercise.slip("1/k forgotten", split=lambda k: 1).says(
    "One negative of another class costs as much as a whole task.",
    "For k > 1, is your line 5 below line 4?",
    "The k logistic losses of a task sum to at least its cross-entropy; line 4 holds one of them.",
    "Line 5 is (1 - tau_N)/k times the average task loss, plus the constant.",
)
exercise.slip("tasks of k classes", task=task_loss).says(
    "A task has k classes, the anchor's included.",
    "How many classes does a task have for k = 1?",
    "k counts the classes other than the anchor's: a task has k + 1.",
    "itertools.combinations(range(C), k + 1).",
)
exercise.slip("classes of a task drawn with replacement", task=replaced_task_loss).says(
    "The k other classes of a task are drawn independently.",
    "May a task contain the same class twice?",
    "A task is a set of k + 1 distinct classes.",
    "itertools.combinations, not itertools.product.",
)
exercise.slip("a full collision pays log 2 = 1", price=lambda n: math.log2(n + 1)).says(
    "The collision term is tau_N log2(N + 1), as with the base of the restated proposition.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "In nats, N collisions and the positive score the same: ln(N + 1).",
    "tau_N * math.log(n_negatives + 1).",
)
exercise.slip("a full collision pays 1", price=lambda n: 1.0).says(
    "The collision term is tau_N itself.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "tau_N is how often all negatives collide. What does the loss cost then?",
    "All N + 1 candidates score the same: tau_N ln(N + 1).",
)
exercise.slip("a full collision pays ln 2", price=lambda n: LN2).says(
    "Collisions cost ln 2, however many negatives collide.",
    "For N > 1, the sums of lines 2 and 3 must be equal. Are yours?",
    "ln 2 is the cost of one collision among two candidates. How many candidates score the same here?",
    "N negatives and the positive: tau_N ln(N + 1).",
)
exercise.slip("line 2 given the anchor's class", outside=lambda size: size).says(
    "A term of line 2 is given the class c: its probability does not enter.",
    "The sum of line 2 must be at most line 1. Is it?",
    "The probability 1/C of the class is included.",
    "Divide each term by C.",
)
exercise.slip(
    "line 3 given the number of collisions",
    kept=lambda term, tau, m, n, size: term / (math.comb(n, m) * (1 / size) ** m * (1 - 1 / size) ** (n - m)),
).says(
    "Term m of line 3 is the expectation given m collisions.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "Parts of an expectation add up to it: the chance of m collisions is included.",
    "Sum chance * value over the draws with m collisions, without dividing by anything.",
)
exercise.slip("sorted by what does not collide", collisions=lambda counts: counts.sum(axis=1) - counts.T).says(
    "Term m of line 3 is for the draws with m negatives of other classes.",
    "What does the last term hold, in which all negatives collide?",
    "m counts the collisions: the first term has none, the last N of them.",
    "counts[m, c], the number of c_i that equal c.",
)
exercise.slip("no collision at all", weight=lambda tau, size, n: (1 - 1 / size) ** n).says(
    "Line 4 keeps only draws without any collision.",
    "For N > 1, which draws hold a negative of another class?",
    "All but the full collisions: their chance is 1 - tau_N, not (1 - 1/C)^N.",
    "(1 - tau_N) times the mean of zeta(a_j) over j != c.",
)
exercise.slip("line 4 without its weight", weight=lambda tau, size, n: 1.0).says(
    "Line 4 is the expectation of zeta for a negative of another class; how often there is one does not enter.",
    "For N = 1, lines 3 and 4 must be equal. Are yours?",
    "Draws in which all negatives collide hold no such negative, and are in the last term.",
    "Multiply by 1 - tau_N.",
)
exercise.slip("N copies of the one negative", copies=lambda n: n).says(
    "The one negative of another class counts N times.",
    "What is kept of a draw with one negative of another class and N - 1 collisions?",
    "The 1 and one term: ln(1 + e^{a_j}) = zeta(a_j).",
    "np.logaddexp(0, a_j), without N.",
)
exercise.slip("multiplied by k", split=lambda k: 1 / k).says(
    "Line 5 is k times the task's loss.",
    "For k > 1, is your line 5 below line 4?",
    "The k logistic losses of a task sum to at least its cross-entropy; line 4 holds one of them.",
    "Line 5 is (1 - tau_N)/k times the average task loss, plus the constant.",
)
exercise.slip("all classes, whatever k is", task=lambda classes, z, k: task_loss(classes, z, len(classes))).says(
    "The task of line 5 is to tell all C classes apart.",
    "Does your line 5 depend on k beyond its factor?",
    "L_sup,k is the mean over sets of k + 1 classes.",
    "itertools.combinations(range(C), k + 1).",
)
exercise.slip("rivals only in the task", task=against_rivals).says(
    "The task's loss is the log-sum-exp over the classes other than c.",
    "A cross-entropy is never negative. Is yours?",
    "c is one of the classes in T, with a_c = 0.",
    "ln sum over all j in T of e^{a_j}, c included.",
)
exercise.slip("line 4 adds up the other classes", others=lambda size: 1 - np.eye(size)).says(
    "Line 4 holds the zeta of all other classes, added up.",
    "How many negatives does line 4 keep?",
    "One, whose class is uniform over the C - 1 others.",
    "The mean of zeta(a_j) over j != c.",
)
exercise.slip("line 4 with 1/C", others=lambda size: (1 - np.eye(size)) / size).says(
    "Each other class has the probability 1/C in line 4.",
    "Given that the negative's class is not c, how likely is each of the others?",
    "1/(C - 1): the condition is part of the expectation.",
    "The mean of zeta(a_j) over the C - 1 classes j != c.",
)
exercise.slip("a task's k + 1", split=lambda k: k + 1).says(
    "One negative of another class costs a (k + 1)-th of a task.",
    "For N = 1 and k = 1, lines 4 and 5 must be equal. Are yours?",
    "A task has k classes other than the anchor's, and as many logistic losses.",
    "(1 - tau_N) / k.",
)
exercise.slip("the classes of a task added up", task=lambda classes, z, k: (k + 1) * task_loss(classes, z, k + 1)).says(
    "The anchors' classes c in a task T are added up.",
    "For N = 1 and k = 1, lines 4 and 5 must be equal. Are yours?",
    "c is uniform in T: each has the weight 1/(k + 1).",
    "The mean over c in T.",
)
exercise.slip("one collision is enough", collide=lambda size, n: 1 / size).says(
    "tau_N is 1/C, whatever N is.",
    "The sums of lines 2 and 3 must be equal. Are yours?",
    "tau_N is the chance that *all* N negatives have the anchor's class.",
    "tau_N = C^-N.",
)

exercise.style("lines as lists of Python floats", finish=lambda lines: [np.asarray(line).tolist() for line in lines])


@exercise.accepted("sequences of draws with itertools, validated by hand", guarded=False)
def ladder_proposition1(rho, classes, z, n_negatives, k):
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
    two, three = [0.0] * size, [0.0] * (n_negatives + 1)
    for draw in itertools.product(range(size), repeat=n_negatives):
        for c in range(size):
            value = size ** -(n_negatives + 1.0) * classes[c] @ lse(scores[:, list(draw)] - scores[:, [c]])
            two[c] += value
            three[draw.count(c)] += value
    tau = (1 / size) ** n_negatives
    constant = tau * math.log(n_negatives + 1)
    four = [np.mean([classes[c] @ zeta_all[c, :, j] for j in range(size) if j != c]) / size for c in range(size)]
    five = np.mean(
        [
            classes[c] @ (np.logaddexp.reduce(scores[:, list(task)], axis=1) - scores[:, c])
            for task in itertools.combinations(range(size), k + 1)
            for c in task
        ]
    )
    return [one, two, three, [(1 - tau) * term for term in four] + [constant], ((1 - tau) / k * five, constant)]


@exercise.accepted("torch")
def ladder_proposition1(rho, classes, z, n_negatives, k):
    size = len(rho)
    rows, points = torch.from_numpy(classes), torch.from_numpy(z)
    inner, scores = points @ points.T, points @ (rows @ points).T
    a, anchors = scores[None] - scores.T[:, :, None], rows / size

    def losses(logits, counts):
        terms = logits.unsqueeze(-2) + torch.from_numpy(counts).double().log()
        return F.softplus(terms.logsumexp(-1))

    counts, chance = draw_counts(rho @ classes, n_negatives)
    one = (rows.T @ rows / size * (losses(inner[:, None] - inner[:, :, None], counts) @ torch.from_numpy(chance))).sum()
    counts, chance = draw_counts(rho, n_negatives)
    values = (anchors[:, :, None] * losses(a, counts) * torch.from_numpy(chance)).sum(1)
    collisions = torch.from_numpy(counts.T.copy())
    tau = 1 / size**n_negatives
    constant = torch.tensor([tau * math.log(n_negatives + 1)], dtype=torch.float64)
    three = [values[collisions == m].sum() for m in range(n_negatives)]
    four = (anchors[:, :, None] * F.softplus(a)).sum((1, 2)) - math.log(2) / size  # the term j = c is ln 2
    tasks = [list(task) for task in itertools.combinations(range(size), k + 1)]
    five = sum((rows[t] * (scores[:, t].logsumexp(1) - scores.T[t])).sum() for t in tasks) / len(tasks) / (k + 1)
    return (
        one,
        values.sum(1),
        (*three, constant[0]),
        torch.cat([(1 - tau) * four / (size - 1), constant]),
        torch.stack([(1 - tau) / k * five, constant[0]]),
    )
