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
# # 06 · The spectral loss: contrastive learning as a matrix factorisation
#
# *Time* core 105 min, optional 45 min · *you need* eigenvalues of symmetric matrices, expectations; numpy; units 01
# and 04 for the optional section 13
#
# *Exercise of this unit:* [06 · exercise](../exercises/06_spectral_loss/06_spectral_loss.ipynb).
#
# Every loss so far needed a bound to be understood. This one, the spectral contrastive loss of [HaoChen, Wei, Gaidon
# and Ma (2021)](https://arxiv.org/abs/2106.04156), can be minimised with pencil and paper. We do so, say how far a
# training run is from the answer, and let a network find it on digits.
#
# ## Map
#
# | result | in words | needs | |
# |---|---|---|---|
# | Prop. 6.1 | what the eigenvalues of a graph say | sect. 1 | core |
# | Theorem 6.2 | the loss *is* a factorisation error, with its constant | sect. 3 | core |
# | Lemma 6.3, Theorem 6.4 | its minimum, also with negative eigenvalues | 6.2 | core |
# | Props. 6.5, 6.6 | what is unique, and what holds at the end of training | 6.4 | core |
# | Theorem 6.7 | what an angle to the true space costs, sharp | 6.3, 6.4 | core |
# | Props. 6.8, 6.9 | parts of a graph, read off the rows | 6.1 | core |
# | Theorem 6.10 | invariance and covariance losses find the same space | 6.4 | optional |
# | section 10 | a network finds the eigenfunctions of the digits | all of these | core |
# | Prop. 6.11 | which negatives leave the loss without a minimum | 6.2 | optional |
# | Props. 6.12, 6.13 | which batches estimate it without bias | sect. 3 | optional |
# | Props. 6.14, 6.15 | how it is related to the softmax losses, and how not | 01, 04 | optional |
#
# | symbol | meaning |
# |---|---|
# | $p(x,x')$, $p(x)$, $S$ | law of a positive pair, its row sums (the mass of a node), number of nodes |
# | $\bar A$ | normalised adjacency, eigenvalues $\lambda_1\ge\dots\ge\lambda_S$, orthonormal eigenvectors $u_i$ |
# | $\varphi_i=u_i/\sqrt p$ | eigenfunctions, orthonormal under $\langle g,h\rangle=\sum_xp(x)g(x)h(x)$ |
# | $f$, $k$, $F$ | embedding of the nodes, its number of columns, the matrix with the rows $\sqrt{p(x)}f(x)$ |
# | $L$, $E_{pos}$, $E_{neg}$ | spectral loss and its two expectations |
# | $\varepsilon$, $\delta$, $s$ | excess $L-\min L$, gap $\lambda_k-\lambda_{k+1}$, sum of squared sines |
# | $B$ | pairs in a batch |
#
# $\lVert M\rVert^2$ is the sum of the squared entries of $M$, $1[\cdot]$ is 1 where the statement holds and 0
# elsewhere, $\lambda^+=\max(\lambda,0)$. Many letters of unit 05 mean something else here, among them $s$, $k$, $A$,
# $C$, $G$, $M$, $W$ and $\kappa$.

# %%
import copy
import math

import numpy as np
import torch
from scipy.linalg import eigh
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from course import data, figures, graphs


# %%
def eigenfunctions(joint):
    """Eigenvalues in falling order, (S,), and functions with <phi_i, phi_j> = 1[i = j] as columns, (S, S)."""
    values, functions = eigh(joint, np.diag(joint.sum(axis=1)))  # (6.3) times p(x): section 2 says why
    largest = np.take_along_axis(functions, np.abs(functions).argmax(axis=0)[None], axis=0)
    return values[::-1], (functions * np.sign(largest))[:, ::-1]  # signs fixed: the largest entry is positive


# %% [markdown]
# ## 1 A graph made of pictures
#
# Take finitely many images, image $i$ with probability $q_i$, and a random augmentation that turns image $i$ into
# picture $x$ with probability $a_i(x)$. Let $S$ be the number of pictures that can arise. Draw an image, augment it
# twice, independently: this is a **positive pair**, and its law is
#
# $$p(x,x') = \sum_i q_i\,a_i(x)\,a_i(x'), \qquad p(x) = \sum_{x'} p(x,x') = \sum_i q_i\,a_i(x). \tag{6.1}$$
#
# Read $p(x,x')$ as the weight of an edge and you have the **augmentation graph**: two pictures are joined when one
# image can make both. A **negative pair** is two independent draws from $p(x)$: its law is $p(x)p(x')$. The weights are
# a *joint law*, over ordered pairs, $x'=x$ included. (If somebody's weights sum to $W$ instead of 1, sums over edges
# are $W$ times an expectation over positive pairs, sums over products of degrees $W^2$ times one over negative pairs.)
#
# A world small enough to see: a bar of three pixels, a corner of three and a square of four, anywhere on a grid of
# 5 x 5. The augmentation shifts the picture along each axis by $-1, 0, 1$ with probabilities
# $\frac14, \frac12, \frac14$; what leaves the grid is lost.
#
# **Predict.** Can a positive pair join pictures of two shapes? And which of all pictures is the likeliest?

# %%
shapes = [np.ones((1, 3)), np.array([[1, 0], [1, 1]]), np.ones((2, 2))]
world = graphs.shift_grid(shapes, side=5)
joint, mass = world.joint, world.joint.sum(axis=1)
different = world.labels[:, None] != world.labels[None, :]
print(f"{len(world.image_probs)} images, {len(joint)} pictures; mass of a picture {mass.min():.4f} to {mass.max():.4f}")
print(f"the likeliest picture has {world.pictures[mass.argmax()].sum()} black pixels")
print(f"a positive pair joins two shapes with probability {joint[different].sum():.4f},",
      f"a negative pair with {np.outer(mass, mass)[different].sum():.4f}")

# %% [markdown]
# **Figure 1. Which pictures are joined?** Left, $p(x,x')$ with the nodes grouped by the shape that most probably made
# them. Right, some of the nodes.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
order = np.argsort(world.labels, kind="stable")
figure = figures.graph_and_pictures(joint[np.ix_(order, order)], world.pictures[order], world.labels[order])
figures.described(figure,
    "Left, the joint law of 80 pictures as a matrix sorted by shape: three blocks on the diagonal hold most "
    "of the mass, in bands; few entries lie outside. Right, 30 of the pictures on a small grid: black bars, "
    "corners and squares at different places, some cut off at the border, and one that is empty."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It can, in 9 % of the cases: a lone black pixel, or two, may be what is left of a corner or of a square at the border.
# The likeliest picture is the empty one: a bar in the top or bottom row leaves the grid with probability $\frac14$.
# </details>
#
# Most of the mass lies in three blocks. Inside a block the bands are the grid: pictures are joined when they lie at
# most two steps apart.

# %% [markdown]
# ## 2 The normalised adjacency and its eigenfunctions
#
# Let $P$ be the matrix of the $p(x,x')$. From here on it is *any* symmetric joint law without a node of mass 0, made by
# (6.1) or not. The **normalised adjacency** is
#
# $$\bar A(x,x') = \frac{p(x,x')}{\sqrt{p(x)\,p(x')}}. \tag{6.2}$$
#
# Its eigenvectors $u_i$ are easier to read after division by $\sqrt p$. With $\varphi = u/\sqrt p$ the equation
# $\bar A u=\lambda u$ becomes, after division by $\sqrt{p(x)}$,
#
# $$(T\varphi)(x) := \mathbb E\big[\varphi(x^+)\mid x\big] = \sum_{x'}\frac{p(x,x')}{p(x)}\varphi(x')
# = \lambda\,\varphi(x). \tag{6.3}$$
#
# So an **eigenfunction** is a feature whose expected value at the positive partner is $\lambda$ times its value here: a
# feature that survives augmentation up to the factor $\lambda$. Orthonormal $u_i$ give
# $\langle\varphi_i,\varphi_j\rangle=\sum_x u_i(x)u_j(x)=1[i=j]$.
#
# **Proposition 6.1.** (a) All eigenvalues lie in $[-1,1]$. The constant function is an eigenfunction with
# $\lambda_1=1$.
#
# (b) The multiplicity of the eigenvalue 1 is the number of connected components, and $T\varphi=\varphi$ iff $\varphi$
# is constant on each component.
#
# (c) $-1$ is an eigenvalue iff some component is *two-coloured*: its nodes can be coloured so that all its edges join
# different colours (so it has no loop).
#
# (d) If $P$ is made by (6.1), no eigenvalue is negative.
#
# *Plan.* Write $1\mp\lambda$ as a mean of squares over edges.
#
# *Proof.* Expanding the square and using that both marginals of $p(x,x')$ are $p$,
#
# $$\tfrac12\sum_{x,x'}p(x,x')\,(g(x)\mp g(x'))^2 = \langle g,g\rangle\mp\sum_{x,x'}p(x,x')g(x)g(x')
#  = \langle g,g\rangle\mp\langle g,Tg\rangle. \tag{6.4}$$
#
# (a) For an eigenfunction with $\langle\varphi,\varphi\rangle=1$ the right side is $1\mp\lambda$, the left side is not
# negative; so $-1\le\lambda\le1$. For $\varphi=1$, (6.3) is $\sum_{x'}p(x,x')/p(x)=1$.
#
# (b) If $T\varphi=\varphi$, (6.4) with the minus sign is 0, so $\varphi(x)=\varphi(x')$ on every edge, hence along
# every path: $\varphi$ is constant on components. Conversely, a function that is constant on components satisfies (6.3)
# with $\lambda=1$, since all positive partners of $x$ lie in its component. These functions form a space whose
# dimension is the number of components.
#
# (c) If $T\varphi=-\varphi$, (6.4) with the plus sign is 0, so $\varphi(x')=-\varphi(x)$ on every edge. On a component
# where $\varphi$ is not 0 its absolute value is constant along paths, so never 0, and its sign is a colouring.
# Conversely, put $\varphi=\pm1$ by the colours of that component and 0 elsewhere: $T\varphi=-\varphi$.
#
# (d) $\langle g,Tg\rangle=\sum_{x,x'}\sum_i q_ia_i(x)a_i(x')g(x)g(x')=\sum_iq_i\big(\sum_xa_i(x)g(x)\big)^2\ge0$.
# $\square$
#
# **Predict.** What is the smallest eigenvalue of the graph of a single edge without loops, and of the complete graph on
# 6 nodes without loops? What is the largest of two separate cliques, and how often?

# %%
zoo = {"shift graph of figure 1": joint, "two separate cliques, 3 + 3": graphs.two_cliques(3),
       "complete, 6, no loops": graphs.complete_graph(6), "one edge, no loops": np.array([[0.0, 0.5], [0.5, 0.0]])}
for name, graph in zoo.items():
    values, functions = eigenfunctions(graph)
    print(f"{name:28s} largest", *[f"{v:7.4f}" for v in values[:3]], f"  smallest {values[-1]:7.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $-1$, by (c). The trace of $\bar A$ is 0 without loops, so the other five eigenvalues of the complete graph, equal by
# symmetry, are $-\frac15$. Two cliques have the eigenvalue 1 twice, by (b).
# </details>
#
# In the graphs above that break (d) a positive pair never repeats a picture, so it is *not* two independent
# augmentations of one image. Such graphs are not exotic: "two *different* crops of the image" makes one.

# %% [markdown]
# ## 3 The loss, and a first training
#
# The **spectral contrastive loss** of an embedding $f$ with $k$ columns is
#
# $$L(f) = -2\,E_{pos}+E_{neg},\qquad E_{pos}=\mathbb E_{(x,x^+)\sim p(x,x')}\big[f(x)\cdot f(x^+)\big],\quad
#  E_{neg}=\mathbb E_{x\sim p,\ x'\sim p\text{ independent}}\Big[\big(f(x)\cdot f(x')\big)^2\Big]. \tag{6.5}$$
#
# It pulls partners together and pushes strangers towards being orthogonal, without a temperature and without
# normalisation: the length of a row matters. Before any theory, let us run it. Forget the matrix: a table of 80 rows
# with 3 numbers each, one row per picture of figure 1, moved by stochastic gradient descent on random pictures alone.
# Each step draws $B$ positive pairs, and, to take "independent" at its word, $B$ further pictures as negatives. While
# it runs we compare the span of the three columns with that of $\varphi_1,\varphi_2,\varphi_3$, which the run does
# not know.

# %%
B, law, n = 64, torch.from_numpy(joint.ravel()), len(joint)
generator, run = torch.Generator().manual_seed(0), []
table = (0.1 * torch.randn(n, 3, generator=generator, dtype=torch.float64)).requires_grad_()
for step in range(3001):
    if step % 50 == 0:
        run.append(table.detach().numpy().copy())
    drawn = torch.multinomial(law, 2 * B, replacement=True, generator=generator)
    first, second, stranger = table[drawn[:B] // n], table[drawn[:B] % n], table[drawn[B:] % n]
    loss = (first @ stranger.T).square().mean() - 2 * (first * second).sum(dim=1).mean()
    table.data -= 2.0 * (1 - step / 3001) * torch.autograd.grad(loss, table)[0]

# %% [markdown]
# Two lines of linear algebra for the comparison. In the coordinates $c_i=\langle\varphi_i,f\rangle$ of the
# eigenfunctions (row $i$ of a matrix $c$ with $k$ columns), (6.3) and orthonormality give
#
# $$E_{pos}=\sum_i\lambda_i|c_i|^2,\qquad E_{neg}=\lVert c^\top c\rVert^2. \tag{6.6}$$
#
# And the angle between two spaces is measured by the **principal angles**: their cosines are the singular values of the
# matrix of inner products of two orthonormal bases.

# %%
def two_terms(values, c):
    """E_pos and E_neg by (6.6), from the coordinates c (S, k) of an embedding in the eigenfunctions."""
    return np.sum(values[:, None] * c**2), np.sum((c.T @ c) ** 2)


def angles(c, k):
    """Principal angles in degrees, falling, between the columns of c and the first k coordinate axes."""
    cosines = np.linalg.svd(np.linalg.qr(c)[0][:k])[1]
    return np.degrees(np.arccos(cosines.clip(-1, 1)))[::-1]


# %% [markdown]
# **Predict.** The eigenvalues are $1, 0.96, 0.90, 0.72, \dots$ Which of the three directions does the run find last,
# and how will the loss look while it is missing?
#
# **Figure 2. A first training.** Left, the loss above the smallest value that any table can have (section 5). Right,
# the three principal angles to the span of $\varphi_1,\varphi_2,\varphi_3$.

# %%
values, functions = eigenfunctions(joint)
coordinates = [functions.T @ (mass[:, None] * table) for table in run]
losses = [negative - 2 * positive for positive, negative in (two_terms(values, c) for c in coordinates)]
excess = np.array(losses) + np.sum(values[:3] ** 2)
found = np.array([angles(c, 3) for c in coordinates])
print("lambda:", values[:5].round(3), " excess every 300 steps:", excess[::6].round(3))
print("largest angle:", found[::6, 0].round(1))
steps, (_, (left, right)) = 50 * np.arange(len(run)), figures.panels(2, width=4.4, height=3.1)
figures.curves(steps, {"": excess}, left, xlabel="step", logy=True, title="loss above the minimum")
figure = figures.curves(steps, dict(zip(("largest", "second", "smallest"), found.T, strict=True)), right, xlabel="step",
                        title="angles to the eigenfunctions (degrees)", ordered=True)
figures.described(figure,
    "Two panels over 3000 steps. Left, the loss above the minimum, logarithmic: it falls from 3 to 0.2 at "
    "once, wavers near 0.1 until step 1500 and ends at 0.011. Right, three principal angles start near 80 "
    "degrees, are below 15 from step 150 on, and end at 3 degrees."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The third: after 50 steps it is still 32 degrees off, the second 16. From step 150 to about step 1300 all three move
# about with the noise of the batches, the largest angle between 10 and 15 degrees, then they fall with the step size:
# at the end the excess is 0.011 and the largest angle 3 degrees. </details>
#
# Three things want an explanation. Why is the limit the span of eigenfunctions (sections 4 and 5)? What do the columns
# themselves converge to (section 6)? And how small must the excess be before the angle is small (section 7)?

# %% [markdown]
# ## 4 The factorisation identity
#
# **Theorem 6.2 (HaoChen et al. 2021, with the constant).** With $F_x=\sqrt{p(x)}\,f(x)$,
#
# $$\lVert\bar A-FF^\top\rVert^2 = L(f)+C,\qquad
# C=\sum_{x,x'}\frac{p(x,x')^2}{p(x)\,p(x')}=\lVert\bar A\rVert^2=\sum_i\lambda_i^2\ \ge1. \tag{6.7}$$
#
# *Plan.* Expand the square, entry by entry, and recognise two laws.
#
# *Proof.* The entry of $FF^\top$ at $(x,x')$ is $F_x\cdot F_{x'}=\sqrt{p(x)p(x')}\,f(x)\cdot f(x')$. So
#
# $$\lVert\bar A-FF^\top\rVert^2=\sum_{x,x'}\frac{p(x,x')^2}{p(x)p(x')}
# -2\sum_{x,x'}\frac{p(x,x')}{\sqrt{p(x)p(x')}}\sqrt{p(x)p(x')}\;f(x)\cdot f(x')
# +\sum_{x,x'}p(x)p(x')\,\big(f(x)\cdot f(x')\big)^2 .$$
#
# 1. *First sum.* It does not contain $f$. It is the sum of the squared entries of $\bar A$, which for a symmetric
#    matrix is the sum of the squared eigenvalues; $\lambda_1=1$ is among them.
# 2. *Second sum.* The roots cancel. The weights $p(x,x')$ are the law of the ordered positive pair: $-2E_{pos}$.
# 3. *Third sum.* The weight of $(x,x')$ is the *product* $p(x)p(x')$: the law of two independent draws. All ordered
#    pairs are there, those with $x'=x$ too, with weight $p(x)^2$: $E_{neg}$. $\square$
#
# The constant has a meaning: $C-1=\sum_{x,x'}\frac{(p(x,x')-p(x)p(x'))^2}{p(x)p(x')}$ is the $\chi^2$-divergence of the
# pair from independence.
#
# **Predict.** For which graphs is $C$ smallest, and what can be learned from them? And does the identity survive when
# "a picture is no negative of itself", that is, when $x'=x$ is left out of $E_{neg}$?

# %%
rng = np.random.default_rng(2)
graph = graphs.random_joint_symmetric(rng, 6)
p, f = graph.sum(axis=1), rng.normal(size=(6, 2))
root, inner = np.sqrt(p), f @ f.T
adjacency = graph / np.outer(root, root)
error = np.sum((adjacency - np.outer(root, root) * inner) ** 2)
constant = np.sum(eigenfunctions(graph)[0] ** 2)
gap = p @ inner**2 @ p - 2 * np.sum(graph * inner) + constant - error
print(f"holds   error {error:.8f}, L + C - error {gap:.1e};  tight   C = 1 for independent draws:",
      f"{np.sum(eigenfunctions(np.outer(p, p))[0] ** 2):.8f}")
print(f"broken  F_x = f(x), no sqrt(p): off by {np.sum((adjacency - inner) ** 2) - error:.4f};",
      f" x' = x left out of E_neg: off by {-(p**2) @ np.diag(inner) ** 2:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# For independent draws $C=1$, the smallest value, and nothing can be learned beyond the constant. Without the diagonal
# the right side is too small, by an amount that depends on $f$: no constant repairs it.
# </details>
#
# **Find the bug.** After unit 05 one is wary of false negatives: a stranger of the same shape is none, thought the
# author of these lines, who has the labels, and took such pairs out of the second law. The rest is gradient descent
# on the population loss, $k=3$. What goes wrong, and is it the step size?

# %%
strangers = np.outer(mass, mass) * different
strangers /= strangers.sum()
z = 0.1 * np.random.default_rng(0).normal(size=(len(joint), 3))
for step in range(1, 401):
    scores = z @ z.T
    slope = 4 * (strangers * scores) @ z - 4 * joint @ z
    z = z - 0.1 * slope / mass[:, None] / (1 + np.abs(scores).max())
    if step in (25, 50, 100, 200, 400):
        scores = z @ z.T
        print(f"step {step:4d}: loss {np.sum(strangers * scores**2) - 2 * np.sum(joint * scores):10.3f}",
              f" E_pos {np.sum(joint * scores):9.3f}  longest row {np.sqrt(np.diag(scores).max()):7.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $E_{pos}$ grows without end and the second term stays near 0 (0.2 and falling): all pictures of one shape take one
# direction, orthogonal to those of the others, and their rows get longer and longer. No step size helps, since there
# is no minimum: the rows of one shape are never each other's strangers, so nothing pushes them back. The identity is
# why the true loss cannot do this: $L\ge-C$, because a squared norm is not negative. Section 11 has a condition under
# which there is no minimum. </details>

# %% [markdown]
# ## 5 The minimum: negative eigenvalues too
#
# By (6.7), minimising $L$ is approximating $\bar A$ by $FF^\top$. The theorem that comes to mind is Eckart and
# Young's: the best approximation of rank $k$ keeps the $k$ singular values that are largest. But it approximates by
# *any* matrix of rank $k$, and $FF^\top$ has no negative eigenvalue.
#
# **Lemma 6.3 (Ky Fan).** For a symmetric matrix $A$ with eigenvalues $\lambda_1\ge\dots\ge\lambda_S$ and orthonormal
# $w_1,\dots,w_m$: $\ \sum_{j=1}^mw_j^\top Aw_j\le\lambda_1+\dots+\lambda_m$.
#
# *Plan.* The left side is a weighted sum of all eigenvalues; move the weights upwards.
#
# *Proof.* With orthonormal eigenvectors $u_i$, $\sum_jw_j^\top Aw_j=\sum_i\lambda_ih_i$ where
# $h_i=\sum_j(u_i\cdot w_j)^2$. The $w_j$ are orthonormal, so $h_i\le|u_i|^2=1$; and $\sum_ih_i=\sum_j|w_j|^2=m$. Since
# $\sum_ih_i=m$ we may subtract $\lambda_m$ everywhere:
#
# $$\sum_{i\le m}\lambda_i-\sum_i\lambda_ih_i
# =\sum_{i\le m}(\lambda_i-\lambda_m)(1-h_i)+\sum_{i>m}(\lambda_m-\lambda_i)h_i\ \ge0, \tag{6.8}$$
#
# where no summand is negative, as $h_i\le1$ in the first sum and $h_i\ge0$ in the second. $\square$
#
# **Theorem 6.4.** Over all matrices $F$ with $k\le S$ columns,
#
# $$\min_F\lVert\bar A-FF^\top\rVert^2=\sum_{i=1}^S\lambda_i^2-\sum_{i=1}^k(\lambda_i^+)^2,\qquad
# \min_fL(f)=-\sum_{i=1}^k(\lambda_i^+)^2. \tag{6.9}$$
#
# If $\lambda_k\ge0$, it is attained by $f_i=\sqrt{\lambda_i}\,\varphi_i$, $i=1,\dots,k$.
#
# *Plan.* Diagonalise $FF^\top$, bound its directions by Ky Fan, then choose its eigenvalues one by one.
#
# *Proof.* $G=FF^\top$ is positive semidefinite of rank at most $k$, so $G=\sum_{j=1}^k\mu_jw_jw_j^\top$ with
# $\mu_1\ge\dots\ge\mu_k\ge0$ and orthonormal $w_j$. Let $a_j=w_j^\top\bar Aw_j$ and $\mu_{k+1}=0$.
#
# 1. $\lVert\bar A-G\rVert^2=\lVert\bar A\rVert^2-2\,\mathrm{tr}(\bar AG)+\lVert G\rVert^2
#    =\sum_i\lambda_i^2-2\sum_j\mu_ja_j+\sum_j\mu_j^2$.
# 2. Sum by parts: $\sum_j\mu_ja_j=\sum_{m=1}^k(\mu_m-\mu_{m+1})(a_1+\dots+a_m)$. All $\mu_m-\mu_{m+1}\ge0$, so Lemma
#    6.3 gives $\sum_j\mu_ja_j\le\sum_m(\mu_m-\mu_{m+1})(\lambda_1+\dots+\lambda_m)=\sum_j\mu_j\lambda_j$.
# 3. So $\lVert\bar A-G\rVert^2\ge\sum_i\lambda_i^2+\sum_{j\le k}(\mu_j^2-2\mu_j\lambda_j)$. For $\mu_j\ge0$ each
#    parabola is at least $-(\lambda_j^+)^2$.
# 4. All of this can be an equality. Where no $\lambda_j$, $j\le k$, is negative, $F$ with the columns
#    $\sqrt{\lambda_j}\,u_j$ does it; dividing its rows by $\sqrt{p(x)}$ turns $u_j$ into $\varphi_j$. Where some are,
#    go back to step 3: the exercise asks for it. The value of $L$ follows by (6.7). $\square$
#
# Against it two formulas that one might expect: "what is left over", $\sum_{i>k}\lambda_i^2$, and Eckart and Young, who
# leave over the smallest absolute values. The judge is plain gradient descent.

# %%
graph = graphs.random_joint_symmetric(np.random.default_rng(8), 8)
root, columns, factors, rng = np.sqrt(graph.sum(axis=1)), range(1, 8), {}, np.random.default_rng(0)
adjacency = graph / np.outer(root, root)
for k in columns:
    for _ in range(3):  # the best of three random starts
        factor = rng.normal(size=(8, k)) / 2
        for _ in range(3000):
            factor = factor + 0.2 * (adjacency - factor @ factor.T) @ factor
        error = np.sum((adjacency - factor @ factor.T) ** 2)
        factors[k] = min(factors.get(k, (math.inf, None)), (error, factor), key=lambda pair: pair[0])

# %% [markdown]
# **Predict.** The graph below has the eigenvalues on the left of figure 3; the fifth is negative. How does the smallest
# error go on after $k=4$?
#
# **Figure 3. How small can the error get?** Three formulas over $k$; the points are what gradient descent reached.

# %%
values = eigenfunctions(graph)[0]
absolute = np.sort(values**2)[::-1]
lines = {"Theorem 6.4": [np.sum(values**2) - np.sum(values[:k][values[:k] > 0] ** 2) for k in columns],
         "left over": [np.sum(values[k:] ** 2) for k in columns],
         "Eckart-Young": [np.sum(absolute[k:]) for k in columns],
         "gradient descent": [factors[k][0] for k in columns]}
_, (left, right) = figures.panels(2, width=4.2, height=3.1)
figures.curves(range(1, 9), {"": values}, left, xlabel="number i", ylabel="eigenvalue", styles=["o"],
               title="eigenvalues of the graph")
figures.levels({"": 0.0}, left)
figure = figures.curves(columns, lines, right, xlabel="columns k", ylabel="squared error", title="smallest error",
                        styles=("-", "--", ":", "o"), widths=(2.2, 1.6, 1.6, 1),
                        colours=(figures.BLUE, figures.ORANGE, figures.GREEN, figures.DARK))
figures.described(figure,
    "Left, the eight eigenvalues of a graph: 1, 0.30, 0.26, 0.11, then four below the dashed line at 0 down "
    "to -0.64. Right, the smallest squared error against the number of columns: Theorem 6.4 falls from 0.75 "
    "to 0.58 at four columns and stays there, with gradient descent's dots on it; the line left over falls on "
    "to 0.41, that of Eckart and Young to 0."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It stays where it is: from the fifth on no column helps. "Left over" is right up to $k=4$ and then promises what no
# embedding can reach; Eckart and Young promise even more, because they spend the second column on $-0.64$, the largest
# eigenvalue in absolute value after 1.
# </details>
#
# The extreme case is a graph with a single positive eigenvalue, such as the complete graph without loops: there the
# best embedding with any number of columns is the constant. Unit 07 has a graph, the Hadamard graph, on which a
# guarantee fails that divides by eigenvalues of columns that do not exist.
#
# **Explore: where to cut.** The same graph. Take one column after the other and compare the best $ff^\top$ with the
# graph. Which entries can it never have?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
best = [factors[k][1] @ factors[k][1].T for k in columns]  # what gradient descent reached
rows = [{"best": product, "error": np.sum((adjacency - product) ** 2)} for product in best]
errors = [row["error"] for row in rows]
figure = figures.curves(columns, {"best embedding": errors}, styles=["o-"], xlabel="columns k", ylabel="squared error")
figures.live(figure, "cutoff", {"values": values, "target": adjacency, "start": 2, "rows": rows})
figures.described(figure,
    "The squared error of the best embedding against the number of columns: it falls from 0.75 over 0.66 and 0.59 "
    "to 0.58 at four columns and is flat from there on."
)

# %% [markdown]
# ## 6 What is unique, and what holds at the end
#
# $L$ sees $f$ through the inner products $f(x)\cdot f(x')$ only. So with $f$ every $fQ$ is a minimiser, $Q$ orthogonal.
# That is all, unless the eigenvalues tie:
#
# **Proposition 6.5.** Let $\lambda_k>\lambda_{k+1}$ and $\lambda_k>0$. Then every minimiser has
# $f(x)\cdot f(x')=\sum_{i\le k}\lambda_i\varphi_i(x)\varphi_i(x')$, and any two minimisers are related by $f'=fQ$ with
# $Q$ orthogonal. If $\lambda_k=\lambda_{k+1}>0$, there are minimisers with different inner products.
#
# *Plan.* Go through the proof of Theorem 6.4 with every inequality an equality.
#
# *Proof.* Let $G=FF^\top$ be optimal. Step 3 gives $\mu_j=\lambda_j>0$ for $j\le k$. Hence in step 2 the term $m=k$ has
# the positive weight $\mu_k$, and $a_1+\dots+a_k=\lambda_1+\dots+\lambda_k$. In (6.8), with $m=k$, both sums are 0;
# since $\lambda_i<\lambda_k$ for $i>k$, the second one forces $h_i=0$ there: the $w_j$ are orthogonal to
# $u_{k+1},\dots,u_S$, so they span the same space $V$ as $u_1,\dots,u_k$. Both $\bar A$ and $G$ map $V$ into itself,
# and $G$ is 0 on its complement, so $\lVert\bar A-G\rVert^2=\lVert(\bar A-G)|_V\rVert^2+\sum_{i>k}\lambda_i^2$. The
# minimum $\sum_{i>k}\lambda_i^2$ is reached iff $G=\bar A$ on $V$: $G=\sum_{i\le k}\lambda_iu_iu_i^\top$. Dividing by
# $\sqrt{p(x)p(x')}$ gives the inner products.
#
# If $FF^\top=F'F'^\top$, the map that sends row $F_x$ to row $F'_x$, extended linearly, is well defined and keeps inner
# products, since $|\sum_xb_xF_x|^2=b^\top FF^\top b=|\sum_xb_xF'_x|^2$. It is an isometry of the row spaces, which have
# the same dimension, and extends to an orthogonal map $Q$ of $\mathbb R^k$. In a tie, put any unit vector of the span
# of $u_k,u_{k+1}$ in the place of $u_k$: by step 1 the error is the same, and $G$ is not. $\square$
#
# **Predict.** Is each column that descent finds an eigenvector?

# %%
(values, functions), factor = eigenfunctions(graph), factors[3][1]
exact = functions[:, :3] * np.sqrt(values[:3]) * root[:, None]
print(f"inner products: found against theorem, largest difference {abs(factor @ factor.T - exact @ exact.T).max():.1e}")
for name, matrix in {"found by descent": factor, "theorem": exact}.items():
    unit = matrix / np.linalg.norm(matrix, axis=0)
    residual = [np.linalg.norm(adjacency @ c - (c @ adjacency @ c) * c) for c in unit.T]
    print(f"distance of each column from being an eigenvector: {name:17s}", *[f"{v:.3f}" for v in residual])

# %% [markdown]
# <details><summary>Answer</summary>
#
# None is, though all inner products agree with the theorem to rounding: the columns are rotated. So never compare
# embeddings entry by entry: compare $ff^\top$, or column spaces, or the result of a linear probe, which is safe because
# a head $b$ on $f$ is the head $Q^\top b$ on $fQ$.
# </details>
#
# **Proposition 6.6 (balance).** At every point where the gradient of $L$ vanishes, $E_{pos}=E_{neg}$ and $L=-E_{pos}$.
# At a minimiser this number is $\sum_{i\le k}(\lambda_i^+)^2\ge1$.
#
# *Plan.* Only the length of $f$ is varied.
#
# *Proof.* Along the ray $\kappa f$ the loss is $-2\kappa^2E_{pos}+\kappa^4E_{neg}$. Where the gradient vanishes, its
# derivative at $\kappa=1$, $-4E_{pos}+4E_{neg}$, is 0; then $L=-2E_{pos}+E_{pos}$. The rest is (6.9), and
# $\lambda_1=1$. $\square$
#
# So negatives are not made orthogonal at the end: their mean squared similarity is at least 1, half the size of the
# first term. (Part of it cannot be helped: the constant column makes every inner product 1 on average.) Balance is a
# test that needs no eigenvalues, but one way only: a run in which the two expectations differ is not at its end.
# Whether a balanced one is, the exercise asks.
#
# **Predict.** A minimiser with $k=1$ on a connected graph is multiplied by 2. What was the loss, and what is it now? A
# run prints $E_{pos}=6.1$ and $E_{neg}=9.5$: should all rows be longer or shorter, and how much would the loss fall?
#
# <details><summary>Answer</summary>
#
# The minimiser is the constant column, $E_{pos}=E_{neg}=1$ and $L=-1$; now $-2\cdot4+16=8$. In the run,
# $-2\kappa^2E_{pos}+\kappa^4E_{neg}$ is least at $\kappa^2=E_{pos}/E_{neg}$: shorter, by the factor 0.80, and the
# loss goes from $-2.7$ to $-E_{pos}^2/E_{neg}=-3.92$.
# </details>
#
# ## 7 What an angle costs
#
# Training never ends at the minimum. If it stops at a loss $\varepsilon$ above it, how far is its column space from the
# true one? Equivalently: what does an angle cost?
#
# **Theorem 6.7.** Let $\lambda_k>0$ and $\delta=\lambda_k-\lambda_{k+1}>0$, let $f$ have $k$ columns and excess
# $\varepsilon=L(f)-\min L<\lambda_k^2$. Then $F$ has rank $k$, and with $s=\lVert\sin\Theta\rVert^2$, the sum of the
# squared sines of the principal angles between its column space and the span of $u_1,\dots,u_k$,
#
# $$\delta s<\lambda_k\qquad\text{and}\qquad\varepsilon\ \ge\ \delta s\,(2\lambda_k-\delta s). \tag{6.10}$$
#
# For every $s\in[0,1]$ with $\delta s<\lambda_k$ some embedding has equality.
#
# *Plan.* Keep what the proof of Theorem 6.4 throws away, in each of its steps, and minimise over the one unknown left,
# the smallest eigenvalue of $FF^\top$.
#
# *Proof.* Let $FF^\top=\sum_j\mu_jw_jw_j^\top$ and $a_j$ be as there.
#
# 1. As $\lambda_k>0$, $\min L=-\sum_{j\le k}\lambda_j^2$, and completing squares in step 1 of that proof gives
#    $\varepsilon=\sum_j(\mu_j-\lambda_j)^2+2\sum_j\mu_j(\lambda_j-a_j)$.
# 2. By parts, $\sum_j\mu_j(\lambda_j-a_j)=\sum_{m\le k}(\mu_m-\mu_{m+1})\sum_{j\le m}(\lambda_j-a_j)$. All inner sums
#    are $\ge0$ by Ky Fan; keep the last: $\ge\mu_k\sum_{j\le k}(\lambda_j-a_j)$.
# 3. By (6.8) with $m=k$, $\sum_{j\le k}(\lambda_j-a_j)\ge\sum_{i>k}(\lambda_k-\lambda_i)h_i\ge\delta\sum_{i>k}h_i$.
# 4. If $\mu_k=0$, then $\varepsilon\ge(\mu_k-\lambda_k)^2=\lambda_k^2$, which is excluded. So $F$ has rank $k$, its
#    column space is spanned by $w_1,\dots,w_k$, and $\sum_{i>k}h_i=\sum_j\big|w_j-\sum_{i\le k}(u_i\cdot
#    w_j)u_i\big|^2$, the squared distances of an orthonormal basis from the other space, is $s$.
# 5. Together $\varepsilon\ge(\mu_k-\lambda_k)^2+2\mu_k\delta s$. Over $\mu_k\ge0$ this is least at
#    $\mu_k=\lambda_k-\delta s$ if that is positive, with the value $\lambda_k^2-(\lambda_k-\delta s)^2$: (6.10).
#    Otherwise it is at least $\lambda_k^2$, which is excluded: so $\delta s<\lambda_k$.
#
# *Equality.* Take $w_j=u_j$, $\mu_j=\lambda_j$ for $j<k$, tilt the last direction towards the next one,
# $w_k=\cos\theta\,u_k+\sin\theta\,u_{k+1}$ with $\sin^2\theta=s$, and $\mu_k=\lambda_k-\delta s$. Then
# $a_k=\lambda_k-\delta s$, and every step is an equality. $\square$
#
# Since $2\lambda_k-\delta s>\lambda_k$, the theorem contains the simpler $s\le\varepsilon/(\lambda_k\delta)$: an excess
# small against $\lambda_k\delta$ means a small angle. The exercise asks for what (6.10) itself says about $s$.
#
# **Predict.** Spectrum $1, 0.6, 0.3, -0.2$ and $k=2$. Which is cheapest: to lose $\varphi_2$ altogether, to turn the
# second column by 90 degrees onto $\varphi_3$ at its old length, or at its best length?

# %%
def price(level, gap, squared_sines):
    """The right side of (6.10)."""
    return gap * squared_sines * (2 * level - gap * squared_sines)


def cost(spectrum, lengths, directions):
    """Excess of the F whose F F^T has these eigenvalues and these unit eigenvectors, as rows."""
    best = -np.sum(spectrum[: len(lengths)] ** 2)
    quadratic = [direction @ (spectrum * direction) for direction in directions]
    return np.sum(lengths**2) - 2 * np.dot(lengths, quadratic) - best


spectrum, axes = np.array([1, 0.6, 0.3, -0.2]), np.eye(4)
for name, length, row in [("lost", 0.0, axes[1]), ("turned, old length", 0.6, axes[2]), ("turned, best", 0.3, axes[2])]:
    print(f"{name:20s} excess {cost(spectrum, np.array([1, length]), [axes[0], row]):.2f}")
tilted = math.sqrt(0.75) * axes[1] + 0.5 * axes[2]  # 30 degrees, s = 1/4
print(f"tight: 30 degrees {cost(spectrum, np.array([1, 0.6 - 0.3 / 4]), [axes[0], tilted]):.6f}, "
      f"(6.10) {price(0.6, 0.3, 0.25):.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Turned at its best length, 0.27, which is (6.10) with $s=1$: $0.3\cdot(1.2-0.3)$. Lost costs
# $\lambda_k^2=0.36$, as does the turn at the old length: there the hypothesis $\varepsilon<\lambda_k^2$ ends.
# </details>
#
# **Broken** are both without the gap: in a tie an excess of 0 allows any angle. And with $\varepsilon\ge\lambda_k^2$ a
# column may be missing, so that there is no angle to speak of.
#
# **Figure 4. Excess and angle.** Left, the cost of an angle for this spectrum: the curve (6.10), random embeddings near
# the minimiser (small), and tilted ones (large). Right, the run of section 3, one point every 50 steps, with the
# curve for its graph.

# %%
rng, cloud = np.random.default_rng(0), []
for _ in range(1500):
    c = np.eye(4)[:, :2] * np.sqrt(spectrum[:2]) + rng.uniform(0, 0.45) * rng.normal(size=(4, 2))
    positive, negative = two_terms(spectrum, c)
    cloud.append((negative - 2 * positive + 1.36, np.sum(np.sin(np.radians(angles(c, 2))) ** 2)))

# %%
cloud, sines = np.array(cloud), np.linspace(0, 1, 101)
_, (left, right) = figures.panels(2, width=4.4, height=3.2)
near = cloud[:, 0] < 0.36
left.plot(*cloud[near].T, ".", color=figures.BLUE, markersize=3, alpha=0.5)
for tilt in np.linspace(0.1, 0.9, 5):
    row = math.sqrt(1 - tilt) * axes[1] + math.sqrt(tilt) * axes[2]
    left.plot(cost(spectrum, np.array([1, 0.6 - 0.3 * tilt]), [axes[0], row]), tilt, "o", color=figures.DARK)
figures.curves(price(0.6, 0.3, sines), {"": sines}, left, xlabel=r"excess $\varepsilon$",
               ylabel=r"$s=\Vert\sin\Theta\Vert^2$", title="spectrum 1, 0.6, 0.3, -0.2", colours=[figures.ORANGE])
values = eigenfunctions(joint)[0]
run_sines, late = np.sum(np.sin(np.radians(found)) ** 2, axis=1), excess < values[2] ** 2
right.plot(excess[late], run_sines[late], "o", color=figures.BLUE, markersize=4)
figure = figures.curves(price(values[2], values[2] - values[3], sines), {"": sines}, right, xlabel=r"excess $\varepsilon$",
                        logx=True, logy=True, title="the run of section 3", colours=[figures.ORANGE])
figures.described(figure,
    "Two panels, lost directions s against the excess of the loss. Left, hundreds of small dots all lie below "
    "a rising orange curve from 0 to 1, and five large dots, the tilted embeddings, lie on it. Right, "
    "logarithmic: the dots of the run of section 3 lie along a line below the curve, by a factor of three and "
    "more."
)

# %% [markdown]
# Left, nothing lies above the curve, and the tilted embeddings lie on it. Right, the run stays below by a factor of
# three and more: its errors are spread over 77 lost directions and over lengths, where the worst case puts everything
# into $\varphi_4$. From $\varepsilon=0.29$ down the curve gives $s<1$: no direction is lost altogether; the excess at
# the end, 0.011, certifies $s\le0.035$, and $s$ is 0.007.

# %% [markdown]
# ## 8 Parts of a graph, read off the rows
#
# **Proposition 6.8 (separate parts).** Let the graph have exactly $k$ components, with masses $m_1,\dots,m_k$, and let
# $\varphi_1,\dots,\varphi_k$ be *any* orthonormal eigenfunctions with eigenvalue 1. Then the row
# $\varphi(x)=(\varphi_1(x),\dots,\varphi_k(x))$ depends on the component of $x$ only; calling it $r_c$ on component
# $c$,
#
# $$r_c\cdot r_{c'} = \frac{1[c=c']}{m_c}, \qquad\text{so that}\qquad \varphi(x)\cdot(m_c\,r_c)=1[x\in c]. \tag{6.11}$$
#
# *Plan.* The indicators of the components are one basis; all others are rotations of it.
#
# *Proof.* By Proposition 6.1 (b) the $\varphi_j$ span the functions that are constant on components. So do the
# functions $e_c=1[\,\cdot\in c]/\sqrt{m_c}$, which are orthonormal. Two orthonormal bases of one space differ by an
# orthogonal matrix: $\varphi_j=\sum_cQ_{cj}e_c$ with $QQ^\top=I$. On component $c$ only $e_c$ is not 0, so $r_c$ is row
# $c$ of $Q$ divided by $\sqrt{m_c}$, and rows of an orthogonal matrix are orthonormal. $\square$
#
# So linear heads $b_c = m_cr_c$ tell the components apart *exactly*, in every basis; a single column need not, since
# the basis is the eigensolver's choice. In practice the parts are only *nearly* separate. Then:
#
# **Proposition 6.9 (nearly separate parts).** Cut the nodes into $k$ parts and let
# $\eta_c=P(x^+\notin c\mid x\in c)$ be the probability that a positive pair leaves part $c$. Then
# $\lambda_k\ge1-2\max_c\eta_c$.
#
# *Plan.* Among the functions that are constant on parts there is one that $\lambda_k$ controls.
#
# *Proof.* The space of the functions that are constant on the parts has dimension $k$. It contains some $g\ne0$
# orthogonal to $\varphi_1,\dots,\varphi_{k-1}$, and for it
# $\langle g,Tg\rangle=\sum_{i\ge k}\lambda_i\langle g,\varphi_i\rangle^2\le\lambda_k\langle g,g\rangle$. With $g=g_c$
# on part $c$ and $p(c,c')$ the mass between two parts, (6.4) says
#
# $$\langle g,g\rangle-\langle g,Tg\rangle=\tfrac12\sum_{c\ne c'}p(c,c')(g_c-g_{c'})^2
# \le\sum_{c\ne c'}p(c,c')(g_c^2+g_{c'}^2)=2\sum_cg_c^2\,m_c\,\eta_c
# \le2\max_c\eta_c\,\langle g,g\rangle . \qquad\square$$
#
# Two nodes of mass $\frac12$ with $p(1,2)=0.1$ are tight: $\lambda_2=0.6=1-2\cdot0.2$. The proposition says nothing
# about $\lambda_{k+1}$; the converse (a large $\lambda_k$ means that nearly separate parts exist) is the hard
# direction, of which unit 07 quotes a weaker form. Theorem 6.7 wants the gap: if the parts are good and cannot be cut
# further, a small excess makes the rows nearly constant on them.
#
# **Predict.** A class of probability 0.04 is a component, another has probability 0.25. How long are their rows in the
# minimiser? And what becomes of them if a program scales rows to length 1?
#
# <details><summary>Answer</summary>
#
# 5 and 2, since $|r_c|=1/\sqrt{m_c}$. Rare parts get long rows; scaling them to length 1 changes the loss (but not the
# directions: every row keeps its part).
# </details>
#
# **Figure 5. Rows of $u$ or rows of $\varphi$?** Two parts with a hub each (one node with 80 % of the part's mass) and
# 2 % of the mass between them. Left the rows $(u_1(x),u_2(x))$, right $(\varphi_1(x),\varphi_2(x))$. The area of a
# point is its mass.

# %%
graph, parts = graphs.blocks(np.random.default_rng(3), [14, 9], leak=0.02, hub=0.8)
functions, root = eigenfunctions(graph)[1][:, :2], np.sqrt(graph.sum(axis=1))
_, (left, right) = figures.panels(2, width=4.4, height=3.2)
figures.plane(functions * root[:, None], parts, left, names=("part 1", "part 2"), sizes=15 + 600 * root**2,
              xlabel="$u_1$", ylabel="$u_2$", title="eigenvectors")
figure = figures.plane(functions, parts, right, sizes=15 + 600 * root**2, xlabel=r"$\varphi_1$", ylabel=r"$\varphi_2$",
                       title="eigenfunctions")
figures.described(figure,
    "The nodes of a graph with two parts in two coordinates. Left, eigenvectors: the light nodes of both "
    "parts crowd near the origin while the two hubs lie far out, one top right and one bottom right. Right, "
    "eigenfunctions: each part has shrunk to one point, part 2 at (1, 1.4) and part 1 at (1, -0.7)."
)

# %% [markdown]
# Left, the light nodes of *both* parts crowd near the origin, far from their hubs, and 2-means cuts off one hub. Right,
# after division by $\sqrt p$, each part has shrunk to a point (the small dots are drawn on their hubs). One also sees
# that $\varphi_1$ is constant.
#
# **Figure 6. What did the table of section 3 learn?** Left, the exact minimiser, columns 2 and 3. Right, the table,
# turned onto it by the best rotation. One point per picture, coloured by the shape that most probably made it.

# %%
values, functions = eigenfunctions(joint)
exact, learned = functions[:, :3] * np.sqrt(values[:3]), run[-1]
left_basis, _, right_basis = np.linalg.svd((mass[:, None] * learned).T @ exact)
turned = learned @ left_basis @ right_basis
print(f"largest distance between a learned and an exact row {np.linalg.norm(turned - exact, axis=1).max():.3f},",
      f"length of a row about {np.sqrt(np.sum(exact**2, axis=1) @ mass):.2f}")
names, sizes = ("bar", "corner", "square"), 8 + 1500 * mass
_, (left, right) = figures.panels(2, width=4.4, height=3.4)
figures.plane(exact[:, 1:], world.labels, left, names=names, sizes=sizes, title="eigenfunctions",
              xlabel=r"$\sqrt{\lambda_2}\,\varphi_2$", ylabel=r"$\sqrt{\lambda_3}\,\varphi_3$")
figure = figures.plane(turned[:, 1:], world.labels, right, sizes=sizes, title="learned from pairs, rotated")
figures.described(figure,
    "Two scatter plots of the pictures, nearly the same: exact eigenfunctions left, learned and rotated "
    "right. Bars lie in an arm to the right at (1.4, -0.2), squares top left at (-0.5, 1.4), corners bottom "
    "left at (-0.9, -1.1); a few ambiguous pictures lie between the arms and at the origin."
)

# %% [markdown]
# The two pictures are the same up to noise, and the positions mean something. A picture that only one shape can make
# lies in that shape's arm; one that a corner and a square make equally often lies between those two arms, and the
# pictures that any shape can make lie at the origin: $f$ knows *which shape may have made this*, without a label.

# %% [markdown]
# ## 9 Other losses, the same space (optional)
#
# VICReg and its relatives look different: no negatives at all, but pull partners together and keep the columns of $f$
# uncorrelated and of variance 1. [Balestriero and LeCun (2022)](https://arxiv.org/abs/2205.11508) found that such
# losses and the spectral one recover the same space. On a graph this is exact. For $\omega>0$ let
#
# $$V_\omega(f)=\tfrac12\,\mathbb E_{pos}\big|f(x)-f(x^+)\big|^2+\omega\,\big\lVert\mathbb
# E_p[f(x)f(x)^\top]-I\big\rVert^2 .$$
#
# **Theorem 6.10.** (a) $V_{1/2}(f)=\frac12L(f)+\frac k2$ for every $f$ with $k$ columns.
#
# (b) For every $\omega>0$, $V_\omega$ is, up to a constant, $\omega\lVert A_\omega-FF^\top\rVert^2$ with the matrix
# $A_\omega=\big(1-\frac1{2\omega}\big)I+\frac1{2\omega}\bar A$. If $\lambda_k>\lambda_{k+1}$ and
# $\lambda_k>1-2\omega$, its minimisers are $f=(\sqrt{\beta_1}\,\varphi_1,\dots,\sqrt{\beta_k}\,\varphi_k)\,Q$ with
# $\beta_i=1-\frac{1-\lambda_i}{2\omega}$ and $Q$ orthogonal.
#
# (c) With the covariance $\mathbb E_p[ff^\top]-\mathbb E_p[f]\,\mathbb E_p[f]^\top$ in the place of the second
# moments, the same holds with $\varphi_2,\dots,\varphi_{k+1}$ and their eigenvalues, plus any constant row.
#
# *Plan.* Write both terms with $F$; complete the square; the theorems of sections 5 and 6 hold for every symmetric
# matrix.
#
# *Proof.* By (6.4) for each column, the first term is $\mathrm{tr}(FF^\top)-\mathrm{tr}(\bar AFF^\top)$. The second has
# $\mathbb E_p[ff^\top]=F^\top F$, and $\lVert F^\top F-I\rVert^2=\lVert FF^\top\rVert^2-2\,\mathrm{tr}(FF^\top)+k$. So
#
# $$V_\omega=\omega\lVert FF^\top\rVert^2-2\omega\,\mathrm{tr}\Big(\big[(1-\tfrac1{2\omega})I+\tfrac1{2\omega}\bar
# A\big]FF^\top\Big)+\omega k  =\omega\lVert A_\omega-FF^\top\rVert^2-\omega\lVert A_\omega\rVert^2+\omega k .$$
#
# For $\omega=\frac12$, $A_\omega=\bar A$, and (6.7) gives (a). $A_\omega$ has the eigenvectors of $\bar A$ in the
# same order, with the eigenvalues $\beta_i$; the proofs of Theorem 6.4 and Proposition 6.5 used nothing of $\bar A$
# but its symmetry, and the condition says $\beta_k>\beta_{k+1}$, $\beta_k>0$. For (c): neither term changes when a
# constant row is added to $f$, so let $\mathbb E_pf=0$; then the columns of $F$ are orthogonal to $u_1=\sqrt p$, and
# we are on its complement, where $\bar A$ has the eigenvalues $\lambda_2,\dots,\lambda_S$. $\square$
#
# So the spectral loss *is* an invariance-covariance loss with weight $\frac12$, and the weight changes the lengths of
# the columns, not their span, as long as it is large enough. (VICReg itself has a hinge on the standard deviations in
# the place of the diagonal of the square; that is not covered.)
#
# **Predict.** In the shift graph $\lambda_3=0.90$ and $\lambda_4=0.72$. Which columns survive with $\omega=1$ and
# $k=4$? And with $\omega=0.1$?

# %%
for weight, k in ((1.0, 3), (0.5, 3), (1.0, 4), (0.1, 4)):
    f = 0.1 * np.random.default_rng(0).normal(size=(len(joint), k))
    for _ in range(4000):  # descent on the loss above; gradients divided by twice the mass of the node
        moments = f.T @ (mass[:, None] * f) - np.eye(k)
        f -= 0.5 * (f - joint @ f / mass[:, None] + 2 * weight * f @ moments) / (1 + 2 * weight)
    lengths = np.linalg.eigvalsh(f.T @ (mass[:, None] * f))[::-1]
    print(f"omega = {weight}, k = {k}: squared lengths", *[f"{v:.4f}" for v in lengths],
          f" theorem {' '.join(f'{1 - (1 - v) / (2 * weight):.4f}' for v in values[:k])}",
          f" angles {angles(functions.T @ (mass[:, None] * f), k).round(2)}" if k == 3 else "")

# %% [markdown]
# <details><summary>Answer</summary>
#
# With $\omega=1$ all four, with squared lengths down to 0.86. With $\omega=0.1$ those with $\lambda>0.8$: three; the
# fourth $\beta$ is negative, and the column dies. A small weight on the covariance *collapses* dimensions, and this
# says which. </details>

# %% [markdown]
# ## 10 Digits: a network finds the eigenfunctions
#
# For real images the graph is too large to write down, *unless* the augmentation stays inside a finite set. So let it:
# the pictures are the 1198 training digits of 8 x 8 pixels, and "augmenting" digit $i$ means to pick one of the 20
# pictures nearest to it, itself included, with probability proportional to $e^{-d^2/(2\sigma^2)}$, $\sigma^2=2$,
# where $d$ is the distance in pixels: noise, rounded to a real picture. (Nearest neighbours as positives are used in
# earnest: Dwibedi et al. 2021.) The joint law (6.1) is then a matrix of 1198 x 1198, and its eigenfunctions are known.

# %%
train_x, train_y, test_x, test_y = data.split(*data.load_digits(), test_share=1 / 3, seed=0)
train_x, test_x, train_y, test_y = train_x.flatten(1), test_x.flatten(1), train_y.numpy(), test_y.numpy()
n, k = len(train_x), 8
square, near = torch.cdist(train_x.double(), train_x.double()).square().topk(20, largest=False)  # (n, 20) each
chance = torch.softmax(-square / (2 * 2.0), dim=1)
augment = torch.zeros(n, n, dtype=torch.float64).scatter_(1, near, chance).numpy()
digits = np.einsum("ix,iy->xy", augment, augment, optimize=True) / n
digit_mass = digits.sum(axis=1)
values, functions = eigenfunctions(digits)
crossing = digits[train_y[:, None] != train_y[None, :]].sum()
print(f"eigenvalues 1 to 12: {' '.join(f'{v:.3f}' for v in values[:12])}; two different digits: {crossing:.3f}")

# %% [markdown]
# One positive pair in ten joins two different digits: the "augmentation" is far from perfect, as real ones are. There
# is no cliff after the tenth eigenvalue; we ask for the first $k=8$ eigenfunctions, after which there is at least a
# step, from 0.920 to 0.885. A small network from 64 pixels to 8 numbers is trained on pairs. It never sees the matrix
# or a label. Positive pairs of one half of the batch are the strangers of those of the other half.

# %%
torch.manual_seed(0)
first, second, last = torch.nn.Linear(64, 128), torch.nn.Linear(128, 128), torch.nn.Linear(128, k)
network = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
torch.nn.init.orthogonal_(last.weight, gain=4)  # the k outputs start out independent of each other
untrained = copy.deepcopy(network)
optimiser = torch.optim.Adam(network.parameters())
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 7e-3, total_steps=1000, pct_start=0.1)
history = {0: network(train_x).detach().double().numpy()}

# %%
for step in range(1, 1001):
    image = torch.randint(n, (512,))
    pair = near[image].gather(1, torch.multinomial(chance[image], 2, replacement=True))
    one, other = network(train_x[pair.T.flatten()]).chunk(2)
    loss = (one[:256] @ other[256:].T).square().mean() - 2 * (one * other).sum(dim=1).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step in (100, 300, 1000):
        history[step] = network(train_x).detach().double().numpy()

# %%
minimum, by_step = -np.sum(values[:k] ** 2), {}
for step, z in history.items():
    c = functions.T @ (digit_mass[:, None] * z)
    positive, negative = two_terms(values, c)
    by_step[f"step {step}"] = angles(c, k)[::-1]
    sines = np.sum(np.sin(np.radians(angles(c, k))) ** 2)
    print(f"step {step:4d}: E_pos {positive:.3f}, E_neg {negative:.3f}, excess {negative - 2 * positive - minimum:.3f}",
          f" s {sines:.3f}, whose price is {price(values[k - 1], values[k - 1] - values[k], sines):.4f}")

# %% [markdown]
# The network comes down to 0.060 above the smallest value that *any* function of the pictures can reach, and the two
# expectations meet, as Proposition 6.6 demands. Seven directions are found at step 300 while the eighth is still 22 degrees
# off; at the end all are within 10 degrees. The theorem is cautious here: the gap is small, $\delta=0.035$, so that an
# excess of 0.060 could in the worst case pay for $s$ near 1; the run's $s$ is 0.056, because its excess is spread over
# many directions. (With more columns, or outputs that start nearly parallel, the last direction may be missing for long:
# where a direction is absent from $f$, its gradient is 0.)
#
# **Linear probe.** Logistic regression on the features, with labels of a few training digits per class only, tested on
# the 599 held-out digits, which the network has never met; mean over 10 choices of the labelled digits.
#
# **Predict.** 8 learned numbers against the 64 pixels they are made of: which is better with one label per digit, and
# which with thirty? And is it the architecture?

# %%
pca = PCA(k).fit(train_x)
features = {
    "spectral network, 8": lambda x: network(x).detach().numpy(),
    "pixels, 64": lambda x: x.numpy(),
    "principal components, 8": lambda x: pca.transform(x.numpy()),
    "same network, untrained, 8": lambda x: untrained(x).detach().numpy(),
}


def probe(feature, per_class, seed):
    """Held-out accuracy of logistic regression from `per_class` labelled digits of each class."""
    order = np.random.default_rng(seed).permutation(n)
    chosen = np.concatenate([order[train_y[order] == c][:per_class] for c in range(10)])
    z, test_z = feature(train_x), feature(test_x)
    head = LogisticRegression(C=10.0, max_iter=2000).fit(z[chosen] / z.std(), train_y[chosen])
    return head.score(test_z / z.std(), test_y)


# %% [markdown]
# **Figure 7. Does the network recover the subspace, and is it any good?** Left, the eight principal angles between its
# columns and $\varphi_1,\dots,\varphi_8$ during training. Right, the probe.

# %%
counts = (1, 3, 10, 30)
accuracy = {name: np.array([[probe(f, m, seed) for seed in range(10)] for m in counts]) for name, f in features.items()}
for name, rows in accuracy.items():
    print(f"{name:27s} 1 label per class {rows[0].mean():.2f} +- {rows[0].std(ddof=1):.2f}, 30: {rows[-1].mean():.3f}")
_, (left, right) = figures.panels(2, width=4.4, height=3.3)
figures.curves(range(1, k + 1), by_step, left, xlabel="number", ylabel="angle (degrees)",
               title="angles to the eigenfunctions", ordered=True, styles=["o-"])
figure = figures.curves(counts, {name: rows.mean(axis=1) for name, rows in accuracy.items()}, right, styles=["o-"],
                        logx=True, ticks=counts, title="linear probe", legend="outside",
                        xlabel="labelled digits per class", ylabel="accuracy on 599 new digits")
figures.described(figure,
    "Two panels. Left, eight angles to the eigenfunctions at four times: at step 0 they rise from 10 to 86 "
    "degrees; at step 1000 all are below 10. Right, accuracy against labelled digits per class, 1 to 30: the "
    "spectral network goes from 0.80 to 0.93, pixels from 0.65 to 0.93, principal components from 0.65 to "
    "0.87, the untrained network from 0.32 to 0.54."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With *one* labelled digit per class the 8 learned numbers give 80 % and the 64 pixels 65 %. With 30 the pixels have
# caught up (93 %): they hold everything, the embedding only what survives the augmentation. 8 principal components are
# no substitute, and the same network before training gives 32 % and 54 %: it is not the architecture.
# </details>
#
# Two cautions: the standard deviation over the choice of labels is 8 points at the left end, and neighbouring digits as
# positives are a favourable augmentation for this task.
#
# **Figure 8. What do the columns say?** The 599 held-out digits in four of the learned dimensions, after turning the
# network's output onto the eigenfunctions (the rotation is found on the training digits).

# %%
exact, learned = functions[:, :k] * np.sqrt(values[:k]), history[1000]
left_basis, _, right_basis = np.linalg.svd((digit_mass[:, None] * learned).T @ exact)
held_out = network(test_x).detach().double().numpy() @ left_basis @ right_basis
_, (left, right) = figures.panels(2, width=4.6, height=3.8)
figures.plane(held_out[:, 1:3], test_y, left, names=[str(c) for c in range(10)], sizes=12,
              xlabel="column 2", ylabel="column 3", title="held-out digits, columns 2 and 3")
figure = figures.plane(held_out[:, 3:5], test_y, right, sizes=12,
                       xlabel="column 4", ylabel="column 5", title="columns 4 and 5")
figures.described(figure,
    "Held-out digits in learned coordinates. Left, columns 2 and 3: zeros lie far to the right, sixes far up, "
    "all other digits in one clump near the origin. Right, columns 4 and 5: twos stretch to the top left, "
    "fours and sevens to the right, threes, fives and nines lie below, ones and eights between."
)

# %% [markdown]
# Column 2 answers "is it a 0?", column 3 "is it a 6?": zeros and sixes are nearly separate parts of the graph, and
# (6.11) says that such parts get directions of their own, long ones. Columns 4 and 5 spread out the rest: 4 and 2 at two
# ends, 7 on the way to 4, and 3, 5 and 9 at the third. These digits were not in the graph at all. A table of eigenvectors
# has no row for them; the network is a function, and places them.

# %% [markdown]
# ## 11 Which negatives leave a minimum (optional)
#
# **Proposition 6.11.** (a) With independent negatives $L(f)\ge-C$ for every $f$ and every $k$.
#
# (b) Replace the law of the negative pair by another law $\nu(x,x')$. If there is a set $U$ of nodes with
# $\nu(U\times U)=0$ and $p(U\times U)>0$, then the loss is not bounded below, even for $k=1$.
#
# *Plan.* (a) is the identity; for (b) let $f$ live on $U$.
#
# *Proof.* (a) is (6.7): a squared norm is not negative. (b) Let $f=\kappa$ on $U$ and 0 elsewhere. Then
# $(f(x)f(x'))^2=\kappa^4$ on $U\times U$, which has probability 0 under $\nu$, and 0 elsewhere; so the second term is
# 0. The first is $-2\kappa^2p(U\times U)\to-\infty$. $\square$
#
# Three ways to run into (b): *"the pictures must differ"* ($U$ is one picture with a loop, $p(x,x)>0$); *"the images
# must differ"* ($U$ is a picture that only one image can make); *"the classes must differ"*, a debiased negative, if
# some set of pictures belongs to one class only. Where classes overlap everywhere, or rows are bounded, the debiased
# loss has a minimum, and it has an advantage over the softmax of unit 05: its second term is *linear* in the law of the
# negatives, so that the debiased expectation can be estimated without any bias from a sample.

# %%
images = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])  # image a gives pictures 0, 1; image b gives 1, 2
pair = np.einsum("i,ix,iy->xy", [0.5, 0.5], images, images)
other = (np.outer(images[0], images[1]) + np.outer(images[1], images[0])) / 2  # augmentations of different images
p = pair.sum(axis=1)
for size in (1.0, 3.0, 10.0):
    score = np.outer([size, 0, 0], [size, 0, 0])  # f = size on picture 0, which only image a can make
    first = -2 * np.sum(pair * score)
    print(f"f = {size:4.1f} on picture 0: independent {first + p @ score**2 @ p:9.3f}   different images "
          f"{first + np.sum(other * score**2):9.3f}")

# %% [markdown]
# With independent draws the loss turns upwards when one row grows. With "different images" the row of picture 0, which
# only image $a$ can make, is never pushed back. What saves programs in practice is that a network cannot treat one
# picture out of thousands in isolation, and that few negatives are affected when there are many images (section 12).

# %% [markdown]
# ## 12 Batches: which estimates are unbiased? (optional)
#
# In training we have $B$ independent positive pairs $(x_i,x_i')$, with embeddings $v_i=f(x_i)$ and $v_i'=f(x_i')$.
#
# **Proposition 6.12.** Let $a$ and $b$ be embeddings of points of *different* pairs of the batch. Then $(a\cdot b)^2$
# has the expectation $E_{neg}$, and so has the mean over any set of such $(a,b)$. The mean of $(v_i\cdot v_j')^2$
# over all $B^2$ pairs $(i,j)$ is biased: its expectation exceeds $E_{neg}$ by
# $\frac1B\big(\mathbb E_{pos}[(f(x)\cdot f(x^+))^2]-E_{neg}\big)$.
#
# *Plan.* Ask of each term which law its two points have.
#
# *Proof.* Points of different pairs are independent, each with law $p$ (the two marginals of $p(x,x')$ are equal):
# the law of a negative pair. A mean of terms with one expectation has that expectation, whatever their dependence.
# Among all $B^2$ terms the $B$ terms with $i=j$ are positive pairs, with the expectation
# $\mathbb E_{pos}[(f(x)\cdot f(x^+))^2]$. $\square$
#
# Programs differ in one more point: *which images are in a batch*. Going through a shuffled list of $n$ images, the
# images of a batch are *different*, so the negatives are augmentations of different images, section 11's other loss.
#
# **Proposition 6.13.** With $n$ equally likely images, the negatives of such a batch have expectation
# $E_{neg}+\frac1{n-1}\big(E_{neg}-\mathbb E_{pos}[(f(x)\cdot f(x^+))^2]\big)$.
#
# *Plan.* Split the independent draws by whether the images agree.
#
# *Proof.* Two independent draws have the same image with probability $\frac1n$, and then they are a positive pair, so
# $E_{neg}=\frac1n\mathbb E_{pos}[(f\cdot f^+)^2]+(1-\frac1n)\mathbb E_{different}$. Solve for $\mathbb E_{different}$.
# $\square$
#
# Both statements by brute force: all batches of a small graph, with their probabilities.

# %%
from itertools import product

rng = np.random.default_rng(5)
augment = np.stack([rng.dirichlet([0.5, 0.5, 0.5]) for _ in range(3)])  # three images, three pictures
small, f = np.einsum("ix,iy->xy", augment, augment) / 3, rng.normal(size=(3, 2))
inner, p = f @ f.T, small.sum(axis=1)
strangers, partners = p @ inner**2 @ p, np.sum(small * inner**2)
for B in (2, 3):
    mean = np.zeros(2)
    for batch in product(product(range(3), repeat=2), repeat=B):
        one, two = zip(*batch, strict=True)
        within, across = inner[np.ix_(one, one)] ** 2, inner[np.ix_(one, two)] ** 2
        mean += math.prod(small[cell] for cell in batch) * np.array([within[0, 1:].mean(), across.mean()])
    print(f"B = {B}: E_neg {strangers:.6f}, first row against the others of its view {mean[0]:.6f},",
          f"all B^2 {mean[1]:.6f}, bias by 6.12 {(partners - strangers) / B:.6f}")

# %%
others = np.mean([augment[i] @ inner**2 @ augment[j] for i, j in product(range(3), repeat=2) if i != j])
print(f"different images: off by {others - strangers:+.6f}, by 6.13 {(strangers - partners) / 2:+.6f}")

# %% [markdown]
# The shuffled list has a bias of order $1/n$ instead of $1/B$, always of the opposite sign: downwards when positive
# pairs are more similar than negative ones. For 50,000 images nobody will see it. The bias of the mean over all $B^2$
# pairs is a penalty on long positive pairs: rows come out too short, while their directions are hardly touched.

# %% [markdown]
# ## 13 "Equivalent up to constants"? (optional)
#
# One meets the statement that the spectral loss and the softmax loss of unit 01 with one negative,
#
# $$L_1(f)=\mathbb E\,\mathrm{softplus}\big(f(x)\cdot f(x^-)-f(x)\cdot f(x^+)\big), \tag{6.12}$$
#
# are equivalent up to constants.
#
# **Proposition 6.14.** There is no function $h$ with $L_1=h(L)$, not even on one graph.
#
# *Plan.* Two nodes; let only the length vary.
#
# *Proof.* Two nodes of mass $\frac12$, each its own component: $p(1,1)=p(2,2)=\frac12$. Let $f(c)=\sqrt\ell\,e_c$. A
# positive pair has inner product $\ell$; a negative pair has $\ell$ or 0, each with probability $\frac12$. So
# $L=-2\ell+\tfrac12\ell^2$ and $L_1=\tfrac12\ln2+\tfrac12\,\mathrm{softplus}(-\ell)$. At $\ell=1$ and $\ell=3$ the
# first loss is equal, and the second, which falls strictly for all $\ell$, is not. $\square$
#
# On this graph the spectral loss wants the *right* inner product, the softmax an ever larger gap. There *are* exact
# relations. Write $u=f(x)\cdot f(x^+)$, $v=f(x)\cdot f(x^-)$, and $\varrho(x,x')=\frac{p(x,x')}{p(x)p(x')}$, the
# density ratio of unit 04.
#
# **Proposition 6.15.** (i) *Free critics.* Over all score matrices $\gamma(x,x')$ in the place of $f(x)\cdot f(x')$,
# the only minimiser of $-2\mathbb E_{pos}[\gamma]+\mathbb E_{neg}[\gamma^2]$ is $\varrho$; those of
# $\mathbb E\,\mathrm{softplus}(\gamma(x,x^-)-\gamma(x,x^+))$, where $\varrho>0$ everywhere, are
# $\ln\varrho+\alpha(x)$ with any $\alpha$.
#
# (ii) *Many negatives, small centred embeddings.* Let $f=\kappa g$ with $\mathbb E_p\,g=0$. With $N$ negatives, as
# $\kappa\to0$, $\ \lim_{N\to\infty}(L_N-\ln N)=\tfrac12L(f)+O(\kappa^6)$.
#
# (iii) *One negative, small centred embeddings:*
# $L_1=\ln2+\tfrac12L\big(f/\sqrt2\big)+\tfrac18\,\mathbb E_{pos}[u^2]+O(\kappa^8)$.
#
# *Plan.* (i) entry by entry; (ii), (iii) expand the logarithm in cumulants.
#
# *Proof.* (i) $-2p(x,x')\gamma+p(x)p(x')\gamma^2=p(x)p(x')\big[(\gamma-\varrho)^2-\varrho^2\big]$, least iff
# $\gamma=\varrho$. For the softmax loss
# fix $x$ and put the terms of $(x^+,x^-)=(y,y')$ and $(y',y)$ together, with $d=\gamma(x,y)-\gamma(x,y')$:
# $P_1\,\mathrm{softplus}(-d)+P_2\,\mathrm{softplus}(d)$, $P_1=p(x,y)p(y')$, $P_2=p(x,y')p(y)$. Its derivative
# $-P_1\,\sigma(-d)+P_2\,\sigma(d)$ changes its sign once, where $e^d=P_1/P_2$: $d=\ln\varrho(x,y)-\ln\varrho(x,y')$.
# All these wishes are compatible: they say $\gamma(x,\cdot)=\ln\varrho(x,\cdot)+\alpha(x)$.
#
# (ii) $L_N-\ln N=\mathbb E\big[-u+\ln\big(\tfrac1Ne^u+\tfrac1N\sum_{j\le N}e^{v_j}\big)\big]$. All quantities are
# bounded on a finite graph, so the law of large numbers gives $-\mathbb E_{pos}u+\mathbb E_x\ln\mathbb E_{x^-}[e^v]$,
# and the logarithm is $\mathbb E[v|x]+\tfrac12\mathrm{Var}(v|x)+O(\kappa^6)$. Centring makes $\mathbb
# E[v|x]=f(x)\cdot\mathbb Ef=0$, so this is $-\mathbb E_{pos}u+\tfrac12\mathbb E_{neg}v^2=\frac12L$.
#
# (iii) $\mathrm{softplus}(d)=\ln2+\tfrac d2+\tfrac{d^2}8+O(d^4)$, with $d=v-u$ of size $\kappa^2$. $\mathbb Ev=0$,
# and given $x$ the two are independent, so $\mathbb E[uv]=\mathbb E_x[\mathbb E[u|x]\,\mathbb E[v|x]]=0$. So
# $L_1=\ln2-\tfrac12\mathbb Eu+\tfrac18\mathbb Eu^2+\tfrac18\mathbb Ev^2$, and
# $\tfrac12L(f/\sqrt2)=-\tfrac12\mathbb Eu+\tfrac18\mathbb Ev^2$. $\square$

# %%
def one_negative(graph, score):
    """(6.12) for a matrix of scores: E softplus(score(x, x-) - score(x, x+))."""
    p = graph.sum(axis=1)
    return np.einsum("xy,n,xyn->", graph, p, np.logaddexp(0, score[:, None, :] - score[:, :, None]))


rng = np.random.default_rng(1)
graph = graphs.random_joint_symmetric(rng, 5, psd=True)
p, g = graph.sum(axis=1), rng.normal(size=(5, 2))
g = g - p @ g  # centred: E g = 0
for kappa in (0.3, 0.15, 0.075):
    score = kappa**2 * g @ g.T
    pull, push = np.sum(graph * score), p @ score**2 @ p
    limit, single = p @ np.log(np.exp(score) @ p) - pull, one_negative(graph, score)
    series = math.log(2) - pull / 2 + push / 8 + np.sum(graph * score**2) / 8
    print(f"kappa {kappa:.3f}: (ii) {limit:.7f} against {push / 2 - pull:.7f}, gap / kappa^6"
          f" {(limit - push / 2 + pull) / kappa**6:.4f};  (iii) gap / kappa^8 {(single - series) / kappa**8:.4f}")

# %% [markdown]
# The second gap settles at once when divided by $\kappa^8$; the first, divided by $\kappa^6$, more slowly, near 0.024.
# So a softmax loss with many negatives *starts* like half a spectral loss while embeddings are short and centred, and
# then goes its own way. With one negative it starts like that of an embedding $\sqrt2$ times shorter, with an extra
# $\frac18\mathbb E_{pos}u^2$.

# %% [markdown]
# ## Now write it
#
# The exercise is [`06_spectral_loss.ipynb`](../exercises/06_spectral_loss/06_spectral_loss.ipynb) in
# `exercises/06_spectral_loss/`: the graph, both sides of the identity, the batch loss, minimiser and worst saddle, the
# angle that an excess allows, the clusters, and two encoders by hand.
#
# **Read further.** HaoChen, Wei, Gaidon and Ma 2021 (the spectral loss, Theorem 6.2 up to the constant); Shi and Malik
# 2000, Ng, Jordan and Weiss 2001 (spectral clustering); Eckart and Young 1936; Fan 1949 (Lemma 6.3); Davis and Kahan
# 1970 (relatives of Theorem 6.7); Bardes, Ponce and LeCun 2022 (VICReg); Dwibedi et al. 2021 (nearest neighbours as
# positives). Unit 07 turns the eigenvalues into a guarantee for a linear probe.

# %% [markdown]
# ---
# **Now the exercise:** [06 · exercise](../exercises/06_spectral_loss/06_spectral_loss.ipynb).
# The next lecture is [07 · The linear probe: why a linear head is enough](07_linear_probe.ipynb).
