"""How an answer of unit 01 about two batches of views looks at its arguments, and what it forgets."""

import torch

from autograder.author import Exercise
from course import validate


def stacked(view1, view2, temperature):
    """Another error than ValueError where the shapes do not fit, as most code has it."""
    torch.stack([view1, view2])


def batch_checked(view1, view2, temperature):
    validate.batch(view1=view1, view2=view2)
    if len(view1) < 2:
        raise ValueError("B = 1")


def shapes_checked(view1, view2, temperature):
    validate.positive(temperature=temperature)
    if view1.ndim != 2 or view1.shape != view2.shape or len(view1) < 2 or not view1.numel():
        raise ValueError(f"shapes {view1.shape}, {view2.shape}")


def all_but_one(view1, view2, temperature):
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)


def sign_checked(view1, view2, temperature):
    batch_checked(view1, view2, temperature)
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}")


def careless(exercise: Exercise) -> None:
    """The slips of a formula whose knob `checked` stands in place of its guard."""
    exercise.slip("nothing validated", paired=False, guarded=False, checked=stacked).says(
        "Bad input need not raise ValueError.",
        "What does your function answer to NaN, to a temperature of 0, and to B = 1?",
        "`validate.batch(...)`, `validate.positive(temperature=temperature)`, and one `if` for B.",
    )
    exercise.slip("temperature not looked at", paired=False, guarded=False, checked=batch_checked).says(
        "Every temperature is a good one.",
        "What does your function answer to a temperature of 0, or -0.5?",
        "`validate.positive(temperature=temperature)`.",
    )
    exercise.slip("a temperature of NaN", paired=False, guarded=False, checked=sign_checked).says(
        "`temperature <= 0` finds every bad temperature.",
        "What is NaN <= 0?",
        "False, so NaN goes through: `validate.positive(temperature=temperature)`.",
    )
    exercise.slip("NaN let through", paired=False, guarded=False, checked=shapes_checked).says(
        "Inputs of the right shape are good inputs.",
        "What does your function answer to NaN?",
        "`validate.batch(view1=view1, view2=view2)` looks at shapes and at NaN.",
    )
    exercise.slip("one image", paired=False, guarded=False, checked=all_but_one).says(
        "One image is a batch.",
        "With which other image would its views be compared?",
        "B = 1 raises: one `if`.",
    )
