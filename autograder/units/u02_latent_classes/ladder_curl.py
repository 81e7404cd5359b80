"""ladder_curl: what its check looks at. Each term of each line against its exact value, then each step of the proof on
random worlds (strict in step 1) and on worlds where all lines agree; the first line that breaks is named.

Lines 2 to 4 have one value by the theorem, so they are cut into different terms: no line can be copied from another."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs, world
from autograder.author.draw import larger_world
from autograder.author.ladders import SLACK, first_break, totals
from autograder.units.u02_latent_classes.draws import with_largest_logit
from autograder.units.u02_latent_classes.formulas import (
    LN2,
    distinct,
    loss_of_others,
    one_class,
    own_losses,
    triplet_losses,
    without_repeats,
)
from course import validate, worlds

LINES = ("line 1 (the loss)", "line 2 (after Jensen)", "line 3 (split by collision)", "line 4 (the target)")
IDENTITIES = {2, 3}  # index of the line that equals the one before it

exercise = Exercise(
    "ladder_curl",
    refuses=(
        world("rho", "classes", "z"),
        needs("len(rho) > 1", {"one class": {"rho": np.ones(1), "classes": lambda rows: rows[:1]}}),
    ),
    hints={
        "values": (
            "The message names the first line and term that differ. A list of 1, C, C + 1 and 2 numbers is asked for.",
            "Lines 2 to 4 are built from one table: own[c, e], what an anchor of class c pays on average when the embedding "
            "of the positive is replaced by mu_c and that of the negative by mu_e.",
            "own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c))), and own[c, c] = ln 2.",
            "With the table t[c, e] = rho_c rho_e own[c, e], term c of line 2 is the sum of row c; line 3 is the whole "
            "diagonal of t as collision * ln 2, then each row without its diagonal entry; line 4 puts all of these "
            "rows together as (1 - collision) * mean_classifier_loss.",
        ),
        "stability": ("ln(1 + e^u) = np.logaddexp(0, u) is finite for every u, on each of the lines.",),
        "bad input": ("Calling mean_classifier_loss first raises for all of it, one class included.",),
        "properties": ("Only the step from line 1 to line 2 is an inequality; the other two are identities.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 4, 3), (2, 6, 1), (3, 3, 3)):
        args = worlds.random_world(rng, c, s, d, 1.2)
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", args, compare="ladder")
    args = worlds.random_world(rng, 3, 6, 2, 1.2, overlap=False)
    yield Case("C = 3, S = 6, d = 2, disjoint classes", args, compare="ladder")
    args = worlds.class_constant_world(rng, 3, 6, 2, 1.2)
    yield Case("constant inside each class", args, compare="ladder")
    yield Case("more classes, points and dimensions", larger_world(rng, high=12), compare="ladder", public=False)
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield from exercise.bad_inputs(rho, classes, z)
    far = with_largest_logit(z, z @ (classes @ z).T, 1e3)
    yield Case("margins of 1e3", (rho, classes, far), part="stability", compare="ladder")


@exercise.property("on random worlds the first step descends and the other two are identities")
def random_worlds(f, rng):
    for i in range(8):
        args = worlds.random_world(rng, 2 + i % 3, 5, 2, rng.uniform(0.3, 1.5), overlap=i % 2 == 0)
        broken = first_break(f(*args), LINES, IDENTITIES)
        if broken:
            return f"on a random world {broken}"


@exercise.property("where the embedding is constant inside each class all four lines agree")
def equality_worlds(f, rng):
    for c in (2, 3, 4):
        broken = first_break(f(*worlds.class_constant_world(rng, c, 6, 2)), LINES, equal={1, *IDENTITIES})
        if broken:
            return f"on a world with an embedding constant inside each class {broken}"


@exercise.property("at f = 0 every line is ln 2, and every class gives line 2 its own share of it")
def at_zero(f, rng):
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    lines = f(rho, classes, 0 * z)
    for name, value in zip(LINES, totals(lines, LINES), strict=True):
        if abs(value - LN2) > SLACK:
            return f"at f = 0 every line is ln 2, but {name} is not"
    if np.abs(np.asarray(lines[1]) - rho * LN2).max() > SLACK:
        return "at f = 0 the terms of line 2 are rho_c ln 2"


@exercise.property("the first step is strict when the embedding varies inside a class")
def strict_step(f, rng):
    classes = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    lines = totals(f(np.array([0.6, 0.4]), classes, np.array([[1.5, 0.5], [-1.5, 0.5], [0.2, -1.0]])), LINES)
    if lines[0] - lines[1] < 0.01:
        return f"{LINES[0]} and {LINES[1]} agree on a world whose embedding varies inside a class"


def exact_loss(rho, classes, z):
    return loss_of_pairs(one_class(rho, classes), rho, classes, z)


def of_a_world(rho, classes, z):
    validate.world(rho, classes, z)
    return exact_loss(rho, classes, z)


def loss_of_pairs(joint, rho, classes, z):
    return np.einsum("xy,k,xyk->", joint, rho @ classes, triplet_losses(z))


def independent_pairs(rho, classes, z):
    return loss_of_pairs(np.outer(rho @ classes, rho @ classes), rho, classes, z)


def anchor_as_positive(rho, classes, z):
    return loss_of_pairs(np.diag(rho @ classes), rho, classes, z)


def never_the_anchor(rho, classes, z):
    return loss_of_pairs(without_repeats(one_class(rho, classes)), rho, classes, z)


def after_jensen(rho, classes, z):
    return rho * (own_losses(classes, z) @ rho)


def overflowing(rho, classes, z):
    scores = z @ (classes @ z).T
    own = np.einsum("cx,xce->ce", classes, np.log(1 + np.exp(scores[:, None, :] - scores[:, :, None])))
    return rho * (own @ rho)


def half_jensen(rho, classes, z):
    half = np.logaddexp(0, (z @ z.T)[:, None, :] - (z @ (classes @ z).T)[:, :, None])
    return np.einsum("c,k,cx,xck->c", rho, rho @ classes, classes, half)


def other_half(rho, classes, z):
    half = np.logaddexp(0, (z @ (classes @ z).T)[:, :, None] - (z @ z.T)[:, None, :])  # axes: x, c-, x+
    return np.einsum("c,e,cx,cy,xey->c", rho, rho, classes, classes, half)


def closed_collisions(rho, classes, z):
    return (rho @ rho) * LN2 + distinct(rho).sum() * loss_of_others(rho, classes, z)


def at_the_means(rho, classes, z):
    scores = classes @ z @ (classes @ z).T
    return rho * (np.logaddexp(0, scores - np.diag(scores)[:, None]) @ rho)


def against_the_mean_of_all(rho, classes, z):
    own, overall = z @ (classes @ z).T, z @ (rho @ classes @ z)
    return rho * np.einsum("cx,xc->c", classes, np.logaddexp(0, overall[:, None] - own))


def solved_for_the_supervised_loss(lines):
    loss, _, (collision, *others), _ = lines
    factor = 1 - collision / LN2
    shares = [term / factor for term in others]
    return [(loss - collision) / factor, shares, [0.0, *shares], [sum(shares), 0.0]]


@exercise.formula
def ladder_curl(
    rho,
    classes,
    z,
    *,
    line1=exact_loss,
    line2=after_jensen,
    collide=lambda rho: (rho**2).sum(),
    price3=LN2,
    across=1,
    shares=lambda others, rho: others,
    supervised=lambda rho, own: (distinct(rho) * own).sum() / distinct(rho).sum(),
    factor4=lambda tau: 1 - tau,
    left4=lambda tau: tau * LN2,
    place3=lambda collision, rest: [collision, *rest],
    place4=lambda tasks, collision: [tasks, collision],
    order=list,
):
    own, tau = own_losses(classes, z), collide(rho)
    others = (distinct(rho) * own).sum(axis=across)
    return order(
        [
            line1(rho, classes, z),
            list(line2(rho, classes, z)),
            place3(tau * price3, shares(others, rho)),
            place4(factor4(tau) * supervised(rho, own), left4(tau)),
        ]
    )


exercise.slip("line 1: negatives from other classes only", line1=loss_of_others).says(
    "The loss of line 1 takes its negatives from other classes than the anchor's.",
    "On which line do collisions leave? They are still there on line 1.",
    "x- is drawn independently of the anchor's class, collisions included.",
    "Line 1 is unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 1: a collision costs ln 2", line1=closed_collisions).says(
    "A collision costs ln 2 on line 1, too.",
    "Which margin has a triplet of three different points of one class?",
    "Any: the margin of a collision is 0 only after Jensen's step, with class means in place of points.",
    "Line 1 is unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 1 already after Jensen", line1=lambda rho, classes, z: after_jensen(rho, classes, z).sum()).says(
    "The loss and its value after Jensen are the same number.",
    "When is Jensen's inequality an equality?",
    "Only where the embedding is constant inside each class; in general line 1 is larger than line 2.",
    "Line 1 sums over the points x+ and x-: unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 1: x and x+ independent", line1=independent_pairs).says(
    "On line 1 the positive is drawn independently of the anchor, each from a class of its own.",
    "What makes x and x+ similar?",
    "They share the class c+: their joint law is similar_pairs(rho, classes), not a product of two marginals.",
    "Line 1 is unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 1: x+ = x", line1=anchor_as_positive).says(
    "The positive of line 1 is the anchor itself.",
    "How many points does nature draw from the class of the anchor?",
    "x and x+ are two independent draws from D_{c+}; f(x).f(x+) is not |f(x)|^2.",
    "Line 1 is unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 1: x+ is never x", line1=never_the_anchor).says(
    "The two points of a pair differ, so x+ = x is left out of line 1.",
    "The two draws are independent given the class. May independent draws coincide?",
    "Without x+ = x the proof loses its first step: x+ depends on x, and line 2 may lie above line 1.",
    "Line 1 is unsupervised_loss(rho, classes, z).",
)
exercise.slip("line 2: only the positive averaged", line2=half_jensen).says(
    "Jensen moves the expectation over x+ inside; x- stays outside.",
    "Over which variables is the expectation taken inside on line 2?",
    "Over x+ and over x-: both embeddings become class means, mu_{c+} and mu_{c-}.",
    "The argument of line 2 is f(x).(mu_{c-} - mu_{c+}), without any point x- left.",
)
exercise.slip("line 2: only the negative averaged", line2=other_half).says(
    "Jensen moves the expectation over x- inside; x+ stays outside.",
    "Over which variables is the expectation taken inside on line 2?",
    "Over x+ and over x-: both embeddings become class means, mu_{c+} and mu_{c-}.",
    "The argument of line 2 is f(x).(mu_{c-} - mu_{c+}), without any point x+ left.",
)
exercise.slip("line 2: the anchor averaged too", line2=at_the_means).says(
    "Jensen moves all three expectations inside, so that f(x) becomes mu_{c+}.",
    "Which expectations stay outside on line 2?",
    "The anchor x stays: the classifier is tested on points, not on class means.",
    "Average ln(1 + exp(f(x).(mu_{c-} - mu_{c+}))) over x ~ D_{c+}.",
)
exercise.slip("line 2: the mean of all points for the negative", line2=against_the_mean_of_all).says(
    "The mean of the negative is the mean of the whole data law, one vector for all.",
    "Is the class c- of the negative inside or outside on line 2?",
    "The expectation over c- stays outside: each class keeps its own mean mu_{c-}.",
    "Sum over pairs of classes rho_c rho_e E_x ln(1 + exp(f(x).(mu_e - mu_c))).",
)
exercise.slip(
    "line 2: the negative's class uniform", line2=lambda rho, classes, z: rho * own_losses(classes, z).mean(axis=1)
).says(
    "On line 2 the class of the negative is picked uniformly.",
    "By which law is c- drawn?",
    "From rho, as c+ is: the pair (c, e) weighs rho_c rho_e.",
)
exercise.slip("line 2: exponential overflows", line2=overflowing).says(
    "np.log(1 + np.exp(u)) is a safe way to compute ln(1 + e^u).",
    "What is np.exp(1000)?",
    "It is inf, although ln(1 + e^1000) = 1000: np.logaddexp(0, u) computes it without overflow.",
)
exercise.slip("lines 3 and 4: tau and 1 - tau swapped", collide=lambda rho: 1 - (rho**2).sum()).says(
    "tau is the probability that the two classes differ.",
    "Which part of line 3 carries ln 2, and how often does it come?",
    "Collisions, of probability tau = sum rho_c^2, cost ln 2 each; the tasks of line 4 come with 1 - tau.",
)
exercise.slip("line 3: collisions dropped", price3=0.0).says(
    "Collisions have argument 0, so they contribute nothing.",
    "What does the logistic loss pay at margin 0?",
    "It is ln 2, not 0: every collision costs ln 2.",
    "Line 3 = collision * ln 2 + the sum over distinct classes.",
)
exercise.slip("line 3: a collision costs 1", price3=1.0).says(
    "A collision costs 1, so that line 3 has the term tau.",
    "In which unit does a collision cost 1?",
    "In bits. In nats it costs ln(1 + e^0) = ln 2 = 0.693.",
    "Replace tau by tau * ln 2 on line 3.",
)
exercise.slip(
    "line 3: distinct classes as a conditional average", shares=lambda others, rho: others / distinct(rho).sum()
).says(
    "The part with distinct classes is an average, of total weight 1.",
    "What do the weights rho_c rho_e over c != e sum to?",
    "To 1 - tau. On line 3 they are used as they are; the division comes with line 4.",
    "Sum rho_c rho_e own[c, e] over c != e, without dividing.",
)
exercise.slip("lines 3 and 4: tau = 1 / C", collide=lambda rho: 1 / len(rho)).says(
    "The collision probability is 1/C.",
    "Is rho uniform?",
    "1/C is the collision probability of the uniform law only.",
    "tau = rho @ rho on lines 3 and 4.",
)
exercise.slip("line 4: tau in place of tau ln 2", left4=lambda tau: tau).says(
    "The target is (1 - tau) L_sup + tau.",
    "Which step of yours turns ln 2 into 1?",
    "With the natural logarithm the collision term keeps its ln 2; line 4 must not rise above line 3.",
    "Line 4 = (1 - tau) * mean_classifier_loss + tau * ln 2.",
)
exercise.slip("line 4: collisions dropped", left4=lambda tau: 0.0).says(
    "The target is (1 - tau) L_sup; the collisions have left on the way.",
    "Which step from line 3 to line 4 would remove them?",
    "This step is an identity: what the collisions contribute to line 3 stands on line 4, too.",
    "Line 4 = (1 - tau) * mean_classifier_loss + tau * ln 2.",
)
exercise.slip("line 4: ln 2 for the collisions, whatever tau", left4=lambda tau: LN2).says(
    "The collisions contribute ln 2 to the target.",
    "How often does a collision come?",
    "With probability tau: what they contribute is tau ln 2, as on line 3.",
)
exercise.slip("line 4: tau and 1 - tau swapped", factor4=lambda tau: tau, left4=lambda tau: (1 - tau) * LN2).says(
    "The target is tau L_sup + (1 - tau) ln 2.",
    "With which probability are the two classes of a triplet distinct?",
    "With 1 - tau: the tasks come with 1 - tau, the collisions with tau.",
)
exercise.slip("line 4: factor 1 - tau forgotten", factor4=lambda tau: 1.0).says(
    "The target is L_sup + tau ln 2.",
    "How often are the two classes distinct?",
    "With probability 1 - tau; the supervised loss, a conditional average, comes back with this factor.",
    "Line 4 = (1 - tau) * mean_classifier_loss + tau * ln 2.",
)
exercise.slip(
    "line 4: inside a task, classes weigh by rho",
    supervised=lambda rho, own: (
        (2 * distinct(rho) * own * rho[:, None] / (rho[:, None] + rho)).sum() / distinct(rho).sum()
    ),
).says(
    "In a task of the supervised loss the likelier class weighs more: rho_a / (rho_a + rho_b).",
    "How often does a point of a task come from each of its two classes?",
    "Equally often: with other weights line 4 is no longer equal to line 3.",
    "Line 4 uses mean_classifier_loss(rho, classes, z).",
)
exercise.slip("line 4: tasks uniform", supervised=lambda rho, own: own[~np.eye(len(rho), dtype=bool)].mean()).says(
    "The supervised loss averages over all tasks with the same weight.",
    "With which weights do the pairs of classes stand on line 3?",
    "With rho_c rho_e: the tasks of L_sup are drawn from rho too.",
    "Line 4 uses mean_classifier_loss(rho, classes, z), whose tasks weigh rho_a rho_b.",
)
exercise.slip("line 2: averages inside the classes", line2=lambda rho, classes, z: own_losses(classes, z) @ rho).says(
    "A term of line 2 is the average over the anchors of its class, without the probability of the class.",
    "What do the terms of your line 2 sum to at f = 0?",
    "To C ln 2, but the line is ln 2 there: a class contributes as often as it is drawn.",
    "Multiply term c by rho_c.",
)
exercise.slip(
    "line 2: one term for each class of the negative",
    line2=lambda rho, classes, z: rho * (rho @ own_losses(classes, z)),
).says(
    "Term c of line 2 collects what has the class c for its negative.",
    "Your line 2 has the right sum. By which class is it cut into terms?",
    "By the class c+ of the anchor: the terms of line 2 run over c+, and each sums over all c-.",
    "With t[c, e] = rho_c rho_e own[c, e], sum the rows (axis 1), not the columns.",
)
exercise.slip("line 3: one term for each class of the negative", across=0).says(
    "Behind the collisions, term c of line 3 collects what has the class c for its negative.",
    "Your line 3 has the right sum. By which class is it cut into terms?",
    "By the class c+ of the anchor, as line 2 is: each term sums over all c- other than c+.",
)
exercise.slip("line 3: collisions counted twice", shares=lambda others, rho: others + rho**2 * LN2).says(
    "The collisions are added in front; the terms of the classes stay as they were on line 2.",
    "Add up your line 3: is it still the value of line 2?",
    "The first term takes the collisions out of the others.",
    "Term c of line 2 holds rho_c^2 ln 2 for c- = c+; on line 3 it does not any more.",
)
exercise.slip("line 3: collisions last", place3=lambda collision, rest: [*rest, collision]).says(
    "On line 3 the collisions come after the terms of the classes.",
    "In which order does the statement list the terms of line 3?",
    "First all the collisions together, then one term for each class.",
)
exercise.slip("line 4: collisions first", place4=lambda tasks, collision: [collision, tasks]).says(
    "On line 4 the collisions come first, as on line 3.",
    "In which order does the statement list the terms of line 4?",
    "First the tasks, then the collisions.",
)
exercise.slip(
    "line 2: collisions left out", line2=lambda rho, classes, z: (distinct(rho) * own_losses(classes, z)).sum(axis=1)
).says(
    "The collisions are gone as soon as Jensen's step is done.",
    "Add up your line 2 at f = 0: is it ln 2?",
    "On line 2 a class still meets itself: its term runs over all c-, c- = c+ included.",
    "Line 3 is where the collisions leave the terms of the classes, and stand in front.",
)
exercise.slip("all lines solved for the supervised loss", order=solved_for_the_supervised_loss).says(
    "The lines are bounds on L_sup, so that each one is reduced by tau ln 2 and divided by 1 - tau.",
    "What is line 1, by the statement?",
    "Line 1 is L_un itself; nothing is divided before the proof is over.",
    "Return L_un, ..., (1 - tau) L_sup + tau ln 2.",
)
exercise.slip("sums only", order=lambda lines: [lines[0], *map(sum, lines[1:])]).says(
    "A line is a number, the sum of its terms.",
    "What does the statement ask for where the proof splits a line?",
    "The list of its terms: 1, C, C + 1 and 2 numbers.",
)
exercise.slip("from right to left", order=lambda lines: lines[::-1]).says(
    "A ladder goes up, so the smallest line comes first.",
    "In which order does the statement list the lines?",
    "From the loss down to the target: the largest line comes first.",
    "Reverse your list.",
)
exercise.slip("one class", guarded=False, line1=of_a_world).says(
    "A world with one class has four lines, too.",
    "Which two distinct classes would the tasks of line 4 have?",
    "None: raise ValueError where len(rho) is 1.",
)

exercise.style("lines as numpy arrays", order=lambda lines: [np.asarray(line) for line in lines])


@exercise.accepted("loops over classes and points, Python floats, validated first", guarded=False)
def ladder_curl(rho, classes, z):
    validate.world(rho, classes, z)
    n, points = len(rho), range(len(z))
    if n < 2:
        raise ValueError(f"one class: {rho}")

    def softplus(v):
        return max(v, 0.0) + math.log1p(math.exp(-abs(v)))

    mu = [sum(classes[c][x] * z[x] for x in points) for c in range(n)]
    tau = float(sum(p * p for p in rho))
    pair = [[float(sum(rho[c] * classes[c][x] * classes[c][y] for c in range(n))) for y in points] for x in points]
    negative = [float(sum(rho[c] * classes[c][x] for c in range(n))) for x in points]
    inner = [[float(z[x] @ z[y]) for y in points] for x in points]
    line1 = sum(
        pair[x][y] * negative[k] * softplus(inner[x][k] - inner[x][y]) for x in points for y in points for k in points
    )
    line2, line3 = [0.0] * n, [0.0] * n
    for c in range(n):
        for e in range(n):
            for x in points:
                term = float(rho[c] * rho[e] * classes[c][x]) * softplus(float(z[x] @ (mu[e] - mu[c])))
                line2[c] += term
                line3[c] += term if c != e else 0.0
    return [line1, line2, [tau * math.log(2), *line3], [sum(line3), tau * math.log(2)]]


@exercise.accepted("torch, a tuple of tensors and tuples")
def ladder_curl(rho, classes, z):
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    inner, scores = e @ e.T, e @ (d @ e).T
    line1 = torch.einsum(
        "xy,k,xyk->", d.T @ torch.diag(r) @ d, r @ d, F.softplus(inner[:, None, :] - inner[:, :, None])
    )
    own = torch.einsum("cx,xce->ce", d, F.softplus(scores[:, None, :] - scores[:, :, None]))
    weights = torch.outer(r, r)
    off = weights - torch.diag(torch.diag(weights))
    tau = torch.trace(weights)
    supervised = (off * own).sum() / off.sum()
    rest = tuple((off * own).sum(dim=1))
    return line1, (weights * own).sum(dim=1), (tau * math.log(2), *rest), ((1 - tau) * supervised, tau * math.log(2))
