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
# # Exercise 06 · The spectral loss
#
# *A contrastive loss that is a matrix factorisation.* Read the [lecture](../../lectures/06_spectral_loss.ipynb) first.
#
# The spectral contrastive loss of HaoChen, Wei, Gaidon and Ma (2021) can be minimised with pencil and paper: it is the
# error of approximating the normalised adjacency matrix of a graph, up to a constant. You will build the graph and
# both sides of that identity, then find what a batch may estimate, the minimiser, the worst place where training can
# stand still with all its columns in use, what a loss says of the angle to the truth, and the clusters.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-2 | `augmentation_graph`, `normalized_adjacency` | 25 min | 2 + 1 |
# | 3-5 | `spectral_loss_population`, `factorization_loss`, `factorization_constant` | 35 min | 1 + 1 + 2 |
# | 6 | `spectral_loss` of a batch | 20 min | 2 |
# | 7 | `spectral_embedding` | 40 min | 4 |
# | 8 | `saddle_embedding` | 40 min | 3 |
# | 9 | `angle_bound` | 30 min | 3 |
# | 10 | `spectral_clusters` | 30 min | 3 |
# | 11 | `proof_columns`: a proof to put in order | 20 min | 3 |
# | 12 | `derive_factorization`: two encoders, other negatives | 45 min | 6 by hand |
#
# Questions marked *transcribe* ask to write down what the lecture defines. In all others something is to be found.
#
# **The graph.** Its $S$ nodes are all pictures that an augmentation can make. It is given by one symmetric matrix:
#
# | symbol | array | shape | meaning |
# |---|---|---|---|
# | $p(x,x')$ | `joint` | (S, S) | probability that a positive pair is $(x, x')$; symmetric, all entries sum to 1 |
# | $p(x)$ | row sums | (S,) | probability of one augmented picture, the mass of the node, > 0 |
# | $f(x)$ | `z` | (S, k) | row $x$ is the embedding of node $x$ |
#
# A **positive pair** is drawn from $p(x,x')$. A **negative pair** is two *independent* draws from $p(x)$, so $x'=x$ may
# happen. Nothing says that `joint` has no negative eigenvalues, that the masses are equal, or that $p(x,x) > 0$.
#
# **Rules of the game.** Numpy arrays in float64 (torch tensors in `spectral_loss`). Inputs are never changed. Bad input
# raises `ValueError`: a `joint` that is not square or not symmetric, does not sum to 1, has a negative entry, NaN, or a
# node of mass 0 (isolated); matrices with a number of rows other than $S$, or with entries that are not finite. Two
# lines do all of that:
#
# ```python
# validate.joint_law(joint, symmetric=True)
# require_rows(joint, z=z)                   # from the cell below: z is (S, k), k >= 1, finite
# ```
#
# A batch of question 6 is refused by `validate.batch(view1=view1, view2=view2)` unless it is two floating tensors of one
# shape (B, d) without NaN, and a law by `validate.law(values)`; how many entries or rows there must be is for you to say.
#
# You may call the functions that you wrote earlier in this notebook.
#

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch

from course import check, graphs, validate


def require_rows(joint, **matrices):
    """Raise ValueError unless each matrix has shape (S, k), k >= 1, with one row per node of joint, and is finite."""
    for name, matrix in matrices.items():
        if np.ndim(matrix) != 2 or matrix.shape[0] != joint.shape[0] or matrix.shape[1] < 1:
            raise ValueError(f"{name} must have shape (S, k) with S = {joint.shape[0]}, got {np.shape(matrix)}")
        if not np.isfinite(matrix).all():
            raise ValueError(f"{name} must be finite, got {matrix[~np.isfinite(matrix)][0]!r} among its entries")

# %% [markdown]
# ## 1 · `augmentation_graph`
#
# *Difficulty* ●●○○○ · *time* 20 min · 2 points
#
# There are $I$ images; image $i$ is drawn with probability $q_i$ and augmented at random, which gives the picture $x$
# with probability $a_i(x)$. A positive pair is **two independent augmentations of one image**. Return its joint law
# $p(x,x')$ as an array of shape (S, S).
#
# Many programs reject a pair of two equal pictures. With `distinct=True` return the law of the pairs that are kept there:
# the image is drawn once, as before; its two augmentations are drawn, and *both* are drawn again, from the same image,
# until they differ. Now an image of a single picture (one entry that is not 0) raises `ValueError`. (A picture that no
# image gives has a row of zeros, here and there.)
#
# `image_probs` (I,) must be a law without zeros and each row of `augmentations` (I, S) a law:
# `validate.world(image_probs, augmentations)`.
#

# %% nbgrader={"grade": false, "grade_id": "augmentation_graph", "locked": false, "schema_version": 3, "solution": true, "task": false}
def augmentation_graph(image_probs, augmentations, distinct=False):
    """Joint law (S, S) of two independent augmentations of one random image; distinct: both redrawn until they differ.

    image_probs (I,) probabilities of the images, all > 0; augmentations (I, S), row i the law of the augmented image i.
    ValueError for anything else, and if distinct for an image of one picture. Source: HaoChen et al. 2021, section 3 (their w_xx').
    """
    ### BEGIN SOLUTION
    validate.world(image_probs, augmentations)
    if not distinct:
        return augmentations.T @ (image_probs[:, None] * augmentations)
    pairs = augmentations[:, :, None] * augmentations[:, None, :] * (1 - np.eye(augmentations.shape[1]))
    kept = pairs.sum(axis=(1, 2))  # for each image, the chance that its two augmentations differ
    if not kept.all():
        raise ValueError(f"distinct pictures need images of two or more, got {augmentations[kept == 0][0]}")
    return np.tensordot(image_probs / kept, pairs, axes=1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_augmentation_graph", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(augmentation_graph)

# %% [markdown]
# **Look.** A bar, a standing bar and a square on a grid of 5 x 5 pixels; an augmentation shifts the picture by at most
# one pixel along each axis, and what leaves the grid is lost. Nodes are grouped by shape. Where do the entries between
# two different shapes come from?
#

# %%
from course import figures, solved

if solved(augmentation_graph):
    shapes = [np.ones((1, 3)), np.ones((3, 1)), np.ones((2, 2))]
    world = graphs.shift_grid(shapes, side=5)
    shift_graph = augmentation_graph(world.image_probs, world.augmentations)
    order = np.argsort(world.labels, kind="stable")
    display(figures.graph_and_pictures(shift_graph[np.ix_(order, order)], world.pictures[order], world.labels[order]))

# %% [markdown]
# ## 2 · `normalized_adjacency`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# $$\bar A(x,x') = \frac{p(x,x')}{\sqrt{p(x)\,p(x')}},$$
#
# an array of shape (S, S). It is symmetric, which the matrix of transition probabilities $p(x'\mid x)$ is not.
#

# %% nbgrader={"grade": false, "grade_id": "normalized_adjacency", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normalized_adjacency(joint):
    """Normalised adjacency (S, S): entry [x, y] = p(x, y) / sqrt(p(x) p(y)), with p(x) the row sums of joint.

    joint (S, S) symmetric joint law without isolated nodes; ValueError otherwise. Source: HaoChen et al. 2021.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint, symmetric=True)
    root = np.sqrt(joint.sum(axis=1))
    return joint / np.outer(root, root)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_normalized_adjacency", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(normalized_adjacency)

# %% [markdown]
# ## 3 · `spectral_loss_population`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point · *transcribe*
#
# $$L(f) = -2\,\mathbb E_{(x,x^+)\sim p(x,x')}\bigl[f(x)\cdot f(x^+)\bigr]
#   + \mathbb E_{x\sim p,\;x'\sim p\ \text{independent}}\Bigl[\bigl(f(x)\cdot f(x')\bigr)^2\Bigr],$$
#
# both expectations exact, one number. The inner products are taken as they are: no normalisation.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_loss_population", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_loss_population(joint, z):
    """Exact spectral contrastive loss: -2 E_pos[z(x).z(x')] + E_neg[(z(x).z(x'))^2], a number.

    Positive pairs from joint, negative pairs two independent draws from its marginal (x = x' included).
    joint (S, S) symmetric joint law, z (S, k). ValueError as said at the top. Source: HaoChen et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint, symmetric=True)
    require_rows(joint, z=z)
    p = joint.sum(axis=1)
    inner = z @ z.T  # inner[x, y] = f(x).f(y)
    return -2 * (joint * inner).sum() + p @ inner**2 @ p
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_spectral_loss_population", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(spectral_loss_population)

# %% [markdown]
# ## 4 · `factorization_loss`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# For *any* matrix $F$ of shape (S, k), the squared Frobenius error
#
# $$\bigl\lVert \bar A - F F^\top\bigr\rVert_F^2 = \sum_{x,x'} \bigl(\bar A(x,x') - F_x\cdot F_{x'}\bigr)^2 ,$$
#
# where $F_x$ is row $x$ and the sum runs over all ordered pairs, $x'=x$ included. One number.
#

# %% nbgrader={"grade": false, "grade_id": "factorization_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def factorization_loss(joint, F):
    """Squared Frobenius norm of (normalised adjacency of joint) - F F^T, a number.

    joint (S, S) symmetric joint law, F (S, k). ValueError as said at the top. Source: HaoChen et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    require_rows(joint, F=F)
    return ((normalized_adjacency(joint) - F @ F.T) ** 2).sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_factorization_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(factorization_loss)

# %% [markdown]
# ## 5 · `factorization_constant`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# With $F_x = \sqrt{p(x)}\,f(x)$ the two losses differ by a number that depends on the graph and not on $f$:
#
# $$\bigl\lVert \bar A - F F^\top\bigr\rVert_F^2 = L(f) + C .$$
#
# Return $C$, and see below that it is right.
#
# Negatives often come from another law. If `negatives` is given, a law $m$ (S,) without zeros, *both* points of a negative
# pair are drawn independently from $m$, and positive pairs from $p(x,x')$ as before. For this loss, too, there are a matrix
# $M$ and numbers $c(x)>0$, one for each node, such that with $F_x=c(x)\,f(x)$
#
# $$\bigl\lVert M-FF^\top\bigr\rVert_F^2=-2\,\mathbb E_{(x,x^+)\sim p(x,x')}\bigl[f(x)\cdot f(x^+)\bigr]
#   +\mathbb E_{x\sim m,\;x'\sim m\ \text{independent}}\Bigl[\bigl(f(x)\cdot f(x')\bigr)^2\Bigr]+C
#   \qquad\text{for every }f .$$
#
# Return its $C$. A `negatives` of another length, or that is no law without zeros, raises.
#

# %% nbgrader={"grade": false, "grade_id": "factorization_constant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def factorization_constant(joint, negatives=None):
    """The number C with factorization_loss(joint, sqrt(p) * z) = spectral_loss_population(joint, z) + C for every z.

    negatives (S,): a law without zeros; C then belongs to the loss whose negative pairs are two independent draws from it.
    joint (S, S) symmetric joint law; ValueError otherwise. Source: HaoChen et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    adjacency = normalized_adjacency(joint)
    if negatives is None:
        return (adjacency**2).sum()
    validate.law(negatives)
    if len(negatives) != len(joint):
        raise ValueError(f"negatives must have one entry for each of {len(joint)} nodes, got {len(negatives)}")
    return (joint**2 / np.outer(negatives, negatives)).sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_factorization_constant", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(factorization_constant)

# %% [markdown]
# **See it.** Random embeddings on a random graph: two columns that differ by one constant.
#

# %%
from course import solved

if solved(spectral_loss_population, factorization_loss, factorization_constant):
    rng = np.random.default_rng(0)
    joint = graphs.random_joint_symmetric(rng, 6)
    print("     L(f)      error of the factorisation     difference")
    for scale in (0.0, 0.5, 1.0, 2.0):
        z = scale * rng.normal(size=(6, 2))
        loss, error = spectral_loss_population(joint, z), factorization_loss(joint, np.sqrt(joint.sum(axis=1))[:, None] * z)
        print(f"{loss:9.4f} {error:21.4f} {error - loss:22.10f}")
    print(f"factorization_constant {factorization_constant(joint):30.10f}")

# %% [markdown]
# ## 6 · `spectral_loss` of a batch
#
# *Difficulty* ●●○○○ · *time* 20 min · 2 points
#
# A batch holds $B \ge 2$ independent positive pairs: row $i$ of `view1` and row $i$ of `view2` are the embeddings $v_i$
# and $v'_i$ of the two pictures of pair $i$. Return the estimate of $L(f)$ that
#
# - uses the $B$ positive pairs of the batch for $\mathbb E_{pos}$, all with the same weight,
# - uses for $\mathbb E_{neg}$ the mean of $(v_i\cdot v'_j)^2$, a row of one view against a row of the other, over
#   *as many* of the $B^2$ ordered pairs $(i,j)$ as it can,
# - and is **unbiased**: over all batches its expectation is $L(f)$ of section 3. (The check enumerates all batches of a
#   small graph.) There are other unbiased estimates; these three demands leave one.
#
# Torch: any floating dtype; return a tensor of shape (), differentiable, without a Python loop over the batch. No
# normalisation of the rows. B = 1 raises.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_loss(view1, view2):
    """The unbiased estimate of the population loss from all usable rows of view 1 against rows of view 2, a 0-dim tensor.

    view1, view2: (B, d), B >= 2, floating; row i of one and row i of the other form a positive pair.
    Raises ValueError for tensors that are not floating, unequal shapes, B < 2, NaN.
    Source: HaoChen et al. 2021 and their published code.
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    n = len(view1)
    if n < 2:
        raise ValueError(f"spectral_loss needs at least two pairs, got shape {tuple(view1.shape)}")
    inner = view1 @ view2.T  # (B, B): row i of view 1 against row j of view 2
    itself = torch.eye(n, dtype=torch.bool, device=inner.device)
    negatives = inner.masked_fill(itself, 0).square().sum() / (n * (n - 1))
    return negatives - 2 * inner.diagonal().mean()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_spectral_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(spectral_loss)

# %% [markdown]
# ## 7 · `spectral_embedding`
#
# *Difficulty* ●●●●○ · *time* 40 min · 4 points
#
# Return a minimiser of $L$ over **all** embeddings with $k$ columns, shape (S, k), for $1\le k\le S$ (an integer;
# anything else raises). The lecture writes one down for graphs whose first $k$ eigenvalues are not negative. Yours may
# have fewer positive ones than that: go through the proof of Theorem 6.4 and see what the other columns must be.
#
# With `centred=True` return a minimiser among the embeddings of **mean zero** only, $\mathbb E_p[f(x)]=0$, as when the mean
# is taken off before every evaluation of the loss: again of shape (S, k), for every $1\le k\le S$ and every graph, also
# one of several components.
#
# Any rotation $zQ$ is as good, since $L$ depends on $zz^\top$ only, and that is what the check compares. Inside a tie of
# eigenvalues there are more minimisers, and every one is accepted.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_embedding", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_embedding(joint, k, centred=False):
    """A minimiser (S, k) of the population spectral loss over all embeddings with k columns; centred: over those with E_p f = 0.

    joint (S, S) symmetric joint law, k an integer with 1 <= k <= S. ValueError otherwise.
    Source: HaoChen et al. 2021, section 3, with the negative eigenvalues put right.
    """
    ### BEGIN SOLUTION
    adjacency = normalized_adjacency(joint)
    validate.count(1, k=k)
    if k > len(joint):
        raise ValueError(f"k must be at most the number of nodes S = {len(joint)}, got {k!r}")
    if centred:  # the columns of F are orthogonal to sqrt(p): there Abar has these values, and sqrt(p) gets the value 0
        adjacency = adjacency - np.sqrt(np.outer(joint.sum(axis=0), joint.sum(axis=1)))
    values, vectors = np.linalg.eigh(adjacency)  # rising order
    values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
    return vectors * np.sqrt(np.maximum(values, 0)) / np.sqrt(joint.sum(axis=1))[:, None]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_spectral_embedding", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(spectral_embedding)

# %% [markdown]
# ## 8 · `saddle_embedding`
#
# *Difficulty* ●●●●○ · *time* 40 min · 3 points
#
# A run whose gradient is 0 stands still. Is it then at the minimum? Consider the embeddings at which the gradient of
# $L$ vanishes ("stationary") and whose $k$ columns are linearly independent. Find all of them, and return one whose loss
# is the **largest**, shape (S, k). (Where all of them are rotations of one, it is the minimum.)
#
# Eigenvalues between $-10^{-9}$ and $10^{-9}$ count as 0 (rounding). If no such embedding exists, raise `ValueError`, as
# for `spectral_embedding`. Again $zz^\top$ is compared.
#

# %% nbgrader={"grade": false, "grade_id": "saddle_embedding", "locked": false, "schema_version": 3, "solution": true, "task": false}
def saddle_embedding(joint, k):
    """The stationary point (S, k) of the population loss with k linearly independent columns whose loss is largest.

    joint (S, S) symmetric joint law, k an integer with 1 <= k <= S. ValueError otherwise, and where there is none.
    Source: this course.
    """
    ### BEGIN SOLUTION
    adjacency = normalized_adjacency(joint)
    validate.count(1, k=k)
    # (Abar - F F^T) F = 0: F F^T is Abar on the column space, which is spanned by eigenvectors of positive eigenvalues.
    values, vectors = np.linalg.eigh(adjacency)  # rising order
    positive = np.flatnonzero(values > 1e-9)
    if k > len(positive):
        raise ValueError(f"only {len(positive)} eigenvalues are positive, got k = {k!r}")
    kept = positive[:k]  # the loss is minus the sum of their squares
    return vectors[:, kept] * np.sqrt(values[kept]) / np.sqrt(joint.sum(axis=1))[:, None]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_saddle_embedding", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(saddle_embedding)

# %% [markdown]
# **Can one leave it?** Gradient descent on the population loss from your saddle, started exactly there and a
# little beside it. How long does each run stand still?
#

# %%
from course import solved

if solved(augmentation_graph, saddle_embedding, spectral_loss_population):
    names, history = ("exactly there", "1e-6 beside"), {}
    for name, push in zip(names, (0.0, 1e-6), strict=True):
        z = saddle_embedding(shift_graph, 3) + push * np.random.default_rng(0).normal(size=(len(shift_graph), 3))
        p = shift_graph.sum(axis=1)[:, None]
        history[name] = []
        for _ in range(400):
            history[name].append(spectral_loss_population(shift_graph, z))
            z = z + 0.2 * (shift_graph @ z / p - z @ (z.T @ (p * z)))  # the gradient of node x divided by 4 p(x)
    display(figures.curves(range(400), history, xlabel="step", ylabel="population loss", title="leaving a saddle", styles=("-", "--")))

# %% [markdown]
# ## 9 · `angle_bound`
#
# *Difficulty* ●●●○○ · *time* 30 min · 3 points
#
# Training has stopped at a loss of `excess` above the minimum. How far may the column space of the embedding be from
# that of the first $k$ eigenfunctions? Theorem 6.7 goes the other way: it says what an angle costs. Turn it round:
# return the **largest** number in the place of $\lVert\sin\Theta\rVert^2$ (the sum of the squared sines of the principal
# angles) for which its inequalities hold. Return it as it is and do not cap it, neither at 1 (above, one direction may
# be lost altogether) nor at $\min(k, S-k)$, which no sum of squared sines exceeds.
#
# `eigenvalues` (S,) are those of $\bar A$ in falling order, $1\le k<S$. `ValueError` when one of them is larger than
# the one before it (equal ones may stand beside each other), when one of the theorem's hypotheses on $\lambda_k$, on the
# gap or on the excess does not hold (`excess` $\ge\lambda_k^2$: a column may be missing), or when the excess is
# negative. The grade also asks for gaps of $10^{-9}$ with as small an excess, which the check in the notebook does not:
# do not lose digits.
#

# %% nbgrader={"grade": false, "grade_id": "angle_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def angle_bound(eigenvalues, k, excess):
    """Largest sum of squared sines between the embedding's column space and the first k eigenfunctions, a number.

    eigenvalues (S,) of the normalised adjacency, falling; k an integer with 1 <= k < S; excess the population loss above
    its minimum over embeddings with k columns, 0 <= excess < lambda_k^2. ValueError otherwise, and unless
    lambda_k > 0 and lambda_k > lambda_(k+1). Source: this course (a relative of Davis and Kahan 1970).
    """
    ### BEGIN SOLUTION
    spectrum = np.asarray(eigenvalues, dtype=float)
    if spectrum.ndim != 1 or not np.isfinite(spectrum).all() or (np.diff(spectrum) > 0).any():
        raise ValueError(f"eigenvalues must fall, got {eigenvalues}")
    validate.count(1, k=k)
    if k >= len(spectrum):
        raise ValueError(f"k must be below the number of eigenvalues {len(spectrum)}, got {k!r}")
    last, gap = float(spectrum[k - 1]), float(spectrum[k - 1] - spectrum[k])
    if not (last > 0 and gap > 0 and 0 <= excess < last**2):
        raise ValueError(f"needs lambda_k > 0, a gap and 0 <= excess < lambda_k^2, got {last!r}, {gap!r}, {excess!r}")
    return excess / (last + math.sqrt(last**2 - excess)) / gap  # lambda_k minus the root, without the cancellation
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_angle_bound", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(angle_bound)

# %% [markdown]
# **Does the batch loss find it?** A table of embeddings, one row per node, trained with your `spectral_loss` on random
# pairs of the shift graph: the excess of its population loss falls. Is its angle to your `spectral_embedding` always
# below your bound, and where does the bound begin to say something?
#

# %%
from course import solved

if solved(augmentation_graph, spectral_embedding, normalized_adjacency, spectral_loss_population):
    target, S = spectral_embedding(shift_graph, 3), len(shift_graph)
    eigenvalues = np.linalg.eigvalsh(normalized_adjacency(shift_graph))[::-1]
    minimum, root = spectral_loss_population(shift_graph, target), np.sqrt(shift_graph.sum(axis=1))[:, None]

    def squared_sines(z):
        """Of the principal angles between the columns of z and of target, summed."""
        cosines = np.linalg.svd(np.linalg.qr(root * z)[0].T @ np.linalg.qr(root * target)[0])[1]
        return np.sum(1 - np.minimum(cosines, 1) ** 2)


# %%
from course import solved

if solved(augmentation_graph, spectral_embedding, normalized_adjacency, spectral_loss_population, spectral_loss, angle_bound):
    generator = torch.Generator().manual_seed(0)
    table = (0.1 * torch.randn(S, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    law, seen = torch.from_numpy(shift_graph.ravel()), []
    for step in range(1, 4001):
        pairs = torch.multinomial(law, 256, replacement=True, generator=generator)
        (slope,) = torch.autograd.grad(spectral_loss(table[pairs // S], table[pairs % S]), table)
        table.data -= 2.0 * (1 - step / 4000) * slope
        if step % 50 == 0:
            z = table.detach().numpy()
            excess = spectral_loss_population(shift_graph, z) - minimum
            bound = angle_bound(eigenvalues, 3, excess) if excess < eigenvalues[2] ** 2 else math.nan
            seen.append((step, excess, squared_sines(z), bound))
    steps, *lines = np.array(seen).T
    named = dict(zip(("excess", "squared sines", "bound"), lines, strict=True))
    display(figures.curves(steps, named, xlabel="step", logy=True, title="a table trained with your loss"))

# %% [markdown]
# ## 10 · `spectral_clusters`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# Cut the graph into $k$ parts: embed the nodes, then group the rows. Return integer labels of shape (S,); their names
# do not matter, only which nodes share one.
#
# It is asked of graphs that consist of $k$ nearly separate parts: at most 3 % of the mass lies between different parts.
# But the parts are not nice otherwise. Their masses may differ by a factor of ten, some have one or two nodes and
# others many; inside a part one node may have most of the mass; the edges inside a part may be few, weak and uneven, and
# a single edge between two parts may be stronger than many of them; and a part may be two-coloured (edges only between
# the two colours), which makes eigenvalues near $-1$. (But no part falls apart: two rows of $z$ of one
# part are always nearer to each other than two rows of different parts.) Four things to think about:
#
# - Which rows are (nearly) constant on a part: those of $z$, or those of the eigenvectors $u_i$? And which eigenvalues?
# - No threshold on single entries of `joint`, however scaled, tells the parts apart.
# - The eigensolver's columns are no indicators of the parts, but a rotation of what would be. A rule that looks at
#   single columns fails. And two parts may differ in one column only, the last.
# - $k$-means stops at a bad partition when no first centre lies in some small part, and random rows rarely hit a part
#   of one node: even ten starts from random rows fail now and then. Where should the first centres lie?
#   (`sklearn.cluster.KMeans` spreads them by chance, `k-means++`; a single start, which is its default today, misses a
#   part about once in 25 such graphs, and more are asked.) `seed` is an integer for whatever you draw.
#
# $k=1$ is allowed: one part. `ValueError` as for `spectral_embedding`; the seed is always an integer.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_clusters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_clusters(joint, k, seed):
    """Integer labels (S,): a partition of a graph of k nearly separate parts into these parts, names arbitrary.

    joint (S, S) symmetric joint law, k an integer with 1 <= k <= S (ValueError otherwise), seed an integer.
    Source: Ng, Jordan and Weiss 2001; HaoChen et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    z = spectral_embedding(joint, k)
    start = np.random.default_rng(seed).integers(len(z))
    centres = z[[start]]
    while len(centres) < k:  # the next centre is the row that is farthest from all centres so far
        centres = np.vstack([centres, z[square_distances(z, centres).min(axis=1).argmax()]])
    labels = square_distances(z, centres).argmin(axis=1)
    for _ in range(100):  # Lloyd's steps; a centre that has lost all its rows stays where it is
        centres = np.stack([z[labels == c].mean(axis=0) if (labels == c).any() else centres[c] for c in range(k)])
        before, labels = labels, square_distances(z, centres).argmin(axis=1)
        if (labels == before).all():
            break
    return labels


def square_distances(rows, centres):
    """Squared distances, (n, m), between the rows of two matrices."""
    return ((rows[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_spectral_clusters", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(spectral_clusters)

# %% [markdown]
# **Look.** Five parts of very unequal size with 2 % of the mass between them, nodes in random order: the graph as it
# comes, and the same graph sorted by your clusters.
#

# %%
from course import solved

if solved(spectral_clusters):
    joint, parts = graphs.blocks(np.random.default_rng(4), [2, 4, 14, 7, 3], leak=0.02, hub=0.5)
    display(figures.sorted_by_clusters(joint, spectral_clusters(joint, 5, seed=0)))

# %% [markdown]
# ## 11 · `proof_columns`: a proof to put in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# A run prints $\mathbb E_{pos}=6.1$ and $\mathbb E_{neg}=9.5$. How many columns has its embedding, at least?
#
# **Claim.** For every symmetric joint law and every embedding $f$ with $k$ columns, trained or not,
#
# $$\mathbb E_{pos}[f(x)\cdot f(x^+)]^2\ \le\ k\;\mathbb E_{neg}\big[(f(x)\cdot f(x'))^2\big].$$
#
# (So here $k\ge6.1^2/9.5=3.9$: four columns or more.) Below, $F$ is the matrix with the rows $\sqrt{p(x)}\,f(x)$. Eight
# of these lines, in a right order, prove the claim; each line may use only what stands above it. Four lines are false.
# Give the labels of the proof's lines from top to bottom: `proof_columns = ["...", "...", ...]`. Every right order is
# accepted.
#
# - **G** So $\mathbb E_{pos}^2\le\big(\mathbb E_p|f|^2\big)^2=\big(\sum_j\mu_j\big)^2\le k\sum_j\mu_j^2
#   =k\,\mathbb E_{neg}$.
# - **C** $\mathbb E_p|f(x)|^2=\mathrm{tr}(FF^\top)=\sum_{j\le k}\mu_j$.
# - **J** Positive pairs are similar: for every embedding, $\mathbb E_{pos}\ge0$.
# - **A** By Cauchy and Schwarz, with the vector $(1,\dots,1)$: $\big(\sum_{j\le k}\mu_j\big)^2
#   \le k\sum_{j\le k}\mu_j^2$.
# - **L** So $|\mathbb E_{pos}|\le\mathbb E_p|f(x)|^2$.
# - **E** $\mathbb E_{neg}=\big(\sum_{x,x'}p(x)p(x')f(x)\cdot f(x')\big)^2=\big(\sum_{j\le k}\mu_j\big)^2$.
# - **H** Both points of a positive pair have the law $p$, so $0\le\tfrac12\mathbb E_{pos}|f(x)-f(x^+)|^2
#   =\mathbb E_p|f(x)|^2-\mathbb E_{pos}$.
# - **K** The $\mu_j$ are at most 1, as the eigenvalues of $\bar A$ are; so $\sum_j\mu_j\le k$.
# - **B** $\mathbb E_{neg}=\sum_{x,x'}p(x)p(x')(f(x)\cdot f(x'))^2=\lVert FF^\top\rVert^2=\sum_{j\le k}\mu_j^2$.
# - **I** Likewise $0\le\tfrac12\mathbb E_{pos}|f(x)+f(x^+)|^2=\mathbb E_p|f(x)|^2+\mathbb E_{pos}$.
# - **D** $F$ has $k$ columns, so $FF^\top$ has at most $k$ eigenvalues that are not 0; call them $\mu_1,\mu_2,\dots$, filled
#   up with zeros to $\mu_k$.
# - **F** The $\mu_j$ are not negative, so $\big(\sum_{j\le k}\mu_j\big)^2\le\sum_{j\le k}\mu_j^2$.
#

# %%
from course import arrange

arrange("proof_columns")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_columns", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_columns = None  # a list of labels, top to bottom: ["...", "...", ...]
### BEGIN SOLUTION
proof_columns = ["H", "I", "L", "D", "C", "B", "A", "G"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_columns", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(proof_columns, "proof_columns")

# %% [markdown]
# ## 12 · `derive_factorization`
#
# *Difficulty* ●●●●○ · *time* 45 min · 6 points · read by a person
#
# Pictures and captions, as in CLIP, have **two encoders**. Let $p(x,y)$ be any joint law of a picture $x$ and a caption
# $y$ (a matrix that need be neither symmetric nor square), with marginals $p(x)>0$ and $q(y)>0$, let $f$ and $g$ have $k$
# columns each, and
#
# $$L(f,g)=-2\,\mathbb E_{(x,y)\sim p(x,y)}\big[f(x)\cdot g(y)\big]
#  +\mathbb E_{x\sim p,\;y\sim q\ \text{independent}}\big[(f(x)\cdot g(y))^2\big].$$
#
# Give the reason for each step.
#
# a. (2 points) State and prove the identity that takes the place of Theorem 6.2: which matrix $M$ is approximated, by
# what, and with which constant? Say where the independence of $x$ and $y$ is used.
#
# b. (2 points) With $\sigma_1\ge\sigma_2\ge\dots$ the singular values of $M$, find the minimum of $L(f,g)$ and a pair
# that attains it. You may use the theorem of Eckart and Young: no matrix $G$ of rank at most $k$ has
# $\lVert M-G\rVert^2<\sum_{i>k}\sigma_i^2$. Why does this theorem suffice here, and not in the lecture? Now let $p(x,y)$
# be symmetric: for which graphs is the minimum with two encoders smaller than with $g=f$? Give one.
#
# c. (1 point) Back to one encoder and a symmetric law. Somebody replaces the law $p(x)p(x')$ of the negatives by
# another, $\nu(x,x')$, with $\nu(x,x')\ge\gamma\,p(x)p(x')$ for all $x,x'$ and a number $\gamma>0$. Show that the loss
# is at least $-C/\gamma$ for every $f$, with $C$ the constant of Theorem 6.2.
#
# d. (1 point) Let $f$ be a minimiser with $k$ columns. Show $\mathbb E_p|f(x)|^2\le k$, and say for which graphs it is an
# equality.
#

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_factorization", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Let $M(x,y)=p(x,y)/\sqrt{p(x)q(y)}$, $F_x=\sqrt{p(x)}f(x)$, $G_y=\sqrt{q(y)}g(y)$. Then
#
# $$\lVert M-FG^\top\rVert^2=L(f,g)+C,\qquad C=\sum_{x,y}\frac{p(x,y)^2}{p(x)q(y)}=\lVert M\rVert^2 .$$
#
# Indeed $(FG^\top)(x,y)=\sqrt{p(x)q(y)}\,f(x)\cdot g(y)$. Expand the square of each entry of $M-FG^\top$ and sum over
# all $(x,y)$. The first sum is $C$ and does not contain $f$ or $g$. In the cross term the roots cancel:
# $-2\sum p(x,y)f(x)\cdot g(y)$, an expectation under the joint law. The last sum has the weight $p(x)q(y)$, the law of
# two *independent* draws from the marginals; all $(x,y)$ are in it, also those that are positive pairs.
#
# **b.** $FG^\top$ runs through *all* matrices of rank at most $k$ (write such a matrix by its SVD and give the root of
# each singular value to each side), so Eckart and Young's theorem is exactly the question, and $\min
# L(f,g)=\sum_{i>k}\sigma_i^2-\lVert M\rVert^2 =-\sum_{i\le k}\sigma_i^2$. With singular vectors $a_i$, $b_i$ it is
# attained by the columns $f_i(x)=\sqrt{\sigma_i}\,a_i(x)/\sqrt{p(x)}$ and
# $g_i(y)=\sqrt{\sigma_i}\,b_i(y)/\sqrt{q(y)}$. With $g=f$ the product $FF^\top$ is positive semidefinite: not every
# matrix of rank $k$ is reached, and the bound of the theorem may not be attained. If $p$ is symmetric, $M=\bar A$ and
# $\sigma_i$ are the $|\lambda_i|$ in falling order. The sum of the $k$ largest $\lambda_i^2$ is larger than
# $\sum_{i\le k}(\lambda_i^+)^2$ exactly when some negative eigenvalue is larger in absolute value than $\lambda_k^+$,
# that is, when $|\lambda_S|>\lambda_k^+$ with $\lambda_S<0$. One edge without loops, $k=2$: eigenvalues $\pm1$,
# minimum $-2$ against $-1$.
#
# **c.** Since $(f(x)\cdot f(x'))^2\ge0$, the second term is at least
# $\gamma\,\mathbb E_{neg}[(f(x)\cdot f(x'))^2]$. Multiply by $\gamma$: $\gamma L_\nu(f)\ge
# -2\gamma\mathbb E_{pos}[f(x)\cdot f(x^+)]+\gamma^2\mathbb E_{neg}[(f(x)\cdot f(x'))^2]=L(\sqrt\gamma f)\ge-C$, by
# (6.7) for the embedding $\sqrt\gamma f$.
#
# **d.** $\mathbb E_p|f|^2=\sum_x|F_x|^2=\mathrm{tr}(FF^\top)$, the sum of the $\mu_j$ of the proof of Theorem 6.4,
# which at a minimiser are $\lambda_j^+$: $\mathbb E_p|f|^2=\sum_{j\le k}\lambda_j^+\le k$, because no eigenvalue
# exceeds 1. Equality iff $\lambda_1=\dots=\lambda_k=1$, that is, iff the graph has at least $k$ components
# (Proposition 6.1 b).
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: M, F, G and C named rightly (both marginals).
# - 1 point, a: the expansion with the roots cancelling, and where independence enters (product weight).
# - 1 point, b: every matrix of rank k is a product F G^T, so Eckart-Young gives the minimum -sum sigma_i^2, with a pair
#   that attains it.
# - 1 point, b: F F^T is positive semidefinite, so the theorem is not enough with one encoder; singular values are
#   |lambda_i|; a graph with a negative eigenvalue that is larger in absolute value than lambda_k^+ (half a point for an
#   example without the condition).
# - 1 point, c: completes the square or scales f by sqrt(gamma); half a point if gamma is lost on the way.
# - ½ point, d: the trace and mu_j = lambda_j^+. ½ point, d: the case of equality (k components).
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/06_spectral_loss/06_spectral_loss.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_factorization")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
#
