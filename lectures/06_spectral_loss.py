# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
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
# *Time* 120 minutes · *you need* eigenvalues of symmetric matrices, expectations; numpy; units 01 and 04 for section 8
#
# | symbol | meaning |
# |---|---|
# | $p(x,x')$, $p(x)$ | law of a positive pair, and its row sums: the mass of a node |
# | $\bar A$ | normalised adjacency, with eigenvalues $\lambda_1\ge\dots\ge\lambda_S$ |
# | $u_i$, $\varphi_i=u_i/\sqrt p$ | its orthonormal eigenvectors, and the eigenfunctions |
# | $f$, $k$, $L$ | the embedding of the nodes, its number of columns, the spectral loss |
#
# $\lVert M\rVert^2$ is the sum of the squared entries of $M$ (Frobenius). $1[\cdot]$ is 1 where the statement holds and
# 0 elsewhere. For functions $g,h$ on the nodes, $\langle g,h\rangle = \sum_x p(x)g(x)h(x)$ is their inner product under
# $p$.
#
# **Afterwards you can**
#
# - turn a set of images and a random augmentation into a graph, and read its eigenvalues;
# - prove that the spectral contrastive loss *is* a factorisation error, with the constant, and say what breaks when
#   the negatives are drawn in another way;
# - write down its minimiser, also when there are negative eigenvalues, and say how far it is unique;
# - state exactly how it is related to the softmax losses of the earlier units, and how not;
# - tell an unbiased batch estimate from a biased one, and train a network that finds the eigenfunctions.
#
# Each proposition is proved, then shown in numbers: where it *holds*, where it is *tight*, and where it is *broken*
# because a hypothesis was dropped. Sources: the post on the spectral contrastive loss (HaoChen, Wei, Gaidon and Ma
# 2021, here "the post") and the lecture notes on contrastive learning ("the notes"). Where they slip, the slip is
# shown.

# %%
import math

import numpy as np
import torch
from scipy.linalg import eigh

from course import data, graphs, plots, plots_spectral


# %%
def eigenfunctions(joint):
    """Eigenvalues in falling order, (S,), and functions with <phi_i, phi_j> = 1[i = j] as columns, (S, S)."""
    values, functions = eigh(joint, np.diag(joint.sum(axis=1)))  # P phi = lambda D phi: section 2 says why
    largest = np.take_along_axis(functions, np.abs(functions).argmax(axis=0)[None], axis=0)
    return values[::-1], (functions * np.sign(largest))[:, ::-1]  # signs fixed: the largest entry is positive


def two_terms(joint, score):
    """E_pos[score] and E_neg[score^2] of a matrix of scores of pairs, negatives independent."""
    mass = joint.sum(axis=1)
    return np.sum(joint * score), mass @ score**2 @ mass

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
# image can make both. A **negative pair** is two independent draws from $p(x)$: its law is $p(x)p(x')$.
#
# Two conventions are worth a line, because sources mix them. The weights are a *joint law*: over ordered pairs, summing
# to 1, $x'=x$ included. "The probability that two given pictures come from the same image" would be something else, a
# conditional probability. And if somebody's weights sum to $W$ instead of 1, then sums over edges are $W$ times an
# expectation over positive pairs, sums over products of degrees are $W^2$ times one over negative pairs, and the loss
# below would read $-2W\,\mathbb E_{pos} + W^2\,\mathbb E_{neg}$.
#
# A world small enough to see: a bar of three pixels, a corner of three and a square of four, anywhere on a grid of
# 5 x 5. The augmentation shifts the picture along each axis by $-1, 0, 1$ with probabilities
# $\frac14, \frac12, \frac14$; what leaves the grid is lost.

# %%
shapes = [np.ones((1, 3)), np.array([[1, 0], [1, 1]]), np.ones((2, 2))]
world = graphs.shift_grid(shapes, side=5)
joint, mass = world.joint, world.joint.sum(axis=1)
order = np.argsort(world.labels, kind="stable")
different = world.labels[:, None] != world.labels[None, :]
print(f"{len(world.image_probs)} images, {len(joint)} pictures; the law sums to {joint.sum():.6f}")
print(f"most and least likely picture: {mass.max():.4f}, {mass.min():.6f}")
print(f"probability that a positive pair is one picture twice:   {np.trace(joint):.4f}")
top = np.argwhere(joint == joint.max())[0]
print(f"largest entry: {joint.max():.4f}, between pictures with {world.pictures[top].sum(axis=(1, 2))} black pixels")
print(f"probability that it joins pictures of two shapes:        {joint[different].sum():.4f}")
print(f"the same for a negative pair:                            {np.outer(mass, mass)[different].sum():.4f}")

# %% [markdown]
# **Figure 1. Which pictures are joined?** Left, $p(x,x')$ with the nodes grouped by the shape that most probably made
# them. Right, some of the nodes.

# %%
plots_spectral.graph_and_pictures(joint[np.ix_(order, order)], world.pictures[order], world.labels[order])

# %% [markdown]
# Most of the mass lies in three blocks, but not all: 9 % of the positive pairs join pictures of two shapes. They are
# pictures that were cut at the border: a lone black pixel, or two, may be what is left of a corner or of a square. (For
# a negative pair the share is 66 %.) The darkest entry, top left, is the empty picture with itself: a bar in the top or
# bottom row leaves the grid with probability $\frac14$. Inside a block the bands are the grid: pictures are joined when
# they lie at most two steps apart.

# %% [markdown]
# ## 2 The normalised adjacency and its eigenfunctions
#
# Let $D$ be the diagonal matrix of the masses $p(x)$, all positive, and $P$ the matrix of the $p(x,x')$. From here on
# $P$ is *any* symmetric joint law without a node of mass 0, made by (6.1) or not. The **normalised adjacency** is
#
# $$\bar A = D^{-1/2} P D^{-1/2}, \qquad \bar A(x,x') = \frac{p(x,x')}{\sqrt{p(x)\,p(x')}}. \tag{6.2}$$
#
# Its eigenvectors $u_i$ are easier to read after division by $\sqrt p$. With $\varphi = D^{-1/2}u$, the equation
# $\bar A u=\lambda u$ becomes $P\varphi = \lambda D\varphi$, that is, after division by $p(x)$,
#
# $$(T\varphi)(x) := \mathbb E\big[\varphi(x^+)\mid x\big] = \sum_{x'}\frac{p(x,x')}{p(x)}\varphi(x')
# = \lambda\,\varphi(x). \tag{6.3}$$
#
# So an **eigenfunction** is a feature whose expected value at the positive partner is $\lambda$ times its value here: a
# feature that survives augmentation up to the factor $\lambda$. Orthonormal $u_i$ give
# $\langle\varphi_i,\varphi_j\rangle=\sum_x u_i(x)u_j(x)=1[i=j]$. (`eigenfunctions` above solves
# $P\varphi=\lambda D\varphi$ directly. The matrix $D^{-1}P$ of the random walk has the same $\lambda$ and $\varphi$,
# but it is not symmetric.)
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
# *Proof.* Expanding the square and using that both marginals of $p(x,x')$ are $p$,
#
# $$\tfrac12\sum_{x,x'}p(x,x')\,(g(x)\mp g(x'))^2 = \tfrac12\sum_x p(x)g(x)^2+\tfrac12\sum_{x'}p(x')g(x')^2
#  \mp\sum_{x,x'}p(x,x')g(x)g(x') = \langle g,g\rangle\mp\langle g,Tg\rangle. \tag{6.4}$$
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

# %%
pair = np.array([[0.0, 0.5], [0.5, 0.0]])
zoo = {"shift graph of figure 1": joint, "two separate cliques, 3 + 3": graphs.two_cliques(3),
       "complete, 6, no loops": graphs.complete_graph(6), "one edge, no loops": pair}
for name, graph in zoo.items():
    values, functions = eigenfunctions(graph)
    step = graph @ functions / graph.sum(axis=1)[:, None]  # T phi
    print(f"{name:28s} largest", *[f"{v:7.4f}" for v in values[:3]], f"  smallest {values[-1]:7.4f}",
          f"  (6.3) off by {abs(step - functions * values).max():.0e}")

# %% [markdown]
# The shift graph, made by (6.1), has no negative eigenvalue (the printed $-0.0000$ is rounding): (d) holds. Two
# separate cliques have the eigenvalue 1 twice: (b). The bottom end is tight in the last row, a single edge, which is
# two-coloured: (c). And the two graphs in the middle break (d): their positive pairs never repeat a picture, so they
# are *not* two independent augmentations of one image. The complete graph without loops has the eigenvalue $-\frac15$
# five times. Such graphs are not exotic: "two *different* crops of the image" makes one.

# %% [markdown]
# ## 3 Spectral clustering, and the three-component example done right
#
# **Proposition 6.2 (separate parts).** Let the graph have exactly $k$ components, with masses $m_1,\dots,m_k$, and let
# $\varphi_1,\dots,\varphi_k$ be *any* orthonormal eigenfunctions with eigenvalue 1. Then the row
# $\varphi(x)=(\varphi_1(x),\dots,\varphi_k(x))$ depends on the component of $x$ only; calling it $r_c$ on component
# $c$,
#
# $$r_c\cdot r_{c'} = \frac{1[c=c']}{m_c}, \qquad\text{so that}\qquad \varphi(x)\cdot(m_c\,r_c)=1[x\in c]. \tag{6.5}$$
#
# *Proof.* By Proposition 6.1 (b) the $\varphi_j$ span the functions that are constant on components. So do the
# functions $e_c=1[\,\cdot\in c]/\sqrt{m_c}$, which are orthonormal. Two orthonormal bases of one space differ by an
# orthogonal matrix: $\varphi_j=\sum_cQ_{cj}e_c$ with $QQ^\top=I$. On component $c$ only $e_c$ is not 0, so $r_c$ is row
# $c$ of $Q$ divided by $\sqrt{m_c}$, and rows of an orthogonal matrix are orthonormal. $\square$
#
# So linear heads $b_c = m_cr_c$ tell the components apart *exactly*. The post illustrates this with three components,
# and draws the eigenvectors as indicators of the components, with zeros elsewhere; its predictor is
# $\mathrm{sign}(f(x)\cdot b)$ with $b=e_1$. Three things are wrong with the picture:

# %%
masses = [np.array([0.10, 0.15, 0.25]), np.array([0.2, 0.1]), np.array([0.05, 0.15])]  # three components, 7 nodes
three = np.zeros((7, 7))
for start, p in zip((0, 3, 5), masses, strict=True):
    three[start : start + len(p), start : start + len(p)] = np.outer(p, p) / p.sum()
member = np.repeat([0, 1, 2], [3, 2, 2])
functions = eigenfunctions(three)[1][:, :3]
rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
named = {"eigensolver's basis": functions, "the same, rotated": functions @ rotation}
for name, rows in named.items():
    spread = max(np.ptp(rows[member == c], axis=0).max() for c in range(3))
    head = 0.5 * rows[0]  # m_1 r_1
    print(f"{name:20s} rows inside a component differ by {spread:.0e}; column 1:", *[f"{v:5.2f}" for v in rows[:, 0]])
    print(f"{'':20s} phi.b with b = m_1 r_1:                       ", *[f"{abs(v):5.2f}" for v in rows @ head])
u = functions * np.sqrt(three.sum(axis=1))[:, None]
lengths = np.linalg.norm(u, axis=1)
print("lengths of the rows of u (not divided by sqrt p):                 ", *[f"{v:5.2f}" for v in lengths])

# %% [markdown]
# First, the rows are constant on a component only *after* division by $\sqrt p$: the last line shows how much the rows
# of $u$ differ in length, $\sqrt{p(x)/m_c}$. Second, which basis of the eigenspace comes out is the eigensolver's
# choice. Here it found the indicators by luck, since the matrix is block diagonal; after a rotation, an equally good
# answer, column 1 has one sign on the first component and the other on the two others, and with another rotation it
# would separate something else. Third, in the lucky basis column 1 is 0 off the component, not negative, so
# $\mathrm{sign}(f\cdot e_1)$ takes the values 1 and 0 (and, after rounding, a random sign). What works in every basis
# is (6.5): $b=m_1r_1$ gives 1 on the component and 0 elsewhere. For labels $\pm1$ take $b=2m_1r_1-\sum_cm_cr_c$, which
# gives $2\cdot1[x\in c_1]-1$ without a bias term.
#
# In practice the parts are only *nearly* separate. Then the eigenvalue 1 has a followership:
#
# **Proposition 6.3 (nearly separate parts).** Cut the nodes into $k$ parts and let
# $\varepsilon_c=P(x^+\notin c\mid x\in c)$ be the probability that a positive pair leaves part $c$. Then
# $\lambda_k\ge1-2\max_c\varepsilon_c$.
#
# *Proof.* Let $V$ be the $k$-dimensional space of the functions that are constant on the parts. It contains some
# $g\ne0$ orthogonal to $\varphi_1,\dots,\varphi_{k-1}$ ($k-1$ linear conditions), and for it
#
# $$\langle g,Tg\rangle=\sum_{i\ge k}\lambda_i\langle g,\varphi_i\rangle^2\le\lambda_k\langle g,g\rangle .$$
#
# With $g=g_c$ on part $c$, (6.4) says
#
# $$\langle g,g\rangle-\langle g,Tg\rangle=\tfrac12\sum_{c\ne c'}p(c,c')(g_c-g_{c'})^2
# \le\sum_{c\ne c'}p(c,c')(g_c^2+g_{c'}^2)=2\sum_cg_c^2\,m_c\,\varepsilon_c
# \le2\max_c\varepsilon_c\,\langle g,g\rangle ,$$
#
# where $p(c,c')$ is the mass between two parts, $(s-t)^2\le2s^2+2t^2$ was used, and
# $\sum_{c'\ne c}p(c,c')=m_c\varepsilon_c$. Together: $1-\lambda_k\le2\max_c\varepsilon_c$. $\square$

# %%
print("                                      1 - lambda_k    2 max eps_c")
rng = np.random.default_rng(0)
for name, (graph, parts) in {"four parts, leak 0.02": graphs.blocks(rng, [3, 8, 5, 2], 0.02),
                             "shift graph, parts = shapes": (joint, world.labels),
                             "tight: two nodes": (np.array([[0.4, 0.1], [0.1, 0.4]]), np.array([0, 1]))}.items():
    k = parts.max() + 1
    leaving = [graph[np.ix_(parts == c, parts != c)].sum() / graph[parts == c].sum() for c in range(k)]
    values = eigenfunctions(graph)[0]
    print(f"{name:32s} {1 - values[k - 1]:16.4f} {2 * max(leaving):14.4f}      next: 1 - lambda_{k + 1} =",
          f"{1 - values[k]:.4f}" if k < len(values) else "-")

# %% [markdown]
# The bound holds with room in the first two rows, and is tight for two nodes. The last column is the reason why $k$ is
# readable from a spectrum: for four planted parts $1-\lambda_4$ is 0.03 and $1-\lambda_5$ is 0.95, a cliff. In the
# shift graph the step from 0.10 to 0.28 is still a step. The proposition needs $k$ parts for $\lambda_k$; it says
# nothing about $\lambda_{k+1}$. The converse (a large $\lambda_k$ means that $k$ parts exist) is the hard direction,
# and unit 07 quotes it.
#
# **Figure 2. Rows of $u$ or rows of $\varphi$?** Two parts with a hub each (one node with 80 % of the part's mass) and
# 2 % of the mass between them. Left the rows $(u_1(x),u_2(x))$, as the post says; right $(\varphi_1(x),\varphi_2(x))$.
# The area of a point is its mass.

# %%
graph, parts = graphs.blocks(np.random.default_rng(3), [14, 9], leak=0.02, hub=0.8)
functions, root = eigenfunctions(graph)[1][:, :2], np.sqrt(graph.sum(axis=1))
_, (left, right) = plots.panels(2, width=4.4, height=3.2)
plots_spectral.plane(functions * root[:, None], parts, left, names=("part 1", "part 2"), sizes=15 + 600 * root**2,
                     xlabel="$u_1$", ylabel="$u_2$", title="eigenvectors")
plots_spectral.plane(functions, parts, right, sizes=15 + 600 * root**2, xlabel=r"$\varphi_1$", ylabel=r"$\varphi_2$",
                     title="eigenfunctions")

# %%
from sklearn.cluster import KMeans

for name, rows in {"u": functions * root[:, None], "phi": functions}.items():
    centre = [rows[parts == c].mean(axis=0) for c in (0, 1)]
    inside = max(np.linalg.norm(rows[parts == c] - centre[c], axis=1).max() for c in (0, 1))
    print(f"{name:4s} largest distance to the mean of the own part {inside:.3f}, between the means",
          f"{np.linalg.norm(centre[0] - centre[1]):.3f}; sizes of 2-means clusters",
          np.bincount(KMeans(2, n_init=10, random_state=0).fit_predict(rows)))

# %% [markdown]
# Left, the light nodes of *both* parts crowd near the origin, far from their hubs: a node's row is up to 0.69 away from
# the mean of its part, while the two means are only 0.30 apart. Two-means cuts off one hub and keeps the other 22 nodes
# together. Right, after division by $\sqrt p$, each part has shrunk to a point (0.009 against 2.1; the small dots are
# drawn on their hubs), and two-means finds the parts, 14 and 9. So clusters are read off the eigenfunctions, that is,
# off the embedding $f$. One also sees that $\varphi_1$ is constant.

# %% [markdown]
# ## 4 The factorisation identity
#
# The **spectral contrastive loss** of an embedding $f$ with $k$ columns is
#
# $$L(f) = -2\,\mathbb E_{(x,x^+)\sim p(x,x')}\big[f(x)\cdot f(x^+)\big]
#  + \mathbb E_{x\sim p,\ x'\sim p\text{ independent}}\Big[\big(f(x)\cdot f(x')\big)^2\Big]. \tag{6.6}$$
#
# **Theorem 6.4 (HaoChen et al. 2021, with the constant).** Let $F$ be the matrix with the rows $F_x=\sqrt{p(x)}\,f(x)$.
# Then
#
# $$\lVert\bar A-FF^\top\rVert^2 = L(f)+C,\qquad
# C=\sum_{x,x'}\frac{p(x,x')^2}{p(x)\,p(x')}=\lVert\bar A\rVert^2=\sum_i\lambda_i^2\ \ge1. \tag{6.7}$$
#
# *Proof.* The entry of $FF^\top$ at $(x,x')$ is $F_x\cdot F_{x'}=\sqrt{p(x)p(x')}\,f(x)\cdot f(x')$. Expand the square
# in each of the $S^2$ entries:
#
# $$\lVert\bar A-FF^\top\rVert^2=\sum_{x,x'}\frac{p(x,x')^2}{p(x)p(x')}
# -2\sum_{x,x'}\frac{p(x,x')}{\sqrt{p(x)p(x')}}\sqrt{p(x)p(x')}\;f(x)\cdot f(x')
# +\sum_{x,x'}p(x)p(x')\,\big(f(x)\cdot f(x')\big)^2 .$$
#
# 1. *First sum.* It does not contain $f$. It is the sum of the squared entries of $\bar A$, which for a symmetric
#    matrix is the sum of the squared eigenvalues; $\lambda_1=1$ is among them.
# 2. *Second sum.* The roots cancel. The weights $p(x,x')$ sum to 1 and are the law of the ordered positive pair, so it
#    is $-2\,\mathbb E_{pos}[f(x)\cdot f(x^+)]$.
# 3. *Third sum.* The weight of $(x,x')$ is the *product* $p(x)p(x')$: the law of two independent draws. All ordered
#    pairs are there, those with $x'=x$ too, with weight $p(x)^2$. So it is $\mathbb E_{neg}[(f(x)\cdot f(x'))^2]$.
#    $\square$
#
# The constant has a meaning: $C-1=\sum_{x,x'}\frac{(p(x,x')-p(x)p(x'))^2}{p(x)p(x')}$ is the $\chi^2$-divergence of the
# pair from independence. And nothing is "ignored" on the way from $F$ to $f$: $f=F/\sqrt p$ is a change of variables,
# one to one.

# %%
rng = np.random.default_rng(2)
graph = graphs.random_joint_symmetric(rng, 6)
p, f = graph.sum(axis=1), rng.normal(size=(6, 2))
root, inner = np.sqrt(p), f @ f.T
adjacency = graph / np.outer(root, root)
error = np.sum((adjacency - np.outer(root, root) * inner) ** 2)
positive, negative = two_terms(graph, inner)
constant = np.sum(eigenfunctions(graph)[0] ** 2)
print(f"holds   error {error:.8f} = L + C = {-2 * positive + negative:.8f} + {constant:.8f} = "
      f"{-2 * positive + negative + constant:.8f}")
print(f"tight   C = 1 for independent draws: {np.sum(eigenfunctions(np.outer(p, p))[0] ** 2):.8f}")
own = np.diag(inner)
print(f"broken  F_x = f(x), no sqrt(p):         {np.sum((adjacency - inner) ** 2) - error:12.4f}")
print(f"broken  x' = x left out of E_neg:       {-2 * positive + negative - p**2 @ own**2 + constant - error:12.4f}")
print(f"broken  f(x).f(x) in both expectations: {-2 * p @ own + p @ own**2 + constant - error:12.4f}")

# %% [markdown]
# The two sides agree to the last digit. $C=1$ for independent draws is the smallest possible value: then nothing can be
# learned beyond the constant. The three broken lines are three ways in which the identity is printed or programmed:
# without the factor $\sqrt p$; without the diagonal in the second expectation, which always makes the value too small;
# and with $f(x)\cdot f(x)$ where $f(x)\cdot f(x')$ belongs (so printed, twice, in the notes' derivation).

# %% [markdown]
# ## 5 Why the negatives must be independent draws
#
# The notes, and many programs, say "a negative pair consists of augmentations of *different* images". It sounds
# harmless. It is another loss, and as a rule it has no minimum.
#
# **Proposition 6.5.** (a) With independent negatives $L(f)\ge-C$ for every $f$ and every $k$.
#
# (b) Replace the law of the negative pair by another law $\nu(x,x')$. If there is a set $U$ of nodes with
# $\nu(U\times U)=0$ and $p(U\times U)>0$, then the loss is not bounded below, even for $k=1$.
#
# *Proof.* (a) is (6.7): a squared norm is not negative. (b) Let $f=t$ on $U$ and 0 elsewhere. Then $(f(x)f(x'))^2=t^4$
# on $U\times U$, which has probability 0 under $\nu$, and 0 elsewhere; so the second term is 0. The first is
# $-2t^2p(U\times U)\to-\infty$. $\square$
#
# Three ways to run into (b): *"the pictures must differ"* ($U$ is one picture with a loop, $p(x,x)>0$); *"the images
# must differ"* ($U$ is one picture that only one image can make); *"the classes must differ"*, a debiased negative ($U$
# is a class). The third is worth remembering after unit 05: the softmax loss can be debiased, this loss cannot.

# %%
images = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])  # image a gives pictures 0, 1; image b gives 1, 2
pair = np.einsum("i,ix,iy->xy", [0.5, 0.5], images, images)
other = (np.outer(images[0], images[1]) + np.outer(images[1], images[0])) / 2  # augmentations of different images
print(pair, " masses", pair.sum(axis=1))
f = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
positive, negative = two_terms(pair, f @ f.T)
wrong = np.sum(other * (f @ f.T) ** 2)
print(f"f = (e1, e1 + e2, e2):     independent {negative - 2 * positive:9.3f}",
      f"  different images {wrong - 2 * positive:9.3f}")
for t in (1.0, 3.0, 10.0):
    score = np.outer([t, 0, 0], [t, 0, 0])  # f = t on picture 0, which only image a can make
    positive, negative = two_terms(pair, score)
    print(f"f = t on picture 0, t = {t:4.1f}: independent {-2 * positive + negative:9.3f}   different images "
          f"{-2 * positive + np.sum(other * score**2):9.3f}")
print(f"lower bound with independent draws: -C = {-np.sum(eigenfunctions(pair)[0] ** 2):.3f}")

# %% [markdown]
# The first line is a case where the wrong loss looks innocent: $-1.0$ in place of $-0.875$. The others show the price.
# With independent draws the loss turns upwards when one row grows. With "different images" the row of picture 0, which
# only image $a$ can make, is never pushed back: $-2t^2/8$ without end. What saves programs in practice is that a
# network cannot treat one picture out of thousands in isolation, and that few negatives are affected when there are
# many images (section 9).

# %% [markdown]
# ## 6 The minimum: Eckart and Young with negative eigenvalues
#
# By (6.7), minimising $L$ is approximating $\bar A$ by $FF^\top$. The post and the notes now quote Eckart and Young:
# keep the $k$ largest eigenvalues, $f_i=\sqrt{\lambda_i}\,\varphi_i$. But that theorem approximates by *any* matrix of
# rank $k$, and $FF^\top$ has no negative eigenvalue. Where $\bar A$ has some, the root is not even defined.
#
# **Lemma 6.6 (Ky Fan).** For a symmetric matrix $A$ with eigenvalues $\lambda_1\ge\dots\ge\lambda_S$ and orthonormal
# $w_1,\dots,w_m$: $\ \sum_{j=1}^mw_j^\top Aw_j\le\lambda_1+\dots+\lambda_m$.
#
# *Proof.* With orthonormal eigenvectors $u_i$, $\sum_jw_j^\top Aw_j=\sum_i\lambda_it_i$ where
# $t_i=\sum_j(u_i\cdot w_j)^2$. The $w_j$ are orthonormal, so $t_i\le|u_i|^2=1$; and $\sum_it_i=\sum_j|w_j|^2=m$. Since
# $\sum_it_i=m$ we may subtract $\lambda_m$ everywhere:
#
# $$\sum_i\lambda_it_i-\sum_{i\le m}\lambda_i=\sum_i(\lambda_i-\lambda_m)t_i-\sum_{i\le m}(\lambda_i-\lambda_m)
# =\sum_{i\le m}(\lambda_i-\lambda_m)(t_i-1)+\sum_{i>m}(\lambda_i-\lambda_m)t_i ,$$
#
# and both sums are $\le0$: in the first $\lambda_i\ge\lambda_m$ and $t_i\le1$, in the second $\lambda_i\le\lambda_m$
# and $t_i\ge0$. $\square$
#
# **Theorem 6.7.** Over all matrices $F$ with $k\le S$ columns, writing $\lambda^+=\max(\lambda,0)$,
#
# $$\min_F\lVert\bar A-FF^\top\rVert^2=\sum_{i=1}^S\lambda_i^2-\sum_{i=1}^k(\lambda_i^+)^2,\qquad
# \min_fL(f)=-\sum_{i=1}^k(\lambda_i^+)^2, \tag{6.8}$$
#
# attained by $f_i=\sqrt{\lambda_i^+}\,\varphi_i$, $i=1,\dots,k$ (a zero column where $\lambda_i\le0$).
#
# *Proof.* $G=FF^\top$ is positive semidefinite of rank at most $k$, so $G=\sum_{j=1}^k\mu_jw_jw_j^\top$ with
# $\mu_1\ge\dots\ge\mu_k\ge0$ and orthonormal $w_j$.
#
# 1. $\lVert\bar A-G\rVert^2=\lVert\bar A\rVert^2-2\,\mathrm{tr}(\bar AG)+\lVert G\rVert^2$, and with
#    $a_j=w_j^\top\bar Aw_j$ this is $\sum_i\lambda_i^2-2\sum_j\mu_ja_j+\sum_j\mu_j^2$.
# 2. Put $\mu_{k+1}=0$ and sum by parts: $\sum_j\mu_ja_j=\sum_{m=1}^k(\mu_m-\mu_{m+1})(a_1+\dots+a_m)$. All
#    $\mu_m-\mu_{m+1}\ge0$, so Lemma 6.6 gives
#    $\sum_j\mu_ja_j\le\sum_m(\mu_m-\mu_{m+1})(\lambda_1+\dots+\lambda_m)=\sum_j\mu_j\lambda_j$.
# 3. So $\lVert\bar A-G\rVert^2\ge\sum_i\lambda_i^2+\sum_{j\le k}(\mu_j^2-2\mu_j\lambda_j)$. For $\mu_j\ge0$ the
#    parabola is least at $\mu_j=\lambda_j^+$, where it is $-(\lambda_j^+)^2$.
# 4. $F$ with the columns $\sqrt{\lambda_i^+}u_i$ makes all of this equalities. Dividing its rows by $\sqrt{p(x)}$ turns
#    $u_i$ into $\varphi_i$. The value of $L$ follows by (6.7). $\square$
#
# Here is what goes wrong otherwise, against a minimum found by plain gradient descent from several random starts. The
# "literal" formula is $\sum_{i>k}\lambda_i^2$; "Eckart-Young" keeps the $k$ largest absolute values.

# %%
def descend(graph, k, starts=3, steps=3000, rate=0.05, seed=0):
    """Smallest factorisation error, and its F, found by gradient descent from random starts."""
    root = np.sqrt(graph.sum(axis=1))
    adjacency, best = graph / np.outer(root, root), (math.inf, None)
    rng = np.random.default_rng(seed)
    for _ in range(starts):
        factor = rng.normal(size=(len(graph), k)) / 2
        for _ in range(steps):
            factor = factor + 4 * rate * (adjacency - factor @ factor.T) @ factor
        best = min(best, (np.sum((adjacency - factor @ factor.T) ** 2), factor), key=lambda pair: pair[0])
    return best

# %%
graph = graphs.random_joint_symmetric(np.random.default_rng(8), 8)
values = eigenfunctions(graph)[0]
print("eigenvalues", *[f"{v:.3f}" for v in values])
absolute = np.sort(values**2)[::-1]
table = {"gradient descent": [], "Theorem 6.7": [], "literal": [], "Eckart-Young": []}
for k in range(1, 8):
    table["gradient descent"].append(descend(graph, k)[0])
    table["Theorem 6.7"].append(np.sum(values**2) - np.sum(np.maximum(values[:k], 0) ** 2))
    table["literal"].append(np.sum(values[k:] ** 2))
    table["Eckart-Young"].append(np.sum(absolute[k:]))
for name, row in table.items():
    print(f"{name:18s}", *[f"{v:8.4f}" for v in row])

# %% [markdown]
# **Figure 3. How small can the error get?** The three formulas over $k$, the points are what gradient descent reached.

# %%
_, (left, right) = plots.panels(2, width=4.2, height=3.1)
plots_spectral.spectrum(values, left, title="eigenvalues of the graph")
lines = {name: table[name] for name in ("Theorem 6.7", "literal", "Eckart-Young")}
plots.curves(range(1, 8), lines, right, xlabel="columns k", ylabel="squared error", title="smallest error",
             styles=("-", "--", ":"), widths=(2.2, 1.6, 1.6))
right.plot(range(1, 8), table["gradient descent"], "o", color=plots.DARK, markersize=5, label="gradient descent")
right.legend(fontsize=plots.FONT - 1, frameon=False)
right.figure

# %% [markdown]
# The points lie on Theorem 6.7's line. From $k=4$ on nothing improves: the fifth eigenvalue is negative, and further
# columns stay zero. The literal formula agrees up to $k=4$, then promises what no embedding can reach. Eckart and Young
# promise even more, because they would spend the second column on the eigenvalue $-0.642$, the largest in absolute
# value after 1.

# %%
hadamard = graphs.hadamard_graph()
values = eigenfunctions(hadamard)[0]
print("eigenvalues", *[f"{v:.3f}" for v in values])
print(f"k = 6: gradient descent {descend(hadamard, 6)[0]:.6f}   Theorem 6.7 {np.sum(values**2) - 1:.6f}   "
      f"literal {np.sum(values[6:] ** 2):.6f}   Eckart-Young {np.sum(np.sort(values**2)[:2]):.6f}")
edge = np.array([[0.0, 0.5], [0.5, 0.0]])
print(f"one edge, k = 2: gradient descent {descend(edge, 2)[0]:.6f}   Theorem 6.7 {1.0:.6f}   literal {0.0:.6f}")

# %% [markdown]
# In the Hadamard graph only one eigenvalue is positive. With $k=6$ columns the best embedding is the constant one, one
# column, and the literal formula is off by $5\cdot0.05^2=0.0125$. Unit 07 uses this graph: a guarantee that divides by
# eigenvalues of columns that do not exist fails on it. The single edge is the smallest example: its literal minimum, 0,
# would need $\sqrt{-1}$.

# %% [markdown]
# ## 7 What is unique, and what holds at the optimum
#
# $L$ sees $f$ through the inner products $f(x)\cdot f(x')$ only. So with $f$ every $fQ$ is a minimiser, $Q$ orthogonal.
# That is all, unless the eigenvalues tie:
#
# **Proposition 6.8.** Let $r$ be the number of positive eigenvalues among $\lambda_1,\dots,\lambda_k$, and assume
# $\lambda_r>\lambda_{r+1}$ (or $r=S$). Then every minimiser has
# $f(x)\cdot f(x')=\sum_{i\le r}\lambda_i\varphi_i(x)\varphi_i(x')$, and any two minimisers are related by $f'=fQ$ with
# $Q$ orthogonal. If $r=k$ and $\lambda_k=\lambda_{k+1}$, there are minimisers with different inner products.
#
# *Proof.* Let $G=FF^\top$ be optimal, with $\mu_j$, $w_j$, $a_j$ as in the proof of Theorem 6.7. All its inequalities
# are equalities. Step 3 gives $\mu_j=\lambda_j^+$: so $\mu_r>0$, and $\mu_{r+1}=0$ if $r<k$, and $\mu_{k+1}=0$ in any
# case. Hence in step 2 the term $m=r$ has a positive weight, and $a_1+\dots+a_r=\lambda_1+\dots+\lambda_r$. In the
# proof of Lemma 6.6 (with $m=r$) both sums must be 0; since $\lambda_i<\lambda_r$ for $i>r$, the second one forces
# $t_i=0$ for $i>r$: each $w_j$, $j\le r$, is orthogonal to $u_{r+1},\dots,u_S$, so $w_1,\dots,w_r$ span the same space
# $V$ as $u_1,\dots,u_r$. Both $\bar A$ and $G$ map $V$ into itself, and $G$ is 0 on its complement, so
# $\lVert\bar A-G\rVert^2=\lVert(\bar A-G)|_V\rVert^2+\sum_{i>r}\lambda_i^2$. The minimum $\sum_{i>r}\lambda_i^2$ (which
# is (6.8), because $\lambda_i^+=0$ for $r<i\le k$) is reached iff $G=\bar A$ on $V$:
# $G=\sum_{i\le r}\lambda_iu_iu_i^\top$. Dividing by $\sqrt{p(x)p(x')}$ gives the inner products.
#
# Two matrices with $FF^\top=F'F'^\top$: the map that sends row $F_x$ to row $F'_x$, extended linearly, is well defined
# and keeps inner products, since $|\sum_xc_xF_x|^2=c^\top FF^\top c=|\sum_xc_xF'_x|^2$. It is an isometry between the
# two row spaces, which have the same dimension, and extends to an orthogonal map $Q$ of $\mathbb R^k$.
#
# In a tie, put any unit vector of the span of $u_k,u_{k+1}$ in the place of $u_k$: by the formula of step 1 the error
# is the same, and $G$ is not. $\square$
#
# The post says that a minimiser "contains the largest eigenvectors as its columns (up to scaling)". After a rotation it
# contains none:

# %%
graph = graphs.random_joint_symmetric(np.random.default_rng(8), 8)
values, functions = eigenfunctions(graph)
root = np.sqrt(graph.sum(axis=1))
adjacency, factor = graph / np.outer(root, root), descend(graph, 3)[1]
exact = functions[:, :3] * np.sqrt(values[:3]) * root[:, None]
print(f"inner products: found against theorem, largest difference {abs(factor @ factor.T - exact @ exact.T).max():.1e}")
for name, matrix in {"found by descent": factor, "theorem": exact}.items():
    unit = matrix / np.linalg.norm(matrix, axis=0)
    residual = [np.linalg.norm(adjacency @ c - (c @ adjacency @ c) * c) for c in unit.T]
    print(f"is each column an eigenvector? {name:17s} |A c - (c.A c) c| =", *[f"{v:.3f}" for v in residual])
sines = np.linalg.svd(np.linalg.qr(exact)[0].T @ np.linalg.qr(factor)[0])[1].clip(-1, 1)
print("angles between the two column spaces (degrees):", *[f"{math.degrees(math.acos(v)):.4f}" for v in sines])

# %% [markdown]
# All inner products agree with the theorem to rounding, all angles between the two column spaces are 0, and yet no
# column of what descent found is an eigenvector. So never compare embeddings entry by entry: compare $f f^\top$, or
# column spaces, or the result of a linear probe. The last is safe because a head $b$ on $f$ is the head $Q^\top b$ on
# $fQ$. Proposition 6.9 adds a check that needs no eigenvalues at all.
#
# **Proposition 6.9.** (a) At a minimiser, and at every stationary point of $L$,
# $\mathbb E_{pos}[f(x)\cdot f(x^+)]=\mathbb E_{neg}[(f(x)\cdot f(x'))^2]$ and $L=-\mathbb E_{pos}[f(x)\cdot f(x^+)]$.
# (b) At a minimiser this number is $\sum_{i\le k}(\lambda_i^+)^2\ge1$.
#
# *Proof.* (a) Along the ray $tf$ the loss is $-2t^2E_{pos}+t^4E_{neg}$. At a stationary point its derivative at $t=1$,
# $-4E_{pos}+4E_{neg}$, vanishes. Then $L=-2E_{pos}+E_{pos}$. (b) is (6.8) with (a); $\lambda_1=1$. $\square$
#
# So the notes' reading, that at a small loss "the second term is close to zero", is not what happens: negatives are not
# made orthogonal, their mean squared similarity is at least 1, half the size of the first term. (Part of it cannot be
# helped: the constant column alone makes every inner product 1 on average.)

# %%
for name, law, k in [("shift graph, k = 3", joint, 3), ("random graph, k = 3", graph, 3),
                     ("three separate parts, k = 3", three, 3), ("Hadamard, k = 6", hadamard, 6)]:
    values, functions = eigenfunctions(law)
    f = functions[:, :k] * np.sqrt(np.maximum(values[:k], 0))
    positive, negative = two_terms(law, f @ f.T)
    print(f"{name:28s} E_pos {positive:.6f}   E_neg {negative:.6f}   L {-2 * positive + negative:.6f}   "
          f"-sum {-np.sum(np.maximum(values[:k], 0) ** 2):.6f}")

# %% [markdown]
# A training run in which the two expectations still differ is not at its end, whatever the loss curve looks like.
#
# **Does scaling a row matter?** The post drops the factor $\sqrt{w_x}$ (our $\sqrt{p(x)}$), since a positive scaling of
# each point "does not influence linear separability". That holds for a head that is *homogeneous*:
# $\mathrm{sign}(b\cdot cf(x))=\mathrm{sign}(b\cdot f(x))$ for $c>0$, and the largest of several $b_c\cdot f(x)$ stays
# the largest. It is false for a head with a bias, and for a squared loss:

# %%
left_class, right_class = np.array([1.0, 2.0]), np.array([3.0, 4.0])  # one feature; separable by the threshold 2.5
scaled = left_class * np.array([3.5, 1.0])  # the first point scaled by 3.5
print("before:", left_class, right_class, "  after:", scaled, right_class,
      "  some threshold separates:", scaled.max() < right_class.min() or scaled.min() > right_class.max())
for feature in (np.array([1.0, 1.0]), np.array([3.5, 1.0])):  # two points, both with target 1, no bias
    b = feature.sum() / (feature @ feature)
    print(f"squared loss: features {feature}, best head {b:.3f}, error {np.mean((1 - b * feature) ** 2):.3f}")

# %% [markdown]
# ## 8 "Equivalent up to constants"?
#
# The notes introduce a second loss, the softmax form of unit 01 with one negative,
#
# $$L_1(f)=\mathbb E\Big[-\ln\frac{\Pr(x^+\mid x)}{\Pr(x^+\mid x)+\Pr(x^-\mid x)}\Big]
# =\mathbb E\,\mathrm{softplus}\big(f(x)\cdot f(x^-)-f(x)\cdot f(x^+)\big),
# \qquad \Pr(x'\mid x)\propto e^{f(x)\cdot f(x')}, \tag{6.9}$$
#
# where the normaliser cancels in the quotient, and leave as an exercise that it is "equivalent up to constants" to
# (6.6).
#
# **Proposition 6.10.** There is no monotone function $h$ with $L_1=h(L)$, not even on one graph.
#
# *Proof.* Two nodes of mass $\frac12$, each its own component: $p(1,1)=p(2,2)=\frac12$. Let $f(c)=\sqrt s\,e_c$. A
# positive pair has inner product $s$; a negative pair has $s$ or 0, each with probability $\frac12$. So
#
# $$L=-2s+\tfrac12s^2,\qquad L_1=\tfrac12\ln2+\tfrac12\,\mathrm{softplus}(-s).$$
#
# $L$ falls until $s=2$ and then rises, and takes the same value at $2-\delta$ and $2+\delta$; $L_1$ falls strictly for
# all $s$. At $s=1$ and $s=3$ the first loss is equal and the second is not, so $L_1$ is no function of $L$ at all; and
# from $s=3$ to $s=4$ one falls and the other rises. $\square$

# %%
print("   s          L        L_1")
for s in (1, 2, 3, 4, 6):
    print(f"{s:4d} {-2 * s + s * s / 2:10.4f} {math.log(2) / 2 + np.logaddexp(0, -s) / 2:10.4f}")

# %%
def one_negative(graph, score):
    """(6.9) for a matrix of scores: E softplus(score(x, x-) - score(x, x+))."""
    p = graph.sum(axis=1)
    return np.einsum("xy,n,xyn->", graph, p, np.logaddexp(0, score[:, None, :] - score[:, :, None]))


rng, drawn = np.random.default_rng(1), []
graph = graphs.random_joint_symmetric(rng, 5, psd=True)
for _ in range(400):
    f = rng.uniform(0.2, 1.5) * rng.normal(size=(5, 2))
    positive, negative = two_terms(graph, f @ f.T)
    drawn.append((-2 * positive + negative, one_negative(graph, f @ f.T)))
drawn = np.array(drawn)
order_1, order_2 = (np.sign(column[:, None] - column[None, :]) for column in drawn.T)
contradiction = np.mean((order_1 * order_2)[np.triu_indices(400, 1)] < 0)
print(f"random embeddings of one graph: {contradiction:.1%} of the pairs are ranked differently")

# %% [markdown]
# **Figure 4. Two losses, two opinions.** Left, the two-node example over the squared length $s$. Right, 400 random
# embeddings of one graph: every pair of points with a falling connecting line is a disagreement.

# %%
s = np.linspace(0, 6, 121)
_, (left, right) = plots.panels(2)
both = {"spectral $L$": -2 * s + s**2 / 2, "softmax, $10\\,L_1$": 5 * (math.log(2) + np.logaddexp(0, -s))}
plots.curves(s, both, left, xlabel="squared length s", ylabel="loss", title="two nodes, f(c) = $\\sqrt{s}\\,e_c$")
right.plot(*drawn.T, ".", color=plots.BLUE, markersize=4, alpha=0.6)
right.set(xscale="symlog", xlabel="spectral $L$", ylabel="softmax $L_1$")
right.set_title("400 random embeddings", fontsize=plots.FONT + 1, loc="left")
right.figure

# %% [markdown]
# Left, the spectral loss has a minimum at length $\sqrt2$, the softmax loss (drawn ten times larger) falls for ever:
# one wants the *right* inner product, the other an ever larger gap. Right, the points roughly rise together, but they
# do not form a line, and 15 % of the pairs are ranked in opposite order. "What's a constant between friends" does not
# cover that.
#
# There *are* exact relations, three of them. Write $u=f(x)\cdot f(x^+)$ for a positive and $v=f(x)\cdot f(x^-)$ for a
# negative pair, and let $\varrho(x,x')=\frac{p(x,x')}{p(x)p(x')}$ be the density ratio.
#
# **Proposition 6.11.** (i) *Free critics.* Over all symmetric score matrices $s(x,x')$ in the place of
# $f(x)\cdot f(x')$, the minimisers of $-2\mathbb E_{pos}[s]+\mathbb E_{neg}[s^2]$ are $s=\varrho$, and nothing else;
# over all score matrices, those of $\mathbb E\,\mathrm{softplus}(s(x,x^-)-s(x,x^+))$, where $\varrho>0$ everywhere, are
# $s=\ln\varrho+c(x)$ with any $c$.
#
# (ii) *Many negatives, small centred embeddings.* Let $f=\delta g$ with $\mathbb E_p\,g=0$. With $N$ negatives,
#
# $$\lim_{N\to\infty}(L_N-\ln N)=\tfrac12L(f)+\tfrac16\delta^6\,\mathbb E_{neg}[(g(x)\cdot g(x'))^3]+O(\delta^8).$$
#
# Without centring the two differ by $|\mathbb E f|^2+O(\delta^4)$.
#
# (iii) *One negative, small centred embeddings:*
#
# $$L_1=\ln2-\tfrac12\mathbb E_{pos}u+\tfrac18\big(\mathbb E_{pos}u^2+\mathbb E_{neg}v^2\big)+O(\delta^8).$$
#
# *Proof.* (i) Complete the square, entry by entry:
# $-2p(x,x')s+p(x)p(x')s^2=p(x)p(x')\big[(s-\varrho)^2-\varrho^2\big]$, least iff $s=\varrho$. For the softmax loss fix
# $x$ and put the terms of $(x^+,x^-)=(y,y')$ and $(y',y)$ together, with $d=s(x,y)-s(x,y')$:
#
# $$p(x,y)p(y')\,\mathrm{softplus}(-d)+p(x,y')p(y)\,\mathrm{softplus}(d).$$
#
# Its derivative in $d$ is $-A\,\sigma(-d)+B\,\sigma(d)$ with $A=p(x,y)p(y')$, $B=p(x,y')p(y)$. Since
# $\sigma(d)/\sigma(-d)=e^d$, it is negative for $e^d<A/B$ and positive for $e^d>A/B$: the only minimum is at
# $d=\ln\frac AB=\ln\varrho(x,y)-\ln\varrho(x,y')$. All these wishes are compatible: they say
# $s(x,\cdot)=\ln\varrho(x,\cdot)+c(x)$.
#
# (ii) $L_N-\ln N=\mathbb E\big[-u+\ln\big(\tfrac1Ne^u+\tfrac1N\sum_{j\le N}e^{v_j}\big)\big]$. Given $x$, the law of
# large numbers sends the sum to $\mathbb E_{x^-}e^v$; all quantities are bounded on a finite graph, so the limit may be
# taken inside: $-\mathbb E_{pos}u+\mathbb E_x\ln\mathbb E_{x^-}[e^v]$. With $v=\delta^2w$, $w=g(x)\cdot g(x^-)$, the
# logarithm is the cumulant series
# $\delta^2\mathbb E w+\tfrac12\delta^4\mathrm{Var}(w)+\tfrac16\delta^6\kappa_3(w)+O(\delta^8)$ over $x^-$, given $x$.
# Centring gives $\mathbb E[w\mid x]=g(x)\cdot\mathbb Eg=0$, so $\mathrm{Var}(w)=\mathbb E[w^2\mid x]$ and
# $\kappa_3=\mathbb E[w^3\mid x]$; averaging over $x$ gives
# $-\mathbb E_{pos}u+\tfrac12\mathbb E_{neg}v^2+\tfrac16\delta^6\mathbb E_{neg}w^3+O(\delta^8)$. Without centring, the
# first cumulant adds $\delta^2\mathbb E_x\mathbb E_{x^-}w=|\mathbb E f|^2$, and the others change by $O(\delta^4)$.
#
# (iii) $\mathrm{softplus}(t)=\ln2+\tfrac t2+\tfrac{t^2}8+O(t^4)$ (there is no $t^3$ term:
# $\mathrm{softplus}(t)-\tfrac t2=\ln(2\cosh\tfrac t2)$ is even). Put $t=v-u$, of size $\delta^2$.
# $\mathbb E v=|\mathbb Ef|^2=0$. Given $x$, $x^+$ and $x^-$ are independent, so
# $\mathbb E[uv]=\mathbb E_x\big[\mathbb E[u\mid x]\,\mathbb E[v\mid x]\big]=0$, since
# $\mathbb E[v\mid x]=f(x)\cdot\mathbb Ef=0$. So $\mathbb E(v-u)^2=\mathbb Eu^2+\mathbb Ev^2$. $\square$

# %%
p = graph.sum(axis=1)
ratio = graph / np.outer(p, p)
positive, negative = two_terms(graph, ratio)
critic = np.log(ratio)
moved = one_negative(graph, critic + rng.normal(size=(5, 1)))
print(f"s = ratio:     L = {negative - 2 * positive:.6f} = -C = {-np.sum(eigenfunctions(graph)[0] ** 2):.6f}")
print(f"s = ln ratio:  L_1 = {one_negative(graph, critic):.6f}, with a constant c(x) added to each row {moved:.6f}")
rises = []
for bump in 0.1 * rng.normal(size=(200, 5, 5)):
    first, second = two_terms(graph, ratio + bump + bump.T)
    rises.append((second - 2 * first - negative + 2 * positive, one_negative(graph, critic + bump) - moved))
print("200 random changes of the scores: smallest rise of L {:.5f}, of L_1 {:.5f}".format(*np.min(rises, axis=0)))

# %%
g = rng.normal(size=(5, 2))
g = g - p @ g  # centred: E g = 0
third, off = p @ (g @ g.T) ** 3 @ p, g + np.array([1.0, 0.0])  # off: mean (1, 0)
print("(ii)  delta   lim L_N - ln N      L / 2      gap / (delta^6 E w^3 / 6)    gap / delta^2, not centred")
for delta in (0.6, 0.3, 0.15):
    row = []
    for score in (delta**2 * g @ g.T, delta**2 * off @ off.T):
        positive, negative = two_terms(graph, score)
        row += [p @ np.log(np.exp(score) @ p) - positive, (negative - 2 * positive) / 2]
    print(f"{delta:11.2f} {row[0]:16.8f} {row[1]:14.8f} {(row[0] - row[1]) / (delta**6 * third / 6):18.4f} "
          f"{(row[2] - row[3]) / delta**2:28.4f}")

# %%
print("(iii) delta       L_1           the right side       gap / delta^8")
for delta in (0.6, 0.3, 0.15):
    score = delta**2 * g @ g.T
    positive, negative = two_terms(graph, score)
    loss = one_negative(graph, score)
    series = math.log(2) - positive / 2 + (np.sum(graph * score**2) + negative) / 8
    print(f"{delta:11.2f} {loss:14.9f} {series:18.9f} {(loss - series) / delta**8:18.4f}")

# %% [markdown]
# (i) Both losses know the density ratio, one in the inner products, one in their exponent. No change of the 200 lowered
# either loss, and a constant added to each row of the softmax scores changed nothing. (ii) The ratio of the gap to the
# predicted $\delta^6$ term tends to 1 for centred embeddings; for the others the gap divided by $\delta^2$ tends to
# $|\mathbb Eg|^2=1$. (iii) The gap divided by $\delta^8$ settles. So a softmax loss with many negatives *starts* like
# half a spectral loss while embeddings are short and centred, and then goes its own way. With one negative even the
# start is different: there is an extra $\frac18\mathbb E_{pos}u^2$.

# %% [markdown]
# ## 9 Batches: which estimates are unbiased?
#
# In training we have $B$ independent positive pairs $(x_i,x_i')$, with embeddings $v_i=f(x_i)$ and $v_i'=f(x_i')$.
#
# **Proposition 6.12.** The mean over the $B(B-1)$ ordered pairs $i\ne j$ of $(v_i\cdot v_j')^2$ has expectation
# $\mathbb E_{neg}[(f(x)\cdot f(x'))^2]$; so have the means of $(v_i\cdot v_j)^2$, of $(v_i'\cdot v_j')^2$, and of any
# part of these pairs. The mean over all $B^2$ pairs $(i,j)$ is biased: its expectation exceeds $\mathbb E_{neg}$ by
# $\frac1B\big(\mathbb E_{pos}[u^2]-\mathbb E_{neg}[v^2]\big)$.
#
# *Proof.* For $i\ne j$ the points $x_i$ and $x_j'$ belong to different, independent pairs; each has law $p$ (the two
# marginals of $p(x,x')$ are equal). So $(x_i,x_j')$ has the law $p(x)p(x')$ of a negative pair, and a mean of terms
# with one expectation has that expectation, whatever their dependence. Among all $B^2$ terms the $B$ terms $i=j$ have
# the expectation $\mathbb E_{pos}[u^2]$: in all
# $\frac1{B^2}\big(B\,\mathbb E_{pos}[u^2]+B(B-1)\,\mathbb E_{neg}[v^2]\big)$. $\square$
#
# Programs differ in one more point: *which images are in a batch*. Going through a shuffled list of $n$ images, the
# images of a batch are *different*, so the negatives are augmentations of different images, section 5's other loss.
#
# **Proposition 6.13.** With $n$ equally likely images, the negatives of such a batch have expectation
# $\mathbb E_{neg}+\frac1{n-1}\big(\mathbb E_{neg}[v^2]-\mathbb E_{same}[v^2]\big)$, where "same" means two independent
# augmentations of one image, that is, a positive pair.
#
# *Proof.* Two independent draws have the same image with probability $\frac1n$, so
# $\mathbb E_{neg}=\frac1n\mathbb E_{same}+(1-\frac1n)\mathbb E_{different}$. Solve for $\mathbb E_{different}$.
# $\square$
#
# Both statements by brute force: all batches of a small graph, with their probabilities.

# %%
from itertools import product

rng = np.random.default_rng(5)
augment = np.stack([rng.dirichlet([0.5, 0.5, 0.5]) for _ in range(3)])  # three images, three pictures
small, f = np.einsum("ix,iy->xy", augment, augment) / 3, rng.normal(size=(3, 2))
inner = f @ f.T
_, negative = two_terms(small, inner)
u_square, cells = np.sum(small * inner**2), list(product(range(3), repeat=2))


def estimates(batch):
    """Four estimates of E_neg from one batch of pairs."""
    first, second = [cell[0] for cell in batch], [cell[1] for cell in batch]
    across, within = inner[np.ix_(first, second)] ** 2, inner[np.ix_(first, first)] ** 2
    off = ~np.eye(len(batch), dtype=bool)
    return np.array([across[off].mean(), across[np.triu(off)].mean(), within[off].mean(), across.mean()])

# %%
print(f"E_neg = {negative:.6f}             i != j     i < j  i != j, view 1      all i, j  bias, by 6.12")
for B in (2, 3):
    mean = sum(math.prod(small[cell] for cell in batch) * estimates(batch) for batch in product(cells, repeat=B))
    print(f"B = {B}: mean over all batches {mean[0]:9.6f} {mean[1]:9.6f} {mean[2]:15.6f} {mean[3]:14.6f} "
          f"{(u_square - negative) / B:13.6f}")

# %%
other_images = [(i, j) for i, j in product(range(3), repeat=2) if i != j]
shuffled = np.mean([augment[i] @ inner**2 @ augment[j] for i, j in other_images])
print(f"different images out of n = 3: {shuffled:.6f}, that is E_neg {shuffled - negative:+.6f};",
      f"(E_neg v^2 - E_same v^2) / (n - 1) = {(negative - u_square) / 2:+.6f}")

# %% [markdown]
# The three unbiased estimates hit $\mathbb E_{neg}$ exactly, the mean over all $B^2$ is too large by what the
# proposition says. (On a batch they are three different numbers; only their expectations agree. The exercise asks for
# the first.) The shuffled list has a bias too, of order $1/n$ instead of $1/B$, and of the opposite sign when positive
# pairs are more similar than negative ones. For 50,000 images nobody will see it; for a data set of 3 images it is a
# third of the value.

# %% [markdown]
# ## 10 Learning the shift graph
#
# Now forget the matrix: a table of 80 rows, one embedding per picture, trained by stochastic gradient descent on random
# pairs alone, once with the unbiased loss and once with the mean over all $B^2$ pairs. Success is measured exactly: by
# the population loss, which has the known minimum (6.8), and by the largest **principal angle** between the span of the
# learned columns and that of $\varphi_1,\varphi_2,\varphi_3$, under $\langle\cdot,\cdot\rangle$. Neither depends on a
# rotation.

# %%
values, functions = eigenfunctions(joint)
minimum = -np.sum(values[:3] ** 2)


def angles(p, learned, target):
    """Principal angles in degrees between two column spaces under <g, h> = sum p g h, rising."""
    root = np.sqrt(p)[:, None]
    cosines = np.linalg.svd(np.linalg.qr(root * learned)[0].T @ np.linalg.qr(root * target)[0])[1]
    return np.degrees(np.arccos(cosines.clip(-1, 1)))


def excess(table):
    """Population loss above its minimum."""
    positive, negative = two_terms(joint, table @ table.T)
    return negative - 2 * positive - minimum

# %%
def train_table(B, diagonal, rate, steps=4000):
    """A trained table and its excess every 50 steps. The weight of the B terms i = j of E_neg is `diagonal`, 0 or 1."""
    generator, law, n = torch.Generator().manual_seed(0), torch.from_numpy(joint.ravel()), len(joint)
    table = (0.1 * torch.randn(n, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    weight, history = torch.ones(B, B, dtype=torch.float64).fill_diagonal_(diagonal), []
    for step in range(steps + 1):
        if step % 50 == 0:
            history.append(excess(table.detach().numpy()))
        pairs = torch.multinomial(law, B, replacement=True, generator=generator)
        inner = table[pairs // n] @ table[pairs % n].T
        loss = (weight * inner**2).sum() / weight.sum() - 2 * inner.diagonal().mean()
        table.data -= rate * (1 - step / (steps + 1)) * torch.autograd.grad(loss, table)[0]
    return table.detach().numpy(), np.array(history)

# %%
runs = {(B, d): train_table(B, d, rate) for B, rate in ((4, 0.3), (64, 2.0)) for d in (0.0, 1.0)}
for (B, d), (table, history) in runs.items():
    positive, negative = two_terms(joint, table @ table.T)
    print(f"B = {B:2d}, {'all B^2 pairs' if d else 'i != j only  '}: loss above the minimum {history[-1]:.4f}, "
          f"after the best scaling {-(positive**2) / negative - minimum:.4f}; largest angle "
          f"{angles(mass, table, functions[:, :3])[-1]:5.2f} degrees")

# %% [markdown]
# **Figure 5. Does the bias matter?** Population loss above its minimum, along training.

# %%
kinds = {0.0: r"$i \neq j$", 1.0: "all $B^2$ pairs"}
named = {f"B = {B}, {kinds[d]}": history for (B, d), (_, history) in runs.items()}
plots.curves(np.arange(81) * 50, named, xlabel="step", ylabel="loss above the minimum", logy=True,
             colours=(plots.BLUE, plots.ORANGE), styles=("--", "--", "-", "-"), title="unbiased and biased batches")

# %% [markdown]
# With $B=4$ (dashed) the loss over all $B^2$ pairs stops improving at 0.29 above the minimum: it has arrived, at the
# minimum of another function. The unbiased one is noisier early on and goes on falling. With $B=64$ the bias is 16
# times smaller and shows only at the very end. What the bias does is also printed: after multiplying all rows by one
# number, the best one, the biased table is as good as the unbiased one (0.047 for both at $B=4$). The extra term
# penalises long positives, so the rows come out too short; their directions are hardly touched.
#
# **Figure 6. What was learned?** Left, the exact minimiser, columns 2 and 3 (column 1 is constant). Right, the table
# trained with $B=64$, turned onto it by the best rotation. One point per picture, coloured by the shape that most
# probably made it; the area is its mass.

# %%
exact, learned = functions[:, :3] * np.sqrt(values[:3]), runs[64, 0.0][0]
left_basis, _, right_basis = np.linalg.svd((mass[:, None] * learned).T @ exact)
turned = learned @ left_basis @ right_basis
names, sizes = ("bar", "corner", "square"), 8 + 1500 * mass
_, (left, right) = plots.panels(2, width=4.4, height=3.4)
plots_spectral.plane(exact[:, 1:], world.labels, left, names=names, sizes=sizes, title="eigenfunctions",
                     xlabel=r"$\sqrt{\lambda_2}\,\varphi_2$", ylabel=r"$\sqrt{\lambda_3}\,\varphi_3$")
plots_spectral.plane(turned[:, 1:], world.labels, right, sizes=sizes, title="learned from pairs, rotated")

# %%
print(f"largest distance between a learned and an exact row: {np.linalg.norm(turned - exact, axis=1).max():.3f}; "
      f"typical length of a row: {np.sqrt(np.sum(exact**2, axis=1) @ mass):.3f}")
owners = [world.image_labels == shape for shape in range(3)]
made_by = np.stack([world.image_probs[mine] @ world.augmentations[mine] for mine in owners])  # (3, 80)
share = (made_by / made_by.sum(axis=0)).T  # which shape made this picture?
for name, wanted in [("a bar", [1, 0, 0]), ("a corner", [0, 1, 0]), ("a square", [0, 0, 1]),
                     ("corner or square, 1/2 each", [0, 0.5, 0.5]), ("all three, about 1/3 each", [1 / 3] * 3)]:
    such = np.abs(share - wanted).max(axis=1) < 0.05
    print(f"made by {name:27s} {such.sum():3d} pictures, mean of columns 2 and 3 ({exact[such, 1].mean():5.2f}, "
          f"{exact[such, 2].mean():5.2f})")

# %%
cluster = KMeans(3, n_init=10, random_state=0).fit_predict(learned)
table = np.array([[mass[(cluster == c) & (world.labels == shape)].sum() for shape in range(3)] for c in range(3)])
print("mass of cluster x shape:", *[" ".join(f"{v:.3f}" for v in row) + ";" for row in table],
      f" {table.max(axis=0).sum():.1%} of the mass in the cluster of its shape")
odd = world.labels != table.argmax(axis=1)[cluster]
print(f"{odd.sum()} of {len(joint)} pictures are elsewhere; shares with which bar, corner, square make these:",
      *[share[x].round(2) for x in np.flatnonzero(odd)])

# %% [markdown]
# The two pictures are the same up to noise: at most 0.17 between a learned row and an exact one, where rows have length
# 1.7. And the positions mean something. A picture that only one shape can make lies in that shape's arm; one that a
# corner and a square make equally often lies between those two arms, and the two pictures that any shape can make lie
# at the origin: $f$ knows *which shape may have made this*, without a label. $k$-means on the learned rows finds the
# shapes, with 97.6 % of the mass in the cluster of its shape; the two exceptions are the ones at the origin.

# %% [markdown]
# ## 11 Digits: a network finds the eigenfunctions
#
# For real images the graph is too large to write down, *unless* the augmentation stays inside a finite set. So let it:
# the pictures are the 1198 training digits of 8 x 8 pixels, and "augmenting" digit $i$ means to pick one of the 20
# pictures nearest to it, itself included, with probability proportional to $e^{-d^2/(2\sigma^2)}$, $\sigma^2=2$: noise,
# rounded to a real picture. (Positives that are nearest neighbours are used in earnest: Dwibedi et al. 2021.) The joint
# law (6.1) is then a matrix of 1198 x 1198, and its eigenfunctions are known.

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
print(f"eigenvalues 1 to 12: {' '.join(f'{v:.3f}' for v in values[:12])}; the smallest: {values[-1]:.1e}")
print(f"probability that a positive pair joins two different digits: {crossing:.3f}")

# %% [markdown]
# One positive pair in ten joins two different digits: the "augmentation" is far from perfect, as real ones are. There
# is no cliff after the tenth eigenvalue, so the graph does not fall into ten parts; we ask for the first $k=8$
# eigenfunctions, after which there is at least a step, from 0.920 to 0.885. A small network from 64 pixels to 8 numbers
# is trained with the batch loss on pairs. It never sees the matrix or a label.

# %%
torch.manual_seed(0)
first, second, last = torch.nn.Linear(64, 128), torch.nn.Linear(128, 128), torch.nn.Linear(128, k)
network = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
torch.nn.init.orthogonal_(last.weight, gain=4)  # the k outputs start out independent of each other
optimiser = torch.optim.Adam(network.parameters())
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 7e-3, total_steps=1000, pct_start=0.1)

# %%
B, history = 512, {0: network(train_x).detach().double().numpy()}
for step in range(1, 1001):
    image = torch.randint(n, (B,))
    pair = near[image].gather(1, torch.multinomial(chance[image], 2, replacement=True))
    first, second = network(train_x[pair.T.flatten()]).chunk(2)
    inner = first @ second.T
    positives = inner.diagonal()
    loss = (inner.square().sum() - positives.square().sum()) / (B * (B - 1)) - 2 * positives.mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step in (100, 300, 1000):
        history[step] = network(train_x).detach().double().numpy()

# %%
for step, z in history.items():
    positive, negative = two_terms(digits, z @ z.T)
    found = " ".join(f"{a:.0f}" for a in angles(digit_mass, z, functions[:, :k]))
    print(f"step {step:4d}: loss {negative - 2 * positive:.3f} (minimum {-np.sum(values[:k] ** 2):.3f}), "
          f"E_pos {positive:.3f}, E_neg {negative:.3f}, angles {found}")

# %% [markdown]
# The network comes down to 0.045 above the smallest value that *any* function of the pictures can reach, and the two
# expectations meet, as Proposition 6.9 demands. Measured against the eigenfunctions, seven directions are found at step
# 300 while the eighth is still 21 degrees off; at the end all eight are within about 8 degrees. (With more columns, or
# outputs that start nearly parallel, the last direction may be missing for long: where a direction is absent from $f$,
# its gradient is 0. It is a saddle point.)
#
# **Linear probe.** Logistic regression on the features, with labels of a few training digits per class only, tested on
# the 599 held-out digits, which the network has never met. Compared with the 64 pixels, their 8 principal components,
# and the same network without training; mean and standard deviation over 10 choices of the labelled digits.

# %%
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

torch.manual_seed(1)
fresh = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, k))
pca = PCA(k).fit(train_x)
features = {
    "spectral network, 8": lambda x: network(x).detach().numpy(),
    "pixels, 64": lambda x: x.numpy(),
    "principal components, 8": lambda x: pca.transform(x.numpy()),
    "untrained network, 8": lambda x: fresh(x).detach().numpy(),
}

# %%
def probe(feature, per_class, seed):
    """Held-out accuracy of logistic regression from `per_class` labelled digits of each class."""
    order = np.random.default_rng(seed).permutation(n)
    chosen = np.concatenate([order[train_y[order] == c][:per_class] for c in range(10)])
    z, test_z = feature(train_x), feature(test_x)
    head = LogisticRegression(C=10.0, max_iter=2000).fit(z[chosen] / z.std(), train_y[chosen])
    return head.score(test_z / z.std(), test_y)


counts = (1, 3, 10, 30)
accuracy = {name: np.array([[probe(f, m, seed) for seed in range(10)] for m in counts]) for name, f in features.items()}
print("labels per class           ", *[f"{m:15d}" for m in counts])
for name, rows in accuracy.items():
    print(f"{name:26s}", *[f"  {row.mean():.3f} +- {row.std(ddof=1):.3f}" for row in rows])

# %% [markdown]
# **Figure 7. Does the network recover the subspace, and is it any good?** Left, the eight principal angles between its
# columns and $\varphi_1,\dots,\varphi_8$ during training. Right, the probe.

# %%
_, (left, right) = plots.panels(2, width=4.4, height=3.3)
by_step = {f"step {step}": angles(digit_mass, z, functions[:, :k]) for step, z in history.items()}
plots.curves(range(1, k + 1), by_step, left, xlabel="number", ylabel="angle (degrees)",
             title="angles to the eigenfunctions", ordered=True, marker="o")
plots.curves(counts, {name: rows.mean(axis=1) for name, rows in accuracy.items()}, right, logx=True, marker="o",
             xlabel="labelled digits per class", ylabel="accuracy on 599 new digits", title="linear probe")
right.minorticks_off()
right.set_xticks(counts, [str(m) for m in counts])
right.figure

# %% [markdown]
# The gain is where labels are few: with *one* labelled digit per class the 8 learned numbers give 80 % and the 64
# pixels 65 %. With 30 the pixels have caught up (94 % and 93 %): they hold everything, the embedding only what survives
# the augmentation. 8 principal components are no substitute, and the untrained network shows that it is not the
# architecture. Two cautions: the standard deviations over the choice of labels are large at the left end (8 points),
# and neighbouring digits as positives are a favourable augmentation for this task.
#
# **Figure 8. What do the columns say?** The 599 held-out digits in four of the learned dimensions, after turning the
# network's output onto the eigenfunctions (the rotation is found on the training digits).

# %%
exact, learned = functions[:, :k] * np.sqrt(values[:k]), history[1000]
left_basis, _, right_basis = np.linalg.svd((digit_mass[:, None] * learned).T @ exact)
held_out = network(test_x).detach().double().numpy() @ left_basis @ right_basis
_, (left, right) = plots.panels(2, width=4.6, height=3.8)
plots_spectral.plane(held_out[:, 1:3], test_y, left, names=[str(c) for c in range(10)], sizes=12,
                     xlabel="column 2", ylabel="column 3", title="held-out digits, columns 2 and 3")
plots_spectral.plane(held_out[:, 3:5], test_y, right, sizes=12,
                     xlabel="column 4", ylabel="column 5", title="columns 4 and 5")

# %%
for column in range(1, 5):
    groups = [held_out[test_y == c, column] for c in range(10)]
    means = np.array([group.mean() for group in groups])
    order = np.argsort(means)
    spread = np.mean([group.std() for group in groups])
    print(f"column {column + 1}: lowest means {order[0]} and {order[1]}, highest {order[-1]} and {order[-2]};",
          f"range of the means {np.ptp(means):.2f}, spread inside a digit {spread:.2f}")

# %% [markdown]
# Column 2 answers "is it a 0?", column 3 "is it a 6?": zeros and sixes are nearly separate parts of the graph, and
# (6.5) says that such parts get directions of their own, long ones. Columns 4 and 5 spread out the rest: 4 and 2 at two
# ends, 7 on the way to 4, and 3, 5, 9 together at the third. These digits were not in the graph at all. A table of
# eigenvectors has no row for them; the network is a function, and places them.

# %% [markdown]
# ## Check yourself
#
# Predict first, on paper. Then unfold and run the cell below the question (code and output are folded), and only then
# unfold the answer.
#
# **1.** A graph has eigenvalues $1, 0.6, -0.7, -0.9$. What is the smallest spectral loss with $k=1$, 2 and 3 columns,
# and what is the smallest factorisation error with 3?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
lam = np.array([1, 0.6, -0.7, -0.9])
print([-round(sum(max(v, 0) ** 2 for v in lam[:k].tolist()), 2) for k in (1, 2, 3)], round(sum(lam**2) - 1.36, 2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# $-1$, $-1.36$ and again $-1.36$: the third column has nothing to match. The error is
# $\sum\lambda_i^2-1.36=2.66-1.36=1.30$, by (6.8).
# </details>
#
# **2.** All embeddings are multiplied by 2, starting from a minimiser with $k=1$ on a connected graph. What was the
# loss, and what is it now?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(-2 * 1 + 1, -2 * 4 * 1 + 16 * 1)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The minimiser is the constant column, $E_{pos}=E_{neg}=1$, so $L=-1$. After the scaling $-2\cdot4+16=8$. The length of
# a row is part of the answer here, unlike with cosines.
# </details>
#
# **3.** A class has probability 0.04 and is a separate component of the graph. How long is its row in the minimiser, if
# $k$ is large enough? And the row of a component of probability 0.25?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(1 / math.sqrt(0.04), 1 / math.sqrt(0.25))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 5 and 2: $|r_c|=1/\sqrt{m_c}$ by (6.5). Rare parts get long rows, which is why cutting rows to length 1 (as some
# programs do) changes the loss.
# </details>
#
# **4.** Somebody draws positive pairs as two *different* pictures of one image, out of exactly two equally likely ones
# per image, and no two images share a picture. What are the eigenvalues, and what does the second picture of each image
# get for an embedding?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
separate = np.kron(np.eye(3), [[0, 1], [1, 0]]) / 6
print(eigenfunctions(separate)[0].round(6))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each image is one edge without loops: eigenvalues 1 and $-1$, once per image. Eigenfunctions with eigenvalue 1 are
# constant on each edge, so both pictures of an image get the same row. The eigenvalues $-1$, which tell them apart, are
# of no use to $ff^\top$.
# </details>
#
# **5.** A run prints $\mathbb E_{pos}[u]=6.1$ and $\mathbb E_{neg}[v^2]=9.5$. Should all embeddings be made longer or
# shorter, by which factor, and how much does the loss fall?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
factor = math.sqrt(6.1 / 9.5)
print(round(factor, 3), round(-2 * 6.1 + 9.5, 3), round(-(6.1**2) / 9.5, 3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# $-2t^2E_{pos}+t^4E_{neg}$ is least at $t^2=E_{pos}/E_{neg}$: shorter, by the factor 0.80. The loss goes from $-2.7$ to
# $-E_{pos}^2/E_{neg}=-3.92$.
# </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`06_spectral_loss.ipynb`](../exercises/06_spectral_loss/06_spectral_loss.ipynb) in
# `exercises/06_spectral_loss/`: the graph, both sides of the identity, the batch loss, the minimiser with its negative
# eigenvalues, and the clusters.
#
# **Read further.** HaoChen, Wei, Gaidon and Ma 2021 (the spectral loss, Theorem 6.4 up to the constant); Shi and Malik
# 2000, Ng, Jordan and Weiss 2001 (spectral clustering); Eckart and Young 1936; Fan 1949 (Lemma 6.6); Wang and Isola
# 2020 (the limit of many negatives); Dwibedi et al. 2021 (nearest neighbours as positives). Unit 07 turns the
# eigenvalues into a guarantee for a linear probe.
#
