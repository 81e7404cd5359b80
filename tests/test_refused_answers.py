"""Wrong answers that once earned points in units 01 to 04, and others like them: each loses all of them, or the part it
does not know."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit

SLUGS = ("01_similarity_losses", "02_latent_classes", "03_many_negatives", "04_mutual_information")
R = {name: function for slug in SLUGS for name, function in load_unit(slug).references().items()}
UNIT_OF = {name: load_unit(slug) for slug in SLUGS for name in load_unit(slug).checks}
SEEDS = range(4)


def verdicts(name, answer):
    return [evaluate(UNIT_OF[name].exercise(name), R[name], answer, seed, named=False) for seed in SEEDS]


def total(line) -> float:
    return float(np.sum(line))


def right_total_in(line, spread):
    """A line of the right length and the right sum, its terms made up by `spread`."""
    return total(line) if np.ndim(line) == 0 else spread(total(line), len(line))


def evenly(value, n):
    return [value / n] * n


def all_in_the_first(value, n):
    return [value] + [0.0] * (n - 1)


def all_in_the_last(value, n):
    return [0.0] * (n - 1) + [value]


LADDERS = ("ladder_curl", "ladder_lemma1", "ladder_lemma2", "ladder_proposition1", "ladder_vertex")


@pytest.mark.parametrize("spread", [evenly, all_in_the_first, all_in_the_last])
@pytest.mark.parametrize("name", LADDERS)
def test_right_totals_do_not_replace_the_terms_of_a_ladder(name, spread):
    def totals_only(*args):
        return [right_total_in(line, spread) for line in R[name](*args)]

    assert [v.score for v in verdicts(name, totals_only)] == [0] * len(SEEDS)


@pytest.mark.parametrize("name", LADDERS)
def test_a_ladder_of_one_number_a_line_earns_nothing(name):
    answers = verdicts(name, lambda *args: [total(line) for line in R[name](*args)])
    assert [v.score for v in answers] == [0] * len(SEEDS)
    assert "line 2 must be the list of its" in next(row.discreet for row in answers[0].parts if not row.ok)


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("ladder_curl", 2),
        ("ladder_proposition1", 2),
        ("ladder_proposition1", 4),
        ("ladder_vertex", 2),
        ("ladder_vertex", 3),
    ],
)
def test_a_line_cannot_be_copied_from_the_one_before_it(name, copied):
    """The line is cut to the length that is asked for, and what is missing is put into one term: its sum is right."""

    def copying(*args):
        lines = R[name](*args)
        n, source = len(lines[copied]), list(lines[copied - 1])
        source = source[: n - 1] + [0.0] * (n - 1 - len(source))
        lines[copied] = [*source, total(lines[copied]) - total(source)]
        return lines

    assert [v.score for v in verdicts(name, copying)] == [0] * len(SEEDS)


@pytest.mark.parametrize("name", LADDERS)
def test_the_first_wrong_line_and_term_of_a_ladder_are_named(name):
    def wrong_from(line, term):
        def function(*args):
            lines = R[name](*args)
            lines[line - 1][term - 1] += 0.1
            lines[-1] = [7.0] * len(lines[-1]) if np.ndim(lines[-1]) else 7.0
            return lines

        return function

    for line, term in ((2, 1), (2, 2), (3, 2)):
        row = next(row for row in verdicts(name, wrong_from(line, term))[0].parts if not row.ok)
        assert f"line {line}, term {term}: " in row.public
        assert f"line {line}, term {term}: " in row.discreet


def transposed_when_square(matrix, *others):
    return matrix.T if matrix.shape[0] == matrix.shape[1] else matrix


def means_transposed_back(classes, z):
    means = R["class_means"](classes, z)
    return means.T if means.shape[0] == means.shape[1] else means


def cosine_alignment(x, y, alpha=2):
    R["alignment"](x.detach(), y.detach(), alpha)  # raises where it must
    squared = 2 - 2 * (x * y).sum(dim=1)
    return (squared if alpha == 2 else squared.clamp(min=0).pow(alpha / 2)).mean()


WORTHLESS = {
    "negatives_law, transposed when square": (
        "negatives_law",
        lambda rho, classes: (
            R["negatives_law"](rho, transposed_when_square(classes))
            if classes.shape[0] != classes.shape[1]
            else classes @ rho
        ),
    ),
    "class_means, classes transposed when square": (
        "class_means",
        lambda classes, z: R["class_means"](classes, z) * 0 + transposed_when_square(classes) @ z,
    ),
    "class_means, the answer transposed when square": ("class_means", means_transposed_back),
    "similar_pairs of points and classes exchanged when square": (
        "similar_pairs",
        lambda rho, classes: (
            R["similar_pairs"](rho, classes)
            if classes.shape[0] != classes.shape[1]
            else classes @ np.diag(rho) @ classes.T
        ),
    ),
    "alignment by the cosine": ("alignment", cosine_alignment),
}


@pytest.mark.parametrize("wrong", WORTHLESS)
def test_a_wrong_answer_earns_nothing(wrong):
    name, answer = WORTHLESS[wrong]
    assert [v.score for v in verdicts(name, answer)] == [0] * len(SEEDS)


def test_negatives_needed_that_answers_for_the_whole_information_loses_the_bad_inputs():
    def unchecked(joint, fraction):
        return 1 if fraction == 1 else R["negatives_needed"](joint, fraction)

    for verdict in verdicts("negatives_needed", unchecked):
        assert [row.part for row in verdict.parts if not row.ok] == ["bad input"]


def dream_of(points, dimensions=2):
    """A valid counterexample of that size: the simple one, each point repeated, coordinates filled up with zeros."""

    def function(r):
        rho, law, *embeddings = R["counterexample_dream"](r)
        copies = points // 4
        useless, good = (np.pad(np.repeat(z, copies, axis=0), ((0, 0), (0, dimensions - 2))) for z in embeddings)
        return rho, np.repeat(law, copies, axis=1) / copies, useless, good

    return function


def test_a_counterexample_of_the_allowed_size_passes_and_a_larger_one_costs_nothing():
    assert all(v.status == "pass" for v in verdicts("counterexample_dream", dream_of(40, dimensions=20)))
    for points, dimensions in ((44, 2), (40, 21), (800, 2), (20000, 20)):
        started = time.process_time()
        found = verdicts("counterexample_dream", dream_of(points, dimensions=dimensions))
        assert [v.score for v in found] == [0] * len(SEEDS)
        # the answers alone take as long; S^3 arrays at S = 800 would take 4 GB and minutes
        assert time.process_time() - started < 5


def lemma2_of(classes, points, dimensions):
    def function():
        z = np.zeros((points, dimensions))
        z[:2, :1] = math.sqrt(40) * np.array([[1.0], [2.0]])
        rho = np.full(classes, 1e-6)
        rho[:2] = (1 - 1e-6 * (classes - 2)) / 2
        return rho, np.eye(classes, points), z, max(2, classes)

    return function


def test_a_counterexample_to_lemma_2_beyond_its_sizes_is_not_evaluated():
    allowed = verdicts("counterexample_lemma2", lemma2_of(2, 20, 20))
    assert all(v.status == "pass" for v in allowed)
    for sizes in ((21, 21, 1), (2, 21, 1), (2, 20, 21), (2, 3000, 300)):
        started = time.process_time()
        assert [v.score for v in verdicts("counterexample_lemma2", lemma2_of(*sizes))] == [0] * len(SEEDS)
        assert time.process_time() - started < 5
    nested = [[[0.5] * 2] * 2] * 2
    assert verdicts("counterexample_lemma2", lambda: (nested, nested, nested, nested))[0].score == 0
