"""Grades as CSV, checked: what lies outside [0, max] or has no grade is reported, and no cell can become a formula."""

from __future__ import annotations

import csv
from pathlib import Path

from nbgrader.plugins import ExportPlugin

FIELDS = ("assignment", "student_id", "score", "max_score", "needs_manual_grade", "late_submission_penalty", "problem")


class CheckedCsvExport(ExportPlugin):
    """nbgrader export, with every score validated and every text quoted. Options --to, --student, --assignment."""

    def export(self, gradebook) -> None:
        path = Path(self.to or "grades.csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS, quoting=csv.QUOTE_MINIMAL)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                for submission in assignment.submissions:
                    if not self.student or submission.student.id in self.student:
                        writer.writerow(row(assignment, submission))
        self.log.info("grades written to %s", path)


def row(assignment, submission) -> dict:
    """One line: the sum of valid grades; `problem` names those that are not."""
    total, problems = 0.0, []
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            score = grade.score
            if not 0 <= score <= grade.max_score + (grade.extra_credit or 0):
                problems.append(f"{grade.name} has {score:g} of {grade.max_score:g}")
                score = min(max(score, 0.0), grade.max_score)
            elif grade.auto_score is None and grade.manual_score is None and not grade.needs_manual_grade:
                problems.append(f"{grade.name} has no grade")
            total += score
    penalty = submission.late_submission_penalty
    return {
        "assignment": plain_text(assignment.name),
        "student_id": plain_text(submission.student.id),
        "score": max(0.0, total - penalty),
        "max_score": assignment.max_score,
        "needs_manual_grade": bool(submission.needs_manual_grade),
        "late_submission_penalty": penalty,
        "problem": plain_text("; ".join(problems)),
    }


def plain_text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
