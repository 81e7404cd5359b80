"""What a learner imports: finite worlds, data, figures, validation and the in-notebook check.

`course` holds no reference solution of a graded function and imports none of the other top-level folders.
"""

from course import validate
from course.check import check
from course.unsolved import solved

__all__ = ["check", "solved", "validate"]
