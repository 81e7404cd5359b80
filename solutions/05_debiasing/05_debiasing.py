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
# # 05 · Debiasing
#
# *False negatives, and what can be done about them without labels.* Read the lecture `lectures/05_debiasing.ipynb` first.
#
# A negative is drawn from all the data, so sometimes it has the class of the anchor. You will compute the law that the
# negatives should have had, see why plugging its estimate into the loss leaves a bias, write the debiased loss with its
# floor and the oracle that knows the labels, and compare the three on real images.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `negative_law`, and a relative of its derivation | 35 min | 2 + 5 by hand |
# | 2 | `plugin_bias` | 35 min | 4 |
# | 3 | `debiased_negative_mass` | 15 min | 3 |
# | 4 | `floor_fraction` | 10 min | 2 |
# | 5 | `debiased_loss` | 30 min | 5 |
# | 6 | `unbiased_loss` | 15 min | 3 |
# | 7 | `compare_debiasing` | 30 min | 4 |
#
# **Conventions.** Natural logarithm, nats. `tau_plus` is the probability that a draw from the data has **the same class
# as the anchor**, $0 \le \tau^+ < 1$; `temperature` is $t > 0$. Batch losses (5 and 6) take torch tensors, are
# differentiable, return a tensor of shape (), and work without a Python loop over the batch. Inputs are never changed. Bad
# input raises `ValueError`; `course.validate` has most of it in a line:
#
# ```python
# validate.batch(view1=view1, view2=view2)              # equal shapes (B, d), B >= 1, no NaN
# validate.floating("pos_sim", pos_sim)                 # a floating tensor without NaN
# validate.positive(temperature=temperature)            # a finite number > 0
# validate.law(p, "p", zeros=True)                      # numpy, shape (S,), >= 0, sums to 1
# validate.world(rho, classes, z)                       # a finite world
# validate.count(1, n_negatives=n_negatives)            # an integer >= 1
# ```

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate


def validate_prior(tau_plus):
    """Raise ValueError unless 0 <= tau_plus < 1."""
    if not 0 <= tau_plus < 1:
        raise ValueError(f"tau_plus must lie in [0, 1), got {tau_plus!r}")


# %% [markdown]
# ## 1 · `negative_law`
#
# *Difficulty* ●●○○○ · *time* 10 min for the code, 25 min for the derivation · 2 points, and 5 by hand
#
# On a finite set of S points: $p$ is the law of a draw from all the data, $p^+$ the law of a draw from the anchor's class,
# and $\tau^+$ the probability that a draw from $p$ has the anchor's class. Return $p^-$, the law of a draw that has
# **another** class, shape (S,). The lecture derives it; below you derive a relative of it.
#
# Where $p$, $p^+$ and $\tau^+$ do not belong together, the formula gives something that is no law. That must raise
# `ValueError`. An entry may fall below 0 by rounding: down to $-10^{-9}$ it counts as 0.

# %% [markdown]
# **`derive_debiasing`** (5 points, read by a person). Some classes have a *sister*: pullovers and coats. A draw from the data
# has the anchor's class with probability $\tau$ (law $p^+$), the sister class with probability $\sigma$ (law $p^\circ$), and
# some other class otherwise (law $p^-$); $\tau,\sigma>0$, $\tau+\sigma<1$. Sisters shall be pushed neither together nor apart:
# the negatives ought to come from $p^-$.
#
# a. Derive $p^-$ from $p$, $p^+$, $p^\circ$, $\tau$, $\sigma$. Say which rule you use, and why you may divide.
#
# b. Somebody exchanges $\tau$ and $\sigma$. Show that the result still sums to 1. Show by an example that it need not be a
#    law, and that there are worlds in which nobody would notice.
#
# c. For one anchor $x$ you have one draw from $p^+$, one from $p^\circ$, and $N$ from $p$. Give an unbiased estimate
#    $\widehat M$ of $M^-=E_{u\sim p^-}e^{f(x)\cdot f(u)}$, and prove that it is unbiased.
#
# d. Is $\ln\bigl(1+\widehat M e^{-s^+}\bigr)$ an unbiased estimate of $\ln\bigl(1+M^-e^{-s^+}\bigr)$? In which direction is it
#    off, under which condition, and what else can happen to it?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_debiasing", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** *Law of total probability.* The three events (anchor's class, sister class, another class) exclude each other and one
# of them happens, so at every point $u$: $p(u)=\tau\,p^+(u)+\sigma\,p^\circ(u)+(1-\tau-\sigma)\,p^-(u)$. Since
# $\tau+\sigma<1$ we may divide: $p^-=\dfrac{p-\tau p^+-\sigma p^\circ}{1-\tau-\sigma}$.
#
# **b.** The sum over all points is $\frac{1-\sigma-\tau}{1-\tau-\sigma}=1$ again. It need not be a law: three classes of one
# point each with $\tau=0.1$, $\sigma=0.3$ and the rest $0.6$, in this order: $p=(0.1,0.3,0.6)$, and the exchanged formula
# gives $\frac1{0.6}(0.1-0.3,\;0.3-0.1,\;0.6)=(-\frac13,\frac13,1)$, where $(0,0,1)$ is right. Nobody notices where
# $\tau=\sigma$, and where $p^+=p^\circ$: the difference of the two results is
# $\frac{(\tau-\sigma)(p^+-p^\circ)}{1-\tau-\sigma}$, which is 0 exactly then.
#
# **c.** Multiply a. by $h(u)=e^{f(x)\cdot f(u)}$ and sum over $u$:
# $M^-=\dfrac{E_ph-\tau E_{p^+}h-\sigma E_{p^\circ}h}{1-\tau-\sigma}$. With $x_1,\dots,x_N\sim p$, $v\sim p^+$, $w\sim p^\circ$
# put $\widehat M=\dfrac{\frac1N\sum_ih(x_i)-\tau h(v)-\sigma h(w)}{1-\tau-\sigma}$. Expectation is linear (independence is not
# needed), each of the three means has its expectation, so $E\widehat M=M^-$.
#
# **d.** No. $m\mapsto\ln(1+me^{-s^+})$ is strictly concave, so by Jensen
# $E\ln(1+\widehat Me^{-s^+})<\ln(1+M^-e^{-s^+})$ wherever $1+\widehat Me^{-s^+}>0$ with probability 1 and $\widehat M$ is not
# constant: too small on average. And $\widehat M$ is a difference: it can be so negative that the argument of the logarithm is
# $\le0$, and the loss undefined.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: the law of total probability with three exclusive events at one point, solved with the reason for dividing.
# - 1½ points, b: the sum (½); an example with a negative entry (½); a world where nothing shows, $\tau=\sigma$ or
#   $p^+=p^\circ$ (½).
# - 1 point, c: the step from laws to expectations (½); the estimate and linearity (½). An appeal to independence is not wrong,
#   but not needed.
# - 1½ points, d: Jensen with concavity and the right direction (½); its condition, defined and not constant (½); the argument
#   may be $\le0$ (½).
# - Any correct argument gets full marks.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% nbgrader={"grade": false, "grade_id": "negative_law", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negative_law(p, p_plus, tau_plus):
    """Law of a draw of another class than the anchor's: (p - tau_plus p_plus) / (1 - tau_plus), shape (S,).

    p, p_plus: laws (S,), entries >= 0, sum 1; tau_plus in [0, 1): the probability of the anchor's own class.
    Raises ValueError for what is no law, shapes that differ, tau_plus outside [0, 1), and where the result is no law (an
    entry below -1e-9). Source: Chuang et al. 2020.
    """
    ### BEGIN SOLUTION
    validate.law(p, "p", zeros=True)
    validate.law(p_plus, "p_plus", zeros=True)
    if np.shape(p) != np.shape(p_plus):
        raise ValueError(f"p and p_plus must have one shape, got {np.shape(p)} and {np.shape(p_plus)}")
    validate_prior(tau_plus)
    result = (np.asarray(p) - tau_plus * np.asarray(p_plus)) / (1 - tau_plus)
    if result.min() < -1e-9:
        raise ValueError(f"no law: p - tau_plus p_plus gives the probability {result.min()!r}")
    return np.maximum(result, 0)  # what is left below 0 is rounding
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negative_law", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(negative_law)

# %% [markdown]
# ## 2 · `plugin_bias`
#
# *Difficulty* ●●●●○ · *time* 35 min · 4 points
#
# How far off is a loss into which an unbiased estimate is plugged? On a finite world you can say exactly. Nature draws a
# class $c \sim \rho$, and from $D_c$, independently: the anchor $x$, the positive $x^+$, and one more positive $v$ that
# only serves the estimate. $N$ negatives $x_1, \dots, x_N$ are drawn independently from the data law
# $p = \sum_c \rho_c D_c$. The prior of the anchor's class is $\rho_c$. With $s(x, u) = f(x)\cdot f(u)$:
#
# $$\widehat M = \frac{\frac1N \sum_{i=1}^N e^{s(x, x_i)} - \rho_c\, e^{s(x, v)}}{1 - \rho_c}, \qquad
# L_{\text{plug-in}} = E\left[-\ln \frac{e^{s(x, x^+)}}{e^{s(x, x^+)} + \widehat M}\right],$$
#
# $$L_{\text{pop}} = E\left[-\ln \frac{e^{s(x, x^+)}}{e^{s(x, x^+)} + M_c(x)}\right], \qquad
# M_c(x) = E_{u \sim p^-_c}\left[e^{s(x, u)}\right].$$
#
# Return $L_{\text{plug-in}} - L_{\text{pop}}$, by enumeration of all draws (no floor, no sampling). Where some draw of
# positive probability has $e^{s(x, x^+)} + \widehat M \le 0$ the expectation does not exist: raise `ValueError`, also for
# a world with one class only, where there is nothing to compare with. The order of the $N$ negatives does not matter:
# $S$ points have $\binom{S + N - 1}{N}$ multisets, not $S^N$ (either is fast enough for the check).

# %% nbgrader={"grade": false, "grade_id": "plugin_bias", "locked": false, "schema_version": 3, "solution": true, "task": false}
def plugin_bias(rho, classes, z, n_negatives):
    """Expectation of the plug-in loss minus the population debiased loss, exactly, in nats.

    rho (C,) class probabilities, C >= 2; classes (C, S) with row c the law of class c; z (S, d) embeddings;
    n_negatives N >= 1. One positive v besides x+ enters the estimate. Raises ValueError for anything else, and where the
    argument of the logarithm is <= 0 with positive probability. Source: Chuang et al. 2020, with M = 1 and no floor.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    validate.count(1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError(f"one class has no negatives: rho = {rho!r}")
    p, n_points = rho @ classes, len(z)
    scores = z @ z.T
    e = np.exp(scores - scores.max(axis=1, keepdims=True))  # only ratios inside a row count
    multisets = itertools.combinations_with_replacement(range(n_points), n_negatives)
    counts = np.array([np.bincount(chosen, minlength=n_points) for chosen in multisets])  # (K, S)
    ways = np.array([math.factorial(n_negatives) / math.prod(map(math.factorial, row)) for row in counts.tolist()])
    chance = ways * np.prod(p**counts, axis=1)  # (K,)
    mean = e @ counts.T / n_negatives  # (S, K): anchor, draw of the negatives

    bias = 0.0
    for prior, law in zip(rho, classes, strict=True):
        exact = e @ ((p - prior * law) / (1 - prior))  # (S,)
        estimate = (mean[:, None, :] - prior * e[:, :, None]) / (1 - prior)  # (S, S, K): anchor, v, negatives
        argument = 1 + estimate[:, None] / e[:, :, None, None]  # (S, S, S, K): anchor, positive, v, negatives
        weight = np.einsum("x,y,v,k->xyvk", law, law, law, chance)
        possible = weight > 0
        if argument[possible].min() <= 0:
            raise ValueError(f"the argument of the logarithm can be {argument[possible].min()!r}: no expectation")
        plugin = (weight[possible] * np.log(argument[possible])).sum()
        population = law @ np.log1p(exact[:, None] / e) @ law
        bias += prior * (plugin - population)
    return bias
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_plugin_bias", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(plugin_bias)

# %% [markdown]
# ## 3 · `debiased_negative_mass`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# Now for a batch. One anchor has cosine $s^+$ with its positive and cosines $s_1, \dots, s_N$ with its negatives. The
# denominator of the biased loss holds $e^{s^+/t} + \sum_j e^{s_j/t}$. The debiased loss puts the estimated mass of $N$
# *true* negatives in place of the sum; the positive itself serves as the one draw from $p^+$:
#
# $$G = \max\left(N e^{-1/t},\ \frac{\sum_{j=1}^N e^{s_j/t} - \tau^+ N\, e^{s^+/t}}{1 - \tau^+}\right).$$
#
# The floor $N e^{-1/t}$ is the smallest mass that $N$ cosines can have. Return $G$ for every anchor, shape (B,). The
# cosines are given; they lie in $[-1, 1]$ (you need not check that) and are not yet divided by $t$. Plain exponentials
# will do: $t \ge 0.1$ in the check. (`debiased_loss` below has to go lower.)

# %% nbgrader={"grade": false, "grade_id": "debiased_negative_mass", "locked": false, "schema_version": 3, "solution": true, "task": false}
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    """max( N e^{-1/t}, (sum_j e^{s_j/t} - tau_plus N e^{s+/t}) / (1 - tau_plus) ) for each anchor, shape (B,).

    pos_sim (B,), neg_sim (B, N): floating tensors of cosines, B, N >= 1; tau_plus in [0, 1); temperature > 0.
    Raises ValueError for anything else. Source: Chuang et al. 2020: their g with M = 1, times N.
    """
    ### BEGIN SOLUTION
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate_prior(tau_plus)
    validate.positive(temperature=temperature)
    if pos_sim.ndim != 1 or neg_sim.ndim != 2 or len(pos_sim) != len(neg_sim) or neg_sim.numel() == 0:
        shapes = f"{tuple(pos_sim.shape)} and {tuple(neg_sim.shape)}"
        raise ValueError(f"pos_sim must be (B,) and neg_sim (B, N), B and N at least 1, got {shapes}")
    n = neg_sim.shape[1]
    mass = ((neg_sim / temperature).exp().sum(dim=1) - tau_plus * n * (pos_sim / temperature).exp()) / (1 - tau_plus)
    return mass.clamp(min=n * math.exp(-1 / temperature))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_debiased_negative_mass", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(debiased_negative_mass)

# %% [markdown]
# ## 4 · `floor_fraction`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
#
# Where the floor is active, the loss has stopped to look at the negatives, and no gradient reaches them. Return the share
# of anchors whose mass *before* the maximum is taken is at or below the floor, a number in $[0, 1]$. Arguments as before,
# $t \ge 0.1$. (No anchor of the check lies so near the floor that rounding decides.)

# %% nbgrader={"grade": false, "grade_id": "floor_fraction", "locked": false, "schema_version": 3, "solution": true, "task": false}
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    """Share of anchors whose debiased negative mass, before the floor, is at or below N e^{-1/t}.

    Arguments and errors as in debiased_negative_mass. Returns a number in [0, 1].
    """
    ### BEGIN SOLUTION
    mass = debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature)
    floor = torch.as_tensor(neg_sim.shape[1] * math.exp(-1 / temperature), dtype=mass.dtype)
    return float((mass <= floor).double().mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_floor_fraction", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(floor_fraction)

# %% [markdown]
# ## 5 · `debiased_loss`
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points
#
# The loss of a batch of two views of B images, as in `nt_xent` of unit 01: cosines, all 2B rows are anchors, the partner
# row is the positive, the N = 2B - 2 views of other images are the negatives.
#
# $$L = \frac1{2B} \sum_{i=1}^{2B} -\ln \frac{e^{s_i^+/t}}{e^{s_i^+/t} + G_i},$$
#
# with $G_i$ from section 3. With $\tau^+ = 0$ this is `nt_xent`, and at total collapse it is $\ln(2B - 1)$ for every
# $\tau^+$: try both. Rows may have any length but 0. The loss must be finite and right (to 1e-4) in float32 down to
# temperature 0.01, where $e^{1/t}$ is larger than the largest float32; no gradient is compared where the floor is active. B = 1 raises.

# %% nbgrader={"grade": false, "grade_id": "debiased_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    """Mean over all 2B anchors of -ln( e^{s+/t} / (e^{s+/t} + G) ), G the debiased mass of N = 2B - 2 negatives, in nats.

    view1, view2: (B, d), B >= 2, row i of one is the positive of row i of the other; tau_plus in [0, 1); temperature > 0.
    Returns a tensor of shape (). Raises ValueError for unequal shapes, B < 2, NaN, tau_plus or temperature out of range.
    Source: Chuang et al. 2020, with M = 1 and Q = N.
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    validate_prior(tau_plus)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError(f"debiased_loss needs at least two images, got shape {tuple(view1.shape)}")
    z = F.normalize(torch.cat([view1, view2]), dim=1)  # (2B, d)
    logits = z @ z.T / temperature  # (2B, 2B)
    rows, n = torch.arange(len(z), device=z.device), len(z) - 2
    partner = rows.roll(len(view1))
    taken = torch.eye(len(z), dtype=torch.bool, device=z.device)
    taken[rows, partner] = True  # the anchor and its positive are no negatives
    positive, negatives = logits[rows, partner], logits.masked_fill(taken, -torch.inf)
    # every exponential is divided by e^top, so that none overflows; the quotient does not change
    top = torch.maximum(positive, negatives.max(dim=1).values).detach()
    own, others = (positive - top).exp(), (negatives - top[:, None]).exp().sum(dim=1)
    floor = n * (-1 / temperature - top).exp()
    mass = torch.maximum((others - tau_plus * n * own) / (1 - tau_plus), floor)
    return ((own + mass).log() + top - positive).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_debiased_loss", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(debiased_loss)

# %% [markdown]
# ## 6 · `unbiased_loss`
#
# *Difficulty* ●●●○○ · *time* 15 min · 3 points
#
# The oracle. It is given the labels of the B images, and takes the false negatives out of the denominator: the candidates
# of an anchor are its positive, and the views of images with **another label**. The positive stays the other view of the
# same image; views of other images with the anchor's label are neither positive nor negative.
#
# $$L = \frac1{2B}\sum_{i=1}^{2B} -\ln\frac{e^{s_i^+/t}}{e^{s_i^+/t} + \sum_{k:\, y_k \ne y_i} e^{s_{ik}/t}}$$
#
# Labels are integers, not necessarily 0, 1, 2, ... If all B labels differ, this is `nt_xent`; if all are equal, no
# negative is left and the loss is 0. Low temperatures as in `nt_xent`. B = 1 raises.

# %% nbgrader={"grade": false, "grade_id": "unbiased_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unbiased_loss(view1, view2, labels, temperature=0.5):
    """nt_xent without the false negatives: candidates are the positive and the views of images with another label.

    view1, view2: (B, d), B >= 2; labels: (B,) integer tensor; temperature > 0. Returns a tensor of shape (), in nats.
    Raises ValueError for unequal shapes, labels of another length, B < 2, NaN, temperature <= 0.
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError(f"unbiased_loss needs at least two images, got shape {tuple(view1.shape)}")
    labels = torch.as_tensor(labels, device=view1.device)
    if labels.shape != view1.shape[:1]:
        raise ValueError(f"labels must have shape ({len(view1)},), got {tuple(labels.shape)}")
    z = F.normalize(torch.cat([view1, view2]), dim=1)  # (2B, d)
    logits = z @ z.T / temperature
    y = torch.cat([labels, labels])
    partner = torch.arange(len(z), device=z.device).roll(len(view1))
    candidate = y[:, None] != y
    candidate[torch.arange(len(z), device=z.device), partner] = True
    return F.cross_entropy(logits.masked_fill(~candidate, -torch.inf), partner)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_unbiased_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(unbiased_loss)

# %% [markdown]
# ## 7 · `compare_debiasing`
#
# *Difficulty* ●●●○○ · *time* 30 min · 4 points
#
# The experiment. Train one small encoder with each loss and return what they make of the images:
# `{"biased": ..., "debiased": ..., "unbiased": ...}`, each of shape (n, d), row i the embedding of `images[i]` as it is,
# without augmentation. Biased is $\tau^+ = 0$; for debiased take $\tau^+ = 0.1$.
#
# Three rules make it a comparison:
#
# - The three runs differ in the loss only: same initial weights, same batches, same augmentations.
# - `seed` fixes everything: the same arguments give the same embeddings.
# - **Labels are seen by the unbiased loss and by nothing else**, not even for $\tau^+$. The grader calls your function again
#   with labels that are all different: "biased" and "debiased" must come back the same (within 0.001), "unbiased" must not.
#   No negative is false then, so that "unbiased" must be nearly "biased": farther from "debiased" than from it by a factor
#   of 2 at least. And equal images must have equal rows.
#
# `course.debias_experiment` has what is not the point here. You may write the loop yourself or call `train`:
#
# ```python
# encoder = make_encoder(images.shape[1:], seed)            # a small network, (n, c, h, w) -> (n, 32)
# view = augment(images, generator)                         # a random view of each image
# encoder = train(loss, images, labels, seed=seed, n_steps=100, batch=64, device=device)   # loss(view1, view2, labels)
# z = embed(encoder, images)                                # rows of length 1, on the CPU
# ```
#
# **What is graded.** The grader draws 240 of scikit-learn's digits and puts each at a random place of a 10 x 10 canvas.
# It fits a nearest-class-mean classifier on the first half of your embeddings and measures it on the second half. Raw
# pixels reach about 0.3 there; each of your three embeddings must beat the raw pixels by at least 0.1 (100 steps with
# batches of 64 beat them by 0.25 to 0.4). There is no prize for more. Keep it to a few seconds: 60 s are allowed for all
# the calls together. `images` that are not (n, c, h, w) with n >= 2, or labels of another length, raise.

# %% nbgrader={"grade": false, "grade_id": "setup_experiment", "locked": true, "schema_version": 3, "solution": false, "task": false}
from course.debias_experiment import augment, embed, make_encoder, train, wandering_digits


# %% nbgrader={"grade": false, "grade_id": "compare_debiasing", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare_debiasing(images, labels, seed, device):
    """Embeddings (n, d) of the images after training with each loss: {"biased", "debiased", "unbiased"}.

    images: (n, c, h, w) float tensor in [0, 1], n >= 2; labels: (n,) integer tensor, for the unbiased loss only;
    seed: int; device: "cpu", "cuda" or a torch.device. Raises ValueError for shapes that do not fit.
    """
    ### BEGIN SOLUTION
    images, labels = torch.as_tensor(images), torch.as_tensor(labels)
    if images.ndim != 4 or len(images) < 2:
        raise ValueError(f"images must have shape (n, c, h, w) with n >= 2, got {tuple(images.shape)}")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"labels must have shape ({len(images)},), got {tuple(labels.shape)}")
    losses = {
        "biased": lambda view1, view2, y: debiased_loss(view1, view2, tau_plus=0.0),
        "debiased": lambda view1, view2, y: debiased_loss(view1, view2, tau_plus=0.1),
        "unbiased": unbiased_loss,
    }
    return {
        name: embed(train(loss, images, labels, seed=seed, n_steps=100, batch=64, device=device), images)
        for name, loss in losses.items()
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_compare_debiasing", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(compare_debiasing)

# %% [markdown]
# The check above only sees that your function runs; the grader measures. Measure it yourself (not graded):

# %%
def nearest_mean_accuracy(z, labels):
    """Fit class means on the first half of the rows, measure on the second."""
    z, labels = np.asarray(z).reshape(len(z), -1), np.asarray(labels)
    half, classes = len(z) // 2, np.unique(labels)
    means = np.stack([z[:half][labels[:half] == c].mean(axis=0) for c in classes])
    nearest = ((z[half:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    return float((classes[nearest] == labels[half:]).mean())


images, labels = wandering_digits(10, seed=0)
chosen = np.random.default_rng(0).permutation(len(images))[:240]
images, labels = images[chosen], labels[chosen]
print(f"raw pixels {nearest_mean_accuracy(images, labels):.3f}")
for name, embedding in compare_debiasing(images, labels, 0, "cpu").items():
    print(f"{name:10s} {nearest_mean_accuracy(embedding, labels):.3f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/05_debiasing/05_debiasing.ipynb
# ```
#
# The full experiment (five seeds, several batch sizes and numbers of classes) with **your** losses:
#
# ```
# python -m course.debias_experiment exercises/05_debiasing/05_debiasing.ipynb --digits-only --output my_results.json
# ```
