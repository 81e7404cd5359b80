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
# # 01 · Similarity losses: from word2vec to NT-Xent
#
# *Time* core 130 min, optional 45 min · *you need* logarithms, derivatives, dot products; numpy; a first look at
# autograd
#
# *Exercise of this unit:* [01 · exercise](../exercises/01_similarity_losses/01_similarity_losses.ipynb).
#
# A contrastive loss asks which of several things belong together. You watch one train an encoder, then take it apart:
# what it bounds, where it pulls, what its temperature does, what its smallest value is, how to compute it.
#
# ## Map
#
# | | result, in words | needs | |
# |---|---|---|---|
# | 1.1 | only differences of scores count | | core |
# | 1.2 | a surrogate bounds the ranking error | 1.1 | core |
# | 1.3 | logistic and hinge loss are twins | 1.2 | optional |
# | 1.4 | $N$ negatives: what a value says about ranks | 1.1 | core |
# | 1.5 | cosines confine the loss, dot products do not | 1.4 | core |
# | 1.6 | the gradient in the scores: probability there minus probability wanted | 1.4 | core |
# | 1.7 | normalised: no force along a vector, a long one moves slowly | 1.5 | core |
# | 1.8 | temperature: from the hardest candidate to the mean | 1.4 | core |
# | 1.9 | who pushes | 1.6, 1.8 | optional |
# | 1.10 | collapse: $\ln(2B-1)$, no force; (c) a way out | 1.4 | core; (c) optional |
# | 1.11 | the smallest NT-Xent, and its only batches | 1.4, 1.10 | core |
# | 1.12 | what goes wrong without the positive in the denominator | 1.4, 1.6 | optional |
# | 1.13 | the stable log-sum-exp | 1.4 | core |
# | 1.14 | how fast the two limits of the temperature are reached | 1.8 | optional |
#
# Each is proved, then shown in numbers: a case where it *holds*, one where it is *tight*, one where it is *broken*
# because a hypothesis was dropped. **Predict** means: on paper, before you unfold the answer.

# %% [markdown]
# **One meaning for each letter.**
#
# | letter | meaning |
# |---|---|
# | $a$; $p$; $n_1, \dots, n_N$ | anchor; its positive; its $N$ negatives |
# | $z$; $u = z/\lvert z\rvert$ | a vector as the encoder gives it; normalised |
# | $z_0 = p,\ z_j = n_j$ | the vectors of the $N+1$ candidates |
# | $s_j$; $v_j = s_0 - s_j$ | score of candidate $j$; margin over negative $j$ |
# | $\pi_j = e^{s_j}/\sum_{k=0}^N e^{s_k}$ | probability of candidate $j$, among all $N + 1$ |
# | $\ell$; $L$ | loss of one anchor; mean over the anchors of a batch |
# | $t$; $m$ | temperature; margin that the hinge loss asks for |
# | $c_j$; $\bar c$, $c_{\max}$ | cosine of candidate $j$; mean and largest of all $N + 1$ |
# | $B$, $2B$; $d$ | images and views of a batch; dimension |
# | $u_1, \dots, u_{2B}$ | the views of a batch, normalised |
#
# All logarithms are natural, all losses are in nats. $1[\cdot]$ is 1 where the statement holds and 0 elsewhere;
# $\mathrm{softplus}(x) = \ln(1 + e^x)$, and $\sigma(x) = 1/(1 + e^{-x})$ is its derivative.

# %%
import json
import math
from pathlib import Path

import numpy as np
import torch

from course import figures


def softplus(x):
    """ln(1 + e^x). Section 9 says why np.log(1 + np.exp(x)) would not do."""
    return np.logaddexp(0.0, x)


def log_sum_exp(scores):
    """ln of the sum of e^{s_j} over the last axis."""
    return np.logaddexp.reduce(np.asarray(scores, dtype=float), axis=-1)


# %% [markdown]
# ## 1 A first training
#
# We have images and no labels, and we can make *views*: move an image by a pixel, change its brightness, add noise.
# What it shows stays. An **encoder** (here a network with one hidden layer) sends each view to a vector of 32 numbers.
# One training step: draw $B = 64$ images, make two views of each, embed all 128 views. Each view is asked: *which of
# the 127 others shows your image?* Its answer is a softmax over the cosines with the others, divided by a temperature
# $t$; its loss is $-\ln$ of the probability of the right answer. The mean over the 128 views is **NT-Xent**.
#
# The images are handwritten digits that wander over a canvas of $10 \times 10$ pixels, so that pixels alone are not the
# whole story. Where a digit stands and which one it is, nobody tells the encoder.
#
# **Figure 1. What is compared?** Six images and two views of each.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
folder = Path("data/01_similarity_losses")
run = json.loads((folder / "first_digits.json").read_text())
with np.load(folder / "first_digits.npz") as stored:
    first = {name: stored[name].astype(float) for name in stored}
figure, (ax,) = figures.panels(1, width=5.2, height=2.7)
figure = figures.tiles(np.concatenate(first["views"]).clip(0, 1), ax, columns=6, title="image, view 1, view 2")
figures.described(figure,
    "Three rows of six small grey pictures of ten by ten pixels: handwritten digits 0, 6, 6, 9, 2 and 9. The "
    "first row is clean. In the second and third row, the two views, the same digit is moved by a pixel, "
    "darker or paler, and speckled with noise."
)

# %% [markdown]
# **Predict.** The encoder begins *collapsed*: a large constant is added to all its outputs, so that every view has
# nearly the same vector. Which number does NT-Xent show at the first step? Does it depend on the temperature?
#
# <details><summary>Answer</summary>
#
# All 127 candidates look alike, each gets probability $1/127$, and the loss is $\ln 127 = 4.844$, at every temperature.
# </details>
#
# **Predict.** Five encoders are trained, at temperatures 0.05, 0.1, 0.5, 2 and 10. Which one's loss falls deepest? And
# for which one does the nearest neighbour of a test image most often show the same digit?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
temperatures, steps = run["temperatures"], np.arange(run["steps"])
falling = {f"t = {t:g}": first["losses"][:, i] for i, t in enumerate(temperatures)}
figures.runs(steps, falling, left, ylabel="NT-Xent (nats)", title="out of collapse")
figures.levels({"ln 127": math.log(127)}, left)
shares = {
    name: np.sort(first["after"][:, :, i], axis=0)
    for i, name in enumerate(("neighbour: same digit", "nearest: its other view"))
}
figures.bands(temperatures, shares, right, xlabel="temperature t", logx=True, title="after 1000 steps")
known = {"same digit: pixels": run["pixels"]["same digit"], "same digit: before": run["before"]["same digit"]}
figure = figures.levels(known, right, at=1.01)
figures.described(figure,
    "Two panels. Left, NT-Xent against the iteration at five temperatures: all begin at ln 127 = 4.84; after "
    "1000 steps t = 0.05 and 0.1 are near 1, t = 0.5 near 3.4, t = 2 near 4.5, and t = 10 has hardly moved. "
    "Right, against the temperature after training: the share of nearest neighbours with the same digit stays "
    "above 0.9 up to t = 0.5 and falls to 0.76 at t = 10, below raw pixels (0.90) and the untrained encoder "
    "(0.83); the share whose nearest is the other view falls from 0.42 to 0.08."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The loss falls deepest at the lowest temperature. That alone says nothing: each temperature has its own scale and its
# own floor (sections 5 and 8). But the neighbours say it too. The nearest neighbour shows the same digit for 93 % of
# the test images at $t \le 0.5$ (83 % before training, 90 % for raw pixels), for 87 % at $t = 2$, and for 76 % at
# $t = 10$, *less* than before training. The other view is nearest for 42 % of the images in the cold (pixels: 12 %),
# for 8 % in the heat.
# </details>
#
# **Figure 2. The same question at five temperatures** (three runs each, thin lines). All begin at $\ln 127$ and leave
# it within tens of steps: nothing holds an encoder at collapse but the lack of a force (section 8). Before training two
# views of an image have cosine 0.9996, and two *different* images 0.9995; afterwards they are told apart, and though no
# label was seen, digits are too. The hot encoders separate images as well *on average*, but not the similar ones:
# section 7 says why.
#
# **Figure 3. Four test images and their five nearest neighbours,** before and after training at $t = 0.5$ (red: another
# digit).

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (asked, before, after) = figures.panels(3, width=2.8, height=2.5)
figures.tiles(first["queries"], asked, columns=1, title="image")
for ax, title, near, right_digit in zip(
    (before, after), ("before", "after"), first["neighbours"], first["right"], strict=True
):
    figures.tiles(near.reshape(-1, 10, 10), ax, columns=5, red=1 - right_digit.ravel(), title=title)
figures.described(figure,
    "Four test images, 3, 5, 8 and 9, each with its five nearest neighbours before and after training. "
    "Before, nine of the twenty neighbours show another digit and have a red frame, all five of the 8 among "
    "them. After training one of the twenty has a red frame."
)

# %% [markdown]
# Why does a question about *images* teach something about *digits*? That is unit 02; this unit looks at the question.
# (The run is `python -m experiments first`; at the end of the exercise you train with a loss of your own.)

# %% [markdown]
# ## 2 From word2vec to a loss on differences
#
# An encoder $f$ maps a sentence, a word or an image to a vector. Pairs that belong together can be collected without
# labels: two neighbouring words, two consecutive sentences, two views of one image. Write $a$ for the vector of an
# anchor, $p$ for that of its partner and $n$ for that of a random other point.
#
# *word2vec* with negative sampling ([Mikolov et al. 2013](https://arxiv.org/abs/1310.4546)) asks a yes-or-no question
# about each pair, "did these two occur together?", and scores it by the dot product:
#
# $$\ell_{\text{w2v}} = -\ln\sigma(a\cdot p) - \ln\sigma(-a\cdot n)
#   = \mathrm{softplus}(-a\cdot p) + \mathrm{softplus}(a\cdot n). \tag{1.1}$$
#
# *Quick Thoughts* ([Logeswaran and Lee 2018](https://arxiv.org/abs/1803.02893)) asks one question about both pairs,
# "which of the two is the partner?":
#
# $$\ell = -\ln\frac{e^{a\cdot p}}{e^{a\cdot p} + e^{a\cdot n}}
#        = \ln\left(1 + e^{a\cdot n - a\cdot p}\right) = \mathrm{softplus}(-v), \qquad v = a\cdot p - a\cdot n. \tag{1.2}$$
#
# The number $v$ is the **margin**: by how much the partner beats the other point.
#
# **Proposition 1.1 (only differences count).** The loss (1.2) does not change when one number is added to both scores,
# in particular when one vector $h$ is added to $p$ and to $n$. The loss (1.1) does change.
#
# *Plan.* Look for the scores in (1.2): they occur as a difference only.
#
# *Proof.* (1.2) depends on the scores through $v$ only, and a number added to both cancels. For vectors,
# $a\cdot(p + h) - a\cdot(n + h) = a\cdot p - a\cdot n$: the added number is $a\cdot h$. For (1.1) one example is
# enough, and the next cell has two. $\square$
#
# **Predict.** The scores (2, 1) become (12, 11), then $(-8, -9)$. Which of the two losses grows in which case?

# %%
print("score of p   score of n   margin   Quick Thoughts    word2vec")
for s_p, s_n in [(2.0, 1.0), (12.0, 11.0), (-8.0, -9.0), (2.0, 0.0)]:
    quick_thoughts, word2vec = softplus(s_n - s_p), softplus(-s_p) + softplus(s_n)
    print(f"{s_p:10.1f} {s_n:12.1f} {s_p - s_n:8.1f} {quick_thoughts:16.6f} {word2vec:11.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Quick Thoughts never moves: the margin is 1 in all three rows. word2vec grows both times, from 1.44 to 11.0 (the
# negative's score is large) and to 8.0 (the partner's is small): it also asks whether the scores have the right *sign*.
# </details>
#
# The last row drops the hypothesis (only one score moved), and both losses move. From here on we stay with (1.2), the
# loss whose only question is the order.

# %% [markdown]
# ## 3 A surrogate for ranking
#
# What we would like to count is the ranking error $1[v \le 0]$: the partner did not win. It is flat almost everywhere,
# its gradient is useless, so one minimises something above it that has a slope. There are two classical choices: the
# logistic loss $\mathrm{softplus}(-v)$, and the hinge loss
#
# $$\ell_{\text{hinge}} = \max(0,\ m - v), \tag{1.3}$$
#
# which [Wang and Gupta (2015)](https://arxiv.org/abs/1505.00687) used on video frames with cosine distances
# $D = 1 - \cos$: their $\max(0,\ D(a, p) - D(a, n) + m)$ is (1.3), since
# $D(a,p) - D(a,n) = \cos(a,n) - \cos(a,p) = -v$.
#
# **Proposition 1.2 (surrogates).** For every real $v$ and every $m > 0$
#
# $$\text{(i)}\quad 1[v \le 0] \le \frac{\mathrm{softplus}(-v)}{\ln 2}, \qquad\qquad
#   \text{(ii)}\quad 1[v \le 0] \le \frac{\max(0, m - v)}{m},$$
#
# with equality in (i) exactly at $v = 0$, and in (ii) exactly at $v = 0$ and for all $v \ge m$. The factors $1/\ln 2$
# and $1/m$ are the smallest possible. So over any law of triples,
# $P(v \le 0) \le \mathbb{E}\,\mathrm{softplus}(-v)/\ln 2$ and $P(v \le 0) \le \mathbb{E}\max(0, m - v)/m$.
#
# *Plan.* Two cases, $v \le 0$ and $v > 0$; in each the right sides are monotone.
#
# *Proof.* Let $v \le 0$; the left side is 1. Then $e^{-v} \ge 1$, so
# $\mathrm{softplus}(-v) = \ln(1 + e^{-v}) \ge \ln 2$, with equality iff $v = 0$; and $m - v \ge m > 0$, again with
# equality iff $v = 0$. Let $v > 0$; the left side is 0. Then $\mathrm{softplus}(-v) > \ln 1 = 0$, strictly; and
# $\max(0, m - v) \ge 0$, with equality iff $v \ge m$. At $v = 0$ the left side is 1 while the losses are $\ln 2$ and
# $m$, so no smaller factor works. Taking expectations keeps an inequality, and $\mathbb{E}\,1[v \le 0] = P(v \le 0)$.
# $\square$


# %%
def rates(v):
    v = np.array(v)
    return np.mean(v <= 0), np.mean(softplus(-v)) / math.log(2), np.mean(np.maximum(0, 1 - v))


print("                                error rate   logistic / ln 2   hinge, m = 1")
for name, margins in {"holds   v = 2, 0.5, 0, -1   ": [2.0, 0.5, 0.0, -1.0], "tight   all v = 0": [0.0] * 4}.items():
    error, logistic, hinge = rates(margins)
    print(f"{name:28s} {error:13.4f} {logistic:17.4f} {hinge:14.4f}")
print(f"broken  at v = 0 the error is 1, but without the factor the logistic loss is {softplus(-0.0):.4f}")
print(f"        and with m = 0 the hinge loss is {max(0.0, 0.0 - 0.0):.1f}")

# %% [markdown]
# When every embedding is the same vector, all margins are 0 and both bounds are exact. The last line is why the *bound*
# needs $m > 0$: with $m = 0$ the hinge loss, though still a loss (it adds up how far the negatives lead), is 0 for the
# useless constant encoder.

# %% [markdown]
# ## 4 $N$ negatives: an $(N+1)$-way question
#
# With several negatives the question becomes "which of these $N+1$ candidates is the partner?". With the margins
# $v_j = s_0 - s_j$,
#
# $$\ell = -\ln\pi_0 = -\ln\frac{e^{s_0}}{\sum_{j=0}^N e^{s_j}} = \ln\sum_{j=0}^N e^{s_j} - s_0
#   = \ln\Big(1 + \sum_{j=1}^N e^{-v_j}\Big). \tag{1.4}$$
#
# The last form divides the sum by $e^{s_0}$, and the candidate $j = 0$ gives the 1. This is the cross-entropy of a
# classifier with $N + 1$ classes and logits $s$, when the right class is number 0. (That is why many programs call it
# with labels that are all 0: the label is the *place* of the positive, not "no".)
#
# **Proposition 1.4.** Let $N \ge 1$. (a)
# $\max_j \mathrm{softplus}(-v_j) \le \ell \le \sum_{j=1}^N \mathrm{softplus}(-v_j)$; both are equalities for $N = 1$
# and both are strict for $N \ge 2$.
#
# (b) $\ell > 0$, and $\ell = \ln(N+1)$ when all scores are equal.
#
# (c) If some negative scores at least as high as the positive, then $\ell \ge \ln 2$. So the share of anchors whose
# positive is not strictly first is at most (mean loss)$/\ln 2$.
#
# *Plan.* Everything follows from $e^\ell = 1 + y_1 + \dots + y_N$ with $y_j = e^{-v_j} > 0$.
#
# *Proof.* (a) $1 + \max_j y_j \le 1 + \sum_j y_j \le \prod_j (1 + y_j)$: on the left the other summands are positive;
# on the right, multiplying out the product gives $1 + \sum_j y_j$ plus products of two and more $y$'s, which are
# positive. Both differences are empty sums for $N = 1$ and positive for $N \ge 2$. Take logarithms; $\ln$ is increasing
# and turns the product into a sum.
#
# (b) $1 + \sum_j y_j > 1$; when all scores are equal each $y_j = 1$ and the sum is $1 + N$.
#
# (c) Some $v_j \le 0$, so $y_j \ge 1$ and $1 + \sum_j y_j \ge 1 + 1 = 2$. So
# $1[\text{positive not strictly first}] \le \ell / \ln 2$ for every anchor: where the left side is 1 this was just
# shown, and where it is 0, $\ell > 0$. Take the mean over anchors. $\square$
#
# **Predict.** Three negatives, chance level $\ln 4 = 1.386$; an anchor's loss is 0.81. Is its positive first?


# %%
def loss_of(scores):
    """(1.4) for one anchor; the positive's score first."""
    return log_sum_exp(scores) - scores[0]


four = [1.0, 0.5, -0.2, 0.1]
each = softplus(np.array(four[1:]) - four[0])
print(f"holds   {each.max():.4f} < {loss_of(four):.4f} < {each.sum():.4f}   (largest pair loss, loss, sum)")
print(f"tight   N = 1: {each[0]:.4f} = {loss_of(four[:2]):.4f};  four scores 7: {loss_of([7.0] * 4):.4f} = ln 4")
print(
    f"broken  scores 1 | 1.2, -3, -3: loss {loss_of([1.0, 1.2, -3.0, -3.0]):.4f} < ln 4, and > ln 2 = {math.log(2):.4f}"
)
print(f"chance level for N = 65536: {math.log(65537):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nobody can tell: the "broken" line has this loss, and its positive is second. Only a loss below $\ln 2$ says that a
# positive is first, whatever $N$ is. (How far from first can a positive be while the loss is below chance? The exercise
# asks.)
# </details>
#
# The chance level itself grows with $N$: with the 65,536 negatives of MoCo, a loss of about 11 is the loss of an
# encoder that knows nothing.
#
# Two slips change the question without looking wrong. A *mean* over the negatives in place of the sum asks an easier
# question, as if there were one average negative. And $-\ln$ of the mean probability over anchors is never above the
# mean of $-\ln$ (Jensen, $-\ln$ is convex): for two anchors with probabilities 0.9 and 0.1 it is 0.69 in place of 1.20,
# one bad anchor hides behind a good one. The loss is the *mean over anchors of the logarithm*, with the *sum over
# candidates inside* it.

# %% [markdown]
# ## 5 Cosine and temperature
#
# With dot products there is a cheap way to a smaller loss: do not turn a vector, lengthen it. Cosines close that door,
# and a temperature $t > 0$ opens the scale again under our control:
#
# $$s_j = \frac{c_j}{t}, \qquad c_j = \cos(a, z_j) = \frac{a\cdot z_j}{|a|\,|z_j|}. \tag{1.5}$$
#
# The zero vector has no direction, and no cosine.
#
# **Proposition 1.5.** (a) *Dot products.* If the positive is strictly first (all $v_j > 0$), then multiplying the
# anchor by $\lambda > 1$ lowers the loss strictly, and as $\lambda \to \infty$ it tends to 0, which is not attained. If
# some $v_j < 0$, it tends to $\infty$.
#
# (b) *Cosines.* The loss does not change when $a$ or any candidate is multiplied by a positive number, and
#
# $$\ln\left(1 + N e^{-2/t}\right) \le \ell \le \ln\left(1 + N e^{2/t}\right).$$
#
# The left end is reached iff the positive points along the anchor and all negatives point opposite; the right end iff
# it is the other way round.
#
# *Plan.* The loss falls in every margin. (a) lets the margins grow; (b) asks how large a margin of cosines can be.
#
# *Proof.* (a) The margins become $\lambda v_j$, so $\ell = \ln(1 + \sum_j e^{-\lambda v_j})$. If all $v_j > 0$ every
# summand falls strictly to 0 as $\lambda$ grows, so $\ell$ falls strictly to $\ln 1 = 0$, and $\ell > 0$ by Proposition
# 1.4. If $v_j < 0$ for some $j$, then $\ell \ge -\lambda v_j \to \infty$.
#
# (b) A positive factor cancels in the cosine. By Cauchy and Schwarz $|a\cdot z| \le |a||z|$, so cosines lie in
# $[-1, 1]$, with $1$ iff $z$ is a positive multiple of $a$ and $-1$ iff it is a negative one. Hence
# $t\,v_j = c_0 - c_j \in [-2, 2]$, and $\ln(1 + \sum_j e^{-v_j})$ falls in every $v_j$: its least value is at all
# $v_j = 2/t$, its greatest at all $v_j = -2/t$. Both ends need $c_0 = \pm 1$ and $c_j = \mp 1$ for every $j \ge 1$.
# $\square$
#
# **Predict.** Every embedding, anchors and candidates, is multiplied by 10. What happens to the cosine loss, and what
# to the dot-product loss of an anchor with margins 0.3 and 0.8?

# %%
print("dot products, all vectors x 1, 10:  ", *[f"{log_sum_exp([0.0, -0.3 * r, -0.8 * r]):.2e}" for r in (1, 100)])
print("dot products, the anchor x 1, 10:   ", *[f"{log_sum_exp([0.0, -0.3 * r, -0.8 * r]):.2e}" for r in (1, 10)])
floor, ceiling = (math.log(1 + 2 * math.exp(x / 0.5)) for x in (-2, 2))  # N = 2, t = 0.5
for name, cosines in [("holds ", [0.7, 0.2, -0.5]), ("tight ", [1.0, -1.0, -1.0]), ("tight ", [-1.0, 1.0, 1.0])]:
    print(f"{name}  cosines {cosines}:  {floor:.4f} <= {loss_of(np.array(cosines) / 0.5):.4f} <= {ceiling:.4f}")
print(f"broken  norms 2, dot products 4 | -4, -4:  {floor:.4f} > {loss_of(np.array([4, -4, -4]) / 0.5):.8f}")
print("floor for N = 1:", *[f"t = {t:g}: {math.log(1 + math.exp(-2 / t)):.2e}" for t in (1.0, 0.5, 0.07)], sep="  ")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The cosine loss does not move. In the dot-product loss the margins grow by 100, not by 10, since both factors of each
# product are ten times longer: from 0.78 to $10^{-13}$, though no candidate changed its rank.
# </details>
#
# With cosines the loss is confined, and the temperature sets the confinement: at $t = 1$ and $N = 1$ no encoder gets
# below 0.127, at $t = 0.07$ the floor is practically 0. The bound looks at one anchor. In a batch each vector is a
# negative of many others, and they cannot all be opposite to each other: the true floor is higher. Section 8 finds it.

# %% [markdown]
# ## 6 The gradient: one attraction, $N$ repulsions
#
# **Proposition 1.6.** The derivative of the loss (1.4) in the score of candidate $j$ is
#
# $$\frac{\partial \ell}{\partial s_j} = \pi_j - 1[j = 0] \qquad (j = 0, \dots, N). \tag{1.6}$$
#
# The derivatives sum to 0. The positive's is $-(1 - \pi_0)$, and the negatives share $1 - \pi_0$.
#
# *Plan.* Differentiate the two terms of $\ln\sum_k e^{s_k} - s_0$ one by one.
#
# *Proof.* $\dfrac{\partial}{\partial s_j}\ln\sum_k e^{s_k} = \dfrac{e^{s_j}}{\sum_k e^{s_k}} = \pi_j$, and
# $\partial s_0/\partial s_j = 1[j = 0]$. The rest holds because probabilities sum to 1. $\square$
#
# In words: *the probability that is there minus the one that should be*. A step against the gradient raises the
# positive's score and lowers every negative's. Three readings. Attraction and repulsion have the *same total weight*,
# $1 - \pi_0$. That weight is the mistake still made: an anchor that has found its partner hardly moves. And among the
# negatives the force is shared out by their probabilities: the most similar one pushes hardest.
#
# What does the force on the scores do to the *vectors*? That is one more step of the chain rule, through
# $s_j = a\cdot z_j$, and through a division by lengths where there are cosines; the exercise asks you for it.

# %%
scores = torch.tensor([0.6, 0.0, -1.0], dtype=torch.float64, requires_grad=True)
slope = torch.autograd.grad(torch.logsumexp(scores, 0) - scores[0], scores)[0].tolist()
by_hand = [math.exp(s) / sum(math.exp(k) for k in (0.6, 0.0, -1.0)) for s in (0.6, 0.0, -1.0)]
print("holds   (1.6)   ", [round(p - (j == 0), 6) for j, p in enumerate(by_hand)])
print("        autograd", [round(s, 6) for s in slope])
equal = torch.zeros(3, dtype=torch.float64, requires_grad=True)
print("tight   equal scores:", torch.autograd.grad(torch.logsumexp(equal, 0) - equal[0], equal)[0].tolist())
own = torch.tensor([0.6, 0.0], dtype=torch.float64, requires_grad=True)  # the 2nd is a.a, and a moves
twice = torch.autograd.grad(torch.logsumexp(torch.stack([own[0], 2 * own[1]]), 0) - own[0], own)[0]
print("broken  a score that counts double:", [round(s, 4) for s in twice.tolist()])

# %% [markdown]
# The last line drops the hypothesis that the scores are free variables: one that moves twice as fast as its variable
# has twice the derivative, and the sum is not 0. The anchor's product with itself, $a\cdot a$, would be such a score. It is
# not in the denominator, because the anchor is no candidate: nobody asks whether it is its own partner.
#
# **Predict.** An anchor can move on the circle. Its positive stands at 20 degrees, negatives at 75, 160 and 250
# degrees. Where does it come to rest at $t = 0.5$: at the positive, on this side of it or beyond? And at $t = 0.1$?
#
# **Figure 4. Where does an anchor on the circle go?** A candidate at angle $\varphi$ has the cosine
# $\cos(\theta - \varphi)$ with an anchor at $\theta$; it rises towards the candidate with slope
# $\sin(\varphi - \theta)$. Weigh these slopes by (1.6). Arrows are steps against the gradient, attraction and repulsion
# apart; those of the repulsion are drawn three times as long.


# %%
def forces(theta, phi, t):
    """t x (attraction, repulsion) at anchors' angles theta, for candidates at angles phi, positive first."""
    scores = np.cos(theta[:, None] - phi) / t
    pi = np.exp(scores - log_sum_exp(scores)[:, None])
    rise = np.sin(phi - theta[:, None])
    return (1 - pi[:, 0]) * rise[:, 0], -(pi[:, 1:] * rise[:, 1:]).sum(axis=1)


phi = np.radians([20.0, 75.0, 160.0, 250.0])  # one positive, three negatives
theta, fine = np.radians(np.arange(0.0, 360.0, 18.0)), np.radians(np.arange(0.0, 360.0, 0.1))
rest = {t: fine[np.flatnonzero(np.diff(np.sign(sum(forces(fine, phi, t)))) < 0)] for t in (1.0, 0.5, 0.1)}
for t, angles in rest.items():
    print(f"t = {t}: the anchor comes to rest at", *[f"{x:.1f}" for x in np.degrees(angles)], "degrees")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(4, width=3.3, height=3.3, columns=2)
attraction, repulsion = forces(theta, phi, 0.5)
for ax, force, look in (
    (axes[0], attraction / 2, {"title": "attraction, t = 0.5", "colour": figures.BLUE}),
    (axes[1], 1.5 * repulsion, {"title": "repulsion, t = 0.5 (x 3)", "colour": figures.ORANGE}),
    (axes[2], (attraction + repulsion) / 2, {"title": "sum, t = 0.5", "rest": rest[0.5]}),
    (axes[3], sum(forces(theta, phi, 0.1)) / 2, {"title": "sum, t = 0.1", "rest": rest[0.1]}),
):
    figures.directions(theta, force, phi[0], phi[1:], ax, **look)
figures.described(figure,
    "Four circles with a positive at 20 degrees, negatives at 75, 160 and 250 degrees, and arrows that say "
    "how an anchor at that place moves. Attraction points along the circle to the positive from everywhere. "
    "Repulsion, three times enlarged, points away from the nearest negative. Their sum at t = 0.5 vanishes at "
    "one ringed place just beyond the positive, at 356 degrees; at t = 0.1 at two, 346 and 206 degrees."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Beyond it: the negative at 75 degrees pushes the anchor past its partner at 20, to 1.4 degrees at $t = 1$, to 355.6 at
# $t = 0.5$ and to 346.1 at $t = 0.1$. At $t = 0.1$ there is a second place, at 206.5 degrees: the anchor is held
# between the negatives at 160 and 250, and its partner is almost opposite, where a pull has hardly any tangential part.
# </details>
#
# The attraction is weak close to the positive (the disc), where $\pi_0$ is large and the angle is small; the repulsion
# nearly vanishes on a negative and is strongest on its free side. Green rings: where the anchor comes to rest. The lower
# the temperature, the more the nearest negative does all the pushing; a low temperature can make traps.
#
# **Explore: the temperature.** Same circle, seventeen temperatures. Where do the rings go as $t$ falls, and when does a
# second one appear? Who pushes at the first ring? (Where scripts are off, the picture shows $t = 0.5$.)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
warm = (0.05, 0.07, 0.1, 0.14, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 1, 1.4, 2, 3, 5)
rows = []
for t in warm:
    push = sum(forces(fine, phi, t))
    at = fine[(push > 0) & (np.roll(push, -1) <= 0)]
    at = at[np.argsort(np.cos(phi[0] - at))[::-1]]  # the ring next to the positive first
    scores = np.cos(at[:, None] - phi[1:]) / t
    share = np.exp(scores - log_sum_exp(scores)[:, None])
    rows.append({"push": sum(forces(theta, phi, t)), "rest": np.degrees(at), "share": share})
figure, (ax,) = figures.panels(1, width=3.3, height=3.3)
half = rows[warm.index(0.5)]
figures.directions(theta, half["push"] / 2, phi[0], phi[1:], ax, rest=np.radians(half["rest"]), title="t = 0.5")
setting = {"texts": [f"{t:g}" for t in warm], "start": warm.index(0.5), "rows": rows, "theta": np.degrees(theta)}
figures.live(figure, "circle", setting | {"positive": 20, "negatives": [75, 160, 250]})
figures.described(figure,
    "A circle with the positive at 20 degrees and negatives at 75, 160 and 250. Arrows show how an anchor at "
    "each place moves at temperature 0.5; they all lead to one ring at 356 degrees, just beyond the positive."
)

# %% [markdown]
# **Proposition 1.7 (lengths).** Let $L$ depend on a vector $z \ne 0$ through its direction only, as every loss of
# cosines does, and be differentiable. Then (a) $z\cdot\nabla L(z) = 0$; (b) $\nabla L(\lambda z) = \nabla L(z)/\lambda$
# for $\lambda > 0$; (c) after a step $z' = z - \eta\nabla L(z)$, $\ |z'|^2 = |z|^2 + \eta^2\,|\nabla L(z)|^2$.
#
# *Plan.* Differentiate $L(\lambda z) = L(z)$, once in $\lambda$ and once in $z$.
#
# *Proof.* (a) The derivative of the constant $L(\lambda z)$ in $\lambda$ is $z\cdot\nabla L(\lambda z)$; put
# $\lambda = 1$. (b) The derivative of both sides in $z$: $\lambda\nabla L(\lambda z) = \nabla L(z)$. (c)
# $|z'|^2 = |z|^2 - 2\eta\,z\cdot\nabla L + \eta^2|\nabla L|^2$, and the middle term is 0 by (a). $\square$
#
# So a vector twice as long makes half the step and turns by a quarter of the angle, and under plain gradient descent
# lengths never shrink: an encoder on cosines slows itself down.


# %%
def of_direction(z):
    unit = z / z.norm()
    return torch.log(1 + torch.exp(unit[1] - unit @ torch.tensor([0.6, 0.8], dtype=torch.float64)))


for name, pair in (("holds", [2.0, 1.0]), ("twice as long", [4.0, 2.0])):
    z = torch.tensor(pair, dtype=torch.float64, requires_grad=True)
    grad = torch.autograd.grad(of_direction(z), z)[0]
    grown = [f"{(x @ x).item():.6f}" for x in (z, z - grad)]
    print(
        f"{name:14s} gradient {grad[0]:9.6f} {grad[1]:9.6f}   z.gradient {(z @ grad).abs():.0e}   |z|^2",
        *grown,
        sep=" ",
    )
grad = torch.autograd.grad(torch.log(1 + torch.exp(z[1] - 0.6 * z[0] - 0.8 * z[1])), z)[0]
print(f"broken         not normalised: z.gradient {(z @ grad).item():.4f}")

# %% [markdown]
# Without the normalisation the gradient has a part along $z$: the loss would rather make this vector longer.

# %% [markdown]
# ## 7 The temperature, between the hardest candidate and the mean
#
# Fix the cosines: $c_0$ for the positive, $c_1, \dots, c_N$ for the negatives. Let $c_{\max}$ and $\bar c$ be the
# largest and the mean of *all* $N+1$ numbers, and let
#
# $$\ell_t = \ln\sum_{j=0}^N e^{(c_j - c_0)/t}, \qquad G(t) = t\left(\ell_t - \ln(N+1)\right).$$
#
# $G$ is the loss above its chance level, in units of cosine.
#
# **Proposition 1.8 (limits).** (a) As $t \to 0$, $\ t\,\ell_t \to c_{\max} - c_0 = \max(0,\ \max_{j \ge 1} c_j - c_0)$:
# the hinge with margin 0 against the *hardest negative*. As $t \to \infty$, $\ G(t) \to \bar c - c_0$: the *mean*.
#
# (b) $\ell_t \to \ln(N+1)$ as $t \to \infty$. As $t \to 0$, $\ell_t \to 0$ if the positive is strictly first,
# $\ell_t \to \ln(1 + q)$ if exactly $q$ negatives tie with it for the first place, and $\ell_t \to \infty$ if some
# negative is above it.
#
# *Plan.* When it is cold one exponential outweighs the sum; when it is hot the logarithm of the mean of exponentials is
# nearly a straight line.
#
# *Proof.* Put $\beta = 1/t > 0$ and $\Lambda(\beta) = \ln\big(\frac{1}{N+1}\sum_j e^{\beta c_j}\big)$. Then
# $\ell_t = \ln\sum_j e^{\beta c_j} - \beta c_0$ gives $G(t) = \Lambda(\beta)/\beta - c_0$.
#
# *(a), cold.* $e^{\beta c_{\max}} \le \sum_j e^{\beta c_j} \le (N+1)e^{\beta c_{\max}}$: the largest term alone, and
# $N+1$ copies of it. So $t\,\ell_t$ lies between $c_{\max} - c_0$ and $c_{\max} - c_0 + t\ln(N+1)$. The maximum runs
# over all candidates, the positive included, which gives the 0 in $\max(0, \cdot)$.
#
# *(a), hot.* $\Lambda(0) = 0$ and $\Lambda'(\beta) = \sum_j \pi_j c_j$, so
# $\Lambda(\beta)/\beta \to \Lambda'(0) = \bar c$ as $\beta \to 0$.
#
# *(b)* As $t \to \infty$ every exponent $(c_j - c_0)/t$ tends to 0. As $t \to 0$ the summand $j$ tends to 0, 1 or
# $\infty$ as $c_j$ is below, equal to or above $c_0$, and the summand $j = 0$ is 1. $\square$
#
# **Predict.** One negative has exactly the cosine of the positive, 0.9; two others have 0.5 and 0. To which number does
# the loss tend as $t \to 0$? From above or from below?
#
# <details><summary>Answer</summary>
#
# To $\ln 2$, by (b) with $q = 1$, and from above: the two losers add a positive amount that vanishes. At $t = 0.1$ the
# loss is 0.7023, at $t = 0.05$ it is 0.6933.
# </details>

# %%
five = np.array([0.5, 0.8, 0.1, -0.2, -0.7])  # the positive 0.5 is second of N + 1 = 5


def above_chance(c, t):
    """G(t)"""
    return t * (loss_of(c / t) - math.log(len(c)))


print("holds   cold: t loss =", *[f"{t * loss_of(five / t):.4f}" for t in (0.1, 0.01)], "->  hardest - positive = 0.3")
print("        hot:  G =", *[f"{above_chance(five, t):.4f}" for t in (10.0, 1000.0)], "  ->  mean - positive = -0.4")
print(f"tight   three equal cosines, t = 0.1: G = {abs(above_chance(np.full(3, 0.3), 0.1)):.4f} = both limits")
print(f"broken  t = -0.01: t loss = {-0.01 * loss_of(five / -0.01):.4f}; the *least* similar candidate leads")

# %% [markdown]
# **Figure 5. From the hardest to the mean:** $G$ for the five candidates of this cell (positive 0.5; negatives 0.8,
# 0.1, $-0.2$, $-0.7$).

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(1, width=5.6, height=3.0)
warm = np.geomspace(0.005, 50, 200)
lines = {"G(t)": [above_chance(five, t) for t in warm]}
figures.curves(warm, lines, ax, xlabel="temperature t", ylabel="G = t (loss − chance)", logx=True, legend=None)
figures.levels({"hardest − positive": 0.3}, ax, above=False)
figure = figures.levels({"mean − positive": five.mean() - 0.5}, ax, at=0.3)
figures.described(figure,
    "One falling curve: G against the temperature on a logarithmic axis from 0.005 to 50. It begins at the "
    "dashed line at 0.3, hardest minus positive, passes 0 near t = 0.23, and flattens at the dashed line at "
    "-0.4, mean minus positive."
)

# %% [markdown]
# One loss moves from a *worst-case* to an *average* criterion as the temperature rises. Neither end is free: near the
# hardest end a mislabelled negative takes all the force (unit 05), near the mean the loss no longer cares which
# negative is close. So the hot encoders of Figure 2 made the *mean* cosine of different images as small as the others
# did, and confused similar ones.

# %% [markdown]
# ## 8 NT-Xent: its value at collapse, and its minimum
#
# SimCLR ([Chen et al. 2020](https://arxiv.org/abs/2002.05709)) makes two views of each of $B$ images. Normalise all
# $2B$ vectors, call them $u_1, \dots, u_{2B}$, and let $i'$ be the other view of the image of $u_i$. Each view is an
# anchor once; its candidates are *all other* $2B - 1$ views: one positive and $2B - 2$ negatives.
#
# $$L = \frac{1}{2B}\sum_{i=1}^{2B} \ell_i, \qquad
#   \ell_i = -\ln\frac{e^{u_i\cdot u_{i'}/t}}{\sum_{k \ne i} e^{u_i\cdot u_k/t}}. \tag{1.7}$$
#
# The anchor itself is not in the sum, the positive is. (With $B = 1$ there is no negative and the loss is 0.) A batch
# small enough to do by hand: two images, four views on the circle, at angles 0 and 40 degrees (image 1), 100 and 170
# degrees (image 2), $t = 0.5$.


# %%
def cos(*degrees):
    return np.cos(np.radians(degrees))


anchors = {
    "0": cos(0 - 40, 0 - 100, 0 - 170),  # positive first, then the two views of the other image
    "40": cos(40 - 0, 40 - 100, 40 - 170),
    "100": cos(100 - 170, 100 - 0, 100 - 40),
    "170": cos(170 - 100, 170 - 0, 170 - 40),
}
four_losses = {name: loss_of(c / 0.5) for name, c in anchors.items()}
for name, c in anchors.items():
    print(
        f"anchor at {name:>3}: positive {c[0]:7.4f}   negatives {c[1]:7.4f} {c[2]:7.4f}   loss {four_losses[name]:.6f}"
    )
print(f"NT-Xent: the mean over all 2B = 4 anchors is {np.mean(list(four_losses.values())):.6f}")

# %% [markdown]
# Four anchors, four losses. Keep the mean; it is a good first test for the function that you will write.
#
# **Proposition 1.10 (collapse).** Let $B \ge 2$. (a) If all $2B(2B-1)$ cosines are equal, in particular if all views
# are one vector, then $L = \ln(2B-1)$ for every temperature.
#
# (b) When all views have one direction, the gradient of $L$ in every view is zero. (In $d \ge 2$ collapse is a saddle,
# though: section 10.)
#
# *Plan.* (a) counts candidates; (b): all cosines are at their maximum, where nothing has a slope.
#
# *Proof.* (a) Every summand in the denominator equals the numerator, and there are $2B-1$ of them.
#
# (b) $L$ is a smooth function of the cosines. Where two views have one direction their cosine is 1, the largest value a
# cosine can have, so its derivative is 0 in every direction in which either view can move. By the chain rule so is that
# of $L$. $\square$
#
# **Predict.** A run with $B = 8$ and $t = 0.2$ shows a loss of 2.708 from the first step to the last. What has the
# encoder become? Would another temperature show another number?

# %%
print(f"tight   B = 4: all cosines 1: {loss_of([2.0] * 7):.6f}, all cosines 0: {loss_of([0.0] * 7):.6f} = ln 7")
print(f"broken  B = 4, six of seven cosines 1, the positive's 0.98: {loss_of(np.array([0.98, *[1.0] * 6]) / 0.5):.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\ln 15 = 2.708$, the value at collapse: all views are (nearly) one vector, at every temperature. It would also be the
# value if all cosines were equal but not 1, so look at the embeddings too.
# </details>
#
# A single number cannot tell collapse from views that are all mutually orthogonal, and a test of your code on a
# collapsed batch tests very little of it. No force acts at collapse, but in section 1 the encoder left it soon: it was
# not quite there, and beside a saddle some forces point out.
#
# **Theorem 1.11 (the minimum).** For every $B \ge 2$, every dimension $d \ge 1$ and every $t > 0$
#
# $$L \ \ge\ \ln\left(1 + 2(B-1)\,e^{-\frac{B}{(B-1)\,t}}\right). \tag{1.8}$$
#
# Equality holds iff the two views of each image coincide and the $B$ images form a *regular simplex*:
# $u_i\cdot u_k = -1/(B-1)$ for views of different images. Such a batch exists iff $d \ge B - 1$.
#
# *Plan.* Replace the negatives of an anchor by their mean (Jensen), the anchors by their mean (Jensen again); then one
# square, $|\sum_i u_i|^2 \ge 0$, bounds what is left.
#
# *Proof.* Let $K = 2B - 2$ be the number of negatives of an anchor, $\mathcal{N}_i$ the set of its negatives, and
#
# $$\bar v_i = \frac1K\sum_{k\in\mathcal{N}_i}\frac{u_i\cdot u_{i'} - u_i\cdot u_k}{t},
#   \qquad g(x) = \ln\left(1 + K e^{-x}\right).$$
#
# *Step 1: inside one anchor.* By (1.4) $\ell_i$ is the logarithm of 1 plus a sum of $K$ exponentials of minus the
# margins. The exponential is strictly convex, so by Jensen this sum is at least $K e^{-\bar v_i}$, with equality iff
# the $K$ margins are equal. Hence $\ell_i \ge g(\bar v_i)$.
#
# *Step 2: over the anchors.* $-g'(x) = \frac{Ke^{-x}}{1 + Ke^{-x}} \in (0, 1)$ falls strictly in $x$: $g$ decreases and
# is strictly convex. By Jensen $L \ge \frac{1}{2B}\sum_i g(\bar v_i) \ge g(\bar v)$ with
# $\bar v = \frac1{2B}\sum_i \bar v_i$; the second step is an equality iff all $\bar v_i$ are equal.
#
# *Step 3: the mean margin.* Let $S = \sum_i u_i$ and $A = \sum_{i=1}^{2B} u_i\cdot u_{i'}$. Sort the $(2B)^2$ products
# in $|S|^2$ into those of a view with itself ($2B$ times 1), with its partner ($A$), and with its negatives:
#
# $$0 \le |S|^2 = 2B + A + \sum_i\sum_{k\in\mathcal{N}_i} u_i\cdot u_k
#   \quad\Longrightarrow\quad -\sum_i\sum_{k\in\mathcal{N}_i} u_i\cdot u_k \le 2B + A.$$
#
# So, with $A \le 2B$ (each of its $2B$ terms is a cosine),
#
# $$t\,\bar v = \frac1{2B}\Big[A - \frac1K\sum_i\sum_{k\in\mathcal{N}_i}u_i\cdot u_k\Big]
#   \le \frac1{2B}\Big[A\Big(1 + \frac1K\Big) + \frac{2B}{K}\Big]
#   \le 1 + \frac2K = \frac{B}{B-1}.$$
#
# *Step 4.* $g$ decreases, so $L \ge g(\bar v) \ge g\big(\frac{B}{(B-1)t}\big)$, which is (1.8).
#
# *Equality.* It needs equality in every step. $A = 2B$: all cosines of partners are 1, the two views coincide. $S = 0$.
# Step 1: for each $i$ the products with its negatives are one number, and by Step 2 it is the same for all $i$; call it
# $c$. Then $0 = u_i\cdot S = 2 + (2B-2)\,c$, so $c = -1/(B-1)$. Conversely, with these cosines every $\ell_i$ is
# $g\big(\frac1t + \frac{1}{(B-1)t}\big)$, the right side of (1.8).
#
# *Existence.* Let $u_1, \dots, u_B$ be one view of each image. Any $B - 1$ of them are independent: if
# $\sum_{k<B} x_k u_k = 0$, the product with $u_i$, $i < B$, gives $x_i = \frac{1}{B-1}\sum_{k<B, k\ne i} x_k$, that is
# $\frac{B}{B-1}x_i = \frac{1}{B-1}\sum_{k<B} x_k$: all $x_i$ are equal, and then $Bx_i = (B-1)x_i$ gives $x_i = 0$. So
# $d \ge B-1$ is needed. It is enough: two opposite points for $B = 2$, three directions at 120 degrees for $B = 3$, a
# tetrahedron for $B = 4$, and so on. *How* it goes on you find in the exercise, where you build the batch for every
# $B$. $\square$


# %%
def smallest(B, t):
    """The right side of (1.8)."""
    return math.log(1 + 2 * (B - 1) * math.exp(-B / ((B - 1) * t)))


# B = 2 on the circle: every angle on a grid of 10 degrees; the first view stays at 0 (rotating all changes nothing)
grid = np.radians(np.arange(0, 360, 10))
x1, (y1, x2, y2) = 0.0, np.meshgrid(grid, grid, grid, indexing="ij")
values = 0
for anchor, partner, one, other in [(x1, y1, x2, y2), (y1, x1, x2, y2), (x2, y2, x1, y1), (y2, x2, x1, y1)]:
    near, *far = [np.cos(anchor - place) / 0.5 for place in (partner, one, other)]
    values = values + np.log1p(np.exp(far[0] - near) + np.exp(far[1] - near)) / 4
where = [int(10 * k) for k in np.unravel_index(values.argmin(), values.shape)]
print(
    f"holds   B = 2, {values.size} batches: {values.min():.12f} <= L <= {values.max():.6f}; collapse {math.log(3):.6f}"
)
print(f"tight   the bound is {smallest(2, 0.5):.12f}, reached at 0, {where[0]} and {where[1]}, {where[2]} degrees")

# %%
print(f"tight   B = 3, d = 2, at 120 degrees: {loss_of(np.array([1, *[-0.5] * 4]) / 0.5):.6f} = {smallest(3, 0.5):.6f}")
print(
    f"broken  B = 4, d = 2, square: {loss_of(np.array([1, 0, 0, 0, 0, -1, -1]) / 0.5):.6f}; {smallest(4, 0.5):.6f} is not reached"
)
print(
    f"broken  norm 2, dot products, B = 3: {loss_of(4 * np.array([1, *[-0.5] * 4]) / 0.5):.6f}, below {smallest(3, 0.5):.6f}"
)

# %% [markdown]
# Without $d \ge B-1$ the inequality is still true but nothing reaches it; without unit norms it is false. The grid's
# maximum is far above $\ln 3$: collapse is *not* the worst case. Worse is a partner at the opposite side with a
# stranger in its place.
#
# **Predict.** How do the value at collapse and the minimum depend on $B$? Does the gap between them grow without limit?
#
# **Figure 6. Which loss values can a batch show?** Collapse and minimum against $B$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(1, width=5.2)
sizes = np.unique(np.geomspace(2, 4096, 60).astype(int))
minima = {f"minimum, t = {t:g}": [smallest(B, t) for B in sizes] for t in (0.1, 0.2, 0.5, 1.0)}
figures.curves(sizes, minima, ax, ordered=True, legend=None)
chance = {"collapse, every t": np.log(2 * sizes - 1)}
look = {"colours": (figures.ORANGE,), "logx": True, "legend": "upper left"}
figure = figures.curves(sizes, chance, ax, xlabel="images B in the batch", ylabel="NT-Xent (nats)", **look)
figures.described(figure,
    "NT-Xent against the number of images in the batch, from 2 to 4096 on a logarithmic axis. Collapse is a "
    "straight rising line that ends at 9.0. The minimum at t = 1 runs parallel to it one nat lower, at t = "
    "0.5 two nats lower; at t = 0.2 it leaves 0 near 30 images and ends at 4.0; at t = 0.1 it stays near 0 "
    "until the very end."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Both grow like $\ln 2B$, and the gap settles at $1/t$ (2 nats at $t = 0.5$): divide both arguments by $2B$, and $1$
# and $e^{-1/t}$ are left.
# </details>
#
# A loss means nothing without its $B$ and $t$: at $B = 8$, a loss of 0.9 is far from the minimum at $t = 0.1$
# (0.00015), close to it at $t = 0.5$ (0.89), and impossible at $t = 1$. In section 1, $B = 64$ and $t = 0.5$: the floor
# is 2.86, and the encoder came to about 3.43, with half the dimensions that the simplex needs.
#
# It is the *negatives* that make collapse a bad place. Minus the cosine of two views has none: a constant encoder
# reaches its global minimum, $-1$, while NT-Xent at $B = 4$, $t = 0.5$ is 1.95 there and 0.35 at best.
#
# > **Source check.** The page *Contrastive Learning Theory*, a text that this course draws on, says of SwAV, BYOL
# > and SimSiam: "These variants all maintain the core principle: learn representations by comparing similar and
# > dissimilar examples, with implicit or explicit negative pairs." SimSiam's loss, minus the cosine between two views
# > (through a predictor and a stopped gradient), contains no negative pair, and a constant encoder minimises it: what
# > keeps SimSiam from collapse is not in its loss. Whether one calls what predictor and stopped gradient do an *implicit*
# > negative is a choice of words; unit 09 measures what they do. The page also says that SimSiam needs no memory bank
# > "through redundancy reduction": it has no negatives to keep in one, and redundancy reduction is Barlow Twins.

# %% [markdown]
# ## 9 Computing it: the stable log-sum-exp
#
# A score of $1/t$ inside an exponential is large: at $t = 0.01$, $e^{100}$.
#
# **Predict.** The temperature is 0.07 and the exponentials are taken in float16 (largest number 65504,
# $\ln 65504 = 11.09$). From which cosine on do they overflow? And in float32 (largest number $e^{88.7}$), from which
# temperature on?
#
# <details><summary>Answer</summary>
#
# Where $c/0.07 > 11.09$, from a cosine of 0.776 on: most positives. A cosine of 1 overflows float32 below
# $t = 1/88.7 = 0.0113$. "The exponential of a cosine is at most $e$" is true *before* the division by $t$.
# </details>
#
# **Proposition 1.13.** Let $s_0, \dots, s_N$ be finite and $s_{\max}$ the largest. (a) For every number $r$,
# $\ \ln\sum_j e^{s_j} = r + \ln\sum_j e^{s_j - r}$.
#
# (b) With $r = s_{\max}$ no exponent is positive, the sum lies in $[1, N+1]$, and
# $s_{\max} \le \ln\sum_j e^{s_j} \le s_{\max} + \ln(N+1)$.
#
# (c) With $r = s_{\max}$ and $0 < \delta \le 1$, replacing every $e^{s_j - r}$ below $\delta$ by 0 changes the result
# by at most $N\delta$.
#
# (d) The derivative with respect to $r$ is 0: it does not matter whether a gradient flows through the maximum.
#
# *Plan.* Take one factor $e^r$ out of the sum; the rest is counting.
#
# *Proof.* (a) $\sum_j e^{s_j} = e^r\sum_j e^{s_j - r}$; take logarithms. (b) Each of the $N+1$ terms is at most 1, and
# the leader's is exactly $e^0 = 1$. (c) The leader's term is not below $\delta$ and stays, so the sum after is
# $x \ge 1$ and before it was $x + y$ with $0 \le y \le N\delta$; $\ln(x + y) - \ln x = \ln(1 + y/x) \le y$. (d) By (a)
# the right side is the same number for every $r$. $\square$
#
# In float32 the smallest positive number is about $10^{-45}$, so underflow *inside the sum* costs nothing, by (c);
# overflow cannot happen, by (b). Underflow of a whole probability is another matter: $-\ln\pi_0$, computed after the
# softmax, is $\infty$ when $\pi_0$ is rounded to 0. And the shift must be *one number per anchor*, put back (or
# cancelled by subtracting it from $s_0$ as well): (a) does not allow a shift that depends on $j$.


# %%
def naive(scores):
    return -torch.log(torch.exp(scores[0]) / torch.exp(scores).sum())


def shifted(scores):
    top = scores.max()
    return top + torch.log(torch.exp(scores - top).sum()) - scores[0]


print("float32, positive first:             naive  -ln softmax      shifted        exact")
for row in ([2.0, 1.0, 0.5], [1e4, 9999.0, -1e4], [-1e4, -9999.0, -1e4], [-200.0, -50.0, -90.0]):
    single = torch.tensor(row, dtype=torch.float32)
    late = -torch.log(torch.softmax(single, 0)[0])
    three = (naive(single), late, shifted(single))
    print(f"{row!s:28s}" + "".join(f"{x.item():13.6f}" for x in three) + f"{loss_of(row):13.6f}")
print(f"(b) tight, scores 5, 5, 5: {log_sum_exp([5, 5, 5]):.4f} = 5 + ln 3")

# %% [markdown]
# The naive form is $\infty/\infty$ in the second row and $0/0$ in the third; in the fourth both it and the logarithm of
# a finished softmax see a probability of 0; the shifted form is right everywhere, up to float32's spacing: at $10^4$
# neighbouring float32 numbers are $0.001$ apart, and the result of adding $r$ back inherits that. Subtracting $s_0$
# *before* the exponential, as in the last form of (1.4), avoids it.
#
# **Find the bug.** Someone keeps an anchor's own score out of the sum. The loss that is printed is right to all digits,
# and after one step of training all weights are NaN. Why?

# %%
own = torch.tensor([3.0, 5.0, 2.0], requires_grad=True)  # entry 1 is the anchor itself and must not count
keep = torch.tensor([True, False, True])
kept = torch.where(keep, torch.log(torch.exp(own) * keep), -math.inf)  # ln 0 where it must not count: hide it
loss = torch.logsumexp(kept, 0) - own[0]
print(f"loss {loss.item():.6f}, exact {softplus(2.0 - 3.0):.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Ask for the gradient: `torch.autograd.grad(loss, own)` is `[-0.2689, nan, 0.2689]`. The `where` hides $\ln 0$ from the
# *value* only. Backwards, its branch gets the gradient 0, and the derivative of $\ln$ at 0 is $\infty$: $0\cdot\infty$
# is NaN, and one NaN spoils every weight below it. The cure is to set the score to $-\infty$ *before* the exponential,
# `own.masked_fill(~keep, -math.inf)`: it contributes 0 to the sum and 0 to the gradient.
# </details>

# %%
early = torch.logsumexp(own.masked_fill(~keep, -math.inf), 0) - own[0]
for name, value in [("ln 0 hidden by a where ", loss), ("-inf before exponential", early)]:
    gradient = [round(g, 4) for g in torch.autograd.grad(value, own)[0].tolist()]
    print(f"{name}: value {value.item():.4f}, gradient {gradient}")

# %% [markdown]
# **Now write it.** The exercise is
# [`01_similarity_losses.ipynb`](../exercises/01_similarity_losses/01_similarity_losses.ipynb): losses for whole
# batches, gradients, the smallest batch, and a training with your own loss. The sections below are optional.

# %% [markdown]
# ## 10 The way out of collapse (optional)
#
# **Proposition 1.10, continued.** (c) If $d \ge 2$, collapse is a saddle. Turn both views of one image by an angle
# $\varepsilon \in (0, \pi]$, or one view without its partner; $L$ becomes, with $\xi = (\cos\varepsilon - 1)/t < 0$,
#
# $$L_{\text{both}} = \frac{\ln\left(1 + (2B-2)e^{\xi}\right) + (B-1)\ln\left(2B-3 + 2e^{\xi}\right)}{B} < \ln(2B-1),$$
# $$L_{\text{one}} = \frac{\ln(2B-1) + (2B-1)\ln\left(2B-2 + e^\xi\right) - \xi}{2B} > \ln(2B-1).$$
#
# *Plan.* Count who sees whom at which cosine; then Jensen.
#
# *Proof.* *Both views.* The 2 turned anchors have a positive with cosine 1 and $2B-2$ negatives with cosine
# $\cos\varepsilon$. The other $2B - 2$ anchors have a positive and $2B-4$ negatives with cosine 1, and 2 negatives with
# cosine $\cos\varepsilon$. Put this in (1.4) and average with weights $2/2B$ and $(2B-2)/2B$. As $e^\xi < 1$, both
# logarithms are below $\ln(2B-1)$.
#
# *One view.* The turned view has the cosine $\cos\varepsilon$ with all its candidates: loss $\ln(2B-1)$. Its partner
# has a positive with $\cos\varepsilon$ and $2B-2$ negatives with 1: loss $\ln(e^\xi + 2B-2) - \xi$. The other $2B-2$
# anchors have one negative with $\cos\varepsilon$, all else 1: loss $\ln(2B - 2 + e^\xi)$. The average is
# $L_{\text{one}}$. The logarithm is strictly concave, so by Jensen for the $2B-1$ numbers $e^\xi, 1, \dots, 1$, which
# are not all equal: $\ln\frac{e^\xi + 2B-2}{2B-1} > \frac{\xi}{2B-1}$, that is
# $(2B-1)\ln(2B-2+e^\xi) - \xi > (2B-1)\ln(2B-1)$. $\square$
#
# **Predict.** Which way is down: both views of an image together, or one view alone?


# %%
def turned(eps, B, t):
    """L_both: both views of one of B images are turned by eps (radians)."""
    xi = (np.cos(eps) - 1) / t
    return (np.log(1 + (2 * B - 2) * np.exp(xi)) + (B - 1) * np.log(2 * B - 3 + 2 * np.exp(xi))) / B


for degrees in (0, 10, 90, 180):
    xi = (math.cos(math.radians(degrees)) - 1) / 0.5
    one = (math.log(7) + 7 * math.log(6 + math.exp(xi)) - xi) / 8
    print(
        f"B = 4, turned by {degrees:3d} degrees: one image {turned(math.radians(degrees), 4, 0.5):.6f}   one view {one:.6f}"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# The image as a whole goes down, the single view up. The first row is collapse.
# </details>
#
# **Figure 7. Out of collapse,** B = 4: the loss while both views of one image turn away.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
eps = np.linspace(0, 180, 181)
away = {f"t = {t:g}": turned(np.radians(eps), 4, t) for t in (0.1, 0.2, 0.5, 1.0)}
figure, (ax,) = figures.panels(1, width=5.2)
look = {"xlabel": "angle of the image that leaves (degrees)", "ylabel": "NT-Xent (nats)", "ordered": True}
figures.curves(eps, away, ax, **look)
figure = figures.levels({"collapse: ln 7": math.log(7)}, ax)
figures.described(figure,
    "NT-Xent against the angle by which one image leaves a collapsed batch, for t = 0.1, 0.2, 0.5 and 1. All "
    "four curves start flat at ln 7 = 1.95 and fall; the colder, the sooner: t = 0.1 is down at 1.21 from 60 "
    "degrees on, t = 1 reaches only 1.40 at 180 degrees."
)

# %% [markdown]
# ## 11 Between the limits of the temperature (optional)
#
# **Proposition 1.14.** Let $R$ be the range of all $N+1$ cosines (largest minus smallest). (a) $G$ does not increase
# with $t$; it strictly decreases unless all $c_j$ are equal. (b) For all $t > 0$
#
# $$\max\left\{\bar c - c_0,\ \ c_{\max} - c_0 - t\ln(N+1)\right\}\ \le\ G(t)\ \le\
#   \min\left\{c_{\max} - c_0,\ \ \bar c - c_0 + \frac{R^2}{8t}\right\}.$$
#
# *Plan.* $G$ is a slope: that of the convex function $\Lambda$ below, between 0 and $1/t$. What bounds the bend of
# $\Lambda$ bounds $G$.
#
# *Proof.* $G(t) = \Lambda(\beta)/\beta - c_0$, as in section 7.
#
# *Step 1: derivatives of $\Lambda$.* $\Lambda' = \sum_j \pi_j c_j$. Since $\pi_j' = \pi_j(c_j - \sum_k \pi_k c_k)$, we
# get $\Lambda'' = \sum_j \pi_j c_j^2 - \big(\sum_j \pi_j c_j\big)^2$, the variance of $c$ under $\pi$. A variance is
# the smallest mean squared distance to a point; take the midpoint of the range, from which every $c_j$ is at most $R/2$
# away. So $0 \le \Lambda'' \le R^2/4$, and since all $\pi_j > 0$, $\Lambda'' = 0$ only if all $c_j$ are equal. Also
# $\Lambda(0) = 0$ and $\Lambda'(0) = \bar c$.
#
# *Step 2: (a).* $\frac{d}{d\beta}\frac{\Lambda}{\beta} = \frac{\beta \Lambda' - \Lambda}{\beta^2}$. The numerator is 0
# at $\beta = 0$ and has the derivative $\beta \Lambda'' \ge 0$. So $\Lambda/\beta$ does not decrease in $\beta$, and
# $G$ does not increase in $t = 1/\beta$; strictly unless $\Lambda'' = 0$.
#
# *Step 3: the two bounds with $\bar c$.* From Step 1, $\bar c \le \Lambda'(b) \le \bar c + b R^2/4$ for $b \ge 0$.
# Integrate over $b$ from 0 to $\beta$: $\beta\bar c \le \Lambda(\beta) \le \beta\bar c + \beta^2R^2/8$. Divide by
# $\beta$ and subtract $c_0$.
#
# *Step 4: the two bounds with $c_{\max}$* are those of section 7, less $t\ln(N+1)$. $\square$


# %%
def bounds(c, t):
    """The four bounds of (b); mean and largest measured from c_0."""
    top, mean, spread = c.max() - c[0], c.mean() - c[0], c.max() - c.min()
    return mean, top - t * math.log(len(c)), top, mean + spread**2 / (8 * t)


print("      t  mean-c_0  max-c_0-t ln(N+1)       G(t)   max-c_0  mean-c_0+R²/8t")
for t in (0.01, 0.1, 1.0, 10.0):
    mean, low, top, high = bounds(five, t)
    print(f"{t:7g} {mean:9.4f} {low:18.4f} {above_chance(five, t):10.6f} {top:9.4f} {high:15.4f}")
two = np.array([-1.0, 1.0])
used = (above_chance(two, 100.0) - 1) / (bounds(two, 100.0)[3] - 1)
print(f"tight   the 8 in R^2/(8t): cosines -1 and 1, t = 100: {used:.6f} of it is used")
print(
    f"broken  ln N for ln(N+1), three equal cosines, t = 0.1: t loss = {0.1 * math.log(3):.4f} > {0.1 * math.log(2):.4f}"
)

# %% [markdown]
# ## 12 Where do the programs break? (optional)
#
# **Figure 8.** Left, the loss of an anchor whose hardest negative wins (cosines 0.8 against 0.9, 0.2, $-0.3$), by the
# naive program; crosses mark values that are not finite. Right, an easy anchor (0.9 against 0.7, 0.2, $-0.3$), whose
# loss is tiny: the relative error of three float32 programs. The third subtracts $s_0$ first: with
# $\ell^- = \ln\sum_{j\ge1}e^{-v_j}$ it computes $\ell = \mathrm{softplus}(\ell^-)$.


# %%
def program(cosines, temperatures, compute, dtype=torch.float32):
    """The loss of one anchor over temperatures. -> array"""
    return np.array([compute(torch.tensor(cosines, dtype=dtype) / float(t)).item() for t in temperatures])


def by_softplus(scores):
    return torch.nn.functional.softplus(torch.logsumexp(scores[1:] - scores[0], 0))


colder = np.geomspace(1.0, 0.004, 70)
hard, easy = [0.8, 0.9, 0.2, -0.3], [0.9, 0.7, 0.2, -0.3]
exact = {name: program(c, colder, by_softplus, torch.float64) for name, c in [("hard", hard), ("easy", easy)]}
naive16, naive32 = (program(hard, colder, naive, dtype) for dtype in (torch.float16, torch.float32))
programs = {"naive": naive, "shifted by the maximum": shifted, "softplus": by_softplus}
error = {
    name: np.maximum(abs(program(easy, colder, compute) / exact["easy"] - 1), 1e-8)
    for name, compute in programs.items()
}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
three = {"exact": exact["hard"], "naive, float32": naive32, "naive, float16": naive16}
look = {"colours": ("#cccccc", figures.ORANGE, figures.PURPLE), "widths": (7, 4, 1.5), "title": "a hard anchor"}
log_log = {"xlabel": "temperature t", "logx": True, "logy": True}
figures.curves(colder, three, left, ylabel="loss (nats)", **look, **log_log)
figures.missing(colder, naive16, left, colour=figures.PURPLE, row=0.09)
figures.missing(colder, naive32, left, colour=figures.ORANGE)
look = {"colours": (figures.ORANGE, figures.BLUE, figures.GREEN), "styles": ("-", "--", "-"), "title": "an easy anchor"}
figures.curves(colder, error, right, ylabel="relative error, float32", **look, **log_log)
figure = figures.missing(colder, error["naive"], right)
figures.described(figure,
    "Two panels against the temperature, both axes logarithmic. Left, a hard anchor: the exact loss rises to "
    "25 as t falls to 0.004; crosses at the bottom mark where the naive program gives no number, below t = "
    "0.08 in float16 and below t = 0.01 in float32. Right, an easy anchor: the relative error of the form "
    "shifted by the maximum climbs to 1 below t = 0.015, that of the naive form to 1 at t = 0.012, below "
    "which it fails; the softplus form stays between 1e-8 and 1e-5."
)

# %% [markdown]
# Left: the naive program stops where $0.9/t$ passes the logarithm of the largest number, near $t = 0.08$ in float16 and
# $t = 0.01$ in float32. Right: subtracting the maximum never overflows, but a small loss drowns in rounding, because a
# large number, $0.9/t$, is added back and $s_0$ of the same size is taken away. Where the small value itself matters,
# the softplus form keeps about five digits; the scores, rounded to float32, do not hold more.

# %% [markdown]
# ## 13 The hinge twin (optional)
#
# **Proposition 1.3 (twins).** For $t > 0$ and all real $v$, $m$, with $x = (m - v)/t$:
#
# $$t\,\mathrm{softplus}(x) - \max(0, m - v) = t\,\ln\left(1 + e^{-|x|}\right) \in (0,\ t\ln 2],$$
#
# and the right end is reached iff $v = m$. So as $t \to 0$ the logistic loss with margin $m$ tends to the hinge loss,
# uniformly in $v$.
#
# *Plan.* Two cases by the sign of $x$; take the larger exponential out of the logarithm.
#
# *Proof.* $\max(0, m - v) = t\max(0, x)$ because $t > 0$. If $x \ge 0$:
# $\ln(1 + e^x) - x = \ln((1 + e^x)e^{-x}) = \ln(1 + e^{-x})$. If $x < 0$: $\ln(1 + e^x) - 0 = \ln(1 + e^{-|x|})$. Since
# $0 < e^{-|x|} \le 1$ with equality iff $x = 0$, the logarithm lies in $(0, \ln 2]$; multiply by $t$. $\square$

# %%
print("    t        v    t softplus((1 - v)/t)    hinge         gap      t ln 2")
for cold, lead in [(1.0, 0.0), (0.1, 0.9), (0.1, 1.0), (-0.1, 0.9)]:
    soft, hard_edge = cold * softplus((1 - lead) / cold), max(0.0, 1 - lead)
    print(f"{cold:6.2f} {lead:7.1f} {soft:18.6f} {hard_edge:15.6f} {soft - hard_edge:13.6f} {cold * math.log(2):10.6f}")

# %% [markdown]
# Rows 1 and 2 *hold*: the gap lies between 0 and $t \ln 2$. Row 3, $v = m$, is *tight*. The last row drops $t > 0$: the
# gap is negative, and so is the "loss".
#
# **Predict.** Which of the two losses still pushes a triple with margin 4? Which one pushes the worst triples harder?
#
# **Figure 9. What do the two surrogates see?** Losses of Proposition 1.2 and their slopes, both sides divided by their
# factors $\ln 2$ and $m = 1$.

# %%
margins = np.linspace(-2, 4, 601)
figure, (left, right) = figures.panels(2)
surrogates = {
    "ranking error": margins <= 0,
    "logistic / ln 2": softplus(-margins) / math.log(2),
    "hinge, m = 1": np.maximum(0, 1 - margins),
}
slopes = {
    "logistic / ln 2": -1 / (1 + np.exp(margins)) / math.log(2),
    "hinge, m = 1": np.where(margins < 1, -1.0, 0.0),
    "its twin, t = 0.1": -1 / (1 + np.exp((margins - 1) / 0.1)),
}
look = {"colours": (figures.DARK, figures.BLUE, figures.ORANGE), "title": "two surrogates of one error"}
figures.curves(margins, surrogates, left, xlabel="margin v", ylabel="value", **look)
look = {
    "colours": (figures.BLUE, figures.ORANGE, figures.GREEN),
    "styles": ("-", "-", "--"),
    "title": "how hard they push",
}
figure = figures.curves(margins, slopes, right, xlabel="margin v", ylabel="slope in v", legend="lower right", **look)
figures.described(figure,
    "Two panels against the margin v from -2 to 4. Left, the ranking error is a step from 1 to 0 at v = 0; "
    "the logistic loss over ln 2 and the hinge loss lie above it and touch it at v = 0, the hinge is 0 from v "
    "= 1 on. Right, their slopes: the logistic one rises smoothly from -1.27 to nearly 0, the hinge jumps "
    "from -1 to 0 at v = 1, and its dashed twin at t = 0.1 makes the same step with round corners."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The logistic loss never quite stops, even at $v = 4$, and pushes the worst triples hardest. The hinge pushes every
# triple below its margin equally hard and forgets the others. Its twin (dashed) is the hinge with a round corner.
# </details>

# %% [markdown]
# ## 14 Who pushes? (optional)
#
# The story of section 7, told by the forces of (1.6). Let $w_j(t) = e^{c_j/t}/\sum_{k=1}^N e^{c_k/t}$ be the share of
# negative $j$ among the *negatives* ($w_j = \pi_j/(1 - \pi_0)$).
#
# **Proposition 1.9.** (a) $w_j/w_k = e^{(c_j - c_k)/t}$. (b) As $t \to \infty$, $w_j \to 1/N$. (c) As $t \to 0$,
# $w_j \to 1/q$ for each of the $q$ negatives that share the first place among the negatives, and $w_j \to 0$ for the
# others. (d) The share of a hardest negative does not fall when $t$ is lowered.
#
# *Plan.* Divide by the largest exponential; for (d) use the derivative from Step 1 of Proposition 1.14.
#
# *Proof.* (a) The denominators cancel. (b) All exponents tend to 0. (c) Divide numerator and denominator by
# $e^{\max_k c_k/t}$: each leader's term is 1, every other tends to 0. (d) With $\beta = 1/t$,
# $dw_j/d\beta = w_j(c_j - \sum_k w_k c_k)$; for a leader the bracket is the largest number minus an average. $\square$


# %%
def shares_of(c, t):
    return np.exp(np.array(c) / t - log_sum_exp(np.array(c) / t))


for warmth in (100.0, 0.1, 0.01):
    print(
        f"holds   cosines 0.8, 0.6, -0.2, t = {warmth:6.2f}:",
        *[f"{w:.4f}" for w in shares_of([0.8, 0.6, -0.2], warmth)],
    )
print("broken  no single leader: 0.8, 0.8, -0.2, t = 0.01:", *[f"{w:.4f}" for w in shares_of([0.8, 0.8, -0.2], 0.01)])

# %% [markdown]
# **Figure 10. Nine negatives** with cosines $-0.8, \dots, 0.8$ and their shares of the push. At $t = 0.05$ one does
# nearly all the pushing, at $t = 10$ all nine push alike.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(1, width=5.2)
nine = np.linspace(-0.8, 0.8, 9)
weights = {f"t = {t:g}": shares_of(nine, t) for t in (0.05, 0.1, 0.2, 0.5, 1.0, 10.0)}
look = {"xlabel": "cosine of the negative", "ylabel": "share of the repulsion", "title": "who pushes"}
figure = figures.curves(nine, weights, ax, ordered=True, styles=("o-",), **look)
figures.described(figure,
    "The share of the repulsion that each of nine negatives takes, against its cosine from -0.8 to 0.8, for "
    "six temperatures. At t = 10 all have about 0.11. The colder, the more goes to the last one: its share is "
    "0.22 at t = 1, 0.34 at t = 0.5, 0.63 at t = 0.2, 0.87 at t = 0.1 and 0.98 at t = 0.05."
)

# %% [markdown]
# ## 15 A denominator without the positive (optional)
#
# Some texts (the page of section 8: "$z_k$ ranges over negatives") and programs leave the positive out of the
# denominator:
#
# $$\ell^- = -\ln\frac{e^{s_0}}{\sum_{j=1}^N e^{s_j}} = \ln\sum_{j=1}^N e^{-v_j}. \tag{1.9}$$
#
# **Proposition 1.12.** (a) $\ell = \mathrm{softplus}(\ell^-)$. (b) $\nabla\ell = (1 - \pi_0)\,\nabla\ell^-$ in every
# variable. (c) With dot products $\ell^-$ is unbounded below: if all $v_j > 0$, then scaling the anchor by $\lambda$
# gives $\ell^- \le \ln N - \lambda\min_j v_j \to -\infty$. (d) With cosines, $\ell^- \ge \ln N - 2/t$ for one anchor,
# with equality iff $p$ points along $a$ and all $n_j$ opposite.
#
# *Plan.* (a) is (1.4) read again; (b) is its derivative; (c) and (d) put in margins, as in Proposition 1.5.
#
# *Proof.* (a) $e^{\ell^-} = \sum_{j \ge 1} e^{-v_j}$, so $\ln(1 + e^{\ell^-}) = \ell$ by (1.4). (b) Chain rule:
# $\mathrm{softplus}' = \sigma$, and $\sigma(\ell^-) = \frac{e^{\ell^-}}{1 + e^{\ell^-}} = 1 - \pi_0$. (c)
# $\ln\sum_{j\ge1} e^{-\lambda v_j} \le \ln(N e^{-\lambda\min_j v_j})$. (d) $v_j \le 2/t$ by Proposition 1.5, so
# $\ell^- \ge \ln(N e^{-2/t})$, with the same equality case. $\square$
#
# **Predict.** A program prints a contrastive loss of $-0.4$ for one anchor. What is in its denominator, and what would
# (1.4) have printed?
#
# <details><summary>Answer</summary>
#
# The negatives only: (1.4) is never negative, because its denominator contains its numerator. Proposition 1.12 (a)
# turns one into the other: $\mathrm{softplus}(-0.4) = 0.513$.
# </details>
#
# To see (c) in a whole world: three points, uniform; the encoder sends them to three orthogonal vectors of squared norm
# $\rho$; the positive is the same point, one negative is drawn uniformly. With probability $\frac13$ the negative is
# the anchor's own point and $v = 0$, else $v = \rho$. So the expectations are exact:
# $\mathbb{E}\,\ell^- = -\frac23 \rho$ and $\mathbb{E}\,\ell = \frac13\ln 2 + \frac23\,\mathrm{softplus}(-\rho)$.

# %%
bare = log_sum_exp([-0.5, -1.2, -0.9])
print(f"holds   (a) softplus({bare:.6f}) = {softplus(bare):.6f} = loss {log_sum_exp([0.0, -0.5, -1.2, -0.9]):.6f}")
print(f"tight   (d) N = 3, t = 0.5, all margins 2/t: {log_sum_exp([-4.0] * 3):.6f} = ln 3 - 4 = {math.log(3) - 4:.6f}")
print("broken  (c) no unit vectors: rho    without the positive    with it     ln 2 - first")
for rho in (1, 5, 20):
    without, with_it = -2 * rho / 3, math.log(2) / 3 + 2 / 3 * softplus(-rho)
    print(f"{rho:32d} {without:18.4f} {with_it:16.4f} {math.log(2) - without:14.4f}")
print(f"mutual information of the pair in this world: ln 3 = {math.log(3):.4f}")

# %% [markdown]
# Without the positive the loss goes to $-\infty$ while nothing happens but longer vectors. With it the loss falls
# towards $\frac13\ln 2 = 0.2310$ and stops there. The last column is a preview of unit 04, where $\ln(N+1) - L$ bounds
# the mutual information of the pair from below: with (1.9) in place of (1.4) it would "prove" 14 nats in a world that
# has 1.1.
#
# By (b) the two losses pull an anchor in the same *direction*; (1.9) lacks the brake $1 - \pi_0$. On the sphere (d)
# makes it a legitimate loss of its own, called decoupled ([Yeh et al. 2022](https://arxiv.org/abs/2110.06848)), but it
# is not NT-Xent.
#
# **Read further.** [Saunshi et al. 2019](https://arxiv.org/abs/1902.09229) (CURL, unit 02; their equation (1) is the
# expectation of (1.2)); [van den Oord et al. 2018](https://arxiv.org/abs/1807.03748) (the name InfoNCE); [Merad et al.
# 2020](https://arxiv.org/abs/2012.01064) (their equation (6) is the expectation of (1.4)); [Wang and Isola
# 2020](https://arxiv.org/abs/2005.10242) (alignment and uniformity, unit 04).

# %% [markdown]
# ---
# **Now the exercise:** [01 · exercise](../exercises/01_similarity_losses/01_similarity_losses.ipynb).
# The next lecture is [02 · Latent classes: why a loss without labels helps a classifier](02_latent_classes.ipynb).
