"""ladder_curl: what its check looks at. Each line against its exact value, then each step of the proof on random worlds
(strict in step 1) and on worlds where all lines agree; the first line that breaks is named."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

LINES = ("line 1 (the loss)", "line 2 (after Jensen)", "line 3 (split by collision)", "line 4 (the target)")
SLACK = 1e-8  # additive; softplus with a switch at 20 puts up to 2e-9 into a line

exercise = Exercise(
    "ladder_curl",
    hints={
        "values": (
            "The message counts from 0: [0] is line 1, the loss, and [3] is line 4, the target.",
            "Lines 2 to 4 are built from own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c))); own[c, c] = ln 2.",
            "Line 2 sums rho_c rho_e own[c, e] over all pairs, line 3 writes its diagonal as collision * ln 2, "
            "line 4 writes its off-diagonal part as (1 - collision) * mean_classifier_loss.",
        ),
        "bad input": ("Calling mean_classifier_loss first raises for all of it, one class included.",),
        "properties": ("Only the step from line 1 to line 2 is an inequality; the other two are identities.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 4, 3), (2, 6, 1)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.2))
    yield Case("C = 3, S = 6, d = 2, disjoint classes", worlds.random_world(rng, 3, 6, 2, 1.2, overlap=False))
    yield Case("constant inside each class", worlds.class_constant_world(rng, 3, 6, 2, 1.2))
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("one class", np.ones(1), classes[:1], z)
    yield bad_input("rho sums to 0.9", 0.9 * rho, classes, z)
    yield bad_input("a row of classes sums to 1.1", rho, classes * np.array([[1.0], [1.1], [1.0]]), z)
    yield bad_input("z has too few rows", rho, classes, z[:4])
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(5, 2) > 0, np.nan, z))


def first_break(lines, equal_from):
    """Where the ladder breaks: neighbours must not ascend, and must agree from line index `equal_from` on."""
    if len(lines) != len(LINES):
        return f"the ladder must have 4 lines, got {len(lines)}"
    for i in range(1, len(LINES)):
        rise = float(lines[i]) - float(lines[i - 1])
        if not rise <= SLACK:  # also catches NaN
            return f"{LINES[i]} lies above {LINES[i - 1]} by {rise:.3g}"
        if i > equal_from and rise < -SLACK:
            return f"{LINES[i]} lies below {LINES[i - 1]} by {-rise:.3g}, but this step is an identity"


@exercise.property("on random worlds the first step descends and the other two are identities")
def random_worlds(f, rng):
    for i in range(8):
        world = worlds.random_world(rng, 2 + i % 3, 5, 2, rng.uniform(0.3, 1.5), overlap=i % 2 == 0)
        broken = first_break(f(*world), equal_from=1)
        if broken:
            return f"on a random world {broken}"


@exercise.property("where the embedding is constant inside each class all four lines agree")
def equality_worlds(f, rng):
    for c in (2, 3, 4):
        broken = first_break(f(*worlds.class_constant_world(rng, c, 6, 2)), equal_from=0)
        if broken:
            return f"on a world with an embedding constant inside each class {broken}"


@exercise.property("at f = 0 every line is ln 2")
def at_zero(f, rng):
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    for name, value in zip(LINES, f(rho, classes, 0 * z), strict=True):
        if abs(value - math.log(2)) > SLACK:
            return f"at f = 0 every line is ln 2, but {name} is not"


@exercise.property("the first step is strict when the embedding varies inside a class")
def strict_step(f, rng):
    classes = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    lines = f(np.array([0.6, 0.4]), classes, np.array([[1.5, 0.5], [-1.5, 0.5], [0.2, -1.0]]))
    if float(lines[0]) - float(lines[1]) < 0.01:
        return f"{LINES[0]} and {LINES[1]} agree on a world whose embedding varies inside a class"


def pieces(rho, classes, z):
    """(line 1, own (C, C)): the loss, and own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c)))."""
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError("one class")
    inner = z @ z.T
    joint = classes.T @ (rho[:, None] * classes)
    loss = np.einsum("xy,k,xyk->", joint, rho @ classes, np.logaddexp(0, inner[:, None, :] - inner[:, :, None]))
    scores = z @ (classes @ z).T
    return loss, np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))


@exercise.wrong(
    "line 1: negatives from other classes only",
    belief="The loss of line 1 takes its negatives from other classes than the anchor's.",
    hints=(
        "On which line do collisions leave? They are still there on line 1.",
        "x- is drawn independently of the anchor's class, collisions included.",
        "Line 1 is unsupervised_loss(rho, classes, z).",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    _, own = pieces(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    weights = np.outer(rho, rho) * (1 - np.eye(len(rho)))
    tau = (rho**2).sum()
    loss = np.einsum("ce,cx,cy,ek,xyk->", weights, classes, classes, classes, terms) / (1 - tau)
    jensen = rho @ own @ rho
    return [loss, jensen, jensen, jensen]


@exercise.wrong(
    "line 1 already after Jensen",
    belief="The loss and its value after Jensen are the same number.",
    hints=(
        "When is Jensen's inequality an equality?",
        "Only where the embedding is constant inside each class; in general line 1 is larger than line 2.",
        "Line 1 sums over the points x+ and x-: unsupervised_loss(rho, classes, z).",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    _, own = pieces(rho, classes, z)
    jensen = rho @ own @ rho
    return [jensen, jensen, jensen, jensen]


@exercise.wrong(
    "line 2: only the positive averaged",
    belief="Jensen moves the expectation over x+ inside; x- stays outside.",
    hints=(
        "Over which variables is the expectation taken inside on line 2?",
        "Over x+ and over x-: both embeddings become class means, mu_{c+} and mu_{c-}.",
        "The argument of line 2 is f(x).(mu_{c-} - mu_{c+}), without any point x- left.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    scores, inner = z @ (classes @ z).T, z @ z.T
    half = np.logaddexp(0, inner[:, None, :] - scores[:, :, None])
    jensen = rho @ own @ rho
    return [loss, np.einsum("c,k,cx,xck->", rho, rho @ classes, classes, half), jensen, jensen]


@exercise.wrong(
    "line 2: the anchor averaged too",
    belief="Jensen moves all three expectations inside, so that f(x) becomes mu_{c+}.",
    hints=(
        "Which expectations stay outside on line 2?",
        "The anchor x stays: the classifier is tested on points, not on class means.",
        "Average ln(1 + exp(f(x).(mu_{c-} - mu_{c+}))) over x ~ D_{c+}.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    mu = classes @ z
    scores = mu @ mu.T
    jensen = rho @ own @ rho
    return [loss, rho @ np.logaddexp(0, scores - np.diag(scores)[:, None]) @ rho, jensen, jensen]


@exercise.wrong(
    "line 2: the mean of all points for the negative",
    belief="The mean of the negative is the mean of the whole data law, one vector for all.",
    hints=(
        "Is the class c- of the negative inside or outside on line 2?",
        "The expectation over c- stays outside: each class keeps its own mean mu_{c-}.",
        "Sum over pairs of classes rho_c rho_e E_x ln(1 + exp(f(x).(mu_e - mu_c))).",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    scores = z @ (classes @ z).T
    overall = z @ (rho @ classes @ z)
    jensen = rho @ own @ rho
    return [loss, np.einsum("c,cx,xc->", rho, classes, np.logaddexp(0, overall[:, None] - scores)), jensen, jensen]


@exercise.wrong(
    "line 3: collisions dropped",
    belief="Collisions have argument 0, so they contribute nothing.",
    hints=(
        "What is ln(1 + e^v) at v = 0?",
        "It is ln 2, not 0: every collision costs ln 2.",
        "Line 3 = collision * ln 2 + the sum over distinct classes.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen = rho @ own @ rho
    return [loss, jensen, jensen - (rho**2).sum() * np.log(2), jensen]


@exercise.wrong(
    "line 3: a collision costs 1",
    belief="A collision costs 1, so that line 3 has the term tau.",
    hints=(
        "In which unit does a collision cost 1?",
        "In bits. In nats it costs ln(1 + e^0) = ln 2 = 0.693.",
        "Replace tau by tau * ln 2 on line 3.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    return [loss, jensen, jensen + tau * (1 - np.log(2)), jensen]


@exercise.wrong(
    "line 3: distinct classes as a conditional average",
    belief="The part with distinct classes is an average, of total weight 1.",
    hints=(
        "What do the weights rho_c rho_e over c != e sum to?",
        "To 1 - tau. On line 3 they are used as they are; the division comes with line 4.",
        "Sum rho_c rho_e own[c, e] over c != e, without dividing.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    return [loss, jensen, tau * np.log(2) + (jensen - tau * np.log(2)) / (1 - tau), jensen]


@exercise.wrong(
    "lines 3 and 4: tau = 1 / C",
    belief="The collision probability is 1/C.",
    hints=(
        "Is rho uniform?",
        "1/C is the collision probability of the uniform law only.",
        "Use collision_probability(rho) on lines 3 and 4.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau, guess = rho @ own @ rho, (rho**2).sum(), 1 / len(rho)
    target = (jensen - tau * np.log(2)) / (1 - tau)
    return [
        loss,
        jensen,
        jensen + (guess - tau) * np.log(2),
        (1 - guess) * target + guess * np.log(2),
    ]


@exercise.wrong(
    "line 4: tau in place of tau ln 2",
    belief="The target is (1 - tau) L_sup + tau.",
    hints=(
        "Which step of yours turns ln 2 into 1?",
        "With the natural logarithm the collision term keeps its ln 2; line 4 must not rise above line 3.",
        "Line 4 = (1 - tau) * mean_classifier_loss + tau * ln 2.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    return [loss, jensen, jensen, jensen + tau * (1 - np.log(2))]


@exercise.wrong(
    "line 4: factor 1 - tau forgotten",
    belief="The target is L_sup + tau ln 2.",
    hints=(
        "How often are the two classes distinct?",
        "With probability 1 - tau; the supervised loss, a conditional average, comes back with this factor.",
        "Line 4 = (1 - tau) * mean_classifier_loss + tau * ln 2.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    target = (jensen - tau * np.log(2)) / (1 - tau)
    return [loss, jensen, jensen, target + tau * np.log(2)]


@exercise.wrong(
    "line 4: tasks uniform",
    belief="The supervised loss averages over all tasks with the same weight.",
    hints=(
        "With which weights do the pairs of classes stand on line 3?",
        "With rho_c rho_e: the tasks of L_sup are drawn from rho too.",
        "Line 4 uses mean_classifier_loss(rho, classes, z), whose tasks weigh rho_a rho_b.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    uniform = own[~np.eye(len(rho), dtype=bool)].mean()
    return [loss, jensen, jensen, (1 - tau) * uniform + tau * np.log(2)]


@exercise.wrong(
    "line 4: the mean classifier's loss itself",
    belief="The last line of the proof is L_sup.",
    hints=(
        "What is the right-hand side of the lemma before it is solved for L_sup?",
        "(1 - tau) L_sup + tau ln 2. The ladder stops there.",
        "Multiply your last line by 1 - tau and add tau * ln 2.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    return [loss, jensen, jensen, (jensen - tau * np.log(2)) / (1 - tau)]


@exercise.wrong(
    "all lines solved for the supervised loss",
    belief="The lines are bounds on L_sup, so that each one is reduced by tau ln 2 and divided by 1 - tau.",
    hints=(
        "What is line 1, by the statement?",
        "Line 1 is L_un itself; nothing is divided before the proof is over.",
        "Return L_un, ..., (1 - tau) L_sup + tau ln 2.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen, tau = rho @ own @ rho, (rho**2).sum()
    return [(line - tau * np.log(2)) / (1 - tau) for line in (loss, jensen, jensen, jensen)]


@exercise.wrong(
    "from right to left",
    belief="A ladder goes up, so the smallest line comes first.",
    hints=(
        "In which order does the statement list the lines?",
        "From the loss down to the target: the largest line comes first.",
        "Reverse your list.",
    ),
    uses=(pieces,),
)
def ladder_curl(rho, classes, z):
    loss, own = pieces(rho, classes, z)
    jensen = rho @ own @ rho
    return [jensen, jensen, jensen, loss]


@exercise.accepted("loops over classes and points, Python floats")
def ladder_curl(rho, classes, z):
    validate.world(rho, classes, z)
    n, points = len(rho), range(len(z))
    if n < 2:
        raise ValueError(f"one class: {rho}")

    def softplus(v):
        return max(v, 0.0) + math.log1p(math.exp(-abs(v)))

    mu = [sum(classes[c][x] * z[x] for x in points) for c in range(n)]
    tau = float(sum(p * p for p in rho))
    line1 = line2 = apart = 0.0
    for c in range(n):
        for e in range(n):
            for x in points:
                weight = float(rho[c] * rho[e] * classes[c][x])
                after = weight * softplus(float(z[x] @ (mu[e] - mu[c])))
                line2 += after
                apart += after if c != e else 0.0
                for y in points:
                    for k in points:
                        line1 += weight * classes[c][y] * classes[e][k] * softplus(float(z[x] @ (z[k] - z[y])))
    line3 = tau * math.log(2) + apart
    return [float(line1), line2, line3, (1 - tau) * (apart / (1 - tau)) + tau * math.log(2)]


@exercise.accepted("vectorised, a numpy array")
def ladder_curl(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    inner, scores = z @ z.T, z @ (classes @ z).T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    line1 = np.einsum("c,e,cx,cy,ek,xyk->", rho, rho, classes, classes, classes, terms)
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, scores[:, None, :] - scores[:, :, None]))
    weights = np.outer(rho, rho)
    off = weights * (1 - np.eye(len(rho)))
    tau = np.trace(weights)
    task = (own + own.T) / 2
    line4 = (1 - tau) * (off * task).sum() / off.sum() + tau * np.log(2)
    return np.array([line1, (weights * own).sum(), tau * np.log(2) + (off * own).sum(), line4])


@exercise.accepted("torch, a tuple of 0-dim tensors")
def ladder_curl(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
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
    return (
        line1,
        (weights * own).sum(),
        tau * math.log(2) + (off * own).sum(),
        (1 - tau) * supervised + tau * math.log(2),
    )
