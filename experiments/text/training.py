"""One recurrent encoder for sentences, and two ways to train it: with labels, and with pairs of one article."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from experiments.running import ExperimentError
from experiments.text.words import PADDING

DIM = 64
Sentences = Sequence[Sequence[int]]  # of each article the numbers of its sentences


class Encoder(torch.nn.Module):
    """Rows of word numbers (n, L) -> (n, DIM): a GRU over the words' vectors, its states averaged over the words."""

    def __init__(self, vectors: torch.Tensor, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.gru = torch.nn.GRU(vectors.shape[1], DIM, batch_first=True)
        self.vectors = torch.nn.Parameter(vectors.clone())

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        there = rows != PADDING
        rows = rows[:, : int(there.sum(dim=1).max())]
        states, _ = self.gru(F.embedding(rows, self.vectors))
        there = there[:, : rows.shape[1], None]
        return (states * there).sum(dim=1) / there.sum(dim=1)


@torch.no_grad()
def embed(encoder: Encoder, rows: torch.Tensor, block: int = 1000) -> torch.Tensor:
    """(n, DIM) on the CPU."""
    device = encoder.vectors.device
    return torch.cat([encoder(part.to(device)) for part in rows.split(block)]).cpu()


@dataclass(frozen=True)
class Method:
    """How an encoder is trained. kind: "supervised" or "unsupervised"; for the latter the negatives of an anchor, the
    sentences of a block, and the pairs of a step; vectors: where the word vectors start, "ppmi" or "random"."""

    kind: str
    negatives: int = 1
    block: int = 1
    pairs: int = 64
    vectors: str = "ppmi"

    @property
    def groups(self) -> int:
        """A step's pairs are cut into groups; in each, an anchor's negatives are the positives of the others."""
        return max(1, round(self.pairs / (self.negatives + 1)))


def train(
    method: Method,
    functions: dict[str, Callable],
    rows: torch.Tensor,
    articles: Sentences,
    vectors: torch.Tensor,
    *,
    seed: int,
    steps: int,
    lr: float,
    look: Callable[[int, Encoder], None] = lambda step, encoder: None,
    device: str = "cpu",
) -> Encoder:
    """An encoder trained on the sentences `articles` of `rows`. `look` is called with the step before the first one and
    after each. Raises ExperimentError where the loss is no longer finite."""
    encoder = Encoder(vectors, seed).to(device)
    head = torch.zeros(DIM, len(articles), requires_grad=True, device=device)
    parameters = [*encoder.parameters(), *([head] if method.kind == "supervised" else [])]
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=True)
    generator = torch.Generator().manual_seed(seed)
    value = labelled(rows, articles, head, 2 * method.pairs) if method.kind == "supervised" else unlabelled(
        method, functions, rows, articles
    )  # fmt: skip
    rows = rows.to(device)
    look(0, encoder)
    for step in range(1, steps + 1):
        loss = value(encoder, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0 and not torch.isfinite(loss):
            raise ExperimentError(f"{method} diverged: its loss is {loss.item()} at step {step}; try an lr below {lr}")
        look(step, encoder)
    return encoder


def labelled(rows: torch.Tensor, articles: Sentences, head: torch.Tensor, batch: int) -> Callable:
    """The cross-entropy of a linear head, on sentences drawn uniformly from all."""
    members = torch.tensor([i for article in articles for i in article])
    classes = torch.tensor([c for c, article in enumerate(articles) for _ in article])

    def value(encoder: Encoder, generator: torch.Generator) -> torch.Tensor:
        chosen = torch.randint(len(members), (batch,), generator=generator)
        device = head.device
        return F.cross_entropy(encoder(rows[members[chosen]].to(device)) @ head, classes[chosen].to(device))

    return value


def unlabelled(method: Method, functions: dict[str, Callable], rows: torch.Tensor, articles: Sentences) -> Callable:
    """The notebook's contrastive loss of f(x) and f(x+), or of f(x) and f on a block of sentences, which the loss averages."""
    size, given = method.negatives + 1, [torch.tensor(article) for article in articles]
    loss = functions["quick_thoughts_loss"]

    def value(encoder: Encoder, generator: torch.Generator) -> torch.Tensor:
        n = size * method.groups
        if method.block == 1:
            drawn = functions["sentence_pairs"](given, n, generator)
        else:
            drawn = functions["sentence_blocks"](given, n, method.block, generator)
        z = encoder(rows[drawn.flatten()].to(encoder.vectors.device)).view(*drawn.shape, -1)
        anchors, positives = z[:, 0], z[:, 1:] if method.block > 1 else z[:, 1]
        parts = zip(anchors.split(size), positives.split(size), strict=True)
        return torch.stack([loss(a, b) for a, b in parts]).mean()

    return value
