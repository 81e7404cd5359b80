"""limit_cold: what is left of the loss at temperature 0 when two negatives tie in front of the positive."""

import math

from autograder.author import Exercise

HINTS = (
    "e to the loss is 1 + e^(0.3/t) + e^(0.3/t) + e^(-0.4/t) + e^(-1/t). Take the largest exponential out.",
    "l(t) - 0.3/t is the logarithm of that sum divided by e^(0.3/t). Which terms are left as t tends to 0?",
    "Two terms tend to 1 and the other three, the positive's among them, to 0.",
)
exercise = Exercise("limit_cold", number=True, hints={"values": HINTS})

exercise.accepted_number("logarithm", "math.log(2)")
exercise.accepted_number("numpy", "np.logaddexp(0, 0)")
exercise.accepted_number("tensor", "torch.tensor(2.0, dtype=torch.float64).log()")
exercise.wrong_number(
    "ln 3",
    math.log(3),
    belief="The positive takes part in the tie.",
    hints=("It lies 0.3 below the two leaders: what is e^(-0.3/t) for tiny t?",),
)
exercise.wrong_number(
    "0",
    0.0,
    belief="Nothing is left once the leading term is taken away.",
    hints=("One leader would leave nothing. How many are there?",),
)
exercise.wrong_number(
    "ln 5",
    math.log(5),
    belief="All candidates count at temperature 0.",
    hints=("ln 5 is the hot limit: there all five are alike.",),
)
exercise.wrong_number(
    "above chance",
    math.log(2) - math.log(5),
    belief="The loss is measured from its chance level.",
    hints=("No chance level is subtracted here: l(t) is the loss itself.",),
)
exercise.wrong_number(
    "1/2",
    0.5,
    belief="What is left is the share of one leader.",
    hints=("That share is 1/2; the loss is a logarithm.",),
)
exercise.wrong_number(
    "minus ln 2",
    -math.log(2),
    belief="A tie lowers the loss, or the negatives enter with their mean.",
    hints=("Two leaders add up *inside* the logarithm of the denominator, and nothing is divided by their number.",),
)
exercise.wrong_number(
    "0.3", 0.3, belief="The limit of t times the loss is asked for.", hints=("That is 0.3. What comes after 0.3/t?",)
)
exercise.wrong_number(
    "ln 4",
    math.log(4),
    belief="All negatives count at temperature 0.",
    hints=("A negative with cosine 0.2 lies 0.7 below the leaders: what is e^(-0.7/t) for tiny t?",),
)
exercise.wrong_number(
    "2",
    2.0,
    belief="What is left is the number of leaders.",
    hints=("Two leaders add up inside the logarithm of the denominator: the logarithm is still to be taken.",),
)
