"""Unit 02: how each graded function of the latent-class exercise is checked."""
