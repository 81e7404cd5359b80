"""The practice experiments: runs that end, go on, and refuse; collapse where it must come; the losses no notebook holds."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course import views
from course.encoders import conv_encoder, projector
from experiments.__main__ import main
from experiments.jobs import Journal
from experiments.practice import measure, plan, run, settings, train
from experiments.practice.command import SOLVED
from experiments.practice.losses import nt_xent_with, similarity_without_stop, swapped_prediction, vicreg_loss
from experiments.practice.plan import Entry
from experiments.practice.run import Job
from experiments.practice.settings import CHOSEN, Choices
from experiments.practice.variants import METHODS
from experiments.running import Interrupted

STUDENT = Path(__file__).resolve().parent.parent / "exercises" / "09_in_practice" / "09_in_practice.ipynb"
DATA = Path(__file__).resolve().parent.parent / "lectures" / "data" / "09_in_practice"


@pytest.fixture(scope="module")
def f():
    return run.functions(SOLVED)


def random(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# the command


def test_a_quick_run_leaves_numbers_and_a_figure_drawn_from_them(tmp_path, capsys):
    command = ["practice", "--quick", "--runs", "1", "--steps", "3", "--out", str(tmp_path)]
    assert main(command) == 0
    files = {tmp_path / f"table_digits.{kind}" for kind in ("png", "npz", "json")}
    assert set(tmp_path.glob("[!.]*")) == files == {Path(line) for line in capsys.readouterr().out.splitlines()}
    summary = json.loads((tmp_path / "table_digits.json").read_text(encoding="utf-8"))
    with np.load(tmp_path / "table_digits.npz") as numbers:
        values = numbers["values"]
    assert values.shape == (len(summary["entries"]), len(summary["quantities"]), 1)
    assert set(measure.QUANTITIES) <= set(summary["quantities"])
    labels = [entry["label"] for entry in summary["entries"]]
    assert labels[:7] == list(CHOSEN)
    known = [summary["quantities"].index(q) for q in measure.QUANTITIES]
    for label, rows in zip(labels, values[:, known, 0], strict=True):
        assert np.isfinite(rows).all() or label == "raw pixels", label
    png = tmp_path / "table_digits.png"
    before = png.read_bytes()
    png.unlink()
    assert main(["practice", "--redraw", "--out", str(tmp_path)]) == 0
    assert png.read_bytes() == before


@pytest.mark.parametrize("part", ["collapse", "sweeps", "failing", "choices"])
def test_every_part_runs_and_draws(part, tmp_path, monkeypatch):
    few = plan.entries(part, quick=True, steps=2)[:3]
    monkeypatch.setattr(plan, "entries", lambda part, quick, steps: few)
    assert main(["practice", "--part", part, "--quick", "--runs", "2", "--out", str(tmp_path)]) == 0
    assert sorted(path.suffix for path in tmp_path.glob("[!.]*")) == [".json", ".npz", ".png"]


@pytest.mark.parametrize("part", plan.PARTS)
def test_labels_and_runs_of_a_part_are_distinct_and_known(part):
    entries = plan.entries(part)
    assert len({(entry.group, entry.label) for entry in entries}) == len(entries)
    by_group = {(entry.group, entry.choices) for entry in entries}
    assert len(by_group) == len(entries), "two lines of a group are the same run"
    assert {entry.choices.method for entry in entries} <= {*METHODS, "raw pixels"}
    assert len({entry.looks for entry in entries}) == 1
    quick = plan.entries(part, quick=True)
    assert max(entry.choices.steps for entry in quick) <= plan.QUICK_STEPS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "mnits"], "unknown data set 'mnits'"),
        (["--part", "tabel"], "unknown part 'tabel'"),
        (["--runs", "0"], "runs must be at least 1, got 0"),
        (["--steps", "0"], "steps must be at least 1, got 0"),
        (["--processes", "0"], "processes must be at least 1, got 0"),
        (["--seed", "-1"], "seed must be at least 0, got -1"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--redraw"], "no numbers to draw from"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(tmp_path, capsys, arguments, words):
    assert main(["practice", *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_notebook_without_losses_is_refused(tmp_path, capsys):
    assert main(["practice", str(STUDENT), "--out", str(tmp_path)]) == 2
    assert "two_views is not written yet" in capsys.readouterr().err
    assert main(["practice", str(tmp_path / "none.ipynb"), "--out", str(tmp_path)]) == 2
    assert "is no notebook" in capsys.readouterr().err


# interruption


def jobs(n):
    choices = CHOSEN["SimCLR"].but(steps=4, batch=16)
    return [Job(Entry("g", str(seed), choices), seed, "digits") for seed in range(n)]


@pytest.mark.parametrize("processes", [1, 2])
def test_finished_runs_are_kept_and_not_run_again(tmp_path, monkeypatch, processes, f):
    add = Journal.add

    def add_then_interrupt(journal, key, result):
        add(journal, key, result)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Journal, "add", add_then_interrupt)
    with pytest.raises(Interrupted, match="stopped; 1 of 4 runs are finished and kept"):
        run.all_runs(jobs(4), SOLVED, "cpu", processes, tmp_path, "x")
    monkeypatch.setattr(Journal, "add", add)
    seen = []
    here = run.one_run
    monkeypatch.setattr(run, "one_run", lambda job, *rest: seen.append(job.seed) or here(job, *rest))
    found = run.all_runs(jobs(4), SOLVED, "cpu", 1, tmp_path, "x")
    assert len(seen) == 3
    fresh = [here(job, f, "cpu") for job in jobs(4)]
    for result in (*found, *fresh):
        del result["values"]["seconds"]
    assert found == fresh  # whoever ran it, now or before


def test_ctrl_c_stops_the_command_with_130_and_the_same_command_goes_on(tmp_path, capsys, monkeypatch):
    few = [job.entry for job in jobs(1)]
    monkeypatch.setattr(plan, "entries", lambda part, quick, steps: few)
    real = run.one_run

    def interrupted(job, *rest):
        if job.seed == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return real(job, *rest)

    monkeypatch.setattr(run, "one_run", interrupted)
    command = ["practice", "--runs", "3", "--processes", "1", "--out", str(tmp_path)]
    assert main(command) == 130
    assert "stopped; 2 of 3 runs are finished and kept; run the same command to go on" in capsys.readouterr().err
    seen = []
    monkeypatch.setattr(run, "one_run", lambda job, *rest: seen.append(job.seed) or real(job, *rest))
    assert main(command) == 0
    assert seen == [2]


# data


def test_no_choice_sees_a_test_image():
    final, search = (settings.load("digits", 3, validation=v) for v in (False, True))
    test = {image.numpy().tobytes() for image in final.held}
    seen = {image.numpy().tobytes() for part in (search.train, search.held) for image in part}
    assert len(test) + len(seen) > 1700
    assert not test & seen
    assert len(search.train) + len(search.held) == len(final.train)


def test_places_are_where_the_digits_are():
    data = settings.load("digits", 1)
    for image, (row, column) in zip(data.test[:50, 0], data.test_place[:50], strict=True):
        inside = image[row : row + 8, column : column + 8]
        assert inside.sum() == image.sum()
    assert torch.equal(data.held[:, :, 2:10, 2:10].sum(dim=(1, 2, 3)), data.held.sum(dim=(1, 2, 3)))
    assert not torch.equal(data.test, settings.load("digits", 2).test)


def test_cifar_comes_from_openml_and_runs(monkeypatch, tmp_path):
    images, labels = torch.rand(60, 3, 32, 32), torch.arange(60) % 10
    asked = []
    monkeypatch.setattr(settings.data, "load_openml", lambda name: asked.append(name) or (images, labels))
    few = [Entry("methods", "SimCLR", CHOSEN["SimCLR"].but(steps=2, batch=8))]
    monkeypatch.setattr(plan, "entries", lambda part, quick, steps: few)
    assert main(["practice", "--dataset", "cifar10", "--quick", "--runs", "1", "--out", str(tmp_path)]) == 0
    assert set(asked) == {"CIFAR-10"}
    summary = json.loads((tmp_path / "table_cifar10.json").read_text(encoding="utf-8"))
    assert "place h" not in summary["quantities"]

    def unreachable(name):
        raise ConnectionError("no network")

    monkeypatch.setattr(settings.data, "load_openml", unreachable)
    with pytest.raises(settings.ExperimentError, match="cifar10 cannot be loaded: no network"):
        settings.load("cifar10", 0)


# views and encoder


def test_views_are_those_of_the_seed_and_strength_0_is_the_image():
    images = settings.load("digits", 0).train[:20]
    one, again, other = (views.warp(images, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    torch.testing.assert_close(views.warp(images, torch.Generator(), 0.0), images, atol=1e-5, rtol=0)
    still = views.warp(images, torch.Generator(), 1.0, moved=False)
    factors = (still * images).sum(dim=(1, 2, 3)) / images.square().sum(dim=(1, 2, 3))
    assert (still - factors[:, None, None, None] * images).std() < 0.12  # noise of 0.1 and nothing else


def test_a_view_is_shifted_by_two_pixels_a_side_at_most_then_turned_and_scaled():
    images = torch.zeros(400, 1, 13, 13)
    images[:, :, 6, 6] = 1
    moved = views.warp(images, torch.Generator().manual_seed(0)).clamp_min(0.5) - 0.5
    at = moved.flatten(1).argmax(dim=1)
    found = moved.flatten(1).amax(dim=1) > 0
    far = (torch.stack([at // 13, at % 13])[:, found] - 6).double().norm(dim=0)
    assert 2 <= far.max() <= 2 * 2**0.5 * math.exp(0.2) + 0.5**0.5  # the last: rounding to a pixel
    assert found.sum() > 20


@pytest.mark.parametrize(("shape", "norm"), [((1, 12, 12), True), ((3, 32, 32), False), ((1, 14, 14), True)])
def test_encoder_and_heads_have_the_promised_shapes(shape, norm):
    encoder, head = conv_encoder(shape, norm=norm), projector(64, 128, 7, norm=norm, output_norm=norm)
    h = encoder(torch.rand(5, *shape))
    assert (h.shape, head(h).shape) == ((5, 64), (5, 7))
    assert h.min() >= 0
    kinds = {type(layer).__name__ for layer in [*encoder, *head]}
    assert any("BatchNorm" in kind for kind in kinds) == norm


# training


def test_training_depends_on_the_seed_alone(f):
    data, c = settings.load("digits", 0), CHOSEN["BYOL"].but(steps=3, batch=16)
    before = torch.random.get_rng_state()
    first, again, other = (train.train(c, f, data.train, data.train_y, seed)[1] for seed in (0, 0, 1))
    assert first == again != other
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", [*CHOSEN, "supervised"])
def test_a_step_moves_what_is_online_and_nothing_else(name, f):
    c = CHOSEN.get(name, settings.SUPERVISED).but(steps=2, batch=64)
    data = settings.load("digits", 0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = METHODS[name](c, f, data.train.shape[1:])
    model, losses, _ = train.train(c, f, data.train, data.train_y, 0)
    moved = {
        key: not torch.equal(a, b)
        for (key, a), (_, b) in zip(start.named_parameters(), model.named_parameters(), strict=True)
    }
    assert all(moved[key] for key in moved if key.startswith("online.0") and "weight" in key), moved
    assert len(losses) == 2
    assert all(not p.requires_grad for key, p in model.named_parameters() if key.startswith("target"))
    if hasattr(model, "target"):  # a step behind, and moved by the momentum update alone
        fixed = train.train(c.but(momentum=1.0), f, data.train, data.train_y, 0)[0]
        same = zip(start.target.parameters(), fixed.target.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in same)


def test_a_loss_that_is_not_finite_is_one_line(f):
    data, c = settings.load("digits", 0), CHOSEN["VICReg"].but(steps=30, batch=16, lr=1e30)
    with pytest.raises(train.ExperimentError, match=r"VICReg, step \d+, seed 0, lr 1e\+30: z1 holds NaN"):
        train.train(c, f, data.train, data.train_y, 0)
    f = SimpleNamespace(**vars(f) | {"barlow_loss": lambda z1, z2, weight: (z1 * z2).sum() * torch.inf})
    with pytest.raises(
        train.ExperimentError, match=r"Barlow Twins, step 0, seed 0, lr 0\.003: the loss is (inf|-inf|nan)"
    ):
        train.train(CHOSEN["Barlow Twins"].but(steps=1, batch=16), f, data.train, data.train_y, 0)


@pytest.fixture(scope="module")
def ranks(f):
    """Effective rank of z after 40 steps of the runs of the collapse part, and their last loss."""
    found = {}
    for entry in plan.collapse():
        if entry.label in ("SimSiam", "SimSiam, no stop-gradient", "SimSiam, no BN at all", "SimCLR"):
            job = Job(Entry(entry.group, entry.label, entry.choices, (40,)), 0, "digits")
            found[entry.label] = stopped_at_40(job, f)
    return found


def stopped_at_40(job, f):
    seen = []

    def look(step, model):
        z = torch.nn.functional.normalize(model.embed(data.test)[1], dim=1)
        seen.append(float(f.effective_rank(z)))

    data, losses = settings.load("digits", job.seed), []

    class Done(Exception):
        pass

    def look_and_leave(step, model):
        look(step, model)
        raise Done

    with pytest.raises(Done):
        train.train(job.entry.choices, f, data.train, data.train_y, job.seed, looks=(40,), look=look_and_leave)
    assert not losses
    return seen[0]


def test_without_stop_gradient_the_rank_is_gone_at_step_40(ranks):
    assert ranks["SimSiam"] > 10 > ranks["SimSiam, no stop-gradient"] > 1
    assert ranks["SimSiam, no BN at all"] < 1.5
    assert ranks["SimCLR"] > 10


# measures


def test_uniformity_alignment_and_place_have_their_known_values():
    assert measure.uniformity(torch.ones(5, 3) / 3**0.5) == pytest.approx(0, abs=1e-6)
    circle = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert measure.uniformity(circle) == pytest.approx(-8)
    place = torch.randint(5, (60, 2), generator=torch.Generator().manual_seed(0))
    known = place.double() @ random(2, 4)
    assert measure.explained(known[:40], place[:40], known[40:], place[40:]) == pytest.approx(1, abs=1e-3)
    assert measure.explained(random(40, 3), place[:40], random(20, 3, seed=1), place[40:]) < 0.2


def test_a_spectrum_sums_to_1_and_is_sorted():
    z = torch.nn.functional.normalize(random(30, 5), dim=1)
    found = measure.spectrum(z)
    torch.testing.assert_close(found, torch.linalg.eigvalsh(z.T @ z / 30).flip(0))
    assert found.sum() == pytest.approx(1)


# losses


def plain_vicreg(z1, z2):
    """The equations with loops, in float64."""
    z1, z2 = z1.double().numpy(), z2.double().numpy()
    n, d = z1.shape
    total = 25 * sum((z1[i, j] - z2[i, j]) ** 2 for i in range(n) for j in range(d)) / (n * d)
    for z in (z1, z2):
        mean = [sum(z[:, j]) / n for j in range(d)]
        cov = [[sum((z[:, j] - mean[j]) * (z[:, k] - mean[k])) / (n - 1) for k in range(d)] for j in range(d)]
        total += 25 / 2 * sum(max(0, 1 - (cov[j][j] + 1e-4) ** 0.5) for j in range(d)) / d
        total += sum(cov[j][k] ** 2 for j in range(d) for k in range(d) if j != k) / d
    return total


@pytest.mark.parametrize(("n", "d", "scale"), [(2, 1, 1.0), (7, 4, 0.3), (6, 9, 3.0)])
def test_vicreg_is_its_equations(n, d, scale):
    z1, z2 = scale * random(n, d), scale * random(n, d, seed=1)
    assert vicreg_loss(z1, z2).item() == pytest.approx(plain_vicreg(z1, z2), rel=1e-12)
    assert vicreg_loss(z1.float(), z2.float()).item() == pytest.approx(plain_vicreg(z1, z2), rel=1e-5)


def test_vicreg_is_symmetric_blind_to_the_mean_and_large_at_collapse():
    z1, z2 = random(8, 3), random(8, 3, seed=1)
    value = vicreg_loss(z1, z2)
    torch.testing.assert_close(vicreg_loss(z2, z1), value)
    torch.testing.assert_close(vicreg_loss(z1 + 5, z2 + 5), value)
    constant = torch.ones(8, 3, requires_grad=True, dtype=torch.float64)
    at_collapse = vicreg_loss(constant, constant)
    assert at_collapse.item() == pytest.approx(25 * (1 - 0.01))
    at_collapse.backward()
    assert torch.isfinite(constant.grad).all()
    with pytest.raises(ValueError, match=r"\(1, 3\)"):
        vicreg_loss(z1[:1], z2[:1])
    with pytest.raises(ValueError, match=r"\(8, 3\).*\(7, 3\)"):
        vicreg_loss(z1, z2[:7])


def test_all_negatives_are_nt_xent_and_fewer_ignore_the_rest(f):
    z1, z2 = random(6, 4), random(6, 4, seed=1)
    torch.testing.assert_close(nt_xent_with(z1, z2, 0.3, 10), f.nt_xent(z1, z2, 0.3))
    z = torch.nn.functional.normalize(torch.cat([z1, z2]), dim=1)
    own = [torch.logaddexp(z[i] @ z[(i + 6) % 12] / 0.3, z[i] @ z[(i + 1) % 12] / 0.3) - z[i] @ z[(i + 6) % 12] / 0.3
           for i in range(12)]  # fmt: skip
    torch.testing.assert_close(nt_xent_with(z1, z2, 0.3, 1), torch.stack(own).mean())
    for wrong in (0, 11):
        with pytest.raises(ValueError, match=f"got {wrong}"):
            nt_xent_with(z1, z2, 0.3, wrong)


def test_without_stop_the_value_is_simsiams_and_the_target_is_pulled(f):
    p1, p2, z1, z2 = (random(5, 3, seed=s).requires_grad_() for s in range(4))
    stopped, free = f.simsiam_loss(p1, p2, z1, z2), similarity_without_stop(p1, p2, z1, z2)
    torch.testing.assert_close(stopped, free)
    slopes = torch.autograd.grad(free, (p1, z2), retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad(stopped, p1)[0], slopes[0])
    assert slopes[1].abs().max() > 1e-3


def test_swapped_prediction_with_sinkhorns_codes_is_swav(f):
    scores1, scores2 = random(6, 4), random(6, 4, seed=1)
    codes = [f.sinkhorn(scores, 0.05, 3) for scores in (scores1, scores2)]
    torch.testing.assert_close(
        swapped_prediction(*codes, scores1, scores2, 0.2), f.swav_loss(scores1, scores2, 0.2, 0.05, 3)
    )


# the numbers that the lecture shows


def test_the_lecture_shows_runs_of_the_choices_in_the_code():
    for part in ("table", "collapse", "sweeps", "failing", "choices"):
        summary = json.loads((DATA / f"{part}_digits.json").read_text(encoding="utf-8"))
        shown = [(e["group"], e["label"], e["choices"]["lr"], e["choices"]["steps"]) for e in summary["entries"]]
        wanted = [(e.group, e.label, e.choices.lr, e.choices.steps) for e in plan.entries(part)]
        assert shown == wanted, part
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 300_000


def test_the_choices_in_the_code_won_on_the_validation_images():
    summary = json.loads((DATA / "choices_digits.json").read_text(encoding="utf-8"))
    assert summary["judged_on"].startswith("validation")
    for name, chosen in {**CHOSEN, "supervised": settings.SUPERVISED}.items():
        mine = [entry for entry in summary["entries"] if entry["group"] == name]
        sums = [entry["mean"]["linear h"] + entry["mean"]["few h"] for entry in mine]
        level = [
            (e["choices"]["lr"], -total, e) for e, total in zip(mine, sums, strict=True) if total > max(sums) - 0.02
        ]
        best = min(level, key=lambda one: one[:2])[2]
        found = Choices(**best["choices"])
        assert found == chosen.but(steps=found.steps, batch=found.batch), name
