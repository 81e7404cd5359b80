"""proof_floor: the floored loss is wrong by sqrt(Var) / (A + b) at most. Which line needs which."""

from autograder.author import Exercise, Proof

TARGET = ("Which of your lines says that the true mass is at least b?", "D must stand above it.")

exercise = Exercise(
    "proof_floor",
    proof=Proof(
        needs={"D": "", "H": "", "A": "", "B": "D", "J": "DH", "K": "A", "E": "BJ", "C": "EK"},
        false={
            "F": (
                "The floor leaves the estimate of the mass unbiased.",
                (
                    "max(b, m) is m or more. When is its mean the mean of m?",
                    "The floor raises some draws and lowers none: the mean goes up as soon as one draw is below b.",
                ),
            ),
            "G": (
                "An estimate that is right on average makes no error on average.",
                (
                    "Toss a coin for +1 or -1: what is the mean, and what the mean of the absolute value?",
                    "Errors of both signs cancel in the mean, not in the mean of |error|. What bounds that one?",
                ),
            ),
            "I": (
                "Jensen's sign holds for the floored loss too.",
                (
                    "Jensen compares with ln(1 + E max(b, M)/A). Is that mean the true mass?",
                    "The floor pushes the mass up, the logarithm pulls the loss down: neither sign is sure.",
                ),
            ),
            "L": (
                "The estimate is at least b by itself.",
                (
                    "The estimate is a difference. What is its smallest value?",
                    "Below b the slope of the logarithm is larger than 1/(A + b), and below -A there is no logarithm.",
                ),
            ),
        },
        early={
            "B": ("b lies between any estimate below it and the true mass, whatever the true mass is.", TARGET),
            "J": (
                "The slope of ln(A + y) is at most 1/(A + b) everywhere.",
                (
                    "Where is the slope of ln(A + y) larger than 1/(A + b)?",
                    "It needs the bound for numbers from b on, and that both numbers are: H and D stand above J.",
                ),
            ),
            "K": (
                "The mean squared error of any estimate is its variance.",
                (
                    "The variance is the mean square around the estimate's own mean. Why is that mean the true mass?",
                    "A must stand above K.",
                ),
            ),
            "E": (
                "The error of the loss follows from the floor, or from the slope, alone.",
                ("Two steps: from the loss to the floored mass, and from the floored mass to the estimate: J and B.",),
            ),
            "C": (
                "The claim is a line of the proof.",
                ("It joins two bounds: one for every draw, and one on the mean error of the mass.",),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with what needs nothing: the smallest cosine, the slope of a logarithm, or what (5.3) gives.",
            "Four lines are false. Try each with one estimate far below 0, or with a coin that is right on average.",
            "Two threads meet in C: for every draw, from the loss to the mass and from the floored to the raw mass; and on "
            "average, from the mean error to the variance.",
        )
    },
)
