# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 01 · Similarity losses
#
# *From the logistic loss of one pair to NT-Xent.* Read the [lecture](../../lectures/01_similarity_losses.ipynb) first.
#
# Four losses to write down, two gradients and a batch to find, a counterexample, four limits, a proof to put in order and
# one to write. At the end you train an encoder with your own loss.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `logistic_loss` | 10 min | 1 |
# | 2 | `hinge_loss` | 5 min | 1 |
# | 3 | `contrastive_loss` | 20 min | 2 |
# | 4 | `counterexample_chance` | 20 min | 3 |
# | 5 | `contrastive_gradient` | 25 min | 3 |
# | 6 | several positives, by hand | 30 min | 4 by hand |
# | 7 | `nt_xent` | 25 min | 3 |
# | 8 | `nt_xent_gradient` | 45 min | 5 |
# | 9 | `simplex_batch` | 30 min | 3 |
# | 10 | four limits | 40 min | 4 |
# | 11 | `proof_per_negative` | 20 min | 3 |
# | 12 | train with your own loss | 5 min | |
#
# Questions marked *transcribe* give you the formula, and ask you to compute it well. Question 3 gives one, too, and makes
# something else of it. The others ask for what the lecture does not do: it gives you the tools.
#
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then run
# the `check(...)` cell below it. The check answers at once: what holds, what does not, and, where it recognises it, which
# belief is wrong. Hints unfold one after the other; try before you open the next. Your grade is decided later on *other*
# inputs, drawn after your code has been loaded, so only a function that is right everywhere gets all points.
#
# **Conventions.** `anchor`, `positive`, `negative` have shape (B, d), `negatives` has shape (B, N, d) and never holds the
# positive. Natural logarithm, nats. A loss is a tensor of shape (), the mean over anchors, differentiable, computed
# best without a Python loop over the batch (a loop is slow, not wrong), finite for logits of $\pm 10^4$ (a logit is what
# stands in the exponent). Losses and `contrastive_gradient` are tried in float16, float32 and float64, `nt_xent_gradient`
# in float32 and float64; what you return has the dtype of the inputs (on the way you may compute in a wider one). Your
# functions must not change their inputs. Wrong shapes, an empty batch, NaN, or a
# number out of range raise `ValueError`; `course.validate` does that in a line:
#
# ```python
# validate.batch(anchor=anchor, positive=positive)      # equal shapes (B, d), B >= 1, no NaN
# validate.candidates(anchor, negatives=negatives)      # (B, N, d) that fits the anchor, N >= 1
# validate.positive(temperature=temperature)            # a finite number > 0
# validate.non_negative(margin=margin)                  # a finite number >= 0
# ```

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate

# %% [markdown]
# ## 1 · `logistic_loss`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# The anchor should be more similar to the positive than to the negative. With similarities as inner products, the
# logistic loss of one triplet is $\ln\left(1 + e^{\,a\cdot n - a\cdot p}\right)$: small when the positive wins by a wide
# margin, about linear in the gap when the negative wins. Return the mean over the batch,
#
# $$L = \frac1B \sum_{i=1}^{B} \ln\left(1 + e^{\,a_i\cdot n_i - a_i\cdot p_i}\right).$$


# %% nbgrader={"grade": false, "grade_id": "logistic_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def logistic_loss(anchor, positive, negative):
    """Mean of ln(1 + exp(a.n - a.p)) over the batch, in nats.

    anchor, positive, negative: (B, d) tensors, float16, float32 or float64. Returns a tensor of shape ().
    Raises ValueError for unequal shapes, an empty batch, NaN. Source: CURL (Saunshi et al. 2019), eq. (1).
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    gap = (anchor * (negative - positive)).sum(dim=1)  # (B,)
    return F.softplus(gap).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_logistic_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(logistic_loss)

# %% [markdown]
# ## 2 · `hinge_loss`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# The older twin: ask for a margin $m$ and pay nothing beyond it,
#
# $$L = \frac1B \sum_{i=1}^{B} \max\left(0,\; m - a_i\cdot(p_i - n_i)\right).$$
#
# The lecture needs $m > 0$ for its bound on the ranking error. As a loss, $m = 0$ makes sense too (it only counts how far
# the negative leads), so your function takes every $m \ge 0$. No gradient is compared at the kink, where the argument of
# the maximum is 0.


# %% nbgrader={"grade": false, "grade_id": "hinge_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hinge_loss(anchor, positive, negative, margin=1.0):
    """Mean of max(0, margin - a.(p - n)) over the batch.

    anchor, positive, negative: (B, d) tensors, float16, float32 or float64; margin: a finite number >= 0.
    Returns a tensor of shape ().
    Raises ValueError for unequal shapes, an empty batch, NaN, a negative margin. Source: Wang & Gupta 2015.
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    validate.non_negative(margin=margin)
    lead = (anchor * (positive - negative)).sum(dim=1)  # (B,)
    return (margin - lead).clamp(min=0).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_hinge_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(hinge_loss)

# %% [markdown]
# ## 3 · `contrastive_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Now N negatives at once. Choosing the positive among the N + 1 candidates is a classification problem, and the loss is its
# cross-entropy with inner products as logits:
#
# $$L = \frac1B \sum_{i=1}^{B} -\ln \frac{e^{\,a_i\cdot p_i}}{e^{\,a_i\cdot p_i} + \sum_{j=1}^{N} e^{\,a_i\cdot n_{ij}}}.$$
#
# With N = 1 this is `logistic_loss`. The inner products are used as they are: no normalisation, no temperature.
#
# Negatives repeat themselves, and not every anchor has as many as the others. So there is a last argument, `counts` (B, N):
# whole numbers $\ge 0$ that say how often negative $j$ of anchor $i$ is among its candidates. Without it, each is there once.
# A count of 0 is **padding**. It may hold any numbers, infinite ones too, and must change nothing: value and gradients are
# finite, and the gradient in the padding is 0. An anchor whose counts are all 0 has one candidate and costs 0. Everything
# else stays: logits of $\pm 10^4$, with counts too. Counts that are negative or of another shape raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "contrastive_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def contrastive_loss(anchor, positive, negatives, counts=None):
    """Mean of -ln( e^{a.p} / (e^{a.p} + sum_j counts_j e^{a.n_j}) ) over the batch, in nats.

    anchor, positive: (B, d); negatives: (B, N, d), N >= 1; float16, float32 or float64; counts: None (each once) or an
    integer tensor (B, N) >= 0; negatives with count 0 may hold anything but NaN. Returns a tensor of shape ().
    Raises ValueError for shapes that do not fit, an empty batch, N = 0, NaN, a negative count.
    Source: Merad et al. 2020, eq. (6).
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    if counts is None:
        counts = torch.ones(negatives.shape[:2], dtype=torch.int64, device=negatives.device)
    if counts.shape != negatives.shape[:2] or bool((counts < 0).any()):
        raise ValueError(f"counts must be >= 0, of shape {tuple(negatives.shape[:2])}, got {counts}")
    negatives = negatives.masked_fill((counts == 0).unsqueeze(2), 0.0)  # before any product: 0 x inf is NaN, backwards too
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)  # (B, 1 + N, d), the positive first
    logits = torch.einsum("bd,bnd->bn", anchor, candidates)  # (B, 1 + N)
    copies = F.pad(counts.to(logits.dtype), (1, 0), value=1.0).log()  # c copies add c e^s = e^(s + ln c); none, e^-inf
    return ((logits + copies).logsumexp(dim=1) - logits[:, 0]).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_contrastive_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(contrastive_loss)

# %% [markdown]
# ## 4 · `counterexample_chance`
#
# *Difficulty* ●●○○○ · *time* 20 min · 3 points
#
# "Our loss is below the chance level $\ln(N+1)$, so the positive usually wins." How wrong can that be? Return the scores
# of $N + 1$ candidates, **the positive first in the array**, such that
#
# - at least $N - 1$ of the $N$ negatives score *higher* than the positive, each by at least `lead` $> 0$, and
# - the loss of this anchor, $-\ln\big(e^{s_0}/\sum_{j=0}^N e^{s_j}\big)$, is nevertheless below $\ln(N+1)$.
#
# For some values of `lead` no such scores exist. Find out for which, and raise `ValueError` for those; your scores must do
# for every lead up to 0.001 % below the bound that you find. Exactly $N + 1$ finite numbers are wanted (a list, an array
# or a tensor), $2 \le N \le 500$. Any right answer counts.


# %% nbgrader={"grade": false, "grade_id": "counterexample_chance", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_chance(n_negatives, lead):
    """Scores of an anchor whose loss is below chance although all but one of its negatives beat the positive.

    n_negatives: an integer N >= 2; lead: a finite number > 0. Returns N + 1 finite scores, the positive first.
    Raises ValueError for bad input, and for a lead with which no such scores exist.
    """
    ### BEGIN SOLUTION
    validate.count(minimum=2, n_negatives=n_negatives)
    validate.positive(lead=lead)
    # e^loss >= 1 + (N - 1) e^lead, and the last negative can add as little as we like: this must be below N + 1
    if lead >= math.log(n_negatives / (n_negatives - 1)):
        raise ValueError(f"with a lead of {lead} the loss of {n_negatives - 1} negatives alone is above chance")
    scores = np.zeros(n_negatives + 1)
    scores[1:n_negatives] = lead
    scores[n_negatives] = -100.0
    return scores
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_chance", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(counterexample_chance)

# %% [markdown]
# ## 5 · `contrastive_gradient`
#
# *Difficulty* ●●●○○ · *time* 25 min · 3 points
#
# What does one step of gradient descent do to an anchor? The lecture has the derivative of the loss in the *scores*. Find
# the derivative of the mean loss of question 3 (every negative counted once) by the anchors, as a formula, and write it
# down: shape (B, d). A formula is asked, so autograd, in whichever form, is no answer; the check calls your function inside
# `torch.inference_mode()`. Logits of $\pm 10^4$ are as good as any.
#
# An anchor that has found its partner moves little, and this little counts: your gradient must be right to six digits *of
# itself* (in float16: as well as float16 can hold it), also where the positive leads by 60 and the
# gradient is $10^{26}$ times shorter than the candidates.


# %% nbgrader={"grade": false, "grade_id": "contrastive_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def contrastive_gradient(anchor, positive, negatives):
    """Derivative of contrastive_loss(anchor, positive, negatives) by the anchor, in closed form, small ones accurate too.

    anchor, positive: (B, d); negatives: (B, N, d), N >= 1; float16, float32 or float64; none carries a graph.
    Returns (B, d).
    Raises ValueError as contrastive_loss does.
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)  # (B, 1 + N, d)
    weights = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)  # (B, 1 + N)
    # (centre of the candidates) - positive: the weights sum to 1, so the positive goes into the sum before it is rounded
    return torch.einsum("bn,bnd->bd", weights[:, 1:], negatives - positive.unsqueeze(1)) / anchor.shape[0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_contrastive_gradient", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(contrastive_gradient)

# %% [markdown]
# A picture of what you computed (not graded): one anchor on the circle, a positive, two negatives. The arrow is the step
# that gradient descent takes.

# %%
from course import figures, solved

if solved(contrastive_gradient):
    angles = torch.tensor([0.3, 1.5, -0.5, 3.6], dtype=torch.float64)  # the anchor, its positive, two negatives
    points = torch.stack([angles.cos(), angles.sin()], dim=1)
    step = -0.6 * contrastive_gradient(points[:1], points[1:2], points[None, 2:])
    display(figures.directions(angles[:1], step, angles[1], angles[2:]))

# %% [markdown]
# ## 6 · Several positives, by hand
#
# *Difficulty* ●●●●○ · *time* 30 min · 4 by hand
#
# An anchor has $P \ge 2$ positives (say, all other pictures of its class) among $P + N$ candidates, $N \ge 1$, with
# scores $s_j$; $\mathcal P$ is the set of the positives and $\pi_j = e^{s_j}/\sum_k e^{s_k}$. Two losses suggest
# themselves: the mean of the losses, and the loss of the mean,
#
# $$\ell_{\text{out}} = -\frac1P\sum_{p\in\mathcal P}\ln \pi_p, \qquad\qquad
#   \ell_{\text{in}} = -\ln\Big(\frac1P\sum_{p\in\mathcal P}\pi_p\Big).$$
#
# In the cell below, with reasons:
#
# 1. Which of the two is the larger one, and exactly when are they equal? (1 point)
# 2. Derive both gradients in the scores, and say exactly when they agree. (1 point)
# 3. One of the two losses can push a positive *away* from the anchor. Which one, and exactly when? Show that the other
#    never does. (1 point)
# 4. Both losses have the same infimum over all scores. Find it, and say which scores come close to it under each of the
#    two losses: what does each ask of the positives? (1 point)

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_gradient", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Write $\Pi = \sum_{p\in\mathcal P}\pi_p \in (0, 1)$ for the probability of all positives together, and for a positive
# $q_p = \pi_p/\Pi = e^{s_p}/\sum_{k\in\mathcal P}e^{s_k}$, its share among them.
#
# **1.** $-\ln$ is strictly convex, so by Jensen the mean of $-\ln\pi_p$ is at least $-\ln$ of the mean of the $\pi_p$:
# $\ell_{\text{out}} \ge \ell_{\text{in}}$, with equality iff all $\pi_p$ are equal, that is iff all positives have the same
# score. (The difference is $\frac1P\sum_p\ln\frac{1/P}{q_p}$, the divergence of the uniform law from $q$.)
#
# **2.** With $Z = \sum_k e^{s_k}$: $\ell_{\text{out}} = \ln Z - \frac1P\sum_{p} s_p$ and
# $\ell_{\text{in}} = \ln Z - \ln\sum_{p} e^{s_p} + \ln P$. Since $\partial\ln Z/\partial s_j = \pi_j$,
#
# $$\frac{\partial\ell_{\text{out}}}{\partial s_j} = \pi_j - \frac{1[j\in\mathcal P]}{P}, \qquad
#   \frac{\partial\ell_{\text{in}}}{\partial s_j} = \pi_j - 1[j\in\mathcal P]\,q_j .$$
#
# In a negative both are $\pi_j$. They agree iff $q_p = 1/P$ for every positive: iff all positives have the same score,
# as in 1.
#
# **3.** A step against the gradient lowers $s_p$ iff the derivative is positive. For $\ell_{\text{out}}$ that is
# $\pi_p > 1/P$: a positive with more than its share $1/P$ of *all* the probability is pushed away. For $\ell_{\text{in}}$
# the derivative is $\pi_p - \pi_p/\Pi = -\pi_p\,\frac{1 - \Pi}{\Pi} < 0$, because $\Pi < 1$: every positive is pulled,
# the nearest one most.
#
# **4.** $\ell_{\text{in}} = \ln P - \ln\Pi > \ln P$, and $\ell_{\text{out}} \ge \ell_{\text{in}} > \ln P$. With all positives
# at score 0 and all negatives at $-c$, both tend to $\ln P$ as $c\to\infty$. So the infimum is $\ln P$, not attained.
# $\ell_{\text{in}}$ comes close to it iff $\Pi \to 1$: *some* positive beats all negatives, the others may be anywhere.
# $\ell_{\text{out}} = \ell_{\text{in}} + \frac1P\sum_p\ln\frac{1/P}{q_p}$ needs $q_p \to 1/P$ as well: *all* positives,
# equally near.
#
# === BEGIN MARK SCHEME ===
# - 1 point: Jensen in the right direction, and equality iff the positives have equal scores (half without the equality).
# - 1 point: both gradients, the 1/P and the softmax over the positives in the right places, and when they agree.
# - 1 point: out pushes a positive away iff pi_p > 1/P; in never does, because the probabilities of the positives sum to
#   less than 1.
# - 1 point: ln P, not attained; out wants all positives equally near, in is content with one.
# - Another notation, or a proof of 1 by weighted arithmetic and geometric means, counts fully.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 7 · `nt_xent`
#
# *Difficulty* ●●●○○ · *time* 25 min · 3 points · *transcribe*
#
# The loss of SimCLR: two views of each of B images, both directions, cosine similarity, temperature. Stack the views to
# $z_1,\dots,z_{2B}$ (first all of `view1`, then all of `view2`); row $i$ of one view and row $i$ of the other are each
# other's positive. For each of the 2B anchors **all 2B - 1 other views are candidates**, the positive among them:
#
# $$L = \frac1{2B}\sum_{i=1}^{2B} -\ln\frac{e^{\,\cos(z_i, z_{i^+})/t}}{\sum_{k\neq i} e^{\,\cos(z_i, z_k)/t}},
# \qquad \cos(u, v) = \frac{u\cdot v}{\lVert u\rVert\,\lVert v\rVert}.$$
#
# The formula is here; the care is yours. Rows may be much shorter or longer than 1 (never 0), the temperature $t$ may be
# 0.0001, the dtype float16, and an anchor may lie opposite to all its candidates. With B = 1 there is nothing to compare
# with: that raises.


# %% nbgrader={"grade": false, "grade_id": "nt_xent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nt_xent(view1, view2, temperature=0.5):
    """Mean over all 2B anchors of -ln( e^{cos(z_i, z_i+)/t} / sum_{k != i} e^{cos(z_i, z_k)/t} ), in nats.

    view1, view2: (B, d), B >= 2, row i of one is the positive of row i of the other; temperature > 0.
    float16, float32 or float64. Returns a tensor of shape ().
    Raises ValueError for unequal shapes, B < 2, NaN, temperature <= 0.
    Source: SimCLR (Chen et al. 2020), eq. (1).
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError(f"nt_xent needs at least two images, got shape {tuple(view1.shape)}")
    z = F.normalize(torch.cat([view1, view2]), dim=1)  # (2B, d)
    logits = z @ z.T / temperature  # (2B, 2B)
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    partner = torch.arange(len(z), device=z.device).roll(len(view1))  # i -> i + B modulo 2B
    return F.cross_entropy(logits.masked_fill(itself, -torch.inf), partner)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_nt_xent", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(nt_xent)

# %% [markdown]
# ## 8 · `nt_xent_gradient`
#
# *Difficulty* ●●●●● · *time* 45 min · 5 points
#
# An encoder puts out vectors of any length; `nt_xent` normalises them. What backpropagation hands down to the encoder is
# the derivative of `nt_xent` by these **unnormalised** vectors. Find it as a formula. (The lecture's Proposition 1.7 gives
# you two tests of your result.)
#
# Return all $2B$ rows, those of `view1` first: shape (2B, d). A formula is asked, so autograd, in whichever form, is no
# answer; the check calls your function inside `torch.inference_mode()`, with rows of length $10^{-5}$ and $10^5$ and
# temperatures down to 0.0001.


# %% nbgrader={"grade": false, "grade_id": "nt_xent_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nt_xent_gradient(view1, view2, temperature=0.5):
    """Derivative of nt_xent(view1, view2, temperature) by the rows of torch.cat([view1, view2]), in closed form.

    view1, view2: (B, d), B >= 2, float32 or float64, rows of any length but 0, none carries a graph; temperature > 0.
    Returns (2B, d). Raises ValueError as nt_xent does.
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError(f"nt_xent needs at least two images, got shape {tuple(view1.shape)}")
    z = torch.cat([view1, view2])  # (2B, d)
    length = z.norm(dim=1, keepdim=True)
    u = z / length
    logits = (u @ u.T / temperature).fill_diagonal_(-torch.inf)
    surplus = logits.softmax(dim=1)  # row: anchor, column: candidate; the derivative of the losses in the scores ...
    rows = torch.arange(len(z), device=z.device)
    surplus[rows, rows.roll(len(view1))] -= 1  # ... is the probability that is there minus the one that should be
    by_unit = (surplus + surplus.T) @ u / (len(z) * temperature)  # a vector as anchor, and as candidate of all others
    return (by_unit - (by_unit * u).sum(dim=1, keepdim=True) * u) / length
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_nt_xent_gradient", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(nt_xent_gradient)

# %% [markdown]
# ## 9 · `simplex_batch`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# Theorem 1.11 of the lecture says which batches attain the smallest NT-Xent, and that there is none in fewer than $B - 1$
# dimensions. Build one: two views of each of $B$ images in $d$ dimensions whose NT-Xent is the smallest possible, at every
# temperature. Any such batch counts, of any orientation and with rows of any length. Sizes: $2 \le B \le 64$, $d \le 80$.


# %% nbgrader={"grade": false, "grade_id": "simplex_batch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def simplex_batch(n_images, dim):
    """A batch (view1, view2) with the smallest NT-Xent that n_images images can have: tensors or arrays (n_images, dim).

    n_images: an integer B >= 2; dim: an integer d >= 1. Raises ValueError for bad input, and where there is no such batch.
    """
    ### BEGIN SOLUTION
    validate.count(minimum=2, n_images=n_images)
    validate.count(dim=dim)
    if dim < n_images - 1:
        raise ValueError(f"{n_images} images need at least {n_images - 1} dimensions, got {dim}")
    # Column k tells image k from all images before it: they share one value, and image k balances them, so that every
    # column sums to 0. Columns are orthonormal: together with the constant column they are an orthogonal matrix, so that
    # rows have the inner products of I - 1/B.
    corners = torch.zeros(n_images, dim, dtype=torch.float64)
    for k in range(1, n_images):
        corners[:k, k - 1] = 1 / math.sqrt(k * (k + 1))
        corners[k, k - 1] = -k / math.sqrt(k * (k + 1))
    return corners, corners.clone()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_simplex_batch", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(simplex_batch)

# %% [markdown]
# ## 10 · Four limits
#
# *Difficulty* ●●●○○ · *time* 40 min · 1 point each
#
# Work them out with a pencil, then give the **number** (an expression such as `math.log(3)` is fine; four digits are not
# enough: float64, right to 1e-7).
#
# **Half a collapse.** An encoder sends the B = 32 images of a batch onto four orthogonal directions, eight images to each,
# both views of an image to the same one. What is `nt_xent` at temperature 0.5?

# %% nbgrader={"grade": false, "grade_id": "limit_collapse", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_collapse = None
### BEGIN SOLUTION
limit_collapse = math.log(15 + 48 * math.exp(-2))  # 15 of the 63 candidates have cosine 1, the positive among them
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_collapse", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_collapse, "limit_collapse")

# %% [markdown]
# **Minimum.** In someone's program the denominator of `nt_xent` runs over the $2B - 2$ negatives only, without the
# positive. What is the smallest value that this program can print for B = 4 and temperature 0.5, in as many dimensions as
# you like?

# %% nbgrader={"grade": false, "grade_id": "limit_minimum", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_minimum = None
### BEGIN SOLUTION
limit_minimum = math.log(6) - 8 / 3  # the proof of Theorem 1.11 with g(x) = ln 6 + x: same bound on the mean margin
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_minimum", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_minimum, "limit_minimum")

# %% [markdown]
# **Cold.** One anchor has cosine 0.6 with its positive and 0.9, 0.9, 0.2, -0.4 with four negatives; $\ell(t)$ is its loss
# at temperature $t$. As $t\to0$ it grows without limit, like $0.3/t$. What is left, $\lim_{t\to0}(\ell(t) - 0.3/t)$?

# %% nbgrader={"grade": false, "grade_id": "limit_cold", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_cold = None
### BEGIN SOLUTION
limit_cold = math.log(2)  # e^loss = e^(0.3/t) (2 + what vanishes): the positive's own term vanishes too
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_cold", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_cold, "limit_cold")

# %% [markdown]
# **Hot.** Another anchor has cosine 0.6 with its positive and 0.9, 0.2, -0.4 with three negatives. For large $t$ its loss
# is $\ell(t) = \ln 4 + \dfrac{c_1}{t} + \dfrac{c_2}{t^2} + \dots$ The lecture has $c_1$. What is $c_2$?

# %% nbgrader={"grade": false, "grade_id": "limit_hot", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_hot = None
### BEGIN SOLUTION
limit_hot = np.var([0.6, 0.9, 0.2, -0.4]) / 2  # second derivative of the log-mean-exp at 0, over 2
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_hot", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_hot, "limit_hot")

# %% [markdown]
# ## 11 · `proof_per_negative`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# More negatives make a larger loss, and each one less so. Given anchor and positive, let the negatives be drawn
# independently from one law, and let $L_N$ be the expectation of the loss (1.4) with $N$ of them.
#
# **Claim.** $\dfrac{L_{N+1}}{N+1} \le \dfrac{L_N}{N}$ for every $N \ge 1$: the loss *per negative* does not rise.
#
# Below stand the lines of a proof, in disorder, and some lines that are false and do not belong to it. Give the labels of
# the true lines in an order in which each line uses only what stands above it, as a list such as `["B", "A"]`. Every order
# that is a proof counts. (Margins $v_j = s_0 - s_j$ as in the lecture.)
#
# - **A** Divide by $N(N+1)$ and rearrange: this is the claim.
# - **B** So $L_{N+2} - L_{N+1} \le L_{N+1} - L_N$ for every $N \ge 0$: the increments do not grow.
# - **C** $\ln$ is concave, so by Jensen $\mathbb E\ln S_N = \ln\mathbb E\,S_N$, and $L_N = \ln(1 + N\,\mathbb E\,y_1)$.
# - **D** For all $s \ge 1$ and $x, y \ge 0$: $\ \dfrac{x}{s + y} \le \dfrac{x}{s}$.
# - **E** $S_0 = 1$ and $L_0 = 0$, so $L_N$ is the sum of the $N$ increments $L_{k+1} - L_k$, $k = 0, \dots, N-1$.
# - **F** Put $s = S_N$, $x = y_{N+1}$, $y = y_{N+2}$ into such an inequality between logarithms and take expectations:
#   $\mathbb E\big[\ln S_{N+2} - \ln(S_N + y_{N+2})\big] \le L_{N+1} - L_N$.
# - **G** One more negative adds its own logistic loss: $\ln S_{N+1} = \ln S_N + \ln(1 + y_{N+1})$.
# - **H** Put $y_j = e^{-v_j} > 0$ and $S_N = 1 + y_1 + \dots + y_N$. Then $L_N = \mathbb E\ln S_N$.
# - **I** Each of these $N$ increments is at least $L_{N+1} - L_N$, so $L_N \ge N\,(L_{N+1} - L_N)$.
# - **J** $\ln(s + y + x) - \ln(s + y) \ge \ln(s + x) - \ln s$ for $s \ge 1$ and $x, y \ge 0$: what is added to more, counts
#   for more.
# - **K** $y_{N+1}$ and $y_{N+2}$ have the same law, given anchor, positive and the first $N$ negatives, so
#   $\mathbb E\ln(S_N + y_{N+2}) = \mathbb E\ln S_{N+1} = L_{N+1}$.
# - **L** The negatives have one law, so no candidate is preferred, and $L_N = \ln(N+1)$.
# - **M** Hence $\ln(s + y + x) - \ln(s + y) = \ln\Big(1 + \dfrac{x}{s+y}\Big) \le \ln(s + x) - \ln s$ for the same $s, x, y$.

# %%
from course import arrange

arrange("proof_per_negative")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_per_negative", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_per_negative = None
### BEGIN SOLUTION
proof_per_negative = ["H", "D", "M", "K", "F", "B", "E", "I", "A"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_per_negative", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_per_negative, "proof_per_negative")

# %% [markdown]
# ## 12 · Train with your own loss
#
# Not graded. The lecture's first training ran on someone else's loss; this one runs on yours: 500 steps on handwritten
# digits that wander over their canvas, at three temperatures (half a minute). How many test images have a nearest
# neighbour that shows the same digit? Predict first: what will a low and a high temperature do?

# %%
from course import solved, training, views
from course.data import split

images, labels = views.wandering_digits(10, seed=0)
train_x, train_y, test_x, test_y = split(images, labels, test_share=0.4, seed=0)


def same_digit(z):
    """Share of the rows of z (n, d), lengths 1, whose nearest other row shows the same digit."""
    nearest = (z @ z.T).fill_diagonal_(-2).argmax(dim=1)
    return float((test_y[nearest] == test_y).double().mean())


def my_loss(temperature):
    return lambda view1, view2, labels: nt_xent(view1, view2, temperature)


if solved(nt_xent):
    print(f"pixels                   {same_digit(F.normalize(test_x.flatten(1), dim=1)):.3f}")
    print(f"untrained                {same_digit(training.embed(training.make_encoder(train_x.shape[1:], 0), test_x)):.3f}")
    for temperature in (0.05, 0.5, 5.0):
        encoder = training.train(my_loss(temperature), train_x, train_y, seed=0, n_steps=500)
        print(f"trained, temperature {temperature:4g}  {same_digit(training.embed(encoder, test_x)):.3f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/01_similarity_losses/01_similarity_losses.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_gradient")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
