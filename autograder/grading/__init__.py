"""One submission: from its cells to a record of verdicts, within stated limits."""
