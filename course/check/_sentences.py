"""Judge unit 10's draws: many pairs or blocks of sentences, whatever stream of random numbers they came from."""

from __future__ import annotations

import numpy as np
import torch

N_ROWS = 1200
FAR = 5.5  # standard deviations; about a hundred counts are looked at, and chance exceeds it once in 10^7


def drawn_pairs(f, rng):
    """Property of `sentence_pairs`: what the text asks of pairs, for three sets of articles."""
    for sizes in ((2, 3, 4, 25), (5, 3), tuple(rng.integers(2, 40, size=5).tolist())):
        articles = numbered(rng, sizes)
        wrong = _problem(articles, 1, rng, lambda n, g, a=articles: f(a, n, g))
        if wrong:
            return wrong
    return None


def drawn_blocks(f, rng):
    """Property of `sentence_blocks`: what the text asks of anchors and blocks, for blocks of several sizes."""
    for size, sizes in ((2, (3, 4, 5, 30)), (1, (2, 6, 3)), (5, (6, 7, 25)), (12, (13, 14, 40))):
        articles = numbered(rng, sizes)
        wrong = _problem(articles, size, rng, lambda n, g, a=articles, b=size: f(a, n, b, g))
        if wrong:
            return f"for size = {size}: {wrong}"
    return None


def numbered(rng, sizes):
    """Articles of these sizes: different numbers, shuffled among the articles, with gaps between them."""
    numbers = torch.from_numpy(rng.permutation(2 * sum(sizes) + 5)[: sum(sizes)]).long()
    return list(numbers.split(list(sizes)))


def _array(answer):
    """As one array, from a list of rows too; of no rows where the rows are of different lengths."""
    if isinstance(answer, list) and len({np.shape(row) for row in answer}) > 1:
        return np.zeros(0)
    return np.asarray(answer)


def _problem(articles, size, rng, draw):
    seed = int(rng.integers(2**31))
    rows, again, other = (_array(draw(N_ROWS, torch.Generator().manual_seed(s))) for s in (seed, seed, seed + 1))
    for answer in (rows, again, other):
        if answer.shape != (N_ROWS, 1 + size) or answer.dtype.kind not in "iu":
            return f"the answer must be integers of shape ({'n_pairs, 2' if size == 1 else 'n_pairs, 1 + size'})"
    if (rows != again).any():
        return "two generators in the same state give different rows: all chance must come from the generator"
    if (rows == other).all():
        return "generators with different seeds give the same rows: the generator is not used"
    owner = {int(number): i for i, article in enumerate(articles) for number in article}
    if not set(rows.ravel().tolist()) <= set(owner):
        return "a number is drawn that is in no article: held-out sentences must never be drawn"
    of = np.vectorize(owner.get)(rows)
    if (of != of[:, :1]).any():
        return "the sentences of a row come from different articles"
    ordered = np.sort(rows, axis=1)
    if (rows[:, :1] == rows[:, 1:]).any():
        return "a sentence is its own positive" if size == 1 else "an anchor stands in its own block"
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        return "a block holds a sentence twice: it must be drawn without replacement"
    return _law_problem(rows, of[:, 0], articles, size)


def _law_problem(rows, of, articles, size):
    lengths = np.array([len(article) for article in articles])
    counts = np.bincount(of, minlength=len(articles))
    if _far(counts, N_ROWS, 1 / len(articles)):
        for weights, what in ((lengths, "their length"), (lengths * (lengths - 1), "the number of their pairs")):
            if not _far(counts, N_ROWS, weights / weights.sum()):
                return f"articles are drawn in proportion to {what}; every article must be equally likely"
        return "the articles are not equally likely"
    places = [_places(rows[of == i], article) for i, article in enumerate(articles)]
    if size == 1 and lengths.max() > 2 and all((np.abs(np.diff(place)) == 1).all() for place in places):
        return "the two sentences of a row are consecutive in every row; any two of the article may be drawn"
    for article, place in zip(articles, places, strict=True):
        n = len(article)
        if _far(np.bincount(place[:, 0], minlength=n), len(place), 1 / n):
            return "the first sentence of a row is not every sentence of its article equally often"
        block = place[:, 1:]
        if _far(np.bincount(block.ravel(), minlength=n), len(place), size / n):
            return "the sentences after the first are not every sentence of the article equally often"
        ahead = (block - place[:, :1]) % n  # from 1 to n - 1
        if n > 2 and _far(np.bincount(ahead.ravel(), minlength=n)[1:], len(place), size / (n - 1)):
            return "which sentences follow depends on the first one: neighbours, or a fixed order, are preferred"
        if n >= 2 * (size + 1) and n > 20 and size > 1:
            blocks = {tuple(sorted(row)) for row in block.tolist()}
            if len(blocks) < len(place) / 4:
                return "the same block serves many anchors: every row must be drawn afresh"
            near = (np.diff(np.sort(block, axis=1), axis=1) == 1).sum()  # expected (size - 1) size / n a row
            if near > 2 * len(place) * size * (size - 1) / n + 20:
                return "the sentences of a block stand next to each other in the article"
    return None


def _places(rows, article):
    """Where the numbers of these rows stand in the article."""
    return np.argsort(article.numpy())[np.searchsorted(np.sort(article.numpy()), rows)]


def _far(counts, n, share):
    """Whether a count is far from what n draws with this share give."""
    expected = n * np.asarray(share) * np.ones(len(counts))
    return bool((np.abs(counts - expected) > FAR * np.sqrt(expected * (1 - np.minimum(share, 1))) + 1).any())
