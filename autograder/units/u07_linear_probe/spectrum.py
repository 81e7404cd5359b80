"""Slips that both bounds of unit 07 on the probe's loss share: which eigenvalues are taken, and what no bound is."""

import numpy as np

from autograder.author import Exercise
from autograder.units.u07_linear_probe.theorems import refused


def slips_of_the_spectrum(exercise: Exercise) -> None:
    """The formula has the knobs `matrix`, whose eigenvalues are taken, and `infinite`, where there is no bound."""
    exercise.slip("equal masses", matrix=lambda joint: np.eye(len(joint)) - len(joint) * joint).says(
        "All masses are 1/S, so that the eigenvalues are those of I - S P.",
        "Right on regular graphs, as in the lecture's examples. Are the masses equal here?",
        "Each entry is divided by the square roots of its own two masses.",
        "np.linalg.eigvalsh(laplacian(joint)).",
    )
    exercise.slip(
        "eigh of a matrix that is not symmetric",
        matrix=lambda joint: np.eye(len(joint)) - joint / joint.sum(axis=1)[:, None],
    ).says(
        "eigh finds the eigenvalues of I - D^-1 P too.",
        "Is I - D^-1 P symmetric when masses differ? What does eigh do with the upper triangle?",
        "It never reads it. I - D^-1 P has the right eigenvalues, but eigh is for symmetric matrices.",
        "np.linalg.eigvalsh(laplacian(joint)).",
    )
    exercise.slip("an error where there is no bound", infinite=refused).says(
        "Where no bound is possible the call is a bad one, and raises ValueError.",
        "What does the question say is returned there?",
        "Infinity: a true bound, though an empty one. (In the ladder, question 10, it is an error.)",
        "return math.inf",
    )
