"""unsupervised_loss: what its check looks at. Overlapping classes, non-uniform rho, uncentred embeddings, norm 1 to 2.

f(x+).f(x-) in place of f(x).f(x-) has the same expectation (x and x+ are exchangeable), so it is accepted.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, world
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.draws import with_largest_logit
from autograder.units.u02_latent_classes.formulas import (
    LN2,
    distinct,
    loss_of_others,
    of_norm_1,
    one_class,
    own_losses,
    triplet_losses,
    without_repeats,
)
from course import worlds

exercise = Exercise(
    "unsupervised_loss",
    refuses=(world("rho", "classes", "z"),),
    hints={
        "values": (
            "Try the world where all embeddings are 0: the answer must be ln 2 = 0.6931.",
            "Write it as three nested sums over x, x+ and x- first: which weight does a triplet have, and what does it pay?",
            "The weight is similar_pairs[x, x+] * negatives_law[x-], the loss ln(1 + e^(-v)) with the margin v of x.",
            "With inner = z @ z.T, the term of (x, x+, x-) is np.logaddexp(0, inner[x, x-] - inner[x, x+]).",
        ),
        "stability": (
            "exp(1000) is infinite in float64, and the loss at the margin -1000 is just 1000.",
            "ln(1 + e^u) = np.logaddexp(0, u) is finite for every u.",
        ),
        "bad input": ("`validate.world(rho, classes, z)` raises for everything that the statement names.",),
        "properties": (
            "The loss depends on z only through inner products, and on the classes only through the two laws.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 3, 2), (2, 6, 3), (3, 3, 3)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.2))
    yield Case("C = 3, S = 6, d = 1, disjoint classes", worlds.random_world(rng, 3, 6, 1, 1.5, overlap=False))
    yield Case("small embeddings", worlds.random_world(rng, 3, 4, 2, 0.1))
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield Case(
        "one class",
        (np.ones(1), classes[:1], z),
        hint="With one class every negative is a collision, and has a loss like any other: nothing is divided by 1 - tau.",
    )
    yield Case("f = 0", (rho, classes, 0 * z), hint="Every margin is 0 and every triplet pays ln 2; weights sum to 1.")
    yield Case("logits of 1e3", (rho, classes, with_largest_logit(z, z @ z.T, 1e3)), part="stability")
    yield Case("logits of 1e4", (rho, classes, with_largest_logit(z, z @ z.T, 1e4)), part="stability")
    yield from exercise.bad_inputs(rho, classes, z)
    yield Case("more classes, points and dimensions", larger_world(rng, high=20), public=False)


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
        exact = rho @ own_losses(classes, z) @ rho
        if abs(f(rho, classes, z) - exact) > 1e-8:  # softplus with a switch at 20 is off by up to 2e-9 a term
            return "on a world whose embedding is constant inside each class the value is wrong"


@exercise.property("never below collision * ln 2")
def floor(f, rng):
    for _ in range(10):
        rho, classes, z = worlds.random_world(rng, 3, 5, 2, 3.0)
        if f(rho, classes, z) < (rho**2).sum() * LN2 - 1e-9:
            return "the loss fell below collision * ln 2, which no embedding can do"


@exercise.formula
def unsupervised_loss(
    rho,
    classes,
    z,
    *,
    pairs=one_class,
    negatives=lambda rho, classes: rho @ classes,
    embed=lambda z: z,
    sign=1,
    cost=lambda v: np.logaddexp(0, v),
    after=lambda mean: mean,
    unit=1.0,
):
    inner = embed(z) @ embed(z).T
    losses = cost(sign * (inner[:, None, :] - inner[:, :, None]))  # axes: anchor, positive, negative
    return after(np.einsum("ap,n,apn->", pairs(rho, classes), negatives(rho, classes), losses)) / unit


# Before the next one, which overflows in the same places: the first belief that explains a failing part is named.
exercise.slip("exponential overflows", cost=lambda v: np.log(1 + np.exp(v))).says(
    "np.log(1 + np.exp(u)) is a safe way to compute ln(1 + e^u).",
    "What is np.exp(1000)?",
    "It is inf, and so is your loss, although ln(1 + e^1000) = 1000.",
    "np.logaddexp(0, u) computes ln(e^0 + e^u) without overflow.",
)
exercise.slip("logarithm outside the expectation", cost=np.exp, after=np.log1p).says(
    "ln(1 + E e^(-v)) is the same as E ln(1 + e^(-v)).",
    "Where does the expectation stand in the definition, inside or outside the logarithm?",
    "The logarithm is not linear: E ln(1 + e^(-v)) is smaller than ln(1 + E e^(-v)).",
    "Apply np.logaddexp(0, -margins) to every triplet first, then average with the weights.",
)
exercise.slip(
    "logarithm of the mean probability",
    cost=lambda v: np.exp(-np.logaddexp(0, v)),
    after=lambda chance: -np.log(chance),
).says(
    "-ln of the mean probability to choose x+ is the mean of -ln.",
    "Where does the expectation stand in the definition, inside or outside the logarithm?",
    "By Jensen -ln E p is smaller than E(-ln p) as soon as triplets differ.",
    "Apply np.logaddexp(0, -margins) to every triplet first, then average with the weights.",
)
exercise.slip("loss of the mean margin", cost=lambda v: v, after=lambda mean: np.logaddexp(0, mean)).says(
    "The loss of the average margin, ln(1 + e^(-E v)), is the average loss.",
    "Two triplets have the margins +10 and -10. What does each pay, and what would their average margin pay?",
    "They pay 0.00005 and 10.00005, 5 on average; margin 0 pays 0.69. Losses are averaged, not margins.",
    "Apply np.logaddexp(0, -margins) to every triplet first, then average with the weights.",
)
exercise.slip("probability instead of its logarithm", cost=lambda v: np.exp(-np.logaddexp(0, -v))).says(
    "The loss is the probability of choosing the negative.",
    "What is your value at f = 0?",
    "It is 1/2 there, and never above 1; the loss grows without bound when negatives win clearly.",
    "The loss is minus the logarithm of the probability of choosing x+: ln(1 + e^(-v)).",
)
exercise.slip("base 2", unit=LN2).says(
    "Losses are measured in bits, so the logarithm has base 2.",
    "What is your value at f = 0?",
    "It is 1 at f = 0 in base 2, and ln 2 = 0.693 in nats. The course uses nats.",
    "Use the natural logarithm; do not divide by ln 2.",
)
exercise.slip(
    "negatives uniform over points", negatives=lambda rho, classes: np.full(classes.shape[1], 1 / classes.shape[1])
).says(
    "A negative is any point, all equally likely.",
    "By which law is x- drawn?",
    "Points are as likely as the classes make them: P(x-) = sum_c rho_c D_c(x-).",
    "Replace the average over k by a sum with the weights negatives_law(rho, classes)[k].",
)
exercise.slip("negatives uniform over classes", negatives=lambda rho, classes: classes.mean(axis=0)).says(
    "The class of a negative is picked uniformly.",
    "By which law is the class of x- drawn?",
    "c- has the law rho, exactly as c+.",
    "The weights of x- are rho @ classes, not classes.mean(axis=0).",
)
exercise.slip("pairs uniform over classes", pairs=lambda rho, classes: classes.T @ classes / len(rho)).says(
    "The class of a similar pair is picked uniformly.",
    "By which law is the class of the pair drawn?",
    "c+ has the law rho.",
    "The weights of (x, x+) are similar_pairs(rho, classes), where class c counts rho_c.",
)
exercise.slip("the positive is the anchor", pairs=lambda rho, classes: np.diag(rho @ classes)).says(
    "The positive of x is x itself.",
    "How many points does nature draw from the class of the anchor?",
    "x and x+ are two independent draws from D_c; f(x).f(x+) is not |f(x)|^2.",
    "Sum over x and over x+ with the weights similar_pairs(rho, classes)[x, x+].",
)
exercise.slip(
    "the positive is never the anchor", pairs=lambda rho, classes: without_repeats(one_class(rho, classes))
).says(
    "A pair has two different points, so x+ = x must be excluded.",
    "The two draws are independent given the class. May independent draws coincide?",
    "Excluding x+ = x makes x+ depend on x, and the lemma of this unit then fails.",
    "Keep the diagonal of similar_pairs(rho, classes): entry [x, x] is sum_c rho_c D_c(x)^2.",
)
exercise.slip(
    "positive independent of the anchor", pairs=lambda rho, classes: np.outer(rho @ classes, rho @ classes)
).says(
    "Anchor, positive and negative are three independent points.",
    "What makes x and x+ similar?",
    "They share one class: their joint law is similar_pairs(rho, classes), not a product of two marginals.",
    "Use the weights similar_pairs(rho, classes)[x, x+] for the pair.",
)
exercise.slip(
    "all triplets count the same",
    pairs=lambda rho, classes: np.full((classes.shape[1],) * 2, classes.shape[1] ** -2.0),
    negatives=lambda rho, classes: np.full(classes.shape[1], 1 / classes.shape[1]),
).says(
    "An expectation over triplets is the plain average over all S^3 of them.",
    "Are all triplets equally likely?",
    "Triplet (x, x+, x-) has probability similar_pairs[x, x+] * negatives_law[x-].",
    "Multiply each term by that probability and sum; the weights sum to 1 already.",
)
exercise.slip("cosine instead of inner product", embed=of_norm_1).says(
    "Similarities are cosines, so embeddings are scaled to norm 1.",
    "What happens to your loss when z is multiplied by 2?",
    "This loss uses the inner product as it is; the norm of f(x) matters.",
    "Use z @ z.T without dividing by norms.",
)
exercise.slip("positive missing from the denominator", cost=lambda v: v).says(
    "The denominator of the softmax holds the negative only: -ln(e^positive / e^negative).",
    "Can your loss be negative? The true one cannot.",
    "The denominator is e^{f(x).f(x+)} + e^{f(x).f(x-)}: the positive is one of the candidates.",
    "The term is ln(1 + e^(-v)) with the margin v = f(x).f(x+) - f(x).f(x-); you have -v itself.",
)


exercise.slip("positive and negative swapped", sign=-1).says(
    "The margin stands in the exponent as it is: ln(1 + e^v) with v = f(x).f(x+) - f(x).f(x-).",
    "Should the loss grow or fall when f(x) comes closer to f(x+)?",
    "A loss must fall there: the positive enters the exponent with a minus sign.",
    "ln(1 + e^(-v)): the exponent is f(x).f(x-) - f(x).f(x+).",
)

exercise.style(
    "pairs by einsum, maximum and log1p",
    pairs=lambda rho, classes: np.einsum("c,cx,cy->xy", rho, classes, classes),
    cost=lambda v: np.maximum(v, 0) + np.log1p(np.exp(-abs(v))),
)


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
    return loss_of_others(rho, classes, z) if len(rho) > 1 else 0.0


@exercise.wrong(
    "collisions dropped from the sum",
    belief="Terms in which the negative has the anchor's class are left out of the sum.",
    hints=(
        "What is your value at f = 0, and what is that of the loss?",
        "It is (1 - tau) ln 2 there: collisions are triplets too, and pay like others.",
        "Sum over all pairs of classes, or draw x- from negatives_law, whatever the class of the pair is.",
    ),
)
def unsupervised_loss(rho, classes, z):
    return loss_of_others(rho, classes, z) * distinct(rho).sum() if len(rho) > 1 else 0.0


@exercise.wrong(
    "the negative's class drawn from the others",
    belief="Once the anchor's class is known, the class of the negative is drawn among the others.",
    hints=(
        "The data carry no labels. Who would know the anchor's class when the negative is drawn?",
        "c- is drawn from rho independently of c+: with probability sum rho_c^2 both are the same class.",
        "Draw x- from negatives_law, whatever the class of the pair is.",
    ),
)
def unsupervised_loss(rho, classes, z):
    if len(rho) < 2:
        return 0.0
    given = np.einsum("cx,cy,xyk->ck", classes, classes, triplet_losses(z)) @ classes.T
    return (distinct(rho) / (1 - rho)[:, None] * given).sum()


@exercise.wrong(
    "class means in place of points",
    belief="The expectations over x+ and x- may go inside the logarithm, onto the class means.",
    hints=(
        "Is E ln(1 + e^(-v)) equal to ln(1 + e^(-E v))?",
        "That is Jensen's inequality, and it is strict as soon as the embedding varies inside a class.",
        "You have line 2 of the proof. Line 1 sums over the points x+ and x-, not over class means.",
    ),
)
def unsupervised_loss(rho, classes, z):
    return rho @ own_losses(classes, z) @ rho


@exercise.accepted("loops, Python floats")
def unsupervised_loss(rho, classes, z):
    points, total = range(len(z)), 0.0
    for x in points:
        for y in points:
            pair = sum(rho[c] * classes[c][x] * classes[c][y] for c in range(len(rho)))
            for k in points:
                v = float(z[x] @ z[k] - z[x] @ z[y])
                term = max(v, 0.0) + math.log1p(math.exp(-abs(v)))
                total += pair * sum(rho[c] * classes[c][k] for c in range(len(rho))) * term
    return float(total)


@exercise.accepted("torch softplus, 0-dim tensor")
def unsupervised_loss(rho, classes, z):
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    inner = e @ e.T
    terms = F.softplus(inner[:, None, :] - inner[:, :, None])
    return torch.einsum("xy,k,xyk->", d.T @ torch.diag(r) @ d, r @ d, terms)


@exercise.accepted("negative compared with the positive")
def unsupervised_loss(rho, classes, z):
    inner = z @ z.T
    joint = classes.T @ (rho[:, None] * classes)
    terms = np.logaddexp(0, inner[None, :, :] - inner[:, :, None])  # f(x+).f(x-) - f(x).f(x+)
    return np.einsum("xy,k,xyk->", joint, rho @ classes, terms)
