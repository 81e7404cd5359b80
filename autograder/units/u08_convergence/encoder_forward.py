"""encoder_forward: what its check looks at. Square matrices W hide a transpose from the shapes, so the values must show it;
inputs of both signs and outputs of both signs, so that every missing or superfluous ReLU is seen."""

import math

import torch
import torch.nn.functional as F

from autograder.draw import strided, tensor
from autograder.spec import Exercise
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "encoder_forward",
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


def network(rng, m, d_x, d, n_hidden, dtype=torch.float64):
    """Random parameters at the scale of the theory's initialisation."""
    return {
        "A": tensor(rng, m, d_x, dtype=dtype, scale=math.sqrt(2 / m)),
        "W": [tensor(rng, m, m, dtype=dtype, scale=math.sqrt(2 / m)) for _ in range(n_hidden)],
        "B": tensor(rng, d, m, dtype=dtype, scale=math.sqrt(1 / d)),
    }


@exercise.cases
def cases(rng):
    for n, d_x, m, d, n_hidden in ((3, 4, 5, 2, 2), (4, 3, 4, 4, 1), (2, 2, 5, 3, 3), (3, 5, 4, 1, 0)):
        label = f"n = {n}, d_x = {d_x}, m = {m}, d = {d}, L = {n_hidden}"
        yield Case(label, (network(rng, m, d_x, d, n_hidden), tensor(rng, n, d_x)), grad=(1,))
    yield Case("inputs that are not contiguous", (network(rng, 4, 3, 2, 2), strided(tensor(rng, 2, 3))))
    yield Case("float32", (network(rng, 5, 3, 2, 1, torch.float32), tensor(rng, 3, 3, dtype=torch.float32)))
    yield Case("inputs of size 1e4", (network(rng, 4, 3, 2, 2), tensor(rng, 2, 3, scale=1e4)), part="stability")
    params, x = network(rng, 3, 2, 2, 1), tensor(rng, 2, 2)
    yield bad_input("x with another d_x", params, tensor(rng, 2, 3))
    yield bad_input("no rows", params, x[:0])
    yield bad_input("NaN in x", params, x * torch.nan)
    yield bad_input("NaN in W", {**params, "W": [params["W"][0] * torch.nan]}, x)
    yield bad_input("B of another width", {**params, "B": tensor(rng, 2, 4)}, x)
    yield bad_input("W that is not square", {**params, "W": [tensor(rng, 3, 2)]}, x)
    yield bad_input("no B", {"A": params["A"], "W": params["W"]}, x)


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


def checked(params, x):
    """The same refusals as the given check_network, in other words."""
    if not isinstance(params, dict) or set(params) != {"A", "W", "B"}:
        raise ValueError("keys")
    validate.batch(x=x)
    m = params["A"].shape[0]
    for matrix in (params["A"], params["B"], *params["W"]):
        validate.batch(matrix=matrix)
    if params["A"].shape[1] != x.shape[1] or params["B"].shape[1] != m:
        raise ValueError(f"{tuple(params['A'].shape)}, {tuple(params['B'].shape)}, {tuple(x.shape)}")
    if any(tuple(w.shape) != (m, m) for w in params["W"]):
        raise ValueError("W")
    return params["A"], params["W"], params["B"]


@exercise.accepted("columns, one loop over all layers", uses=(checked,))
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = x.T
    for w in [a, *hidden]:
        h = torch.maximum(w @ h, torch.zeros((), dtype=h.dtype))
    return (b @ h).T


@exercise.accepted("clamp and einsum", uses=(checked,))
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = torch.einsum("md,nd->nm", a, x).clamp(min=0)
    for w in hidden:
        h = torch.einsum("km,nm->nk", w, h).clamp(min=0)
    return torch.einsum("dm,nm->nd", b, h)


@exercise.accepted("F.linear, row by row", uses=(checked,))
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    rows = []
    for row in x:
        h = F.linear(row, a).relu()
        for w in hidden:
            h = F.linear(h, w).relu()
        rows.append(F.linear(h, b))
    return torch.stack(rows)


@exercise.wrong(
    "activation after B",
    belief="Every matrix is followed by a ReLU, the last one too.",
    hints=(
        "Can your outputs be negative? Those of the network can.",
        "f(x) = B h_L: nothing follows B.",
        "return h @ params['B'].T, without relu.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = F.relu(x @ a.T)
    for w in hidden:
        h = F.relu(h @ w.T)
    return F.relu(h @ b.T)


@exercise.wrong(
    "no activation after A",
    belief="The first matrix only embeds the input; activations begin with W_1.",
    hints=(
        "Take L = 0: is your network linear?",
        "h_0 = relu(A x), not A x.",
        "h = F.relu(x @ params['A'].T) before the loop.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = x @ a.T
    for w in hidden:
        h = F.relu(h @ w.T)
    return h @ b.T


@exercise.wrong(
    "no activation after the last W",
    belief="The activation stands between hidden layers, so the last hidden layer has none.",
    hints=(
        "What do you multiply by B: g_L or h_L?",
        "h_L = relu(W_L h_{L-1}) has its ReLU too.",
        "Apply the ReLU inside the loop after every W.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = x @ a.T
    for w in hidden:
        h = F.relu(h) @ w.T
    return h @ b.T


@exercise.wrong(
    "W not transposed",
    belief="With rows in place of columns, h @ W is W h.",
    hints=(
        "Your values are right for L = 0. What changes with W?",
        "(W h)^T = h^T W^T: a square W hides the missing transpose from the shapes.",
        "h @ w.T, as for A and B.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = F.relu(x @ a.T)
    for w in hidden:
        h = F.relu(h @ w)
    return h @ b.T


@exercise.wrong(
    "layers in reverse order",
    belief="The list is read like a product of matrices: the last entry acts first.",
    hints=(
        "Your values are right for one hidden matrix. What about two?",
        "W_1 acts on h_0, and it stands first in the list.",
        "for w in params['W']: ...",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = F.relu(x @ a.T)
    for w in reversed(hidden):
        h = F.relu(h @ w.T)
    return h @ b.T


@exercise.wrong(
    "residual connections",
    belief="Each hidden layer adds to the one before.",
    hints=(
        "Does h_{l-1} appear in h_l by itself?",
        "The paper mentions residual connections as a possible extension; the network of section 4 has none.",
        "h = F.relu(h @ w.T), without + h.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = F.relu(x @ a.T)
    for w in hidden:
        h = h + F.relu(h @ w.T)
    return h @ b.T


@exercise.wrong(
    "outputs of norm 1",
    belief="A contrastive encoder normalises its outputs.",
    hints=(
        "Multiply the input by 3: do your outputs change? They should.",
        "SimCLR normalises; this network does not, and its norms are what Assumption 2 is about.",
        "Return B h_L as it is.",
    ),
    uses=(checked,),
)
def encoder_forward(params, x):
    a, hidden, b = checked(params, x)
    h = F.relu(x @ a.T)
    for w in hidden:
        h = F.relu(h @ w.T)
    return F.normalize(h @ b.T, dim=1)
