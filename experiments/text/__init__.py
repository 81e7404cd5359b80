"""The experiment of unit 10 on sentences: the table of source 000, small, on articles of Wikipedia.

    prepare     the sentences file, made again from gensim's wheel (data/ATTRIBUTION.md); `wikitext` takes the markup off
    corpus      the articles: the file, or a folder of one's own; the splits by sentence and by article
    words       vocabulary and word vectors, of the training sentences
    training    the encoder, and its two trainings
    baselines   TF-IDF, latent semantic analysis
    tasks       k-way tasks, all labels and few
    bound       both sides of the CURL lemma, exact
    settings    what is trained, and the choices made on validation
    run         all of it as jobs
    results     numbers and figures

Pairs, blocks, the loss and the accuracy come out of a notebook of unit 10: the solved one, or a learner's own.
"""
