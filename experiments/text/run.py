"""Every training, baseline and evaluation of the table, as jobs for `experiments.jobs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments import notebook as notebooks
from experiments.text import baselines, bound, corpus, words
from experiments.text.settings import (
    BASELINE_SCALES,
    BASELINES,
    CHOICES,
    CHUNKS,
    CLASSIFIERS,
    LOOKS,
    LRS,
    METHODS,
    ON_SEEN,
    SCALES,
    Choice,
)
from experiments.text.tasks import Parts, accuracies, labelled
from experiments.text.training import DIM, embed, train

BOUND_OF, BOUND_RECORDS = "1 negative", 14
BOUND_EACH = {"train": 20, "test": 10}  # sentences of every article in the law on which both sides are computed


@dataclass(frozen=True)
class Job:
    """One training, or one baseline, with one seed. what: "table", "seen" (trained on half of the articles), "bound" or
    "choose"; name: a key of METHODS, or one of BASELINES. steps and lr: 0 takes the choices."""

    what: str
    name: str
    seed: int
    steps: int = 0
    lr: float = 0.0
    chunks: int = CHUNKS


@dataclass(frozen=True)
class Material:
    """The sentences as rows of word numbers, the split, and the word vectors of the training sentences."""

    sentences: tuple[str, ...]
    parts: Parts
    articles: tuple[int, ...]  # which are trained on
    rows: np.ndarray
    n_words: int
    vectors: np.ndarray

    @property
    def training(self) -> list[list[int]]:
        return [self.parts["train"][c] for c in self.articles]


def material(articles: Sequence[corpus.Article], chosen: Sequence[int] | None = None) -> Material:
    """chosen: the articles that are trained on; vocabulary and word vectors come from their training sentences alone."""
    chosen = tuple(range(len(articles)) if chosen is None else chosen)
    ends = np.cumsum([0, *(len(article.sentences) for article in articles)])
    parts = {part: [[int(ends[c]) + i for i in numbers] for c, numbers in enumerate(lists)]
             for part, lists in corpus.by_sentence(articles).items()}  # fmt: skip
    sentences = tuple(sentence for article in articles for sentence in article.sentences)
    seen = [i for c in chosen for i in parts["train"][c]]
    vocabulary = words.Vocabulary([sentences[i] for i in seen])
    rows = vocabulary.rows(sentences)
    vectors = words.word_vectors(rows[seen], len(vocabulary), DIM)
    return Material(sentences, parts, chosen, rows.numpy(), len(vocabulary), vectors.numpy())


def functions_from(notebook: Path) -> dict[str, Callable]:
    """What a notebook of unit 10 defines; raises ExperimentError where something is missing or not written yet."""
    z, generator = torch.eye(4), torch.Generator().manual_seed(0)
    articles, y = [torch.arange(4), torch.arange(4, 9)], torch.tensor([0, 0, 1, 1])
    tried = {
        "sentence_pairs": (articles, 2, generator),
        "sentence_blocks": (articles, 2, 2, generator),
        "quick_thoughts_loss": (z, z),
        "average_kway_accuracy": (z, y, z, y, 2, 1, 0, "mean"),
    }
    return notebooks.functions_from(notebook, tried)


_STATE: dict = {}  # of a worker process


def start(notebook: Path, materials: Mapping[str, Material], device: str) -> None:
    _STATE.update(functions=functions_from(notebook), materials=materials, device=device)


def work(job: Job) -> dict:
    """JSON: cell -> accuracies of chunks; for "seen" under "seen" and "unseen"; for "bound" curves."""
    kind = {"table": one_row, "seen": one_row, "bound": one_bound, "choose": one_choice}[job.what]
    whole = _STATE["materials"]["half" if job.what == "seen" else "all"]
    return kind(job, whole, _STATE["functions"], _STATE["device"])


def one_row(job: Job, given: Material, functions: Mapping[str, Callable], device: str) -> dict:
    if job.name in BASELINES:
        z, accuracy = baseline(job, given), functions["average_kway_accuracy"]
        if job.name == "TF-IDF":
            accuracy = baselines.sparse_accuracy
        scale = BASELINE_SCALES[job.name]
    else:
        choice = choice_of(job)
        encoder = trained(job, given, functions, choice, device)
        z, accuracy, scale = (
            embed(encoder, torch.from_numpy(given.rows)),
            functions["average_kway_accuracy"],
            choice.scale,
        )
    if job.what == "table":
        return accuracies(z, given.parts, accuracy, scale, given.articles, job.chunks)
    unseen = [c for c in range(len(given.parts["train"])) if c not in given.articles]
    groups = {"seen": given.articles, "unseen": unseen}
    return {group: accuracies(z, given.parts, accuracy, scale, some, job.chunks) for group, some in groups.items()}


def choice_of(job: Job) -> Choice:
    choice = CHOICES[METHODS[job.name].kind]
    return Choice(job.lr or choice.lr, job.steps or choice.steps, choice.scale)


def trained(job: Job, given: Material, functions, choice: Choice, device: str, look=lambda step, encoder: None):
    method = METHODS[job.name]
    vectors = torch.from_numpy(given.vectors)
    if method.vectors == "random":
        vectors = words.random_vectors(given.n_words, DIM, job.seed)
    return train(
        method,
        functions,
        torch.from_numpy(given.rows),
        given.training,
        vectors,
        seed=job.seed,
        steps=choice.steps,
        lr=choice.lr,
        look=look,
        device=device,
    )


def baseline(job: Job, given: Material):
    """Embeddings of all sentences."""
    rows, fitted_on = torch.from_numpy(given.rows), [i for article in given.training for i in article]
    if job.name == "mean of word vectors":
        return words.mean_vectors(rows, torch.from_numpy(given.vectors))
    if job.name == "mean of random vectors":
        return words.mean_vectors(rows, words.random_vectors(given.n_words, DIM, job.seed))
    if job.name == "LSA":
        return baselines.latent_semantics(given.sentences, fitted_on)
    everything = [i for article in given.parts["train"] for i in article]  # TF-IDF counts words, wherever they stand
    return baselines.Sparse(baselines.tf_idf(given.sentences, everything))


def one_bound(job: Job, given: Material, functions: Mapping[str, Callable], device: str) -> dict:
    """Both sides of the lemma along a training: law -> quantity -> values at the steps."""
    choice, rows = choice_of(job), torch.from_numpy(given.rows)
    laws = {f"{part}, uniform": bound.law(given.parts[part], each) for part, each in BOUND_EACH.items()}
    laws["validation, by size"] = bound.law(given.parts["validation"])
    steps = sorted({0, *(round(s) for s in np.geomspace(1, choice.steps, BOUND_RECORDS))})
    found: dict = {name: {quantity: [] for quantity in bound.QUANTITIES} for name in laws}

    def look(step, encoder):
        if step in steps:
            for name, (numbers, counts, rho) in laws.items():
                for quantity, value in bound.both_sides(embed(encoder, rows[numbers]), counts, rho).items():
                    found[name][quantity].append(value)

    trained(job, given, functions, choice, device, look)
    return {"steps": steps, "laws": found, "tau": {name: float(np.square(law[2]).sum()) for name, law in laws.items()}}


def one_choice(job: Job, given: Material, functions: Mapping[str, Callable], device: str) -> dict:
    """Validation accuracy of 10-way tasks: "steps / scale / classifier" -> value; for baselines steps is 0."""
    accuracy, found = functions["average_kway_accuracy"], {}
    k = min(10, len(given.articles))

    def measure(steps: int, z, accuracy: Callable) -> None:
        (i, y), (j, wanted) = (labelled(given.parts[part], given.articles) for part in ("train", "validation"))
        for scale in SCALES if steps in (0, job.steps) else SCALES[:1]:
            for classifier in CLASSIFIERS if scale == SCALES[0] else CLASSIFIERS[:1]:
                value = accuracy(z[i] * scale, y, z[j] * scale, wanted, k, 5, 100, classifier)
                found[f"{steps} / {scale:g} / {classifier}"] = value

    if job.name in BASELINES:
        measure(0, baseline(job, given), baselines.sparse_accuracy if job.name == "TF-IDF" else accuracy)
        return found

    def look(step, encoder):
        if step in LOOKS or step == job.steps:
            measure(step, embed(encoder, torch.from_numpy(given.rows)), accuracy)

    trained(job, given, functions, choice_of(job), device, look)
    return found


def table_jobs(
    methods: Sequence[str], seeds: Sequence[int], steps: int, chunks: int = CHUNKS, rest: Sequence[str] = BASELINES
) -> list[Job]:
    """The table, the halves and the bound, the dear ones last; a baseline without a seed is done once."""
    cheap = [name for name in methods if METHODS[name].block == 1]
    jobs = [Job("table", name, seed, steps, chunks=chunks) for seed in seeds for name in cheap]
    jobs += [Job("seen", name, seed, steps, chunks=chunks) for seed in seeds for name in ON_SEEN if name in methods]
    for name in rest:
        some = seeds if name == "mean of random vectors" else seeds[:1]
        jobs += [Job(what, name, seed, chunks=chunks) for what in ("table", "seen") for seed in some]
    jobs += [Job("bound", BOUND_OF, seed, steps) for seed in seeds]
    jobs += [Job("table", name, seed, steps, chunks=chunks) for seed in seeds for name in methods if name not in cheap]
    return jobs


def choose_jobs(seed: int, steps: int) -> list[Job]:
    jobs = [Job("choose", name, seed, steps, lr) for name in ON_SEEN for lr in LRS]
    return jobs + [Job("choose", name, seed) for name in BASELINES]
