"""expansion: what its check looks at. Parts of unequal mass, labels of any value, one part, a part per node."""

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "expansion",
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


@exercise.cases
def cases(rng):
    for n, names in ((4, [0, 1]), (6, [0, 1, 2]), (8, [0, 1, 2])):
        parts = random_parts(rng, n, names)
        yield Case(f"S = {n}, {len(names)} parts", (graphs.random_joint_symmetric(rng, n), parts))
    yield Case("large loops", (graphs.random_joint_symmetric(rng, 5, psd=True), random_parts(rng, 5, [0, 1])))
    yield Case("labels -3, 7, 40", (graphs.random_joint_symmetric(rng, 6), random_parts(rng, 6, [40, -3, 7])))
    yield Case("every node is a part", (graphs.random_joint_symmetric(rng, 4), rng.permutation(4)))
    yield Case("one part", (graphs.random_joint_symmetric(rng, 4), np.full(4, 2)))
    yield Case("two groups, unequal masses", graphs.blocks(rng, (2, 5), 0.1))
    joint = graphs.random_joint_symmetric(rng, 4)
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, np.arange(len(bad)) % 2)
    yield bad_input("too few labels", joint, np.array([0, 1, 0]))
    yield bad_input("too many labels", joint, np.array([0, 1, 0, 1, 1]))


@exercise.property("it lies in [0, 1], and renaming the parts does not change it")
def renaming(f, rng):
    joint, parts = graphs.random_joint_symmetric(rng, 7), random_parts(rng, 7, [0, 1, 2])
    value = f(joint, parts)
    if not -1e-9 <= value <= 1 + 1e-9:
        return "it lies outside [0, 1], but it is a probability"
    if abs(f(joint, np.array([11, -5, 2])[parts]) - value) > 1e-9:
        return "renaming the parts 0, 1, 2 to 11, -5, 2 changed it"


def quotients(joint, parts):
    """(cuts, masses, sizes) of the parts of a valid call; ValueError otherwise."""
    validate.joint_law(joint, symmetric=True)
    parts = np.asarray(parts)
    if parts.shape != (len(joint),):
        raise ValueError(f"parts must have length {len(joint)}, got {parts.shape}")
    masks = [parts == label for label in np.unique(parts)]
    cuts = np.array([joint[m][:, ~m].sum() for m in masks])
    return cuts, np.array([joint[m].sum() for m in masks]), np.array([m.sum() for m in masks])


@exercise.wrong(
    "smallest instead of largest",
    belief="The expansion of a partition is that of its best part.",
    hints=(
        "Is there a part that one leaves more easily than your number says?",
        "A partition is as good as its worst part: take the maximum.",
        "max over the parts.",
    ),
    uses=(quotients,),
)
def expansion(joint, parts):
    cuts, masses, _ = quotients(joint, parts)
    return (cuts / masses).min()


@exercise.wrong(
    "mean over the parts",
    belief="The expansion of a partition is the average over its parts.",
    hints=("Average or maximum?", "The theory needs the largest quotient."),
    uses=(quotients,),
)
def expansion(joint, parts):
    cuts, masses, _ = quotients(joint, parts)
    return (cuts / masses).mean()


@exercise.wrong(
    "sum over the parts",
    belief="The expansions of the parts add up.",
    hints=("Your value may exceed 1, but it is a probability.", "Take the largest quotient, not their sum."),
    uses=(quotients,),
)
def expansion(joint, parts):
    cuts, masses, _ = quotients(joint, parts)
    return (cuts / masses).sum()


@exercise.wrong(
    "divided by the number of nodes",
    belief="The size of a part is the number of its nodes.",
    hints=(
        "If every node has mass 1/S your value is too small by the factor S. What is p(A)?",
        "p(A) is the sum of the masses of its nodes.",
        "joint.sum(axis=1)[parts == label].sum().",
    ),
    uses=(quotients,),
)
def expansion(joint, parts):
    cuts, _, sizes = quotients(joint, parts)
    return (cuts / sizes).max()


@exercise.wrong(
    "divided by the share of nodes",
    belief="Every node has mass 1/S.",
    hints=(
        "Right on regular graphs. Are the masses equal here?",
        "p(A) sums the row sums of the joint over the nodes of A.",
        "joint.sum(axis=1)[parts == label].sum().",
    ),
    uses=(quotients,),
)
def expansion(joint, parts):
    cuts, _, sizes = quotients(joint, parts)
    return (cuts / (sizes / len(joint))).max()


@exercise.wrong(
    "cut not divided",
    belief="The expansion is the largest cut.",
    hints=("What is divided by what?", "Divide the cut of each part by the mass of the part, then take the maximum."),
    uses=(quotients,),
)
def expansion(joint, parts):
    return quotients(joint, parts)[0].max()


@exercise.wrong(
    "labels 0, ..., number of parts - 1",
    belief="The parts are called 0, 1, 2, ...",
    hints=(
        "Try labels -3, 7, 40.",
        "range(number of parts) does not meet these labels, so that parts are missed.",
        "Loop over np.unique(parts).",
    ),
)
def expansion(joint, parts):
    validate.joint_law(joint, symmetric=True)
    parts = np.asarray(parts)
    if parts.shape != (len(joint),):
        raise ValueError(f"got {parts.shape}")
    found = [0.0]
    for label in range(len(np.unique(parts))):
        m = parts == label
        if m.any():
            found.append(joint[m][:, ~m].sum() / joint[m].sum())
    return max(found)


@exercise.accepted("loops over pairs of nodes")
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
    validate.joint_law(joint, symmetric=True)
    parts = np.asarray(parts)
    if parts.shape != joint.shape[:1]:
        raise ValueError(f"parts has shape {parts.shape}")
    member = (parts[:, None] == np.unique(parts)[None, :]).astype(float)
    between = member.T @ joint @ member  # mass between parts
    return 1 - (np.diag(between) / between.sum(axis=1)).min()


@exercise.accepted("torch")
def expansion(joint, parts):
    validate.joint_law(joint, symmetric=True)
    p, labels = torch.from_numpy(joint), torch.as_tensor(parts)
    if labels.shape != (len(p),):
        raise ValueError(f"parts has shape {tuple(labels.shape)}")
    values = [p[labels == c][:, labels != c].sum() / p[labels == c].sum() for c in labels.unique()]
    return torch.stack(values).max()


@exercise.accepted("divided by the smaller side: the same, since the other parts leave no more easily on average")
def expansion(joint, parts):
    validate.joint_law(joint, symmetric=True)
    parts = np.asarray(parts)
    if parts.shape != (len(joint),):
        raise ValueError(f"parts has shape {parts.shape}")
    values = []
    for label in set(parts.tolist()):
        m = parts == label
        smaller = min(joint[m].sum(), joint[~m].sum())
        values.append(joint[m][:, ~m].sum() / smaller if smaller > 0 else 0.0)
    return float(max(values))
