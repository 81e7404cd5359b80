"""proof_alternating: alternating normalisation makes the columns right, at a rate that the start decides."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_alternating",
    proof=Proof(
        needs={"A": "L", "B": "N", "C": "", "E": "CH", "G": "B", "H": "", "L": "", "N": "EA", "S": "G"},
        false={
            "D": (
                "A row step leaves the column sums as they are.",
                (
                    "Multiply the first row of a 2 x 2 matrix by 2: what happens to its columns?",
                    "Each entry of a column is multiplied by another number. If D were true, one round would be enough.",
                ),
            ),
            "M": (
                "Every round halves the error of the columns.",
                (
                    "From which line would the factor 1/2 come?",
                    "How fast it goes depends on the scores and on epsilon: the proof bounds a sum of errors, not each one.",
                ),
            ),
            "R": (
                "The mean of ln(c_k / c_k(Q)) under P uses the column sums of Q.",
                (
                    "Sum over i first: of which matrix is it the column sum that stands before the logarithm?",
                    "P_ik is what multiplies the logarithm, and the columns of P sum to c_k: line H.",
                ),
            ),
        },
        early={
            "E": (
                "The divergence of the columns needs no calculation.",
                ("What is KL(P||Q) - KL(P||Q'), written as one sum?", "C gives the sum, H sums over i: both above E."),
            ),
            "A": (
                "The row step needs no look at the matrix that it is given.",
                (
                    "KL(r||r(Q')) is not negative if r(Q') is a law. Is its total 1?",
                    "Line L says so: it stands above A.",
                ),
            ),
            "N": (
                "A whole round is one step.",
                ("A round is a column step and a row step: which lines say what they do?", "E and A stand above N."),
            ),
            "B": (
                "One may sum over the rounds before one has a round.",
                ("Of which inequality is B the sum over t?", "N stands above B."),
            ),
            "G": (
                "The mean of the errors needs no bound on their sum.",
                ("G divides a sum by T: which line bounds that sum?", "B stands above G."),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with one column step: what does it change in KL(P||Q)?",
            "Then the row step, which may only help; then a round, the sum over rounds, the smallest term, and last a distance.",
            "Three lines are false: try each on a 2 x 2 matrix.",
        )
    },
)
