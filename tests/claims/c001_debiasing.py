"""Programs of the entries of source 001 on debiasing and on what was measured."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from flint import arb

from course.comparison import gains
from tests.claims.ball import q
from tests.claims.measured import debiasing, emoji, practice

SETTINGS = ((10, 32), (10, 128), (10, 256), (4, 128))


def softmax_of_distances() -> dict:
    """Points at distance 0 and 2, weights e^distance. A positive partner should be the likelier, the nearer it is."""
    near, far = arb(1), arb(2).exp()
    return {"near": near / (near + far), "far": far / (near + far), "claimed": (near, ">=", far)}


def normaliser_cancels() -> dict:
    """With Pr(u | x) = e^score / Z, Pr(x+ | x) / (Pr(x+ | x) + Pr(x- | x)) does not depend on Z. Exact, with e^score rational."""
    for plus, minus, rest in product((Fraction(1, 3), Fraction(2), Fraction(7)), repeat=3):
        total = plus + minus + rest
        assert (plus / total) / (plus / total + minus / total) == plus / (plus + minus)
    return {}


def exchanged_prior() -> dict:
    """Two one-point classes, probabilities 1/4 and 3/4, anchor in the rare one: the formula with eta = 3/4 and with 1/4."""
    p, own = (Fraction(1, 4), Fraction(3, 4)), (1, 0)

    def others(eta):
        return [(a - eta * b) / (1 - eta) for a, b in zip(p, own, strict=True)]

    right, wrong = others(Fraction(1, 4)), others(Fraction(3, 4))
    assert right == [0, 1]
    return {"right": right, "wrong": wrong, "claimed": (wrong[0], ">=", 0)}


def softmax_prior() -> dict:
    """Five points in three classes: the softmax mass of the anchor's class against the share 2/5 of its points."""
    points = [(1, "0.3"), ("0.5", "0.8"), ("-0.3", "0.9"), ("-0.8", "0.2"), ("-0.6", "-0.7")]
    points = [tuple(Fraction(v) for v in point) for point in points]
    label = [0, 0, 1, 2, 2]

    def own_mass(x):
        weight = [q(sum(a * b for a, b in zip(points[x], u, strict=True))).exp() for u in points]
        return sum(w for w, y in zip(weight, label, strict=True) if y == label[x]) / sum(weight)

    first, second = own_mass(0), own_mass(1)
    return {"anchors 0, 1": [first, second], "share": Fraction(2, 5), "claimed": (first, "==", Fraction(2, 5))}


def plug_in() -> dict:
    """Lecture 05's world, one negative and one extra positive: the mean loss of the estimated mass, and
    the loss of the true mass, in balls; how often the logarithm is undefined when the embedding is 2.5 times as long."""
    rho, laws = (
        (Fraction(2, 5), Fraction(3, 5)),
        ({0: Fraction(1, 2), 2: Fraction(1, 2)}, {1: Fraction(7, 10), 3: Fraction(3, 10)}),
    )
    points = [(Fraction(a), Fraction(b)) for a, b in (("1", "0.3"), ("0.6", "-0.2"), ("-0.5", "0.8"), ("-0.9", "0.1"))]
    p = {u: rho[c] * v for c in (0, 1) for u, v in laws[c].items()}

    def exponential(x, u, scale):
        return q(scale**2 * sum(a * b for a, b in zip(points[x], points[u], strict=True))).exp()

    def means(scale):
        mean, target, mass_error, undefined = arb(0), arb(0), arb(0), Fraction(0)
        for c in (0, 1):
            for (x, px), (plus, pp) in product(laws[c].items(), repeat=2):
                e = {u: exponential(x, u, scale) for u in p}
                true = sum(e[u] * q(v) for u, v in laws[1 - c].items())
                weight = rho[c] * px * pp
                target += q(weight) * (1 + true / e[plus]).log()
                for (negative, pn), (extra, pe) in product(p.items(), laws[c].items()):
                    mass = (e[negative] - q(rho[c]) * e[extra]) / q(1 - rho[c])
                    mass_error += q(weight * pn * pe) * (mass - true)
                    inside = 1 + mass / e[plus]
                    if inside > 0:
                        mean += q(weight * pn * pe) * inside.log()
                    else:
                        assert inside < 0  # certain: the ball does not hold 0
                        undefined += weight * pn * pe
        return mean, target, mass_error, undefined

    mean, target, mass_error, undefined = means(Fraction(2, 5))
    assert undefined == 0
    assert abs(float(mass_error.mid())) < 1e-20
    return {
        "bias": mean - target,
        "estimated": mean,
        "true": target,
        "times as long, undefined": [2.5, means(Fraction(1))[3]],
        "claimed": (mean, "==", target),
    }


# measured


def masses() -> dict:
    """Ten classes, batches of 128, biased encoder: mean of e^(s/t) of a view with another view of its image, an image of
    its class, of another class; the share of the class; the mass of true negatives as estimated with the other view."""
    run = debiasing(10, 128)["runs"]["biased"]
    own, same, every, other = (
        sum(run[k]) / len(run[k]) for k in ("own view", "same class", "any image", "other class")
    )
    tau = (every - other) / (same - other)
    return {"own": own, "same": same, "other": other, "tau": tau, "estimated": (every - tau * own) / (1 - tau)}


def gains_measured() -> dict:
    """Gain over the biased loss with five labels a class: mean and half interval, in points, for each setting."""
    names = ("debiased", "debiased, v from the class", "unbiased")
    return {
        f"{name}: {setting}": [100 * v for v in gains(debiasing(*setting), name, "few")]
        for name in names
        for setting in SETTINGS
    }


def practice_table() -> dict:
    """Unit 09: probes of the best methods, of the supervised encoder, of pixels; seconds of training."""
    rows = practice("table")
    labels = (
        "SimCLR",
        "VICReg",
        "SimSiam",
        "raw pixels",
        "random encoder",
        "supervised",
        "supervised, 5 labels a class",
    )
    kept = ("linear h", "linear z", "few h", "few z", "seconds", "classifier")
    found = {label: row for (_, label), row in rows.items()}
    return {name: [found[name][k] for k in kept if k in found[name]] for name in labels}


def views() -> dict:
    """Linear probe of h by the strength of the views, and with brightness and noise alone."""
    return {
        label: row["linear h"] for (group, label), row in practice("sweeps").items() if group == "strength of the views"
    }


def clip() -> dict:
    """Search among the held-out emoji, the cosines of pairs and of others, and the same for the run that began without a bias."""
    keys = (
        "image to text R@10",
        "text to image R@10",
        "gap: cosine of pairs",
        "gap: cosine of others",
        "gap: distance of means",
    )
    variants = ("symmetric", "one-sided", "SigLIP, b from 0", "scale 50")
    return {f"{v}: {k}": emoji(v)[k] for v in variants for k in keys} | {
        "chance": 10 / emoji("symmetric")["candidates"][0]
    }


def strengths() -> dict:
    """The strengths of the views that were tried."""
    return {label: float(label) for label in views() if label.replace(".", "").isdigit()}
