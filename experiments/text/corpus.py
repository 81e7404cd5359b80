"""Articles as lists of sentences: the file that is shipped, or a folder with one text file per article; and the splits.

articles = load()                                   # Wikipedia, 2016: data/ATTRIBUTION.md
articles = load("folder")                           # NAME.txt per article, a sentence a line: the layout of Wiki-3029
parts = by_sentence(articles, seed=0)               # {"train": [...], "validation": [...], "test": [...]}
seen, unseen = by_article(articles, seed=0)
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from experiments.running import ExperimentError, written_whole

FILE = Path(__file__).parent / "data" / "wikipedia.json.gz"
LICENCE = "CC BY-SA 3.0, https://creativecommons.org/licenses/by-sa/3.0/"
ATTRIBUTION = """# The sentences in wikipedia.json.gz

Text of English Wikipedia, from its dump of May 2016, as far as the wheel of gensim 4.4.0 carries it as test data. Its authors
are the contributors of the articles below; the link of each leads to the revision that was used, and from there to its
history, which names them. Licence: Creative Commons Attribution-ShareAlike 3.0,
<https://creativecommons.org/licenses/by-sa/3.0/>; this file and what is made from it stand under the same licence (the rest
of the repository does not).

Changed: only running text is kept, without markup, templates (so that some measures are missing), tables, lists, headings,
references, formulas and pictures; it is cut into sentences by nupunkt 0.8.0; sentences of 5 to 60 words that look whole are
kept, none twice; articles with at least 50 of them, of each the first 200. `python -m experiments text prepare` makes this file.

| article | date of the revision | sentences | link |
|---|---|---|---|
"""
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
LEAST = 10  # sentences of an article: with fewer a part of the split could be empty
WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Article:
    """A class: its sentences in their order, and where they come from (empty for a folder of one's own)."""

    title: str
    sentences: tuple[str, ...]
    link: str = ""
    date: str = ""


def load(path: str | Path = FILE) -> list[Article]:
    """The articles of a file that `write` wrote, or of a folder. Raises ExperimentError, in one line, where the file is
    corrupt, the folder holds no text file, there is one article only, an article is short, or a sentence has no word."""
    path = Path(path)
    articles = _from_folder(path) if path.is_dir() else _from_file(path)
    if len(articles) < 2:
        raise ExperimentError(f"{path} holds one article only ({articles[0].title}); a task needs two classes")
    for article in articles:
        if len(article.sentences) < LEAST:
            counted = f"{len(article.sentences)} sentences, at least {LEAST} are needed"
            raise ExperimentError(f"{path}: the article {article.title!r} has {counted}")
        for number, sentence in enumerate(article.sentences, 1):
            if not words(sentence):
                raise ExperimentError(f"{path}: sentence {number} of {article.title!r} has length 0: {sentence!r}")
    return articles


def _from_folder(folder: Path) -> list[Article]:
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise ExperimentError(f"{folder} holds no article: expected one text file (NAME.txt) per article")
    try:
        return [Article(file.stem, tuple(file.read_text(encoding="utf-8").splitlines())) for file in files]
    except UnicodeDecodeError as error:
        raise ExperimentError(f"a file in {folder} is not UTF-8 text: {error}") from error


def _from_file(path: Path) -> list[Article]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            stored = json.load(file)["articles"]
        articles = [Article(**{**a, "sentences": tuple(a["sentences"])}) for a in stored]
    except FileNotFoundError as error:
        raise ExperimentError(
            f"{path} does not exist; `python -m experiments text prepare` makes the one shipped"
        ) from error
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ExperimentError(f"{path} is no file of articles: {error}") from error
    if not articles:
        raise ExperimentError(f"{path} holds no article")
    return articles


def write(path: Path, articles: Sequence[dict]) -> None:
    """Write {"licence", "source", "articles": [{"title", "link", "date", "sentences"}]}, gzipped, the same bytes for the
    same articles."""
    source = "English Wikipedia, dump of May 2016, as far as gensim 4.4.0 carries it; sentences chosen, markup removed"
    content = {"licence": LICENCE, "source": source, "articles": [asdict(Article(**a)) for a in articles]}
    text = json.dumps(content, ensure_ascii=False, indent=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    written_whole(path, lambda temporary: temporary.write_bytes(gzip.compress(text.encode(), 9, mtime=0)))


def attribution(articles: Sequence[dict]) -> str:
    """What stands beside the file: whose text it is, what was changed, and the link of every article."""
    lines = [f"| {a['title']} | {a['date']} | {len(a['sentences'])} | <{a['link']}> |" for a in articles]
    return ATTRIBUTION + "\n".join(lines) + "\n"


def words(sentence: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return WORD.findall(sentence.lower())


def by_sentence(articles: Sequence[Article], seed: int = 0) -> dict[str, list[list[int]]]:
    """Every article's sentences cut at random into train, validation and test: part -> article -> numbers of sentences,
    rising. No sentence is in two parts, and every part holds sentences of every article."""
    rng, parts = np.random.default_rng(seed), {part: [] for part in SHARES}
    for article in articles:
        n = len(article.sentences)
        ends = np.round(np.cumsum([*SHARES.values()][:-1]) * n).astype(int)
        for part, chosen in zip(SHARES, np.split(rng.permutation(n), ends), strict=True):
            parts[part].append(sorted(chosen.tolist()))
    return parts


def by_article(articles: Sequence[Article], seed: int = 0) -> tuple[list[int], list[int]]:
    """Numbers of the articles that are seen in training and of the others, half and half at random."""
    order = np.random.default_rng(seed).permutation(len(articles)).tolist()
    return sorted(order[: len(order) // 2]), sorted(order[len(order) // 2 :])
