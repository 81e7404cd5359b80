"""proof_per_negative: the loss per negative does not rise, line by line."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_per_negative",
    proof=Proof(
        needs={
            "H": "",
            "D": "",
            "M": "D",
            "K": "H",
            "F": "HM",
            "B": "KF",
            "E": "H",
            "I": "BE",
            "A": "I",
        },
        false={
            "C": (
                "The expectation of a logarithm is the logarithm of the expectation.",
                (
                    "Jensen compares the two. Are they equal when S_N scatters?",
                    "For a concave function E ln S <= ln E S, strictly unless S is constant: the line claims equality.",
                ),
            ),
            "G": (
                "The loss with N negatives is the sum of N logistic losses.",
                (
                    "Try y = 1 for all: S_2 = 3. What does the line say it is?",
                    "ln(S + y) is not ln S + ln(1 + y): the sum stands inside the logarithm. Proposition 1.4 (a) has <=.",
                ),
            ),
            "J": (
                "An equal addition counts for more when it is added to more.",
                (
                    "Compare ln 2 - ln 1 with ln 3 - ln 2.",
                    "The logarithm gets flatter: the inequality goes the other way round.",
                ),
            ),
            "L": (
                "The loss is at its chance level when the negatives are alike.",
                (
                    "That the negatives have one law says nothing about the positive.",
                    "ln(N+1) needs equal *scores*, the positive's included; an encoder that is any good has less.",
                ),
            ),
        },
        early={
            "F": (
                "Expectations can be compared before the numbers are.",
                (
                    "Which inequality holds for every s, x and y? F takes its expectation: it must stand above, and so must S_N.",
                ),
            ),
            "B": (
                "The concavity of the logarithm says all about the increments of L_N.",
                ("F has E ln(S_N + y_{N+2}) in it. Which line says what that is?",),
            ),
            "K": (
                "The law of S_N + y_{N+2} can be told before S_N has a meaning.",
                ("K uses S_N, y_{N+1} and y_{N+2}. Which line says what they are?",),
            ),
            "E": (
                "L_N is the sum of its increments whatever L_N is.",
                ("E says that S_0 = 1. Which line says what S_N is, and what it has to do with L_N?",),
            ),
            "A": (
                "The claim needs no comparison of L_N with its next increment.",
                ("Divide what by N(N+1)? The inequality that A rearranges must stand above it.",),
            ),
            "I": (
                "The last increment is the smallest one by itself.",
                ("Two things are used here: that L_N is a sum of increments, and that they do not grow.",),
            ),
            "M": (
                "The inequality between the logarithms needs no reason.",
                ('"Hence" refers to an inequality between two fractions.',),
            ),
        },
    ),
    hints={
        "values": (
            "The proof has three parts: the increments do not grow; L_N is the sum of its increments; so it is at least N times "
            "the next one.",
            "Begin with the names (y_j and S_N) and with the inequality between fractions, in either order.",
            "After the inequality between logarithms come its expectation, and the law of S_N + y_{N+2}; together they "
            "compare two increments.",
        )
    },
)
