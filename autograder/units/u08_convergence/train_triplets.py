"""train_triplets: what its check looks at. Gradient descent is deterministic, so the reference repeats the run on inputs drawn
after the learner's code has loaded and everything is compared: the trained parameters and all histories. Rounding errors do not
grow in so few small steps; 1e-6 leaves room for another order of summation."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.draw import tensor
from autograder.spec import Exercise
from autograder.units.u08_convergence.encoder_forward import network
from course import validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "train_triplets",
    hints={
        "values": (
            "Check n_steps = 0 first: the parameters come back as they were, and each history has one entry.",
            "Record before the step: entry k of a history belongs to the parameters after k steps.",
            "One step changes A, every W and B, all with gradients at the old parameters.",
            "gradient_norm: the root of the sum of the squares of all three tensors of loss_vectors.",
        ),
        "bad input": (
            "lr > 0, n_steps >= 0, shapes that fit (check_network), a device that exists (use_device).",
            "When a recorded number is not finite: raise ValueError, with the step.",
        ),
        "properties": (
            "Work on copies: params['A'].detach().clone(). The caller's parameters must stay as they were.",
            "The last entries of the histories belong to the parameters that you return.",
        ),
    },
)
CLOSE = 1e-6


def problem(rng, n, d_x, m, d, n_hidden):
    """A network and n triplets of inputs of norm 1."""
    triplets = tuple(F.normalize(tensor(rng, n, d_x), dim=1) for _ in range(3))
    return network(rng, m, d_x, d, n_hidden), triplets


@exercise.cases
def cases(rng):
    for n, d_x, m, d, n_hidden, steps in ((4, 3, 5, 2, 1, 8), (3, 2, 4, 3, 0, 12), (4, 3, 4, 2, 2, 6)):
        lr = float(rng.uniform(0.3, 0.7)) / m
        label = f"n = {n}, m = {m}, d = {d}, L = {n_hidden}, {steps} steps"
        yield Case(label, (*problem(rng, n, d_x, m, d, n_hidden), lr, steps, "cpu"), rtol=CLOSE)
    yield Case("no step", (*problem(rng, 2, 2, 3, 2, 1), 0.1, 0, "cpu"), rtol=CLOSE)
    params, (x, positives, negatives) = problem(rng, 3, 2, 4, 2, 1)
    yield Case("an anchor in two triplets", (params, (x[[0, 0, 1]], positives, negatives), 0.1, 5, "cpu"), rtol=CLOSE)
    good = (x, positives, negatives)
    yield bad_input("lr = 0", params, good, 0.0, 3, "cpu")
    yield bad_input("lr is NaN", params, good, math.nan, 3, "cpu")
    yield bad_input("n_steps = -1", params, good, 0.1, -1, "cpu")
    yield bad_input("n_steps = 2.5", params, good, 0.1, 2.5, "cpu")
    yield bad_input("fewer negatives", params, (x, positives, negatives[:2]), 0.1, 3, "cpu")
    yield bad_input("inputs of another d_x", params, tuple(tensor(rng, 3, 3) for _ in range(3)), 0.1, 3, "cpu")
    yield bad_input("NaN in an input", params, (x, positives * torch.nan, negatives), 0.1, 3, "cpu")
    yield bad_input("an unknown device", params, good, 0.1, 3, "abacus")
    wide, some = problem(rng, 3, 2, 8, 2, 0)
    yield bad_input("outputs of 1e200: not finite any more", {**wide, "B": 1e200 * wide["B"]}, some, 0.1, 2, "cpu")


@exercise.property(
    "the last entries of the histories belong to the returned parameters; norms, objective and gradient agree"
)
def recomputed(f, rng):
    params, triplets = problem(rng, 5, 4, 8, 3, 2)
    found = f(params, triplets, 0.05, 15, "cpu")
    net = {key: [torch.from_numpy(w) for w in found["params"][key]] if key == "W" else torch.from_numpy(found["params"][key])
           for key in ("A", "W", "B")}  # fmt: skip
    z = [forward(net, x) for x in triplets]
    t = (z[0] * (z[2] - z[1])).sum(dim=1)
    square = torch.sigmoid(t) ** 2 * (((z[2] - z[1]) ** 2).sum(1) + 2 * (z[0] ** 2).sum(1))
    norms = torch.cat(z).norm(dim=1)
    wanted = {"objective": F.softplus(t).sum(), "gradient_norm": square.sum().sqrt(), "smallest_norm": norms.min(),
              "largest_norm": norms.max()}  # fmt: skip
    for name, value in wanted.items():
        if np.shape(found[name]) != (16,):
            return f"{name} has shape {np.shape(found[name])} after 15 steps"
        if abs(found[name][-1] - float(value)) > CLOSE * max(1, abs(float(value))):
            return f"the last {name} is not that of the returned parameters"


@exercise.property("the objective falls with a small learning rate, and stays above n ln(1 + e^{-2 C^2})")
def falls(f, rng):
    params, triplets = problem(rng, 4, 3, 8, 3, 1)
    found = f(params, triplets, 0.02, 20, "cpu")
    objective, largest = np.asarray(found["objective"]), np.asarray(found["largest_norm"])
    if (np.diff(objective) > 1e-12).any():
        return "it grew in a step"
    if (objective < 4 * np.log1p(np.exp(-2 * largest**2)) - 1e-9).any():
        return "it fell below what the recorded largest norm allows"


def forward(params, x):
    h = (x @ params["A"].T).clamp(min=0)
    for w in params["W"]:
        h = (h @ w.T).clamp(min=0)
    return h @ params["B"].T


def checked(params, triplets, lr, n_steps, device):
    """Refusals, and copies of [A, W_1, ..., B] that carry gradients."""
    validate.positive(lr=lr)
    validate.count(minimum=0, n_steps=n_steps)
    validate.batch(x=triplets[0], plus=triplets[1], minus=triplets[2])
    if device != "cpu":
        raise ValueError(f"{device}")
    if params["A"].shape[1] != triplets[0].shape[1]:
        raise ValueError(f"{tuple(params['A'].shape)}, {tuple(triplets[0].shape)}")
    return [matrix.detach().clone().requires_grad_() for matrix in (params["A"], *params["W"], params["B"])]


def outputs(matrices, triplets):
    params = {"A": matrices[0], "W": matrices[1:-1], "B": matrices[-1]}
    return [forward(params, x) for x in triplets]


def row(z):
    """objective (a graph), and the three other numbers."""
    t = (z[0] * (z[2] - z[1])).sum(dim=1)
    s = torch.sigmoid(t)[:, None]
    gradient = torch.cat([s * (z[2] - z[1]), -s * z[0], s * z[0]]).norm()
    norms = torch.cat(z).norm(dim=1)
    return F.softplus(t).sum(), gradient, norms.min(), norms.max()


def packed(matrices, rows):
    """The answer in the form that is asked for."""
    values = torch.tensor([[float(v) for v in r] for r in rows], dtype=torch.float64)
    if not bool(torch.isfinite(values).all()):
        raise ValueError("training has diverged")
    a, *hidden, b = (matrix.detach() for matrix in matrices)
    names = ("objective", "gradient_norm", "smallest_norm", "largest_norm")
    return {"params": {"A": a, "W": hidden, "B": b}} | {name: values[:, i] for i, name in enumerate(names)}


HELPERS = (forward, checked, outputs, row, packed)


@exercise.accepted("torch.optim.SGD", uses=HELPERS)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    optimizer = torch.optim.SGD(matrices, lr=lr)
    rows = []
    for _ in range(n_steps):
        rows.append(row(outputs(matrices, triplets)))
        optimizer.zero_grad()
        rows[-1][0].backward()
        optimizer.step()
    rows.append(row(outputs(matrices, triplets)))
    return packed(matrices, rows)


@exercise.accepted("backward and in-place updates of .data, lists of numbers", uses=HELPERS)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = []
    for step in range(n_steps + 1):
        now = row(outputs(matrices, triplets))
        rows.append([float(v) for v in now])
        if step < n_steps:
            now[0].backward()
            for matrix in matrices:
                matrix.data = matrix.data - lr * matrix.grad
                matrix.grad = None
    answer = packed(matrices, rows)
    return {key: value if key == "params" else value.tolist() for key, value in answer.items()}


@exercise.accepted("torch.func.grad, new matrices in each step", uses=HELPERS)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = tuple(matrix.detach() for matrix in checked(params, triplets, lr, n_steps, device))
    slope = torch.func.grad(lambda *now: row(outputs(now, triplets))[0], argnums=tuple(range(len(matrices))))
    rows = [row(outputs(matrices, triplets))]
    for _ in range(n_steps):
        matrices = tuple(m - lr * g for m, g in zip(matrices, slope(*matrices)))
        rows.append(row(outputs(matrices, triplets)))
    return packed(matrices, rows)


def descend(params, triplets, lr, n_steps, device, objective, measure=None, chosen=None):
    """Gradient descent on objective(z) in the matrices chosen(list), recording measure(z)."""
    matrices = checked(params, triplets, lr, n_steps, device)
    measure, moving = measure or row, matrices if chosen is None else chosen(matrices)
    rows = []
    for step in range(n_steps + 1):
        z = outputs(matrices, triplets)
        rows.append([float(v) for v in measure(z)])
        if step < n_steps:
            slopes = torch.autograd.grad(objective(z), moving)
            with torch.no_grad():
                for matrix, g in zip(moving, slopes):
                    matrix -= lr * g
    return packed(matrices, rows)


@exercise.wrong(
    "the mean is minimised",
    belief="Gradient descent runs on the mean over the triplets.",
    hints=(
        "Your first entries are right; the later ones lag behind, by a factor n in the step.",
        "The learning rate belongs to the sum (11).",
        "Take the gradient of triplet_objective, not of its mean.",
    ),
    uses=(*HELPERS, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    return descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0] / len(z[0]))


@exercise.wrong(
    "only the last layer is trained",
    belief="The hidden layers are random features; only B learns.",
    hints=(
        "Compare your A and W with the given ones: do they change?",
        "All matrices take a step, with gradients at the old parameters.",
        "leaves = [A, *W, B].",
    ),
    uses=(*HELPERS, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    return descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0], chosen=lambda matrices: matrices[-1:])


@exercise.wrong(
    "A is not trained",
    belief="The first matrix stays as it was drawn, as in some proofs of Allen-Zhu et al.",
    hints=(
        "Compare your A with the given one: does it change?",
        "In this exercise A, all W and B are trained.",
        "Put params['A'] among the leaves.",
    ),
    uses=(*HELPERS, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    return descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0], chosen=lambda matrices: matrices[1:])


@exercise.wrong(
    "gradient in the parameters",
    belief="gradient_norm is the norm of the gradient that descends.",
    hints=(
        "Which gradient is Lemma 4 about?",
        "The gradient in the *outputs*: the loss vectors.",
        "torch.cat(loss_vectors(z1, z2, z3)).norm()",
    ),
    uses=(*HELPERS,),
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = []
    for _ in range(n_steps + 1):
        objective, _, low, high = row(outputs(matrices, triplets))
        slopes = torch.autograd.grad(objective, matrices)
        rows.append((objective, torch.cat([g.flatten() for g in slopes]).norm(), low, high))
        with torch.no_grad():
            for matrix, g in zip(matrices, slopes):
                if len(rows) <= n_steps:
                    matrix -= lr * g
    return packed(matrices, rows)


def largest_vector(z):
    objective, _, low, high = row(z)
    s = torch.sigmoid((z[0] * (z[2] - z[1])).sum(dim=1))[:, None]
    return objective, torch.cat([s * (z[2] - z[1]), -s * z[0], s * z[0]]).norm(dim=1).max(), low, high


@exercise.wrong(
    "the largest loss vector",
    belief="The gradient's norm is that of the worst triplet.",
    hints=(
        "For n = 1, is it the norm of one vector or of three?",
        "Stack all 3n loss vectors to one long vector, and take its Euclidean norm.",
        "torch.cat(loss_vectors(...)).norm(), without dim.",
    ),
    uses=(*HELPERS, largest_vector, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    return descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0], largest_vector)


def anchors_only(z):
    objective, gradient, _, _ = row(z)
    norms = z[0].norm(dim=1)
    return objective, gradient, norms.min(), norms.max()


@exercise.wrong(
    "norms of the anchors only",
    belief="The outputs are f(x_i).",
    hints=(
        "Over how many outputs do you take the minimum?",
        "Assumption 2 is about f(x_i), f(x_i^+) and f(x_i^-): 3n outputs.",
        "torch.cat([z1, z2, z3]).norm(dim=1).",
    ),
    uses=(*HELPERS, anchors_only, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    return descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0], anchors_only)


@exercise.wrong(
    "gradients pile up",
    belief="backward() computes the gradient anew each time.",
    hints=(
        "Your first two entries are right. What is in .grad before the second backward()?",
        "backward() *adds* to .grad.",
        "Set .grad to None (or zero) before each backward().",
    ),
    uses=HELPERS,
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = []
    for step in range(n_steps + 1):
        rows.append(row(outputs(matrices, triplets)))
        if step < n_steps:
            rows[-1][0].backward()
            for matrix in matrices:
                matrix.data -= lr * matrix.grad
    return packed(matrices, rows)


@exercise.wrong(
    "one matrix after the other",
    belief="Each matrix may be updated as soon as its gradient is known.",
    hints=(
        "With which B do you compute the gradient of A?",
        "All gradients are taken at the old parameters, then all matrices move.",
        "Compute all gradients first, in one call.",
    ),
    uses=HELPERS,
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = [row(outputs(matrices, triplets))]
    for _ in range(n_steps):
        for matrix in matrices:
            (g,) = torch.autograd.grad(row(outputs(matrices, triplets))[0], [matrix])
            matrix.data -= lr * g
        rows.append(row(outputs(matrices, triplets)))
    return packed(matrices, rows)


@exercise.wrong(
    "one triplet at a time",
    belief="Gradient descent goes through the triplets one by one.",
    hints=(
        "How many times do your parameters change in one step?",
        "That is stochastic gradient descent; here one step uses the whole sum.",
        "Take the gradient of the sum over all triplets, once per step.",
    ),
    uses=HELPERS,
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = [row(outputs(matrices, triplets))]
    for _ in range(n_steps):
        for i in range(len(triplets[0])):
            slopes = torch.autograd.grad(row(outputs(matrices, [x[i : i + 1] for x in triplets]))[0], matrices)
            for matrix, g in zip(matrices, slopes):
                matrix.data -= lr * g
        rows.append(row(outputs(matrices, triplets)))
    return packed(matrices, rows)


@exercise.wrong(
    "Adam",
    belief="Any optimiser of torch is gradient descent.",
    hints=(
        "Your first entries are right, the others are not. Which rule moves your parameters?",
        "Theorem 1 is about plain gradient descent: theta <- theta - lr * gradient.",
        "torch.optim.SGD without momentum, or the update by hand.",
    ),
    uses=HELPERS,
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    optimizer = torch.optim.Adam(matrices, lr=lr)
    rows = [row(outputs(matrices, triplets))]
    for _ in range(n_steps):
        optimizer.zero_grad()
        row(outputs(matrices, triplets))[0].backward()
        optimizer.step()
        rows.append(row(outputs(matrices, triplets)))
    return packed(matrices, rows)


@exercise.wrong(
    "histories without the start",
    belief="A history has one entry per step.",
    hints=(
        "How many entries has your history for n_steps = 0?",
        "Record before the first step as well: n_steps + 1 entries.",
        "for step in range(n_steps + 1): record; and then, if step < n_steps, move.",
    ),
    uses=(*HELPERS, descend),
)
def train_triplets(params, triplets, lr, n_steps, device):
    answer = descend(params, triplets, lr, n_steps, device, lambda z: row(z)[0])
    return {key: value if key == "params" else value[1:] for key, value in answer.items()}


@exercise.wrong(
    "training that diverges is returned",
    belief="NaN in a history speaks for itself.",
    hints=(
        "What does the exercise ask when a recorded number is not finite?",
        "NaN compares false with everything: a later test may pass by accident.",
        "if not math.isfinite(value): raise ValueError(f'... after step {step}')",
    ),
    uses=HELPERS,
)
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = checked(params, triplets, lr, n_steps, device)
    rows = []
    for step in range(n_steps + 1):
        now = row(outputs(matrices, triplets))
        rows.append([float(v) for v in now])
        if step < n_steps:
            for matrix, g in zip(matrices, torch.autograd.grad(now[0], matrices)):
                matrix.data -= lr * g
    values = torch.tensor(rows, dtype=torch.float64)
    a, *hidden, b = (matrix.detach() for matrix in matrices)
    return {"params": {"A": a, "W": hidden, "B": b}, "objective": values[:, 0], "gradient_norm": values[:, 1],
            "smallest_norm": values[:, 2], "largest_norm": values[:, 3]}  # fmt: skip
