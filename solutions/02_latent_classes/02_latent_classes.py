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
# # Exercise 02 · Latent classes
#
# *Why a loss without labels helps a classifier.* Read the [lecture](../../lectures/02_latent_classes.ipynb) first.
#
# Contrastive learning never sees a label, and yet a linear classifier works on what it learns. You will turn the
# explanation of Saunshi, Plevrakis, Arora, Khodak and Khandeparkar (2019, "CURL") into exact numbers: first the laws
# of the pairs, then the two losses and the bound between them, then the proof, its limits, and two counterexamples.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-3 | `similar_pairs`, `negatives_law`, `class_means` | 25 min | 1 + 1 + 1 |
# | 4 | `unsupervised_loss` | 30 min | 3 |
# | 5 | `mean_classifier_loss` | 25 min | 3 |
# | 6-7 | `collision_probability`, `curl_bound` | 25 min | 2 + 3 |
# | 8 | `block_loss` | 10 min | 1 |
# | 9 | `ladder_curl` | 35 min | 4 |
# | 10 | `proof_error`: a proof to put in order | 20 min | 3 |
# | 11 | `derive_noisy_pairs` | 40 min | 4 by hand |
# | 12-13 | `counterexample_weights`, `counterexample_dream` | 60 min | 3 + 3 |
#
# Questions marked *transcribe* ask to write down what the lecture defines. In all others something is to be found.
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
# **The draws.** For a similar pair nature draws a class $c^+ \sim \rho$, then $x$ and $x^+$ independently from
# $D_{c^+}$. For a negative she draws a class $c^- \sim \rho$ independent of all that, then $x^- \sim D_{c^-}$. Nothing
# forbids $c^- = c^+$ (a *collision*), and nothing forbids $x^+ = x$. The *margin* of a triplet is
# $v = f(x)\cdot f(x^+) - f(x)\cdot f(x^-)$, as in unit 01, and its logistic loss is $\ell(v)=\ln(1+e^{-v})$.
#
# **Rules of the game.** Numpy arrays in float64 (torch tensors in `block_loss`). Natural logarithm, nats. Margins may
# be as large as $\pm10^4$: the answer must stay finite. Inputs are never changed. Bad input raises `ValueError`: `rho`
# that has a zero or does not sum to 1, a row of `classes` that is not a law, shapes that do not fit, NaN.
# `validate.world(rho, classes, z)` (or without `z`) checks all of that in one line. You may call the functions that
# you wrote earlier in this notebook.

# %% [markdown]
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then
# run the `check(...)` cell below it: it says at once what holds and what does not, and, where it recognises it, which
# belief is wrong. Hints unfold one after the other. The grade is decided later on *other* inputs, drawn after your code
# has loaded. Your functions must not change their inputs.

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
# *Difficulty* ●●○○○ · *time* 10 min · 1 point
#
# A similar pair is drawn as said above. Return its joint law as an array of shape (S, S): entry $[x, y]$ is the
# probability that nature draws $x$ first and $y$ as its partner.


# %% nbgrader={"grade": false, "grade_id": "similar_pairs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def similar_pairs(rho, classes):
    """Joint law (S, S) of a similar pair: entry [x, y] is the probability of the anchor x and the positive y.

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
# *Difficulty* ●●○○○ · *time* 10 min · 1 point
#
# Return the law of a negative, an array of shape (S,): with which probability is $x^-$ the point $x$?
#
# With `apart=True` somebody who knows the classes has gone through nature's triplets and thrown out each triplet that is
# a collision, whole. Return the law of the negatives of the triplets that are left. With one class none is left: raise
# `ValueError` then.


# %% nbgrader={"grade": false, "grade_id": "negatives_law", "locked": false, "schema_version": 3, "solution": true, "task": false}
def negatives_law(rho, classes, apart=False):
    """Law (S,) of a negative: entry [x] is the probability that x- is the point x.

    rho (C,) class probabilities, classes (C, S) with row c the law of class c. apart: of the negatives of the triplets
    that are no collision. ValueError for anything else, and for C = 1 with apart. Source: CURL, D_neg; apart: this course.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes)
    if not apart:
        return rho @ classes
    if len(rho) < 2:
        raise ValueError("with one class every triplet is a collision")
    # The anchor is of another class than e with probability 1 - rho_e: of the negatives of class e this share is left.
    weights = rho * (1 - rho)
    return weights @ classes / weights.sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_negatives_law", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(negatives_law)

# %% [markdown]
# ## 3 · `class_means`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# The mean embedding of each class, $\mu_c = \mathbb E_{x\sim D_c} f(x)$, one row per class: shape (C, d). There is no
# `rho` here, so check what comes in yourself: each row of `classes` must be a law (`validate.law(row, zeros=True)`), `z`
# must have one row per point, and no NaN.


# %% nbgrader={"grade": false, "grade_id": "class_means", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_means(classes, z):
    """Mean embedding of each class, shape (C, d): row c is the expectation of the embedding under the law of class c.

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
# *Difficulty* ●●●○○ · *time* 30 min · 3 points
#
# The contrastive loss with one negative, exactly: the expectation of the logistic loss $\ell(v)$ of the margin, over
# all of nature's draws. Return one number, in nats. $S$ may be 40, so that all triplets of points fit into one array.
# Which triplets are there, how likely is each, and what does it pay when its margin is $-10^4$?
#
# A machine that knows no classes can still see when it holds one point twice. With `redraw=True` it never uses a point
# as its own negative: as long as $x^-$ is the anchor $x$ itself, the negative is drawn again, class and point; anchor
# and positive stay. Return the expected loss of the triplets that it ends with. Everything else is as before: collisions of
# classes and $x^+=x$ still happen. Where some point has probability 1, no other can be drawn: raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "unsupervised_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unsupervised_loss(rho, classes, z, redraw=False):
    """Exact contrastive loss with one negative, in nats: the expected logistic loss of the margin of a triplet.

    rho (C,), classes (C, S), z (S, d) -> a number. redraw: the negative is drawn again while it is the anchor itself.
    Finite for margins of +-1e4. ValueError when the three do not make a world, or with redraw where one point has
    probability 1. Source: CURL, eq. (1); redraw: this course.
    """
    ### BEGIN SOLUTION
    validate.world(rho, classes, z)
    negatives = np.tile(rho @ classes, (len(z), 1))  # [x, x-]: a law for each anchor
    if redraw:
        np.fill_diagonal(negatives, 0)
        if not negatives.any(axis=1).all():
            raise ValueError("one point has probability 1: no other can be its negative")
        negatives /= negatives.sum(axis=1, keepdims=True)
    inner = z @ z.T  # inner[x, y] = f(x).f(y)
    logits = inner[:, None, :] - inner[:, :, None]  # axes: anchor, positive, negative
    losses = np.logaddexp(0, logits)  # ln(e^0 + e^logit), stable for any logit
    return np.einsum("ap,an,apn->", similar_pairs(rho, classes), negatives, losses)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_unsupervised_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(unsupervised_loss)

# %% [markdown]
# ## 5 · `mean_classifier_loss`
#
# *Difficulty* ●●●○○ · *time* 25 min · 3 points
#
# A *task* is a pair of distinct classes. Nature draws both independently from $\rho$, and draws both again when they are
# equal. The task then shows points of its two classes, each class equally often, whatever $\rho$ says: a coin decides
# the class, then $x$ is drawn from it. The *mean classifier* gives a class the score $f(x)\cdot\mu_c$, so that the
# margin of $x$ is the score of its own class less that of the other one, and pays the logistic loss of this margin.
#
# Return $L^\mu_{sup}$, the expected loss over tasks and over the points that they show: one number, in nats. A world
# with a single class has no task: raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "mean_classifier_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_classifier_loss(rho, classes, z):
    """Average logistic loss, in nats, of the mean classifier over tasks of two distinct classes drawn from rho.

    Both classes of a task weigh 1/2. rho (C,), classes (C, S), z (S, d) -> a number; finite for margins of +-1e4.
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


# %% nbgrader={"grade": true, "grade_id": "check_mean_classifier_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(mean_classifier_loss)

# %% [markdown]
# ## 6 · `collision_probability`
#
# *Difficulty* ●●○○○ · *time* 10 min · 2 points
#
# Given `rho` alone, return $\tau = P(c^- = c^+)$, the share of collisions among all of nature's triplets: one number.
#
# Given `classes` too, take only the triplets with the anchor $x$. How often does *its* negative collide? Return
# $P(c^-=c^+\mid x)$ for each point $x$: an array of shape (S,). Classes overlap, so that $x$ need not tell its class. A
# point that no class can produce is never an anchor: raise `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "collision_probability", "locked": false, "schema_version": 3, "solution": true, "task": false}
def collision_probability(rho, classes=None):
    """Probability of a collision c- = c+: a number; with classes for each point x, shape (S,), given that the anchor is x.

    rho (C,) class probabilities, classes None or (C, S) with row c the law of class c. ValueError for anything else, and
    where a point has probability 0. Source: CURL, tau; given the anchor: this course.
    """
    ### BEGIN SOLUTION
    if classes is None:
        validate.law(rho)
        return (rho**2).sum()
    validate.world(rho, classes)
    p = rho @ classes
    if not (p > 0).all():
        raise ValueError(f"point {p.argmin()} is never drawn")
    # P(c+ = c | x) = rho_c D_c(x) / p(x), and the class of the negative knows nothing of x: it is c with probability rho_c.
    return rho**2 @ classes / p
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_collision_probability", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(collision_probability)

# %% [markdown]
# ## 7 · `curl_bound`
#
# *Difficulty* ●●●○○ · *time* 15 min · 3 points
#
# Somebody trained an encoder and tells you two things: the value of its contrastive loss, in nats, and how often nature
# draws each class. Nothing else; you see neither points nor embeddings. How large can $L^\mu_{sup}$ be, at most? Return
# the number that Theorem 2.3 of the lecture gives: by Theorem 2.5 no smaller one holds on every world. (No world
# has a loss below what its collisions cost; such a loss is not asked.)
#
# Keep nine digits, also where one class has the probability $1-10^{-9}$: bounds are large there, but they are numbers. Raise
# `ValueError` for a negative or NaN loss, for a `rho` that is no law, and for a single class (no task exists).


# %% nbgrader={"grade": false, "grade_id": "curl_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def curl_bound(unsup_loss, rho):
    """Sharp upper bound on the mean classifier's average loss, in nats, from the value of the contrastive loss.

    unsup_loss a number >= 0 (nats), rho (C,) with C >= 2 -> a number, to nine digits also where one class is nearly
    certain. ValueError for a negative or NaN loss, a rho that is no law, or one class. Source: Saunshi et al. 2019,
    Lemma 4.3, with the constant of the natural logarithm.
    """
    ### BEGIN SOLUTION
    validate.non_negative(unsup_loss=unsup_loss)
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError(f"the bound needs two classes, rho has {len(rho)}")
    # P(c- != c+), summed over the pairs: 1 - collision would lose its digits where one class is nearly certain.
    apart = (np.outer(rho, rho) * (1 - np.eye(len(rho)))).sum()
    return (unsup_loss - (1 - apart) * math.log(2)) / apart
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_curl_bound", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(curl_bound)

# %% [markdown]
# **See it.** With your functions, 300 random worlds and 60 worlds whose embedding is constant inside each class. No
# point may lie above the diagonal; on which worlds do the points lie *on* it, and why?

# %%
from course import figures, solved

if solved(unsupervised_loss, mean_classifier_loss, curl_bound):
    rng = np.random.default_rng(2)
    groups = {"random": worlds.random_world, "constant inside each class": worlds.class_constant_world}
    found = {}
    for label, make in groups.items():
        drawn = [make(rng, 4, 9, 3, rng.uniform(0.3, 2)) for _ in range(300 if make is worlds.random_world else 60)]
        found[label] = np.transpose([(curl_bound(unsupervised_loss(*w), w[0]), mean_classifier_loss(*w)) for w in drawn])
    display(figures.against_bound(found, xlabel="curl_bound (nats)", ylabel="mean_classifier_loss (nats)", logx=True, logy=True))

# %% [markdown]
# ## 8 · `block_loss`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point · *transcribe*
#
# When similar points come in blocks (the sentences of a paragraph), each anchor has a block of $b$ positives and a
# block of $b$ negatives, and in its margin $f(x^+)$ and $f(x^-)$ are replaced by the *average embeddings* of the two
# blocks. The loss of a batch is the mean over its $B$ anchors of the logistic loss of this margin. (Why one wants blocks:
# section 13 of the lecture, which is optional and not needed here.)
#
# Torch this time: `anchor` (B, d), `positives` and `negatives` (B, b, d), floating tensors of any precision, float16
# included; return a 0-dim tensor that can be differentiated, as precise as the inputs are (a wider dtype than theirs is as
# good, a narrower one is not), best without a Python loop over the batch, finite for margins of $\pm10^4$.
# `validate.candidates(anchor, positives=positives, negatives=negatives)` checks the shapes and NaN.


# %% nbgrader={"grade": false, "grade_id": "block_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def block_loss(anchor, positives, negatives):
    """Mean over anchors of the logistic loss with the averages of two blocks, in nats: a 0-dim tensor.

    anchor (B, d), positives and negatives (B, b, d), floating tensors; differentiable, finite for margins of +-1e4.
    ValueError for shapes that do not fit, an empty batch or block, or NaN. Source: CURL, blocks.
    """
    ### BEGIN SOLUTION
    validate.candidates(anchor, positives=positives, negatives=negatives)
    logits = (anchor * (negatives.mean(dim=1) - positives.mean(dim=1))).sum(dim=-1)
    return F.softplus(logits).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_block_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(block_loss)

# %% [markdown]
# **Train it.** The encoder of the lecture once more, now with *your* functions: trained with your `block_loss`, and
# measured exactly on the law of 60 digits that it has not seen, six a class. Predict first: which of the two trainings,
# $b=1$ or $b=5$, ends with the smaller $L_{un}$, and which with the smaller $L^\mu_{sup}$? (About 20 seconds.)

# %%
from course import data, figures, solved

images, labels, test_images, test_labels = data.split(*data.load_digits(), test_share=0.5, seed=0)
seen = torch.stack([(labels == c).nonzero()[:60, 0] for c in range(10)])  # 60 digits a class
held = torch.cat([(test_labels == c).nonzero()[:6, 0] for c in range(10)])
uniform, sixes = np.full(10, 0.1), np.kron(np.eye(10), np.full((1, 6), 1 / 6))


def trained(b, steps=600, batch=128):
    """Steps, and at each of them exact L_un, the bound and L_sup^mu on the held out digits: (4, records)."""
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    optimizer, rows = torch.optim.Adam(encoder.parameters(), lr=3e-3), []
    for step in range(steps + 1):
        if step % 40 == 0:
            z = encoder(test_images[held]).detach().numpy().astype(float)
            loss = unsupervised_loss(uniform, sixes, z)
            rows.append((step, loss, curl_bound(loss, uniform), mean_classifier_loss(uniform, sixes, z)))
        own, other = torch.randint(10, (2, batch, 1))
        draw = [seen[c, torch.randint(60, (batch, n))] for c, n in ((own, 1), (own, b), (other, b))]
        anchor, positives, negatives = (encoder(images[i.ravel()]).reshape(*i.shape, -1) for i in draw)
        optimizer.zero_grad()
        block_loss(anchor[:, 0], positives, negatives).backward()
        optimizer.step()
    return np.transpose(rows)


if solved(unsupervised_loss, mean_classifier_loss, curl_bound, block_loss):
    figure, axes = figures.panels(2)
    for ax, b in zip(axes, (1, 5), strict=True):
        steps, *lines = trained(b)
        names = ("$L_{un}$", "curl_bound", "$L_{sup}^\\mu$")
        figures.curves(steps, dict(zip(names, lines, strict=True)), ax, logy=True, xlabel="step", title=f"blocks of {b}")
    display(figure)

# %% [markdown]
# <details><summary>Answer</summary>
#
# On these digits: $b=1$ has the smaller $L_{un}$ at the end (0.14 against 0.16), and $b=5$ the smaller $L^\mu_{sup}$
# (0.024 against 0.033). Both are as they should be: the first training minimises $L_{un}$ itself, the second one a
# smaller loss that is nearer to the target of the lemma, since averages over blocks scatter less inside a class. The
# bound does not know of it: it rises with $L_{un}$. A bound orders nothing but itself.
#
# </details>

# %% [markdown]
# ## 9 · `ladder_curl`: the proof, line by line
#
# *Difficulty* ●●●●○ · *time* 35 min · 4 points
#
# Return the four lines of the proof of the lemma, in this order, on a given world. The value of a line is its sum; a
# line that the proof splits is the *list of its terms*, in the order given here:
#
# 1. **the loss**, one number: $L_{un}$;
# 2. **after Jensen**, $C$ terms: the two expectations over $x^+$ and over $x^-$ have moved inside, onto $f(x^+)$ and
#    $f(x^-)$; those over the two classes (a collision $c^-=c^+$ included) and over the anchor $x\sim D_{c^+}$ stay
#    outside. One term for each class $c^+$ of the anchor, in the order of `rho`: what this class contributes to the
#    line, its probability $\rho_{c^+}$ included;
# 3. **split by collision**, $C+1$ terms: first what all the collisions $c^-=c^+$ contribute together, in closed form;
#    then, for each class $c^+$, what the negatives of the other classes contribute to its term of line 2;
# 4. **the target**, two terms: what all the tasks contribute together, as a multiple of $L^\mu_{sup}$; then the
#    collisions.
#
# A list of one number and three lists (tuples, arrays and tensors of the same numbers are as good). One step of the
# proof is an inequality and the others are identities: your sums will show which. The check compares the lines term by
# term, tests the steps between neighbours on random worlds and on worlds where all four must agree, and names the
# first line, term or inequality that breaks. One class raises `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "ladder_curl", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_curl(rho, classes, z):
    """The four lines of the proof of the lemma, in nats, from the loss to the target.

    [L_un, [after Jensen: C terms, one for each class of the anchor], [all collisions, then C terms without them],
    [all tasks, all collisions]]. rho (C,), classes (C, S), z (S, d). Finite for margins of +-1e4. ValueError when the
    three do not make a world or C = 1. Source: Saunshi et al. 2019, proof of Lemma 4.3.
    """
    ### BEGIN SOLUTION
    target = mean_classifier_loss(rho, classes, z)  # raises for anything that is no world of two classes or more
    collision = collision_probability(rho)
    scores = z @ class_means(classes, z).T
    logits = scores[:, None, :] - scores[:, :, None]  # axes: anchor x, its class c+, class c- of the negative
    terms = np.outer(rho, rho) * np.einsum("cx,xce->ce", classes, np.logaddexp(0, logits))
    distinct = np.where(np.eye(len(rho), dtype=bool), 0, terms)
    return [
        unsupervised_loss(rho, classes, z),
        list(terms.sum(axis=1)),
        [collision * math.log(2), *distinct.sum(axis=1)],
        [(1 - collision) * target, collision * math.log(2)],
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_curl", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(ladder_curl)

# %% [markdown]
# **See it.** One bar per line, cut into its terms, on a random world and on a world whose embedding is constant inside
# each class.

# %%
from course import figures, solved

if solved(ladder_curl):
    names = ("loss", "after Jensen", "split by collision", "target")
    rng = np.random.default_rng(5)
    display(figures.ladder(
        {
            "random world": ladder_curl(*worlds.random_world(rng, 3, 6, 2, 1.2)),
            "constant inside each class": ladder_curl(*worlds.class_constant_world(rng, 3, 6, 2, 1.2)),
        },
        names,
    ))

# %% [markdown]
# ## 10 · `proof_error`: a proof to put in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# A loss is a means; what one wants is a classifier that is right. Let $\mathrm{err}$ be the share of mistakes of the
# mean classifier: the probability, over tasks and over the points that they show (both classes of a task equally
# often), that the score of the point's own class is *not above* that of the other one. Ties count as mistakes.
#
# **Claim.** For every world with two classes or more, and every embedding,
#
# $$L_{un}\ \ge\ \ln2\,\bigl(\tau + (1-\tau)\,\mathrm{err}\bigr).$$
#
# Below, $v = f(x)\cdot\bigl(f(x^+)-f(x^-)\bigr)$ is the margin of a triplet, $m = f(x)\cdot(\mu_{c^+}-\mu_{c^-})$, and
# $\ell(t)=\ln(1+e^{-t})$. Eight of these lines, in a right order, prove the claim from nothing but the definitions; each
# line may use only what stands above it. Four lines are false. Give the labels of the proof's lines from top to bottom:
# `proof_error = ["...", "...", ...]`. Every right order is accepted.
#
# - **A** Hence $\mathbb E[\ell(v)\mid c^+,c^-,x]\ \ge\ \ell(m)$, since $\ell$ is convex.
# - **B** $P(m\le0\mid c^-\ne c^+)=\mathrm{err}$: given that the classes differ, $(a,b)$ and $(b,a)$ are equally likely
#   to be $(c^+,c^-)$, so that $\{c^+,c^-\}$ is a task and $x$ shows either class of it equally often.
# - **C** For every number $t$: $\ \ell(t)\ \ge\ \ln2\cdot 1[t\le0]$.
# - **D** For every number $t$: $\ \ell(t)\ \ge\ 1[t\le0]$.
# - **E** Wherever $c^-=c^+$ we have $m=0$, and so $m\le0$.
# - **F** Hence $L_{un}\ \ge\ \ln2\,\bigl(\tau+(1-\tau)\,\mathrm{err}\bigr)$.
# - **G** Wherever $c^-=c^+$, the points $x^+$ and $x^-$ have one law, so that $m\le0$ with probability $\tfrac12$.
# - **H** Hence $L_{un}\ \ge\ \ln2\cdot P(m\le0)$.
# - **I** Hence $\mathbb E[\ell(v)\mid c^+,c^-,x]\ \le\ \ell(m)$, since $\ell$ is convex.
# - **J** $P(m\le0\mid c^-\ne c^+)$ is the share of mistakes when the classes of a task $\{a,b\}$ are shown with the
#   frequencies $\rho_a/(\rho_a+\rho_b)$ and $\rho_b/(\rho_a+\rho_b)$, for so often is each of them $c^+$.
# - **K** Fix $c^+$, $c^-$ and $x$. The points $x^+$ and $x^-$ are drawn independently of $x$, so that $v$ has the mean
#   $m$.
# - **L** Hence $P(m\le0)=\tau+(1-\tau)\,P(m\le0\mid c^-\ne c^+)$.

# %%
from course import arrange

arrange("proof_error")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_error = None  # for example ["B", "K"]
### BEGIN SOLUTION
proof_error = ["K", "A", "C", "H", "E", "L", "B", "F"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_error", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_error, "proof_error")

# %% [markdown]
# ## 11 · `derive_noisy_pairs`: pairs that are sometimes wrong
#
# *Difficulty* ●●●●○ · *time* 40 min · 4 points · read by a person
#
# Pairs are collected by machine, and the machine errs: with probability $1-\varepsilon$ the pair is a similar pair, but
# with probability $\varepsilon$ (the two points stood on one page by accident) $x^+$ is drawn as a negative is, with a
# class of its own, independent of everything. The anchor and the true negatives are drawn as always. Let
# $L_{un}^\varepsilon(f)$ be the expected logistic loss of the margin now, and $L_{un}=L^0_{un}$.
#
# a. Show that $L_{un}^\varepsilon = (1-\varepsilon)\,L_{un}+\varepsilon\,L_{un}^1$, and that $L_{un}^1\ge\ln2$ for every
# embedding. When is $L_{un}^1=\ln2$?
#
# b. Deduce the lower bound on $L^\varepsilon_{un}$ by $L^\mu_{sup}$ that the lemma becomes, and the upper bound on
# $L^\mu_{sup}$. What does a wrong pair cost? Check your bound at $f=0$.
#
# c. For which embeddings is your lower bound on $L_{un}^\varepsilon$ an equality, when $0<\varepsilon<1$? How useful
# are they?
#
# d. $L_{sup}$ is the loss of the *best* linear classifier of each task. Which bound on $L_{sup}$ by
# $L_{un}^\varepsilon$ holds without any factor, and what is left of it as $\varepsilon\to1$?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_noisy_pairs", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Write $\ell(v)=\ln(1+e^{-v})$.
#
# **a.** Condition on whether the pair is right. Given that it is, the triplet has the law of nature's draws, and the
# conditional loss is $L_{un}$; given that it is wrong, $x$, $x^+$, $x^-$ are independent, and it is $L_{un}^1$. The law
# of total expectation gives the split. In $L^1_{un}$ the points $x^+$ and $x^-$ are exchangeable given $x$: both have
# the law of a negative, and are independent of $x$ and of each other. Swapping them turns $v$ into $-v$, hence
# $L_{un}^1=\tfrac12\mathbb E[\ell(v)+\ell(-v)]$. Since $(1+e^v)(1+e^{-v})=2+e^v+e^{-v}\ge4$ with equality only at
# $v=0$, $\ell(v)+\ell(-v)\ge2\ln2$ (or: Jensen given $x$, where $v$ has mean 0). So $L_{un}^1\ge\ln2$, with equality
# exactly when $v=0$ almost surely: $f(x)\cdot(f(y)-f(y'))=0$ for all points $x,y,y'$ that some class can produce. Take
# $x=y$, then $x=y'$, and subtract: $f(y)=f(y')$. So equality holds exactly when $f$ is one constant.
#
# **b.** With the lemma for $L_{un}$,
# $L_{un}^\varepsilon\ge(1-\varepsilon)\bigl[(1-\tau)L_{sup}^\mu+\tau\ln2\bigr]+\varepsilon\ln2
# =(1-\varepsilon)(1-\tau)L_{sup}^\mu+\bigl(\varepsilon+(1-\varepsilon)\tau\bigr)\ln2$. With
# $\tau_\varepsilon=\varepsilon+(1-\varepsilon)\tau$ we have $1-\tau_\varepsilon=(1-\varepsilon)(1-\tau)$: the lemma
# holds with $\tau_\varepsilon$ in place of $\tau$. A wrong pair costs $\ln2$, as a collision does: it is as good as
# one. For $\varepsilon<1$ and $C\ge2$, $L_{sup}^\mu\le(L_{un}^\varepsilon-\tau_\varepsilon\ln2)/(1-\tau_\varepsilon)$.
# At $f=0$ all losses are $\ln2$, and so is the bound.
#
# **c.** Both inequalities must be equalities, for $0<\varepsilon<1$. That of a holds with equality only where $f$ is
# one constant on all points; then $f$ is constant inside each class too, the lemma is an equality, and so is b. These
# embeddings are useless: every margin is 0 and $L_{sup}^\mu=\ln2$. (The lemma's own equality case, constant inside each
# class, is necessary but not enough.) So at a good embedding the bound is never attained: there wrong pairs cost more
# than $\ln2$.
#
# **d.** The mean classifier is one linear classifier, so $L_{sup}\le L^\mu_{sup}$; weights 0 give $L_{sup}\le\ln2$. By
# b,
# $L_{un}^\varepsilon\ge(1-\tau_\varepsilon)L_{sup}+\tau_\varepsilon\ln2\ge(1-\tau_\varepsilon)L_{sup}+\tau_\varepsilon
# L_{sup}=L_{sup}$, for every $\varepsilon$. As $\varepsilon\to1$ the loss is at least $\ln2$ by a, and so the statement
# becomes the trivial $L_{sup}\le\ln2$: nothing is learnt from it.
#
# === BEGIN MARK SCHEME ===
# - 1½ points, a: the split by conditioning (½); symmetry of $x^+$ and $x^-$ in $L_{un}^1$ and convexity, or Jensen given
#   $x$ with $\mathbb E[v\mid x]=0$ (½); the equality case: $v=0$ almost surely, or $f$ constant (½).
# - 1 point, b: lower bound with $\varepsilon+(1-\varepsilon)\tau$ (½); solved for $L_{sup}^\mu$, checked at $f=0$, a
#   wrong pair costs $\ln2$ (½).
# - 1 point, c: the equality case of a is the one that decides (½); every margin of the mean classifier is 0, or all
#   points at one place (½). "Equality iff $f$ is constant inside each class": 0 for the first half.
# - ½ point, d: $L_{sup}\le L_{un}^\varepsilon$ with $L_{sup}\le\ln2$ used, and trivial in the limit. A factor
#   $1/(1-\tau_\varepsilon)$ left standing: 0.
# - Any correct proof by another road gets the points of the parts that it covers. A slip of sign or a missing index
#   costs nothing when the next line shows that it was a slip.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 12 · `counterexample_weights`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# In a task of this unit both classes count one half. What if a task showed its classes as often as nature draws them,
# class $a$ of a task $\{a,b\}$ with the frequency $\rho_a/(\rho_a+\rho_b)$? The lecture shows one world with two
# classes in which the lemma is then false. How false can it get, for *every* law that is not uniform?
#
# Take the hinge loss $h(v)=\max(0,1-v)$ of unit 01 in place of the logistic one, for which a collision costs $h(0)=1$:
# let $L^h_{un}$ be the expected hinge loss of the margin of a triplet, and $L^{h,\rho}_{sup}$ that of the margin of the
# mean classifier (section 14 of the lecture, optional, has the lemma for it), over tasks drawn as in section 5, where a
# point of a task $\{a,b\}$ comes from class $a$ with probability $\rho_a/(\rho_a+\rho_b)$. Given `rho`, return
# `(classes, z)` (at most 40 points and 20 dimensions, entries of at most $10^5$ in absolute value) such that in the
# statement
#
# $$L^{h}_{un}\ \ge\ (1-\tau)\,L^{h,\rho}_{sup}+\tau$$
#
# the right side exceeds the left one, as a share of the left one, by at least 99 % of what *any* world with this `rho` can
# reach. (What is that? The proof of the lemma bounds the left side from below; compare with the right side.) `rho` has 2
# to 8 classes, in any order; none that is asked has a probability below $10^{-3}$. Where `rho` is uniform (`max(rho) -
# min(rho)` at most $10^{-6}$) the statement is the true lemma: raise `ValueError`, as for a `rho` that is no law or has one
# class.


# %% nbgrader={"grade": false, "grade_id": "counterexample_weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_weights(rho):
    """Classes and an embedding for which the hinge lemma, with tasks that weigh as nature draws them, fails as it can.

    rho (C,), a law of 2 to 8 classes, each at least 1e-3. ValueError for what is no law, one class, or a uniform rho.
    Returns (classes (C, S), z (S, d)), S <= 40, d <= 20. Source: this course (CURL weighs both classes 1/2).
    """
    ### BEGIN SOLUTION
    validate.law(rho)
    if len(rho) < 2 or np.ptp(rho) <= 1e-6:
        raise ValueError(f"rho must have two classes of different probability, got {rho}")
    # By Jensen the left side is at least tau + sum_{a != b} rho_a rho_b h_ab, and the right one is tau + the same sum with
    # the factors 2 rho_a / (rho_a + rho_b): a share of (m - n) / (m + n) at most, m the largest of rho and n the smallest.
    z = 1e4 * np.eye(len(rho))  # one point a class, far apart: all hinge losses are 0 ...
    z[np.argmin(rho)] = 2 * z[np.argmax(rho)]  # ... but that of the likeliest class against the rarest, which outweighs tau
    return np.eye(len(rho)), z
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_weights", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(counterexample_weights)

# %% [markdown]
# ## 13 · `counterexample_dream`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# The lemma says: *if* the contrastive loss is small, the classifier is good. The "dream theorem" would say more: the
# minimiser of the contrastive loss over a set of embeddings is nearly as good as the best embedding of the set. It is
# false, and you are to show it with a set of only two embeddings. Both losses use the hinge $h(v)=\max(0,1-v)$ of the
# margin again: $L^h_{un}$ as in section 12, and $L^{h,\mu}_{sup}$ with both classes of a task equally often, as in
# section 5.
#
# Return `(rho, classes, z_useless, z_good)`: a world of at least two classes and two embeddings of its points (finite
# numbers; at most 10 classes, 40 points and 20 dimensions) such that
#
# - the mean classifier is perfect on the good one: $L^{h,\mu}_{sup}(z_{good})=0$;
# - it is useless on the other: $L^{h,\mu}_{sup}(z_{useless})\ge1$, no better than answering 0 to everything;
# - and yet the contrastive loss prefers the useless one: $L^h_{un}(z_{useless})<L^h_{un}(z_{good})$, by more than
#   $10^{-9}$.
#
# Every answer that meets the three lines is accepted. In the simplest construction `r` is the spread of the points
# *inside* each class of the good embedding, and it works for every `r` $>\sqrt{3/2}$; yours may use `r` in another way, or
# not at all. Let `r` $\le\sqrt{3/2}$ (and NaN) raise `ValueError`.
# The check says which of the three lines your world breaks, and by how much.


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


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_dream", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(counterexample_dream)

# %% [markdown]
# --- Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/02_latent_classes/02_latent_classes.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_noisy_pairs")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
