"""A small convolutional network for pictures, a mean of n-gram vectors for captions, and the captions of a concept."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

import numpy as np
import torch

from experiments.running import ExperimentError

DIM = 64
BUCKETS = 2**13  # of the n-grams' hash
LENGTHS = (3, 4, 5)  # of an n-gram, in letters; whole words count too
SHIFT = 2  # pixels by which a picture is moved in training


def grams(text: str) -> list[int]:
    """Buckets of a text's words and of their n-grams: <cat> has <cat>, <ca, cat, at>, ..."""
    found = []
    for word in text.lower().split():
        marked = f"<{word}>"
        pieces = {marked, *(marked[i : i + n] for n in LENGTHS for i in range(len(marked) - n + 1))}
        found += [zlib.crc32(piece.encode()) % BUCKETS for piece in sorted(pieces)]
    return found


class ImageTower(torch.nn.Sequential):
    """(n, 3, 32, 32) in [0, 1] -> (n, DIM)."""

    def __init__(self):
        layers, channels = [], (3, 16, 32, 64)
        for before, after in itertools.pairwise(channels):
            layers += [torch.nn.Conv2d(before, after, 3, stride=2, padding=1), torch.nn.ReLU()]
        super().__init__(*layers, torch.nn.Flatten(), torch.nn.Linear(64 * 16, DIM))


class TextTower(torch.nn.Module):
    """Texts -> (n, DIM): the mean of the vectors of their n-grams. So a text is the weighted mean of its words."""

    def __init__(self):
        super().__init__()
        self.bag = torch.nn.EmbeddingBag(BUCKETS, DIM, mode="mean")

    def forward(self, bags: Sequence[Sequence[int]]) -> torch.Tensor:
        empty = next((i for i, bag in enumerate(bags) if not bag), None)
        if empty is not None:
            raise ExperimentError(f"caption {empty} of the batch has no words")
        device = self.bag.weight.device
        starts = torch.tensor([0, *(len(bag) for bag in bags[:-1])]).cumsum(dim=0)
        return self.bag(torch.tensor([g for bag in bags for g in bag]).to(device), starts.to(device))


def make_towers(seed: int, device: str) -> tuple[ImageTower, TextTower]:
    """The same seed gives the same weights; the global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        images, texts = ImageTower(), TextTower()
    return images.to(device, memory_format=torch.channels_last), texts.to(device)


def ready(images: np.ndarray, device: str) -> torch.Tensor:
    """Pictures (n, 32, 32, 3) uint8 -> (n, 3, 32, 32) in [0, 1]."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


def moved(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture shifted by up to SHIFT pixels either way; what comes in at the border is white."""
    side = images.shape[-1]
    padded = torch.nn.functional.pad(images, [SHIFT] * 4, value=1.0)
    down, right = torch.randint(0, 2 * SHIFT + 1, (2, len(images)), generator=generator).to(images.device)
    along = torch.arange(side, device=images.device)
    rows = (down[:, None] + along)[:, None, :, None]
    columns = (right[:, None] + along)[:, None, None, :]
    which = torch.arange(len(images), device=images.device)[:, None, None, None]
    return padded[which, torch.arange(3, device=images.device)[None, :, None, None], rows, columns]


class Captions:
    """What is said of each concept: its name, and its tags. withheld: words that are taken out of all of it."""

    def __init__(self, concepts: Sequence[dict], withheld: Sequence[str] = ()):
        kept = lambda text: " ".join(w for w in text.lower().split() if w not in withheld)  # noqa: E731
        self.names = [grams(kept(c["name"])) for c in concepts]
        self.tags = [[found for tag in c["tags"] if (found := grams(kept(tag)))] for c in concepts]

    def drawn(self, concepts: Sequence[int], mixed: bool, rng: np.random.Generator) -> list[list[int]]:
        """A caption of each: its name; or, if mixed and there are tags, in half of the cases one to three of its tags, and in
        a quarter its name and a tag."""
        bags = []
        for concept in concepts:
            name, tags, chance = self.names[concept], self.tags[concept], rng.random()
            if tags and (not name or (mixed and chance < 0.75)):
                some = rng.permutation(len(tags))[: 1 if chance < 0.25 else rng.integers(1, 4)]
                said = [gram for tag in some for gram in tags[tag]]
                bags.append(name + said if chance < 0.25 else said)
            else:
                bags.append(name)
        return bags
