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
    args = (500, 0.002003)  # an answer that takes it has 501 numbers: not stored
    yield Case("N = 500, a lead of 0.002003", args, part="bad input", raises=True, public=False, hint=ROOM)
    yield bad_input("N = 2, a lead of 0.7, just too large", 2, 0.7, hint=ROOM)
    yield bad_input("N = 7, a lead of 50", 7, 50.0, hint="The loss is above 50 then, whatever the last negative does.")
    for n_negatives, share in ((6, 0.99), (3, 0.77)):
        lead = share * math.log(n_negatives / (n_negatives - 1))
        yield Case(f"N = {n_negatives}, {share:.0%} of the largest lead", (n_negatives, lead), compare="any")
    for lead in (0.28, 0.3, 1.5):
        yield bad_input(f"N = 7, a lead of {lead}", 7, lead, hint=ROOM)


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
    given=lambda lead: lead,
    others=-60.0,
    arranged=lambda positive, negatives: [positive, *negatives],
):
    if not exists(n_negatives, lead):
        raise ValueError(f"there are no such scores for N = {n_negatives} and a lead of {lead}")
    many = ahead(n_negatives)
    return arranged(0.0, [given(lead)] * many + [-lead if others is None else others] * (n_negatives - many))


FAR = (-50.0, -100.0, -1000.0, -1e4)  # an answer is named where it is the same list, so slips come with several


def far(name, belief, *hints, **knobs):
    for low in FAR:
        exercise.slip(f"{name}, the last at {low:g}", others=low, **knobs).says(belief, *hints)


ROOM_LEFT = (
    "1 + (N - 1) e^lead < N + 1 must hold: which leads does that leave?",
    "Raise unless lead < ln(N/(N-1)).",
)
far(
    "one negative ahead",
    "One negative that beats the positive is a counterexample.",
    "How many of the N negatives must beat the positive here?",
    "All but one: that is what makes the example striking.",
    "Give N - 1 negatives the lead, and one a score far below.",
    ahead=lambda n: 1,
)
far(
    "two negatives behind",
    "N - 2 negatives ahead are enough.",
    "N counts the negatives only. How many of them may stay behind?",
    "One: N - 1 negatives have the lead.",
    ahead=lambda n: n - 2,
)
far(
    "a majority ahead",
    "A majority of negatives that beat the positive is a counterexample.",
    "How many of the N negatives must beat the positive here?",
    "All but one: N - 1.",
    ahead=lambda n: min(n // 2 + 1, n - 1),
)
far(
    "a tie for the first place",
    "Negatives that tie with the positive beat it.",
    "By how much must they lead?",
    "By `lead` at least: s_0 + lead is the score of N - 1 negatives.",
    given=lambda lead: 0.0,
)
far(
    "positive last",
    "The positive stands last in the array.",
    "Which place does the question give the positive?",
    "The first: scores[0] is the positive's.",
    arranged=lambda positive, negatives: [*negatives, positive],
)
far(
    "the positive is ahead",
    "The lead is the positive's.",
    "Who beats whom in a counterexample?",
    "The negatives lead: s_j - s_0 is at least `lead`.",
    given=lambda lead: -lead,
)
exercise.slip("every lead accepted", exists=lambda n, lead: True).says(
    "Such scores exist for every lead.",
    "What is the loss at least when N - 1 negatives lead by 50?",
    *ROOM_LEFT,
)
exercise.slip("ln(N+1) as the largest lead", exists=lambda n, lead: lead < math.log(n + 1)).says(
    "Such scores exist for every lead below the chance level.",
    "One negative with that lead makes the loss that large. What do N - 1 of them do?",
    *ROOM_LEFT,
)
exercise.slip("ln((N+1)/(N-1)) as the largest lead", exists=lambda n, lead: lead < math.log((n + 1) / (n - 1))).says(
    "The positive adds nothing to the sum, so that (N - 1) e^lead may come near N + 1.",
    "What does the positive add to e^loss?",
    *ROOM_LEFT,
)
exercise.slip("N/(N-1) as the largest lead", exists=lambda n, lead: lead < n / (n - 1)).says(
    "N - 1 leading negatives leave more room below chance than they do.",
    "What do N - 1 negatives with the largest lead that you accept add to e^loss?",
    *ROOM_LEFT,
)
exercise.slip("1/(N-1) as the largest lead", exists=lambda n, lead: lead < 1 / (n - 1)).says(
    "N - 1 leading negatives leave somewhat more room below chance than they do.",
    "Try N = 2 and a lead of 0.7, or N = 5 and 0.225: what is the loss at least?",
    *ROOM_LEFT,
)
far(
    "1/N as the largest lead",
    "e^lead is 1 + lead.",
    "Your function refuses a lead for which the scores exist.",
    "1 + (N - 1) e^lead < N + 1 is solved by a logarithm, and 1/N is only where its series begins.",
    "ln(N/(N-1)).",
    exists=lambda n, lead: lead < 1 / n,
)
far(
    "ln((N+1)/N) as the largest lead",
    "N negatives share the room below chance, so that the lead must stay below ln((N+1)/N).",
    "How many negatives have the lead, and how many candidates are left for the rest of the sum?",
    "Your function refuses a lead for which the scores exist: N - 1 negatives lead, and the last adds as little as it likes.",
    "1 + (N - 1) e^lead < N + 1, so lead < ln(N/(N-1)).",
    exists=lambda n, lead: lead < math.log((n + 1) / n),
)
far(
    "more than the lead",
    "A little more than the lead does no harm.",
    "How much room is left where the lead is the largest possible, up to 0.001 %?",
    "None for 1e-6 more: a difference of exactly `lead` is enough.",
    given=lambda lead: lead + 1e-6,
)
exercise.slip("all negatives ahead", ahead=lambda n: n).says(
    "All N negatives can beat the positive while the loss is below chance.",
    "If every negative adds more than 1 to the sum, is the sum below N + 1?",
    "One negative must stay behind: it makes room for the others.",
    "Give the last negative a score far below the positive's.",
)
for low in (-0.5, -1.0, -2.0, -3.0, -5.0, -10.0):
    exercise.slip(f"the last negative at {low:g}", others=low).says(
        f"A score of {low:g} is low enough for the last negative.",
        "Try the largest leads that are possible at all: how much room do N - 1 negatives leave?",
        "Next to nothing: so the last negative must add next to nothing.",
        "Put its score at -50.",
    )
exercise.slip("the last negative is behind by the lead", others=None).says(
    "The last negative needs to lose by the lead only.",
    "Do e^lead and e^-lead together stay below 2?",
    "They are above 2, and the others add to it: the last negative must add next to nothing.",
    "Put its score at -50.",
)
exercise.slip("the last negative ties with the positive", others=0.0).says(
    "The last negative may tie with the positive.",
    "What does a tie add to the sum, and how much room is left below N + 1?",
    "The others add more than N - 1 already: the last one must add less than 1.",
    "Put its score far below the positive's.",
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
