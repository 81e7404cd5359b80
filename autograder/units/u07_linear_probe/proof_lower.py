"""proof_lower: the loss of the spectral embedding from below. Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_lower",
    proof=Proof(
        needs={"C": "", "F": "", "H": "", "K": "", "B": "HC", "I": "FK", "E": "IB", "J": "E"},
        false={
            "A": (
                "A lost eigenvalue is at most the smallest of them.",
                (
                    "lambda_{r+1} is the first lost one. Are those after it smaller or larger?",
                    "Eigenvalues ascend: a bound from above on all of them needs the last one.",
                ),
            ),
            "D": (
                "All of the labels' length can be lost.",
                (
                    "Which coefficient has a constant labelling, and is that direction ever lost?",
                    "beta_1 is the mean label, and lambda_1 = 0 puts nothing into the energy: V is what is left of 1.",
                ),
            ),
            "G": (
                "Only the directions after the k-th are lost.",
                ("Four nodes with eigenvalues 0, 1.2, 1.4, 1.4 and k = 2: what is r, and which columns are zero?",),
            ),
            "M": (
                "Directions that are kept have no energy.",
                ("Two groups with a bridge, k = 2: nothing is lost. Is the cut 0?",),
            ),
        },
        early={
            "B": (
                "What is not lost is 1 minus the loss.",
                ("Two things are subtracted: what all directions but the first hold, and what the lost ones hold.",),
            ),
            "I": (
                "Eigenvalues may be put in before it is said what the sum of lambda_i beta_i^2 is.",
                ("It starts from a formula for 4 alpha, and needs two inequalities between eigenvalues.",),
            ),
            "E": (
                "A sum over directions may be replaced before it is known.",
                ("Which line turns the kept part into V - L, and which bounds 4 alpha by the two parts?",),
            ),
            "J": (
                "The claim is a line of the proof.",
                ("From which inequality with L on its right side does it follow?",),
            ),
        },
    ),
    hints={
        "values": (
            "Four lines use nothing but the lecture's propositions and the order of eigenvalues. Begin with those.",
            "Test doubtful lines on four nodes with eigenvalues 0, 1.2, 1.4, 1.4, and on two groups with a weak bridge.",
            "The kept part is V - L; 4 alpha is at most lambda_r times the kept part plus lambda_S times the lost one; solve.",
        )
    },
)
