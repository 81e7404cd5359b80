"""Where a student's code runs, what it may see, and how it is called from outside."""
