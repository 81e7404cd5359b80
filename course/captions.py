"""Painted digits and what is said of them: images with captions, the two small towers that embed them, and batches of pairs.

    images, tokens, digits, colours = painted_digits(512, seed=0)            # (512, 3, 8, 8), (512, 8), (512,), (512,)
    image_tower, text_tower = make_towers(seed=0)                            # networks to rows of DIM numbers
    for images, tokens in pair_batches(images, tokens, seed=0, n_steps=10): ...
    tokens = tokenize(["a red three"])                                       # (1, 8): numbers of words, 0 is no word

A caption names a digit and a colour in one of six templates. Some (digit, colour) pairs can be withheld.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from course import data
from course.training import make_encoder

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = {
    "red": (1.0, 0.15, 0.15),
    "green": (0.15, 0.9, 0.15),
    "blue": (0.2, 0.3, 1.0),
    "yellow": (1.0, 0.95, 0.1),
    "pink": (1.0, 0.2, 0.9),
    "white": (1.0, 1.0, 1.0),
}
NAMES = tuple(COLOURS)
TEMPLATES = (
    "a {colour} {digit}",
    "the digit {digit} in {colour}",
    "a {digit} painted {colour}",
    "{digit} , and it is {colour}",
    "the number {digit} is {colour}",
    "somebody wrote a {colour} {digit}",
)
WORDS = sorted({word for text in TEMPLATES for word in text.split() if "{" not in word} | {*DIGITS, *NAMES})
LENGTH = 8  # tokens of a caption, 0 where there is no word
DIM = 32
TRAINING = 1200  # the first images are for training; what stands behind them is other handwriting


def caption(digit: int, colour: int, template: int = 0) -> str:
    """One caption: "a red three" for digit 3, colour 0 (of NAMES), template 0."""
    return TEMPLATES[template].format(digit=DIGITS[digit], colour=NAMES[colour])


def tokenize(texts: Sequence[str]) -> torch.Tensor:
    """Captions as numbers of words from 1, padded with 0: (n, LENGTH) int64. ValueError for a word that is not in WORDS."""
    number = {word: i for i, word in enumerate(WORDS, 1)}
    rows = torch.zeros(len(texts), LENGTH, dtype=torch.int64)
    for row, text in zip(rows, texts, strict=True):
        words = text.split()
        unknown = [word for word in words if word not in number]
        if unknown or not 0 < len(words) <= LENGTH:
            raise ValueError(f"a caption has 1 to {LENGTH} of the words {', '.join(WORDS)}, got {text!r}")
        row[: len(words)] = torch.tensor([number[word] for word in words])
    return rows


def painted_digits(
    n: int, seed: int, *, withheld: Collection[tuple[int, int]] = (), only: bool = False, test: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """n of scikit-learn's digits in colour, and a caption of each.

    withheld  pairs (digit, colour) that do not occur; with `only` they are the ones that occur
    test      handwriting that is not in the training part
    Returns images (n, 3, 8, 8) float32, tokens (n, LENGTH), digits (n,), colours (n,): every pair that may occur is equally
    likely.
    """
    pairs = [(d, c) for d in range(len(DIGITS)) for c in range(len(NAMES)) if ((d, c) in set(withheld)) == only]
    if n < 1 or not pairs:
        raise ValueError(f"nothing to paint: n = {n}, {len(pairs)} pairs of digit and colour")
    rng = np.random.default_rng(seed)
    images, labels = data.load_digits()
    images, labels = (part[TRAINING:] if test else part[:TRAINING] for part in (images, labels))
    of = [np.flatnonzero(labels.numpy() == d) for d in range(len(DIGITS))]
    drawn = np.array(pairs)[rng.integers(len(pairs), size=n)]
    chosen = np.array([rng.choice(of[d]) for d in drawn[:, 0]])
    paint = torch.tensor(list(COLOURS.values()))[torch.from_numpy(drawn[:, 1])]
    texts = [caption(d, c, int(t)) for (d, c), t in zip(drawn, rng.integers(len(TEMPLATES), size=n), strict=True)]
    digits, colours = torch.from_numpy(drawn).long().unbind(dim=1)
    return images[chosen] * paint[:, :, None, None], tokenize(texts), digits, colours


class Words(torch.nn.Module):
    """Mean of the vectors of a caption's words: (n, LENGTH) numbers of words -> (n, dim). 0 is no word."""

    def __init__(self, dim: int):
        super().__init__()
        self.vectors = torch.nn.Parameter(torch.randn(len(WORDS) + 1, dim, dtype=torch.float32))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        spoken = (tokens > 0).to(self.vectors.dtype).unsqueeze(2)
        return (self.vectors[tokens] * spoken).sum(dim=1) / spoken.sum(dim=1)


def make_towers(seed: int) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The two encoders before training: images (n, 3, 8, 8) -> (n, DIM), tokens (n, LENGTH) -> (n, DIM).

    The same seed gives the same weights; the global random state is left alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        text = torch.nn.Sequential(Words(DIM), torch.nn.Linear(DIM, DIM, dtype=torch.float32))
    return make_encoder((3, 8, 8), seed, DIM), text


def pair_batches(
    images: torch.Tensor,
    tokens: torch.Tensor,
    seed: int,
    n_steps: int,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """n_steps batches of min(batch, n) different pairs (images, tokens): what they hold depends on the seed alone."""
    images, tokens = images.to(device, torch.float32), tokens.to(device)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        chosen = torch.randperm(len(images), generator=generator)[:batch].to(device)
        yield images[chosen], tokens[chosen]


@torch.no_grad()
def outputs(tower: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Rows of length 1 (n, DIM), on the CPU."""
    weights = next(tower.parameters())
    inputs = inputs.to(weights.device, weights.dtype if inputs.is_floating_point() else inputs.dtype)
    return F.normalize(tower(inputs), dim=1).cpu()
