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
# # Exercise 10 · Sentences and pictures
#
# *Two sentences of one article, a picture and its caption: pairs that nobody labelled.* Read the
# [lecture](../../lectures/10_text_and_images.ipynb) first.
#
# You will draw similar sentences as the theory wants them, measure embeddings on tasks that were never trained for, and write
# the losses of CLIP and SigLIP. Then the questions behind them: what do a loss, a bias, a gap between the modalities leave
# undetermined? At the end you train a CLIP of your own, and it names pictures that it has never been shown.
#
# | | what | time | points |
# |---|---|---|---|
# | 1-2 | `sentence_pairs`, `sentence_blocks` | 25 min | 1 + 2 |
# | 3 | `quick_thoughts_loss` | 20 min | 2 |
# | 4 | `average_kway_accuracy` | 45 min | 3 |
# | 5-7 | `clip_loss`, `zero_shot`, `retrieve` | 45 min | 3 + 2 + 1 |
# | 8 | `proof_recall`, a proof to put in order | 20 min | 2 |
# | 9-10 | `siglip_loss`, `best_bias` | 50 min | 2 + 3 |
# | 11 | how far matching pairs can be from the others | 45 min | 4 by hand |
# | 12-13 | `critic_constant`, `blind_shifts` | 55 min | 3 + 2 |
# | 14 | `topic_posterior` | 35 min | 2 |
# | 15 | `train_clip` | 40 min | 4 |
#
# **Conventions.** Natural logarithm, nats. Row $i$ of `image_z` (B, d) and row $i$ of `text_z` (B, d) belong to one pair; $u_i$
# and $v_i$ are these rows divided by their lengths, which are never 0. Embeddings are floating torch tensors, losses are
# differentiable tensors of shape (), right for scores of $\pm10^4$, and need no Python loop over the batch. `log_scale` is
# $\ln t$: scores are $t\,u_i\cdot v_j$, and training moves the logarithm. Laws and joint laws are numpy arrays. Inputs are
# never changed. Bad input raises `ValueError` and the message quotes what offends; `course.validate` and the first cell have
# most of it in a line:
#
# ```python
# check_articles(articles, at_least=2)                  # a list of tensors of sentence numbers, each long enough
# check_directions(image_z=image_z, text_z=text_z)      # floating (B, d) of one shape, B >= 1, no NaN, no row of zeros
# check_number(log_scale=log_scale)                     # a finite float, or a tensor of shape () that holds one
# validate.batch(a=a)                                   # floating (B, d), B >= 1, no NaN
# validate.joint_law(joint)                             # numpy (S, T), >= 0, sums to 1
# validate.count(minimum=2, k=k)                        # an integer >= 2
# ```
#
# A question that says *transcribe* asks for what the lecture or the text states; everywhere else the formula is yours to
# find. You may call the functions that you wrote earlier in this notebook.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import numpy as np
import torch
import torch.nn.functional as F

from course import check, validate


def check_articles(articles, at_least):
    """ValueError unless articles is a list of one or more int64 tensors (n_i,) with n_i >= at_least."""
    if not isinstance(articles, (list, tuple)) or len(articles) == 0:
        raise ValueError(f"articles must be a list of one or more tensors of sentence numbers, got {articles!r}")
    for i, article in enumerate(articles):
        if not isinstance(article, torch.Tensor) or article.dtype != torch.int64 or article.ndim != 1:
            raise ValueError(f"articles[{i}] must be an int64 tensor of shape (n,), got {article!r}")
        if len(article) < at_least:
            raise ValueError(f"articles[{i}] has {len(article)} sentences, {at_least} are needed: {article!r}")


def check_directions(**tensors):
    """ValueError unless the tensors are floating, of one shape (B, d) with B >= 1, without NaN and without a row of zeros."""
    validate.batch(**tensors)
    for name, rows in tensors.items():
        lengths = torch.linalg.vector_norm(rows.detach(), dim=1)
        if not bool((lengths > 0).all()):
            raise ValueError(f"{name} has a row without a direction, the lengths are {lengths}")


def check_number(**numbers):
    """ValueError unless each is a finite float, or a tensor of shape () that holds one."""
    for name, number in numbers.items():
        value = number.detach() if isinstance(number, torch.Tensor) else number
        if np.shape(value) != () or not math.isfinite(value):
            raise ValueError(f"{name} must be one finite number, got {number!r}")


# %% [markdown]
# ## 1 · `sentence_pairs`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# An article is a class, its sentences are the points. `articles` is a list: `articles[i]` is an int64 tensor (n_i,) with the
# numbers of the training sentences of article $i$, any numbers, all different. What is not in the list is held out or
# belongs elsewhere, and must not be drawn: the numbers of an article have gaps.
#
# Draw `n_pairs` similar pairs, independently of each other. For each: an article, **every article equally likely however
# long it is**; then two *different* sentences of it, every ordered pair equally likely. All chance comes from `generator`:
# its state decides the answer. How you use it is up to you: the check looks at properties of many pairs, not at one stream
# of random numbers.

# %% nbgrader={"grade": false, "grade_id": "sentence_pairs", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sentence_pairs(articles, n_pairs, generator):
    """Similar pairs: numbers of two different sentences of one article in each row, int64 (n_pairs, 2).

    articles: a list of int64 tensors (n_i,), n_i >= 2: the numbers of the sentences of each article; n_pairs >= 1;
    generator: a torch.Generator. ValueError for no article, an article of fewer than two sentences, n_pairs < 1.
    Source: Arora et al. 2019, section 6.
    """
    ### BEGIN SOLUTION
    check_articles(articles, at_least=2)
    validate.count(n_pairs=n_pairs)
    rows = []
    for c in torch.randint(len(articles), (n_pairs,), generator=generator).tolist():
        first = int(torch.randint(len(articles[c]), (1,), generator=generator))
        further = int(torch.randint(1, len(articles[c]), (1,), generator=generator))  # never 0: another sentence
        rows.append(articles[c][[first, (first + further) % len(articles[c])]])
    return torch.stack(rows)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sentence_pairs", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(sentence_pairs)

# %% [markdown]
# ## 2 · `sentence_blocks`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# Now each anchor gets a *block* of `size` positives: sentences of its article whose embeddings will be averaged. Return
# int64 (n_pairs, 1 + size): the anchor's number first, then those of its block. The average of a block should say as much as
# `size` sentences can say about the article, and nothing about the anchor itself: no sentence may occur twice in a row.
#
# Articles as in 1, every article equally likely; within it, every ordered choice that is allowed is equally likely, and every
# row is drawn afresh. Which articles are too short? For `size = 1` this is `sentence_pairs`.

# %% nbgrader={"grade": false, "grade_id": "sentence_blocks", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sentence_blocks(articles, n_pairs, size, generator):
    """Anchors and their blocks: numbers of one article's sentences, int64 (n_pairs, 1 + size), the anchor first.

    articles: a list of int64 tensors (n_i,); n_pairs >= 1; size >= 1 sentences in a block; generator: a torch.Generator.
    ValueError for no article, an article with too few sentences, n_pairs < 1, size < 1.
    Source: Arora et al. 2019, section 6.
    """
    ### BEGIN SOLUTION
    validate.count(n_pairs=n_pairs, size=size)
    check_articles(articles, at_least=size + 1)
    chosen = torch.randint(len(articles), (n_pairs,), generator=generator).tolist()
    return torch.stack([articles[c][torch.randperm(len(articles[c]), generator=generator)[: size + 1]] for c in chosen])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_sentence_blocks", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(sentence_blocks)

# %% [markdown]
# ## 3 · `quick_thoughts_loss`
#
# *Difficulty* ●●○○○ · *time* 20 min · 2 points
#
# Logeswaran and Lee (2018) turn a batch into a question: *which of these sentences goes with sentence $i$?* Row $i$ of `a`
# is an anchor. Its candidates are **all** B rows of `b`, one of them, row $i$, its positive; a candidate's score is the plain
# inner product with the anchor, lengths included, without temperature. The loss is the mean over the anchors of the surprise,
# $-\ln$ of the probability that the softmax of the scores gives to the positive.
#
# `b` may also hold blocks, shape (B, m, d): then each candidate is a *block of m sentences*, and speaks with one voice, its
# average embedding, whether it is the positive or one of the others. Blocks of one sentence must give what (B, d) gives.

# %% nbgrader={"grade": false, "grade_id": "quick_thoughts_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def quick_thoughts_loss(a, b):
    """Mean surprise, in nats, of choosing for each anchor its own candidate among all candidates of the batch.

    a (B, d) anchors; b (B, d) candidates, or (B, m, d) blocks of m >= 1; row i of b belongs to row i of a. Returns a tensor
    of shape (). ValueError for shapes that do not fit, an empty batch or block, NaN. Source: Logeswaran and Lee 2018.
    """
    ### BEGIN SOLUTION
    if b.ndim == 3:
        validate.candidates(a, b=b)
        b = b.mean(dim=1)
    validate.batch(a=a, b=b)
    return F.cross_entropy(a @ b.T, torch.arange(len(a), device=a.device))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_quick_thoughts_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(quick_thoughts_loss)

# %% [markdown]
# ## 4 · `average_kway_accuracy`
#
# *Difficulty* ●●●○○ · *time* 45 min · 3 points
#
# What is an embedding worth on tasks that nobody has thought of yet? A *k-way task* is a set of k **different** classes, all
# such sets equally likely. A classifier is fitted on the training rows of these classes, its accuracy on a task is the share of
# the test rows of these classes that it gets right, where the k classes are the only possible answers. Draw `n_tasks` tasks,
# independently, and return the mean of their accuracies. `seed` decides the draws: the same seed, the same answer. How it does
# that is up to you; the check takes k = all classes, where every draw gives the same task, or compares with the law of the
# accuracy over all sets of classes.
#
# The classifier is
#
# - `"mean"`: the class whose training mean has the largest inner product with the embedding; no offset, lengths included;
# - `"trained"`: the class with the largest score $w_c\cdot z+\beta_c$, with $(w,\beta)$ fitted on the task's training rows: they
#   minimise the mean cross-entropy of the softmax of the scores plus $\frac{0.01}2\sum_c\lVert w_c\rVert^2$. (Take an optimiser that
#   reaches the minimum: L-BFGS, or scikit-learn. The check forgives an accuracy that is off by 0.02.)
#
# `train_z` (n, d), `test_z` (m, d) floating tensors; `train_y` (n,), `test_y` (m,) integer labels, *any* integers. Every class
# must occur in both parts; $2\le k\le$ the number of classes. There are no ties in the check.

# %% nbgrader={"grade": false, "grade_id": "average_kway_accuracy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def average_kway_accuracy(train_z, train_y, test_z, test_y, k, n_tasks, seed, classifier):
    """Mean accuracy over n_tasks random k-way tasks, a number in [0, 1].

    train_z (n, d), test_z (m, d): floating tensors; train_y (n,), test_y (m,): integer labels with the same classes;
    2 <= k <= number of classes; n_tasks >= 1; seed >= 0; classifier "mean" or "trained". ValueError for anything else: another
    name, labels of another length, a class that one part lacks, k too large, NaN. Source: Arora et al. 2019, section 6.
    """
    ### BEGIN SOLUTION
    validate.batch(train_z=train_z)
    validate.batch(test_z=test_z)
    validate.count(minimum=2, k=k)
    validate.count(n_tasks=n_tasks)
    validate.count(minimum=0, seed=seed)
    if train_y.shape != train_z.shape[:1] or test_y.shape != test_z.shape[:1] or train_z.shape[1] != test_z.shape[1]:
        shapes = [tuple(x.shape) for x in (train_z, train_y, test_z, test_y)]
        raise ValueError(f"need (n, d), (n,), (m, d), (m,), got {shapes}")
    classes = torch.unique(train_y)
    if not torch.equal(classes, torch.unique(test_y)) or k > len(classes):
        raise ValueError(f"k = {k} of the classes {classes.tolist()}, tested on {torch.unique(test_y).tolist()}")
    if classifier not in ("mean", "trained"):
        raise ValueError(f"classifier must be 'mean' or 'trained', got {classifier!r}")

    def trained(z, y):
        """Weights (k, d) and offsets (k,) of the softmax regression."""
        w, beta = z.new_zeros(k, z.shape[1]).requires_grad_(), z.new_zeros(k).requires_grad_()
        optimizer = torch.optim.LBFGS([w, beta], max_iter=200, tolerance_grad=1e-6, line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(z @ w.T + beta, y) + 0.005 * w.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        return w.detach(), beta.detach()

    train_z, test_z = train_z.detach().double(), test_z.detach().double()
    rng, accuracies = np.random.default_rng(seed), []
    for _ in range(n_tasks):
        task = classes[torch.from_numpy(np.sort(rng.permutation(len(classes))[:k]))]
        seen, asked = torch.isin(train_y, task), torch.isin(test_y, task)
        y, wanted = torch.searchsorted(task, train_y[seen]), torch.searchsorted(task, test_y[asked])  # 0 .. k - 1
        if classifier == "mean":
            w, beta = torch.stack([train_z[seen][y == c].mean(dim=0) for c in range(k)]), 0.0
        else:
            w, beta = trained(train_z[seen], y)
        accuracies.append(float(((test_z[asked] @ w.T + beta).argmax(dim=1) == wanted).double().mean()))
    return float(np.mean(accuracies))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_average_kway_accuracy", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(average_kway_accuracy)

# %% [markdown]
# ## 5 · `clip_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 3 points · *transcribe*
#
# Radford et al. (2021): with the scores $s_{ij}=t\,u_i\cdot v_j$, where $\ln t$ is `log_scale`, each image asks for its text
# among the B texts, and each text for its image among the B images,
#
# $$L=\frac12\Bigl[-\frac1B\sum_i\ln\frac{e^{s_{ii}}}{\sum_je^{s_{ij}}}-\frac1B\sum_j\ln\frac{e^{s_{jj}}}{\sum_ie^{s_{ij}}}\Bigr].$$
#
# `log_scale` is a number or a tensor of shape (), and may need a gradient.

# %% nbgrader={"grade": false, "grade_id": "clip_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def clip_loss(image_z, text_z, log_scale):
    """Symmetric contrastive loss of B pairs, in nats: a tensor of shape ().

    image_z, text_z (B, d), rows of any length but 0, row i of both is a pair; log_scale: a finite number or a tensor of
    shape (). ValueError for unequal shapes, an empty batch, NaN, a row of zeros. Source: Radford et al. 2021, figure 3.
    """
    ### BEGIN SOLUTION
    check_directions(image_z=image_z, text_z=text_z)
    check_number(log_scale=log_scale)
    scale = torch.as_tensor(log_scale, dtype=image_z.dtype, device=image_z.device).exp()
    scores = scale * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T
    own = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_clip_loss", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(clip_loss)

# %% [markdown]
# ## 6 · `zero_shot`
#
# *Difficulty* ●●○○○ · *time* 20 min · 2 points
#
# A classifier made of words: "a photo of a cat", "a drawing of a cat", "my cat". `class_text_z` (C, P, d) holds the embeddings of
# P prompts for each of C classes, `image_z` (n, d) the images. Make of the P prompts of a class *one direction*, and give each
# image to the class whose direction has the largest cosine with it. Two rules fix how:
#
# - A prompt counts by what it says, not by how loudly: every prompt of a class has the same influence on the class's direction,
#   whatever the length of its embedding.
# - No class gains because its prompts agree more with each other than another's.
#
# Return int64 (n,), class numbers from 0. What if the prompts of a class cancel?

# %% nbgrader={"grade": false, "grade_id": "zero_shot", "locked": false, "schema_version": 3, "solution": true, "task": false}
def zero_shot(image_z, class_text_z):
    """Class of each image by the words of P prompts a class, int64 (n,).

    image_z (n, d); class_text_z (C, P, d), C, P >= 1; both floating, rows of any length but 0. ValueError for shapes that do not
    fit, NaN, a row of zeros, and where the prompts of a class leave no direction (a mean shorter than 1e-6).
    Source: Radford et al. 2021, section 3.1.
    """
    ### BEGIN SOLUTION
    check_directions(image_z=image_z)
    validate.floating("class_text_z", class_text_z)
    if class_text_z.ndim != 3 or class_text_z.shape[2] != image_z.shape[1] or 0 in class_text_z.shape:
        raise ValueError(f"class_text_z must be (C, P, {image_z.shape[1]}), got {tuple(class_text_z.shape)}")
    check_directions(class_text_z=class_text_z.flatten(0, 1))
    mean = F.normalize(class_text_z, dim=2).mean(dim=1)
    lengths = torch.linalg.vector_norm(mean, dim=1)
    if not bool((lengths > 1e-6).all()):
        raise ValueError(f"the prompts of a class cancel: their means have the lengths {lengths}")
    return (image_z @ (mean / lengths[:, None]).T).argmax(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_zero_shot", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(zero_shot)

# %% [markdown]
# ## 7 · `retrieve`
#
# *Difficulty* ●○○○○ · *time* 10 min · 1 point · *transcribe*
#
# Search, in either direction: for each row of `query_z` (n, d) the places of the k rows of `gallery_z` (m, d) with the largest
# cosine, the largest first: int64 (n, k). No ties occur. $1\le k\le m$.

# %% nbgrader={"grade": false, "grade_id": "retrieve", "locked": false, "schema_version": 3, "solution": true, "task": false}
def retrieve(query_z, gallery_z, k):
    """Places in the gallery of the k rows most similar to each query, best first, int64 (n, k).

    query_z (n, d), gallery_z (m, d): floating, rows of any length but 0; 1 <= k <= m. ValueError for anything else.
    """
    ### BEGIN SOLUTION
    check_directions(query_z=query_z)
    check_directions(gallery_z=gallery_z)
    validate.count(k=k)
    if query_z.shape[1] != gallery_z.shape[1] or k > len(gallery_z):
        raise ValueError(f"k = {k} of a gallery {tuple(gallery_z.shape)} for queries {tuple(query_z.shape)}")
    return (query_z @ F.normalize(gallery_z, dim=1).T).topk(k, dim=1).indices
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_retrieve", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(retrieve)

# %% [markdown]
# ## 8 · `proof_recall`: a proof in order
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# A loss is a number in nats; a search is good when it finds. B images look for their texts among the same B texts with scores
# $s_{ij}$ (no ties). Let $p_{ij}=e^{s_{ij}}/\sum_me^{s_{im}}$, let $\ell_i=-\ln p_{ii}$ and $L=\frac1B\sum_i\ell_i$ be the loss
# from images to texts, and let $R_k$ be the share of images whose text is among the k texts with the highest scores ("recall at
# k", $1\le k<B$).
#
# **Claim.** $R_k\ge1-\dfrac{L}{\ln(k+1)}$.
#
# Below stand the lines of a proof, shuffled, and false ones among them. Give the labels of the true lines, in an order in which
# each line uses only lines above it. The answer is a list of labels, such as `["A", "B"]`.
#
# - **A** $L\ge(1-R_k)\ln(k+1)$: drop the images that are found from the sum, and bound those that are missed.
# - **B** If the text of image $i$ is missed, at least $k+1$ of the numbers $p_{i1},\dots,p_{iB}$ are as large as $p_{ii}$, itself
#   included.
# - **C** If the text of image $i$ is missed, then $p_{ii}\le\frac1{k+1}$.
# - **D** Divide by $\ln(k+1)>0$ and solve for $R_k$: the claim.
# - **E** $\ell_i\ge0$ for every image, since $p_{ii}\le1$.
# - **F** If the text of image $i$ is missed, at least k other texts have a higher score for image $i$ than its own.
# - **G** If the text of image $i$ is missed, then $p_{ii}\le\frac1B$: it is less likely than the average text.
# - **H** $p_{i1}+\dots+p_{iB}=1$, and all are positive.
# - **J** If the text of image $i$ is found, then $\ell_i<\ln(k+1)$.
# - **K** The share of images that are missed is $1-R_k$.
# - **M** If the text of image $i$ is missed, then $\ell_i\ge\ln(k+1)$.
# - **P** $L\ge\ln(k+1)$ as soon as one image is missed.

# %%
from course import arrange

arrange("proof_recall")  # drag lines into the frame, or use the buttons; paste the list that stands below it

# %% nbgrader={"grade": false, "grade_id": "proof_recall", "locked": false, "schema_version": 3, "solution": true, "task": false}
proof_recall = None
### BEGIN SOLUTION
proof_recall = ["F", "B", "H", "C", "M", "E", "K", "A", "D"]
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check_proof_recall", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(proof_recall, "proof_recall")

# %% [markdown]
# ## 9 · `siglip_loss`
#
# *Difficulty* ●●○○○ · *time* 15 min · 2 points
#
# Zhai et al. (2023) ask another question. Not "which of these texts?" but, for every one of the $B^2$ combinations of an image
# and a text in the batch on its own, "do these two belong together?" The probability of *yes* is $\sigma(t\,u_i\cdot v_j+b)$ with
# a bias $b$, and *yes* is right where $i=j$. Return the surprise at the right answers, in nats, summed over the questions **per
# image**: the mean over the images of the sum over the texts.
#
# `log_scale` and `bias` are numbers or tensors of shape (), and may need gradients.

# %% nbgrader={"grade": false, "grade_id": "siglip_loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def siglip_loss(image_z, text_z, log_scale, bias):
    """Sigmoid loss of B pairs, in nats per image: a tensor of shape ().

    image_z, text_z (B, d), rows of any length but 0, row i of both is a pair; log_scale, bias: finite numbers or tensors of
    shape (). ValueError for unequal shapes, an empty batch, NaN, a row of zeros. Source: Zhai et al. 2023.
    """
    ### BEGIN SOLUTION
    check_directions(image_z=image_z, text_z=text_z)
    check_number(log_scale=log_scale, bias=bias)
    scale = torch.as_tensor(log_scale, dtype=image_z.dtype, device=image_z.device).exp()
    logits = scale * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T + bias
    signs = 2 * torch.eye(len(logits), dtype=logits.dtype, device=logits.device) - 1
    return -F.logsigmoid(signs * logits).sum() / len(logits)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_siglip_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(siglip_loss)

# %% [markdown]
# ## 10 · `best_bias`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# The lecture finds the bias that belongs to the *best* critic. But training starts, and often ends, with another one. Pairs are
# independent draws from a joint law (S, T) of images and texts, B of them make a batch, and `scores` (S, T) holds any finite
# scores $t\,u_x\cdot v_y$. Which bias makes the *expected* sigmoid loss of a batch smallest?
#
# In a batch, an image meets its own text once, and the texts of other pairs, which are drawn without looking at it (they may even
# be the same text: it still counts as *no*). Write the expected loss as a function of $b$, take its derivative, and read what it
# says: there is a number that the best bias gets right on average, whatever the scores are. There is a closed form for special
# scores only; in general find the zero, to $10^{-9}$. Between which two numbers must it lie? The scores of one question may
# differ by up to 20.

# %% nbgrader={"grade": false, "grade_id": "best_bias", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_bias(joint, scores, n_pairs):
    """The bias with the smallest expected sigmoid loss for given scores, in nats, a number.

    joint (S, T): a joint law; scores (S, T): finite numbers; n_pairs B >= 2: pairs in a batch, independent draws from joint.
    ValueError for what is no law, scores of another shape or not finite, n_pairs < 2. Source of the loss: Zhai et al. 2023.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    validate.count(minimum=2, n_pairs=n_pairs)
    joint, scores = np.asarray(joint, dtype=float), np.asarray(scores, dtype=float)
    if scores.shape != joint.shape or not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite, of the shape {joint.shape} of joint, got {scores!r}")
    others = (n_pairs - 1) * np.outer(joint.sum(axis=1), joint.sum(axis=0))

    def expected_yes(bias):
        """Expected number of questions per image that are answered by yes: 1 at the best bias."""
        return ((joint + others) * np.exp(-np.logaddexp(0, -(scores + bias)))).sum()

    low, high = -math.log(n_pairs - 1) - scores.max(), -math.log(n_pairs - 1) - scores.min()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if expected_yes(middle) < 1 else (low, middle)
    return (low + high) / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_best_bias", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(best_bias)

# %% [markdown]
# ## 11 · `derive_separation`: how far can matching pairs be from the others?
#
# *Difficulty* ●●●●○ · *time* 45 min · 4 points · read by a person
#
# $u_1,\dots,u_n$ and $v_1,\dots,v_n$ are unit vectors, $n\ge2$. Let $\alpha=\frac1n\sum_iu_i\cdot v_i$ be the mean cosine of the
# matching pairs and $\beta=\frac1{n(n-1)}\sum_{i\ne j}u_i\cdot v_j$ that of all others; $\bar u$, $\bar v$ are the means. No
# dimension is given.
#
# a. Show $\ n(\alpha-\bar u\cdot\bar v)=\sum_i(u_i-\bar u)\cdot(v_i-\bar v)$ and conclude $\alpha-\beta\le\dfrac n{n-1}$.
#    (Lee, Lim, Lee and Sohn, 2025.)
#
# b. When does equality hold? Describe these batches, and say which dimensions have room for one.
#
# c. So $\beta<-\frac1{n-1}$ is possible, but it has a price: which? Give unit vectors with $\beta=-1$, and $\alpha$ for them.
#
# d. The softmax loss from images to texts, with $s_{ij}=t\,u_i\cdot v_j$, $t>0$: show $L\ge\ln\bigl(1+(n-1)e^{-tn/(n-1)}\bigr)$ for all unit
#    vectors, and for which batches of b. equality holds. Now the sigmoid loss with scale $t$ and a bias $b$ that is stuck at a large
#    value: compare, for $n\ge3$, the batches of b with your vectors of c as $b\to\infty$. Which is better, by how many nats? What is
#    lost?

# %% [markdown] nbgrader={"grade": true, "grade_id": "derive_separation", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **a.** Multiply out: $\sum_i(u_i-\bar u)\cdot(v_i-\bar v)=\sum_iu_i\cdot v_i-n\bar u\cdot\bar v-n\bar u\cdot\bar v+n\bar u\cdot\bar v
# =n\alpha-n\,\bar u\cdot\bar v$. For two vectors $a\cdot b\le\frac12(\lVert a\rVert^2+\lVert b\rVert^2)$, so the sum is at most
# $\frac12\sum_i(\lVert u_i-\bar u\rVert^2+\lVert v_i-\bar v\rVert^2)=\frac12(n-n\lVert\bar u\rVert^2+n-n\lVert\bar v\rVert^2)\le n$.
# Further $n^2\,\bar u\cdot\bar v=\sum_{i,j}u_i\cdot v_j=n\alpha+n(n-1)\beta$. Hence
# $n\alpha-\alpha-(n-1)\beta=(n-1)(\alpha-\beta)\le n$.
#
# **b.** Both inequalities must be equalities: $u_i-\bar u=v_i-\bar v$ for all $i$, and $\bar u=\bar v=0$. So $u_i=v_i$ for all $i$ and
# $\sum_iu_i=0$: perfect alignment ($\alpha=1$) and a centred batch; then $\beta=-\frac1{n-1}$. Conversely any such batch has
# equality. Dimension 1 has room for even $n$ ($\pm1$ equally often), $d\ge2$ for every $n$ (a regular $n$-gon). The single cosines
# need not be equal: that is asked only by the losses.
#
# **c.** By a., $\alpha\le\beta+\frac n{n-1}<1$: matching pairs are no longer perfectly aligned. $\beta=-1$: every $u_i\cdot v_j=-1$ for $i\ne j$,
# for instance $u_i=e$, $v_i=-e$ for all $i$ (for $n\ge3$ the only way, up to the choice of $e$). Then $\alpha=-1$ as well.
#
# **d.** $\ell_i=\ln\bigl(1+\sum_{j\ne i}e^{s_{ij}-s_{ii}}\bigr)$. The function $(x_1,\dots,x_{n-1})\mapsto\ln(1+\sum e^{x_j})$ is convex and
# symmetric, so at each anchor it is at least its value at the mean of the $x_j$, and (the function $x\mapsto\ln(1+(n-1)e^x)$ is convex)
# the mean over the anchors is at least the value at the mean of all, which is $t(\beta-\alpha)\ge-\frac{tn}{n-1}$; the function
# increases. Equality needs equal differences $u_i\cdot v_j-u_i\cdot v_i$ for all $i\ne j$: of the batches of b. the regular simplex
# ($u_i\cdot u_j=-\frac1{n-1}$ for all $i\ne j$) attains it. (It needs $d\ge n-1$.)
#
# Sigmoid loss per image: $\zeta(-(ts_{+}+b))+(n-1)\zeta(ts_-+b)$ with $\zeta(x)=\ln(1+e^x)$, cosines $s_\pm$. As $b\to\infty$ the first term
# goes to 0 and $\zeta(x)-x\to0$. Simplex, or any batch of b. up to terms that vanish: $(n-1)\bigl(b-\frac t{n-1}\bigr)$. Antipodal: $(n-1)(b-t)$. So the
# antipodal batch is better by $(n-1)t-t=(n-2)t$ nats, which is positive for $n\ge3$. What is lost is everything: all scores are equal, no
# text can be told from another, the softmax loss is $\ln n$, chance. A bias near $-\ln(n-1)$ prevents that.
#
# === BEGIN MARK SCHEME ===
# - 1 point, a: the identity (½); the bound with both steps and the conclusion (½).
# - 1 point, b: aligned and centred, from the two equalities (½); converse or dimensions (½).
# - ½ point, c: the price, $\alpha\le\beta+\frac n{n-1}$, and vectors with $\beta=-1$, $\alpha=-1$.
# - 1½ points, d: convexity over candidates and over anchors, monotone, equality for the simplex (½); the limit of the sigmoid loss for both, $(n-2)t$ (½); what
#   is lost (½).
# - Any correct argument gets full marks.
# === END MARK SCHEME ===
# ### END SOLUTION

# %% [markdown]
# ## 12 · `critic_constant`
#
# *Difficulty* ●●●●○ · *time* 35 min · 3 points
#
# Take an encoder that can produce every score matrix $s$ (S, T) for S images and T texts, entries in $[-\infty,\infty)$, and as many
# negatives as you like: the loss from images to texts is
#
# $$L_\to(s)=\mathbb E_{(x,y)\sim p}\bigl[-s(x,y)+\ln\mathbb E_{y'}e^{s(x,y')}\bigr],$$
#
# with $y'$ drawn from the law of the texts; $L_\leftarrow$ is the same from texts to images, and $L_\to+L_\leftarrow$ the symmetric
# loss. Two searchers may minimise one of these losses and still not have the same scores. *How many numbers can still be chosen
# freely?* Return three integers: for $L_\to$, for $L_\leftarrow$, and for $L_\to+L_\leftarrow$.
#
# The lecture answers the third question for a joint law without zeros. Here `joint` (S, T) may have zeros (some pictures never
# come with some texts), and there every best score is $-\infty$. What does $-\infty$ plus a constant do? Try a joint law of two
# blocks. Every image and every text occurs with positive probability, and everything from 0.000001 on counts as positive.

# %% nbgrader={"grade": false, "grade_id": "critic_constant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def critic_constant(joint):
    """How many free numbers the best critics have: (image to text, text to image, both), three integers.

    joint (S, T): a joint law, zeros allowed, no row and no column of zeros. ValueError for anything else.
    """
    ### BEGIN SOLUTION
    validate.joint_law(joint)
    joint = np.asarray(joint, dtype=float)
    occurs = joint > 0
    if not (occurs.any(axis=1).all() and occurs.any(axis=0).all()):
        raise ValueError(f"every image and every text must occur, the marginals are {joint.sum(axis=1)}, {joint.sum(axis=0)}")
    # PMI + a(x) = PMI + b(y) wherever (x, y) occurs: one constant for each connected part of the graph of what occurs
    part = np.arange(len(occurs))
    for column in occurs.T:
        part[np.isin(part, part[column])] = part[column].min()
    return len(occurs), occurs.shape[1], len(np.unique(part))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_critic_constant", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(critic_constant)

# %% [markdown]
# ## 13 · `blind_shifts`
#
# *Difficulty* ●●●○○ · *time* 20 min · 2 points
#
# Images and texts of a trained CLIP lie in two separate clouds: the *modality gap*. Can a loss see it? Let the scores be plain inner
# products $s_{ij}=u_i\cdot v_j$ of given images `image_z` (n, d), as they are, and any n texts. Move all texts by one vector $w$. The
# loss from images to texts does not change, for any $w$ (why?). The symmetric loss does not change either for *some* $w$, whatever
# the texts are. These $w$ form a linear space: return the matrix (d, d) of the orthogonal projection onto it.
#
# What does the shift add to $s_{ij}$, and what may be added to the scores of a text without its softmax noticing? In the check the
# images are as independent as their number allows: no singular value that should count is below $10^{-3}$ of the largest.

# %% nbgrader={"grade": false, "grade_id": "blind_shifts", "locked": false, "schema_version": 3, "solution": true, "task": false}
def blind_shifts(image_z):
    """Orthogonal projection onto the shifts of all texts that the symmetric loss never notices, (d, d).

    image_z (n, d), floating, n >= 1, taken as they are. ValueError for another form, an empty batch, NaN.
    """
    ### BEGIN SOLUTION
    validate.batch(image_z=image_z)
    # w adds u_i.w to the scores of image i for every text: no text notices if that is one number for all images
    differences = image_z[1:] - image_z[0]
    seen = torch.linalg.pinv(differences, rtol=1e-6) @ differences  # projection onto the span of the differences
    return torch.eye(image_z.shape[1], dtype=image_z.dtype, device=image_z.device) - seen
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_blind_shifts", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(blind_shifts)

# %% [markdown]
# ## 14 · `topic_posterior`
#
# *Difficulty* ●●●●○ · *time* 35 min · 2 points
#
# Tosh, Krishnamurthy and Hsu (2021): a text has a hidden *topic* $k$, drawn from `topics` (K,). Given the topic its two halves are
# independent: the first half $x$ is one of S, the second half is one of T *landmarks* $l$, with the probabilities `landmarks` (K, T),
# one row a topic. Somebody has trained a critic on pairs (first half, second half) to its optimum, with the loss from first to
# second halves only, and gives you its scores `critic` (S, T). You do not know how often each first half has which topic: the
# critic knows. Return the posterior probabilities $P(k\mid x)$, (S, K).
#
# The lecture writes what the best scores are for such a pair. What is linear in the posterior, and what does a loss that looks in
# one direction leave free? The scores may be anywhere between $-10^4$ and $10^4$. If the landmarks cannot tell the topics
# apart (the K rows are linearly dependent; in the check clearly so, or clearly not), raise `ValueError`. Rounding may leave a
# probability a little below 0: leave it.

# %% nbgrader={"grade": false, "grade_id": "topic_posterior", "locked": false, "schema_version": 3, "solution": true, "task": false}
def topic_posterior(critic, topics, landmarks):
    """Posterior probabilities of the topics given each first half, (S, K), from a critic that is trained to its optimum.

    critic (S, T): finite scores, S >= 1, best for the loss from first halves to landmarks; topics (K,): a law without zeros;
    landmarks (K, T): row k is the law of the landmark given topic k. ValueError for anything else, for a landmark that never
    occurs, and for topics that the landmarks cannot tell apart. Source: Tosh et al. 2021.
    """
    ### BEGIN SOLUTION
    validate.world(topics, landmarks)
    critic, topics, landmarks = (np.asarray(x, dtype=float) for x in (critic, topics, landmarks))
    if critic.ndim != 2 or critic.shape[1] != landmarks.shape[1] or len(critic) == 0 or not np.isfinite(critic).all():
        raise ValueError(f"critic must hold finite scores (S, {landmarks.shape[1]}), got {critic!r}")
    law = topics @ landmarks
    if law.min() <= 0 or np.linalg.matrix_rank(landmarks, tol=1e-7) < len(topics):
        raise ValueError(f"the landmarks, of probabilities {law}, do not tell the {len(topics)} topics apart: {landmarks}")
    # e^s is a row constant times sum_k P(k | x) P(l | k) / P(l); the probabilities of a row sum to 1
    weights = np.exp(critic - critic.max(axis=1, keepdims=True)) * law @ np.linalg.pinv(landmarks)
    return weights / weights.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_topic_posterior", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(topic_posterior)

# %% [markdown]
# ## 15 · `train_clip`
#
# *Difficulty* ●●●○○ · *time* 40 min · 4 points
#
# The experiment. Handwritten digits in six colours, each with a caption such as "somebody wrote a blue seven". Some combinations of
# digit and colour are withheld: in training nobody sees a yellow three or reads of one. Train a CLIP; afterwards it shall name yellow
# threes among all sixty combinations, by words alone. `course.captions` has what is not the point here:
#
# ```python
# image_tower, text_tower = make_towers(seed)            # two small networks: images (n, 3, 8, 8), tokens (n, 8) -> (n, 32)
# for x, words in pair_batches(images, tokens, seed, n_steps=60, device=device):
#     ...                                                # 60 batches of 64 pairs (all, if fewer)
# state = snapshot(tower)                                # a copy of the parameters as they are now: name -> tensor
# ```
#
# Train both towers and `log_scale`, which starts at $\ln10$, with your `clip_loss` and an optimiser of your choice (no weight decay,
# one gradient per step); as many steps as you like. Return a **list of three states**: before the first step, after the first step, and
# at the end. Each is a dict `{"image": snapshot, "text": snapshot, "log_scale": number}`. `seed` fixes everything.
#
# **How it is audited.** Nothing is believed; the grader computes from your states, and calls your function with about 300 pairs.
#
# - The first state is `make_towers(seed)` and $\ln10$.
# - The first step goes against the gradient of the symmetric loss on the first batch of `pair_batches(images, tokens, seed, ...)`, with its
#   64 pairs, in both towers and in `log_scale`: each number moves against the sign of its derivative (all sane optimisers start like that).
# - At the end the towers name handwriting that they have not seen, in combinations that were never shown, by `zero_shot` with all six
#   captions of each of the 60 combinations: at least 30 % must be right (chance is 1.7 %; 60 steps of Adam reach 70 %).
# - The same call again gives the same states; another seed gives others.
#
# Images that are not (n, 3, 8, 8) with n ≥ 2, or tokens that are not (n, 8), raise. Keep a call below 2 s.

# %% nbgrader={"grade": false, "grade_id": "setup_experiment", "locked": true, "schema_version": 3, "solution": false, "task": false}
from course.captions import make_towers, painted_digits, pair_batches
from course.training import snapshot


# %% nbgrader={"grade": false, "grade_id": "train_clip", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_clip(images, tokens, seed, device):
    """States of a CLIP before the first step, after it and at the end.

    images (n, 3, 8, 8) float, n >= 2; tokens (n, 8) int64; seed: int; device: "cpu", "cuda" or a torch.device. Returns a list of
    three dicts {"image": name -> parameter, "text": name -> parameter, "log_scale": number}. ValueError for shapes that do not fit.
    """
    ### BEGIN SOLUTION
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, 8, 8) or len(images) < 2:
        raise ValueError(f"images must have shape (n, 3, 8, 8) with n >= 2, got {tuple(images.shape)}")
    if tuple(tokens.shape) != (len(images), 8):
        raise ValueError(f"tokens must have shape ({len(images)}, 8), got {tuple(tokens.shape)}")
    towers = [tower.to(device) for tower in make_towers(seed)]
    log_scale = torch.tensor(math.log(10), device=device, dtype=torch.float32, requires_grad=True)
    state = lambda: {"image": snapshot(towers[0]), "text": snapshot(towers[1]), "log_scale": log_scale.item()}  # noqa: E731
    optimizer = torch.optim.Adam([*towers[0].parameters(), *towers[1].parameters(), log_scale], lr=1e-2)
    n_steps, states = 60, [state()]
    for step, (x, words) in enumerate(pair_batches(images, tokens, seed, n_steps, device=device)):
        loss = clip_loss(towers[0](x), towers[1](words), log_scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step in (0, n_steps - 1):
            states.append(state())
    return states
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check_train_clip", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(train_clip)

# %% [markdown]
# The check above only sees that your function runs and refuses bad input; the grader audits. What has your CLIP learnt? (Not graded:
# zero-shot accuracy on unseen handwriting, for combinations that were shown and for those that were not.)

# %%
from course import solved
from course.captions import COLOURS, DIGITS, TEMPLATES, caption, outputs, tokenize

if solved(train_clip, zero_shot):
    withheld = [(digit, (5 * digit + 1) % 6) for digit in range(10)]  # one colour of each digit
    images, tokens, _, _ = painted_digits(600, 0, withheld=withheld)
    towers = make_towers(0)
    combinations = [(d, c) for d in range(len(DIGITS)) for c in range(len(COLOURS))]
    prompts = torch.stack([tokenize([caption(d, c, t) for t in range(len(TEMPLATES))]) for d, c in combinations])
    for name, state in zip(("at the start", "after a step", "at the end"), train_clip(images, tokens, 0, "cpu"), strict=True):
        for tower, part in zip(towers, ("image", "text"), strict=True):
            tower.load_state_dict(state[part])
        class_z = outputs(towers[1], prompts.flatten(0, 1)).unflatten(0, prompts.shape[:2])
        for only, what in ((False, "shown"), (True, "never shown")):
            x, _, digit, colour = painted_digits(300, 1, withheld=withheld, only=only, test=True)
            right = zero_shot(outputs(towers[0], x), class_z) == 6 * digit + colour
            print(f"{name}: {what} combinations {right.double().mean():.3f}")

# %% [markdown]
# ---
# Done? Restart the kernel and run all cells once (*Run → Restart Kernel and Run All Cells*): what runs from top to bottom
# here, runs in the grader. Grade it yourself on hidden inputs with
#
# ```
# python -m autograder grade work/exercises/10_text_and_images/10_text_and_images.ipynb
# ```
#
# Then compare what you wrote with a model answer and the way in which its points are given: in a new cell,
#
# ```python
# from course import solution
#
# solution("derive_separation")
# ```
#
# The START page, with which `make lab` began (menu *Help*), keeps count, and opens the whole solution.
