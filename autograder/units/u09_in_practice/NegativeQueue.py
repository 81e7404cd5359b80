"""NegativeQueue: what its check looks at.

The driver "queue" makes a queue, pushes batches that are overwritten afterwards, and reads the rows after each push, in a
canonical order. Blind spots to keep out: a size that the batch divides hides a queue that does not wrap, a queue that is
never full hides everything, batches of one size hide positions counted in batches.
"""

from collections import deque
from dataclasses import replace

import torch

from autograder.author import Case, Exercise, bad_input, count
from autograder.author.draw import larger_sizes, unit_rows

exercise = Exercise(
    "NegativeQueue",
    refuses=(count("size", "size", 2.5), count("dim", "dim")),
    hints={
        "values": (
            "Push three batches of 4 into a queue of 10 and print the rows: which keys must be there?",
            "Whose memory do your rows lie in? The check overwrites the keys after the push, and the rows it was given.",
            "`detach()` cuts the graph, `clone()` (or `torch.cat`) copies.",
        ),
        "bad input": (
            '`check_unit_rows(keys, "keys")`, then one `if` for the dimension and one for the size, before anything changes.',
        ),
    },
)


@exercise.cases
def cases(rng):
    def pushes(dim, *sizes, dtype=torch.float64):
        return {"pushes": [unit_rows(rng, n, dim, dtype=dtype) for n in sizes]}

    yield Case("size 4, batches of 2", (4, 2), pushes(2, 2, 2, 2), drive="queue")
    yield Case("size 10, batches of 4", (10, 2), pushes(2, 4, 4, 4, 4), drive="queue", hint="10 is no multiple of 4.")
    yield Case("size 3, batches of 2, 3 and 1", (3, 3), pushes(3, 2, 3, 1), drive="queue")
    yield Case("size 1", (1, 2), pushes(2, 1, 1), drive="queue")
    yield Case("float32", (3, 2), pushes(2, 2, 2, dtype=torch.float32), drive="queue")
    for case in exercise.bad_inputs(4, 3):
        yield replace(case, drive="queue", kwargs={"pushes": []})
    good, wrong = unit_rows(rng, 2, 3), unit_rows(rng, 5, 3)
    refused = {
        "a batch larger than the queue": wrong,
        "keys of another dimension": good[:, :2] / good[:, :2].norm(dim=1, keepdim=True),
        "keys of length 1.1": 1.1 * good,
        "one key of length 0": good * torch.tensor([[1.0], [0.0]]),
        "NaN in the keys": good * float("nan"),
        "an empty batch": good[:0],
    }
    for label, keys in refused.items():
        yield bad_input(label, 4, 3, drive="queue", pushes=[good, keys])
    size, dim, n = larger_sizes(rng, 3, low=11)
    n = min(n, size - 1)
    yield Case("a larger queue", (size, dim), pushes(dim, n, n, n, size, n, 1), drive="queue", public=False)


def newest(rows, size):
    return rows[-size:]


def accepted(keys, size, dim):
    validate_rows(keys)
    if keys.shape[1] != dim or len(keys) > size:
        raise ValueError(f"keys {tuple(keys.shape)} do not fit a queue of {size} keys of dimension {dim}")


def validate_rows(keys):
    if keys.ndim != 2 or not len(keys) or not bool(((keys.norm(dim=1) - 1).abs() <= 1e-3).all()):
        raise ValueError(f"keys must be rows of length 1, got {keys}")


def of_any_length(keys, size, dim):
    if keys.ndim != 2 or not len(keys) or keys.shape[1] != dim or len(keys) > size or bool(keys.isnan().any()):
        raise ValueError(f"keys {tuple(keys.shape)} do not fit a queue of {size} keys of dimension {dim}")


def of_any_number(keys, size, dim):
    validate_rows(keys)
    if keys.shape[1] != dim:
        raise ValueError(f"keys {tuple(keys.shape)} do not fit a queue of keys of dimension {dim}")


@exercise.formula
def NegativeQueue(
    size,
    dim,
    *,
    taken=lambda keys: keys.detach().clone(),
    dropped=newest,
    fit=accepted,
    filled=lambda rows, size, dim: rows,
):
    class Queue:
        def __init__(self):
            self.held, self.like = [], torch.zeros(0, dim)

        def push(self, keys):
            fit(keys, size, dim)
            self.like = keys.detach()[:0].clone()
            self.held = dropped([*self.held, *taken(keys)], size)

        def rows(self):
            return filled(torch.stack(self.held) if self.held else self.like, size, dim)

    return Queue()


exercise.slip("the graph is kept", taken=lambda keys: keys.clone()).says(
    "The gradient of the loss reaches the encoder through old keys, and may.",
    "Does `rows()` require a gradient after your push?",
    "The queue would keep the graphs of all its batches, and memory grows with every step.",
    "`keys.detach()`.",
)
exercise.slip("the keys' own memory", taken=lambda keys: keys.detach()).says(
    "`detach()` makes a copy.",
    "Overwrite the keys after the push (`keys.zero_()`): what does your queue hold?",
    "A detached tensor shares its memory with the one it comes from: `clone()` copies.",
)
exercise.slip("the newest go", dropped=lambda rows, size: rows[:size]).says(
    "A full queue takes no more keys.",
    "Push four batches of 4 into a queue of 8: which are there?",
    "The oldest keys leave, as the encoder has changed since.",
)
exercise.slip("nothing is dropped", dropped=lambda rows, size: rows).says(
    "The size of the queue is a hint for the memory it needs.",
    "How many rows has a queue of size 8 after three batches of 4?",
    "At most `size`: the oldest go.",
)
exercise.slip("rows of any length", fit=of_any_length).says(
    "A queue takes keys of any length.",
    "What is the inner product of a unit query with a key of length 1.1?",
    '`check_unit_rows(keys, "keys")` before anything changes.',
)
exercise.slip("batches of any number", fit=of_any_number).says(
    "Of a batch that is larger than the queue the last keys are kept.",
    "Would you notice that some keys of each batch are never used?",
    "A batch with more than `size` rows raises ValueError.",
)
exercise.slip(
    "always full",
    filled=lambda rows, size, dim: torch.cat([rows, torch.zeros(size - len(rows), dim, dtype=rows.dtype)]),
).says(
    "A queue has `size` rows from the beginning.",
    "What are the rows that nobody has pushed, and what do they do as negatives?",
    "Before it is full, `rows()` has as many rows as were pushed.",
)


@exercise.wrong(
    "the last row of a batch is its oldest",
    belief="Within a batch the last row leaves first.",
    hints=(
        "A queue of 10, batches of 4: which two keys of the first batch are left after the third push?",
        "The first row of a batch is its oldest.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        held = torch.zeros(0, dim)

        def push(self, keys):
            accepted(keys, size, dim)
            self.held = torch.vstack([keys.data, self.held.to(keys.dtype)])[:size]

        def rows(self):
            return self.held.clone()

    return Queue()


@exercise.wrong(
    "no wrap at the end",
    belief="A batch that does not fit before the end of the buffer may be cut there.",
    hints=(
        "A queue of 10, batches of 4: which rows does your third batch fill?",
        "Two of its keys fall off the end, and two old keys stay that should have gone.",
        "Indices modulo the size, `(start + torch.arange(B)) % size`, or concatenate and keep the last `size` rows.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        def __init__(self):
            self.buffer, self.start, self.n = torch.zeros(size, dim), 0, 0

        def push(self, keys):
            accepted(keys, size, dim)
            self.buffer = self.buffer.to(keys)
            part = keys.detach()[: size - self.start]
            self.buffer[self.start : self.start + len(part)] = part
            self.n = max(self.n, self.start + len(part))
            self.start = (self.start + len(keys)) % size

        def rows(self):
            return self.buffer[: self.n].clone()

    return Queue()


@exercise.wrong(
    "writing starts again at 0",
    belief="Where a batch does not fit behind the pointer, writing starts again at 0.",
    hints=(
        "A queue of 10, batches of 4: where does your third batch go, and what stands in the last two places?",
        "The first batch is overwritten whole, though two of its keys should stay, and the last places are left out.",
        "Split the batch: indices modulo the size, `(start + torch.arange(B)) % size`, or keep the last `size` rows.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        def __init__(self):
            self.buffer, self.start, self.n = torch.zeros(size, dim), 0, 0

        def push(self, keys):
            accepted(keys, size, dim)
            self.buffer = self.buffer.to(keys)
            self.start = 0 if self.start + len(keys) > size else self.start
            self.buffer[self.start : self.start + len(keys)] = keys.detach()
            self.start += len(keys)
            self.n = max(self.n, self.start)

        def rows(self):
            return self.buffer[: self.n].clone()

    return Queue()


@exercise.wrong(
    "emptied when full",
    belief="A queue that has no room for a batch is emptied first.",
    hints=(
        "A queue of 10, batches of 4: how many rows has yours after the third batch?",
        "Only as many keys leave as must, the oldest ones: concatenate and keep the last `size` rows.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        held = torch.zeros(0, dim)

        def push(self, keys):
            accepted(keys, size, dim)
            full = len(self.held) + len(keys) > size
            self.held = keys.detach().clone() if full else torch.cat([self.held.to(keys), keys.detach()])

        def rows(self):
            return self.held.clone()

    return Queue()


@exercise.wrong(
    "whole batches are dropped",
    belief="Keys leave in the batches in which they came.",
    hints=(
        "A queue of 10, batches of 4: how many rows has yours after the third batch?",
        "Only as many rows go as must: 10 stay.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        def __init__(self):
            self.batches = []

        def push(self, keys):
            accepted(keys, size, dim)
            self.batches.append(keys.detach().clone())
            while sum(map(len, self.batches)) > size:
                self.batches.pop(0)

        def rows(self):
            return torch.cat(self.batches) if self.batches else torch.zeros(0, dim)

    return Queue()


@exercise.wrong(
    "the buffer itself is given away",
    belief="Whoever asks for the rows will not change them.",
    hints=(
        "Keep what `rows()` gave, push again, and look at it: has it changed?",
        "A loss that was computed with the rows could no longer be differentiated.",
        "`clone()` what you give away.",
    ),
)
def NegativeQueue(size, dim):
    class Queue:
        def __init__(self):
            self.buffer, self.n = torch.zeros(size, dim), 0

        def push(self, keys):
            accepted(keys, size, dim)
            if self.buffer.dtype != keys.dtype:
                self.buffer = self.buffer.to(keys)
            places = (self.n + torch.arange(len(keys))) % size
            self.buffer[places] = keys.detach()
            self.n += len(keys)

        def rows(self):
            return self.buffer[: min(self.n, size)]

    return Queue()


@exercise.accepted("a ring")
def NegativeQueue(size, dim):
    class Ring:
        def __init__(self):
            self.buffer, self.n = torch.zeros(size, dim), 0

        def push(self, keys):
            accepted(keys, size, dim)
            self.buffer = self.buffer.to(keys)
            with torch.no_grad():
                self.buffer[(self.n + torch.arange(len(keys))) % size] = keys
            self.n += len(keys)

        def rows(self):
            return self.buffer[: min(self.n, size)].clone()

    return Ring()


@exercise.accepted("newest first", guarded=False)
def NegativeQueue(size, dim):
    for name, number in (("size", size), ("dim", dim)):
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {number}")

    class Queue:
        held = torch.zeros(0, dim)

        def push(self, keys):
            accepted(keys, size, dim)
            self.held = torch.vstack([keys.data.flip(0), self.held.to(keys.dtype)])[:size]

        def rows(self):
            return self.held + 0

    return Queue()


@exercise.accepted("a deque of rows")
def NegativeQueue(size, dim):
    class Queue:
        def __init__(self):
            self.kept, self.dtype = deque(maxlen=size), torch.float32

        def push(self, keys):
            accepted(keys, size, dim)
            self.kept.extend(keys.detach().clone())
            self.dtype = keys.dtype

        def rows(self):
            return torch.stack(list(self.kept)) if self.kept else torch.zeros(0, dim, dtype=self.dtype)

    return Queue()
