"""Sentences as rows of word numbers, and vectors for words: PPMI and its singular vectors, of the training sentences only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from experiments.text import corpus

PADDING, UNKNOWN = 0, 1
LONGEST = 40  # words; what a longer sentence goes on to say is cut off
SIZE = 0.3  # root mean square of an entry of the word vectors


class Vocabulary:
    """The words that are in two or more training sentences; all others are one, the unknown word."""

    def __init__(self, sentences: Sequence[str]):
        counts = Counter(word for sentence in sentences for word in set(corpus.words(sentence)))
        known = sorted(word for word, count in counts.items() if count > 1)
        self.number = {word: i for i, word in enumerate(known, UNKNOWN + 1)}
        self.known = known

    def __len__(self) -> int:
        return len(self.number) + UNKNOWN + 1

    def rows(self, sentences: Sequence[str]) -> torch.Tensor:
        """(n, LONGEST) int64, padded at the end."""
        out = torch.zeros(len(sentences), LONGEST, dtype=torch.int64)
        for row, sentence in zip(out, sentences, strict=True):
            numbers = [self.number.get(word, UNKNOWN) for word in corpus.words(sentence)[:LONGEST]]
            row[: len(numbers)] = torch.tensor(numbers)
        return out


def word_vectors(rows: torch.Tensor, n_words: int, dim: int) -> torch.Tensor:
    """(n_words, dim) float32: the left singular vectors of the positive pointwise mutual information of two words in one
    sentence, times the roots of the singular values; scaled to SIZE. The padding and the unknown word have vector 0."""
    import scipy.sparse as sparse
    from scipy.sparse.linalg import svds

    there = np.unique(np.stack([np.repeat(np.arange(len(rows)), rows.shape[1]), rows.numpy().ravel()]), axis=1)
    there = there[:, there[1] > UNKNOWN]
    occurs = sparse.csr_matrix((np.ones(there.shape[1]), there), shape=(len(rows), n_words))
    together = (occurs.T @ occurs).tocoo()
    apart = together.row != together.col
    row, column, count = together.row[apart], together.col[apart], together.data[apart]
    of_word = np.bincount(row, count, n_words)
    information = np.log(count * count.sum() / (of_word[row] * of_word[column]))
    kept = information > 0
    matrix = sparse.csr_matrix((information[kept], (row[kept], column[kept])), shape=(n_words, n_words))
    left, values, _ = svds(matrix, k=min(dim, n_words - 1), v0=np.ones(n_words), return_singular_vectors="u")
    vectors = torch.zeros(n_words, dim)
    vectors[:, : len(values)] = torch.from_numpy((left * np.sqrt(values)).astype(np.float32))
    vectors[: UNKNOWN + 1] = 0  # nothing is known of them; the iteration leaves rounding errors on some processors
    return vectors * (SIZE / vectors.square().mean().sqrt())


def random_vectors(n_words: int, dim: int, seed: int) -> torch.Tensor:
    """Of the same size, drawn at random."""
    vectors = SIZE * torch.randn(n_words, dim, generator=torch.Generator().manual_seed(seed))
    vectors[PADDING] = 0
    return vectors


def mean_vectors(rows: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """The mean of each sentence's word vectors (n, dim)."""
    there = (rows != PADDING)[:, :, None]
    return (vectors[rows] * there).sum(dim=1) / there.sum(dim=1)
