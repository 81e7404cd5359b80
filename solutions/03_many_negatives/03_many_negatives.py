# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Many negatives
#
# Read the lecture `lectures/03_many_negatives.ipynb` first: every statement below is proved there.
#
# MoCo compares every image with 65536 negatives. What do they buy? Merad, Yu, Bacry and Gaïffas (2020) answer with
# two lemmas and a proposition that bound the loss of a *supervised* classifier by the contrastive loss with $N$
# negatives. In this exercise you turn the bounds and their proofs into exact numbers, sharpen them, and refute what
# is too good to be true.
#
# **The world** is finite, so every expectation is a finite sum:
#
# | symbol | array | shape | meaning |
# |---|---|---|---|
# | $\rho$ | `rho` | (C,) | probability of each class, all > 0, sum 1; $p_{\min}=\min_c\rho_c$ |
# | $D_c(x)$ | `classes` | (C, S) | row $c$ is the law of class $c$ on the $S$ points; classes may overlap |
# | $f(x)$ | `z` | (S, d) | row $x$ is the embedding of point $x$; class mean $\mu_c=\mathbb E_{x\sim D_c}f(x)$ |
#
# **The draws.** A class $c\sim\rho$; then $x$ and $x^+$ independently from $D_c$; and, independent of all that, $N$
# negatives: classes $c_1,\dots,c_N\sim\rho$ and $x_i^-\sim D_{c_i}$. Nothing forbids $c_i=c$: that is a *collision*.
# The loss is
#
# $$L_{un}^N(f)=\mathbb E\,\ln\Bigl(1+\sum_{i=1}^N e^{f(x)\cdot(f(x_i^-)-f(x^+))}\Bigr).$$
#
# **Two abbreviations.** $a_j=f(x)\cdot(\mu_j-\mu_c)$ is the logit of class $j$ at an anchor $x$ of class $c$ (so
# $a_c=0$), and $\zeta(t)=\ln(1+e^t)$.
#
# **Rules of the game.** Natural logarithm, nats. Numpy arrays in float64; an answer may be a Python float or a numpy
# number. `n_negatives` counts negatives, without the positive. Logits may be as large as $10^4$: the answer must
# stay finite and right. Inputs are never changed. Bad input raises `ValueError`: a `rho` that has a zero or does not
# sum to 1, a row of `classes` that is not a law, shapes that do not fit, NaN, $N<1$, a negative loss.
# `validate.world(rho, classes, z)`, `validate.law(rho)`, `validate.count(minimum=1, n_negatives=n_negatives)` and
# `validate.non_negative(unsup_loss=unsup_loss)` each check their part in one line. You may call the functions that
# you wrote earlier in this notebook.
#
# | | | points |
# |---|---|---|
# | 1 | `multiway_mean_loss` | 2 |
# | 2, 3 | `lemma1_bound`, `lemma1_sharp` | 1 + 2 |
# | 4 | `ladder_lemma1` | 4 |
# | 5 | `coupon_probability` | 5 |
# | 6, 7 | `lemma2_bound`, `lemma2_sharp` | 2 + 3 |
# | 8 | `ladder_lemma2` | 5 |
# | 9 | `counterexample_lemma2` | 4 |
# | 10 | derivation: the sharp factor | 6 |
# | 11 | `proposition1_bound` | 2 |
# | 12 | `ladder_proposition1` | 5 |
# | 13 | `unsupervised_loss_many` (challenge) | 5 |

# %% [markdown]
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then run
# the `check(...)` cell below it: it says at once what holds and what does not, and, where it recognises it, which belief is
# wrong. Hints unfold one after the other. The grade is decided later on *other* inputs, drawn after your code has loaded.
# Your functions must not change their inputs.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools
import math

import numpy as np

from course import check, validate, worlds


def draw_counts(law, n):
    """Every way in which n independent draws from `law` (K,) can fall: counts (M, K), probabilities (M,).

    Row m of counts says how often each outcome was drawn; M = binomial(n + K - 1, K - 1), so keep n small.
    """
    law = np.asarray(law, dtype=float)
    rows = math.comb(n + law.size - 1, law.size - 1)
    # Stars and bars: n stars and K - 1 bars in a row; the gaps between the bars are the counts.
    bars = np.array(list(itertools.combinations(range(n + law.size - 1), law.size - 1)), dtype=int)
    edges = np.full((rows, law.size + 1), -1)
    edges[:, 1:-1], edges[:, -1] = bars.reshape(rows, law.size - 1), n + law.size - 1
    counts = np.diff(edges, axis=1) - 1
    factorial = np.array([math.factorial(i) for i in range(n + 1)], dtype=float)
    return counts, factorial[n] / factorial[counts].prod(axis=1) * (law**counts).prod(axis=1)


def log1p_sum(logits, counts):
    """ln(1 + sum_j counts_j e^logits_j) over the last axis, for logits of any size; shapes (..., K), broadcast."""
    with np.errstate(divide="ignore"):  # a count of 0 is a logit of -inf
        terms = np.asarray(logits, dtype=float) + np.log(counts)
    return np.logaddexp(0.0, np.logaddexp.reduce(terms, axis=-1))


# %% [markdown]
# Two tools are given, because enumerating draws is not the point here. Three draws from a law on two outcomes fall
# in four ways, and `log1p_sum` takes the loss of each:

# %%
counts, probability = draw_counts([0.3, 0.7], 3)
print("counts:", counts.tolist())
print("probabilities:", probability.round(4), "sum:", probability.sum())
print("ln(1 + counts . e^logits):", log1p_sum([2.0, -1.0], counts).round(4))

# %% [markdown]
# ## 1 · `multiway_mean_loss`
#
# *Difficulty* ●●○○○ · *time* 10 min · 2 points
#
# The supervised task is to tell all $C$ classes apart. The *mean classifier* scores class $j$ by $f(x)\cdot\mu_j$
# and pays the cross-entropy
#
# $$L_{sup}^\mu(f,\mathcal C)=\mathbb E_{c\sim\rho,\ x\sim D_c}\Bigl[-\ln\frac{e^{f(x)\cdot\mu_c}}{\sum_{j=1}^C
# e^{f(x)\cdot\mu_j}}\Bigr].$$
#
# Return it, one number.


# %% nbgrader={"grade": false, "grade_id": "multiway_mean_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def multiway_mean_loss(rho, classes, z):
    """Cross-entropy of the mean classifier over all classes, in nats: E_c E_{x ~ D_c} [-ln softmax(f(x).mu)_c].

    rho (C,), classes (C, S), z (S, d) -> a number >= 0; finite for logits of 1e4. ValueError when the three do not make
    a world. Source: Merad et al. 2020, eq. (5) with T = all classes.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    scores = z @ (classes @ z).T  # scores[x, j] = f(x).mu_j
    log_normaliser = np.logaddexp.reduce(scores, axis=1)
    return float((rho[:, None] * classes * (log_normaliser[:, None] - scores).T).sum())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_multiway_mean_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(multiway_mean_loss)

# %% [markdown]
# ## 2 · `lemma1_bound`
#
# *Difficulty* ●○○○○ · *time* 3 min · 1 point
#
# Lemma 1 of the paper, one negative: $L_{sup}^\mu(f,\mathcal C)\le \dfrac{L_{un}(f)}{p_{\min}}+\ln C$. Return the
# right-hand side, given the value of $L_{un}$ and `rho`.


# %% nbgrader={"grade": false, "grade_id": "lemma1_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma1_bound(unsup_loss, rho):
    """Published upper bound on the mean classifier's loss over all classes, in nats: L_un / p_min + ln C.

    unsup_loss >= 0 (nats, one negative), rho (C,) -> a number. ValueError for a negative or NaN loss or a rho that is
    no law. Source: Merad et al. 2020, Lemma 1, eq. (7).
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    return float(unsup_loss / np.min(rho) + math.log(len(rho)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma1_bound", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(lemma1_bound)

# %% [markdown]
# ## 3 · `lemma1_sharp`
#
# *Difficulty* ●●●○○ · *time* 10 min · 2 points
#
# The $\ln C$ is not needed, and a collision helps instead of hurting. After Jensen, the loss at an anchor $(x,c)$ is
# at least $\sum_j\rho_j\,\zeta(a_j)$. The paper keeps only the largest term. Keep them all:
#
# - the term $j=c$ is a collision: it is known exactly;
# - in the others, bound $\rho_j$ from below, then use $\sum_j\ln(1+t_j)\ge\ln\bigl(1+\sum_j t_j\bigr)$ for $t_j\ge0$.
#
# Average over $c$ and $x$, solve for $L_{sup}^\mu(f,\mathcal C)$, and return the upper bound. It is never above
# $L_{un}/p_{\min}-\ln2$, and at $f=0$ with uniform $\rho$ it is $(C-1)\ln 2$.


# %% nbgrader={"grade": false, "grade_id": "lemma1_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma1_sharp(unsup_loss, rho):
    """Lemma 1 without its ln C and with the collisions counted: an upper bound on the mean classifier's loss, in nats.

    unsup_loss >= 0 (nats, one negative), rho (C,) -> a number. ValueError for a negative or NaN loss or a rho that is
    no law. Source: Merad et al. 2020, Lemma 1, sharpened in lecture 03.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    collision = np.sum(np.square(rho))
    return float((unsup_loss - collision * math.log(2)) / np.min(rho))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma1_sharp", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma1_sharp)

# %% [markdown]
# ## 4 · `ladder_lemma1`: the paper's proof, line by line
#
# *Difficulty* ●●●○○ · *time* 30 min · 4 points
#
# Return the values of the four lines of the paper's proof of Lemma 1, in this order, on a given world:
#
# 1. **the loss** with one negative, $L_{un}(f)=\mathbb E\,\zeta\bigl(f(x)\cdot(f(x^-)-f(x^+))\bigr)$;
# 2. **after Jensen**: $\mathbb E_{c\sim\rho,\,x\sim D_c}\,\mathbb E_{c^-\sim\rho}\ \zeta(a_{c^-})$. The expectations
#    over $x^+$ and $x^-$ have moved inside; those over the anchor and over both classes stay outside. Collisions
#    $c^-=c$ are among the terms: each gives $\zeta(0)=\ln2$;
# 3. **the largest term**: $p_{\min}\,\mathbb E_{c\sim\rho,\,x\sim D_c}\,\max_j\zeta(a_j)$, the maximum over *all*
#    classes $j$, the anchor's own included (collisions: the maximum is never below $\ln 2$);
# 4. **the target**: $p_{\min}\bigl(L_{sup}^\mu(f,\mathcal C)-\ln C\bigr)$, because $\ln\sum_{j=1}^C e^{a_j}\le\max_j
#    a_j+\ln C$.
#
# Each line is at least the next. The check compares every line, tests every inequality between neighbours on random
# worlds and on worlds where Jensen is an equality, and names the first line that breaks.


# %% nbgrader={"grade": false, "grade_id": "ladder_lemma1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_lemma1(rho, classes, z):
    """The four lines of the proof of L_un >= p_min (L_sup^mu - ln C) as numbers, in nats, from left to right.

    [L_un, after Jensen, p_min E max_j zeta(a_j), p_min (L_sup^mu - ln C)]. rho (C,), classes (C, S), z (S, d).
    ValueError when the three do not make a world. Source: Merad et al. 2020, proof of Lemma 1.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    anchors = rho[:, None] * classes  # (C, S): probability of an anchor x of class c
    inner = z @ z.T
    pairs = anchors.T @ classes  # (S, S): probability of (x, x+)
    per_draw = np.logaddexp(0, inner[:, None, :] - inner[:, :, None])  # axes: anchor, positive, negative
    loss = np.einsum("ap,n,apn->", pairs, rho @ classes, per_draw)
    scores = (z @ (classes @ z).T).T  # scores[j, x] = f(x).mu_j
    terms = np.logaddexp(0, scores[None, :, :] - scores[:, None, :])  # zeta(a_j), axes: class c, class j, anchor x
    jensen = np.einsum("cx,j,cjx->", anchors, rho, terms)
    largest = np.min(rho) * (anchors * terms.max(axis=1)).sum()
    target = np.min(rho) * (multiway_mean_loss(rho, classes, z) - math.log(len(rho)))
    return [float(line) for line in (loss, jensen, largest, target)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_lemma1", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(ladder_lemma1)

# %% [markdown]
# **See it.** One bar per line, on a random world and on a world whose embedding is constant inside each class. Which
# step gives most away?

# %%
from course.plots_worlds import ladder

rng = np.random.default_rng(5)
ladder(
    {
        "random world": ladder_lemma1(*worlds.random_world(rng, 4, 7, 3, 0.9)),
        "constant inside each class": ladder_lemma1(*worlds.class_constant_world(rng, 4, 7, 3, 0.9)),
    },
    ("the loss", "after Jensen", "the largest term", "the target"),
)

# %% [markdown]
# ## 5 · `coupon_probability`
#
# *Difficulty* ●●●●○ · *time* 35 min · 5 points
#
# Lemma 2 needs the probability $p_{cc}(n)$ that $n$ independent draws from $\rho$ show *every* class at least once.
# Return it.
#
# - exact for any $\rho$, not only the uniform one; 0 when $n<C$ (also for $n=0$); a negative or non-integer `n_draws`
#   raises `ValueError`;
# - accurate to a relative error of $10^{-6}$, however small it is. For 50 equally likely classes and 60 draws it is
#   $3.35\cdot10^{-13}$, and the textbook sum over subsets, $\sum_{A}(-1)^{|A|}\bigl(1-\rho(A)\bigr)^n$, loses all
#   digits there (besides having $2^{50}$ terms);
# - fast enough for $C=50$ and $n=500$ (a second is plenty).
#
# So: look for a way that only *adds and multiplies positive numbers*. One is the generating function
# $p_{cc}(n)=n!\;[t^n]\prod_c\bigl(e^{\rho_ct}-1\bigr)$, where $[t^n]$ takes the coefficient of $t^n$: a product of
# polynomials with positive coefficients. Mind that $n!$ overflows for $n>170$: scale first. Adding one class after
# the other works as well.


# %% nbgrader={"grade": false, "grade_id": "coupon_probability", "locked": false, "schema_version": 3, "solution": true, "task": false}
def coupon_probability(rho, n_draws):
    """Probability that n_draws independent draws from rho show every class at least once: a number in [0, 1].

    rho (C,), n_draws an integer >= 0; relative error below 1e-6 also where the probability is tiny. ValueError for a
    rho that is no law or n_draws < 0. Source: Merad et al. 2020, p_cc of Lemma 2.
    """
    ### BEGIN SOLUTION
    validate.law(rho)
    validate.count(minimum=0, n_draws=n_draws)
    if n_draws < len(rho):
        return 0.0
    rho = np.asarray(rho, dtype=float)
    if ((1 - rho) ** n_draws).sum() < 2.0**-54:  # an upper bound on 1 - p_cc: no double lies between p_cc and 1
        return 1.0
    # Poissonise: with independent Poisson(n rho_c) counts, total n, the counts are those of n draws. Every coefficient
    # below is a probability, so nothing overflows, and only positive numbers are added.
    k = np.arange(1, n_draws + 1)
    log_factorial = np.cumsum(np.log(k))
    seen = np.array([1.0])  # seen[m]: probability that the classes so far have total m and a count >= 1 each
    for mean in n_draws * rho:
        one_or_more = np.exp(k * math.log(mean) - mean - log_factorial)
        seen = np.convolve(seen, np.concatenate([[0.0], one_or_more]))[: n_draws + 1]
    total_is_n = math.exp(n_draws * math.log(n_draws) - n_draws - log_factorial[-1])
    return float(min(1.0, seen[n_draws] / total_is_n))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_coupon_probability", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(coupon_probability)

# %% [markdown]
# ## 6 · `lemma2_bound`
#
# *Difficulty* ●●○○○ · *time* 5 min · 2 points
#
# Lemma 2 of the paper: $L_{sup}^\mu(f,\mathcal C)\le L_{un}^N(f)\,/\,p_{cc}(N)$. It holds for every $N\ge C$. Return
# the right-hand side; for $N<C$ the lemma says nothing, and the answer is infinity.


# %% nbgrader={"grade": false, "grade_id": "lemma2_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma2_bound(unsup_loss, rho, n_negatives):
    """Published upper bound on the mean classifier's loss over all classes, in nats: L_un^N / p_cc(N), inf when N < C.

    unsup_loss >= 0 (nats, N negatives), rho (C,), n_negatives = N >= 1 -> a number. ValueError for a negative or NaN
    loss, a rho that is no law, or N < 1. Source: Merad et al. 2020, Lemma 2, eq. (8).
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    all_seen = coupon_probability(rho, n_negatives)
    return float(unsup_loss / all_seen) if all_seen > 0 else math.inf
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma2_bound", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma2_bound)

# %% [markdown]
# ## 7 · `lemma2_sharp`
#
# *Difficulty* ●●●○○ · *time* 15 min · 3 points
#
# It is wasteful to keep only the draws that show every class: a draw that misses one of them is still worth a lot.
# Because $\ln\bigl(1+\sum_{j\in S}e^{a_j}\bigr)$ is a submodular function of the set $S$ (derivation 10), for every
# $\rho$ and every $N\ge1$
#
# $$L_{sup}^\mu(f,\mathcal C)\ \le\ \frac{L_{un}^N(f)-\tau_N\ln(N+1)}{1-(1-p_{\min})^N},\qquad
#   \tau_N=P(c_1=\dots=c_N=c)=\sum_c\rho_c^{N+1}.$$
#
# Return the right-hand side. At $N=1$ it must agree with `lemma1_sharp`. It must also be accurate for
# $p_{\min}=10^{-10}$, where $1-(1-p_{\min})^N$, computed as written, keeps only six digits (`math.log1p`,
# `math.expm1`).


# %% nbgrader={"grade": false, "grade_id": "lemma2_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma2_sharp(unsup_loss, rho, n_negatives):
    """Sharp form of Lemma 2, in nats: (L_un^N - tau_N ln(N+1)) / (1 - (1 - p_min)^N), for every N >= 1 and every rho.

    unsup_loss >= 0 (nats, N negatives), rho (C,), n_negatives = N >= 1 -> a number. ValueError for a negative or NaN
    loss, a rho that is no law, or N < 1. Source: Merad et al. 2020, Lemma 2, sharpened in lecture 03.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    all_collide = np.sum(np.power(np.asarray(rho, dtype=float), n_negatives + 1.0))
    rarest = float(np.min(rho))
    seen = -math.expm1(n_negatives * math.log1p(-rarest)) if rarest < 1 else 1.0
    return float((unsup_loss - all_collide * math.log(n_negatives + 1)) / seen)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma2_sharp", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(lemma2_sharp)

# %% [markdown]
# **See it.** What each lemma multiplies the loss by, for ten equally likely classes. The paper plots $N=15,25,35$.

# %%
ten = np.full(10, 0.1)
for n in (10, 15, 25, 35, 50):
    published = 1 / coupon_probability(ten, n)
    print(f"N = {n:2d}   published factor {published:9.3f}   sharp factor {1 / (1 - 0.9**n):.3f}")

# %% [markdown]
# ## 8 · `ladder_lemma2`: the paper's proof, line by line
#
# *Difficulty* ●●●●○ · *time* 40 min · 5 points
#
# Let $I=(c_1,\dots,c_N)$ be the classes of the negatives and $J$ the *set* of the classes among them. Return the four
# lines of the proof:
#
# 1. **the loss** with $N$ negatives, $L_{un}^N(f)$;
# 2. **after Jensen**: $\mathbb E_{c\sim\rho,\,x\sim D_c}\,\mathbb E_{I\sim\rho^N}\,
#    \ln\bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\bigr)$. A class that was drawn twice counts twice, and each collision
#    $c_i=c$ adds $e^{a_c}=1$;
# 3. **only complete draws**: the same expectation, but draws with $|J|<C$ count as 0, that is
#    $p_{cc}(N)\cdot\mathbb E\bigl[\ln(1+\sum_ie^{a_{c_i}})\,\big|\,|J|=C\bigr]$. In a complete draw the anchor's
#    class is among the negatives: at least one collision;
# 4. **the target**: $p_{cc}(N)\,L_{sup}^\mu(f,\mathcal C)$. Repeated classes are dropped, and the 1 of the positive
#    with them: the term of the anchor's own class in $\sum_{j=1}^Ce^{a_j}$ comes from a collision.
#
# For $N<C$ no draw is complete, and lines 3 and 4 are 0. The check uses at most 5 points and $N\le5$: `draw_counts`
# can list all draws, of points (line 1) and of classes (lines 2 and 3).


# %% nbgrader={"grade": false, "grade_id": "ladder_lemma2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_lemma2(rho, classes, z, n_negatives):
    """The four lines of the proof of L_un^N >= p_cc(N) L_sup^mu as numbers, in nats, from left to right.

    [L_un^N, after Jensen, complete draws only, p_cc L_sup^mu]. rho (C,), classes (C, S), z (S, d), N = n_negatives >= 1
    small enough to enumerate. ValueError when the three do not make a world or N < 1. Source: Merad et al. 2020,
    proof of Lemma 2.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    anchors = rho[:, None] * classes  # (C, S): probability of an anchor x of class c
    inner = z @ z.T
    counts, chance = draw_counts(rho @ classes, n_negatives)
    logits = inner[:, None, None, :] - inner[:, :, None, None]  # axes: anchor, positive, draw, point
    loss = np.einsum("ap,m,apm->", anchors.T @ classes, chance, log1p_sum(logits, counts))
    scores = z @ (classes @ z).T
    counts, chance = draw_counts(rho, n_negatives)
    logits = scores.T[:, :, None, None]  # f(x).mu_c, axes: class c, anchor x, draw, class j
    per_draw = log1p_sum(scores[None, :, None, :] - logits, counts)
    complete = counts.min(axis=1) >= 1
    jensen = np.einsum("cx,m,cxm->", anchors, chance, per_draw)
    kept = np.einsum("cx,m,cxm->", anchors, chance * complete, per_draw)
    target = chance[complete].sum() * multiway_mean_loss(rho, classes, z)
    return [float(line) for line in (loss, jensen, kept, target)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_lemma2", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(ladder_lemma2)

# %% [markdown]
# **See it.** The same world with $N=3$ and $N=5$ negatives, three classes. Line 3 is what the paper throws away.

# %%
rng = np.random.default_rng(7)
world = worlds.random_world(rng, 3, 4, 2, 1.2)
ladder(
    {f"N = {n}": ladder_lemma2(*world, n) for n in (3, 5)},
    ("the loss", "after Jensen", "complete draws", "the target"),
)

# %% [markdown]
# ## 9 · `counterexample_lemma2`
#
# *Difficulty* ●●●●○ · *time* 30 min · 4 points
#
# The paper plots both losses with the factor $1/p_{cc}(N)$ *removed* and remarks that the inequality "seems to hold"
# without it. As a theorem it does not. Return `(rho, classes, z, n_negatives)`, a world and $N\ge C$ with
#
# $$L_{sup}^\mu(f,\mathcal C)\ >\ L_{un}^N(f)+10^{-6}.$$
#
# Every answer that meets this line is accepted, provided that $C$, $S$ and $d$ are at most 20, $N\le1000$ and every
# inner product of two embeddings is at most $10^4$ in absolute value. It is judged by exact evaluation when your
# notebook is graded; the check below only sees that an answer comes back. You can evaluate it yourself: with your
# functions, `ladder_lemma2(rho, classes, z, n)[0]` is $L_{un}^N$ for small $N$.
#
# Think of one anchor class with a single dangerous rival: how often do $N$ draws miss that rival, and what does the
# loss become then?


# %% nbgrader={"grade": false, "grade_id": "counterexample_lemma2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_lemma2():
    """A world and a number of negatives N >= C where L_sup^mu > L_un^N + 1e-6: Lemma 2 needs its factor.

    Returns (rho (C,), classes (C, S), z (S, d), n_negatives). Source: Merad et al. 2020, remark on Fig. 2.
    """
    ### BEGIN SOLUTION
    # One point per class, at 1 and 2 on a line, times s. The anchor at 1 loses s^2 to its rival at 2 whenever the rival
    # is drawn, which two draws do with probability 3/4 only: L_un is about 3/8 s^2, L_sup about 1/2 s^2.
    s = math.sqrt(40)
    return np.array([0.5, 0.5]), np.eye(2), np.array([[s], [2 * s]]), 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_lemma2", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(counterexample_lemma2)

# %% [markdown]
# **See it.** Your answer, evaluated (for small $N$):

# %%
rho, classes, z, n = counterexample_lemma2()
supervised, contrastive = multiway_mean_loss(rho, classes, z), ladder_lemma2(rho, classes, z, n)[0]
print(f"C = {len(rho)}, N = {n}: L_sup = {supervised:.4f}, L_un = {contrastive:.4f}")
print(f"ratio L_sup / L_un = {supervised / contrastive:.4f}")
print(f"the sharp lemma allows a ratio of {lemma2_sharp(contrastive, rho, n) / contrastive:.4f} here")

# %% [markdown]
# ## 10 · `derive_submodularity`: the reasons
#
# *Difficulty* ●●●●● · *time* 45 min · 6 points · read by a person
#
# Fix an anchor $x$ of class $c$, let $K=\mathcal C\setminus\{c\}$ and $\varphi(S)=\ln\bigl(1+\sum_{j\in
# S}e^{a_j}\bigr)$ for $S\subseteq K$. Prove the bound of `lemma2_sharp`:
#
# a. $\varphi(\emptyset)=0$, $\varphi$ is monotone ($S\subseteq T$ gives $\varphi(S)\le\varphi(T)$) and submodular:
#    for $S\subseteq T$ and $j\notin T$, $\varphi(S\cup\{j\})-\varphi(S)\ \ge\ \varphi(T\cup\{j\})-\varphi(T)$.
#
# b. Let $J$ be a random subset of $K$, with any dependence between its elements, and $P(j\in J)\ge p$ for every
#    $j\in K$. Then $\mathbb E\,\varphi(J)\ge p\,\varphi(K)$. (Write $\varphi(J)$ as a telescoping sum over the
#    elements of $K$ in a fixed order.)
#
# c. Deduce $L_{un}^N\ \ge\ \tau_N\ln(N+1)+\bigl(1-(1-p_{\min})^N\bigr)L_{sup}^\mu(f,\mathcal C)$. Say what happens
#    to repeated classes, to partial collisions, and to draws in which *all* negatives collide.
#
# d. Why is this better than the paper's factor, for every $N$ and every $\rho$ with $C\ge2$?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_submodularity", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Write $w(S)=\sum_{j\in S}e^{a_j}\ge0$, so that $\varphi(S)=\ln(1+w(S))$. Then $\varphi(\emptyset)=\ln1=0$.
# If $S\subseteq T$, then $w(S)\le w(T)$ because all terms are positive, and $\ln$ increases: $\varphi$ is monotone.
# The gain of $j\notin T$ is $\varphi(T\cup\{j\})-\varphi(T)=\ln\bigl(1+\tfrac{e^{a_j}}{1+w(T)}\bigr)$. It decreases
# when $w(T)$ grows, hence it is largest for the smaller set: submodular.
#
# **b.** Number the elements of $K$ as $1,\dots,m$, let $[i]=\{1,\dots,i\}$ and
# $\Delta_i=\varphi([i])-\varphi([i-1])$. For every fixed set $J$, adding its elements in increasing order,
# $\varphi(J)=\sum_{i\in J}\bigl[\varphi(J\cap[i])-\varphi(J\cap[i-1])\bigr]$ (it telescopes, and
# $\varphi(\emptyset)=0$). The $i$-th term is the gain of $i$ over $J\cap[i-1]\subseteq[i-1]$, by submodularity at
# least $\Delta_i$. So $\varphi(J)\ge\sum_{i=1}^m\mathbb 1[i\in J]\,\Delta_i$. Take expectations; only the
# probabilities $P(i\in J)$ enter, so the dependence between the elements does not matter. Since $\Delta_i\ge0$
# (monotone) and $P(i\in J)\ge p$, $\mathbb E\,\varphi(J)\ge p\sum_i\Delta_i=p\,\varphi(K)$, again by telescoping.
#
# **c.** Given $x$, $c$ and the classes $c_1,\dots,c_N$, the points $x^+,x_1^-,\dots,x_N^-$ are independent of $x$,
# and $v\mapsto\ln(1+\sum_ie^{v_i})$ is convex (a log-sum-exp), with arguments $v_i=f(x)\cdot(f(x_i^-)-f(x^+))$
# linear in them and of mean $a_{c_i}$. Jensen: the loss at $(x,c)$ is at least $\mathbb
# E_I\ln\bigl(1+\sum_ie^{a_{c_i}}\bigr)$. Let $J$ be the set of classes *other than* $c$ among $c_1,\dots,c_N$. If
# $J=\emptyset$, all $N$ negatives collide, every $a_{c_i}=0$ and the term is exactly $\ln(N+1)$; this has
# probability $\rho_c^N$. If $J\ne\emptyset$, drop the collided negatives and the repetitions: all are positive terms
# inside the logarithm, so what remains, $\varphi(J)$, is not larger. Because $\varphi(\emptyset)=0$, $\mathbb
# E_I\ln(1+\sum_ie^{a_{c_i}})\ge\rho_c^N\ln(N+1)+\mathbb E\,\varphi(J)$. A class $j\ne c$ is in $J$ unless $N$ draws
# miss it: $P(j\in J)=1-(1-\rho_j)^N\ge1-(1-p_{\min})^N=:p$. By b, $\mathbb E\,\varphi(J)\ge p\,\varphi(K)$, and
# $\varphi(K)=\ln\bigl(1+\sum_{j\ne c}e^{a_j}\bigr)=-\ln\mathrm{softmax}(f(x)\cdot\mu)_c$ since $a_c=0$. Average over
# $c\sim\rho$ and $x\sim D_c$: $\sum_c\rho_c\,\rho_c^N=\tau_N$, and $\mathbb E\,\varphi(K)=L_{sup}^\mu(f,\mathcal
# C)$.
#
# **d.** The event "all classes are drawn" is contained in "the rarest class is drawn", whose probability is
# $p=1-(1-p_{\min})^N$. For $C\ge2$ the inclusion is strict by an event of positive probability ($N$ draws of the
# rarest class), so $p_{cc}(N)<p$. The factor $1/p$ is smaller than $1/p_{cc}$, it is finite also for $N<C$, and
# $\tau_N\ln(N+1)>0$ is subtracted on top.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: monotone and $\varphi(\emptyset)=0$ (½); submodular with the gain $\ln(1+e^{a_j}/(1+w))$ or an
#   equivalent argument (½).
# - 2 points, b: telescoping over $J$ in a fixed order (½); diminishing returns applied to $J\cap[i-1]\subseteq[i-1]$,
#   in the right direction (½); the expectation needs only the marginals $P(i\in J)$, no independence (½);
#   $\Delta_i\ge0$ used when $P(i\in J)$ is replaced by $p$ (½).
# - 2 points, c: Jensen with its convex function and independent variables (½); repetitions and partial collisions
#   dropped because the terms are positive (½); $J=\emptyset$ gives exactly $\ln(N+1)$ with probability
#   $\rho_c^N$, and $\tau_N=\sum_c\rho_c^{N+1}$ (½); $P(j\in J)$ and $\varphi(K)$ = the cross-entropy (½).
# - 1 point, d: inclusion of events or an equivalent computation (½); says when it is strict, or that the bound is
#   finite for $N<C$ (½).
# - A proof that assumes the elements of $J$ to be independent loses the point of b for the marginals, not more. Any
#   correct proof gets full marks.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 11 · `proposition1_bound`
#
# *Difficulty* ●●○○○ · *time* 5 min · 2 points
#
# Smaller tasks: draw $k+1$ *distinct* classes uniformly, and let the mean classifier tell them apart; its average
# loss is $L_{sup,k}^\mu(f)$. For *uniform* $\rho$ and $2\le k+1\le C$, Proposition 1 says
#
# $$L_{sup,k}^\mu(f)\ \le\ \frac{k}{1-\tau_N}\Bigl(L_{un}^N(f)-\tau_N\ln(N+1)\Bigr),\qquad \tau_N=P(c_1=\dots=c_N=c).$$
#
# Return the right-hand side. Work out $\tau_N$ for uniform $\rho$ yourself. $k<1$ or $k+1>C$ raises `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "proposition1_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def proposition1_bound(unsup_loss, n_classes, n_negatives, k):
    """Upper bound on the mean classifier's average loss over (k+1)-way tasks, uniform classes, in nats.

    k / (1 - tau_N) (L_un^N - tau_N ln(N+1)). unsup_loss >= 0 (nats, N = n_negatives >= 1 negatives), n_classes = C,
    1 <= k <= C - 1 -> a number. ValueError for anything else. Source: Merad et al. 2020, Proposition 1.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=2, n_classes=n_classes)
    validate.count(minimum=1, n_negatives=n_negatives, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"a task of k + 1 = {k + 1} distinct classes needs n_classes >= k + 1, got {n_classes}")
    all_collide = float(n_classes) ** -float(n_negatives)  # C (1/C)^(N+1)
    return float(k / (1 - all_collide) * (unsup_loss - all_collide * math.log(n_negatives + 1)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_proposition1_bound", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(proposition1_bound)

# %% [markdown]
# ## 12 · `ladder_proposition1`: the paper's proof, line by line
#
# *Difficulty* ●●●●○ · *time* 40 min · 5 points
#
# On a world with *uniform* $\rho$, return the five lines of the proof:
#
# 1. **the loss** with $N$ negatives, $L_{un}^N(f)$;
# 2. **after Jensen**: $\mathbb E_{c,\,x\sim D_c}\,\mathbb E_{c_1,\dots,c_N}\,
#    \ln\bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\bigr)$, as in `ladder_lemma2`;
# 3. **split by collision**: $(1-\tau_N)\,\mathbb E\bigl[\ln(1+\sum_ie^{a_{c_i}})\,\big|\,\exists i: c_i\ne
#    c\bigr]+\tau_N\ln(N+1)$. Only draws in which *all* negatives collide are split off; draws with some
#    collisions stay in the expectation;
# 4. **one negative of another class**: $(1-\tau_N)\,\mathbb E_{c,\,x\sim D_c}\,\mathbb
#    E_{c^-}\bigl[\zeta(a_{c^-})\,\big|\,c^-\ne c\bigr]+\tau_N\ln(N+1)$. The partial collisions, and all negatives but
#    one of another class, are dropped here;
# 5. **the target**: $\dfrac{1-\tau_N}{k}\,L_{sup,k}^\mu(f)+\tau_N\ln(N+1)$, where $L_{sup,k}^\mu$ is the mean over
#    all sets $T$ of $k+1$ classes, over $c$ uniform in $T$ and $x\sim D_c$, of
#    $\ln\sum_{j\in T}e^{a_j}$.
#
# One step is an identity, the others are inequalities. A `rho` that is not uniform (by more than $10^{-9}$), $k<1$,
# $k+1>C$ and $N<1$ raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "ladder_proposition1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_proposition1(rho, classes, z, n_negatives, k):
    """The five lines of the proof of L_un^N >= (1 - tau_N)/k L_sup,k^mu + tau_N ln(N+1), in nats, from left to right.

    [L_un^N, after Jensen, split by collision, one negative of another class, target]. rho (C,) uniform, classes (C, S),
    z (S, d), N = n_negatives >= 1 small enough to enumerate, 1 <= k <= C - 1. ValueError for anything else. Source:
    Merad et al. 2020, proof of Proposition 1, part (2).
    """
    ### BEGIN SOLUTION
    loss, jensen = ladder_lemma2(rho, classes, z, n_negatives)[:2]  # raises for what is no world and for N < 1
    n_classes = len(rho)
    if np.abs(np.asarray(rho) - 1 / n_classes).max() > 1e-9:
        raise ValueError(f"Proposition 1 needs a uniform rho, got {rho}")
    validate.count(minimum=1, k=k)
    if k + 1 > n_classes:
        raise ValueError(f"a task of k + 1 = {k + 1} distinct classes needs C >= k + 1, got C = {n_classes}")
    anchors = rho[:, None] * classes  # (C, S): probability of an anchor x of class c
    scores = z @ (classes @ z).T
    logits = scores[None, :, :] - scores.T[:, :, None]  # a_j, axes: class c, anchor x, class j
    counts, chance = draw_counts(rho, n_negatives)
    per_draw = log1p_sum(logits[:, :, None, :], counts)  # axes: class c, anchor x, draw
    not_all_collide = (counts < n_negatives).T  # axes: class c, draw
    all_collide = n_classes * (1 / n_classes) ** (n_negatives + 1)
    constant = all_collide * math.log(n_negatives + 1)
    split = np.einsum("cx,m,cm,cxm->", anchors, chance, not_all_collide, per_draw) + constant
    others = 1 - np.eye(n_classes)
    one = np.einsum("cx,cj,cxj->", anchors, others / (n_classes - 1), np.logaddexp(0, logits))
    tasks = list(itertools.combinations(range(n_classes), k + 1))
    average = 0.0
    for task in map(list, tasks):
        cross_entropy = np.logaddexp.reduce(logits[task][:, :, task], axis=2)  # axes: class c of the task, anchor x
        average += (classes[task] * cross_entropy).sum() / (k + 1) / len(tasks)
    lines = (loss, jensen, split, (1 - all_collide) * one + constant, (1 - all_collide) / k * average + constant)
    return [float(line) for line in lines]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_proposition1", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(ladder_proposition1)

# %% [markdown]
# **See it.** Four classes, three negatives, tasks of two and of four classes.

# %%
rng = np.random.default_rng(11)
world = worlds.random_world(rng, 4, 5, 2, 1.0, uniform=True)
ladder(
    {f"k = {k}": ladder_proposition1(*world, 3, k) for k in (1, 3)},
    ("the loss", "after Jensen", "split by collision", "one negative", "the target"),
)

# %% [markdown]
# ## 13 · `unsupervised_loss_many` (challenge)
#
# *Difficulty* ●●●●● · *time* 40 min · 5 points
#
# Enumerating draws is hopeless for $N=65536$. One integral is not: for independent positive $X_1,\dots,X_N$ with one
# law,
#
# $$\mathbb E\,\ln\Bigl(1+\sum_{i=1}^NX_i\Bigr)=\int_0^\infty\frac{e^{-t}}t\Bigl(1-\bigl(\mathbb
# E\,e^{-tX}\bigr)^N\Bigr)\,dt,$$
#
# and $N$ is now only an exponent. Given the anchor $x$ and its positive $x^+$, the
# $X_i=e^{f(x)\cdot(f(x_i^-)-f(x^+))}$ are independent with one law (which?). Substitute $t=e^u$: the integrand
# becomes a smooth bump or plateau on the whole line that vanishes very fast to the right and like $e^{u}$ to the
# left. For such functions the plain trapezoidal sum $h\sum_k g(kh)$ converges faster than any power of $h$ (lecture
# 03 proves an error of order $e^{-\pi^2/h}$).
#
# Return $L_{un}^N$ with an error of at most $10^{-8}$ (times the loss, where that exceeds 1), for $1\le N\le65536$,
# inner products up to $10^4$, and at most 8 points; each call within a second or two. To get there:
#
# - choose the ends of the sum from $N$ and from the smallest and largest $X$; both tails can be bounded by hand;
# - work with $u+\ln X$, so that $X$ itself is never formed;
# - for $f=0$ the answer is $\ln(N+1)$, and for small $N$ it is line 1 of `ladder_lemma2`: test yourself.


# %% nbgrader={"grade": false, "grade_id": "unsupervised_loss_many", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unsupervised_loss_many(rho, classes, z, n_negatives):
    """Exact contrastive loss with N = n_negatives negatives, in nats, at a cost that does not grow with N.

    E ln(1 + sum_{i<=N} e^{f(x).(f(x_i^-) - f(x^+))}), error below 1e-8 max(1, loss) for N up to 65536. rho (C,),
    classes (C, S), z (S, d), N >= 1. ValueError when the three do not make a world or N < 1. Source: Merad et al. 2020,
    eq. (6), by the integral of lecture 03.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    validate.count(minimum=1, n_negatives=n_negatives)
    pairs = (rho[:, None] * classes).T @ classes  # (S, S): probability of (x, x+)
    negatives = rho @ classes  # (S,): law of one negative
    step = 0.25  # error about exp(-pi^2 / step) = 7e-18
    total = 0.0
    for inner, weight in zip(z @ z.T, pairs, strict=True):  # one anchor x: f(x).f(y) and P(x, x+ = y) for all y
        # t X = e^{u - f(x).f(x+)} e^{f(x).f(y)}; with v = u - f(x).f(x+) all positives share one grid, and the integral
        # is that of sum_{x+} P(x, x+) e^{-e^{v + f(x).f(x+)}} (1 - (E_y e^{-e^{v + f(x).f(y)}})^N).
        # Left of the grid it is below N e^{v + max}, in total e^-40; right of it, below exp(-e^4) = e^-54.
        v = np.arange(-inner.max() - math.log(n_negatives) - 40, 4 - inner.min() + step, step)
        tx = np.exp(np.minimum(v[:, None] + inner, 50))  # e^-e^50 is 0: no overflow needed
        miss = np.minimum(-np.expm1(-tx) @ negatives, 1.0)  # 1 - E e^{-tX}, accurate where it is tiny
        with np.errstate(divide="ignore"):
            seen = -np.expm1(n_negatives * np.log1p(-miss))
        total += step * float((np.exp(-tx) @ weight) @ seen)
    return total
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_unsupervised_loss_many", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(unsupervised_loss_many)

# %% [markdown]
# **See it.** One world, from one negative to MoCo's queue. Which column moves with $N$, and which does not move at
# all?

# %%
rng = np.random.default_rng(3)
world = worlds.random_world(rng, 5, 8, 3, 0.8)
supervised = multiway_mean_loss(*world)
for n in (1, 15, 255, 65536):
    loss = unsupervised_loss_many(*world, n)
    bound = lemma2_sharp(loss, world[0], n)
    print(f"N = {n:5d}   L_un = {loss:8.5f}   sharp bound = {bound:8.5f}   L_sup = {supervised:.5f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/03_many_negatives/03_many_negatives.ipynb
# ```
