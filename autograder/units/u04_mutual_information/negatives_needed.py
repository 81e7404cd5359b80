"""negatives_needed: what its check looks at.

Each case is built backwards: choose N, put the target half-way between the optimal bounds at N - 1 and N. So no answer
hangs on rounding: half a step of the bound is at least 1e-8 in these cases, five times the tolerance of infonce_loss.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, joint_law, needs
from autograder.author.draw import larger_sizes
from autograder.units.u04_mutual_information.draws import skewed, with_zeros, without_information
from autograder.units.u04_mutual_information.formulas import information, optimal_bound, spreads
from course import validate
from course.worlds import random_law

exercise = Exercise(
    "negatives_needed",
    refuses=(
        joint_law("joint"),
        needs("0 < fraction < 1", {f"fraction {value}": {"fraction": value} for value in (0.0, -0.5, 1.5)}),
        needs("information(joint) > 1e-12", {"independence": {"joint": without_information}}),
    ),
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


def halfway(joint, n):
    """A fraction of I that the optimal bound reaches at n and not before, as far from both as possible."""
    before = optimal_bound(joint, n - 1) if n > 1 else 0.0
    return float((before + optimal_bound(joint, n)) / 2 / information(joint))


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
    for d, fraction in ((1, 0.9), (2, 0.9), (3, 0.9), (3, 0.5)):
        yield Case(f"a copy of {d} fair bits, {fraction:.0%}", (np.eye(2**d) / 2**d, fraction))
    joint = skewed(rng, 3, 3)
    yield Case("one negative is enough", (joint, halfway(joint, 1)))
    joint = skewed(rng, 3, 3)
    hint = "Does your search end before it has found the answer? Here it is above 1000."
    yield Case("thousands are needed", (joint, halfway(joint, int(rng.integers(1100, 1800)))), hint=hint)
    yield from exercise.bad_inputs(joint, 0.5)
    # Not stored: whether a search without the check ends here, and where, is a matter of rounding.
    yield Case("fraction 1", (joint, 1.0), part="bad input", raises=True, public=False)
    joint = skewed(rng, *larger_sizes(rng, 2, high=14))
    yield Case("a larger table", (joint, halfway(joint, int(rng.integers(9, 40)))), public=False)


@exercise.property("the ceiling ln(N+1) >= fraction * I is respected, and a larger fraction needs no fewer negatives")
def ceiling(f, rng):
    joint = np.diag(random_law(rng, 7, minimum=0.05))
    found = [float(f(joint, fraction)) for fraction in (0.3, 0.6, 0.9)]
    if any(math.log(n + 1) < q * information(joint) for n, q in zip(found, (0.3, 0.6, 0.9), strict=True)):
        return "ln(N+1) is below what is to be certified: no critic can reach it"
    if found != sorted(found):
        return "a larger fraction came out with fewer negatives"


def bisected(reaches):
    """The last N that fails (0: none) and the first that reaches."""
    low, high = 0, 1 << 15
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return low, high


def doubled(reaches):
    high = 1
    while not reaches(high):
        high *= 2
    return high // 2, high


def leading_term(joint, n):
    """The bound up to terms of order 1 / N^2: I - chi^2 / (2 (N+1))."""
    return information(joint) - np.dot(*spreads(joint)) / (2 * (n + 1))


def promise(joint, n):
    """What Theorem 4.7 promises of the bound."""
    return information(joint) - math.log1p(np.dot(*spreads(joint)) / (n + 1))


def promise_of_the_proof(joint, n):
    """The same, with the mean over the anchors outside the logarithm."""
    p, chi = spreads(joint)
    return information(joint) - p @ np.log1p(chi / (n + 1))


@exercise.formula
def negatives_needed(
    joint,
    fraction,
    *,
    certified=optimal_bound,
    whole=lambda joint, n: information(joint),
    asked=lambda fraction: fraction,
    search=bisected,
    answer=lambda low, high: high,
    unit=1.0,
):
    return answer(*search(lambda n: certified(joint, n) / unit >= asked(fraction) * whole(joint, n)))


exercise.slip("a fraction of ln(N+1)", whole=lambda joint, n: math.log(n + 1)).says(
    "The fraction is one of ln(N+1), the most that N negatives can certify.",
    "Of which quantity is a fraction asked for, and does it change with N?",
    "It is a fraction of I(x, y), one number for the joint law.",
    "The smallest N whose optimal bound is at least fraction * mutual_information(joint).",
)


exercise.slip("the ceiling taken for the bound", certified=lambda joint, n: math.log(n + 1)).says(
    "As soon as ln(N+1) reaches the target, the optimal critic certifies it.",
    "ln(N+1) is what the bound cannot pass. Does the bound touch it?",
    "The optimal loss is never 0 while negatives can collide with the positive or the pair is noisy.",
    "Search for the smallest N with ln(N+1) - L_N >= fraction * I, with the loss of the optimal critic.",
)
exercise.slip("candidates counted", answer=lambda low, high: high + 1).says(
    "The answer is the number of candidates.",
    "What does the question ask you to count?",
    "With N negatives there are N + 1 candidates.",
    "Your answer is one too large.",
)
exercise.slip("the last N that fails", answer=lambda low, high: low).says(
    "The search may stop at the last N whose bound is still below the target.",
    "Evaluate the bound at your answer. Does it reach the target?",
    "A bisection keeps one N that fails and one that reaches.",
    "Return the one that reaches.",
)
exercise.slip("never one", answer=lambda low, high: max(high, 2)).says(
    "One negative is never enough, so the search need not try it.",
    "What do you return for a small fraction? How many nats does one negative certify?",
    "The answer may be 1. A bisection that takes for granted that N = 1 fails cannot find it.",
    "Let the last N that fails begin at 0.",
)
exercise.slip("powers of two", search=doubled).says(
    "Doubling N until the bound is reached gives the smallest N.",
    "Your answers are all powers of two. Is the smallest N always one?",
    "Doubling finds an N that reaches, and one that fails; the smallest lies between.",
    "Bisect between the last two.",
)
exercise.slip("ln N in the bound", certified=lambda joint, n: optimal_bound(joint, n) - math.log1p(1 / n)).says(
    "N negatives certify ln N - L.",
    "How many candidates does the critic choose from?",
    "ln N - L is a bound too, but a smaller one: it asks for too many negatives.",
    "Use ln(N+1) - L.",
)
exercise.slip("bits against nats", unit=math.log(2)).says(
    "The certified information is in bits and may be compared with I in nats.",
    "In which unit is each side of your comparison?",
    "One side is 1.44 times too large.",
    "Keep both in nats.",
)
exercise.slip("fraction that may be missing", asked=lambda fraction: 1 - fraction).says(
    "`fraction` is the share of the information that may be lost.",
    "Do you need more negatives for fraction 0.9 than for 0.5?",
    "The bound must reach `fraction` of I, not 1 - `fraction`.",
    "Compare with `fraction * information`.",
)
exercise.slip("the promise of Theorem 4.7", certified=promise).says(
    "The smallest number of negatives is the one from which on Theorem 4.7 promises the fraction.",
    "Evaluate the bound at one negative less than your answer. Does it reach the target already?",
    "The theorem bounds the gap from above: what it promises is enough, and as a rule more than is needed.",
    "Evaluate the exact bound and search.",
)
exercise.slip("the promise of the proof", certified=promise_of_the_proof).says(
    "The smallest number of negatives is the one from which on the proof of Theorem 4.7 promises the fraction.",
    "Evaluate the bound at one negative less than your answer. Does it reach the target already?",
    "The proof bounds the gap from above: what it promises is enough, and as a rule more than is needed.",
    "Evaluate the exact bound and search.",
)
exercise.slip("the leading term of the gap", certified=leading_term).says(
    "The gap I - bound is the chi-square divergence divided by 2 (N + 1).",
    "For large N you are close, for small N you are not.",
    "That is the first term of an expansion in 1/N. The question asks for the exact smallest N.",
    "Evaluate the exact bound and search.",
)


@exercise.accepted("bisect over a range, validated by hand", guarded=False)
def negatives_needed(joint, fraction):
    from bisect import bisect_left

    validate.joint_law(joint)
    known = information(joint)
    if not (0 < fraction < 1 and known > 1e-12):
        raise ValueError(f"fraction {fraction}, information {known}")
    return 1 + bisect_left(range(1, 1 << 13), fraction * known, key=lambda n: optimal_bound(joint, n))


@exercise.accepted("from the floor upwards in shrinking strides")
def negatives_needed(joint, fraction):
    target = fraction * information(joint)
    n = max(1, math.floor(math.exp(target) - 1))
    for stride in (1024, 128, 16, 4, 1):
        while optimal_bound(joint, n) < target:
            n += stride
        n = max(1, n - stride)
    while optimal_bound(joint, n) < target:
        n += 1
    return np.int64(n)


@exercise.accepted("binary digits, 0-dim tensor")
def negatives_needed(joint, fraction):
    target, failing = fraction * information(joint), 0
    for power in reversed(range(14)):
        if optimal_bound(joint, failing + 2**power) < target:
            failing += 2**power
    return torch.tensor(failing + 1)
