"""unsupervised_loss: what its check looks at. Overlapping classes, non-uniform rho, uncentred embeddings, norm 1 to 2.

f(x+).f(x-) in place of f(x).f(x-) has the same expectation (x and x+ are exchangeable), so it is accepted.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

LN2 = math.log(2)

exercise = Exercise(
    "unsupervised_loss",
    hints={
        "values": (
            "Try the world where all embeddings are 0: the answer must be ln 2 = 0.6931.",
            "Write it as three nested sums over x, x+ and x- first: weight similar_pairs[x, x+] * negatives_law[x-], "
            "loss ln(1 + exp(f(x).f(x-) - f(x).f(x+))).",
            "With inner = z @ z.T, the term of (x, x+, x-) is np.logaddexp(0, inner[x, x-] - inner[x, x+]).",
        ),
        "stability": (
            "exp(1000) is infinite in float64, and the loss there is just the logit.",
            "ln(1 + e^v) = np.logaddexp(0, v) is finite for every v.",
        ),
        "bad input": ("`validate.world(rho, classes, z)` raises for everything that the statement names.",),
        "properties": (
            "The loss depends on z only through inner products, and on the classes only through the two laws.",
        ),
    },
)


def with_largest_logit(z, size):
    """z scaled so that the largest |f(x).f(x-) - f(x).f(x+)| is `size`."""
    inner = z @ z.T
    return z * math.sqrt(size / np.abs(inner[:, None, :] - inner[:, :, None]).max())


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 3, 2), (2, 6, 3)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.2))
    yield Case("C = 3, S = 6, d = 1, disjoint classes", worlds.random_world(rng, 3, 6, 1, 1.5, overlap=False))
    yield Case("small embeddings", worlds.random_world(rng, 3, 4, 2, 0.1))
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield Case("one class", (np.ones(1), classes[:1], z))
    yield Case("f = 0", (rho, classes, 0 * z))
    yield Case("logits of 1e3", (rho, classes, with_largest_logit(z, 1e3)), part="stability")
    yield Case("logits of 1e4", (rho, classes, with_largest_logit(z, 1e4)), part="stability")
    yield bad_input("rho sums to 0.9", 0.9 * rho, classes, z)
    yield bad_input("rho has a zero", np.array([0.4, 0.6, 0.0]), classes, z)
    yield bad_input("a row of classes sums to 1.1", rho, classes * np.array([[1.0], [1.1], [1.0]]), z)
    yield bad_input("z has too few rows", rho, classes, z[:4])
    yield bad_input("NaN in z", rho, classes, np.where(np.eye(5, 2) > 0, np.nan, z))


@exercise.property("f = 0 gives ln 2 on every world")
def at_zero(f, rng):
    rho, classes, z = worlds.random_world(rng, 4, 5, 2)
    if abs(f(rho, classes, 0 * z) - LN2) > 1e-9:
        return "with all embeddings 0 every triplet pays ln 2, but the answer is not ln 2"


@exercise.property("rotating the embedding changes nothing")
def rotation(f, rng):
    rho, classes, z = worlds.random_world(rng, 3, 5, 3)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if abs(f(rho, classes, z @ q) - f(rho, classes, z)) > 1e-9:
        return "the loss changed when z was rotated, although no inner product did"


@exercise.property("splitting one class into two identical halves changes nothing")
def split_class(f, rng):
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    halves = np.append(rho, rho[0] * 0.4)
    halves[0] *= 0.6
    if abs(f(halves, np.vstack([classes, classes[:1]]), z) - f(rho, classes, z)) > 1e-9:
        return "two copies of a class with 0.6 and 0.4 of its probability give another loss than the class itself"


@exercise.property("constant inside each class: collision * ln 2 plus the softplus of mu_c.(mu_e - mu_c), c != e")
def constant_in_class(f, rng):
    for _ in range(5):
        rho, classes, z = worlds.class_constant_world(rng, 3, 6, 2)
        mu = [z[row.argmax()] for row in classes]
        pairs = [(c, e) for c in range(3) for e in range(3)]
        exact = sum(rho[c] * rho[e] * np.logaddexp(0, mu[c] @ (mu[e] - mu[c])) for c, e in pairs)
        if abs(f(rho, classes, z) - exact) > 1e-8:  # softplus with a switch at 20 is off by up to 2e-9 a term
            return "on a world whose embedding is constant inside each class the value is wrong"


@exercise.property("never below collision * ln 2")
def floor(f, rng):
    for _ in range(10):
        rho, classes, z = worlds.random_world(rng, 3, 5, 2, 3.0)
        if f(rho, classes, z) < (rho**2).sum() * LN2 - 1e-9:
            return "the loss fell below collision * ln 2, which no embedding can do"


# Before the next one, which overflows in the same places: the first belief that explains a failing part is named.
@exercise.wrong(
    "exponential overflows",
    belief="np.log(1 + np.exp(v)) is a safe way to compute ln(1 + e^v).",
    hints=(
        "What is np.exp(1000)?",
        "It is inf, and so is your loss, although ln(1 + e^1000) = 1000.",
        "np.logaddexp(0, v) computes ln(e^0 + e^v) without overflow.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.log(1 + np.exp(inner[:, None, :] - inner[:, :, None]))
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)


@exercise.wrong(
    "logarithm outside the expectation",
    belief="ln(1 + E e^v) is the same as E ln(1 + e^v).",
    hints=(
        "Where does the expectation stand in the definition, inside or outside the logarithm?",
        "The logarithm is not linear: E ln(1 + e^v) is smaller than ln(1 + E e^v).",
        "Apply np.logaddexp(0, logits) to every triplet first, then average with the weights.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.exp(inner[:, None, :] - inner[:, :, None])
    joint = classes.T @ (rho[:, None] * classes)
    return np.log1p(np.einsum("xy,k,xyk->", joint, rho @ classes, terms))


@exercise.wrong(
    "base 2",
    belief="Losses are measured in bits, so the logarithm has base 2.",
    hints=(
        "What is your value at f = 0?",
        "It is 1 at f = 0 in base 2, and ln 2 = 0.693 in nats. The course uses nats.",
        "Use the natural logarithm; do not divide by ln 2.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp2(0, (inner[:, None, :] - inner[:, :, None]) / np.log(2))
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)


@exercise.wrong(
    "negatives from other classes only",
    belief="A negative always comes from a class other than the anchor's.",
    hints=(
        "The data carry no labels. Who would remove the negatives of the anchor's class?",
        "c- is drawn from rho independently of c+: with probability sum rho_c^2 both are the same class.",
        "Draw x- from negatives_law, whatever the class of the pair is.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    total = weight = 0.0
    for c in range(len(rho)):
        for e in range(len(rho)):
            if e != c:
                value = np.einsum("x,y,k,xyk->", classes[c], classes[c], classes[e], terms)
                total, weight = total + rho[c] * rho[e] * value, weight + rho[c] * rho[e]
    return total / weight if weight else 0.0


@exercise.wrong(
    "negatives uniform over points",
    belief="A negative is any point, all equally likely.",
    hints=(
        "By which law is x- drawn?",
        "Points are as likely as the classes make them: P(x-) = sum_c rho_c D_c(x-).",
        "Replace the average over k by a sum with the weights negatives_law(rho, classes)[k].",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,xyk->", joint, terms) / len(z)


@exercise.wrong(
    "negatives uniform over classes",
    belief="The class of a negative is picked uniformly.",
    hints=(
        "By which law is the class of x- drawn?",
        "c- has the law rho, exactly as c+.",
        "The weights of x- are rho @ classes, not classes.mean(axis=0).",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, classes.mean(axis=0), terms)


@exercise.wrong(
    "pairs uniform over classes",
    belief="The class of a similar pair is picked uniformly.",
    hints=(
        "By which law is the class of the pair drawn?",
        "c+ has the law rho.",
        "The weights of (x, x+) are similar_pairs(rho, classes), where class c counts rho_c.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    return np.einsum("xy,k,xyk->", classes.T @ classes / len(rho), rho @ classes, terms)


@exercise.wrong(
    "the positive is the anchor",
    belief="The positive of x is x itself.",
    hints=(
        "How many points does nature draw from the class of the anchor?",
        "x and x+ are two independent draws from D_c; f(x).f(x+) is not |f(x)|^2.",
        "Sum over x and over x+ with the weights similar_pairs(rho, classes)[x, x+].",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    p = rho @ classes
    return np.einsum("x,k,xk->", p, p, np.logaddexp(0, inner - np.diag(inner)[:, None]))


@exercise.wrong(
    "positive independent of the anchor",
    belief="Anchor, positive and negative are three independent points.",
    hints=(
        "What makes x and x+ similar?",
        "They share one class: their joint law is similar_pairs(rho, classes), not a product of two marginals.",
        "Use the weights similar_pairs(rho, classes)[x, x+] for the pair.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    p = rho @ classes
    return np.einsum("x,y,k,xyk->", p, p, p, np.logaddexp(0, inner[:, None, :] - inner[:, :, None]))


@exercise.wrong(
    "all triplets count the same",
    belief="An expectation over triplets is the plain average over all S^3 of them.",
    hints=(
        "Are all triplets equally likely?",
        "Triplet (x, x+, x-) has probability similar_pairs[x, x+] * negatives_law[x-].",
        "Multiply each term by that probability and sum; the weights sum to 1 already.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    return np.logaddexp(0, inner[:, None, :] - inner[:, :, None]).mean()


@exercise.wrong(
    "cosine instead of inner product",
    belief="Similarities are cosines, so embeddings are scaled to norm 1.",
    hints=(
        "What happens to your loss when z is multiplied by 2?",
        "This loss uses the inner product as it is; the norm of f(x) matters.",
        "Use z @ z.T without dividing by norms.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    unit = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300)
    inner = unit @ unit.T
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)


@exercise.wrong(
    "positive missing from the denominator",
    belief="The denominator of the softmax holds the negative only: -ln(e^positive / e^negative).",
    hints=(
        "Can your loss be negative? The true one cannot.",
        "The denominator is e^{f(x).f(x+)} + e^{f(x).f(x-)}: the positive is one of the candidates.",
        "The term is ln(1 + e^v) with v = f(x).f(x-) - f(x).f(x+); you have v itself.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, inner[:, None, :] - inner[:, :, None])


@exercise.wrong(
    "class means in place of points",
    belief="The expectations over x+ and x- may go inside the logarithm, onto the class means.",
    hints=(
        "Is E ln(1 + e^v) equal to ln(1 + e^{E v})?",
        "That is Jensen's inequality, and it is strict as soon as the embedding varies inside a class.",
        "You have line 2 of the proof. Line 1 sums over the points x+ and x-, not over class means.",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T
    terms = np.logaddexp(0, scores[:, None, :] - scores[:, :, None])
    return np.einsum("c,e,cx,xce->", rho, rho, classes, terms)


@exercise.wrong(
    "positive and negative swapped",
    belief="The logit is f(x).f(x+) - f(x).f(x-).",
    hints=(
        "Should the loss grow or fall when f(x) comes closer to f(x+)?",
        "A loss must fall there: the positive enters the exponent with a minus sign.",
        "v = f(x).f(x-) - f(x).f(x+).",
    ),
)
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    terms = np.logaddexp(0, inner[:, :, None] - inner[:, None, :])
    joint = classes.T @ (rho[:, None] * classes)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)


@exercise.accepted("loops, Python floats")
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    points = range(len(z))
    total = 0.0
    for x in points:
        for y in points:
            pair = sum(rho[c] * classes[c][x] * classes[c][y] for c in range(len(rho)))
            for k in points:
                v = float(z[x] @ z[k] - z[x] @ z[y])
                term = max(v, 0.0) + math.log1p(math.exp(-abs(v)))
                total += pair * sum(rho[c] * classes[c][k] for c in range(len(rho))) * term
    return float(total)


@exercise.accepted("classes kept, one einsum")
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = np.einsum("xd,yd->xy", z, z)
    terms = np.logaddexp(inner[:, :, None], inner[:, None, :]) - inner[:, :, None]
    return np.einsum("c,e,cx,cy,ek,xyk->", rho, rho, classes, classes, classes, terms)


@exercise.accepted("torch softplus, 0-dim tensor")
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    inner = e @ e.T
    terms = F.softplus(inner[:, None, :] - inner[:, :, None])
    return torch.einsum("xy,k,xyk->", d.T @ torch.diag(r) @ d, r @ d, terms)


@exercise.accepted("negative compared with the positive")
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    inner = z @ z.T
    joint = classes.T @ (rho[:, None] * classes)
    terms = np.logaddexp(0, inner[None, :, :] - inner[:, :, None])  # f(x+).f(x-) - f(x).f(x+)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)


@exercise.accepted("cross-entropy of two candidates, loop over anchors")
def unsupervised_loss(rho, classes, z):
    validate.world(rho, classes, z)
    joint, law = classes.T @ (rho[:, None] * classes), rho @ classes
    total = 0.0
    for x, anchor in enumerate(z):
        scores = z @ anchor
        candidates = np.stack(np.broadcast_arrays(scores[:, None], scores[None, :]))
        top = candidates.max(axis=0)
        log_sum = top + np.log(np.exp(candidates - top).sum(axis=0))
        total += joint[x] @ (log_sum - candidates[0]) @ law
    return total
