"""Random inputs of unit 09: images, modules as plain tensors, rows of length 1."""

import torch

from autograder.author.draw import tensor


def images(rng, n, c, h, w, dtype=torch.float32):
    return torch.from_numpy(rng.uniform(size=(n, c, h, w))).to(dtype)


def seeded(rng):
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


def network(rng, m, d, dtype=torch.float64, buffers=True):
    """The tensors of a linear layer (m, d) and a batch norm, as the driver of `momentum_update` wants them."""
    parameters = {
        "layer.weight": tensor(rng, m, d, dtype=dtype),
        "layer.bias": tensor(rng, m, dtype=dtype),
        "norm.weight": tensor(rng, m, dtype=dtype),
    }
    if not buffers:
        return {"parameters": parameters, "buffers": {}}
    mean, count = tensor(rng, m, dtype=dtype), torch.tensor(int(rng.integers(5, 100)))
    return {"parameters": parameters, "buffers": {"norm.running_mean": mean, "norm.num_batches_tracked": count}}
