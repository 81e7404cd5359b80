"""The text experiment: data with attribution, splits that do not overlap, exact bounds, fair tasks, one command."""

from __future__ import annotations

import gzip
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.__main__ import main
from experiments.jobs import Journal, run_all
from experiments.running import ExperimentError
from experiments.text import baselines, bound, command, corpus, prepare, results, settings, tasks, training, words
from experiments.text.run import Job, functions_from, material
from experiments.text.wikitext import paragraphs

ROOT = Path(__file__).resolve().parent.parent
LECTURE = ROOT / "lectures" / "data" / "10_text_and_images"


@pytest.fixture(scope="module")
def articles():
    return corpus.load()


@pytest.fixture(scope="module")
def functions():
    return functions_from(command.SOLVED)


@pytest.fixture
def folder(tmp_path):
    """Three articles of twelve sentences, a file each."""
    path = tmp_path / "articles"
    path.mkdir()
    for name, word in (("cats", "cat"), ("dogs", "dog"), ("owls", "owl")):
        lines = [f"The {word} number {i} is a {word} of house {i % 3}." for i in range(12)]
        (path / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- data


def test_every_article_has_title_link_and_date(articles):
    assert 60 <= len(articles) <= 75
    assert len({article.title for article in articles}) == len(articles)
    for article in articles:
        assert article.link.startswith("https://en.wikipedia.org/w/index.php?title="), article.title
        assert article.link.rpartition("&oldid=")[2].isdigit(), article.title
        assert "2015-12-31" < article.date < "2016-05-02", article.title


def test_the_sentences_are_clean_and_none_is_there_twice(articles):
    every = [sentence for article in articles for sentence in article.sentences]
    assert len(set(every)) == len(every)
    for article in articles:
        assert prepare.LEAST <= len(article.sentences) <= prepare.MOST, article.title
    for sentence in every:
        assert prepare.CLEAN.fullmatch(sentence), sentence
        assert len(sentence.split()) in prepare.WORDS


def test_the_licence_stands_in_the_file_and_beside_it(articles):
    with gzip.open(corpus.FILE, "rt", encoding="utf-8") as file:
        stored = json.load(file)
    assert "CC BY-SA" in stored["licence"]
    beside = corpus.FILE.with_name("ATTRIBUTION.md").read_text(encoding="utf-8")
    assert beside == corpus.attribution(stored["articles"])
    assert "Attribution-ShareAlike" in beside
    assert all(f"<{article.link}>" in beside for article in articles)
    assert corpus.FILE.stat().st_size < 700_000


def test_writing_gives_the_same_bytes(tmp_path):
    with gzip.open(corpus.FILE, "rt", encoding="utf-8") as file:
        corpus.write(tmp_path / "again.json.gz", json.load(file)["articles"])
    assert gzip.decompress((tmp_path / "again.json.gz").read_bytes()) == gzip.decompress(corpus.FILE.read_bytes())


def test_splits_are_disjoint_whole_and_never_empty(articles):
    parts = corpus.by_sentence(articles)
    assert corpus.by_sentence(articles) == parts != corpus.by_sentence(articles, seed=1)
    for c, article in enumerate(articles):
        numbers = [parts[part][c] for part in corpus.SHARES]
        assert all(numbers)
        assert sorted(itertools.chain(*numbers)) == list(range(len(article.sentences)))
    seen, unseen = corpus.by_article(articles)
    assert sorted(seen + unseen) == list(range(len(articles)))
    assert abs(len(seen) - len(unseen)) <= 1


def test_numbers_of_sentences_are_global_and_of_their_article(articles):
    some = articles[:3]
    given = material(some)
    for c, article in enumerate(some):
        for part in corpus.SHARES:
            assert {given.sentences[i] for i in given.parts[part][c]} <= set(article.sentences)
    held_out = {i for part in ("validation", "test") for numbers in given.parts[part] for i in numbers}
    assert not held_out & {i for numbers in given.training for i in numbers}


def test_a_folder_of_articles_takes_the_place_of_the_file(folder):
    found = corpus.load(folder)
    assert [article.title for article in found] == ["cats", "dogs", "owls"]
    assert found[0].sentences[4] == "The cat number 4 is a cat of house 1."


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: [f.unlink() for f in d.iterdir()], "holds no article: expected one text file"),
        (lambda d: [(d / f"{n}.txt").unlink() for n in ("cats", "dogs")], "one article only \\(owls\\)"),
        (lambda d: (d / "dogs.txt").write_text("A dog.\nA hound."), "'dogs' has 2 sentences, at least 10"),
        (lambda d: (d / "dogs.txt").write_text("A dog.\n\n" * 12), "sentence 2 of 'dogs' has length 0: ''"),
        (lambda d: (d / "dogs.txt").write_text("...\n" * 12), "sentence 1 of 'dogs' has length 0: '...'"),
        (lambda d: (d / "dogs.txt").write_bytes(b"\xff\xfe" * 40), "not UTF-8"),
    ],
)
def test_a_bad_folder_is_one_line(folder, spoil, message):
    spoil(folder)
    with pytest.raises(ExperimentError, match=message) as caught:
        corpus.load(folder)
    assert "\n" not in str(caught.value)


def test_a_bad_file_is_one_line(tmp_path):
    with pytest.raises(ExperimentError, match="text prepare"):
        corpus.load(tmp_path / "none.json.gz")
    for content in (b"no gzip", corpus.FILE.read_bytes()[:1000], gzip.compress(b"{}")):
        (tmp_path / "bad.json.gz").write_bytes(content)
        with pytest.raises(ExperimentError, match="no file of articles"):
            corpus.load(tmp_path / "bad.json.gz")


# --- how the file is made


def test_markup_is_taken_off():
    text = (
        "{{Infobox|name={{nested|x}}|y=[[z]]}}\n'''Cats''' are [[felid|small]] [[animal]]s.<ref name=a>no</ref> They"
        " purr<ref name=b/> (, loudly).\n== Heading ==\n* a list\n[[File:c.jpg|thumb|A [[cat]] sleeps.]]\n"
        "{| class=wikitable\n| cell\n|}\nSee [http://x.org the page] <!-- hidden -->&amp; more.\n[[Category:Cats]]"
    )
    assert paragraphs(text) == ["Cats are small animals. They purr (, loudly).", "See the page & more."]


def test_articles_of_a_dump_are_clean_and_attributed():
    page = (
        "<page><title>{}</title><ns>{}</ns>{}<revision><id>7</id><timestamp>2016-04-01T00:00:00Z</timestamp>"
        "<text>{}</text></revision></page>"
    )
    text = "The cat sleeps on the mat. The cat sleeps on the mat. It purrs | badly = here and now."
    pages = [
        page.format("A cat", 0, "", text),
        page.format("Redirect", 0, "<redirect title='A cat'/>", text),
        page.format("Talk:Cat", 1, "", text),
        page.format("Twice", 0, "", "The cat sleeps on the mat."),
    ]
    dump = f"<mediawiki xmlns='{prepare.SPACE[1:-1]}'>{''.join(pages)}</mediawiki>".encode()
    first, second = prepare.articles(dump, lambda paragraph: [s + "." for s in paragraph.split(".") if s.strip()])
    link = "https://en.wikipedia.org/w/index.php?title=A_cat&oldid=7"
    sentences = ["The cat sleeps on the mat."]
    assert first == {"title": "A cat", "link": link, "date": "2016-04-01", "sentences": sentences}
    assert second["sentences"] == []  # it is the first article's


def test_a_changed_download_is_refused():
    with pytest.raises(ExperimentError, match="dump is not the expected file: its SHA-256 is"):
        prepare.checked(b"something else", prepare.DUMP_SHA256, "dump")


# --- words and encoder


def test_words_of_held_out_sentences_are_unknown():
    vocabulary = words.Vocabulary(["A cat sat.", "The cat ran.", "A dog ran."])
    assert vocabulary.known == ["a", "cat", "ran"]
    rows = vocabulary.rows(["A zebra ran!"])
    assert rows[0, :4].tolist() == [2, words.UNKNOWN, 4, words.PADDING]


def test_words_of_the_same_sentences_get_similar_vectors():
    sentences = ["red blue green"] * 5 + ["one two three"] * 5 + ["red green"] * 3 + ["two three"] * 3
    vocabulary = words.Vocabulary(sentences)
    vectors = words.word_vectors(vocabulary.rows(sentences), len(vocabulary), 2)
    row = lambda word: vectors[vocabulary.number[word]]  # noqa: E731
    cosine = torch.nn.functional.cosine_similarity
    assert cosine(row("red"), row("green"), dim=0) > 0.5 > cosine(row("red"), row("two"), dim=0)
    assert not vectors[: words.UNKNOWN + 1].any()


def test_an_embedding_does_not_depend_on_the_padding():
    encoder = training.Encoder(words.random_vectors(9, 5, 0), seed=1)
    short, long = torch.tensor([[2, 3, 0, 0, 0, 0]]), torch.tensor([[4, 5, 6, 7, 8, 2]])
    alone, beside = encoder(short)[0], encoder(torch.cat([short, long]))[0]
    torch.testing.assert_close(alone, beside)


@pytest.mark.parametrize(("method", "shape"), [
    (training.Method("unsupervised", 10, pairs=66), ((11, 64), (11, 64))),
    (training.Method("unsupervised", 1, 5), ((2, 64), (2, 5, 64))),
])  # fmt: skip
def test_an_anchor_has_as_many_negatives_as_the_method_says(functions, method, shape):
    seen = []

    def loss(a, b):
        seen.append((tuple(a.shape), tuple(b.shape)))
        return (a.sum() - b.sum()) ** 2

    rows, articles = torch.randint(2, 9, (40, 6)), [list(range(20)), list(range(20, 40))]
    encoder = training.Encoder(words.random_vectors(9, 5, 0), seed=1)
    value = training.unlabelled(method, {**functions, "quick_thoughts_loss": loss}, rows, articles)
    value(encoder, torch.Generator().manual_seed(0))
    assert set(seen) == {shape}
    assert len(seen) == method.groups


def test_a_seed_decides_a_training_and_both_trainings_learn(functions):
    rows = torch.cat([torch.randint(2, 6, (30, 6)), torch.randint(6, 10, (30, 6))])
    articles = [list(range(30)), list(range(30, 60))]
    vectors = words.random_vectors(10, 8, 0)
    for kind in ("supervised", "unsupervised"):
        method = training.Method(kind, pairs=8)
        one, again, other = (
            training.train(method, functions, rows, articles, vectors, seed=s, steps=20, lr=1e-2) for s in (0, 0, 1)
        )
        z = training.embed(one, rows)
        assert torch.equal(z, training.embed(again, rows))
        assert not torch.equal(z, training.embed(other, rows))
        means = torch.stack([z[:30].mean(dim=0), z[30:].mean(dim=0)])
        labels = torch.tensor([0] * 30 + [1] * 30)
        assert ((z @ means.T).argmax(dim=1) == labels).float().mean() > 0.9, kind


def test_a_loss_that_is_not_finite_stops_with_one_line(functions):
    rows, articles = torch.randint(2, 9, (40, 6)), [list(range(20)), list(range(20, 40))]
    broken = {**functions, "quick_thoughts_loss": lambda a, b: (a * b).sum() * math.nan}
    method = training.Method("unsupervised", pairs=4)
    with pytest.raises(ExperimentError, match="diverged: its loss is nan at step 50"):
        training.train(method, broken, rows, articles, words.random_vectors(9, 5, 0), seed=0, steps=60, lr=0.1)


# --- tasks and baselines


def test_few_labels_are_few_and_the_same_for_everybody():
    numbers, labels = torch.arange(60), torch.arange(60) % 3
    chosen, y = tasks.some_of_each(numbers, labels, 4)
    assert torch.bincount(y).tolist() == [settings.FEW] * 3
    assert torch.equal(labels[chosen], y)
    assert torch.equal(chosen, tasks.some_of_each(numbers, labels, 4)[0])
    assert not torch.equal(chosen, tasks.some_of_each(numbers, labels, 5)[0])


def test_the_mean_classifier_does_not_see_the_scale_and_every_cell_is_measured():
    seen = []

    def accuracy(z, y, test_z, test_y, k, n_tasks, seed, classifier):
        seen.append((classifier, float(z[0, 0]), k))
        return 0.5

    parts = {"train": [list(range(8)), list(range(8, 16))], "test": [[16], [17]]}
    found = tasks.accuracies(torch.ones(18, 2), parts, accuracy, 3.0, [0, 1], chunks=2)
    assert list(found) == tasks.cells(2)
    assert {entry for entry in seen if entry[0] == "mean"} == {("mean", 1.0, 2)}
    assert {entry for entry in seen if entry[0] == "trained"} == {("trained", 3.0, 2)}
    assert [len(found[f"all / {labels} / mean"]) for labels in ("all labels", "5 labels")] == [1, 2]


@pytest.mark.parametrize("k", [2, 4])
def test_sparse_rows_are_measured_as_the_notebook_measures_dense_ones(functions, k):
    import scipy.sparse

    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(5), 40)
    dense = rng.normal(size=(200, 6)) + 1.5 * rng.normal(size=(5, 6))[y]
    train, test = np.arange(200) % 2 == 0, np.arange(200) % 2 == 1
    sparse = [baselines.Sparse(scipy.sparse.csr_matrix(dense[part])) for part in (train, test)]
    for classifier, slack in (("mean", 1e-12), ("trained", 0.011)):
        rows = [torch.from_numpy(dense[part]) for part in (train, test)]
        labels = [torch.from_numpy(y[part]) for part in (train, test)]
        of_notebook = functions["average_kway_accuracy"](rows[0], labels[0], rows[1], labels[1], 5, 1, 3, classifier)
        ours = baselines.sparse_accuracy(sparse[0], labels[0], sparse[1], labels[1], 5, 1, 3, classifier)
        assert ours == pytest.approx(of_notebook, abs=slack)
        some = [np.isin(label, range(k)) for label in labels]
        of_notebook = functions["average_kway_accuracy"](
            rows[0][some[0]], labels[0][some[0]], rows[1][some[1]], labels[1][some[1]], k, 1, 3, classifier
        )
        ours = baselines.sparse_accuracy(
            sparse[0][some[0]], labels[0][some[0]], sparse[1][some[1]], labels[1][some[1]], k, 1, 3, classifier
        )
        assert ours == pytest.approx(of_notebook, abs=slack)


def test_tf_idf_knows_only_the_words_it_was_fitted_on(articles):
    sentences = [s for article in articles[:2] for s in article.sentences[:30]]
    rows = baselines.tf_idf([*sentences, "zyzzyva zyzzyva zyzzyva"], range(len(sentences)))
    assert rows[-1].nnz == 0
    assert baselines.latent_semantics(sentences, range(60), 4).shape == (60, 4)


# --- the bound


def small_law():
    rng = np.random.default_rng(1)
    counts, rho = [2, 3, 1], np.array([0.5, 0.2, 0.3])
    return torch.from_numpy(rng.normal(size=(6, 3))), counts, rho


def test_both_sides_are_what_enumeration_gives():
    z, counts, rho = small_law()
    members, found = np.split(np.arange(6), np.cumsum(counts)[:-1]), bound.both_sides(z, counts, rho)
    x = z.numpy()
    softplus = lambda m: np.log1p(np.exp(-m))  # noqa: E731
    loss = sum(
        rho[c] * rho[e] * np.mean([softplus(x[i] @ (x[j] - x[k])) for i in members[c] for j in members[c] for k in members[e]])
        for c in range(3) for e in range(3)
    )  # fmt: skip
    means = [x[m].mean(axis=0) for m in members]
    apart = [(c, e) for c in range(3) for e in range(3) if c != e]
    weight = sum(rho[c] * rho[e] for c, e in apart)
    task = {(c, e): np.mean([softplus(x[i] @ (means[c] - means[e])) for i in members[c]]) for c, e in apart}
    assert found["unsupervised"] == pytest.approx(loss)
    assert found["supervised_mean"] == pytest.approx(sum(rho[c] * rho[e] * task[c, e] for c, e in apart) / weight)
    same = (rho**2).sum()
    assert found["after_jensen"] == pytest.approx((1 - same) * found["supervised_mean"] + same * math.log(2))
    assert found["supervised_mean"] <= bound.upper(found["unsupervised"], rho)


def test_one_embedding_for_everything_makes_the_lemma_an_equality():
    _, counts, rho = small_law()
    found = bound.both_sides(torch.ones(6, 3), counts, rho)
    assert found["unsupervised"] == pytest.approx(math.log(2))
    assert (
        found["supervised_mean"] == pytest.approx(bound.upper(found["unsupervised"], rho)) == pytest.approx(math.log(2))
    )
    assert found["error_mean"] == pytest.approx(0.5)


def test_laws_are_uniform_or_by_size():
    parts = [[4, 5, 6], [1, 2]]
    assert bound.law(parts, 2)[:2] == ([4, 5, 1, 2], [2, 2])
    assert bound.law(parts, 2)[2].tolist() == [0.5, 0.5]
    assert bound.law(parts)[2].tolist() == [0.6, 0.4]


# --- jobs and the command


def remember(path):
    REMEMBERED.append(path)


REMEMBERED: list = []


def times_two(job):
    with open(REMEMBERED[0], "a") as file:
        file.write(f"{job}\n")
    return 2 * job


def test_a_stopped_command_goes_on_and_trains_nothing_twice(tmp_path):
    log, journal = tmp_path / "log", Journal(tmp_path, "test", "settings")
    journal.add("1", 2)
    journal.add("2", 4)
    found = run_all([1, 2, 3], times_two, remember, (str(log),), Journal(tmp_path, "test", "settings"), "cpu")
    assert found == {1: 2, 2: 4, 3: 6}
    assert log.read_text().split() == ["3"]
    with journal.path.open("a") as file:
        file.write('["4", ')  # cut off while it was written
    assert Journal(tmp_path, "test", "settings").found == {"1": 2, "2": 4, "3": 6}
    assert Journal(tmp_path, "test", "other settings").found == {}
    journal.discard()
    assert Journal(tmp_path, "test", "settings").found == {}


@pytest.mark.slow
def test_the_command_leaves_numbers_and_figures_drawn_from_them(tmp_path, capsys):
    assert main(["text", "--quick", "--out", str(tmp_path)]) == 0
    names = {f"{stem}_wikipedia.{kind}" for stem in ("text", "bound") for kind in ("png", "npz", "json")}
    printed = capsys.readouterr()
    assert {path.name for path in tmp_path.iterdir()} == names == {Path(line).name for line in printed.out.splitlines()}
    assert "supervised" in printed.err
    summary = json.loads((tmp_path / "text_wikipedia.json").read_text(encoding="utf-8"))
    assert set(summary["rows"]["table"]) == {*settings.QUICK, *settings.BASELINES[:2]}
    with np.load(tmp_path / "text_wikipedia.npz") as numbers:
        assert numbers["table"].shape[2] == settings.QUICK_RUNS
    png = tmp_path / "text_wikipedia.png"
    before = png.read_bytes()
    png.unlink()
    assert main(["text", "--redraw", "--out", str(tmp_path)]) == 0
    assert png.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.ipynb"], "none.ipynb is no notebook"),
        (["--runs", "1"], "runs must be at least 2, got 1"),
        (["--steps", "0"], "steps must be at least 1, got 0"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--dataset", "nowhere"], "nowhere does not exist"),
        (["--redraw"], "no numbers to draw from"),
        (["choose", "prepare"], "expected one of prepare, choose"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(tmp_path, capsys, arguments, message):
    assert main(["text", *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_notebook_that_is_not_written_yet_is_named(tmp_path):
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "sentence_pairs", "grade": False}}}
    source = ["def sentence_pairs(articles, n_pairs, generator):\n", "    raise NotImplementedError"]
    (tmp_path / "mine.ipynb").write_text(json.dumps({"cells": [cell | {"source": source}]}))
    with pytest.raises(ExperimentError, match="sentence_pairs is not written yet"):
        functions_from(tmp_path / "mine.ipynb")


# --- what the lecture reads


def test_the_choices_are_the_best_on_the_validation_sentences():
    stored = json.loads((LECTURE / "text_choices.json").read_text(encoding="utf-8"))
    assert stored["chosen"] == {name: results.best(rows) for name, rows in stored["found"].items()}
    for kind, name in zip(settings.CHOICES, settings.ON_SEEN, strict=True):
        choice = settings.CHOICES[kind]
        assert stored["chosen"][name] == {"lr": choice.lr, "steps": choice.steps, "scale": choice.scale}
    scales = {name: stored["chosen"][name]["scale"] for name in settings.BASELINES}
    assert scales == settings.BASELINE_SCALES


def test_the_lecture_draws_results_of_the_settings_in_the_code():
    summary = json.loads((LECTURE / "text_wikipedia.json").read_text(encoding="utf-8"))
    assert set(summary["rows"]["table"]) == {*settings.METHODS, *settings.BASELINES}
    assert set(summary["rows"]["seen"]) == set(summary["rows"]["unseen"]) == {*settings.ON_SEEN, *settings.BASELINES}
    kinds = {name: {"lr": c.lr, "steps": c.steps, "scale": c.scale} for name, c in settings.CHOICES.items()}
    assert summary["choices"] == kinds
    with np.load(LECTURE / "bound_wikipedia.npz") as numbers:
        tau = json.loads((LECTURE / "bound_wikipedia.json").read_text(encoding="utf-8"))["tau"]
        for law, same in tau.items():
            allowed = (numbers[f"{law} / unsupervised"] - same * math.log(2)) / (1 - same)
            assert (numbers[f"{law} / supervised_mean"] <= allowed + 1e-9).all()


def test_a_job_is_what_the_journal_calls_it():
    assert repr(Job("table", "supervised", 0)) == repr(Job("table", "supervised", 0))
    assert repr(Job("table", "supervised", 0)) != repr(Job("table", "supervised", 1))
