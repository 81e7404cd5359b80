"""The debiasing experiment: a fair comparison, seeded, and results that belong to the settings in the code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course import debias_experiment as experiment

ROOT = Path(__file__).resolve().parent.parent
SOLVED = ROOT / "solutions" / "05_debiasing" / "05_debiasing.ipynb"
STUDENT = ROOT / "exercises" / "05_debiasing" / "05_debiasing.ipynb"


def test_digits_wander_and_stay_whole():
    images, labels = experiment.wandering_digits(2, seed=3)
    assert (images.shape[1:], labels.unique().tolist()) == ((1, 10, 10), [3, 8])
    again, other = experiment.wandering_digits(2, seed=3)[0], experiment.wandering_digits(2, seed=4)[0]
    assert torch.equal(images, again)
    assert not torch.equal(images, other)
    torch.testing.assert_close(images.sum(dim=(1, 2, 3)), other.sum(dim=(1, 2, 3)))  # the same digits elsewhere
    with pytest.raises(ValueError, match="5"):
        experiment.wandering_digits(5)
    with pytest.raises(ValueError, match="side 9"):
        experiment.scattered(images, 9, 0)


def test_views_and_weights_depend_on_the_seed_alone():
    images = torch.rand(6, 1, 10, 10)
    kept = images.clone()
    views = [experiment.augment(images, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert torch.equal(images, kept)
    before = torch.random.get_rng_state()
    first, second = (experiment.make_encoder((1, 10, 10), seed=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_patch_layer_is_a_convolution():
    images, encoder = torch.rand(3, 2, 9, 10), experiment.make_encoder((2, 9, 10), seed=0)
    weight, bias = encoder[1].weight, encoder[1].bias
    convolved = torch.nn.functional.conv2d(images, weight.view(32, 2, 4, 4), bias)
    torch.testing.assert_close(encoder[1](encoder[0](images)), convolved.flatten(2).transpose(1, 2))


def test_two_losses_see_the_same_batches_and_start_from_the_same_weights():
    images, labels = experiment.wandering_digits(2, seed=0)
    seen = {}
    for name, factor in (("one", 1.0), ("two", 3.0)):
        record = seen[name] = []

        def loss(view1, view2, y, record=record, factor=factor):
            record.append((view1.detach().clone(), y.clone()))
            return factor * (view1 - view2).square().mean()

        experiment.train(loss, images, labels, seed=1, n_steps=3, batch=8)
    assert torch.equal(seen["one"][0][0], seen["two"][0][0])
    assert all(torch.equal(a[1], b[1]) for a, b in zip(seen["one"], seen["two"], strict=True))


def test_embeddings_have_length_1_for_any_input_type():
    encoder = experiment.make_encoder((1, 10, 10), seed=0)
    z = experiment.embed(encoder, torch.rand(4, 1, 10, 10, dtype=torch.float64))
    torch.testing.assert_close(z.norm(dim=1), torch.ones(4))


def test_few_labels_are_balanced_and_the_same_for_every_embedding():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 60])
    z = np.c_[labels + 0.01 * rng.normal(size=360), rng.normal(size=360)]
    assert experiment.probe_accuracy(z, labels, z, labels, per_class=5) > 0.95
    assert experiment.probe_accuracy(z, labels, z, labels) == 1


def test_interval_is_students():
    mean, half = experiment.interval([0.0, 1.0, 2.0, 3.0, 4.0])
    assert mean == 2
    assert half == pytest.approx(2.776445 * np.sqrt(2.5 / 5), rel=1e-3)
    with pytest.raises(ValueError, match="4 values"):
        experiment.interval([1.0] * 4)


def test_a_notebook_without_losses_is_refused(capsys, tmp_path):
    with pytest.raises(ValueError, match="debiased_loss is not written yet"):
        experiment.functions_from(STUDENT)
    assert experiment.main([str(STUDENT), "--output", str(tmp_path / "x.json")]) == 1
    assert "debiased_loss" in capsys.readouterr().err
    assert experiment.main([str(tmp_path / "none.ipynb")]) == 1


def test_one_run_compares_all_losses():
    functions = experiment.functions_from(SOLVED)
    results = experiment.one_run(experiment.Setting("digits", 2, 16), 0, functions)
    assert list(results) == ["biased", "debiased, half prior", "debiased", "unbiased", "raw pixels"]
    for name, result in results.items():
        assert 0.4 < result["few"] <= 1, name
        assert 0.4 < result["probe"] <= 1, name
    assert results["unbiased"]["probe"] > results["raw pixels"]["probe"]


def test_the_lecture_draws_results_of_the_settings_in_the_code():
    entries = json.loads(experiment.RESULTS.read_text(encoding="utf-8"))["settings"]
    found = [experiment.Setting(e["source"], e["n_classes"], e["batch"]) for e in entries]
    assert found == [*experiment.SETTINGS, *experiment.FASHION_SETTINGS]
    for entry in entries:
        for name, result in entry["runs"].items():
            assert {len(values) for values in result.values()} == {experiment.N_SEEDS}, (entry["source"], name)
