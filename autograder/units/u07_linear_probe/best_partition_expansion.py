"""best_partition_expansion: what its check looks at. All numbers of parts, parts of unequal mass, known values.

Inputs stay small (S <= 9, n_parts^S <= 2187): a learner may go through all labellings with plain loops.
"""

import itertools
import math

import numpy as np
import torch

from autograder.author import Case, Exercise, count, joint_law, needs
from autograder.units.u07_linear_probe.theorems import cut, laplacian, mass, quotients
from course import graphs, validate

exercise = Exercise(
    "best_partition_expansion",
    refuses=(
        joint_law("joint", symmetric=True),
        count("n_parts", "the number of parts", 2.5),
        needs("n_parts <= len(joint)", {"more parts than nodes": {"n_parts": 5}}),
    ),
    hints={
        "values": (
            "The smallest, over partitions, of the largest, over parts: min of your expansion.",
            "itertools.product(range(n_parts), repeat=S) lists all labellings, and each partition several times: fine.",
            "Keep a labelling only if all n_parts labels occur in it: len(set(labels)) == n_parts.",
        ),
        "bad input": (
            "validate.joint_law(joint, symmetric=True), then n_parts: an integer from 1 to S.",
            "validate.count(minimum=1, n_parts=n_parts) does the lower end; S + 1 parts cannot all be non-empty.",
        ),
        "properties": (
            "More parts can only be worse: merging two parts of a partition never makes its expansion larger.",
            "Compare with expansion(joint, parts) on a few random partitions: none may be smaller than your minimum.",
        ),
    },
    time_limit=20.0,
)


def hub(rng):
    """Three nodes with loops, joined only to a fourth one without a loop, which spoils every part that takes it in."""
    loops, edges = rng.uniform(0.18, 0.22, size=3), rng.uniform(0.06, 0.07, size=3)
    joint = np.diag(np.append(loops, 0.0))
    joint[3, :3] = joint[:3, 3] = edges
    return joint / joint.sum()


@exercise.cases
def cases(rng):
    yield Case("S = 4, 2 parts", (graphs.random_joint_symmetric(rng, 4), 2))
    yield Case("S = 5, 3 parts", (graphs.random_joint_symmetric(rng, 5), 3))
    yield Case("S = 6, 3 parts", (graphs.random_joint_symmetric(rng, 6), 3))
    yield Case("S = 6, 2 parts, large loops", (graphs.random_joint_symmetric(rng, 6, psd=True), 2))
    yield Case("S = 5, 4 parts", (graphs.random_joint_symmetric(rng, 5), 4))
    yield Case("three groups, 3 parts", (graphs.blocks(rng, (1, 2, 3), 0.1)[0], 3))
    yield Case("three groups, 2 parts", (graphs.blocks(rng, (2, 2, 2), 0.1)[0], 2))
    yield Case("two parts that are not connected, 2 parts", (graphs.blocks(rng, (2, 3), 0.0)[0], 2))
    s, t = (int(n) for n in rng.integers((9, 7), (11, 9)))  # partitions are many: 511 of 10 into 2, 966 of 8 into 3
    yield Case(f"S = {s}, 2 parts", (graphs.random_joint_symmetric(rng, s), 2), public=False)
    yield Case(f"S = {t}, 3 parts", (graphs.random_joint_symmetric(rng, t), 3), public=False)
    yield Case("three nodes with large loops around a hub, 3 parts", (hub(rng), 3))
    yield Case("every node a part", (graphs.random_joint_symmetric(rng, 4), 4))
    yield Case("one part", (graphs.random_joint_symmetric(rng, 4), 1))
    yield from exercise.bad_inputs(graphs.random_joint_symmetric(rng, 4), 2)


@exercise.property("no partition has a smaller expansion, and more parts are never better")
def minimum(f, rng):
    joint = graphs.random_joint_symmetric(rng, 6)
    values = [f(joint, n) for n in (1, 2, 3)]
    if any(b < a - 1e-9 for a, b in itertools.pairwise(values)):
        return "with more parts the value fell"
    for _ in range(20):
        parts = rng.permutation([0, 1, 2, *rng.integers(3, size=3)])
        if max(quotients(joint, parts)) < values[2] - 1e-9:
            return "a random partition into 3 parts has a smaller expansion"


@exercise.property("on the complete graph of 6 nodes without loops 3 parts give 4/5")
def complete(f, rng):
    if abs(f(graphs.complete_graph(6), 3) - 0.8) > 1e-9:
        return "three pairs of nodes are the best partition: one leaves a pair with probability 4/5"


def covered(joint, n_parts, left_over):
    """Smallest maximum over n_parts disjoint parts of all nodes but those of one of the sets `left_over`, sets as bits."""
    n = len(joint)
    ratio = np.full(2**n, np.inf)
    for bits in range(1, 2**n):
        m = np.array([bits >> i & 1 == 1 for i in range(n)])
        ratio[bits] = joint[m][:, ~m].sum() / joint[m].sum()
    ratio = ratio.tolist()
    best = dict.fromkeys(left_over, 0.0)  # nodes used so far -> smallest maximum, after j parts
    for _ in range(n_parts):
        after = {}
        for used, value in best.items():
            free = (2**n - 1) & ~used
            first = free & -free  # the next part holds the first free node
            part = free
            while part:
                if part & first:
                    now = max(value, ratio[part])
                    after[used | part] = min(after.get(used | part, math.inf), now)
                part = (part - 1) & free
        best = after
    return best[2**n - 1]


def along(labels, joint):
    """Whether the parts are runs of nodes in the order of the second eigenvector."""
    if len(joint) == 1:
        return True
    order = np.argsort(np.linalg.eigh(laplacian(joint))[1][:, 1] / np.sqrt(joint.sum(axis=1)))
    return np.count_nonzero(np.diff(np.array(labels)[order])) == len(set(labels)) - 1


def leaving(joint, inside):
    """Mean over the nodes of a part, all alike, of the probability that the partner is outside."""
    return np.mean(joint[inside][:, ~inside].sum(axis=1) / joint[inside].sum(axis=1))


@exercise.formula
def best_partition_expansion(
    joint,
    n_parts,
    *,
    fewest=lambda n_parts: n_parts,
    allowed=lambda labels, joint: True,
    cut=cut,
    size=mass,
    worst=max,
    best=min,
):
    every = ((0, *others) for others in itertools.product(range(n_parts), repeat=len(joint) - 1))
    partitions = [labels for labels in every if len(set(labels)) >= fewest(n_parts) and allowed(labels, joint)]
    return best(worst(quotients(joint, np.array(labels), cut, size)) for labels in partitions)


exercise.slip("the worst partition", best=max).says(
    "The constant is the largest expansion of a partition.",
    "The theory asks that EVERY partition has a large expansion. Which of them decides?",
    "The smallest expansion decides: minimum over partitions of the maximum over parts.",
    "min instead of max over the partitions.",
)
exercise.slip("empty parts allowed", fewest=lambda n_parts: 1).says(
    "A partition into n parts may leave some of them empty.",
    "Your value is 0 in most cases. Which partition is it?",
    "All nodes in one part: nothing leaves it. Parts must not be empty.",
    "Keep only labellings with len(set(labels)) == n_parts.",
)
exercise.slip("at least n_parts - 1 parts", fewest=lambda n_parts: n_parts - 1).says(
    "One part may stay empty.",
    "With 2 parts you get 0.",
    "Exactly n_parts non-empty parts: len(set(labels)) == n_parts.",
)
exercise.slip("intervals only", allowed=lambda labels, joint: list(labels) == sorted(labels)).says(
    "Parts are runs of neighbouring nodes.",
    "Does your value change when the nodes are renumbered?",
    "Nodes have no order: a part may be any set of nodes.",
    "Go through all labellings, itertools.product(range(n_parts), repeat=S).",
)
exercise.slip("parts of equal size only", allowed=lambda labels, joint: np.ptp(np.bincount(labels)) <= 1).says(
    "A partition cuts the nodes into parts of equal size, up to one node.",
    "Try three groups of 1, 2 and 3 nodes. What do you find, and what would you expect?",
    "Parts may have any size from 1 on.",
    "Drop the condition on the sizes.",
)
exercise.slip("best mean over the parts", worst=np.mean).says(
    "The partition with the smallest average quotient counts.",
    "Which number is minimised?",
    "The largest quotient of a partition, not the average of its quotients.",
    "min over partitions of expansion(joint, parts).",
)
exercise.slip("sum over the parts", worst=sum).says(
    "The partition with the smallest sum of quotients counts (the normalised cut).",
    "With every node a part, is your value still a probability?",
    "A partition is as bad as its worst part: the largest of its quotients, not their sum.",
    "min over partitions of expansion(joint, parts).",
)
exercise.slip("smallest quotient of all", worst=min).says(
    "The part that is easiest to separate decides.",
    "A single part with a small quotient is not a partition.",
    "First the maximum over the parts of a partition, then the minimum over partitions.",
    "min(max(...)), not min(min(...)).",
)
exercise.slip("divided by the number of nodes", size=lambda joint, inside: inside.sum()).says(
    "A quotient is cut over number of nodes.",
    "Is your expansion right on a graph with unequal masses?",
    "Divide by the mass of the part.",
    "Call expansion(joint, parts).",
)
exercise.slip("cut not divided", size=lambda joint, inside: 1.0).says(
    "The best partition is the one whose largest cut is smallest.",
    "Splitting off a node of small mass is cheap for you. How easily does one leave that node?",
    "Each cut is divided by the mass of its part before the largest is taken.",
    "min over partitions of expansion(joint, parts).",
)
exercise.slip("at least two parts", fewest=lambda n_parts: min(2, n_parts)).says(
    "Two parts with nodes in them are enough, whatever n_parts says.",
    "With 2 parts you are right. Is your value for 3 parts ever larger than that?",
    "Never: each of the n_parts parts must have a node.",
    "Keep only labellings with len(set(labels)) == n_parts.",
)
exercise.slip(
    "single nodes and the rest", allowed=lambda labels, joint: sorted(np.bincount(labels))[:-1] == [1] * max(labels)
).says(
    "The best partition splits off single nodes, and leaves the rest together.",
    "Two groups of three nodes and a weak bridge: which two parts are best?",
    "The two groups. Parts may have any size.",
    "Go through all labellings, itertools.product(range(n_parts), repeat=S).",
)
exercise.slip("runs along the second eigenvector", allowed=along).says(
    "The best partition cuts the order of the nodes along the second eigenvector.",
    "That finds a good partition quickly. Is it the best one, on every graph?",
    "No: the minimum is over all partitions, and the graphs are small enough to try them all.",
    "Go through all labellings, itertools.product(range(n_parts), repeat=S).",
)
exercise.slip("smallest crossing probability", size=lambda joint, inside: 1.0, worst=sum).says(
    "The best partition is the one that the fewest pairs cross.",
    "Splitting off a node of small mass is cheap for you. How easily does one leave that node?",
    "Each cut is divided by the mass of its part; then the largest quotient counts.",
    "min over partitions of expansion(joint, parts).",
)
exercise.slip("nodes of a part alike", cut=leaving, size=lambda joint, inside: 1.0).says(
    "Within a part every node is equally likely.",
    "Is your expansion right on a graph with unequal masses?",
    "A node is drawn by mass: cut of the part, divided by the mass of the part.",
    "min over partitions of expansion(joint, parts).",
)


@exercise.wrong(
    "nodes left over",
    belief="Disjoint parts are enough; a node may belong to none of them.",
    hints=(
        "Try three nodes with large loops around a hub without one. Where does the hub go?",
        "A partition covers all nodes: the hub must be in a part, and makes that part worse.",
        "Go through the labellings that give every node a label.",
    ),
)
def best_partition_expansion(joint, n_parts):
    return covered(joint, n_parts, range(2 ** len(joint) - 1))


@exercise.accepted("bit masks and dynamic programming")
def best_partition_expansion(joint, n_parts):
    return covered(joint, n_parts, (0,))


@exercise.accepted("recursion: the next node joins a part or opens one, torch, validated by hand", guarded=False)
def best_partition_expansion(joint, n_parts):
    validate.joint_law(joint, symmetric=True)
    n = len(joint)
    if n_parts not in range(1, n + 1):
        raise ValueError(f"{n_parts} parts of {n} nodes")

    def search(parts, node):
        if len(parts) + n - node < n_parts:
            return np.inf
        if node == n:
            inside = [joint[np.ix_(part, part)].sum() / joint[part].sum() for part in parts]
            return 1 - min(inside)
        found = [search([*parts[:i], [*part, node], *parts[i + 1 :]], node + 1) for i, part in enumerate(parts)]
        if len(parts) < n_parts:
            found.append(search([*parts, [node]], node + 1))
        return min(found)

    return torch.tensor(search([], 0), dtype=torch.float64)
