"""The first training, unit 01: a small encoder that begins collapsed, trained with NT-Xent at several temperatures.

The loss comes out of a notebook that holds `nt_xent`: the solved one, or a learner's own.

    run         the training, and what it is worth: losses along the way, cosines, nearest neighbours
    results     the numbers, and the figure
    command     the command line
"""
