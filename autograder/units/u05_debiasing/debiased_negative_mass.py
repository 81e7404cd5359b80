"""debiased_negative_mass: what its check looks at.

Below a temperature of about 0.2 nearly every anchor is on the floor, and there all wrong estimates look alike: values are
checked where no anchor is near it (temperature 0.5 and 1), the floor itself in cases of its own. N may be counted into a
float32 tensor, so nothing is asked beyond its digits.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes, strided
from autograder.author.short import short
from autograder.units.u05_debiasing.draws import COSINES, cosines
from autograder.units.u05_debiasing.formulas import leaking
from course import validate

COUNTED = 1e-6

exercise = Exercise(
    "debiased_negative_mass",
    refuses=COSINES,
    hints={
        "values": (
            "With tau_plus = 0 the answer is the plain sum of e^{s_j / t}. With all cosines equal it is that too: check.",
            "Sum over the negatives, minus tau_plus times N times the positive's exponential, all divided by 1 - tau_plus.",
            "N belongs to the anchor: how many entries of its row are finite? It stands in the correction and in the floor.",
            "torch.maximum(mass, N * math.exp(-1 / temperature)), after the subtraction and the division.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "bad input": (
            "Besides shapes and NaN: tau_plus outside [0, 1), a temperature that is not positive, no negatives.",
            "validate.floating(...) for both tensors, validate_prior(tau_plus), validate.positive(temperature=...), and "
            "one `if` for the shapes.",
        ),
    },
)


def masked(rng, pos, neg):
    """pos, and neg with one to all but one entries of every row but the first masked; rows stay clear of the floor."""
    hidden = torch.zeros(neg.shape, dtype=torch.bool)
    for i in range(1, len(neg)):
        gone = rng.permutation(neg.shape[1])[: int(rng.integers(1, neg.shape[1]))]
        hidden[i, torch.from_numpy(gone)] = True
    return short(pos), short(neg).masked_fill(hidden, -torch.inf)


@exercise.cases
def cases(rng):
    for b, n, tau_plus, t in (
        (4, 6, 0.1, 0.5),
        (5, 3, 0.2, 1.0),
        (3, 8, 0.05, 0.5),
        (6, 4, 0.3, 1.0),
        (1, 2, 0.15, 0.7),
    ):
        arguments = (*cosines(rng, b, n, tau_plus, t), tau_plus, t)
        label = f"B = {b}, N = {n}, tau_plus = {tau_plus}, temperature {t}"
        yield Case(label, arguments, grad=(0, 1), rtol=COUNTED)
    b, n = odd_sizes(rng, 2)
    arguments = (*cosines(rng, b, n, 0.1, 0.6), 0.1, 0.6)
    label = f"B = {b}, N = {n}, tau_plus = 0.1, temperature 0.6"
    yield Case(label, arguments, grad=(0, 1), rtol=COUNTED, public=False)
    # single negatives of at least 0.2 and a positive of at most 0.3: no row is on the floor, whatever is masked
    arguments = masked(rng, *cosines(rng, 5, 6, 0.1, 0.5, positive=(-0.2, 0.3), negative=(0.2, 0.9)))
    yield Case("masked candidates", (*arguments, 0.1, 0.5), grad=(0, 1), rtol=COUNTED)
    arguments = masked(rng, *cosines(rng, b, n, 0.2, 1.0, positive=(-0.2, 0.3), negative=(0.2, 0.9)))
    yield Case(f"B = {b}, N = {n}, masked candidates", (*arguments, 0.2, 1.0), rtol=COUNTED, public=False)
    arguments = masked(rng, torch.full((4,), 0.95, dtype=torch.float64), torch.full((4, 5), 0.05, dtype=torch.float64))
    yield Case("masked candidates, all anchors on the floor", (*arguments, 0.3, 0.2), rtol=COUNTED)
    pos, neg = arguments
    yield Case(
        "an anchor without negatives", (pos, neg.index_fill(0, torch.tensor([1]), -torch.inf), 0.3, 0.2), rtol=COUNTED
    )
    # an estimate between 0 and the floor
    between = torch.ones(2, dtype=torch.float64), torch.zeros(2, 4, dtype=torch.float64)
    yield Case(
        "orthogonal negatives, a perfect positive", (*between, float(rng.uniform(0.124, 0.131)), 0.5), rtol=COUNTED
    )
    yield Case("tau_plus = 0", (*cosines(rng, 4, 5, 0.0, 0.5), 0.0, 0.5), grad=(0, 1), rtol=COUNTED)
    yield Case("N = 1", (*cosines(rng, 4, 1, 0.1, 1.0), 0.1, 1.0), rtol=COUNTED)
    pos, neg = cosines(rng, 3, 4, 0.1, 0.5)
    yield Case("float32", (pos.float(), neg.float(), 0.1, 0.5))
    yield Case("inputs that are not contiguous", (strided(pos[:, None])[:, 0], strided(neg), 0.1, 0.5), rtol=COUNTED)
    for b, n, tau_plus, t in ((8, 5, 0.2, 0.5), (7, 3, 0.3, 0.8)):
        arguments = cosines(rng, b, n, tau_plus, t, positive=(0.3, 1.0), saturated=True)
        yield Case(f"some anchors on the floor, temperature {t}", (*arguments, tau_plus, t), grad=(0, 1), rtol=COUNTED)
    aligned = torch.full((3,), 0.95, dtype=torch.float64)
    _, neg = cosines(rng, 3, 6, 0.1, 1.0, negative=(-0.5, 0.5))
    yield Case("all anchors on the floor, temperature 0.1", (aligned, neg, 0.1, 0.1), rtol=COUNTED)
    yield from exercise.bad_inputs(pos, neg[:, :4], 0.1, 0.5)


@exercise.property("never below N e^{-1/t}, and with equal cosines s it is N e^{s/t} for every tau_plus")
def bounds(f, rng):
    n, t, s, tau_plus = int(rng.integers(2, 7)), float(rng.uniform(0.2, 1)), float(rng.uniform(-0.9, 1)), 0.4
    equal = torch.full((2, n + 1), s, dtype=torch.float64)
    if abs(f(equal[:, 0], equal[:, 1:], tau_plus, t) - n * math.exp(s / t)).max() > COUNTED * n * math.exp(s / t):
        return "it is not where all cosines are equal"
    pos, neg = (torch.from_numpy(rng.uniform(-1, 1, size=size)) for size in (20, (20, n)))
    if f(pos, neg, tau_plus, t).min() < n * math.exp(-1 / t) * (1 - COUNTED):
        return "it falls below the floor"


@exercise.property("the mean over draws of positive and negatives is N times the mean over true negatives")
def unbiased(f, rng):
    # two classes: e^{s/t} of the own class takes a, of the other one b; all draws enumerated for N = 1, floor inactive
    tau_plus, t = 0.3, 1.0
    own, other = float(rng.uniform(0, 0.3)), float(rng.uniform(0.4, 0.8))
    same, different = (
        f(*(torch.tensor(x, dtype=torch.float64) for x in ([own], [[s]])), tau_plus, t).item() for s in (own, other)
    )
    if abs(tau_plus * same + (1 - tau_plus) * different - math.exp(other / t)) > COUNTED:
        return "it is not"


def finite(neg):
    """How many negatives each anchor has."""
    return neg.isfinite().sum(dim=1).to(neg.dtype)


def columns(neg):
    return torch.full_like(neg[:, 0], neg.shape[1])


def columns_or_none(neg):
    """All columns count, but for an anchor without any negative."""
    return columns(neg) * (finite(neg) > 0)


def of_the_mean_cosine(neg, n, pos):
    return n * (torch.where(neg > 0, neg, 1).log().sum(dim=1) / n.clamp(min=1)).exp()


@exercise.formula
def debiased_negative_mass(
    pos_sim,
    neg_sim,
    tau_plus,
    temperature,
    *,
    heated=lambda s, t: torch.exp(s / t),
    number=finite,
    read=lambda neg: neg,
    total=lambda neg, n, pos: neg.sum(dim=1),
    own=lambda pos: pos,
    false=lambda tau, n: tau * n,
    rest=lambda tau: 1 - tau,
    floor=lambda n, t, neg: n * math.exp(-1 / t),
    bounded=torch.maximum,
    divided_first=True,
    of=lambda n, neg: 1,
    given=lambda mass, pos: mass,
):
    pos, neg, n = heated(pos_sim, temperature), heated(read(neg_sim), temperature), number(neg_sim)
    left, least, share = total(neg, n, pos) - false(tau_plus, n) * own(pos), floor(n, temperature, neg), rest(tau_plus)
    return given((bounded(left / share, least) if divided_first else bounded(left, least) / share) / of(n, neg), pos)


ALL_COUNT = (
    "All anchors have one number of negatives, that of the columns of neg_sim.",
    "Take an anchor with masked entries, and take those columns away for it alone: does its mass change?",
    "The exponential of -inf is 0, so the sum is right. Where else does N stand?",
    "N is the number of finite entries of the row, in the correction and in the floor.",
)
exercise.slip("masked candidates counted", number=columns).says(*ALL_COUNT)
exercise.slip("masked candidates counted, an empty row apart", number=columns_or_none).says(*ALL_COUNT)
SMALLEST = (
    "A masked entry is a negative with the smallest cosine.",
    "What would the mass be had the masked entries never been there?",
    "e^{-1/t} is small, not 0: leave them out of the sum and out of N.",
)
exercise.slip("masked as cosines of -1", number=columns, read=lambda neg: neg.clamp(min=-1)).says(*SMALLEST)
exercise.slip(
    "masked as cosines of -1, an empty row apart",
    number=columns_or_none,
    read=lambda neg: neg.clamp(min=-1),
    of=lambda n, neg: torch.where(n > 0, 1, torch.inf),
).says(*SMALLEST)
exercise.slip("mean over all columns", total=lambda neg, n, pos: n * neg.mean(dim=1)).says(
    "The mean over an anchor's negatives is the mean of its row, masked entries too.",
    "A row of two negatives and four masked entries: which number divides the sum?",
    "Divide by the number of finite entries; neg.mean(dim=1) divides by all columns.",
)
exercise.slip("as many negatives as columns", of=lambda n, neg: n.clamp(min=1) / neg.shape[1]).says(
    "The mean over an anchor's negatives is multiplied by the number of columns.",
    "An anchor has two negatives left: how many does its mass G stand for?",
    "The factor N is the number of finite entries of the row.",
)
ZERO_COSINE = (
    "A cosine of 0 takes a candidate out of the sum.",
    "Which exponential has a cosine of 0?",
    "e^0 = 1: a masked entry must add 0, which e^{-inf} does by itself.",
)
exercise.slip("masked cosines set to 0", read=lambda neg: torch.where(neg.isfinite(), neg, 0)).says(*ZERO_COSINE)
exercise.slip(
    "masked cosines set to 0, an empty row apart",
    read=lambda neg: torch.where(neg.isfinite(), neg, 0),
    of=lambda n, neg: torch.where(n > 0, 1, torch.inf),
).says(*ZERO_COSINE)
exercise.slip("no number for an anchor without negatives", of=lambda n, neg: n / n).says(
    "Every anchor has a negative, so that one may divide by their number.",
    "Which anchor has no number in your answer?",
    "0/0 where all is masked: divide by n.clamp(min=1), or put G = 0 there with torch.where.",
)
exercise.slip(
    "a floor for an anchor without negatives",
    floor=lambda n, t, neg: torch.where(n > 0, n, neg.shape[1]) * math.exp(-1 / t),
).says(
    "An anchor without negatives is on the floor of N = the number of columns.",
    "What is a sum over no cosines?",
    "0: its N is 0, in the floor too.",
)
exercise.slip("exponential of the mean cosine", total=of_the_mean_cosine).says(
    "The mean of the exponentials is the exponential of the mean cosine.",
    "Cosines 1 and -1: is the mean of e^1 and e^{-1} equal to e^0?",
    "The exponential is convex: take it of each cosine, then sum.",
)
exercise.slip("the positive summed too", total=lambda neg, n, pos: (neg.sum(dim=1) + pos) * n / (n + 1)).says(
    "The mean over the data is that over the negatives and the positive.",
    "Which draws are from p? Was the positive drawn from it?",
    "The mean over the N negatives alone.",
)
exercise.slip("the positive added", given=lambda mass, pos: mass + pos).says(
    "G is the whole denominator, the positive's exponential included.",
    "With tau_plus = 0 the answer is the sum of the e^{s_j/t}. What is yours?",
    "G stands in place of the sum over the negatives; the positive is added later, in the loss.",
)
exercise.slip("logarithm of the mass", given=lambda mass, pos: mass.log()).says(
    "The logarithm of the mass is asked for.",
    "Your answer can be negative. Can G?",
    "Return G itself.",
)
exercise.slip(
    "masked candidates counted in the floor",
    floor=lambda n, t, neg: torch.full_like(n, neg.shape[1] * math.exp(-1 / t)),
).says(
    "All anchors have one floor, by the number of columns of neg_sim.",
    "What is the smallest mass that the two negatives of an anchor can have?",
    "N e^{-1/t} with the number of finite entries of the row.",
)
exercise.slip("no floor", bounded=lambda mass, least: mass).says(
    "The estimate of a mass is positive by itself.",
    "It is a difference. What happens where the positive is very similar to the anchor?",
    "N cosines cannot have a mass below N e^{-1/t}: take the maximum with it.",
)
ONE_FLOOR = (
    "The smallest possible mass is e^{-1/t}.",
    "That is the smallest exponential of one cosine. How many are in the sum?",
    "The floor of a sum over N negatives is N e^{-1/t}.",
)
exercise.slip("floor without N", floor=lambda n, t, neg: torch.full_like(n, math.exp(-1 / t))).says(*ONE_FLOOR)
exercise.slip("floor without N, an empty row apart", floor=lambda n, t, neg: (n > 0) * math.exp(-1 / t)).says(
    *ONE_FLOOR
)
exercise.slip("floor e^{-t}", floor=lambda n, t, neg: n * math.exp(-t)).says(
    "The smallest exponential is e^{-t}.",
    "Does the temperature multiply the cosine, or divide it?",
    "e^{s/t} is smallest at s = -1: e^{-1/t}.",
)
exercise.slip("floor e^{-2/t}", floor=lambda n, t, neg: n * math.exp(-2 / t)).says(
    "The floor of one negative is e^{-2/t}.",
    "-2 is the smallest difference of two cosines. What is in the sum?",
    "Single cosines, at least -1: the floor is N e^{-1/t}.",
)
exercise.slip("floor without the temperature", floor=lambda n, t, neg: n * math.exp(-1)).says(
    "A cosine is at least -1, so its exponential is at least e^{-1}.",
    "At temperature 1 you are right. Which exponential is summed at another one?",
    "e^{s/t}, which is smallest at s = -1: the floor is N e^{-1/t}.",
)
exercise.slip("floor 0", floor=lambda n, t, neg: 0 * n).says(
    "A mass only has to be non-negative.",
    "Can the mass of N cosines be 0?",
    "Each exponential is at least e^{-1/t}, since a cosine is at least -1.",
)
exercise.slip(
    "floor of the least similar negative", floor=lambda n, t, neg: n * neg.masked_fill(neg == 0, torch.inf).amin(dim=1)
).says(
    "The smallest mass of N negatives is N times that of the least similar one in the batch.",
    "The true negatives' mass is bounded by what cosines can be, not by those that were drawn.",
    "N e^{-1/t}, for every anchor.",
)
exercise.slip(
    "floor only where the estimate is negative", bounded=lambda mass, least: torch.where(mass > 0, mass, least)
).says(
    "The floor replaces an estimate that is negative.",
    "Can an estimate be positive and too small for N cosines?",
    "The floor takes over below N e^{-1/t}: torch.maximum.",
)
exercise.slip("the positive is detached", own=lambda pos: pos.detach()).says(
    "An estimate of the positives' mass needs no gradient.",
    "Your values are right. Move a positive a little: does the mass change by what your gradient says?",
    "The positive is part of the estimate: no detach.",
)
exercise.slip("prior of another class", false=lambda tau, n: (1 - tau) * n, rest=lambda tau: tau or math.nan).says(
    "tau_plus is the probability that a negative has another class.",
    "With tau_plus = 0 nothing is to be corrected: your answer should be the plain sum. Is it?",
    "The positives are taken out with weight tau_plus; what is left is divided by 1 - tau_plus.",
)
exercise.slip("not divided by the rest", rest=lambda tau: 1).says(
    "The false negatives are subtracted, and that is all.",
    "With all cosines equal to s the mass must be N e^{s/t}. What do you get?",
    "What is left stands for a share 1 - tau_plus of the draws: divide by it.",
)
exercise.slip("one false negative subtracted", false=lambda tau, n: tau).says(
    "The positive is subtracted once, with weight tau_plus.",
    "For N = 1 you are right. How many of N draws are false negatives on average?",
    "tau_plus N of them: the positive's exponential is subtracted tau_plus N times.",
)
exercise.slip("mean over the negatives", of=lambda n, neg: n).says(
    "The mass is that of one average negative.",
    "Your answers are the right ones divided by something. By what?",
    "The mass of N negatives is N times the estimate for one.",
)
exercise.slip("positives averaged over the batch", own=lambda pos: pos.mean()).says(
    "The positives' mean is taken over the batch.",
    "Change one anchor's positive: do the masses of other anchors move?",
    "Each anchor subtracts its own positive, a draw from its own class.",
)
exercise.slip("floor before the division", divided_first=False).says(
    "The difference is kept above the floor, then divided by 1 - tau_plus.",
    "Away from the floor you are right. Which number must not fall below N e^{-1/t}?",
    "The mass of the negatives, after the division.",
)
exercise.slip("exponential of the cosine", heated=lambda s, t: torch.exp(s) / t).says(
    "The temperature divides the exponential, e^s / t.",
    "At temperature 1 you are right.",
    "The temperature divides the cosine inside the exponential: e^{s/t}.",
)
NO_TEMPERATURE = (
    "The cosines are exponentiated as they are.",
    "At temperature 1 you are right. Where does your sum have the temperature?",
    "e^{s/t}: divide each cosine by it first.",
)
exercise.slip("temperature left out", heated=lambda s, t: torch.exp(s)).says(*NO_TEMPERATURE)
exercise.slip(
    "temperature left out, in the floor too",
    heated=lambda s, t: torch.exp(s),
    floor=lambda n, t, neg: n * math.exp(-1),
).says(*NO_TEMPERATURE)
exercise.slip(
    "temperature multiplied", heated=lambda s, t: torch.exp(s * t), floor=lambda n, t, neg: n * math.exp(-t)
).says(
    "The temperature multiplies the cosine.",
    "Does a low temperature make large cosines count more, or less?",
    "More: the exponent is s / t.",
)
exercise.slip("the gradient leaks through the floor", bounded=leaking).says(
    "The floor corrects the value of the mass; the gradient stays that of the estimate.",
    "On the floor the mass is the constant N e^{-1/t}. What is its gradient?",
    "clamp or torch.maximum on the estimate itself, without a detach.",
)

exercise.style("relu above the floor", bounded=lambda mass, least: F.relu(mass - least) + least)
exercise.style("counted without a dtype", number=lambda neg: (neg > -1.5).sum(dim=1))


def summed(pos, neg, tau_plus, t):
    """The right mass."""
    n = finite(neg)
    mass = ((neg / t).exp().sum(dim=1) - tau_plus * n * (pos / t).exp()) / (1 - tau_plus)
    return torch.maximum(mass, n * math.exp(-1 / t))


@exercise.wrong(
    "a floor for each negative",
    belief="Every single negative is corrected and kept above e^{-1/t}.",
    hints=(
        "The estimate is right on average only if single terms may be negative.",
        "Sum over the negatives first, subtract, divide; then take one maximum for each anchor.",
    ),
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    pos, neg = torch.exp(pos_sim / temperature), torch.exp(neg_sim / temperature)
    terms = ((neg - tau_plus * pos[:, None]) / (1 - tau_plus)).clamp(min=math.exp(-1 / temperature))
    return torch.where(neg_sim.isfinite(), terms, 0).sum(dim=1)


@exercise.wrong(
    "masked entries refused",
    belief="An entry of -inf is bad input.",
    hints=("What does the text make of an entry of -inf?", "It is a masked candidate: leave it out, and do not raise."),
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    if not neg_sim.isfinite().all():
        raise ValueError("not finite")
    return summed(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "a tau_plus of 0 refused",
    belief="tau_plus must be positive.",
    hints=("Which range of tau_plus does the docstring give?", "0 is allowed: nothing is to be corrected then."),
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    if tau_plus == 0:
        raise ValueError("a prior of 0")
    return summed(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "shapes not checked",
    belief="Shapes need not be checked: torch raises by itself where they do not fit.",
    hints=(
        "pos_sim of shape (B, 1): what comes out?",
        "(B, B) numbers by broadcasting. Check ndim of both, the common B, and that B and N are not 0.",
    ),
    guarded=False,
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1:
        raise ValueError(f"tau_plus = {tau_plus}")
    return summed(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "tau_plus not checked",
    belief="Any number will do for tau_plus.",
    hints=("What is a probability of -0.1, and what is left for tau_plus = 1?", "validate_prior(tau_plus)"),
    guarded=False,
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate.positive(temperature=temperature)
    if pos_sim.shape != neg_sim.shape[:1] or neg_sim.ndim != 2 or 0 in neg_sim.shape:
        raise ValueError(f"{pos_sim.shape}, {neg_sim.shape}")
    return summed(pos_sim, neg_sim, tau_plus, temperature)


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: torch raises by itself where it must.",
    hints=(
        "Does it raise ValueError for tau_plus = 1, for a NaN, for pos_sim of shape (B, 1)?",
        "validate.floating(...) twice, validate_prior(tau_plus), validate.positive(temperature=...), one `if` for shapes.",
    ),
    guarded=False,
)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    return summed(pos_sim, neg_sim, tau_plus, temperature)


@exercise.accepted("mean form, times N at the end, validated by hand", guarded=False)
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1:
        raise ValueError(f"tau_plus = {tau_plus}")
    if pos_sim.shape != neg_sim.shape[:1] or neg_sim.ndim != 2 or 0 in neg_sim.shape:
        raise ValueError(f"{pos_sim.shape}, {neg_sim.shape}")
    n = (neg_sim != -math.inf).sum(-1)
    mean = torch.exp(neg_sim / temperature).sum(-1) / n.clamp(min=1)
    g = (mean - tau_plus * torch.exp(pos_sim / temperature)) / (1 - tau_plus)
    return n * torch.clamp(g, min=math.exp(-1 / temperature))


@exercise.accepted("loop over the anchors")
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    masses = []
    for s_plus, row in zip(pos_sim, neg_sim):
        row = row[row > -math.inf]
        n = len(row)
        mass = sum(torch.exp(s / temperature) for s in row) - n * tau_plus * torch.exp(s_plus / temperature)
        mass = mass / (1 - tau_plus)
        least = n * math.exp(-1 / temperature)
        masses.append(mass if mass > least else torch.full_like(mass, least))
    return torch.stack(masses)


@exercise.accepted("log-sum-exp, torch.maximum")
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    n = torch.isfinite(neg_sim).to(neg_sim).sum(1)
    total = (neg_sim / temperature).logsumexp(dim=1).exp()
    mass = total / (1 - tau_plus) - tau_plus / (1 - tau_plus) * n * (pos_sim / temperature).exp()
    return torch.where(n > 0, torch.maximum(mass, n * math.exp(-1 / temperature)), 0)
