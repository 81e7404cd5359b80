"""Judge answers of unit 01 of which many are right: a batch that attains the smallest NT-Xent, scores below chance."""

from __future__ import annotations

import math

import numpy as np

from course.check._dream import fits, unstacked

MOST_IMAGES, MOST_DIMENSIONS, MOST_NEGATIVES = 64, 80, 500
SAME = 1e-6  # a cosine or a lead that is off by so little is right: single precision passes


def smallest_batch(f, rng):
    """Property of `simplex_batch`: the batch that it returns has the smallest NT-Xent there is."""
    drawn = [(n, n - 1 + int(rng.integers(0, 6))) for n in rng.integers(5, 41, size=3).tolist()]
    for n_images, dim in ((2, 1), (3, 2), (4, 3), (4, 7), *drawn):
        wrong = _batch_problem(f(n_images, dim), n_images, dim)
        if wrong:
            return f"for B = {n_images}, d = {dim}: {wrong}"
    return None


def _batch_problem(answer, n_images, dim):
    answer = unstacked(answer, 3)
    if not isinstance(answer, list) or len(answer) != 2:
        return "the answer must be the two views (view1, view2)"
    if not all(fits(view, (MOST_IMAGES, MOST_DIMENSIONS)) and np.shape(view) == (n_images, dim) for view in answer):
        return "both views must have shape (B, d)"
    z = np.concatenate([np.asarray(view, dtype=float) for view in answer])
    lengths = np.linalg.norm(z, axis=1)
    if not (np.isfinite(lengths).all() and lengths.min() > 0):
        return "every row must be finite and not 0"
    u = z / lengths[:, None]
    cosines = u @ u.T
    partner = np.diagonal(cosines, n_images)
    if partner.min() < 1 - SAME:
        return f"the two views of an image have cosine {partner.min():.4g}, and the loss falls when it grows"
    others = cosines[:n_images, :n_images][~np.eye(n_images, dtype=bool)]
    if np.ptp(others) > SAME:
        ends = f"from {others.min():.4g} to {others.max():.4g}"
        return f"the cosines between different images run {ends}, and the loss falls when they are levelled"
    if abs(others.mean() + 1 / (n_images - 1)) > SAME:
        return f"all images have the same cosine {others.mean():.4g} with each other, and a smaller one is possible"
    return None


def below_chance(f, rng):
    """Property of `counterexample_chance`: the loss is below chance although all but one negative beat the positive."""
    for n_negatives in (2, 3, int(rng.integers(4, 10)), int(rng.integers(10, 200)), MOST_NEGATIVES):
        largest = math.log(n_negatives / (n_negatives - 1))
        for share in (0.1, float(rng.uniform(0.3, 0.9)), 1 - 1e-5):
            wrong = _scores_problem(f(n_negatives, share * largest), n_negatives, share * largest)
            if wrong:
                return f"for N = {n_negatives} and a lead of {share * largest:.4g}: {wrong}"
    return None


def _scores_problem(answer, n_negatives, lead):
    if not fits(answer, (MOST_NEGATIVES + 1,)) or len(answer) != n_negatives + 1:
        return "the answer must be N + 1 scores"
    scores = np.asarray(answer, dtype=float)
    if not np.isfinite(scores).all():
        return "every score must be a finite number"
    ahead = int((scores[1:] - scores[0] >= lead - SAME).sum())
    if ahead < n_negatives - 1:
        return f"{ahead} negatives lead by that much, N - 1 must"
    loss = np.logaddexp.reduce(scores) - scores[0]
    if not loss < math.log(n_negatives + 1):
        return f"the loss is {loss:.6g}, chance is {math.log(n_negatives + 1):.6g}"
    return None
