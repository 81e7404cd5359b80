"""collision_probability: what its check looks at. Overlapping classes of a non-uniform rho, points that only some classes
can produce, one class, and as many points as classes."""

import numpy as np
import torch

from autograder.author import Case, Exercise, law, needs
from autograder.author.draw import larger_world
from course import validate, worlds

exercise = Exercise(
    "collision_probability",
    refuses=(
        law("rho"),
        needs(
            "classes is None or len(classes) == len(rho)",
            {"rho and classes of different C": {"classes": lambda rows: rows[:-1]}},
        ),
        needs(
            "classes is None or ((classes >= 0).all() and (abs(classes.sum(axis=1) - 1) < 1e-9).all())",
            {
                "a row of classes sums to 1.1": {"classes": lambda rows: rows * np.array([[1.0], [1.0], [1.1]])},
                "NaN in classes": {"classes": lambda rows: np.where(np.eye(*rows.shape) > 0, np.nan, rows)},
            },
        ),
        needs(
            "classes is None or (rho @ classes > 0).all()",
            {"a point of no class": {"classes": lambda rows: np.hstack([rows, np.zeros((len(rows), 1))])}},
        ),
    ),
    hints={
        "values": (
            "Who has seen x knows something about the class of the anchor. What about the class of the negative?",
            "Sum over the classes: that the anchor is of class c, given x, and that the negative is of class c, too.",
            "P(c+ = c | x) is rho_c D_c(x) divided by its sum over c (Bayes); the class of the negative still has the law rho.",
        ),
        "bad input": (
            "`validate.law(rho)`, with classes `validate.world(rho, classes)`, raises for most of it.",
            "A point of probability 0 is left to you: min(rho @ classes) must be > 0.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, s in ((3, 5), (2, 4), (4, 3), (3, 3)):
        rho, classes, _ = worlds.random_world(rng, c, s, 2)
        yield Case(f"C = {c}, S = {s}, overlapping classes", (rho, classes))
    rho, classes, _ = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case(
        "C = 3, S = 7, disjoint classes",
        (rho, classes),
        hint="Here x tells its class: the answer is rho_c of that class.",
    )
    rows = np.stack([worlds.random_law(rng, 3, minimum=0.1) for _ in range(3)])
    shared = np.zeros((3, 5))
    for c in range(3):
        shared[c, c : c + 3] = rows[c]
    yield Case("some points of one class, some of several", (worlds.random_law(rng, 3, minimum=0.1), shared))
    yield Case(
        "one class",
        (np.ones(1), worlds.random_law(rng, 4, minimum=0.1)[None]),
        hint="With one class every negative collides.",
    )
    for c in (2, 5):
        yield Case(f"no classes given, C = {c}", (worlds.random_law(rng, c, minimum=0.1 / c),))
    yield from exercise.bad_inputs(rho, classes)
    rho, classes, _ = larger_world(rng)
    yield Case("more classes and points", (rho, classes), public=False)
    yield Case("more classes, none given", (rho,), public=False)
    rare = np.array([[1 - 2e-7, 2e-7], [1 - 1e-7, 1e-7]])
    yield Case("a point of probability 1e-7", (worlds.random_law(rng, 2, minimum=0.2), rare), public=False)


@exercise.property("its average over the anchors is tau, the sum of rho_c^2")
def averages_to_tau(f, rng):
    for overlap in (True, False):
        rho, classes, _ = worlds.random_world(rng, 4, 6, 1, overlap=overlap)
        if np.shape(f(rho, classes)) != (6,):
            return f"one number for each of S = 6 points is asked for, got the shape {np.shape(f(rho, classes))}"
        if abs(rho @ classes @ np.asarray(f(rho, classes)) - rho @ rho) > 1e-9:
            return "averaged over the law of the anchor, your numbers do not give tau"


def bayes(rho, classes):
    """P(c | x), shape (C, S)."""
    joint = rho[:, None] * classes
    return joint / joint.sum(axis=0)


def one_hot(scores):
    """Columns that are 1 at their largest entry and 0 elsewhere."""
    return np.eye(len(scores))[:, scores.argmax(axis=0)]


@exercise.formula
def collision_probability(
    rho,
    classes=None,
    *,
    tau=lambda rho: (rho**2).sum(),
    own=bayes,
    negative=lambda rho, own: rho[:, None],
    answer=lambda both: both.sum(axis=0),
):
    if classes is None:
        return tau(rho)
    of_anchor = own(rho, classes)
    return answer(of_anchor * negative(rho, of_anchor))


exercise.slip("tau = 1 / C", tau=lambda rho: 1 / len(rho)).says(
    "With C classes two draws coincide with probability 1/C.",
    "Is a collision as likely when one class has probability 0.99?",
    "1/C is the value for a uniform rho only: sum the squares of rho.",
)
exercise.slip("tau is the share without collisions", tau=lambda rho: 1 - (rho**2).sum()).says(
    "tau is the probability that the two classes differ.",
    "What is tau when there is one class only?",
    "A collision is certain there: tau = rho @ rho, not 1 - rho @ rho.",
)
exercise.slip("tau of the likeliest class", tau=max).says(
    "A collision happens as often as the likeliest class is drawn.",
    "May two draws collide in a class that is not the likeliest?",
    "Each class contributes its own collisions, rho_c^2: tau = rho @ rho.",
)
exercise.slip("one number for all points", own=lambda rho, classes: rho[:, None], answer=np.sum).says(
    "With classes the share of all collisions is asked for, too: one number.",
    "How many anchors x are there?",
    "S of them, and each has its own share: an array of shape (S,). Your number, tau, is its average.",
)
exercise.slip("tau at every point", own=lambda rho, classes: rho[:, None] + 0 * classes).says(
    "The classes of the pair are drawn independently of the negative's, so that every point collides with probability tau.",
    "Take a point that only the rarest class can produce. How often does its negative collide?",
    "As often as the rarest class is drawn. What x says about the class of the *anchor* must be used.",
    "The class of the anchor has the law P(c | x), no longer rho.",
)
exercise.slip("the negative's class given x, too", negative=lambda rho, own: own).says(
    "Once x is known, the class of the negative has the law P(c | x), as that of the anchor has.",
    "Does x say anything about a class that is drawn independently of it?",
    "The negative's class keeps the law rho, whatever the anchor is.",
    "Average your numbers over the anchors: the result must be tau.",
)
exercise.slip("the class that x most likely has", own=lambda rho, classes: one_hot(rho[:, None] * classes)).says(
    "The anchor is of the class that is likeliest given x.",
    "May a point that two classes can produce be of the other one?",
    "Weigh every class by P(c | x) instead of choosing one.",
)
exercise.slip("the class that produces x most often", own=lambda rho, classes: one_hot(classes)).says(
    "The anchor is of the class c with the largest D_c(x).",
    "May a point that two classes can produce be of the other one? And does rho not matter for which?",
    "Weigh every class by P(c | x), which is proportional to rho_c D_c(x).",
)
exercise.slip("rho left out of Bayes' rule", own=lambda rho, classes: classes / classes.sum(axis=0)).says(
    "P(c | x) is proportional to D_c(x).",
    "Two classes produce x equally often, but one of them is drawn nine times as often. Which is the anchor's?",
    "By Bayes' rule P(c | x) is proportional to rho_c D_c(x).",
)
exercise.slip("P(x | c) in place of P(c | x)", own=lambda rho, classes: classes).says(
    "A negative of class c collides with x as often as class c produces x.",
    "You have sum_c rho_c D_c(x) = P(x). Is that how often a negative *is* x, or how often its class is the anchor's?",
    "What collides is two classes, and D_c(x) = P(x | c) does not say how likely class c is, once x is known.",
    "P(c | x) needs Bayes' rule: rho_c D_c(x), divided by its sum over c.",
)
exercise.slip(
    "the classes that can produce x count the same", own=lambda rho, classes: (classes > 0) / (classes > 0).sum(axis=0)
).says(
    "All classes that can produce x are equally likely to be the anchor's.",
    "Two classes produce x, one of them hardly ever. Is it as likely?",
    "By Bayes' rule P(c | x) is proportional to rho_c D_c(x).",
)
exercise.slip("any class that can produce x", own=lambda rho, classes: 1.0 * (classes > 0)).says(
    "A negative collides when its class can produce x.",
    "x is of one class, though several could have produced it. Which negatives collide?",
    "Those of the class that did produce it, so each class counts with P(c | x).",
)
exercise.slip(
    "rho only above the fraction bar", own=lambda rho, classes: rho[:, None] * classes / classes.sum(axis=0)
).says(
    "P(c | x) is rho_c D_c(x) divided by the sum of the D_c(x).",
    "What do your P(c | x) sum to over c?",
    "To 1 they must: the sum below runs over rho_c D_c(x), too; it is rho @ classes.",
)
exercise.slip("law of the anchor's class", negative=lambda rho, own: 1.0, answer=lambda both: both).says(
    "P(c | x) is asked for.",
    "How many numbers are asked for at each point?",
    "One: the negative's class is c with probability rho_c, so sum rho_c P(c | x) over c.",
)
exercise.slip("x and a collision", own=lambda rho, classes: rho[:, None] * classes).says(
    "The probability that the anchor is x and the negative collides is asked for.",
    "What is your answer where there is one class only?",
    "A collision is certain there. P(A | x) is P(A and x) divided by P(x).",
    "Divide by rho @ classes.",
)
exercise.slip(
    "probability of no collision", answer=lambda both: 1 - both.sum(axis=0), tau=lambda rho: 1 - (rho**2).sum()
).says(
    "The probability that the two classes differ is asked for.",
    "What should the answer be when there is one class only?",
    "With one class a collision is certain, but you answer 0.",
)
exercise.slip("class by class", answer=lambda both: both).says(
    "Each class has its own collision, so that the answer has one row a class.",
    "The events 'both are of class c' exclude each other. How do their probabilities combine?",
    "They are added: sum over the classes, one number for each point.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.law(rho)`, with classes `validate.world(rho, classes)`, in the first line.",
)

exercise.style("matrix products", own=lambda rho, classes: rho[:, None] * classes / (rho @ classes))


@exercise.wrong(
    "a point of no class",
    belief="A point that no class can produce has an answer, too.",
    hints=(
        "With which probability is such a point the anchor?",
        "With probability 0, and nothing can be said given an event that never happens: raise ValueError.",
    ),
    guarded=False,
)
def collision_probability(rho, classes=None):
    validate.law(rho)
    if classes is None:
        return rho @ rho
    validate.world(rho, classes)
    return rho**2 @ classes / (rho @ classes)


@exercise.accepted("loops, Python floats, validated by hand", guarded=False)
def collision_probability(rho, classes=None):
    validate.law(rho)
    if classes is None:
        return sum(float(p) ** 2 for p in rho)
    validate.world(rho, classes)
    found = []
    for column in classes.T:
        chances = [float(p * q) for p, q in zip(rho, column, strict=True)]
        if sum(chances) == 0:
            raise ValueError("a point that no class produces")
        found.append(sum(p * chance for p, chance in zip(rho, chances, strict=True)) / sum(chances))
    return found


@exercise.accepted("quotient of two probabilities, torch")
def collision_probability(rho, classes=None):
    p = torch.from_numpy(rho)
    return p @ p if classes is None else (p**2 @ torch.from_numpy(classes)) / (p @ torch.from_numpy(classes))
