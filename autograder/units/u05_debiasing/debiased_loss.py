"""debiased_loss: what its check looks at.

Values and gradients where no anchor is near the floor (temperature 0.5 and 1, related but not aligned views), where some
or all are on it, none near it; float32 down to temperature 0.01. Rows of many lengths throughout. At
collapse most mistakes do not show: that is a property, not a case.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, positive
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u05_debiasing.draws import PRIOR, views
from autograder.units.u05_debiasing.formulas import itself, leaking, partner
from course import validate

exercise = Exercise(
    "debiased_loss",
    refuses=(PRIOR, positive("temperature"), batch(minimum=2, view1="a view", view2="the other view")),
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
    sizes = ((4, 3, 0.1, 0.5), (5, 2, 0.2, 1.0), (3, 4, 0.05, 0.5), (2, 3, 0.1, 0.8))
    for b, d, tau_plus, t in sizes:
        label = f"B = {b}, d = {d}, tau_plus = {tau_plus}, temperature {t}"
        yield Case(label, (*views(rng, b, d, tau_plus, t, noise=1.5), tau_plus, t), grad=(0, 1)[: 6 - b], rtol=1e-8)
    b, d = odd_sizes(rng, 2, high=24)
    args = (*views(rng, b, d, 0.1, 0.5, noise=1.5), 0.1, 0.5)
    yield Case(f"B = {b}, d = {d}", args, grad=(0, 1), rtol=1e-8, public=False)
    yield Case("tau_plus = 0", (*views(rng, 3, 2, 0.0, 0.5), 0.0, 0.5), grad=(0,), rtol=1e-8)
    yield Case("the defaults", views(rng, 6, 4, 0.1, 0.5, noise=1.5))
    yield Case("arguments by keyword", views(rng, 3, 5, 0.2, 2.0, noise=1.5), {"tau_plus": 0.2, "temperature": 2.0})
    yield Case("float32", (*views(rng, 6, 4, 0.1, 0.5, noise=1.5, dtype=torch.float32), 0.1, 0.5))
    first, second = views(rng, 4, 3, 0.1, 0.5, noise=1.5)
    yield Case("inputs that are not contiguous", (strided(first), strided(second), 0.1, 0.5))
    for b, d, tau_plus in ((5, 4, 0.2), (4, 3, 0.3)):
        args = (*views(rng, b, d, tau_plus, 0.5, noise=0.4, saturated=True), tau_plus, 0.5)
        yield Case(f"B = {b}, anchors on both sides of the floor", args, grad=(0, 1)[: 6 - b], rtol=1e-8)
    eye = torch.eye(3, dtype=torch.float64)
    args = (eye, 2 * eye, float(rng.uniform(0.124, 0.131)), 0.5)
    yield Case("orthogonal images, estimates between 0 and the floor", args, rtol=1e-8)
    aligned = tensor(rng, 5, 8, scale=0.3)
    yield Case("two equal views, temperature 0.1: all on the floor", (aligned, 2 * aligned, 0.1, 0.1))
    aligned, other = tensor(rng, 3, 8, scale=0.3), tensor(rng, 3, 8, scale=0.3)
    args = (aligned, aligned + 0.2 * other, 0.3, 0.1)
    yield Case("two similar views, temperature 0.1: all on the floor", args, grad=(0, 1), rtol=1e-8)
    for t, tau_plus in ((0.01, 0.0), (0.01, 0.1), (0.02, 0.3)):
        # losses and logits of size 100: float32 keeps 1e-5 of them; no anchor where two terms nearly cancel
        args = (*views(rng, 5, 3, tau_plus, t, dtype=torch.float32, clear=0.3, saturated=None), tau_plus, t)
        yield Case(f"float32, temperature {t}, tau_plus = {tau_plus}", args, part="stability", rtol=1e-4)
        label = f"float32, temperature {t}, tau_plus = {tau_plus}, with the gradient"
        yield Case(label, args, part="stability", grad=(0, 1), rtol=1e-2)
    first, second = tensor(rng, 4, 3).float(), tensor(rng, 4, 3).float()
    second[0], second[1] = -first[0], 2 * first[1]  # quotients of e^{-200}, exponentials of e^{100}
    args = (first, second, 0.0, 0.01)
    yield Case("float32, temperature 0.01, a view opposite to the other", args, part="stability", rtol=1e-4)
    rows = tensor(rng, 1, 3).float().repeat(4, 1)
    yield Case("float32, temperature 0.01, all rows equal", (rows, rows, 0.1, 0.01), part="stability", rtol=1e-4)
    first, second = views(rng, 4, 3, 0.1, 0.5, noise=1.5)
    args = (1e-5 * first, 1e5 * second, 0.1, 0.5)
    yield Case("rows of length 1e-5 and 1e5", args, part="stability", grad=(), rtol=1e-8)
    yield from exercise.bad_inputs(first, second, 0.1, 0.5)
    # one positive is e^95 times below a negative: G/A overflows, its inverse is still a float32
    plane = torch.tensor([[1, 0], [0.95, 0.3122]]), torch.tensor([[0, 1], [0.95, -0.3122]])
    yield Case("float32, a quotient of e^95", (*plane, 0.0, 0.01), part="stability", rtol=1e-4, public=False)


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


def largest(positive, negatives):
    return torch.maximum(positive, negatives.max(dim=1).values).detach()


def not_across(n):
    """The rows of the anchor's own view, and its positive."""
    second = torch.arange(n) >= n // 2
    return (second[:, None] == second) | partner(n)


@exercise.formula
def debiased_loss(
    view1,
    view2,
    tau_plus=0.1,
    temperature=0.5,
    *,
    scaled=lambda z: F.normalize(z, dim=1),
    taken=lambda n: itself(n) | partner(n),
    number=lambda n: n - 2,
    top=largest,
    units=lambda shift: shift,
    data=lambda others, own, n: others,
    serving=lambda own, unit: own,
    false=lambda tau, n: tau * n,
    rest=lambda tau: 1 - tau,
    log_floor=lambda n, t: math.log(n) - 1 / t,
    bounded=lambda mass, least: mass.clamp(min=least),
    of=lambda n: 1,
    cost=lambda own, mass, lead: (own + mass).log() + lead,
    pool=torch.mean,
):
    z = scaled(torch.cat([view1, view2]))
    logits, n = z @ z.T / temperature, number(len(z))
    positive, negatives = logits[partner(len(z))], logits.masked_fill(taken(len(z)), -torch.inf)
    shift = top(positive, negatives)  # in units of e^shift no exponential overflows
    own, others = (positive - shift).exp(), (negatives - shift[:, None]).exp().sum(dim=1)
    others, least = data(others, own, n), (log_floor(n, temperature) - units(shift)).exp()
    mass = bounded((others - false(tau_plus, n) * serving(own, shift.exp())) / rest(tau_plus), least) / of(n)
    return pool(cost(own, mass, shift - positive))


exercise.slip("no floor", bounded=lambda mass, least: mass).says(
    "The estimated mass is positive by itself.",
    "Take two equal views: which number stands in the logarithm?",
    "The estimate is a difference and can be negative. Its floor is N e^{-1/t}.",
)
exercise.slip("floor without N", log_floor=lambda n, t: -1 / t).says(
    "The smallest possible mass is e^{-1/t}.",
    "Away from the floor you are right. How many negatives are in the mass?",
    "Each of the N exponentials is at least e^{-1/t}: the floor is N e^{-1/t}.",
)
exercise.slip("floor without the temperature", log_floor=lambda n, t: math.log(n) - 1).says(
    "A cosine is at least -1, so its exponential is at least e^{-1}.",
    "At temperature 1 you are right. Which exponential is summed at another one?",
    "e^{s/t}, which is smallest at s = -1: the floor is N e^{-1/t}.",
)
exercise.slip("floor without N and without the temperature", log_floor=lambda n, t: -1).says(
    "The smallest possible mass is e^{-1}.",
    "Which exponentials are summed in the mass, and how many of them?",
    "Each of the N exponentials e^{s/t} is at least e^{-1/t}: the floor is N e^{-1/t}.",
)
exercise.slip("floor e^{-t}", log_floor=lambda n, t: math.log(n) - t).says(
    "The smallest exponential is e^{-t}.",
    "At temperature 1 you are right. Does the temperature multiply the cosine, or divide it?",
    "e^{s/t} is smallest at s = -1: e^{-1/t}.",
)
exercise.slip("the floor not shifted", units=lambda shift: 0 * shift).says(
    "The floor is N e^{-1/t} also after all exponentials were divided by the largest one.",
    "You compare the mass with the floor: in which units is each of them?",
    "Divide the floor by the same number: N exp(-1/t - top).",
)
exercise.slip("the positive in the mean over the data", data=lambda others, own, n: (others + own) * n / (n + 1)).says(
    "The mean over the data is that over the negatives and the positive.",
    "Which draws are from p? Was the positive drawn from it?",
    "The mean over the N negatives alone.",
)
exercise.slip("floor with the sign of the largest cosine", log_floor=lambda n, t: math.log(n) + 1 / t).says(
    "The floor is N e^{1/t}.",
    "That is the largest mass that N cosines can have. Which one is the smallest?",
    "A cosine is at least -1: the floor is N e^{-1/t}.",
)
exercise.slip("floor 0", log_floor=lambda n, t: -math.inf).says(
    "A mass only has to be non-negative.",
    "With two equal views, all on the floor, your loss is 0. Can N cosines have no mass at all?",
    "The floor is N e^{-1/t}.",
)
exercise.slip(
    "floor only where the estimate is negative", bounded=lambda mass, least: torch.where(mass > 0, mass, least)
).says(
    "The floor replaces an estimate that is negative.",
    "Orthogonal images, two equal views, t = 0.5, tau_plus = 0.127: what is the estimate, and what is the floor?",
    "0.07 and 0.135 for each negative. N cosines cannot have the smaller mass: take the maximum.",
)
exercise.slip("the positive of the estimate is detached", serving=lambda own, unit: own.detach()).says(
    "An estimate of the positives' mass needs no gradient.",
    "Your values are right. Move a view a little: does the loss change by what your gradient says?",
    "The positive is part of the mass: no detach.",
)
exercise.slip("the mass is detached", cost=lambda own, mass, lead: (own + mass.detach()).log() + lead).says(
    "The mass is a constant in the gradient, off the floor too.",
    "Your values are right. Move a negative a little: does the loss change by what your gradient says?",
    "The mass depends on the negatives and on the positive: no detach, no no_grad.",
)
exercise.slip("positives averaged over the batch", serving=lambda own, unit: (own * unit).mean() / unit).says(
    "The positives' mean is taken over the batch.",
    "Change one image's views: does the mass of another one's negatives lose more, or less?",
    "Each anchor subtracts its own positive, a draw from its own class.",
)
exercise.slip(
    "a small constant in the logarithm",
    bounded=lambda mass, least: mass,
    cost=lambda own, mass, lead: (own + mass).clamp(min=1e-8).log() + lead,
).says(
    "The logarithm only has to be kept away from 0 by a small constant.",
    "Your loss of an aligned pair is negative. Can -ln of a share be?",
    "The constant keeps the logarithm finite, not the mass possible. What is the smallest mass of N cosines?",
    "Take the maximum of the mass and N e^{-1/t}, before the positive is added.",
)
exercise.slip("prior of another class", false=lambda tau, n: (1 - tau) * n, rest=lambda tau: tau or math.nan).says(
    "tau_plus is the probability that a negative has another class.",
    "With tau_plus = 0 you should get nt_xent. Do you?",
    "The positives are taken out with weight tau_plus; what is left is divided by 1 - tau_plus.",
)
exercise.slip("not divided by the rest", rest=lambda tau: 1).says(
    "The false negatives are subtracted, and that is all.",
    "At collapse your loss depends on tau_plus; it should be ln(2B - 1) for all.",
    "What is left stands for a share 1 - tau_plus of the draws: divide by it.",
)
exercise.slip("one false negative subtracted", false=lambda tau, n: tau).says(
    "The positive is subtracted once, with weight tau_plus.",
    "At collapse your loss depends on tau_plus; it should be ln(2B - 1) for all.",
    "Among N negatives tau_plus N are false on average: subtract tau_plus N e^{s+/t}.",
)
exercise.slip("mean over the negatives", of=lambda n: n).says(
    "The denominator holds the positive and one average negative.",
    "At collapse you get ln 2 for every B.",
    "The mass is that of N negatives: N times the estimate for one.",
)
exercise.slip("positive missing from the denominator", cost=lambda own, mass, lead: mass.log() + lead).says(
    "The denominator holds the debiased negatives only.",
    "At collapse you get ln(2B - 2). Which candidate is missing?",
    "The denominator is e^{s+/t} + G.",
)
exercise.slip("the positive is one of the negatives", taken=itself, number=lambda n: n - 1).says(
    "All 2B - 1 other views are negatives in the mass.",
    "At collapse you get ln(2B). How many negatives does an anchor have?",
    "N = 2B - 2: all views but the anchor's own and its partner.",
)
exercise.slip("the positive is summed with the negatives", taken=itself).says(
    "Only the anchor itself has to be masked before the exponentials are summed.",
    "With tau_plus = 0 you should get nt_xent. How often does the positive stand in your denominator?",
    "Twice: by itself, and in the mass. The mass sums over the N = 2B - 2 views of other images.",
)
exercise.slip("nothing is masked", taken=lambda n: itself(n) & False).says(
    "The mass sums over all 2B rows.",
    "With tau_plus = 0 you should get nt_xent. Which rows does an anchor have for negatives?",
    "The 2B - 2 views of other images: mask the anchor itself and its positive with -inf.",
)
exercise.slip("only views of the other kind are candidates", taken=not_across, number=lambda n: n // 2 - 1).says(
    "An anchor of view 1 is compared with the rows of view 2 only.",
    "At collapse you get ln B instead of ln(2B - 1): how many candidates does an anchor have?",
    "The other images' rows of the anchor's own view are negatives too: N = 2B - 2.",
)
exercise.slip("N counts the positive", number=lambda n: n - 1).says(
    "N is the number of other views, 2B - 1.",
    "With tau_plus = 0 you are right; at collapse with tau_plus = 0.1 you are not. Which N has your correction?",
    "An anchor has 2B - 1 other views, and one of them is its positive.",
    "N = 2B - 2, in the correction and in the floor.",
)
exercise.slip("N counts all rows", number=lambda n: n).says(
    "N is the number of rows, 2B.",
    "With tau_plus = 0 you are right; at collapse with tau_plus = 0.1 you are not. Which N has your correction?",
    "Of the 2B rows one is the anchor and one its positive.",
    "N = 2B - 2, in the correction and in the floor.",
)
exercise.slip("N counts images", number=lambda n: n // 2 - 1).says(
    "N is the number of other images, B - 1.",
    "With tau_plus = 0 you are right; at collapse with tau_plus = 0.1 you are not. How many exponentials are in your sum?",
    "Each of the B - 1 other images has two views, and both are negatives.",
    "N = 2B - 2, in the correction and in the floor.",
)
exercise.slip("the anchor is one of its negatives", taken=partner).says(
    "The negatives are all rows but the positive, the anchor itself among them.",
    "With tau_plus = 0 you should get nt_xent. Which row does nt_xent leave out?",
    "An anchor is always most similar to itself: mask the diagonal of the similarities with -inf.",
)
exercise.slip("the anchor is one of N = 2B - 1 negatives", taken=partner, number=lambda n: n - 1).says(
    "The negatives are all rows but the positive, the anchor itself among them.",
    "With tau_plus = 0 you should get nt_xent. Which row does nt_xent leave out?",
    "An anchor is always most similar to itself: mask the diagonal of the similarities with -inf.",
)
exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its anchors.",
    "Your values are 2B times the right ones.",
    "Divide by the number of anchors, 2B.",
)
exercise.slip("only the first view's rows are anchors", pool=lambda losses: losses[: len(losses) // 2].mean()).says(
    "The B rows of view 1 are the anchors.",
    "Exchange the two views: your loss changes, and it should not.",
    "The mean runs over all 2B rows.",
)
exercise.slip("logarithm of the mean", pool=lambda losses: -torch.exp(-losses).mean().log()).says(
    "The mean over the anchors is taken inside the logarithm.",
    "Is the mean of -ln q the same as -ln of the mean of q?",
    "One logarithm for each anchor, then the mean.",
)
exercise.slip("logarithm of the mean quotient", pool=lambda losses: losses.exp().mean().log()).says(
    "The mean of G/A over the anchors is taken inside the logarithm.",
    "Is the mean of ln(1 + q) the same as ln(1 + the mean of q)?",
    "One logarithm for each anchor, then the mean.",
)
exercise.slip("no normalisation", scaled=lambda z: z).says(
    "Similarity is the inner product.",
    "Multiply a row by 5: your loss changes. Does the cosine?",
    "Divide each row by its length first: the floor is only right for cosines.",
)
# Before the next one, which fails in the same places and in more: the first belief that explains a part is named.
exercise.slip("the quotient underflows", cost=lambda own, mass, lead: -(own / (own + mass)).log()).says(
    "Where no exponential overflows, the logarithm of the quotient can be taken.",
    "Which quotient has an anchor whose positive is the view most unlike it, at temperature 0.01?",
    "About e^{-200}: in float32 that is 0, and -ln 0 is infinite.",
    "Take the logarithm of a quotient as a difference: ln(own + mass) + top - s+/t.",
)
exercise.slip("the quotient overflows", cost=lambda own, mass, lead: torch.log1p(mass / own)).says(
    "Where no exponential overflows, the quotient G/A can be formed.",
    "Which quotient has an anchor whose positive is the view most unlike it, at temperature 0.01?",
    "About e^{200}: infinite in float32, since its denominator is 0.",
    "ln(1 + G/A) as a difference: ln(own + mass) + top - s+/t.",
)
exercise.slip("plain exponentials in float32", top=lambda positive, negatives: torch.zeros_like(positive)).says(
    "A cosine is at most 1, so its exponential cannot overflow.",
    "At temperature 0.01 the exponent is cos / t, up to 100. What is the largest float32?",
    "e^88.7. Divide all exponentials of a row by that of its largest logit before you add them.",
    "Subtract top from every exponent, from the floor's too, and add it back after the logarithm.",
)
exercise.slip("the gradient leaks through the floor", bounded=leaking).says(
    "The floor corrects the value of the mass; the gradient stays that of the estimate.",
    "By how much does your loss change when you move a negative of an anchor on the floor? What says the gradient?",
    "On the floor the mass is the constant N e^{-1/t}: its gradient is 0.",
    "torch.maximum or clamp, without a detach.",
)


def plain(z, tau_plus, t):
    """The loss of stacked unit rows by plain exponentials."""
    e, n = torch.exp(z @ z.T / t), len(z)
    own = e[partner(n)]
    mass = (e.masked_fill(itself(n) | partner(n), 0).sum(dim=1) - tau_plus * (n - 2) * own) / (1 - tau_plus)
    return torch.log1p(mass.clamp(min=(n - 2) * math.exp(-1 / t)) / own).mean()


def careful(view1, view2, tau_plus, t):
    """The right loss."""
    return plain(F.normalize(torch.cat([view1, view2]).double(), dim=1), tau_plus, t).to(view1.dtype)


@exercise.wrong(
    "one image accepted",
    belief="A batch of one image is no bad input.",
    hints=("How many negatives has an anchor then?", "None: raise ValueError for B = 1."),
    guarded=False,
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1:
        raise ValueError(f"tau_plus = {tau_plus}")
    return careful(view1, view2, tau_plus, temperature) * (1 if len(view1) > 1 else torch.nan)  # whatever it is


@exercise.wrong(
    "tau_plus not checked",
    belief="Any number will do for tau_plus.",
    hints=("What is a probability of -0.1, and what is left for tau_plus = 1?", "validate_prior(tau_plus)"),
    guarded=False,
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError("one image")
    return careful(view1, view2, tau_plus, temperature)


@exercise.wrong(
    "a value from float64 where float32 fails",
    belief="Where float32 overflows it is enough to put the right number in its place.",
    hints=(
        "Which gradient has your loss at temperature 0.01?",
        "A number has none, and torch.where lets the NaN of the other branch through.",
        "Compute the loss so that nothing overflows: divide all exponentials of a row by that of its largest logit.",
    ),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    z = F.normalize(torch.cat([view1, view2]))
    value, careful = plain(z, tau_plus, temperature), plain(z.detach().double(), tau_plus, temperature).to(z.dtype)
    return torch.where(torch.isclose(value, careful, rtol=1e-4, atol=0), value, careful)


@exercise.wrong(
    "the mean loss is debiased",
    belief="The debiased loss of a batch is the function phi of (5.7) of its biased loss.",
    hints=(
        "Whose loss does (5.7) speak of?",
        "phi is concave and not linear: the mean of phi is not phi of the mean.",
        "Each anchor has its own mass and floor; take the mean last.",
    ),
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    z = F.normalize(torch.cat([view1, view2]))
    biased, n = plain(z, 0.0, temperature), len(z) - 2
    return torch.log((biased.exp() - tau_plus * (n + 1)).clamp(min=1 - tau_plus) / (1 - tau_plus))


@exercise.wrong(
    "nothing is checked",
    belief="The arguments need not be checked: torch raises by itself where it must.",
    hints=(
        "Does it raise ValueError for one image, for a NaN, for tau_plus = 1?",
        "validate.batch(...), validate_prior(tau_plus), validate.positive(temperature=...), and one `if` for B.",
    ),
    guarded=False,
)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    return careful(view1, view2, tau_plus, temperature)


@exercise.accepted("plain exponentials in float64, validated by hand", guarded=False)
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if not 0 <= tau_plus < 1 or len(view1) < 2:
        raise ValueError(f"tau_plus = {tau_plus}, B = {len(view1)}")
    z = F.normalize(torch.cat([view1, view2]).double(), dim=1)
    return plain(z, tau_plus, temperature).to(view1.dtype)


@exercise.accepted("loop over the anchors, exponents relative to the positive")
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
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


@exercise.accepted("in the logarithmic domain")
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
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
