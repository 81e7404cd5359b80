"""proof_repetitions: that counting a rival's repetitions is worth it. Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_repetitions",
    proof=Proof(
        needs={"D": "", "H": "", "A": "DH", "K": "", "F": "K", "C": "F", "J": "AC", "B": "", "G": "JB"},
        false={
            "E": (
                "Given their sum, every value of m is equally likely.",
                (
                    "Take t = 2: how many ways are there for m = 0, and how many for m = 1?",
                    "Each of the t draws is a collision or the rival, each with probability 1/2: that is a binomial law.",
                ),
            ),
            "I": (
                "m - n in {0, 1} leaves two values of m open.",
                (
                    "m - n = 2m - t has the parity of t. Which of 0 and 1 can it be?",
                    "t even: m - n = 0; t odd: m - n = 1. One value of m each time.",
                ),
            ),
            "L": (
                "m and n are independent.",
                ("Take N = 1: can one negative be a collision and the rival?",),
            ),
            "M": (
                "Given that it hits one of the two classes, a draw is a collision with probability 1/C.",
                ("There are only two classes left. Are they equally likely?",),
            ),
        },
        early={
            "A": (
                "One of several probabilities is always at least their average.",
                (
                    "Which of the t + 1 values of m is it, and why is that one the likeliest? Two lines above must say it.",
                ),
            ),
            "F": (
                "E[n/(1+m)] can be summed without an identity between the weights.",
                ("How does one get rid of the factor n/(1+m)? Look for the line about w(m, n).",),
            ),
            "C": (
                "The two parts of the minimum are known at once.",
                ("For n <= m the minimum is n/(1+m): which line says what its expectation is?",),
            ),
            "J": (
                "The two halves can be joined before both are there.",
                ("It needs the probability of m - n in {0, 1} from below, and its link with the minimum.",),
            ),
            "G": (
                "The claim follows from one inequality: one of the two that it joins need not be there.",
                ("It joins two inequalities: g below the minimum, and the minimum below theta_N.",),
            ),
        },
    ),
    hints={
        "values": (
            "Four lines need nothing: a law, a parity, an identity of weights, an inequality between numbers.",
            "Four lines are false. Test each candidate on N = 1 or on t = 2.",
            "Two threads: from the law of m given t to P(m - n in {0,1}), and from the weights to the mean of the minimum.",
        )
    },
)
