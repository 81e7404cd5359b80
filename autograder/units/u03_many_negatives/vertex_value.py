"""vertex_value: what its check looks at. Two unlike probabilities, nothing left over, a loss of 0, of 1000, many negatives."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, loss, needs
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import binomial, independent, log_rival, trinomial
from course import validate

exercise = Exercise(
    "vertex_value",
    refuses=(
        needs(
            "0 < rho_c < 1 and 0 < rho_j < 1 and rho_c + rho_j <= 1 + 1e-9",
            {
                "rho_c = 0": {"rho_c": 0.0},
                "rho_j negative": {"rho_j": -0.1},
                "probabilities that sum to 1.1": {"rho_c": 0.6, "rho_j": 0.5},
                "rho_c is NaN": {"rho_c": math.nan},
            },
        ),
        count("n_negatives", "N", 2.5),
        loss("loss"),
    ),
    hints={
        "values": (
            "Take N = 1 and list the three things that the negative can be: the anchor's class, the rival, harmless.",
            "Which weight must the rival's term have inside the logarithm for the mean classifier to pay `loss`?",
            "Each draw is one of three: the counts (m, n) of the anchor's class and of the rival are multinomial.",
        ),
        "stability": (
            "e^1000 is infinite. Which logarithm do you take of it in the end?",
            "ln(1 + m + n w) = logaddexp(ln(1 + m), ln n + ln w), and ln w = loss + ln(1 - e^-loss).",
            "For many negatives take the binomial coefficients as sums of logarithms.",
        ),
        "bad input": ("Both probabilities lie in (0, 1) and their sum is at most 1; NaN is in no interval.",),
    },
)


@exercise.cases
def cases(rng):
    for n in (1, 2, 5):
        a, b, _ = rng.dirichlet([2.0, 2.0, 2.0])
        yield Case(f"N = {n}", (float(a), float(b), n, float(rng.uniform(0.3, 3))))
    yield Case("ten equal classes, N = 15", (0.1, 0.1, 15, float(rng.uniform(0.3, 1))))
    a = float(rng.uniform(0.2, 0.8))
    yield Case("two classes, N = 3", (a, 1 - a, 3, float(rng.uniform(0.5, 2))))
    yield Case("a mean classifier that pays nothing", (0.2, 0.3, 4, 0.0))
    yield Case("loss = 1000", (0.3, 0.7, 2, 1000.0), part="stability")
    yield Case("N = 300", (0.02, 0.01, 300, float(rng.uniform(0.5, 2))), part="stability")
    yield from exercise.bad_inputs(0.3, 0.2, 4, 1.0)
    n = larger_sizes(rng, 1)[0]
    args = (float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.05, 0.3)), n, float(rng.uniform(0.5, 4)))
    yield Case("more negatives", args, public=False)
    hint = "They add up to 1 but for rounding, and only a sum above 1 + 1e-9 is refused."
    yield Case("two classes, a sum of 1 + 1e-12", (0.3, 0.7 + 1e-12, 3, 1.0), public=False, hint=hint)


@exercise.property(
    "it grows with the loss, at most at the rate at which the rival is seen where both are equally likely"
)
def slope(f, rng):
    p = rng.uniform(0.05, 0.45)
    for n in (1, 4, 11):
        low, high = sorted(rng.uniform(0.1, 5, size=2))
        rise = f(p, p, n, high) - f(p, p, n, low)
        if not 0 < rise <= (1 - (1 - p) ** n) * (high - low) + 1e-9:
            return "from one loss to a larger one your value changes by what no draw can pay"


def no_collision(n, a, b):
    """Draws from the classes other than the anchor's."""
    k = np.arange(n + 1)
    return 0 * k, k, binomial(n, min(1.0, b / (1 - a)))


def others_must_exist(n, a, b):
    if a + b >= 1:
        raise ValueError(f"probabilities {a} and {b}")
    return trinomial(n, a, b)


def loss_must_be_positive(loss):
    if loss <= 0:
        raise ValueError(f"loss = {loss}")
    return log_rival(loss)


def one_order(n, a, b):
    m, r, _ = trinomial(n, a, b)
    return m, r, a ** m.astype(float) * b**r * np.maximum(1 - a - b, 0.0) ** (n - m - r)


@exercise.formula
def vertex_value(
    rho_c,
    rho_j,
    n_negatives,
    loss,
    *,
    draws=trinomial,
    rival=log_rival,
    hits=lambda m: m,
    rivals=lambda n: n,
    positive=1.0,
    mean=lambda chance, logs: chance @ logs,
    swapped=False,
    harmless=0.0,
    outside=lambda rho_c: 1.0,
    hidden=False,
    missed=1.0,
):
    a, b = (rho_j, rho_c) if swapped else (rho_c, rho_j)
    m, n, chance = draws(n_negatives, a, b)
    m, chance = (np.where(n > 0, 0, m) if hidden else m), chance * np.where(n > 0, 1.0, missed)
    with np.errstate(divide="ignore"):
        logs = np.logaddexp(
            np.log(positive + hits(m) + harmless * (n_negatives - m - n)), np.log(rivals(n)) + rival(loss)
        )
    return outside(rho_c) * mean(chance, logs)


exercise.slip("hits independent", draws=independent).says(
    "The number of collisions and the number of draws of the rival are independent.",
    "Take N = 1: can one negative be both?",
    "A draw that goes to the rival is no collision: the two counts compete for N draws.",
    "Their joint law is multinomial: N! / (m! n! (N-m-n)!) rho_c^m rho_j^n (1 - rho_c - rho_j)^(N-m-n).",
)
exercise.slip("the rest not conditioned", draws=lambda n, a, b: trinomial(n, a, (1 - a) * b)).says(
    "A draw that is no collision is the rival with probability rho_j.",
    "What do you know about such a draw? Let rho_c + rho_j be 1.",
    "Given that it is no collision, it is the rival with probability rho_j / (1 - rho_c).",
    "m ~ Bin(N, rho_c), and given m, n ~ Bin(N - m, rho_j / (1 - rho_c)).",
)
exercise.slip("only draws of the two classes", draws=lambda n, a, b: trinomial(n, a / (a + b), b / (a + b))).says(
    "Harmless classes are not drawn: each of the N draws shows the anchor's class or its rival.",
    "Can a draw of a harmless class be left out, or does it take the place of another one?",
    "It adds 0 inside the logarithm, but it is one of the N draws.",
    "A draw is harmless with probability 1 - rho_c - rho_j.",
)
exercise.slip("e^loss as weight", rival=lambda loss: loss).says(
    "The rival's term inside the logarithm is e^loss.",
    "The mean classifier pays ln(1 + w), w the rival's term. For which w is that `loss`?",
    "At loss = 0 the rival must weigh nothing; yours weighs 1.",
    "w = e^loss - 1.",
)
exercise.slip("collisions dropped", hits=lambda m: 0 * m).says(
    "A negative of the anchor's own class adds nothing to the sum.",
    "What is the logit of a collision, after Jensen?",
    "a_c = 0: each collision adds e^0 = 1 inside the logarithm.",
    "ln(1 + m + n w), with the number m of collisions.",
)
exercise.slip("repetitions dropped", rivals=lambda n: np.minimum(n, 1)).says(
    "A rival that is drawn twice counts once.",
    "At which line of Lemma 2's proof are repetitions dropped? Here nothing is given away.",
    "Each draw of the rival adds its term to the sum.",
    "ln(1 + m + n w), n the number of draws of the rival.",
)
exercise.slip("collisions counted once", hits=lambda m: np.minimum(m, 1)).says(
    "Several collisions count as one.",
    "What must your answer be for loss = 0? Compare it with what m collisions cost.",
    "Each collision adds 1 inside the logarithm.",
    "ln(1 + m + n w), m the number of collisions.",
)
exercise.slip("logarithm of the mean", mean=lambda chance, logs: np.logaddexp.reduce(logs + np.log(chance))).says(
    "The mean over the draws may be taken inside the logarithm.",
    "Is the logarithm of an average the average of the logarithms?",
    "ln is concave: your value is too large.",
    "Average ln(1 + m + n w) over (m, n), with their probabilities.",
)
exercise.slip("the positive forgotten", positive=1e-300).says(
    "Only the negatives stand inside the logarithm.",
    "What is the value when no draw hits either class? Yours is hugely negative.",
    "ln(1 + ...): the 1 is the positive.",
    "ln(1 + m + n w).",
)
exercise.slip("the two classes exchanged", swapped=True).says(
    "rho_c is the probability of the rival, rho_j that of the anchor's class.",
    "Which class does the index c belong to in this unit?",
    "c is the anchor's class: its draws are the collisions.",
    "m counts draws of probability rho_c, n draws of probability rho_j.",
)
exercise.slip("exponential that overflows", rival=lambda loss: np.log(np.expm1(np.minimum(loss, 1e3)))).says(
    "e^loss - 1 can be formed before its logarithm is taken.",
    "What is e^1000 in a float64?",
    "Work with ln(e^loss - 1) = loss + ln(1 - e^-loss).",
    "logaddexp(ln(1 + m), ln n + loss + log(-expm1(-loss))).",
)
exercise.slip("harmless classes add 1", harmless=1.0).says(
    "A draw of a harmless class adds 1 inside the logarithm.",
    "Which e^{a_l} does the statement give the harmless classes?",
    "e^{a_l} = 0: such a draw adds nothing.",
    "ln(1 + m + n w): only m draws of the anchor's class and n of the rival count.",
)
exercise.slip("times rho_c", outside=lambda rho_c: rho_c).says(
    "The value is multiplied by the chance that an anchor has class c.",
    "Is the anchor's class random here?",
    "c is given; rho_c enters only by the draws.",
    "Average over (m, n) alone.",
)
exercise.slip("no collisions among the draws", draws=no_collision).says(
    "The negatives are drawn from the classes other than the anchor's.",
    "What is your value at loss = 0? Do collisions cost nothing?",
    "Each negative has the anchor's class with probability rho_c.",
    "m ~ Bin(N, rho_c), and given m, n ~ Bin(N - m, rho_j / (1 - rho_c)).",
)
exercise.slip("the loss as weight", rival=np.log).says(
    "The rival's term inside the logarithm is `loss` itself.",
    "The mean classifier pays ln(1 + w), w the rival's term. For which w is that `loss`?",
    "Solve ln(1 + w) = loss.",
    "w = e^loss - 1.",
)
exercise.slip("two classes refused", draws=others_must_exist).says(
    "Two probabilities that add up to 1 are bad input.",
    "What does the statement say about that sum?",
    "There is no other class then, and the draws are binomial: m + n = N.",
    "Refuse a sum above 1 + 1e-9 only, and let 1 - rho_c - rho_j be at least 0.",
)
exercise.slip("a loss of 0 refused", rival=loss_must_be_positive).says(
    "A mean classifier that pays nothing is bad input.",
    "What does the anchor pay when its rival weighs nothing?",
    "E ln(1 + m): the collisions remain.",
    "ln w may be -inf: logaddexp can take that.",
)
exercise.slip("collisions hidden by the rival", hidden=True).says(
    "Collisions count only in draws without the rival.",
    "What stands inside the logarithm for m = 2 and n = 1?",
    "Both: 1 + m + n w.",
    "ln(1 + m + n w), whatever m and n are.",
)
exercise.slip("only draws with the rival", missed=0.0).says(
    "Draws that miss the rival pay nothing.",
    "What does a draw with m collisions and no rival pay?",
    "ln(1 + m).",
    "Average over all (m, n), n = 0 included.",
)
exercise.slip("orders not counted", draws=one_order).says(
    "Counts (m, n) have the probability rho_c^m rho_j^n (1 - rho_c - rho_j)^(N-m-n).",
    "In how many orders can m collisions and n rivals fall among N draws?",
    "That is the chance of one sequence: multiply by the multinomial coefficient.",
    "N! / (m! n! (N-m-n)!) rho_c^m rho_j^n (1 - rho_c - rho_j)^(N-m-n).",
)


@exercise.accepted("rivals first, then collisions among the rest")
def vertex_value(rho_c, rho_j, n_negatives, loss):
    total, given = 0.0, min(1.0, rho_c / (1 - rho_j))
    log_w = loss + math.log(-math.expm1(-loss)) if loss > 0 else -math.inf
    for n, chance in enumerate(binomial(n_negatives, rho_j)):
        m = np.arange(n_negatives - n + 1)
        rival = math.log(n) + log_w if n else -math.inf
        total += chance * (binomial(n_negatives - n, given) @ np.logaddexp(np.log1p(m), rival))
    return float(total)


@exercise.accepted("torch, validated by hand", guarded=False)
def vertex_value(rho_c, rho_j, n_negatives, loss):
    validate.count(minimum=1, n_negatives=n_negatives)
    if not (0 < rho_c < 1 and 0 < rho_j < 1 and rho_c + rho_j < 1 + 1e-9 and 0 <= loss < math.inf):
        raise ValueError(f"rho_c = {rho_c}, rho_j = {rho_j}, loss = {loss}")
    m, n = torch.meshgrid(*[torch.arange(n_negatives + 1.0, dtype=torch.float64)] * 2, indexing="ij")
    rest = n_negatives - m - n
    m, n, rest = m[rest >= 0], n[rest >= 0], rest[rest >= 0]
    ways = math.lgamma(n_negatives + 1) - (m + 1).lgamma() - (n + 1).lgamma() - (rest + 1).lgamma()
    left = torch.tensor(max(0.0, 1 - rho_c - rho_j), dtype=torch.float64)
    chance = (ways + m * math.log(rho_c) + n * math.log(rho_j) + torch.xlogy(rest, left)).exp()
    scale = torch.tensor(loss, dtype=torch.float64)  # 1 + m + n (e^l - 1) = e^l (n + (1 + m - n) e^-l)
    inside = n + (1 + m - n) * (-scale).exp()
    value = torch.where(n > 0, inside.clamp(min=1e-300).log() + scale, torch.log1p(m))
    return (chance * value).sum()


@exercise.accepted("one draw after the other")
def vertex_value(rho_c, rho_j, n_negatives, loss):
    chance = np.zeros((n_negatives + 1, n_negatives + 1))  # of m hits and n rivals so far
    chance[0, 0] = 1.0
    for _ in range(n_negatives):
        after = (1 - rho_c - rho_j) * chance
        after[1:] += rho_c * chance[:-1]
        after[:, 1:] += rho_j * chance[:, :-1]
        chance = after
    total = 0.0
    for m, n in zip(*np.nonzero(chance)):
        seen = n > 0 and loss > 0
        total += chance[m, n] * (loss + math.log(n + (1 + m - n) * math.exp(-loss)) if seen else math.log1p(m))
    return total
