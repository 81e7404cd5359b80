"""average_kway_accuracy: what its check looks at, without depending on one stream of random numbers.

With k = all classes every draw is the same task: the answer is one number, compared exactly for the mean classifier and to
0.02 for the trained one. With k below that the law of a task's accuracy is known by going through all sets of classes.
Blind inputs avoided: labels 0, 1, 2, ... in order, class means of equal length, classes of equal size. What is compared to 0.02
has more than 50 test rows: one row on the boundary, where optimisers end differently, is forgiven.
"""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, count, needs
from autograder.author.draw import larger_sizes
from course.check._tasks import NAMED, data, random_tasks, seeded

FORM = needs(
    "train_z.ndim == test_z.ndim == 2 and train_z.shape[1] == test_z.shape[1] > 0 and train_y.shape == train_z.shape[:1] "
    "and test_y.shape == test_z.shape[:1]",
    {
        "labels of another length": {"train_y": lambda y: y[:-1]},
        "test labels of another length": {"test_y": lambda y: y[1:]},
        "another dimension in the test part": {"test_z": lambda z: z[:, :-1]},
        "an empty training part": {"train_z": lambda z: z[:0], "train_y": lambda y: y[:0]},
    },
)
NUMBERS = needs(
    "not (train_z.isnan().any() or test_z.isnan().any())",
    {
        "NaN in the training part": {"train_z": lambda z: z * math.nan},
        "NaN in the test part": {"test_z": lambda z: z * math.nan},
    },
)
CLASSES = needs(
    "sorted(set(train_y.tolist())) == sorted(set(test_y.tolist())) and 2 <= k <= len(set(train_y.tolist()))",
    {
        "a class that the training part lacks": {"train_y": lambda y: torch.where(y == y[0], y[y != y[0]][0], y)},
        "a class that the test part lacks": {"test_y": lambda y: torch.where(y == y[0], y[y != y[0]][0], y)},
        "one class": {"train_y": lambda y: y * 0, "test_y": lambda y: y * 0},
        "k above the number of classes": {"k": 5},
        "k = 1": {"k": 1},
    },
)
NAMES = needs("classifier in ('mean', 'trained')", {"a classifier of another name": {"classifier": "median"}})

exercise = Exercise(
    "average_kway_accuracy",
    refuses=(count("n_tasks"), count("k", minimum=2), FORM, NUMBERS, CLASSES, NAMES),
    time_limit=20.0,
    hints={
        "values": (
            "With k = all classes there is one task: all training rows, all test rows.",
            "Mean classifier: one mean per class from the training rows; argmax of test_z @ means.T; compare with the labels "
            "renamed to 0 .. k - 1. The accuracy is the share of all test rows that are right, each row counting the same.",
            "Trained: softmax regression with an offset; mean cross-entropy plus 0.005 times the squared weights, minimised.",
        ),
        "properties": (
            "A task with n_tasks = 1 is one set of k different classes: its accuracy is one of the possible ones.",
            "rng.permutation(classes)[:k] gives every set the same chance; take the rows of these classes only, in both parts, "
            "and let argmax choose among their k scores only.",
            "The mean over the tasks of each task's own share.",
        ),
        "bad input": ("Compare torch.unique(train_y) with torch.unique(test_y), and k with their number.",),
    },
)


@exercise.cases
def cases(rng):
    for c, d, n, m in ((4, 3, 24, 31), (3, 2, 15, 29), (6, 4, 40, 37)):
        yield Case(f"{c} classes, k = {c}, d = {d}, mean", (*data(rng, c, d, n, m), c, 2, 5, "mean"))
    yield Case("5 classes, k = 5, trained", (*data(rng, 5, 3, 34, 61), 5, 1, 0, "trained"), rtol=0.02)
    yield Case("classes along a ray, trained", (*along_a_ray(rng, 30, 61), 3, 1, 0, "trained"), rtol=0.02)
    single = data(rng, 4, 3, 22, 30)
    yield Case("float32", (single[0].float(), single[1], single[2].float(), single[3], 4, 1, 1, "mean"))
    yield Case("k = 3 of 6, 4 tasks", (*data(rng, 6, 3, 30, 40), 3, 4, 2, "mean"), compare="any")
    args = data(rng, 4, 3, 16, 12)
    yield from exercise.bad_inputs(*args, 3, 2, 0, "mean")
    c, d = larger_sizes(rng, 2, high=15)
    yield Case("more classes", (*data(rng, c, d, 40 * c, 30 * c, noise=1.6), c, 3, 9, "mean"), public=False)
    # k is small as well, so that only the rows are many
    yield Case("many rows", (*data(rng, 5, 4, 320, 411), 5, 1, 2, "mean"), public=False)
    yield Case("many rows, trained", (*data(rng, 4, 10, 200, 331), 4, 1, 2, "trained"), public=False, rtol=0.02)


def along_a_ray(rng, n_train, n_test):
    """Three classes that differ by their distance from 0 only: without an offset the middle one is never found."""
    parts = []
    for n in (n_train, n_test):
        own = rng.permutation(np.arange(n) % 3)
        z = (2.0 + 2.0 * own)[:, None] * [1.0, 0.5] + 0.3 * rng.normal(size=(n, 2))
        parts += [torch.from_numpy(z), NAMED[torch.from_numpy(own)]]
    return parts


exercise.property(
    "a task is a set of k different classes, all sets equally likely; the answer is the mean over the tasks"
)(random_tasks)
exercise.property("the seed decides")(seeded)


@exercise.property("the trained classifier, too, knows the k classes of the task only")
def trained_tasks(f, rng):
    parts = data(rng, 4, 2, 60, 180)
    possible = [regressed(*parts, task) for task in itertools.combinations(np.unique(parts[1].numpy()).tolist(), 2)]
    for seed in range(4):
        value = f(*parts, 2, 1, seed, "trained")
        if np.abs(np.array(possible) - value).min() > 0.02:
            return "its accuracy with k = 2 is that of no pair of classes"


def softmax_regression(z, y, k, penalty=0.01, offset=True):
    """Newton's method: weights (k, d) and offsets (k,)."""
    n, d = z.shape
    x = torch.cat([z, torch.ones(n, 1, dtype=z.dtype)], dim=1) if offset else z
    p = x.shape[1]
    ridge = torch.full((p,), penalty, dtype=z.dtype)
    ridge[d:] = 1e-9  # offsets are free up to one constant
    w, target = torch.zeros(k, p, dtype=z.dtype), F.one_hot(y, k).to(z.dtype)
    for _ in range(30):
        probability = (x @ w.T).softmax(dim=1)
        slope = (probability - target).T @ x / n + ridge * w
        spread = torch.diag_embed(probability) - probability[:, :, None] * probability[:, None, :]
        hessian = torch.einsum("nab,ni,nj->aibj", spread, x, x).reshape(k * p, k * p) / n + torch.diag(ridge.repeat(k))
        step = torch.linalg.solve(hessian, slope.reshape(-1)).reshape(k, p)
        w = w - step / max(1.0, float(step.abs().max()) / 2)
        if float(step.abs().max()) < 1e-10:
            break
    return w[:, :d], w[:, d] if offset else torch.zeros(k, dtype=z.dtype)


def regressed(train_z, train_y, test_z, test_y, task):
    task = torch.tensor(sorted(task))
    seen, asked = torch.isin(train_y, task), torch.isin(test_y, task)
    w, b = softmax_regression(train_z[seen], torch.searchsorted(task, train_y[seen]), len(task))
    right = (test_z[asked] @ w.T + b).argmax(dim=1) == torch.searchsorted(task, test_y[asked])
    return float(right.double().mean())


def class_means(z, y, k):
    return torch.stack([z[y == c].mean(dim=0) for c in range(k)]), torch.zeros(k, dtype=z.dtype)


def class_sums(z, y, k):
    return torch.stack([z[y == c].sum(dim=0) for c in range(k)]), torch.zeros(k, dtype=z.dtype)


def class_directions(z, y, k):
    w, b = class_means(z, y, k)
    return F.normalize(w, dim=1), b


def nearest(z, y, k):
    """Smallest distance to a mean."""
    w, b = class_means(z, y, k)
    return w, b - w.square().sum(dim=1) / 2


def centred(z, y, k):
    """Means around the mean of all."""
    w, b = class_means(z, y, k)
    return w - z.mean(dim=0), b


def different_classes(rng, n_classes, k):
    return rng.permutation(n_classes)[:k]


def always_the_first(rng, n_classes, k):
    return np.arange(k)


def with_repetitions(rng, n_classes, k):
    return np.unique(rng.integers(n_classes, size=k))


def next_to_each_other(rng, n_classes, k):
    return (rng.integers(n_classes) + np.arange(k)) % n_classes


def renamed(labels, task):
    return torch.searchsorted(task, labels)


def own_share(right, labels):
    return [float(share) for share in (row.double().mean() for row in right)]


def pooled(right, labels):
    return [float(torch.cat(right).double().mean())]


def share_of_each_class(right, labels):
    return [
        float(torch.stack([row[y == c].double().mean() for c in y.unique()]).mean())
        for row, y in zip(right, labels, strict=True)
    ]


def worst_class(right, labels):
    return [
        float(torch.stack([row[y == c].double().mean() for c in y.unique()]).min())
        for row, y in zip(right, labels, strict=True)
    ]


def error_rate(right, labels):
    return [1 - share for share in own_share(right, labels)]


def number_right(right, labels):
    return [float(row.sum()) for row in right]


def class_medians(z, y, k):
    return torch.stack([z[y == c].median(dim=0).values for c in range(k)]), torch.zeros(k, dtype=z.dtype)


def means_and_sizes(z, y, k):
    """The logarithm of a class's share is added to its score."""
    w, _ = class_means(z, y, k)
    return w, (torch.bincount(y, minlength=k) / len(y)).to(z.dtype).log()


@exercise.formula
def average_kway_accuracy(
    train_z,
    train_y,
    test_z,
    test_y,
    k,
    n_tasks,
    seed,
    classifier,
    *,
    drawn=different_classes,
    mean=class_means,
    trained=softmax_regression,
    names=renamed,
    fitted_on=lambda train, test: train,
    shares=own_share,
    seeds=lambda seed: seed,
):
    train_z, test_z = train_z.double(), test_z.double()
    classes, rng, right, labels = torch.unique(train_y), np.random.default_rng(seeds(seed)), [], []
    for _ in range(n_tasks):
        task = classes[torch.from_numpy(np.sort(drawn(rng, len(classes), k)))]
        seen, asked = torch.isin(train_y, task), torch.isin(test_y, task)
        y = torch.searchsorted(task, train_y[seen])
        rows = fitted_on((train_z[seen], y), (test_z[asked], torch.searchsorted(task, test_y[asked])))
        w, b = (mean if classifier == "mean" else trained)(*rows, len(task))
        right.append((test_z[asked] @ w.T + b).argmax(dim=1) == names(test_y[asked], task))
        labels.append(test_y[asked])
    return float(np.mean(shares(right, labels)))


exercise.slip("labels not renamed", names=lambda labels, task: labels).says(
    "The place of the largest score is the label.",
    "Which labels occur, and which places can argmax give?",
    "argmax gives 0 .. k - 1, places in the list of the task's classes; labels are any integers.",
    "torch.searchsorted(task, labels) for a sorted task.",
)
exercise.slip("fitted on the test rows", fitted_on=lambda train, test: test).says(
    "Means may be taken from the rows that are classified.",
    "Which rows have you fitted the classifier on?",
    "A test row inside its own mean pulls it: fit on train_z, measure on test_z.",
)
exercise.slip("distance in place of the inner product", mean=nearest).says(
    "The mean classifier answers with the nearest class mean.",
    "Are your class means of one length?",
    "The text wants the largest inner product, without an offset: a long mean attracts.",
)
exercise.slip("means of length 1", mean=class_directions).says(
    "A class is the direction of its mean.",
    "Does the length of a class mean matter in your function?",
    "Inner product with the mean as it is, length included.",
)
exercise.slip("sums for means", mean=class_sums).says(
    "Dividing by the number of rows does not matter.",
    "Which of your classes wins most often, a large one or a small one?",
    "Classes have different sizes: divide by them.",
)
exercise.slip("classes repeated", drawn=with_repetitions).says(
    "Drawing k classes independently gives a k-way task.",
    "How many different classes has your task with k = 5 of 5?",
    "A task is a set of k different classes: draw without replacement.",
)
exercise.slip("always the first k classes", drawn=always_the_first).says(
    "Which k classes are taken does not matter.",
    "Call it with n_tasks = 1 and several seeds.",
    "All sets of k classes are equally likely.",
)
exercise.slip("neighbouring classes", drawn=next_to_each_other).says(
    "k classes in a row are a random set.",
    "How many tasks of 2 of 5 classes can you draw?",
    "There are ten pairs: rng.permutation(classes)[:k].",
)
exercise.slip("rows pooled over the tasks", shares=pooled).says(
    "The average accuracy is the share of right answers among all of them.",
    "Which tasks count more in your mean?",
    "Those with many test rows. Each task counts the same: the mean of the tasks' accuracies.",
)
exercise.slip("classes count alike", shares=share_of_each_class).says(
    "The accuracy of a task is the mean over its classes of the share that is right in each.",
    "Which rows weigh more in your mean, those of a small class or those of a large one?",
    "All test rows of a task count the same.",
    "(answer == label).double().mean() over all test rows of the task.",
)
exercise.slip("the worst class", shares=worst_class).says(
    "The accuracy of a task is the smallest share that is right in a class.",
    "Do all test rows count in your number?",
    "The share of all test rows of the task that are right.",
)
exercise.slip("errors counted", shares=error_rate).says(
    "The share of wrong answers is asked.",
    "What is your number for a classifier that is always right?",
    "1: the share of right answers.",
)
exercise.slip("right answers not divided", shares=number_right).says(
    "The number of right answers is asked.",
    "Can your number exceed 1?",
    "Divide by the number of test rows of the task.",
)
exercise.slip("medians for means", mean=class_medians).says(
    "The middle of a class is its median.",
    "Which middle does the name of the classifier say?",
    "z[y == c].mean(dim=0).",
)
exercise.slip("large classes preferred", mean=means_and_sizes).says(
    "The logarithm of how common a class is belongs to the mean classifier's score.",
    "What is your score at z = 0?",
    "The mean classifier has no offset: test_z @ means.T alone.",
)
exercise.slip("the seed is ignored", seeds=lambda seed: 0).says(
    "A fixed seed inside makes it reproducible.",
    "Call it with three seeds.",
    "np.random.default_rng(seed).",
)
exercise.slip("trained without an offset", trained=lambda z, y, k: softmax_regression(z, y, k, offset=False)).says(
    "A linear classifier is a matrix.",
    "What is your score at z = 0?",
    "Scores are w_c . z + beta_c: each class has an offset, which is not penalised.",
)

exercise.style("means around the grand mean: every score of a row moves by the same number", mean=centred)
exercise.style(
    "means by a matrix",
    mean=lambda z, y, k: (F.one_hot(y, k).double().T @ z / F.one_hot(y, k).sum(dim=0)[:, None], 0.0),
)


@exercise.accepted("scikit-learn, a task at a time")
def average_kway_accuracy(train_z, train_y, test_z, test_y, k, n_tasks, seed, classifier):
    import warnings

    from sklearn.linear_model import LogisticRegression

    rng, values = np.random.default_rng(seed), []
    x, y, u, v = (part.numpy() for part in (train_z, train_y, test_z, test_y))
    for _ in range(n_tasks):
        task = rng.choice(np.unique(y), k, replace=False)
        rows, asked = np.isin(y, task), np.isin(v, task)
        if classifier == "mean":
            means = np.stack([x[y == c].mean(0) for c in task])
            answer = task[(u[asked] @ means.T).argmax(1)]
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fit = LogisticRegression(C=100 / rows.sum(), max_iter=5000, tol=1e-8).fit(x[rows], y[rows])
            answer = fit.predict(u[asked])
        values.append((answer == v[asked]).mean())
    return np.mean(values)


@exercise.accepted("scores of all classes, others masked; Adam and L-BFGS, validated by hand", guarded=False)
def average_kway_accuracy(train_z, train_y, test_z, test_y, k, n_tasks, seed, classifier):
    ok = train_z.ndim == test_z.ndim == 2 and train_z.shape[1:] == test_z.shape[1:]
    if not ok or train_y.shape != train_z.shape[:1] or test_y.shape != test_z.shape[:1]:
        raise ValueError(f"{train_z.shape}, {train_y.shape}, {test_z.shape}, {test_y.shape}")
    classes, own = torch.unique(train_y, return_inverse=True)
    if torch.isnan(train_z).any() or torch.isnan(test_z).any() or not torch.equal(classes, torch.unique(test_y)):
        raise ValueError(f"NaN, or the classes {classes}, {torch.unique(test_y)}")
    whole = all(isinstance(number, int) for number in (k, n_tasks, seed))
    if not whole or not 2 <= k <= len(classes) or n_tasks < 1 or seed < 0 or classifier not in ("mean", "trained"):
        raise ValueError(f"{k} of {len(classes)}, {n_tasks}, {seed}, {classifier}")
    x, u = train_z.double(), test_z.double()
    wanted, generator, total = torch.searchsorted(classes, test_y), torch.Generator().manual_seed(seed), 0.0
    for _ in range(n_tasks):
        out = torch.ones(len(classes), dtype=torch.bool)
        out[torch.randperm(len(classes), generator=generator)[:k]] = False
        if classifier == "mean":
            means = torch.zeros(len(classes), x.shape[1], dtype=x.dtype).index_add(0, own, x)
            scores = u @ (means / torch.bincount(own)[:, None]).T
        else:
            rows = ~out[own]
            w = torch.zeros(len(classes), x.shape[1] + 1, dtype=x.dtype, requires_grad=True)
            descent = torch.optim.LBFGS([w], max_iter=500, tolerance_change=1e-12, line_search_fn="strong_wolfe")

            def loss():
                descent.zero_grad()
                logits = (x[rows] @ w[:, :-1].T + w[:, -1]).masked_fill(out, -1e9)
                value = F.cross_entropy(logits, own[rows]) + 0.005 * w[:, :-1].square().sum()
                value.backward()
                return value

            descent.step(loss)
            scores = u @ w.detach()[:, :-1].T + w.detach()[:, -1]
        answer, asked = scores.masked_fill(out, -torch.inf).argmax(dim=1), ~out[wanted]
        total += float((answer == wanted)[asked].double().mean())
    return total / n_tasks
