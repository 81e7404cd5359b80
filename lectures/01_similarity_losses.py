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
# # 01 · Similarity losses: from word2vec to NT-Xent
#
# *Time* 90 minutes · *you need* logarithms, derivatives, dot products; numpy; a first look at torch's autograd
#
# | $a$ | $p$ | $n_1, \dots, n_N$ | $z_0 = p,\ z_j = n_j$ | $s_j$ | $t$ | $N$ | $B$ |
# |---|---|---|---|---|---|---|---|
# | anchor | positive | negatives | candidates | score of $z_j$ | temperature | counts negatives | images, $2B$ views |
#
# All logarithms are natural, all losses are in nats. $1[\cdot]$ is 1 where the statement holds and 0 elsewhere.
# $\mathrm{softplus}(x) = \ln(1 + e^x)$ and $\sigma(x) = 1/(1 + e^{-x})$, which is its derivative.
#
# **Afterwards you can**
#
# - say what a contrastive loss bounds, and turn a loss value into a statement about ranking;
# - derive its gradient, and read it as one attraction and $N$ repulsions;
# - predict what a lower or higher temperature does, and between which two limits;
# - prove the smallest value of NT-Xent, and recognise a collapsed batch by its loss;
# - tell what goes wrong when the positive is left out of the denominator;
# - compute all of this with scores of $\pm 10^4$ without a NaN.
#
# Each proposition is proved, then shown in numbers: one case where it *holds*, one where it is *tight*, and one where
# it is *broken* because a hypothesis was dropped. The exercise at the end asks you to write the losses for whole
# batches.

# %%
import math

import numpy as np
import torch

from course import plots


def softplus(x):
    """ln(1 + e^x). Section 9 says why np.log(1 + np.exp(x)) would not do."""
    return np.logaddexp(0.0, x)


def log_sum_exp(scores):
    """ln of the sum of e^{s_j} over the last axis."""
    return np.logaddexp.reduce(np.asarray(scores, dtype=float), axis=-1)


# %% [markdown]
# ## 1 From word2vec to a loss on differences
#
# An encoder $f$ maps a sentence, a word or an image $x$ to a vector. We have no labels, but we can collect pairs that
# belong together: two neighbouring words, two consecutive sentences, two crops of one image. Write $a = f(x)$ for the
# anchor, $p = f(x^+)$ for its partner and $n = f(x^-)$ for a random other point.
#
# *word2vec* with negative sampling (Mikolov et al. 2013) asks a yes-or-no question about each pair, "did these two
# occur together?", and scores it by the dot product:
#
# $$\ell_{\text{w2v}} = -\ln\sigma(a\cdot p) - \ln\sigma(-a\cdot n)
#   = \mathrm{softplus}(-a\cdot p) + \mathrm{softplus}(a\cdot n). \tag{1.1}$$
#
# *Quick Thoughts* (Logeswaran and Lee 2018) asks one question about both pairs, "which of the two is the partner?":
#
# $$\ell = -\ln\frac{e^{a\cdot p}}{e^{a\cdot p} + e^{a\cdot n}}
#        = \ln\frac{e^{a\cdot p} + e^{a\cdot n}}{e^{a\cdot p}}
#        = \ln\left(1 + e^{a\cdot n - a\cdot p}\right) = \mathrm{softplus}(-v), \qquad v = a\cdot(p - n). \tag{1.2}$$
#
# The number $v$ is the **margin**: by how much the partner beats the other point.
#
# **Proposition 1.1 (only differences count).** The loss (1.2) does not change when one number is added to both scores,
# in particular when one vector $h$ is added to $p$ and to $n$. The loss (1.1) does change.
#
# *Proof.* (1.2) depends on the scores through $v = a\cdot p - a\cdot n$ only, and a number added to both cancels. For
# vectors, $a\cdot(p + h) - a\cdot(n + h) = a\cdot p - a\cdot n$: the added number is $a\cdot h$. For (1.1) one example
# is enough, and the next cell has two. $\square$

# %%
print("score of p   score of n   margin   Quick Thoughts    word2vec")
for s_p, s_n in [(2.0, 1.0), (12.0, 11.0), (-8.0, -9.0), (2.0, 0.0)]:
    quick_thoughts, word2vec = softplus(s_n - s_p), softplus(-s_p) + softplus(s_n)
    print(f"{s_p:10.1f} {s_n:12.1f} {s_p - s_n:8.1f} {quick_thoughts:16.6f} {word2vec:11.6f}")

# %% [markdown]
# The first three rows have the same margin and the same Quick Thoughts loss, 0.313262, while word2vec's loss goes from
# 1.44 to 11.0: it also asks whether the scores have the right *sign*. The last row drops the hypothesis (only one
# score moved), and the loss moves too. From here on we stay with (1.2), the loss whose only question is the order.

# %% [markdown]
# ## 2 A surrogate for ranking, and its hinge twin
#
# What we would like to count is the ranking error $1[v \le 0]$: the partner did not win. It is flat almost everywhere
# and its gradient is useless, so one minimises something above it that has a slope. There are two classical choices:
# the logistic loss $\mathrm{softplus}(-v)$, and the hinge loss
#
# $$\ell_{\text{hinge}} = \max(0,\ m - v), \qquad m > 0, \tag{1.3}$$
#
# which Wang and Gupta (2015) used on video frames with cosine distances $D = 1 - \cos$: their
# $\max(0,\ D(a, p) - D(a, n) + m)$ is (1.3), since $D(a,p) - D(a,n) = \cos(a,n) - \cos(a,p) = -v$.
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
# *Proof.* Let $v \le 0$; the left side is 1. Then $e^{-v} \ge 1$, so
# $\mathrm{softplus}(-v) = \ln(1 + e^{-v}) \ge \ln 2$, with equality iff $v = 0$; and $m - v \ge m > 0$, again with
# equality iff $v = 0$. Let $v > 0$; the left side is 0. Then $\mathrm{softplus}(-v) > \ln 1 = 0$, strictly; and
# $\max(0, m - v) \ge 0$, with equality iff $v \ge m$. At $v = 0$ the left side is 1 while the losses are $\ln 2$ and
# $m$, so no smaller factor works. Taking expectations keeps an inequality, and $\mathbb{E}\,1[v \le 0] = P(v \le 0)$.
# $\square$


# %%
def rates(v, m=1.0):
    v = np.array(v)
    return np.mean(v <= 0), np.mean(softplus(-v)) / math.log(2), np.mean(np.maximum(0, m - v)) / m


print("                                error rate   logistic / ln 2   hinge / m")
worlds = {"holds   v = 2, 0.5, 0, -1   ": [2.0, 0.5, 0.0, -1.0], "tight   all v = 0 (collapse)": [0.0] * 4}
for name, margins in worlds.items():
    error, logistic, hinge = rates(margins)
    print(f"{name} {error:13.4f} {logistic:17.4f} {hinge:11.4f}")
print("broken  at v = 0 the error is 1, but")
print(f"          without the factor 1/ln 2 the logistic loss is only  {softplus(-0.0):.4f}")
print(f"          with margin m = 0 the hinge loss is only             {max(0.0, 0.0 - 0.0):.4f}")

# %% [markdown]
# Half of the four triples are ranked wrongly, and both surrogates lie above 0.5. When every embedding is the same
# vector, all margins are 0 and both bounds are exact. The last line is why the margin must be positive: with $m = 0$
# the hinge loss of the useless constant encoder is 0, its smallest possible value.
#
# **Proposition 1.3 (twins).** For $t > 0$ and all real $v$, $m$, with $x = (m - v)/t$:
#
# $$t\,\mathrm{softplus}(x) - \max(0, m - v) = t\,\ln\left(1 + e^{-|x|}\right) \in (0,\ t\ln 2],$$
#
# and the right end is reached iff $v = m$. So as $t \to 0$ the logistic loss with margin $m$ tends to the hinge loss,
# uniformly in $v$.
#
# *Proof.* $\max(0, m - v) = t\max(0, x)$ because $t > 0$. If $x \ge 0$:
# $\ln(1 + e^x) - x = \ln((1 + e^x)e^{-x}) = \ln(1 + e^{-x})$. If $x < 0$: $\ln(1 + e^x) - 0 = \ln(1 + e^{-|x|})$.
# Since $0 < e^{-|x|} \le 1$ with equality iff $x = 0$, the logarithm lies in $(0, \ln 2]$; multiply by $t$. $\square$

# %%
m = 1.0
print("    t        v    t softplus((m - v)/t)    hinge         gap      t ln 2")
for t, v in [(1.0, 0.0), (0.1, 0.0), (0.1, 0.9), (0.1, 1.0), (0.01, 1.0), (-0.1, 0.9)]:
    logistic, hinge = t * softplus((m - v) / t), max(0.0, m - v)
    print(f"{t:6.2f} {v:7.1f} {logistic:18.6f} {hinge:15.6f} {logistic - hinge:13.6f} {t * math.log(2):10.6f}")

# %% [markdown]
# Rows 1 to 3 *hold*: the gap lies between 0 and $t \ln 2$. Rows 4 and 5, $v = m$, are *tight*. The last row drops
# $t > 0$: the gap is negative, and so is the "loss".
#
# **Figure 1. What do the two surrogates see?** On the left the losses of Proposition 1.2, on the right their slopes in
# $v$: $-\sigma(-v)$ for the logistic loss, $-1$ or $0$ for the hinge.

# %%
v = np.linspace(-2, 4, 601)
figure, (left, right) = plots.panels(2)
losses = {"ranking error": v <= 0, "logistic / ln 2": softplus(-v) / math.log(2), "hinge, m = 1": np.maximum(0, 1 - v)}
slopes = {
    "logistic": -1 / (1 + np.exp(v)),
    "hinge, m = 1": np.where(v < 1, -1.0, 0.0),
    "logistic, t = 0.1": -1 / (1 + np.exp((v - 1) / 0.1)),
}
plots.curves(
    v,
    losses,
    left,
    xlabel="margin v",
    ylabel="value",
    title="two surrogates of one error",
    colours=(plots.DARK, plots.BLUE, plots.ORANGE),
)
plots.curves(
    v,
    slopes,
    right,
    xlabel="margin v",
    ylabel="slope in v",
    title="how hard they push",
    colours=(plots.BLUE, plots.ORANGE, plots.GREEN),
    styles=("-", "-", "--"),
    legend="upper left",
)

# %% [markdown]
# Both losses are convex, fall with the margin and touch the error at $v = 0$. The hinge pushes every triple below its
# margin equally hard and forgets the others; the logistic loss never quite stops, even at $v = 4$. The dashed curve is
# the logistic loss with margin 1 and a small temperature: almost the hinge, with a round corner.

# %% [markdown]
# ## 3 $N$ negatives: an $(N+1)$-way question
#
# With several negatives the question becomes "which of these $N+1$ candidates is the partner?". With scores
# $s_j = a\cdot z_j$, where $z_0 = p$ and $z_1, \dots, z_N$ are the negatives, and margins $v_j = s_0 - s_j$:
#
# $$\ell(s) = -\ln\frac{e^{s_0}}{\sum_{j=0}^N e^{s_j}} = \ln\sum_{j=0}^N e^{s_j} - s_0
#   = \ln\Big(1 + \sum_{j=1}^N e^{-v_j}\Big). \tag{1.4}$$
#
# The second form takes the logarithm of the quotient. The third divides the sum by $e^{s_0}$, and the candidate
# $j = 0$ gives the 1. This is the cross-entropy of a classifier with $N + 1$ classes and logits $s$, when the right
# class is number 0. (That is why many programs call it with labels that are all 0: the label is the *place* of the
# positive, not "no".)
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
# *Proof.* Write $y_j = e^{-v_j} > 0$, so that $\ell = \ln(1 + \sum_j y_j)$. (a)
# $1 + \max_j y_j \le 1 + \sum_j y_j \le \prod_j (1 + y_j)$: on the left the other summands are positive; on the right,
# multiplying out the product gives $1 + \sum_j y_j$ plus products of two and more $y$'s, which are positive. Both
# differences are empty sums for $N = 1$ and positive for $N \ge 2$. Take logarithms; $\ln$ is increasing and turns the
# product into a sum.
#
# (b) $1 + \sum_j y_j > 1$; when all scores are equal each $y_j = 1$ and the sum is $1 + N$.
#
# (c) Some $v_j \le 0$, so $y_j \ge 1$ and $1 + \sum_j y_j \ge 1 + 1 = 2$. So
# $1[\text{positive not strictly first}] \le \ell / \ln 2$ for every anchor: where the left side is 1 this was just
# shown, and where it is 0, $\ell > 0$. Take the mean over anchors. $\square$

# %%
s = np.array([1.0, 0.5, -0.2, 0.1])  # the positive first, then N = 3 negatives
each = softplus(s[1:] - s[0])
loss = log_sum_exp(s) - s[0]
as_classifier = torch.nn.functional.cross_entropy(torch.tensor(s), torch.tensor(0)).item()
print(f"(1.4) twice, and torch: {-math.log(math.exp(1.0) / np.exp(s).sum()):.6f}  {loss:.6f}  {as_classifier:.6f}")
print(f"holds   {each.max():.4f} < {loss:.4f} < {each.sum():.4f}   (largest pair loss, loss, sum of the pair losses)")
print(f"tight   N = 1: {each[0]:.4f} = {log_sum_exp(s[:2]) - s[0]:.4f};  four scores 7: {log_sum_exp([7] * 4) - 7:.4f}")

s = np.array([1.0, 1.2, -3.0, -3.0])  # the positive is second
print(f"broken  loss {log_sum_exp(s) - s[0]:.4f}: below ln 4 = {math.log(4):.4f}, though the positive is not first")
print(f"        (c) promises only loss >= ln 2 = {math.log(2):.4f};  chance level for N = 65536: {math.log(65537):.4f}")

# %% [markdown]
# The "broken" line is a belief worth losing: a loss below the chance level $\ln(N+1)$ does *not* say that the positive
# wins. Only a loss below $\ln 2$ does, for a single anchor, whatever $N$ is. The chance level itself grows with $N$:
# with the 65,536 negatives of MoCo, a loss of about 11 is the loss of an encoder that knows nothing.
#
# Two slips change the question without looking wrong, and both are easy to make in code:

# %%
s = np.array([1.0, 0.5, -0.2, 0.1])
mean_of_negatives = math.log(1 + np.mean(np.exp(s[1:] - s[0])))
print(f"sum over the negatives  {log_sum_exp(s) - s[0]:.4f}    mean over the negatives {mean_of_negatives:.4f}")
q = np.array([0.9, 0.1])  # probability of the right candidate, for two anchors
print(f"mean of -ln q           {np.mean(-np.log(q)):.4f}    -ln of the mean of q    {-math.log(np.mean(q)):.4f}")

# %% [markdown]
# The mean over negatives is the loss of an easier question, as if there were one average negative. And $-\ln$ of a
# mean is never above the mean of $-\ln$ (Jensen, $-\ln$ is convex): one bad anchor hides behind a good one. The loss
# is the *mean over anchors of the logarithm*, with the *sum over candidates inside* it.

# %% [markdown]
# ## 4 Cosine and temperature
#
# With dot products there is a cheap way to a smaller loss: do not turn a vector, lengthen it. Cosines close that door,
# and a temperature $t > 0$ opens the scale again under our control:
#
# $$s_j = \frac{\cos(a, z_j)}{t}, \qquad \cos(a, z) = \frac{a\cdot z}{|a|\,|z|}. \tag{1.5}$$
#
# The zero vector has no direction, and no cosine.
#
# **Proposition 1.5.** (a) *Dot products.* If the positive is strictly first (all $v_j > 0$), then multiplying the
# anchor by $c > 1$ lowers the loss strictly, and as $c \to \infty$ it tends to 0, which is not attained. If some
# $v_j < 0$, it tends to $\infty$.
#
# (b) *Cosines.* The loss does not change when $a$ or any candidate is multiplied by a positive number, and
#
# $$\ln\left(1 + N e^{-2/t}\right) \le \ell \le \ln\left(1 + N e^{2/t}\right).$$
#
# The left end is reached iff the positive points along the anchor and all negatives point opposite; the right end iff
# it is the other way round.
#
# *Proof.* (a) The margins become $c\,v_j$, so $\ell = \ln(1 + \sum_j e^{-c v_j})$. If all $v_j > 0$ every summand
# falls strictly to 0 as $c$ grows, so $\ell$ falls strictly to $\ln 1 = 0$, and $\ell > 0$ by Proposition 1.4. If
# $v_j < 0$ for some $j$, then $\ell \ge -c\,v_j \to \infty$.
#
# (b) A positive factor cancels in the cosine. By Cauchy and Schwarz $|a\cdot z| \le |a||z|$, so cosines lie in
# $[-1, 1]$, with $1$ iff $z$ is a positive multiple of $a$ and $-1$ iff it is a negative one. Hence
# $t\,v_j = \cos(a, p) - \cos(a, n_j) \in [-2, 2]$, and $\ln(1 + \sum_j e^{-v_j})$ falls in every $v_j$: its least
# value is at all $v_j = 2/t$, its greatest at all $v_j = -2/t$. Both ends need $\cos(a,p) = \pm 1$ and
# $\cos(a,n_j) = \mp 1$ for every $j$. $\square$

# %%
print(
    "dot products, margins 0.3 and 0.8 (the order is right):   anchor x 1, 10, 100 ->",
    *[f"{log_sum_exp([0.0, -0.3 * c, -0.8 * c]):.6f}" for c in (1, 10, 100)],
)
t, N = 0.5, 2
floor, ceiling = math.log(1 + N * math.exp(-2 / t)), math.log(1 + N * math.exp(2 / t))
cases = [("holds ", 0.7, [0.2, -0.5]), ("tight ", 1.0, [-1.0, -1.0]), ("tight ", -1.0, [1.0, 1.0])]
for name, positive, negatives in cases:
    loss = log_sum_exp([0.0] + [(n - positive) / t for n in negatives])
    print(f"{name}  cosines {positive:4.1f} | {negatives}:  {floor:.4f} <= {loss:.4f} <= {ceiling:.4f}")
print("floor for N = 1:", *[f"t = {t:g}: {math.log(1 + math.exp(-2 / t)):.2e}" for t in (1.0, 0.5, 0.07)], sep="  ")
loss = log_sum_exp([0.0] + [(-4.0 - 4.0) / t] * 2)
print(f"broken  not normalised, all norms 2, dot products 4 | -4, -4:  {floor:.4f} > {loss:.8f}")

# %% [markdown]
# With dot products, a ten times longer anchor took the loss from 0.78 to 0.049 although no candidate changed its rank.
# With cosines the loss is confined, and the temperature sets the confinement: at $t = 1$ and $N = 1$ no encoder gets
# below 0.127, at $t = 0.07$ the floor is practically 0. Without normalisation the floor is not there at all.
#
# The bound of this section looks at one anchor. In a batch each vector is a negative of many others, and they cannot
# all be opposite to each other: the true floor of a batch is higher. Section 7 finds it.

# %% [markdown]
# ## 5 The gradient: one attraction, $N$ repulsions
#
# **Proposition 1.6.** Let $s_j = a\cdot z_j / t$, and let the candidates $z_0 = p, z_1 = n_1, \dots, z_N = n_N$ not
# depend on $a$. With $\pi_j = e^{s_j}/\sum_{k=0}^N e^{s_k}$, the probability that the softmax gives candidate $j$,
#
# $$\nabla_a \ell = \frac1t \sum_{j=1}^N \pi_j\,(n_j - p), \qquad
#   \nabla_p \ell = -\frac{1 - \pi_0}{t}\,a, \qquad
#   \nabla_{n_j} \ell = \frac{\pi_j}{t}\,a. \tag{1.6}$$
#
# *Proof.* Start from $\ell = \ln\sum_{k=0}^N e^{s_k} - s_0$.
#
# 1. *The first term, in a score.*
#    $\dfrac{\partial}{\partial s_j}\ln\sum_k e^{s_k} = \dfrac{1}{\sum_k e^{s_k}}\cdot e^{s_j} = \pi_j$.
# 2. *The second term.* $\partial s_0/\partial s_j = 1[j = 0]$. So $\partial \ell/\partial s_j = \pi_j - 1[j = 0]$: the
#    probability that is there minus the one that should be.
# 3. *A score, in the vectors.* $s_j = a\cdot z_j/t$ gives $\nabla_a s_j = z_j/t$ (here we use that $z_j$ does not move
#    with $a$) and $\nabla_{z_j} s_j = a/t$, while $s_k$ with $k \ne j$ does not contain $z_j$.
# 4. *Chain rule.*
#    $\nabla_a\ell = \sum_{j=0}^N (\pi_j - 1[j=0])\,z_j/t = \frac1t\Big[(\pi_0 - 1)\,p + \sum_{j=1}^N \pi_j n_j\Big]$,
#    and $\nabla_{z_j}\ell = (\pi_j - 1[j=0])\,a/t$, which are the second and third formulas.
# 5. *Probabilities sum to one*: $\pi_0 - 1 = -\sum_{j=1}^N \pi_j$. Put this in front of $p$ and collect each $j$: the
#    first formula. $\square$
#
# Gradient descent moves the anchor along
#
# $$-\nabla_a\ell = \underbrace{\frac{1-\pi_0}{t}\,p}_{\text{attraction}}\
#   \underbrace{-\ \frac1t\sum_{j=1}^N \pi_j\,n_j}_{\text{repulsion}}
#   = \frac{1 - \pi_0}{t}\Big(p - \sum_{j=1}^N w_j\,n_j\Big),
#   \qquad w_j = \frac{\pi_j}{1 - \pi_0} = \frac{e^{s_j}}{\sum_{k=1}^N e^{s_k}}. \tag{1.7}$$
#
# Three readings. The attraction and the repulsions have the *same total weight* $(1 - \pi_0)/t$. That weight is the
# mistake still made: an anchor that has found its partner ($\pi_0$ near 1) hardly moves. And among the negatives the
# force is shared out by $w$, a softmax over the negatives alone: the most similar negative pushes hardest.
#
# In a batch the loss is a mean over anchors, so that each anchor's gradient carries one more factor: one over their
# number.

# %%
a = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
p = torch.tensor([0.6, 0.8], dtype=torch.float64, requires_grad=True)
n1, n2 = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor([-1.0, 0.0], dtype=torch.float64)
loss = torch.log(1 + torch.exp(a @ n1 - a @ p) + torch.exp(a @ n2 - a @ p))  # (1.4) with t = 1, N = 2
grad_a, grad_p = torch.autograd.grad(loss, (a, p))

e0, e1, e2 = math.exp(0.6), math.exp(0.0), math.exp(-1.0)  # the scores a.p = 0.6, a.n1 = 0, a.n2 = -1
pi0, pi1, pi2 = (e / (e0 + e1 + e2) for e in (e0, e1, e2))
by_hand = [pi1 * (0.0 - 0.6) + pi2 * (-1.0 - 0.6), pi1 * (1.0 - 0.8) + pi2 * (0.0 - 0.8)]
print(f"probabilities  {pi0:.6f} {pi1:.6f} {pi2:.6f}")
print(f"holds   gradient in a: (1.6) {by_hand[0]:.6f} {by_hand[1]:.6f}   autograd", *[f"{g:.6f}" for g in grad_a])
print(f"        gradient in p: (1.6) {-(1 - pi0):.6f} {0.0:.6f}   autograd", *[f"{g + 0.0:.6f}" for g in grad_p])

# %%
loss = torch.log(1 + torch.exp(a @ p - a @ p) + torch.exp(a @ p - a @ p))  # both negatives equal to the positive
grad = torch.autograd.grad(loss, a)[0].tolist()
print(f"tight   negatives = positive: loss {loss.item():.4f} = ln 3, gradient {grad}")

loss = torch.log(1 + torch.exp(a @ n1 - a @ p) + torch.exp(a @ a - a @ p))  # the second "negative" is the anchor itself
truth = torch.autograd.grad(loss, a)[0].tolist()
e2 = math.exp(1.0)
pi1, pi2 = e1 / (e0 + e1 + e2), e2 / (e0 + e1 + e2)
formula = [pi1 * (0.0 - 0.6) + pi2 * (1.0 - 0.6), pi1 * (1.0 - 0.8) + pi2 * (0.0 - 0.8)]
print(
    "broken  anchor among its own candidates: (1.6) says",
    *[f"{x:.4f}" for x in formula],
    "  true",
    *[f"{x:.4f}" for x in truth],
)

# %% [markdown]
# In the tight case the loss is $\ln 3$ and nothing moves: with equal candidates the question has no answer. The broken
# case keeps the anchor among its own candidates. Then $a\cdot a$ moves twice as fast as (1.6) assumes, and the loss
# asks for less of something that cannot be helped. This is why the own similarity leaves the denominator.
#
# **Proposition 1.7 (gradient through normalisation).** Let $a = u/|u|$ with $u \ne 0$, and let $\ell$ be a
# differentiable function of $a$ with gradient $g = \nabla_a\ell$. Then
#
# $$\nabla_u \ell = \frac{1}{|u|}\left(g - (a\cdot g)\,a\right).$$
#
# Hence $u\cdot\nabla_u\ell = 0$; a vector twice as long gets half the gradient; and after a step
# $u' = u - \eta\nabla_u\ell$ we have $|u'|^2 = |u|^2 + \eta^2|\nabla_u\ell|^2$: norms never shrink under plain
# gradient descent.
#
# *Proof.* $a_i = u_i |u|^{-1}$ and $\partial|u|/\partial u_k = u_k/|u|$, so
# $\partial a_i/\partial u_k = 1[i = k]/|u| - u_i u_k/|u|^3 = \frac{1}{|u|}(1[i=k] - a_i a_k)$. The chain rule gives
# $\partial\ell/\partial u_k = \sum_i g_i\,\partial a_i/\partial u_k = \frac{1}{|u|}\big(g_k - a_k \sum_i a_i g_i\big)$,
# the claim. Then $a\cdot\nabla_u\ell = \frac{1}{|u|}\big(a\cdot g - (a\cdot g)\,|a|^2\big) = 0$ because $|a| = 1$. At
# $2u$ the vectors $a$ and $g$ are unchanged and $|u|$ doubles. Finally
# $|u - \eta\nabla|^2 = |u|^2 - 2\eta\,u\cdot\nabla + \eta^2|\nabla|^2$, and the middle term is 0. $\square$

# %%
for scale in (1.0, 2.0):
    u = torch.tensor([2.0 * scale, 1.0 * scale], dtype=torch.float64, requires_grad=True)
    unit = u / torch.sqrt(u @ u)
    loss = torch.log(1 + torch.exp(unit @ n1 - unit @ p.detach()))
    grad = torch.autograd.grad(loss, u)[0]
    step = u - grad
    name = "holds " if scale == 1.0 else "scaled"
    print(
        f"{name}  u = {u.tolist()}: gradient",
        *[f"{g:.6f}" for g in grad],
        f"  u.gradient {(u @ grad).item():.1e}   |u|^2 {(u @ u).item():.3f} -> {(step @ step).item():.6f}",
    )
loss = torch.log(1 + torch.exp(u @ n1 - u @ p.detach()))
print(f"broken  same u, not normalised: u.gradient {(u @ torch.autograd.grad(loss, u)[0]).item():.4f}")

# %% [markdown]
# Twice the length, half the gradient, and the squared norm grows by exactly the squared step. Without the
# normalisation the gradient has a part along $u$: the loss would rather make this vector longer.
#
# **Figure 2. Where does an anchor on the circle go?** For unit vectors in the plane, $a = (\cos\theta, \sin\theta)$,
# only the part of (1.7) along the tangent $(-\sin\theta, \cos\theta)$ matters. A candidate at angle $\varphi$ has
# tangential part $-\sin\theta\cos\varphi + \cos\theta\sin\varphi = \sin(\varphi - \theta)$. Arrows below are $t$ times
# minus the gradient.


# %%
def forces(theta, phi, t):
    """t x (attraction, repulsion) along the tangent at angles theta, for candidates at angles phi, positive first."""
    scores = np.cos(theta[:, None] - phi) / t
    pi = np.exp(scores - log_sum_exp(scores)[:, None])
    pull = np.sin(phi - theta[:, None])
    return (1 - pi[:, 0]) * pull[:, 0], -(pi[:, 1:] * pull[:, 1:]).sum(axis=1)


phi = np.radians([20.0, 75.0, 160.0, 250.0])  # one positive, three negatives
theta, fine = np.radians(np.arange(0.0, 360.0, 18.0)), np.radians(np.arange(0.0, 360.0, 0.1))
attraction, repulsion = forces(theta, phi, 0.5)
rest = {t: fine[np.flatnonzero(np.diff(np.sign(sum(forces(fine, phi, t)))) < 0)] for t in (1.0, 0.5, 0.1)}
for t, angles in rest.items():
    print(f"t = {t}: the anchor comes to rest at", *[f"{x:.1f}" for x in np.degrees(angles)], "degrees")

# %%
figure, axes = plots.panels(4, width=3.3, height=3.3, columns=2)
plots.circle(theta, attraction, phi[0], phi[1:], axes[0], title="attraction, t = 0.5", colour=plots.BLUE)
plots.circle(theta, repulsion, phi[0], phi[1:], axes[1], title="repulsion, t = 0.5", colour=plots.ORANGE)
plots.circle(theta, attraction + repulsion, phi[0], phi[1:], axes[2], title="sum, t = 0.5", rest=rest[0.5])
plots.circle(theta, sum(forces(theta, phi, 0.1)), phi[0], phi[1:], axes[3], title="sum, t = 0.1", rest=rest[0.1])

# %% [markdown]
# The attraction pulls towards the disc from both sides and is weak close to it, where $\pi_0$ is large and the angle
# is small. The repulsion nearly vanishes on a negative and midway between two, and is strongest on the free side of
# one. Their sum vanishes at the green ring, and the ring is *not* on the positive (20 degrees): the negative at 75
# degrees pushes the anchor past its partner, to 1.4 degrees at $t = 1$, to 355.6 at $t = 0.5$ and to 346.1 at
# $t = 0.1$. The lower the temperature, the more this one nearest negative does all the pushing ($w$ in (1.7)). At
# $t = 0.1$ there is a second ring, at 206.5 degrees: the anchor is held between the negatives at 160 and 250 degrees,
# and its partner is almost opposite, where a pull has hardly any tangential part. A low temperature can make traps.

# %% [markdown]
# ## 6 The temperature, between the hardest candidate and the mean
#
# Fix the cosines: $c_0$ for the positive, $c_1, \dots, c_N$ for the negatives. Let $M$, $\bar c$ and $R$ be the
# largest, the mean and the range (largest minus smallest) of *all* $N+1$ numbers, and let
#
# $$\ell_t = \ln\sum_{j=0}^N e^{(c_j - c_0)/t}, \qquad G(t) = t\left(\ell_t - \ln(N+1)\right).$$
#
# $G$ is the loss above its chance level, in units of cosine.
#
# **Proposition 1.8.** (a) $G$ does not increase with $t$; it strictly decreases unless all $c_j$ are equal.
#
# (b) For all $t > 0$
#
# $$\max\left\{\bar c - c_0,\ \ M - c_0 - t\ln(N+1)\right\}\ \le\ G(t)\ \le\
#   \min\left\{M - c_0,\ \ \bar c - c_0 + \frac{R^2}{8t}\right\}.$$
#
# (c) Hence, as $t \to 0$, $\ t\,\ell_t \to M - c_0 = \max(0,\ \max_{j \ge 1} c_j - c_0)$: the hinge with margin 0
# against the *hardest negative*. As $t \to \infty$, $\ t(\ell_t - \ln(N+1)) \to \bar c - c_0$: the *mean*.
#
# (d) $\ell_t \to \ln(N+1)$ as $t \to \infty$. As $t \to 0$, $\ell_t \to 0$ if the positive is strictly first,
# $\ell_t \to \ln(1 + q)$ if exactly $q$ negatives tie with it for the first place, and $\ell_t \to \infty$ if some
# negative is above it.
#
# *Proof.* Put $\beta = 1/t > 0$ and $K(\beta) = \ln\big(\frac{1}{N+1}\sum_j e^{\beta c_j}\big)$. Then
# $\ell_t = \ln\sum_j e^{\beta c_j} - \beta c_0$ gives $G(t) = K(\beta)/\beta - c_0$.
#
# *Step 1: derivatives of $K$.* With $q_j = e^{\beta c_j}/\sum_k e^{\beta c_k}$, $K' = \sum_j q_j c_j$. Since
# $q_j' = q_j(c_j - \sum_k q_k c_k)$, we get $K'' = \sum_j q_j c_j^2 - \big(\sum_j q_j c_j\big)^2$, the variance of $c$
# under $q$. A variance is the smallest mean squared distance to a point; take the midpoint of the range, from which
# every $c_j$ is at most $R/2$ away. So $0 \le K'' \le R^2/4$, and since all $q_j > 0$, $K'' = 0$ only if all $c_j$ are
# equal. Also $K(0) = 0$ and $K'(0) = \bar c$.
#
# *Step 2: (a).* $\frac{d}{d\beta}\frac{K}{\beta} = \frac{\beta K' - K}{\beta^2}$. The numerator $h = \beta K' - K$ has
# $h(0) = 0$ and $h' = K' + \beta K'' - K' = \beta K'' \ge 0$. So $K/\beta$ does not decrease in $\beta$, and $G$ does
# not increase in $t = 1/\beta$; strictly unless $K'' = 0$.
#
# *Step 3: the two bounds with $\bar c$.* From Step 1, $\bar c \le K'(b) \le \bar c + b R^2/4$ for $b \ge 0$. Integrate
# over $b$ from 0 to $\beta$: $\beta\bar c \le K(\beta) \le \beta\bar c + \beta^2R^2/8$. Divide by $\beta$ and subtract
# $c_0$.
#
# *Step 4: the two bounds with $M$.* $e^{\beta M} \le \sum_j e^{\beta c_j} \le (N+1)e^{\beta M}$: the largest term
# alone, and $N+1$ copies of it. Hence $\beta M - \ln(N+1) \le K(\beta) \le \beta M$. Divide by $\beta$ and subtract
# $c_0$.
#
# *(c)* In (b) both bounds with $M$ meet as $t \to 0$, and $t\ell_t = G(t) + t\ln(N+1)$ has the same limit as $G$; both
# bounds with $\bar c$ meet as $t \to \infty$. $M$ is a maximum over all candidates, the positive included, which gives
# the 0 in $\max(0, \cdot)$.
#
# *(d)* As $t \to \infty$ every exponent $(c_j - c_0)/t$ tends to 0. As $t \to 0$ the summand $j$ tends to 0, 1 or
# $\infty$ as $c_j$ is below, equal to or above $c_0$, and the summand $j = 0$ is 1. $\square$

# %%
c = np.array([0.5, 0.8, 0.1, -0.2, -0.7])  # the positive 0.5 is second of N + 1 = 5


def bounds(c, t):
    """The four numbers of (b) around G(t); mean and M measured from c_0."""
    M, mean, R = c.max() - c[0], c.mean() - c[0], c.max() - c.min()
    G = t * (log_sum_exp((c - c[0]) / t) - math.log(len(c)))
    return mean, M - t * math.log(len(c)), G, M, mean + R**2 / (8 * t)


print("      t  mean-c_0  M-c_0-t ln(N+1)       G(t)     M-c_0  mean-c_0+R²/8t")
for t in (0.001, 0.01, 0.1, 1.0, 10.0, 1000.0):
    mean, low, G, M, high = bounds(c, t)
    print(f"{t:7g} {mean:9.4f} {low:16.4f} {G:10.6f} {M:9.4f} {high:15.4f}")

# %%
mean, _, G, M, _ = bounds(np.array([0.3, 0.3, 0.3]), 0.1)
print(f"tight   all cosines equal: mean {mean:.4f} = G {abs(G):.4f} = M {M:.4f}")
mean, _, G, _, upper = bounds(np.array([-1.0, 1.0]), 100.0)
ratio = (G - mean) / (upper - mean)
print(f"tight   the 8 in R^2/(8t): cosines -1 and 1, t = 100: (G - mean) / (R^2/8t) = {ratio:.6f}")

loss, t = math.log(3), 0.1  # three equal cosines: N = 2 negatives, M - c_0 = 0, so (b) says t loss <= t ln(N+1)
print(f"broken  ln N in place of ln(N+1), all cosines equal: t loss = {t * loss:.4f} > t ln N = {t * math.log(2):.4f}")
mean, _, G, _, _ = bounds(c, -0.5)
print(f"broken  temperature -0.5: G = {G:.4f} < mean = {mean:.4f}; the least similar candidate leads")
for q in (1, 2):
    loss = log_sum_exp([0.0] * (q + 1) + [-90.0])
    print(f"(d)     {q} negative(s) tied with the positive, one 0.9 below, t = 0.01: loss {loss:.6f} = ln {q + 1}")

# %% [markdown]
# Read the first table from the top: $G$ starts at $M - c_0 = 0.3$, the lead of the hardest negative over the positive,
# and falls to the mean, $-0.4$. In each row it lies between the larger of the two lower and the smaller of the two
# upper bounds.
#
# The same story is told by the weights of (1.7), the shares of the repulsive force.
#
# **Proposition 1.9 (who pushes).** Let $w_j(t) = e^{c_j/t}/\sum_{k=1}^N e^{c_k/t}$ over the negatives. (a)
# $w_j/w_k = e^{(c_j - c_k)/t}$.
#
# (b) As $t \to \infty$, $w_j \to 1/N$.
#
# (c) As $t \to 0$, $w_j \to 1/q$ for each of the $q$ negatives that share the first place among the negatives, and
# $w_j \to 0$ for the others.
#
# (d) The share of a hardest negative does not fall when $t$ is lowered.
#
# *Proof.* (a) The denominators cancel.
#
# (b) All exponents tend to 0, so each of the $N$ terms tends to 1.
#
# (c) Divide numerator and denominator by $e^{\max_k c_k/t}$: each leader's term is 1, every other tends to 0.
#
# (d) With $\beta = 1/t$, the derivative found in Step 1 above is $dw_j/d\beta = w_j(c_j - \sum_k w_k c_k)$; for a
# leader the bracket is the largest number minus an average, so it is not negative. $\square$


# %%
def shares(c, t):
    return np.exp(np.array(c) / t - log_sum_exp(np.array(c) / t))


for t in (100.0, 1.0, 0.1, 0.01):
    print(f"holds   cosines 0.8, 0.6, -0.2, t = {t:6.2f}:", *[f"{w:.4f}" for w in shares([0.8, 0.6, -0.2], t)])
w = shares([0.8, 0.6, -0.2], 0.1)
print(f"tight   (a) at t = 0.1: w_1 / w_2 = {w[0] / w[1]:.6f} = e^2 = {math.exp(2):.6f}")
print("broken  no single leader: 0.8, 0.8, -0.2, t = 0.01:", *[f"{w:.4f}" for w in shares([0.8, 0.8, -0.2], 0.01)])

# %% [markdown]
# **Figure 3. What does the temperature choose?** Left: nine negatives with cosines $-0.8, \dots, 0.8$ and their shares
# of the push. Right: $G$ for the five candidates above, between its limits.

# %%
figure, (left, right) = plots.panels(2)
cosines = np.linspace(-0.8, 0.8, 9)
weights = {f"t = {t:g}": np.exp(cosines / t - log_sum_exp(cosines / t)) for t in (0.05, 0.1, 0.2, 0.5, 1.0, 10.0)}
plots.curves(
    cosines,
    weights,
    left,
    xlabel="cosine of the negative",
    ylabel="share of the repulsion",
    title="who pushes",
    ordered=True,
    marker="o",
)
t = np.geomspace(0.005, 50, 200)
mean, low, G, M, high = (np.broadcast_to(x, t.shape) for x in zip(*[bounds(c, x) for x in t], strict=True))
band = {
    "G(t)": G,
    "hardest − positive − t ln(N+1)": np.where(low > mean, low, np.nan),
    "mean − positive + R²/8t": np.where(high < M, high, np.nan),
}
plots.curves(
    t,
    band,
    right,
    xlabel="temperature t",
    ylabel="G = t (loss − chance)",
    logx=True,
    title="from the hardest to the mean",
    legend="lower left",
    colours=(plots.BLUE, plots.GREEN, plots.ORANGE),
    styles=("-", ":", ":"),
)
right.set_ylim(-0.78, 0.42)
plots.levels({"hardest − positive": M[0]}, right)
plots.levels({"mean − positive": mean[0]}, right, above=False)

# %% [markdown]
# At $t = 0.05$ one negative does nearly all the pushing, at $t = 10$ all nine push alike. On the right, one loss moves
# from a *worst-case* to an *average* criterion as the temperature rises. Neither end is free: near the hardest end a
# mislabelled negative takes all the force (unit 05), near the mean the loss no longer cares which negative is close.

# %% [markdown]
# ## 7 NT-Xent: its value at collapse, and its minimum
#
# SimCLR (Chen et al. 2020) makes two views of each of $B$ images. Normalise all $2B$ vectors, call them
# $u_1, \dots, u_{2B}$, and let $i'$ be the other view of the image of $u_i$. Each view is an anchor once; its
# candidates are *all other* $2B - 1$ views: one positive and $2B - 2$ negatives.
#
# $$L = \frac{1}{2B}\sum_{i=1}^{2B} \ell_i, \qquad
#   \ell_i = -\ln\frac{e^{u_i\cdot u_{i'}/t}}{\sum_{k \ne i} e^{u_i\cdot u_k/t}}. \tag{1.8}$$
#
# The anchor itself is not in the sum, the positive is. (With $B = 1$ there is no negative: the loss is 0 for all
# vectors, and the exercise treats such a batch as an error.) A batch small enough to do by hand: two images, four
# views on the circle, at angles 0 and 40 degrees (image 1), 100 and 170 degrees (image 2), $t = 0.5$.


# %%
def cos(*degrees):
    return np.cos(np.radians(degrees))


t = 0.5
anchors = {
    "0": cos(0 - 40, 0 - 100, 0 - 170),  # positive first, then the two views of the other image
    "40": cos(40 - 0, 40 - 100, 40 - 170),
    "100": cos(100 - 170, 100 - 0, 100 - 40),
    "170": cos(170 - 100, 170 - 0, 170 - 40),
}
losses = {name: log_sum_exp(c / t) - c[0] / t for name, c in anchors.items()}
for name, c in anchors.items():
    print(f"anchor at {name:>3}: positive {c[0]:7.4f}   negatives {c[1]:7.4f} {c[2]:7.4f}   loss {losses[name]:.6f}")
print(f"NT-Xent: the mean over all 2B = 4 anchors is {np.mean(list(losses.values())):.6f}")

# %% [markdown]
# The four anchors have four different losses: looking only at the first view of each image would give another number.
# Keep the mean above; it is a good first test for the function that you will write.
#
# **Proposition 1.10 (collapse).** Let $B \ge 2$. (a) If all $2B(2B-1)$ cosines are equal, in particular if all views
# are one vector, then $L = \ln(2B-1)$ for every temperature.
#
# (b) When all views are one vector, the gradient of $L$ in every view is zero.
#
# (c) If $d \ge 2$, collapse is a saddle. Turn both views of one image by an angle $\varepsilon \in (0, \pi]$, or one
# view without its partner; $L$ becomes, with $x = (\cos\varepsilon - 1)/t < 0$,
#
# $$L_{\text{both}} = \frac{\ln\left(1 + (2B-2)e^{x}\right) + (B-1)\ln\left(2B-3 + 2e^{x}\right)}{B} < \ln(2B-1),$$
# $$L_{\text{one}} = \frac{\ln(2B-1) + (2B-1)\ln\left(2B-2 + e^x\right) - x}{2B} > \ln(2B-1).$$
#
# *Proof.* (a) Every summand in the denominator equals the numerator, and there are $2B-1$ of them:
# $\ell_i = -\ln\frac{1}{2B-1}$.
#
# (b) At collapse every $\pi_j$ is $\frac{1}{2B-1}$ and every candidate is the anchor $a$. Take one view and add up its
# roles by (1.6). As an anchor it gets $\frac1t\sum_j\pi_j(n_j - p) = 0$. As the positive of its partner it gets
# $-\frac1t\big(1 - \frac{1}{2B-1}\big)a$, and as a negative of $2B-2$ anchors $\frac1t\frac{1}{2B-1}a$ from each; the
# sum is $\frac at\big(-\frac{2B-2}{2B-1} + \frac{2B-2}{2B-1}\big) = 0$. Proposition 1.7 carries the zero over to the
# vector before normalisation.
#
# (c) *Both views.* The 2 turned anchors have a positive with cosine 1 and $2B-2$ negatives with cosine
# $\cos\varepsilon$. The other $2B - 2$ anchors have a positive and $2B-4$ negatives with cosine 1, and 2 negatives
# with cosine $\cos\varepsilon$. Put this in (1.4) and average with weights $2/2B$ and $(2B-2)/2B$. As $e^x < 1$, both
# logarithms are below $\ln(2B-1)$.
#
# *One view.* The turned view has the cosine $\cos\varepsilon$ with all its candidates: loss $\ln(2B-1)$. Its partner
# has a positive with $\cos\varepsilon$ and $2B-2$ negatives with 1: loss $\ln(e^x + 2B-2) - x$. The other $2B-2$
# anchors have one negative with $\cos\varepsilon$, all else 1: loss $\ln(2B - 2 + e^x)$. The average is
# $L_{\text{one}}$. The logarithm is strictly concave, so by Jensen for the $2B-1$ numbers $e^x, 1, \dots, 1$, which
# are not all equal: $\ln\frac{e^x + 2B-2}{2B-1} > \frac{x}{2B-1}$, that is
# $(2B-1)\ln(2B-2+e^x) - x > (2B-1)\ln(2B-1)$. $\square$

# %%
t = 0.5  # (a) and (b) for B = 2: views u, w | w, w with u = w, and the loss of each of the four anchors
w = torch.tensor([0.6, 0.8], dtype=torch.float64)
u = w.clone().requires_grad_()
s, one = u @ w / t, w @ w / t
lone, mixed = torch.logsumexp(torch.stack([s, s, s]), 0), torch.logsumexp(torch.stack([s, one, one]), 0)
L = ((lone - s) + (mixed - s) + 2 * (mixed - one)) / 4
grad = torch.autograd.grad(L, u)[0]
print(f"holds   collapse, B = 2: loss {L.item():.6f} = ln 3, gradient in u", *[f"{g:.1e}" for g in grad])
print(
    f"tight   B = 4: all cosines 1: {log_sum_exp([2.0] * 7) - 2.0:.6f}, all cosines 0: {log_sum_exp([0.0] * 7):.6f}, "
    f"ln 7 = {math.log(7):.6f}"
)


# %%
def turned(eps, B, t):
    """L_both: both views of one of B images are turned by eps (radians)."""
    x = (np.cos(eps) - 1) / t
    return (np.log(1 + (2 * B - 2) * np.exp(x)) + (B - 1) * np.log(2 * B - 3 + 2 * np.exp(x))) / B


for degrees in (0, 10, 30, 90, 180):
    both, x = turned(math.radians(degrees), 4, 0.5), (math.cos(math.radians(degrees)) - 1) / 0.5
    one = (math.log(7) + 7 * math.log(6 + math.exp(x)) - x) / 8
    print(f"B = 4, one image turned by {degrees:3d} degrees: {both:.6f}     one view turned: {one:.6f}")

# %% [markdown]
# The first row is collapse, (a); all others drop the equal cosines and leave $\ln 7$, one way down and the other way
# up. No force acts at a saddle, but the smallest push can start a way down. (In $d = 1$ there are no small turns.) In
# the "tight" line all cosines 0 give the same value as all cosines 1: a single number cannot tell collapse from views
# that are all mutually orthogonal, and a test of your code on a collapsed batch tests very little of it.
#
# **Theorem 1.11 (the minimum).** For every $B \ge 2$, every dimension $d \ge 1$ and every $t > 0$
#
# $$L \ \ge\ \ln\left(1 + 2(B-1)\,e^{-\frac{B}{(B-1)\,t}}\right). \tag{1.9}$$
#
# Equality holds iff the two views of each image coincide and the $B$ images form a *regular simplex*:
# $u_i\cdot u_k = -1/(B-1)$ for views of different images. Such a configuration exists iff $d \ge B - 1$.
#
# *Proof.* Let $K = 2B - 2$ be the number of negatives of an anchor, $\mathcal{N}_i$ the set of its negatives, and
#
# $$m_i = \frac1K\sum_{k\in\mathcal{N}_i}\frac{u_i\cdot u_k - u_i\cdot u_{i'}}{t},
#   \qquad g(x) = \ln\left(1 + K e^x\right).$$
#
# *Step 1: inside one anchor.* By (1.4),
# $\ell_i = \ln\big(1 + \sum_{k\in\mathcal{N}_i} e^{(u_i\cdot u_k - u_i\cdot u_{i'})/t}\big)$. The exponential is
# strictly convex, so by Jensen the sum of $K$ exponentials is at least $K e^{m_i}$, with equality iff the $K$
# exponents are equal. Hence $\ell_i \ge g(m_i)$.
#
# *Step 2: over the anchors.* $g'(x) = \frac{Ke^x}{1 + Ke^x} \in (0, 1)$ and $g'' = g'(1 - g') > 0$: $g$ increases and
# is strictly convex. By Jensen $L \ge \frac{1}{2B}\sum_i g(m_i) \ge g(\bar m)$ with $\bar m = \frac1{2B}\sum_i m_i$;
# the second step is an equality iff all $m_i$ are equal.
#
# *Step 3: the mean margin.* Let $S = \sum_i u_i$ and $P = \sum_{i=1}^{2B} u_i\cdot u_{i'}$. Sort the $(2B)^2$ products
# in $|S|^2$ into those of a view with itself ($2B$ times 1), with its partner ($P$), and with its negatives:
#
# $$0 \le |S|^2 = 2B + P + \sum_i\sum_{k\in\mathcal{N}_i} u_i\cdot u_k
#   \quad\Longrightarrow\quad \sum_i\sum_{k\in\mathcal{N}_i} u_i\cdot u_k \ge -2B - P.$$
#
# So, with $1 + \frac1K = \frac{2B-1}{2B-2}$ and then $P \le 2B$ (each of its $2B$ terms is a cosine),
#
# $$t\,\bar m = \frac1{2B}\Big[\frac1K\sum_i\sum_{k\in\mathcal{N}_i}u_i\cdot u_k - P\Big]
#   \ge \frac1{2B}\Big[-\frac{2B}{K} - P\Big(1 + \frac1K\Big)\Big]
#   \ge -\frac1K - 1 - \frac1K = -\frac{K + 2}{K} = -\frac{2B}{2B-2} = -\frac{B}{B-1}.$$
#
# *Step 4.* $g$ increases, so $L \ge g(\bar m) \ge g\big(-\frac{B}{(B-1)t}\big)$, which is (1.9).
#
# *Equality.* It needs equality in every step. $P = 2B$: all cosines of partners are 1, the two views coincide.
# $S = 0$. Step 1: for each $i$ the products with its negatives are equal, to $c_i$ say, so $t\,m_i = c_i - 1$. Step 2:
# all $m_i$ are equal, so all $c_i$ are one number $c$. Then $0 = u_i\cdot S = 2 + (2B-2)\,c$, so $c = -1/(B-1)$.
# Conversely, with these cosines every $\ell_i$ is $\ln(1 + K e^{(-1/(B-1) - 1)/t})$, and
# $\frac{1}{B-1} + 1 = \frac{B}{B-1}$.
#
# *Existence.* The $B \times B$ matrix of the cosines of the images is
# $\frac{B}{B-1}\big(I - \frac1B\mathbf{1}\mathbf{1}^T\big)$ ($1$ on the diagonal, $-\frac1{B-1}$ off it).
# $I - \frac1B\mathbf 1\mathbf 1^T$ is the projection onto the vectors with sum 0: positive semidefinite, of rank
# $B-1$. A positive semidefinite matrix of rank $r$ is the table of dot products of vectors in $\mathbb{R}^d$ iff
# $d \ge r$: write it as $Q\Lambda Q^T$ and take the rows of $Q\Lambda^{1/2}$, which has $r$ columns that are not 0;
# conversely the table of the rows of a $B \times d$ matrix $U$ is $UU^T$, of rank at most $d$. So $d \ge B-1$ is both
# enough and needed. $\square$


# %%
def smallest(B, t):
    """The right side of (1.9)."""
    return math.log(1 + 2 * (B - 1) * math.exp(-B / ((B - 1) * t)))


# B = 2 on the circle: every angle on a grid of 10 degrees; the first view stays at 0 (rotating all changes nothing)
t, grid = 0.5, np.radians(np.arange(0, 360, 10))
x1, (y1, x2, y2) = 0.0, np.meshgrid(grid, grid, grid, indexing="ij")
L = 0
for anchor, positive, n, k in [(x1, y1, x2, y2), (y1, x1, x2, y2), (x2, y2, x1, y1), (y2, x2, x1, y1)]:
    c = [np.cos(anchor - other) / t for other in (positive, n, k)]
    L = L + (np.logaddexp(np.logaddexp(c[0], c[1]), c[2]) - c[0]) / 4
best = np.unravel_index(L.argmin(), L.shape)
print(f"holds   B = 2, {L.size} configurations: {L.min():.12f} <= L <= {L.max():.6f}; collapse {math.log(3):.6f}")
where = [int(10 * k) for k in best]
print(f"tight   the bound is {smallest(2, t):.12f}, reached at 0, {where[0]} and {where[1]}, {where[2]} degrees")

# %%
t = 0.5
corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / math.sqrt(3)  # B = 4, d = 3
print("cosines of the first image with the others:", np.round(corners[1:] @ corners[0], 12))
tetrahedron = log_sum_exp(np.array([1.0] + [-1 / 3] * 6) / t) - 1 / t  # every anchor sees 1 positive and 6 negatives
print(f"tight   B = 4, d = 3, tetrahedron: {tetrahedron:.6f}   bound {smallest(4, t):.6f}")
square = log_sum_exp(np.array([1.0, 0, 0, 0, 0, -1, -1]) / t) - 1 / t
print(f"broken  B = 4, d = 2, square:      {square:.6f}   the bound holds and is not reached")
line = (4 * math.log(3 + 2 * math.exp(-2 / t)) + 2 * math.log(1 + 4 * math.exp(-2 / t))) / 6
print(f"broken  B = 3, d = 1, at +, +, -:  {line:.6f}   the bound {smallest(3, t):.6f} holds and is not reached")
longer = math.log(1 + 4 * math.exp(4 * (-0.5 - 1) / t))
print(f"broken  B = 3, d = 2, simplex of vectors of norm 2, dot products: {longer:.8f}   below the bound")

# %% [markdown]
# On the grid the smallest loss is the bound, to all digits shown, where the two images sit at opposite points. Without
# $d \ge B-1$ the inequality is still true but nothing reaches it; without unit norms it is false. The grid's maximum
# is far above $\ln 3$: collapse is *not* the worst case. Worse is a partner at the opposite side with a stranger in
# its place.
#
# **Figure 4. Which loss values can a batch show?** Left: collapse and minimum against $B$. Right: the path out of
# collapse of Proposition 1.10 for $B = 4$.

# %%
figure, (left, right) = plots.panels(2)
sizes = np.unique(np.geomspace(2, 4096, 60).astype(int))
shown = {f"minimum, t = {t:g}": [smallest(B, t) for B in sizes] for t in (0.1, 0.2, 0.5, 1.0)}
plots.curves(sizes, shown, left, ordered=True, legend=None)
plots.curves(
    sizes,
    {"collapse, every t": np.log(2 * sizes - 1)},
    left,
    colours=(plots.ORANGE,),
    logx=True,
    xlabel="images B in the batch",
    ylabel="NT-Xent (nats)",
    title="collapse and minimum",
    legend="upper left",
)
eps = np.linspace(0, 180, 181)
away = {f"t = {t:g}": turned(np.radians(eps), 4, t) for t in (0.1, 0.2, 0.5, 1.0)}
plots.curves(
    eps,
    away,
    right,
    xlabel="angle of the image that leaves (degrees)",
    ylabel="NT-Xent (nats)",
    title="out of collapse, B = 4",
    ordered=True,
)
plots.levels({"collapse: ln 7": math.log(7)}, right)

# %%
print("   B   collapse   minimum: t = 0.1   t = 0.5   t = 1     gap at t = 0.5")
for B in (2, 8, 64, 512, 4096):
    collapse, low = math.log(2 * B - 1), [smallest(B, t) for t in (0.1, 0.5, 1.0)]
    print(f"{B:4d} {collapse:10.4f} {low[0]:18.4f} {low[1]:9.4f} {low[2]:7.4f} {collapse - low[1]:14.4f}")

# %% [markdown]
# A loss means nothing without its $B$ and $t$: at $B = 8$, a loss of 0.9 is far from the minimum at $t = 0.1$, close
# to it at $t = 0.5$, and impossible at $t = 1$. Both curves grow like $\ln 2B$, and the gap between them settles at
# $1/t$ (2 nats at $t = 0.5$): dividing both arguments by $2B$ leaves $1$ and $e^{-1/t}$. For large $B$ the simplex
# needs $B - 1$ dimensions; with fewer, (1.9) is a bound that nothing reaches.
#
# It is the *negatives* that make collapse a bad place. A text this course draws on says that all variants, SimSiam
# among them, learn "by comparing similar and dissimilar examples". SimSiam's loss, minus the cosine between two views
# (through a predictor and a stopped gradient), has no negative pair in it; it needs no memory bank because it has
# nothing to keep there.

# %%
same = np.array([3.0, 4.0])  # a constant encoder: every view gets this vector
print(f"-cosine = {-(same @ same) / (np.linalg.norm(same) * np.linalg.norm(same)):.4f}, and its minimum is -1")
print(f"NT-Xent = {math.log(7):.4f} for B = 4, t = 0.5, and its minimum is {smallest(4, 0.5):.4f}")

# %% [markdown]
# For minus the cosine a constant encoder is a *global minimum*. What keeps such methods away from it is in their
# training, not in their loss: unit 09 measures it.

# %% [markdown]
# ## 8 A denominator without the positive
#
# The same text lets the sum in the denominator run "over negatives", and leaves the positive out of it:
#
# $$\ell^- = -\ln\frac{e^{s_0}}{\sum_{j=1}^N e^{s_j}} = \ln\sum_{j=1}^N e^{s_j} - s_0. \tag{1.10}$$
#
# **Proposition 1.12.** (a) $\ell = \mathrm{softplus}(\ell^-)$.
#
# (b) $\nabla\ell = (1 - \pi_0)\,\nabla\ell^-$ in every variable.
#
# (c) With dot products $\ell^-$ is unbounded below: if all $v_j > 0$, then scaling the anchor by $c$ gives
# $\ell^- \le \ln N - c\min_j v_j \to -\infty$.
#
# (d) With cosines, $\ell^- \ge \ln N - 2/t$ for one anchor, with equality iff $p$ points along $a$ and all $n_j$
# opposite; and over a batch of $2B$ views the mean of $\ell^-$ is at least $\ln(2B-2) - \frac{B}{(B-1)t}$, reached by
# the simplex of Theorem 1.11 (if $d \ge B - 1$).
#
# *Proof.* (a) $e^{\ell^-} = \sum_{j\ge1}e^{s_j}/e^{s_0} = \sum_{j \ge 1} e^{-v_j}$, so $\ln(1 + e^{\ell^-}) = \ell$ by
# (1.4).
#
# (b) Chain rule: $\mathrm{softplus}' = \sigma$, and
# $\sigma(\ell^-) = \frac{e^{\ell^-}}{1 + e^{\ell^-}} = \frac{\sum_{j\ge1}e^{s_j}}{\sum_{j\ge0}e^{s_j}} = 1 - \pi_0$.
#
# (c) $\ell^- = \ln\sum_{j\ge1} e^{-c v_j} \le \ln(N e^{-c\min_j v_j})$.
#
# (d) $v_j \le 2/t$ by Proposition 1.5, so $\ell^- \ge \ln(N e^{-2/t})$, with the same equality case. For the batch,
# take the proof of Theorem 1.11 with $g(x) = \ln K + x$ in place of $\ln(1 + Ke^x)$: Step 1 gives
# $\ell_i^- \ge g(m_i)$, Step 2 is an equality because $g$ is linear, Steps 3 and 4 are unchanged, and the simplex
# makes Steps 1 and 3 equalities. $\square$
#
# To see (c) in a whole world: three points, uniform; the encoder sends them to three orthogonal vectors of squared
# norm $r$; the positive is the same point, one negative is drawn uniformly. With probability $\frac13$ the negative is
# the anchor's own point and $v = 0$, else $v = r$. So the expectations are exact: $\mathbb{E}\,\ell^- = -\frac23 r$
# and $\mathbb{E}\,\ell = \frac13\ln 2 + \frac23\,\mathrm{softplus}(-r)$.

# %%
v = np.array([0.5, 1.2, 0.9])
without = log_sum_exp(-v)
print(f"holds   (a) softplus({without:.6f}) = {softplus(without):.6f} = loss {log_sum_exp([0.0, *-v]):.6f}")
print(f"tight   (d) N = 3, t = 0.5, all margins 2/t: {log_sum_exp([-4.0] * 3):.6f} = ln 3 - 4 = {math.log(3) - 4:.6f}")
batch = log_sum_exp(np.full(6, -1 / 3) / 0.5) - 1 / 0.5
print(f"tight   (d) tetrahedron, B = 4, t = 0.5: {batch:.6f} = ln 6 - (4/3)/t = {math.log(6) - 4 / 3 / 0.5:.6f}")
s = torch.tensor([1.0, 0.5, -0.2, 0.1], dtype=torch.float64, requires_grad=True)  # the same margins
brake = 1 - torch.softmax(s, 0)[0].item()
full, bare = (torch.autograd.grad(torch.logsumexp(x, 0) - s[0], s)[0].tolist() for x in (s, s[1:]))
for j in (0, 1):
    print(f"holds   (b) gradient in s_{j}: {full[j]:.6f} = {brake:.6f} x {bare[j]:.6f}")

# %%
print("broken  (c) no unit vectors:   r    without the positive    with it     ln 2 - first")
for r in (1, 5, 20):
    first, second = -2 * r / 3, math.log(2) / 3 + 2 / 3 * softplus(-r)
    print(f"{r:32d} {first:18.4f} {second:16.4f} {math.log(2) - first:14.4f}")
print(f"mutual information of the pair in this world: ln 3 = {math.log(3):.4f}")

# %% [markdown]
# Without the positive the loss goes to $-\infty$ while nothing happens but longer vectors: the three points are as
# separate at $r = 1$ as at 20. With the positive the loss falls towards $\frac13\ln 2 = 0.2310$ and stops there. The
# last column is a preview of unit 04, where $\ln(N+1) - L$ is shown to be a lower bound on the mutual information of
# the pair: with (1.10) in place of (1.4) it would "prove" 14 nats in a world that has 1.1.
#
# By (b) the two losses pull an anchor in the same *direction*; what (1.10) lacks is the brake $1 - \pi_0$. It keeps
# pulling anchors that are already solved, with full force. On the sphere (d) makes it a legitimate loss of its own,
# called decoupled (Yeh et al. 2022), but it is not NT-Xent. The sign is a quick test: (1.4) is always positive. If
# your "NT-Xent" prints a negative number, the positive is missing from the denominator.

# %% [markdown]
# ## 9 Computing it: the stable log-sum-exp
#
# A score of $1/t$ inside an exponential is large: at $t = 0.01$, $e^{100}$.

# %%
print("format      largest number   ln of it   e^(1/t) overflows below t =")
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    largest = torch.finfo(dtype).max
    print(f"{str(dtype)[6:]:9s} {largest:16.3g} {math.log(largest):10.3f} {1 / math.log(largest):20.5f}")

# %% [markdown]
# The popular temperature 0.07 already overflows float16, and 0.01 overflows float32. "The exponential of a cosine is
# at most $e$" is true before the division by $t$, and that is not where the exponential is taken.
#
# **Proposition 1.13.** Let $s_0, \dots, s_N$ be finite and $M = \max_j s_j$. (a) For every number $c$,
# $\ \ln\sum_j e^{s_j} = c + \ln\sum_j e^{s_j - c}$.
#
# (b) With $c = M$ no exponent is positive, the sum lies in $[1, N+1]$, and $M \le \ln\sum_j e^{s_j} \le M + \ln(N+1)$.
#
# (c) With $c = M$ and $0 < \delta \le 1$, replacing every $e^{s_j - M}$ below $\delta$ by 0 changes the result by at
# most $N\delta$.
#
# (d) The derivative with respect to $c$ is 0, so it does not matter whether a gradient flows through the maximum.
#
# *Proof.* (a) $\sum_j e^{s_j} = e^c\sum_j e^{s_j - c}$; take logarithms.
#
# (b) $s_j - M \le 0$ gives $e^{s_j - M} \le 1$ for each of the $N+1$ terms, and the leader's term is exactly
# $e^0 = 1$.
#
# (c) The leader's term, 1, is not below $\delta$ and stays, so the sum before is $A + x$ and after it is $A$, with $A
# \ge 1$ and $0 \le x \le N\delta$; $\ln(A + x) - \ln A = \ln(1 + x/A) \le x$.
#
# (d) By (a) the right side is the same number for every $c$. $\square$
#
# In float32 the smallest positive number is about $10^{-45}$, so underflow costs nothing, by (c). Overflow cannot
# happen, by (b). But the shift must be *one number per anchor*, put back (or cancelled by subtracting $s_0 - c$
# instead of $s_0$): (a) does not allow a shift that depends on $j$.


# %%
def naive(scores):
    return -torch.log(torch.exp(scores[0]) / torch.exp(scores).sum())


def shifted(scores):
    c = scores.max()
    return c + torch.log(torch.exp(scores - c).sum()) - scores[0]


low, high = log_sum_exp([5, 4, 0]), log_sum_exp([5, 5, 5])
print(f"(b) holds: 5 <= {low:.4f} <= 5 + ln 3 = {5 + math.log(3):.4f};  tight, scores 5, 5, 5: {high:.4f}")
print("float32, positive first:                naive    shifted      exact")
for scores in ([2.0, 1.0, 0.5], [1e4, 9999.0, -1e4], [-1e4, -9999.0, -1e4], [-200.0, -201.0, -200.5]):
    s = torch.tensor(scores, dtype=torch.float32)
    print(f"{scores!s:32s} {naive(s).item():12.6f} {shifted(s).item():10.6f} {log_sum_exp(scores) - scores[0]:10.6f}")

# %% [markdown]
# The naive form is $\infty/\infty$ in the second row and $0/0$ in the last two; the shifted form is right everywhere,
# up to float32's spacing: at $10^4$ neighbouring float32 numbers are $0.001$ apart, and the result of adding $c$ back
# inherits that. Subtracting $s_0$ *before* the exponential, as in the third form of (1.4), avoids it.
#
# Now drop the hypotheses: a shift per candidate, and a mask in the wrong place.

# %%
s = torch.tensor([[1000.0, 999.0], [0.0, 1.0]])  # two anchors (rows), positive in column 0
for name, axis in [("one shift per anchor", 1), ("one per candidate   ", 0)]:
    x = s - s.max(dim=axis, keepdim=True).values
    print(f"{name}: losses", [round(value, 4) for value in (torch.log(torch.exp(x).sum(dim=1)) - x[:, 0]).tolist()])

own = torch.tensor([3.0, 5.0, 2.0], requires_grad=True)  # entry 1 is the anchor itself and must not count
keep = torch.tensor([True, False, True])
late = torch.logsumexp(torch.where(keep, torch.log(torch.exp(own) * keep), -math.inf), 0) - own[0]
early = torch.logsumexp(own.masked_fill(~keep, -math.inf), 0) - own[0]
for name, value in [("ln 0 hidden by a where ", late), ("-inf before exponential", early)]:
    gradient = [round(g, 4) for g in torch.autograd.grad(value, own)[0].tolist()]
    print(f"{name}: value {value.item():.4f}, gradient {gradient}")

# %% [markdown]
# The exact losses of the two anchors are $\mathrm{softplus}(-1)$ and $\mathrm{softplus}(1)$, 0.3133 and 1.3133; a
# shift per candidate changes them without any warning. And a `where` that hides a $\ln 0$ hides it from the value
# only: its gradient is NaN. A score of $-\infty$, set before the exponential, contributes 0 to the sum and 0 to the
# gradient.
#
# **Figure 5. Where do the programs break?** Left, the loss of an anchor whose hardest negative wins (cosines 0.8
# against 0.9, 0.2, $-0.3$), by the naive program; crosses mark values that are not finite. Right, an easy anchor (0.9
# against 0.7, 0.2, $-0.3$), whose loss is tiny: the relative error of three float32 programs, the third being
# Proposition 1.12 (a), $\mathrm{softplus}(\ell^-)$.


# %%
def program(cosines, temperatures, compute, dtype=torch.float32):
    """The loss of one anchor over temperatures. -> array"""
    return np.array([compute(torch.tensor(cosines, dtype=dtype) / float(t)).item() for t in temperatures])


def by_softplus(scores):
    return torch.nn.functional.softplus(torch.logsumexp(scores[1:] - scores[0], 0))


temperatures = np.geomspace(1.0, 0.004, 70)
hard, easy = [0.8, 0.9, 0.2, -0.3], [0.9, 0.7, 0.2, -0.3]
exact = {name: program(c, temperatures, by_softplus, torch.float64) for name, c in [("hard", hard), ("easy", easy)]}
naive16, naive32 = (program(hard, temperatures, naive, dtype) for dtype in (torch.float16, torch.float32))
programs = {"naive": naive, "shifted by the maximum": shifted, "softplus of (1.10)": by_softplus}
error = {
    name: np.maximum(abs(program(easy, temperatures, compute) / exact["easy"] - 1), 1e-8)
    for name, compute in programs.items()
}

# %%
figure, (left, right) = plots.panels(2)
three = {"exact": exact["hard"], "naive, float32": naive32, "naive, float16": naive16}
plots.curves(
    temperatures,
    three,
    left,
    colours=("#cccccc", plots.ORANGE, plots.PURPLE),
    widths=(7, 4, 1.5),
    xlabel="temperature t",
    ylabel="loss (nats)",
    title="a hard anchor",
    logx=True,
    logy=True,
)
plots.missing(temperatures, naive16, left, colour=plots.PURPLE, row=0.09)
plots.missing(temperatures, naive32, left, colour=plots.ORANGE)
plots.curves(
    temperatures,
    error,
    right,
    colours=(plots.ORANGE, plots.BLUE, plots.GREEN),
    styles=("-", "--", "-"),
    xlabel="temperature t",
    ylabel="relative error, float32",
    title="an easy anchor",
    logx=True,
    logy=True,
)
plots.missing(temperatures, error["naive"], right)

# %%
for t in (0.1, 0.02, 0.012, 0.005):
    in64, in32 = program(easy, [t], by_softplus, torch.float64), [program(easy, [t], f)[0] for f in programs.values()]
    print(f"t = {t:5.3f}: exact {in64[0]:.4e}   naive {in32[0]:10.4e}   shifted {in32[1]:.4e}   softplus {in32[2]:.4e}")

# %% [markdown]
# Left: the naive program stops where $0.9/t$ passes the logarithm of the largest number, near $t = 0.08$ in float16
# and $t = 0.01$ in float32. Right: subtracting the maximum never overflows, but a small loss drowns in rounding,
# because a large number, $c = 0.9/t$, is added back and $s_0$ of the same size is taken away. (The naive program
# rounds a probability very close to 1.) In a mean over anchors with losses of size 1 this does no harm. Where the
# small value itself matters, the softplus form keeps about five digits at every temperature; the scores, rounded to
# float32, do not hold more.

# %% [markdown]
# ## Check yourself
#
# Predict first, on paper. Then unfold and run the cell below the question (code and output are folded), and only then
# unfold the answer.
#
# **1.** A run with $B = 8$ and $t = 0.2$ shows a loss of 2.708 from the first step to the last. What has the encoder
# become, and would another temperature show another number?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"ln 15 = {math.log(2 * 8 - 1):.5f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\ln 15$, the value at collapse: all views are (nearly) one vector. By Proposition 1.10 the value is the same for
# every temperature. It would also be the value if all cosines were equal but not 1, so look at the embeddings too.
# </details>

# %% [markdown]
# **2.** Every embedding is multiplied by 10. What happens to NT-Xent, and what to the dot-product loss (1.4) of an
# anchor with margins 0.3 and 0.8?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
for factor in (1, 10, 100):
    print(factor, f"{log_sum_exp([0.0, -0.3 * factor, -0.8 * factor]):.3e}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# NT-Xent does not move: cosines forget lengths. In the dot-product loss the anchor *and* the candidates are ten times
# longer, so the margins grow by 100, not by 10: the last row.
# </details>

# %% [markdown]
# **3.** One negative has exactly the cosine of the positive, 0.9; two others have 0.5 and 0. To which number does the
# loss tend as $t \to 0$? Does it come from above or from below?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
for t in (1.0, 0.2, 0.1, 0.05, 0.01):
    print(t, f"{log_sum_exp((np.array([0.9, 0.9, 0.5, 0.0]) - 0.9) / t):.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# To $\ln 2$, by Proposition 1.8 (d) with $q = 1$, and from above: the two losers add a positive amount that vanishes.
# </details>

# %% [markdown]
# **4.** A program prints a contrastive loss of $-0.4$ for one anchor. What is in its denominator, and what would (1.4)
# have printed?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"{softplus(-0.4):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The negatives only: (1.4) is never negative, because its denominator contains its numerator. Proposition 1.12 (a)
# turns one into the other: $\mathrm{softplus}(-0.4)$.
# </details>

# %% [markdown]
# **5.** The temperature is 0.07 and the exponentials are taken in float16, without any shift. From which cosine on do
# they overflow?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"{0.07 * math.log(torch.finfo(torch.float16).max):.4f}")
print([torch.exp(torch.tensor(cosine / 0.07, dtype=torch.float16)).item() for cosine in (0.77, 0.78)])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Where $\cos/0.07$ exceeds the logarithm of the largest float16, about 11.09: from a cosine of 0.776 on. Positives are
# usually above that, so nearly every anchor would be lost.
# </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`01_similarity_losses.ipynb`](../exercises/01_similarity_losses/01_similarity_losses.ipynb) in
# `exercises/01_similarity_losses/`: the logistic and the hinge loss, $N$ negatives, the closed gradient, and NT-Xent,
# each for a whole batch at once, without a loop over it, and finite for scores of $\pm 10^4$.
#
# **Read further.** Mikolov et al. 2013 (word2vec); Wang and Gupta 2015 (hinge loss on video); Logeswaran and Lee 2018
# (Quick Thoughts); Saunshi et al. 2019 (CURL, the theory of unit 02; their equation (1) is the expectation of (1.2));
# van den Oord et al. 2018 (the name InfoNCE); Chen et al. 2020 (SimCLR, NT-Xent); Merad et al. 2020 (their equation
# (6) is the expectation of (1.4)); Wang and Isola 2020 (alignment and uniformity, unit 04); Yeh et al. 2022 (no
# positive in the denominator).
