"""train_clip: what its check looks at.

Optimiser and number of steps are free, so nothing is compared with the reference. What comes back are the parameters of two
given towers and the scale before the first step, after it and at the end; the check computes everything else itself. A first
step against the gradient tells on which loss and batch it was taken. That training went on shows in pictures that the function
never saw, of combinations that it never saw: they are named by words.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.author import Case, Exercise, needs
from autograder.author.audit import STATES, followed
from course.captions import (
    COLOURS,
    DIGITS,
    TEMPLATES,
    caption,
    make_towers,
    painted_digits,
    pair_batches,
    tokenize,
)
from course.training import snapshot

AS_DRAWN = 1e-4  # processors differ by 1e-6 in the normal numbers that a seed gives; another seed by 0.1 and more
AGREE = 1 - 1e-4  # share of the gradient's weight (sum of |g|) whose signs the first step must follow
NAMED_RIGHT = 0.3  # of unseen pictures in combinations that were never shown; 60 steps of Adam reach 0.7
N_PAIRS, N_TEST = 300, 250
START = math.log(10)

exercise = Exercise(
    "train_clip",
    refuses=(
        needs(
            "tuple(images.shape[1:]) == (3, 8, 8) and len(images) > 1",
            {
                "images with one channel": {"images": lambda images: images[:, :1]},
                "one pair": {"images": lambda images: images[:1], "tokens": lambda tokens: tokens[:1]},
            },
        ),
        needs(
            "tuple(tokens.shape) == (len(images), 8)",
            {
                "images without captions": {"tokens": lambda tokens: tokens[:-1]},
                "captions of another length": {"tokens": lambda tokens: tokens[:, :-1]},
            },
        ),
    ),
    time_limit=60.0,
    trains=True,
    hints={
        "values": ('Return a list of three dicts {"image": snapshot, "text": snapshot, "log_scale": number}.',),
        "properties": (
            "The line above says which rule fails: the form, the start, the first step, what was learnt, or the seed.",
            "snapshot(tower) copies. Take a state before the loop, one after the first optimizer.step(), one after the loop.",
            "The optimiser gets the parameters of both towers and log_scale, a tensor with requires_grad=True.",
            "Loss: clip_loss(image_tower(x), text_tower(words), log_scale), with x, words from pair_batches.",
        ),
        "bad input": ("Two `if`s: images (n, 3, 8, 8) with n >= 2, tokens (n, 8).",),
    },
)

PROMPTS = [[caption(d, c, t) for t in range(len(TEMPLATES))] for d in range(len(DIGITS)) for c in range(len(COLOURS))]


def run(tower, state, inputs):
    """Outputs of a given tower with the parameters `state`."""
    return torch.func.functional_call(tower, state, (inputs,))


def symmetric(image_z, text_z, log_scale):
    scores = log_scale.exp() * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T
    own = torch.arange(len(scores))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


def states_of(answer):
    """The answer as a list of states (name -> tensor), float64, or what is wrong with its form."""
    if not isinstance(answer, list) or len(answer) != STATES:
        return "the answer must be a list of three states: before the first step, after it, at the end"
    towers, states = make_towers(0), []
    for state in answer:
        if not isinstance(state, dict) or set(state) != {"image", "text", "log_scale"}:
            return 'a state must be a dict with the keys "image", "text", "log_scale"'
        flat = {}
        for part, tower in zip(("image", "text"), towers, strict=True):
            wanted = {name: tuple(value.shape) for name, value in tower.named_parameters()}
            found = state[part]
            if not isinstance(found, dict) or {name: np.shape(value) for name, value in found.items()} != wanted:
                return f'"{part}" must hold the parameters of the {part} tower of make_towers(seed), as snapshot gives them'
            flat |= {f"{part}.{name}": value for name, value in found.items()}
        flat["log_scale"] = state["log_scale"]
        if np.shape(flat["log_scale"]) not in ((), (1,)):
            return "log_scale must be one number"
        if not all(np.asarray(value).dtype.kind == "f" and np.isfinite(value).all() for value in flat.values()):
            return "a state must hold finite floats"
        flat["log_scale"] = np.reshape(flat["log_scale"], ())
        states.append({name: torch.from_numpy(np.array(value, dtype=float)) for name, value in flat.items()})
    return states


def part_of(state, part):
    return {name.removeprefix(f"{part}."): value for name, value in state.items() if name.startswith(f"{part}.")}


def towers64(seed):
    return [tower.double() for tower in make_towers(seed)]


def slope(state, images, tokens):
    """Gradient of the symmetric loss by everything in the state, name -> tensor."""
    image, text = towers64(0)
    leaves = {name: value.clone().requires_grad_() for name, value in state.items()}
    z = run(image, part_of(leaves, "image"), images.double()), run(text, part_of(leaves, "text"), tokens)
    grads = torch.autograd.grad(symmetric(*z, leaves["log_scale"]), list(leaves.values()))
    return dict(zip(leaves, grads, strict=True))


def named_right(state, images, digits, colours):
    """Share of pictures named rightly among all combinations, by ensembles of all captions of each."""
    image, text = towers64(0)
    tokens = torch.stack([tokenize(texts) for texts in PROMPTS])  # (60, 6, 8)
    with torch.no_grad():
        said = F.normalize(run(text, part_of(state, "text"), tokens.flatten(0, 1)), dim=1).unflatten(
            0, tokens.shape[:2]
        )
        seen = run(image, part_of(state, "image"), images.double())
    best = (seen @ F.normalize(said.mean(dim=1), dim=1).T).argmax(dim=1)
    return float((best == len(COLOURS) * digits + colours).double().mean())


@exercise.cases
def cases(rng):
    images, tokens, _, _ = painted_digits(2, int(rng.integers(1000)))
    yield Case("2 pairs", (images, tokens, 3, "cpu"), compare="any")
    yield from exercise.bad_inputs(images, tokens, 3, "cpu")


@exercise.property(
    "both towers and the scale start as given, follow the symmetric loss, and name combinations never shown"
)
def trained(f, rng):
    seed, other_seed = (int(s) for s in rng.choice(1000, size=2, replace=False))
    withheld = [(digit, int(rng.integers(len(COLOURS)))) for digit in range(len(DIGITS))]
    images, tokens, _, _ = painted_digits(N_PAIRS, int(rng.integers(1000)), withheld=withheld)
    states = states_of(f(images, tokens, seed, "cpu"))
    if isinstance(states, str):
        return states
    before, after, end = states
    for part, tower in zip(("image", "text"), towers64(seed), strict=True):
        for name, value in tower.named_parameters():
            if float((before[f"{part}.{name}"] - value.detach()).abs().max()) > AS_DRAWN:
                return f"the first state of the {part} tower is not that of make_towers(seed) before training"
    if abs(float(before["log_scale"]) - math.log(10)) > 1e-5:
        return "log_scale does not start at ln 10"
    batch = next(pair_batches(images, tokens, seed, 1))
    gradient = slope(before, *batch)
    # a word that is not in the batch has no gradient: it is not weighed; float32 loses the smallest entries
    for part in ("image", "text", "log_scale"):
        names = [name for name in before if name.startswith(part)]
        step, slopes = (
            torch.cat([values[name].flatten() for name in names])
            for values in ({n: after[n] - before[n] for n in names}, gradient)
        )
        if not followed(step, slopes) >= AGREE:
            what = "log_scale" if part == "log_scale" else f"the {part} tower"
            return (
                f"the first step of {what} does not go against the gradient of the symmetric loss on the first batch of "
                "pair_batches(images, tokens, seed, ...)"
            )
    pictures, _, digits, colours = painted_digits(
        N_TEST, int(rng.integers(1000)), withheld=withheld, only=True, test=True
    )
    share = named_right(end, pictures, digits, colours)
    if not share >= NAMED_RIGHT:
        found, wanted = (f"{100 * x:.0f} %" for x in (share, NAMED_RIGHT))
        return f"of unseen pictures in combinations never shown, it names {found} rightly; {wanted} are asked"
    again, other = states_of(f(images, tokens, seed, "cpu")), states_of(f(images, tokens, other_seed, "cpu"))
    if isinstance(again, str) or isinstance(other, str):
        return "another call gave an answer of another form"
    if max(float((again[-1][name] - end[name]).abs().max()) for name in end) > 1e-3:
        return "the same seed gave two different trainings"
    if max(float((other[-1][name] - end[name]).abs().max()) for name in end) < 1e-3:
        return "another seed gave the same training"


def both_ways(image_z, text_z, log_scale):
    scores = log_scale.exp() * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T
    return -(scores.log_softmax(dim=1) + scores.log_softmax(dim=0)).diagonal().mean() / 2


def images_ask(image_z, text_z, log_scale):
    scores = log_scale.exp() * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T
    return -scores.log_softmax(dim=1).diagonal().mean()


def texts_ask(image_z, text_z, log_scale):
    scores = log_scale.exp() * F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T
    return -scores.log_softmax(dim=0).diagonal().mean()


def not_normalised(image_z, text_z, log_scale):
    scores = log_scale.exp() / 10 * image_z @ text_z.T
    return -(scores.log_softmax(dim=1) + scores.log_softmax(dim=0)).diagonal().mean() / 2


def temperature(image_z, text_z, log_scale):
    """The scale divides."""
    scores = F.normalize(image_z, dim=1) @ F.normalize(text_z, dim=1).T / log_scale.exp()
    return -(scores.log_softmax(dim=1) + scores.log_softmax(dim=0)).diagonal().mean() / 2


def fixed_scale(image_z, text_z, log_scale):
    return both_ways(image_z, text_z, log_scale.detach()) + 0 * log_scale


def fixed_texts(image_z, text_z, log_scale):
    return both_ways(image_z, text_z.detach() + 0 * text_z, log_scale)


def loop(images, tokens, seed, cost, start, rows, steps, towers):
    """Three states of a training with Adam."""
    image, text = towers(seed)
    log_scale = torch.tensor(start, dtype=torch.float32, requires_grad=True)
    state = lambda: {"image": snapshot(image), "text": snapshot(text), "log_scale": log_scale.item()}  # noqa: E731
    optimizer = torch.optim.Adam([*image.parameters(), *text.parameters(), log_scale], lr=1e-2)
    states = [state()]
    for x, words in pair_batches(*rows(images, tokens), seed, steps):
        loss = cost(image(x), text(words), log_scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        states.append(state())
    return states


def as_they_come(images, tokens):
    return images, tokens


def captions_moved(images, tokens):
    return images, tokens.roll(1, 0)


def turned_round(images, tokens):
    return images.flip(0), tokens.flip(0)


@exercise.formula
def train_clip(
    images,
    tokens,
    seed,
    device,
    *,
    cost=both_ways,
    start=START,
    rows=as_they_come,
    steps=60,
    towers=make_towers,
    seeds=lambda seed: seed,
    kept=lambda states: [states[0], states[1], states[-1]],
):
    return kept(loop(images, tokens, seeds(seed), cost, start, rows, steps, towers))


exercise.slip("images ask only", cost=images_ask).says(
    "One direction of the loss trains both towers, so the other is not needed.",
    "Which loss do you minimise: that of `clip_loss`?",
    "The first step must follow the symmetric loss: images ask for texts and texts for images.",
)
exercise.slip("texts ask only", cost=texts_ask).says(
    "The loss is about texts that look for their images.",
    "Which loss do you minimise: that of `clip_loss`?",
    "The first step must follow the symmetric loss: images ask for texts and texts for images.",
)
exercise.slip("no normalisation", cost=not_normalised).says(
    "The towers learn the right lengths by themselves.",
    "Which loss do you minimise: that of `clip_loss`?",
    "Scores are cosines times the scale: your clip_loss divides rows by their lengths.",
)
exercise.slip("divided by the scale", cost=temperature).says(
    "The scale is a temperature: scores are divided by it.",
    "In which direction does your log_scale move in the first step?",
    "e^log_scale multiplies the cosines.",
)
exercise.slip("the scale stays fixed", cost=fixed_scale).says(
    "The scale is a hyperparameter, chosen before training.",
    "Is log_scale among the parameters of your optimiser?",
    "It is trained like a weight: a tensor with requires_grad=True.",
)
exercise.slip("the text tower stays fixed", cost=fixed_texts).says(
    "The words' vectors are given; only the image tower is trained.",
    "Which parameters does your optimiser have?",
    "Those of both towers, and log_scale.",
)
exercise.slip("a scale of 1 at the start", start=0.0).says(
    "Scores start as plain cosines: log_scale is 0.",
    "Which log_scale is in your first state?",
    "ln 10: between cosines of -1 and 1 a softmax can hardly decide.",
)
exercise.slip("captions of other pictures", rows=captions_moved).says(
    "Any caption will do as long as it is from the data set.",
    "Which caption belongs to picture i?",
    "Row i of tokens: keep the rows together.",
)
exercise.slip("rows in another order", rows=turned_round).says(
    "The order of the pairs does not matter.",
    "Which pairs are in your first batch, and which in the grader's?",
    "Give `pair_batches` the pairs as they came: it shuffles them itself, by the seed.",
)
exercise.slip("one step is the whole training", kept=lambda states: [states[0], states[1], states[1]]).says(
    "After the first step the towers are trained.",
    "How many pictures does it name rightly after one step?",
    "Go on: 60 steps or so; the third state comes after the last one.",
)
exercise.slip("the same state three times", kept=lambda states: [states[-1]] * 3).says(
    "A state keeps what the parameters were.",
    "Is your first state the towers before training?",
    "state_dict holds live tensors, which the optimiser changes. snapshot(tower) copies.",
)
exercise.slip("the seed is ignored", seeds=lambda seed: 0).says(
    "A fixed seed inside makes the experiment reproducible.",
    "Call it with seeds 1 and 2: do you get two trainings?",
    "Pass `seed` on to make_towers and to pair_batches.",
)
exercise.slip("another start", towers=lambda seed: make_towers(seed + 1)).says(
    "Any random start is as good as another.",
    "Is your first state make_towers(seed)?",
    "The grader knows the start by its seed: make_towers(seed).",
)

exercise.style("fewer steps", steps=45)


@exercise.accepted("SGD with momentum, float64, numpy out, validated by hand", guarded=False)
def train_clip(images, tokens, seed, device):
    if images.ndim != 4 or images.shape[1:] != (3, 8, 8) or len(images) < 2 or tokens.shape != (len(images), 8):
        raise ValueError(f"{tuple(images.shape)}, {tuple(tokens.shape)}")
    image, text = (tower.double() for tower in make_towers(seed))
    scale = torch.tensor([math.log(10)], dtype=torch.float64, requires_grad=True)
    copy = lambda net: {name: value.detach().numpy().copy() for name, value in net.named_parameters()}  # noqa: E731
    seen = [{"image": copy(image), "text": copy(text), "log_scale": scale.detach().numpy().copy()}]
    optimizer = torch.optim.SGD([*image.parameters(), *text.parameters(), scale], lr=0.05, momentum=0.9)
    for x, words in pair_batches(images, tokens, seed, 80):
        optimizer.zero_grad()
        both_ways(image(x.double()), text(words), scale).backward()
        optimizer.step()
        seen.append({"image": copy(image), "text": copy(text), "log_scale": scale.detach().numpy().copy()})
    return [seen[0], seen[1], seen[-1]]


@exercise.accepted("RMSprop, one module, state_dict copies")
def train_clip(images, tokens, seed, device):
    both = torch.nn.ModuleDict(dict(zip(("image", "text"), make_towers(seed))))
    both.log_scale = torch.nn.Parameter(torch.tensor(math.log(10)))
    optimizer, states = torch.optim.RMSprop(both.parameters(), lr=2e-3), []

    def state():
        parts = {part: {name: value.clone() for name, value in both[part].state_dict().items()} for part in both}
        return {**parts, "log_scale": both.log_scale.detach().clone()}

    for number, (x, words) in enumerate(pair_batches(images, tokens, seed, 60)):
        if number < 2:
            states.append(state())
        loss = symmetric(both["image"](x), both["text"](words), both.log_scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [*states, state()]


@exercise.accepted("AdamW without decay, two groups with rates of their own")
def train_clip(images, tokens, seed, device):
    image, text = make_towers(seed)
    scale = torch.full((), math.log(10), requires_grad=True)
    groups = [{"params": [*image.parameters(), *text.parameters()]}, {"params": [scale], "lr": 1e-1}]
    optimizer = torch.optim.AdamW(groups, lr=5e-3, weight_decay=0.0)
    states = [{"image": snapshot(image), "text": snapshot(text), "log_scale": scale.item()}]
    for x, words in pair_batches(images, tokens, seed, 70):
        value = images_ask(image(x), text(words), scale) / 2 + texts_ask(image(x), text(words), scale) / 2
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        states.append({"image": snapshot(image), "text": snapshot(text), "log_scale": scale.item()})
    return states[:2] + states[-1:]
