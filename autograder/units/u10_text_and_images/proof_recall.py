"""proof_recall: recall at k is at least 1 - L / ln(k+1). Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_recall",
    proof=Proof(
        needs={"A": "", "C": "A", "E": "", "F": "CE", "H": "F", "D": "", "J": "", "K": "DHJ", "P": "K"},
        false={
            "B": (
                "A text that is missed is less likely than the average text.",
                (
                    "Two texts share almost everything, 0.6 and 0.4; 98 others get the rest. Is the second one missed at k = 1?",
                    "It is, with a probability far above 1/B. What is known is how many texts are at least as likely.",
                ),
            ),
            "G": (
                "A small loss and a good place are the same thing.",
                (
                    "Let all B scores of an image be nearly equal, its own text first. What is its loss?",
                    "About ln B, however good its place is. Only the other direction is true: a bad place costs.",
                ),
            ),
            "M": (
                "One bad image makes the mean loss large.",
                (
                    "By how much does one of a thousand images change the mean?",
                    "A missed image costs at least ln(k+1), but counts 1/B: weigh with the share that is missed.",
                ),
            ),
        },
        early={
            "C": (
                "Probabilities are in the order of the scores, so k + 1 of them are large.",
                ("Why are there k other texts with higher scores? That is what it means to be missed: A.",),
            ),
            "F": (
                "A text that is not among the first k has a probability of at most 1/(k+1), by its place alone.",
                ("k + 1 numbers are as large as p_ii, and what do all of them add up to? C and E stand above F.",),
            ),
            "H": (
                "A missed text costs ln(k+1) by definition.",
                ("-ln of what? A bound on its probability must stand above H.",),
            ),
            "K": (
                "The mean loss is at least the share that is missed times ln(k+1), whatever the other losses are.",
                (
                    "If found images could have a negative loss, would K be true?",
                    "K uses what a missed image costs (H), that a found one costs nothing or more (D), how many are missed (J).",
                ),
            ),
            "P": ("The claim is a line of the proof.", ("What is divided here? A line between L and 1 - R_k.",)),
        },
    ),
    hints={
        "values": (
            "What does it mean that a text is missed? Begin there, for a single image.",
            "Three lines are false. Try each with nearly equal scores, and with one missed image of 1000.",
            "Two threads meet in K: what a missed image costs, and that the others cost nothing or more.",
        )
    },
)
