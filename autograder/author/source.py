"""A formula as the text of a notebook cell: its definition, its guard, its knobs as they are turned, and its helpers.

The cell runs where the project is not: it may use `math`, `np`, `torch`, `F`, `validate` and what it brings along. So
each global name that a function reads is looked up in the function's own module: a function is copied, a number is
written down, a library is imported.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import math
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from course import validate

PREAMBLE = (
    "import math\n\nimport numpy as np\nimport torch\nimport torch.nn.functional as F\n\nfrom course import validate\n"
)
GIVEN = {"math": math, "np": np, "torch": torch, "F": F, "validate": validate}  # what the preamble names
IMPORTED = {"course", "numpy", "scipy", "sklearn", "torch", *sys.stdlib_module_names}
LITERALS = (bool, int, float, complex, str, type(None), torch.dtype)


class SourceError(ValueError):
    """A formula or a knob cannot be written down for a notebook cell."""


class Helper(NamedTuple):
    value: Any
    source: str


def cell(function: Callable, guard: Sequence[str] = (), knobs: Mapping[str, Any] | None = None) -> str:
    """Source of a cell that defines `function`: helpers first, `guard` as the first lines of its body, and `knobs` as
    new defaults of its keyword-only arguments. Raises SourceError for what cannot be written down."""
    found: dict[str, Helper] = {}
    defaults = {name: _written(value, function.__globals__, found) for name, value in (knobs or {}).items()}
    text = definition(function, guard, defaults)
    _gather(text, function.__globals__, found, function.__name__)
    return "\n\n\n".join([PREAMBLE.rstrip(), *(helper.source for helper in found.values()), text]) + "\n"


def definition(function: Callable, guard: Sequence[str] = (), defaults: Mapping[str, ast.expr] | None = None) -> str:
    """The `def` without decorators; `guard` stands after the docstring."""
    if function.__code__.co_freevars:
        raise SourceError(f"{function.__name__} closes over {', '.join(function.__code__.co_freevars)}")
    text = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(text).body[0]
    if not guard and not defaults:
        return text[text.index("def ") :].rstrip() if text.startswith("@") else text.rstrip()
    for index, argument in enumerate(node.args.kwonlyargs):
        node.args.kw_defaults[index] = (defaults or {}).get(argument.arg, node.args.kw_defaults[index])
    documented = ast.get_docstring(node) is not None and len(node.body) > 1
    lines = text.rstrip().splitlines()
    docstring = lines[node.body[0].lineno - 1 : node.body[0].end_lineno] if documented else []
    body = lines[node.body[int(documented)].lineno - 1 :]
    return "\n".join([f"def {node.name}({ast.unparse(node.args)}):", *docstring, *(f"    {x}" for x in guard), *body])


def expression(value: Any, namespace: Mapping[str, Any]) -> ast.expr:
    """A knob's value as an expression: a literal, a lambda, a function of a library or of the formula's own module."""
    if isinstance(value, types.LambdaType) and value.__name__ == "<lambda>":
        return _lambda(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ast.parse(f"float({str(value)!r})", mode="eval").body
    items = value if isinstance(value, (list, tuple)) else [value]
    if all(isinstance(item, LITERALS) for item in items):
        return ast.parse(repr(value), mode="eval").body
    name = getattr(value, "__name__", "")
    own = isinstance(value, types.FunctionType) and not _foreign(value)
    if own or getattr(builtins, name, None) is value:
        return ast.Name(name)
    for alias, module in GIVEN.items():
        if name and getattr(module, name, None) is value:
            return ast.Attribute(ast.Name(alias), name)
    if name and namespace.get(name) is value:
        return ast.Name(name)
    raise SourceError(f"a knob cannot be {value!r}: use a literal, a lambda or a function")


def same(value: Any, other: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether two values of a knob are written in the same way."""
    return ast.dump(expression(value, namespace)) == ast.dump(expression(other, namespace))


def _written(value: Any, namespace: Mapping[str, Any], found: dict[str, Helper]) -> ast.expr:
    """The expression of a knob's value; the helpers that it needs are added to `found`."""
    node = expression(value, namespace)
    if isinstance(value, types.FunctionType) and not _foreign(value):
        if value.__name__ == "<lambda>":
            _gather(ast.unparse(node), value.__globals__, found)
        else:
            _add(value.__name__, value, found)
    return node


def _gather(text: str, namespace: Mapping[str, Any], found: dict[str, Helper], own: str = "") -> None:
    """Add to `found`, what is needed first, each global name that `text` reads."""
    for name in _names(text):
        if name == own or (name in GIVEN and namespace.get(name, GIVEN[name]) is GIVEN[name]):
            continue
        if name in namespace:
            _add(name, namespace[name], found)
        elif name not in found and not hasattr(builtins, name):  # a knob may come from a module of its own
            raise SourceError(f"{name!r} is not defined where {own or text!r} stands; helpers come first")


def _add(name: str, value: Any, found: dict[str, Helper]) -> None:
    if name in found:
        if found[name].value is not value:
            raise SourceError(f"two different helpers are called {name}")
        return
    if isinstance(value, types.ModuleType):
        if value.__name__.split(".")[0] not in IMPORTED:
            raise SourceError(f"{name} is the module {value.__name__}, which a notebook does not have")
        source = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
    elif isinstance(value, (*LITERALS, list, tuple)):
        source = f"{name} = {ast.unparse(expression(value, {}))}"
    elif _foreign(value):
        source = f"from {value.__module__} import {value.__name__}"
        source += "" if value.__name__ == name else f" as {name}"
    elif isinstance(value, types.FunctionType) and value.__name__ == name:
        source = definition(value)
        _gather(source, value.__globals__, found, name)
    else:
        raise SourceError(f"{name} is {value!r}: a formula uses functions, numbers and libraries")
    found[name] = Helper(value, source)


def _foreign(value: Any) -> bool:
    """Whether a function or class can be imported where the cell runs."""
    return hasattr(value, "__name__") and str(getattr(value, "__module__", "")).split(".")[0] in IMPORTED


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_globals_read(compile(text, "<cell>", "exec"))))


def _globals_read(code: types.CodeType) -> Iterator[str]:
    """Names that the code reads from its module (attributes are not names)."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_read(constant)


def _lambda(function: types.LambdaType) -> ast.Lambda:
    """The expression that made a lambda, found in its file by the place of its code."""
    if function.__code__.co_freevars:
        raise SourceError(f"a knob's lambda closes over {', '.join(function.__code__.co_freevars)}")
    places = {p[:1] + p[2:3] for p in function.__code__.co_positions() if None not in p and p[3] > p[2]}
    fitting = [
        node
        for node in _lambdas(function.__code__.co_filename)
        if node.lineno == function.__code__.co_firstlineno
        and all(_start(node.body) <= place < _end(node.body) for place in places)
    ]
    if not fitting:
        raise SourceError(f"the lambda in line {function.__code__.co_firstlineno} was not found in its file")
    return max(fitting, key=_start)


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset


@lru_cache(maxsize=8)
def _lambdas(path: str) -> list[ast.Lambda]:
    return [node for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))) if isinstance(node, ast.Lambda)]
