"""nbgrader, run from the repository root: `nbgrader generate_assignment 01_similarity_losses`, autograde, formgrader ...

Grading executes no notebook: see docs/threat-model.md.
"""

import os
import sys
from pathlib import Path

from autograder.pages.filters import page_config
from autograder.publish.release import NBGRADER_STEPS, release_config

# nbgrader calls `alembic` by name to create the gradebook, also where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

c = get_config()
c.merge(release_config())
c.merge(page_config())

c.CourseDirectory.course_id = "contrastive-learning"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# the text sources of the notebooks lie beside them and must never reach a student
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.toml", "*.refused"]

c.GenerateAssignment.preprocessors = NBGRADER_STEPS
# exercises/ is in the repository, and without this nbgrader skips what is there and makes no gradebook; a release in
# which somebody has worked is kept all the same (autograder.publish.release.KeepWork)
c.GenerateAssignment.force = True
c.Autograde.sanitize_preprocessors = ["autograder.classroom.plugin.TrustedGrade"]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.classroom.plugin.Dates",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "autograder.classroom.plugin.Marked",
]
c.Autograde.pre_convert_hook = "autograder.classroom.plugin.before_grading"
# where nbgrader's exchange collects, and so dates, the submissions: believe timestamp.txt, on every road
# c.Dates.believed = True
# c.LateSubmissionPlugin.penalty_method = "zero"
# without this `nbgrader autograde` skips what it has graded before and exits 0, whatever has changed since
c.Autograde.force = True
c.GenerateFeedback.force = True
c.GenerateFeedback.preprocessors.insert(0, "autograder.classroom.returned.UpToDate")

c.ExportApp.plugin_class = "autograder.classroom.export.CheckedCsvExport"
