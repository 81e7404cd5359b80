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
# # 07 · The linear probe: why a linear head is enough
#
# *Time* 100 minutes · *you need* unit 06, eigenvectors of symmetric matrices, least squares; numpy
#
# | $p(x,x')$ | $p(x)$ | $L$ | $\lambda_i,\ u_i$ | $\alpha$ | $\rho_\ell$ | $k$ | $m$ |
# |---|---|---|---|---|---|---|---|
# | joint law | mass of $x$ | Laplacian | eigenpairs | cut | expansion | dimension | $\min(1,\lambda_{k+1})$ |
#
# Eigenvalues of the Laplacian are counted from 1, in ascending order. $S$ is the number of nodes. The source is the
# last section of lecture notes 001, which follow notes of Tengyu Ma; the theory is due to HaoChen, Wei, Gaidon and Ma
# (2021).
#
# **Afterwards you can**
#
# - read the cut of a labelling as a probability, and the Laplacian as the energy of the labels;
# - prove, step by step, that a linear head on the spectral embedding has error at most
#   $4\alpha/\min(1,\lambda_{k+1})$;
# - say which part of the expansion argument is proved here, and which is quoted;
# - name a graph on which each constant is attained, and a graph on which each careless constant is false;
# - tell training error from population error, and say which one the theorem speaks about;
# - put a linear probe on real images, and compare what it does with what was promised.
#
# On a finite graph every expectation is a finite sum. So each statement is proved, and then looked at in exact
# numbers: where it holds, where it is an equality, and where it breaks because a hypothesis was dropped.

# %%
from itertools import combinations, product

import numpy as np

from course import data, graphs, plots, plots_probe

# %% [markdown]
# ## 1 Labels on a graph
#
# Unit 06 embedded augmented images without labels. A node is an augmented image $x$, and $p(x,x')$ is the probability
# that a positive pair is $(x,x')$: a symmetric law, so that all entries sum to 1. The mass of a node is
# $p(x)=\sum_{x'}p(x,x')$. Now somebody labels the nodes, cat or dog, $y_x=\pm1$, and we fit a *linear head* $w$ on
# the embedding $z_x\in\mathbb R^k$, nothing more. Its error is
#
# $$L_{task}=\min_{w\in\mathbb R^k}\ \sum_x p(x)\,\bigl(y_x-w\cdot z_x\bigr)^2 . \tag{1.1}$$
#
# Why should this be small? The embedding has never seen a label. The one thing that ties labels to pairs is that
# augmentation rarely turns a cat into a dog. Let $A$ be the set of nodes labelled $+1$, and
#
# $$\alpha=E(A,\bar A)=\sum_{x\in A,\ x'\notin A}p(x,x') . \tag{1.2}$$
#
# **Proposition 7.1.** $\alpha=\frac12P(y_x\ne y_{x'})$ for a positive pair $(x,x')$. So $0\le\alpha\le\frac12$.
#
# *Proof.* A pair has different labels when $x\in A,x'\notin A$ or $x\notin A,x'\in A$. By symmetry of $p$ both events
# have probability $\alpha$, and they exclude each other. So $P(y_x\ne y_{x'})=2\alpha\le1$. $\square$
#
# *Two slips in 001.* Its display of $E(S,\bar S)$ sums over $x\in S$ and $x'\in S$; the second point must be outside,
# $x'\in\bar S$. And it asks $E(S,\bar S)\le\alpha\kappa n$, where all $n$ nodes have mass $\kappa$. Masses sum to 1,
# so $\kappa n=1$ and the condition is $E\le\alpha$, our (1.2). Its "$\alpha\in(0,1)$" says nothing from $\frac12$ on.


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
    print(f"{name:12s} masses {joint.sum(axis=1).min():.3f} to {joint.sum(axis=1).max():.3f}   ", end="")
    print(f"P(different labels) = {disagree(joint, y):.4f}   alpha = {disagree(joint, y) / 2:.4f}")
apart = graphs.two_cliques(2)  # no bridge: the cut is 0
print(
    f"two separate pairs of nodes: alpha = {disagree(apart, halves[::2]) / 2}, the sum of 001 = {apart[:2, :2].sum()}"
)

# %%
figure, axes = plots.panels(3, width=2.9, height=2.9)
for ax, (name, (joint, y)) in zip(axes, cases.items(), strict=True):
    plots_probe.circle_graph(joint, y, ax, order=np.argsort(-y), title=name)
figure

# %% [markdown]
# **Figure 1.** Eight nodes each; blue discs are labelled $+1$, orange squares $-1$. A line is an edge, the wider the
# more mass it has, red where it joins different labels: $\alpha$ is the mass of the red lines (in one direction).
# Left, two groups with a weak bridge of thin red lines, $\alpha=0.05$: the labels follow the groups. In the middle
# the complete graph $K_8$, where all pairs are equally likely: no labelling is natural, and $\alpha=0.2857$. Right, a
# graph made of a Hadamard matrix; it looks harmless and will refute two formulas. In the last line of the output the
# cut between two separate groups is 0, and the sum as printed in 001 gives 0.5.

# %% [markdown]
# ## 2 The Laplacian measures how much labels change along pairs
#
# With $D$ the diagonal matrix of masses and $P$ the joint, $L=I-D^{-1/2}PD^{-1/2}$ is the **normalised Laplacian**.
# To a function $y$ on the nodes belongs the vector $g_x=\sqrt{p(x)}\,y_x$, because then the length of $g$ is the mean
# square of $y$: $\lVert g\rVert^2=\sum_xp(x)\,y_x^2$.
#
# **Proposition 7.2 (energy).** For every real $y$
#
# $$g^\top L\,g=\tfrac12\sum_{x,x'}p(x,x')\,(y_x-y_{x'})^2=\tfrac12\,\mathbb E\,(y_x-y_{x'})^2, \tag{2.1}$$
#
# the sum being over ordered pairs. For labels $\pm1$ this is $4\alpha$, for labels $\{0,1\}$ it is $\alpha$.
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
# *Proof.* Every vector $g$ is of the form $\sqrt{p}\,y$, because $p(x)>0$. So $g^\top Lg\ge0$. And
# $(a-b)^2\le2a^2+2b^2$ gives $g^\top Lg\le\frac12\sum p(x,x')(2y_x^2+2y_{x'}^2)=2\sum_xp(x)y_x^2=2\lVert g\rVert^2$.
# (b) At $y=1$ the energy is 0, the smallest possible value of the form, so that $g=\sqrt p$ is an eigenvector for 0.
# $\square$
#
# **$y^\top Ly$ is another number.** 001 takes the form at the labels themselves, and writes
#
# $$y^\top Ly=\sum_{x,x'}(y-y')^2\frac{p(x,x')}\kappa=\frac2\kappa\,E(S,\bar S)\le2\alpha n .$$
#
# There all masses are $\kappa$, so $g=\sqrt\kappa\,y$ and $y^\top Ly=\frac1\kappa g^\top Lg$. By (2.1) that is
# $\frac4\kappa E$ for labels $\pm1$ and $\frac1\kappa E$ for $\{0,1\}$; if the sum is read over ordered pairs it is
# twice the form. No reading makes the whole chain true. And when masses are not equal, $y^\top Ly$ divides each label
# by its own $\sqrt{p(x)}$ first, so that even constant labels get a positive number.

# %%
two = np.array([[0.3, 0.2], [0.2, 0.3]])  # two nodes, kappa = 1/2, E = 0.2
form = np.eye(2) - two / 0.5
print("labels     y^T L y    4E/kappa   2E/kappa   E/kappa   ordered sum / kappa")
for y in (np.array([1.0, -1.0]), np.array([1.0, 0.0])):
    ordered = sum(two[i, j] * (y[i] - y[j]) ** 2 for i, j in product(range(2), repeat=2)) / 0.5
    print(f"{y}  {y @ form @ y:8.2f} {4 * 0.2 / 0.5:10.2f} {2 * 0.2 / 0.5:10.2f} {0.2 / 0.5:10.2f} {ordered:14.2f}")

# %% [markdown]
# The form is 1.60, which is $4E/\kappa$, for labels $\pm1$ and 0.40, which is $E/\kappa$, for labels $\{0,1\}$. The
# value of 001, 0.80, is neither. Its bound $2\alpha n=0.8$ is a true upper bound of 0.40, and false for 1.60.

# %% [markdown]
# ## 3 Incidence: the Laplacian, edge by edge
#
# Give each *unordered* pair $e=\{x,x'\}$ of different nodes a column $b_e$ with $+1/\sqrt{p(x)}$ at $x$ and
# $-1/\sqrt{p(x')}$ at $x'$ (which one gets the minus does not matter), and the weight $W_{ee}=p(x,x')$. Collect the
# columns in $B$.
#
# **Proposition 7.4.** $L=BWB^\top$. Loops have no column. With one column for each *ordered* pair the product is
# $2L$.
#
# *Proof.* $g\cdot b_e=y_x-y_{x'}$ for $g=\sqrt p\,y$. So $g^\top BWB^\top g=\sum_ep(x,x')(y_x-y_{x'})^2$ over
# unordered pairs, which is half the ordered sum, and this is (2.1). Two symmetric matrices with the same quadratic
# form are equal. A loop would contribute $(y_x-y_x)^2=0$. $\square$
#
# **Corollary 7.5.** The number of eigenvalues 0 of $L$ is the number of connected components. So $\lambda_{k+1}=0$
# exactly when the graph falls into more than $k$ components.
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
L = (B * w) @ B.T
mass = small.sum(axis=1)
print("masses", mass, "  edges", len(w))
print("B =\n" + "\n".join("  ".join(f"{v:7.3f}" for v in row) for row in B))
print("diagonal of B W B^T:", np.diag(L).round(4), "  1 - p(x,x)/p(x):", (1 - np.diag(small) / mass).round(4))
print(f"entry (1, 2): {L[0, 1]:.6f}, -p(1,2)/sqrt(p(1)p(2)): {-0.10 / np.sqrt(0.40 * 0.25):.6f}")

# %%
y = np.array([1.0, 1.0, -1.0, -1.0])
g = np.sqrt(mass) * y
print(f"g^T L g = {g @ L @ g:.4f}   4 alpha = {2 * disagree(small, y):.4f}   y^T L y = {y @ L @ y:.4f}")
print(f"constant labels: g^T L g = {mass**0.5 @ L @ mass**0.5:.1e}   y^T L y = {np.ones(4) @ L @ np.ones(4):.4f}")
for joint, name in ((small, "connected"), (graphs.blocks(np.random.default_rng(0), (2, 3, 2), 0.0)[0], "three parts")):
    B, w = incidence(joint)
    print(f"{name:11s} smallest eigenvalues", abs(np.linalg.eigvalsh((B * w) @ B.T)[:4]).round(4))

# %% [markdown]
# Four nodes of unequal mass, a loop at the first, four edges and so four columns. The diagonal and the entry (1, 2)
# agree with the definition of $L$. The energy of the labels is 1.0, which is $4\alpha$; the form at the labels
# themselves is another number, and it is not 0 for constant labels. The last two lines show Corollary 7.5: one
# eigenvalue 0 for a connected graph, three for three parts.

# %% [markdown]
# ## 4 Expansion: what can be proved, and what we quote
#
# The theorem of section 6 needs $\lambda_{k+1}$ to be large. What does that mean for the images? For a set $A$ of
# nodes let $\phi(A)=E(A,\bar A)/p(A)$: given that $x\in A$, the probability that $x'$ is outside. For a number $\ell$
# of parts
#
# $$\rho_\ell=\min_{A_1,\dots,A_\ell}\ \max_i\ \phi(A_i) \tag{4.1}$$
#
# over all partitions into $\ell$ non-empty parts. If $\rho_\ell$ is large there is no way to cut the images into
# $\ell$ groups without separating many pairs: besides cat and dog there is no third natural group.
#
# **Proposition 7.6 (the easy direction).** $\lambda_\ell\le2\rho_\ell$.
#
# *Proof.* Take the best partition and the unit vectors $h_i=\sqrt{p}\,1_{A_i}/\sqrt{p(A_i)}$. They are orthogonal,
# since the parts are disjoint. Let $g=\sum_ia_ih_i$ with $\sum a_i^2=1$, so $\lVert g\rVert=1$, and its function is
# $y=a_i/\sqrt{p(A_i)}$ on $A_i$. In (2.1) only pairs across two parts count, and there $(y-y')^2\le2y^2+2y'^2$:
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
# $$\rho_\ell^2\ \le\ C(\ell)\,\lambda_{2\ell} . \tag{4.2}$$
#
# It is a deep relative of Cheeger's inequality. We state it as 001 does, which writes $\rho^2\lesssim\lambda_{2\ell}$
# and gives no value for $C(\ell)$. So from here on we state everything with the eigenvalue, which is
# a number we can compute, and use (4.2) only to read it.
#
# With eight nodes we can try all partitions: there are 966 into three parts.


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
    """(4.1) for l = 3 on 8 nodes of equal mass."""
    staying = np.einsum("pci,ij,pcj->pc", parts, joint, parts) / (parts.sum(axis=2) / 8)
    return (1 - staying).max(axis=1).min()


def modes(joint):
    """Eigenvalues and eigenvectors of L where all masses are equal: there L = I - S P."""
    eigenvalues, u = np.linalg.eigh(np.eye(len(joint)) - len(joint) * joint)
    return np.maximum(eigenvalues, 0.0), u


for name, (joint, _) in cases.items():
    rho, lam = rho_3(joint), modes(joint)[0]
    print(f"{name:12s} lambda_3 = {lam[2]:.4f} <= 2 rho_3 = {2 * rho:.4f}", end="")
    print(f"    rho_3^2 / lambda_6 = {rho**2 / lam[5]:.4f}")
print("tight: two nodes, one edge: rho_2 = 1, lambda_2 =", modes(graphs.complete_graph(2))[0][1])

# %%
rng = np.random.default_rng(3)
easy, hard = {}, {}
for degree in (3, 4, 5):
    drawn = []
    for _ in range(80):
        stay = rng.uniform(0, 0.8)
        drawn.append(stay * np.eye(8) / 8 + (1 - stay) * graphs.random_regular(rng, 8, degree))
    lam, rho = np.array([modes(joint)[0] for joint in drawn]), np.array([rho_3(joint) for joint in drawn])
    easy[f"degree {degree}"], hard[f"degree {degree}"] = (2 * rho, lam[:, 2]), (lam[:, 5], rho**2)
figure, (left, right) = plots.panels(2, width=4.0, height=3.4)
plots_probe.against_bound(easy, left, bound_name=r"$2\rho_3$", value_name=r"$\lambda_3$", title="proved")
plots_probe.against_bound(hard, right, bound_name=r"$\lambda_6$", value_name=r"$\rho_3^2$", title="quoted, up to C")
print("largest lambda_3 / (2 rho_3):", round(max((v / b).max() for b, v in easy.values()), 4))
print("largest rho_3^2 / lambda_6:  ", round(max((v / b).max() for b, v in hard.values()), 4))
figure

# %% [markdown]
# **Figure 2.** 240 random regular graphs on eight nodes, each with a random share of loops (a pair of equal images),
# so that eigenvalues of all sizes occur. Left, the easy direction: no point is above the diagonal. Right, the quoted
# lemma for $\ell=3$: here all points are even below the diagonal, with ratios up to 0.5403, and 0.6429 on $K_8$. On
# all graphs that we tried $C(3)=1$ would be enough. That is what we *see*, on eight nodes, and not a theorem. The
# factor 2 on the left is needed: on $K_8$ the output has $\lambda_3=1.1429$ and $2\rho_3=1.7143$, so
# $\lambda_3>\rho_3$. On two nodes with one edge the inequality is an equality, $\lambda_2=2\rho_2=2$.

# %% [markdown]
# ## 5 What the head can use, and what is lost
#
# Unit 06 showed which embedding minimises the spectral contrastive loss: with $L$'s eigenpairs
#
# $$z_x=\frac1{\sqrt{p(x)}}\Bigl(\sqrt{\max(1-\lambda_i,0)}\,(u_i)_x\Bigr)_{i=1,\dots,k} \tag{5.1}$$
#
# up to a rotation, which a linear head does not notice. The numbers $1-\lambda_i$ are the eigenvalues of the
# normalised adjacency. Where one is negative the best column is zero. (001 writes $\Lambda_k^{1/2}$ without the
# maximum, which has no meaning then, and a head $w=\kappa^{1/2}\Lambda_k^{-1/2}\beta$, which divides by it. Its
# $\beta$ must also be cut to the first $k$ entries.) Call direction $i$ **lost** if $i>k$ or $\lambda_i\ge1$.
#
# **Proposition 7.7.** Let $\beta_i=u_i\cdot g$ be the coefficients of $g=\sqrt p\,y$. Then
#
# $$L_{task}=\sum_{i\ \text{lost}}\beta_i^2 . \tag{5.2}$$
#
# *Proof.* Put $h_x=\sqrt{p(x)}\,(w\cdot z_x)$. The loss is $\sum_x(g_x-h_x)^2=\lVert g-h\rVert^2$, and
# $h=\sum_{i\le k}w_i\sqrt{\max(1-\lambda_i,0)}\,u_i$. If $i$ is not lost the factor of $w_i$ is positive, and the
# coefficient of $u_i$ in $h$ can be any number. If $i$ is lost the coefficient is 0 whatever $w$ is. The $u_i$ are
# orthonormal, so $\lVert g-h\rVert^2$ is the sum of the squared differences of coefficients. The best $h$ takes
# $\beta_i$ where it can, and leaves $\beta_i^2$ where it cannot. $\square$
#
# $\sum_i\beta_i^2=\lVert g\rVert^2=1$ for labels $\pm1$, so (5.2) is a share. Take $u_1=\sqrt p$, as we may
# by Corollary 7.3. This direction is never lost: the embedding contains a constant, and the head needs no intercept.
# Hence $L_{task}\le1-(\sum_xp(x)y_x)^2\le1$, always.


# %%
def shares(joint, y):
    """Eigenvalues, and the share beta_i^2 of the labels in each direction; equal masses."""
    lam, u = modes(joint)
    return lam, (u.T @ y) ** 2 / len(y)


def task_loss(joint, y, k):
    """(5.2), equal masses."""
    lam, share = shares(joint, y)
    return sum(s for i, (v, s) in enumerate(zip(lam, share, strict=True), 1) if i > k or v >= 1 - 1e-9)


def by_least_squares(joint, y, k):
    """(1.1) with the embedding (5.1), equal masses 1/S."""
    lam, u = modes(joint)
    z = np.sqrt(len(y)) * u[:, :k] * np.sqrt(np.maximum(1 - lam[:k], 0))
    return np.mean((y - z @ np.linalg.lstsq(z, y, rcond=1e-9)[0]) ** 2)


# %%
for name, (joint, y) in cases.items():
    for k in (1, 2, 6):
        print(f"{name:12s} k = {k}: least squares {by_least_squares(joint, y, k):.6f}", end="")
        print(f"   (5.2) {task_loss(joint, y, k):.6f}")
lam = modes(graphs.hadamard_graph())[0]
print("eigenvalues of the Hadamard graph:", lam.round(3))
with np.errstate(invalid="ignore"):
    print(
        "factor of its second column, with and without the maximum:", np.sqrt(max(1 - lam[1], 0)), np.sqrt(1 - lam[1])
    )

# %%
figure, axes = plots.panels(3, width=3.4, height=3.0)
for ax, (name, (joint, y)), k in zip(axes, cases.items(), (2, 6, 6), strict=True):
    lam, share = shares(joint, y)
    for value in np.unique(lam.round(9)):  # inside an eigenspace only the sum is defined: spread it evenly
        same = np.abs(lam - value) < 1e-8
        share[same] = share[same].mean()
    plots_probe.spectrum(lam, share, k, ax, title=f"{name}, k = {k}", legend=False)
figure

# %% [markdown]
# **Figure 3.** One stem per eigenvalue; the disc shows which share of the labels lies in this direction (spread
# evenly over equal eigenvalues). Blue directions are in the embedding, orange ones are lost. Left, two cliques: all
# of $y$ sits in direction 2, at the small eigenvalue 0.2, and with $k=2$ nothing is lost. In the middle and on the
# right $k=6$ is generous, and yet everything but the constant is lost: all other eigenvalues are above the dashed
# line at 1, that is, the adjacency has no second positive eigenvalue. The output says the same: least squares and
# (5.2) agree to six digits, and the formula without the maximum is not a number.

# %% [markdown]
# ## 6 The theorem
#
# **Theorem 7.8.** Let $z$ be the spectral embedding (5.1) into $k$ dimensions, $1\le k<S$, and let $\lambda_{k+1}>0$.
# For every labelling
#
# $$L_{task}\ \le\ \frac{\frac12\sum_{x,x'}p(x,x')(y_x-y_{x'})^2}{\min(1,\lambda_{k+1})}
#   =\begin{cases}4\alpha/\min(1,\lambda_{k+1})&\text{labels }\pm1,\\
#   \alpha/\min(1,\lambda_{k+1})&\text{labels }\{0,1\}.\end{cases} \tag{6.1}$$
#
# *Proof.* Put $m=\min(1,\lambda_{k+1})$. A lost direction has $\lambda_i\ge m$: either $i>k$, then
# $\lambda_i\ge\lambda_{k+1}\ge m$ since eigenvalues are in order; or $i\le k$ and $\lambda_i\ge1\ge m$. Hence
#
# $$L_{task}\overset{(5.2)}=\sum_{\text{lost}}\beta_i^2\ \overset{(a)}\le\ \frac1m\sum_{\text{lost}}\lambda_i\beta_i^2
# \ \overset{(b)}\le\ \frac1m\sum_{i=1}^{S}\lambda_i\beta_i^2\ \overset{(c)}=\ \frac1m\,g^\top Lg
# \ \overset{(2.1)}=\ \frac1{2m}\sum_{x,x'}p(x,x')(y_x-y_{x'})^2 .$$
#
# (a) is what was just said, (b) adds terms with $\lambda_i\ge0$, and (c) is the expansion $g=\sum\beta_iu_i$ in
# eigenvectors. Proposition 7.2 gives the two cases. $\square$
#
# The proof never used that masses are equal, nor that the two labels are equally frequent, both of which 001 assumes.
# It holds for every choice of eigenvectors where eigenvalues coincide. In words: labels that rarely change along a
# positive pair have little energy; a lost direction costs at least $m$ energy per unit; so little of the labels is
# lost.
#
# **Corollary 7.9.** (a) With labels $\pm1$, the classifier $\operatorname{sign}(w\cdot z_x)$ with the best $w$ of
# (1.1) errs with probability at most $L_{task}$ (a value 0 counted as an error). (b) $L_{task}$ and the bound for
# labels $\{0,1\}$ are a quarter of those for $\pm1$. (c) In terms of the quoted lemma (4.2): if $k\ge2\ell-1$ then
# $L_{task}\le4\alpha/\min(1,\rho_\ell^2/C(\ell))$ for labels $\pm1$.
#
# *Proof.* (a) Where the sign is wrong or 0, $y_x\,(w\cdot z_x)\le0$, and $(y_x-w\cdot z_x)^2=1-2y_x(w\cdot z_x)
# +(w\cdot z_x)^2\ge1$. So the indicator of an error is at most the squared error; take expectations. (b)
# $y^{01}=\frac12(1+y^{\pm})$. The constant lies in direction 1, which is not lost, so lost coefficients are halved
# and their squares quartered. So are the differences in (2.1). (c) $k+1\ge2\ell$, so
# $\lambda_{k+1}\ge\lambda_{2\ell}\ge\rho_\ell^2/C(\ell)$; put this into (6.1). $\square$

# %% [markdown]
# The proof as a ladder, one line a bar: on a random graph in which each of 8 nodes has 3 neighbours, and on a graph
# where the labels are exactly one eigenvector. For the second we use a **step graph**: nodes are the numbers 0 to 7
# in binary, and $x'$ is $x$ with a random set of its three bits flipped. Then each column $h$ of signs of the
# $8\times8$ Hadamard matrix is an eigenvector, of every law of the step $q$: $\lambda=1-\sum_s q(s)\,h_s$.


# %%
def step_graph(q):
    """Joint of x uniform and x' = x XOR s with s ~ q; len(q) is a power of 2."""
    return np.array([[q[a ^ b] for b in range(len(q))] for a in range(len(q))]) / len(q)


def lines(joint, y, k):
    """The chain of Theorem 7.8 in numbers, for equal masses."""
    lam, share = shares(joint, y)
    m = min(1.0, lam[k])
    lost = [i for i in range(len(y)) if i >= k or lam[i] >= 1 - 1e-9]
    tail = sum(lam[i] * share[i] for i in lost) / m
    return [by_least_squares(joint, y, k), share[lost].sum(), tail, lam @ share / m, 2 * disagree(joint, y) / m]


# %%
rng = np.random.default_rng(8)
walk = np.array([0.5, 0.2, 0.12, 0.05, 0.06, 0.03, 0.03, 0.01])  # half of the pairs do not move
signs = graphs.hadamard_matrix()
lam = np.sort(1 - signs @ walk)
fourth = signs[np.argsort(1 - signs @ walk)[3]]
names = ("loss (least squares)", "lost part", "weighed", "all directions", "bound")
print("step graph: eigenvalues", lam.round(4))
ladders = {
    "3-regular graph, k = 3": lines(graphs.random_regular(rng, 8, 3), halves, 3),
    "step graph, y = direction 4, k = 3": lines(step_graph(walk), fourth, 3),
}
plots_probe.ladder(ladders, names)

# %% [markdown]
# **Figure 4.** Left the two inequalities (a) and (b) are real steps: from 0.8678 to 1.3678, and on to 1.5000. The
# loss is below 1, the bound is not: it is true and says nothing. Right there is no step at all: all of $y$ is in
# direction 4, the first one that an embedding into three dimensions misses, and all five lines are 1. The exercise
# asks for these lines on graphs whose masses are not equal.

# %% [markdown]
# ## 7 Which constants are right?
#
# **The 4 and the eigenvalue are the best possible.** On a step graph with half of the mass at rest all
# $\lambda_i\le1$, and $y=$ the eigenvector of direction $k+1$ is a vector of signs with
# $L_{task}=1=4\alpha/\lambda_{k+1}$: equality for every $k$. The 1 in the minimum is best possible too: if $x'$ is
# independent of $x$ then $L$ has eigenvalues 0 and 1 only, and balanced labels have $\alpha=\frac14$, so
# $L_{task}=1=4\alpha$.
#
# **The minimum with 1 is needed.** Take four nodes and steps $q=(0, 0.3, 0.3, 0.4)$. The eigenvalues are
# $1-\sum_sq(s)h_s$: 0, 1.4, 1.4 and, for $h=(1,-1,-1,1)$, 1.2. With $k=2$ the embedding has room for direction 2,
# where this $h$ lives, but its column is zero. So $y=h$ has $L_{task}=1$, while $4\alpha/\lambda_3=1.2/1.4<1$.
#
# **$2\alpha/\rho^2$, the last line of 001 without its $\lesssim$, is false.** On $K_8$ a part of $s$ nodes has
# $\phi=(8-s)/7$. Three parts of eight nodes contain one with at most 2 nodes, and sizes 2, 3, 3 are possible, so
# $\rho_3=\frac67$. With $\alpha=\frac27$: $2\alpha/\rho_3^2=\frac79<1=L_{task}$.

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
print(f"{'':25s} L_task   4a/min(1,l)   4a/l    2a/min(1,l)  2a/rho_3^2")
for name, joint, y, k in rows:
    a, lam = disagree(joint, y) / 2, modes(joint)[0][k]
    with_rho = f"{2 * a / rho_3(joint) ** 2:11.4f}" if k == 6 else "          -"  # 001 takes k = 6
    print(f"{name:25s} {task_loss(joint, y, k):6.4f} {4 * a / min(1, lam):10.4f} {4 * a / lam:10.4f}", end="")
    print(f" {2 * a / min(1, lam):11.4f} {with_rho}")

# %% [markdown]
# The second column is never below the first, and in the first three rows it is equal to it. Without the minimum
# (third column) the four nodes give 0.8571 and the Hadamard graph 0.7636, both below the true loss of 1. With 2 in
# place of 4 (fourth column) every row is below the loss. With $\rho_3$ (last column, for the $k=6$ of 001)
# independent pairs give 0.8889, the Hadamard graph 0.8466 and $K_8$ 0.7778: all three are false bounds. A constant
# can be hidden in a $\lesssim$, as 001 does; it must not be read as 2.
#
# **When does the theorem say something?** $L_{task}\le1$ is known for labels $\pm1$ without any theorem. So (6.1) is
# news only if $4\alpha<m$, that is, if less than the share $m/2$ of all positive pairs has different labels. In each
# row of the table the bound is at least 1: these graphs were made to test constants, not to be learned.

# %% [markdown]
# ## 8 Hundreds of random regular graphs
#
# All 35 ways to split eight nodes into two labels of four nodes each, on 120 random regular graphs with loops as in
# section 4, for $k=2,4,6$.

# %%
rng = np.random.default_rng(12)
splits = [np.where(np.isin(np.arange(8), (0, *c)), 1.0, -1.0) for c in combinations(range(1, 8), 3)]
results = {k: [] for k in (2, 4, 6)}
for degree, _ in product((3, 4, 5), range(40)):
    stay = rng.uniform(0, 0.8)
    joint = stay * np.eye(8) / 8 + (1 - stay) * graphs.random_regular(rng, 8, degree)
    (lam, u), rho = modes(joint), rho_3(joint)
    for k, y in product(results, splits):
        lost = (np.arange(8) >= k) | (lam >= 1 - 1e-9)
        a = (1 - y @ joint @ y) / 4  # P(different labels) = (1 - E y y') / 2
        results[k].append((((u[:, lost].T @ y) ** 2).sum() / 8, 4 * a, lam[k], 2 * a / rho**2))

# %%
table = {k: np.array(rows).T for k, rows in results.items()}
bounds = {k: four_a / np.minimum(1, lam) for k, (_, four_a, lam, _) in table.items()}
print(f"{len(splits)} labellings; share of cases where a would-be bound is below the loss:")
for k, (loss, four_a, lam, with_rho) in table.items():
    print(
        f"k = {k}: 4a/min(1,l): {np.mean(loss > bounds[k] + 1e-9):.1%}, bound < 1 in {np.mean(bounds[k] < 1):4.0%}",
        end="",
    )
    print(
        f"   2a/min(1,l): {np.mean(loss > bounds[k] / 2 + 1e-9):.1%}   4a/l: {np.mean(loss > four_a / lam + 1e-9):.1%}",
        end="",
    )
    print(f"   2a/rho_3^2: {np.mean(loss > with_rho + 1e-9):.1%}" if k == 6 else "")

# %%
figure, axes = plots.panels(3, width=3.0, height=3.0)
for ax, (k, bound) in zip(axes, bounds.items(), strict=True):
    plots_probe.against_bound(
        {"": (bound, table[k][0])},
        ax,
        bound_name=r"$4\alpha/\min(1,\lambda_{k+1})$",
        value_name=r"$L_{task}$",
        title=f"k = {k}",
        top=2.5,
    )
figure

# %% [markdown]
# **Figure 5.** 4200 points in each panel; bounds above 2.5 are drawn at 2.5. No point lies above the diagonal, and
# some lie on it. With a larger $k$ the eigenvalue grows and the bound comes below 1 more often: in 4 %, 44 % and 82 %
# of the cases. The factor 4 is no caution: with 2 in its place the bound is below the loss in 72 %, 60 % and 36 % of
# the cases. Without the minimum with 1 it is false in 0.6 % of the cases at $k=6$ and in none at $k=2$ and 4. And
# $2\alpha/\rho_3^2$ is not once below the loss here, although section 7 has three graphs on which it is. Random tests
# alone would have let it pass.

# %% [markdown]
# ## 9 The graph of real images
#
# Now digits, 8 by 8 pixels. What is the graph? Let the nodes be all shifts, by at most one pixel up, down, left and
# right, of 900 images. Do two images share a picture?

# %%
images, digit = data.load_digits()
images, digit = images[:900, 0].double().numpy(), digit.numpy()[:900]
framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
shifts = [framed[:, a : a + 8, b : b + 8] for a, b in product(range(3), repeat=2)]
owners = {}
for moved in shifts:
    for i, picture in enumerate(moved):
        owners.setdefault(picture.tobytes(), set()).add(i)
print(f"{len(owners)} different pictures from {9 * len(images)} shifts; ", end="")
print(f"{sum(len(images_of) > 1 for images_of in owners.values())} of them come from two images or more")

# %% [markdown]
# Never. So the graph falls into one component per image, $\lambda_{k+1}=0$ for all $k<900$ by Corollary 7.5, and the
# theorem says nothing, however many images there are. It is a theorem about the *population* of images, where
# augmentations of different cats overlap; a finite sample with exact augmentations has lost just that.
#
# To have a finite graph with overlap, we let the augmentation carry one image to another that looks like it: from
# image $i$ to image $j$ with probability $a_i(j)\propto e^{-\lVert x_i-x_j\rVert^2/(2\sigma^2)}$. A positive pair is
# two independent augmentations of one image: $p(j,j')=\frac1n\sum_ia_i(j)\,a_i(j')$. The strength $\sigma$ is ours to
# choose. With $M_{ji}=a_i(j)/\sqrt{n\,p(j)}$ the normalised adjacency is $MM^\top$, so it has no negative eigenvalue:
# $\lambda_i\le1$ throughout, and the minimum with 1 does nothing. Masses are not equal.

# %%
pixels = images.reshape(900, -1)
square = (pixels**2).sum(axis=1)
distance2 = np.maximum(square[:, None] + square[None, :] - 2 * pixels @ pixels.T, 0)


def image_graph(sigma):
    """(joint, masses, eigenvalues of L, eigenvectors) of the images under augmentations of strength sigma."""
    a = np.exp(-distance2 / (2 * sigma**2))
    a /= a.sum(axis=1, keepdims=True)
    mass = a.mean(axis=0)
    m = (a / np.sqrt(len(a) * mass)).T  # M: the normalised adjacency is M M^T
    values, u = np.linalg.eigh(m @ m.T)
    return a.T @ a / len(a), mass, 1 - values[::-1], u[:, ::-1]


# %%
tasks = {"even or odd": digit % 2 == 0, "0 to 4 or 5 to 9": digit < 5, "3 or not": digit == 3}
joint, mass, lam, u = image_graph(0.7)
print(f"masses times 900: {900 * mass.min():.2f} to {900 * mass.max():.2f};  ", end="")
print("eigenvalues number 2, 6, 11, 21, 81:", lam[[1, 5, 10, 20, 80]].round(3))


# %%
def probe_curves(joint, mass, lam, u, positive, ks):
    """(alpha, losses, bounds) over the dimensions ks, for labels +1 where `positive`, by (5.2) and (6.1)."""
    y = np.where(positive, 1.0, -1.0)
    a = joint[positive][:, ~positive].sum()
    beta2 = (u.T @ (np.sqrt(mass) * y)) ** 2
    return a, np.array([beta2[k:].sum() for k in ks]), np.array([4 * a / lam[k] for k in ks])


def constant_only(positive):
    """The loss of the best constant answer, 1 - (sum of p(x) y_x)^2."""
    return 1 - (mass @ np.where(positive, 1.0, -1.0)) ** 2


# %%
ks = np.unique(np.geomspace(2, 200, 40).astype(int))
figure, axes = plots.panels(2, width=4.4, height=3.4)
for ax, name in zip(axes, ("even or odd", "3 or not"), strict=True):
    _, loss, bound = probe_curves(joint, mass, lam, u, tasks[name], ks)
    plots.curves(
        ks,
        {"bound (6.1)": bound, "L_task": loss},
        ax,
        logx=True,
        logy=True,
        xlabel="dimension k",
        ylabel="squared error",
        title=name,
        colours=(plots.ORANGE, plots.BLUE),
        legend="lower left",
    )
    plots.levels({"best constant": constant_only(tasks[name])}, ax)
figure

# %%
for name, positive in tasks.items():
    a, loss, bound = probe_curves(joint, mass, lam, u, positive, (5, 20, 80))
    print(
        f"{name:17s} alpha {a:.4f}  constant {constant_only(positive):.3f}  k = 5, 20, 80: loss {loss.round(3)}", end=""
    )
    print(f"  bound {bound.round(3)}", end="")
    informative = probe_curves(joint, mass, lam, u, positive, range(1, 100))[2] < constant_only(positive)
    print(f", below the constant from k = {1 + informative.argmax()}")

# %% [markdown]
# **Figure 6.** Orange, what the theorem promises; blue, what a linear head on $k$ columns really loses; dashed, the
# loss of the best constant, above which a promise is empty. (3s are rare, so the constant $-1$ is already a good
# answer to the question "3 or not".) The promise falls below the dashed line at $k=11$ for even or odd and at $k=14$
# for the 3. At $k=20$ it is 0.589 and 0.296, the truth is 0.197 and 0.086; at $k=80$ the promise for even or odd is
# 0.352 and the truth is 0.042. So on real images the theorem is true, not empty, and pessimistic, and more so for
# larger $k$: step (a) counts each lost direction with $\lambda_{k+1}$ only, and step (b) keeps the energy of
# directions that are not lost.

# %%
strengths, found = (0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.85, 1.0), []
for sigma in strengths:
    a, loss, bound = probe_curves(*(graph := image_graph(sigma)), tasks["even or odd"], (20,))
    found.append((4 * a, graph[2][20], bound[0], loss[0]))
    print(
        f"strength {sigma:.2f}: 4 alpha {4 * a:.5f}   eigenvalue 21 {graph[2][20]:.5f}   bound {bound[0]:.3f}   ",
        end="",
    )
    print(f"loss {loss[0]:.3f}")

# %%
four_alpha, eigenvalue, bound, loss = np.array(found).T
figure, (left, right) = plots.panels(2, width=4.2, height=3.3)
plots.curves(
    strengths,
    {"4 alpha": four_alpha, "eigenvalue 21": eigenvalue},
    left,
    logy=True,
    marker="o",
    xlabel="strength of the augmentation",
    ylabel="value",
    title="even or odd, k = 20",
)
plots.curves(
    strengths,
    {"bound": bound, "L_task": loss},
    right,
    xlabel="strength of the augmentation",
    marker="o",
    ylabel="squared error",
    title="their quotient, and the loss",
    colours=(plots.ORANGE, plots.BLUE),
)

# %% [markdown]
# **Figure 7.** A weak augmentation, on the left of both panels, hardly ever changes the parity of a digit
# ($4\alpha=0.00011$), but it also leaves the graph in nearly separate pieces ($\lambda_{21}=0.00005$), and the bound
# is 2.414: empty. A strong one connects everything and mixes the labels, and the bound is 0.784. In between, at
# strength 0.6, it is smallest, 0.568. The true loss moves much less, between 0.146 and 0.278. The advice that the
# theorem gives, augment as strongly as the labels allow, is a statement about $\alpha$ *and* $\lambda_{k+1}$
# together.

# %% [markdown]
# ## 10 Training error and population error
#
# (1.1) is an expectation over all images, with the best head. In practice there are $n$ labelled images, and a head
# $\hat w$ fitted to them. Let them be drawn independently from the masses, and let $\hat L(w)$ be the mean of
# $(y-w\cdot z)^2$ over them, $L(w)$ its expectation, $w^*$ a minimiser of $L$, so that $L(w^*)=L_{task}$, and $\hat
# w$ a minimiser of $\hat L$.
#
# **Proposition 7.10.** $\mathbb E\,\hat L(\hat w)\ \le\ L_{task}\ \le\ L(\hat w)$, the second inequality for every
# sample. If $n\le k$ and the $n$ embeddings are linearly independent, then $\hat L(\hat w)=0$.
#
# *Proof.* $\hat L(\hat w)\le\hat L(w^*)$ by definition of $\hat w$. Take expectations: $w^*$ does not depend on the
# sample, so $\mathbb E\,\hat L(w^*)=L(w^*)=L_{task}$. $L_{task}$ is the minimum of $L$, so $L_{task}\le L(\hat w)$.
# If the rows are independent, the $n$ equations $w\cdot z_{x_i}=y_i$ have a solution. $\square$
#
# 001 ends with $\hat L(\hat w)\le L_{task}+\varepsilon$: it assumes that $\hat L(w^*)$ is close to $L(w^*)$, and
# bounds the *training* error of the head. That is true, and it is not what one wants to know. By the proposition the
# training error is below $L_{task}$ on average anyway. The error on new images, $L(\hat w)$, is on the other side.

# %%
k, y = 20, np.where(tasks["even or odd"], 1.0, -1.0)
z = u[:, :k] * np.sqrt(1 - lam[:k]) / np.sqrt(mass)[:, None]
best = probe_curves(joint, mass, lam, u, y > 0, (k,))[1][0]
sizes, rng, train, population = (5, 10, 15, 20, 25, 30, 50, 100, 200, 500, 1000, 3000), np.random.default_rng(2), [], []
for _ in range(200):
    drawn = rng.choice(len(y), size=max(sizes), p=mass)  # labelled images, one after the other
    heads = [np.linalg.lstsq(z[drawn[:n]], y[drawn[:n]], rcond=1e-9)[0] for n in sizes]  # the shortest where many fit
    train.append([np.mean((y[drawn[:n]] - z[drawn[:n]] @ w) ** 2) for n, w in zip(sizes, heads, strict=True)])
    population.append([mass @ (y - z @ w) ** 2 for w in heads])
print(f"L_task = {best:.4f}")
for n, t, e in zip(sizes, np.transpose(train), np.transpose(population), strict=True):
    print(f"n = {n:5d}: mean training error {t.mean():.4f}   population error: smallest {e.min():8.4f}", end="")
    print(f", median {np.median(e):10.4f}")

# %%
figure, (ax,) = plots.panels(width=5.2, height=3.6)
plots_probe.bands(
    sizes,
    {"population": np.array(population), "training": np.maximum(train, 1e-3)},
    ax,
    logx=True,
    logy=True,
    xlabel="labelled images n",
    ylabel="squared error",
    title="even or odd, k = 20",
    ticks=(5, 10, 20, 50, 100, 200, 500, 1000, 3000),
)
plots.levels({"L_task": best}, ax, at=0.02)

# %% [markdown]
# **Figure 8.** Median over 200 samples of labelled images and the band of the middle 90 %; both axes logarithmic. A
# training error below 0.001 is drawn there. It is 0 up to $n=k=20$ and rises to $L_{task}=0.1969$ (dashed) from
# below. The population error is above it for every sample, as the proposition says: the smallest of all 200 is above
# 0.1969 in each row. It is worst just where the fit becomes exact, at $n=20$, with a median of about 1316: few
# labels, exactly fitted, make a wild head. At $n=500$ the median is 0.2131, at $n=3000$ it is 0.1979, against a mean
# training error of 0.1954. The theorem is about the dashed line, and about nothing else in this figure.

# %% [markdown]
# ## 11 The linear probe, with ten classes and few labels
#
# Ten digits need ten heads, one for each: targets $y^c_x=+1$ where the digit is $c$ and $-1$ elsewhere, and the
# prediction is the class with the largest score $s^c_x=w^c\cdot z_x$.
#
# **Proposition 7.11.** The error rate of this classifier is at most
# $\frac12\sum_c\sum_xp(x)\,(y^c_x-s^c_x)^2$ (a tie counted as an error). So with the best heads it is at most
# $\frac12\sum_cL^c_{task}\le\frac12\sum_c4\alpha_c/m=2P(y\ne y')/m$, where $P(y\ne y')$ is the probability that the
# two images of a positive pair show different digits.
#
# *Proof.* Let $x$ have digit $c$ and let some $j\ne c$ have $s^j_x\ge s^c_x$. Put $a=1-s^c_x$ and $b=s^j_x+1$, so
# $a+b=2+s^j_x-s^c_x\ge2$. Among the squared errors at $x$ are $a^2$ and $b^2$, and
# $a^2+b^2\ge\frac12(a+b)^2\ge2$. So half of their sum over all classes is at least 1 where $x$ is classified wrongly,
# and at least 0 elsewhere; take expectations. Then use (6.1) for each class, with Proposition 7.1:
# $\alpha_c=\frac12P(\text{exactly one of the pair is a }c)$. A pair with different digits is counted for two classes,
# so $\sum_c\alpha_c=\frac12\cdot2\,P(y\ne y')$, and $\frac12\cdot4\cdot P(y\ne y')/m=2P(y\ne y')/m$. $\square$
#
# With few labels plain least squares is in the bad part of Figure 8. Every practical probe adds a little *ridge*, a
# penalty on $\lVert w\rVert^2$, or stops early, to a similar effect. We give the same ridge to all features below,
# and test on 500 images that are not among the labelled ones. (Their pixels were in the graph: the embedding has seen
# all images, and no label. This is the semi-supervised setting of 001.)


# %%
def ten_heads(z, digit, ridge=1.0):
    """Ridge regression on the ten targets of section 11: heads (k, 10)."""
    targets = 2.0 * (digit[:, None] == np.arange(10)) - 1
    return np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ targets)


# %%
features = {f"spectral, k = {k}": u[:, :k] * np.sqrt(1 - lam[:k]) / np.sqrt(mass)[:, None] for k in (10, 20, 40)}
features["pixels"] = np.column_stack([pixels - pixels.mean(axis=0), np.ones(len(pixels))])  # 64 and a constant
sizes, rng, correct = (10, 20, 50, 100, 200, 400), np.random.default_rng(4), {name: [] for name in features}
for _ in range(40):
    order = rng.permutation(len(digit))
    test = order[400:]
    for name, f in features.items():
        guesses = [(f[test] @ ten_heads(f[order[:n]], digit[order[:n]])).argmax(axis=1) for n in sizes]
        correct[name].append([np.mean(guess == digit[test]) for guess in guesses])
print("labels            " + "".join(f"{n:8d}" for n in sizes))
for name, rows in correct.items():
    print(f"{name:18s}" + "".join(f"{v:8.3f}" for v in np.mean(rows, axis=0)))
different = joint[digit[:, None] != digit[None, :]].sum()
print(f"P(different digits) = {different:.4f}; promised error rate 2 P / m:", end="")
print("".join(f"   k = {k}: {2 * different / lam[k]:.3f}" for k in (10, 20, 40)))

# %%
plots_probe.bands(
    sizes,
    {name: np.array(rows) for name, rows in correct.items()},
    logx=True,
    legend="lower right",
    xlabel="labelled images",
    ylabel="accuracy on 500 others",
    title="ten digits, one head each",
)

# %% [markdown]
# **Figure 9.** Median accuracy over 40 draws of the labelled images, with bands of the middle 90 %; the means are in
# the table above. With 50 labels, five per digit, the spectral embedding with $k=40$ has 0.885 and the pixels have
# 0.786; with 100 labels 0.934 and 0.865. With 10 labels all bands overlap: no embedding helps where one example per
# class is all there is. With $k=10$ the curve stops at about 0.74, whatever the number of labels: what is lost is
# lost, this is (5.2). And at 400 labels $k=20$ (0.939) has hardly an advantage over the pixels (0.932). So $k$ is a
# compromise: large enough to keep the labels, small enough for few of them.
#
# The promise of Proposition 7.11 is empty for $k=10$ and $k=20$ (above 1) and 0.839 for $k=40$, where the error with
# 400 labels is about 0.03. The theorem explains *why* a linear head can work, and which two numbers decide. It does
# not predict how well it works.

# %% [markdown]
# ## Check yourself
#
# Predict first, on paper. Then unfold and run the cell below the question (code and output are folded), and only then
# unfold the answer.
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
# Both are 1, for every $b>0$: with one dimension the head can only answer a constant, and $4\alpha=2b=\lambda_2$. A
# small $\alpha$ does not help if $\lambda_{k+1}$ is as small. With $k=2$ the loss is 0. </details>

# %% [markdown]
# **2.** A classmate uses labels 0 and 1 in place of $-1$ and $1$ and finds a loss of 0.05 where you found 0.2. Who is
# wrong? And what does the bound do?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
joint, y = graphs.random_regular(np.random.default_rng(1), 8, 3), np.array([1.0, 1, 1, -1, 1, -1, -1, -1])
for labels in (y, (y + 1) / 2):
    energy = np.sum(joint * np.subtract.outer(labels, labels) ** 2) / 2
    print(f"loss {by_least_squares(joint, labels, 3):.4f}, energy {energy:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nobody: both sides of (6.1) are divided by 4 (Corollary 7.9 b). That is why a bound must say which labels it means.
# </details>

# %% [markdown]
# **3.** A node of mass $p(x)$ is split into two copies that share its pairs equally (two files with the same image).
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
# One eigenvalue 1 is added, for the difference of the two copies, and the others stay. Eigenvalues below 1 keep their
# place, so $\min(1,\lambda_{k+1})$ is what it was, and so is $\alpha$. The bound does not change: the theorem sees
# the population, not the number of files. </details>

# %% [markdown]
# **4.** On a graph with unequal masses a program prints $y^\top Ly=0.38$ for constant labels. Is it a bug?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
B, w = incidence(small)
L = (B * w) @ B.T
ones, root = np.ones(4), np.sqrt(small.sum(axis=1))
print(f"y^T L y = {ones @ L @ ones:.4f}, g^T L g = {root @ L @ root:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. The energy of the labels is the form at $g=\sqrt p\,y$, and that is 0. At $y$ itself the form compares
# $1/\sqrt{p(x)}$ with $1/\sqrt{p(x')}$.
# </details>

# %% [markdown]
# **5.** You have 15 labelled images and an embedding into 20 dimensions, and the training error of the head is 0. The
# bound (6.1) is 0.3. What do you know about the error on new images?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print("population error with n = 15 in the 200 runs of section 10: ", end="")
print("smallest {:.2f}, median {:.2f}".format(*np.quantile(np.array(population)[:, 2], [0, 0.5])))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nothing. (6.1) bounds the error of the *best* head, and yours was fitted to fewer images than it has weights: it
# would have training error 0 for random labels too. More labels or a ridge are needed. </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`07_linear_probe.ipynb`](../exercises/07_linear_probe/07_linear_probe.ipynb) in
# `exercises/07_linear_probe/`: the Laplacian, cuts and expansions, the loss of a head, the bound, the proof as a
# ladder, all for masses that are not equal, and a linear probe for real images with labels of any name.
#
# **Read further.** Lecture notes 001 (the source), which follow section 10.3 of Tengyu Ma's notes; HaoChen, Wei,
# Gaidon and Ma 2021 (spectral contrastive loss, with sample complexity); Louis and Makarychev 2014 (the lemma of
# section 4); Lee, Oveis Gharan and Trevisan 2014 (higher-order Cheeger inequalities); Chung 1997 (spectral graph
# theory); Saunshi et al. 2022 (what such bounds leave out: the encoder's inductive bias).
