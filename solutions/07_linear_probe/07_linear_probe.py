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
# # Exercise 07 · The linear probe
#
# *Why a linear head is enough: from the graph of positive pairs to a bound on its error.* Read the
# [lecture](../../lectures/07_linear_probe.ipynb) first.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-2 | `laplacian`, `dirichlet_energy` | 25 min | 1 + 2 |
# | 3-5 | `cut_mass`, `expansion`, `best_partition_expansion` | 40 min | 1 + 2 + 2 |
# | 6 | `probe_loss` | 25 min | 3 |
# | 7-8 | `probe_bound`, `probe_bound_second` | 40 min | 4 + 3 |
# | 9 | `counterexample_gap` | 20 min | 2 |
# | 10 | `ladder_probe`: the proof in numbers | 30 min | 4 |
# | 11 | `proof_lower`: a proof to put in order | 20 min | 2 |
# | 12 | `derive_trained`: an encoder that is not the minimiser | 40 min | 4 by hand |
# | 13 | `linear_probe` | 25 min | 2 |
#
# Questions marked *transcribe* ask to write down what the lecture defines. In all others something is to be found.
#
# **The graph.** A node is an augmented image. `joint` is a symmetric joint law, shape (S, S): $p(x,x')$ is the
# probability that a positive pair is $(x,x')$, in this order. So all entries sum to 1, and the mass of a node is its
# row sum $p(x)=\sum_{x'}p(x,x')$.
#
# - **Masses need not be equal.** Many formulas look simpler when they are; yours must be right when they are not.
# - **Loops are allowed**, $p(x,x)>0$, and they count in $p(x)$.
# - Eigenvalues of the Laplacian are $\lambda_1\le\lambda_2\le\dots\le\lambda_S$, counted from **1**, with
#   $0=\lambda_1$ and $\lambda_S\le2$. (Unit 06 counts the eigenvalues of the adjacency, $1-\lambda_i$, downwards.)
# - **Lost** directions are those with $i>k$ or $\lambda_i\ge1$: the spectral embedding into $k$ dimensions has no column there,
#   or a zero one. What is within $10^{-9}$ of 1 counts as 1, and at most $10^{-10}$ as 0: computed eigenvalues carry rounding.
#
# **Rules of the game.** Numpy arrays in float64; inputs are never changed. Bad input raises `ValueError` that quotes
# what offended: a joint that is not square, not symmetric, negative, does not sum to 1, has NaN or a node of mass 0
# (`validate.joint_law(joint, symmetric=True)` checks all of that), numbers per node of the wrong length or not finite, for
# which the cell below holds a helper, and a dimension or a number of parts that is no integer or out of range
# (`validate.count(minimum=1, k=k)` checks the former and the minimum). You may call the functions that you wrote earlier in
# this notebook.

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
# *Difficulty* ●●○○○ · *time* 10 min · 1 point
#
# With $D$ the diagonal matrix of the masses $p(x)$ and $P$ the joint, return
#
# $$L = I - D^{-1/2}\,P\,D^{-1/2},\qquad L_{xx'} = 1[x=x'] - \frac{p(x,x')}{\sqrt{p(x)\,p(x')}} .$$
#
# Nodes may be very rare: masses go down to $10^{-290}$, and every entry of $L$ must be right there too.


# %% nbgrader={"grade": false, "grade_id": "laplacian", "locked": false, "schema_version": 3, "solution": true, "task": false}
def laplacian(joint):
    """Normalised Laplacian I - D^-1/2 P D^-1/2 of a symmetric joint law, shape (S, S).

    joint (S, S), masses from 1e-290 on. ValueError when it is no symmetric joint law. Source: 001, "Bounding the task loss"; Chung 1997.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint, symmetric=True)
    root = np.sqrt(joint.sum(axis=1))  # (S,)
    return np.eye(len(joint)) - joint / np.outer(root, root)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_laplacian", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(laplacian)

# %% [markdown]
# ## 2 · `dirichlet_energy`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# The quadratic form $y^\top L\,y$ at a vector $y$ of S real numbers. `y` goes into the form as it is given: it is a vector of
# the normalised space, not yet divided or multiplied by masses. (For the energy of labels call it with $\sqrt{p(x)}\,y_x$.)
#
# The definition is one line. But the form is 0 at $y=\sqrt p$, and where $y$ is near a large multiple of $\sqrt p$ it is a
# small difference of huge numbers. Your answer must have seven digits there too: some cases of the check have
# $y\approx10^6\sqrt p$ and an energy near 1, and no point is given without them. Proposition 7.2 knows a form without subtractions of large sums; turn it into one
# for this $y$.


# %% nbgrader={"grade": false, "grade_id": "dirichlet_energy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dirichlet_energy(joint, y):
    """y^T L y with the normalised Laplacian of the joint, a number >= 0, accurate also where y is nearly 10^6 sqrt(p).

    joint (S, S), y (S,) finite real numbers. ValueError when joint is no symmetric joint law or y has another length.
    Source: 001, "Bounding the task loss".
    """
    ### BEGIN SOLUTION
    per_node(joint, y=y)
    labels = y / np.sqrt(joint.sum(axis=1))  # y = sqrt(p) labels
    return np.sum(joint * (labels[:, None] - labels[None, :]) ** 2) / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_dirichlet_energy", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(dirichlet_energy)

# %% [markdown]
# ## 3 · `cut_mass`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# `members` is a boolean mask, shape (S,), of a set $A$ of nodes. Return $E(A,\bar A)$, the mass of the pairs on the way out of
# $A$, in this one direction. It is 0 for the empty set and for the set of all nodes. A mask that is not boolean raises
# `ValueError` (an array of integers could be a list of nodes, and would be misread).


# %% nbgrader={"grade": false, "grade_id": "cut_mass", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cut_mass(joint, members):
    """E(A, not A): the probability that a positive pair begins in A and ends outside.

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
# *Difficulty* ●●○○○ · *time* 10 min · 2 points · *transcribe*
#
# How easily does one leave a part? From a node of part $A$, drawn by mass, the other half of the positive pair is
# outside $A$ with some probability. The expansion of a partition is the largest of these over its parts.
#
# `parts` gives each node an integer, the name of its part: any integers, not only $0,1,2,\dots$ With a single part
# the answer is 0.


# %% nbgrader={"grade": false, "grade_id": "expansion", "locked": false, "schema_version": 3, "solution": true, "task": false}
def expansion(joint, parts):
    """Over the parts, the largest probability that a positive pair which begins in the part ends outside.

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
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# The constant $\rho_\ell$ of the theory: the smallest expansion among all partitions into **exactly** $\ell$
# non-empty parts, by trying them all. (The check keeps $S\le9$ and $\ell^S\le5000$, so that plain loops are fast
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


# %% nbgrader={"grade": true, "grade_id": "check_best_partition_expansion", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(best_partition_expansion)

# %% [markdown]
# **See it.** Seven nodes in two groups of unequal mass. How hard is it to cut them into 1, 2, 3, ... parts?

# %%
from course import figures, solved

if solved(best_partition_expansion):
    group_joint, _ = graphs.blocks(np.random.default_rng(1), (4, 3), leak=0.05)
    numbers = [1, 2, 3, 4, 5]
    display(
        figures.curves(
            numbers,
            {"best expansion": [best_partition_expansion(group_joint, n) for n in numbers]},
            xlabel="number of parts",
            ylabel="expansion",
            styles=["o-"],
            title="two groups: two parts are easy, three are not",
        )
    )

# %% [markdown]
# ## 6 · `probe_loss`
#
# *Difficulty* ●●●○○ · *time* 25 min · 3 points
#
# Row $x$ of `z`, shape (S, d), is the embedding of node $x$; `y` (S,) are its labels, real numbers; `weights` (S,) is
# a law on the nodes (entries $\ge0$, sum 1). A node is drawn by that law. What is the smallest mean squared error that a
# linear map **without intercept** can have?
#
# Columns of `z` may be zero or depend on each other, d may exceed S: the minimum exists all the same. Columns may be
# measured in any units: entries of one may be near $10^{-12}$ and those of another near $10^{12}$, and the answer must
# have eight digits there too. (Columns depend on each other exactly, up to rounding, or clearly do not: cases between are
# not asked.)


# %% nbgrader={"grade": false, "grade_id": "probe_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def probe_loss(z, y, weights):
    """Smallest expected squared error of a linear map of z, without intercept, on labels y.

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
    lengths = np.sqrt((rows**2).sum(axis=0))
    rows = rows / np.where(lengths > 0, lengths, 1.0)  # the unit of a column changes w, not the loss
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
# Theorem 7.8 of the lecture bounds the loss of the spectral embedding into $k$ dimensions, the masses $p(x)$ being the weights,
# for labels $\pm1$. Here `y` may hold **any real numbers**. Return the upper bound which that proof gives for them: the same
# eigenvalue, and for labels $\pm1$ the same number.
#
# $k$ is an integer with $1\le k<S$, else `ValueError`. Eigenvalues may lie above 1, be equal to 1 up to rounding, or be 0
# (the line *Lost* under **The graph** at the top says what counts as what). Where no bound is possible, since a direction without any energy
# is lost, return infinity, whatever the labels are.


# %% nbgrader={"grade": false, "grade_id": "probe_bound", "locked": false, "schema_version": 3, "solution": true, "task": false}
def probe_bound(joint, y, k):
    """Upper bound of the loss of the spectral embedding into k dimensions, of first order; inf where there is none.

    joint (S, S), y (S,) real labels, k an integer with 1 <= k < S. ValueError otherwise. Source: 001, last display, with its
    constant and its hypothesis corrected, and its eigenvalue made the best possible.
    """
    ### BEGIN SOLUTION
    per_node(joint, y=y)
    gap = smallest_lost(joint, k)
    if gap <= 1e-10:
        return math.inf
    return dirichlet_energy(joint, np.sqrt(joint.sum(axis=1)) * y) / gap


def smallest_lost(joint, k):
    """The smallest eigenvalue of a direction that the embedding into k dimensions does not hold."""
    validate.count(minimum=1, k=k)
    if k >= len(joint):
        raise ValueError(f"k must be smaller than the number of nodes {len(joint)}, got {k}")
    eigenvalues = np.linalg.eigvalsh(laplacian(joint))
    kept = np.sum(eigenvalues[:k] < 1 - 1e-9)
    return eigenvalues[kept]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_probe_bound", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(probe_bound)

# %% [markdown]
# ## 8 · `probe_bound_second`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# The second order bound of the lecture (Theorem 7.11) asks, at each node, how often the label flips along a pair. That makes
# sense for labels $\pm1$. Do it for **any real labels**: which number at each node takes the place of the flips? For labels
# $\pm1$ your function must give the lecture's bound. Everything else, $k$, infinity and what is lost, is as in question 7.


# %% nbgrader={"grade": false, "grade_id": "probe_bound_second", "locked": false, "schema_version": 3, "solution": true, "task": false}
def probe_bound_second(joint, y, k):
    """Upper bound of the loss of the spectral embedding into k dimensions, of second order; inf where there is none.

    joint (S, S), y (S,) real labels, k an integer with 1 <= k < S. ValueError otherwise.
    """
    ### BEGIN SOLUTION
    per_node(joint, y=y)
    gap = smallest_lost(joint, k)
    if gap <= 1e-10:
        return math.inf
    masses = joint.sum(axis=1)
    surprise = y - joint @ y / masses  # the label minus the mean label of the partners
    return masses @ surprise**2 / gap**2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_probe_bound_second", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(probe_bound_second)

# %% [markdown]
# **See it.** A graph in two groups: as the bridge gets weaker the second bound falls like the square of the first.

# %%
from course import figures, solved

if solved(probe_bound, probe_bound_second):
    bridges = np.array([0.02, 0.04, 0.08, 0.16, 0.32])
    sides = np.repeat([1.0, -1.0], 5)
    pairs_of = [graphs.two_cliques(5, bridge=b, loops=True) for b in bridges]
    display(
        figures.curves(
            bridges,
            {
                "first order": [probe_bound(joint, sides, 2) for joint in pairs_of],
                "second order": [probe_bound_second(joint, sides, 2) for joint in pairs_of],
            },
            logx=True,
            logy=True,
            styles=["o-"],
            xlabel="bridge",
            ylabel="bound",
            title="two cliques, k = 2",
        )
    )

# %% [markdown]
# ## 9 · `counterexample_gap`: how wrong is $4\alpha/\lambda_{k+1}$?
#
# *Difficulty* ●●●●○ · *time* 20 min · 2 points
#
# A colleague divides by $\lambda_{k+1}$, whatever it is. The lecture has graphs on which that bound is below the true loss, by
# 14 % and by 24 %. How far below can it be? Every lost eigenvalue among the first $k$ is at least 1, and $\lambda_{k+1}\le2$, so
# the colleague's number is never less than half of the loss.
#
# Show that this is possible. For a given $k$ with $3\le k\le30$ (else `ValueError`) return `(joint, y)`: a symmetric joint law
# on at most 60 nodes and labels $\pm1$, such that the spectral embedding into $k$ dimensions has $L_{task}\ge0.99$, and yet
# $4\alpha/\lambda_{k+1}\le0.55$.


# %% nbgrader={"grade": false, "grade_id": "counterexample_gap", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_gap(k):
    """(joint, y): a graph and labels +-1 on which 4 alpha / lambda_{k+1} is at most 0.55, while the loss is at least 0.99.

    k an integer from 3 to 30; joint (S, S), y (S,) with k < S <= 60. ValueError otherwise.
    """
    ### BEGIN SOLUTION
    validate.count(minimum=3, k=k)
    if k > 30:
        raise ValueError(f"k must be at most 30, got {k}")
    # Pairs go from one side to the other, with independent ends: eigenvalues 0, 1 (k - 1 times), 2 on k + 1 nodes.
    # Labels balanced on each side are orthogonal to the directions of 0 and 2.
    one, other = np.array([0.5, 0.5]), np.array([0.5] + [0.5 / (k - 2)] * (k - 2))
    corner = np.outer(one, other) / 2
    joint = np.block([[np.zeros((2, 2)), corner], [corner.T, np.zeros((k - 1, k - 1))]])
    return joint, np.array([1.0, -1.0, 1.0] + [-1.0] * (k - 2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_counterexample_gap", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(counterexample_gap)

# %% [markdown]
# ## 10 · `ladder_probe`: the proof, line by line
#
# *Difficulty* ●●●●○ · *time* 30 min · 4 points
#
# Labels are $\pm1$ here (anything else raises `ValueError`, and so does $k$ outside $1\le k<S$). Let $u_1,\dots,u_S$
# be orthonormal eigenvectors of $L$, in the order of $\lambda_1\le\dots\le\lambda_S$. The **spectral embedding** is
#
# $$z_x=\frac1{\sqrt{p(x)}}
# \Bigl(\sqrt{\max(1-\lambda_1,0)}\,(u_1)_x,\ \dots,\ \sqrt{\max(1-\lambda_k,0)}\,(u_k)_x\Bigr).$$
#
# The six lines of the proof of Theorem 7.8, for masses that are not equal, in this order:
#
# | | line | its terms |
# |---|---|---|
# | 1 | **the loss** | what each node $x$ contributes to the loss of the best head: S terms |
# | 2 | **the lost part of the labels** | one term for each lost direction, in the order of $i$ |
# | 3 | **weighed by eigenvalues** | the same directions after step (a) of the proof |
# | 4 | **all directions** | step (b): one term for each $i=1,\dots,S$ |
# | 5 | **back to pairs** | the energy instead: for each node $x$ what the ordered pairs $(x,\cdot)$ contribute, S terms |
# | 6 | **the bound** | the same by the cut of the nodes labelled $+1$: one number |
#
# The value of a line is the sum of its terms; lines 3 to 6 all have the theorem's eigenvalue in the denominator. Return a list of
# six entries: for the lines 1 to 5 the list of the terms (a list, array or tensor; a single term is a list too), for line 6 the
# number. Which steps are inequalities, and which are identities? The check compares every line term by term, tests each step in
# the sums on random graphs and on graphs where all six sums agree, and names the first line that breaks. In every check
# $\lambda_k<\lambda_{k+1}$, no $\lambda_i$ with $i\le k$ is near 1, and no two eigenvalues are equal where a term is not 0: so the
# terms do not depend on which eigenvectors a solver picks. Where there is no bound: `ValueError`.


# %% nbgrader={"grade": false, "grade_id": "ladder_probe", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ladder_probe(joint, y, k):
    """The six lines of the proof of the first order bound, from the loss to the bound, split into their terms.

    [loss per node (S,), lost part per lost direction, the same weighed by eigenvalues, all directions (S,), pairs per node
    (S,), the bound by the cut]. joint (S, S), y (S,) of +1 and -1, k an integer, 1 <= k < S. ValueError otherwise, and
    where an eigenvalue 0 is lost. Source: 001, "Bounding the task loss", corrected.
    """
    ### BEGIN SOLUTION
    bound = probe_bound(joint, y, k)  # raises for a bad joint, y or k
    y = np.asarray(y, dtype=float)
    if not np.isin(y, (-1, 1)).all():
        raise ValueError(f"labels must be +1 or -1, got {y}")
    if not math.isfinite(bound):
        raise ValueError(f"there is no bound: an eigenvalue 0 is lost for k = {k}")
    masses = joint.sum(axis=1)
    eigenvalues, u = np.linalg.eigh(laplacian(joint))
    root = np.sqrt(masses)
    rows = u[:, :k] * np.sqrt(np.maximum(1 - eigenvalues[:k], 0))  # of the embedding, times sqrt(p)
    w, *_ = np.linalg.lstsq(rows, root * y, rcond=None)
    beta = u.T @ (root * y)
    lost = (np.arange(len(y)) >= k) | (eigenvalues >= 1 - 1e-9)
    m = eigenvalues[lost].min()
    weighed = eigenvalues * beta**2 / m
    pairs = np.sum(joint * (y[:, None] - y[None, :]) ** 2, axis=1) / (2 * m)
    return [(root * y - rows @ w) ** 2, beta[lost] ** 2, weighed[lost], weighed, pairs, 4 * cut_mass(joint, y > 0) / m]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_ladder_probe", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(ladder_probe)

# %% [markdown]
# **See it.** One bar per line, as high as the sum of its terms: a random graph, where the steps are wide, and two cliques joined
# by a weak bridge, with $k=1$ and one label per clique, where there is no step at all.

# %%
from course import figures, solved

if solved(ladder_probe):
    cliques_y = np.repeat([1.0, -1.0], 4)
    random_graph = graphs.random_joint_symmetric(np.random.default_rng(4), 7)
    ladders = {
        "random graph, k = 4": ladder_probe(random_graph, np.array([1, 1, -1, -1, -1, 1, 1]), 4),
        "two cliques, k = 1": ladder_probe(graphs.two_cliques(4, 0.1), cliques_y, 1),
    }
    names = ("loss", "lost part", "weighed", "all directions", "pairs", "bound")
    display(figures.ladder(ladders, names, rising=True, ylabel="squared error"))

# %% [markdown]
# ## 11 · `proof_lower`: a proof to put in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# The lecture bounds the loss from above. It has a lower bound too. Labels are $\pm1$, $r$ is the number of directions that are
# not lost (so these are $1,\dots,r$), $V=1-(\sum_xp(x)y_x)^2$, and $\beta_i=\sum_x(u_i)_x\sqrt{p(x)}\,y_x$ with
# $u_1=\sqrt p$.
#
# **Claim.** If $\lambda_S>\lambda_r$, then
#
# $$L_{task}\ \ge\ \frac{4\alpha-\lambda_r V}{\lambda_S-\lambda_r} .$$
#
# Eight of these lines, in a right order, prove the claim from what the lecture shows before its section 7; each line
# is one short step from lines that stand above it ("Hence" refers to such lines). Four lines are false (on some
# graph). Give the labels of the proof's lines from top to bottom: `proof_lower = ["...", "...", ...]`. Every right
# order is accepted. An empty sum is 0.
#
# - **A** For $i>r$ we have $\lambda_i\le\lambda_{r+1}$, the smallest lost eigenvalue.
# - **B** Hence $\sum_{i=2}^r\beta_i^2=V-L_{task}$.
# - **C** $L_{task}=\sum_{i>r}\beta_i^2$.
# - **D** $\sum_{i=2}^S\beta_i^2=1$, since $g$ has length 1 and $\lambda_1=0$.
# - **E** Hence $4\alpha\le\lambda_r\,(V-L_{task})+\lambda_S\,L_{task}$.
# - **F** $4\alpha=\sum_{i=2}^S\lambda_i\beta_i^2$, since $\lambda_1=0$.
# - **G** $L_{task}=\sum_{i>k}\beta_i^2$.
# - **H** $\sum_{i=2}^S\beta_i^2=V$, since $\sum_{i=1}^S\beta_i^2=1$ and $\beta_1=\sum_xp(x)y_x$.
# - **I** Hence $4\alpha\le\lambda_r\sum_{i=2}^r\beta_i^2+\lambda_S\sum_{i>r}\beta_i^2$.
# - **J** Hence $(\lambda_S-\lambda_r)\,L_{task}\ge4\alpha-\lambda_rV$. Divide by the positive number $\lambda_S-\lambda_r$: the claim.
# - **K** For $2\le i\le r$ we have $\lambda_i\le\lambda_r$, and for $i>r$ we have $\lambda_i\le\lambda_S$.
# - **M** $4\alpha=\sum_{i>r}\lambda_i\beta_i^2$, since a kept direction costs nothing.

# %%
from course import arrange

arrange("proof_lower")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_lower", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_lower = None  # for example ["J", "K"]
### BEGIN SOLUTION
proof_lower = ["C", "H", "B", "F", "K", "I", "E", "J"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_lower", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(proof_lower, "proof_lower")

# %% [markdown]
# ## 12 · `derive_trained`: an encoder that is not the minimiser
#
# *Difficulty* ●●●●○ · *time* 40 min · 4 points · read by a person
#
# The theorem speaks about the minimiser of the spectral loss. A trained encoder $f$ (Figure 1 of the lecture) is near it, not
# equal. Let $L_{task}(f)$ be the loss (2.1) of the best head on $f$, for labels $\pm1$ and masses that need not be equal. Let $U$ be
# the span of the $u_i$ that are not lost, and $W$ the span of the columns of $f$, each multiplied by $\sqrt{p}$. How far $W$ is from
# $U$ is measured by one number $s\in[0,1]$: **every unit vector of $U$ has distance at most $s$ from $W$**.
#
# a. Show that $\sqrt{L_{task}(f)}\ \le\ s\,\sqrt{1-L_{task}}+\sqrt{L_{task}}$, where $L_{task}$ belongs to the spectral embedding.
#
# b. Deduce a bound on $L_{task}(f)$ in $\alpha$, the smallest lost eigenvalue and $s$ alone. What remains of it where the labels never
# change along a pair ($\alpha=0$, smallest lost eigenvalue $>0$)? Show by an example with two or three nodes that this remainder can
# be attained, for every $s$.
#
# c. Is there a converse: must $L_{task}(f)$ be at least some positive number when $L_{task}>0$ and $s$ is small? When it is large?
#
# d. Let $f$ have the single column $\cos\theta\,\varphi_1+\sin\theta\,\varphi_2$, $\varphi_i=u_i/\sqrt p$, on a connected graph, $k=r=1$. Compute $s$ and
# $L_{task}(f)$, and say for which labels the trained encoder is *better* than the minimiser.

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_trained", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Let $g=\sqrt p\,y$, a unit vector as labels are $\pm1$, and let $\Pi_U$, $\Pi_W$ be the orthogonal projections.
#
# **a.** With $h=\sqrt p\,(w\cdot f)$ the loss of the head $w$ is $\lVert g-h\rVert^2$, and $h$ runs through $W$. So
# $L_{task}(f)=\lVert g-\Pi_Wg\rVert^2$, and in the same way $L_{task}=\lVert g-\Pi_Ug\rVert^2$ (Proposition 7.7). Write
# $g=\Pi_Ug+(g-\Pi_Ug)$ and use the triangle inequality for the linear map $I-\Pi_W$:
# $\lVert(I-\Pi_W)g\rVert\le\lVert(I-\Pi_W)\Pi_Ug\rVert+\lVert(I-\Pi_W)(g-\Pi_Ug)\rVert$. The first summand is the distance of
# $\Pi_Ug\in U$ from $W$, at most $s\lVert\Pi_Ug\rVert=s\sqrt{1-L_{task}}$ (Pythagoras). A projection does not lengthen: the second is
# at most $\lVert g-\Pi_Ug\rVert=\sqrt{L_{task}}$.
#
# **b.** $\sqrt{1-L_{task}}\le1$ and Theorem 7.8 give $L_{task}(f)\le\bigl(s+2\sqrt{\alpha/\lambda}\bigr)^2$ with $\lambda$ the smallest lost
# eigenvalue. With $\alpha=0$ the loss is at most $s^2$. It is attained: two nodes with one
# edge, $k=1$ and constant labels $y=1$. Then $\alpha=0$, $\lambda_2=2$, $U=\operatorname{span}(u_1)$ with $u_1=\sqrt p$. Let $f$ have the single
# column with $\sqrt p f=\sqrt{1-s^2}\,u_1+s\,u_2$. The unit vector $u_1$ has distance $s$ from $W$, and $g=u_1$, so that
# $L_{task}(f)=s^2$.
#
# **c.** From the other side, $g-\Pi_Wg$ vanishes as soon as $g\in W$. If $W$ may have more dimensions than $U$ then even $s=0$ is
# compatible with $L_{task}(f)=0$: append the labels as a column. If $\dim W=\dim U$, then every unit vector of $W$ is at distance at
# most $s$ from $U$ too (for $s<1$: the two projections have the same largest principal angle), and exchanging roles
# $\sqrt{L_{task}}\le s\sqrt{1-L_{task}(f)}+\sqrt{L_{task}(f)}\le s+\sqrt{L_{task}(f)}$: so $L_{task}(f)\ge(\sqrt{L_{task}}-s)^2$ where
# $s<\sqrt{L_{task}}$. For large $s$ nothing: $k=1$ and $f=y$ has $L_{task}(f)=0$, whatever $L_{task}$ is.
#
# **d.** $W$ is spanned by the unit vector $v=\cos\theta\,u_1+\sin\theta\,u_2$, $U$ by $u_1$; its distance from $W$ is
# $\sqrt{1-\cos^2\theta}=|\sin\theta|=s$. $L_{task}(f)=1-(\cos\theta\,\beta_1+\sin\theta\,\beta_2)^2$ and $L_{task}=1-\beta_1^2$. The trained
# encoder is better exactly when $|\cos\theta\,\beta_1+\sin\theta\,\beta_2|>|\beta_1|$; for example with balanced labels, $\beta_1=0$,
# whenever $\sin\theta\,\beta_2\ne0$. The minimiser of the spectral loss is the best for the *worst* labels (Proposition 7.12), not for
# yours.
#
# === BEGIN MARK SCHEME ===
# - 1½ points, a: both losses as distances (½); the split of $g$ and the triangle inequality (½); the two estimates, with
#   $\lVert\Pi_Ug\rVert^2=1-L_{task}$ (½).
# - 1 point, b: the bound, also in an equivalent or slightly different form, such as with $\sqrt{1-L_{task}}$ kept (½); $s^2$ with an example
#   that attains it (½).
# - 1 point, c: large $s$ (or $\dim W>\dim U$) allows 0, with an example (½); a positive lower bound for small $s$ and equal dimensions, or
#   the remark that equal dimensions are needed (½).
# - ½ point, d: $s=|\sin\theta|$, the loss, and labels for which it is smaller.
# - Equal masses assumed throughout: at most 3 points.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 13 · `linear_probe`
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
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
# - Shapes that do not fit, and NaN, raise `ValueError`. (Labels of one class only are not asked.)
#
# How it is graded. First on clusters so far apart that every sane linear classifier makes no error. Then on
# scikit-learn's digits (features of held-out images, pooled over three tasks): your accuracy, computed there from
# your predictions, must be at least that of least squares on one-hot targets **minus 0.07**. Last on overlapping clouds in
# 9 to 12 dimensions with 300 training rows, **a quarter of whose labels is wrong**: a linear classifier averages the errors
# away, one that remembers single rows repeats them; at least least squares **minus 0.12** is asked there. And between two
# classes the label may change once along a straight line, not back: that is what *linear* means. In the notebook
# you see the first part.


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


# %% nbgrader={"grade": true, "grade_id": "check_linear_probe", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(linear_probe)

# %% [markdown]
# **Your probe on real images** (not graded): the pixels of the digits, shifted off centre, with 20 to 1000 labels.
# (Plain least squares is at its worst where the labels are about as many as the 64 pixels: the peak in the lecture.)

# %%
from course import data, solved

if solved(linear_probe):
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
# python -m autograder grade work/exercises/07_linear_probe/07_linear_probe.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_trained")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
