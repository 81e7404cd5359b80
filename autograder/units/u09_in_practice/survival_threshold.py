"""survival_threshold: what its check looks at.

Blind spots to keep out: noise 0, pull 1, a decay so small that both roots look alike after rounding; beside the critical
decay the two roots are equal.
"""

import math

import numpy as np

from autograder.author import Case, Exercise, non_negative, positive

exercise = Exercise(
    "survival_threshold",
    refuses=(positive("pull"), non_negative("noise"), non_negative("decay")),
    hints={
        "values": (
            "Put s = p^2 into the equation of p: where is dp/dt positive?",
            "dp/dt = p times a quadratic in p. Its sign changes at two roots, or nowhere.",
            "Below the smaller root p falls to 0, above it p goes to the larger one.",
        ),
        "stability": (
            "With decay 1e-12 the smaller root is the difference of two nearly equal numbers. What is the product of the roots?",
            "Divide the product of the two roots by the larger root.",
        ),
        "bad input": ("`validate.positive(pull=pull)`, `validate.non_negative(noise=noise, decay=decay)`.",),
    },
)


def subcritical(rng, share):
    """pull, noise and a decay that is `share` of the critical one."""
    pull, noise = float(rng.uniform(0.4, 1.5)), float(rng.uniform(0.1, 1))
    return pull, noise, share * pull**2 / (4 * (1 + noise))


@exercise.cases
def cases(rng):
    for share in (0.2, 0.5, 0.9):
        yield Case(f"decay at {share} of the critical one", subcritical(rng, share))
    yield Case("no noise", (0.8, 0.0, 0.05))
    yield Case("no decay", (0.7, 0.3, 0.0), hint="Without decay every start survives.")
    for share in (1.1, 5.0):
        yield Case(
            f"decay at {share} of the critical one", subcritical(rng, share), hint="No start survives: math.inf."
        )
    for pull, share in ((1e10, 0.3137), (1e9, 41.37)):  # thresholds of ordinary size, roots that are far apart
        yield Case(f"pull {pull:g}, decay {share * pull:g}", (pull, 0.25, share * pull), part="stability")
    yield from exercise.bad_inputs(0.8, 0.3, 0.05)
    for share in rng.uniform(0.05, 0.95, size=3):
        yield Case("another decay", subcritical(rng, float(share)), public=False)


@exercise.property("just above it the mode survives, just below it does not, with both equations integrated")
def integrated(f, rng):
    pull, noise, decay = subcritical(rng, float(rng.uniform(0.3, 0.8)))
    threshold = f(pull, noise, decay)
    for factor, lives in ((1.05, True), (0.95, False)):
        p = factor * threshold
        if lives != (_limit(p, p * p, pull, noise, decay) > 0.5 * threshold):
            return f"a start at {factor} of your threshold {'dies' if lives else 'survives'}"


@exercise.property("small decays, to ten digits")
def small_decay(f, rng):
    pull, noise = float(rng.uniform(0.5, 1.5)), float(rng.uniform(0, 1))
    for decay in (1e-9, 1e-12):
        if abs(f(pull, noise, decay) * pull / decay - 1 - decay * (1 + noise) / pull**2) > 1e-10:
            return f"for a decay of 1e{round(math.log10(decay))} the digits are lost"


def _limit(p, s, pull, noise, decay):
    """p after a long time, by Runge-Kutta."""

    def slope(p, s):
        force = pull - (1 + noise) * p
        return s * force - decay * p, 2 * p * s * force - 2 * decay * s

    h = 0.5
    for _ in range(4000):
        p1, s1 = slope(p, s)
        p2, s2 = slope(p + h / 2 * p1, s + h / 2 * s1)
        p3, s3 = slope(p + h / 2 * p2, s + h / 2 * s2)
        p4, s4 = slope(p + h * p3, s + h * s3)
        p, s = p + h / 6 * (p1 + 2 * p2 + 2 * p3 + p4), s + h / 6 * (s1 + 2 * s2 + 2 * s3 + s4)
    return p


def by_difference(pull, root, noise, decay):
    return (pull - root) / (2 * (1 + noise))


def by_product(pull, root, noise, decay):
    return 2 * decay / (pull + root)


@exercise.formula
def survival_threshold(
    pull,
    noise,
    decay,
    *,
    curve=lambda noise: 1 + noise,
    under=lambda pull, decay, curve: pull**2 - 4 * decay * curve,
    smaller=by_product,
    hopeless=math.inf,
):
    inside = under(pull, decay, curve(noise))
    if inside < 0:
        return hopeless
    return smaller(pull, math.sqrt(inside), curve(noise) - 1, decay)


exercise.slip("the noise squared", curve=lambda noise: 1 + noise**2).says(
    "The noise is a standard deviation, and its square enters.",
    "What does the question call `noise`: sigma or sigma^2?",
    "It is the variance already: 1 + noise, without a square.",
)
exercise.slip("the larger root", smaller=lambda pull, root, noise, decay: (pull + root) / (2 * (1 + noise))).says(
    "The threshold is where the mode comes to rest.",
    "Start a little below your threshold: does the mode die?",
    "The larger root attracts from both sides; the smaller one divides.",
)
exercise.slip("the noise left out", curve=lambda noise: 1.0 + 0 * noise).says(
    "Noise of the augmentations does not matter for survival.",
    "What multiplies p inside the bracket?",
    "1 + noise.",
)
exercise.slip("the factor 4 left out", under=lambda pull, decay, curve: pull**2 - decay * curve).says(
    "The discriminant is b^2 - a c.",
    "Put your root into the quadratic: is it 0?",
    "b^2 - 4 a c.",
)
exercise.slip("decay counted twice", under=lambda pull, decay, curve: pull**2 - 8 * decay * curve).says(
    "Both equations decay, so the decay counts twice.",
    "Put s = p^2 into the equation of p alone: how often does the decay stand there?",
    "The two equations say the same on s = p^2.",
)
exercise.slip("none survives, so 0", hopeless=0.0).says(
    "Where there is no threshold it is 0.",
    "0 says that all starts survive. Do they, when the decay is too large?",
    "math.inf: no start survives.",
)
exercise.slip("the middle of both roots", smaller=lambda pull, root, noise, decay: pull / (2 * (1 + noise))).says(
    "A mode survives where its growth is fastest.",
    "Start a little below your threshold: does the mode die?",
    "It survives where dp/dt is positive, however small.",
)
exercise.slip("two nearly equal numbers subtracted", smaller=by_difference).says(
    "The formula of the quadratic is as good as any other.",
    "pull - sqrt(pull^2 - tiny): how many digits are left?",
    "The product of both roots is decay / (1 + noise): divide it by the larger one.",
)
exercise.slip("only the decay counts", smaller=lambda pull, root, noise, decay: decay / pull).says(
    "The threshold is where decay and pull balance, without the quadratic term.",
    "That is the limit for a small decay. At half of the critical decay?",
    "Keep the term (1 + noise) p^2.",
)


@exercise.accepted("product of the roots by the larger one")
def survival_threshold(pull, noise, decay):
    inside = pull * pull / 4 - decay * (1 + noise)
    if inside < 0:
        return float("inf")
    larger = (pull / 2 + inside**0.5) / (1 + noise)
    return decay / ((1 + noise) * larger)


@exercise.accepted("scaled by the critical decay")
def survival_threshold(pull, noise, decay):
    share = 4 * decay * (1 + noise) / pull**2
    if share > 1:
        return math.inf
    return pull / (2 * (1 + noise)) * share / (1 + math.sqrt(1 - share))


@exercise.accepted("numpy, validated by hand", guarded=False)
def survival_threshold(pull, noise, decay):
    if not (0 < pull < np.inf and 0 <= noise < np.inf and 0 <= decay < np.inf):
        raise ValueError(f"pull {pull}, noise {noise}, decay {decay}")
    inside = np.square(pull) - 4 * decay * (1 + noise)
    return np.float64(np.inf) if inside < 0 else 2 * decay / (pull + np.sqrt(inside))
