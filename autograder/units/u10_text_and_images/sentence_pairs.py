"""sentence_pairs: any stream of random numbers will do. Many pairs are judged in `course.check._sentences`."""

import torch

from autograder.author import Case, Exercise, count, needs
from course.check._sentences import drawn_pairs, numbered

NONE = torch.zeros(0, dtype=torch.int64)
ARTICLES = needs(
    "len(articles) > 0 and min(map(len, articles)) > 1",
    {
        "no article": {"articles": []},
        "an article of one sentence": {"articles": lambda articles: [*articles, torch.tensor([100])]},
        "an empty article": {"articles": lambda articles: [NONE, *articles]},
    },
)

exercise = Exercise(
    "sentence_pairs",
    refuses=(ARTICLES, count("n_pairs", "n_pairs", 2.5)),
    hints={
        "values": ("Return int64 (n_pairs, 2): the numbers that stand in the articles, two in each row.",),
        "properties": (
            "The line above says which rule fails.",
            "An article with 2 sentences is drawn as often as one with 1000: draw its place in the list first.",
            "Two different places of an article: torch.randperm(n, generator=generator)[:2].",
        ),
        "bad input": (
            "`check_articles(articles, at_least=2)` and `validate.count(n_pairs=n_pairs)` refuse all of it.",
        ),
    },
)


@exercise.cases
def cases(rng):
    articles = numbered(rng, (3, 2, 6))
    yield Case("three articles", (articles, 12, torch.Generator().manual_seed(1)), compare="any")
    yield Case("one article", (numbered(rng, (4,)), 7, torch.Generator().manual_seed(2)), compare="any")
    yield from exercise.bad_inputs(articles, 5, torch.Generator().manual_seed(3))


exercise.property(
    "two different sentences of one article, each article equally likely, each ordered pair equally likely"
)(drawn_pairs)


def equally(articles, n_pairs, generator):
    return torch.randint(len(articles), (n_pairs,), generator=generator)


def by_length(articles, n_pairs, generator):
    weights = torch.tensor([len(article) for article in articles], dtype=torch.float64)
    return torch.multinomial(weights, n_pairs, replacement=True, generator=generator)


def by_pairs(articles, n_pairs, generator):
    weights = torch.tensor([len(article) * (len(article) - 1) for article in articles], dtype=torch.float64)
    return torch.multinomial(weights, n_pairs, replacement=True, generator=generator)


def different(n, generator):
    return torch.randperm(n, generator=generator)[:2]


def neighbours(n, generator):
    first = torch.randint(n - 1, (1,), generator=generator)
    return torch.cat([first, first + 1])


def places(articles):
    """Numbers as if the sentences were counted through, without gaps."""
    starts = [0]
    for article in articles[:-1]:
        starts.append(starts[-1] + len(article))
    return [torch.arange(start, start + len(article)) for start, article in zip(starts, articles)]


def spanned(articles):
    return [torch.arange(int(article.min()), int(article.max()) + 1) for article in articles]


@exercise.formula
def sentence_pairs(
    articles,
    n_pairs,
    generator,
    *,
    chosen=equally,
    two=different,
    known=lambda articles: articles,
    chance=lambda generator: generator,
    joined=lambda rows: rows,
):
    generator, articles = chance(generator), known(articles)
    rows = [articles[c][two(len(articles[c]), generator)] for c in chosen(articles, n_pairs, generator).tolist()]
    return joined(torch.stack(rows))


exercise.slip("paired with itself", two=lambda n, generator: torch.randint(n, (2,), generator=generator)).says(
    "Two independent draws from an article make a similar pair.",
    "Is a row of your answer ever a sentence with itself?",
    "In an article of two sentences that happens every second time, and such a pair teaches nothing.",
    "Draw two different places: torch.randperm(n, generator=generator)[:2].",
)
exercise.slip("articles weighted by their length", chosen=by_length).says(
    "Every sentence is equally likely as an anchor, so long articles come more often.",
    "How often does your shortest article occur?",
    "The text wants every article equally likely, however long it is.",
    "torch.randint(len(articles), (n_pairs,), generator=generator).",
)
exercise.slip("all pairs of all articles equally likely", chosen=by_pairs).says(
    "Every similar pair is equally likely, so an article counts by the number of its pairs.",
    "An article of 100 sentences has 9900 ordered pairs, one of 10 has 90. How often should each come?",
    "Equally often: first the article, then a pair of it.",
)
exercise.slip("across articles", joined=lambda rows: torch.stack([rows[:, 0], rows[:, 1].roll(1)], dim=1)).says(
    "A positive is a sentence of the corpus that differs from the anchor.",
    "Which article is the second sentence of each row from?",
    "Both sentences of a row come from the article that was drawn for it.",
)
exercise.slip("the next sentence", two=neighbours).says(
    "Similar sentences stand next to each other.",
    "How often is the second sentence of your pairs not the neighbour of the first?",
    "Here similar means: of one article. Every ordered pair of different sentences is equally likely.",
)
exercise.slip("places in place of numbers", known=places).says(
    "Sentences are counted through, so a place is as good as a number.",
    "Do the numbers in your answer stand in the articles?",
    "The numbers have gaps where sentences are held out: return articles[c][place].",
)
exercise.slip("held-out sentences included", known=spanned).says(
    "An article consists of all numbers from its smallest to its largest.",
    "What stands between two numbers of an article that are not neighbours?",
    "Gaps are sentences that are held out or belong elsewhere: only the numbers in the list may be drawn.",
)
exercise.slip("a seed of its own", chance=lambda generator: torch.Generator().manual_seed(0)).says(
    "A fixed seed inside the function makes it reproducible.",
    "Call it twice with generators of different seeds: what differs?",
    "The caller decides: pass `generator` to every draw.",
)
exercise.slip(
    "always in order", two=lambda n, generator: torch.randperm(n, generator=generator)[:2].sort().values
).says(
    "A pair has no order, so the earlier sentence may come first.",
    "How often is the last sentence of an article an anchor?",
    "Every ordered pair is equally likely: do not sort.",
)

exercise.style("one shuffled article at a time", two=lambda n, generator: torch.randperm(n, generator=generator)[-2:])


@exercise.accepted("weights and multinomial, validated by hand", guarded=False)
def sentence_pairs(articles, n_pairs, generator):
    if len(articles) == 0 or min(len(a) for a in articles) < 2 or not isinstance(n_pairs, int) or n_pairs < 1:
        raise ValueError(f"{articles}, {n_pairs}")
    chosen = torch.multinomial(torch.ones(len(articles)), n_pairs, replacement=True, generator=generator)
    pairs = [torch.multinomial(torch.ones(len(articles[c])), 2, generator=generator) for c in chosen]
    return torch.stack([articles[c][pair] for c, pair in zip(chosen, pairs)])


@exercise.accepted("numpy, seeded from the generator; the second place skips the first")
def sentence_pairs(articles, n_pairs, generator):
    import numpy as np

    rng = np.random.default_rng(int(torch.randint(2**40, (1,), generator=generator)))
    sizes = np.array([len(article) for article in articles])
    chosen = rng.integers(len(articles), size=n_pairs)
    first = rng.integers(sizes[chosen])
    second = rng.integers(sizes[chosen] - 1)
    second = second + (second >= first)
    return np.array([[articles[c][i].item(), articles[c][j].item()] for c, i, j in zip(chosen, first, second)])


@exercise.accepted("all at once: the positions of two smallest random keys")
def sentence_pairs(articles, n_pairs, generator):
    longest = max(len(article) for article in articles)
    table = torch.stack([torch.cat([a, a.new_zeros(longest - len(a))]) for a in articles])
    length = torch.tensor([len(article) for article in articles])
    chosen = torch.randint(len(articles), (n_pairs,), generator=generator)
    keys = torch.rand(n_pairs, longest, generator=generator)
    keys[torch.arange(longest) >= length[chosen][:, None]] = 2.0
    return table[chosen].gather(1, keys.argsort(dim=1)[:, :2])
