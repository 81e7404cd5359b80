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
# # 07 · The linear probe: why a linear head is enough
#
# *Time* core 95 min, optional 40 min · *you need* unit 06, eigenvectors of symmetric matrices, least squares; numpy
#
# *Exercise of this unit:* [07 · exercise](../exercises/07_linear_probe/07_linear_probe.ipynb).
#
# A trained encoder is judged by a *linear probe*: freeze it, fit one linear map to labels. Why should that work, when
# the encoder never saw a label? Sources: lecture notes 001, last section, after Tengyu Ma; the theory is due to
# HaoChen, Wei, Gaidon and Ma ([2021](https://arxiv.org/abs/2106.04156)). What 001 gets wrong stands in boxes.
#
# ## Map
#
# | result | in words | needs | |
# |---|---|---|---|
# | 7.1, 7.2, 7.3 | cut, energy of labels, spectrum in $[0,2]$ | - | core |
# | 7.4, 7.5 | Laplacian edge by edge; eigenvalues 0 | 7.2 | optional |
# | 7.6 | many parts that are easy to cut off: small eigenvalues (questions 4 and 5 define what they use) | 7.2 | optional |
# | 7.7 | what a head on the spectral embedding loses | unit 06 | core |
# | 7.8, 7.9 | **loss at most $4\alpha/\lambda_{lost}$** | 7.2, 7.7 | core |
# | 7.10 | the same from both sides | 7.7 | core |
# | 7.11 | **second order: flips, squared** | 7.7 | core |
# | 7.12 | no embedding is better for the worst labels | 7.8 | core |
# | 7.13 | training error, population error | - | core |
# | 7.14 | ten classes | 7.8 | optional |
#
# | symbol | meaning |
# |---|---|
# | $p(x,x')$, $p(x)$, $S$ | joint law of a positive pair, mass of node $x$, number of nodes |
# | $y$, $A$, $\bar A$ | labels, the set labelled $+1$, and its **complement** (unit 06 wrote $\bar A$ for the adjacency) |
# | $L$, $\lambda_i$, $u_i$ | Laplacian; eigenvalues **ascending**, from $i=1$ (unit 06: $1-\lambda_i$, descending) |
# | $g$, $\beta_i$ | the vector $\sqrt{p(x)}\,y_x$, and its coefficients $u_i\cdot g$ |
# | $\alpha$, $\phi$, $\rho_\ell$ | cut of the labels, expansion of a part, of the best $\ell$ parts |
# | $k$, $r$, $\lambda_{lost}$ | dimension; directions that are not lost; smallest lost eigenvalue $\lambda_{r+1}$ |

# %%
from itertools import combinations, product

import numpy as np
import torch

from course import data, figures, graphs

# %% [markdown]
# ## 1 An experiment first
#
# Unit 06: nodes are images, a positive pair $(x,x')$ is two independent augmentations of one image, and the spectral
# loss makes $f(x)\cdot f(x')$ follow the ratio $p(x,x')/p(x)p(x')$. Here are 900 digits. The augmentation carries
# image $i$ to an image $j$ that looks like it, with probability $a_i(j)\propto e^{-\lVert
# x_i-x_j\rVert^2/(2\sigma^2)}$. (Exact shifts would not do: no two of the 900 images share a shifted picture, so the
# graph would fall into 900 pieces. The theory needs augmentations that *overlap*.)

# %%
images, digit = data.load_digits()
pixels, digit = images[:900].reshape(900, -1).double().numpy(), digit.numpy()[:900]
square = (pixels**2).sum(axis=1)
distance2 = np.maximum(square[:, None] + square[None, :] - 2 * pixels @ pixels.T, 0)


def image_graph(sigma):
    """(joint, masses, eigenvalues of L, eigenvectors) of the images under augmentations of strength sigma."""
    a = np.exp(-distance2 / (2 * sigma**2))
    a /= a.sum(axis=1, keepdims=True)
    mass = a.mean(axis=0)
    m = (a / np.sqrt(len(a) * mass)).T  # the normalised adjacency is M M^T: no negative eigenvalue
    values, u = np.linalg.eigh(m @ m.T)
    return a.T @ a / len(a), mass, 1 - values[::-1], u[:, ::-1]


# %%
digits_graph = image_graph(0.7)
joint, mass = digits_graph[:2]
even = np.where(digit % 2 == 0, 1.0, -1.0)
drawn = np.random.default_rng(0).choice(900, size=20_000, p=mass)  # images, drawn by their masses


def head_error(f):
    """Mean squared error of the best linear head for even or odd, on the 20,000 drawn images."""
    head = np.linalg.lstsq(f[drawn], even[drawn], rcond=None)[0]
    return np.mean((even[drawn] - f[drawn] @ head) ** 2)


# %% [markdown]
# **Predict.** A network with 20 outputs is trained on pairs alone: stochastic gradient descent on the spectral loss
# in its factorisation form. Then a linear head is fitted to "even or odd", labels $\pm1$. The best constant answer
# has error 1.00. What is the error of the head on the *untrained* network, and after 500 steps?

# %%
torch.manual_seed(0)
x = torch.from_numpy(pixels - pixels.mean(axis=0)).float()
ratio, law = torch.from_numpy(joint / np.outer(mass, mass)).float(), torch.from_numpy(mass)
net = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 20))
optimiser, steps, errors = torch.optim.Adam(net.parameters(), lr=2e-3), [], []
for step in range(501):
    if step % 20 == 0:
        steps.append(step)
        errors.append(head_error(net(x).detach().double().numpy()))
    i, j = torch.multinomial(law, 200, True), torch.multinomial(law, 200, True)
    loss = ((ratio[i[:, None], j] - net(x[i]) @ net(x[j]).T) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(width=5.2, height=3.4)
labels = {"xlabel": "step", "ylabel": "squared error", "title": "even or odd, 20 outputs"}
figures.curves(steps, {"head on the trained network": errors}, ax, **labels)
figure = figures.levels({"promise of the theorem": 0.589, "spectral embedding": 0.197}, ax, at=0.02, above=False)
figures.described(figure,
    "The squared error of a head on the network over 500 steps: it falls from 0.41 to 0.2 by step 300 and "
    "meets the dashed line of the spectral embedding, 0.197. The dashed promise of the theorem lies far "
    "above, at 0.589."
)


# %% [markdown]
# **Figure 1.** The error falls without a label in sight, from about 0.4 to about 0.2.
#
# <details><summary>Answer</summary>
#
# Untrained about 0.40: random functions of pixels are features too. After 500 steps near 0.2 (digits depend on the
# machine). </details>
#
# Two numbers in the figure are this unit's subject. The *minimiser* of the spectral loss has error 0.197: section 6
# computes it without any training. And section 7 **promises**, from how often pairs have different labels and from one
# eigenvalue, that it is at most 0.589. The trained network is near the first number, but it is not the minimiser, and
# can be *better*: a deeper network does better (not shown). It prefers functions that are simple in pixels, of which
# no theorem below knows anything. What can be said about it is a question of the exercise.

# %% [markdown]
# ## 2 Labels on a graph
#
# A node is an augmented image $x$; $p(x,x')$ is a symmetric law, all entries sum to 1, and $p(x)=\sum_{x'}p(x,x')$,
# which we suppose positive at every node. Somebody labels the nodes, cat or dog, $y_x=\pm1$, and we fit a *linear
# head* $w$ on the embedding $z_x\in\mathbb R^k$, nothing more. Its error is
#
# $$L_{task}=\min_{w\in\mathbb R^k}\ \sum_x p(x)\,\bigl(y_x-w\cdot z_x\bigr)^2 . \tag{2.1}$$
#
# Why should this be small? The embedding has never seen a label. The one thing that ties labels to pairs is that
# augmentation rarely turns a cat into a dog. Let $A$ be the set of nodes labelled $+1$, and
#
# $$\alpha=E(A,\bar A)=\sum_{x\in A,\ x'\notin A}p(x,x') . \tag{2.2}$$
#
# **Proposition 7.1.** $\alpha=\frac12P(y_x\ne y_{x'})$ for a positive pair $(x,x')$. So $0\le\alpha\le\frac12$.
#
# *Plan.* Two events of equal probability.
#
# *Proof.* A pair has different labels when $x\in A,x'\notin A$ or $x\notin A,x'\in A$. By symmetry of $p$ both events
# have probability $\alpha$, and they exclude each other. So $P(y_x\ne y_{x'})=2\alpha\le1$. $\square$
#
# > **Source check.** 001 sums $E(S,\bar S)$ over $x\in S$ *and* $x'\in S$: between two separate groups that is 0.5,
# > the cut is 0. It asks $E\le\alpha\kappa n$ with $n$ nodes of mass $\kappa$; masses sum to 1, so this is (2.2). And
# > "$\alpha\in(0,1)$" says nothing from $\frac12$ on.
#
# **Predict.** Eight nodes, four labels of each kind: two groups joined by a bridge of mass 0.1, or the complete
# graph. What is $\alpha$?

# %%
def disagree(joint, y):
    """P(y_x != y_x') for a positive pair."""
    return sum(joint[i, j] for i, j in product(range(len(y)), repeat=2) if y[i] != y[j])


halves = np.repeat([1.0, -1.0], 4)
cases = {
    "two cliques": (graphs.two_cliques(4, bridge=0.1), halves),
    "K8": (graphs.complete_graph(8), halves),
    "Hadamard": (graphs.hadamard_graph(), graphs.hadamard_matrix()[:, 1]),
}
for name, (joint, y) in cases.items():
    print(f"{name:12s} P(different labels) = {disagree(joint, y):.4f}   alpha = {disagree(joint, y) / 2:.4f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(3, width=2.9, height=2.9)
for ax, (name, (joint, y)) in zip(axes, cases.items(), strict=True):
    figures.graph_on_circle(joint, y, ax, order=np.argsort(-y), title=name)
figures.described(figure,
    "Three graphs on eight nodes in a circle, four discs left and four squares right. Two cliques: thick grey "
    "edges inside each side, thin red ones across. K8: all edges equally thick, so that most are red. "
    "Hadamard: red edges across carry more mass than the grey ones inside."
)


# %% [markdown]
# **Figure 2.** Blue discs are labelled $+1$, orange squares $-1$. A line is an edge, the wider the more mass it has,
# red where it joins different labels: $\alpha$ is the mass of the red lines, in one direction.
#
# <details><summary>Answer</summary>
#
# 0.05, half of the bridge, since $\alpha$ counts one direction. On $K_8$: 4 of 7 neighbours differ, so
# $\alpha=\frac12\cdot\frac47=0.2857$. </details>
#
# Left the labels follow the groups; on $K_8$ no labelling is natural. Right, a graph made of a Hadamard matrix; it
# looks harmless and will refute a formula.

# %% [markdown]
# ## 3 The Laplacian measures how much labels change along pairs
#
# With $D$ the diagonal matrix of masses and $P$ the joint, $L=I-D^{-1/2}PD^{-1/2}$ is the **normalised Laplacian**.
# To a function $y$ on the nodes belongs the vector $g_x=\sqrt{p(x)}\,y_x$, because then the length of $g$ is the mean
# square of $y$: $\lVert g\rVert^2=\sum_xp(x)\,y_x^2$.
#
# **Proposition 7.2 (energy).** For every real $y$
#
# $$g^\top L\,g=\tfrac12\sum_{x,x'}p(x,x')\,(y_x-y_{x'})^2=\tfrac12\,\mathbb E\,(y_x-y_{x'})^2, \tag{3.1}$$
#
# the sum being over ordered pairs. For labels $\pm1$ this is $4\alpha$, for labels $\{0,1\}$ it is $\alpha$.
#
# *Plan.* Write $p(x)$ as a row sum, use symmetry, complete the square.
#
# *Proof.* $g^\top Lg=\sum_xg_x^2-\sum_{x,x'}\frac{p(x,x')}{\sqrt{p(x)p(x')}}g_xg_{x'}
# =\sum_xp(x)\,y_x^2-\sum_{x,x'}p(x,x')\,y_xy_{x'}$. Since $p(x)=\sum_{x'}p(x,x')$, the first sum is
# $\sum_{x,x'}p(x,x')\,y_x^2$, and by symmetry also $\sum_{x,x'}p(x,x')\,y_{x'}^2$, so it is their mean
# $\frac12\sum_{x,x'}p(x,x')(y_x^2+y_{x'}^2)$. Subtract $\frac12\sum p(x,x')\,2y_xy_{x'}$ and complete the square. For
# labels $\pm1$, $(y_x-y_{x'})^2$ is 4 where the labels differ and 0 elsewhere: $\frac12\cdot4\cdot P(y_x\ne y_{x'})
# =\frac12\cdot4\cdot2\alpha=4\alpha$. For $\{0,1\}$ replace the 4 by 1. $\square$
#
# **Corollary 7.3.** (a) All eigenvalues satisfy $0\le\lambda_i\le2$. (b) $\lambda_1=0$, with eigenvector
# $\sqrt{p(x)}$ (constant labels).
#
# *Plan.* Read (3.1) as a sum of squares, and bound each square.
#
# *Proof.* Every vector $g$ is of the form $\sqrt{p}\,y$, because $p(x)>0$. So $g^\top Lg\ge0$. And
# $(a-b)^2\le2a^2+2b^2$ gives $g^\top Lg\le\frac12\sum p(x,x')(2y_x^2+2y_{x'}^2)=2\sum_xp(x)y_x^2=2\lVert g\rVert^2$.
# (b) At $y=1$ the energy is 0, the smallest possible value of the form, so that $g=\sqrt p$ is an eigenvector for 0.
# $\square$
#
# **$y^\top Ly$ is another number**: the form at the labels themselves divides each label by its own $\sqrt{p(x)}$
# first, so that even constant labels get a positive number where masses differ along an edge.
#
# > **Source check.** 001 writes $y^\top Ly=\frac2\kappa E(S,\bar S)\le2\alpha n$ for equal masses $\kappa$. Two
# > nodes, $\kappa=\frac12$, $E=0.2$: the form is 1.60 $=\frac4\kappa E$ for labels $\pm1$ and 0.40 $=\frac1\kappa E$
# > for $\{0,1\}$. The 0.80 of 001 is neither.

# %% [markdown]
# ## 4 Incidence: the Laplacian, edge by edge (optional)
#
# Give each *unordered* pair $e=\{x,x'\}$ of different nodes a column $b_e$ with $+1/\sqrt{p(x)}$ at $x$ and
# $-1/\sqrt{p(x')}$ at $x'$ (which one gets the minus does not matter), and the weight $W_{ee}=p(x,x')$. Collect the
# columns in $B$.
#
# **Proposition 7.4.** $L=BWB^\top$. Loops have no column. With one column for each *ordered* pair the product is
# $2L$.
#
# *Plan.* Compare quadratic forms.
#
# *Proof.* $g\cdot b_e=y_x-y_{x'}$ for $g=\sqrt p\,y$. So $g^\top BWB^\top g=\sum_ep(x,x')(y_x-y_{x'})^2$ over
# unordered pairs, which is half the ordered sum, and this is (3.1). Two symmetric matrices with the same quadratic
# form are equal. A loop would contribute $(y_x-y_x)^2=0$. $\square$
#
# **Corollary 7.5.** The number of eigenvalues 0 of $L$ is the number of connected components. So $\lambda_{k+1}=0$
# exactly when the graph falls into more than $k$ components.
#
# *Plan.* When is a sum of squares 0?
#
# *Proof.* $g^\top Lg=0$ iff every term vanishes, that is, iff $y$ takes equal values at the two ends of each edge,
# that is, iff $y$ is constant on each component. Such $y$ form a space whose dimension is the number of components,
# and for a matrix without negative eigenvalues $g^\top Lg=0$ iff $Lg=0$. $\square$

# %%
def incidence(joint):
    """(B, w): one column per unordered pair with mass, and the masses of the pairs."""
    mass, columns, weights = joint.sum(axis=1), [], []
    for i, j in combinations(range(len(joint)), 2):
        if joint[i, j] > 0:
            column = np.zeros(len(joint))
            column[i], column[j] = mass[i] ** -0.5, -(mass[j] ** -0.5)
            columns.append(column)
            weights.append(joint[i, j])
    return np.array(columns).T, np.array(weights)


# %%
small = np.array([[0.20, 0.10, 0.10, 0], [0.10, 0, 0.15, 0], [0.10, 0.15, 0, 0.05], [0, 0, 0.05, 0]])
B, w = incidence(small)
root = np.sqrt(small.sum(axis=1))
for name, y in (("labels", np.array([1.0, 1.0, -1.0, -1.0])), ("constant", np.ones(4))):
    at_g, at_y = (float(np.sum(w * (B.T @ v) ** 2)) for v in (root * y, y))
    print(f"{name:9s} form at g: {at_g:.4f}, 4 alpha: {2 * disagree(small, y):.4f}, form at y: {at_y:.4f}")


# %% [markdown]
# Four nodes of unequal mass, a loop at the first, four edges and so four columns. The form at $g$ is $4\alpha$, and 0
# for constant labels; the form at $y$ is neither.

# %% [markdown]
# ## 5 Expansion: what can be proved, and what we quote (optional)
#
# The theorem of section 7 needs large lost eigenvalues. What does that mean for the images? For a set $A$ of
# nodes let $\phi(A)=E(A,\bar A)/p(A)$: given that $x\in A$, the probability that $x'$ is outside. For a number $\ell$
# of parts
#
# $$\rho_\ell=\min_{A_1,\dots,A_\ell}\ \max_i\ \phi(A_i) \tag{5.1}$$
#
# over all partitions into $\ell$ non-empty parts. If $\rho_\ell$ is large there is no way to cut the images into
# $\ell$ groups without separating many pairs: besides cat and dog there is no third natural group.
#
# **Proposition 7.6 (the easy direction).** $\lambda_\ell\le2\rho_\ell$.
#
# *Plan.* Test the form on the span of the parts' indicators.
#
# *Proof.* Take the best partition and the unit vectors $h_i=\sqrt{p}\,1_{A_i}/\sqrt{p(A_i)}$. They are orthogonal,
# since the parts are disjoint. Let $g=\sum_ia_ih_i$ with $\sum a_i^2=1$, so $\lVert g\rVert=1$, and its function is
# $y=a_i/\sqrt{p(A_i)}$ on $A_i$. In (3.1) only pairs across two parts count, and there $(y-y')^2\le2y^2+2y'^2$:
#
# $$g^\top Lg\le\tfrac12\sum_{\text{across}}p(x,x')(2y_x^2+2y_{x'}^2)=2\sum_{\text{across}}p(x,x')\,y_x^2
# =2\sum_i\frac{a_i^2}{p(A_i)}E(A_i,\bar A_i)\le2\max_i\phi(A_i)=2\rho_\ell .$$
#
# So the form is at most $2\rho_\ell$ on the unit vectors of a space of dimension $\ell$. By the min-max principle
# (Courant and Fischer) $\lambda_\ell$ is the smallest number for which there is such a space. $\square$
#
# For the theorem we need the other direction: $\rho_\ell$ large should make some eigenvalue large.
#
# **Lemma (Louis and Makarychev 2014, Proposition 1.2), quoted, not proved here.** There is a number $C(\ell)$ that
# depends on $\ell$ (through $\log\ell$) and not on the graph, with
#
# $$\rho_\ell^2\ \le\ C(\ell)\,\lambda_{2\ell} . \tag{5.2}$$
#
# It is a deep relative of Cheeger's inequality; 001 writes $\rho^2\lesssim\lambda_{2\ell}$. From here on we state
# everything with eigenvalues, which we can compute, and use (5.2) only to read them.

# %%
def eight_nodes_three_parts():
    """All partitions of 8 nodes into 3 non-empty parts, as indicators (966, 3, 8)."""
    codes = [c for c in product(range(3), repeat=8) if set(c) == {0, 1, 2}]
    first = [c for c in codes if c[0] == 0 and c.index(1) < c.index(2)]  # each partition once
    return (np.array(first)[:, None, :] == np.arange(3)[:, None]).astype(float)


parts = eight_nodes_three_parts()
print(f"{len(parts)} partitions")


# %%
def rho_3(joint):
    """(5.1) for l = 3 on 8 nodes of equal mass."""
    staying = np.einsum("pci,ij,pcj->pc", parts, joint, parts) / (parts.sum(axis=2) / 8)
    return (1 - staying).max(axis=1).min()


# %%
rng = np.random.default_rng(3)
easy, hard = {}, {}
for degree in (3, 4, 5):
    drawn = []
    for _ in range(80):
        stay = rng.uniform(0, 0.8)
        drawn.append(stay * np.eye(8) / 8 + (1 - stay) * graphs.random_regular(rng, 8, degree))
    lam = np.array([np.linalg.eigvalsh(np.eye(8) - 8 * joint) for joint in drawn])
    rho = np.array([rho_3(joint) for joint in drawn])
    easy[f"degree {degree}"], hard[f"degree {degree}"] = (2 * rho, lam[:, 2]), (lam[:, 5], rho**2)
figure, (left, right) = figures.panels(2, width=4.0, height=3.4)
figures.against_bound(easy, left, xlabel=r"$2\rho_3$", ylabel=r"$\lambda_3$", title="proved")
figures.against_bound(hard, right, xlabel=r"$\lambda_6$", ylabel=r"$\rho_3^2$", title="quoted, up to C")
figures.described(figure,
    "Two clouds of random graphs of degree 3, 4 and 5 under a diagonal. Left, the third eigenvalue against "
    "twice the third expansion: all points lie well below the diagonal, along a line with slope about 0.55. "
    "Right, the squared expansion against the sixth eigenvalue: all below the diagonal, curving upwards."
)


# %% [markdown]
# **Figure 3.** 240 random regular graphs on eight nodes with a random share of loops. Left, the easy direction: no
# point above the diagonal, and two nodes with one edge are on it ($\lambda_2=2\rho_2=2$). Right, the quoted lemma:
# $C(3)=1$ would be enough on all graphs that we tried. That is what we *see*, on eight nodes, and not a theorem.

# %% [markdown]
# ## 6 What the head can use, and what is lost
#
# Unit 06 showed which embedding minimises the spectral contrastive loss: with $L$'s eigenpairs
#
# $$z_x=\frac1{\sqrt{p(x)}}\Bigl(\sqrt{\max(1-\lambda_i,0)}\,(u_i)_x\Bigr)_{i=1,\dots,k} \tag{6.1}$$
#
# up to a rotation, which a linear head does not notice. The numbers $1-\lambda_i$ are the eigenvalues of the
# normalised adjacency. Where one is negative the best column is zero. Call direction $i$ **lost** if $i>k$ or
# $\lambda_i\ge1$.
#
# **Proposition 7.7.** Let $\beta_i=u_i\cdot g$ be the coefficients of $g=\sqrt p\,y$. Then
#
# $$L_{task}=\sum_{i\ \text{lost}}\beta_i^2 . \tag{6.2}$$
#
# *Plan.* The loss is a distance; see which vectors a head can reach.
#
# *Proof.* Put $h_x=\sqrt{p(x)}\,(w\cdot z_x)$. The loss is $\sum_x(g_x-h_x)^2=\lVert g-h\rVert^2$, and
# $h=\sum_{i\le k}w_i\sqrt{\max(1-\lambda_i,0)}\,u_i$. If $i$ is not lost the factor of $w_i$ is positive, and the
# coefficient of $u_i$ in $h$ can be any number. If $i$ is lost the coefficient is 0 whatever $w$ is. The $u_i$ are
# orthonormal, so $\lVert g-h\rVert^2$ is the sum of the squared differences of coefficients. The best $h$ takes
# $\beta_i$ where it can, and leaves $\beta_i^2$ where it cannot. $\square$
#
# Let $r$ be the number of $i\le k$ with $\lambda_i<1$: eigenvalues are in order, so the lost directions are exactly
# $i>r$, and the smallest lost eigenvalue is $\lambda_{lost}=\lambda_{r+1}$. For labels $\pm1$ $\sum_i\beta_i^2=\lVert
# g\rVert^2=1$, so (6.2) is a share. If $\lambda_{lost}>0$ every direction with eigenvalue 0 is
# kept, and $\sqrt p$ is a combination of those (it is $u_1$ where the graph is connected). So the head can reach every
# constant label, it needs no intercept, and $L_{task}\le V:=1-(\sum_xp(x)y_x)^2$, the loss of the best constant. If
# $\lambda_{lost}=0$ only $L_{task}\le1$ is sure: two separate groups, $k=1$, and an unlucky $u_1$ that lives on one.
#
# > **Source check.** 001 writes $\Lambda_k^{1/2}$ without the maximum, which has no meaning for $\lambda_i>1$, and a
# > head that divides by it.
#
# **Predict.** $K_8$, balanced labels, a generous $k=6$ of 8 dimensions. Which share of the labels is lost?

# %%
def modes(joint):
    """Eigenvalues and eigenvectors of L where all masses are equal: there L = I - S P."""
    eigenvalues, u = np.linalg.eigh(np.eye(len(joint)) - len(joint) * joint)
    return np.maximum(eigenvalues, 0.0), u


def shares(joint, y):
    """Eigenvalues, and the share beta_i^2 of the labels in each direction; equal masses."""
    lam, u = modes(joint)
    return lam, (u.T @ y) ** 2 / len(y)


def task_loss(joint, y, k):
    """(6.2), equal masses."""
    lam, share = shares(joint, y)
    return sum(s for i, (v, s) in enumerate(zip(lam, share, strict=True), 1) if i > k or v >= 1 - 1e-9)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(3, width=3.4, height=3.0)
for ax, (name, (joint, y)), k in zip(axes, cases.items(), (2, 6, 6), strict=True):
    lam, share = shares(joint, y)
    for value in np.unique(lam.round(9)):  # inside an eigenspace only the sum is defined: spread it evenly
        same = np.abs(lam - value) < 1e-8
        share[same] = share[same].mean()
    figures.spectrum(lam, share, k, ax, title=f"{name}, k = {k}")
figures.described(figure,
    "Eigenvalues of three graphs as stems, the disc on top showing the share of the labels. Two cliques, k = "
    "2: the whole share sits at the second eigenvalue 0.2, which is kept. K8, k = 6: the share is spread "
    "evenly over seven equal eigenvalues above 1, all lost. Hadamard, k = 6: spread over five eigenvalues "
    "just above 1, lost too."
)

# %% [markdown]
# **Figure 4.** One stem per eigenvalue; the disc shows which share of the labels lies in this direction (spread
# evenly over equal eigenvalues). Blue directions are in the embedding, orange ones are lost.
#
# <details><summary>Answer</summary>
#
# All of it. The eigenvalues are 0 and $\frac87$ seven times: above 1, so that five of the six columns are zero.
# </details>
#
# Left, two cliques: all of $y$ sits at the eigenvalue 0.2, and with $k=2$ nothing is lost. In the middle and on the
# right everything but the constant is lost: all other eigenvalues are above the dashed line at 1.
#
# **Find the bug.** A classmate computes the loss on the Hadamard graph with $k=6$ by least squares and finds 0 in
# place of 1.

# %%
joint, y = cases["Hadamard"]
lam, u = modes(joint)
z = u[:, :6] * np.sqrt(np.abs(1 - lam[:6])) / np.sqrt(1 / 8)
w = np.linalg.lstsq(z, y, rcond=None)[0]
print(f"rank {np.linalg.matrix_rank(z)}, loss {np.mean((y - z @ w) ** 2):.4f}")


# %% [markdown]
# <details><summary>Answer</summary>
#
# The absolute value. It removed a warning (the root of a negative number), and with it gave the head five columns
# that the spectral embedding does not have: the minimiser of the spectral loss has zero columns there,
# `np.maximum(1 - lam, 0)`. </details>

# %% [markdown]
# ## 7 The theorem
#
# **Theorem 7.8.** Let $z$ be the spectral embedding (6.1) into $k$ dimensions, $1\le k<S$, and let the smallest lost
# eigenvalue $\lambda_{lost}=\lambda_{r+1}$ be positive. For labels $\pm1$
#
# $$L_{task}\ \le\ \frac{4\alpha}{\lambda_{lost}} . \tag{7.1}$$
#
# *Plan.* Labels that rarely change along pairs have little energy; a lost direction costs at least $\lambda_{lost}$
# energy per unit.
#
# *Proof.* Every lost $i$ has $\lambda_i\ge\lambda_{lost}$. Hence
#
# $$L_{task}\overset{(6.2)}=\sum_{i>r}\beta_i^2\ \overset{(a)}\le\ \frac1{\lambda_{lost}}\sum_{i>r}\lambda_i\beta_i^2
# \ \overset{(b)}\le\ \frac1{\lambda_{lost}}\sum_{i=1}^{S}\lambda_i\beta_i^2\ \overset{(c)}=\ \frac{g^\top Lg}{\lambda_{lost}}
# \ \overset{(3.1)}=\ \frac{4\alpha}{\lambda_{lost}} .$$
#
# (a) is what was just said, (b) adds terms with $\lambda_i\ge0$, and (c) is the expansion $g=\sum\beta_iu_i$ in
# eigenvectors. $\square$
#
# The proof never used that masses are equal, nor that the two labels are equally frequent, both of which 001 assumes.
# Where all $\lambda_i\le1$ (every graph of two independent augmentations, unit 06), $\lambda_{lost}=\lambda_{k+1}$.
# In general $\lambda_{lost}\ge\min(1,\lambda_{k+1})$: either $r=k$ and it is $\lambda_{k+1}$, or $r<k$ and it is at
# least 1.
#
# **Corollary 7.9.** Let $\lambda_{lost}>0$. (a) With labels $\pm1$, the classifier $\operatorname{sign}(w\cdot z_x)$
# with the best $w$ of (2.1) errs with probability at most $L_{task}$ (a value 0 counted as an error). (b) $L_{task}$
# for labels $\{0,1\}$ is a quarter of that for $\pm1$. (c) If $k\ge2\ell-1$ then
# $L_{task}\le4\alpha/\min(1,\rho_\ell^2/C(\ell))$, by the quoted lemma (5.2).
#
# *Plan.* A wrong sign costs at least 1; halving labels quarters squares; insert (5.2).
#
# *Proof.* (a) Where the sign is wrong or 0, $y_x\,(w\cdot z_x)\le0$, and $(y_x-w\cdot z_x)^2=1-2y_x(w\cdot z_x)
# +(w\cdot z_x)^2\ge1$. So the indicator of an error is at most the squared error; take expectations. (b)
# $y^{01}=\frac12(1+y^{\pm})$. The constant is kept, since $\lambda_{lost}>0$, so lost coefficients are halved
# and their squares quartered. (c) $k+1\ge2\ell$, so
# $\lambda_{k+1}\ge\lambda_{2\ell}\ge\rho_\ell^2/C(\ell)$; use $\lambda_{lost}\ge\min(1,\lambda_{k+1})$. $\square$
#
# To see the proof as numbers take a **step graph**: nodes are 0 to 7 in binary, and $x'$ is $x$ with a random set of
# its three bits flipped, with law $q$. Each column $h$ of signs of the $8\times8$ Hadamard matrix is an eigenvector,
# $\lambda=1-\sum_s q(s)\,h_s$; no two of the eigenvalues below coincide.
#
# **Predict.** For which labels are all lines of the proof equal?

# %%
def step_graph(q):
    """Joint of x uniform and x' = x XOR s with s ~ q; len(q) is a power of 2."""
    return np.array([[q[a ^ b] for b in range(len(q))] for a in range(len(q))]) / len(q)


walk = np.array([0.5, 0.2, 0.12, 0.05, 0.06, 0.03, 0.03, 0.01])  # half of the pairs do not move
signs = graphs.hadamard_matrix()
lam = np.sort(1 - signs @ walk)
fourth = signs[np.argsort(1 - signs @ walk)[3]]
print("eigenvalues", lam.round(4))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
ladders = {  # sums of the lines of your `ladder_probe`, without its line of pairs; k = 3
    "majority of the three bits": [0.5, 0.5, 0.6538, 0.9808, 0.9808],
    "direction 4": [1.0, 1.0, 1.0, 1.0, 1.0],
}
names = ("loss", "lost part", "weighed", "all directions", "bound")
figure = figures.ladder(ladders, names, rising=True, ylabel="squared error")
figures.described(figure,
    "Two proofs as five bars each. Majority of the three bits: loss 0.5, lost part 0.5, weighed 0.6538, all "
    "directions 0.9808, bound 0.9808. Direction 4: all five bars have height 1."
)

# %% [markdown]
# **Figure 5.** Left the two inequalities (a) and (b) are real steps: from 0.5 to 0.6538, and on to 0.9808. Right
# there is no step.
#
# <details><summary>Answer</summary>
#
# For labels all of whose energy is in lost directions with eigenvalue $\lambda_{lost}$: here $y=$ direction 4, the
# first that an embedding into three dimensions misses. (Constant labels too: all lines are 0.) </details>

# %% [markdown]
# ## 8 Which constants are right?
#
# **The 4 and the eigenvalue are the best possible, at every value.** Two nodes with mass $\lambda/4$ on each of the
# two ordered pairs across, the rest on loops: the eigenvalues are 0 and $\lambda$, any number in $(0,2]$. Labels
# $\pm1$, $k=1$: $\alpha=\lambda/4$, and $L_{task}=1=4\alpha/\lambda_{lost}$.
#
# **Predict.** Four nodes, steps $q=(0, 0.3, 0.3, 0.4)$: eigenvalues 0, 1.2, 1.4, 1.4, the 1.2 at $h=(1,-1,-1,1)$. Let
# $y=h$ and $k=2$. Which of $4\alpha/\lambda_3$, $4\alpha/\min(1,\lambda_3)$, $4\alpha/\lambda_2$ is the loss?

# %%
four_joint, four_y = step_graph(np.array([0, 0.3, 0.3, 0.4])), np.array([1.0, -1.0, -1.0, 1.0])
rows = [
    ("two cliques, k = 1", *cases["two cliques"], 1),
    ("step graph, k = 3", step_graph(walk), fourth, 3),
    ("independent pairs, k = 6", np.full((8, 8), 1 / 64), halves, 6),
    ("four nodes, k = 2", four_joint, four_y, 2),
    ("Hadamard graph, k = 6", *cases["Hadamard"], 6),
    ("K8, k = 6", *cases["K8"], 6),
]
print(f"{'':25s} L_task   4a/lost   4a/min(1,l)   4a/l    2a/lost")
for name, joint, y, k in rows:
    a, lam = disagree(joint, y) / 2, modes(joint)[0]
    lost, after = lam[np.sum(lam[:k] < 1 - 1e-9)], lam[k]
    print(f"{name:25s} {task_loss(joint, y, k):6.4f} {4 * a / lost:8.4f} {4 * a / min(1, after):10.4f}", end="")
    print(f" {4 * a / after:10.4f} {2 * a / lost:9.4f}")


# %% [markdown]
# **In all six rows the theorem is an equality** (second column).
#
# <details><summary>Answer</summary>
#
# $4\alpha/\lambda_2=1.2/1.2=1$. Direction 2 is among the first $k$, but its column is zero: it is lost, and it has
# the smallest lost eigenvalue. </details>
#
# With $\min(1,\lambda_{k+1})$, which is what one finds in notes, the bound is true and too large: 1.2 on the four
# nodes, 1.1429 on $K_8$. With $\lambda_{k+1}$ alone (fourth column) the four nodes give 0.8571 and the Hadamard graph
# 0.7636, both below the true loss of 1. With 2 in place of 4 every row is below the loss.
#
# > **Source check.** The last line of 001, $L\lesssim\alpha/\rho^2$, read with the constant 2 is false. On $K_8$
# > three parts have one with at most 2 nodes, so $\rho_3=\frac67$, $\alpha=\frac27$, and
# > $2\alpha/\rho_3^2=\frac79<1=L_{task}$. A constant can be hidden in a $\lesssim$; it must not be read as 2.
#
# **When does the theorem say something?** $L_{task}\le V\le1$ is known without it. So (7.1) is news only if
# $4\alpha<V\lambda_{lost}$. In each row above it is not: these graphs were made to test constants, not to be learned.

# %% [markdown]
# ## 9 Two sides, and a second order
#
# The proof threw away two things: that the kept directions have energy too, and that the law of the flips is known
# node by node.
#
# **Proposition 7.10 (two-sided).** Labels $\pm1$, $V=1-(\sum_xp(x)y_x)^2$, $\lambda_{lost}>0$.
#
# $$\frac{4\alpha-\lambda_rV}{\lambda_S-\lambda_r}\ \le\ L_{task}\ \le\ \frac{4\alpha-\lambda_2V}{\lambda_{lost}-\lambda_2}$$
#
# (left if $\lambda_S>\lambda_r$, right if $\lambda_{lost}>\lambda_2$). If $\lambda_2>0$, the right side is below (7.1)
# exactly where (7.1) is below $V$; if $\lambda_2=0$ the two are equal.
#
# *Plan.* Split the energy into a kept and a lost part, and bound each eigenvalue in the kept part from below.
#
# *Proof* of the right side (the left one is a question of the exercise). Take $u_1=\sqrt p$, so $\beta_1^2=1-V$ and
# $\sum_{i\ge2}\beta_i^2=V$. With $L=L_{task}$ the kept directions 2 to $r$ hold $V-L$. Since $\lambda_1=0$,
# $4\alpha=\sum_{i\ge2}\lambda_i\beta_i^2\ge\lambda_2(V-L)+\lambda_{lost}L$; solve for $L$. Last, with
# $B=4\alpha/\lambda_{lost}$, $\frac{B\lambda_{lost}-\lambda_2V}{\lambda_{lost}-\lambda_2}\le B$ iff
# $\lambda_2B\le\lambda_2V$. $\square$
#
# Equality on the right: labels in directions 1, 2, $r+1$ only. Now the second idea. Let $\eta(x)=P(y_{x'}\ne y_x\mid
# x)$ be how often the label flips at $x$; its mean is $2\alpha$.
#
# **Theorem 7.11 (second order).** For labels $\pm1$ and $\lambda_{lost}>0$: $\displaystyle\ L_{task}\ \le\
# \frac{4\,\mathbb E\,\eta(x)^2}{\lambda_{lost}^2}$.
#
# *Plan.* Apply the Laplacian *once* and take lengths: $\sum\lambda_i^2\beta_i^2=\lVert Lg\rVert^2$.
#
# *Proof.* $(Lg)_x=\sqrt{p(x)}\,y_x-\sum_{x'}\frac{p(x,x')}{\sqrt{p(x)}}\,y_{x'}=\sqrt{p(x)}\,\bigl(y_x-\mathbb
# E[y_{x'}\mid x]\bigr)$. Given $x$ the partner's label is $y_x$ with probability $1-\eta$ and $-y_x$ with probability
# $\eta$, so the bracket is $2\,y_x\,\eta(x)$, and $\lVert Lg\rVert^2=4\,\mathbb E\,\eta^2$. On the other hand $\lVert
# Lg\rVert^2=\sum_i\lambda_i^2\beta_i^2\ge\lambda_{lost}^2\sum_{i>r}\beta_i^2$. $\square$
#
# **Predict.** All nodes flip equally often, and $\alpha$ is halved while $\lambda_{lost}$ stays. What do the two
# bounds do?

# %%
def bounds_of_groups(joint):
    """Both bounds for labels by group, k = 2, equal masses."""
    lam = modes(joint)[0]
    lost = lam[np.sum(lam[:2] < 1 - 1e-9)]
    eta = np.array([8 * joint[x, halves != halves[x]].sum() for x in range(8)])
    return 2 * disagree(joint, halves) / lost, 4 * np.mean(eta**2) / lost**2


cuts, spread, narrow = np.array([0.001, 0.002, 0.004, 0.008, 0.016, 0.031]), [], []
for a in cuts:
    spread.append(bounds_of_groups(graphs.two_cliques(4, bridge=2 * a, loops=True)))
    joint = graphs.two_cliques(4, loops=True)
    joint[[0, 4], [0, 4]] -= a  # from the loops of two nodes
    joint[[0, 4], [4, 0]] += a  # to one edge between the groups
    narrow.append(bounds_of_groups(joint))

# %%
figure, (ax,) = figures.panels(width=5.0, height=3.4)
curves = {"first order, flips spread": np.array(spread)[:, 0], "first order, on two nodes": np.array(narrow)[:, 0]}
curves |= {"second order, flips spread": np.array(spread)[:, 1], "second order, on two nodes": np.array(narrow)[:, 1]}
labels = {"xlabel": r"$\alpha$", "ylabel": "bound", "title": "two groups, k = 2", "styles": ["-", "--"]}
figures.curves(cuts, curves, ax, logx=True, logy=True, **labels)
print("alpha = 0.016:", np.round([*spread[4], *narrow[4]], 4))

# %% [markdown]
# **Figure 6.** Two groups whose bridge is spread over all pairs across, or sits on one edge. The first order sees
# $\alpha$ only, so both lines agree but for $\lambda_{lost}$; the second order falls twice as steeply, and is four
# times as high where two of the eight nodes have all flips.
#
# <details><summary>Answer</summary>
#
# The first is halved, the second quartered. With $\eta=2\alpha$ everywhere it is $16\alpha^2/\lambda_{lost}^2$, the
# *square* of the first. </details>
#
# Check on four nodes that are neither: $p$ = (.20 .06 .02 .02 / .06 .14 .03 .02 / .02 .03 .10 .05 / .02 .02 .05 .16),
# $y=(1,1,-1,-1)$, $k=2$. The loss 0.0560 lies between 0.0548 and 0.0738 (7.10); 7.8 promises 0.6000 and 7.11 0.3804.

# %% [markdown]
# ## 10 Hundreds of random graphs (optional)
#
# All 35 ways to split eight nodes into four and four, on 120 random regular graphs with loops whose edges have random
# weights (so that no two eigenvalues coincide and the loss does not depend on a choice of eigenvectors), for
# $k=2,4,6$.

# %%
rng = np.random.default_rng(12)
splits = [np.where(np.isin(np.arange(8), (0, *c)), 1.0, -1.0) for c in combinations(range(1, 8), 3)]


def weighted_graph(degree):
    """A random regular graph with loops, each pair's mass times a random number from 0.5 to 1.5."""
    stay = rng.uniform(0, 0.8)
    joint = stay * np.eye(8) / 8 + (1 - stay) * graphs.random_regular(rng, 8, degree)
    noise = rng.uniform(0.5, 1.5, size=(8, 8))
    joint = joint * (noise + noise.T)
    return joint / joint.sum()


# %%
results = {k: [] for k in (2, 4, 6)}
for degree, _ in product((3, 4, 5), range(40)):
    joint = weighted_graph(degree)
    mass = joint.sum(axis=1)
    root = np.sqrt(mass)
    lam, u = np.linalg.eigh(np.eye(8) - joint / np.outer(root, root))
    for k, y in product(results, splits):
        r, energy = np.sum(lam[:k] < 1), 4 * joint[y > 0][:, y < 0].sum()
        eta = joint @ (y < 0) / mass * (y > 0) + joint @ (y > 0) / mass * (y < 0)
        loss, best = np.sum((u[:, r:].T @ (root * y)) ** 2), 1 - (mass @ y) ** 2
        results[k].append((loss, energy / lam[r], 4 * mass @ eta**2 / lam[r] ** 2, energy / lam[k], best))

# %%
figure, axes = figures.panels(3, width=3.0, height=3.0)
for ax, (k, rows) in zip(axes, results.items(), strict=True):
    loss, first, second, careless, best = np.array(rows).T
    says, smaller = np.mean(first < best), np.mean(second < first)
    with_two, with_next = (np.mean(bound < loss - 1e-9) for bound in (first / 2, careless))
    print(f"k = {k}: first order below the best constant {says:.0%}; second the smaller {smaller:.0%};", end="")
    print(f" false with 2 for 4 {with_two:.0%}, with lambda_(k+1) {with_next:.1%}")
    labels = {"xlabel": "first order bound", "ylabel": "L_task", "title": f"k = {k}"}
    figures.against_bound({"": (np.minimum(first, 2.5), loss)}, ax, **labels)
figures.described(figure,
    "Three clouds of 4200 points each, the task's loss against the first order bound, for k = 2, 4 and 6. All "
    "points lie below the diagonal. With growing k the cloud moves to smaller bounds and smaller losses: for "
    "k = 2 most bounds are above 1, for k = 6 most are between 0.5 and 1."
)

# %% [markdown]
# **Figure 7.** 4200 points a panel; bounds above 2.5 are drawn at 2.5. No point lies above the diagonal. With a
# larger $k$ the first order says something more often: in 3 %, 47 % and 90 % of the cases it is below the best
# constant. The second order is the smaller of the two in 1 %, 29 % and 82 %. The factor 4 is no caution: with 2 in
# its place the bound is false in 70 %, 61 % and 34 % of the cases. With $\lambda_{k+1}$ in place of $\lambda_{lost}$
# it is false in 1.5 % at $k=6$: random tests alone would nearly have let it pass.

# %% [markdown]
# ## 11 No embedding is better for the worst labels
#
# Why the *spectral* embedding? Other embeddings have smaller loss for some labels: $f=y$ has loss 0. But nobody knows
# the labels. Suppose all that is known is that their energy $\mathcal E(y)=\frac12\mathbb E(y_x-y_{x'})^2$, for real
# labels, is at most $\varepsilon$.
#
# **Proposition 7.12 (minimax; [Johnson, El Hanchi and Maddison 2022](https://arxiv.org/abs/2210.01883)).** For every
# $f:\{\text{nodes}\}\to\mathbb R^k$, $1\le k<S$, $\lambda_{k+1}>0$, some labels $y$ with $\mathcal
# E(y)\le\varepsilon$ have $L_{task}(f)\ge\varepsilon/\lambda_{k+1}$. If $\lambda_k<1$ the spectral embedding reaches
# this: no labels with $\mathcal E(y)\le\varepsilon$ have a larger loss than $\varepsilon/\lambda_{k+1}$.
#
# *Plan.* $k$ columns cannot reach all of $k+1$ directions.
#
# *Proof.* The columns of $f$, times $\sqrt p$, span a space $W$ of dimension at most $k$. The span of
# $u_1,\dots,u_{k+1}$ has dimension $k+1$, so it contains a unit vector $v$ orthogonal to $W$, and $v^\top
# Lv\le\lambda_{k+1}$. The labels $y=\sqrt{\varepsilon/\lambda_{k+1}}\,v/\sqrt p$ have $\mathcal E(y)\le\varepsilon$,
# and no head reaches any of $g$, so that the loss is $\lVert g\rVert^2=\varepsilon/\lambda_{k+1}$. For the second
# part $r=k$, and the proof of Theorem 7.8, stopped before its last step, says $L_{task}\le\mathcal
# E(y)/\lambda_{k+1}$. $\square$
#
# If some $\lambda_i\ge1$ with $i\le k$, the spectral embedding leaves columns empty and guarantees only
# $\varepsilon/\lambda_{lost}$; the columns $u_i/\sqrt p$ themselves would guarantee $\varepsilon/\lambda_{k+1}$. On
# the four nodes of section 8 with $k=2$: $\varepsilon/1.2$ against $\varepsilon/1.4$.

# %% [markdown]
# ## 12 The graph of real images
#
# Back to the 900 digits of section 1. All $\lambda_i\le1$, since the adjacency is $MM^\top$:
# $\lambda_{lost}=\lambda_{k+1}$. Masses are not equal.
#
# **Predict.** As $k$ grows from 2 to 200, does the promise (7.1) come closer to the true loss, in absolute terms? And
# as a quotient?

# %%
joint, mass, lam, u = digits_graph
tasks = {"even or odd": digit % 2 == 0, "3 or not": digit == 3}


def probe_curves(joint, mass, lam, u, positive, ks):
    """4 alpha, and for each dimension the loss (6.2), the bound (7.1) and the second order bound."""
    y = np.where(positive, 1.0, -1.0)
    different = joint * (positive[:, None] != positive)
    eta, share, gap = different.sum(axis=1) / mass, (u.T @ (np.sqrt(mass) * y)) ** 2, lam[list(ks)]
    energy = 2 * different.sum()
    return energy, np.array([share[k:].sum() for k in ks]), energy / gap, 4 * (mass @ eta**2) / gap**2


# %%
ks = np.unique(np.geomspace(2, 200, 40).astype(int))
figure, axes = figures.panels(2, width=4.4, height=3.4)
for ax, (name, positive) in zip(axes, tasks.items(), strict=True):
    _, loss, first, second = probe_curves(*digits_graph, positive, ks)
    curves = {"first order": first, "second order": np.minimum(second, 10), "L_task": loss}
    labels = {"xlabel": "dimension k", "ylabel": "squared error", "title": name, "legend": "lower left"}
    figures.curves(ks, curves, ax, logx=True, logy=True, **labels)
    best = 1 - (mass @ np.where(positive, 1.0, -1.0)) ** 2
    figures.levels({"best constant": best}, ax)
    print(name, "k = 20, 80:", *(row.round(3) for row in probe_curves(*digits_graph, positive, (20, 80))[1:]))
figures.described(figure,
    "Squared error against the dimension k from 2 to 200, logarithmic axes, for even or odd and for 3 or not. "
    "The true loss is the lowest curve and falls to 0.02 and 0.01. The first order bound starts above the "
    "best constant, passes it at k = 11 and 14, and falls slowly; the second order bound starts higher still "
    "and is the smaller one from about k = 20."
)

# %% [markdown]
# **Figure 8.** What a linear head on $k$ columns really loses, and two promises; dashed, the best constant, above
# which a promise is empty. The first order is worth something from $k=11$ for even or odd and from $k=14$ for the 3,
# and the second order is the smaller one from $k=20$ and $k=22$. At $k=20$: promised 0.589 and 0.560, true 0.197. At
# $k=80$: 0.352 and 0.200, true 0.042.
#
# <details><summary>Answer</summary>
#
# For even or odd the gap shrinks, from 1.37 at $k=2$ to 0.39 at $k=20$ and 0.26 at $k=200$, and the quotient grows,
# though not at every step: 2.5, 3.0 and 13. Step (a) counts each lost direction with $\lambda_{lost}$ only, step (b)
# keeps the energy of directions that are not lost. The second order gains there: at $k=80$ it is a factor 5.
# </details>
#
# So on real images the theorem is true, not empty, and pessimistic.
#
# **Predict.** A weaker augmentation changes fewer labels ($\alpha$ falls). Is the promise better? Is the loss?

# %%
strengths = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
found = []
for sigma in strengths:
    graph = digits_graph if sigma == 0.7 else image_graph(sigma)
    energy, (loss,), (first,), _ = probe_curves(*graph, tasks["even or odd"], (20,))
    found.append((energy, graph[2][20], first, loss))
    print(f"strength {sigma:.2f}: 4 alpha {energy:.5f}   eigenvalue 21 {graph[2][20]:.5f}   bound {first:.3f}   loss {loss:.3f}")
four_alpha, eigenvalue, bound, loss = np.array(found).T

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2, width=4.2, height=3.3)
labels = {"xlabel": "strength of the augmentation", "styles": ["o-"]}
amounts = {"4 alpha": four_alpha, "eigenvalue 21": eigenvalue}
figures.curves(strengths, amounts, left, logy=True, ylabel="value", title="even or odd, k = 20", **labels)
results = {"bound": bound, "L_task": loss}
figures.curves(
    strengths, results, right, ylabel="squared error", title="their quotient, and the loss", legend="outside", **labels
)
figure = figures.levels({"best constant": 1.0}, right)
figures.described(figure,
    "Two panels against the strength of the augmentation from 0.4 to 1. Left, 4 alpha and eigenvalue 21 both "
    "rise from 0.0008 to nearly 1, the eigenvalue a little faster. Right, the bound falls from 1.1 to its "
    "smallest value 0.57 at strength 0.6 and rises to 0.78, while the true loss stays between 0.15 and 0.22."
)

# %% [markdown]
# **Figure 9.** A weak augmentation hardly ever changes parity ($4\alpha=0.00084$ at strength 0.4), but it also leaves
# the graph in nearly separate pieces ($\lambda_{21}=0.00076$). The promise is smallest, 0.568, at strength 0.6.
#
# <details><summary>Answer</summary>
#
# Neither follows. The bound at 0.4 is 1.100: empty. And just there, on the left edge, the true loss is *smallest*,
# 0.146, against 0.181 where the promise is best: inside nearly separate pieces the labels are nearly constant,
# whatever the theorem can prove. </details>
#
# The advice that the theorem gives, augment as strongly as the labels allow, is about $\alpha$ *and* $\lambda_{lost}$
# together; it minimises a promise, not the loss.

# %% [markdown]
# ## 13 Training error and population error
#
# (2.1) is an expectation over all images, with the best head. In practice there are $n$ labelled images, and a head
# $\hat w$ fitted to them. Let them be drawn independently from the masses, and let $\hat L(w)$ be the mean of
# $(y-w\cdot z)^2$ over them, $L(w)$ its expectation, $w^*$ a minimiser of $L$, so that $L(w^*)=L_{task}$, and $\hat
# w$ a minimiser of $\hat L$.
#
# **Proposition 7.13.** $\mathbb E\,\hat L(\hat w)\ \le\ L_{task}\ \le\ L(\hat w)$, the second inequality for every
# sample. If $n\le k$ and the $n$ embeddings are linearly independent, then $\hat L(\hat w)=0$.
#
# *Plan.* $w^*$ does not know the sample.
#
# *Proof.* $\hat L(\hat w)\le\hat L(w^*)$ by definition of $\hat w$. Take expectations: $w^*$ does not depend on the
# sample, so $\mathbb E\,\hat L(w^*)=L(w^*)=L_{task}$. $L_{task}$ is the minimum of $L$, so $L_{task}\le L(\hat w)$.
# If the rows are independent, the $n$ equations $w\cdot z_{x_i}=y_i$ have a solution. $\square$
#
# > **Source check.** 001 ends with $\hat L(\hat w)\le L_{task}+\varepsilon$: the *training* error of the head. By the
# > proposition that is below $L_{task}$ on average anyway; the error on new images is on the other side.
#
# **Predict.** $k=20$ dimensions, $L_{task}=0.197$. Training error and population error for $n=20$ labelled images?
# For $n=500$?

# %%
joint, mass, lam, u = digits_graph
k, y = 20, even
z = u[:, :k] * np.sqrt(1 - lam[:k]) / np.sqrt(mass)[:, None]
best = probe_curves(*digits_graph, y > 0, (k,))[1][0]
sizes, rng, train, population = (5, 10, 15, 20, 25, 30, 50, 100, 200, 500, 1000, 3000), np.random.default_rng(2), [], []
for _ in range(200):
    drawn = rng.choice(len(y), size=max(sizes), p=mass)  # labelled images, one after the other
    heads = [np.linalg.lstsq(z[drawn[:n]], y[drawn[:n]], rcond=1e-9)[0] for n in sizes]  # the shortest where many fit
    train.append([np.mean((y[drawn[:n]] - z[drawn[:n]] @ w) ** 2) for n, w in zip(sizes, heads, strict=True)])
    population.append([mass @ (y - z @ w) ** 2 for w in heads])


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def middle(rows):
    """For each size the 5 %, 50 % and 95 % quantiles over the runs."""
    return np.quantile(rows, [0.05, 0.5, 0.95], axis=0)


figure, (ax,) = figures.panels(width=5.2, height=3.6)
figures.bands(
    sizes,
    {"population": middle(population), "training": middle(np.maximum(train, 1e-3))},
    ax,
    logx=True,
    logy=True,
    xlabel="labelled images n",
    ylabel="squared error",
    title="even or odd, k = 20",
    ticks=(5, 10, 20, 50, 100, 200, 500, 1000, 3000),
)
figure = figures.levels({"L_task": best}, ax, at=0.02)
figures.described(figure,
    "Squared error against the number of labelled images from 5 to 3000, logarithmic axes, medians with "
    "bands. The population error climbs from 1 to a sharp peak above 1000 at n = 20, then comes down to the "
    "dashed line L_task = 0.197. The training error is 0 up to n = 20 and rises to the same line from below."
)

# %% [markdown]
# **Figure 10.** Median over 200 samples of labelled images and the band of the middle 90 %; both axes logarithmic,
# training errors below 0.001 drawn there.
#
# <details><summary>Answer</summary>
#
# Training error 0 up to $n=k=20$; then it rises to $L_{task}$ from below. The population error is worst just where
# the fit becomes exact, with a median above 1000 at $n=20$: few labels, exactly fitted, make a wild head. At $n=500$
# its median is 0.213, at $n=3000$ 0.198. </details>
#
# The population error is above $L_{task}$ for every sample, as the proposition says. The theorem is about the dashed
# line, and about nothing else in this figure.

# %% [markdown]
# ## 14 Ten classes and few labels (optional)
#
# Ten digits need ten heads, one for each: targets $y^c_x=+1$ where the digit is $c$ and $-1$ elsewhere, and the
# prediction is the class with the largest score $s^c_x=w^c\cdot z_x$.
#
# **Proposition 7.14.** The error rate of this classifier is at most $\frac12\sum_c\sum_xp(x)\,(y^c_x-s^c_x)^2$ (a tie
# counted as an error). So with the best heads, if $\lambda_{lost}>0$, it is at most
# $\frac12\sum_cL^c_{task}\le\frac12\sum_c4\alpha_c/\lambda_{lost}=2P(y\ne y')/\lambda_{lost}$, where $P(y\ne y')$ is
# the probability that the two images of a positive pair show different digits.
#
# *Plan.* A wrong class costs two squared errors that add up to 2 or more.
#
# *Proof.* Let $x$ have digit $c$ and let some $j\ne c$ have $s^j_x\ge s^c_x$. Put $a=1-s^c_x$ and $b=s^j_x+1$, so
# $a+b=2+s^j_x-s^c_x\ge2$. Among the squared errors at $x$ are $a^2$ and $b^2$, and $a^2+b^2\ge\frac12(a+b)^2\ge2$. So
# half of their sum over all classes is at least 1 where $x$ is classified wrongly, and at least 0 elsewhere; take
# expectations. Then use (7.1) for each class, with Proposition 7.1: $\alpha_c=\frac12P(\text{exactly one of the pair
# is a }c)$. A pair with different digits is counted for two classes, so $\sum_c\alpha_c=\frac12\cdot2\,P(y\ne y')$,
# and $\frac12\cdot4\cdot P(y\ne y')/\lambda_{lost}=2P(y\ne y')/\lambda_{lost}$. $\square$
#
# With few labels plain least squares is in the bad part of Figure 10. Practical probes usually add a little *ridge*, a
# penalty on $\lVert w\rVert^2$, or stop early, to a similar effect. We give the same ridge to all features below, and
# test on 500 images that are not among the labelled ones. (The embedding has seen all images, and no label.)

# %%
features = {f"spectral, k = {k}": u[:, :k] * np.sqrt(1 - lam[:k]) / np.sqrt(mass)[:, None] for k in (10, 20, 40)}
features["pixels"] = np.column_stack([pixels - pixels.mean(axis=0), np.ones(len(pixels))])  # 64 and a constant
sizes, rng, correct = (10, 20, 50, 100, 200, 400), np.random.default_rng(4), {name: [] for name in features}
for _ in range(40):
    order = rng.permutation(len(digit))
    for name, f in features.items():
        row = []
        for n in sizes:  # ridge on ten targets +1 and -1
            seen = f[order[:n]]
            targets = 2.0 * (digit[order[:n], None] == np.arange(10)) - 1
            heads = np.linalg.solve(seen.T @ seen + np.eye(seen.shape[1]), seen.T @ targets)
            row.append(np.mean((f[order[400:]] @ heads).argmax(axis=1) == digit[order[400:]]))
        correct[name].append(row)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure = figures.bands(
    sizes,
    {name: middle(rows) for name, rows in correct.items()},
    logx=True,
    legend="lower right",
    xlabel="labelled images",
    ylabel="accuracy on 500 others",
    title="ten digits, one head each",
)
figures.described(figure,
    "Accuracy against the number of labelled images from 10 to 400, medians with bands. The spectral "
    "embedding with k = 40 rises from 0.49 to 0.97, k = 20 from 0.51 to 0.94, k = 10 stops at 0.74; pixels "
    "rise from 0.45 to 0.93 and are behind k = 20 and 40 all along."
)

# %% [markdown]
# **Figure 11.** Median accuracy over 40 draws of the labelled images, with bands of the middle 90 %. With 50 labels,
# five per digit, the spectral embedding with $k=40$ has a median of 0.900 and the pixels have 0.784; with 100 labels
# 0.933 and 0.862. With $k=10$ the curve stops at about 0.74: what is lost is lost, this is (6.2). The promise of
# Proposition 7.14 is empty for $k=10$ and 20, and 0.839 for $k=40$, where the error with 400 labels is about 0.03. The
# theorem explains *why* a linear head can work, and which two numbers decide. It does not predict how well it works.

# %% [markdown]
# ## Check yourself
#
# Predict first. Then unfold and run the folded cell, and only then unfold the answer.
#
# **1.** Two cliques, a bridge of mass $b$, one label per clique. What are $L_{task}$ and the bound for $k=1$, when
# $b\to0$?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
for b in (0.1, 0.01, 0.001):
    joint = graphs.two_cliques(4, bridge=b)
    a, lam_2 = disagree(joint, halves) / 2, modes(joint)[0][1]
    print(f"b = {b}: lambda_2 = {lam_2:.4f}, L_task = {task_loss(joint, halves, 1):.4f}, bound = {4 * a / lam_2:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Both are 1, for every $0<b\le\frac47$: with one dimension the head can only answer a constant, and
# $4\alpha=2b=\lambda_2$. (For larger $b$ the smallest lost eigenvalue is $(4-b)/3<2b$, and the bound is above 1.) A
# small $\alpha$ does not help if $\lambda_{lost}$ is as small. With $k=2$ the loss is 0. </details>

# %% [markdown]
# **2.** (With the functions of section 4, which is optional.) A node of mass $p(x)$ is split into two copies that share
# its pairs equally (two files with the same image).
# What happens to the spectrum, and what to the bound?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
owner = np.array([0, 0, 1, 2, 3])
share = np.array([0.5, 0.5, 1, 1, 1])
split = small[np.ix_(owner, owner)] * np.outer(share, share)
for joint in (small, split):
    B, w = incidence(joint)
    print(abs(np.linalg.eigvalsh((B * w) @ B.T)).round(4))

# %% [markdown]
# <details><summary>Answer</summary>
#
# One eigenvalue 1 is added, for the difference of the two copies, and the others stay; $\alpha$ stays too. So the
# bound does not change where $\lambda_{lost}\le1$: the theorem sees the population, not the number of files. Where
# all lost eigenvalues were above 1, the new direction is the smallest lost one, and the bound becomes $4\alpha$. The
# loss does not change: labels that agree on copies are not in the new direction. </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`07_linear_probe.ipynb`](../exercises/07_linear_probe/07_linear_probe.ipynb) in
# `exercises/07_linear_probe/`: cuts and expansions, both bounds for any real labels, a widest counterexample, the
# proof as a ladder, the lower bound to put in order, an encoder that is not the minimiser, and a probe for real
# images with labels of any name.
#
# **Read further.** HaoChen et al. 2021 (sample complexity); Lee, Oveis Gharan and Trevisan 2014 (higher-order Cheeger
# inequalities); Saunshi et al. 2022 (what such bounds leave out: the encoder's inductive bias).

# %% [markdown]
# ---
# **Now the exercise:** [07 · exercise](../exercises/07_linear_probe/07_linear_probe.ipynb).
# The next lecture is [08 · Convergence: does gradient descent find the encoder?](08_convergence.ipynb).
