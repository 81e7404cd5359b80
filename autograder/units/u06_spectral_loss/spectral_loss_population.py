"""spectral_loss_population: what its check looks at. Masses that are not uniform, loops, k below and above S, rows that
are not centred: on centred or orthogonal rows several wrong losses agree with the right one. z = 0 is left to a property:
cosines have no value there, or the value 0, and either way they should be named."""

import numpy as np
import torch

from autograder.author import Case, Exercise
from autograder.author.draw import odd_sizes
from autograder.units.u06_spectral_loss.arguments import GRAPH, rows
from autograder.units.u06_spectral_loss.theorems import adjacency, off_diagonal, per_mass
from course import graphs, validate

exercise = Exercise(
    "spectral_loss_population",
    refuses=(GRAPH, rows("z")),
    hints={
        "values": (
            "One node, z = (t): the loss is -2 t^2 + t^4. Does yours give that?",
            "Write the matrix of all inner products, z @ z.T, then one weight matrix for each of the two expectations.",
            "The positive weights are joint, the negative weights np.outer(p, p); both sums run over all S^2 pairs.",
        ),
        "bad input": ("`validate.joint_law(joint, symmetric=True)` and `require_rows(joint, z=z)`.",),
        "properties": ("With F = sqrt(p) z it is ||Abar - F F^T||^2 minus the sum of p(x,x')^2 / (p(x) p(x')).",),
    },
)


def embedding(rng, n, k, scale=1.0):
    """Random rows (n, k) with a common shift, so that their mean is not 0."""
    return scale * (rng.normal(size=(n, k)) + rng.normal(size=k))


@exercise.cases
def cases(rng):
    for n, k in ((5, 2), (4, 6), (6, 1)):
        yield Case(f"S = {n}, k = {k}", (graphs.random_joint_symmetric(rng, n), embedding(rng, n, k)))
    n, k = odd_sizes(rng, 2)
    yield Case(f"S = {n}, k = {k}", (graphs.random_joint_symmetric(rng, n), embedding(rng, n, k, 0.4)), public=False)
    joint = graphs.random_joint_symmetric(rng, 7, psd=True)
    yield Case("from augmentations, S = 7, k = 3", (joint, embedding(rng, 7, 3, 0.5)))
    yield Case("complete graph without loops", (graphs.complete_graph(4), embedding(rng, 4, 2)))
    yield Case("two parts of unequal mass", (graphs.blocks(rng, [2, 4], leak=0.1)[0], embedding(rng, 6, 2)))
    yield Case("one node", (np.ones((1, 1)), embedding(rng, 1, 2)))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), embedding(rng, 4, 2))


@exercise.property("F = sqrt(p) z turns it into the factorisation error, up to one constant of the graph")
def identity(f, rng):
    joint = graphs.random_joint_symmetric(rng, 5)
    for scale in (0.0, 0.3, 1.0, 2.0):
        z = embedding(rng, 5, 2, scale)
        F = np.sqrt(joint.sum(axis=1))[:, None] * z
        error = ((adjacency(joint) - F @ F.T) ** 2).sum()
        if abs(error - float(f(joint, z)) - (adjacency(joint) ** 2).sum()) > 1e-8 * max(1.0, error):
            return f"at scale {scale} the difference to the factorisation error is another constant"


@exercise.property("a rotation of the embedding does not change it")
def rotation(f, rng):
    joint, z = graphs.random_joint_symmetric(rng, 5), embedding(rng, 5, 3)
    q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    if abs(float(f(joint, z)) - float(f(joint, z @ q))) > 1e-8 * max(1.0, abs(float(f(joint, z)))):
        return "rotating z changed the loss"


def independent(joint):
    return np.outer(joint.sum(axis=1), joint.sum(axis=1))


def distinct(joint):
    """Weights of two independent nodes that differ."""
    return off_diagonal(independent(joint))


def with_itself(inner):
    """f(x).f(x) in place of f(x).f(x')."""
    return np.diag(inner)[:, None]


def with_lengths(inner):
    """Minus the squared distances of all pairs."""
    return 2 * inner - np.diag(inner) - np.diag(inner)[:, None]


@exercise.formula
def spectral_loss_population(
    joint,
    z,
    *,
    scaled=lambda z, joint: z,
    alike=lambda inner: inner,
    apart=lambda inner: inner,
    negatives=independent,
    push=lambda weights, inner, f: (weights * inner**2).sum(),
    pull=2,
    sign=1,
    positives=lambda joint: joint,
    total=lambda expectation: expectation,
    plus=lambda joint: 0,
):
    f = scaled(z, joint)
    inner = f @ f.T
    return sign * (
        push(negatives(joint), apart(inner), f) - pull * total((positives(joint) * alike(inner)).sum())
    ) + plus(joint)


exercise.slip("negatives are two different nodes", negatives=distinct).says(
    "A negative pair has two different pictures, so x' = x is left out.",
    "May two independent draws from p coincide?",
    "You left out the diagonal of the second sum. Without it the loss is not bounded below.",
    "Sum p(x) p(x') (f(x).f(x'))^2 over all ordered pairs, x' = x included.",
)
exercise.slip(
    "negatives are two different nodes, renormalised",
    negatives=lambda joint: distinct(joint) / distinct(joint).sum(),  # for one node 0 / 0, as a learner has it
).says(
    "A negative pair is two independent draws, repeated until they differ.",
    "May two independent draws from p coincide?",
    "Conditioning on x' different from x makes the draws dependent, and the factorisation is lost.",
    "Use the weights p(x) p(x') for all S^2 pairs.",
)
exercise.slip("negatives uniform over the nodes", negatives=lambda joint: np.full(joint.shape, 1 / joint.size)).says(
    "A negative is any node, all equally likely.",
    "Does the second term know the masses p(x)?",
    "A negative is drawn from the law of one augmentation, the row sums of joint.",
    "Weights p(x) p(x'), not 1/S^2.",
)
exercise.slip("square outside the expectation", push=lambda weights, inner, f: (weights * inner).sum() ** 2).says(
    "The second term is the square of the mean similarity of a negative pair.",
    "A mean of squares and a square of a mean: which one does the formula ask for?",
    "Your second term vanishes when the similarities of negatives cancel. It should not.",
    "Square the inner products first, then take the expectation.",
)
exercise.slip("negatives not squared", push=lambda weights, inner, f: (weights * inner).sum()).says(
    "The second term is the mean inner product of a negative pair.",
    "What becomes of your loss when the inner products of negatives go to minus infinity?",
    "The inner product of a negative is squared, so that 0 is best.",
    "Square the inner products, then take the expectation.",
)
exercise.slip("positives squared", alike=np.square).says(
    "Both terms have squared inner products.",
    "One node, z = (t): the loss is -2 t^2 + t^4. Which power of t has your first term?",
    "The first term is the cross term of a square: the inner product itself.",
    "-2 (joint * z z^T).sum().",
)
exercise.slip("factor 2 missing", pull=1).says(
    "The two terms have the same weight.",
    "One node, z = (t): the minimum should be at t = 1, L = -1. Where is yours?",
    "The first term comes from the cross term of a square.",
    "-2 E_pos + E_neg.",
)
exercise.slip("f(x).f(x) in both sums", alike=with_itself, apart=with_itself).says(
    "In the sums stands the inner product of f(x) with itself.",
    "Does your first term look at the second point of the pair at all?",
    "A published derivation prints f(x).f(x) in both sums; it must be f(x).f(x').",
    "Use the off-diagonal entries of z @ z.T too.",
)
exercise.slip("f(x).f(x) in the negatives", apart=with_itself).says(
    "The second term is the mean of (f(x).f(x))^2.",
    "Does your second term look at the second point of the pair at all?",
    "f(x).f(x) is the squared length of one row; a negative pair has two rows, drawn independently.",
    "p @ (z @ z.T) ** 2 @ p: all S^2 pairs, weights p(x) p(x').",
)
exercise.slip("second term over positive pairs", negatives=lambda joint: joint).says(
    "Both expectations run over the same pairs.",
    "Which law does the second expectation use?",
    "On disconnected nodes your second term forgets that they are negatives of each other.",
    "The second expectation is over two independent draws: weights np.outer(p, p).",
)
exercise.slip("cosine similarity", scaled=lambda z, joint: z / np.linalg.norm(z, axis=1, keepdims=True)).says(
    "Similarities are cosines, so rows are normalised first.",
    "Multiply z by 2: your loss does not change. Should it?",
    "The spectral loss has its scale in it: the best row has length sqrt(1/mass of its part), not 1.",
    "Take the inner products as they are.",
)
exercise.slip("rows already scaled by sqrt(p)", scaled=per_mass).says(
    "z holds the rows F_x = sqrt(p(x)) f(x) of the factorisation.",
    "Are the expectations of f, or of sqrt(p) f?",
    "z is the embedding f itself. The factor sqrt(p) appears only when F is formed from it.",
    "Use z @ z.T without any division by p.",
)
exercise.slip("sign flipped", sign=-1).says(
    "The loss is 2 E_pos - E_neg, to be made large.",
    "Is your loss larger or smaller when positives are more similar?",
    "A loss is minimised: -2 E_pos + E_neg.",
)
exercise.slip(
    "positives from the conditional law", positives=lambda joint: joint / joint.sum(axis=1)[:, None] / len(joint)
).says(
    "Of a positive pair the first point is any node, all equally likely, and the second is drawn from p(x'|x).",
    "Which law has the first point of a positive pair?",
    "p(x), so that p(x) p(x'|x) = p(x,x').",
    "The weights of the first term are joint.",
)
exercise.slip("every edge alike", positives=lambda joint: (joint > 0) / (joint > 0).sum()).says(
    "All pairs with an edge are equally likely positives.",
    "Does your first term know the entries of joint?",
    "A pair is drawn with the probability p(x,x').",
    "The weights of the first term are joint.",
)
exercise.slip("first expectation squared", total=np.square).says(
    "The first expectation is squared, too.",
    "One node, z = (t): the loss is -2 t^2 + t^4. Which power of t has your first term?",
    "Only the inner products of negatives are squared.",
    "-2 (joint * z z^T).sum().",
)
exercise.slip("rows centred", scaled=lambda z, joint: z - joint.sum(axis=1) @ z).says(
    "The mean E_p f is taken off z first.",
    "Add one vector to all rows of z: your loss does not change. Should it?",
    "The inner products are taken as they are; the constant column is part of the minimiser.",
    "Use z @ z.T as it is.",
)
exercise.slip("the constant added", plus=lambda joint: (adjacency(joint) ** 2).sum()).says(
    "The loss is the factorisation error itself.",
    "What is your loss at z = 0?",
    "The two differ by a constant of the graph; at z = 0 this loss is 0.",
    "-2 E_pos + E_neg.",
)
exercise.slip("positives by their distance", pull=1, alike=with_lengths).says(
    "The first term is the mean squared distance of a positive pair.",
    "Multiply out |f(x) - f(x')|^2: which terms has it beside -2 f(x).f(x')?",
    "The loss has -2 f(x).f(x') alone, without the squared lengths.",
    "-2 (joint * z z^T).sum().",
)
exercise.slip("weights sqrt(p p')", negatives=lambda joint: np.sqrt(independent(joint))).says(
    "A negative pair has the weight sqrt(p(x) p(x')).",
    "What do your weights of the second term sum to?",
    "The root belongs to the rows of F and to the adjacency, not to an expectation.",
    "The weights are np.outer(p, p).",
)
exercise.slip("positives are a cost", pull=-2).says(
    "Both terms of the loss have a plus sign.",
    "One node, z = (t): the loss is -2 t^2 + t^4. Which sign has your first term?",
    "Positives are to be similar, so a large inner product of theirs must make the loss small.",
    "-2 E_pos + E_neg.",
)
exercise.slip("factor 2 at the negatives", pull=1, push=lambda weights, inner, f: 2 * (weights * inner**2).sum()).says(
    "The factor 2 belongs to the negatives.",
    "One node, z = (t): the loss is -2 t^2 + t^4. Is yours?",
    "The factor 2 comes from the cross term of a square.",
    "-2 E_pos + E_neg.",
)
exercise.slip("loops are no positive pairs", alike=off_diagonal).says(
    "A positive pair has two different pictures, so p(x, x) does not count.",
    "Sum the weights of your first term. Is it 1?",
    "Two augmentations of one image may be the same picture, with probability p(x, x).",
    "Sum joint * (z @ z.T) over all S^2 ordered pairs.",
)
exercise.slip("f(x).f(x) in the positives", alike=with_itself).says(
    "The first term is the mean squared length of a row.",
    "Does your first term look at the second point of the pair at all?",
    "A positive pair has two rows, f(x) and f(x'), with the weight p(x, x').",
    "(joint * (z @ z.T)).sum().",
)
exercise.slip("products of each column squared", push=lambda weights, inner, f: (weights * (f**2 @ f.T**2)).sum()).says(
    "The square of an inner product is the sum of the squared products of the columns.",
    "With k = 1 your values are right. What changes later?",
    "(a + b)^2 is not a^2 + b^2: first the sum over the columns, then the square.",
    "Square the entries of z @ z.T.",
)
exercise.slip("positives taken off the negatives", negatives=lambda joint: independent(joint) - joint).says(
    "The law of a negative pair is p(x) p(x') minus p(x, x').",
    "What do your weights of the second term sum to? May a probability be negative?",
    "A negative pair may well be a pair that positives have too: it is two independent draws, no more.",
    "The weights are np.outer(p, p).",
)
exercise.slip("only pairs without an edge", negatives=lambda joint: independent(joint) * (joint == 0)).says(
    "A negative pair is one that cannot be positive, p(x, x') = 0.",
    "What do your weights of the second term sum to?",
    "A negative pair is two independent draws; it may have an edge, and may be one node twice.",
    "Use the weights p(x) p(x') for all S^2 pairs.",
)
exercise.slip(
    "the second point of a negative is uniform",
    negatives=lambda joint: independent(joint).sum(axis=1)[:, None] / len(joint),
).says(
    "A negative pair is a node drawn from p and another one, all equally likely.",
    "Which law has the second point of your negative pair?",
    "Both are drawn from p.",
    "The weights are p(x) p(x'), both masses.",
)
exercise.slip("negatives summed without weights", negatives=np.ones_like).says(
    "The second term is the sum over all pairs.",
    "What do your weights of the second term sum to?",
    "An expectation weighs each pair by its probability.",
    "The weights are np.outer(p, p).",
)
exercise.slip("rows multiplied by sqrt(p)", scaled=lambda z, joint: z * np.sqrt(joint.sum(axis=1))[:, None]).says(
    "The inner products are those of the rows sqrt(p(x)) f(x).",
    "Are the expectations of f, or of sqrt(p) f?",
    "The masses are the weights of the expectations already; sqrt(p) appears only when F is formed.",
    "Use z @ z.T as it is.",
)


@exercise.wrong(
    "z not checked",
    belief="Whatever numbers stand in z, an answer may come back.",
    hints=("What does NaN in z give?", "The question wants ValueError.", "`require_rows(joint, z=z)`."),
    guarded=False,
)
def spectral_loss_population(joint, z):
    validate.joint_law(joint, symmetric=True)
    return (independent(joint) * (z @ z.T) ** 2).sum() - 2 * (joint * (z @ z.T)).sum()


@exercise.wrong(
    "NaN in z accepted",
    belief="NaN among the entries of z needs no test of its own.",
    hints=("What does NaN in z give?", "The question wants ValueError.", "`require_rows(joint, z=z)`."),
    guarded=False,
)
def spectral_loss_population(joint, z):
    validate.joint_law(joint, symmetric=True)
    if z.ndim != 2 or len(z) != len(joint):
        raise ValueError(f"z {z.shape}")
    return (independent(joint) * (z @ z.T) ** 2).sum() - 2 * (joint * (z @ z.T)).sum()


@exercise.accepted("double loop, Python float, z validated by hand", guarded=False)
def spectral_loss_population(joint, z):
    validate.joint_law(joint, symmetric=True)
    if np.ndim(z) != 2 or z.shape[0] != joint.shape[0] or z.shape[1] < 1 or not np.isfinite(z).all():
        raise ValueError(f"z {np.shape(z)}")
    p, total = joint.sum(axis=1), 0.0
    for x in range(len(p)):
        for y in range(len(p)):
            inner = float(np.dot(z[x], z[y]))
            total += -2 * joint[x, y] * inner + p[x] * p[y] * inner**2
    return float(total)


@exercise.accepted("traces of k x k matrices, torch")
def spectral_loss_population(joint, z):
    pairs, f = torch.tensor(joint), torch.tensor(z)
    second_moment = f.T @ (pairs.sum(dim=0)[:, None] * f)  # E_neg of the square is its squared Frobenius norm
    return second_moment.square().sum() - 2 * torch.trace(f.T @ pairs @ f)


@exercise.accepted("factorisation error minus its constant")
def spectral_loss_population(joint, z):
    p = joint.sum(axis=1)
    F = np.sqrt(p)[:, None] * z
    return ((adjacency(joint) - F @ F.T) ** 2).sum() - (joint**2 / np.outer(p, p)).sum()
