"""Late penalties by nbgrader's own setting (LateSubmissionPlugin, or a plug-in of the course's), wherever a grade is read.

nbgrader computes a penalty once, when it autogrades. Points that a human gives afterwards would escape it, so it is
computed again from the present score before feedback is written and before anything is exported.
"""

from __future__ import annotations


def assign_penalty(config, submission) -> None:
    """What nbgrader's AssignLatePenalties does, for one submission; nothing is committed here.

    config: nbgrader's, of the course. A submission without a believed date is not late.
    """
    from nbgrader.preprocessors import AssignLatePenalties

    for notebook in submission.notebooks:
        notebook.late_submission_penalty = None
        if submission.total_seconds_late > 0:
            step = AssignLatePenalties(config=config)
            step.init_plugin()
            late = submission.total_seconds_late
            penalty = step.plugin_inst.late_submission_penalty(submission.student.id, notebook.score, late)
            if penalty is not None:
                notebook.late_submission_penalty = min(max(penalty, 0.0), notebook.score)


def refresh_penalties(gradebook, config, unit: str) -> None:
    """All penalties of a unit, from the scores of this moment, in one commit."""
    for submission in gradebook.find_assignment(unit).submissions:
        assign_penalty(config, submission)
    gradebook.db.commit()
