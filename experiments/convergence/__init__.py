"""The experiments of Merad et al. (2020), section 5, done again: `python -m experiments convergence figure1 --help`.

    settings    what is trained on what: data sets, encoders, defaults
    law         images sorted by class: the empirical class law, and the batches that are drawn from it
    encoders    the MLP, the small convolutional network and VGG-16, all runs of a figure in one stack (torch.func)
    bounds      the lemmas' factors, and the inequalities that are asserted along training
    train       the loop: interruptible, resumable, reproducible
    descent     plain gradient descent on fixed triplets, for lecture 08 (python -m experiments.convergence.descent)
    results     the numbers, the short JSON, and the figure that is drawn from them

The losses are exact (course/check/_exact.py): every pair and every draw of negatives, no sampling.
"""
