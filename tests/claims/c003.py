"""Programs of the entries of source 003 (knowledge-graph page). Informations are given as e^I, so that they are exact."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

from flint import arb

from tests.claims.ball import q
from tests.claims.measured import practice

LN2 = arb(2).log()


def exponential_of_information(draws, first, second) -> Fraction:
    """e^I of two functions of equally likely draws, where all pairs that occur have one and the same density ratio."""
    pairs = [(first(d), second(d)) for d in draws]
    n, one, two = len(pairs), [a for a, _ in pairs], [b for _, b in pairs]
    ratios = {Fraction(pairs.count(pair) * n, one.count(pair[0]) * two.count(pair[1])) for pair in pairs}
    if len(ratios) != 1:
        raise ValueError(f"the density ratio takes the values {sorted(ratios)}")
    return ratios.pop()


ENCODERS = {"both": lambda v: v, "shared": lambda v: v[0], "private": lambda v: v[1]}
POSITIVES = [((c, a), (c, b)) for c, a, b in product((0, 1), repeat=3)]  # a shared bit, and a private bit for each view
NEGATIVES = list(product(product((0, 1), repeat=2), repeat=2))


def between_views(draws) -> dict[str, Fraction]:
    return {
        name: exponential_of_information(draws, lambda d, f=f: f(d[0]), lambda d, f=f: f(d[1]))
        for name, f in ENCODERS.items()
    }


def with_negatives() -> dict:
    """The information between an image and a negative is 0 for every encoder, since they are independent."""
    found = between_views(NEGATIVES)
    return found | {"claimed": (max(found.values()), ">", 1)}  # there would have to be something to minimise


def private_bit() -> dict:
    """With a positive: keeping or discarding the private bit makes no difference."""
    found = between_views(POSITIVES)
    return found | {"claimed": (found["both"], "<", found["shared"])}


def private_task() -> dict:
    """The task is the private bit: the encoder of the shared bit has the largest information with z+, and none with the task."""
    found = between_views(POSITIVES)
    assert found["shared"] == max(found.values())
    task = exponential_of_information(POSITIVES, lambda d: d[0][0], lambda d: d[0][1])
    return {"with the positive": found["shared"], "with the task": task, "claimed": (task, "==", 2)}


def negatives_only() -> dict:
    """One fair bit, unit vectors e and -e, temperature 1/10, one negative, which alone is in the denominator."""
    loss = Fraction(1, 2) * (10 - 10) - 10  # E s(x, x-) / tau - s(x, x+) / tau
    return {
        "temperature": 0.1,
        "loss": loss,
        "claims": LN2 - q(loss),
        "information": LN2,
        "claimed": (LN2 - q(loss), "<=", LN2),
    }


def batch_of_views() -> dict:
    """The same bit, NT-Xent with 6 images (10 negatives, two views each): ln 11 minus the loss, against ln 2 of information."""
    loss = arb(0)
    for same in range(6):  # of the other five images with the anchor's bit
        chance = Fraction(math.comb(5, same), 32)
        loss += q(chance) * (1 + 2 * same + 2 * (5 - same) * q(-20).exp()).log()
    claims = arb(11).log() - loss
    return {
        "temperature": 0.1,
        "claims": claims,
        "with ln 6": arb(6).log() - loss,
        "information": LN2,
        "claimed": (claims, "<=", LN2),
    }


def more_negatives() -> dict:
    """Classes (+-1.12, 1) and (+-1.12, -1): L_N of the identity minus ln(N+1) of f = 0, for N = 1 and N = 8, in balls."""
    h = Fraction(28, 25)
    corners = [(h, 1), (-h, 1), (h, -1), (-h, -1)]
    scores = [h * a + b for a, b in corners]  # with the anchor (h, 1)
    weights = [q(s).exp() for s in scores]

    def excess(n):
        total = arb(0)
        for counts in product(range(n + 1), repeat=3):
            rest = n - sum(counts)
            if rest < 0:
                continue
            counts = (*counts, rest)
            ways = math.factorial(n) // math.prod(map(math.factorial, counts))
            others = sum(k * w for k, w in zip(counts, weights, strict=True))
            for mate in (0, 1):
                total += q(Fraction(ways, 2 * 4**n)) * (1 + others / weights[mate]).log()
        return total - arb(n + 1).log()

    one, eight = excess(1), excess(8)
    assert one < 0  # with one negative the loss prefers the identity
    return {"h": h, "N = 1": one, "N = 8": eight, "claimed": (eight, "<=", 0)}


def price() -> dict:
    """Negatives that the best critic needs to certify 90 % of d exactly copied bits, d = 1 to 8."""

    def certified(symbols, n):
        loss, p = 0.0, 1 / symbols
        chance = (1 - p) ** n
        for k in range(n + 1):
            loss += chance * math.log(1 + k)
            chance *= (n - k) / (k + 1) * p / (1 - p)
        return math.log(n + 1) - loss

    found = []
    for d in range(1, 9):
        n = found[-1] if found else 1
        while certified(2**d, n) < 0.9 * d * math.log(2):
            n += 1
        found.append(n)
    return {"share": 0.9, "negatives": found}


def redundant_dimensions() -> dict:
    """The SimSiam loss is minus a cosine: the same if every dimension is there twice, and least, -1, for a constant embedding."""
    plain, twice = ((3, 4), (4, 3)), ((3, 3, 4, 4), (4, 4, 3, 3))

    def loss(p, z):  # both of equal length here, so the cosine is rational
        return -Fraction(sum(a * b for a, b in zip(p, z, strict=True)), sum(a * a for a in p))

    return {"plain": loss(*plain), "twice": loss(*twice), "claimed": (25 * loss(*twice), ">", 25 * loss(*plain))}


def collapse() -> dict:
    """A constant embedding: SimSiam's loss is -1, its least value; NT-Xent with 4 images is ln 7, above its least value."""
    apart = (3 + 4 * q(-2).exp()).log()  # two opposite directions, two images each, temperature 1
    collapsed = arb(7).log()
    assert apart < collapsed
    return {"SimSiam": -1, "NT-Xent": collapsed, "apart": apart}


# measured, unit 09


def linear_h(part: str, group: str) -> dict[str, float]:
    return {label: row["linear h"] for (g, label), row in practice(part).items() if g == group}


def table() -> dict:
    """Probes of all methods, of pixels, of the untrained and of the supervised encoder; explained variance of the place."""
    kept = ("linear h", "linear z", "few h", "few z", "place h", "place z")
    return {label: [row[k] for k in kept if k in row] for (_, label), row in practice("table").items()}


def batches() -> dict:
    """By batch size: SimCLR at equal steps and at equal images, BYOL at equal steps; and the gains in points from 128 to 512."""
    groups = ("batch, 150 steps", "batch, 19200 images", "batch, 150 steps, BYOL")
    found = {group: linear_h("sweeps", group) for group in groups}
    one = {size: linear_h("sweeps", f"negatives, batch {size}")["1"] for size in (128, 512)}
    byol = found["batch, 150 steps, BYOL"]
    return found | {"one negative": 100 * (one[512] - one[128]), "BYOL": 100 * (byol["512"] - byol["128"])}


def negatives() -> dict:
    """By number of negatives, batches of 128."""
    return linear_h("sweeps", "negatives, batch 128")


def choices() -> dict:
    """By temperature, by dimension of z, by strength of the views; by MoCo's queue; SwAV's codes."""
    groups = ("temperature", "dimension of z", "strength of the views", "queue, MoCo", "codes, SwAV")
    return {group: linear_h("sweeps", group) for group in groups}


def collapse_measured() -> dict:
    """Linear probe of h and rank of z at the end: BYOL with momentum 0 and 0.97, SimSiam with and without its stop-gradient."""
    rows = {label: row for (_, label), row in practice("collapse").items()}
    named = ("BYOL", "BYOL, momentum 0", "SimSiam", "SimSiam, no stop-gradient")
    return {label: [rows[label]["linear h"], rows[label]["rank"]] for label in named} | {"momentum": 0.97}


def shared_place() -> dict:
    """SimSiam trained on wandering digits, whose two views share the place, and on centred ones: few labels, probe of h."""
    rows = practice("failing")
    return {label: row["few h"] for (group, label), row in rows.items() if group.startswith("SimSiam")}
