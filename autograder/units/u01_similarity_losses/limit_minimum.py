"""limit_minimum: the smallest value of NT-Xent without the positive in the denominator, for B = 4, temperature 0.5."""

import math

from autograder.author import Exercise

HINTS = (
    "Cosines are bounded, so this is a finite number, though it may be negative. Which steps of the proof of Theorem 1.11 "
    "still hold when 1 + ... leaves the logarithm?",
    "Steps 1 and 3 do not change, with ln 6 + x in place of ln(1 + 6 e^x): the same batch is best.",
    "The positive has cosine 1, six negatives -1/3: ln of six equal terms, minus the score of the positive.",
)
exercise = Exercise("limit_minimum", number=True, hints={"values": HINTS})

exercise.accepted_number("formula", "math.log(6) - 4 / (3 * 0.5)")
exercise.accepted_number("logarithm of six terms", "np.log(6 * np.exp(-2 / 3)) - 2")
exercise.accepted_number("tensor", "torch.full((6,), -2 / 3, dtype=torch.float64).logsumexp(0) - 2")
exercise.wrong_number(
    "the positive kept",
    math.log(1 + 6 * math.exp(-8 / 3)),
    belief="The positive is in the denominator.",
    hints=("It is in NT-Xent's. The program in question leaves it out.",),
)
exercise.wrong_number(
    "opposite vectors",
    math.log(6) - 4,
    belief="All negatives can be opposite to the anchor at once.",
    hints=("If two negatives are both opposite to the anchor, what is the cosine between them?",),
)
exercise.wrong_number(
    "orthogonal vectors",
    math.log(6) - 2,
    belief="The best arrangement is orthogonal.",
    hints=("Can four vectors have negative cosines with each other?",),
)
exercise.wrong_number("0", 0.0, belief="A loss is at least 0.", hints=("Which term of (1.4) makes it positive?",))
exercise.wrong_number(
    "all views apart",
    math.log(6) - 16 / 7,
    belief="The smallest common cosine of the negatives is -1/(2B - 1), as in a simplex of 2B points.",
    hints=("The two views of an image want to coincide: B points with cosines -1/(B-1), each taken twice.",),
)
exercise.wrong_number(
    "B - 1 negatives",
    math.log(3) - 8 / 3,
    belief="An anchor has B - 1 negatives.",
    hints=("Both views of the other images are negatives: 2(B - 1).",),
)
exercise.wrong_number(
    "mean over the negatives",
    -8 / 3,
    belief="The negatives enter the denominator with their mean.",
    hints=("Their exponentials are added: six equal terms give ln 6.",),
)
exercise.wrong_number(
    "temperature 1, or cosine +1/3",
    math.log(6) - 4 / 3,
    belief="The temperature does not matter, or different images have cosine +1/3.",
    hints=("The scores are cosines over 0.5, and different images have cosine -1/3: it helps to push them apart.",),
)
exercise.wrong_number(
    "times the temperature",
    math.log(6) - 2 / 3,
    belief="The score of the positive, or the temperature's place under the cosine, can be left out.",
    hints=("ln 6 - 2/3 is what the negatives give. Subtract the positive's score, 1/0.5.",),
)
exercise.wrong_number(
    "collapse",
    math.log(6),
    belief="All cosines are equal where the loss is smallest.",
    hints=("Positives want a large cosine, negatives a small one: 1 and -1/3 are possible together.",),
)
exercise.wrong_number(
    "seven terms",
    math.log(7) - 8 / 3,
    belief="The denominator still has 2B - 1 terms.",
    hints=("Of the 2B - 1 other views the positive is left out: 2B - 2 are negatives.",),
)
exercise.wrong_number(
    "2B terms",
    math.log(8) - 8 / 3,
    belief="The denominator runs over all 2B views.",
    hints=("Neither the anchor nor its positive is a negative: 2B - 2 terms are left.",),
)
exercise.wrong_number(
    "cosine -1/B",
    math.log(6) - 2.5,
    belief="The smallest common cosine of B images is -1/B.",
    hints=("The square of the sum of B unit vectors is B + B(B - 1)c: which c makes it 0?",),
)
exercise.wrong_number(
    "no logarithm",
    6 * math.exp(-8 / 3),
    belief="The loss is the denominator over the numerator.",
    hints=("It is the logarithm of that quotient.",),
)
exercise.wrong_number(
    "base 2",
    (math.log(6) - 8 / 3) / math.log(2),
    belief="The logarithm has base 2.",
    hints=("Nats: the natural logarithm.",),
)
