"""nt_xent: what its check looks at.

Blind spots to keep out: at collapse or with unit rows a missing normalisation does not show, with temperature 1 neither
does a misplaced one, with B = 2 first-half anchors can agree. So: rows of many lengths, several B, d and temperatures.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, positive
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.careless import careless
from autograder.units.u01_similarity_losses.draws import HALF, OPPOSITE, STRIDED, opposite, views

exercise = Exercise(
    "nt_xent",
    refuses=(positive("temperature"), batch(minimum=2, view1="a view", view2="the other view")),
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
            "At temperature 0.001 logits reach 1000: e^1000 is infinite, e^(-1000) is 0. Does your code take a logarithm of "
            "the one or the other? In float16 even a mask of -1e9 is out of range.",
            "Mask with -inf and use `logsumexp` or `F.cross_entropy`, which never leave the logarithms.",
        ),
        "bad input": (
            "Besides shapes and NaN: a temperature that is not positive, and B = 1, must raise.",
            "`validate.batch(...)`, `validate.positive(temperature=temperature)`, and one `if` for B.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for b, d, t in ((4, 3, 0.5), (5, 2, 0.2), (3, 6, 1.3), (2, 4, 0.1), (7, 7, 0.07)):
        name = f"B = {b}, d = {d}, temperature {t}"
        yield Case(name, (*views(rng, b, d), t), grad=(0, 1), rtol=1e-7, public=b < 7)
    yield Case("the default temperature", views(rng, 6, 3), hint="The default temperature is 0.5.")
    yield Case("temperature as keyword", views(rng, 3, 3), {"temperature": 2.0})
    yield Case("float32", (*views(rng, 6, 4, dtype=torch.float32), 0.5))
    yield Case("float16", (*(x.half() for x in views(rng, 4, 4)), 0.5), hint=HALF)
    yield Case("inputs that are not contiguous", (*(strided(x) for x in views(rng, 4, 3)), 0.5), hint=STRIDED)
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
    yield Case("temperature 0.001, every positive far ahead", (*views(rng, 4, 5, noise=0.02), 1e-3), part="stability")
    for t in (1e-3, 1e-4):
        name = f"temperature {t}, an anchor opposite to all others"
        yield Case(name, (*opposite(rng, 3), t), part="stability", rtol=1e-7, hint=OPPOSITE)
    first, second = views(rng, 4, 3)
    yield Case("rows of length 1e-5 and 1e5", (1e-5 * first, 1e5 * second, 0.5), part="stability")
    yield Case(
        "temperature 0.05, float16",
        (tensor(rng, 4, 3).half(), tensor(rng, 4, 3).half(), 0.05),
        part="stability",
        rtol=5e-2,
    )
    yield from exercise.bad_inputs(first, second)
    args = (*views(rng, *larger_sizes(rng, 2, high=33)), float(rng.uniform(0.1, 1)))
    yield Case("a larger batch", args, grad=(0, 1), rtol=1e-7, public=False)
    args = (torch.tensor([[1.0, 0, 0], [0, 1, 0]]).double(), torch.tensor([[1.0, 0, 0], [0, 0.1, 1]]).double(), 1e-3)
    yield Case("temperature 0.001, one image's views alike, the other's hardly", args, part="stability")


@exercise.property("at collapse the loss is ln(2B - 1), at every temperature")
def collapse(f, rng):
    b, t = int(rng.integers(2, 41)), float(rng.uniform(0.05, 2))
    row = tensor(rng, 1, 4)
    value = f(row.repeat(b, 1), 3 * row.repeat(b, 1), t)
    if abs(value - math.log(2 * b - 1)) > 1e-8:
        return f"for B = {b} it gives {value:.6g}"


@exercise.property("it is never below ln(1 + 2(B-1) exp(-B/((B-1) t))), and equals it at the simplex")
def minimum(f, rng):
    b, t = int(rng.integers(3, 14)), float(rng.uniform(0.2, 1.5))
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


def itself(logits):
    return torch.eye(len(logits), dtype=torch.bool)


def across(logits):
    """Only the views of the other kind stay candidates."""
    second = torch.arange(len(logits)) >= len(logits) // 2
    return logits.masked_fill(second[:, None] == second, -torch.inf)


def first_half(losses):
    return losses[: len(losses) // 2].mean()


def negatives_below(logits, target):
    """Cross-entropy whose denominator lacks the positive."""
    rows = torch.arange(len(logits))
    rest = logits.clone()
    rest[rows, target] = -torch.inf
    return rest.logsumexp(dim=1) - logits[rows, target]


def mean_of_negatives(logits, target):
    return F.softplus(negatives_below(logits, target) - math.log(len(logits) - 2))


def positive_twice(logits, target):
    positive = logits[torch.arange(len(logits)), target]
    return torch.cat([logits, positive[:, None]], dim=1).logsumexp(dim=1) - positive


def quotient(logits, target):
    weights = torch.exp(logits)
    return -torch.log(weights[torch.arange(len(logits)), target] / weights.sum(dim=1))


def own_view(logits):
    """The other images' views of the anchor's own kind stay candidates, and the positive."""
    second = torch.arange(len(logits)) >= len(logits) // 2
    positive = torch.eye(len(logits), dtype=torch.bool).roll(len(logits) // 2, 0)
    return logits.masked_fill(((second[:, None] != second) & ~positive) | itself(logits), -torch.inf)


def one_maximum(logits, target):
    top = logits.max().detach()
    return (logits - top).exp().sum(dim=1).log() + top - logits[torch.arange(len(logits)), target]


@exercise.formula
def nt_xent(
    view1,
    view2,
    temperature=0.5,
    *,
    checked=lambda view1, view2, temperature: None,
    scaled=lambda z: F.normalize(z, dim=1),
    seen=lambda z: z,
    heated=lambda cosines, t: cosines / t,
    masked=lambda logits: logits.masked_fill(itself(logits), -torch.inf),
    least=None,
    partners=lambda n: torch.arange(n).roll(n // 2),
    cost=lambda logits, target: F.cross_entropy(logits, target, reduction="none"),
    pool=torch.mean,
    unit=1.0,
):
    checked(view1, view2, temperature)
    z = scaled(torch.cat([view1, view2]))
    logits = heated(z @ seen(z).T, temperature)
    logits = masked(logits) if least is None else logits.masked_fill(itself(logits), least)
    return pool(cost(logits, partners(len(z)))) / unit


exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its anchors.",
    "Your values are 2B times the right ones.",
    "Divide by the number of anchors, 2B.",
)
exercise.slip("divided by B", pool=lambda losses: 2 * losses.mean()).says(
    "There are B anchors.",
    "Your values are exactly twice the right ones.",
    "Each of the 2B views is an anchor: divide by 2B.",
)
exercise.slip("base-2 logarithm", unit=math.log(2)).says(
    "The base of the logarithm does not matter.",
    "Your values are the right ones divided by ln 2 = 0.693.",
    "The course uses the natural logarithm.",
)
exercise.slip("no normalisation", scaled=lambda z: z).says(
    "Similarity is the inner product.",
    "Multiply a row by 5: your loss changes. Does the cosine?",
    "Divide each row by its length first: `F.normalize(z, dim=1)`.",
)
exercise.slip("multiplied by the temperature", heated=lambda cosines, t: cosines * t).says(
    "A low temperature makes the logits small.",
    "Does your loss get sharper or flatter when the temperature falls?",
    "Logits are cosine divided by temperature.",
)
exercise.slip("temperature forgotten", heated=lambda cosines, t: cosines).says(
    "The scores are the cosines themselves.",
    "Does your loss change with the temperature?",
    "Logits are cosine divided by temperature.",
)
exercise.slip("only the first view's rows are anchors", pool=first_half).says(
    "The B rows of view 1 are the anchors.",
    "Exchange the two views: your loss changes, and it should not.",
    "The mean runs over all 2B rows.",
)
exercise.slip("the anchor is its own candidate", masked=lambda logits: logits).says(
    "All 2B views are candidates, the anchor itself among them.",
    "At collapse you get ln(2B) instead of ln(2B - 1): one candidate too many. Which one?",
    "An anchor is always most similar to itself. Mask the diagonal of the similarities with -inf.",
)
exercise.slip("only views of the other kind are candidates", masked=across).says(
    "An anchor of view 1 is compared with the rows of view 2 only (B candidates).",
    "At collapse you get ln B instead of ln(2B - 1): how many candidates does an anchor have?",
    "Stack both views to 2B rows: the other images' rows of the anchor's own view are negatives too.",
)
exercise.slip("positive missing from the denominator", cost=negatives_below).says(
    "The denominator runs over the negatives only.",
    "Your loss can be negative; a cross-entropy cannot. Which candidate is missing?",
    "The denominator sums over all k different from i, and the positive is one of them.",
)
exercise.slip("interleaved pairing", partners=lambda n: torch.arange(n) ^ 1).says(
    "In the stacked batch, neighbours 2i and 2i + 1 are the two views of one image.",
    "Print which rows your code pairs for B = 3. `torch.cat([view1, view2])` puts all of view 1 first.",
    "The partner of row i is row i + B (modulo 2B), not its neighbour.",
)
exercise.slip("the diagonal is set to zero", masked=lambda logits: logits.masked_fill(itself(logits), 0.0)).says(
    "Setting a logit to 0 takes it out of the softmax.",
    "exp(0) = 1: a candidate with logit 0 still counts.",
    "To take it out its exponential must be 0: the logit must be -inf.",
)
for least in (-50.0, -100.0, -1000.0, -1e4):
    exercise.slip(f"a mask of {least:g}", paired=False, least=least).says(
        f"A logit of {least:g} takes a candidate out of the softmax.",
        "At temperature 0.0001 logits run from -10000 to 10000. Which of them are not above your mask?",
        "Only -inf is below every logit: `masked_fill(mask, -torch.inf)`.",
    )
exercise.slip(
    "10000 subtracted", paired=False, masked=lambda logits: logits - 1e4 * itself(logits).to(logits.dtype)
).says(
    "10000 subtracted from a logit takes a candidate out of the softmax.",
    "At temperature 0.0001 the anchor's own logit is 10000. What is left of it?",
    "Only -inf is below every logit: `masked_fill(mask, -torch.inf)`.",
)
exercise.slip("the anchor opposite to itself", masked=lambda logits: logits - 2 * torch.diag(logits.diagonal())).says(
    "A candidate with the smallest cosine, -1, does not count.",
    "At temperature 1, what does a cosine of -1 add to the denominator?",
    "To take it out its exponential must be 0: the logit must be -inf.",
)
exercise.slip("mean over the negatives", cost=mean_of_negatives).says(
    "The negatives enter the denominator with their mean.",
    "At collapse you get ln 2 instead of ln(2B - 1).",
    "The denominator is a sum over all k different from i: do not divide by their number.",
)
exercise.slip("the positive twice in the denominator", cost=positive_twice).says(
    "The positive is added to a denominator that lacks it.",
    "At collapse you get ln(2B) instead of ln(2B - 1): one candidate too many. Which one?",
    "The sum over all k different from i holds the positive already.",
)
exercise.slip("one direction of the cross-view loss", masked=across, pool=first_half).says(
    "Row i of view 1 is classified among the rows of view 2, and that is all.",
    "Exchange the two views: your loss changes, and it should not.",
    "Stack both views to 2B rows; every row is an anchor, and has 2B - 1 candidates.",
)
exercise.slip("the whole batch normalised", paired=False, scaled=lambda z: z / z.norm()).says(
    "One length is taken for the whole batch.",
    "Multiply one row by 5: do the cosines of the others change? Your loss does.",
    "Each row is divided by its own length: `F.normalize(z, dim=1)`.",
)
exercise.slip("normalised along the batch", scaled=lambda z: F.normalize(z, dim=0)).says(
    "Normalising means that each coordinate has length 1 over the batch.",
    "Which axis holds the coordinates of one view?",
    "`F.normalize(z, dim=1)`: every row gets length 1.",
)
exercise.slip("temperature applied twice", heated=lambda cosines, t: cosines / t**2).says(
    "Both factors of the similarity are divided by the temperature.",
    "Your values are right at temperature 1 only.",
    "Divide the similarity once, not each of the two vectors.",
)
exercise.slip("exp without protection", paired=False, cost=quotient).says(
    "The quotient of exponentials can be computed as it is written.",
    "At temperature 0.001 a cosine of 0.9 gives exp(900), which is infinite even in float64.",
    "Use `logsumexp` or `F.cross_entropy` on the logits; never form the exponentials.",
)
exercise.slip(
    "an eps added to the length", paired=False, scaled=lambda z: z / (z.norm(dim=1, keepdim=True) + 1e-8)
).says(
    "A small number added to the length of a row does no harm.",
    "For a row of length 1e-5, what does adding 1e-8 to the length do to its direction's size?",
    "Rows are never 0 here: divide by the length itself, or let `F.normalize` do it (it takes the larger of "
    "the length and 1e-12).",
)
exercise.slip(
    "mask of a huge number", paired=False, masked=lambda logits: logits.masked_fill(itself(logits), -9e15)
).says(
    "A very negative number, -1e9 or more, is as good as minus infinity.",
    "float16 ends at 65504: such a number cannot be represented there, and the call fails.",
    "`masked_fill(mask, -torch.inf)` works in every floating dtype.",
)
exercise.slip(
    "logarithm of the softmax",
    paired=False,
    cost=lambda logits, target: -logits.softmax(dim=1)[torch.arange(len(logits)), target].log(),
).says(
    "The logarithm of a softmax can be taken after the softmax.",
    "Nothing overflows in a softmax. But how small is the probability of a positive that loses by 1000, and its logarithm?",
    "e^(-1000) is 0 in floating point, and ln 0 is minus infinity, though the loss is 1000.",
    "`log_softmax`, `logsumexp` or `F.cross_entropy` never leave the logarithms.",
)


exercise.slip("squared distances", heated=lambda cosines, t: (2 * cosines - 2) / t).says(
    "Similar means close: the score is minus the squared distance of the normalised rows.",
    "|u - v|^2 = 2 - 2 u.v for unit vectors. By which factor are your scores off?",
    "2: the score is u.v / t itself.",
)
exercise.slip(
    "chance level subtracted",
    cost=lambda logits, target: F.cross_entropy(logits, target, reduction="none") - math.log(len(logits) - 1),
).says(
    "The loss is measured from its chance level.",
    "At collapse you get 0, not ln(2B - 1).",
    "The denominator is a sum over the candidates, not their mean: nothing is subtracted.",
)
exercise.slip("logarithm of the mean probability", pool=lambda losses: -(-losses).exp().mean().log()).says(
    "-ln of the mean probability is the mean of -ln.",
    "Jensen: the two differ as soon as anchors differ.",
    "Take the logarithm anchor by anchor, then the mean.",
)
exercise.slip("negatives of the own view only", masked=own_view).says(
    "The negatives of an anchor are the other rows of its own view.",
    "At collapse you get ln B + ... How many candidates does an anchor have?",
    "2B - 1: the other images' rows of both views, and the positive.",
)
exercise.slip(
    "a larger eps added to the length", paired=False, scaled=lambda z: z / (z.norm(dim=1, keepdim=True) + 1e-6)
).says(
    "A small number added to the length of a row does no harm.",
    "For a row of length 1e-5, what does adding 1e-6 to the length do to its direction's size?",
    "Rows are never 0 here: divide by the length itself, or let `F.normalize` do it (it takes the larger of "
    "the length and 1e-12).",
)
exercise.slip(
    "lengths without a gradient", paired=False, scaled=lambda z: z / z.norm(dim=1, keepdim=True).detach()
).says(
    "The length of a row is a constant for the gradient.",
    "Your values are right. Does a row's gradient have a part along the row? Proposition 1.7 says it has none.",
    "The length depends on the row: no `.detach()`, no `torch.no_grad()` around the normalisation.",
)
exercise.slip("candidates without a gradient", paired=False, seen=lambda z: z.detach()).says(
    "Candidates are targets, through which no gradient flows.",
    "Your values are right. In how many of the 2B losses does one vector stand?",
    "Each vector is anchor once and candidate of all others: no `.detach()`.",
)
exercise.slip("one maximum for the batch", paired=False, cost=one_maximum).says(
    "One maximum over the whole batch keeps all exponentials safe.",
    "What is left of the exponentials of an anchor that lies opposite to all others?",
    "Each anchor needs its own maximum: `torch.logsumexp(logits, dim=1)` takes it.",
)
exercise.slip("not pooled", paired=False, pool=lambda losses: losses).says(
    "A loss is one number for each anchor.",
    "Which shape does the question ask for?",
    "One number for the batch, shape (): `.mean()` at the end.",
)
exercise.slip("cut off from the graph", paired=False, pool=lambda losses: losses.detach().mean()).says(
    "Only the value of a loss is needed.",
    "Who is going to call `.backward()` on it?",
    "Stay with tensors to the end: no `.item()`, `float(...)`, `.detach()` or numpy.",
)
careless(exercise)


@exercise.accepted("blocks: own view without the diagonal, other view with it")
def nt_xent(view1, view2, temperature=0.5):
    a, b = F.normalize(view1, dim=1), F.normalize(view2, dim=1)
    n = len(a)
    off = ~torch.eye(n, dtype=torch.bool)

    def side(x, y):
        across = x @ y.T / temperature
        within = (x @ x.T / temperature)[off].view(n, n - 1)
        return F.cross_entropy(torch.cat([across, within], dim=1), torch.arange(n))

    return (side(a, b) + side(b, a)) / 2


@exercise.accepted("double loop")
def nt_xent(view1, view2, temperature=0.5):
    z = torch.cat([view1, view2])
    z = z / z.norm(dim=1, keepdim=True)
    n = len(z)
    losses = []
    for i in range(n):
        others = torch.stack([z[i] @ z[k] for k in range(n) if k != i]) / temperature
        losses.append(torch.logsumexp(others, 0) - z[i] @ z[(i + n // 2) % n] / temperature)
    return torch.stack(losses).mean()


@exercise.accepted("interleaved views, cosine_similarity, log_softmax")
def nt_xent(view1, view2, temperature=0.5):
    z = torch.stack([view1, view2], dim=1).flatten(0, 1)  # view 1 and view 2 of image 0, of image 1, ...
    z = z / torch.linalg.vector_norm(z, dim=1, keepdim=True)
    logits = torch.div(torch.mm(z, z.t()), temperature)
    logits = logits.masked_fill(torch.eye(len(z)).bool(), float("-inf"))
    rows = torch.arange(len(z))
    return -logits.log_softmax(dim=-1)[rows, rows ^ 1].mean()


@exercise.accepted("maximum subtracted by hand")
def nt_xent(view1, view2, temperature=0.5):
    z = F.normalize(torch.vstack([view1, view2]))
    itself = torch.eye(len(z)).bool()
    logits = torch.where(itself, -math.inf, torch.einsum("id,kd->ik", z, z) / temperature)
    top = logits.detach().max(dim=1, keepdim=True).values
    positive = torch.cat([logits.diagonal(len(view1)), logits.diagonal(-len(view1))])
    return (torch.log(torch.exp(logits - top).sum(dim=1)) + top[:, 0] - positive).mean()
