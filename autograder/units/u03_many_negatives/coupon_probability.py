"""coupon_probability: what its check looks at. Non-uniform rho, n below, at and above C, values down to 1e-13."""

import itertools
import math

import numpy as np

from autograder.author import Case, Exercise, count, law
from autograder.units.u03_many_negatives.theorems import log_factorials, poissonised
from course import worlds

exercise = Exercise(
    "coupon_probability",
    refuses=(law("rho"), count("n_draws", "n", 4.5, minimum=0)),
    hints={
        "values": (
            "Check yourself by brute force: list all C^n sequences for C = 3, n = 4 and a non-uniform rho.",
            "Add one class at a time: P(the first c classes are all seen in m draws of them) follows from the same for"
            " c - 1 classes, by the binomial number of draws that class c gets, which must be at least 1.",
            "n! times the coefficient of t^n in prod_c (e^{rho_c t} - 1): the factor of class c has no constant term,"
            " because the class must appear.",
        ),
        "stability": (
            "Do you subtract numbers of size 1 to get a result of size 1e-13? Rounding leaves 1e-16 of each.",
            "Use a recursion that only adds and multiplies positive numbers (binomial or Poisson probabilities).",
            "Multiply class c by e^{-n rho_c}: Poisson probabilities instead of n! and 1/k!, and nothing overflows.",
        ),
        "bad input": ("validate.law(rho), then validate.count(minimum=0, n_draws=n_draws).",),
    },
)


@exercise.cases
def cases(rng):
    for c, n in ((2, 3), (3, 5), (4, 4), (5, 12)):
        yield Case(f"C = {c}, n = {n}", (worlds.random_law(rng, c, minimum=0.3 / c), n))
    yield Case("C = 6, uniform, n = 10", (np.full(6, 1 / 6), 10))
    yield Case("n < C", (worlds.random_law(rng, 4, minimum=0.05), 3))
    yield Case("no draws", (worlds.random_law(rng, 3, minimum=0.05), 0))
    yield Case("one class, one draw", (np.ones(1), 1))
    # Tolerances below are 1e-6 of the answer: rtol counts from max(1, |answer|), and these answers are far below 1.
    yield Case("C = 50, uniform, n = 60 (about 3e-13)", (np.full(50, 0.02), 60), part="stability", rtol=3e-19)
    weights = rng.permutation(np.repeat(np.arange(1.0, 6.0), 5))
    yield Case("C = 25, not uniform, n = 28 (about 1e-10)", (weights / weights.sum(), 28), part="stability", rtol=1e-16)
    yield Case("C = 50, uniform, n = 500", (np.full(50, 0.02), 500), part="stability", rtol=1e-6)
    yield from exercise.bad_inputs(worlds.random_law(rng, 3, minimum=0.1), 5)
    c = int(rng.integers(9, 13))  # a sum over the 2^C subsets is a fair way here
    rho, n = worlds.random_law(rng, c, minimum=0.5 / c), int(rng.integers(4 * c, 6 * c))
    yield Case("more classes, four to six draws for each", (rho, n), public=False)


@exercise.property("relative error below 1e-6 against exact integer arithmetic, also for tiny values")
def exact(f, rng):
    for c, extra in ((20, 3), (35, 8), (12, 40)):
        weights, n = [int(w) for w in rng.integers(1, 4, size=c)], c + extra
        rho = np.array(weights) / sum(weights)
        wanted = in_integers(weights, n)
        if abs(f(rho, n) - wanted) > 1e-6 * wanted:
            return f"C = {c}, n = {n}: the exact value is {wanted:.9g}"


@exercise.property("between 1 - sum (1 - rho)^n and prod (1 - (1 - rho)^n), increasing in n")
def ordered(f, rng):
    rho = worlds.random_law(rng, 6, minimum=0.05)
    before = 0.0
    for n in (6, 8, 11, 15, 25):
        value, missed = f(rho, n), (1 - rho) ** n
        if not 1 - missed.sum() - 1e-9 <= value <= (1 - missed).prod() + 1e-9:
            return "outside the two elementary bounds: union bound below, independence above"
        if value <= before:
            return "one more draw cannot make a complete collection less likely"
        before = value


def in_integers(weights, n):
    """The probability for rho = weights / sum(weights) in exact integers: classes are added one after the other."""
    ways = [1] + [0] * n  # weighted number of words of length m that use exactly the classes so far
    for w in weights:
        powers = [w**j for j in range(n + 1)]
        ways = [
            sum(math.comb(m, j) * powers[j] * ways[m - j] for j in range(1, m + 1) if ways[m - j]) for m in range(n + 1)
        ]
    return ways[n] / sum(weights) ** n


def not_conditioned(rho, n):
    """One class after the other, each with its own rho in place of its share of what is left."""
    r, drawn = np.tril_indices(n + 1)  # of r draws that are left, the class gets `drawn`
    ways = log_factorials(n)[r] - log_factorials(n)[drawn] - log_factorials(n)[r - drawn]
    left = np.eye(1, n + 1, n)[0]
    for p in rho[:-1]:
        chance = np.exp(ways + drawn * math.log(p) + (r - drawn) * math.log1p(-p)) * (drawn > 0)
        left = np.bincount(r - drawn, weights=chance * left[r], minlength=n + 1)
    return left[1:].sum()


def in_order(rho, n, order=lambda rho: np.sort(rho)[::-1]):
    """A chain that meets the classes in the order of their frequency, or in another one."""
    seen = np.concatenate([[0.0], np.cumsum(order(rho))])
    state = np.eye(1, len(rho) + 1)[0]
    for _ in range(n):
        state = state * seen + np.concatenate([[0.0], (state * (1 - seen))[:-1]])
    return state[-1]


def without_triples(rho, n):
    """Inclusion and exclusion up to pairs of missed classes."""
    pairs = sum(max(0.0, 1 - rho[i] - rho[j]) ** n for i in range(len(rho)) for j in range(i))
    return 1 - ((1 - rho) ** n).sum() + pairs


def alternating(rho, n):
    """Inclusion and exclusion in floating point; classes of equal probability are missed together."""
    if n < len(rho):
        return 0.0
    values, multiplicity = np.unique(rho, return_counts=True)
    total = 0.0
    for missed in itertools.product(*[range(m + 1) for m in multiplicity]):
        ways = math.prod(math.comb(int(m), j) for m, j in zip(multiplicity, missed, strict=True))
        left = sum(v * (int(m) - j) for v, m, j in zip(values, multiplicity, missed, strict=True))
        total += (-1) ** sum(missed) * ways * float(left) ** n
    return total


def as_listed(rho, n):
    return in_order(rho, n, lambda rho: rho)


def in_floats(rho, n):
    """Exponential series with n! and 1/k! as floats, which overflow from 171 on."""
    with np.errstate(over="ignore", invalid="ignore"):
        factorials = np.concatenate([[1.0], np.cumprod(np.arange(1.0, n + 1))])
        product = np.eye(1, n + 1)[0]
        for p in rho:
            product = np.convolve(product, (p ** np.arange(n + 1) / factorials) * (np.arange(n + 1) > 0))[: n + 1]
        return product[n] * factorials[n]


def without_coefficients(rho, n):
    """The sum over counts of prod rho^k: each table of counts is taken for one sequence."""
    product = np.eye(1, n + 1)[0]
    for p in rho:
        product = np.convolve(product, p ** np.arange(n + 1.0) * (np.arange(n + 1) > 0))[: n + 1]
    return product[n]


def none_refused(rho, n):
    if n == 0:
        raise ValueError("no draws")
    return poissonised(rho, n)


def refused_below(rho, n):
    if n < len(rho):
        raise ValueError(f"{n} draws cannot show {len(rho)} classes")
    return poissonised(rho, n)


@exercise.formula
def coupon_probability(
    rho, n_draws, *, chance=poissonised, drawn_from=lambda rho: rho, more=0, until=lambda chance, n: chance(n)
):
    return until(lambda n: chance(drawn_from(rho), n), n_draws + more)


exercise.slip("union bound taken for the value", chance=lambda rho, n: max(0.0, 1 - ((1 - rho) ** n).sum())).says(
    "The chance to miss some class is the sum of the chances to miss each.",
    "May one sequence of draws miss two classes at once?",
    "Sequences that miss two classes are counted twice in your sum; for few draws your answer is even negative.",
    "1 - sum (1 - rho_c)^n is only a lower bound. Inclusion and exclusion goes on: pairs, triples, ...",
)
exercise.slip("classes seen independently", chance=lambda rho, n: (1 - (1 - rho) ** n).prod()).says(
    "Each class is seen or not, independently of the others, so the probabilities multiply.",
    "Can three draws show four classes? What does your formula say?",
    "If class 1 was seen often, fewer draws are left for the others: the events depend on each other.",
    "prod (1 - (1 - rho_c)^n) is only an upper bound.",
)
exercise.slip("a Poisson number of draws", chance=lambda rho, n: (1 - np.exp(-n * rho)).prod()).says(
    "Each class is drawn a Poisson number of times with mean n rho_c, independently.",
    "How many draws are there in total in your model, and how many in the question?",
    "Poisson counts are independent, but their total is random; the question fixes it to n.",
    "Condition on the total: divide the coefficient of total n by the Poisson(n) probability of n.",
)
exercise.slip("all classes equally likely", drawn_from=lambda rho: np.full(len(rho), 1 / len(rho))).says(
    "Only the number of classes matters.",
    "Is it harder to complete a collection when one coupon is rare?",
    "Your formula is right for uniform rho; the question is about any rho.",
    "Replace j/C, the probability of a set of j classes, by the sum of their rho.",
)
exercise.slip("one draw too many", more=1).says(
    "The anchor's class counts as a draw too.",
    "What is your answer for n = C - 1?",
    "The question is about n draws; only the negatives collect coupons.",
    "Use n_draws, not n_draws + 1.",
)
exercise.slip("the draw that completes the collection", until=lambda chance, n: chance(n) - chance(n - 1)).says(
    "The question asks for the chance that the collection becomes complete exactly at draw n.",
    "Does your answer go to 1 when n grows?",
    "You found P(T = n) for the completion time T; the question is P(T <= n).",
    "Sum over all completion times up to n, or do not subtract the value at n - 1.",
)
exercise.slip("choose where each class appears", chance=lambda rho, n: math.perm(n, len(rho)) * rho.prod()).says(
    "Each choice of C draws for the classes, in any order, with anything in the other draws, is a sequence of its own.",
    "Take C = 2, n = 3 and the draws 1, 2, 2. How many of your choices give this sequence?",
    "Sequences with repetitions are counted several times: your answer exceeds 1 for large n.",
    "Count by how often each class appears instead: multinomial probabilities with all counts at least 1.",
)
exercise.slip("counts not conditioned", chance=not_conditioned).says(
    "Of the draws that are left after the first classes, each is class c with probability rho_c.",
    "Which classes can such a draw still be? Let c be the last but one.",
    "It is none of the earlier classes: its law is rho divided by what is left of the sum.",
    "Bin(r, rho_c / (rho_c + rho_{c+1} + ...)) for the r draws that are left.",
)
exercise.slip("classes met in the order of their frequency", chance=in_order).says(
    "With j classes seen, the next draw is new with a probability that depends on j only.",
    "Which j classes have been seen? Their total probability decides how likely a new one is.",
    "For equally likely classes the number is enough; for others the frequent classes come first often, not always.",
    "Go through the classes, not through the draws: how many draws does each class get?",
)
exercise.slip("inclusion and exclusion stopped at pairs", chance=without_triples).says(
    "After adding back the pairs of missed classes, the rest is negligible.",
    "Compare with brute force for C = 4, n = 4.",
    "Sequences that miss three classes are now counted wrongly; the signs go on alternating.",
    "All subsets are needed, or better a recursion without alternating signs.",
)
exercise.slip("alternating sum in floating point", chance=alternating).says(
    "The inclusion-exclusion formula can be summed as it stands.",
    "How large is the largest term of your sum, and how small is the answer?",
    "Each term of size 1e5 is rounded by 1e-11, so an answer of 3e-13 drowns, and may come out negative.",
    "Use a recursion with positive terms, or exact integers.",
)
exercise.slip(
    "classes seen independently, 0 below C", chance=lambda rho, n: (1 - (1 - rho) ** n).prod() if n >= len(rho) else 0.0
).says(
    "As soon as there are C draws, each class is seen or not independently of the others.",
    "Take C = n = 2 and rho = (1/2, 1/2): two of four sequences show both. What does your product say?",
    "If class 1 was seen often, fewer draws are left for the others: the events depend on each other.",
    "prod (1 - (1 - rho_c)^n) is only an upper bound.",
)
exercise.slip(
    "a Poisson number of draws, 0 below C",
    chance=lambda rho, n: (1 - np.exp(-n * rho)).prod() if n >= len(rho) else 0.0,
).says(
    "From C draws on, each class is drawn a Poisson number of times with mean n rho_c, independently.",
    "How many draws are there in total in your model, and how many in the question?",
    "Poisson counts are independent, but their total is random; the question fixes it to n.",
    "Condition on the total: divide the coefficient of total n by the Poisson(n) probability of n.",
)
exercise.slip("the rarest class decides", chance=lambda rho, n: 1 - (1 - min(rho)) ** n if n >= len(rho) else 0.0).says(
    "All classes have been seen as soon as the rarest one has.",
    "Can the rarest class be drawn first, and another one never?",
    "1 - (1 - p_min)^n is only an upper bound.",
    "Every class has to be drawn: count by how often each one is, all counts at least 1.",
)
exercise.slip("the rarest class decides, for any n", chance=lambda rho, n: 1 - (1 - min(rho)) ** n).says(
    "To see the rarest class is to see all of them, however few draws there are.",
    "What is your answer for n < C?",
    "1 - (1 - p_min)^n is only an upper bound: another class may be missing.",
    "Every class has to be drawn: count by how often each one is, all counts at least 1.",
)
exercise.slip("classes met in the order in which rho lists them", chance=as_listed).says(
    "The first j classes that are seen are the first j in the order of rho.",
    "Rename the classes. May the probability change?",
    "Which classes have been seen is random: their number does not say how likely the next draw is to be new.",
    "Go through the classes, not through the draws: how many draws does each class get?",
)
exercise.slip("multinomial coefficients forgotten", chance=without_coefficients).says(
    "Counts k_1, ..., k_C have the probability prod rho_c^k_c.",
    "Take C = 2 and n = 2. How many sequences show both classes?",
    "prod rho_c^k_c is the probability of *one* sequence; n! / prod k_c! sequences have these counts.",
    "Weigh class c with rho_c^k / k!, and multiply by n! at the end.",
)
exercise.slip("n! forgotten", chance=lambda rho, n: poissonised(rho, n) / math.exp(math.lgamma(n + 1))).says(
    "The coefficient of t^n in prod (e^{rho_c t} - 1) is the probability.",
    "Leave out the - 1. What is the coefficient of t^n in e^t, and what should it be?",
    "An exponential series divides by n!.",
    "Multiply by n!.",
)
exercise.slip("too few draws refused", chance=refused_below).says(
    "Fewer draws than classes are bad input.",
    "What is the chance that 3 draws show 4 classes?",
    "It is known: 0. Only a negative or non-integer n_draws raises.",
    "Return 0.0 for n_draws < C.",
)
exercise.slip("no draws refused", chance=none_refused).says(
    "No draws at all are bad input.",
    "What is the chance that 0 draws show a class?",
    "It is known: 0. Only a negative or non-integer n_draws raises.",
    "validate.count(minimum=0, n_draws=n_draws), and 0.0 for n_draws < C.",
)
exercise.slip("factorials as floats", chance=in_floats).says(
    "n! can be formed as a float, however large n is.",
    "What is 171! in float64?",
    "It is infinite: multiply class c by e^{-n rho_c}, so that Poisson probabilities take the place of 1/k! and n!.",
    "Probabilities exp(k ln(n rho_c) - n rho_c - lgamma(k + 1)), and one division at the end.",
)
exercise.slip(
    "choose where each class appears, cut at 1", chance=lambda rho, n: min(1.0, math.perm(n, len(rho)) * rho.prod())
).says(
    "Choices of C draws for the classes do not overlap, so that their chances add up to at most 1.",
    "Take C = 2, n = 3 and the draws 1, 2, 2. How many choices give this sequence?",
    "Sequences with repetitions are counted several times; a sum above 1 shows it.",
    "Count by how often each class appears instead: multinomial probabilities with all counts at least 1.",
)
exercise.slip("the complement", until=lambda chance, n: 1 - chance(n)).says(
    "The question asks for the chance that some class is missed.",
    "What is your answer for n < C? It must be 0.",
    "*Every* class is shown at least once.",
    "One minus what you return.",
)
exercise.slip("one draw too few", until=lambda chance, n: chance(n - 1) if n else 0.0).says(
    "One of the n draws is the anchor's and collects nothing.",
    "What is your answer for n = C?",
    "All n draws collect.",
    "Use n_draws, not n_draws - 1.",
)
exercise.slip(
    "each class once", chance=lambda rho, n: math.factorial(len(rho)) * rho.prod() if n >= len(rho) else 0.0
).says(
    "The chance is C! prod rho_c, for any n >= C.",
    "Does your answer grow with n?",
    "C! prod rho_c is the chance of C draws; further draws give further ways.",
    "Multinomial probabilities with all counts at least 1, summed.",
)
exercise.slip("mean share of the classes", chance=lambda rho, n: np.mean(1 - (1 - rho) ** n)).says(
    "The share of the classes that is seen on average is the chance to see all.",
    "What is your answer for n = 1 and C = 2? Can one draw show two classes?",
    "An expected number of classes is no probability of an event.",
    "All counts at least 1, in one and the same sequence.",
)


@exercise.accepted("one class after the other, binomial counts")
def coupon_probability(rho, n_draws):
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n_draws + 1)))])
    seen = (np.arange(n_draws + 1) > 0).astype(float)  # seen[m]: m draws from the classes so far show them all
    m, rest = np.tril_indices(n_draws + 1, -1)  # of m draws, `rest` < m go to the earlier classes
    log_ways = log_factorial[m] - log_factorial[rest] - log_factorial[m - rest]
    mass = rho[0]
    for p in rho[1:]:
        mass += p
        terms = np.exp(log_ways + (m - rest) * np.log(p / mass) + rest * np.log1p(-p / mass)) * seen[rest]
        seen = np.bincount(m, weights=terms, minlength=n_draws + 1)
    return seen[n_draws]


@exercise.accepted("inclusion and exclusion in exact integers")
def coupon_probability(rho, n_draws):
    # A double is an integer over a power of 2; equal probabilities are grouped.
    denominator = max(float(p).as_integer_ratio()[1] for p in rho)
    numerators = [int(float(p) * denominator) for p in rho]
    values = sorted(set(numerators))
    groups = [numerators.count(v) for v in values]
    total = 0
    for kept in itertools.product(*[range(m + 1) for m in groups]):
        ways = math.prod(math.comb(m, j) for m, j in zip(groups, kept, strict=True))
        mass = sum(v * j for v, j in zip(values, kept, strict=True))
        total += (-1) ** (len(rho) - sum(kept)) * ways * mass**n_draws
    return total / denominator**n_draws if n_draws else 0.0


@exercise.accepted("contour integral through the saddle point")
def coupon_probability(rho, n_draws):
    if n_draws < len(rho):
        return 0.0
    low, high = 1e-3, 2.0 * n_draws + 1
    for _ in range(100):
        r = math.sqrt(low * high)
        low, high = (r, high) if (rho * r / -np.expm1(-rho * r)).sum() < n_draws else (low, r)
    angle = 2 * np.pi * np.arange(2 * n_draws + int(40 * math.sqrt(n_draws)) + 60)
    angle /= angle.size
    ratio = (np.expm1(rho * r * np.exp(1j * angle)[:, None]) / np.expm1(rho * r)).prod(axis=1)
    log_size = math.lgamma(n_draws + 1) - n_draws * math.log(r) + np.log(np.expm1(rho * r)).sum()
    return math.exp(log_size) * (ratio * np.exp(-1j * n_draws * angle)).real.mean()


@exercise.accepted("product of polynomials, scaled by powers of n / e")
def coupon_probability(rho, n_draws):
    if n_draws < len(rho):
        return 0.0
    product = np.ones(1)
    for p in rho:
        factor, term = np.zeros(n_draws + 1), math.exp(-n_draws * p)
        for k in range(1, n_draws + 1):
            term *= n_draws * p / k  # e^{-n p} (n p)^k / k!
            factor[k] = term
        product = np.polynomial.polynomial.polymul(product, factor)[: n_draws + 1]
    return product[n_draws] * math.exp(math.lgamma(n_draws + 1) + n_draws - n_draws * math.log(n_draws))
