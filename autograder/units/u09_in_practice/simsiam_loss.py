"""simsiam_loss: what its check looks at.

Every way to put the stop-gradient has the right value, so value and gradients are compared together (driver "slopes").
"""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import larger_sizes
from autograder.units.u09_in_practice.stopped import four, free, stopped

exercise = Exercise(
    "simsiam_loss",
    refuses=(batch(p1="p1", p2="p2", z1="z1", z2="z2"),),
    hints={
        "values": (
            "The answer is compared with its gradients: in which two of the four tensors must they be 0?",
            "Minus the cosine of `p1` and `z2`, minus that of `p2` and `z1`; the mean of everything.",
            "The targets are constants: `z1.detach()`, `z2.detach()`.",
        ),
        "bad input": ("`validate.batch(p1=p1, p2=p2, z1=z1, z2=z2)` does all of it.",),
    },
)


@exercise.cases
def cases(rng):
    for b, d in ((3, 2), (1, 3), (2, 4)):
        yield Case(f"B = {b}, d = {d}", four(rng, b, d), drive="slopes")
    yield Case("float32", four(rng, 2, 3, torch.float32), drive="slopes", rtol=1e-4)
    yield from exercise.bad_inputs(*four(rng, 2, 2))
    yield Case("a larger batch", four(rng, *larger_sizes(rng, 2)), drive="slopes", public=False)


def across(p1, p2, z1, z2):
    return (p1, z2), (p2, z1)


@exercise.formula
def simsiam_loss(
    p1,
    p2,
    z1,
    z2,
    *,
    predicted=free,
    target1=stopped,
    target2=stopped,
    pairs=across,
    alike=lambda p, z: F.cosine_similarity(p, z, dim=1),
    sign=-1,
    gather=lambda first, second: (first.mean() + second.mean()) / 2,
):
    found = pairs(predicted(p1), predicted(p2), target1(z1), target2(z2))
    return sign * gather(*(alike(p, z) for p, z in found))


exercise.slip("no stop-gradient", target1=free, target2=free).says(
    "The gradient may flow to both sides.",
    "Your value is right. What is the gradient in `z1`?",
    "This is what keeps SimSiam from collapsing: as targets, `z1` and `z2` are constants.",
    "`z1.detach()`, `z2.detach()`.",
)
exercise.slip("stop-gradient on the predictions", predicted=stopped, target1=free, target2=free).says(
    "The stop-gradient belongs to the predictions.",
    "Would your predictor ever learn anything?",
    "Detach the targets.",
)
exercise.slip("stop-gradient on one target only", target1=free).says(
    "One stop-gradient is enough.",
    "Your value is right. In which of the two outputs is the gradient not 0?",
    "Both targets are constants.",
)
exercise.slip("no gradient at all", predicted=stopped).says(
    "With `torch.no_grad()` around everything the targets are safe.",
    "Your value is right. What is the gradient in `p1`?",
    "Only the targets are constants.",
)
exercise.slip("each prediction against its own view", pairs=lambda p1, p2, z1, z2: ((p1, z1), (p2, z2))).says(
    "A prediction is compared with the output that it was made of.",
    "The predictor could then be the identity. What would the views be for?",
    "`p1` with `z2`, `p2` with `z1`.",
)
exercise.slip("inner product", alike=lambda p, z: (p * z).sum(dim=1)).says(
    "Similarity is the inner product.",
    "Your loss leaves [-1, 1].",
    "Cosine: scale rows to length 1.",
)
exercise.slip("the sign is flipped", sign=1).says(
    "The loss is the similarity.",
    "Does training make your loss small by making the views alike?",
    "The negative cosine.",
)
exercise.slip("sum of both directions", gather=lambda first, second: first.mean() + second.mean()).says(
    "The two directions are added.",
    "Your loss can be -2.",
    "Their mean.",
)
exercise.slip("one direction", gather=lambda first, second: first.mean()).says(
    "One prediction, from view 1 to view 2, is the loss.",
    "Exchange the views: your loss changes.",
    "The mean of both directions.",
)
exercise.slip("cosines along the batch", alike=lambda p, z: F.cosine_similarity(p, z, dim=0)).says(
    "The cosine is taken of columns.",
    "Which axis holds the coordinates of one image?",
    "`dim=1`.",
)


@exercise.accepted("normalised by hand")
def simsiam_loss(p1, p2, z1, z2):
    unit = lambda x: x / x.norm(dim=1, keepdim=True)  # noqa: E731
    a, b = unit(z1).detach(), unit(z2).detach()
    return -0.5 * ((unit(p1) * b).sum(dim=1) + (unit(p2) * a).sum(dim=1)).mean()


@exercise.accepted("by squared distances")
def simsiam_loss(p1, p2, z1, z2):
    p, z = F.normalize(torch.cat([p1, p2])), F.normalize(torch.cat([z2, z1]).detach())
    return (p - z).square().sum(dim=1).mean() / 2 - 1


@exercise.accepted("validated by hand", guarded=False)
def simsiam_loss(p1, p2, z1, z2):
    for x in (p1, p2, z1, z2):
        if x.ndim != 2 or x.shape != p1.shape or x.numel() == 0 or bool(torch.isnan(x).any()):
            raise ValueError(f"four equal shapes (B, d) without NaN, got {tuple(x.shape)}")
    with torch.no_grad():
        first, second = F.normalize(z1), F.normalize(z2)
    return -(torch.einsum("bd,bd->", F.normalize(p1), second) + torch.einsum("bd,bd->", F.normalize(p2), first)) / (
        2 * len(p1)
    )
