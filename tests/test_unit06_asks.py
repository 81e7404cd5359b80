"""Unit 06: the angle bound's values, and answers that passed on most seeds earn nothing."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.grading.grade import questions
from autograder.publish.prove import _judged
from autograder.units.manifest import load_unit
from autograder.units.u06_spectral_loss.tangles import mirrored
from autograder.units.u06_spectral_loss.theorems import adjacency, by_size, eigenvalues, grouped, per_mass, same
from course import graphs

UNIT = load_unit("06_spectral_loss")


@pytest.mark.parametrize(
    ("spectrum", "k", "excess", "bound"),
    [
        ((1, 0.6, 0.3, -0.2), 1, 0.1, 0.128291754874),
        ((1, 0.6, 0.3, -0.2), 2, 0.1, 0.300326828802),
        ((1, 0.6, 0.3, -0.2), 3, 0.05, 0.2),
        ((1, 0.25, 0.2), 2, 0.002, 0.080650449500),
    ],
)
def test_the_angle_bound_is_the_one_of_the_theorem(spectrum, k, excess, bound):
    assert UNIT.references()["angle_bound"](np.array(spectrum, float), k, excess) == pytest.approx(bound, abs=1e-11)


def test_the_angle_bound_holds_for_embeddings_of_any_kind():
    rng, bound = np.random.default_rng(0), UNIT.references()["angle_bound"]
    tried = 0
    for _ in range(300):
        n, k = int(rng.integers(3, 9)), int(rng.integers(1, 3))
        raw = rng.normal(size=(n, n))
        vectors = np.linalg.qr(raw)[0]
        values = np.sort(np.append(1.0, rng.uniform(-0.5, 1, size=n - 1)))[::-1].copy()
        matrix = (vectors * values) @ vectors.T
        factor = vectors[:, :k] * np.sqrt(np.maximum(values[:k], 0)) + 0.15 * rng.normal(size=(n, k))
        excess = np.sum((matrix - factor @ factor.T) ** 2) - np.sum(values[k:] ** 2)
        if values[k - 1] <= 0 or not 0 <= excess < values[k - 1] ** 2:
            continue
        cosines = np.linalg.svd(np.linalg.qr(factor)[0].T @ vectors[:, :k])[1]
        assert k - np.sum(cosines**2) <= bound(values, k, excess) + 1e-9
        tried += 1
    assert tried > 50


def test_no_stationary_point_has_a_larger_loss_than_the_saddle():
    """Gradient flow cannot show saddles; all subsets of positive eigenvalues can."""
    from itertools import combinations

    joint = graphs.random_joint_symmetric(np.random.default_rng(3), 9)
    z, p = UNIT.references()["saddle_embedding"](joint, 2), joint.sum(axis=1)
    loss = p @ (z @ z.T) ** 2 @ p - 2 * np.sum(joint * (z @ z.T))
    positive = [v for v in eigenvalues(joint) if v > 1e-9]
    assert loss == pytest.approx(max(-sum(v**2 for v in chosen) for chosen in combinations(positive, 2)), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_mirrored_parts_need_the_kth_column_and_the_sign_of_an_eigenvalue(seed):
    joint, parts = mirrored(np.random.default_rng(seed), 4, 6)
    values, vectors = np.linalg.eigh(adjacency(joint))
    z = per_mass(vectors * np.sqrt(np.maximum(values, 0)), joint)
    assert same(grouped(z[:, -3:], 3), parts)
    assert not same(grouped(z[:, -2:], 3), parts)
    assert not same(grouped(z[:, by_size(values, 3)], 3), parts)


@pytest.mark.parametrize("name", ["largest absolute eigenvalues, clipped", "k - 1 columns"])
@pytest.mark.parametrize("seed", range(4))
def test_cheaper_columns_earn_nothing_on_clusters(name, seed):
    exercise = UNIT.exercise("spectral_clusters")
    wrong = next(slip for slip in exercise.misconceptions if slip.name == name)
    cases, expected = questions(exercise, UNIT.references()["spectral_clusters"], seed)
    assert _judged(exercise, cases, expected, wrong.load("spectral_clusters"), seed).score == 0


def test_distinct_augmentations_are_those_of_a_program_that_rejects_equal_ones():
    image_probs, augmentations = np.array([0.3, 0.7]), np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    given_image = np.einsum("ix,iy->ixy", augmentations, augmentations)
    law, again = np.zeros_like(given_image), given_image
    for _ in range(400):  # keep what differs, draw the rest again
        law = law + again * (1 - np.eye(3))
        again = np.einsum("ixx->i", again)[:, None, None] * given_image
    found = UNIT.references()["augmentation_graph"](image_probs, augmentations, distinct=True)
    assert found == pytest.approx(np.tensordot(image_probs, law, axes=1), abs=1e-12)


def test_the_constant_of_other_negatives_is_the_one_of_an_identity():
    rng = np.random.default_rng(5)
    joint, m = graphs.random_joint_symmetric(rng, 5), rng.dirichlet(np.full(5, 3.0))
    root = np.sqrt(m)[:, None]
    for _ in range(3):
        z = rng.normal(size=(5, 2))
        loss = m @ (z @ z.T) ** 2 @ m - 2 * np.sum(joint * (z @ z.T))
        error = np.sum((joint / (root * root.T) - root * z @ (root * z).T) ** 2)
        assert error - loss == pytest.approx(UNIT.references()["factorization_constant"](joint, m), abs=1e-10)


def test_skipping_the_solvers_first_vector_is_not_centring_where_the_graph_falls_into_parts():
    def skips(joint, k, centred=False):
        p = joint.sum(axis=1)
        values, vectors = np.linalg.eigh(adjacency(joint))
        values, vectors = np.append(0, values), np.column_stack([0 * p, vectors])
        top = np.arange(len(p), 0, -1)
        top = np.append(top[1:], 0)[:k] if centred else top[:k]
        return per_mass(vectors[:, top] * np.sqrt(np.maximum(values[top], 0)), joint)

    exercise = UNIT.exercise("spectral_embedding")
    cases, expected = questions(exercise, UNIT.references()["spectral_embedding"], 0)
    record = _judged(exercise, cases, expected, skips, 0)
    assert 0.5 < record.score < 0.9
