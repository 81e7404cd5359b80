"""proof_processing: the data processing inequality by InfoNCE, from critics on codes to the limit of many negatives."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_processing",
    proof=Proof(
        needs={"H": "", "C": "", "M": "HC", "E": "M", "B": "", "R": "BM", "D": "R", "K": "", "G": "DKE"},
        false={
            "A": (
                "Whatever a critic of y says can be said by a critic of its code.",
                (
                    "Let g map everything to one code. Which critics are left?",
                    "Only those that say the same of all y. Which direction does hold?",
                    "Every critic on codes gives one on y: line H.",
                ),
            ),
            "F": (
                "An encoder leaves the density ratio as it is.",
                (
                    "Let g map everything to one code. What is r' then?",
                    "It is 1; r is a fresh function of y, r' an average of r over the y with one code.",
                    "The proof compares losses, and needs no formula for r'.",
                ),
            ),
            "L": (
                "What has the smaller lower bound is smaller.",
                (
                    "3 is at least 1, and 2 is at least 1.5. Which of 3 and 2 is smaller?",
                    "Lower bounds order what they bound only where they are tight. When are these tight?",
                    "As N tends to infinity: line K.",
                ),
            ),
            "P": (
                "A negative must differ from the positive.",
                (
                    "What does the definition of the loss say about a negative that equals the positive?",
                    "It stays in the denominator: negatives are drawn whatever the positive is.",
                    "Line C says how the codes of the negatives are distributed, and that is all.",
                ),
            ),
        },
        early={
            "M": (
                "The loss of a critic depends on the critic alone.",
                (
                    "Which laws stand in the two losses of line M, and which critic is s?",
                    "The negatives of (x, z) must have the law of z: C, and s must be named: H, both above M.",
                ),
            ),
            "E": (
                "The best critic of the codes is a critic of y without more ado.",
                ("E is line M for one t: M stands above it.",),
            ),
            "R": (
                "The best critic of the codes can be compared with the best critic of y directly.",
                (
                    "Which critic on (x, y) stands between the two?",
                    "The one that line M makes of ln r'; and line B says that ln r is not worse. Both stand above R.",
                ),
            ),
            "D": (
                "The bounds can be compared before the losses are.",
                ("D is ln(N+1) minus both sides of a line that must stand above it: R.",),
            ),
            "G": (
                "The claim may stand before the proof is complete.",
                ("G is the limit of line D by means of line K, and the last line: all others stand above it.",),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with what an arbitrary critic on codes says about y itself.",
            "Then compare losses, first for one critic, then for the best ones; then bounds; the limit comes last.",
            "Four lines are false: test each with an encoder that maps everything to one code.",
        )
    },
)
