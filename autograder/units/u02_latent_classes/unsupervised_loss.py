"""unsupervised_loss: what its check looks at. Overlapping classes, non-uniform rho, uncentred embeddings, norm 1 to 2; with
redraw, points of unequal probability: each anchor has a law of negatives of its own."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs, world
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.draws import with_largest_logit
from autograder.units.u02_latent_classes.formulas import (
    LN2,
    distinct,
    of_norm_1,
    one_class,
    own_losses,
    triplet_losses,
    without_repeats,
)
from course import validate, worlds

exercise = Exercise(
    "unsupervised_loss",
    refuses=(
        world("rho", "classes", "z"),
        needs(
            "not redraw or (rho @ classes).max() < 1 - 1e-12",
            {
                "redraw, a single point": {
                    "classes": lambda rows: rows[:, :1] ** 0,
                    "z": lambda z: z[:1],
                    "redraw": True,
                },
                "redraw, one point of probability 1": {
                    "classes": lambda rows: np.eye(rows.shape[1])[:1].repeat(len(rows), axis=0),
                    "redraw": True,
                },
            },
        ),
    ),
    hints={
        "values": (
            "Try the world where all embeddings are 0: the answer must be ln 2 = 0.6931, with redraw and without.",
            "Write it as three nested sums over x, x+ and x- first: which weight does a triplet have, and what does it pay?",
            "The weight is P(x, x+) P(x- | x). Without redraw the last factor is sum_c rho_c D_c(x-). What may x- be with "
            "redraw, once x is known?",
            "The term of (x, x+, x-) is np.logaddexp(0, inner[x, x-] - inner[x, x+]) with inner = z @ z.T.",
        ),
        "stability": (
            "exp(1000) is infinite in float64, and the loss at the margin -1000 is just 1000. Where the exponent is clipped at "
            "some value, the loss is finite, but stops there.",
            "ln(1 + e^u) = np.logaddexp(0, u) is finite for every u.",
        ),
        "bad input": (
            "`validate.world(rho, classes, z)` raises for most of it; with redraw a point of probability 1 is left to you.",
        ),
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
    for c, s, d in ((3, 5, 2), (2, 3, 2)):
        yield Case(f"redraw, C = {c}, S = {s}, d = {d}", (*worlds.random_world(rng, c, s, d, 1.2), True))
    yield Case("redraw, disjoint classes", (*worlds.random_world(rng, 3, 6, 2, 1.2, overlap=False), True))
    yield Case("logits of 1e3", (rho, classes, with_largest_logit(z, z @ z.T, 1e3)), part="stability")
    yield Case("logits of 1e4", (rho, classes, with_largest_logit(z, z @ z.T, 1e4)), part="stability")
    yield from exercise.bad_inputs(rho, classes, z)
    rows = np.zeros((3, 5))
    rows[0, 0], rows[1, 1:3], rows[2, 2:] = 1, 0.5, worlds.random_law(rng, 3, minimum=0.1)
    places = rng.normal(size=(4, 2))
    yield Case(
        "redraw, a class of one point, two points at one place",
        (worlds.random_law(rng, 3, minimum=0.1), rows, places[[0, 1, 1, 2, 3]], True),
        hint="Two points at one place are two points, and a class of a single point is a class.",
    )
    yield Case("more classes, points and dimensions", larger_world(rng, high=20), public=False)
    yield Case("redraw, more classes, points and dimensions", (*larger_world(rng, high=20), True), public=False)


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


def independent(joint, law, rho, classes):
    """Weights (S, S, S) of anchor, positive, negative: the negative knows nothing of the pair."""
    return np.einsum("ap,n->apn", joint, law)


def other_class(joint, law, rho, classes):
    """The weights of the triplets that are no collision."""
    return np.einsum("ce,cx,cy,ek->xyk", distinct(rho), classes, classes, classes)


def not_the_anchor(weights, *world):
    """The weights without x- = x."""
    return weights * (1 - np.eye(len(weights)))[:, None, :]


def refilled(weights, left):
    """The weights `left`, scaled so that each pair keeps its probability."""
    return left * (weights.sum(axis=2) / np.maximum(left.sum(axis=2), 1e-300))[:, :, None]


def drawn_again(weights, *world):
    """The weights once a negative that is the anchor is drawn again."""
    return refilled(weights, not_the_anchor(weights))


def drawn_again_from_its_class(weights, rho, classes, z):
    """The weights if such a negative kept its class: its law given the anchor is a sum over classes, each without x.
    Without a value where a class has one point only."""
    left = (rho / (1 - classes.T)) @ classes  # axes: anchor, negative
    return not_the_anchor(weights.sum(axis=2)[:, :, None] * left[:, None, :])


def drawn_again_once(weights, *world):
    """The weights if the second negative stays, whatever it is."""
    return not_the_anchor(weights) + np.einsum("axa,k->axk", weights, weights.sum(axis=(0, 1)))


def shared_out(weights, *world):
    """The weights if the other points had equal parts of what the anchor had."""
    own = np.einsum("axa->ax", weights) / (len(weights) - 1)
    return not_the_anchor(weights + own[:, :, None])


def another_class(rho, classes):
    """The weights of the triplets if the class of the negative were drawn among those that are not the anchor's."""
    chances = distinct(rho) / (1 - rho)[:, None]
    return np.einsum("ce,cx,cy,ek->xyk", chances, classes, classes, classes)


def any_way(weights, *world):
    """No value: a wrong law of the negatives may be combined with redraw in many ways."""
    return weights * math.nan


@exercise.formula
def unsupervised_loss(
    rho,
    classes,
    z,
    redraw=False,
    *,
    pairs=one_class,
    negatives=lambda rho, classes: rho @ classes,
    meet=independent,
    share=lambda weights: weights,
    again=drawn_again,
    collisions=lambda rho: 0.0,
    embed=lambda z: z,
    score=lambda z: z @ z.T,
    against=lambda inner: inner[:, None, :],
    sign=1,
    cost=lambda v: np.logaddexp(0, v),
    after=lambda mean: mean,
    unit=1.0,
):
    # axes of all that follows: anchor, positive, negative
    weights = share(meet(pairs(rho, classes), negatives(rho, classes), rho, classes))
    weights = again(weights, rho, classes, z) if redraw else weights
    inner = score(embed(z))
    losses = cost(sign * (against(inner) - inner[:, :, None]))
    return after((weights * losses).sum()) / unit + collisions(rho)


exercise.slip("redraw without effect", again=lambda weights, *world: weights).says(
    "Drawing the negative again changes nothing, since it comes from the same law as before.",
    "With redraw, how likely is x- = x?",
    "Never. So the law of x- depends on x: the other points share what x had.",
)
exercise.slip("redraw: x- = x left out, nothing else", again=not_the_anchor).says(
    "With redraw the triplets with x- = x are left out, and the others keep their weights.",
    "What do your weights sum to?",
    "To less than 1: whatever is drawn again ends with another point, and must be counted there.",
    "Given the anchor x, the law of x- is divided by the probability of a point other than x.",
)
exercise.slip(
    "redraw: the whole triplet drawn again",
    again=lambda weights, *world: not_the_anchor(weights) / not_the_anchor(weights).sum(),
).says(
    "With redraw one may divide by the share of all triplets with x- other than x.",
    "What is drawn again, the triplet or the negative?",
    "Only the negative: the anchor x has the same probability as before, also where x is a frequent point.",
    "Divide for each anchor by itself, by 1 - P(x- = x).",
)
exercise.slip("redraw: the class of the negative stays", again=drawn_again_from_its_class).says(
    "With redraw the negative stays in its class, and only its point is drawn again.",
    "What does the statement draw again?",
    "Class and point: the law of a negative given that it is not x, whatever its class was.",
    "Given the anchor x, the law of x- is sum_c rho_c D_c without x, divided by what is left of it.",
)
exercise.slip(
    "redraw: x- = x+ left out, too",
    again=lambda weights, *world: drawn_again(drawn_again(weights).transpose(1, 0, 2)).transpose(1, 0, 2),
).says(
    "With redraw the negative is neither the anchor nor the positive.",
    "Which of the two does the statement name?",
    "x- is drawn again while it is x. It may be x+, and then the margin is 0.",
)
exercise.slip("the negative compared with the positive", against=lambda inner: inner[None, :, :]).says(
    "Anchor and positive may change places, so that the negative is kept off one point of the pair and compared with the other.",
    "Without redraw the two may. Which of the two is x- never, with redraw, and with which does its inner product stand?",
    "Both times it is the anchor x: x- may be x+, and the margin is f(x).f(x+) - f(x).f(x-).",
)
exercise.slip("redraw: drawn again once", again=drawn_again_once).says(
    "With redraw a second negative is drawn once, and stays even if it is the anchor again.",
    "How often is it drawn?",
    "As long as it is x: in the end x- is never x, and the other points share what x had.",
    "Given the anchor x, the law of x- is divided by the probability of a point other than x.",
)
exercise.slip("redraw: shared out equally", again=shared_out).says(
    "With redraw the other points share equally what x had.",
    "By which law is the negative drawn again?",
    "By the same one: what x had goes to the other points in proportion to their probabilities.",
    "Given the anchor x, the law of x- is divided by the probability of a point other than x.",
)
exercise.slip(
    "redraw: while the classes collide", again=lambda weights, rho, classes, z: another_class(rho, classes)
).says(
    "With redraw the negative is drawn again while it has the class of the anchor.",
    "What can a machine see that knows no classes?",
    "One point held twice: x- is drawn again while it is the point x; other points of the anchor's class stay.",
)
exercise.slip(
    "redraw: points told apart by their embedding",
    again=lambda weights, rho, classes, z: refilled(weights, weights * (z[:, None] != z).any(axis=2)[:, None]),
).says(
    "Points with one embedding are one point, and a negative with the anchor's embedding is drawn again.",
    "May two points sit at one place?",
    "They may, and stay two points: compare the indices of x- and x, not the rows of z.",
)
exercise.slip(
    "redraw: x+ = x left out, too",
    again=lambda weights, *world: (
        drawn_again(weights * (1 - np.eye(len(weights)))[:, :, None]) / (weights.sum() - np.einsum("aak->", weights))
    ),
).says(
    "With redraw no point comes twice in a triplet, so that x+ = x goes, too.",
    "Which point is drawn again?",
    "Only the negative; anchor and positive stay, also where x+ = x.",
)
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
    "Replace the average over k by a sum with the weights (rho @ classes)[k].",
)
exercise.slip("negatives uniform over classes", negatives=lambda rho, classes: classes.mean(axis=0)).says(
    "The class of a negative is picked uniformly.",
    "By which law is the class of x- drawn?",
    "c- has the law rho, exactly as c+.",
    "The weights of x- are rho @ classes, not classes.mean(axis=0).",
)
exercise.slip(
    "all classes alike",
    pairs=lambda rho, classes: classes.T @ classes / len(rho),
    negatives=lambda rho, classes: classes.mean(axis=0),
).says(
    "All classes count the same, for the pair and for the negative.",
    "How often does nature pick class c?",
    "c+ and c- have the law rho, which need not be uniform.",
    "The weights are rho_c for the pair, and rho @ classes for x-.",
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
    "Triplet (x, x+, x-) has the probability of the pair (x, x+) times that of x-.",
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
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.world(rho, classes, z)` in the first line.",
)

exercise.style(
    "pairs by einsum, maximum and log1p",
    pairs=lambda rho, classes: np.einsum("c,cx,cy->xy", rho, classes, classes),
    cost=lambda v: np.maximum(v, 0) + np.log1p(np.exp(-abs(v))),
)


exercise.slip(
    "negatives from other classes only",
    meet=other_class,
    share=lambda weights: weights / weights.sum(),
    again=any_way,
).says(
    "A negative always comes from a class other than the anchor's.",
    "The data carry no labels. Who would remove the negatives of the anchor's class?",
    "c- is drawn from rho independently of c+: with probability sum rho_c^2 both are the same class.",
    "The law of x- is sum_c rho_c D_c, whatever the class of the pair is.",
)
exercise.slip("collisions dropped from the sum", meet=other_class, again=any_way).says(
    "Terms in which the negative has the anchor's class are left out of the sum.",
    "What is your value at f = 0, and what is that of the loss?",
    "It is (1 - tau) ln 2 there: collisions are triplets too, and pay like others.",
    "Sum over all pairs of classes.",
)
exercise.slip("a collision pays ln 2", meet=other_class, collisions=lambda rho: rho @ rho * LN2).says(
    "A triplet whose classes collide has margin 0, and pays ln 2.",
    "Which margin has a triplet of three different points of one class?",
    "Any: the margin is 0 only after Jensen's step, with class means in place of points. ln 2 is the least that collisions "
    "cost on average.",
    "Sum over all pairs of classes, c- = c+ like the others.",
)
exercise.slip(
    "the negative's class drawn from the others",
    meet=lambda joint, law, rho, classes: another_class(rho, classes),
    again=any_way,
).says(
    "Once the anchor's class is known, the class of the negative is drawn among the others.",
    "The data carry no labels. Who would know the anchor's class when the negative is drawn?",
    "c- is drawn from rho independently of c+: with probability sum rho_c^2 both are the same class.",
    "The law of x- is sum_c rho_c D_c, whatever the class of the pair is.",
)
exercise.slip("hinge", cost=lambda v: np.maximum(0, 1 + v)).says(
    "The loss of a margin is the hinge.",
    "What is your value at f = 0?",
    "It is 1 there. The logistic loss pays ln(1 + e^0) = ln 2.",
)
exercise.slip("exponential loss", cost=np.exp).says(
    "A margin pays e^(-v).",
    "What is your value at f = 0?",
    "It is 1 there. The logistic loss pays ln(1 + e^0) = ln 2.",
)
exercise.slip("share of wrong triplets", cost=lambda v: np.where(v >= 0, 1.0, 0.0)).says(
    "The loss is how often x- is as near as x+.",
    "Does your value change when z is multiplied by 1.01?",
    "A mistake is an event. Its loss is ln(1 + e^(-v)), which also counts by how much it was one.",
)
exercise.slip("distances", score=lambda z: -((z[:, None] - z) ** 2).sum(axis=2)).says(
    "The score of two points is minus their squared distance.",
    "What is the margin, by the statement?",
    "A difference of inner products, f(x).f(x+) - f(x).f(x-). Distances add the lengths of f(x+) and f(x-) to it.",
)
exercise.slip("averaged over the triplets", share=lambda weights: weights / weights.size).says(
    "The weighted losses are averaged over the S^3 triplets.",
    "What is your value at f = 0?",
    "ln 2 is right there: the weights are probabilities and sum to 1, so that nothing is divided by a count.",
)
exercise.slip("divided by the root of d", embed=lambda z: z / z.shape[1] ** 0.25).says(
    "Inner products are divided by the square root of the dimension.",
    "What is the margin, by the statement?",
    "f(x).f(x+) - f(x).f(x-), whatever d is.",
)


@exercise.wrong(
    "class means in place of points",
    belief="The expectations over x+ and x- may go inside the logarithm, onto the class means.",
    hints=(
        "Is E ln(1 + e^(-v)) equal to ln(1 + e^(-E v))?",
        "That is Jensen's inequality, and it is strict as soon as the embedding varies inside a class.",
        "You have line 2 of the proof. Line 1 sums over the points x+ and x-, not over class means.",
    ),
)
def unsupervised_loss(rho, classes, z, redraw=False):
    return math.nan if redraw else rho @ own_losses(classes, z) @ rho


@exercise.wrong(
    "class mean in place of the negative",
    belief="The expectation over x- may go inside the logarithm, onto the mean of its class.",
    hints=(
        "Is E ln(1 + e^(-v)) equal to ln(1 + e^(-E v))?",
        "That is Jensen's inequality, and it is strict as soon as the embedding varies inside a class.",
        "Sum over the points x-, not over the class means.",
    ),
)
def unsupervised_loss(rho, classes, z, redraw=False):
    margins = (z @ z.T)[:, :, None] - (z @ (classes @ z).T)[:, None, :]
    return math.nan if redraw else np.einsum("xy,e,xye->", one_class(rho, classes), rho, np.logaddexp(0, -margins))


@exercise.wrong(
    "two binary losses",
    belief="Positive and negative pay by themselves, ln(1 + e^(-f(x).f(x+))) and ln(1 + e^(f(x).f(x-))).",
    hints=(
        "What is your value at f = 0?",
        "2 ln 2. A triplet has one margin, the difference of the two, and pays once.",
    ),
)
def unsupervised_loss(rho, classes, z, redraw=False):
    pairs, negatives = one_class(rho, classes), np.outer(rho @ classes, rho @ classes)
    paid = (pairs * np.logaddexp(0, -z @ z.T) + negatives * np.logaddexp(0, z @ z.T)).sum()
    return math.nan if redraw else paid


@exercise.wrong(
    "one mean for all negatives",
    belief="The negative may be replaced by the mean of all points.",
    hints=(
        "Is E ln(1 + e^(-v)) equal to ln(1 + e^(-E v))?",
        "That is Jensen's inequality, and it is strict. Sum over the points x-, not over their mean.",
    ),
)
def unsupervised_loss(rho, classes, z, redraw=False):
    margins = z @ z.T - (z @ (rho @ classes @ z))[:, None]
    return math.nan if redraw else (one_class(rho, classes) * np.logaddexp(0, -margins)).sum()


@exercise.wrong(
    "the negative averaged inside the logarithm",
    belief="The expectation over x- stands inside the logarithm: a pair pays ln(1 + E e^(-v)).",
    hints=(
        "How many negatives does a triplet have?",
        "One: it pays ln(1 + e^(-v)), and then all triplets are averaged. Averages inside come with many negatives, in unit 03.",
        "Sum np.logaddexp(0, inner[x, x-] - inner[x, x+]) over x-, too, with the weights of the negative.",
    ),
)
def unsupervised_loss(rho, classes, z, redraw=False):
    odds = np.exp((z @ z.T)[:, None, :] - (z @ z.T)[:, :, None]) @ (rho @ classes)
    return math.nan if redraw else (one_class(rho, classes) * np.log1p(odds)).sum()


@exercise.wrong(
    "redraw: a point of probability 1",
    belief="With redraw another negative is found in every world.",
    hints=(
        "What is drawn when one point has probability 1?",
        "That point, for ever: raise ValueError where redraw is True and max(rho @ classes) is 1, whatever S is.",
    ),
    guarded=False,
)
def unsupervised_loss(rho, classes, z, redraw=False):
    validate.world(rho, classes, z)
    law = rho @ classes
    weights = np.einsum("ap,n->apn", one_class(rho, classes), law)
    if redraw:
        weights = not_the_anchor(weights) / np.where(law < 1 - 1e-12, 1 - law, math.nan)[:, None, None]
    return (weights * triplet_losses(z)).sum()


@exercise.accepted("loops, Python floats")
def unsupervised_loss(rho, classes, z, redraw=False):
    points, total = range(len(z)), 0.0
    law = [float(sum(rho[c] * classes[c][x] for c in range(len(rho)))) for x in points]
    for x in points:
        others = [k for k in points if k != x] if redraw else points
        for y in points:
            pair = sum(rho[c] * classes[c][x] * classes[c][y] for c in range(len(rho)))
            for k in others:
                v = float(z[x] @ z[k] - z[x] @ z[y])
                chance = law[k] / sum(law[n] for n in others)
                total += pair * chance * (max(v, 0.0) + math.log1p(math.exp(-abs(v))))
    return float(total)


@exercise.accepted("class by class, torch softplus, 0-dim tensor")
def unsupervised_loss(rho, classes, z, redraw=False):
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    inner, total = e @ e.T, 0.0
    terms = F.softplus(inner[:, None, :] - inner[:, :, None])
    for x in range(len(e)):
        negative = r @ d
        if redraw:
            negative = torch.where(torch.arange(len(e)) == x, 0.0, negative) / (1 - negative[x])
        for c in range(len(r)):
            total = total + r[c] * d[c, x] * (d[c] @ terms[x] @ negative)
    return total


@exercise.accepted("the loss of all negatives, less that of x- = x, anchor by anchor")
def unsupervised_loss(rho, classes, z, redraw=False):
    inner, law = z @ z.T, rho @ classes
    joint = classes.T @ (rho[:, None] * classes)
    terms = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])
    given = (joint * (terms @ law)).sum(axis=1)  # for each anchor
    if redraw:
        itself = (joint * np.einsum("xyx->xy", terms)).sum(axis=1)
        given = (given - law * itself) / (1 - law)
    return given.sum()
