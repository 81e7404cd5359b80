"""Checks of unit 06: the augmentation graph, the spectral loss and its minimiser, clusters."""
