"""Unit 05: the law of the true negatives, the debiased loss and its floor, the oracle, the comparison."""
