"""Embeddings that nobody trained with pairs: TF-IDF, latent semantic analysis, means of word vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from experiments.text import corpus
from experiments.text.training import DIM


def tf_idf(sentences: Sequence[str], fitted_on: Sequence[int]):
    """Sparse rows (n, words) of length 1; words and weights from the sentences `fitted_on`."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=corpus.words, min_df=2, sublinear_tf=True)
    vectorizer.fit([sentences[i] for i in fitted_on])
    return vectorizer.transform(sentences)


def latent_semantics(sentences: Sequence[str], fitted_on: Sequence[int], dim: int = DIM) -> torch.Tensor:
    """(n, dim): TF-IDF, projected onto its first singular vectors; both from the sentences `fitted_on`."""
    from sklearn.decomposition import TruncatedSVD

    rows = tf_idf(sentences, fitted_on)
    svd = TruncatedSVD(min(dim, rows.shape[1] - 1), random_state=0).fit(rows[list(fitted_on)])
    return torch.from_numpy(svd.transform(rows)).float()


class Sparse:
    """Sparse rows that can be indexed and scaled like a tensor: what `tasks.accuracies` does with embeddings."""

    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, numbers) -> Sparse:
        return Sparse(self.rows[np.asarray(numbers)])

    def __mul__(self, factor: float) -> Sparse:
        return Sparse(self.rows * factor)


def sparse_accuracy(train, train_y, test, test_y, k: int, n_tasks: int, seed: int, classifier: str) -> float:
    """The mean accuracy of k-way tasks for sparse rows, which unit 10's function does not take: tasks and objectives are
    the same, the head's minimum is scikit-learn's."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    train_y, test_y, rng, found = np.asarray(train_y), np.asarray(test_y), np.random.default_rng(seed), []
    classes = np.unique(train_y)
    for _ in range(n_tasks):
        task = classes[np.sort(rng.permutation(len(classes))[:k])]
        seen, asked = np.isin(train_y, task), np.isin(test_y, task)
        x, y, test_x = train.rows[seen], train_y[seen], test.rows[asked]
        if classifier == "mean":
            means = np.stack([np.asarray(x[y == c].mean(axis=0)).ravel() for c in task])
            guess = task[(test_x @ means.T).argmax(axis=1)]
        else:
            with threadpool_limits(1):
                # scikit-learn sums over the rows where unit 10 takes the mean; of two classes it has one weight, w1 - w2
                penalty = (200 if k == 2 else 100) / len(y)
                guess = LogisticRegression(C=penalty, max_iter=500).fit(x, y).predict(test_x)
        found.append(float((guess == test_y[asked]).mean()))
    return float(np.mean(found))
