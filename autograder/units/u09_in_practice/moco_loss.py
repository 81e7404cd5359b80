"""moco_loss: what its check looks at.

The value does not show whether the key is detached, so value and gradients are compared together (driver "slopes"). Blind
spots to keep out: temperature 1, rows of length 1, a queue as long as the batch.
"""

import math

import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, batch, needs, positive
from autograder.author.draw import larger_sizes, tensor, unit_rows

exercise = Exercise(
    "moco_loss",
    refuses=(
        positive("temperature"),
        batch(query="the query", key="the key"),
        needs(
            "queue.ndim == 2 and len(queue) > 0 and queue.shape[1] == query.shape[1]",
            {
                "an empty queue": {"queue": lambda queue: queue[:0]},
                "a queue of another dimension": {"queue": lambda queue: F.normalize(queue[:, :-1], dim=1)},
            },
        ),
        needs(
            "((torch.linalg.vector_norm(queue, dim=1) - 1).abs() < 2e-3).all()",
            {
                "queue rows of length 1.1": {"queue": lambda queue: 1.1 * queue},
                "NaN in the queue": {"queue": lambda queue: queue * float("nan")},
            },
        ),
    ),
    hints={
        "values": (
            "The answer is compared with its gradients: which of the three tensors may have one?",
            "(B, 1 + K) logits: the own key first, then the queue; cross-entropy with which class?",
            "`F.normalize` both, `key.detach()`, `torch.cat`, divide by the temperature, class 0 for every row.",
        ),
        "stability": (
            "At temperature 0.001 logits reach 1000. Does your code take exponentials by itself?",
            "`F.cross_entropy` or `logsumexp`.",
        ),
        "bad input": ('`validate.batch`, `validate.positive`, `check_unit_rows(queue, "queue")`, and the dimensions.',),
    },
)


def drawn(rng, b, k, d, dtype=torch.float64):
    anchor = tensor(rng, b, d)
    near = anchor + 0.8 * tensor(rng, b, d)
    return (1.7 * anchor).to(dtype), near.to(dtype), unit_rows(rng, k, d, dtype=dtype)


@exercise.cases
def cases(rng):
    for b, k, d, t in ((3, 4, 2, 0.5), (1, 2, 4, 0.07), (4, 2, 3, 1.5)):
        yield Case(f"B = {b}, K = {k}, d = {d}, temperature {t}", (*drawn(rng, b, k, d), t), drive="slopes", rtol=1e-7)
    yield Case("float32", (*drawn(rng, 2, 3, 2, torch.float32), 0.4), drive="slopes", rtol=1e-4)
    query, key, queue = drawn(rng, 2, 3, 3)
    yield Case("temperature 0.001", (query, key, queue, 1e-3), part="stability", rtol=1e-7)
    yield from exercise.bad_inputs(query, key, queue, 0.3)
    b, k, d = larger_sizes(rng, 3)
    args = (*drawn(rng, b, k, d), float(rng.uniform(0.1, 0.9)))
    yield Case("a larger batch", args, drive="slopes", rtol=1e-7, public=False)


def first_of(logits):
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long), reduction="none")


def without_own(logits):
    return logits[:, 1:].logsumexp(dim=1) - logits[:, 0]


def by_arange(logits):
    """Query i has class i, as where the keys of the batch are the candidates."""
    rows = torch.arange(len(logits))
    return logits.logsumexp(dim=1) - logits[rows, rows % logits.shape[1]]


def quotient(logits):
    weights = torch.exp(logits)
    return -torch.log(weights[:, 0] / weights.sum(dim=1))


def own_and_queue(query, key, queue):
    return torch.cat([(query * key).sum(dim=1, keepdim=True), query @ queue.T], dim=1)


def all_keys(query, key, queue):
    """The other images' keys are candidates too."""
    cosines = query @ key.T
    others = cosines[~torch.eye(len(key), dtype=torch.bool)].view(len(key), len(key) - 1)
    return torch.cat([cosines.diagonal()[:, None], others, query @ queue.T], dim=1)


def pushed_first(query, key, queue):
    return own_and_queue(query, key, torch.cat([queue, key]))


def heat_all(logits, t):
    return logits / t


def heat_negatives(logits, t):
    return torch.cat([logits[:, :1], logits[:, 1:] / t], dim=1)


@exercise.formula
def moco_loss(
    query,
    key,
    queue,
    temperature,
    *,
    scaled=lambda rows: F.normalize(rows, dim=1),
    online=lambda query: query,
    target=lambda key: key.detach(),
    stored=lambda queue: queue.detach(),
    candidates=own_and_queue,
    heated=heat_all,
    cost=first_of,
    pool=torch.mean,
):
    logits = candidates(scaled(online(query)), scaled(target(key)), stored(queue))
    return pool(cost(heated(logits, temperature)))


exercise.slip("gradient through the key", target=lambda key: key).says(
    "The key's encoder is trained by the loss as well.",
    "Your value is right. Which gradient is not 0 that must be?",
    "The target encoder moves by momentum only: `key.detach()`.",
)
exercise.slip("gradient through the queue", stored=lambda queue: queue).says(
    "The rows of the queue may have a gradient.",
    "Your value is right. Which gradient is not 0 that must be?",
    "Old keys are data: `queue.detach()`.",
)
exercise.slip("the query detached", online=lambda query: query.detach(), target=lambda key: key).says(
    "It is the query that must be detached.",
    "Which of the two encoders is trained?",
    "Gradient flows to the query; detach the key.",
)
exercise.slip("no gradient at all", online=lambda query: query.detach()).says(
    "With `torch.no_grad()` around everything the keys are safe.",
    "Your value is right. What is the gradient in the query?",
    "Only keys and queue are constants; the query must learn.",
)
exercise.slip("the own key missing from the denominator", cost=without_own).says(
    "The denominator runs over the negatives only.",
    "Your loss can be negative; a cross-entropy cannot.",
    "The own key is one of the 1 + K candidates.",
)
exercise.slip("class i for query i", cost=by_arange).says(
    "The right class of query i is i.",
    "In which column of your logits does the own key stand?",
    "It stands in the same column for every query: class 0 where it comes first.",
)
exercise.slip("the other keys are candidates too", candidates=all_keys).says(
    "The keys of the other images of the batch are negatives as well.",
    "How many candidates has a query, by the question?",
    "Its own key and the K rows of the queue: 1 + K.",
)
exercise.slip("pushed before the loss", candidates=pushed_first).says(
    "The keys of this batch are pushed before the loss is computed.",
    "How often is the own key among your candidates?",
    "The queue as it is given; pushing comes after the loss.",
)
exercise.slip("temperature on the negatives only", heated=heat_negatives).says(
    "The temperature belongs to the negatives.",
    "At temperature 1 you are right. Which logits have you divided?",
    "All 1 + K logits are divided.",
)
exercise.slip("multiplied by the temperature", heated=lambda logits, t: logits * t).says(
    "A low temperature makes the logits small.",
    "Does your loss get sharper when the temperature falls?",
    "Divide.",
)
exercise.slip("no normalisation", scaled=lambda rows: rows).says(
    "Similarity is the inner product.",
    "Multiply a query by 5: your loss changes. Does the cosine?",
    "`F.normalize(query, dim=1)`, and the key too.",
)
exercise.slip("sum instead of mean", pool=torch.sum).says(
    "The loss of a batch is the sum over its queries.",
    "Your values are B times the right ones.",
    "Mean over the batch.",
)
exercise.slip("exp without protection", cost=quotient).says(
    "The quotient of exponentials can be computed as it is written.",
    "At temperature 0.001 a cosine of 0.9 gives exp(900).",
    "`F.cross_entropy` or `logsumexp` on the logits.",
)


@exercise.accepted("logsumexp, cosine_similarity")
def moco_loss(query, key, queue, temperature):
    own = F.cosine_similarity(query, key.detach(), dim=1) / temperature
    others = F.normalize(query, dim=1) @ queue.detach().t() / temperature
    return (torch.logaddexp(own, others.logsumexp(dim=1)) - own).mean()


@exercise.accepted("a loop")
def moco_loss(query, key, queue, temperature):
    losses = []
    for q, k in zip(query, key.detach(), strict=True):
        q = q / q.norm()
        logits = torch.stack([q @ (k / k.norm()), *(q @ row for row in queue.detach())]) / temperature
        losses.append(-logits.log_softmax(0)[0])
    return sum(losses) / len(losses)


@exercise.accepted("the own key last, validated by hand", guarded=False)
def moco_loss(query, key, queue, temperature):
    if query.ndim != 2 or query.shape != key.shape or not len(query) or queue.ndim != 2 or not len(queue):
        raise ValueError(f"query {query.shape}, key {key.shape}, queue {queue.shape}")
    if queue.shape[1] != query.shape[1] or not temperature > 0 or temperature == math.inf:
        raise ValueError(f"queue {queue.shape}, query {query.shape}, temperature {temperature}")
    if any(bool(torch.isnan(x).any()) for x in (query, key, queue)):
        raise ValueError("NaN")
    if bool(((queue.norm(dim=1) - 1).abs() > 1e-3).any()):
        raise ValueError("the rows of the queue must have length 1")
    with torch.no_grad():
        k = F.normalize(key)
        bank = queue.clone()
    q = F.normalize(query)
    logits = torch.cat([q @ bank.T, torch.einsum("bd,bd->b", q, k)[:, None]], dim=-1) / temperature
    return F.cross_entropy(logits, torch.full((len(q),), len(bank)))
