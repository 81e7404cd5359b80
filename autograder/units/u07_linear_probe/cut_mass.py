"""cut_mass: what its check looks at. Sets of every size, the two trivial ones, loops, and masks of the wrong kind."""

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints, signs
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "cut_mass",
    hints={
        "values": (
            "Rows in the set, columns outside the set.",
            "joint[members][:, ~members] is that block.",
            "A list of booleans is no mask for numpy's ~: np.asarray(members) first.",
        ),
        "bad input": (
            "per_node(joint, members=members), then look at the dtype of np.asarray(members).",
            "With integers numpy would take rows number 0 and 1, and ~ would give negative numbers: raise ValueError.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for n in (3, 5, 8):
        yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n), signs(rng, n) > 0))
    yield Case("S = 6, large loops", (graphs.random_joint_symmetric(rng, 6, psd=True), np.arange(6) < 4))
    yield Case("one node", (graphs.random_joint_symmetric(rng, 5), np.arange(5) == 2))
    yield Case("all nodes", (graphs.random_joint_symmetric(rng, 4), np.ones(4, dtype=bool)))
    yield Case("no node", (graphs.random_joint_symmetric(rng, 4), np.zeros(4, dtype=bool)))
    joint, parts = graphs.blocks(rng, (2, 4), 0.0)
    yield Case("a part without edges to the other", (joint, parts == 0))
    joint = graphs.random_joint_symmetric(rng, 4)
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, np.arange(len(bad)) < 2)
    yield bad_input("a mask that is too short", joint, np.array([True, False, True]))
    yield bad_input("a mask that is too long", joint, np.array([True, False, True, True, False]))
    yield bad_input("a list of nodes instead of a mask", joint, np.array([0, 1, 1, 0]))


@exercise.property("a set and its complement have the same cut; splitting a set adds twice the mass between the halves")
def identities(f, rng):
    joint = graphs.random_joint_symmetric(rng, 7)
    colour = rng.permutation([0, 0, 1, 1, 2, 2, 2])
    one, two = colour == 0, colour == 1
    if abs(f(joint, one) - f(joint, ~one)) > 1e-9:
        return "the set and its complement have different cuts"
    if abs(f(joint, one) + f(joint, two) - f(joint, one | two) - 2 * joint[one][:, two].sum()) > 1e-9:
        return "E(A) + E(B) - E(A and B together) is not twice the mass between A and B"


def mask(joint, members):
    """The mask of a valid call; ValueError otherwise."""
    validate.joint_law(joint, symmetric=True)
    inside = np.asarray(members)
    if inside.shape != (len(joint),) or inside.dtype != bool:
        raise ValueError(f"members must be a boolean mask of length {len(joint)}, got {inside}")
    return inside


@exercise.wrong(
    "both directions",
    belief="A pair is cut when one of the two is in A and the other is not.",
    hints=(
        "Your values are exactly twice the right ones.",
        "E(A, not A) has x in A and x' outside; the pairs (outside, inside) are not in the sum.",
        "joint[members][:, ~members].sum(), once.",
    ),
    uses=(mask,),
)
def cut_mass(joint, members):
    inside = mask(joint, members)
    return joint[inside[:, None] != inside[None, :]].sum()


@exercise.wrong(
    "pairs inside the set",
    belief="The sum runs over x and x' in A (as printed in the lecture notes 001).",
    hints=(
        "What should the cut of the set of all nodes be?",
        "0: nothing leads out. Your sum gives 1. The second point must be outside A.",
        "joint[members][:, ~members].sum().",
    ),
    uses=(mask,),
)
def cut_mass(joint, members):
    inside = mask(joint, members)
    return joint[np.ix_(inside, inside)].sum()


@exercise.wrong(
    "divided by the mass of the set",
    belief="The cut is the share of A's mass that leaves A.",
    hints=(
        "A set and its complement have the same cut. Do they in your function?",
        "The quotient cut/mass is the expansion, the next exercise.",
        "Leave out the division.",
    ),
    uses=(mask,),
)
def cut_mass(joint, members):
    inside = mask(joint, members)
    return joint[inside][:, ~inside].sum() / max(joint[inside].sum(), 1e-300)


@exercise.wrong(
    "edges counted",
    belief="The cut counts the edges between the set and the rest.",
    hints=(
        "Edges have weights here.",
        "Sum p(x, x'), not 1, over the pairs across.",
        "joint[members][:, ~members].sum().",
    ),
    uses=(mask,),
)
def cut_mass(joint, members):
    inside = mask(joint, members)
    return np.count_nonzero(joint[inside][:, ~inside])


@exercise.wrong(
    "product of the masses",
    belief="x and x' are independent: the cut is p(A) p(not A).",
    hints=(
        "Two parts without an edge between them: what is the cut?",
        "0. A positive pair is not independent; the joint holds the probability of each pair.",
        "Sum entries of the joint.",
    ),
    uses=(mask,),
)
def cut_mass(joint, members):
    inside = mask(joint, members)
    p = joint.sum(axis=1)
    return p[inside].sum() * p[~inside].sum()


@exercise.wrong(
    "integers taken for a mask",
    belief="0 and 1 are as good as False and True.",
    hints=(
        "What does numpy do with joint[[0, 1, 1, 0]]?",
        "It takes rows number 0, 1, 1, 0. The statement asks for ValueError when members is not boolean.",
        "if np.asarray(members).dtype != bool: raise ValueError(...)",
    ),
)
def cut_mass(joint, members):
    validate.joint_law(joint, symmetric=True)
    inside = np.asarray(members).astype(bool)
    if inside.shape != (len(joint),):
        raise ValueError(f"got {inside.shape}")
    return joint[inside][:, ~inside].sum()


@exercise.accepted("double loop", uses=(mask,))
def cut_mass(joint, members):
    inside = mask(joint, members)
    n = len(inside)
    return float(sum(joint[i, j] for i in range(n) for j in range(n) if inside[i] and not inside[j]))


@exercise.accepted("indicator vectors", uses=(mask,))
def cut_mass(joint, members):
    a = mask(joint, members).astype(float)
    return a @ joint @ (1 - a)


@exercise.accepted("mass of the set minus what stays", uses=(mask,))
def cut_mass(joint, members):
    inside = mask(joint, members)
    return joint[inside].sum() - joint[np.ix_(inside, inside)].sum()


@exercise.accepted("torch, half the energy of the indicator", uses=(mask,))
def cut_mass(joint, members):
    a = torch.from_numpy(mask(joint, members)).double()
    return (torch.from_numpy(joint) * (a[:, None] - a[None, :]) ** 2).sum() / 2
