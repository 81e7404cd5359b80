"""The experiment of unit 10 on pictures and captions: a small CLIP on emoji.

    prepare     the emoji file, made again from npm packages (data/LICENCES.md)
    pictures    the pictures: the file, or a folder of one's own; the split by what variants have in common
    towers      the two networks, and the captions
    training    pairs, losses, steps
    measures    search both ways, groups by words, the gap between the modalities, overflow
    settings    what is trained, and the choices made on validation
    run         all of it as jobs
    results     numbers, figures, picture grids

The losses, zero_shot and retrieve come out of a notebook of unit 10: the solved one, or a learner's own.
"""
