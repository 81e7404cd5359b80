"""best_partition_expansion: what its check looks at. All numbers of parts, parts of unequal mass, known values.

Inputs stay small (S <= 6, n_parts^S <= 1024): a learner may go through all labellings with plain loops.
"""

import itertools

import numpy as np
import torch

from autograder.spec import Exercise
from autograder.units.u07_linear_probe.draws import bad_joints
from course import graphs, validate
from course.check.case import Case, bad_input

exercise = Exercise(
    "best_partition_expansion",
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
    yield Case("every node a part", (graphs.random_joint_symmetric(rng, 4), 4))
    yield Case("one part", (graphs.random_joint_symmetric(rng, 4), 1))
    joint = graphs.random_joint_symmetric(rng, 4)
    for label, bad in bad_joints(rng):
        yield bad_input(label, bad, 2)
    yield bad_input("no part", joint, 0)
    yield bad_input("more parts than nodes", joint, 5)
    yield bad_input("2.5 parts", joint, 2.5)


@exercise.property("no partition has a smaller expansion, and more parts are never better")
def minimum(f, rng):
    joint = graphs.random_joint_symmetric(rng, 6)
    values = [f(joint, n) for n in (1, 2, 3)]
    if any(b < a - 1e-9 for a, b in itertools.pairwise(values)):
        return "with more parts the value fell"
    for _ in range(20):
        parts = rng.permutation([0, 1, 2, *rng.integers(3, size=3)])
        if quotient(joint, parts) < values[2] - 1e-9:
            return "a random partition into 3 parts has a smaller expansion"


@exercise.property("on the complete graph of 6 nodes without loops 3 parts give 4/5")
def complete(f, rng):
    if abs(f(graphs.complete_graph(6), 3) - 0.8) > 1e-9:
        return "three pairs of nodes are the best partition: one leaves a pair with probability 4/5"


def quotient(joint, parts):
    """Expansion of one partition."""
    masks = [np.asarray(parts) == label for label in set(parts)]
    return max(joint[m][:, ~m].sum() / joint[m].sum() for m in masks)


def checked(joint, n_parts):
    validate.joint_law(joint, symmetric=True)
    validate.count(minimum=1, n_parts=n_parts)
    if n_parts > len(joint):
        raise ValueError(f"{n_parts} parts of {len(joint)} nodes")


def labellings(joint, n_parts):
    """Each partition into exactly n_parts parts at least once."""
    from itertools import product

    for labels in product(range(n_parts), repeat=len(joint) - 1):
        if len({0, *labels}) == n_parts:
            yield (0, *labels)


TOOLS = (checked, labellings, quotient)


@exercise.wrong(
    "the worst partition",
    belief="The constant is the largest expansion of a partition.",
    hints=(
        "The theory asks that EVERY partition has a large expansion. Which of them decides?",
        "The smallest expansion decides: minimum over partitions of the maximum over parts.",
        "min instead of max over the partitions.",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    return max(quotient(joint, labels) for labels in labellings(joint, n_parts))


@exercise.wrong(
    "empty parts allowed",
    belief="A partition into n parts may leave some of them empty.",
    hints=(
        "Your value is 0 in most cases. Which partition is it?",
        "All nodes in one part: nothing leaves it. Parts must not be empty.",
        "Keep only labellings with len(set(labels)) == n_parts.",
    ),
    uses=(checked,),
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    return 0.0


@exercise.wrong(
    "at least n_parts - 1 parts",
    belief="One part may stay empty.",
    hints=(
        "With 2 parts you get 0.",
        "Exactly n_parts non-empty parts: len(set(labels)) == n_parts.",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    return min(quotient(joint, labels) for labels in labellings(joint, max(n_parts - 1, 1)))


@exercise.wrong(
    "intervals only",
    belief="Parts are runs of neighbouring nodes.",
    hints=(
        "Does your value change when the nodes are renumbered?",
        "Nodes have no order: a part may be any set of nodes.",
        "Go through all labellings, itertools.product(range(n_parts), repeat=S).",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    from itertools import combinations

    checked(joint, n_parts)
    best = np.inf
    for cuts in combinations(range(1, len(joint)), n_parts - 1):
        best = min(best, quotient(joint, np.searchsorted(cuts, np.arange(len(joint)), side="right")))
    return best


@exercise.wrong(
    "best mean over the parts",
    belief="The partition with the smallest average quotient counts.",
    hints=(
        "Which number is minimised?",
        "The largest quotient of a partition, not the average of its quotients.",
        "min over partitions of expansion(joint, parts).",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    best = np.inf
    for labels in labellings(joint, n_parts):
        masks = [np.asarray(labels) == c for c in range(n_parts)]
        best = min(best, np.mean([joint[m][:, ~m].sum() / joint[m].sum() for m in masks]))
    return best


@exercise.wrong(
    "smallest quotient of all",
    belief="The part that is easiest to separate decides.",
    hints=(
        "A single part with a small quotient is not a partition.",
        "First the maximum over the parts of a partition, then the minimum over partitions.",
        "min(max(...)), not min(min(...)).",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    best = np.inf
    for labels in labellings(joint, n_parts):
        masks = [np.asarray(labels) == c for c in range(n_parts)]
        best = min(best, min(joint[m][:, ~m].sum() / joint[m].sum() for m in masks))
    return best


@exercise.wrong(
    "divided by the number of nodes",
    belief="A quotient is cut over number of nodes.",
    hints=(
        "Is your expansion right on a graph with unequal masses?",
        "Divide by the mass of the part.",
        "Call expansion(joint, parts).",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    best = np.inf
    for labels in labellings(joint, n_parts):
        masks = [np.asarray(labels) == c for c in range(n_parts)]
        best = min(best, max(joint[m][:, ~m].sum() / m.sum() for m in masks))
    return best


@exercise.wrong(
    "parts of equal size only",
    belief="A partition cuts the nodes into parts of equal size, up to one node.",
    hints=(
        "Try three groups of 1, 2 and 3 nodes. What do you find, and what would you expect?",
        "Parts may have any size from 1 on.",
        "Drop the condition on the sizes.",
    ),
    uses=TOOLS,
)
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    best = np.inf
    for labels in labellings(joint, n_parts):
        if np.ptp(np.bincount(labels)) <= 1:
            best = min(best, quotient(joint, labels))
    return best


@exercise.accepted("all labellings with itertools", uses=(checked, quotient))
def best_partition_expansion(joint, n_parts):
    from itertools import product

    checked(joint, n_parts)
    every = product(range(n_parts), repeat=len(joint))
    return float(min(quotient(joint, labels) for labels in every if len(set(labels)) == n_parts))


@exercise.accepted("bit masks and dynamic programming", uses=(checked,))
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    n = len(joint)
    ratio = np.full(2**n, np.inf)
    for bits in range(1, 2**n):
        m = np.array([bits >> i & 1 == 1 for i in range(n)])
        ratio[bits] = joint[m][:, ~m].sum() / joint[m].sum()
    best = {0: 0.0}  # nodes used so far, as bits -> smallest maximum, after j parts
    for _ in range(n_parts):
        after = {}
        for used, value in best.items():
            free = (2**n - 1) & ~used
            first = free & -free  # the next part holds the first free node
            part = free
            while part:
                if part & first:
                    now = max(value, ratio[part])
                    after[used | part] = min(after.get(used | part, np.inf), now)
                part = (part - 1) & free
        best = after
    return best[2**n - 1]


@exercise.accepted("recursion: the next node joins a part or opens one, torch", uses=(checked,))
def best_partition_expansion(joint, n_parts):
    checked(joint, n_parts)
    n = len(joint)

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
