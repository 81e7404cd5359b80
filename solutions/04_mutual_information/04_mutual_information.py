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
# # 04 · Mutual information
#
# *How many nats does a contrastive loss certify, and what do they cost?* Read the lecture
# `lectures/04_mutual_information.ipynb` first.
#
# A contrastive loss asks: which of these $N+1$ candidates came with $x$? Whoever answers well must know something
# that $x$ and $x^+$ share. This exercise makes that exact: the loss $L$ certifies at least $\ln(N+1) - L$ nats of
# mutual information, no critic can cheat, and the number of negatives is a ceiling on what can be certified.
# Everything except the three torch losses lives on finite joint laws, so your numbers are exact, not estimates.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `nce_loss` | 15 min | 3 |
# | 2 | `mutual_information` | 10 min | 2 |
# | 3 | `optimal_critic` | 15 min | 2 |
# | 4 | `infonce_loss` | 45 min | 5 |
# | 5 | `infonce_bound` | 2 min | 1 |
# | 6 | `negatives_needed` | 20 min | 4 |
# | 7 | `alignment` | 5 min | 2 |
# | 8 | `uniformity` | 15 min | 3 |
# | 9 | a derivation: the bound, and what it needs | 40 min | 6 by hand |
#
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then
# run the `check(...)` cell below it. Your grade is decided later on *other* inputs, drawn after your code has been
# loaded.
#
# **Conventions.** Natural logarithm, nats. `joint` has shape (S, T): `joint[i, j]` is the probability of the pair
# $(x = i,\ x^+ = j)$. It need be neither square nor symmetric; it may hold zeros, even an empty row or column. Its
# marginals are $p(x)$, the row sums, and $p(x^+)$, the column sums. `n_negatives` counts negatives: with the positive
# there are $N + 1$ candidates. Answers may be Python floats, numpy scalars or 0-dim tensors. Bad input raises
# `ValueError` with the offending value or shape in its message; `course.validate` does most of it in a line:
#
# ```python
# validate.joint_law(joint)                       # a matrix, entries >= 0, sum 1 within 1e-9, no NaN
# validate.count(n_negatives=n_negatives)         # an integer >= 1
# validate.positive(ratio=ratio)                  # a finite number > 0
# validate.floating("scores", scores)             # a floating tensor without NaN
# ```
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
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# Noise-contrastive estimation (Gutmann & Hyvärinen, 2010) fits a log-density by telling data from noise. For each
# data sample, `ratio` $= k$ samples of a known noise law $q$ are drawn; all are mixed. If $s(y)$ were the log-density
# of the data, then by Bayes' rule the log-odds of "$y$ is data" would be
#
# $$ G(y) = s(y) - \ln q(y) - \ln k . $$
#
# The loss is the binary cross-entropy of these log-odds, averaged over **all** scores, data and noise alike:
#
# $$ \frac1n \sum_{i=1}^n \Big( -\ell_i \ln \sigma(G_i) - (1 - \ell_i) \ln(1 - \sigma(G_i)) \Big),
#    \qquad \ell_i = 1 \text{ for data, } 0 \text{ for noise.} $$
#
# - `scores` and `log_noise`: floating tensors of one common shape, not empty; `labels`: a tensor of that shape, of
#   any dtype (bool and integers included), every entry 0 or 1. `ratio` is a number > 0, not necessarily an integer.
# - Returns a 0-dim tensor, differentiable in `scores`. It must stay finite and exact for logits of ±10⁴.
# - `ValueError`: shapes that differ, no scores, NaN, a label other than 0 and 1, a ratio that is not finite and > 0.

# %% nbgrader={"grade": false, "grade_id": "nce_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nce_loss(scores, log_noise, labels, ratio):
    """Noise-contrastive estimation: mean binary cross-entropy of the logits scores - log_noise - ln(ratio), in nats.

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
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
#
# $$ I(x; x^+) = \sum_{i,j} p(i,j) \ln \frac{p(i,j)}{p(i)\, p(j)} \quad\text{in nats, with } 0 \ln 0 = 0 . $$
#
# - `joint` (S, T) may hold zeros and empty rows or columns: none of them may turn the answer into NaN.
# - `ValueError`: not a matrix, negative entries, NaN, a sum other than 1 (`validate.joint_law`).

# %% nbgrader={"grade": false, "grade_id": "mutual_information", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mutual_information(joint):
    """Mutual information of a finite joint law in nats: sum of p(x,x+) ln( p(x,x+) / (p(x) p(x+)) ).

    joint  (S, T), rows x, columns x+, entries >= 0, sum 1
    Returns a number. 0 ln 0 = 0. ValueError when `joint` is no joint law.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    joint = np.asarray(joint, dtype=float)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    cells = joint > 0
    return float(np.sum(joint[cells] * np.log(joint[cells] / independent[cells])))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mutual_information", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(mutual_information)

# %% [markdown]
# ## 3 · `optimal_critic`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# A *critic* is a table $s(x, x^+)$ of scores. Which one has the smallest InfoNCE loss (defined in 4)? The lecture
# derives it from Bayes' rule, for every $N \ge 1$ at once. It is fixed only up to a constant per row,
# $s(x, x^+) + c(x)$, so return any of them: the check removes one constant from each row before it compares.
#
# - Shape (S, T) as `joint`. Where the joint is zero, the answer is `-inf` (also in empty rows and columns).
# - `ValueError` as in 2.

# %% nbgrader={"grade": false, "grade_id": "optimal_critic", "locked": false, "schema_version": 3, "solution": true, "task": false}
def optimal_critic(joint):
    """A critic that minimises the InfoNCE loss for every number of negatives: the log of the density ratio.

    joint  (S, T), rows x, columns x+, entries >= 0, sum 1
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


# %% nbgrader={"grade": true, "grade_id": "check_optimal_critic", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(optimal_critic)

# %% [markdown]
# ## 4 · `infonce_loss`
#
# *Difficulty* ●●●●○ · *time* 45 min · 5 points
#
# Draw a pair $(x, x^+)$ from the joint, and $N$ negatives $x_1^-, \dots, x_N^-$ independently from the **column
# marginal** $p(x^+)$, whatever $x$ and $x^+$ are (so a negative may equal the positive). The loss is the expectation
# of
#
# $$ -\ln \frac{e^{s(x,x^+)}}{e^{s(x,x^+)} + \sum_{i=1}^N e^{s(x,x_i^-)}} . $$
#
# Compute it **exactly** (to 10⁻⁹), no sampling. There are $T^N$ draws of negatives, and `n_negatives` goes up to
# 5000, so listing them will not do. Two facts will. First, for every $V > 0$
#
# $$ \ln V = \int_{-\infty}^{\infty} \Big( e^{-e^u} - e^{-V e^u} \Big)\, du , $$
#
# (Frullani's integral, with $t = e^u$; lectures 03 and 04 derive it). Second, if $V$ is a sum of independent
# candidates then $\mathbb E\, e^{-V e^u}$ is a *product* over the candidates, and the factor of a negative does not
# depend on which negative. The integrand is smooth and dies out at both ends, doubly exponentially on the right,
# exponentially on the left. On such an integrand the plain sum $h \sum_n g(nh)$ with $h = 1/4$ is exact to about
# 10⁻¹³, if the range of $u$ is long enough: think about where the two terms differ when the scores of a row span a
# wide range, and when $N$ is large.
#
# - `critic` has the shape of `joint`. It may be `-inf` where the joint is zero, only there. Scores go up to ±10⁴.
# - What the critic says about an empty row or an empty column does not matter: such points are never drawn.
# - `ValueError`: `joint` no law, shapes that differ, NaN or `+inf` in the critic, `-inf` where the joint is positive,
#   `n_negatives` not an integer ≥ 1.

# %% nbgrader={"grade": false, "grade_id": "infonce_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def infonce_loss(joint, critic, n_negatives):
    """Exact InfoNCE loss in nats: E ln(1 + sum_i exp(s(x, x_i-) - s(x, x+))), i = 1..N, negatives iid from p(x+).

    joint        (S, T), rows x, columns x+, entries >= 0, sum 1
    critic       (S, T), scores s(x, x+); -inf allowed where the joint is zero
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


# %% nbgrader={"grade": true, "grade_id": "check_infonce_loss", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(infonce_loss)

# %% [markdown]
# ## 5 · `infonce_bound`
#
# *Difficulty* ●○○○○ · *time* 2 min · 1 point
#
# The number of nats that an InfoNCE loss certifies: the largest lower bound on $I(x;x^+)$ that holds for **every**
# joint law and **every** critic, given the loss and the number of negatives. It may be negative (a bad critic
# certifies nothing); do not clip it.
#
# - `ValueError`: a loss that is not a finite number, `n_negatives` not an integer ≥ 1.

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
from course import plots_information


def noisy_copy(n_symbols, noise):
    """Joint law of a uniform symbol and its copy, replaced by a uniform symbol with probability `noise`."""
    return (1 - noise) * np.eye(n_symbols) / n_symbols + noise / n_symbols**2


counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
curves = {}
for label, joint in {"copy": noisy_copy(16, 0), "noisy": noisy_copy(16, 0.3), "bits": noisy_copy(2, 0.4)}.items():
    certified = [infonce_bound(infonce_loss(joint, optimal_critic(joint), n), n) for n in counts]
    curves[label] = (certified, mutual_information(joint))
plots_information.saturation(counts, curves)

# %% [markdown]
# ## 6 · `negatives_needed`
#
# *Difficulty* ●●●○○ · *time* 20 min · 4 points
#
# The smallest number of negatives $N \ge 1$ with which the **optimal** critic certifies at least `fraction` of the
# mutual information:
#
# $$ \ln(N+1) - L_N(s^*) \ \ge\ \text{fraction} \cdot I(x; x^+) . $$
#
# The lecture proves that the left side never falls when $N$ grows, and tends to $I$. So the answer exists, and you
# need not try every $N$: the answers here reach a few thousand. Inputs where the two sides agree to 10⁻⁹ are not
# asked.
#
# - Returns an integer. Use your functions above.
# - `ValueError`: `joint` no law, `fraction` not strictly between 0 and 1 (no $N$ reaches all of $I$: check before you
#   search), $I = 0$ (below 10⁻¹² counts as 0: rounding).

# %% nbgrader={"grade": false, "grade_id": "negatives_needed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negatives_needed(joint, fraction):
    """Smallest N >= 1 whose optimal InfoNCE bound ln(N+1) - L_N reaches fraction * I(x; x+).

    joint     (S, T), rows x, columns x+, entries >= 0, sum 1, I > 0
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


# %% nbgrader={"grade": true, "grade_id": "check_negatives_needed", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(negatives_needed)

# %% [markdown]
# **Look.** A perfect copy of $d$ bits has $I = d \ln 2$. The number of negatives that certify 90 % of it grows by a
# factor per bit, not by a constant per bit: the vertical axis is logarithmic, and the points lie near a straight
# line.

# %%
from course import plots_information

bits = np.arange(1, 7)
needed = [negatives_needed(np.eye(2**d) / 2**d, 0.9) for d in bits]
floors = [math.exp(0.9 * d * math.log(2)) - 1 for d in bits]
print(dict(zip(bits.tolist(), needed, strict=True)))
plots_information.price(bits, needed, floors)

# %% [markdown]
# ## 7 · `alignment`
#
# *Difficulty* ●○○○○ · *time* 5 min · 2 points
#
# With many negatives and embeddings of norm 1, the loss splits into two wishes (Wang & Isola, 2020). The first:
# positives lie close together,
#
# $$ \text{alignment} = \frac1B \sum_{i=1}^B \lVert x_i - y_i \rVert^\alpha . $$
#
# - `x`, `y`: floating tensors (B, d), one shape, row $i$ of both is a positive pair. Returns a 0-dim tensor.
# - `ValueError`: shapes that differ, an empty batch, NaN, `alpha` not a finite number > 0, a row whose norm is not 1
#   within 10⁻² (`require_unit_rows`, given above, does all but `alpha`).
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


# %% nbgrader={"grade": true, "grade_id": "check_alignment", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(alignment)

# %% [markdown]
# ## 8 · `uniformity`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# The second wish: the embeddings fill the sphere. It is the logarithm of the mean Gaussian potential over the
# $B(B-1)/2$ pairs of **different** rows,
#
# $$ \text{uniformity} = \ln \Big( \frac{2}{B(B-1)} \sum_{i<j} e^{-t \lVert x_i - x_j \rVert^2} \Big) . $$
#
# - `x`: floating tensor (B, d), B ≥ 2, rows of norm 1. Returns a 0-dim tensor; it is never positive, and that is no
#   bug.
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


# %% nbgrader={"grade": true, "grade_id": "check_uniformity", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(uniformity)

# %% [markdown]
# **Look.** Forty positive pairs on the circle, arranged in three ways. Which is best for alignment, which for
# uniformity, and which is the only one that a contrastive loss is content with?

# %%
from course import plots_information


def on_circle(angles):
    """Points of the unit circle at these angles, (n, 2)."""
    return torch.stack([angles.cos(), angles.sin()], dim=1)


generator = torch.Generator().manual_seed(0)
even = torch.arange(40, dtype=torch.float64) * (2 * math.pi / 40)
jitter = 0.1 * torch.randn(40, generator=generator, dtype=torch.float64)
shuffled = even[torch.randperm(40, generator=generator)]
clouds = {"collapsed": (0.3 + jitter, 0.3 - jitter), "strangers": (even, shuffled), "both": (even, even + jitter)}
clouds = {name: (on_circle(a), on_circle(b)) for name, (a, b) in clouds.items()}
titles = {k: f"{k}\nalignment {alignment(x, y):.2f}, uniformity {uniformity(x):.2f}" for k, (x, y) in clouds.items()}
plots_information.circles({titles[k]: (x.numpy(), y.numpy()) for k, (x, y) in clouds.items()})

# %% [markdown]
# ## 9 · Derivation: the bound, and what it needs
#
# *Difficulty* ●●●●○ · *time* 40 min · 6 points, read by a person
#
# All laws are finite. Write $p(x, y)$ for the joint, $q(y) = \sum_x p(x,y)$ for its column marginal, $s$ for an
# arbitrary finite critic, and $L_N(s)$ for the loss of section 4. Give the reason for each step.
#
# **(a)** (3 points) Prove $I(x;y) \ge \ln(N+1) - L_N(s)$ for every critic and every $N \ge 1$. Say where you use that
# the positive is among the candidates of the denominator, and where you use that the negatives are drawn
# independently from $q$.
#
# **(b)** (2 points) Somebody draws the negatives independently from another law $\nu$ with $\nu(y) > 0$ for all $y$,
# for instance uniformly over a vocabulary. Prove that then
# $\ln(N+1) - L_N^\nu(s) \le I(x;y) + \mathrm{KL}(q \,\Vert\, \nu)$.
#
# **(c)** (1 point) Show that $\ln(N+1)$ cannot be replaced by any larger constant (with $s$ and $p$ arbitrary).

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_infonce_bound", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **(a)** Let $y_0$ be the positive, $y_1, \dots, y_N$ the negatives, and
# $w_j = e^{s(x,y_j)} / \sum_{i=0}^N e^{s(x,y_i)}$, so that $L_N(s) = \mathbb E[-\ln w_0]$. With
# $r(x,y) = p(y\mid x)/q(y)$ we have $I = \mathbb E \ln r(x,y_0)$, and $r(x, y_0) > 0$ with probability 1. Therefore
#
# $$ I - \ln(N+1) + L_N(s) = \mathbb E\Big[ -\ln \frac{(N+1)\, w_0}{r(x,y_0)} \Big]
#    \ \ge\ -\ln \mathbb E\Big[ \frac{(N+1)\, w_0}{r(x,y_0)} \Big] \qquad\text{(Jensen, } -\ln \text{ is convex).} $$
#
# In the last expectation $y_0 \sim p(\cdot\mid x)$. Dividing by $r(x, y_0)$ replaces $p(y_0 \mid x)$ by $q(y_0)$ on
# the points where $p(y_0 \mid x) > 0$; adding the other points can only add non-negative terms. So it is at most
# $\mathbb E_x \mathbb E_{y_0,\dots,y_N \sim q}\,[(N+1)\, w_0]$. Now all $N+1$ candidates are independent with the
# same law $q$ (**here the law of the negatives is used**: independent of the positive, from the column marginal), so
# $w_0, \dots, w_N$ have the same expectation, and they sum to 1 (**here the positive in the denominator is used**:
# without it the weights do not sum to 1). Hence $\mathbb E\, w_0 = 1/(N+1)$, the expectation is at most 1, and
# $-\ln 1 = 0$.
#
# **(b)** Repeat with $r_\nu(x,y) = p(y\mid x)/\nu(y)$. Jensen gives
#
# $$ \mathbb E \ln r_\nu(x,y_0) - \ln(N+1) + L_N^\nu(s)
#    \ \ge\ -\ln \mathbb E\Big[\frac{(N+1)\, w_0}{r_\nu(x,y_0)}\Big] . $$
#
# Dividing by $r_\nu$ changes the law of $y_0$ to $\nu$, the law of the negatives (again after adding the points where
# $p(y_0\mid x) = 0$), so all candidates have one law again, the expectation is at most 1, and the right side at least
# 0. Finally, because the positive $y_0$ has marginal law $q$,
#
# $$ \mathbb E \ln r_\nu(x,y_0) = \mathbb E \ln \frac{p(y_0\mid x)}{q(y_0)} + \mathbb E \ln \frac{q(y_0)}{\nu(y_0)}
#    = I + \mathrm{KL}(q\,\Vert\,\nu) . $$
#
# **(c)** Take $x$ and $y$ independent and $s = 0$. Then $I = 0$ and every draw has loss $\ln(N+1)$, so with a
# constant $c > \ln(N+1)$ the "bound" would say $0 \ge c - \ln(N+1) > 0$.
#
# === BEGIN MARK SCHEME ===
# - (a) 1 point: Jensen (or: cross-entropy is at least entropy), in the right direction, with the reason.
# - (a) 1 point: the change of law of the positive to $q$ and the symmetry of the $N+1$ candidates (or: the Bayes
#   classifier of the position, and then data processing).
# - (a) 1 point: says that the weights sum to 1 because the positive is in the denominator, and that the symmetry needs
#   negatives drawn independently from $q$.
# - A proof by the posterior of the position $J$ is as good: $L_N$ is a cross-entropy, hence at least
#   $H(J\mid x,y_0,\dots,y_N)$, and $\ln(N+1)$ minus that is $I(J; x,y_0,\dots,y_N)$, which must be shown, not just
#   claimed, to be at most $I(x;y)$. Half a point off where zeros of $p$ are divided by without a word.
# - (b) 1 point: the same argument with $\nu$, the candidates exchangeable again.
# - (b) 1 point: the identity $\mathbb E\ln r_\nu = I + \mathrm{KL}(q\Vert\nu)$.
# - (c) 1 point: any joint and critic with $\ln(N+1) - L_N = I$, usually independence with a constant critic. Half a
#   point for "$L_N=\ln(N+1)$ at $s=0$" without saying that $I=0$ is needed.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/04_mutual_information/04_mutual_information.ipynb
# ```
