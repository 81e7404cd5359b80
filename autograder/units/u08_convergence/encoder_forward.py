"""encoder_forward: what its check looks at. Square matrices W hide a transpose from the shapes, so the values must
show it; inputs of both signs and outputs of both signs, so that every missing or superfluous ReLU is seen."""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, needs
from autograder.author.draw import odd_sizes, strided, tensor
from autograder.units.u08_convergence.draws import network


def fits(params, x):
    """Whether check_network accepts them."""
    if sorted(params) != ["A", "B", "W"]:
        return False
    m, d_x = params["A"].shape
    square = all(w.shape == (m, m) and not w.isnan().any() for w in params["W"])
    return square and params["B"].shape[1] == m and x.shape[1] == d_x


exercise = Exercise(
    "encoder_forward",
    refuses=(
        batch(x="x"),
        needs(
            "fits(params, x)",
            {
                "x with another d_x": {"x": lambda x: x.repeat(1, 2)},
                "NaN in W": {"params": lambda params: {**params, "W": [w * math.nan for w in params["W"]]}},
                "B of another width": {"params": lambda params: {**params, "B": params["B"][:, :-1]}},
                "W that is not square": {"params": lambda params: {**params, "W": [w[:, :-1] for w in params["W"]]}},
                "no B": {"params": lambda params: {"A": params["A"], "W": params["W"]}},
            },
        ),
    ),
    hints={
        "values": (
            "Take one input and L = 0: h_0 = relu(A x), f(x) = B h_0. Rows of x, so x @ A.T.",
            "One ReLU after A and one after each W; none after B.",
        ),
        "gradient": ("Stay in torch: no .item(), no numpy, no detach on the way.",),
        "bad input": ("check_network(params, x) of the first cell raises all of them.",),
        "properties": ("Without biases and with ReLU, f(c x) = c f(x) for every c >= 0.",),
    },
)


@exercise.cases
def cases(rng):
    for n, d_x, m, d, n_hidden in ((3, 4, 5, 2, 2), (4, 3, 4, 4, 1), (2, 2, 5, 3, 3), (3, 5, 4, 1, 0)):
        label = f"n = {n}, d_x = {d_x}, m = {m}, d = {d}, L = {n_hidden}"
        yield Case(label, (network(rng, m, d_x, d, n_hidden), tensor(rng, n, d_x)), grad=(1,))
    n, d_x, m, d = odd_sizes(rng, 4, high=30)
    label = f"n = {n}, d_x = {d_x}, m = {m}, d = {d}, L = 3"
    yield Case(label, (network(rng, m, d_x, d, 3), tensor(rng, n, d_x)), grad=(1,), public=False)
    yield Case("inputs that are not contiguous", (network(rng, 4, 3, 2, 2), strided(tensor(rng, 2, 3))))
    yield Case("float32", (network(rng, 5, 3, 2, 1, torch.float32), tensor(rng, 3, 3, dtype=torch.float32)))
    yield Case("inputs of size 1e4", (network(rng, 4, 3, 2, 2), tensor(rng, 2, 3, scale=1e4)), part="stability")
    yield from exercise.bad_inputs(network(rng, 3, 2, 2, 1), tensor(rng, 2, 2))


@exercise.property("f(c x) = c f(x) for c >= 0, and the zero input is mapped to zero")
def homogeneous(f, rng):
    params, x = network(rng, 8, 4, 3, 2), tensor(rng, 5, 4)
    c = float(rng.uniform(0.2, 5))
    if abs(f(params, c * x) - c * f(params, x)).max() > 1e-9:
        return f"for c = {c:.3f} the outputs do not scale"
    if abs(f(params, 0 * x)).max() > 0:
        return "the zero input has a non-zero output"


@exercise.property("each row is encoded by itself")
def rows(f, rng):
    params, x = network(rng, 6, 3, 2, 1), tensor(rng, 5, 3)
    whole = f(params, x)
    if max(abs(whole[i] - f(params, x[i : i + 1])[0]).max() for i in range(5)) > 1e-9:
        return "a row encoded alone has another output than in a batch"


@exercise.formula
def encoder_forward(
    params,
    x,
    *,
    given=lambda x: x,
    through=lambda h, w: h @ w.T,
    activate=lambda g, layer, last: F.relu(g),
    order=list,
    join=lambda before, after: after,
    final=lambda z: z,
):
    last = len(params["W"])
    h = activate(given(x) @ params["A"].T, 0, last)
    for layer, w in enumerate(order(params["W"]), 1):
        h = join(h, activate(through(h, w), layer, last))
    return final(h @ params["B"].T)


exercise.slip("activation after B", final=F.relu).says(
    "Every matrix is followed by a ReLU, the last one too.",
    "Can your outputs be negative? Those of the network can.",
    "f(x) = B h_L: nothing follows B.",
    "return h @ params['B'].T, without relu.",
)
exercise.slip("no activation after A", activate=lambda g, layer, last: F.relu(g) if layer > 0 else g).says(
    "The first matrix only embeds the input; activations begin with W_1.",
    "Take L = 0: is your network linear?",
    "h_0 = relu(A x), not A x.",
    "h = F.relu(x @ params['A'].T) before the loop.",
)
exercise.slip("no activation after the last W", activate=lambda g, layer, last: F.relu(g) if layer < last else g).says(
    "The activation stands between hidden layers, so the last hidden layer has none.",
    "What do you multiply by B: g_L or h_L?",
    "h_L = relu(W_L h_{L-1}) has its ReLU too.",
    "Apply the ReLU inside the loop after every W.",
)
exercise.slip("a leaky ReLU", activate=lambda g, layer, last: F.leaky_relu(g)).says(
    "A leaky ReLU is the ReLU that networks have nowadays.",
    "What is phi(-1)?",
    "phi(t) = max(0, t) is exactly 0 for negative t; your network lets a little through.",
    "F.relu in place of F.leaky_relu.",
)
exercise.slip("a smooth ReLU", activate=lambda g, layer, last: F.gelu(g)).says(
    "GELU is the ReLU that networks have nowadays.",
    "What is phi(-1)?",
    "phi(t) = max(0, t) is exactly 0 for negative t and exactly t for positive.",
    "F.relu in place of F.gelu.",
)
exercise.slip("outputs divided by sqrt(d)", final=lambda z: z / math.sqrt(z.shape[1])).says(
    "The output is divided by the root of its dimension.",
    "By which factor are your outputs too small?",
    "Here d enters through the initialisation, whose variance is 1/d; the formula has no such factor.",
    "return h @ params['B'].T, without the division.",
)
exercise.slip("W not transposed", through=lambda h, w: h @ w).says(
    "With rows in place of columns, h @ W is W h.",
    "Your values are right for L = 0. What changes with W?",
    "(W h)^T = h^T W^T: a square W hides the missing transpose from the shapes.",
    "h @ w.T, as for A and B.",
)
exercise.slip("layers scaled by the width", through=lambda h, w: h @ w.T / math.sqrt(len(w))).says(
    "Each layer of a wide network is divided by sqrt(m).",
    "Your values are right for L = 0. What do you do to W h besides the ReLU?",
    "Here the width enters through the initialisation, whose variance is 2/m; the formula has no such factor.",
    "h = F.relu(h @ w.T), without the division.",
)
exercise.slip("layers in reverse order", order=reversed).says(
    "The list is read like a product of matrices: the last entry acts first.",
    "Your values are right for one hidden matrix. What about two?",
    "W_1 acts on h_0, and it stands first in the list.",
    "for w in params['W']: ...",
)
exercise.slip("residual connections", join=lambda before, after: before + after).says(
    "Each hidden layer adds to the one before.",
    "Does h_{l-1} appear in h_l by itself?",
    "The paper mentions residual connections as a possible extension; the network of section 4 has none.",
    "h = F.relu(h @ w.T), without + h.",
)
exercise.slip("tanh in place of the ReLU", activate=lambda g, layer, last: torch.tanh(g)).says(
    "Any activation will do, tanh for instance.",
    "Can a hidden layer of yours exceed 1?",
    "phi(t) = max(0, t): a positive number stays what it is.",
    "F.relu in place of torch.tanh.",
)
exercise.slip("layers scaled as at the start", through=lambda h, w: h @ w.T * math.sqrt(2 / len(w))).says(
    "Each layer is multiplied by sqrt(2 / m), the scale of its initialisation.",
    "Your values are right for L = 0. What do you do to W h besides the ReLU?",
    "The matrices that you are given have this scale already.",
    "h = F.relu(h @ w.T), without the factor.",
)
exercise.slip("the first W left out", order=lambda matrices: matrices[1:]).says(
    "params['W'][0] stands before W_1 and is not used.",
    "Your values are right for L = 0. Which matrices do you use for L = 1?",
    "The list is [W_1, ..., W_L]: its first entry is W_1.",
    "for w in params['W']: ..., all of them.",
)
exercise.slip("the last W left out", order=lambda matrices: matrices[:-1]).says(
    "The last matrix of the list is not a hidden layer's.",
    "Your values are right for L = 0. Which matrices do you use for L = 1?",
    "The list is [W_1, ..., W_L], and B stands apart: its last entry is W_L.",
    "for w in params['W']: ..., all of them.",
)
exercise.slip("the graph is cut", given=lambda x: x.detach()).says(
    "A forward pass needs no gradient.",
    "Call .sum().backward() on your answer: what happens?",
    "Training needs the derivatives of f: the answer must hang on x and on the parameters.",
    "No detach(), and no torch.no_grad().",
)
exercise.slip("outputs of norm 1", final=lambda z: F.normalize(z, dim=1)).says(
    "A contrastive encoder normalises its outputs.",
    "Multiply the input by 3: do your outputs change? They should.",
    "SimCLR normalises; this network does not, and its norms are what Assumption 2 is about.",
    "Return B h_L as it is.",
)
exercise.slip("inputs scaled to norm 1", given=lambda x: F.normalize(x, dim=1)).says(
    "Assumption 1 wants inputs of norm 1, so the network makes them so.",
    "Multiply the input by 3: do your outputs change? They should.",
    "The assumption is about the data; the network takes x as it comes.",
    "h = F.relu(x @ params['A'].T), without a normalisation of x.",
)

exercise.slip("outputs centred over the batch", final=lambda z: z - z.mean(dim=0)).says(
    "Outputs may be centred over the batch.",
    "Encode one row alone: is its output the one that it has among others?",
    "f(x) is a function of x alone; a mean over the batch belongs to no encoder.",
    "return h @ params['B'].T, without - z.mean(dim=0).",
)

exercise.style("clamp", activate=lambda g, layer, last: g.clamp(min=0))


@exercise.accepted("columns, one loop over all layers")
def encoder_forward(params, x):
    h = x.T
    for w in [params["A"], *params["W"]]:
        h = torch.maximum(w @ h, torch.zeros((), dtype=h.dtype))
    return (params["B"] @ h).T


@exercise.accepted("F.linear, row by row")
def encoder_forward(params, x):
    rows = []
    for row in x:
        for w in [params["A"], *params["W"]]:
            row = F.linear(row, w).relu()
        rows.append(F.linear(row, params["B"]))
    return torch.stack(rows)
