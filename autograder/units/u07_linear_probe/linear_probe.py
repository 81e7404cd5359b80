"""linear_probe: first clusters so far apart that every linear classifier with an intercept gives the same labels, then
the accuracy on held-out digits, computed here from the predictions.

The digits: features (principal components of the pixels, off centre; raw pixels), 5 to 6 of the ten digits, classes
up to 2.5 times as frequent as others, labels renamed. Over 200 seeds scikit-learn's linear SVM, ridge classifier, linear
discriminant analysis (and, over 60, logistic regression) were at worst 0.007 below least squares, nearest class mean at
worst 0.036: a margin of 0.07 is fair.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.spec import Exercise
from course import data
from course.check.case import Case, bad_input

MARGIN = 0.07  # what a sane linear classifier may lose against least squares on one-hot targets

exercise = Exercise(
    "linear_probe",
    hints={
        "values": (
            "Print your predictions next to the labels of the training rows that are nearest to the test rows.",
            "names, target = np.unique(train_y, return_inverse=True) numbers the labels; names[...] leads back.",
            "One score per class: least squares on np.eye(C)[target], with a column of ones; predict names[argmax].",
        ),
        "bad input": ("Compare train_z.shape, train_y.shape, test_z.shape; look for NaN with np.isfinite(...).all().",),
        "properties": (
            "Does the prediction for a row change when it is predicted alone?",
            "On digits: is an iterative solver stopped too early? Centre and scale by the training set first.",
        ),
    },
    time_limit=30.0,
)


def clusters(rng, centres, names, counts, test, spread=0.02):
    """(train_z, train_y, test_z, test_y): rows near their class centre; `test` lists the classes of the test rows."""
    owner = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    test = rng.permutation(test)
    train_z = centres[owner] + spread * rng.normal(size=(len(owner), centres.shape[1]))
    test_z = centres[test] + spread * rng.normal(size=(len(test), centres.shape[1]))
    names = np.asarray(names)
    return train_z, names[owner], test_z, names[test]


def simplex(rng, n_classes, dim):
    """Centres (C, dim), C <= dim: in general position, at distances near 2 of each other, far from the origin."""
    basis = np.linalg.qr(rng.normal(size=(dim, dim)))[0][:n_classes]
    return 1.5 * basis + 4 * rng.choice([-1, 1], size=dim)


def pentagon(rng):
    """Five centres on a circle of radius 1.5, its centre far from the origin: labels cannot follow a linear order."""
    turn = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(5) / 5
    return 1.5 * np.column_stack([np.cos(turn), np.sin(turn)]) + np.array([5.0, -4.0])


def ray(rng):
    """Two classes on one ray from the origin: without an intercept nothing tells them apart."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    return np.stack([2 * direction, 4 * direction])


@exercise.cases
def cases(rng):
    rows = clusters(rng, ray(rng), [40, 12], [12, 9], [0, 1] * 4)[:3]
    yield Case("two classes on one ray from the origin", rows)
    rows = clusters(rng, simplex(rng, 3, 4), [-3, 250, 17], [24, 6, 12], [0, 1, 2] * 3)[:3]
    yield Case("three classes, sizes 24, 6, 12, labels -3, 250, 17", rows)
    names = rng.permutation([30, 7, 11, -20, 2])
    rows = clusters(rng, pentagon(rng), names, [10] * 5, [0, 1, 2, 3, 4] * 3)[:3]
    yield Case("five classes around a point, in the plane", rows)
    rows = clusters(rng, pentagon(rng), rng.permutation([9, 1, 5, 3, 4]), [10] * 5, [3] * 4)[:3]
    yield Case("all test rows of one class", rows)
    rows = clusters(rng, simplex(rng, 4, 5), [3, 1, 4, 5], [5, 8, 11, 6], [2])[:3]
    yield Case("one test row", rows)
    rows = clusters(rng, simplex(rng, 3, 3), [1, 2, 3], [8, 8, 8], [0, 1, 2, 1])[:3]
    yield Case("labels 1, 2, 3", rows)
    train_z, train_y, test_z = clusters(rng, simplex(rng, 2, 3), [5, 8], [6, 5], [0, 1, 1])[:3]
    yield bad_input("a label is missing", train_z, train_y[:-1], test_z)
    yield bad_input("a label too many", train_z, np.append(train_y, 5), test_z)
    yield bad_input("test features of another dimension", train_z, train_y, test_z[:, :2])
    yield bad_input("features that are a vector", train_z[:, 0], train_y, test_z[:, 0])
    yield bad_input("NaN in the training features", np.where(np.eye(11, 3) > 0, np.nan, train_z), train_y, test_z)
    yield bad_input("NaN in the test features", train_z, train_y, np.where(np.eye(3) > 0, np.nan, test_z))


@exercise.property("the prediction for a row does not depend on the other test rows")
def row_by_row(f, rng):
    train_z, train_y, test_z, _ = clusters(rng, pentagon(rng), [4, 9, -1, 6, 2], [9] * 5, range(5), spread=0.1)
    together = np.asarray(f(train_z, train_y, test_z))
    for i in (0, 3):
        if np.asarray(f(train_z, train_y, test_z[i : i + 1])).ravel()[0] != together[i]:
            return "a row that is predicted alone gets another label"


@exercise.property("accuracy on held-out digits at least that of least squares minus 0.07")
def digits(f, rng):
    right = baseline = total = 0
    for n_classes, dim in ((5, 4), (6, 8), (6, None)):
        train_z, train_y, test_z, test_y = digits_task(rng, n_classes, dim)
        predicted = np.asarray(f(train_z, train_y, test_z))
        if predicted.shape != test_y.shape:
            return f"predictions have shape {predicted.shape}, not {test_y.shape}"
        right += np.sum(predicted == test_y)
        baseline += np.sum(least_squares(train_z, train_y, test_z) == test_y)
        total += len(test_y)
    if right / total < baseline / total - MARGIN:
        return f"accuracy {right / total:.3f}, least squares has {baseline / total:.3f}"


@lru_cache(maxsize=1)
def pixels():
    images, labels = data.load_digits()
    return images.reshape(len(images), -1).double().numpy(), labels.numpy()


def digits_task(rng, n_classes, dim):
    """Unbalanced classes of digits with renamed labels; `dim` principal components far from the origin, or pixels."""
    x, digit = pixels()
    chosen = rng.choice(10, size=n_classes, replace=False)
    names = rng.choice(np.arange(-50, 200), size=10, replace=False)
    train, test = [], []
    for c, share in zip(chosen, np.linspace(1, 2.5, n_classes)):
        rows = rng.permutation(np.flatnonzero(digit == c))
        n = int(28 * share)
        train.append(rows[:n])
        test.append(rows[n : n + int(40 * share)])
    train, test = rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
    if dim is None:
        return x[train], names[digit[train]], x[test], names[digit[test]]
    centre = x[train].mean(axis=0)
    axes = np.linalg.svd(x[train] - centre, full_matrices=False)[2][:dim].T
    offset = 3 * rng.choice([-1.0, 1.0], size=dim)
    z = (x - centre) @ axes + offset
    return z[train], names[digit[train]], z[test], names[digit[test]]


def least_squares(train_z, train_y, test_z):
    """Labels by least squares on one-hot targets, with an intercept."""
    names, target = np.unique(train_y, return_inverse=True)
    rows = np.column_stack([train_z, np.ones(len(train_z))])
    heads = np.linalg.lstsq(rows, np.eye(len(names))[target], rcond=None)[0]
    return names[(np.column_stack([test_z, np.ones(len(test_z))]) @ heads).argmax(axis=1)]


def checked(train_z, train_y, test_z):
    """The three arrays of a valid call; ValueError otherwise."""
    train_z, train_y, test_z = np.asarray(train_z, float), np.asarray(train_y), np.asarray(test_z, float)
    if train_z.ndim != 2 or test_z.ndim != 2 or train_z.shape[1] != test_z.shape[1]:
        raise ValueError(f"got features of shapes {train_z.shape} and {test_z.shape}")
    if train_y.shape != (len(train_z),):
        raise ValueError(f"got labels of shape {train_y.shape} for {len(train_z)} rows")
    if not (np.isfinite(train_z).all() and np.isfinite(test_z).all()):
        raise ValueError("features hold NaN or infinity")
    return train_z, train_y, test_z


def heads_of(train_z, train_y):
    """(names of the classes, least-squares heads without intercept)."""
    names, target = np.unique(train_y, return_inverse=True)
    return names, np.linalg.lstsq(train_z, np.eye(len(names))[target], rcond=None)[0]


@exercise.wrong(
    "no intercept",
    belief="As in the theory, the head is w.z without an intercept.",
    hints=(
        "Look at the two classes on one ray from the origin. Which direction w tells them apart?",
        "The spectral embedding contains a constant direction; these features do not, and their mean is far from 0.",
        "Append a column of ones to train_z and test_z.",
    ),
    uses=(checked, heads_of),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    names, heads = heads_of(train_z, train_y)
    return names[(test_z @ heads).argmax(axis=1)]


@exercise.wrong(
    "class indices instead of labels",
    belief="The prediction is the number of the class, 0 to C - 1.",
    hints=(
        "Which values does train_y hold, and which do you return?",
        "argmax gives the position of the class; the label is stored at this position.",
        "return names[scores.argmax(axis=1)]",
    ),
    uses=(checked, heads_of),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    _, heads = heads_of(np.column_stack([train_z, np.ones(len(train_z))]), train_y)
    return (np.column_stack([test_z, np.ones(len(test_z))]) @ heads).argmax(axis=1)


@exercise.wrong(
    "labels in order of appearance",
    belief="Column j of the one-hot matrix belongs to the j-th label that appears in train_y.",
    hints=(
        "In which order does np.unique list the labels?",
        "Sorted. The first label of train_y need not be the smallest.",
        "Use one list of names for both directions: names[...] with the names of np.unique.",
    ),
    uses=(checked, heads_of),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    _, heads = heads_of(np.column_stack([train_z, np.ones(len(train_z))]), train_y)
    appearing = np.array(list(dict.fromkeys(train_y.tolist())))
    return appearing[(np.column_stack([test_z, np.ones(len(test_z))]) @ heads).argmax(axis=1)]


@exercise.wrong(
    "regression on the label",
    belief="A linear regression of the label number, rounded to the nearest label, is a classifier.",
    hints=(
        "What would your probe say half way between classes 7 and 11, if there is a class 9?",
        "Labels are names. A class number that lies between two others need not lie between them in feature space.",
        "Regress one indicator per class, and take the largest score.",
    ),
    uses=(checked,),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    rows = np.column_stack([train_z, np.ones(len(train_z))])
    w = np.linalg.lstsq(rows, train_y.astype(float), rcond=None)[0]
    names = np.unique(train_y)
    scores = np.column_stack([test_z, np.ones(len(test_z))]) @ w
    return names[np.abs(scores[:, None] - names[None, :]).argmin(axis=1)]


@exercise.wrong(
    "test set centred by its own mean",
    belief="Both sets are standardised, each by itself.",
    hints=(
        "What does your probe see when all test rows are of one class?",
        "Their own mean is subtracted, and with it what made them different. One row alone becomes 0.",
        "Subtract the mean of train_z from both.",
    ),
    uses=(checked, heads_of),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    rows = np.column_stack([train_z - train_z.mean(axis=0), np.ones(len(train_z))])
    names, heads = heads_of(rows, train_y)
    return names[(np.column_stack([test_z - test_z.mean(axis=0), np.ones(len(test_z))]) @ heads).argmax(axis=1)]


@exercise.wrong(
    "test set not centred",
    belief="Centring belongs to the training; at test time the features are used as they are.",
    hints=(
        "The heads were fitted to centred features. What do they get at test time?",
        "Whatever is done to train_z must be done to test_z, with the same numbers.",
        "test_z - train_z.mean(axis=0).",
    ),
    uses=(checked, heads_of),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    rows = np.column_stack([train_z - train_z.mean(axis=0), np.ones(len(train_z))])
    names, heads = heads_of(rows, train_y)
    return names[(np.column_stack([test_z, np.ones(len(test_z))]) @ heads).argmax(axis=1)]


@exercise.wrong(
    "predictions for the training rows",
    belief="The probe predicts the rows that it was trained on.",
    hints=(
        "How many predictions do you return, and how many rows has test_z?",
        "Train on train_z, predict test_z.",
    ),
    uses=(checked, least_squares),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    return least_squares(train_z, train_y, train_z)


@exercise.wrong(
    "labels taken for positions",
    belief="Labels are 0, ..., C - 1, so that np.eye(C)[train_y] is the one-hot matrix.",
    hints=(
        "Your code stops with an IndexError. Which labels occur?",
        "250 is no position in an array of three classes. Number the classes first.",
        "names, target = np.unique(train_y, return_inverse=True), then np.eye(len(names))[target].",
    ),
    uses=(checked,),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    rows = np.column_stack([train_z, np.ones(len(train_z))])
    heads = np.linalg.lstsq(rows, np.eye(len(set(train_y.tolist())))[train_y], rcond=None)[0]
    return (np.column_stack([test_z, np.ones(len(test_z))]) @ heads).argmax(axis=1)


@exercise.wrong(
    "two classes only",
    belief="The sign of one regression decides between the smallest label and the largest.",
    hints=(
        "How many different labels can your probe return?",
        "One head decides between two classes; with C classes there are C heads.",
        "One column of targets per class, and argmax over the scores.",
    ),
    uses=(checked,),
)
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    names = np.unique(train_y)
    rows = np.column_stack([train_z, np.ones(len(train_z))])
    w = np.linalg.lstsq(rows, np.where(train_y == names[-1], 1.0, -1.0), rcond=None)[0]
    return np.where(np.column_stack([test_z, np.ones(len(test_z))]) @ w > 0, names[-1], names[0])


@exercise.accepted("scikit-learn's logistic regression after scaling", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return model.fit(train_z, train_y).predict(test_z)


@exercise.accepted("scikit-learn's logistic regression as it comes", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    from sklearn.linear_model import LogisticRegression

    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    return LogisticRegression(max_iter=1000).fit(train_z, train_y).predict(test_z)


@exercise.accepted("linear SVM", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    from sklearn.svm import LinearSVC

    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    centre, scale = train_z.mean(axis=0), train_z.std(axis=0) + 1e-9
    return LinearSVC().fit((train_z - centre) / scale, train_y).predict((test_z - centre) / scale)


@exercise.accepted("nearest class mean, a list", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    means = {int(c): train_z[train_y == c].mean(axis=0) for c in train_y}
    return [min(means, key=lambda c: float(np.sum((row - means[c]) ** 2))) for row in test_z]


@exercise.accepted("linear discriminant analysis in numpy, slightly regularised", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = checked(train_z, train_y, test_z)
    names, target = np.unique(train_y, return_inverse=True)
    means = np.stack([train_z[target == c].mean(axis=0) for c in range(len(names))])
    inside = train_z - means[target]
    covariance = inside.T @ inside / len(train_z)
    covariance += (1e-3 * np.trace(covariance) / len(covariance) + 1e-12) * np.eye(len(covariance))
    w = np.linalg.solve(covariance, means.T)
    bias = np.log(np.bincount(target) / len(target)) - 0.5 * np.sum(means.T * w, axis=0)
    return names[(test_z @ w + bias).argmax(axis=1)]


@exercise.accepted("softmax regression by gradient descent in torch, centred and scaled", uses=(checked,))
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = (torch.as_tensor(a) for a in checked(train_z, train_y, test_z))
    names, target = torch.unique(train_y, return_inverse=True)
    centre, scale = train_z.mean(0), train_z.std(0) + 1e-6
    x, seen = (train_z - centre) / scale, (test_z - centre) / scale
    w = torch.zeros(x.shape[1], len(names), dtype=x.dtype, requires_grad=True)
    b = torch.zeros(len(names), dtype=x.dtype, requires_grad=True)
    for _ in range(150):
        loss = F.cross_entropy(x @ w + b, target) + 1e-3 * (w**2).sum()
        for parameter, slope in zip((w, b), torch.autograd.grad(loss, (w, b))):
            parameter.data -= 1.0 * slope
    return names[(seen @ w + b).argmax(1)]
