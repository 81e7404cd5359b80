"""lemma1_sharp: what its check looks at. Non-uniform rho (norm squared, p_min and 1/C all differ), the theorem, and
what a loss says about mistakes: ranks below, at and beyond C, bounds that are no probability."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, law, loss
from autograder.author.draw import larger_sizes
from autograder.units.u03_many_negatives.theorems import LN2, bounds_mean_loss, exact_loss, mean_loss
from course import worlds

exercise = Exercise(
    "lemma1_sharp",
    refuses=(loss("unsup_loss"), law("rho"), count("r", "r", 1.5, minimum=0)),
    hints={
        "values": (
            "Write the sum over j of rho_j zeta(a_j) as one collision plus the rest. What does the collision pay?",
            "The collision j = c has probability rho_c and pays ln 2: on average, ln 2 sum_c rho_c^2.",
            "The rest is at least p_min ln(1 + sum_{j != c} e^{a_j}), whose average is p_min times L_sup.",
            "L_un >= ln 2 sum rho^2 + p_min L_sup: solve for L_sup.",
            "The probability: what does the mean classifier pay at least where r rivals score as much as c? And what may "
            "it pay at all the other anchors?",
        ),
        "bad input": (
            "validate.non_negative(unsup_loss=unsup_loss), validate.law(rho), validate.count(minimum=0, r=r).",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c, r in ((3, 1), (4, 2), (7, 3)):  # the bound is a share of ln(r + 1), then more than that
        rho = worlds.random_law(rng, c, minimum=0.3 / c)
        for words, share in (("small", rng.uniform(0.2, 0.8)), ("large", rng.uniform(1.5, 3))):
            yield Case(f"C = {c}, r = {r}, a {words} loss", (loss_for(rho, share * math.log1p(r)), rho, r))
        yield Case(f"C = {c}", (loss_for(rho, float(rng.uniform(0.3, 2))), rho))
    yield Case("C = 5, uniform", (float(rng.uniform(0.7, 3)), np.full(5, 0.2)))
    yield Case("C = 5, uniform, r = 4", (loss_for(np.full(5, 0.2), float(rng.uniform(0.3, 1.2))), np.full(5, 0.2), 4))
    yield Case("C = 4, the loss of f = 0", (math.log(2), np.full(4, 0.25), 1))
    rho = worlds.random_law(rng, 3, minimum=0.1)
    for r in (3, 5):
        hint = "How many classes are there other than the anchor's?"
        yield Case(f"C = 3, r = {r}", (loss_for(rho, float(rng.uniform(0.3, 0.8))), rho, r), hint=hint)
    hint = "No embedding has such a loss: the bound is what the formula gives, and the probability is asked to be 0."
    for r in (0, 1):
        yield Case(f"a loss that is too small, r = {r}", (0.01, rho, r), hint=hint)
    yield from exercise.bad_inputs(1.0, worlds.random_law(rng, 3, minimum=0.1), 1)
    c, r = larger_sizes(rng, 2)
    rho = worlds.random_law(rng, c + r, minimum=0.3 / (c + r))
    yield Case("more classes, the loss", (loss_for(rho, float(rng.uniform(0.3, 1.5))), rho), public=False)
    yield Case("more classes", (loss_for(rho, float(rng.uniform(0.3, 1.5))), rho, r), public=False)


def loss_for(rho, bound):
    """The contrastive loss at which Proposition A gives `bound`."""
    return float(LN2 * (rho**2).sum() + min(rho) * bound)


@exercise.property("it bounds the mean classifier's loss on random worlds, and how often it is wrong")
def theorem(f, rng):
    problem = bounds_mean_loss(lambda unsup_loss, rho, n: f(unsup_loss, rho), rng, counts=8 * (1,))
    if problem:
        return problem
    for r in (1, 2, 3):
        rho, classes, z = worlds.class_constant_world(rng, 4, 6, 2, 2.0)
        scores = (z @ (classes @ z).T).T
        ahead = (scores[None] >= scores[:, None]).sum(axis=1) - 1  # axes: class of the anchor, anchor
        if (rho[:, None] * classes * (ahead >= r)).sum() > f(exact_loss(rho, classes, z, 1), rho, r) + 1e-9:
            return "on a random world the true class is missed more often than your probability allows"


@exercise.property("nothing is given away: it is reached by well-separated classes")
def tight(f, rng):
    rho, s = np.full(3, 1 / 3), math.sqrt(12.0)
    world = rho, np.eye(3), s * np.eye(3)
    if f(exact_loss(*world, 1), rho) > 1.01 * mean_loss(*world):
        return "for three orthogonal classes, far apart, the bound must be within 1 % of L_sup"


def beyond_raises(r, size):
    if r >= size:
        raise ValueError(f"r = {r} with {size} classes")
    return True


def refused_below_0(bound):
    if bound < 0:
        raise ValueError("a loss that no embedding has")
    return bound


@exercise.formula
def lemma1_sharp(
    unsup_loss,
    rho,
    r=0,
    *,
    collide=lambda rho: (rho**2).sum(),
    price=LN2,
    divisor=min,
    divided=True,
    kept=lambda rho: 0.0,
    admitted=lambda bound: bound,
    of_rank=lambda bound, loss, rho: bound,
    mistake=lambda r, size: math.log(r + 1),
    share=lambda bound, cost: bound / cost,
    most=1.0,
    least=0.0,
    possible=lambda r, size: r < size,
):
    collisions, p = price * collide(rho), divisor(rho)
    bound = ((unsup_loss - collisions) / p if divided else unsup_loss / p - collisions) + kept(rho)
    bound = admitted(bound)
    if r == 0:
        return bound
    bound = of_rank(bound, unsup_loss, rho)
    missed = max(least, min(most, share(bound, mistake(r, len(rho)))))
    return missed if possible(r, len(rho)) else 0.0


exercise.slip("a whole ln 2 for the collision", collide=lambda rho: 1.0).says(
    "Collisions cost ln 2, so ln 2 is subtracted.",
    "How often does a negative collide with its anchor?",
    "A collision pays ln 2, but it happens with probability sum_c rho_c^2 only.",
    "Subtract ln 2 times sum(rho**2) from the loss before dividing.",
)
exercise.slip("collision probability 1/C", collide=lambda rho: 1 / len(rho)).says(
    "A negative collides with probability 1/C.",
    "Two draws from rho: with which probability are they equal?",
    "sum_c rho_c^2, which is 1/C only for a uniform rho.",
    "Replace 1/C by sum(rho**2).",
)
exercise.slip("collision in base 2", price=1.0).says(
    "A collision pays log 2 = 1.",
    "What is ln(1 + e^0) in nats?",
    "With the natural logarithm a collision pays ln 2 = 0.693; it pays 1 only in base 2.",
    "Multiply sum(rho**2) by math.log(2).",
)
exercise.slip("collision subtracted after the division", divided=False).says(
    "The collision term stands outside the division by p_min.",
    "Write the inequality before you solve it: L_un is at least what?",
    "L_un >= ln 2 sum rho^2 + p_min L_sup. Both terms on the left are divided by p_min.",
    "(unsup_loss - collision * ln 2) / p_min.",
)
exercise.slip("ln C kept", kept=lambda rho: math.log(len(rho))).says(
    "The ln C of the lemma stays; only the collisions are new.",
    "Where in the paper's proof does ln C come from?",
    "It is the price of replacing a sum by its largest term. Here all terms are kept, and no ln C appears.",
    "Drop the + ln C.",
)
exercise.slip("the two-class factor 1 - tau", divisor=lambda rho: 1 - (rho**2).sum()).says(
    "What is not a collision has probability 1 - tau, so the loss is divided by it, as in the lemma for pairs.",
    "With one negative you see one other class. How likely is a given one?",
    "L_sup here is about all classes at once; each of them is drawn with probability at least p_min.",
    "The division is by p_min; 1 - tau belongs to the average over two-class tasks.",
)
# differs from the sharp form only where rho is not uniform: at uniform rho, sum rho^2 = p_min
exercise.slip("the weak form", collide=min).says(
    "sum rho^2 >= p_min, so L_un / p_min - ln 2 is the bound.",
    "Your bound is true. Is it the best that the argument gives?",
    "The collision term is exactly ln 2 sum rho^2; do not replace it by ln 2 p_min.",
    "(unsup_loss - ln 2 * sum(rho**2)) / p_min.",
)


exercise.slip("a collision of the rarest class", collide=lambda rho: min(rho) ** 2).says(
    "A negative collides with probability p_min^2.",
    "Which classes can anchor and negative share?",
    "p_min^2 is the chance that both are of the rarest class; any other class may collide as well.",
    "Sum over the classes: sum(rho**2).",
)
exercise.slip("the norm not squared", collide=lambda rho: math.sqrt((rho**2).sum())).says(
    "A negative collides with probability |rho|_2, the norm itself.",
    "Two classes of probability 1/2: how often do two draws agree?",
    "The norm is squared: sum_c rho_c^2.",
    "Subtract ln 2 times sum(rho**2) from the loss before dividing.",
)
exercise.slip("one rival, whatever r is", mistake=lambda r, size: LN2).says(
    "To be missed costs the mean classifier ln 2, whatever r is.",
    "Your bound on the probability is true. Is it the smallest?",
    "For r = 1 one rival is level with the true class. How many are there for r = 3, and what do they cost together?",
    "phi = ln(1 + sum of e^{a_j}) with r terms that are 1 or more: at least ln(r + 1).",
)
exercise.slip("a guess among all classes", mistake=lambda r, size: math.log(size)).says(
    "The mean classifier is wrong only where it pays ln C or more.",
    "Can it be wrong with one rival slightly ahead and all other classes far behind?",
    "Then it pays little more than ln 2, however many classes there are.",
    "Missed at rank r: at least ln(r + 1).",
)
exercise.slip("a mistake costs one nat", mistake=lambda r, size: 1.0).says(
    "A mistake costs 1 nat, so that the bound on the loss is one on the probability.",
    "What does the mean classifier pay where exactly one rival is level with the true class?",
    "ln(1 + e^0) = ln 2, which is less than 1; and with r rivals more.",
    "Markov's inequality with ln(r + 1).",
)
exercise.slip("e^-loss taken for the share of right answers", share=lambda bound, cost: 1 - math.exp(-bound)).says(
    "A cross-entropy of b nats means that a share e^-b of the answers is right.",
    "Take an anchor with two equal scores, the true class's and one rival's: what is paid there, and is it missed?",
    "e^-b bounds the mean *probability* of the true class (Jensen). A class may have nearly 1/2 and still be missed.",
    "Missed anchors pay at least ln(r + 1), the others at least 0: P(missed) ln(r + 1) <= b.",
)
exercise.slip("more than certain", most=math.inf).says(
    "The quotient is the answer, also where it is larger than 1.",
    "Which probabilities are larger than 1?",
    "That a probability is at most 1 is known without any loss.",
    "min(1, ...).",
)
exercise.slip("a negative probability", least=-math.inf).says(
    "The quotient is the answer, also where it is negative.",
    "What does the statement say about a loss that no embedding has?",
    "The probability is 0 there.",
    "max(0, ...).",
)
exercise.slip("more rivals than classes", possible=lambda r, size: True).says(
    "The number of classes does not matter for the probability of being missed.",
    "Take C = 3 and r = 3. Which three classes other than c score as much as c?",
    "There are C - 1 others: for r >= C nothing is ever missed.",
    "The probability is 0 for r >= C.",
)
exercise.slip("collisions cost nothing", price=0.0).says(
    "Proposition A is Lemma 1 without its ln C, and nothing else.",
    "What does a collision pay, whatever the embedding is?",
    "ln 2, with probability sum_c rho_c^2: that much of the loss is known, and says nothing about L_sup.",
    "Subtract ln 2 times sum(rho**2) from the loss before dividing.",
)
exercise.slip("ln 2 for each rival", mistake=lambda r, size: r * LN2).says(
    "Each of the r rivals costs ln 2, and the costs add up.",
    "What does one softmax over r + 1 equal scores cost?",
    "phi is one logarithm of a sum, ln(1 + r), and not a sum of r logarithms: r ln 2 is more than an anchor must pay.",
    "Divide by ln(r + 1).",
)
exercise.slip("ln r", mistake=lambda r, size: math.log(r) or 1e-300).says(
    "An anchor that is missed at rank r pays ln r.",
    "What does it pay for r = 1? Can that be nothing?",
    "Beside the r rivals stands the 1 of the true class.",
    "Divide by ln(r + 1).",
)
exercise.slip("as many rivals as classes", possible=lambda r, size: r <= size).says(
    "An anchor can have C rivals.",
    "Take C = 3 and r = 3. Which three classes other than c score as much as c?",
    "There are C - 1 others: rank C is impossible.",
    "The probability is 0 for r >= C.",
)
exercise.slip("an impossible rank refused", possible=beyond_raises).says(
    "A rank that no anchor can reach is bad input.",
    "Is there a smallest upper bound on the probability of an impossible event?",
    "Any integer r >= 0 is good input; for r >= C the probability is known.",
    "Return 0 for r >= C.",
)
exercise.slip("a loss that is too small refused", admitted=refused_below_0).says(
    "A loss that no embedding has is bad input.",
    "What does the statement say about such a loss?",
    "For r >= 1 the answer is 0 there; for r = 0 it is the negative number.",
    "max(0, bound / ln(r + 1)), without an error.",
)
exercise.slip("the bound on the loss cut at 0", admitted=lambda bound: max(0.0, bound)).says(
    "A negative bound on the loss is replaced by 0.",
    "Which of the two answers does the statement set to 0: the bound on the loss, or the probability?",
    "Only the probability. With r = 0 return what the formula gives.",
    "No max for r = 0.",
)
exercise.slip(
    "the published bound for mistakes", of_rank=lambda bound, loss, rho: loss / min(rho) + math.log(len(rho))
).says(
    "What a loss says about mistakes follows from the published Lemma 1.",
    "Which bound on L_sup is the question about?",
    "The probability follows from Proposition A, which is smaller: no ln C, and collisions subtracted.",
    "Divide the answer for r = 0 by ln(r + 1).",
)
exercise.slip("the contrastive loss itself", of_rank=lambda bound, loss, rho: loss).says(
    "The mean classifier's mistakes are bounded by the contrastive loss itself.",
    "Which loss does a mistake of the mean classifier raise by ln 2 or more?",
    "Its own, L_sup, of which you know the bound for r = 0.",
    "Divide the answer for r = 0 by ln(r + 1).",
)
exercise.slip("the log-odds of a rank", mistake=lambda r, size: math.log(size / max(size - r, 1e-300))).says(
    "An anchor that is missed at rank r pays ln(C / (C - r)).",
    "What does an anchor pay whose r rivals are level with the true class, all others far behind?",
    "A softmax over r + 1 equal scores, whatever C is.",
    "Divide by ln(r + 1).",
)
exercise.slip("one rival too many", mistake=lambda r, size: math.log(r + 2)).says(
    "An anchor that is missed at rank r pays ln(r + 2).",
    "How many terms has the softmax when r rivals are level with the true class?",
    "r + 1: the rivals, and the true class once.",
    "Divide by ln(r + 1).",
)
exercise.slip("the logarithm forgotten", mistake=lambda r, size: r + 1).says(
    "An anchor that is missed at rank r pays r + 1.",
    "What does an anchor pay with one rival level with the true class?",
    "phi is a logarithm: ln(1 + r) at least.",
    "Divide by ln(r + 1).",
)
exercise.slip("the last rank taken for impossible", possible=lambda r, size: r < size - 1).says(
    "At most C - 2 classes can be ahead of the true one.",
    "Take C = 5. How many classes are there other than c?",
    "C - 1 of them, and all may score as much as c.",
    "The probability is 0 for r >= C only.",
)
exercise.slip("p_max", divisor=max).says(
    "The most frequent class decides.",
    "Which weight does every term of the sum over j have at least?",
    "rho_j >= p_min.",
    "Divide by min(rho).",
)
exercise.slip("what does not collide", collide=lambda rho: 1 - (rho**2).sum()).says(
    "ln 2 is paid where the negative does not collide.",
    "What is zeta(a_j) for j = c, whatever the embedding is?",
    "The collision pays ln 2: its chance is sum_c rho_c^2.",
    "Subtract ln 2 times sum(rho**2).",
)
exercise.slip("ln C subtracted too", kept=lambda rho: -math.log(len(rho))).says(
    "Proposition A is Lemma 1 with minus ln C.",
    "What does the proof of Proposition A need no ln C for?",
    "All terms of the sum are kept: nothing is lost, and nothing gained.",
    "(unsup_loss - ln 2 * sum(rho**2)) / p_min.",
)


@exercise.accepted("plain Python", guarded=False)
def lemma1_sharp(unsup_loss, rho, r=0):
    if not (0 <= unsup_loss < math.inf) or min(rho) <= 0 or abs(sum(rho) - 1) > 1e-9 or r < 0 or r != int(r):
        raise ValueError(f"unsup_loss = {unsup_loss}, rho = {rho}, r = {r}")
    bound = (unsup_loss - sum(p * p for p in rho) * math.log(2)) / min(rho)
    if r == 0:
        return bound
    return 0.0 if r >= len(rho) or bound < 0 else min(bound / math.log(r + 1), 1)


@exercise.accepted("numpy, scalar product")
def lemma1_sharp(unsup_loss, rho, r=0):
    bound = unsup_loss / rho.min() - np.log(2) * (rho @ rho) / rho.min()
    return (r < rho.size) * np.clip(bound / np.log1p(r), 0, 1) if r else bound


@exercise.accepted("torch")
def lemma1_sharp(unsup_loss, rho, r=0):
    law = torch.from_numpy(rho)
    bound = (unsup_loss - law.square().sum() * math.log(2)) / law.min()
    if not r:
        return bound
    return (bound / math.log(r + 1)).clamp(0, 1) if r < len(rho) else 0.0
