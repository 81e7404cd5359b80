"""Wrong answers in units 05 to 08 that once got all points: each loses all of them, or the part that it gets wrong."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.grading.grade import questions
from autograder.publish.prove import _judged
from autograder.units.manifest import load_unit
from course.check.case import PART_WEIGHTS

SLUGS = ("05_debiasing", "06_spectral_loss", "07_linear_probe", "08_convergence")
UNITS = {name: load_unit(slug) for slug in SLUGS for name in load_unit(slug).checks}
SCALARS = (
    "counterexample_gap",
    "counterexample_step",
    "lemma4_certificate",
    "lemma4_sum",
    "smoothness_constant",
    "smoothness_sharp",
)


def verdict(name: str, answer, seed: int):
    exercise, reference = UNITS[name].exercise(name), UNITS[name].references()[name]
    cases, expected = questions(exercise, reference, seed)
    return _judged(exercise, cases, expected, answer, seed)


def reference(name: str):
    return UNITS[name].references()[name]


def assert_earns_nothing(name: str, answer, seeds=range(5)):
    for seed in seeds:
        assert verdict(name, answer, seed).score == 0, f"seed {seed}"


def largest_axis(tree) -> int:
    if isinstance(tree, dict):
        return largest_axis(list(tree.values()))
    if isinstance(tree, (list, tuple)):
        return max(map(largest_axis, tree), default=0)
    return max(np.shape(tree), default=0)


@pytest.mark.parametrize(
    "name", [n for n, u in UNITS.items() if n not in SCALARS and u.exercise(n).function and not u.exercise(n).trains]
)
def test_right_on_small_inputs_and_garbage_on_larger_ones(name):
    """No axis of the public cases is longer than 8, but for the few that must be; a graded case is longer."""
    right = reference(name)
    exercise = UNITS[name].exercise(name)
    public = [c for c in questions(exercise, right, 1)[0] if c.public and c.part == "values"]
    longest = max(8, max(largest_axis(case.args) for case in public))

    def answer(*args, **kwargs):
        value = right(*args, **kwargs)
        if largest_axis(args) <= longest:
            return value
        return _garbage(value)

    if longest > 40:  # linear_probe: its public training sets are large
        pytest.skip("the public cases are as large as the graded ones")
    assert_earns_nothing(name, answer, range(3))


def _garbage(value):
    if isinstance(value, dict):
        return {key: _garbage(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_garbage(item) for item in value]
    return np.arange(len(value)) if getattr(value, "dtype", None) in (np.int64, np.int32) else 2 * value + 1


# 05


def pixels_plus_noise(images, labels, seed, device):
    """Digits moved to the corner of their canvas, three times with a little noise; no training, no loss."""
    if images.ndim != 4 or len(images) < 2 or labels.shape != images.shape[:1]:
        raise ValueError("shapes")
    generator, moved = torch.Generator().manual_seed(seed), images.clone()
    for i, image in enumerate(images[:, 0]):
        rows, columns = (torch.nonzero(image.sum(dim=axis))[0].item() for axis in (1, 0))
        moved[i, 0] = image.roll((-rows, -columns), dims=(0, 1))
    x = moved.flatten(1)
    biased, debiased, noise = (x + 0.05 * torch.randn(x[:1].shape, generator=generator) for _ in range(3))
    _, kind, count = labels.unique(return_inverse=True, return_counts=True)
    repeated = (count[kind] > 1)[:, None]
    return {"biased": biased, "debiased": debiased, "unbiased": torch.where(repeated, noise, biased)}


def test_pixels_are_no_comparison_of_losses():
    assert_earns_nothing("compare_debiasing", pixels_plus_noise, range(2))


def leaking_mass(pos_sim, neg_sim, tau_plus, temperature):
    reference("debiased_negative_mass")(pos_sim, neg_sim, tau_plus, temperature)
    n = neg_sim.shape[1]
    mass = ((neg_sim / temperature).exp().sum(dim=1) - tau_plus * n * (pos_sim / temperature).exp()) / (1 - tau_plus)
    return mass + (mass.clamp(min=n * math.exp(-1 / temperature)) - mass).detach()


def leaking_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    right = reference("debiased_loss")(view1, view2, tau_plus, temperature)
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    e, n = torch.exp((z @ z.T - 1) / temperature), len(z) - 2
    own = (e * torch.eye(len(z), dtype=z.dtype).roll(len(view1), dims=1)).sum(dim=1)
    mass = (e.sum(dim=1) - own - e.diagonal() - tau_plus * n * own) / (1 - tau_plus)
    mass = mass + (mass.clamp(min=n * math.exp(-2 / temperature)) - mass).detach()
    leaky = ((own + mass).log() - own.log()).mean()
    return leaky + (right - leaky).detach()


@pytest.mark.parametrize(
    ("name", "answer"), [("debiased_negative_mass", leaking_mass), ("debiased_loss", leaking_loss)]
)
def test_a_gradient_that_leaks_through_the_floor_is_no_gradient(name, answer):
    for seed in range(5):
        found = verdict(name, answer, seed)
        assert {row.part: row.ok for row in found.parts}["gradient"] is False
        total = sum(PART_WEIGHTS[row.part] for row in found.parts)
        assert found.score <= 1 - PART_WEIGHTS["gradient"] / total


@pytest.mark.parametrize("alike", [lambda a, b: (a - b).abs() <= 1, lambda a, b: a.abs() == b.abs()])
def test_labels_are_names_not_measurements(alike):
    right = reference("unbiased_loss")

    def answer(view1, view2, labels, temperature=0.5):
        right(view1, view2, labels, temperature)
        z = F.normalize(torch.cat([view1, view2]), dim=1)
        y, partner = torch.cat([labels, labels]), torch.arange(len(z)).roll(len(view1))
        kept = ~alike(y[:, None], y)
        kept[torch.arange(len(z)), partner] = True
        return F.cross_entropy((z @ z.T / temperature).masked_fill(~kept, -torch.inf), partner)

    assert_earns_nothing("unbiased_loss", answer)


# 06


def components(edges):
    reach = np.linalg.matrix_power(edges.astype(float) + np.eye(len(edges)), len(edges)) > 0
    return reach.argmax(axis=1)


@pytest.mark.parametrize("constant", [0.05, 0.2, 0.4, 1.0, 2.0])
def test_no_threshold_finds_the_parts(constant):
    def answer(joint, k, seed):
        reference("spectral_clusters")(joint, k, seed)
        p = joint.sum(axis=1)
        return components(joint > constant * np.outer(p, p))

    assert_earns_nothing("spectral_clusters", answer)


def test_not_even_the_best_threshold_for_k_parts():
    def answer(joint, k, seed):
        reference("spectral_clusters")(joint, k, seed)
        p = joint.sum(axis=1)
        for scaled in (
            joint / np.outer(p, p),
            joint / np.sqrt(np.outer(p, p)),
            np.maximum(joint / p, joint / p[:, None]),
        ):
            for cut in np.unique(scaled)[::-1]:
                labels = components(scaled >= cut)
                if len(np.unique(labels)) <= k:
                    break
        return labels

    assert_earns_nothing("spectral_clusters", answer)


@pytest.mark.parametrize("matrix", ["joint", "rows", "laplacian"])
def test_unnormalised_rows_do_not_find_the_parts(matrix):
    from sklearn.cluster import KMeans

    def answer(joint, k, seed):
        reference("spectral_clusters")(joint, k, seed)
        p = joint.sum(axis=1)
        if matrix == "rows":
            rows = joint
        elif matrix == "joint":
            rows = np.linalg.eigh(joint)[1][:, -k:]
        else:
            rows = np.linalg.eigh(np.diag(p) - joint)[1][:, :k]
        return KMeans(n_clusters=k, n_init=10, random_state=seed).fit_predict(rows)

    assert_earns_nothing("spectral_clusters", answer)


# 07


def test_totals_are_no_lines_of_a_proof():
    right = reference("ladder_probe")

    def totals(joint, y, k):
        return [float(np.sum(line)) for line in right(joint, y, k)]

    def equal_totals(joint, y, k):
        lines = totals(joint, y, k)
        return [lines[1], lines[1], lines[2], *[lines[5]] * 3]

    def equal_lines(joint, y, k):
        lines = right(joint, y, k)
        return [lines[1], lines[1], lines[2], lines[4], lines[4], lines[5]]

    for answer in (totals, equal_totals, equal_lines):
        assert_earns_nothing("ladder_probe", answer)


def test_parts_have_names():
    def counted(joint, parts):
        reference("expansion")(joint, parts)
        masks = [np.asarray(parts) == label for label in range(int(np.max(parts)) + 1)]
        return max([joint[m][:, ~m].sum() / joint[m].sum() for m in masks if m.any()], default=0.0)

    def first_named(joint, parts):
        reference("expansion")(joint, parts)
        names = np.unique(np.abs(parts))
        masks = [np.abs(parts) == label for label in names]
        return max(joint[m][:, ~m].sum() / joint[m].sum() for m in masks)

    assert_earns_nothing("expansion", counted)
    # 3 and -3 never occur together in a values case, so only the property about renaming can tell |label| from the label
    assert all(verdict("expansion", first_named, seed).score < 1 for seed in range(5))


@pytest.mark.parametrize("neighbours", [1, 3])
def test_a_nearest_neighbour_is_no_linear_probe(neighbours):
    from sklearn.neighbors import KNeighborsClassifier

    def answer(train_z, train_y, test_z):
        reference("linear_probe")(train_z, train_y, test_z)
        return KNeighborsClassifier(neighbours).fit(train_z, train_y).predict(test_z)

    assert_earns_nothing("linear_probe", answer)


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_every_regularisation_of_a_linear_probe_passes(strength):
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for model in (RidgeClassifier(alpha=strength), LogisticRegression(C=10 / strength, max_iter=2000)):

        def answer(train_z, train_y, test_z, model=model):
            reference("linear_probe")(train_z, train_y, test_z)
            return make_pipeline(StandardScaler(), model).fit(train_z, train_y).predict(test_z)

        for seed in range(10):
            found = verdict("linear_probe", answer, seed)
            assert found.status == "pass", (seed, [row.public for row in found.parts if not row.ok])


# 08


def test_training_in_float32_is_not_training_in_the_dtype_of_the_parameters():
    right = reference("train_triplets")

    def answer(params, triplets, lr, n_steps, device):
        right(params, triplets, lr, n_steps, device)
        single = {"A": params["A"].float(), "W": [w.float() for w in params["W"]], "B": params["B"].float()}
        return right(single, tuple(x.float() for x in triplets), lr, n_steps, device)

    assert_earns_nothing("train_triplets", answer)


def test_an_encoder_that_looks_at_the_batch_is_none():
    def answer(params, x):
        z = reference("encoder_forward")(params, x)
        return z - z.mean(dim=0) + z[:1] * 0

    assert_earns_nothing("encoder_forward", answer)


def test_curves_of_centred_embeddings_are_not_those_of_the_networks():
    wrong = next(m for m in UNITS["convergence_experiment"].exercise("convergence_experiment").misconceptions
                 if m.name == "embeddings centred over the batch")  # fmt: skip
    assert_earns_nothing("convergence_experiment", wrong.load("convergence_experiment"), range(2))


@pytest.mark.parametrize("records", [7, 100, 2500])
def test_an_answer_of_many_records_costs_the_grader_nothing(records):
    """Right curves, as many times as one likes: once 92 seconds for T = 100 on the grader's side."""
    right, spent = reference("convergence_experiment"), []

    def answer(*args):
        started = time.process_time()
        found = right(*args)
        repeated = {"steps": torch.arange(records)}
        for key, value in found.items():
            if key == "params":
                repeated[key] = [[run[min(t, len(run) - 1)] for t in range(records)] for run in value]
            elif key != "steps":
                repeated[key] = value[:, [min(t, value.shape[1] - 1) for t in range(records)]]
        spent.append(time.process_time() - started)
        return repeated

    started = time.process_time()
    assert_earns_nothing("convergence_experiment", answer, range(1))
    assert time.process_time() - started - sum(spent) < 3.0
