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
# # 09 · In practice: seven methods, run and measured
#
# *Time* core 135 min, optional 30 min · *you need* units 01 and 04 (NT-Xent, alignment and uniformity), eigenvalues,
# the matrix exponential, a first look at torch
#
# *Exercise of this unit:* [09 · exercise](../exercises/09_in_practice/09_in_practice.ipynb).
#
# SimCLR, MoCo, SwAV, BYOL, SimSiam, Barlow Twins and VICReg are one training loop with seven losses. Here they are run,
# made to collapse, and repaired; and each sentence of a popular text about them (source 003 of this course) is put
# before what was measured. The scale is small: digits, a network of two convolutions, one processor. What that cannot
# decide is said.
#
# ## Map
#
# | | result, in words | needs | |
# |---|---|---|---|
# | 1 | a training of ten lines, and its collapse | | core |
# | 2, 3 | the seven methods, and one table of what they are worth | 1 | core |
# | 4 | collapse as a film: the loss is at its best where nothing is left | 3 | core |
# | 9.1 to 9.3 | why stop-gradient and predictor, and what normalisation adds | differential equations | core |
# | 9.4, 9.5 | one linear layer: how a contrastive loss loses directions | matrix exponential | core |
# | 7 | two families of penalties are nearly one | | optional |
# | 8 | batch size, negatives, queue: at equal steps, at equal images | 3 | core |
# | 9 | temperature, dimension, augmentation | 3 | optional |
# | 10 | the projector, and what it is good for | 3 | core |
# | 9.6 | uniformity does not see copied dimensions | unit 04 | optional |
# | 12, 13 | three failed runs to diagnose; the claims, sentence by sentence | all | core |
#
# **Predict** means: on paper, before you unfold the answer. Theorems are shown in exact numbers: where they *hold*,
# where they are *tight*, where they are *broken* because a hypothesis was dropped.

# %% [markdown]
# | letter | meaning | letter | meaning |
# |---|---|---|---|
# | $x$, $x^+$ | a view of an image, another one of the same image | $B$, $N$ | images in a batch; negatives of an anchor |
# | $h$, $z$ | embedding before the projector, after it | $d$ | dimension of $z$ |
# | $W$, $P$ | linear encoder and predictor, $z = Wx$, $p = Pz$ | $t$ | temperature |
# | $\theta$, $p$ | their weights where each is one number | $\tau$ | time of a gradient flow |
# | $\Sigma$, $\Delta$; $a$, $b$ | covariances of images, of the views around them; in one direction | $r$ | weight decay |
# | $\alpha_{ij}$ | softmax weight of image $j$ for the anchor $i$ | $L$ | a loss |
#
# *Gradient flow* is gradient descent with infinitely small steps, $\dot W = -\nabla L(W)$. All logarithms are natural.

# %%
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from course import comparison, data, figures, training, views

torch.set_num_threads(1)
folder = Path("data/09_in_practice")  # written by python -m experiments practice

# %% [markdown]
# ## 1 A first training, and its collapse
#
# VICReg (Bardes, Ponce and LeCun 2022) has no negatives, no second network and no predictor. It asks three things of
# two views of a batch: that they *agree* (mean squared distance), that every dimension keeps a standard deviation of 1
# (*variance*), and that no two dimensions say the same (*covariance*).

# %%
def vicreg(view1, view2, variance=25.0):
    """Agreement + variance + covariance; view1, view2 (B, d)."""
    loss = 25 * F.mse_loss(view1, view2)
    for z in (view1, view2):
        z = z - z.mean(dim=0)
        spread = torch.sqrt(z.var(dim=0) + 1e-4)
        loss = loss + variance * F.relu(1 - spread).mean()
        covariance = z.T @ z / (len(z) - 1)
        loss = loss + (covariance - covariance.diag().diag()).pow(2).sum() / z.shape[1]
    return loss


def train(loss, images, labels, n_steps=200, **options):
    """The whole of self-supervised training; the labels are carried along, and not used."""
    encoder, history = training.make_encoder(images.shape[1:], seed=0), []
    optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
    for view1, view2, _ in views.batches(images, labels, seed=0, n_steps=n_steps, batch=128):
        z1, z2 = encoder(torch.cat([view1, view2])).chunk(2)
        value = loss(z1, z2, **options)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        history.append((value.item(), z1.detach().std(dim=0).mean().item()))
    return encoder, np.array(history).T


# %% [markdown]
# Images are unit 05's digits at random places of a $10\times10$ canvas, and so is the encoder: 32 filters, then 32
# dimensions.

# %%
parts = data.split(*views.wandering_digits(10, seed=0), test_share=0.4, seed=0)


def probes(encoder):
    """Accuracy of a linear probe with all labels, and with five labels a class."""
    with torch.no_grad():
        z, test_z = encoder(parts[0]), encoder(parts[2])
    return [round(training.probe_accuracy(z, parts[1], test_z, parts[3], k), 3) for k in (None, 5)]


whole, history = train(vicreg, *parts[:2])
print("raw pixels       ", probes(torch.nn.Flatten()))
print("untrained encoder", probes(training.make_encoder(parts[0].shape[1:], seed=0)))
print("VICReg, 200 steps", probes(whole), f"loss from {history[0, 0]:.1f} to {history[0, -1]:.1f}")

# %% [markdown]
# It works: with five labels a class the probe goes from 30 % on the untrained encoder (37 % on raw pixels) to 82 %.
#
# **Predict.** Now we take the variance term away (`variance=0`) and change nothing else. Is the loss at the end higher
# or lower than 19? What does the probe say? And what is the standard deviation of the dimensions?

# %%
broken, gone = train(vicreg, *parts[:2], variance=0.0)
print("without variance ", probes(broken), f"loss from {gone[0, 0]:.2f} to {gone[0, -1]:.6f}")
figure, (left, right) = figures.panels(2)
steps = np.arange(1, 201)
for ax, row, label in ((left, 0, "loss"), (right, 1, "standard deviation")):
    named = {"VICReg": history[row], "without variance": gone[row]}
    figures.curves(steps, named, ax, xlabel="step", ylabel=label, logy=True, legend="best" if row == 0 else None)
figures.described(figure,
    "Two panels over 200 steps, logarithmic. Left, the loss of VICReg falls from 45 to 20; without the "
    "variance term it falls from 0.3 to 0.0001. Right, the standard deviation rises to nearly 1 with VICReg "
    "and falls to 0.0015 without the variance term."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The loss falls to 0.0001: by the loss, this is by far the better run. All images are sent to nearly the same point
# (its standard deviation falls to 0.0015), and the probe with all labels gives 9 %, that is guessing. </details>
#
# **Figure 9.1.** Two views agree perfectly if the encoder says the same about everything. This is *collapse*, and each
# of the seven methods has its own way to forbid it. Two lessons for the whole unit: *a low loss is no sign of
# learning*, and a collapsed run must be seen in the embeddings, by a number that knows how spread out they are.

# %% [markdown]
# ## 2 Seven methods, one loop
#
# From here on the runs are those of `python -m experiments practice`, which takes its losses out of the notebook of
# this unit's exercise: the solved one, or yours. Images are digits in the middle of a $12\times12$ canvas. A view is
# turned, scaled, shifted by up to two pixels, made brighter or darker, and gets noise. The encoder has two convolutions
# and a linear layer, all batch-normalised, and ends in $h$ with 64 dimensions; a *projector* with one hidden layer
# makes $z$ of it, on which the loss is computed. The probes see digits at *random places*, as embedded by $h$ (or $z$),
# so that raw pixels are poor. Each method is a class with a `loss` of two views, and here is all that differs
# (`experiments/practice/methods.py`, as it runs; `self(view)` is $z$, `self.f` holds the functions of your notebook,
# `self.c` the choices):
#
# ```python
# class SimCLR(Method):
#     def loss(self, view1, view2):
#         return self.f.nt_xent(self(view1), self(view2), self.c.temperature)
#
# class MoCo(Method):
#     def build(self):
#         self.target = copy.deepcopy(self.online).requires_grad_(False)
#         self.queue = self.f.NegativeQueue(self.c.queue, self.c.dim)
#         self.queue.push(F.normalize(torch.randn(self.c.queue, self.c.dim), dim=1))  # until there are keys
#
#     def loss(self, view1, view2):
#         self.f.momentum_update(self.target, self.online, self.c.momentum)
#         query = F.normalize(self(view1), dim=1)
#         with torch.no_grad():
#             key = F.normalize(self.target(view2), dim=1)
#         value = self.f.moco_loss(query, key, self.queue.rows().to(key), self.c.temperature)
#         self.queue.push(key)
#         return value
#
# class SwAV(Method):
#     def build(self):
#         self.prototypes = nn.Linear(self.c.dim, self.c.prototypes, bias=False)
#
#     def loss(self, view1, view2):
#         directions = F.normalize(self.prototypes.weight, dim=1)
#         scores1, scores2 = (F.normalize(self(view), dim=1) @ directions.T for view in (view1, view2))
#         return self.compared(scores1, scores2)
#
#     def compared(self, scores1, scores2):
#         return self.f.swav_loss(scores1, scores2, self.c.temperature, EPSILON, ROUNDS)
#
# class BYOL(Method):
#     def build(self):
#         self.target = copy.deepcopy(self.online).requires_grad_(False)
#         self.predict = predictor(self.c.dim, BOTTLENECK, norm=self.c.norm) if self.c.predictor else nn.Identity()
#
#     def loss(self, view1, view2):
#         self.f.momentum_update(self.target, self.online, self.c.momentum)
#         p1, p2 = self.predict(self(view1)), self.predict(self(view2))
#         with torch.no_grad():
#             t1, t2 = self.target(view1), self.target(view2)
#         return self.f.byol_loss(p1, p2, t1, t2)
#
# class SimSiam(Method):
#     def build(self):
#         self.predict = predictor(self.c.dim, BOTTLENECK, norm=self.c.norm) if self.c.predictor else nn.Identity()
#
#     def loss(self, view1, view2):
#         z1, z2 = self(view1), self(view2)
#         return self.f.simsiam_loss(self.predict(z1), self.predict(z2), z1, z2)
#
# class BarlowTwins(Method):
#     def loss(self, view1, view2):
#         return self.f.barlow_loss(self(view1), self(view2), self.c.weight)
#
# class VICReg(Method):
#     def loss(self, view1, view2):
#         return vicreg_loss(self(view1), self(view2))
# ```
#
# The names behind `self.f` are your exercise. What each of them has to do, in words:
#
# - **SimCLR**: the other $2B - 2$ views of the batch are negatives. Unit 01.
# - **MoCo**: the negatives are older keys, out of a *queue*; keys come from a slow copy of the encoder. The copy moves a
#   little towards the encoder in each step and gets no gradient; the oldest keys leave first.
# - **SwAV**: each view votes for prototypes, and *all prototypes must get the same share of the votes*. A view's balanced
#   vote is the target of the other view's softmax; targets get no gradient.
# - **BYOL**: a predictor, and a slow copy as target. The prediction from each view is compared with the *other* view's
#   target; the target gets no gradient.
# - **SimSiam**: the same without a copy: the encoder itself makes the targets, still without gradient.
# - **Barlow Twins**: dimension $k$ of one view is to correlate with dimension $k$ of the other, and with no other dimension;
#   correlations are over the batch.
# - **VICReg**: section 1.
#
# Three groups can be seen. SimCLR, MoCo and (through its balance) SwAV compare an image with others. Barlow Twins and
# VICReg compare *dimensions* with each other. BYOL and SimSiam compare nothing but two views of one image: what keeps
# them alive is not in the value of the loss at all, but in *where gradients flow*. A wrong `detach` gives the right
# value and another method.

# %% [markdown]
# ## 3 What they are worth
#
# Every method with 500 steps and batches of 128, five seeds; learning rate, temperature and the like were chosen on
# validation images, which are part of the training images; the test images were used once, for what follows. *few* is a
# linear probe with five labels a class (mean over ten choices of them), *linear* one with all labels. Beside them: raw
# pixels, the encoder before training, and the same encoder trained with all labels or with five a class.
#
# **Predict.** Which of the three groups of section 2 is best with few labels? Is any method as good as training with
# all labels? Is any better than training with the same 50 labels?

# %%
def stored(part):
    """(group, label) -> {quantity: its value in each run}; the arrays of the part; the steps at which it was looked at."""
    summary = json.loads((folder / f"{part}_digits.json").read_text())
    numbers = dict(np.load(folder / f"{part}_digits.npz"))
    keys = [(entry["group"], entry["label"]) for entry in summary["entries"]]
    rows = [dict(zip(summary["quantities"], values, strict=True)) for values in numbers["values"].astype(float)]
    return dict(zip(keys, rows, strict=True)), numbers, summary["looks"]


rows = {label: row for (_, label), row in stored("table")[0].items()}
shown = {"linear h": 100, "linear z": 100, "few h": 100, "few z": 100, "neighbours": 100, "alignment": 1, "uniformity": 1,
         "rank": 1, "seconds": 1}
print(" " * 29 + "".join(f"{name:>13s}" for name in shown))
for label, row in rows.items():
    cells = [comparison.interval(scale * row[name]) for name, scale in shown.items()]
    print(f"{label:29s}" + "".join("            -" if np.isnan(m) else f"{m:7.{1 + (abs(m) < 10)}f} ±{h:4.1f}" for m, h in cells))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, (ax,) = figures.panels(1, width=6.5, height=4.4)
named = {name: [comparison.interval(100 * row[name]) for row in rows.values()] for name in ("linear h", "few h", "few z")}
figures.intervals(list(rows), named, ax, xlabel="test accuracy in per cent", legend="lower left")
ax.set_xlim(15, 101)
figures.described(figure,
    "Test accuracy of eleven encoders with intervals, for three probes. With all labels on h: SimCLR, SwAV, "
    "VICReg, Barlow Twins and MoCo between 91 and 94 per cent, BYOL 88, SimSiam 80, raw pixels 33, a random "
    "encoder 51, supervised 98.6. With five labels on h: VICReg 83 down to BYOL 67 and SimSiam 57, supervised "
    "97; on z the seven methods are higher, SimCLR first with 90."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With five labels a class, on $h$: VICReg $83.3 \pm 3.3$, Barlow Twins $80.6 \pm 3.0$, SimCLR $80.2 \pm 1.3$, SwAV
# $79.6 \pm 3.4$, MoCo $76.7 \pm 1.5$, BYOL $66.8 \pm 3.7$, SimSiam $56.8 \pm 6.8$. Methods that compare images and
# methods that compare dimensions are mixed; the two that compare nothing come last. The encoder trained with all labels
# is ahead of all of them: $97.1 \pm 0.8$ with the same few-label probe, $98.6 \pm 0.6$ with all labels, where the best
# method has $93.5 \pm 1.0$ on $h$ and $95.4 \pm 0.6$ on $z$. Even the one that was trained on 50 labels alone, with the
# same views, has $90.5 \pm 1.8$ (its probe then sees other labels beside those 50; without a probe, as a classifier, it
# has 90.2); the best method has $89.7 \pm 0.7$, on $z$ of SimCLR. On these images, after 500 steps, self-supervision
# gains nothing over training on 50 labels with the same views. </details>
#
# **Figure 9.2.** All seven are far above raw pixels ($20.3 \pm 1.0$) and the untrained encoder ($25.6 \pm 1.6$). With
# few labels the order is VICReg, Barlow Twins, SimCLR, SwAV, MoCo, BYOL, SimSiam; the first four are within each
# other's intervals. The training takes 7 to 11 seconds of one processor. *few z* is the same probe on $z$; section 10
# comes back to it.
#
# **Alignment and uniformity** of unit 04 do not rank the methods either: over the seven methods the rank correlation
# with *few h* is $0.11$ for alignment, $-0.11$ for uniformity (lower is more uniform) and $0.32$ for the effective rank
# of $z$. Each compares runs of one method; between methods, none of them replaces a probe.

# %% [markdown]
# ## 4 Collapse as a film
#
# Now we take things away. 300 steps of SimSiam, one seed; every few steps the *effective rank* of $z$ on the test
# images is recorded. It turns the singular values of $Z$ into one number between 1 (all rows on one line through 0) and
# $d = 64$ (evenly spread); you will write it. Four parts can be taken away: the stop-gradient, the predictor, the batch
# normalisation of $z$, and all batch normalisation.
#
# **Predict.** Order the six runs by their loss at the end, the best first. Then order them by effective rank.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rows, film, looks = stored("collapse")
labels = [label for _, label in rows]


def film_figure(chosen):
    """Rank and loss over the steps (means over the seeds), and the last spectrum of the first seed."""
    at = {label.removeprefix("SimSiam, "): labels.index(label) for label in chosen}
    figure, axes = figures.panels(3, width=3.7, height=3.2)
    index = np.arange(1, 65)
    for ax, x, values, title in ((axes[0], looks, film["rank"].mean(axis=1), "effective rank of z"),
                                 (axes[1], 1 + np.arange(film["loss"].shape[2]), film["loss"].mean(axis=1), "loss"),
                                 (axes[2], index, np.maximum(film["spectrum"][:, -1], 1e-7), "eigenvalues at the end")):
        figures.curves(x, {name: values[i] for name, i in at.items()}, ax, title=title, logy=ax is not axes[1],
                       xlabel="step" if ax is not axes[2] else "number", legend="outside" if ax is axes[2] else None)
    return figure


figure = film_figure([label for label in labels if label.startswith("SimSiam")])
figures.described(figure,
    "Three panels for SimSiam and five versions with parts removed. The effective rank of z ends at 11 for "
    "SimSiam, at about 2 for versions without stop-gradient or predictor, and at 1 without any batch "
    "normalisation. The loss of SimSiam falls slowly to -0.8, all others reach -1. The eigenvalues of SimSiam "
    "decay slowly over 64 directions, those of the others drop at once."
)

# %%
for label, row in zip(labels, rows.values(), strict=True):
    ranks = film["rank"][labels.index(label)].mean(axis=0)
    print(f"{label:40s} rank at steps 0, 20, {looks[-1]}: {ranks[0]:4.1f} {ranks[looks.index(20)]:5.1f} {ranks[-1]:5.1f}   loss "
          f"{row['loss'].mean():8.4f}   linear h {100 * row['linear h'].mean():4.0f}  z {100 * row['linear z'].mean():4.0f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# By loss: the two runs without batch normalisation of $z$ and the two that lack the predictor have $-1.000$, $-1.000$,
# $-0.999$ and $-0.999$ ($-1$ is the least that a negative cosine can be), the run without stop-gradient $-0.989$, and
# SimSiam itself is last with $-0.81$. By rank SimSiam is first, with 11.1; then come 2.1 without stop-gradient, 1.7
# without the predictor, 1.7 with neither, 1.6 and 1.0 without normalisation. </details>
#
# **Figure 9.3.** The better the loss, the less is left. Without any batch normalisation the rank is 1.0 after 20 steps:
# one point. With the normalisation of $z$ one point is impossible (Proposition 9.3 below), and the embeddings end near
# a *line*. Right, the eigenvalues of $Z^\top Z/n$: in the collapsed runs one direction has nearly everything.
#
# A probe on $h$ hides this. It still has 56 % without the predictor and 36 % without stop-gradient, where $z$ has 31
# and 18 %: an untrained encoder has 51 % with $h$, and collapse behind it does not destroy all of that. Report the rank
# of $z$ with every run, and never choose a run by its loss.
#
# **BYOL** in the same list: with momentum 0, where the target is the encoder itself, the rank is 11.8 and the probe has
# 57 % (with momentum 0.97: 13.5 and 73 %). A target that never moves (momentum 1, a random network) gives 18.0 and 71
# %. So the slow copy is not what prevents collapse; whether it helps to learn is another question. Without the
# predictor, but with the slow copy and the normalisation, the probe has 74 %, as much as with it, while rank (4.4) and
# loss (0.09 in place of 0.87) are on their way down: not every loss of rank hurts a probe of $h$ at once. Without
# predictor, momentum and normalisation the rank is 1.0 after 20 steps. SimCLR, for comparison, has a rank of 18.6 in 64
# dimensions: negatives prevent the point, and do not fill the space (section 6).

# %% [markdown]
# ## 5 Why do they not collapse?
#
# BYOL and SimSiam have no negatives, and a constant embedding is a global minimum of their loss. What keeps them away
# from it? Tian, Chen and Ganguli (2021, [arXiv:2102.06810](https://arxiv.org/abs/2102.06810)) found the case that can
# be solved: encoder and predictor are linear, $z = Wx$ and $p = Pz$. Two views of an image are its mean plus noise,
# $x_1 = \bar x + \epsilon_1$ and $x_2 = \bar x + \epsilon_2$, with $E\,\bar x\bar x^\top = \Sigma$, and independent
# noise of covariance $\Delta$. So $E\,x_1x_1^\top = E\,x_2x_2^\top = \Sigma + \Delta$, and $E\,x_2x_1^\top = \Sigma$.
# The prediction from one view is compared with the embedding of the other,
#
# $$L(P, W) = \tfrac12\,E\,|P\,W x_1 - W x_2|^2 , \tag{9.1}$$
#
# and *stop-gradient* means that $Wx_2$ counts as a constant when we differentiate. With
# $G = E\,(PWx_1 - Wx_2)\,x_1^\top = PW(\Sigma + \Delta) - W\Sigma$ and weight decay $r \ge 0$ the flow is
#
# $$\dot P = -G\,W^\top - rP, \qquad \dot W = -P^\top G - rW . \tag{9.2}$$
#
# **Theorem 9.1 (take one thing away).** Let $\Delta$ be positive definite. In each case $W \to 0$, and where $P$ stays
# bounded, also $L \to 0$, its infimum:
#
# (a) *no stop-gradient:* $|W(\tau)| \le |W(0)|\,e^{-(\kappa + r)\tau}$, whatever the predictor does, where $\kappa > 0$
# is the smallest eigenvalue of $(\Sigma + \Delta) - \Sigma(\Sigma + \Delta)^{-1}\Sigma$ and $|\cdot|$ the Frobenius
# norm;
#
# (b) *no predictor* ($P = I$)*, with stop-gradient:* $W(\tau) = W(0)\,e^{-(\Delta + rI)\tau}$;
#
# (c) *neither:* $W(\tau) = W(0)\,e^{-(2\Delta + rI)\tau}$.
#
# *Plan.* (a) The loss is quadratic in $W$, and cannot be small unless $W$ is. (b), (c) The equation is linear.
#
# *Proof.* (a) Now the flow goes down the gradient of $L$ in all of $W$. As $L(P, cW) = c^2L(P, W)$, the derivative by
# $c$ at 1 gives $\langle W, \nabla_WL\rangle = 2L$, so $\frac d{d\tau}|W|^2 = -4L - 2r|W|^2$. No linear function of
# $x_1$ predicts $x_2$ better than $\Sigma(\Sigma + \Delta)^{-1}x_1$, whose error has the covariance
# $D = (\Sigma + \Delta) - \Sigma(\Sigma + \Delta)^{-1}\Sigma$. So $2L \ge \operatorname{tr}(WDW^\top) \ge \kappa|W|^2$,
# and $\frac d{d\tau}|W|^2 \le -2(\kappa + r)|W|^2$. And $\kappa > 0$: $D$ is $\Delta$ plus
# $\Sigma - \Sigma(\Sigma + \Delta)^{-1}\Sigma$, which is the error covariance of the best guess of $\bar x$ from $x_1$,
# so without negative eigenvalues. (b) $P = I$ makes $G = W(\Sigma + \Delta) - W\Sigma = W\Delta$, so
# $\dot W = -W(\Delta + rI)$. (c) $L = \frac12E|W(\epsilon_1 - \epsilon_2)|^2 = \operatorname{tr}(W\Delta W^\top)$ has
# the gradient $2W\Delta$. Last, $L \le (1 + |P|)^2\operatorname{tr}\bigl(W(\Sigma + \Delta)W^\top\bigr) \to 0$, and
# $L \ge 0$. $\square$
#
# So one thing alone does not suffice, in this linear world without normalisation; and *all three die with the loss at
# its best*. Noisy directions die first. Now both together, with a predictor that is always the best one.
#
# **Theorem 9.2 (a perfect predictor freezes the sizes).** With stop-gradient, let $P$ be at every time the predictor
# that minimises (9.1) for the current $W$. Then $WW^\top$ evolves as
# $W(\tau)W(\tau)^\top = e^{-2r\tau}\,W(0)W(0)^\top$. Without decay no singular value of $W$ ever changes; with decay
# all shrink by one factor.
#
# *Plan.* The best predictor's error is uncorrelated with its input, and $\dot W$ is made of this error.
#
# *Proof.* At the minimum in $P$ the derivative $\partial L/\partial P = G\,W^\top$ vanishes. Then
# $\dot W\,W^\top = -P^\top(G\,W^\top) - r\,WW^\top = -r\,WW^\top$, and
# $\frac d{d\tau}WW^\top = \dot WW^\top + W\dot W^\top = -2r\,WW^\top$. $\square$
#
# Without decay nothing can collapse, whatever the data are. But does anything *learn*, if no size moves? $W$ can still
# turn.
#
# **Predict.** Six inputs, three outputs, a random start. We follow the *share of signal*, the mean over three output
# dimensions of (variance due to the image) / (variance of all),
# $\frac13\operatorname{tr}\bigl(W\Sigma W^\top(W(\Sigma + \Delta)W^\top)^{-1}\bigr)$. Does it rise under Theorem 9.2?
# And what are the singular values at the end without stop-gradient?

# %%
rng = np.random.default_rng(0)
turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
S, V = np.diag([3, 2, 1.5, 1, 0.7, 0.5]), turn @ np.diag([0.1, 0.2, 0.4, 0.8, 1.5, 2.5]) @ turn.T
W0 = 0.4 * rng.normal(size=(3, 6))


def best(W):
    return W @ S @ W.T @ np.linalg.inv(W @ (S + V) @ W.T)


def linear_run(W, *, r=0.0, perfect=True, stop=True, time=60, dt=0.01):
    """Rows: three singular values of W, share of signal, loss; every 0.5 units of time."""
    P, rows = best(W), []
    for step in range(int(time / dt) + 1):
        P = best(W) if perfect else P
        G = P @ W @ (S + V) - W @ S
        if step % int(0.5 / dt) == 0:
            loss = np.trace(W @ (S + V) @ W.T + P.T @ (G - W @ S) @ W.T) / 2
            rows.append([*np.linalg.svd(W)[1], np.trace(best(W)) / 3, loss])
        both = 0 if stop else W @ (S + V) - P @ W @ S
        P, W = P - dt * (G @ W.T + r * P), W - dt * (P.T @ G + both + r * W)
    return np.array(rows).T


# %%
cases = {"holds: perfect predictor": {}, "holds: the same, r = 0.05": {"r": 0.05},
         "broken: predictor lags": {"perfect": False}, "broken: no stop-gradient": {"stop": False, "time": 12}}
found = {name: linear_run(W0, **options) for name, options in cases.items()}
for name, rows in found.items():
    print(f"{name:26s} singular values {rows[:3, 0].round(3)} -> {rows[:3, -1].round(4)}, share of signal"
          f" {rows[3, 0]:.2f} -> {rows[3, -1]:.2f}, loss {rows[4, 0]:.2f} -> {rows[4, -1]:.4f}")
top = np.sort(np.linalg.eigvals(np.linalg.solve(S + V, S)).real)[-3:]
print(f"largest possible share of signal {top.mean():.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(3, width=3.7)
for ax, (name, rows) in zip(axes, [(n, found[n]) for n in cases if "0.05" not in n], strict=True):
    time = 0.5 * np.arange(rows.shape[1])
    named = {f"{i + 1}. singular value": rows[i] for i in range(3)} | {"share of signal": rows[3]}
    figures.curves(time, named, ax, styles=("-", "-", "-", "--"), logy=True, xlabel="time", title=name,
                   legend="lower right" if name.startswith("holds") else None)
    ax.set_ylim(1e-3, 3)
figures.described(figure,
    "Three panels of singular values over time, logarithmic. Perfect predictor: three flat lines while the "
    "dashed share of signal rises from 0.55 to 0.85. A predictor that lags: the lines move a little and stay. "
    "No stop-gradient: all three fall exponentially, the third below 0.001 at time 7."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It rises, from 0.54 to 0.85, and 0.857 would be the best that three outputs can have. Without stop-gradient the
# singular values end at 0.05, 0.002 and 0.0002, and go on falling. </details>
#
# **Figure 9.4.** Left, Theorem 9.2: three flat lines (small steps let them drift in the third digit), and below them
# learning: $W$ turns away from noisy directions. Middle: a predictor that is trained along, as in practice, lags
# behind; sizes move, and stay. Right, Theorem 9.1 (a): a dead network with loss 0.0003, where the living ones have 1.4.
# With decay $r = 0.05$ the sizes shrink by $e^{-3} = 0.05$ within 60 units, and the share of signal is the same to all
# digits: decay alone turns nothing.
#
# *Holds*, *broken*: in the picture. *Tight*: (b) and (c) are equalities, and so is 9.2. (a) is one for a single
# coordinate with a perfect predictor. Drop $\Delta > 0$: without noise $W$ need not die in (a), as $P = I$ makes the
# loss 0.
#
# **One mode.** Real training has decay *and* a predictor that lags. With everything diagonal, one coordinate has an
# encoder weight $\theta$ and a predictor weight $p$, and (9.2) reads
# $\dot p = \theta^2(a - (a + b)p) - rp$, $\dot\theta = p\,\theta(a - (a + b)p) - r\theta$.
#
# **Predict.** $a = 1$, $b = 0.5$, $r = 0.1$, and $\theta = p$ at the start: 0.9, 0.3, 0.14, 0.11 or 0.05. Which of the
# five survive?

# %%
def mode(start, *, a=1.0, b=0.5, r=0.1, time=80, dt=0.1):
    """The encoder weight along the flow, encoder and predictor beginning at `start`."""
    p, theta, path = start, start, []
    for _ in range(int(time / dt)):
        path.append(theta)
        force = a - (a + b) * p
        p, theta = p + dt * (theta**2 * force - r * p), theta + dt * (p * theta * force - r * theta)
    return np.array(path)


figure, (ax,) = figures.panels(1)
named = {f"start {start}": mode(start) for start in (0.9, 0.3, 0.14, 0.11, 0.05)}
figures.curves(0.1 * np.arange(800), named, ax, ordered=True, logy=True, xlabel="time", ylabel="encoder weight",
               legend="outside")
figures.described(figure,
    "The encoder weight over time from five starts, logarithmic. Starts 0.9, 0.3 and 0.14 end at the same "
    "value 0.54; starts 0.11 and 0.05 fall towards 0, to 0.0007 and 0.00003 at time 80."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The first three, which all end at the same weight, 0.544; 0.11 and 0.05 die. </details>
#
# **Figure 9.5.** A mode survives only above a threshold, here between 0.11 and 0.14. Where it lies, and when there is
# none, is a question of your exercise. So it is not one answer for a whole network: noisy directions and those that
# start too small are lost, the others live.

# %% [markdown]
# **What the theory leaves out.** By Theorem 9.1 (b) a network without predictor shrinks to a point. In section 4 it did
# not: its output is batch-normalised, which the theorem does not allow for. It went elsewhere.
#
# **Proposition 9.3 (what batch normalisation forbids).** Let the columns of $Z$ ($n$ rows, $d$ columns) have mean 0 and
# variance 1. Then the mean squared distance of two rows, over all $n^2$ pairs, is $2d$. But $Z$ may have rank 1.
#
# *Plan.* Multiply out; for the last sentence, an example.
#
# *Proof.* $\frac1{n^2}\sum_{i,j}|z_i - z_j|^2 = \frac2n\sum_i|z_i|^2 - 2\,\bigl|\frac1n\sum_iz_i\bigr|^2 = 2d - 0$, the
# sum of the $d$ variances, twice. For the example take $z_i = (s_i, \dots, s_i)$ with numbers $s_i$ of mean 0 and
# variance 1. $\square$
#
# So normalisation forbids the *point*, but not the *line*. On the line all cosines are $\pm1$, and a loss of cosines is
# at its best as soon as two views of an image have the same sign: one bit. There the film's runs with normalised output
# ended once stop-gradient or predictor were gone: ranks 1.7 to 2.1, losses down to $-0.999$.

# %% [markdown]
# ## 6 Losing only some directions
#
# Negatives make a constant expensive. Do they keep all dimensions? In the table even the contrastive runs use few of
# theirs. Jing, Vincent, LeCun and Tian (2022, [arXiv:2110.09348](https://arxiv.org/abs/2110.09348)) look at one linear
# layer $z = Wx$. Image $i$ is the anchor, $x_i^+$ its positive, the other images are its negatives:
#
# $$L = -\frac1n\sum_i\ln\frac{e^{-|z_i - z_i^+|^2/2}}{e^{-|z_i - z_i^+|^2/2} + \sum_{j\ne i}e^{-|z_i - z_j|^2/2}}, \tag{9.3}$$
#
# a softmax of squared distances with a minus. Write $\alpha_{ij}$ for the softmax weight of image $j \ne i$, and
# $\alpha_{ii}$ for that of the positive.
#
# **Theorem 9.4.** Gradient flow on (9.3) is $\dot W = W\,X$ with $X = X_- - X_+$,
#
# $$X_- = \frac1n\sum_i\sum_{j\ne i}\alpha_{ij}\,(x_i - x_j)(x_i - x_j)^\top, \qquad
#   X_+ = \frac1n\sum_i(1 - \alpha_{ii})\,(x_i - x_i^+)(x_i - x_i^+)^\top. $$
#
# *Plan.* The loss sees $W$ only through squared lengths, and the gradient of each is $W$ times a matrix.
#
# *Proof.* $\nabla_W\frac12|Wv|^2 = W\,vv^\top$. Write $u_i = x_i - x_i^+$ and $v_{ij} = x_i - x_j$. The $i$-th term of
# the loss is $\frac12|Wu_i|^2 + \ln\bigl(e^{-|Wu_i|^2/2} + \sum_{j\ne i}e^{-|Wv_{ij}|^2/2}\bigr)$. The derivative of a
# logarithm of a sum of exponentials is the softmax-weighted sum of the derivatives of the exponents, so its gradient is
# $W\bigl(u_iu_i^\top - \alpha_{ii}\,u_iu_i^\top - \sum_{j\ne i}\alpha_{ij}\,v_{ij}v_{ij}^\top\bigr)$. Average over $i$;
# the flow goes against the gradient. $\square$
#
# $X_-$ is a weighted covariance of *differences between images*, $X_+$ one of *what augmentation does*: the
# $\Sigma_{\text{data}}$ and $\Sigma_{\text{aug}}$ of your exercise. Neither has a negative eigenvalue; their difference
# may.
#
# **Corollary 9.5 (frozen weights).** Let $X$ stay as it is at time 0. Then $W(\tau) = W(0)\,e^{X\tau}$, and its rank is
# that of $W(0)$ for all $\tau$. If $X_-$ and $X_+$ are diagonal with entries $a_k$ and $b_k$, the $k$-th column of
# $W(\tau)$ is $e^{(a_k - b_k)\tau}$ times that of $W(0)$.
#
# *Plan.* A linear differential equation with a constant matrix.
#
# *Proof.* The derivative of $W(0)e^{X\tau}$ is $W(0)e^{X\tau}X$, and its value at 0 is $W(0)$; solutions are unique.
# The exponential of a matrix is invertible, so the rank stays. That of a diagonal matrix is diagonal. $\square$
#
# So "collapse" is a matter of sizes, not of the algebraic rank. Near $W = 0$ all weights are about $\frac1n$, and $X_-$
# is about twice the covariance of the images (the difference of two independent draws has twice the variance of one):
# augmentation has to be strong to win.
#
# **Predict.** Six directions, all with variance 1 in the images. Augmentation adds noise with standard deviation 0.2 in
# the first three, and in the last three of 0.2, 1.2 or 2. How many singular values of $W$ become small in each of the
# three cases? In which are frozen weights wrong about it?

# %%
def world(noise, *, n=40, dim=6):
    """Images with covariance exactly I, their positives, and a small W."""
    g = torch.Generator().manual_seed(0)
    x, e, W = (torch.randn(size, dim, generator=g, dtype=torch.float64) for size in (n, n, dim))
    x, e = (n**0.5 * torch.linalg.svd(v - v.mean(dim=0), full_matrices=False)[0] for v in (x, e))
    scale = torch.tensor([0.2] * 3 + [noise] * 3, dtype=torch.float64)
    return x, x + scale * e, 0.01 * W


def two_parts(x, positive, W):
    """X_- and X_+ of Theorem 9.4."""
    near, far = ((x - positive) @ W.T).square().sum(dim=1) / 2, torch.cdist(x @ W.T, x @ W.T).square() / 2
    own = torch.eye(len(x), dtype=torch.bool)
    alpha = torch.softmax(torch.where(own, -near[:, None], -far), dim=1)
    v, u = x[:, None] - x, x - positive
    minus = torch.einsum("ij,ijk,ijl->kl", alpha.masked_fill(own, 0), v, v) / len(x)
    return minus, torch.einsum("i,ik,il->kl", 1 - alpha.diag(), u, u) / len(x)


def sizes(x, positive, W, *, time=40, dt=0.04):
    """Singular values of W along the flow, largest first."""
    path = []
    for _ in range(int(time / dt)):
        path.append(torch.linalg.svdvals(W).numpy())
        minus, plus = two_parts(x, positive, W)
        W = W + dt * W @ (minus - plus)
    return np.array(path)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(3, width=3.6)
for ax, noise in zip(axes, (0.2, 1.2, 2.0), strict=True):
    path, (minus, plus) = sizes(*world(noise)), two_parts(*world(noise))
    named = {f"{i}.": path[:, i] for i in range(6)}
    figures.curves(0.04 * np.arange(len(path)), named, ax, ordered=True, logy=True, xlabel="time", legend=None,
                   ylabel="singular values" if noise < 1 else "", title=f"noise {noise} in three directions")
    ax.set_ylim(1e-6, 10)
    print(f"noise {noise}: rates a - b at time 0", [round(v, 2) for v in (minus - plus).diag().tolist()])
figures.described(figure,
    "Six singular values over time for noise 0.2, 1.2 and 2 in three directions, logarithmic. With 0.2 all "
    "six grow to between 1.5 and 3. With 1.2 three grow to 4, one stays near 0.6, one slowly falls, and one "
    "turns round at time 4 and dies. With 2.0 three grow and three die from the start."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With 0.2 none, with 2 three: as frozen weights say. With 1.2 all six rates are positive at first, and all six singular
# values grow; and yet one of them turns round near time 4 and dies, and another one begins to fall later. There frozen
# weights are wrong. </details>
#
# **Figure 9.6.** What grows pushes the negatives away, their weights $\alpha_{ij}$ fall, and are left on those
# negatives that are still near; so $X_-$ shrinks in the directions that have grown. *Holds*: left and right. *Tight*:
# 9.5 is an equality. *Broken*: with weights that move (middle) a direction can die that a first look calls safe.
#
# Diagonal was a convenience. Take $X_- = \begin{pmatrix}3&0\\0&1\end{pmatrix}$ and
# $X_+ = \begin{pmatrix}1&1\\1&1\end{pmatrix}$: in both coordinates the data vary as much as augmentation or more.

# %%
X = torch.tensor([[2.0, -1.0], [-1.0, 0.0]], dtype=torch.float64)
for tau in (0, 1, 2, 4):
    W = torch.matrix_exp(tau * X)  # W(0) = I
    print(f"tau = {tau}: lengths of the columns {W.norm(dim=0).numpy().round(2)}, singular values"
          f" {torch.linalg.svdvals(W).numpy().round(3)}")

# %% [markdown]
# Both columns grow, and one singular value goes to 0: a direction dies that is no coordinate. Which one, and how many
# there are for any two matrices, is your question.

# %% [markdown]
# ## 7 Two penalties, one matrix (optional)
#
# Contrastive methods punish inner products of *images* (the entries of $ZZ^\top$ off the diagonal); Barlow Twins and
# VICReg those of *dimensions* (the entries of $Z^\top Z$ off the diagonal). Garrido, Chen, Bardes, Najman and LeCun
# (2023, [arXiv:2206.02574](https://arxiv.org/abs/2206.02574)) noticed that with squares the two sums are nearly the
# same quantity: what separates them can be computed from the lengths of rows and columns alone. What it is, you find in
# the exercise. Here is what it means.

# %%
g = torch.Generator().manual_seed(1)
Z = torch.randn(200, 16, generator=g, dtype=torch.float64)
rows_one = F.normalize(Z, dim=1)
both = rows_one
for _ in range(200):  # rows and columns in turn, until both have equal lengths
    both = F.normalize(F.normalize(both, dim=0), dim=1)
clustered = F.normalize(Z[:, :1] * torch.ones(16, dtype=torch.float64) + 0.3 * Z, dim=1)
for name, z in {"holds   as drawn": Z, "holds   rows of length 1": rows_one, "tight   rows and columns": both,
                "tight   near one line": clustered}.items():
    sums = [(m.square().sum() - m.diagonal().square().sum()).item() for m in (z @ z.T, z.T @ z)]
    print(f"{name:26s} between images {sums[0]:9.1f}   between dimensions {sums[1]:9.1f}   difference {sums[0] - sums[1]:9.1f}")

# %% [markdown]
# Once rows have length 1 and columns have equal lengths, the difference is one constant, 2300 for $n = 200$ and
# $d = 16$, whatever the embedding (last two rows: near one line both sums are far larger, and the difference hardly
# changes). So "with negatives" and "without" is not the gap that it seems: to decorrelate dimensions *is* to spread
# images.

# %% [markdown]
# ## 8 Batch size, negatives, and the queue
#
# "Larger batches provide more negatives" is the usual reason for large batches. Three things change at once with the
# batch: the number of negatives, the number of images seen, and the noise of the gradient. So we change one at a time.
# SimCLR, 150 steps and batches of 128 where nothing else is said, one seed.
# (The 719 test images leave an error of more than a point on each number: differences of two or three points say
# little in this section and the next.)
#
# **Predict.** (a) 150 steps with batches of 8, 32, 128 and 512; (b) the same number of images, 19,200, in batches of
# 16, 32, 128 and 512; (c) batches of 128 with 1, 8, 64 or 254 negatives for each anchor, chosen at random from the
# batch. Which of the three curves rise?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
sweeps = {}
for (group, label), row in stored("sweeps")[0].items():
    sweeps.setdefault(group, {})[label] = row


def swept(named, ax, quantities=("linear h",), **labels):
    """A band for each group: smallest, mean and largest of the runs, in per cent; what is no number on the axis is left out."""
    for name, group in named.items():
        for quantity in quantities:
            at = {float(x): 100 * row[quantity] for x, row in group.items() if x.replace(".", "").isdigit()}
            band = np.array([[v.min(), v.mean(), v.max()] for v in at.values()]).T
            figures.curves(list(at), {name if len(quantities) == 1 else f"{name}{quantity}": band[1]}, ax, styles=("o-",),
                           colours=[figures.PALETTE[len(ax.lines)]], **labels)
            ax.fill_between(list(at), band[0], band[2], color=ax.lines[-1].get_color(), alpha=0.2, linewidth=0)


figure, (left, right) = figures.panels(2)
named = {"SimCLR, 150 steps": sweeps["batch, 150 steps"], "SimCLR, 19,200 images": sweeps["batch, 19200 images"],
         "BYOL, 150 steps": sweeps["batch, 150 steps, BYOL"]}
swept(named, left, logx=True, xlabel="batch size", ylabel="linear probe of h, per cent", ticks=(8, 32, 128, 512))
named = {"batch 128": sweeps["negatives, batch 128"], "batch 512": sweeps["negatives, batch 512"]}
swept(named, right, logx=True, xlabel="negatives of each anchor", ticks=(1, 8, 64, 254, 1022))
figures.described(figure,
    "Linear probe accuracy in per cent. Left, against the batch size: SimCLR with 150 steps rises from 59 to "
    "91, with 19,200 images in all it falls from 91 to 76; BYOL with 150 steps rises from 56 to 77. Right, "
    "against the negatives of each anchor: batch 128 rises from 80 to 86, batch 512 from 87 to 91."
)

# %%
def per_cent(values):
    """The mean, and from smallest to largest where there are several seeds."""
    low, high = 100 * values.min(), 100 * values.max()
    return f"{100 * values.mean():5.1f}" + (f" ({low:.1f} to {high:.1f})" if len(values) > 1 else "")


def listed(*groups):
    for group in groups:
        for label, row in sweeps[group].items():
            print(f"{group:24s} {label:12s} linear h {per_cent(row['linear h'])}   few h {per_cent(row['few h'])}"
                  f"   rank of z {row['rank'].mean():.1f}")


listed("batch, 150 steps", "batch, 19200 images", "batch, 150 steps, BYOL", "negatives, batch 128", "negatives, batch 512")

# %% [markdown]
# <details><summary>Answer</summary>
#
# (a) rises, from 59.0 to 90.7 %. (b) falls: 91.0, 89.2, 85.5, 75.8 %. (c) rises from 80.1 over 82.1 to 86.1 %, and not
# beyond: 85.5 with all 254. </details>
#
# **Figure 9.7.** At equal *steps* a large batch is far better, at equal *images* it is the worst: fewer steps cost more
# than steadier gradients and more negatives bring. The batch helps BYOL too, which has no negatives at all: 56.2, 65.1,
# 77.5 %.
#
# What is due to negatives? Keep the batch and change their number: with 128 images the way from 1 to 254 is worth 5.4
# points, with 512 images that from 1 to 1,022 3.6 (with five labels a class 7.7 and 11.1). Keep one negative and change
# the batch from 128 to 512: 7.0 points. So the batch itself does as much as all the negatives that come with it.
# "Larger batches are better because of more negatives" is half of the truth at equal steps, and at equal images there
# is nothing to explain.
#
# **The queue.** MoCo's queue makes the number of negatives independent of the batch. There are 1,078 training images
# here.
#
# **Predict.** The queue has 128, 512, 1024 or 2048 keys. Which is best?

# %%
listed("queue, MoCo", "momentum, MoCo")

# %% [markdown]
# <details><summary>Answer</summary>
#
# That with 512: 72.6, 75.1, 69.8, 69.7 %. The longest are the worst. </details>
#
# A queue of 2048 keys holds every training image about twice, as it was embedded up to 16 steps ago. Many of these keys
# are stale, and some are the anchor's own image, as a negative. In the original a queue of 65,536 keys is a twentieth
# of ImageNet; a twentieth would be 54 keys here. So "a longer queue is better" is refuted *for queues as long as the
# data*, and for short ones the two shortest do not decide. Stale keys are less of a problem if the network that makes
# them moves slowly, up to a point: momentum 0, 0.9, 0.99, 0.999 gives 64.5, 69.7, 75.1 and 69.1 % (after 150 steps a
# network with 0.999 has hardly left its start).

# %% [markdown]
# ## 9 Temperature, dimension, augmentation (optional)
#
# The same loop, one choice at a time (SimCLR unless it says otherwise).
#
# **Predict.** Which of the three has an optimum in the middle, and which only a value above which nothing more is
# gained: temperature, dimension of $z$, strength of the augmentation?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
figure, axes = figures.panels(3, width=3.7)
swept({"": sweeps["temperature"]}, axes[0], ("linear h", "few h"), logx=True, xlabel="temperature", ylabel="per cent",
      ticks=(0.05, 0.2, 0.5, 2))
named = {"SimCLR": sweeps["dimension of z"], "VICReg": sweeps["dimension of z, VICReg"],
         "Barlow Twins": sweeps["dimension of z, Barlow Twins"]}
swept(named, axes[1], logx=True, xlabel="dimension of z", ticks=(2, 8, 64, 256))
swept({"": sweeps["strength of the views"]}, axes[2], ("linear h", "few h"), xlabel="strength of the views")
figures.described(figure,
    "Three panels of probe accuracy. Against the temperature: best between 0.1 and 0.5, lower at 0.05 and at "
    "2. Against the dimension of z: SimCLR rises from 58 at 2 to 82 at 8 and 87 at 256, VICReg from 81 to 90, "
    "Barlow Twins from 68 to 72. Against the strength of the views: rises to its best at 1, 86 and 65 per "
    "cent, and falls on both sides."
)

# %%
listed("temperature", "dimension of z", "strength of the views", "codes, SwAV")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Temperature and strength have an optimum inside; the dimension only needs to be large enough. </details>
#
# **Figure 9.8.** *Temperature*: 81.2 % at 0.05, 86.6, 85.5 and 84.6 at 0.1, 0.2 and 0.5, 79.6 at 2. *Dimension of $z$*:
# SimCLR has 58.6 % with 2, 82.5 with 8, 85.5 with 64 and 87.3 with 256; VICReg goes from 81.2 with 16 to 89.6 with 256.
# And without a projector, the loss on $h$ itself: 90.0 %, with five labels a class 82.0 against 65.3. *Strength of the
# views*: 45.8 % without augmentation (no more than the untrained encoder of section 3), 85.5 at 1, 43.8 at 2.5;
# brightness and noise alone, 63.6. The choice of views decides more than the choice of a method.
#
# *Codes*: SwAV with balanced codes has 82.3 %. Without balancing, the softmax of the scores as target, 55.6 % and rank
# 5.3; the nearest prototype as target, 50.8 % and rank 6.0. The balance is what keeps SwAV alive: where one prototype
# may have all the votes, it gets them.

# %% [markdown]
# ## 10 The projector, and a guillotine
#
# The loss is computed on $z$, and then $z$ is cut off and $h$ is kept: Bordes and others (2023,
# [arXiv:2206.13378](https://arxiv.org/abs/2206.13378)) speak of a guillotine. Is $h$ really better? With all labels and
# with five a class, on the runs of section 3; beside it, how well a linear map finds the *place* of a digit (row and
# column, on test images) in $h$ and in $z$.
#
# **Predict.** Views are shifted by up to two pixels, so the place is what the loss wants to forget, in part. Is it
# gone?

# %% jupyter={"source_hidden": true} tags=["hide-input"]
rows = {label: row for (_, label), row in stored("table")[0].items() if "linear z" in row and label not in
        ("raw pixels", "random encoder") and "supervised" not in label}
gain = {kind: [comparison.interval(100 * (row[f"{kind} h"] - row[f"{kind} z"])) for row in rows.values()]
        for kind in ("linear", "few")}
place = {name: [comparison.interval(row[f"place {name}"]) for row in rows.values()] for name in ("h", "z")}
figure, (left, right) = figures.panels(2, width=4.4)
figures.intervals(list(rows), gain, left, xlabel="h minus z, points", title="what the projector costs", legend="best")
figures.intervals(list(rows), place, right, xlabel="explained variance of the place", title="where the digit stands")
figures.described(figure,
    "Two panels for seven methods with intervals. Left, the accuracy of h minus that of z: with few labels "
    "negative for all, -3.5 to -11 points; with all labels near 0, and +5 for SimSiam. Right, the explained "
    "variance of the digit's place: above 0.8 in h for all; in z from 0.26 for SimCLR and 0.4 for VICReg to "
    "0.86 for BYOL."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. In $h$ a linear map explains 83 to 92 % of the variance of the place, and in $z$ still 26 % (SimCLR) to 86 %
# (BYOL). The loss does not discard what views do not share; at best it makes it smaller. </details>
#
# **Figure 9.9.** With five labels a class $z$ is better than $h$ for every method, by 3.5 to 11.2 points. With all
# labels $h$ is better for SimSiam, $z$ for SimCLR, MoCo and Barlow Twins; for SwAV, BYOL and VICReg the interval holds
# 0. So at this scale there is no guillotine *effect* that one could rely on: our task (which digit) is just what the
# views leave alone, so that what the projector forgets, the place above all, is noise for the probe, and with few
# labels noise is what hurts. Where a task needs what the views change, or where views and task differ more than here,
# $h$ can be the better choice; that is what the literature found on larger images.

# %% [markdown]
# ## 11 What uniformity does not see (optional)
#
# Unit 04 measured spread by uniformity, $\ln$ of the mean of $e^{-2|z_i - z_j|^2}$ over pairs. Fang, Li, Sun and Wang
# (2024, [arXiv:2403.00642](https://arxiv.org/abs/2403.00642)) found what it cannot see.
#
# **Proposition 9.6.** Let $Z$ have rows of length 1, and let $Z'$ be $\frac1{\sqrt2}(Z, Z)$, each dimension twice, or
# $(Z, 0)$, with dimensions added that are always 0. Then $Z'$ has rows of length 1, the same cosines, distances,
# alignment and uniformity, the same singular values other than 0, and the same NT-Xent loss at every temperature.
#
# *Plan.* All of these are functions of the inner products.
#
# *Proof.* $Z'Z'^\top = \frac12(ZZ^\top + ZZ^\top) = ZZ^\top$, and $ZZ^\top + 0$ in the second case. Lengths and cosines
# of rows are the entries of this matrix, distances are $|z_i - z_j|^2 = 2 - 2z_i\cdot z_j$, alignment and uniformity
# are functions of distances, the singular values are the roots of its eigenvalues, and NT-Xent is a function of
# cosines. $\square$
#
# So none of these numbers tells whether $d$ dimensions are used or wasted. Compare with what $d$ dimensions *could*
# have.

# %%
g = torch.Generator().manual_seed(0)
Z = F.normalize(torch.randn(2000, 8, generator=g, dtype=torch.float64), dim=1)
spread = F.normalize(torch.randn(2000, 16, generator=g, dtype=torch.float64), dim=1)
for name, z in {"8 dimensions, evenly spread": Z, "tight   each of them twice": torch.cat([Z, Z], dim=1) / 2**0.5,
                "tight   8 zeros added": torch.cat([Z, 0 * Z], dim=1), "broken  16, evenly spread": spread}.items():
    value = torch.pdist(z).square().mul(-2).exp().mean().log()
    share = torch.linalg.eigvalsh(z.T @ z / len(z)).flip(0)
    print(f"{name:27s} d = {z.shape[1]:2d}: uniformity {value:.4f}, largest eigenvalue times d {share[0] * z.shape[1]:.2f}")

# %% [markdown]
# The first three rows have the same uniformity; a really even spread over 16 dimensions has $-3.51$ instead of $-3.08$.
# The last column sees it: evenly spread embeddings have all eigenvalues of $Z^\top Z/n$ near $1/d$, so about 1 is right
# for them, and 2 means that half of the dimensions would do. Report the rank *beside* $d$, and never uniformity alone.

# %% [markdown]
# ## 12 Three runs that failed
#
# Each has been run beside its repair, one seed, 300 steps (`python -m experiments practice --part failing`). Look
# for the cause before you unfold.

# %%
rows = stored("failing")[0]
for (group, label), row in rows.items():
    cells = (f"{q} {per_cent(row[q])}" for q in ("linear h", "few h", "few z"))
    print(f"{group:30s} {label:9s}", *cells, f"rank {row['rank'].mean():.1f}, loss {row['loss'].mean():.3f}")

# %% [markdown]
# **Find the bug: the place.** The probe sees digits at random places. "So it should be trained on them", says someone,
# and puts each training digit at a random place of the canvas, once, before the training of SimSiam begins. Nothing
# else is changed. The probe with five labels falls from 48.0 to 33.3 % (on $z$: 46.9 to 26.1), although training and
# probe now see the same kind of images.
#
# ```python
# images = scattered(images, 12, seed)                      # once
# ...
# view1, view2 = two_views(images[chosen], generator)       # turned, scaled, shifted by up to two pixels
# ```
#
# <details><summary>Answer</summary>
#
# The two views of an image share its place, up to two pixels, and the places of different images differ by up to four.
# So the place is something that views share, that is easy to read off, and that says nothing about the digit: a
# shortcut. A linear map explains 0.89 of the variance of the place in $z$, after the repair 0.72. With digits in the
# middle there is no such shortcut. What two views share is what gets learnt, wanted or not. </details>
#
# **Find the bug: the head.** BYOL learns slowly, 60.9 %, and with the repair 81.2 % (five labels: 33.4 and 55.0). Its
# loss is *better* in the failing run, 0.92 against 1.14, and the rank of $z$ does not give it away (21.9 and 24.9). The
# two lines:
#
# ```python
# projector(64, 128, 64)                        # failing:  linear, BN, ReLU, linear
# projector(64, 128, 64, output_norm=True)      # repaired: linear, BN, ReLU, linear, BN
# ```
#
# <details><summary>Answer</summary>
#
# The normalisation of $z$ is missing, and with it the subtraction of the mean. Then all embeddings can share a large
# common part, which makes every cosine high and the loss low, and leaves little for the differences: the largest
# eigenvalue of $Z^\top Z/n$ has 0.63 of the sum, with the repair 0.43, and uniformity is -1.24 in place of -2.27.
# Proposition 9.3 says what normalisation forbids. </details>
#
# **Find the bug: the temperature.** "SwAV is like SimCLR, and SimCLR works with a temperature of 0.1." With 0.1 SwAV
# has 54.4 %, with 0.2 89.6 %. No learning rate that was tried helps (`--part choices`). At 0.1 the loss is 4.93 in the
# first step, 4.18 after twenty and 4.16 at the end; at 0.2 it is 4.34, 4.14 and 2.36. There are 64 prototypes.
#
# <details><summary>Answer</summary>
#
# $\ln 64 = 4.16$ is the loss of a network that gives every prototype the same probability for every image. At a
# temperature of 0.1 the first predictions are confident, and, as the first codes mean nothing, confidently wrong: worse
# than saying nothing. The quickest way down is to say nothing, and there it stays, with rank 6.8. Here the loss does
# give it away, but only to somebody who knows what chance level is. </details>

# %% [markdown]
# ## 13 The claims of source 003
#
# A popular text, sentence by sentence. *Confirmed* and *refuted* mean: for these digits and this encoder, or by a
# theorem, or by definition; *open* means that a run of this size cannot decide it, whatever it shows. Other data and
# networks may answer otherwise where the verdict rests on a run.
#
# <table><tr><th>the sentence</th><th>verdict</th><th>what decides</th></tr>
# <tr><td>Applications include SimCLR, MoCo, and BYOL, which achieve strong performance on downstream tasks by learning
# from unlabeled data.</td> <td>confirmed</td> <td>Figure 9.2: with five labels a class the probe of h has 57 to 83 %
# over the methods, raw pixels 20 %, the untrained encoder 26 %</td></tr>
# <tr><td>The learned representations, when used as initialization for downstream tasks, achieve competitive performance
# with supervised learning.</td> <td>not quite, here</td> <td>as frozen features: with all labels 93.5 % on h and 95.4
# on z at best, against 98.6 for the supervised encoder; with few labels 89.7 at best, against 90.5 for the encoder
# trained on 50 labels (section 3). As an initialisation it was not tried</td></tr>
# <tr><td>SimCLR ... projecting the embeddings to a high-dimensional space</td> <td>refuted</td> <td>SimCLR's head goes
# from 2048 to 128 dimensions; here Figure 9.8: 82.5 % with 8 dimensions, 85.5 with 64, 87.3 with 256, and 90.0 without
# projector</td></tr>
# <tr><td>The denominator of NT-Xent includes all negative pairs (different images in the batch).</td>
# <td>incomplete</td> <td>it includes the positive as well; without it the loss has no lower bound (unit 01)</td></tr>
# <tr><td>Larger batches provide more negatives, improving the quality of the contrastive gradient.</td> <td>in
# part</td> <td>by counting, 2B - 2. Figure 9.7: at the same batch of 128, 80.1 % with 1, 86.1 with 64, 85.5 with
# 254</td></tr>
# <tr><td>This explains why contrastive methods scale well with batch size: more negatives = better contrasts = better
# representations.</td> <td>half at equal steps, refuted at equal images</td> <td>Figure 9.7: 85.5 to 90.7 % from 128 to
# 512 images in 150 steps, but 85.5 to 75.8 at equal images; one negative for each anchor gains 7.0 points from the same
# step in the batch, and BYOL, without negatives, 12.4. Unit 04 has an exact counterexample to the last
# equation</td></tr>
# <tr><td>It also explains why maintaining a memory bank of past embeddings (as in MoCo) improves performance: it
# increases the pool of available negatives without increasing batch size.</td> <td>refuted here</td> <td>section 8:
# 72.6 and 75.1 % with 128 and 512 keys, 69.7 with 2048, for 1,078 images; about queues that are short beside the data
# this says little. (MoCo's queue was introduced against the memory bank.)</td></tr>
# <tr><td>The number of negatives required to learn good representations scales roughly logarithmically with
# dimensionality and task difficulty.</td> <td>open</td> <td>no law can be read off one data set; to certify d bits
# takes exponentially many (unit 04), to see all classes C ln C draws (unit 03), and here more than 64 gained nothing in
# batches of 128</td></tr>
# <tr><td>SwAV uses clustering instead of instance discrimination.</td> <td>confirmed</td> <td>by definition; what keeps
# it alive is the balance: 82.3 % with it, 55.6 without (section 9)</td></tr>
# <tr><td>BYOL omits explicit negatives, relying on implicit contrast through network momentum and stop-gradient
# operations.</td> <td>half</td> <td>section 4: momentum 0 still has 57 % and rank 11.8 (with 0.97: 73 and 13.5);
# without stop-gradient, SimSiam falls to rank 2.1; Theorem 9.1. "Implicit contrast" is the text's word, and no term of
# the loss</td></tr>
# <tr><td>SimSiam removes the memory bank requirement through redundancy reduction.</td> <td>refuted</td> <td>by
# definition: SimSiam has a predictor and a stop-gradient; redundancy reduction is Barlow Twins (section 2)</td></tr>
# <tr><td>These variants all maintain the core principle: learn representations by comparing similar and dissimilar
# examples, with implicit or explicit negative pairs.</td> <td>refuted</td> <td>BYOL and SimSiam compare an image with
# itself only, and a constant is a global minimum of their loss; what prevents it is the flow, not the loss (section
# 5)</td></tr>
# <tr><td>Contrastive learning requires careful hyperparameter tuning (batch size, temperature, projection dimension,
# augmentation strength).</td> <td>confirmed</td> <td>Figures 9.7 and 9.8: from the worst to the best choice 79.6 to
# 86.6 % (temperature), 58.6 to 87.3 (dimension), 43.8 to 85.5 (strength)</td></tr>
# <tr><td>The method is sensitive to the definition of "positive" (augmentations, which must be chosen carefully).</td>
# <td>confirmed</td> <td>Figure 9.8, right; brightness and noise alone: 63.6 %; the first failed run of section
# 12</td></tr>
# <tr><td>... the representation z retains all information that is invariant across augmentations (true shared
# structure) and discards information that is specific to one augmentation (noise).</td> <td>refuted</td> <td>Figure
# 9.9: views are shifted, and yet the place explains 83 to 92 % in h and 26 to 86 % in z; maximal information is
# indifferent to the private part (unit 04)</td></tr>
# <tr><td>This is precisely what you want in a representation: shared, generalizable structure.</td> <td>refuted</td>
# <td>the place of a digit was shared by both views in section 12, and not wanted: what is shared is not what is useful
# (unit 02 for classes)</td></tr>
# <tr><td>... the method requires substantial compute (large batches, long training) to match supervised baseline
# performance, offsetting some efficiency gains from avoiding labels.</td> <td>long: confirmed; large: refuted</td>
# <td>at equal images 91.0 % with batches of 16 and 75.8 with 512 (Figure 9.7); 500 steps against 85.5 % with 150 (93.5
# %, section 3)</td></tr>
# </table>
#
# No verdict says that the methods do not *work*: they do. What fails, or holds only in part, are the reasons given.

# %% [markdown]
# ## 14 The other sentences (optional)
#
# The rest of the text defines, reports or hopes; theorems of other units decide some of it.
#
# <table><tr><th>the sentence</th><th>verdict</th><th>what decides</th></tr>
# <tr><td>Contrastive learning is a self-supervised framework that learns representations by bringing similar examples
# close in embedding space while pushing dissimilar examples apart.</td> <td>definition</td> <td>of SimCLR, MoCo and
# their kind; not of BYOL and SimSiam, which the text counts among them</td></tr>
# <tr><td>The theory is grounded in mutual information maximization: the learned representation should maximize mutual
# information with similar examples (positive pairs) while minimizing it with dissimilar ones (negative pairs).</td>
# <td>refuted, second half</td> <td>a negative is drawn independently, and its information is 0 for every encoder (unit
# 04, section 11)</td></tr>
# <tr><td>Contrastive learning theory provides a principled approach to representation learning without labels, with
# connections to information theory, metric learning, and noise-contrastive estimation.</td> <td>open</td> <td>an
# opinion; the connections exist (units 01, 04)</td></tr>
# <tr><td>Contrastive learning provides a powerful framework for self-supervised representation learning without
# labels.</td> <td>open</td> <td>an opinion; see the table of section 3</td></tr>
# <tr><td>The core idea is elegant: define similarity through augmentation ... and train a model to embed similar
# examples close together while pushing dissimilar ones apart.</td> <td>definition</td> <td>as the first; "dissimilar"
# negatives are a tenth of the time of the same class here (unit 05)</td></tr>
# <tr><td>Theoretically, contrastive learning is grounded in noise-contrastive estimation (NCE) and mutual information
# maximization.</td> <td>confirmed, refuted</td> <td>NCE: unit 04. Information: every invertible encoder has the most
# there can be, so it does not say which is learnt</td></tr>
# <tr><td>The NCE framework, introduced by Gutmann and Hyvärinen, shows that maximizing a contrastive objective ... is
# equivalent to maximizing a lower bound on mutual information.</td> <td>refuted in part</td> <td>the bound is Theorem
# 4.4, due to van den Oord et al.; it holds with the positive in the denominator</td></tr>
# <tr><td>For a positive pair ..., maximizing I(z; z+) prevents the representation from discarding task-relevant
# information.</td> <td>refuted</td> <td>what the task needs and views do not share may go; what they share and the task
# does not need may stay (section 12, first run; section 10)</td></tr>
# <tr><td>The typical contrastive loss is NT-Xent ... [in the denominator] z_k ranges over negatives.</td>
# <td>refuted</td> <td>over all other views, the positive included; with negatives only it is no bound (units 01 and
# 04)</td></tr>
# <tr><td>This loss can be interpreted as: given a positive pair and many negatives, correctly identify the positive in
# a multinomial classification task.</td> <td>confirmed</td> <td>unit 01, with the right denominator</td></tr>
# <tr><td>Minimizing this loss pushes positive pairs close together (high numerator) while pulling negatives far apart
# (low denominator).</td> <td>confirmed</td> <td>unit 01's gradient; alignment and uniformity in section 3</td></tr>
# <tr><td>The mutual information view also connects to information bottleneck theory: the representation should be
# maximally informative about the invariant structure while being minimally informative about the augmentation-specific
# details.</td> <td>open</td> <td>no term of the loss is minimal about anything (unit 04)</td></tr>
# <tr><td>Practical algorithms exploit this theory.</td> <td>open</td> <td>history, not a claim about data</td></tr>
# <tr><td>The role of negatives is crucial in classical contrastive theory.</td> <td>confirmed</td> <td>units 02 to 04
# do not work without</td></tr>
# <tr><td>This means contrastive learning is more efficient than alternatives in high-dimensional spaces and scales well
# to large models and datasets.</td> <td>open</td> <td>rests on the sentence about logarithms; our models are
# small</td></tr>
# <tr><td>Variants and refinements extend the theory.</td> <td>open</td> <td>no claim that can fail</td></tr>
# <tr><td>Additionally, contrastive learning may encode task-irrelevant invariances (two images of the same object in
# different poses are positive, even if downstream tasks care about pose).</td> <td>confirmed as possible</td> <td>views
# that are shifted make z forget part of the place (Figure 9.9); whether a task cares is up to the task</td></tr>
# <tr><td>Contrastive learning's success in vision and emerging applications in language demonstrate that
# self-supervised learning at scale is feasible, with implications for leveraging unlabeled data and learning
# general-purpose representations.</td> <td>open</td> <td>nothing here is at scale; unit 10 tries language</td></tr>
# </table>

# %% [markdown]
# ## Check yourself
#
# **1.** A run of SimSiam reports a loss of $-0.999$ after 20 steps. Good news?
#
# <details><summary>Answer</summary>
#
# No: $-1$ is what a collapsed network has, and no healthy run comes near it so soon. Look at the rank of $z$.
# </details>
#
# **2.** Someone removes the output normalisation *and* the predictor from SimSiam, but keeps the stop-gradient, and
# trains a linear encoder. At which rate does a direction with augmentation variance $b$ die, without weight decay?
#
# <details><summary>Answer</summary>
#
# As $e^{-b\tau}$, by Theorem 9.1 (b). Directions that augmentation leaves alone ($b = 0$) stay. </details>
#
# **3.** Two embeddings have the same uniformity and the same effective rank, 12; one has 16 dimensions, the other 512.
# Which is better?
#
# <details><summary>Answer</summary>
#
# Neither number can say: copies and zeros change neither (Proposition 9.6). A probe on held-out data can. What is known
# is that the second wastes 500 dimensions. </details>
#
# **4.** "We doubled the batch and gained two points, so negatives matter." What is missing?
#
# <details><summary>Answer</summary>
#
# Twice as many images were seen if the number of steps stayed, and the noise of the gradient changed. A run with the
# larger batch and the *old number of negatives* is missing (section 8). </details>

# %% [markdown]
# ## Now write it
#
# The exercise is [`09_in_practice.ipynb`](../exercises/09_in_practice/09_in_practice.ipynb) in
# `exercises/09_in_practice/`: views, the slow copy, the queue, five losses whose gradients must stop where they should,
# balanced votes and why balancing converges, two measures of what was learnt, the directions that die, the threshold of
# a mode; and a training that you make collapse, and repair.
#
# **Read further.** Chen et al. 2020 (SimCLR), He et al. 2020 (MoCo), Caron et al. 2020 (SwAV), Grill et al. 2020
# (BYOL), Chen and He 2021 (SimSiam), Zbontar et al. 2021 (Barlow Twins), Bardes et al. 2022 (VICReg); Garrido et al.
# 2023 (the effective rank as a criterion without labels); Balestriero and LeCun 2025 (LeJEPA: one term against
# collapse, and no stop-gradient).

# %% [markdown]
# ---
# **Now the exercise:** [09 · exercise](../exercises/09_in_practice/09_in_practice.ipynb).
# The next lecture is [10 · Text and images: sentences of an article, pictures and their captions](10_text_and_images.ipynb).
