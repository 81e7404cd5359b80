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
# # 03 · Many negatives: what they prove about a classifier, and what they do not
#
# *Time* 120 minutes · *you need* unit 02 (classes, collisions, Jensen), log-sum-exp, expectations of discrete laws
#
# | $C$ | $\rho_c$, $p_{\min}$ | $D_c$, $\mu_c$ | $f(x)$ | $N$ | $a_j$ | $\zeta(t)$ |
# |---|---|---|---|---|---|---|
# | classes | law of $c$, minimum | law, mean | embedding | negatives | $f(x)\cdot(\mu_j-\mu_c)$ | $\ln(1+e^t)$ |
#
# All logarithms are natural, all losses are in nats. The source is section 3 of Merad, Yu, Bacry and Gaïffas (2020),
# "the paper" below.
#
# **Afterwards you can**
#
# - prove Lemma 1, Lemma 2 and Proposition 1 of the paper, line by line, and say what each line gives away;
# - prove sharper forms of all three, and show that their factors cannot be improved;
# - compute the coupon-collector probability without losing its digits;
# - tell from $N$ and $C$ alone whether a bound can say anything, for any embedding;
# - compute the loss with 65536 negatives exactly, by one integral.

# %%
import itertools
import math

import numpy as np

from course import plots, plots_negatives


def zeta(t):
    """ln(1 + e^t), stable."""
    return np.logaddexp(0.0, t)


def lse(t):
    """ln sum_j e^{t_j} over the last axis, stable."""
    return np.logaddexp.reduce(t, axis=-1)


# %% [markdown]
# ## 1 The setting
#
# A class $c$ is drawn from $\rho$; the anchor $x$ and its positive $x^+$ come independently from $D_c$; then,
# independent of all that, $N$ negatives: $c_1,\dots,c_N\sim\rho$ and $x_i^-\sim D_{c_i}$. The contrastive loss is
#
# $$L_{un}^N(f)=\mathbb E\,\ln\Bigl(1+\sum_{i=1}^Ne^{f(x)\cdot(f(x_i^-)-f(x^+))}\Bigr).$$
#
# What we want to know about is a classifier for *all* $C$ classes. The mean classifier scores class $j$ by
# $f(x)\cdot\mu_j$; dividing numerator and denominator of its softmax by $e^{f(x)\cdot\mu_c}$ shows that its
# cross-entropy is
#
# $$L_{sup}^\mu(f,\mathcal C)=\mathbb E_{c,\,x\sim D_c}\ \ln\sum_{j=1}^Ce^{a_j}
#   =\mathbb E_{c,\,x\sim D_c}\ \ln\Bigl(1+\sum_{j\ne c}e^{a_j}\Bigr),\qquad a_j=f(x)\cdot(\mu_j-\mu_c),\quad a_c=0.$$
#
# The best linear classifier has a loss $L_{sup}(f,\mathcal C)\le L_{sup}^\mu(f,\mathcal C)$, because the mean
# classifier is a linear one. It also has $L_{sup}(f,\mathcal C)\le\ln C$, whatever $f$ is: take all weights 0. We
# shall need that line in section 7.
#
# In this lecture the numbers come from *balanced data sets*: $C$ classes of $n$ points each, all equally likely.
# Then every expectation is a plain mean over indices. (The exercise has classes that overlap and points of unequal
# probability.)


# %%
def one_negative(X):
    """X (C, n, d), all points equally likely: L_un with one negative, its value after Jensen, and L_sup^mu."""
    inner = np.einsum("cid,ejd->ciej", X, X)
    positive = np.einsum("cid,cpd->cip", X, X)
    scores = np.einsum("cid,jd->cij", X, X.mean(axis=1))
    a = scores - np.einsum("cic->ci", scores)[:, :, None]
    loss = zeta(inner[:, :, None] - positive[:, :, :, None, None]).mean()
    return loss, zeta(a).mean(), lse(a).mean()


rng = np.random.default_rng(0)
X = 0.5 * rng.normal(size=(5, 4, 3)) + 0.7 * rng.normal(size=(5, 1, 3))
print("L_un = {:.4f}   after Jensen = {:.4f}   L_sup^mu = {:.4f}".format(*one_negative(X)))

# %% [markdown]
# Five classes of four points in three dimensions. The supervised loss, 0.764, is *larger* than the contrastive one,
# 0.401: it compares with four other classes at once, the contrastive loss with one negative only. So a bound needs a
# factor, and the question is which.

# %% [markdown]
# ## 2 One negative: Lemma 1
#
# **Lemma 1** (Merad et al.). $\displaystyle L_{sup}^\mu(f,\mathcal C)\le\frac{L_{un}(f)}{p_{\min}}+\ln C$.
#
# *Step 1, Jensen.* Fix the classes $c$, $c^-$ and the anchor $x$. The logit $v=f(x)\cdot(f(x^-)-f(x^+))$ is linear
# in $(f(x^+),f(x^-))$, and these are independent of $x$ given the classes, with means $\mu_c$ and $\mu_{c^-}$. Since
# $\zeta$ is convex ($\zeta''=\zeta'(1-\zeta')>0$), $\mathbb E\,\zeta(v)\ge\zeta(\mathbb E\,v)=\zeta(a_{c^-})$.
# Average over $x$ and the classes:
#
# $$L_{un}(f)\ \ge\ \mathbb E_{c,\,x\sim D_c}\sum_{j=1}^C\rho_j\,\zeta(a_j).$$
#
# The term $j=c$ is a collision, and it is known: $\zeta(a_c)=\zeta(0)=\ln 2$.

# %%
gaps, equal = [], []
for _ in range(300):
    C, n, d = rng.integers(2, 6), rng.integers(2, 5), rng.integers(1, 4)
    X = rng.uniform(0.2, 2) * rng.normal(size=(C, n, d))
    loss, jensen, _ = one_negative(X)
    gaps.append(loss - jensen)
    loss, jensen, _ = one_negative(np.repeat(X[:, :1], n, axis=1))  # every class shrunk to its first point
    equal.append(abs(loss - jensen))
print(f"line 1 - line 2 on 300 data sets: smallest {min(gaps):.2e}, median {np.median(gaps):.3f}")
print(f"the same where f is constant inside each class: largest {max(equal):.1e}")

# %% [markdown]
# Jensen never fails, and on class-constant embeddings it loses nothing (the rest is rounding). That is what lets us
# check everything that follows on tables $a_j$ alone.
#
# *Step 2, one term for all.* All terms are positive and $\rho_j\ge p_{\min}$, so
# $\sum_j\rho_j\zeta(a_j)\ge p_{\min}\max_j\zeta(a_j)$. Much is lost here: $C-1$ of the $C$ terms.
#
# *Step 3, log-sum-exp.* $\sum_{j=1}^Ce^{a_j}\le C\,e^{\max_ja_j}$, hence $\ln\sum_je^{a_j}\le\max_ja_j+\ln C$. And
# $\zeta(t)\ge t$. Together $\max_j\zeta(a_j)\ge\max_ja_j\ge\ln\sum_je^{a_j}-\ln C$.
#
# *Conclusion.* $L_{un}\ge p_{\min}\bigl(L_{sup}^\mu(f,\mathcal C)-\ln C\bigr)$. $\square$

# %%
worst = np.full(2, np.inf)
for _ in range(2000):
    C = int(rng.integers(2, 8))
    rho, a = rng.dirichlet(np.ones(C)), rng.uniform(0.1, 5) * rng.normal(size=C)
    a[0] = 0.0  # the anchor's own class
    terms = zeta(a)
    worst = np.minimum(worst, [rho @ terms - rho.min() * terms.max(), terms.max() - (lse(a) - math.log(C))])
print(f"smallest gap of step 2: {worst[0]:.2e}   of step 3: {worst[1]:.4f}")

# %% [markdown]
# Both steps hold. Step 2 comes close to equality on some table: where one class dominates the sum and is also the
# rarest. Step 3 never does: equality would need all $a_j$ equal and large, but $a_c=0$.
#
# **What the lemma says about the best classifier: nothing.** Its right-hand side is at least $\ln C$, and
# $L_{sup}(f,\mathcal C)\le\ln C$ was known before any training. The lemma has content for the mean classifier only,
# which can be much worse than $\ln C$. Can the $\ln C$ go?

# %% [markdown]
# ## 3 Why the $\ln C$ can go
#
# The paper finds the inequality satisfied in its experiments "even when the $\log N_C$ term is discarded". That is a
# theorem.
#
# **Proposition A.** For every $\rho$ and $f$: $\displaystyle\ L_{sup}^\mu(f,\mathcal
# C)\le\frac{L_{un}(f)-\lVert\rho\rVert_2^2\ln2}{p_{\min}}\le\frac{L_{un}(f)}{p_{\min}}-\ln2$.
#
# *Proof.* Start from the sum after Jensen, and keep all its terms. The collision $j=c$ gives $\rho_c\ln2$. In the
# others $\rho_j\ge p_{\min}$ and $\zeta>0$. For $t_j\ge0$ the product $\prod_j(1+t_j)$ contains the terms
# $1+\sum_jt_j$ and further ones, all $\ge0$; so $\sum_j\ln(1+t_j)\ge\ln(1+\sum_jt_j)$. With $t_j=e^{a_j}$:
#
# $$\sum_{j=1}^C\rho_j\,\zeta(a_j)\ \ge\ \rho_c\ln2+p_{\min}\sum_{j\ne c}\ln(1+e^{a_j})
#   \ \ge\ \rho_c\ln2+p_{\min}\ln\Bigl(1+\sum_{j\ne c}e^{a_j}\Bigr).$$
#
# Average over $c\sim\rho$ and $x\sim D_c$. The first term becomes $\sum_c\rho_c^2\ln2$, the last one
# $p_{\min}L_{sup}^\mu(f,\mathcal C)$. Solve for $L_{sup}^\mu$. The second inequality of the statement is
# $\sum_c\rho_c^2\ge p_{\min}\sum_c\rho_c=p_{\min}$. $\square$
#
# So a collision is not a nuisance here: it is a known amount that may be subtracted.

# %%
smallest = np.inf
for _ in range(2000):
    t = np.exp(rng.uniform(0.1, 5) * rng.normal(size=int(rng.integers(1, 8))))
    smallest = min(smallest, np.log1p(t).sum() - np.log1p(t.sum()))
print(f"sum ln(1 + t_j) - ln(1 + sum t_j): smallest {smallest:.1e}")
print("orthogonal classes, f = sqrt(s) e_c, C = 4:")
for s in (0, 1, 4, 9):
    loss, _, supervised = one_negative(math.sqrt(s) * np.eye(4)[:, None, :])
    print(
        f"  s = {s}: L_sup = {supervised:.2e}   sharp {4 * (loss - math.log(2) / 4):.2e}"
        f"   published {4 * loss + math.log(4):.3f}"
    )

# %% [markdown]
# For orthogonal classes both sides are known: $L_{sup}^\mu=\ln(1+(C-1)e^{-s})$ and the sharp bound is
# $(C-1)\ln(1+e^{-s})$. At $s=9$ they agree to three digits, $3.70\cdot10^{-4}$, while the published bound is 2.080.
# So neither the factor $1/p_{\min}$ nor the subtracted $\lVert\rho\rVert_2^2\ln2$ can be improved for uniform
# $\rho$.

# %%
rng = np.random.default_rng(1)
found = {"published": ([], []), "sharp (Proposition A)": ([], [])}
for _ in range(250):
    X = rng.uniform(0.3, 2.5) * (rng.uniform(0, 1) * rng.normal(size=(5, 3, 4)) + rng.normal(size=(5, 1, 4)))
    loss, _, supervised = one_negative(X)
    for name, bound in zip(found, (5 * loss + math.log(5), 5 * loss - math.log(2)), strict=True):
        found[name][0].append(bound)
        found[name][1].append(supervised)
tight = [one_negative(math.sqrt(s) * np.eye(5)[:, None, :]) for s in np.linspace(0, 6, 13)]
found["sharp, orthogonal classes"] = ([5 * t[0] - math.log(2) for t in tight], [t[2] for t in tight])
ratios = {name: np.max(np.divide(v, b)) for name, (b, v) in found.items()}
print("largest loss / bound:", {name: round(float(r), 3) for name, r in ratios.items()})
plots_negatives.against_bounds(found, ylabel="mean classifier's loss (nats)", title="Lemma 1 on 250 data sets, C = 5")

# %% [markdown]
# Each data set appears twice, at the same height. No point lies above the diagonal. The published bound (blue) stops
# at $\ln2+\ln5=2.30$, because collisions alone keep $L_{un}$ above $\tfrac15\ln2$, while the loss goes on falling;
# the sharp one (orange) follows it down. The family of orthogonal classes (green) lies on the diagonal in the lower
# left part.
#
# **A factor is needed.** At $f=0$, $L_{un}=\ln2$ and $L_{sup}^\mu=\ln C$: the ratio is $\ln C/\ln2$, that is 3.32
# for ten classes. No bound $L_{sup}^\mu\le L_{un}$ can hold.

# %% [markdown]
# ## 4 Many negatives: Lemma 2
#
# **Lemma 2** (Merad et al.). Let $p_{cc}(N)$ be the probability that $N$ draws from $\rho$ show all $C$ classes. Then
# $\displaystyle L_{sup}^\mu(f,\mathcal C)\le\frac{L_{un}^N(f)}{p_{cc}(N)}$.
#
# *Proof. Line 1 to line 2, Jensen.* Fix $c$, $x$ and the classes $I=(c_1,\dots,c_N)$. The function
# $v\mapsto\ln(1+\sum_ie^{v_i})$ is convex: it is a log-sum-exp of $(0,v_1,\dots,v_N)$, whose second derivative in
# any direction is the variance of that direction under the softmax weights. The logits
# $v_i=f(x)\cdot(f(x_i^-)-f(x^+))$ are linear in the points $x^+,x_1^-,\dots,x_N^-$, which are independent of $x$
# given the classes. Hence $L_{un}^N\ge\mathbb E_{c,x}\,\mathbb E_I\,\ln(1+\sum_ie^{a_{c_i}})$. A collision $c_i=c$
# adds $e^{a_c}=1$ to the sum.
#
# *Line 2 to line 3, complete draws only.* The logarithm is $\ge0$. Replace it by 0 unless $J=\{c_1,\dots,c_N\}$ is
# all of $\mathcal C$.
#
# *Line 3 to line 4, drop what is there twice.* In a complete draw every class $j$ occurs at least once, so
# $1+\sum_ie^{a_{c_i}}\ge1+\sum_{j=1}^Ce^{a_j}\ge\sum_{j=1}^Ce^{a_j}$. The last step drops the 1 of the positive; the
# term of the anchor's own class survives, it comes from a collision. Hence line 3 is at least $p_{cc}(N)\,\mathbb
# E_{c,x}\ln\sum_je^{a_j}=p_{cc}(N)\,L_{sup}^\mu(f,\mathcal C)$. $\square$
#
# Nothing was assumed about $N$. The paper's hypothesis $N=\Omega(C\ln C)$ is never used: the lemma holds for every
# $N\ge C$, and for $N<C$ it reads $L_{sup}^\mu\le\infty$.


# %%
def lines_of_lemma2(rho, a, N):
    """For one anchor with table a: lines 2, 3, 4 of the proof, by listing all C^N sequences of classes."""
    every, complete, seen = 0.0, 0.0, 0.0
    for draw in itertools.product(range(len(rho)), repeat=N):
        chance, value = rho[list(draw)].prod(), zeta(lse(a[list(draw)]))
        all_there = len(set(draw)) == len(rho)
        every, complete, seen = every + chance * value, complete + chance * value * all_there, seen + chance * all_there
    return np.array([every, complete, seen * lse(a)])


# %%
rng = np.random.default_rng(2)
gaps = []
for _ in range(60):
    C, N = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    a = rng.uniform(0.2, 4) * rng.normal(size=C)
    a[0] = 0.0
    gaps.append(-np.diff(lines_of_lemma2(rng.dirichlet(np.ones(C)), a, N)))
print("smallest gaps, line 2 to 3 and 3 to 4:", np.min(gaps, axis=0), "  medians:", np.median(gaps, axis=0).round(3))

# %% [markdown]
# Both steps hold on all sixty tables. The median says where the proof gives most away: in throwing out the incomplete
# draws (first number), not in dropping repetitions (second number). Section 6 repairs exactly that step.

# %% [markdown]
# ## 5 The coupon collector
#
# **The formula.** Let $\rho(A)=\sum_{c\in A}\rho_c$. Inclusion and exclusion over the set $A$ of classes that are
# missed gives $p_{cc}(N)=\sum_{A\subseteq\mathcal C}(-1)^{|A|}\bigl(1-\rho(A)\bigr)^N$. *Proof.* For one sequence of
# draws let $M$ be the set of classes it misses. The sequence is counted in the term of $A$ exactly when $A\subseteq
# M$, so in total $\sum_{A\subseteq M}(-1)^{|A|}=(1-1)^{|M|}$ times, which is 1 if $M=\emptyset$ and 0 otherwise.
# $\square$
#
# For equally likely classes the sets of one size agree: $\sum_{j=0}^C(-1)^j\binom Cj(1-j/C)^N$. Let us evaluate that
# for $C=50$ and $N=60$, in floating point and in exact integers.

# %%
C, N = 50, 60
as_written = sum((-1) ** j * math.comb(C, j) * (1 - j / C) ** N for j in range(C + 1))
exact = sum((-1) ** j * math.comb(C, j) * (C - j) ** N for j in range(C + 1)) / C**N
largest = max(math.comb(C, j) * (1 - j / C) ** N for j in range(C + 1))
print(f"as written: {as_written:.3e}   exact integers: {exact:.6e}   largest term: {largest:.3e}")

# %% [markdown]
# The formula as written gives a negative probability. Its largest term is about $1.7\cdot10^4$; the rounding of such
# terms (and of their 60th powers) leaves an error of about $10^{-10}$, and the answer, $3.35\cdot10^{-13}$, drowns
# in it.
#
# **Adding positive numbers only.** For equally likely classes, follow the number $k$ of classes seen so far: the
# next draw is new with probability $1-k/C$. Every step adds products of positive numbers, so each keeps its relative
# precision.


# %%
def complete_by(C, N):
    """Probabilities that n = 0..N draws from C equally likely classes show all of them."""
    k, state, found = np.arange(C + 1), np.eye(1, C + 1)[0], np.zeros(N + 1)
    for n in range(1, N + 1):
        state = state * (k / C) + np.concatenate([[0.0], (state * (1 - k / C))[:-1]])
        found[n] = state[C]
    return found


print(f"C = 50, N = 60: {complete_by(50, 60)[60]:.15e}, relative error {complete_by(50, 60)[60] / exact - 1:.1e}")
for N in (10, 15, 25, 35, 50):
    print(f"C = 10, N = {N}: p_cc = {complete_by(10, N)[N]:.6f}   1/p_cc = {1 / complete_by(10, N)[N]:.3f}")

# %% [markdown]
# **For any $\rho$** the same is done by a generating function. The probability of the counts $(m_1,\dots,m_C)$ is
# $N!\prod_c\rho_c^{m_c}/m_c!$, so summing over all counts that are at least 1 and add up to $N$,
#
# $$p_{cc}(N)=N!\sum_{m_c\ge1,\ \sum m_c=N}
#   \ \prod_c\frac{\rho_c^{m_c}}{m_c!}=N!\;[t^N]\prod_{c=1}^C\bigl(e^{\rho_ct}-1\bigr),$$
#
# where $[t^N]$ takes the coefficient of $t^N$: the series $e^{\rho_ct}-1=\sum_{m\ge1}\rho_c^mt^m/m!$ is multiplied
# out. All coefficients are positive. For two classes it gives $1-\rho_1^N-\rho_2^N$: the two sequences that show one
# class only. (Replacing $t$ by $Nt$ and $e^{\rho_cNt}-1$ by $e^{-N\rho_c}(e^{\rho_cNt}-1)$ makes every coefficient a
# Poisson probability: nothing overflows. The exercise asks you to carry this out.)
#
# **Elementary bounds.** For every $\rho$ and $N$, with $q_c=(1-\rho_c)^N$ the probability to miss class $c$:
#
# $$1-\sum_cq_c\ \le\ p_{cc}(N)\ \le\ \prod_c(1-q_c).$$
#
# *Proof.* The left side is the union bound. For the right side let $S$ be a set of classes, $c\notin S$, and $A$ the
# event that all of $S$ are seen. Given that $c$ is missed, the draws are independent from $\rho$ restricted to the
# other classes. Such draws arise from ordinary ones: replace every $c$ by a fresh draw from the restricted law. That
# only adds to the classes of $S$ that are seen, so $P(A\mid c\text{ missed})\ge P(A)$. By Bayes' rule $P(c\text{
# missed}\mid A)\ge P(c\text{ missed})=q_c$, that is $P(A\cap\{c\text{ seen}\})\le(1-q_c)P(A)$ (trivially so where
# $P(A)=0$). Add the classes to $S$ one by one. $\square$

# %%
for C, N in ((10, 25), (10, 35), (100, 500), (100, 700)):
    q = (1 - 1 / C) ** N
    print(f"C = {C}, N = {N}: {max(0.0, 1 - C * q):.5f} <= {complete_by(C, N)[N]:.5f} <= {(1 - q) ** C:.5f}")

# %% [markdown]
# **Is $N=\Omega(C\ln C)$ enough?** The paper says that then $p_{cc}$ is "reasonably high". It depends on the
# constant. Let $N=\gamma\,C\ln C$ with uniform $\rho$.
#
# - If $\gamma>1$: $\sum_cq_c=C(1-1/C)^N\le Ce^{-N/C}=C^{1-\gamma}\to0$, hence $p_{cc}\to1$.
# - If $\gamma<1$: $\ln(1-1/C)\ge-1/(C-1)$, so $C\,q\ge C\,e^{-N/(C-1)}=C^{\,1-\gamma C/(C-1)}\to\infty$, and
#   $p_{cc}\le(1-q)^C\le e^{-Cq}\to0$.
#
# (The inequality for the logarithm: $-\ln(1-u)=\ln(1+\tfrac u{1-u})\le\tfrac u{1-u}$ with $u=1/C$.) So the threshold
# is sharp at $\gamma=1$, and $\Omega(C\ln C)$, which allows any constant, is not sufficient.

# %%
sizes = (10, 100, 1000)
curves = {C: complete_by(C, int(2.6 * C * math.log(C))) for C in sizes}
for gamma in (0.5, 1.0, 1.5, 2.0):
    values = [curves[C][round(gamma * C * math.log(C))] for C in sizes]
    print(f"N = {gamma} C ln C:  " + "   ".join(f"C = {C}: {v:.1e}" for C, v in zip(sizes, values, strict=True)))
figure, (left, right) = plots.panels(2)
for C, colour in zip(sizes, plots.shades(3), strict=True):
    n = np.arange(curves[C].size)
    plots.curves(n[1:], {f"C = {C}": curves[C][1:]}, left, colours=[colour], logx=True, legend="upper left")
    plots_negatives.marks({f"{C} ln {C}": C * math.log(C)}, left, at=0.6)
    plots.curves(n / (C * math.log(C)), {f"C = {C}": curves[C]}, right, colours=[colour], legend="upper left")
left.set_xlabel("number of draws N", fontsize=plots.FONT)
right.set_xlabel("N / (C ln C)", fontsize=plots.FONT)
left.set_ylabel("probability of all classes", fontsize=plots.FONT)
figure

# %% [markdown]
# Left: the probability to have seen all classes against the number of draws, with $C\ln C$ marked. Right: the same
# curves against $N/(C\ln C)$. They become a step at 1 as $C$ grows. At half of $C\ln C$ the table gives
# $6\cdot10^{-3}$, $5\cdot10^{-6}$ and $1.5\cdot10^{-15}$: with a thousand classes, $N=\tfrac12C\ln C$ makes Lemma 2
# useless.
#
# **Chebyshev.** The time $T$ until all classes are seen (uniform $\rho$) is a sum of independent waiting times: with
# $k$ classes still missing, the next new one is a geometric variable with success probability $k/C$, mean $C/k$ and
# variance $(1-k/C)C^2/k^2=C^2/k^2-C/k$. Summing over $k$,
#
# $$\mathbb E\,T=C\,H_C,\qquad
#   \operatorname{Var}T=C^2\sum_{k=1}^C\frac1{k^2}-C\,H_C\ <\ \frac{\pi^2C^2}6,\qquad H_C=\sum_{k=1}^C\frac1k.$$
#
# The paper states the variance as equal to $(C\pi)^2/6$; it is smaller, and only the bound is needed for its
# conclusion, Chebyshev's inequality $P(|T-CH_C|\ge\beta C)\le\pi^2/(6\beta^2)$.

# %%
for C in (2, 10, 50):
    law = np.diff(complete_by(C, 40 * C + 200))
    n, H = np.arange(1, law.size + 1), sum(1 / k for k in range(1, C + 1))
    mean = law @ n
    variance = law @ (n - mean) ** 2
    formula = C**2 * sum(1 / k**2 for k in range(1, C + 1)) - C * H
    ratio = max(law[abs(n - C * H) >= beta * C].sum() * 6 * beta**2 / math.pi**2 for beta in np.arange(0.2, 6, 0.05))
    print(
        f"C = {C}: E T = {mean:.4f} = {C * H:.4f}   Var T = {variance:.4f} = {formula:.4f}, paper "
        f"{(C * math.pi) ** 2 / 6:.2f}   Chebyshev's two sides: ratio at most {ratio:.3f}"
    )

# %% [markdown]
# Mean and variance agree with the exact law of $T$. The stated variance is more than three times too large for two
# classes (6.58 in place of 2) and 31 % too large for ten. Chebyshev's inequality holds with room: the left side is
# never more than about a quarter of the right. It also is the wrong tool here: at $N=C(\ln C+b)$ the union bound
# already gives $1-p_{cc}\le e^{-b}$, where Chebyshev gives something of order $1/b^2$.

# %% [markdown]
# ## 6 The sharper factor
#
# Throwing out incomplete draws is too strict: a draw that misses one class still compares with all the others. Fix
# the anchor $x$ of class $c$, let $K=\mathcal C\setminus\{c\}$ and, for $S\subseteq K$,
#
# $$\varphi(S)=\ln\Bigl(1+\sum_{j\in S}e^{a_j}\Bigr).$$
#
# **Lemma B.** $\varphi(\emptyset)=0$; $\varphi$ is monotone; and it is *submodular*: what an element adds shrinks as
# the set grows, $\varphi(S\cup\{j\})-\varphi(S)\ge\varphi(T\cup\{j\})-\varphi(T)$ for $S\subseteq T$, $j\notin T$.
# *Proof.* Let $w(S)=\sum_{i\in S}e^{a_i}$, which grows with $S$. Monotone: $\ln$ increases. The gain of $j$ is
# $\ln\frac{1+w(S)+e^{a_j}}{1+w(S)}=\ln\bigl(1+\frac{e^{a_j}}{1+w(S)}\bigr)$, which decreases in $w(S)$. $\square$
#
# **Lemma C (sampling).** Let $\varphi$ be monotone and submodular with $\varphi(\emptyset)=0$, and $J\subseteq K$ a
# random set, with any dependence between its elements, such that $P(j\in J)\ge p$ for every $j$. Then $\mathbb
# E\,\varphi(J)\ge p\,\varphi(K)$.
#
# *Proof.* Number the elements $1,\dots,m$ and let $[i]=\{1,\dots,i\}$, $\Delta_i=\varphi([i])-\varphi([i-1])\ge0$.
# Build $J$ up in this order: $\varphi(J)=\sum_{i\in J}\bigl[\varphi(J\cap[i])-\varphi(J\cap[i-1])\bigr]$. The term
# of $i$ is its gain over $J\cap[i-1]\subseteq[i-1]$, by submodularity at least its gain over $[i-1]$, which is
# $\Delta_i$. Hence $\varphi(J)\ge\sum_i\mathbb 1[i\in J]\,\Delta_i$. Taking expectations, only the probabilities
# $P(i\in J)\ge p$ enter: $\mathbb E\,\varphi(J)\ge p\sum_i\Delta_i=p\,\varphi(K)$. $\square$

# %%
rng = np.random.default_rng(3)
gains, sampled = [], []
for _ in range(400):
    w = np.exp(rng.uniform(0.2, 4) * rng.normal(size=5))
    small = rng.random(4) < 0.5
    large = small | (rng.random(4) < 0.5)  # a superset; the element that is added is number 4
    gain = [np.log1p(w[:4][s].sum() + w[4]) - np.log1p(w[:4][s].sum()) for s in (small, large)]
    gains.append(gain[0] - gain[1])
    sets, chance = rng.random((6, 5)) < 0.5, rng.dirichlet(np.ones(6))  # a random J with strongly dependent elements
    p = (chance @ sets).min()
    sampled.append(chance @ np.log1p(sets @ w) - p * np.log1p(w.sum()))
print(f"diminishing gains: smallest difference {min(gains):.1e}   sampling lemma: smallest gap {min(sampled):.1e}")

# %% [markdown]
# Both lemmas hold on 400 random tables, with sets $J$ whose elements depend on each other in arbitrary ways. (The
# difference of gains is 0 where the two sets are equal.)
#
# **Proposition D.** For every $\rho$, every $f$ and every $N\ge1$, with
# $\tau_N=P(c_1=\dots=c_N=c)=\sum_c\rho_c^{N+1}$,
#
# $$L_{sup}^\mu(f,\mathcal C)\ \le\ \frac{L_{un}^N(f)-\tau_N\ln(N+1)}{1-(1-p_{\min})^N}.$$
#
# *Proof.* By Jensen (section 4), $L_{un}^N\ge\mathbb E_{c,x}\,\mathbb E_I\ln(1+\sum_ie^{a_{c_i}})$. Let $J\subseteq
# K$ be the set of classes *other than $c$* among $c_1,\dots,c_N$. If $J=\emptyset$, all negatives collide, and the
# logarithm is exactly $\ln(N+1)$; given $c$ this has probability $\rho_c^N$. If $J\ne\emptyset$, drop the collided
# negatives and all repetitions from the sum: they are positive, so the logarithm is at least $\varphi(J)$. As
# $\varphi(\emptyset)=0$,
#
# $$\mathbb E_I\ln\Bigl(1+\sum_ie^{a_{c_i}}\Bigr)\ \ge\ \rho_c^N\ln(N+1)+\mathbb E\,\varphi(J).$$
#
# Class $j\ne c$ is missed with probability $(1-\rho_j)^N\le(1-p_{\min})^N$. Lemma C with $p=1-(1-p_{\min})^N$ gives
# $\mathbb E\,\varphi(J)\ge p\,\varphi(K)$, and $\varphi(K)=\ln(1+\sum_{j\ne c}e^{a_j})$ is the mean classifier's
# loss at $(x,c)$. Average over $c$ and $x$. $\square$
#
# The event "all classes are seen" lies inside the event "the rarest class is seen", and for $C\ge2$ it is strictly
# less probable ($N$ draws of the rarest class). So $p_{cc}(N)<p$ always, and Proposition D beats Lemma 2 for every
# $N$ and $\rho$. At $N=1$ it is Proposition A.
#
# **The factor cannot be smaller.** Take $C$ equally likely classes, one point each. Let one anchor class have a
# single dangerous rival, with logit $s$, and let all other logits, of all anchors, be at most $-s$. For large $s$ only
# that anchor matters: the classifier pays $s$ there, with weight $1/C$. The contrastive loss pays $s$ as well, unless
# the $N$ draws miss the rival. So $L_{sup}^\mu/L_{un}^N\to1/(1-(1-1/C)^N)$. Since this limit is above 1, the
# inequality *without* any factor, which the paper's second figure seems to show, is false as a theorem.
#
# Does a world have such a table? Not every table is one: with one point per class
# $a_j=f(x_c)\cdot f(x_j)-\lVert f(x_c)\rVert^2$, so the logit of $j$ at $c$ and that of $c$ at $j$ add up to
# $-\lVert f(x_c)-f(x_j)\rVert^2$. All others *equal* to $-s$ is therefore impossible (the anchor and its rival would
# coincide). The next cell takes $-2s$ for the anchor's class at the rival, $-4s$ for the other classes at the rival,
# and $-s$ elsewhere; this is the table of a world, and the exercise asks you to find one that does it.


# %%
def one_rival(C, N, s):
    """L_sup^mu and L_un^N for that table, C >= 3: draws are counted as m collisions, r rivals, and the rest.

    At the rival itself r counts the draws of the anchor's class.
    """
    m, r = np.array([(m, r) for m in range(N + 1) for r in range(N + 1 - m)]).T
    rest = N - m - r
    ways = np.array([math.comb(N, i) * math.comb(N - i, j) for i, j in zip(m.tolist(), r.tolist(), strict=True)], float)
    chance = ways * (1 / C) ** (m + r) * (1 - 2 / C) ** rest
    harmless = math.exp(-s)
    rival = np.where(r > 0, np.log(np.maximum(r, 1)) + s, -np.inf)
    with_rival = chance @ np.logaddexp(np.log1p(m + rest * harmless), rival)
    at_rival = chance @ np.log1p(m + r * harmless**2 + rest * harmless**4)
    without = chance @ np.log1p(m + (N - m) * harmless)
    supervised = np.logaddexp(math.log1p((C - 2) * harmless), s) + (C - 2) * math.log1p((C - 1) * harmless)
    supervised += math.log1p(harmless**2 + (C - 2) * harmless**4)  # at the rival
    return supervised / C, (with_rival + at_rival + (C - 2) * without) / C


# %%
for s in (10, 100, 1000, 10000):
    ratios = [np.divide(*one_rival(10, N, s)) for N in (10, 15, 25)]
    print(f"s = {s:5d}: L_sup / L_un = " + "   ".join(f"{r:.4f}" for r in ratios))
print("factor of Proposition D:  " + "   ".join(f"{1 / (1 - 0.9**N):.4f}" for N in (10, 15, 25)))

# %% [markdown]
# With ten classes and 10, 15, 25 negatives the ratio approaches the factor of Proposition D to about 0.1 %, and
# exceeds 1 on the way: each line with a number above 1 refutes the version without a factor.

# %%
C, N = 10, np.arange(1, 81)
published = np.divide(1.0, complete_by(C, 80)[1:], out=np.full(80, np.nan), where=complete_by(C, 80)[1:] > 0)
sharp = 1 / (1 - (1 - 1 / C) ** N)
for n in (10, 15, 25, 35, 50):
    print(f"N = {n}: published factor {published[n - 1]:9.3f}   sharp factor {sharp[n - 1]:.3f}")

# %%
figure, (left, right) = plots.panels(2)
plots.curves(
    N,
    {"published, $1/p_{cc}(N)$": published, "sharp, $1/(1-(1-p_{min})^N)$": sharp},
    left,
    logy=True,
    xlabel="number of negatives N",
    ylabel="factor in front of the loss",
    title="ten equally likely classes",
)
plots_negatives.marks({"C ln C": C * math.log(C)}, left, at=0.3)
s = np.geomspace(1, 1e4, 60)
plots.curves(
    s,
    {f"N = {n}": [np.divide(*one_rival(C, n, v)) for v in s] for n in (10, 15, 25)},
    right,
    logx=True,
    ordered=True,
    xlabel="rival's logit s",
    ylabel="$L_{sup}\\,/\\,L_{un}^N$",
    title="one rival",
)
plots.levels({"": 1.0}, right)
for n, colour in zip((10, 15, 25), plots.shades(3), strict=True):
    right.axhline(1 / (1 - 0.9**n), color=colour, linestyle=":", linewidth=1)
figure

# %% [markdown]
# Left: the published factor begins at $N=10$ with 2756 and is still 2.29 at $N=25$, which is about $C\ln C$; the
# sharp one is 1.535 and 1.077 there, and is finite from $N=1$ on. Right: the ratio of the two losses on the table
# with one rival first dips, then climbs above 1 (dashed) and towards the sharp factor (dotted) as the rival's logit
# grows.

# %% [markdown]
# ## 7 What Lemma 2 cannot say
#
# A bound on $L_{sup}(f,\mathcal C)$, the loss of the *best* linear classifier, has content only if it is below $\ln
# C$. And $L_{un}^N$ cannot be made arbitrarily small, however good $f$ is, because collisions cost:
#
# **Lemma E (floor).** For $C\ge2$, $\displaystyle L_{un}^N(f)>\Phi_N:=\sum_c\rho_c\,\mathbb
# E\ln\bigl(1+\mathrm{Bin}(N,\rho_c)\bigr)$ for every $f$. *Proof.* After Jensen, the negatives that collide
# contribute $e^0=1$ each. Their number is $m\sim\mathrm{Bin}(N,\rho_c)$, and all other terms are positive. $\square$
# For orthogonal classes, $f=\sqrt s\,e_c$, the loss tends to $\Phi_N$ as $s\to\infty$: the floor is sharp.
#
# So, whatever $f$ is, the bound of Lemma 2 is at least $\Phi_N/p_{cc}(N)$, and that of Proposition D at least
# $(\Phi_N-\tau_N\ln(N+1))/(1-(1-p_{\min})^N)$. Where these exceed $\ln C$, the bound is *vacuous*: it says less about
# $L_{sup}$ than is known without training.


# %%
def binomial(N, p):
    """Probabilities of 0..N successes."""
    k = np.arange(N + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, N + 1)))])
    log_chance = k * math.log(p) + (N - k) * math.log1p(-p) - log_factorial - log_factorial[::-1]
    chance = np.exp(log_chance - log_chance.max())
    return chance / chance.sum()  # the factor N! cancels, and most of the rounding of the large logarithms with it


def floor(N, C):
    """E ln(1 + Bin(N, 1/C)): no embedding has a smaller loss, C equally likely classes."""
    return float(binomial(N, 1 / C) @ np.log1p(np.arange(N + 1)))


def least_bounds(N, C, p_cc):
    """The smallest values that Lemma 2 and Proposition D can take over all embeddings, uniform classes."""
    all_collide = float(C) ** -float(N) * math.log(N + 1)
    return (floor(N, C) / p_cc if p_cc > 0 else math.inf), (floor(N, C) - all_collide) / (1 - (1 - 1 / C) ** N)


# %%
p_cc = complete_by(10, 200)
print(f"ten classes, ln 10 = {math.log(10):.3f}")
for N in (15, 25, 27, 28, 35, 50, 94, 95):
    print(
        f"N = {N}: floor {floor(N, 10):.3f}   Lemma 2 at least {least_bounds(N, 10, p_cc[N])[0]:7.3f}"
        f"   Proposition D at least {least_bounds(N, 10, p_cc[N])[1]:.3f}"
    )


# %%
def window(C, column):
    """The smallest and the largest N for which Lemma 2 (column 0) or Proposition D (1) is not vacuous."""
    seen = complete_by(C, 3 * C**2)  # beyond 3 C^2 the floor alone is above ln C
    inside = [n for n in range(1, 3 * C**2 + 1) if least_bounds(n, C, seen[n])[column] < math.log(C)]
    return (inside[0], inside[-1]) if inside else (math.nan, math.nan)


sizes = (3, 4, 6, 8, 12, 18, 27, 40)
found = {"Lemma 2": [window(C, 0) for C in sizes], "Proposition D": [window(C, 1) for C in sizes]}
for name, ends in found.items():
    print(name, dict(zip(sizes, ends, strict=True)))

# %%
figure, (left, right) = plots.panels(2)
N = np.arange(1, 201)
values = np.array([least_bounds(n, 10, p_cc[n]) for n in N])
plots.curves(
    N,
    {"Lemma 2": values[:, 0], "Proposition D": values[:, 1]},
    left,
    logx=True,
    legend="upper left",
    xlabel="number of negatives N",
    ylabel="smallest possible bound",
    title="ten classes",
)
plots.levels({"ln 10": math.log(10)}, left)
left.set_ylim(0, 6)
bands = {name: tuple(zip(*ends, strict=True)) for name, ends in found.items()}
plots_negatives.windows(
    sizes,
    bands,
    right,
    xlabel="number of classes C",
    ylabel="number of negatives N",
    title="where the bound is not vacuous",
)
figure

# %% [markdown]
# Left, ten classes: the smallest value that each bound can take. Only below $\ln10=2.303$ does it say anything about
# the best classifier. Lemma 2 (blue) does so from $N=28$ to $N=94$, and not at $N=15$ (at least 17.4) and $N=25$ (at
# least 2.63), two of the three settings that the paper plots. Proposition D (orange) has content from $N=1$, but also
# only up to $N=94$: a larger $N$ raises the floor, which is about $\ln(1+N/C)$ and passes $\ln C$ near $N=C^2$.
# Right: the same window for other numbers of classes. For three and for four classes Lemma 2 is vacuous for *every*
# $N$; for forty it opens at 152 negatives. Both close near $N=C^2$.
#
# So no bound of the form "constant times $L_{un}^N$" survives $N\to\infty$. MoCo's $N=65536$ is outside the window
# unless there are more than about 256 classes.

# %% [markdown]
# ## 8 Smaller tasks: Proposition 1
#
# In this section $\rho$ is uniform. A task $T$ consists of $k+1$ distinct classes, all such sets equally likely;
# $L_{sup,k}^\mu(f)$ is the mean, over $T$, over $c$ uniform in $T$ and over $x\sim D_c$, of $\ln\sum_{j\in
# T}e^{a_j}$. Given $(c,x)$, the $k$ other classes of the task are a uniform $k$-subset $A$ of $K=\mathcal
# C\setminus\{c\}$, so $L_{sup,k}^\mu=\mathbb E_{c,x}\,\mathbb E_A\,\varphi(A)$.
#
# **Proposition 1** (Merad et al.). For $2\le k+1\le C$ and $\tau_N=P(c_1=\dots=c_N=c)=C\cdot C^{-(N+1)}=C^{-N}$,
#
# $$L_{sup,k}^\mu(f)\ \le\ \frac k{1-\tau_N}\bigl(L_{un}^N(f)-\tau_N\ln(N+1)\bigr).$$
#
# *Proof.* (i) Jensen, as in section 4. (ii) Split: with probability $\tau_N$ all negatives collide, and the
# logarithm is exactly $\ln(N+1)$. (iii) Otherwise some $c_i\ne c$; let $i$ be the *first* such index and keep only
# its term and the 1: $\ln(1+\sum_le^{a_{c_l}})\ge\zeta(a_{c_i})$. Given that it exists, $c_i$ is uniform on $K$.
# (The paper's proof states this step without the choice of an index.) So
#
# $$L_{un}^N\ \ge\ (1-\tau_N)\,\mathbb E_{c,x}\Bigl[\tfrac1{C-1}\sum_{j\ne c}\zeta(a_j)\Bigr]+\tau_N\ln(N+1).$$
#
# (iv) For a uniform $k$-subset $A$ of $K$ every $j\in K$ is in $A$ with probability $k/(C-1)$, hence
# $\frac1{C-1}\sum_{j\ne c}\zeta(a_j)=\frac1k\,\mathbb E_A\sum_{j\in A}\zeta(a_j)\ge\frac1k\,\mathbb
# E_A\,\varphi(A)$, by $\sum\ln(1+t_j)\ge\ln(1+\sum t_j)$ once more. Average over $(c,x)$ and solve. $\square$
#
# For $N=1$ and $k=C-1$ it reads $L_{sup}^\mu\le C(L_{un}-\tfrac1C\ln2)$: Proposition A for uniform $\rho$, and
# better than Lemma 1. The step (iii) keeps one negative of $N$. That is why the factor stays near $k$ when $N$
# grows.


# %%
def uniform_table(rng, C, scale):
    """Logits a[c, j] of C classes with one point each, embedded at random; a[c, c] = 0."""
    v = scale * (rng.normal(size=(C, 2)) + rng.normal(size=2))
    return v @ v.T - np.sum(v * v, axis=1)[:, None]


def task_loss(a, k):
    """L_sup,k^mu for one point per class: mean over sets of k + 1 classes and over the class of the anchor."""
    tasks = [list(t) for t in itertools.combinations(range(len(a)), k + 1)]
    return np.mean([lse(a[np.ix_(t, t)]).mean() for t in tasks])


def draws(a, N):
    """For all C^N draws, as columns, and all anchors, as rows: the loss, the collisions m, the distinct others |J|."""
    C = len(a)
    sequences = np.array(list(itertools.product(range(C), repeat=N)))
    counts = (sequences[:, :, None] == np.arange(C)).sum(axis=1)  # (draw, class)
    loss = zeta(lse(a[:, sequences]))
    return loss, counts.T, (counts > 0).sum(axis=1) - (counts.T > 0)


# %%
rng = np.random.default_rng(4)
gaps = []
for _ in range(150):
    C, N = int(rng.integers(2, 5)), int(rng.integers(1, 5))
    k, a = int(rng.integers(1, C)), uniform_table(rng, C, rng.uniform(0.2, 1.5))
    tau, loss = C**-N, draws(a, N)[0].mean()
    one = (zeta(a).sum() - C * math.log(2)) / (C * (C - 1))
    gaps.append([loss - (1 - tau) * one - tau * math.log(N + 1), one - task_loss(a, k) / k])
print("smallest gaps of steps (iii) and (iv):", np.min(gaps, axis=0), "  medians:", np.median(gaps, axis=0).round(3))

# %% [markdown]
# Both steps hold on 150 tables, with equality (up to rounding) where they are identities: (iii) for $N=1$, (iv) for
# $k=1$.
#
# **The base-2 trap.** The paper's Proposition 2(1), the case $N=1$, subtracts $\tau$ in place of $\tau\ln2$, "with
# $\log=\log_2$ without loss of generality". In base 2 it is true: the collision pays $\log_22=1$. But a term $-\tau$
# does not scale with the base as the losses do, and the paper's losses are in natural logarithms elsewhere (its
# Lemma 4 needs $-\ln(1-x)\le x/(1-x)$, which fails in base 2). In nats:

# %%
rng = np.random.default_rng(5)
fails, worst = 0, 0.0
for _ in range(500):
    C = int(rng.integers(2, 6))
    k, a = int(rng.integers(1, C)), uniform_table(rng, C, rng.uniform(0.1, 2))
    loss, supervised = draws(a, 1)[0].mean(), task_loss(a, k)
    fails += supervised > k / (1 - 1 / C) * (loss - 1 / C) + 1e-9
    worst = max(worst, supervised - k / (1 - 1 / C) * (loss - math.log(2) / C))
print(f"with -tau: violated on {fails} of 500 tables;   with -tau ln 2: largest excess {worst:.1e}")
print(
    f"f = 0, C = 2, k = 1: loss {math.log(2):.3f}, bound with -tau {2 * (math.log(2) - 0.5):.3f}, "
    f"with -tau ln 2 {2 * (math.log(2) - 0.5 * math.log(2)):.3f}"
)

# %% [markdown]
# In nats the version with $-\tau$ fails on 378 of 500 tables, already at $f=0$, where both losses are known:
# $L_{un}=L_{sup,1}=\ln2$, but the "bound" is 0.386. With $\tau\ln2$ there is no violation beyond rounding. The
# general form with $\tau_N\ln(N+1)$ is right in every base, because every term then scales with it.
#
# **Where Proposition 1 is vacuous.** $L_{sup,k}\le\ln(k+1)$ holds without training (weights 0), and by the floor of
# section 7 the bound is at least $\frac k{1-\tau_N}(\Phi_N-\tau_N\ln(N+1))=k\,\mathbb E[\ln(1+m)\mid m<N]$ with
# $m\sim\mathrm{Bin}(N,1/C)$. It grows with $N$ without limit: from $N$ to $N+1$ the probability of $m$ is multiplied by
# a factor proportional to $1/(N+1-m)$, which favours large $m$, and the value $m=N$ is added.
#
# **Proposition F (collisions counted).** Let $m$ be the number of collisions and $J$ the set of other classes drawn.
# For uniform $\rho$,
#
# $$L_{sup,k}^\mu(f)\ \le\ \frac{L_{un}^N(f)-\mathbb E\ln(1+m)}{\mathbb E\Bigl[\dfrac{\min(|J|,k)}{k\,(1+m)}\Bigr]}.$$
#
# *Proof.* Write $S=\sum_{j\in J}e^{a_j}$. After Jensen and after dropping repetitions the logarithm is at least
# $\ln(1+m+S)=\ln(1+m)+\ln\bigl(1+\tfrac S{1+m}\bigr)$. The function $\lambda\mapsto\ln(1+\lambda S)$ is concave and
# 0 at 0, so $\ln(1+\lambda S)\ge\lambda\ln(1+S)$ for $0\le\lambda\le1$; with $\lambda=1/(1+m)$ the logarithm is at
# least $\ln(1+m)+\varphi(J)/(1+m)$. Given $m$ and $|J|=j$, the set $J$ is a uniform $j$-subset of $K$ (uniform
# $\rho$: relabelling the other classes changes nothing). Let $\Lambda_j$ be the mean of $\varphi$ over all
# $j$-subsets. For $j\le k$ draw a uniform $k$-subset $A$ and then a uniform $j$-subset $B$ of it: $B$ is a uniform
# $j$-subset of $K$, and each element of $A$ is in $B$ with probability $j/k$. Lemma C on $A$ gives
# $\Lambda_j\ge\frac jk\Lambda_k$. For $j\ge k$, $\Lambda_j\ge\Lambda_k$ as $\varphi$ is monotone. Altogether
# $\Lambda_j\ge\frac{\min(j,k)}k\Lambda_k$, hence
#
# $$L_{un}^N\ \ge\ \mathbb E\ln(1+m)+\mathbb E\Bigl[\frac{\min(|J|,k)}{k(1+m)}\Bigr]\;\mathbb E_{c,x}\Lambda_k,\qquad
#   \mathbb E_{c,x}\Lambda_k=L_{sup,k}^\mu.\qquad\square$$
#
# (Leaving the partial collisions aside, that is dropping $m$ as soon as $J\ne\emptyset$, the same argument gives
# $L_{sup,k}^\mu\le\frac k{\mathbb E\min(|J|,k)}(L_{un}^N-\tau_N\ln(N+1))$, which is never worse than Proposition 1,
# because $\min(|J|,k)\ge\mathbb 1[J\ne\emptyset]$.)
#
# For $N=1$ it is Proposition 1. For $k=C-1$ it is a bound for all classes, to compare with Proposition D. Its
# numerator is the loss *above the floor*, which can be made as small as one likes: this bound is never vacuous for
# all $f$ at once. The price is the factor: $1+m$ in the denominator.

# %%
rng = np.random.default_rng(6)
ratios, gaps = [], []
for _ in range(150):
    C, N = int(rng.integers(3, 5)), int(rng.integers(1, 5))
    k, a = int(rng.integers(1, C)), uniform_table(rng, C, rng.uniform(0.2, 1.5))
    loss, m, others = draws(a, N)
    tau, supervised = C**-N, task_loss(a, k)
    one = k / (1 - tau) * (loss.mean() - tau * math.log(N + 1))
    corrected = (loss.mean() - np.log1p(m).mean()) / (np.minimum(others, k) / (k * (1 + m))).mean()
    ratios.append((supervised / one, supervised / corrected))
    lam, S = rng.random(), math.exp(3 * rng.normal())
    gaps.append(math.log1p(lam * S) - lam * math.log1p(S))
print(f"ln(1 + lam S) - lam ln(1 + S): smallest {min(gaps):.1e}")
print(
    "L_sup,k / bound, Proposition 1 and F: largest",
    np.max(ratios, axis=0).round(4),
    " median",
    np.median(ratios, axis=0).round(3),
)

# %% [markdown]
# No table exceeds either bound; both are attained (at $N=k=1$ nothing is lost after Jensen). In the median
# Proposition F is tighter: $L_{sup,k}^\mu$ is 66 % of it, against 42 % of Proposition 1.


# %%
def first_vacuous(C, k, limit=5000):
    """The smallest N from which Proposition 1 cannot be below ln(k + 1) for any embedding."""
    for N in range(1, limit):
        all_collide = float(C) ** -float(N)
        if k / (1 - all_collide) * (floor(N, C) - all_collide * math.log(N + 1)) >= math.log(k + 1):
            return N


for C, k in ((10, 1), (10, 9), (100, 1), (100, 99)):
    print(f"C = {C}, k = {k}: Proposition 1 is vacuous from N = {first_vacuous(C, k)}")
print(f"C = 1000, N = 65536: floor {floor(65536, 1000):.3f}; ln(k + 1) / k is at most {math.log(2):.3f}")
ks = {C: np.unique(np.geomspace(1, C - 1, 14).astype(int)) for C in (10, 30, 100)}
figure, (ax,) = plots.panels(1, width=5.2)
for (C, k), colour in zip(ks.items(), plots.shades(3), strict=True):
    plots.curves(
        k,
        {f"C = {C}": [first_vacuous(C, int(v)) for v in k]},
        ax,
        colours=[colour],
        logx=True,
        logy=True,
        marker="o",
        xlabel="k (tasks of k + 1 classes)",
        ylabel="first N without content",
    )
figure

# %% [markdown]
# For ten classes Proposition 1 says nothing about the best classifier from $N=13$ on for two-class tasks, and from
# $N=4$ on for ten-class tasks. The curves fall: the larger the task, the fewer negatives it bears, because the
# factor $k$ grows faster than $\ln(k+1)$. With a thousand classes and MoCo's 65536 negatives the floor is 4.19,
# while $\ln(k+1)/k\le0.693$: vacuous for every $k$. The paper's remark that a larger $N$ makes $k/(1-\tau_N)$
# smaller is true of the factor only.

# %% [markdown]
# ## 9 The loss with 65536 negatives, exactly
#
# Enumerating draws is impossible for large $N$; sampling leaves an error bar. There is a third way.
#
# **Proposition G.** For independent $X_1,\dots,X_N>0$ with the law of $X$,
#
# $$\mathbb E\ln\Bigl(1+\sum_{i=1}^NX_i\Bigr)
#   =\int_0^\infty\frac{e^{-t}}t\Bigl(1-\bigl(\mathbb E\,e^{-tX}\bigr)^N\Bigr)dt
#   =\int_{-\infty}^\infty e^{-e^u}\Bigl(1-\bigl(\mathbb E\,e^{-e^uX}\bigr)^N\Bigr)du.$$
#
# *Proof.* For $y\ge0$, $\frac{e^{-t}(1-e^{-ty})}t=\int_0^ye^{-t(1+v)}dv$. The integrand is positive, so the order of
# integration may be exchanged (Tonelli): $\int_0^\infty\frac{e^{-t}(1-e^{-ty})}tdt=\int_0^y\int_0^\infty
# e^{-t(1+v)}dt\,dv=\int_0^y\frac{dv}{1+v}=\ln(1+y)$. Put $y=\sum_iX_i$ and take the expectation, again under a
# positive integrand; by independence $\mathbb E\,e^{-t\sum X_i}=(\mathbb E\,e^{-tX})^N$. For the second form
# $t=e^u$, $dt/t=du$. $\square$
#
# $N$ is now an exponent, and costs nothing. In the contrastive loss, given $x$ and $x^+$, the
# $X_i=e^{f(x)\cdot(f(x_i^-)-f(x^+))}$ are indeed independent with one law. Let us look at the integrand for
# orthogonal classes, where $X$ has two values: 1 (a collision, probability $1/C$) and $e^{-s}$.

# %%
C, s = 10, 2.0
x_values, law = np.array([1.0, math.exp(-s)]), np.array([1 / C, 1 - 1 / C])


def integrand(u, N):
    """e^{-e^u} (1 - (E e^{-e^u X})^N) for the two-point law above."""
    miss = -np.expm1(-np.exp(u)[:, None] * x_values) @ law  # 1 - E e^{-tX}, without cancellation for small t
    return np.exp(-np.exp(u)) * -np.expm1(N * np.log1p(-miss))


def orthogonal_loss(N):
    """The same expectation in closed form: m of N negatives collide, E ln(1 + m + (N - m) e^{-s})."""
    m = np.arange(N + 1)
    return float(binomial(N, 1 / C) @ np.log1p(m + (N - m) * math.exp(-s)))


for N in (1, 15, 255, 65535):
    u = np.arange(-math.log(N) - 40, 4.5, 0.25)
    found = 0.25 * integrand(u, N).sum()
    print(f"N = {N:5d}: {u.size} nodes, integral {found:.12f}, closed form {orthogonal_loss(N):.12f}")

# %% [markdown]
# Twelve digits agree, with about two hundred nodes for every $N$: only $\ln N/h$ nodes are added, to reach further
# to the left.
#
# **Why the plain sum is that good.** Let $g$ be analytic in the strip $|\operatorname{Im}u|\le b$, vanish at both
# ends fast enough, and $\int|g(v\pm ib)|\,dv\le M$. Then
#
# $$\Bigl|h\sum_{k\in\mathbb Z}g(kh)-\int g\,\Bigr|\ \le\ \frac{2M}{e^{2\pi b/h}-1}.$$
#
# *Proof.* $q(u)=1/(1-e^{-2\pi iu/h})$ has simple poles at $u=kh$ with residue $h/(2\pi i)$. By the residue theorem
# $h\sum_kg(kh)=\int_{\mathbb R-ib}gq-\int_{\mathbb R+ib}gq$. On the upper line $|e^{-2\pi iu/h}|=e^{2\pi b/h}$, so
# $|q|\le1/(e^{2\pi b/h}-1)$. On the lower line write $q=1+r$ with $r=1/(e^{2\pi iu/h}-1)$, $|r|\le1/(e^{2\pi
# b/h}-1)$; and $\int_{\mathbb R-ib}g=\int_{\mathbb R}g$ by Cauchy's theorem. Collect. $\square$
#
# For our integrand take any $b<\pi/2$. With $u=v+iy$, $|y|\le b$, $t=e^u$ has $\operatorname{Re}t=e^v\cos y\ge
# e^v\cos b>0$. So $|\mathbb E\,e^{-tX}|\le1$, hence $|1-(\mathbb E\,e^{-tX})^N|\le2$; also $|1-w^N|\le N|1-w|$ for
# $|w|\le1$ and $|1-e^{-tX}|\le|t|X$, so it is at most $N\,\mathbb E[X]\,e^v$. With $\kappa=N\,\mathbb E X$, split
# the line at $v=-\ln\kappa$:
#
# $$M\le\int_{-\infty}^{-\ln\kappa}\kappa e^v\,dv+2\int_{-\ln\kappa}^\infty e^{-e^v\cos b}\,dv
#   =1+2\int_{\cos b/\kappa}^\infty\frac{e^{-w}}wdw\ \le\ 1+2\ln\Bigl(1+\frac{\kappa}{\cos b}\Bigr).$$
#
# (The last inequality: $\int_y^\infty\frac{e^{-w}}wdw\le e^{-y}\ln(1+\tfrac1y)$, because both sides vanish at
# infinity and the derivative of the right side, $-e^{-y}\bigl(\ln(1+\frac1y)+\frac1{y(1+y)}\bigr)$, is at most that
# of the left side, $-e^{-y}/y$: indeed $\ln(1+\frac1y)\ge\frac1{1+y}=\frac1y-\frac1{y(1+y)}$.) So the error is of
# order $\ln N\cdot e^{-2\pi b/h}$, nearly $e^{-\pi^2/h}$, for *every* $N$.
#
# The ends: on the left $g\le\kappa e^u$, so what lies below $u=-\ln\kappa-40$ is at most $e^{-40}$; on the right
# $g\le e^{-e^u}$, which at $u=4$ is $e^{-54}$. The number of nodes is $(\ln\kappa+44)/h$.


# %%
def largest_error(N, h):
    """Over eight shifts of the grid."""
    grids = [np.arange(-math.log(N) - 40 + shift * h, 5, h) for shift in np.arange(0, 1, 0.125)]
    return max(abs(h * integrand(u, N).sum() - orthogonal_loss(N)) for u in grids)


steps, sizes = np.array([1.5, 1.2, 1.0, 0.8, 0.65, 0.5, 0.4, 0.33, 0.25]), (1, 15, 255, 65535)
errors = {f"N = {N}": [largest_error(N, h) for h in steps] for N in sizes}
for name, e in errors.items():
    print(f"{name}: error at h = 1, 0.5, 0.25: {e[2]:.1e}, {e[5]:.1e}, {e[8]:.1e}")

# %%
figure, (left, right) = plots.panels(2)
u, b = np.linspace(-16, 3, 400), 0.49 * math.pi
plots.curves(
    u,
    {f"N = {N}": integrand(u, N) for N in sizes},
    left,
    ordered=True,
    xlabel="u = ln t",
    ylabel="integrand",
    legend="upper left",
)
plots.curves(1 / steps, {name: np.maximum(e, 1e-17) for name, e in errors.items()}, right, ordered=True, marker="o")
kappa = 65535 * float(law @ x_values)
bound = 2 * (1 + 2 * math.log1p(kappa / math.cos(b))) / np.expm1(2 * math.pi * b / steps)
plots.curves(
    1 / steps,
    {"proved bound, N = 65535": bound},
    right,
    colours=[plots.DARK],
    styles=["--"],
    logy=True,
    xlabel="1 / h (nodes per unit of u)",
    ylabel="error",
    legend="upper right",
)
figure

# %% [markdown]
# Left: the integrand against $u=\ln t$. For few negatives it is a bump; as $N$ grows, it becomes a plateau of height
# 1 whose left edge moves as $-\ln N$, so that the area grows like $\ln N$, as the loss does. Right: the largest error
# over eight shifts of the grid, against the number of nodes per unit of $u$. On the logarithmic axis all four curves
# fall along one straight line, below the proved bound (dashed), down to rounding: about $10^{-4}$ at $h=1$, below
# $10^{-8}$ at $h=\tfrac12$, and at $h=\tfrac14$ only rounding is left (at most $10^{-12}$, part of it in the closed
# form, which adds up to 65536 terms). The number of negatives plays no part.
#
# Sampling has no such luck: its error falls like one over the square root of the work.

# %%
rng = np.random.default_rng(7)
for N in (1, 15, 255, 65535):
    m = rng.binomial(N, 1 / C, size=4000)  # the number of collisions is all that a draw contributes here
    sample = np.log1p(m + (N - m) * math.exp(-s))
    error = sample.std() / math.sqrt(sample.size)
    print(f"N = {N:5d}: exact {orthogonal_loss(N):.6f}   4000 draws {sample.mean():.6f} +- {error:.6f}")

# %% [markdown]
# The exact value lies within two error bars each time. To gain one more digit, sampling needs a hundred times as
# many draws, the integral a step that is about a tenth smaller.
#
# **What the exercise adds.** In a world the law of $X$ depends on the pair $(x,x^+)$, so there is one integral for
# each pair (or, with a shift of the variable, one for each anchor); inner products of $10^4$ make $X$ overflow, so
# the exponents have to be added before anything is exponentiated.

# %% [markdown]
# ## 10 What more negatives buy
#
# Now we can put all bounds on the mean classifier's loss over *all* classes into one picture, for any $N$, on worlds
# with one point per class (where Jensen costs nothing). Left: orthogonal classes, $C=10$, $s=2$. Right: ten classes
# at random places in three dimensions. For Proposition F we need $\mathbb E\frac{|J|}{(C-1)(1+m)}$: given $m$
# collisions, each other class is missed by the $N-m$ remaining negatives with probability $(1-\frac1{C-1})^{N-m}$.


# %%
def table_loss(a, rho, N, h=0.4):
    """L_un^N for one point per class and logits a[c, j]: one integral for each anchor."""
    total = 0.0
    for chance, row in zip(rho, a, strict=True):
        u = np.arange(-math.log(N) - max(row.max(), 0) - 40, 4.5, h)
        miss = np.minimum(-np.expm1(-np.exp(u)[:, None] * np.exp(row)) @ rho, 1 - 1e-16)
        total += chance * h * (np.exp(-np.exp(u)) @ -np.expm1(N * np.log1p(-miss)))
    return total


def bound_d(a, rho, N):
    """Proposition D for such a world."""
    all_collide = (rho ** (N + 1.0)).sum()
    return (table_loss(a, rho, N) - all_collide * math.log(N + 1)) / (1 - (1 - rho.min()) ** N)


def bound_f(a, N):
    """Proposition F with k = C - 1, equally likely classes."""
    C, m = len(a), np.arange(N + 1)
    weight = binomial(N, 1 / C) @ ((1 - (1 - 1 / (C - 1)) ** (N - m)) / (1 + m))
    return (table_loss(a, np.full(C, 1 / C), N) - floor(N, C)) / weight


# %%
C, N = 10, np.unique(np.geomspace(1, 1000, 40).astype(int)).tolist()
rng, rho, seen = np.random.default_rng(11), np.full(10, 0.1), complete_by(10, 1000)
v = 0.8 * rng.normal(size=(C, 3))
tables = {"orthogonal classes": 2 * (np.eye(C) - 1), "classes at random places": v @ v.T - (v * v).sum(axis=1)[:, None]}
results = {}
for name, a in tables.items():
    loss = np.array([table_loss(a, rho, n) for n in N])
    lemma2 = np.divide(loss, seen[N], out=np.full(len(N), np.nan), where=seen[N] > 0)
    columns = {"Lemma 2": lemma2, "Proposition D": [bound_d(a, rho, n) for n in N]}
    results[name] = {**columns, "Proposition F": [bound_f(a, n) for n in N], "the loss itself": loss}
    print(f"{name}: mean classifier's loss {lse(a).mean():.3f}")
    for bound, value in list(results[name].items())[:3]:
        print(f"  {bound}: at N = 1 {value[0]:.3f}, smallest {np.nanmin(value):.3f} at N = {N[np.nanargmin(value)]}")

# %%
figure, axes = plots.panels(2, height=3.6)
for ax, (name, curves) in zip(axes, results.items(), strict=True):
    plots.curves(
        N,
        curves,
        ax,
        logx=True,
        logy=True,
        xlabel="number of negatives N",
        ylabel="nats",
        title=name,
        legend="upper left",
        colours=[*plots.PALETTE[:3], plots.GREY],
        styles=["-", "-", "-", "--"],
    )
    plots.levels({"mean classifier's loss": lse(tables[name]).mean(), "ln C": math.log(C)}, ax)
    ax.set_ylim(0.3, 60)
figure

# %% [markdown]
# Every bound lies above the mean classifier's loss (lower dashed line), which has no negatives and does not move.
# Left: the embedding is good, and one negative gives the best bound, 1.142; Lemma 2 never gets below 2.61, worse than
# guessing ($\ln10$). Right: Proposition D, after a step up at $N=2$, falls from 2.731 at $N=1$ to 2.441 at $N=14$,
# Proposition F to 2.346 at $N=5$, before they rise: D because the loss itself grows like $\ln N$, F because of its
# factor $1+m$. Lemma 2 and D merge once all classes are usually seen. How typical are the two pictures?

# %%
rng, grid = np.random.default_rng(12), (1, 2, 5, 15, 50, 150)
for C, uniform in itertools.product((4, 10), (True, False)):
    gains = []
    for _ in range(40):
        v = rng.uniform(0.2, 1.5) * (rng.normal(size=(C, 3)) + rng.normal(size=3))
        rho = np.full(C, 1 / C) if uniform else 0.7 * rng.dirichlet(np.ones(C)) + 0.3 / C
        values = [bound_d(v @ v.T - (v * v).sum(axis=1)[:, None], rho, n) for n in grid]
        gains.append(min(values) / values[0])
    law = "equally likely" if uniform else "of random probability"
    print(
        f"{C} classes {law}: N > 1 is better on {sum(g < 1 - 1e-9 for g in gains)} of 40 tables,"
        f" best bound / bound at N = 1: median {np.median(gains):.2f}"
    )

# %% [markdown]
# With four classes of equal probability, one negative is nearly always best. With ten classes, and more so when some
# are rare, more negatives help: the factor $1/p_{\min}$ falls to 1 faster than the loss rises, and the best bound is
# 0.72 (equal probabilities) or 0.40 (random ones) of that with one negative, in the median.
#
# That is the summary of section 3 of the paper and of its sharper forms. Negatives buy a smaller factor, at most from
# $1/p_{\min}$ down to 1, and pay with a loss that grows like $\ln N$. A moderate $N$ may gain; with an $N$ beyond
# about $C^2$ neither Lemma 2 nor Proposition D certifies anything about the best classifier (Proposition F can, but
# its factor grows with $N$). If 65536 negatives help in practice, and they do, the reason is not in these
# inequalities. Unit 04 looks at one candidate, mutual information, where $\ln(N+1)$ is a ceiling rather than a cost.
#
# | statement | holds for | the paper says | what is true |
# |---|---|---|---|
# | Lemma 1 | every $\rho$ | $L_{un}/p_{\min}+\ln C$ | $(L_{un}-\lVert\rho\rVert^2\ln2)/p_{\min}$, sharp |
# | Lemma 2 | every $\rho$, $N\ge C$ | $L_{un}^N/p_{cc}(N)$, $N=\Omega(C\ln C)$ | Proposition D, every $N\ge1$ |
# | Figure 2 | | "seems to hold" without a factor | false: ratio up to $1/(1-(1-1/C)^N)$ |
# | coupon collector | uniform $\rho$ | $\operatorname{Var}T=(C\pi)^2/6$ | $C^2\sum k^{-2}-CH_C$, smaller |
# | Proposition 1 | uniform $\rho$ | as stated, any base | yes; also with the collisions counted (F) |
# | Proposition 2(1) | uniform $\rho$ | $-\tau$ "without loss of generality" | $-\tau\ln2$ in nats |
# | "difficult to obtain a better inequality" | | after Lemma 2 | Proposition D is better for every $N$ |
#
# (The same sentence of the paper speaks of bounding $L_{un}^N$ *by* the supervised loss; the lemma bounds in the
# other direction, and the reverse is impossible: orthogonal classes with $s\to\infty$ have $L_{sup}\to0$, while
# $L_{un}^N$ stays above the floor.)
