"""negatives_enough: what its check looks at.

Blind inputs avoided: share 1/2 alone (hides the share for what is missing), anchors that are all alike (as in exact copies,
where the theorem promises as much as its proof), laws without zeros, square laws.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, joint_law, needs
from autograder.author.draw import larger_sizes
from autograder.units.u04_mutual_information.draws import skewed, with_empty_lines, with_zeros, without_information
from autograder.units.u04_mutual_information.formulas import information, optimal_bound, spreads
from course import validate
from course.worlds import random_law

exercise = Exercise(
    "negatives_enough",
    refuses=(
        joint_law("joint"),
        needs("0 < share < 1", {f"share {value}": {"share": value} for value in (0.0, -0.5, 1.5)}),
        needs("information(joint) > 1e-12", {"independence": {"joint": without_information}}),
    ),
    hints={
        "values": (
            "An exact copy of four fair symbols, share 1/2: 2. A copy of three, of probability 1/2, 1/4, 1/4: 1.77824.",
            "Which gap I - B_N may remain if the share is to be certified? Which lines of the proof bound that gap?",
            "Where the anchors differ, chi_x^2 differs. Which inequality of the proof replaces all of them by their mean?",
            "Right in the first five digits only? Then your search stops too early.",
        ),
        "stability": (
            "With a share near 1 the gap is tiny. What is lost when 1 is added to a tiny number, or subtracted afterwards?",
            "`math.expm1` computes e^v - 1, and `np.log1p` ln(1 + v), without that loss.",
            "(1 - share) * I loses nothing; I - share * I does. And a search must not stop at an absolute error.",
        ),
        "bad input": ("A share outside (0, 1) raises; so does a joint whose mutual information is 0 up to rounding.",),
        "properties": ("What is promised must hold: with that many negatives the optimal critic certifies the share.",),
    },
)


@exercise.cases
def cases(rng):
    for rows, columns in ((3, 4), (4, 2)):
        yield Case(f"{rows} x {columns}", (skewed(rng, rows, columns), float(rng.uniform(0.55, 0.9)), True))
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5), float(rng.uniform(0.55, 0.9)), True))
    joint = with_empty_lines(rng, 4, 4)
    yield Case("4 x 4, an empty row and an empty column", (joint, float(rng.uniform(0.55, 0.9)), True))
    joint = np.diag(random_law(rng, 5, minimum=0.05))
    yield Case("a copy of five symbols, not uniform", (joint, float(rng.uniform(0.1, 0.4)), True))
    yield Case("the theorem, 3 x 4", (skewed(rng, 3, 4), float(rng.uniform(0.55, 0.9))))
    yield Case("the theorem, with zeros", (with_zeros(rng, 4, 5), float(rng.uniform(0.55, 0.9))), {"by_proof": False})
    # graded only: the answer moves with the last digit of such a share
    for share in (1 - 1e-9, 1 - 1e-10):
        joint = skewed(rng, 3, 4)
        yield Case(f"share 1 - {1 - share:.0e}", (joint, share, True), part="stability", rtol=1e-8, public=False)
    yield from exercise.bad_inputs(skewed(rng, 2, 3), 0.6)
    yield bad_input("share 1", skewed(rng, 2, 3), 1.0)
    joint = skewed(rng, *larger_sizes(rng, 2))
    yield Case("a larger table", (joint, float(rng.uniform(0.55, 0.9)), True), public=False)
    joint = np.diag(random_law(rng, 3, minimum=0.2))
    yield Case("less than one negative is promised to be enough", (joint, 0.1), public=False)
    for share in (1 - 1e-9, 1 - 1e-10):
        args = (skewed(rng, 3, 4), share)
        yield Case(f"the theorem, share 1 - {1 - share:.0e}", args, part="stability", rtol=1e-8, public=False)


@exercise.property(
    "with that many negatives the optimal critic certifies the share, and a larger share never needs fewer"
)
def promised(f, rng):
    for joint in (skewed(rng, 3, 4), np.diag(random_law(rng, 5, minimum=0.05))):
        found = [float(f(joint, share, True)) for share in (0.3, 0.6, 0.9)]
        if not all(0 < n < 1e6 for n in found):
            return "a number of negatives below 0 or beyond all measure came back"
        if found != sorted(found):
            return "a larger share came out with fewer negatives"
        if f(joint, 0.6) < found[1] - 1e-9:
            return "the theorem came out with fewer negatives than its proof"
        for n, share in zip(found, (0.3, 0.6, 0.9), strict=True):
            if optimal_bound(joint, math.ceil(n)) < share * information(joint) - 1e-9:
                return "with that many negatives the optimal critic certifies less than the share"


def as_a_copy(joint):
    """chi^2 of an exact copy with this information, for all anchors."""
    return np.ones(1), np.array([math.expm1(information(joint))])


def where_they_occur(joint):
    """Squared deviations of the ratio from 1 at the pairs that occur only."""
    p, chi = spreads(joint)
    seen = joint[joint.sum(axis=1) > 0]
    return p, chi - np.where(seen > 0, 0.0, joint.sum(axis=0)).sum(axis=1)


def under_the_joint(joint):
    """E r^2 - 1 with each y drawn as it comes with its x."""
    seen = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    p = seen.sum(axis=1)
    return p, (seen**3 / seen.sum(axis=0) ** 2).sum(axis=1) / p**3 - 1


def variance_under_the_joint(joint):
    """E r^2 - (E r)^2 with each y drawn as it comes with its x."""
    p, square = under_the_joint(joint)
    return p, square + 1 - (1 + spreads(joint)[1]) ** 2


def merged(p, chi):
    """One anchor in place of all: their mean chi^2."""
    return np.ones(1), np.array([p @ chi])


def alike(p):
    return np.full(len(p), 1 / len(p))


def candidates(p, chi, gap):
    """m with sum of p ln(1 + chi / m) = gap. Newton in 1/m: the sum is concave there, so it comes from below only."""
    w = gap / (p @ chi)
    for _ in range(60):
        w += (gap - p @ np.log1p(chi * w)) / (p @ (chi / (1 + chi * w)))
    return 1 / w


@exercise.formula
def negatives_enough(
    joint,
    share,
    by_proof=False,
    *,
    spread=spreads,
    more=0.0,
    anchors=lambda p, chi, by_proof: (p, chi) if by_proof else merged(p, chi),
    missing=lambda share: 1 - share,
    of=information,
    solved=candidates,
    answer=lambda candidates: candidates - 1,
):
    p, chi = spread(joint)
    return answer(solved(*anchors(p, chi + more, by_proof), missing(share) * of(joint)))


exercise.slip("the theorem as it is", anchors=lambda p, chi, by_proof: merged(p, chi)).says(
    "Only the mean of chi_x^2 counts, so that the proof promises the theorem's own number.",
    "Your number is enough, and not the smallest. Go through the proof: for which laws is each inequality an equality?",
    "One of them is an equality where chi_x^2 is the same for all anchors. Why was it needed?",
    "Keep the mean over x outside the logarithm, and solve for N by a search.",
)
exercise.slip("the proof in any case", anchors=lambda p, chi, by_proof: (p, chi)).says(
    "What the proof promises is what the theorem says.",
    "Which of the two is asked where `by_proof` is left out?",
    "Theorem 4.7 has one chi^2 for all anchors: the mean of theirs.",
    "Look at `by_proof`: with False the theorem's own number.",
)
exercise.slip("the two exchanged", anchors=lambda p, chi, by_proof: merged(p, chi) if by_proof else (p, chi)).says(
    "`by_proof=True` asks for the theorem's number, and False for that of its proof.",
    "Which of your two numbers is the smaller one?",
    "Theorem 4.7 has one chi^2 for all anchors; its proof has a mean of logarithms on the way there.",
    "Exchange the two branches.",
)
exercise.slip(
    "anchors count alike",
    anchors=lambda p, chi, by_proof: (alike(p), chi) if by_proof else merged(p, chi),
).says(
    "The mean over the anchors is a plain one.",
    "Is every x equally likely?",
    "The gap is an expectation over x.",
    "Weight the anchors with `joint.sum(axis=1)`.",
)
exercise.slip(
    "anchors count alike, in the theorem too",
    anchors=lambda p, chi, by_proof: (alike(p), chi) if by_proof else merged(alike(p), chi),
).says(
    "The mean over the anchors is a plain one.",
    "Is every x equally likely?",
    "chi^2 and the gap are expectations over x.",
    "Weight the anchors with `joint.sum(axis=1)`.",
)
exercise.slip(
    "the worst anchor",
    anchors=lambda p, chi, by_proof: (np.ones(1), np.array([chi.max()])) if by_proof else merged(p, chi),
).says(
    "Every single anchor must be within the gap, so the one of the largest chi_x^2 decides.",
    "Is your number smaller or larger than the theorem's own?",
    "The share is promised of I, which is a mean over the anchors.",
    "Average the bounds on the gap over x, then solve for N.",
)
exercise.slip("chi^2 of a copy", spread=as_a_copy).says(
    "chi^2 is e^I - 1, as for the exact copy.",
    "Compute chi^2 of [[0.4, 0.1], [0.1, 0.4]] from its definition, and e^I - 1.",
    "e^I - 1 is never larger than chi^2 (Jensen), and smaller unless the ratio is constant where the pair occurs.",
    "Compute chi_x^2 from the definition, for each anchor.",
)
exercise.slip("pairs that occur only", spread=where_they_occur).says(
    "The variance is a sum over the pairs with `joint > 0`.",
    "Which value has the ratio at a pair that cannot occur? How far is it from its mean 1?",
    "(r - 1)^2 is 1 there, and y is drawn from q, which may draw it.",
    "Sum r^2 over those pairs and subtract 1 once, or sum (r - 1)^2 over all pairs.",
)
exercise.slip("chi^2 / (N+1) in place of its logarithm", solved=lambda p, chi, gap: p @ chi / gap).says(
    "The gap is bounded by chi^2 / (N+1), without a logarithm.",
    "Which bound does the question quote?",
    "ln(1 + v) is smaller than v: your number is enough, but more than is asked for.",
    "Keep the logarithm.",
)
exercise.slip("half of chi^2 / (N+1)", solved=lambda p, chi, gap: p @ chi / (2 * gap)).says(
    "The gap is at most chi^2 / 2(N+1), its size for large N.",
    "Which bound does the question quote?",
    "Half is no bound: the lecture has a law (y is anything but x) whose gap is larger.",
    "ln(1 + chi^2 / (N+1)).",
)
exercise.slip(
    "chi^2 / (N+1) in the theorem",
    solved=lambda p, chi, gap: chi[0] / gap if len(p) == 1 else candidates(p, chi, gap),
).says(
    "The theorem's bound on the gap is chi^2 / (N+1), without a logarithm.",
    "Which bound does the question quote?",
    "ln(1 + v) is smaller than v: without `by_proof` your number is enough, but more than is asked for.",
    "Keep the logarithm: chi^2 / (e^gap - 1) - 1.",
)
exercise.slip("the share in place of what is missing", missing=lambda share: share).says(
    "The gap may be as large as the share that is wanted.",
    "Do you ask for more negatives for 0.9 than for 0.5?",
    "What may be missing is (1 - share) I.",
    "Put 1 - share where you have share.",
)
exercise.slip("candidates counted", answer=lambda candidates: candidates).says(
    "The answer is the number of candidates.",
    "An exact copy of four symbols, share 1/2: the answer is 2. What do you return?",
    "N + 1 stands in the theorem; the question asks for N.",
    "Subtract 1.",
)
exercise.slip("second moment without the 1", more=1.0).says(
    "chi^2 is the second moment of the ratio.",
    "What is your chi^2 for independent x and y?",
    "It is the variance of the ratio, whose mean is 1.",
    "Subtract 1.",
)
exercise.slip("second moment under the joint", spread=under_the_joint).says(
    "The square of the ratio is averaged over pairs that occur.",
    "Under which law has the ratio the mean 1?",
    "y is drawn from q there, independent of x.",
    "chi_x^2 = sum over y of q(y) r^2, minus 1. (Under the joint one power of r is enough.)",
)
exercise.slip("variance under the joint", spread=variance_under_the_joint).says(
    "chi_x^2 is the variance of the ratio over the y that come with x.",
    "Under which law has the ratio the mean 1?",
    "y is drawn from q there, independent of x.",
    "chi_x^2 = sum over y of q(y) r^2, minus 1.",
)
exercise.slip("y in place of the anchor", spread=lambda joint: spreads(joint.T)).says(
    "The inequality is left out for each y: the variances are those of the columns.",
    "Which of the two is fixed in the proof, x or y?",
    "The candidates are drawn for a fixed x; chi^2 is the mean of chi_x^2 over the rows.",
    "One chi_x^2 for each row, weighted with `joint.sum(axis=1)`.",
)
exercise.slip("bits", of=lambda joint: information(joint) / math.log(2)).says(
    "The information in bits may be put into the exponential.",
    "Which unit has the gap in the theorem?",
    "e to the power of nats, or 2 to the power of bits.",
    "Use the information in nats.",
)
exercise.slip("a gap of 1 - share", of=lambda joint: 1.0).says(
    "The gap may be 1 - share nats.",
    "1 - share of what?",
    "A share of I is wanted; the rest of I may be missing.",
    "(1 - share) I.",
)
exercise.slip("rounded up", answer=lambda candidates: math.ceil(candidates - 1)).says(
    "A number of negatives is an integer, so it must be rounded up.",
    "What does the question say about rounding?",
    "Everything before the rounding is right.",
    "Return the real number.",
)
exercise.slip("what is necessary", missing=lambda share: share, solved=lambda p, chi, gap: math.exp(gap)).says(
    "What no critic can do without is also enough.",
    "Evaluate the bound of the optimal critic with that many negatives: does it reach the share?",
    "ln(N+1) is the ceiling; the optimal critic stays below it.",
    "Use the upper bound on the gap, not the ceiling.",
)
exercise.slip("the whole gap", missing=lambda share: 1.0).says(
    "The theorem must bound I itself.",
    "Does your answer depend on the share?",
    "A share of I is wanted, so the rest of I may be missing.",
    "(1 - share) I in place of I.",
)
SUBTRACTED = (
    "A small number may be computed as the difference of two that are nearly equal.",
    "Try the share 1 - 1e-10. Where do you add 1 to a tiny number, or subtract two numbers that agree in ten digits?",
    "e^v - 1, ln(1 + v) and I - share * I keep six digits there. 1 - share itself is exact.",
    "`math.expm1(v)`, `np.log1p(v)`, `(1 - share) * I`.",
)
exercise.slip(
    "the exponential minus 1", solved=lambda p, chi, gap: candidates(p, chi, math.log(1 + (math.exp(gap) - 1)))
).says(*SUBTRACTED)
exercise.slip(
    "the exponential minus 1 in the theorem",
    solved=lambda p, chi, gap: chi[0] / (math.exp(gap) - 1) if len(p) == 1 else candidates(p, chi, gap),
).says(*SUBTRACTED)


@exercise.accepted("bisection in the logarithm of the number")
def negatives_enough(joint, share, by_proof=False):
    p, chi = spreads(joint) if by_proof else merged(*spreads(joint))
    low, high = 0.0, 60.0  # ln of the number of candidates
    for _ in range(100):
        middle = (low + high) / 2
        above = p @ np.log1p(chi / math.exp(middle)) > (1 - share) * information(joint)
        low, high = (middle, high) if above else (low, middle)
    return np.expm1(low)


@exercise.accepted("double loop, secant")
def negatives_enough(joint, share, by_proof=False):
    rows, columns, nats, chi = joint.sum(axis=1), joint.sum(axis=0), 0.0, []
    for i in range(joint.shape[0]):
        ratios = [(columns[j], joint[i, j] / rows[i] / columns[j]) for j in np.flatnonzero(joint[i])]
        chi.append(sum(q * r * r for q, r in ratios) - 1 if ratios else 0.0)
        nats += sum(rows[i] * q * r * math.log(r) for q, r in ratios)
    if not by_proof:
        rows, chi = [1.0], [np.dot(rows, chi)]
    gap = (1 - share) * nats
    a = gap / np.dot(rows, chi)
    b, at_a, at_b = 2 * a, *(np.dot(rows, np.log1p(np.multiply(chi, w))) - gap for w in (a, 2 * a))
    while a != b and at_a != at_b:
        a, b = b, b - at_b * (b - a) / (at_b - at_a)
        at_a, at_b = at_b, np.dot(rows, np.log1p(np.multiply(chi, b))) - gap
    return 1 / b - 1


@exercise.accepted("variance of the ratio, torch, validated by hand", guarded=False)
def negatives_enough(joint, share, by_proof=False):
    validate.joint_law(joint)
    if not 0 < share < 1 or information(joint) < 1e-12:
        raise ValueError(f"share {share}, information {information(joint)}")
    p = torch.from_numpy(joint)
    rows, columns = p.sum(1), p.sum(0)
    apart = torch.outer(rows, columns)
    ratio = torch.where(apart > 0, p / apart.clamp(min=1e-300), 1.0)
    variance = ((ratio - 1) ** 2 * columns).sum(1)
    if not by_proof:
        rows, variance = torch.ones(1, dtype=torch.float64), (rows @ variance)[None]
    gap, w = (1 - share) * torch.xlogy(p, ratio).sum(), torch.zeros((), dtype=torch.float64)
    for _ in range(60):
        w = w + (gap - rows @ torch.log1p(variance * w)) / (rows @ (variance / (1 + variance * w)))
    return 1 / w - 1
