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
# # 06 · The spectral loss
#
# *A contrastive loss that is a matrix factorisation.* Read the lecture `lectures/06_spectral_loss.ipynb` first.
#
# The spectral contrastive loss of HaoChen, Wei, Gaidon and Ma (2021) can be minimised with pencil and paper: it is the
# error of approximating the normalised adjacency matrix of a graph, up to a constant that you will compute. You will
# build the graph, both sides of that identity, the loss of a batch, the minimiser, and the clusters that it shows.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `augmentation_graph` | 10 min | 1 |
# | 2 | `normalized_adjacency` | 10 min | 2 |
# | 3 | `spectral_loss_population` | 15 min | 3 |
# | 4-5 | `factorization_loss`, `factorization_constant` | 15 min | 2 + 1 |
# | 6 | `derive_factorization` | 45 min | 6 by hand |
# | 7 | `spectral_loss` of a batch | 25 min | 4 |
# | 8 | `spectral_embedding` | 30 min | 5 |
# | 9 | `spectral_clusters` | 30 min | 4 |
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
# *Difficulty* ●○○○○ · *time* 10 min · 1 point
#
# There are $I$ images; image $i$ is drawn with probability $q_i$ and augmented at random, which gives the picture $x$
# with probability $a_i(x)$. A positive pair is **two independent augmentations of one image**. Return its joint law
# $p(x,x')$ as an array of shape (S, S).
#
# `image_probs` (I,) must be a law without zeros and each row of `augmentations` (I, S) a law:
# `validate.world(image_probs, augmentations)`.
#

# %% nbgrader={"grade": false, "grade_id": "augmentation_graph", "locked": false, "schema_version": 3, "solution": true, "task": false}
def augmentation_graph(image_probs, augmentations):
    """Joint law (S, S) of two independent augmentations of one random image.

    image_probs (I,) probabilities of the images, all > 0; augmentations (I, S), row i the law of the augmented image i.
    ValueError for anything else. Source: HaoChen et al. 2021, section 3 (their w_xx').
    """
    ### BEGIN SOLUTION
    validate.world(image_probs, augmentations)
    return augmentations.T @ (image_probs[:, None] * augmentations)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_augmentation_graph", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(augmentation_graph)

# %% [markdown]
# **Look.** A bar, a standing bar and a square on a grid of 5 x 5 pixels; an augmentation shifts the picture by at most
# one pixel along each axis, and what leaves the grid is lost. Nodes are grouped by shape. Where do the entries between
# two different shapes come from?
#

# %%
from course import plots_spectral

shapes = [np.ones((1, 3)), np.ones((3, 1)), np.ones((2, 2))]
world = graphs.shift_grid(shapes, side=5)
shift_graph = augmentation_graph(world.image_probs, world.augmentations)
order = np.argsort(world.labels, kind="stable")
plots_spectral.graph_and_pictures(shift_graph[np.ix_(order, order)], world.pictures[order], world.labels[order])

# %% [markdown]
# ## 2 · `normalized_adjacency`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
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

# %% nbgrader={"grade": true, "grade_id": "check_normalized_adjacency", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(normalized_adjacency)

# %% [markdown]
# ## 3 · `spectral_loss_population`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
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

# %% nbgrader={"grade": true, "grade_id": "check_spectral_loss_population", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(spectral_loss_population)

# %% [markdown]
# ## 4 · `factorization_loss`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
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

# %% nbgrader={"grade": true, "grade_id": "check_factorization_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(factorization_loss)

# %% [markdown]
# ## 5 · `factorization_constant`
#
# *Difficulty* ●●○○○ · *time* 5 min · 1 point
#
# With $F_x = \sqrt{p(x)}\,f(x)$ the two losses differ by a number that depends on the graph and not on $f$:
#
# $$\bigl\lVert \bar A - F F^\top\bigr\rVert_F^2 = L(f) + C .$$
#
# Find $C$ (expand the square; section 6 asks for the whole proof) and return it.
#

# %% nbgrader={"grade": false, "grade_id": "factorization_constant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def factorization_constant(joint):
    """The number C with factorization_loss(joint, sqrt(p) * z) = spectral_loss_population(joint, z) + C for every z.

    joint (S, S) symmetric joint law; ValueError otherwise. Source: HaoChen et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    return (normalized_adjacency(joint) ** 2).sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_factorization_constant", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(factorization_constant)

# %% [markdown]
# **See it.** Random embeddings on a random graph: two columns that differ by one constant.
#

# %%
rng = np.random.default_rng(0)
joint = graphs.random_joint_symmetric(rng, 6)
print("     L(f)      error of the factorisation     difference")
for scale in (0.0, 0.5, 1.0, 2.0):
    z = scale * rng.normal(size=(6, 2))
    loss, error = spectral_loss_population(joint, z), factorization_loss(joint, np.sqrt(joint.sum(axis=1))[:, None] * z)
    print(f"{loss:9.4f} {error:21.4f} {error - loss:22.10f}")
print(f"factorization_constant {factorization_constant(joint):30.10f}")

# %% [markdown]
# ## 6 · `derive_factorization`
#
# *Difficulty* ●●●●○ · *time* 45 min · 6 points · read by a person
#
# Write $p(x)$ for the row sums, $F_x = \sqrt{p(x)}\,f(x)$, and $\lambda_1\ge\dots\ge\lambda_S$ for the eigenvalues of
# $\bar A$ with orthonormal eigenvectors $u_1,\dots,u_S$. Give the reason for each step.
#
# a. (2 points) Prove $\lVert\bar A - FF^\top\rVert_F^2 = L(f) + C$ with your $C$. Say where you use that the two points
# of a negative pair are independent, and that $x'=x$ is among them.
#
# b. (2 points) Let $F$ have $k$ columns. Prove
# $\lVert\bar A - FF^\top\rVert_F^2 \ge \sum_{i=1}^S\lambda_i^2 - \sum_{i=1}^k\max(\lambda_i,0)^2$ and give an $F$ for
# which it is an equality. You may use Ky Fan's inequality:
# $\sum_{j=1}^m w_j^\top\bar A\,w_j \le \lambda_1+\dots+\lambda_m$ for orthonormal $w_1,\dots,w_m$. Why would it be
# wrong to keep the $k$ eigenvalues of largest absolute value?
#
# c. (1 point) Show that at a minimiser $\mathbb E_{pos}[f(x)\cdot f(x^+)] = \mathbb E_{neg}[(f(x)\cdot f(x'))^2]$, and
# that this number is at least 1.
#
# d. (1 point) Somebody draws a negative pair as augmentations of two *different* images. There are two images, each
# with probability 1/2, and no picture comes from both. Show that with this change $L$ is not bounded below.
#

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_factorization", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Row $x$ of $F$ is $\sqrt{p(x)}f(x)$, so $(FF^\top)(x,x') = \sqrt{p(x)p(x')}\,f(x)\cdot f(x')$. Expand the
# square of each entry and sum over all $S^2$ ordered pairs:
#
# $$\sum_{x,x'}\Bigl(\frac{p(x,x')}{\sqrt{p(x)p(x')}}\Bigr)^2
#  - 2\sum_{x,x'}\frac{p(x,x')}{\sqrt{p(x)p(x')}}\sqrt{p(x)p(x')}\,f(x)\cdot f(x')
#  + \sum_{x,x'}p(x)p(x')\,(f(x)\cdot f(x'))^2 .$$
#
# In the second sum the roots cancel, and $\sum_{x,x'}p(x,x')f(x)\cdot f(x') = \mathbb E_{pos}[f(x)\cdot f(x^+)]$
# because $p(x,x')$ is the law of the ordered positive pair and sums to 1. In the third sum the weight is the product
# $p(x)p(x')$: it is the law of two *independent* draws from the marginal, and the sum contains the terms $x=x'$ with
# weight $p(x)^2$, so the draws must be allowed to coincide (and to come from the same image). The first sum does not
# contain $f$: $C = \sum_{x,x'}p(x,x')^2/(p(x)p(x')) = \lVert\bar A\rVert_F^2$.
#
# **b.** $G=FF^\top$ is positive semidefinite of rank at most $k$: $G=\sum_{j=1}^k\mu_jw_jw_j^\top$ with
# $\mu_1\ge\dots\ge\mu_k\ge0$ and orthonormal $w_j$. Then
# $\lVert\bar A-G\rVert^2 = \lVert\bar A\rVert^2 - 2\,\mathrm{tr}(\bar AG) + \lVert G\rVert^2$ with
# $\lVert\bar A\rVert^2=\sum_i\lambda_i^2$, $\lVert G\rVert^2=\sum_j\mu_j^2$, $\mathrm{tr}(\bar AG)=\sum_j\mu_ja_j$
# where $a_j = w_j^\top\bar Aw_j$. Summation by parts, with $\mu_{k+1}=0$:
#
# $$\sum_{j=1}^k\mu_ja_j = \sum_{m=1}^k(\mu_m-\mu_{m+1})(a_1+\dots+a_m)
#  \le \sum_{m=1}^k(\mu_m-\mu_{m+1})(\lambda_1+\dots+\lambda_m) = \sum_{j=1}^k\mu_j\lambda_j,$$
#
# by Ky Fan, since $\mu_m-\mu_{m+1}\ge0$. So
# $\lVert\bar A-G\rVert^2\ge\sum_i\lambda_i^2+\sum_{j\le k}(\mu_j^2-2\mu_j\lambda_j)$. Over $\mu_j\ge0$ the parabola
# $\mu_j^2-2\mu_j\lambda_j$ has its minimum $-\max(\lambda_j,0)^2$ at $\mu_j=\max(\lambda_j,0)$. Equality: $F$ with the
# columns $\sqrt{\max(\lambda_j,0)}\,u_j$. An eigenvalue of large absolute value may be negative; $FF^\top$ has no
# negative eigenvalue, so it cannot use it: $\mu_j>0$ with $\lambda_j<0$ makes the error larger, and the place would be
# lost for a smaller positive eigenvalue. (Eckart and Young speak of all matrices of rank $k$, not of $FF^\top$.)
#
# **c.** If $f$ is a minimiser then so is $t=1$ for $t\mapsto L(tf)=-2t^2E_{pos}+t^4E_{neg}$, so the derivative
# $-4E_{pos}+4E_{neg}$ vanishes. Then $L=-E_{pos}$, and by (a) and (b) $L = -\sum_{i\le k}\max(\lambda_i,0)^2$. The
# vector $\sqrt{p}$ is an eigenvector with eigenvalue 1:
# $\sum_{x'}\bar A(x,x')\sqrt{p(x')}=\sum_{x'}p(x,x')/\sqrt{p(x)}=\sqrt{p(x)}$. So $\lambda_1\ge1$, and the number is at
# least 1.
#
# **d.** Let $f(x)=t\,e_i$ for every augmentation $x$ of image $i$, $i=1,2$. A positive pair comes from one image, so
# $f(x)\cdot f(x^+)=t^2$. A negative pair comes from the two different images, so $f(x)\cdot f(x')=0$. Hence
# $L=-2t^2\to-\infty$.
#
# === BEGIN MARK SCHEME ===
# (a) 1 point: the expansion, with the roots cancelling and C named. 1 point: says where independence is used (product
# weight) and that the diagonal terms x = x' belong to the sum. (b) 1 point: G is PSD of rank at most k, tr(AG) bounded
# by sum mu_j lambda_j (summation by parts with Ky Fan, or von Neumann's trace inequality quoted correctly), then each
# mu_j minimised over mu_j >= 0. 1 point: the equality case with clipped eigenvalues, and why the largest absolute
# values are wrong (FF^T has no negative eigenvalue). An answer that quotes Eckart-Young for FF^T without a word on
# signs gets 0 of these 2 points. (c) half a point for the scaling argument (or: value of both terms at the explicit
# minimiser), half for lambda_1 = 1 with a reason. (d) 1 point: any family with L to minus infinity.
# === END MARK SCHEME ===
# ### END SOLUTION
#

# %% [markdown]
# ## 7 · `spectral_loss` of a batch
#
# *Difficulty* ●●●○○ · *time* 25 min · 4 points
#
# A batch holds $B \ge 2$ positive pairs: row $i$ of `view1` and row $i$ of `view2` are the embeddings $v_i$ and $v'_i$
# of two augmentations of image $i$. The negatives are the rows of *other* images, taken across the two views:
#
# $$\hat L = -\frac2B\sum_{i=1}^B v_i\cdot v'_i \;+\; \frac1{B(B-1)}\sum_{i\ne j}\bigl(v_i\cdot v'_j\bigr)^2 ,$$
#
# where the second sum runs over all $B(B-1)$ **ordered** pairs $i\ne j$. When the $B$ pairs are drawn independently
# from $p(x,x')$, the expectation of $\hat L$ is $L(f)$; the check enumerates all batches of a small graph to see it.
# (There are other unbiased forms. This is the one that is graded.)
#
# Torch: any floating dtype; return a tensor of shape (), differentiable, without a Python loop over the batch. No
# normalisation of the rows. B = 1 raises.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_loss(view1, view2):
    """Unbiased batch estimate -2 mean_i v1_i.v2_i + mean over ordered pairs i != j of (v1_i.v2_j)^2, a 0-dim tensor.

    view1, view2: (B, d), B >= 2, floating; row i of one and row i of the other form a positive pair.
    Raises ValueError for unequal shapes, B < 2, NaN. Source: HaoChen et al. 2021 and their published code.
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

# %% nbgrader={"grade": true, "grade_id": "check_spectral_loss", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(spectral_loss)

# %% [markdown]
# ## 8 · `spectral_embedding`
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points
#
# The minimiser of $L$ over all embeddings with $k$ columns: with eigenvalues $\lambda_1\ge\dots\ge\lambda_S$ and
# orthonormal eigenvectors $u_i$ of $\bar A$,
#
# $$z(x)_i = \frac{\sqrt{\max(\lambda_i,0)}\;u_i(x)}{\sqrt{p(x)}},\qquad i=1,\dots,k .$$
#
# Return $z$, shape (S, k), with $1\le k\le S$ (an integer; anything else raises). Where $\lambda_i\le0$ the column is
# zero. Any rotation $zQ$ is as good, since $L$ depends on $zz^\top$ only, and that is what the check compares. Where
# $\lambda_k=\lambda_{k+1}>0$ there are more minimisers, and every one is accepted.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_embedding", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_embedding(joint, k):
    """A minimiser (S, k) of the population spectral loss: columns sqrt(max(lambda_i, 0)) u_i / sqrt(p), i = 1 .. k.

    lambda_i the eigenvalues of the normalised adjacency in falling order, u_i orthonormal eigenvectors.
    joint (S, S) symmetric joint law, k an integer with 1 <= k <= S. ValueError otherwise.
    Source: HaoChen et al. 2021, section 3, with the negative eigenvalues put right.
    """
    ### BEGIN SOLUTION
    adjacency = normalized_adjacency(joint)
    validate.count(1, k=k)
    if k > len(joint):
        raise ValueError(f"k must be at most the number of nodes S = {len(joint)}, got {k!r}")
    values, vectors = np.linalg.eigh(adjacency)  # rising order
    values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
    return vectors * np.sqrt(np.maximum(values, 0)) / np.sqrt(joint.sum(axis=1))[:, None]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_spectral_embedding", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(spectral_embedding)

# %% [markdown]
# **Does the batch loss find it?** A table of embeddings, one row per node, trained with your `spectral_loss` on random
# pairs of the shift graph, against your `spectral_embedding`: the relative difference of the matrices $zz^\top$ and the
# population loss.
#

# %%
generator = torch.Generator().manual_seed(0)
target = spectral_embedding(shift_graph, 3)
table = (0.1 * torch.randn(len(shift_graph), 3, generator=generator, dtype=torch.float64)).requires_grad_()
law = torch.from_numpy(shift_graph.ravel())
for step in range(1, 4001):
    pairs = torch.multinomial(law, 256, replacement=True, generator=generator)
    first, second = table[pairs // len(shift_graph)], table[pairs % len(shift_graph)]
    (slope,) = torch.autograd.grad(spectral_loss(first, second), table)
    table.data -= 2.0 * (1 - step / 4000) * slope
    if step in (1, 100, 1000, 4000):
        z = table.detach().numpy()
        off = np.linalg.norm(z @ z.T - target @ target.T) / np.linalg.norm(target @ target.T)
        print(f"step {step:4d}: z z^T off by {off:.3f}, population loss {spectral_loss_population(shift_graph, z):.4f}")
print(f"the minimum: {spectral_loss_population(shift_graph, target):34.4f}")

# %% [markdown]
# ## 9 · `spectral_clusters`
#
# *Difficulty* ●●●●○ · *time* 30 min · 4 points
#
# Cut the graph into $k$ parts: embed the nodes, then group the rows. Return integer labels of shape (S,); their names
# do not matter, only which nodes share one.
#
# It is asked of graphs that consist of $k$ nearly separate parts: at most 3 % of the mass lies between different parts.
# But the parts are not nice otherwise. Their masses may differ by a factor of ten, some have one or two nodes and
# others many; inside a part one node may have most of the mass; and a part may be two-coloured (edges only between the
# two colours), which makes eigenvalues near $-1$. Three things to think about:
#
# - Which rows are (nearly) constant on a part: those of $z$, or those of the eigenvectors $u_i$?
# - The eigensolver's columns are no indicators of the parts, but a rotation of what would be. A rule that looks at
#   single columns fails; distances between rows do not change under a rotation.
# - $k$-means stops at a bad partition when no first centre lies in some small part, and random rows rarely hit a part
#   of one node: even ten random starts fail now and then. Put the first centres far apart, or use
#   `sklearn.cluster.KMeans` with its own start (`k-means++`) and `n_init=10`. `seed` is an integer for whatever you
#   draw.
#
# $k=1$ is allowed: one part. `ValueError` as for `spectral_embedding`.
#

# %% nbgrader={"grade": false, "grade_id": "spectral_clusters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spectral_clusters(joint, k, seed):
    """Integer labels (S,): a partition of a graph of k nearly separate parts into these parts, names arbitrary.

    joint (S, S) symmetric joint law, k an integer with 1 <= k <= S, seed an integer. ValueError otherwise.
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

# %% nbgrader={"grade": true, "grade_id": "check_spectral_clusters", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(spectral_clusters)

# %% [markdown]
# **Look.** Five parts of very unequal size with 2 % of the mass between them, nodes in random order: the graph as it
# comes, and the same graph sorted by your clusters.
#

# %%
joint, parts = graphs.blocks(np.random.default_rng(4), [2, 4, 14, 7, 3], leak=0.02, hub=0.5)
plots_spectral.sorted_by_clusters(joint, spectral_clusters(joint, 5, seed=0))

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/06_spectral_loss/06_spectral_loss.ipynb
# ```
#