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
# # 05 · Debiasing: when a negative is no negative
#
# *Time* core 115 min, optional 30 min · *you need* units 01 and 02; conditional probability, Jensen's inequality,
# Taylor's formula
#
# *Exercise of this unit:* [05 · exercise](../exercises/05_debiasing/05_debiasing.ipynb).
#
# Without labels, a negative is drawn from all the data, and sometimes it has the class of the anchor. Can the loss be
# corrected without looking at a single label of a negative? On paper, exactly. In a batch, not quite; and what has been
# tried does not help on our images, for a reason that one experiment finds.
#
# ## Map
#
# | | result, in words | needs | |
# |---|---|---|---|
# | 5.1 | how many negatives are false | | core |
# | 5.2 | which way they bend the loss | | core |
# | 5.3 | equally likely classes: on average the false ones are the similar ones | 5.2 | optional |
# | 5.4, 5.5 | the law of the true negatives; what a wrong prior does | | core |
# | 5.6 | softmax law and data law have different priors | 5.4 | optional |
# | 5.7 | in the population, debiased is unbiased | 5.4 | core |
# | 5.8 | bias and variance with $N$ negatives and $K$ extra positives | 5.7, Taylor | core |
# | 5.9 | more draws: the bias only rises without the floor; with it, it can fall | 5.8, Jensen | core |
# | 5.10 | no function of a fixed number of draws is unbiased | 5.7 | optional |
# | 5.11, 5.12 | the floor: what it does to the mass, when it takes over | 5.8 | core |
# | 5.13 | one positive twice: anchors are re-weighted | 5.12 | core |
# | 5.14 | the law of the extra positive decides | 5.7 | core |
# | 5.15 | hard negatives, exactly | (5.3) | optional |
#
# Each is proved, then shown in numbers: where it *holds*, where it is *tight*, and where it is *broken* because a
# hypothesis was dropped. **Predict** means: on paper, before you read on; the numbers and the
# figure often follow at once, and the answer that you unfold says why they are so.

# %% [markdown]
# **One meaning for each letter.**
#
# | letter | meaning |
# |---|---|
# | $c$, $\rho_c$; $D_c$ | a class, its probability; the law of its points |
# | $p = \sum_c\rho_cD_c$ | the law of all the data |
# | $p^+$, $p^-$; $\tau^+$ | law of a draw of the anchor's class, of another class; probability of the anchor's class |
# | $x$, $x^+$; $x_1, \dots, x_N$ | anchor, positive; negatives, drawn from $p$ |
# | $v_1, \dots, v_K$ | extra positives, which only serve the estimate |
# | $e(x, u) = e^{f(x)\cdot f(u)}$ | from section 9 on $f$ has rows of length $1/\sqrt t$, so that $e(x, u) = e^{s/t}$ |
# | $s$, $s^+$, $s_j$; $t$ | cosines, never divided by $t$; temperature |
# | $M$, $M^+$, $M^-$; $\widehat M$ | masses: expectations of $e(x, \cdot)$; an estimate of $M^-$ |
# | $A = e(x, x^+)$; $W = \sum_j e(x, x_j)$ | of one anchor: its positive's exponential; the sum over its negatives |
# | $b = e^{-1/t}$; $G$ | smallest exponential of a cosine; the mass of $N$ debiased negatives |
# | $E$, $\operatorname{Var}$ | expectation, variance |
#
# A class $c \sim \rho$ is drawn, then $x, x^+ \sim D_c$ independently, and the negatives independently from $p$, as in
# unit 02. All logarithms are natural, all losses in nats.

# %%
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course import comparison, data, figures, training, views, worlds

torch.set_num_threads(1)

RHO = np.array([0.2, 0.3, 0.5])  # three overlapping classes on five points in the plane
D = np.array([[0.6, 0.4, 0, 0, 0], [0, 0.3, 0.5, 0.2, 0], [0, 0, 0.1, 0.4, 0.5]])
Z = np.array([[1.0, 0.3], [0.5, 0.8], [-0.3, 0.9], [-0.8, 0.2], [-0.6, -0.7]])

# %% [markdown]
# ## 1 A first training: which negatives are false?
#
# scikit-learn's handwritten digits, each at a random place of a $10\times10$ canvas: where a digit stands says nothing
# about what it is, so raw pixels are a poor embedding. A small encoder (32 filters on $4\times4$ patches, then 32
# dimensions) is trained with NT-Xent of unit 01; a view is the image moved by up to a pixel, brighter or darker, with
# noise. The loss gets labels and does not look at them.

# %%
def biased(view1, view2, labels):
    """NT-Xent at temperature 0.5."""
    z = F.normalize(torch.cat([view1, view2]), dim=1)
    partner = torch.arange(len(z)).roll(len(view1))
    return F.cross_entropy((z @ z.T / 0.5).fill_diagonal_(-torch.inf), partner)


train_x, train_y, test_x, test_y = data.split(*views.wandering_digits(10, seed=0), test_share=0.4, seed=0)
encoder = training.train(biased, train_x, train_y, seed=0, batch=128)
z, test_z = training.embed(encoder, train_x), training.embed(encoder, test_x)
for name, parts in {"raw pixels": (train_x, test_x), "encoder": (z, test_z)}.items():
    every, few = (training.probe_accuracy(parts[0], train_y, parts[1], test_y, k) for k in (None, 5))
    print(f"{name:10s} linear probe, all labels {every:.3f}, 5 labels a class {few:.3f}")

# %% [markdown]
# It learns: from 62 % on raw pixels to 91 %. Take each test image as an anchor and sort all the other test images by
# their cosine with it, the most similar first (**Figure 1**).
#
# **Predict.** There are ten classes of about equal size. Which share of all negatives is false, and which share of the
# most similar tenth?

# %%
cosines = (test_z @ test_z.T).fill_diagonal_(-2)
order = cosines.argsort(dim=1, descending=True)[:, :-1]  # the anchor itself comes last
false = (test_y[order] == test_y[:, None]).double()
tenths = np.array([part.mean().item() for part in false.chunk(10, dim=1)])
figure, (ax,) = figures.panels(1)
figures.curves(np.arange(1, 11), {"false": tenths}, ax, styles=("o-",), xlabel="tenth, the most similar first",
               ylabel="share of false negatives", legend=None)
figures.levels({"all negatives": false.mean().item()}, ax)
figures.described(figure,
    "The share of false negatives in each tenth of the test images, the most similar first: 0.63, 0.16, 0.07, "
    "then falling to nearly 0 in the last tenth. A dashed line marks the share among all negatives, 0.10; "
    "only the first two tenths are above it."
)

# %%
print(f"false: of all {false.mean():.3f}, of the first tenth {tenths[0]:.3f}, of the nearest five {false[:, :5].mean():.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# A tenth of all, by counting. But 63 % of the most similar tenth, and 85 % of the five most similar: the negatives that
# matter in the loss, those with large exponentials, are mostly false. The better the encoder, the more so. </details>
#
# **Proposition 5.1 (how many).** For an anchor of class $c$ the number of false negatives among $N$ is binomial with
# parameters $N$ and $\rho_c$: $\rho_cN$ are expected, and there is none with probability $(1-\rho_c)^N$.
#
# *Plan.* Count independent draws.
#
# *Proof.* Each negative draws its class from $\rho$, independently of the others and of the anchor; it is false with
# probability $\rho_c$. $\square$
#
# With ten classes and batches of 32 images 6.2 of the 62 negatives are false on average. In a batch of two views each
# they are not independent (two views of an image share its class), so an anchor is without a false one with probability
# $0.9^{31} = 0.04$, not $0.9^{62} = 0.0015$; the expectation stays. With a thousand classes half a negative
# in 510 (256 images, two views) is false.

# %% [markdown]
# ## 2 Which way the bias goes
#
# For an anchor $x$ of class $c$, put
#
# $$M(x) = E_{u \sim p}\,e(x, u), \qquad M^+_c(x) = E_{u\sim p^+}\,e(x, u), \qquad M^-_c(x) = E_{u\sim p^-}\,e(x, u),$$
#
# where $p^+ = D_c$ and $p^- = \sum_{k \ne c} \rho_k D_k / (1 - \rho_c)$. With a mass in place of one negative we get
# two population losses, the expectation *inside* the logarithm:
#
# $$L_{\text{biased}} = E \ln\left(1 + \frac{M(x)}{e(x, x^+)}\right), \qquad
#   L_{\text{unbiased}} = E \ln\left(1 + \frac{M^-_c(x)}{e(x, x^+)}\right). \tag{5.1}$$
#
# **Proposition 5.2 (which way the bias goes).** $M(x) = \rho_c M^+_c(x) + (1 - \rho_c) M^-_c(x)$. An anchor's biased
# loss is above its unbiased loss iff $M^+_c(x) > M^-_c(x)$, equal iff they are equal, below iff $M^+_c(x) < M^-_c(x)$.
# The difference of the two losses has no fixed sign.
#
# *Plan.* Write the mass as a mixture; the logarithm is increasing.
#
# *Proof.* $p = \sum_k \rho_k D_k = \rho_c D_c + (1 - \rho_c)\,p^-$; take the expectation of $e(x, \cdot)$. So
# $M - M^-_c = \rho_c (M^+_c - M^-_c)$, and $\rho_c > 0$. The logarithm is increasing. For the last sentence, the next
# cell has a world of either sign. $\square$
#
# **Predict.** Do false negatives always make the loss larger?

# %%
def masses(rho, classes, z):
    """e (S, S) and, for every class c and anchor x, the masses M, M+, M-, each (C, S)."""
    e = np.exp(z @ z.T)
    plus, every = classes @ e, (rho @ classes) @ e
    others = np.stack([np.delete(rho, c) @ np.delete(classes, c, axis=0) / (1 - rho[c]) for c in range(len(rho))])
    return e, np.broadcast_to(every, plus.shape), plus, others @ e


def population_loss(rho, classes, e, mass):
    """E ln(1 + mass(x) / e(x, x+)), as in (5.1)."""
    pairs = (np.einsum("x,y,xy->", law, law, np.log1p(m[:, None] / e)) for law, m in zip(classes, mass, strict=True))
    return float(np.dot(rho, list(pairs)))


def both(rho, classes, z):
    e, every, _, minus = masses(rho, classes, z)
    return population_loss(rho, classes, e, every), population_loss(rho, classes, e, minus)


# %%
print("                                         biased    unbiased")
print("holds   similar inside the classes    {:9.4f} {:11.4f}".format(*both(RHO, D, Z)))
print("tight   one constant embedding        {:9.4f} {:11.4f}".format(*both(RHO, D, 0 * Z + 1)))
two = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
print("tight   classes with one and the same {:9.4f} {:11.4f}".format(*both(*two, np.array([[1.0], [-1], [1], [-1]]))))
rng = np.random.default_rng(5)
drawn = [worlds.random_world(rng, 3, 6, 2, scale=1.5) for _ in range(1000)]
gaps = np.array([a - b for a, b in (both(*world) for world in drawn)])
print(f"1000 random worlds: biased - unbiased from {gaps.min():.2f} to {gaps.max():.2f}, negative {(gaps < 0).mean():.0%}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: in 17 % of the random worlds they make it smaller. In the first world points of one class are mostly similar,
# $M^+ > M^-$ for all anchors but one (the point that class 2 shares with class 1), and on average false negatives make
# the loss larger. A constant embedding is tight, and so are two classes whose points fall on the same two places: all
# three masses are equal. Random embeddings go both ways, more often up. </details>

# %% [markdown]
# ## 3 On average the false ones are the similar ones (optional)
#
# **Proposition 5.3 (on average the false ones are the similar ones).** Let all $C \ge 2$ classes be equally likely.
# Then for *every* encoder, $E[M^+_c(x) - M^-_c(x)] \ge 0$ over classes $c$ and anchors $x \sim D_c$.
#
# *Plan.* The exponential of an inner product is an inner product of longer vectors; compare class means there.
#
# *Proof.* $e^{a\cdot b} = \sum_k (a\cdot b)^k/k! = \Phi(a)\cdot\Phi(b)$, where $\Phi(a)$ lists all products
# $a_{i_1}\cdots a_{i_k}/\sqrt{k!}$, $k = 0, 1, \dots$ With $\mu_c = E_{x \sim D_c}\Phi(f(x))$ the mean of $M^+_c$ over
# the anchors of class $c$ is $|\mu_c|^2$, and that of $M^-_c$ is $\frac{1}{C-1}\sum_{k\ne c}\mu_c\cdot\mu_k$. So the
# difference, averaged over $c$, is
# $\frac1C\sum_c|\mu_c|^2 - \frac{1}{C(C-1)}\sum_{c\ne k}\mu_c\cdot\mu_k
# = \frac{1}{2C(C-1)}\sum_{c \ne k}|\mu_c - \mu_k|^2 \ge 0$:
# multiply out the squares, each $|\mu_c|^2$ appears $2(C - 1)$ times. $\square$

# %%
def excess(rho, classes, z):
    """E[M+ - M-] over classes and anchors."""
    _, _, plus, minus = masses(rho, classes, z)
    return float(rho @ (classes * (plus - minus)).sum(axis=1))


uniform = [excess(np.ones(3) / 3, classes, z / 3) for _, classes, z in drawn]
skewed = [excess(rho, classes, z / 3) for rho, classes, z in drawn]
print(f"holds   equally likely classes: smallest {min(uniform):.4f}, largest {max(uniform):.2f}")
print(f"tight   classes that fall on the same places: {excess(*two, np.array([[1.0], [-1], [1], [-1]])):.1e}")
print(f"broken  unequal rho: smallest {min(skewed):.4f}, negative in {np.mean(np.array(skewed) < 0):.1%} of the worlds")

# %% [markdown]
# With equally likely classes the excess is never negative, for no embedding at all: whatever the encoder, its false
# negatives are on average at least as similar to the anchor as the true ones (Figure 1: after training the most
# similar ones are mostly false). With unequal classes 3 % of the worlds break it. And Proposition 5.2 speaks of single
# anchors, inside a logarithm: the losses themselves can go either way.

# %% [markdown]
# ## 4 The law of the true negatives
#
# Can the right law be had without labels of the negatives? Fix an anchor, and let $y' = y$ be the event that a draw
# from $p$ has its class.
#
# **Theorem 5.4.** Let $\tau^+ = P(y' = y) \in (0, 1)$, $p^+ = P(\cdot \mid y' = y)$ and $p^- = P(\cdot \mid y' \ne y)$.
# Then
#
# $$p = \tau^+ p^+ + (1 - \tau^+)\,p^-, \qquad\text{so}\qquad p^- = \frac{p - \tau^+ p^+}{1 - \tau^+}. \tag{5.2}$$
#
# *Plan.* The law of total probability, at one point.
#
# *Proof.* For every point $u$, the events $\{x' = u, y' = y\}$ and $\{x' = u, y' \ne y\}$ are disjoint and together are
# $\{x' = u\}$. So $P(x' = u) = P(y' = y)\,P(x' = u \mid y' = y) + P(y' \ne y)\,P(x' = u \mid y' \ne y)$, which is the
# first equation at $u$. Subtract $\tau^+ p^+$ and divide by $1 - \tau^+ > 0$. $\square$
#
# All three laws are taken at the *same* point $u$. And $\tau^+$, the weight in front of $p^+$, is the probability of
# the **same** class: $\rho_c$ for an anchor of class $c$.
#
# > **Source check.** The lecture notes behind this unit call the weight $\eta$ and say in words "the probability we
# > draw an image from a different class", which is $1-\tau^+$. Their formula is (5.2), the words are exchanged. Two
# > balanced classes cannot tell: $\frac12$ is both. The cell below has a world that can.
#
# **Proposition 5.5 (what a wrong prior does).** Let $q_\eta = (p - \eta\,p^+)/(1 - \eta)$ for $0 \le \eta < 1$.
#
# (a) The entries of $q_\eta$ sum to 1 for every $\eta$.
#
# (b) $q_\eta$ is a law iff $\eta \le \eta_{\max} = \min\{p(u)/p^+(u) : p^+(u) > 0\}$, and
# $\eta_{\max} = \tau^+ + (1 - \tau^+)\min\{p^-(u)/p^+(u)\} \ge \tau^+$, with equality iff some point of the class
# belongs to no other class.
#
# (c) If $p^+ \ne p^-$, then $q_\eta = p^-$ iff $\eta = \tau^+$. In particular the exchanged prior $\eta = 1 - \tau^+$
# is right iff $\tau^+ = \frac12$.
#
# *Plan.* Insert (5.2) for $p$ and look at single points.
#
# *Proof.* (a) $\sum_u q_\eta(u) = (1 - \eta)/(1 - \eta)$. (b) By (a) it is a law iff no entry is negative, that is iff
# $\eta\,p^+(u) \le p(u)$ for all $u$; points with $p^+(u) = 0$ ask nothing. Insert (5.2) for $p(u)$. The minimum is
# $\ge 0$, and it is 0 iff $p^-(u) = 0$ at some $u$ with $p^+(u) > 0$. (c) With (5.2),
# $q_\eta - p^- = \frac{(\tau^+ - \eta)\,p^+ + (1 - \tau^+)\,p^- - (1 - \eta)\,p^-}{1 - \eta}
# = \frac{\tau^+ - \eta}{1 - \eta}\,(p^+ - p^-)$,
# which is 0 iff $\eta = \tau^+$. And $1 - \tau^+ = \tau^+$ iff $\tau^+ = \frac12$. $\square$
#
# **Predict.** Two one-point classes with probabilities $\frac14$ and $\frac34$, an anchor in the rare one. What does
# the exchanged prior $\frac34$ make of it, and would a test notice that asks only whether the entries sum to 1?

# %%
cases = {
    "holds   1/4 and 3/4, prior of the same class 1/4    ": ([0.25, 0.75], 0.25),
    "broken  the same, prior of the other class 3/4      ": ([0.25, 0.75], 0.75),
    "broken  1/5 and 4/5, prior averaged over the anchors": ([0.2, 0.8], 0.2**2 + 0.8**2),
    "tight   1/2 and 1/2, the exchanged prior is right   ": ([0.5, 0.5], 1 - 0.5),
}
for name, ((own, other), eta) in cases.items():  # all of p_plus is on the first point
    print(f"{name}  entries {(own - eta) / (1 - eta):5.2f} {other / (1 - eta):5.2f}")
for c in range(3):
    eta_max = min((RHO @ D)[u] / D[c, u] for u in range(5) if D[c, u] > 0)
    print(f"the world of the set-up, anchor of class {c}: tau+ = {RHO[c]:.2f}, a law up to eta = {eta_max:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# A "probability" of $-2$, and one of 3: the sum is 1, and such a test sees nothing. With one averaged prior
# $\sum_c\rho_c^2$ for all anchors it is $-1.5$ in the third row. With two balanced classes both are right: *a balanced
# two-class test is blind here*. </details>
#
# Classes 0 and 2 of the set-up's world have a point of their own, so any prior above the true one fails visibly. Class
# 1 has none: priors between 0.30 and 0.40 give a law, and the wrong one.

# %% [markdown]
# ## 5 Which law? (optional)
#
# Two laws are easily confused: that of the data, and the softmax of the encoder, $\pi(u \mid x) \propto e(x, u)$.
# Theorem 5.4 holds for any law on labelled points, so for both; but each has its own prior.
#
# **Corollary 5.6.** Let every point $u$ have one label $y(u)$. For the softmax law $\pi(\cdot \mid x)$ over the points,
# (5.2) holds with $\tau^+_\pi(x) = \sum_{u:\, y(u) = y(x)} \pi(u \mid x)$, the softmax mass of the own class, and if
# $\pi^+ \ne \pi^-$ with no other number.
#
# *Plan.* The theorem for another law.
#
# *Proof.* It is Theorem 5.4 and Proposition 5.5 (c) for the law $\pi(\cdot \mid x)$, whose probability of the event
# $y' = y$ is $\tau^+_\pi(x)$. $\square$
#
# This prior depends on the encoder and on every single anchor; what one expects of the data does not give it.

# %%
labels, e = np.array([0, 0, 1, 2, 2]), np.exp(Z @ Z.T)
for x in range(5):
    pi = e[x] / e[x].sum()
    print(f"anchor {x}: softmax mass of its class {pi[labels == labels[x]].sum():.4f}, its share of the points"
          f" {(labels == labels[x]).mean():.1f}")

# %% [markdown]
# The softmax masses differ from the frequencies, for the same class even from anchor to anchor: 0.73 and 0.60 where the
# frequency is 0.4. With the frequency in its place the softmax identity is wrong in the first decimal.

# %% [markdown]
# ## 6 In the population, debiased is unbiased
#
# Multiply (5.2), for the *data* law, by a function $h$ of a point and sum over the points:
#
# $$E_{p^-} h = \frac{E_p h - \tau^+ E_{p^+} h}{1 - \tau^+}. \tag{5.3}$$
#
# Here the prior is a class frequency. With $h = e(x, \cdot)$ the mass of the true negatives is had without drawing one.
#
# **Theorem 5.7.** Put $\widetilde M_c(x) = \frac{M(x) - \rho_c M^+_c(x)}{1 - \rho_c}$ in the place of $M$ in (5.1). The
# result, the *population debiased loss*, equals $L_{\text{unbiased}}$, for every encoder.
#
# *Plan.* Equal masses, equal losses.
#
# *Proof.* (5.3) with $h = e(x, \cdot)$ and $\tau^+ = \rho_c$ says $\widetilde M_c(x) = M^-_c(x)$ for every class and
# anchor. Equal masses, equal losses. $\square$

# %%
def population_debiased(rho, classes, z, prior):
    """Population loss with the mass (M - prior M+) / (1 - prior); NaN where a logarithm is not defined."""
    e, every, plus, _ = masses(rho, classes, z)
    prior = np.broadcast_to(prior, len(rho))[:, None]
    with np.errstate(invalid="ignore"):
        return population_loss(rho, classes, e, (every - prior * plus) / (1 - prior))


# %%
rng, right, swapped, averaged = np.random.default_rng(0), [], [], []
for _ in range(500):
    world = worlds.random_world(rng, int(rng.integers(2, 5)), 6, 2)
    exact = both(*world)[1]
    right.append(population_debiased(*world, world[0]) - exact)
    swapped.append(population_debiased(*world, 1 - world[0]) - exact)
    averaged.append(population_debiased(*world, float((world[0] ** 2).sum())) - exact)
for name, gap in {"holds   own class": right, "broken  other class": swapped, "broken  averaged": averaged}.items():
    gap = np.array(gap)
    print(f"{name:20s} largest error {np.nanmax(abs(gap)):.1e}, logarithm undefined in {np.isnan(gap).mean():.1%}")
line = np.array([[1.0], [0.5], [-0.2], [-1]])
gap = population_debiased(*two, line, 0.5) - both(*two, line)[1]
print(f"tight   two balanced classes, either prior: error {gap:.1e}")

# %% [markdown]
# Exact in 500 random worlds, with classes that overlap and are not equally likely. With the exchanged prior most worlds
# have no loss at all, and the others one that is off by up to 0.41 nats; with the averaged prior one world in seven has
# none, and the error goes up to 0.48.

# %% [markdown]
# ## 7 In a sample it is not
#
# $M$ and $M^+$ are expectations. A batch has $N$ negatives and, say, $K$ extra positives $v_1, \dots, v_K \sim D_c$,
# independent of everything else:
#
# $$\widehat M = \frac{\frac1N\sum_{i=1}^N e(x, x_i) - \rho_c\,\frac1K\sum_{k=1}^K e(x, v_k)}{1 - \rho_c}. \tag{5.4}$$
#
# By (5.3) and linearity $E[\widehat M \mid x, c] = M^-_c(x)$: an unbiased estimate of the mass. But the mass stands
# inside a logarithm.
#
# **Theorem 5.8.** Write $\tau = \rho_c$, $M^- = M^-_c(x)$, $a = A + M^-$ and $h = \widehat M - M^-$. If
# $A + \widehat M > 0$ for all draws, then
#
# (a) $E\ln(1 + \widehat M/A) \le \ln(1 + M^-/A)$, with equality iff $\widehat M = M^-$ always;
#
# (b)
# $\operatorname{Var}\widehat M = \dfrac{\operatorname{Var}_p(e)/N + \tau^2\operatorname{Var}_{p^+}(e)/K}{(1 - \tau)^2}$,
# the variances being those of $e(x, \cdot)$. On a finite set, if $A + \widehat M > 0$ for all draws with $N = K = 1$,
#
# $$\text{bias} = -\tfrac12\,E\left[\frac{\operatorname{Var}\widehat M}{a^2}\right] + O(N^{-2} + K^{-2}); $$
#
# (c) so it vanishes when $N$ and $K$ grow *together*. With $K$ fixed it tends, as $N\to\infty$, to a negative limit,
# unless $e(x, \cdot)$ is constant on each class for each of its anchors.
#
# *Plan.* Write the bias as $E\ln(1 + u)$ with $u = h/a$ of mean 0, and expand.
#
# *Proof.* The bias is $E[\ln(A + \widehat M) - \ln(A + M^-)] = E\ln(1 + u)$, and given $x, x^+, c$ we have $E\,u = 0$.
# (a) $\ln(1 + u) \le u$ for $u > -1$, with equality iff $u = 0$; take expectations. (b) All draws are independent, so
# their variances add. On a finite set the smallest possible $\widehat M$ (all negatives at the least similar point, all
# extra positives at the most similar) is the same for all $N$ and $K$; so $1 + u$ stays in a compact part of
# $(0, \infty)$, where $\ln(1 + u) = u - \frac{u^2}2 + \frac{u^3}3 + O(u^4)$ uniformly.
# $E\,u^2 = \operatorname{Var}\widehat M/a^2$; $E\,u^3$ is a sum of third central moments of means,
# $O(N^{-2} + K^{-2})$; $E\,u^4 = O((1/N + 1/K)^2)$. (c) The first half is (b). For $K$ fixed,
# $\frac1N\sum e(x, x_i) \to M$ by the strong law, so $u$ tends to
# $u_\infty = -\tau(\frac1K\sum_k e(x, v_k) - M^+)/((1-\tau)a)$, and the bias, by bounded convergence, to
# $E\ln(1 + u_\infty) \le E\,u_\infty = 0$, with equality iff $u_\infty = 0$ always. $\square$
#
# **Predict.** $K = 1$, and $N$ grows without end. What remains of the bias? And with $N = 1$, $K$ without end?

# %%
RHO4, D4 = np.array([0.4, 0.6]), np.array([[0.5, 0, 0.5, 0], [0, 0.7, 0, 0.3]])
Z4 = 0.4 * np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])
e, tau, rng = np.exp(Z4 @ Z4[0]), RHO4[0], np.random.default_rng(0)  # one anchor: point 0, of class 0; x+ is point 2
p, own, A = RHO4 @ D4, D4[0], np.exp(Z4[0] @ Z4[2])
true = D4[1] @ e
print("  N   K   mean - true    variance   (5.8 b)      bias      second order")
for n, k in ((1, 1), (4, 1), (4, 4), (16, 1), (16, 16)):
    negatives = rng.choice(e, p=p, size=(300_000, n)).mean(axis=1)
    sample = (negatives - tau * rng.choice(e, p=own, size=(300_000, k)).mean(axis=1)) / (1 - tau)
    spread = [law @ e**2 - (law @ e) ** 2 for law in (p, own)]
    variance = (spread[0] / n + tau**2 * spread[1] / k) / (1 - tau) ** 2
    gap = np.log1p(sample / A) - math.log1p(true / A)
    print(f"{n:3d} {k:3d} {sample.mean() - true:12.4f} {sample.var():12.4f} {variance:9.4f} {gap.mean():10.4f}"
          f" ± {2 * gap.std() / 300_000**0.5:.4f} {-variance / (2 * (A + true) ** 2):10.4f}")

# %% [markdown]
# This is one anchor of a small world, by 300,000 draws (twice the standard error behind $\pm$). The mean of the
# estimate is right, its variance is that of (b), and the loss is too small, by about the second-order term. For the
# whole world the bias can be had without any sampling, by enumeration, and that is your exercise; its numbers, to five
# digits:
#
# | | $N = 1$ | 2 | 4 | 8 | 16 | $N = \infty$ |
# |---|---|---|---|---|---|---|
# | $K = 1$ | $-0.00620$ | $-0.00379$ | $-0.00258$ | $-0.00198$ | $-0.00168$ | $-0.00138$ |
# | $K = 4$ | $-0.00513$ | $-0.00274$ | $-0.00154$ | $-0.00094$ | $-0.00064$ | |
# | $K = 16$ | $-0.00486$ | $-0.00248$ | $-0.00128$ | $-0.00068$ | $-0.00038$ | |
#
# <details><summary>Answer</summary>
#
# With one extra positive $-0.00138$ stays for ever: it is the variance of that positive. With one negative it is worse,
# about $-0.0048$: the negatives' variance has no factor $\tau^2$. Along the diagonal $N = K$ the bias halves when both
# double. </details>
#
# *Holds*: all rows. *Tight*: where all embeddings are equal nothing is random, and the bias is 0. *Broken*: multiply
# these embeddings by 2.5 (scale 1). Then $A + \widehat M \le 0$ with probability 0.069, 0.036, 0.024 for $N = 1, 2, 4$
# and $K = 1$, and the expectation does not exist. With $N = \infty$ it is 0.038, more than with two or four negatives:
# then $v$ alone decides, and no lucky negatives can make up for a $v$ that is too similar.

# %% [markdown]
# **Theorem 5.9 (monotone).** Where the logarithm is defined for all draws, the bias never falls when $N$ grows, nor
# when $K$ grows, and it stays $\le 0$.
#
# *Plan.* A mean of $N + 1$ is a mean of means of $N$.
#
# *Proof.* Leave one of $N + 1$ negatives out: the mean over the others is a mean of $N$, with the law of
# $\frac1N\sum e(x, x_i)$, and the $N + 1$ ways to do so average to the whole mean. So $\widehat M_{N+1}$ is the mean of
# $N + 1$ copies of $\widehat M_N$ (not independent). The logarithm is concave:
# $\ln(A + \widehat M_{N+1}) \ge \frac1{N+1}\sum \ln(A + \text{copy})$; take expectations. The same for $K$. The sign is
# 5.8 (a). $\square$
#
# Two lines of the table above say it: numbers rise to the right and down. With the *floor* of the next section it is
# false.

# %% [markdown]
# ## 8 Could a cleverer estimate be unbiased? (optional)
#
# **Theorem 5.10.** Fix $N$, $K$, $\tau$, the encoder, the anchor, its positive, and $p^+$. Let $p^-_0$ and $p^-_1$ be
# two laws of the true negatives with different $M^-$. Then no function $T$ of the $N + K$ draws has
# $E\,T = \ln(1 + M^-/A)$ for all laws $p^-_\lambda = (1 - \lambda)p^-_0 + \lambda p^-_1$, $0\le\lambda\le1$.
#
# *Plan.* One side is a polynomial in $\lambda$, the other is a logarithm.
#
# *Proof.* On a finite set $E\,T$ is a sum over draws of $T$ times a product of $N$ factors $p(x_i)$ and $K$ factors
# $p^+(v_k)$. Each $p(x_i) = \tau p^+(x_i) + (1-\tau)p^-_\lambda(x_i)$ is affine in $\lambda$: $E\,T$ is a polynomial of
# degree $\le N$, and its $(N+1)$-th derivative is 0. The target is $\ln(\alpha + \beta\lambda) - \ln A$ with
# $\alpha + \beta\lambda = A + M^-_\lambda > 0$ and $\beta \ne 0$; its $(N+1)$-th derivative,
# $(-1)^N N!\,\beta^{N+1}/(\alpha + \beta\lambda)^{N+1}$, is nowhere 0. $\square$
#
# *Tight*: the *mass* itself is affine in $\lambda$, and (5.4) is unbiased with $N = 1$. *Broken*: with a random number
# of draws an unbiased estimate exists (add a telescoping series of corrections, each with its probability); on the
# circle of the next section its variance is dominated by rare, long series.

# %% [markdown]
# ## 9 The floor
#
# Chuang et al. (2020) keep the estimate where it can be. From here on $e(x, u) = e^{s/t}$ with a cosine $s \ge -1$, so
# every mass is at least $b = e^{-1/t}$:
#
# $$G = N\max\left(b,\ \widehat M\right), \qquad
#   \ell_{\text{debiased}} = \ln\left(1 + \frac{G}{A}\right). \tag{5.5}$$
#
# ($G$ is the mass of $N$ true negatives, to replace the sum $W$ over $N$.)
#
# **Proposition 5.11.** (a) $|\max(b, \widehat M) - M^-| \le |\widehat M - M^-|$ for every draw: the floor never makes
# the error of the mass larger.
#
# (b) $E\max(b, \widehat M) = M^- + E(b - \widehat M)_+$: the mass is now biased upwards, and exactly unbiased iff
# $\widehat M \ge b$ with probability 1.
#
# *Plan.* Where the floor acts, $b$ lies between the estimate and the truth.
#
# *Proof.* (a) $M^- \ge b$. Where $\widehat M \ge b$ nothing changes; where $\widehat M < b \le M^-$, $b$ lies between.
# (b) $\max(b, m) = m + (b - m)_+$; take expectations and use $E\widehat M = M^-$; the last term is $\ge 0$, and 0 iff
# $\widehat M \ge b$ with probability 1. $\square$
#
# So two biases compete in the loss: Jensen pulls it down, the floor pushes the mass up. How far it can be off, exactly,
# is the proof that you put in order in the exercise.
#
# **Predict.** Two classes on a circle (angles 0 and 0.5 with probability 0.3; 1.9 and 2.6), $t = 0.5$, $N = K$. Is the
# floored loss too large or too small on average, and does it rise or fall with $N$?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
sizes, circle = [1, 2, 4, 8, 16, 32], [0.3975, 0.3125, 0.2475, 0.2040, 0.1703, 0.1455]  # by enumeration
figure, (left, right) = figures.panels(2)
figures.curves(sizes[:5], {"K = 1": [-0.00620, -0.00379, -0.00258, -0.00198, -0.00168],
                           "K = N": [-0.00620, -0.00309, -0.00154, -0.00077, -0.00038]}, left, styles=("o-", "s-"),
               logx=True, xlabel="negatives N", ylabel="bias (nats)", title="no floor: from below", legend="lower right")
figures.levels({"K = 1, N = ∞": -0.00138}, left, at=0.3)
figures.curves(sizes, {"mean floored loss, K = N": circle}, right, styles=("o-",), logx=True, xlabel="negatives N",
               ylabel="loss (nats)", title="with the floor: from above", legend="best")
figures.levels({"with the true mass": 0.0981}, right)
right.set_ylim(0, 0.42)
figures.described(figure,
    "Two panels against the number of negatives. Left, no floor: the bias rises towards 0 from -0.0062; with "
    "K = 1 to -0.0017, under the dashed limit -0.0014, with K = N to -0.0004. Right, with the floor: the mean "
    "loss falls from 0.40 at N = 1 to 0.15 at N = 32, towards the dashed line 0.098 that the true mass gives."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# **Figure 2** (right): too large, four times at $N = 1$, and it *falls* to its target: Theorem 5.9 is broken, since
# $\max(b, \cdot)$ is convex. Single estimates jump between large negative and large positive numbers, and only the
# negative ones are cut. The mean floored mass is 3.83 at $N = 1$, where 0.62 is true. (5.11 (a) holds: each single
# error became smaller, but the signs no longer cancel.) </details>
#
# **Proposition 5.12 (when the floor takes over).** Take the prior $\tau^+$ and one extra positive, the positive itself,
# $v = x^+$. Call the floor *active* where $\widehat M \le b$. For an anchor with $s^+ > -1$ it is active iff
#
# $$\tau^+ \ \ge\ \tau^* = \frac{W/N - b}{A - b}. \tag{5.6}$$
#
# For a perfect positive ($s^+ = 1$) and orthogonal negatives ($s_j = 0$) this is $\tau^* = 1/(1 + e^{1/t})$.
#
# *Plan.* Solve $\widehat M \le b$ for $\tau^+$.
#
# *Proof.* $\frac{W/N - \tau^+A}{1 - \tau^+} \le b$ iff $W/N - \tau^+A \le b - \tau^+b$ iff $W/N - b \le \tau^+(A - b)$,
# and $A - b > 0$. In the special case $A = 1/b$ and $W/N = 1$:
# $\tau^* = \frac{1 - b}{1/b - b} = \frac{b(1 - b)}{(1 - b)(1 + b)} = \frac{1}{1 + 1/b}$. $\square$
#
# **Predict.** The paper uses $t = 0.5$ and $\tau^+ = 0.1$. Somebody keeps $\tau^+$ and takes $t = 0.1$. What happens?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
temperatures = np.geomspace(0.1, 1.2, 60)
figure, (ax,) = figures.panels(1)
figures.curves(temperatures, {"$\\tau^* = 1/(1 + e^{1/t})$": 1 / (1 + np.exp(1 / temperatures))}, ax, logx=True, logy=True,
               xlabel="temperature t", ylabel="prior", title="above the line: on the floor", legend="lower right")
figures.levels({f"τ⁺ = {tau}": tau for tau in (0.05, 0.1, 0.2)}, ax, at=0.3)
figures.described(figure,
    "The prior above which an estimate sits on the floor, against the temperature from 0.1 to 1.2, "
    "logarithmic axes: the curve rises from 5e-5 to 0.3. It crosses the dashed lines at priors 0.05, 0.1 and "
    "0.2 near temperatures 0.34, 0.46 and 0.72."
)

# %%
print({t: float(f"{1 / (1 + math.exp(1 / t)):.3g}") for t in (1.0, 0.5, 0.3, 0.2, 0.1)})

# %% [markdown]
# <details><summary>Answer</summary>
#
# **Figure 3**: at $t = 0.5$ $\tau^* = 0.119$, and the paper's prior is just below. At $t = 0.1$ a prior of one in
# twenty thousand is enough: every aligned anchor is on the floor, and its loss is constant in the negatives. In a
# batch of 128 images with positives of cosine 0.91 and random directions in 32 dimensions, the share of anchors on the
# floor for $\tau^+ = 0.1$ goes from 0 at $t = 0.5$ to 1 at 0.3. </details>
#
# A test where all anchors are on the floor cannot tell a right estimate from a wrong one. That is why the exercise
# checks values at temperatures of 0.5 and 1.

# %% [markdown]
# ## 10 What one positive can do
#
# In practice there is no extra positive: the code of Chuang et al. uses the positive of the numerator for the estimate
# as well, $v = x^+$. Then the debiased loss has a surprising form.
#
# **Theorem 5.13.** Let $\ell = \ln(1 + W/A)$ be the biased loss of an anchor. Where the floor is not active, its
# debiased loss with $v = x^+$ is a function of $\ell$ alone,
#
# $$\ell_{\text{debiased}} = \varphi(\ell) = \ln\frac{e^{\ell} - \tau^+(N + 1)}{1 - \tau^+}, \qquad
#   \varphi'(\ell) = \kappa = \frac{e^\ell}{e^\ell - \tau^+(N + 1)} \ge 1, \tag{5.7}$$
#
# increasing and concave, with the fixed point $\varphi(\ln(N + 1)) = \ln(N + 1)$. Where it is active,
# $\ell_{\text{debiased}} = \ln(1 + Nb/A)$ does not depend on the negatives.
#
# *Plan.* Write $G/A$ by $W/A = e^\ell - 1$.
#
# *Proof.* Off the floor $G = (W - \tau^+NA)/(1 - \tau^+)$, so
# $1 + \frac GA = \frac{(1 - \tau^+) + W/A - \tau^+N}{1 - \tau^+} = \frac{(1 + W/A) - \tau^+(N + 1)}{1 - \tau^+}$, and
# $1 + W/A = e^\ell$. Take the logarithm. It is the logarithm of a number $\ge 1$, so $e^\ell > \tau^+(N + 1)$. The
# derivative of $\ln(e^\ell - k)$ is $e^\ell/(e^\ell - k) = 1 + k/(e^\ell - k)$, which is $\ge 1$ and falls in $\ell$.
# At $e^\ell = N + 1$: $\frac{(N + 1)(1 - \tau^+)}{1 - \tau^+} = N + 1$. On the floor insert $G = Nb$. $\square$
#
# **Predict.** Two negatives of one anchor, one false, one true. Off the floor, how does debiasing change the ratio of
# the forces on them?
#
# <details><summary>Answer</summary>
#
# Not at all. By the chain rule the gradient of an anchor's debiased loss is $\kappa$ times that of its biased loss: the
# same direction. **With $v = x^+$ debiasing does not know a false negative from a true one. It re-weights anchors**:
# more weight for those that are nearly solved, up to the floor, and beyond it only a pull towards the positive.
# </details>
#
# For $N = 6$, $t = 0.7$, $s^+ = 0.4$ and random negatives, with a debiased loss as you will write it:
#
# | | $\tau^+$ | $\varphi(\ell)$ | debiased | gradient, over the biased one: in $s^+$ | in $s_1$ | in $s_2$ |
# |---|---|---|---|---|---|---|
# | holds | 0.1 | 1.4481 | 1.4481 | 1.1828 | 1.1828 | 1.1828 |
# | tight | 0 | 1.5106 | 1.5106 | 1 | 1 | 1 |
# | broken: on the floor ($s^+ = 0.9$) | 0.3 | $-0.1089$ | 0.3347 | 0.4491 | 0 | 0 |
# | broken: another $v$, cosine $-0.1$ | 0.1 | 1.4481 | 1.5250 | 1.0041 | 1.0952 | 1.0952 |
#
# In the last row pull and push have factors of their own, and the two negatives still share one: the mass enters as a
# sum. But $v$ itself is now pulled, or pushed, and that will matter.

# %% [markdown]
# ## 11 What the re-weighting looks like (optional)
#
# **Figure 4. What does debiasing do to the losses of a batch?** $N = 254$, $t = 0.5$. Left, (5.7); dots mark where the
# floor begins for $s^+ = 0.9$. Right, the weight $\kappa$ of an anchor.

# %%
N, t, s_plus = 254, 0.5, 0.9
ell = np.linspace(2, math.log(N + 1) + 0.8, 400)
figure, (left, right) = figures.panels(2)
mapped, weight, starts = {}, {}, []
for tau in (0.0, 0.05, 0.1, 0.2):
    k, rest = tau * (N + 1), np.exp(ell) - tau * (N + 1)
    least = 1 + N * math.exp((-1 - s_plus) / t)
    off = rest / (1 - tau) > least
    mapped[f"τ⁺ = {tau}"] = np.where(off, np.log(np.maximum(rest, 1e-9) / (1 - tau)), math.log(least))
    weight[f"τ⁺ = {tau}"] = np.where(off, np.exp(ell) / np.where(off, rest, 1), np.nan)
    starts.append((math.log(least * (1 - tau) + k), math.log(least)))
figures.curves(ell, mapped, left, ordered=True, xlabel="biased loss of an anchor", ylabel="debiased loss",
               title="φ, and its floor")
left.plot(*zip(*starts[1:], strict=True), "o", color=figures.DARK, markersize=4)
figure = figures.curves(ell, weight, right, ordered=True, xlabel="biased loss of an anchor", ylabel="weight κ",
                        title="gradient, times", logy=True)
figures.described(figure,
    "Two panels against the biased loss of an anchor from 2 to 6.3, for priors 0, 0.05, 0.1 and 0.2. Left, "
    "the debiased loss: flat on the floor at 1.9 up to a dot at 2.95, 3.45 and 4.03, then a steep rise; all "
    "curves meet at 5.54. Right, the weight: it is largest where the floor ends, at 3.0, 5.2 and "
    "10.5, and falls to nearly 1; for prior 0 it is 1 everywhere."
)

# %% [markdown]
# All curves meet at chance level, $\ln 255 = 5.541$, where an anchor's weight is hardly more than 1 (1.11 for
# $\tau^+ = 0.1$). As an anchor gets better its weight grows, to 3.0, 5.2 and 10.5 for the three priors, and then falls
# off a cliff: left of the dots the loss is constant in the negatives. Anchors just above the floor weigh most.
#
# **Explore: the prior and the floor.** Nine anchors of such a batch, from nearly solved to worse than chance. Raise
# $\tau^+$: how many lose their negatives altogether, and what happens to the weight of the next one?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
priors = np.round(np.linspace(0, 0.3, 16), 2)
anchors, coarse, least, rows = np.linspace(2.4, 5.6, 9), np.linspace(2, 6.4, 67), 1 + N * math.exp((-1 - s_plus) / t), []


def moved(x, tau):
    """phi and kappa of (5.7) for biased losses x; None on the floor, where the negatives have no weight."""
    rest = np.exp(x) - tau * (N + 1)
    off = rest > (1 - tau) * least
    value = np.log(np.where(off, rest / (1 - tau), least))
    return value, [w if ok else None for w, ok in zip(np.exp(x) / np.where(off, rest, 1), off, strict=True)]


for tau in priors:
    (curve, weights), (after, pulls) = moved(coarse, tau), moved(anchors, tau)
    begins = math.log(least * (1 - tau) + tau * (N + 1))
    rows.append({"curve": curve, "weight": weights, "after": after, "pulls": pulls, "begins": begins})
figure, (ax,) = figures.panels(1)
figures.curves(coarse, {"φ": rows[5]["curve"]}, ax, xlabel="biased loss", ylabel="debiased loss", title="τ⁺ = 0.1")
ax.plot(anchors, rows[5]["after"], "o", color=figures.DARK, markersize=5)
setting = {"texts": [f"{tau:.2f}" for tau in priors], "start": 5, "ell": coarse, "anchors": anchors, "rows": rows}
figures.live(figure, "floor", setting)
figures.described(figure,
    "The map from the biased to the debiased loss for the prior 0.1, with nine anchors as dots: three lie on the "
    "flat floor at 1.9, the others on the rising curve."
)

# %% [markdown]
# ## 12 Three losses on real images
#
# Section 1's digits and encoder, the same initial weights, batches and views, and four losses: *biased*; *debiased* as
# in section 10 with $\tau^+$ the true class frequency, and with *half* of it; and *unbiased*, an oracle that sees the
# labels and takes the false negatives out of the denominator. (Its denominator has fewer terms, about $(1 - \tau^+)N$,
# and is not scaled up.) Five seeds in each of seven settings; the seed also draws the places, the cut into train and
# test part and the labelled images. `python -m experiments debiasing work/exercises/05_debiasing/05_debiasing.ipynb`
# makes these numbers with your own losses (`--dataset fashion-mnist` the last row).
#
# **Predict.** Which loss is best with five labels a class, and by how many points, roughly? Where is *debiased* on the
# way?
#
# **Figure 5. Who gains, and where?** Gain over the biased loss *of the same seed*, in percentage points, with 95 %
# intervals (Student, 4 degrees of freedom).

# %%
folder = Path("data/05_debiasing")
results = [entry for name in ("digits", "fashion-mnist")
           for entry in json.loads((folder / f"debiasing_{name}.json").read_text())["settings"]]


def gain_figure(found, losses):
    """Gains over the biased loss with all labels and with few."""
    groups = [f"{e['source']}, {e['n_classes']} cl., B = {e['batch']}" for e in found]
    figure, axes = figures.panels(2, width=4.4, height=3.6)
    for ax, key, title in zip(axes, ("probe", "few"), ("all labels", "5 labels a class"), strict=True):
        gain = {name: [tuple(100 * v for v in comparison.gains(e, name, key)) for e in found] for name in losses}
        legend = "outside" if key == "few" else None
        figures.intervals(groups, gain, ax, xlabel="gain (points)", title=title, legend=legend)
    axes[1].set_yticklabels([])
    return figure


# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure = gain_figure(results, ("debiased, half prior", "debiased", "unbiased"))
figures.described(figure,
    "Gain in accuracy over the biased loss with confidence intervals, for seven settings, with all labels and "
    "with five labels a class. Debiased with half and with the full prior: every interval reaches over 0. "
    "Unbiased: mostly to the right of 0, by 1 to 5 points with all labels and by 2 to 9 points with five "
    "labels; largest for four classes."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# *Debiased*, with either prior: in seven settings and two probes every interval reaches over 0, and no estimate is
# above half a point except one with two classes, where seeds differ most. *Unbiased* gains 2 to 9 points with five
# labels a class, most with four classes that look alike. So there is something to be had, and this debiasing does not
# get it. </details>
#
# We found **no** setting in which the debiased loss helps. If it does, then by less than the upper ends of these
# intervals: about a point with ten classes; with two, up to 4.7 remain possible. Nothing here says what happens with
# other images, deeper encoders or longer training; Chuang et al. report gains with theirs. It says that a gain does not
# follow from the loss alone.

# %% [markdown]
# ## 13 Why so little? The law of $v$
#
# *The floor?* At $t = 0.5$ it could take over, by Figure 3. After training with ten classes not one anchor is on it;
# with four classes half of them are (so a prior of $\frac14$ is just the median anchor's $\tau^*$), with two classes 63
# and 91 % (batches of 32 and of 128). So not with ten classes.
#
# *The number of positives?* One is few, by Theorem 5.8. *Or their law?* Theorem 5.4 wants $p^+$, a draw from the
# anchor's **class**. A view of the anchor's own *image* is much closer to it than that.
#
# **Proposition 5.14.** Let the estimate use positives from a law $\tilde p$ in place of $p^+$, and let
# $\widetilde M^+(x) = E_{u\sim\tilde p}\,e(x, u)$. Then
# $E\widehat M - M^- = -\frac{\tau^+}{1 - \tau^+}(\widetilde M^+ - M^+)$, and for a differentiable encoder with
# parameters $\theta$ also
# $E\,\nabla_\theta\widehat M - \nabla_\theta M^- = -\frac{\tau^+}{1 - \tau^+}\nabla_\theta(\widetilde M^+ - M^+)$. If
# $\widetilde M^+$ differs from $M^-$ and from $M$, the value is right on average iff $\tau^+$ is replaced by
#
# $$\tau' = \frac{M - M^-}{\widetilde M^+ - M^-} = \tau^+\,\frac{M^+ - M^-}{\widetilde M^+ - M^-}. \tag{5.8}$$
#
# *Plan.* Subtract two linear expressions.
#
# *Proof.* $E\widehat M = (M - \tau^+\widetilde M^+)/(1 - \tau^+)$ and $M^- = (M - \tau^+M^+)/(1 - \tau^+)$; subtract,
# and differentiate under the finite sums. $E\widehat M = M^-$ with $\tau'$ reads
# $M - M^- = \tau'(\widetilde M^+ - M^-)$, which has a solution since $\widetilde M^+ \ne M^-$, other than 1 since
# $\widetilde M^+ \ne M$; and $M - M^- = \tau^+(M^+ - M^-)$ by Proposition 5.2. $\square$

# %% jupyter={"source_hidden": true} tags=["hide-input"]
digits = results[1]  # ten classes, batches of 128
names = ("biased", "debiased", "unbiased")
groups = ("own view", "same class", "any image", "other class")
means = {kind: {g: float(np.mean(digits["runs"][kind][g])) for g in groups} for kind in names}
figure = figures.by_column(means, ylabel="mean of $e^{s/t}$", title="one view of an image, and ...")
figures.described(figure,
    "The mean of e to the s over t for an image view and four partners, under three losses. Biased and "
    "debiased agree: own view 5.6, same class 3.3, any image 1.4, other class 1.2. Unbiased pulls its own "
    "view to 5.82 and the same class to 3.73, with any image 1.45 and other class 1.20."
)

# %%
for kind, m in means.items():
    excess_own, excess_class = m["own view"] - m["other class"], m["same class"] - m["other class"]
    tau = (m["any image"] - m["other class"]) / excess_class
    estimated = (m["any image"] - tau * m["own view"]) / (1 - tau)
    print(f"{kind:9s} share of the class {tau:.3f}, tau' of (5.8) {(m['any image'] - m['other class']) / excess_own:.3f},"
          f" mean mass wanted {m['other class']:.3f}, estimated {estimated:.3f}")

# %% [markdown]
# **Figure 6.** Another view of the same image is far closer (5.6) than another image of its class (3.3): augmentations
# of *an image* are no draws from *a class*. With the class frequency the mean mass comes out at 0.95 where 1.20 is
# wanted, a fifth too small. The right prior would be half the frequency. That contestant, *half prior*, was about right
# on average, and gained as little: the value of the mass is not all. Its *gradient* is wrong too. In
# $\nabla M^- = (\nabla M - \tau^+\nabla M^+)/(1 - \tau^+)$ the last term takes back the push on false negatives; with
# $v = x^+$ what is taken back is a push on the anchor's own views, and by Theorem 5.13 nothing is left but a weight.
#
# **The deciding experiment.** Everything as in section 12, one positive for the estimate as before, but drawn from the
# class: $v$ is a view of *another image* of the anchor's class, found by the labels.
#
# **Predict.** The number of positives is 1 in both. If the number was to blame, what do we see? And if the law was?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure = gain_figure(results[:6], ("debiased", "debiased, v from the class", "unbiased"))
figures.described(figure,
    "Gain in accuracy with confidence intervals in six settings of digits, for debiased, debiased with v from "
    "the class, and unbiased. Debiased stays around 0. With v from the class the gain is 1 to 3.5 points with "
    "all labels and 3 to 7 points with five: that of the unbiased loss for ten classes, 2 points less for "
    "four. With two classes the intervals are too wide to say."
)

# %%
for e in results[:4]:
    gains = [comparison.gains(e, name, "few") for name in ("debiased", "debiased, v from the class", "unbiased")]
    print(f"{e['n_classes']:2d} classes, B = {e['batch']:3d}, 5 labels a class: v = x+",
          *[f"{100 * mean:+.1f} ± {100 * half:.1f}{after}" for (mean, half), after in
            zip(gains, (",  v from the class", ",  oracle", ""), strict=True)])

# %% [markdown]
# <details><summary>Answer</summary>
#
# **Figure 7.** It was not the number: it is 1 in both. With five labels a class and one positive from the class
# debiasing gains $3.5 \pm 0.9$, $3.5 \pm 1.1$ and $4.6 \pm 0.7$ points with ten classes (batches of 32, 128, 256) and
# $7.2 \pm 1.0$ with four; the positive itself gains $-0.5 \pm 0.6$, $-0.1 \pm 0.3$, $0.3 \pm 0.5$ and $-0.3 \pm 1.4$.
# With ten classes it is where the oracle is ($3.4$, $3.3$, $4.5$); with four a little below ($9.0$). With two classes
# the intervals are too wide to say. </details>
#
# A $v$ from the class is also another draw than $x^+$. So a control (`python -m experiments debiasing --controls`): $v$ a
# *third view* of the anchor's image. It gains $0.9 \pm 0.5$ points with ten classes and $0.6 \pm 1.3$ with four (batches of
# 128), and $2.8 \pm 1.4$ with ten classes in batches of 32, where an encoder that sees three views of each image is also
# shown half as much again. In batches of 128 it is the law; in batches of 32 we cannot tell the two apart.
#
# So (5.4) does what Theorem 5.7 promises as soon as its hypothesis holds, with a single draw. But the hypothesis costs
# what debiasing was to save: one has to know another member of the class.
#
# **Find the bug.** Somebody repeats the deciding experiment (the same command). His $v$ comes from the
# class, the values of his loss agree with ours to the last digit at the first step; and yet with five labels a class he
# gains $0.4 \pm 1.9$ and $-1.0 \pm 0.6$ points (ten classes, batches of 32 and 128) and $-2.5 \pm 1.4$ with four, where
# we had 3.5, 3.5 and 7.2. His code:
#
# ```python
# with torch.no_grad():                    # "an estimate of a law needs no gradient"
#     own = torch.exp(cosine_to_v / t)     # one draw from the class for each anchor
# loss = torch.log1p(mass(own, negatives) / torch.exp(positive / t)).mean()
# ```
#
# <details><summary>Answer</summary>
#
# The value of the mass is right on average, its gradient is not. Without the gradient of $v$ the term
# $-\tau^+\nabla M^+$ is missing in $E\,\nabla\widehat M$ (Proposition 5.14): all negatives are pushed, the false ones
# too, and by more than in the biased loss. The push on false negatives is taken back *through $v$*, by what looks like
# a pull towards it. So the law of $v$ matters in the gradient; remove `no_grad`. </details>

# %% [markdown]
# ## 14 Hard negatives, exactly (optional)
#
# Robinson et al. (2021) draw negatives that are similar to the anchor *and* true: from
# $p^-_\beta(u) \propto e(x, u)^\beta\,p^-(u)$. They need no new theorem.
#
# **Corollary 5.15.** $E_{p^-_\beta}e(x, \cdot) = \dfrac{E_{p^-}\,e(x, \cdot)^{1 + \beta}}{E_{p^-}\,e(x, \cdot)^\beta}$,
# and both expectations are given by (5.3), without a draw from $p^-$.
#
# *Plan.* Write the reweighted law out and use (5.3) twice.
#
# *Proof.* $p^-_\beta = e^\beta p^-/E_{p^-}e^\beta$; multiply by $e$ and sum. (5.3) holds for
# $h = e(x, \cdot)^{1+\beta}$ and for $h = e(x, \cdot)^\beta$. $\square$
#
# One exact row: in the set-up's world, for point 0 as an anchor of class 0, the mass of a true negative is 0.7725 for
# $\beta = 0$, 1.1204 for $\beta = 1$ and 1.5334 for $\beta = 2$; a false negative has none of it for any $\beta$, while
# the point that is shared with class 1 goes from 11 % to 31 % and 57 % of the law. *Tight*: $e(x, \cdot)$ constant,
# where $\beta$ changes nothing. *Broken* in a sample: a quotient of two unbiased estimates is not unbiased, so that
# Theorem 5.8's bias comes twice.

# %% [markdown]
# ## Check yourself
#
# **1.** Three disjoint classes with probabilities 0.6, 0.3, 0.1. Someone uses one prior, 0.46, for all anchors. For
# which anchors does (5.2) give something that is no law?
#
# <details><summary>Answer</summary>
#
# For anchors of the second and the third class: 0.46 is above their own probabilities, so their own points get negative
# "probabilities" (Proposition 5.5 (b), with $\eta_{\max} = \rho_c$ for disjoint classes). For the first class 0.46 is
# too small: a law, but one that still holds false negatives. </details>
#
# **2.** All rows of a batch of $B = 8$ are equal. What is the debiased loss for $\tau^+ = 0.1$, and for 0.5?
#
# <details><summary>Answer</summary>
#
# $\ln 15$ for both: the fixed point of Theorem 5.13 with $N = 14$. </details>
#
# **3.** A colleague says: "the estimate of the mass is unbiased, so with enough seeds the debiased loss converges to
# the unbiased one". Where is the mistake?
#
# <details><summary>Answer</summary>
#
# Averaging over seeds averages *losses*, logarithms of estimates, and converges to their expectation, which (without a
# floor, and where the logarithm is defined) Jensen puts below the target. More negatives alone do not suffice either:
# with $K = 1$ the bias shrinks, but a negative limit stays. </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`05_debiasing.ipynb`](../exercises/05_debiasing/05_debiasing.ipynb) in `exercises/05_debiasing/`: the
# law of the true negatives, a relative of its derivation, the exact bias of the plug-in, a proof about the floor, the
# debiased loss (finite at $t = 0.01$), the oracle, and the experiment.
#
# **Read further.** Chuang et al. 2020 (several positives in the estimate, and a bound of order $N^{-1/2} + K^{-1/2}$ on
# its error); Robinson et al. 2021 (hard negatives); Arora et al. 2019 (class collision); Paninski 2003 (no unbiased
# estimate of entropies).

# %% [markdown]
# ---
# **Now the exercise:** [05 · exercise](../exercises/05_debiasing/05_debiasing.ipynb).
# The next lecture is [06 · The spectral loss: contrastive learning as a matrix factorisation](06_spectral_loss.ipynb).
