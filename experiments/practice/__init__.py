"""The experiments of unit 09: seven methods on one training loop, three baselines, and what makes them work or collapse.

The losses come out of two notebooks: nt_xent out of the solved unit 01, the others out of unit 09, the solved one or a
learner's own.

    settings    data, cuts, and every choice that decides a run
    losses      what no notebook holds: VICReg, and losses with a part taken away
    methods     SimCLR, MoCo, SwAV, BYOL, SimSiam, Barlow Twins, VICReg: about ten lines each
    variants    baselines, and methods with a part taken away
    train       the one training loop
    measure     probes, neighbours, alignment, uniformity, effective rank
    plan        which runs make a part: table, collapse, sweeps, failing, choices
    run         all runs of a part, over processes, kept as they finish
    results     the numbers, and the figures drawn from them
"""
