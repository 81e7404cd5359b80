"""lemma2_best: what its check looks at. Non-uniform rho, N = 1, two classes, p_min = 1e-10, N = 1e4, and the theorem."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss, needs
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import (
    beside_rival,
    binomial,
    bounds_mean_loss,
    exact_loss,
    expected_log1p,
    floor,
    mean_loss,
    rarest_other,
)
from course import worlds

exercise = Exercise(
    "lemma2_best",
    refuses=(
        loss("unsup_loss"),
        law("rho"),
        needs("len(rho) >= 2", {"one class": {"rho": np.ones(1)}}),
        count("n_negatives", "N"),
    ),
    hints={
        "values": (
            "N = 1 first: your bound must be Proposition A there. And on a uniform rho it must be the lecture's D+.",
            "In the lecture's proof, where was it used that the anchor's class and the rival are equally likely? The "
            "pairing needs only that the anchor's class is at least as likely as the rival.",
            "Let the rival have probability p_min whatever c is. What is the limit of psi(phi) - p phi, for anchor class "
            "c? One term comes from draws that hit the rival, the other from draws that miss it.",
            "Given that none of N draws hit the rival, each of them is a collision with probability rho_c / (1 - p_min).",
        ),
        "stability": (
            "1 - (1 - p)^N for p = 1e-10 loses ten digits; -expm1(N log1p(-p)) loses none.",
            "For N = 1e4 take binomial probabilities as exponentials of sums of logarithms.",
        ),
        "bad input": ("validate.non_negative, validate.law, validate.count; and one class has no rival.",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((3, 1), (4, 2), (3, 5), (2, 3), (6, 4)):
        yield Case(f"C = {c}, N = {n}", (float(rng.uniform(1.5, 3)), worlds.random_law(rng, c, minimum=0.3 / c), n))
    yield Case("C = 10, uniform, N = 15", (float(rng.uniform(1.5, 3)), np.full(10, 0.1), 15))
    rho = np.array([1e-10, 0.4, 0.6 - 1e-10])
    yield Case("p_min = 1e-10, N = 3", (float(rng.uniform(1.5, 3)), rho, 3), part="stability")
    args = (float(rng.uniform(8, 9)), worlds.random_law(rng, 4, minimum=0.05), 10000)
    yield Case("N = 10000", args, part="stability", rtol=1e-8)
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1), 5)
    c = larger_sizes(rng, 1)[0]
    args = (float(rng.uniform(3.5, 5)), worlds.random_law(rng, c, minimum=0.3 / c), int(rng.integers(9, 41)))
    yield Case("more classes and negatives", args, public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds, for every N")
def theorem(f, rng):
    return bounds_mean_loss(f, rng, counts=(1, 2, 4, 20))


@exercise.property("on a world where the best bound is nearly reached, it is nearly reached")
def tight(f, rng):
    # both other classes have the rarest one as their only rival: at s = 60 only the constant is left to lose
    rho = np.array([0.45, 0.35, 0.2])
    z = np.array([[7.0, 0, 0], [0, 7.0, 0], [7.0 + 60 / 7, 7.0 + 60 / 7, 9.0]])
    supervised = mean_loss(rho, np.eye(3), z)
    for n in (2, 4):
        if f(exact_loss(rho, np.eye(3), z, n), rho, n) > supervised + 0.35:
            return (
                "on a world with a single rival of huge weight your bound is too large by more than a constant allows"
            )


@exercise.formula
def lemma2_best(
    unsup_loss,
    rho,
    n_negatives,
    *,
    worst=min,
    share=lambda rho, p: np.minimum(1.0, rho / (1 - p)),
    over=lambda rho: rho,
    spare=lambda p, n: math.exp(n * math.log1p(-p)),
    often=lambda n, p: binomial(n, p)[1:] @ np.log(np.arange(1, n + 1)),
    constant=lambda hit, missed, rho, n: hit + missed,
    seen=lambda p, n: -math.expm1(n * math.log1p(-p)),
    divided=True,
    inside=expected_log1p,
):
    p = worst(rho)
    among_others = [inside(n_negatives, s) for s in share(rho, p)]
    missed = spare(p, n_negatives) * (over(rho) @ np.array(among_others))
    known, factor = constant(often(n_negatives, p), missed, rho, n_negatives), seen(p, n_negatives)
    return (unsup_loss - known) / factor if divided else unsup_loss / factor - known


exercise.slip(
    "only full collisions", constant=lambda hit, missed, rho, n: (rho ** (n + 1.0)).sum() * math.log(n + 1)
).says(
    "Nothing but the draws in which all negatives collide can be subtracted.",
    "That is lemma2_sharp. Which draws does it give away?",
    "Draws with some collisions, and draws that hit the rival twice, cost more than 1 + the rival's term.",
    "Subtract the limit of psi(phi) - p phi, averaged over the anchor's class.",
)
exercise.slip("collisions not conditioned", share=lambda rho, p: rho).says(
    "Where no draw hits the rival, each draw is still a collision with probability rho_c.",
    "What do you know about a draw when you know that it did not hit the rival?",
    "It is one of the other classes: their probabilities are divided by 1 - p_min.",
    "m ~ Bin(N, rho_c / (1 - p_min)), given n = 0.",
)
exercise.slip(
    "the rarest other class as rival",
    constant=lambda hit, missed, rho, n: sum(p * beside_rival(n, p, rarest_other(rho, c)) for c, p in enumerate(rho)),
).says(
    "For an anchor of the rarest class the rival has the probability of the rarest *other* class.",
    "What does the statement say about the rival's probability in the constant?",
    "Beside the factor p = 1 - (1 - p_min)^N the rival of every anchor is given the probability p_min.",
    "n ~ Bin(N, p_min) for every c, and m ~ Bin(N, rho_c / (1 - p_min)) where n = 0.",
)
exercise.slip(
    "the anchor's class as rare as its rival", share=lambda rho, p: np.full(len(rho), min(1.0, p / (1 - p)))
).says(
    "The anchor's class has the probability p_min too.",
    "The statement takes an average over c. Of what, if every c has the same probability?",
    "Collisions are drawn with the probability of the anchor's class.",
    "m ~ Bin(N, rho_c / (1 - p_min)), given n = 0.",
)
exercise.slip(
    "one collision probability for all", share=lambda rho, p: np.full(len(rho), min(1.0, rho @ rho / (1 - p)))
).says(
    "A draw collides with probability sum_c rho_c^2, whatever the anchor's class is.",
    "Is E ln(1 + m) a linear function of the collision probability?",
    "Average after the logarithm: each class c has its own law of m.",
    "sum_c rho_c E ln(1 + m_c), m_c ~ Bin(N, rho_c / (1 - p_min)).",
)
exercise.slip("the whole floor", constant=lambda hit, missed, rho, n: floor(rho, n)).says(
    "The whole floor can be subtracted before dividing by the chance to see the rarest class.",
    "Test it: is your bound above L_sup on random worlds?",
    "It is no bound. Of psi(phi) only its value at 0 is the floor; its slope is below p in between.",
    "With the factor 1/p one may subtract the limit of psi(phi) - p phi at infinity, which is smaller than the floor.",
)
exercise.slip("classes averaged with 1/C", over=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "The anchor's class is uniform.",
    "Is rho uniform in the failing case?",
    "The class of the anchor has the law rho.",
    "sum_c rho_c E ln(1 + m_c).",
)
exercise.slip("p_max for p_min", worst=max).says(
    "The most frequent class decides.",
    "Which rival costs the contrastive loss least, for what it costs the classifier?",
    "The rarest one: the draws miss it most often.",
    "p_min = min(rho), in the factor and in the constant.",
)
exercise.slip("1/C for p_min", worst=lambda rho: 1 / len(rho)).says(
    "Every rival has probability 1/C.",
    "Is rho uniform in the failing case?",
    "The worst rival is the rarest class.",
    "p_min = min(rho), in the factor and in the constant.",
)
exercise.slip("repetitions of the rival given away", often=lambda n, p: 0.0).says(
    "How often the rival is drawn does not matter, only whether it is.",
    "At a huge loss phi, what does a draw with n rivals pay? And one with a single rival?",
    "ln(n e^phi) = phi + ln n: the ln n is known, and may be subtracted.",
    "Add E[ln n; n >= 1], n ~ Bin(N, p_min), to what is subtracted.",
)
exercise.slip("draws that miss the rival weighed fully", spare=lambda p, n: 1.0).says(
    "The draws that miss the rival are certain.",
    "With which probability do N draws miss the rival?",
    "Collisions count in full only where n = 0; elsewhere the rival's term hides them.",
    "(1 - p_min)^N sum_c rho_c E ln(1 + m_c).",
)
exercise.slip("constant subtracted after the division", divided=False).says(
    "The constant stands outside the division.",
    "Write the inequality before it is solved for L_sup.",
    "L_un >= p L_sup + constant: the difference is divided by p.",
    "(unsup_loss - constant) / p.",
)
exercise.slip("rounded away", seen=lambda p, n: 1 - (1 - p) ** n).says(
    "1 - (1 - p)^N can be computed as it stands.",
    "Evaluate 1 - (1 - 1e-10) in Python.",
    "1 - p is rounded to 16 digits, so that a p of 1e-10 keeps only six of its own.",
    "-math.expm1(N * math.log1p(-p)) keeps all of them.",
)
exercise.slip("collisions not hidden by the rival", share=lambda rho, p: rho, spare=lambda p, n: 1.0).says(
    "Collisions cost E ln(1 + m) in all draws, and the repetitions of the rival come on top.",
    "What is ln(1 + m + n e^phi) - phi for a huge phi, where n >= 1? Does m still show?",
    "Where the rival is drawn, the limit is ln n, whatever m is. Collisions count only where n = 0.",
    "E[ln n; n >= 1] + (1 - p_min)^N sum_c rho_c E ln(1 + m_c), m_c ~ Bin(N, rho_c / (1 - p_min)).",
)
exercise.slip(
    "all anchors' classes equally likely to collide",
    share=lambda rho, p: np.full(len(rho), min(1.0, 1 / len(rho) / (1 - p))),
).says(
    "A draw collides with probability 1/C.",
    "Is rho uniform in the failing case?",
    "A draw has the anchor's class c with probability rho_c.",
    "m ~ Bin(N, rho_c / (1 - p_min)), given n = 0.",
)
exercise.slip("ln(1 + n) for n rivals", often=lambda n, p: binomial(n, p)[1:] @ np.log1p(np.arange(1, n + 1))).says(
    "n draws of the rival cost ln(1 + n) beside phi.",
    "What is ln(1 + n e^phi) - phi for a huge phi?",
    "ln n: the 1 of the positive no longer counts beside the rival. At N = 1 the rival adds nothing.",
    "E[ln n; n >= 1].",
)
exercise.slip("the mean number of collisions", inside=lambda n, s: math.log1p(n * s)).says(
    "E ln(1 + m) is ln(1 + E m).",
    "Is the logarithm of an average the average of the logarithms?",
    "ln is concave: you subtract too much.",
    "Average ln(1 + m) over the binomial law of m.",
)
exercise.slip("the most frequent anchor alone", over=lambda rho: (rho == max(rho)) / (rho == max(rho)).sum()).says(
    "The constant is that of the most frequent class.",
    "Over which law does the statement average?",
    "Anchors have class c with probability rho_c, and each class its own constant.",
    "Average over c with the weights rho_c.",
)
exercise.slip("coefficients that overflow", inside=lambda n, s: expected_log1p(n, s) if n < 1030 else math.inf).says(
    "Binomial coefficients can be formed as floats for any N.",
    "How large is binom(10000, 5000)?",
    "Beyond 1e308, from N = 1030 on: add logarithms before you take the exponential.",
    "exp(lgamma(N + 1) - lgamma(k + 1) - lgamma(N - k + 1) + k ln q + (N - k) ln(1 - q)).",
)
exercise.slip("classes added up", over=lambda rho: np.ones(len(rho))).says(
    "The constants of the classes are added up.",
    "Over which law does the statement average?",
    "Anchors have class c with probability rho_c.",
    "sum_c rho_c E ln(1 + m_c).",
)
exercise.slip(
    "given that the rival is drawn",
    often=lambda n, p: binomial(n, p)[1:] @ np.log(np.arange(1, n + 1)) / -math.expm1(n * math.log1p(-p)),
).says(
    "The repetitions cost E[ln n], given that the rival is drawn.",
    "E[ln n; n >= 1] is a part of an expectation. Is the chance of n >= 1 in it, or divided out?",
    "The sum over n >= 1 of P(n) ln n, without dividing.",
    "E[ln n; n >= 1], n ~ Bin(N, p_min).",
)
exercise.slip("the constant added", constant=lambda hit, missed, rho, n: -hit - missed).says(
    "The constant is added to the loss.",
    "Does what is known of the loss make the bound larger?",
    "L_un >= p L_sup + constant. Solve for L_sup.",
    "(unsup_loss - constant) / p.",
)


@exercise.accepted("limit taken numerically", guarded=False)
def lemma2_best(unsup_loss, rho, n_negatives):
    if not (0 <= unsup_loss < math.inf) or len(rho) < 2 or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9:
        raise ValueError(f"{unsup_loss}, {rho}")
    if n_negatives < 1:
        raise ValueError(f"N = {n_negatives}")
    N, p = n_negatives, float(min(rho))
    log_chance = np.array([math.lgamma(N + 1) - math.lgamma(n + 1) - math.lgamma(N - n + 1) for n in range(N + 1)])
    n = np.arange(N + 1)
    rival = np.exp(log_chance + n * math.log(p) + (N - n) * math.log1p(-p))
    constant = (rival[1:] * np.log(n[1:])).sum()
    for c in rho:  # m collisions and N - m draws of neither class
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.where(n < N, (N - n) * np.log(np.maximum(1 - p - c, 1e-300)), 0.0)
        constant += c * (np.exp(log_chance + n * math.log(c) + rest) * np.log1p(n)).sum()
    return (unsup_loss - constant) / -math.expm1(N * math.log1p(-p))


@exercise.accepted("torch, all classes at once")
def lemma2_best(unsup_loss, rho, n_negatives):
    law, N = torch.from_numpy(rho), n_negatives
    p = law.min()
    k = torch.arange(N + 1, dtype=torch.float64)
    ways = math.lgamma(N + 1) - (k + 1).lgamma() - (N - k + 1).lgamma()
    hit = (ways + k * p.log() + (N - k) * torch.log1p(-p)).exp()
    within = (ways + k * law[:, None].log() + torch.xlogy(N - k, (1 - p - law[:, None]).clamp(min=0))).exp()
    known = (hit[1:] * k[1:].log()).sum() + (law[:, None] * within * torch.log1p(k)).sum()
    return float((unsup_loss - known) / -torch.expm1(N * torch.log1p(-p)))
