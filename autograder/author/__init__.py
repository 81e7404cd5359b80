"""The author's vocabulary: what an exercise asks, what it refuses, its formula with knobs, and the slips that turn them."""

from autograder.author.exercise import Exercise, Variant
from autograder.author.order import Proof
from autograder.author.requirements import (
    batch,
    candidates,
    count,
    joint_law,
    law,
    loss,
    needs,
    non_negative,
    per_node,
    positive,
    world,
)
from course.check.case import Case, bad_input

__all__ = [
    "Case",
    "Exercise",
    "Proof",
    "Variant",
    "bad_input",
    "batch",
    "candidates",
    "count",
    "joint_law",
    "law",
    "loss",
    "needs",
    "non_negative",
    "per_node",
    "positive",
    "world",
]
