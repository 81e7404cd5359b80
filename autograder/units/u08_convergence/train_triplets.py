"""train_triplets: what its check looks at. Gradient descent is deterministic, so the reference repeats the run on
inputs drawn after the learner's code has loaded and everything is compared: the trained parameters and all histories.
Rounding errors do not grow in so few small steps; 1e-9 leaves room for another order of summation, and none for
float32."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam

from autograder.author import Case, Exercise, bad_input, count, needs, positive
from autograder.author.draw import odd_sizes
from autograder.units.u08_convergence.draws import CPU, forward, network, triplet

exercise = Exercise(
    "train_triplets",
    refuses=(
        positive("lr"),
        count("n_steps", "", 2.5, minimum=0),
        needs(
            "triplets[0].shape == triplets[1].shape == triplets[2].shape",
            {"fewer negatives": {"triplets": lambda x: (*x[:2], x[2][:2])}},
        ),
        needs(
            "not (triplets[0] + triplets[1] + triplets[2]).isnan().any()",
            {"NaN in an input": {"triplets": lambda x: (x[0], x[1] * torch.nan, x[2])}},
        ),
        needs(
            "params['A'].shape[1] == triplets[0].shape[1]",
            {"inputs of another d_x": {"triplets": lambda x: tuple(z.repeat(1, 2) for z in x)}},
        ),
        CPU,
    ),
    hints={
        "values": (
            "Is the first entry of a history wrong? Then the number itself is. Only later entries? Then the step is."
            " n_steps = 0 shows the first ones alone.",
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
HISTORIES = ["objective", "gradient_norm", "smallest_norm", "largest_norm"]
CLOSE = 1e-9  # float64 keeps 1e-12 over so few steps; a run in float32 is off by 1e-7


def problem(rng, n, d_x, m, d, n_hidden):
    """A network and n triplets of inputs of norm 1."""
    triplets = tuple(F.normalize(x, dim=1) for x in triplet(rng, n, d_x))
    return network(rng, m, d_x, d, n_hidden), triplets


@exercise.cases
def cases(rng):
    for n, d_x, m, d, n_hidden, steps in ((4, 3, 5, 2, 1, 8), (3, 2, 4, 3, 0, 12), (4, 3, 4, 2, 2, 6)):
        lr = float(rng.uniform(0.3, 0.7)) / m
        label = f"n = {n}, m = {m}, d = {d}, L = {n_hidden}, {steps} steps"
        yield Case(label, (*problem(rng, n, d_x, m, d, n_hidden), lr, steps, "cpu"), rtol=CLOSE)
    n, d_x, m, d = odd_sizes(rng, 4, high=14)
    label = f"n = {n}, m = {m}, d = {d}, L = 2, 3 steps"
    yield Case(label, (*problem(rng, n, d_x, m, d, 2), 0.2 / m, 3, "cpu"), rtol=CLOSE, public=False)
    yield Case("no step", (*problem(rng, 2, 2, 3, 2, 1), 0.1, 0, "cpu"), rtol=CLOSE)
    params, (x, positives, negatives) = problem(rng, 3, 2, 4, 2, 1)
    yield Case("an anchor in two triplets", (params, (x[[0, 0, 1]], positives, negatives), 0.1, 5, "cpu"), rtol=CLOSE)
    yield from exercise.bad_inputs(params, (x, positives, negatives), 0.1, 3, "cpu")
    wide, some = problem(rng, 3, 2, 8, 2, 0)
    yield bad_input("outputs of 1e200: not finite any more", {**wide, "B": 1e200 * wide["B"]}, some, 0.1, 2, "cpu")


def listed(params):
    return [params["A"], *params["W"], params["B"]]


def named(matrices):
    return {"A": matrices[0], "W": matrices[1:-1], "B": matrices[-1]}


def outputs(matrices, triplets):
    return [forward(named(matrices), x) for x in triplets]


def objective(z):
    return F.softplus((z[0] * (z[2] - z[1])).sum(dim=1)).sum()


def vectors(z):
    """All 3n loss vectors, as rows."""
    s = torch.sigmoid((z[0] * (z[2] - z[1])).sum(dim=1, keepdim=True))
    return torch.cat([s * (z[2] - z[1]), -s * z[0], s * z[0]])


def numbers(z):
    norms = torch.cat(z).norm(dim=1)
    return objective(z), vectors(z).norm(), norms.min(), norms.max()


@exercise.property(
    "the last entries of the histories belong to the returned parameters; norms, objective and gradient agree"
)
def recomputed(f, rng):
    params, triplets = problem(rng, 5, 4, 8, 3, 2)
    found = f(params, triplets, 0.05, 15, "cpu")
    if [np.shape(w) for w in listed(found["params"])] != [tuple(w.shape) for w in listed(params)]:
        return "the returned matrices have other shapes than the given ones"
    z = outputs([torch.from_numpy(w) for w in listed(found["params"])], triplets)
    for name, value in zip(HISTORIES, numbers(z), strict=True):
        if np.shape(found[name]) != (16,):
            return f"{name} has shape {np.shape(found[name])} after 15 steps"
        if abs(found[name][-1] - float(value)) > CLOSE * max(1, abs(float(value))):
            return f"the last {name} is not that of the returned parameters"


@exercise.property("the objective falls with a small learning rate, and stays above n ln(1 + e^{-2 C^2})")
def falls(f, rng):
    rate, steps = 0.02, 20
    while True:  # one network in 500 is too steep for this rate
        params, triplets = problem(rng, 4, 3, 8, 3, 1)
        if (exercise.written(params, triplets, rate, steps, "cpu")["objective"].diff() <= 0).all():
            break
    found = f(params, triplets, rate, steps, "cpu")
    objective, largest = np.asarray(found["objective"]), np.asarray(found["largest_norm"])
    if (np.diff(objective) > 1e-12).any():
        return "it grew in a step"
    if (objective < 4 * np.log1p(np.exp(-2 * largest**2)) - 1e-9).any():
        return "it fell below what the recorded largest norm allows"


def descent(matrices, lr):
    """A function that takes one step, like the method `step` of an optimiser."""

    def step():
        for matrix in matrices:
            matrix.data -= lr * matrix.grad

    return step


def clipped(matrices, lr):
    def step():
        torch.nn.utils.clip_grad_norm_(matrices, 1.0)
        descent(matrices, lr)()

    return step


def slope(z, matrices):
    """The norm of the gradient in the parameters."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(objective(z), matrices, retain_graph=True)]).norm()


@exercise.formula
def train_triplets(
    params,
    triplets,
    lr,
    n_steps,
    device,
    *,
    copied=torch.clone,
    rule=descent,
    groups=lambda matrices: [matrices],
    batches=lambda triplets: [triplets],
    share=lambda n: 1,
    anew=True,
    gradient=lambda z, matrices: vectors(z).norm(),
    lost=objective,
    seen=torch.cat,
    length=lambda rows: rows.norm(dim=1),
    total=objective,
    more=0,
    noted=lambda values: values,
    first=0,
    refused=lambda values: not values.isfinite().all(),
):
    matrices = [copied(matrix.detach()).requires_grad_() for matrix in listed(params)]
    triplets = [copied(x) for x in triplets]
    movers, rows = [rule(group, lr) for group in groups(matrices)], []
    for step in range(n_steps + 1):
        z = outputs(matrices, triplets)
        norms = length(seen(z))
        rows.append([float(x.detach()) for x in (total(z), gradient(z, matrices), norms.min(), norms.max())])
        for batch in batches(triplets) if step < n_steps + more else []:
            for move in movers:
                (lost(outputs(matrices, batch)) / share(len(z[0]))).backward()
                move()
                for matrix in matrices if anew else []:
                    matrix.grad = None
    values = noted(torch.tensor(rows, dtype=torch.float64))
    if refused(values):
        raise ValueError("training has diverged")
    return {"params": named([m.detach() for m in matrices]), **dict(zip(HISTORIES, values[first:].T))}


exercise.slip("the mean is minimised", share=lambda n: n).says(
    "Gradient descent runs on the mean over the triplets.",
    "Your first entries are right; the later ones lag behind, by a factor n in the step.",
    "The learning rate belongs to the sum (11).",
    "Take the gradient of triplet_objective, not of its mean.",
)
exercise.slip("only the last layer is trained", groups=lambda matrices: [matrices[-1:]]).says(
    "The hidden layers are random features; only B learns.",
    "Compare your A and W with the given ones: do they change?",
    "All matrices take a step, with gradients at the old parameters.",
    "leaves = [A, *W, B].",
)
exercise.slip("A is not trained", groups=lambda matrices: [matrices[1:]]).says(
    "The first matrix stays as it was drawn, as in some proofs of Allen-Zhu et al.",
    "Compare your A with the given one: does it change?",
    "In this exercise A, all W and B are trained.",
    "Put params['A'] among the leaves.",
)
exercise.slip("B is not trained", groups=lambda matrices: [matrices[:-1]]).says(
    "The last matrix stays as it was drawn, as in most proofs of Allen-Zhu et al.",
    "Compare your B with the given one: does it change?",
    "In this exercise A, all W and B are trained.",
    "Put params['B'] among the leaves.",
)
exercise.slip("the hidden layers are not trained", groups=lambda matrices: [matrices[:1] + matrices[-1:]]).says(
    "Only A and B learn.",
    "Compare your W with the given ones: do they change?",
    "All matrices take a step: A, every W and B.",
    "leaves = [A, *W, B].",
)
exercise.slip("uphill", rule=lambda matrices, lr: descent(matrices, -lr)).says(
    "One moves along the gradient.",
    "Does your objective fall?",
    "The gradient points uphill; descent subtracts it.",
    "theta - lr * gradient.",
)
exercise.slip(
    "the learning rate over the width", rule=lambda matrices, lr: descent(matrices, lr / len(matrices[0]))
).says(
    "The learning rate is lr / m.",
    "Your first entries are right; the later ones lag behind, by a factor m in the step.",
    "The caller has divided by m already, if at all.",
    "theta - lr * gradient.",
)
exercise.slip("a clipped gradient", rule=clipped).says(
    "The gradient is clipped at norm 1.",
    "Your later entries lag behind where the gradient is large. What do you do to a gradient of norm 5?",
    "Plain gradient descent takes the gradient as it is.",
    "Leave out the clipping.",
)
exercise.slip("no gradient through the negatives", lost=lambda z: objective((*z[:2], z[2].detach()))).says(
    "The negative is a constant.",
    "Which of the three outputs of a triplet depend on the parameters?",
    "All three come out of the same network: the gradient flows through all of them.",
    "No detach() on the way.",
)
exercise.slip(
    "no gradient through positives and negatives", lost=lambda z: objective((z[0], z[1].detach(), z[2].detach()))
).says(
    "Only the anchor is differentiated; positive and negative are targets.",
    "Which of the three outputs of a triplet depend on the parameters?",
    "All three come out of the same network: the gradient flows through all of them.",
    "No detach() on the way.",
)
exercise.slip(
    "outputs of norm 1",
    lost=lambda z: objective([F.normalize(x, dim=1) for x in z]),
    total=lambda z: objective([F.normalize(x, dim=1) for x in z]),
).says(
    "The objective compares outputs scaled to norm 1.",
    "What do your norms do: should they be 1?",
    "Section 4 uses inner products as they are.",
    "triplet_objective(z1, z2, z3), without a normalisation.",
)
exercise.slip("one matrix after the other", groups=lambda matrices: [[matrix] for matrix in matrices]).says(
    "Each matrix may be updated as soon as its gradient is known.",
    "With which B do you compute the gradient of A?",
    "All gradients are taken at the old parameters, then all matrices move.",
    "Compute all gradients first, in one call.",
)
exercise.slip(
    "one matrix after the other, B first", groups=lambda matrices: [[matrix] for matrix in matrices[::-1]]
).says(
    "Each matrix may be updated as soon as its gradient is known, B first, as backpropagation goes.",
    "With which B do you compute the gradient of A?",
    "All gradients are taken at the old parameters, then all matrices move.",
    "Compute all gradients first, in one call.",
)
exercise.slip("one triplet at a time", batches=lambda triplets: zip(*(x.split(1) for x in triplets))).says(
    "Gradient descent goes through the triplets one by one.",
    "How many times do your parameters change in one step?",
    "That is stochastic gradient descent; here one step uses the whole sum.",
    "Take the gradient of the sum over all triplets, once per step.",
)
exercise.slip("gradients pile up", anew=False).says(
    "backward() computes the gradient anew each time.",
    "Your first two entries are right. What is in .grad before the second backward()?",
    "backward() *adds* to .grad.",
    "Set .grad to None (or zero) before each backward().",
)
exercise.slip("Adam", rule=lambda matrices, lr: Adam(matrices, lr=lr).step).says(
    "Any optimiser of torch is gradient descent.",
    "Your first entries are right, the others are not. Which rule moves your parameters?",
    "Theorem 1 is about plain gradient descent: theta <- theta - lr * gradient.",
    "torch.optim.SGD without momentum, or the update by hand.",
)
exercise.slip("momentum", rule=lambda matrices, lr: SGD(matrices, lr=lr, momentum=0.9).step).says(
    "Gradient descent is used with a momentum of 0.9.",
    "Your first two entries are right. What does your second step remember of the first?",
    "Theorem 1 is about plain gradient descent: theta <- theta - lr * gradient.",
    "torch.optim.SGD(leaves, lr=lr), without momentum.",
)
exercise.slip("gradient in the parameters", gradient=slope).says(
    "gradient_norm is the norm of the gradient that descends.",
    "Which gradient is Lemma 4 about?",
    "The gradient in the *outputs*: the loss vectors.",
    "torch.cat(loss_vectors(z1, z2, z3)).norm()",
)
exercise.slip("the largest loss vector", gradient=lambda z, matrices: vectors(z).norm(dim=1).max()).says(
    "The gradient's norm is that of the worst triplet.",
    "For n = 1, is it the norm of one vector or of three?",
    "Stack all 3n loss vectors to one long vector, and take its Euclidean norm.",
    "torch.cat(loss_vectors(...)).norm(), without dim.",
)
exercise.slip("the anchors' gradient", gradient=lambda z, matrices: vectors(z)[: len(z[0])].norm()).says(
    "gradient_norm is the norm of the derivatives by the z_{i1}.",
    "How many loss vectors has a triplet?",
    "Three: by z_{i1}, by z_{i2} and by z_{i3}.",
    "torch.cat(loss_vectors(z1, z2, z3)).norm()",
)
exercise.slip("the gradient over n", gradient=lambda z, matrices: vectors(z).norm() / len(z[0])).says(
    "gradient_norm belongs to the mean over the triplets.",
    "Your values are the right ones divided by n.",
    "The objective (11) is a sum, and so is its gradient.",
    "torch.cat(loss_vectors(...)).norm(), without a division.",
)
exercise.slip(
    "the norm of the pulls", gradient=lambda z, matrices: torch.sigmoid((z[0] * (z[2] - z[1])).sum(dim=1)).norm()
).says(
    "gradient_norm is the norm of the derivatives by the logits.",
    "By what is the objective to be differentiated?",
    "By the outputs: each s_i comes with the vectors u_i, -z_{i1} and z_{i1}.",
    "torch.cat(loss_vectors(z1, z2, z3)).norm()",
)
exercise.slip("squared norms of outputs", length=lambda rows: rows.square().sum(dim=1)).says(
    "The size of an output is the sum of its squares.",
    "Double an output: by which factor does its norm grow?",
    "A Euclidean norm is the *root* of the sum of the squares.",
    "torch.cat([z1, z2, z3]).norm(dim=1).",
)
exercise.slip("the sum of the norms", gradient=lambda z, matrices: vectors(z).norm(dim=1).sum()).says(
    "The norm of a gradient in many blocks is the sum of the norms of the blocks.",
    "What is the norm of the vector (3, 4)?",
    "The *squares* of the norms of the 3n loss vectors add up.",
    "torch.cat(loss_vectors(...)).norm(), without dim.",
)
exercise.slip("the squared norm of the gradient", gradient=lambda z, matrices: vectors(z).square().sum()).says(
    "The size of the gradient is the sum of its squares.",
    "Double all loss vectors: by which factor does your gradient_norm grow?",
    "A Euclidean norm is the *root* of the sum of the squares.",
    "torch.cat(loss_vectors(...)).norm(), without a square.",
)
exercise.slip("the gradient of a mean", gradient=lambda z, matrices: vectors(z).norm() / len(z[0]) ** 0.5).says(
    "The gradient's norm is a mean over the triplets.",
    "Your values are the right ones divided by sqrt(n).",
    "The squares of all 3n loss vectors add up; nothing is averaged.",
    "torch.cat(loss_vectors(...)).norm(), without a division.",
)
exercise.slip("the mean is recorded", total=lambda z: objective(z) / len(z[0])).says(
    "The objective that is recorded is the mean over the triplets.",
    "Your values are the right ones divided by n.",
    "Equation (11) is a sum.",
    "Record triplet_objective itself.",
)
exercise.slip(
    "a maximum over the whole run", noted=lambda values: torch.cat([values[:, :3], values[:, 3:].cummax(0).values], 1)
).says(
    "largest_norm is the largest of all norms so far.",
    "Can your largest_norm fall?",
    "Entry k is the largest norm of the 3n outputs after k steps.",
    "norms.max(), of this step alone.",
)
exercise.slip("a step after the last record", more=1).says(
    "Every record is followed by a step.",
    "Do your last entries belong to the parameters that you return?",
    "n_steps + 1 records, n_steps steps: none after the last record.",
    "if step < n_steps: move.",
)
exercise.slip("one step too few", more=-1).says(
    "n_steps records need n_steps - 1 steps.",
    "How many steps do you take for n_steps = 1?",
    "n_steps + 1 records, n_steps steps.",
    "if step < n_steps: move.",
)
exercise.slip("histories without the end", noted=lambda values: values[:-1]).says(
    "n_steps steps have n_steps records.",
    "How many entries has your history for n_steps = 0?",
    "There is a record before the first step and one after the last: n_steps + 1.",
    "for step in range(n_steps + 1): record; and then, if step < n_steps, move.",
)
exercise.slip("norms of the anchors only", seen=lambda z: z[0]).says(
    "The outputs are f(x_i).",
    "Over how many outputs do you take the minimum?",
    "Assumption 2 is about f(x_i), f(x_i^+) and f(x_i^-): 3n outputs.",
    "torch.cat([z1, z2, z3]).norm(dim=1).",
)
exercise.slip("histories without the start", first=1).says(
    "A history has one entry per step.",
    "How many entries has your history for n_steps = 0?",
    "Record before the first step as well: n_steps + 1 entries.",
    "for step in range(n_steps + 1): record; and then, if step < n_steps, move.",
)
exercise.slip("training that diverges is returned", refused=lambda values: False).says(
    "NaN in a history speaks for itself.",
    "What does the exercise ask when a recorded number is not finite?",
    "NaN compares false with everything: a later test may pass by accident.",
    "if not math.isfinite(value): raise ValueError(f'... after step {step}')",
)
exercise.slip("everything in float32", copied=lambda x: x.float()).says(
    "Networks are trained in float32.",
    "Which dtype have the given parameters, and yours? In which digit do your histories differ?",
    "Work in the dtype of the parameters: no .float(), no torch.tensor(...) without dtype.",
)

exercise.style("torch.optim.SGD", rule=lambda matrices, lr: SGD(matrices, lr=lr).step)
exercise.style(
    "gradient in the outputs by autograd",
    gradient=lambda z, matrices: torch.cat(torch.autograd.grad(objective(z), z, retain_graph=True)).norm(),
)


@exercise.accepted("torch.func.grad, new matrices in each step, lists of numbers")
def train_triplets(params, triplets, lr, n_steps, device):
    matrices = tuple(listed(params))
    slope = torch.func.grad(lambda *now: objective(outputs(now, triplets)), argnums=tuple(range(len(matrices))))
    rows = [numbers(outputs(matrices, triplets))]
    for _ in range(n_steps):
        matrices = tuple(m - lr * g for m, g in zip(matrices, slope(*matrices)))
        rows.append(numbers(outputs(matrices, triplets)))
    histories = {name: [float(x) for x in column] for name, column in zip(HISTORIES, zip(*rows))}
    if not np.isfinite(list(histories.values())).all():
        raise ValueError("training has diverged")
    return {"params": named(matrices), **histories}
