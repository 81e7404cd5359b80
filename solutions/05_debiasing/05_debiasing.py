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
# # Exercise 05 · Debiasing
#
# *False negatives, and what can be done about them without labels.* Read the [lecture](../../lectures/05_debiasing.ipynb) first.
#
# A negative is drawn from all the data, so sometimes it has the class of the anchor. You will compute the law that the
# negatives should have had, enumerate the bias that is left when its estimate is plugged into the loss, prove what the
# floor costs, write the debiased loss so that it survives low temperatures, and the oracle that knows the labels, and
# compare them on real images.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `negative_law`, and a relative of its derivation | 35 min | 2 + 5 by hand |
# | 2 | `plugin_bias` | 50 min | 5 |
# | 3 | `proof_floor`, a proof to put in order | 20 min | 3 |
# | 4 | `debiased_negative_mass` | 15 min | 2 |
# | 5 | `floor_fraction` | 15 min | 3 |
# | 6 | `debiased_loss` | 40 min | 5 |
# | 7 | `unbiased_loss` | 20 min | 3 |
# | 8 | `compare_debiasing` | 30 min | 4 |
#
# **Conventions.** Natural logarithm, nats. `tau_plus` is the probability that a draw from the data has **the same class
# as the anchor**, $0 \le \tau^+ < 1$; `temperature` is $t > 0$. Letters as in the lecture: $s$ is a cosine,
# $e(x, u) = e^{f(x)\cdot f(u)}$, $E$ an expectation, $M$ a mass, $N$ the number of negatives, $K$ that of extra positives.
# The mass (4) and the batch losses (6 and 7) take torch tensors and are differentiable: gradients are checked too. A loss is
# a tensor of shape (). Inputs are never changed. Bad input raises `ValueError`; `course.validate` has most of it in a line:
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
# *Difficulty* ●●●○○ · *time* 10 min for the code, 25 min for the derivation · 2 points, and 5 by hand
#
# Some classes have a *sister*: pullovers and coats. On a finite set of S points, a draw from all the data (law $p$) has the
# anchor's class with probability $\tau$ (law $p^+$), the sister class with probability $\sigma$ (law $p^\circ$), and some
# other class otherwise (law $p^-$). Sisters shall be pushed neither together nor apart: the negatives ought to come from
# $p^-$. Return $p^-$, shape (S,). The lecture has it without a sister, as you have where `p_sister` is left out.
#
# Not all laws and priors fit together: some cannot come from any world. They must raise `ValueError`. An entry may fall
# below 0 by rounding: down to $-10^{-9}$ it counts as 0.

# %% [markdown]
# **`derive_debiasing`** (5 points, read by a person). Here $\tau,\sigma>0$ and $\tau+\sigma<1$.
#
# a. Derive $p^-$ from $p$, $p^+$, $p^\circ$, $\tau$, $\sigma$. Say which rule you use, and why you may divide.
#
# b. Somebody exchanges $\tau$ and $\sigma$. Show that the result still sums to 1. Show by an example that it need not be a
#    law, and that there are worlds in which nobody would notice.
#
# c. For one anchor $x$ and its positive $x^+$ you have one more draw from $p^+$, one from $p^\circ$, and $N$ from $p$, all of
#    them independent of $x^+$. Give an unbiased estimate $\widehat M$ of $M^-=E_{u\sim p^-}e^{f(x)\cdot f(u)}$, and prove that it is unbiased.
#
# d. With $s^+=f(x)\cdot f(x^+)$: is $\ln\bigl(1+\widehat M e^{-s^+}\bigr)$ an unbiased estimate of $\ln\bigl(1+M^-e^{-s^+}\bigr)$? In which direction is it
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
def negative_law(p, p_plus, tau_plus, p_sister=None, sigma=0.0):
    """Law of a draw that has neither the anchor's class nor its sister's, shape (S,).

    p, p_plus, p_sister: laws (S,), entries >= 0, sum 1, of all the data, the anchor's class, its sister class; tau_plus >= 0
    and sigma >= 0, with tau_plus + sigma < 1: the probabilities of the two classes. p_sister None: no class is a
    sister, and sigma is not looked at. Raises ValueError for what is no law, shapes that differ, probabilities outside their
    range, and where no world has all of these together (an entry of the answer below -1e-9). Source: after Chuang et al. 2020.
    """
    ### BEGIN SOLUTION
    if p_sister is None:
        p_sister, sigma = p_plus, 0.0
    for name, law in (("p", p), ("p_plus", p_plus), ("p_sister", p_sister)):
        validate.law(law, name, zeros=True)
        if np.shape(law) != np.shape(p):
            raise ValueError(f"the laws must have one shape, got {np.shape(p)} and {np.shape(law)}")
    if not (tau_plus >= 0 and sigma >= 0 and tau_plus + sigma < 1):
        raise ValueError(f"tau_plus and sigma must be >= 0 with a sum below 1, got {tau_plus!r} and {sigma!r}")
    result = (np.asarray(p) - tau_plus * np.asarray(p_plus) - sigma * np.asarray(p_sister)) / (1 - tau_plus - sigma)
    if result.min() < -1e-9:
        raise ValueError(f"no law: taking both classes out of p leaves the probability {result.min()!r}")
    return np.maximum(result, 0)  # what is left below 0 is rounding
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negative_law", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(negative_law)

# %% [markdown]
# ## 2 · `plugin_bias`
#
# *Difficulty* ●●●●● · *time* 50 min · 5 points
#
# How far off is a loss into which an unbiased estimate is plugged? On a finite world you can say exactly. Nature draws a
# class $c \sim \rho$, and from $D_c$, independently: the anchor $x$, its positive $x^+$, and $K$ more positives
# $v_1, \dots, v_K$ that only serve the estimate. $N$ negatives are drawn independently from the data law
# $p = \sum_c \rho_c D_c$. From the negatives and the extra positives the mass of the true negatives,
# $M^-_c(x) = E_{u \sim p^-_c}\,e(x, u)$, is estimated without bias: (5.4) of the lecture. One loss is
# $\ln\bigl(1 + \text{mass}/e(x, x^+)\bigr)$ with the estimated mass, the other with the true one.
#
# Return the expectation of the first minus that of the second, over everything that is drawn, by enumeration (no floor, no
# sampling). Where some draw of positive probability leaves the logarithm without a value, the expectation does not exist:
# raise `ValueError`, also for a world with one class only, where there is nothing to compare with. (No argument of the
# logarithm is 0 up to rounding where its draw has a positive probability. As everywhere, `rho` has no zeros; rows of
# `classes` may.)
#
# The order of the negatives does not matter, nor that of the extra positives: $S$ points have $\binom{S + N - 1}{N}$
# multisets of $N$, not $S^N$. With both numbers at 9 and four points that is 220 times 220 against 10 to the 11. The check
# goes up to $N = 9$, to $K = 16$ (with three points), to 15 classes and to 9 points, never to more than $10^5$ pairs of a
# multiset of negatives and one of extra positives.

# %% nbgrader={"grade": false, "grade_id": "plugin_bias", "locked": false, "schema_version": 3, "solution": true, "task": false}
def plugin_bias(rho, classes, z, n_negatives, n_positives=1):
    """Expectation of the plug-in loss minus the population debiased loss, exactly, in nats.

    rho (C,) class probabilities, C >= 2; classes (C, S) with row c the law of class c; z (S, d) embeddings;
    n_negatives N >= 1; n_positives K >= 1 positives that serve the estimate, besides x+. Raises ValueError for anything
    else, and where the argument of the logarithm is <= 0 with positive probability. Source: Chuang et al. 2020, no floor.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    validate.count(1, n_negatives=n_negatives, n_positives=n_positives)
    if len(rho) < 2:
        raise ValueError(f"one class has no negatives: rho = {rho!r}")
    p, scores = rho @ classes, z @ z.T
    e = np.exp(scores - scores.max(axis=1, keepdims=True))  # only ratios inside a row count

    def means(law, n):
        """Mean of e over n draws from the law, (S, multisets of its points), and the probability of each multiset."""
        points = np.flatnonzero(law)
        drawn = np.array(list(itertools.combinations_with_replacement(points, n)))
        counts = (drawn[:, :, None] == np.arange(len(law))).sum(axis=1)
        ways = [math.factorial(n) // math.prod(map(math.factorial, row)) for row in counts.tolist()]
        return e @ counts.T / n, np.array(ways, float) * np.prod(law**counts, axis=1)

    bias, (negatives, chance) = 0.0, means(p, n_negatives)
    for prior, law in zip(rho, classes, strict=True):
        positives, also = means(law, n_positives)
        true = e @ ((p - prior * law) / (1 - prior))
        estimate = (negatives[:, None, :] - prior * positives[:, :, None]) / (1 - prior)  # (S, K, N)
        for x, plus in itertools.product(np.flatnonzero(law), repeat=2):
            argument = 1 + estimate[x] / e[x, plus]
            if argument.min() <= 0:
                raise ValueError(f"the argument of the logarithm can be {argument.min()!r}: no expectation")
            gap = also @ np.log(argument) @ chance - np.log1p(true[x] / e[x, plus])
            bias += prior * law[x] * law[plus] * gap
    return float(bias)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_plugin_bias", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(plugin_bias)

# %% [markdown]
# ## 3 · `proof_floor`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# Without a floor the plugged-in loss may have no expectation at all. With it, the loss is wrong by little when the estimate
# varies little. Let $f$ have unit vectors divided by $\sqrt t$, so that $e(x, u) = e^{s/t}$ with a cosine $s$; put $b =
# e^{-1/t}$. Fix an anchor $x$ of class $c$ and its positive, $A = e(x, x^+)$, $M^- = M^-_c(x)$, and let $\widehat M$ be the
# estimate (5.4) from $N$ negatives and $K$ extra positives. Claim:
#
# $$\left|\,E \ln\Bigl(1 + \frac{\max(b, \widehat M)}{A}\Bigr) - \ln\Bigl(1 + \frac{M^-}{A}\Bigr)\right|
#   \ \le\ \frac{\sqrt{\operatorname{Var}\widehat M}}{A + b}.$$
#
# So it goes to 0 like $N^{-1/2} + K^{-1/2}$. Below stand the lines of a proof, shuffled, and four false lines. Give the
# labels of the true lines, in an order in which each line uses only lines above it.
#
# - **A** $E\widehat M = M^-$, by the identity of expectations and linearity.
# - **B** $|\max(b, \widehat M) - M^-| \le |\widehat M - M^-|$ for every draw: where $b$ replaces $\widehat M$, it lies
#   between $\widehat M$ and $M^-$.
# - **C** Take expectations of the errors, $|E X| \le E|X|$, and insert the bound on the mean error of the mass: the claim.
# - **D** $M^- \ge b$, since it is a mean of numbers $e^{s/t}$ with cosines $s \ge -1$.
# - **E** For every draw the error of the loss is at most $|\widehat M - M^-|/(A + b)$.
# - **F** $E\max(b, \widehat M) = M^-$: no single error grows, so the mean stays right.
# - **G** $E|\widehat M - M^-| = |E\widehat M - M^-| = 0$.
# - **H** For all $y, z \ge b$: $|\ln(A + y) - \ln(A + z)| \le |y - z|/(A + b)$, by the mean value theorem.
# - **I** $E\ln(1 + \max(b, \widehat M)/A) \le \ln(1 + M^-/A)$, by Jensen, since the logarithm is concave.
# - **J** For every draw $\bigl|\ln(1 + \max(b, \widehat M)/A) - \ln(1 + M^-/A)\bigr| \le
#   |\max(b, \widehat M) - M^-|/(A + b)$.
# - **K** $E|\widehat M - M^-| \le \sqrt{\operatorname{Var}\widehat M}$, by Cauchy and Schwarz.
# - **L** For every draw $\bigl|\ln(1 + \widehat M/A) - \ln(1 + M^-/A)\bigr| \le |\widehat M - M^-|/(A + b)$.

# %%
from course import arrange

arrange("proof_floor")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_floor", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_floor = None  # a list of labels, such as ["L", "F", "G"]
### BEGIN SOLUTION
proof_floor = ["D", "B", "H", "J", "E", "A", "K", "C"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_floor", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_floor, "proof_floor")

# %% [markdown]
# ## 4 · `debiased_negative_mass`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points · *transcribe*
#
# Now for a batch. One anchor has cosine $s^+$ with its positive and cosines $s_1, \dots, s_N$ with its negatives. The
# denominator of the biased loss holds $e^{s^+/t}$ and the sum of the $e^{s_j/t}$. The debiased loss puts $G$ of (5.5) in
# place of the sum, the estimated mass of $N$ *true* negatives, kept above the smallest mass that $N$ cosines can have. There
# is no positive to spare: the positive itself is the one that serves the estimate.
#
# Return $G$ for every anchor, shape (B,). The cosines are given; they lie in $[-1, 1]$ (you need not check that) and are
# not yet divided by $t$. Some candidates turned out to be no negatives of an anchor, and somebody has masked them: the entry
# of `neg_sim` is $-\infty$. What is returned for an anchor must be what it would be had its masked entries never been
# there; an anchor that has no negative left has $G = 0$. Plain exponentials will do: $t \ge 0.1$ in the check. (`debiased_loss` below has to go lower.)

# %% nbgrader={"grade": false, "grade_id": "debiased_negative_mass", "locked": false, "schema_version": 3, "solution": true, "task": false}
def debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature):
    """Estimated mass of N true negatives for each anchor, never below what N cosines can have, shape (B,), differentiable.

    pos_sim (B,), neg_sim (B, N): floating tensors of cosines, B, N >= 1, masked entries of neg_sim -inf (they do not count
    in G); tau_plus in [0, 1); temperature > 0.
    Raises ValueError for anything else. Source: Chuang et al. 2020: their g with one positive, times N.
    """
    ### BEGIN SOLUTION
    validate.floating("pos_sim", pos_sim)
    validate.floating("neg_sim", neg_sim)
    validate_prior(tau_plus)
    validate.positive(temperature=temperature)
    if pos_sim.ndim != 1 or neg_sim.ndim != 2 or len(pos_sim) != len(neg_sim) or neg_sim.numel() == 0:
        shapes = f"{tuple(pos_sim.shape)} and {tuple(neg_sim.shape)}"
        raise ValueError(f"pos_sim must be (B,) and neg_sim (B, N), B and N at least 1, got {shapes}")
    n = neg_sim.isfinite().sum(dim=1).to(neg_sim.dtype)  # what is masked is no negative
    mass = ((neg_sim / temperature).exp().sum(dim=1) - tau_plus * n * (pos_sim / temperature).exp()) / (1 - tau_plus)
    return torch.maximum(mass, n * math.exp(-1 / temperature))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_debiased_negative_mass", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(debiased_negative_mass)

# %% [markdown]
# ## 5 · `floor_fraction`
#
# *Difficulty* ●●●○○ · *time* 15 min · 3 points
#
# Some anchors no longer look at their negatives: move those a little, and the anchor's debiased loss stays as it is.
# Return their share, a number in $[0, 1]$. Arguments as before, but no cosine is $-\infty$, and the answer must be right
# at every temperature: the check goes down to 0.01 in float32 and to 0.001 in float64. ($\tau^+ = 0$ is asked there too;
# no anchor of the check lies so near the floor that rounding decides.)

# %% nbgrader={"grade": false, "grade_id": "floor_fraction", "locked": false, "schema_version": 3, "solution": true, "task": false}
def floor_fraction(pos_sim, neg_sim, tau_plus, temperature):
    """Share of anchors whose debiased loss does not look at the negatives, because the floor is active.

    Arguments and errors as in debiased_negative_mass, every cosine finite, any temperature > 0. Returns a number in [0, 1].
    """
    ### BEGIN SOLUTION
    debiased_negative_mass(pos_sim, neg_sim, tau_plus, temperature)  # refuses what is bad
    top = neg_sim.max(dim=1).values  # all exponentials are divided by e^{top/t}: the mean lies between 1/N and 1
    mean = ((neg_sim - top[:, None]) / temperature).exp().mean(dim=1)
    false = tau_plus * ((pos_sim - top) / temperature).clamp(max=80).exp()  # beyond e^80 it is on the floor, or 0
    least = (1 - tau_plus) * ((-1 - top) / temperature).exp()
    return float((mean <= false + least).double().mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_floor_fraction", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(floor_fraction)

# %% [markdown]
# ## 6 · `debiased_loss`
#
# *Difficulty* ●●●●○ · *time* 40 min · 5 points
#
# The loss of a batch of two views of B images, as in `nt_xent` of unit 01: cosines, all 2B rows are anchors, the partner
# row is the positive, and the negatives are the views of *other* images. In each anchor's denominator the sum over the
# negatives is replaced by section 4's mass $G$; the rest is as it was.
#
# Three things that you can try: without a prior it is `nt_xent`; at total collapse it does not depend on $\tau^+$; and it
# stays positive for two equal views. Rows may have any length but 0, which is not asked. B = 1 raises. The loss has the
# dtype of the views, or a wider one.
#
# **The care.** The loss must be finite and right (to 1e-4) in float32 down to temperature 0.01, and its gradient too (to
# 1e-2): there $e^{1/t}$ is larger than the largest float32 and $e^{-2/t}$ smaller than the smallest. Where the floor is active $G$ is a constant, so no gradient
# flows through it; gradients are compared on both sides of the floor, but at no anchor near it.

# %% nbgrader={"grade": false, "grade_id": "debiased_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def debiased_loss(view1, view2, tau_plus=0.1, temperature=0.5):
    """nt_xent with the debiased negative mass in each anchor's denominator, mean over all anchors, in nats.

    view1, view2: (B, d), B >= 2, row i of one is the positive of row i of the other; tau_plus in [0, 1); temperature > 0.
    Returns a tensor of shape (). Raises ValueError for unequal shapes, B < 2, NaN, tau_plus or temperature out of range.
    Source: Chuang et al. 2020, the positive itself serving the estimate.
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
# ## 7 · `unbiased_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# The oracle. It is given the labels of the B images, and takes the false negatives out of `nt_xent`: only views that have
# *another label* than the anchor may be negatives. The positive stays the other view of the same image; a view of another
# image with the anchor's label is neither positive nor negative. Nothing is rescaled. An anchor that is left without
# negatives has its positive as the only candidate.
#
# Labels are integers, not necessarily 0, 1, 2, ... Inputs may be float16, float32 or float64, and temperatures as low as
# 0.0001. B = 1 raises.

# %% nbgrader={"grade": false, "grade_id": "unbiased_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unbiased_loss(view1, view2, labels, temperature=0.5):
    """nt_xent without the false negatives, by the labels.

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
# ## 8 · `compare_debiasing`
#
# *Difficulty* ●●●○○ · *time* 30 min · 4 points
#
# The experiment. Train one small encoder with each of three losses: biased ($\tau^+ = 0$), debiased ($\tau^+ = 0.1$) and
# unbiased, at temperature 0.5. Three rules make it a comparison:
#
# - **The three runs differ in the loss only**: same initial weights, same batches, same augmentations.
# - `seed` fixes everything: the same arguments give the same encoders.
# - **Labels are seen by the unbiased loss and by nothing else**, not even for $\tau^+$.
#
# `course.training` and `course.views` have what is not the point here:
#
# ```python
# encoder = make_encoder(images.shape[1:], seed)         # a small network, (n, c, h, w) -> (n, 32)
# for view1, view2, y in batches(images, labels, seed, n_steps=60, device=device):
#     ...                                                # 60 batches on `device`: two views of 64 images (all, if fewer), labels
# state = snapshot(encoder)                              # a copy of the parameters as they are now: name -> tensor
# ```
#
# Write the loop with an optimiser of your choice: gradient descent, momentum, Adam, RMSprop, ... (no weight decay, and one
# gradient per step), as many steps as you like. Return what an auditor needs: `{"biased": ..., "debiased": ...,
# "unbiased": ...}`, each a **list of three snapshots** of the encoder (dicts name -> tensor or array): before the first step,
# after the first step, and at the end. `images` that are not (n, c, h, w) with n >= 2, or labels of another length, raise.
#
# **How it is audited.** Nothing is believed: the grader has its own three losses and computes everything else from your
# snapshots, for about 40 of scikit-learn's digits at random places of a canvas.
#
# - The first snapshot is `make_encoder(images.shape[1:], seed)`.
# - The first step goes against the gradient of *its own* loss on the first batch of `batches(images, labels, seed, ...)`:
#   each weight moves opposite to the sign of its derivative (all sane optimisers start like that).
# - At the end each loss, on images that your function has not seen, is lower than at the start by 0.1 nats or more
#   (60 steps of Adam gain several times that). The three ends differ.
# - It calls your function again with labels that are all different: "biased" and "debiased" must come back the same
#   (embeddings within 0.001), "unbiased" must not. No negative is false then, so that "unbiased" must be nearly "biased":
#   its distance to "debiased" is at least twice that to "biased".
#
# What happens between the first step and the end it cannot see: that the rules hold there too, no other step size or batches
# for one loss and nothing that decays, is left to you.
#
# There is no prize for accuracy. Keep it to a few seconds: 60 s are allowed for all the calls together.

# %% nbgrader={"grade": false, "grade_id": "setup_experiment", "locked": true, "schema_version": 3, "solution": false, "task": false}
from course.training import embed, make_encoder, snapshot
from course.views import batches, wandering_digits


# %% nbgrader={"grade": false, "grade_id": "compare_debiasing", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compare_debiasing(images, labels, seed, device):
    """Snapshots of the encoder before the first step, after it and at the end, for each loss.

    images: (n, c, h, w) float tensor in [0, 1], n >= 2; labels: (n,) integer tensor, for the unbiased loss only;
    seed: int; device: "cpu", "cuda" or a torch.device. Returns {"biased", "debiased", "unbiased"}, each a list of three
    dicts name -> parameter. Raises ValueError for shapes that do not fit.
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
    n_steps, states = 60, {}
    for name, loss in losses.items():
        encoder = make_encoder(images.shape[1:], seed).to(device)
        optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
        states[name] = [snapshot(encoder)]
        for step, (view1, view2, y) in enumerate(batches(images, labels, seed, n_steps, device=device)):
            value = loss(encoder(view1), encoder(view2), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            if step in (0, n_steps - 1):
                states[name].append(snapshot(encoder))
    return states
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_compare_debiasing", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(compare_debiasing)

# %% [markdown]
# The check above only sees that your function runs and refuses bad input: it says nothing about the training, and would pass
# a function that exchanges the losses. The grader audits. What are the encoders worth? Fit class means on one
# half of the images, measure on the other (not graded):

# %%
from course import solved


def nearest_mean_accuracy(z, labels):
    """Fit class means on the first half of the rows, measure on the second."""
    z, labels = np.asarray(z).reshape(len(z), -1), np.asarray(labels)
    half, classes = len(z) // 2, np.unique(labels)
    means = np.stack([z[:half][labels[:half] == c].mean(axis=0) for c in classes])
    nearest = ((z[half:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    return float((classes[nearest] == labels[half:]).mean())


if solved(compare_debiasing):
    images, labels = wandering_digits(10, seed=0)
    chosen = np.random.default_rng(0).permutation(len(images))[:240]
    images, labels = images[chosen], labels[chosen]
    print(f"raw pixels {nearest_mean_accuracy(images, labels):.3f}")
    encoder = make_encoder(images.shape[1:], 0)
    for name, snapshots in compare_debiasing(images, labels, 0, "cpu").items():
        accuracy = []
        for state in (snapshots[0], snapshots[-1]):
            encoder.load_state_dict(state)
            accuracy.append(nearest_mean_accuracy(embed(encoder, images), labels))
        print(f"{name:10s} {accuracy[0]:.3f} before, {accuracy[1]:.3f} after training")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/05_debiasing/05_debiasing.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_debiasing")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
#
# The full experiment (five seeds, several batch sizes and numbers of classes, and one contestant more: the debiased loss
# whose extra positive is drawn from the anchor's *class*) with **your** losses, 10 minutes:
#
# ```
# python -m experiments debiasing work/exercises/05_debiasing/05_debiasing.ipynb --out my_results
# ```
