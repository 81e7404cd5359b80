"""What is trained on real data. `python -m experiments NAME --help` for each of

    first         unit 01: an encoder that leaves collapse, at several temperatures
    convergence   the experiments of Merad et al. (2020), section 5: losses, bounds and norms along training
    debiasing     unit 05: one encoder, trained with a biased, a debiased and an unbiased loss

Each leaves a figure (png), its numbers (npz) and a short JSON in --out; the figure is drawn from these numbers. `running`
holds what they share: options, exit codes, Ctrl-C, files. Only numpy, torch, scipy, matplotlib, scikit-learn and tqdm are
needed.
"""
