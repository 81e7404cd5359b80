"""proof_error: how often the mean classifier errs, from the contrastive loss. Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_error",
    proof=Proof(
        needs={"C": "", "K": "", "A": "K", "H": "AC", "E": "", "L": "E", "B": "", "F": "HLB"},
        false={
            "D": (
                "The loss ln(1 + e^(-v)) lies above the error indicator as it is.",
                (
                    "What are the two sides at v = 0?",
                    "ln 2 = 0.69 is below 1. In nats the loss must first be divided by something.",
                ),
            ),
            "G": (
                "In a collision positive and negative are exchangeable, so that m is negative half of the time.",
                (
                    "m is a number once c+, c- and x are fixed. Which number is it when c- = c+?",
                    "The margin v of two single points is positive half of the time; m, which has the class means in "
                    "it, is exactly 0.",
                ),
            ),
            "I": (
                "Jensen's inequality for a convex function puts the mean of the function below the function of the mean.",
                ("Try v = +10 and v = -10, each with probability 1/2.",),
            ),
            "J": (
                "Inside a task the class of the anchor has the law rho.",
                (
                    "Nature drew two different classes a and b, one for the anchor and one for the negative. In how many "
                    "ways could that happen, and how likely is each?",
                    "(a, b) and (b, a) both have probability rho_a rho_b: each class is the anchor's half of the time.",
                ),
            ),
        },
        early={
            "A": (
                "The mean of v may be used before it is known.",
                ("Jensen gives the function at the mean of v. Which line says what this mean is?",),
            ),
            "H": (
                "The loss bounds P(m <= 0) at once, without Jensen or without an inequality for the indicator.",
                (
                    "Two things are chained here: from v to m, and from the loss at m to the indicator of m <= 0. Are both "
                    "there?",
                ),
            ),
            "L": (
                "The share tau of the collisions may enter before it is known what m is in a collision.",
                ("Where does the summand collision come from: which line says that m <= 0 in every collision?",),
            ),
            "F": (
                "The last line needs fewer than three threads.",
                ("It puts together a bound on P(m <= 0), its split by collision, and what the split means for tasks.",),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with what needs nothing: what m is, and an inequality between two functions of one number.",
            "Four lines are false. Test each candidate at m = 0, or on a world of two classes with rho = (0.9, 0.1).",
            "Three threads meet in the last line: the loss bounds P(m <= 0); collisions split it; the rest is the error.",
        )
    },
)
