"""sentence_blocks: any stream of random numbers will do. Many rows are judged in `course.check._sentences`."""

import torch

from autograder.author import Case, Exercise, count, needs
from course.check._sentences import drawn_blocks, numbered

NONE = torch.zeros(0, dtype=torch.int64)
ARTICLES = needs(
    "len(articles) > 0 and min(map(len, articles)) > size",
    {
        "no article": {"articles": []},
        "an article without a sentence to spare for the anchor": {
            "articles": lambda articles: [*articles, torch.tensor([100, 101, 102])]
        },
        "an empty article": {"articles": lambda articles: [NONE, *articles]},
        "blocks longer than the articles": {"size": 9},
    },
)

exercise = Exercise(
    "sentence_blocks",
    refuses=(count("n_pairs", "n_pairs"), count("size", "size", 1.5), ARTICLES),
    hints={
        "values": ("Return int64 (n_pairs, 1 + size): the anchor's number, then those of its block.",),
        "properties": (
            "The line above says which rule fails.",
            "An anchor and its block are 1 + size different sentences of one article.",
            "torch.randperm(n, generator=generator)[: size + 1], once for every row.",
        ),
        "bad input": (
            "An article needs size + 1 sentences: one for the anchor. `check_articles` and `validate.count`.",
        ),
    },
)


@exercise.cases
def cases(rng):
    articles = numbered(rng, (4, 5, 7))
    yield Case("size = 3", (articles, 10, 3, torch.Generator().manual_seed(1)), compare="any")
    yield Case("size = 1", (articles, 6, 1, torch.Generator().manual_seed(2)), compare="any")
    yield from exercise.bad_inputs(articles, 5, 3, torch.Generator().manual_seed(3))


exercise.property("an anchor and a block of other sentences of its article, drawn afresh for every row")(drawn_blocks)


def equally(articles, n_pairs, generator):
    return torch.randint(len(articles), (n_pairs,), generator=generator)


def by_length(articles, n_pairs, generator):
    weights = torch.tensor([len(article) for article in articles], dtype=torch.float64)
    return torch.multinomial(weights, n_pairs, replacement=True, generator=generator)


def all_different(n, size, generator):
    return torch.randperm(n, generator=generator)[: size + 1]


def anchor_anywhere(n, size, generator):
    """The block without replacement, the anchor on its own."""
    anchor = torch.randint(n, (1,), generator=generator)
    return torch.cat([anchor, torch.randperm(n, generator=generator)[:size]])


def with_replacement(n, size, generator):
    """None of them the anchor, but some twice."""
    anchor = torch.randint(n, (1,), generator=generator)
    return torch.cat([anchor, (anchor + torch.randint(1, n, (size,), generator=generator)) % n])


def window(n, size, generator):
    start = torch.randint(n, (1,), generator=generator)
    return (start + torch.arange(size + 1)) % n


def each(articles, chosen, size, places, generator):
    return torch.stack([articles[c][places(len(articles[c]), size, generator)] for c in chosen])


def one_block(articles, chosen, size, places, generator):
    """Each article has one block, made once; anchors are drawn from the rest."""
    orders = [torch.randperm(len(article), generator=generator) for article in articles]
    rows = []
    for c in chosen:
        block, rest = orders[c][:size], orders[c][size:]
        anchor = rest[torch.randint(len(rest), (1,), generator=generator)]
        rows.append(articles[c][torch.cat([anchor, block])])
    return torch.stack(rows)


def other_articles(articles, chosen, size, places, generator):
    """The block comes from the article of the row before."""
    rows = each(articles, chosen, size, places, generator)
    return torch.cat([rows[:, :1], rows[:, 1:].roll(1, 0)], dim=1)


@exercise.formula
def sentence_blocks(
    articles,
    n_pairs,
    size,
    generator,
    *,
    chosen=equally,
    places=all_different,
    taken=each,
    chance=lambda generator: generator,
):
    generator = chance(generator)
    return taken(articles, chosen(articles, n_pairs, generator).tolist(), size, places, generator)


exercise.slip("the anchor inside its block", places=anchor_anywhere).says(
    "A block is drawn from the article, whoever the anchor is.",
    "Does a row of your answer hold its first number again?",
    "A block with the anchor in it is similar to the anchor for a reason that has nothing to do with the article.",
    "Draw size + 1 different sentences at once; the first is the anchor.",
)
exercise.slip("blocks drawn with replacement", places=with_replacement).says(
    "The sentences of a block are independent draws.",
    "Does a block of yours hold a sentence twice?",
    "A sentence that is averaged twice adds nothing: draw without replacement.",
    "torch.randperm(n, generator=generator)[: size + 1].",
)
exercise.slip("one block an article", taken=one_block).says(
    "An article has one block, which serves all its anchors.",
    "Compare two rows of the same article: which of their sentences differ?",
    "Every row is drawn afresh, anchor and block.",
)
exercise.slip("a window of the article", places=window).says(
    "A block consists of the sentences that follow the anchor.",
    "Which choices of size + 1 sentences can your function never return?",
    "Every choice is equally likely, not only windows.",
)
exercise.slip("articles weighted by their length", chosen=by_length).says(
    "Every sentence is equally likely as an anchor, so long articles come more often.",
    "How often does your shortest article occur?",
    "Every article is equally likely, however long it is.",
)
exercise.slip("blocks from another article", taken=other_articles).says(
    "A block of sentences is a positive for any anchor of the batch.",
    "Which article do the sentences of a row come from?",
    "Anchor and block come from one article, which is drawn for the row.",
)
exercise.slip("a seed of its own", chance=lambda generator: torch.Generator().manual_seed(0)).says(
    "A fixed seed inside the function makes it reproducible.",
    "Call it twice with generators of different seeds: what differs?",
    "The caller decides: pass `generator` to every draw.",
)

exercise.style(
    "from the end of a permutation", places=lambda n, size, g: torch.randperm(n, generator=g)[n - size - 1 :]
)


@exercise.accepted("multinomial without replacement, validated by hand", guarded=False)
def sentence_blocks(articles, n_pairs, size, generator):
    whole = all(isinstance(number, int) and number > 0 for number in (n_pairs, size))
    if not whole or not articles or min(len(a) for a in articles) <= size:
        raise ValueError(f"{articles}, {n_pairs}, {size}")
    rows = []
    for _ in range(n_pairs):
        article = articles[int(torch.randint(len(articles), (), generator=generator))]
        rows.append(article[torch.multinomial(torch.ones(len(article)), size + 1, generator=generator)])
    return torch.stack(rows)


@exercise.accepted("anchor first, then a block of the others, sorted, in numpy")
def sentence_blocks(articles, n_pairs, size, generator):
    import numpy as np

    rng = np.random.default_rng(int(torch.randint(2**40, (1,), generator=generator)))
    rows = []
    for c in rng.integers(len(articles), size=n_pairs):
        article = articles[c].numpy()
        anchor = rng.integers(len(article))
        block = rng.choice(np.delete(article, anchor), size, replace=False)
        rows.append([article[anchor], *np.sort(block)])
    return np.array(rows)


@exercise.accepted("random keys for all rows at once")
def sentence_blocks(articles, n_pairs, size, generator):
    longest = max(len(article) for article in articles)
    table = torch.stack([torch.cat([a, a.new_zeros(longest - len(a))]) for a in articles])
    length = torch.tensor([len(article) for article in articles])
    chosen = torch.randint(len(articles), (n_pairs,), generator=generator)
    keys = torch.rand(n_pairs, longest, generator=generator)
    keys[torch.arange(longest) >= length[chosen][:, None]] = 2.0
    return table[chosen].gather(1, keys.argsort(dim=1)[:, : size + 1])
