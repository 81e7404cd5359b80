"""Unit 07, the linear probe: how each graded function is checked."""
