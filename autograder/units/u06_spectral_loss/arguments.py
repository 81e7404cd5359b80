"""What the arguments of unit 06 must be: a graph, a matrix with a row for each node, a number of columns."""

import numpy as np

from autograder.author import count, joint_law, needs

GRAPH = joint_law("joint", symmetric=True)
COLUMNS = (count("k", "k", -1, 2.5), needs("k <= len(joint)", {"k = 5 on four nodes": {"k": 5}}))


def rows(name):
    """Beside a joint (S, S), a finite matrix (S, k) with k >= 1."""
    return needs(
        f"{name}.ndim == 2 and len({name}) == len(joint) and abs({name}).max() < float('inf')",
        {
            f"{name} with a row too few": {name: lambda rows: rows[:-1]},
            f"{name} with a row too many": {name: lambda rows: np.vstack([rows, rows[:1]])},
            f"{name} with a single row": {name: lambda rows: rows[:1]},
            f"{name} of shape (S,)": {name: lambda rows: rows[:, 0]},
            f"NaN in {name}": {name: lambda rows: np.where(np.eye(*rows.shape) > 0, np.nan, rows)},
        },
    )
