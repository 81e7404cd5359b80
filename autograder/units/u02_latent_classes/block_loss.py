"""block_loss: what its check looks at. Blocks of 1 to 5 points that vary inside, d not b, all float types."""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "block_loss",
    hints={
        "values": (
            "Average the embeddings of each block first; there is one logit and one loss per anchor.",
            "The logit of anchor i is a_i . (mean of its negatives - mean of its positives).",
            "F.softplus(logits).mean(), with the block averages taken over dim=1.",
        ),
        "gradient": ("Stay in torch from the inputs to the answer: no .item(), .detach(), .numpy().",),
        "stability": ("ln(1 + e^v) = F.softplus(v) is finite for every v.",),
        "bad input": ("validate.candidates(anchor, positives=positives, negatives=negatives) raises for all of it.",),
    },
)


@exercise.cases
def cases(rng):
    def drawn(batch, block, dim, dtype=torch.float64, scale=1.0):
        shapes = ((batch, dim), (batch, block, dim), (batch, block, dim))
        return tuple(tensor(rng, *shape, dtype=dtype, scale=scale) for shape in shapes)

    yield Case("B = 4, b = 3, d = 2", drawn(4, 3, 2), grad=(0, 1, 2))
    yield Case("B = 3, b = 5, d = 4", drawn(3, 5, 4), grad=(0, 1, 2))
    yield Case("b = 1", drawn(5, 1, 3))
    yield Case("one anchor", drawn(1, 4, 3))
    yield Case("B = b = d = 3, embeddings of norm about 3", drawn(3, 3, 3, scale=2.0), grad=(0,))
    yield Case("float32", drawn(4, 2, 3, torch.float32), grad=(1,))
    yield Case("float16", drawn(4, 2, 3, torch.float16))
    anchor, positives, negatives = drawn(4, 3, 2)
    yield Case("not contiguous", (strided(anchor), strided(positives), strided(negatives)))
    yield Case("identical rows", (anchor[:1].expand(4, 2).clone(), positives, negatives))
    big = drawn(3, 2, 4, scale=60.0)
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
    yield bad_input("NaN", anchor, torch.full_like(positives, math.nan), negatives)


@exercise.property("the order inside a block, and repeating a block, change nothing")
def block_order(f, rng):
    anchor, positives, negatives = tensor(rng, 4, 2), tensor(rng, 4, 3, 2), tensor(rng, 4, 3, 2)
    value = f(anchor, positives, negatives)
    order = torch.from_numpy(rng.permutation(3))
    if abs(f(anchor, positives[:, order], negatives) - value) > 1e-9:
        return "permuting the points of a block changed the loss"
    if abs(f(anchor, positives.repeat(1, 2, 1), negatives.repeat(1, 2, 1)) - value) > 1e-9:
        return "a block that holds each point twice has the same average, but the loss changed"


@exercise.property("never above the average loss of the single pairs (Jensen)")
def below_pairs(f, rng):
    for _ in range(5):
        anchor, positives, negatives = tensor(rng, 3, 2), tensor(rng, 3, 4, 2), tensor(rng, 3, 4, 2)
        logits = torch.einsum("bd,bjd->bj", anchor, negatives - positives)
        if f(anchor, positives, negatives) > float(torch.logaddexp(logits, torch.zeros(())).mean()) + 1e-9:
            return "the loss of a block is larger than the average loss of its pairs, against Jensen's inequality"


@exercise.wrong(
    "losses averaged instead of embeddings",
    belief="The block loss is the average of the pair losses over the block.",
    hints=(
        "What is averaged in the formula, embeddings or losses?",
        "The bars stand on p and n: the average is taken inside the logarithm, before the exponential.",
        "Take positives.mean(dim=1) and negatives.mean(dim=1), then one logit per anchor.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor[:, None] * (negatives - positives)).sum(-1)).mean()


@exercise.wrong(
    "exponentials averaged",
    belief="A block enters by the average of exp(a.p) over its points, as candidates of a softmax do.",
    hints=(
        "Where is the average taken, before or after the exponential?",
        "The formula has exp(a . average), not the average of exp(a . point).",
        "Average the embeddings over dim=1, then take inner products.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    pos = torch.logsumexp((anchor[:, None] * positives).sum(-1), dim=1)
    neg = torch.logsumexp((anchor[:, None] * negatives).sum(-1), dim=1)
    return F.softplus(neg - pos).mean()


@exercise.wrong(
    "block sums",
    belief="Adding up the embeddings of a block is as good as averaging them.",
    hints=(
        "What happens to your logits when every point of a block is repeated?",
        "They double. The bars are averages over the b points.",
        "Use mean(dim=1) instead of sum(dim=1).",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (negatives.sum(1) - positives.sum(1))).sum(-1)).mean()


@exercise.wrong(
    "divided by 2b",
    belief="The two blocks together hold 2b points, so the average divides by 2b.",
    hints=(
        "Compare your value at b = 1 with the loss of a single triplet.",
        "Each block is averaged by itself, over its own b points.",
        "negatives.mean(dim=1) - positives.mean(dim=1), without a further factor 1/2.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (negatives.mean(1) - positives.mean(1))).sum(-1) / 2).mean()


@exercise.wrong(
    "first point of each block",
    belief="One positive and one negative per anchor are enough.",
    hints=(
        "Does your value change when the second point of a block moves?",
        "All b points of a block count the same.",
        "Replace [:, 0] by mean(dim=1).",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (negatives[:, 0] - positives[:, 0])).sum(-1)).mean()


@exercise.wrong(
    "anchor inside its block",
    belief="The anchor belongs to the block of positives.",
    hints=(
        "Which points does the average of the positives run over?",
        "Over p_i1 ... p_ib. The anchor is a separate draw and stays outside.",
        "Average positives alone: positives.mean(dim=1).",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    block = torch.cat([anchor[:, None], positives], dim=1)
    return F.softplus((anchor * (negatives.mean(1) - block.mean(1))).sum(-1)).mean()


@exercise.wrong(
    "positive and negative swapped",
    belief="The logit is a.(mean of positives - mean of negatives).",
    hints=(
        "Should the loss fall or grow when the positives come closer to the anchor?",
        "It should fall, so the positives stand with a minus sign in the exponent.",
        "a . (mean of negatives - mean of positives).",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (positives.mean(1) - negatives.mean(1))).sum(-1)).mean()


@exercise.wrong(
    "sum over the batch",
    belief="The loss of a batch is the sum over its anchors.",
    hints=(
        "Does your value double when the batch is repeated?",
        "The formula has a factor 1/B.",
        "Use .mean() over the anchors.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (negatives.mean(1) - positives.mean(1))).sum(-1)).sum()


@exercise.wrong(
    "exponential overflows",
    belief="torch.log(1 + torch.exp(v)) is a safe way to compute ln(1 + e^v).",
    hints=(
        "What is exp(1000) in float64, and exp(100) in float32?",
        "Both are inf, and so is the loss, although ln(1 + e^v) is about v there.",
        "F.softplus(v) computes ln(1 + e^v) without overflow, gradient included.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return torch.log(1 + torch.exp((anchor * (negatives.mean(1) - positives.mean(1))).sum(-1))).mean()


@exercise.wrong(
    "graph cut",
    belief="Averages are constants, so the blocks need no gradient.",
    hints=(
        "Which inputs does the loss depend on?",
        "The encoder is trained through positives and negatives too, not only through the anchor.",
        "Remove .detach() from the block averages.",
    ),
)
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    return F.softplus((anchor * (negatives.mean(1) - positives.mean(1)).detach()).sum(-1)).mean()


@exercise.accepted("logaddexp and einsum")
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    logits = torch.einsum("bd,bjd->b", anchor, negatives - positives) / positives.shape[1]
    return torch.logaddexp(torch.zeros_like(logits), logits).mean()


@exercise.accepted("cross-entropy of two candidates")
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    candidates = torch.stack([positives.mean(dim=1), negatives.mean(dim=1)], dim=1)
    scores = torch.matmul(candidates, anchor[:, :, None])[:, :, 0]
    return F.cross_entropy(scores, torch.zeros(len(anchor), dtype=torch.long))


@exercise.accepted("minus log-sigmoid of averaged similarities")
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    pos = torch.bmm(positives, anchor.unsqueeze(-1)).squeeze(-1).mean(dim=-1)
    neg = torch.bmm(negatives, anchor.unsqueeze(-1)).squeeze(-1).mean(dim=-1)
    return -F.logsigmoid(pos - neg).mean()


@exercise.accepted("binary cross-entropy with logits")
def block_loss(anchor, positives, negatives):
    validate.candidates(anchor, positives=positives, negatives=negatives)
    logits = (anchor * negatives.mean(1)).sum(1) - (anchor * positives.mean(1)).sum(1)
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
