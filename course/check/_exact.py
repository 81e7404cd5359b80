"""Exact losses of an empirical class law, without sampling: every anchor, every positive, every draw of negatives.

Private: `course.check` and `experiments` compute with it; for a learner it would be an answer.

For fixed anchor x and positive x+ the numbers X_i = e^{f(x).(f(x_i) - f(x+))} are independent with one law, so

    E ln(1 + sum_i X_i) = int_0^inf (e^{-t} / t) (1 - (E e^{-tX})^N) dt.

Substitute t = e^{v + f(x).f(x+)}. Then all positives of an anchor share one integral, and with s(y) = f(x).f(y)

    E = int P(v) (1 - (1 - M(v))^N) dv,   P(v) = mean over y in the class of x of e^{-T},   T = e^{v + s(y)},
                                          M(v) = mean over all y of 1 - e^{-T}.

The plain trapezoidal sum with step h has an error of order e^{-pi^2/h} (lecture 03). With h = ln(2)/2 every second node
doubles T, and D = 1 - e^{-T} moves on by D -> D (2 - D): two multiplications in place of two exponentials. Left of
T = 1/2 a Taylor polynomial in e^v does the same from a few moments. So the cost is n^2 times about a hundred, any N.

Where the inner products of an anchor spread over more than about 700, e^{v + s} is 0 in floating point long before its
turn comes, and doubling 0 leaves 0. So D is computed afresh every RESTART doublings: in between v grows by less than 180,
and what was below e^{-745} at the start is still below e^{-560}, which counts as 0.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from course.threads import one_thread

STEP = math.log(2) / 2  # error about e^{-pi^2 / STEP} = 4e-13
TAIL = 24.0  # what is cut off at either end is below e^-24 = 4e-11
RESTART = 256  # doublings between two direct evaluations of 1 - e^{-T}
ORDER = 14  # Taylor terms: for T <= 1/2 the first one left out is below 2^-15 / 15! = 3e-17
LARGEST_RANGE = 2000.0  # of the inner products of one anchor; beyond it nothing is learnt, training has diverged
ENTRIES = {"cpu": 2**19, "cuda": 2**23}  # of one block: about what fits into a cache, and into 0.5 GB


class Diverged(ValueError):
    """Embeddings of a training that has diverged."""


def unsupervised_losses(z: torch.Tensor, counts: Sequence[int], negatives: Sequence[int]) -> np.ndarray:
    """L_un^N for each N in `negatives`, in nats, shape (len(negatives),), absolute error below 1e-9.

    z (n, d): embeddings sorted by class, the first counts[0] rows of class 0, and so on. Anchor and positive are drawn
    independently from one class (the positive may be the anchor), negatives independently from all n rows.
    Raises Diverged where the inner products are not finite or spread over more than 2000.
    """
    z = z.detach().double()
    blocks, start = [], 0
    for count in map(int, counts):
        rows = max(1, ENTRIES[z.device.type] // len(z))
        blocks += [(first, min(first + rows, start + count), start, start + count)
                   for first in range(start, start + count, rows)]  # fmt: skip
        start += count
    if start != len(z):
        raise ValueError(f"counts sum to {start}, but z has {len(z)} rows")
    tasks = [(z, block, tuple(negatives)) for block in blocks]
    return sum(_spread(tasks, z.device.type)) / len(z)


def _spread(tasks: list, kind: str) -> list[np.ndarray]:
    """The blocks one after the other on a GPU; on a CPU each in one of as many threads as there are processors."""
    if kind != "cpu":
        return [_block(*task) for task in tasks]
    with one_thread(), ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # a block is too small to be shared
        return list(pool.map(lambda task: _block(*task), tasks))  # in order: sums do not depend on the threads


def _block(z: torch.Tensor, block: tuple[int, int, int, int], negatives: tuple[int, ...]) -> np.ndarray:
    """Sums over the anchors first..last of one class [start, end) of the integral above, one for each N."""
    first, last, start, end = block
    s = z[first:last] @ z.T
    s -= s.max(dim=1, keepdim=True).values  # shifts v by a constant for each anchor; now T <= e^v
    lowest = float(s[:, start:end].min())
    if not math.isfinite(lowest) or lowest < -LARGEST_RANGE:
        raise Diverged(f"the inner products of one anchor spread over {-lowest:.3g}: the training has diverged")
    left = math.ceil((TAIL + math.log(max(negatives))) / STEP)  # nodes v_j = ln(1/2) + j STEP, -left <= j <= 2 right
    right = math.ceil((math.log(TAIL) - lowest + math.log(2)) / (2 * STEP))
    sums = _add(*_by_moments(s, start, end, left), negatives)
    for offset in (1, 2):
        sums = sums + _add(*_by_doubling(s, start, end, right, math.log(0.5) + offset * STEP), negatives)
    return STEP * sums


def _by_moments(s: torch.Tensor, start: int, end: int, left: int) -> tuple[torch.Tensor, torch.Tensor]:
    """P and M, each (nodes, anchors), at the nodes v <= ln(1/2), from the moments of e^s."""
    power = unit = torch.exp(s)
    own, every = [torch.ones_like(s[:, 0])], [torch.zeros_like(s[:, 0])]
    sign = 1.0
    for order in range(1, ORDER + 1):
        sign *= -1.0 / order  # (-1)^order / order!
        own.append(sign * power[:, start:end].mean(dim=1))
        every.append(-sign * power.mean(dim=1))
        power = power * unit
    v = math.log(0.5) - STEP * torch.arange(left, -1, -1, dtype=s.dtype, device=s.device)
    powers = torch.exp(v[:, None] * torch.arange(ORDER + 1, dtype=s.dtype, device=s.device))
    return powers @ torch.stack(own), powers @ torch.stack(every)


def _by_doubling(s: torch.Tensor, start: int, end: int, nodes: int, v: float) -> tuple[torch.Tensor, torch.Tensor]:
    """P and M, each (nodes, anchors), at v, v + 2 STEP, v + 4 STEP, ...: T doubles from node to node."""
    own, every, rest = s.new_empty(nodes, len(s)), s.new_empty(nodes, len(s)), torch.empty_like(s)
    for node in range(nodes):
        if node % RESTART == 0:
            seen = torch.exp(s + (v + node * math.log(2))).neg_().expm1_().neg_()  # D = 1 - e^{-T}
        torch.mean(seen, dim=1, out=every[node])
        torch.mean(seen[:, start:end], dim=1, out=own[node])
        torch.sub(2.0, seen, out=rest)
        seen.mul_(rest)
    return 1 - own, every


def _add(own: torch.Tensor, every: torch.Tensor, negatives: tuple[int, ...]) -> np.ndarray:
    """Sum over nodes and anchors of P (1 - (1 - M)^N), for each N, accurate where M is tiny."""
    log_unseen = torch.log1p(-every.clamp(max=1.0))  # -inf where every negative is seen: the power is then 0
    return np.array([float((own * -torch.expm1(count * log_unseen)).sum()) for count in negatives])


def supervised_loss(z: torch.Tensor, counts: Sequence[int]) -> float:
    """L_sup^mu over all classes, in nats: the cross-entropy of the scores f(x).mu_c, on rows sorted by class."""
    z = z.detach().double()
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.as_tensor(np.asarray(counts))).to(z.device)
    means = torch.stack([part.mean(dim=0) for part in z.split([int(count) for count in counts])])
    return float(torch.nn.functional.cross_entropy(z @ means.T, labels))


def norms(z: torch.Tensor) -> tuple[float, float]:
    """Smallest and largest Euclidean norm of the rows."""
    lengths = torch.linalg.vector_norm(z.detach().double(), dim=1)
    return float(lengths.min()), float(lengths.max())


def floor(rho: np.ndarray, n_negatives: int) -> float:
    """E ln(1 + Binomial(N, rho_c)), nats: no embedding has a smaller L_un^N, for negatives of the anchor's class cost ln 2."""
    return float(sum(p * _log_collisions(p, n_negatives) for p in np.asarray(rho, dtype=float)))


def _log_collisions(p: float, draws: int) -> float:
    """E ln(1 + m) for m ~ Binomial(draws, p)."""
    chances = [math.comb(draws, m) * p**m * (1 - p) ** (draws - m) for m in range(draws + 1)]
    return math.fsum(chance * math.log1p(m) for m, chance in enumerate(chances))
