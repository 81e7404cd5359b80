"""The experiments of Merad et al. (2020), section 5, done again: `python -m course.experiments figure1 --help`.

    settings    what is trained on what: data sets, encoders, defaults, and the error that a user sees
    law         images sorted by class: the empirical class law, and the batches that are drawn from it
    encoders    the MLP, the small convolutional network and VGG-16, all runs of a figure in one stack (torch.func)
    exact       L_un^N and L_sup^mu of an empirical class law: every pair and every draw of negatives, no sampling
    bounds      the lemmas' factors, and the inequalities that are asserted along training
    train       the loop: interruptible, resumable, reproducible
    results     figure, numbers and a short JSON, written atomically

Only numpy, torch, matplotlib, scikit-learn and tqdm are needed.
"""
