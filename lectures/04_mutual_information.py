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
# # 04 · Mutual information: what a contrastive loss certifies, and what it costs
#
# *Time* core 105 min, optional 35 min · *you need* unit 01, conditional probability, Jensen's inequality; numpy, a first
# look at torch
#
# *Exercise of this unit:* [04 · exercise](../exercises/04_mutual_information/04_mutual_information.ipynb).
#
# A contrastive loss is small only if $x$ and its positive $y$ share something. How much, in nats? We prove the bound
# behind this idea, find its price in negatives, and see which of its relatives are bounds too.
#
# ## Map
#
# | result | in words | needs | core? |
# |---|---|---|---|
# | section 1 | a first run: what do two halves of a digit share? | | core |
# | Proposition 4.1 | scores learn a log-density from data against noise | Bayes | core |
# | Lemma 4.2, Proposition 4.3 | with $N+1$ candidates: the best critic | Bayes | core |
# | Theorem 4.4, Proposition 4.5 | $I\ge\ln(N+1)-L$ for every critic; the constant is exact | Jensen | core |
# | Proposition 4.6 | the best critic: more with every negative, and never all | 4.3 | core |
# | Theorem 4.7, Proposition 4.8 | how much is missing; an exact copy costs $n^\theta$ negatives | 4.6 | core |
# | Theorem 4.9, Proposition 4.10 | other negatives: what true ones certify; a whole batch | 4.4 | core |
# | Proposition 4.11 | infinitely many negatives: alignment and uniformity | 4.4 | core |
# | Proposition 4.12 | on the circle the uniform law is best | 4.11 | optional |
# | Proposition 4.13 | other estimators pay $e^I-1$ too | 4.7 | optional |
# | section 11 | sentences of a survey on trial | 4.3, 4.7 | optional |
#
# | symbol | meaning | symbol | meaning |
# |---|---|---|---|
# | $x$, $y$ or $y_0$ | anchor, its positive | $s(x,y)$ | critic, a score |
# | $y_1,\dots,y_N$ | negatives | $w_j$ | softmax weight of candidate $j$ |
# | $p(x,y)$, $q(y)$ | joint law, marginal of $y$ | $L_N(s)$, $B_N$ | loss; $\ln(N+1)-L_N$ of the best critic |
# | $b(x)$; $n$ | a constant per row; symbols copied | $c$, $C$ | class of the anchor, how many |
# | $r(x,y)$ | $p(y\mid x)/q(y)$ | $I$, $\chi^2$ | $\mathbb E\ln r$; variance of $r$ under independence |
#
# Logarithms are natural, information is in nats. Laws are finite, so that every expectation is a finite sum.
# $\sigma(v) = 1/(1+e^{-v})$.

# %%
from itertools import product
from math import exp, lgamma, log, pi

import numpy as np
import torch
from sklearn.cluster import KMeans

from course import data, figures, worlds


def binomial(n, p):
    """P(K = 0), ..., P(K = n) for K the number of successes in n independent trials of probability p."""
    ways = [lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(n + 1)]
    return np.exp([w + k * log(p) + (n - k) * log(1 - p) for k, w in enumerate(ways)])


# %% [markdown]
# ## 1 A first run: what do two halves of a digit share?
#
# Cut an image of a digit in two: $x$ is its upper half, $y$ its lower half. Given an upper half and $B$ lower halves, which
# one belongs to it? The critic is the simplest there is, $s(x,y)=x^\top Ay$ for a $32\times32$ matrix $A$, trained with the
# halves of the other images in the batch as negatives. We train four: with batches of 2, 8, 32, 128 images.

# %%
images, _ = data.load_digits()
halves = images[:, 0].flatten(1) - images[:, 0].flatten(1).mean(dim=0)
x, y = halves[:, :32], halves[:, 32:]
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
old, new = order[:1200], order[1200:]


def batch_loss(A, rows):
    """Which of these lower halves belongs to this upper half? rows (..., B): one batch of images, or many."""
    s = x[rows] @ A @ y[rows].mT
    return (s.logsumexp(dim=-1) - s.diagonal(dim1=-2, dim2=-1)).mean()


def below_chance(A, size, seed, rows=new, count=200):
    """ln(size) minus the loss, over many batches of that size, of new digits."""
    generator = torch.Generator().manual_seed(seed)
    picks = torch.rand(count, len(rows), generator=generator).argsort(dim=1)[:, :size]
    return log(size) - batch_loss(A, rows[picks]).item()


# %% [markdown]
# **Predict.** The loss of a critic that says nothing is $\ln B$. By how much does each of the four runs get below it, on new
# digits? Can the run with $B=2$ get further than $\ln2=0.69$ below? And if its critic is asked about batches of 128?

# %%
def train(loss, size, n_steps=301):
    """The critic after training, and how far below chance it was on the way, on new digits."""
    generator, rows = torch.Generator().manual_seed(1), []
    A = torch.zeros(32, 32, requires_grad=True)
    optimiser = torch.optim.Adam([A], lr=0.02)
    for step in range(n_steps):
        if step % 30 == 0:
            rows.append(below_chance(A.detach(), size, seed=step))
        cost = loss(A, old[torch.randint(1200, (size,), generator=generator)])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
    return A.detach(), rows


sizes = (2, 8, 32, 128)
trained = {size: train(batch_loss, size) for size in sizes}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
curves = {f"B = {size}": rows for size, (_, rows) in trained.items()}
figures.curves(range(0, 301, 30), curves, left, xlabel="step", ylabel="ln B - loss", ordered=True, legend=None)
asked = {f"trained with {n}": [below_chance(A, b, 5, count=500) for b in sizes] for n, (A, _) in trained.items()}
figures.curves(sizes, {"ln B": np.log(sizes)}, right, colours=[figures.DARK])
figures.curves(
    sizes, asked, right, xlabel="asked about B candidates", logx=True, ordered=True, styles=("o-",), ticks=sizes
)
print({name: np.round(values, 2).tolist() for name, values in asked.items()})
print(f"B = 128 on the digits of training: {below_chance(trained[128][0], 128, 5, old):.2f}")
figures.described(figure,
    "Two panels. Left, distance below chance over 300 steps of training with batches of 2, 8, 32 and 128: the "
    "curves flatten at 0.43, 1.24, 1.74 and 1.96 nats. Right, each critic asked about 2, 8, 32 and 128 "
    "candidates, under the straight ceiling ln B: at 128 candidates they get 1.2, 1.7, 1.9 and 1.95 nats, "
    "where the ceiling is 4.85."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# By about 0.4, 1.25, 1.75 and 2.0 nats. A loss is positive, so nothing gets further than $\ln B$. The critic of $B=2$, asked
# about 128 candidates, gets 1.2 nats below $\ln128$: it knew more than two candidates could bring to light.
#
# </details>
#
# **Figure 4.1.** Left: distance below chance along training (colours as on the right). Right: the four trained critics, each
# asked about all batch sizes, and the ceiling $\ln B$. Section 4 proves that *each of these numbers is a lower bound on the
# information that the two halves share* (up to the error of an average over 597 images). So they share about 2 nats, or more.
# On the digits of training the best critic gets to 2.2: there it is no expectation over new pairs, and no bound.

# %% [markdown]
# ## 2 From noise to $N+1$ candidates
#
# **Question.** We want the log-density of some data, but we cannot normalise: summing over all images is hopeless. Can a
# density be learned from a classification problem instead?
#
# Gutmann and Hyvärinen ([2010](https://proceedings.mlr.press/v9/gutmann10a.html)): mix the data, drawn from $p$, with as many
# samples of a *known* noise law $q$, and ask which is which. After seeing $y$ the odds are $p(y):q(y)$, by Bayes' rule. So if a
# score $s(y)$ is to play the role of $\ln p(y)$, the logit of "data" must be $G(y)=s(y)-\ln q(y)$, and the loss is the
# cross-entropy $D(s) = -\frac12\mathbb{E}_{p} \ln\sigma(G) - \frac12\mathbb{E}_{q} \ln(1-\sigma(G))$.
#
# **Proposition 4.1.** Let $p, q > 0$ on a finite set. Among *all* functions $s$, normalised or not, $D$ has exactly one
# minimiser: $s = \ln p$.
#
# *Plan.* Each point has a score of its own: minimise point by point.
#
# *Proof.* The point $y$ contributes half of $g(\sigma) = -p\ln\sigma - q\ln(1-\sigma)$ with its own $\sigma = \sigma(G(y))$.
# $g'(\sigma) = -p/\sigma + q/(1-\sigma)$ is increasing in $\sigma$, from $-\infty$ to $+\infty$, and vanishes at
# $\sigma = p/(p+q)$ only. There $e^{G} = p/q$, so $e^{s} = p$. $\square$
#
# **Predict.** Raise all scores by 0.3. What happens to the "likelihood" $\mathbb E_p\,s$, and what to $D$?

# %%
rng = np.random.default_rng(4)
law, noise = worlds.random_law(rng, 6, minimum=0.03), worlds.random_law(rng, 6, minimum=0.03)
for name, s in (("ln p", np.log(law)), ("ln p + 0.3", np.log(law) + 0.3), ("ln p - 0.3", np.log(law) - 0.3)):
    G = s - np.log(noise)
    D = (law @ np.logaddexp(0, -G) + noise @ np.logaddexp(0, G)) / 2
    print(f"s = {name:10s}  sum of e^s = {np.exp(s).sum():.4f}   D = {D:.6f}   -E s = {-law @ s:.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The likelihood improves by 0.3, for nothing. $D$ gets worse: too large a total mass is punished by the noise, too small a
# one by the data. The scores normalise themselves, although no sum over all points is ever taken in training.
#
# </details>
#
# (What changes with $k$ noise samples for each data sample is the exercise's first and last question.)
#
# Now the density of interest is conditional, $p(y\mid x)$: which $y$ come with this $x$? Take as noise the marginal
# $q(y) = \sum_x p(x,y)$, which costs nothing: a $y$ that belongs to *another* $x$ is a sample of it. And ask a question with
# one answer: hide the positive at a random place $J\in\{0,\dots,N\}$ among $N$ negatives drawn independently from $q$, and ask
# for the place.
#
# **Lemma 4.2.** With $r(x,y) = p(y\mid x)/q(y)$, and $y_0,\dots,y_N$ the candidates in the order in which they are shown,
#
# $$P(J=j\mid x, y_0,\dots,y_N) = \frac{r(x,y_j)}{\sum_{i=0}^N r(x,y_i)} . \tag{2.1}$$
#
# *Plan.* Bayes' rule; what does not depend on the place cancels.
#
# *Proof.* Given $x$ and $J=j$ the candidates have probability $p(y_j\mid x)\prod_{i\ne j}q(y_i)$. Where this is positive,
# $q(y_j)>0$ as well, because $q(y_j)\ge p(x)\,p(y_j\mid x)$; so it is $r(x,y_j)\prod_{i}q(y_i)$. The places are equally likely,
# and the product over *all* candidates does not depend on $j$. $\square$
#
# A classifier for this question is a softmax over scores $s(x,y_j)$. By symmetry we may write the positive first, and its
# cross-entropy is the **InfoNCE loss** (van den Oord et al., [2018](https://arxiv.org/abs/1807.03748))
#
# $$L_N(s) = \mathbb{E}\Bigl[-\ln w_0\Bigr],\qquad w_j = \frac{e^{s(x,y_j)}}{\sum_{i=0}^N e^{s(x,y_i)}},\qquad
#   (x,y_0)\sim p,\quad y_1,\dots,y_N\sim q \text{ independent}. \tag{2.2}$$
#
# A constant $b(x)$ added to the scores cancels in the softmax: nothing needs to be normalised at all. For two negatives
# the expectation is an array with four axes: $x$, $y_0$, $y_1$, $y_2$.


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
# The posterior was computed twice, from the probabilities of the three arrangements and as a softmax of $\ln r$; they agree
# in all 500 cells. A constant critic pays $\ln(N+1)$, the price of guessing.

# %% [markdown]
# ## 3 The best critic
#
# **Proposition 4.3.** (a) With $\pi$ the posterior (2.1), $w$ the softmax of the scores and $H$ the entropy, every critic has
#
# $$L_N(s) = \mathbb{E}\,H(\pi) + \mathbb{E}\,\mathrm{KL}(\pi\,\Vert\,w) . \tag{3.1}$$
#
# (b) For every $N\ge1$ the minimisers are exactly $s(x,y) = \ln r(x,y) + b(x)$, with an arbitrary function $b$, and
# $-\infty$ where $r(x,y) = 0$ (for $x$ and $y$ of positive probability).
#
# *Plan.* A cross-entropy is an entropy plus a divergence; the divergence vanishes only where the softmax is the posterior.
#
# *Proof.* (a) Given $x$ and the candidates, $J$ follows the posterior $\pi$, and the expected loss is
# $-\sum_j\pi_j\ln w_j = -\sum_j\pi_j\ln\pi_j + \sum_j\pi_j\ln(\pi_j/w_j)$. (b) The first term does not depend on $s$; the second
# is at least 0, and 0 only where $w = \pi$. So $s$ is optimal if and only if $w=\pi$ for every $x$ and all candidates of
# positive probability. Choose $y$ with $p(y\mid x)>0$, any $y'$ with $q(y')>0$, and (if $N>1$) any others: this draw is
# possible, and $w_j/w_i = \pi_j/\pi_i$ says $e^{s(x,y')-s(x,y)} = r(x,y')/r(x,y)$. So $s(x,\cdot)-\ln r(x,\cdot)$ is constant.
# Conversely such an $s$ has $w=\pi$ by (2.1). $\square$
#
# **Predict.** To the best critic of our random law add (i) a constant for each $x$, (ii) a constant for each $y$. (iii) Take
# $\ln p(y\mid x)$ instead. Which of the three still has the smallest loss?

# %%
best = np.log(ratio)
probability, surprise = triples(joint, best)
shuffled = (probability + probability.swapaxes(1, 2) + probability.swapaxes(1, 3)) / 3  # positive at a random place
entropy = np.sum(shuffled * np.sum(np.exp(-surprise) * surprise, axis=0))
tried = {
    "(i)  ": best + rng.normal(size=(4, 1)),
    "(ii) ": best + rng.normal(size=(1, 5)),
    "(iii)": best + np.log(joint.sum(axis=0)),
}
for name, s in tried.items():
    divergence = np.sum(shuffled * np.sum(np.exp(-surprise) * (triples(joint, s)[1] - surprise), axis=0))
    print(f"{name} loss {loss_two(joint, s):.6f} = entropy {entropy:.6f} + divergence {divergence:.6f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Only (i). And (iii) is a case of (ii), since $\ln p(y\mid x)=\ln r+\ln q(y)$: a $y$ that comes with every $x$ is frequent
# among the negatives too, and deserves no bonus.
#
# </details>
#
# **Does training find it?** Sort the upper halves of section 1 into 12 clusters and the lower halves too. Now the joint law is
# a table of counts, its best critic is known, and the loss with one negative is a short exact sum. Gradient descent (Adam) on
# the 144 scores:

# %%
clusters = [KMeans(12, n_init=3, random_state=0).fit_predict(v.numpy()) for v in (x, y)]
table = np.zeros((12, 12))
np.add.at(table, tuple(clusters), 1 / len(x))
P, seen = torch.from_numpy(table), table > 0
target = np.log(np.where(seen, table / np.outer(table.sum(axis=1), table.sum(axis=0)), 1.0))
information = table.ravel() @ target.ravel()
S = torch.zeros(12, 12, dtype=torch.float64, requires_grad=True)
optimiser = torch.optim.Adam([S], lr=0.05)

# %%
rows, steps = [], range(1001)
for _ in steps:
    loss = (P[:, :, None] * P.sum(dim=0) * torch.nn.functional.softplus(S[:, None] - S[:, :, None])).sum()
    off = np.where(seen, S.detach().numpy() - target, np.nan)
    rows.append((log(2) - loss.item(), np.nanmax(np.abs(off - np.nanmean(off, axis=1, keepdims=True)))))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (left, right) = figures.panels(2)
certified, distance = np.array(rows).T
figures.curves(np.arange(1, 1002), {"certified": certified}, left, xlabel="step + 1", ylabel="ln 2 - loss", logx=True)
figures.levels({"information": information, "ln 2": log(2)}, left)
figures.curves(np.arange(1, 1002), {"distance": distance}, right, xlabel="step + 1",
               ylabel="largest distance from ln r + b(x)", logx=True, logy=True, legend=None)
never = S.detach().numpy()[~seen]
print(f"I = {information:.4f}, certified {certified[-1]:.4f}; {never.size} pairs never occur, scores down to {never.min():.1f}")
figures.described(figure,
    "Two panels against the step on a logarithmic axis. Left, the certified nats rise from 0 to 0.38 by step "
    "100 and stay there, below the dashed lines ln 2 = 0.69 and information = 1.03. Right, the largest "
    "distance of the scores from ln r + b(x) falls from 4 to 0.02, faster and faster."
)

# %% [markdown]
# **Figure 4.2.** The scores do approach $\ln r+b(x)$ (right), and where a pair never occurs they fall without end, towards
# $-\infty$, as (b) says. And yet the best critic gets only 0.38 nats below chance with one negative (left), although the two
# clusters share 1.03. Sections 5 and 6 explain the difference. (That clusters cannot share more than the halves is a
# theorem as well: you will put its proof in order.)

# %% [markdown]
# ## 4 The bound
#
# Mutual information is what the density ratio says on average, $I = \mathbb{E}\ln r(x,y)$.
#
# **Theorem 4.4.** For every joint law, every finite critic $s$ and every $N\ge1$
#
# $$I\ \ge\ \ln(N+1) - L_N(s). \tag{4.1}$$
#
# *Plan.* The slack is $\mathbb E[-\ln W]$ for some $W\ge0$. Show $\mathbb E\,W\le1$: dividing by $r$ turns the positive into one
# more negative, and $N+1$ equal candidates have equal chances.
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
# *Change of law:* in $\mathbb{E}\,W$ the positive has law $p(\cdot\mid x) = r(x,\cdot)\,q$. Dividing by $r$ leaves the sum over
# $\{y_0 : r(x,y_0)>0\}$ with weights $q(y_0)$; the sum over all $y_0$ is larger or equal, because $w_0\ge0$. *Symmetry:* now
# all $N+1$ candidates are independent with the same law, so $w_0,\dots,w_N$ have the same expectation; and they sum to 1.
# $\square$
#
# (A critic with $-\infty$ where $r=0$ is covered too: such a $y$ is never the positive. If all candidates have the score
# $-\infty$ put $w_j=0$; the weights then sum to at most 1, which is all that is needed.)
#
# Three facts carried the proof: the negatives have the law $q$ **of the positive**, they are **independent** of it and of each
# other, and the positive is **in the denominator**. Section 7 drops them. Nothing was asked of the critic: a bad one makes the
# bound weak, never wrong.
#
# **Predict.** Take a law in which three pairs cannot occur. Which of the two inequalities becomes strict that was an equality
# before?


# %%
def proof(joint, critic):
    """The lines of the proof for N = 2: E[-ln W], -ln E W, and the logarithm after the change of law."""
    probability, surprise = triples(joint, critic)
    rows, q = joint.sum(axis=1), joint.sum(axis=0)
    r = (joint / np.outer(rows, q))[:, :, None, None] + 0 * probability
    seen = probability > 0
    w = 3 * np.exp(-surprise[0][seen]) / r[seen]
    unlinked = rows[:, None, None, None] * q[:, None, None] * q[:, None] * q  # every candidate from q
    changed = 3 * np.sum(unlinked * np.exp(-surprise[0]))
    return [probability[seen] @ -np.log(w), -log(probability[seen] @ w), -log(changed)]


hole = np.where(np.arange(20).reshape(4, 5) < 3, 0.0, joint)
for name, law in (("all pairs possible", joint), ("three pairs impossible", hole / hole.sum())):
    for title, s in (("optimal + noise", best + rng.normal(size=(4, 5))), ("random", rng.normal(size=(4, 5)))):
        print(f"{name:23s} {title:16s}" + " >= ".join(f"{round(v, 9) + 0.0:.6f}" for v in proof(law, s)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The change of law: where $r=0$ there are points that $q$ can draw and the positive cannot. Elsewhere the second number is 0
# already.
#
# </details>
#
# Each row is the proof in numbers: the slack, what is left after Jensen's inequality, what is left after the change of law.
# Now many random laws, sharpened so that some are nearly deterministic, each with the best critic, a noisy copy of it, and one
# that was never told anything.

# %%
found = {"optimal critic": ([], []), "optimal + noise": ([], []), "random critic": ([], [])}
for _ in range(400):
    law = worlds.random_joint(rng, 8, 10) ** rng.uniform(1, 8)
    law = law / law.sum()
    score, blur = np.log(law / np.outer(law.sum(axis=1), law.sum(axis=0))), rng.normal(size=law.shape)
    for (informations, bounds), s in zip(found.values(), (score, score + blur, 2 * blur), strict=True):
        informations.append(np.sum(law * score))
        bounds.append(log(3) - loss_two(law, s))

# %%
slack = np.concatenate([np.subtract(*both) for both in found.values()])
broken = np.mean(slack[:400] < log(4 / 3))  # ln(N+2) raises every bound by that much
figure, (ax,) = figures.panels(1, width=4.8, height=3.8)
figures.against_bound(found, ax, xlabel="mutual information I", ylabel="ln 3 - L", legend="lower right")
figures.levels({"ln 3": log(3)}, ax)
ax.set_ylim(bottom=-0.6)
print(f"smallest I - bound {slack.min():.1e}; with ln(N+2) the optimal critic would break it on {broken:.0%} of the laws")
figures.described(figure,
    "Points of ln 3 minus the loss against mutual information, all below the diagonal. The optimal critic, "
    "discs, follows it up to 0.3 nats and bends to 0.75 at information 1.4, below the dashed ceiling ln 3 = "
    "1.10. The optimal critic with noise, squares, lies a little lower. Random critics, triangles, are mostly "
    "below 0."
)

# %% [markdown]
# **Figure 4.3.** No point lies above the diagonal. The optimal critic comes close to it where $I$ is small, and bends away
# below the ceiling $\ln3$, which no point passes whatever $I$ is. Most critics that were never told anything certify a negative
# number, which is nothing.
#
# **Could the constant be larger?** One example settles it.
#
# **Proposition 4.5.** In (4.1), $\ln(N+1)$ cannot be replaced by any larger number.
#
# *Plan.* No information, no opinion: everything is an equality.
#
# *Proof.* Let $x$ and $y$ be independent and $s=0$. Then $I=0$, and every draw has the loss $\ln(N+1)$. With a constant
# $m>\ln(N+1)$ the bound would be $m-\ln(N+1)>0=I$. $\square$
#
# **Find the bug.** A run like those of section 1, with batches of 2, reports that the halves of a digit share *more than
# $\ln2$* nats, and more with every step. Here is its loss. What is wrong, and which step of the proof does not survive it?


# %%
def suspicious_loss(A, rows):
    s = x[rows] @ A @ y[rows].mT
    mine = torch.eye(rows.shape[-1], dtype=torch.bool)
    negatives = s.masked_fill(mine, -torch.inf).logsumexp(dim=-1)
    return (negatives - s.diagonal(dim1=-2, dim2=-1)).mean()


picks = torch.rand(500, len(new), generator=torch.Generator().manual_seed(5)).argsort(dim=1)[:, :2]
for n_steps in (11, 101, 301):
    A, _ = train(suspicious_loss, 2, n_steps)
    print(f"B = 2, {n_steps:3d} steps: ln 2 - loss on new digits = {log(2) - suspicious_loss(A, new[picks]).item():.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The mask takes the positive out of the denominator. The loss can be negative: with one negative it is
# $s(x,y_1)-s(x,y_0)$, linear in $A$, and falls without end. The weights no longer sum to 1, so the last line of the proof
# fails. A number above $\ln B$ is always such a bug: a cross-entropy is positive.
#
# </details>

# %% [markdown]
# ## 5 What the best critic certifies: more with every negative, and never all
#
# Let $B_N = \ln(N+1) - L_N(\ln r)$ be the bound of the best critic, $M_N = \frac1{N+1}\sum_{i=0}^N r(x,y_i)$ the mean ratio of
# the candidates, and $\varphi(t) = t\ln t$, $\varphi(0)=0$.
#
# **Proposition 4.6.** (a) $I - B_N = \mathbb{E}_x\,\mathbb{E}_{y_0,\dots,y_N\sim q}\,\varphi(M_N)$. (b) $B_N\le B_{N+1}$. (c)
# $B_N<\ln(N+1)$.
#
# *Plan.* Write the gap as $\mathbb E\ln M_N$ and make all candidates alike; then convexity, leaving one out in turn.
#
# *Proof.* (a) For the best critic $w_0 = r(x,y_0)/((N+1)M_N)$, hence $B_N = I - \mathbb{E}\ln M_N$. Here
# $y_0\sim p(\cdot\mid x) = r(x,\cdot)\,q$, so $\mathbb{E}\ln M_N$ is the expectation of $r(x,y_0)\ln M_N$ with *all* candidates
# from $q$; and since $M_N$ is symmetric in the candidates, $r(x,y_0)$ may be replaced by their mean $M_N$.
#
# (b) Let $M^{(-j)}$ be the mean of the ratios without candidate $j$. Then $M_{N+1} = \frac1{N+2}\sum_j M^{(-j)}$, because each
# ratio is left out once. $\varphi$ is convex, so $\varphi(M_{N+1})\le\frac1{N+2}\sum_j\varphi(M^{(-j)})$, and each term on the
# right has the law of $\varphi(M_N)$. With (a), $I - B_{N+1}\le I-B_N$.
#
# (c) $L_N>0$: with positive probability all negatives equal the positive, and then $w_0=1/(N+1)<1$. $\square$
#
# How much is missing? Let $\chi^2=\mathbb E_x\mathbb E_{y\sim q}\,r(x,y)^2-1$, the variance of the ratio when $y$ is drawn
# independently of $x$ (its mean is $\sum_yp(y\mid x)=1$).
#
# **Theorem 4.7.** $0\le I-B_N\le\ln\Bigl(1+\dfrac{\chi^2}{N+1}\Bigr)\le\dfrac{\chi^2}{N+1}$. So $B_N\to I$ as $N\to\infty$.
#
# *Plan.* $M_N$ has mean 1, so it is itself a density: $\mathbb E[M\ln M]$ is the mean of $\ln M$ under another law, and Jensen's
# inequality may be used there.
#
# *Proof.* Fix $x$, draw all candidates from $q$ and write $M$ for $M_N\ge0$; $\mathbb E\,M=1$. Jensen for the convex $\varphi$
# gives $\mathbb E\varphi(M)\ge\varphi(1)=0$. Let $Q$ be the law that weights each draw with $M$. Then
# $\mathbb E[M\ln M]=\mathbb E_Q\ln M\le\ln\mathbb E_QM=\ln\mathbb E[M^2]=\ln(1+\mathrm{Var}\,M)$, and $M$ is a mean of $N+1$
# independent ratios: $\mathrm{Var}\,M=\chi_x^2/(N+1)$, where $\chi_x^2$ is the variance for this $x$. Average over $x$: the
# logarithm is concave, and $\chi_x^2$ has the mean $\chi^2$. Finally $\ln(1+v)\le v$. $\square$
#
# A *noisy copy* shows all of it: $x$ is uniform on $n$ symbols, $y$ is $x$, or with probability $\nu$ a fresh uniform symbol.
# Then $r=n(1-\nu)+\nu$ where $y=x$ and $\nu$ elsewhere, and the number of negatives that equal $x$ is binomial.


# %%
def noisy_copy(n_symbols, noise, n):
    """(B_N, I) of the best critic: E ln r(x, y_0) - E ln M_N, with K of the N negatives equal to x."""
    same, other = n_symbols * (1 - noise) + noise, noise
    crowd = np.arange(n + 1) * same + (n - np.arange(n + 1)) * other
    value = information = 0.0
    for probability, own in ((same / n_symbols, same), (1 - same / n_symbols, other)):
        if probability > 0:
            information += probability * log(own)
            value -= probability * (binomial(n, 1 / n_symbols) @ np.log((own + crowd) / (n + 1)))
    return information + value, information


# %% [markdown]
# **Predict.** The exact copy of 64 symbols shares $\ln64=4.16$ nats, and its best critic is never wrong where it can be right.
# How many nats does it certify with 16 negatives, and with 1024?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
shown = {"64 symbols, exact": (64, 0), "64 symbols, noise 0.3": (64, 0.3), "8 symbols, exact": (8, 0),
         "8 symbols, noise 0.3": (8, 0.3), "2 symbols, noise 0.4": (2, 0.4)}
curves = {name: [noisy_copy(*law, n)[0] for n in counts] for name, law in shown.items()}
information = {name: noisy_copy(*law, 1)[1] for name, law in shown.items()}
figure, (ax,) = figures.panels(1, width=6.4, height=3.6)
figures.curves(counts, {"ceiling ln(N+1)": np.log1p(counts)}, ax, colours=[figures.DARK], widths=[2.2])
figures.curves(counts, curves, ax, limits=information, styles=["o-"], logx=True, legend="outside",
               xlabel="number of negatives N", ylabel="certified nats (dashed: the information)")
ax.set_ylim(0, 1.12 * max(information.values()))
figures.described(figure,
    "Certified nats against the number of negatives from 1 to 1024 for five laws. Each curve rises below the "
    "dark ceiling ln(N+1) and flattens at a dashed line of its own, its information: 4.16 for 64 symbols "
    "exact, 2.3 with noise 0.3, 2.08 for 8 symbols exact, 1.0 with noise, 0.19 for two symbols with noise "
    "0.4. The last is done at 4 negatives, the first hardly at 500."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 2.67 and 4.13 nats. With 16 negatives it could not certify more than $\ln17=2.83$.
#
# </details>
#
# **Figure 4.4.** Every curve rises (b), below its dashed line (Theorem 4.4) and below the dark line (c). The laws with little
# information are done after a handful of negatives. So a small certified value has two possible reasons: little information, or
# few negatives. The loss alone does not tell which.
#
# How good is Theorem 4.7? The gap over its bound, and over "half": for large $N$ the gap is close to $\chi^2/2(N+1)$, since
# $\varphi(t)\approx(t-1)+\frac12(t-1)^2$ near 1. Is that a bound as well?

# %%
tried = {"exact copy of 1000 symbols": (1000, 0), "64 symbols, noise 0.3": (64, 0.3), "one of 5, but not x": (5, 1.25)}
for name, (n_symbols, noise) in tried.items():
    chi = (n_symbols - 1) * (1 - noise) ** 2
    row = []
    for n in (1, 7, 100):
        value, known = noisy_copy(n_symbols, noise, n)
        row.append(
            f"N = {n}: {(known - value) / log(1 + chi / (n + 1)):.3f}, {(known - value) * 2 * (n + 1) / chi:.3f}"
        )
    print(f"{name:27s}" + "    ".join(row))

# %% [markdown]
# The first number of each pair never exceeds 1, and for the copy it is nearly 1: where $\chi^2$ is large nothing much
# smaller would do.
# The second exceeds 1 where $y$ is anything but $x$: half is not a bound.

# %% [markdown]
# ## 6 The price in negatives
#
# **Question.** How many negatives does it take to certify a share $\theta$ of $I$ ($0<\theta<1$)?
#
# **Proposition 4.8.** (a) Whatever the law and the critic, $\ln(N+1)-L_N\ge\theta I$ requires $N+1>e^{\theta I}$. (b)
# For the exact copy of $n$ equally likely symbols the best critic certifies the share $\theta$ as soon as
# $N+1\ge(n-1)/(n^{1-\theta}-1)$. (c) So the price of a copy lies between $n^\theta$ and
# $n^\theta\,(1-\frac1n)/(1-n^{\theta-1})$ candidates, up to rounding up; the ratio of the two ends tends to 1 as
# $n\to\infty$. **The price of an exact copy is $n^\theta$.**
#
# *Plan.* The ceiling gives what is necessary, Theorem 4.7 what is enough.
#
# *Proof.* (a) $L_N>0$, so $\ln(N+1)>\theta I$. (b) $r = n$ where $y=x$ and 0 elsewhere, so $I=\ln n$ and $\chi^2=n^2/n-1$. By
# Theorem 4.7 it is enough that $\ln(1+(n-1)/(N+1))\le(1-\theta)\ln n$. (c) Divide numerator and denominator by $n^{1-\theta}$.
# $\square$
#
# For the exact copy the loss is that of collisions alone: $\ln(1+K)$, if $K$ of the negatives equal $x$.
#
# **Predict.** How many negatives certify 90 % of 8 copied bits: about 10, 300, or $10^8$? And how many more for a ninth bit?

# %%
bits, share = np.arange(1, 9), 0.9
needed = []
for d in bits:
    n = 1
    while noisy_copy(2**d, 0, n)[0] < share * d * log(2):
        n += 1
    needed.append(n)
floor = [exp(share * d * log(2)) - 1 for d in bits]
promised = [(2**d - 1) / (2 ** (d * (1 - share)) - 1) - 1 for d in bits]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
between = {"enough: Theorem 4.7": promised, "needed": needed, "necessary: the ceiling": floor}
figure, (ax,) = figures.panels(1, width=5.0)
figures.curves(bits, between, ax, xlabel="bits copied", ylabel="number of negatives N", logy=True, styles=(":", "o-", "--"),
               title="to certify 90 % of an exact copy", colours=(figures.GREY, figures.ORANGE, figures.BLUE))
print({name: np.round(values).astype(int).tolist() for name, values in between.items()})
figures.described(figure,
    "The number of negatives to certify 90 per cent of an exact copy, against 1 to 8 bits, on a logarithmic "
    "vertical axis: three rising, nearly straight lines. What is needed, 7 to 264, lies between what Theorem "
    "4.7 says is enough, 13 to 343, and what the ceiling makes necessary, 1 to 146."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 264, between 146 and 343. Each further bit multiplies the number, by about 1.75 at this length and by $2^{0.9}=1.87$ in the
# end.
#
# </details>
#
# **Figure 4.5.** The vertical axis is logarithmic: **exponential in the information to be certified**. What
# Theorem 4.7 promises for other laws is a question of the exercise. (For any law and thousands of negatives the loss itself is
# computed by the integral of lecture 03; the exercise uses it again.)

# %% [markdown]
# ## 7 Other negatives: which relatives are bounds?
#
# The exact copy of one fair bit has $I=\ln2$. Critic: score $a$ where $y=x$, 0 elsewhere. $N=3$, $K$ negatives equal to $x$,
# binomial(3, 1/2). Three losses:
#
# 1. **InfoNCE**: $\mathbb{E}\ln\bigl(1+K+(3-K)e^{-a}\bigr)$.
# 2. **Negatives only** in the denominator, the bug of section 4 (Yeh et al., [2022](https://arxiv.org/abs/2110.06848), train
#    with it): $\mathbb{E}\ln\bigl(Ke^a+(3-K)\bigr) - a$. If no negative equals $x$, probability 1/8, this is $\ln3-a$.
# 3. **True negatives**, from other classes than the anchor's (unit 05 says why one wants them). If the two symbols are two
#    classes, all three are the other symbol: $\ln(1+3e^{-a})$.
#
# **Predict.** The critic gets stronger, $a\to\infty$. To what does $\ln4$ minus the loss tend in the three cases?

# %%
strengths = np.linspace(0, 12, 49)
k, weights = np.arange(4), binomial(3, 0.5)
losses = {
    "InfoNCE": [weights @ np.log(1 + k + (3 - k) * np.exp(-a)) for a in strengths],
    "negatives only": [weights @ np.log(k * np.exp(a) + 3 - k) - a for a in strengths],
    "true negatives": [np.log(1 + 3 * np.exp(-a)) for a in strengths],
}
claims = {name: log(4) - np.array(values) for name, values in losses.items()}
claims["true negatives, Theorem 4.9"] = claims["true negatives"] - log(1 + 3 / 2)
figure, (ax,) = figures.panels(1, width=5.6)
figures.curves(strengths, claims, ax, xlabel="strength a of the critic", ylabel="nats claimed", legend="outside")
figures.levels({"I = ln 2": log(2), "ln 4": log(4)}, ax)
figures.described(figure,
    "Nats claimed against the strength of the critic from 0 to 12. InfoNCE flattens at 0.54, below the "
    "information ln 2. Negatives only grows without end, to 2.35. True negatives flattens at ln 4, twice the "
    "information; the same with the correction of Theorem 4.9 flattens at 0.47, below ln 2."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# To 0.541, below $I$; to infinity; to $\ln4$, twice the information there is.
#
# </details>
#
# **Figure 4.6.** A stronger critic makes the second loss claim any number of nats about one bit: its value says nothing about
# information. The third claims too much as well, *but only by a known amount*: the negatives know the class of the anchor, and
# that is worth at most $\ln(1+N/C)$ nats. Subtract it, and it is a bound again (last curve).
#
# **Theorem 4.9.** Let the anchor determine its class $c$, let the $C$ classes be equally likely, $q_c$ the law of the positive
# given $c$, and let the negatives be independent draws from the other classes, $q_c^-=(q-\frac1Cq_c)/(1-\frac1C)$. With $L$ the
# loss with these negatives (positive in the denominator), for every critic
#
# $$I\ \ge\ \ln(N+1)-\ln\bigl(1+\tfrac NC\bigr)-L. \tag{7.1}$$
#
# The same holds for the population **debiased** loss $\mathbb E\ln(1+N\,\mathbb E_{y'\sim q_c^-}e^{s(x,y')-s(x,y)})$ of unit 05.
#
# *Plan.* Theorem 4.4 once more, up to the symmetry. There split $q$ into what the negatives avoid and what they have.
#
# *Proof.* With $W=(N+1)w_0/r(x,y_0)$ the slack of (4.1) is $\mathbb E[-\ln W]\ge-\ln\mathbb E\,W$. The change of law gives, for
# each anchor,
#
# $$\mathbb E[W\mid x]\le(N+1)\,\mathbb E_{y_0\sim q}w_0
#   =(N+1)\bigl(\tfrac1C\,\mathbb E_{y_0\sim q_c}w_0+(1-\tfrac1C)\,\mathbb E_{y_0\sim q_c^-}w_0\bigr).$$
#
# In the first part $w_0\le1$. In the second all $N+1$ candidates have one law, so $\mathbb E\,w_0=1/(N+1)$. Together
# $\mathbb E\,W\le(N+1)\frac1C+1-\frac1C=1+\frac NC$. The debiased loss is at least $L$, by Jensen's inequality for the
# concave logarithm of the mean over the negatives. $\square$
#
# *Holds, tight, broken:* with loss 0 the bound tends to $\ln C$ as $N\to\infty$, and $C$ classes that are copied exactly have
# $I=\ln C$. Without the correction it is false (Figure 4.6). Where the anchor does *not* determine its class, the proof gives the
# bound for $I((x,c);y)$; whether it holds for $I(x;y)$ is open: no counterexample has been found. Classes of unequal
# probability are left to you.

# %%
for classes in (2, 10):
    row = [f"N = {n}: {log(n + 1) - log(1 + n / classes):.4f}" for n in (1, 10, 100, 1000)]
    print(f"{classes:2d} classes copied, L = 0:  " + "   ".join(row) + f"   I = ln C = {log(classes):.4f}")

# %% [markdown]
# **Where does the proof of Theorem 4.4 break?** It needs $(N+1)\,\mathbb E\,w_0\le1$ after the positive has been given the law
# $q$. The three averages at $a=6$:

# %%
a, average = 6.0, {"InfoNCE": 0.0, "negatives only": 0.0, "true negatives": 0.0}
score = np.array([0.0, a])  # score of a candidate: 0 if it differs from x, a if it equals x
for own, *rest in product((0, 1), repeat=4):  # 1: the candidate equals x; all 16 outcomes have probability 1/16
    pull, push = exp(score[own]), sum(exp(score[j]) for j in rest)
    average["InfoNCE"] += 4 * pull / (pull + push) / 16
    average["negatives only"] += 4 * pull / push / 16
for own in (0, 1):  # the positive is uniform, the negatives are all the other symbol
    average["true negatives"] += 4 * exp(score[own]) / (exp(score[own]) + 3 * exp(score[0])) / 2
print({name: round(value, 4) for name, value in average.items()}, " 1 + N/C =", 1 + 3 / 2)

# %% [markdown]
# Exactly 1; 35, and growing with $a$; and 2.49, just below $1+N/C$.
#
# **And a whole batch?** In practice the negatives of one anchor are the positives of the others.
#
# **Proposition 4.10.** Let $(x_1,y_1),\dots,(x_B,y_B)$ be independent draws from $p$. The in-batch loss
# $\frac1B\sum_i-\ln\bigl(e^{s(x_i,y_i)}/\sum_j e^{s(x_i,y_j)}\bigr)$ has the expectation $L_{B-1}(s)$.
#
# *Plan.* Look at one row of the batch at a time.
#
# *Proof.* For each $i$ the $y_j$ with $j\ne i$ are independent of $(x_i,y_i)$ and of each other, with law $q$: term $i$ has the
# expectation (2.2) with $N=B-1$. Expectations add, although the terms are dependent. $\square$
#
# So a batch of $B$ pairs certifies with $\ln B$, as we did in section 1. NT-Xent (unit 01) is a little different: its candidates
# are all $2B-1$ other *views*, two views of one image depend on each other, and the symmetry of the proof is lost. Is
# $\ln(2B-1)$ minus NT-Xent still a lower bound? Take the exact copy of one fair bit, unit vectors $\pm e$ for its values: where
# $K$ of the $B-1$ other images have the anchor's bit, $2K$ negatives have cosine 1 and the others $-1$.

# %%
temperature = 0.1
for size in (2, 5, 6, 8):
    same = np.arange(size)  # K, binomial
    away = 2 * (size - 1 - same) * exp(-2 / temperature)
    loss = binomial(size - 1, 0.5) @ np.log(1 + 2 * same + away)
    print(f"B = {size}: ln(2B-1) - NT-Xent = {log(2 * size - 1) - loss:.4f}   I = {log(2):.4f}", end="")
    print(f"   ln B - NT-Xent = {log(size) - loss:.4f}")

# %% [markdown]
# With five, six or eight images it is *not* a bound: it claims up to 0.6969 nats about one bit. What is true: leave the $B-1$
# views on the anchor's own side out of each denominator. The loss gets smaller, and is now that of Proposition 4.10, in both
# directions. So $\ln B$ minus NT-Xent is a lower bound, a modest one (last column).

# %% [markdown]
# ## 8 Infinitely many negatives: alignment and uniformity
#
# **Question.** $L_N$ grows like $\ln N$. What is left when that is subtracted?
#
# **Proposition 4.11.** For every finite critic
#
# $$\lim_{N\to\infty}\bigl(L_N(s)-\ln N\bigr)
#   = -\mathbb{E}\,s(x,y) + \mathbb{E}_x\ln\mathbb{E}_{y'\sim q}\,e^{s(x,y')} . \tag{8.1}$$
#
# *Plan.* The law of large numbers under the logarithm.
#
# *Proof.* $L_N - \ln N = -\mathbb{E}\,s(x,y_0) + \mathbb{E}\ln\frac1N\sum_{i=0}^N e^{s(x,y_i)}$. For fixed $x$ and $y_0$ the
# mean under the logarithm tends to $\mathbb{E}_q e^{s(x,y')}$ with probability 1. If $\lvert s\rvert\le m$, the mean stays
# between $e^{-m}$ and $2e^{m}$, its logarithm is bounded, and the expectation of the limit is the limit of the expectations
# (bounded convergence). $\square$
#
# Theorem 4.4 survives the limit: $I\ge\mathbb{E}\,s(x,y)-\mathbb{E}_x\ln\mathbb{E}_q e^{s(x,y')}$ for every critic, an inequality
# of Donsker and Varadhan, with equality for $s=\ln r+b(x)$. The ceiling is gone; but nobody has infinitely many negatives.
#
# Now let the critic be that of practice, $s(x,y) = f(x)\cdot f(y)/t$ with $\lVert f\rVert=1$ and temperature $t$. Then
# $f(x)\cdot f(y) = 1-\frac12\lVert f(x)-f(y)\rVert^2$, and the two constants $\mp1/t$ cancel in (8.1). With $\kappa=1/2t$ and
# $y'\sim q$ independent of $x$:
#
# $$\begin{aligned}\lim_{N\to\infty}\bigl(L_N-\ln N\bigr)
#   &= \kappa\,\underbrace{\mathbb{E}\,\lVert f(x)-f(y)\rVert^2}_{\text{alignment}}
#   + \mathbb{E}_x\ln\mathbb{E}_{y'}e^{-\kappa\lVert f(x)-f(y')\rVert^2}\\
#   &\le \kappa\,\text{alignment}
#   + \underbrace{\ln\mathbb{E}\,e^{-\kappa\lVert f(x)-f(y')\rVert^2}}_{\text{uniformity}}.\end{aligned} \tag{8.2}$$
#
# The inequality is Jensen's, an equality where the inner expectation is the same for every $x$. These are the two quantities of
# Wang and Isola ([2020](https://arxiv.org/abs/2005.10242)): positives close together, all points spread out. (Their $t$ is our
# $\kappa$; on a batch they average over pairs of different rows.)
#
# **One picture for both.** Let $x$ be an angle, uniform, and $y$ the same angle up to a small shift. The encoder winds the
# circle $u$ times: $f(x) = (\cos ux,\sin ux)$. $u=0$ collapses everything, $u=1$ keeps the circle, $u=3$ covers it three times.
#
# **Predict.** Which $u$ does uniformity like best, which alignment, and which the loss?

# %%
size, moves = 120, np.arange(-4, 5)  # positives: up to 4 steps of 3 degrees, either way
angles = 2 * pi * np.arange(size) / size


def limit_loss(winding, kappa):
    """(kappa times alignment, E_x ln E_y' potential, uniformity) for f = winding * angle."""
    f = np.exp(1j * winding * angles)
    square = np.abs(f[:, None] - f) ** 2
    mates = (np.arange(size)[:, None] + moves) % size
    potential = np.exp(-kappa * square).mean(axis=1)
    return kappa * square[np.arange(size)[:, None], mates].mean(), np.log(potential).mean(), log(potential.mean())


windings = np.linspace(0, 3.5, 71)
close, limit, even = np.array([limit_loss(u, 1.0) for u in windings]).T
named = {"alignment": close, "uniformity": even, "their sum": close + even, "limit of L - ln N": close + limit}
print(f"smallest limit {(close + limit).min():.4f}, at u = {windings[np.argmin(close + limit)]:.2f}")
figure = figures.curves(windings, named, xlabel="windings u", ylabel="nats", styles=("-", "-", "-", "--"))
figures.described(figure,
    "Four curves against the number of windings from 0 to 3.5. Alignment begins at 0 and grows in waves to "
    "0.28. Uniformity falls to -1.17 at one winding and returns there at two and three. Their sum has its "
    "lowest point, -1.15, at one winding and higher ones at two and three; the dashed limit of the loss is "
    "never above it and touches it at whole windings."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Uniformity likes $u=1,2,3$ alike, whenever the circle is covered evenly; alignment likes $u=0$; the loss likes one winding.
#
# </details>
#
# **Figure 4.7.** ($\kappa=1$.) The dashed curve, the true limit of the loss, is never above the sum (Jensen), and equal to it at
# whole windings, where every point sees the same surroundings. At three windings everything is even, but pairs are three times
# as far apart.

# %% [markdown]
# ## 9 Why the uniform law (optional)
#
# **Proposition 4.12.** Let $f(x)$ and $f(y')$ be independent with the same law on the circle. Then
# $\mathbb{E}\,e^{-\kappa\lVert f(x)-f(y')\rVert^2}\ge e^{-2\kappa}I_0(2\kappa)$, with equality for the uniform law only. ($I_0$
# is the Bessel function $\frac1{2\pi}\int_0^{2\pi}e^{z\cos\theta}d\theta$.)
#
# *Plan.* A Fourier series with positive coefficients: every frequency that the law has costs something.
#
# *Proof.* Let $\theta,\theta'$ be the two angles. $\lVert f(x)-f(y')\rVert^2 = 2-2\cos(\theta-\theta')$, and
# $e^{2\kappa\cos\theta} = \sum_m\frac{\kappa^m}{m!}(e^{i\theta}+e^{-i\theta})^m = \sum_k a_ke^{ik\theta}$ with
# $a_k = a_{-k} > 0$: all products have positive coefficients, and $m=\lvert k\rvert$ contributes to $a_k$. (The double series
# converges absolutely, so it may be rearranged.) With $m_k = \mathbb{E}e^{ik\theta}$ independence gives
# $\mathbb{E}e^{ik(\theta-\theta')} = \lvert m_k\rvert^2$, so
#
# $$\mathbb{E}\,e^{-\kappa\lVert f(x)-f(y')\rVert^2} = e^{-2\kappa}\sum_ka_k\lvert m_k\rvert^2
#   \ \ge\ e^{-2\kappa}a_0, \qquad a_0=I_0(2\kappa),$$
#
# with equality only if $m_k=0$ for all $k\ne0$, and a law on the circle is determined by its $m_k$: it is the uniform one.
# $\square$

# %%
kappa, size = 1.0, 64
kernel = np.exp(-2 * kappa * (1 - np.cos(2 * pi * np.arange(size) / size)))
pairs = kernel[(np.arange(size)[:, None] - np.arange(size)) % size]
laws = [worlds.random_law(rng, size, concentration=c) for c in (0.05, 0.3, 1, 10) for _ in range(100)]
values, uniform = [w @ pairs @ w for w in laws], np.full(size, 1 / size)
print(f"the bound {exp(-2 * kappa) * np.i0(2 * kappa):.5f}, the uniform law {uniform @ pairs @ uniform:.5f}")
print(f"400 random laws: {min(values):.5f} to {max(values):.5f}; one point: {kernel[0]:.5f}")

# %% [markdown]
# No random law goes below the uniform one; a single point has the largest value, 1.

# %% [markdown]
# ## 10 Is the ceiling InfoNCE's fault? (optional)
#
# The Donsker-Varadhan bound of section 8 has no ceiling. Its second term, the logarithm of $Z=\mathbb E_{y'\sim
# q}e^{s(x,y')}$, must be estimated, say by the mean $\hat Z$ over $m$ samples of $q$. (MINE does this. The estimator
# of Nguyen, Wainwright and Jordan has $\hat Z-1$ in place of $\ln\hat Z$: it does not err on average, but has the same
# variance to pay for.)
#
# **Proposition 4.13.** (Song and Ermon, [2020](https://arxiv.org/abs/1910.06222), for such estimators.) For the best critic
# $s=\ln r$, $Z=1$ and $\hat Z$ has the variance $\chi^2/m\ \ge\ (e^I-1)/m$, averaged over $x$.
#
# *Plan.* One Jensen step joins $I$ and $\chi^2$.
#
# *Proof.* $\hat Z$ is a mean of $m$ independent ratios of mean 1; averaged over $x$ its variance is $\chi^2/m$. And
# $I=\mathbb E_p\ln r\le\ln\mathbb E_p\,r=\ln\mathbb E_x\mathbb E_{y\sim q}\,r^2=\ln(1+\chi^2)$. $\square$
#
# Equality holds for exact copies: $\chi^2=n-1=e^I-1$. So whoever wants $\hat Z$ to be within its own size needs
# $e^I-1$ samples, as many as the ceiling asks of InfoNCE. The difference (for $\ln\hat Z$) is on which side one errs.

# %%
counts, symbols, noise = [4, 16, 64, 256, 1024], 64, 0.3
middle, low, high = [], [], []
for n in counts:
    ratios = np.arange(n + 1) * (symbols * (1 - noise) + noise) + (n - np.arange(n + 1)) * noise
    chances, logs = binomial(n, 1 / symbols), np.log(ratios / n)
    mean = chances @ logs
    spread = np.sqrt(chances @ (logs - mean) ** 2)
    known = noisy_copy(symbols, noise, 1)[1]
    middle.append(known - mean), low.append(known - mean - spread), high.append(known - mean + spread)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(1, width=5.2)
figures.bands(counts, {"Donsker-Varadhan": np.array([low, middle, high])}, ax, logx=True)
figures.curves(counts, {"InfoNCE": [noisy_copy(symbols, noise, n)[0] for n in counts]}, ax, colours=[figures.ORANGE],
               logx=True, xlabel="samples of q for each x", ylabel="nats", ticks=counts)
figures.levels({"I": known}, ax)
figures.described(figure,
    "Nats against the number of samples, 4 to 1024. The Donsker-Varadhan estimate comes down from 3.3 onto "
    "the dashed information 2.34; its band of one standard deviation is as wide as 1.8 at first and 0.3 at "
    "the end. InfoNCE rises from 1.0 to 2.3 and stays below the dashed line."
)

# %% [markdown]
# **Figure 4.8.** 64 symbols, noise 0.3, best critic known to both; the band is one standard deviation of one anchor's estimate.
# InfoNCE stays below $I$ for every $N$. The other is above it on average (Jensen, the wrong way): with few samples it
# "certifies" nats that are not there. For an exact copy and 16 samples no sample equals $x$ with probability
# $(63/64)^{16}=0.78$, and the estimate is infinite. McAllester and Stratos
# ([2020](https://arxiv.org/abs/1811.04251)) prove that *no* distribution-free lower bound with high confidence can exceed
# $O(\ln m)$.

# %% [markdown]
# ## 11 Sentences of a survey on trial (optional)
#
# A page called "Contrastive Learning Theory" (a node of a knowledge graph of topics, without author) explains the field by
# mutual information. Its main sentence, that the loss gives a lower bound, is Theorem 4.4.
#
# > **Source check.** *"z_k ranges over negatives"* in the denominator of NT-Xent: then it is no bound (section 7); the sum is
# > over all other views. *"Minimizing [mutual information] with dissimilar ones"*: it is 0 for every encoder, see below.
# > *"Discards information that is specific to one augmentation"*: maximising is indifferent to it, see below. *"The number of
# > negatives required to learn good representations scales roughly logarithmically with dimensionality and task difficulty"*:
# > no such law is known; to *certify* $d$ bits takes exponentially many (section 6), but that is another question. *"More
# > negatives = better contrasts = better representations"*: there is an exact counterexample below. *"SimSiam removes the memory
# > bank requirement through redundancy reduction"*: it has no bank to remove; redundancy reduction is Barlow Twins. *"These
# > variants all maintain the core principle: learn representations by comparing similar and dissimilar examples, with implicit
# > or explicit negative pairs"*: fair for SwAV; for BYOL and SimSiam it depends on what "implicit" means, since no term of
# > their losses compares two images (unit 09). *"Projecting the embeddings to a high-dimensional space"*: SimCLR's head goes
# > from 2048 to 128 dimensions.
#
# **Shared and private bits.** An image is a shared bit and a private bit; two views agree in the shared bit, the private bits
# are independent. A negative is an independent image.


# %%
def shared(draws, encoder):
    """Mutual information of two encoded views, from equally likely pairs of views."""
    both = [(encoder(a), encoder(b)) for a, b in draws]
    first, second = [a for a, _ in both], [b for _, b in both]
    terms = [log(both.count((a, b)) * len(both) / first.count(a) / second.count(b)) for a, b in both]
    return sum(terms) / len(both)


positives = [((c, a), (c, b)) for c, a, b in product((0, 1), repeat=3)]
negatives = list(product(product((0, 1), repeat=2), repeat=2))
encoders = {"keeps both bits": lambda v: v, "shared bit only": lambda v: v[0], "private bit only": lambda v: v[1]}
for name, encoder in encoders.items():
    print(
        f"{name:17s} with a positive {shared(positives, encoder):.4f}   with a negative {shared(negatives, encoder):.4f}"
    )

# %% [markdown]
# Nothing is minimised: the last column is 0 because a negative is drawn independently. And the encoder that keeps its private bit
# has the same $\ln2$ as the one that discards it. What discards the private bit must be something else: the form of
# the critic, the dimension, the optimiser.
#
# **More negatives, worse representation.** For a given encoder $f$ the critic is $f(x)\cdot f(y)$, not the best one. Two classes,
# four points: $c_1=\{(\pm h,1)\}$, $c_2=\{(\pm h,-1)\}$, $h=1.12$. The identity separates the classes perfectly, $f=0$ is
# useless and has loss $\ln(N+1)$.
#
# **Predict.** Which of the two does the loss prefer, with one negative and with eight?

# %%
h = 1.12
corners = np.array([(h, 1), (-h, 1), (h, -1), (-h, -1)])
preference = []
for n in range(1, 9):
    draws = np.indices((4,) * n).reshape(n, -1)  # all 4^N draws of negatives, equally likely
    loss = 0.0
    for mate in corners[:2]:  # the anchor is (h, 1), by symmetry; its positive is either point of its class
        scores = corners[0] @ corners.T
        loss += np.mean(np.logaddexp(corners[0] @ mate, np.logaddexp.reduce(scores[draws])) - corners[0] @ mate) / 2
    preference.append(loss - log(n + 1))
print("L_N(identity) - L_N(0):", dict(enumerate(np.round(preference, 3).tolist(), 1)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# With one or two negatives it prefers the perfect embedding, from three on the one that maps all points to the origin.
#
# </details>
#
# Proposition 4.6 is about the best critic at each $N$; a fixed one may lose with every further negative. The trouble
# comes from the spread $\pm h$ inside the classes: when the positive is the other point of the class, with many
# negatives there nearly always is one at the anchor itself that scores far above it.

# %% [markdown]
# ## 12 What to take away
#
# - Telling the positive from $N$ independent draws of the marginal makes the scores learn $\ln\frac{p(y\mid x)}{q(y)}$, up to
#   $b(x)$, without normalising anything.
# - $\ln(N+1)-L$ nats are certified, for any critic. $N+1$ is the number of candidates, and the constant is exact.
# - The certificate is capped at $\ln(N+1)$; the best critic misses at most $\ln(1+\chi^2/(N+1))$. To certify a share $\theta$ of
#   an exact copy of $n$ symbols costs $n^\theta$ negatives. Other estimators pay as much, in variance; the one with
#   $\ln\hat Z$ errs upwards.
# - Without the positive in the denominator the value says nothing about information. With true or debiased negatives it does,
#   after a correction.
# - What shapes a representation is the form of the critic; for unit vectors and many negatives, alignment and uniformity.

# %% [markdown]
# ## Check yourself
#
# **1.** A run with 255 negatives reports a loss of 1.2. How many nats does it certify? May the true information be 9 nats?
#
# <details><summary>Answer</summary>
#
# $\ln256-1.2 = 4.345$ nats. Yes: the certificate is a lower bound, capped at $\ln256=5.545$; what lies above is invisible with
# 255 negatives.
# </details>
#
# **2.** Two fair bits, copied exactly, with one negative: what is the largest value of $\ln2-L_1$?
#
# <details><summary>Answer</summary>
#
# With probability 1/4 the negative equals the positive, and nobody can tell them apart: loss $\ln2$. Otherwise the best critic
# is sure. So $\frac34\ln2=0.520$ of $2\ln2$ nats.
# </details>
#
# **3.** The same run as in 1, with true negatives, reports a loss near 0 for ten equally likely classes. What does it
# certify?
#
# <details><summary>Answer</summary>
#
# $\ln256-\ln26.5=2.268$ nats, nearly $\ln10=2.303$: that $y$ tells the class of $x$, and nothing beyond.
# </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`04_mutual_information.ipynb`](../exercises/04_mutual_information/04_mutual_information.ipynb): noise in any
# ratio, the exact loss of any law and critic, the number of negatives that is needed and the one that is promised, true negatives
# of unequal classes, a world in which one repeated negative cheats, a proof to put in order, alignment and uniformity.
#
# **Read further.** Gutmann and Hyvärinen 2012 (noise in any ratio); Poole et al. 2019 (many such bounds); Tschannen et al. 2020
# (maximal information is not the goal); and the papers linked above.

# %% [markdown]
# ---
# **Now the exercise:** [04 · exercise](../exercises/04_mutual_information/04_mutual_information.ipynb).
# The next lecture is [05 · Debiasing: when a negative is no negative](05_debiasing.ipynb).
