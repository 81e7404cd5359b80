"""Unit 01: what a learner is told about limits, a batch, scores and the proof; the first training."""

from __future__ import annotations

import json
import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.units.manifest import ROOT, load_unit
from course import check, validate
from experiments.__main__ import main
from experiments.first import run

UNIT = load_unit("01_similarity_losses")
LIMITS = [name for name in UNIT.checks if name.startswith("limit_")]


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_is_infinite_rounded_or_of_the_wrong_sign_is_told_so(name):
    right = float(UNIT.references()[name])
    for endless in (math.inf, -math.inf, math.nan):
        verdict = check(endless, name).verdict
        assert "finite" in verdict.parts[0].public
        assert verdict.hints
    assert "first digits" in check(float(f"{right:.4g}"), name).verdict.hints[0]
    flipped = check(-right, name).verdict
    assert "sign" in flipped.hints[0] or flipped.belief


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (lambda b, d: (torch.ones(b, d), -torch.ones(b, d)), "the two views of an image"),
        (lambda b, d: (F.pad(torch.randn(b, d), (0, 1)),) * 2, "shape (B, d)"),
        (lambda b, d: (np.zeros((b, d)),) * 2, "not 0"),
        (lambda b, d: (np.ones((b, d)),) * 2, "a smaller one is possible"),
        (lambda b, d: np.ones((b, d)), "the two views"),
    ],
)
def test_a_batch_that_is_not_the_smallest_is_told_what_is_wrong_with_it(batch, said):
    def simplex_batch(n_images, dim):
        if type(n_images) is not int or n_images < 2 or type(dim) is not int or dim < n_images - 1:
            raise ValueError
        return batch(n_images, dim)

    assert said in repr(check(simplex_batch))


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (lambda n, lead: [0.0] * n, "N + 1 scores"),
        (lambda n, lead: [0.0] + [lead] * n, "the loss is"),
        (lambda n, lead: [0.0] + [lead] * (n - 1) + [-math.inf], "finite"),
        (lambda n, lead: [0.0] + [lead] * (n - 2) + [-60.0] * 2, "N - 1 must"),
    ],
)
def test_scores_that_are_no_counterexample_are_told_why(scores, said):
    def counterexample_chance(n_negatives, lead):
        if type(n_negatives) is not int or n_negatives < 2 or not 0 < lead < math.log(n_negatives / (n_negatives - 1)):
            raise ValueError
        return scores(n_negatives, lead)

    assert said in repr(check(counterexample_chance))


def test_a_line_of_the_proof_in_the_wrong_place_shows_a_belief():
    for answer, word in (
        ("HC", "logarithm of the expectation"),
        ("HDF", "before the numbers"),
        ("HG", "sum of N logistic"),
    ):
        assert word in check(list(answer), "proof_per_negative").verdict.belief
    assert check("D H K M F B E I A".split(), "proof_per_negative").passed


def test_the_first_training_begins_at_collapse_and_leaves_pictures_and_numbers(tmp_path, capsys):
    assert main(["first", "--quick", "--runs", "1", "--steps", "3", "--device", "cpu", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "first_digits.json").read_text())
    with np.load(tmp_path / "first_digits.npz") as stored:
        assert stored["losses"].shape == (1, len(run.TEMPERATURES), 3)
        assert stored["losses"][0, :, 0] == pytest.approx(math.log(2 * run.BATCH - 1), abs=0.01)
        assert stored["views"].shape == (3, run.VIEWS, 10, 10)
    assert summary["before"]["cosine of two images"] > 0.99
    assert main(["first", "--dataset", "cats"]) == 2
    empty = tmp_path / "empty.ipynb"
    empty.write_text((ROOT / "exercises" / UNIT.slug / f"{UNIT.slug}.ipynb").read_text())
    assert main(["first", str(empty), "--out", str(tmp_path)]) == 2
    assert "nt_xent is not written yet" in capsys.readouterr().err


def test_worth_of_a_perfect_and_of_a_collapsed_embedding():
    images = torch.rand(6, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    collapsed = run.worth(lambda x: torch.ones(len(x), 1), images, labels, 0)
    assert collapsed[2:] == [1.0, 1.0]
    order = {}

    def by_number(x):
        order.setdefault("n", len(x))
        return F.one_hot(torch.arange(len(x)), 6).float()

    assert run.worth(by_number, images, labels, 0)[1:] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("put_together", [np.stack, lambda views: torch.stack([torch.as_tensor(v) for v in views])])
def test_two_views_in_one_array_are_two_views(put_together):
    right = UNIT.references()["simplex_batch"]
    assert check(lambda n_images, dim: put_together(right(n_images, dim)), "simplex_batch").passed


def masked(
    anchor, positive, negatives, counts=None, *, fill=-torch.inf, per_row=True, log=lambda c, like: c.to(like).log()
):
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    if counts is None:
        counts = torch.ones(negatives.shape[:2], dtype=torch.long)
    if counts.shape != negatives.shape[:2] or (counts < 0).any():
        raise ValueError
    clean = negatives.masked_fill((counts == 0)[:, :, None], 0)
    options = torch.cat([positive[:, None], clean], dim=1)
    scores = torch.einsum("bd,bnd->bn", anchor, options)
    extra = F.pad(log(counts.clamp(min=1), anchor.dtype), (1, 0))
    scores = (scores + extra).masked_fill(F.pad(counts == 0, (1, 0)), fill)
    top = (scores.amax(dim=1) if per_row else scores.max().expand(len(scores))).detach()
    return ((scores - top[:, None]).exp().sum(dim=1).log() + top - scores[:, 0]).mean()


@pytest.mark.parametrize(
    ("slip", "part", "said"),
    [
        ({"fill": -1e4}, "stability", "takes a candidate out"),
        ({"per_row": False}, "stability", "whole batch"),
        ({"log": lambda c, like: c.log()}, "values", ""),
    ],
)
def test_a_right_contrastive_loss_passes_and_one_that_is_right_for_most_logits_loses_points(slip, part, said):
    assert check(masked, "contrastive_loss").passed
    verdict = check(partial(masked, **slip), "contrastive_loss").verdict
    assert next(row for row in verdict.parts if not row.ok).part == part
    assert said in verdict.belief
    assert said or "dtype" in verdict.hints[0]  # single precision is not named on every machine, but hinted at


def test_a_loss_that_refuses_infinite_padding_is_told_so():
    def contrastive_loss(anchor, positive, negatives, counts=None):
        if torch.isinf(negatives).any():
            raise ValueError
        return masked(anchor, positive, negatives, counts)

    assert check(contrastive_loss).verdict.belief == "Padding holds finite numbers."


@pytest.mark.parametrize(
    ("largest", "said"),
    [
        (lambda n: math.inf, "exist for every lead"),
        (lambda n: math.log(n + 1), "below the chance level"),
        (lambda n: math.log((n + 1) / (n - 1)), "positive adds nothing"),
        (lambda n: n / (n - 1), "more room"),
        (lambda n: math.log2(n / (n - 1)), "somewhat more room"),
        (lambda n: 1 / n, "1 + lead"),
        (lambda n: math.log((n + 1) / n), "share the room"),
    ],
)
def test_the_largest_lead_that_somebody_believes_in_is_told_apart_from_others(largest, said):
    def counterexample_chance(n_negatives, lead):
        validate.count(minimum=2, n_negatives=n_negatives)
        validate.positive(lead=lead)
        if lead >= largest(n_negatives):
            raise ValueError
        return [0.0] + [lead] * (n_negatives - 1) + [-1000.0]

    assert said in check(counterexample_chance).verdict.belief


def test_a_margin_kept_in_single_precision_is_told_so():
    def hinge_loss(anchor, positive, negative, margin=1.0):
        validate.batch(anchor=anchor, positive=positive, negative=negative)
        validate.non_negative(margin=margin)
        return torch.relu(torch.tensor(margin) - (anchor * (positive - negative)).sum(1)).mean()

    assert "torch.tensor(margin)" in check(hinge_loss).verdict.belief
