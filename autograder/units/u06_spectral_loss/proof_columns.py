"""proof_columns: E_pos^2 <= k E_neg, whatever the embedding. Which line needs which."""

from autograder.author import Exercise, Proof

exercise = Exercise(
    "proof_columns",
    proof=Proof(
        needs={"H": "", "I": "", "L": "HI", "D": "", "C": "D", "B": "D", "A": "D", "G": "LCBA"},
        false={
            "E": (
                "The second expectation of the loss is the square of a mean.",
                (
                    "A mean of squares and a square of a mean: which one stands in the loss?",
                    "Each inner product is squared first. What is then the sum of all squared entries of F F^T?",
                ),
            ),
            "F": (
                "The square of a sum is at most the sum of the squares.",
                ("Try two equal numbers.", "(1 + 1)^2 = 4, and 1 + 1 = 2. Cauchy and Schwarz say by how much at most."),
            ),
            "J": (
                "A positive pair has a positive inner product on average, whatever the embedding.",
                (
                    "Take the graph of one edge without loops, and f = +1 and -1 at its ends.",
                    "The claim is about every graph and every embedding: both signs must be bounded.",
                ),
            ),
            "K": (
                "The eigenvalues of F F^T are those of the adjacency.",
                (
                    "Multiply f by 10. What becomes of the mu_j?",
                    "Only at a minimiser are they eigenvalues of the adjacency. The embedding here is any.",
                ),
            ),
        },
        early={
            "L": (
                "One of the two signs is enough to bound an absolute value.",
                ("Which line bounds E_pos from above, and which one from below?",),
            ),
            "C": ("The numbers mu_j need no introduction.", ("Which line says what mu_1, ..., mu_k are?",)),
            "B": ("The numbers mu_j need no introduction.", ("Which line says what mu_1, ..., mu_k are?",)),
            "A": ("The numbers mu_j need no introduction.", ("Which line says what mu_1, ..., mu_k are?",)),
            "G": (
                "The claim is a line of the proof.",
                ("It chains three relations: E_pos against E_p|f|^2, that against the mu_j, and these against E_neg.",),
            ),
        },
    ),
    hints={
        "values": (
            "Begin with what needs nothing: a square is not negative, or what the mu_j are.",
            "Four lines are false. Test each candidate on one edge without loops, or with f multiplied by 10.",
            "Two threads meet in the last line: E_pos is at most the mean squared length of a row, and that length and "
            "E_neg are two sums over the same k numbers.",
        )
    },
)
