"""nt_xent: what its check looks at.

Blind spots to keep out: at collapse or with unit rows a missing normalisation does not show, with temperature 1 neither
does a misplaced one, with B = 2 first-half anchors can agree. So: rows of many lengths, several B, d and temperatures.
"""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "nt_xent",
    hints={
        "values": (
            "Test yourself at collapse: with all rows equal the loss is ln(2B - 1), the number of candidates of an anchor.",
            "Stack to z of shape (2B, d), normalise rows, z @ z.T / temperature. Row i: which entry is the positive, and "
            "which one must not take part?",
            "`masked_fill` the diagonal with -inf, then `F.cross_entropy` with the partner's index (i + B) % 2B as class.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "At temperature 0.001 the logits reach 1000: which exponential overflows? In float16 even -1e9 does.",
            "Mask with -inf and use `logsumexp` or `F.cross_entropy`, which subtract the largest logit first.",
        ),
        "bad input": (
            "Besides shapes and NaN: a temperature that is not positive, and B = 1, must raise.",
            "`validate.batch(...)`, `validate.positive(temperature=temperature)`, and one `if` for B.",
        ),
    },
)


def views(rng, b, d, noise=0.7, dtype=torch.float64):
    """Two related views whose rows have lengths from about 0.3 to 5 (much shorter and longer ones: see "stability")."""
    first = tensor(rng, b, d)
    second = first + noise * tensor(rng, b, d)
    lengths = torch.from_numpy(rng.uniform(-1, 1, size=(2, b, 1))).exp()
    return (first * lengths[0]).to(dtype), (second * lengths[1]).to(dtype)


@exercise.cases
def cases(rng):
    for b, d, t in ((4, 3, 0.5), (5, 2, 0.2), (3, 6, 1.3), (2, 4, 0.1), (7, 7, 0.07)):
        yield Case(f"B = {b}, d = {d}, temperature {t}", (*views(rng, b, d), t), grad=(0, 1), rtol=1e-7)
    yield Case("the default temperature", views(rng, 6, 3))
    yield Case("temperature as keyword", views(rng, 3, 3), {"temperature": 2.0})
    yield Case("float32", (*views(rng, 6, 4, dtype=torch.float32), 0.5))
    yield Case("float16", (*(x.half() for x in views(rng, 4, 4)), 0.5))
    yield Case("inputs that are not contiguous", (*(strided(x) for x in views(rng, 4, 3)), 0.5))
    row = tensor(rng, 1, 3)
    yield Case("all rows equal", (row.repeat(5, 1), row.repeat(5, 1), 0.3))
    for t in (1e-3, 1e-4):
        yield Case(f"temperature {t}", (*views(rng, 4, 3), t), part="stability", grad=(0,), rtol=1e-7)
        # unrelated views: the loss is of the size of the logits, so rounding of 1e-7 of a logit stays far below rtol
        yield Case(
            f"temperature {t}, float32",
            (tensor(rng, 5, 3).float(), tensor(rng, 5, 3).float(), t),
            part="stability",
            rtol=1e-4,
        )
    first, second = views(rng, 4, 3)
    yield Case("rows of length 1e-5 and 1e5", (1e-5 * first, 1e5 * second, 0.5), part="stability")
    yield Case(
        "temperature 0.05, float16",
        (tensor(rng, 4, 3).half(), tensor(rng, 4, 3).half(), 0.05),
        part="stability",
        rtol=5e-2,
    )
    yield bad_input("temperature 0", first, second, 0.0)
    yield bad_input("temperature -0.5", first, second, -0.5)
    yield bad_input("temperature NaN", first, second, math.nan)
    yield bad_input("B = 1", first[:1], second[:1])
    yield bad_input("an empty batch", first[:0], second[:0])
    yield bad_input("batch sizes that differ", first, second[:3])
    yield bad_input("NaN in a view", first * torch.nan, second)


@exercise.property("at collapse the loss is ln(2B - 1), at every temperature")
def collapse(f, rng):
    b, t = int(rng.integers(2, 9)), float(rng.uniform(0.05, 2))
    row = tensor(rng, 1, 4)
    value = f(row.repeat(b, 1), 3 * row.repeat(b, 1), t)
    if abs(value - math.log(2 * b - 1)) > 1e-8:
        return f"for B = {b} it gives {value:.6g}"


@exercise.property("it is never below ln(1 + 2(B-1) exp(-B/((B-1) t))), and equals it at the simplex")
def minimum(f, rng):
    b, t = int(rng.integers(3, 7)), float(rng.uniform(0.2, 1.5))
    least = math.log1p(2 * (b - 1) * math.exp(-b / ((b - 1) * t)))
    simplex = torch.eye(b, dtype=torch.float64) - 1 / b
    if abs(f(simplex, simplex, t) - least) > 1e-8:
        return f"at the simplex for B = {b} it is off"
    if f(*views(rng, b, b), t) < least - 1e-9:
        return "random views fall below the minimum"


@exercise.property("the order of the images, the order of the views and the lengths of the rows do not matter")
def invariance(f, rng):
    first, second = views(rng, 5, 3)
    value = f(first, second, 0.4)
    order = torch.from_numpy(rng.permutation(5))
    others = {
        "permuting the images": f(first[order], second[order], 0.4),
        "exchanging the views": f(second, first, 0.4),
        "rescaling a row": f(first * torch.tensor([[1.0], [5], [0.2], [1], [1]], dtype=torch.float64), second, 0.4),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def checked(view1, view2, temperature):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if view1.shape[0] < 2:
        raise ValueError(f"B = {view1.shape[0]}")


@exercise.accepted("blocks: own view without the diagonal, other view with it", uses=(checked,))
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    a, b = F.normalize(view1, dim=1), F.normalize(view2, dim=1)
    n = len(a)
    off = ~torch.eye(n, dtype=torch.bool)

    def side(x, y):
        across = x @ y.T / temperature
        within = (x @ x.T / temperature)[off].view(n, n - 1)
        return F.cross_entropy(torch.cat([across, within], dim=1), torch.arange(n))

    return (side(a, b) + side(b, a)) / 2


@exercise.accepted("double loop", uses=(checked,))
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    z = torch.cat([view1, view2])
    z = z / z.norm(dim=1, keepdim=True)
    n = len(z)
    losses = []
    for i in range(n):
        others = torch.stack([z[i] @ z[k] for k in range(n) if k != i]) / temperature
        losses.append(torch.logsumexp(others, 0) - z[i] @ z[(i + n // 2) % n] / temperature)
    return torch.stack(losses).mean()


@exercise.accepted("interleaved views, cosine_similarity, log_softmax", uses=(checked,))
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    z = torch.stack([view1, view2], dim=1).flatten(0, 1)  # view 1 and view 2 of image 0, of image 1, ...
    z = z / torch.linalg.vector_norm(z, dim=1, keepdim=True)
    logits = torch.div(torch.mm(z, z.t()), temperature)
    logits = logits.masked_fill(torch.eye(len(z)).bool(), float("-inf"))
    rows = torch.arange(len(z))
    return -logits.log_softmax(dim=-1)[rows, rows ^ 1].mean()


@exercise.accepted("maximum subtracted by hand", uses=(checked,))
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    z = F.normalize(torch.vstack([view1, view2]))
    itself = torch.eye(len(z)).bool()
    logits = torch.where(itself, -math.inf, torch.einsum("id,kd->ik", z, z) / temperature)
    top = logits.detach().max(dim=1, keepdim=True).values
    positive = torch.cat([logits.diagonal(len(view1)), logits.diagonal(-len(view1))])
    return (torch.log(torch.exp(logits - top).sum(dim=1)) + top[:, 0] - positive).mean()


def similarities(view1, view2, temperature):
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    return z @ z.T / temperature


def partners(n):
    return torch.arange(2 * n).roll(n)


def without_diagonal(logits):
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)


@exercise.wrong(
    "the anchor is its own candidate",
    belief="All 2B views are candidates, the anchor itself among them.",
    hints=(
        "At collapse you get ln(2B) instead of ln(2B - 1): one candidate too many. Which one?",
        "An anchor is always most similar to itself. Mask the diagonal of the similarities with -inf.",
    ),
    uses=(similarities, partners),
)
def nt_xent(view1, view2, temperature=0.5):
    return F.cross_entropy(similarities(view1, view2, temperature), partners(len(view1)))


@exercise.wrong(
    "the diagonal is set to zero",
    belief="Setting a logit to 0 takes it out of the softmax.",
    hints=(
        "exp(0) = 1: a candidate with logit 0 still counts.",
        "To take it out its exponential must be 0: the logit must be -inf.",
    ),
    uses=(similarities, partners),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = similarities(view1, view2, temperature)
    return F.cross_entropy(logits * (1 - torch.eye(len(logits), dtype=logits.dtype)), partners(len(view1)))


@exercise.wrong(
    "positive missing from the denominator",
    belief="The denominator runs over the negatives only.",
    hints=(
        "Your loss can be negative; a cross-entropy cannot. Which candidate is missing?",
        "The denominator sums over all k different from i, and the positive is one of them.",
    ),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    rows, partner = torch.arange(len(logits)), partners(len(view1))
    rest = logits.clone()
    rest[rows, partner] = -torch.inf
    return (rest.logsumexp(dim=1) - logits[rows, partner]).mean()


@exercise.wrong(
    "only views of the other kind are candidates",
    belief="An anchor of view 1 is compared with the rows of view 2 only (B candidates).",
    hints=(
        "At collapse you get ln B instead of ln(2B - 1): how many candidates does an anchor have?",
        "Stack both views to 2B rows: the other images' rows of the anchor's own view are negatives too.",
    ),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = F.normalize(view1, dim=1) @ F.normalize(view2, dim=1).T / temperature
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


@exercise.wrong(
    "one direction of the cross-view loss",
    belief="Row i of view 1 is classified among the rows of view 2, and that is all.",
    hints=(
        "Exchange the two views: your loss changes, and it should not.",
        "Stack both views to 2B rows; every row is an anchor, and has 2B - 1 candidates.",
    ),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = F.normalize(view1, dim=1) @ F.normalize(view2, dim=1).T / temperature
    return F.cross_entropy(logits, torch.arange(len(logits)))


@exercise.wrong(
    "only the first view's rows are anchors",
    belief="The B rows of view 1 are the anchors.",
    hints=(
        "Exchange the two views: your loss changes, and it should not.",
        "The mean runs over all 2B rows.",
    ),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    n = len(view1)
    return F.cross_entropy(logits[:n], partners(n)[:n])


@exercise.wrong(
    "no normalisation",
    belief="Similarity is the inner product.",
    hints=(
        "Multiply a row by 5: your loss changes. Does the cosine?",
        "Divide each row by its length first: `F.normalize(z, dim=1)`.",
    ),
    uses=(partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    z = torch.cat([view1, view2])
    return F.cross_entropy(without_diagonal(z @ z.T / temperature), partners(len(view1)))


@exercise.wrong(
    "normalised along the batch",
    belief="Normalising means that each coordinate has length 1 over the batch.",
    hints=("Which axis holds the coordinates of one view?", "`F.normalize(z, dim=1)`: every row gets length 1."),
    uses=(partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    z = F.normalize(torch.cat([view1, view2]), dim=0)
    return F.cross_entropy(without_diagonal(z @ z.T / temperature), partners(len(view1)))


@exercise.wrong(
    "multiplied by the temperature",
    belief="A low temperature makes the logits small.",
    hints=(
        "Does your loss get sharper or flatter when the temperature falls?",
        "Logits are cosine divided by temperature.",
    ),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = similarities(view1, view2, 1.0) * temperature
    return F.cross_entropy(without_diagonal(logits), partners(len(view1)))


@exercise.wrong(
    "temperature applied twice",
    belief="Both factors of the similarity are divided by the temperature.",
    hints=("Your values are right at temperature 1 only.", "Divide the similarity once, not each of the two vectors."),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    return F.cross_entropy(without_diagonal(similarities(view1, view2, temperature**2)), partners(len(view1)))


@exercise.wrong(
    "interleaved pairing",
    belief="In the stacked batch, neighbours 2i and 2i + 1 are the two views of one image.",
    hints=(
        "Print which rows your code pairs for B = 3. `torch.cat([view1, view2])` puts all of view 1 first.",
        "The partner of row i is row i + B (modulo 2B), not its neighbour.",
    ),
    uses=(similarities, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    return F.cross_entropy(logits, torch.arange(len(logits)) ^ 1)


@exercise.wrong(
    "sum instead of mean",
    belief="The loss of a batch is the sum over its anchors.",
    hints=("Your values are 2B times the right ones.", "Divide by the number of anchors, 2B."),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    return F.cross_entropy(logits, partners(len(view1)), reduction="sum")


@exercise.wrong(
    "divided by B",
    belief="There are B anchors.",
    hints=("Your values are exactly twice the right ones.", "Each of the 2B views is an anchor: divide by 2B."),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    return F.cross_entropy(logits, partners(len(view1)), reduction="sum") / len(view1)


@exercise.wrong(
    "base-2 logarithm",
    belief="The base of the logarithm does not matter.",
    hints=("Your values are the right ones divided by ln 2 = 0.693.", "The course uses the natural logarithm."),
    uses=(similarities, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    logits = without_diagonal(similarities(view1, view2, temperature))
    return F.cross_entropy(logits, partners(len(view1))) / math.log(2)


@exercise.wrong(
    "exp without protection",
    belief="The quotient of exponentials can be computed as it is written.",
    hints=(
        "At temperature 0.001 a cosine of 0.9 gives exp(900), which is infinite even in float64.",
        "Use `logsumexp` or `F.cross_entropy` on the logits; never form the exponentials.",
    ),
    uses=(checked, similarities, partners),
)
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    logits = similarities(view1, view2, temperature)
    weights = torch.exp(logits) * (1 - torch.eye(len(logits), dtype=logits.dtype))
    rows = torch.arange(len(logits))
    return -torch.log(weights[rows, partners(len(view1))] / weights.sum(dim=1)).mean()


@exercise.wrong(
    "an eps added to the length",
    belief="A small number added to the length of a row does no harm.",
    hints=(
        "For a row of length 1e-5, what does adding 1e-8 to the length do to its direction's size?",
        "Rows are never 0 here: divide by the length itself, or let `F.normalize` do it (it takes the larger of the "
        "length and 1e-12).",
    ),
    uses=(checked, partners, without_diagonal),
)
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    z = torch.cat([view1, view2])
    z = z / (z.norm(dim=1, keepdim=True) + 1e-8)
    return F.cross_entropy(without_diagonal(z @ z.T / temperature), partners(len(view1)))


@exercise.wrong(
    "mask of -9e15",
    belief="A very negative number is as good as minus infinity.",
    hints=(
        "float16 ends at 65504: -9e15 cannot be represented there, and the call fails.",
        "`masked_fill(mask, -torch.inf)` works in every floating dtype.",
    ),
    uses=(checked, similarities, partners),
)
def nt_xent(view1, view2, temperature=0.5):
    checked(view1, view2, temperature)
    logits = similarities(view1, view2, temperature)
    return F.cross_entropy(logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -9e15), partners(len(view1)))
