"""critic_constant: what its check looks at. Joint laws of one, several and as many parts as there are texts, in mixed order.

Blind inputs avoided: square joints, parts that are full blocks (hide chains), rows in the order of their parts.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise, joint_law, needs
from autograder.author.draw import larger_sizes

OCCURS = needs(
    "(np.asarray(joint).sum(axis=0) > 0).all() and (np.asarray(joint).sum(axis=1) > 0).all()",
    {
        "an image that never occurs": {"joint": lambda p: np.vstack([p, 0 * p[:1]])},
        "a text that never occurs": {"joint": lambda p: np.hstack([p, 0 * p[:, :1]])},
    },
)

exercise = Exercise(
    "critic_constant",
    refuses=(joint_law("joint"), OCCURS),
    hints={
        "values": (
            "One direction: what may be added to the scores of an image without changing its softmax?",
            "Both directions at once: a best critic is PMI + a(x), and PMI + b(y), where (x, y) can occur. So a(x) = b(y) there.",
            "Where the joint is 0 the score is -inf, and -inf + a = -inf + b says nothing. Draw x and y as dots, an edge where "
            "(x, y) can occur. How many connected parts?",
        ),
        "bad input": ("`validate.joint_law(joint)`, then rows and columns of zeros.",),
        "properties": ("The order of images and texts does not matter.",),
    },
)


def in_parts(rng, sizes, more=0.2):
    """A joint law whose support has these parts: (images, texts) each, a tree and some further entries, all mixed."""
    s, t = (sum(size[axis] for size in sizes) for axis in (0, 1))
    joint, row, column = np.zeros((s, t)), 0, 0
    for a, b in sizes:
        block = np.zeros((a, b), dtype=bool)
        for place in range(1, max(a, b)):  # a staircase: each step shares a row or a column with the one before
            block[min(place, a - 1), min(place, b - 1)] = block[min(place, a - 1), min(place - 1, b - 1)] = True
        block[0, 0] = True
        block |= rng.random((a, b)) < more
        joint[row : row + a, column : column + b] = block * rng.integers(1, 9, size=(a, b))
        row, column = row + a, column + b
    joint = joint[rng.permutation(s)][:, rng.permutation(t)]
    return joint / joint.sum()


def tied(rng):
    """Two full blocks, and one pair of 0.000004 between them."""
    joint = np.zeros((5, 6))
    joint[:2, :4], joint[2:, 4:] = rng.integers(1, 9, size=(2, 4)), rng.integers(1, 9, size=(3, 2))
    joint /= joint.sum()
    joint[1, 5] = 4e-6
    return joint / joint.sum()


@exercise.cases
def cases(rng):
    full = rng.integers(1, 9, size=(3, 4)).astype(float)
    yield Case("no zeros, 3 x 4", (full / full.sum(),))
    yield Case("two parts", (in_parts(rng, ((2, 3), (2, 2)), more=0.9),))
    yield Case("one chain", (in_parts(rng, ((5, 4),), more=0.0),))
    yield Case("two chains", (in_parts(rng, ((4, 3), (3, 4)), more=0.0),))
    yield Case("three parts of different form", (in_parts(rng, ((1, 3), (3, 1), (2, 2))),))
    yield Case("every image has a text of its own, and one has two", (in_parts(rng, ((1, 1), (1, 1), (1, 2), (1, 1))),))
    yield Case("one image", (np.array([[0.25, 0.5, 0.25]]),))
    yield Case("zeros, but connected", (in_parts(rng, ((3, 6),), more=0.3),))
    good = in_parts(rng, ((2, 2), (2, 1)))
    yield from exercise.bad_inputs(good)
    yield Case("two parts, tied by one rare pair", (tied(rng),), hint="4e-6 is positive: from 1e-6 on a pair occurs.")
    high = larger_sizes(rng, 2)
    yield Case("a long chain", (in_parts(rng, (tuple(high),), more=0.0),), public=False)
    parts = tuple(tuple(rng.integers(1, 8, size=2).tolist()) for _ in range(int(rng.integers(3, 9))))
    yield Case("many parts", (in_parts(rng, (*parts, (9, 10))),), public=False)
    yield Case("many texts", (in_parts(rng, ((2, 9), (3, 12), (1, 2))),), public=False)


@exercise.property("the order and the names of the modalities do not matter, nor do the sizes of positive entries")
def relabelled(f, rng):
    joint = in_parts(rng, ((3, 2), (2, 4), (1, 1)))
    rows, columns, both = (int(x) for x in np.ravel(f(joint)))
    turned = [int(x) for x in np.ravel(f(np.ascontiguousarray(joint.T)))]
    if turned != [columns, rows, both]:
        return "exchanging images and texts does not exchange the first two numbers and keep the third"
    other = (joint > 0) * rng.integers(1, 9, size=joint.shape)
    if [int(x) for x in np.ravel(f(other / other.sum()))] != [rows, columns, both]:
        return "other probabilities in the same places change the answer"


def parts(occurs):
    """Connected parts of the graph of images and texts."""
    left, number = set(range(len(occurs))), 0
    while left:
        front, number = {left.pop()}, number + 1
        while front:
            texts = occurs[sorted(front)].any(axis=0)
            front = {x for x in left if (occurs[x] & texts).any()}
            left -= front
    return number


def one_step(occurs):
    """Groups by what shares a text with the first image left, without following further."""
    left, number = list(range(len(occurs))), 0
    while left:
        number += 1
        left = [x for x in left[1:] if not (occurs[x] & occurs[left[0]]).any()]
    return number


def identical(occurs):
    return len({tuple(row) for row in occurs.tolist()})


def rank(occurs):
    return int(np.linalg.matrix_rank(occurs.astype(float)))


def images(occurs):
    return occurs.shape[0]


def texts(occurs):
    return occurs.shape[1]


def integers(*numbers):
    return np.array(numbers)


@exercise.formula
def critic_constant(joint, *, forward=images, backward=texts, both=parts, given=integers):
    occurs = np.asarray(joint) > 0
    return given(forward(occurs), backward(occurs), both(occurs))


exercise.slip("always one constant", both=lambda occurs: 1).says(
    "The symmetric loss fixes the critic up to one constant, whatever the joint law is.",
    "Two blocks that never mix: add 1 to the scores of the first block only. Which softmax notices?",
    "None: in the other block these scores are -inf anyway. Each connected part has a constant of its own.",
)
exercise.slip("rows and columns added up", both=lambda occurs: sum(occurs.shape) - 1).says(
    "Both losses together leave what each of them leaves.",
    "Does a constant for one image alone leave the loss from texts to images unchanged?",
    "Two losses fix more than one: a(x) = b(y) wherever x and y can come together.",
)
exercise.slip("one less for each part", both=lambda o: sum(o.shape) - parts(o)).says(
    "Both losses leave a(x) + b(y): S + T numbers, less one for each part, where the two share a constant.",
    "Does a constant for one image alone leave the loss from texts to images unchanged?",
    "It does not: what both leave is a(x) and b(y) at once, equal wherever x and y can come together.",
    "One number for each part, and nothing else.",
)
exercise.slip("all constants of both", both=lambda o: sum(o.shape)).says(
    "Both losses together leave the constants of all images and of all texts.",
    "Does a constant for one image alone leave the loss from texts to images unchanged?",
    "Two losses fix more than one: a(x) = b(y) wherever x and y can come together.",
)
exercise.slip("each pair ties two constants", both=lambda o: sum(o.shape) - int(o.sum())).says(
    "Each pair that occurs takes away one of the S + T constants.",
    "All combinations of 3 images and 4 texts occur: what is 3 + 4 - 12?",
    "In a ring the last equation follows from the others. Count connected parts.",
)
exercise.slip("two constants for each part", both=lambda o: 2 * parts(o)).says(
    "Each part has a constant for its images and another one for its texts.",
    "PMI + a(x) and PMI + b(y) are the same scores: can a and b differ in a part?",
    "They are equal wherever x and y can come together: one number for each part.",
)
exercise.slip("one part is the reference", both=lambda o: parts(o) - 1).says(
    "One part is the reference, and only the others have a constant.",
    "Add 1 to all scores: does the loss change?",
    "It does not, even with a single part: every part has a constant.",
)
exercise.slip("the parts for each loss too", forward=parts, backward=parts).says(
    "One loss alone also leaves one constant for each part.",
    "Add 1 to the scores of one image: does the loss from images to texts change?",
    "It does not: that loss has a softmax, and a constant, for each image.",
)
exercise.slip("the smaller of both", both=lambda occurs: min(occurs.shape)).says(
    "Both losses together leave what the stricter of them leaves.",
    "Does a constant for one image alone leave the loss from texts to images unchanged?",
    "The two families meet in less than either: a(x) = b(y) wherever x and y can come together.",
)
exercise.slip("every zero is free", both=lambda occurs: 1 + int((~occurs).sum())).says(
    "Where the joint is 0 the score is free.",
    "What happens to the loss when a score falls at a place where the joint is 0?",
    "It falls as well: the best score there is -inf, not free.",
)
exercise.slip("the zeros of the joint are free for each loss", forward=lambda o: images(o) + int((~o).sum())).says(
    "Scores of combinations that never occur are not in the loss.",
    "Does the score of (x, y) with probability 0 occur in the softmax of x?",
    "It stands in the denominator: the best score there is -inf.",
)
exercise.slip("images that share a text with the first", both=one_step).says(
    "A part consists of the images that share a text with one of them.",
    "x1 and x2 share a text, x2 and x3 share another. Are x1 and x3 tied?",
    "Equality passes on: a(x1) = a(x2) = a(x3). Follow the chain to its end.",
)
exercise.slip("images with the same texts", both=identical).says(
    "A part consists of images that occur with exactly the same texts.",
    "Two images share one text and have another one each. Are their constants equal?",
    "One common text is enough: a(x1) = b(y) = a(x2).",
)
exercise.slip("rank of what occurs", both=rank).says(
    "The number of parts is the rank of the matrix of what occurs.",
    "A chain of three images: rank 3, and how many parts?",
    "One part. Rank counts independent rows, parts count what hangs together.",
)
exercise.slip("one constant for each direction", forward=lambda occurs: 1, backward=lambda occurs: 1).says(
    "A softmax leaves one constant.",
    "How many softmaxes does the loss from images to texts have?",
    "One for each image, each with a constant of its own.",
)
exercise.slip("images and texts exchanged", forward=texts, backward=images).says(
    "The loss from images to texts leaves one constant for each text.",
    "Along which axis does the softmax of an image run?",
    "Over the texts, for a fixed image: a constant for each image.",
)

exercise.style("a tuple of Python numbers", given=lambda *numbers: numbers)


@exercise.accepted("scipy's connected components")
def critic_constant(joint):
    from scipy.sparse.csgraph import connected_components

    s, t = joint.shape
    graph = np.block([[np.zeros((s, s)), joint > 0], [np.zeros((t, s)), np.zeros((t, t))]])
    return s, t, connected_components(graph, directed=False)[0]


@exercise.accepted("multiplicity of the eigenvalue 1 of a walk")
def critic_constant(joint):
    there = joint / joint.sum(axis=1, keepdims=True)
    back = joint.T / joint.sum(axis=0)[:, None]
    reach = np.eye(len(joint)) + (there @ back > 0)
    for _ in range(len(joint)):
        reach = ((reach @ reach) > 0).astype(float)
    return [len(joint), joint.shape[1], len(np.unique(reach, axis=0))]


@exercise.accepted("dimension of the solutions of a(x) = b(y), validated by hand", guarded=False)
def critic_constant(joint):
    joint = np.asarray(joint, dtype=float)
    if np.isnan(joint).any() or joint.min() < 0 or abs(joint.sum() - 1) > 1e-9:
        raise ValueError(f"{joint}")
    if joint.sum(axis=0).min() <= 0 or joint.sum(axis=1).min() <= 0:
        raise ValueError(f"{joint}")
    s, t = joint.shape
    rows = [np.eye(s + t)[x] - np.eye(s + t)[s + y] for x, y in zip(*np.nonzero(joint), strict=True)]
    return torch.tensor([s, t, s + t - np.linalg.matrix_rank(np.array(rows))])
