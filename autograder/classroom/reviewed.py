"""What a human has graded stays graded when the very same file is graded again.

nbgrader asks for a new look at every cell with points given by hand, whatever was changed: after a corrected check, at each
derivation of the class. Only a new file of the student's is a reason to look again.
"""

from __future__ import annotations


def reviewed(gradebook, unit: str, student: str) -> list[str]:
    """The cells of this submission that a human has given points to, and that wait for nobody."""
    from nbgrader.api import MissingEntry

    try:
        notebook = gradebook.find_submission_notebook(unit, unit, student)
    except MissingEntry:
        return []
    return [grade.name for grade in notebook.grades if grade.manual_score is not None and not grade.needs_manual_grade]


def keep_reviewed(gradebook, unit: str, student: str, names: list[str]) -> None:
    """Take back nbgrader's flag from these cells; nothing is committed here."""
    for name in names:
        gradebook.find_grade(name, unit, unit, student).needs_manual_grade = False
