"""clip_loss: what its check looks at. Rows of all lengths, scores that are not symmetric, large scales, all three gradients."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, needs
from autograder.author.draw import larger_sizes, strided, tensor

LENGTHS = needs(
    "image_z.norm(dim=1).min() > 0 and text_z.norm(dim=1).min() > 0",
    {
        "an image of zeros": {"image_z": lambda z: z * (torch.arange(len(z)) > 0)[:, None]},
        "a text of zeros": {"text_z": lambda z: z * (torch.arange(len(z)) > 1)[:, None]},
    },
)
SCALE = needs(
    "log_scale * 0 == 0",
    {"a log_scale that is NaN": {"log_scale": math.nan}, "an infinite log_scale": {"log_scale": math.inf}},
)

OF_A_NUMBER = 1e-6  # torch.as_tensor(1.7) is float32, so is its exponential: 3e-7 of the gradient

exercise = Exercise(
    "clip_loss",
    refuses=(batch(image_z="the images", text_z="the texts"), LENGTHS, SCALE),
    hints={
        "values": (
            "With all texts equal both losses are ln B, whatever the scale is.",
            "Scores: e^log_scale times the cosines, images in rows, texts in columns; then one softmax along the rows and one "
            "along the columns.",
        ),
        "gradient": (
            "log_scale is trained too: keep it in torch, torch.as_tensor(log_scale, dtype=image_z.dtype).exp(), not math.exp.",
        ),
        "stability": (
            "At log_scale = 8 the scores reach 2981: use `F.cross_entropy` or `logsumexp`, never a bare exp.",
        ),
        "properties": (
            "The names of the modalities, the order of the pairs and the lengths of the rows do not matter.",
        ),
        "bad input": ("`check_directions(image_z=image_z, text_z=text_z)` and `check_number(log_scale=log_scale)`.",),
    },
)


def number(value):
    return torch.tensor(float(value), dtype=torch.float64)


def pairs(rng, b, d, noise=0.9):
    """Related rows whose lengths run from 0.1 to 10; images are noisier than texts, so that the directions differ."""
    text = tensor(rng, b, d)
    image = text + noise * tensor(rng, b, d) + 0.8 * tensor(rng, d)
    lengths = torch.from_numpy(rng.uniform(-2.3, 2.3, size=(2, b, 1))).exp()
    return image * lengths[0], text * lengths[1]


@exercise.cases
def cases(rng):
    for b, d, log_scale in ((5, 3, 1.2), (4, 5, 2.5), (6, 2, -0.6)):
        yield Case(
            f"B = {b}, d = {d}, log_scale = {log_scale}",
            (*pairs(rng, b, d), number(log_scale)),
            grad=(0, 1, 2),
            rtol=1e-8,
        )
    yield Case("log_scale is a Python number", (*pairs(rng, 4, 3), 1.7), grad=(0,), rtol=OF_A_NUMBER)
    yield Case("log_scale = 0", (*pairs(rng, 3, 4), 0.0))
    yield Case("float32", tuple(x.float() for x in (*pairs(rng, 5, 4), number(2.0))), grad=(0,))
    yield Case("not contiguous", (*(strided(x) for x in pairs(rng, 4, 3)), number(1.0)))
    yield Case("log_scale = 8", (*pairs(rng, 4, 3), number(8.0)), part="stability", grad=(2,), rtol=1e-7)
    yield Case("log_scale = 6, float32", (*(x.float() for x in pairs(rng, 4, 2)), 6.0), part="stability", rtol=1e-4)
    yield from exercise.bad_inputs(*pairs(rng, 4, 3), 1.0)
    b, d = larger_sizes(rng, 2, high=30)
    yield Case(
        "a larger batch", (*pairs(rng, b, d), number(rng.uniform(0.5, 3))), grad=(0, 1, 2), rtol=1e-8, public=False
    )


@exercise.property("exchanging images and texts, permuting the pairs and scaling rows change nothing")
def invariance(f, rng):
    image, text = pairs(rng, 5, 3)
    value, rows = f(image, text, 1.5), torch.from_numpy(rng.permutation(5))
    others = {
        "exchanging images and texts": f(text, image, 1.5),
        "permuting the pairs": f(image[rows], text[rows], 1.5),
        "scaling the rows": f(3.0 * image, 0.2 * text, 1.5),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def unit_rows(z):
    return F.normalize(z, dim=1)


def surprise(scores):
    """Of each row at its own column."""
    return scores.logsumexp(dim=1) - scores.diagonal()


def against_others(scores):
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), -torch.inf).logsumexp(dim=1) - scores.diagonal()


def as_written(scores):
    return -(scores.exp().diagonal() / scores.exp().sum(dim=1)).log()


def of_probabilities(scores):
    return surprise(scores.softmax(dim=1))


def half_each(cost, scores):
    return (cost(scores).mean() + cost(scores.T).mean()) / 2


def one_softmax(cost, scores):
    """Among all B^2 combinations."""
    return (scores.flatten().logsumexp(dim=0) - scores.diagonal()).mean()


def rows_and_columns(scores):
    """For each pair the logarithms of the two sums of exponentials, of its row and of its column."""
    return torch.stack([scores.logsumexp(dim=1), scores.logsumexp(dim=0)])


def row_with_column(cost, scores):
    """One softmax for a pair: its row and its column, the pair itself once."""
    apart = scores.T.masked_fill(torch.eye(len(scores), dtype=torch.bool), -torch.inf)
    return (torch.cat([scores, apart], dim=1).logsumexp(dim=1) - scores.diagonal()).mean()


def row_and_column_twice(cost, scores):
    return (rows_and_columns(scores).logsumexp(dim=0) - scores.diagonal()).mean()


def mean_probability(cost, scores):
    chances = (scores.diagonal() - rows_and_columns(scores)).logsumexp(dim=0) - math.log(2)
    return -chances.mean()


def harder_question(cost, scores):
    return (rows_and_columns(scores).amax(dim=0) - scores.diagonal()).mean()


def symmetric_scores(cost, scores):
    return cost((scores + scores.T) / 2).mean()


@exercise.formula
def clip_loss(
    image_z, text_z, log_scale, *, unit=unit_rows, scale=torch.exp, cost=surprise, sides=half_each, held=lambda z: z
):
    t = scale(torch.as_tensor(log_scale, dtype=image_z.dtype))
    return sides(cost, t * unit(image_z) @ unit(held(text_z)).T)


exercise.slip("no normalisation", unit=lambda z: z).says(
    "The scores are inner products of the embeddings as they are.",
    "Double the length of one image: your loss changes. Should it?",
    "u_i and v_j are the rows divided by their lengths.",
    "F.normalize(image_z, dim=1).",
)
exercise.slip("columns normalised", unit=lambda z: F.normalize(z, dim=0)).says(
    "Normalising a matrix of embeddings means its columns.",
    "Which axis of (B, d) is one embedding?",
    "A row is one embedding: dim=1.",
)
exercise.slip("images ask only", sides=lambda cost, scores: cost(scores).mean()).says(
    "One direction is enough: the other gives the same number.",
    "Exchange images and texts: does your loss stay the same?",
    "Rows and columns of the scores have different softmaxes. Both are wanted, half each.",
)
exercise.slip("texts ask only", sides=lambda cost, scores: cost(scores.T).mean()).says(
    "The loss is about texts that look for their images.",
    "Exchange images and texts: does your loss stay the same?",
    "Rows and columns of the scores have different softmaxes. Both are wanted, half each.",
)
exercise.slip("sum of both directions", sides=lambda cost, scores: cost(scores).mean() + cost(scores.T).mean()).says(
    "The symmetric loss is the sum of the two directions.",
    "With all texts equal, what should the loss be?",
    "ln B: the two directions count one half each.",
)
exercise.slip("sum over the batch", sides=lambda cost, scores: (cost(scores).sum() + cost(scores.T).sum()) / 2).says(
    "The loss of a batch is the sum over its pairs.",
    "How does your loss change when B grows and all texts are equal?",
    "Like B ln B in place of ln B. Take means.",
)
exercise.slip("one softmax for all", sides=one_softmax).says(
    "All B^2 combinations compete in one softmax.",
    "With all texts equal, is your loss ln B?",
    "An image chooses among the B texts, a text among the B images: a softmax along each row and along each column.",
)
exercise.slip("one softmax over row and column", sides=row_with_column).says(
    "A pair competes with all scores of its row and of its column in one softmax.",
    "With all texts equal, is your loss ln B?",
    "There are two questions with B answers each, not one with 2B - 1.",
    "A softmax along the row, another along the column: the mean of the two losses.",
)
exercise.slip("one softmax over row and column, the pair twice", sides=row_and_column_twice).says(
    "The sums of exponentials of row and column are added up below.",
    "With all texts equal, is your loss ln B or ln (2B)?",
    "There are two questions with B answers each: the mean of two losses, each with a denominator of its own.",
)
exercise.slip("probabilities averaged", sides=mean_probability).says(
    "The probabilities of the two directions are averaged, then their logarithm is taken.",
    "What is averaged over the two directions, probabilities or losses?",
    "Losses: the mean of the two surprises, each with its own logarithm.",
)
exercise.slip("the harder question", sides=harder_question).says(
    "A pair's loss is that of its harder direction.",
    "Does your loss change when the easier of the two questions becomes easier?",
    "Both questions count, half each.",
)
exercise.slip("scores averaged", sides=symmetric_scores).says(
    "Symmetric means that the scores are: score and transposed score are averaged.",
    "Is the score of image i with text j mixed with that of image j with text i?",
    "The scores stay as they are: the losses along rows and along columns are averaged.",
)
exercise.slip("divided by the scale", scale=lambda x: (-x).exp()).says(
    "The scale is a temperature: scores are divided by it.",
    "Does a larger log_scale make your softmax sharper or flatter?",
    "t multiplies the cosines. It is one over the temperature.",
)
exercise.slip("the logarithm as the scale", scale=lambda x: x).says(
    "`log_scale` is the factor in front of the cosines.",
    "What is your loss at log_scale = 0?",
    "ln B, as if nothing had been learnt: the factor is e^log_scale, 1 there.",
)
exercise.slip("exponential taken twice", scale=lambda x: x.exp().exp()).says(
    "The scale is exponentiated before it goes in, and once more inside.",
    "What is the factor in front of your cosines at log_scale = 0?",
    "e^0 = 1, once.",
)
exercise.slip("softmax of a softmax", cost=of_probabilities).says(
    "The cross-entropy is given the probabilities.",
    "What does `F.cross_entropy` do with its first argument?",
    "It takes scores and applies the softmax itself: yours is applied twice.",
)
exercise.slip("positive missing below", cost=against_others).says(
    "The partner is no candidate: only the other texts stand in the denominator.",
    "With all texts equal, is your loss ln B?",
    "The sum over j runs over all B texts, the partner among them.",
)
exercise.slip("exponentials first", cost=as_written).says(
    "The softmax can be computed as it is written.",
    "At log_scale = 7 a score is 1096. What is exp(1096)?",
    "Infinite, and the quotient is NaN: `F.cross_entropy` on the scores.",
)
exercise.slip("scale capped at 100", scale=lambda x: x.exp().clamp(max=100)).says(
    "The scale never exceeds 100, so the loss caps it.",
    "What is the gradient of your loss by log_scale at 7?",
    "The paper clips the parameter while it trains; the loss itself is the formula.",
)
exercise.slip("texts without a gradient", held=lambda z: z.detach()).says(
    "The texts are fixed, as in a classifier: only the image tower is trained.",
    "Which gradient reaches text_z?",
    "Both towers are trained: no .detach().",
)

exercise.style("log-softmax", cost=lambda scores: -scores.log_softmax(dim=1).diagonal())


@exercise.accepted("two cross-entropies")
def clip_loss(image_z, text_z, log_scale):
    image, text = F.normalize(image_z, dim=-1), F.normalize(text_z, dim=-1)
    scores = torch.as_tensor(log_scale, dtype=image.dtype).exp() * image @ text.t()
    labels = torch.arange(scores.shape[0])
    return 0.5 * F.cross_entropy(scores, labels) + 0.5 * F.cross_entropy(scores.t(), labels)


@exercise.accepted("double loop over the pairs")
def clip_loss(image_z, text_z, log_scale):
    n, t = len(image_z), torch.exp(torch.as_tensor(log_scale, dtype=image_z.dtype))
    u = [row / torch.linalg.vector_norm(row) for row in image_z]
    v = [row / torch.linalg.vector_norm(row) for row in text_z]
    s = torch.stack([torch.stack([t * (u[i] @ v[j]) for j in range(n)]) for i in range(n)])
    losses = [torch.logsumexp(s[i], 0) + torch.logsumexp(s[:, i], 0) - 2 * s[i, i] for i in range(n)]
    return sum(losses) / (2 * n)


@exercise.accepted("cosine_similarity, validated by hand", guarded=False)
def clip_loss(image_z, text_z, log_scale):
    if image_z.ndim != 2 or image_z.shape != text_z.shape or 0 in image_z.shape:
        raise ValueError(f"{image_z.shape}, {text_z.shape}")
    log_scale = torch.as_tensor(log_scale, dtype=image_z.dtype)
    for x in (image_z, text_z):
        if torch.isnan(x).any() or (x == 0).all(dim=1).any():
            raise ValueError(f"{x}")
    if not torch.isfinite(log_scale):
        raise ValueError(f"{log_scale}")
    images = image_z / image_z.square().sum(1, keepdim=True).sqrt()
    texts = text_z / text_z.square().sum(1, keepdim=True).sqrt()
    s = log_scale.exp() * (images[:, None] * texts[None]).sum(2)
    both = s.log_softmax(0) + s.log_softmax(1)
    return -both.trace() / (2 * len(s))
