"""Unit 09: behaviour that a value does not show, test values of its functions, and the rules of its experiment."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.grading.grade import questions
from autograder.publish.prove import _judged, evaluate
from autograder.units.manifest import load_unit
from autograder.units.u09_in_practice import collapse_and_repair as experiment
from course.check import check
from course.check.call import call
from course.check.case import Case
from course.check.drive import driven

UNIT = load_unit("09_in_practice")
RIGHT = UNIT.references()


def slip(function: str, name: str):
    (found,) = [wrong for wrong in UNIT.exercise(function).misconceptions if wrong.name == name]
    return found.load(function)


def rows(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def unit_rows(n, d, seed=0):
    return F.normalize(rows(n, d, seed), dim=1)


# --- the right value, and the wrong gradient ---


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *(
            (function, name)
            for function in ("byol_loss", "simsiam_loss")
            for name in (
                "no stop-gradient",
                "stop-gradient on the predictions",
                "stop-gradient on one target only",
                "no gradient at all",
            )
        ),
        ("moco_loss", "gradient through the key"),
        ("moco_loss", "gradient through the queue"),
        ("moco_loss", "the query detached"),
        ("moco_loss", "no gradient at all"),
        ("swav_loss", "gradient through the codes"),
        ("swav_loss", "the predictions detached"),
        ("swav_loss", "no gradient at all"),
    ],
)
def test_a_wrong_gradient_behind_the_right_value_earns_nothing_and_is_named(function, name):
    args = {
        "moco_loss": (rows(3, 4), rows(3, 4, 1), unit_rows(5, 4), 0.3),
        "swav_loss": (rows(4, 3).tanh(), rows(4, 3, 1).tanh(), 0.3, 0.2, 3),
    }.get(function, tuple(rows(3, 4, seed) for seed in range(4)))
    wrong, right = slip(function, name), RIGHT[function]
    assert float(wrong(*args)) == pytest.approx(float(right(*args)), abs=1e-12)
    verdict = evaluate(UNIT.exercise(function), right, wrong, 5)
    assert (verdict.score, verdict.misconception) == (0, name)
    assert check(wrong, function).verdict.misconception == name


def test_gradients_flow_where_they_must_and_nowhere_else():
    for function in ("byol_loss", "simsiam_loss"):
        found = driven("slopes", RIGHT[function])(*(rows(3, 4, seed) for seed in range(4)))
        flows = [bool(found[f"gradient in argument {i}"].any()) for i in (1, 2, 3, 4)]
        assert flows == [True, True, False, False], function
    found = driven("slopes", RIGHT["moco_loss"])(rows(3, 4), rows(3, 4, 1), unit_rows(5, 4), 0.3)
    assert [bool(found[f"gradient in argument {i}"].any()) for i in (1, 2, 3)] == [True, False, False]


# --- state: a queue, two modules ---


def test_a_queue_of_10_keeps_the_last_10_keys_of_batches_of_4():
    queue, batches = RIGHT["NegativeQueue"](10, 3), [unit_rows(4, 3, seed) for seed in range(4)]
    for keys in batches:
        queue.push(keys)
    held = {tuple(row) for row in queue.rows().tolist()}
    assert held == {tuple(row) for row in torch.cat(batches)[-10:].tolist()}


@pytest.mark.parametrize("name", [wrong.name for wrong in UNIT.exercise("NegativeQueue").misconceptions])
def test_a_wrong_queue_loses_points_and_is_named(name):
    verdict = evaluate(UNIT.exercise("NegativeQueue"), RIGHT["NegativeQueue"], slip("NegativeQueue", name), 3)
    assert verdict.score < 1
    assert verdict.misconception == name


def test_no_wrap_shows_at_size_10_and_not_at_size_8():
    wrong, right = slip("NegativeQueue", "no wrap at the end"), RIGHT["NegativeQueue"]
    pushes = [unit_rows(4, 3, seed) for seed in range(4)]
    for size, same in ((8, True), (10, False)):
        found = [driven("queue", make)(size, 3, pushes)["rows"] for make in (wrong, right)]
        assert (found[0].shape == found[1].shape and np.allclose(*found)) == same


class Refusing:
    """Takes what it then refuses."""

    def __init__(self, size, dim):
        self.right = RIGHT["NegativeQueue"](size, dim)

    def push(self, keys):
        if len(keys) > self.right.size:
            self.right.push(keys[: self.right.size].detach())
            raise ValueError(f"too many keys: {tuple(keys.shape)}")
        self.right.push(keys)

    def rows(self):
        return self.right.rows()


def test_a_refused_push_or_update_must_leave_things_as_they_were():
    case = Case(
        "too many", (2, 3), {"pushes": [unit_rows(1, 3), unit_rows(3, 3)]}, part="bad input", raises=True, drive="queue"
    )
    assert call(RIGHT["NegativeQueue"], case).error[0] == "ValueError"
    assert call(Refusing, case).error[0] == "RuntimeError"

    def too_late(target, online, momentum):
        RIGHT["momentum_update"](target, online, 0.5)
        raise ValueError(f"momentum {momentum}")

    nets = [{"parameters": {"w": rows(2, 2, seed)}, "buffers": {}} for seed in (0, 1)]
    case = Case("late", (*nets, 1.5), part="bad input", raises=True, drive="modules")
    assert call(RIGHT["momentum_update"], case).error[0] == "ValueError"
    assert call(too_late, case).error[0] == "RuntimeError"


def test_a_queue_or_an_update_that_is_garbage_beyond_small_sizes_earns_nothing():
    right = RIGHT["NegativeQueue"]

    class Spoiled(right):
        def rows(self):
            return super().rows().flip(1) if max(self.size, self.dim) > 8 else super().rows()

    assert evaluate(UNIT.exercise("NegativeQueue"), right, Spoiled, 1).score == 0

    def spoiled(target, online, momentum):
        large = max(max(value.shape, default=0) for value in target.parameters()) > 8
        RIGHT["momentum_update"](target, online, 0.5 if large else momentum)

    assert evaluate(UNIT.exercise("momentum_update"), RIGHT["momentum_update"], spoiled, 1).score == 0


def test_an_update_reaches_real_modules_their_optimisers_and_buffers():
    target, online = (torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)) for _ in range(2))
    online(torch.randn(8, 3, generator=torch.Generator().manual_seed(0)))
    held, before = target[0].weight, target[0].weight.detach().clone()
    RIGHT["momentum_update"](target, online, 0.75)
    assert torch.allclose(held, 0.75 * before + 0.25 * online[0].weight)
    assert torch.equal(target[1].running_mean, online[1].running_mean)
    assert int(target[1].num_batches_tracked) == 1


# --- values ---


def test_moco_with_orthogonal_negatives_is_known_in_closed_form():
    axes = torch.eye(5, dtype=torch.float64)
    loss = float(RIGHT["moco_loss"](2 * axes[:2], 7 * axes[:2], axes[2:], 0.5))
    assert loss == pytest.approx(math.log(1 + 3 * math.exp(-2)), abs=1e-12)
    first = slip("moco_loss", "pushed before the loss")(2 * axes[:2], 7 * axes[:2], axes[2:], 0.5)
    assert float(first) > loss


def test_byol_is_four_minus_two_cosines_and_simsiam_minus_their_mean():
    p1, p2, t1, t2 = (rows(6, 3, seed) for seed in range(4))
    byol, siam = (float(RIGHT[name](p1, p2, t1, t2)) for name in ("byol_loss", "simsiam_loss"))
    assert byol == pytest.approx(4 + 4 * siam, abs=1e-12)
    assert float(RIGHT["simsiam_loss"](p1, p2, 3 * p2, 2 * p1)) == pytest.approx(-1, abs=1e-12)


def test_sinkhorn_keeps_rows_exact_and_lets_columns_wait():
    scores = rows(5, 3).tanh()
    for iterations, error in ((3, 1e-9), (200, 1e-9)):
        codes = RIGHT["sinkhorn"](scores, 0.3, iterations)
        assert torch.allclose(codes.sum(dim=1), torch.ones(5, dtype=torch.float64), atol=error)
        assert (float((codes.sum(dim=0) - 5 / 3).abs().max()) < 1e-6) == (iterations == 200)
    assert bool(RIGHT["sinkhorn"](scores, 0.001, 3).isfinite().all())


def test_the_claim_of_the_proof_in_numbers():
    scores, law = 3 * rows(4, 3), lambda p, q: float((p * (p / q).log()).sum())
    wanted, columns = torch.full((3,), 1 / 3, dtype=torch.float64), []
    codes = scores.exp() / scores.exp().sum(dim=1, keepdim=True) / 4
    limit = RIGHT["sinkhorn"](scores, 1.0, 2000) / 4
    first = law(limit, codes)
    for t in range(1, 30):
        columns.append(float((codes.sum(dim=0) - wanted).abs().sum()))
        assert min(columns) <= math.sqrt(2 * first / t) + 1e-12
        codes = codes / codes.sum(dim=0) / 3
        codes = codes / codes.sum(dim=1, keepdim=True) / 4


def test_swav_at_equal_scores_is_the_logarithm_of_the_number_of_prototypes():
    same = torch.zeros(4, 5, dtype=torch.float64)
    assert float(RIGHT["swav_loss"](same, same, 0.1, 0.05, 3)) == pytest.approx(math.log(5), abs=1e-12)


def test_barlow_gap_and_rank_on_small_matrices():
    axes = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]], dtype=torch.float64)
    assert float(RIGHT["barlow_loss"](axes, 3 * axes + 1, 0.5)) == pytest.approx(0, abs=1e-12)
    assert float(RIGHT["barlow_loss"](axes, -axes, 0.5)) == pytest.approx(8, abs=1e-12)
    assert float(RIGHT["gram_covariance_gap"](torch.tensor([[3.0, 4.0]], dtype=torch.float64))) == 81 + 256 - 625
    assert float(RIGHT["effective_rank"](torch.ones(7, 3))) == pytest.approx(1, abs=1e-3)
    assert float(RIGHT["effective_rank"](torch.eye(4))) == pytest.approx(4, abs=1e-5)
    z = rows(6, 4)
    gram, cov = z @ z.T, z.T @ z
    off = [float(m.square().sum() - m.diagonal().square().sum()) for m in (gram, cov)]
    assert float(RIGHT["gram_covariance_gap"](z)) == pytest.approx(off[0] - off[1], abs=1e-9)


def test_the_noisiest_direction_need_not_die():
    found = RIGHT["collapsed_directions"](np.diag([3.0, 2, 1]), np.diag([2.5, 2.5, 0.5]))
    assert np.abs(found).tolist() == [[0], [1], [0]]


@pytest.mark.parametrize(("pull", "noise", "decay"), [(1.0, 0.0, 0.16), (0.8, 0.25, 0.05)])
def test_the_threshold_divides_the_flow(pull, noise, decay):
    threshold = RIGHT["survival_threshold"](pull, noise, decay)
    assert (1 + noise) * threshold**2 - pull * threshold + decay == pytest.approx(0, abs=1e-12)
    assert RIGHT["survival_threshold"](pull, noise, pull**2 / (3.9 * (1 + noise))) == math.inf
    assert RIGHT["survival_threshold"](pull, noise, 0.0) == 0


@pytest.mark.parametrize(
    ("w", "theta", "lives"), [(0.2, 0.5, True), (2.0, 0.5, False), (-0.5, 0.6, True), (-0.6, 0.5, False)]
)
def test_the_derivations_limits(w, theta, lives):
    """Question b: the flow of (w, theta) with stop-gradient, by small steps."""
    tau = 0.7
    conserved = theta**2 - w**2
    for _ in range(200_000):
        step = 0.001 * (w - tau)
        w, theta = w - theta**2 * step, theta - w * theta * step
    assert theta**2 - w**2 == pytest.approx(conserved, abs=5e-3)
    assert (abs(theta) > 0.1) == lives
    if lives:
        assert (w, theta**2) == pytest.approx((tau, tau**2 + conserved), abs=1e-2)


# --- the experiment ---


def judged(answer, seed=0):
    exercise = UNIT.exercise("collapse_and_repair")
    cases, expected = questions(exercise, RIGHT["collapse_and_repair"], seed)
    return _judged(exercise, cases, expected, answer, seed)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("exchanged", "collapsed: the first step"),
        ("not repaired", "repaired: the effective rank"),
        ("a stop-gradient is the repair", "repaired: the effective rank"),
        ("a short training is the repair", "repaired: "),
        ("a short collapse", "collapsed: "),
        ("another start for the repair", "repaired: the first snapshot"),
        ("contrast for both", "collapsed: the first step"),
    ],
)
def test_the_rule_that_is_broken_is_told(name, says):
    verdict = judged(slip("collapse_and_repair", name))
    assert verdict.score == 0
    assert any(says in row.public for row in verdict.parts), [row.public for row in verdict.parts]


@pytest.mark.parametrize("seed", range(2))
def test_each_threshold_has_room_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    images, labels = experiment.wanderers(rng, 860)
    runs = RIGHT["collapse_and_repair"](images[:60], seed)
    generator = torch.Generator().manual_seed(seed)
    views = [experiment.augment(images[60:260], generator) for _ in range(2)]
    start, flat, spread = (
        experiment.measured(state, views, images[60:], labels[60:])
        for state in (runs["collapsed"][0], runs["collapsed"][2], runs["repaired"][2])
    )
    assert min(flat[:2]) > 0.999
    assert flat[2] < 0.8 * experiment.FLAT
    assert spread[2] > 1.5 * experiment.ROUND
    assert spread[0] - spread[1] > 1.5 * experiment.APART > 1.5 * (start[0] - start[1])
    assert spread[3] - flat[3] > 1.5 * experiment.GAINED
