"""attaining_world: any world with the given rho on which the best slope is reached to 1 %, judged by exact evaluation."""

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, needs
from autograder.units.u03_many_negatives.theorems import exact_loss, floor, mean_loss, smallest, too_long, trinomial
from course import validate
from course.check._dream import fits

SHARE, MAX_SIZE, MAX_INNER = 0.99, 20, 2e3
LAWS = ((np.full(3, 1 / 3), 4), (np.full(4, 1 / 4), 2), (np.array([0.2, 0.5, 0.3]), 5), (np.array([0.4, 0.2, 0.4]), 4))
FURTHER = ((np.full(6, 1 / 6), 8), (np.array([0.6, 0.4]), 3), (np.array([0.12, 0.3, 0.13, 0.15, 0.14, 0.16]), 8))

exercise = Exercise(
    "attaining_world",
    refuses=(
        law("rho"),
        needs("len(rho) >= 2", {"one class": {"rho": np.ones(1)}}),
        count("n_negatives", "N"),
    ),
    hints={
        "values": ("Return two things: classes (C, S) and z (S, d).",),
        "bad input": (
            "validate.law(rho), validate.count(minimum=1, n_negatives=n_negatives), and two classes or more.",
        ),
        "properties": (
            "Mind the limits: S and d at most 20, inner products at most 2000 in absolute value.",
            "One point per class is enough: Jensen then costs nothing. The logits are a_j = f_c.f_j - |f_c|^2.",
            "Which steps lose something: other rivals beside the rarest, anchors of other classes, and a phi that is not "
            "the minimiser? All logits but one must be hugely negative.",
            "Give the most frequent class c a long vector, f_c = A e_0, and its rival r the vector (A + s/A) e_0 + B e_1: "
            "then a_r = s exactly. What is the logit of c at r? Put every other class on an axis of its own.",
            "s = ln(e^phi* - 1), where phi* is the minimiser behind sharp_slope; A = B = 20 will do.",
        ),
    },
)


def drawn_law(rng):
    return rng.permutation([0.35, 0.25, 0.2, 0.2]), int(rng.integers(3, 7))


@exercise.cases
def cases(rng):
    for i, (rho, n) in enumerate(LAWS):
        yield Case(f"law {i + 1}, N = {n}", (rho, n), compare="any")
    yield Case("another order", drawn_law(rng), compare="any")
    yield from exercise.bad_inputs(np.array([0.5, 0.3, 0.2]), 4)


@exercise.property("classes and z make a world with rho, of the allowed size")
def allowed(f, rng):
    for rho, n in LAWS:
        problem = problem_of(f(rho, n), rho)
        if problem:
            return problem


@exercise.property("q* L_sup is at least 99 % of the loss above its floor (computed exactly)")
def attained(f, rng):
    for rho, n in (*LAWS, *FURTHER, drawn_law(rng)):
        answer = f(rho, n)
        if problem_of(answer, rho):
            return "it cannot be evaluated"
        classes, z = (np.asarray(part, dtype=float) for part in answer)
        above = exact_loss(rho, classes, z, n) - floor(rho, n)
        found = smallest(trinomial(n, max(rho), min(rho))) * mean_loss(rho, classes, z)
        if not found >= SHARE * above or found < 1e-6:
            shown = np.round(rho, 3).tolist()
            lost = what_is_lost(rho, classes, z, n)
            return f"rho = {shown}, N = {n}: q* L_sup = {found:.6g}, the loss above its floor is {above:.6g}; {lost}"


def what_is_lost(rho, classes, z, n):
    """Where such a world gives something away, the first thing that is found."""
    scores = (z @ (classes @ z).T).T  # axes: class, point
    phi = np.logaddexp.reduce(scores, axis=0) - scores
    paid = rho * (classes * phi).sum(axis=1)
    c, wanted = int(np.argmax(paid)), best_rival(rho, n)
    if paid.sum() < 1e-6:
        return "no anchor has a rival, and L_sup is nearly 0"
    if paid[c] < 0.98 * paid.sum():
        return "anchors of more than one class pay for L_sup"
    if rho[c] < max(rho) - 1e-9:
        return "the class whose anchors pay is not the most frequent one"
    weights = np.where(np.arange(len(rho)) == c, 0.0, np.exp(np.minimum(scores - scores[c], 700.0)) @ classes[c])
    if weights.max() < 0.98 * weights.sum():
        return "the anchors that pay have more than one rival"
    if rho[np.argmax(weights)] > min(np.delete(rho, c)) + 1e-9:
        return "the rival is not the rarest of the other classes"
    side = "below" if weights.max() < np.exp(wanted) else "above"
    return f"the anchors that pay have one rival, the rarest class, and their phi is {side} the place of the infimum"


def problem_of(answer, rho):
    """What is wrong with the form of the answer, or None."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        return "the answer is not (classes, z)"
    if not all(fits(part, (MAX_SIZE, MAX_SIZE)) for part in answer):
        return f"classes (C, S) and z (S, d) are wanted, with S and d at most {MAX_SIZE}"
    try:
        classes, z = (np.asarray(part, dtype=float) for part in answer)
        validate.world(rho, classes, z)
    except ValueError as error:
        return str(error)
    return too_long(z, MAX_INNER)


def pair(rho):
    """The most frequent class, and the rarest of the others."""
    c = int(np.argmax(rho))
    return c, min((i for i in range(len(rho)) if i != c), key=lambda i: rho[i])


def best_rival(rho, n):
    """ln t at which the quotient is smallest."""
    m, r, chance = trinomial(n, max(rho), min(rho))
    u = np.linspace(-4, 6, 2001)
    return float(u[np.argmin(np.log1p(np.exp(u)[:, None] * (r / (1 + m))) @ chance / np.log1p(np.exp(u)))])


@exercise.formula
def attaining_world(
    rho,
    n_negatives,
    *,
    chosen=pair,
    logit=best_rival,
    long=20.0,
    apart=20.0,
    rivals=lambda c, r, size: [r],
):
    c, r = chosen(rho)
    z = apart * np.eye(len(rho), len(rho) + 1, 1)
    z[c] = 0
    z[c, 0] = long
    for j in rivals(c, r, len(rho)):
        z[j, 0] = long + logit(rho, n_negatives) / long
    return np.eye(len(rho)), z


exercise.slip("a rival of infinite weight", logit=lambda rho, n: 60.0).says(
    "The larger the rival's logit, the closer one comes to the constant.",
    "At which phi is the quotient behind sharp_slope smallest?",
    "A huge rival attains the factor of D+, not q*.",
    "s = ln(e^phi* - 1), a finite number.",
)
exercise.slip("every other class a rival", rivals=lambda c, r, size: [j for j in range(size) if j != c]).says(
    "The more rivals, the larger the classifier's loss, and the better.",
    "Where does the vertex lemma lose something?",
    "At a vertex one rival has all the weight; with several the draws miss fewer of them.",
    "Give one class a logit of order 1 at c, and all others a hugely negative one.",
)
exercise.slip("orthogonal classes", rivals=lambda c, r, size: [], long=2.0, apart=2.0).says(
    "Orthogonal classes are the worst case.",
    "How many rivals does each anchor have there, and of which weight?",
    "All C - 1 rivals weigh the same: far from a vertex.",
    "One anchor class, one rival; everything else far away.",
)
exercise.slip("anchor and rival exchanged", chosen=lambda rho: pair(rho)[::-1]).says(
    "The anchor's class is the rarest, its rival the most frequent one.",
    "Which rival do the draws miss most often? Which anchor's collisions hide it best?",
    "A rare anchor class collides rarely, and a frequent rival is seen nearly always.",
    "The anchor's class is the most frequent, the rival the rarest.",
)
exercise.slip("a weak rival", logit=lambda rho, n: -4.0).says(
    "A weak rival is the worst case.",
    "Compare the quotient at phi = 0.02 with its minimum.",
    "The slope at phi -> 0 is not q* for most of these laws: find the phi where the quotient is smallest.",
    "s = ln(e^phi* - 1), near 1; it depends on rho and N.",
)
exercise.slip("classes too close", long=1.0, apart=1.0).says(
    "Embeddings of norm 1 are enough.",
    "How large are the other logits of your world? All of them add to L_un.",
    "The logits -A^2 and -B^2 of all other pairs must be negligible.",
    "A and B of 10 or more.",
)


@exercise.accepted("torch, nested lists")
def attaining_world(rho, n_negatives):
    c, r = pair(rho)
    size = len(rho)
    z = 15 * torch.eye(size, dtype=torch.float64)
    z[r, c] = 15 + best_rival(rho, n_negatives) / 15
    return torch.eye(size, dtype=torch.float64), z


@exercise.accepted("validated by hand, other lengths", guarded=False)
def attaining_world(rho, n_negatives):
    if min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or len(rho) < 2 or n_negatives < 1:
        raise ValueError(f"{rho}, {n_negatives}")
    c, r = pair(rho)
    z = np.diag(np.arange(12.0, 12.0 + len(rho)))
    z[r, c] = z[c, c] + best_rival(rho, n_negatives) / z[c, c]
    return np.eye(len(rho)).tolist(), z.tolist()


@exercise.accepted("two points per class, at the same place")
def attaining_world(rho, n_negatives):
    c, r = pair(rho)
    z = 18 * np.eye(len(rho))
    z[r, c] = 18 + best_rival(rho, n_negatives) / 18
    return np.kron(np.eye(len(rho)), np.array([[0.3, 0.7]])), np.repeat(z, 2, axis=0)
