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
# # 05 · Debiasing: when a negative is no negative
#
# *Time* 90 minutes · *you need* units 01 and 02; conditional probability, Jensen's inequality, Taylor's formula
#
# | $c$, $\rho_c$ | $D_c$ | $p$ | $p^+$, $p^-$ | $\tau^+$ | $s(x, u)$ | $t$ | $N$ |
# |---|---|---|---|---|---|---|---|
# | class, chance | law of $c$ | all the data | same, other class | $P$(anchor's class) | similarity | temperature | negatives |
#
# A similar pair and the negatives are drawn as in unit 02: a class $c \sim \rho$, then $x, x^+ \sim D_c$ independently;
# the negatives $x_1, \dots, x_N$ independently from $p = \sum_c \rho_c D_c$. $s(x, u)$ is $f(x)\cdot f(u)$, or a cosine where
# it says so. All logarithms are natural, all losses in nats.
#
# **Afterwards you can**
#
# - say how many negatives are false, and when they raise the loss and when they lower it;
# - derive the law of the true negatives, and show with one example that its prior is that of the *same* class;
# - tell the data law from the softmax law, and an identity of laws from one of expectations;
# - explain why a debiased loss is exact in the population and biased, or undefined, in a sample;
# - predict for which $\tau^+$ and $t$ the floor takes over;
# - show that with one positive the debiased loss of an anchor is a function of its biased loss;
# - read a comparison of three losses with intervals, and say what it does not show.
#
# Each proposition is proved, then shown in numbers: where it *holds*, where it is *tight*, and where it is *broken*
# because a hypothesis was dropped.

# %%
import itertools
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course import debias_experiment, plots, plots_debiasing, worlds

torch.set_num_threads(1)

RHO = np.array([0.2, 0.3, 0.5])  # three overlapping classes on five points in the plane
D = np.array([[0.6, 0.4, 0, 0, 0], [0, 0.3, 0.5, 0.2, 0], [0, 0, 0.1, 0.4, 0.5]])
Z = np.array([[1.0, 0.3], [0.5, 0.8], [-0.3, 0.9], [-0.8, 0.2], [-0.6, -0.7]])

# %% [markdown]
# ## 1 False negatives
#
# Without labels, a negative is drawn from all the data. With probability $\rho_c$ it has the class of the anchor: a
# *false negative*. The loss pushes the two apart, and a classifier on top wants them together.
#
# **Proposition 5.1 (how many).** For an anchor of class $c$ the number of false negatives among $N$ is binomial with
# parameters $N$ and $\rho_c$. So $\rho_c N$ of them are expected, and there is none with probability $(1 - \rho_c)^N$.
#
# *Proof.* Each negative draws its class from $\rho$, independently of the others and of the anchor; it is false with
# probability $\rho_c$. $\square$

# %%
print("classes, batch      N    expected false    P(no false negative): N draws    N views of N/2 images")
for classes, batch in [(10, 32), (10, 256), (100, 256), (1000, 256), (2, 2)]:
    n, other = 2 * batch - 2, 1 - 1 / classes
    print(f"{classes:7d} {batch:6d} {n:6d} {n / classes:15.2f} {other**n:32.2e} {other ** (batch - 1):24.2e}")

# %% [markdown]
# With ten classes and batches of 32 images, six of the 62 negatives are false on average. In a batch of two views each,
# the negatives are not independent: two views of an image share its class. So the 31 other images count, and an anchor is
# without a false negative with probability 0.04, in place of 0.0015 for 62 independent draws; the expectation stays. With
# a thousand classes half a negative in 510 is false. Whether that is much depends on how similar it is.
#
# Write $e(x, u) = e^{s(x, u)}$ and, for an anchor $x$ of class $c$, the **masses**
#
# $$M(x) = E_{u \sim p}\,e(x, u), \qquad M^+_c(x) = E_{u\sim p^+}\,e(x, u), \qquad M^-_c(x) = E_{u\sim p^-}\,e(x, u),$$
#
# where $p^+ = D_c$ and $p^- = \sum_{k \ne c} \rho_k D_k / (1 - \rho_c)$. With a mass in place of one negative we get two
# population losses, the expectation *inside* the logarithm:
#
# $$L_{\text{biased}} = E \ln\left(1 + \frac{M(x)}{e(x, x^+)}\right), \qquad
#   L_{\text{unbiased}} = E \ln\left(1 + \frac{M^-_c(x)}{e(x, x^+)}\right). \tag{5.1}$$
#
# **Proposition 5.2 (which way the bias goes).** $M(x) = \rho_c M^+_c(x) + (1 - \rho_c) M^-_c(x)$. An anchor's biased loss
# is above its unbiased loss iff $M^+_c(x) > M^-_c(x)$, equal iff they are equal, below iff $M^+_c(x) < M^-_c(x)$. The
# difference of the two losses has no fixed sign.
#
# *Proof.* $p = \sum_k \rho_k D_k = \rho_c D_c + (1 - \rho_c)\,p^-$; take the expectation of $e(x, \cdot)$. So
# $M - M^-_c = \rho_c (M^+_c - M^-_c)$, and $\rho_c > 0$. The logarithm is increasing. For the last sentence, the next
# cell has a world of either sign. $\square$

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


print("                                         biased    unbiased")
print("holds   similar inside the classes    {:9.4f} {:11.4f}".format(*both(RHO, D, Z)))
print("holds   one constant embedding        {:9.4f} {:11.4f}".format(*both(RHO, D, 0 * Z + 1)))
two = np.array([0.5, 0.5]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
print("tight   classes with one and the same {:9.4f} {:11.4f}".format(*both(*two, np.array([[1.0], [-1], [1], [-1]]))))
rng = np.random.default_rng(5)
drawn = [worlds.random_world(rng, 3, 6, 2, scale=1.5) for _ in range(1000)]
gaps = np.array([a - b for a, b in (both(*world) for world in drawn)])
print(f"1000 random worlds: biased - unbiased from {gaps.min():.2f} to {gaps.max():.2f}, negative in {(gaps < 0).mean():.0%}")

# %% [markdown]
# In the first world points of one class are similar, $M^+ > M^-$, and false negatives make the loss larger. A constant
# embedding is tight, and so are two classes whose points fall on the same two places: all three masses are equal.
# Random embeddings go both ways, more often up. The next proposition gives a reason.
#
# **Proposition 5.3 (on average the false ones are the similar ones).** Let all $C \ge 2$ classes be equally likely. Then
# for *every* encoder, $E[M^+_c(x) - M^-_c(x)] \ge 0$ over classes $c$ and anchors $x \sim D_c$.
#
# *Proof.* $e^{a\cdot b} = \sum_k (a\cdot b)^k/k! = \Phi(a)\cdot\Phi(b)$, where $\Phi(a)$ lists all products
# $a_{i_1}\cdots a_{i_k}/\sqrt{k!}$, $k = 0, 1, \dots$ With $\mu_c = E_{x \sim D_c}\Phi(f(x))$ the mean of $M^+_c$ over
# the anchors of class $c$ is $|\mu_c|^2$, and that of $M^-_c$ is $\frac{1}{C-1}\sum_{k\ne c}\mu_c\cdot\mu_k$. So the
# difference, averaged over $c$, is $\frac1C\sum_c|\mu_c|^2 - \frac{1}{C(C-1)}\sum_{c\ne k}\mu_c\cdot\mu_k =
# \frac{1}{2C(C-1)}\sum_{c \ne k}|\mu_c - \mu_k|^2 \ge 0$: multiply out the squares, each $|\mu_c|^2$ appears $2(C - 1)$
# times. $\square$

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
# negatives are on average at least as similar to the anchor as the true ones. With unequal classes 3 % of the worlds
# break it. And Proposition 5.2 speaks of single anchors, inside a logarithm: the losses themselves can go either way.

# %% [markdown]
# ## 2 The law of the true negatives
#
# Can the right law be had without labels of the negatives? Fix an anchor, and let $y' = y$ be the event that a draw from
# $p$ has its class.
#
# **Theorem 5.4.** Let $\tau^+ = P(y' = y) \in (0, 1)$, $p^+ = P(\cdot \mid y' = y)$ and $p^- = P(\cdot \mid y' \ne y)$.
# Then
#
# $$p = \tau^+ p^+ + (1 - \tau^+)\,p^-, \qquad\text{so}\qquad p^- = \frac{p - \tau^+ p^+}{1 - \tau^+}. \tag{5.2}$$
#
# *Proof.* For every point $u$, the events $\{x' = u, y' = y\}$ and $\{x' = u, y' \ne y\}$ are disjoint and together are
# $\{x' = u\}$. So $P(x' = u) = P(y' = y)\,P(x' = u \mid y' = y) + P(y' \ne y)\,P(x' = u \mid y' \ne y)$, which is the
# first equation at $u$. Subtract $\tau^+ p^+$ and divide by $1 - \tau^+ > 0$. $\square$
#
# Two things to read in it. All three laws are taken at the *same* point $u$. And $\tau^+$, the weight in front of $p^+$,
# is the probability of the **same** class, $\rho_c$ for an anchor of class $c$. The lecture notes of our sources write
# $\eta$ for it and describe it in words as "the probability we draw an image from a different class", which is $1 -
# \tau^+$. Their formula is (5.2); the words are exchanged. Would one notice?
#
# **Proposition 5.5 (what a wrong prior does).** Let $q_\eta = (p - \eta\,p^+)/(1 - \eta)$ for $0 \le \eta < 1$.
#
# (a) The entries of $q_\eta$ sum to 1 for every $\eta$.
#
# (b) $q_\eta$ is a law iff $\eta \le \eta_{\max} = \min\{p(u)/p^+(u) : p^+(u) > 0\}$, and
# $\eta_{\max} = \tau^+ + (1 - \tau^+)\min\{p^-(u)/p^+(u)\} \ge \tau^+$, with equality iff some point of the class belongs
# to no other class.
#
# (c) If $p^+ \ne p^-$, then $q_\eta = p^-$ iff $\eta = \tau^+$. In particular the exchanged prior $\eta = 1 - \tau^+$ is
# right iff $\tau^+ = \frac12$.
#
# *Proof.* (a) $\sum_u q_\eta(u) = (1 - \eta)/(1 - \eta)$. (b) By (a) it is a law iff no entry is negative, that is iff
# $\eta\,p^+(u) \le p(u)$ for all $u$; points with $p^+(u) = 0$ ask nothing. Insert (5.2) for $p(u)$. The minimum is
# $\ge 0$, and it is 0 iff $p^-(u) = 0$ at some $u$ with $p^+(u) > 0$. (c) With (5.2),
# $q_\eta - p^- = \frac{(\tau^+ - \eta)\,p^+ + (1 - \tau^+)\,p^- - (1 - \eta)\,p^-}{1 - \eta}
# = \frac{\tau^+ - \eta}{1 - \eta}\,(p^+ - p^-)$, which is 0 iff $\eta = \tau^+$. And $1 - \tau^+ = \tau^+$ iff
# $\tau^+ = \frac12$. $\square$

# %%
def q(p, p_plus, eta):
    return (p - eta * p_plus) / (1 - eta)


def show(name, law):
    print(f"{name} {np.array2string(np.round(law, 4), sign=' ')}   sum {law.sum():.4f}")


p, anchor = np.array([0.25, 0.75]), np.array([1.0, 0.0])  # two one-point classes, the anchor in the rare one
show("holds   1/4 and 3/4, prior of the same class 1/4     ", q(p, anchor, 0.25))
show("broken  the same, prior of the other class 3/4       ", q(p, anchor, 0.75))
p = np.array([0.2, 0.8])
show("broken  1/5 and 4/5, prior averaged over the anchors ", q(p, anchor, 0.2**2 + 0.8**2))
p = np.array([0.5, 0.5])
show("tight   1/2 and 1/2, the exchanged prior is right    ", q(p, anchor, 1 - 0.5))
for c in range(3):
    p, prior = RHO @ D, RHO[c]
    eta_max = min(p[u] / D[c, u] for u in range(5) if D[c, u] > 0)
    print(f"the world of section 1, anchor of class {c}: tau+ = {prior:.2f}, a law up to eta = {eta_max:.4f}")

# %% [markdown]
# With the exchanged prior a "probability" is $-2$; with one averaged prior $\sum_c \rho_c^2$ for all anchors it is
# $-1.5$. Both sum to 1, so a test that only sums does not see them, and with two balanced classes both are right: *a
# balanced two-class test is blind here*. Classes 0 and 2 of our world have a point of their own, so any prior above the
# true one fails visibly. Class 1 has none: priors between 0.30 and 0.40 give a law, and the wrong one.
#
# **Figure 1. What does each prior make of one world?** Three one-point classes with probabilities 0.2, 0.3, 0.5, an
# anchor of the first.

# %%
p, anchor = np.array([0.2, 0.3, 0.5]), np.array([1.0, 0.0, 0.0])
figure, axes = plots.panels(4, width=2.5, height=2.6)
plots_debiasing.law_bars(
    {
        "all the data, p": p,
        "same class, η = 0.2": q(p, anchor, 0.2),
        "averaged, η = 0.38": q(p, anchor, float((p**2).sum())),
        "other class, η = 0.8": q(p, anchor, 0.8),
    },
    axes,
)

# %% [markdown]
# Left, the data. Second, the law of the true negatives: nothing on the anchor's class, the other two in the proportion 3
# to 5 that they have in $p$. Third and fourth, the averaged and the exchanged prior: the anchor's own class gets the
# "probabilities" $-0.29$ and $-3.00$, and the others are blown up so that the sum is 1 again.

# %% [markdown]
# ## 3 Which law? Which identity?
#
# The same notes use $\Pr(x' \mid x)$ for two things: the law of the data, and the softmax of the encoder,
# $\pi(u \mid x) \propto e(x, u)$. Theorem 5.4 holds for any law on labelled points, so for both; but each has its own
# prior.
#
# **Corollary 5.6.** Let every point $u$ have one label $y(u)$. (a) For the softmax law $\pi(\cdot \mid x)$ over the
# points, (5.2) holds with $\tau^+_\pi(x) = \sum_{u:\, y(u) = y(x)} \pi(u \mid x)$, the softmax mass of the own class, and
# if $\pi^+ \ne \pi^-$ with no other number.
#
# (b) For the data law and every function $h$ of a point,
#
# $$E_{p^-} h = \frac{E_p h - \tau^+ E_{p^+} h}{1 - \tau^+}. \tag{5.3}$$
#
# *Proof.* (a) is Theorem 5.4 and Proposition 5.5 (c) for the law $\pi(\cdot \mid x)$, whose probability of the event
# $y' = y$ is $\tau^+_\pi(x)$. (b) Multiply (5.2) by $h(u)$ and sum over $u$. $\square$
#
# The prior in (a) depends on the encoder and on every single anchor; what one expects of the data does not give it. The
# prior in (b) is a class frequency. So the useful identity is (5.3), with $p$ the *data* law and $h = e(x, \cdot)$:
# $M^-_c = (M - \rho_c M^+_c)/(1 - \rho_c)$.

# %%
labels = np.array([0, 0, 1, 2, 2])
e = np.exp(Z @ Z.T)
print("anchor   softmax mass of its class   (5.2) with it: error   with the data's 2/5, 1/5, 2/5: error")
for x in range(5):
    pi, same = e[x] / e[x].sum(), labels == labels[x]
    pi_plus, pi_minus = (np.where(part, pi, 0) / pi[part].sum() for part in (same, ~same))
    error = [abs(q(pi, pi_plus, tau) - pi_minus).max() for tau in (pi[same].sum(), same.mean())]
    print(f"{x:4d} {pi[same].sum():22.4f} {error[0]:25.1e} {error[1]:28.4f}")
_, every, plus, minus = masses(RHO, D, Z)
print(f"(5.3) for all classes and anchors: error {abs((every - RHO[:, None] * plus) / (1 - RHO[:, None]) - minus).max():.1e}")

# %% [markdown]
# The softmax masses differ from the frequencies, for the same class even from anchor to anchor, and with the frequency in
# its place the softmax identity is wrong in the first decimal. The identity of expectations (5.3) is exact to rounding.

# %% [markdown]
# ## 4 In the population, debiased is unbiased
#
# **Theorem 5.7.** Put $\widetilde M_c(x) = \frac{M(x) - \rho_c M^+_c(x)}{1 - \rho_c}$ in the place of $M$ in (5.1). The
# result, the *population debiased loss*, equals $L_{\text{unbiased}}$, for every encoder.
#
# *Proof.* (5.3) with $h = e(x, \cdot)$ and $\tau^+ = \rho_c$ says $\widetilde M_c(x) = M^-_c(x)$ for every class and
# anchor. Equal masses, equal losses. $\square$

# %%
def debiased(rho, classes, z, prior):
    """Population loss with the mass (M - prior M+) / (1 - prior); NaN where a logarithm is not defined."""
    e, every, plus, _ = masses(rho, classes, z)
    prior = np.broadcast_to(prior, len(rho))[:, None]
    with np.errstate(invalid="ignore"):
        return population_loss(rho, classes, e, (every - prior * plus) / (1 - prior))


rng, right, swapped, averaged = np.random.default_rng(0), [], [], []
for _ in range(500):
    world = worlds.random_world(rng, int(rng.integers(2, 5)), 6, 2)
    exact = both(*world)[1]
    right.append(debiased(*world, world[0]) - exact)
    swapped.append(debiased(*world, 1 - world[0]) - exact)
    averaged.append(debiased(*world, float((world[0] ** 2).sum())) - exact)
for name, gap in {"holds   own class": right, "broken  other class": swapped, "broken  averaged": averaged}.items():
    gap = np.array(gap)
    print(f"{name:20s} largest error {np.nanmax(abs(gap)):.1e}, logarithm undefined in {np.isnan(gap).mean():.1%}")
gap = debiased(*two, np.array([[1.0], [0.5], [-0.2], [-1]]), 0.5) - both(*two, np.array([[1.0], [0.5], [-0.2], [-1]]))[1]
print(f"tight   two balanced classes, either prior: error {gap:.1e}")

# %% [markdown]
# Exact in 500 random worlds, with classes that overlap and are not equally likely. With the exchanged prior most worlds
# have no loss at all, and the others one that is off by up to 0.41 nats; with the averaged prior one world in seven has
# none, and the error goes up to 0.48.

# %% [markdown]
# ## 5 In a sample it is not
#
# $M$ and $M^+$ are expectations. A batch has $N$ negatives and, say, one more positive $v \sim D_c$:
#
# $$\widehat M = \frac{\frac1N\sum_{i=1}^N e(x, x_i) - \rho_c\,e(x, v)}{1 - \rho_c}. \tag{5.4}$$
#
# By (5.3) and linearity $E[\widehat M \mid x, c] = M^-_c(x)$: an unbiased estimate of the mass. The notes conclude that
# the loss with $\widehat M$ in it is debiased. But the mass stands inside a logarithm.
#
# **Proposition 5.8.** Write $M^- = M^-_c(x)$, $a = e(x, x^+) + M^-$ and $h = \widehat M - M^-$. If
# $e(x, x^+) + \widehat M > 0$ for all draws, then
#
# (a) $E \ln\big(1 + \widehat M/e(x, x^+)\big) \le L_{\text{unbiased}}$, with equality iff $\widehat M = M^-$ always;
#
# (b) with $u = h/a$, if $|u| < 1$ for all draws, the bias is $-\frac12 E[u^2] + R$ with
# $|R| \le E\left[\frac{|u|^3}{3(1 - |u|)}\right]$, and
# $E[h^2 \mid x, c] = \dfrac{\operatorname{Var}_p(e)/N + \rho_c^2 \operatorname{Var}_{p^+}(e)}{(1 - \rho_c)^2}$, the
# variances being those of $e(x, \cdot)$;
#
# (c) as $N \to \infty$ the bias does *not* vanish: on a finite set it tends to a negative limit, unless $e(x, \cdot)$ is
# constant on each class for each of its anchors. The one positive keeps its variance.
#
# *Proof.* The bias is $E[\ln(e(x,x^+) + \widehat M) - \ln(e(x, x^+) + M^-)] = E\ln(1 + u)$. Given $x, x^+, c$ we have
# $E\,h = 0$: the negatives and $v$ do not depend on $x^+$. (a) $\ln(1 + u) \le u$ for $u > -1$ with equality iff $u = 0$;
# take expectations. (b) For $|u| < 1$, $\ln(1 + u) = u - \frac{u^2}{2} + \sum_{k\ge3} (-1)^{k+1}\frac{u^k}{k}$, and the
# sum is at most $\frac13\sum_{k\ge3}|u|^k = \frac{|u|^3}{3(1 - |u|)}$; the term $u$ has expectation 0. In $h$ the $N$
# negatives and $v$ are independent, so their variances add: $N$ terms of $\operatorname{Var}_p(e)/N^2$, and
# $\rho_c^2\operatorname{Var}_{p^+}(e)$, all over $(1 - \rho_c)^2$. (c) The strong law gives $\frac1N\sum e(x, x_i) \to
# M$, so $u$ tends to $u_\infty = -\rho_c (e(x, v) - M^+)/((1 - \rho_c)\,a)$. On a finite set the smallest possible
# $\widehat M$, with all negatives at the least similar point, is the same for every $N$; so $1 + u$ is bounded away from
# 0 for all $N$ at once, $\ln(1 + u)$ is bounded, and the bias tends to $E\ln(1 + u_\infty)$. By $\ln(1 + u) \le u$ and
# $E\,u_\infty = 0$ this is $\le 0$, with equality iff $u_\infty = 0$ always, that is iff $e(x, v) = M^+_c(x)$ for all
# points $x, v$ of a class. $\square$

# %%
R4, D4 = np.array([0.4, 0.6]), np.array([[0.5, 0, 0.5, 0], [0, 0.7, 0, 0.3]])
F4 = np.array([[1, 0.3], [0.6, -0.2], [-0.5, 0.8], [-0.9, 0.1]])


def draws(z, n):
    """All that can happen: (probability, e(x, x+), true mass, estimate) for every class, x, x+, v and n negatives."""
    e, _, _, minus = masses(R4, D4, z)
    p, points = R4 @ D4, range(4)
    for c, x, plus, v in itertools.product(range(2), points, points, points):
        first = R4[c] * D4[c, x] * D4[c, plus] * D4[c, v]
        for others in itertools.product(points, repeat=n) if first > 0 else ():
            mean = sum(e[x, u] for u in others) / n
            yield first * math.prod(p[u] for u in others), e[x, plus], minus[c, x], (mean - R4[c] * e[x, v]) / (1 - R4[c])


def bias(z, n):
    """Exact bias, its second-order part, the bound on the rest, and the probability that the logarithm is undefined."""
    w, positive, true, estimate = np.array(list(draws(z, n))).T
    u = (estimate - true) / (positive + true)
    lost = w[u <= -1].sum()
    exact = w @ np.log1p(u) if lost == 0 else math.nan
    return exact, -w @ u**2 / 2, w @ (abs(u) ** 3 / (3 * (1 - abs(u)))) if abs(u).max() < 1 else math.nan, lost


# %%
print("scale 0.4:   N   bias of the plug-in   second order   rest at most")
for n in (1, 2, 4, 5):
    exact, second, rest, _ = bias(0.4 * F4, n)
    print(f"{n:14d} {exact:16.5f} {second:17.5f} {rest:14.5f}")
w, positive, true, estimate = np.array(list(draws(0.4 * F4, 2))).T
print(f"holds   E of the estimate - E of the true mass: {w @ (estimate - true):.1e}")
print(f"tight   all embeddings equal: bias {bias(0 * F4 + 1, 2)[0]:.1e}")
for scale, n in ((1, 1), (1, 2), (3, 2)):
    print(f"broken  scale {scale}, N = {n}: logarithm of a number <= 0 with probability {bias(scale * F4, n)[3]:.4f}")

# %% [markdown]
# The estimate of the mass is unbiased to rounding; the loss is too small by 0.002 to 0.006 nats. The second-order term
# explains most of it and the rest stays within its bound. At scale 1 the expectation does not exist any more, since with
# small probability $\widehat M$, a difference, is so negative that the logarithm has no value.
#
# **Figure 2. How fast does the bias go, and when does the loss break?** Left, exact bias against $N$, with the limit
# for $N \to \infty$ from (c). Right, the probability of an undefined logarithm, as the embeddings grow.

# %%
def limit(z):
    """Bias, and probability of an undefined logarithm, with infinitely many negatives and one v."""
    e, every, _, minus = masses(R4, D4, z)
    total = lost = 0.0
    for c, x, plus, v in itertools.product(range(2), *[range(4)] * 3):
        chance = R4[c] * D4[c, x] * D4[c, plus] * D4[c, v]
        argument = 1 + (every[c, x] - R4[c] * e[x, v]) / (1 - R4[c]) / e[x, plus]
        if chance > 0 and argument > 0:
            total += chance * (math.log(argument) - math.log1p(minus[c, x] / e[x, plus]))
        lost += chance * (argument <= 0)
    return total if lost == 0 else math.nan, lost


sizes, scales = [1, 2, 3, 4, 5], np.linspace(0.2, 3, 15)
figure, (left, right) = plots.panels(2)
parts = np.array([bias(0.4 * F4, n)[:2] for n in sizes]).T
plots.curves(sizes, {"exact": parts[0], "second order": parts[1]}, left, xlabel="negatives N", ylabel="bias (nats)",
             title="scale 0.4", marker="o", styles=("-", "--"), legend="center right")
left.set_ylim(-0.007, 0)
plots.levels({"one positive, N = ∞": limit(0.4 * F4)[0]}, left)
plots.curves(scales, {f"N = {n}": [bias(s * F4, n)[3] for s in scales] for n in (1, 2, 4)}, right, ordered=True,
             xlabel="scale of the embeddings", ylabel="probability", title="argument of the logarithm ≤ 0")

# %%
print(f"bias at scale 0.4: {parts[0][-1]:.5f} for N = 5, {limit(0.4 * F4)[0]:.5f} for N = infinity")
print("undefined at scale      0.6      1      3")
for n in (1, 2, 4, math.inf):
    chances = [limit(s * F4)[1] if n == math.inf else bias(s * F4, n)[3] for s in (0.6, 1, 3)]
    print(f"N = {n!s:5s} {'':11s}", *[f"{chance:6.3f}" for chance in chances])

# %% [markdown]
# Left: the bias does not go to 0. Its distance to the limit, $-0.00138$ here, shrinks like $1/N$; the limit itself stays,
# because the one positive stays. Five negatives leave $-0.00234$. The dashed second-order curve can hardly be told from
# the exact one. Right: up to a scale of 0.6 nothing is undefined. Beyond, more negatives help only so far: at scale 3 the
# loss has no value for 25 %, 19 % and 15 % of the draws with 1, 2 and 4 of them, and for 15 % with infinitely many: it is
# $v$ that makes the estimate negative.

# %% [markdown]
# ## 6 The floor
#
# Chuang et al. (2020) keep the estimate where it can be. For unit vectors and temperature $t$, $s(x, u) = \cos/t \ge
# -1/t$, so every mass is at least $e^{-1/t}$:
#
# $$G = N\max\left(e^{-1/t},\ \widehat M\right), \qquad
#   \ell_{\text{debiased}} = -\ln\frac{e^{s^+/t}}{e^{s^+/t} + G}. \tag{5.5}$$
#
# (From here on $s$ are cosines, and divided by $t$ where they are used. $G$ is the mass of $N$ true negatives, to replace
# a sum over $N$.)
#
# **Proposition 5.9.** Let $b = e^{-1/t}$. (a) $|\max(b, \widehat M) - M^-| \le |\widehat M - M^-|$ for every draw: the
# floor never makes the error of the mass larger.
#
# (b) $E\max(b, \widehat M) = M^- + E(b - \widehat M)_+$, so the mass is now biased upwards, and exactly unbiased iff
# $\widehat M \ge b$ with probability 1.
#
# *Proof.* (a) $M^- \ge b$. Where $\widehat M \ge b$ nothing changes; where $\widehat M < b \le M^-$, $b$ lies between
# $\widehat M$ and $M^-$. (b) $\max(b, m) = m + (b - m)_+$; take expectations and use $E\widehat M = M^-$; the last term
# is $\ge 0$, and 0 iff $\widehat M \ge b$ with probability 1. $\square$
#
# So two biases compete in the loss: Jensen pulls it down, the floor pushes the mass up.

# %%
angles, rho2, classes2 = np.array([0.0, 0.5, 1.9, 2.6]), np.array([0.3, 0.7]), np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])


def on_the_circle(t, n):
    """Sums over all draws on the circle: mean true mass, mean estimate, mean floored mass, losses with true and floored."""
    e, p = np.exp(np.cos(angles[:, None] - angles) / t), rho2 @ classes2
    sums = np.zeros(5)
    for c, x, plus, v in itertools.product(range(2), *[range(4)] * 3):
        first = rho2[c] * classes2[c, x] * classes2[c, plus] * classes2[c, v]
        for others in itertools.product(range(4), repeat=n) if first else ():
            m = (np.mean(e[x, list(others)]) - rho2[c] * e[x, v]) / (1 - rho2[c])
            kept, true = max(m, math.exp(-1 / t)), classes2[1 - c] @ e[x]
            row = true, m, kept, math.log1p(true / e[x, plus]), math.log1p(kept / e[x, plus])
            sums += first * math.prod(p[list(others)]) * np.array(row)
    return sums


print("   t   N   true mass  estimate  floored    loss with true mass  with floored mass")
for t, n in ((2.0, 3), (1.0, 1), (1.0, 3), (0.5, 1), (0.5, 3)):
    print("{:4.1f} {:3d} {:10.4f} {:9.4f} {:8.4f} {:18.4f} {:18.4f}".format(t, n, *on_the_circle(t, n)))

# %% [markdown]
# The first two columns are equal: before the floor the estimate is right on average. After it the mass is too large, by a
# sixth at $t = 2$, and four to six times at $t = 0.5$, where single estimates jump between large negative and large
# positive numbers and only the negative ones are cut. Here the floor's bias outweighs Jensen's, and the loss is too large
# in every row. More negatives help. (Proposition 5.9 (a) still holds: each single error became smaller, but the signs no
# longer cancel.)
#
# **Proposition 5.10 (when the floor takes over).** Take the prior $\tau^+$ and $v = x^+$ in (5.4), and say that the floor
# is *active* where $\widehat M \le e^{-1/t}$. For an anchor with cosine $s^+ > -1$ to its positive and cosines $s_j$ to
# its negatives, with $A = e^{s^+/t}$ and $\bar E = \frac1N\sum_j e^{s_j/t}$, the floor is active iff
#
# $$\tau^+ \ \ge\ \tau^* = \frac{\bar E - e^{-1/t}}{A - e^{-1/t}}. \tag{5.6}$$
#
# For a perfect positive ($s^+ = 1$) and orthogonal negatives ($s_j = 0$) this is
# $\tau^* = \dfrac{1}{1 + e^{1/t}}$.
#
# *Proof.* With $b = e^{-1/t}$: $\frac{\bar E - \tau^+ A}{1 - \tau^+} \le b$ iff $\bar E - \tau^+ A \le b - \tau^+ b$ iff
# $\bar E - b \le \tau^+ (A - b)$, and $A - b > 0$. In the special case $A = 1/b$ and $\bar E = 1$:
# $\tau^* = \frac{1 - b}{1/b - b} = \frac{b(1 - b)}{(1 - b)(1 + b)} = \frac{b}{1 + b} = \frac{1}{1 + 1/b}$. $\square$

# %%
def on_floor(positive, negatives, tau, t):
    """Share of anchors with (5.6); positive (B,), negatives (B, N) cosines."""
    b = math.exp(-1 / t)
    return np.mean(tau * (np.exp(positive / t) - b) >= np.exp(negatives / t).mean(axis=1) - b)


print("   t    tau* = 1/(1 + e^{1/t})    on the floor with tau+ = tau* - 1e-3, tau* + 1e-3")
for t in (1.0, 0.5, 0.3):
    star = 1 / (1 + math.exp(1 / t))
    print(f"{t:5.1f} {star:14.4f} {[float(on_floor(np.ones(1), np.zeros((1, 5)), star + d, t)) for d in (-1e-3, 1e-3)]!s:>30}")
print(f"t = 0.2: tau* = {1 / (1 + math.exp(5)):.5f},  t = 0.1: tau* = {1 / (1 + math.exp(10)):.1e}")

# %% [markdown]
# At $t = 0.5$, the temperature of the paper, $\tau^* = 0.119$: its prior $\tau^+ = 0.1$ is just below. At $t = 0.1$,
# common elsewhere, a prior of one in twenty thousand is enough.
#
# **Figure 3. Which share of a batch is on the floor?** 128 images, $d = 16$, positives with cosine 0.91, all other
# directions random.

# %%
rng = np.random.default_rng(0)
first = rng.normal(size=(128, 16))
first /= np.linalg.norm(first, axis=1, keepdims=True)
aside = rng.normal(size=first.shape)
aside -= (aside * first).sum(axis=1, keepdims=True) * first
second = 0.91 * first + math.sqrt(1 - 0.91**2) * aside / np.linalg.norm(aside, axis=1, keepdims=True)
z = np.concatenate([first, second])
cosines, rows = z @ z.T, np.arange(256)
positive, negatives = cosines[rows, (rows + 128) % 256], cosines[(rows[:, None] - rows) % 128 != 0].reshape(256, 254)

temperatures = np.geomspace(0.1, 1.2, 60)
shares = {f"τ⁺ = {tau}": [on_floor(positive, negatives, tau, t) for t in temperatures] for tau in (0.05, 0.1, 0.2)}
plots.curves(temperatures, shares, xlabel="temperature t", ylabel="share of anchors on the floor", logx=True, ordered=True,
             title="aligned positives, random negatives")

# %%
print("share on the floor      tau+ = 0.05    0.1    0.2")
for t in (1.0, 0.5, 0.4, 0.3, 0.2, 0.1):
    print(f"t = {t:3.1f} {'':14s}", *[f"{on_floor(positive, negatives, tau, t):8.2f}" for tau in (0.05, 0.1, 0.2)])

# %% [markdown]
# Each curve is a step: within a factor of 1.3 of the temperature the share goes from 0 to 1. For $\tau^+ = 0.2$ the step
# is above $t = 0.5$, for 0.1 between 0.3 and 0.4, for 0.05 below 0.3. Left of the step every anchor is on the floor, and
# a test there cannot tell a right estimate from a wrong one, since all give the floor. That is why the exercise checks
# values at temperatures of 0.5 and 1.

# %% [markdown]
# ## 7 What one positive can do
#
# In practice there is no second positive: the code of Chuang et al. uses the positive of the numerator for the estimate
# as well, $v = x^+$. Then the debiased loss has a surprising form.
#
# **Theorem 5.11.** Let $A = e^{s^+/t}$, $E = \sum_{j=1}^N e^{s_j/t}$, and let $\ell = \ln(1 + E/A)$ be the biased loss of
# an anchor. Where the floor is not active, its debiased loss with $v = x^+$ is a function of $\ell$ alone,
#
# $$\ell_{\text{debiased}} = \varphi(\ell) = \ln\frac{e^{\ell} - \tau^+(N + 1)}{1 - \tau^+}, \qquad
#   \varphi'(\ell) = \kappa = \frac{e^\ell}{e^\ell - \tau^+(N + 1)} \ge 1, \tag{5.7}$$
#
# increasing and concave, with the fixed point $\varphi(\ln(N + 1)) = \ln(N + 1)$. Where it is active,
# $\ell_{\text{debiased}} = \ln\left(1 + N e^{-1/t}/A\right)$ does not depend on the negatives.
#
# *Proof.* Off the floor $G = (E - \tau^+ N A)/(1 - \tau^+)$, so
# $1 + \frac{G}{A} = \frac{(1 - \tau^+) + E/A - \tau^+ N}{1 - \tau^+} = \frac{(1 + E/A) - \tau^+(N + 1)}{1 - \tau^+}$, and
# $1 + E/A = e^\ell$. Take the logarithm. It is the logarithm of a number $\ge 1$, so $e^\ell > \tau^+(N+1)$. The
# derivative of $\ln(e^\ell - k)$ is $e^\ell/(e^\ell - k) = 1 + k/(e^\ell - k)$, which is $\ge 1$ and falls in $\ell$. At
# $e^\ell = N + 1$: $\frac{(N+1)(1 - \tau^+)}{1 - \tau^+} = N + 1$. On the floor insert $G = Ne^{-1/t}$. $\square$
#
# By the chain rule the gradient of an anchor's debiased loss is $\kappa$ times the gradient of its biased loss. The
# direction is the same; among the negatives of one anchor the push is shared out exactly as before, false and true alike.
# **With one positive, debiasing does not know a false negative from a true one. It re-weights anchors**: more weight for
# those that are nearly solved, up to the floor, and beyond it only a pull towards the positive. With more positives, or
# another one, pull and push get different factors, but the push is still shared out among the negatives in proportion to
# $e^{s_j/t}$: the mass enters as a sum.

# %%
rng, N, t = np.random.default_rng(2), 6, 0.7
s_plus, s = torch.tensor(0.4, dtype=torch.float64), torch.from_numpy(rng.uniform(-0.6, 0.6, N))


def one_anchor(tau, s_plus, s, v=None):
    """(biased, debiased) loss of one anchor; the estimate takes the positive itself, or another one with cosine v."""
    A, E = torch.exp(s_plus / t), torch.exp(s / t).sum()
    G = torch.clamp((E - tau * N * (A if v is None else math.exp(v / t))) / (1 - tau), min=N * math.exp(-1 / t))
    return torch.log(1 + E / A), torch.log(1 + G / A)


for name, tau, plus, v in (("holds            ", 0.1, s_plus, None), ("tight            ", 0.0, s_plus, None),
                           ("broken, on floor ", 0.3, s_plus + 0.5, None), ("broken, another v", 0.1, s_plus, -0.1)):
    leaves = [plus.clone().requires_grad_(), s.clone().requires_grad_()]
    loss, debiased_loss = one_anchor(tau, *leaves, v)
    k = tau * (N + 1)
    phi, kappa = math.log(max(loss.exp().item() - k, 1e-9) / (1 - tau)), loss.exp().item() / (loss.exp().item() - k)
    g, h = (torch.autograd.grad(value, leaves, retain_graph=True) for value in (loss, debiased_loss))
    ratio = [(b / a).item() for a, b in ((g[0], h[0]), (g[1][0], h[1][0]), (g[1][1], h[1][1]))]
    print(f"{name} tau+ {tau}: phi {phi:7.4f}, debiased {debiased_loss.item():.4f}   kappa {kappa:.4f},"
          f" gradient ratios in s+, s1, s2:", *[f"{r:.4f}" for r in ratio])

# %% [markdown]
# First row: the debiased loss is $\varphi(\ell)$, and all gradients are multiplied by the same $\kappa = 1.1828$. Second
# row: without a prior nothing changes. Third row: on the floor $\varphi$ is not defined or wrong, the negatives get no
# gradient and the positive less than half. Last row: with another positive $v$ the pull and the push have factors of
# their own, 1.0041 and 1.0952, and the two negatives still share one.
#
# **Figure 4. What does debiasing do to the losses of a batch?** $N = 254$, $t = 0.5$. Left, (5.7); dots mark where the
# floor begins for $s^+ = 0.9$. Right, the weight $\kappa$ of an anchor.

# %%
N, t, s_plus = 254, 0.5, 0.9
ell = np.linspace(2, math.log(N + 1) + 0.8, 400)
figure, (left, right) = plots.panels(2)
mapped, weight, starts = {}, {}, []
for tau in (0.0, 0.05, 0.1, 0.2):
    k, rest = tau * (N + 1), np.exp(ell) - tau * (N + 1)
    least = 1 + N * math.exp((-1 - s_plus) / t)
    off = rest / (1 - tau) > least
    mapped[f"τ⁺ = {tau}"] = np.where(off, np.log(np.maximum(rest, 1e-9) / (1 - tau)), math.log(least))
    weight[f"τ⁺ = {tau}"] = np.where(off, np.exp(ell) / np.where(off, rest, 1), np.nan)
    starts.append((math.log(least * (1 - tau) + k), math.log(least)))
plots.curves(ell, mapped, left, ordered=True, xlabel="biased loss of an anchor", ylabel="debiased loss", title="φ, and its floor")
left.plot(*zip(*starts[1:], strict=True), "o", color=plots.DARK, markersize=4)
plots.curves(ell, weight, right, ordered=True, xlabel="biased loss of an anchor", ylabel="weight κ",
             title="gradient, times", logy=True)

# %%
for tau, (start, _) in list(zip((0.0, 0.05, 0.1, 0.2), starts, strict=True))[1:]:
    heavy = math.exp(start) / (math.exp(start) - tau * 255)
    print(f"tau+ = {tau}: floor below a biased loss of {start:.3f}; there the weight is {heavy:.2f}")
print(f"chance level ln 255 = {math.log(255):.3f}; weight there for tau+ = 0.1: {1 / 0.9:.3f}")

# %% [markdown]
# All curves meet at chance level, $\ln 255 = 5.541$, where an anchor's weight is hardly more than 1 (1.11 for
# $\tau^+ = 0.1$). As an anchor gets better its weight grows, to 3.0, 5.2 and 10.5, and then falls off a cliff: left of
# the dots the loss is constant in the negatives. Anchors just above the floor weigh most.

# %% [markdown]
# ## 8 Three losses on real images
#
# Now an experiment. scikit-learn's handwritten digits, each put at a random place of a $10 \times 10$ canvas: where a
# digit stands says nothing about what it is, so that raw pixels are a poor embedding. The encoder is small, 32 filters on
# $4\times4$ patches and a linear layer to 32 dimensions; a view is the image moved by up to a pixel, made brighter or
# darker, with noise. Three losses, the same initial weights, batches and views: *biased* (NT-Xent), *debiased* with
# $\tau^+$ the true class frequency, and *unbiased*, an oracle that sees the labels and takes the false negatives out of
# the denominator. (The oracle's denominator has fewer terms, about $(1 - \tau^+)N$, and is not scaled up.) In terms of $r
# = E/A$ of Theorem 5.11 they are short:

# %%
def ratio_loss(kind, tau_plus=0.1, t=0.5):
    """loss(view1, view2, labels) by r = mass / e^{s+/t}. Plain exponentials: good for t = 0.5, not for t = 0.01."""

    def loss(view1, view2, labels):
        z = F.normalize(torch.cat([view1, view2]), dim=1)
        n, rows, y = len(z), torch.arange(len(z)), labels.repeat(2)
        positive = (z * z.roll(n // 2, dims=0)).sum(dim=1, keepdim=True)
        own_image = (rows[:, None] - rows) % (n // 2) == 0
        gone = y[:, None] == y if kind == "unbiased" else own_image
        r = torch.exp((z @ z.T - positive) / t).masked_fill(gone, 0).sum(dim=1)
        if kind == "debiased":
            floor = (n - 2) * torch.exp((-1 - positive[:, 0]) / t)
            r = torch.maximum((r - tau_plus * (n - 2)) / (1 - tau_plus), floor)
        return torch.log1p(r).mean()

    return loss


# %%
setting = debias_experiment.Setting("digits", 10, 128)
train_x, train_y, test_x, test_y = debias_experiment.load(setting, seed=0)
encoders, embedded = {}, {}
for kind in ("biased", "debiased", "unbiased"):
    encoders[kind] = debias_experiment.train(ratio_loss(kind), train_x, train_y, seed=0, batch=128)
    embedded[kind] = debias_experiment.embed(encoders[kind], train_x), debias_experiment.embed(encoders[kind], test_x)

# %%
print(f"{len(train_x)} images for training, {len(test_x)} for the test; accuracy of a linear probe on frozen embeddings")
print("                all labels   5 labels a class")
for kind, (z, test_z) in {"raw pixels": (train_x, test_x), **embedded}.items():
    accuracy = [debias_experiment.probe_accuracy(z, train_y, test_z, test_y, few) for few in (None, 5)]
    print(f"{kind:12s} {accuracy[0]:12.3f} {accuracy[1]:14.3f}")

# %% [markdown]
# In this one run the encoder takes the probe from 62 % on raw pixels to 91 %. The three losses differ by half a point
# with all labels. With five labels a class the oracle is three points ahead, and the debiased loss is where the biased
# one is.
#
# **Figure 5. What do the embeddings look like?** Test images, 32 dimensions projected on two by t-SNE, which keeps
# neighbours together and does not keep distances: look at which digits touch, not at how far islands are apart.

# %%
from sklearn.manifold import TSNE

shown = slice(0, 400)
flat = {kind: TSNE(random_state=0, perplexity=25, init="pca").fit_transform(test_z[shown].numpy())
        for kind, (_, test_z) in embedded.items()}
figure, axes = plots.panels(3, width=3.0, height=3.0)
plots_debiasing.clouds(flat, test_y[shown], axes)

# %%
def neighbours(z, labels, k=5):
    """Share of the k nearest rows (cosine) that have the row's own label."""
    similarity = (z @ z.T).fill_diagonal_(-2)
    return (labels[similarity.topk(k).indices] == labels[:, None]).float().mean().item()


print("share of the 5 nearest neighbours with the same label:",
      *[f"{kind} {neighbours(test_z, test_y):.3f}" for kind, (_, test_z) in embedded.items()], sep="  ")

# %% [markdown]
# The first two pictures are nearly the same: the same islands with the same neighbours, 8 (dark triangles) spread along 1
# and 7, and 3 touching 9. In the third the islands are tighter and farther apart, and 88 % of nearest neighbours agree,
# in place of 85 %. That is what knowing the false negatives is worth.
#
# One seed is an anecdote. The next cell reads the results of five seeds in several settings, made by
# `python -m course.debias_experiment solutions/05_debiasing/05_debiasing.ipynb`; the seed also draws the places, the cut
# into train and test part and the labelled images. Gains are differences to the biased loss *of the same seed*; $\pm$ is
# half of a 95 % interval (Student, 4 degrees of freedom).

# %%
results = json.loads(Path("data/05_debiasing.json").read_text())["settings"]
for entry in results:
    print(debias_experiment.table(entry))

# %% [markdown]
# Read the gains. *Debiased*, with either prior: in seven settings and two probes, every interval reaches over 0, and no
# estimate is above half a point except one with two classes, where seeds differ most. *Unbiased*, the same denominators
# without the false negatives: with five labels a class it gains 2 to 9 points, everywhere. So there is something to be
# had, and this debiasing does not get it. (Last row: on Fashion-MNIST our little encoder with our weak augmentations is
# *worse* than raw pixels when all labels are there. The comparison of the losses stands; the encoder is no
# recommendation.)
#
# **Figure 6. Who gains, and where?** Gain over the biased loss in percentage points, with 95 % intervals.

# %%
groups = [f"{e['source']}, {e['n_classes']} cl., B = {e['batch']}" for e in results]
contestants = ("debiased, half prior", "debiased", "unbiased")
figure, axes = plots.panels(2, width=4.4, height=3.6)
for ax, key, title in zip(axes, ("probe", "few"), ("all labels", "5 labels a class"), strict=True):
    gain = {}
    for name in contestants:
        pairs = [(e["runs"][name][key], e["runs"]["biased"][key]) for e in results]
        gain[name] = [debias_experiment.interval([100 * (a - b) for a, b in zip(*pair, strict=True)]) for pair in pairs]
    plots_debiasing.gains(groups, gain, ax, xlabel="gain (points)", title=title, legend=key == "few")
axes[1].set_yticklabels([])
figure

# %% [markdown]
# Blue and orange sit on the zero line: for batches of 32, 128 or 256, for 2, 4 or 10 classes, with the true prior or half
# of it. We found **no** setting in which the debiased loss helps. If it does, then by less than the upper ends of these
# intervals: about a point with ten classes; with two, where seeds differ a lot, up to 4.7 remain possible. Green is to
# the right, most with four classes that look alike (a quarter of the negatives are false there), and more with few labels
# than with many: a probe with a thousand labels repairs what the embedding has left mixed. Nothing here says what happens
# with other images, deeper encoders, longer training or more positives; Chuang et al. report gains with theirs. It says
# that a gain does not follow from the loss alone.

# %% [markdown]
# ## 9 Why so little?
#
# Three reasons, each with its own number.
#
# *One positive.* Theorem 5.11: with $v = x^+$ the loss re-weights anchors and cannot tell false negatives from true ones.
#
# *The floor.* At $t = 0.5$ it could take over, by Figure 3. The next cell says that it does not in training.
#
# %%
print("share of anchors on the floor after training, mean of five seeds, debiased with the true prior")
for e in results:
    print(f"{e['source']:8s} {e['n_classes']:2d} classes, B = {e['batch']:3d}: {np.mean(e['runs']['debiased']['floor']):.3f}")

# %% [markdown]
# With ten classes no anchor is there: the floor is not what holds debiasing back. With four classes half of them are,
# with two most: a prior of 1/4 or 1/2 is far above $\tau^*$, and the loss has stopped to look at the negatives of these
# anchors.
#
# *The wrong law.* Theorem 5.4 wants $p^+$, a draw from the anchor's **class**. A view of the anchor's own *image* is much
# closer to it than that.
#
# **Proposition 5.12.** Let the estimate use positives from a law $\tilde p$ in place of $p^+$, and let
# $\widetilde M^+(x) = E_{u\sim\tilde p}\,e(x, u)$. Then
# $E\widehat M - M^- = -\frac{\tau^+}{1 - \tau^+}\left(\widetilde M^+ - M^+\right)$. If $\widetilde M^+$ differs from
# $M^-$ and from $M$, the estimate is right on average iff $\tau^+$ is replaced by $\tau' \ne 1$ with
#
# $$\frac{M - \tau' \widetilde M^+}{1 - \tau'} = M^-, \qquad\text{that is}\qquad
#   \tau' = \frac{M - M^-}{\widetilde M^+ - M^-} = \tau^+\,\frac{M^+ - M^-}{\widetilde M^+ - M^-}. \tag{5.8}$$
#
# *Proof.* $E\widehat M = (M - \tau^+\widetilde M^+)/(1 - \tau^+)$ and $M^- = (M - \tau^+ M^+)/(1 - \tau^+)$; subtract.
# The second equation is linear in $\tau'$: $M - M^- = \tau'(\widetilde M^+ - M^-)$, which has a solution since
# $\widetilde M^+ \ne M^-$, other than 1 since $\widetilde M^+ \ne M$; and $M - M^- = \tau^+ (M^+ - M^-)$ by Proposition
# 5.2. $\square$
#
# Views that are closer to the anchor than its class ($\widetilde M^+ > M^+$) take too much away. If moreover $M^+ > M^-$,
# as for any encoder worth its name, the right $\tau'$ is smaller than the class frequency; and it depends on the encoder.
#
# **Figure 7. How similar is what to what?** Means of $e^{\cos/t}$, $t = 0.5$, for the three encoders of section 8.

# %%
means = {kind: debias_experiment.exponentials(encoder, test_x, test_y, torch.Generator().manual_seed(1))
         for kind, encoder in encoders.items()}
plots_debiasing.levels_by_run(means, ylabel="mean of e^{cos/t}", title="one view of an image, and ...")

# %%
print("             own view  same class  other class   share of its class   tau' of (5.8)   mean mass: wanted, estimated")
for kind, m in means.items():
    tau = (m["any image"] - m["other class"]) / (m["same class"] - m["other class"])
    tau_right = (m["any image"] - m["other class"]) / (m["own view"] - m["other class"])
    estimated = (m["any image"] - tau * m["own view"]) / (1 - tau)
    print(f"{kind:10s} {m['own view']:10.3f} {m['same class']:10.3f} {m['other class']:11.3f} {tau:18.3f} {tau_right:18.3f}"
          f" {m['other class']:14.3f} {estimated:9.3f}")

# %% [markdown]
# Another view of the same image is far closer (5.5) than another image of its class (3.3): augmentations of *an image*
# are no draws from *a class*. With the class frequency 0.099 the estimate takes so much away that the mean mass comes out
# at 0.96 where 1.21 is wanted, a fifth too small: now too much is debiased. The right prior would be 0.048, half the
# frequency; so the contestant "half prior" of the table was about right on average, and gained as little. That leaves the
# first reason.

# %% [markdown]
# ## Check yourself
#
# Predict first, on paper. Then unfold and run the cell below the question (code and output are folded), and only then
# unfold the answer.
#
# **1.** Three classes with probabilities 0.6, 0.3, 0.1, disjoint. Someone uses one prior, 0.46, for all anchors. For
# which anchors does (5.2) give something that is no law?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
p = np.array([0.6, 0.3, 0.1])
for c in range(3):
    print(c, np.round(q(p, np.eye(3)[c], 0.46), 3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# For anchors of the second and the third class: 0.46 is above their own probabilities, so their own points get negative
# "probabilities" (Proposition 5.5 (b), with $\eta_{\max} = \rho_c$ for disjoint classes). For the first class 0.46 is too
# small: a law, but one that still holds false negatives. </details>

# %% [markdown]
# **2.** A run shows a debiased loss of 1.9 for *every* anchor, whatever the negatives are: $N = 254$, $t = 0.5$, all
# $s^+ = 0.9$. What happened?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"{math.log1p(254 * math.exp((-1 - 0.9) / 0.5)):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Every anchor is on the floor: $\ln(1 + N e^{(-1 - s^+)/t})$ is all that is left, and no gradient reaches a negative.
# </details>

# %% [markdown]
# **3.** All rows of a batch of $B = 8$ are equal. What is the debiased loss for $\tau^+ = 0.1$, and for 0.5?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
for tau in (0.1, 0.5):
    print(tau, f"{math.log((15 - tau * 15) / (1 - tau)):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\ln 15$ for both: the fixed point $\varphi(\ln(N + 1)) = \ln(N + 1)$ of Theorem 5.11 with $N = 14$.
# </details>

# %% [markdown]
# **4.** With two balanced classes and $t = 1$, one anchor has $s^+ = 0.5$ and two negatives with cosine 0.5 and $-0.5$.
# Is it on the floor?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
b = math.exp(-1)
print(f"tau* = {((math.exp(0.5) + math.exp(-0.5)) / 2 - b) / (math.exp(0.5) - b):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# By (5.6) $\tau^* = 0.593$; $\tau^+ = 0.5$ is below, so no. The estimate,
# $(1.1276 - 0.5 \cdot 1.6487)/0.5 = 0.607 = e^{-0.5}$, is the exponential of the second negative. If that is the true one
# and the first the false one, (5.2) works for a single draw here: the false negative happens to be as similar as the
# positive. </details>

# %% [markdown]
# **5.** A colleague says: "the estimate of the mass is unbiased, so with enough seeds the debiased loss converges to the
# unbiased one". Where is the mistake?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"bias with one positive and infinitely many negatives: {limit(0.4 * F4)[0]:.5f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Averaging over seeds averages *losses*, logarithms of estimates, and converges to their expectation, which (without a
# floor, and where the logarithm is defined) Jensen puts below the target. More negatives make the gap smaller, but with
# one positive it does not vanish. </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`05_debiasing.ipynb`](../exercises/05_debiasing/05_debiasing.ipynb) in `exercises/05_debiasing/`: the
# law of the true negatives, a relative of its derivation, the exact bias of the plug-in, the debiased loss with its floor
# (finite at $t = 0.01$, where section 8's code is not), the oracle, and the experiment.
#
# **Read further.** Chuang, Robinson, Yen-Chen, Torralba and Jegelka 2020 (the debiased loss with $M$ positives
# in the estimate, and a bound of order $N^{-1/2} + M^{-1/2}$ on its error); Robinson, Chuang, Sra and Jegelka 2021 (hard
# negatives on top of it); Arora et al. 2019 (class collision, unit 02).
