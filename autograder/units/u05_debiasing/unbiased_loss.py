"""unbiased_loss: what its check looks at.

Labels that are not 0, 1, 2, classes of unequal size, a class of one image, all labels different, all equal. Each batch has
a repeated label, so that ignoring the labels shows, and at least two labels, so that inverting the mask shows.
"""

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, needs, positive
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u05_debiasing.formulas import itself, partner
from course import validate

FEW = {  # images taken away from both views and the labels
    f"B = {b}": {name: lambda rows, b=b: rows[:b] for name in ("view1", "view2", "labels")} for b in (1, 0)
}
exercise = Exercise(
    "unbiased_loss",
    refuses=(
        positive("temperature"),
        batch(view1="a view", view2="the other view"),
        needs("len(view1) > 1", FEW),
        needs(
            "labels.shape == view1.shape[:1]",
            {
                "three labels for four images": {"labels": lambda y: y[:3]},
                "a label for every view": {"labels": lambda y: torch.cat([y, y])},
                "one label for all": {"labels": lambda y: y[:1]},
            },
        ),
    ),
    hints={
        "values": (
            "Take B = 3 and labels (0, 0, 1): row 0 has three candidates, its partner and both views of the third image.",
            "With labels that are all different it must be nt_xent, with labels that are all equal 0; where it is infinite, "
            "the positive itself is masked.",
            "The labels of the 2B rows are torch.cat([labels, labels]). Which entries of row i stay in the softmax?",
            "Those with another label, and the partner. Mask the rest with -inf, then F.cross_entropy.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "At temperature 0.001 the logits reach 1000: which exponential is infinite there, which quotient is 0?",
            "Mask with -inf and use `logsumexp` or `F.cross_entropy`, which subtract the largest logit first.",
        ),
        "bad input": (
            "Besides shapes and NaN: a temperature that is not positive, B = 1, labels of another length.",
            "`validate.batch(...)`, `validate.positive(temperature=...)`, and one `if` each for B and the labels.",
        ),
    },
)


def views(rng, b, d, noise=0.7, dtype=torch.float64):
    """Two related views whose rows have lengths from about 0.05 to 20."""
    first = tensor(rng, b, d)
    second = first + noise * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-3, 3, size=(2, b, 1))).exp()
    return (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)


def labels(rng, *sizes, names=(4, 3, -3, 40)):
    """Shuffled labels, `sizes[c]` times names[c]."""
    listed = [name for name, size in zip(names, sizes) for _ in range(size)]
    return torch.from_numpy(rng.permutation(listed)).long()


@exercise.cases
def cases(rng):
    for d, t, *sizes in ((3, 0.5, 3, 2), (2, 0.2, 2, 1, 2), (5, 1.3, 2, 1), (3, 0.1, 3, 2, 1), (2, 0.07, 2, 2, 2, 1)):
        b = sum(sizes)
        label = f"B = {b}, d = {d}, classes of {sizes}, temperature {t}"
        yield Case(label, (*views(rng, b, d), labels(rng, *sizes), t), grad=(0, 1) if b < 6 else (0,), rtol=1e-8)
    b, d = odd_sizes(rng, 2, high=24)
    named = torch.from_numpy(rng.choice([-2, -1, 0, 1, 2, 10, 11], size=b)).long()
    named[:2], named[2:4] = 1, 2
    args = (*views(rng, b, d), named, 0.5)
    yield Case(f"B = {b}, d = {d}, seven classes", args, grad=(0, 1), rtol=1e-8, public=False)
    yield Case("the default temperature", (*views(rng, 5, 3), labels(rng, 2, 3)))
    yield Case("all labels different", (*views(rng, 4, 3), labels(rng, 1, 1, 1, 1), 0.5))
    yield Case("all labels equal", (*views(rng, 4, 3), labels(rng, 4), 0.5))
    yield Case("float32", (*views(rng, 6, 4, dtype=torch.float32), labels(rng, 3, 2, 1), 0.5))
    yield Case("float16", (*(x.half() for x in views(rng, 4, 4)), labels(rng, 2, 2), 0.5))
    yield Case("int32 labels", (*views(rng, 4, 3), labels(rng, 3, 1).int(), 0.5))
    yield Case("inputs that are not contiguous", (*(strided(x) for x in views(rng, 4, 3)), labels(rng, 2, 2), 0.5))
    for t in (1e-3, 1e-4):
        args = (*views(rng, 5, 3), labels(rng, 3, 2), t)
        yield Case(f"temperature {t}", args, part="stability", grad=(0,), rtol=1e-7)
        # unrelated views: the loss is of the size of the logits, so rounding of 1e-7 of a logit stays far below rtol
        args = (tensor(rng, 5, 3).float(), tensor(rng, 5, 3).float(), labels(rng, 2, 3), t)
        yield Case(f"temperature {t}, float32", args, part="stability", rtol=1e-4)
    first, second = views(rng, 4, 3)
    y = labels(rng, 2, 2)
    yield Case("two equal views, temperature 0.001", (first, 2 * first, y, 1e-3), part="stability")
    yield Case("rows of length 1e-5 and 1e5", (1e-5 * first, 1e5 * second, y, 0.5), part="stability")
    yield from exercise.bad_inputs(first, second, y, 0.5)
    args = (first, -first, torch.full((4,), 3), 1e-4)  # the positives' logits are -1e4, and nothing else is left
    yield Case("two opposite views, all labels equal, temperature 0.0001", args, part="stability")


@exercise.property("merging two classes takes candidates away, so it lowers the loss")
def monotone(f, rng):
    first, second = views(rng, 6, 3)
    fine = labels(rng, 2, 2, 2)
    coarse = torch.where(fine == -3, 4, fine)
    if not f(first, second, coarse, 0.5) < f(first, second, fine, 0.5):
        return "it did not"


@exercise.property("the names of the classes, the order of the images and of the views do not matter")
def invariance(f, rng):
    first, second = views(rng, 5, 3)
    y = labels(rng, 2, 3)
    value, order = f(first, second, y, 0.4), torch.from_numpy(rng.permutation(5))
    others = {
        "renaming the classes": f(first, second, 5 - 2 * y, 0.4),
        "permuting the images": f(first[order], second[order], y[order], 0.4),
        "exchanging the views": f(second, first, y, 0.4),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def false_negatives(same):
    """The rows that leave: those of the anchor's class (the anchor among them), but for its partner."""
    return same & ~partner(len(same))


def without(logits, gone):
    return logits.masked_fill(gone, -torch.inf)


def one_hot(y):
    rows = F.one_hot(y.long()).double()
    return rows @ rows.T > 0


def no_loss_without_negatives(logits, same):
    """Its denominator lacks the positive, and an anchor without a negative has loss 0."""
    losses = negatives_below(logits, same)
    return torch.where(losses.isfinite(), losses, 0)


def zeroed(logits, gone):
    return torch.where(gone, 0, logits).masked_fill(itself(len(logits)), -torch.inf)


def within_a_view(n):
    second = torch.arange(n) >= n // 2
    return second[:, None] == second


def not_across(same):
    """The false negatives, and the rows of the anchor's own view."""
    return false_negatives(same) | within_a_view(len(same))


def following(y):
    """Mask of the images that stand next to each other and have one label."""
    n = len(y) // 2
    near = torch.zeros(n, n, dtype=torch.bool)
    rows = torch.arange(n - 1)
    near[rows, rows + 1] = near[rows + 1, rows] = y[: n - 1] == y[1:n]
    return near.repeat(2, 2) | itself(2 * n)


def cross_entropy(logits, same):
    return logits.logsumexp(dim=1) - logits[partner(len(logits))]


def negatives_below(logits, same):
    """Its denominator lacks the positive."""
    return without(logits, partner(len(logits))).logsumexp(dim=1) - logits[partner(len(logits))]


def supervised(logits, same):
    """Every view of the class is a positive of its own."""
    same = same & ~itself(len(same))
    return -torch.where(same, logits.log_softmax(dim=1), 0).sum(dim=1) / same.sum(dim=1)


def against_negatives(logits, same):
    """Every view of the class is a positive of its own, against the views of other classes."""
    rest = without(logits, same).logsumexp(dim=1, keepdim=True)
    losses = torch.logaddexp(logits, rest) - logits
    same = same & ~itself(len(same))
    return torch.where(same, losses, 0).sum(dim=1) / same.sum(dim=1)


def quotient(logits, same):
    weights = torch.exp(logits)
    return -torch.log(weights[partner(len(logits))] / weights.sum(dim=1))


def class_above(logits, same):
    """All views of the class share the numerator."""
    return logits.logsumexp(dim=1) - without(logits, ~same).logsumexp(dim=1)


def scaled_up(logits, same):
    """The negatives that are left count as 2B - 2."""
    left = (~same).sum(dim=1).clamp(min=1).to(logits.dtype)
    rest = without(logits, same).logsumexp(dim=1) + torch.log((len(same) - 2) / left)
    positive = logits[partner(len(same))]
    return torch.logaddexp(positive, rest) - positive


@exercise.formula
def unbiased_loss(
    view1,
    view2,
    labels,
    temperature=0.5,
    *,
    named=lambda labels: torch.cat([labels, labels]),
    alike=lambda y: y[:, None] == y,
    gone=false_negatives,
    keys=lambda z: z,
    early=lambda s, gone: s,
    heated=lambda s, t: s / t,
    masked=without,
    cost=cross_entropy,
    scaled=lambda z: F.normalize(z, dim=1),
    pool=torch.mean,
):
    z = scaled(torch.cat([view1, view2]))
    same = alike(named(labels))
    cosines = early(z @ keys(z).T, gone(same))
    return pool(cost(masked(heated(cosines, temperature), gone(same)), same))


exercise.slip("no normalisation", scaled=lambda z: z).says(
    "Similarity is the inner product.",
    "Multiply a row by 5: your loss changes. Does the cosine?",
    "Divide each row by its length, as nt_xent does.",
)
exercise.slip("only the first view's rows are anchors", pool=lambda losses: losses[: len(losses) // 2].mean()).says(
    "The B rows of view 1 are the anchors.",
    "Exchange the two views: your loss changes, and it should not.",
    "The mean runs over all 2B rows, as in nt_xent.",
)
exercise.slip("anchors without a negative left out", pool=lambda losses: losses[losses > 0].mean()).says(
    "An anchor without a true negative has no loss.",
    "With all labels equal your loss is a mean of nothing. What does the text make of that extreme?",
    "Such an anchor has loss 0, and counts among the 2B.",
)


exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its anchors.",
    "Your values are 2B times the right ones.",
    "Divide by the number of anchors, 2B.",
)
exercise.slip("temperature multiplied", heated=lambda s, t: s * t).says(
    "The temperature multiplies the cosine.",
    "At temperature 1 you would be right. Does a low temperature make large cosines count more, or less?",
    "More: the logit is s / t.",
)
exercise.slip("the other rows are detached", keys=lambda z: z.detach()).says(
    "Only the anchor's row has a gradient: the rows that it is compared with are constants.",
    "Your values are right. Move a row a little: in how many anchors' losses does it stand?",
    "Every row is an anchor, a positive and perhaps a negative: no detach, no no_grad.",
)
exercise.slip("only views of the other kind are candidates", gone=not_across).says(
    "An anchor of view 1 is compared with the rows of view 2 only.",
    "With all labels different it should be nt_xent. How many candidates does an anchor have there?",
    "The other images' rows of the anchor's own view are negatives too, where their label is another.",
)
exercise.slip("labels are class numbers", alike=one_hot).says(
    "Labels are the integers 0, ..., C - 1.",
    "Which labels does the text allow?",
    "Compare them: y[:, None] == y. Nothing has to be counted.",
)
exercise.slip(
    "masked cosines set to -1",
    early=lambda s, gone: s.masked_fill(gone, -1),
    masked=lambda logits, gone: logits,
).says(
    "A cosine of -1 takes a candidate out of the softmax.",
    "With all labels equal your loss should be 0. What is it?",
    "e^{-1/t} is small, not 0: set the logit to -inf.",
)
exercise.slip("mask of -1e4", masked=lambda logits, gone: logits.masked_fill(gone, -1e4)).says(
    "A logit of -1e4 is as good as minus infinity.",
    "At temperature 0.0001, which logit has a positive with cosine -1?",
    "`masked_fill(mask, -torch.inf)`: exactly 0 in the softmax, whatever the others are.",
)
exercise.slip("labels ignored", gone=lambda same: itself(len(same))).says(
    "All other views are candidates.",
    "Does your loss depend on the labels?",
    "Views with the anchor's label leave the denominator.",
)
exercise.slip("the positive removed too", cost=negatives_below).says(
    "All views with the anchor's label leave the denominator, the positive among them.",
    "With all labels different your loss is not nt_xent. Which candidate is missing?",
    "The positive has the anchor's label and stays: it is in the denominator of every softmax here.",
)
exercise.slip("the positive removed too, no loss without negatives", cost=no_loss_without_negatives).says(
    "All views with the anchor's label leave the denominator, the positive among them.",
    "With all labels different your loss is not nt_xent. Which candidate is missing?",
    "The positive has the anchor's label and stays: it is in the denominator of every softmax here.",
)
exercise.slip("same class kept, other classes removed", gone=lambda same: ~same | itself(len(same))).says(
    "Candidates are the views of the anchor's class.",
    "With all labels equal your loss should be 0. What is it?",
    "Negatives are the views with another label: invert the mask.",
)
exercise.slip("every view of the class is a positive", gone=lambda same: itself(len(same)), cost=supervised).says(
    "With labels, all views of the anchor's class are positives (a supervised contrastive loss).",
    "How many positives does an anchor have here?",
    "One, the other view of its image. Other images of the class are neither positive nor negative.",
)
exercise.slip(
    "every view of the class against the other classes",
    gone=lambda same: torch.zeros_like(same),
    cost=against_negatives,
).says(
    "With labels, each view of the anchor's class is a positive, and is compared with the other classes.",
    "How many positives does an anchor have here?",
    "One, the other view of its image. Other images of the class are neither positive nor negative.",
)
exercise.slip("same class in the numerator", gone=lambda same: itself(len(same)), cost=class_above).says(
    "The views of the anchor's class move from the denominator's negatives to the numerator.",
    "Change a view of another image of the same class: your loss moves, and it should not.",
    "Views of other images with the anchor's label appear nowhere.",
)
exercise.slip(
    "false negatives removed from one view only",
    gone=lambda same: false_negatives(same) & ~within_a_view(len(same)) | itself(len(same)),
).says(
    "Labels matter where an anchor is compared with the other view.",
    "An anchor is compared with 2B - 1 views. Which of them have a label?",
    "All: also the rows of the anchor's own view must be masked by label.",
)
exercise.slip("logits of false negatives set to zero", masked=zeroed).says(
    "A logit of 0 takes a candidate out of the softmax.",
    "exp(0) = 1: a candidate with logit 0 still counts.",
    "Its exponential must be 0: set the logit to -inf.",
)
exercise.slip("all masked logits set to zero", masked=lambda logits, gone: logits.masked_fill(gone, 0.0)).says(
    "Multiplying the logits by a mask of 0 and 1 takes candidates out of the softmax, the anchor among them.",
    "With all labels equal your loss should be 0. What is it?",
    "exp(0) = 1: a candidate with logit 0 still counts.",
    "Its exponential must be 0: set the logit to -inf.",
)
exercise.slip("rest scaled up to all negatives", cost=scaled_up).says(
    "The negatives that are left are weighted so that they count as 2B - 2.",
    "At total collapse, what is your denominator, and which candidates did the text list?",
    "No weights: the sum runs over the views with another label, however many there are.",
)
exercise.slip("the anchor is its own candidate", gone=lambda same: false_negatives(same) & ~itself(len(same))).says(
    "The anchor itself stays among the candidates.",
    "With all labels equal your loss should be 0. What is it?",
    "An anchor is no candidate: mask the diagonal with -inf.",
)
exercise.slip("neighbouring labels are one class", alike=lambda y: (y[:, None] - y).abs() <= 1).says(
    "Labels are measurements: two that differ by 1 or less are the same.",
    "Labels 3 and 4: one class or two?",
    "Labels are names. Compare them with ==.",
)
exercise.slip("labels interleaved", named=lambda labels: labels.repeat_interleave(2)).says(
    "In the stacked batch the two views of an image, and so their labels, are neighbours.",
    "Print the labels beside the rows of torch.cat([view1, view2]) for B = 3.",
    "All of view 1 comes first: rows i and i + B are the views of image i.",
    "labels.repeat(2), not labels.repeat_interleave(2).",
)
exercise.slip("exp without protection", cost=quotient).says(
    "The quotient of exponentials can be computed as it is written.",
    "At temperature 0.001 a cosine of 0.9 gives exp(900), which is infinite even in float64.",
    "Use `logsumexp` or `F.cross_entropy` on the logits; never form the exponentials.",
)
exercise.slip(
    "the softmax underflows", cost=lambda logits, same: -torch.log(logits.softmax(dim=1)[partner(len(logits))])
).says(
    "`softmax` is stable, so its logarithm can be taken.",
    "At temperature 0.0001, what is the softmax of a positive that is less similar than some negative by 0.1?",
    "e^{-1000} is 0 even in float64, and -ln 0 is infinite.",
    "`log_softmax` and `F.cross_entropy` never form the probability.",
)
exercise.slip("mask of -1e9", masked=lambda logits, gone: logits.masked_fill(gone, -1e9)).says(
    "A very negative number is as good as minus infinity.",
    "float16 ends at 65504: -1e9 cannot be represented there, and the call fails.",
    "`masked_fill(mask, -torch.inf)` works in every floating dtype.",
)
exercise.slip("only the next image is compared", alike=following).says(
    "Images of one class stand next to each other, so a label is compared with the one before it.",
    "Permute the images: does your loss change?",
    "Every pair of images needs its comparison: labels[:, None] != labels[None, :].",
)


@exercise.wrong(
    "the labels' shape not checked",
    belief="The number of labels need not be checked: torch raises by itself where it does not fit.",
    hints=("Which kind of error does torch raise?", "The text wants ValueError: compare labels.shape with (B,)."),
    guarded=False,
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError("one image")
    z, y = F.normalize(torch.cat([view1, view2]), dim=1), torch.cat([labels, labels])
    return cross_entropy(without(z @ z.T / temperature, false_negatives(y[:, None] == y)), y).mean()


@exercise.wrong(
    "one image accepted",
    belief="A batch of one image is no bad input: its loss is 0.",
    hints=("How many images has a batch, by the docstring?", "B >= 2: raise ValueError for B = 1."),
    guarded=False,
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if labels.shape != view1.shape[:1]:
        raise ValueError(f"{labels.shape}")
    z, y = F.normalize(torch.cat([view1, view2]), dim=1), torch.cat([labels, labels])
    return cross_entropy(without(z @ z.T / temperature, false_negatives(y[:, None] == y)), y).mean()


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: torch raises by itself where it must.",
    hints=(
        "Does it raise ValueError for one image, for a NaN, for a temperature of -1?",
        "validate.batch(...), validate.positive(temperature=...), and one `if` each for B and the labels.",
    ),
    guarded=False,
)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    z, y = F.normalize(torch.cat([view1, view2]), dim=1), torch.cat([labels, labels])
    return cross_entropy(without(z @ z.T / temperature, false_negatives(y[:, None] == y)), y).mean()


@exercise.accepted("double loop, validated by hand", guarded=False)
def unbiased_loss(view1, view2, labels, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2 or len(labels) != len(view1):
        raise ValueError(f"B = {len(view1)}, {len(labels)} labels")
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    n, y = len(z), labels.tolist() * 2
    losses = []
    for i in range(n):
        j = (i + n // 2) % n
        kept = [j] + [k for k in range(n) if y[k] != y[i]]
        logits = torch.stack([z[i] @ z[k] for k in kept]) / temperature
        losses.append(torch.logsumexp(logits, 0) - logits[0])
    return torch.stack(losses).mean()


@exercise.accepted("positive in a column of its own")
def unbiased_loss(view1, view2, labels, temperature=0.5):
    a, b = F.normalize(view1, dim=1), F.normalize(view2, dim=1)
    different = labels.view(-1, 1) != labels.view(1, -1)

    def side(x, y):
        positive = (x * y).sum(dim=1, keepdim=True)
        negatives = torch.cat([x @ y.T, x @ x.T], dim=1).masked_fill(~different.repeat(1, 2), -torch.inf)
        return -F.log_softmax(torch.cat([positive, negatives], dim=1) / temperature, dim=1)[:, 0]

    return torch.cat([side(a, b), side(b, a)]).mean()


@exercise.accepted("softplus of the negatives' log-sum-exp")
def unbiased_loss(view1, view2, labels, temperature=0.5):
    z = torch.vstack([view1, view2])
    z = z / torch.linalg.vector_norm(z, dim=1, keepdim=True)
    classes = torch.unique(labels, return_inverse=True)[1].repeat(2)
    logits = torch.einsum("id,kd->ik", z, z) / temperature
    blocked = torch.where(torch.eq(classes[:, None], classes[None, :]), -torch.inf, logits)
    positive = (z * z.roll(len(view1), 0)).sum(1) / temperature
    some = torch.isfinite(blocked).any(dim=1)
    lead = blocked[some].logsumexp(1) - positive[some]
    return F.softplus(lead, threshold=40).sum() / len(z) + 0 * z.sum()
