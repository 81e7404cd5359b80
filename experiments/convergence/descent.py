"""What lecture 08 shows of gradient descent on fixed triplets: `python -m experiments.convergence.descent FILE.npz`.

A learner writes this training in the exercise, so the lecture reads its numbers. About a minute on one core.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from experiments.running import written_whole

WIDTHS = {32: 1500, 128: 1500, 512: 500, 2048: 60, 4096: 30}  # width -> steps
DELTAS = (0.7, 0.5, 0.35, 0.25, 0.18, 0.12)
ROWS = ("objective", "gradient", "smallest", "largest", "worst", "pull")


def new_network(m: int, d_x: int, d: int, generator: torch.Generator) -> list[torch.Tensor]:
    """[A, W, B], A and W from N(0, 2/m), B from N(0, 1/d)."""
    shapes = ((m, d_x, 2 / m), (m, m, 2 / m), (d, m, 1 / d))
    return [math.sqrt(v) * torch.randn(r, c, generator=generator, dtype=torch.float64) for r, c, v in shapes]


def encode(matrices, x):
    for w in matrices[:-1]:
        x = F.relu(x @ w.T)
    return x @ matrices[-1].T


def vectors(z):
    """The gradient of the objective in the outputs z (3n, d), and sigma(t) (n,)."""
    z1, z2, z3 = z.chunk(3)
    s = torch.sigmoid((z1 * (z3 - z2)).sum(1))
    return torch.cat([s[:, None] * (z3 - z2), -s[:, None] * z1, s[:, None] * z1]), s


def descend(matrices, x, lr: float, steps: int):
    """Matrices after `steps` steps, and the histories ROWS (6, steps + 1)."""
    matrices, rows = [w.clone().requires_grad_() for w in matrices], []
    for step in range(steps + 1):
        z = encode(matrices, x)
        z1, z2, z3 = z.chunk(3)
        losses = F.softplus((z1 * (z3 - z2)).sum(1))
        with torch.no_grad():
            (gradient, s), norms = vectors(z), z.norm(dim=1)
            rows.append([losses.sum(), gradient.norm(), norms.min(), norms.max(), losses.max(), s.mean()])
        if step < steps:
            for w, slope in zip(matrices, torch.autograd.grad(losses.sum(), matrices), strict=True):
                w.data -= lr * slope
    return [w.detach() for w in matrices], np.array([[float(v) for v in row] for row in rows]).T


def kernel(matrices, x) -> np.ndarray:
    """K = J J^T of all outputs by all parameters."""
    slopes = torch.func.jacrev(lambda ws: encode(ws, x))(tuple(matrices))
    jacobian = torch.cat([s.reshape(len(x) * len(matrices[-1]), -1) for s in slopes], dim=1)
    return (jacobian @ jacobian.T).numpy()


def kernel_rows(matrices, x, steps) -> np.ndarray:
    """For each step: smallest and largest eigenvalue of K, Rayleigh quotient of K in the gradient G, |G|^2, objective,
    mean s, mean of |g|^2."""
    m, done, rows = len(matrices[0]), 0, []
    for step in steps:
        matrices, _ = descend(matrices, x, 1 / m, step - done)
        done, z, k = step, encode(matrices, x), kernel(matrices, x)
        (g, s), spectrum = vectors(z), np.linalg.eigvalsh(k)
        flat, objective = g.flatten().numpy(), F.softplus(torch.logit(s)).sum()
        square = flat @ flat
        rows.append(
            [spectrum[0], spectrum[-1], flat @ k @ flat / square, square, objective, s.mean(), square / (s**2).sum()]
        )
    return np.array([[float(v) for v in row] for row in rows])


def nearby(points, delta: float, generator):
    """Unit vectors at distance delta from the given ones, in random directions."""
    side = torch.randn(points.shape, generator=generator, dtype=points.dtype)
    side = F.normalize(side - (side * points).sum(1, keepdim=True) * points, dim=1)
    angle = 2 * math.asin(delta / 2)
    return math.cos(angle) * points + math.sin(angle) * side


def separations(seed: int) -> list[int]:
    """Steps until the mean loss of 8 triplets is 0.1, for each delta between positive and negative."""
    generator = torch.Generator().manual_seed(seed)
    start = [w.float() for w in new_network(256, 10, 10, generator)]
    x, x_plus = (F.normalize(torch.randn(8, 10, generator=generator), dim=1) for _ in range(2))
    state, counts = generator.get_state(), []
    for delta in DELTAS:
        generator.set_state(state)  # the same directions for every delta
        rows = descend(start, torch.cat([x, x_plus, nearby(x_plus, delta, generator)]), 1 / 256, 420)[1]
        counts.append(int(np.argmax(rows[0] < 0.8)))
    return counts


def numbers() -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(1)
    x = F.normalize(torch.randn(30, 10, generator=generator, dtype=torch.float64), dim=1)
    found = {"delta": torch.pdist(x).min().numpy(), "deltas": np.array(DELTAS)}
    for m, steps in WIDTHS.items():
        start = [w.float() for w in new_network(m, 10, 10, torch.Generator().manual_seed(m))]
        kept = np.unique(
            np.concatenate([np.arange(min(61, steps + 1)), np.geomspace(1, steps + 1, 80).astype(int) - 1])
        )
        rows = descend(start, x.float(), 1 / m, steps)[1]
        found[f"steps_{m}"], found[f"rows_{m}"] = kept, rows[:, kept].astype(np.float32)
    start = new_network(128, 10, 10, torch.Generator().manual_seed(128))
    found["kernel_steps"] = np.array([0, 5, 10, 15, 20, 100, 1000])
    found["kernel"] = kernel_rows(start, x, found["kernel_steps"])
    found["separation_steps"] = np.array([separations(seed) for seed in range(3)])
    return found


def main(path: Path) -> None:
    written_whole(path, lambda temporary: np.savez_compressed(temporary, **numbers()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
