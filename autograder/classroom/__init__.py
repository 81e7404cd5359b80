"""A class: many submissions at once, the gradebook, nbgrader's own commands, feedback and reports."""
