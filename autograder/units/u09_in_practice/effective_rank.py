"""effective_rank: what its check looks at.

Blind spots to keep out: equal singular values (every definition gives the count), centred embeddings.
"""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, batch, needs
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "effective_rank",
    refuses=(
        batch(z="the embeddings"),
        needs("bool((z != 0).any())", {"embeddings that are all 0": {"z": lambda z: 0 * z}}),
    ),
    hints={
        "values": (
            "All rows equal: the rank is 1. An orthogonal matrix: the rank is its number of columns.",
            "`torch.linalg.svdvals(z)`, divided by their sum; entropy; exponential.",
        ),
        "stability": ("0 ln 0 counts as 0: `torch.special.entr` or `torch.xlogy` know that.",),
        "bad input": ("`validate.batch(z=z)`, and embeddings that are all 0.",),
    },
)


def spread(rng, n, d, dtype=torch.float64):
    """Columns of many lengths, and a mean."""
    return ((tensor(rng, n, d) + 0.8 * tensor(rng, 1, d)) * (0.3 + 2 * tensor(rng, d).abs())).to(dtype)


@exercise.cases
def cases(rng):
    for n, d in ((5, 3), (3, 6), (8, 2), (4, 4), (1, 3)):
        yield Case(f"n = {n}, d = {d}", (spread(rng, n, d),), rtol=1e-7)
    yield Case("a scaled z", (1e4 * spread(rng, 4, 3),), rtol=1e-7)
    yield Case("float32", (spread(rng, 5, 3, torch.float32),), rtol=1e-3)
    yield Case("all rows equal", (torch.ones(5, 1, dtype=torch.float64) @ tensor(rng, 1, 3),), rtol=1e-6)
    yield Case("a coordinate that is 0", (spread(rng, 4, 3) * torch.tensor([1.0, 0, 1]),), part="stability", rtol=1e-6)
    yield from exercise.bad_inputs(spread(rng, 4, 3))
    yield Case("larger embeddings", (spread(rng, *larger_sizes(rng, 2)),), rtol=1e-7, public=False)


@exercise.property("rotating, scaling and repeating all rows changes nothing; orthonormal columns give d")
def invariance(f, rng):
    z = spread(rng, 11, 5)
    turned, _ = torch.linalg.qr(tensor(rng, 5, 5))
    value = f(z)
    for what, other in (("rotating", z @ turned), ("scaling", 7 * z), ("repeating", torch.cat([z, z]))):
        if abs(f(other) - value) > 1e-6:
            return f"{what} the rows changed the rank"
    frame, _ = torch.linalg.qr(tensor(rng, 11, 5))
    if abs(f(frame) - 5) > 1e-6:
        return "five orthonormal columns do not have rank 5"


@exercise.formula
def effective_rank(
    z,
    *,
    prepared=lambda z: z,
    weights=lambda values: values,
    share=lambda values: values / values.sum(),
    entropy=lambda p: torch.special.entr(p).sum(),
    number=torch.exp,
):
    return number(entropy(share(weights(torch.linalg.svdvals(prepared(z))))))


exercise.slip("centred", prepared=lambda z: z - z.mean(dim=0)).says(
    "A rank is taken of the covariance: embeddings are centred first.",
    "All rows equal: what is left after centring, and what is the rank of rounding errors?",
    "Leave the mean in: a collapsed encoder must have rank 1.",
)
exercise.slip("squared singular values", weights=torch.square).says(
    "The shares are those of the variances.",
    "Squares make the largest shares larger: your rank is too small.",
    "The singular values themselves sum to 1.",
)
exercise.slip("the entropy itself", number=lambda entropy: entropy).says(
    "The entropy is the rank.",
    "All rows equal: you get 0, and the rank is 1.",
    "Its exponential.",
)
exercise.slip("e to the bits", entropy=lambda p: torch.special.entr(p).sum() / math.log(2)).says(
    "e to an entropy in bits is the rank.",
    "Four equal singular values: the rank is 4. What do you get?",
    "In which unit is your entropy? `log2` goes with 2 to the entropy, `log` with `exp`.",
    "`exp` of minus the sum of p ln p.",
)
exercise.slip("the entropy in bits", number=lambda entropy: entropy / math.log(2)).says(
    "The entropy in bits is the rank.",
    "All rows equal: you get 0, and the rank is 1.",
    "The exponential of the entropy in nats.",
)
exercise.slip("one over the largest share", entropy=lambda p: -p.max().log()).says(
    "1 / the largest share is the rank.",
    "Do your values change when the smaller singular values move among themselves?",
    "All shares count: the exponential of minus the sum of p ln p.",
)
exercise.slip("a softmax for the shares", share=lambda values: values.softmax(dim=0)).says(
    "Shares are a softmax of the singular values.",
    "Multiply z by 2: your rank changes, and must not.",
    "Divide by the sum.",
)
exercise.slip("a power of 2", number=torch.exp2).says(
    "2 to the entropy gives the number of directions.",
    "In which unit is your entropy, nats or bits?",
    "Nats: e to the entropy.",
)
exercise.slip("the ordinary rank", entropy=lambda p: (p > 1e-9).double().sum().log()).says(
    "The effective rank counts the singular values that are not 0.",
    "A direction with 1 % of the spread: how much of a direction is it?",
    "The exponential of the entropy counts by weight.",
)
exercise.slip("participation ratio", entropy=lambda p: -p.square().sum().log()).says(
    "1 / sum p^2 is the exponential of the entropy.",
    "They agree when all shares are equal. Otherwise?",
    "Entropy: minus the sum of p ln p.",
)
exercise.slip("rows scaled to length 1", prepared=lambda z: z / z.norm(dim=1, keepdim=True)).says(
    "Embeddings are scaled to length 1 before anything else.",
    "Multiply one row by 5: your rank stays. Should it?",
    "The embeddings are taken as they are.",
)
exercise.slip("shares by the largest", share=lambda values: values / values[0]).says(
    "Shares are relative to the largest singular value.",
    "What do your shares sum to?",
    "Divide by the sum.",
)


@exercise.accepted("numpy")
def effective_rank(z):
    s = np.linalg.svd(z.double().numpy(), compute_uv=False)
    p = s[s > 0] / s.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


@exercise.accepted("a product of powers")
def effective_rank(z):
    p = torch.linalg.svdvals(z)
    p = p / p.sum()
    return torch.prod(p**-p)


@exercise.accepted("validated by hand", guarded=False)
def effective_rank(z):
    if z.ndim != 2 or z.numel() == 0 or bool(torch.isnan(z).any()) or not bool(z.any()):
        raise ValueError(f"z {tuple(z.shape)}")
    s = torch.linalg.svd(z, full_matrices=False).S
    return torch.distributions.Categorical(probs=s).entropy().exp()
