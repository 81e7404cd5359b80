"""proof_fixed_kernel: gradient descent with a fixed kernel and real steps, the discrete form of Proposition 8.8."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_fixed_kernel",
    proof=Proof(
        needs={"A": "", "B": "EASJV", "D": "", "E": "DH", "H": "", "J": "", "Q": "B", "S": "", "V": ""},
        false={
            "F": (
                "A triplet pulls at least as hard as its loss, s >= l.",
                (
                    "Which one is larger at t = 0: sigma(0) or zeta(0)?",
                    "1/2 is below ln 2. From 1 - l <= e^{-l}: s <= l always.",
                    "A lower bound on s needs a factor, and a bound on the loss: line J.",
                ),
            ),
            "P": (
                "The sum of the squares is at least the square of the sum.",
                (
                    "Try two losses of 1.",
                    "2 is not at least 4: with numbers >= 0 it is the other way round.",
                    "Cauchy-Schwarz costs a factor n: line V.",
                ),
            ),
            "R": (
                "If the sum falls, each of its terms falls.",
                (
                    "The kernel couples the triplets: can a step for one make another one worse?",
                    "3 + 1 falls to 1 + 2, and the second term has risen.",
                    "b is the largest loss along the whole path; the start value of the *sum* would do as well.",
                ),
            ),
            "T": (
                "What the chain rule says about the flow holds for a step of any size.",
                (
                    "Which term of Taylor's formula is missing?",
                    "For a real step the curvature counts: the second-order term of line D.",
                    "The choice of nu keeps that term below half of the first-order one: line E.",
                ),
            ),
        },
        early={
            "E": (
                "The second-order term of the step needs no bound.",
                ("How does the norm of KG compare with G.KG?", "Put the lines D and H above E."),
            ),
            "B": (
                "It is enough that the gradient is not small.",
                (
                    "B compares with the square of the objective: which lines lead there from the gradient?",
                    "Gradient, then s_i, then losses, then their sum: S, A, J and V all stand above B.",
                ),
            ),
            "Q": (
                "One may sum over the steps before one has a step.",
                ("Q divides line B by a product: B stands above it.",),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with one step: Taylor's formula with the smoothness constant.",
            "Then bound G.KG from below, from the kernel to the gradient, to the s_i, to the losses, to their sum.",
            "Four lines are false: test each with two triplets, or with t = 0.",
        )
    },
)
