"""cut_mass: what its check looks at. Sets of every size, the two trivial ones, loops, and masks of the wrong kind."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, joint_law, needs, per_node
from autograder.author.draw import odd_sizes
from autograder.units.u07_linear_probe.draws import signs
from course import graphs, validate

exercise = Exercise(
    "cut_mass",
    refuses=(
        joint_law("joint", symmetric=True),
        per_node("joint", members="the mask"),
        needs("members.dtype == bool", {"a list of nodes instead of a mask": {"members": np.array([0, 1, 1, 0])}}),
    ),
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
    (n,) = odd_sizes(rng, 1)
    yield Case(f"S = {n}", (graphs.random_joint_symmetric(rng, n), signs(rng, n) > 0), public=False)
    yield Case("one node", (graphs.random_joint_symmetric(rng, 5), np.arange(5) == 2))
    yield Case("all nodes", (graphs.random_joint_symmetric(rng, 4), np.ones(4, dtype=bool)))
    yield Case("no node", (graphs.random_joint_symmetric(rng, 4), np.zeros(4, dtype=bool)))
    joint, parts = graphs.blocks(rng, (2, 4), 0.0)
    yield Case("a part without edges to the other", (joint, parts == 0))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), np.array([True, False, True, True]))


@exercise.property("a set and its complement have the same cut; splitting a set adds twice the mass between the halves")
def identities(f, rng):
    joint = graphs.random_joint_symmetric(rng, 7)
    colour = rng.permutation([0, 0, 1, 1, 2, 2, 2])
    one, two = colour == 0, colour == 1
    if abs(f(joint, one) - f(joint, ~one)) > 1e-9:
        return "the set and its complement have different cuts"
    if abs(f(joint, one) + f(joint, two) - f(joint, one | two) - 2 * joint[one][:, two].sum()) > 1e-9:
        return "E(A) + E(B) - E(A and B together) is not twice the mass between A and B"


@exercise.formula
def cut_mass(
    joint,
    members,
    *,
    law=lambda joint: joint,
    across=lambda inside, other: inside & ~other,
    amount=np.sum,
    share=lambda p, inside: 1.0,
):
    pairs = across(members[:, None], members[None, :])
    return amount(law(joint)[pairs]) / share(joint.sum(axis=1), members)


exercise.slip("both directions", across=np.logical_xor).says(
    "A pair is cut when one of the two is in A and the other is not.",
    "Your values are exactly twice the right ones.",
    "E(A, not A) has x in A and x' outside; the pairs (outside, inside) are not in the sum.",
    "joint[members][:, ~members].sum(), once.",
)
exercise.slip("pairs inside the set", across=np.logical_and).says(
    "The sum runs over x and x' in A (as printed in the lecture notes 001).",
    "What should the cut of the set of all nodes be?",
    "0: nothing leads out. Your sum gives 1. The second point must be outside A.",
    "joint[members][:, ~members].sum().",
)
exercise.slip("pairs that touch the set", across=np.logical_or).says(
    "Every pair with an end in A is cut.",
    "What should the cut of the set of all nodes be?",
    "0: nothing leads out. A pair with both ends in A is not cut, it stays.",
    "joint[members][:, ~members].sum().",
)
OWN = (
    "The cut is the share of A's mass that leaves A.",
    "A set and its complement have the same cut. Do they in your function?",
    "The quotient cut/mass is the expansion, the next exercise.",
    "Leave out the division.",
)
exercise.slip("divided by the mass of the set", share=lambda p, inside: max(p[inside].sum(), 1e-300)).says(*OWN)
exercise.slip("divided by the mass of the set, 0 too", share=lambda p, inside: p[inside].sum()).says(*OWN)
SMALLER = (
    "The cut is the conductance: it is measured in units of the smaller of the two sides.",
    "Is your value the mass of some pairs? Take one node out of many.",
    "The conductance divides E(A, not A) by min(p(A), p(not A)); the exercise asks for E itself.",
    "Leave out the division.",
)
exercise.slip(
    "divided by the smaller mass", share=lambda p, inside: max(min(p[inside].sum(), p[~inside].sum()), 1e-300)
).says(*SMALLER)
exercise.slip(
    "divided by the smaller mass, 0 too", share=lambda p, inside: min(p[inside].sum(), p[~inside].sum())
).says(*SMALLER)
exercise.slip("edges counted", amount=np.count_nonzero).says(
    "The cut counts the edges between the set and the rest.",
    "Edges have weights here.",
    "Sum p(x, x'), not 1, over the pairs across.",
    "joint[members][:, ~members].sum().",
)
exercise.slip("product of the masses", law=lambda joint: np.outer(joint.sum(axis=1), joint.sum(axis=1))).says(
    "x and x' are independent: the cut is p(A) p(not A).",
    "Two parts without an edge between them: what is the cut?",
    "0. A positive pair is not independent; the joint holds the probability of each pair.",
    "Sum entries of the joint.",
)
exercise.slip(
    "every pair that leaves its node",
    law=lambda joint: joint - np.diag(np.diag(joint)),
    across=lambda inside, other: inside & (other | ~other),
).says(
    "Every pair that begins in A and changes its node leaves A.",
    "What should the cut of the set of all nodes be?",
    "0: one may go from a node of A to another node of A. Only pairs that end outside are cut.",
    "joint[members][:, ~members].sum().",
)
exercise.slip("mass of the set", across=lambda inside, other: inside & (other | ~other)).says(
    "E(A, not A) is the mass of A.",
    "What should the cut of the set of all nodes be?",
    "0: nothing leads out. Where a pair ends matters too.",
    "Columns outside the set: joint[members][:, ~members].sum().",
)
exercise.slip("half of the pairs across", amount=lambda masses: masses.sum() / 2).says(
    "The pairs that begin in A and end outside are to be halved.",
    "Your values are exactly half of the right ones.",
    "The lecture halves P(y != y'), which holds both directions. How many directions has your sum?",
    "joint[members][:, ~members].sum(), as it is.",
)
exercise.slip("each pair at its smaller index", law=np.triu).says(
    "An unordered pair stands once in the joint, above the diagonal.",
    "Where do you find a pair that begins at node 2, in A, and ends at node 0, outside?",
    "Below the diagonal: the joint is symmetric and holds every pair in both orders.",
    "Use all of joint, not np.triu(joint).",
)
MEAN = (
    "The cut is the average of p(x, x') over the pairs across.",
    "Which is a probability, a sum or an average of the entries of the joint?",
    "The events are disjoint: their probabilities add up.",
    "joint[members][:, ~members].sum().",
)
exercise.slip("mean of the block", amount=lambda masses: masses.mean() if masses.size else 0.0).says(*MEAN)
exercise.slip("mean of the block, empty too", amount=lambda masses: masses.mean() if masses.size else math.nan).says(
    *MEAN
)


@exercise.wrong(
    "two masks in one bracket",
    belief="joint[members, ~members] is the block of rows in A and columns outside.",
    hints=(
        "Print joint[members, ~members] for two nodes inside and two outside. How many numbers are there?",
        "numpy takes two masks in one bracket as two lists of places, and walks them in step: one entry for each.",
        "joint[members][:, ~members], or joint[np.ix_(members, ~members)].",
    ),
)
def cut_mass(joint, members):
    return joint[members, ~members].sum()


@exercise.wrong(
    "integers taken for a mask",
    belief="0 and 1 are as good as False and True.",
    guarded=False,
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


@exercise.accepted("double loop, the mask validated by hand", guarded=False)
def cut_mass(joint, members):
    validate.joint_law(joint, symmetric=True)
    n = len(joint)
    if len(members) != n or not all(member is True or member is False for member in members.tolist()):
        raise ValueError(f"members = {members}")
    return float(sum(joint[i, j] for i in range(n) for j in range(n) if members[i] and not members[j]))


@exercise.accepted("indicator vectors")
def cut_mass(joint, members):
    a = members.astype(float)
    return a @ joint @ (1 - a)


@exercise.accepted("torch, half the energy of the indicator")
def cut_mass(joint, members):
    a = torch.from_numpy(members).double()
    return (torch.from_numpy(joint) * (a[:, None] - a[None, :]) ** 2).sum() / 2
