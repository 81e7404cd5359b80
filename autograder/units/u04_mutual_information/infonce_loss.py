"""infonce_loss: what its check looks at.

Blind inputs avoided: N = 1 (hides means for sums, one negative repeated N times), uniform column marginals (hide
uniform negatives), laws without zeros, critics constant on columns. Enumeration of all draws is out of reach for the
case N = 5000, which the exercise announces.
"""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, joint_law, needs
from autograder.author.draw import larger_sizes
from autograder.units.u04_mutual_information.draws import with_empty_lines, with_zeros
from autograder.units.u04_mutual_information.formulas import independent, log_of_sum, log_ratio, of_equal_rows
from course import validate
from course.worlds import random_joint


def with_top(value):
    """The critic with this in place of its highest score."""
    return lambda critic: np.where(critic == critic.max(), value, critic)


exercise = Exercise(
    "infonce_loss",
    refuses=(
        joint_law("joint"),
        count("n_negatives", "N", 1.5),
        needs("critic.shape == joint.shape", {"critic of another shape": {"critic": np.transpose}}),
        needs(
            "(critic < float('inf')).all()",  # NaN is not
            {"NaN in the critic": {"critic": with_top(np.nan)}, "+inf in the critic": {"critic": with_top(np.inf)}},
        ),
        needs(
            "(critic[joint > 0] > -float('inf')).all()", {"-inf at a pair that occurs": {"critic": with_top(-np.inf)}}
        ),
    ),
    hints={
        "values": (
            "Two checks by hand: a critic that is 0 everywhere has loss ln(N+1); for N = 1 the loss is a sum over "
            "pairs and one negative, short enough for pencil and paper.",
            "Which law do x, y and the negatives follow, and is the logarithm inside or outside the expectation?",
            "Off by 1e-4 or so? Then your range of u is too short on the left, where the integrand falls like e^u only, or "
            "the step is too wide: halve it. By 1e-2, and by more for fewer draws? Then a sample is averaged, not the law.",
        ),
        "stability": (
            "Where does e^-(V e^u) fall from 1 to 0 when V = e^s with s = -10000? Your range of u must reach there.",
            "Subtract the highest score of the row; let u run from -40 - ln(N+1) to 4 minus the lowest shifted score.",
            "For large N, log1p and expm1 keep the N-th power accurate.",
        ),
        "bad input": (
            "Does your function refuse -inf at a pair that can occur, NaN and +inf, and a critic of another shape?",
        ),
        "properties": (
            "A constant added to a row of the critic changes nothing; ln(N+1) - loss never exceeds I(x; y).",
        ),
    },
)


def blocked(rng, joint, scale=1.5):
    """A random critic with -inf at the first zero of the joint, and finite scores at its other zeros."""
    critic = scale * rng.normal(size=joint.shape)
    zeros = np.argwhere(joint == 0)
    critic[tuple(zeros[0])] = -np.inf
    return critic


@exercise.cases
def cases(rng):
    yield Case("3 x 4, N = 2", (random_joint(rng, 3, 4), 1.5 * rng.normal(size=(3, 4)), 2))
    yield Case("4 x 2, N = 5", (random_joint(rng, 4, 2), 1.5 * rng.normal(size=(4, 2)), 5))
    yield Case("3 x 3, N = 1", (random_joint(rng, 3, 3), 1.5 * rng.normal(size=(3, 3)), 1))
    joint = with_zeros(rng, 3, 5)
    yield Case("3 x 5 with zeros, -inf at one of them, N = 3", (joint, blocked(rng, joint), 3))
    joint = with_zeros(rng, 4, 3)
    yield Case("4 x 3 with zeros, the optimal critic, N = 4", (joint, log_ratio(joint), 4))
    joint = with_zeros(rng, 3, 4)
    critic = blocked(rng, joint)
    critic[np.isfinite(critic)] = rng.integers(-9999, -9990, size=joint.size - 1)
    hint = (
        "e^-9999 is 0 in floating point: subtract scores first. And -inf is smaller than every score, also than -10^4."
    )
    yield Case("3 x 4 with zeros, -inf among scores near -1e4, N = 3", (joint, critic, 3), hint=hint)
    joint = with_empty_lines(rng, 3, 4)
    critic = 1.5 * rng.normal(size=(3, 4))
    critic[:, -1] += 20.0
    yield Case("3 x 4, an empty row, a high score on the empty column, N = 2", (joint, critic, 2))
    yield Case("3 x 3, N = 5000", (random_joint(rng, 3, 3), 1.5 * rng.normal(size=(3, 3)), 5000), part="stability")
    wide = rng.uniform(-1e4, 1e4, size=(2, 3))
    yield Case("2 x 3, scores up to 1e4, N = 3", (random_joint(rng, 2, 3), wide, 3), part="stability")
    joint, critic = random_joint(rng, 2, 3), rng.normal(size=(2, 3))
    yield from exercise.bad_inputs(joint, critic, 2)
    s, t = larger_sizes(rng, 2, high=16)
    args = (random_joint(rng, s, t), 1.5 * rng.normal(size=(s, t)), int(rng.integers(9, 60)))
    yield Case("a larger table, more negatives", args, public=False)
    joint = np.array([[5, 1, 1, 1], [3, 3, 1, 1]]) / 16
    joint[0, 3] += 2.0**-52  # the public inputs add up exactly
    hint = (
        "Added, these probabilities give 1 + 2e-16, so a mean of numbers >= -1 can come out below -1. ln(1 + v) there?"
    )
    args = (joint, 1.5 * rng.normal(size=(2, 4)), 3)
    yield Case("2 x 4, probabilities that add up to 1 + 2e-16", args, part="stability", hint=hint, public=False)


@exercise.property("a critic that says nothing has loss ln(N+1)")
def uninformed(f, rng):
    joint, n = random_joint(rng, 3, 4), int(rng.integers(2, 30))
    if abs(f(joint, np.full((3, 4), 0.7), n) - math.log(n + 1)) > 1e-8:
        return "a constant critic must have loss ln(N+1)"


@exercise.property("a constant added to a row of the critic changes nothing")
def row_constants(f, rng):
    joint, critic = random_joint(rng, 3, 4), rng.normal(size=(3, 4))
    if abs(f(joint, critic, 3) - f(joint, critic + 2 * rng.normal(size=(3, 1)), 3)) > 1e-8:
        return "adding b(x) to the critic changed the loss"


@exercise.property("ln(N+1) - loss never exceeds the mutual information")
def bound(f, rng):
    for n in (1, 2, 6, 40):
        joint = random_joint(rng, 3, 4)
        best = log_ratio(joint)
        information = np.sum(joint * best)
        for critic in (best, best + rng.normal(size=(3, 4))):
            if math.log(n + 1) - f(joint, critic, n) > information + 1e-8:
                return "ln(N+1) - loss is larger than the mutual information"


@exercise.property("relabelling the columns of joint and critic changes nothing")
def relabelling(f, rng):
    joint, critic, order = random_joint(rng, 3, 4), rng.normal(size=(3, 4)), rng.permutation(4)
    if abs(f(joint, critic, 3) - f(joint[:, order], critic[:, order], 3)) > 1e-8:
        return "permuting the columns changed the loss"


def marginal(joint, i, j):
    return joint.sum(axis=0)


def other_columns(joint, i, j):
    """The column marginal given that the positive j is not drawn."""
    others = np.where(np.arange(joint.shape[1]) == j, 0.0, joint.sum(axis=0))
    return others / max(others.sum(), 1e-300)


def uniform_where_they_occur(joint, i, j):
    occurs = joint.sum(axis=0) > 0
    return occurs / np.count_nonzero(occurs)


def of_the_mean(gaps, law, n):
    """ln(n E e^gap)."""
    return math.log(n) + np.logaddexp.reduce(gaps[law > 0] + np.log(law[law > 0]))


def through_exponentials(table):
    with np.errstate(over="ignore", divide="ignore"):
        return np.log(np.exp(table))


def fixed_range(gaps, law, n):
    u = np.arange(-60.0, 20.0, 0.25)
    one = np.exp(-np.exp(u)[:, None] * np.exp(np.minimum(gaps[law > 0], 700.0))) @ law[law > 0]
    return 0.25 * np.sum(np.exp(-np.exp(u)) * (1 - one**n))


@exercise.formula
def infonce_loss(
    joint,
    critic,
    n_negatives,
    *,
    seen=lambda table: table,
    pairs=lambda joint: joint,
    negatives=marginal,
    number=lambda n: n,
    expected=log_of_sum,
    told=lambda loss, n: loss,
    unit=1.0,
):
    joint, critic = seen(joint), seen(critic)
    weights, n = pairs(joint), number(n_negatives)
    losses = [
        weights[i, j] * expected(critic[i] - critic[i, j], negatives(joint, i, j), n) for i, j in np.argwhere(weights)
    ]
    return told(sum(losses), n_negatives) / unit


exercise.slip(
    "negatives only in the denominator", expected=lambda gaps, law, n: log_of_sum(gaps, law, n, keep=False)
).says(
    "The denominator runs over the negatives only.",
    "Can your loss be negative? Can the loss of the exercise?",
    "The softmax chooses one of N + 1 candidates; the positive is one of them.",
    "Add e^s(x,y) to the sum in the denominator.",
)
exercise.slip("the positive drawn anew", expected=lambda gaps, law, n: log_of_sum(gaps, law, n + 1, keep=False)).says(
    "All N + 1 candidates of the denominator follow the column marginal.",
    "Is the y of the numerator surely among the candidates of your denominator? Can your loss be negative?",
    "One candidate is the positive itself: it follows p(y|x), and it is the one of the numerator.",
    "In the integral the factor of one negative has the power N; the positive has a factor of its own.",
)
exercise.slip("negatives in place of x", seen=np.transpose).says(
    "The critic chooses which x came with y: the negatives are drawn for x.",
    "Which of the two stays fixed in the denominator, x or y?",
    "x stays; y stands in a row of candidates, N of which are drawn from the *column* marginal.",
    "Compare the scores of one row of the critic with each other.",
)
exercise.slip("negatives uniform", negatives=lambda joint, i, j: np.full(joint.shape[1], 1 / joint.shape[1])).says(
    "Negatives are drawn uniformly from all columns.",
    "Which law do the negatives follow?",
    "A frequent y is a frequent negative.",
    "Draw negatives from `joint.sum(axis=0)`.",
)
exercise.slip("negatives uniform where they occur", negatives=uniform_where_they_occur).says(
    "All y that occur are equally likely negatives.",
    "Which law do the negatives follow?",
    "A frequent y is a frequent negative.",
    "Draw negatives from `joint.sum(axis=0)`.",
)
exercise.slip("each column once", expected=lambda gaps, law, n: np.logaddexp.reduce(gaps)).says(
    "The candidates are the T columns, each once: the loss is a softmax over a row of the critic.",
    "Does your value change with `n_negatives`?",
    "A frequent y stands among the N negatives more than once, a rare one as a rule not at all.",
    "Average over N independent draws from the column marginal; the positive comes on top.",
)
exercise.slip("negatives differ from the positive", negatives=other_columns).says(
    "A negative that equals the positive is no negative, so it must be drawn again.",
    "Do the negatives know which y was drawn?",
    "Redrawing looks harmless, but it breaks the bound: it certifies more than ln 2 for a copy of a fair bit.",
    "Draw every negative from the column marginal, whatever y is.",
)
exercise.slip("negatives from the conditional law", negatives=lambda joint, i, j: joint[i] / joint[i].sum()).says(
    "Negatives are drawn as the positive is: given x.",
    "If positives and negatives follow the same law given x, what can be told apart?",
    "Negatives are independent of x.",
    "Use the column marginal, not the row of the joint, for the negatives.",
)
exercise.slip("negatives from the row marginal", negatives=lambda joint, i, j: joint.sum(axis=1)).says(
    "The law of the negatives is `joint.sum(axis=1)`.",
    "How many entries must the law of y have for a 3 x 4 joint?",
    "`axis=1` sums over the columns: what remains belongs to the rows.",
    "`joint.sum(axis=0)`.",
)
exercise.slip(
    "expectation inside the logarithm",
    expected=lambda gaps, law, n: np.logaddexp(0, np.logaddexp.reduce(gaps[law > 0] + np.log(n * law[law > 0]))),
).says(
    "The sum over N negatives can be replaced by N times its expectation inside the logarithm.",
    "Is E ln(1 + S) the same as ln(1 + E S)?",
    "The logarithm is concave, so your value is too large (Jensen), if only a little for many negatives.",
    "Average the logarithm over the draws of all N negatives: that is what the integral does.",
)
LIMIT = (
    "The denominator is the number of candidates times the mean of e^s over the column marginal.",
    "A constant added to the critic changes nothing. But what if it is 0 everywhere: is your loss ln(N+1), and right for N = 1?",
    "That is the limit of very many negatives, (8.1): there the positive no longer counts, and a mean does not vary.",
    "Average the logarithm over the draws of all N negatives, with the positive in the sum.",
)
exercise.slip("the limit of many negatives", expected=lambda gaps, law, n: of_the_mean(gaps, law, n)).says(*LIMIT)
exercise.slip("the limit, N + 1 times", expected=lambda gaps, law, n: of_the_mean(gaps, law, n + 1)).says(*LIMIT)
exercise.slip("N candidates", number=lambda n: n - 1).says(
    "`n_negatives` counts the candidates, positive included.",
    "What is the loss of a constant critic with N = 1 in your code?",
    "The positive comes on top of the N negatives.",
    "Use N negatives, not N - 1.",
)
exercise.slip("one more negative", number=lambda n: n + 1).says(
    "N + 1 negatives are drawn, and the positive comes on top.",
    "What is the loss of a constant critic with N = 1 in your code? It should be ln 2.",
    "The N + 1 candidates are the positive and N negatives.",
    "Use N negatives.",
)
exercise.slip("a single negative", number=lambda n: 1).says(
    "The loss with one negative is the loss with any number of them.",
    "Does your value change with `n_negatives`?",
    "The more candidates, the harder the question: a constant critic has the loss ln(N+1).",
    "In the integral the factor of one negative has the power N.",
)
exercise.slip("-inf replaced by -50", seen=lambda table: np.where(table == -np.inf, -50.0, table)).says(
    "A score of -50 is as good as minus infinity.",
    "What is the weight of such a candidate where all other scores of its row are below -50?",
    "Scores go down to -10^4, and a constant added to a row must change nothing.",
    "e^-inf is 0: leave such candidates out of the sum, or replace -inf by a number far below -10^4.",
)
exercise.slip("scores exponentiated as they are", seen=through_exponentials).says(
    "There is room for e^s whatever the scores are.",
    "What are e^-9999 and e^10000 in floating point?",
    "0 and infinity: a quotient of two such numbers is NaN.",
    "Only differences of scores of one row matter: subtract first, then take the exponential.",
)
exercise.slip(
    "collisions masked", expected=lambda gaps, law, n: log_of_sum(np.where(gaps == 0, -np.inf, gaps), law, n)
).says(
    "A negative that equals the positive is left out of the denominator.",
    "Do the negatives know which y was drawn?",
    "Masking looks harmless, but it breaks the bound: a copy of a fair bit would then certify ln(N+1).",
    "Every negative counts, the one that equals the positive too.",
)
exercise.slip("base 2", unit=math.log(2)).says(
    "The cross-entropy is measured in bits.",
    "Which unit does the course use?",
    "Your values are the right ones divided by ln 2.",
    "Use the natural logarithm.",
)
exercise.slip("mean over the negatives", expected=lambda gaps, law, n: log_of_sum(gaps - math.log(n), law, n)).says(
    "The denominator holds the positive and the *mean* over the negatives.",
    "Does your loss of a constant critic grow with N?",
    "The softmax has N + 1 terms, each with weight 1.",
    "Sum over the negatives; do not divide by N.",
)
exercise.slip("mean over the candidates", told=lambda loss, n: loss - math.log(n + 1)).says(
    "The denominator is the *mean* over the N + 1 candidates.",
    "What is your loss of a constant critic? What should it be?",
    "Your loss is too small by ln(N+1): below 0 for every good critic. A cross-entropy is positive.",
    "Sum over the candidates; divide by nothing.",
)
exercise.slip("ln N subtracted", told=lambda loss, n: loss - math.log(n)).says(
    "What is asked is L_N - ln N, as in the limit of many negatives.",
    "What is your loss of a constant critic? It should be ln(N+1).",
    "The denominator of (2.2) is a sum over N + 1 candidates: nothing is divided by N.",
    "Return L_N itself.",
)
exercise.slip(
    "one comparison for each negative",
    expected=lambda gaps, law, n: n * (law[law > 0] @ np.logaddexp(0, gaps[law > 0])),
).says(
    "The positive is compared with each negative on its own, and the N losses add up.",
    "What is your loss of a constant critic? It should be ln(N+1).",
    "One question with N + 1 answers is asked, not N questions with two.",
    "All N negatives stand in one sum, inside one logarithm.",
)
exercise.slip("positive independent of x", pairs=independent).says(
    "x and y can be averaged separately, each over its marginal.",
    "If x and y were independent, what could the loss say about their dependence?",
    "Only the negatives are independent of x. The pair (x, y) comes from the joint.",
    "Weight the pairs with `joint`, not with the outer product of its marginals.",
)
exercise.slip("rows count alike", pairs=of_equal_rows).says(
    "The loss is the plain average over the anchors x.",
    "Is every x equally likely?",
    "The expectation over x has the weights p(x), the row sums of the joint.",
    "Multiply each row's loss by `joint.sum(axis=1)`.",
)
exercise.slip(
    "one negative, N times",
    expected=lambda gaps, law, n: law[law > 0] @ np.logaddexp(0, math.log(n) + gaps[law > 0]),
).says(
    "N negatives are one negative counted N times.",
    "For N = 1 your value is right. What changes when a second negative is drawn?",
    "The negatives are independent draws; repeating one draw N times is not the same.",
    "The N-th power belongs on the expectation of e^(-X e^u) of one negative, inside the integral.",
)
exercise.slip("bound instead of loss", told=lambda loss, n: math.log(n + 1) - loss).says(
    "InfoNCE is the number of nats that are certified.",
    "Does your value grow when the critic gets better?",
    "The loss and the bound are two functions here.",
    "Return L itself; ln(N+1) - L is the next exercise.",
)
exercise.slip("sign", told=lambda loss, n: -loss).says(
    "The loss is the expected logarithm of the probability of the positive.",
    "Can your value be positive? Can a loss of this kind be negative?",
    "A good critic must have a small loss.",
    "The loss is *minus* that logarithm.",
)
exercise.slip("left tail cut", expected=lambda gaps, law, n: log_of_sum(gaps, law, n, left=8.0)).says(
    "The integrand vanishes as fast on the left as on the right, so that a range from -8 is long enough.",
    "Print the integrand at the left end of your range.",
    "Far on the left the integrand is proportional to e^u: it falls by a factor e per unit of u, no faster.",
    "Start at -40 - ln(N+1), where the difference is below rounding.",
)
exercise.slip("range that ignores the scores", expected=fixed_range).says(
    "The integrand lives between u = -60 and u = 20 whatever the scores are.",
    "Ordinary scores come out right. Where does e^-(V e^u) fall to 0 for V = e^-10000?",
    "It falls at u = 10000, far outside a fixed range; the missing piece is almost the whole loss.",
    "Shift the row so that its highest score is 0, and let u run up to 4 minus the lowest score of a positive.",
)


@exercise.wrong(
    "both directions",
    belief="InfoNCE is the mean of two losses: one chooses y for x, the other x for y.",
    hints=(
        "Which of the two stays fixed in (2.2), x or y?",
        "The mean of both directions is what CLIP trains with; the lecture's loss has one.",
        "Keep x, and draw the negatives from the column marginal.",
    ),
)
def infonce_loss(joint, critic, n_negatives):
    loss = 0.0
    for law, scores in ((joint, critic), (joint.T, critic.T)):
        for i, j in np.argwhere(law):
            loss += law[i, j] * log_of_sum(scores[i] - scores[i, j], law.sum(axis=0), n_negatives) / 2
    return loss


@exercise.accepted("a grid of 0.2 for each pair, validated by hand", guarded=False)
def infonce_loss(joint, critic, n_negatives):
    validate.joint_law(joint)
    validate.count(n_negatives=n_negatives)
    if np.shape(critic) != np.shape(joint):
        raise ValueError(f"shapes differ: {np.shape(joint)} and {np.shape(critic)}")
    if np.isnan(critic).any() or np.isposinf(critic).any() or np.isneginf(critic[joint > 0]).any():
        raise ValueError(f"no critic for this joint: {critic}")
    noise, total = joint.sum(axis=0), 0.0
    noise = noise / noise.sum()
    drawn = noise > 0
    for i, j in zip(*np.nonzero(joint), strict=True):
        gaps = critic[i, drawn] - critic[i, j]
        u = np.arange(-max(gaps.max(), 0.0) - math.log(n_negatives) - 40, 4, 0.2)
        one = np.expm1(-np.exp(np.minimum(u[:, None] + gaps, 700.0))) @ noise[drawn]
        with np.errstate(divide="ignore"):
            many = -np.expm1(n_negatives * np.log1p(np.maximum(one, -1.0)))
        total += joint[i, j] * 0.2 * np.sum(np.exp(-np.exp(u)) * many)
    return total


@exercise.accepted("Gauss-Legendre panels, torch, 0-dim tensor")
def infonce_loss(joint, critic, n_negatives):
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = torch.zeros((), dtype=torch.float64)
    noise = torch.tensor(joint.sum(axis=0) / joint.sum())
    for row, scores in zip(torch.tensor(joint), torch.tensor(critic), strict=True):
        if row.sum() == 0:
            continue
        shifted = (scores - scores[noise > 0].max())[noise > 0]
        law, positive = noise[noise > 0], row[noise > 0] / row.sum()
        low, high = -42 - math.log(n_negatives), 5 - shifted[positive > 0].min().item()
        panels = max(1, math.ceil((high - low) / 2))
        width = (high - low) / panels
        u = low + width * (torch.arange(panels, dtype=torch.float64)[:, None] + (torch.tensor(nodes) + 1) / 2).flatten()
        w = torch.tensor(weights).repeat(panels) * width / 2
        at = torch.exp((u[:, None] + shifted).clamp(max=700))
        power = (n_negatives * torch.log1p((torch.expm1(-at) @ law).clamp(min=-1))).exp()
        value = (w * (torch.exp(-torch.exp(u.clamp(max=700))) - (torch.exp(-at) @ positive) * power)).sum()
        total = total + row.sum() * (value - positive[positive > 0] @ shifted[positive > 0])
    return total


def by_counts(joint, critic, n):
    """Enumerate how often each column is drawn: multinomial weights, small N."""
    noise, total = joint.sum(axis=0), 0.0
    columns = np.flatnonzero(noise)
    for chosen in itertools.combinations_with_replacement(columns, n):
        counts = np.bincount(chosen, minlength=noise.size)
        ways = math.factorial(n) // math.prod(math.factorial(int(c)) for c in counts)
        weight = ways * np.prod(noise[columns] ** counts[columns])
        for i, j in zip(*np.nonzero(joint), strict=True):
            scores = np.append(critic[i, list(chosen)], critic[i, j])
            total += weight * joint[i, j] * (np.logaddexp.reduce(scores) - critic[i, j])
    return total


@exercise.accepted("multisets for small N, the integral beyond")
def infonce_loss(joint, critic, n_negatives):
    if math.comb(n_negatives + joint.shape[1] - 1, n_negatives) <= 20:
        return by_counts(joint, critic, n_negatives)
    noise = joint.sum(axis=0)
    return sum(joint[i, j] * log_of_sum(critic[i] - critic[i, j], noise, n_negatives) for i, j in np.argwhere(joint))
