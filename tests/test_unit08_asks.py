"""Unit 08: test values of its new functions and of their typical errors; curves that are told what they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from course.check import check

UNIT = load_unit("08_convergence")
STARTS = {
    "Z0": ([1, 0], [0.6, 0.8], [0.6, -0.8]),
    "Z1": ([1, 0], [0.5, 0.5], [1, -0.5]),
    "Z2": ([0.3, -0.2, 0.1], [0, 0.1, 0.4], [0.2, 0.2, 0.2]),
}


def start(name):
    return [np.array(z, dtype=float) for z in STARTS[name]]


@pytest.fixture(scope="module")
def references():
    return UNIT.references()


@pytest.mark.parametrize(
    ("z", "step", "n", "last"),
    [
        ("Z0", 0.5, 3, 0.098497035326),
        ("Z1", 0.1, 10, 0.341360689720),
        ("Z2", 1.0, 5, 0.063774424200),
        ("Z1", math.sqrt(2), 4, 0.018804060617),
    ],
)
def test_descent_on_free_outputs(references, z, step, n, last):
    assert references["triplet_descent"](*start(z), step, n)[-1] == pytest.approx(last, abs=1e-11)


@pytest.mark.parametrize(
    ("z", "step", "k", "bound"),
    [
        ("Z0", 0.5, 100, 0.017094433359),
        ("Z1", 0.1, 10, 0.717467979859),
        ("Z2", 1.0, 5, 0.548674218129),
        ("Z1", 0.1, 1000, 0.027965455341),
    ],
)
def test_its_certificate(references, z, step, k, bound):
    assert references["descent_certificate"](*start(z), step, k) == pytest.approx(bound, abs=1e-11)


@pytest.mark.parametrize(
    ("eps", "eta", "n", "bound"),
    [(0.3, 1, 1, 0.238424759453), (0.3, 1, 10, 0.694380126815), (0.9, 2, 5, 0.767518997958), (0.1, 0.5, 100, 1.424308854726)],
)  # fmt: skip
def test_lemma_4_summed(references, eps, eta, n, bound):
    assert references["lemma4_sum"](eps, eta, n) == pytest.approx(bound, abs=1e-11)


@pytest.mark.parametrize(
    ("function", "slip", "args", "value"),
    [
        ("triplet_descent", "z1 moves first", (0.1, 10), 0.334993),
        ("triplet_descent", "the complement of the sigmoid", (0.1, 10), 0.261726),
        ("triplet_descent", "u moves half as far", (0.1, 10), 0.462120),
        ("triplet_descent", "z1 is frozen", (0.1, 10), 0.472878),
        ("triplet_descent", "one step too many", (0.1, 10), 0.310513),
        ("descent_certificate", "r in the place of q", (0.1, 10), 0.514318),
        ("descent_certificate", "s_0 in the place of 1 - s_0", (0.1, 10), 0.614635),
        ("descent_certificate", "no factor one half", (0.1, 10), 0.570674),
        ("descent_certificate", "u - z1 in the place of q", (0.1, 10), 0.782509),
        ("descent_certificate", "the anchor in the place of q", (0.1, 10), 0.814207),
    ],
)
def test_the_typical_errors_are_these(function, slip, args, value):
    (wrong,) = [m for m in UNIT.exercise(function).misconceptions if m.name == slip]
    assert np.ravel(wrong.load(function)(*start("Z1"), *args))[-1] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("slip", "value"),
    [
        ("the published lemma n times", 6),
        ("the sharp lemma n times", 2.617588),
        ("the chord with a root", 0.827754),
        ("no n under the root", 2.384248),
        ("the loss is its probability", 0.670820),
    ],
)
def test_the_typical_errors_of_the_sum(slip, value):
    (wrong,) = [m for m in UNIT.exercise("lemma4_sum").misconceptions if m.name == slip]
    assert wrong.load("lemma4_sum")(0.3, 1.0, 10) == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("pairs of different images only", "the share of x+ = x is missing"),
        ("negatives from other classes only", "collisions are missing"),
        ("one negative in the curve", "the loss with one negative"),
        ("classes equally likely", "the mean over the classes, not over the images"),
        ("class means of unit length", "class means of length 1"),
        ("embeddings centred over the batch", "outputs centred over the batch"),
        ("embeddings of norm 1", "outputs of norm 1"),
        ("the loss of a mini-batch", "an estimate from a mini-batch, or"),
        ("negatives other than the anchor", "negatives other than the anchor's own image"),
        ("one negative too many", "the loss with N + 1 negatives"),
    ],
)
def test_a_curve_of_the_experiment_is_told_what_it_is(references, slip, said):
    exercise = UNIT.exercise("convergence_experiment")
    (wrong,) = [m for m in exercise.misconceptions if m.name == slip]
    judged, rng = exercise.properties[0][1], np.random.default_rng(3)
    assert said in judged(wrong.load("convergence_experiment"), rng)


def test_the_right_experiment_passes_and_a_wrong_one_is_told_nothing_false(references):
    exercise, right = UNIT.exercise("convergence_experiment"), references["convergence_experiment"]

    def doubled(*args):
        found = right(*args)
        return {**found, "unsupervised": 2 * np.asarray(found["unsupervised"])}

    judged = exercise.properties[0][1]
    assert judged(right, np.random.default_rng(3)) is None
    assert judged(doubled, np.random.default_rng(3)).endswith(tuple("0123456789"))


def test_two_independent_slips_are_both_named(references):
    """r for q, and no factor one half."""
    reference = references["descent_certificate"]

    def both(z1, z2, z3, step, k):
        reference(z1, z2, z3, step, k)
        u = z3 - z2
        t, r = float(z1 @ u), u + math.sqrt(2) * z1
        s = float(np.exp(-np.logaddexp(0, -t)))
        return float(np.logaddexp(0, t - math.log1p(s * step * float(r @ r) * k)))

    verdict = evaluate(UNIT.exercise("descent_certificate"), reference, both, 0)
    assert "r in the place of q" in verdict.misconception
    assert "no factor one half" in verdict.misconception


@pytest.mark.parametrize("seed", [1135, 1374, 2573])
def test_a_right_training_is_not_asked_to_fall_from_a_start_that_is_too_steep(references, seed):
    """The first network of these seeds rises in a step of the true gradient descent; the check draws another one."""
    exercise = UNIT.exercise("train_triplets")
    falls = next(check for statement, check in exercise.properties if "falls" in statement)
    assert falls(references["train_triplets"], np.random.default_rng(seed)) is None
    slip = next(wrong for wrong in exercise.misconceptions if wrong.name == "Adam").load("train_triplets")

    def uphill(params, triplets, lr, n_steps, device):
        found = slip(params, triplets, lr, n_steps, device)
        return {**found, "objective": np.asarray(found["objective"])[::-1]}

    assert falls(uphill, np.random.default_rng(seed)) == "it grew in a step"


def refusing(right, when):
    def answer(*args):
        if when(*args):
            raise ValueError
        return right(*args)

    return answer


def share(z1, z2, z3, step, *_):
    return step / (1 + np.exp(-np.dot(z1, np.subtract(z3, z2))))


BY_COSINE = {
    "root of 2 - 2 cos": lambda u, i, j: (2 - 2 * (u[i] * u[j]).sum(dim=1)).clamp(min=0).sqrt().min(),
    "two minus twice a product of matrices": lambda u, i, j: (2 * (1 - u @ u.T)[i, j]).clamp(min=0).sqrt().min(),
    "the chord of an arc cosine": lambda u, i, j: 2 * ((u[i] @ u[j].T).diagonal().clamp(-1, 1).arccos() / 2).sin().min(),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("way", BY_COSINE)
def test_digits_lost_by_a_cosine_are_named_however_it_is_computed(references, way, seed):
    def answer(x):
        references["separation"](x)
        u = x / x.norm(dim=1, keepdim=True)
        return BY_COSINE[way](u, *torch.triu_indices(len(u), len(u), 1))

    verdict = evaluate(UNIT.exercise("separation"), references["separation"], answer, seed)
    assert (verdict.status, verdict.misconception) == ("partial", "root of 2 - 2 cos")


def test_the_run_itself_is_told_that_it_is_no_certificate(references):
    """No k is so large that whoever runs the steps waits for the check, in the notebook above all."""
    right = references["descent_certificate"]

    def answer(z1, z2, z3, step, k):
        right(z1, z2, z3, step, k)
        return references["triplet_descent"](z1, z2, z3, step, k)[-1]

    verdict = evaluate(UNIT.exercise("descent_certificate"), right, answer, 0)
    assert verdict.misconception == "the run itself"


@pytest.mark.parametrize(
    ("function", "change", "named"),
    [
        ("descent_certificate", lambda right: refusing(right, lambda *a: share(*a) > 1), "nu s_0 up to 1"),
        ("descent_certificate", lambda right: refusing(right, lambda *a: a[4] == 0), "no step refused"),
        ("triplet_descent", lambda right: lambda *a: np.minimum.accumulate(right(*a)), "the best so far"),
        ("separation", lambda right: lambda x: right(torch.unique(x, dim=0)), "equal rows once"),
        ("lemma4_certificate", lambda right: refusing(right, lambda eps, *_: eps == 0), "a gradient of 0 refused"),
        ("loss_vectors", lambda right: lambda *z: (-right(*z)[0], *right(*z)[1:]), "z2 - z3 for the anchor"),
    ],
)
def test_an_answer_that_is_nearly_right_loses_points_and_is_told_why(references, function, change, named):
    for seed in range(3):
        verdict = evaluate(UNIT.exercise(function), references[function], change(references[function]), seed)
        assert verdict.score < 1
        assert verdict.misconception == named


def test_the_hypothesis_has_no_n(references):
    """Of eps < sqrt(n) eta / 2 it is not said that any eps will do."""
    right = references["lemma4_sum"]

    def answer(eps, eta, n):
        right(0 * eps, eta, n)
        if not 0 <= eps < math.sqrt(n) * eta / 2:
            raise ValueError
        return -n * math.log1p(-eps / (math.sqrt(2 * n) * eta))

    assert evaluate(UNIT.exercise("lemma4_sum"), right, answer, 0).misconception == "more room for more triplets"


def test_an_exponential_that_overflows_costs_the_extremes_only(references):
    right = references["smoothness_constant"]

    def answer(C, anchor=None):
        right(C, anchor)
        if anchor is None:
            return 2 + 8 * C**2
        e = math.exp(2 * anchor * C)
        return math.sqrt(2) * e / (1 + e) + C**2 + anchor**2 / 2

    verdict = evaluate(UNIT.exercise("smoothness_constant"), right, answer, 0)
    assert (verdict.status, verdict.misconception) == ("partial", "an exponential that overflows")


@pytest.mark.parametrize(
    ("function", "bad"),
    [("counterexample_step", lambda step: isinstance(step, int)), ("triplet_descent", None)],
)
def test_what_is_a_number_and_what_is_none(references, function, bad):
    """A step may be an integer; it may not be infinite."""
    right = references[function]

    def endless(z1, z2, z3, step, n_steps):
        return np.full(n_steps + 1, math.inf) if step == math.inf else right(z1, z2, z3, step, n_steps)

    answer = refusing(right, bad) if bad else endless
    assert evaluate(UNIT.exercise(function), right, answer, 0).score < 1


@pytest.mark.parametrize(
    ("z1", "u", "said"),
    [
        (8.0, -11.0, "t is negative"),
        (8.0, 8.0, "grows by more"),
        (0.7, 0.7 * math.sqrt(2), "t is too small"),
        (0.0, 0.0, "nothing moves"),
        (1000.0, 1000 * math.sqrt(2), "at most 100"),
    ],
)
def test_a_start_is_told_why_its_loss_does_not_rise_in_the_notebook_too(references, z1, u, said):
    def answer(step):
        references["counterexample_step"](step)
        return torch.tensor([z1]), [0.0], np.array([u])

    verdict = evaluate(UNIT.exercise("counterexample_step"), references["counterexample_step"], answer, 0)
    for found in (verdict, check(answer, "counterexample_step").verdict):
        assert found.score == 0
        assert said in found.parts[-1].public


@pytest.mark.parametrize("seed", [3414, 4158, 5752])
def test_a_right_descent_is_not_asked_to_halve_a_small_loss(references, seed):
    """From the starts of these seeds, nearly right, the loss falls by less than half in 60 steps."""
    falls = UNIT.exercise("triplet_descent").properties[0][1]
    descent = references["triplet_descent"]
    assert falls(descent, np.random.default_rng(seed)) is None
    assert "after 60 steps" in falls(
        lambda *start: np.full(61, descent(*start[:4], 1)[0] + 0.1), np.random.default_rng(seed)
    )
