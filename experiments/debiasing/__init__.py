"""The experiment of unit 05: one small encoder, trained with a biased, a debiased and an unbiased contrastive loss.

The losses come out of a notebook that holds `debiased_loss`, `unbiased_loss` and `floor_fraction`: the solved one, or a
learner's own. What is compared are linear probes on frozen embeddings, loss against loss with the same seed.

    settings    data, numbers of classes, batch sizes
    losses      out of the notebook
    run         every loss, setting and seed, on all processors
    results     the numbers, and the figure of the gains
"""
