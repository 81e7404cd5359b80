"""swav_loss: what its check looks at.

Codes with or without a gradient give the same value, so value and gradients are compared together (driver "slopes").
Blind spots to keep out: equal views (then each predicts its own code too), a temperature equal to epsilon.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, count, positive
from autograder.author.draw import larger_sizes, tensor

exercise = Exercise(
    "swav_loss",
    refuses=(
        positive("temperature"),
        positive("epsilon"),
        count("n_iterations", "n_iterations"),
        batch(minimum=2, scores1="the scores of view 1", scores2="the scores of view 2"),
    ),
    hints={
        "values": (
            "The code of view 2 is the target for the prediction of view 1, and the other way round.",
            "Each view has a `sinkhorn` of its own. The cost of an image is a cross-entropy: a sum over the prototypes.",
            "The answer is compared with its gradients too: they flow through the predictions only.",
            "`sinkhorn(scores2.detach(), ...)`; minus the sum of code times `log_softmax(scores1 / temperature, dim=1)`; mean.",
        ),
        "bad input": ("Shapes of both, the temperature; `sinkhorn` refuses the rest.",),
    },
)


def drawn(rng, b, k, dtype=torch.float64):
    base = tensor(rng, b, k)
    return tuple(torch.tanh(base + 0.7 * tensor(rng, b, k)).to(dtype) for _ in range(2))


@exercise.cases
def cases(rng):
    for b, k, t, epsilon, n in ((4, 3, 0.5, 0.2, 3), (3, 5, 0.2, 0.5, 2), (2, 2, 1.3, 0.3, 1)):
        label = f"B = {b}, K = {k}, temperature {t}, epsilon {epsilon}, {n} iterations"
        yield Case(label, (*drawn(rng, b, k), t, epsilon, n), drive="slopes", rtol=1e-7, public=k < 5)
    yield Case("float32", (*drawn(rng, 4, 3, torch.float32), 0.3, 0.4, 3), drive="slopes", rtol=1e-4)
    yield Case("temperature and epsilon 0.001", (*drawn(rng, 3, 4), 1e-3, 1e-3, 3), part="stability", rtol=1e-7)
    yield from exercise.bad_inputs(*drawn(rng, 3, 3), 0.3, 0.2, 3)
    args = (*drawn(rng, *larger_sizes(rng, 2)), float(rng.uniform(0.2, 0.9)), 0.3, 3)
    yield Case("a larger batch", args, drive="slopes", rtol=1e-7, public=False)


def balanced(scores, n):
    """Sinkhorn's codes from scores / epsilon."""
    for _ in range(n):
        scores = scores - scores.logsumexp(dim=0, keepdim=True)
        scores = scores - scores.logsumexp(dim=1, keepdim=True)
    return scores.exp()


def cross_entropy(codes, logits):
    return -(codes * logits.log_softmax(dim=1)).sum(dim=1)


def of_the_other(scores1, scores2):
    return (scores1, scores2), (scores2, scores1)


def on_its_own(other, own, coded, n):
    return coded(other, n)


def with_both_views(other, own, coded, n):
    return coded(torch.cat([other, own]), n)[: len(other)]


@exercise.formula
def swav_loss(
    scores1,
    scores2,
    temperature,
    epsilon,
    n_iterations,
    *,
    constant=lambda scores: scores.detach(),
    predicted=lambda scores: scores,
    pairs=of_the_other,
    coded=balanced,
    rows=on_its_own,
    sharpness=lambda temperature, epsilon: epsilon,
    heated=lambda scores, temperature: scores / temperature,
    cost=cross_entropy,
    pool=torch.mean,
    gather=lambda first, second: (first + second) / 2,
):
    losses = []
    for scores, other in pairs(scores1, scores2):
        sharp = sharpness(temperature, epsilon)
        codes = rows(constant(other) / sharp, constant(scores) / sharp, coded, n_iterations)
        losses.append(pool(cost(codes, heated(predicted(scores), temperature))))
    return gather(*losses)


exercise.slip("gradient through the codes", constant=lambda scores: scores).says(
    "The codes are trained as well.",
    "Your value is right. Which gradients are not?",
    "Codes are targets: `sinkhorn(scores.detach(), ...)`.",
)
exercise.slip(
    "the predictions detached", predicted=lambda scores: scores.detach(), constant=lambda scores: scores
).says(
    "It is the predictions that are constant.",
    "Your value is right. Through what does your gradient flow?",
    "The codes are the targets; the predictions learn.",
)
exercise.slip("no gradient at all", predicted=lambda scores: scores.detach()).says(
    "With `torch.no_grad()` around everything the codes are safe.",
    "Your value is right. What is the gradient in `scores1`?",
    "Only the codes are constants.",
)
exercise.slip("each view predicts its own code", pairs=lambda a, b: ((a, a), (b, b))).says(
    "A view predicts the code that was made of its own scores.",
    "What would the encoder learn about views then?",
    "Swap: scores of view 1 with the code of view 2.",
)
exercise.slip("a softmax for the codes", coded=lambda scores, n: scores.softmax(dim=1)).says(
    "The code is the other view's softmax.",
    "If all images had the same scores, what would your loss say?",
    "Codes share the images out over the prototypes: `sinkhorn`.",
)
exercise.slip("both views balanced together", rows=with_both_views).says(
    "The images of both views are shared out together.",
    "Of how many rows is your `sinkhorn`?",
    "Call it once for each view, on B rows.",
)
exercise.slip("codes divided by both", sharpness=lambda temperature, epsilon: temperature * epsilon).says(
    "The scores of the codes are divided by the temperature too.",
    "Double the temperature: do your codes change?",
    "Codes use epsilon alone: `sinkhorn(scores, epsilon, n_iterations)`.",
)
exercise.slip("epsilon for the predictions", heated=lambda scores, temperature: scores).says(
    "Only the codes are sharpened.",
    "Does your loss change with the temperature?",
    "`log_softmax(scores / temperature)`.",
)
exercise.slip("temperature for the codes", sharpness=lambda temperature, epsilon: temperature).says(
    "Codes and predictions have the same temperature.",
    "Does your loss change with epsilon?",
    "Codes use epsilon, predictions the temperature.",
)
exercise.slip("sum of both directions", gather=lambda first, second: first + second).says(
    "The two directions are added.",
    "Your values are twice the right ones.",
    "Their mean.",
)
exercise.slip("one direction", gather=lambda first, second: first).says(
    "One prediction is the loss.",
    "Exchange the views: your loss changes.",
    "The mean of both directions.",
)
exercise.slip("sum over the batch", pool=torch.sum).says(
    "The loss of a batch is the sum over its images.",
    "Your values are B times the right ones.",
    "Mean over the batch.",
)
exercise.slip(
    "cross-entropy turned round", cost=lambda codes, logits: -(logits.softmax(dim=1) * codes.log()).sum(dim=1)
).says(
    "In the cross-entropy the logarithm is taken of the code.",
    "Which of the two laws is the truth, and which the guess?",
    "Minus the sum of code times logarithm of the prediction.",
)
exercise.slip(
    "divergence",
    cost=lambda codes, logits: F.kl_div(logits.log_softmax(dim=1), codes, reduction="none").sum(dim=1),
).says(
    "The cost of an image is the divergence KL(code, prediction).",
    "Your gradients are right, and your value is too small. By what?",
    "Divergence = cross-entropy minus the entropy of the code.",
    "Leave the code's entropy in: minus the sum of code times `log_softmax`.",
)
exercise.slip(
    "mean over the prototypes", cost=lambda codes, logits: -(codes * logits.log_softmax(dim=1)).mean(dim=1)
).says(
    "The mean is taken over the prototypes too.",
    "Your values are K times too small.",
    "Sum over the prototypes (`dim=1`), then mean over the images.",
)
exercise.slip("no logarithm", cost=lambda codes, logits: -(codes * logits.softmax(dim=1)).sum(dim=1)).says(
    "The cost is minus the inner product of code and prediction.",
    "What is your cost when both put all on one prototype? A cross-entropy is 0 there.",
    "Minus the sum of code times *logarithm* of the prediction.",
)
exercise.slip(
    "prediction over the images", cost=lambda codes, logits: -(codes * logits.log_softmax(dim=0)).sum(dim=1)
).says(
    "The softmax of the prediction runs over the images.",
    "Along which axis do your predictions sum to 1?",
    "A prediction is a law over the prototypes: `dim=1`.",
)
exercise.slip(
    "the code's largest entry as class",
    cost=lambda codes, logits: F.cross_entropy(logits, codes.argmax(dim=1), reduction="none"),
).says(
    "A code says to which single prototype an image belongs.",
    "Which of your images goes to more than one prototype?",
    "The code is a law over prototypes: all of its entries count.",
)
exercise.slip(
    "logarithm of the softmax", cost=lambda codes, logits: -(codes * logits.softmax(dim=1).log()).sum(dim=1)
).says(
    "The logarithm of a softmax can be taken after the softmax.",
    "At temperature 0.001, how small is the smallest probability of your softmax?",
    "`log_softmax` never leaves the logarithms.",
)


@exercise.accepted("cross_entropy with laws as targets")
def swav_loss(scores1, scores2, temperature, epsilon, n_iterations):
    with torch.no_grad():
        code1, code2 = (balanced(s / epsilon, n_iterations) for s in (scores1, scores2))
    first = F.cross_entropy(scores1 / temperature, code2)
    return (first + F.cross_entropy(scores2 / temperature, code1)) / 2


@exercise.accepted("stacked")
def swav_loss(scores1, scores2, temperature, epsilon, n_iterations):
    log_p = torch.cat([scores1, scores2]).div(temperature).log_softmax(dim=1)
    codes = torch.cat([balanced(s.detach() / epsilon, n_iterations) for s in (scores2, scores1)])
    return -(codes * log_p).sum() / len(codes)


@exercise.accepted("a loop, validated by hand", guarded=False)
def swav_loss(scores1, scores2, temperature, epsilon, n_iterations):
    if scores1.shape != scores2.shape or scores1.ndim != 2 or len(scores1) < 2 or not scores1.shape[1]:
        raise ValueError(f"{tuple(scores1.shape)} and {tuple(scores2.shape)}")
    if bool((scores1 + scores2).isnan().any()) or not 0 < temperature < math.inf or not 0 < epsilon < math.inf:
        raise ValueError(f"NaN, or temperature {temperature}, epsilon {epsilon}")
    if isinstance(n_iterations, bool) or not isinstance(n_iterations, int) or n_iterations < 1:
        raise ValueError(f"n_iterations {n_iterations}")
    total = 0.0
    for scores, other in ((scores1, scores2), (scores2, scores1)):
        codes = balanced(other.detach() / epsilon, n_iterations)
        for row, code in zip(scores / temperature, codes, strict=True):
            total = total + code @ (row.logsumexp(0) - row)
    return total / (2 * len(scores1))
