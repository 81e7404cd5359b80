"""debiased_loss: what its check looks at.

Values and gradients where no anchor is near the floor (temperature 0.5 and 1, related but not aligned views); one case
with anchors on both sides of it, values only; float32 down to temperature 0.01. Rows of many lengths throughout. At
collapse most mistakes do not show: that is a property, not a case.
"""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from autograder.units.u05_debiasing.similarities import views
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "debiased_loss",
    hints={
        "values": (
            "With tau_plus = 0 it is nt_xent. With all rows equal it is ln(2B - 1) for every tau_plus. Try both.",
            "Stack to z (2B, d), normalise, z @ z.T: row i has one positive, one entry that is the anchor itself, and "
            "N = 2B - 2 negatives.",
            "loss_i = ln(e^{s+/t} + G_i) - s+/t with G_i = debiased_negative_mass of that row.",
        ),
        "gradient": (
            "Keep everything in torch operations: no `.item()`, `.detach()`, `float(...)` or numpy on the way.",
        ),
        "stability": (
            "e^{1/0.01} = e^100 is larger than the largest float32 (e^88.7). Where does it appear?",
            "Divide all exponentials of a row by e^top, top its largest logit, the floor too, and add top back after the "
            "logarithm.",
            "own = exp(s+/t - top), others = sum exp(s_j/t - top), floor = N exp(-1/t - top).",
        ),
        "bad input": (
            "Besides shapes and NaN: tau_plus outside [0, 1), a temperature that is not positive, and B = 1.",
            "`validate.batch(...)`, `validate_prior(tau_plus)`, `validate.positive(temperature=...)`, and one `if` for B.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for b, d, tau_plus, t in (
        (4, 3, 0.1, 0.5),
        (5, 2, 0.2, 1.0),
        (3, 6, 0.05, 0.5),
        (7, 4, 0.3, 1.0),
        (2, 3, 0.1, 0.8),
    ):
        label = f"B = {b}, d = {d}, tau_plus = {tau_plus}, temperature {t}"
        yield Case(label, (*views(rng, b, d, tau_plus, t, noise=1.5), tau_plus, t), grad=(0, 1), rtol=1e-8)
    yield Case("tau_plus = 0", (*views(rng, 4, 3, 0.0, 0.5), 0.0, 0.5), grad=(0, 1), rtol=1e-8)
    yield Case("the defaults", views(rng, 6, 4, 0.1, 0.5, noise=1.5))
    yield Case("arguments by keyword", views(rng, 3, 5, 0.2, 2.0, noise=1.5), {"tau_plus": 0.2, "temperature": 2.0})
    first, second = views(rng, 6, 4, 0.1, 0.5, noise=1.5, dtype=torch.float32)
    yield Case("float32", (first, second, 0.1, 0.5))
    first, second = views(rng, 4, 3, 0.1, 0.5, noise=1.5)
    yield Case("inputs that are not contiguous", (strided(first), strided(second), 0.1, 0.5))
    yield Case("anchors on both sides of the floor", (*views(rng, 6, 4, 0.2, 0.5, noise=0.4, saturated=True), 0.2, 0.5))
    aligned = tensor(rng, 5, 8)
    yield Case("two equal views, temperature 0.1: all on the floor", (aligned, 2 * aligned, 0.1, 0.1))
    for t, tau_plus in ((0.01, 0.0), (0.01, 0.1), (0.02, 0.3)):
        # losses and logits of size 100: float32 keeps 1e-5 of them; no anchor where two terms nearly cancel
        first, second = views(rng, 5, 3, tau_plus, t, dtype=torch.float32, clear=0.3, saturated=None)
        yield Case(
            f"float32, temperature {t}, tau_plus = {tau_plus}",
            (first, second, tau_plus, t),
            part="stability",
            rtol=1e-4,
        )
    row = tensor(rng, 1, 3).float()
    yield Case(
        "float32, temperature 0.01, all rows equal",
        (row.repeat(4, 1), row.repeat(4, 1), 0.1, 0.01),
        part="stability",
        rtol=1e-4,
    )
    first, second = views(rng, 4, 3, 0.1, 0.5, noise=1.5)
    yield Case(
        "rows of length 1e-5 and 1e5", (1e-5 * first, 1e5 * second, 0.1, 0.5), part="stability", grad=(), rtol=1e-8
    )
    yield bad_input("tau_plus 1", first, second, 1.0, 0.5)
    yield bad_input("tau_plus -0.1", first, second, -0.1, 0.5)
    yield bad_input("tau_plus NaN", first, second, math.nan, 0.5)
    yield bad_input("temperature 0", first, second, 0.1, 0.0)
    yield bad_input("temperature -0.5", first, second, 0.1, -0.5)
    yield bad_input("B = 1", first[:1], second[:1])
    yield bad_input("an empty batch", first[:0], second[:0])
    yield bad_input("batch sizes that differ", first, second[:3])
    yield bad_input("NaN in a view", first * torch.nan, second)


@exercise.property("at collapse the loss is ln(2B - 1), for every tau_plus and temperature")
def collapse(f, rng):
    b, t, tau_plus = int(rng.integers(2, 9)), float(rng.uniform(0.1, 2)), float(rng.uniform(0, 0.6))
    row = tensor(rng, 1, 4)
    value = f(row.repeat(b, 1), 3 * row.repeat(b, 1), tau_plus, t)
    if abs(value - math.log(2 * b - 1)) > 1e-8:
        return f"for B = {b}, tau_plus = {tau_plus:.3g} it gives {value:.6g}"


@exercise.property(
    "the floor bounds it: two equal views of orthogonal images, all on the floor, have a loss known exactly"
)
def floor(f, rng):
    b, t, tau_plus = int(rng.integers(3, 7)), 0.2, 0.3
    eye = torch.eye(b, dtype=torch.float64)
    exact = math.log1p((2 * b - 2) * math.exp(-2 / t))
    if abs(f(eye, eye, tau_plus, t) - exact) > 1e-9:
        return "it is not ln(1 + N e^{-2/t}) there"


@exercise.property("the order of the images, the order of the views and the lengths of the rows do not matter")
def invariance(f, rng):
    first, second = views(rng, 5, 3, 0.15, 0.6, noise=1.5)
    value = f(first, second, 0.15, 0.6)
    order = torch.from_numpy(rng.permutation(5))
    others = {
        "permuting the images": f(first[order], second[order], 0.15, 0.6),
        "exchanging the views": f(second, first, 0.15, 0.6),
        "rescaling the rows": f(5 * first, 0.2 * second, 0.15, 0.6),
    }
    changed = [what for what, other in others.items() if abs(other - value) > 1e-8]
    if changed:
        return f"{changed[0]} changed the loss"


def checked(view1, view2, tau_plus, temperature):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1:
        raise ValueError(f"tau_plus = {tau_plus}")
    if view1.shape[0] < 2:
        raise ValueError(f"B = {view1.shape[0]}")


@exercise.accepted("plain exponentials in float64", uses=(checked,))
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    checked(view1, view2, tau_plus, temperature)
    z = F.normalize(torch.cat([view1, view2]).double(), dim=1)
    n = len(z)
    e = torch.exp(z @ z.T / temperature)
    keep = ~torch.eye(n, dtype=torch.bool)
    keep = keep & keep.roll(n // 2, dims=1)
    own = torch.cat([e.diagonal(n // 2), e.diagonal(-n // 2)])
    mass = ((e * keep).sum(1) - tau_plus * (n - 2) * own) / (1 - tau_plus)
    mass = mass.clamp(min=(n - 2) * math.exp(-1 / temperature))
    return -torch.log(own / (own + mass)).mean().to(view1.dtype)


@exercise.accepted("loop over the anchors, exponents relative to the positive", uses=(checked,))
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    checked(view1, view2, tau_plus, temperature)
    z = torch.cat([view1, view2]).double()
    z = z / z.norm(dim=1, keepdim=True)
    n, losses = len(z), []
    for i in range(n):
        j = (i + n // 2) % n
        others = torch.stack([z[i] @ z[k] for k in range(n) if k not in (i, j)])
        lead = (others - z[i] @ z[j]) / temperature
        mass = (lead.exp().sum() - tau_plus * (n - 2)) / (1 - tau_plus)  # in units of e^{s+/t}
        least = (n - 2) * torch.exp((-1 - z[i] @ z[j]) / temperature)
        losses.append(torch.log1p(torch.where(mass > least, mass, least)))
    return torch.stack(losses).mean()


@exercise.accepted("in the logarithmic domain", uses=(checked,))
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    checked(view1, view2, tau_plus, temperature)
    a, b = F.normalize(view1, dim=-1), F.normalize(view2, dim=-1)
    n = len(a)
    off = ~torch.eye(n, dtype=torch.bool)

    def anchors(x, y):
        across, within = x @ y.T / temperature, x @ x.T / temperature
        positive = across.diagonal()
        negatives = torch.cat([across[off].view(n, n - 1), within[off].view(n, n - 1)], dim=1)
        count = negatives.shape[1]
        total = negatives.logsumexp(dim=1)
        share = tau_plus * count * torch.exp((positive - total).clamp(max=60))  # beyond e^60 it is on the floor anyhow
        rest = torch.where(share < 1, 1 - share, 1.0)
        log_mass = torch.where(share < 1, total + torch.log(rest) - math.log(1 - tau_plus), -torch.inf)
        log_floor = torch.full_like(log_mass, math.log(count) - 1 / temperature)
        return F.softplus(torch.maximum(log_mass, log_floor) - positive)

    return torch.cat([anchors(a, b), anchors(b, a)]).mean()


@exercise.accepted("one shift for the whole batch, relu above the floor", uses=(checked,))
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    checked(view1, view2, tau_plus, temperature)
    z = F.normalize(torch.vstack([view1, view2])).double()
    n, half = len(z), len(view1)
    e = torch.exp((z @ z.T - 1) / temperature)  # no cosine is above 1
    own = e[torch.arange(n), torch.arange(n).roll(half)]
    count = n - 2
    itself = torch.eye(n, dtype=torch.bool)
    rest = e.masked_fill(itself | itself.roll(half, dims=1), 0).sum(dim=1)
    least = count * math.exp(-2 / temperature)
    mass = F.relu((rest - count * tau_plus * own) / (1 - tau_plus) - least) + least
    cosine = (z * z.roll(half, dims=0)).sum(dim=1)
    return (torch.log(own + mass) - (cosine - 1) / temperature).mean()


def pieces(view1, view2, temperature):
    """e^{s+/t - top}, sum over the negatives of e^{s/t - top}, N, top, s+/t: stable, so that only the belief is wrong."""
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    logits = z @ z.T / temperature
    rows = torch.arange(len(z))
    partner = rows.roll(len(view1))
    taken = torch.eye(len(z), dtype=torch.bool)
    taken[rows, partner] = True
    positive, negatives = logits[rows, partner], logits.masked_fill(taken, -torch.inf)
    top = torch.maximum(positive, negatives.max(dim=1).values).detach()
    return (positive - top).exp(), (negatives - top[:, None]).exp().sum(dim=1), len(z) - 2, top, positive


@exercise.wrong(
    "no floor",
    belief="The estimated mass is positive by itself.",
    hints=(
        "Take two equal views: which number stands in the logarithm?",
        "The estimate is a difference and can be negative. Its floor is N e^{-1/t}.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = (others - tau_plus * n * own) / (1 - tau_plus)
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "floor without N",
    belief="The smallest possible mass is e^{-1/t}.",
    hints=(
        "Away from the floor you are right. How many negatives are in the mass?",
        "Each of the N exponentials is at least e^{-1/t}: the floor is N e^{-1/t}.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "floor 0",
    belief="A mass only has to be non-negative.",
    hints=(
        "With two equal views, all on the floor, your loss is 0. Can N cosines have no mass at all?",
        "The floor is N e^{-1/t}.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = ((others - tau_plus * n * own) / (1 - tau_plus)).clamp(min=0)
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "a small constant in the logarithm",
    belief="The logarithm only has to be kept away from 0 by a small constant.",
    hints=(
        "Your loss of an aligned pair is negative. Can -ln of a share be?",
        "The constant keeps the logarithm finite, not the mass possible. What is the smallest mass of N cosines?",
        "Take the maximum of the mass and N e^{-1/t}, before the positive is added.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    inside = own + (others - tau_plus * n * own) / (1 - tau_plus)
    return (inside.clamp(min=1e-8).log() + top - positive).mean()


@exercise.wrong(
    "prior of another class",
    belief="tau_plus is the probability that a negative has another class.",
    hints=(
        "With tau_plus = 0 you should get nt_xent. Do you?",
        "The positives are taken out with weight tau_plus; what is left is divided by 1 - tau_plus.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = (others - (1 - tau_plus) * n * own) / (tau_plus or math.nan)
    mass = torch.maximum(mass, n * (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "not divided by the rest",
    belief="The false negatives are subtracted, and that is all.",
    hints=(
        "At collapse your loss depends on tau_plus; it should be ln(2B - 1) for all.",
        "What is left stands for a share 1 - tau_plus of the draws: divide by it.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum(others - tau_plus * n * own, n * (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "one false negative subtracted",
    belief="The positive is subtracted once, with weight tau_plus.",
    hints=(
        "At collapse your loss depends on tau_plus; it should be ln(2B - 1) for all.",
        "Among N negatives tau_plus N are false on average: subtract tau_plus N e^{s+/t}.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum((others - tau_plus * own) / (1 - tau_plus), n * (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "mean over the negatives",
    belief="The denominator holds the positive and one average negative.",
    hints=(
        "At collapse you get ln 2 for every B.",
        "The mass is that of N negatives: N times the estimate for one.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum((others / n - tau_plus * own) / (1 - tau_plus), (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "positive missing from the denominator",
    belief="The denominator holds the debiased negatives only.",
    hints=(
        "At collapse you get ln(2B - 2). Which candidate is missing?",
        "The denominator is e^{s+/t} + G.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), n * (-1 / temperature - top).exp())
    return (mass.log() + top - positive).mean()


@exercise.wrong(
    "the positive is one of the negatives",
    belief="All 2B - 1 other views are negatives in the mass.",
    hints=(
        "At collapse you get ln(2B). How many negatives does an anchor have?",
        "N = 2B - 2: all views but the anchor's own and its partner.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    others, n = others + own, n + 1
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), n * (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive).mean()


@exercise.wrong(
    "only the first view's rows are anchors",
    belief="The B rows of view 1 are the anchors.",
    hints=("Exchange the two views: your loss changes, and it should not.", "The mean runs over all 2B rows."),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, positive = pieces(view1, view2, temperature)
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), n * (-1 / temperature - top).exp())
    return ((own + mass).log() + top - positive)[: len(view1)].mean()


@exercise.wrong(
    "logarithm of the mean",
    belief="The mean over the anchors is taken inside the logarithm.",
    hints=(
        "Is the mean of -ln q the same as -ln of the mean of q?",
        "One logarithm for each anchor, then the mean.",
    ),
    uses=(pieces,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    own, others, n, top, _ = pieces(view1, view2, temperature)
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), n * (-1 / temperature - top).exp())
    return -(own / (own + mass)).mean().log()


@exercise.wrong(
    "no normalisation",
    belief="Similarity is the inner product.",
    hints=(
        "Multiply a row by 5: your loss changes. Does the cosine?",
        "Divide each row by its length first: the floor is only right for cosines.",
    ),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    z = torch.cat([view1, view2])
    logits, rows, n = z @ z.T / temperature, torch.arange(len(z)), len(z) - 2
    partner = rows.roll(len(view1))
    taken = torch.eye(len(z), dtype=torch.bool)
    taken[rows, partner] = True
    own, others = logits[rows, partner].exp(), logits.masked_fill(taken, -torch.inf).exp().sum(dim=1)
    mass = ((others - tau_plus * n * own) / (1 - tau_plus)).clamp(min=n * math.exp(-1 / temperature))
    return ((own + mass).log() - logits[rows, partner]).mean()


@exercise.wrong(
    "plain exponentials in float32",
    belief="A cosine is at most 1, so its exponential cannot overflow.",
    hints=(
        "At temperature 0.01 the exponent is cos / t, up to 100. What is the largest float32?",
        "e^88.7. Divide all exponentials of a row by that of its largest logit before you add them.",
        "Subtract top from every exponent, from the floor's too, and add it back after the logarithm.",
    ),
    uses=(checked,),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    checked(view1, view2, tau_plus, temperature)
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    logits, rows, n = z @ z.T / temperature, torch.arange(len(z)), len(z) - 2
    partner = rows.roll(len(view1))
    taken = torch.eye(len(z), dtype=torch.bool)
    taken[rows, partner] = True
    own, others = logits[rows, partner].exp(), logits.exp().masked_fill(taken, 0).sum(dim=1)
    mass = ((others - tau_plus * n * own) / (1 - tau_plus)).clamp(min=n * math.exp(-1 / temperature))
    return -torch.log(own / (own + mass)).mean()
