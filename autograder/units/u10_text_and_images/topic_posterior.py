"""topic_posterior: what its check looks at.

Critics with any constant in each row; topics that are not uniform. Public cases have as many landmarks as topics: there the
answer follows from any scores, also from such as are rounded to four digits.
"""

import numpy as np
import torch

from autograder.author import Case, Exercise, needs, world
from autograder.author.draw import odd_sizes

SCORES = needs(
    "np.ndim(critic) == 2 and len(critic) > 0 and np.shape(critic)[1] == np.shape(landmarks)[1] and np.isfinite(critic).all()",
    {
        "scores for other landmarks": {"critic": lambda s: s[:, :-1]},
        "scores of one first half, without its axis": {"critic": lambda s: s[0]},
        "no first half": {"critic": lambda s: s[:0]},
        "an infinite score": {"critic": lambda s: np.where(np.eye(*s.shape) > 0, -np.inf, s)},
        "NaN among the scores": {"critic": lambda s: s * np.nan},
    },
)
TELLS = needs(
    "(np.asarray(topics) @ np.asarray(landmarks)).min() > 0 and np.linalg.matrix_rank(landmarks, tol=1e-7) == len(topics)",
    {
        "two topics with the same landmarks": {"landmarks": lambda p: p[[0, 0, *range(2, len(p))]]},
        "fewer landmarks than topics": {
            "critic": lambda s: s[:, :2],
            "landmarks": lambda p: np.tile([0.5, 0.5], (len(p), 1)),
        },
        "a landmark that never occurs": {
            "critic": lambda s: np.hstack([s, s[:, :1]]),
            "landmarks": lambda p: np.hstack([p, 0 * p[:, :1]]),
        },
    },
)

exercise = Exercise(
    "topic_posterior",
    refuses=(world("topics", "landmarks"), SCORES, TELLS),
    hints={
        "values": (
            "P(l | x) = sum over k of P(k | x) P(l | k): linear in what you look for.",
            "The best score is ln P(l | x) - ln P(l) + a(x). So e^score P(l) is P(l | x) up to a factor for each row.",
            "Solve for the K weights of each row, then divide by their sum.",
        ),
        "stability": ("e^score is infinite at 10^4: what may you subtract from a row?",),
        "properties": ("A constant added to a row of scores changes nothing.",),
        "bad input": ("`validate.world(topics, landmarks)`, the shape of critic, and the rank of landmarks.",),
    },
)


def law(rng, *shape):
    p = rng.gamma(0.8, size=shape) + 0.05
    return p / p.sum(axis=-1, keepdims=True)


def topic_world(rng, s, k, t, constant=1.0):
    """(critic, topics, landmarks) of a world, landmarks that tell topics apart, and the posterior."""
    topics = law(rng, k) * 0.7 + 0.3 / k
    while True:
        landmarks = law(rng, k, t)
        if np.linalg.svd(landmarks, compute_uv=False)[-1] > 0.1:
            break
    posterior = law(rng, s, k)
    critic = np.log(posterior @ landmarks / (topics @ landmarks)) + constant * rng.normal(size=(s, 1))
    return (critic, topics / topics.sum(), landmarks), posterior


@exercise.cases
def cases(rng):
    for s, k in ((4, 2), (5, 3), (2, 4)):
        args, _ = topic_world(rng, s, k, k)
        yield Case(f"{s} first halves, {k} topics, {k} landmarks", args, rtol=1e-8)
    args, _ = topic_world(rng, 3, 3, 3, constant=0.0)
    yield Case("no constants", args, rtol=1e-8)
    args, _ = topic_world(rng, 1, 2, 2)
    yield Case("one first half", args, rtol=1e-8)
    for shift in (900.0, -9000.0):
        (critic, *rest), _ = topic_world(rng, 3, 2, 2)
        yield Case(f"scores about {shift:g}", (critic + shift, *rest), part="stability", rtol=1e-7)
    yield from exercise.bad_inputs(*topic_world(rng, 4, 3, 3)[0])
    s, t = odd_sizes(rng, 2, high=30)
    args, _ = topic_world(rng, s, 4, t + 3, constant=3.0)
    yield Case("more landmarks than topics", args, rtol=1e-7, public=False)
    args, _ = topic_world(rng, 11, 9, 60, constant=2.0)
    yield Case("nine topics", args, rtol=1e-7, public=False)


@exercise.property("it finds the posterior of a random world, whatever is added to a row of the scores")
def finds(f, rng):
    for k, t in ((2, 5), (3, 3), (4, 11)):
        (critic, topics, landmarks), posterior = topic_world(rng, 6, k, t, constant=0.0)
        for constant in (0.0, 4.0):
            found = np.asarray(f(critic + constant * rng.normal(size=(6, 1)), topics, landmarks), dtype=float)
            if found.shape != posterior.shape or np.abs(found - posterior).max() > 1e-6:
                return f"with {'no' if constant == 0 else 'random'} constants in the rows it is not the posterior"


def relative(critic):
    return np.exp(critic - critic.max(axis=1, keepdims=True))


def as_given(critic):
    return np.exp(critic)


def times_law(values, law):
    return values * law


def as_they_are(values):
    return values


def rows_sum_to_one(values):
    return values / values.sum(axis=1, keepdims=True)


def solved(values, landmarks, topics):
    return values @ np.linalg.pinv(landmarks)


def projected(values, landmarks, topics):
    """Inner products with the topics' landmark laws."""
    return values @ landmarks.T


def bayes(values, landmarks, topics):
    """P(k | l), averaged over the landmarks."""
    return values @ (topics[:, None] * landmarks / (topics @ landmarks)).T


def bayes_alike(values, landmarks, topics):
    return values @ (landmarks / landmarks.sum(axis=0)).T


def bayes_of_likeliest(values, landmarks, topics):
    return bayes(np.eye(values.shape[1])[values.argmax(axis=1)], landmarks, topics)


def undivided(weights, topics):
    return weights


def sums_to_one(weights, topics):
    return weights / weights.sum(axis=1, keepdims=True)


def likelihoods(weights, topics):
    weights = weights / topics
    return weights / weights.sum(axis=1, keepdims=True)


def prior_again(weights, topics):
    weights = weights * topics
    return weights / weights.sum(axis=1, keepdims=True)


def over_texts(weights, topics):
    return weights / weights.sum(axis=0, keepdims=True)


def hard(weights, topics):
    return np.eye(len(topics))[weights.argmax(axis=1)]


@exercise.formula
def topic_posterior(
    critic,
    topics,
    landmarks,
    *,
    odds=relative,
    undone=times_law,
    made=as_they_are,
    unmixed=solved,
    law=lambda topics, p: topics @ p,
    share=sums_to_one,
):
    return share(unmixed(made(undone(odds(critic), law(topics, landmarks))), landmarks, topics), topics)


exercise.slip("scores in place of their exponentials", odds=lambda critic: critic).says(
    "The best scores are linear in the posterior.",
    "Is the logarithm of a mixture the mixture of the logarithms?",
    "e^score is what is linear.",
)
exercise.slip("how common a landmark is, forgotten", undone=lambda values, law: values).says(
    "e^score is the probability of the landmark given the first half.",
    "What is the best score of a landmark that is independent of the first half?",
    "0, however rare it is: scores compare with P(l). Multiply it back.",
)
exercise.slip("divided by how common a landmark is", undone=lambda values, law: values / law).says(
    "The law of the landmarks stands on the side of the scores: divide by it.",
    "P(l | x) = e^s P(l) up to a factor. Which operation gives P(l | x) from e^s?",
    "Multiply by P(l).",
)
exercise.slip("topics count alike", law=lambda topics, p: p.mean(axis=0)).says(
    "P(l) is the mean of the topics' laws.",
    "Does your answer depend on `topics`?",
    "P(l) = sum of topics[k] landmarks[k, l].",
)
exercise.slip(
    "how common a landmark is, forgotten, rows divided first",
    undone=lambda values, law: values,
    made=rows_sum_to_one,
    share=undivided,
).says(
    "The softmax of the scores is the law of the landmarks given the first half.",
    "What is the best score of a landmark that is independent of the first half?",
    "0, however rare it is: scores compare with P(l).",
    "Multiply e^score by P(l) before the row is divided by its sum.",
)
exercise.slip(
    "divided by how common a landmark is, rows divided first",
    undone=lambda values, law: values / law,
    made=rows_sum_to_one,
    share=undivided,
).says(
    "e^score / P(l), divided by its sum, is the law of the landmarks given the first half.",
    "P(l | x) = e^s P(l) up to a factor. Which operation gives P(l | x) from e^s?",
    "Multiply by P(l), then divide the row by its sum.",
)
exercise.slip(
    "topics count alike, rows divided first",
    law=lambda topics, p: p.mean(axis=0),
    made=rows_sum_to_one,
    share=undivided,
).says(
    "P(l) is the mean of the topics' laws, whatever the topics' probabilities are.",
    "Does your answer depend on `topics`?",
    "P(l) = sum of topics[k] landmarks[k, l].",
)
exercise.slip("Bayes' rule for each landmark", unmixed=bayes).says(
    "P(k | x) is the mean of P(k | l) over the landmarks that x predicts.",
    "Let the first half have topic 1 for sure: is your answer 1 for it, and 0 for the others?",
    "P(k | l) is what is known from the landmark alone; x knows more. The mean of P(k | l) forgets x.",
    "Solve P(l | x) = sum over k of P(k | x) P(l | k) for the weights.",
)
exercise.slip("Bayes' rule for each landmark, topics alike", unmixed=bayes_alike).says(
    "P(k | x) is the mean over the landmarks of P(l | k), each landmark's column divided by its sum.",
    "Let the first half have topic 1 for sure: is your answer 1 for it, and 0 for the others?",
    "A landmark alone does not tell its topic; x knows more than one landmark.",
    "Solve P(l | x) = sum over k of P(k | x) P(l | k) for the weights.",
)
exercise.slip("the likeliest landmark decides", unmixed=bayes_of_likeliest).says(
    "The landmark that x predicts first tells the topic, by Bayes' rule.",
    "Do two first halves with the same likeliest landmark get the same answer?",
    "All the landmarks' probabilities are needed: solve the linear equations for the weights.",
)
exercise.slip("no constant in the rows", odds=as_given, share=undivided).says(
    "The best critic of one direction is the logarithm of the ratio itself.",
    "Do the rows of your answer sum to 1?",
    "The loss leaves one constant for each first half: divide each row by its sum.",
)
exercise.slip("overlap with the topics' laws", unmixed=projected).says(
    "The inner product with a topic's law tells how much of the topic there is.",
    "Let the first half have topic 1 for sure: is your answer 1 for it, and 0 for the others?",
    "Laws of topics overlap: solve the linear equations.",
)
exercise.slip("likelihoods in place of posteriors", share=likelihoods).says(
    "What the critic knows is P(x | k); the prior is divided out.",
    "Put the posterior into P(l | x) = sum over k of P(k | x) P(l | k): where is the prior?",
    "Nowhere: the weights are posteriors as they are.",
)
exercise.slip("the prior once more", share=prior_again).says(
    "By Bayes' rule the weights still have to be multiplied by the prior.",
    "Put the posterior into P(l | x) = sum over k of P(k | x) P(l | k): where is the prior?",
    "It is in the posterior already.",
)
exercise.slip("columns sum to 1", share=over_texts).says(
    "For each topic the weights are a law over the first halves.",
    "Which sums are 1 in P(k | x)?",
    "Those over k: divide each row by its sum.",
)
exercise.slip("the likeliest topic", share=hard).says(
    "A first half has one topic: the likeliest.",
    "Are your answers 0 and 1 only?",
    "The posterior is asked, not its mode.",
)
exercise.slip("exponentials first", odds=as_given).says(
    "e^score can be computed as it is.",
    "What is exp(900)?",
    "Infinite, and inf / inf is NaN. A constant in a row does not matter: subtract its largest score.",
)

exercise.style("rows divided first: the weights then sum to 1", made=rows_sum_to_one, share=undivided)
exercise.style("the reference topic's ratio", undone=lambda values, law: values * (law / law.max()))


@exercise.accepted("least squares against the ratios P(l | k) / P(l)")
def topic_posterior(critic, topics, landmarks):
    ratios = landmarks / (topics @ landmarks)
    rows = [np.linalg.lstsq(ratios.T, np.exp(row - row.max()), rcond=None)[0] for row in critic]
    return np.stack([row / row.sum() for row in rows])


@exercise.accepted("softmax with the log of the law first, torch")
def topic_posterior(critic, topics, landmarks):
    p = torch.from_numpy(np.asarray(landmarks, dtype=float))
    log_law = torch.log(torch.from_numpy(np.asarray(topics, dtype=float)) @ p)
    given = torch.softmax(torch.from_numpy(np.asarray(critic, dtype=float)) + log_law, dim=1)  # P(l | x)
    weights = torch.linalg.lstsq(p.T, given.T).solution.T
    return weights / weights.sum(dim=1, keepdim=True)


@exercise.accepted("normal equations, validated by hand", guarded=False)
def topic_posterior(critic, topics, landmarks):
    critic, topics, p = (np.asarray(x, dtype=float) for x in (critic, topics, landmarks))
    for row in (topics, *(p if p.ndim == 2 else [topics * np.nan])):
        if not abs(row.sum() - 1) < 1e-9 or row.min() < 0:
            raise ValueError(f"{row}")
    if len(p) != len(topics) or topics.min() <= 0:
        raise ValueError(f"{topics}, {p}")
    if critic.ndim != 2 or len(critic) == 0 or critic.shape[1] != p.shape[1] or not np.isfinite(critic).all():
        raise ValueError(f"{critic}")
    law = topics @ p
    gram = p @ p.T
    if law.min() <= 0 or np.linalg.eigvalsh(gram)[0] < 1e-13:
        raise ValueError(f"{p}")
    given = np.exp(critic - critic.max(axis=1)[:, None]) * law
    weights = np.linalg.solve(gram, p @ given.T).T
    return weights / weights.sum(axis=1)[:, None]
