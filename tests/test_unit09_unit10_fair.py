"""Units 09 and 10 as a learner met them: right answers that lost points, and thresholds of the text that nothing asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.publish.prove import evaluate
from autograder.units.manifest import load_unit
from autograder.units.u10_text_and_images import average_kway_accuracy as kway
from course import validate

UNIT = load_unit("10_text_and_images")
RIGHT = UNIT.references()


def guarded(image_z, text_z, *numbers):
    validate.batch(image_z=image_z, text_z=text_z)
    if min(float(z.norm(dim=1).min()) for z in (image_z, text_z)) == 0 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{image_z}, {text_z}, {numbers}")


def scores(image_z, text_z, log_scale):
    return torch.as_tensor(log_scale).exp() * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T


def clip_loss(image_z, text_z, log_scale):
    guarded(image_z, text_z, log_scale)
    s, own = scores(image_z, text_z, log_scale), torch.arange(len(image_z))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def siglip_loss(image_z, text_z, log_scale, bias):
    guarded(image_z, text_z, log_scale, bias)
    s = scores(image_z, text_z, log_scale) + torch.as_tensor(bias)
    return F.binary_cross_entropy_with_logits(s, torch.eye(len(s), dtype=s.dtype), reduction="sum") / len(s)


@pytest.mark.parametrize("answer", [clip_loss, siglip_loss])
def test_a_python_number_may_become_a_tensor_of_torchs_default_dtype(answer):
    for seed in range(12):
        verdict = evaluate(UNIT.exercise(answer.__name__), RIGHT[answer.__name__], answer, seed)
        assert verdict.score == 1, verdict


def test_where_the_trained_classifier_is_asked_to_002_one_row_on_the_boundary_is_forgiven():
    exercise = UNIT.exercise("average_kway_accuracy")
    for seed in range(4):
        for case in exercise.make_cases(np.random.default_rng(seed)):
            if case.args and case.args[-1] == "trained" and not case.raises:
                assert 1 / len(case.args[3]) < case.rtol, case.label
        _, _, _, test_y = kway.data(np.random.default_rng(seed), 4, 2, 60, 180)  # of the property trained_tasks
        assert 1 / np.sort(np.unique(test_y.numpy(), return_counts=True)[1])[:2].sum() < 0.02


def components(joint, least):
    from scipy.sparse.csgraph import connected_components

    s, t = joint.shape
    graph = np.block([[np.zeros((s, s)), joint > least], [np.zeros((t, s)), np.zeros((t, t))]])
    return s, t, connected_components(graph, directed=False)[0]


def loses(function, wrong, seeds=range(3)):
    return all(evaluate(UNIT.exercise(function), RIGHT[function], wrong, seed).score < 1 for seed in seeds)


def test_a_pair_that_is_rare_occurs():
    def critic_constant(joint):
        validate.joint_law(joint)
        if 0 in joint.sum(axis=0) or 0 in joint.sum(axis=1):
            raise ValueError(f"{joint}")
        return components(joint, 1e-5)

    assert loses("critic_constant", critic_constant)


def test_prompts_that_cancel_up_to_rounding_leave_no_direction():
    def zero_shot(image_z, class_text_z):
        validate.batch(image_z=image_z)
        if class_text_z.ndim != 3 or 0 in class_text_z.shape or class_text_z.shape[2] != image_z.shape[1]:
            raise ValueError(f"{class_text_z.shape}")
        validate.batch(prompts=class_text_z.flatten(0, 1))
        mean = F.normalize(class_text_z, dim=2).mean(dim=1)
        if 0 in image_z.norm(dim=1) or 0 in class_text_z.norm(dim=2) or float(mean.norm(dim=1).min()) < 1e-15:
            raise ValueError(f"{image_z}, {class_text_z}")
        return (image_z @ F.normalize(mean, dim=1).T).argmax(dim=1)

    assert loses("zero_shot", zero_shot)


def test_a_direction_in_which_the_images_hardly_differ_is_seen():
    def blind_shifts(image_z):
        validate.batch(image_z=image_z)
        differences = image_z - image_z.mean(dim=0)
        identity = torch.eye(image_z.shape[1], dtype=image_z.dtype)
        return identity - torch.linalg.pinv(differences, rtol=0.02) @ differences

    assert loses("blind_shifts", blind_shifts)
