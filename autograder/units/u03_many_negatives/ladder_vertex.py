"""ladder_vertex: what its check looks at. Each term of each line, the rarest *other* class, identities, inequalities."""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, needs, world
from autograder.author.ladders import first_break
from autograder.units.u03_many_negatives.ladder_tools import (
    any_class,
    class_logits,
    draw_counts,
    larger,
    loss_line,
    rises,
    shares,
    slips_of_the_first_lines,
)
from autograder.units.u03_many_negatives.theorems import additive, floor, mean_loss, poissonised, rarest_other, vertex
from course import validate, worlds

LINES = ("line 1 (the loss)", "line 2 (after Jensen)", "line 3 (the vertex)", "line 4 (the target)")

exercise = Exercise(
    "ladder_vertex",
    refuses=(
        world("rho", "classes", "z"),
        needs("len(rho) >= 2", {"one class": {"rho": np.ones(1), "classes": lambda rows: rows[:1]}}),
        count("n_negatives", "N"),
    ),
    hints={
        "values": (
            "The message says which line and which term differ. Correct the first one first.",
            "Line 1 is that of ladder_lemma2. Line 2 adds up its line 2 by the number m of collisions: for an anchor of "
            "class c a draw has counts[:, c] of them.",
            "Line 3: for each class c and anchor x, phi = ln(1 + sum over j != c of e^{a_j}); then vertex_value with the "
            "rarest class other than c, averaged over x.",
            "Line 4: two terms, p L_sup and the constant. lemma2_best at loss 0 is -constant / p.",
        ),
        "stability": ("log1p_sum and vertex_value work for any logits: do not take exponentials before them.",),
        "bad input": ("validate.world(rho, classes, z), validate.count(minimum=1, n_negatives=n_negatives), C >= 2.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d, n in ((3, 4, 2, 3), (2, 4, 3, 4), (4, 5, 2, 2), (3, 5, 1, 2)):
        args = (*worlds.random_world(rng, c, s, d, 1.1), n)
        yield Case(f"C = {c}, S = {s}, d = {d}, N = {n}", args, compare="ladder")
    args = (*worlds.class_constant_world(rng, 3, 5, 2, 1.2), 3)
    yield Case("constant inside each class, N = 3", args, compare="ladder")
    yield Case("one negative", (*worlds.random_world(rng, 3, 4, 2), 1), compare="ladder")
    for label, args, n in larger(rng):
        yield Case(label, (*args, n), compare="ladder", public=False)
    args = (*worlds.random_world(rng, 2, 4, 2, 30.0), 2)
    yield Case("logits up to about 1e3", args, part="stability", compare="ladder")
    yield from exercise.bad_inputs(*worlds.random_world(rng, 3, 4, 2), 3)


@exercise.property("every line is at least the next")
def descending(f, rng):
    return rises(f, rng, LINES, most=3)


@exercise.property("equalities: Jensen on class-constant worlds, the vertex where there is one rival")
def equality(f, rng):
    for n in (1, 3):
        broken = first_break(f(*worlds.class_constant_world(rng, 3, 5, 2), n), LINES, equal={1})
        if broken:
            return f"on a world with an embedding constant inside each class {broken}"
        broken = first_break(f(*worlds.random_world(rng, 2, 4, 2), n), LINES, equal={2})
        if broken:
            return f"with two classes, one rival each, {broken}"


def losses(classes, z):
    """phi(c, x), axes: class of the anchor, anchor."""
    return np.logaddexp.reduce(class_logits(classes, z), axis=2)


def at_the_vertex(rho, classes, z, n, rival=rarest_other, taken="anchors", own=lambda p, rho: p):
    """Line 3: psi at each anchor; taken = "means": at the mean of phi; "largest logit": with that class as the rival."""
    found = []
    for c, (p, row, phi) in enumerate(zip(rho, classes, losses(classes, z), strict=True)):
        if taken == "largest logit":
            logits = np.where(np.arange(len(rho)) == c, -np.inf, class_logits(classes, z)[c])
            rivals = rho[logits.argmax(axis=1)]
            found.append(p * sum(w * vertex(n, p, b, v)[0] for w, b, v in zip(row, rivals, phi, strict=True)))
        elif taken == "one rival's own":
            logits = np.where(np.arange(len(rho)) == c, -np.inf, class_logits(classes, z)[c])
            found.append(p * (row @ vertex(n, p, rival(rho, c), np.logaddexp(0, logits.max(axis=1)))))
        elif taken == "each rival":
            found.append(p * np.mean([row @ vertex(n, p, b, phi) for b in np.delete(rho, c)]))
        elif taken == "means":
            found.append(p * vertex(n, p, rival(rho, c), row @ phi)[0])
        else:
            found.append(p * (row @ vertex(n, own(p, rho), rival(rho, c), phi)))
    return np.array(found)


def given_collisions(share, counts, n, chances):
    """Terms of line 2, each divided by the chance of its number of collisions, for each class of the anchor."""
    met = [np.where(m == counts.T, 1.0, 0.0) for m in range(n + 1)]
    return [((share * hit).sum(axis=1) / (chances * hit).sum(axis=1)).sum() for hit in met]


@exercise.formula
def ladder_vertex(
    rho,
    classes,
    z,
    n_negatives,
    *,
    line1="the draws",
    jensen="both means",
    cut=lambda share, counts, n, chances: [share[m == counts.T].sum() for m in range(n + 1)],
    rival=rarest_other,
    taken="anchors",
    worst=min,
    constant=additive,
    weight=1.0,
    finish=list,
    last=lambda p: p,
    seen=lambda p, rho, n: 1 - (1 - p) ** n,
    own=lambda p, rho: p,
):
    drawn = any_class(rho, n_negatives)
    line2 = cut(shares(rho, classes, z, drawn, jensen), drawn[0], n_negatives, drawn[1])
    line3 = at_the_vertex(rho, classes, z, n_negatives, rival, taken, own) * rho ** (weight - 1)
    p = seen(worst(rho), rho, n_negatives)
    target = [last(p) * mean_loss(rho, classes, z), constant(rho, n_negatives)]
    return finish([loss_line(rho, classes, z, n_negatives, line1), line2, line3, target])


slips_of_the_first_lines(exercise)
exercise.slip(
    "line 2 by the rarest class's draws",
    cut=lambda share, counts, n, chances: [share[:, counts.min(axis=1) == m].sum() for m in range(n + 1)],
).says(
    "Term m of line 2 holds the draws whose least drawn class was drawn m times.",
    "Which class makes a draw a collision?",
    "The class of the anchor: the same draw has different numbers of collisions for different anchors.",
    "For an anchor of class c the number of collisions is counts[:, c].",
)
exercise.slip("the rarest class of all", rival=lambda rho, c: min(rho)).says(
    "The worst rival is the rarest class, whatever the anchor's class.",
    "Can a class be its own rival?",
    "For an anchor of the rarest class the worst rival is the second rarest.",
    "min over j != c of rho_j.",
)
exercise.slip("the most frequent other class", rival=lambda rho, c: max(np.delete(rho, c))).says(
    "The worst rival is the one that is drawn most often.",
    "Compare lines 2 and 3 on random worlds: which must be smaller?",
    "The vertex that costs the contrastive loss least is the rarest class's.",
    "min over j != c of rho_j.",
)
exercise.slip("the rival of the largest logit", taken="largest logit").says(
    "The weight is moved to the class with the largest logit.",
    "For which class is the contrastive loss smallest, once it has all the weight?",
    "How large its logit was no longer matters: phi is kept. What matters is how often the class is drawn.",
    "min over j != c of rho_j.",
)
exercise.slip("psi at the mean of phi", taken="means").says(
    "The loss phi may be averaged over x before psi is taken.",
    "Is psi a straight line?",
    "Line 3 is the mean of psi(phi(c, x)) over x, not psi of the mean.",
    "Call vertex_value for each anchor with its own phi.",
)
exercise.slip("rho_c counted twice", weight=2.0).says(
    "The class of the anchor weighs rho_c^2.",
    "How often does an anchor have class c?",
    "psi_c already holds the chances of the draws. Outside stands rho_c, once.",
    "rho_c times the mean over x ~ D_c.",
)
exercise.slip("p_max in the target", worst=max).says(
    "The factor of the target is the chance to see the most frequent class.",
    "Compare lines 3 and 4: which must be smaller?",
    "The rarest class decides.",
    "p = 1 - (1 - min(rho))^N.",
)
exercise.slip("the floor in the target", constant=floor).says(
    "The constant of the target is the floor of the loss.",
    "Compare lines 3 and 4 on random worlds.",
    "Beside the factor p only the limit of psi - p phi may stand, which is smaller than the floor.",
    "-p times lemma2_best(0, rho, N).",
)
exercise.slip("line 3 without rho_c", weight=0.0).says(
    "A term of line 3 is given the class c: its probability does not enter.",
    "The sum of line 3 must be at most that of line 2. Is it?",
    "The statement includes the probability of the anchor's class.",
    "rho_c times the mean over x ~ D_c.",
)
exercise.slip(
    "line 2 by the negatives of other classes",
    cut=lambda share, counts, n, chances: [share[n - m == counts.T].sum() for m in range(n + 1)],
).says(
    "Term m of line 2 is for the draws with m negatives of other classes.",
    "Which draws are in the first term: those without a collision, or those with nothing else?",
    "m counts the collisions, the draws of the anchor's own class.",
    "For an anchor of class c the number of collisions is counts[:, c].",
)
exercise.slip("the largest logit's share alone", taken="one rival's own").says(
    "At the vertex one rival is left, with the largest logit of the anchor.",
    "What becomes of phi(c, x) when the other rivals are left out?",
    "All their weight is moved to the one rival: phi stays what it is.",
    "phi = ln(1 + sum over all j != c of e^{a_j}), then vertex_value.",
)
exercise.slip("averaged over the rivals", taken="each rival").says(
    "Line 3 averages over the rival to which the weight is moved.",
    "Is the mean of the vertices' values below the value of line 2?",
    "A concave function is at least its *smallest* value at the vertices.",
    "The rarest class other than c, alone.",
)
exercise.slip("the target without p", last=lambda p: 1.0).says(
    "The first term of line 4 is L_sup itself.",
    "Compare lines 3 and 4: which must be smaller?",
    "The rarest rival is drawn with the chance p only.",
    "p L_sup, and the constant.",
)
exercise.slip("the constant with a minus", constant=lambda rho, n: -additive(rho, n)).says(
    "The constant of line 4 is negative.",
    "For N = 1 line 4 is p_min L_sup + ln 2 sum rho^2. What is yours?",
    "In D+ the constant is subtracted from the loss; on this side it is added.",
    "-p times lemma2_best(0, rho, N), which is positive.",
)
exercise.slip("the constant divided by p", constant=lambda rho, n: additive(rho, n) / (1 - (1 - min(rho)) ** n)).says(
    "The constant of line 4 is lemma2_best at loss 0, but for its sign.",
    "What does lemma2_best divide by?",
    "lemma2_best(0, rho, N) is -constant / p.",
    "-p times lemma2_best(0, rho, N).",
)
exercise.slip("lemma2_best as constant", constant=lambda rho, n: -additive(rho, n) / (1 - (1 - min(rho)) ** n)).says(
    "The constant of line 4 is lemma2_best at loss 0.",
    "Can a part of the loss that collisions cost be negative?",
    "lemma2_best(0, rho, N) is -constant / p.",
    "-p times lemma2_best(0, rho, N).",
)
exercise.slip(
    "only full collisions in the target", constant=lambda rho, n: (rho ** (n + 1.0)).sum() * math.log(n + 1)
).says(
    "The constant of line 4 is tau_N ln(N + 1), as in Proposition D.",
    "That is a true line, and not the one that is asked for: which constant does lemma2_best subtract?",
    "Draws with some collisions, and draws that hit the rival twice, cost more than 1 + the rival's term.",
    "-p times lemma2_best(0, rho, N).",
)
exercise.slip("line 2 given the number of collisions", cut=given_collisions).says(
    "Term m of line 2 is the expectation given m collisions.",
    "The sum of line 2 must be at most line 1. Is it?",
    "Parts of an expectation add up to it: the chance of the draws is included.",
    "Sum chance * value over the draws with m collisions, without dividing by anything.",
)
exercise.slip("the chance of complete draws", seen=lambda p, rho, n: poissonised(rho, n)).says(
    "The factor of the target is p_cc(N), as in Lemma 2.",
    "How many rivals are left at the vertex?",
    "One: it must be drawn, not all classes.",
    "p = 1 - (1 - min(rho))^N.",
)
exercise.slip("p_min in the target", seen=lambda p, rho, n: min(rho)).says(
    "The factor of the target is p_min, whatever N is.",
    "Do more draws show the rarest class more often?",
    "p_min is its chance in one draw.",
    "p = 1 - (1 - min(rho))^N.",
)
exercise.slip("no constant", constant=lambda rho, n: 0.0).says(
    "Nothing is added to p L_sup.",
    "Which constant does lemma2_best subtract?",
    "Collisions and repetitions of the rival cost something, whatever phi is.",
    "-p times lemma2_best(0, rho, N).",
)
exercise.slip("the anchor as rare as the rarest", own=lambda p, rho: min(rho)).says(
    "At the vertex the anchor's class has the probability p_min too.",
    "How likely is a collision with an anchor of class c?",
    "rho_c: only the rival is the rarest class.",
    "vertex_value(rho_c, the smallest rho_j with j != c, N, phi).",
)

exercise.style("lines as lists of Python floats", finish=lambda lines: [np.asarray(line).tolist() for line in lines])


@exercise.accepted("sequences of draws with itertools, validated first", guarded=False)
def ladder_vertex(rho, classes, z, n_negatives):
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError(f"one class has no rival: rho = {rho}")
    inner, scores, negative = z @ z.T, z @ (classes @ z).T, rho @ classes

    def lse(rows):
        return np.logaddexp(0, np.logaddexp.reduce(rows, axis=-1))

    one, two = 0.0, np.zeros(n_negatives + 1)
    pairs = classes.T @ (rho[:, None] * classes)
    for draw in itertools.product(range(len(z)), repeat=n_negatives):
        one += negative[list(draw)].prod() * (pairs * lse(inner[:, None, list(draw)] - inner[:, :, None])).sum()
    for draw in itertools.product(range(len(rho)), repeat=n_negatives):
        value = rho * (classes * lse(scores[None, :, list(draw)] - scores.T[:, :, None])).sum(axis=1)
        for c in range(len(rho)):
            two[draw.count(c)] += rho[list(draw)].prod() * value[c]
    phi = np.logaddexp.reduce(scores, axis=1) - scores.T
    three = []
    for c in range(len(rho)):
        rival = sorted(rho[j] for j in range(len(rho)) if j != c)[0]
        three.append(
            rho[c] * sum(p * vertex(n_negatives, rho[c], rival, v)[0] for p, v in zip(classes[c], phi[c], strict=True))
        )
    p = -math.expm1(n_negatives * math.log1p(-min(rho)))
    return [one, list(two), three, [p * (rho[:, None] * classes * phi).sum(), additive(rho, n_negatives)]]


@exercise.accepted("torch, whole tables")
def ladder_vertex(rho, classes, z, n_negatives):
    law, rows, points = map(torch.from_numpy, (rho, classes, z))
    inner, scores = points @ points.T, points @ (rows @ points).T
    anchors = law[:, None] * rows

    def losses(logits, counts):
        terms = logits + torch.from_numpy(counts).double().log()
        return torch.cat([terms, torch.zeros_like(terms[..., :1])], dim=-1).logsumexp(-1)

    counts, chance = draw_counts(rho @ classes, n_negatives)
    values = losses(inner[:, None, None, :] - inner[:, :, None, None], counts)
    one = torch.einsum("xp,m,xpm->", anchors.T @ rows, torch.from_numpy(chance), values)
    counts, chance = draw_counts(rho, n_negatives)
    values = (anchors[:, :, None] * losses(scores[None, :, None, :] - scores.T[:, :, None, None], counts)).sum(1)
    values = values * torch.from_numpy(chance)  # axes: class of the anchor, draw
    two = [values[torch.from_numpy(m == counts.T)].sum() for m in range(n_negatives + 1)]
    phi = (scores.logsumexp(1) - scores.T).numpy()
    three = [
        rho[c] * classes[c] @ vertex(n_negatives, rho[c], np.delete(rho, c).min(), phi[c]) for c in range(len(rho))
    ]
    p = 1 - (1 - law.min()) ** n_negatives
    return (
        one,
        torch.stack(two),
        np.array(three),
        [p * (anchors * torch.from_numpy(phi)).sum(), additive(rho, n_negatives)],
    )
