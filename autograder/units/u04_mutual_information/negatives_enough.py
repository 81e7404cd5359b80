"""negatives_enough: what its check looks at.

Blind inputs avoided: share 1/2 alone (hides the share for what is missing), exact copies (which the lecture works out),
laws without zeros, square laws.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, joint_law, needs
from autograder.author.draw import larger_sizes
from autograder.units.u04_mutual_information.draws import skewed, with_empty_lines, with_zeros, without_information
from autograder.units.u04_mutual_information.formulas import independent, information, optimal_bound
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
            "An exact copy of four fair symbols, share 1/2: exactly 2. [[0.4, 0.1], [0.1, 0.4]], share 0.9: 17.498.",
            "Which gap I - B_N may remain if the share is to be certified? The theorem bounds that gap.",
            "Set ln(1 + chi^2 / (N+1)) equal to (1 - share) I and solve for N.",
        ),
        "stability": (
            "With a share near 1 the exponent is tiny. What is lost when 1 is subtracted from its exponential?",
            "`math.expm1` computes e^v - 1 without that loss.",
        ),
        "bad input": ("A share outside (0, 1) raises; so does a joint whose mutual information is 0 up to rounding.",),
        "properties": ("What is promised must hold: with that many negatives the optimal critic certifies the share.",),
    },
)


@exercise.cases
def cases(rng):
    for rows, columns in ((3, 4), (4, 2)):
        yield Case(f"{rows} x {columns}", (skewed(rng, rows, columns), float(rng.uniform(0.55, 0.9))))
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5), float(rng.uniform(0.55, 0.9))))
    joint = with_empty_lines(rng, 4, 4)
    yield Case("4 x 4, an empty row and an empty column", (joint, float(rng.uniform(0.55, 0.9))))
    joint = np.diag(random_law(rng, 5, minimum=0.05))
    yield Case("a copy of five symbols, not uniform", (joint, float(rng.uniform(0.1, 0.4))))
    # graded only: the answer moves with the last digit of such a share
    for share in (1 - 1e-9, 1 - 1e-10):
        joint = skewed(rng, 3, 4)
        yield Case(f"share 1 - {1 - share:.0e}", (joint, share), part="stability", rtol=1e-8, public=False)
    yield from exercise.bad_inputs(skewed(rng, 2, 3), 0.6)
    yield bad_input("share 1", skewed(rng, 2, 3), 1.0)
    joint = skewed(rng, *larger_sizes(rng, 2))
    yield Case("a larger table", (joint, float(rng.uniform(0.55, 0.9))), public=False)


@exercise.property(
    "with that many negatives the optimal critic certifies the share, and a larger share never needs fewer"
)
def promised(f, rng):
    for joint in (skewed(rng, 3, 4), np.diag(random_law(rng, 5, minimum=0.05))):
        found = [float(f(joint, share)) for share in (0.3, 0.6, 0.9)]
        if not all(0 < n < 1e6 for n in found):
            return "a number of negatives below 0 or beyond all measure came back"
        if found != sorted(found):
            return "a larger share came out with fewer negatives"
        for n, share in zip(found, (0.3, 0.6, 0.9), strict=True):
            if optimal_bound(joint, math.ceil(n)) < share * information(joint) - 1e-9:
                return "with that many negatives the optimal critic certifies less than the share"


def second_moment(joint, law):
    """E r^2 - 1 with the ratio squared once under `law`."""
    cells = joint > 0
    return np.sum(law(joint)[cells] * (joint[cells] / independent(joint)[cells]) ** 2)


@exercise.formula
def negatives_enough(
    joint,
    share,
    *,
    law=independent,
    less=1.0,
    gap=lambda share: 1 - share,
    solved=lambda chi, missing: chi / math.expm1(missing),
    of=information,
    answer=lambda candidates: candidates - 1,
):
    return answer(solved(second_moment(joint, law) - less, gap(share) * of(joint)))


exercise.slip("chi^2 / (N+1) in place of its logarithm", solved=lambda chi, missing: chi / missing).says(
    "The gap is bounded by chi^2 / (N+1), without a logarithm.",
    "Which bound does the question quote?",
    "ln(1 + v) is smaller than v: your number is enough, but more than the theorem asks for.",
    "Solve ln(1 + chi^2 / (N+1)) = (1 - share) I.",
)
exercise.slip("the share in place of what is missing", gap=lambda share: share).says(
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
exercise.slip("second moment without the 1", less=0.0).says(
    "chi^2 is the second moment of the ratio.",
    "What is your chi^2 for independent x and y?",
    "It is the variance of the ratio, whose mean is 1.",
    "Subtract 1.",
)
exercise.slip("second moment under the joint", law=lambda joint: joint).says(
    "The square of the ratio is averaged over pairs that occur.",
    "Under which law has the ratio the mean 1?",
    "y is drawn from q there, independent of x.",
    "chi^2 = sum of p(x) q(y) r^2, minus 1. (Under the joint one power of r is enough.)",
)
exercise.slip("bits", of=lambda joint: information(joint) / math.log(2)).says(
    "The information in bits may be put into the exponential.",
    "Which unit has the gap in the theorem?",
    "e to the power of nats, or 2 to the power of bits.",
    "Use the information in nats.",
)
exercise.slip("rounded up", answer=lambda candidates: math.ceil(candidates - 1)).says(
    "A number of negatives is an integer, so it must be rounded up.",
    "What does the question say about rounding?",
    "Everything before the rounding is right.",
    "Return the real number.",
)
exercise.slip("what is necessary", gap=lambda share: share, solved=lambda chi, missing: math.exp(missing)).says(
    "What no critic can do without is also enough.",
    "Evaluate the bound of the optimal critic with that many negatives: does it reach the share?",
    "ln(N+1) is the ceiling; the optimal critic stays below it.",
    "Use the upper bound on the gap, not the ceiling.",
)
exercise.slip("the whole gap", gap=lambda share: 1.0).says(
    "The theorem must bound I itself.",
    "Does your answer depend on the share?",
    "A share of I is wanted, so the rest of I may be missing.",
    "(1 - share) I in place of I.",
)
exercise.slip("the exponential minus 1", solved=lambda chi, missing: chi / (math.exp(missing) - 1)).says(
    "e^v - 1 may be computed as it is written, however small v is.",
    "Try the share 1 - 1e-10. How many digits of e^v - 1 are left?",
    "e^v rounds to 16 digits near 1; the subtraction leaves six of them.",
    "`math.expm1(v)`.",
)

exercise.style("logarithms", solved=lambda chi, missing: math.exp(math.log(chi) - math.log(math.expm1(missing))))


@exercise.accepted("double loop")
def negatives_enough(joint, share):
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    chi, bits = -1.0, 0.0
    for i in range(joint.shape[0]):
        for j in range(joint.shape[1]):
            if joint[i, j] > 0:
                ratio = joint[i, j] / rows[i] / columns[j]
                chi += joint[i, j] * ratio
                bits += joint[i, j] * math.log(ratio)
    return chi / np.expm1((1 - share) * bits) - 1


@exercise.accepted("variance of the ratio, torch, validated by hand", guarded=False)
def negatives_enough(joint, share):
    validate.joint_law(joint)
    if not 0 < share < 1 or information(joint) < 1e-12:
        raise ValueError(f"share {share}, information {information(joint)}")
    p = torch.from_numpy(joint)
    apart = torch.outer(p.sum(1), p.sum(0))
    seen = apart > 0
    ratio = p[seen] / apart[seen]
    variance = (apart[seen] * (ratio - 1) ** 2).sum()
    return variance / torch.expm1((1 - share) * torch.xlogy(p[seen], ratio).sum()) - 1
