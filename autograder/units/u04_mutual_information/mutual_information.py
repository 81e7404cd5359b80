"""mutual_information: what its check looks at.

Blind inputs avoided: uniform marginals (hide swapped or forgotten marginals), square symmetric laws (hide the axes),
independence (every multiple of I is 0), laws without zeros (hide 0 ln 0).
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, joint_law
from autograder.author.draw import larger_sizes
from autograder.author.short import short
from autograder.units.u04_mutual_information.draws import with_empty_lines, with_zeros
from autograder.units.u04_mutual_information.formulas import independent, of_equal_rows
from course import validate
from course.worlds import random_joint, random_law

exercise = Exercise(
    "mutual_information",
    refuses=(joint_law("joint"),),
    hints={
        "values": (
            "Try the smallest law by hand: [[1/2, 0], [0, 1/2]] has I = ln 2 = 0.693.",
            "I is the joint's expectation of ln( p(x,y) / (p(x) q(y)) ): weight each logarithm by the joint itself.",
            "Off by 1e-6 or less? Then float32, or a tiny number added against zeros, moved it: float64, and `joint > 0`.",
        ),
        "bad input": ("`validate.joint_law(joint)` raises for everything that is no joint law.",),
        "properties": (
            "I is never negative, does not change when rows and columns are exchanged, and loses nothing when two "
            "proportional columns are merged.",
        ),
    },
)


@exercise.cases
def cases(rng):
    yield Case("3 x 4", (random_joint(rng, 3, 4),))
    yield Case("4 x 2", (random_joint(rng, 4, 2),))
    yield Case("3 x 3, not symmetric", (random_joint(rng, 3, 3),))
    yield Case("4 x 5 with zeros", (with_zeros(rng, 4, 5),))
    yield Case("4 x 4, an empty row and an empty column", (with_empty_lines(rng, 4, 4),))
    yield Case("5 x 5 diagonal, not uniform", (np.diag(random_law(rng, 5, minimum=0.05)),))
    yield Case("independent, 3 x 2", (np.outer(short(random_law(rng, 3)), short(random_law(rng, 2))),))
    yield from exercise.bad_inputs(random_joint(rng, 2, 3))
    yield bad_input("a vector", random_law(rng, 4))
    yield Case("a larger table", (random_joint(rng, *larger_sizes(rng, 2)),), public=False)


@exercise.property("transposing the joint changes nothing")
def symmetric(f, rng):
    joint = with_zeros(rng, 3, 5)
    if abs(f(joint) - f(joint.T)) > 1e-9:
        return "I(x; y) and I(y; x) differ"


@exercise.property("0 <= I <= the entropy of x, with equality for a copy")
def entropy_bound(f, rng):
    for _ in range(4):
        joint = random_joint(rng, 3, 4)
        p = joint.sum(axis=1)
        if not -1e-9 <= f(joint) <= -p @ np.log(p) + 1e-9:
            return "a value below 0 or above the entropy of x came back"
    p = random_law(rng, 4, minimum=0.05)
    if abs(f(np.diag(p)) + p @ np.log(p)) > 1e-9:
        return "a perfect copy of x carries exactly its entropy"


@exercise.property("splitting a column in proportion changes nothing")
def splitting(f, rng):
    joint = random_joint(rng, 3, 3)
    split = np.column_stack([joint[:, :2], 0.3 * joint[:, 2], 0.7 * joint[:, 2]])
    if abs(f(joint) - f(split)) > 1e-9:
        return "splitting a column of the joint in two proportional ones changed the answer"


def repeated(law, joint):
    """A marginal in the shape of the joint."""
    return np.broadcast_to(law, joint.shape)


@exercise.formula
def mutual_information(
    joint,
    *,
    weight=lambda joint: joint,
    against=independent,
    cells=lambda joint: joint > 0,
    scored=np.log,
    told=lambda total: total,
    sign=1,
    unit=1.0,
):
    kept = cells(joint)
    with np.errstate(divide="ignore", invalid="ignore"):
        return sign * told(np.sum(weight(joint)[kept] * scored(joint[kept] / against(joint)[kept]))) / unit


exercise.slip("bits", unit=math.log(2)).says(
    "Information is measured with logarithms in base 2.",
    "Which unit does the exercise ask for?",
    "A fair bit that is copied has 1 bit = 0.693 nats. The course uses nats throughout.",
    "Use `np.log`, not `np.log2`.",
)
exercise.slip("joint alone", against=np.ones_like).says(
    "The information is the sum of p ln p over the joint law.",
    "Your value is negative. Can an information be negative?",
    "You computed minus the joint entropy. Independent x and y should give 0: do they?",
    "Compare the joint with what it would be under independence: ln( p(x,y) / (p(x) q(y)) ).",
)
exercise.slip("entropy of x", against=lambda joint: joint * joint.sum(axis=1, keepdims=True)).says(
    "What y tells about x is the whole entropy of x.",
    "What is your value where x and y are independent? What should it be?",
    "Your value does not look at y. Only for a copy does y tell all of x.",
    "I = H(x) - H(x | y).",
)
exercise.slip("entropy of y", against=lambda joint: joint * joint.sum(axis=0)).says(
    "What x tells about y is the whole entropy of y.",
    "What is your value where x and y are independent? What should it be?",
    "Your value does not look at x. Only for a copy does x tell all of y.",
    "I = H(y) - H(y | x).",
)
exercise.slip("ln p(y|x) alone", against=lambda joint: repeated(joint.sum(axis=1, keepdims=True), joint)).says(
    "The information is the mean of ln p(y|x).",
    "Your value is negative. Can an information be negative?",
    "ln p(y|x) says how likely y is given x. How likely was it before x was seen?",
    "ln r = ln p(y|x) - ln q(y).",
)
exercise.slip("ln p(x|y) alone", against=lambda joint: repeated(joint.sum(axis=0), joint)).says(
    "The information is the mean of ln p(x|y).",
    "Your value is negative. Can an information be negative?",
    "ln p(x|y) says how likely x is given y. How likely was it before y was seen?",
    "ln r = ln p(x|y) - ln p(x).",
)
exercise.slip("ratio minus 1", scored=lambda ratio: ratio - 1).says(
    "The information is the mean of r - 1.",
    "What is your value for two bits that agree in 8 cases of 10? It should be 0.193.",
    "That mean is chi^2, which is larger: ln r is at most r - 1.",
    "Take the logarithm of each ratio.",
)
exercise.slip("sign", sign=-1).says(
    "The information is what is left of the uncertainty: H(y|x) - H(y).",
    "Can your value be positive? Can an information be negative?",
    "Seeing x makes y less uncertain on average: H(y|x) is the smaller one.",
    "I = H(y) - H(y|x), the mean of ln r with the sign plus.",
)
exercise.slip("rows count alike", weight=of_equal_rows).says(
    "The divergences of the rows from q are averaged plainly.",
    "Is every x equally likely?",
    "The expectation over x has the weights p(x), the row sums of the joint.",
    "Weight each row with `joint.sum(axis=1)`.",
)
exercise.slip("logarithm of the mean ratio", scored=lambda ratio: ratio, told=np.log).says(
    "The logarithm may be taken after the mean: ln E r in place of E ln r.",
    "Is the logarithm of a mean the mean of the logarithms?",
    "By Jensen's inequality your value is too large; only where the ratio is constant are the two equal.",
    "Take the logarithm of each ratio, then the mean with the weights `joint`.",
)
exercise.slip("negative terms dropped", scored=lambda ratio: np.maximum(np.log(ratio), 0.0)).says(
    "A pair that is rarer than by chance adds no information, so its term is 0.",
    "What is your value where x and y are nearly independent?",
    "Information is an average of ln r, and ln r has both signs.",
    "Sum over all cells with `joint > 0`, whatever the sign of their logarithm.",
)
exercise.slip("conditional entropy", against=lambda joint: repeated(joint.sum(axis=0), joint), sign=-1).says(
    "What y tells about x is the uncertainty of x given y.",
    "If y is a copy of x, your value is 0. Should the information be 0 there?",
    "You computed what is still unknown about x once y is seen. The information is what became known.",
    "I = H(x) - H(x | y).",
)
exercise.slip(
    "conditional entropy of y", against=lambda joint: repeated(joint.sum(axis=1, keepdims=True), joint), sign=-1
).says(
    "What x tells about y is the uncertainty of y given x.",
    "If y is a copy of x, your value is 0. Should the information be 0 there?",
    "You computed what is still unknown about y once x is seen. The information is what became known.",
    "I = H(y) - H(y | x).",
)
exercise.slip("joint entropy", against=np.ones_like, sign=-1).says(
    "The information is the entropy of the pair.",
    "What is your value where x and y are independent? What should it be?",
    "H(x, y) counts all that is uncertain about the two, shared or not.",
    "I = H(x) + H(y) - H(x, y).",
)
exercise.slip("reversed divergence", weight=independent, cells=lambda joint: independent(joint) > 0, sign=-1).says(
    "The divergence between joint and product can be averaged under the product of the marginals.",
    "Under which law is the average of the logarithm taken?",
    "Where the joint is zero and the marginals are not, your value is infinite; the mutual information is finite.",
    "I = KL(joint || product): weight the logarithm by `joint`, not by the outer product.",
)
exercise.slip("averaged over independent pairs", weight=independent).says(
    "ln r is averaged over pairs that are drawn independently.",
    "Under which law is the average of the logarithm taken?",
    "Under independence the mean of ln r is negative (Jensen), which no information is.",
    "Weight ln r with `joint`, not with the outer product of the marginals.",
)
exercise.slip("unweighted mean", weight=lambda joint: np.full(joint.shape, 1 / np.count_nonzero(joint))).says(
    "All cells of the joint count alike in the average.",
    "A pair that almost never happens should hardly matter. Does it in your sum?",
    "The expectation is over the joint law, not over the table's cells.",
    "Replace the mean over cells by the sum weighted with `joint`.",
)
exercise.slip("0 ln 0 left to numpy", cells=lambda joint: joint >= 0).says(
    "A cell of probability 0 needs no care: 0 times its logarithm is 0.",
    "Look at the laws that hold a zero. What is 0 times minus infinity in floating point?",
    "numpy gives NaN for 0 * log(0), and one NaN spoils the sum.",
    "Sum over the cells with `joint > 0` only.",
)
exercise.slip("axes exchanged", against=lambda joint: np.outer(joint.sum(axis=0), joint.sum(axis=1))).says(
    "`joint.sum(axis=0)` is the law of the rows.",
    "Print the shapes of your two marginals for a 3 x 4 law.",
    "`axis=0` is the axis that disappears: what is left is one number per column.",
    "p(x) = `joint.sum(axis=1)`, q(y) = `joint.sum(axis=0)`.",
)
exercise.slip("uniform marginals", against=lambda joint: np.full(joint.shape, 1 / joint.size)).says(
    "Without dependence every pair would be equally likely.",
    "What would the joint be if x and y were independent, but each kept its own law?",
    "You compare with the uniform law 1/(S T); rare points then look informative although they are only rare.",
    "Compare with the outer product of the two marginals.",
)


@exercise.wrong(
    "normalised inside",
    belief="A table that does not sum to 1 becomes a law by dividing it by its sum.",
    hints=(
        "What must happen to a table that is no law?",
        "Dividing hides the mistake of whoever made the table.",
        "Raise ValueError: `validate.joint_law(joint)`, on the table as it comes.",
    ),
    guarded=False,
)
def mutual_information(joint):
    law = joint / joint.sum()
    validate.joint_law(law)
    return np.sum(law[law > 0] * np.log(law[law > 0] / independent(law)[law > 0]))


@exercise.accepted("three entropies")
def mutual_information(joint):
    def entropy(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    return entropy(joint.sum(1)) + entropy(joint.sum(0)) - entropy(joint.ravel())


@exercise.accepted("double loop, Python float")
def mutual_information(joint):
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    total = 0.0
    for i in range(joint.shape[0]):
        for j in range(joint.shape[1]):
            p = float(joint[i, j])
            if p > 0:
                total += p * math.log(p / (rows[i] * columns[j]))
    return total


@exercise.accepted("torch xlogy, 0-dim tensor, validated by hand", guarded=False)
def mutual_information(joint):
    if np.ndim(joint) != 2 or not np.all(joint >= 0) or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(f"no joint law: {joint}")
    p = torch.from_numpy(joint)
    a, b = p.sum(1), p.sum(0)
    return torch.xlogy(p, p).sum() - torch.xlogy(a, a).sum() - torch.xlogy(b, b).sum()
