"""limit_cold: the limit of temperature times loss at temperature 0."""

from autograder.spec import Exercise

HINTS = (
    "t times ln(sum of e^(s/t)): which exponential rules when t is tiny?",
    "t ln(sum of e^(s_k/t)) tends to the largest s_k.",
    "Largest similarity among all four candidates, minus that of the positive.",
)
exercise = Exercise("limit_cold", number=True, hints={"values": HINTS})

exercise.accepted_number("difference", "max(0.6, 0.9, 0.2, -0.4) - 0.6")
exercise.accepted_number("decimal", "0.3")
exercise.accepted_number("numpy", "np.max([0.6, 0.9, 0.2, -0.4]) - 0.6")
exercise.wrong_number(
    "0", 0.0, belief="At low temperature the loss vanishes.", hints=("Not when a negative beats the positive.",)
)
exercise.wrong_number(
    "largest similarity", 0.9, belief="Only the log-sum-exp matters.", hints=("Subtract the positive's own term.",)
)
exercise.wrong_number(
    "sign", -0.3, belief="The loss is the positive's lead.", hints=("A loss is positive when a negative wins.",)
)
exercise.wrong_number(
    "lead over the mean", 0.6 - 0.325, belief="At low temperature the mean counts.", hints=("That is the hot limit.",)
)
