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
# # 03 · Many negatives: what they prove about a classifier
#
# *Time* core 105 min, optional 40 min · *you need* unit 02 (classes, collisions, Jensen), log-sum-exp, expectations of
# discrete laws, a convex function lies above its tangents
#
# *Exercise of this unit:* [03 · exercise](../exercises/03_many_negatives/03_many_negatives.ipynb).
#
# In practice more negatives make the contrastive loss *larger* and often the classifier *better*. The bounds in print
# do not say why. This lecture proves them, sees where they say anything, and replaces them by better ones, with the
# best possible factor.
#
# **Afterwards you can**
#
# - prove Lemma 1, Lemma 2 and Proposition 1 of Merad et al. line by line, and say what each line gives away;
# - tell from $N$ and $C$ alone whether a bound can say anything, for any embedding;
# - find the worst case of a concave function at a vertex, and turn it into bounds whose constants are best possible;
# - compute the loss with 65536 negatives exactly, by one integral.
#
# ## Map
#
# | result | in words | needs | |
# |---|---|---|---|
# | Prop. G | the loss for any $N$ is one integral | sect. 1 | core |
# | Lemma 1, Prop. A | one negative; the $\ln C$ can go | Jensen | core |
# | Lemma 2 | $N$ negatives; divides by the coupon collector's probability | Jensen | core |
# | Lemma E | collisions alone cost $\Phi_N$; where bounds say nothing | Jensen | core |
# | **Lemma V** | the vertex: one rival is the worst case | Jensen, concavity | core |
# | Prop. D | Lemma 2 with a better factor, every $\rho$ | V | core |
# | **Thm D+**, **F+** | the best factor $1/p$; a slope near the best, uniform $\rho$ | V, slope formula | core |
# | Sandwich | $L\approx S+\ln(1+N/C)$ for many negatives, $f$ constant on each class | F+ | core |
# | Prop. 1, $\kappa$ | tasks of $k+1$ classes, and the exact constant | Jensen, G | core |
# | sect. 10 | the published bounds: one table, one figure | D+, F+ | core |
# | Prop. K | which bound is smaller than which | D+, F+ | optional |
# | sect. 12, 13 | worlds that attain the constants; classes that are not equally likely | F+ | optional |
# | sect. 14 | the coupon collector's threshold and variance | Lemma 2 | optional |
# | sect. 15 | why the integral is that exact | G | optional |
#
# | symbol | meaning | symbol | meaning |
# |---|---|---|---|
# | $C$, $\rho_c$, $p_{\min}$ | classes, their law, its minimum | $m$, $n$ | collisions among the $N$ draws, draws of one rival |
# | $D_c$, $\mu_c$ | law of a class, mean of $f$ on it | $t$ | $m+n$ |
# | $N$, $c_i$ | negatives, their classes | $W$ | $e^\varphi-1$, the rivals' weight |
# | $a_j$ | $f(x)\cdot(\mu_j-\mu_c)$, logit of class $j$ | $\psi(\varphi)$ | what an anchor pays with one rival |
# | $\varphi(c,x)$ | $\ln(1+\sum_{j\ne c}e^{a_j})$ | $\Phi_N$ | $\psi(0)$, the floor |
# | $L$, $S$ | contrastive loss $L_{un}^N$, loss $L_{sup}^\mu$ of the mean classifier | $p$ | $1-(1-p_{\min})^N$ |
# | $\zeta(s)$ | $\ln(1+e^s)$ | $\theta_N$ | smallest slope of $\psi$ |
#
# Natural logarithms, nats. "The paper" is Merad, Yu, Bacry and Gaïffas,
# [arXiv 2012.01064](https://arxiv.org/abs/2012.01064), section 3.

# %%
import math

import numpy as np
import torch

from course import data, figures


def zeta(s):
    """ln(1 + e^s), stable."""
    return np.logaddexp(0.0, s)


def lse(s):
    """ln sum_j e^{s_j} over the last axis, stable."""
    return np.logaddexp.reduce(s, axis=-1)


# %% [markdown]
# ## 1 A puzzle on real digits
#
# A class $c$ is drawn from $\rho$; the anchor $x$ and its positive $x^+$ come independently from $D_c$; and,
# independent of all that, $N$ negatives: $c_1,\dots,c_N\sim\rho$ and $x_i^-\sim D_{c_i}$. Nothing forbids $c_i=c$: a
# *collision*. The contrastive loss and, for comparison, the cross-entropy of the *mean classifier*, which scores
# class $j$ by $f(x)\cdot\mu_j$, are
#
# $$L=\mathbb E\,\ln\Bigl(1+\sum_{i=1}^Ne^{f(x)\cdot(f(x_i^-)-f(x^+))}\Bigr),\qquad
#   S=\mathbb E_{c,\,x\sim D_c}\,\varphi(c,x),\quad \varphi(c,x)=\ln\Bigl(1+\sum_{j\ne c}e^{a_j}\Bigr),\quad a_c=0.$$
#
# The best linear classifier does at least as well as the mean classifier, and never worse than $\ln C$ (weights 0).
#
# We train a small encoder of the ten digits four times, with $N=1$, 16, 256 and 1000 negatives a step; everything
# else is the same. Each is then measured on 120 other images, with the $N$ that it was trained with. That needs the
# loss with 1000 negatives *exactly*. There is a way.
#
# **Proposition G.** For independent $X_1,\dots,X_N>0$ with the law of $X$,
#
# $$\mathbb E\ln\Bigl(1+\sum_{i=1}^NX_i\Bigr)
#   =\int_0^\infty\frac{e^{-u}}u\Bigl(1-\bigl(\mathbb E\,e^{-uX}\bigr)^N\Bigr)du
#   =\int_{-\infty}^\infty e^{-e^v}\Bigl(1-\bigl(\mathbb E\,e^{-e^vX}\bigr)^N\Bigr)dv.$$
#
# *Plan.* Write the logarithm as an integral of exponentials; the expectation of an exponential of a sum is a power.
#
# *Proof.* For $y\ge0$, $\frac{e^{-u}(1-e^{-uy})}u=\int_0^ye^{-u(1+s)}ds$. The integrand is positive, so the order of
# integration may be exchanged: $\int_0^\infty\frac{e^{-u}(1-e^{-uy})}udu=\int_0^y\frac{ds}{1+s}=\ln(1+y)$. Put
# $y=\sum_iX_i$, take the expectation, and $\mathbb E\,e^{-u\sum X_i}=(\mathbb E\,e^{-uX})^N$. For the second form
# $u=e^v$. $\square$
#
# $N$ is now an exponent, and costs nothing; a plain sum over a grid of $v$ gives ten digits and more (section 15).
# Given $x$ and $x^+$, the terms of the loss are independent with one law.


# %%
def expected_log(logits, law, N, h=0.4):
    """E ln(1 + sum of N independent draws of e^logit): Proposition G, summed on a grid of step h."""
    v = np.arange(-math.log(N) - max(logits.max(), 0) - 36, 4.5, h)
    miss = -np.expm1(-np.exp(np.minimum(v[:, None] + logits, 40))) @ law  # 1 - E e^{-uX}
    return h * np.exp(-np.exp(v)) @ -np.expm1(N * np.log1p(-np.minimum(miss, 1 - 1e-16)))


def floor(N, C):
    """What the collisions alone cost: E ln(1 + m), C equally likely classes."""
    return expected_log(np.array([0.0, -1e4]), np.array([1 / C, 1 - 1 / C]), N)


print(f"four equal logits of 0: {expected_log(np.zeros(4), np.full(4, 0.25), 65536):.12f}")
print(f"ln 65537:               {math.log(65537):.12f}")


# %%
def loss_of(X, N):
    """L for X (C, r, d): balanced classes of r points; one integral for each pair (x, x+) of a class."""
    flat = X.reshape(-1, X.shape[2])
    law = np.full(len(flat), 1 / len(flat))
    pairs = [(x, y) for row in X for x in row for y in row]
    return np.mean([expected_log(flat @ x - x @ y, law, N) for x, y in pairs])


def logits_of(X):
    """a_j at every anchor: (C r, C); and the class of each anchor."""
    scores = X.reshape(-1, X.shape[2]) @ X.mean(axis=1).T
    own = np.repeat(np.arange(len(X)), X.shape[1])
    return scores - scores[np.arange(len(own)), own][:, None], own


# %%
images, labels = data.load_digits()
train, train_y, test, test_y = data.split(images.flatten(1), labels, test_share=0.4, seed=0)
by_class = torch.stack([train[train_y == c][:90] for c in range(10)])  # (10, 90, 64)
held = torch.stack([test[test_y == c][:12] for c in range(10)])  # the world that we measure: (10, 12, 64)


# %%
def trained_with(N, steps=400):
    """An encoder into 8 dimensions, trained with N negatives for each of 64 anchors."""
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    adam = torch.optim.Adam(encoder.parameters(), lr=3e-3)
    for _ in range(steps):
        c, i, j = torch.randint(10, (64,)), *torch.randint(90, (2, 64))
        x, plus, minus = (encoder(b) for b in (by_class[c, i], by_class[c, j], train[torch.randint(len(train), (N,))]))
        rows = torch.cat([(x * plus).sum(1, keepdim=True), x @ minus.T], dim=1)
        adam.zero_grad()
        (rows.logsumexp(1) - rows[:, 0]).mean().backward()
        adam.step()
    return encoder(held).detach().numpy().astype(float)


# %% [markdown]
# **Predict.** Which of the four encoders ends with the largest contrastive loss? Which has the best mean classifier?
# And will "loss divided by the chance that $N$ draws show all ten classes", the bound of Lemma 2, have the same
# order?

# %%
embeddings = {N: trained_with(N) for N in (1, 16, 256, 1000)}
measured = {}
for N, X in embeddings.items():
    a, own = logits_of(X)
    measured[N] = loss_of(X, N), lse(a).mean(), (a.argmax(axis=1) == own).mean()
    print("N = {:4d}:  L = {:.3f}   S = {:.3f}   right {:.1%}".format(N, *measured[N]))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
at = list(measured)
look = {"logx": True, "xlabel": "negatives N in training", "styles": ["o-"]}
figures.curves(at, {"contrastive loss L": [m[0] for m in measured.values()]}, left, ylabel="nats", **look)
figures.levels({"ln 10": math.log(10)}, left, at=0.3)
figures.curves(at, {"mean classifier S": [m[1] for m in measured.values()]}, right, ylabel="nats", **look)
figures.described(figure,
    "Two panels against the number of negatives in training, 1, 16, 256 and 1000. Left, the contrastive loss "
    "rises from 0.2 over 1.3 and 3.8 to 5.1, above the dashed line ln 10 = 2.3 for the last two. Right, the "
    "mean classifier's loss falls from 0.52 to 0.26, then to 0.235."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The losses grow like $\ln N$, far beyond $\ln10=2.30$, where a bound of the kind "constant times $L$" says less than
# guessing. The classifier's loss falls meanwhile, and more of its answers are right. Lemma 2 divides each $L$ by a
# probability, and its bound has neither order: infinite for $N=1$, then 18, 3.8 and 5.1 (section 7). It falls while
# the probability is small, and rises with the loss once that is near 1.
#
# </details>
#
# So the number that we minimise goes one way and the number that we want goes the other. (A few seconds of training
# and 120 images: the differences of $S$ between $N=16$ and $N=1000$ mean nothing; the one to $N=1$ does.) In what
# sense does $L$ with a large $N$ certify anything about $S$?
#
# ## 2 One negative: Lemma 1
#
# **Lemma 1** (Merad et al.). $\displaystyle S\le\frac L{p_{\min}}+\ln C$ for $N=1$.
#
# *Plan.* Jensen moves two of three points inside; then one term is kept of $C$.
#
# *Proof.* *Jensen.* Fix $c$, $c^-$ and $x$. The logit $f(x)\cdot(f(x^-)-f(x^+))$ is linear in $(f(x^+),f(x^-))$,
# which are independent of $x$ given the classes, with means $\mu_c$ and $\mu_{c^-}$; and $\zeta$ is convex. So
# $L\ge\mathbb E_{c,x}\sum_j\rho_j\,\zeta(a_j)$. The term $j=c$ is a collision, and known: $\zeta(0)=\ln2$. *One term
# for all.* All terms are positive: $\sum_j\rho_j\zeta(a_j)\ge p_{\min}\max_j\zeta(a_j)$. *Log-sum-exp.*
# $\sum_je^{a_j}\le C\,e^{\max_ja_j}$ and $\zeta(s)\ge s$ give $\max_j\zeta(a_j)\ge\varphi(c,x)-\ln C$. Average.
# $\square$
#
# About the best linear classifier this says nothing: the right-hand side is at least $\ln C$. Can the $\ln C$ go? The
# paper finds the inequality satisfied "even when the $\log N_C$ term is discarded". That is a theorem.
#
# **Proposition A.** For every $\rho$ and $f$, with $N=1$:
# $\displaystyle\ S\le\frac{L-\lVert\rho\rVert_2^2\ln2}{p_{\min}}\le\frac L{p_{\min}}-\ln2$.
#
# *Plan.* Keep all terms; a product of factors $1+s_j$ contains the sum.
#
# *Proof.* After Jensen the collision gives $\rho_c\ln2$; in the other terms $\rho_j\ge p_{\min}$. For $s_j\ge0$ the
# product $\prod_j(1+s_j)$ contains $1+\sum_js_j$, so $\sum_j\ln(1+s_j)\ge\ln(1+\sum_js_j)$; put $s_j=e^{a_j}$.
# Average over $c$ and $x$: $L\ge\sum_c\rho_c^2\ln2+p_{\min}S$. And $\sum_c\rho_c^2\ge p_{\min}$. $\square$
#
# So a collision is not a nuisance: it is a known amount that may be subtracted. Keep that thought.

# %%
rng, tables = np.random.default_rng(1), []
for _ in range(300):
    C = int(rng.integers(2, 7))
    rho, a = rng.dirichlet(np.ones(C)), rng.uniform(0.1, 5) * rng.normal(size=C)
    a[0] = 0.0  # the anchor's own class
    terms = zeta(a)
    lemma1 = rho @ terms - rho.min() * (lse(a) - math.log(C))
    tables.append((lemma1, rho @ terms - rho[0] * math.log(2) - rho.min() * lse(a)))
print("smallest gap of Lemma 1 and of Proposition A, at one anchor:", np.min(tables, axis=0).round(5))
print("orthogonal classes, f = sqrt(s) e_c, C = 4:")
for s in (0, 1, 4, 9):
    loss, supervised = math.log(2) / 4 + 0.75 * zeta(-s), math.log1p(3 * math.exp(-s))
    sharp, published = 4 * (loss - math.log(2) / 4), 4 * loss + math.log(4)
    print(f"  s = {s}: S = {supervised:.2e}   Proposition A {sharp:.2e}   Lemma 1 {published:.3f}")

# %% [markdown]
# Both hold at every anchor. Proposition A comes close to equality; in Lemma 1 the last step alone loses $\ln\frac
# C{C-1}$ or more, since $a_c=0$. For orthogonal classes at $s=9$ Proposition A and $S$ agree to three digits, while
# Lemma 1 says 2.080. (Section 12: for *every* $\rho$ neither the factor nor the subtracted term can be improved.)
#
# **Predict.** The paper's plots suggest $S\le L$, without any factor. What are both at $f=0$, one negative, ten
# classes?

# %% [markdown]
# <details><summary>Answer</summary>
#
# $L=\ln2=0.69$ and $S=\ln10=2.30$. A factor is needed, and at least 3.32.
#
# </details>
#
# ## 3 Many negatives: Lemma 2
#
# **Lemma 2** (Merad et al.). Let $p_{cc}(N)$ be the probability that $N$ draws from $\rho$ show all $C$ classes. Then
# $S\le L/p_{cc}(N)$.
#
# *Plan.* Jensen; throw away every draw that misses a class; throw away what is there twice.
#
# *Proof.* *Jensen.* Fix $c$, $x$ and the classes $c_1,\dots,c_N$. The function $v\mapsto\ln(1+\sum_ie^{v_i})$ is
# convex (a log-sum-exp), its arguments are linear in $f(x^+),f(x_1^-),\dots,f(x_N^-)$. So
#
# $$L\ \ge\ \mathbb E_{c,x}\,\mathbb E\,\ln\Bigl(1+\sum_ie^{a_{c_i}}\Bigr).\tag{J}$$
#
# A collision $c_i=c$ adds $e^{a_c}=1$. *Complete draws.* The logarithm is $\ge0$: replace it by 0 unless all classes
# were drawn. *Repetitions.* In a complete draw $1+\sum_ie^{a_{c_i}}\ge\sum_{j=1}^Ce^{a_j}$. Hence $L\ge
# p_{cc}(N)\,\mathbb E_{c,x}\ln\sum_je^{a_j}=p_{cc}(N)\,S$. $\square$
#
# The hypothesis $N=\Omega(C\ln C)$ of the paper is never used: the lemma holds for all $N\ge C$, and reads
# $S\le\infty$ for $N<C$. How large is $p_{cc}$? Inclusion and exclusion over the classes that are missed gives, for
# equally likely classes, $p_{cc}(N)=\sum_{j=0}^C(-1)^j\binom Cj(1-j/C)^N$.
#
# **Predict.** Evaluate that sum for $C=50$, $N=60$ in floating point. The true value is $3.35\cdot10^{-13}$. What
# comes out?

# %%
C, N = 50, 60
as_written = sum((-1) ** j * math.comb(C, j) * (1 - j / C) ** N for j in range(C + 1))
exact = sum((-1) ** j * math.comb(C, j) * (C - j) ** N for j in range(C + 1)) / C**N
largest = max(math.comb(C, j) * (1 - j / C) ** N for j in range(C + 1))
print(f"as written: {as_written:.3e}   exact integers: {exact:.6e}   largest term: {largest:.3e}")


def complete_by(C, N):
    """Probabilities that 0..N draws from C equally likely classes show all of them: positive terms only."""
    k, state, found = np.arange(C + 1), np.eye(1, C + 1)[0], np.zeros(N + 1)
    for draw in range(1, N + 1):  # state[k]: k classes seen so far; the next draw is new with probability 1 - k/C
        state = state * (k / C) + np.concatenate([[0.0], (state * (1 - k / C))[:-1]])
        found[draw] = state[C]
    return found


print(f"positive terms only: {complete_by(C, N)[N]:.6e}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# A negative number of size $10^{-10}$: terms of $10^4$ are rounded to sixteen digits, and the answer drowns. A
# recursion that adds products of positive numbers keeps its relative precision. (The exercise wants it for every
# $\rho$.)
#
# </details>
#
# What does the lemma give away? The paper's own setting, ten classes: its factor $1/p_{cc}$ is 22 at $N=15$, 2.3 at
# $N=25$, 1.3 at $N=35$. Throwing out incomplete draws is the expensive step: a draw that misses one class still
# compares with all the others. And then there is the following.
#
# ## 4 What Lemma 2 cannot say
#
# **Lemma E (floor).** For $C\ge2$, $\displaystyle L>\Phi_N:=\sum_c\rho_c\,\mathbb E\ln(1+m_c)$ for every $f$, where
# $m_c$ counts how many of $N$ draws show class $c$.
#
# *Plan.* Drop everything but the collisions.
#
# *Proof.* In (J) the negatives that collide contribute 1 each; all other terms are positive. $\square$
#
# For orthogonal classes, $f=\sqrt s\,e_c$, $L\to\Phi_N$ as $s\to\infty$: the floor is sharp. So the bound of Lemma 2
# is at least $\Phi_N/p_{cc}(N)$, *whatever $f$ is*. Where that exceeds $\ln C$, the bound is *vacuous*: the best
# classifier was known to be that good without training.
#
# **Predict.** Ten classes. For which $N$ can Lemma 2 say anything at all?


# %%
def window(C):
    """The smallest and the largest N for which Lemma 2 is not vacuous."""
    seen = complete_by(C, 3 * C**2)
    inside = [N for N in range(C, 3 * C**2 + 1) if floor(N, C) < seen[N] * math.log(C)]
    return (inside[0], inside[-1]) if inside else None


print({C: window(C) for C in (3, 4, 6, 10, 18)})
p_cc, N = complete_by(10, 200), np.arange(10, 201)
least = np.array([floor(n, 10) for n in N])
figure, (ax,) = figures.panels(1, width=5.4)
named = {"Lemma 2: $\\Phi_N/p_{cc}$": least / p_cc[10:], "the floor $\\Phi_N$": least}
figures.curves(N, named, ax, logx=True, xlabel="number of negatives N", ylabel="smallest possible bound")
figures.levels({"ln 10": math.log(10)}, ax, at=0.02)
ax.set_ylim(0, 6)
figures.described(figure,
    "The smallest possible bound against the number of negatives from 10 to 200. The floor rises steadily "
    "from 0.6 to 3.0. Lemma 2 comes down from infinity, passes ln 10 at N = 28, has its minimum 1.8 near N = "
    "43, joins the floor, and is above ln 10 again from N = 95 on."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# From $N=28$ to $N=94$. At $N=15$ and $N=25$, two of the paper's three settings, it is vacuous for every embedding. For
# three and for four classes it is so for *every* $N$.
#
# </details>
#
# The right end comes from the floor, which is about $\ln(1+N/C)$ and passes $\ln C$ near $N=C^2$. **No bound "constant
# times $L$" survives $N\to\infty$**: that is what our puzzle ran into. But the floor is a known number. Subtract it!
#
# ## 5 The vertex
#
# Fix an anchor $x$ of class $c$. After Jensen it pays, with $\omega_j=e^{a_j}$ and $n_j$ the number of draws of class
# $j$,
#
# $$g(\omega)=\mathbb E\ln\Bigl(1+m+\sum_{j\ne c}n_j\omega_j\Bigr),\qquad m=n_c,$$
#
# while the classifier pays $\varphi=\ln(1+\sigma)$, $\sigma=\sum_{j\ne c}\omega_j$. Which weights $\omega$ with a
# given sum are the worst, that is, let the contrastive loss be smallest?
#
# **Predict.** Two rivals of weight $\sigma/2$, or one of weight $\sigma$: for which does the anchor pay less?

# %% [markdown]
# <details><summary>Answer</summary>
#
# For one. With two, fewer draws miss all of the weight; with one it is all or nothing, and the logarithm is concave: it
# punishes spread.
#
# </details>
#
# **Lemma V (vertex).** Let $j(c)$ be a rarest class other than $c$. For all $\omega\ge0$,
#
# $$g(\omega)\ \ge\ \psi_c(\varphi):=\mathbb E\ln\bigl(1+m+n\,(e^\varphi-1)\bigr),\qquad n=n_{j(c)}.$$
#
# Hence $L\ge\mathbb E_{c,x}\,\psi_c(\varphi(c,x))$ for every $\rho$, $f$ and $N$, while $S=\mathbb
# E_{c,x}\,\varphi(c,x)$.
#
# *Plan.* A concave function on a simplex is smallest at a vertex; among the vertices the rarest class wins.
#
# *Proof.* (1) For each outcome of the draws, $\ln(1+m+\sum_jn_j\omega_j)$ is a logarithm of an affine function of
# $\omega$: concave. So $g$ is. (2) With $e_j$ the unit vectors, $\omega=\sum_j\frac{\omega_j}\sigma(\sigma e_j)$ is a
# mean of the vertices $\sigma e_j$ of the simplex, so $g(\omega)\ge\sum_j\frac{\omega_j}\sigma g(\sigma
# e_j)\ge\min_jg(\sigma e_j)$, and $g(\sigma e_j)=\mathbb E\ln(1+m+n_j\sigma)$. (3) Given $m$, each of the other $N-m$
# draws shows $j$ with a probability proportional to $\rho_j$. For a rarer class one may take the draws of the
# likelier one and keep each with probability $\rho_j/\rho_{j'}$ (*thinning*): $n_j$ only falls, and so does the
# logarithm. The rarest class gives the minimum. (4) Insert into (J) and average. $\square$
#
# At a vertex two numbers describe the anchor: how many draws hit its class ($m$), and how many its only rival ($n$).
# A first harvest, for *every* $\rho$:
#
# **Proposition D.** $\displaystyle\ S\le\frac{L-\tau_N\ln(N+1)}p$, $\ p=1-(1-p_{\min})^N$,
# $\ \tau_N=P(c_1=\dots=c_N=c)=\sum_c\rho_c^{N+1}$.
#
# *Plan.* In $\psi_c$ keep one rival and full collisions.
#
# *Proof.* Where $n\ge1$, $\ln(1+m+nW)\ge\ln(1+W)=\varphi$; that has probability at least $p$. Where $n=0$, keep the
# draws with $m=N$: they pay $\ln(N+1)$ and have probability $\rho_c^N$. So $\psi_c(\varphi)\ge
# p\,\varphi+\rho_c^N\ln(N+1)$; average. $\square$
#
# $p>p_{cc}$ for $C\ge2$: all classes are seen only if the rarest is. At $N=1$ it is Proposition A.

# %% [markdown]
# ## 6 The slope, and the best bounds
#
# From here to section 12 the classes are equally likely. All anchors then have the same function
# $\psi(\varphi)=\mathbb E\ln(1+m+nW)$, $W=e^\varphi-1$, where $m$ and $n$ count the draws of two given classes, each
# of probability $1/C$ a draw; $w(m,n)$ is the probability of $(m,n)$. Everything depends on how steep $\psi$ is: at
# most, at least, and where.


# %%
def draws(N, C):
    """m, n and their probabilities w(m, n), for two of C equally likely classes and N draws."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, N + 1)))])
    m, n = (x.ravel() for x in np.meshgrid(np.arange(N + 1), np.arange(N + 1), indexing="ij"))
    m, n = m[m + n <= N], n[m + n <= N]
    rest = N - m - n
    none = rest * math.log(1 - 2 / C) if C > 2 else np.where(rest > 0, -np.inf, 0.0)
    return m, n, np.exp(logs[N] - logs[m] - logs[n] - logs[rest] - (m + n) * math.log(C) + none)


def psi(N, C, grid):
    """psi and its slope at each point of the grid."""
    (m, n, w), W = draws(N, C), np.expm1(grid)[:, None]
    return np.log(1 + m + n * W) @ w, (n * (1 + W) / (1 + m + n * W)) @ w


# %% [markdown]
# **Predict.** For ten classes and 15 negatives, where is $\psi$ steepest: where the classifier is good ($\varphi\to0$),
# where it guesses, or where it is terrible ($\varphi\to\infty$)? And where is it flattest?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
grid = np.linspace(0, 8, 321)
figure, (left, right) = figures.panels(2)
for N, colour in zip((5, 15, 50), figures.shades(3), strict=True):
    value, slope = psi(N, 10, grid)
    p = 1 - 0.9**N
    look = {"colours": [colour], "xlabel": "classifier's loss $\\varphi$"}
    figures.curves(
        grid, {f"N = {N}": value - value[0]}, left, ylabel="$\\psi(\\varphi)-\\Phi_N$", legend="upper left", **look
    )
    figures.curves(grid, {f"N = {N}": slope}, right, ylabel="slope of $\\psi$", legend="center right", **look)
    print(f"N = {N}: p = {p:.4f}, slope at 0, ln 2, 8: {slope[0]:.4f}, {slope.min():.4f}, {slope[-1]:.4f}")
figures.marks({"ln 2": math.log(2)}, right, at=0.66)
figures.described(figure,
    "Two panels against the classifier's loss phi from 0 to 8, for N = 5, 15 and 50. Left, psi minus its "
    "floor: three nearly straight lines from 0 to 3.2, 6.1 and 7.8. Right, the slope of psi: each curve "
    "begins at p, dips to its minimum at ln 2, a dotted line, and returns to p: 0.41 with 0.39, 0.79 with "
    "0.70, 0.99 with 0.90."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It is equally steep at both ends, with slope $p$, and flattest at $\varphi=\ln2$, that is $W=1$: where the rival
# weighs as much as a collision, so that neither stands out.
#
# </details>
#
# **Slope formula.** Exactly, for $W>0$,
#
# $$p-\psi'(\varphi)=\sum_{1\le i<j}w(i-1,j)\,\frac{(j-i)^2(i+j)}i\cdot\frac1{ij(W+\frac1W)+i^2+j^2}.$$
#
# *Plan.* Write the difference as a sum over pairs and add up $(i,j)$ and $(j,i)$.
#
# *Proof.* $\psi'=(1+W)\,\mathbb E\bigl[\frac n{1+m+nW}\bigr]$ and $p=P(n\ge1)$. With $i=m+1$ and $j=n$,
# $\frac{j(1+W)}{i+jW}-1=\frac{j-i}{i+jW}$, so $\psi'-p=\sum_{i,j\ge1}w(i-1,j)\frac{j-i}{i+jW}$. Since both classes are
# equally likely, $w(j-1,i)=\frac ji\,w(i-1,j)$. For $i<j$ the terms of $(i,j)$ and $(j,i)$ add up to
#
# $$w(i-1,j)(j-i)\Bigl[\frac1{i+jW}-\frac ji\,\frac1{j+iW}\Bigr]
#   =-\,w(i-1,j)\,\frac{(j-i)(j^2-i^2)\,W}{i\,(i+jW)(j+iW)},$$
#
# and $(i+jW)(j+iW)/W=ij(W+\frac1W)+i^2+j^2$. $\square$
#
# Every term is positive, the same for $W$ and $1/W$, and largest where $W+\frac1W$ is least, at $W=1$. So $\psi'\le p$
# everywhere; $\psi'$ falls up to $\varphi=\ln2$ and rises after it; and $\psi'\ge\theta_N:=\psi'(\ln2)=2\,\mathbb
# E\bigl[\frac n{1+m+n}\bigr]$. Given $t=m+n$ the mean of $n$ is $t/2$: $\theta_N=1-\mathbb E\bigl[\frac1{1+t}\bigr]$.
#
# **Theorem D+.** For uniform $\rho$, every $f$ and $N$:
# $\displaystyle\ S\le\frac{L-B^*}p$, $\ B^*=\mathbb E[\ln n;\,n\ge1]+\mathbb E[\ln(1+m);\,n=0]$.
#
# *Plan.* $\psi-p\,\varphi$ falls; find its limit.
#
# *Proof.* $(\psi-p\varphi)'\le0$. For $\varphi\to\infty$, $\ln(1+m+nW)-1[n\ge1]\ln(1+W)$ tends to $\ln n$ where
# $n\ge1$ and is $\ln(1+m)$ where $n=0$. So $\psi(\varphi)\ge p\,\varphi+B^*$; average over the anchors (Lemma V).
# $\square$
#
# The term $m=N$ of $B^*$ alone is $\tau_N\ln(N+1)$: D+ is never worse than Proposition D, nor than Lemma 2. (The
# exercise finds D+ for *every* $\rho$.)
#
# **Theorem F+.** For uniform $\rho$, every $f$ and $N$: $\displaystyle\ S\le\frac{L-\Phi_N}{\theta_N}$.
#
# *Plan.* $\psi$ starts at the floor and climbs with a slope of at least $\theta_N$.
#
# *Proof.* $\psi(0)=\Phi_N$ and $\psi'\ge\theta_N$ give $\psi(\varphi)\ge\Phi_N+\theta_N\varphi$; average. $\square$
#
# **One curve.** Both are straight lines below $\psi$. The best bound that Lemma V yields is the largest *convex*
# function $\psi^{**}$ below $\psi$: $L\ge\mathbb E\,\psi(\varphi)\ge\psi^{**}(S)$ by Jensen. For $N\ge2$, $\psi$ is
# concave up to $\ln2$ and convex after it, so $\psi^{**}$ is the chord from $(0,\Phi_N)$ to the point $\varphi^*$
# where it touches, and $\psi$ from there on. The chord's slope $q^*=\min_\varphi(\psi(\varphi)-\Phi_N)/\varphi$ is a
# little above $\theta_N$: $S\le(L-\Phi_N)/q^*$, and this constant is best possible (section 12).


# %%
def best_bound(N, C, loss):
    """The curve: the largest S with psi**(S) <= loss, uniform classes."""
    grid = np.linspace(1e-3, 12, 600)
    value, _ = psi(N, C, grid)
    chord = (value - floor(N, C)) / grid
    touch = int(np.argmin(chord))
    if loss <= value[touch]:
        return (loss - floor(N, C)) / chord[touch]
    return np.interp(loss, value[touch:], grid[touch:])


N, C = 15, 10
m, n, w = draws(N, C)
hit = n >= 1
B = w[hit] @ np.log(n[hit]) + w[~hit] @ np.log1p(m[~hit])
theta, p = 2 * w @ (n / (1 + m + n)), w[hit].sum()
grid = np.linspace(0, 4, 200)
lines = {
    "$\\psi$": psi(N, C, grid)[0],
    "D+: $B^*+p\\,\\varphi$": B + p * grid,
    "F+: $\\Phi_N+\\theta_N\\varphi$": floor(N, C) + theta * grid,
}
figure, (ax,) = figures.panels(1, width=5.4)
lines["Lemma 2: $p_{cc}\\,\\varphi$"] = complete_by(C, N)[N] * grid
figures.curves(grid, lines, ax, styles=["-", "--", "--", ":"], xlabel="$\\varphi$", ylabel="nats", legend="upper left")
print(f"p = {p:.4f}  B* = {B:.4f}  floor = {floor(N, C):.4f}  theta = {theta:.4f}")
figures.described(figure,
    "Four lines against phi from 0 to 4, N = 15, ten classes. Psi rises from 0.8 to 3.8, almost straight. F+ "
    "touches it at phi = 0 and falls a little behind; D+ starts lower, at 0.6, and meets it at the right end. "
    "Lemma 2 is far below, a dotted line from 0 to 0.2."
)

# %% [markdown]
# D+ (dashed orange) touches $\psi$ at infinity, F+ (dashed green) at 0; between them hardly anything is left to gain.
# Lemma 2 (dotted) is a line of slope 0.046 through the origin. A bound on $S$ is read off from right to left: at
# which $\varphi$ does the line reach the height $L$?
#
# Is any of this vacuous? The numerator of F+ can be made as small as one likes, so F+ never is. Nor is D+: its least
# value over all embeddings, $(\Phi_N-B^*)/p$, is at most $(4\ln2+2\ln3)/15=0.3313<\ln2$ for *all* $C$ and $N$, with
# equality at $C=2$, $N=4$ (proof in section 12).
#
# ## 7 The puzzle solved
#
# **Lemma H.** If $t$ counts how many of $N$ draws fall into a set of probability $q$, then $\mathbb
# E\bigl[\frac1{1+t}\bigr]\le\frac1{(N+1)q}$.
#
# *Plan.* $\frac1{1+t}=\int_0^1u^tdu$.
#
# *Proof.* $\mathbb E\,u^t=(1-q+qu)^N$, and $\int_0^1(1-q+qu)^Ndu\le\int_{-(1-q)/q}^1(1-q+qu)^Ndu=\frac1{(N+1)q}$.
# $\square$
#
# **Sandwich.** Uniform $\rho$. (a) For every $f$ and $N+1>C/2$,
#
# $$S\ \le\ \frac{L-\ln\frac{N+1}C}{1-\frac C{2(N+1)}} .$$
#
# (b) If $f$ is constant on each class, $\displaystyle\ 0\ \le\ S+\ln\Bigl(1+\frac NC\Bigr)-L\ \le\
# \frac{C-1}{N+1}+\frac{C\,S}{2(N+1)}$.
#
# *Plan.* F+ with both of its constants bounded by Lemma H; for the other side the logarithm is concave.
#
# *Proof.* (a) $\Phi_N=\mathbb E\ln(1+m)=-\mathbb E\ln\frac1{1+m}\ge-\ln\mathbb E\frac1{1+m}\ge\ln\frac{N+1}C$, as a
# draw hits one class with probability $1/C$; two classes with $2/C$, so $\theta_N\ge1-\frac C{2(N+1)}$. Insert into
# F+. (Where the numerator of F+ grows and its denominator shrinks, the bound grows.) (b) Jensen's step (J) is an
# equality here, and $\ln$ is concave: $L\le\mathbb E_c\ln(1+\frac NC\sum_je^{a_j})\le\mathbb E_c\bigl[\ln(1+\frac
# NC)+\varphi\bigr]$. On the other side F+ gives $S+\ln(1+\frac NC)-L\le\ln(1+\frac NC)-\Phi_N+(1-\theta_N)S$, and by
# the two bounds of (a) this is at most $\ln\frac{N+C}{N+1}+\frac C{2(N+1)}S$; and $\ln(1+y)\le y$. $\square$
#
# **With many negatives the contrastive loss of a class-constant embedding *is* the supervised loss, plus the known
# number $\ln(1+N/C)$.** That is what negatives buy: not a smaller loss, but a tighter certificate, at the rate $C/N$.
#
# **Predict.** For the four digit encoders: by which factor does F+ exceed $S$, at $N=16$ and at $N=1000$?


# %%
def constants(N, C):
    """p, B*, the floor and theta."""
    m, n, w = draws(N, C)
    hit = n >= 1
    B = w[hit] @ np.log(n[hit]) + w[~hit] @ np.log1p(m[~hit])
    return w[hit].sum(), B, floor(N, C), 2 * w @ (n / (1 + m + n))


for N, (loss, S, _) in measured.items():
    p, B, base, theta = constants(N, 10)
    print(
        f"N = {N:4d}: L = {loss:.3f}  L - floor = {loss - base:.3f}   S = {S:.3f}   D+ {(loss - B) / p:.3f}"
        f"   F+ {(loss - base) / theta:.3f}   Lemma 2 {loss / complete_by(10, N)[N] if N > 9 else math.inf:.3g}"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# By a factor of 2.4 at $N=16$ and 2.2 at $N=1000$: half a nat, far below $\ln10$. Lemma 2 is infinite for $N=1$, and
# 18, 3.8, 5.1 after that: it says nothing about any of the four.
#
# </details>
#
# D+ and F+ fall with $N$, as $S$ does, while $L$ rises: the floor is taken out of the numerator, and the denominator
# goes to 1. What is left between F+ and $S$ is Jensen's step, the spread inside the classes, which no bound of this
# kind sees. One embedding, all $N$, shows the rest:

# %%
X = embeddings[256].mean(axis=1, keepdims=True)  # each digit shrunk to its mean
S = lse(logits_of(X)[0]).mean()
at = np.unique(np.geomspace(1, 600, 16).astype(int)).tolist()
loss = np.array([loss_of(X, N) for N in at])
p, B, base, theta = np.array([constants(N, 10) for N in at]).T
seen = complete_by(10, 600)[at]
shown = {
    "Lemma 2": np.divide(loss, seen, out=np.full(len(at), np.nan), where=seen > 0),
    "D+": (loss - B) / p,
    "F+": (loss - base) / theta,
}
shown["the loss itself"] = loss
figure, (ax,) = figures.panels(1, width=5.6)
figures.curves(
    at, shown, ax, logx=True, logy=True, xlabel="number of negatives N", ylabel="nats", styles=["-", "-", "-", "--"]
)
figures.levels({"S": S, "ln 10": math.log(10)}, ax, at=1.01)
ax.set_ylim(S / 2, 40)
ratio = (loss - base) / theta / S
print(f"F+ / S: {ratio[0]:.3f} at N = 1, at most {ratio.max():.3f}, {ratio[-1]:.3f} at N = 600")
figures.described(figure,
    "Bounds against the number of negatives from 1 to 600, both axes logarithmic. Lemma 2 falls steeply from "
    "above 40, is below ln 10 only between N = 30 and 80, and rises with the loss. D+ starts at 0.17, humps "
    "to 0.45 near N = 20 and comes back to 0.17. F+ stays at 0.17 and falls onto the dashed line S = 0.16. "
    "The loss itself rises from 0.09 to 4.3."
)

# %% [markdown]
# The loss rises (dashed), and Lemma 2 joins it. F+ is close to $S$ for every $N$ and falls onto it; D+ rises
# first, because $B^*$ lags behind the floor, and then does the same. Neither is always the smaller: take both.
#
# **Explore: the number of negatives.** Orthogonal classes of norm $\sqrt2$. The loss is a height; where a line reaches
# that height, its bound on $S$ is read off below. Move $N$: which bound comes into the window below $\ln10$, and which
# one leaves it again?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
s, phi, rows = 2.0, np.linspace(0, 4, 41), []
counts = (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 28, 35, 50, 70, 94, 120, 200, 400)
for n in counts:
    (p, B, base, theta), value = constants(n, 10), expected_log(np.array([0.0, -s]), np.array([0.1, 0.9]), n)
    lines = {"Lemma 2": [0.0, complete_by(10, n)[n]], "D+": [B, p], "F+": [base, theta]}
    bounds = {name: (value - least) / slope if slope > 0 else None for name, (least, slope) in lines.items()}
    rows.append({"psi": psi(n, 10, phi)[0], "loss": value, "lines": lines, "bounds": bounds})
S = math.log1p(9 * math.exp(-s))
figure, (ax,) = figures.panels(1, width=4.6)
shown = rows[counts.index(15)]
named = {"$\\psi$": shown["psi"]} | {name: least + slope * phi for name, (least, slope) in shown["lines"].items()}
figures.curves(phi, named, ax, styles=["-", ":", "--", "--"], xlabel="$\\varphi$", ylabel="nats", title="N = 15")
figures.levels({"loss": shown["loss"]}, ax, at=0.98, above=False)
setting = {"texts": [str(n) for n in counts], "start": counts.index(15), "phi": phi, "S": S, "chance": math.log(10)}
figures.live(figure, "bounds", setting | {"rows": rows})
figures.described(figure,
    "For N = 15 the curve psi, the lines of D+ and F+ close below it, and the line of Lemma 2 far below, against "
    "phi from 0 to 4. A dashed line marks the height of the loss, 1.4; D+ and F+ reach it near phi = 1."
)

# %% [markdown]
# **Find the bug.** A colleague samples instead, and refutes Theorem F+:

# %%
rng, C, N, s = np.random.default_rng(0), 10, 8, 2.0  # orthogonal classes: logits 0 (own class) and -s
samples = []
for _ in range(20000):
    batch = rng.permutation(C)  # the classes of a batch
    anchor, negatives = batch[0], batch[1 : N + 1]
    samples.append(math.log1p(np.where(negatives == anchor, 1.0, math.exp(-s)).sum()))
p, B, base, theta = constants(N, C)
print(
    f"L = {np.mean(samples):.3f}, F+ = {(np.mean(samples) - base) / theta:.3f}, S = {math.log1p(9 * math.exp(-s)):.3f}"
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `rng.permutation` lets every class stand once in the batch: there are no collisions, the floor of *that* loss is 0,
# and subtracting $\Phi_N$ takes away what was never paid. With `rng.integers(C, size=N + 1)` for the batch $L=0.99$
# and F+ $=0.97\ge S$. A batch without collisions has another loss and needs another theorem (the exercise derives one
# for negatives drawn independently from the other classes).
#
# </details>
#
# ## 8 Smaller tasks: Proposition 1
#
# A task consists of $k+1$ distinct classes, all such sets equally likely. Given $(c,x)$ its $k$ other classes are a
# uniform $k$-subset $A$ of the $C-1$ others; with $\varphi(A)=\ln(1+\sum_{j\in A}e^{a_j})$, $S_k=\mathbb
# E_{c,x}\,\mathbb E_A\,\varphi(A)$.
#
# **Proposition 1** (Merad et al.). For $1\le k<C$ and $\tau_N=C^{-N}$:
# $\displaystyle\ S_k\le\frac k{1-\tau_N}\bigl(L-\tau_N\ln(N+1)\bigr)$.
#
# *Plan.* Keep one negative of another class.
#
# *Proof.* With probability $\tau_N$ all negatives collide, and (J) pays $\ln(N+1)$. Otherwise let $i$ be the *first*
# index with $c_i\ne c$ and keep its term and the 1: at least $\zeta(a_{c_i})$, $c_i$ uniform on the others. And
# $\frac1{C-1}\sum_{j\ne c}\zeta(a_j)=\frac1k\,\mathbb E_A\sum_{j\in A}\zeta(a_j)\ge\frac1k\,\mathbb E_A\,\varphi(A)$.
# Average. $\square$
#
# Keeping one negative of $N$ is what leaves the factor $k$ there for ever.
#
# **Theorem $\kappa$.** The best constant in $S_k\le\kappa\,(L-\tau_N\ln(N+1))$ is
#
# $$\kappa=\max_{1\le q<C}\ \frac{P(\text{the task's other classes meet a given set of }q\text{ other classes})}
#   {P(N\text{ draws meet that set})}.$$
#
# *Plan.* By the integral of Proposition G, $\varphi(A)$ is a mean of events "$A$ meets $Q$". Compare event by event.
#
# *Proof.* For a set $A$ of other classes, $\ln(1+\sum_{j\in
# A}\omega_j)=\int_0^\infty\frac{e^{-u}}u\bigl(1-\prod_{j\in A}e^{-u\omega_j}\bigr)du$, and $1-\prod_{j\in
# A}e^{-u\omega_j}=P(A\text{ meets }Q_u)$ for a random set $Q_u$ that contains each class $j$ independently with
# probability $1-e^{-u\omega_j}$. Let $J$ be the set of other classes drawn. For a fixed set of $q\ge1$ classes,
# $P(A\text{ meets it})\le\kappa\,P(J\text{ meets it})$ by definition; both depend on $q$ only. Average over $Q_u$ and
# integrate: $\mathbb E\,\varphi(A)\le\kappa\,\mathbb E\,\varphi(J)$. And $L\ge\tau_N\ln(N+1)+\mathbb E_{c,x}\,\mathbb
# E\,\varphi(J)$: in (J) drop repetitions, and collisions unless all collide. *Best:* give one anchor class $q$ rivals
# of a huge weight $e^s$, with the maximising $q$ (a world as in section 12): then $S_k\approx\frac sC P(A\text{
# meets})$ and $L\approx\frac sC P(J\text{ meets})$. $\square$
#
# **Predict.** $C=10$, $N=15$: how large is $\kappa$ for tasks of two classes ($k=1$), and of ten ($k=9$), where the
# paper has 9.00?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
# kappa for C = 10 and k = 1..9, from the exercise's function
kappa = {
    3: [1.001, 1.0081, 1.23, 1.64, 2.05, 2.46, 2.87, 3.28, 3.69],
    15: [1.0, 1.0, 1.0, 1.0, 1.0, 1.0005, 1.0077, 1.1194, 1.2593],
}
figure, (ax,) = figures.panels(1, width=5.2)
k = np.arange(1, 10)
figures.curves(k, {f"best, N = {N}": value for N, value in kappa.items()}, ax, styles=["o-"])
look = {"xlabel": "k (tasks of k + 1 classes)", "ylabel": "factor", "legend": "upper left"}
figures.curves(k, {"Proposition 1, N = 15": k / (1 - 1e-15)}, ax, colours=[figures.GREY], styles=["--"], **look)
figures.described(figure,
    "The factor against k from 1 to 9. Proposition 1, dashed, is the line from 1 to 9. The best factor for N "
    "= 3 is 1 up to k = 2 and then grows to 3.7; for N = 15 it stays at 1 up to k = 7 and ends at 1.26."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 1.000 and 1.259. For $k=1$ it is the paper's factor, for $k=C-1$ that of Proposition D, and for $N\to\infty$ it
# tends to 1 for every $k$: here, too, negatives buy the factor.
#
# </details>
#
# (But with only $\tau_N\ln(N+1)$ subtracted the floor remains in the numerator. As $S_k\le S$, F+ bounds $S_k$ as
# well. The best constant for $S_k$ *with the floor subtracted* is not known.)
#
# > **Source check.** The paper's Proposition 2(1) subtracts $\tau$ in place of $\tau\ln2$ and uses base 2 there. In
# > nats, which it uses elsewhere, that fails already at $f=0$, $C=2$, $k=1$: $L=S_1=0.693$, "bound" 0.386. Its remark
# > that $1/p_{cc}$ is hard to improve is answered by D, D+ and F+; its Figure 2, where the inequality "seems to hold"
# > without a factor, by section 12.
#
# ## 9 What fails
#
# **Without Jensen's equality the left side of the sandwich.** Two points $\pm R\,e_c$ (each class on an axis of its
# own) in each of three classes: all means are 0 and $S=\ln3$ for every $R$, while $L$ (with $N=2$) is 1.27, 6.0, 64
# for $R=1$, 3, 10, and $S+\ln(1+N/C)$ is 1.61. A large loss says nothing about $S$; the bounds go one way only.
#
# **Without independent draws of the classes**, all of it: see the bug above.
#
# **Without equally likely classes, Theorem F+**: section 13.
#
# ## 10 Against the bounds in print
#
# All for uniform $\rho$; $p_{cc}=p_{cc}(N+1)$, $H_k=\sum_{i\le k}\frac1i$, $b$ the largest norm of $f$.
#
# | source | bound on $S$ | remark |
# |---|---|---|
# | Saunshi et al. 2019, extended | $(L-\Phi_N)\,/\,\bigl((1-\frac1C)^N\,p_{cc}\bigr)$ | $N+1\ge C$ |
# | Nozawa, Sato 2021 | $(2L-\Phi_N)\,/\,p_{cc}$ | up to a term of unknown sign |
# | Ash et al. 2022 | $2\max(1,\frac{N_0}N)(L-\Phi_N)/(1-\frac1C)^N$ | $N_0=2(C-1)H_{C-1}$ |
# | Bao et al. 2022 | $L+\ln(C/N)+\ln\cosh^2(b^2)$ | uses the norm |
# | with Specht's ratio | $L+\ln(C/N)+\ln\Sigma(e^{2b^2})$ | sharper than Kantorovich |
# | Awasthi et al. 2022 | at the *optimum* more negatives do not hurt | no number for a given $f$ |
#
# Sources: [Saunshi et al.](https://arxiv.org/abs/1902.09229), [Nozawa and Sato](https://arxiv.org/abs/2102.06866),
# [Ash, Goel, Krishnamurthy, Misra](https://arxiv.org/abs/2106.09943), whose factor is the "collision-coverage
# trade-off", [Bao, Nagano, Nozawa](https://arxiv.org/abs/2110.02501), [Awasthi, Dikkala,
# Kamath](https://arxiv.org/abs/2205.01789); constants as in the code of Bao et al. Specht's ratio
# $\Sigma(y)=y^{1/(y-1)}/(e\ln y^{1/(y-1)})$ is the best reverse of Jensen's inequality for the logarithm; Bao et al.
# use Kantorovich's. [Wang et al.](https://arxiv.org/abs/2203.13457) and [Zhang et al.
# 2025](https://arxiv.org/abs/2511.03114) have additive bounds of the kind $L-\ln\frac NC$; the latter announces the
# "tightest bounds based on conditional independence". Of these two and of Awasthi et al. we know the abstracts only,
# so we do not claim that D+ and F+ are new.


# %%
def published(N, C, loss, b):
    """The bounds of the table, for a loss and a largest norm b."""
    v, miss, h = complete_by(C, N + 1)[N + 1], (1 - 1 / C) ** N, math.exp(2 * b * b)
    harmonic = sum(1 / i for i in range(1, C))
    above, root = loss - floor(N, C), math.log(h) / (h - 1)
    specht = root - 1 - math.log(root)
    return {
        "Saunshi et al.": above / (miss * v) if v > 0 else math.inf,
        "Nozawa, Sato": (loss + above) / v if v > 0 else math.inf,
        "Ash et al.": 2 * max(1, 2 * (C - 1) * harmonic / N) / miss * above,
        "Bao et al.": loss + math.log(C / N) + 2 * math.log(math.cosh(b * b)),
        "with Specht": loss + math.log(C / N) + specht,
    }


# %%
def orthogonal(N, C, s):
    """L and S for f = sqrt(s) e_c: logits 0 and -s."""
    return expected_log(np.array([0.0, -s]), np.array([1 / C, 1 - 1 / C]), N), math.log1p((C - 1) * math.exp(-s))


for s, N in ((1, 5), (1, 15), (1, 35), (2, 15), (9, 35)):
    loss, S = orthogonal(N, 10, s)
    p, B, base, theta = constants(N, 10)
    row = {"Lemma 2": loss / complete_by(10, N)[N] if N > 9 else math.inf, **published(N, 10, loss, math.sqrt(s))}
    row |= {"D+": (loss - B) / p, "F+": (loss - base) / theta, "curve": best_bound(N, 10, loss)}
    print(f"s = {s}, N = {N}, S = {S:.4f}:  " + "  ".join(f"{name} {value:.3g}" for name, value in row.items()))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
at = np.unique(np.geomspace(1, 300, 18).astype(int)).tolist()
figure, axes = figures.panels(2, height=3.8)
for ax, s in zip(axes, (1.0, 4.0), strict=True):
    rows, ours = [], []
    for N in at:
        loss, S = orthogonal(N, 10, s)
        p, B, base, theta = constants(N, 10)
        ours.append(((loss - B) / p, (loss - base) / theta))
        rows.append([*published(N, 10, loss, math.sqrt(s)).values()])
    names = ("Saunshi et al.", "Nozawa, Sato", "Ash et al.", "Bao et al.", "with Specht")
    named = {name: np.where(np.isfinite(c), c, np.nan) for name, c in zip(names, np.transpose(rows), strict=True)}
    named |= dict(zip(("D+", "F+"), np.transpose(ours), strict=True))
    look = {"logx": True, "logy": True, "xlabel": "N", "ylabel": "bound (nats)", "title": f"norm {math.sqrt(s):g}"}
    figures.curves(at, named, ax, legend=None if s > 1 else "upper right", **look)
    figures.levels({"S": S, "ln 10": math.log(10)}, ax, at=1.01)
    ax.set_ylim(S / 2, 60)
figures.described(figure,
    "Seven bounds against N from 1 to 300, logarithmic axes, for embeddings of norm 1 and norm 2. Norm 1: "
    "Saunshi, Nozawa and Ash lie above ln 10 everywhere, Bao falls to about ln 10, the version with Specht to "
    "1.9, and D+ and F+ fall together onto S = 1.5. Norm 2: Ash is below ln 10 for N up to 6 and Nozawa "
    "touches it near N = 40; Bao and Specht stay at 7 and 5; D+ humps to 0.45 and F+ stays on S = 0.15."
)

# %% [markdown]
# Orthogonal classes of norm 1 (left) and 2 (right). Only what lies below $\ln10$ says anything. The multiplicative
# bounds enter that window for a few $N$ or not at all; Bao's goes along, at norm 1, at a distance of
# $\ln\cosh^2(b^2)$ that grows with the norm (from 0.87 at $b=1$ to 6.6 at $b=2$; 0.47 and 4.9 with Specht's ratio);
# D+ and F+ fall onto $S$.
#
# F+ is never above the first three, D+ never above the second (section 11); against the first and the third D+ can
# lose, as at $s=9$, $N=35$ above. Bao's bound is not comparable: it knows the norm, and for some embeddings and
# numbers of negatives it is the smaller one (section 11 says where).
#
# ## 11 Which bound is the smaller (optional)
#
# **Proposition K.** For every $f$ and uniform $\rho$: F+ is at most the bound of Saunshi et al., that of Nozawa and
# Sato, and that of Ash et al.; D+ is at most that of Nozawa and Sato.
#
# *Plan.* Compare factors, then numerators.
#
# *Proof.* Where $m=0$ and $n\ge1$, $\frac{2n}{1+m+n}\ge1$: so $\theta_N\ge
# P(m=0,n\ge1)=(1-\frac1C)^N\bigl(1-(1-\frac1{C-1})^N\bigr)$. Let the first of $N+1$ draws show some class: if all are
# seen, the other $N$ show any given other class, so $p_{cc}\le 1-(1-\frac1C)^N=p$, and $p\le1-(1-\frac1{C-1})^N$. That
# is the first claim. For the second $p_{cc}\le p$, and $L-B^*\le2L-\Phi_N$, since $\Phi_N\le L$ and $B^*\ge0$. For the
# third: $\theta_N=1-\int_0^1(1-\frac2C+\frac{2u}C)^Ndu$ is concave in $N$ and 0 at $N=0$; it is at least $\frac12$
# from $N=C-1$ on, so at $N_0=2(C-1)H_{C-1}$. Hence $\theta_N\ge\min(\frac12,\frac N{2N_0})$. F+ against Nozawa and
# Sato: for $N+1\ge C$, $\theta_N\ge\frac12$ and $p_{cc}\le1$, so
# $(L-\Phi_N)/\theta_N\le2L-2\Phi_N\le(2L-\Phi_N)/p_{cc}$; for $N+1<C$ theirs is infinite. $\square$
#
# **Predict.** When can Bao's bound be the smaller one: for few negatives or many, short embeddings or long ones?
#
# **Where Bao's is the smaller.** Ten classes at random places in three dimensions, of one norm; the share of tables
# on which a bound of Bao's kind is below both D+ and F+, with $\cosh^2$ and with Specht's ratio:


# %%
def share_of_wins(N, norm, rng):
    """Over 60 random tables of one point per class."""
    (p, B, base, theta), wins = constants(N, 10), []
    for _ in range(60):
        z = rng.normal(size=(10, 3))
        z *= norm / np.linalg.norm(z, axis=1, keepdims=True)
        loss = np.mean([expected_log(row, np.full(10, 0.1), N) for row in z @ z.T - norm**2])
        bounds = published(N, 10, loss, norm)
        ours = min((loss - B) / p, (loss - base) / theta)
        wins.append([bounds["Bao et al."] < ours, bounds["with Specht"] < ours])
    return np.mean(wins, axis=0).round(2).tolist()


rng = np.random.default_rng(12)
for norm in (0.7, 1.0, 1.4):
    print(f"norm {norm}:", {N: share_of_wins(N, norm, rng) for N in (2, 5, 10, 50)})

# %% [markdown]
# <details><summary>Answer</summary>
#
# For few negatives and short embeddings. At norm 0.7 Bao's bound is the smaller on every table up to $N=10$, and on
# none at $N=50$; at norm 1 the version with Specht's ratio is so on 60 % of them at $N=2$ and on 12 % at $N=5$; at
# norm 1.4 neither ever is. At each norm D+ and F+ win once there are enough negatives; the shorter the vectors, the
# more that takes.
#
# </details>
#
# A sharp bound under a norm constraint, better than both, is an open problem: the weights then live in a box, and the
# vertices of a box cut by a plane have more than one rival.
#
# ## 12 The worlds that attain the constants (optional)
#
# Let one class $c$ have one rival of logit $s$, and all other logits be hugely negative. Then $S=\frac1C\varphi$ and
# $L=\frac1C\psi(\varphi)+\frac{C-1}C\Phi_N$ with $\varphi=\ln(1+e^s)$, so that
#
# $$\frac{L-\Phi_N}S=\frac{\psi(\varphi)-\Phi_N}\varphi .$$
#
# Choose $\varphi=\varphi^*$: F+ with $q^*$ in place of $\theta_N$ is attained. Let $s\to\infty$: $S/L\to1/p$, the
# factor of Propositions A and D and of D+; since it is above 1, the inequality *without* a factor is false. For other
# $\rho$ the same table gives $S/L\to1/p$ when the rarest class is the rival and $c$ any other one. Which pair decides about
# $q^*$ there is a question of the exercise.
#
# Is that table one of a world? Not every table is: with one point per class $a_j=f(x_c)\cdot f(x_j)-\lVert
# f(x_c)\rVert^2$, so the logit of $j$ at $c$ and that of $c$ at $j$ add up to $-\lVert f(x_c)-f(x_j)\rVert^2$. It is
# one in the limit of long vectors; the exercise's challenge `attaining_world` builds it.

# %%
for C, N in ((2, 2), (3, 4), (10, 15), (10, 35)):
    grid = np.linspace(0.01, 6, 600)
    value, _ = psi(N, C, grid)
    chord = (value - floor(N, C)) / grid
    p, _, _, theta = constants(N, C)
    q, where = chord.min(), grid[chord.argmin()]
    print(
        f"C = {C}, N = {N}: p = {p:.4f}  q* = {q:.5f} at {where:.2f}  theta = {theta:.5f}  (1 - q*) N/C = {(1 - q) * N / C:.3f}"
    )

# %% [markdown]
# $\theta_N$ loses two percent against $q^*$. For large $N$, $1-q^*\approx0.407\,C/N$ and $1-\theta_N\approx0.5\,C/N$.
# What is the best *additive* constant beside the factor $1/p$? At least $B^*$, at most $((C-1)B^*+\Phi_N)/C$; which
# one is an open question.
#
# **D+ is never vacuous.** Its least value over all embeddings is $(\Phi_N-B^*)/p\le(4\ln2+2\ln3)/15$.
#
# *Plan.* Both numerator and denominator are means over $T=1+t$; compare them for each $T$.
#
# *Proof.* With $i=m+1$, $j=n$, $w(i-1,j)/i$ is symmetric in $(i,j)$ and proportional to the law of $(I,J)$, the
# counts of two classes in $N+1$ draws. So, up to one common factor, $\Phi_N-B^*=\mathbb
# E\bigl[\ln\frac{1+m}n;n\ge1\bigr]$ is $\mathbb E[(I-J)\ln\frac IJ;\,I,J\ge1]$ and $p$ is $\mathbb E[I+J;\,I,J\ge1]$.
# Given $T=I+J$, $I\sim\mathrm{Bin}(T,\frac12)$, whatever $C$ is. So the quotient is a mean of numbers $R_T$,
# $R_2,\dots,R_8=0,.231,.314,.3313,.320,.296,.269$; they have their maximum at $T=5$ (computed up to $T=29$; for
# $T\ge27$ the inequalities $(x-y)\ln\frac xy\le\frac{(x-y)^2(x+y)}{2xy}$ and
# $\frac1I\le\frac1{I+1}+\frac3{(I+1)(I+2)}$ give $R_T\le\frac{2T(T+8)}{(T+1)(T+2)(1-2^{1-T})}-2\le.328$). For $C=2$,
# $T=N+1$ always. $\square$
#
# ## 13 Classes that are not equally likely (optional)
#
# Theorem F+ fails. Two classes, $\rho=(0.9,0.1)$, $N=3$; the anchor's class collides so often that its
# rare rival is hidden.

# %%
rho, N = np.array([0.9, 0.1]), 3
z = np.array([[8.0, 0.0], [8.02, 20.0]])  # the logit of class 1 at class 0 is 0.16
a = z @ z.T - (z * z).sum(axis=1)[:, None]
loss = sum(r * expected_log(row, rho, N) for r, row in zip(rho, a, strict=True))
base = sum(r * expected_log(np.array([0.0, -1e4]), np.array([r, 1 - r]), N) for r in rho)
S, theta = rho @ lse(a), constants(N, 2)[3]
print(f"S = {S:.4f};  L - floor = {loss - base:.4f}, divided by theta of two classes: {(loss - base) / theta:.4f}")

# %% [markdown]
# The "bound" is a fraction of $S$. The floor can be subtracted for every $\rho$, but the constant is another one (the
# challenge `sharp_slope` of the exercise), and for $N\to\infty$ it tends to $p_{\min}/p_{\max}$, not to 1. D+, in its
# general form, keeps the factor $1/p$; but its least value is then no longer below $\ln2$: for $\rho=(.99,.01)$ it is
# 2.2 nats at $N=10$.
#
# ## 14 The coupon collector (optional)
#
# **Threshold.** Let $N=\gamma\,C\ln C$, uniform $\rho$, and $r=(1-\frac1C)^N$ the chance to miss a class. If
# $\gamma>1$, the union bound gives $1-p_{cc}\le Cr\le Ce^{-N/C}=C^{1-\gamma}\to0$. If $\gamma<1$, the classes are
# seen *negatively dependently* (given that some are seen, fewer draws are left for another), so $p_{cc}\le(1-r)^C\le
# e^{-Cr}$, and $\ln(1-\frac1C)\ge-\frac1{C-1}$ gives $Cr\ge C^{1-\gamma C/(C-1)}\to\infty$: $p_{cc}\to0$. So
# $\Omega(C\ln C)$, which allows any constant, is not enough for a "reasonably high" $p_{cc}$.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
sizes = (10, 100, 1000)
curves = {C: complete_by(C, int(2.6 * C * math.log(C))) for C in sizes}
figure, (ax,) = figures.panels(1, width=5.2)
for C, colour in zip(sizes, figures.shades(3), strict=True):
    x = np.arange(curves[C].size) / (C * math.log(C))
    look = {"xlabel": "N / (C ln C)", "ylabel": "probability of all classes", "legend": "upper left"}
    figures.curves(x, {f"C = {C}": curves[C]}, ax, colours=[colour], **look)
print({C: float(f"{curves[C][round(0.5 * C * math.log(C))]:.1e}") for C in sizes})
figures.described(figure,
    "The probability that all classes are seen, against N over C ln C, for C = 10, 100 and 1000: three "
    "S-shaped curves from 0 to 1 that cross near 1, at probability 0.37. The more classes, the steeper the "
    "step."
)

# %% [markdown]
# A step at 1 as $C$ grows; at half of $C\ln C$ the probability is $6\cdot10^{-3}$, $5\cdot10^{-6}$, $1.5\cdot10^{-15}$.
#
# **Variance.** The time until all classes are seen is a sum of independent geometric waiting times, with success
# probability $k/C$ while $k$ classes are missing: mean $\sum_k\frac Ck=C\,H_C$, variance
# $\sum_k\bigl(\frac{C^2}{k^2}-\frac Ck\bigr)=C^2\sum_{k\le C}\frac1{k^2}-C\,H_C<\frac{\pi^2C^2}6$.
#
# > **Source check.** The paper states the variance as *equal* to $(C\pi)^2/6$: 6.58 in place of 2 for two classes. Its
# > conclusion, by Chebyshev's inequality, needs only the bound.
#
# ## 15 Why the integral is that exact (optional)
#
# Let $g$ be analytic in the strip $|\operatorname{Im}v|\le\beta$, tend to 0 at both ends *uniformly in the strip*, and
# $\int|g(v\pm i\beta)|\,dv\le M$. Then for the sum over the grid of step $h$
#
# $$\Bigl|h\sum_{k\in\mathbb Z}g(kh)-\int g\,\Bigr|\ \le\ \frac{2M}{e^{2\pi\beta/h}-1}.$$
#
# *Plan.* A function with poles at the grid turns the sum into two integrals along the edges of the strip.
#
# *Proof.* (Residues are needed here and nowhere else.) $G(v)=1/(1-e^{-2\pi iv/h})$ has simple poles at $kh$ with
# residue $\frac h{2\pi i}$; so $h\sum_kg(kh)=\int_{\mathbb R-i\beta}gG-\int_{\mathbb R+i\beta}gG$: the vertical sides
# vanish by the uniform decay. On the upper line $|G|\le1/(e^{2\pi\beta/h}-1)$. On the lower one $G=1+r$ with the same
# bound for $|r|$, and $\int_{\mathbb R-i\beta}g=\int_{\mathbb R}g$ by Cauchy's theorem. $\square$
#
# For our integrand take any $\beta<\frac\pi2$. With $v=x+iy$, $|y|\le\beta$, $u=e^v$ has $\operatorname{Re}u\ge
# e^x\cos\beta>0$. So $|\mathbb E\,e^{-uX}|\le1$, the bracket is at most 2, and at most $N|u|\,\mathbb E X$. With
# $K=N\,\mathbb E X$, splitting at $x=-\ln K$, $M\le1+2\int_{\cos\beta/K}^\infty\frac{e^{-w}}wdw\le1+2\ln\bigl(1+\frac
# K{\cos\beta}\bigr)$. The error is of order $\ln N\cdot e^{-\pi^2/h}$ for *every* $N$; the left end costs $Ke^v$, the
# right one $e^{-e^v}$.


# %%
def collisions(N, h, shift, C=10, s=2.0):
    """The integral for orthogonal classes on a shifted grid."""
    v = np.arange(-math.log(N) - 40 + shift * h, 5, h)
    miss = -np.expm1(-np.exp(v)) / C - np.expm1(-np.exp(v - s)) * (1 - 1 / C)
    return h * np.exp(-np.exp(v)) @ -np.expm1(N * np.log1p(-miss))


steps = np.array([1.5, 1.2, 1.0, 0.8, 0.65, 0.5, 0.4, 0.33])
errors = {}
for N in (1, 255, 65535):
    exact = collisions(N, 0.1, 0)
    errors[f"N = {N}"] = [max(abs(collisions(N, h, e) - exact) for e in np.arange(0, 1, 0.125)) for h in steps]
figure, (ax,) = figures.panels(1, width=5.2)
look = {"logy": True, "xlabel": "1 / h (nodes per unit of v)", "ylabel": "largest error"}
figure = figures.curves(1 / steps, errors, ax, styles=["o-"], ordered=True, **look)
figures.described(figure,
    "The largest error of the integral against the number of nodes per unit, for N = 1, 255 and 65535. On the "
    "logarithmic vertical axis all three fall along nearly the same straight line, from 5e-3 to 2e-13."
)

# %% [markdown]
# About $10^{-4}$ at $h=1$, below $10^{-8}$ at $h=\frac12$, and $2\cdot10^{-13}$ at $h=0.33$: the number of negatives
# plays no part. In the exercise the law of $X$ depends on the pair $(x,x^+)$, and inner products of $10^4$ make $X$
# overflow: add exponents first.
#
# ## What to remember
#
# | statement | holds for | in print | what is true |
# |---|---|---|---|
# | Lemma 1 | every $\rho$ | $L/p_{\min}+\ln C$ | $(L-\lVert\rho\rVert^2\ln2)/p_{\min}$, best possible |
# | Lemma 2 | every $\rho$ | $L/p_{cc}(N)$, $N\ge C$ | D, D+, every $N\ge1$; no factor at all: false |
# | F+ | uniform $\rho$ | | $(L-\Phi_N)/\theta_N$; best constant $q^*$ |
# | Proposition 1 | uniform $\rho$ | factor $k/(1-\tau_N)$ | $\kappa$, which tends to 1 |
# | more negatives | uniform $\rho$ | "collision-coverage trade-off" | a tighter certificate, at the rate $C/N$ |
#
# **Check yourself.** Why is one rival the worst case? Where does $\psi$ have its smallest slope, and why is it the
# same at both ends? Which step of F+ is not an equality on a class-constant embedding? What does Bao's bound know
# that F+ does not? Then the exercise:
# [exercises/03_many_negatives](../exercises/03_many_negatives/03_many_negatives.ipynb).
#
# **Read further.** The sources of section 10; unit 04 looks at the same loss as a bound on mutual information, where
# $\ln(N+1)$ is a ceiling rather than a cost.

# %% [markdown]
# ---
# **Now the exercise:** [03 · exercise](../exercises/03_many_negatives/03_many_negatives.ipynb).
# The next lecture is
# [04 · Mutual information: what a contrastive loss certifies, and what it costs](04_mutual_information.ipynb).
