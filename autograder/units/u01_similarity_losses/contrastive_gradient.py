"""contrastive_gradient: a closed form, called under torch.inference_mode, where autograd has no graph."""

import torch

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "contrastive_gradient",
    hints={
        "values": (
            "Differentiate ln(sum of exponentials) first: each candidate appears with a weight. Which weights are they?",
            "The weights are the softmax of the logits, over all N + 1 candidates; they sum to 1.",
            "(weighted mean of the candidates - positive) / B.",
        ),
        "stability": ("`torch.softmax` is safe at logits of 1e4; a quotient of exponentials is not.",),
        "bad input": (
            "`validate.batch(anchor=anchor, positive=positive)`, `validate.candidates(anchor, negatives=negatives)`.",
        ),
    },
)


def inputs(rng, b, n, d):
    return tensor(rng, b, d), tensor(rng, b, d), tensor(rng, b, n, d)


@exercise.cases
def cases(rng):
    for b, n, d in ((4, 3, 2), (3, 5, 4), (1, 2, 3), (5, 1, 3), (2, 2, 2)):
        yield Case(f"B = {b}, N = {n}, d = {d}", inputs(rng, b, n, d), inference=True)
    yield Case("float32", tuple(x.float() for x in inputs(rng, 4, 6, 3)), inference=True)
    yield Case("float16", tuple(x.half() for x in inputs(rng, 4, 3, 3)), inference=True)
    yield Case("inputs that are not contiguous", tuple(strided(x) for x in inputs(rng, 3, 4, 3)), inference=True)
    a, p, n = inputs(rng, 3, 4, 3)
    unit = a / (a * a).sum(dim=1, keepdim=True)
    yield Case("the positive's logit is 1e4", (a, 1e4 * unit, n), part="stability", inference=True)
    yield Case("the positive's logit is -1e4", (a, -1e4 * unit, n), part="stability", inference=True)
    far = torch.cat([1e4 * unit.unsqueeze(1), n], dim=1)
    yield Case("a negative's logit is 1e4", (a, p, far), part="stability", inference=True)
    yield bad_input("N = 0", a, p, n[:, :0])
    yield bad_input("negatives of another dimension", a, p, n[:, :, :2])
    yield bad_input("positive of another shape", a, p[:2], n)
    yield bad_input("an empty batch", a[:0], p[:0], n[:0])
    yield bad_input("NaN in the anchor", a * torch.nan, p, n)


@exercise.property("a step against the gradient lowers the loss")
def descends(f, rng):
    a, p, n = inputs(rng, 4, 3, 3)

    def loss(x):
        logits = torch.einsum("bd,bnd->bn", x, torch.cat([p[:, None], n], dim=1))
        return float((logits.logsumexp(1) - logits[:, 0]).mean())

    if not loss(a - 1e-4 * torch.as_tensor(f(a, p, n))) < loss(a):
        return "a small step raised it"


@exercise.property("attraction and repulsion balance: equal candidates give no gradient")
def balance(f, rng):
    a, p = tensor(rng, 3, 4), tensor(rng, 3, 4)
    if abs(torch.as_tensor(f(a, p, p.unsqueeze(1).repeat(1, 5, 1)))).max() > 1e-9:
        return "all candidates are equal and the gradient is not 0"


def weights_of(anchor, positive, negatives):
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    return candidates, torch.softmax((candidates * anchor[:, None]).sum(-1), dim=1)


@exercise.accepted("attraction and repulsion apart", uses=(weights_of,))
def contrastive_gradient(anchor, positive, negatives):
    _, w = weights_of(anchor, positive, negatives)
    pull = -(1 - w[:, :1]) * positive
    push = (w[:, 1:, None] * negatives).sum(dim=1)
    return (pull + push) / len(anchor)


@exercise.accepted("one-hot subtracted from the softmax", uses=(weights_of,))
def contrastive_gradient(anchor, positive, negatives):
    candidates, w = weights_of(anchor, positive, negatives)
    w = w.clone()
    w[:, 0] -= 1
    return torch.bmm(w[:, None], candidates)[:, 0] / anchor.shape[0]


@exercise.accepted("loop over rows", uses=(weights_of,))
def contrastive_gradient(anchor, positive, negatives):
    candidates, w = weights_of(anchor, positive, negatives)
    rows = [w[i] @ candidates[i] - positive[i] for i in range(len(anchor))]
    return torch.stack(rows) / len(rows)


@exercise.wrong(
    "the factor 1/B forgotten",
    belief="Each anchor's gradient is that of its own loss.",
    hints=("Your values are B times the right ones.", "The loss is the mean over the batch: divide by B."),
)
def contrastive_gradient(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    w = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)
    return torch.einsum("bn,bnd->bd", w, candidates) - positive


@exercise.wrong(
    "attraction forgotten",
    belief="Only the log-sum-exp depends on the anchor.",
    hints=(
        "Your gradient never pulls towards the positive. Which other term of the loss contains the anchor?",
        "The loss is ln(sum of exponentials) minus a.p: differentiate the second term too.",
    ),
)
def contrastive_gradient(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    w = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)
    return torch.einsum("bn,bnd->bd", w, candidates) / len(anchor)


@exercise.wrong(
    "step instead of gradient",
    belief="The gradient points where the anchor should go.",
    hints=(
        "Your sign is flipped.",
        "Gradient descent goes against the gradient: gradient = candidates' centre - positive.",
    ),
)
def contrastive_gradient(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    w = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)
    return (positive - torch.einsum("bn,bnd->bd", w, candidates)) / len(anchor)


@exercise.wrong(
    "softmax over the negatives only",
    belief="The weights of the negatives sum to 1.",
    hints=(
        "When the positive already wins by far, should the negatives still push with full force?",
        "The softmax runs over all N + 1 candidates, the positive among them.",
    ),
)
def contrastive_gradient(anchor, positive, negatives):
    w = torch.einsum("bd,bnd->bn", anchor, negatives).softmax(dim=1)
    return (torch.einsum("bn,bnd->bd", w, negatives) - positive) / len(anchor)


@exercise.wrong(
    "full pull of the positive",
    belief="The positive always pulls with force 1.",
    hints=(
        "When the positive already wins by far, there is nothing left to gain: how strong should the pull be?",
        "The positive stands in the log-sum-exp as well, so its force is 1 - w_0.",
    ),
)
def contrastive_gradient(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    w = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)
    return (torch.einsum("bn,bnd->bd", w[:, 1:], negatives) - positive) / len(anchor)


@exercise.wrong(
    "derivative by the positive",
    belief="The derivative is taken by the positive.",
    hints=("Your gradient is a multiple of the anchor.", "Which vector is varied? The anchor; candidates stay fixed."),
)
def contrastive_gradient(anchor, positive, negatives):
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    w = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)
    return -(1 - w[:, :1]) * anchor / len(anchor)
