"""Unit 01: from the logistic loss of one pair to NT-Xent."""
