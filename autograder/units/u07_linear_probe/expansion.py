"""expansion: what its check looks at. Parts of unequal mass, labels of any value, one part, a part per node."""

import numpy as np
import torch

from autograder.author import Case, Exercise, joint_law, per_node
from autograder.author.draw import odd_sizes
from autograder.units.u07_linear_probe.theorems import cut, mass, quotients
from course import graphs, validate

exercise = Exercise(
    "expansion",
    refuses=(joint_law("joint", symmetric=True), per_node("joint", parts="the parts")),
    hints={
        "values": (
            "One quotient per part: cut_mass(joint, parts == label) / (mass of the part).",
            "The mass of a part is the sum of p(x) over its nodes, not the number of its nodes.",
            "np.unique(parts) lists the labels that occur; return the largest quotient.",
        ),
        "bad input": ("per_node(joint, parts=parts) raises for all of it.",),
    },
)


def random_parts(rng, n, names):
    """Labels (n,) from `names`, each of which occurs."""
    return rng.permutation(np.concatenate([names, rng.choice(names, size=n - len(names))]))


def named_parts(rng, n, worst, others):
    """(joint, parts): the part with the largest quotient is named `worst`, clearly larger than all others."""
    names = np.array([worst, *others])
    while True:
        joint, parts = graphs.random_joint_symmetric(rng, n), random_parts(rng, n, range(len(names)))
        found = np.array(quotients(joint, parts))
        if np.diff(np.sort(found))[-1] > 0.01:
            return joint, names[np.argsort(np.argsort(-found))[parts]]


@exercise.cases
def cases(rng):
    for n, names in ((4, [0, 1]), (6, [0, 1, 2]), (8, [0, 1, 2])):
        parts = random_parts(rng, n, names)
        yield Case(f"S = {n}, {len(names)} parts", (graphs.random_joint_symmetric(rng, n), parts))
    yield Case("large loops", (graphs.random_joint_symmetric(rng, 5, psd=True), random_parts(rng, 5, [0, 1])))
    for worst, others in ((-3, (40, 7)), (40, (7, -3)), (7, (-3, 40))):
        label = f"labels -3, 7, 40, the answer is that of part {worst}"
        yield Case(label, named_parts(rng, 6, worst, others))
    yield Case("neighbouring labels -1, 0, 1", named_parts(rng, 7, -1, (0, 1)))
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}, four parts", named_parts(rng, n, -5, (12, 0, 3)), public=False)
    yield Case("every node is a part", (graphs.random_joint_symmetric(rng, 4), rng.permutation(4)))
    yield Case("one part", (graphs.random_joint_symmetric(rng, 4), np.full(4, 2)))
    yield Case("two groups, unequal masses", graphs.blocks(rng, (2, 5), 0.1))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), np.array([0, 1, 0, 1]))


@exercise.property("it lies in [0, 1], and renaming the parts does not change it")
def renaming(f, rng):
    joint, parts = graphs.random_joint_symmetric(rng, 7), random_parts(rng, 7, [0, 1, 2])
    value = f(joint, parts)
    if not -1e-9 <= value <= 1 + 1e-9:
        return "it lies outside [0, 1], but it is a probability"
    for names in ([11, -5, 2], [2, 11, -5], [-5, 2, 11], [-1, 0, -2]):
        if abs(f(joint, np.array(names)[parts]) - value) > 1e-9:
            return f"renaming the parts 0, 1, 2 to {names} changed it"


def not_empty(parts, names):
    return [parts == name for name in names if name in parts]


def leaving(joint, inside):
    """For each node of a part the probability that its partner is outside."""
    return joint[inside][:, ~inside].sum(axis=1) / joint[inside].sum(axis=1)


@exercise.formula
def expansion(joint, parts, *, labels=np.unique, masks=not_empty, cut=cut, size=mass, worst=max):
    return worst([cut(joint, inside) / size(joint, inside) for inside in masks(parts, labels(parts))] or [0.0])


exercise.slip("smallest instead of largest", worst=min).says(
    "The expansion of a partition is that of its best part.",
    "Is there a part that one leaves more easily than your number says?",
    "A partition is as good as its worst part: take the maximum.",
    "max over the parts.",
)
exercise.slip("mean over the parts", worst=np.mean).says(
    "The expansion of a partition is the average over its parts.",
    "Average or maximum?",
    "The theory needs the largest quotient.",
)
exercise.slip("sum over the parts", worst=sum).says(
    "The expansions of the parts add up.",
    "Your value may exceed 1, but it is a probability.",
    "Take the largest quotient, not their sum.",
)
exercise.slip("divided by the number of nodes", size=lambda joint, inside: inside.sum()).says(
    "The size of a part is the number of its nodes.",
    "If every node has mass 1/S your value is too small by the factor S. What is p(A)?",
    "p(A) is the sum of the masses of its nodes.",
    "joint.sum(axis=1)[parts == label].sum().",
)
exercise.slip("divided by the share of nodes", size=lambda joint, inside: inside.mean()).says(
    "Every node has mass 1/S.",
    "Right on regular graphs. Are the masses equal here?",
    "p(A) sums the row sums of the joint over the nodes of A.",
    "joint.sum(axis=1)[parts == label].sum().",
)
exercise.slip("cut not divided", size=lambda joint, inside: 1.0).says(
    "The expansion is the largest cut.",
    "What is divided by what?",
    "Divide the cut of each part by the mass of the part, then take the maximum.",
)
exercise.slip("both directions", cut=lambda joint, inside: joint[inside[:, None] != inside].sum()).says(
    "A pair leaves the part when just one of its ends is in it.",
    "Your values are exactly twice the right ones.",
    "E(A, not A) has x in A and x' outside; the pairs (outside, inside) are not in the sum.",
    "cut_mass(joint, parts == label), once.",
)
exercise.slip("what stays in the part", cut=lambda joint, inside: joint[inside][:, inside].sum()).says(
    "The quotient is the probability that a positive pair stays in its part.",
    "With a single part you get 1. Can one leave it?",
    "The numerator is the mass on the way out: columns outside the part.",
    "joint[m][:, ~m].sum() for each part m.",
)
exercise.slip("labels 0, ..., number of parts - 1", labels=lambda parts: range(len(set(parts)))).says(
    "The parts are called 0, 1, 2, ...",
    "Try labels -3, 7, 40.",
    "range(number of parts) does not meet these labels, so that parts are missed.",
    "Loop over np.unique(parts).",
)
exercise.slip("labels counted from 0", labels=lambda parts: range(max(parts) + 1)).says(
    "Parts are called 0, 1, ..., so that range(max + 1) lists them.",
    "Which parts do you look at when the labels are -3, 7 and 40?",
    "Labels are names, negative ones too. np.unique(parts) lists them.",
)
exercise.slip(
    "labels counted from 0, those that do not occur too",
    labels=lambda parts: range(max(parts) + 1),
    masks=lambda parts, names: [parts == name for name in names],
).says(
    "Parts are called 0, 1, ..., max, and each of these names occurs.",
    "Which parts do you look at when the labels are -3, 7 and 40?",
    "Part 0 has no node there: you divide 0 by 0, and part -3 is never looked at.",
    "Loop over np.unique(parts).",
)
exercise.slip("all pairs that cross", size=lambda joint, inside: 1.0, worst=sum).says(
    "The expansion is the probability that a positive pair crosses between parts, wherever it begins.",
    "A tiny part that everybody leaves at once: does your number see it?",
    "For each part, given that the pair begins there; then the largest.",
    "max over the parts of cut_mass(joint, parts == label) / (mass of the part).",
)
exercise.slip("divided by the mass outside", size=lambda joint, inside: mass(joint, ~inside) or 1.0).says(
    "The cut of a part is divided by the mass of the rest.",
    "The pair begins in the part. What is the probability of that?",
    "The mass of the part itself: the sum of p(x) over its nodes.",
    "joint[parts == label].sum().",
)
exercise.slip(
    "nodes of a part alike", cut=lambda joint, inside: leaving(joint, inside).mean(), size=lambda *_: 1.0
).says(
    "Within a part every node is equally likely: the mean of its nodes' probabilities to leave.",
    "By which law is the node drawn from its part?",
    "By mass. So heavier nodes count more.",
    "Cut of the part, divided by the mass of the part.",
)
exercise.slip("the worst node", cut=lambda joint, inside: leaving(joint, inside).max(), size=lambda *_: 1.0).says(
    "The largest is taken over the nodes: the one from which its part is left most easily.",
    "Where is the node drawn from, and what is the maximum taken over?",
    "A node is drawn from part A by mass: one number for each part. The maximum is over parts.",
    "max over the parts of cut_mass(joint, parts == label) / (mass of the part).",
)
exercise.slip(
    "loops are no pairs", size=lambda joint, inside: mass(joint - np.diag(np.diag(joint)), inside) or 1.0
).says(
    "A pair (x, x) does not count: the mass of a part has no loops.",
    "May both halves of a positive pair be one node?",
    "Yes, and such a pair stays in the part: p(x) includes p(x, x).",
    "Divide by joint[parts == label].sum().",
)

# the other parts leave no more easily on average, so the largest quotient is the same
exercise.style(
    "divided by the smaller side", size=lambda joint, inside: min(mass(joint, inside), mass(joint, ~inside)) or 1.0
)


@exercise.accepted("loops over pairs of nodes, validated by hand", guarded=False)
def expansion(joint, parts):
    validate.joint_law(joint, symmetric=True)
    if np.shape(parts) != (len(joint),):
        raise ValueError(f"parts has shape {np.shape(parts)}")
    out, mass = {}, {}
    for i, a in enumerate(parts):
        for j, b in enumerate(parts):
            mass[int(a)] = mass.get(int(a), 0.0) + joint[i, j]
            out[int(a)] = out.get(int(a), 0.0) + (joint[i, j] if a != b else 0.0)
    return float(max(out[a] / mass[a] for a in mass))


@exercise.accepted("one-hot matrix")
def expansion(joint, parts):
    member = (parts[:, None] == np.unique(parts)[None, :]).astype(float)
    between = member.T @ joint @ member  # mass between parts
    return 1 - (np.diag(between) / between.sum(axis=1)).min()


@exercise.accepted("torch")
def expansion(joint, parts):
    p, labels = torch.from_numpy(joint), torch.as_tensor(parts)
    values = [p[labels == c][:, labels != c].sum() / p[labels == c].sum() for c in labels.unique()]
    return torch.stack(values).max()
