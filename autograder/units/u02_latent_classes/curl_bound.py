"""curl_bound: what its check looks at. Non-uniform rho, losses from small to large, and the world f = 0."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, law, loss, needs
from autograder.author.draw import larger_sizes
from autograder.units.u02_latent_classes.formulas import LN2, distinct, own_losses
from course import validate, worlds

exercise = Exercise(
    "curl_bound",
    refuses=(loss("unsup_loss"), law("rho"), needs("len(rho) > 1", {"one class": {"rho": np.ones(1)}})),
    hints={
        "values": (
            "Two values are known. At f = 0 the loss is ln 2 and the bound must be ln 2; and a loss of tau ln 2, the least there "
            "is, leaves nothing for the classifier: the bound must be 0. What is yours at both, and at a loss of 2?",
            "Of the loss, collisions take a part that is known, whatever f is. What is left belongs to pairs of distinct "
            "classes: how often do those come?",
            "(unsup_loss - tau * ln 2) / (1 - tau) with tau = sum rho_c^2.",
        ),
        "stability": (
            "Where one class has nearly all the probability, tau is nearly 1, and 1 - tau keeps few of its digits.",
            "1 - tau is itself a probability, the one that two draws differ. Which products sum to it?",
            "Sum rho_c rho_e over the pairs c != e: no two nearly equal numbers are subtracted.",
        ),
        "bad input": (
            "validate.non_negative(unsup_loss=unsup_loss) and validate.law(rho) do most of it.",
            "With one class 1 - tau = 0: raise ValueError before dividing.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for c in (2, 3, 6):
        rho = worlds.random_law(rng, c, minimum=0.2 / c)
        yield Case(f"C = {c}", (float((rho**2).sum() * LN2 + rng.uniform(0.05, 2)), rho))
    yield Case("uniform, C = 4", (float(rng.uniform(0.3, 1.5)), np.full(4, 0.25)))
    yield Case("one class of probability 0.99", (float(rng.uniform(0.7, 1.5)), np.array([0.99, 0.01])), rtol=1e-8)
    yield Case(
        "f = 0: the loss is ln 2",
        (LN2, worlds.random_law(rng, 3, minimum=0.1)),
        hint="Everything costs ln 2 at f = 0, the mean classifier too: the bound must be ln 2, whatever rho is.",
    )
    rho = worlds.random_law(rng, 4, minimum=0.1)
    yield Case("a loss below ln 2", (float((1 - rng.uniform(0.3, 0.7) * (1 - rho @ rho)) * LN2), rho))
    yield Case("a large loss", (float(rng.uniform(50, 100)), worlds.random_law(rng, 3, minimum=0.1)))
    for rare in ([1e-9], [3e-10, 2e-10], [7e-9, 1e-9, 2e-9]):
        rho = np.array([1 - sum(rare), *rare])
        yield Case(f"one class of probability 1 - {sum(rare):.0e}", (float(rng.uniform(1, 2)), rho), part="stability")
    rho = worlds.random_law(rng, 3, minimum=0.1)
    yield from exercise.bad_inputs(1.0, rho)
    c = larger_sizes(rng, 1)[0]
    rho = worlds.random_law(rng, c, minimum=0.2 / c)
    yield Case("more classes", (float((rho**2).sum() * LN2 + rng.uniform(0.05, 2)), rho), public=False)


@exercise.property("a loss of ln 2 gives the bound ln 2, whatever rho is")
def at_zero(f, rng):
    for c in (2, 3, 7):
        value = f(LN2, worlds.random_law(rng, c, minimum=0.1 / c))
        if abs(value - LN2) > 1e-9:
            return "at f = 0 both losses are ln 2 = 0.6931, so a bound other than ln 2 is wrong or loose there"


@exercise.property("never below the mean classifier's loss; equal to it when f is constant inside each class")
def sharp(f, rng):
    for _ in range(5):
        rho, classes, z = worlds.class_constant_world(rng, 3, 5, 2)
        own = own_losses(classes, z)
        supervised = (distinct(rho) * own).sum() / distinct(rho).sum()
        value = f(float(rho @ own @ rho), rho)
        if value < supervised - 1e-9:
            return "on a world with an embedding constant inside each class the bound lies below the supervised loss"
        if value > supervised + 1e-9:
            return "on a world with an embedding constant inside each class the bound is not attained: it is not sharp"


def at_most_guessing(loss):
    if loss > LN2:
        raise ValueError("worse than guessing")
    return math.inf


@exercise.formula
def curl_bound(
    unsup_loss,
    rho,
    *,
    differ=lambda rho: distinct(rho).sum(),
    price=LN2,
    often=lambda collide: collide,
    factor=lambda differ: differ,
    together=True,
    cap=lambda loss: math.inf,
    excess=False,
    unit=1.0,
):
    apart = differ(rho)  # P(c- != c+) = 1 - tau, without a difference of nearly equal numbers
    collide = often(1 - apart)
    if excess:
        return LN2 + (unsup_loss - LN2) * factor(apart)
    if together:
        return min(cap(unsup_loss), (unsup_loss - collide * price) / factor(apart)) / unit
    return unsup_loss / factor(apart) - collide * price


exercise.slip("minus tau with a natural logarithm", price=1.0).says(
    "The collision term of the lemma is tau, so the numerator is L_un - tau.",
    "What is your bound for L_un = ln 2, the value at f = 0?",
    "It is below ln 2, yet L_sup is ln 2 there: the bound is false. What does a collision cost in nats?",
    "A collision costs ln(1 + e^0) = ln 2 nats (1 bit): subtract tau * ln 2.",
)
exercise.slip("tau = 1 / C", differ=lambda rho: 1 - 1 / len(rho)).says(
    "With C classes the collision probability is 1/C.",
    "Is rho uniform?",
    "1/C is the collision probability of the uniform law only.",
    "tau = rho @ rho.",
)
exercise.slip("tau of the likeliest class", differ=lambda rho: 1 - max(rho)).says(
    "A collision happens as often as the likeliest class is drawn.",
    "May two draws collide in a class that is not the likeliest?",
    "tau = sum rho_c^2: every class contributes its share.",
    "tau = rho @ rho.",
)
exercise.slip("tau and 1 - tau swapped", differ=lambda rho: (rho**2).sum()).says(
    "tau is the probability that the two classes differ.",
    "Which of the two terms of the lemma carries ln 2?",
    "Collisions, of probability tau = sum rho_c^2, cost ln 2; the rest, of probability 1 - tau, is supervised.",
    "Divide by 1 - sum rho_c^2 and subtract sum rho_c^2 * ln 2.",
)
exercise.slip("collision term forgotten", price=0.0).says(
    "The bound is L_un / (1 - tau).",
    "It is a bound. Is it the sharp one?",
    "The loss pays tau * ln 2 for collisions however good f is; that part says nothing about the classifier.",
    "Subtract tau * ln 2 before dividing by 1 - tau.",
)
exercise.slip("collision term added", price=-LN2).says(
    "Collisions make the bound larger by tau ln 2.",
    "At f = 0 the loss is ln 2 and the bound must be ln 2. Does yours?",
    "In L_un >= (1 - tau) L_sup + tau ln 2 the last term moves to the side of L_un: its sign changes.",
    "(unsup_loss - tau * ln 2) / (1 - tau).",
)
exercise.slip("ln 2 subtracted whole", often=lambda collide: 1.0).says(
    "The loss contains a whole ln 2 that says nothing about the classifier.",
    "What is your bound at f = 0, where the loss is ln 2?",
    "It is 0, yet the classifier pays ln 2 there. Only collisions are lost: ln 2 with probability tau.",
    "(unsup_loss - tau * ln 2) / (1 - tau).",
)
exercise.slip(
    "only the collision term divided", often=lambda collide: collide / (1 - collide), factor=lambda differ: 1.0
).says(
    "Only the collision term is divided by 1 - tau.",
    "Write the lemma down and move the collision term first. What is divided then?",
    "The whole difference L_un - tau ln 2 is divided by 1 - tau.",
    "Put the difference in brackets.",
)
exercise.slip("divided by tau", factor=lambda differ: 1 - differ).says(
    "What is left of the loss comes with the probability tau.",
    "How often are the two classes distinct?",
    "With probability 1 - tau: the tasks carry this factor, and the bound is divided by it.",
)
exercise.slip("product of 1 - rho", differ=lambda rho: np.prod(1 - rho)).says(
    "The two classes differ with probability prod (1 - rho_c).",
    "What is your value of 1 - tau for rho = (1/2, 1/2)?",
    "1/4, but two coins differ half of the time: 1 - tau = 1 - sum rho_c^2, the sum of rho_c rho_e over c != e.",
)
exercise.slip("factor 1 - tau forgotten", factor=lambda differ: 1.0).says(
    "The lemma reads L_un >= L_sup + tau ln 2.",
    "How often does a negative come from another class?",
    "With probability 1 - tau, so the supervised loss enters with this factor.",
    "Divide the difference by 1 - tau.",
)
exercise.slip("multiplied by 1 - tau", factor=lambda differ: 1 / differ).says(
    "The supervised loss is (1 - tau) times what is left of L_un.",
    "On which side of the lemma does the factor 1 - tau stand?",
    "It multiplies the unknown L_sup, so solving for it divides.",
    "(unsup_loss - tau * ln 2) / (1 - tau).",
)
exercise.slip("divided too early", together=False).says(
    "Only the loss is divided by 1 - tau, not the collision term.",
    "Write the lemma down and move the collision term first. What is divided then?",
    "The whole difference L_un - tau ln 2 is divided by 1 - tau.",
    "Put the difference in brackets.",
)
exercise.slip("1 - tau by subtraction", differ=lambda rho: 1 - (rho**2).sum()).says(
    "1 - tau is as exact as tau is.",
    "tau = 1 - 2e-9 is stored with 16 digits. How many are left after 1 - tau?",
    "Seven. 1 - tau is the probability that two draws differ: which sum gives it without a subtraction?",
    "Sum rho_c rho_e over c != e: np.outer(rho, rho) with zeros on its diagonal.",
)
exercise.slip("sum of rho (1 - rho)", differ=lambda rho: (rho * (1 - rho)).sum()).says(
    "Once 1 - tau is written as the sum of rho_c (1 - rho_c), nothing is lost any more.",
    "Which of these summands still subtracts two nearly equal numbers?",
    "That of the likeliest class: 1 - rho_c is the sum of the other probabilities, and is better computed as such.",
    "Sum rho_c rho_e over c != e: np.outer(rho, rho) with zeros on its diagonal.",
)
exercise.slip("never above ln 2", cap=lambda loss: LN2).says(
    "The mean classifier never pays more than guessing, so that the bound is at most ln 2.",
    "Is the mean classifier the best one? What does it pay on a class at s when the other is at 2s?",
    "The *best* linear classifier never pays more than ln 2, for it may take the weights 0; the mean classifier cannot choose.",
    "Return the quotient as it is, however large.",
)
exercise.slip("never above the loss", cap=lambda loss: loss).says(
    "The mean classifier never pays more than the contrastive loss, so that the bound is at most L_un.",
    "On which side of ln 2 does your bound stop being sharp?",
    "L_sup <= L_un is a theorem about the *best* linear classifier. The mean classifier may pay more, where L_un exceeds ln 2.",
    "Return the quotient as it is, however large.",
)
exercise.slip("a loss above ln 2 refused", cap=at_most_guessing).says(
    "No contrastive loss is above ln 2.",
    "What does a triplet pay whose margin is -10?",
    "About 10: a bad embedding has a larger loss than f = 0, and a bound like any other.",
)
exercise.slip("the loss itself", price=0.0, factor=lambda differ: 1.0).says(
    "The loss bounds the mean classifier's loss as it is: L_sup <= L_un.",
    "For which classifier does the lecture prove that?",
    "For the best linear one, which may answer 0. Test the mean classifier where one class is at s and the other at 2s.",
    "(unsup_loss - tau * ln 2) / (1 - tau).",
)
exercise.slip("excess over ln 2 multiplied", excess=True).says(
    "The bound is (1 - tau) L_un + tau ln 2, which is ln 2 + (1 - tau) (L_un - ln 2).",
    "On which side of the lemma does L_un stand, and what is your bound at the loss tau ln 2, the least there is?",
    "It must be 0 there. The lemma has L_sup where you have L_un: solve it for L_sup.",
    "(unsup_loss - tau * ln 2) / (1 - tau).",
)
exercise.slip("bound in bits", unit=LN2).says(
    "The bound is asked for in bits.",
    "What is your bound for L_un = ln 2, the value at f = 0?",
    "It is 1 in bits, and ln 2 = 0.693 in nats. The loss is given in nats, and so is the bound.",
)
exercise.slip("pairs counted once", differ=lambda rho: distinct(rho).sum() / 2).says(
    "Two draws differ with the probability sum rho_c rho_e over the pairs c < e.",
    "In how many orders may two distinct classes be drawn?",
    "In both: 1 - tau = 2 sum rho_c rho_e over c < e.",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for a rho that sums to 0.9, or for NaN?",
    "ValueError: `validate.law(rho)`, and `validate.non_negative(unsup_loss=unsup_loss)`, in the first line.",
)
exercise.slip("a collision costs 1/2", price=1 / 2).says(
    "A collision is decided by a fair coin, so it costs 1/2.",
    "What does the logistic loss pay at margin 0?",
    "ln(1 + e^0) = ln 2: a loss, and not the probability 1/2 of an error.",
    "Subtract tau * ln 2.",
)


@exercise.wrong(
    "any loss",
    belief="A loss of any sign has a bound.",
    hints=(
        "May a logistic loss be negative?",
        "Never: `validate.non_negative(unsup_loss=unsup_loss)` raises, for NaN too.",
    ),
    guarded=False,
)
def curl_bound(unsup_loss, rho):
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError("one class")
    return LN2 + (unsup_loss - LN2) / distinct(rho).sum()


@exercise.wrong(
    "one class",
    belief="A single class has a bound, too.",
    hints=("How often do two draws differ then?", "Never: 1 - tau is 0, and no task exists. Raise ValueError."),
    guarded=False,
)
def curl_bound(unsup_loss, rho):
    validate.law(rho)
    validate.non_negative(unsup_loss=unsup_loss)
    return LN2 + (unsup_loss - LN2) / distinct(rho).sum() if len(rho) > 1 else math.nan


@exercise.accepted("Python floats", guarded=False)
def curl_bound(unsup_loss, rho):
    validate.law(rho)
    if len(rho) == 1 or math.isnan(unsup_loss) or unsup_loss < 0:
        raise ValueError(f"got loss {unsup_loss} and rho {rho}")
    apart = math.fsum(float(p * q) for i, p in enumerate(rho) for j, q in enumerate(rho) if i != j)
    return (float(unsup_loss) - (1 - apart) * math.log(2)) / apart


@exercise.accepted("in bits, where the collision term is tau")
def curl_bound(unsup_loss, rho):
    bits, apart = unsup_loss / np.log(2), 2 * np.triu(np.outer(rho, rho), 1).sum()
    return np.log(2) * (bits - rho @ rho) / apart


@exercise.accepted("excess over ln 2, torch")
def curl_bound(unsup_loss, rho):
    p = torch.from_numpy(rho)
    return math.log(2) + (unsup_loss - math.log(2)) / (torch.outer(p, p) * (1 - torch.eye(len(p), dtype=p.dtype))).sum()
