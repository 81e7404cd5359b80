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
# # 02 · Latent classes
#
# *Why a loss without labels helps a classifier.* Read the lecture `lectures/02_latent_classes.ipynb` first.
#
# Contrastive learning never sees a label, and yet a linear classifier works on what it learns. You will turn the
# explanation of Saunshi, Plevrakis, Arora, Khodak and Khandeparkar (2019, "CURL") into exact numbers: first the laws
# of the pairs, then the two losses and the bound between them, then the proof itself, line by line.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-3 | `similar_pairs`, `negatives_law`, `class_means` | 15 min | 1 + 1 + 1 |
# | 4 | `unsupervised_loss` | 20 min | 4 |
# | 5 | `mean_classifier_loss` | 20 min | 4 |
# | 6-7 | `collision_probability`, `curl_bound` | 15 min | 1 + 2 |
# | 8 | `block_loss` | 15 min | 3 |
# | 9-10 | `ladder_curl` and its reasons | 60 min | 5 + 5 by hand |
# | 11 | `counterexample_dream` | 30 min | 4 |
#
# **The world.** Nature draws a class $c$ with probability $\rho_c$ and a point $x$ from the law $D_c$ of that class.
# Everything here is finite, so that every expectation is a finite sum and no sampling is needed:
#
# | symbol | array | shape | meaning |
# |---|---|---|---|
# | $\rho$ | `rho` | (C,) | probability of each class, all > 0, sum 1 |
# | $D_c(x)$ | `classes` | (C, S) | row $c$ is the law of class $c$ on the $S$ points; classes may overlap |
# | $f(x)$ | `z` | (S, d) | row $x$ is the embedding of point $x$ |
#
# **The draws.** A similar pair: a class $c^+ \sim \rho$, then $x$ and $x^+$ independently from $D_{c^+}$. A negative:
# a class $c^- \sim \rho$ independent of all that, then $x^- \sim D_{c^-}$. Nothing forbids $c^- = c^+$ (a
# *collision*), and nothing forbids $x^+ = x$.
#
# **Rules of the game.** Numpy arrays in float64 (torch tensors in `block_loss`). Natural logarithm, nats. Logits may
# be as large as $10^4$: the answer must stay finite. Inputs are never changed. Bad input raises `ValueError`: `rho`
# that has a zero or does not sum to 1, a row of `classes` that is not a law, shapes that do not fit, NaN.
# `validate.world(rho, classes, z)` (or without `z`) checks all of that in one line. You may call the functions that
# you wrote earlier in this notebook.

# %% [markdown]
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then run
# the `check(...)` cell below it: it says at once what holds and what does not, and, where it recognises it, which belief is
# wrong. Hints unfold one after the other. The grade is decided later on *other* inputs, drawn after your code has loaded.
# Your functions must not change their inputs.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate, worlds

# %% [markdown]
# Here is one such world, small enough to read: two overlapping classes on three points, embedded in the plane.

# %%
rho = np.array([0.7, 0.3])
classes = np.array([[0.5, 0.5, 0.0], [0.0, 0.4, 0.6]])
z = np.array([[1.0, 0.2], [0.5, 0.5], [-0.3, 1.2]])
validate.world(rho, classes, z)
print("C, S, d =", len(rho), *z.shape)

# %% [markdown]
# ## 1 · `similar_pairs`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point
#
# The joint law of a similar pair, $P(x, x^+) = \sum_c \rho_c\, D_c(x)\, D_c(x^+)$, as an array of shape (S, S).

# %% nbgrader={"grade": false, "grade_id": "similar_pairs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def similar_pairs(rho, classes):
    """Joint law (S, S) of a similar pair: entry [x, y] = sum_c rho_c D_c(x) D_c(y).

    rho (C,) class probabilities, classes (C, S) with row c the law of class c. ValueError for anything else.
    Source: Saunshi et al. 2019 (CURL), D_sim.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes)
    return classes.T @ (rho[:, None] * classes)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_similar_pairs", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(similar_pairs)

# %% [markdown]
# ## 2 · `negatives_law`
#
# *Difficulty* ●○○○○ · *time* 3 min · 1 point
#
# The law of a negative, $P(x^-) = \sum_c \rho_c\, D_c(x^-)$, as an array of shape (S,).

# %% nbgrader={"grade": false, "grade_id": "negatives_law", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negatives_law(rho, classes):
    """Law (S,) of a negative: entry [x] = sum_c rho_c D_c(x).

    rho (C,) class probabilities, classes (C, S) with row c the law of class c. ValueError for anything else.
    Source: Saunshi et al. 2019 (CURL), D_neg.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes)
    return rho @ classes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negatives_law", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(negatives_law)

# %% [markdown]
# ## 3 · `class_means`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point
#
# The mean embedding of each class, $\mu_c = \mathbb E_{x\sim D_c} f(x) = \sum_x D_c(x) f(x)$, one row per class:
# shape (C, d). There is no `rho` here, so check what comes in yourself: each row of `classes` must be a law
# (`validate.law(row, zeros=True)`), `z` must have one row per point, and no NaN.

# %% nbgrader={"grade": false, "grade_id": "class_means", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_means(classes, z):
    """Mean embedding of each class, shape (C, d): row c = sum_x D_c(x) z[x].

    classes (C, S) with row c the law of class c, z (S, d). ValueError when a row is no law, shapes do not fit, or NaN.
    Source: Saunshi et al. 2019 (CURL), the mean classifier.
    """
    ### BEGIN SOLUTION
    for c, row in enumerate(classes):
        validate.law(row, f"classes[{c}]", zeros=True)
    if z.ndim != 2 or len(z) != classes.shape[1]:
        raise ValueError(f"z must have one row per point, got z {z.shape} and classes {classes.shape}")
    if not np.isfinite(z).all():
        raise ValueError(f"z must be finite, got {z[~np.isfinite(z)][0]!r} among its entries")
    return classes @ z
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_class_means", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(class_means)

# %% [markdown]
# ## 4 · `unsupervised_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 4 points
#
# The contrastive loss with one negative, exactly:
#
# $$L_{un}(f) = \mathbb E_{(x,x^+)\sim D_{sim}}\ \mathbb E_{x^-\sim D_{neg}}
#   \ \ln\Bigl(1 + e^{\,f(x)\cdot f(x^-) - f(x)\cdot f(x^+)}\Bigr).$$
#
# It is the sum of $S^3$ terms, each weighted by its probability. Return one number. Two things to watch: the
# logarithm stands *inside* the expectation, and $\ln(1+e^v)$ must survive $v = 10^4$ (`np.logaddexp`).

# %% nbgrader={"grade": false, "grade_id": "unsupervised_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unsupervised_loss(rho, classes, z):
    """Exact contrastive loss with one negative, in nats: E ln(1 + exp(f(x).f(x-) - f(x).f(x+))).

    (x, x+) ~ similar_pairs, x- ~ negatives_law, independent. rho (C,), classes (C, S), z (S, d) -> a number.
    Finite for logits of 1e4. ValueError when the three do not make a world. Source: CURL, eq. (1).
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    inner = z @ z.T  # inner[x, y] = f(x).f(y)
    logits = inner[:, None, :] - inner[:, :, None]  # axes: anchor, positive, negative
    losses = np.logaddexp(0, logits)  # ln(e^0 + e^logit), stable for any logit
    return np.einsum("ap,n,apn->", similar_pairs(rho, classes), negatives_law(rho, classes), losses)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_unsupervised_loss", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(unsupervised_loss)

# %% [markdown]
# ## 5 · `mean_classifier_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 4 points
#
# A *task* is a pair of distinct classes $(c_1, c_2)$: both are drawn independently from $\rho$, and the pair is kept
# when $c_1 \ne c_2$. Inside a task both classes weigh 1/2, whatever $\rho$ says. The *mean classifier* scores class
# $c$ by $f(x)\cdot\mu_c$, and pays the logistic loss:
#
# $$\ell(c_1,c_2) = \tfrac12\,\mathbb E_{x\sim D_{c_1}}\ln\bigl(1+e^{f(x)\cdot(\mu_{c_2}-\mu_{c_1})}\bigr)
#   + \tfrac12\,\mathbb E_{x\sim D_{c_2}}\ln\bigl(1+e^{f(x)\cdot(\mu_{c_1}-\mu_{c_2})}\bigr),$$
#
# $$L^\mu_{sup}(f) = \mathbb E_{c_1,c_2\sim\rho}\bigl[\,\ell(c_1,c_2)\ \big|\ c_1\ne c_2\,\bigr].$$
#
# Return $L^\mu_{sup}$, one number. A world with a single class has no task: raise `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "mean_classifier_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_classifier_loss(rho, classes, z):
    """Average logistic loss, in nats, of the mean classifier over tasks of two distinct classes drawn from rho.

    Both classes of a task weigh 1/2. rho (C,), classes (C, S), z (S, d) -> a number; finite for logits of 1e4.
    ValueError when the three do not make a world or C = 1. Source: Saunshi et al. 2019 (CURL), the mean classifier.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    if len(rho) < 2:
        raise ValueError(f"a task needs two distinct classes, rho has {len(rho)}")
    scores = z @ class_means(classes, z).T  # scores[x, c] = f(x).mu_c
    logits = scores[:, None, :] - scores[:, :, None]  # axes: point, its class, the other class
    own = np.einsum("cx,xce->ce", classes, np.logaddexp(0, logits))  # own[c, e]: loss on class c against class e
    weights = np.outer(rho, rho)
    np.fill_diagonal(weights, 0)
    # (c, e) and (e, c) weigh the same, so the two halves of a task may be summed as two ordered pairs.
    return (weights * own).sum() / weights.sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_mean_classifier_loss", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(mean_classifier_loss)

# %% [markdown]
# ## 6 · `collision_probability`
#
# *Difficulty* ●○○○○ · *time* 3 min · 1 point
#
# The probability $\tau = P(c^- = c^+)$ that a negative comes from the class of its anchor, for two independent draws
# from $\rho$.

# %% nbgrader={"grade": false, "grade_id": "collision_probability", "locked": false, "schema_version": 3, "solution": true, "task": false}
def collision_probability(rho):
    """Probability that two independent draws from rho give the same class: a number in [1/C, 1].

    rho (C,) class probabilities, all > 0, sum 1; ValueError otherwise. Source: Saunshi et al. 2019 (CURL), tau.
    """
    ### BEGIN SOLUTION
    validate.law(rho)
    return (rho**2).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_collision_probability", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(collision_probability)

# %% [markdown]
# ## 7 · `curl_bound`
#
# *Difficulty* ●●○○○ · *time* 10 min · 2 points
#
# The lemma says $L_{un} \ \ge\ (1-\tau)\,L^\mu_{sup} + \tau\,\ln 2$. Solve it for $L^\mu_{sup}$: given the value of
# $L_{un}$ and `rho`, return the largest value that $L^\mu_{sup}$ can have. Mind the base of the logarithm: at $f = 0$
# both losses are $\ln 2$, so the bound must be $\ln 2$ there, for every $\rho$. Raise `ValueError` for a negative or
# NaN loss, for a `rho` that is no law, and for a single class (no task exists).

# %% nbgrader={"grade": false, "grade_id": "curl_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def curl_bound(unsup_loss, rho):
    """Sharp upper bound on the mean classifier's average loss, in nats, from the value of the contrastive loss.

    unsup_loss a number >= 0 (nats), rho (C,) with C >= 2 -> a number. ValueError for a negative or NaN loss, a rho
    that is no law, or one class. Source: Saunshi et al. 2019, Lemma 4.3, with the constant of the natural log.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    collision = collision_probability(rho)
    if len(rho) < 2:
        raise ValueError(f"the bound needs two classes, rho has {len(rho)}")
    return (unsup_loss - collision * math.log(2)) / (1 - collision)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_curl_bound", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(curl_bound)

# %% [markdown]
# **See it.** With your functions, 300 random worlds and 60 worlds whose embedding is constant inside each class. No
# point may lie above the diagonal; on which worlds do the points lie *on* it, and why?

# %%
from course.plots_worlds import scatter_against_bound

rng = np.random.default_rng(2)
groups = {"random": worlds.random_world, "constant inside each class": worlds.class_constant_world}
found = {}
for label, make in groups.items():
    drawn = [make(rng, 4, 9, 3, rng.uniform(0.3, 2)) for _ in range(300 if make is worlds.random_world else 60)]
    found[label] = [(curl_bound(unsupervised_loss(*w), w[0]), mean_classifier_loss(*w)) for w in drawn]
scatter_against_bound(found, bound_name="curl_bound", value_name="mean_classifier_loss", log=True)

# %% [markdown]
# ## 8 · `block_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# When similar points come in blocks (the sentences of a paragraph), $f(x^+)$ and $f(x^-)$ may be replaced by
# *averages over a block*: for each anchor $a_i$ a block of $b$ positives $p_{i1},\dots,p_{ib}$ and a block of $b$
# negatives $n_{i1},\dots,n_{ib}$,
#
# $$\frac1B\sum_{i=1}^B \ln\Bigl(1+\exp\bigl(a_i\cdot(\bar n_i-\bar p_i)\bigr)\Bigr),\qquad
#   \bar p_i=\frac1b\sum_j p_{ij},\quad \bar n_i=\frac1b\sum_j n_{ij}.$$
#
# Torch this time: `anchor` (B, d), `positives` and `negatives` (B, b, d), any floating dtype; return a 0-dim tensor
# that can be differentiated, best without a Python loop over the batch, finite for logits of $\pm10^4$.
# `validate.candidates(anchor, positives=positives, negatives=negatives)` checks the shapes and NaN.

# %% nbgrader={"grade": false, "grade_id": "block_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def block_loss(anchor, positives, negatives):
    """Mean over anchors of ln(1 + exp(a.(mean of negatives - mean of positives))), in nats: a 0-dim tensor.

    anchor (B, d), positives and negatives (B, b, d), floating tensors; differentiable, finite for logits of +-1e4.
    ValueError for shapes that do not fit, an empty batch or block, or NaN. Source: CURL, blocks.
    """
    ### BEGIN SOLUTION
    validate.candidates(anchor, positives=positives, negatives=negatives)
    logits = (anchor * (negatives.mean(dim=1) - positives.mean(dim=1))).sum(dim=-1)
    return F.softplus(logits).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_block_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(block_loss)

# %% [markdown]
# ## 9 · `ladder_curl`: the proof, line by line
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points
#
# Return the values of the four lines of the proof of the lemma, in this order, on a given world:
#
# 1. **the loss**:
#    $L_{un}=\mathbb E_{c^+,c^-\sim\rho}\ \mathbb E_{x,x^+\sim D_{c^+}}\ \mathbb E_{x^-\sim D_{c^-}}
#    \ \ln\bigl(1+e^{f(x)\cdot(f(x^-)-f(x^+))}\bigr)$;
# 2. **after Jensen**: the two expectations over $x^+$ and over $x^-$ have moved inside, onto $f(x^+)$ and $f(x^-)$;
#    those over the two classes (a collision $c^-=c^+$ included) and over the anchor $x\sim D_{c^+}$ stay outside;
# 3. **split by collision**: the terms of line 2 with $c^-=c^+$ replaced by their closed form, plus the sum over the
#    pairs of classes with $c^-\ne c^+$ of $\rho_{c^+}\rho_{c^-}$ times the expectation over $x$;
# 4. **the target**: $(1-\tau)\,L^\mu_{sup}+\tau\ln 2$.
#
# A list of four numbers. One step of the proof is an inequality and the others are identities: your numbers will show
# which. The check compares every line, then tests the inequalities between neighbours on random worlds and on worlds
# where all four lines must agree, and names the first line that breaks. One class raises `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "ladder_curl", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_curl(rho, classes, z):
    """The four lines of the proof of L_un >= (1 - tau) L_sup^mu + tau ln 2 as numbers, in nats, from left to right.

    [L_un, after Jensen, split by collision, (1 - tau) L_sup^mu + tau ln 2]. rho (C,), classes (C, S), z (S, d).
    ValueError when the three do not make a world or C = 1. Source: Saunshi et al. 2019, proof of Lemma 4.3.
    """
    ### BEGIN SOLUTION
    target = mean_classifier_loss(rho, classes, z)  # raises for anything that is no world of two classes or more
    collision = collision_probability(rho)
    scores = z @ class_means(classes, z).T
    logits = scores[:, None, :] - scores[:, :, None]  # axes: anchor x, its class c+, class c- of the negative
    terms = np.outer(rho, rho) * np.einsum("cx,xce->ce", classes, np.logaddexp(0, logits))
    distinct = ~np.eye(len(rho), dtype=bool)
    return [
        unsupervised_loss(rho, classes, z),
        terms.sum(),
        collision * math.log(2) + terms[distinct].sum(),
        (1 - collision) * target + collision * math.log(2),
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_curl", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(ladder_curl)

# %% [markdown]
# **See it.** One bar per line, on a random world and on a world whose embedding is constant inside each class.

# %%
from course.plots_worlds import ladder

names = ("loss", "after Jensen", "split by collision", "target")
rng = np.random.default_rng(5)
ladder(
    {
        "random world": ladder_curl(*worlds.random_world(rng, 3, 6, 2, 1.2)),
        "constant inside each class": ladder_curl(*worlds.class_constant_world(rng, 3, 6, 2, 1.2)),
    },
    names,
)

# %% [markdown]
# ## 10 · `derive_curl_lemma`: the reasons
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points · read by a person
#
# Your ladder shows *that* the lemma holds on the worlds that were tried. Write *why* it holds on all of them:
#
# a. Which inequality takes line 1 to line 2, for which function, over which variables, and why may the expectation go
# onto $f(x^+)$ and $f(x^-)$ although $f(x)$ stands there too?
#
# b. Why is the collision term exactly $\tau\ln 2$, and how does line 3 become line 4?
#
# c. Show that line 1 equals line 2 exactly when $f$ is constant on the support of each class.
#
# d. Let $L_{sup}$ be the loss of the *best* linear classifier of each task. Deduce $L_{sup}\le L_{un}$, without any
# factor.

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_curl_lemma", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Write $\ell(v)=\ln(1+e^v)$. It is strictly convex: $\ell''(v)=e^v/(1+e^v)^2>0$.
#
# **a.** Fix $c^+$, $c^-$ and the anchor $x$. Given these, $x^+\sim D_{c^+}$ and $x^-\sim D_{c^-}$ are independent of
# $x$, and the argument $v=f(x)\cdot(f(x^-)-f(x^+))$ is linear in $(f(x^+),f(x^-))$, with $f(x)$ a constant vector.
# Jensen's inequality for $\ell$ over $(x^+,x^-)$ gives
# $\mathbb E\,\ell(v)\ge\ell(\mathbb E v)=\ell\bigl(f(x)\cdot(\mu_{c^-}-\mu_{c^+})\bigr)$. Average over $x$, $c^+$,
# $c^-$: line 1 $\ge$ line 2. The independence of $x$ and $x^+$ given $c^+$ is needed: otherwise
# $\mathbb E[f(x^+)\mid x]$ need not be $\mu_{c^+}$.
#
# **b.** Where $c^-=c^+$ the argument is $f(x)\cdot(\mu_{c^+}-\mu_{c^+})=0$, whatever $x$ is, and $\ell(0)=\ln 2$.
# This happens with probability $\sum_c\rho_c^2=\tau$. The rest of line 2 is $\sum_{c\ne e}\rho_c\rho_e\,g(c,e)$ with
# $g(c,e)=\mathbb E_{x\sim D_c}\ell(f(x)\cdot(\mu_e-\mu_c))$. The weights are symmetric, so $g(c,e)$ may be replaced
# by $\tfrac12(g(c,e)+g(e,c))$, the mean classifier's loss on the task; and
# $\rho_c\rho_e=(1-\tau)\,P(c_1=c,c_2=e\mid c_1\ne c_2)$ because $P(c_1\ne c_2)=1-\tau$. Hence the rest is
# $(1-\tau)L^\mu_{sup}$.
#
# **c.** If $f=\mu_c$ on the support of each class, $v$ does not depend on $(x^+,x^-)$, and Jensen is an equality.
# Conversely, $\ell$ is *strictly* convex and all $\rho_c>0$, so equality forces $v$ to be constant over $(x^+,x^-)$
# for every $c^+$, $c^-$ and every $x$ in the support of $D_{c^+}$. Take $y,y'$ in the support of one class $c$, and
# vary $x^+$ between them: $f(x)\cdot(f(y)-f(y'))=0$ for every $x$ in the support of $c$. Choose $x=y$, then $x=y'$,
# and subtract: $\lVert f(y)-f(y')\rVert^2=0$, so $f(y)=f(y')$.
#
# **d.** On each task the best linear classifier is at least as good as the mean classifier, hence
# $L_{sup}\le L^\mu_{sup}$ and $L_{un}\ge\tau\ln2+(1-\tau)L_{sup}$. The weights $w_1=w_2=0$ give loss $\ln 2$ on every
# task, hence $L_{sup}\le\ln 2$. Together $L_{un}\ge\tau L_{sup}+(1-\tau)L_{sup}=L_{sup}$.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: Jensen named, convexity of $\ln(1+e^v)$ stated with a reason (second derivative, or log-sum-exp),
#   conditional on the anchor and both classes; linearity in $(f(x^+),f(x^-))$.
# - ½ point, a: says where the independence of $x$ and $x^+$ given the class is used (or that
#   $\mathbb E[f(x^+)\mid x]=\mu_{c^+}$).
# - 1 point, b: argument 0 and $\ell(0)=\ln2$ (½); weights $\rho_c\rho_e$ turned into $(1-\tau)$ times conditional
#   probabilities, and the two halves of a task by symmetry (½).
# - 1½ points, c: the easy direction (½); strict convexity forces a constant argument (½); the choice $x=y$, $x=y'$,
#   or another argument that gives $f(y)=f(y')$ (½). Only "strict Jensen" without the last step: 1.
# - 1 point, d: $L_{sup}\le L^\mu_{sup}$ (½) and $L_{sup}\le\ln2$ by $w=0$, combined (½). Dividing by $1-\tau$ and
#   stopping at $L_{sup}\le L_{un}/(1-\tau)$: ½.
# - Any correct proof by another road gets the points of the parts that it covers. A slip of sign or a missing index
#   costs nothing when the next line shows that it was a slip.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 11 · `counterexample_dream`
#
# *Difficulty* ●●●●○ · *time* 10 min · 4 points
#
# The lemma says: *if* the contrastive loss is small, the classifier is good. The "dream theorem" would say more: the
# minimiser of the contrastive loss over a set of embeddings is nearly as good as the best embedding of the set. It is
# false, and you are to show it with a set of only two embeddings. Here both losses use the hinge $h(v)=\max(0,1-v)$
# of the margin $v$ (the lecture writes the same loss with the sign of $v$ turned):
#
# $$L^{h}_{un}(f)=\mathbb E\ h\bigl(f(x)\cdot(f(x^+)-f(x^-))\bigr),\qquad
#   L^{h,\mu}_{sup}(f)=\mathbb E_{c_1\ne c_2}\bigl[\ell^h(c_1,c_2)\bigr],$$
#
# $$\ell^h(c_1,c_2)=\tfrac12\,\mathbb E_{x\sim D_{c_1}}h\bigl(f(x)\cdot(\mu_{c_1}-\mu_{c_2})\bigr)
#   +\tfrac12\,\mathbb E_{x\sim D_{c_2}}h\bigl(f(x)\cdot(\mu_{c_2}-\mu_{c_1})\bigr).$$
#
# Return `(rho, classes, z_useless, z_good)`: a world of at least two classes and two embeddings of its points (any
# dimensions, finite numbers, at most 4000 entries an array) such that
#
# - the mean classifier is perfect on the good one: $L^{h,\mu}_{sup}(z_{good})=0$;
# - it is useless on the other: $L^{h,\mu}_{sup}(z_{useless})\ge1$, no better than answering 0 to everything;
# - and yet the contrastive loss prefers the useless one: $L^h_{un}(z_{useless})<L^h_{un}(z_{good})$, by more than
#   $10^{-9}$.
#
# `r` is yours to use as the spread of the points *inside* each class of the good embedding: what spoils the
# contrastive loss there, and can it leave the class means alone? Every answer that meets the three lines is accepted.
# With $z_{useless}=0$ and the simplest construction the third line holds exactly when $r>\sqrt{3/2}$; so let `r`
# $\le\sqrt{3/2}$ (and NaN) raise `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "counterexample_dream", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_dream(r):
    """A world and two embeddings of its points where the contrastive hinge loss prefers the useless embedding.

    r > sqrt(3/2): spread inside the classes (ValueError otherwise).
    Returns (rho (C,), classes (C, S), z_useless (S, d), z_good (S, e)). Source: CURL, the dream theorem.
    """
    ### BEGIN SOLUTION
    validate.positive(r=r)
    if r <= math.sqrt(1.5):
        raise ValueError(f"r must be > sqrt(3/2) = {math.sqrt(1.5):.6f}, got {r!r}")
    rho = np.array([0.5, 0.5])
    classes = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    # The second coordinate tells the classes apart; the first one, +-r, averages to 0 in each class mean.
    z_good = np.array([[r, 1.0], [-r, 1.0], [r, -1.0], [-r, -1.0]])
    return rho, classes, np.zeros_like(z_good), z_good
    ### END SOLUTION


# %% [markdown]
# **Look at your world before you submit.** The check evaluates the three lines on the world that you return. The next two cells compute them
# from the definitions.

# %%
from itertools import product


def hinge_losses(rho, classes, z):
    """(contrastive, mean classifier) hinge losses, outcome by outcome."""
    laws = [[(p, x) for p, x in zip(row, z, strict=True) if p > 0] for row in classes]
    contrastive = supervised = distinct = 0.0
    for (r, own), (s, other) in product(zip(rho, laws, strict=True), repeat=2):
        contrastive += sum(
            r * s * p * q * t * max(0, 1 - x @ (y - n)) for (p, x), (q, y), (t, n) in product(own, own, other)
        )
        if own is not other:
            gap = sum(p * x for p, x in own) - sum(t * n for t, n in other)
            supervised += r * s * sum(p * max(0, 1 - x @ gap) for p, x in own)
            distinct += r * s
    return contrastive, supervised / distinct


# %%
rho, classes, z_useless, z_good = (np.asarray(a, dtype=float) for a in counterexample_dream(2.0))
for name, z in (("z_useless", z_useless), ("z_good", z_good)):
    validate.world(rho, classes, z)
    print("{}: contrastive {:.4f}, mean classifier {:.4f}".format(name, *hinge_losses(rho, classes, z)))

# %% nbgrader={"grade": true, "grade_id": "check_counterexample_dream", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(counterexample_dream)

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/02_latent_classes/02_latent_classes.ipynb
# ```
