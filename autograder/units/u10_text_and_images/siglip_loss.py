"""siglip_loss: what its check looks at. Rows of all lengths, B apart from 2 (hides the mean over n^2), a bias that is not 0."""

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
NUMBERS = needs(
    "log_scale * 0 == 0 and bias * 0 == 0",
    {
        "a log_scale that is NaN": {"log_scale": math.nan},
        "a bias that is NaN": {"bias": math.nan},
        "an infinite bias": {"bias": -math.inf},
    },
)

OF_A_NUMBER = 1e-6  # torch.as_tensor(1.7) is float32, so is its exponential: 3e-7 of the gradient

exercise = Exercise(
    "siglip_loss",
    refuses=(batch(image_z="the images", text_z="the texts"), LENGTHS, NUMBERS),
    hints={
        "values": (
            "At B = 1 there is one question, whose answer is yes: -ln sigma(t u.v + b).",
            "The probability of no is sigma(-(t u.v + b)).",
            "B questions per image: sum over all B^2, divided by B.",
        ),
        "gradient": ("log_scale and bias are trained too: keep them in torch.",),
        "stability": (
            "sigma(1000) is exactly 1, and ln(1 - 1) is -inf: `F.logsigmoid` or `F.softplus` on the logits.",
        ),
        "properties": (
            "The names of the modalities, the order of the pairs and the lengths of the rows do not matter.",
        ),
        "bad input": ("`check_directions(image_z=..., text_z=...)` and `check_number(log_scale=..., bias=...)`.",),
    },
)


def number(value):
    return torch.tensor(float(value), dtype=torch.float64)


def pairs(rng, b, d):
    """Related rows whose lengths run from 0.1 to 10."""
    text = tensor(rng, b, d)
    image = text + 0.9 * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-2.3, 2.3, size=(2, b, 1))).exp()
    return image * lengths[0], text * lengths[1]


@exercise.cases
def cases(rng):
    for b, d, log_scale, bias in ((5, 3, 1.2, -1.5), (4, 4, 2.1, 0.8), (3, 2, -0.6, -3.0)):
        label = f"B = {b}, d = {d}, log_scale = {log_scale}, bias = {bias}"
        yield Case(label, (*pairs(rng, b, d), number(log_scale), number(bias)), grad=(0, 1, 2, 3), rtol=1e-8)
    yield Case("Python numbers", (*pairs(rng, 4, 3), 1.7, -2.0), grad=(0,), rtol=OF_A_NUMBER)
    yield Case("one pair", (*pairs(rng, 1, 3), 1.0, -0.5), rtol=OF_A_NUMBER)
    yield Case("float32", (*(x.float() for x in pairs(rng, 5, 4)), 2.0, -1.0), grad=(0,))
    yield Case("not contiguous", (*(strided(x) for x in pairs(rng, 4, 3)), 1.0, -1.2), rtol=OF_A_NUMBER)
    yield Case(
        "log_scale = 8", (*pairs(rng, 4, 3), number(8.0), number(-10.0)), part="stability", grad=(2, 3), rtol=1e-7
    )
    yield Case(
        "bias = -1000", (*pairs(rng, 3, 2), number(2.0), number(-1000.0)), part="stability", grad=(3,), rtol=1e-7
    )
    yield Case("bias = 300, float32", (*(x.float() for x in pairs(rng, 3, 2)), 1.0, 300.0), part="stability", rtol=1e-4)
    yield from exercise.bad_inputs(*pairs(rng, 4, 3), 1.0, -1.0)
    b, d = larger_sizes(rng, 2, high=30)
    args = (*pairs(rng, b, d), number(rng.uniform(0.5, 2.5)), number(rng.uniform(-4, -1)))
    yield Case("a larger batch", args, grad=(0, 1, 2, 3), rtol=1e-8, public=False)


@exercise.property("exchanging images and texts, permuting the pairs and scaling rows change nothing")
def invariance(f, rng):
    image, text = pairs(rng, 5, 3)
    value, rows = f(image, text, 1.5, -2.0), torch.from_numpy(rng.permutation(5))
    others = {
        "exchanging images and texts": f(text, image, 1.5, -2.0),
        "permuting the pairs": f(image[rows], text[rows], 1.5, -2.0),
        "scaling the rows": f(3.0 * image, 0.2 * text, 1.5, -2.0),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def unit_rows(z):
    return F.normalize(z, dim=1)


def logit(t, cosines, bias):
    return t * cosines + bias


def answers(logits):
    return 2 * torch.eye(len(logits), dtype=logits.dtype) - 1


def surprise(logits):
    return F.softplus(-answers(logits) * logits)


def no_only(logits):
    return (1 - torch.eye(len(logits), dtype=logits.dtype)) * F.softplus(logits)


def labels_0_and_1(logits):
    return F.softplus(-torch.eye(len(logits), dtype=logits.dtype) * logits)


def positives_only(logits):
    return torch.eye(len(logits), dtype=logits.dtype) * F.softplus(-logits)


def rounded(logits):
    p = torch.sigmoid(logits)
    return -torch.where(answers(logits) > 0, p.log(), (1 - p).log())


def per_image(losses):
    return losses.sum() / len(losses)


def balanced(losses):
    own = losses.diagonal()
    return own.mean() + (losses.sum() - own.sum()) / max(1, len(losses) * (len(losses) - 1))


def mean_of_two_means(losses):
    return balanced(losses) / 2


def each_two_once(losses):
    """The diagonal and what is above it."""
    return losses.triu().sum() / len(losses)


def yes_weighs_as_much(losses):
    own = losses.diagonal().sum()
    return (max(1, len(losses) - 1) * own + losses.sum() - own) / len(losses)


def bias_of_no(t, cosines, bias):
    return t * cosines + bias * (1 - torch.eye(len(cosines), dtype=cosines.dtype))


def bias_of_yes(t, cosines, bias):
    return t * cosines + bias * torch.eye(len(cosines), dtype=cosines.dtype)


def bias_of_the_answer(t, cosines, bias):
    return t * cosines + bias * answers(cosines)


@exercise.formula
def siglip_loss(
    image_z, text_z, log_scale, bias, *, unit=unit_rows, scale=torch.exp, joined=logit, cost=surprise, pool=per_image
):
    t = scale(torch.as_tensor(log_scale, dtype=image_z.dtype))
    return pool(cost(joined(t, unit(image_z) @ unit(text_z).T, bias)))


exercise.slip("mean over all questions", pool=torch.mean).says(
    "The loss is the mean over the B^2 questions.",
    "How many questions are there for each image, and by what do you divide?",
    "B questions per image are added up: divide the sum by B, not by B^2.",
)
exercise.slip("sum over all questions", pool=torch.sum).says(
    "The loss of a batch is the sum over all its questions.",
    "By what does the text divide?",
    "Per image: the sum over the B^2 questions divided by B.",
)
exercise.slip("yes and no balanced", pool=balanced).says(
    "Matching pairs and others weigh half each, so that the many others do not outvote them.",
    "How much does one question of the others weigh in your loss?",
    "All B^2 questions count alike; the bias takes care of how rare yes is.",
)
exercise.slip("mean of two means", pool=mean_of_two_means).says(
    "The loss is the mean of two means, one of the matching pairs and one of the others.",
    "How much does one question of the others weigh in your loss?",
    "All B^2 questions count alike: one sum over all of them, divided by B.",
)
exercise.slip("yes weighs as much as no", pool=yes_weighs_as_much).says(
    "A matching pair is multiplied by B - 1, so that the others do not outvote it.",
    "Is there a weight in the formula?",
    "All B^2 questions count alike; the bias takes care of how rare yes is.",
)
exercise.slip("each two indices once", pool=each_two_once).says(
    "Image i with text j and image j with text i are one question.",
    "Is u_i . v_j the same number as u_j . v_i?",
    "They are different images and texts: all B^2 entries are questions.",
)
exercise.slip("labels 0 and 1", cost=labels_0_and_1).says(
    "The labels in front of the logits are 1 and 0.",
    "What does a pair that does not match contribute to your loss? Does it depend on its cosine?",
    "ln 2, always. No is the probability sigma(-(t u.v + b)): its label is -1.",
)
exercise.slip("matching pairs only", cost=positives_only).says(
    "Only the matching pairs count.",
    "What keeps all your logits from growing?",
    "Every combination is a question: where i and j differ, the right answer is no.",
)
exercise.slip("others only", cost=no_only).says(
    "Only the pairs that do not match count.",
    "What draws an image to its own text in your loss?",
    "Every combination is a question: on the diagonal the right answer is yes.",
)
exercise.slip("the bias for the others only", joined=bias_of_no).says(
    "The bias belongs to the pairs that do not match.",
    "Take B = 1: does your loss depend on `bias`? Should it?",
    "The bias is in every logit, t u.v + b, also in that of a matching pair.",
)
exercise.slip("the bias for the matching pairs only", joined=bias_of_yes).says(
    "The bias belongs to the matching pairs.",
    "Does a pair that does not match see `bias` in your function?",
    "The bias is in every logit, t u.v + b, whatever the right answer is.",
)
exercise.slip("the bias outside the label", joined=bias_of_the_answer).says(
    "The label multiplies the scaled cosine only, and the bias is added afterwards.",
    "Does a very negative bias make your no likelier?",
    "The label stands in front of the whole logit: y (t u.v + b).",
)
exercise.slip("the bias subtracted", joined=lambda t, cosines, bias: t * cosines - bias).says(
    "The bias is a threshold, which is subtracted.",
    "Does a very negative bias make your yes likelier?",
    "The logit is t u.v + b: a negative b makes no the usual answer.",
)
exercise.slip("the bias inside the scale", joined=lambda t, cosines, bias: t * (cosines + bias)).says(
    "The bias is added to the cosine.",
    "What is your logit where the cosine is 0?",
    "b, not t b: scale first, then add.",
)
exercise.slip("the bias forgotten", joined=lambda t, cosines, bias: t * cosines + 0 * bias).says(
    "A bias only shifts all logits and does not matter.",
    "Does your loss depend on `bias`?",
    "There is no softmax here that would take a constant out.",
)
exercise.slip("yes everywhere but on the diagonal", cost=lambda logits: F.softplus(answers(logits) * logits)).says(
    "-ln sigma(-x) is the surprise at yes.",
    "Does your loss fall when matching pairs come closer?",
    "The sign: ln sigma(y x) with y = +1 on the diagonal and -1 elsewhere, and a minus in front.",
)
exercise.slip("no normalisation", unit=lambda z: z).says(
    "The scores are inner products of the embeddings as they are.",
    "Double the length of one image: your loss changes. Should it?",
    "u_i and v_j are the rows divided by their lengths.",
)
exercise.slip("divided by the scale", scale=lambda x: (-x).exp()).says(
    "The scale is a temperature: scores are divided by it.",
    "Does a larger log_scale make your answers surer?",
    "t multiplies the cosines.",
)
exercise.slip("the logarithm as the scale", scale=lambda x: x).says(
    "`log_scale` is the factor in front of the cosines.",
    "What is your factor at log_scale = 0?",
    "1 is right there: the factor is e^log_scale.",
)
exercise.slip("logarithm of a rounded probability", cost=rounded).says(
    "Computing the sigmoid first and its logarithm afterwards is as good.",
    "Try a bias of -1000.",
    "sigma(-1000) is exactly 0 in floating point: use `F.logsigmoid` of the signed logit.",
)

exercise.style(
    "binary cross-entropy",
    cost=lambda x: F.binary_cross_entropy_with_logits(x, torch.eye(len(x), dtype=x.dtype), reduction="none"),
)


@exercise.accepted("two masks")
def siglip_loss(image_z, text_z, log_scale, bias):
    u, v = F.normalize(image_z, dim=1), F.normalize(text_z, dim=1)
    logits = torch.as_tensor(log_scale, dtype=u.dtype).exp() * torch.einsum("id,jd->ij", u, v) + bias
    own = torch.eye(len(u), dtype=torch.bool)
    return -(F.logsigmoid(logits[own]).sum() + F.logsigmoid(-logits[~own]).sum()) / len(u)


@exercise.accepted("an image at a time")
def siglip_loss(image_z, text_z, log_scale, bias):
    t, total = torch.exp(torch.as_tensor(log_scale, dtype=image_z.dtype)), 0
    v = text_z / torch.linalg.vector_norm(text_z, dim=1, keepdim=True)
    for i, row in enumerate(image_z):
        logits = t * (v @ row) / torch.linalg.vector_norm(row) + bias
        total = total + F.softplus(logits).sum() - logits[i]
    return total / len(image_z)


@exercise.accepted("in chunks of two texts, validated by hand", guarded=False)
def siglip_loss(image_z, text_z, log_scale, bias):
    if image_z.ndim != 2 or image_z.shape != text_z.shape or 0 in image_z.shape:
        raise ValueError(f"{image_z.shape}, {text_z.shape}")
    log_scale, bias = (torch.as_tensor(x, dtype=image_z.dtype) for x in (log_scale, bias))
    if not (torch.isfinite(log_scale) and torch.isfinite(bias)):
        raise ValueError(f"{log_scale}, {bias}")
    for x in (image_z, text_z):
        if torch.isnan(x).any() or (x == 0).all(dim=1).any():
            raise ValueError(f"{x}")
    u, v = F.normalize(image_z, dim=1), F.normalize(text_z, dim=1)
    total, start = 0, 0
    for chunk in v.split(2):
        logits = log_scale.exp() * u @ chunk.T + bias
        total = total + F.softplus(logits).sum() - logits[start : start + len(chunk)].diagonal().sum()
        start += len(chunk)
    return total / len(u)
