"""What the checks of unit 08 share: random networks and triplets, outputs, the device of every machine."""

import math

import numpy as np
import torch

from autograder.author import needs
from autograder.author.draw import tensor

CPU = needs("device == 'cpu'", {"an unknown device": {"device": "abacus"}})


def network(rng, m, d_x, d, n_hidden, dtype=torch.float64):
    """Random parameters at the scale of the theory's initialisation."""
    return {
        "A": tensor(rng, m, d_x, scale=math.sqrt(2 / m), dtype=dtype),
        "W": [tensor(rng, m, m, scale=math.sqrt(2 / m), dtype=dtype) for _ in range(n_hidden)],
        "B": tensor(rng, d, m, scale=math.sqrt(1 / d), dtype=dtype),
    }


def triplet(rng, n, d, **how):
    """Anchors, positives and negatives."""
    return tuple(tensor(rng, n, d, **how) for _ in range(3))


def forward(params, x):
    """Outputs (n, d) of a network of section 4."""
    for matrix in (params["A"], *params["W"]):
        x = (x @ matrix.T).clamp(min=0)
    return x @ params["B"].T


def vectors(rng, d, scale=0.8):
    """The outputs of one triplet, (d,) each."""
    return tuple(scale * rng.normal(size=(3, d)))


VECTORS = needs(
    "np.shape(z1) == np.shape(z2) == np.shape(z3) == (np.size(z1),) and np.size(z1) and np.isfinite([z1, z2, z3]).all()",
    {
        "vectors of another length": {"z2": lambda z: np.append(z, 0.5)},
        "z3 too short": {"z3": lambda z: z[:-1]},
        "NaN in z1": {"z1": lambda z: z * math.nan},
        "an infinite z2": {"z2": lambda z: z * math.inf},
        "matrices": {name: lambda z: z[None] for name in ("z1", "z2", "z3")},
        "empty vectors": {name: lambda z: z[:0] for name in ("z1", "z2", "z3")},
    },
)
