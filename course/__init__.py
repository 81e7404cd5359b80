"""What a learner imports: finite worlds, data, figures, validation, the in-notebook check, local records.

`course` holds no reference solution of a graded function and imports none of the other top-level folders.
"""

from course import validate
from course.arrange import arrange
from course.check import check
from course.solution import solution
from course.unsolved import solved

__all__ = ["arrange", "check", "solution", "solved", "validate"]
