"""The experiments: exact losses against enumeration, interruption, bad input, what is left on the disk."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import sys

import numpy as np
import pytest
import torch

from course.check import _exact as exact
from experiments.__main__ import main as experiments_main
from experiments.convergence import bounds, settings, train
from experiments.convergence.encoders import ENCODERS, Stack, contrastive_losses
from experiments.convergence.law import draw_batch, evaluation_law, make_law
from experiments.convergence.settings import make_settings
from experiments.running import ExperimentError, Interrupted


def main(arguments):
    return experiments_main(["convergence", *arguments])


def tiny_images(seed: int = 0, n: int = 40, classes: int = 3, shape=(1, 8, 8)):
    """A blob per class plus noise; labels that are neither sorted nor consecutive."""
    rng = np.random.default_rng(seed)
    labels = 3 * rng.permutation(np.arange(n) % classes) - 1
    centres = {label: rng.random(shape) for label in np.unique(labels)}
    images = np.stack([centres[label] + 0.2 * rng.random(shape) for label in labels])
    return torch.from_numpy(images).float(), torch.from_numpy(labels)


@pytest.fixture
def tiny(monkeypatch):
    """The command line sees a data set of 40 images under the name digits."""
    monkeypatch.setattr("experiments.convergence.command.load", lambda name, directory=None: tiny_images())
    monkeypatch.setattr(settings.data, "load_digits", tiny_images)


def experiment(folder, figure="figure1", **options):
    options = {"runs": 2, "steps": 12, "batch": 40, "device": "cpu", **options}
    return train.Experiment(make_settings(figure, "digits", **options), make_law(*tiny_images()), folder)


def enumerated_loss(z, counts, n_negatives):
    """L_un^N by listing every anchor, positive and sequence of negatives: slow, and nothing to get wrong."""
    z, ends = np.asarray(z), np.cumsum(counts)
    owner = np.repeat(np.arange(len(counts)), counts)
    total = 0.0
    for x, y in itertools.product(range(len(z)), repeat=2):
        if owner[x] == owner[y]:
            weight = 1 / (len(z) * counts[owner[x]])
            for drawn in itertools.product(range(len(z)), repeat=n_negatives):
                logits = [z[x] @ (z[j] - z[y]) for j in drawn]
                total += weight * np.logaddexp.reduce([0.0, *logits]) / len(z) ** n_negatives
    assert ends[-1] == len(z)
    return total


# exact losses


@pytest.mark.parametrize(("scale", "counts"), [(0.3, (2, 3, 1)), (1.5, (4, 2)), (4.0, (1, 1, 5))])
def test_unsupervised_losses_equal_enumeration(scale, counts):
    rng = np.random.default_rng(len(counts))
    z = torch.from_numpy(scale * (rng.normal(size=(sum(counts), 3)) + 0.5))
    found = exact.unsupervised_losses(z, counts, (1, 2, 3))
    assert found == pytest.approx([enumerated_loss(z, counts, n) for n in (1, 2, 3)], abs=1e-9)


def test_unsupervised_losses_at_collapse_and_in_blocks(monkeypatch):
    many = (1, 15, 35, 65536)
    assert exact.unsupervised_losses(torch.ones(7, 2), (3, 4), many) == pytest.approx(np.log1p(many), abs=1e-9)
    z = torch.from_numpy(np.random.default_rng(1).normal(size=(30, 4)))
    whole = exact.unsupervised_losses(z, (10, 20), (1, 25))
    monkeypatch.setitem(exact.ENTRIES, "cpu", 70)  # two anchors at a time
    assert exact.unsupervised_losses(z, (10, 20), (1, 25)) == pytest.approx(whole, abs=1e-12)


def test_unsupervised_losses_where_a_closed_form_exists():
    """Orthogonal class-constant embeddings: m of N negatives collide, the others have logit -s."""
    c, n, s = 5, 25, 3.0
    z = math.sqrt(s) * torch.eye(c, dtype=torch.float64).repeat_interleave(4, dim=0)
    chances = [math.comb(n, m) * (1 / c) ** m * (1 - 1 / c) ** (n - m) for m in range(n + 1)]
    wanted = sum(p * math.log(1 + m + (n - m) * math.exp(-s)) for m, p in enumerate(chances))
    assert exact.unsupervised_losses(z, [4] * c, (n,))[0] == pytest.approx(wanted, abs=1e-9)
    assert exact.supervised_loss(z, [4] * c) == pytest.approx(math.log(1 + (c - 1) * math.exp(-s)), abs=1e-12)


def two_point_loss(spread, n_negatives):
    """L_un^N of f = (r, -r), one class, spread = 2 r^2: m of N negatives are the anchor, m binomial. The probabilities are
    built outwards from the mode, so that no logarithm grows beyond 60 and they are right to 1e-13."""
    mode, m = n_negatives // 2, np.arange(n_negatives + 1)
    up = np.log((n_negatives - m[mode:-1]) / (m[mode:-1] + 1))
    down = np.log(m[mode:0:-1] / (n_negatives - m[mode:0:-1] + 1))
    logs = np.concatenate([np.cumsum(down)[::-1], [0.0], np.cumsum(up)])
    chances = np.exp(logs - logs.max())
    with np.errstate(divide="ignore"):
        ln_m, ln_rest = np.log(m), np.log(n_negatives - m)
    losses = [np.logaddexp(0, np.logaddexp(ln_m + shift, ln_rest + shift - spread)) for shift in (0.0, spread)]
    return float(chances @ sum(losses) / chances.sum() / 2)


@pytest.mark.parametrize("spread", [0.0, 1.0, 50.0, 350.0, 700.0, 740.0, 745.2, 760.0, 1200.0, 1999.0])
def test_unsupervised_losses_keep_their_promise_up_to_a_spread_of_2000(spread):
    """Absolute error below 1e-9, as promised; beyond 745 e^{-spread} is 0 in floating point."""
    many = (1, 2, 30, 1000, 65536)
    z = torch.tensor([[1.0], [-1.0]], dtype=torch.float64) * math.sqrt(spread / 2)
    found = exact.unsupervised_losses(z, (2,), many)
    assert found == pytest.approx([two_point_loss(spread, n) for n in many], abs=1e-9)


@pytest.mark.parametrize("spread", [400.0, 740.0, 900.0, 1900.0])
def test_unsupervised_losses_equal_enumeration_far_beyond_what_exp_can_hold(spread):
    z = np.random.default_rng(int(spread)).normal(size=(5, 3))
    inner = z @ z.T
    z = torch.from_numpy(z * math.sqrt(spread / (inner.max(axis=1) - inner.min(axis=1)).max()))
    found = exact.unsupervised_losses(z, (2, 3), (1, 2, 3))
    assert found == pytest.approx([enumerated_loss(z, (2, 3), n) for n in (1, 2, 3)], abs=1e-9)


def test_large_logits_are_right_or_refused():
    z = torch.from_numpy(12 * np.random.default_rng(2).normal(size=(6, 2)))
    assert exact.unsupervised_losses(z, (2, 4), (1,))[0] == pytest.approx(enumerated_loss(z, (2, 4), 1), rel=1e-9)
    with pytest.raises(exact.Diverged, match="diverged"):
        exact.unsupervised_losses(1e3 * z, (2, 4), (1,))
    with pytest.raises(exact.Diverged, match="diverged"):
        exact.unsupervised_losses(z * math.nan, (2, 4), (1,))
    with pytest.raises(ValueError, match="6 rows"):
        exact.unsupervised_losses(z, (2, 5), (1,))


# bounds


def test_factors_of_ten_equal_classes():
    """The values of the audit: 1/p_cc and the sharp factor for N = 15, 25, 35."""
    for n, published, sharp, floor in ((15, 21.76, 1.259, 0.801), (25, 2.290, 1.077, 1.149), (35, 1.303, 1.026, 1.416)):
        factor = bounds.make_factors(np.full(10, 0.1), n)
        found = (1 / factor.coupon, 1 / factor.rarest_seen, factor.floor)
        assert found == pytest.approx((published, sharp, floor), rel=5e-4)
    assert bounds.make_factors(np.full(10, 0.1), 9).coupon == 0


@pytest.mark.parametrize("n", [1, 4, 9])
def test_bounds_hold_for_random_embeddings_and_a_false_one_is_noticed(n):
    rng = np.random.default_rng(n)
    counts = np.array([3, 5, 2, 6])
    factor = bounds.make_factors(counts / counts.sum(), n)
    for scale in (0.1, 1.0, 3.0):
        z = torch.from_numpy(scale * rng.normal(size=(16, 3)))
        loss, supervised = exact.unsupervised_losses(z, counts, (n,))[0], exact.supervised_loss(z, counts)
        factor.assert_hold(loss, supervised, "here")
        with pytest.raises(ExperimentError, match="here: L_sup"):
            factor.assert_hold(loss, 10 * float(min(factor.bounds(loss).values())) + 1, "here")
    with pytest.raises(ExperimentError, match="no embedding can"):
        factor.assert_hold(factor.floor - 1e-3, -1.0, "here")


# law and batches


def test_law_sorts_by_class_and_a_part_keeps_the_shares():
    images, labels = tiny_images(n=50, classes=4)
    law = make_law(images, labels)
    assert law.counts.tolist() == np.unique(labels, return_counts=True)[1].tolist()
    assert torch.equal(law.images[: law.counts[0]], images[labels == labels.min()])
    part = evaluation_law(law, 21)
    assert part.counts.sum() == len(part) == 21
    assert np.abs(part.rho - law.rho).max() < 1 / 21
    assert torch.equal(part.images[: part.counts[0]], law.images[: part.counts[0]])
    assert evaluation_law(law, 0) is law
    with pytest.raises(ExperimentError, match="number of classes 4"):
        evaluation_law(law, 3)


def test_batches_follow_the_law_and_depend_on_their_numbers_only():
    law = make_law(*tiny_images(n=9, classes=3))
    batch = np.stack([draw_batch(law, 60, 5, 1, step) for step in range(300)])
    assert np.array_equal(batch[7], draw_batch(law, 60, 5, 1, 7))
    assert not np.array_equal(batch[7], draw_batch(law, 60, 5, 2, 7))
    anchors, positives, negatives = np.split(batch, 3, axis=1)
    assert np.array_equal(anchors // 3, positives // 3)
    for drawn in (anchors, positives, negatives):
        assert np.bincount(drawn.ravel(), minlength=9) / drawn.size == pytest.approx(np.full(9, 1 / 9), abs=0.01)
    assert (anchors == positives).mean() == pytest.approx(1 / 3, abs=0.02)


def test_law_refuses_what_is_no_data_set():
    images, labels = tiny_images()
    for x, y, words in ((images[:3], labels, "3, 1, 8, 8"), (images, labels * 0, "two classes"),
                        (images * math.nan, labels, "NaN"), (images[:, 0], labels, "channels")):  # fmt: skip
        with pytest.raises(ExperimentError, match=words):
            make_law(x, y)


# training


@pytest.mark.parametrize(("name", "shape"), [("mlp", (1, 8, 8)), ("convnet", (1, 12, 12)), ("vgg16", (3, 32, 32))])
def test_a_stack_is_its_models_one_by_one(name, shape):
    seeds = [(3, 0), (3, 1), (3, 0)]
    stack = Stack(name, shape, 4, seeds, "cpu")
    images = torch.rand(2, *shape)
    together = stack.embed(images)
    assert together.shape == (3, 2, 4)
    assert torch.equal(together[0], together[2])
    assert not torch.allclose(together[0], together[1])
    single = Stack(name, shape, 4, seeds[1:2], "cpu")
    assert torch.allclose(single.embed(images)[0], together[1], atol=1e-6)
    weights = torch.tensor([1.0, 2.0, 3.0])
    losses = stack.backward(images.expand(3, *images.shape), lambda z, part: weights[part] * z.square().sum(dim=(1, 2)))
    alone = single.backward(images[None], lambda z, part: 2.0 * z.square().sum(dim=(1, 2)))
    torch.testing.assert_close(losses, weights * together.square().sum(dim=(1, 2)))
    torch.testing.assert_close(losses[1:2], alone)
    for key, value in stack.parameters.items():
        torch.testing.assert_close(value.grad[1:2], single.parameters[key].grad)
        torch.testing.assert_close(value.grad[2], 3 * value.grad[0])
    assert stack.size == sum(p.numel() for p in ENCODERS[name](shape, 4).parameters())


def test_contrastive_losses_by_hand():
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 15, 3)))
    losses = contrastive_losses(z, torch.tensor([1, 4]))
    for model, n in ((0, 1), (1, 4)):
        anchors, positives, pool = z[model].numpy().reshape(3, 5, 3)
        terms = [np.logaddexp.reduce([0.0] + [a @ (pool[(i + k) % 5] - p) for k in range(n)])
                 for i, (a, p) in enumerate(zip(anchors, positives, strict=True))]  # fmt: skip
        assert float(losses[model]) == pytest.approx(np.mean(terms), rel=1e-12)


def test_runs_at_once_are_the_runs_one_by_one(tmp_path):
    five = experiment(tmp_path, runs=3)
    five.run()
    one = experiment(tmp_path, runs=1)
    one.run()
    for name in train.CURVES:
        assert five.curves[name][:, :1] == pytest.approx(one.curves[name], rel=1e-4)
        assert not np.allclose(five.curves[name][:, 0], five.curves[name][:, 1])
    assert five.curves["unsupervised"][0, :, -1].max() < five.curves["unsupervised"][0, :, 0].min()


@pytest.mark.parametrize("figure", ["figure1", "figure2", "figure3"])
def test_interrupted_and_resumed_gives_the_same_numbers(tmp_path, figure):
    straight = experiment(tmp_path / "a", figure)
    (tmp_path / "a").mkdir()
    straight.run()
    (tmp_path / "b").mkdir()
    for step in (5, 10):  # each time a new object, as in a new process
        pieces, asked = experiment(tmp_path / "b", figure), itertools.count(1)
        with pytest.raises(Interrupted, match=f"step {step} of 12"):
            pieces.run(lambda asked=asked: next(asked) == 5)
        assert pieces.path.exists()
    pieces = experiment(tmp_path / "b", figure)
    pieces.run()
    assert pieces.step == 12
    for name in train.CURVES:
        assert np.array_equal(straight.curves[name], pieces.curves[name], equal_nan=True)
    assert not np.array_equal(straight.curves["largest_norm"][0, 0], experiment_with_seed(tmp_path, figure))


def experiment_with_seed(folder, figure):
    other = experiment(folder, figure, seed=1)
    other.run()
    return other.curves["largest_norm"][0, 0]


def test_other_settings_do_not_pick_up_a_checkpoint(tmp_path):
    paths = {experiment(tmp_path, **options).path for options in ({}, {"lr": 0.1}, {"seed": 2}, {"steps": 13})}
    assert len(paths) == 4


# the command


def test_command_writes_three_files_and_nothing_else(tmp_path, tiny, capsys):
    for figure in settings.FIGURES:
        arguments = [
            figure,
            "--out",
            str(tmp_path / "out"),
            "--runs",
            "2",
            "--steps",
            "6",
            "--batch",
            "40",
            "--device",
            "cpu",
        ]
        assert main(arguments) == 0
    names = {f"{figure}_digits.{kind}" for figure in settings.FIGURES for kind in ("png", "npz", "json")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    summary = json.loads((tmp_path / "out" / "figure2_digits.json").read_text())
    assert [group["n_negatives"] for group in summary["results"]] == [15, 25, 35]
    assert summary["device"].startswith("cpu")
    assert summary["versions"]["torch"] == torch.__version__
    assert summary["peak_memory_mb"]
    with np.load(tmp_path / "out" / "figure1_digits.npz") as numbers:
        assert numbers["unsupervised"].shape == (1, 2, len(numbers["steps"]))
        assert numbers["steps"][[0, -1]].tolist() == [0, 6]
        assert np.isfinite(numbers["supervised"]).all()


@pytest.mark.parametrize("figure", settings.FIGURES)
def test_the_figure_is_drawn_from_the_stored_numbers(tmp_path, tiny, figure):
    common = [
        figure,
        "--quick",
        "--steps",
        "6",
        "--batch",
        "40",
        "--evaluate",
        "0",
        "--device",
        "cpu",
        "--out",
        str(tmp_path),
    ]
    assert main(common) == 0
    png = tmp_path / f"{figure}_digits.png"
    before = png.read_bytes()
    png.unlink()
    assert main([*common, "--redraw"]) == 0
    assert png.read_bytes() == before
    png.with_suffix(".npz").write_bytes(b"cut")
    assert main([*common, "--redraw"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["figure4"], "unknown figure 'figure4'"),
        (["figure1", "--dataset", "mnits"], "unknown data set 'mnits'"),
        (["figure1", "--device", "tpu"], "unknown device 'tpu'"),
        (["figure1", "--runs", "0"], "runs must be at least 1"),
        (["figure2", "--batch", "20"], "batch must be at least 35"),
        (["figure1", "--lr", "nan"], "lr must be"),
        (["figure1", "--seed", "-1"], "seed must be at least 0"),
        (["figure1", "--evaluate", "2"], "number of classes 3"),
    ],
)
def test_bad_input_is_an_error_that_quotes_it(tmp_path, tiny, capsys, arguments, words):
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_asked_for_where_there_is_none(tmp_path, tiny, capsys):
    assert main(["figure1", "--device", "cuda", "--out", str(tmp_path)]) == 2
    assert "torch sees no GPU" in capsys.readouterr().err


def test_corrupt_and_missing_files(tmp_path, capsys):
    for name, words in (("missing", "holds neither"), ("corrupt", "cut off")):
        folder = tmp_path / name
        folder.mkdir()
        if name == "corrupt":
            (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + b"\0\0\0\x05" * 3 + b"\0" * 7)
        assert (
            main(["figure1", "--dataset", "fashion-mnist", "--data", str(folder), "--out", str(tmp_path / "out")]) == 2
        )
        assert words in capsys.readouterr().err


def test_divergence_is_an_error_and_keeps_earlier_results(tmp_path, tiny, capsys):
    common = ["figure1", "--runs", "2", "--steps", "8", "--batch", "16", "--device", "cpu", "--out", str(tmp_path)]
    assert main(common) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert main([*common, "--lr", "1e15"]) == 2
    assert "diverged" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_unreadable_checkpoint_is_named(tmp_path):
    broken = experiment(tmp_path)
    broken.path.write_bytes(b"not a checkpoint")
    with pytest.raises(ExperimentError, match="delete it"):
        broken.run()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_and_the_same_command_goes_on(tmp_path, tiny, monkeypatch, capsys, kind):
    common = ["figure1", "--runs", "2", "--steps", "9", "--batch", "16", "--device", "cpu", "--out"]
    assert main([*common, str(tmp_path / "straight")]) == 0

    def draw(law, batch, seed, run, step, pending=[kind]):  # noqa: B006 (one signal in all)
        if step == 4 and pending:
            os.kill(os.getpid(), pending.pop())
        return draw_batch(law, batch, seed, run, step)

    monkeypatch.setattr(train, "draw_batch", draw)
    out = tmp_path / "stopped"
    assert main([*common, str(out)]) == 130
    assert "stopped after step 5 of 9; run the same command to go on" in capsys.readouterr().err
    assert [path.suffix for path in out.iterdir()] == [".checkpoint"]
    assert main([*common, str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [f"figure1_digits.{kind}" for kind in ("json", "npz", "png")]
    with np.load(out / "figure1_digits.npz") as a, np.load(tmp_path / "straight" / "figure1_digits.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in train.CURVES)
