# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 03 · Many negatives
#
# *What do many negatives prove about a classifier?* Read the [lecture](../../lectures/03_many_negatives.ipynb) first.
#
# MoCo compares every image with 65536 negatives. What do they buy? Merad, Yu, Bacry and Gaïffas (2020) answer with
# two lemmas and a proposition that bound the loss of a *supervised* classifier by the contrastive loss with $N$
# negatives. Here you turn these bounds and their proofs into exact numbers, refute what is too good to be true, and then
# find the best bounds there are, for laws and tasks that the lecture leaves to you.
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
# **Abbreviations.** $a_j=f(x)\cdot(\mu_j-\mu_c)$ is the logit of class $j$ at an anchor $x$ of class $c$ (so $a_c=0$),
# $\zeta(t)=\ln(1+e^t)$, and $\varphi(c,x)=\ln\bigl(1+\sum_{j\ne c}e^{a_j}\bigr)$ is what the mean classifier pays there.
#
# **Rules of the game.** Natural logarithm, nats. Numpy arrays in float64; an answer may be a Python float or a numpy
# number. `n_negatives` counts negatives, without the positive. Logits may be as large as $10^4$: the answer must
# stay finite and right. Inputs are never changed. Bad input raises `ValueError`: a `rho` that has a zero or does not
# sum to 1, a row of `classes` that is not a law, shapes that do not fit, NaN, $N<1$, a negative loss.
# `validate.world(rho, classes, z)`, `validate.law(rho)`, `validate.count(minimum=1, n_negatives=n_negatives)` and
# `validate.non_negative(unsup_loss=unsup_loss)` each check their part in one line (and return nothing). You may
# call the functions that you wrote earlier in this notebook.
#
# | | | time | points |
# |---|---|---|---|
# | 1-4 | `multiway_mean_loss`, `lemma1_bound`, `lemma1_sharp`, `ladder_lemma1` | 50 min | 1 + 1 + 2 + 1 |
# | 5 | `coupon_probability` | 35 min | 3 |
# | 6-8 | `lemma2_bound`, `lemma2_sharp`, `ladder_lemma2` | 60 min | 2 + 1 + 1 |
# | 9 | `counterexample_lemma2` | 30 min | 2 |
# | 10-11 | `proposition1_bound`, `ladder_proposition1` | 35 min | 1 + 1 |
# | 12 | `vertex_value` | 20 min | 2 |
# | 13 | `lemma2_best` | 35 min | 3 |
# | 14 | `floor_bound` | 25 min | 1 |
# | 15 | `ladder_vertex` | 35 min | 3 |
# | 16 | `proof_repetitions`: a proof to put in order | 20 min | 3 |
# | 17 | `proposition1_best` | 30 min | 1 |
# | 18 | `derive_true_negatives` | 45 min | 4 by hand |
# | 19 | `unsupervised_loss_many` (challenge) | 40 min | 2 |
# | 20-21 | `sharp_slope`, `attaining_world` (challenges) | 60 min | 2 + 2 |
#
# Questions marked *transcribe* ask to write down what the lecture states. In all others something is to be found.

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
# *Difficulty* ●●○○○ · *time* 10 min · 1 point · *transcribe*
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


# %% nbgrader={"grade": true, "grade_id": "check_multiway_mean_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(multiway_mean_loss)

# %% [markdown]
# ## 2 · `lemma1_bound`
#
# *Difficulty* ●○○○○ · *time* 3 min · 1 point · *transcribe*
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
# ## 3 · `lemma1_sharp`: from nats to mistakes
#
# *Difficulty* ●●●○○ · *time* 15 min · 2 points
#
# Proposition A of the lecture is Lemma 1 without its $\ln C$, and with the collisions counted. It bounds a loss in nats.
# What does that say about *mistakes*? Say that the anchor $x$ of class $c$ is *missed at rank $r$* when $r$ or more of the
# other classes score at least as much as $c$: $f(x)\cdot\mu_j\ge f(x)\cdot\mu_c$. For $r=1$ the mean classifier's answer
# is wrong (a tie counts as wrong).
#
# - With `r=0`, the default, return the upper bound of Proposition A on $L_{sup}^\mu$. It is never above $L_{un}/p_{\min}-\ln2$, and at $f=0$ with uniform
#   $\rho$ it is $(C-1)\ln 2$.
# - With any integer $r\ge1$, return the smallest upper bound on the probability of being missed at rank $r$, for $c\sim\rho$ and $x\sim D_c$, that
#   follows from that bound on $L_{sup}^\mu$ and from $C$ alone: nothing else is known about the values of $\varphi(c,x)$.
#
# A `unsup_loss` that no embedding has can make the bound negative; the probability is then 0, and there is no error.

# %% nbgrader={"grade": false, "grade_id": "lemma1_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma1_sharp(unsup_loss, rho, r=0):
    """Proposition A: a bound on the mean classifier's loss, in nats; for r >= 1 what it says about P(missed at rank r).

    unsup_loss >= 0 (nats, one negative), rho (C,), r >= 0 an integer -> a number, in [0, 1] for r >= 1. ValueError for a
    negative or NaN loss, a rho that is no law, or r < 0. Source: Merad et al. 2020, Lemma 1, sharpened in lecture 03.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=0, r=r)
    collision = np.sum(np.square(rho))
    bound = float((unsup_loss - collision * math.log(2)) / np.min(rho))
    if r == 0:
        return bound
    if r >= len(rho):  # there are C - 1 other classes
        return 0.0
    # A missed anchor has r terms e^{a_j} >= 1 and pays ln(1 + r) or more, any other one more than 0 (Markov); both are
    # nearly reached.
    return min(1.0, max(0.0, bound / math.log(1 + r)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma1_sharp", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma1_sharp)

# %% [markdown]
# ## 4 · `ladder_lemma1`: the paper's proof, line by line
#
# *Difficulty* ●●●○○ · *time* 20 min · 1 point
#
# Return the four lines of the paper's proof of Lemma 1, in this order, on a given world. The value of a line is its sum;
# a line that the proof splits is the *list of its terms*, in the order given here:
#
# 1. **the loss** with one negative, one number: $L_{un}(f)=\mathbb E\,\zeta\bigl(f(x)\cdot(f(x^-)-f(x^+))\bigr)$;
# 2. **after Jensen**, $C$ terms, one for each class $j$ of the *negative*, in the order of `rho`:
#    $\rho_j\,\mathbb E_{c\sim\rho,\,x\sim D_c}\,\zeta(a_j)$. The expectations over $x^+$ and $x^-$ have moved inside;
#    those over the anchor and over both classes stay outside. Collisions $j=c$ are among them: each gives
#    $\zeta(0)=\ln2$;
# 3. **the largest term**, $C$ terms, one for each class $c$ of the *anchor*:
#    $p_{\min}\,\rho_c\,\mathbb E_{x\sim D_c}\,\max_j\zeta(a_j)$, the maximum over *all* classes $j$, the anchor's own
#    included (collisions: the maximum is never below $\ln 2$);
# 4. **the target**, two terms: $p_{\min}L_{sup}^\mu(f,\mathcal C)$ and $-p_{\min}\ln C$, because
#    $\ln\sum_{j=1}^C e^{a_j}\le\max_j a_j+\ln C$.
#
# The sum of each line is at least that of the next. A list of one number and three lists (tuples, and arrays and tensors
# in float64, are as good). The check compares the lines term by term, tests every inequality between neighbours on random worlds and on
# worlds where Jensen is an equality, and names the first line and term that break.


# %% nbgrader={"grade": false, "grade_id": "ladder_lemma1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_lemma1(rho, classes, z):
    """The four lines of the proof of L_un >= p_min (L_sup^mu - ln C), in nats, from left to right.

    [L_un, [after Jensen: C terms, by the negative's class], [largest terms: C terms, by the anchor's class],
    [p_min L_sup^mu, -p_min ln C]]. rho (C,), classes (C, S), z (S, d). ValueError when the three do not make a world.
    Source: Merad et al. 2020, proof of Lemma 1.
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
    jensen = np.einsum("cx,j,cjx->j", anchors, rho, terms)
    largest = np.min(rho) * (anchors * terms.max(axis=1)).sum(axis=1)
    target = np.min(rho) * np.array([multiway_mean_loss(rho, classes, z), -math.log(len(rho))])
    return [float(loss), list(jensen), list(largest), list(target)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_lemma1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(ladder_lemma1)

# %% [markdown]
# **See it.** One bar per line, on a random world and on a world whose embedding is constant inside each class. Which
# step gives most away?

# %%
from course import figures, solved

if solved(ladder_lemma1):
    rng = np.random.default_rng(5)
    display(figures.ladder(
        {
            "random world": ladder_lemma1(*worlds.random_world(rng, 4, 7, 3, 0.9)),
            "constant inside each class": ladder_lemma1(*worlds.class_constant_world(rng, 4, 7, 3, 0.9)),
        },
        ("the loss", "after Jensen", "the largest term", "the target"),
    ))

# %% [markdown]
# ## 5 · `coupon_probability`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
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
# The lecture counts the classes seen so far, which is enough where all are equally likely. For other laws one has to
# remember something else: look for a way that still only *adds and multiplies positive numbers*.

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


# %% nbgrader={"grade": true, "grade_id": "check_coupon_probability", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(coupon_probability)

# %% [markdown]
# ## 6 · `lemma2_bound`
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# Lemma 2 of the paper: $L_{sup}^\mu(f,\mathcal C)\le L_{un}^N(f)\,/\,p_{cc}(N)$. Return the right-hand side; for
# $N<C$ the lemma says nothing, and the answer is infinity.
#
# With `enough=True` do better. The proof throws away every draw that misses
# a class, and that is more than its last step needs. For an anchor of class $c$, keep *every* sequence of draws
# $(c_1,\dots,c_N)$ for which
#
# $$\ln\Bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\Bigr)\ \ge\ \varphi(c,x)\qquad\text{for all logits }a_1,\dots,a_C\text{ with }a_c=0,$$
#
# and throw away only the others, as the paper does. Done for every anchor, this proves $L_{sup}^\mu\le L_{un}^N/q$ for
# all worlds with this $\rho$ and all $f$. With `enough=True`, for $C\ge2$, return that bound with the largest $q$ that
# this argument gives; where $q=0$ it is infinite. It is never above the paper's.


# %% nbgrader={"grade": false, "grade_id": "lemma2_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma2_bound(unsup_loss, rho, n_negatives, enough=False):
    """Published upper bound on the mean classifier's loss, in nats: L_un^N / p_cc(N), inf when N < C.

    unsup_loss >= 0 (nats, N negatives), rho (C,), n_negatives = N >= 1 -> a number; enough=True: L_un^N / q, with every
    draw that the last step of the proof allows, math.inf where q = 0. ValueError for a negative or NaN loss, a rho that is
    no law, N < 1, or one class with enough=True. Source: Merad et al. 2020, Lemma 2, eq. (8), and its proof.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=1, n_negatives=n_negatives)
    all_seen = coupon_probability(rho, n_negatives)
    if not enough:
        return float(unsup_loss / all_seen) if all_seen > 0 else math.inf
    if len(rho) < 2:
        raise ValueError(f"one class has no rival: rho = {rho}")
    kept = math.inf
    for c in range(len(rho)):  # the 1 of the positive stands for class c, which need not be drawn
        others = np.delete(rho, c)
        never_c = others.sum() ** n_negatives
        kept = min(kept, all_seen + never_c * coupon_probability(others / others.sum(), n_negatives))
    return float(unsup_loss / kept) if kept > 0 else math.inf
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma2_bound", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma2_bound)

# %% [markdown]
# ## 7 · `lemma2_sharp`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point · *transcribe*
#
# Proposition D of the lecture, for every $\rho$ and every $N\ge1$. Return the right-hand side. At $N=1$ it must agree
# with Proposition A. It must also be accurate for $p_{\min}=10^{-10}$, where a chance to see the rarest class that is
# computed as the lecture writes it keeps only six digits.

# %% nbgrader={"grade": false, "grade_id": "lemma2_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma2_sharp(unsup_loss, rho, n_negatives):
    """Sharp form of Lemma 2 (Proposition D of the lecture), in nats, for every N >= 1 and every rho.

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


# %% nbgrader={"grade": true, "grade_id": "check_lemma2_sharp", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(lemma2_sharp)

# %% [markdown]
# **See it.** What each lemma multiplies the loss by, for ten equally likely classes. The paper plots $N=15,25,35$.

# %%
from course import solved

if solved(coupon_probability):
    ten = np.full(10, 0.1)
    for n in (10, 15, 25, 35, 50):
        published = 1 / coupon_probability(ten, n)
        print(f"N = {n:2d}   published factor {published:9.3f}   sharp factor {1 / (1 - 0.9**n):.3f}")

# %% [markdown]
# ## 8 · `ladder_lemma2`: the paper's proof, line by line
#
# *Difficulty* ●●●○○ · *time* 25 min · 1 point
#
# Let $I=(c_1,\dots,c_N)$ be the classes of the negatives and $J$ the *set* of the classes among them. Return the four
# lines of the proof; where terms are named, a line is the *list of its terms*, and its value is their sum:
#
# 1. **the loss** with $N$ negatives, one number: $L_{un}^N(f)$;
# 2. **after Jensen**, $\mathbb E_{c\sim\rho,\,x\sim D_c}\,\mathbb E_{I\sim\rho^N}\,
#    \ln\bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\bigr)$, in $C$ terms: term $m$ is the part of the expectation that comes from
#    the draws that show exactly $m$ different classes, $|J|=m$, for $m=1,\dots,C$ (0 where no draw does). A class that
#    was drawn twice counts twice inside the logarithm, and each collision $c_i=c$ adds $e^{a_c}=1$;
# 3. **only complete draws**: the same expectation, but draws with $|J|<C$ count as 0, that is
#    $p_{cc}(N)\cdot\mathbb E\bigl[\ln(1+\sum_ie^{a_{c_i}})\,\big|\,|J|=C\bigr]$, in $C$ terms, one for each class $c$
#    of the anchor, in the order of `rho`, its probability $\rho_c$ included. In a complete draw the anchor's class is
#    among the negatives: at least one collision;
# 4. **the target**, one number: $p_{cc}(N)\,L_{sup}^\mu(f,\mathcal C)$. Repeated classes are dropped, and the 1 of the
#    positive with them: the term of the anchor's own class in $\sum_{j=1}^Ce^{a_j}$ comes from a collision.
#
# For $N<C$ no draw is complete: line 3 is a list of $C$ zeros, and line 4 is 0. The check uses at most 12 points, 12 classes and $N=10$, and
# never so many that there are more than 2000 sequences of draws ($S^N\le2000$, $C^N\le2000$): `draw_counts` can list all
# draws, of points (line 1) and of classes (lines 2 and 3).


# %% nbgrader={"grade": false, "grade_id": "ladder_lemma2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_lemma2(rho, classes, z, n_negatives):
    """The four lines of the proof of L_un^N >= p_cc(N) L_sup^mu, in nats, from left to right.

    [L_un^N, [after Jensen: C terms, by the number of classes drawn], [complete draws: C terms, by the anchor's class],
    p_cc L_sup^mu]. rho (C,), classes (C, S), z (S, d), N = n_negatives >= 1 small enough to enumerate. ValueError when
    the three do not make a world or N < 1. Source: Merad et al. 2020, proof of Lemma 2.
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
    shown = (counts > 0).sum(axis=1)
    complete = shown == len(rho)
    parts = np.einsum("cx,m,cxm->cm", anchors, chance, per_draw)  # axes: class c of the anchor, draw
    jensen = [float(parts[:, shown == m].sum()) for m in range(1, len(rho) + 1)]
    target = chance[complete].sum() * multiway_mean_loss(rho, classes, z)
    return [float(loss), jensen, list(parts[:, complete].sum(axis=1)), float(target)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_lemma2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(ladder_lemma2)

# %% [markdown]
# **See it.** The same world with $N=3$ and $N=5$ negatives, three classes. The paper throws away the terms of line 2 that
# show fewer than three classes.

# %%
from course import solved

if solved(ladder_lemma2):
    rng = np.random.default_rng(7)
    world = worlds.random_world(rng, 3, 4, 2, 1.2)
    display(figures.ladder(
        {f"N = {n}": ladder_lemma2(*world, n) for n in (3, 5)},
        ("the loss", "after Jensen", "complete draws", "the target"),
    ))

# %% [markdown]
# ## 9 · `counterexample_lemma2`
#
# *Difficulty* ●●●●○ · *time* 30 min · 2 points
#
# The paper plots both losses with the factor $1/p_{cc}(N)$ *removed* and remarks that the inequality "seems to hold"
# without it. As a theorem it does not. Return `(rho, classes, z, n_negatives)`, a world and $N\ge C$ with
#
# $$L_{sup}^\mu(f,\mathcal C)\ >\ L_{un}^N(f)+10^{-6}.$$
#
# Every answer that meets this line is accepted, provided that $C$, $S$ and $d$ are at most 20, $N\le1000$ and every
# inner product of two embeddings is at most $10^3$ in absolute value. Limits and inequality are judged by exact
# evaluation when your notebook is graded; the check below only sees that an answer comes back, and neither of them. Look
# at both yourself: `np.abs(z @ z.T).max()` is the largest inner product, and with your functions `ladder_lemma2(rho, classes, z, n)[0]` is $L_{un}^N$ for small $N$.
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


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_lemma2", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(counterexample_lemma2)

# %% [markdown]
# **See it.** Your answer, evaluated (for small $N$):

# %%
from course import solved

if solved(counterexample_lemma2, multiway_mean_loss, ladder_lemma2, lemma2_sharp):
    rho, classes, z, n = counterexample_lemma2()
    supervised, contrastive = multiway_mean_loss(rho, classes, z), ladder_lemma2(rho, classes, z, n)[0]
    print(f"C = {len(rho)}, N = {n}: L_sup = {supervised:.4f}, L_un = {contrastive:.4f}")
    print(f"ratio L_sup / L_un = {supervised / contrastive:.4f}")
    print(f"the sharp lemma allows a ratio of {lemma2_sharp(contrastive, rho, n) / contrastive:.4f} here")

# %% [markdown]
# ## 10 · `proposition1_bound`
#
# *Difficulty* ●●○○○ · *time* 5 min · 1 point · *transcribe*
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


# %% nbgrader={"grade": true, "grade_id": "check_proposition1_bound", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(proposition1_bound)

# %% [markdown]
# ## 11 · `ladder_proposition1`: the paper's proof, line by line
#
# *Difficulty* ●●●○○ · *time* 30 min · 1 point
#
# On a world with *uniform* $\rho$, return the five lines of the proof; lines 2 to 5 are *lists of terms*, in the order
# given here, and the value of a line is its sum:
#
# 1. **the loss** with $N$ negatives, one number: $L_{un}^N(f)$;
# 2. **after Jensen**, $\mathbb E_{c,\,x\sim D_c}\,\mathbb E_{c_1,\dots,c_N}\,
#    \ln\bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\bigr)$, in $C$ terms, one for each class $c$ of the anchor, its probability $1/C$
#    included;
# 3. **split by collision**, $N+1$ terms: the same expectation, the draws sorted by the number $m=0,\dots,N$ of
#    collisions, $m$ of the $c_i$ equal to $c$. The last term, in which *all* negatives collide, in closed form:
#    $\tau_N\ln(N+1)$;
# 4. **one negative of another class**, $C+1$ terms: for each class $c$ of the anchor its part of
#    $(1-\tau_N)\,\mathbb E_{c,\,x\sim D_c}\,\mathbb E_{c^-}\bigl[\zeta(a_{c^-})\,\big|\,c^-\ne c\bigr]$, the
#    probability $1/C$ included, and last $\tau_N\ln(N+1)$. The partial collisions, and all negatives but one of another
#    class, are dropped here;
# 5. **the target**, two terms: $\dfrac{1-\tau_N}{k}\,L_{sup,k}^\mu(f)$ and $\tau_N\ln(N+1)$, where $L_{sup,k}^\mu$ is
#    the mean over all sets $T$ of $k+1$ classes, over $c$ uniform in $T$ and $x\sim D_c$, of $\ln\sum_{j\in T}e^{a_j}$.
#
# One step is an identity, the others are inequalities. The sizes are those of `ladder_lemma2`. A `rho` that is not
# uniform (by more than $10^{-9}$), $k<1$, $k+1>C$ and $N<1$ raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "ladder_proposition1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_proposition1(rho, classes, z, n_negatives, k):
    """The five lines of the proof of L_un^N >= (1 - tau_N)/k L_sup,k^mu + tau_N ln(N+1), in nats, from left to right.

    [L_un^N, [after Jensen: C terms, by the anchor's class], [by the number of collisions: N + 1 terms], [one negative of
    another class: C terms, then tau_N ln(N+1)], [the target: task loss, tau_N ln(N+1)]]. rho (C,) uniform,
    classes (C, S), z (S, d), N = n_negatives >= 1 small enough to enumerate, 1 <= k <= C - 1. ValueError for anything
    else. Source: Merad et al. 2020, proof of Proposition 1, part (2).
    """
    ### BEGIN SOLUTION
    loss = ladder_lemma2(rho, classes, z, n_negatives)[0]  # raises for what is no world and for N < 1
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
    parts = np.einsum("cx,m,cxm->cm", anchors, chance, per_draw)  # axes: class c of the anchor, draw
    all_collide = n_classes * (1 / n_classes) ** (n_negatives + 1)
    constant = all_collide * math.log(n_negatives + 1)
    collisions = counts.T  # axes: class c of the anchor, draw
    sorted_parts = [float(parts[collisions == m].sum()) for m in range(n_negatives)]
    others = 1 - np.eye(n_classes)
    one = np.einsum("cx,cj,cxj->c", anchors, others / (n_classes - 1), np.logaddexp(0, logits))
    tasks = list(itertools.combinations(range(n_classes), k + 1))
    average = 0.0
    for task in map(list, tasks):
        cross_entropy = np.logaddexp.reduce(logits[task][:, :, task], axis=2)  # axes: class c of the task, anchor x
        average += (classes[task] * cross_entropy).sum() / (k + 1) / len(tasks)
    return [
        loss,
        list(parts.sum(axis=1)),
        [*sorted_parts, constant],
        [*((1 - all_collide) * one), constant],
        [float((1 - all_collide) / k * average), constant],
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_proposition1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(ladder_proposition1)

# %% [markdown]
# **See it.** Four classes, three negatives, tasks of two and of four classes.

# %%
from course import solved

if solved(ladder_proposition1):
    rng = np.random.default_rng(11)
    world = worlds.random_world(rng, 4, 5, 2, 1.0, uniform=True)
    display(figures.ladder(
        {f"k = {k}": ladder_proposition1(*world, 3, k) for k in (1, 3)},
        ("the loss", "after Jensen", "split by collision", "one negative", "the target"),
    ))

# %% [markdown]
# ## 12 · `vertex_value`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# After Jensen, an anchor of class $c$ meets draws $c_1,\dots,c_N$ and pays $\ln(1+\sum_ie^{a_{c_i}})$ on average. Suppose
# that only one other class $j$ has a finite logit there, and that $a_j$ is such that the mean classifier pays exactly
# `loss` nats at this anchor. All other classes are harmless: $e^{a_l}=0$. What does the anchor pay on average, when the
# anchor's class has the probability `rho_c` and its rival `rho_j`?
#
# Exact for $N\le500$, and for a `loss` of 1000. Two probabilities that are not in $(0,1)$, or that add up to more than 1
# (by more than $10^{-9}$), raise `ValueError`; where they add up to 1 there is no other class.


# %% nbgrader={"grade": false, "grade_id": "vertex_value", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vertex_value(rho_c, rho_j, n_negatives, loss):
    """What an anchor of class c pays on average after Jensen when one class j is its only rival, in nats.

    rho_c, rho_j in (0, 1), rho_c + rho_j <= 1; N = n_negatives >= 1; loss >= 0, what the mean classifier pays at this
    anchor -> a number. ValueError for anything else. Source: lecture 03, Lemma V, for two unlike classes.
    """
    ### BEGIN SOLUTION
    validate.count(minimum=1, n_negatives=n_negatives)
    validate.non_negative(loss=loss)
    if not (0 < rho_c < 1 and 0 < rho_j < 1 and rho_c + rho_j <= 1 + 1e-9):
        raise ValueError(f"two probabilities in (0, 1) with sum <= 1 are wanted, got {rho_c} and {rho_j}")
    k = np.arange(n_negatives + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    m, n = (x.ravel() for x in np.meshgrid(k, k, indexing="ij"))  # collisions, draws of the rival
    m, n = m[m + n <= n_negatives], n[m + n <= n_negatives]
    rest = n_negatives - m - n
    log_chance = log_factorial[-1] - log_factorial[m] - log_factorial[n] - log_factorial[rest]
    log_chance += m * math.log(rho_c) + n * math.log(rho_j) + rest * math.log(max(1 - rho_c - rho_j, 1e-300))
    with np.errstate(divide="ignore"):
        log_weight = loss + np.log(-np.expm1(-loss))  # the rival's term is e^loss - 1
        paid = np.logaddexp(np.log1p(m), np.log(n) + log_weight)
    return float(np.exp(log_chance) @ paid)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_vertex_value", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(vertex_value)

# %% [markdown]
# **See it.** Two anchors for which the mean classifier pays the same, 1 nat: rivals that are drawn more and more rarely.

# %%
from course import solved

if solved(vertex_value):
    for rival in (0.5, 0.2, 0.05, 0.01):
        print(f"rival of probability {rival}: the anchor pays {vertex_value(0.5, rival, 15, 1.0):.4f}")

# %% [markdown]
# ## 13 · `lemma2_best`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# Theorem D+ of the lecture, $L_{sup}^\mu\le(L_{un}^N-B^*)/p$, is stated for equally likely classes. Find it for *every*
# $\rho$ with $C\ge2$ classes: the factor stays $1/p$ with $p=1-(1-p_{\min})^N$, and your constant in place of $B^*$ must be
# the *average over the anchor's class* $c\sim\rho$ of the largest that the lecture's argument gives when the rival has
# probability $p_{\min}$ and the anchor's class the probability $\rho_c\ge p_{\min}$. For the rarest $c$ there may be no such
# rival; give it one all the same, since the bound holds with it.
#
# At $N=1$ the bound is Proposition A; for uniform $\rho$ it is the lecture's; it is never above `lemma2_sharp`. It must
# be accurate for $p_{\min}=10^{-10}$ and for $N=10^4$.


# %% nbgrader={"grade": false, "grade_id": "lemma2_best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma2_best(unsup_loss, rho, n_negatives):
    """Theorem D+ for every rho: an upper bound on the mean classifier's loss over all classes, in nats.

    unsup_loss >= 0 (nats, N negatives), rho (C,) with C >= 2, n_negatives = N >= 1 -> a number. ValueError for a
    negative or NaN loss, a rho that is no law or has one class, or N < 1. Source: lecture 03, Theorem D+.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError(f"one class has no rival: rho = {rho}")
    # Why it holds: count of the draws of a rival only a share, so that its probability falls to b = p_min: the logarithm only
    # falls. With m, n ~ tri(N; a, b), a = rho_c >= b, and w their law, the derivative of E ln(1 + m + nW) - p phi is the sum
    # over i, j >= 1 of w(i-1, j) (j-i) / (i + jW). Pair (i, j), i < j, with (j, i): w(j-1, i) = w(i-1, j) (j/i) (a/b)^(j-i)
    # is at least w(i-1, j) j/i, so the two add up to at most 0, as in the lecture; the limit at infinity is the constant.
    k = np.arange(n_negatives + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    log_ways = log_factorial[-1] - log_factorial - log_factorial[::-1]

    def binomial(p):
        return np.exp(log_ways + k * math.log(p) + k[::-1] * math.log1p(-p)) if p < 1 else (k == k[-1]).astype(float)

    p_min = float(np.min(rho))
    hit = binomial(p_min)[1:] @ np.log(k[1:])  # E[ln n; n >= 1]
    # given n = 0, every draw is one of the other classes
    missed = sum(p * (binomial(min(1.0, p / (1 - p_min))) @ np.log1p(k)) for p in map(float, rho))
    log_spared = n_negatives * math.log1p(-p_min)
    return float((unsup_loss - hit - math.exp(log_spared) * missed) / -math.expm1(log_spared))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_lemma2_best", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(lemma2_best)

# %% [markdown]
# ## 14 · `floor_bound`
#
# *Difficulty* ●●●○○ · *time* 25 min · 1 point
#
# Theorem F+ of the lecture, for $C\ge2$ equally likely classes:
# $L_{sup}^\mu\le(L_{un}^N-\Phi_N)/\theta_N$. The lecture gives both $\Phi_N$ and $\theta_N$ as expectations over the
# draws. Which laws do the counts in them have? Return the bound, for $N$ up to 65536 and $C$ up to 1000, with an
# error of at most $10^{-8}$ (times the bound, where that exceeds 1);
# $\theta_N$ has a form without any sum. A `unsup_loss` below the floor, which no embedding has, gives a negative number
# and no error.


# %% nbgrader={"grade": false, "grade_id": "floor_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def floor_bound(unsup_loss, n_classes, n_negatives):
    """Theorem F+: an upper bound on the mean classifier's loss over C equally likely classes, in nats.

    unsup_loss >= 0 (nats, N negatives), n_classes = C >= 2, n_negatives = N >= 1 -> a number. ValueError for anything
    else. Source: lecture 03, Theorem F+.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.count(minimum=2, n_classes=n_classes)
    validate.count(minimum=1, n_negatives=n_negatives)
    k = np.arange(n_negatives + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    log_chance = -log_factorial - log_factorial[::-1] - k * math.log(n_classes) + k[::-1] * math.log1p(-1 / n_classes)
    chance = np.exp(log_chance - log_chance.max())
    floor = chance @ np.log1p(k) / chance.sum()  # the factor N! cancels
    hit = 2 / n_classes  # a draw shows the anchor's class or its rival
    mean_inverse = (1 - (1 - hit) ** (n_negatives + 1)) / ((n_negatives + 1) * hit)  # E[1/(1 + t)]
    return float((unsup_loss - floor) / (1 - mean_inverse))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_floor_bound", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(floor_bound)

# %% [markdown]
# **See it.** The loss that an embedding of ten orthogonal classes has, and three bounds on its supervised loss.

# %%
from course import solved

if solved(lemma2_sharp, lemma2_best, floor_bound):
    ten, one_hot = np.full(10, 0.1), math.sqrt(2) * np.eye(10)
    supervised, cost = math.log1p(9 * math.exp(-2)), math.exp(-2)
    print(f"the mean classifier's loss: {supervised:.4f}")
    for n in (1, 5, 15, 50, 200, 1000):
        m = np.arange(n + 1)
        chance = np.array([math.comb(n, int(i)) * 0.1 ** int(i) * 0.9 ** (n - int(i)) for i in m]) if n < 300 else None
        if chance is None:
            logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in m]
            chance = np.exp(np.array(logs) + m * math.log(0.1) + (n - m) * math.log(0.9))
        loss = chance @ np.log1p(m + (n - m) * cost)
        bounds = lemma2_sharp(loss, ten, n), lemma2_best(loss, ten, n), floor_bound(loss, 10, n)
        print(f"N = {n:4d}   D {bounds[0]:.4f}   D+ {bounds[1]:.4f}   F+ {bounds[2]:.4f}")

# %% [markdown]
# ## 15 · `ladder_vertex`: the best bound, line by line
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# The proof of `lemma2_best` as numbers, for any $\rho$ with $C\ge2$. Return its four lines; lines 2 to 4 are *lists of
# terms*, in the order given here, and the value of a line is its sum:
#
# 1. **the loss** with $N$ negatives, one number: $L_{un}^N(f)$;
# 2. **after Jensen**, $\mathbb E_{c\sim\rho,\,x\sim D_c}\,\mathbb E_{I\sim\rho^N}\,\ln\bigl(1+\sum_{i=1}^Ne^{a_{c_i}}\bigr)$,
#    in $N+1$ terms: term $m$ is the part of the expectation that comes from draws with exactly $m$ collisions,
#    $m=0,\dots,N$ (the chance of these draws included);
# 3. **the vertex**, $C$ terms, one for each class $c$ of the anchor, its probability included: at every anchor all the
#    weight of the rivals is moved to the *one* class for which the contrastive loss is smallest, so that
#    $\varphi(c,x)$ stays what it is;
# 4. **the target**, two terms: $p\,L_{sup}^\mu(f,\mathcal C)$ with $p=1-(1-p_{\min})^N$, and the constant of
#    `lemma2_best`.
#
# The sizes are those of `ladder_lemma2`. A world of one class raises `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "ladder_vertex", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_vertex(rho, classes, z, n_negatives):
    """The four lines of the proof of L_un^N >= p L_sup^mu + constant, in nats, from left to right.

    [L_un^N, [after Jensen: N + 1 terms, by the number of collisions], [the vertex: C terms, by the anchor's class],
    [p L_sup^mu, the constant of lemma2_best]]. rho (C,) with C >= 2, classes (C, S), z (S, d), N = n_negatives >= 1
    small enough to enumerate. ValueError for anything else. Source: lecture 03, Lemma V and Theorem D+.
    """
    ### BEGIN SOLUTION
    loss = ladder_lemma2(rho, classes, z, n_negatives)[0]  # raises for what is no world and for N < 1
    if len(rho) < 2:
        raise ValueError(f"one class has no rival: rho = {rho}")
    anchors = rho[:, None] * classes  # (C, S): probability of an anchor x of class c
    scores = z @ (classes @ z).T
    counts, chance = draw_counts(rho, n_negatives)
    per_draw = log1p_sum(scores[None, :, None, :] - scores.T[:, :, None, None], counts)
    parts = np.einsum("cx,m,cxm->cm", anchors, chance, per_draw)  # axes: class c of the anchor, draw
    jensen = [float(parts[m == counts.T].sum()) for m in range(n_negatives + 1)]
    paid = np.logaddexp.reduce(scores, axis=1)[None, :] - scores.T  # phi(c, x) >= 0, up to rounding
    at_vertex = []
    for c, p in enumerate(rho):
        rival = float(np.min(np.delete(rho, c)))
        values = [vertex_value(float(p), rival, n_negatives, max(0.0, float(phi))) for phi in paid[c]]
        at_vertex.append(float(anchors[c] @ np.array(values)))
    seen = -math.expm1(n_negatives * math.log1p(-float(np.min(rho))))
    target = [seen * multiway_mean_loss(rho, classes, z), -seen * lemma2_best(0.0, rho, n_negatives)]
    return [loss, jensen, at_vertex, target]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_vertex", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(ladder_vertex)

# %% [markdown]
# **See it.** Which step gives most away now? Compare with the figure of `ladder_lemma2`.

# %%
from course import solved

if solved(ladder_vertex):
    rng = np.random.default_rng(7)
    display(figures.ladder(
        {
            "random world, N = 3": ladder_vertex(*worlds.random_world(rng, 3, 4, 2, 1.2), 3),
            "constant inside each class": ladder_vertex(*worlds.class_constant_world(rng, 3, 4, 2, 1.2), 3),
        },
        ("the loss", "after Jensen", "the vertex", "the target"),
    ))

# %% [markdown]
# ## 16 · `proof_repetitions`: a proof to put in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# Classes are equally likely; $m$ counts the collisions among $N$ draws, $n$ the draws of one rival, $w(m,n)$ is the
# probability of $(m,n)$, and $t=m+n$. Whoever counts a rival only once, however often it is drawn, uses
# $\ln(1+m+nW)\ge\ln(1+m)+\frac{1[n\ge1]}{1+m}\ln(1+W)$ and arrives at a bound like F+, with the denominator
# $g=\mathbb E\bigl[\tfrac{1[n\ge1]}{1+m}\bigr]$ in place of $\theta_N=1-\mathbb E\bigl[\tfrac1{1+t}\bigr]$.
#
# **Claim.** $g\le\theta_N$: to count the repetitions never hurts.
#
# Nine of these lines, in a right order, prove the claim; each line may use only what stands above it. Four lines are
# false. Give the labels of the proof's lines from top to bottom: `proof_repetitions = ["...", "...", ...]`. Every right
# order is accepted.
#
# - **A** Given $t$, $P\bigl(m-n\in\{0,1\}\mid t\bigr)\ge\frac1{1+t}$: it is the largest of $t+1$ probabilities with sum 1.
# - **B** Where $n\ge1$, $\min\bigl(1,\frac n{1+m}\bigr)\ge\frac1{1+m}$. So $g\le\mathbb E\min\bigl(1,\frac n{1+m}\bigr)$.
# - **C** Hence $\mathbb E\min\bigl(1,\frac n{1+m}\bigr)=P(n\ge m+1)+P(m\ge n+2)=1-P\bigl(m-n\in\{0,1\}\bigr)$.
# - **D** Given $t$, $m$ has the law $\mathrm{Bin}\bigl(t,\frac12\bigr)$.
# - **E** Given $t$, $m$ is uniform on $0,\dots,t$.
# - **F** Summing over all $1\le n\le m$: $\ \mathbb E\bigl[\frac n{1+m};\,n\le m\bigr]=P(m\ge n+2)$.
# - **G** Hence $g\le\theta_N$.
# - **H** Given $t$, the event $m-n\in\{0,1\}$ fixes $m$: it is $\lceil t/2\rceil$.
# - **I** Given $t$, the event $m-n\in\{0,1\}$ leaves two values of $m$.
# - **J** Averaged over $t$: $\ \mathbb E\min\bigl(1,\frac n{1+m}\bigr)\le1-\mathbb E\bigl[\frac1{1+t}\bigr]=\theta_N$.
# - **K** For $n\ge1$: $\ \frac n{1+m}\,w(m,n)=w(m+1,n-1)$, since both classes have the same probability.
# - **L** Since $m$ and $n$ are independent, $\mathbb E\bigl[\frac n{1+m}\bigr]=\mathbb E[n]\;\mathbb E\bigl[\frac1{1+m}\bigr]$.
# - **M** Given $t$, $m$ has the law $\mathrm{Bin}\bigl(t,\frac1C\bigr)$.

# %%
from course import arrange

arrange("proof_repetitions")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_repetitions", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_repetitions = None
### BEGIN SOLUTION
proof_repetitions = ["D", "H", "A", "K", "F", "C", "J", "B", "G"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_repetitions", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_repetitions, "proof_repetitions")

# %% [markdown]
# ## 17 · `proposition1_best`
#
# *Difficulty* ●●●●○ · *time* 30 min · 1 point
#
# Section 8 of the lecture says what the best constant $\kappa$ of Proposition 1 is, in
# $L_{sup,k}^\mu\le\kappa\,(L_{un}^N-\tau_N\ln(N+1))$: a largest ratio of two probabilities. Work out both, for
# equally likely classes, and return the bound. Checks: $k=1$ gives `proposition1_bound`, $k=C-1$ gives `lemma2_sharp` of a
# uniform law, and $\kappa=32/21$ at $C=4$, $N=2$, $k=2$. $k<1$ or $k+1>C$ raises `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "proposition1_best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def proposition1_best(unsup_loss, n_classes, n_negatives, k):
    """Proposition 1 with its exact constant: an upper bound on the average loss over (k+1)-way tasks, in nats.

    unsup_loss >= 0 (nats, N = n_negatives >= 1 negatives), n_classes = C, 1 <= k <= C - 1 -> a number. ValueError for
    anything else. Source: Merad et al. 2020, Proposition 1, sharpened in lecture 03.
    """
    ### BEGIN SOLUTION
    proposition1_bound(unsup_loss, n_classes, n_negatives, k)  # raises where this must
    kappa = 0.0
    for q in range(1, n_classes):  # q dangerous classes
        task_meets = 1 - math.comb(n_classes - 1 - q, k) / math.comb(n_classes - 1, k)
        draws_meet = -math.expm1(n_negatives * math.log1p(-q / n_classes))
        kappa = max(kappa, task_meets / draws_meet)
    all_collide = float(n_classes) ** -float(n_negatives)
    return float(kappa * (unsup_loss - all_collide * math.log(n_negatives + 1)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_proposition1_best", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(proposition1_best)

# %% [markdown]
# ## 18 · `derive_true_negatives`: what if nothing collides?
#
# *Difficulty* ●●●●● · *time* 45 min · 4 points · read by a person
#
# Somebody knows the labels and draws all negatives from *other* classes: given $c$, the classes $c_1,\dots,c_N$ are
# independent and uniform on the $C-1\ge1$ others (all classes equally likely). Call this loss $L^N$; Jensen's step of the
# lecture stays true of it. Let $p'=1-\bigl(1-\frac1{C-1}\bigr)^N$ and $S=L_{sup}^\mu(f,\mathcal C)$.
#
# a. Prove $S\le L^N/p'$ by the vertex argument: say which function is concave, on which set, what its vertices are, and
#    what the value at a vertex is.
#
# b. No factor smaller than $1/p'$ will do for all $f$ (argue at one anchor, that is on a table of logits: a world is not
#    asked for), and no positive constant can be subtracted from $L^N$ beside it. Give reasons for both.
#
# c. Let $f$ be constant on each class. Prove $L^N\le S+\ln\max\bigl(1,\frac N{C-1}\bigr)$.
#
# d. Compare with D+: which factor is smaller, and what has become of the floor? Is the loss without collisions the better
#    certificate for $N\to\infty$?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_true_negatives", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Fix $c$ and $x$, let $t_j=e^{a_j}\ge0$ for $j\ne c$, $\sigma=\sum_{j\ne c}t_j$, $\varphi=\ln(1+\sigma)$, and let
# $n_j$ be the number of draws of class $j$. By Jensen the anchor pays at least $g(t)=\mathbb E\ln(1+\sum_{j\ne
# c}n_jt_j)$, a mean of logarithms of functions that are affine in $t$, hence concave on the simplex
# $\{t\ge0,\ \sum_jt_j=\sigma\}$. Its vertices are $\sigma e_j$, and $t=\sum_j\frac{t_j}\sigma\,\sigma e_j$ is a mean of
# them, so $g(t)\ge\min_jg(\sigma e_j)$. (For $\sigma=0$ nothing is to be shown.) At a vertex
# $g(\sigma e_j)=\mathbb E\ln(1+n_j\sigma)$ with $n_j\sim\mathrm{Bin}(N,\frac1{C-1})$, the same for every $j$. Where
# $n_j\ge1$, $\ln(1+n_j\sigma)\ge\ln(1+\sigma)=\varphi$; that has probability $p'$, and elsewhere the logarithm is 0. So
# $g(t)\ge p'\varphi$. Average over $c$ and $x$: $L^N\ge p'S$.
#
# **b.** Let one rival have the weight $\sigma$, all others weight 0. Then $g=\mathbb E\ln(1+n\sigma)$ lies between
# $p'\varphi$ and $p'\varphi+\mathbb E[\ln n;\,n\ge1]$, because $\ln(1+n\sigma)\le\ln n+\ln(1+\sigma)$. So
# $\varphi/g\to1/p'$ for $\sigma\to\infty$. A constant: for logits that tend to $-\infty$ (classes that are far apart) $L^N$
# and $S$ both tend to 0; a bound $(L^N-b)/p'$ with $b>0$ would be negative there.
#
# **c.** Where $f$ is constant on the classes Jensen's step loses nothing, so that $L^N=\mathbb E_c\,\mathbb
# E\ln(1+\sum_jn_jt_j)$. The logarithm is concave: it is at most $\ln(1+\sum_j\mathbb E[n_j]t_j)=\ln(1+\frac
# N{C-1}\sigma)$. With $M=\max(1,\frac N{C-1})$, $1+\frac N{C-1}\sigma\le M(1+\sigma)$. Take logarithms and average.
#
# **d.** $p'>1-(1-\frac1C)^N$ because the rival is drawn more often: the factor is smaller. The floor is 0, and so
# nothing is subtracted. But for $N\to\infty$ the loss itself grows: $n\approx N/(C-1)$ makes $L^N\approx S+\ln\frac
# N{C-1}$ where $\varphi$ is large, and the bound $L^N/p'$ exceeds $S$ by that logarithm; for $f$ constant on each
# class D+ and F+ subtract a known amount of this size, and their difference to $S$ tends to 0. So this simple
# certificate is the *worse* one for large $N$ unless something is subtracted that depends on $\varphi$. (For such $f$
# also: where $S$ is near 0, $L^N/p'$ is near 0 as well.)
#
# === BEGIN MARK SCHEME ===
# - 1½ points, a: concave as a mean of logarithms of affine functions, on the simplex of weights with a given sum (½);
#   the vertices and $g(t)\ge\min_j$ (½); $n_j\ge1$ with probability $p'$, repetitions dropped, average (½).
# - 1 point, b: $\sigma\to\infty$ with one rival, with a reason for the limit (½); a family with $L^N\to0$, or $S\ge0$ used
#   correctly (½).
# - 1 point, c: Jensen is an equality (½ with the concave logarithm and the mean $N/(C-1)$); the maximum with 1 (½).
# - ½ point, d: smaller factor, floor 0, and that the loss grows like $\ln N$ with nothing subtracted.
# - A proof of a by sampling (submodularity) gets full marks. Any correct proof does.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 19 · `unsupervised_loss_many` (challenge)
#
# *Difficulty* ●●●●● · *time* 40 min · 2 points
#
# Enumerating draws is hopeless for $N=65536$. The lecture's integral is not: given the anchor and its positive, the
# negatives' terms are independent with one law (which?), and $N$ becomes an exponent.
#
# Return $L_{un}^N$ with an error of at most $10^{-8}$ (times the loss, where that exceeds 1), for $1\le N\le65536$,
# inner products up to $10^4$, and at most 14 points; each call within a second or two. To get there:
#
# - choose the ends of the sum from $N$ and from the smallest and largest term; both tails can be bounded by hand;
# - the terms themselves overflow: which sum of exponents does not?
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


# %% nbgrader={"grade": true, "grade_id": "check_unsupervised_loss_many", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(unsupervised_loss_many)

# %% [markdown]
# **See it.** One world, from one negative to MoCo's queue. Which column moves with $N$, and which does not move at
# all?

# %%
from course import solved

if solved(multiway_mean_loss, unsupervised_loss_many, lemma2_best):
    rng = np.random.default_rng(3)
    world = worlds.random_world(rng, 5, 8, 3, 0.8)
    supervised = multiway_mean_loss(*world)
    for n in (1, 15, 255, 65536):
        loss = unsupervised_loss_many(*world, n)
        bound = lemma2_best(loss, world[0], n)
        print(f"N = {n:5d}   L_un = {loss:8.5f}   D+ = {bound:8.5f}   L_sup = {supervised:.5f}")

# %% [markdown]
# ## 20 · `sharp_slope` (challenge)
#
# *Difficulty* ●●●●● · *time* 35 min · 2 points
#
# Let $\Phi_N$ be the floor of the loss for *any* $\rho$ with $C\ge2$. What is the largest constant $q^*$ such that
#
# $$q^*\,L_{sup}^\mu(f,\mathcal C)\ \le\ L_{un}^N(f)-\Phi_N\qquad\text{for every world with this }\rho\text{ and every }f\,?$$
#
# For uniform $\rho$ the lecture says what it is. Which anchor's class and which rival decide in general? Return $q^*$ with
# a relative error of at most $10^{-8}$, for $N\le60$. For $N=1$ it is $p_{\min}$; and it may be the limit of a quotient
# at an end of its interval.


# %% nbgrader={"grade": false, "grade_id": "sharp_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sharp_slope(rho, n_negatives):
    """The largest q with q L_sup^mu <= L_un^N - floor for every world with this rho and every embedding.

    rho (C,) with C >= 2, n_negatives = N >= 1 -> a number in (0, 1), relative error below 1e-8. ValueError for a rho
    that is no law or has one class, or N < 1. Source: lecture 03, Theorem F+, sharpened.
    """
    ### BEGIN SOLUTION
    validate.law(rho)
    validate.count(minimum=1, n_negatives=n_negatives)
    if len(rho) < 2:
        raise ValueError(f"one class has no rival: rho = {rho}")
    # The worst pair: collisions of the most frequent class hide its rival, the rarest class, best.
    a, b, k = float(np.max(rho)), float(np.min(rho)), np.arange(n_negatives + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    m, n = (x.ravel() for x in np.meshgrid(k, k, indexing="ij"))
    m, n = m[m + n <= n_negatives], n[m + n <= n_negatives]
    rest = n_negatives - m - n
    log_chance = log_factorial[-1] - log_factorial[m] - log_factorial[n] - log_factorial[rest]
    log_chance += m * math.log(a) + n * math.log(b) + rest * math.log(max(1 - a - b, 1e-300))
    chance, ratio = np.exp(log_chance), n / (1 + m)
    low, high = -9.0, 12.0  # u = ln t; the minimum is flat, so that its place matters little
    for _ in range(12):
        u = np.linspace(low, high, 60)
        quotient = np.log1p(np.exp(u)[:, None] * ratio) @ chance / np.log1p(np.exp(u))
        best = int(np.argmin(quotient))
        low, high = u[max(best - 1, 0)], u[min(best + 1, len(u) - 1)]
    return float(min(quotient.min(), chance @ ratio))  # the second is the limit for t -> 0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sharp_slope", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(sharp_slope)

# %% [markdown]
# ## 21 · `attaining_world` (challenge)
#
# *Difficulty* ●●●●● · *time* 35 min · 2 points
#
# Show that your $q^*$ cannot be improved: given `rho` (at most 6 classes) and $N\le8$, return `(classes, z)` such that on
# the world `(rho, classes, z)`
#
# $$q^*\,L_{sup}^\mu\ \ge\ 0.99\,\bigl(L_{un}^N-\Phi_N\bigr).$$
#
# Every answer that meets this line is accepted, provided that $S$ and $d$ are at most 20 and every inner product of
# two embeddings is at most 2000 in absolute value. It is asked for laws whose quotient has its infimum inside,
# anywhere from $\varphi$ near 0 to $\varphi=1.3$. The lecture says which *table of logits* does it for uniform $\rho$; one
# point per class makes $a_j=f(x_c)\cdot f(x_j)-\lVert f(x_c)\rVert^2$, and not every table is one of a world. It is judged by
# exact evaluation when your notebook is graded: the check below only sees that an answer comes back, and refuses bad
# input. The cell after it evaluates two of your worlds.


# %% nbgrader={"grade": false, "grade_id": "attaining_world", "locked": false, "schema_version": 3, "solution": true, "task": false}
def attaining_world(rho, n_negatives):
    """classes (C, S) and z (S, d) on which q* L_sup^mu is at least 99 % of L_un^N - floor.

    rho (C,) with 2 <= C <= 6, n_negatives = N >= 1. ValueError for a rho that is no law or has one class, or N < 1.
    Source: lecture 03, the worlds that attain the constants.
    """
    ### BEGIN SOLUTION
    sharp_slope(rho, n_negatives)  # raises where this must
    size = len(rho)
    c = int(np.argmax(rho))
    r = min((j for j in range(size) if j != c), key=lambda j: rho[j])
    a, b, k = float(rho[c]), float(rho[r]), np.arange(n_negatives + 1)
    m, n = (x.ravel() for x in np.meshgrid(k, k))
    kept = m + n <= n_negatives
    m, n = m[kept], n[kept]
    ways = np.array([math.comb(n_negatives, i) * math.comb(n_negatives - i, j) for i, j in zip(m, n, strict=True)])
    chance = ways * a**m * b**n * max(0.0, 1 - a - b) ** (n_negatives - m - n)
    s = np.linspace(-4, 6, 1001)
    quotient = np.log1p(np.exp(s)[:, None] * (n / (1 + m))) @ chance / np.log1p(np.exp(s))
    logit = s[np.argmin(quotient)]
    # f_c = A e_c, f_r = (A + s/A) e_c + A e_r, every other class A e_j: at c the logit of r is s; all others <= -A^2 + ...
    z = 20.0 * np.eye(size)
    z[r, c] = 20.0 + logit / 20.0
    return np.eye(size), z
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_attaining_world", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(attaining_world)

# %% [markdown]
# **See it.** Your world, evaluated.

# %%
from course import solved

if solved(attaining_world, unsupervised_loss_many, multiway_mean_loss, sharp_slope):
    for rho, n in ((np.full(3, 1 / 3), 4), (np.array([0.2, 0.5, 0.3]), 5)):
        world = (rho, *attaining_world(rho, n))
        loss, supervised = unsupervised_loss_many(*world, n), multiway_mean_loss(*world)
        floor = unsupervised_loss_many(rho, np.eye(3), 30 * np.eye(3), n)  # orthogonal classes, far apart
        print(f"q* L_sup = {sharp_slope(rho, n) * supervised:.6f}   loss above the floor = {loss - floor:.6f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/03_many_negatives/03_many_negatives.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_true_negatives")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
