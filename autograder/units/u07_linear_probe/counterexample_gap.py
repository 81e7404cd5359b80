"""counterexample_gap: any right graph passes. It is judged in `course.check._probes`, in the notebook too."""

import numpy as np
import torch

from autograder.author import Case, Exercise, count, needs
from course import graphs
from course.check._probes import wide_gap

exercise = Exercise(
    "counterexample_gap",
    refuses=(count("k", "k", 5.5, minimum=3), needs("k <= 30", {"k = 31": {"k": 31}})),
    hints={
        "values": ("Return the joint law (S, S) and the labels (S,), in this order.",),
        "properties": (
            "The quotient compares lambda_{k+1} with the smallest lost eigenvalue. How large can it be, and how small that?",
            "At most 2 and at least 1. Which graphs have the eigenvalue 2? And which have many eigenvalues 1?",
            "Two sides, every pair from one side to the other, its two ends independent: eigenvalues 0, 1 (often), 2. With k + 1 "
            "nodes lambda_{k+1} is the 2; the labels must be balanced on each side.",
        ),
        "bad input": ("validate.count(minimum=3, k=k), and k at most 30.",),
    },
)


@exercise.cases
def cases(rng):
    yield Case("k = 3", (3,), compare="any")
    yield Case("k = 6", (6,), compare="any")
    yield Case("a larger k", (int(rng.integers(7, 31)),), compare="any")
    yield from exercise.bad_inputs(4)


exercise.property("the loss is 1, and 4 alpha / lambda_{k+1} little more than half of it")(wide_gap)


def sides(first, second):
    """The joint law of pairs from one side to the other with independent ends."""
    corner = np.outer(first, second) / 2
    zero = np.zeros
    return np.block([[zero((len(first),) * 2), corner], [corner.T, zero((len(second),) * 2)]])


@exercise.formula
def counterexample_gap(
    k,
    *,
    first=lambda k: np.array([0.5, 0.5]),
    second=lambda k: k - 1,
    mass=lambda n: np.array([0.5, *[0.5 / (n - 1)] * (n - 1)]),
    joined=sides,
    labels=lambda n, k: [1.0, -1.0, 1.0, *[-1.0] * (n - 1)],
    order=lambda joint, y: (joint, y),
):
    n = second(k)
    return order(joined(first(k), mass(n)), np.array(labels(n, k)))


exercise.slip("one node too many", second=lambda k: k).says(
    "The graph may have any number of nodes.",
    "Which place has the eigenvalue 2 in ascending order, when the graph has S nodes?",
    "The last, number S. It must be number k + 1.",
    "Take S = k + 1 nodes.",
)
exercise.slip("labels by side", labels=lambda n, k: [1.0, 1.0, *[-1.0] * n]).says(
    "The labels that change along every pair are the hard ones.",
    "They are the eigenvector of the eigenvalue 2, so that 4 alpha = 2. What must 4 alpha be here?",
    "1: the labels must sit in directions with eigenvalue 1.",
    "Balance the labels on each side: there they are independent of the partner's label.",
)
exercise.slip(
    "halves, labels by side",
    first=lambda k: np.full((k + 1) // 2, 1 / ((k + 1) // 2)),
    second=lambda k: k + 1 - (k + 1) // 2,
    mass=lambda n: np.full(n, 1 / n),
    labels=lambda n, k: [1.0] * (k + 1 - n) + [-1.0] * n,
).says(
    "The labels that change along every pair are the hard ones, on two halves.",
    "They are the eigenvector of the eigenvalue 2, so that 4 alpha = 2. What must 4 alpha be here?",
    "1: the labels must sit in directions with eigenvalue 1.",
    "Balance the labels on each side: there they are independent of the partner's label.",
)
exercise.slip(
    "halves, labels that alternate",
    first=lambda k: np.full((k + 1) // 2, 1 / ((k + 1) // 2)),
    second=lambda k: k + 1 - (k + 1) // 2,
    mass=lambda n: np.full(n, 1 / n),
    labels=lambda n, k: [(-1.0) ** i for i in range(k + 1)],
).says(
    "Labels that alternate are balanced on each of two halves, for every k.",
    "How many nodes has each half when k = 4?",
    "2 and 3: three nodes of equal mass cannot be balanced. Which masses do it?",
    "Give one node of the side half of its mass.",
)
exercise.slip("equal masses", mass=lambda n: np.full(n, 1 / n)).says(
    "All nodes of a side may have the same mass, whatever the labels.",
    "What is the mean label of each side, under the masses?",
    "It must be 0 on each side. With one node against n - 1, which masses do that?",
    "Give the first node of the side half of its mass.",
)
exercise.slip("loops allowed", joined=lambda first, second: np.outer(*[np.concatenate([first, second]) / 2] * 2)).says(
    "Independent pairs are the worst case.",
    "They have the eigenvalues 0 and 1 only. What is lambda_{k+1} then?",
    "1, and the quotient is 1. To have the eigenvalue 2 no pair may stay on its side.",
    "Zeros in the two diagonal blocks.",
)
exercise.slip("labels first", order=lambda joint, y: (y, joint)).says(
    "The labels come before the graph.",
    "In which order are the two asked for?",
    "return joint, y",
)


@exercise.wrong(
    "the lecture's Hadamard graph",
    belief="A graph of the lecture on which 4 alpha / lambda_{k+1} is below the loss is enough.",
    hints=(
        "On the Hadamard graph, with k = 6, the quotient is 0.76, and k is at most 7 there.",
        "How large can lambda_{k+1} be, and how small the smallest lost eigenvalue?",
        "2 and 1: all pairs from one side to the other of k + 1 nodes, with labels balanced on each side.",
    ),
)
def counterexample_gap(k):
    return graphs.hadamard_graph(), graphs.hadamard_matrix()[:, 1]


@exercise.accepted("two nodes against many, lists")
def counterexample_gap(k):
    n = k + 1
    law, y = [0.25, 0.25, 0.25] + [0.25 / (n - 3)] * (n - 3), [1, -1, 1] + [-1] * (n - 3)
    joint = [[2 * law[i] * law[j] * ((i < 2) != (j < 2)) for j in range(n)] for i in range(n)]
    return joint, y


@exercise.accepted("copies of two nodes on a path of four, validated by hand", guarded=False)
def counterexample_gap(k):
    if isinstance(k, float) or not 3 <= k <= 30:
        raise ValueError(f"k = {k}")
    owner = np.array([0, 1, 2, 3] + [3] * (k - 3))
    share = np.where(owner == 3, 1 / (k - 2), 1.0)
    base = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]) / 8
    return base[np.ix_(owner, owner)] * np.outer(share, share), np.array([1, -1, 1, -1])[owner]


@exercise.accepted("torch")
def counterexample_gap(k):
    side = torch.tensor([0.0, 0.0] + [1.0] * (k - 1), dtype=torch.float64)
    mass = torch.tensor([0.25, 0.25, 0.25] + [0.25 / (k - 2)] * (k - 2), dtype=torch.float64)
    joint = 2 * mass[:, None] * mass * (side[:, None] != side)
    return joint, torch.tensor([1.0, -1.0, 1.0] + [-1.0] * (k - 2), dtype=torch.float64)
