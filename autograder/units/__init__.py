"""One folder per unit (u + slug), one module per graded function."""
