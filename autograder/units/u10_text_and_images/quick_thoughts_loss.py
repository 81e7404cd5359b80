"""quick_thoughts_loss: what its check looks at.

Blind inputs avoided: rows of equal length (hide the cosine), symmetric scores (hide who asks), blocks of one sentence.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs
from autograder.author.draw import larger_sizes, strided, tensor

FITS = needs(
    "a.ndim == 2 and a.numel() > 0 and b.ndim in (2, 3) and b.numel() > 0 and (len(b), b.shape[-1]) == (len(a), a.shape[-1])",
    {
        "batch sizes that differ": {"b": lambda b: b[:-1]},
        "dimensions that differ": {"b": lambda b: b[..., :-1]},
        "an empty batch": {"a": lambda a: a[:0], "b": lambda b: b[:0]},
        "empty blocks": {"b": lambda b: b[:, None][:, :0]},
        "candidates of one axis": {"b": lambda b: b[:, 0]},
    },
)
NUMBERS = needs(
    "not (a.isnan().any() or b.isnan().any())",
    {
        "NaN in the anchors": {"a": lambda a: a * math.nan},
        "NaN in the candidates": {"b": lambda b: b * math.nan},
        "NaN in a block": {"b": lambda b: torch.stack([b, b * math.nan], dim=1)},
    },
)

exercise = Exercise(
    "quick_thoughts_loss",
    refuses=(FITS, NUMBERS),
    hints={
        "values": (
            "With all rows of b equal every candidate is as likely as the others: the loss is ln B.",
            "Scores: a @ b.T, one row an anchor; the right column of row i is i.",
            "Blocks: average the embeddings of each block first. The averages are the candidates.",
        ),
        "gradient": ("Stay in torch from the inputs to the answer: no .item(), .detach(), .numpy().",),
        "stability": ("exp(1000) is infinite: `F.cross_entropy` or `logsumexp` on the scores.",),
        "properties": ("A block is its average: the order inside it, and repeating it, change nothing.",),
        "bad input": ("`validate.candidates(a, b=b)` for blocks, `validate.batch(a=a, b=b)` for what is left.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("B = 5, d = 3", (tensor(rng, 5, 3), tensor(rng, 5, 3)), grad=(0, 1))
    yield Case("B = 4, d = 6", (tensor(rng, 4, 6), tensor(rng, 4, 6)), grad=(0, 1))
    yield Case("blocks of 3, B = 4, d = 2", (tensor(rng, 4, 2), tensor(rng, 4, 3, 2, scale=1.5)), grad=(0, 1))
    yield Case("blocks of 4, B = 3, d = 5", (tensor(rng, 3, 5), tensor(rng, 3, 4, 5)))
    yield Case("blocks of 1", (tensor(rng, 6, 2), tensor(rng, 6, 1, 2)))
    yield Case("float32", (tensor(rng, 5, 4).float(), tensor(rng, 5, 2, 4).float()), grad=(0,))
    yield Case("not contiguous", (strided(tensor(rng, 4, 3)), strided(tensor(rng, 4, 2, 3))))
    yield Case(
        "scores of thousands",
        (tensor(rng, 4, 3, scale=70.0), tensor(rng, 4, 3, scale=70.0)),
        part="stability",
        grad=(0,),
    )
    yield Case(
        "blocks, scores of thousands",
        (tensor(rng, 3, 2, scale=90.0), tensor(rng, 3, 2, 2, scale=90.0)),
        part="stability",
    )
    yield from exercise.bad_inputs(tensor(rng, 4, 3), tensor(rng, 4, 3))
    batch, block, dim = larger_sizes(rng, 3, high=30)
    args = tensor(rng, batch, dim), tensor(rng, batch, block, dim, scale=1.5)
    yield Case("larger blocks", args, grad=(0, 1), public=False)
    batch, dim = larger_sizes(rng, 2, high=30)
    yield Case(
        "a larger batch", (tensor(rng, batch, dim), tensor(rng, batch, dim, scale=0.5)), grad=(0, 1), public=False
    )


@exercise.property(
    "the order inside a block, and saying every sentence twice, change nothing; nor does the order of the pairs"
)
def order(f, rng):
    a, b = tensor(rng, 4, 3), tensor(rng, 4, 3, 3)
    value = f(a, b)
    inside, rows = torch.from_numpy(rng.permutation(3)), torch.from_numpy(rng.permutation(4))
    others = {
        "permuting a block": f(a, b[:, inside]),
        "repeating a block": f(a, b.repeat(1, 2, 1)),
        "permuting the pairs": f(a[rows], b[rows]),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-9]
    if changed:
        return f"{changed[0]} changed the loss"


def averages(b):
    """(the candidate as its own anchor sees it, as other anchors see it), once."""
    return [(b.mean(dim=1), b.mean(dim=1))]


def single_losses(b):
    return [(sentences, sentences) for sentences in b.unbind(dim=1)]


def inner(a, b):
    return a @ b.T


def surprise(scores):
    return scores.logsumexp(dim=1) - scores.diagonal()


def itself(n):
    return torch.eye(n, dtype=torch.bool)


def against_others(scores):
    return scores.masked_fill(itself(len(scores)), -torch.inf).logsumexp(dim=1) - scores.diagonal()


def as_written(scores):
    return -(scores.exp().diagonal() / scores.exp().sum(dim=1)).log()


def choice_of_voices(a, b, voices, similar, cost):
    """The losses of the anchors, for each set of voices."""
    voices, losses = voices(b) if b.ndim == 3 else [(b, b)], []
    for own, other in voices:
        losses.append(cost(torch.where(itself(len(a)), similar(a, own), similar(a, other))))
    return losses


def sentence_scores(a, b, similar):
    """Of an anchor (row) with each sentence of each block: (B, B, m)."""
    blocks = b if b.ndim == 3 else b.unsqueeze(1)
    return torch.stack([similar(a, sentences) for sentences in blocks.unbind(dim=1)], dim=2)


def others_single(a, b, voices, similar, cost):
    own = similar(a, b.mean(dim=1) if b.ndim == 3 else b).diagonal()[:, None]
    rest = sentence_scores(a, b, similar).masked_fill(itself(len(a))[:, :, None], -torch.inf).flatten(1)
    return [torch.cat([own, rest], dim=1).logsumexp(dim=1) - own[:, 0]]


def among_all_sentences(a, b, voices, similar, cost):
    scores = sentence_scores(a, b, similar)
    own = scores.diagonal(dim1=0, dim2=1).T
    return [scores.flatten(1).logsumexp(dim=1) - own.mean(dim=1)]


def mass_of_the_block(a, b, voices, similar, cost):
    scores = sentence_scores(a, b, similar)
    own = scores.diagonal(dim1=0, dim2=1).T
    return [scores.flatten(1).logsumexp(dim=1) - own.logsumexp(dim=1)]


def loudest_sentence(a, b, voices, similar, cost):
    return [cost(sentence_scores(a, b, similar).amax(dim=2))]


@exercise.formula
def quick_thoughts_loss(
    a, b, *, choice=choice_of_voices, voices=averages, similar=inner, cost=surprise, pool=torch.mean
):
    return torch.stack([pool(losses) for losses in choice(a, b, voices, similar, cost)]).mean()


exercise.slip("positive missing below", cost=against_others).says(
    "The candidates are the other sentences of the batch.",
    "With all rows of b equal, is your loss ln B or ln (B - 1)?",
    "The anchor's own candidate is one of those that it chooses from: it stands in the denominator too.",
    "F.cross_entropy(scores, torch.arange(B)).",
)
exercise.slip("cosine", similar=lambda a, b: F.normalize(a, dim=1) @ F.normalize(b, dim=1).T).says(
    "Similarity is always the cosine.",
    "Double `a`: does your loss change? Should it?",
    "Scores are plain inner products, lengths included: a @ b.T.",
)
exercise.slip("losses averaged over the block", voices=single_losses).says(
    "A block's loss is the average of the losses of its sentences.",
    "What is averaged over a block, embeddings or losses?",
    "By Jensen's inequality your loss is never smaller than the right one: the average belongs inside, before the softmax.",
    "b.mean(dim=1), then the loss of a batch.",
)
exercise.slip("blocks for the positive only", voices=lambda b: [(b.mean(dim=1), b[:, 0])]).says(
    "Only the positive is a block; the other candidates are single sentences.",
    "Does your loss change when the second sentence of another anchor's block moves?",
    "Every candidate speaks with one voice, the average of its block, whose positive it may be.",
)
exercise.slip("the others of the batch as single sentences", choice=others_single).says(
    "The positive is the average of its block, and each sentence of the other blocks is a candidate by itself.",
    "Among how many candidates does your anchor choose?",
    "Among B, one average a block: not among 1 + (B - 1) m.",
    "b.mean(dim=1) for all blocks, then the loss of a batch.",
)
exercise.slip("all sentences are candidates", choice=among_all_sentences).says(
    "All B m sentences are candidates, and the losses of the own ones are averaged.",
    "With all sentences equal, is your loss ln B or ln (B m)?",
    "A block is one candidate: its average.",
    "b.mean(dim=1), then the loss of a batch.",
)
exercise.slip("probabilities of a block added up", choice=mass_of_the_block).says(
    "All B m sentences are candidates, and the anchor has found its block with any sentence of it.",
    "What is averaged over a block, embeddings or exponentials?",
    "Embeddings, before the softmax: a block is one candidate.",
    "b.mean(dim=1), then the loss of a batch.",
)
exercise.slip("the best sentence of a block", choice=loudest_sentence).says(
    "A block is as similar as its most similar sentence.",
    "Does your loss change when a sentence that is far from all anchors moves a little?",
    "All sentences of a block count alike: b.mean(dim=1).",
)
exercise.slip("the first sentence of a block", voices=lambda b: [(b[:, 0], b[:, 0])]).says(
    "The first sentence stands for its block.",
    "Does your loss change when the second sentence of a block moves?",
    "A block is its average: b.mean(dim=1).",
)
exercise.slip("averages of length 1", voices=lambda b: [(F.normalize(b.mean(dim=1), dim=1),) * 2]).says(
    "The average of a block is divided by its length.",
    "Is there a length in the question?",
    "Scores are inner products with the averages as they are.",
)
exercise.slip("block sums", voices=lambda b: [(b.sum(dim=1), b.sum(dim=1))]).says(
    "Adding up the sentences of a block is as good as averaging them.",
    "What happens to your scores when every sentence of a block is said twice?",
    "mean(dim=1), not sum(dim=1).",
)
exercise.slip("candidates ask for anchors", cost=lambda scores: surprise(scores.T)).says(
    "It does not matter which side chooses.",
    "Exchange a and b: does the right loss stay the same?",
    "An anchor chooses among the candidates: the softmax runs along a row of a @ b.T.",
)
exercise.slip("both directions", cost=lambda scores: (surprise(scores) + surprise(scores.T)) / 2).says(
    "A contrastive loss of a batch is symmetric.",
    "How many questions does the text ask for each row?",
    "One: the anchor chooses among the candidates. The symmetric loss is that of section 5.",
)
exercise.slip("sum", pool=torch.sum).says(
    "The loss of a batch is the sum over its anchors.",
    "With all rows of b equal, what should the loss be?",
    "ln B, not B ln B: the mean over the anchors.",
)
exercise.slip("scores divided by the root of d", similar=lambda a, b: a @ b.T / math.sqrt(a.shape[1])).says(
    "Inner products are divided by the root of the dimension, as in attention.",
    "Is there a temperature in the question?",
    "None: a @ b.T as it is.",
)
exercise.slip("exponentials first", cost=as_written).says(
    "The softmax can be computed as it is written.",
    "What is exp(1000) in float64?",
    "Infinite, and the quotient is NaN: subtract the largest score first, as `logsumexp` and `F.cross_entropy` do.",
)
exercise.slip("candidates without a gradient", similar=lambda a, b: a @ b.T.detach()).says(
    "Candidates are constants, only the anchors are trained.",
    "Which gradient reaches b?",
    "Both encoders are trained: no .detach().",
)

exercise.style("log-softmax", cost=lambda scores: -scores.log_softmax(dim=1).diagonal())


@exercise.accepted("cross-entropy")
def quick_thoughts_loss(a, b):
    candidates = b if b.ndim == 2 else torch.einsum("bmd->bd", b) / b.shape[1]
    return F.cross_entropy(torch.einsum("id,jd->ij", a, candidates), torch.arange(len(a)))


@exercise.accepted("averaged similarities: the mean of inner products is the inner product with the mean")
def quick_thoughts_loss(a, b):
    blocks = b if b.ndim == 3 else b.unsqueeze(1)
    scores = torch.einsum("id,jmd->ijm", a, blocks).mean(dim=2)
    return F.nll_loss(F.log_softmax(scores, dim=1), torch.arange(len(a)))


@exercise.accepted("an anchor at a time, validated by hand", guarded=False)
def quick_thoughts_loss(a, b):
    if b.ndim == 3 and b.shape[1] > 0:
        b = b.mean(1)
    if a.ndim != 2 or a.shape != b.shape or 0 in a.shape or torch.isnan(a).any() or torch.isnan(b).any():
        raise ValueError(f"{a.shape}, {b.shape}")
    total = 0
    for i in range(len(a)):
        scores = (b * a[i]).sum(1)
        total = total + torch.logsumexp(scores - scores[i], 0)
    return total / len(a)
