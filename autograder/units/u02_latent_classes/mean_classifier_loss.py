"""mean_classifier_loss: what its check looks at. Three classes or more with a non-uniform rho (with two classes every
weighting of the tasks agrees), overlapping classes, points of unequal probability, d different from C."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs, world
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.draws import with_largest_logit
from autograder.units.u02_latent_classes.formulas import LN2, distinct, of_norm_1, on_support, own_losses
from course import validate, worlds

exercise = Exercise(
    "mean_classifier_loss",
    refuses=(
        world("rho", "classes", "z"),
        needs("len(rho) > 1", {"one class": {"rho": np.ones(1), "classes": lambda rows: rows[:1]}}),
    ),
    hints={
        "values": (
            "Start with two classes: there is one task, and rho plays no role.",
            "For every ordered pair of classes: own[c, e], what the points of c pay on average against class e. Then ask how "
            "often nature draws the task.",
            "own[c, e] = E_{x ~ D_c} ln(1 + exp(f(x).(mu_e - mu_c))); with more than two classes tasks are not equally "
            "frequent.",
            "The answer: the sum of rho_c rho_e own[c, e] over c != e, divided by the sum of rho_c rho_e over c != e.",
        ),
        "stability": ("ln(1 + e^u) = np.logaddexp(0, u) is finite for every u.",),
        "bad input": (
            "`validate.world(rho, classes, z)` raises for most of it; one class is left to you.",
            "if len(rho) < 2: raise ValueError(...)",
        ),
        "properties": ("With two classes the answer does not depend on rho: both halves of a task weigh 1/2.",),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (4, 6, 3), (5, 4, 2), (3, 3, 3)):
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", worlds.random_world(rng, c, s, d, 1.3))
    yield Case("C = 3, S = 7, d = 1, disjoint classes", worlds.random_world(rng, 3, 7, 1, 1.5, overlap=False))
    yield Case(
        "C = 2, S = 4, d = 2",
        worlds.random_world(rng, 2, 4, 2, 1.5, overlap=False),
        hint="With two classes there is one task, and its two classes count one half each: rho plays no role.",
    )
    yield Case("constant inside each class", worlds.class_constant_world(rng, 3, 6, 2, 1.2))
    rho, classes, z = worlds.random_world(rng, 3, 5, 2)
    scores = z @ (classes @ z).T
    yield Case("f = 0", (rho, classes, 0 * z), hint="Every margin is 0 there, so every task costs ln 2.")
    yield Case("logits of 1e3", (rho, classes, with_largest_logit(z, scores, 1e3)), part="stability")
    yield Case("logits of 1e4", (rho, classes, with_largest_logit(z, scores, 1e4)), part="stability")
    yield from exercise.bad_inputs(rho, classes, z)
    yield Case("more classes, points and dimensions", larger_world(rng, high=24), public=False)


@exercise.property("f = 0 gives ln 2 on every world")
def at_zero(f, rng):
    rho, classes, z = worlds.random_world(rng, 4, 5, 2)
    if abs(f(rho, classes, 0 * z) - LN2) > 1e-9:
        return "with all embeddings 0 every task costs ln 2, but the average is not ln 2"


@exercise.property("with two classes rho plays no role")
def two_classes(f, rng):
    for _ in range(5):
        rho, classes, z = worlds.random_world(rng, 2, 5, 2)
        if abs(f(rho, classes, z) - f(np.array([0.5, 0.5]), classes, z)) > 1e-9:
            return "there is one task, both of its classes weigh 1/2, and yet the answer depends on rho"


@exercise.property("rotating the embedding, or renaming the classes, changes nothing")
def symmetries(f, rng):
    rho, classes, z = worlds.random_world(rng, 4, 5, 3)
    value = f(rho, classes, z)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if abs(f(rho, classes, z @ q) - value) > 1e-9:
        return "the loss changed when z was rotated"
    order = rng.permutation(4)
    if abs(f(rho[order], classes[order], z) - value) > 1e-9:
        return "the loss changed when the classes were listed in another order"


@exercise.property("two identical classes cost at least ln 2 on their task")
def identical_classes(f, rng):
    _, classes, z = worlds.random_world(rng, 2, 5, 2)
    if abs(f(np.array([0.3, 0.7]), classes[[0, 0]], z) - LN2) > 1e-9:
        return "two classes with one law have one mean, the task costs ln 2, but the answer is not ln 2"


@exercise.formula
def mean_classifier_loss(
    rho,
    classes,
    z,
    *,
    embed=lambda z: z,
    average=lambda classes: classes,
    scale=lambda means: means,
    meet=lambda classes, points: (classes, points),
    score=lambda points, means: points @ means.T,
    sign=1,
    cost=lambda v: np.logaddexp(0, v),
    weigh=distinct,
    total=np.sum,
    unit=1.0,
):
    means = scale(average(classes) @ embed(z))
    laws, points = meet(classes, embed(z))
    scores = score(points, means)
    losses = cost(sign * (scores[:, None, :] - scores[:, :, None]))  # axes: point, its class, the other class
    weights = weigh(rho)
    return (weights * np.einsum("cx,xce->ce", laws, losses)).sum() / total(weights) / unit


exercise.slip("tasks uniform", weigh=lambda rho: 1 - np.eye(len(rho))).says(
    "All tasks count the same.",
    "How often does nature draw the pair (c1, c2)?",
    "Both classes are drawn from rho: the pair (a, b) has probability proportional to rho_a rho_b.",
    "Weigh task (a, b) by rho_a rho_b and divide by the sum of these weights over a != b.",
)
exercise.slip("tasks with one class twice", weigh=lambda rho: np.outer(rho, rho)).says(
    "A task may consist of the same class twice.",
    "What is there to classify when c1 = c2?",
    "The expectation is conditional on c1 != c2: collisions are left out of the average.",
    "Put zeros on the diagonal of the weights rho_a rho_b and divide by their sum, 1 - sum rho^2.",
)
exercise.slip("not conditioned on distinct classes", total=lambda weights: 1.0).says(
    "Leaving out c1 = c2 is enough; the weights need no division.",
    "What do your weights sum to?",
    "They sum to 1 - sum rho^2. A conditional expectation divides by the probability of the condition.",
    "Divide by the sum of rho_a rho_b over a != b.",
)
exercise.slip(
    "inside a task, classes weigh by rho", weigh=lambda rho: distinct(rho) * rho[:, None] / (rho[:, None] + rho)
).says(
    "Inside a task the likelier class weighs more: rho_a / (rho_a + rho_b).",
    "How often does a point of a task come from each of its two classes?",
    "Equally often, whatever rho says. rho only decides how often the task is drawn.",
    "With weights rho(c | task) the lemma of this unit fails; take the plain average of the two halves.",
)
exercise.slip("second class drawn given the first", weigh=lambda rho: distinct(rho) / (1 - rho)[:, None]).says(
    "The first class is drawn from rho and stays; only the second one is drawn again until it differs.",
    "When both draws give one class, which of the two are thrown away?",
    "Both. So the pair (a, b) has probability rho_a rho_b / (1 - tau), and not rho_a rho_b / (1 - rho_a).",
    "Weigh task (a, b) by rho_a rho_b and divide by the sum of these weights over a != b.",
)
exercise.slip(
    "second class drawn given the first, both classes shown",
    weigh=lambda rho: distinct(rho) * (1 / (1 - rho) + 1 / (1 - rho)[:, None]),
).says(
    "The first class of a task stays, and only the second one is drawn again until it differs.",
    "When both draws give one class, which of the two are thrown away?",
    "Both. So the task {a, b} has the probability 2 rho_a rho_b / (1 - tau): nothing is divided by 1 - rho_a.",
    "Weigh task (a, b) by rho_a rho_b and divide by the sum of these weights over a != b.",
)
exercise.slip("second class uniform", weigh=lambda rho: rho[:, None] * (1 - np.eye(len(rho)))).says(
    "Only the first class of a task is drawn from rho; the other is any of the rest.",
    "How is the second class of a task drawn?",
    "From rho, as the first one: the pair (a, b) weighs rho_a rho_b.",
    "Weigh task (a, b) by rho_a rho_b and divide by the sum of these weights over a != b.",
)
exercise.slip("divided by the number of tasks", total=lambda weights: len(weights) * (len(weights) - 1)).says(
    "The weighted losses are averaged over the C (C - 1) tasks.",
    "What is your value at f = 0?",
    "ln 2 is right there. The weights rho_a rho_b sum to 1 - tau: divide by this, and by no count.",
)
exercise.slip("halves added", total=lambda weights: weights.sum() / 2).says(
    "The loss of a task is the sum of the losses of its two classes.",
    "What is your value at f = 0?",
    "It is 2 ln 2 there; the loss of a task is the average of its two classes.",
    "Each class of a task counts one half.",
)
exercise.slip("one order of each task", total=lambda weights: 2 * weights.sum()).says(
    "A task {a, b} has the probability rho_a rho_b / (1 - tau).",
    "What is your value at f = 0?",
    "It is half of ln 2 there: the task comes up as (a, b) and as (b, a).",
    "The probability of the task {a, b} is 2 rho_a rho_b / (1 - tau).",
)
exercise.slip("one half of each task", weigh=lambda rho: np.triu(distinct(rho))).says(
    "For a task (c1, c2) with c1 < c2 it is enough to look at the points of c1.",
    "Points of which classes does the classifier meet in a task?",
    "Of both: half of the loss comes from D_{c1}, half from D_{c2}.",
    "Sum over both orders (a, b) and (b, a).",
)
exercise.slip("points unweighted in the means", average=on_support).says(
    "The mean of a class is the plain average of the points that it can produce.",
    "Do all points of a class have the same probability?",
    "mu_c = sum_x D_c(x) f(x): the row classes[c] holds the weights.",
    "Use class_means(classes, z) = classes @ z.",
)
exercise.slip("points unweighted in the loss", meet=lambda classes, points: (on_support(classes), points)).says(
    "The loss of a class is the plain average over the points that it can produce.",
    "Do all points of a class have the same probability?",
    "E_{x ~ D_c} is a sum over x with the weights classes[c], as in the means.",
    "Sum the losses with the weights classes[c], without dividing by a count.",
)
exercise.slip("means of norm 1", scale=of_norm_1).says(
    "The classifier's weight vectors are the class means scaled to norm 1.",
    "Is the score of a class its similarity with mu_c, or with the direction of mu_c?",
    "The score of class c is f(x).mu_c with the mean as it is.",
    "Leave out the normalisation of the means.",
)
exercise.slip("embeddings of norm 1", embed=of_norm_1).says(
    "Embeddings are directions, scaled to norm 1 before anything else.",
    "What happens to your loss when z is multiplied by 2?",
    "The score of class c is f(x).mu_c, and the norm of f(x) matters in both.",
    "Use the rows of z as they are.",
)
exercise.slip("loss at the mean point", meet=lambda classes, points: (np.eye(len(classes)), classes @ points)).says(
    "The loss of class c is the loss at its mean point, ln(1 + exp(mu_c.(mu_e - mu_c))).",
    "Is the average of the losses the loss of the average point?",
    "The expectation over x stands outside the logarithm.",
    "Compute the loss at every point x, then average with the weights classes[c].",
)
exercise.slip("classes swapped", sign=-1).says(
    "A point of c1 is scored by mu_{c1} - mu_{c2} in the exponent.",
    "What should the loss of a point do when it moves towards the mean of its own class?",
    "It should fall: the own class stands with a minus sign in the exponent.",
    "ln(1 + exp(f(x).(mu_other - mu_own))).",
)
exercise.slip("hinge", cost=lambda v: np.maximum(0, 1 + v)).says(
    "The mean classifier pays the hinge loss.",
    "What is your value at f = 0?",
    "It is 1 there. The logistic loss pays ln(1 + e^0) = ln 2.",
)
exercise.slip("share of mistakes", cost=lambda v: np.where(v >= 0, 1.0, 0.0)).says(
    "The loss of a classifier is how often it errs.",
    "Does your value change when z is multiplied by 1.01?",
    "A mistake is an event. Its loss is ln(1 + e^(-v)), which also counts by how much it was one.",
)
exercise.slip("score by the distance", score=lambda points, means: -((points[:, None] - means) ** 2).sum(axis=2)).says(
    "The mean classifier scores a class by how near its mean is: minus the squared distance.",
    "What is the score of a class, by the statement?",
    "The inner product f(x).mu_c. The distance adds the length of mu_c to it, which differs between classes.",
)
exercise.slip("score with an offset", score=lambda points, means: points @ means.T - (means**2).sum(axis=1) / 2).says(
    "The score of a class has an offset, minus half the squared length of its mean.",
    "What is the score of a class, by the statement?",
    "The inner product f(x).mu_c, and nothing else; with the offset the nearest mean would win.",
)
exercise.slip("tasks weigh by the sum", weigh=lambda rho: (rho[:, None] + rho) * (1 - np.eye(len(rho)))).says(
    "A task {a, b} is as likely as its two classes together, rho_a + rho_b.",
    "Both draws must come out right. How do the probabilities of independent events combine?",
    "The pair (a, b) has probability rho_a rho_b, and is kept when a is not b.",
)
exercise.slip("base 2", unit=LN2).says(
    "Losses are measured in bits, so the logarithm has base 2.",
    "What is your value at f = 0?",
    "It is 1 at f = 0 in base 2, and ln 2 = 0.693 in nats. The course uses nats.",
    "Use the natural logarithm; do not divide by ln 2.",
)
exercise.slip("exponential overflows", cost=lambda v: np.log(1 + np.exp(v))).says(
    "np.log(1 + np.exp(u)) is a safe way to compute ln(1 + e^u).",
    "What is np.exp(1000)?",
    "It is inf, and 0 * inf is NaN, although ln(1 + e^1000) = 1000.",
    "np.logaddexp(0, u) computes ln(e^0 + e^u) without overflow.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.world(rho, classes, z)` in the first line.",
)

exercise.style("bits turned into nats", cost=lambda v: np.logaddexp2(0, v / LN2) * LN2)


@exercise.wrong(
    "all classes at once",
    belief="The mean classifier chooses among all C classes, so the loss is a softmax over all of them.",
    hints=(
        "How many classes compete in one task?",
        "Two: a point pays ln(1 + e^(-v)), v its score for its own class less that for the other; then tasks are averaged.",
        "Average ln(1 + exp(f(x).(mu_e - mu_c))) over e != c with weights rho_c rho_e.",
    ),
)
def mean_classifier_loss(rho, classes, z):
    scores = z @ (classes @ z).T
    return np.einsum("c,cx,xc->", rho, classes, np.logaddexp.reduce(scores, axis=1)[:, None] - scores)


@exercise.wrong(
    "one class",
    belief="A world with one class has an answer, too.",
    hints=("Which two distinct classes would the task have?", "None: raise ValueError where len(rho) is 1."),
    guarded=False,
)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    return (distinct(rho) * own_losses(classes, z)).sum() / distinct(rho).sum()


@exercise.accepted("unordered tasks, loops, Python floats", guarded=False)
def mean_classifier_loss(rho, classes, z):
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    total = weight = 0.0
    for a in range(len(rho)):
        for b in range(a + 1, len(rho)):
            w = classes[b] @ z - classes[a] @ z
            task = 0.0
            for x in range(len(z)):
                v = float(z[x] @ w)
                task += 0.5 * classes[a][x] * (max(v, 0) + math.log1p(math.exp(-abs(v))))
                task += 0.5 * classes[b][x] * (max(-v, 0) + math.log1p(math.exp(-abs(v))))
            total += 2 * rho[a] * rho[b] * task
            weight += 2 * rho[a] * rho[b]
    return float(total / weight)


@exercise.accepted("torch, minus log-sigmoid")
def mean_classifier_loss(rho, classes, z):
    r, d, e = (torch.from_numpy(a) for a in (rho, classes, z))
    scores = e @ (d @ e).T
    own = torch.einsum("cx,xce->ce", d, -F.logsigmoid(scores[:, :, None] - scores[:, None, :]))
    return (torch.outer(r, r).fill_diagonal_(0) * own).sum() / (1 - (r**2).sum())
