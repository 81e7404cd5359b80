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
# # 08 · Convergence
#
# *Does gradient descent find the encoder?* Read the lecture `lectures/08_convergence.ipynb` first.
#
# The units before this one took the encoder as given. Here you train it: first the network of Merad, Yu, Bacry and
# Gaïffas (2020, section 4) by plain gradient descent on fixed triplets, where theory makes a promise; then their
# experiment (section 5), small, but with every loss evaluated exactly.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-2 | `encoder_forward`, `separation` | 25 min | 2 + 2 |
# | 3-4 | `triplet_objective`, `loss_vectors` | 25 min | 2 + 3 |
# | 5-6 | `lemma4_certificate`, and the lemma for N negatives | 50 min | 2 + 6 by hand |
# | 7-8 | `smoothness_constant`, `smoothness_sharp` (challenge) | 30 min | 1 + 5 |
# | 9 | `train_triplets` | 40 min | 5 |
# | 10 | `convergence_experiment` | 75 min | 6 |
#
# **Conventions.** Torch tensors of any floating dtype, float64 in the checks unless they say otherwise. The *triplet*
# $i$ is $(x_i, x_i^+, x_i^-)$, its outputs $z_{i1}=f(x_i)$, $z_{i2}=f(x_i^+)$, $z_{i3}=f(x_i^-)$; `z1`, `z2`, `z3`
# hold them as rows, shape (n, d). Natural logarithm, nats. $\zeta(t)=\ln(1+e^t)$, and its derivative is
# $\sigma(t)=1/(1+e^{-t})$. Everything must stay finite and right for logits of $\pm10^4$. Inputs are never changed.
# Wrong shapes, an empty batch, NaN or a number out of range raise `ValueError`. You may call the functions that you
# wrote earlier in this notebook.
#
# The last two exercises run on a GPU where there is one. The first cell says which device this notebook uses.

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
# *Difficulty* ●○○○○ · *time* 10 min · 2 points
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

# %% nbgrader={"grade": true, "grade_id": "check_encoder_forward", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(encoder_forward)

# %% [markdown]
# ## 2 · `separation`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# Assumption 1 wants inputs of norm 1, no two of them nearer than some $\delta>0$. Given any rows `x` (n, d_x), scale
# each to norm 1 and return the smallest Euclidean distance between two *different rows* (rows that point the same way
# are at distance 0): the largest $\delta$ for which the assumption holds.
#
# Distances down to $10^{-7}$ must be right to a relative error of $10^{-6}$. Mind $\sqrt{2-2\,u\cdot v}$: for nearly
# equal unit vectors it subtracts two nearly equal numbers (`torch.cdist` does the same when there are more than 25
# rows). A single row, a zero row and NaN raise `ValueError`.

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

# %% nbgrader={"grade": true, "grade_id": "check_separation", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(separation)

# %% [markdown]
# ## 3 · `triplet_objective`
#
# *Difficulty* ●○○○○ · *time* 5 min · 2 points
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

# %% nbgrader={"grade": true, "grade_id": "check_triplet_objective", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(triplet_objective)

# %% [markdown]
# ## 4 · `loss_vectors`
#
# *Difficulty* ●●●○○ · *time* 20 min · 3 points
#
# The theory of over-parametrised networks watches the gradient of the objective *in the outputs*, not in the
# parameters. Return the three derivatives $\partial\widehat L_{un}/\partial z_{i1}$,
# $\partial\widehat L_{un}/\partial z_{i2}$, $\partial\widehat L_{un}/\partial z_{i3}$ for all $i$, in closed form: a
# tuple of three (n, d) tensors. The check runs under `torch.inference_mode`, where autograd is switched off.

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

# %% nbgrader={"grade": true, "grade_id": "check_loss_vectors", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(loss_vectors)

# %% [markdown]
# ## 5 · `lemma4_certificate`
#
# *Difficulty* ●●○○○ · *time* 5 min · 2 points
#
# A small gradient usually says little: it may be a saddle. Lemma 4 says that here it says a lot. If every output has
# a norm of at least $\eta$ and the gradient in the outputs has a Euclidean norm of at most $\varepsilon<\eta/2$, then
# every single triplet has a loss of at most $2\varepsilon/\eta$. Return that number. For $\varepsilon\ge\eta/2$ the
# lemma says nothing: `ValueError`, also for $\varepsilon<0$, $\eta\le0$ and NaN.

# %% nbgrader={"grade": false, "grade_id": "lemma4_certificate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lemma4_certificate(grad_norm, eta):
    """Upper bound 2 eps / eta on the loss of every triplet, in nats, from the norm eps of the gradient in the outputs.

    0 <= grad_norm < eta / 2, eta > 0: the smallest output norm. ValueError for anything else.
    Source: Merad et al. 2020, Lemma 4.
    """
    ### BEGIN SOLUTION
    validate.non_negative(grad_norm=grad_norm)
    validate.positive(eta=eta)
    if not grad_norm < eta / 2:
        raise ValueError(f"Lemma 4 needs a gradient norm below eta / 2 = {eta / 2}, got {grad_norm}")
    return 2 * grad_norm / eta
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_lemma4_certificate", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(lemma4_certificate)

# %% [markdown]
# ## 6 · `derive_lemma4`: the lemma with N negatives
#
# *Difficulty* ●●●●○ · *time* 45 min · 6 points · read by a person
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
#    of at most $\varepsilon$ for *every* $\varepsilon>0$ under the assumption $\eta<\lVert f\rVert<C$. What do you say, and
#    do more negatives make it better or worse?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_lemma4", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
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
# and the sum over $n$ tuples gives $\sqrt{n(1+1/N)}\,\eta\,\sigma_N>0$. For $\varepsilon<n\ln(1+Ne^{-2C^2})$ no encoder
# satisfies both the assumption and the conclusion: the theorem contradicts itself there. It can hold for larger
# $\varepsilon$, or with a $C$ that grows. More negatives raise the floor: it is worse.
#
# === BEGIN MARK SCHEME ===
# - 1½ points, a: the three derivatives and the norm (½); $s^2\le N\sum_js_j^2$ with its name (½); one term against the sum,
#   and the lower bound on the norm (½).
# - 1½ points, b: loss written as $-\ln(1-s)$ (½); convexity and the chord through 0 and $s_0$, or the monotone quotient
#   $F(s)/s$, with $s<s_0$ from $\varepsilon<\eta/2$ (½); $\kappa_N<2\ln2<2$ (½).
# - 1½ points, c: an example with its verification (1); names the step that breaks (½).
# - 1½ points, d: $|t_j|\le2C^2$ and the floor with a case of equality (½); a positive lower bound on the gradient (½); the
#   conclusion for Theorem 1, and that the floor grows with $N$ (½).
# - Any correct proof gets full marks. The lecture's proof for $N=1$ copied without the sums: at most 2 points in all.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 7 · `smoothness_constant`
#
# *Difficulty* ●○○○○ · *time* 3 min · 1 point
#
# Gradient descent needs a bound on the curvature. Lemma 3: where the outputs $z$ and $z+z'$ both have norms of at most $C$,
# the loss of one triplet satisfies $\ell(z+z')\le\ell(z)+\nabla\ell(z)\cdot z'+\tfrac12L_{smooth}\lVert z'\rVert^2$ with
# $L_{smooth}\le2+8C^2$. Return the paper's constant $2+8C^2$, for a finite $C>0$.

# %% nbgrader={"grade": false, "grade_id": "smoothness_constant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smoothness_constant(C):
    """The published smoothness constant of the triplet loss for outputs of norm at most C: 2 + 8 C^2.

    C: a finite number > 0, else ValueError. Source: Merad et al. 2020, Lemma 3.
    """
    ### BEGIN SOLUTION
    validate.positive(C=C)
    return 2 + 8 * C**2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_smoothness_constant", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(smoothness_constant)

# %% [markdown]
# ## 8 · `smoothness_sharp` (challenge)
#
# *Difficulty* ●●●○○ · *time* 25 min · 5 points
#
# What is the best constant? It is the largest eigenvalue that the Hessian of $\ell$ (a $3d\times3d$ matrix) takes
# anywhere on the set where $\lVert z_1\rVert,\lVert z_2\rVert,\lVert z_3\rVert\le C$. Return it for dimension $d\ge2$
# (it does not depend on $d$ then), with a relative error of at most $10^{-3}$, for every $C$ from $0.01$ to $1000$.
#
# Ten thousand random points will not do: spread evenly over the set, they miss the maximum by up to 14 % at $C=2$ and
# by about 20 % at $C=5$. The lecture brings the problem down to one variable:
#
# - with $u=z_3-z_2$, $t=z_1\cdot u$, $s=\sigma(t)$: the Hessian is $s\,M+s(1-s)\,g\,g^\top$, where
#   $M=\begin{pmatrix}0&-I&I\\-I&0&0\\I&0&0\end{pmatrix}$ and $g=(u,-z_1,z_1)$;
# - $g$ and $Mg$ span a plane that the Hessian maps to itself. Write down the $2\times2$ matrix (you will need
#   $M^2g=2g$ and $g\cdot Mg=4t$) and its larger eigenvalue, a function of $t$ and of $\lVert g\rVert^2$;
# - which $\lVert g\rVert^2$ is best for a given $t$? Which range of $t$ is possible? What is left is to maximise over
#   $t$, and that may be done numerically.

# %% nbgrader={"grade": false, "grade_id": "smoothness_sharp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smoothness_sharp(C):
    """Largest eigenvalue of the Hessian of zeta(z1.(z3 - z2)) over all z with norms at most C, d >= 2, relative error 1e-3.

    C: a finite number > 0, else ValueError. Source: lecture 08 (sharp form of Merad et al. 2020, Lemma 3).
    """
    ### BEGIN SOLUTION
    validate.positive(C=C)
    # |g|^2 = |u|^2 + 2 |z1|^2 is at most 4 C^2 + 2 C^2, and any t in [-2 C^2, 2 C^2] goes with it: turn z1 against u. Only
    # t >= 0 matters (a negative t has the smaller s), and beyond t = 40 the curvature s (1 - s) is below 1e-17.
    t = np.linspace(0, min(2 * C**2, 40.0), 20001)
    s = 1 / (1 + np.exp(-t))
    bend = s * (1 - s)  # of zeta
    square = 6 * C**2
    return float(np.max(bend * square + np.sqrt((bend * square) ** 2 + 8 * s**2 + 16 * s * bend * t)) / 2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_smoothness_sharp", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(smoothness_sharp)

# %% [markdown]
# **See it.** The two constants, and the clean bound $\sqrt2+\tfrac32C^2$ between them (two lines of proof, in the
# lecture).

# %%
for C in (0.1, 0.5, 1.0, 2.0, 5.0):
    clean = math.sqrt(2) + 1.5 * C**2
    print(f"C = {C:4.1f}   exact {smoothness_sharp(C):8.4f}   clean {clean:8.4f}   published {smoothness_constant(C):8.4f}")

# %% [markdown]
# ## 9 · `train_triplets`
#
# *Difficulty* ●●●○○ · *time* 40 min · 5 points
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
# given `params` unchanged. A history may be a tensor, an array or a list of numbers. `n_steps` may be 0. When one of the recorded numbers is no longer finite, training has
# diverged: raise `ValueError` (with the step in its text, for whoever has to read it). The check repeats your run on other inputs and compares parameters
# and histories.

# %% nbgrader={"grade": false, "grade_id": "train_triplets", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_triplets(params, triplets, lr, n_steps, device):
    """n_steps of full-batch gradient descent on the sum (11), in all matrices, with the histories that the theory is about.

    params = {"A": (m, d_x), "W": [(m, m), ...], "B": (d, m)}; triplets = (x, x_plus, x_minus), each (n, d_x); lr > 0;
    n_steps >= 0; device "cpu" or "cuda". Returns {"params": as given, "objective": (n_steps + 1,), "gradient_norm",
    "smallest_norm", "largest_norm"}. ValueError for what does not fit and when training diverges.
    Source: Merad et al. 2020, Theorem 1.
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

# %% nbgrader={"grade": true, "grade_id": "check_train_triplets", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
check(train_triplets)

# %% [markdown]
# **See it.** Ten random triplets, three widths, and what Lemma 4 certifies on the way.

# %%
from course import plots

generator = torch.Generator().manual_seed(0)
triplets = [F.normalize(torch.randn(10, 5, generator=generator, dtype=torch.float64), dim=1) for _ in range(3)]
print("separation of the 30 inputs:", round(float(separation(torch.cat(triplets))), 3))
figure, (left, right) = plots.panels(2)
for m, colour in zip((32, 128, 512), plots.shades(3), strict=True):
    run = train_triplets(new_network(m, 5, 4, 1, generator), triplets, 2.0 / m, 400, device)
    plots.curves(range(1, 402), {f"m = {m}": run["objective"]}, left, colours=[colour], logx=True, logy=True, xlabel="step + 1")
    plots.curves(range(1, 402), {f"m = {m}": run["gradient_norm"]}, right, colours=[colour], logx=True, logy=True, xlabel="step + 1")
    eps, eta = float(run["gradient_norm"][-1]), float(run["smallest_norm"].min())
    told = f"{lemma4_certificate(eps, eta):.3f}" if eps < eta / 2 else "nothing yet"
    print(f"m = {m:3d}: objective {run['objective'][-1]:.4f}, gradient norm {eps:.4f}, eta {eta:.3f}; Lemma 4 certifies {told}")
left.set_ylabel("objective (11), nats", fontsize=plots.FONT)
right.set_ylabel("norm of the gradient in the outputs", fontsize=plots.FONT)
figure

# %% [markdown]
# ## 10 · `convergence_experiment`
#
# *Difficulty* ●●●●● · *time* 75 min · 6 points
#
# Section 5 of the paper, small enough to be exact. Train an encoder of your choice (a small ReLU network will do) on
# labelled images with a contrastive loss with $N$ negatives, `n_runs` times independently, and record Figures 1 to 3
# along the way.
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
# **Return** a dict of six arrays, for $R$ runs recorded at $T\ge3$ times:
#
# | key | shape | |
# |---|---|---|
# | `"steps"` | (T,) | increasing integers: training steps made so far, the first is 0 |
# | `"embeddings"` | (R, T, n, d) | row $i$ is the embedding of `images[i]` at that time |
# | `"unsupervised"` | (R, T) | $L_{un}^N$ of these embeddings, in nats |
# | `"supervised"` | (R, T) | $L_{sup}^\mu$ of these embeddings, in nats |
# | `"smallest_norm"`, `"largest_norm"` | (R, T) | of the $n$ embeddings |
#
# **How it is checked.** Nothing is believed: the four curves are recomputed from your embeddings and must agree to
# $10^{-5}$ (compute them in float64 from the embeddings you return). Equal images must have equal embeddings (to
# $10^{-5}$), whatever their labels: an encoder sees the image only. Runs must differ, the same `seed` must repeat all
# numbers and another one must not. And it must have learnt: averaged over the runs, $L_{un}^N$ must cover at least a
# third of the way from its first value down to the floor
# $\sum_c\rho_c\,\mathbb E\ln\bigl(1+\mathrm{Bin}(N,\rho_c)\bigr)$, which no embedding can pass. The images are up to
# 90 digits, $N\le30$, $R\le3$; a call has a few seconds (200 to 400 steps of Adam are plenty).
#
# **Exact, how?** For $N=1$ there are $n^3$ terms. For more negatives use the integral of unit 03: with
# $T=e^{v+f(x)\cdot f(y)}$ and $P_x(v)$, $M_x(v)$ the means of $e^{-T}$ over the $y$ in the class of $x$, and of
# $1-e^{-T}$ over all $y$,
#
# $$L_{un}^N=\frac1n\sum_x\int_{-\infty}^\infty P_x(v)\bigl(1-(1-M_x(v))^N\bigr)\,dv,$$
#
# by the trapezoidal rule with step 0.4, from $-\max_yf(x)\cdot f(y)-\ln N-25$ to $4-\min_yf(x)\cdot f(y)$. (Or copy
# your `unsupervised_loss_many` from unit 03.) Where your notebook is graded, `course.experiments` is not available.
#
# `images` (n, channels, height, width) float32, `labels` (n,) integers, any values, at least two different ones;
# `n_negatives` and `n_runs` at least 1, `seed` at least 0, `device` "cpu" or "cuda". Anything else raises
# `ValueError`.

# %% nbgrader={"grade": false, "grade_id": "convergence_experiment", "locked": false, "schema_version": 3, "solution": true, "task": false}
def convergence_experiment(images, labels, n_negatives, n_runs, seed, device):
    """Train n_runs encoders contrastively and record embeddings, exact losses and output norms along training.

    images (n, channels, height, width), labels (n,) integers, N = n_negatives >= 1, n_runs >= 1, seed >= 0, device "cpu" or
    "cuda". Returns {"steps": (T,), "embeddings": (n_runs, T, n, d), "unsupervised", "supervised", "smallest_norm",
    "largest_norm": (n_runs, T)}, T >= 3, losses in nats. ValueError for anything else. Source: Merad et al. 2020, section 5.
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
        unseen = torch.exp(-torch.exp((v[:, None, None] + inner).clamp(max=50)))  # e^-T, axes: node, x, y
        own = (unseen * same).sum(dim=2) / counts[owner]
        loss = 0.4 * (own * (1 - unseen.mean(dim=2) ** n_negatives)).sum() / len(z)
        norms = torch.linalg.vector_norm(z, dim=1)
        return loss, F.cross_entropy(z @ (means @ z).T, owner), norms.min(), norms.max()

    def train(run):
        """Embeddings (T, n, d) of one run."""
        generator = torch.Generator().manual_seed(int(np.random.default_rng((seed, run)).integers(2**62)))
        draw = lambda *shape: torch.randint(len(x), shape, generator=generator)  # noqa: E731
        new = lambda a, b: (math.sqrt(2 / a) * torch.randn(a, b, generator=generator)).to(where).requires_grad_()  # noqa: E731
        weights = [new(x.shape[1], 48), new(48, 8)]
        optimizer, seen = torch.optim.Adam(weights, lr=0.01), []
        for step in range(recorded[-1] + 1):
            z = 0.5 * F.relu(x @ weights[0]) @ weights[1]  # all n at once: there are fewer images than negatives
            if step in recorded:
                seen.append(z.detach().cpu())
            anchors, negatives = draw(32), draw(32, n_negatives)
            positives = torch.multinomial(same[anchors], 1, generator=generator).flatten()
            logits = torch.einsum("bd,bnd->bn", z[anchors], z[negatives] - z[positives].unsqueeze(1))
            loss = F.softplus(logits.logsumexp(dim=1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return torch.stack(seen)

    recorded = (0, 15, 40, 100)
    embeddings = torch.stack([train(run) for run in range(n_runs)])
    curves = torch.tensor([[[float(value) for value in measured(z)] for z in run] for run in embeddings], dtype=torch.float64)
    names = ("unsupervised", "supervised", "smallest_norm", "largest_norm")
    named = {name: curves[:, :, i] for i, name in enumerate(names)}
    return {"steps": torch.tensor(recorded), "embeddings": embeddings, **named}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_convergence_experiment", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
check(convergence_experiment)

# %% [markdown]
# **See it.** Your experiment on 200 digits, with one negative and with 15. Which of the curves may cross, and which
# may not?

# %%
from course import data, plots_convergence

images, labels = data.load_digits()
figure, axes = plots.panels(3)
for ax, n in zip(axes[:2], (1, 15), strict=True):
    found = convergence_experiment(images[:200], labels[:200], n, 3, 0, device)
    p_min = torch.bincount(labels[:200]).min() / 200
    factor = 1 / (1 - (1 - p_min) ** n)
    curves = {"contrastive": found["unsupervised"], "supervised": found["supervised"], "contrastive x factor": factor * found["unsupervised"]}
    plots_convergence.runs(found["steps"], {k: np.asarray(v) for k, v in curves.items()}, ax, title=f"N = {n}", ylabel="nats")
norms = {name: np.asarray(found[name]) for name in ("largest_norm", "smallest_norm")}
plots_convergence.runs(found["steps"], norms, axes[2], title="N = 15", ylabel="norm of an output")
print("trained on", device)
figure

# %% [markdown]
# The full-size experiment, five runs at once, on digits, Fashion-MNIST, MNIST or CIFAR-10:
# `python -m course.experiments figure1 --help`.
#
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to
# bottom here runs where it is graded.
