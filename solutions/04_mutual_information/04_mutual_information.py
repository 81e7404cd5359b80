# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 04 · Mutual information
#
# *How many nats does a contrastive loss certify, and what do they cost?* Read the
# [lecture](../../lectures/04_mutual_information.ipynb) first.
#
# Everything except the three torch losses lives on finite joint laws, so your numbers are exact, not estimates. Questions
# marked *transcribe* ask for a formula that you know from the lecture. The others do not: the lecture proves a case, and
# you find the next one.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `nce_loss` | 20 min | 3 |
# | 2 | `mutual_information` | 10 min | 1 |
# | 3 | `optimal_critic` | 10 min | 1 |
# | 4 | `infonce_loss` | 35 min | 3 |
# | 5 | `infonce_bound` | 2 min | 1 |
# | 6 | `negatives_needed` | 20 min | 3 |
# | 7 | `negatives_enough` | 30 min | 3 |
# | 8 | `true_negatives_bound` | 35 min | 3 |
# | 9 | `counterexample_repeated` | 25 min | 2 |
# | 10 | `proof_processing`: a proof in order | 20 min | 3 |
# | 11 | `alignment` | 5 min | 1 |
# | 12 | `uniformity` | 15 min | 2 |
# | 13 | a derivation: other noise, other negatives | 50 min | 6 by hand |
#
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then
# run the `check(...)` cell below it. Your grade is decided later on *other* inputs, drawn after your code has been
# loaded.
#
# **Conventions.** Those of the lecture: $x$ is the anchor, $y$ its positive, $y_1,\dots,y_N$ the negatives. Natural
# logarithm, nats. `joint` has shape (S, T): `joint[i, j]` is the probability of the pair $(x = i,\ y = j)$. It need be
# neither square nor symmetric; it may hold zeros, even an empty row or column. Its marginals are $p(x)$, the row sums,
# and $q(y)$, the column sums. `n_negatives` counts negatives: with the positive there are $N + 1$ candidates. Answers may
# be Python floats, numpy scalars or 0-dim tensors. Bad input raises `ValueError` with the offending value or shape in its
# message; `course.validate` does most of it in a line:
#
# ```python
# validate.joint_law(joint)                       # a matrix, entries >= 0, sum 1 within 1e-9, no NaN
# validate.count(n_negatives=n_negatives)         # an integer >= 1
# validate.positive(ratio=ratio)                  # a finite number > 0
# validate.law(rho)                               # a vector, entries > 0, sum 1
# validate.floating("scores", scores)             # a floating tensor without NaN
# ```
#
# They return nothing.
#
# Your functions must not change their inputs.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate

UNIT_TOLERANCE = 1e-2  # bfloat16, the coarsest dtype, moves a norm by up to 0.4 %; a forgotten normalisation by more


def require_unit_rows(**tensors):
    """Raise ValueError unless the tensors are floating, of one shape (B, d), with every row of norm 1 within 1e-2."""
    validate.batch(**tensors)
    for name, tensor in tensors.items():
        norms = tensor.detach().double().norm(dim=1)
        worst = norms[(norms - 1).abs().argmax()].item()
        if not abs(worst - 1) <= UNIT_TOLERANCE:
            raise ValueError(f"rows of {name} must have norm 1, one has norm {worst:.6g}")


# %% [markdown]
# ## 1 · `nce_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# The lecture tells data from **as much** noise. Here `ratio` $= k$ samples of the noise law are drawn for each data
# sample, and all are mixed. The scores are to play the role of the log-density of the data. Give the cross-entropy of the
# question "is this sample data?", for a model that answers by Bayes' rule from its score, the noise law and the mixture.
# It is averaged over **all** scores, data and noise alike.
#
# - `scores` and `log_noise`: floating tensors of one common shape, not empty; `labels`: a tensor of that shape, of
#   any dtype (bool and integers included), every entry 0 or 1. `ratio` is a number > 0, not necessarily an integer.
# - Returns a 0-dim tensor, differentiable in `scores`, of their floating dtype or a finer one. It must stay finite and
#   exact for scores of ±10⁴; float16 is asked too.
# - `ValueError`: shapes that differ, no scores, NaN, a label other than 0 and 1, a ratio that is not finite and > 0.

# %% nbgrader={"grade": false, "grade_id": "nce_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nce_loss(scores, log_noise, labels, ratio):
    """Noise-contrastive estimation: mean cross-entropy of "data or noise?" over all samples, in nats.

    scores     model log-density of each sample, floating tensor of any shape
    log_noise  log-density of the noise law at the same samples, same shape
    labels     1 where the sample is data, 0 where it is noise, same shape, any dtype
    ratio      noise samples per data sample, a number > 0
    Returns a 0-dim tensor. ValueError on unequal shapes, emptiness, NaN, other labels, ratio <= 0.
    Source: Gutmann & Hyvarinen (2012), with nu = ratio (their paper of 2010 has as much noise as data).
    """
    ### BEGIN SOLUTION
    validate.floating("scores", scores)
    validate.floating("log_noise", log_noise)
    validate.positive(ratio=ratio)
    if not scores.shape == log_noise.shape == labels.shape or scores.numel() == 0:
        shapes = tuple(scores.shape), tuple(log_noise.shape), tuple(labels.shape)
        raise ValueError(f"scores, log_noise, labels must have one common shape that is not empty, got {shapes}")
    is_data = labels.to(scores.dtype)
    odd = (is_data != 0) & (is_data != 1)
    if odd.any():
        raise ValueError(f"labels must be 0 or 1, got {is_data[odd][0].item()!r}")
    logits = scores - log_noise - math.log(ratio)
    return F.binary_cross_entropy_with_logits(logits, is_data)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_nce_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(nce_loss)

# %% [markdown]
# ## 2 · `mutual_information`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# $I(x;y)=\mathbb E\ln r(x,y)$ of a finite joint law, in nats.
#
# - `joint` (S, T) may hold zeros and empty rows or columns: none of them may turn the answer into NaN.
# - `ValueError`: not a matrix, negative entries, NaN, a sum other than 1 (`validate.joint_law`).

# %% nbgrader={"grade": false, "grade_id": "mutual_information", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mutual_information(joint):
    """Mutual information of a finite joint law, in nats.

    joint  (S, T), rows x, columns y, entries >= 0, sum 1
    Returns a number. 0 ln 0 = 0. ValueError when `joint` is no joint law.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    joint = np.asarray(joint, dtype=float)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return float(np.sum(joint[cells] * np.log(joint[cells] / independent[cells])))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mutual_information", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(mutual_information)

# %% [markdown]
# ## 3 · `optimal_critic`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# The critic $s(x,y)$ of the smallest InfoNCE loss, the same for every $N\ge1$ (Proposition 4.3). It is fixed only up to
# a constant $b(x)$ per row, so return any of them: the check removes one constant from each row before it compares.
#
# - Shape (S, T) as `joint`. Where the joint is zero, the answer is `-inf` (also in empty rows and columns).
# - `ValueError` as in 2.

# %% nbgrader={"grade": false, "grade_id": "optimal_critic", "locked": false, "schema_version": 3, "solution": true, "task": false}
def optimal_critic(joint):
    """A critic that minimises the InfoNCE loss for every number of negatives.

    joint  (S, T), rows x, columns y, entries >= 0, sum 1
    Returns (S, T), any row constants, -inf exactly where the joint is zero. ValueError when `joint` is no joint law.
    Source: van den Oord et al. (2018), section 2.3.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    joint = np.asarray(joint, dtype=float)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    critic = np.full(joint.shape, -np.inf)
    cells = joint > 0
    critic[cells] = np.log(joint[cells] / independent[cells])
    return critic
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_optimal_critic", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(optimal_critic)

# %% [markdown]
# ## 4 · `infonce_loss`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# The loss $L_N(s)$ of the lecture, (2.2), **exactly** (to 10⁻⁹), for any joint law, any critic and `n_negatives` up to
# 5000; no sampling. There are $T^N$ draws of negatives, so listing them will not do. Unit 03 met the same difficulty and
# has a tool for it, one integral, $\ln S=\int_0^\infty(e^{-v}-e^{-vS})\,dv/v$ with $v=e^u$ (lecture 03, the exact loss with
# any number of negatives); what you wrote there may be reused. Three things are new: the positive has a law of its own;
# scores may be $-\infty$; and the scores of one row may lie 20000 apart, with many negatives.
#
# - The negatives are drawn independently from the **column marginal**, whatever $x$ and $y$ are.
# - `critic` has the shape of `joint`. It may be `-inf` where the joint is zero, only there. Scores go up to ±10⁴.
# - What the critic says about an empty row or an empty column does not matter: such points are never drawn.
# - `ValueError`: `joint` no law, shapes that differ, NaN or `+inf` in the critic, `-inf` where the joint is positive,
#   `n_negatives` not an integer ≥ 1.

# %% nbgrader={"grade": false, "grade_id": "infonce_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def infonce_loss(joint, critic, n_negatives):
    """Exact InfoNCE loss in nats, negatives independent from the column marginal.

    joint        (S, T), rows x, columns y, entries >= 0, sum 1
    critic       (S, T), scores s(x, y); -inf allowed where the joint is zero
    n_negatives  N >= 1; there are N + 1 candidates
    Returns a number. ValueError on what is no law, no critic for it, or no count.
    Source: van den Oord et al. (2018), eq. (4).
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    validate.count(n_negatives=n_negatives)
    joint, critic = np.asarray(joint, dtype=float), np.asarray(critic, dtype=float)
    if critic.shape != joint.shape:
        raise ValueError(f"critic must have the shape of joint {joint.shape}, got {critic.shape}")
    if np.isnan(critic).any() or (critic == np.inf).any():
        raise ValueError(f"critic must hold numbers or -inf, it holds {critic[~(critic < np.inf)][0]!r}")
    if (critic[joint > 0] == -np.inf).any():
        raise ValueError("critic is -inf at a pair of positive probability: the loss would be infinite")
    joint = joint / joint.sum()
    noise = joint.sum(axis=0)
    drawn = noise > 0
    rows = ((p[drawn], s[drawn]) for p, s in zip(joint, critic, strict=True) if p.any())
    return float(sum(_row_loss(row, noise[drawn], scores, n_negatives) for row, scores in rows))


def _row_loss(row, noise, scores, n_negatives, step=0.25):
    """p(x) times the expected loss of one row: E ln(sum of candidates) by the integral, minus E s(x, x+)."""
    scores = scores - scores.max()
    lowest = scores[row > 0].min()
    # Left of the range both terms are 1 to within e^-40; right of it both are below exp(-e^4) = 2e-24.
    u = np.arange(-40 - math.log(n_negatives + 1), 4 - lowest, step)
    exponents = np.exp(np.minimum(u[:, None] + scores, 700.0))
    positive = np.exp(-exponents) @ (row / row.sum())
    # expm1 and log1p: the factor of one negative is near 1, and it is raised to the power N.
    log_negative = np.log1p(np.maximum(np.expm1(-exponents) @ noise, -1 + 1e-16))
    integrand = np.exp(-np.exp(u.clip(max=700.0))) - positive * np.exp(n_negatives * log_negative)
    return row.sum() * step * integrand.sum() - row[row > 0] @ scores[row > 0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_infonce_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(infonce_loss)

# %% [markdown]
# ## 5 · `infonce_bound`
#
# *Difficulty* ●○○○○ · *time* 2 min · 1 point · *transcribe*
#
# The number of nats that an InfoNCE loss certifies: the largest lower bound on $I(x;y)$ that holds for **every**
# joint law and **every** critic, given the loss and the number of negatives. It may be negative (a bad critic
# certifies nothing); do not clip it.
#
# - `ValueError`: a loss that is not a finite number, `n_negatives` not an integer ≥ 1. (A negative loss is not
#   asked: no InfoNCE loss is one.)

# %% nbgrader={"grade": false, "grade_id": "infonce_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def infonce_bound(loss, n_negatives):
    """Lower bound on the mutual information, in nats, that an InfoNCE loss with N negatives certifies.

    loss         the InfoNCE loss, a finite number
    n_negatives  N >= 1, negatives; the positive comes on top
    ValueError when the loss is not finite or N is no count. Source: van den Oord et al. (2018), section 2.3.
    """
    ### BEGIN SOLUTION
    validate.count(n_negatives=n_negatives)
    if not math.isfinite(loss):
        raise ValueError(f"loss must be a finite number, got {loss!r}")
    return math.log(n_negatives + 1) - loss
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_infonce_bound", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(infonce_bound)

# %% [markdown]
# **Look.** The certified nats of the optimal critic against the number of negatives, for three joint laws: a channel
# that copies 16 symbols without error, one that replaces the symbol by a random one in 3 cases of 10, and two bits
# that agree in 8 cases of 10. Each curve rises to its dashed line, the mutual information, and none passes the black
# line $\ln(N+1)$.

# %%
from course import figures, solved


def noisy_copy(n_symbols, noise):
    """Joint law of a uniform symbol and its copy, replaced by a uniform symbol with probability `noise`."""
    return (1 - noise) * np.eye(n_symbols) / n_symbols + noise / n_symbols**2


if solved(mutual_information, optimal_critic, infonce_loss, infonce_bound):
    counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    curves, information = {}, {}
    for label, joint in {"copy": noisy_copy(16, 0), "noisy": noisy_copy(16, 0.3), "bits": noisy_copy(2, 0.4)}.items():
        curves[label] = [infonce_bound(infonce_loss(joint, optimal_critic(joint), n), n) for n in counts]
        information[label] = mutual_information(joint)
    figure, (ax,) = figures.panels(1, width=6.4, height=3.6)
    figures.curves(counts, {"ceiling ln(N+1)": np.log1p(counts)}, ax, colours=[figures.DARK], widths=[2.2])
    figures.curves(counts, curves, ax, limits=information, styles=["o-"], logx=True, legend="outside",
                   xlabel="number of negatives N", ylabel="certified nats (dashed: the information)")
    ax.set_ylim(0, 1.12 * max(information.values()))
    display(figure)

# %% [markdown]
# ## 6 · `negatives_needed`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# The smallest number of negatives $N \ge 1$ with which the **optimal** critic certifies at least `fraction` of the
# mutual information. What the lecture proves about $B_N$ says that the answer exists, and that you need not try every
# $N$: the answers here reach a few thousand. Inputs where the two sides agree to 10⁻⁹ are not asked.
#
# - Returns an integer. Use your functions above.
# - `ValueError`: `joint` no law, `fraction` not strictly between 0 and 1 (no $N$ reaches all of $I$: check before you
#   search), $I = 0$ (below 10⁻¹² counts as 0: rounding).

# %% nbgrader={"grade": false, "grade_id": "negatives_needed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negatives_needed(joint, fraction):
    """Smallest N >= 1 with which the optimal critic certifies this fraction of the mutual information.

    joint     (S, T), rows x, columns y, entries >= 0, sum 1, I > 0
    fraction  0 < fraction < 1
    Returns an integer. ValueError when `joint` is no law, I = 0 or `fraction` is out of range.
    """
    ### BEGIN SOLUTION
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie strictly between 0 and 1, got {fraction!r}")
    information = mutual_information(joint)
    if information < 1e-12:
        raise ValueError(f"the mutual information is {information!r}: there is nothing to reach")
    critic = optimal_critic(joint)

    def reaches(n):
        return infonce_bound(infonce_loss(joint, critic, n), n) >= fraction * information

    high = 1
    while not reaches(high):
        high *= 2
    low = high // 2  # fails, or is 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negatives_needed", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(negatives_needed)

# %% [markdown]
# ## 7 · `negatives_enough`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# `negatives_needed` searches with exact losses. Theorem 4.7 of the lecture, $I-B_N\le\ln\bigl(1+\chi^2/(N+1)\bigr)$, promises
# in advance: from some number of negatives on, the optimal critic certifies the given `share` of $I$. Return the real number
# $N$, not rounded, from which on the theorem promises the share, and below which it does not.
#
# Its proof promises more. Of the inequalities that lead to this bound, the one that averages over the anchors inside the
# logarithm only makes the result short, and a computer can do without it; keep the others. With `by_proof=True` return
# the number that what is then proved promises. For the lecture's exact copies it is the theorem's own number, for most
# laws a smaller one.
#
# - `joint` as in 2: $\chi^2$ must be right for zeros and empty rows and columns.
# - A relative error of $10^{-8}$ at most, also where the share is $1-10^{-9}$.
# - `ValueError` as in 6.

# %% nbgrader={"grade": false, "grade_id": "negatives_enough", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negatives_enough(joint, share, by_proof=False):
    """Number of negatives from which on Theorem 4.7 promises that the optimal critic certifies this share of I.

    joint  (S, T), rows x, columns y, entries >= 0, sum 1, I > 0
    share  0 < share < 1
    by_proof  whether its proof promises, without the inequality that only makes the theorem short
    Returns a number > 0, in general no integer. ValueError when `joint` is no law, I = 0 or `share` is out of range.
    """
    ### BEGIN SOLUTION
    if not 0 < share < 1:
        raise ValueError(f"share must lie strictly between 0 and 1, got {share!r}")
    information = mutual_information(joint)
    if information < 1e-12:
        raise ValueError(f"the mutual information is {information!r}: there is nothing to promise")
    joint = np.asarray(joint, dtype=float)
    joint = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    p = joint.sum(axis=1)
    chi_square = (joint**2 / joint.sum(axis=0)).sum(axis=1) / p**2 - 1  # of each anchor
    if not by_proof:
        p, chi_square = np.ones(1), np.array([p @ chi_square])

    def too_few(candidates):
        return p @ np.log1p(chi_square / candidates) > (1 - share) * information

    low, high = 1.0, 2.0
    while too_few(high):
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if too_few(middle) else (low, middle)
    return high - 1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negatives_enough", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(negatives_enough)

# %% [markdown]
# **Look.** An exact copy of $d$ bits has $I = d \ln 2$. What is needed to certify 90 % of it lies between what no critic
# can do without and what the theorem promises; the vertical axis is logarithmic.

# %%
from course import figures, solved

if solved(negatives_needed, negatives_enough):
    bits = np.arange(1, 7)
    laws = [np.eye(2**d) / 2**d for d in bits]
    lines = {
        "promised": [negatives_enough(law, 0.9) for law in laws],
        "needed": [negatives_needed(law, 0.9) for law in laws],
        "ln(N+1) must reach the target": [math.exp(0.9 * d * math.log(2)) - 1 for d in bits],
    }
    display(figures.curves(bits, lines, xlabel="bits copied", ylabel="number of negatives N", logy=True, styles=[":", "o-", "--"],
                   colours=[figures.GREY, figures.ORANGE, figures.BLUE]))

# %% [markdown]
# ## 8 · `true_negatives_bound`
#
# *Difficulty* ●●●●● · *time* 35 min · 3 points
#
# A sampler draws negatives by class (unit 05 says why): for an anchor of class $c$, $N$ of them are independent draws from
# the other classes, $q_c^-=(q-\rho_cq_c)/(1-\rho_c)$. Another $M\le N$ have slipped in from the anchor's own class:
# independent draws from $q_c$, independent of the rest. The anchor determines its class. Theorem 4.9 of the lecture says what
# the loss certifies when $M=0$ and all classes are equally likely. Now there are $N+M+1$ candidates, and the classes are not
# equally likely: what does a loss certify?
#
# - `loss`: the exact loss with all these negatives, positive in the denominator, a number ≥ 0. `rho` (C,): the law of the
#   classes, C ≥ 2. `n_own`: $M$, an integer from 0 to $N$.
# - Returns a lower bound on $I(x;y)$ that holds for every joint law with these classes and every critic; it may be negative,
#   do not clip it. More than one valid bound can be found. Asked is the largest one that the steps of the lecture's proof
#   give, in its order, when Jensen's inequality is used for each anchor separately (the mean over the classes stays outside).
# - `ValueError`: a loss that is negative or not finite, `rho` no law or with a zero, `n_negatives` not an integer ≥ 1,
#   `n_own` not an integer ≥ 0. (C = 1 is not asked, nor M > N, where no sampler would be.)

# %% nbgrader={"grade": false, "grade_id": "true_negatives_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def true_negatives_bound(loss, rho, n_negatives, n_own=0):
    """Lower bound on I(x; y), in nats, from the loss with N negatives of other classes and M of the anchor's own.

    loss         the exact loss, a number >= 0
    rho          (C,) probabilities of the classes, entries > 0, sum 1, C >= 2; x determines its class
    n_negatives  N >= 1, negatives of other classes
    n_own        M, 0 <= M <= N, negatives of the anchor's class; the positive comes on top
    ValueError on a negative loss, NaN, what is no law, and no counts.
    """
    ### BEGIN SOLUTION
    validate.non_negative(loss=loss)
    validate.law(rho)
    validate.count(n_negatives=n_negatives)
    validate.count(minimum=0, n_own=n_own)
    rho = np.asarray(rho, dtype=float)
    # y_0 of the anchor's class is one of M + 1 candidates of one law, else one of N + 1
    return float(-rho @ np.log(rho / (n_own + 1) + (1 - rho) / (n_negatives + 1)) - loss)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_true_negatives_bound", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(true_negatives_bound)

# %% [markdown]
# ## 9 · `counterexample_repeated`
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# To save time a colleague draws **one** negative $y'$ from the column marginal, independent of the pair $(x,y)$, and shows
# it $N$ times. Its loss is $\mathbb E\ln\bigl(1+N\,e^{s(x,y')-s(x,y)}\bigr)$. "Every candidate still has the right law," he
# says, "so $\ln(N+1)$ minus my loss is still a lower bound on $I(x;y)$." How far can it be off? Neither his loss nor $I$
# is negative, so never by more than $\ln(N+1)$. For each $N$ from 300 to 100 000 show him a joint law and a critic for
# which his number exceeds $I$ by at least **half** of that, $\tfrac12\ln(N+1)$ nats.
#
# - Returns `joint`, `critic`: two arrays of one shape (S, T) with S and T at most 20; scores finite, at most 1000 in
#   absolute value. The check computes both sides exactly.
# - `ValueError`: `n_negatives` not an integer ≥ 300.

# %% nbgrader={"grade": false, "grade_id": "counterexample_repeated", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_repeated(n_negatives):
    """A joint law and a critic that "certify" at least I + ln(N+1) / 2 nats when one negative is shown N times.

    n_negatives  N, an integer from 300 to 100000
    Returns joint (S, T) and critic (S, T), S and T <= 20. ValueError when N is no integer >= 300.
    """
    ### BEGIN SOLUTION
    validate.count(minimum=300, n_negatives=n_negatives)
    # Exact copies of n symbols: y' collides with y in one of n draws and costs ln(N+1), else nothing; I = ln n. The excess
    # (1 - 1/n) ln(N+1) - ln n is largest for n = ln(N+1).
    n = round(math.log(n_negatives + 1))
    return np.eye(n) / n, 20.0 * np.eye(n)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_repeated", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(counterexample_repeated)

# %% [markdown]
# ## 10 · `proof_processing`: a proof in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# An encoder $g$ maps each $y$ to a code $z=g(y)$. Write $r,\ L_N,\ B_N$ for the ratio, the loss and the bound of the best
# critic of the pair $(x,y)$, and $r',\ L_N',\ B_N'$ for those of the pair $(x,z)$, whose negatives are drawn from the law
# of $z$.
#
# **Claim.** No encoder adds information: $I(x;z)\le I(x;y)$.
#
# This is the data processing inequality, here from nothing but InfoNCE. Put the lines of a proof in an order in which
# each follows from what stands above it, from the definitions, or from a proposition of the lecture. Nine of the lines
# are true and belong to the proof, each once, even where a later line could do without it; the claim, line G, is the last.
# Four are false: leave them out. The answer is a list of labels, such as `["A", "B"]`.
#
# - **A** Each critic $s$ on $(x,y)$ is $t(x,g(y))$ for some critic $t$ on $(x,z)$.
# - **B** Among all critics on $(x,y)$ none has a smaller loss $L_N$ than $\ln r$ (Proposition 4.3).
# - **C** If $y_1,\dots,y_N$ are independent draws from $q$, and independent of $(x,y_0)$, then $g(y_1),\dots,g(y_N)$ are
#   independent draws from the law of $z$, and independent of $(x,g(y_0))$.
# - **D** $B_N'\le B_N$ for every $N$.
# - **E** So some critic on $(x,y)$ has exactly the loss $L_N'(\ln r')$.
# - **F** $r'(x,g(y))=r(x,y)$: the encoder changes both the numerator and the denominator of the ratio in the same way.
# - **G** $I(x;z)\le I(x;y)$.
# - **H** For a critic $t$ on $(x,z)$, $s(x,y)=t(x,g(y))$ is a critic on $(x,y)$.
# - **K** As $N\to\infty$, $B_N\to I(x;y)$ and $B_N'\to I(x;z)$ (Theorem 4.7).
# - **L** $I(x;y)\ge B_N$ and $I(x;z)\ge B_N'$, so the information whose bound is smaller is itself the smaller one.
# - **M** So $L_N'(t)=L_N(s)$ for each critic $t$ on $(x,z)$ and the critic $s$ on $(x,y)$ that is made of it.
# - **P** Where a negative has the code of the positive it is left out of the denominator, since it is no negative for $z$.
# - **R** So $L_N(\ln r)\le L_N'(\ln r')$.

# %%
from course import arrange

arrange("proof_processing")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_processing", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_processing = None
### BEGIN SOLUTION
proof_processing = ["H", "C", "M", "E", "B", "R", "D", "K", "G"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_processing", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_processing, "proof_processing")

# %% [markdown]
# ## 11 · `alignment`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# With many negatives and embeddings of norm 1, the loss splits into two wishes (Wang & Isola, 2020). The first:
# positives lie close together,
#
# $$ \text{alignment} = \frac1B \sum_{i=1}^B \lVert x_i - y_i \rVert^\alpha . $$
#
# - `x`, `y`: floating tensors (B, d), one shape, row $i$ of both is a positive pair. Returns a 0-dim tensor.
# - `ValueError`: shapes that differ, an empty batch, NaN, `alpha` not a finite number > 0, a row whose norm is not 1
#   within 10⁻² (`require_unit_rows`, given above, does all but `alpha`).
# - Pairs may coincide: their distance is then 0 for every `alpha`, with no rounding error to speak of.
# - At identical rows the gradient for `alpha=2` is finite, and 0 along the sphere (only that part of it is compared).

# %% nbgrader={"grade": false, "grade_id": "alignment", "locked": false, "schema_version": 3, "solution": true, "task": false}
def alignment(x, y, alpha=2):
    """Mean distance of positive pairs to the power alpha: mean_i |x_i - y_i|^alpha.

    x, y   (B, d) floating tensors whose rows have norm 1 (within 1e-2), row i of both is a pair
    alpha  exponent > 0
    Returns a 0-dim tensor. ValueError on other shapes, NaN, rows off norm 1, alpha <= 0.
    Source: Wang & Isola (2020), section 4.1.
    """
    ### BEGIN SOLUTION
    require_unit_rows(x=x, y=y)
    validate.positive(alpha=alpha)
    return (x - y).norm(dim=1).pow(alpha).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_alignment", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(alignment)

# %% [markdown]
# ## 12 · `uniformity`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points · *transcribe*
#
# The second wish: the embeddings fill the sphere. It is the logarithm of the mean Gaussian potential over the
# $B(B-1)/2$ pairs of **different** rows,
#
# $$ \text{uniformity} = \ln \Big( \frac{2}{B(B-1)} \sum_{i<j} e^{-t \lVert x_i - x_j \rVert^2} \Big) . $$
#
# - `t` is Wang and Isola's: it multiplies, it is no temperature.
# - `x`: floating tensor (B, d), B ≥ 2, rows of norm 1.
# - Returns a 0-dim tensor. It is never positive (but for rounding), and that is no bug.
# - It must stay finite and exact for `t` up to 10⁴, where every single potential may underflow to 0.
# - `ValueError`: fewer than two rows, NaN, `t` not a finite number > 0, a row whose norm is not 1 within 10⁻².

# %% nbgrader={"grade": false, "grade_id": "uniformity", "locked": false, "schema_version": 3, "solution": true, "task": false}
def uniformity(x, t=2):
    """Logarithm of the mean Gaussian potential of pairs: ln mean_{i<j} exp(-t |x_i - x_j|^2).

    x  (B, d) floating tensor, B >= 2, whose rows have norm 1 (within 1e-2)
    t  inverse width > 0
    Returns a 0-dim tensor <= 0. ValueError on one row, other shapes, NaN, rows off norm 1, t <= 0.
    Source: Wang & Isola (2020), section 4.1.
    """
    ### BEGIN SOLUTION
    require_unit_rows(x=x)
    validate.positive(t=t)
    if x.shape[0] < 2:
        raise ValueError(f"uniformity needs at least two rows, got shape {tuple(x.shape)}")
    i, j = torch.triu_indices(x.shape[0], x.shape[0], offset=1, device=x.device)
    exponents = -t * (x[i] - x[j]).square().sum(dim=1)
    return exponents.logsumexp(dim=0) - math.log(exponents.numel())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_uniformity", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(uniformity)

# %% [markdown]
# **Look.** Forty positive pairs on the circle, arranged in three ways. Which is best for alignment, which for
# uniformity, and which is the only one that a contrastive loss is content with?

# %%
from course import figures, solved


def on_circle(angles):
    """Points of the unit circle at these angles, (n, 2)."""
    return torch.stack([angles.cos(), angles.sin()], dim=1)


if solved(alignment, uniformity):
    generator = torch.Generator().manual_seed(0)
    even = torch.arange(40, dtype=torch.float64) * (2 * math.pi / 40)
    jitter = 0.1 * torch.randn(40, generator=generator, dtype=torch.float64)
    shuffled = even[torch.randperm(40, generator=generator)]
    clouds = {"collapsed": (0.3 + jitter, 0.3 - jitter), "strangers": (even, shuffled), "both": (even, even + jitter)}
    clouds = {name: (on_circle(a), on_circle(b)) for name, (a, b) in clouds.items()}
    titles = {k: f"{k}\nalignment {alignment(x, y):.2f}, uniformity {uniformity(x):.2f}" for k, (x, y) in clouds.items()}
    display(figures.pairs_on_circle({titles[k]: (x.numpy(), y.numpy()) for k, (x, y) in clouds.items()}))

# %% [markdown]
# ## 13 · Derivation: other noise, other negatives
#
# *Difficulty* ●●●●○ · *time* 50 min · 6 points, read by a person
#
# All laws are finite. Give the reason for each step; propositions of the lecture may be cited as they stand.
#
# **(a)** (2 points) Noise-contrastive estimation with $k>0$ noise samples per data sample, $p,q>0$: let $D_k(s)$ be the
# expectation of your `nce_loss`. Show that $s=\ln p$ is its only minimiser, for every $k$, and that the gradient of
# $(1+k)D_k$ in the scores tends, as $k\to\infty$, to that of $-\mathbb E_p\,s+\sum_ye^{s(y)}$. What does the second term of
# this limit do?
#
# **(b)** (2 points) Somebody draws the negatives independently from another law $\nu$ with $\nu(y) > 0$ for all $y$,
# for instance uniformly over a vocabulary. Prove that then, for every finite critic,
# $\ln(N+1) - L_N^\nu(s) \le I(x;y) + \mathrm{KL}(q \,\Vert\, \nu)$.
#
# **(c)** (2 points) Show that the term $\mathrm{KL}(q\,\Vert\,\nu)$ in (b) cannot be replaced by a smaller one that holds for
# all $N$: find the critic for which the left side tends to the right side, with a rate.

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_infonce_bound", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **(a)** The odds of data against noise are $1:k$ before $y$ is seen and $p(y):k\,q(y)$ afterwards, so the logit of a model
# whose score stands for $\ln p$ is $G=s-\ln q-\ln k$, and a share $1/(1+k)$ of all samples is data:
#
# $$ (1+k)D_k(s)=\sum_y\bigl(-p\ln\sigma(G)-k\,q\ln(1-\sigma(G))\bigr). $$
#
# By $(\ln\sigma)'=1-\sigma$ and $(\ln(1-\sigma))'=-\sigma$ the derivative by $s(y)$ is
# $(p+kq)\,\sigma-p$; with $\sigma=e^s/(e^s+kq)$ this is
#
# $$ \frac{kq}{e^s+kq}\,\bigl(e^s-p\bigr), $$
#
# negative for $s<\ln p$, positive for $s>\ln p$. Each $y$ has a score of its own, so $s=\ln p$ is the only minimiser. As
# $k\to\infty$ the factor tends to 1, and what remains, $e^s-p$, is the derivative of $-\sum_yp\,s+\sum_ye^s$: maximum
# likelihood, with the total mass as a penalty. Without the penalty all scores could be raised for nothing; with it the total
# mass of the minimiser is 1.
#
# **(b)** With $r_\nu(x,y)=p(y\mid x)/\nu(y)$ and $W=(N+1)w_0/r_\nu(x,y_0)$, where $r_\nu(x,y_0)>0$ with probability 1,
#
# $$ \mathbb E \ln r_\nu(x,y_0) - \ln(N+1) + L_N^\nu(s)=\mathbb E[-\ln W] \ \ge\ -\ln \mathbb E\,W $$
#
# by Jensen's inequality ($-\ln$ is convex). In $\mathbb E\,W$ the positive has the law $p(\cdot\mid x)=r_\nu\,\nu$. Dividing by
# $r_\nu$ leaves the weights $\nu(y_0)$ on the points with $p(y_0\mid x)>0$; adding the other points adds terms $\ge0$. So
# $\mathbb E\,W\le(N+1)\,\mathbb E_x\mathbb E_{y_0,\dots,y_N\sim\nu}\,w_0=1$, since all candidates have one law now and the
# weights sum to 1. The left side is therefore $\ge0$; and as the positive has the marginal law $q$,
#
# $$ \mathbb E \ln r_\nu(x,y_0) = \mathbb E \ln \frac{p(y_0\mid x)}{q(y_0)} + \mathbb E \ln \frac{q(y_0)}{\nu(y_0)}
#    = I + \mathrm{KL}(q\,\Vert\,\nu) . $$
#
# **(c)** Take $s=\ln r_\nu$ ($-\infty$ where $r_\nu=0$; or finite critics that tend to it) and
# $M=\frac1{N+1}\sum_ir_\nu(x,y_i)$. Then $(N+1)w_0=r_\nu(x,y_0)/M$, so the difference of the two sides is $\mathbb E\ln M$.
# As in Theorem 4.7 with $\nu$ for $q$: the change of law and the symmetry make it $\mathbb E_\nu M\ln M$, and with
# $\mathbb E_\nu[M\mid x]=1$ and $t\ln t\le(t-1)+(t-1)^2$ it is at most the variance of $M$,
# $\chi_\nu^2/(N+1)$, where $\chi_\nu^2=\mathbb E_x\mathbb E_{y\sim\nu}r_\nu^2-1$ is finite. (The logarithm
# $\ln(1+\chi_\nu^2/(N+1))$ does as well.) It tends to 0, so nothing below $\mathrm{KL}(q\Vert\nu)$ holds for all $N$.
#
# === BEGIN MARK SCHEME ===
# - (a) 1 point: the logit with $\ln k$, and the minimiser with its uniqueness (derivative or convexity; "the derivative is
#   0 there" alone: half a point).
# - (a) 1 point: the gradient with its weight, its limit, and that the second term normalises.
# - (b) 1 point: Jensen, and the change of law of the positive to $\nu$ with the symmetry of the candidates. Half a point off
#   where zeros of $p$ are divided by without a word.
# - (b) 1 point: the identity $\mathbb E\ln r_\nu = I + \mathrm{KL}(q\Vert\nu)$. A proof that bounds $L^\nu_N$ by the entropy of the
#   place and stops at "then data processing" gets the other point only.
# - (c) 1 point: the critic $\ln r_\nu$ up to $b(x)$ (not $\ln r$, whose limit is smaller).
# - (c) 1 point: the gap is $\mathbb E_\nu M\ln M$, or $\mathbb E\ln M$ bounded by hand, and it tends to 0 like $1/N$. Limit
#   without a rate: half a point.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/04_mutual_information/04_mutual_information.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_infonce_bound")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
