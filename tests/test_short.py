"""Short exact inputs: the same on every machine, and still what they were."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from autograder.author.draw import strided, unit_rows
from autograder.author.short import short, short_case
from autograder.grading.grade import PUBLIC_SEED, generator
from autograder.units.manifest import load_unit, unit_names
from course import graphs, worlds
from course.check.call import same_tree
from course.check.readable import from_readable, to_readable

CHECKS = [(s, n) for s in unit_names() for n in load_unit(s).checks if load_unit(s).exercise(n).function]
RNG = np.random.default_rng


def exact(array) -> list[Fraction]:
    """The numbers as they are meant: the short decimal or fraction next to each float."""
    texts = [(x, repr(x)) for x in np.ravel(array).tolist()]
    return [Fraction(text) if len(text) < 14 else Fraction(x).limit_denominator(2**21) for x, text in texts]


@pytest.mark.parametrize(("slug", "name"), CHECKS)
def test_the_last_digits_of_a_draw_do_not_matter(slug, name):
    """A machine that rounds a logarithm or a sum differently stores the same inputs."""
    rng, cases = RNG(0), load_unit(slug).exercise(name).make_cases(generator(PUBLIC_SEED, name))
    for case in cases:
        if not case.public:
            continue
        stored = short_case(case)
        for _ in range(3):
            elsewhere = short_case(replace(case, args=tuple(rounded_differently(case.args, rng))))
            assert same_tree(list(stored.args), list(elsewhere.args)), case.label
        assert same_tree(list(short_case(stored).args), list(stored.args)), f"{case.label}: not short at once"


def rounded_differently(tree, rng):
    if isinstance(tree, torch.Tensor) and tree.is_floating_point():
        moved = torch.from_numpy(np.asarray(rounded_differently(tree.numpy(), rng)))  # a tensor of shape () too
        return torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype).copy_(moved)
    if isinstance(tree, np.ndarray) and tree.dtype == np.float64:
        return tree * (1 + rng.integers(-2, 3, size=tree.shape) * 2.0**-52)
    if isinstance(tree, (list, tuple)):
        return [rounded_differently(item, rng) for item in tree]
    return {key: rounded_differently(item, rng) for key, item in tree.items()} if isinstance(tree, dict) else tree


def test_laws_sum_to_exactly_one_and_keep_zeros_and_ties():
    law = short(worlds.random_law(RNG(0), 7))
    assert sum(exact(law)) == 1
    assert np.array_equal(short(np.full(7, 1 / 7)), np.full(7, 1 / 7))
    rho, classes, z = short(worlds.class_constant_world(RNG(1), 3, 6, 2))
    assert all(sum(exact(row)) == 1 for row in [rho, *classes])
    owners = classes.argmax(axis=0)
    assert (classes > 0).sum() == 6
    for a in range(6):
        for b in range(6):
            assert (z[a] == z[b]).all() == (owners[a] == owners[b])


def test_joint_laws_stay_symmetric_and_keep_their_edges():
    joints = [
        graphs.random_joint_symmetric(RNG(2), 6),
        graphs.blocks(RNG(3), [2, 3], leak=0.0)[0],
        graphs.complete_graph(5),
    ]
    for joint in joints:
        kept = short(joint)
        assert sum(exact(kept)) == 1
        assert np.array_equal(kept, kept.T)
        assert np.array_equal(kept > 0, joint > 0)
        assert np.abs(kept - joint).max() < 1e-3
    assert np.array_equal(short(graphs.complete_graph(5)), (1 - np.eye(5)) / 20)


def test_rows_of_length_one_are_rational_points_of_the_sphere():
    x = unit_rows(RNG(4), 5, 3)
    x[3] = x[1]
    kept = short(x)
    assert all(sum(v**2 for v in exact(row)) == 1 for row in kept.numpy())
    assert (kept - x).abs().max() < 0.03
    assert torch.equal(kept[3], kept[1])
    near = torch.stack([x[0], torch.nn.functional.normalize(x[0] + 0.01, dim=0)])
    assert not torch.equal(short(near)[0], short(near)[1])


def test_shapes_dtypes_layout_and_what_is_no_float_stay():
    for x in (torch.zeros(0, 3), strided(torch.randn(4, 3, generator=torch.manual_seed(0))), torch.tensor([1, 2])):
        assert short(x).shape == x.shape
        assert short(x).dtype == x.dtype
        assert short(x).is_contiguous() == x.is_contiguous()
    assert short({"k": [3, "cpu", None, True]}) == {"k": [3, "cpu", None, True]}
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0])
    assert np.array_equal(short(special), special, equal_nan=True)


def test_what_is_short_is_kept_and_the_rest_gets_four_digits():
    for x in (0.05, 1 / 12, 5 / 1296, 1.0000003, 3 / 2**20, np.log(2), 1e-10, 4e30):
        assert short(float(x)) == x
    assert short(0.123456789012) == 0.1235
    assert short(-1.2345678912e-30) == -1.235e-30


def test_readable_trees_come_back_bit_for_bit():
    rng = RNG(5)
    for tree in (
        short([rng.normal(size=(2, 3)), unit_rows(rng, 3, 4), 1 / 3, 0.1, 7, True, None, "text"]),
        {"A": torch.zeros(0, 2), "W": [strided(torch.ones(2, 3)), np.array(1.5)], "n": float("nan")},
        [np.array([True, False]), np.arange(3, dtype=np.int32), rng.normal(size=3).astype(np.float16), [-0.0, 1e300]],
        [rng.normal(size=4).astype(np.float32), rng.normal(size=4)],
    ):
        back = from_readable(to_readable(tree))
        assert repr(back) == repr(tree)
        assert same_tree(back, tree)
