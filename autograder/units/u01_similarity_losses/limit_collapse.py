"""limit_collapse: nt_xent when 32 images fall onto four orthogonal directions, eight images on each, at temperature 0.5."""

import math

from autograder.author import Exercise

HINTS = (
    "All anchors are alike. With which cosines does one of them see its 63 candidates?",
    "Its own direction holds 16 views: itself, its positive, and 14 negatives. The other 48 are orthogonal.",
    "Put 15 candidates with cosine 1 and 48 with cosine 0 into the loss, scores cosine / 0.5.",
)
exercise = Exercise("limit_collapse", number=True, hints={"values": HINTS})

exercise.accepted_number("logarithm", "math.log(15 + 48 * math.exp(-2))")
exercise.accepted_number("numpy", "np.logaddexp(np.log(15) + 2, np.log(48)) - 2")
exercise.accepted_number("tensor", "torch.log(15 + 48 * torch.tensor(-2.0, dtype=torch.float64).exp())")
exercise.wrong_number(
    "the anchor counted",
    math.log(16 + 48 * math.exp(-2)),
    belief="The anchor is one of its own candidates.",
    hints=("An anchor is not compared with itself.",),
)
exercise.wrong_number(
    "the positive not counted",
    math.log(14 + 48 * math.exp(-2)),
    belief="The denominator runs over the negatives only.",
    hints=("The positive stands in the denominator too.",),
)
exercise.wrong_number(
    "the other view only",
    math.log(8 + 24 * math.exp(-2)),
    belief="Only rows of the other view are candidates.",
    hints=("All other views are candidates: 2B - 1.",),
)
exercise.wrong_number(
    "full collapse",
    math.log(63),
    belief="The loss of a half collapse is that of a full one.",
    hints=("48 of the candidates are not on the anchor's direction: their cosine is 0.",),
)
exercise.wrong_number(
    "orthogonal views left out",
    math.log(15),
    belief="Candidates that are orthogonal to the anchor do not count.",
    hints=("A candidate with score 0 adds e^0 = 1 to the denominator.",),
)
exercise.wrong_number(
    "one image to a direction",
    math.log(1 + 62 * math.exp(-2)),
    belief="All negatives are orthogonal to the anchor.",
    hints=("Seven other images, fourteen views, lie on the anchor's own direction.",),
)
exercise.wrong_number(
    "times the temperature",
    math.log(15 + 48 * math.exp(-0.5)),
    belief="The scores are the cosines times the temperature.",
    hints=("The scores are the cosines *over* the temperature: 1/0.5 = 2.",),
)
exercise.wrong_number(
    "no temperature",
    math.log(15 + 48 * math.exp(-1)),
    belief="The value of a collapse does not depend on the temperature.",
    hints=("Of a full collapse: all scores are equal then. Here there are two different cosines, 1 and 0.",),
)
exercise.wrong_number(
    "opposite directions",
    math.log(15 + 48 * math.exp(-4)),
    belief="Orthogonal vectors have cosine -1.",
    hints=("Their cosine is 0.",),
)
exercise.wrong_number(
    "the positive's score not subtracted",
    math.log(15 * math.exp(2) + 48),
    belief="The loss is the logarithm of the denominator.",
    hints=("The numerator is e^2: its logarithm is subtracted.",),
)
exercise.wrong_number(
    "base 2",
    math.log2(15 + 48 * math.exp(-2)),
    belief="The logarithm has base 2.",
    hints=("Nats: the natural logarithm.",),
)
exercise.wrong_number(
    "the other images of the direction left out",
    math.log(1 + 48 * math.exp(-2)),
    belief="An image that falls onto the direction of the anchor is no negative any more.",
    hints=("Only the other view of its own image is its positive: the 14 other views there stay in the denominator.",),
)
exercise.wrong_number(
    "one view of each image",
    math.log(7 + 24 * math.exp(-2)),
    belief="Each image is one candidate.",
    hints=("Both views of each image are in the batch: 2B - 1 = 63 candidates.",),
)
exercise.wrong_number(
    "one image for a direction",
    math.log(1 + 6 * math.exp(-2)),
    belief="Images on one direction count once.",
    hints=("Eight images there are sixteen views, and each of them adds its own exponential.",),
)
exercise.wrong_number(
    "a simplex",
    math.log(15 + 48 * math.exp(-8 / 3)),
    belief="Four orthogonal directions have cosine -1/3 with each other.",
    hints=("That is the tetrahedron of Theorem 1.11. Orthogonal vectors have cosine 0.",),
)
exercise.wrong_number(
    "all positives",
    math.log(1 + 48 / 15 * math.exp(-2)),
    belief="All views on the direction of the anchor are its positives.",
    hints=("The numerator has one positive only, the other view of the same image.",),
)
exercise.wrong_number(
    "the smallest value",
    math.log(1 + 62 * math.exp(-64 / 31)),
    belief="This batch has the smallest NT-Xent that there is.",
    hints=("Theorem 1.11 wants all cosines of different images equal. Here some are 1 and some 0.",),
)
exercise.wrong_number(
    "no logarithm",
    15 + 48 * math.exp(-2),
    belief="The loss is the denominator over the numerator.",
    hints=("It is the logarithm of that quotient.",),
)
