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
# # 04 · Mutual information: what a contrastive loss certifies, and what it costs
#
# *Time* 100 minutes · *you need* unit 01, conditional probability, Jensen's inequality; numpy
#
# | $x$ | $y = x^+$ | $p(x,y)$ | $q(y)$ | $r(x,y)$ | $s(x,y)$ | $N$ | $I$ |
# |---|---|---|---|---|---|---|---|
# | anchor | positive | joint law | marginal of $y$ | $p(y\mid x)/q(y)$ | critic | negatives | $\mathbb{E}\ln r(x,y)$ |
#
# All logarithms are natural, all information is in nats. All laws are finite, so that every expectation is a finite
# sum. $\sigma(v) = 1/(1+e^{-v})$.
#
# **Afterwards you can**
#
# - derive noise-contrastive estimation and InfoNCE from Bayes' rule, and name the best critic of each;
# - prove $I \ge \ln(N+1) - L$ for every critic, and say where the proof uses each hypothesis;
# - say how many negatives it takes to certify a given number of nats, from both sides;
# - recognise three popular losses that look like this one and certify nothing;
# - test sentences such as "more negatives give better representations" on an exact example;
# - derive alignment and uniformity as what is left of the loss when $N\to\infty$.
#
# Every statement is proved and then looked at in exact numbers: where it holds, where it is tight, where it breaks. A
# survey page on the theory of contrastive learning serves as a sparring partner (section 8): some of its sentences
# are true, some are not, and numbers decide.

# %%
from itertools import product
from math import exp, lgamma, log, pi

import numpy as np

from course import plots, plots_information, worlds


def binomial(n, p):
    """P(K = 0), ..., P(K = n) for K the number of successes in n independent trials of probability p."""
    ways = [lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(n + 1)]
    return np.exp([w + k * log(p) + (n - k) * log(1 - p) for k, w in enumerate(ways)])


# %% [markdown]
# ## 1 Telling data from noise
#
# **Question.** We want the log-density of some data, but we cannot normalise: summing over all images is hopeless.
# Can a density be learned from a classification problem instead?
#
# Gutmann and Hyvärinen (2010 for $k=1$, 2012 for every $k$): mix each data sample, drawn from $p$, with $k$ samples
# from a *known* noise law $q$, and ask which is which. A priori the odds of data against noise are $1 : k$. After
# seeing $y$ they are, by Bayes' rule, $p(y) : k\,q(y)$. So if a score $s(y)$ is to play the role of $\ln p(y)$, the
# logit of "data" must be
#
# $$G(y) = s(y) - \ln q(y) - \ln k, \tag{1.1}$$
#
# and the loss is the cross-entropy of that two-way question, averaged over data and noise,
#
# $$J_k(s) = \frac{1}{1+k}\Bigl( -\mathbb{E}_{y\sim p} \ln\sigma(G(y))
#    - k\,\mathbb{E}_{y\sim q} \ln\bigl(1-\sigma(G(y))\bigr)\Bigr). \tag{1.2}$$
#
# **Proposition 4.1.** Let $p, q > 0$ on a finite set and $k>0$. Among *all* functions $s$, normalised or not, $J_k$
# has exactly one minimiser: $s = \ln p$.
#
# *Proof.* Each point $y$ contributes $g(\sigma) = -p\ln\sigma - kq\ln(1-\sigma)$ with its own
# $\sigma = \sigma(G(y))$, and $s(y)$ can be chosen for each $y$ separately. $g'(\sigma) = -p/\sigma + kq/(1-\sigma)$
# is increasing in $\sigma$, from $-\infty$ to $+\infty$, and vanishes at $\sigma = p/(p+kq)$ only. There
# $e^{G} = \sigma/(1-\sigma) = p/(kq)$, and with (1.1) $e^{s} = p$. $\square$

# %%
rng = np.random.default_rng(4)
data, noise = worlds.random_law(rng, 6, minimum=0.03), worlds.random_law(rng, 6, minimum=0.03)


def two_way(s, k):
    """(1.2): the cross-entropy of data against k times as much noise; logaddexp(0, v) = -ln sigma(-v)."""
    logit = s - np.log(noise) - log(k)
    return (data @ np.logaddexp(0, -logit) + k * noise @ np.logaddexp(0, logit)) / (1 + k)


for name, s in (("ln p", np.log(data)), ("ln p + 0.3", np.log(data) + 0.3), ("ln p - 0.3", np.log(data) - 0.3)):
    print(f"s = {name:10s}  sum of e^s = {np.exp(s).sum():.4f}   J_3 = {two_way(s, 3):.6f}   -E s = {-data @ s:.6f}")
others = [two_way(np.log(data) + rng.normal(size=6), 3) for _ in range(1000)]
print(f"smallest of 1000 random scores: {min(others):.6f}")

# %% [markdown]
# The last column is what happens without noise: raise all scores by 0.3 and the "likelihood" of the data improves,
# for nothing. $J_3$ does not fall for it: too large a total mass is punished by the noise, too small a one by the
# data. The scores normalise themselves, although no sum over all points is ever taken during training.
#
# **What is gained by more noise?**
#
# **Proposition 4.2.** $(1+k)\,\partial J_k/\partial s(y) = w_k(y)\,\bigl(e^{s(y)} - p(y)\bigr)$ with
# $w_k = kq/(e^{s}+kq) \in (0,1)$. As $k\to\infty$ this tends to $e^{s(y)} - p(y)$, the gradient of
# $-\mathbb{E}_p s + \sum_y e^{s(y)}$: maximum likelihood, with the normalisation as a penalty.
#
# *Proof.* By $(\ln\sigma)' = 1-\sigma$ and $(\ln(1-\sigma))' = -\sigma$ the derivative of the two terms at $y$ is
# $-p(1-\sigma) + kq\,\sigma = (p+kq)\,\sigma - p$. Insert $\sigma = e^{s}/(e^{s}+kq)$:
#
# $$\frac{(p+kq)\,e^{s} - p\,e^{s} - p\,kq}{e^{s}+kq} = \frac{kq\,(e^{s}-p)}{e^{s}+kq} .$$
#
# The weight tends to 1 as $k\to\infty$, and the derivative of $-\mathbb{E}_p s + \sum e^{s}$ is $-p + e^{s}$.
# $\square$

# %%
ratios = [1, 3, 10, 30, 100, 300, 1000]
wrong = np.log(data) + rng.normal(size=6)
limit, step = np.exp(wrong) - data, 1e-5
gaps = []
for k in ratios:
    moves = step * np.eye(6)
    gradient = [(1 + k) * (two_way(wrong + m, k) - two_way(wrong - m, k)) / (2 * step) for m in moves]
    gaps.append(float(np.abs(np.array(gradient) - limit).max()))
print("k         ", ratios)
print("difference", [round(g, 5) for g in gaps])

# %%
shifts, goal = np.linspace(-1.5, 1.5, 61), np.log(data)
rise = {f"k = {k}": [(1 + k) * (two_way(goal + c, k) - two_way(goal, k)) for c in shifts] for k in (1, 3, 30)}
rise["likelihood with penalty"] = np.exp(shifts) - 1 - shifts
figure, (left, right) = plots.panels(2)
plots.curves(ratios, {"k": gaps}, left, xlabel="noise samples per data sample k", ylabel="gradient difference",
             logx=True, logy=True, marker="o", legend=None)
plots.curves(shifts, rise, right, xlabel="c, in s = ln p + c", ylabel="(1 + k) (J - its minimum)", ordered=True)

# %% [markdown]
# Left: the numerical gradient of the two-way loss approaches that of maximum likelihood, with a slope of $-1$: ten
# times the noise, a tenth of the difference. Right: the loss along $s = \ln p + c$. All curves have their minimum at
# $c = 0$; more noise makes the valley steeper, up to the lightest curve, $e^c - 1 - c$. So the *answer* of
# noise-contrastive estimation does not depend on $k$; only how sharply it is told does.

# %% [markdown]
# ## 2 From one sample to $N+1$ candidates
#
# Now the density of interest is conditional, $p(y\mid x)$: which $y$ come with this $x$? Take as noise the marginal
# $q(y) = \sum_x p(x,y)$, which costs nothing: a $y$ that belongs to *another* $x$ is a sample of it. And ask a
# question with one answer: hide the positive at a random place $J\in\{0,\dots,N\}$ among $N$ negatives drawn
# independently from $q$, and ask for the place.
#
# **Lemma 4.3.** With $r(x,y) = p(y\mid x)/q(y)$, and $y_0,\dots,y_N$ the candidates in the order in which they are
# shown,
#
# $$P(J=j\mid x, y_0,\dots,y_N) = \frac{r(x,y_j)}{\sum_{i=0}^N r(x,y_i)} . \tag{2.1}$$
#
# *Proof.* Given $x$ and $J=j$ the candidates have probability $p(y_j\mid x)\prod_{i\ne j}q(y_i)$. Where this is
# positive, $q(y_j)>0$ as well, because $q(y_j)\ge p(x)\,p(y_j\mid x)$; so it is $r(x,y_j)\prod_{i}q(y_i)$. The places
# are equally likely, and the product over *all* candidates does not depend on $j$: Bayes' rule leaves (2.1).
# $\square$
#
# A classifier for this question is a softmax over scores $s(x,y_j)$. By symmetry we may write the positive first, and
# its cross-entropy is the **InfoNCE loss** (van den Oord et al. 2018)
#
# $$L_N(s) = \mathbb{E}\Bigl[-\ln w_0\Bigr],\qquad w_j = \frac{e^{s(x,y_j)}}{\sum_{i=0}^N e^{s(x,y_i)}},\qquad
#   (x,y_0)\sim p,\quad y_1,\dots,y_N\sim q \text{ independent}. \tag{2.2}$$
#
# Any constant $c(x)$ added to the scores cancels in the softmax: even the penalty of section 1 is gone, nothing needs
# to be normalised in any sense.
#
# For two negatives the expectation is an array with four axes: $x$, $y_0$, $y_1$, $y_2$.

# %%
def triples(joint, critic):
    """All draws for N = 2: their probabilities, and -ln of the weights w_0, w_1, w_2; axes x, y_0, y_1, y_2."""
    q = joint.sum(axis=0)
    s = np.stack(np.broadcast_arrays(critic[:, :, None, None], critic[:, None, :, None], critic[:, None, None, :]))
    return joint[:, :, None, None] * q[:, None] * q, np.logaddexp.reduce(s) - s


def loss_two(joint, critic):
    """(2.2) with N = 2."""
    probability, surprise = triples(joint, critic)
    return np.sum(probability * surprise[0])

# %%
joint = worlds.random_joint(rng, 4, 5)
chance, _ = triples(joint, 0 * joint)  # probability when the positive stands first; move it to the other places:
posterior = chance / (chance + chance.swapaxes(1, 2) + chance.swapaxes(1, 3))
ratio = joint / np.outer(joint.sum(axis=1), joint.sum(axis=0))
_, surprise = triples(joint, np.log(ratio))
print(f"Bayes' rule against (2.1), largest difference: {np.abs(posterior - np.exp(-surprise[0])).max():.1e}")
print(f"a critic that says nothing: {loss_two(joint, 0 * joint):.6f}   ln 3 = {log(3):.6f}")

# %% [markdown]
# The posterior was computed twice, once from the probabilities of the three arrangements, once as a softmax of
# $\ln r$; they agree to rounding in all 500 cells. A constant critic pays $\ln(N+1)$, the price of guessing.

# %% [markdown]
# ## 3 The best critic
#
# **Proposition 4.4.** (a) With $\pi$ the posterior (2.1), $w$ the softmax of the scores and $H$ the entropy, every
# critic has
#
# $$L_N(s) = \mathbb{E}\,H(\pi) + \mathbb{E}\,\mathrm{KL}(\pi\,\Vert\,w) . \tag{3.1}$$
#
# (b) For every $N\ge1$ the minimisers are exactly $s(x,y) = \ln r(x,y) + c(x)$, with an arbitrary function $c$, and
# $-\infty$ where $r(x,y) = 0$ (for $x$ and $y$ of positive probability).
#
# *Proof.* (a) Given $x$ and the candidates, $J$ follows the posterior $\pi$, and the expected loss is
# $-\sum_j\pi_j\ln w_j = -\sum_j\pi_j\ln\pi_j + \sum_j\pi_j\ln(\pi_j/w_j)$. (b) The first term does not depend on $s$;
# the second is at least 0, and 0 only where $w = \pi$. So $s$ is optimal if and only if $w=\pi$ for every $x$ and all
# candidates of positive probability. Choose $y$ with $p(y\mid x)>0$, any $y'$ with $q(y')>0$, and (if $N>1$) any
# others: this draw is possible, and $w_j/w_i = \pi_j/\pi_i$ says $e^{s(x,y')-s(x,y)} = r(x,y')/r(x,y)$. So
# $s(x,\cdot)-\ln r(x,\cdot)$ is constant. Conversely such an $s$ has $w=\pi$ by (2.1). $\square$
#
# The best critic is not $\ln p(y\mid x)$: a $y$ that comes with every $x$ is also frequent among the negatives, and
# deserves no bonus. What counts is how much *more* frequent it is with this $x$.

# %%
best = np.log(ratio)
probability, surprise = triples(joint, best)
shuffled = (probability + probability.swapaxes(1, 2) + probability.swapaxes(1, 3)) / 3  # positive at a random place
trial = best + rng.normal(size=joint.shape)
_, other = triples(joint, trial)
entropy = np.sum(shuffled * np.sum(np.exp(-surprise) * surprise, axis=0))
divergence = np.sum(shuffled * np.sum(np.exp(-surprise) * (other - surprise), axis=0))
print(f"loss of some critic {loss_two(joint, trial):.6f} = entropy {entropy:.6f} + divergence {divergence:.6f}")
rivals = [best + size * rng.normal(size=joint.shape) for size in (0.01, 0.1, 1) for _ in range(100)]
print(f"smallest loss of 300 other critics, minus the entropy: {min(loss_two(joint, s) for s in rivals) - entropy:.2e}")
for name, s in {"ln r + c(x)": best + rng.normal(size=(4, 1)), "ln p(y|x)": best + np.log(joint.sum(axis=0)),
                "ln r + c(y)": best + rng.normal(size=(1, 5))}.items():
    print(f"{name:12s} loss - entropy = {loss_two(joint, s) - entropy:.6f}")

# %% [markdown]
# The loss of any critic is the entropy that nobody can avoid plus a divergence that is its own fault. Constants per
# row are free, constants per column are not: $\ln p(y\mid x) = \ln r + \ln q(y)$ is such a shift by $c(y)$, and it
# costs.

# %% [markdown]
# ## 4 The bound
#
# Mutual information is what the density ratio says on average:
# $I = \mathbb{E}\ln r(x,y) = \sum p(x,y)\ln\frac{p(x,y)}{p(x)\,q(y)}$. It is the divergence of the joint law from
# independence.
#
# **Theorem 4.5.** For every joint law, every finite critic $s$ and every $N\ge1$
#
# $$I\ \ge\ \ln(N+1) - L_N(s). \tag{4.1}$$
#
# *Proof.* Both $I$ and $L_N$ are expectations over the same draw, so, with $W = (N+1)\,w_0/r(x,y_0)$,
#
# $$\begin{aligned}
#  I - \ln(N+1) + L_N(s) &= \mathbb{E}[-\ln W] &&\text{($r(x,y_0)>0$ with probability 1)}\\
#  &\ge -\ln\mathbb{E}\,W &&\text{(Jensen: $-\ln$ is convex)}\\
#  &\ge -\ln\Bigl((N+1)\;\mathbb{E}_x\,\mathbb{E}_{y_0,\dots,y_N\sim q}\,w_0\Bigr) &&\text{(change of law)}\\
#  &= -\ln\Bigl(\mathbb{E}_x\,\mathbb{E}_{y_0,\dots,y_N\sim q}\,\textstyle\sum_{j}w_j\Bigr) = -\ln 1 = 0
#  &&\text{(symmetry).}
# \end{aligned}$$
#
# *Change of law:* in $\mathbb{E}\,W$ the positive has law $p(\cdot\mid x) = r(x,\cdot)\,q$. Dividing by $r$ leaves
# the sum over $\{y_0 : r(x,y_0)>0\}$ with weights $q(y_0)$; the sum over all $y_0$ is larger or equal, because
# $w_0\ge0$. *Symmetry:* now all $N+1$ candidates are independent with the same law, so $w_0,\dots,w_N$ have the same
# expectation; and they sum to 1. $\square$
#
# (A critic with $-\infty$ where $r=0$ is covered too: such a $y$ is never the positive. If all candidates have the
# score $-\infty$ put $w_j=0$; the weights then sum to at most 1, which is all that is needed.)
#
# Three facts carried the proof: the negatives have the law $q$ **of the positive**, they are **independent** of it,
# and the positive is **in the denominator** (or the $w_j$ would not sum to 1). Section 7 drops them one by one.
# Nothing was asked of the critic: a bad one makes the bound weak, never wrong.

# %%
def proof(joint, critic):
    """The lines of the proof for N = 2: E[-ln W], -ln E W, minus ln of E W after the change of law, 0."""
    probability, surprise = triples(joint, critic)
    rows, q = joint.sum(axis=1), joint.sum(axis=0)
    r = (joint / np.outer(rows, q))[:, :, None, None] + 0 * probability
    seen = probability > 0
    w = 3 * np.exp(-surprise[0][seen]) / r[seen]
    unlinked = rows[:, None, None, None] * q[:, None, None] * q[:, None] * q  # every candidate from q
    changed = 3 * np.sum(unlinked * np.exp(-surprise[0]))
    return [probability[seen] @ -np.log(w), -log(probability[seen] @ w), -log(changed)]

# %%
hole = joint.copy()
hole[0, :3] = 0
hole /= hole.sum()
for name, law in (("all pairs possible", joint), ("three pairs impossible", hole)):
    for title, s in (("optimal + noise", trial), ("random", rng.normal(size=joint.shape))):
        print(f"{name:23s} {title:16s}" + " >= ".join(f"{round(v, 9) + 0.0:.6f}" for v in proof(law, s)))

# %% [markdown]
# Each row is the proof in numbers: the slack $I-\ln 3+L$, what is left of it after Jensen's inequality, and what is
# left after the change of law, which is 0. Where every pair is possible the change of law is an equality (the second
# number is 0 already); where three pairs cannot occur it gives something away.
#
# **Is it a bound on every law?** Random joint laws, sharpened so that some are nearly deterministic, with the optimal
# critic, a noisy copy of it, and one that was never told anything. Left: 8 × 10 laws, $N=2$. Right: $x^+$ has two
# values, so that the number of negatives of each kind is binomial and $N=20$ is a sum of 21 terms.

# %%
def loss_two_columns(joint, critic, n):
    """(2.2) where y has two values: K of the N negatives have the second one, K is binomial."""
    k = np.arange(n + 1)
    with np.errstate(divide="ignore"):  # ln 0 = -inf where no negative has that value
        crowd = np.logaddexp(critic[:, :1] + np.log(n - k), critic[:, 1:] + np.log(k))
    loss = np.logaddexp(critic[:, :, None], crowd[:, None, :]) - critic[:, :, None]
    return np.sum(joint * (loss @ binomial(n, joint[:, 1].sum())))

# %%
def survey(n_columns, loss, count=500):
    """Informations of random laws, and the bound loss -> -loss of three critics each (ln(N+1) is added later)."""
    found = {"optimal critic": ([], []), "optimal + noise": ([], []), "random critic": ([], [])}
    for _ in range(count):
        law = worlds.random_joint(rng, 8, n_columns) ** rng.uniform(1, 8)
        law = law / law.sum()
        score, blur = np.log(law / np.outer(law.sum(axis=1), law.sum(axis=0))), rng.normal(size=law.shape)
        for (informations, values), s in zip(found.values(), (score, score + blur, 2 * blur), strict=True):
            informations.append(np.sum(law * score))
            values.append(-loss(law, s))
    return found

# %%
figure, axes = plots.panels(2, width=4.6, height=3.8)
plans = {2: (10, loss_two), 20: (2, lambda law, s: loss_two_columns(law, s, 20))}
for ax, (n, (n_columns, loss)) in zip(axes, plans.items(), strict=True):
    found = survey(n_columns, loss)
    bounds = {name: (i, log(n + 1) + np.array(v)) for name, (i, v) in found.items()}
    slack = np.concatenate([i - v for i, v in bounds.values()])  # 500 of each critic, the optimal one first
    hidden = sum(np.sum(v < -0.6) for _, v in bounds.values())
    broken = np.mean(slack[:500] < log((n + 2) / (n + 1)))  # ln(N+2) raises every bound by that much
    print(f"N = {n}: {slack.size} bounds, smallest I - bound {slack.min():.1e}; {hidden} lie below the picture")
    print(f"        with ln(N+2) the optimal critic would break the bound on {broken:.0%} of the laws")
    plots_information.scatter(bounds, ax, ceiling=log(3) if n == 2 else None, title=f"N = {n}", lowest=-0.6)
figure

# %% [markdown]
# No point lies above the diagonal. The optimal critic comes close to it where $I$ is small against $\ln(N+1)$; on the
# left it bends away below the dashed ceiling $\ln3$, which no point passes whatever $I$ is. Most critics that were
# never told anything certify a negative number, which is nothing; a few are right by luck.
#
# **Could the constant be larger?** $\ln(N+2)$ fails on many laws. One example settles it for every constant:
#
# **Proposition 4.6.** In (4.1), $\ln(N+1)$ cannot be replaced by any larger number.
#
# *Proof.* Let $x$ and $y$ be independent and $s=0$. Then $I=0$, and every draw has the loss $\ln(N+1)$. With a
# constant $c>\ln(N+1)$ the bound would be $c-\ln(N+1)>0=I$. $\square$

# %%
independent = np.outer(worlds.random_law(rng, 4), worlds.random_law(rng, 5))
flat = loss_two(independent, np.zeros((4, 5)))
print(f"I = 0, L = {flat:.6f}:", ", ".join(f"ln {c} - L = {log(c) - flat:.4f}" for c in (2, 3, 4)))

# %% [markdown]
# With $N = 2$: the constant $\ln N$ is valid but gives away 0.405 nats, $\ln(N+2)$ certifies 0.288 nats of
# information between variables that have none. $N+1$, the number of candidates, is exactly right.

# %% [markdown]
# ## 5 What the best critic certifies: more with every negative, and never all
#
# Write $B_N = \ln(N+1) - L_N(\ln r)$ for the bound of the optimal critic, $M_N = \frac1{N+1}\sum_{i=0}^N r(x,y_i)$
# for the mean of the ratios of the candidates, $\varphi(t) = t\ln t$, $\varphi(0)=0$, and
# $\chi^2 = \mathbb{E}_x\mathbb{E}_{y\sim q}\,r(x,y)^2 - 1$.
#
# **Proposition 4.7.** (a) $I - B_N = \mathbb{E}_x\,\mathbb{E}_{y_0,\dots,y_N\sim q}\,\varphi(M_N)$. (b)
# $B_N\le B_{N+1}$. (c) $0\le I-B_N\le\chi^2/(N+1)$, so $B_N\to I$. (d) $B_N<\ln(N+1)$.
#
# *Proof.* (a) For the optimal critic $w_0 = r(x,y_0)/((N+1)M_N)$, hence
# $B_N = \mathbb{E}\ln r(x,y_0) - \mathbb{E}\ln M_N = I - \mathbb{E}\ln M_N$. Here
# $y_0\sim p(\cdot\mid x) = r(x,\cdot)\,q$, so $\mathbb{E}\ln M_N$ is the expectation of $r(x,y_0)\ln M_N$ with *all*
# candidates from $q$; and since $M_N$ is symmetric in the candidates, $r(x,y_0)$ may be replaced by $r(x,y_j)$ for
# any $j$, or by their mean $M_N$.
#
# (b) Let $M^{(-j)}$ be the mean of the ratios without candidate $j$. Then $M_{N+1} = \frac1{N+2}\sum_j M^{(-j)}$,
# because each ratio is left out once. $\varphi$ is convex ($\varphi'' = 1/t$), so
# $\varphi(M_{N+1})\le\frac1{N+2}\sum_j\varphi(M^{(-j)})$, and each term on the right has the law of $\varphi(M_N)$.
# With (a), $I - B_{N+1}\le I-B_N$.
#
# (c) $\mathbb{E}_{y\sim q}\,r(x,y) = \sum_y p(y\mid x) = 1$, so $\mathbb{E} M_N = 1$ and Jensen gives
# $\mathbb{E}\varphi(M_N)\ge\varphi(1) = 0$. From $\ln t\le t-1$ follows $\varphi(t)\le t(t-1) = (t-1)+(t-1)^2$, so
# $\mathbb{E}\varphi(M_N)\le\mathbb{E}(M_N-1)^2$; for each $x$ this is the variance of a mean of $N+1$ independent
# terms, and averaging over $x$ gives $\chi^2/(N+1)$.
#
# (d) $L_N>0$, because $w_0<1$: with positive probability all negatives equal the positive, and then $w_0=1/(N+1)$.
# $\square$

# %%
def by_loss(agree, n):
    """B_N for two fair bits that agree with probability `agree`, as ln(N+1) minus the loss of the critic ln r."""
    law = np.array([[agree, 1 - agree], [1 - agree, agree]]) / 2
    return log(n + 1) - loss_two_columns(law, np.log(4 * law), n)


def gap(agree, n):
    """E phi(M_N): of n + 1 candidates from the uniform law, K agree with x."""
    k = np.arange(n + 2)
    m = (2 * agree * k + 2 * (1 - agree) * (n + 1 - k)) / (n + 1)
    return binomial(n + 1, 0.5) @ (m * np.log(m))

# %%
agree = 0.8
information, chi = log(2) + agree * log(agree) + (1 - agree) * log(1 - agree), (2 * agree - 1) ** 2
print(f"I = {information:.5f}, chi^2 = {chi:.2f}\n   N     B_N   B_N / I    I - B_N  E phi(M_N)  chi^2/(N+1)")
for n in (1, 2, 4, 8, 16, 32, 64, 128):
    value = by_loss(agree, n)
    columns = (information - value, gap(agree, n), chi / (n + 1))
    print(f"{n:4d}  {value:.5f}  {value / information:.3f}    " + "   ".join(f"{c:.6f}" for c in columns))

# %% [markdown]
# Two bits that agree in 8 cases of 10 share 0.193 nats. One negative certifies half of that, 128 certify 99.3 %. The
# fourth and the fifth column are the two sides of (a), the last one the upper bound of (c). For large $N$ it is about
# twice the truth, because $\varphi(t)\approx(t-1)+\frac12(t-1)^2$ near 1.
#
# How does this look when there is more to certify? A *noisy copy*: $x$ is uniform on $n$ symbols, $y$ is $x$, or with
# probability $\nu$ a fresh uniform symbol. Then $r$ has two values only, $n(1-\nu)+\nu$ where $y=x$ and $\nu$
# elsewhere, and the number of negatives that equal $x$ is binomial.

# %%
def noisy_copy(n_symbols, noise, n):
    """(B_N, I) of the optimal critic: E ln r(x, y_0) - E ln M_N, with K of the N negatives equal to x."""
    same, other = n_symbols * (1 - noise) + noise, noise
    crowd = np.arange(n + 1) * same + (n - np.arange(n + 1)) * other
    value = information = 0.0
    for probability, own in ((same / n_symbols, same), (1 - same / n_symbols, other)):
        if probability > 0:
            information += probability * log(own)
            value -= probability * (binomial(n, 1 / n_symbols) @ np.log((own + crowd) / (n + 1)))
    return information + value, information

# %%
counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
shown = {"64 symbols, exact copy": (64, 0), "64 symbols, noise 0.3": (64, 0.3), "8 symbols, exact copy": (8, 0),
         "8 symbols, noise 0.3": (8, 0.3), "2 symbols, noise 0.4": (2, 0.4)}
curves = {k: ([noisy_copy(*v, n)[0] for n in counts], noisy_copy(*v, 1)[1]) for k, v in shown.items()}
for name, (values, information) in curves.items():
    few, some, many = values[0], values[4], values[-1]
    print(f"{name:24s} I = {information:.3f}   B_1 = {few:.3f}   B_16 = {some:.3f}   B_1024 = {many:.3f}")
plots_information.saturation(counts, curves)

# %% [markdown]
# Every curve rises (b), stays below its dashed line, the information (Theorem 4.5), and below the dark line
# $\ln(N+1)$ (d). The exact copy of 64 symbols follows the dark line for a while: with 16 negatives it certifies 2.668
# of its 4.159 nats, and it could not certify more than $\ln17 = 2.833$. The laws with little information are done
# after a handful of negatives. So a small certified value has two possible reasons: little information, or few
# negatives. The loss alone does not tell which.

# %% [markdown]
# ## 6 The price in negatives
#
# **Question.** How many negatives does it take to certify a share $\theta$ of $I$ ($0<\theta<1$, $I>0$)?
#
# **Proposition 4.8.** (a) Whatever the critic, $\ln(N+1)-L_N\ge\theta I$ requires $N > e^{\theta I}-1$. (b) With the
# optimal critic $N+1\ge\chi^2/((1-\theta)I)$ is enough. (c) For the exact copy of $n$ equally likely symbols,
# $I = \ln n$ and $\chi^2 = n-1$: between $n^\theta - 1$ and $(n-1)/((1-\theta)\ln n)$ negatives are needed.
#
# *Proof.* (a) $L_N>0$, so $\ln(N+1)>\theta I$. (b) Proposition 4.7 (c): $I-B_N\le\chi^2/(N+1)\le(1-\theta)I$. (c)
# $r = n$ where $y=x$ and 0 elsewhere, so $\mathbb{E}\ln r = \ln n$ and $\mathbb{E}_q r^2 = n^2/n$. $\square$
#
# Both ends grow like powers of $n$. In $d$ bits, $n=2^d$: **exponentially in the information to be certified**. For
# the exact copy the loss is that of collisions alone: with $K$ of the $N$ negatives equal to $x$ it is $\ln(1+K)$, so
# $B_N = \ln(N+1)-\mathbb{E}\ln(1+K)$, $K$ binomial.

# %%
bits, share = np.arange(1, 9), 0.9
needed = []
for d in bits:
    n = 1
    while noisy_copy(2**d, 0, n)[0] < share * d * log(2):
        n += 1
    needed.append(n)
floor = [exp(share * d * log(2)) - 1 for d in bits]
enough = [(2**d - 1) / ((1 - share) * d * log(2)) - 1 for d in bits]
print("bits     ", bits.tolist())
print("necessary", np.round(floor, 1).tolist())
print("needed   ", needed)
print("enough   ", np.round(enough, 1).tolist())
plots_information.price(bits, needed, floor, enough, title="to certify 90 % of an exact copy")

# %% [markdown]
# The vertical axis is logarithmic. The number of negatives lies between the two curves of Proposition 4.8 and is
# close to a straight line: each further bit multiplies it, by 1.6 to 1.8 at this length. The page of section 8 says
# that the number of negatives needed "scales roughly logarithmically with dimensionality and task difficulty". If the
# task is to certify $d$ bits, it is the other way round: the certified bits grow logarithmically with the negatives.
#
# **Large $N$ without a sum over all draws.** For the figures above the number of collisions was binomial. In general
# it is not, and the draws of $N$ negatives from $T$ values are too many. A classical integral helps.
#
# **Lemma 4.9 (Frullani).** For $V>0$
#
# $$\ln V = \int_0^\infty \frac{e^{-t}-e^{-Vt}}{t}\,dt
#   = \int_{-\infty}^\infty\Bigl(e^{-e^u}-e^{-Ve^u}\Bigr)\,du. \tag{6.1}$$
#
# *Proof.* For $V\ge1$: $\frac{e^{-t}-e^{-Vt}}{t} = \int_1^V e^{-vt}\,dv$. All terms are positive, so the order of
# integration may be changed: $\int_1^V\int_0^\infty e^{-vt}\,dt\,dv = \int_1^V\frac{dv}{v} = \ln V$. For $V<1$
# exchange the two ends. The second form is the substitution $t=e^u$, $dt/t=du$. $\square$
#
# Now let $V$ be a sum of independent random candidates, $V=\sum_i X_i$. Then
# $\mathbb{E}e^{-Ve^u} = \prod_i\mathbb{E}e^{-X_ie^u}$: inside the integral the expectation over $N$ negatives is the
# $N$-th *power* of that over one. The cost no longer depends on $N$.

# %%
u = np.arange(-60, 12, 0.25)
for v in (0.002, 1.0, 3.7, 1e6):
    value = 0.25 * np.sum(np.exp(-np.exp(u)) - np.exp(-v * np.exp(u)))
    print(f"V = {v:<9g} integral {value:+.12f}   ln V = {log(v):+.12f}")
for n in (10, 5000):
    one = 1 - 1 / 64 + np.exp(-np.exp(u)) / 64  # E exp(-X e^u) for X = 1 with probability 1/64, else 0
    integral = 0.25 * np.sum(np.exp(-np.exp(u)) * (1 - one**n))
    by_sum = binomial(n, 1 / 64) @ np.log1p(np.arange(n + 1))
    print(f"N = {n}: E ln(1+K) by the integral {integral:.10f}, by the binomial sum {by_sum:.10f}")

# %% [markdown]
# 288 values of the integrand give $\ln V$ to twelve digits, over nine orders of magnitude: the integrand is smooth
# and vanishes at both ends, and for such functions the plain sum is astonishingly accurate. The same sum replaces
# 5001 binomial terms. In the exercise you do this for any joint law and any critic.

# %% [markdown]
# ## 7 Three relatives that certify nothing
#
# The exact copy of one fair bit has $I=\ln2$. Critic: score $a$ where $y=x$, 0 elsewhere. $N=3$, $K$ negatives equal
# to $x$, binomial(3, 1/2). We compare "$\ln(N+1)$ minus loss" for four losses.
#
# 1. **InfoNCE**: $\mathbb{E}\ln\bigl(1+K+(3-K)e^{-a}\bigr)$.
# 2. **Negatives only in the denominator** (the page of section 8, read literally):
#    $\mathbb{E}\ln\bigl(Ke^a+(3-K)\bigr) - a$. If no negative equals $x$, probability 1/8, this is $\ln3-a$:
#    *unbounded below*, and the "bound" is unbounded above.
# 3. **Negatives that must differ from the positive**: all three are the other symbol, $\ln(1+3e^{-a})\to0$.
# 4. **True negatives, or debiased** (unit 05): negatives from other classes than the anchor's. If the two symbols are
#    two classes, this is the third loss, whether one looks at labels or corrects the law of the negatives by
#    $q^-=(q-\eta q^+)/(1-\eta)$ with $\eta = \frac12$.

# %%
strengths = np.linspace(0, 12, 49)
k, weights = np.arange(4), binomial(3, 0.5)
losses = {
    "InfoNCE": [weights @ np.log(1 + k + (3 - k) * np.exp(-a)) for a in strengths],
    "negatives only": [weights @ np.log(k * np.exp(a) + 3 - k) - a for a in strengths],
    "negatives differ / debiased": [np.log(1 + 3 * np.exp(-a)) for a in strengths],
}
bounds = {name: log(4) - np.array(values) for name, values in losses.items()}
for name, values in bounds.items():
    print(f"{name:28s} a = 2: {values[8]:.3f}   a = 6: {values[24]:.3f}   a = 12: {values[48]:.3f}")
figure, (ax,) = plots.panels(1, width=5.6)
plots.curves(strengths, bounds, ax, xlabel="strength a of the critic", ylabel="ln 4 - loss")
plots.levels({"I = ln 2": log(2), "ln 4": log(4)}, ax)

# %% [markdown]
# Only the first curve respects $I=\ln2=0.693$; it levels off at 0.541. The second rises for ever: a stronger critic
# "certifies" any number of nats about one bit. The third climbs to $\ln4$, twice the information there is. These
# losses may still be useful for training, but their value says nothing about mutual information.
#
# **Where does the proof break?** It needs $\mathbb{E}_{y_0,\dots,y_N\sim q}\,(N+1)\,w_0 = 1$, or at least $\le1$,
# where the positive has been given the law of a negative.

# %%
a = 6.0
score = np.array([0.0, a])  # score of a candidate: 0 if it differs from x, a if it equals x
average = {"InfoNCE": 0.0, "negatives only": 0.0, "negatives differ": 0.0}
for own, *rest in product((0, 1), repeat=4):  # 1: the candidate equals x; all 16 outcomes have probability 1/16
    pull, push = exp(score[own]), sum(exp(score[j]) for j in rest)
    average["InfoNCE"] += 4 * pull / (pull + push) / 16
    average["negatives only"] += 4 * pull / push / 16
for own in (0, 1):  # the positive is uniform, the negatives are all the other symbol
    pull, push = exp(score[own]), 3 * exp(score[1 - own])
    average["negatives differ"] += 4 * pull / (pull + push) / 2
print({name: round(value, 4) for name, value in average.items()})

# %% [markdown]
# InfoNCE has exactly 1. Without the positive in the denominator the weights do not sum to 1, and the average is 35.
# When the negatives must differ from the positive the candidates are no longer independent with one common law, and
# the average is 1.99. Its logarithm, 0.69, is to two digits the number of nats by which that "bound" exceeds $I$ at
# $a=6$.
#
# **And a whole batch?** In practice the negatives of one anchor are the positives of the others.
#
# **Proposition 4.10.** Let $(x_1,y_1),\dots,(x_B,y_B)$ be independent draws from $p$. The in-batch loss
# $\frac1B\sum_i-\ln\bigl(e^{s(x_i,y_i)}/\sum_j e^{s(x_i,y_j)}\bigr)$ has the expectation $L_{B-1}(s)$.
#
# *Proof.* For each $i$ the $y_j$ with $j\ne i$ are independent of $(x_i,y_i)$ and of each other, with law $q$: term
# $i$ has the expectation (2.2) with $N=B-1$. Expectations add, although the terms are dependent. $\square$

# %%
law = worlds.random_joint(rng, 2, 3)
critic = rng.normal(size=law.shape)
cells = list(product(range(2), range(3)))
batch = 0.0
for pairs in product(cells, repeat=3):
    chance = np.prod([law[c] for c in pairs])
    terms = [np.logaddexp.reduce([critic[x, other] for _, other in pairs]) - critic[x, y] for x, y in pairs]
    batch += chance * np.mean(terms)
print(f"all {len(cells) ** 3} batches of three pairs: {batch:.12f}   L_2: {loss_two(law, critic):.12f}")

# %% [markdown]
# Equal to all digits. So a batch of $B$ pairs certifies with $\ln B$, in one direction, $x$ to $y$. NT-Xent is a
# little different: its candidates are all $2B-1$ other *views*, two views of one image depend on each other, and the
# symmetry of Theorem 4.5 does not apply. Is $\ln(2B-1)$ minus NT-Xent still a lower bound on $I$? Take the exact copy
# of one fair bit, unit vectors $\pm e$ for its two values: where $K$ of the $B-1$ other images have the anchor's bit,
# $2K$ of the negatives have cosine 1 and the others $-1$.

# %%
t = 0.1
for images in (2, 5, 6, 8):
    same = np.arange(images)  # K, binomial
    loss = binomial(images - 1, 0.5) @ np.log(1 + 2 * same + 2 * (images - 1 - same) * exp(-2 / t))
    print(f"B = {images}: ln(2B-1) - NT-Xent = {log(2 * images - 1) - loss:.4f}   I = {log(2):.4f}", end="")
    print(f"   ln B - NT-Xent = {log(images) - loss:.4f}")

# %% [markdown]
# With five, six or eight images it is *not* a bound: it claims up to 0.6969 nats about one bit. What is true: leave
# the $B-1$ views on the anchor's own side out of each denominator. The loss gets smaller, and is now the in-batch
# loss of Proposition 4.10, in both directions. So $\ln B$ minus NT-Xent is a lower bound on $I$, a modest one (last
# column).

# %% [markdown]
# ## 8 Seven sentences on trial
#
# The page mentioned above explains contrastive learning by mutual information. Its main sentence, that the loss gives
# a lower bound, is Theorem 4.5 (it is due to van den Oord et al. 2018; Gutmann and Hyvärinen 2010 is section 1).
# Seven others do not survive a computation, or a look into the papers.
#
# 1. *The denominator of NT-Xent runs over the negatives.* Section 7: then it is no bound, and not even bounded below.
#    The sum is over all other views, the positive included.
# 2. *The information with dissimilar examples is to be minimised.* It is 0 by construction, for every encoder.
# 3. *Maximising $I(z;z^+)$ discards what is specific to one view.* Maximising is indifferent to it.
# 4. *The negatives needed grow roughly logarithmically with dimensionality and difficulty.* Section 6: exponentially
#    in the bits to be certified.
# 5. *More negatives = better contrasts = better representations.* There is an exact counterexample below.
# 6. *SimSiam removes the memory bank through redundancy reduction; all variants compare similar and dissimilar
#    examples.* It has no bank to remove and no dissimilar examples; see below.
# 7. *SimCLR projects to a high-dimensional space.* Its head maps to a lower dimension, from 2048 to 128, and the
#    layer before the head is kept (Chen et al. 2020).
#
# **2 and 3.** An image is a shared bit and a private bit; two views agree in the shared bit, the private bits are
# independent. A negative is an independent image.

# %%
def shared(law):
    """Mutual information of a joint law given as {(a, b): probability}."""
    first, second = {}, {}
    for (a, b), p in law.items():
        first[a], second[b] = first.get(a, 0) + p, second.get(b, 0) + p
    return sum(p * log(p / (first[a] * second[b])) for (a, b), p in law.items())


def encoded(draws, encoder):
    """Joint law of two encoded views, from equally likely pairs of views."""
    law = {}
    for pair in draws:
        key = tuple(encoder(view) for view in pair)
        law[key] = law.get(key, 0) + 1 / len(draws)
    return law

# %%
positives = [((c, a), (c, b)) for c, a, b in product((0, 1), repeat=3)]
negatives = list(product(product((0, 1), repeat=2), repeat=2))
encoders = {"keeps both bits": lambda v: v, "shared bit only": lambda v: v[0], "private bit only": lambda v: v[1]}
for name, encoder in encoders.items():
    with_positive, with_negative = (shared(encoded(draws, encoder)) for draws in (positives, negatives))
    print(f"{name:17s} I(z; z+) = {with_positive:.4f}   I(z; z-) = {abs(with_negative):.4f}")

# %% [markdown]
# The last column is 0 for every encoder, because $x$ and $x^-$ are drawn independently: nothing is minimised. And the
# encoder that keeps its private bit has the same $I(z;z^+) = \ln2$ as the one that discards it. What discards the
# private bit must be something else: the limited form of the critic, the dimension, the optimiser.
#
# **5.** For the *optimal critic* more negatives certify more (Proposition 4.7 (b)). But for a given encoder $f$ the
# critic is $f(x)\cdot f(y)$, not the optimal one. Two classes, four points: $c_1=\{(\pm r,1)\}$,
# $c_2=\{(\pm r,-1)\}$, $r=1.12$. The identity embedding separates the classes perfectly, $f=0$ is useless and has
# loss $\ln(N+1)$. Which of the two does the loss prefer?

# %%
r = 1.12
corners = np.array([(r, 1), (-r, 1), (r, -1), (-r, -1)])
preference = []
for n in range(1, 9):
    draws = np.indices((4,) * n).reshape(n, -1)  # all 4^N draws of negatives, equally likely
    loss = 0.0
    for mate in corners[:2]:  # the anchor is (r, 1), by symmetry; its positive is either point of its class
        scores = corners[0] @ corners.T
        loss += np.mean(np.logaddexp(corners[0] @ mate, np.logaddexp.reduce(scores[draws])) - corners[0] @ mate) / 2
    preference.append(loss - log(n + 1))
print("L_N(identity) - L_N(0):", dict(enumerate(np.round(preference, 3).tolist(), 1)))
figure, (ax,) = plots.panels(1, width=5.0)
plots.curves(range(1, 9), {"identity minus useless": preference}, ax, xlabel="number of negatives N",
             ylabel="difference of the losses", marker="o", legend=None)
plots.levels({"the loss is indifferent": 0.0}, ax)

# %% [markdown]
# With one or two negatives the loss prefers the perfect embedding, from three on it prefers the one that maps all
# points to the origin. The same numbers with the sign turned are the certified nats of this critic: 0.031, 0.009, and
# then a negative number. Proposition 4.7 is about the best critic at each $N$; a fixed one may lose with every
# further negative. The trouble comes from the spread $\pm r$ inside the classes: with many negatives there nearly
# always is one on the anchor's side that scores above the positive.
#
# **6.** SimSiam and BYOL minimise $-\cos$ between a prediction and a target, without any negative pair. Map all
# images to one vector: the loss is $-1$, the smallest value that there is (BYOL writes $2-2\cos$, which is then 0).
# NT-Xent (unit 01) has $\ln(2B-1)$ there, far above its minimum. That the former two do not collapse is due to the
# stopped gradient and the predictor, not to the value of the loss; unit 09 looks at it. (Reducing redundancy is the
# idea of Barlow Twins. MoCo keeps a queue and a momentum encoder, which its authors propose in place of a memory
# bank.)

# %%
batch, temperature = 128, 0.5
least = log(1 + 2 * (batch - 1) * exp(-batch / ((batch - 1) * temperature)))
print(f"all images at one vector: -cos = {-1.0}, its global minimum")
print(f"NT-Xent, B = {batch}, t = {temperature}: {log(2 * batch - 1):.4f} at collapse, {least:.4f} at its minimum")

# %% [markdown]
# At collapse NT-Xent is 1.99 nats above its minimum. What is best for the one loss is bad for the other.

# %% [markdown]
# ## 9 Infinitely many negatives: alignment and uniformity
#
# **Question.** $L_N$ grows like $\ln N$. What is left when that is subtracted?
#
# **Proposition 4.11.** For every finite critic
#
# $$\lim_{N\to\infty}\bigl(L_N(s)-\ln N\bigr)
#   = -\mathbb{E}\,s(x,y) + \mathbb{E}_x\ln\mathbb{E}_{y'\sim q}\,e^{s(x,y')} . \tag{9.1}$$
#
# *Proof.* $L_N - \ln N = -\mathbb{E}\,s(x,y_0) + \mathbb{E}\ln\frac1N\sum_{i=0}^N e^{s(x,y_i)}$. For fixed $x$ and
# $y_0$ the mean under the logarithm tends to $\mathbb{E}_q e^{s(x,y')}$ with probability 1, by the law of large
# numbers ($e^{s(x,y_0)}/N\to0$). If $\lvert s\rvert\le b$, the mean stays between $e^{-b}$ and $2e^{b}$, its
# logarithm is bounded, and the expectation of the limit is the limit of the expectations (bounded convergence).
# $\square$
#
# Since $\ln(N+1)-\ln N\to0$, Theorem 4.5 survives the limit:
# $I\ge\mathbb{E}\,s(x,y)-\mathbb{E}_x\ln\mathbb{E}_q e^{s(x,y')}$ for every critic, an inequality of Donsker and
# Varadhan, with equality for $s=\ln r+c(x)$. The ceiling is gone; but nobody has infinitely many negatives.
#
# Now let the critic be that of practice, $s(x,y) = f(x)\cdot f(y)/t$ with $\lVert f\rVert=1$ and temperature $t$.
# Then $f(x)\cdot f(y) = 1-\frac12\lVert f(x)-f(y)\rVert^2$, and the two constants $\mp1/t$ cancel in (9.1):
#
# $$\begin{aligned}\lim_{N\to\infty}\bigl(L_N-\ln N\bigr)
#   &= \frac1{2t}\,\underbrace{\mathbb{E}\,\lVert f(x)-f(x^+)\rVert^2}_{\text{alignment}}
#   + \mathbb{E}_x\ln\mathbb{E}_{x^-}e^{-\lVert f(x)-f(x^-)\rVert^2/2t}\\
#   &\le \frac1{2t}\,\text{alignment}
#   + \underbrace{\ln\mathbb{E}\,e^{-\lVert f(x)-f(x^-)\rVert^2/2t}}_{\text{uniformity}}.\end{aligned} \tag{9.2}$$
#
# The inequality is Jensen's ($\ln$ is concave), an equality where the inner expectation is the same for every $x$.
# These are the two quantities of Wang and Isola (2020): positives close together, all points spread out. (Their $t$
# is our $1/2t$, and on a batch they average over pairs of different rows.)
#
# **Proposition 4.12.** Let $f(x)$ and $f(x^-)$ be independent with the same law on the circle, and $\kappa = 1/2t$.
# Then $\mathbb{E}\,e^{-\kappa\lVert f(x)-f(x^-)\rVert^2}\ge e^{-2\kappa}I_0(2\kappa)$, with equality for the uniform
# law only. ($I_0$ is the Bessel function $\frac1{2\pi}\int_0^{2\pi}e^{z\cos\theta}d\theta$.)
#
# *Proof.* Let $\theta,\theta'$ be the two angles. $\lVert f(x)-f(x^-)\rVert^2 = 2-2\cos(\theta-\theta')$, and
# $e^{2\kappa\cos\theta} = \sum_m\frac{\kappa^m}{m!}(e^{i\theta}+e^{-i\theta})^m = \sum_k a_ke^{ik\theta}$ with
# $a_k = a_{-k} > 0$: all products have positive coefficients, and $m=\lvert k\rvert$ contributes to $a_k$. (The
# double series converges absolutely, so it may be rearranged.) With $m_k = \mathbb{E}e^{ik\theta}$ independence gives
# $\mathbb{E}e^{ik(\theta-\theta')} = \lvert m_k\rvert^2$, so
#
# $$\mathbb{E}\,e^{-\kappa\lVert f(x)-f(x^-)\rVert^2} = e^{-2\kappa}\sum_ka_k\lvert m_k\rvert^2
#   \ \ge\ e^{-2\kappa}a_0, \qquad a_0=I_0(2\kappa),$$
#
# with equality only if $m_k=0$ for all $k\ne0$, and a law on the circle is determined by its $m_k$: it is the uniform
# one. $\square$

# %%
kappa, size = 1.0, 64
angles = 2 * pi * np.arange(size) / size
kernel = np.exp(-2 * kappa * (1 - np.cos(angles)))
coefficients = np.fft.fft(kernel).real / size
least = exp(-2 * kappa) * np.i0(2 * kappa)
print("first coefficients", np.round(coefficients[:5], 5).tolist(), f"  the bound {least:.5f}")
table = kernel[(np.arange(size)[:, None] - np.arange(size)) % size]
laws = [worlds.random_law(rng, size, concentration=c) for c in (0.05, 0.3, 1, 10) for _ in range(100)]
values = [w @ table @ w for w in laws]
uniform = np.full(size, 1 / size)
print(f"400 random laws: {min(values):.5f} to {max(values):.5f}")
print(f"the uniform law: {uniform @ table @ uniform:.5f}, one point: {kernel[0]:.5f}")

# %% [markdown]
# The coefficients of the potential are positive and fall fast, the first is the bound. No random law goes below the
# uniform one; a single point has the largest value, 1.
#
# **One picture for both.** Let $x$ be an angle, uniform, and $x^+$ the same angle up to a small shift. The encoder
# winds the circle $a$ times: $f(x) = (\cos ax,\sin ax)$. $a=0$ collapses everything, $a=1$ keeps the circle as it is,
# $a=3$ covers it three times. Which $a$ does the loss like best?

# %%
size, moves = 120, np.arange(-4, 5)  # positives: up to 4 steps of 3 degrees, either way
angles = 2 * pi * np.arange(size) / size


def limit_loss(winding, t):
    """(alignment / 2t, E_x ln E_x- potential, uniformity) for f = winding * angle."""
    f = np.exp(1j * winding * angles)
    square = np.abs(f[:, None] - f) ** 2
    mates = (np.arange(size)[:, None] + moves) % size
    potential = np.exp(-square / (2 * t)).mean(axis=1)
    return square[np.arange(size)[:, None], mates].mean() / (2 * t), np.log(potential).mean(), log(potential.mean())

# %%
windings, t = np.linspace(0, 3.5, 71), 0.5
parts = np.array([limit_loss(a, t) for a in windings])
named = {"alignment / 2t": parts[:, 0], "uniformity": parts[:, 2], "their sum": parts[:, 0] + parts[:, 2],
         "limit of L - ln N": parts[:, 0] + parts[:, 1]}
low = np.argmin(named["limit of L - ln N"])
print(f"smallest limit {named['limit of L - ln N'][low]:.4f}, at a = {windings[low]:.2f}")
plots.curves(windings, named, xlabel="windings a", ylabel="nats", styles=("-", "-", "-", "--"))

# %%
clouds = {}
for a in (0.15, 0.6, 1.0, 3.0):
    near, spread, even = limit_loss(a, t)
    some = np.arange(0, size, 5)
    mates = (some + moves[4 * np.arange(some.size) % moves.size]) % size
    points = [np.column_stack([np.cos(v), np.sin(v)]) for v in (a * angles[some], a * angles[mates])]
    clouds[f"a = {a}\nalignment/2t {near:.2f}\nuniformity {even:.2f}, L - ln N {near + spread:.2f}"] = points
plots_information.circles(clouds)

# %% [markdown]
# Upper figure: uniformity alone (orange) is at its smallest value, $\ln(e^{-2}I_0(2)) = -1.18$, at $a = 1, 2, 3$,
# whenever the circle is covered evenly; alignment alone (blue) would like $a=0$. Their sum is smallest at one
# winding. The dashed curve, the true limit of the loss, is never above the sum (Jensen), and equal to it at whole
# windings, where every point sees the same surroundings. Lower figure, discs for $x$, squares (drawn a little
# outside) for $x^+$: at 0.15 and 0.6 windings part of the circle is empty, and pairs are torn apart where the angle
# jumps from 360 back to 0 degrees; one winding is aligned and even; three are even, but pairs are three times as far
# apart.
#
# **How fast is the limit reached?** For the exact copy of 8 symbols with score $a$ where $y=x$, collisions are
# binomial once more.

# %%
counts, a, n_symbols = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024], 3.0, 8
series = []
for n in counts:
    k = np.arange(n + 1)
    series.append(binomial(n, 1 / n_symbols) @ np.log((1 + k) * exp(a) + n - k) - a - log(n))
limit = log((exp(a) + n_symbols - 1) / n_symbols) - a
print(f"limit {limit:.5f}; N = 16: {series[4]:.5f}; N = 1024: {series[-1]:.5f}")
print("difference times N:", np.round([n * (v - limit) for n, v in zip(counts, series, strict=True)], 3).tolist())

# %% [markdown]
# The values come down to the limit, and the difference times $N$ settles near 4.2: the error is about $4.2/N$. A few
# hundred negatives are, for this critic, as good as infinitely many.

# %% [markdown]
# ## 10 What to take away
#
# - Telling the positive from $N$ independent draws of the marginal makes the scores learn
#   $\ln\frac{p(y\mid x)}{q(y)}$, up to $c(x)$, without normalising anything.
# - $\ln(N+1)-L$ nats are certified, for any critic. $N+1$ is the number of candidates, and the constant is exact.
# - The certificate is capped at $\ln(N+1)$: to certify $c$ nats takes more than $e^{c}-1$ negatives, and for copies
#   not many times more.
# - Remove the positive from the denominator, or tie the negatives to the positive, and the value says nothing about
#   information.
# - Maximal information is not the goal: it is indifferent to private bits. What shapes a representation is the form
#   of the critic; for unit vectors and many negatives, alignment and uniformity.

# %% [markdown]
# ## Check yourself
#
# Think first, then run the cell, then unfold the answer.

# %% [markdown]
# **1.** A run with 255 negatives reports a loss of 1.2. How many nats does it certify? May the true information be 9
# nats?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"certified {log(256) - 1.2:.3f}, at most {log(256):.3f} with 255 negatives")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\ln256-1.2 = 4.345$ nats. Yes: the certificate is a lower bound, capped at $\ln256=5.545$; what lies above is
# invisible with 255 negatives.
# </details>

# %% [markdown]
# **2.** A colleague subtracts the log-frequency of its column from each score, $s(x,y)-\ln q(y)$, "to correct for
# popular items". The critic was the optimal one. Does the loss change? Does the bound stay true?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"before {loss_two(joint, best):.4f}, after {loss_two(joint, best - np.log(joint.sum(axis=0))):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# It grows: constants per column are not free, and $\ln r$ has the correction in it already. The bound stays true, as
# for every critic; it is only weaker.
# </details>

# %% [markdown]
# **3.** For one bit that is copied exactly, what is the largest value of $\ln(N+1)-L_N$ with one negative?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"{noisy_copy(2, 0, 1)[0]:.6f} = {log(2) / 2:.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# With probability 1/2 the negative equals the positive, and nobody can tell them apart: loss $\ln2$. Otherwise the
# optimal critic is sure: loss 0. So $L_1 = \frac12\ln2$ and the bound is $\frac12\ln2$.
# </details>

# %% [markdown]
# **4.** Uniformity is computed on a batch of identical embeddings, and on two opposite ones. What comes out for $t=2$
# in $e^{-t\lVert u-v\rVert^2}$, and is a negative value a bug?

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
print("run me, or unfold:")
print(f"identical {log(exp(-2 * 0)):.1f}, opposite {log(exp(-2 * 4)):.1f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 0, because every potential is 1, and $-8$, because the squared distance is 4. The mean of potentials is at most 1,
# so its logarithm is never positive.
# </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`04_mutual_information.ipynb`](../exercises/04_mutual_information/04_mutual_information.ipynb) in
# `exercises/04_mutual_information/`: the loss of section 1 for batches, mutual information and the best critic for
# laws with zeros, the exact InfoNCE loss for any law, critic and thousands of negatives, the number of negatives
# needed, and alignment and uniformity for batches. The derivation at its end asks for Theorem 4.5 with negatives from
# another law.
#
# **Read further.** Gutmann and Hyvärinen 2010 and 2012 (section 1); Mnih and Teh 2012 (Proposition 4.2); van den Oord
# et al. 2018 (InfoNCE and its bound); Poole et al. 2019 and McAllester and Stratos 2020 (what such bounds cannot do);
# Tschannen et al. 2020 (maximal information is not the goal); Wang and Isola 2020 (alignment and uniformity); Yeh et
# al. 2022 (no positive in the denominator).
