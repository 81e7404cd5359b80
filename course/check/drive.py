"""Drivers: how an answer is used that is no function from numbers to numbers.

A driver is called with the answer and the arguments of a case, uses the answer as a training loop would, and returns
plain numbers, which are compared like any other answer. It runs where the answer runs, in the learner's notebook or in
the sandbox, and what comes back from there is judged outside: a driver is no more trusted than the answer itself.

    driven("slopes", simsiam_loss)(p1, p2, z1, z2)      # paste this to see what the check sees
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch


def driven(name: str, answer: Callable) -> Callable:
    """What is called in place of the answer; the answer itself for the name ""."""
    return partial(DRIVERS[name], answer) if name else answer


def slopes(loss: Callable, *args: Any) -> dict[str, Any]:
    """The value of a loss and its gradient in every floating tensor among the arguments; 0 where none flows."""
    leaves = {}
    for place, value in enumerate(args, 1):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            leaves[f"gradient in argument {place}"] = value.requires_grad_(True)
    value = loss(*args)
    found = [None] * len(leaves)
    if value.requires_grad:  # a graph that no gradient leaves is not there
        found = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True)
    grads = [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves.values(), strict=True)]
    return {"value": value, **dict(zip(leaves, grads, strict=True))}


def queue(make: Callable, size: int, dim: int, pushes: list[torch.Tensor]) -> dict[str, Any]:
    """What a queue holds after some pushes, its rows in a canonical order, and how it behaved on the way.

    "at first": the rows of the new queue, "counts": how many there are after each push. Each batch is the output of a graph,
    as an encoder's is, and is overwritten after the push; so are rows that the queue has given away. "kept": rows given away
    stay as they were through the next push; "given away": changing them does not change the queue; "graph": a gradient
    hangs on the rows. A refused push must leave the queue as it was.
    """
    held = make(size, dim)
    rows = held.rows()
    found: dict[str, Any] = {"at first": _sorted(rows), "counts": [], "rows": _sorted(rows)}
    seen = {"kept": True, "given away": True, "graph": False, "keys as they were": True, "dtype of the keys": True}
    for keys in pushes:
        before, graph = held.rows(), keys.clone().requires_grad_(True) * 1
        kept = before.clone()
        try:
            held.push(graph)
        except ValueError:
            if not _same(_sorted(held.rows()), _sorted(kept)):
                raise RuntimeError("a refused push has changed the queue") from None
            raise
        seen["keys as they were"] &= _same(graph, keys)
        graph.detach().zero_()
        rows = held.rows()
        found["rows"] = _sorted(rows).copy()
        found["counts"].append(len(rows))
        held.rows().detach().zero_()
        seen["given away"] &= _same(_sorted(held.rows()), found["rows"])
        seen["kept"] &= _same(before, kept)
        seen["graph"] |= rows.requires_grad
        seen["dtype of the keys"] &= rows.dtype == keys.dtype
    return {**found, **seen}


def modules(update: Callable, target: dict, online: dict, momentum: float, trainable: bool = False) -> dict[str, Any]:
    """The tensors of two modules after update(target, online, momentum); each is given as {"parameters": {name: tensor},
    "buffers": {name: tensor}}.

    The target's tensors are those that it had before the call: an update in place reaches them, a new tensor under an old
    name does not ("in place"). They are read after the online module has changed: what shares its memory changes with it.
    trainable: whether the target's parameters require gradients. "graph": a tensor of the target hangs on another one;
    "online": whether the other module is as it was. A refused update must leave the target as it was.
    """
    mine, theirs = as_module(target, trainable), as_module(online, True)
    held = {**dict(mine.named_parameters()), **dict(mine.named_buffers())}
    before = {name: value.detach().clone() for name, value in held.items()}
    try:
        update(mine, theirs, momentum)
    except ValueError:
        if not all(_same(value, before[name]) for name, value in held.items()):
            raise RuntimeError("a refused update has changed the target") from None
        raise
    named = {**dict(mine.named_parameters()), **dict(mine.named_buffers())}
    in_place = all(named.get(name) is value for name, value in held.items())
    others = {**dict(theirs.named_parameters()), **dict(theirs.named_buffers())}
    given = {**online["parameters"], **online["buffers"]}
    untouched = all(_same(value, given[name]) for name, value in others.items())
    with torch.no_grad():
        for value in others.values():
            value.detach().add_(1)
    graph = any(value.grad_fn is not None for value in held.values())
    return {"target": held, "in place": in_place, "online": untouched, "graph": graph}


def as_module(tensors: dict[str, dict[str, torch.Tensor]], trainable: bool) -> torch.nn.Module:
    """A module with these parameters and buffers, in submodules where a name has dots ("norm.weight")."""
    whole = torch.nn.Module()
    for kind in ("parameters", "buffers"):
        for name, value in tensors[kind].items():
            *path, leaf = name.split(".")
            owner = whole
            for part in path:
                if not hasattr(owner, part):
                    owner.add_module(part, torch.nn.Module())
                owner = getattr(owner, part)
            if kind == "parameters":
                owner.register_parameter(leaf, torch.nn.Parameter(value.clone(), requires_grad=trainable))
            else:
                owner.register_buffer(leaf, value.clone())
    return whole


def _sorted(rows: torch.Tensor) -> np.ndarray:
    """The rows in the order of their first numbers, then of their second, and so on; the last digits do not decide."""
    values = rows.detach().cpu().numpy()
    return values[np.lexsort(np.round(values, 6).T[::-1])] if values.ndim == 2 and values.size else values


def _same(one, other) -> bool:
    return np.array_equal(*(x.detach().numpy() if isinstance(x, torch.Tensor) else x for x in (one, other)))


DRIVERS = {"slopes": slopes, "queue": queue, "modules": modules}
