"""nt_xent_gradient: a closed form, called under torch.inference_mode. Rows have many lengths, so that projection and length
show; B = 2 to 7 and many temperatures, so that every role of a vector does."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, positive
from autograder.author.draw import larger_sizes, strided, tensor
from autograder.units.u01_similarity_losses.careless import careless
from autograder.units.u01_similarity_losses.draws import OPPOSITE, opposite, views

LENGTHS = "Divide by the true length of each row: which power of it stands in the derivative?"

exercise = Exercise(
    "nt_xent_gradient",
    refuses=(positive("temperature"), batch(minimum=2, view1="a view", view2="the other view")),
    hints={
        "values": (
            "Write the loss in the matrix of all scores first: its derivative by a score is what the softmax gives minus "
            "what it should give, over the number of anchors. Mind the diagonal.",
            "The score of i and k contains both vectors: u_i gets row i of that matrix, as an anchor, and column i, as "
            "a candidate of everyone else. Test yourself: each row of the result is orthogonal to its vector.",
            "Then the length. u = z/|z|: a small change of z along u changes nothing, one across u is divided by |z|.",
            "With E = (softmax - one-hot) and G = (E + E^T) u / (2B t): (G - (G.u) u) / |z|, row by row.",
        ),
        "stability": (
            "At temperature 0.0001 the scores reach 1e4: let `torch.softmax` form the probabilities, with -inf on the "
            "diagonal.",
        ),
        "bad input": (
            "Besides shapes and NaN: a temperature that is not positive, and B = 1, must raise, as in `nt_xent`.",
            "`validate.batch(...)`, `validate.positive(temperature=temperature)`, and one `if` for B.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for b, d, t in ((3, 2, 0.5), (2, 3, 0.2), (4, 3, 1.3), (5, 2, 0.4), (7, 7, 0.1)):
        name = f"B = {b}, d = {d}, temperature {t}"
        yield Case(name, (*views(rng, b, d), t), inference=True, rtol=1e-7, public=b < 5)
    yield Case("the default temperature", views(rng, 3, 2), inference=True, hint="The default temperature is 0.5.")
    yield Case("float32", (*views(rng, 3, 2, dtype=torch.float32), 0.5), inference=True, rtol=1e-4)
    yield Case(
        "inputs that are not contiguous", (*(strided(x) for x in views(rng, 2, 3)), 0.5), inference=True, rtol=1e-7
    )
    for t in (1e-2, 1e-4):
        yield Case(f"temperature {t}", (*views(rng, 3, 2), t), part="stability", inference=True, rtol=1e-7)
        name = f"temperature {t}, an anchor opposite to all others"
        yield Case(name, (*opposite(rng, 3), t), part="stability", inference=True, rtol=1e-7, hint=OPPOSITE)
    first, second = views(rng, 3, 2)
    args = (1e-5 * first, 1e5 * second, 0.5)
    yield Case("rows of length 1e-5 and 1e5", args, part="stability", inference=True, rtol=1e-7, hint=LENGTHS)
    yield from exercise.bad_inputs(first, second)
    args = (*views(rng, *larger_sizes(rng, 2, high=33)), float(rng.uniform(0.1, 1)))
    yield Case("a larger batch", args, inference=True, rtol=1e-7, public=False)


@exercise.property("every row of the gradient is orthogonal to its vector")
def orthogonal(f, rng):
    first, second = views(rng, 5, 4)
    inner = (torch.as_tensor(f(first, second, 0.3)) * torch.cat([first, second])).sum(dim=1)
    if inner.abs().max() > 1e-9:
        return "some row has a part along its vector, and the loss does not see lengths"


@exercise.property("a vector twice as long has half the gradient, the others keep theirs")
def halved(f, rng):
    first, second = views(rng, 5, 4)
    longer = first * torch.tensor([[1.0], [2], [1], [1], [1]], dtype=first.dtype)
    before, after = (torch.as_tensor(f(x, second, 0.3)) for x in (first, longer))
    before[1] /= 2
    if (before - after).abs().max() > 1e-9:
        return "that does not hold for your function"


@exercise.property("at collapse nothing moves")
def collapse(f, rng):
    row = tensor(rng, 1, 4)
    if abs(torch.as_tensor(f(row.repeat(4, 1), 3 * row.repeat(4, 1), 0.2))).max() > 1e-9:
        return "all views are one direction and the gradient is not 0"


def others(logits):
    """The scores with which nobody is compared taken out."""
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)


def partner(n):
    return F.one_hot(torch.arange(n).roll(n // 2), n)


def unnamed(n):
    """No right candidate: the term that attracts left out."""
    return torch.zeros(n, n, dtype=torch.long)


def without_positive(logits):
    return others(logits).masked_fill(partner(len(logits)).bool(), -torch.inf).softmax(dim=1)


def full_pull(logits):
    return others(logits).softmax(dim=1).masked_fill(partner(len(logits)).bool(), 0.0)


def other_view_only(logits):
    second = torch.arange(len(logits)) >= len(logits) // 2
    return logits.masked_fill(second[:, None] == second, -torch.inf).softmax(dim=1)


def masked_by_100(logits):
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -100.0).softmax(dim=1)


def quotient(logits):
    weights = others(logits).exp()
    return weights / weights.sum(dim=1, keepdim=True)


def tangent(gradient, u, z):
    return gradient - (gradient * u).sum(dim=1, keepdim=True) * u


def by_all_roles(surplus):
    return surplus + surplus.T


@exercise.formula
def nt_xent_gradient(
    view1,
    view2,
    temperature=0.5,
    *,
    checked=lambda view1, view2, temperature: None,
    measured=lambda z: z.norm(dim=1, keepdim=True),
    eps=0,
    scores=lambda cosines, t: cosines / t,
    weigh=lambda logits: others(logits).softmax(dim=1),
    wanted=partner,
    roles=by_all_roles,
    vectors=lambda u, z: u,
    across=tangent,
    stretch=lambda length: 1 / length,
    heat=lambda t: 1 / t,
    share=lambda n: 1 / n,
    sign=1,
    given=lambda gradient: gradient,
):
    checked(view1, view2, temperature)
    z = torch.cat([view1, view2])
    length = measured(z) + eps
    u = z / length
    surplus = weigh(scores(u @ u.T, temperature)) - wanted(len(z)).to(z.dtype)
    gradient = sign * share(len(z)) * heat(temperature) * (roles(surplus) @ vectors(u, z))
    return given(across(gradient, u, z) * stretch(length))


exercise.slip("step instead of gradient", sign=-1).says(
    "The gradient points where the vectors should go.",
    "Your sign is flipped.",
    "Gradient descent goes against the gradient.",
)
exercise.slip("not averaged", share=lambda n: 1.0).says(
    "The loss of a batch is the sum over its anchors.",
    "Your values are 2B times the right ones.",
    "NT-Xent is the mean over 2B anchors.",
)
exercise.slip("divided by B", share=lambda n: 2 / n).says(
    "There are B anchors.",
    "Your values are twice the right ones.",
    "Each of the 2B views is an anchor: the mean runs over 2B.",
)
exercise.slip("temperature forgotten", heat=lambda t: 1.0).says(
    "The temperature is in the softmax already.",
    "Your values are right at temperature 1 only.",
    "The scores are cosines over t: their derivative has the factor 1/t.",
)
exercise.slip("no projection", across=lambda gradient, u, z: gradient).says(
    "The derivative by the normalised vector, over the length, is the derivative by the vector.",
    "Take the inner product of a row of your gradient with its vector. What should it be, when lengths do not matter?",
    "z/|z| does not move when z moves along itself: only the part orthogonal to u survives.",
    "Subtract (G.u) u from G before you divide by the length.",
)
exercise.slip("length forgotten", stretch=lambda length: 1.0).says(
    "A vector of any length has the gradient of the normalised one.",
    "Make a vector twice as long: how far must it move to turn by the same angle?",
    "The derivative of z/|z| has the factor 1/|z|.",
)
exercise.slip("as an anchor only", roles=lambda surplus: surplus).says(
    "A vector occurs in the loss as an anchor only.",
    "In how many of the 2B losses does one vector stand?",
    "In all of them: once as the anchor, once as a positive, and as a negative of 2B - 2 others.",
    "The score of i and k contains both vectors: add the transpose of the matrix of derivatives.",
)
exercise.slip("the anchor is its own candidate", weigh=lambda logits: logits.softmax(dim=1)).says(
    "All 2B views are candidates, the anchor itself among them.",
    "How many candidates has an anchor?",
    "The softmax of row i leaves out entry i: set it to -inf first.",
)
exercise.slip("pulled once", wanted=lambda n: partner(n) / 2).says(
    "The positive pulls once.",
    "A vector is the anchor of its positive. What is it in the positive's own loss?",
    "Each of the two pulls the other: as an anchor, and as the candidate that is right. The pull is -2 u_partner.",
)
exercise.slip("only views of the other kind are candidates", weigh=other_view_only).says(
    "An anchor of view 1 is compared with the rows of view 2 only.",
    "How many candidates has an anchor in `nt_xent`?",
    "All 2B - 1 others: the rows of its own view too.",
)
exercise.slip("as a candidate only", roles=lambda surplus: surplus.T).says(
    "A vector occurs in the loss as a candidate only.",
    "Each of the 2B vectors has a loss of its own. What is it there?",
    "It is the anchor of one loss, and a candidate in the others: both count.",
)
exercise.slip("both roles alike", roles=lambda surplus: 2 * surplus).says(
    "Row i of the softmax holds all that vector i feels.",
    "Is the probability that i gives to k the one that k gives to i?",
    "Row i of the softmax holds what i gives to the others, column i what they give to it: add the transpose.",
)
exercise.slip("vectors of any length in the sum", vectors=lambda u, z: z).says(
    "The derivative of a cosine by one vector contains the other vector as it is.",
    "Make one vector twice as long: the gradient of the others must not change. Does yours?",
    "The cosine is an inner product of normalised vectors: sum over u, not over z.",
)
exercise.slip("times the length", stretch=lambda length: length).says(
    "A longer vector has a larger gradient.",
    "Make a vector twice as long: how far must it move to turn by the same angle?",
    "Divide by the length, do not multiply.",
)
exercise.slip("divided by the square of the length", stretch=lambda length: 1 / length**2).says(
    "Normalising costs the square of the length.",
    "Your values are right for rows of length 1. In which unit of length does a gradient come?",
    "Each row is divided by its length once.",
)
exercise.slip(
    "length instead of direction projected", across=lambda g, u, z: (g * u).sum(dim=1, keepdim=True) * u
).says(
    "What survives normalisation is the part along the vector.",
    "When a vector moves along itself, does its direction change?",
    "The part along u is what is lost: subtract it.",
)
exercise.slip("times the temperature", heat=lambda t: t).says(
    "A low temperature makes the gradient small.",
    "Your values are right at temperature 1 only.",
    "The scores are cosines *over* t: their derivative has the factor 1/t.",
)
exercise.slip("attraction forgotten", wanted=unnamed).says(
    "Only the log-sum-exp depends on the vectors.",
    "Your gradient never pulls two views together. Which other term of the loss contains them?",
    "Subtract 1 in the place of the positive from each row of probabilities.",
)
exercise.slip("full pull of the positive", weigh=full_pull).says(
    "The positive always pulls with force 1.",
    "When the positive already wins by far, there is nothing left to gain: how strong should the pull be?",
    "The positive stands in the denominator as well: the derivative in its score is its probability minus 1.",
)
exercise.slip("a mask of -100", paired=False, weigh=masked_by_100).says(
    "A logit of -100 takes a candidate out of the softmax.",
    "At temperature 0.001 scores run from -1000 to 1000. Which of them lie below -100?",
    "Only -inf is below every score: `masked_fill(mask, -torch.inf)`.",
)
exercise.slip("softmax over the negatives only", weigh=without_positive).says(
    "The probabilities of the negatives sum to 1.",
    "When a positive already wins by far, should the negatives still push with full force?",
    "The softmax runs over all 2B - 1 candidates, the positive among them.",
)
exercise.slip("neighbours are partners", wanted=lambda n: F.one_hot(torch.arange(n) ^ 1, n)).says(
    "In the stacked batch, neighbours 2i and 2i + 1 are the two views of one image.",
    "Print which rows your code pairs for B = 3. `torch.cat([view1, view2])` puts all of view 1 first.",
    "The partner of row i is row i + B (modulo 2B).",
)
exercise.slip("exp without protection", paired=False, weigh=quotient).says(
    "The probabilities can be computed as they are written, a quotient of exponentials.",
    "At temperature 0.0001 a cosine of 0.9 gives exp(9000), which is infinite even in float64.",
    "`torch.softmax` subtracts the largest score first.",
)


exercise.slip("temperature twice", heat=lambda t: 1 / t**2).says(
    "The derivative has the factor 1/t^2.",
    "Your values are right at temperature 1 only.",
    "The scores are cosines over t: their derivative has the factor 1/t, once.",
)
exercise.slip("no temperature in the softmax", scores=lambda cosines, t: cosines).says(
    "The temperature is a factor of the gradient and nothing else.",
    "Which numbers stand in the exponents of the loss?",
    "The softmax is that of the scores, cosine / t.",
)
exercise.slip(
    "projected with the vector as it comes", across=lambda g, u, z: g - (g * z).sum(1, keepdim=True) * z
).says(
    "The projection takes the vector as it comes.",
    "Your values are right for rows of length 1. What is left of z after I - z z^T?",
    "The part along z is (g.u) u with u = z/|z|.",
)
exercise.slip("the part along the vector added", across=lambda g, u, z: g + (g * u).sum(1, keepdim=True) * u).says(
    "The part along the vector is added.",
    "Take the inner product of a row of your gradient with its vector. What should it be?",
    "0: the part along u is lost, so subtract (G.u) u.",
)
exercise.slip(
    "inner products", measured=lambda z: torch.ones_like(z[:, :1]), across=lambda gradient, u, z: gradient
).says(
    "The scores are inner products over t.",
    "Make a vector twice as long: the loss must not change, and its gradient must become half as long.",
    "The scores are cosines: differentiate z/|z| too.",
)
for eps in (1e-8, 1e-6):
    exercise.slip(f"{eps:g} added to the length", paired=False, eps=eps).says(
        "A small number added to the length of a row does no harm.",
        f"For a row of length 1e-5, what does adding {eps:g} to the length do to its gradient?",
        "Rows are never 0 here: divide by the length itself.",
    )
exercise.slip(
    "rows of the two views alternate", paired=False, given=lambda g: torch.stack(g.chunk(2), dim=1).flatten(0, 1)
).says(
    "The rows of the two views alternate.",
    "Which rows does the question put first?",
    "All of `view1`, then all of `view2`, as in `torch.cat([view1, view2])`.",
)
exercise.slip("the first view only", paired=False, given=lambda g: g[: len(g) // 2]).says(
    "Only the rows of the first view are asked for.",
    "How many vectors does the loss depend on?",
    "2B: a row for each of them, those of `view1` first.",
)
careless(exercise)


@exercise.wrong(
    "derivative by the normalised vectors",
    belief="The vectors that come in are normalised already.",
    hints=(
        "Your gradient is that by u = z/|z|. What does the encoder put out, u or z?",
        "One more link of the chain rule: from u to z.",
        "The part along u is lost, the rest is divided by |z|.",
    ),
)
def nt_xent_gradient(view1, view2, temperature=0.5):
    u = F.normalize(torch.cat([view1, view2]), dim=1)
    surplus = others(u @ u.T / temperature).softmax(dim=1) - partner(len(u)).to(u.dtype)
    return (surplus + surplus.T) @ u / (len(u) * temperature)


@exercise.accepted("role by role")
def nt_xent_gradient(view1, view2, temperature=0.5):
    z = torch.cat([view1, view2])
    length = torch.linalg.vector_norm(z, dim=1, keepdim=True)
    u, b = z / length, len(view1)
    p = (u @ u.T / temperature).masked_fill(torch.eye(2 * b).bool(), -math.inf).softmax(1)
    other = torch.cat([u[b:], u[:b]])
    pull = -2 * other  # as the anchor of its positive, and as the positive of that anchor
    push = p @ u + p.T @ u
    g = (pull + push) / (2 * b * temperature)
    return (g - torch.einsum("id,id->i", g, u)[:, None] * u) / length


@exercise.accepted("loops and Jacobians")
def nt_xent_gradient(view1, view2, temperature=0.5):
    z = torch.cat([view1, view2])
    n, d = z.shape
    u = F.normalize(z, dim=1)
    out = torch.zeros_like(u)
    for i in range(n):
        rest = [k for k in range(n) if k != i]
        p = torch.softmax(u[rest] @ u[i] / temperature, dim=0)
        for k, weight in zip(rest, p):
            force = (weight - float(k == (i + n // 2) % n)) / (n * temperature)
            out[i] += force * u[k]
            out[k] += force * u[i]
    for i in range(n):
        jacobian = (torch.eye(d, dtype=z.dtype) - torch.outer(u[i], u[i])) / z[i].norm()
        out[i] = jacobian @ out[i]
    return out


@exercise.accepted("score by score, cosines differentiated at once, validated by hand", guarded=False)
def nt_xent_gradient(view1, view2, temperature=0.5):
    if view1.shape != view2.shape or view1.ndim != 2 or len(view1) < 2 or view1.shape[1] == 0:
        raise ValueError(f"shapes {view1.shape}, {view2.shape}")
    if not 0 < temperature < math.inf or any(torch.isnan(x).any() for x in (view1, view2)):
        raise ValueError(f"NaN, or temperature {temperature}")
    z = torch.cat((view1, view2))
    size = z.pow(2).sum(1).sqrt()
    n = len(z)
    cosines = (z / size[:, None]) @ (z / size[:, None]).T
    logits = cosines / temperature
    logits[range(n), range(n)] = -math.inf
    slope = torch.exp(logits - logits.logsumexp(1, keepdim=True))
    slope[range(n), [(i + n // 2) % n for i in range(n)]] -= 1
    slope = (slope + slope.T) / (n * temperature)
    # the derivative of cos(z_i, z_k) by z_i is (z_k/|z_k| - cos z_i/|z_i|) / |z_i|
    return (slope @ (z / size[:, None]) - (slope * cosines).sum(1, keepdim=True) * z / size[:, None]) / size[:, None]
