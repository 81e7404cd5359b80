"""alignment: what its check looks at.

Gradients are compared after projection to the tangent space, because |x - y|^2 and 2 - 2 x.y agree on the sphere only.
Blind inputs avoided: alpha = 2 alone (hides norms of other orders), one row (hides sums), x = y alone (0 for many formulas).

(2 - 2 x.y)^(alpha/2) is equal on paper, and at alpha = 2 in numbers too; for alpha < 2 and pairs that coincide, which is
what alignment asks for, it is NaN or off by 1e-8 and more. It loses the values there, in a case that is graded only: the
right answer to it moves with the last digit of a row. Two norms of that case are off by 1e-6, either way, so that NaN, and
the small number of who clamps, do not hang on rounding.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, batch, positive
from autograder.author.draw import larger_sizes, strided, tensor, unit_rows
from autograder.units.u04_mutual_information.draws import of_norm_1
from course import validate

exercise = Exercise(
    "alignment",
    refuses=(batch(x="x", y="y"), of_norm_1("x"), of_norm_1("y"), positive("alpha", -1.0)),
    hints={
        "values": (
            "Two orthogonal unit vectors are at distance sqrt(2): alignment 2 for alpha = 2, sqrt(2) for alpha = 1.",
            "First the Euclidean norm of each row of x - y, then the power alpha, then the mean over rows.",
            "Where x and y coincide, 2 - 2 x.y is a rounded 0 of either sign, and its root NaN or 1e-8. Subtract first.",
        ),
        "gradient": (
            "Keep the graph. At identical rows a plain sqrt(sum of squares) has the derivative 0/0: use `norm`.",
        ),
        "bad input": ("`require_unit_rows(x=x, y=y)` and `validate.positive(alpha=alpha)`.",),
        "properties": ("Rotating x and y together changes no distance.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("B = 5, d = 3", (unit_rows(rng, 5, 3), unit_rows(rng, 5, 3)), grad=(0, 1), tangent=True)
    x, y = unit_rows(rng, 4, 2), unit_rows(rng, 4, 2)
    yield Case("B = 4, d = 2, alpha = 1", (x, y, 1), grad=(0, 1), tangent=True)
    yield Case("B = 4, d = 2, alpha = 3", (x, y, 3), grad=(0, 1), tangent=True)
    yield Case("alpha = 0.5 by name", (unit_rows(rng, 3, 5), unit_rows(rng, 3, 5)), {"alpha": 0.5})
    yield Case("one pair", (unit_rows(rng, 1, 4), unit_rows(rng, 1, 4)))
    x = unit_rows(rng, 3, 4)
    y = x.clone()
    y[1:] = unit_rows(rng, 2, 4)
    yield Case("an identical pair", (x, y, 2), grad=(0, 1), tangent=True)
    x = unit_rows(rng, 9, 5)
    x[:2] *= torch.tensor(
        [[1 + 1e-6], [1 - 1e-6]], dtype=x.dtype
    )  # 2 - 2 x.y is below 0 in one row, above in the other
    # graded only: two rows that differ in their last digit, as another machine may have them, are 1e-8 apart to this power
    yield Case("pairs that coincide, alpha = 0.5", (x, x.clone(), 0.5), public=False)
    args = (strided(unit_rows(rng, 6, 3)), strided(unit_rows(rng, 6, 3)), 2.0)
    yield Case("not contiguous", args, grad=(0, 1), tangent=True)
    for dtype in (torch.float32, torch.float16):
        args = (unit_rows(rng, 6, 4, dtype=dtype), unit_rows(rng, 6, 4, dtype=dtype), 2)
        yield Case(str(dtype).removeprefix("torch."), args)
    x, y = unit_rows(rng, 3, 4), unit_rows(rng, 3, 4)
    yield from exercise.bad_inputs(x, y, 2)
    yield bad_input("unequal shapes that would broadcast", x, y[:1])
    yield bad_input("a single vector", x[0], y[0])
    b, d = larger_sizes(rng, 2)
    args = (unit_rows(rng, b, d), unit_rows(rng, b, d), float(rng.uniform(1, 3)))
    yield Case("a larger batch, a random alpha", args, grad=(0, 1), tangent=True, public=False)


@exercise.property("rotating x and y together changes nothing")
def rotation(f, rng):
    x, y = unit_rows(rng, 5, 3), unit_rows(rng, 5, 3)
    q = torch.linalg.qr(tensor(rng, 3, 3)).Q
    if abs(f(x, y, 1.5) - f(x @ q, y @ q, 1.5)) > 1e-9:
        return "rotating x and y together changed the alignment"


@exercise.property("0 for identical pairs, 2^alpha for opposite ones")
def extremes(f, rng):
    x = unit_rows(rng, 4, 3)
    if abs(f(x, x, 2)) > 1e-9 or abs(f(x, -x, 3) - 8) > 1e-9:
        return "identical pairs must give 0, opposite pairs 2^alpha"


def apart(x, y):
    return (x - y).norm(dim=1)


@exercise.formula
def alignment(x, y, alpha=2, *, distance=apart, pool=lambda distances, alpha: distances.pow(alpha).mean()):
    return pool(distance(x, y), alpha)


exercise.slip("square and then alpha", distance=lambda x, y: (x - y).square().sum(dim=1)).says(
    "The squared distance is raised to the power alpha.",
    "What does your function give for two orthogonal vectors and alpha = 2?",
    "alpha = 2 already is the square.",
    "Raise the norm, not its square, to the power alpha.",
)
exercise.slip("half of alpha", pool=lambda distances, alpha: distances.pow(alpha / 2).mean()).says(
    "The distance is raised to the power alpha / 2.",
    "What does your function give for two orthogonal vectors and alpha = 2? It should be 2.",
    "alpha / 2 is the power of the *squared* distance.",
    "`(x - y).norm(dim=1).pow(alpha)`.",
)
exercise.slip("sum over pairs", pool=lambda distances, alpha: distances.pow(alpha).sum()).says(
    "Alignment is the sum over the pairs.",
    "Does your value double when every pair is given twice?",
    "It is an expectation over positive pairs.",
    "Take the mean over rows.",
)
exercise.slip("mean over coordinates", distance=lambda x, y: (x - y).abs()).says(
    "The squared distance is the mean squared difference of the coordinates.",
    "Does your value depend on d for orthogonal vectors?",
    "`mse_loss` divides by B * d.",
    "Sum over the coordinates, average over the rows.",
)
exercise.slip("root of the mean over coordinates", distance=lambda x, y: (x - y).norm(dim=1) / x.shape[1] ** 0.5).says(
    "The squared distance is the mean squared difference of the coordinates.",
    "Does your value depend on d for orthogonal vectors?",
    "A squared norm is a sum over the coordinates.",
    "`.sum(dim=1)` of the squares, not `.mean(dim=1)`.",
)
exercise.slip("norms of the columns", distance=lambda x, y: (x - y).norm(dim=0)).says(
    "`dim=0` takes the norm of each row.",
    "How many distances do you average, B or d?",
    "`dim=0` is the axis that disappears: what is left is one number per coordinate.",
    "`(x - y).norm(dim=1)`.",
)
exercise.slip("minus the distance", pool=lambda distances, alpha: -distances.pow(alpha).mean()).says(
    "Alignment is the better the larger it is, so the mean distance gets a minus sign.",
    "What is your value for two opposite vectors? It should be 2^alpha.",
    "Wang and Isola minimise this number: it is 0 where all pairs coincide.",
    "Drop the minus.",
)
exercise.slip("half", pool=lambda distances, alpha: distances.pow(alpha).mean() / 2).says(
    "The mean is divided by 2.",
    "What is your value for two opposite vectors? It should be 2^alpha.",
    "There are B pairs, each counted once.",
    "The sum over the pairs, divided by B.",
)
exercise.slip("root of a sum of squares", distance=lambda x, y: (x - y).square().sum(dim=1).sqrt()).says(
    "The root of a sum of squares has a derivative everywhere.",
    "The values are right. What is the gradient where x and y coincide?",
    "The derivative of sqrt at 0 is infinite, times 0 it is NaN.",
    "`(x - y).norm(dim=1)` has the gradient 0 there; or raise the sum of squares to the power alpha / 2.",
)
exercise.slip("alpha ignored", pool=lambda distances, alpha: distances.square().mean()).says(
    "The distance is squared, whatever alpha is.",
    "Call your function with alpha = 1 and with alpha = 3. Do the values differ?",
    "alpha = 2 is only the default.",
    "Raise the norm to the power `alpha`.",
)
exercise.slip("root of the mean", pool=lambda distances, alpha: distances.pow(alpha).mean().pow(1 / alpha)).says(
    "The power is undone after the mean, as in a norm.",
    "What is your value for opposite vectors and alpha = 3? It should be 8.",
    "Alignment is the mean of |x - y|^alpha itself.",
    "Leave out the last power, 1 / alpha.",
)
exercise.slip("root of the mean square", pool=lambda distances, alpha: distances.square().mean().pow(alpha / 2)).says(
    "The mean squared distance is raised to the power alpha / 2.",
    "For alpha = 2 you are right. Are you for alpha = 1, with two pairs at the distances 0 and 2?",
    "The power of a mean is no mean of powers.",
    "First the power of each distance, then the mean.",
)
exercise.slip("the angle", distance=lambda x, y: (x * y).sum(dim=1).clamp(-1, 1).arccos()).says(
    "The distance of two unit vectors is the angle between them.",
    "What is your distance of two opposite vectors? It should be 2.",
    "The angle is the way along the sphere; the norm of x - y is the straight line.",
    "(x - y).norm(dim=1).",
)
exercise.slip("power of the mean", pool=lambda distances, alpha: distances.mean().pow(alpha)).says(
    "The mean distance is raised to the power alpha.",
    "Is the mean of squares the square of the mean?",
    "One pair comes out right, several do not.",
    "First the power, then the mean.",
)
exercise.slip(
    "norm of order alpha",
    distance=lambda x, y: (x - y).abs(),
    pool=lambda distances, alpha: distances.pow(alpha).sum(dim=1).mean(),
).says(
    "alpha is the order of the norm.",
    "For alpha = 2 you are right. What is the distance of two orthogonal vectors for alpha = 1?",
    "The norm is Euclidean for every alpha.",
    "`.norm(dim=1).pow(alpha)`, not `.abs().pow(alpha).sum(dim=1)`.",
)
exercise.slip("one minus cosine", distance=lambda x, y: (1 - (x * y).sum(dim=1)).clamp(min=0).sqrt()).says(
    "The squared distance of unit vectors is 1 minus their cosine.",
    "Expand |x - y|^2 for unit vectors.",
    "You are off by a factor of 2 before the power is taken.",
    "|x - y|^2 = 2 - 2 x.y.",
)
# The belief is worded for all that are wrong there only, as an eps under the root is. No root but alpha / 2: then it is
# right wherever the public check asks, and nothing is stored.
NEARLY_0 = (
    "It does no harm if a squared distance is off in its last digits, or by a tiny eps.",
    "Try pairs that coincide, with alpha = 0.5. What is their distance, and what do you return?",
    "A small power magnifies: from 4e-16, as 2 - 2 x.y leaves it, it makes 1e-4, from an eps of 1e-12 under the root "
    "1e-3, and from -4e-16 NaN.",
    "Subtract the vectors, then take the norm: (x - y).norm(dim=1) is exactly 0 there.",
)
exercise.slip(
    "a squared distance not quite 0",
    distance=lambda x, y: 2 - 2 * (x * y).sum(dim=1),
    pool=lambda squares, alpha: squares.pow(alpha / 2).mean(),
).says(*NEARLY_0)
exercise.slip(
    "a squared distance not quite 0, clamped",
    distance=lambda x, y: (2 - 2 * (x * y).sum(dim=1)).clamp(min=0),
    pool=lambda squares, alpha: squares.pow(alpha / 2).mean(),
).says(*NEARLY_0)
exercise.slip("all pairs", distance=lambda x, y: (x[:, None] - y[None, :]).norm(dim=2)).says(
    "Every x is compared with every y.",
    "Which rows of x and y belong together?",
    "Row i of x and row i of y are the positive pair; the other pairs are not positives.",
    "Compare row by row.",
)
exercise.slip("pairwise_distance adds 1e-6", distance=F.pairwise_distance).says(
    "`F.pairwise_distance` is the Euclidean distance.",
    "You are off by about one part in a million. Read the signature of the library function.",
    "It adds `eps=1e-6` to every difference before it takes the norm.",
    "Use `(x - y).norm(dim=1)`, or pass `eps=0`.",
)


@exercise.wrong(
    "normalised inside",
    belief="The function should normalise what it is given.",
    hints=(
        "What must happen to rows whose norm is not 1?",
        "Normalising silently hides a forgotten normalisation in the training code.",
        "Raise ValueError: `require_unit_rows(x=x, y=y)`.",
    ),
    guarded=False,
)
def alignment(x, y, alpha=2):
    validate.batch(x=x, y=y)
    validate.positive(alpha=alpha)
    return apart(F.normalize(x, dim=1), F.normalize(y, dim=1)).pow(alpha).mean()


exercise.style("pairwise_distance without its eps", distance=lambda x, y: F.pairwise_distance(x, y, eps=0.0))


@exercise.accepted("squared distances and half of alpha, validated by hand", guarded=False)
def alignment(x, y, alpha=2):
    if x.ndim != 2 or x.numel() == 0 or x.shape != y.shape or not 0 < alpha < math.inf:
        raise ValueError(f"shapes {tuple(x.shape)}, {tuple(y.shape)}, alpha {alpha}")
    for rows in (x, y):
        if not bool(((rows.detach().double().pow(2).sum(1).sqrt() - 1).abs() <= 1e-2).all()):
            raise ValueError(f"norms {rows.norm(dim=1)}")
    return (x - y).pow(2).sum(1).pow(alpha / 2).mean()


@exercise.accepted("loop over the pairs")
def alignment(x, y, alpha=2):
    total = 0
    for a, b in zip(x, y, strict=True):
        total = total + torch.linalg.vector_norm(a - b) ** alpha
    return total / len(x)
