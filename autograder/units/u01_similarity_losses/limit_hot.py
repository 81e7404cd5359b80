"""limit_hot: the first-order term of the loss at infinite temperature."""

from autograder.spec import Exercise

HINTS = (
    "Expand e^(s/t) = 1 + s/t + ... for large t, with K = 4 candidates.",
    "ln(sum of e^(s_k/t)) = ln K + (mean of s_k)/t + ...",
    "Mean similarity of all four candidates, minus that of the positive.",
)
exercise = Exercise("limit_hot", number=True, hints={"values": HINTS})

exercise.accepted_number("mean", "(0.6 + 0.9 + 0.2 - 0.4) / 4 - 0.6")
exercise.accepted_number("numpy", "np.mean([0.6, 0.9, 0.2, -0.4]) - 0.6")
exercise.accepted_number("decimal", "-0.275")
exercise.wrong_number(
    "mean of the negatives",
    (0.9 + 0.2 - 0.4) / 3 - 0.6,
    belief="The mean runs over the negatives only.",
    hints=("The positive stands in the sum too: four candidates.",),
)
exercise.wrong_number(
    "0", 0.0, belief="At infinite temperature nothing is left.", hints=("Multiply by t before the limit.",)
)
exercise.wrong_number(
    "sign", 0.275, belief="The loss rises with the positive's lead.", hints=("Check the sign of the positive's term.",)
)
exercise.wrong_number(
    "mean only", 0.325, belief="Only the log-sum-exp matters.", hints=("Subtract the positive's own term.",)
)
