"""nbgrader, run from the repository root: `nbgrader generate_assignment 01_similarity_losses`, autograde, formgrader ...

Grading executes no notebook: see docs/threat-model.md.
"""

import os
import sys
from pathlib import Path

from autograder.build import release_config

# nbgrader calls `alembic` by name to create the gradebook, also where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

c = get_config()
c.merge(release_config())

c.CourseDirectory.course_id = "contrastive-learning"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# the text sources of the notebooks lie beside them and must never reach a student
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.toml", "*.refused"]

c.GenerateAssignment.preprocessors = [
    f"nbgrader.preprocessors.{name}"
    for name in (
        "LockCells ClearSolutions ClearOutput CheckCellMetadata ComputeChecksums SaveCells ClearHiddenTests "
        "ClearMarkScheme ComputeChecksums CheckCellMetadata"
    ).split()
]
c.Autograde.sanitize_preprocessors = [
    "autograder.plugin.RebuildFromManifest",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.plugin.TrustedGrade",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# with nbgrader's exchange, which dates submissions itself, late penalties need "...before_grading_exchanged"
c.Autograde.pre_convert_hook = "autograder.plugin.before_grading"
# without this `nbgrader autograde` skips what it has graded before and exits 0, whatever has changed since
c.Autograde.force = True
c.GenerateFeedback.force = True

c.ExportApp.plugin_class = "autograder.export.CheckedCsvExport"
