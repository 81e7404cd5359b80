"""What the checks of unit 05 share: the masks of a batch of two views, and a floor that lets gradients through."""

import torch


def itself(n):
    """Mask (n, n) of the stacked views: each row's own entry."""
    return torch.eye(n, dtype=torch.bool)


def partner(n):
    """The entry of the other view of its image."""
    return itself(n).roll(n // 2, dims=1)


def leaking(mass, least):
    return mass + (torch.maximum(mass, least) - mass).detach()
