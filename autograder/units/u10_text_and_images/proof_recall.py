"""proof_recall: recall at k is at least 1 - L / ln(k+1). Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_recall",
    proof=Proof(
        needs={"F": "", "B": "F", "H": "", "C": "BH", "M": "C", "E": "", "K": "", "A": "EKM", "D": "A"},
        false={
            "G": (
                "A text that is missed is less likely than the average text.",
                (
                    "Two texts share almost everything, 0.6 and 0.4; 98 others get the rest. Is the second one missed at k = 1?",
                    "It is, with a probability far above 1/B. What is known is how many texts are at least as likely.",
                ),
            ),
            "J": (
                "A small loss and a good place are the same thing.",
                (
                    "Let all B scores of an image be nearly equal, its own text first. What is its loss?",
                    "About ln B, however good its place is. Only the other direction is true: a bad place costs.",
                ),
            ),
            "P": (
                "One bad image makes the mean loss large.",
                (
                    "By how much does one of a thousand images change the mean?",
                    "A missed image costs at least ln(k+1), but counts 1/B: weigh with the share that is missed.",
                ),
            ),
        },
        early={
            "B": (
                "Probabilities are in the order of the scores, so k + 1 of them are large.",
                ("Why are there k other texts with higher scores? That is what it means to be missed: F.",),
            ),
            "C": (
                "A text that is not among the first k has a probability of at most 1/(k+1), by its place alone.",
                ("k + 1 numbers are as large as p_ii, and what do all of them add up to? B and H stand above C.",),
            ),
            "M": (
                "A missed text costs ln(k+1) by definition.",
                ("-ln of what? A bound on its probability must stand above M.",),
            ),
            "A": (
                "The mean loss is at least the share that is missed times ln(k+1), whatever the other losses are.",
                (
                    "If found images could have a negative loss, would A be true?",
                    "A uses what a missed image costs (M), that a found one costs nothing or more (E), how many are missed (K).",
                ),
            ),
            "D": ("The claim is a line of the proof.", ("What is divided here? A line between L and 1 - R_k.",)),
        },
    ),
    hints={
        "values": (
            "What does it mean that a text is missed? Begin there, for a single image.",
            "Three lines are false. Try each with nearly equal scores, and with one missed image of 1000.",
            "Two threads meet in A: what a missed image costs, and that the others cost nothing or more.",
        )
    },
)
