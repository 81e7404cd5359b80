"""Checks of unit 04: noise-contrastive estimation, InfoNCE and mutual information, alignment and uniformity."""
