"""byol_loss: what its check looks at.

Every way to put the stop-gradient has the right value, so value and gradients are compared together (driver "slopes").
Blind spots to keep out: rows of length 1, views that are equal, one image.
"""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch
from autograder.author.draw import larger_sizes
from autograder.units.u09_in_practice.stopped import four, free, stopped

exercise = Exercise(
    "byol_loss",
    refuses=(batch(p1="p1", p2="p2", t1="t1", t2="t2"),),
    hints={
        "values": (
            "Scale rows to length 1; prediction 1 against target 2, prediction 2 against target 1.",
            "The answer is compared with its gradients too: in which of the four tensors must they be 0?",
            "`.detach()` on both targets; squared distance summed over coordinates; mean over images; sum of directions.",
        ),
        "bad input": ("`validate.batch(p1=p1, p2=p2, t1=t1, t2=t2)` does all of it.",),
    },
)


@exercise.cases
def cases(rng):
    for b, d in ((3, 2), (1, 3), (2, 4)):
        yield Case(f"B = {b}, d = {d}", four(rng, b, d), drive="slopes", public=d < 4)
    yield Case("float32", four(rng, 2, 3, torch.float32), drive="slopes", rtol=1e-4)
    yield from exercise.bad_inputs(*four(rng, 2, 2))
    yield Case("a larger batch", four(rng, *larger_sizes(rng, 2)), drive="slopes", public=False)


def distance(p, t):
    return (p - t).square().sum(dim=1)


def across(p1, p2, t1, t2):
    return (p1, t2), (p2, t1)


def both(first, second):
    return first.mean() + second.mean()


@exercise.formula
def byol_loss(
    p1,
    p2,
    t1,
    t2,
    *,
    scaled=lambda x: F.normalize(x, dim=1),
    online=free,
    target1=stopped,
    target2=stopped,
    pairs=across,
    cost=distance,
    gather=both,
):
    found = pairs(online(p1), online(p2), target1(t1), target2(t2))
    return gather(*(cost(scaled(p), scaled(t)) for p, t in found))


exercise.slip("no stop-gradient", target1=free, target2=free).says(
    "The loss pulls targets and predictions towards each other.",
    "Your value is right. What is the gradient in `t1`?",
    "The target encoder is a moving average: nothing may train it. `t1.detach()`, `t2.detach()`.",
)
exercise.slip("stop-gradient on the predictions", online=stopped, target1=free, target2=free).says(
    "The stop-gradient belongs to the predictions.",
    "Which encoder is trained, the online or the target one?",
    "Detach the targets.",
)
exercise.slip("stop-gradient on one target only", target2=free).says(
    "One stop-gradient is enough.",
    "Your value is right. In which of the two targets is the gradient not 0?",
    "Both targets are constants.",
)
exercise.slip("no gradient at all", online=stopped).says(
    "With `torch.no_grad()` around everything the targets are safe.",
    "Your value is right. What is the gradient in `p1`?",
    "Only the targets are constants.",
)
exercise.slip("each prediction against its own view", pairs=lambda p1, p2, t1, t2: ((p1, t1), (p2, t2))).says(
    "A prediction is compared with the target's output for the same view.",
    "What would the encoder learn about views, if it never had to predict another one?",
    "`p1` with `t2`, `p2` with `t1`.",
)
exercise.slip("not scaled to length 1", scaled=lambda x: x).says(
    "The distance is taken between the vectors as they are.",
    "Multiply `p1` by 3: your loss changes, and must not.",
    "`F.normalize` on predictions and targets.",
)
exercise.slip("half the loss", gather=lambda first, second: (first.mean() + second.mean()) / 2).says(
    "The loss is half the sum of the two squared distances.",
    "Your values are half the right ones.",
    "Do you add the two directions, or average them? What is |p - t|^2 for unit vectors at a right angle?",
    "The squared distance of unit vectors is 2 - 2 cos, and the two directions are added.",
)
exercise.slip("scaled along the batch", scaled=lambda x: F.normalize(x, dim=0)).says(
    "Columns are scaled to length 1.",
    "What are the lengths of your rows?",
    "Each image has a vector of length 1: `dim=1`.",
)
exercise.slip("absolute differences", cost=lambda p, t: (p - t).abs().sum(dim=1)).says(
    "The distance is the sum of absolute differences.",
    "Rotate all four tensors in the same way: your loss changes, and must not.",
    "`.square()` in place of `.abs()`.",
)
exercise.slip("sum of the vectors", cost=lambda p, t: (p + t).square().sum(dim=1)).says(
    "The squared distance of unit vectors is 2 + 2 cos.",
    "What is your loss when prediction and target agree? It must be 0.",
    "2 - 2 cos.",
)
exercise.slip("one direction", gather=lambda first, second: first.mean()).says(
    "One prediction, from view 1 to view 2, is the loss.",
    "Exchange the views: your loss changes.",
    "Add the direction from view 2 to view 1.",
)
exercise.slip("sum over the batch", gather=lambda first, second: first.sum() + second.sum()).says(
    "The loss of a batch is the sum over its images.",
    "Your values are B times the right ones.",
    "Mean over the batch.",
)
exercise.slip("distance not squared", cost=lambda p, t: (p - t).norm(dim=1)).says(
    "The distance itself is the loss.",
    "For opposite vectors the squared distance is 4. What do you get?",
    "`.square().sum(dim=1)`, without the root.",
)
exercise.slip("mean over the coordinates", cost=lambda p, t: (p - t).square().mean(dim=1)).says(
    "`mse_loss` is the squared distance.",
    "Your values are d times too small.",
    "A squared distance sums over the coordinates.",
)
exercise.slip("negative cosine", cost=lambda p, t: -(p * t).sum(dim=1)).says(
    "The squared distance of unit vectors and the negative cosine are the same number.",
    "Your gradient has half the size, and your loss is negative.",
    "How do the two depend on each other? Expand the square.",
)


@exercise.accepted("by cosines")
def byol_loss(p1, p2, t1, t2):
    first = F.cosine_similarity(p1, t2.detach(), dim=1)
    second = F.cosine_similarity(p2, t1.detach(), dim=1)
    return (4 - 2 * first - 2 * second).mean()


@exercise.accepted("both directions stacked")
def byol_loss(p1, p2, t1, t2):
    p = F.normalize(torch.cat([p1, p2]), dim=1)
    with torch.no_grad():
        t = F.normalize(torch.cat([t2, t1]), dim=1)
    return 2 * (p - t).pow(2).sum(dim=1).mean()


@exercise.accepted("a loop, validated by hand", guarded=False)
def byol_loss(p1, p2, t1, t2):
    if len({tuple(x.shape) for x in (p1, p2, t1, t2)}) > 1 or p1.ndim != 2 or p1.numel() == 0:
        raise ValueError(f"shapes {[tuple(x.shape) for x in (p1, p2, t1, t2)]}")
    if any(bool(x.isnan().any()) for x in (p1, p2, t1, t2)):
        raise ValueError("NaN")
    total = 0.0
    for i in range(len(p1)):
        for p, t in ((p1[i], t2[i].detach()), (p2[i], t1[i].detach())):
            total = total + ((p / p.norm() - t / t.norm()) ** 2).sum()
    return total / len(p1)
