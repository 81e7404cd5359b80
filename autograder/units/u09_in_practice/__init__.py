"""Checks of unit 08: the network of Merad et al., its smoothness, Lemma 4, gradient descent, and the experiment."""
