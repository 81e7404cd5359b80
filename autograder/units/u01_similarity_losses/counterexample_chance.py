"""counterexample_chance: any right scores pass. They are judged in `course.check._batches`, in the notebook too."""

import math

import numpy as np
import torch

from autograder.author import Case, Exercise, bad_input, count, positive
from course import validate
from course.check._batches import MOST_NEGATIVES, SAME, below_chance
from course.check.properties import LearnerError

ROOM = "What do N - 1 negatives with this lead add to e^loss at least, and how much room do they have below N + 1?"

exercise = Exercise(
    "counterexample_chance",
    refuses=(count("n_negatives", "N", 2.5, minimum=2), positive("lead")),
    hints={
        "values": ("Return N + 1 numbers in one list or array, the positive's score first.",),
        "properties": (
            "e to the loss is a sum over the candidates: 1 for the positive, e^(s_j - s_0) for each negative. Chance is N + 1.",
            "N - 1 negatives must add at least e^lead each. How little can the last negative add?",
            "Give N - 1 negatives the lead exactly, and put the last one far below everything: e^(-50) is next to nothing.",
        ),
        "bad input": (
            "With a very large lead, can the loss still be below ln(N + 1)? Write down what N - 1 negatives add at least.",
            "1 + (N - 1) e^lead < N + 1 must hold. Solve it for the lead.",
        ),
    },
)


@exercise.cases
def cases(rng):
    for low, high in ((2, 4), (4, 8), (8, 9)):
        n_negatives = int(rng.integers(low, high))
        lead = float(rng.uniform(0.1, 0.95)) * math.log(n_negatives / (n_negatives - 1))
        yield Case(f"N = {n_negatives}", (n_negatives, lead), compare="any")
    yield from exercise.bad_inputs(5, 0.1)
    yield bad_input("N = 5, a lead of 0.225, just too large", 5, 0.225, hint=ROOM)
    yield bad_input("N = 500, a lead of 0.002003", 500, 0.002003, hint=ROOM)
    yield bad_input("N = 2, a lead of 0.7, just too large", 2, 0.7, hint=ROOM)
    yield bad_input("N = 7, a lead of 50", 7, 50.0, hint="The loss is above 50 then, whatever the last negative does.")


exercise.property("the loss is below ln(N+1) although N - 1 negatives beat the positive by the lead")(below_chance)


@exercise.property("leads are taken right up to the largest one, and none from there on")
def sharp(f, rng):
    for n in (2, int(rng.integers(3, 10)), int(rng.integers(10, 200)), MOST_NEGATIVES):
        largest = math.log(n / (n - 1))
        scores = np.asarray(f(n, (1 - 1e-5) * largest), dtype=float)
        ahead = scores[1:] - scores[0] >= (1 - 1e-5) * largest - SAME
        if ahead.sum() < n - 1 or np.logaddexp.reduce(scores) - scores[0] >= math.log(n + 1):
            return "just below the largest lead it is not a counterexample"
        try:
            f(n, (1 + 1e-5) * largest)
        except LearnerError:
            continue
        return "a lead just above the largest one is not refused"


@exercise.formula
def counterexample_chance(
    n_negatives,
    lead,
    *,
    exists=lambda n, lead: lead < math.log(n / (n - 1)),
    ahead=lambda n: n - 1,
    others=-80.0,
    arranged=lambda positive, negatives: [positive, *negatives],
    sign=1,
):
    if not exists(n_negatives, lead):
        raise ValueError(f"there are no such scores for N = {n_negatives} and a lead of {lead}")
    many = ahead(n_negatives)
    return np.array(arranged(0.0, [sign * lead] * many + [others] * (n_negatives - many)))


exercise.slip("one negative ahead", ahead=lambda n: 1).says(
    "One negative that beats the positive is a counterexample.",
    "How many of the N negatives must beat the positive here?",
    "All but one: that is what makes the example striking.",
    "Give N - 1 negatives the lead, and one a score far below.",
)
exercise.slip("all negatives ahead", ahead=lambda n: n).says(
    "All N negatives can beat the positive while the loss is below chance.",
    "If every negative adds more than 1 to the sum, is the sum below N + 1?",
    "One negative must stay behind: it makes room for the others.",
    "Give the last negative a score far below the positive's.",
)
exercise.slip("the last negative is a little behind", others=-1.0).says(
    "It is enough that the last negative scores somewhat less than the positive.",
    "Try the largest leads that are possible at all: how much room do N - 1 negatives leave?",
    "Next to nothing: so the last negative must add next to nothing.",
    "Put its score at -50.",
)
exercise.slip("the last negative at -5", others=-5.0).says(
    "A score of -5 is as good as none.",
    "e^(-5) is 0.0067. How much room do the other negatives leave when their lead is nearly the largest possible?",
    "As little as you like: the last negative must add next to nothing.",
    "Put its score at -50.",
)
exercise.slip("the last negative ties with the positive", others=0.0).says(
    "The last negative may tie with the positive.",
    "What does a tie add to the sum, and how much room is left below N + 1?",
    "The others add more than N - 1 already: the last one must add less than 1.",
    "Put its score far below the positive's.",
)
exercise.slip("positive last", arranged=lambda positive, negatives: [*negatives, positive]).says(
    "The positive stands last in the array.",
    "Which place does the question give the positive?",
    "The first: scores[0] is the positive's.",
)
exercise.slip("the positive is ahead", sign=-1).says(
    "The lead is the positive's.",
    "Who beats whom in a counterexample?",
    "The negatives lead: s_j - s_0 is at least `lead`.",
)
exercise.slip("ln((N+1)/N) as the largest lead", exists=lambda n, lead: lead < math.log((n + 1) / n)).says(
    "N negatives share the room below chance, so that the lead must stay below ln((N+1)/N).",
    "How many negatives have the lead, and how many candidates are left for the rest of the sum?",
    "Your function refuses a lead for which the scores exist: N - 1 negatives lead, and the last adds as little as it likes.",
    "1 + (N - 1) e^lead < N + 1, so lead < ln(N/(N-1)).",
)
exercise.slip("ln(N+1) as the largest lead", exists=lambda n, lead: lead < math.log(n + 1)).says(
    "Such scores exist for every lead below the chance level.",
    "One negative with that lead makes the loss that large. What do N - 1 of them do?",
    "1 + (N - 1) e^lead < N + 1 must hold.",
    "So lead < ln(N/(N-1)).",
)
exercise.slip("every lead accepted", exists=lambda n, lead: True).says(
    "Such scores exist for every lead.",
    "What is the loss at least when N - 1 negatives lead by 50?",
    "1 + (N - 1) e^lead < N + 1 must hold: which leads does that leave?",
    "Raise unless lead < ln(N/(N-1)).",
)
exercise.style("the last negative farther below", others=-500.0)


@exercise.accepted("the low one in front of the other negatives, a tensor in single precision")
def counterexample_chance(n_negatives, lead):
    if 1 + (n_negatives - 1) * math.exp(min(lead, 100)) >= n_negatives + 1:
        raise ValueError(f"lead {lead}")
    scores = torch.full((n_negatives + 1,), lead)
    scores[0], scores[1] = 0.0, -100.0
    return scores


@exercise.accepted("a list, a lead between the one that is asked for and the largest, validated by hand", guarded=False)
def counterexample_chance(n_negatives, lead):
    if type(n_negatives) is not int or n_negatives < 2 or not 0 < lead < math.inf:
        raise ValueError(f"{n_negatives}, {lead}")
    most = math.log(n_negatives) - math.log(n_negatives - 1)
    if lead >= most:
        raise ValueError(f"lead {lead}")
    scores = [-1.0] + [-1.0 + (lead + most) / 2] * (n_negatives - 1)
    room = n_negatives - (n_negatives - 1) * math.exp((lead + most) / 2)
    return [*scores, -1.0 + math.log(room / 2)]


@exercise.accepted("integers where they will do", guarded=False)
def counterexample_chance(n_negatives, lead):
    validate.count(minimum=2, n_negatives=n_negatives)
    validate.positive(lead=lead)
    if np.expm1(min(lead, 10)) * (n_negatives - 1) >= 1:
        raise ValueError(f"lead {lead}")
    return tuple([0] + [lead] * (n_negatives - 1) + [-60])
