"""class_means: what its check looks at. Points of unequal probability, d different from C, classes that overlap."""

import numpy as np
import torch

from autograder.spec import Exercise
from course import validate, worlds
from course.check.case import Case, bad_input

exercise = Exercise(
    "class_means",
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
    for c, s, d in ((3, 5, 2), (2, 4, 3), (4, 3, 1)):
        _, classes, z = worlds.random_world(rng, c, s, d, 1.3)
        yield Case(f"C = {c}, S = {s}, d = {d}, overlapping classes", (classes, z))
    _, classes, z = worlds.random_world(rng, 3, 7, 2, overlap=False)
    yield Case("C = 3, S = 7, d = 2, disjoint classes", (classes, z))
    _, classes, z = worlds.random_world(rng, 3, 5, 2)
    yield bad_input("a row sums to 1.1", classes * np.array([[1.0], [1.0], [1.1]]), z)
    yield bad_input("a row with a negative entry", classes + np.array([[2.0, -2.0, 0.0, 0.0, 0.0]]), z)
    yield bad_input("z has fewer rows than there are points", classes, z[:4])
    yield bad_input("z has more rows than there are points", classes, np.vstack([z, z[:1]]))
    yield bad_input("NaN in z", classes, np.where(np.eye(5, 2) > 0, np.nan, z))
    yield bad_input("NaN in classes", np.where(np.eye(3, 5) > 0, np.nan, classes), z)


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


@exercise.wrong(
    "points of the support count the same",
    belief="The class mean is the plain average of the points that the class can produce.",
    hints=(
        "Is every point of a class equally likely?",
        "A point that the class produces more often counts more: its weight is D_c(x).",
        "Multiply each row of z by classes[c] and sum, without dividing by a count.",
    ),
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if len(z) != classes.shape[1] or np.isnan(z).any():
        raise ValueError(f"z {z.shape}")
    support = (classes > 0).astype(float)
    return support @ z / support.sum(axis=1, keepdims=True)


@exercise.wrong(
    "columns normalised",
    belief="classes says to which class a point belongs, so its columns should sum to 1.",
    hints=(
        "Which sums are 1 in `classes`, those of the rows or those of the columns?",
        "Row c is the law of the point given the class; you turned it into the law of the class given the point.",
        "No normalisation is needed: classes @ z.",
    ),
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if len(z) != classes.shape[1] or np.isnan(z).any():
        raise ValueError(f"z {z.shape}")
    member = classes / np.maximum(classes.sum(axis=0, keepdims=True), 1e-300)
    return member @ z / member.sum(axis=1, keepdims=True)


@exercise.wrong(
    "each point in its likeliest class",
    belief="Every point belongs to one class, the one that produces it most often.",
    hints=(
        "May two classes produce the same point?",
        "Classes overlap: a point counts in each class that can produce it, with weight D_c(x).",
        "Sum over all points with the weights classes[c], without an argmax.",
    ),
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if len(z) != classes.shape[1] or np.isnan(z).any():
        raise ValueError(f"z {z.shape}")
    hard = np.where(classes == classes.max(axis=0, keepdims=True), classes, 0.0)
    return hard @ z / np.maximum(hard.sum(axis=1, keepdims=True), 1e-300)


@exercise.wrong(
    "means of norm 1",
    belief="Class means are directions, so they are scaled to norm 1.",
    hints=(
        "What is the mean of the points (2, 0) and (4, 0), each with probability 1/2?",
        "The mean classifier uses the mean itself; its norm carries the confidence.",
        "Leave out the division by the norm.",
    ),
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if len(z) != classes.shape[1] or np.isnan(z).any():
        raise ValueError(f"z {z.shape}")
    means = classes @ z
    return means / np.linalg.norm(means, axis=1, keepdims=True)


@exercise.wrong(
    "divided by the number of points",
    belief="A mean divides by the number of points, on top of the probabilities.",
    hints=(
        "What are your means when all points sit at the same place?",
        "The probabilities of a row sum to 1 already: they are the division.",
        "Use classes @ z without dividing by S.",
    ),
)
def class_means(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if len(z) != classes.shape[1] or np.isnan(z).any():
        raise ValueError(f"z {z.shape}")
    return classes @ z / classes.shape[1]


def checked(classes, z):
    for row in classes:
        validate.law(row, "row", zeros=True)
    if z.ndim != 2 or z.shape[0] != classes.shape[1]:
        raise ValueError(f"shapes {classes.shape} and {z.shape}")
    if not np.isfinite(z).all():
        raise ValueError("z is not finite")


@exercise.accepted("loop over classes and points", uses=(checked,))
def class_means(classes, z):
    checked(classes, z)
    means = []
    for law in classes:
        total = np.zeros(z.shape[1])
        for p, point in zip(law, z, strict=True):
            total = total + p * point
        means.append(total)
    return means


@exercise.accepted("average with weights, stacked")
def class_means(classes, z):
    validate.world(np.full(len(classes), 1 / len(classes)), classes, z)
    return np.stack([np.average(z, axis=0, weights=row) for row in classes])


@exercise.accepted("torch einsum", uses=(checked,))
def class_means(classes, z):
    checked(classes, z)
    return torch.einsum("cs,sd->cd", torch.from_numpy(classes), torch.from_numpy(z))
