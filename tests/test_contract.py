"""What other tools call: names of graded functions, the order of their arguments, values that are known.

An argument may be added where leaving it out gives the function of before.
"""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.units.manifest import load_unit

CONTRACT = {
    "01_similarity_losses": (
        "logistic_loss(anchor, positive, negative)",
        "hinge_loss(anchor, positive, negative, margin=1.0)",
        "contrastive_loss(anchor, positive, negatives)",
        "contrastive_gradient(anchor, positive, negatives)",
        "nt_xent(view1, view2, temperature=0.5)",
    ),
    "02_latent_classes": (
        "similar_pairs(rho, classes)",
        "negatives_law(rho, classes)",
        "class_means(classes, z)",
        "unsupervised_loss(rho, classes, z)",
        "mean_classifier_loss(rho, classes, z)",
        "collision_probability(rho)",
        "curl_bound(unsup_loss, rho)",
        "block_loss(anchor, positives, negatives)",
        "ladder_curl(rho, classes, z)",
        "counterexample_dream(r)",
    ),
    "03_many_negatives": (
        "coupon_probability(rho, n_draws)",
        "lemma1_bound(unsup_loss, rho)",
        "lemma1_sharp(unsup_loss, rho)",
        "lemma2_bound(unsup_loss, rho, n_negatives)",
        "lemma2_sharp(unsup_loss, rho, n_negatives)",
        "proposition1_bound(unsup_loss, n_classes, n_negatives, k)",
        "multiway_mean_loss(rho, classes, z)",
        "ladder_lemma1(rho, classes, z)",
        "ladder_lemma2(rho, classes, z, n_negatives)",
        "ladder_proposition1(rho, classes, z, n_negatives, k)",
        "unsupervised_loss_many(rho, classes, z, n_negatives)",
        "counterexample_lemma2()",
        "vertex_value(rho_c, rho_j, n_negatives, loss)",
        "lemma2_best(unsup_loss, rho, n_negatives)",
        "floor_bound(unsup_loss, n_classes, n_negatives)",
        "proposition1_best(unsup_loss, n_classes, n_negatives, k)",
        "sharp_slope(rho, n_negatives)",
    ),
    "04_mutual_information": (
        "mutual_information(joint)",
        "optimal_critic(joint)",
        "infonce_loss(joint, critic, n_negatives)",
        "infonce_bound(loss, n_negatives)",
        "nce_loss(scores, log_noise, labels, ratio)",
        "alignment(x, y, alpha=2)",
        "uniformity(x, t=2)",
        "negatives_needed(joint, fraction)",
        "true_negatives_bound(loss, rho, n_negatives)",
        "negatives_enough(joint, share)",
    ),
    "05_debiasing": (
        "negative_law(p, p_plus, tau_plus)",
        "debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature)",
        "debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5)",
        "unbiased_loss(view1, view2, labels, temperature=0.5)",
        "floor_fraction(pos_sim, neg_sim, tau_plus, temperature)",
        "plugin_bias(rho, classes, z, n_negatives, n_positives=1)",
        "compare_debiasing(images, labels, seed, device)",
    ),
    "06_spectral_loss": (
        "augmentation_graph(image_probs, augmentations)",
        "normalized_adjacency(joint)",
        "spectral_loss_population(joint, z)",
        "factorization_loss(joint, F)",
        "factorization_constant(joint)",
        "spectral_loss(view1, view2)",
        "spectral_embedding(joint, k)",
        "spectral_clusters(joint, k, seed)",
        "angle_bound(eigenvalues, k, excess)",
    ),
    "07_linear_probe": (
        "laplacian(joint)",
        "dirichlet_energy(joint, y)",
        "cut_mass(joint, members)",
        "expansion(joint, parts)",
        "best_partition_expansion(joint, n_parts)",
        "probe_loss(z, y, weights)",
        "probe_bound(joint, y, k)",
        "ladder_probe(joint, y, k)",
        "linear_probe(train_z, train_y, test_z)",
        "probe_bound_second(joint, y, k)",
    ),
    "08_convergence": (
        "encoder_forward(params, x)",
        "separation(x)",
        "triplet_objective(z1, z2, z3)",
        "loss_vectors(z1, z2, z3)",
        "smoothness_constant(C)",
        "smoothness_sharp(C)",
        "lemma4_certificate(grad_norm, eta)",
        "train_triplets(params, triplets, lr, n_steps, device)",
        "convergence_experiment(images, labels, n_negatives, n_runs, seed, device)",
        "triplet_descent(z1, z2, z3, step, n_steps)",
        "descent_certificate(z1, z2, z3, step, k)",
        "lemma4_sum(grad_norm, eta, n)",
    ),
    "09_in_practice": (
        "two_views(images, generator)",
        "momentum_update(target, online, momentum)",
        "moco_loss(query, key, queue, temperature)",
        "NegativeQueue(size, dim)",
        "byol_loss(p1, p2, t1, t2)",
        "simsiam_loss(p1, p2, z1, z2)",
        "sinkhorn(scores, epsilon, n_iterations)",
        "barlow_loss(z1, z2, weight)",
        "knn_accuracy(train_z, train_y, test_z, test_y, k)",
        "effective_rank(z)",
        "collapsed_directions(data_cov, aug_cov)",
    ),
    "10_text_and_images": (
        "sentence_pairs(articles, n_pairs, generator)",
        "quick_thoughts_loss(a, b)",
        "average_kway_accuracy(train_z, train_y, test_z, test_y, k, n_tasks, seed, classifier)",
        "sentence_blocks(articles, n_pairs, size, generator)",
        "siglip_loss(image_z, text_z, log_scale, bias)",
        "critic_constant(joint)",
        "clip_loss(image_z, text_z, log_scale)",
        "zero_shot(image_z, class_text_z)",
        "retrieve(query_z, gallery_z, k)",
    ),
}
PROMISED = [(slug, call) for slug, calls in CONTRACT.items() for call in calls]


@pytest.mark.parametrize(("slug", "promised"), PROMISED, ids=[call for _, call in PROMISED])
def test_a_function_can_be_called_as_it_was_promised(slug, promised):
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", promised).groups()
    wanted = [argument.split("=") for argument in arguments.split(", ") if argument]
    parameters = list(inspect.signature(load_unit(slug).references()[name]).parameters.values())
    assert [p.name for p in parameters[: len(wanted)]] == [name for name, *_ in wanted]
    for parameter, (_, *default) in zip(parameters, wanted, strict=False):
        assert [str(parameter.default)] == default or (not default and parameter.default is parameter.empty)
    assert all(p.default is not p.empty for p in parameters[len(wanted) :])


RHO = np.array([0.2, 0.3, 0.5])
CLASSES = np.array([[0.5, 0.3, 0.2, 0.0], [0.1, 0.2, 0.3, 0.4], [0.0, 0.1, 0.2, 0.7]])
Z = np.array([[1.0, -0.5], [0.2, 0.4], [-0.7, 0.3], [0.1, -1.2]])
JOINT = np.array([[0.1, 0.05, 0.0, 0.05], [0.05, 0.1, 0.04, 0.01], [0.0, 0.04, 0.2, 0.03], [0.05, 0.01, 0.03, 0.24]])
PAIR = np.array([[0.3, 0.1, 0.0], [0.05, 0.2, 0.05], [0.0, 0.1, 0.2]])
Y = np.array([1.0, -1.0, 1.0, -1.0])
V1, V2, V3 = (
    torch.tensor(m, dtype=torch.float64)
    for m in (
        [[1.0, 0.2], [0.3, -0.8], [-0.5, 0.4]],
        [[0.9, -0.1], [0.5, -0.6], [-0.2, 0.7]],
        [[-0.4, 0.6], [0.8, 0.3], [0.1, -0.9]],
    )
)
SIMS = (torch.tensor([0.8, -0.3]), torch.tensor([[0.1, 0.5, -0.2], [0.9, -0.6, 0.4]]))
SIMS = tuple(s.double() for s in SIMS)
N = torch.stack([V2, V3], 1)

KNOWN = {
    "01_similarity_losses": {
        "logistic_loss": ((V1, V2, V3), 0.1934024223),
        "hinge_loss": ((V1, V2, V3), 0.1044584458),
        "contrastive_loss": ((V1, V2, N), 0.4800864892),
        "contrastive_gradient": ((V1, V2, N), -0.1964057642),
        "nt_xent": ((V1, V2), 0.2648785759),
    },
    "02_latent_classes": {
        "similar_pairs": ((RHO, CLASSES), -0.2699673779),
        "negatives_law": ((RHO, CLASSES), -0.5354164385),
        "class_means": ((CLASSES, Z), -0.203640396),
        "unsupervised_loss": ((RHO, CLASSES, Z), 0.4090807565),
        "mean_classifier_loss": ((RHO, CLASSES, Z), 0.3382065099),
        "collision_probability": ((RHO,), 0.2053148762),
        "curl_bound": ((0.9, RHO), 0.5547720124),
        "block_loss": ((V1, N, N.flip(1) * 0.5), 0.3485591071),
    },
    "03_many_negatives": {
        "coupon_probability": ((RHO, 5), 0.2739332691),
        "lemma1_bound": ((0.9, RHO), 3.024943129),
        "lemma1_sharp": ((0.9, RHO), 1.719793238),
        "lemma2_bound": ((0.9, RHO, 5), 0.9591165193),
        "lemma2_sharp": ((0.9, RHO, 5), 0.6996340203),
        "proposition1_bound": ((0.9, 4, 5, 2), 0.9716021766),
        "multiway_mean_loss": ((RHO, CLASSES, Z), 0.5254939295),
        "unsupervised_loss_many": ((RHO, CLASSES, Z, 4), 0.9221737759),
        "vertex_value": ((0.2, 0.3, 4, 0.7), 0.5605450174),
        "lemma2_best": ((1.5, RHO, 5), 0.743019437),
        "floor_bound": ((1.5, 3, 5), 0.4380340319),
        "proposition1_best": ((1.5, 4, 5, 2), 0.8356212198),
        "sharp_slope": ((RHO, 5), 0.2093185266),
    },
    "04_mutual_information": {
        "mutual_information": ((PAIR,), 0.2184822324),
        "infonce_loss": ((PAIR, np.log(PAIR + 0.1), 4), 0.7569454611),
        "infonce_bound": ((0.9, 7), 0.6372549846),
        "nce_loss": ((V1, V2, (V3 > 0).double(), 2.0), 0.4903044398),
        "alignment": ((F.normalize(V1, dim=1), F.normalize(V2, dim=1)), 0.1036667456),
        "uniformity": ((F.normalize(V1, dim=1),), -2.377556736),
        "negatives_needed": ((PAIR, 0.6), 1.080604612),
        "true_negatives_bound": ((0.2, RHO, 10), 0.360060035),
        "negatives_enough": ((PAIR, 0.75), 3.07850522),
    },
    "05_debiasing": {
        "negative_law": ((np.array([0.3, 0.3, 0.4]), np.array([0.5, 0.3, 0.2]), 0.2), -0.435265098),
        "debiased_negative_mass": ((*SIMS, 0.1, 0.5), -2.013958719),
        "debiased_loss": ((V1, V2), 0.1709498669),
        "unbiased_loss": ((V1, V2, torch.tensor([0, 1, 0])), 0.2245726308),
        "floor_fraction": ((*SIMS, 0.4, 0.5), 0.2701511529),
        "plugin_bias": (
            (np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.3], [-0.2]]), 3),
            -0.0005032084891,
        ),
    },
    "06_spectral_loss": {
        "augmentation_graph": ((RHO, CLASSES), -0.2699673779),
        "normalized_adjacency": ((JOINT,), 0.06676768501),
        "spectral_loss_population": ((JOINT, Z), -0.4125643643),
        "factorization_loss": ((JOINT, Z), 2.385991845),
        "factorization_constant": ((JOINT,), 1.005433229),
        "spectral_loss": ((V1, V2), -0.5785647142),
        "angle_bound": ((np.array([1.0, 0.7, 0.4, 0.1]), 2, 0.01), 0.01293065341),
    },
    "07_linear_probe": {
        "laplacian": ((JOINT,), 0.4804711252),
        "dirichlet_energy": ((JOINT, Y), 1.560749042),
        "cut_mass": ((JOINT, Y > 0), 0.091851392),
        "expansion": ((JOINT, np.array([0, 0, 1, 1])), 0.1350755765),
        "best_partition_expansion": ((JOINT, 2), 0.1034621437),
        "probe_loss": ((Z, Y, JOINT.sum(1)), 0.4566425292),
        "probe_bound": ((JOINT, Y, 2), 0.8711814738),
        "probe_bound_second": ((JOINT, Y, 2), 1.555877333),
    },
    "08_convergence": {
        "separation": ((V1,), 0.7000301457),
        "triplet_objective": ((V1, V2, V3), 0.580207267),
        "smoothness_constant": ((0.8,), 3.846952418),
        "smoothness_sharp": ((0.8,), 0.9432062922),
        "lemma4_certificate": ((0.1, 0.9), 0.1200671791),
        "lemma4_sum": ((0.1, 0.9, 4), 0.08661291777),
    },
}

VALUES = [(slug, name) for slug, known in KNOWN.items() for name in known]


@pytest.mark.parametrize(("slug", "name"), VALUES, ids=[name for _, name in VALUES])
def test_it_gives_what_it_gave(slug, name):
    """An answer of many numbers is summed with weights that no symmetry shares."""
    arguments, value = KNOWN[slug][name]
    answer = load_unit(slug).references()[name](*arguments)
    answer = answer[0] if isinstance(answer, (tuple, list)) else answer
    numbers = np.asarray(answer.detach() if isinstance(answer, torch.Tensor) else answer, dtype=float).ravel()
    assert numbers @ np.cos(1 + np.arange(numbers.size)) == pytest.approx(value, rel=1e-8, abs=1e-8)
