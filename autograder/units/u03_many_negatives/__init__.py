"""Unit 03, many negatives: how each graded function is checked."""
