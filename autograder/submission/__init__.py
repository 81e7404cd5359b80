"""A submitted notebook as data: what is read from it, and the graded notebook that is rebuilt from our own cells."""
