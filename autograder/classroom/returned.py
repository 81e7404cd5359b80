"""What a feedback page must know of the moment at which it is written; runs first among GenerateFeedback's preprocessors."""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom.late import assign_penalty
from autograder.grading.record import read_problem


class UpToDate(NbGraderPreprocessor):
    """The late penalty counts the points given by hand since; a newer attempt that could not be graded is said."""

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            assign_penalty(self.config, gradebook.find_submission(names["assignment"], names["student"]))
            gradebook.db.commit()
        course = Path(resources["metadata"]["path"]).resolve().parents[2]
        names["newer_problem"] = read_problem(course, names["assignment"], names["student"])
        return nb, resources
