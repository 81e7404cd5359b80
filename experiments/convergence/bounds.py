"""The factors of the lemmas for the class law of a data set, and the inequalities that training must never break."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from course.check._exact import floor
from experiments.running import ExperimentError

TOLERANCE = 1e-7  # of the additive inequalities; the losses are exact to 1e-9
MOST_CLASSES = 16  # the coupon probability is summed over all sets of classes


@dataclass(frozen=True)
class Factors:
    """What stands between L_un^N and L_sup^mu, for class probabilities rho and N negatives; natural logarithms.

    coupon        probability that N draws show every class: Lemma 2 divides by it
    rarest_seen   1 - (1 - p_min)^N: what the sharp form divides by
    all_collide   sum of rho_c^(N+1): the probability that all negatives have the anchor's class
    floor         E ln(1 + Binomial(N, rho_c)): no embedding has a smaller L_un^N
    chance        ln N_C for N_C classes: what the best linear classifier never exceeds
    """

    n_negatives: int
    p_min: float
    coupon: float
    rarest_seen: float
    all_collide: float
    floor: float
    chance: float

    def bounds(self, loss: np.ndarray) -> dict[str, np.ndarray]:
        """Upper bounds on L_sup^mu from L_un^N (nats): the paper's, and the sharp one of lecture 03."""
        sharp = (loss - self.all_collide * math.log(self.n_negatives + 1)) / self.rarest_seen
        if self.n_negatives == 1:
            return {"lemma1": loss / self.p_min + self.chance, "lemma1_without_log": loss / self.p_min, "sharp": sharp}
        return {"lemma2": loss / self.coupon, "sharp": sharp}

    def assert_hold(self, loss: float, supervised: float, where: str) -> None:
        """Raise unless L_sup^mu obeys every bound. They are theorems: a failure means that the evaluation is wrong."""
        for name, bound in self.bounds(np.float64(loss)).items():
            if not supervised <= bound + TOLERANCE * max(1.0, abs(bound)):
                raise ExperimentError(f"{where}: L_sup = {supervised!r} exceeds the bound {name} = {float(bound)!r}")
        if not loss >= self.floor - TOLERANCE:
            raise ExperimentError(f"{where}: L_un = {loss!r} lies below {self.floor!r}, which no embedding can")


def make_factors(rho: np.ndarray, n_negatives: int) -> Factors:
    rho = np.asarray(rho, dtype=float)
    return Factors(
        n_negatives,
        float(rho.min()),
        _all_seen(rho, n_negatives),
        -math.expm1(n_negatives * math.log1p(-rho.min())),
        float((rho ** (n_negatives + 1)).sum()),
        floor(rho, n_negatives),
        math.log(len(rho)),
    )


def _all_seen(rho: np.ndarray, draws: int) -> float:
    """Probability that the draws show every class, by inclusion and exclusion over the classes that are missed.

    The alternating sum is accurate to about 1e-12 for the few classes and many draws of the figures, not in general.
    """
    if draws < len(rho):
        return 0.0
    if len(rho) > MOST_CLASSES:
        raise ExperimentError(f"at most {MOST_CLASSES} classes, got {len(rho)}")
    return math.fsum(
        (-1) ** size * (1 - math.fsum(missed)) ** draws
        for size in range(len(rho) + 1)
        for missed in itertools.combinations(rho, size)
    )
