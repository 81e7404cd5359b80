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
# # 02 · Latent classes: why a loss without labels helps a classifier
#
# *Time* 100 minutes · *you need* unit 01, conditional expectations, convex functions; numpy
#
# | $\rho_c$ | $D_c$ | $f(x)$ | $\mu_c$ | $\ell(v)$ | $h(v)$ | $\tau$ | $b$ |
# |---|---|---|---|---|---|---|---|
# | of class $c$ | of its points | embedding | class mean | $\ln(1+e^v)$ | $\max(0,1+v)$ | $\sum_c\rho_c^2$ | block |
#
# All logarithms are natural, all losses are in nats. The source is Saunshi, Plevrakis, Arora, Khodak and Khandeparkar
# (2019), known as CURL, and the authors' blog post on it.
#
# **Afterwards you can**
#
# - say what "similar" means without labels, and what a good embedding is tested on;
# - prove that the contrastive loss bounds the loss of the simplest classifier there is, with the right constant;
# - name the worlds where the bound is an equality, and the hypotheses without which it is false;
# - explain why larger blocks of similar points give a smaller loss and the same guarantee;
# - show that the *minimiser* of the contrastive loss may nevertheless be useless.
#
# On a finite world every expectation is a finite sum. So each statement below is proved, and then looked at in exact
# numbers: where it holds, where it is an equality, and where it breaks because a hypothesis was dropped.

# %%
from itertools import product
from math import comb, exp, lgamma, log, log1p, sqrt

import numpy as np

from course import plots, plots_worlds, worlds

LN2 = log(2)


def soft(v):
    """l(v) = ln(1 + e^v), without overflow."""
    return max(v, 0.0) + log1p(exp(-abs(v)))


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
# $c^- = c^+$, a **class collision**, of probability
#
# $$\tau = P(c^- = c^+) = \sum_c \rho_c^2 .$$
#
# In this lecture a world is written as nested lists, one entry per class, and expectations are loops. (In the
# exercise it is three arrays, and you get rid of the loops.)

# %%
def unroll(rho, classes, z):
    """A world as nested lists: [(rho_c, [(probability, embedding), ...]), ...], one entry per class."""
    return [(r, [(p, x) for p, x in zip(row, z, strict=True) if p > 0]) for r, row in zip(rho, classes, strict=True)]


def mean(law):
    """mu_c: expectation of the embedding under the law of one class."""
    return sum(p * x for p, x in law)


points = np.array([[1.6, 0.4], [0.4, 1.2], [-0.3, 0.3], [-1.1, 0.9], [-0.6, -0.9]])
laws = np.array([[0.5, 0.3, 0.2, 0.0, 0.0], [0.0, 0.0, 0.25, 0.35, 0.4]])
small = unroll([0.6, 0.4], laws, points)
means = [mean(law) for _, law in small]
plots_worlds.points_and_means(laws, points, np.array(means), title="a small world: C = 2, S = 5, d = 2")

# %% [markdown]
# Five points in the plane; the likelier a point is in its class, the larger its marker. The point near the origin
# belongs to both classes and is drawn in both colours. A cross is a class mean $\mu_c$: no point need sit there.
#
# Does sharing a class make a pair similar in the sense of the inner product? On average always, whatever $f$ is:
#
# **Proposition 2.1.** Let $\bar\mu = \sum_c\rho_c\mu_c$. For every embedding
#
# $$\mathbb{E}\, f(x)\cdot f(x^+) - \mathbb{E}\, f(x)\cdot f(x^-)
#   = \sum_c \rho_c\,\lVert\mu_c - \bar\mu\rVert^2 \ \ge\ 0 .$$
#
# *Proof.* Given the classes the points are independent, so the expectation of an inner product is the inner product
# of the expectations: the first term is $\sum_c\rho_c\,\mu_c\cdot\mu_c$, the second
# $\sum_{c,e}\rho_c\rho_e\,\mu_c\cdot\mu_e = \lVert\bar\mu\rVert^2$. And
# $\sum_c\rho_c\lVert\mu_c-\bar\mu\rVert^2 =
# \sum_c\rho_c\lVert\mu_c\rVert^2 - 2\,\bar\mu\cdot\bar\mu + \lVert\bar\mu\rVert^2$,
# which is the same difference. $\square$

# %%
def triplets(world):
    """All outcomes of nature's draws: (probability, f(x), f(x+), f(x-))."""
    for (r, own), (s, other) in product(world, repeat=2):
        for (p, x), (q, y), (t, n) in product(own, own, other):
            yield r * s * p * q * t, x, y, n


positive = sum(weight * (x @ y) for weight, x, y, _ in triplets(small))
negative = sum(weight * (x @ n) for weight, x, _, n in triplets(small))
centre = sum(r * mean(law) for r, law in small)
spread = sum(r * np.sum((mean(law) - centre) ** 2) for r, law in small)
print(f"outcomes {len(list(triplets(small)))}, their probabilities sum to {sum(t[0] for t in triplets(small)):.12f}")
print(f"E f(x).f(x+) = {positive:.6f}   E f(x).f(x-) = {negative:.6f}")
print(f"difference   = {positive - negative:.6f}   spread of the class means = {spread:.6f}")

# %% [markdown]
# The enumeration has 108 outcomes and total probability 1. Positives are more similar than negatives by 0.667608,
# exactly the spread of the class means. An embedding has something to gain from spreading them.

# %% [markdown]
# ## 2 Two losses
#
# **What is minimised.** The contrastive loss with one negative, unit 01's logistic loss averaged over nature's draws:
#
# $$L_{un}(f) = \mathbb{E}\ \ell\bigl(f(x)\cdot f(x^-) - f(x)\cdot f(x^+)\bigr),
#   \qquad \ell(v) = \ln(1+e^v). \tag{2.1}$$
#
# **What is wanted.** A *task* is a pair of distinct classes: $c_1, c_2\sim\rho$ independent, kept when $c_1\ne c_2$.
# A linear classifier scores class $i$ by $f(x)\cdot w_i$ and pays
#
# $$L_{sup}(f; w) = \tfrac12\,\mathbb{E}_{x\sim D_{c_1}} \ell\bigl(f(x)\cdot(w_2-w_1)\bigr)
#    + \tfrac12\,\mathbb{E}_{x\sim D_{c_2}} \ell\bigl(f(x)\cdot(w_1-w_2)\bigr). \tag{2.2}$$
#
# Both classes weigh one half, whatever $\rho$ is; section 9 shows that this matters. The best linear classifier gives
# $L_{sup}(f)$, the average over tasks of the infimum over $w_1, w_2$. The **mean classifier** takes
# $w_i = \mu_{c_i}$, without any training, and gives $L_{sup}^\mu(f)$. Since the class means are one choice of
# weights,
#
# $$L_{sup}(f) \le L_{sup}^\mu(f). \tag{2.3}$$

# %%
def contrastive(world, loss=soft):
    """(2.1), outcome by outcome."""
    return sum(weight * loss(x @ (n - y)) for weight, x, y, n in triplets(world))


def supervised(world, loss=soft):
    """Average of (2.2) over tasks, with the class means as weights; each ordered pair is half of a task."""
    total = chance = 0.0
    for (i, (r, own)), (j, (s, other)) in product(enumerate(world), repeat=2):
        if i != j:
            gap = mean(other) - mean(own)
            total += r * s * sum(p * loss(x @ gap) for p, x in own)
            chance += r * s
    return total / chance

# %%
zero = [(r, [(p, 0 * x) for p, x in law]) for r, law in small]
for name, world in (("small world", small), ("f = 0", zero)):
    print(f"{name:12s} L_un = {contrastive(world):.6f}   L_sup^mu = {supervised(world):.6f}")
print(f"ln 2 = {LN2:.6f}")

# %% [markdown]
# The embedding that maps everything to 0 guesses: both losses are $\ln 2$ there. In the small world the classifier
# has 0.294 nats, and the contrastive loss, which has seen no label, 0.614. The question of this unit: does the second
# number say anything about the first, on every world?

# %% [markdown]
# ## 3 First step: Jensen
#
# **Lemma 2.2.** $\ell$ is strictly convex, with $\ell' = \sigma$ and $0 < \ell'' = \sigma(1-\sigma) \le \tfrac14$.
# For every random variable $V$ with finitely many values
#
# $$0\ \le\ \mathbb{E}\,\ell(V) - \ell(\mathbb{E}V)\ \le\ \tfrac18\operatorname{Var}V, \tag{3.1}$$
#
# and the left inequality is an equality only where $V$ is constant.
#
# *Proof.* $\ell'(v) = e^v/(1+e^v) = \sigma(v)$ and $\sigma' = \sigma(1-\sigma)$, which is positive and at most
# $\tfrac14$ (the product of two numbers of sum 1). Put $m = \mathbb{E}V$. Taylor's formula gives
# $\ell(v) = \ell(m) + \ell'(m)(v-m) + \tfrac12\ell''(\xi)(v-m)^2$ with some $\xi$ between $m$ and $v$. The last term
# lies between 0 and $\tfrac18(v-m)^2$, and is positive for $v\ne m$. Take expectations: the linear term vanishes.
# $\square$
#
# Now fix both classes and the anchor $x$. What is left random is $V = f(x)\cdot(f(x^-)-f(x^+))$, with
# $x^+\sim D_{c^+}$ and $x^-\sim D_{c^-}$. Given the class, $x^+$ is independent of $x$, so conditioning on $x$ does
# not change its law, and
#
# $$\mathbb{E}\bigl[V\mid c^+,c^-,x\bigr] = f(x)\cdot(\mu_{c^-}-\mu_{c^+}). \tag{3.2}$$
#
# By (3.1), used for each $(c^+,c^-,x)$ and then averaged,
#
# $$L_{un}(f)\ \ge\ \mathbb{E}_{c^+,c^-}\,\mathbb{E}_{x\sim D_{c^+}}
#   \ \ell\bigl(f(x)\cdot(\mu_{c^-}-\mu_{c^+})\bigr). \tag{3.3}$$

# %%
print("c+  c-  anchor          E l(V)   l(E V)   difference   Var V / 8")
gaps = []
for (i, (r, own)), (j, (s, other)) in product(enumerate(small, 1), repeat=2):
    for p, x in own:
        law = [(q * t, x @ (n - y)) for (q, y), (t, n) in product(own, other)]
        average = sum(w * v for w, v in law)
        variance = sum(w * (v - average) ** 2 for w, v in law)
        before, after = sum(w * soft(v) for w, v in law), soft(x @ (mean(other) - mean(own)))
        gaps.append((r * s * p, before - after, variance / 8))
        print(f"{i:2d}  {j:2d}  {x!s:14s} {before:7.4f}  {after:7.4f}  {before - after:11.4f} {variance / 8:11.4f}")
print("average", " " * 27, f"{sum(w * g for w, g, _ in gaps):13.4f} {sum(w * v for w, _, v in gaps):11.4f}")

# %% [markdown]
# Twelve applications of Jensen's inequality, one a line; in each the difference lies between 0 and an eighth of the
# variance. On average the step gives away 0.1126 nats, of at most 0.1574. The anchor is *not* averaged: it stays as
# it is, because the classifier will be tested on points and not on class means.

# %% [markdown]
# ## 4 Second and third step: collisions and tasks
#
# Split the right side of (3.3) by whether the classes collide.
#
# **Collisions.** If $c^-=c^+$ the argument is $f(x)\cdot(\mu_{c^+}-\mu_{c^+}) = 0$, whatever $x$ and $f$ are, and
# $\ell(0)=\ln2$. This has probability $\tau$.
#
# **Distinct classes.** With $g(c,e) = \mathbb{E}_{x\sim D_c}\,\ell(f(x)\cdot(\mu_e-\mu_c))$ the rest is
# $\sum_{c\ne e}\rho_c\rho_e\,g(c,e)$. The weight $\rho_c\rho_e$ is the same for $(c,e)$ and $(e,c)$. So $g(c,e)$ may
# be replaced by $\tfrac12\bigl(g(c,e)+g(e,c)\bigr)$, which is the mean classifier's loss (2.2) on the task. And since
# $P(c_1\ne c_2) = 1-\tau$, the weights are $\rho_c\rho_e = (1-\tau)\,P(c_1=c, c_2=e\mid c_1\ne c_2)$. The rest is
# therefore $(1-\tau)\,L_{sup}^\mu(f)$. All together:
#
# **Theorem 2.3 (the CURL lemma, natural logarithm).** For every finite world with $C\ge2$ and every embedding
#
# $$L_{un}(f)\ \ge\ (1-\tau)\,L_{sup}^\mu(f) + \tau\ln2,\qquad\text{that is,}\qquad
#   L_{sup}^\mu(f)\ \le\ \frac{L_{un}(f)-\tau\ln 2}{1-\tau}. \tag{4.1}$$
#
# Because $L_{sup}^\mu\ge0$, no embedding whatsoever has a contrastive loss below $\tau\ln2$: that much is paid for
# collisions.

# %%
def proof(world):
    """The four lines of the proof on one world: loss, after Jensen, split by collision, target."""
    tau = sum(r * r for r, _ in world)
    sums = {True: 0.0, False: 0.0}  # collision or not -> its share of the right side of (3.3)
    for (i, (r, own)), (j, (s, other)) in product(enumerate(world), repeat=2):
        sums[i == j] += r * s * sum(p * soft(x @ (mean(other) - mean(own))) for p, x in own)
    return [contrastive(world), sum(sums.values()), tau * LN2 + sums[False], (1 - tau) * supervised(world) + tau * LN2]


tight = unroll(*worlds.class_constant_world(np.random.default_rng(1), 3, 6, 2, 1.2))
lines = ("loss", "after Jensen", "split by collision", "target")
plots_worlds.ladder({"the small world": proof(small), "constant inside each class": proof(tight)}, lines)

# %% [markdown]
# A proof as a ladder, one bar a line. Left: one real step down, from 0.6140 to 0.5015, which is the 0.1126 of section
# 3 up to rounding; the other two steps are identities. Right: a world in which all points of a class have one
# embedding. There is no step at all, all four lines are 0.6202. The exercise asks for these four numbers on any
# world, and its check names the first line that breaks.

# %% [markdown]
# ## 5 Hundreds of worlds
#
# Three families of worlds, with a $\rho$ that is not uniform and embeddings of many sizes: classes that overlap
# everywhere, disjoint classes, and embeddings that are constant inside each class. For each world: the right side of
# (4.1) against the mean classifier's loss.

# %%
rng = np.random.default_rng(20)
groups = {"overlapping classes": 300, "disjoint classes": 200, "constant inside each class": 60}
rows, pairs = {}, {}
for name, count in groups.items():
    make = worlds.class_constant_world if name.startswith("constant") else worlds.random_world
    options = {"overlap": False} if name.startswith("disjoint") else {}
    drawn = [unroll(*make(rng, 3, 4, 2, rng.uniform(0.2, 1.6), **options)) for _ in range(count)]
    rows[name] = [(sum(r * r for r, _ in w), contrastive(w), supervised(w)) for w in drawn]
    pairs[name] = [((un - tau * LN2) / (1 - tau), sup) for tau, un, sup in rows[name]]
    slack = [un - (1 - tau) * sup - tau * LN2 for tau, un, sup in rows[name]]
    ratio = np.median([value / bound for bound, value in pairs[name]])
    print(f"{name:27s} L_un - target: {min(slack):8.1e} to {max(slack):7.1e}, median loss/bound {ratio:.3f}")
plots_worlds.scatter_against_bound(pairs, "bound (4.1)", "loss of the mean classifier", log=True)

# %% [markdown]
# No point lies above the diagonal. Where classes overlap the classifier cannot do well, and the bound is loose: half
# of the ratios of loss to bound are below 0.668. Where classes are disjoint the median ratio is 0.963. The worlds
# that are constant inside each class sit on the diagonal, to rounding, over the whole range: as a function of
# $L_{un}$ and $\rho$ the bound cannot be improved. (For every $\rho$: with one point per class at orthogonal places
# $\sqrt s\,e_c$, $L_{un}$ takes every value in $(\tau\ln2,\ln2]$ as $s$ grows from 0; on the line in the proof of
# Proposition 2.6 it takes every larger one.) (We look at the difference, $L_{un}-\text{target}\ge-10^{-9}$. A ratio
# would divide two numbers that may both be tiny, and rounding would look like a violation.)

# %% [markdown]
# ## 6 The base of the logarithm
#
# The lemma is often printed with $-\tau$ in place of $-\tau\ln2$:
#
# $$L_{sup}^\mu\ \overset{?}{\le}\ \frac{L_{un}-\tau}{1-\tau}. \tag{6.1}$$
#
# In *bits* this is right: divide (4.1) by $\ln2$, every loss is then in bits, and a collision costs $\log_2 2 = 1$.
# In nats a collision costs only $\ln2\approx0.693$, and (6.1) subtracts too much. The counterexample is the simplest
# world there is.
#
# **Proposition 2.4.** With natural logarithms (6.1) is false at $f=0$, for every $\rho$ with $C\ge2$.
#
# *Proof.* Both losses are $\ln2$. The right side is $(\ln2-\tau)/(1-\tau) < (\ln 2-\tau\ln2)/(1-\tau) = \ln2$.
# $\square$

# %%
for n_classes in (2, 3, 10):
    tau = 1 / n_classes
    print(f"C = {n_classes:2d}, f = 0: loss {LN2:.4f},  (L - tau)/(1 - tau) = {(LN2 - tau) / (1 - tau):.4f},", end="")
    print(f"  (L - tau ln 2)/(1 - tau) = {(LN2 - tau * LN2) / (1 - tau):.4f}")
room = {"tau ln 2, as in (4.1)": [], "tau, as in (6.1)": []}
for tau, un, sup in rows["overlapping classes"] + rows["disjoint classes"]:
    for cost, values in zip((LN2, 1.0), room.values(), strict=True):
        values.append((un - tau * cost) / (1 - tau) - sup)
print(f"random worlds where (6.1) is false: {np.mean(np.array(room['tau, as in (6.1)']) < 0):.0%}")
plots_worlds.histogram(room, "bound minus loss of the mean classifier (nats)")

# %% [markdown]
# With two classes and $f=0$ the false bound claims at most 0.386 nats for a loss of 0.693. This is no rare accident:
# of the 500 random worlds of section 5, 60% are counterexamples, the part of the orange histogram left of 0. The
# blue histogram, (4.1), has no such part.

# %% [markdown]
# ## 7 When is the bound an equality?
#
# **Theorem 2.5.** $L_{un}(f) = (1-\tau)L_{sup}^\mu(f)+\tau\ln2$ if and only if $f$ is constant on the support of each
# class.
#
# *Proof.* All steps but Jensen are identities. If $f=\mu_c$ on the support of each class, then $V$ in section 3 takes
# one value for each $(c^+,c^-,x)$, and Jensen's step is an equality. Conversely let it be one. All $\rho_c>0$, so by
# the last sentence of Lemma 2.2 $V = f(x)\cdot(f(x^-)-f(x^+))$ is constant in $(x^+,x^-)$, for all $c^+$, $c^-$ and
# each $x$ in the support of $D_{c^+}$. Let $y,y'$ be two points in the support of one class $c$. Take $c^+=c$, hold
# $x$ and $x^-$, and move $x^+$ from $y$ to $y'$:
#
# $$f(x)\cdot\bigl(f(y)-f(y')\bigr) = 0\qquad\text{for each } x \text{ in the support of } D_c .$$
#
# This holds for $x=y$ and for $x=y'$. Subtract the two: $\lVert f(y)-f(y')\rVert^2=0$, so $f(y)=f(y')$. $\square$
#
# The next cell starts from a world that is constant inside each class and moves every point by $\varepsilon$ times a
# fixed random vector. By (3.1) the gap is at most $\tfrac18\mathbb{E}\operatorname{Var}V$, which is of order
# $\varepsilon^2$.

# %%
rng = np.random.default_rng(7)
rho, laws3, centres = worlds.class_constant_world(rng, 3, 6, 2, 1.2)
direction = rng.normal(size=centres.shape)
for epsilon in (0.0, 0.001, 0.01, 0.1, 1.0):
    loss, *_, target = proof(unroll(rho, laws3, centres + epsilon * direction))
    scaled = f"{(loss - target) / epsilon**2:.4f}" if epsilon else "-"
    print(f"epsilon {epsilon:5.3f}   gap {loss - target:10.3e}   gap / epsilon^2  {scaled}")
shared = [(0.5, [(0.5, points[0]), (0.5, points[1])]), (0.5, [(0.5, points[1]), (0.5, points[1])])]
loss, *_, target = proof(shared)
print(f"one class constant, the other not: gap {loss - target:.4f}")

# %% [markdown]
# At $\varepsilon=0$ the gap is zero to rounding, and then it grows like $\varepsilon^2$, with a factor near 0.06 as
# long as $\varepsilon$ is small. It is not enough that *one* class is constant: the last line has a gap. And where
# two classes share a point, equality makes them share one embedding, since both are constant on supports that meet.

# %% [markdown]
# ## 8 Two constants: $1/(1-\tau)$ and 1
#
# Dropping the collision term from (4.1) gives the multiplicative form, $L_{sup}^\mu\le\alpha L_{un}$ with
# $\alpha=1/(1-\tau)$. For uniform $\rho$ this is $\alpha=C/(C-1)$: 2 for two classes, towards 1 for many.
#
# **Proposition 2.6.** For the mean classifier $1/(1-\tau)$ is the smallest constant that works for all embeddings.
#
# *Proof.* Let each class have one point. Then $f$ is constant inside each class, so by Theorem 2.5
#
# $$\frac{L_{sup}^\mu}{L_{un}} = \frac{L_{sup}^\mu}{(1-\tau)L_{sup}^\mu+\tau\ln2}
#   = \frac{1}{(1-\tau)+\tau\ln2/L_{sup}^\mu},$$
#
# which tends to $1/(1-\tau)$ where $L_{sup}^\mu\to\infty$. That happens for classes on one line, class $c$ at $cs$ with
# $s\to\infty$: against class $e$ the point of class $c$ has logit $cs(es-cs)=c(e-c)s^2$, which grows without bound for
# $e>c$, since the other mean is longer. For $C=2$ it is
# $L_{sup}^\mu = \tfrac12\bigl(\ell(s^2)+\ell(-2s^2)\bigr)$. $\square$

# %%
def on_a_line(s, first=0.5):
    """Two classes of one point each, at s and at 2s."""
    return [(first, [(1.0, np.array([s]))]), (1 - first, [(1.0, np.array([2 * s]))])]


for s in (1, 3, 10, 30):
    world = on_a_line(s)
    print(f"s = {s:2d}   L_sup^mu = {supervised(world):8.4f}   ratio = {supervised(world) / contrastive(world):.4f}")

# %%
scales, curves, limits = np.geomspace(0.1, 30, 60), {}, {}
for first in (0.5, 0.7, 0.9):
    drawn = [on_a_line(s, first) for s in scales]
    curves[f"rho = ({first}, {1 - first:.1f})"] = [supervised(w) / contrastive(w) for w in drawn]
    limit = 1 / (2 * first * (1 - first))  # 1 - tau = P(the two classes differ)
    limits[f"{limit:.2f}"] = limit
figure, (left, right) = plots.panels(2)
plots.curves(scales, curves, left, logx=True, xlabel="scale s", ylabel="ratio", title="two classes at s and 2s")
plots.levels(limits, left, at=0.02)
counts = range(2, 31)
uniform = {"": [c / (c - 1) for c in counts]}
plots.curves(counts, uniform, right, xlabel="classes C", title="C / (C - 1)", marker="o", legend=None)

# %% [markdown]
# Left: the ratio climbs to its limit $1/(1-\tau)$, dashed, which is 2 for $\rho=(\tfrac12,\tfrac12)$ and already
# reached within 0.2 % at $s=30$ (1.9969). The less uniform $\rho$ is, the larger the limit. At small $s$ the ratio is
# 1, the value at $f=0$. Right: with many equally likely classes collisions are rare and the constant approaches 1.
#
# That is the mean classifier. The blog states the lemma for the *best* linear classifier, with some $\alpha$ that
# depends on $\rho$. There the constant is better than stated:
#
# **Theorem 2.7.** For every $\rho$ with $C\ge2$ and every embedding $L_{sup}(f)\le L_{un}(f)$. The constant 1 is
# attained.
#
# *Proof.* By (2.3) and Theorem 2.3, $L_{un}\ge\tau\ln2+(1-\tau)L_{sup}$. The weights $w_1=w_2=0$ give $\ell(0)=\ln 2$
# on each task, so the infimum satisfies $L_{sup}\le\ln2$. Hence $L_{un}\ge\tau L_{sup}+(1-\tau)L_{sup}=L_{sup}$. At
# $f=0$ both are $\ln2$. $\square$
#
# The infimum needs a solver: Newton's method on $w=w_1-w_2$, with the best of several step lengths. A solver that
# stops early reports too large a value, which makes the test of the theorem harder and not easier.

# %%
def best_linear(own, other, steps=25):
    """min over w of 1/2 E_own l(-x.w) + 1/2 E_other l(x.w), from above."""
    x = np.array([-x for _, x in own] + [x for _, x in other])  # with these signs the loss is E l(x.w)
    p = np.array([p for p, _ in own] + [p for p, _ in other]) / 2
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        s = 1 / (1 + np.exp(-x @ w))
        hessian = (x.T * (p * s * (1 - s))) @ x + 1e-12 * np.eye(len(w))
        step = np.linalg.solve(hessian, (p * s) @ x)
        w = min((w - size * step for size in 0.5 ** np.arange(12)), key=lambda v: p @ np.logaddexp(0, x @ v))
    return p @ np.logaddexp(0, x @ w)


# %%
def best_supervised(world):
    """L_sup: average over tasks of the best linear classifier's loss."""
    tasks = [(r * s, own, other) for i, (r, own) in enumerate(world) for s, other in world[:i]]
    return np.average([best_linear(own, other) for _, own, other in tasks], weights=[w for w, _, _ in tasks])


rng = np.random.default_rng(4)
drawn = [unroll(*worlds.random_world(rng, 3, 4, 2, scale)) for scale in np.geomspace(0.02, 2, 60)]
triples = np.array([(best_supervised(w), supervised(w), contrastive(w)) for w in drawn])
print("largest L_sup / L_sup^mu over 60 worlds:", f"{(triples[:, 0] / triples[:, 1]).max():.6f}")
print("largest L_sup / L_un:                   ", f"{(triples[:, 0] / triples[:, 2]).max():.6f}")
print("largest L_sup^mu / L_un:                ", f"{(triples[:, 1] / triples[:, 2]).max():.6f}")

# %% [markdown]
# The best classifier is never worse than the mean classifier (first line), and its loss never exceeds the contrastive
# loss (second line). In these 60 worlds the mean classifier's loss does not either (third line), but that is no
# theorem: by Proposition 2.6 there are worlds where it does, 1.7331 times at $s=3$.

# %% [markdown]
# ## 9 Two hypotheses that are easy to drop
#
# ### The weights one half
#
# Suppose the classes of a task weigh as nature draws them, $\rho_{c}/(\rho_{c_1}+\rho_{c_2})$ in place of one half.
# That is how the multiway tasks of Merad et al. (unit 03) are weighted. For uniform $\rho$ nothing changes. Otherwise
# section 4 breaks where it used that $\rho_c\rho_e$ is symmetric: it leaves the halves, and only them.

# %%
for first in (0.5, 0.9, 0.99):
    world = on_a_line(10, first)
    tau = first**2 + (1 - first) ** 2
    bound = (contrastive(world) - tau * LN2) / (1 - tau)
    one, two = soft(10.0 * (20 - 10)), soft(20.0 * (10 - 20))  # the losses on class 1 and on class 2
    weighted = first * one + (1 - first) * two
    print(f"rho = ({first:.2f}, {1 - first:.2f})   bound {bound:6.3f}   halves {(one + two) / 2:6.3f}", end="   ")
    print(f"weighted {weighted:6.3f}, over bound {weighted / bound:.3f}", end=", ")
    print(f"over L_un / (1 - tau) {(1 - tau) * weighted / contrastive(world):.3f}")

# %% [markdown]
# Two one-point classes at 10 and 20. Every point of class 1 pays 100 nats (its own mean is the shorter one), class 2
# pays nothing. With halves the loss is 50, exactly the bound. With weights from $\rho$ the frequent class dominates,
# the loss is 90 and 99, up to 1.98 times the bound; the last column shows that even $L_{un}/(1-\tau)$ is exceeded.
# Why can $L_{un}$ be small all the same? Its negatives come from class 2 as rarely as the points of class 2 do.
#
# ### Pairs drawn with replacement
#
# (3.2) used that $x^+$ is independent of $x$ given the class. Real data sets are often read differently: two
# *different* sentences of an article. Then $x$ says something about $x^+$: in a class of $n$ equally likely points
#
# $$\mathbb{E}[f(x^+)\mid x] = \frac{n\mu_c-f(x)}{n-1} \ne\mu_c \qquad\text{unless } f(x)=\mu_c .$$

# %%
one = [np.array([0.05, 99.99]), np.array([-0.05, 100.01])]
two = [np.array([100.0, 100.0]), np.array([100.0, 100.0])]
pairs_world = [(0.5, [(0.5, x) for x in law]) for law in (one, two)]
without = 0.0
for own, other in product((one, two), repeat=2):
    for i, n in product((0, 1), other):
        without += soft(own[i] @ (n - own[1 - i])) / 16  # x+ is the other point of the class
target = supervised(pairs_world) / 2 + LN2 / 2
print(f"target {target:.4f}   L_un: independent {contrastive(pairs_world):.4f}, without replacement {without:.4f}")
(mu_1, mu_2), logit = (mean(law) for _, law in pairs_world), "logit against class 2"
for x in one:
    print(f"point ({x[0]:5.2f}, {x[1]:6.2f}): {logit} {x @ (mu_2 - mu_1):5.2f}, change {x @ (x - mu_1):7.4f}")

# %% [markdown]
# Without replacement the contrastive loss is 0.9060, below the target 0.9733: the lemma is false. With independent
# pairs it is 1.0284, above, as it must be. The last two lines show the mechanism. Against class 2 the first point has
# logit 5, where $\ell$ has slope almost 1; leaving out $x^+=x$ lowers its logit by about 1. The second point has
# logit -5, where $\ell$ is flat; its logit grows by about 1, almost for free. Such worlds are rare, but a theorem
# about a finite data set must allow $x^+=x$.

# %% [markdown]
# ## 10 The hinge twin
#
# Where did the proof use the logarithm? It used that $\ell$ is convex, and that $\ell(0)=\ln2$. So it works for every
# convex loss of the margin, with $\ell(0)$ in place of $\ln2$. With the hinge $h(v)=\max(0,1+v)$ (the margin loss of
# unit 01, $v$ is minus the margin) and $h(0)=1$:
#
# $$L_{un}^h\ \ge\ (1-\tau)\,L_{sup}^{h,\mu}+\tau. \tag{10.1}$$
#
# Here the collision term *is* $\tau$, and no base of a logarithm can be confused. But $h$ is not strictly convex: it
# is a straight line on each side of $-1$. So only half of Theorem 2.5 survives. Constant inside each class gives
# equality, but equality only says that, for each $(c^+,c^-,x)$, all values of $V$ lie on one side of $-1$. Where
# $|V|\le1$ always, Jensen loses nothing, whatever the classes look like.

# %%
def hinge(v):
    return max(0.0, 1.0 + v)


rng, table = np.random.default_rng(11), ["scale   smallest and largest L_un - target over 100 worlds   equalities"]
for scale in (0.1, 0.3, 1.0, 3.0):
    gaps = []
    for _ in range(100):
        world = unroll(*worlds.random_world(rng, 2, 4, 2, scale))
        tau = sum(r * r for r, _ in world)
        gaps.append(contrastive(world, hinge) - (1 - tau) * supervised(world, hinge) - tau)
    table.append(f"{scale:5.1f} {min(gaps):36.1e} {max(gaps):12.1e} {np.sum(np.abs(gaps) < 1e-9):18d}")
print("\n".join(table))

# %% [markdown]
# The difference is never negative beyond rounding. At scale 0.1 all 100 worlds have equality, although none of them
# is constant inside its classes, and at scale 0.3 still 92 of them: so short embeddings stay on one straight piece of
# the hinge. At scales 1 and 3 there is none.

# %% [markdown]
# ## 11 Blocks of similar points
#
# An article gives more than pairs: a whole block of sentences of one class. Let $\bar p_b$ be the average embedding
# of $b$ independent points of $D_{c^+}$, and $\bar n_b$ that of $b$ independent points of $D_{c^-}$, *one* class
# $c^-$ for the whole block. The block loss is
#
# $$L^b_{un}(f) = \mathbb{E}\ \ell\bigl(f(x)\cdot(\bar n_b-\bar p_b)\bigr),\qquad L^1_{un}=L_{un}.$$
#
# **Theorem 2.8.** (i) $L_{un}^{b+1}\le L_{un}^b$. (ii) $L_{un}^b\ge(1-\tau)L_{sup}^\mu+\tau\ln2$ for every $b$. (iii)
# With $K=\tfrac18\,\mathbb{E}\operatorname{Var}\bigl(f(x)\cdot(f(x^-)-f(x^+))\mid c^+,c^-,x\bigr)$,
#
# $$L_{un}^b - \bigl[(1-\tau)L_{sup}^\mu+\tau\ln2\bigr]\ \le\ \frac Kb ,$$
#
# so $L_{un}^b$ falls to the target as $b\to\infty$.
#
# *Proof.* Fix $c^+,c^-,x$ and let $V_b=f(x)\cdot(\bar n_b-\bar p_b)$.
#
# (i) Draw $b+1$ positives and $b+1$ negatives, and let $V^{(i)}$ be the argument computed without the $i$-th positive
# and the $i$-th negative. Each point is left out once, so it takes part in $b$ of the $b+1$ averages with weight
# $\tfrac1b$ each, and $\tfrac1{b+1}\sum_i V^{(i)} = V_{b+1}$. By convexity
# $\ell(V_{b+1})\le\tfrac1{b+1}\sum_i\ell(V^{(i)})$. Each $V^{(i)}$ has the law of $V_b$; take expectations.
#
# (ii) $\mathbb{E}[V_b\mid c^+,c^-,x]=f(x)\cdot(\mu_{c^-}-\mu_{c^+})$ for each $b$, so sections 3 and 4 apply word for
# word.
#
# (iii) $V_b$ is an average of $b$ independent copies of $V_1$, the $j$-th made of the $j$-th positive and the $j$-th
# negative. So $\operatorname{Var}V_b=\tfrac1b\operatorname{Var}V_1$. The right inequality of (3.1) bounds the loss of
# Jensen's step. $\square$

# %%
def block_means(law, b):
    """Law of the average of b points of a class of two points: probabilities (b + 1,), averages (b + 1, d)."""
    (p, u), (q, v) = law
    counts = [(comb(b, j) * p**j * q ** (b - j), (j * u + (b - j) * v) / b) for j in range(b + 1)]
    return np.array([w for w, _ in counts]), np.array([average for _, average in counts])


def mixed_means(world, b):
    """The same for b points whose classes are drawn one by one, two classes of two points each."""
    p = np.array([r * q for r, law in world for q, _ in law])
    points = np.array([x for _, law in world for _, x in law])
    counts = np.array([(i, j, k, b - i - j - k) for i, j, k in product(range(b + 1), repeat=3) if i + j + k <= b])
    log_factorial = np.array([lgamma(j + 1) for j in range(b + 1)])
    return np.exp(log_factorial[b] - log_factorial[counts].sum(axis=1) + counts @ np.log(p)), counts @ points / b


# %%
def block_contrastive(world, b, mixed=False):
    """L_un^b, one term for each anchor and each value of the two block averages."""
    total = 0.0
    for r, own in world:
        p, pos = block_means(own, b)
        others = [(1.0, mixed_means(world, b))] if mixed else [(s, block_means(other, b)) for s, other in world]
        for (s, (q, neg)), (t, x) in product(others, own):
            total += r * s * t * (p @ np.logaddexp(0, (neg @ x)[None, :] - (pos @ x)[:, None]) @ q)
    return total


first = (0.6, [(0.5, np.array([1.8, 0.2])), (0.5, np.array([-0.6, 1.0]))])
second = (0.4, [(0.3, np.array([1.2, -1.0])), (0.7, np.array([-0.9, -0.4]))])
print(f"b = 1: {block_contrastive([first, second], 1):.12f}, L_un from section 2: {contrastive([first, second]):.12f}")

# %%
world, sizes, K = [first, second], (1, 2, 3, 5, 8, 16, 32), 0.0
for (r, own), (s, other) in product(world, repeat=2):
    for p, x in own:
        law = [(q * t, x @ (n - y)) for (q, y), (t, n) in product(own, other)]
        K += r * s * p * (sum(w * v * v for w, v in law) - sum(w * v for w, v in law) ** 2) / 8
target = proof(world)[-1]
block = [block_contrastive(world, b) for b in sizes]
mixed = [block_contrastive(world, b, mixed=True) for b in sizes]
print("b            " + "".join(f"{b:9d}" for b in sizes))
print("one class    " + "".join(f"{v:9.4f}" for v in block) + f"   target {target:.4f}")
print("K / b + target" + "".join(f"{K / b + target:8.4f} " for b in sizes) + f"  K {K:.4f}")
print("mixed classes" + "".join(f"{v:9.4f}" for v in mixed))

# %%
figure, (left, right) = plots.panels(2)
values = {"one class a block": block, "mixed classes": mixed}
plots.curves(sizes, values, left, logx=True, marker="o", xlabel="block size b", ylabel="block loss (nats)")
plots.levels({"target of the lemma": target}, left, at=0.02)
gap = {"block loss minus target": [v - target for v in block], "K / b": [K / b for b in sizes]}
plots.curves(sizes, gap, right, logx=True, logy=True, marker="o", xlabel="block size b", ylabel="nats")

# %% [markdown]
# With one class a block the loss falls with every step, from 0.8570 to 0.5297, and stays above the target 0.5162; the
# row below it, $K/b$ plus the target, is above it everywhere, as (iii) says. On the right, both axes logarithmic, the
# distance to the target and $K/b$ become parallel lines: the distance really is of order $1/b$. A larger block brings
# a smaller loss with the same guarantee. The third row is another loss, and breaks the guarantee: from $b=16$ on it
# is below the target.
#
# **The block of negatives must come from one class.** If each of its $b$ points draws a class of its own, the loss
# still falls with $b$, but not towards the target: it goes through it.
#
# **Proposition 2.9.** Let $f$ be constant inside each class, and $b\ge2$. If for some $x$ in the support of a class
# the numbers $f(x)\cdot\mu_e$, $e=1,\dots,C$, are not all equal, then the block loss with mixed classes is strictly
# below $(1-\tau)L_{sup}^\mu+\tau\ln2$.
#
# *Proof.* Now $\bar n_b=\tfrac1b\sum_j\mu_{e_j}$ with independent $e_j\sim\rho$, and $\bar p_b=\mu_{c^+}$. Strict
# convexity gives
# $\ell\bigl(\tfrac1b\sum_j f(x)\cdot(\mu_{e_j}-\mu_{c^+})\bigr)
# \le\tfrac1b\sum_j\ell\bigl(f(x)\cdot(\mu_{e_j}-\mu_{c^+})\bigr)$,
# strictly where the $b$ numbers are not all equal, which for this $x$ has positive probability. The expectation of
# the right side is the loss at $b=1$, and that is the target by Theorem 2.5. $\square$

# %%
world = [(0.5, [(0.5, v), (0.5, v)]) for v in (np.array([1.5, 0.0]), np.array([0.0, 1.5]))]
print(f"constant inside each class: target {proof(world)[-1]:.6f}")
for b in (1, 2, 4):
    one_class, mixed_classes = block_contrastive(world, b), block_contrastive(world, b, mixed=True)
    print(f"b = {b}   one class a block {one_class:.6f}   mixed classes {mixed_classes:.6f}")

# %% [markdown]
# With one class a block the loss stays at the target 0.396677, whatever $b$ is. With mixed classes it is 0.338914 at
# $b=2$ and 0.310182 at $b=4$: a bound computed from it would be false.

# %% [markdown]
# ## 12 What the lemma does not say: the dream theorem
#
# Theorem 2.3 speaks about *one* embedding: if its contrastive loss is small, its classifier is good. One would like
# more: that the embedding which *minimises* the contrastive loss over a set $\mathcal F$ (say, all networks of one
# architecture) is nearly as good for classification as the best one of $\mathcal F$. This is the dream theorem, and
# it is false for a set of two embeddings.
#
# **Theorem 2.10.** Two classes, $\rho=(\tfrac12,\tfrac12)$, two equally likely points each. Let $f_0=0$, and let
# $f_1$ put class 1 at $(r,1)$, $(-r,1)$ and class 2 at $(r,-1)$, $(-r,-1)$. With the hinge loss
#
# $$L^{h,\mu}_{sup}(f_1)=0,\quad L^h_{sup}(f_0)=1,\qquad
#   L_{un}^h(f_1)=\tfrac{r^2}2+\tfrac14\ \ (r^2\ge\tfrac12),\quad L^h_{un}(f_0)=1 .$$
#
# For $r>\sqrt{3/2}$ the contrastive loss prefers $f_0$, which is useless, to $f_1$, which is perfect.
#
# *Proof.* $f_0$: all arguments are 0, whatever the weights, and $h(0)=1$. $f_1$, supervised: $\mu_1=(0,1)$,
# $\mu_2=(0,-1)$, and each point has argument $-2$ for its own class, so $h=0$. $f_1$, contrastive: by symmetry let
# $x=(r,1)$ in class 1. Then $f(x)\cdot f(x^+)=1\pm r^2$, each with probability $\tfrac12$.
#
# - $c^-$ is class 1 (probability $\tfrac12$): $f(x)\cdot f(x^-)=1\pm r^2$. The argument $v$ is $0$, $2r^2$, $-2r^2$
#   with probabilities $\tfrac12,\tfrac14,\tfrac14$, and $h$ is $1$, $1+2r^2$, $0$ (as $2r^2\ge1$). Average:
#   $\tfrac34+\tfrac{r^2}2$.
# - $c^-$ is class 2: $f(x)\cdot f(x^-)=-1\pm r^2$. The argument is $-2$, $-2+2r^2$, $-2-2r^2$ with probabilities
#   $\tfrac12,\tfrac14,\tfrac14$, and $h$ is $0$, $2r^2-1$, $0$. Average: $\tfrac{r^2}2-\tfrac14$.
#
# The mean of the two is $\tfrac{r^2}2+\tfrac14$, and this exceeds 1 iff $r^2>\tfrac32$. $\square$

# %%
def crossed(r):
    """The world and embedding f_1 of Theorem 2.10."""
    return [(0.5, [(0.5, np.array([r, y])), (0.5, np.array([-r, y]))]) for y in (1.0, -1.0)]


print("              hinge                                        logistic")
print("    r     L_un(f1)  r^2/2+1/4  L_un(f0)  L_sup^mu(f1)    L_un(f1)  L_un(f0)  L_sup^mu(f1)")
for r in (1.0, 1.1, sqrt(1.5), 1.5, 2.0, 5.0):
    un, sup = contrastive(crossed(r), hinge), supervised(crossed(r), hinge)
    print(f"{r:7.4f} {un:9.4f} {r * r / 2 + 0.25:9.4f} {1:9.4f} {sup:11.4f}", end="")
    print(f" {contrastive(crossed(r)):14.4f} {LN2:9.4f} {supervised(crossed(r)):11.4f}")

# %%
radii = np.linspace(0.75, 2.5, 60)
figure, (left, right) = plots.panels(2)
embedding = np.array([x for _, law in crossed(2.0) for _, x in law])
halves = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
plots_worlds.points_and_means(halves, embedding, np.array([[0.0, 1.0], [0.0, -1.0]]), left, title="$f_1$ at r = 2")
un = {"contrastive, $f_1$": [contrastive(crossed(r), hinge) for r in radii]}
sup = {"mean classifier, $f_1$": [supervised(crossed(r), hinge) for r in radii]}
plots.curves(radii, un | sup, right, xlabel="spread r inside the classes", ylabel="hinge loss")
plots.levels({"both losses of $f_0 = 0$": 1.0}, right, at=0.02)

# %% [markdown]
# Left: the class means, crosses, are where a classifier wants them, and the points of one class lie far apart on a
# line that the classifier ignores. The contrastive loss does not ignore it: two points of one class at opposite ends
# have inner product $1-r^2$. Right: the loss of the mean classifier is 0 for every $r$, and the contrastive loss
# crosses 1 at $\sqrt{3/2}=1.2247$ (third row of the table). The logistic loss behaves alike: at $r=1.1$ it still
# prefers $f_1$ (0.6459 against 0.6931), at $r=1.2247$ no longer (0.7572), while the mean classifier has 0.1269
# throughout.
#
# None of this contradicts Theorem 2.3: where $L_{un}$ is large, the theorem promises nothing. What spoils the loss is
# the spread inside the classes, the variance in (3.1), and this is what blocks remove. Since $|h(v)-h(m)|\le|v-m|$,
# Jensen's step loses at most $\mathbb{E}\sqrt{\operatorname{Var}V_b}$, of order $1/\sqrt b$, so the block loss of
# $f_1$ falls to $\tau h(0)+(1-\tau)\cdot0=\tfrac12$, below the 1 of $f_0$.

# %% [markdown]
# ## 13 What to take away
#
# | statement | status |
# |---|---|
# | $L_{un}\ge(1-\tau)L_{sup}^\mu+\tau\ln2$ | every world; equality iff $f$ is constant inside each class |
# | the same with $-\tau$ in place of $-\tau\ln2$ | true in bits, false in nats |
# | $L_{sup}^\mu\le L_{un}/(1-\tau)$ | true, the best constant for the mean classifier |
# | $L_{sup}\le L_{un}$ | true for the best linear classifier, for every $\rho$ |
# | the first line with class weights $\rho$ inside a task | false unless $\rho$ is uniform |
# | the first line for pairs of two different points | false |
# | blocks: smaller loss, same guarantee | true if each block of negatives has one class |
# | the minimiser of $L_{un}$ is nearly the best for $L_{sup}$ | false |
#
# Two things are *not* in the lemma although one reads them into it. It compares expectations: nothing is said about
# how few labelled points suffice to estimate the means. And the tasks are made of the same latent classes as the
# pairs: if the pairs join what the tasks separate, the lemma still holds, but about the wrong tasks.
#
# **Now you.** The exercise `02_latent_classes` asks for these quantities on arrays, for the ladder on any world, and
# for a counterexample to the dream theorem of your own. Unit 03 goes on to many negatives, where collisions pile up.
