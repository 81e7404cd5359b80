"""The debiasing experiment: a fair comparison, seeded, and results that belong to the settings in the code."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from course import comparison, training, views
from experiments.__main__ import main
from experiments.debiasing import run, settings
from experiments.debiasing.losses import from_the_class, functions_from
from experiments.debiasing.run import one_run
from experiments.running import ExperimentError

ROOT = Path(__file__).resolve().parent.parent
SOLVED = ROOT / "solutions" / "05_debiasing" / "05_debiasing.ipynb"
STUDENT = ROOT / "exercises" / "05_debiasing" / "05_debiasing.ipynb"


def test_digits_wander_and_stay_whole():
    images, labels = views.wandering_digits(2, seed=3)
    assert (images.shape[1:], labels.unique().tolist()) == ((1, 10, 10), [3, 8])
    again, other = views.wandering_digits(2, seed=3)[0], views.wandering_digits(2, seed=4)[0]
    assert torch.equal(images, again)
    assert not torch.equal(images, other)
    torch.testing.assert_close(images.sum(dim=(1, 2, 3)), other.sum(dim=(1, 2, 3)))  # the same digits elsewhere
    with pytest.raises(ValueError, match="5"):
        views.wandering_digits(5)
    with pytest.raises(ValueError, match="side 9"):
        views.scattered(images, 9, 0)


def test_views_and_weights_depend_on_the_seed_alone():
    images = torch.rand(6, 1, 10, 10)
    kept = images.clone()
    first, again, other = (views.augment(images, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(images, kept)
    before = torch.random.get_rng_state()
    first, second = (training.make_encoder((1, 10, 10), seed=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_patch_layer_is_a_convolution():
    images, encoder = torch.rand(3, 2, 9, 10), training.make_encoder((2, 9, 10), seed=0)
    weight, bias = encoder[1].weight, encoder[1].bias
    convolved = torch.nn.functional.conv2d(images, weight.view(32, 2, 4, 4), bias)
    torch.testing.assert_close(encoder[1](encoder[0](images)), convolved.flatten(2).transpose(1, 2))


def test_two_losses_see_the_same_batches_and_start_from_the_same_weights():
    images, labels = views.wandering_digits(2, seed=0)
    seen = {}
    for name, factor in (("one", 1.0), ("two", 3.0)):
        record = seen[name] = []

        def loss(view1, view2, y, record=record, factor=factor):
            record.append((view1.detach().clone(), y.clone()))
            return factor * (view1 - view2).square().mean()

        training.train(loss, images, labels, seed=1, n_steps=3, batch=8)
    assert torch.equal(seen["one"][0][0], seen["two"][0][0])
    assert all(torch.equal(a[1], b[1]) for a, b in zip(seen["one"], seen["two"], strict=True))


def test_embeddings_have_length_1_for_any_input_type():
    encoder = training.make_encoder((1, 10, 10), seed=0)
    z = training.embed(encoder, torch.rand(4, 1, 10, 10, dtype=torch.float64))
    torch.testing.assert_close(z.norm(dim=1), torch.ones(4))


def test_few_labels_are_balanced_and_the_same_for_every_embedding():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 60])
    z = np.c_[labels + 0.01 * rng.normal(size=360), rng.normal(size=360)]
    assert training.probe_accuracy(z, labels, z, labels, per_class=5) > 0.95
    assert training.probe_accuracy(z, labels, z, labels) == 1


def test_interval_is_students():
    mean, half = comparison.interval([0.0, 1.0, 2.0, 3.0, 4.0])
    assert mean == 2
    assert half == pytest.approx(2.776445 * np.sqrt(2.5 / 5), rel=1e-3)
    assert comparison.interval([1.0, 2.0])[1] == pytest.approx(12.7062 * 0.5, rel=1e-4)
    with pytest.raises(ValueError, match="1 values"):
        comparison.interval([1.0])


def test_gains_are_differences_seed_by_seed():
    entry = {"runs": {"biased": {"probe": [0.1, 0.5, 0.9]}, "debiased": {"probe": [0.2, 0.6, 1.0]}}}
    gain, half = comparison.gains(entry, "debiased", "probe")
    assert gain == pytest.approx(0.1)
    assert half < 1e-12


def test_a_notebook_without_losses_is_refused(capsys, tmp_path):
    with pytest.raises(ExperimentError, match="debiased_loss is not written yet"):
        functions_from(STUDENT)
    for notebook, words in ((STUDENT, "debiased_loss is not written yet"), (tmp_path / "none.ipynb", "is no notebook")):
        assert main(["debiasing", str(notebook), "--out", str(tmp_path / "out")]) == 2
        assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "mnits"], "unknown data set 'mnits'"),
        (["--runs", "1"], "runs must be at least 2"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--redraw"], "no numbers to draw from"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(tmp_path, capsys, arguments, words):
    assert main(["debiasing", *arguments, "--out", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_one_run_compares_all_losses():
    results = one_run(settings.Setting("digits", 2, 16), 0, functions_from(SOLVED), steps=200)
    assert list(results) == [*run.CONTESTANTS, "raw pixels"]
    for name, result in results.items():
        assert 0.4 < result["few"] <= 1, name
        assert 0.4 < result["probe"] <= 1, name
    assert results["unbiased"]["probe"] > results["raw pixels"]["probe"]


@pytest.mark.slow
def test_the_command_leaves_numbers_and_a_figure_drawn_from_them(tmp_path, capsys):
    assert main(["debiasing", "--quick", "--steps", "3", "--out", str(tmp_path)]) == 0
    files = {tmp_path / f"debiasing_digits.{kind}" for kind in ("png", "npz", "json")}
    shown = {path for path in tmp_path.iterdir() if path.suffix != ".checkpoint"}  # of the finished trainings
    assert shown == files == {Path(line) for line in capsys.readouterr().out.splitlines()}
    (entry,) = json.loads((tmp_path / "debiasing_digits.json").read_text(encoding="utf-8"))["settings"]
    with np.load(tmp_path / "debiasing_digits.npz") as numbers:
        found = numbers["digits 10 classes B=32 / unbiased / probe"]
    assert found.tolist() == entry["runs"]["unbiased"]["probe"]
    png = tmp_path / "debiasing_digits.png"
    before = png.read_bytes()
    png.unlink()
    assert main(["debiasing", "--redraw", "--out", str(tmp_path)]) == 0
    assert png.read_bytes() == before


def test_the_lecture_draws_results_of_the_settings_in_the_code():
    for name, wanted in settings.DATASETS.items():
        path = ROOT / "lectures" / "data" / "05_debiasing" / f"debiasing_{name}.json"
        entries = json.loads(path.read_text(encoding="utf-8"))["settings"]
        assert tuple(settings.Setting(e["source"], e["n_classes"], e["batch"]) for e in entries) == wanted
        for entry in entries:
            for loss, result in entry["runs"].items():
                assert {len(values) for values in result.values()} == {settings.RUNS}, (name, entry["batch"], loss)


def test_the_controls_are_one_command_and_leave_their_numbers(tmp_path):
    assert main(["debiasing", "--controls", "--quick", "--steps", "3", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "controls_digits.json").read_text())
    assert list(summary["settings"][0]["runs"]) == ["biased", "detached", "third view"]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".npz", ".png"]


def test_a_detached_extra_positive_changes_the_gradient_and_not_the_value():
    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(6, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    labels = torch.tensor([0, 0, 1, 1, 0, 1])

    def mass(positive, negatives, tau_plus, temperature):
        count = negatives.shape[1]
        mean = torch.exp(negatives / temperature).mean(dim=1) - tau_plus * torch.exp(positive / temperature)
        return count * mean.clamp(min=math.exp(-1 / temperature)) / (1 - tau_plus)

    free, cut = (from_the_class(mass, 0.2, detached)(*views, labels) for detached in (False, True))
    assert free.item() == cut.item()
    one, other = (torch.autograd.grad(loss, views[0])[0] for loss in (free, cut))
    assert (one - other).abs().max() > 1e-3
