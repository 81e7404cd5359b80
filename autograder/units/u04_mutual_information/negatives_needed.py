"""negatives_needed: what its check looks at.

Each case is built backwards: choose N, put the target half-way between the optimal bounds at N - 1 and N. So no answer
hangs on rounding: half a step of the bound is at least 1e-8 in these cases, five times the tolerance of infonce_loss.
No fraction >= 1 is asked: without its check the search would never end, and a timeout costs all points, not one part.
"""

import math

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u04_mutual_information.mutual_information import with_zeros
from course import validate
from course.check.case import Case, bad_input
from course.worlds import random_joint, random_law

exercise = Exercise(
    "negatives_needed",
    hints={
        "values": (
            "Check your `infonce_loss` and `infonce_bound` first: this function only searches.",
            "A perfect copy of one fair bit needs 7 negatives for 90 %, of two bits 12, of three bits 19.",
        ),
        "bad input": (
            "A fraction outside (0, 1) raises; so does a joint whose mutual information is 0 up to rounding.",
        ),
        "properties": ("ln(N+1) must be at least fraction * I, and a larger fraction never needs fewer negatives.",),
    },
)


def information_and_bound(joint):
    """The mutual information, and the function N -> optimal InfoNCE bound, both in nats."""
    joint = np.asarray(joint)[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    rows, noise = joint.sum(axis=1), joint.sum(axis=0)
    with np.errstate(divide="ignore"):
        critic = np.log(joint / np.outer(rows, noise))
    information = np.sum(joint[joint > 0] * critic[joint > 0])
    scores = critic - critic.max(axis=1, keepdims=True)
    finite = np.where(joint > 0, scores, 0.0)

    def bound(n):
        u = np.arange(-40 - math.log(n + 1), 4 - finite.min(), 0.3)
        decay = -np.exp(u[:, None, None] + scores)  # nodes x rows x columns
        positive = (np.exp(decay) * joint).sum(axis=2)
        negative = np.maximum(np.expm1(decay) @ noise, -1 + 1e-16)
        integrand = np.exp(-np.exp(u))[:, None] * rows - positive * np.exp(n * np.log1p(negative))
        return math.log(n + 1) - 0.3 * integrand.sum() + np.sum(joint * finite)

    return information, bound


def halfway(joint, n):
    """A fraction of I that the optimal bound reaches at n and not before, as far from both as possible."""
    information, bound = information_and_bound(joint)
    before = bound(n - 1) if n > 1 else 0.0
    return float((before + bound(n)) / 2 / information)


def skewed(rng, n_rows, n_columns):
    """A random joint law whose mutual information is not small: a random one, sharpened."""
    joint = random_joint(rng, n_rows, n_columns) + 0.05
    joint[np.arange(n_rows), np.arange(n_rows) % n_columns] += 0.5
    return joint / joint.sum()


@exercise.cases
def cases(rng):
    joint = skewed(rng, 3, 4)
    yield Case("3 x 4", (joint, halfway(joint, int(rng.integers(5, 15)))))
    joint = skewed(rng, 4, 2)
    yield Case("4 x 2", (joint, halfway(joint, int(rng.integers(20, 60)))))
    joint = with_zeros(rng, 4, 4)
    yield Case("4 x 4 with zeros", (joint, halfway(joint, int(rng.integers(9, 16)))))
    joint = np.diag(random_law(rng, 6, minimum=0.05))
    yield Case("a copy of six symbols, not uniform", (joint, halfway(joint, int(rng.integers(30, 100)))))
    joint = skewed(rng, 3, 3)
    yield Case("one negative is enough", (joint, halfway(joint, 1)))
    joint = skewed(rng, 3, 3)
    yield Case("thousands are needed", (joint, halfway(joint, int(rng.integers(1100, 1800)))))
    yield bad_input("fraction 0", joint, 0.0)
    yield bad_input("fraction -0.5", joint, -0.5)
    yield bad_input("independence", np.outer(random_law(rng, 3), random_law(rng, 2)), 0.5)
    yield bad_input("entries that sum to 0.9", 0.9 * joint, 0.5)


@exercise.property("the ceiling ln(N+1) >= fraction * I is respected, and a larger fraction needs no fewer negatives")
def ceiling(f, rng):
    joint = np.diag(random_law(rng, 7, minimum=0.05))
    information, _ = information_and_bound(joint)
    found = [float(f(joint, fraction)) for fraction in (0.3, 0.6, 0.9)]
    if any(math.log(n + 1) < q * information for n, q in zip(found, (0.3, 0.6, 0.9), strict=True)):
        return "ln(N+1) is below what is to be certified: no critic can reach it"
    if found != sorted(found):
        return "a larger fraction came out with fewer negatives"


@exercise.property("a perfect copy of 1, 2, 3 fair bits needs 7, 12, 19 negatives for 90 %")
def copies(f, rng):
    if [float(f(np.eye(2**d) / 2**d, 0.9)) for d in (1, 2, 3)] != [7.0, 12.0, 19.0]:
        return "a perfect copy of 1, 2, 3 fair bits needs 7, 12, 19 negatives for 90 %"


@exercise.wrong(
    "the ceiling taken for the bound",
    belief="As soon as ln(N+1) reaches the target, the optimal critic certifies it.",
    hints=(
        "ln(N+1) is what the bound cannot pass. Does the bound touch it?",
        "The optimal loss is never 0 while negatives can collide with the positive or the pair is noisy.",
        "Search for the smallest N with ln(N+1) - L_N >= fraction * I, with the loss of the optimal critic.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, _ = information_and_bound(joint)
    return max(1, math.ceil(math.exp(fraction * information) - 1))


@exercise.wrong(
    "candidates counted",
    belief="The answer is the number of candidates.",
    hints=(
        "What does the question ask you to count?",
        "With N negatives there are N + 1 candidates.",
        "Your answer is one too large.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    low, high = 0, 1 << 13
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if bound(middle) >= fraction * information else (middle, high)
    return high + 1


@exercise.wrong(
    "the last N that fails",
    belief="The search may stop at the last N whose bound is still below the target.",
    hints=(
        "Evaluate the bound at your answer. Does it reach the target?",
        "A bisection keeps one N that fails and one that reaches.",
        "Return the one that reaches.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    low, high = 0, 1 << 13
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if bound(middle) >= fraction * information else (middle, high)
    return low


@exercise.wrong(
    "powers of two",
    belief="Doubling N until the bound is reached gives the smallest N.",
    hints=(
        "Your answers are all powers of two. Is the smallest N always one?",
        "Doubling finds an N that reaches, and one that fails; the smallest lies between.",
        "Bisect between the last two.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    high = 1
    while bound(high) < fraction * information:
        high *= 2
    return high


@exercise.wrong(
    "ln N in the bound",
    belief="N negatives certify ln N - L.",
    hints=(
        "How many candidates does the critic choose from?",
        "ln N - L is a bound too, but a smaller one: it asks for too many negatives.",
        "Use ln(N+1) - L.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    low, high = 0, 1 << 13
    while high - low > 1:
        middle = (low + high) // 2
        reached = bound(middle) - math.log1p(1 / middle) >= fraction * information
        low, high = (low, middle) if reached else (middle, high)
    return high


@exercise.wrong(
    "bits against nats",
    belief="The certified information is in bits and may be compared with I in nats.",
    hints=(
        "In which unit is each side of your comparison?",
        "One side is 1.44 times too large.",
        "Keep both in nats.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    low, high = 0, 1 << 13
    while high - low > 1:
        middle = (low + high) // 2
        reached = bound(middle) / math.log(2) >= fraction * information
        low, high = (low, middle) if reached else (middle, high)
    return high


@exercise.wrong(
    "fraction that may be missing",
    belief="`fraction` is the share of the information that may be lost.",
    hints=(
        "Do you need more negatives for fraction 0.9 than for 0.5?",
        "The bound must reach `fraction` of I, not 1 - `fraction`.",
        "Compare with `fraction * information`.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, bound = information_and_bound(joint)
    low, high = 0, 1 << 15
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if bound(middle) >= (1 - fraction) * information else (middle, high)
    return high


@exercise.wrong(
    "the leading term of the gap",
    belief="The gap I - bound is the chi-square divergence divided by 2 (N + 1).",
    hints=(
        "For large N you are close, for small N you are not.",
        "That is the first term of an expansion in 1/N. The question asks for the exact smallest N.",
        "Evaluate the exact bound and search.",
    ),
    uses=(information_and_bound,),
)
def negatives_needed(joint, fraction):
    information, _ = information_and_bound(joint)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = independent > 0
    chi_square = np.sum(joint[cells] ** 2 / independent[cells]) - 1
    return max(1, math.ceil(chi_square / (2 * (1 - fraction) * information) - 1))


def asked(joint, fraction):
    """Raise ValueError unless joint is a law with I > 0 and 0 < fraction < 1; the target in nats and the bound."""
    validate.joint_law(joint)
    information, bound = information_and_bound(np.asarray(joint))
    if not (0 < fraction < 1 and information > 1e-12):
        raise ValueError(f"fraction {fraction}, information {information}")
    return fraction * information, bound


@exercise.accepted("bisect over a range", uses=(information_and_bound, asked))
def negatives_needed(joint, fraction):
    from bisect import bisect_left

    target, bound = asked(joint, fraction)
    return 1 + bisect_left(range(1, 1 << 13), target, key=bound)


@exercise.accepted("from the floor upwards in shrinking strides", uses=(information_and_bound, asked))
def negatives_needed(joint, fraction):
    target, bound = asked(joint, fraction)
    n = max(1, math.floor(math.exp(target) - 1))
    for stride in (1024, 128, 16, 4, 1):
        while bound(n) < target:
            n += stride
        n = max(1, n - stride)
    while bound(n) < target:
        n += 1
    return np.int64(n)


@exercise.accepted("binary digits, 0-dim tensor", uses=(information_and_bound, asked))
def negatives_needed(joint, fraction):
    target, bound = asked(joint, fraction)
    failing = 0
    for power in reversed(range(14)):
        if bound(failing + 2**power) < target:
            failing += 2**power
    return torch.tensor(failing + 1)
