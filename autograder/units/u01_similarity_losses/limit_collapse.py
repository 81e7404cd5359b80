"""limit_collapse: nt_xent when all embeddings coincide, B = 32."""

import math

from autograder.spec import Exercise

HINTS = (
    "All cosines are 1, so all logits are equal, whatever the temperature.",
    "With equal logits each candidate has the same probability. How many candidates does an anchor have?",
    "2B - 1 candidates share the probability equally: minus the logarithm of one share.",
)
exercise = Exercise("limit_collapse", number=True, hints={"values": HINTS})

exercise.accepted_number("logarithm", "math.log(2 * 32 - 1)")
exercise.accepted_number("numpy", "np.log(63)")
exercise.accepted_number("tensor", "torch.tensor(63.0, dtype=torch.float64).log()")
exercise.wrong_number(
    "ln(2B)",
    math.log(64),
    belief="The anchor is one of its own candidates.",
    hints=("An anchor is not compared with itself.",),
)
exercise.wrong_number(
    "ln B", math.log(32), belief="Only the other view's rows are candidates.", hints=("All other views are: 2B - 1.",)
)
exercise.wrong_number(
    "ln(2B - 2)",
    math.log(62),
    belief="The positive is no candidate.",
    hints=("The positive stands in the denominator too.",),
)
exercise.wrong_number(
    "0",
    0.0,
    belief="At collapse the positive pair is perfectly aligned, so the loss is 0.",
    hints=("So is every negative pair: the anchor cannot tell them apart.",),
)
exercise.wrong_number(
    "base 2", math.log2(63), belief="The logarithm has base 2.", hints=("Nats: the natural logarithm.",)
)
