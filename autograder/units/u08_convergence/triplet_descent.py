"""triplet_descent: what its check looks at. Steps small and large (above sqrt 2 too), no step, t of both signs, and
starts that no misconception survives: |q| and |r| differ, s_0 is not 1/2."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, positive
from autograder.author.draw import odd_sizes
from autograder.units.u08_convergence.draws import VECTORS, vectors

exercise = Exercise(
    "triplet_descent",
    refuses=(VECTORS, positive("step", math.inf), count("n_steps", "", 2.5, minimum=0)),
    hints={
        "values": (
            "n_steps = 0 first: one entry, ln(1 + e^t) with t = z1.(z3 - z2).",
            "One step: all three vectors move, by minus the step times their loss vector (Proposition 8.1), each with the"
            " *old* values of the others.",
            "By hand: z1 = (1, 0), z2 = z3 = 0, step 1: t = 0, s = 1/2, and the new vectors are (1, 0), (1/2, 0), (-1/2, 0).",
        ),
        "stability": ("e^t overflows for t > 709: np.logaddexp(0, t) is ln(1 + e^t) for every t.",),
        "bad input": ("check_triplet refuses vectors that do not fit; step > 0; n_steps an integer >= 0.",),
        "properties": ("With a step of at most sqrt(2) no loss rises; z2 + z3 never moves.",),
    },
)


@exercise.cases
def cases(rng):
    for d, steps in ((2, 3), (3, 6), (1, 4), (4, 10)):
        step = float(rng.uniform(0.1, 1.4))
        yield Case(f"d = {d}, {steps} steps of {step:.3f}", (*vectors(rng, d), step, steps))
    (d,) = odd_sizes(rng, 1)
    yield Case(f"d = {d}, 25 steps", (*vectors(rng, d, 0.4), float(rng.uniform(0.05, 0.3)), 25), public=False)
    yield Case("no step", (*vectors(rng, 3), 0.5, 0), hint="Before the first step there is a loss already: one entry.")
    yield Case("a step above sqrt(2) is allowed", (*vectors(rng, 2, 0.5), 2.5, 3))
    a = np.array([60.0, 80.0])
    yield Case("t = 2 * 10^4 at the start", (a, -a, a, 1e-3, 3), part="stability", rtol=1e-8)
    yield Case("t = -2 * 10^4 at the start", (a, a, -a, 1e-3, 3), part="stability")
    yield from exercise.bad_inputs(*vectors(rng, 2), 0.5, 2)
    yield Case("losses that rise and fall", (*np.array([[3.0, 0], [-2, 0.01], [2, 0]]), 2.0, 3))


@exercise.property("no loss rises with a step of at most sqrt(2), and it tends to 0")
def falls(f, rng):
    start = vectors(rng, 3)
    losses = np.asarray(f(*start, float(rng.uniform(0.2, math.sqrt(2))), 60))
    if losses.shape != (61,):
        return f"60 steps gave the shape {losses.shape}"
    if (np.diff(losses) > 1e-12).any():
        return "a loss rises"
    if losses[-1] > max(losses[0] / 2, 0.03):  # small ones fall slowly; from whatever start 0.011 is reached
        return f"after 60 steps the loss is {losses[-1]:.4f}, from {losses[0]:.4f}"


def together(z, nu, s):
    """The three vectors after a step in which all move at once."""
    z1, z2, z3 = z
    return z1 - nu * s * (z3 - z2), z2 + nu * s * z1, z3 - nu * s * z1


def one_after_the_other(z, nu, s):
    z1, z2, z3 = z
    z1 = z1 - nu * s * (z3 - z2)
    return z1, z2 + nu * s * z1, z3 - nu * s * z1


def half_steps(z, nu, s):
    z1, z2, z3 = z
    return z1 - nu * s * (z3 - z2), z2 + nu / 2 * s * z1, z3 - nu / 2 * s * z1


def anchor_last(z, nu, s):
    z1, z2, z3 = z[0], z[1] + nu * s * z[0], z[2] - nu * s * z[0]
    return z1 - nu * s * (z3 - z2), z2, z3


def each_along_itself(z, nu, s):
    return z[0] - nu * s * (z[2] - z[1]), z[1] + nu * s * z[1], z[2] - nu * s * z[2]


def on_the_sphere(z, nu, s):
    return tuple(x / np.linalg.norm(x) for x in together(z, nu, s))


def anchor_alone(z, nu, s):
    return z[0] - nu * s * (z[2] - z[1]), z[1], z[2]


def anchor_frozen(z, nu, s):
    return z[0], z[1] + nu * s * z[0], z[2] - nu * s * z[0]


def norms_kept(z, nu, s):
    return tuple(x / np.linalg.norm(x) * np.linalg.norm(old) for x, old in zip(together(z, nu, s), z))


def sigmoid(t):
    return np.exp(-np.logaddexp(0, -t))


def cost(t):
    return np.logaddexp(0, t)


def plain_cost(t):
    with np.errstate(over="ignore"):
        return np.log(1 + np.exp(t))


@exercise.formula
def triplet_descent(
    z1,
    z2,
    z3,
    step,
    n_steps,
    *,
    facing=1,
    weight=sigmoid,
    move=together,
    sign=1,
    extra=0,
    first=0,
    loss=cost,
    slow=1,
    noted=lambda losses: losses,
    pulling=lambda t, before: t,
):
    z, losses, felt = (np.asarray(z1), np.asarray(z2), np.asarray(z3)), [], None
    for _ in range(n_steps + 1 + extra):
        t = facing * z[0] @ (z[2] - z[1])
        losses.append(loss(t))
        felt = pulling(t, felt)
        z = move(z, sign * step / slow, weight(felt))
    return noted(np.array(losses[first + extra :] if first or extra else losses))


exercise.slip("the pull of the start", pulling=lambda t, before: t if before is None else before).says(
    "The pull s is computed once, at the start.",
    "Your first step is right. Has the triplet after it still the same t?",
    "t changes with every step, and s = sigma(t) with it.",
    "Compute s inside the loop.",
)
exercise.slip("z1 moves first", move=one_after_the_other).says(
    "The new z1 may be used at once for z2 and z3.",
    "Your first two losses may be right, and the others are not. With which z1 do you move z2 and z3?",
    "One step of gradient descent takes one gradient, at the old point.",
    "Compute all three loss vectors, then move: z1, z2, z3 = ..., ..., ... in one line.",
)
exercise.slip("the complement of the sigmoid", weight=lambda t: sigmoid(-t)).says(
    "A triplet that is right already pulls hardest.",
    "What is your pull at t = -50, where the loss is 0?",
    "The weight is the derivative of ln(1 + e^t), sigma(t): near 1 where the negative wins.",
    "sigma(t), not sigma(-t).",
)
exercise.slip("z1 moves last", move=anchor_last).says(
    "The new z2 and z3 may be used at once for z1.",
    "Your first two losses may be right, and the others are not. With which u do you move z1?",
    "One step of gradient descent takes one gradient, at the old point.",
    "Compute all three loss vectors, then move: z1, z2, z3 = ..., ..., ... in one line.",
)
exercise.slip("the slope of the sigmoid", weight=lambda t: sigmoid(t) * sigmoid(-t)).says(
    "The pull is s (1 - s).",
    "What is the derivative of ln(1 + e^t)?",
    "s (1 - s) is its *second* derivative.",
    "Multiply the step by s = sigma(t) alone.",
)
exercise.slip("z2 - z3", facing=-1, sign=-1).says(
    "The logit is z1.(z2 - z3).",
    "Is your first loss small where the negative wins?",
    "The loss must grow with z1.z3 and fall with z1.z2.",
    "t = z1 @ (z3 - z2).",
)
exercise.slip("each along itself", move=each_along_itself).says(
    "z2 moves along z2, and z3 along z3.",
    "What is the derivative of z1.z3 by z3?",
    "An inner product, differentiated by one factor, leaves the other: z1.",
    "z2 + step * s * z1 and z3 - step * s * z1.",
)
exercise.slip("outputs of norm 1", move=on_the_sphere).says(
    "After each step the outputs are put back on the unit sphere.",
    "What tends to 0 if norms are bounded? Proposition 8.6 says: not the loss.",
    "The outputs are free vectors; nothing scales them.",
    "Leave out the normalisation.",
)
exercise.slip("logits", loss=lambda t: t).says(
    "The logits are asked.",
    "Can your entries be negative?",
    "The loss is ln(1 + e^t).",
    "np.logaddexp(0, t).",
)
exercise.slip("u moves half as far", move=half_steps).says(
    "Only one of z2 and z3 moves, or each of them by half a step.",
    "What is the derivative of t by z3, with z2 held fixed? And by z2?",
    "They are z1 and -z1, whole: u = z3 - z2 changes by twice as much as z2 or z3.",
    "z2 + step * s * z1 and z3 - step * s * z1.",
)
exercise.slip("z1 is frozen", move=anchor_frozen).says(
    "The anchor stays where it is.",
    "Does the loss change when z1 moves?",
    "All three outputs are free: z1 moves by -step * s * u.",
    "Move z1 as well, with the old z2 and z3.",
)
exercise.slip("only z1 moves", move=anchor_alone).says(
    "Only the anchor moves.",
    "Does the loss change when z2 or z3 moves?",
    "All three outputs are free: z2 moves by + step * s * z1, z3 by - step * s * z1.",
    "Move z2 and z3 as well, with the old z1.",
)
exercise.slip("without the end", noted=lambda losses: losses[:-1]).says(
    "n_steps steps have n_steps losses.",
    "What do you return for n_steps = 0?",
    "There is a loss before the first step and one after the last: n_steps + 1.",
    "Record once more after the last step.",
)
exercise.slip("sqrt 2 forgotten", slow=math.sqrt(2)).says(
    "A step multiplies q by 1 + nu s, and r by 1 - nu s.",
    "By which factor is your step too small?",
    "u - sqrt(2) z1 becomes u - 2 nu s z1 - sqrt(2) (z1 - nu s u) = (1 + sqrt(2) nu s) (u - sqrt(2) z1).",
    "1 + sqrt(2) nu s and 1 - sqrt(2) nu s.",
)
exercise.slip("the best so far", noted=lambda losses: np.minimum.accumulate(losses)).says(
    "A loss never rises.",
    "With which steps did the lecture prove that?",
    "With a step above sqrt(2) it can rise: return what it is.",
    "Return the losses themselves.",
)
exercise.slip("uphill", sign=-1).says(
    "One moves along the gradient.",
    "Do your losses fall?",
    "The gradient points uphill; descent subtracts it.",
    "z - step * gradient.",
)
exercise.slip("norms are kept", move=norms_kept).says(
    "Outputs keep their norms.",
    "What tends to 0 if norms are bounded? Proposition 8.6 says: not the loss.",
    "The outputs are free vectors; nothing scales them back.",
    "Leave out the normalisation.",
)
exercise.slip("one step too many", extra=1).says(
    "The first loss is the one after the first step.",
    "What do you return for n_steps = 0?",
    "The loss before the first step is entry 0.",
    "Record, then move; n_steps + 1 entries, the last one not followed by a step.",
)
exercise.slip("without the start", first=1).says(
    "There is one loss per step.",
    "What do you return for n_steps = 0?",
    "The loss before the first step is entry 0: n_steps + 1 entries.",
    "Record before the first step as well.",
)
exercise.slip("the probability as the loss", loss=sigmoid).says(
    "The loss is sigma(t).",
    "What is your first entry where t = 0? It should be ln 2.",
    "sigma is the derivative of the loss ln(1 + e^t).",
    "np.logaddexp(0, t).",
)
exercise.slip("every triplet pulls alike", weight=lambda t: 1.0).says(
    "Each step moves the outputs by the step times the derivative of t.",
    "Do you still move when the loss is nearly 0?",
    "The chain rule has the outer derivative sigma(t).",
    "Multiply the step by sigma(t).",
)
exercise.slip("a mean over three outputs", slow=3).says(
    "The step is shared by the three outputs.",
    "Your first loss is right, and the rest falls too slowly: by which factor is your step too small?",
    "The gradient is that of the loss of the triplet; nothing is averaged.",
    "Do not divide by 3.",
)
exercise.slip("the exponential overflows", loss=plain_cost).says(
    "An exponential of t may be computed as it is written, whatever t is.",
    "What is np.exp(20000.0)?",
    "The loss at t = 20000 is 20000, and s is 1; e^t is infinite, and infinity / infinity is no number.",
    "np.logaddexp(0, t), and np.exp(-np.logaddexp(0, -t)) for s.",
)

exercise.style("sigmoid by tanh", weight=lambda t: (1 + np.tanh(t / 2)) / 2)


@exercise.accepted("two numbers carry the run: |q| and |r|")
def triplet_descent(z1, z2, z3, step, n_steps):
    root = math.sqrt(2)
    q, r = z3 - z2 - root * z1, z3 - z2 + root * z1
    q, r, losses = float(q @ q), float(r @ r), []
    for _ in range(n_steps + 1):
        t = (r - q) / (4 * root)
        losses.append(float(np.logaddexp(0, t)))
        y = root * step * float(np.exp(-np.logaddexp(0, -t)))
        q, r = q * (1 + y) ** 2, r * (1 - y) ** 2
    return losses


@exercise.accepted("torch and autograd")
def triplet_descent(z1, z2, z3, step, n_steps):
    z, losses = torch.from_numpy(np.stack([z1, z2, z3])).requires_grad_(), []
    for _ in range(n_steps + 1):
        loss = torch.nn.functional.softplus(z[0] @ (z[2] - z[1]))
        losses.append(loss.item())
        (slope,) = torch.autograd.grad(loss, z)
        z = (z - step * slope).detach().requires_grad_()
    return torch.tensor(losses, dtype=torch.float64)
