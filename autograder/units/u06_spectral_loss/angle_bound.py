"""angle_bound: what its check looks at. Spectra with negative eigenvalues, k = 1 and later, excesses near 0 and near
lambda_k^2; small gaps, over which lambda_k - sqrt(lambda_k^2 - excess) loses its digits."""

import math

import numpy as np

from autograder.author import Case, Exercise, count, needs
from autograder.units.u06_spectral_loss.theorems import adjacency, refused
from course import graphs, validate

exercise = Exercise(
    "angle_bound",
    refuses=(
        needs(
            "list(eigenvalues) == sorted(eigenvalues, reverse=True)",
            {
                "rising eigenvalues": {"eigenvalues": lambda values: values[::-1].copy()},
                "two eigenvalues in the wrong order": {"eigenvalues": np.array([1.0, 0.5, 0.2, 0.3])},
                "NaN among the eigenvalues": {"eigenvalues": lambda values: np.append(values, np.nan)},
            },
        ),
        count("k", "k", -1, 1.5),
        needs(
            "k < len(eigenvalues)",
            {
                "k = S": {"k": 4},
                "k = S, all eigenvalues positive": {
                    "eigenvalues": np.array([1.0, 0.5, 0.4, 0.3]),
                    "k": 4,
                    "excess": 0.05,
                },
            },
        ),
        needs("eigenvalues[k - 1] > 0", {"lambda_k < 0": {"eigenvalues": np.array([1.0, -0.5, -0.6, -0.8])}}),
        needs("eigenvalues[k - 1] > eigenvalues[k]", {"no gap": {"eigenvalues": np.array([1.0, 0.5, 0.5, -0.2])}}),
        needs(
            "0 <= excess < eigenvalues[k - 1] ** 2",
            {
                "a negative excess": {"excess": -0.01},
                "NaN for the excess": {"excess": math.nan},
                "an excess above lambda_k^2": {"excess": 0.3},
                "excess = infinity": {"excess": math.inf},
            },
        ),
    ),
    hints={
        "values": (
            "With s the squared sines and delta the gap, the theorem is a quadratic inequality in s. Where is it an equality?",
            "Of the two solutions, which one is 0 when the excess is 0?",
            "The solution is delta s, and s is what is asked, whatever its size: divide by delta, do not cap.",
            "(lambda_k - sqrt(lambda_k^2 - excess)) / (lambda_k - lambda_{k+1}), with k counted from 1.",
        ),
        "stability": (
            "lambda_k and the root agree in nearly all digits when the excess is small. Can the difference be avoided?",
            "Multiply by (lambda_k + root) / (lambda_k + root): a difference of squares is known exactly.",
            "excess / (lambda_k + sqrt(lambda_k^2 - excess)) / gap.",
        ),
        "bad input": (
            "Falling eigenvalues, 1 <= k < S, lambda_k > 0, lambda_k > lambda_{k+1}, 0 <= excess < lambda_k^2.",
        ),
        "properties": ("It is 0 for no excess, grows with the excess, and is reached by a tilted last column.",),
    },
)


def spectrum(rng, n, k):
    """1 and n - 1 falling numbers, the k-th at least 0.1 and at least 0.05 above the next."""
    while True:
        values = np.sort(np.append(1.0, rng.uniform(-0.8, 0.95, size=n - 1)))[::-1].copy()
        apart = -np.diff(values[max(k - 2, 0) : k + 2])
        if values[k - 1] > 0.1 and apart.min() > 0.05:
            return values


@exercise.cases
def cases(rng):
    for n, k in ((4, 1), (5, 2), (7, 3)):
        values = spectrum(rng, n, k)
        yield Case(f"S = {n}, k = {k}", (values, k, float(rng.uniform(0.1, 0.9) * values[k - 1] ** 2)))
    n, k = int(rng.integers(12, 30)), int(rng.integers(3, 6))
    values = spectrum(rng, n, k)
    yield Case(f"S = {n}, k = {k}", (values, k, 0.5 * values[k - 1] ** 2), public=False)
    yield Case("lambda_{k+1} is negative", (np.array([1.0, 0.4, -0.3, -0.5]), 2, 0.12))
    yield Case("k = S - 1", (np.array([1.0, 0.7, 0.2]), 2, 0.3))
    yield Case("a bound above 1", (np.array([1.0, 0.6, 0.5, 0.1]), 2, 0.34))
    yield Case("no excess", (np.array([1.0, 0.6, 0.3]), 1, 0.0))
    # powers of two: the gap is exact. Not public, since four digits, which is what is stored, do not hold such a gap
    for gap in (2.0**-32, 2.0**-31, 2.0**-30):
        case = np.array([1.0, 0.5, 0.5 - gap]), 2, float(rng.uniform(0.2, 0.8) * gap / 500)
        yield Case(f"a gap of {gap:.0e}, a small excess", case, part="stability", public=False)
    yield from exercise.bad_inputs(np.array([1.0, 0.5, 0.3, -0.2]), 2, 0.1)
    exact = (np.array([1.0, 0.5, 0.3, -0.2]), 2, 0.25)  # to the last digit: rounding decides it elsewhere
    yield Case("an excess of lambda_k^2", exact, part="bad input", raises=True, public=False)
    yield Case("a tie behind the gap", (np.array([1.0, 0.7, 0.4, 0.4, -0.1]), 2, 0.2))


@exercise.property("no embedding near the minimiser has a larger angle, and a tilted last column reaches it")
def sharp(f, rng):
    joint = graphs.random_joint_symmetric(rng, 7, psd=True)
    values, vectors = np.linalg.eigh(adjacency(joint))
    values, vectors = values[::-1], vectors[:, ::-1]
    for k, sine in ((1, 0.5), (2, 0.3)):
        tilted = math.sqrt(1 - sine) * vectors[:, k - 1] + math.sqrt(sine) * vectors[:, k]
        length = values[k - 1] - (values[k - 1] - values[k]) * sine
        factor = np.column_stack([vectors[:, : k - 1] * np.sqrt(values[: k - 1]), math.sqrt(length) * tilted])
        for noise in (0.0, 0.02):
            F = factor + noise * rng.normal(size=factor.shape)
            best = (values[k:] ** 2).sum()
            excess = ((adjacency(joint) - F @ F.T) ** 2).sum() - best
            if not 1e-6 < excess < values[k - 1] ** 2:
                continue
            cosines = np.linalg.svd(np.linalg.qr(F)[0].T @ vectors[:, :k])[1]
            found, bound = k - (cosines**2).sum(), float(f(values.copy(), k, float(excess)))
            if found > bound + 1e-8:
                return (
                    f"with k = {k} an embedding of excess {excess:.6g} has squared sines {found:.6g} above {bound:.6g}"
                )
            if not noise and found < bound - 1e-8:
                return f"with k = {k} the bound {bound:.6g} is not reached by the embedding that should reach it"


def last(values, k):
    return float(values[k - 1])


def following(values, k):
    return float(values[k])


def squared_gap(values, k):
    return (last(values, k) - following(values, k)) ** 2


def smaller_root(level, excess):
    return excess / (level + math.sqrt(level**2 - excess))


@exercise.formula
def angle_bound(
    eigenvalues,
    k,
    excess,
    *,
    level=last,
    start=last,
    end=following,
    solve=smaller_root,
    after=lambda squared, most: squared,
    share=lambda k: 1,
):
    gap = start(eigenvalues, k) - end(eigenvalues, k)
    return after(solve(level(eigenvalues, k), excess) / gap, min(k, len(eigenvalues) - k)) / share(k)


exercise.slip("linear in the excess", solve=lambda level, excess: excess / level).says(
    "The squared sines are proportional to the excess.",
    "Put your value back into the theorem: is it an equality?",
    "It is not, for small sines: your value is a valid bound, but up to twice as large as need be.",
    "Solve the quadratic equation.",
)
exercise.slip("half of that: the first order", solve=lambda level, excess: excess / (2 * level)).says(
    "The term that is quadratic in the squared sines may be dropped.",
    "Put your value back into the theorem: on which side does the excess lie?",
    "Without the quadratic term you get less than an embedding may really have.",
    "Solve the quadratic equation.",
)
exercise.slip(
    "excess over the squared gap",
    level=lambda values, k: last(values, k) - following(values, k),
    solve=lambda v, e: e / v,
).says(
    "An angle is bounded by the excess over the square of the gap.",
    "What does your bound become for a large lambda_k with a small gap?",
    "The gap enters once; the other factor is lambda_k, the length that the last column should have.",
    "Solve the theorem's inequality for s: it has both lambda_k and the gap in it.",
)
exercise.slip("gap to zero", end=lambda values, k: 0.0).says(
    "The gap is the distance from lambda_k to 0.",
    "Which direction may the last column tilt towards?",
    "Towards the next eigenfunction, which loses only lambda_k - lambda_{k+1}.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("lambda_1 in place of lambda_k", level=lambda values, k: float(values[0])).says(
    "The largest eigenvalue sets the scale.",
    "With k = 1 your values are right. What changes later?",
    "The cheapest column to tilt is the last one, which has the squared length lambda_k.",
    "Use eigenvalues[k - 1].",
)
exercise.slip("gap below the first eigenvalue", start=lambda values, k: float(values[0])).says(
    "The gap is the distance from lambda_1 to lambda_{k+1}.",
    "With k = 1 your values are right. What changes later?",
    "A column leaves the space most cheaply from its last eigenfunction.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("gap to the smallest eigenvalue", end=lambda values, k: float(values[-1])).says(
    "The column tilts towards the smallest eigenvalue.",
    "Towards which direction does a tilt cost least?",
    "The next eigenfunction: it loses lambda_k - lambda_{k+1} only.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("gap above lambda_k", start=lambda values, k: float(values[max(k - 2, 0)]), end=last).says(
    "The gap above lambda_k is the one that counts.",
    "Between which two eigenvalues is the space of the first k cut off from the rest?",
    "Inside the space a rotation costs nothing in angle.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("gap of absolute values", end=lambda values, k: abs(float(values[k]))).says(
    "The gap is measured between absolute values.",
    "What does a tilt towards an eigenvector with eigenvalue -0.3 lose, starting from 0.4?",
    "0.4 - (-0.3): the sign counts.",
    "Do not take the absolute value of lambda_{k+1}.",
)
exercise.slip(
    "gap above lambda_k, below it for k = 1",
    start=lambda values, k: float(values[max(k - 2, 0)]),
    end=lambda values, k: float(values[max(k - 1, 1)]),
).says(
    "The gap above lambda_k is the one that counts, where there is one.",
    "Between which two eigenvalues is the space of the first k cut off from the rest?",
    "Inside the space a rotation costs nothing in angle.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("gap above lambda_k, or the last index", start=lambda values, k: float(values[k - 2]), end=last).says(
    "The gap is eigenvalues[k - 2] - eigenvalues[k - 1].",
    "What is eigenvalues[k - 2] for k = 1, and which two lambdas do you subtract for k = 2?",
    "lambda_k is eigenvalues[k - 1]; the space is cut off below it.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("gap to the largest absolute value", end=lambda values, k: float(np.abs(values[k:]).max())).says(
    "The gap is that to the largest of the remaining eigenvalues in absolute value.",
    "What does a tilt towards an eigenvector with eigenvalue -0.3 lose, starting from 0.4?",
    "0.4 - (-0.3): the sign counts, and the cheapest tilt is that towards the next eigenvalue.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("a negative eigenvalue taken for 0", end=lambda values, k: max(following(values, k), 0.0)).says(
    "A negative lambda_{k+1} counts as 0 in the gap.",
    "What does a tilt towards an eigenvector with eigenvalue -0.3 lose, starting from 0.4?",
    "0.4 - (-0.3) = 0.7. Clipping belongs to the minimum of the loss, not to the gap.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip("excess over the gap", solve=lambda level, excess: excess).says(
    "The squared sines are at most the excess, divided by the gap.",
    "Put your value back into the theorem: is it an equality?",
    "The theorem has lambda_k in it, too.",
    "Solve the quadratic inequality for delta s, then divide by delta.",
)
exercise.slip("lambda_k not squared", solve=lambda level, excess: level - math.sqrt(level - excess)).says(
    "Under the root stands lambda_k minus the excess.",
    "Solve x (2 lambda_k - x) = excess by completing the square: what stands under the root?",
    "(lambda_k - x)^2 = lambda_k^2 - excess.",
    "Square lambda_k.",
)
exercise.slip("plus under the root", solve=lambda level, excess: math.sqrt(level**2 + excess) - level).says(
    "Under the root stands lambda_k^2 plus the excess.",
    "Put your value back into the theorem: is it an equality?",
    "x (2 lambda_k - x) = excess gives (lambda_k - x)^2 = lambda_k^2 - excess.",
    "lambda_k - sqrt(lambda_k^2 - excess).",
)
exercise.slip("twice the root", solve=lambda level, excess: 2 * smaller_root(level, excess)).says(
    "The solution of the quadratic equation is -b minus the root, without a division by 2.",
    "Put your value back into the theorem: is it an equality?",
    "x^2 - 2 lambda_k x + excess = 0 has the solutions (2 lambda_k +- sqrt(4 lambda_k^2 - 4 excess)) / 2.",
    "Divide by 2.",
)
exercise.slip(
    "multiplied by the gap",
    start=lambda values, k: 1 / (last(values, k) - following(values, k)),
    end=lambda values, k: 0.0,
).says(
    "The gap is a factor of the bound.",
    "Does your bound grow or fall with the gap?",
    "The theorem speaks of delta s: a large gap makes s small.",
    "Divide by delta.",
)
exercise.slip(
    "excess as a share of lambda_k^2", solve=lambda level, excess: smaller_root(level, excess * level**2)
).says(
    "The excess is given as a share of lambda_k^2.",
    "What does the question say of `excess`?",
    "It is the loss above its minimum, as it is.",
    "lambda_k - sqrt(lambda_k^2 - excess).",
)
exercise.slip("the first inequality only", solve=lambda level, excess: level).says(
    "The bound is where delta s reaches lambda_k.",
    "Does your answer change with the excess?",
    "The theorem has two inequalities, and the second one is the smaller bound.",
    "Solve excess = delta s (2 lambda_k - delta s) for s.",
)
exercise.slip("the mean of the squared sines", share=lambda k: k).says(
    "A mean over the k angles is asked.",
    "With k = 1 your values are right. What changes later?",
    "s is the *sum* of the squared sines.",
    "Do not divide by k.",
)
exercise.slip(
    "an excess of 0 refused", solve=lambda level, excess: smaller_root(level, excess) if excess else refused()
).says(
    "An excess of 0 is bad input.",
    "Which angle does the minimum itself allow?",
    "0 <= excess: at 0 the answer is 0.",
    "Raise ValueError for a negative excess only.",
)
exercise.slip(
    "ties refused", level=lambda values, k: last(values, k) if (np.diff(values) < 0).all() else refused()
).says(
    "No two eigenvalues may be equal.",
    "Which hypothesis has the theorem on the other eigenvalues?",
    "The only gap that it wants is that between lambda_k and lambda_{k+1}; ties elsewhere are allowed.",
    "Raise ValueError where an eigenvalue is larger than the one before it.",
)
exercise.slip(
    "small gaps refused",
    end=lambda values, k: refused() if np.isclose(*values[k - 1 : k + 1]) else following(values, k),
).says(
    "A gap of 1e-9 counts as none.",
    "Which gaps does the question name?",
    "lambda_k > lambda_{k+1} is all that is asked, and the grade tries gaps of 1e-9.",
    "Compare with >, not with np.isclose or a tolerance.",
)
exercise.slip("the other root", solve=lambda level, excess: level + math.sqrt(level**2 - excess)).says(
    "Of the two solutions of the quadratic equation the larger one is meant.",
    "What is your value at excess 0?",
    "The theorem also says that delta s cannot exceed lambda_k as long as the excess is below lambda_k^2.",
    "Take the smaller root.",
)
exercise.slip("the sine, not its square", after=lambda squared, most: math.sqrt(squared)).says(
    "The sum of the squared sines is asked, and a root makes it a sine.",
    "Square your value and compare.",
    "The theorem already speaks of squared sines.",
    "Do not take the root.",
)
exercise.slip("cut at min(k, S - k)", after=min).says(
    "A bound above min(k, S - k) is to be replaced by that.",
    "Does the question ask for a cap?",
    "No sum of squared sines exceeds min(k, S - k), but what is asked is the number that the theorem gives.",
    "Return the number as the theorem gives it.",
)
exercise.slip("not divided by the gap", start=lambda values, k: 1.0, end=lambda values, k: 0.0).says(
    "The solution of the quadratic inequality is the sum of the squared sines.",
    "For which unknown did you solve it: s, or delta s?",
    "The theorem is quadratic in delta s, so its solution is delta s.",
    "Divide by delta = lambda_k - lambda_{k+1}.",
)
exercise.slip("divided by the squared gap", start=squared_gap, end=lambda values, k: 0.0).says(
    "The gap enters with its square.",
    "For which unknown did you solve the quadratic inequality: s, or delta s?",
    "Its solution is delta s: one division by delta is left.",
    "Divide by delta once.",
)
exercise.slip(
    "gap of the squares", start=lambda values, k: last(values, k) ** 2, end=lambda v, k: following(v, k) ** 2
).says(
    "The gap is that of the squared eigenvalues.",
    "Which difference is delta in the theorem?",
    "The loss has the squares; what a tilt loses is lambda_k - lambda_{k+1}.",
    "gap = eigenvalues[k - 1] - eigenvalues[k].",
)
exercise.slip(
    "k counted from 0",
    level=following,
    start=following,
    end=lambda values, k: float(values[min(k + 1, len(values) - 1)]),
    solve=lambda level, excess: smaller_root(level, excess) if level > 0 else math.nan,  # it validates what it reads
).says(
    "lambda_k is eigenvalues[k].",
    "Which entry is lambda_1?",
    "Python counts from 0: lambda_k is one entry earlier.",
    "eigenvalues[k - 1] and eigenvalues[k].",
)
exercise.slip("cut at 1", after=lambda squared, most: min(squared, 1.0)).says(
    "A bound above 1 is to be replaced by 1.",
    "May a sum of k squared sines be above 1?",
    "With k = 2 two angles may be large. And the question asks for the value as it is.",
    "Return the number as the theorem gives it.",
)
exercise.slip(
    "difference of nearly equal numbers", solve=lambda level, excess: level - math.sqrt(level**2 - excess)
).says(
    "Subtracting the root from lambda_k is accurate enough.",
    "lambda_k = 0.5, excess = 1e-12: how many digits has the difference?",
    "Divided by a small gap, the rounding error is large.",
    "excess / (lambda_k + root): the same number without a difference.",
)


def unless(skipped, eigenvalues, k, excess):
    """All tests of the arguments but one, then the bound."""
    validate.count(1, k=k)
    values = np.sort(eigenvalues)[::-1] if skipped == "order" else eigenvalues
    excess = max(excess, 0.0) if skipped == "sign" else excess  # NaN stays
    values = np.append(values, 0.0) if skipped == "k" else values
    if not (np.diff(values[: len(eigenvalues)]) <= 0).all() or k >= len(values):
        raise ValueError(f"k = {k}, eigenvalues {values}")
    high, gap = last(values, k), last(values, k) - following(values, k)
    if skipped == "nan" and math.isnan(excess):
        return math.nan
    if not gap > 0 or (high <= 0 and skipped != "lambda_k") or not 0 <= excess <= high**2:
        raise ValueError(f"lambda_k = {high}, gap {gap}, excess {excess}")
    if excess == high**2 and skipped != "edge":
        raise ValueError(f"excess {excess}")
    return smaller_root(high, excess) / gap


@exercise.wrong(
    "an excess of lambda_k^2 accepted",
    belief="The theorem holds up to excess = lambda_k^2, that included.",
    hints=("What may be missing at that excess?", "A whole column.", "Raise ValueError for excess >= lambda_k ** 2."),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("edge", eigenvalues, k, excess)


@exercise.wrong(
    "eigenvalues sorted",
    belief="Eigenvalues in another order may be sorted.",
    hints=("What does the question say of eigenvalues that do not fall?", "ValueError.", "Compare, do not sort."),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("order", eigenvalues, k, excess)


@exercise.wrong(
    "a negative excess taken for 0",
    belief="A negative excess is rounding and counts as 0.",
    hints=("What does the question say of a negative excess?", "ValueError.", "Do not clip it."),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("sign", eigenvalues, k, excess)


@exercise.wrong(
    "NaN for the excess accepted",
    belief="An excess of NaN needs no test of its own.",
    hints=("What are NaN < 0 and NaN >= 1?", "Both are False.", "Raise ValueError unless 0 <= excess < lambda_k ** 2."),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("nan", eigenvalues, k, excess)


@exercise.wrong(
    "k = S accepted",
    belief="With k = S the next eigenvalue is 0.",
    hints=(
        "For which k does the question ask?",
        "1 <= k < S: nothing is beside a space of all S.",
        "Raise ValueError for k = S.",
    ),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("k", eigenvalues, k, excess)


@exercise.wrong(
    "lambda_k not tested",
    belief="The theorem needs no lambda_k > 0, as long as the excess is below lambda_k^2.",
    hints=(
        "What is the k-th column of the minimiser where lambda_k < 0?",
        "Zero.",
        "Raise ValueError unless lambda_k > 0.",
    ),
    guarded=False,
)
def angle_bound(eigenvalues, k, excess):
    return unless("lambda_k", eigenvalues, k, excess)


exercise.style(
    "expm1 and log1p",
    solve=lambda level, excess: -level * math.expm1(0.5 * math.log1p(-excess / level**2)),
)
exercise.style(
    "half an angle: 1 - cos a = 2 sin^2(a/2)",
    solve=lambda level, excess: 2 * level * math.sin(math.asin(math.sqrt(excess) / level) / 2) ** 2,
)


@exercise.accepted("validated by hand, numpy", guarded=False)
def angle_bound(eigenvalues, k, excess):
    values = np.asarray(eigenvalues, dtype=float)
    validate.count(1, k=k)
    validate.non_negative(excess=excess)
    if k >= len(values) or not (np.diff(values) <= 0).all():
        raise ValueError(f"k = {k}, eigenvalues {values}")
    high, low = values[k - 1], values[k]
    if high <= 0 or high == low or excess >= high * high:
        raise ValueError(f"lambda_k = {high}, lambda_k+1 = {low}, excess {excess}")
    return excess / ((high - low) * (high + np.sqrt(high * high - excess)))
