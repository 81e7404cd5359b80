"""linear_probe: first clusters so far apart that every linear classifier with an intercept gives the same labels, then
the accuracy on held-out digits, computed here from the predictions. Last, training sets with wrong labels, which a
classifier that remembers single rows repeats.

The digits: features (principal components of the pixels, off centre; raw pixels), 5 to 6 of the ten digits, classes
up to 2.5 times as frequent as others, labels renamed. Over 200 seeds scikit-learn's linear SVM, ridge classifier, linear
discriminant analysis (and, over 60, logistic regression) were at worst 0.007 below least squares, nearest class mean at
worst 0.036: a margin of 0.07 is fair.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs
from autograder.units.u07_linear_probe.draws import with_nan
from course import data

NOISY_MARGIN = 0.12  # linear classifiers lose at worst 0.08 (60 seeds), the nearest neighbour at least 0.16
MARGIN = 0.07  # what a sane linear classifier may lose against least squares on one-hot targets

exercise = Exercise(
    "linear_probe",
    refuses=(
        needs(
            "train_z.ndim == test_z.ndim == 2 and train_z.shape[1] == test_z.shape[1]",
            {
                "test features of another dimension": {"test_z": lambda z: z[:, :2]},
                "features that are a vector": {"train_z": lambda z: z[:, 0], "test_z": lambda z: z[:, 0]},
            },
        ),
        needs(
            "train_y.shape == train_z.shape[:1]",
            {
                "a label is missing": {"train_y": lambda y: y[:-1]},
                "a label too many": {"train_y": lambda y: np.append(y, 5)},
            },
        ),
        needs(
            "abs(train_z).max() < float('inf') and abs(test_z).max() < float('inf')",
            {
                "NaN in the training features": {"train_z": with_nan},
                "NaN in the test features": {"test_z": with_nan},
            },
        ),
    ),
    hints={
        "values": (
            "Print your predictions next to the labels of the training rows that are nearest to the test rows.",
            "names, target = np.unique(train_y, return_inverse=True) numbers the labels; names[...] leads back.",
            "One score per class: least squares on np.eye(C)[target], with a column of ones; predict names[argmax].",
        ),
        "bad input": ("Compare train_z.shape, train_y.shape, test_z.shape; look for NaN with np.isfinite(...).all().",),
        "properties": (
            "Does the prediction for a row change when it is predicted alone?",
            "A linear classifier cuts space along planes. Neighbours, trees, kernels and networks do not.",
            "On digits: is an iterative solver stopped too early? Centre and scale by the training set first.",
        ),
    },
    time_limit=30.0,
)


def clusters(rng, centres, names, counts, test, spread=0.02):
    """(train_z, train_y, test_z): rows near their class centre; `test` lists the classes of the test rows."""
    owner = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    test = rng.permutation(test)
    train_z = centres[owner] + spread * rng.normal(size=(len(owner), centres.shape[1]))
    test_z = centres[test] + spread * rng.normal(size=(len(test), centres.shape[1]))
    return train_z, np.asarray(names)[owner], test_z


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


def outlier(rng):
    """As on the ray, and one test row of the rarer class ten times as far out as the others: easy for a linear head."""
    centres = ray(rng)
    train_z, train_y, test_z = clusters(rng, centres, [40, 12], [12, 9], [0, 1] * 4)
    return train_z, train_y, np.vstack([test_z, 10 * centres[1:]])


@exercise.cases
def cases(rng):
    yield Case("two classes on one ray from the origin", clusters(rng, ray(rng), [40, 12], [12, 9], [0, 1] * 4))
    yield Case(
        "three classes, sizes 24, 6, 12, labels -3, 250, 17",
        clusters(rng, simplex(rng, 3, 4), [-3, 250, 17], [24, 6, 12], [0, 1, 2] * 3),
    )
    names = rng.permutation([30, 7, 11, -20, 2])
    yield Case(
        "five classes around a point, in the plane", clusters(rng, pentagon(rng), names, [10] * 5, [0, 1, 2, 3, 4] * 3)
    )
    yield Case(
        "all test rows of one class", clusters(rng, pentagon(rng), rng.permutation([9, 1, 5, 3, 4]), [10] * 5, [3] * 4)
    )
    yield Case("one test row far out, behind its class", outlier(rng))
    yield Case("one test row", clusters(rng, simplex(rng, 4, 5), [3, 1, 4, 5], [5, 8, 11, 6], [2]))
    yield Case("labels 1, 2, 3", clusters(rng, simplex(rng, 3, 3), [1, 2, 3], [8, 8, 8], [0, 1, 2, 1]))
    for public in (True, False):
        train_z, train_y, _, _ = mislabelled(rng)
        rows = train_z, train_y, deep_errors(train_z, train_y)
        yield Case("training rows again that have a wrong label, deep inside another class", rows, public=public)
    yield from exercise.bad_inputs(*clusters(rng, simplex(rng, 2, 3), [5, 8], [6, 5], [0, 1, 1]))
    for n in (6, 7):  # many classes: two wrong classifiers hardly ever agree on all of them
        names = rng.permutation([12, 0, 5, -7, 33, 41, 8])[:n]
        yield Case(f"{n} classes", clusters(rng, simplex(rng, n, n), names, [6] * n, [*range(n)] * 2))


@exercise.property("the prediction for a row does not depend on the other test rows")
def row_by_row(f, rng):
    train_z, train_y, test_z = clusters(rng, pentagon(rng), [4, 9, -1, 6, 2], [9] * 5, range(5), spread=0.1)
    together = np.asarray(f(train_z, train_y, test_z))
    for i in (0, 3):
        if np.asarray(f(train_z, train_y, test_z[i : i + 1])).ravel()[0] != together[i]:
            return "a row that is predicted alone gets another label"
    between = np.array([5.0, -4.0]) + rng.normal(size=(40, 2))
    if np.any(
        np.asarray(f(train_z, train_y, between)) != np.asarray(f(train_z, train_y, np.vstack([between, [90, 3]])))[:40]
    ):
        return "one more test row, far out, changed the labels of others"


@exercise.property("accuracy on held-out digits at least that of least squares minus 0.07")
def digits(f, rng):
    return shortfall(f, (digits_task(rng, *sizes) for sizes in ((5, 4), (6, 8), (6, None))), MARGIN)


@exercise.property(
    "where a quarter of the training labels is wrong: accuracy at least that of least squares minus 0.12"
)
def wrong_labels(f, rng):
    return shortfall(f, [mislabelled(rng)], NOISY_MARGIN, ": does it repeat single training labels?")


@exercise.property("between two classes the predicted label changes at most once along a straight line")
def straight(f, rng):
    owner = rng.integers(2, size=150)
    train_z = 1.5 * rng.normal(size=(150, 3)) + 2 * owner[:, None] + 4
    given = np.where(rng.random(150) < 0.2, 1 - owner, owner)
    start, way = rng.uniform(1, 9, size=(30, 1, 3)), rng.normal(size=(30, 1, 3))
    rows = start + np.linspace(-3, 3, 61)[:, None] * way
    predicted = np.asarray(f(train_z, np.array([17, -4])[given], rows.reshape(-1, 3)))
    if predicted.shape != (30 * 61,):
        return f"{30 * 61} rows got predictions of shape {predicted.shape}"
    found = predicted.reshape(30, 61)
    if (found[:, 1:] != found[:, :-1]).sum(axis=1).max() > 1:
        return "it changes back: the border between the classes is not flat, as that of a linear classifier is"


def shortfall(f, tasks, margin, remark=""):
    """None, or a message: over all test rows, `f` is right more often than least squares minus `margin`."""
    right = baseline = total = 0
    for train_z, train_y, test_z, test_y in tasks:
        predicted = np.asarray(f(train_z, train_y, test_z))
        if predicted.shape != test_y.shape:
            return f"predictions have shape {predicted.shape}, not {test_y.shape}"
        right += np.sum(predicted == test_y)
        baseline += np.sum(exercise.written(train_z, train_y, test_z) == test_y)
        total += len(test_y)
    if right / total < baseline / total - margin:
        return f"accuracy {right / total:.3f}, least squares has {baseline / total:.3f}{remark}"


def mislabelled(rng):
    """Four classes around the corners of a simplex in 9 to 12 dimensions; a quarter of the training labels is another."""
    dim, names = int(rng.integers(9, 13)), rng.choice(np.arange(-50, 200), size=4, replace=False)
    corners = 4.25 * np.linalg.qr(rng.normal(size=(dim, dim)))[0][:4]
    owner = rng.permutation(np.repeat(np.arange(4), (60, 70, 80, 90)))
    wrong = rng.random(300) < 0.25
    given = np.where(wrong, (owner + rng.integers(1, 4, size=300)) % 4, owner)
    test = rng.integers(4, size=300)
    train_z, test_z = (0.5 * (corners[c] + rng.normal(size=(300, dim))) for c in (owner, test))
    offset = 2 * rng.choice([-1.0, 1.0], size=dim)
    return train_z + offset, names[given], test_z + offset, names[test]


def deep_errors(train_z, train_y):
    """Training rows with a label that least squares does not give them, by a margin of half the largest margin of all."""
    rows = with_ones(train_z)
    scores = rows @ np.linalg.lstsq(rows, one_hot(train_y), rcond=None)[0]
    ordered = np.sort(scores, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    return train_z[(best_name(scores, train_y) != train_y) & (margin > margin.max() / 2)]


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


def with_ones(z):
    return np.column_stack([z, np.ones(len(z))])


def one_hot(labels):
    names, target = np.unique(labels, return_inverse=True)
    return np.eye(len(names))[target]


def best_name(scores, labels):
    return np.unique(labels)[scores.argmax(axis=1)]


def nearest_name(scores, labels):
    names = np.unique(labels)
    return names[np.abs(scores - names).argmin(axis=1)]


def rounded_name(scores, labels):
    names = np.unique(labels)
    return names[np.clip(np.rint(scores[:, 0]), 0, len(names) - 1).astype(int)]


def means(rows, target):
    return rows.T @ target / target.sum(axis=0)


def directions(rows, target):
    return means(rows, target) / np.linalg.norm(means(rows, target), axis=0)


@exercise.formula
def linear_probe(
    train_z,
    train_y,
    test_z,
    *,
    seen=lambda train_z, test_z: (train_z, test_z),
    lift=with_ones,
    targets=one_hot,
    fit=lambda rows, target: np.linalg.lstsq(rows, target, rcond=None)[0],
    decide=best_name,
):
    train, test = map(lift, seen(train_z, test_z))
    heads = fit(train, targets(train_y))
    return decide(test @ heads, train_y)


exercise.slip("no intercept", lift=lambda z: z).says(
    "As in the theory, the head is w.z without an intercept.",
    "Look at the two classes on one ray from the origin. Which direction w tells them apart?",
    "The spectral embedding contains a constant direction; these features do not, and their mean is far from 0.",
    "Append a column of ones to train_z and test_z.",
)
exercise.slip("class indices instead of labels", decide=lambda scores, labels: scores.argmax(axis=1)).says(
    "The prediction is the number of the class, 0 to C - 1.",
    "Which values does train_y hold, and which do you return?",
    "argmax gives the position of the class; the label is stored at this position.",
    "return names[scores.argmax(axis=1)]",
)
exercise.slip(
    "labels in order of appearance",
    decide=lambda scores, labels: np.array(list(dict.fromkeys(labels.tolist())))[scores.argmax(axis=1)],
).says(
    "Column j of the one-hot matrix belongs to the j-th label that appears in train_y.",
    "In which order does np.unique list the labels?",
    "Sorted. The first label of train_y need not be the smallest.",
    "Use one list of names for both directions: names[...] with the names of np.unique.",
)
exercise.slip(
    "regression on the label", targets=lambda labels: labels[:, None].astype(float), decide=nearest_name
).says(
    "A linear regression of the label number, rounded to the nearest label, is a classifier.",
    "What would your probe say half way between classes 7 and 11, if there is a class 9?",
    "Labels are names. A class number that lies between two others need not lie between them in feature space.",
    "Regress one indicator per class, and take the largest score.",
)
exercise.slip(
    "regression on the class number",
    targets=lambda labels: np.unique(labels, return_inverse=True)[1][:, None].astype(float),
    decide=rounded_name,
).says(
    "Classes numbered from 0 to C - 1, regressed on the features and rounded, are a classifier.",
    "What would your probe say half way between classes 0 and 2?",
    "Sorted numbers put an order on classes that have none in feature space.",
    "Regress one indicator per class, and take the largest score.",
)
exercise.slip(
    "test set centred by its own mean",
    seen=lambda train_z, test_z: (train_z - train_z.mean(axis=0), test_z - test_z.mean(axis=0)),
).says(
    "Both sets are standardised, each by itself.",
    "What does your probe see when all test rows are of one class?",
    "Their own mean is subtracted, and with it what made them different. One row alone becomes 0.",
    "Subtract the mean of train_z from both.",
)
exercise.slip(
    "test set scaled by its own spread",
    seen=lambda train_z, test_z: tuple((z - train_z.mean(axis=0)) / (z.std(axis=0) + 1e-9) for z in (train_z, test_z)),
).says(
    "Each set is divided by its own standard deviation.",
    "What does a single test row far out do to your predictions for the others?",
    "It makes the standard deviation of the test set large, and all others seem to lie at the mean.",
    "Divide both by the standard deviation of train_z.",
)
exercise.slip(
    "rows of length 1",
    seen=lambda train_z, test_z: tuple(z / np.linalg.norm(z, axis=1, keepdims=True) for z in (train_z, test_z)),
).says(
    "Features are brought to length 1 first, as embeddings are.",
    "Two classes lie on one ray from the origin. What is left of them?",
    "One point: the length was all that told them apart, and a classifier of directions is not linear in the features.",
    "Centre and scale columns, by the training set, and leave the rows as they are.",
)
exercise.slip(
    "scores taken for labels",
    targets=lambda labels: labels[:, None].astype(float),
    decide=lambda scores, labels: np.rint(scores[:, 0]).astype(int),
).says(
    "A linear regression of the label number, rounded to an integer, is a classifier.",
    "Do you ever return a label that train_y does not hold?",
    "Labels are names. What lies between two of them is no name, and need not lie between them in feature space.",
    "Regress one indicator per class, and take the largest score.",
)
exercise.slip("test set not centred", seen=lambda train_z, test_z: (train_z - train_z.mean(axis=0), test_z)).says(
    "Centring belongs to the training; at test time the features are used as they are.",
    "The heads were fitted to centred features. What do they get at test time?",
    "Whatever is done to train_z must be done to test_z, with the same numbers.",
    "test_z - train_z.mean(axis=0).",
)
exercise.slip("predictions for the training rows", seen=lambda train_z, test_z: (train_z, train_z)).says(
    "The probe predicts the rows that it was trained on.",
    "How many predictions do you return, and how many rows has test_z?",
    "Train on train_z, predict test_z.",
)
exercise.slip(
    "labels taken for positions",
    targets=lambda labels: np.eye(len(set(labels.tolist())))[labels],
    decide=lambda scores, labels: scores.argmax(axis=1),
).says(
    "Labels are 0, ..., C - 1, so that np.eye(C)[train_y] is the one-hot matrix.",
    "Your code stops with an IndexError. Which labels occur?",
    "250 is no position in an array of three classes. Number the classes first.",
    "names, target = np.unique(train_y, return_inverse=True), then np.eye(len(names))[target].",
)
exercise.slip(
    "labels taken for positions, up to the largest",
    targets=lambda labels: np.eye(labels.max() + 1)[labels],
    decide=lambda scores, labels: scores.argmax(axis=1),
).says(
    "Labels are positions: np.eye(max + 1)[train_y] is the one-hot matrix.",
    "Which labels do you return for the class -3?",
    "Position -3 is counted from the end of the row, so that you answer max + 1 - 3. Number the classes first.",
    "names, target = np.unique(train_y, return_inverse=True), then np.eye(len(names))[target] and names[argmax].",
)
exercise.slip(
    "two classes only",
    targets=lambda labels: np.where(labels == labels.max(), 1.0, -1.0)[:, None],
    decide=lambda scores, labels: np.where(scores[:, 0] > 0, labels.max(), labels.min()),
).says(
    "The sign of one regression decides between the smallest label and the largest.",
    "How many different labels can your probe return?",
    "One head decides between two classes; with C classes there are C heads.",
    "One column of targets per class, and argmax over the scores.",
)
exercise.slip("largest product with a class mean", lift=lambda z: z, fit=means).says(
    "A row belongs to the class whose mean has the largest inner product with it.",
    "One class mean is twice as long as another, in the same direction. Which rows get the first label?",
    "All of them. A distance has a second part: |z - c|^2 = |z|^2 - 2 z.c + |c|^2.",
    "Subtract half of |c|^2 from z.c: that is the intercept of the nearest class mean.",
)
exercise.slip("smallest angle to a class mean", lift=lambda z: z, fit=directions).says(
    "A row belongs to the class whose mean has the smallest angle with it.",
    "Two classes lie on one ray from the origin. Which of their means has the smaller angle?",
    "Neither: angles are seen from the origin, and these features are far from it.",
    "Compare distances to the class means, or fit a head with an intercept.",
)


@exercise.wrong(
    "nearest neighbour",
    belief="Single training rows near by may decide, as in a nearest neighbour, a tree or a narrow kernel.",
    hints=(
        "Is your classifier linear? What does it say where a single training label is wrong?",
        "A nearest neighbour repeats every wrong label; a linear head averages over all rows.",
        "One score per class that is linear in the features: least squares on one-hot targets.",
    ),
)
def linear_probe(train_z, train_y, test_z):
    distance = ((test_z[:, None] - train_z) ** 2).sum(axis=2)
    return train_y[distance.argmin(axis=1)]


@exercise.accepted("scikit-learn's logistic regression after scaling")
def linear_probe(train_z, train_y, test_z):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(train_z, train_y).predict(test_z)


@exercise.accepted("scikit-learn's logistic regression as it comes")
def linear_probe(train_z, train_y, test_z):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(train_z, train_y).predict(test_z)


@exercise.accepted("linear SVM")
def linear_probe(train_z, train_y, test_z):
    from sklearn.svm import LinearSVC

    centre, scale = train_z.mean(axis=0), train_z.std(axis=0) + 1e-9
    return LinearSVC().fit((train_z - centre) / scale, train_y).predict((test_z - centre) / scale)


@exercise.accepted("nearest class mean, a list, validated by hand", guarded=False)
def linear_probe(train_z, train_y, test_z):
    if train_z.ndim != 2 or test_z.shape[1:] != train_z.shape[1:] or len(train_y) != len(train_z):
        raise ValueError(f"got shapes {train_z.shape}, {train_y.shape}, {test_z.shape}")
    if np.isnan(train_z).any() or np.isnan(test_z).any():
        raise ValueError("features hold NaN")
    means = {int(c): train_z[train_y == c].mean(axis=0) for c in train_y}
    return [min(means, key=lambda c: float(np.sum((row - means[c]) ** 2))) for row in test_z]


@exercise.accepted("linear discriminant analysis in numpy, slightly regularised")
def linear_probe(train_z, train_y, test_z):
    names, target = np.unique(train_y, return_inverse=True)
    means = np.stack([train_z[target == c].mean(axis=0) for c in range(len(names))])
    inside = train_z - means[target]
    covariance = inside.T @ inside / len(train_z)
    covariance += (1e-3 * np.trace(covariance) / len(covariance) + 1e-12) * np.eye(len(covariance))
    w = np.linalg.solve(covariance, means.T)
    bias = np.log(np.bincount(target) / len(target)) - 0.5 * np.sum(means.T * w, axis=0)
    return names[(test_z @ w + bias).argmax(axis=1)]


@exercise.accepted("softmax regression by gradient descent in torch, centred and scaled")
def linear_probe(train_z, train_y, test_z):
    train_z, train_y, test_z = map(torch.as_tensor, (train_z, train_y, test_z))
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
