"""lemma2_sharp: what its check looks at. Non-uniform rho, N = 1, N < C, N = 65536, p_min = 1e-10, and the theorem."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import (
    LN2,
    bounds_mean_loss,
    exact_loss,
    mean_loss,
    poissonised,
)
from course import worlds

exercise = Exercise(
    "lemma2_sharp",
    refuses=(loss("unsup_loss"), law("rho"), count("n_negatives", "N")),
    hints={
        "values": (
            "tau_N: N + 1 draws from rho (the anchor's class and N negatives) all give the same class.",
            "tau_N = sum_c rho_c^(N+1), and tau_N ln(N + 1) is subtracted from the loss before dividing.",
            "The division is by 1 - (1 - p_min)^N, for every N >= 1: no infinity here.",
        ),
        "stability": (
            "1 - (1 - p)^N for p = 1e-10: how many digits of (1 - p) carry p?",
            "1 - (1 - p)^N = -expm1(N log1p(-p)).",
        ),
        "bad input": ("validate.non_negative, validate.law and validate.count(minimum=1, ...) are all it takes.",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((3, 1), (4, 2), (3, 5), (6, 4)):
        yield Case(f"C = {c}, N = {n}", (float(rng.uniform(1.5, 3)), worlds.random_law(rng, c, minimum=0.3 / c), n))
    yield Case("C = 10, uniform, N = 25", (float(rng.uniform(1.5, 3)), np.full(10, 0.1), 25))
    yield Case("C = 4, N = 65536", (float(rng.uniform(5, 9)), worlds.random_law(rng, 4, minimum=0.05), 65536))
    rho = np.array([1e-10, 0.4, 0.6 - 1e-10])
    yield Case("p_min = 1e-10, N = 3", (float(rng.uniform(1.5, 3)), rho, 3), part="stability")
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1), 5)
    c = larger_sizes(rng, 1)[0]
    args = (float(rng.uniform(3.5, 5)), worlds.random_law(rng, c, minimum=0.3 / c), int(rng.integers(9, 41)))
    yield Case("more classes and negatives", args, public=False)


@exercise.property("it bounds the mean classifier's loss on random worlds, for every N")
def theorem(f, rng):
    return bounds_mean_loss(f, rng, counts=(1, 2, 4, 20))


@exercise.property("the factor cannot be smaller: a world that needs nearly all of it")
def tight(f, rng):
    s = 60.0  # squared scale; one anchor class with one rival: the loss is s^2 times the chance to see the rival
    z = math.sqrt(s) * np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.2, 0.0]])
    rho = np.full(3, 1 / 3)
    for n in (2, 4):
        if f(exact_loss(rho, np.eye(3), z, n), rho, n) > 1.05 * mean_loss(rho, np.eye(3), z):
            return "on a world where the lemma is nearly an equality, your bound is more than 5 % too large"


def complete(rho, n):
    """Chance that n draws show all classes: 1 in float64 for very many, and never 0, so that it divides."""
    return (poissonised(rho, n) or 1e-300) if n < 1000 else 1.0


@exercise.formula
def lemma2_sharp(
    unsup_loss,
    rho,
    n_negatives,
    *,
    collide=lambda rho, n: (rho ** (n + 1.0)).sum(),
    price=lambda n: math.log(n + 1),
    divided=True,
    worst=min,
    seen=lambda p, n: -math.expm1(n * math.log1p(-p)),
    factor=lambda seen, worst, rho, n: seen(worst(rho), n),
):
    collisions = collide(rho, n_negatives) * price(n_negatives)
    divisor = factor(seen, worst, rho, n_negatives)
    return (unsup_loss - collisions) / divisor if divided else unsup_loss / divisor - collisions


exercise.slip("tau_N of a uniform law", collide=lambda rho, n: float(len(rho)) ** -float(n)).says(
    "All N negatives collide with probability C^-N.",
    "Is rho uniform in the failing case?",
    "Given the anchor's class c, all N collide with probability rho_c^N; average over c.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("one power too few", collide=lambda rho, n: (rho ** float(n)).sum()).says(
    "tau_N = sum_c rho_c^N.",
    "How many classes are drawn in all: by the negatives, and by the anchor?",
    "The anchor has class c with probability rho_c, and then all N negatives with probability rho_c^N.",
    "sum(rho ** (N + 1)).",
)
exercise.slip("ln N for a full collision", price=math.log).says(
    "When all N negatives collide the loss is ln N.",
    "How many candidates are there?",
    "All N negatives and the positive score the same: ln(N + 1).",
    "For N = 1 it is ln 2, not 0.",
)
exercise.slip("tau_N in place of tau_N ln(N + 1)", price=lambda n: 1.0).says(
    "The probability tau_N itself is subtracted from the loss.",
    "Your tau_N may be right. What does the loss cost when all negatives collide?",
    "A cost of 1 for N = 1 would be a collision in bits; in nats it is ln 2, and more for larger N.",
    "All N + 1 candidates score the same: subtract tau_N ln(N + 1).",
)
exercise.slip("ln 2 for a full collision", price=lambda n: LN2).says(
    "A collision costs ln 2, however many negatives there are.",
    "Your tau_N may be right. How many candidates score the same when all N negatives collide?",
    "With one negative there are two of them, and ln 2 is the cost; with N there are N + 1.",
    "Subtract tau_N ln(N + 1).",
)
exercise.slip("collisions not subtracted", price=lambda n: 0.0).says(
    "Only the factor changes.",
    "At N = 1 your answer must be that of Proposition A. Is it?",
    "Draws in which all negatives collide pay ln(N + 1) and teach nothing about L_sup; they are subtracted first.",
    "Subtract tau_N ln(N + 1) from the loss.",
)
exercise.slip("collisions subtracted after the division", divided=False).says(
    "The collision term stands outside the division.",
    "Write the inequality before it is solved for L_sup.",
    "L_un >= tau_N ln(N + 1) + p L_sup: the difference is divided by p.",
    "(unsup_loss - tau_N ln(N + 1)) / p.",
)
exercise.slip("1/C in place of p_min", worst=np.mean).says(
    "Every class is missed with the same probability (1 - 1/C)^N.",
    "Which class is missed most often?",
    "The worst class decides: the rarest one.",
    "1 - (1 - min(rho))^N.",
)
exercise.slip("p_min to the power N", seen=lambda p, n: p ** float(n)).says(
    "The rarest class is seen with probability p_min^N.",
    "Does the chance to see a class grow or shrink with N?",
    "p_min^N is the chance that all N draws give the rarest class. It needs to appear only once.",
    "Seen at least once: 1 - (1 - p_min)^N.",
)
exercise.slip("what is no full collision", factor=lambda seen, worst, rho, n: 1 - (rho ** (n + 1.0)).sum()).says(
    "What is left when all negatives collide with probability tau_N has probability 1 - tau_N, and that is the factor.",
    "A draw with one negative of another class: does it compare the anchor with every class?",
    "1 - tau_N belongs to tasks of two classes. Here the rarest rival must be seen.",
    "Divide by 1 - (1 - p_min)^N.",
)
exercise.slip("a class seen on average", factor=lambda seen, worst, rho, n: sum(p * seen(p, n) for p in rho)).says(
    "The chance to see a class may be averaged over the classes.",
    "For which rival must the bound hold?",
    "For the one that is missed most often: an average is too large a divisor.",
    "Divide by 1 - (1 - p_min)^N.",
)
exercise.slip(
    "complete draws",
    factor=lambda seen, worst, rho, n: complete(rho, n),
).says(
    "The divisor is still the chance of a complete draw; only the collisions are new.",
    "What is your bound for N < C? Proposition D holds for every N.",
    "One rival at a time must be seen (the vertex), not all classes together.",
    "Divide by 1 - (1 - p_min)^N.",
)
exercise.slip("rounded away", seen=lambda p, n: 1 - (1 - p) ** n).says(
    "1 - (1 - p)^N can be computed as it stands.",
    "Evaluate 1 - (1 - 1e-10) in Python.",
    "1 - p is rounded to 16 digits, so that a p of 1e-10 keeps only six of its own.",
    "-math.expm1(N * math.log1p(-p)) keeps all of them.",
)
exercise.slip("collisions of one negative", collide=lambda rho, n: (rho**2).sum()).says(
    "The collision term has the probability sum_c rho_c^2, whatever N is.",
    "How likely is it that *all* N negatives collide?",
    "sum_c rho_c^2 is the chance that one given negative collides; N of them and the anchor share class c with rho_c^(N+1).",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("the rarest class's full collision", collide=lambda rho, n: min(rho) ** (n + 1.0)).says(
    "tau_N is the full collision of the rarest class alone.",
    "Which classes can the anchor have?",
    "Any of them: the chances rho_c^(N+1) add up.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("tau_N of the rarest class, given the anchor", collide=lambda rho, n: min(rho) ** float(n)).says(
    "tau_N = p_min^N.",
    "Is the anchor always of the rarest class?",
    "Given the anchor's class c, all N collide with probability rho_c^N; average over c.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip(
    "some collision in place of a full one", collide=lambda rho, n: 1 - (rho * (1 - rho) ** float(n)).sum()
).says(
    "tau_N is the chance of at least one collision.",
    "In which draws does nothing remain but collisions?",
    "Only where all N negatives have the anchor's class; draws with some collisions still show a rival.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("N + 1 draws", seen=lambda p, n: -math.expm1((n + 1) * math.log1p(-p))).says(
    "The rarest class has N + 1 draws in which to show up.",
    "At N = 1 the factor must be p_min, as in Proposition A. Is it?",
    "The anchor's own draw shows no rival: only the N negatives count.",
    "1 - (1 - p_min)^N.",
)
exercise.slip("chances added up", seen=lambda p, n: min(1.0, n * p)).says(
    "N draws show the rarest class with probability N p_min.",
    "What is N p_min for many negatives?",
    "Draws in which it shows up twice are counted twice.",
    "1 - (1 - p_min)^N.",
)
exercise.slip("one negative's factor", seen=lambda p, n: p).says(
    "The division is by p_min, whatever N is.",
    "Do more draws show the rarest class more often?",
    "p_min is its chance in one draw.",
    "1 - (1 - p_min)^N.",
)
exercise.slip("the most frequent class", worst=max).says(
    "The most frequent class decides.",
    "Which rival is missed most often by N draws?",
    "The rarest one, and the bound must hold for it.",
    "1 - (1 - min(rho))^N.",
)
exercise.slip("collisions independent", collide=lambda rho, n: (rho**2).sum() ** float(n)).says(
    "Each of N negatives collides with probability sum_c rho_c^2, independently of the others.",
    "When the first negative collides, what do you learn about the anchor's class?",
    "Given the class c they are independent, with rho_c^N; average over c afterwards.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("no collision in place of full ones", collide=lambda rho, n: (rho * (1 - rho) ** float(n)).sum()).says(
    "tau_N is the chance that no negative collides.",
    "Which draws pay ln(N + 1), whatever the embedding is?",
    "Those in which all N negatives have the anchor's class.",
    "tau_N = sum(rho ** (N + 1)).",
)
exercise.slip("not all of the rarest class", seen=lambda p, n: 1 - p ** float(n)).says(
    "The rarest class is seen with probability 1 - p_min^N.",
    "What is the complement of `seen at least once`?",
    "Missed in all N draws: (1 - p_min)^N.",
    "1 - (1 - p_min)^N.",
)
exercise.slip("missed in place of seen", seen=lambda p, n: (1 - p) ** float(n)).says(
    "The loss is divided by the chance to miss the rarest class.",
    "What becomes of your bound for many negatives?",
    "The proof keeps the draws that *show* it.",
    "1 - (1 - p_min)^N.",
)
exercise.slip("collisions added", price=lambda n: -math.log(n + 1)).says(
    "The cost of collisions is added to the loss.",
    "Does what is known of the loss make the bound larger?",
    "L_un >= tau_N ln(N + 1) + p L_sup. Solve for L_sup.",
    "(unsup_loss - tau_N ln(N + 1)) / p.",
)

# 1 - q^N = p (1 + q + ... + q^(N-1)): only positive numbers
exercise.style("geometric sum in place of expm1", seen=lambda p, n: p * ((1 - p) ** np.arange(n)).sum())


@exercise.accepted("plain Python", guarded=False)
def lemma2_sharp(unsup_loss, rho, n_negatives):
    if not (0 <= unsup_loss < math.inf) or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or n_negatives < 1:
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}, N = {n_negatives}")
    tau = sum(p * p**n_negatives for p in rho.tolist())
    return (unsup_loss - tau * math.log1p(n_negatives)) / -math.expm1(n_negatives * math.log1p(-min(rho.tolist())))


@exercise.accepted("torch")
def lemma2_sharp(unsup_loss, rho, n_negatives):
    law = torch.from_numpy(rho)
    tau = law.pow(n_negatives + 1).sum()
    return (unsup_loss - tau * math.log(n_negatives + 1)) / -torch.expm1(n_negatives * torch.log1p(-law.min()))
