"""Unit 06: answers that were judged too kindly lose points, and beliefs are told whatever the style of a program."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from course import validate
from course.check import check

UNIT = load_unit("06_spectral_loss")
RIGHT = UNIT.references()


def judged(answer, name, seed=0):
    return evaluate(UNIT.exercise(name), RIGHT[name], answer, seed)


def angle_bound(eigenvalues, k, excess, *, all_of_them=False, sign=True, ties=True):
    values = np.append(eigenvalues, 0.0) if all_of_them else eigenvalues
    validate.count(1, k=k)
    steps = np.diff(eigenvalues)
    if k >= len(values) or not (steps <= 0 if ties else steps < 0).all():
        raise ValueError
    high, gap = values[k - 1], values[k - 1] - values[k]
    if not gap > 0 or (sign and not high > 0) or not 0 <= excess < high**2:
        raise ValueError
    return excess / gap / (high + np.sqrt(high**2 - excess))


def test_the_angle_bound_validated_in_another_way_is_right():
    assert judged(angle_bound, "angle_bound").status == "pass"


@pytest.mark.parametrize("turned", [{"all_of_them": True}, {"sign": False}, {"ties": False}])
def test_each_hypothesis_of_the_angle_bound_is_asked_alone(turned):
    def wrong(eigenvalues, k, excess):
        return angle_bound(eigenvalues, k, excess, **turned)

    verdict = judged(wrong, "angle_bound")
    assert verdict.score < 1
    assert verdict.misconception
    assert check(wrong, "angle_bound").verdict.status != "pass"


def augmentation_graph(image_probs, augmentations, distinct=False):
    validate.world(image_probs, augmentations)
    if distinct and ((augmentations > 0).sum(axis=1) == 1).all():  # not any
        raise ValueError
    joint = 0
    for q, a in zip(image_probs, augmentations, strict=True):
        pairs = np.outer(a, a) * (1 - distinct * np.eye(len(a)))
        joint = joint + q * pairs / max(pairs.sum(), 1e-300)
    return joint


def test_one_image_of_one_picture_is_enough_to_refuse_distinct_pairs():
    verdict = judged(augmentation_graph, "augmentation_graph")
    assert 0.5 < verdict.score < 1
    assert check(augmentation_graph, "augmentation_graph").verdict.status != "pass"


def factorization_constant(joint, negatives=None):
    validate.joint_law(joint, symmetric=True)
    m = joint.sum(axis=1) if negatives is None else negatives
    validate.law(m)
    return np.sum(joint**2 / np.outer(m, m))


def test_a_single_negative_does_not_fit_every_graph():
    verdict = judged(factorization_constant, "factorization_constant")
    assert 0.5 < verdict.score < 1
    assert "length" in verdict.belief


@pytest.mark.parametrize("least", [1e-3, 1e-5])
def test_an_eigenvalue_far_above_the_rounding_counts(least):
    def saddle_embedding(joint, k):
        z, p = RIGHT["saddle_embedding"](joint, k), joint.sum(axis=1)  # refuses for us
        values, vectors = np.linalg.eigh(joint / np.sqrt(np.outer(p, p)))
        top = np.flatnonzero(values > least)[:k]
        return vectors[:, top] * np.sqrt(values[top] / p[:, None]) if len(top) == k else z

    assert judged(saddle_embedding, "saddle_embedding").score == 0


@pytest.mark.parametrize(
    ("stretch", "name"),
    [
        (lambda v: np.sqrt(np.abs(v)), "absolute value under the root"),
        (np.ones_like, "eigenvectors without eigenvalues"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_stretch_is_told_whatever_way_the_matrix_is_rounded(stretch, name, seed):
    """A case whose tie the wrong answer cuts would leave the answer to the eigensolver, and the belief untold."""

    def spectral_embedding(joint, k, centred=False):
        validate.joint_law(joint, symmetric=True)
        validate.count(1, k=k)
        if k > len(joint):
            raise ValueError
        p = joint.sum(axis=1)
        matrix = (joint - np.outer(p, p) if centred else joint) / np.sqrt(p) / np.sqrt(p)[:, None]
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        return (vectors * stretch(values) / np.sqrt(p)[:, None])[:, ::-1][:, :k]

    assert judged(spectral_embedding, "spectral_embedding", seed).misconception == name


def spectral_loss_population(joint, z):
    validate.joint_law(joint, symmetric=True)
    if z.ndim != 2 or len(z) != len(joint) or not np.isfinite(z).all():
        raise ValueError
    p, inner = joint.sum(axis=1), z @ z.T
    apart = np.outer(p, p) * (1 - np.eye(len(p)))
    return (apart / apart.sum() * inner**2).sum() - 2 * (joint * inner).sum()  # 0 / 0 for one node


def test_a_belief_is_told_where_its_formula_has_no_value_on_one_node():
    verdict = judged(spectral_loss_population, "spectral_loss_population")
    assert verdict.misconception == "negatives are two different nodes, renormalised"


@pytest.mark.parametrize("scaled", [True, False])
def test_the_largest_column_is_told_alone_for_either_length_of_the_columns(scaled):
    def spectral_clusters(joint, k, seed):
        RIGHT["spectral_embedding"](joint, k)
        p = joint.sum(axis=1)
        values, vectors = np.linalg.eigh(joint / np.sqrt(np.outer(p, p)))
        factor = vectors * np.sqrt(np.maximum(values, 0)) if scaled else vectors
        return np.abs(factor[:, ::-1][:, :k]).argmax(axis=1)

    name = "largest column" + " of the eigenfunctions" * (not scaled)
    assert judged(spectral_clusters, "spectral_clusters").misconception == name


def test_a_program_that_validates_the_entry_it_reads_is_told_that_it_counts_from_0():
    def wrong(eigenvalues, k, excess):
        validate.count(1, k=k)
        if k >= len(eigenvalues) or not (np.diff(eigenvalues) <= 0).all():
            raise ValueError
        high, gap = eigenvalues[k], eigenvalues[k] - eigenvalues[min(k + 1, len(eigenvalues) - 1)]
        if gap <= 0 or high <= 0 or not 0 <= excess < high**2:
            raise ValueError
        return excess / gap / (high + np.sqrt(high**2 - excess))

    for seed in range(12):
        assert judged(wrong, "angle_bound", seed).misconception == "k counted from 0"
