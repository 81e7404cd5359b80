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
# # 07 · The linear probe
#
# *Why a linear head is enough: from the graph of positive pairs to a bound on its error.* Read the lecture
# `lectures/07_linear_probe.ipynb` first.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `laplacian` | 10 min | 2 |
# | 2 | `dirichlet_energy` | 10 min | 2 |
# | 3 | `cut_mass` | 5 min | 1 |
# | 4 | `expansion` | 10 min | 2 |
# | 5 | `best_partition_expansion` | 25 min | 4 |
# | 6 | `probe_loss` | 15 min | 3 |
# | 7 | `probe_bound` | 20 min | 4 |
# | 8-9 | `ladder_probe` and its reasons | 60 min | 5 + 5 by hand |
# | 10 | `linear_probe` | 25 min | 4 |
#
# **The graph.** A node is an augmented image. `joint` is a symmetric joint law, shape (S, S): $p(x,x')$ is the
# probability that a positive pair is $(x,x')$, in this order. So all entries sum to 1, and the mass of a node is its
# row sum $p(x)=\sum_{x'}p(x,x')$.
#
# - **Masses need not be equal.** Many formulas look simpler when they are; yours must be right when they are not.
# - **Loops are allowed**, $p(x,x)>0$, and they count in $p(x)$.
# - Eigenvalues of the Laplacian are $\lambda_1\le\lambda_2\le\dots\le\lambda_S$, counted from **1**, with
#   $0=\lambda_1$ and $\lambda_S\le2$.
#
# **Rules of the game.** Numpy arrays in float64; inputs are never changed. Bad input raises `ValueError` that quotes
# what offended: a joint that is not square, not symmetric, negative, does not sum to 1, has NaN or a node of mass 0
# (`validate.joint_law(joint, symmetric=True)` checks all of that), and numbers per node of the wrong length or not
# finite, for which the cell below holds a helper. You may call the functions that you wrote earlier in this notebook.

# %% [markdown]
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then run
# the `check(...)` cell below it: it says at once what holds and what does not, and, where it recognises it, which belief is
# wrong. Hints unfold one after the other. The grade is decided later on *other* inputs, drawn after your code has loaded.
# Your functions must not change their inputs.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np

from course import check, graphs, validate


def per_node(joint, **named):
    """Raise ValueError unless joint is a symmetric joint law (S, S) and each named array holds S finite numbers."""
    validate.joint_law(joint, symmetric=True)
    for name, values in named.items():
        array = np.asarray(values)
        if array.shape != (len(joint),):
            raise ValueError(f"{name} must have shape ({len(joint)},), one entry per node, got {array.shape}")
        if not np.isfinite(array.astype(float)).all():
            raise ValueError(f"{name} must be finite, got {array}")


# %% [markdown]
# Here is one such graph, small enough to read: three nodes of masses 0.5, 0.3, 0.2, with loops.

# %%
small = np.array([[0.30, 0.15, 0.05], [0.15, 0.10, 0.05], [0.05, 0.05, 0.10]])
per_node(small, y=[1, 1, -1])
print("masses", small.sum(axis=1))

# %% [markdown]
# ## 1 · `laplacian`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
#
# With $D$ the diagonal matrix of the masses $p(x)$ and $P$ the joint, return
#
# $$L = I - D^{-1/2}\,P\,D^{-1/2},\qquad L_{xx'} = 1[x=x'] - \frac{p(x,x')}{\sqrt{p(x)\,p(x')}} .$$


# %% nbgrader={"grade": false, "grade_id": "laplacian", "locked": false, "schema_version": 3, "solution": true, "task": false}
def laplacian(joint):
    """Normalised Laplacian I - D^-1/2 P D^-1/2 of a symmetric joint law, shape (S, S).

    joint (S, S). ValueError when it is no symmetric joint law. Source: 001, "Bounding the task loss"; Chung 1997.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint, symmetric=True)
    root = np.sqrt(joint.sum(axis=1))  # (S,)
    return np.eye(len(joint)) - joint / np.outer(root, root)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_laplacian", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(laplacian)

# %% [markdown]
# ## 2 · `dirichlet_energy`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
#
# The quadratic form of the Laplacian at a vector $y$ of S real numbers,
#
# $$y^\top L\,y = \frac12\sum_{x,x'} p(x,x')\left(\frac{y_x}{\sqrt{p(x)}}-\frac{y_{x'}}{\sqrt{p(x')}}\right)^2,$$
#
# the sum being over *ordered* pairs. `y` goes into the form as it is given: it is a vector of the normalised space,
# not yet divided or multiplied by masses. (To get the energy $\frac12\sum p(x,x')(y_x-y_{x'})^2$ of labels, call it
# with $\sqrt{p(x)}\,y_x$. The lecture says why the two differ.)


# %% nbgrader={"grade": false, "grade_id": "dirichlet_energy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dirichlet_energy(joint, y):
    """y^T L y with the normalised Laplacian of the joint; a number >= 0.

    joint (S, S), y (S,) finite real numbers. ValueError when joint is no symmetric joint law or y has another length.
    Source: 001, "Bounding the task loss".
    """
    ### BEGIN SOLUTION
    per_node(joint, y=y)
    return y @ laplacian(joint) @ y
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_dirichlet_energy", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(dirichlet_energy)

# %% [markdown]
# ## 3 · `cut_mass`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point
#
# `members` is a boolean mask, shape (S,), of a set $A$ of nodes. Return the mass on the way out of $A$,
#
# $$E(A,\bar A)=\sum_{x\in A,\ x'\notin A}p(x,x'),$$
#
# in this one direction. It is 0 for the empty set and for the set of all nodes. A mask that is not boolean raises
# `ValueError` (an array of integers could be a list of nodes, and would be misread).


# %% nbgrader={"grade": false, "grade_id": "cut_mass", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cut_mass(joint, members):
    """E(A, not A) = sum of p(x, x') over x in A, x' not in A.

    joint (S, S), members (S,) boolean mask of A. ValueError when joint is no symmetric joint law, or members has
    another length or is not boolean. Source: 001, assumption 2, with its sum corrected.
    """
    ### BEGIN SOLUTION
    per_node(joint, members=members)
    inside = np.asarray(members)
    if inside.dtype != bool:
        raise ValueError(f"members must be a boolean mask, got dtype {inside.dtype}")
    return joint[inside][:, ~inside].sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_cut_mass", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(cut_mass)

# %% [markdown]
# ## 4 · `expansion`
#
# *Difficulty* ●●○○○ · *time* 10 min · 2 points
#
# How easily does one leave a part? From a node of part $A$, drawn by mass, the other half of the positive pair is
# outside $A$ with probability $E(A,\bar A)/p(A)$, where $p(A)=\sum_{x\in A}p(x)$. The expansion of a partition is the
# largest of these,
#
# $$\max_i\ \frac{E(A_i,\bar A_i)}{p(A_i)} .$$
#
# `parts` gives each node an integer, the name of its part: any integers, not only $0,1,2,\dots$ With a single part
# the answer is 0.


# %% nbgrader={"grade": false, "grade_id": "expansion", "locked": false, "schema_version": 3, "solution": true, "task": false}
def expansion(joint, parts):
    """max over parts A of E(A, not A) / p(A): the largest probability that a positive pair leaves its part.

    joint (S, S), parts (S,) one integer label per node. ValueError when joint is no symmetric joint law or parts has
    another length. Source: 001, assumption 3.
    """
    ### BEGIN SOLUTION
    per_node(joint, parts=parts)
    masses, parts = joint.sum(axis=1), np.asarray(parts)
    return max(cut_mass(joint, parts == label) / masses[parts == label].sum() for label in np.unique(parts))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_expansion", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(expansion)

# %% [markdown]
# ## 5 · `best_partition_expansion`
#
# *Difficulty* ●●●●○ · *time* 25 min · 4 points
#
# The constant $\rho_\ell$ of the theory: the smallest expansion among all partitions into **exactly** $\ell$
# non-empty parts, by trying them all. (The check keeps $S\le7$ and $\ell^S\le5000$, so that plain loops are fast
# enough.) With $\ell=1$ it is 0. $\ell<1$ or $\ell>S$ raises `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "best_partition_expansion", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_partition_expansion(joint, n_parts):
    """Smallest expansion over all partitions of the nodes into exactly n_parts non-empty parts, by enumeration.

    joint (S, S), n_parts an integer from 1 to S. ValueError otherwise. Source: 001, assumption 3 (there n_parts = 3).
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint, symmetric=True)
    validate.count(minimum=1, n_parts=n_parts)
    if n_parts > len(joint):
        raise ValueError(f"{len(joint)} nodes cannot be cut into {n_parts} non-empty parts")

    def partitions(n):
        """All partitions of n nodes into at most n_parts parts, each once: a node opens the next part or joins one."""
        if n == 0:
            yield ()
            return
        for labels in partitions(n - 1):
            for label in range(min(max(labels, default=-1) + 2, n_parts)):
                yield (*labels, label)

    return min(expansion(joint, parts) for parts in partitions(len(joint)) if max(parts) == n_parts - 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_best_partition_expansion", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(best_partition_expansion)

# %% [markdown]
# **See it.** Seven nodes in two groups of unequal mass. How hard is it to cut them into 1, 2, 3, ... parts?

# %%
from course import plots

group_joint, _ = graphs.blocks(np.random.default_rng(1), (4, 3), leak=0.05)
numbers = [1, 2, 3, 4, 5]
plots.curves(
    numbers,
    {"best expansion": [best_partition_expansion(group_joint, n) for n in numbers]},
    xlabel="number of parts",
    ylabel="expansion",
    marker="o",
    title="two groups: two parts are easy, three are not",
)

# %% [markdown]
# ## 6 · `probe_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# Row $x$ of `z`, shape (S, d), is the embedding of node $x$; `y` (S,) are its labels, real numbers; `weights` (S,) is
# a law on the nodes (entries $\ge0$, sum 1). How well can a linear map **without intercept** do?
#
# $$\min_{w\in\mathbb R^d}\ \sum_x \mathrm{weights}_x\,\bigl(y_x-w\cdot z_x\bigr)^2 .$$
#
# Columns of `z` may be zero or depend on each other, d may exceed S: the minimum exists all the same.


# %% nbgrader={"grade": false, "grade_id": "probe_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def probe_loss(z, y, weights):
    """min over w of sum_x weights[x] (y[x] - w.z[x])^2, a linear map without intercept.

    z (S, d) embeddings, y (S,) labels, weights (S,) a law, zeros allowed; z and y finite. ValueError otherwise.
    Source: 001, L_task(w*, theta).
    """
    ### BEGIN SOLUTION
    validate.law(weights, "weights", zeros=True)
    z, y, weights = (np.asarray(array, dtype=float) for array in (z, y, weights))
    if z.ndim != 2 or y.shape != weights.shape or z.shape[0] != len(weights):
        raise ValueError(f"z (S, d), y (S,), weights (S,) do not fit: got {z.shape}, {y.shape}, {weights.shape}")
    if not (np.isfinite(z).all() and np.isfinite(y).all()):
        raise ValueError(f"z and y must be finite, got z {z} and y {y}")
    root = np.sqrt(weights)  # the weighted problem is an ordinary one with rows and labels times sqrt(weight)
    rows, target = root[:, None] * z, root * y
    w, *_ = np.linalg.lstsq(rows, target, rcond=None)
    return np.sum((target - rows @ w) ** 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_probe_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(probe_loss)

# %% [markdown]
# ## 7 · `probe_bound`
#
# *Difficulty* ●●●○○ · *time* 20 min · 4 points
#
# The theorem: for the spectral embedding into $k$ dimensions, with the masses $p(x)$ as weights,
#
# $$L_{task}\ \le\ \frac{\frac12\sum_{x,x'}p(x,x')\,(y_x-y_{x'})^2}{\min(1,\lambda_{k+1})} .$$
#
# The numerator is $4\alpha$ for labels $\pm1$ and $\alpha$ for labels $\{0,1\}$, where $\alpha$ is the cut mass
# between the two labels; the formula is the same for all real labels. Return the right side. $\lambda_{k+1}$ is the
# $(k+1)$-th smallest eigenvalue of the Laplacian, counted from 1, and $1\le k<S$ (else `ValueError`). Where
# $\lambda_{k+1}=0$ return infinity, whatever the numerator is. (Computed eigenvalues carry rounding: one at most
# $10^{-10}$ counts as 0.)


# %% nbgrader={"grade": false, "grade_id": "probe_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def probe_bound(joint, y, k):
    """(1/2 sum p(x,x') (y - y')^2) / min(1, lambda_{k+1}); inf when lambda_{k+1} = 0.

    joint (S, S), y (S,) labels, 1 <= k < S the dimension of the embedding. ValueError otherwise.
    Source: 001, last display, with its constant and its hypothesis corrected.
    """
    ### BEGIN SOLUTION
    per_node(joint, y=y)
    validate.count(minimum=1, k=k)
    if k >= len(joint):
        raise ValueError(f"k must be smaller than the number of nodes {len(joint)}, got {k}")
    gap = np.linalg.eigvalsh(laplacian(joint))[k]  # ascending and counted from 0: this is lambda_{k+1}
    if gap <= 1e-10:
        return math.inf
    root = np.sqrt(joint.sum(axis=1))
    return dirichlet_energy(joint, root * y) / min(1.0, gap)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_probe_bound", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(probe_bound)

# %% [markdown]
# ## 8 · `ladder_probe`: the proof, line by line
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points
#
# Labels are $\pm1$ here (anything else raises `ValueError`, and so does $k$ outside $1\le k<S$). Let $u_1,\dots,u_S$
# be orthonormal eigenvectors of $L$, in the order of $\lambda_1\le\dots\le\lambda_S$. The **spectral embedding** is
#
# $$z_x=\frac1{\sqrt{p(x)}}
# \Bigl(\sqrt{\max(1-\lambda_1,0)}\,(u_1)_x,\ \dots,\ \sqrt{\max(1-\lambda_k,0)}\,(u_k)_x\Bigr).$$
#
# Put $\beta_i=\sum_x(u_i)_x\sqrt{p(x)}\,y_x$ and $m=\min(1,\lambda_{k+1})$. Call an index $i$ **lost** when $i>k$ or
# $\lambda_i\ge1$: the embedding has no column in this direction. Return the values of the six lines of the proof, in
# this order:
#
# 1. **the loss**: $L_{task}=\min_w\sum_x p(x)\,(y_x-w\cdot z_x)^2$;
# 2. **the lost part of the labels**: $\sum_{i\ \text{lost}}\beta_i^2$;
# 3. **weighed by eigenvalues**: $\frac1m\sum_{i\ \text{lost}}\lambda_i\beta_i^2$;
# 4. **all directions**: $\frac1m\sum_{i=1}^{S}\lambda_i\beta_i^2$;
# 5. **back to pairs**: $\frac1m\cdot\frac12\sum_{x,x'}p(x,x')\,(y_x-y_{x'})^2$;
# 6. **the bound**: $\frac{4\alpha}m$, with $\alpha$ the cut mass of the nodes labelled $+1$.
#
# A list of six numbers. Which steps are inequalities, and which are identities? The check compares every line, tests
# each step on random graphs and on graphs where all six lines agree, and names the first line that breaks. In every
# check $\lambda_k<\lambda_{k+1}$, and no $\lambda_i$ with $i\le k$ is near 1: so the lines do not depend on which
# eigenvectors a solver picks. (The six lines also make sense when $\lambda_{k+1}=0$: the last four are infinite.)


# %% nbgrader={"grade": false, "grade_id": "ladder_probe", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_probe(joint, y, k):
    """The six lines of the proof of L_task <= 4 alpha / min(1, lambda_{k+1}) as numbers, from left to right.

    [L_task, lost part, weighed by eigenvalues, all directions, back to pairs, 4 alpha / m]. joint (S, S), y (S,) of +1
    and -1, 1 <= k < S. ValueError otherwise. Source: 001, "Bounding the task loss", corrected.
    """
    ### BEGIN SOLUTION
    bound = probe_bound(joint, y, k)  # raises for a bad joint, y or k
    y = np.asarray(y, dtype=float)
    if not np.isin(y, (-1, 1)).all():
        raise ValueError(f"labels must be +1 or -1, got {y}")
    masses = joint.sum(axis=1)
    eigenvalues, u = np.linalg.eigh(laplacian(joint))
    z = u[:, :k] * np.sqrt(np.maximum(1 - eigenvalues[:k], 0)) / np.sqrt(masses)[:, None]
    beta = u.T @ (np.sqrt(masses) * y)
    lost = (np.arange(len(y)) >= k) | (eigenvalues >= 1)
    m = min(1.0, eigenvalues[k]) if math.isfinite(bound) else 0.0
    weighed = eigenvalues * beta**2
    return [
        probe_loss(z, y, masses),
        np.sum(beta[lost] ** 2),
        weighed[lost].sum() / m if m else math.inf,
        weighed.sum() / m if m else math.inf,
        bound,
        4 * cut_mass(joint, y > 0) / m if m else math.inf,
    ]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_probe", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(ladder_probe)

# %% [markdown]
# **See it.** One bar per line: a random graph, where the steps are wide, and two cliques joined by a weak bridge,
# with $k=1$ and one label per clique, where there is no step at all.

# %%
from course.plots_probe import ladder

cliques_y = np.repeat([1.0, -1.0], 4)
random_graph = graphs.random_joint_symmetric(np.random.default_rng(4), 7)
ladder(
    {
        "random graph, k = 4": ladder_probe(random_graph, np.array([1, 1, -1, -1, -1, 1, 1]), 4),
        "two cliques, k = 1": ladder_probe(graphs.two_cliques(4, 0.1), cliques_y, 1),
    },
    ("loss", "lost part", "weighed", "all directions", "pairs", "bound"),
)

# %% [markdown]
# ## 9 · `derive_probe_bound`: the reasons
#
# *Difficulty* ●●●●○ · *time* 30 min · 5 points · read by a person
#
# Your ladder shows *that* the bound holds on the graphs that were tried. Write *why* it holds on all of them. Masses
# need not be equal.
#
# a. Put $g_x=\sqrt{p(x)}\,y_x$. Show that $g^\top L\,g=\frac12\sum_{x,x'}p(x,x')(y_x-y_{x'})^2$, and that this is
# $4\alpha$ for labels $\pm1$ and $\alpha$ for $\{0,1\}$. (The lecture notes 001 have $2\alpha$, whatever the labels.)
#
# b. Show that $L_{task}=\sum_{i\ \text{lost}}\beta_i^2$. Which linear maps can the head realise, and which not?
#
# c. Why is $\lambda_i\ge\min(1,\lambda_{k+1})$ for every lost $i$? Finish the proof.
#
# d. Why the minimum with 1? Take four nodes of mass $\frac14$ and
#
# $$P=\frac14\begin{pmatrix}0&.3&.3&.4\\.3&0&.4&.3\\.3&.4&0&.3\\.4&.3&.3&0\end{pmatrix},\qquad y=(1,-1,-1,1),\qquad
# k=2 .$$
#
# Compute $L_{task}$, $4\alpha$ and $\lambda_3$ by hand (the rows of signs $(1,1,1,1)$, $(1,-1,1,-1)$, $(1,1,-1,-1)$,
# $(1,-1,-1,1)$ are eigenvectors), and say what goes wrong with $4\alpha/\lambda_3$.

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_probe_bound", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Since $g_x/\sqrt{p(x)}=y_x$,
#
# $$g^\top L\,g=\sum_x g_x^2-\sum_{x,x'}\frac{p(x,x')}{\sqrt{p(x)p(x')}}\,g_xg_{x'}
# =\sum_x p(x)\,y_x^2-\sum_{x,x'}p(x,x')\,y_xy_{x'} .$$
#
# Because $p(x)=\sum_{x'}p(x,x')$ and $p$ is symmetric, $\sum_xp(x)y_x^2=\frac12\sum_{x,x'}p(x,x')(y_x^2+y_{x'}^2)$.
# Together: $\frac12\sum_{x,x'}p(x,x')(y_x^2+y_{x'}^2-2y_xy_{x'})=\frac12\sum_{x,x'}p(x,x')(y_x-y_{x'})^2$. A pair
# with equal labels adds 0. A pair with unequal labels adds $p(x,x')\cdot4$ for labels $\pm1$ and $p(x,x')\cdot1$ for
# $\{0,1\}$, before the factor $\frac12$. Each unordered pair across occurs twice in the ordered sum, and the factor
# $\frac12$ undoes this; the mass of the unordered pairs across is $E(A,\bar A)=\alpha$. So it is $4\alpha$ and
# $\alpha$.
#
# **b.** With $h=\sqrt p\,(w\cdot z)$ the loss is $\sum_x(g_x-h_x)^2=\lVert g-h\rVert^2$, and $h=\sum_{i\le
# k}w_i\sqrt{\max(1-\lambda_i,0)}\,u_i$. For $i\le k$ with $\lambda_i<1$ the factor is positive, so that every
# coefficient of $u_i$ can be reached by choosing $w_i$. For $i\le k$ with $\lambda_i\ge1$ the factor is 0, and for
# $i>k$ there is no column: the coefficient of $u_i$ in $h$ is 0 whatever $w$ is. So $h$ runs through the span of the
# $u_i$ that are not lost. The $u_i$ are orthonormal and $g=\sum_i\beta_iu_i$; the best $h$ takes the coefficients
# $\beta_i$ of the directions that are not lost, and what is left is $\sum_{i\ \text{lost}}\beta_i^2$.
#
# **c.** A lost $i>k$ has $\lambda_i\ge\lambda_{k+1}\ge m$, because eigenvalues are in order. A lost $i\le k$ has
# $\lambda_i\ge1\ge m$. Let $m>0$. Then $\sum_{\text{lost}}\beta_i^2\le\frac1m\sum_{\text{lost}}\lambda_i\beta_i^2
# \le\frac1m\sum_{i=1}^S\lambda_i\beta_i^2$; the second step adds terms that are not negative, as all $\lambda_i\ge0$
# ($g^\top Lg\ge0$ for every $g$, by a). And $\sum_i\lambda_i\beta_i^2=g^\top Lg$, which is $4\alpha$ by a.
#
# **d.** $D=\frac14I$, so $L=I-4P$. On $(1,-1,-1,1)$: $4P$ gives $-.3-.3+.4=-.2$, so $\lambda=1.2$. On $(1,-1,1,-1)$:
# $-.3+.3-.4=-.4$, so $\lambda=1.4$, and the same for $(1,1,-1,-1)$. On $(1,1,1,1)$: $\lambda=0$. In order: 0, 1.2,
# 1.4, 1.4, so $\lambda_3=1.4$. $4\alpha$: by a it is $g^\top Lg$ with $g=y/2$, of norm 1 and an eigenvector, so
# $4\alpha=1.2$ (directly: the four ordered pairs out of $A=\{1,4\}$ have mass $\frac14\cdot4\cdot.3=.3=\alpha$). The
# second column of the embedding is 0 because $1-\lambda_2=-.2<0$: only the constant is left, $y$ is orthogonal to it,
# and $L_{task}=1$. But $4\alpha/\lambda_3=1.2/1.4=0.857<1$. The direction that was lost has index $2\le k$: it is not
# in the tail, and its eigenvalue 1.2 is below $\lambda_3$. With the minimum the bound is $1.2\ge1$.
#
# === BEGIN MARK SCHEME ===
# - 1½ points, a: the identity (1), using that the row sums are $p(x)$ and the symmetry; the two constants with the
#   reason for the factor $\frac12$, ordered against unordered (½).
# - 1 point, b: the loss as a distance to the span of the directions that are not lost (½); why directions with
#   $\lambda_i\ge1$ are lost although $i\le k$, and that the others are reached in spite of the factor
#   $\sqrt{1-\lambda_i}$ (½).
# - 1½ points, c: both cases of a lost index (½ each); $\lambda_i\ge0$ where terms are added, and the spectral sum
#   equal to $g^\top Lg$ (½).
# - 1 point, d: the three numbers 1, 1.2, 1.4 (½); the reason, a negative eigenvalue of the adjacency inside the first
#   $k$ (½).
# - Any correct proof by another road gets the points of the parts that it covers. Equal masses assumed throughout: at
#   most 3½ points.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 10 · `linear_probe`
#
# *Difficulty* ●●●○○ · *time* 25 min · 4 points
#
# Now the head itself, on features of images and with several classes. `train_z` (n, d) and `train_y` (n,) are
# features and labels of labelled images, `test_z` (m, d) features of others. Train a linear classifier on the first
# and return its predicted labels of the second, shape (m,).
#
# - Any linear classifier with an intercept will do: least squares on one-hot targets, logistic regression, a linear
#   SVM, nearest class mean. You may use scikit-learn, or write it in a few lines of numpy.
# - Labels are integers, two or more different ones, but **not** $0,\dots,C-1$: they may be $-3$, 17 and 250, in any
#   order, and they are names, not quantities. Classes may be of very unequal sizes.
# - Features may be far from the origin (their mean may be several times their spread); their spread is of order 1.
#   Iterative solvers like features that are centred and scaled first, **by the training set**.
# - The prediction for a row must not depend on the other rows of `test_z`; there may be one row only.
# - Shapes that do not fit, and NaN, raise `ValueError`.
#
# How it is graded. First on clusters so far apart that every sane linear classifier makes no error. Then on
# scikit-learn's digits (features of held-out images, pooled over three tasks): your accuracy, computed there from
# your predictions, must be at least that of least squares on one-hot targets **minus 0.07**. In the notebook you see
# the first part.


# %% nbgrader={"grade": false, "grade_id": "linear_probe", "locked": false, "schema_version": 3, "solution": true, "task": false}
def linear_probe(train_z, train_y, test_z):
    """Labels (m,) that a linear classifier with intercept, trained on (train_z, train_y), predicts for test_z.

    train_z (n, d), train_y (n,) any integer labels, test_z (m, d). ValueError for shapes that do not fit, NaN.
    Source: the linear probe of 001 ("linear regression on top of the embeddings"), one head per class.
    """
    ### BEGIN SOLUTION
    train_z, train_y, test_z = np.asarray(train_z, float), np.asarray(train_y), np.asarray(test_z, float)
    if train_z.ndim != 2 or test_z.shape[1:] != train_z.shape[1:] or train_y.shape != train_z.shape[:1]:
        raise ValueError(f"shapes do not fit: {train_z.shape}, {train_y.shape}, {test_z.shape}")
    if not (np.isfinite(train_z).all() and np.isfinite(test_z).all()):
        raise ValueError("features must be finite, got NaN or infinity")
    centre = train_z.mean(axis=0)  # of the training set: the test set is centred by the same vector
    names, target = np.unique(train_y, return_inverse=True)
    one_hot = np.eye(len(names))[target]  # (n, C)
    with_intercept = np.column_stack([train_z - centre, np.ones(len(train_z))])
    heads, *_ = np.linalg.lstsq(with_intercept, one_hot, rcond=None)  # one least-squares head per class
    scores = np.column_stack([test_z - centre, np.ones(len(test_z))]) @ heads
    return names[scores.argmax(axis=1)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_linear_probe", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(linear_probe)

# %% [markdown]
# **Your probe on real images** (not graded): the pixels of the digits, shifted off centre, with 20 to 1000 labels.
# (Plain least squares is at its worst where the labels are about as many as the 64 pixels: Figure 8 of the lecture.)

# %%
from course import data

images, digit = data.load_digits()
train_x, train_label, test_x, test_label = (t.numpy() for t in data.split(images, digit, test_share=0.4, seed=0))
train_x, test_x = (x.reshape(len(x), -1) + 3.0 for x in (train_x, test_x))
for n in (20, 50, 100, 300, 1000):
    predicted = linear_probe(train_x[:n], train_label[:n], test_x)
    print(f"{n:5d} labels: accuracy on {len(test_x)} held-out images {np.mean(predicted == test_label):.3f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/07_linear_probe/07_linear_probe.ipynb
# ```
