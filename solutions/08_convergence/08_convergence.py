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
# # Exercise 08 · Convergence
#
# *Does gradient descent find the encoder?* Read the [lecture](../../lectures/08_convergence.ipynb) first.
#
# The units before this one took the encoder as given. Here you train it: one triplet without any network, where
# everything can be solved; then the network of Merad, Yu, Bacry and Gaïffas (2020, section 4) by plain gradient descent
# on fixed triplets, where theory makes a promise; then their experiment (section 5), small, with every loss exact.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-2 | `encoder_forward`, `separation` | 30 min | 1 + 1 |
# | 3-5 | `triplet_objective`, `loss_vectors`, `lemma4_certificate` | 50 min | 1 + 1 + 2 |
# | 6 | `lemma4_sum` | 30 min | 3 |
# | 7 | Lemma 4 for N negatives | 45 min | 4 by hand |
# | 8 | a proof in order: the fixed kernel | 25 min | 2 |
# | 9-10 | `smoothness_constant`, `smoothness_sharp` (challenge) | 65 min | 2 + 3 |
# | 11-13 | `triplet_descent`, `counterexample_step`, `descent_certificate` | 70 min | 1 + 2 + 3 |
# | 14 | `train_triplets` | 40 min | 2 |
# | 15 | `convergence_experiment` | 75 min | 4 |
#
# **Conventions.** Torch tensors of any floating dtype, float64 in the checks unless they say otherwise. The *triplet*
# $i$ is $(x_i, x_i^+, x_i^-)$, its outputs $z_{i1}=f(x_i)$, $z_{i2}=f(x_i^+)$, $z_{i3}=f(x_i^-)$; `z1`, `z2`, `z3`
# hold them as rows, shape (n, d). In 11 to 13 there is one triplet, and they are numpy vectors, shape (d,). Natural
# logarithm, nats. $\zeta(t)=\ln(1+e^t)$, and its derivative is $\sigma(t)=1/(1+e^{-t})$. $C$ bounds output norms, $L$ counts
# hidden matrices, $k$ counts steps, $\nu$ is the step (the learning rate). Everything must stay finite and right for
# logits of $\pm10^4$. Inputs are never changed. Wrong shapes, an empty batch, NaN or a number out of range raise
# `ValueError`; `validate.batch(z1=z1, z2=z2)` does so unless they are floating tensors of one shape (n, d) without NaN. You
# may call the functions that you wrote earlier in this notebook.
#
# A question that says *transcribe* asks for what the lecture or the text states; everywhere else the formula is yours to
# find. The last two exercises run on a GPU where there is one; the first cell says which device this notebook uses.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate


def check_network(params, x):
    """ValueError unless params is a network of section 4 and x (n, d_x), n >= 1, without NaN, fits it.

    params = {"A": (m, d_x), "W": [(m, m), ...], "B": (d, m)}; the list W may be empty.
    """
    if not isinstance(params, dict) or sorted(params) != ["A", "B", "W"]:
        raise ValueError(f"params must have the keys A, W, B, got {sorted(params) if isinstance(params, dict) else params!r}")
    validate.batch(x=x)
    for name, matrix in (("A", params["A"]), ("B", params["B"]), *((f"W[{i}]", w) for i, w in enumerate(params["W"]))):
        validate.batch(**{name: matrix})
    m, d_x = params["A"].shape
    shapes = {"x": (x.shape[1], d_x), "B": (params["B"].shape[1], m)}
    shapes |= {f"W[{i}]": (tuple(w.shape), (m, m)) for i, w in enumerate(params["W"])}
    for name, (found, wanted) in shapes.items():
        if found != wanted:
            raise ValueError(f"{name} does not fit A of shape {(m, d_x)}: found {found}, needed {wanted}")


def new_network(m, d_x, d, n_hidden, generator, dtype=torch.float64):
    """A random network of width m as the theory starts it: A, W ~ N(0, 2/m), B ~ N(0, 1/d), all entries independent."""
    normal = lambda rows, columns, variance: math.sqrt(variance) * torch.randn(  # noqa: E731
        rows, columns, generator=generator, dtype=dtype
    )
    hidden = [normal(m, m, 2 / m) for _ in range(n_hidden)]
    return {"A": normal(m, d_x, 2 / m), "W": hidden, "B": normal(d, m, 1 / d)}


def check_triplet(z1, z2, z3):
    """The three as float64 vectors; ValueError unless they are finite and of one shape (d,), d >= 1."""
    vectors = [np.asarray(z, dtype=float) for z in (z1, z2, z3)]
    shapes = [z.shape for z in vectors]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1 or not shapes[0][0] or not all(np.isfinite(z).all() for z in vectors):
        raise ValueError(f"need three finite vectors of one shape (d,), got the shapes {shapes}")
    return vectors


def use_device(name):
    """The torch device "cpu" or "cuda"; ValueError for another name, or for "cuda" where there is no GPU."""
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        raise ValueError(f"device must be cpu{' or cuda' if torch.cuda.is_available() else ''} here, got {name!r}")
    return torch.device(name)


device = "cuda" if torch.cuda.is_available() else "cpu"
print("this notebook trains on", torch.cuda.get_device_name() if device == "cuda" else "the processor (cpu)")

# %% [markdown]
# ## 1 · `encoder_forward`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# The encoder of section 4, a ReLU network without biases. For one input $x$ (a column), with $\phi(t)=\max(0,t)$,
#
# $$h_0=\phi(Ax),\qquad h_l=\phi(W_lh_{l-1})\quad(l=1,\dots,L),\qquad f(x)=B\,h_L .$$
#
# No activation follows $B$. The inputs come as rows, `x` (n, d_x), and so do the outputs, (n, d). `params["W"]` is
# the list $[W_1,\dots,W_L]$; it may be empty ($L=0$). The answer must be differentiable in `x` and in the parameters.

# %% nbgrader={"grade": false, "grade_id": "encoder_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def encoder_forward(params, x):
    """Outputs f(x) of the ReLU network, one row for each row of x.

    params = {"A": (m, d_x), "W": [(m, m), ...], "B": (d, m)}, x (n, d_x) -> (n, d). ValueError where they do not fit, for
    an empty batch, for NaN (`check_network` does that). Source: Merad et al. 2020, section 4.
    """
    ### BEGIN SOLUTION
    check_network(params, x)
    h = F.relu(x @ params["A"].T)  # (n, m)
    for w in params["W"]:
        h = F.relu(h @ w.T)
    return h @ params["B"].T
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_encoder_forward", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(encoder_forward)

# %% [markdown]
# ## 2 · `separation`
#
# *Difficulty* ●●○○○ · *time* 20 min · 1 point
#
# Assumption 1 wants inputs of norm 1, no two of them nearer than some $\delta>0$. Given any rows `x` (n, d_x), scale
# each to norm 1 and return the largest $\delta$ for which the assumption holds: the smallest Euclidean distance between
# two *different rows* (rows that point the same way are at distance 0).
#
# A $\delta$ of $10^{-7}$ must come out right to a relative error of $10^{-6}$, among two rows or two hundred: which of
# the usual ways to compute a distance keeps so many digits? A single row, a zero row and NaN raise `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "separation", "locked": false, "schema_version": 3, "solution": true, "task": false}
def separation(x):
    """Smallest Euclidean distance between two rows of x after scaling each row to norm 1.

    x (n, d_x), n >= 2, no zero row -> a number in [0, 2]. ValueError for anything else, NaN included.
    Source: Merad et al. 2020, Assumption 1.
    """
    ### BEGIN SOLUTION
    validate.batch(x=x)
    lengths = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    if len(x) < 2 or not bool((lengths > 0).all()):
        raise ValueError(f"separation needs two rows or more, none of them zero: shape {tuple(x.shape)}, norms {lengths.T}")
    return torch.pdist(x / lengths).min()  # differences first, then norms: no cancellation
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_separation", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(separation)

# %% [markdown]
# ## 3 · `triplet_objective`
#
# *Difficulty* ●○○○○ · *time* 5 min · 1 point · *transcribe*
#
# The objective of section 4 on $n$ fixed triplets, equation (11):
#
# $$\widehat L_{un}=\sum_{i=1}^n\ell(z_{i1},z_{i2},z_{i3}),\qquad \ell(z_1,z_2,z_3)=\zeta\bigl(z_1\cdot(z_3-z_2)\bigr).$$
#
# It is a **sum**, not a mean; with a mean the constants of the theory would all be off by $n$.

# %% nbgrader={"grade": false, "grade_id": "triplet_objective", "locked": false, "schema_version": 3, "solution": true, "task": false}
def triplet_objective(z1, z2, z3):
    """Sum over the triplets of ln(1 + exp(z1.(z3 - z2))), in nats.

    z1, z2, z3 (n, d): outputs of anchors, positives, negatives. Returns a tensor of shape (), differentiable. ValueError
    for unequal shapes, an empty batch, NaN. Source: Merad et al. 2020, eq. (11).
    """
    ### BEGIN SOLUTION
    validate.batch(z1=z1, z2=z2, z3=z3)
    return F.softplus((z1 * (z3 - z2)).sum(dim=1)).sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_triplet_objective", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(triplet_objective)

# %% [markdown]
# ## 4 · `loss_vectors`
#
# *Difficulty* ●●○○○ · *time* 15 min · 1 point · *transcribe*
#
# The theory of over-parametrised networks watches the gradient of the objective *in the outputs*, not in the
# parameters. Return Proposition 8.1 for all triplets at once: the derivatives of $\widehat L_{un}$ by $z_{i1}$, by
# $z_{i2}$ and by $z_{i3}$, a tuple of three (n, d) tensors. The check runs under `torch.inference_mode`, where autograd
# is switched off.

# %% nbgrader={"grade": false, "grade_id": "loss_vectors", "locked": false, "schema_version": 3, "solution": true, "task": false}
def loss_vectors(z1, z2, z3):
    """Derivatives of triplet_objective by z1, by z2 and by z3, in closed form: a tuple of three (n, d) tensors.

    z1, z2, z3 (n, d), without a graph. ValueError for unequal shapes, an empty batch, NaN.
    Source: Merad et al. 2020, section 8 (loss_{i,1}, loss_{i,2}, loss_{i,3}).
    """
    ### BEGIN SOLUTION
    validate.batch(z1=z1, z2=z2, z3=z3)
    s = torch.sigmoid((z1 * (z3 - z2)).sum(dim=1, keepdim=True))  # (n, 1): how wrong each triplet still is
    return s * (z3 - z2), -s * z1, s * z1
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_loss_vectors", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(loss_vectors)

# %% [markdown]
# ## 5 · `lemma4_certificate`
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# A small gradient usually says little: it may be a saddle. Lemma 4 says that here it says a lot. If every output has
# a norm of at least $\eta$ and the gradient in the outputs has a Euclidean norm of at most $\varepsilon<\eta/2$, then
# every single triplet has a loss of at most $2\varepsilon/\eta$. This factor 2, like the better one of Proposition 8.5,
# serves all $\eta$ at once. Whoever knows $\eta$ can promise more.
#
# Return the lemma's bound $2\varepsilon/\eta$, and with `exact=True` the best one for the *given* $\varepsilon$ and $\eta$: the smallest number that the loss of no triplet exceeds
# under these hypotheses, whatever $n$, $d$ and the outputs are. This one has no closed form; an absolute error of $10^{-6}$
# is allowed. For $\varepsilon=0$, which no outputs have, it is 0. For $\varepsilon\ge\eta/2$ raise `ValueError`, also for
# $\varepsilon<0$, $\eta\le0$ and NaN.

# %% nbgrader={"grade": false, "grade_id": "lemma4_certificate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma4_certificate(grad_norm, eta, exact=False):
    """Upper bound on the loss of every triplet, in nats, from the norm eps of the gradient in the outputs: 2 eps / eta.

    0 <= grad_norm < eta / 2, eta > 0: the smallest output norm. ValueError for anything else. exact: the best bound for this
    eps and eta instead, with an absolute error of at most 1e-6. Source: Merad et al. 2020, Lemma 4.
    """
    ### BEGIN SOLUTION
    validate.non_negative(grad_norm=grad_norm)
    validate.positive(eta=eta)
    if not grad_norm < eta / 2:
        raise ValueError(f"Lemma 4 needs a gradient norm below eta / 2 = {eta / 2}, got {grad_norm}")
    if not exact:
        return 2 * grad_norm / eta
    # The gradient is s sqrt(|u|^2 + 2 |z1|^2) with |u| >= |t| / |z1|. For a given t < 0 the shortest anchor is not always the
    # best: t^2 / a^2 + 2 a^2 is smallest for a^2 = |t| / sqrt(2), or a = eta where that is larger. This smallest gradient
    # grows with t as long as it is below eta / 2, and it is eta / sqrt(2) for t = 0: bisection.
    low, high = -800.0, 0.0
    while high - low > 1e-12:
        t = (low + high) / 2
        square = max(eta**2, -t / math.sqrt(2))  # of the anchor's norm
        small = math.exp(t) / (1 + math.exp(t)) * math.sqrt(t**2 / square + 2 * square) <= grad_norm
        low, high = (t, high) if small else (low, t)
    return math.log1p(math.exp(low))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_lemma4_certificate", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma4_certificate)

# %% [markdown]
# ## 6 · `lemma4_sum`
#
# *Difficulty* ●●●○○ · *time* 30 min · 3 points
#
# The proof of Theorem 1 needs a bound on the whole objective, and takes Lemma 4 for each of the $n$ triplets:
# $\widehat L_{un}\le2n\varepsilon/\eta$. But $\varepsilon$ is the norm of the gradient in *all* $3n$ outputs, and not
# every triplet can have all of it.
#
# Hypotheses as before: all norms at least $\eta$, the gradient's norm at most $\varepsilon<\eta/2$. Return the best
# bound on $\widehat L_{un}$ that depends on $\varepsilon/\eta$ and $n$ only: the smallest number that no such outputs
# exceed, for any $\eta$ with this ratio, any $d$ and any outputs (a supremum, which need not be attained). In closed form.
#
# `n` is an integer of at least 1; what `lemma4_certificate` refuses is refused here too.

# %% nbgrader={"grade": false, "grade_id": "lemma4_sum", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma4_sum(grad_norm, eta, n):
    """Best upper bound on the objective (11) of n triplets, in nats, from the norm eps of the gradient in all 3n outputs.

    0 <= grad_norm < eta / 2; eta > 0: the smallest output norm; n >= 1 an integer. ValueError for anything else.
    """
    ### BEGIN SOLUTION
    validate.count(n=n)
    lemma4_certificate(grad_norm, eta)  # the same hypotheses
    # sqrt(2) eta s_i is at most the i-th part of the gradient, so sum s_i^2 <= eps^2 / (2 eta^2). The loss -ln(1 - s_i) is a
    # concave function of s_i^2 for s_i < 1/2 (its slope is 1 / (2 s (1 - s))), so equal shares are the worst (Jensen).
    return -n * math.log1p(-grad_norm / (math.sqrt(2 * n) * eta))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_lemma4_sum", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(lemma4_sum)

# %% [markdown]
# ## 7 · `derive_lemma4`: the lemma with N negatives
#
# *Difficulty* ●●●●○ · *time* 45 min · 4 points · read by a person
#
# The lecture proves Lemma 4 for one negative. The paper's experiments use 15, 25 and 35. Does it still hold? Tuple $i$ has
# the anchor's output $z_{i1}$, the positive's $z_{i2}$, and those of $N$ negatives, $v_{i1},\dots,v_{iN}$. Write
#
# $$u_{ij}=v_{ij}-z_{i2},\quad t_{ij}=z_{i1}\cdot u_{ij},\quad \ell_i=\ln\Bigl(1+\sum_{j=1}^Ne^{t_{ij}}\Bigr),\quad
#   s_{ij}=\frac{e^{t_{ij}}}{1+\sum_ke^{t_{ik}}},\quad s_i=\sum_js_{ij},$$
#
# and $g_i$ for the gradient of $\ell_i$ in the outputs of tuple $i$. Suppose that all outputs have a norm of at least
# $\eta$, and $\bigl(\sum_i\lVert g_i\rVert^2\bigr)^{1/2}\le\varepsilon<\eta/2$.
#
# a. Show $\lVert g_i\rVert^2=\bigl\lVert\sum_js_{ij}u_{ij}\bigr\rVert^2+\bigl(s_i^2+\sum_js_{ij}^2\bigr)\lVert z_{i1}\rVert^2$
#    and conclude $s_i\le\dfrac{\varepsilon}{\eta\sqrt{1+1/N}}$.
#
# b. Deduce $\ell_i\le\kappa_N\,\varepsilon/\eta$ with $\kappa_N=-2\ln\Bigl(1-\frac1{2\sqrt{1+1/N}}\Bigr)$. How large can
#    $\kappa_N$ get? So is $2\varepsilon/\eta$ true for every $N$?
#
# c. Let the gradient be taken in the *distinct function values* instead: $f(x)$ is one variable, however many tuples $x$
#    occurs in. Give tuples with $N=2$ in which this gradient is exactly 0 although all norms are 1 and every loss is $\ln3$.
#    Which line of your proof breaks?
#
# d. Suppose in addition that all norms are at most $C$. Show $\sum_{i\le n}\ell_i\ge n\ln\bigl(1+Ne^{-2C^2}\bigr)$, with
#    equality for some outputs, and bound $\bigl(\sum_i\lVert g_i\rVert^2\bigr)^{1/2}$ from below. Theorem 1 promises a loss
#    of at most $\varepsilon$ for *every* $\varepsilon>0$ under the assumption $\eta<\lVert f\rVert<C$. What do you say if
#    $C$ is fixed before $\varepsilon$, what if it may depend on $\varepsilon$, and do more negatives make it better or worse?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_lemma4", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Drop the index $i$.
#
# **a.** $\partial\ell/\partial t_j=s_j$. By the chain rule $\partial\ell/\partial z_1=\sum_js_ju_j$,
# $\partial\ell/\partial z_2=-\sum_js_jz_1=-s\,z_1$, and $\partial\ell/\partial v_j=s_jz_1$. Adding the squared norms gives
# the formula. The first term is $\ge0$; by Cauchy-Schwarz $s^2=\bigl(\sum_j1\cdot s_j\bigr)^2\le N\sum_js_j^2$; and
# $\lVert z_1\rVert\ge\eta$. So $\lVert g\rVert^2\ge(1+\frac1N)s^2\eta^2$. One term of a sum of squares is at most the sum,
# $\lVert g_i\rVert\le\varepsilon$, hence $s\le\varepsilon/(\eta\sqrt{1+1/N})$.
#
# **b.** $1-s=1/(1+\sum_je^{t_j})$, so $\ell=-\ln(1-s)=:F(s)$, with $F(0)=0$ and $F''(s)=(1-s)^{-2}>0$. From
# $\varepsilon<\eta/2$: $s<s_0:=\frac1{2\sqrt{1+1/N}}<\frac12$. A convex function lies below its chord from 0 to $s_0$:
# $\ell\le\frac{s}{s_0}F(s_0)\le\frac{\varepsilon}{\eta\sqrt{1+1/N}}\cdot2\sqrt{1+1/N}\;F(s_0)=2F(s_0)\frac\varepsilon\eta
# =\kappa_N\frac\varepsilon\eta$. $s_0$ grows with $N$ towards $\frac12$ and $F$ increases, so $\kappa_N$ grows from
# $\kappa_1=0.8725$ towards $2\ln2=1.386$ and stays below it. As $2\ln2<2$, the bound $2\varepsilon/\eta$ is true for every $N$.
#
# **c.** Tuples (anchor; positive; negatives) $(x;a;b,c)$, $(x;b;c,a)$, $(x;c;a,b)$ with $f(a)=f(b)=f(c)$, all values unit
# vectors. Then all $u_j=0$, $t_j=0$, $s_j=\frac13$, $s=\frac23$, and each loss is $\ln3$. Derivative by $f(x)$: a sum of
# $s_ju_j=0$. By $f(a)$: $-\frac23f(x)$ as a positive, $+\frac13f(x)$ in each of two tuples as a negative, together 0;
# likewise for $b$ and $c$. So the gradient is 0. What breaks is "one term of a sum of squares is at most the sum": the
# gradient by a shared value is the *sum* of the tuples' vectors, and these cancel. The lemma needs per-tuple gradients, or
# inputs that all differ.
#
# **d.** $|t_j|\le\lVert z_1\rVert(\lVert v_j\rVert+\lVert z_2\rVert)\le2C^2$ by Cauchy-Schwarz and the triangle inequality.
# $\ell$ increases in every $t_j$, so $\ell\ge\ln(1+Ne^{-2C^2})$; equality for $z_1=z_2=-v_1=\dots=-v_N$ of norm $C$. Also
# $s=1-e^{-\ell}\ge\sigma_N:=\frac{Ne^{-2C^2}}{1+Ne^{-2C^2}}$, so by a. each $\lVert g_i\rVert\ge\sqrt{1+1/N}\,\eta\,\sigma_N$,
# and the sum over $n$ tuples gives $\sqrt{n(1+1/N)}\,\eta\,\sigma_N>0$. If $C$ is fixed first, then for
# $\varepsilon<n\ln(1+Ne^{-2C^2})$ no encoder satisfies both the assumption and the conclusion: the theorem cannot be true
# there with its hypotheses satisfied. If $C$ may depend on $\varepsilon$ there is no contradiction, but then everything that
# depends on $C$ (smoothness, width, steps) depends on $\varepsilon$ too: solving the floor for $C$,
# $C^2\ge\frac12\ln\frac N{e^{\varepsilon/n}-1}$. More negatives raise the floor: it is worse.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: the derivatives and the norm (½); $s^2\le N\sum_js_j^2$ with its name, and one term against the sum (½).
# - 1 point, b: loss written as $-\ln(1-s)$, with convexity and the chord through 0 and $s_0$, or the monotone quotient
#   $F(s)/s$ (½); $\kappa_N<2\ln2<2$ (½).
# - 1 point, c: an example with its verification (½); names the step that breaks (½).
# - 1 point, d: $|t_j|\le2C^2$, the floor with a case of equality, a positive lower bound on the gradient (½); both readings
#   of "for every $\varepsilon$", and that the floor grows with $N$ (½).
# - Any correct proof gets full marks. The lecture's proof for $N=1$ copied without the sums: at most 1 point in all.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 8 · `proof_fixed_kernel`: a proof in order
#
# *Difficulty* ●●●○○ · *time* 25 min · 2 points
#
# Proposition 8.8 of the lecture is about the flow. Here are real steps, for outputs that move with a *fixed* kernel (a
# network linearised at its start): $z_{k+1}=z_k-\nu KG(z_k)$, where $G$ is the gradient of $\widehat L_{un}$ in all $3n$
# outputs, $K$ is symmetric with all eigenvalues in $[\lambda,\Lambda]$, $\lambda>0$, and all output norms along the path
# lie in $[\eta,C]$. Let $\beta$ be the best smoothness constant of $\ell$ for norms up to $C$, take
# $\nu=1/(\Lambda\beta)$, let $b$ be the largest single loss $\ell_i=\zeta(t_i)$ along the whole path, $s_i=\sigma(t_i)$,
# $c=(1-e^{-b})/b$, and write $\mathcal L_k=\widehat L_{un}(z_k)$.
#
# **Claim.** $\dfrac1{\mathcal L_k}\ \ge\ \dfrac1{\mathcal L_0}+\dfrac{\nu\lambda\eta^2c^2}n\,k$.
#
# Put the lines of a proof in an order in which each is one short step from lines above it, from the hypotheses, or
# from the lecture. Some lines are false: leave them out. The answer is a list of labels, such as `["A", "B"]`.
#
# - **A** $\lVert G\rVert^2\ge2\eta^2\sum_is_i^2$.
# - **B** With $y=\nu\lambda\eta^2c^2/n$: $\mathcal L_{k+1}\le\mathcal L_k(1-y\mathcal L_k)$.
# - **D** $\mathcal L_{k+1}\le\mathcal L_k-\nu\,G\cdot KG+\frac12\beta\nu^2\lVert KG\rVert^2$: norms up to $C$ make a convex
#   set, and the Hessian of the sum has one block for each triplet.
# - **E** So $\mathcal L_{k+1}\le\mathcal L_k-\frac\nu2\,G\cdot KG$, by the choice of $\nu$.
# - **F** $s_i\ge\ell_i$.
# - **H** $\lVert KG\rVert^2\le\Lambda\,G\cdot KG$.
# - **J** $s_i=1-e^{-\ell_i}\ge c\,\ell_i$: a concave function lies above its chord from 0 to $b$.
# - **P** $\sum_i\ell_i^2\ge\mathcal L_k^2$.
# - **Q** Since $1/(1-x)\ge1+x$ for $0\le x<1$: $1/\mathcal L_{k+1}\ge1/\mathcal L_k+y$; sum over the steps.
# - **R** $\mathcal L_k$ falls, so every single loss falls, and $b$ is the largest loss at the start.
# - **S** $G\cdot KG\ge\lambda\lVert G\rVert^2$.
# - **T** $\mathcal L_{k+1}\le\mathcal L_k-\nu\,G\cdot KG$: the chain rule.
# - **V** $\sum_i\ell_i^2\ge\mathcal L_k^2/n$.

# %%
from course import arrange

arrange("proof_fixed_kernel")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_fixed_kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_fixed_kernel = None
### BEGIN SOLUTION
proof_fixed_kernel = ["D", "H", "E", "S", "A", "J", "V", "B", "Q"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_fixed_kernel", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(proof_fixed_kernel, "proof_fixed_kernel")

# %% [markdown]
# ## 9 · `smoothness_constant`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# Gradient descent needs a bound on the curvature. For outputs of norm at most $C$ return the paper's constant, $2+8C^2$. Its
# proof bounds the two parts of the Hessian, $s\,M$ and $\gamma\,g\,g^\top$, one by one. Do that for outputs of two sizes, and
# as well as it can be done: where `anchor` is given, a number $A$, let the anchor's norm be at most $A$, the norms of the
# positive and of the negative at most $C$, and $d\ge2$, and return
#
# $$\max\ \lVert s\,M\rVert\ +\ \max\ \lVert\gamma\,g\,g^\top\rVert,$$
#
# in closed form, the norms being largest absolute eigenvalues and each maximum being taken over all such outputs. $A$ and
# $C$ are finite numbers $>0$; anything else raises `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "smoothness_constant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smoothness_constant(C, anchor=None):
    """Smoothness constant of the triplet loss for outputs of norm at most C, as published: 2 + 8 C^2.

    anchor: where given, the largest norm of an anchor's output, C that of a positive's or a negative's; then the largest
    norm of s M plus the largest norm of gamma g g^T. Finite numbers > 0, else ValueError. Source: Merad et al. 2020, Lemma 3.
    """
    ### BEGIN SOLUTION
    validate.positive(C=C)
    if anchor is None:
        return 2 + 8 * C**2
    validate.positive(anchor=anchor)
    # s is largest where t is: z1 and u = 2 z3 parallel, t = 2 A C. gamma and |g|^2 are largest together: t = 0, |u| = 2 C.
    return math.sqrt(2) / (1 + math.exp(-2 * anchor * C)) + (4 * C**2 + 2 * anchor**2) / 4
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_smoothness_constant", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(smoothness_constant)

# %% [markdown]
# ## 10 · `smoothness_sharp` (challenge)
#
# *Difficulty* ●●●●○ · *time* 50 min · 3 points
#
# What is the best constant? It is the largest eigenvalue that the Hessian of $\ell$ (a $3d\times3d$ matrix, Proposition
# 8.2) takes anywhere on the set where $\lVert z_1\rVert,\lVert z_2\rVert,\lVert z_3\rVert\le C$. Return it for
# dimension $d\ge2$ (it does not depend on $d$ then), with a relative error of at most $10^{-3}$, for every $C$ from $0.01$
# to $1000$.
#
# Ten thousand random points will not do: spread evenly over the set, they miss the maximum by some 10 to 15 % at $C=2$
# and often by more than 20 % at $C=5$. Bring the problem down to one variable, in which a maximum can be found safely.
# For that you need the largest eigenvalue of the Hessian at a given point on paper, and an idea which points are the worst
# for a given $t$.

# %% nbgrader={"grade": false, "grade_id": "smoothness_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smoothness_sharp(C):
    """Largest eigenvalue of the Hessian of zeta(z1.(z3 - z2)) over all z with norms at most C, d >= 2, relative error 1e-3.

    C: a finite number > 0, else ValueError. Source: the best number in Merad et al. 2020, Lemma 3.
    """
    ### BEGIN SOLUTION
    validate.positive(C=C)
    # H = s M + s (1 - s) g g^T, M^2 g = 2 g, g.Mg = 4 t: H maps the span of g and Mg to itself, and its matrix there is
    # [[k G, 2 s + 4 k t], [s, 0]], k = s (1 - s), G = |g|^2; outside H = s M, with eigenvalues of at most sqrt(2) s, which
    # are smaller. The larger root grows with G.
    # |g|^2 = |u|^2 + 2 |z1|^2 is at most 4 C^2 + 2 C^2, and any t in [-2 C^2, 2 C^2] goes with it: turn z1 against u. Only
    # t >= 0 matters (a negative t has the smaller s), and beyond t = 40 the curvature s (1 - s) is below 1e-17.
    t = np.linspace(0, min(2 * C**2, 40.0), 20001)
    s = 1 / (1 + np.exp(-t))
    bend = s * (1 - s)  # of zeta
    square = 6 * C**2
    return float(np.max(bend * square + np.sqrt((bend * square) ** 2 + 8 * s**2 + 16 * s * bend * t)) / 2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_smoothness_sharp", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(smoothness_sharp)

# %% [markdown]
# **See it.** The best constant, your bound of question 9, the bound $0.878+\tfrac32C^2$, which is true for every $C$, and
# the paper's $2+8C^2$.

# %%
from course import solved

if solved(smoothness_sharp, smoothness_constant):
    for C in (0.1, 0.5, 0.627, 1.0, 2.0, 5.0):
        best, apart, close = smoothness_sharp(C), smoothness_constant(C, C), 0.878 + 1.5 * C**2
        print(f"C = {C:5.3f}   best {best:8.4f}   question 9 {apart:8.4f}   close {close:8.4f}   published {2 + 8 * C**2:8.4f}")

# %% [markdown]
# ## 11 · `triplet_descent`
#
# *Difficulty* ●●○○○ · *time* 15 min · 1 point
#
# The outputs of one triplet are free: no network, the three vectors themselves move, by gradient descent on $\ell$ with
# step $\nu$. Return the losses before the first step and after every step, an array of shape (n_steps + 1,).
#
# `z1`, `z2`, `z3` are numpy vectors of shape (d,) (`check_triplet` of the first cell refuses what is none), `step` is a
# finite number $>0$, `n_steps` an integer $\ge0$.

# %% nbgrader={"grade": false, "grade_id": "triplet_descent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def triplet_descent(z1, z2, z3, step, n_steps):
    """Losses, in nats, along n_steps of gradient descent on the outputs of one triplet: shape (n_steps + 1,).

    z1, z2, z3 (d,): outputs of anchor, positive, negative at the start; step > 0; n_steps >= 0. ValueError for anything
    else. Source: lecture 08, section 5.
    """
    ### BEGIN SOLUTION
    z1, z2, z3 = check_triplet(z1, z2, z3)
    validate.positive(step=step)
    validate.count(minimum=0, n_steps=n_steps)
    losses = []
    for _ in range(n_steps + 1):
        t = z1 @ (z3 - z2)
        losses.append(np.logaddexp(0, t))
        pull = step * np.exp(-np.logaddexp(0, -t))  # nu sigma(t), without overflow
        z1, z2, z3 = z1 - pull * (z3 - z2), z2 + pull * z1, z3 - pull * z1  # all from the old vectors
    return np.array(losses)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_triplet_descent", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(triplet_descent)

# %% [markdown]
# ## 12 · `counterexample_step`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Theorem 8.7 of the lecture: with a step of at most $\sqrt2$ no loss ever rises, wherever one starts. Is $\sqrt2$ an
# artefact of the proof? Given a step $\nu$ with $1.42\le\nu\le10$, return a start `(z1, z2, z3)`, three vectors of one
# length $d\le8$ with entries of at most 100 in absolute value, whose loss is larger after *one* step than before, by at
# least $10^{-3}$. Every such start is accepted. Any other `step` raises `ValueError`.
#
# Few random starts do for $\nu=1.42$, and one that is found by luck does not say why: work out first when the loss
# rises.

# %% nbgrader={"grade": false, "grade_id": "counterexample_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def counterexample_step(step):
    """A start (z1, z2, z3), vectors of length d <= 8, whose loss rises by 1e-3 or more in one step of gradient descent.

    step: a number from 1.42 to 10, else ValueError. Entries of at most 100 in absolute value.
    """
    ### BEGIN SOLUTION
    if not 1.42 <= step <= 10:
        raise ValueError(f"step must lie between 1.42 and 10, got {step!r}")
    # q = u - sqrt(2) z1 = 0 and a long r = u + sqrt(2) z1: t = |r|^2 / (4 sqrt(2)) is large, so s is nearly 1, and one step
    # multiplies r by 1 - sqrt(2) nu s, which is below -1.
    z1 = np.array([3.0])
    return z1, -z1 / math.sqrt(2), z1 / math.sqrt(2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_counterexample_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(counterexample_step)

# %% [markdown]
# ## 13 · `descent_certificate`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# The lecture shows that the loss of one free triplet tends to 0 unless $q_0=0$, and not how fast from a given start. Find
# out, for $\nu s_0\le\sqrt2$, where $t_k$ never rises and $\lVert q_k\rVert$ never falls:
#
# 1. Bound $t_k-t_{k+1}$ from below by $a\,\nu\,s_k\lVert q_k\rVert^2$, with the largest number $a$ that is right for all
#    starts and all such steps.
# 2. Then $e^{-t_k}$ grows in every step by at least a number that depends on the start and on $\nu$ only, the same for
#    every step: take the largest one that follows from 1 and $e^x\ge1+x$. So $e^{-t_k}$ is at least some $D_k$ that is
#    linear in $k$.
# 3. Return the bound on the loss after $k$ steps that this gives, for an integer $k\ge0$. For $k=0$ it is the loss itself.
#
# It needs neither $\eta$ nor $C$ nor a smoothness constant. Vectors are as in 11; raise `ValueError` where
# $\nu\,s_0>\sqrt2$. It must be right for starts with $t_0=\pm10^4$ too, where $e^{-t_0}$ is no floating-point number.

# %% nbgrader={"grade": false, "grade_id": "descent_certificate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def descent_certificate(z1, z2, z3, step, k):
    """Upper bound, in nats, on the loss of one free triplet after k steps of gradient descent, from its start alone.

    z1, z2, z3 (d,): outputs of anchor, positive, negative at the start; step > 0 with step * s_0 <= sqrt(2); k >= 0 an
    integer. ValueError for anything else.
    """
    ### BEGIN SOLUTION
    z1, z2, z3 = check_triplet(z1, z2, z3)
    validate.positive(step=step)
    validate.count(minimum=0, k=k)
    u = z3 - z2
    t, square = float(z1 @ u), float(((u - math.sqrt(2) * z1) ** 2).sum())
    s = math.exp(-np.logaddexp(0, -t))
    if step * s > math.sqrt(2):
        raise ValueError(f"the step {step} times s_0 = {s} is above sqrt(2)")
    # With y = sqrt(2) nu s_k: t_k - t_{k+1} = (|r|^2 (2y - y^2) + |q|^2 (2y + y^2)) / (4 sqrt(2)) >= nu s_k |q_k|^2 / 2, so
    # e^{-t} grows by e^{-t_k} nu s_k |q_k|^2 / 2 = (1 - s_k) nu |q_k|^2 / 2 >= (1 - s_0) nu |q_0|^2 / 2 in every step.
    # D_k = e^{-t_0} + (1 - s_0) nu |q_0|^2 k / 2 = e^{-t_0} (1 + s_0 nu |q_0|^2 k / 2), and the bound is zeta(-ln D_k).
    return float(np.logaddexp(0, t - math.log1p(s * step * square * k / 2)))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_descent_certificate", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(descent_certificate)

# %% [markdown]
# **See it.** The loss and its certificate over ten thousand steps. Then change the start, or the step.

# %%
from course import figures, solved

if solved(triplet_descent, descent_certificate):
    z1, z2, z3 = np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([1.0, -0.5])
    steps = np.unique(np.geomspace(1, 10_001, 60).astype(int)) - 1
    losses = triplet_descent(z1, z2, z3, 0.1, 10_000)[steps]
    certified = [descent_certificate(z1, z2, z3, 0.1, int(k)) for k in steps]
    display(figures.curves(steps + 1, {"loss": losses, "certificate": certified}, xlabel="step + 1", ylabel="nats", logx=True, logy=True))

# %% [markdown]
# ## 14 · `train_triplets`
#
# *Difficulty* ●●●○○ · *time* 40 min · 2 points
#
# Full-batch gradient descent on the sum (11). One step takes *all* matrices at once,
#
# $$\theta\leftarrow\theta-\text{lr}\cdot\nabla_\theta\widehat L_{un}\qquad\text{for }\theta=A,W_1,\dots,W_L,B,$$
#
# with all gradients taken at the old parameters: no momentum, no mini-batches. Before the first step and after every
# step, record four numbers, so that each history has length `n_steps + 1`:
#
# - `objective`: $\widehat L_{un}$;
# - `gradient_norm`: the Euclidean norm of the gradient *in the outputs*, all $3n$ loss vectors of `loss_vectors`
#   together;
# - `smallest_norm`, `largest_norm`: of the $3n$ outputs $f(x_i),f(x_i^+),f(x_i^-)$.
#
# `triplets = (x, x_plus, x_minus)`, each (n, d_x). Work in the dtype of the parameters, on `device`, and leave the
# given `params` unchanged. A history may be a tensor, an array or a list of numbers. `n_steps` may be 0. When one of the
# recorded numbers is no longer finite, training has diverged: raise `ValueError` (with the step in its text, for whoever
# has to read it). The check repeats your run on other inputs and compares parameters and histories.

# %% nbgrader={"grade": false, "grade_id": "train_triplets", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_triplets(params, triplets, lr, n_steps, device):
    """n_steps of full-batch gradient descent on the sum (11), in all matrices, with the histories that the theory is about.

    params = {"A": (m, d_x), "W": [(m, m), ...], "B": (d, m)}; triplets = (x, x_plus, x_minus), each (n, d_x); lr > 0;
    n_steps >= 0; device "cpu" or "cuda". Returns {"params": a new dict of this form, on `device`,
    "objective": (n_steps + 1,), "gradient_norm", "smallest_norm", "largest_norm"}.
    ValueError for what does not fit and when training diverges. Source: Merad et al. 2020, Theorem 1.
    """
    ### BEGIN SOLUTION
    validate.positive(lr=lr)
    validate.count(minimum=0, n_steps=n_steps)
    validate.batch(x=triplets[0], x_plus=triplets[1], x_minus=triplets[2])
    check_network(params, triplets[0])
    where = use_device(device)
    move = lambda matrix: matrix.detach().clone().to(where).requires_grad_()  # noqa: E731
    net = {"A": move(params["A"]), "W": [move(w) for w in params["W"]], "B": move(params["B"])}
    leaves = [net["A"], *net["W"], net["B"]]
    inputs = torch.cat([x.to(where) for x in triplets])
    histories = {"objective": [], "gradient_norm": [], "smallest_norm": [], "largest_norm": []}
    for step in range(n_steps + 1):
        z = encoder_forward(net, inputs)
        objective = triplet_objective(*z.chunk(3))
        norms = torch.linalg.vector_norm(z.detach(), dim=1)
        gradient = torch.cat(loss_vectors(*z.detach().chunk(3)))
        row = (objective.detach(), torch.linalg.vector_norm(gradient), norms.min(), norms.max())
        for history, value in zip(histories.values(), row, strict=True):
            if not math.isfinite(value):
                raise ValueError(f"training has diverged: {float(value)} after step {step} with lr = {lr}")
            history.append(float(value))
        if step < n_steps:
            slopes = torch.autograd.grad(objective, leaves)
            with torch.no_grad():
                for leaf, slope in zip(leaves, slopes, strict=True):
                    leaf -= lr * slope
    trained = {"A": net["A"].detach(), "W": [w.detach() for w in net["W"]], "B": net["B"].detach()}
    return {"params": trained} | {
        name: torch.tensor(history, dtype=torch.float64) for name, history in histories.items()
    }
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_train_triplets", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(train_triplets)

# %% [markdown]
# **See it.** Ten random triplets, three widths, and what Lemma 4 certifies on the way, for one triplet and for the sum.
# (The lecture's section 6 shows stored runs of this kind: here they are your own.)

# %%
from course import solved

if solved(separation, train_triplets, lemma4_certificate, lemma4_sum):
    generator = torch.Generator().manual_seed(0)
    triplets = [F.normalize(torch.randn(10, 5, generator=generator, dtype=torch.float64), dim=1) for _ in range(3)]
    print("separation of the 30 inputs:", round(float(separation(torch.cat(triplets))), 3))
    figure, (left, right) = figures.panels(2)
    for m, colour in zip((32, 128, 512), figures.shades(3), strict=True):
        run = train_triplets(new_network(m, 5, 4, 1, generator), triplets, 2.0 / m, 400, device)
        figures.curves(range(1, 402), {f"m = {m}": run["objective"]}, left, colours=[colour], logx=True, logy=True, xlabel="step + 1")
        figures.curves(range(1, 402), {f"m = {m}": run["gradient_norm"]}, right, colours=[colour], logx=True, logy=True, xlabel="step + 1")
        eps, eta = float(run["gradient_norm"][-1]), float(run["smallest_norm"].min())
        print(f"m = {m:3d}: objective {run['objective'][-1]:.4f}, gradient norm {eps:.4f}, eta {eta:.3f}")
        if eps < eta / 2:
            print(f"         certified: each loss {lemma4_certificate(eps, eta):.4f}, the sum {lemma4_sum(eps, eta, 10):.4f}")
    left.set_ylabel("objective (11), nats", fontsize=figures.FONT)
    right.set_ylabel("norm of the gradient in the outputs", fontsize=figures.FONT)
    display(figure)

# %% [markdown]
# ## 15 · `convergence_experiment`
#
# *Difficulty* ●●●●● · *time* 75 min · 4 points
#
# Section 5 of the paper, small enough to be exact. Train the network of section 1 on labelled images (each flattened to a
# row of $d_x$ pixels) with a contrastive loss with $N$ negatives, `n_runs` times independently, and record Figures 1 to 3
# along the way. Loss, optimiser, width and number of steps are up to you.
#
# **The law.** The $n$ images define one, the *empirical class law*: a class $c$ has probability $\rho_c=n_c/n$, where
# $n_c$ counts its images, and $D_c$ is uniform on them. Anchor and positive are two independent draws from one class
# (so $x^+=x$ happens), the $N$ negatives are independent draws from all $n$ images. On this law, *exactly*,
#
# $$L_{un}^N=\mathbb E\ln\Bigl(1+\sum_{i=1}^Ne^{f(x)\cdot(f(x_i^-)-f(x^+))}\Bigr),\qquad
#   L_{sup}^\mu=\mathbb E_{c,\,x\sim D_c}\Bigl[-\ln\frac{e^{f(x)\cdot\mu_c}}{\sum_je^{f(x)\cdot\mu_j}}\Bigr],$$
#
# over *all* classes, with $\mu_c$ the mean embedding of class $c$. Not on a mini-batch, and not over pairs $x^+\ne x$
# only: there the inequalities of unit 03 are not theorems.
#
# **Return** a dict with six entries, for `n_runs` runs recorded at `n_times` times, 3 to 6 of them:
#
# | key | shape | |
# |---|---|---|
# | `"steps"` | (n_times,) | increasing integers: training steps made so far, the first is 0 |
# | `"params"` | a list of n_runs lists of n_times networks | `params[i][j]` is the network `{"A", "W", "B"}` of run i at time j |
# | `"unsupervised"` | (n_runs, n_times) | $L_{un}^N$ of its outputs $f(x)$ on the $n$ images, in nats |
# | `"supervised"` | (n_runs, n_times) | $L_{sup}^\mu$ of these outputs, in nats |
# | `"smallest_norm"`, `"largest_norm"` | (n_runs, n_times) | of these $n$ outputs |
#
# A network may have $m\le128$, $L\le3$ and $d\le32$; all have the same $d$; its matrices are tensors (on any device) or
# arrays. (An optimiser changes tensors in place: store copies.)
#
# **How it is checked.** Nothing is believed: the outputs are computed again from the networks you return, as in section 1,
# and the four curves from the outputs; they must agree to $10^{-4}$ (compute them in float64, from $f(x)$ as it is: an
# encoder sees one image and nothing else). Runs must differ, the same `seed` must repeat all networks and another one must
# not. And it must have learnt: averaged over the runs, the last $L_{un}^N$ must have covered at least a third of the way
# from its first value down to the floor $\sum_c\rho_c\,\mathbb E\ln\bigl(1+\mathrm{Bin}(N,\rho_c)\bigr)$, which no
# embedding can pass. (Where the first value is above $\ln(1+N)$, which is that of equal outputs, the way begins at
# $\ln(1+N)$.) The images are up to 70 digits, not always square, $N\le30$, at most 2 runs; a call has a few seconds (100
# to 300 steps of Adam are plenty).
#
# **Exact, how?** For $N=1$ there are $n^3$ terms. For more negatives use the integral of unit 03: with
# $h=\exp(-e^{v+f(x)\cdot f(y)})$ and $P_x(v)$, $U_x(v)$ the means of $h$ over the $y$ in the class of $x$, and over all
# $y$,
#
# $$L_{un}^N=\frac1n\sum_x\int_{-\infty}^\infty P_x(v)\bigl(1-U_x(v)^N\bigr)\,dv,$$
#
# by the trapezoidal rule with step 0.4, from $-\max_yf(x)\cdot f(y)-\ln N-25$ to $4-\min_yf(x)\cdot f(y)$. (Or copy
# your `unsupervised_loss_many` from unit 03.) Where your notebook is graded, `experiments` is not available.
#
# `images` (n, channels, height, width) float32, `labels` (n,) integers, any values, at least two different ones;
# `n_negatives` and `n_runs` at least 1, `seed` at least 0, `device` "cpu" or "cuda". Anything else raises
# `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "convergence_experiment", "locked": false, "schema_version": 3, "solution": true, "task": false}
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    """Train n_runs encoders contrastively and record networks, exact losses and output norms along training.

    images (n, channels, height, width), labels (n,) integers, N = n_negatives >= 1, n_runs >= 1, seed >= 0, device "cpu" or
    "cuda". Returns {"steps": (n_times,), "params": n_runs lists of n_times networks, "unsupervised", "supervised",
    "smallest_norm", "largest_norm": (n_runs, n_times)}, n_times from 3 to 6, losses in nats. ValueError for anything else.
    Source: Merad et al. 2020, section 5.
    """
    ### BEGIN SOLUTION
    if images.ndim != 4 or tuple(labels.shape) != tuple(images.shape[:1]) or bool(torch.isnan(images).any()):
        raise ValueError(f"need images (n, c, h, w) without NaN and n labels, got {images.shape} and {labels.shape}")
    owner = torch.unique(labels, return_inverse=True)[1]  # classes 0..C-1
    counts = torch.bincount(owner)
    if len(counts) < 2:
        raise ValueError(f"need at least two classes, got the label {labels[:1]} only")
    validate.count(minimum=1, n_negatives=n_negatives, n_runs=n_runs)
    validate.count(minimum=0, seed=seed)
    where = use_device(device)
    x, same = images.flatten(1).float().to(where), (owner[:, None] == owner[None, :]).double()
    means = F.one_hot(owner).T.double() / counts[:, None]  # (C, n): takes class means

    def measured(z):
        """The four curves of one (n, d) array of embeddings, in float64."""
        z = z.double()
        inner = z @ z.T
        v = torch.arange(-float(inner.max()) - math.log(n_negatives) - 25, 4 - float(inner.min()), 0.4, dtype=torch.float64)
        unseen = torch.exp(-torch.exp((v[:, None, None] + inner).clamp(max=50)))  # axes: node, x, y
        own = (unseen * same).sum(dim=2) / counts[owner]
        loss = 0.4 * (own * (1 - unseen.mean(dim=2) ** n_negatives)).sum() / len(z)
        norms = torch.linalg.vector_norm(z, dim=1)
        return loss, F.cross_entropy(z @ (means @ z).T, owner), norms.min(), norms.max()

    def train(run):
        """The networks of one run."""
        generator = torch.Generator().manual_seed(int(np.random.default_rng((seed, run)).integers(2**62)))
        draw = lambda *shape: torch.randint(len(x), shape, generator=generator)  # noqa: E731
        new = lambda a, b, scale: (scale * torch.randn(a, b, generator=generator)).to(where).requires_grad_()  # noqa: E731
        net = {"A": new(48, x.shape[1], math.sqrt(2 / x.shape[1])), "W": [], "B": new(8, 48, 0.1)}
        optimizer, seen = torch.optim.Adam([net["A"], net["B"]], lr=0.01), []
        for step in range(recorded[-1] + 1):
            z = encoder_forward(net, x)  # all n at once: there are fewer images than negatives
            if step in recorded:
                seen.append({"A": net["A"].detach().cpu().clone(), "W": [], "B": net["B"].detach().cpu().clone()})
            anchors, negatives = draw(32), draw(32, n_negatives)
            positives = torch.multinomial(same[anchors], 1, generator=generator).flatten()
            logits = torch.einsum("bd,bnd->bn", z[anchors], z[negatives] - z[positives].unsqueeze(1))
            loss = F.softplus(logits.logsumexp(dim=1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return seen

    recorded = (0, 15, 40, 100)
    params = [train(run) for run in range(n_runs)]
    outputs = [[encoder_forward(net, x.cpu()) for net in run] for run in params]
    curves = torch.tensor([[[float(value) for value in measured(z)] for z in run] for run in outputs], dtype=torch.float64)
    names = ("unsupervised", "supervised", "smallest_norm", "largest_norm")
    named = {name: curves[:, :, i] for i, name in enumerate(names)}
    return {"steps": torch.tensor(recorded), "params": params, **named}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_convergence_experiment", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(convergence_experiment)

# %% [markdown]
# **See it.** Your experiment on 200 digits, with one negative and with 15. Which of the curves may cross, and which
# may not?

# %%
from course import data, figures, solved

if solved(convergence_experiment):
    images, labels = data.load_digits()
    figure, axes = figures.panels(3)
    for ax, n in zip(axes[:2], (1, 15), strict=True):
        found = convergence_experiment(images[:200], labels[:200], n, 3, 0, device)
        p_min = torch.bincount(labels[:200]).min() / 200
        factor = 1 / (1 - (1 - p_min) ** n)
        curves = {"contrastive": found["unsupervised"], "supervised": found["supervised"], "contrastive x factor": factor * found["unsupervised"]}
        figures.runs(found["steps"], {k: np.asarray(v) for k, v in curves.items()}, ax, title=f"N = {n}", ylabel="nats")
    norms = {name: np.asarray(found[name]) for name in ("largest_norm", "smallest_norm")}
    figures.runs(found["steps"], norms, axes[2], title="N = 15", ylabel="norm of an output")
    print("trained on", device)
    display(figure)

# %% [markdown]
# The full-size experiment, five runs at once, on digits, Fashion-MNIST, MNIST or CIFAR-10:
# `python -m experiments convergence --help`.
#
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here runs where it is graded. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/08_convergence/08_convergence.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_lemma4")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
