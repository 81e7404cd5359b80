"""counterexample_weights: any world that refutes the statement passes. What comes back is evaluated from the definitions
in `course.check._weights`, which the learner's notebook uses too."""

import numpy as np
import torch

from autograder.author import Case, Exercise, law, needs
from course import validate, worlds
from course.check._weights import weighted_worlds

exercise = Exercise(
    "counterexample_weights",
    refuses=(
        law("rho"),
        needs("len(rho) > 1", {"one class": {"rho": np.ones(1)}}),
        needs(
            "max(rho) - min(rho) > 1e-6",
            {
                "rho is uniform, C = 3": {"rho": np.full(3, 1 / 3)},
                "rho within 1e-6 of uniform": {"rho": np.array([0.5 + 4e-7, 0.5 - 4e-7])},
            },
        ),
    ),
    hints={
        "values": ("Return the two arrays (classes, z), in this order: classes (C, S) and z (S, d).",),
        "properties": (
            "With one point in each class Jensen's step is an equality: the left side is tau + the sum of rho_a rho_b h_ab, "
            "h_ab what class a pays against b. The right side has the factor 2 rho_a / (rho_a + rho_b) in each term: for "
            "which two classes is it largest? Only they should pay.",
            "When is the mean classifier bad on a class of a single point? Where the other mean is longer in the same "
            "direction: at s against 2s.",
            "The collisions tau stand on both sides and dilute the share. What becomes of it where s grows?",
            "One point a class: the likeliest at s e_1, the rarest at 2 s e_1, all others at s times unit vectors "
            "orthogonal to these and to one another. Only one task costs anything then, and s = 10^4 is large enough.",
        ),
        "bad input": (
            "validate.law(rho), then one class, then a rho whose entries are all equal: there the statement is true.",
        ),
    },
)


@exercise.cases
def cases(rng):
    yield Case("three classes", (np.array([0.5, 0.3, 0.2])[rng.permutation(3)],), compare="any")
    yield Case("two classes", (np.array([0.65, 0.35])[rng.permutation(2)],), compare="any")
    yield Case("rho = (0.3, 0.3, 0.4)", (np.array([0.3, 0.3, 0.4]),), compare="any")
    yield Case("hardly not uniform", (np.array([0.5 + 1.5e-6, 0.5 - 1.5e-6]),), compare="any", public=False)
    yield from exercise.bad_inputs(worlds.random_law(rng, 4, minimum=0.1))


exercise.property("on the world that is returned the statement is false, by 99 % of the most that is possible")(
    weighted_worlds
)


def extremes(rho):
    """Positions in the order of probability: the likeliest first, the rarest last."""
    return np.argsort(-rho)


def apart(count):
    """Places of the classes that are neither the likeliest nor the rarest: orthogonal to the first, and far out."""
    return 1e4 * np.eye(count)[1 : count - 1]


@exercise.formula
def counterexample_weights(
    rho, *, order=extremes, short=1e4, long=2e4, others=apart, laws=np.eye, answer=lambda classes, z: (classes, z)
):
    count = len(rho)
    z = np.zeros((count, count))
    ranked = order(rho)
    z[ranked[1:-1]] = others(count)
    z[ranked[0], 0], z[ranked[-1], 0] = short, long
    return answer(laws(count), z)


exercise.slip("rare class at the short place", order=lambda rho: np.argsort(rho)).says(
    "The rarer class is the one whose points the weights count more.",
    "Which of the two classes of a task gets the larger weight, and on which of them is your classifier bad?",
    "The weights rho_c / (rho_c + rho_e) favour the more frequent class: it must be the one that is classified badly.",
    "A point is classified badly against a longer mean: the more frequent class belongs at s, the rarer one at 2s.",
)
exercise.slip("the first two classes", order=lambda rho: np.arange(len(rho))[[0, *range(2, len(rho)), 1]]).says(
    "Class 1 is the most frequent one.",
    "What does your function return for rho = (0.3, 0.3, 0.4)?",
    "Any rho may come: the frequent and the rare class must be found in it.",
    "np.argmax(rho) and np.argmin(rho).",
)
exercise.slip("opposite places", long=-1e4).says(
    "A task is hard when its two means point in opposite directions.",
    "What does the mean classifier score at the two points s and -s?",
    "It is right on both, with margin 2s^2. It errs where the other mean points the same way and is longer.",
    "Put the two classes at s and 2s on one line.",
)
exercise.slip("in the order of the classes", order=lambda rho: np.arange(len(rho))).says(
    "The classes come in the order of their probabilities.",
    "What does your function return for rho = (0.3, 0.7), and which of the two classes pays there?",
    "Any order may come: the frequent and the rare class must be found in it.",
    "np.argmax(rho) and np.argmin(rho).",
)
exercise.slip("the same place", long=1e4).says(
    "Two classes at one place are the hardest task, so they break the statement.",
    "What do the points of the two classes pay when both means are equal?",
    "Both pay the same, so that every weighting of the two gives the same loss.",
    "The two classes must pay differently: one at s, the other at 2s.",
)
exercise.slip("false, at any scale", short=1.0, long=2.0, others=lambda count: np.eye(count)[1 : count - 1]).says(
    "A world in which the statement is false shows how false it can be.",
    "Which share of the left side are the collisions, in your world?",
    "They stand on both sides: only what the two classes pay can differ by the factor 2 rho_a / (rho_a + rho_b).",
    "Multiply all places by a large number.",
)
exercise.slip("argsort taken for ranks", order=lambda rho: np.argsort(np.argsort(-rho))).says(
    "np.argsort(-rho)[c] is the rank of class c.",
    "What is np.argsort([3, 1, 2])?",
    "[1, 2, 0]: the classes in the order of their values, not the rank of each. The two agree for some orders only.",
)
exercise.slip("everything at 0", short=0.0, long=0.0, others=lambda count: 0.0).says(
    "The embedding 0 has the largest loss, and breaks every statement.",
    "What do both sides of the statement amount to at f = 0?",
    "Both are 1 there, with any weights.",
    "The two classes of a task must pay differently: one at s, the other at 2s.",
)
exercise.slip("classes of counts", laws=lambda count: 2 * np.eye(count)).says(
    "The rows of classes may hold weights of any sum.",
    "What must a row of classes sum to?",
    "A row is a law: its entries sum to 1.",
    "np.eye(C): one point a class, of probability 1.",
)
exercise.slip("embedding first", answer=lambda classes, z: (z, classes)).says(
    "The embedding is returned before the classes.",
    "In which order are the two arrays asked for?",
    "The laws of the classes come first, the embedding second.",
    "return classes, z",
)


@exercise.wrong(
    "every rho accepted",
    belief="The statement is false for every rho.",
    hints=(
        "What do the weights rho_c / (rho_c + rho_e) become when all classes are equally frequent?",
        "They are 1/2 there, and the statement is the lemma itself: nobody can refute it.",
        "Raise ValueError where max(rho) - min(rho) <= 1e-6.",
    ),
    guarded=False,
)
def counterexample_weights(rho):
    validate.law(rho)
    if len(rho) < 2:
        raise ValueError(f"one class: {rho}")
    z = 1e4 * np.eye(len(rho))
    z[np.argmin(rho)] = 2 * z[np.argmax(rho)]
    return np.eye(len(rho)), z


@exercise.wrong(
    "uniform to rounding, by allclose",
    belief="np.allclose(rho, 1 / C) says whether max(rho) - min(rho) is at most 1e-6.",
    hints=(
        "Which tolerances does np.allclose have?",
        "1e-8 and 1e-5 of the value: (0.5 + 1.5e-6, 0.5 - 1.5e-6) is close to uniform for it, but not by the statement.",
        "if np.ptp(rho) <= 1e-6: raise ValueError(...)",
    ),
    guarded=False,
)
def counterexample_weights(rho):
    validate.law(rho)
    if len(rho) < 2 or np.allclose(rho, 1 / len(rho)):
        raise ValueError(f"rho = {rho}")
    z = 1e4 * np.eye(len(rho))
    z[np.argmin(rho)] = 2 * z[np.argmax(rho)]
    return np.eye(len(rho)), z


@exercise.wrong(
    "on a line, the frequent ones nearer to 0",
    belief="The more tasks the classifier fails, the falser the statement.",
    hints=(
        "By which factor does the right side count what class a pays against class b?",
        "2 rho_a / (rho_a + rho_b): whatever other classes pay is counted by a smaller factor than for the likeliest against "
        "the rarest, and brings the share down.",
        "Let all other tasks cost nothing: orthogonal places.",
    ),
)
def counterexample_weights(rho):
    z = np.zeros((len(rho), 1))
    z[np.argsort(-rho), 0] = 1e4 * np.arange(1, len(rho) + 1)
    return np.eye(len(rho)), z


@exercise.wrong(
    "on a line, the likeliest outermost",
    belief="The rarer class is the one whose points the weights count more.",
    hints=(
        "Which of the two classes of a task gets the larger weight, and on which of them is your classifier bad?",
        "It is bad on the class with the shorter mean: the more frequent class belongs nearer to 0.",
    ),
)
def counterexample_weights(rho):
    z = np.zeros((len(rho), 1))
    z[np.argsort(rho), 0] = np.arange(1, len(rho) + 1)
    return np.eye(len(rho)), z


@exercise.wrong(
    "on a line, in the order given",
    belief="The classes come in the order of their probabilities.",
    hints=(
        "What does your function return for rho = (0.3, 0.7), and which of the two classes pays there?",
        "Any order may come: sort the classes, the likeliest nearest to 0.",
    ),
)
def counterexample_weights(rho):
    return np.eye(len(rho)), np.arange(1.0, len(rho) + 1)[:, None]


@exercise.wrong(
    "orthogonal places",
    belief="Any embedding with one point a class breaks the statement.",
    hints=(
        "What does the mean classifier pay on each of your points?",
        "Nothing, in no class, so that weights change nothing. It must be bad on the frequent class of a task.",
        "It is bad where the other mean is longer in the same direction: at s against 2s.",
    ),
)
def counterexample_weights(rho):
    return np.eye(len(rho)), np.eye(len(rho))


@exercise.wrong(
    "everything at 0, in one dimension",
    belief="The embedding 0 has the largest loss, and breaks every statement.",
    hints=(
        "What do both sides of the statement amount to at f = 0?",
        "Both are 1 there, with any weights. The two classes of a task must pay differently.",
    ),
)
def counterexample_weights(rho):
    return np.eye(len(rho)), np.zeros((len(rho), 1))


@exercise.wrong(
    "two classes only",
    belief="With more than two classes there is no such world.",
    hints=(
        "What becomes of the statement when a third class is hardly ever drawn?",
        "Take the likeliest and the rarest class as before, and put the others where they cost nothing, orthogonal to these.",
    ),
    guarded=False,
)
def counterexample_weights(rho):
    validate.law(rho)
    if len(rho) != 2 or np.ptp(rho) <= 1e-6:
        raise ValueError("not two classes")
    return np.eye(2), 1e4 * (np.array([[1.0], [2.0]]) if rho[0] > rho[1] else np.array([[2.0], [1.0]]))


@exercise.accepted("all places scaled, lists", guarded=False)
def counterexample_weights(rho):
    if np.ndim(rho) != 1 or len(rho) < 2 or not abs(sum(rho) - 1) <= 1e-9 or not min(rho) > 0:
        raise ValueError(f"no law of two classes or more: {rho}")
    if np.ptp(rho) <= 1e-6:
        raise ValueError(f"rho is uniform: {rho}")
    count = len(rho)
    z = [[3e4 * (i == j) for j in range(count)] for i in range(count)]
    z[int(np.argmin(rho))] = [2 * value for value in z[int(np.argmax(rho))]]
    return [[float(i == j) for j in range(count)] for i in range(count)], z


@exercise.accepted("two points a class at one place, torch")
def counterexample_weights(rho):
    count = len(rho)
    places = 3000 * torch.eye(count, dtype=torch.float64)
    places[int(rho.argmin())] = 5000 * torch.nn.functional.one_hot(torch.tensor(int(rho.argmax())), count).double()
    return torch.eye(count, dtype=torch.float64).repeat_interleave(2, dim=1) / 2, places.repeat_interleave(2, dim=0)


@exercise.accepted("all but two classes at 0, where what they pay no longer counts")
def counterexample_weights(rho):
    z = np.zeros((len(rho), 1))
    z[[np.argmax(rho), np.argmin(rho)], 0] = 1e4, 3e4
    return np.eye(len(rho)), z
