"""Programs of the entries of source 000: what was measured on sentences and on digits."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from itertools import pairwise

import numpy as np

from course import data
from tests.claims.measured import DATA, sentences


def table() -> dict:
    """Accuracy in tasks of 2, 10 and all 70 articles, all labels: head and mean classifier."""
    cells = ("k = 2 / all labels", "k = 10 / all labels", "all / all labels")
    named = (
        "supervised",
        *(f"{n} negative{'s' if n > 1 else ''}" for n in (1, 4, 10, 50)),
        "TF-IDF",
        "mean of word vectors",
    )
    return sentences(cells, named)


def few_labels() -> dict:
    """Five labels an article, tasks of 10."""
    return sentences(("k = 10 / 5 labels",), ("supervised", "10 negatives", "TF-IDF", "mean of word vectors"))


def other_articles() -> dict:
    """Trained on half of the articles; tasks of 10 among those, and among the other half."""
    named = ("supervised", "10 negatives", "TF-IDF", "mean of word vectors")
    return {part: sentences(("k = 10 / all labels",), named, part) for part in ("seen", "unseen")}


def blocks_measured() -> dict:
    """Blocks of 10 at equal tuples and at equal sentences, and pairs; tasks of 10, all labels."""
    named = ("1 negative", "blocks of 10, equal tuples", "blocks of 10, equal sentences")
    return sentences(("k = 10 / all labels",), named)


def held_out_turns() -> dict:
    """Along a training, on held-out sentences: L_un falls and turns upwards, the right side of the lemma goes on falling."""
    with np.load(DATA / "10_text_and_images" / "bound_wikipedia.npz") as file:
        loss, classifier = (file[f"test, uniform / {name}"] for name in ("unsupervised", "supervised_mean"))
    right = 69 / 70 * classifier + math.log(2) / 70
    turn = int(loss.mean(axis=0).argmin())
    assert (loss >= right).all()
    at = {"L_un": loss.mean(axis=0), "right": right.mean(axis=0)}
    return {name: [values[turn], values[-1]] for name, values in at.items()}


def neighbours() -> dict:
    """Mean cosine of TF-IDF vectors: successive sentences, two different ones of an article, any two different ones."""
    path = DATA.parents[1] / "experiments" / "text" / "data" / "wikipedia.json.gz"
    with gzip.open(path) as file:
        articles = json.load(file)["articles"]
    spoken = [re.findall(r"[a-z]+|\d+", s.lower()) for a in articles for s in a["sentences"]]
    owner = np.repeat(np.arange(len(articles)), [len(a["sentences"]) for a in articles])
    seen = Counter(word for words in spoken for word in set(words))
    number = {word: i for i, word in enumerate(word for word, n in seen.items() if n > 1)}
    idf = np.array([math.log(len(spoken) / seen[word]) for word in number])
    rows = []
    for words in spoken:
        weights = Counter(number[w] for w in words if w in number)
        length = math.sqrt(sum((n * idf[w]) ** 2 for w, n in weights.items())) or 1.0
        rows.append({w: n * idf[w] / length for w, n in weights.items()})
    after = [sum(v * b.get(w, 0.0) for w, v in a.items()) for a, b in pairwise(rows)]
    successive = float(np.mean([v for v, same in zip(after, owner[1:] == owner[:-1], strict=True) if same]))
    sums, own = np.zeros((len(articles), len(number))), np.zeros(len(articles))
    for row, c in zip(rows, owner, strict=True):
        own[c] += sum(v * v for v in row.values())
        for w, v in row.items():
            sums[c, w] += v
    size, total = np.bincount(owner), sums.sum(axis=0)
    inside = ((sums**2).sum(axis=1) - own) / (size - 1)  # each sentence with all others of its article
    return {
        "successive": successive,
        "one article": inside.sum() / len(rows),
        "any two": (total @ total - own.sum()) / len(rows) / (len(rows) - 1),
    }


def near_digits() -> dict:
    """Unit 06's pairs: a digit and one of the 20 nearest, by e^(-d^2/4). Share of pairs that show two different digits."""
    images, labels, *_ = data.split(*data.load_digits(), test_share=1 / 3, seed=0)
    x, y = images.flatten(1).double().numpy(), labels.numpy()
    square = ((x**2).sum(axis=1)[:, None] + (x**2).sum(axis=1) - 2 * x @ x.T).clip(0)
    near = np.argsort(square, axis=1)[:, :20]
    chance = np.exp(-np.take_along_axis(square, near, axis=1) / 4)
    chance /= chance.sum(axis=1, keepdims=True)
    same = 0.0
    for c in range(10):
        same += ((chance * (y[near] == c)).sum(axis=1) ** 2).mean()
    share = np.bincount(y) / len(y)
    return {"pairs": 1 - same, "random": 1 - share @ share}
