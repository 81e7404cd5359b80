"""class_means: what its check looks at. Points of unequal probability, classes that overlap; C, S and d all different,
then any two of them equal and all three: a transposed matrix fits there."""

import numpy as np
import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import larger_world
from autograder.units.u02_latent_classes.draws import with_negative
from autograder.units.u02_latent_classes.formulas import of_norm_1, on_support
from course import validate, worlds

exercise = Exercise(
    "class_means",
    refuses=(
        needs(
            "(classes >= 0).all() and (abs(classes.sum(axis=1) - 1) < 1e-9).all()",
            {
                "a row sums to 1.1": {"classes": lambda rows: rows * np.array([[1.0], [1.0], [1.1]])},
                "a row with a negative entry": {"classes": with_negative},
                "NaN in classes": {"classes": lambda rows: np.where(np.eye(*rows.shape) > 0, np.nan, rows)},
            },
        ),
        needs(
            "len(z) == classes.shape[1] and (abs(z) < 1e300).all()",
            {
                "z has fewer rows than there are points": {"z": lambda z: z[:-1]},
                "z has more rows than there are points": {"z": lambda z: np.vstack([z, z[:1]])},
                "NaN in z": {"z": lambda z: np.where(np.eye(*z.shape) > 0, np.nan, z)},
            },
        ),
    ),
    hints={
        "values": (
            "An expectation over a finite law is a sum of values times probabilities.",
            "mu_c = sum_x D_c(x) f(x): each row of z is weighted by the probability that class c gives to the point.",
            "All the sums at once are the matrix product of classes (C, S) and z (S, d).",
        ),
        "bad input": (
            "Check every row with validate.law(row, zeros=True), then len(z) against classes.shape[1], then NaN in z.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 3, 1), (3, 3, 2), (2, 4, 2), (4, 3, 3), (3, 3, 3)):
        _, classes, z = worlds.random_world(rng, c, s, d, 1.3)
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", (classes, z))
    _, classes, z = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case("C = 3, S = 7, d = 2, disjoint classes", (classes, z))
    _, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield from exercise.bad_inputs(classes, z)
    _, classes, z = larger_world(rng)
    yield Case("more classes, points and dimensions", (classes, z), public=False)


@exercise.property("moving the embedding by an affine map moves the means by it")
def affine(f, rng):
    for _ in range(5):
        _, classes, z = worlds.random_world(rng, 3, 6, 2)
        a, b = rng.normal(size=(2, 4)), rng.normal(size=4)
        if np.abs(np.asarray(f(classes, z @ a + b)) - (np.asarray(f(classes, z)) @ a + b)).max() > 1e-9:
            return "the means of A z + b are not A times the means plus b"


@exercise.property("an embedding that is constant inside each class gives that constant")
def constant(f, rng):
    for _ in range(5):
        _, classes, z = worlds.class_constant_world(rng, 3, 7, 2)
        if np.abs(np.asarray(f(classes, z)) - z[classes.argmax(axis=1)]).max() > 1e-9:
            return "all points of class c sit at one place, but the mean of class c is elsewhere"


def likeliest(classes):
    hard = np.where(classes == classes.max(axis=0), classes, 0.0)
    return hard / np.maximum(hard.sum(axis=1, keepdims=True), 1e-300)


def by_column(classes):
    member = classes / classes.sum(axis=0)
    return member / member.sum(axis=1, keepdims=True)


@exercise.formula
def class_means(classes, z, *, embed=lambda z: z, weigh=lambda classes: classes, scale=lambda means: means):
    return scale(weigh(classes) @ embed(z))


exercise.slip("points of the support count the same", weigh=on_support).says(
    "The class mean is the plain average of the points that the class can produce.",
    "Is every point of a class equally likely?",
    "A point that the class produces more often counts more: its weight is D_c(x).",
    "Multiply each row of z by classes[c] and sum, without dividing by a count.",
)
exercise.slip("columns normalised", weigh=by_column).says(
    "classes says to which class a point belongs, so its columns should sum to 1.",
    "Which sums are 1 in `classes`, those of the rows or those of the columns?",
    "Row c is the law of the point given the class; you turned it into the law of the class given the point.",
    "No normalisation is needed: classes @ z.",
)
exercise.slip("each point in its likeliest class", weigh=likeliest).says(
    "Every point belongs to one class, the one that produces it most often.",
    "May two classes produce the same point?",
    "Classes overlap: a point counts in each class that can produce it, with weight D_c(x).",
    "Sum over all points with the weights classes[c], without an argmax.",
)
exercise.slip("means of norm 1", scale=of_norm_1).says(
    "Class means are directions, so they are scaled to norm 1.",
    "What is the mean of the points (2, 0) and (4, 0), each with probability 1/2?",
    "The mean classifier uses the mean itself; its norm carries the confidence.",
    "Leave out the division by the norm.",
)
exercise.slip("points of norm 1", embed=of_norm_1).says(
    "Embeddings are directions, so each point is scaled to norm 1 before the average.",
    "What is the mean of the points (2, 0) and (4, 0), each with probability 1/2?",
    "It is (3, 0): a long embedding pulls the mean further than a short one.",
    "Use the rows of z as they are.",
)
exercise.slip("the likeliest point", weigh=lambda classes: np.eye(classes.shape[1])[classes.argmax(axis=1)]).says(
    "The mean of a class is the embedding of its most likely point.",
    "Does your answer move when a less likely point moves?",
    "A mean runs over all points of the class, each with its probability.",
    "classes @ z, without an argmax.",
)
exercise.slip("divided by the number of points", weigh=lambda classes: classes / classes.shape[1]).says(
    "A mean divides by the number of points, on top of the probabilities.",
    "What are your means when all points sit at the same place?",
    "The probabilities of a row sum to 1 already: they are the division.",
    "Use classes @ z without dividing by S.",
)
exercise.slip("divided by the number of classes", scale=lambda means: means / len(means)).says(
    "The means are averaged over the classes, too.",
    "What are your means when all points sit at the same place?",
    "Each class has its own mean, and its row sums to 1 already: nothing is left to divide by.",
)
exercise.slip("transposed", scale=np.transpose).says(
    "The class means are the columns of the answer.",
    "Which shape is asked for?",
    "(C, d): one row for each class, one column for each coordinate of the embedding.",
)
exercise.slip("centred", scale=lambda means: means - means.mean(axis=0)).says(
    "Class means are measured from their common centre.",
    "What is the mean of a class whose points all sit at one place?",
    "That place. Nothing is subtracted: mu_c is the expectation of f(x) itself.",
)
exercise.slip(
    "divided by the points of the class", weigh=lambda rows: rows / (rows > 0).sum(axis=1, keepdims=True)
).says(
    "A weighted sum becomes a mean when it is divided by the number of points of the class.",
    "What are your means when all points sit at the same place?",
    "The probabilities of a row sum to 1 already: they are the division.",
)
exercise.slip("all points alike", weigh=lambda classes: np.full(classes.shape, 1 / classes.shape[1])).says(
    "The mean is taken over all points, in each class alike.",
    "Does your answer change with classes?",
    "Row c of classes holds the weights of the mean of class c.",
)
exercise.slip("points centred", embed=lambda z: z - z.mean(axis=0)).says(
    "The embedding is centred before the means are taken.",
    "What is the mean of a class whose points all sit at one place?",
    "That place. Nothing is subtracted: mu_c is the expectation of f(x) itself.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a row that sums to 1.1, or for NaN in z?",
    "ValueError: `validate.law(row, zeros=True)` for each row, then the number of rows of z, then NaN in z.",
)


@exercise.wrong(
    "NaN in z",
    belief="An embedding needs no check once its shape fits.",
    hints=("What are your means when z holds NaN?", "NaN, too: raise ValueError where np.isnan(z).any()."),
    guarded=False,
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, zeros=True)
    return classes @ z


@exercise.wrong(
    "classes with zeros refused",
    belief="A class gives every point a positive probability.",
    hints=(
        "Which points can a class produce when the classes are disjoint?",
        "Only its own: rows of classes have zeros. `validate.law` accepts them with zeros=True.",
    ),
    guarded=False,
)
def class_means(classes, z):
    for row in classes:
        validate.law(row)
    if np.isnan(z).any():
        raise ValueError("NaN in z")
    return classes @ z


@exercise.accepted("loop over classes and points, validated row by row", guarded=False)
def class_means(classes, z):
    if z.ndim != 2 or z.shape[0] != classes.shape[1] or not np.isfinite(z).all():
        raise ValueError(f"shapes {classes.shape} and {z.shape}, or z is not finite")
    means = []
    for law in classes:
        validate.law(law, "row", zeros=True)
        total = np.zeros(z.shape[1])
        for p, point in zip(law, z, strict=True):
            total = total + p * point
        means.append(total)
    return means


@exercise.accepted("average with weights, stacked", guarded=False)
def class_means(classes, z):
    validate.world(np.full(len(classes), 1 / len(classes)), classes, z)
    return np.stack([np.average(z, axis=0, weights=row) for row in classes])


@exercise.accepted("torch einsum")
def class_means(classes, z):
    return torch.einsum("cs,sd->cd", torch.from_numpy(classes), torch.from_numpy(z))
