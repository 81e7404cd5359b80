"""limit_hot: the second-order term of the loss at infinite temperature."""

import numpy as np

from autograder.author import Exercise

HINTS = (
    "With b = 1/t the loss is ln(sum of e^(b c_j)) - b c_0: expand it at b = 0 up to b^2.",
    "The second term does not bend. What is the second derivative of ln(sum of e^(b c_j)) at b = 0, where all weights are "
    "equal?",
    "It is the variance of the four cosines (Step 1 of the proof of Proposition 1.14); Taylor's formula halves it.",
)
COSINES = np.array([0.6, 0.9, 0.2, -0.4])
exercise = Exercise("limit_hot", number=True, hints={"values": HINTS})

exercise.accepted_number("half a variance", "np.var([0.6, 0.9, 0.2, -0.4]) / 2")
exercise.accepted_number("moments", "((0.36 + 0.81 + 0.04 + 0.16) / 4 - 0.325**2) / 2")
exercise.accepted_number("decimal", "0.1184375")
exercise.wrong_number(
    "a whole variance",
    float(COSINES.var()),
    belief="The coefficient of b^2 is the second derivative.",
    hints=("Taylor: the second derivative stands over 2.",),
)
exercise.wrong_number(
    "minus half a variance",
    -float(COSINES.var()) / 2,
    belief="The logarithm is concave, so the second order is negative.",
    hints=("The logarithm of a sum of exponentials is convex in b: its second derivative is a variance.",),
)
exercise.wrong_number(
    "sample variance",
    float(COSINES.var(ddof=1)) / 2,
    belief="A variance divides by one less than the number of values, or by the number of negatives.",
    hints=("Here it is the variance of a law with four equal weights: divide by 4.",),
)
exercise.wrong_number(
    "half the second moment",
    float((COSINES**2).mean()) / 2,
    belief="The square of the mean plays no part.",
    hints=("The logarithm bends too: ln(1 + x) = x - x^2/2.",),
)
exercise.wrong_number(
    "second moment of the margins",
    float(((COSINES - 0.6) ** 2).mean()) / 2,
    belief="The second order measures distances from the positive.",
    hints=("Subtract the square of the mean margin: a variance does not see where the positive is.",),
)
exercise.wrong_number(
    "the bound",
    1.3**2 / 8,
    belief="The bound R^2/8 of Proposition 1.14 is the coefficient.",
    hints=("The bound is for the worst cosines with range R. Yours are given: compute their variance.",),
)
exercise.wrong_number(
    "negatives only",
    float(COSINES[1:].var()) / 2,
    belief="The variance runs over the negatives only.",
    hints=("The positive stands in the sum too: four candidates.",),
)
exercise.wrong_number(
    "first order",
    float(COSINES.mean()) - 0.6,
    belief="The first order is asked for.",
    hints=("That is c_1. Which term comes after it?",),
)
exercise.wrong_number(
    "half a square",
    float(COSINES.mean() - 0.6) ** 2 / 2,
    belief="The second order is half the square of the first.",
    hints=("That would be so if the loss were e^(c_1/t). Expand the exponentials inside the sum, then the logarithm.",),
)
exercise.wrong_number(
    "not weighted",
    4 * float(COSINES.var()) / 2,
    belief="The squares of the candidates add up.",
    hints=("The sum of exponentials is divided by N + 1 to give ln(N + 1) its place: a mean of squares, not a sum.",),
)
exercise.wrong_number(
    "the logarithm bent twice",
    float(((COSINES - 0.6) ** 2).mean()) / 2 - float(COSINES.mean() - 0.6) ** 2,
    belief="ln(1 + x) is x - x^2 + ...",
    hints=("ln(1 + x) = x - x^2/2 + ...",),
)
exercise.wrong_number(
    "the logarithm bent twice, cosines",
    float((COSINES**2).mean()) / 2 - float(COSINES.mean()) ** 2,
    belief="ln(1 + x) is x - x^2 + ...",
    hints=("ln(1 + x) = x - x^2/2 + ...",),
)
exercise.wrong_number(
    "the logarithm bent upwards",
    float(((COSINES - 0.6) ** 2).mean()) / 2 + float(COSINES.mean() - 0.6) ** 2 / 2,
    belief="ln(1 + x) is x + x^2/2 + ...",
    hints=("ln(1 + x) = x - x^2/2 + ...",),
)
exercise.wrong_number(
    "standard deviation",
    float(COSINES.std()) / 2,
    belief="The second order is half the standard deviation.",
    hints=("A standard deviation grows like the cosines; the coefficient of 1/t^2 grows like their square.",),
)
exercise.wrong_number(
    "a whole sample variance",
    float(COSINES.var(ddof=1)),
    belief="The coefficient of b^2 is the second derivative, with a variance that divides by N.",
    hints=("Taylor: the second derivative stands over 2, and all four weights are 1/4.",),
)
exercise.wrong_number(
    "0",
    0.0,
    belief="The loss is linear in 1/t.",
    hints=("Its second derivative in 1/t is a variance, and the cosines are not all equal.",),
)
