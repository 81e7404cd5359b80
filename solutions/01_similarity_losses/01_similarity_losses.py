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
# # 01 · Similarity losses
#
# *From the logistic loss of one pair to NT-Xent.* Read the lecture `lectures/01_similarity_losses.ipynb` first.
#
# You will write five losses, each a few lines, and answer four short questions about their limits.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `logistic_loss` | 10 min | 2 |
# | 2 | `hinge_loss` | 5 min | 2 |
# | 3 | `contrastive_loss` | 15 min | 3 |
# | 4 | `contrastive_gradient` and its derivation | 35 min | 4 + 5 by hand |
# | 5 | `nt_xent` | 25 min | 5 |
# | 6 | four limits | 20 min | 4 |
#
# **How it works.** Write your code where it says `YOUR CODE HERE` (replace the `raise` line too), run the cell, then run
# the `check(...)` cell below it. The check answers at once: what holds, what does not, and, where it recognises it, which
# belief is wrong. Hints unfold one after the other; try before you open the next. Your grade is decided later on *other*
# inputs, drawn after your code has been loaded, so only a function that is right everywhere gets all points.
#
# **Conventions.** `anchor`, `positive`, `negative` have shape (B, d), `negatives` has shape (B, N, d) and never holds the
# positive. Natural logarithm, nats. A loss is a tensor of shape (), the mean over anchors, differentiable, computed
# best without a Python loop over the batch (a loop is slow, not wrong), finite for logits of $\pm 10^4$ (a logit is what stands in the exponent), in
# float16, float32 and float64. Your functions must not change their inputs. Wrong shapes, an empty batch, NaN, or a
# number out of range raise `ValueError`; `course.validate` does that in a line:
#
# ```python
# validate.batch(anchor=anchor, positive=positive)      # equal shapes (B, d), B >= 1, no NaN
# validate.candidates(anchor, negatives=negatives)      # (B, N, d) that fits the anchor, N >= 1
# validate.positive(temperature=temperature)            # a finite number > 0
# validate.non_negative(margin=margin)                  # a finite number >= 0
# ```

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate

# %% [markdown]
# ## 1 · `logistic_loss`
#
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
#
# The anchor should be more similar to the positive than to the negative. With similarities as inner products, the
# logistic loss of one triplet is $\ln\left(1 + e^{\,a\cdot n - a\cdot p}\right)$: small when the positive wins by a wide
# margin, about linear in the gap when the negative wins. Return the mean over the batch,
#
# $$L = \frac1B \sum_{i=1}^{B} \ln\left(1 + e^{\,a_i\cdot n_i - a_i\cdot p_i}\right).$$


# %% nbgrader={"grade": false, "grade_id": "logistic_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def logistic_loss(anchor, positive, negative):
    """Mean of ln(1 + exp(a.n - a.p)) over the batch, in nats.

    anchor, positive, negative: (B, d) floating tensors. Returns a tensor of shape ().
    Raises ValueError for unequal shapes, an empty batch, NaN. Source: CURL (Saunshi et al. 2019), eq. (1).
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    gap = (anchor * (negative - positive)).sum(dim=1)  # (B,)
    return F.softplus(gap).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_logistic_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(logistic_loss)

# %% [markdown]
# ## 2 · `hinge_loss`
#
# *Difficulty* ●○○○○ · *time* 5 min · 2 points
#
# The older twin: ask for a margin $m \ge 0$ and pay nothing beyond it,
#
# $$L = \frac1B \sum_{i=1}^{B} \max\left(0,\; m - a_i\cdot(p_i - n_i)\right).$$
#
# (No gradient is compared at the kink, where the argument of the maximum is 0.)


# %% nbgrader={"grade": false, "grade_id": "hinge_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hinge_loss(anchor, positive, negative, margin=1.0):
    """Mean of max(0, margin - a.(p - n)) over the batch.

    anchor, positive, negative: (B, d) floating tensors; margin: a finite number >= 0. Returns a tensor of shape ().
    Raises ValueError for unequal shapes, an empty batch, NaN, a negative margin. Source: Wang & Gupta 2015.
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive, negative=negative)
    validate.non_negative(margin=margin)
    lead = (anchor * (positive - negative)).sum(dim=1)  # (B,)
    return (margin - lead).clamp(min=0).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_hinge_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(hinge_loss)

# %% [markdown]
# ## 3 · `contrastive_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points
#
# Now N negatives at once. Choosing the positive among the N + 1 candidates is a classification problem, and the loss is its
# cross-entropy with inner products as logits:
#
# $$L = \frac1B \sum_{i=1}^{B} -\ln \frac{e^{\,a_i\cdot p_i}}{e^{\,a_i\cdot p_i} + \sum_{j=1}^{N} e^{\,a_i\cdot n_{ij}}}.$$
#
# With N = 1 this is `logistic_loss`. The inner products are used as they are: no normalisation, no temperature.


# %% nbgrader={"grade": false, "grade_id": "contrastive_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def contrastive_loss(anchor, positive, negatives):
    """Mean of -ln( e^{a.p} / (e^{a.p} + sum_j e^{a.n_j}) ) over the batch, in nats.

    anchor, positive: (B, d); negatives: (B, N, d), N >= 1. Returns a tensor of shape ().
    Raises ValueError for shapes that do not fit, an empty batch, N = 0, NaN. Source: Merad et al. 2020, eq. (6).
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)  # (B, 1 + N, d), the positive first
    logits = torch.einsum("bd,bnd->bn", anchor, candidates)  # (B, 1 + N)
    return (logits.logsumexp(dim=1) - logits[:, 0]).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_contrastive_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(contrastive_loss)

# %% [markdown]
# ## 4 · `contrastive_gradient`
#
# *Difficulty* ●●●○○ · *time* 15 min for the code, 20 min for the derivation · 4 points, and 5 by hand
#
# What does one step of gradient descent do? **By hand:** let $\ell$ be the loss of one anchor $a$ with candidates
# $c_0 = p$ and $c_j = n_j$, and $w_j$ the softmax weights of its logits $s_j = a\cdot c_j$. In the cell below,
#
# 1. derive the gradients of $\ell$ by the anchor, by the positive and by each negative;
# 2. add up the gradients by all $N + 1$ candidates. What does the result say about a step of gradient descent?
# 3. let all vectors coincide (collapse). Which of the gradients vanish? What is left of the others on the unit sphere?
#
# **In code:** the derivative of `contrastive_loss` (the *mean* over the batch) by the anchor, in closed form, shape (B, d).
# The check calls it inside `torch.inference_mode()`, where autograd is switched off.

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_gradient", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **1.** $\ell = \ln\sum_{j=0}^{N} e^{s_j} - s_0$, so $\partial\ell/\partial s_j = w_j - [j = 0]$ with
# $w_j = e^{s_j}/\sum_k e^{s_k}$, where $[j = 0]$ is 1 for the positive and 0 otherwise. By the chain rule, since
# $\partial s_j/\partial a = c_j$ and $\partial s_j/\partial c_j = a$ (and $s_j$ depends on no other candidate),
#
# $$\nabla_a\ell = \sum_{j=0}^{N} (w_j - [j=0])\,c_j = \sum_{j=0}^{N} w_j c_j - p,\qquad
# \nabla_p\ell = -(1 - w_0)\,a,\qquad \nabla_{n_j}\ell = w_j\,a.$$
#
# **2.** $\nabla_p\ell + \sum_{j\ge1}\nabla_{n_j}\ell = \left(\sum_{j=0}^{N} w_j - 1\right) a = 0$, because the weights sum to
# 1. A step moves the positive towards the anchor and the negatives away from it, each along $a$, and leaves the centre of
# the candidates where it is: what the positive gains, the negatives lose, the most similar ones most.
#
# **3.** With all $c_j = a$ the weights are $1/(N+1)$. Then $\nabla_a\ell = \sum_j w_j\,a - a = 0$: the anchor feels nothing.
# The candidates' gradients do not vanish, $\nabla_p\ell = -\frac{N}{N+1}a$ and $\nabla_{n_j}\ell = \frac{1}{N+1}a$, but
# they point along $a$, which is the direction of the vectors themselves. On the unit sphere only the part orthogonal to
# the vector counts, and that is 0: collapse is a stationary point.
#
# === BEGIN MARK SCHEME ===
# 2 points: the three gradients, with the softmax over all N + 1 candidates and the chain rule shown (1 for the anchor's
# alone; it stands in the lecture).
# 1 point: they sum to 0 because the weights sum to 1, and what that means.
# 1 point: at collapse the anchor's gradient is 0 and the candidates' are multiples of a, with their factors.
# 1 point: radial parts do not count on the sphere, so collapse is stationary there.
# === END MARK SCHEME ===
# ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "contrastive_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def contrastive_gradient(anchor, positive, negatives):
    """Derivative of contrastive_loss(anchor, positive, negatives) by the anchor, in closed form.

    anchor, positive: (B, d); negatives: (B, N, d), N >= 1; none carries a graph. Returns (B, d).
    Raises ValueError as contrastive_loss does.
    """
    ### BEGIN SOLUTION
    validate.batch(anchor=anchor, positive=positive)
    validate.candidates(anchor, negatives=negatives)
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)  # (B, 1 + N, d)
    weights = torch.einsum("bd,bnd->bn", anchor, candidates).softmax(dim=1)  # (B, 1 + N)
    centre = torch.einsum("bn,bnd->bd", weights, candidates)  # where the softmax looks, (B, d)
    return (centre - positive) / anchor.shape[0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_contrastive_gradient", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(contrastive_gradient)

# %% [markdown]
# A picture of what you computed (not graded): one anchor on the circle, a positive, two negatives. The arrow is the step
# that gradient descent takes.

# %%
from course.plots_steps import gradient_step

gradient_step(contrastive_gradient, anchor=0.3, positive=1.5, negatives=[-0.5, 3.6])

# %% [markdown]
# ## 5 · `nt_xent`
#
# *Difficulty* ●●●○○ · *time* 25 min · 5 points
#
# The loss of SimCLR: two views of each of B images, both directions, cosine similarity, temperature. Stack the views to
# $z_1,\dots,z_{2B}$ (first all of `view1`, then all of `view2`); row $i$ of one view and row $i$ of the other are each
# other's positive. For each of the 2B anchors **all 2B - 1 other views are candidates**, the positive among them:
#
# $$L = \frac1{2B}\sum_{i=1}^{2B} -\ln\frac{e^{\,\cos(z_i, z_{i^+})/t}}{\sum_{k\neq i} e^{\,\cos(z_i, z_k)/t}},
# \qquad \cos(u, v) = \frac{u\cdot v}{\lVert u\rVert\,\lVert v\rVert}.$$
#
# Rows may be much shorter or longer than 1 (never 0), the temperature $t$ may be 0.001 or lower. With B = 1 there is
# nothing to compare with: that raises.


# %% nbgrader={"grade": false, "grade_id": "nt_xent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nt_xent(view1, view2, temperature=0.5):
    """Mean over all 2B anchors of -ln( e^{cos(z_i, z_i+)/t} / sum_{k != i} e^{cos(z_i, z_k)/t} ), in nats.

    view1, view2: (B, d), B >= 2, row i of one is the positive of row i of the other; temperature > 0.
    Returns a tensor of shape (). Raises ValueError for unequal shapes, B < 2, NaN, temperature <= 0.
    Source: SimCLR (Chen et al. 2020), eq. (1).
    """
    ### BEGIN SOLUTION
    validate.batch(view1=view1, view2=view2)
    validate.positive(temperature=temperature)
    if len(view1) < 2:
        raise ValueError(f"nt_xent needs at least two images, got shape {tuple(view1.shape)}")
    z = F.normalize(torch.cat([view1, view2]), dim=1)  # (2B, d)
    logits = z @ z.T / temperature  # (2B, 2B)
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    partner = torch.arange(len(z), device=z.device).roll(len(view1))  # i -> i + B modulo 2B
    return F.cross_entropy(logits.masked_fill(itself, -torch.inf), partner)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_nt_xent", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(nt_xent)

# %% [markdown]
# ## 6 · Four limits
#
# *Difficulty* ●●○○○ · *time* 20 min · 1 point each
#
# Work them out with a pencil, then give the **number** (an expression such as `math.log(3)` is fine; four digits are not
# enough: float64, right to 1e-8).
#
# **Collapse.** An encoder maps every image to the same unit vector. What is `nt_xent` for B = 32, at any temperature?

# %% nbgrader={"grade": false, "grade_id": "limit_collapse", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_collapse = None
### BEGIN SOLUTION
limit_collapse = math.log(63)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_collapse", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_collapse, "limit_collapse")

# %% [markdown]
# **Minimum.** B = 4 images, temperature 0.5, as many dimensions as you like. What is the smallest value that `nt_xent` can
# take? (The two views of an image may coincide. The lecture proves which arrangement is best.)

# %% nbgrader={"grade": false, "grade_id": "limit_minimum", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_minimum = None
### BEGIN SOLUTION
limit_minimum = math.log(1 + 6 * math.exp(-8 / 3))
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_minimum", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_minimum, "limit_minimum")

# %% [markdown]
# **Cold.** One anchor has similarity 0.6 to its positive and 0.9, 0.2, -0.4 to three negatives, and the loss at temperature
# $t$ is $\ell(t) = -\ln\left(e^{0.6/t} / \sum_k e^{s_k/t}\right)$ over the four candidates. What is
# $\lim_{t\to0} t\,\ell(t)$?

# %% nbgrader={"grade": false, "grade_id": "limit_cold", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_cold = None
### BEGIN SOLUTION
limit_cold = 0.9 - 0.6
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_cold", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_cold, "limit_cold")

# %% [markdown]
# **Hot.** The same anchor. As $t\to\infty$ the loss forgets the similarities and tends to $\ln 4$. What is left of them in
# first order: what is $\lim_{t\to\infty} t\,(\ell(t) - \ln 4)$?

# %% nbgrader={"grade": false, "grade_id": "limit_hot", "locked": false, "schema_version": 3, "solution": true, "task": false}
limit_hot = None
### BEGIN SOLUTION
limit_hot = (0.6 + 0.9 + 0.2 - 0.4) / 4 - 0.6
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_limit_hot", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(limit_hot, "limit_hot")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade exercises/01_similarity_losses/01_similarity_losses.ipynb
# ```
