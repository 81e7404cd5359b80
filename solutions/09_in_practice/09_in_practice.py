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
# # Exercise 09 · The methods in practice
#
# *Which parts of SimCLR's successors are needed, and which are habit?* Read the
# [lecture](../../lectures/09_in_practice.ipynb) first.
#
# MoCo, BYOL, SimSiam, SwAV and Barlow Twins are each a few lines on top of one training loop. Almost every mistake in
# these lines leaves the *value* of the loss as it is: a gradient that flows where it must not, a queue that shares its
# memory, a momentum on the wrong side. So here the behaviour is checked, not only the number. At the end you make a
# training collapse, with its loss at the very best, and repair it.
#
# | | what | time | points |
# |---|---|---|---|
# | 1 | `two_views` | 5 min | 1 |
# | 2-4 | MoCo: `momentum_update`, `NegativeQueue`, `moco_loss` | 65 min | 2 + 2 + 2 |
# | 5-6 | no negatives: `byol_loss`, `simsiam_loss` | 25 min | 2 + 1 |
# | 7 | what the stop-gradient does | 45 min | 4 by hand |
# | 8-9 | SwAV: `sinkhorn`, `swav_loss` | 50 min | 3 + 2 |
# | 10 | a proof in order: why alternating works | 25 min | 2 |
# | 11-12 | `barlow_loss`, `gram_covariance_gap` | 35 min | 2 + 2 |
# | 13-14 | to see collapse: `effective_rank`, `knn_accuracy` | 25 min | 1 + 1 |
# | 15-16 | which directions live: `collapsed_directions`, `survival_threshold` | 50 min | 2 + 3 |
# | 17 | make it collapse, then repair it: `collapse_and_repair` | 50 min | 4 |
#
# **Conventions.** Torch tensors, one row an image: row i of every argument belongs to image i. Losses are means over the
# batch, in nats where there is a logarithm, tensors of shape (). *Length* is the Euclidean norm; *cosine* the inner
# product of two rows scaled to length 1. Inputs are never changed, unless the question says so. A gradient that must not
# flow is 0, or there is none (`None`). Wrong shapes, an empty batch, NaN or a number out of range raise `ValueError` that
# quotes what offended. Infinities and, in losses, rows of length 0 are asked only where the text says so. You may call the
# functions that you wrote earlier in this notebook.
#
# A question that says *transcribe* asks for what the text states; everywhere else the formula is yours to find.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate
from course.check.drive import driven  # what a failing check gives you to paste may ask for it
from course.training import make_encoder, snapshot
from course.views import augment, batches

UNIT_LENGTH = 1e-3  # how far from 1 the length of a row may be where rows of length 1 are asked for


def check_unit_rows(rows, name):
    """ValueError unless rows (n, d) is floating, n >= 1, without NaN, each row of length 1 (to UNIT_LENGTH)."""
    validate.batch(**{name: rows})
    lengths = torch.linalg.vector_norm(rows, dim=1)
    worst = lengths[(lengths - 1).abs().argmax()]
    if not abs(float(worst) - 1) <= UNIT_LENGTH:
        raise ValueError(f"the rows of {name} must have length 1, one has {float(worst):.6g}")


# %% [markdown]
# ## 1 · `two_views`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# All methods begin with two random views of each image. `augment(images, generator)` of the setup cell draws one view of
# each image; it takes all its randomness from `generator`, and every call draws anew. Return the tuple
# `(view1, view2)`: two *independent* views of every image, row i of both from image i, each view from a call of its own, the
# first view's first. The caller's generator is the only source of randomness: the same generator state gives the same pair, whatever else happens
# in the notebook.
#
# `images` is a floating tensor (n, c, h, w), n at least 1, without NaN; anything else raises `ValueError`. The third
# argument lets an experiment bring its own augmentation; leave its default.

# %% nbgrader={"grade": false, "grade_id": "two_views", "locked": false, "schema_version": 3, "solution": true, "task": false}
def two_views(images, generator, augment=augment):
    """Two independent random views of each image: a tuple (view1, view2), each of the shape of `images`.

    images (n, c, h, w) floating, n >= 1, without NaN; generator: a torch.Generator on the CPU; augment(images, generator)
    -> one view of each image. ValueError for other images.
    """
    ### BEGIN SOLUTION
    validate.floating("images", images)
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(f"images must have shape (n, c, h, w) with n >= 1, got {tuple(images.shape)}")
    view1 = augment(images, generator)
    return view1, augment(images, generator)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_two_views", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(two_views)

# %% [markdown]
# ## 2 · `momentum_update`
#
# *Difficulty* ●●○○○ · *time* 20 min · 2 points
#
# MoCo and BYOL have two encoders: the *online* one is trained, the *target* follows it as a moving average. `target` and
# `online` are two `torch.nn.Module`s of the same architecture. After the call:
#
# - each **parameter** of the target is the weighted mean of what it was and of the online parameter; `momentum` is the
#   share that it keeps of itself;
# - each **buffer** of the target (the running mean of a batch norm, its counter of batches) equals the online one;
# - the online module is as it was, and nothing ties the target to it: no autograd graph, no shared memory.
#
# The update is *in place*: an optimiser or a second name that holds a tensor of the target sees it change. Nothing is
# returned. A counter is an integer, `momentum` 0 and 1 are allowed, parameters may or may not require gradients.
#
# `ValueError` for a momentum outside [0, 1] or NaN, and for modules whose parameters or buffers differ in names or shapes;
# then the target is as it was.

# %% nbgrader={"grade": false, "grade_id": "momentum_update", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_update(target, online, momentum):
    """Move the parameters of `target` towards those of `online`, in place, and copy the buffers. Returns None.

    target, online: torch.nn.Module with the same names and shapes; 0 <= momentum <= 1, the share that a parameter of the
    target keeps of itself. ValueError for anything else. Sources: He et al. 2020 (MoCo), Grill et al. 2020 (BYOL).
    """
    ### BEGIN SOLUTION
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must lie in [0, 1], got {momentum!r}")
    pairs = []
    for kind in ("named_parameters", "named_buffers"):
        mine, theirs = (dict(getattr(module, kind)()) for module in (target, online))
        shapes = [{name: tuple(value.shape) for name, value in tensors.items()} for tensors in (mine, theirs)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"target and online differ: {shapes[0]} and {shapes[1]}")
        pairs.append([(mine[name], theirs[name]) for name in mine])
    parameters, buffers = pairs
    with torch.no_grad():
        for old, new in parameters:
            old.mul_(momentum).add_(new, alpha=1 - momentum)
        for old, new in buffers:
            old.copy_(new)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_momentum_update", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(momentum_update)

# %% [markdown]
# ## 3 · `NegativeQueue`
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# MoCo takes its negatives from a queue: the keys of the last batches. Write the class.
#
# - `NegativeQueue(size, dim)`: an empty queue for at most `size` keys of dimension `dim`, both integers of at least 1.
# - `push(keys)`: add keys (B, dim), rows of length 1 (`check_unit_rows`). Where they do not fit, the oldest rows go, and
#   only as many as must; of a batch the first row is the oldest. The queue keeps *copies*: what happens to `keys` afterwards, in place or by a gradient step, does
#   not reach it. No graph is kept either. Returns nothing.
# - `rows()`: the keys that are held, (n, dim) with n at most `size`, in any order, of the dtype of the keys; before the
#   first push of shape (0, dim). The answer is the caller's own: the next push does not change it, and changing it does
#   not change the queue.
#
# The size need not be a multiple of the batch, and batches may differ in size. `ValueError` for keys of another
# dimension, rows off length 1, NaN, and a batch larger than the queue; a refused push leaves the queue as it was.

# %% nbgrader={"grade": false, "grade_id": "NegativeQueue", "locked": false, "schema_version": 3, "solution": true, "task": false}
class NegativeQueue:
    """The last `size` keys of dimension `dim` that were pushed.

    push(keys): keys (B, dim), 1 <= B <= size, rows of length 1, any floating dtype; rows(): (n, dim), n <= size.
    ValueError for a size or dim that is no integer >= 1 and for other keys. Source: He et al. 2020 (MoCo).
    """

    def __init__(self, size, dim):
        ### BEGIN SOLUTION
        validate.count(size=size, dim=dim)
        self.size, self.dim, self.held = size, dim, torch.zeros(0, dim)
        ### END SOLUTION

    def push(self, keys):
        ### BEGIN SOLUTION
        check_unit_rows(keys, "keys")
        if keys.shape[1] != self.dim or len(keys) > self.size:
            raise ValueError(f"keys {tuple(keys.shape)} do not fit a queue of {self.size} keys of dimension {self.dim}")
        keys = keys.detach()
        self.held = torch.cat([self.held.to(keys), keys])[-self.size :]  # cat copies
        ### END SOLUTION

    def rows(self):
        ### BEGIN SOLUTION
        return self.held.clone()
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_NegativeQueue", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(NegativeQueue)

# %% [markdown]
# ## 4 · `moco_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Row i of `query` (B, d) comes from the online encoder, row i of `key` (B, d) from the target encoder, another view of the
# same image. The candidates of query i are its own key and all rows of `queue` (K, d), nothing else; similarity is cosine
# divided by the temperature; the loss is the mean cross-entropy of finding the own key, in nats.
#
# Queries and keys may have any length other than 0; the rows of the queue must have length 1 (`check_unit_rows`), K at
# least 1; in the check they have it up to rounding. **The loss trains the query only.** B = 1 is allowed. Temperatures go
# down to 0.001.

# %% nbgrader={"grade": false, "grade_id": "moco_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def moco_loss(query, key, queue, temperature):
    """MoCo's InfoNCE loss in nats, a tensor of shape (): the negatives of every query are the rows of the queue.

    query, key (B, d), B >= 1; queue (K, d), rows of length 1, K >= 1; temperature > 0. Gradient flows to the query only.
    ValueError for anything else. Source: He et al. 2020, eq. (1).
    """
    ### BEGIN SOLUTION
    validate.batch(query=query, key=key)
    check_unit_rows(queue, "queue")
    validate.positive(temperature=temperature)
    if queue.shape[1] != query.shape[1]:
        raise ValueError(f"queue {tuple(queue.shape)} and query {tuple(query.shape)} differ in dimension")
    query, key = F.normalize(query, dim=1), F.normalize(key.detach(), dim=1)
    own = (query * key).sum(dim=1, keepdim=True)
    logits = torch.cat([own, query @ queue.detach().T], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long, device=query.device))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_moco_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(moco_loss)

# %% [markdown]
# ## 5 · `byol_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# No negatives. The online branch makes a *prediction* for each view, `p1` and `p2`; the target branch an output for each
# view, `t1` and `t2`, all (B, d). A prediction from one view is judged by the target's output for the **other** view: by
# the squared distance of the two after both are scaled to length 1. The loss is the mean over the batch of the *sum* of the
# two squared distances of an image. **It trains the online branch only.**

# %% nbgrader={"grade": false, "grade_id": "byol_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def byol_loss(p1, p2, t1, t2):
    """BYOL's loss, a tensor of shape (): mean over the batch of the sum of both directions' squared distances.

    p1, p2 (B, d): predictions from view 1 and view 2; t1, t2 (B, d): target outputs of view 1 and view 2; B >= 1.
    Gradient flows to p1 and p2 only. ValueError for unequal shapes, an empty batch, NaN. Source: Grill et al. 2020.
    """
    ### BEGIN SOLUTION
    validate.batch(p1=p1, p2=p2, t1=t1, t2=t2)

    def distance(p, t):
        return (F.normalize(p, dim=1) - F.normalize(t.detach(), dim=1)).square().sum(dim=1).mean()

    return distance(p1, t2) + distance(p2, t1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_byol_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(byol_loss)

# %% [markdown]
# ## 6 · `simsiam_loss`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point
#
# SimSiam has no second encoder: `z1`, `z2` (B, d) are the encoder's own outputs for the two views, and `p1`, `p2` (B, d) what
# the predictor makes of them. The loss is the *negative cosine* of a prediction and the other view's output, averaged over
# the batch and over both directions; it lies in [-1, 1]. In training the same `z1` reaches the loss on two ways, through
# the predictor and as a target. **Only one of the two may carry a gradient.** Here all four are separate tensors: which
# gradients are 0?

# %% nbgrader={"grade": false, "grade_id": "simsiam_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def simsiam_loss(p1, p2, z1, z2):
    """SimSiam's loss, a tensor of shape () in [-1, 1].

    p1, p2 (B, d): predictions from view 1 and view 2; z1, z2 (B, d): outputs of view 1 and view 2; B >= 1. ValueError for
    unequal shapes, an empty batch, NaN. Source: Chen & He 2021.
    """
    ### BEGIN SOLUTION
    validate.batch(p1=p1, p2=p2, z1=z1, z2=z2)
    first = F.cosine_similarity(p1, z2.detach(), dim=1).mean()
    second = F.cosine_similarity(p2, z1.detach(), dim=1).mean()
    return -(first + second) / 2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_simsiam_loss", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(simsiam_loss)

# %% [markdown]
# ## 7 · `derive_stop_gradient`: descending on nothing
#
# *Difficulty* ●●●●○ · *time* 45 min · 4 points · read by a person
#
# The smallest SimSiam: inputs are numbers, the two views $x,x'$ of an image have $E\,x^2=E\,x'^2=1$ and
# $E\,xx'=\tau\in(0,1)$. The encoder is $z=\theta x$, the predictor $p=wz$, and the loss
# $\mathcal L=\frac12E\bigl(w\theta x-\theta x'\bigr)^2$. *With stop-gradient* the second $\theta$ counts as a constant when
# derivatives are taken. Training is the flow $\dot w=-g_w$, $\dot\theta=-g_\theta$, without weight decay.
#
# a. Compute $g_w$ and $g_\theta$ with stop-gradient. Show that no function $V(w,\theta)$ has this field as its gradient.
#    So what does training with a stop-gradient descend on?
#
# b. With stop-gradient: find a quantity that the flow conserves, and show that $w$ moves towards $\tau$ monotonically.
#    For which starts $(w_0,\theta_0)$ with $\theta_0\ne0$ does $\theta$ tend to 0, and where does it go otherwise?
#
# c. Somebody puts the stop-gradient on the *prediction*: now $w\theta x$ counts as a constant, and $\theta x'$ is
#    differentiated. What happens to $w$, and when does $\theta$ collapse? What if it does not?
#
# d. In which of a. to c. is $\mathcal L$ smallest in the limit? What does that say about choosing a method, or a
#    checkpoint, by its loss?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_stop_gradient", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** With the target constant, $g_w=E(w\theta x-\theta x')\,\theta x=\theta^2(w-\tau)$ and
# $g_\theta=E(w\theta x-\theta x')\,wx=w\theta(w-\tau)$. If $g=\nabla V$ with $V$ twice continuously differentiable (the
# field is polynomial, so $V$ would be), mixed derivatives agree. But
# $\partial_\theta g_w=2\theta(w-\tau)$ and $\partial_wg_\theta=\theta(2w-\tau)$, which differ by $\tau\theta$: not 0 for any
# $\theta\ne0$. So training descends on no function at all; the number that is printed as the loss is not what it
# minimises.
#
# **b.** $\frac{d}{dt}(\theta^2-w^2)=-2\theta g_\theta+2wg_w=-2w\theta^2(w-\tau)+2w\theta^2(w-\tau)=0$. So
# $\theta^2=w^2+c$ with $c=\theta_0^2-w_0^2$. And $\dot w=-\theta^2(w-\tau)$: $w-\tau$ keeps its sign and its absolute value
# falls. Hence $w$ converges. If $\int_0^\infty\theta^2dt=\infty$ then $w\to\tau$ and $\theta^2\to\tau^2+c$, which is then
# $\ge0$. If the integral is finite, then $\theta^2=w^2+c$, which converges, converges to 0.
# If $c>-\min w^2$ along the way from $w_0$ to $\tau$, $\theta^2$ stays away from 0, so the integral is infinite and
# $\theta\to\pm\sqrt{\tau^2+\theta_0^2-w_0^2}$, with the sign of $\theta_0$. This is so for $c>0$, whatever $w_0$; and, for $w_0>0$, whenever
# $c>-\min(w_0,\tau)^2$; as $\theta_0^2>0$ means $c>-w_0^2$, what is left for $w_0>0$ is $c\le-\tau^2$ with $w_0>\tau$:
# then $w$ falls to $\sqrt{-c}\ge\tau$, where $\theta=0$: collapse. For $w_0\le0$ the way from $w_0$ to $\tau$ passes 0:
# $\theta^2=w^2+c$ would have to be $c$ there, so for $c\le0$, that is $\theta_0^2\le w_0^2$, $w$ stops at $-\sqrt{-c}$: collapse.
# Together: $\theta\to0$ exactly if $w_0>0$ and $w_0^2\ge\tau^2+\theta_0^2$, or $w_0\le0$ and $w_0^2\ge\theta_0^2$ (a start
# with $w_0=0$ has $c>0$ and survives). A predictor that starts small does not collapse.
#
# **c.** Nothing that is differentiated holds $w$: $g_w=0$, $w$ stays at $w_0$. $g_\theta=E(\theta x'-w\theta x)\,x'=\theta(1-w\tau)$, so
# $\theta=\theta_0e^{-(1-w_0\tau)t}$: it collapses if $w_0\tau<1$, stays as it was if $w_0\tau=1$, and grows without bound if
# $w_0\tau>1$. With a predictor of ordinary size it collapses.
#
# **d.** $\mathcal L=\frac12\theta^2(w^2-2\tau w+1)=\frac12\theta^2\bigl((w-\tau)^2+1-\tau^2\bigr)$. In b. without collapse the
# limit is $\frac12(\tau^2+c)(1-\tau^2)>0$. Where $\theta$ collapses, in b. or in c., it is 0, the smallest value
# that a square has. So the best loss belongs to the representation that is worth nothing: the loss ranks neither methods nor
# checkpoints. Look at the spread of the outputs: their variance, their rank, a probe.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: both components (½); unequal mixed derivatives, and the conclusion that there is no such function (½).
# - 1½ points, b: the conserved quantity with its verification (½); $w-\tau$ shrinks without change of sign (½); the limit of
#   $\theta^2$ and a correct set of collapsing starts (½; the case $w_0>0$ alone is enough if it says so).
# - 1 point, c: $w$ is not trained (½); the exponential, with both signs of $1-w_0\tau$ (½).
# - ½ point, d: loss 0 exactly where it collapses, and what to look at instead.
# - Any correct argument gets full marks.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 8 · `sinkhorn`
#
# *Difficulty* ●●●○○ · *time* 30 min · 3 points
#
# SwAV turns the scores of B images against K prototypes into *codes*: how much of each image goes to each prototype. From
# `scores` (B, K) make the positive matrix with entries $e^{s_{ik}/\varepsilon}$, and alternate `n_iterations` times:
#
# 1. rescale each **column**, so that all prototypes get the same share of the B images;
# 2. rescale each **row**, so that each image is shared out completely: it sums to 1.
#
# So the rows are normalised *last*, and are exact; the columns are as good as the iterations make them. Return the codes
# (B, K). Scores are cosines, but $\varepsilon$ may be 0.001, where $e^{s/\varepsilon}$ is infinite or 0 in any floating dtype, even after
# the largest score is subtracted: a row whose scores all lie below the largest one must still sum to 1.
#
# B = 1 raises: equal shares of one image are not what anybody wants. $\varepsilon$ must be positive, `n_iterations` an integer
# of at least 1.

# %% nbgrader={"grade": false, "grade_id": "sinkhorn", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sinkhorn(scores, epsilon, n_iterations):
    """Codes (B, K): scores made positive, columns and rows rescaled in turn, rows last, each row of sum 1.

    scores (B, K) floating, B >= 2; epsilon > 0; n_iterations >= 1. The dtype is that of the scores. ValueError for anything
    else. Sources: Cuturi 2013; Caron et al. 2020 (SwAV).
    """
    ### BEGIN SOLUTION
    validate.batch(scores=scores)
    validate.positive(epsilon=epsilon)
    validate.count(n_iterations=n_iterations)
    if len(scores) < 2:
        raise ValueError(f"sinkhorn needs at least two images, got scores of shape {tuple(scores.shape)}")
    log_codes = scores / epsilon
    for _ in range(n_iterations):
        log_codes = log_codes - log_codes.logsumexp(dim=0, keepdim=True)  # up to the share B / K, which the rows undo
        log_codes = log_codes - log_codes.logsumexp(dim=1, keepdim=True)
    return log_codes.exp()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_sinkhorn", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(sinkhorn)

# %% [markdown]
# ## 9 · `swav_loss`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# `scores1`, `scores2` (B, K) are the cosines of the two views with the K prototypes. The codes of a view come from its own
# scores by `sinkhorn(scores, epsilon, n_iterations)`. Each view must *predict the code of the other one*: its prediction
# is the softmax of its own scores divided by `temperature`, its cost the cross-entropy of that prediction under the code, in nats. The loss is the mean over the
# batch, averaged over both directions.
#
# **Codes are targets:** no gradient flows through them. Gradient does flow to both `scores1` and `scores2`.

# %% nbgrader={"grade": false, "grade_id": "swav_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def swav_loss(scores1, scores2, temperature, epsilon, n_iterations):
    """SwAV's swapped prediction loss in nats, a tensor of shape ().

    scores1, scores2 (B, K): cosines of view 1 and view 2 with the prototypes, B >= 2; temperature > 0: of the predictions;
    epsilon > 0, n_iterations >= 1: of the codes. ValueError for anything else. Source: Caron et al. 2020.
    """
    ### BEGIN SOLUTION
    validate.batch(scores1=scores1, scores2=scores2)
    validate.positive(temperature=temperature)

    def direction(scores, other):
        codes = sinkhorn(other.detach(), epsilon, n_iterations)
        return -(codes * F.log_softmax(scores / temperature, dim=1)).sum(dim=1).mean()

    return (direction(scores1, scores2) + direction(scores2, scores1)) / 2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_swav_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(swav_loss)

# %% [markdown]
# ## 10 · `proof_alternating`: a proof in order
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# Why do the columns become right, when every row step spoils them again? Divide all codes by B, so that their total is 1.
# $Q_1,Q_2,\dots$ are positive matrices with total 1, each made from the one before by a column step
# $Q'_{ik}=Q_{ik}\,c_k/c_k(Q)$ and then a row step $Q''_{ik}=Q'_{ik}\,r_i/r_i(Q')$. Here $c_k=1/K$ and $r_i=1/B$ are the wanted sums,
# $c_k(Q)$ and $r_i(Q)$ the column and row sums of $Q$, and $\mathrm{KL}(p\Vert q)=\sum p\ln(p/q)\ge0$ for laws $p,q$. Let $P$ be *any*
# non-negative matrix with row sums $r_i$ and column sums $c_k$.
#
# **Claim.** Among $Q_1,\dots,Q_T$ there is one with $\displaystyle\sum_k|c_k(Q_t)-c_k|\le\sqrt{2\,\mathrm{KL}(P\Vert Q_1)/T}$.
#
# Put the lines of a proof in an order in which each is one short step from lines above it or from the hypotheses. Some
# lines are false: leave them out. The answer is a list of labels, such as `["A", "B"]`.
#
# - **A** $\mathrm{KL}(P\Vert Q'')\le\mathrm{KL}(P\Vert Q')$: the difference is $\mathrm{KL}\bigl(r\Vert r(Q')\bigr)$, and both are laws.
# - **B** $\sum_{t\le T}\mathrm{KL}\bigl(c\Vert c(Q_t)\bigr)\le\mathrm{KL}(P\Vert Q_1)-\mathrm{KL}(P\Vert Q_{T+1})\le\mathrm{KL}(P\Vert Q_1)$.
# - **C** $\mathrm{KL}(P\Vert Q)-\mathrm{KL}(P\Vert Q')=\sum_{ik}P_{ik}\ln\bigl(c_k/c_k(Q)\bigr)$.
# - **D** The row step multiplies each row by one number, so it leaves the column sums as they are.
# - **E** $\mathrm{KL}(P\Vert Q')=\mathrm{KL}(P\Vert Q)-\mathrm{KL}\bigl(c\Vert c(Q)\bigr)$.
# - **G** The smallest of T numbers is at most their mean, so some $t\le T$ has $\mathrm{KL}\bigl(c\Vert c(Q_t)\bigr)\le\mathrm{KL}(P\Vert Q_1)/T$.
# - **H** $\sum_{ik}P_{ik}\ln\bigl(c_k/c_k(Q)\bigr)=\sum_kc_k\ln\bigl(c_k/c_k(Q)\bigr)$, as the columns of $P$ sum to $c_k$.
# - **L** $Q'$ has total 1, since its columns sum to $c_k$.
# - **M** $\mathrm{KL}\bigl(c\Vert c(Q_{t+1})\bigr)\le\mathrm{KL}\bigl(c\Vert c(Q_t)\bigr)/2$, as every iteration halves the error.
# - **N** $\mathrm{KL}(P\Vert Q_{t+1})\le\mathrm{KL}(P\Vert Q_t)-\mathrm{KL}\bigl(c\Vert c(Q_t)\bigr)$.
# - **R** $\sum_{ik}P_{ik}\ln\bigl(c_k/c_k(Q)\bigr)=\sum_kc_k(Q)\ln\bigl(c_k/c_k(Q)\bigr)$, as the columns of $Q$ sum to $c_k(Q)$.
# - **S** The claim, since $\bigl(\sum_k|p_k-q_k|\bigr)^2\le2\,\mathrm{KL}(p\Vert q)$ for laws (Pinsker).

# %%
from course import arrange

arrange("proof_alternating")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_alternating", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_alternating = None
### BEGIN SOLUTION
proof_alternating = ["C", "H", "E", "L", "A", "N", "B", "G", "S"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_alternating", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(proof_alternating, "proof_alternating")

# %% [markdown]
# ## 11 · `barlow_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points · *transcribe*
#
# Barlow Twins wants each coordinate to be the same in both views and the coordinates to be uncorrelated. $C$ is the (d, d) matrix of
# *correlations*, taken over the batch, of the coordinates of view 1 (its rows) with those of view 2 (its columns). With
# $\lambda$ = `weight`, the loss is
#
# $$\sum_i(1-C_{ii})^2+\lambda\sum_{i\ne j}C_{ij}^2 .$$
#
# `z1`, `z2` (B, d): B = 1 raises, since a correlation needs two images; so does a coordinate that is constant over the batch. The
# weight may be 0.

# %% nbgrader={"grade": false, "grade_id": "barlow_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def barlow_loss(z1, z2, weight):
    """Barlow Twins' loss of two batches of embeddings, a tensor of shape ().

    z1, z2 (B, d), B >= 2, no column constant; weight >= 0. ValueError for anything else. Source: Zbontar et al. 2021.
    """
    ### BEGIN SOLUTION
    validate.batch(z1=z1, z2=z2)
    validate.non_negative(weight=weight)
    if len(z1) < 2:
        raise ValueError(f"a correlation needs two images, got shape {tuple(z1.shape)}")
    columns = []
    for name, z in (("z1", z1), ("z2", z2)):
        if bool((z == z[0]).all(dim=0).any()):
            raise ValueError(f"{name} {tuple(z.shape)} has a coordinate that is constant over the batch")
        columns.append(F.normalize(z - z.mean(dim=0), dim=0, eps=0))
    correlation = columns[0].T @ columns[1]
    on = correlation.diagonal()
    return (1 - on).square().sum() + weight * (correlation.square().sum() - on.square().sum())
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_barlow_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(barlow_loss)

# %% [markdown]
# ## 12 · `gram_covariance_gap`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Contrastive losses push apart *images*: they punish the inner products of different rows of $Z$ (n, d). Barlow Twins and
# VICReg decorrelate *coordinates*: they punish the inner products of different columns. Return
#
# $$\sum_{i\ne j}\bigl(ZZ^\top\bigr)_{ij}^2-\sum_{k\ne l}\bigl(Z^\top Z\bigr)_{kl}^2 ,$$
#
# without centring and without scaling, from two short sums: the number of operations and the memory must grow like $nd$, so neither matrix may be
# formed. (In the check n or d can be 40,000.) What do $ZZ^\top$ and $Z^\top Z$ have in common?

# %% nbgrader={"grade": false, "grade_id": "gram_covariance_gap", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gram_covariance_gap(z):
    """Squared off-diagonal entries of Z Z^T, summed, minus those of Z^T Z: a tensor of shape (), in time n d.

    z (n, d) floating, n >= 1, d >= 1, without NaN. ValueError for anything else. Source: Garrido et al. 2023.
    """
    ### BEGIN SOLUTION
    validate.batch(z=z)
    squares = z.square()
    return squares.sum(dim=0).square().sum() - squares.sum(dim=1).square().sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_gram_covariance_gap", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(gram_covariance_gap)

# %% [markdown]
# ## 13 · `effective_rank`
#
# *Difficulty* ●●○○○ · *time* 10 min · 1 point · *transcribe*
#
# RankMe sees a collapse without any label. Scale the singular values of the embeddings `z` (n, d) so that they sum to 1;
# the effective rank is the exponential of the entropy (in nats) of this law. The embeddings are taken as they are, *not
# centred*: all rows equal means rank 1. A singular value of 0 adds nothing to the entropy. It lies between 1 and min(n, d).

# %% nbgrader={"grade": false, "grade_id": "effective_rank", "locked": false, "schema_version": 3, "solution": true, "task": false}
def effective_rank(z):
    """RankMe: the effective rank of embeddings, a number in [1, min(n, d)].

    z (n, d) floating, not all zero, without NaN. ValueError for anything else. Sources: Roy & Vetterli 2007; Garrido et al.
    2023.
    """
    ### BEGIN SOLUTION
    validate.batch(z=z)
    values = torch.linalg.svdvals(z)
    if not bool(values[0] > 0):
        raise ValueError(f"embeddings that are all 0 have no effective rank (shape {tuple(z.shape)})")
    return torch.special.entr(values / values.sum()).sum().exp()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_effective_rank", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(effective_rank)

# %% [markdown]
# ## 14 · `knn_accuracy`
#
# *Difficulty* ●●○○○ · *time* 15 min · 1 point · *transcribe*
#
# A probe without training: each test embedding takes the label that most of its `k` nearest training embeddings have,
# nearest by **cosine**, all k votes equal. Return the share of test rows whose label is right, a number in [0, 1]. Labels
# are any integers. (Ties, in the vote or in the distance, may be broken as you like; they do not occur in the check.)
#
# `k` runs from 1 to the number of training rows. Embeddings have d columns both, each with as many labels as rows.

# %% nbgrader={"grade": false, "grade_id": "knn_accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def knn_accuracy(train_z, train_y, test_z, test_y, k):
    """Test accuracy of the majority vote of the k nearest training rows by cosine, in [0, 1].

    train_z (n, d), train_y (n,), test_z (m, d), test_y (m,): floating rows other than 0 and integer labels; 1 <= k <= n.
    ValueError for anything else.
    """
    ### BEGIN SOLUTION
    validate.batch(train_z=train_z)
    validate.batch(test_z=test_z)
    validate.count(k=k)
    shapes = [tuple(x.shape) for x in (train_z, train_y, test_z, test_y)]
    if k > len(train_z) or shapes[1] != shapes[0][:1] or shapes[3] != shapes[2][:1] or shapes[0][1] != shapes[2][1]:
        raise ValueError(f"train_z, train_y, test_z, test_y {shapes} and k = {k} do not fit together")
    cosines = F.normalize(test_z, dim=1) @ F.normalize(train_z, dim=1).T
    votes = train_y[cosines.topk(k, dim=1).indices]  # (m, k)
    return (votes.mode(dim=1).values == test_y).double().mean()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_knn_accuracy", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(knn_accuracy)

# %% [markdown]
# ## 15 · `collapsed_directions`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Jing et al. train one linear layer $z=Wx$ with InfoNCE and freeze the softmax weights. The lecture shows that the flow is then
# $\dot W=WX$ with $X=\Sigma_{\text{data}}-\Sigma_{\text{aug}}$: `data_cov` and `aug_cov`, symmetric (d, d), say how far
# different images, and two views of one image, lie apart in each direction of the input.
#
# A direction $v$ *dies* if $W(t)v\to0$ whatever $W(0)$ is. Return an orthonormal basis of the space of these directions, as
# the columns of an array (d, r); r may be 0. Any basis of the space will do. (In the check no direction is on the edge.)
#
# Careful: large noise in a coordinate is not yet collapse, and the coordinates need not be the directions.
# Matrices that are not square, of unequal shape, clearly not symmetric or not finite raise `ValueError`; what differs from
# its transpose by rounding is symmetric.

# %% nbgrader={"grade": false, "grade_id": "collapsed_directions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def collapsed_directions(data_cov, aug_cov):
    """Orthonormal basis, columns of an array (d, r), of the directions v with W(t) v -> 0 for every W(0).

    data_cov, aug_cov: symmetric (d, d) arrays, finite. ValueError for anything else. Source: Jing et al. 2022, section 4.
    """
    ### BEGIN SOLUTION
    data_cov, aug_cov = (np.asarray(cov, dtype=float) for cov in (data_cov, aug_cov))
    if data_cov.ndim != 2 or data_cov.shape[0] != data_cov.shape[1] or data_cov.shape != aug_cov.shape:
        raise ValueError(f"need two square matrices of one shape, got {data_cov.shape} and {aug_cov.shape}")
    for name, cov in (("data_cov", data_cov), ("aug_cov", aug_cov)):
        if not np.isfinite(cov).all() or np.abs(cov - cov.T).max(initial=0) > 1e-9 * np.abs(cov).max(initial=1):
            raise ValueError(f"{name} must be finite and symmetric, got\n{cov}")
    rates, directions = np.linalg.eigh(data_cov - aug_cov)
    return directions[:, rates < 0]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_collapsed_directions", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(collapsed_directions)

# %% [markdown]
# ## 16 · `survival_threshold`
#
# *Difficulty* ●●●●○ · *time* 30 min · 3 points
#
# Tian et al. follow one eigenmode of a linear BYOL or SimSiam, with stop-gradient: $p$ is the predictor's eigenvalue, $s$ the
# variance of the outputs in this mode, $\sigma^2$ = `noise` the variance that augmentations add, $\tau$ = `pull` how much of
# the online encoder is in the target, $\eta$ = `decay` the weight decay:
#
# $$\dot p=s\bigl(\tau-(1+\sigma^2)p\bigr)-\eta p,\qquad \dot s=2ps\bigl(\tau-(1+\sigma^2)p\bigr)-2\eta s .$$
#
# The gap $s-p^2$ dies out exponentially; so start on $s=p^2$, and the mode stays there (check both by differentiating $s-p^2$). Return the threshold:
# the largest lower bound of the starts $p(0)>0$ from which the mode *survives*, that is, $p(t)$ does not tend to 0. If no start survives,
# however large, return `math.inf`; if all do, 0. (In the check $\tau^2$ and its critical value are never equal.) The answer must have nine correct digits
# even where $\eta$ is $10^{-10}$ of $\tau^2$: two almost equal numbers must not be subtracted.
#
# `pull` > 0, `noise` >= 0 and `decay` >= 0; anything else raises.

# %% nbgrader={"grade": false, "grade_id": "survival_threshold", "locked": false, "schema_version": 3, "solution": true, "task": false}
def survival_threshold(pull, noise, decay):
    """Infimum of the starts p(0) > 0, s(0) = p(0)^2, from which the mode survives; inf if none does, 0 if all do.

    pull > 0: tau; noise >= 0: sigma^2; decay >= 0: eta. ValueError for anything else. Source: Tian et al. 2021, section 3.
    """
    ### BEGIN SOLUTION
    validate.positive(pull=pull)
    validate.non_negative(noise=noise, decay=decay)
    # on s = p^2: dp/dt = -p ((1 + noise) p^2 - pull p + decay), which is positive between the two roots
    discriminant = pull**2 - 4 * decay * (1 + noise)
    if discriminant < 0:
        return math.inf
    return 2 * decay / (pull + math.sqrt(discriminant))  # the smaller root, without subtraction
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_survival_threshold", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(survival_threshold)

# %% [markdown]
# ## 17 · `collapse_and_repair`
#
# *Difficulty* ●●●●○ · *time* 50 min · 4 points
#
# The experiment. Train the small encoder of `course.training` twice, from the same start:
#
# - **collapsed**: on nothing but agreement. The loss is the negative cosine of the two views' embeddings, averaged over the
#   batch, and the gradient flows through *both*. Go on until it is at its best.
# - **repaired**: with any method of this unit, or one of your own, that keeps the embeddings apart. No labels.
#
# ```python
# encoder = make_encoder(images.shape[1:], seed)          # a small network, (n, c, h, w) -> (n, 32)
# labels = torch.zeros(len(images), dtype=torch.long)     # `batches` wants some; there are none here
# for view1, view2, _ in batches(images, labels, seed, n_steps=100):
#     ...                                                 # 100 batches: two random views of 64 images (all, if fewer)
# state = snapshot(encoder)                               # a copy of the parameters as they are now: name -> tensor
# ```
#
# Return `{"collapsed": states, "repaired": states}`, each a **list of three snapshots** of the encoder: before the first step,
# after it, and at the end. A predictor, prototypes or a second encoder are your own business; the encoder that comes back is
# judged without them. The optimiser is yours too (no weight decay, one gradient a step).
#
# **How it is judged.** Nothing is believed: everything is computed again from the snapshots, on digits at random places
# that your function has not seen. Embeddings are scaled to length 1.
#
# - Both first snapshots are `make_encoder(images.shape[1:], seed)`. The first step of "collapsed" goes against the gradient of the
#   agreement loss on the first batch of `batches(images, labels, seed, ...)`, with its 64 images: each weight against the sign of
#   its derivative.
# - *collapsed*, at the end: two views of an image have a mean cosine of at least 0.99 (the loss is at its best), and so
#   have two *different* images; the effective rank is at most 2.5.
# - *repaired*, at the end: effective rank at least 5; the mean cosine of two views of an image exceeds that of two different images by at
#   least 0.15 (at the start it is about 0.1).
# - A probe: 5 nearest neighbours by cosine, where embeddings are kept to two decimals, as one would store them. *Repaired* must be
#   right at least 10 percentage points more often than *collapsed*.
#
# (Without the rounding the probe would hardly see the collapse: differences of $10^{-4}$ still carry something about the digit.
# Try it.) `images` are 60 to 70 digits on a canvas of 10 x 11; n = 1 and images without four axes raise `ValueError`. Keep
# it to a few seconds.

# %% nbgrader={"grade": false, "grade_id": "collapse_and_repair", "locked": false, "schema_version": 3, "solution": true, "task": false}
def collapse_and_repair(images, seed):
    """Snapshots of the encoder before the first step, after it and at the end, for a training that collapses and one that
    does not.

    images: (n, c, h, w) float tensor in [0, 1], n >= 2; seed: int. Returns {"collapsed", "repaired"}, each a list of three
    dicts name -> parameter. ValueError for other shapes.
    """
    ### BEGIN SOLUTION
    images = torch.as_tensor(images)
    if images.ndim != 4 or len(images) < 2:
        raise ValueError(f"images must have shape (n, c, h, w) with n >= 2, got {tuple(images.shape)}")

    def contrast(z1, z2):  # the other images of the batch are the negatives
        return F.cross_entropy(F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / 0.5, torch.arange(len(z1)))

    losses = {"collapsed": lambda z1, z2: -F.cosine_similarity(z1, z2, dim=1).mean(), "repaired": contrast}
    steps, labels, results = 100, torch.zeros(len(images), dtype=torch.long), {}
    for name, loss in losses.items():
        encoder = make_encoder(images.shape[1:], seed)
        optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
        states = [snapshot(encoder)]
        for step, (view1, view2, _) in enumerate(batches(images, labels, seed, steps)):
            optimizer.zero_grad()
            loss(encoder(view1), encoder(view2)).backward()
            optimizer.step()
            if step in (0, steps - 1):
                states.append(snapshot(encoder))
        results[name] = states
    return results
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_collapse_and_repair", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(collapse_and_repair)

# %% [markdown]
# **See it.** The singular values of the embeddings of 400 digits, before training and after either run. How many directions does the
# collapsed encoder use, and what is its loss?

# %%
from course import figures, solved
from course.views import wandering_digits

if solved(collapse_and_repair, two_views, knn_accuracy, effective_rank):
    digits, labels = wandering_digits(10, 0)
    runs = collapse_and_repair(digits[:64], 0)
    encoder, others = make_encoder(digits.shape[1:], 0), digits[400:800]
    spectra = {}
    for name, state in (("start", runs["collapsed"][0]), *((name, states[-1]) for name, states in runs.items())):
        z = F.normalize(torch.func.functional_call(encoder, state, (others,)), dim=1).detach()
        spectra[name] = torch.linalg.svdvals(z).clamp(min=1e-4).numpy()
        first, second = two_views(others, torch.Generator().manual_seed(0))
        a, b = (torch.func.functional_call(encoder, state, (view,)).detach() for view in (first, second))
        agreement = float(F.cosine_similarity(a, b, dim=1).mean())
        right = float(knn_accuracy(z[:200].round(decimals=2), labels[400:600], z[200:].round(decimals=2), labels[600:800], 5))
        print(f"{name:9s} loss {-agreement:.4f}, effective rank {float(effective_rank(z)):.1f}, nearest neighbours {100 * right:.0f} %")
    figure, (ax,) = figures.panels(1)
    figures.curves(range(1, 33), spectra, ax, logy=True, xlabel="number of the singular value", ylabel="singular value")
    display(figure)

# %% [markdown]
# The full-size table, seven methods on one training loop: `python -m experiments practice --help`.
#
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here runs where it is graded. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/09_in_practice/09_in_practice.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_stop_gradient")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
