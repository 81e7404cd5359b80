"""The program and the style of `course.arrange`."""
