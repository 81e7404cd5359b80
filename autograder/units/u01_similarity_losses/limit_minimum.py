"""limit_minimum: the smallest value of nt_xent for B = 4, temperature 0.5."""

import math

from autograder.spec import Exercise

HINTS = (
    "The two views of an image coincide, cosine 1. How far apart can B unit vectors be from each other, all at once?",
    "B unit vectors with equal pairwise cosines can reach -1/(B - 1): the regular simplex.",
    "One candidate with cosine 1, 2(B - 1) = 6 with cosine -1/3; insert into the loss.",
)
exercise = Exercise("limit_minimum", number=True, hints={"values": HINTS})

exercise.accepted_number("formula", "math.log(1 + 2 * 3 * math.exp(-4 / (3 * 0.5)))")
exercise.accepted_number("log-sum-exp", "np.logaddexp(2.0, np.log(6) - 2 / 3) - 2.0")
exercise.accepted_number("log1p", "torch.log1p(6 * torch.tensor(-8 / 3, dtype=torch.float64).exp())")
exercise.wrong_number(
    "opposite vectors",
    math.log(1 + 6 * math.exp(-4)),
    belief="All negatives can be opposite to the anchor at once.",
    hints=("If two negatives are both opposite to the anchor, what is the cosine between them?",),
)
exercise.wrong_number(
    "orthogonal vectors",
    math.log(1 + 6 * math.exp(-2)),
    belief="The best arrangement is orthogonal.",
    hints=("Can four vectors have negative cosines with each other?",),
)
exercise.wrong_number("0", 0.0, belief="The loss can reach 0.", hints=("The negatives' exponentials never vanish.",))
exercise.wrong_number(
    "B - 1 negatives",
    math.log(1 + 3 * math.exp(-8 / 3)),
    belief="An anchor has B - 1 negatives.",
    hints=("Both views of the other images are negatives: 2(B - 1).",),
)
