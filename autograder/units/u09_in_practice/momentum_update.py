"""momentum_update: what its check looks at.

The driver "modules" makes modules of the tensors of a case and reads the tensors that the target had before the call.
Blind spots to keep out: momentum 0.5 hides exchanged roles, equal modules hide everything, a module without a batch norm
hides the buffers, a target that requires no gradient hides an update outside of no_grad as an error.
"""

from dataclasses import replace

import torch

from autograder.author import Case, Exercise, needs
from autograder.author.draw import larger_sizes
from autograder.units.u09_in_practice.draws import network

exercise = Exercise(
    "momentum_update",
    refuses=(
        needs(
            "0 <= momentum <= 1",
            {
                "momentum 1.2": {"momentum": 1.2},
                "momentum -0.1": {"momentum": -0.1},
                "momentum NaN": {"momentum": float("nan")},
            },
        ),
        needs(
            "[(n, x.shape) for n, x in target.state_dict().items()] == [(n, x.shape) for n, x in online.state_dict().items()]",
            {
                "an online module of another width": {"online": lambda net: trimmed(net)},
                "an online module whose last buffer alone has another width": {"online": lambda net: trimmed_last(net)},
                "an online module without a bias": {"online": lambda net: without(net, "parameters", "layer.bias")},
                "an online module without buffers": {"online": lambda net: {**net, "buffers": {}}},
            },
        ),
    ),
    hints={
        "values": (
            "Which tensors change, and is it the tensors that change, or only what a name stands for?",
            "`named_parameters()` and `named_buffers()` of both; `mul_`, `add_` and `copy_` under `torch.no_grad()`.",
        ),
        "bad input": ("Look at momentum, names and shapes before the first tensor is touched.",),
    },
)


def trimmed(net):
    return {**net, "parameters": {name: value[:-1] for name, value in net["parameters"].items()}}


def trimmed_last(net):
    name = list(net["buffers"])[-1]
    return {**net, "buffers": {**net["buffers"], name: net["buffers"][name].repeat(2)}}


def without(net, kind, name):
    return {**net, kind: {key: value for key, value in net[kind].items() if key != name}}


@exercise.cases
def cases(rng):
    def pair(m, d, dtype=torch.float64, buffers=True):
        return network(rng, m, d, dtype, buffers), network(rng, m, d, dtype, buffers)

    for m, d, momentum in ((2, 1, 0.9), (1, 2, 0.25)):
        yield Case(f"m = {m}, d = {d}, momentum {momentum}", (*pair(m, d), momentum), drive="modules")
    trained = {"trainable": True}
    yield Case("a target that requires gradients", (*pair(1, 2), 0.8), trained, drive="modules")
    yield Case("momentum 0", (*pair(1, 1), 0.0), drive="modules", hint="Momentum 0: the target becomes a copy.")
    yield Case("momentum 1", (*pair(1, 1), 1.0), drive="modules", hint="Momentum 1: the parameters stay.")
    yield Case("no buffers", (*pair(1, 2, buffers=False), 0.7), drive="modules")
    yield Case("float32", (*pair(1, 2, torch.float32), 0.9), drive="modules")
    for case in exercise.bad_inputs(*pair(2, 1), 0.9):
        yield replace(case, drive="modules")
    args = (*pair(*larger_sizes(rng, 2)), float(rng.uniform(0.6, 0.99)))
    yield Case("a larger module", args, drive="modules", public=False)


def in_place(module, name, old, value):
    old.data.copy_(value)


def rebound(module, name, old, value):
    old = value  # noqa: F841


def replaced(module, name, old, value):
    owner, _, leaf = name.rpartition(".")
    module.get_submodule(owner)._parameters[leaf] = torch.nn.Parameter(value.detach().clone())


def with_graph(module, name, old, value):
    old.copy_(value)


def copied(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        old.data.copy_(new)


def averaged(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        old.data.copy_(momentum * old + (1 - momentum) * new)


def floats_averaged(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        old.data.copy_(momentum * old + (1 - momentum) * new if old.is_floating_point() else new)


def floats_averaged_only(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        if old.is_floating_point():
            old.data.copy_(momentum * old + (1 - momentum) * new)


def floats_copied(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        if old.is_floating_point():
            old.data.copy_(new)


def counters_copied(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        if not old.is_floating_point():
            old.data.copy_(new)


def shared(target, online, momentum):
    for old, new in zip(target.buffers(), online.buffers(), strict=True):
        old.data = new.data


def by_online(target, online):
    return online, target


@exercise.formula
def momentum_update(
    target,
    online,
    momentum,
    *,
    share=lambda momentum: momentum,
    roles=lambda target, online: (target, online),
    write=in_place,
    buffers=copied,
):
    moved, followed = roles(target, online)
    keep = share(momentum)
    others = dict(followed.named_parameters())
    for name, old in list(moved.named_parameters()):
        write(moved, name, old, keep * old + (1 - keep) * others[name])
    buffers(target, online, momentum)


exercise.slip("momentum is the online share", share=lambda momentum: 1 - momentum).says(
    "Momentum says how much of the online encoder goes into the target.",
    "With momentum 0.99, does your target move slowly or fast?",
    "Momentum is what the target keeps of itself; at momentum 1 it stands still.",
)
exercise.slip("the loop variable is rebound", write=rebound).says(
    "Assigning to the loop variable changes the module.",
    "Print a parameter of the target before and after the call.",
    "`old = ...` gives the name `old` to a new tensor; the module keeps the one it had.",
    "Write into the tensor: `copy_`, `mul_`, `add_`.",
)
exercise.slip("new parameters under the old names", write=replaced).says(
    "A new parameter under the old name is an update in place.",
    "Who holds the old tensor, an optimiser for example: does it see the change?",
    "Change the numbers of the tensor that is there: `copy_`, `mul_`, `add_`.",
)
exercise.slip("the online encoder is moved", roles=by_online).says(
    "The online encoder follows the target.",
    "Which of the two is trained by gradients, and which only follows?",
    "Write to the target; only read the online module.",
)
exercise.slip("outside of no_grad", write=with_graph).says(
    "An update in place needs no `torch.no_grad()`.",
    "What is `grad_fn` of a target's parameter after your update?",
    "The target would hang on the online encoder, and on every step before: the graph grows without end.",
    "Put the update under `torch.no_grad()`.",
)
exercise.slip("buffers averaged", buffers=averaged).says(
    "Buffers are averaged like parameters.",
    "What is 0.99 of a counter of batches?",
    "The text says what a buffer of the target equals after the call.",
)
exercise.slip("running mean and variance averaged", buffers=floats_averaged).says(
    "The running mean and variance are averaged like parameters.",
    "Your counter is right. Which buffers of the target differ from the online ones after the call?",
    "The text says what a buffer of the target equals after the call: `copy_`, whatever its type.",
)
exercise.slip("averaged without the counter", buffers=floats_averaged_only).says(
    "The running mean and variance are averaged like parameters, and a counter stays as it is.",
    "Which buffers of the target differ from the online ones after the call?",
    "The text says what a buffer of the target equals after the call: `copy_` for all of them.",
)
exercise.slip("the counter forgotten", buffers=floats_copied).says(
    "Only buffers of floating numbers are copied.",
    "Print all buffers of the target after the call: which one is still the old one?",
    "A counter of batches is a buffer as well: `copy_` for all of them.",
)
exercise.slip("only the counter copied", buffers=counters_copied).says(
    "Of the buffers only the counter is copied.",
    "What are the running mean and variance of the target after the call?",
    "`copy_` for all buffers.",
)
exercise.slip("buffers forgotten", buffers=lambda target, online, momentum: None).says(
    "Parameters are all that a module has.",
    "Which tensors of a batch norm are no parameters?",
    "`buffers()`, `named_buffers()`, or what `state_dict()` has besides the parameters.",
)
exercise.slip("buffers shared", buffers=shared).says(
    "Giving the target the online buffers is as good as copying them.",
    "Train the online encoder for one more step: does your target change?",
    "`copy_` copies numbers; `.data = ` shares the memory.",
)


@exercise.wrong(
    "refused when it has begun",
    belief="Each tensor's shape may be looked at when its turn comes.",
    hints=(
        "The last buffer alone has another shape: what has become of the parameters when you raise?",
        "A refused call changes nothing: compare all names and shapes first, in a loop of its own.",
    ),
    guarded=False,
)
def momentum_update(target, online, momentum):
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum {momentum} is not in [0, 1]")
    mine, theirs = target.state_dict(), online.state_dict()
    if mine.keys() != theirs.keys():
        raise ValueError("target and online do not have the same tensors")
    trained = {name for name, _ in target.named_parameters()}
    for name, old in mine.items():
        if old.shape != theirs[name].shape:
            raise ValueError(f"{name} has two shapes")
        old.copy_(momentum * old + (1 - momentum) * theirs[name] if name in trained else theirs[name])


@exercise.accepted("lerp under no_grad")
def momentum_update(target, online, momentum):
    with torch.no_grad():
        for old, new in zip(target.parameters(), online.parameters(), strict=True):
            old.lerp_(new.to(old.dtype), 1 - momentum)
        for old, new in zip(target.buffers(), online.buffers(), strict=True):
            old.copy_(new)


@exercise.accepted("by the state dict")
def momentum_update(target, online, momentum):
    trained = {name for name, _ in target.named_parameters()}
    theirs = online.state_dict()
    for name, old in target.state_dict().items():  # detached, with the memory of the module
        old.copy_(momentum * old + (1 - momentum) * theirs[name] if name in trained else theirs[name])


@exercise.accepted("validates by itself", guarded=False)
def momentum_update(target, online, momentum):
    if not (momentum >= 0 and momentum <= 1):
        raise ValueError(f"momentum {momentum} is not in [0, 1]")
    mine, theirs = target.state_dict(keep_vars=True), online.state_dict(keep_vars=True)
    if mine.keys() != theirs.keys() or any(mine[name].shape != theirs[name].shape for name in mine):
        raise ValueError("target and online do not have the same tensors")
    for name, old in mine.items():
        new = theirs[name].detach()
        if isinstance(old, torch.nn.Parameter):
            old.detach().mul_(momentum).add_((1 - momentum) * new)
        else:
            old.detach().copy_(new)
