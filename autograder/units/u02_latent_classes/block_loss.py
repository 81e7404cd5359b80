"""block_loss: what its check looks at. Blocks of 1 to 5 points that vary inside, d not b, all float types."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, bad_input, candidates
from autograder.author.draw import larger_sizes, strided, tensor

exercise = Exercise(
    "block_loss",
    refuses=(candidates("anchor", positives="the positives", negatives="the negatives"),),
    hints={
        "values": (
            "Average the embeddings of each block first; there is one margin and one loss per anchor.",
            "The exponent of anchor i is a_i . (mean of its negatives - mean of its positives).",
            "F.softplus(logits).mean(), with the block averages taken over dim=1.",
        ),
        "gradient": ("Stay in torch from the inputs to the answer: no .item(), .detach(), .numpy().",),
        "stability": (
            "A clipped exponent gives a finite loss, but a wrong one: at u = 5000 the loss is 5000.",
            "ln(1 + e^u) = F.softplus(u) is finite for every u.",
        ),
        "bad input": ("validate.candidates(anchor, positives=positives, negatives=negatives) raises for all of it.",),
    },
)


def blocks(rng, batch, block, dim, dtype=torch.float64, scale=1.0):
    """Anchors (B, d), and positives and negatives (B, b, d)."""
    shapes = ((batch, dim), (batch, block, dim), (batch, block, dim))
    return tuple(tensor(rng, *shape, dtype=dtype, scale=scale) for shape in shapes)


@exercise.cases
def cases(rng):
    yield Case("B = 4, b = 3, d = 2", blocks(rng, 4, 3, 2), grad=(0, 1, 2))
    yield Case("B = 2, b = 5, d = 3", blocks(rng, 2, 5, 3), grad=(0, 1, 2))
    yield Case("b = 1", blocks(rng, 5, 1, 3))
    yield Case("one anchor", blocks(rng, 1, 4, 3))
    yield Case("B = b = d = 3, embeddings of norm about 3", blocks(rng, 3, 3, 3, scale=2.0), grad=(0,))
    yield Case("float32", blocks(rng, 4, 2, 3, torch.float32), grad=(1,))
    yield Case("float16", blocks(rng, 4, 2, 3, torch.float16))
    anchor, positives, negatives = blocks(rng, 4, 3, 2)
    yield Case("not contiguous", (strided(anchor), strided(positives), strided(negatives)))
    yield Case("identical rows", (anchor[:1].expand(4, 2).clone(), positives, negatives))
    big = blocks(rng, 3, 2, 4, scale=60.0)
    yield Case("logits of several thousand", big, part="stability", grad=(0, 2))
    one = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    block = torch.tensor([1.2e4, 3.0]).expand(2, 3, 2) * torch.tensor([0.5, 1.0, 1.5])[:, None]
    yield Case("logits of +-1.2e4, float32", (one, block, 0 * block), part="stability", grad=(0, 1))
    yield bad_input("blocks of different sizes", anchor, positives, negatives[:, :2])
    yield bad_input("positives without a block axis", anchor, positives[:, 0], negatives[:, 0])
    yield bad_input("another batch size", anchor[:3], positives, negatives)
    yield bad_input("another dimension", anchor[:, :1], positives, negatives)
    yield bad_input("empty batch", anchor[:0], positives[:0], negatives[:0])
    yield bad_input("empty block", anchor, positives[:, :0], negatives[:, :0])
    yield bad_input("NaN in the anchor", anchor * math.nan, positives, negatives)
    yield bad_input("NaN in the positives", anchor, torch.full_like(positives, math.nan), negatives)
    batch, block, dim = larger_sizes(rng, 3, high=30)
    yield Case("larger blocks", blocks(rng, batch, block, dim, scale=2 * dim**-0.25), grad=(0, 1, 2), public=False)


@exercise.property("the order inside a block, and repeating a block, change nothing")
def block_order(f, rng):
    anchor, positives, negatives = blocks(rng, 4, 3, 2)
    value = f(anchor, positives, negatives)
    order = torch.from_numpy(rng.permutation(3))
    if abs(f(anchor, positives[:, order], negatives) - value) > 1e-9:
        return "permuting the points of a block changed the loss"
    if abs(f(anchor, positives.repeat(1, 2, 1), negatives.repeat(1, 2, 1)) - value) > 1e-9:
        return "a block that holds each point twice has the same average, but the loss changed"


@exercise.property("never above the average loss of the single pairs (Jensen)")
def below_pairs(f, rng):
    for _ in range(5):
        anchor, positives, negatives = blocks(rng, 3, 4, 2)
        logits = torch.einsum("bd,bjd->bj", anchor, negatives - positives)
        if f(anchor, positives, negatives) > float(torch.logaddexp(logits, torch.zeros(())).mean()) + 1e-9:
            return "the loss of a block is larger than the average loss of its pairs, against Jensen's inequality"


def inner(anchor, points):
    return (anchor * points).sum(dim=-1)


def one_by_one(anchor, block):
    return inner(anchor[:, None], block)


@exercise.formula
def block_loss(
    anchor,
    positives,
    negatives,
    *,
    score=lambda anchor, block: inner(anchor, block.mean(dim=1)),
    joining=lambda anchor, positives: positives,
    match=torch.sub,
    sign=1,
    cost=F.softplus,
    pool=lambda losses, block: losses.mean(),
    unit=1.0,
):
    logits = match(score(anchor, negatives), score(anchor, joining(anchor, positives)))
    return pool(cost(sign * logits), positives.shape[1]) / unit


exercise.slip("losses averaged instead of embeddings", score=one_by_one).says(
    "The block loss is the average of the pair losses over the block.",
    "What is averaged over a block, embeddings or losses?",
    "The embeddings are: the average is taken inside the logarithm, before the exponential.",
    "Take positives.mean(dim=1) and negatives.mean(dim=1), then one logit per anchor.",
)
exercise.slip(
    "losses averaged over all pairs",
    score=one_by_one,
    match=lambda negative, positive: negative[:, None, :] - positive[:, :, None],
).says(
    "The block loss is the average of the losses of all b^2 pairs of a positive and a negative.",
    "What is averaged over a block, embeddings or losses?",
    "The embeddings are: the average is taken inside the logarithm, before the exponential.",
    "Take positives.mean(dim=1) and negatives.mean(dim=1), then one logit per anchor.",
)
exercise.slip(
    "only the negatives averaged",
    score=one_by_one,
    match=lambda negative, positive: negative.mean(dim=1, keepdim=True) - positive,
).says(
    "The negatives are averaged inside the logarithm; each positive has a loss of its own.",
    "Which embeddings are replaced by averages in the margin?",
    "Both: there is one margin, and one loss, for each anchor.",
)
exercise.slip(
    "only the positives averaged",
    score=one_by_one,
    match=lambda negative, positive: negative - positive.mean(dim=1, keepdim=True),
).says(
    "The positives are averaged inside the logarithm; each negative has a loss of its own.",
    "Which embeddings are replaced by averages in the margin?",
    "Both: there is one margin, and one loss, for each anchor.",
)
exercise.slip(
    "softmax over the negatives",
    score=one_by_one,
    match=lambda negative, positive: negative.logsumexp(dim=1) - positive.mean(dim=1),
).says(
    "The negatives of a block are b candidates of a softmax.",
    "How many negatives has the margin of an anchor?",
    "One, the average of its block: ln(1 + e^(-v)) with a single v for each anchor.",
    "Take negatives.mean(dim=1) before the inner product.",
)
exercise.slip(
    "every embedding of norm 1",
    score=lambda anchor, block: inner(F.normalize(anchor, dim=1), F.normalize(block, dim=2).mean(dim=1)),
).says(
    "Embeddings are scaled to norm 1 before anything else.",
    "Double the anchor: does your loss change? Should it?",
    "The margin holds plain inner products of the embeddings as they are.",
)
exercise.slip(
    "hardest negative", score=one_by_one, match=lambda negative, positive: negative.amax(dim=1) - positive.mean(dim=1)
).says(
    "Of the negatives of a block only the nearest one counts.",
    "Does your value change when another negative of the block moves a little?",
    "All b points count the same: negatives.mean(dim=1).",
)
exercise.slip("distances", score=lambda anchor, block: -((anchor - block.mean(dim=1)) ** 2).sum(dim=1)).says(
    "The score of a block is minus the squared distance of its average.",
    "What is the margin, by the statement?",
    "A difference of inner products: (anchor * positives.mean(dim=1)).sum(dim=1), less that of the negatives.",
)
exercise.slip(
    "divided by the root of d", score=lambda anchor, block: inner(anchor, block.mean(dim=1)) / anchor.shape[1] ** 0.5
).says(
    "Inner products are divided by the square root of the dimension.",
    "What is the margin, by the statement?",
    "The inner product of the anchor with the difference of the averages, whatever d is.",
)
exercise.slip("inner product as a mean", score=lambda anchor, block: (anchor * block.mean(dim=1)).mean(dim=1)).says(
    "An inner product is the mean of the d products.",
    "What is (1, 1) . (1, 1)?",
    "2: products are summed over the last axis, and only the blocks are averaged.",
)
exercise.slip("one loss for each anchor", pool=lambda losses, block: losses).says(
    "The losses of the anchors are returned one by one.",
    "How many numbers are asked for?",
    "One, the mean over the B anchors.",
)
exercise.slip("no graph", pool=lambda losses, block: losses.mean().detach()).says(
    "The value of the loss is enough: it need not be a tensor that can be differentiated.",
    "What will train the encoder?",
    "The gradient of this number: stay in torch, without .item(), .detach() or .numpy().",
)
exercise.slip("nothing refused", guarded=False).says(
    "Bad input never comes, so that nothing has to be refused.",
    "What should happen for an empty block, or for NaN?",
    "ValueError: validate.candidates(anchor, positives=positives, negatives=negatives) in the first line.",
)
exercise.slip(
    "averages of norm 1", score=lambda anchor, block: inner(anchor, F.normalize(block.mean(dim=1), dim=1))
).says(
    "The average of a block is scaled to norm 1.",
    "What happens to your loss when all positives are doubled?",
    "The margin uses the averages as they are: a block that scatters has a short average, and that is the point.",
)
exercise.slip("divided by the block size, too", pool=lambda losses, block: losses.mean() / block).says(
    "The loss of a batch is divided by B b, the number of its pairs.",
    "How many losses does your sum have?",
    "One for each anchor: B of them, not B b. The b points were averaged before.",
)
exercise.slip("hinge", cost=lambda logits: F.relu(1 + logits)).says(
    "The loss of a margin is the hinge.",
    "What is your value where all embeddings are 0?",
    "It is 1 there. The logistic loss pays ln(1 + e^0) = ln 2.",
)
exercise.slip("exponentials averaged", score=lambda anchor, block: inner(anchor[:, None], block).logsumexp(dim=1)).says(
    "A block enters by the average of exp(a.p) over its points, as candidates of a softmax do.",
    "Where is the average taken, before or after the exponential?",
    "The exponent holds a . average; the average of exp(a . point) is another number.",
    "Average the embeddings over dim=1, then take inner products.",
)
exercise.slip("block sums", score=lambda anchor, block: inner(anchor, block.sum(dim=1))).says(
    "Adding up the embeddings of a block is as good as averaging them.",
    "What happens to your logits when every point of a block is repeated?",
    "They double. A block enters by the average of its b points.",
    "Use mean(dim=1) instead of sum(dim=1).",
)
exercise.slip("divided by 2b", score=lambda anchor, block: inner(anchor, block.mean(dim=1)) / 2).says(
    "The two blocks together hold 2b points, so the average divides by 2b.",
    "Compare your value at b = 1 with the loss of a single triplet.",
    "Each block is averaged by itself, over its own b points.",
    "negatives.mean(dim=1) - positives.mean(dim=1), without a further factor 1/2.",
)
exercise.slip("first point of each block", score=lambda anchor, block: inner(anchor, block[:, 0])).says(
    "One positive and one negative per anchor are enough.",
    "Does your value change when the second point of a block moves?",
    "All b points of a block count the same.",
    "Replace [:, 0] by mean(dim=1).",
)
exercise.slip(
    "cosine instead of inner product",
    score=lambda anchor, block: F.cosine_similarity(anchor, block.mean(dim=1), dim=1),
).says(
    "Similarity is always the cosine.",
    "Double the anchor: does your loss change? Should it?",
    "The score is the plain inner product of the anchor and a block average.",
    "(anchor * positives.mean(dim=1)).sum(dim=1), without dividing by norms.",
)
exercise.slip(
    "anchor inside its block", joining=lambda anchor, positives: torch.cat([anchor[:, None], positives], dim=1)
).says(
    "The anchor belongs to the block of positives.",
    "Which points does the average of the positives run over?",
    "Over the b points of the block. The anchor is a separate draw and stays outside.",
    "Average positives alone: positives.mean(dim=1).",
)
exercise.slip("positive and negative swapped", sign=-1).says(
    "The margin stands in the exponent as it is: ln(1 + e^(a.(mean of positives - mean of negatives))).",
    "Should the loss fall or grow when the positives come closer to the anchor?",
    "It should fall, so the positives stand with a minus sign in the exponent.",
    "a . (mean of negatives - mean of positives).",
)
exercise.slip("sum over the batch", pool=lambda losses, block: losses.sum()).says(
    "The loss of a batch is the sum over its anchors.",
    "Does your value double when the batch is repeated?",
    "The loss of a batch is the mean over its anchors.",
    "Use .mean() over the anchors.",
)
exercise.slip("mean inside the logarithm", cost=lambda logits: F.softplus(logits.mean())).says(
    "The loss of the mean logit is the mean of the losses.",
    "What is averaged over the anchors, logits or losses?",
    "Only the points of a block are averaged before the logarithm; anchors are averaged after it.",
    "First F.softplus(logits) for each anchor, then the mean.",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2 = 0.693.",
    "The course uses the natural logarithm: F.softplus, torch.log.",
)
exercise.slip("exponential overflows", cost=lambda logits: torch.log(1 + torch.exp(logits))).says(
    "torch.log(1 + torch.exp(u)) is a safe way to compute ln(1 + e^u).",
    "What is exp(1000) in float64, and exp(100) in float32?",
    "Both are inf, and so is the loss, although ln(1 + e^u) is about u there.",
    "F.softplus(u) computes ln(1 + e^u) without overflow, gradient included.",
)
exercise.slip("graph cut", score=lambda anchor, block: inner(anchor, block.mean(dim=1).detach())).says(
    "Averages are constants, so the blocks need no gradient.",
    "Which inputs does the loss depend on?",
    "The encoder is trained through positives and negatives too, not only through the anchor.",
    "Remove .detach() from the block averages.",
)

exercise.style("averaged similarities", score=lambda anchor, block: inner(anchor[:, None], block).mean(dim=1))
exercise.style("minus log-sigmoid", cost=lambda logits: -F.logsigmoid(-logits))


@exercise.accepted("cross-entropy of two candidates")
def block_loss(anchor, positives, negatives):
    candidates = torch.stack([positives.mean(dim=1), negatives.mean(dim=1)], dim=1)
    scores = torch.matmul(candidates, anchor[:, :, None])[:, :, 0]
    return F.cross_entropy(scores, torch.zeros(len(anchor), dtype=torch.long))


@exercise.accepted("binary cross-entropy with logits, validated by hand", guarded=False)
def block_loss(anchor, positives, negatives):
    if positives.shape != negatives.shape or positives.shape[::2] != anchor.shape or 0 in positives.shape:
        raise ValueError(f"shapes {anchor.shape}, {positives.shape}, {negatives.shape}")
    if any(torch.isnan(x).any() for x in (anchor, positives, negatives)):
        raise ValueError("NaN")
    logits = (anchor * negatives.mean(1)).sum(1) - (anchor * positives.mean(1)).sum(1)
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
