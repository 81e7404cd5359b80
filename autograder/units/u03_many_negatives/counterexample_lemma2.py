"""counterexample_lemma2: any world and N >= C with L_sup > L_un^N + 1e-6, judged by exact evaluation."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.units.u03_many_negatives.theorems import exact_loss, floor, mean_loss, too_long
from course import validate
from course.check._dream import fits

MARGIN, MAX_SIZE, MAX_NEGATIVES, MAX_INNER = 1e-6, 20, 1000, 1e3

exercise = Exercise(
    "counterexample_lemma2",
    hints={
        "values": ("Return four things: rho (C,), classes (C, S), z (S, d) and the integer n_negatives.",),
        "properties": (
            "Mind the limits: C, S and d at most 20, N from C to 1000, inner products at most 1e3 in absolute value. Within "
            "them, a long embedding makes constants irrelevant: think of all inner products multiplied by s^2.",
            "Give one anchor class one rival with a large positive logit, and every other anchor only negative logits.",
            "L_sup is then the logit of that anchor times its probability. L_un^N is the same, times the chance that N"
            " draws contain the rival, which is below 1.",
            "Two classes on a line, the second twice as far out as the first: what are the logits of both anchors?",
        ),
    },
)


@exercise.cases
def cases(rng):
    yield Case("your answer", (), compare="any")


@exercise.property("rho, classes, z make a world of the allowed size, and n_negatives is an integer from C to 1000")
def allowed(f, rng):
    return problem_of(f())


@exercise.property("L_sup is above L_un^N + 1e-6 (computed exactly)")
def violates(f, rng):
    answer = f()
    if problem_of(answer):
        return "it cannot be evaluated"
    rho, classes, z, n = as_arrays(answer)
    supervised, contrastive = mean_loss(rho, classes, z), exact_loss(rho, classes, z, n)
    if not supervised > contrastive + MARGIN:
        found = f"L_sup = {supervised:.9g} and L_un^N = {contrastive:.9g}"
        return f"{found}: the inequality holds for your world; {what_is_lost(rho, classes, z, n)}"


def what_is_lost(rho, classes, z, n):
    """Why the inequality holds, in the words of the hints: for the anchors that pay most, and their strongest rival."""
    if np.ptp(z, axis=0).max() < 1e-9:
        return f"all embeddings are equal, so that L_sup is ln C and L_un^N is ln(N + 1) = {math.log(n + 1):.4g}"
    if mean_loss(rho, classes, z) < floor(rho, n):
        return f"the mean classifier makes too few mistakes: collisions alone cost {floor(rho, n):.4g}"
    scores = (z @ (classes @ z).T).T  # axes: class, point
    paid = rho * np.array(
        [(row * (np.logaddexp.reduce(scores, axis=0) - own)).sum() for row, own in zip(classes, scores)]
    )
    if np.ptp(paid) < 1e-9 * paid.max():
        return "the anchors of all classes pay alike; let those of one class pay nearly all"
    c = int(np.argmax(paid))
    r = max((j for j in range(len(rho)) if j != c), key=lambda j: classes[c] @ scores[j])
    missed = f"N draws miss class {r}, their strongest rival, with probability {(1 - rho[r]) ** n:.2g}"
    return f"anchors of class {c} (from 0) pay most of L_sup, and {missed}"


def problem_of(answer):
    """What is wrong with the form of the answer, or None."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 4:
        return "the answer is not (rho, classes, z, n_negatives)"
    limits = (MAX_SIZE,), (MAX_SIZE, MAX_SIZE), (MAX_SIZE, MAX_SIZE), ()
    if not all(fits(part, limit) for part, limit in zip(answer, limits, strict=True)):
        return f"rho (C,), classes (C, S), z (S, d) and an integer are wanted, with C, S and d at most {MAX_SIZE}"
    try:
        rho, classes, z, n = as_arrays(answer)
        validate.world(rho, classes, z)
    except ValueError as error:
        return str(error)
    long = too_long(z, MAX_INNER)
    if long:
        return long
    if n is None or not len(rho) <= n <= MAX_NEGATIVES:
        return f"n_negatives must be an integer from C = {len(rho)} to {MAX_NEGATIVES}, got {answer[3]}"


def as_arrays(answer):
    rho, classes, z = (np.asarray(part, dtype=float) for part in answer[:3])
    n = float(answer[3])
    return rho, classes, z, int(n) if n.is_integer() else None


@exercise.formula
def counterexample_lemma2(
    *,
    embed=lambda: math.sqrt(40) * np.array([[1.0], [2.0]]),
    law=lambda size: np.full(size, 1 / size),
    negatives=lambda size: size,
):
    z = embed()
    return law(len(z)), np.eye(len(z)), z, negatives(len(z))


exercise.slip("the zero embedding", embed=lambda: np.zeros((3, 2))).says(
    "An embedding that says nothing has a supervised loss of ln C, which must be too much.",
    "What is L_un^N for f = 0?",
    "ln(N + 1), and N >= C: it is larger than ln C.",
    "The embedding must be large, not small.",
)
exercise.slip("fewer negatives than classes", negatives=lambda size: 1).says(
    "With few negatives the loss is small, so N = 1 is the best choice.",
    "Which N does the statement allow?",
    "N >= C: the lemma claims nothing for fewer.",
    "The same idea works for N = C.",
)
exercise.slip("well-separated classes", embed=lambda: 6 * np.eye(3)).says(
    "A good embedding makes the contrastive loss small enough.",
    "How large are both losses for orthogonal classes, far apart?",
    "L_sup goes to 0 there, but L_un^N keeps the cost of collisions.",
    "L_sup must be large: some anchor must be classified wrongly by the class means.",
)
# classes at 1, 2, 3, 4 on a line: the anchor at 1 has three rivals, and forty draws miss none of them
exercise.slip(
    "every anchor has the same rival distance",
    embed=lambda: 3.0 * np.arange(1.0, 5.0)[:, None],
    negatives=lambda size: 10 * size,
).says(
    "Any embedding with a large supervised loss violates the inequality.",
    "How many rivals does a typical anchor of your world have?",
    "With several rivals, or rivals that are drawn often, L_un^N is as large as L_sup.",
    "One rival only, missed by the N draws with a large probability.",
)
exercise.slip("infinitely large", embed=lambda: np.array([[1e160], [2e160]])).says(
    "The larger the embedding, the better: take it huge.",
    "Which size does the statement allow?",
    "Inner products of at most 1e3; the loss must be a finite number.",
    "A scale of 6 or 7 is enough.",
)
exercise.slip(
    "a class that is never drawn",
    embed=lambda: np.array([[6.0], [12.0]]),
    law=lambda size: np.array([1.0, 0.0]),
).says(
    "A class of probability 0 is never among the negatives, but counts as a class.",
    "Is your rho a law with all entries > 0?",
    "The world must be a world: every class has positive probability.",
    "A rival of moderate probability is missed often enough when N = C.",
)


@exercise.accepted("three classes, torch")
def counterexample_lemma2():
    s = 40.0
    z = math.sqrt(s) * torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.5]], dtype=torch.float64)
    return torch.full((3,), 1 / 3, dtype=torch.float64), torch.eye(3, dtype=torch.float64), z, 3


@exercise.accepted("a rare rival, many negatives")
def counterexample_lemma2():
    rho = np.array([0.98, 0.02])
    return rho, np.eye(2), np.array([[9.0], [18.0]]), 20


@exercise.accepted("found by search")
def counterexample_lemma2():
    rng = np.random.default_rng(0)
    best, found = -math.inf, None
    for _ in range(200):
        z = np.sort(np.abs(rng.normal(size=(2, 1))), axis=0) * 8
        a = float(z[0, 0] * (z[1, 0] - z[0, 0]))
        b = float(z[1, 0] * (z[0, 0] - z[1, 0]))
        supervised = (np.logaddexp(0, a) + np.logaddexp(0, b)) / 2
        one = [np.logaddexp(0, np.logaddexp(v + math.log(2), -math.inf)) for v in (a, b)]
        mixed = [np.logaddexp(math.log(2), v) for v in (a, b)]
        contrastive = sum(o / 8 + m / 4 + math.log(3) / 8 for o, m in zip(one, mixed, strict=True))
        if supervised - contrastive > best:
            best, found = supervised - contrastive, z
    return [0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]], found.tolist(), 2


@exercise.accepted("overlapping classes")
def counterexample_lemma2():
    z = np.array([[6.5], [13.0], [0.0]])
    return np.array([0.5, 0.5]), np.array([[0.99, 0.0, 0.01], [0.0, 1.0, 0.0]]), z, 2
