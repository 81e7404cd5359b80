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
# # 02 · Latent classes: why a loss without labels helps a classifier
#
# *Time* core 80 min, optional 30 min · *you need* unit 01, conditional expectations, convex functions; numpy
#
# *Exercise of this unit:* [02 · exercise](../exercises/02_latent_classes/02_latent_classes.ipynb).
#
# We collect pairs of similar things, pull their embeddings together, push others away, and never look at a label. Why
# should a *classifier* work on the result? This unit proves it: the contrastive loss bounds the loss of the simplest
# classifier there is. The source is [Saunshi, Plevrakis, Arora, Khodak and Khandeparkar
# (2019)](https://arxiv.org/abs/1902.09229), called CURL here, and the authors' blog post on it. All logarithms are
# natural, all losses in nats.
#
# | $\rho_c$ | $D_c$ | $f(x)$ | $\mu_c$ | $v$ | $\ell(v)$ | $h(v)$ | $\tau$ | $b$ |
# |---|---|---|---|---|---|---|---|---|
# | $P(c)$ | law of its points | embedding | class mean | margin | $\ln(1+e^{-v})$ | $\max(0,1-v)$ | $P(c^-=c^+)$ | block size |
#
# **Afterwards you can** say what "similar" means without labels; prove the bound with the right constant; name the
# worlds where it is an equality and the hypotheses without which it is false; and say what it does *not* promise.

# %% [markdown]
# ## Map
#
# | result | in words | needs | |
# |---|---|---|---|
# | Prop. 2.1 | positives are more similar than negatives, on average, for every embedding | sect. 1 | core |
# | Lemma 2.2 | what Jensen's inequality gives away | convexity of $\ell$ | core |
# | Thm 2.3 | the CURL lemma: $L_{un}\ge(1-\tau)L_{sup}^\mu+\tau\ln2$ | 2.2 | core |
# | Prop. 2.4 | with $\tau$ in place of $\tau\ln2$ it is false | 2.3 | core |
# | Thm 2.5 | equality exactly for embeddings that are constant inside each class | 2.2, 2.3 | core |
# | Thm 2.6 | for the best linear classifier $L_{sup}\le L_{un}$, without a factor | 2.3 | core |
# | sect. 9 | with weights other than $\tfrac12$ inside a task the lemma is false | 2.3, 2.5 | core |
# | Thm 2.7 | the *minimiser* of the contrastive loss need not be good | 2.3 | core |
# | Prop. 2.8 | $1/(1-\tau)$ is the best constant for the mean classifier | 2.5 | optional |
# | sect. 12 | with $x^+\ne x$ the lemma is false | 2.3 | optional |
# | Thm 2.9, Prop. 2.10 | blocks: smaller loss, same guarantee, if a block has one class | 2.2, 2.3 | optional |
# | sect. 14 | the hinge twin | 2.3 | optional |

# %%
from itertools import product
from math import comb

import numpy as np
import torch
from torch.nn import functional as F

from course import data, figures

LN2 = np.log(2)


def logistic(v):
    """The loss of a margin: ln(1 + e^-v), without overflow."""
    return np.logaddexp(0, -np.asarray(v, dtype=float))


# %% [markdown]
# ## 1 What "similar" means
#
# Two consecutive sentences, two frames of one video: we collect pairs because we believe that the two have something
# in common. The framework says what. Nature has **latent classes**: she draws class $c$ with probability
# $\rho_c > 0$, and a point of that class from the law $D_c$. Classes may overlap: one point may be a cat and be cute.
#
# - A **similar pair** $(x, x^+)$: draw *one* class $c^+\sim\rho$, then $x$ and $x^+$ independently from $D_{c^+}$.
# - A **negative** $x^-$: draw a class $c^-\sim\rho$, independent of everything else, then $x^-$ from $D_{c^-}$.
#
# The learner sees the points, never the classes. Two things are easy to overlook: $x^+ = x$ is possible, and so is
# $c^- = c^+$, a **class collision**, of probability $\tau = P(c^- = c^+) = \sum_c \rho_c^2$. The **margin** of a triplet
# is, as in unit 01, $v=f(x)\cdot f(x^+)-f(x)\cdot f(x^-)$.

# %%
rho = np.array([0.6, 0.4])
laws = np.array([[0.5, 0.3, 0.2, 0.0, 0.0], [0.0, 0.0, 0.25, 0.35, 0.4]])
points = np.array([[1.6, 0.4], [0.4, 1.2], [-0.3, 0.3], [-1.1, 0.9], [-0.6, -0.9]])
means = laws @ points
title = "the small world: C = 2, S = 5, d = 2"
figure = figures.points_and_means(laws, points, means, title=title, legend="lower right")
figures.described(figure,
    "Five points in the plane. Class 1, blue discs, has points at (1.6, 0.4), (0.4, 1.2) and (-0.3, 0.3); "
    "class 2, orange squares, at (-0.3, 0.3), (-1.1, 0.9) and (-0.6, -0.9). Crosses mark the class means, "
    "(0.9, 0.6) for class 1 and (-0.7, 0.0) for class 2, where no point lies."
)

# %% [markdown]
# Five points in the plane; the likelier a point is in its class, the larger its marker. The point near the origin
# belongs to both classes and is drawn in both colours. A cross is a class mean $\mu_c$: no point need sit there.
#
# **Predict.** Take an embedding with no sense at all: random vectors. Is a point more similar, by its inner product, to
# a positive than to a negative, on average over nature's draws? Always, sometimes, or only after training?

# %% [markdown]
# <details><summary>Answer</summary>
#
# Always: whatever $f$ is, the margin has an expectation that is not negative.
#
# </details>
#
# **Proposition 2.1.** Let $\bar\mu = \sum_c\rho_c\mu_c$. For every embedding
#
# $$\mathbb{E}\, v = \mathbb{E}\, f(x)\cdot f(x^+) - \mathbb{E}\, f(x)\cdot f(x^-)
#   = \sum_c \rho_c\,\lVert\mu_c - \bar\mu\rVert^2 \ \ge\ 0 .$$
#
# *Plan.* Given the classes the points are independent, so that embeddings may be replaced by class means.
#
# *Proof.* The expectation of an inner product of independent vectors is the inner product of the expectations: the
# first term is $\sum_c\rho_c\,\mu_c\cdot\mu_c$, the second
# $\sum_{c,e}\rho_c\rho_e\,\mu_c\cdot\mu_e = \lVert\bar\mu\rVert^2$. And
# $\sum_c\rho_c\lVert\mu_c-\bar\mu\rVert^2=\sum_c\rho_c\lVert\mu_c\rVert^2-2\,\bar\mu\cdot\bar\mu+\lVert\bar\mu\rVert^2$
# is the same difference. $\square$

# %%
rng, n = np.random.default_rng(0), 100_000


def points_of(chosen):
    """One point of each of the chosen classes."""
    return points[(rng.random((len(chosen), 1)) > laws.cumsum(axis=1)[chosen]).sum(axis=1)]


own, other = rng.choice(2, p=rho, size=(2, n))
x, positive, negative = points_of(own), points_of(own), points_of(other)
margins = (x * (positive - negative)).sum(axis=1)
spread = rho @ ((means - rho @ means) ** 2).sum(axis=1)
print(f"mean margin of {n} draws {margins.mean():.3f} +- {margins.std() / n**0.5:.3f}, exactly {spread:.6f}")
print(f"margins below 0: {(margins < 0).mean():.0%}, collisions: {(own == other).mean():.1%} (tau = {rho @ rho:.2f})")

# %% [markdown]
# Nature's draws, a hundred thousand times: the mean margin agrees with the spread of the class means, 0.667608, within
# the sampling error. The last line is a warning: a quarter of the margins are negative, and more than half of all
# negatives come from the anchor's own class. Similar is a statement about averages.

# %% [markdown]
# ## 2 Two losses
#
# **What is minimised.** The contrastive loss with one negative, unit 01's logistic loss of the margin, averaged over
# nature's draws:
#
# $$L_{un}(f) = \mathbb{E}\ \ell\bigl(f(x)\cdot f(x^+) - f(x)\cdot f(x^-)\bigr),
#   \qquad \ell(v) = \ln(1+e^{-v}). \tag{2.1}$$
#
# **What is wanted.** A *task* is a pair of distinct classes: $c_1, c_2\sim\rho$ independent, kept when $c_1\ne c_2$.
# A linear classifier scores class $i$ by $f(x)\cdot w_i$ and pays
#
# $$L_{sup}(f; w) = \tfrac12\,\mathbb{E}_{x\sim D_{c_1}} \ell\bigl(f(x)\cdot(w_1-w_2)\bigr)
#    + \tfrac12\,\mathbb{E}_{x\sim D_{c_2}} \ell\bigl(f(x)\cdot(w_2-w_1)\bigr). \tag{2.2}$$
#
# Both classes weigh one half, whatever $\rho$ is; section 9 shows that this matters. The best linear classifier gives
# $L_{sup}(f)$, the average over tasks of the infimum over $w_1, w_2$. The **mean classifier** takes
# $w_i = \mu_{c_i}$, without any training, and gives $L_{sup}^\mu(f)$. Since the class means are one choice of weights,
#
# $$L_{sup}(f) \le L_{sup}^\mu(f). \tag{2.3}$$
#
# In the small world $L_{un}=0.6140$ and $L_{sup}^\mu=0.2938$, exactly. (Stored numbers: your functions in the exercise
# will give them.)
#
# **Predict.** Send every point to the embedding 0. What are $L_{un}$ and $L_{sup}^\mu$, in which worlds?

# %%
loss = logistic(margins)
print(f"sampled: L_un = {loss.mean():.4f} +- {loss.std() / n**0.5:.4f}   f = 0: {logistic(0 * margins).mean():.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# All margins are 0, in every world: both losses are $\ell(0)=\ln2=0.6931$. That is the price of guessing.
#
# </details>
#
# The classifier has 0.2938 nats, and the contrastive loss, which has seen no label, 0.6140, not much less than guessing.
# The question of this unit: does the second number say anything about the first, on every world?

# %% [markdown]
# ## 3 An encoder in training
#
# Before we prove anything, let us watch. A data set with labels is a world: the ten digits are the classes, $D_c$ is
# uniform on the images of digit $c$. Nature then draws as follows.

# %%
images, labels, held, held_labels = data.split(*data.load_digits(), test_share=0.5, seed=0)
images, labels, held, held_labels = images.flatten(1), labels.numpy(), held.flatten(1), held_labels.numpy()


def draw(rng, labels, n):
    """n triplets of a labelled data set, as three arrays of image numbers."""
    order, counts = np.argsort(labels, kind="stable"), np.bincount(labels)
    anchor, negative = rng.integers(len(labels), size=(2, n))
    own = labels[anchor]
    positive = order[counts.cumsum()[own] - 1 - (rng.random(n) * counts[own]).astype(int)]
    return anchor, positive, negative


# %%
def measure(rng, z, labels, n=20_000):
    """Sampled: L_un; and over tasks, the mean classifier's loss and its share of mistakes."""
    anchor, positive, negative = draw(rng, labels, n)
    loss = logistic((z[anchor] * (z[positive] - z[negative])).sum(axis=1))
    means = np.stack([z[labels == c].mean(axis=0) for c in range(10)])
    task = labels[anchor] != labels[negative]  # two distinct classes, and a point of the first
    score = (z[anchor] * (means[labels[anchor]] - means[labels[negative]])).sum(axis=1)[task]
    return loss.mean(), logistic(score).mean(), (score <= 0).mean()


# %% [markdown]
# `draw` never excludes anything: the positive may be the anchor, the negative may be another 7. `measure` looks at
# images that training has not seen, and estimates the two losses with an error of about 0.003. Labels are used to
# *draw* the pairs (somebody must know that two images show the same digit), and to *test*; the encoder never sees one.
#
# **Predict.** How far down can $L_{un}$ go, if training is perfect: to 0? And the share of mistakes of the mean
# classifier, which is 50 % for coin tossing and is never trained: does it fall at all?

# %%
torch.manual_seed(0)
rng, records = np.random.default_rng(0), []
encoder = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
for step in range(401):
    if step % 20 == 0:
        records.append((step, *measure(rng, encoder(held).detach().numpy(), held_labels)))
    anchor, positive, negative = encoder(images[np.stack(draw(rng, labels, 128))])
    loss = F.softplus((anchor * (negative - positive)).sum(dim=1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
steps, un, sup, mistakes = np.transpose(records)
for k in (0, 1, 5, 20):
    print(f"step {steps[k]:3.0f}   L_un {un[k]:.3f}   L_sup^mu {sup[k]:.3f}   mistakes {mistakes[k]:6.2%}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
named = {"contrastive, $L_{un}$": un, "mean classifier, $L_{sup}^\\mu$": sup}
figures.curves(steps, named, left, ylabel="nats", xlabel="step")
figures.levels({"ln 2": LN2, "tau ln 2": LN2 / 10}, left)
figure = figures.curves(steps, {"": 100 * mistakes}, right, xlabel="step", title="mistakes (%)", legend=None)
figures.described(figure,
    "Two panels over 400 training steps. Left, contrastive loss and the mean classifier's loss both start at "
    "ln 2 = 0.69 and fall, to 0.15 and 0.03; the classifier's loss crosses the dashed line tau ln 2 = 0.07 "
    "near step 150, the contrastive loss stays above. Right, the share of mistakes falls from 19 per cent to "
    "less than 1 per cent."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It does fall, with $L_{un}$ and nearly as fast: from 19 % at the random start to less than 1 %. But $L_{un}$ stops far
# from zero. One negative in ten has the anchor's own digit, and no embedding can tell the positive from such a negative. Section
# 5 says exactly what that costs: at least $\tau\ln2$, about 0.07 here, the lower dashed line.
#
# </details>
#
# Two curves that fall together prove nothing. On another data set they might part. The next two sections show that the
# lower one cannot rise above a certain line that the upper one draws.

# %% [markdown]
# ## 4 First step: Jensen
#
# **Lemma 2.2.** $\ell$ is strictly convex, with $\ell'(v) = -1/(1+e^v)$ and $0 < \ell'' \le \tfrac14$. For every random
# variable $V$ with finitely many values
#
# $$0\ \le\ \mathbb{E}\,\ell(V) - \ell(\mathbb{E}V)\ \le\ \tfrac18\operatorname{Var}V, \tag{4.1}$$
#
# and the left inequality is an equality only where $V$ is constant.
#
# *Plan.* Taylor around the mean: the linear term averages to 0, the quadratic one has a bounded coefficient.
#
# *Proof.* $\ell'(v) = -e^{-v}/(1+e^{-v})$ and $\ell''(v) = \sigma(v)(1-\sigma(v))$, which is positive and at most
# $\tfrac14$ (the product of two numbers of sum 1). Put $m = \mathbb{E}V$. Taylor's formula gives
# $\ell(v) = \ell(m) + \ell'(m)(v-m) + \tfrac12\ell''(\xi)(v-m)^2$ with some $\xi$ between $m$ and $v$. The last term
# lies between 0 and $\tfrac18(v-m)^2$, and is positive for $v\ne m$. Take expectations: the linear term vanishes.
# $\square$
#
# Now fix both classes and the anchor $x$. What is left random is the margin $v = f(x)\cdot(f(x^+)-f(x^-))$. Given the
# classes, $x^+$ and $x^-$ are independent of $x$, so conditioning on $x$ does not change their laws, and
#
# $$\mathbb{E}\bigl[v\mid c^+,c^-,x\bigr] = f(x)\cdot(\mu_{c^+}-\mu_{c^-}). \tag{4.2}$$
#
# By (4.1), used for each $(c^+,c^-,x)$ and then averaged,
#
# $$L_{un}(f)\ \ge\ \mathbb{E}_{c^+,c^-}\,\mathbb{E}_{x\sim D_{c^+}}
#   \ \ell\bigl(f(x)\cdot(\mu_{c^+}-\mu_{c^-})\bigr). \tag{4.3}$$
#
# The anchor is *not* averaged: the classifier will be tested on points, not on class means.
#
# **Predict.** In the small world take an anchor of class 1, once at $(1.6, 0.4)$ and once at $(-0.3, 0.3)$, and a
# negative of class 2. For which of the two anchors does Jensen's step give away more?

# %%
for x in points[[0, 2]]:
    v = ((points[:3] @ x)[:, None] - points[2:] @ x).ravel()  # margins for each positive and negative
    p = np.outer(laws[0, :3], laws[1, 2:]).ravel()
    before, after = p @ logistic(v), logistic(p @ v)
    print(f"anchor {x}: E l(v) {before:.4f}   l(E v) {after:.4f}", end="")
    print(f"   given away {before - after:.4f}   Var v / 8 = {p @ (v - p @ v) ** 2 / 8:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# For the long one, although it is the easy one: variance grows with the square of the anchor's length. But where
# margins are large, $\ell$ is nearly straight: of the 0.2065 that the variance would allow, Jensen takes 0.0642 only; at
# the short anchor nearly all, 0.0208 of 0.0216.
#
# </details>
#
# Averaged over all anchors and classes the small world gives away 0.1126 nats of its 0.6140.

# %% [markdown]
# ## 5 Second and third step: collisions and tasks
#
# Split the right side of (4.3) by whether the classes collide.
#
# **Theorem 2.3 (the CURL lemma, natural logarithm).** For every finite world with $C\ge2$ and every embedding
#
# $$L_{un}(f)\ \ge\ (1-\tau)\,L_{sup}^\mu(f) + \tau\ln2. \tag{5.1}$$
#
# *Plan.* Collisions have margin 0 after Jensen; the other pairs of classes are tasks, in random order.
#
# *Proof.* **Collisions.** If $c^-=c^+$ the margin in (4.3) is $f(x)\cdot(\mu_{c^+}-\mu_{c^+}) = 0$, whatever $x$ and
# $f$ are, and $\ell(0)=\ln2$. This has probability $\tau$.
#
# **Distinct classes.** With $g(c,e) = \mathbb{E}_{x\sim D_c}\,\ell(f(x)\cdot(\mu_c-\mu_e))$ the rest is
# $\sum_{c\ne e}\rho_c\rho_e\,g(c,e)$. The weight $\rho_c\rho_e$ is the same for $(c,e)$ and $(e,c)$. So $g(c,e)$ may
# be replaced by $\tfrac12\bigl(g(c,e)+g(e,c)\bigr)$, which is the mean classifier's loss (2.2) on the task. And since
# $P(c_1\ne c_2) = 1-\tau$, the weights are $\rho_c\rho_e = (1-\tau)\,P(c_1=c, c_2=e\mid c_1\ne c_2)$. The rest is
# therefore $(1-\tau)\,L_{sup}^\mu(f)$. $\square$
#
# Because $L_{sup}^\mu\ge0$, no embedding whatsoever has a contrastive loss below $\tau\ln2$: that much is paid for
# collisions.
#
# **Predict.** The proof has four lines: the loss, after Jensen, split by collision, the target. Which of the three steps
# between them lose something in the small world? Which in a world where all points of a class have one embedding?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
lines = ("loss", "after Jensen", "split by collision", "target")
small = [0.6140, [0.3147, 0.1867], [0.3604, 0.0652, 0.0758], [0.1410, 0.3604]]
constant = [0.6202, [0.1866, 0.0794, 0.3542], [0.2721, 0.1030, 0.0628, 0.1823], [0.3481, 0.2721]]
figure = figures.ladder({"the small world": small, "constant inside each class": constant}, lines)
figures.described(figure,
    "Two proofs as four bars each. The small world: loss 0.6140, after Jensen 0.5014, split by collision "
    "0.5014, target 0.5014; only the first step goes down. An embedding constant inside each class: all four "
    "bars have height 0.6202. White lines cut each bar into its terms."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Only Jensen's step can lose anything: left it goes down by 0.1126, right by nothing. The other two are identities.
#
# </details>
#
# A proof as a ladder, one bar a line, cut into its terms (stored numbers, rounded). On line 2 there is one term for each
# class of the anchor; on line 3 the lowest term is all the collisions together; on line 4 there are two terms, tasks and
# collisions. The exercise asks for these lines on any world.
#
# **The run again.** Now the curves of section 3 can be compared with what is proved.

# %%
counts = np.bincount(held_labels)
tau = ((counts / counts.sum()) ** 2).sum()
target = (1 - tau) * sup + tau * LN2
shown = {"$L_{un}$": un, "target, (5.1)": target, "mistakes: see below": LN2 * (tau + (1 - tau) * mistakes)}
print(f"tau = {tau:.4f}; last step: L_un {un[-1]:.3f}, target {target[-1]:.3f}; given away {un[-1] - target[-1]:.3f}")
figure = figures.curves(steps, shown, xlabel="step", ylabel="nats")
figure = figures.levels({"tau ln 2": tau * LN2}, figure.axes[0], at=1.02)
figures.described(figure,
    "Three falling curves over 400 steps: the contrastive loss ends at 0.15, the target of (5.1) below it at "
    "0.10, and the curve made of the share of mistakes below both, at 0.07, just above the dashed line tau ln "
    "2."
)

# %% [markdown]
# On data that training has not seen, the target stays below $L_{un}$ at every step, as it must, and follows it down.
# The lowest curve is $\ln2\,(\tau+(1-\tau)\,\mathrm{err})$, with err the share of mistakes of the mean classifier. It
# stays below $L_{un}$ too, and that is a theorem as well: *accuracy follows the loss*. Its proof is yours
# (`proof_error` in the exercise, a proof to be put in order). What the bound leaves open is Jensen's step: at the end
# 0.05 of the 0.15 nats.
#
# **Explore: two means.** Two equally likely classes of two points each, a fixed step to either side of their mean. Drag
# the means. Can the loss get below the bound? Where is almost nothing given away, and where is the bound above $\ln2$?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
spread = np.array([[0.45, 0.2], [-0.15, 0.4]])
middles = np.array([[0.8, 0.5], [-0.7, 0.2]])
pairs = np.concatenate([[m + s, m - s] for m, s in zip(middles, spread, strict=True)])
halves = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
figure = figures.points_and_means(halves, pairs, middles, title="two classes, two points each", legend="lower right")
grid = [f"{x:.1f}" for x in np.linspace(-1.5, 1.5, 31).round(1) + 0.0]
figures.live(figure, "means", {"spread": spread, "start": middles, "grid": grid})
figures.described(figure,
    "Two classes of two points each in the plane, with crosses at their means: class 1, discs, around (0.8, 0.5); "
    "class 2, squares, around (-0.7, 0.2)."
)

# %% [markdown]
# **Find the bug.** A colleague measures this encoder on the images it was trained with, draws triplets as we do, and
# reports $L_{un}=0.04$. His last lines are
#
# ```python
# anchor, positive, negative = draw(rng, labels, n)
# differ = labels[anchor] != labels[negative]            # a negative should be something else
# loss = logistic((z[anchor] * (z[positive] - z[negative])).sum(axis=1))[differ]
# return loss.mean()
# ```
#
# How do you see from the number alone that something is wrong, and what has he measured?

# %%
z, rng = encoder(images).detach().numpy(), np.random.default_rng(1)
anchor, positive, negative = draw(rng, labels, 100_000)
loss = logistic((z[anchor] * (z[positive] - z[negative])).sum(axis=1))
differ = labels[anchor] != labels[negative]
print(f"all negatives {loss.mean():.3f}   from another class {loss[differ].mean():.3f}", end="")
print(f"   collisions {loss[~differ].mean():.3f}   share of collisions {1 - differ.mean():.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 0.04 lies below $\tau\ln2=0.07$, and no embedding at all gets there. He leaves out the collisions. What he has
# measured is another loss, with negatives from another class: by the proof above *that* loss is at least $L_{sup}^\mu$
# itself, with no factor and no collision term. A fine number, but it needs labels, and put into (5.1) as $L_{un}$ it
# would "prove" that the mean classifier has a negative loss.
#
# </details>
#
# Collisions cost 0.9 each, more than the $\ln2$ that the theorem counts: two points of one class are not at one
# place, and Jensen's step gives the difference away.

# %% [markdown]
# ## 6 The base of the logarithm
#
# > **Source check.** The lemma is printed with $\tau$ in place of $\tau\ln2$:
# > $\ L_{un}\ge(1-\tau)L_{sup}^\mu+\tau$. In *bits* this is right: divide (5.1) by $\ln2$, every loss is then in bits, and a
# > collision costs $\log_2 2 = 1$. In nats a collision costs only $\ln2\approx0.693$, and the statement is false.
#
# **Predict.** Which embedding refutes it, in every world?

# %% [markdown]
# <details><summary>Answer</summary>
#
# The simplest one, $f=0$.
#
# </details>
#
# **Proposition 2.4.** With natural logarithms $L_{un}\ge(1-\tau)L_{sup}^\mu+\tau$ is false at $f=0$, for every $\rho$.
#
# *Plan.* Evaluate both sides.
#
# *Proof.* Both losses are $\ln2$, so the right side is $\ln2+\tau(1-\ln2)>\ln2$. $\square$
#
# This is no rare accident, nor is it the rule: in the run above it happens at the beginning, where $f$ is nearly 0.

# %%
wrong = (1 - tau) * sup + tau
print("steps at which the statement in nats is false:", steps[un < wrong])
print(f"step 0: L_un {un[0]:.4f} against {wrong[0]:.4f};   step 400: {un[-1]:.4f} against {wrong[-1]:.4f}")

# %% [markdown]
# ## 7 When is the bound an equality?
#
# **Theorem 2.5.** $L_{un}(f) = (1-\tau)L_{sup}^\mu(f)+\tau\ln2$ if and only if $f$ is constant on the support of each
# class.
#
# *Plan.* Only Jensen can lose. Strict convexity makes the margin constant; two clever anchors make the embedding
# constant.
#
# *Proof.* All steps but Jensen are identities. If $f=\mu_c$ on the support of each class, then the margin takes
# one value for each $(c^+,c^-,x)$, and Jensen's step is an equality. Conversely let it be one. All $\rho_c>0$, so by
# the last sentence of Lemma 2.2 $f(x)\cdot(f(x^+)-f(x^-))$ is constant in $(x^+,x^-)$, for all $c^+$, $c^-$ and
# each $x$ in the support of $D_{c^+}$. Let $y,y'$ be two points in the support of one class $c$. Take $c^+=c$, hold
# $x$ and $x^-$, and move $x^+$ from $y$ to $y'$:
#
# $$f(x)\cdot\bigl(f(y)-f(y')\bigr) = 0\qquad\text{for each } x \text{ in the support of } D_c .$$
#
# This holds for $x=y$ and for $x=y'$. Subtract the two: $\lVert f(y)-f(y')\rVert^2=0$, so $f(y)=f(y')$. $\square$
#
# The next function knows one kind of world only, in which everything can be done by hand: on a line, class 1 at
# $p\pm s$ and class 2 at $-p\pm s$, all with probability $\tfrac12$. By symmetry anchors of class 1 are enough.
#
# **Predict.** At $p=1$ let the spread $s$ shrink from 1 to 0.001. Does the gap in (5.1) shrink like $s$, like $s^2$, or
# faster?

# %%
SIGN = np.array([1, -1])


def two_pairs(place, spread, loss=logistic):
    """Exact (L_un, L_sup^mu): two classes of two equally likely points, place +- spread and -place +- spread."""
    x = (place + spread * SIGN)[:, None, None]
    inside = spread * (SIGN[:, None] - SIGN)  # f(x+) - f(x-) in a collision; 2 place more where classes differ
    return (loss(x * inside).mean() + loss(x * (2 * place + inside)).mean()) / 2, loss(2 * place * x).mean()


for spread in (1, 0.1, 0.01, 0.001):
    total, classifier = two_pairs(1, spread)
    gap = total - classifier / 2 - LN2 / 2
    print(f"spread {spread:5.3f}   gap {gap:9.3e}   gap / spread^2  {gap / spread**2:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Like $s^2$, with a factor near 0.1775: by (4.1) the gap is at most an eighth of a variance, and a variance is
# quadratic.
#
# </details>
#
# So embeddings that are *nearly* constant inside each class are nearly equality cases. Where two classes share a point,
# equality makes them share one embedding, since both are constant on supports that meet.

# %% [markdown]
# ## 8 The best linear classifier
#
# Dropping the collision term from (5.1) gives the multiplicative form, $L_{sup}^\mu\le\alpha L_{un}$ with
# $\alpha=1/(1-\tau)$. For uniform $\rho$ this is $\alpha=C/(C-1)$: 2 for two classes, towards 1 for many. For the mean
# classifier no smaller constant will do (section 11). The blog states the lemma for the *best* linear classifier, with
# some $\alpha$ that depends on $\rho$. There the constant is better than stated:
#
# **Theorem 2.6.** For every $\rho$ with $C\ge2$ and every embedding $L_{sup}(f)\le L_{un}(f)$. The constant 1 is
# attained.
#
# *Plan.* A classifier may always answer 0, so it never pays more than a collision costs.
#
# *Proof.* By (2.3) and Theorem 2.3, $L_{un}\ge\tau\ln2+(1-\tau)L_{sup}$. The weights $w_1=w_2=0$ give $\ell(0)=\ln 2$
# on each task, so the infimum satisfies $L_{sup}\le\ln2$. Hence $L_{un}\ge\tau L_{sup}+(1-\tau)L_{sup}=L_{sup}$. At
# $f=0$ both are $\ln2$. $\square$

# %% [markdown]
# ## 9 A hypothesis that is easy to drop: the weights one half
#
# Suppose the classes of a task weigh as nature draws them, $\rho_{c}/(\rho_{c_1}+\rho_{c_2})$ in place of one half.
# That is how the multiway tasks of Merad et al. (unit 03) are weighted. For uniform $\rho$ nothing changes. Otherwise
# the last step of section 5's proof breaks. It pairs the tasks $(c,e)$ and $(e,c)$, which are equally likely, and so makes
# the two classes of a task count alike: it gives weights one half, and no others.
#
# **Predict.** Two classes of one point each, at 10 and at 20, with $\rho=(0.99,0.01)$. With halves the supervised
# loss is 50 nats, and the lemma is an equality (why?). What is the supervised loss with weights from $\rho$?

# %%
one, two = logistic(10 * (10 - 20.0)), logistic(20 * (20 - 10.0))  # what a point of class 1, of class 2 pays
for first in (0.5, 0.9, 0.99):
    differ = 2 * first * (1 - first)
    total = differ * (one + two) / 2 + (1 - differ) * LN2
    weighted = first * one + (1 - first) * two
    print(f"rho = ({first:.2f}, {1 - first:.2f})   halves {(one + two) / 2:5.2f}   weighted {weighted:5.2f}", end="")
    print(f"   right side of (5.1), weighted: {differ * weighted + (1 - differ) * LN2:7.3f}   L_un {total:7.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 99 nats. Every point of class 1 pays 100 (its own mean is the shorter one), class 2 pays nothing, and 99 of 100 points
# are of class 1. One point a class is an equality case of Theorem 2.5: with halves both sides of (5.1) are equal, so with
# weights that make the supervised loss larger the right side exceeds the left one.
#
# </details>
#
# With weights from $\rho$ the right side exceeds $L_{un}$, by a factor 1.75 and 1.58. Why can $L_{un}$ be small all the
# same? A point of class 1 pays only when its negative is of class 2, and that happens once in a hundred draws. These are
# two classes; in the exercise (`counterexample_weights`) you find such a world for *every* law that is not uniform, however
# many classes it has, for the hinge in place of the logarithm.

# %% [markdown]
# ## 10 What the lemma does not say: the dream theorem
#
# Theorem 2.3 speaks about *one* embedding: if its contrastive loss is small, its classifier is good. One would like
# more: that the embedding which *minimises* the contrastive loss over a set $\mathcal F$ (say, all networks of one
# architecture) is nearly as good for classification as the best one of $\mathcal F$. CURL calls this the dream theorem,
# and it is false.
#
# **Predict.** On the line of section 7, $\mathcal F$ holds all embeddings with class 1 at $p\,(1\pm\tfrac12)$ and class
# 2 at $-p\,(1\pm\tfrac12)$, $p>0$: one picture, at all sizes. Every point is on the right side. Which $p$ is best for
# the mean classifier? Which for the contrastive loss?

# %% [markdown]
# <details><summary>Answer</summary>
#
# For the classifier the larger the better: its loss tends to 0. The contrastive loss has a minimum, near $p=1.10$.
#
# </details>
#
# **Theorem 2.7.** On this set $\inf L_{sup}^\mu=0$, but $L_{un}$ is smallest at a finite $p$, where $L_{sup}^\mu>0$: no
# multiple of the smallest $L_{sup}^\mu$ bounds the one at the minimiser of $L_{un}$.
#
# *Plan.* Collisions forbid large sizes: two points of one class that differ are sometimes in the wrong order.
#
# *Proof.* The mean classifier's margins are $2p^2(1\pm\tfrac12)$: positive, and growing with $p$; so $L_{sup}^\mu$ is
# positive and falls to 0 as $p\to\infty$. With probability $\tfrac12$ the classes collide, and then with probability
# $\tfrac14$ the positive is the shorter point of the class and the negative the longer one. The margin is then $-p$
# times the length of the anchor, at most $-\tfrac12p^2$. As $\ell(v)\ge-v$, $L_{un}\ge\tfrac1{16}p^2\to\infty$. At
# $p\to0$ it tends to $\ln2$, and at $p=1.1$ it is 0.48. So it has a minimum, at a finite $p$. $\square$

# %%
places = np.linspace(0.02, 2.4, 120)
total, classifier = np.transpose([two_pairs(p, p / 2) for p in places])
best = total.argmin()
print(f"smallest L_un at p = {places[best]:.2f}: {total[best]:.4f}", end="")
print(f"   L_sup^mu there {classifier[best]:.4f}, at p = 2.4 {classifier[-1]:.4f}")
figure = figures.curves(places, {"contrastive": total, "mean classifier": classifier}, xlabel="size p", ylabel="nats")
figure = figures.levels({"f = 0": LN2}, figure.axes[0])
figures.described(figure,
    "Two losses against the size p from 0 to 2.4. Both start at ln 2. The contrastive loss falls to its "
    "minimum 0.48 at p = 1.1 and rises again, above ln 2 from p = 2 on, to 0.9. The mean classifier's loss "
    "only falls, to nearly 0."
)

# %% [markdown]
# The contrastive loss stops at $p=1.10$, where the classifier still pays 0.14 nats. It could have 0.002 and less. Worse
# is possible: of two embeddings the contrastive loss may prefer the *useless* one to the *perfect* one. You will build
# such a pair yourself (`counterexample_dream`).
#
# None of this contradicts Theorem 2.3: where $L_{un}$ is large, the theorem promises nothing. What spoils the loss is
# the spread inside the classes, the variance in (4.1), and this is what blocks remove (section 13). The exercise trains
# the encoder of section 3 with blocks of five; predict there which of the two losses ends higher than before.

# %% [markdown]
# ## 11 The best constant for the mean classifier (optional)
#
# **Proposition 2.8.** For the mean classifier $1/(1-\tau)$ is the smallest constant that works for all embeddings.
#
# *Plan.* Take an equality case and let the classifier fail: the collision term then no longer matters.
#
# *Proof.* Let each class have one point. Then $f$ is constant inside each class, so by Theorem 2.5
#
# $$\frac{L_{sup}^\mu}{L_{un}} = \frac{L_{sup}^\mu}{(1-\tau)L_{sup}^\mu+\tau\ln2}
#   = \frac{1}{(1-\tau)+\tau\ln2/L_{sup}^\mu},$$
#
# which tends to $1/(1-\tau)$ where $L_{sup}^\mu\to\infty$. That happens on one line, with the classes $1,\dots,C$ at
# $s,2s,\dots,Cs$ and $s\to\infty$: of two classes the nearer one has the margin $js(js-ks)=-j(k-j)s^2$ against the
# farther one ($j<k$), since the other mean is longer. $\square$

# %%
scales, ratios = np.geomspace(0.1, 30, 60), {}
for first in (0.5, 0.7, 0.9):
    differ = 2 * first * (1 - first)  # 1 - tau
    classifier = (logistic(-(scales**2)) + logistic(2 * scales**2)) / 2  # two classes at s and 2s
    ratios[f"rho = ({first}, {1 - first:.1f})"] = classifier / (differ * classifier + (1 - differ) * LN2)
limits = dict(zip(ratios, (2.0, 1 / 0.42, 1 / 0.18), strict=True))
figure = figures.curves(scales, ratios, limits=limits, logx=True, xlabel="scale s", ylabel="mean classifier / contrastive")
figures.described(figure,
    "The mean classifier's loss divided by the contrastive loss, against the scale s from 0.1 to 30. For all "
    "three class laws the ratio begins at 1, dips a little, and climbs from s = 1 on to a dashed limit: 2.0 "
    "for rho = (0.5, 0.5), 2.4 for (0.7, 0.3), 5.6 for (0.9, 0.1)."
)

# %% [markdown]
# At small $s$ the ratio is 1, the value at $f=0$. It first dips (a little spread helps the farther class more than it
# hurts the nearer one), and then climbs to its limit, dashed. The less uniform $\rho$ is, the larger the limit.
#
# The best linear classifier cannot separate $s$ from $2s$ either, for it has no offset. It pays 0.642 at every scale,
# while the mean classifier pays $\tfrac12s^2$ and more.

# %% [markdown]
# ## 12 Pairs drawn without replacement (optional)
#
# (4.2) used that $x^+$ is independent of $x$ given the class. Real data sets are often read differently: two
# *different* sentences of an article. Then $x$ says something about $x^+$: in a class of $n$ equally likely points
#
# $$\mathbb{E}[f(x^+)\mid x] = \frac{n\mu_c-f(x)}{n-1} \ne\mu_c \qquad\text{unless } f(x)=\mu_c .$$

# %%
one = np.array([[0.05, 99.99], [-0.05, 100.01]])  # class 1: two points
two = np.array([[100.0, 100.0], [100.0, 100.0]])  # class 2: two points at one place
free, distinct = [], []
for (own, other), i, j, negative in product(product((one, two), repeat=2), (0, 1), (0, 1), (0, 1)):
    loss = logistic(own[i] @ (own[j] - other[negative]))
    free.append(loss)
    if i != j:
        distinct.append(loss)
print(f"L_un: independent {np.mean(free):.4f}, two different points {np.mean(distinct):.4f}; target 0.9733 (stored)")

# %% [markdown]
# With two different points the contrastive loss is 0.9060, below the target 0.9733: the lemma is false. With
# independent pairs it is 1.0284, above, as it must be. The mechanism: against class 2 the first point has margin $-5$,
# where $\ell$ is steep; leaving out $x^+=x$ raises it by about 1. The second has margin 5, where $\ell$ is flat; its
# margin falls by about 1, almost for free. Such worlds are rare, but a theorem about a finite data set must allow
# $x^+=x$.

# %% [markdown]
# ## 13 Blocks of similar points (optional)
#
# An article gives more than pairs: a whole block of sentences of one class. Let $\bar p_b$ be the average embedding
# of $b$ independent points of $D_{c^+}$, and $\bar n_b$ that of $b$ independent points of $D_{c^-}$, *one* class
# $c^-$ for the whole block. The block loss is
#
# $$L^b_{un}(f) = \mathbb{E}\ \ell\bigl(f(x)\cdot(\bar p_b-\bar n_b)\bigr),\qquad L^1_{un}=L_{un}.$$
#
# **Theorem 2.9.** (i) $L_{un}^{b+1}\le L_{un}^b$. (ii) $L_{un}^b\ge(1-\tau)L_{sup}^\mu+\tau\ln2$ for every $b$. (iii)
# With $K=\tfrac18\,\mathbb{E}\operatorname{Var}\bigl(f(x)\cdot(f(x^+)-f(x^-))\mid c^+,c^-,x\bigr)$,
#
# $$L_{un}^b - \bigl[(1-\tau)L_{sup}^\mu+\tau\ln2\bigr]\ \le\ \frac Kb ,$$
#
# so $L_{un}^b$ falls to the target as $b\to\infty$.
#
# *Plan.* An average of $b+1$ points is an average of averages of $b$ of them; its mean stays, its variance shrinks.
#
# *Proof.* Fix $c^+,c^-,x$ and let $V_b=f(x)\cdot(\bar p_b-\bar n_b)$.
#
# (i) Draw $b+1$ positives and $b+1$ negatives, and let $V^{(i)}$ be the margin computed without the $i$-th positive
# and the $i$-th negative. Each point is left out once, so it takes part in $b$ of the $b+1$ averages with weight
# $\tfrac1b$ each, and $\tfrac1{b+1}\sum_i V^{(i)} = V_{b+1}$. By convexity
# $\ell(V_{b+1})\le\tfrac1{b+1}\sum_i\ell(V^{(i)})$. Each $V^{(i)}$ has the law of $V_b$; take expectations.
#
# (ii) $\mathbb{E}[V_b\mid c^+,c^-,x]=f(x)\cdot(\mu_{c^+}-\mu_{c^-})$ for each $b$, so sections 4 and 5 apply word for
# word.
#
# (iii) $V_b$ is an average of $b$ independent copies of $V_1$, the $j$-th made of the $j$-th positive and the $j$-th
# negative. So $\operatorname{Var}V_b=\tfrac1b\operatorname{Var}V_1$. The right inequality of (4.1) bounds the loss of
# Jensen's step. $\square$
#
# **The block of negatives must come from one class.** If each of its $b$ points draws a class of its own, the loss
# still falls with $b$, but not towards the target: it goes through it.
#
# **Proposition 2.10.** Let $f$ be constant inside each class, and $b\ge2$. If for some $x$ in the support of a class
# the numbers $f(x)\cdot\mu_e$, $e=1,\dots,C$, are not all equal, then the block loss with mixed classes is strictly
# below $(1-\tau)L_{sup}^\mu+\tau\ln2$.
#
# *Plan.* The average over a mixed block is an average over classes: Jensen once more, in the wrong direction.
#
# *Proof.* Now $\bar n_b=\tfrac1b\sum_j\mu_{e_j}$ with independent $e_j\sim\rho$, and $\bar p_b=\mu_{c^+}$. With
# $v_j=f(x)\cdot(\mu_{c^+}-\mu_{e_j})$ convexity gives $\ell\bigl(\tfrac1b\sum_jv_j\bigr)\le\tfrac1b\sum_j\ell(v_j)$,
# strictly where the $b$ numbers are not all equal, which for this $x$ has positive probability. The expectation of
# the right side is the loss at $b=1$, and that is the target by Theorem 2.5. $\square$

# %%
def blocks_of_pairs(b, mixed):
    """Exact block loss on the line with place 1 and spread 1: each average counts how many of its points have sign +."""
    chance = np.array([comb(b, k) for k in range(b + 1)]) / 2.0**b
    average = 2 * np.arange(b + 1) / b - 1  # of b signs
    centres, weights = (average, chance) if mixed else (SIGN, [0.5, 0.5])  # of the block of negatives
    total = 0.0
    for x, (centre, weight) in product((2, 0), zip(centres, weights, strict=True)):
        v = x * (1 + average[:, None] - centre - average)
        total += weight / 2 * (chance @ logistic(v) @ chance)
    return total


# %% jupyter={"source_hidden": true} tags=["hide-input"]
sizes, target, K = (1, 2, 3, 4, 5, 8, 16, 32), two_pairs(1, 1)[1] / 2 + LN2 / 2, 0.5
one_class, mixed = ([blocks_of_pairs(b, mixed) for b in sizes] for mixed in (False, True))
figure, (left, right) = figures.panels(2)
named = {"one class a block": one_class, "mixed classes": mixed}
figures.curves(sizes, named, left, logx=True, styles=("o-",), xlabel="block size b", ylabel="nats")
figures.levels({"target": target}, left, at=0.02)
gap = {"block loss minus target": np.array(one_class) - target, "K / b": K / np.array(sizes)}
figure = figures.curves(sizes, gap, right, logx=True, logy=True, styles=("o-",), xlabel="block size b", ylabel="nats")
figures.described(figure,
    "Two panels against the block size 1 to 32, on logarithmic axes. Left, the loss with one class a block "
    "falls from 0.73 to 0.53 and stays above the dashed target 0.524; with mixed classes it falls to 0.42, "
    "below the target from b = 4 on. Right, block loss minus target falls like a straight line below K / b "
    "and nearly parallel to it."
)

# %% [markdown]
# With one class a block the loss falls with every step, from 0.7311 to 0.5326, and stays above the target 0.5244; its
# distance to the target is below $K/b$, and parallel to it in the end. A larger block brings a smaller loss with
# the same guarantee. The mixed blocks are another loss, and break the guarantee from $b=4$ on: a bound computed
# from them would be false.

# %% [markdown]
# ## 14 The hinge twin (optional)
#
# Where did the proof use the logarithm? It used that $\ell$ is convex, and that $\ell(0)=\ln2$. So it works for every
# convex loss of the margin, with its value at 0 in place of $\ln2$. With the hinge $h(v)=\max(0,1-v)$ of unit 01 and
# $h(0)=1$:
#
# $$L_{un}^h\ \ge\ (1-\tau)\,L_{sup}^{h,\mu}+\tau. \tag{14.1}$$
#
# Here the collision term *is* $\tau$, and no base of a logarithm can be confused. But $h$ is not strictly convex: it
# is a straight line on each side of 1. So only half of Theorem 2.5 survives. Constant inside each class gives
# equality, but equality only says that, for each $(c^+,c^-,x)$, all margins lie on one side of 1.
#
# **Predict.** Class 1 at $0.4\pm0.3$, class 2 at $-0.4\pm0.3$ on a line. Is (14.1) an equality?

# %%
for place, spread in ((0.4, 0.3), (1, 0.8)):
    total, classifier = two_pairs(place, spread, lambda v: np.maximum(0, 1 - v))
    print(f"{place} +- {spread}: L_un {total:.4f}   right side {classifier / 2 + 0.5:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Yes, although nothing is constant: no margin exceeds $0.7\cdot1.4=0.98<1$, and on a straight piece Jensen loses
# nothing. At $1\pm0.8$ margins lie on both sides of 1, and Jensen's step gives something away.
#
# </details>

# %% [markdown]
# ## 15 What to take away
#
# | statement | status |
# |---|---|
# | $L_{un}\ge(1-\tau)L_{sup}^\mu+\tau\ln2$ | every world; equality iff $f$ is constant inside each class |
# | the same with $\tau$ in place of $\tau\ln2$ | true in bits, false in nats |
# | $L_{sup}^\mu\le L_{un}/(1-\tau)$ | true, the best constant for the mean classifier |
# | $L_{sup}\le L_{un}$ | true for the best linear classifier, for every $\rho$ |
# | the first line with class weights $\rho$ inside a task | false for every $\rho$ that is not uniform |
# | the first line for pairs of two different points | false |
# | blocks: smaller loss, same guarantee | true if each block of negatives has one class |
# | the minimiser of $L_{un}$ is nearly the best for $L_{sup}$ | false |
#
# Two things are *not* in the lemma although one reads them into it. It compares expectations: nothing is said about
# how few labelled points suffice to estimate the means. And the tasks are made of the same latent classes as the
# pairs: if the pairs join what the tasks separate, the lemma still holds, but about the wrong tasks.
#
# **Now you.** The exercise `02_latent_classes` asks for the exact losses on arrays, for the bound, for the ladder on any
# world, for what wrong pairs cost, and for two counterexamples. Unit 03 goes on to many negatives, where collisions pile
# up.

# %% [markdown]
# ---
# **Now the exercise:** [02 · exercise](../exercises/02_latent_classes/02_latent_classes.ipynb).
# The next lecture is [03 · Many negatives: what they prove about a classifier](03_many_negatives.ipynb).
